//! The project: an immutable snapshot of the files that matter, and the layout that says what each is.
//!
//! `discover` is the only reader of the disk. Everything else sees a [`Project`], and an edit makes another one.

pub mod application;
pub mod application_shape;
pub mod base_texts;
pub mod choose_application;
pub mod choose_settings;
pub mod compose;
pub mod configuration;
pub mod dependencies;
pub mod dependency_file;
pub mod discover;
pub mod disk;
pub mod file;
pub mod find_alembic;
pub mod find_application;
pub mod find_compose;
pub mod find_env_example;
pub mod find_settings;
pub mod imports;
pub mod installed;
pub mod installer;
pub mod layout;
pub mod lifespan;
pub mod opened;
pub mod options;
pub mod other_lists;
pub mod own_settings;
pub mod path;
pub mod port;
pub mod read_ahead;
pub mod reader;
pub mod root;
pub mod routes;
pub mod services_package;
pub mod settings_classes;
pub mod settings_made;
pub mod settings_naming;
pub mod settings_reach;
pub mod surroundings;
pub mod tests_folder;
pub mod uncommitted;
pub mod unreadable;
pub mod walk;
pub mod watch;
pub mod weigh_applications;

use std::collections::BTreeMap;
use std::rc::Rc;

pub use file::File;
pub use layout::Layout;
pub use path::FilePath;

/// A snapshot of the files that matter, and what each of them is.
#[derive(Debug, Clone)]
pub struct Project {
    /// What is where.
    pub layout: Rc<Layout>,
    files: BTreeMap<FilePath, Rc<File>>,
    links: Rc<BTreeMap<FilePath, FilePath>>,
    base_texts: Rc<BTreeMap<String, String>>,
}

impl Project {
    /// A project of these files.
    pub fn new(layout: Layout, files: BTreeMap<FilePath, Rc<File>>) -> Self {
        Self { layout: Rc::new(layout), files, links: Rc::default(), base_texts: Rc::default() }
    }

    /// The same, with where paths that have symbolic links in them lead.
    #[must_use]
    pub fn with_links(self, links: BTreeMap<FilePath, FilePath>) -> Self {
        Self { links: Rc::new(links), ..self }
    }

    /// The same, with texts that were written before, by their git blob id.
    #[must_use]
    pub fn with_base_texts(self, base_texts: BTreeMap<String, String>) -> Self {
        Self { base_texts: Rc::new(base_texts), ..self }
    }

    /// The text of this git blob id, where it was kept when it was written.
    pub fn base_text(&self, blob: &str) -> Option<&str> {
        self.base_texts.get(blob).map(String::as_str)
    }

    /// The file that is written where `path` is edited: the target of a symbolic link, and the link stays.
    pub fn target<'a>(&'a self, path: &'a FilePath) -> &'a FilePath {
        self.links.get(path).unwrap_or(path)
    }

    /// The file at `path`, if there is one and discovery had a reason to read it.
    pub fn file(&self, path: &FilePath) -> Option<&Rc<File>> {
        self.files.get(path)
    }

    /// The text of the file at `path`.
    pub fn text(&self, path: &FilePath) -> Option<&str> {
        self.file(path)?.text()
    }

    /// Puts `file` at `path`, or takes the file there away.
    pub fn set(&mut self, path: FilePath, file: Option<File>) {
        match file {
            Some(file) => self.files.insert(path, Rc::new(file)),
            None => self.files.remove(&path),
        };
    }

    /// Puts a file that was read later.
    pub fn add(&mut self, path: FilePath, file: Rc<File>) {
        self.files.insert(path, file);
    }

    /// Every file of the snapshot, in the order of the paths.
    pub fn files(&self) -> impl Iterator<Item = (&FilePath, &Rc<File>)> {
        self.files.iter()
    }
}
