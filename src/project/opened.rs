//! What a run has opened: each file once, however many questions are asked of it.
//!
//! A run may look for the project twice (in the place where `paxx.lock` says that it is, then everywhere; from a folder above, then in
//! the project itself) and ask something more of its files afterwards. Each [`super::reader::Reader`] keeps a record of what one
//! discovery asked for; what was opened is kept here, below it. After a pause for an answer a run begins with a new one, because the user
//! may have written meanwhile.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::disk::{Contents, Disk, LARGEST, Refusal};
use super::walk::{Found, Known, in_parallel, walk};
use super::{File, FilePath};

/// Of the files that a search found something in, so many bytes are kept for who reads them next.
const MOST_KEPT: usize = 64 * 1024 * 1024;

/// Of the files that it found nothing in, so many: few of them are read again, and a large tree has many.
const MOST_KEPT_BESIDE: usize = 8 * 1024 * 1024;

/// The folders that a run has opened, by their absolute paths. A clone is the same one.
#[derive(Debug, Clone, Default)]
pub struct Opened(Rc<RefCell<BTreeMap<PathBuf, Rc<Folder>>>>);

impl Opened {
    /// The absolute folder `base`, which has no symbolic links in it.
    ///
    /// # Errors
    ///
    /// It cannot be opened.
    pub fn folder(&self, base: &Path) -> std::io::Result<Rc<Folder>> {
        if let Some(known) = self.0.borrow().get(base) {
            return Ok(Rc::clone(known));
        }
        let folder = Rc::new(Folder::open(base)?);
        for (below, known) in self.0.borrow().iter() {
            if let Some(place) = FilePath::below(base, below) {
                folder.take_over(&place, known);
            }
        }
        self.0.borrow_mut().insert(base.to_owned(), Rc::clone(&folder));
        Ok(folder)
    }
}

/// A file that was read, and where its path leads, if there are symbolic links on the way.
#[derive(Debug, Clone)]
pub struct Read {
    /// The file.
    pub file: Rc<File>,
    /// The path behind the links.
    pub real: Option<FilePath>,
}

impl Read {
    fn of(path: &FilePath, contents: Contents) -> Self {
        let mut file = File::named(path.name(), contents.bytes);
        file.read_only = contents.mode & 0o222 == 0;
        file.executable = contents.mode & 0o111 != 0;
        Self { file: Rc::new(file), real: contents.real }
    }
}

/// A folder of the disk, and what was opened below it.
#[derive(Debug)]
pub struct Folder {
    /// The disk below the folder: for what is asked of names alone.
    pub disk: Disk,
    files: RefCell<BTreeMap<FilePath, Result<Read, Refusal>>>,
    walks: RefCell<BTreeMap<(FilePath, bool), Rc<Found>>>,
    /// The ignore files that walks came upon, each as it was read.
    rules: RefCell<Known>,
    /// How many bytes searches kept of files with a word, and of others.
    kept: [AtomicUsize; 2],
}

impl Folder {
    fn open(base: &Path) -> std::io::Result<Self> {
        Ok(Self {
            disk: Disk::open(base)?,
            files: RefCell::default(),
            walks: RefCell::default(),
            rules: RefCell::default(),
            kept: Default::default(),
        })
    }

    /// Takes over what was read below `place`. What was refused there may be inside of this folder.
    fn take_over(&self, place: &FilePath, known: &Self) {
        let below = |path: &FilePath| place.join(path.as_str());
        let files = known.files.borrow();
        let read = files.iter().filter_map(|(path, read)| Some((path, read.as_ref().ok()?)));
        self.files.borrow_mut().extend(read.filter_map(|(path, read)| {
            let real = read.real.as_ref().and_then(below);
            Some((below(path)?, Ok(Read { file: Rc::clone(&read.file), real })))
        }));
        let rules = known.rules.borrow();
        let read = rules.iter().filter(|(_, read)| read.is_ok());
        self.rules.borrow_mut().extend(read.filter_map(|(path, read)| Some((below(path)?, read.clone()))));
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Why it is not read.
    pub fn read(&self, path: &FilePath) -> Result<Read, Refusal> {
        self.read_at_most(path, LARGEST)
    }

    /// Reads a file of no more than `limit` bytes.
    ///
    /// # Errors
    ///
    /// Why it is not read.
    pub fn read_at_most(&self, path: &FilePath, limit: u64) -> Result<Read, Refusal> {
        if let Some(known) = self.files.borrow().get(path) {
            return known.clone().and_then(|read| {
                if read.file.bytes().len() as u64 > limit { Err(Refusal::TooLarge(limit)) } else { Ok(read) }
            });
        }
        let read = self.disk.read(path, limit).map(|contents| Read::of(path, contents));
        // Another question may have another limit.
        if !matches!(read, Err(Refusal::TooLarge(limit)) if limit < LARGEST) {
            self.files.borrow_mut().insert(path.clone(), read.clone());
        }
        read
    }

    /// What `words_in` says of the bytes of each of these files, and the file itself, where it is kept.
    pub fn search(
        &self,
        paths: &[&FilePath],
        words_in: impl Fn(&[u8]) -> u32 + Sync,
    ) -> Vec<Result<(u32, Option<Read>), Refusal>> {
        let known = self.files.borrow();
        let unread: Vec<&FilePath> = paths.iter().copied().filter(|path| !known.contains_key(*path)).collect();
        let (disk, kept) = (&self.disk, &self.kept);
        let found = in_parallel(&unread, |path| -> Result<(u32, Option<Contents>), Refusal> {
            let contents = disk.read(path, LARGEST)?;
            let words = words_in(&contents.bytes);
            let (kept, most) = if words == 0 { (&kept[1], MOST_KEPT_BESIDE) } else { (&kept[0], MOST_KEPT) };
            let size = contents.bytes.len();
            let is_kept = kept.fetch_add(size, Ordering::Relaxed) + size <= most;
            Ok((words, is_kept.then_some(contents)))
        });
        drop(known);
        let mut files = self.files.borrow_mut();
        let mut found = found.into_iter().zip(unread).peekable();
        let mut results = Vec::with_capacity(paths.len());
        for path in paths {
            let Some((one, _)) = found.next_if(|(_, unread)| unread == path) else {
                let known = files.get(*path).cloned().unwrap_or(Err(Refusal::Absent));
                results.push(known.map(|read| (words_in(read.file.bytes()), Some(read))));
                continue;
            };
            let one = one.map(|(words, contents)| (words, contents.map(|contents| Read::of(path, contents))));
            match &one {
                Ok((_, Some(read))) => drop(files.insert((*path).clone(), Ok(read.clone()))),
                Err(refusal) => drop(files.insert((*path).clone(), Err(refusal.clone()))),
                Ok((_, None)) => {}
            }
            results.push(one);
        }
        results
    }

    /// What a walk through `start` comes upon: see [`walk`].
    pub fn walk(&self, start: &FilePath, from_top: bool) -> Rc<Found> {
        let key = (start.clone(), from_top && start.parent().is_some());
        if let Some(known) = self.walks.borrow().get(&key) {
            return Rc::clone(known);
        }
        let found = Rc::new(walk(&self.disk, start, from_top, &self.rules.borrow()));
        self.rules.borrow_mut().extend(found.rules.iter().cloned());
        let read = found.rules.iter().filter_map(|(path, read)| Some((path, read.as_ref().ok()?)));
        let read = read.map(|(path, contents)| (path.clone(), Ok(Read::of(path, contents.clone()))));
        self.files.borrow_mut().extend(read);
        self.walks.borrow_mut().insert(key, Rc::clone(&found));
        found
    }
}
