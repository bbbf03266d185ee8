//! A file as it was read, or as the plan would leave it: bytes, text, and its parsed forms, each made once.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::source::python::scan;
use crate::source::{python, text::LineEnding, toml, yaml};

/// An immutable file. An edit makes another one.
#[derive(Debug, Default)]
pub struct File {
    bytes: Rc<[u8]>,
    /// May it be written? Taken from the permission bits, because a privileged user could write to any file.
    pub read_only: bool,
    /// Its executable bit.
    pub executable: bool,
    imports: OnceCell<Vec<scan::ScannedImport>>,
    bases: OnceCell<Vec<Vec<String>>>,
    python: OnceCell<Rc<python::Source>>,
    yaml: OnceCell<Result<Rc<yaml::Source>, yaml::Unsupported>>,
    toml: OnceCell<Result<Rc<toml::Source>, toml::SyntaxError>>,
}

impl File {
    /// A file of these bytes, writable and not executable.
    pub fn new(bytes: impl Into<Rc<[u8]>>) -> Self {
        Self { bytes: bytes.into(), ..Self::default() }
    }

    /// A file of these bytes with the properties of this one.
    #[must_use]
    pub fn with_bytes(&self, bytes: impl Into<Rc<[u8]>>) -> Self {
        Self { bytes: bytes.into(), read_only: self.read_only, executable: self.executable, ..Self::default() }
    }

    /// The bytes as they are on disk.
    pub fn bytes(&self) -> &Rc<[u8]> {
        &self.bytes
    }

    /// The text with its byte order mark, if it has one; `None` where it is not UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    /// The line ending that most of its lines have.
    pub fn line_ending(&self) -> LineEnding {
        self.text().map_or(LineEnding::Lf, LineEnding::of)
    }

    /// The file as Python; an empty module where it is not UTF-8.
    pub fn python(&self) -> &Rc<python::Source> {
        self.python.get_or_init(|| python::Source::of(self.text().unwrap_or_default()))
    }

    /// What the file imports as Python: for questions about many files, most of which are parsed for nothing else.
    pub fn imports(&self) -> &[scan::ScannedImport] {
        self.imports.get_or_init(|| scan::imports(self.text().unwrap_or_default()))
    }

    /// The last names of the bases of each class, found in the same way.
    pub fn bases(&self) -> &[Vec<String>] {
        self.bases.get_or_init(|| scan::bases(self.text().unwrap_or_default()))
    }

    /// The file as YAML.
    ///
    /// # Errors
    ///
    /// Why it cannot be edited: a syntax error, or more than one document.
    pub fn yaml(&self) -> Result<Rc<yaml::Source>, yaml::Unsupported> {
        self.yaml.get_or_init(|| yaml::Source::parse(self.text().unwrap_or_default()).map(Rc::new)).clone()
    }

    /// The file as TOML.
    ///
    /// # Errors
    ///
    /// A syntax error.
    pub fn toml(&self) -> Result<Rc<toml::Source>, toml::SyntaxError> {
        self.toml.get_or_init(|| toml::Source::of(self.text().unwrap_or_default())).clone()
    }
}
