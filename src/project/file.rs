//! A file as it was read, or as the plan would leave it: bytes, text, and its parsed forms, each made once.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::source::python::scan;
use crate::source::{python, text::LineEnding, toml, utf16, yaml};

/// An immutable file. An edit makes another one.
#[derive(Debug, Default)]
pub struct File {
    bytes: Rc<[u8]>,
    /// The text, where the bytes are UTF-16.
    decoded: Option<Rc<str>>,
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

    /// A file of this name. What pip reads may be UTF-16; everything else is UTF-8, or no text.
    pub fn named(name: &str, bytes: impl Into<Rc<[u8]>>) -> Self {
        let file = Self::new(bytes);
        let is_for_pip = name.ends_with(".txt") || name.ends_with(".in");
        let decoded = is_for_pip.then(|| utf16::decode(&file.bytes)).flatten();
        Self { decoded: decoded.map(Rc::from), ..file }
    }

    /// A file of this text, in the encoding and with the properties of this one.
    #[must_use]
    pub fn with_text(&self, text: String) -> Self {
        if self.decoded.is_none() {
            return self.with_bytes(text.into_bytes());
        }
        Self { decoded: Some(text.as_str().into()), ..self.with_bytes(utf16::encode(&text, &self.bytes)) }
    }

    /// What its encoding is called, where it is not UTF-8.
    pub fn encoding(&self) -> Option<&'static str> {
        self.decoded.as_ref().map(|_| utf16::name(&self.bytes))
    }

    /// The byte of the file where the byte at `offset` of its text is.
    pub fn byte(&self, offset: usize) -> usize {
        self.decoded.as_ref().map_or(offset, |text| utf16::offset(text, offset))
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

    /// The text with its byte order mark, if it has one; `None` where it is none.
    pub fn text(&self) -> Option<&str> {
        self.decoded.as_deref().or_else(|| std::str::from_utf8(&self.bytes).ok())
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
