//! Lazy reading: each file of a project at most once, and a record of what was read and of what was not.
//!
//! What was read becomes the snapshot. Nothing is silent: what is there and is not read has a problem. A reader of a map of texts
//! has no disk beneath it.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use memchr::memmem::Finder;

use super::disk::{Disk, Kind, Refusal};
use super::imports::Files;
use super::opened::{Folder, Opened, Read};
use super::{File, FilePath};
use crate::finding::{self, Problem};

/// Reads files below a folder, and keeps what it read.
#[derive(Debug)]
pub struct Reader {
    /// The absolute folder that paths are relative to; empty where there is no disk.
    pub base: PathBuf,
    /// `None`: what is not recorded yet is not there.
    folder: Option<Rc<Folder>>,
    files: RefCell<BTreeMap<FilePath, Option<Rc<File>>>>,
    links: RefCell<BTreeMap<FilePath, FilePath>>,
    /// Names in the folders that were listed, sorted.
    names: RefCell<BTreeMap<FilePath, Arc<[String]>>>,
    /// The names in large folders, in lower case.
    folded: RefCell<BTreeMap<FilePath, HashSet<String>>>,
    /// Which words each Python file has that was searched.
    searched: RefCell<BTreeMap<FilePath, u32>>,
    /// Files that are there and were not read, and parts that were not searched.
    problems: RefCell<BTreeMap<FilePath, Problem>>,
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
    /// A reader below the absolute folder `base`, which has no symbolic links in it. What the run has `opened` is not opened again.
    ///
    /// # Errors
    ///
    /// It cannot be opened.
    pub fn open(base: &Path, opened: &Opened) -> std::io::Result<Self> {
        let folder = Some(opened.folder(base)?);
        Ok(Self { base: base.to_owned(), folder, names: RefCell::default(), ..Self::of([]) })
    }

    /// A reader of these files, and of no disk.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut known = BTreeMap::new();
        let mut folders: BTreeMap<FilePath, Vec<String>> = BTreeMap::from([(FilePath::top(), Vec::new())]);
        for (path, bytes) in files {
            let Some(path) = FilePath::new(path) else { continue };
            let mut below = path.clone();
            while let Some(folder) = below.parent() {
                folders.entry(folder.clone()).or_default().push(below.name().to_owned());
                below = folder;
            }
            let file = File::named(path.name(), bytes);
            known.insert(path, Some(Rc::new(file)));
        }
        let sorted = |mut names: Vec<String>| {
            names.sort();
            names.dedup();
            names.into()
        };
        Self {
            base: PathBuf::new(),
            folder: None,
            files: RefCell::new(known),
            links: RefCell::default(),
            names: RefCell::new(folders.into_iter().map(|(folder, names)| (folder, sorted(names))).collect()),
            folded: RefCell::default(),
            searched: RefCell::default(),
            problems: RefCell::default(),
        }
    }

    fn read(&self, path: &FilePath) -> Option<Rc<File>> {
        if self.is_known_absent(path) {
            return None;
        }
        let read = self.folder.as_ref()?.read(path);
        self.recorded(path, read)
    }

    fn recorded(&self, path: &FilePath, read: Result<Read, Refusal>) -> Option<Rc<File>> {
        match read {
            Ok(read) => {
                if let Some(real) = read.real {
                    self.links.borrow_mut().insert(path.clone(), real);
                }
                Some(read.file)
            }
            Err(refusal) => {
                if let Some(problem) = unread(path, &refusal) {
                    self.problems.borrow_mut().insert(path.clone(), problem);
                }
                None
            }
        }
    }

    /// The text of a file, if it is there and is UTF-8.
    pub fn text(&self, path: &FilePath) -> Option<String> {
        self.file(path)?.text().map(str::to_owned)
    }

    /// Names in a folder, sorted; empty where it is none.
    pub fn list(&self, folder: &FilePath) -> Arc<[String]> {
        if let Some(known) = self.names.borrow().get(folder) {
            return Arc::clone(known);
        }
        if self.is_known_absent(folder) {
            return Arc::default();
        }
        let Some(Ok(entries)) = self.disk().map(|disk| disk.list(folder)) else { return Arc::default() };
        let names: Arc<[String]> = entries.into_iter().filter(|entry| entry.is_text).map(|entry| entry.name).collect();
        self.names.borrow_mut().insert(folder.clone(), Arc::clone(&names));
        names
    }

    /// Does the list of a folder say that there is no such path? Most names that are looked for are not there, and the list of a
    /// folder costs as much as asking for a few of them.
    fn is_known_absent(&self, path: &FilePath) -> bool {
        let names = self.names.borrow();
        let mut path = path.clone();
        while let Some(folder) = path.parent() {
            if names.get(&folder).is_some_and(|names| self.is_missing(names, &folder, path.name())) {
                return true;
            }
            path = folder;
        }
        false
    }

    fn is_missing(&self, names: &[String], folder: &FilePath, name: &str) -> bool {
        const LARGE: usize = 64;
        // Some file systems take names that differ in case, or in how their letters are composed, for the same.
        if !name.is_ascii() || names.binary_search_by(|known| known.as_str().cmp(name)).is_ok() {
            return false;
        }
        if names.len() < LARGE {
            return !names.iter().any(|known| known.eq_ignore_ascii_case(name));
        }
        let mut folded = self.folded.borrow_mut();
        let folded = folded
            .entry(folder.clone())
            .or_insert_with(|| names.iter().map(|name| name.to_ascii_lowercase()).collect());
        !folded.contains(&name.to_ascii_lowercase())
    }

    /// Is it a folder?
    pub fn is_folder(&self, path: &FilePath) -> bool {
        self.names.borrow().contains_key(path) || self.kind(path) == Some(Kind::Folder)
    }

    /// What the path leads to.
    fn kind(&self, path: &FilePath) -> Option<Kind> {
        if self.is_known_absent(path) {
            return None;
        }
        match self.disk() {
            Some(disk) => disk.kind(path),
            None => self.files.borrow().contains_key(path).then_some(Kind::File),
        }
    }

    /// Is anything there, be it a link that leads nowhere?
    pub fn exists(&self, path: &FilePath) -> bool {
        if self.is_known_absent(path) {
            return false;
        }
        match self.disk() {
            Some(disk) => disk.kind_of_entry(path).is_some(),
            None => self.is_folder(path) || self.files.borrow().get(path).is_some_and(Option::is_some),
        }
    }

    /// The path behind symbolic links; `None` where it leaves the repository or is not there.
    pub fn real(&self, path: &FilePath) -> Option<FilePath> {
        if let Some(known) = self.links.borrow().get(path) {
            return Some(known.clone());
        }
        // What was read and is no link.
        if self.files.borrow().get(path).is_some_and(Option::is_some) {
            return Some(path.clone());
        }
        self.disk()?.real(path).ok()
    }

    /// Does the path lead out of the repository?
    pub fn is_outside(&self, path: &FilePath) -> bool {
        self.disk().is_some_and(|disk| disk.real(path) == Err(Refusal::Outside))
    }

    /// Searches all Python files below `folder` for `words`, each with the bit that stands for it, sorted by path.
    ///
    /// Ignore files are respected; hidden folders, virtual environments and installed packages are skipped. What was searched before
    /// is not opened again.
    pub fn search(&self, folder: &FilePath, words: &[(&str, u32)]) -> Vec<Hit> {
        let finders: Vec<(Finder, u32)> =
            words.iter().map(|(word, bit)| (Finder::new(word.as_bytes()), *bit)).collect();
        let words_in = |bytes: &[u8]| {
            finders.iter().filter(|(finder, _)| finder.find(bytes).is_some()).fold(0, |words, (_, bit)| words | bit)
        };
        let files = match &self.folder {
            Some(opened) => self.walked(opened, folder),
            None => self.files.borrow().keys().filter(|path| path.is_below(folder)).cloned().collect(),
        };
        let files: Vec<FilePath> = files.into_iter().filter(|path| path.as_str().ends_with(".py")).collect();
        let unknown: Vec<&FilePath> = files.iter().filter(|path| !self.searched.borrow().contains_key(path)).collect();
        match &self.folder {
            Some(opened) => {
                let found = opened.search(&unknown, words_in);
                for (path, found) in unknown.into_iter().zip(found) {
                    let (words, read) = found.unwrap_or_else(|refusal| {
                        self.skip(path, unsearched_because(&refusal));
                        (0, None)
                    });
                    if let Some(read) = read.filter(|_| words != 0 && !self.files.borrow().contains_key(path)) {
                        let file = self.recorded(path, Ok(read));
                        self.files.borrow_mut().insert(path.clone(), file);
                    }
                    self.searched.borrow_mut().insert(path.clone(), words);
                }
            }
            None => {
                for path in unknown {
                    let words = self.file(path).map_or(0, |file| words_in(file.bytes()));
                    self.searched.borrow_mut().insert(path.clone(), words);
                }
            }
        }
        let searched = self.searched.borrow();
        let words_of = |path: FilePath| Some(Hit { words: *searched.get(&path).filter(|words| **words != 0)?, path });
        files.into_iter().filter_map(words_of).collect()
    }

    /// The Python files below a folder of the disk. The lists of its folders are kept.
    fn walked(&self, opened: &Folder, folder: &FilePath) -> Vec<FilePath> {
        let found = opened.walk(folder, false);
        let mut names = self.names.borrow_mut();
        names.extend(found.folders.iter().map(|(folder, names)| (folder.clone(), Arc::clone(names))));
        for (path, read) in &found.rules {
            let file = match read {
                Ok(_) => self.recorded(path, opened.read(path)),
                Err(refusal) => self.recorded(path, Err(refusal.clone())),
            };
            self.files.borrow_mut().insert(path.clone(), file);
        }
        for (path, why) in &found.skipped {
            self.skip(path, Some(why.clone()));
        }
        found.files.clone()
    }

    fn disk(&self) -> Option<&Disk> {
        self.folder.as_ref().map(|folder| &folder.disk)
    }

    fn skip(&self, path: &FilePath, why: Option<String>) {
        let Some(why) = why else { return };
        let problem = Problem::new(&finding::NOT_SEARCHED, format!("`{path}` was not searched: {why}"))
            .at(path, 0..0)
            .help("nothing is known of what is there; name the application with `--app MODULE:ATTR` if it is that");
        self.problems.borrow_mut().entry(path.clone()).or_insert(problem);
    }

    /// What was there and was not read: errors for files that were asked for by name, information for what was not searched.
    pub fn problems(&self) -> Vec<Problem> {
        self.problems.borrow().values().cloned().collect()
    }

    /// Everything that was read, and where paths with symbolic links in them lead.
    pub fn into_files(self) -> (BTreeMap<FilePath, Rc<File>>, BTreeMap<FilePath, FilePath>) {
        let files = self.files.into_inner().into_iter().filter_map(|(path, file)| Some((path, file?))).collect();
        (files, self.links.into_inner())
    }
}

/// What is said of a file that is there and was not read. Nothing of one that is not there, as far as the project goes.
fn unread(path: &FilePath, refusal: &Refusal) -> Option<Problem> {
    let (why, help) = match refusal {
        Refusal::Absent | Refusal::Outside | Refusal::Folder => return None,
        Refusal::Special => ("it is a pipe, a socket or a device".to_owned(), "put a file there, or take it away"),
        Refusal::TooLarge(limit) => (format!("it is larger than {}", size(*limit)), "make it smaller, or take it away"),
        Refusal::System(error) => (error.clone(), "make it readable, or take it away"),
    };
    let problem = Problem::new(&finding::UNREADABLE, format!("`{path}` cannot be read: {why}"));
    Some(problem.at(path, 0..0).help(help))
}

fn unsearched_because(refusal: &Refusal) -> Option<String> {
    match refusal {
        Refusal::TooLarge(limit) => Some(format!("it is larger than {}", size(*limit))),
        Refusal::System(error) => Some(error.clone()),
        // No source that Python would read here.
        Refusal::Absent | Refusal::Outside | Refusal::Folder | Refusal::Special => None,
    }
}

fn size(bytes: u64) -> String {
    let (mebi, kibi) = (bytes >> 20, bytes >> 10);
    if mebi > 0 { format!("{mebi} MiB") } else { format!("{kibi} KiB") }
}

/// A Python file that has at least one of the words that were searched for.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The file.
    pub path: FilePath,
    /// Which words it has: the bits of all of them.
    pub words: u32,
}
