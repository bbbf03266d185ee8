//! Reading the disk: files by their path inside the repository, each once, and a fast search over all Python files.
//!
//! Nothing else in the program reads a project. Symbolic links are followed where they stay inside the repository.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Mutex;

use ignore::{WalkBuilder, WalkState};
use memchr::memmem::Finder;

use super::imports::Files;
use super::{File, FilePath};

/// A Python file larger than this (bytes) is data; it is not searched.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Reads files below a folder, and keeps what it read.
#[derive(Debug)]
pub struct Reader {
    /// The absolute folder that paths are relative to.
    pub base: PathBuf,
    files: RefCell<BTreeMap<FilePath, Option<Rc<File>>>>,
    links: RefCell<BTreeMap<FilePath, FilePath>>,
    /// Folders that are no symbolic links, and are below none.
    plain: RefCell<BTreeSet<FilePath>>,
    /// Names in the folders that were listed, sorted.
    names: RefCell<BTreeMap<FilePath, Vec<String>>>,
}

impl Files for Reader {
    fn file(&self, path: &FilePath) -> Option<Rc<File>> {
        if let Some(known) = self.files.borrow().get(path) {
            return known.clone();
        }
        let read = self.read(path);
        self.files.borrow_mut().insert(path.clone(), read.clone());
        read
    }
}

impl Reader {
    /// A reader below the absolute folder `base`.
    pub fn new(base: PathBuf) -> Self {
        Self {
            base,
            files: RefCell::default(),
            links: RefCell::default(),
            plain: RefCell::default(),
            names: RefCell::default(),
        }
    }

    fn read(&self, path: &FilePath) -> Option<Rc<File>> {
        if self.is_known_absent(path) {
            return None;
        }
        let absolute = self.base.join(path.as_str());
        let metadata = fs::metadata(&absolute).ok().filter(fs::Metadata::is_file)?;
        // Through whatever links lead there: a file that lies outside is not read.
        let real = self.real(path)?;
        if real != *path {
            self.links.borrow_mut().insert(path.clone(), real);
        }
        let bytes = fs::read(&absolute).ok()?;
        let mut file = File::new(bytes);
        file.read_only = metadata.permissions().readonly();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            file.executable = metadata.permissions().mode() & 0o111 != 0;
        }
        Some(Rc::new(file))
    }

    /// The text of a file, if it is there and is UTF-8.
    pub fn text(&self, path: &FilePath) -> Option<String> {
        self.file(path)?.text().map(str::to_owned)
    }

    /// Names in a folder, sorted; empty where it is none.
    pub fn list(&self, folder: &FilePath) -> Vec<String> {
        if let Some(known) = self.names.borrow().get(folder) {
            return known.clone();
        }
        if self.is_known_absent(folder) {
            return Vec::new();
        }
        let Ok(entries) = fs::read_dir(self.base.join(folder.as_str())) else { return Vec::new() };
        let mut names: Vec<String> =
            entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        self.names.borrow_mut().insert(folder.clone(), names.clone());
        names
    }

    /// Does the list of a folder say that there is no such path? Most names that are looked for are not there, and the list of a
    /// folder costs as much as asking for a few of them.
    fn is_known_absent(&self, path: &FilePath) -> bool {
        // Some file systems take names that differ in case, or in how their letters are composed, for the same.
        let is_missing = |names: &Vec<String>, name: &str| {
            name.is_ascii() && !names.iter().any(|known| known.eq_ignore_ascii_case(name))
        };
        let names = self.names.borrow();
        let mut path = path.clone();
        while let Some(folder) = path.parent() {
            if names.get(&folder).is_some_and(|names| is_missing(names, path.name())) {
                return true;
            }
            path = folder;
        }
        false
    }

    /// Is it a folder?
    pub fn is_folder(&self, path: &FilePath) -> bool {
        !self.is_known_absent(path) && self.base.join(path.as_str()).is_dir()
    }

    /// Is anything there?
    pub fn exists(&self, path: &FilePath) -> bool {
        !self.is_known_absent(path) && fs::symlink_metadata(self.base.join(path.as_str())).is_ok()
    }

    /// The path behind symbolic links; `None` where it leaves the repository or is not there.
    pub fn real(&self, path: &FilePath) -> Option<FilePath> {
        if !self.has_links(path)? {
            return Some(path.clone());
        }
        let target = fs::canonicalize(self.base.join(path.as_str())).ok()?;
        let below = target.strip_prefix(&self.base).ok()?;
        to_file_path(below)
    }

    /// Is it a symbolic link, or below one? Each folder is asked once. `None` where there is no such path.
    fn has_links(&self, path: &FilePath) -> Option<bool> {
        let is_link =
            |path: &FilePath| fs::symlink_metadata(self.base.join(path.as_str())).map(|found| found.is_symlink());
        let mut folder = path.parent();
        while let Some(present) = folder.filter(|folder| !folder.as_str().is_empty()) {
            // What is above a plain folder was asked before.
            if self.plain.borrow().contains(&present) {
                break;
            }
            if is_link(&present).ok()? {
                return Some(true);
            }
            folder = present.parent();
        }
        let is_link = is_link(path).ok()?;
        let mut plain = self.plain.borrow_mut();
        let folders = std::iter::successors(path.parent(), FilePath::parent);
        for folder in folders.filter(|folder| !folder.as_str().is_empty()) {
            if !plain.insert(folder) {
                break;
            }
        }
        Some(is_link)
    }

    /// Everything that was read, and where paths with symbolic links in them lead.
    pub fn into_files(self) -> (BTreeMap<FilePath, Rc<File>>, BTreeMap<FilePath, FilePath>) {
        let files = self.files.into_inner().into_iter().filter_map(|(path, file)| Some((path, file?))).collect();
        (files, self.links.into_inner())
    }
}

/// A path below the base, with `/`; `None` where it is not UTF-8.
pub fn to_file_path(below: &Path) -> Option<FilePath> {
    let parts: Option<Vec<&str>> = below.components().map(|part| part.as_os_str().to_str()).collect();
    FilePath::new(&parts?.join("/"))
}

/// A Python file that has at least one of the words that were searched for.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The file.
    pub path: FilePath,
    /// Which words it has: the bits of all of them.
    pub words: u32,
}

/// Searches all Python files below `folder` for `words`, each with the bit that stands for it, sorted by path.
///
/// Ignore files are respected; hidden folders, virtual environments and installed packages are skipped. On two threads,
/// because most of the time goes into opening files.
pub fn search(base: &Path, folder: &FilePath, words: &[(&str, u32)]) -> Vec<Hit> {
    let finders: Vec<(Finder, u32)> = words.iter().map(|(word, bit)| (Finder::new(word.as_bytes()), *bit)).collect();
    let hits = Mutex::new(Vec::new());
    let walker = WalkBuilder::new(base.join(folder.as_str()))
        .require_git(false)
        .git_global(false)
        .parents(false)
        .threads(2)
        .filter_entry(|entry| {
            let name = entry.file_name().to_str().unwrap_or_default();
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            !is_folder
                || (!matches!(name, "node_modules" | "site-packages" | "__pycache__" | "venv" | ".venv")
                    && !entry.path().join("pyvenv.cfg").exists())
        })
        .build_parallel();
    walker.run(|| {
        let (finders, hits) = (&finders, &hits);
        Box::new(move |entry| {
            let Ok(entry) = entry else { return WalkState::Continue };
            let path = entry.path();
            let is_python = path.extension().is_some_and(|extension| extension == "py");
            if !is_python || !entry.file_type().is_some_and(|kind| kind.is_file() || kind.is_symlink()) {
                return WalkState::Continue;
            }
            if entry.metadata().is_ok_and(|metadata| metadata.len() > LARGEST) {
                return WalkState::Continue;
            }
            if entry.path_is_symlink() && !fs::canonicalize(path).is_ok_and(|target| target.starts_with(base)) {
                return WalkState::Continue;
            }
            let Ok(bytes) = fs::read(path) else { return WalkState::Continue };
            let words = finders
                .iter()
                .filter(|(finder, _)| finder.find(&bytes).is_some())
                .fold(0, |words, (_, bit)| words | bit);
            if words != 0
                && let Some(path) = path.strip_prefix(base).ok().and_then(to_file_path)
                && let Ok(mut hits) = hits.lock()
            {
                hits.push(Hit { path, words });
            }
            WalkState::Continue
        })
    });
    let mut hits = hits.into_inner().unwrap_or_default();
    hits.sort_by(|left, right| left.path.cmp(&right.path));
    hits
}
