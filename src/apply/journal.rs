//! The journal: all that is needed to finish a change, to take it back, or to undo it later.
//!
//! It is one file that goes through three names in the `.paxx` folder, each step an atomic rename:
//!
//! - `journal`: the change is being made. Whoever finds it takes the change back.
//! - `committed`: the change is made. Whoever finds it clears away what is left over.
//! - `undo`: the last change, for `paxx undo`.
//!
//! It is written as `journal.tmp` first, so that a half-written one is nothing but a file to overwrite. Its head is text, one
//! line for a fact; the bytes of the files as they were follow, then a digest of all of it. Paths in it are relative to the
//! folder that `.paxx` is in, so it names nothing outside of that.
//!
//! Whoever can put a file into a repository can write a journal too. So a journal is believed only where this user's
//! records ([`super::records`]) know it, to the byte, for this very folder; anything else is not even parsed.

use std::io;
use std::path::PathBuf;
use std::rc::Rc;

use super::digest::{Digest, digest, from_hexadecimal, hexadecimal};
use super::error::{ApplyError, Doubt, Failure};
use super::records::Mark;
use super::stage::Stage;
use super::tree::{self, Existing, Found, Limit, Properties};
use super::{Contents, Site};
use crate::project::FilePath;

const FIRST_LINE: &str = "paxx journal 2";

/// The largest journal that is read, and so the largest that is written.
const LARGEST: Limit = Limit(256 << 20, "a file of more than 256 MiB");

/// A change as the journal has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Hexadecimal digits that no other change has: part of the names of temporary files.
    pub id: String,
    /// The command.
    pub label: String,
    /// The root of the project.
    pub root: FilePath,
    /// Does it take the last change back?
    pub undo: bool,
    /// The folders that it creates, outer ones first.
    pub folders: Vec<FilePath>,
    /// What becomes of each file, in the order in which that happens.
    pub steps: Vec<Step>,
}

/// What becomes of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The file.
    pub path: FilePath,
    /// What it was.
    pub before: Option<Saved>,
    /// How to recognise what it becomes.
    pub after: Option<Print>,
}

/// A file as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// All of it.
    pub bytes: Rc<[u8]>,
    /// Its permission bits.
    pub mode: u32,
}

/// What a file that was written is recognised by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Print {
    /// The digest of its bytes.
    pub digest: Digest,
    /// Its executable bit.
    pub executable: bool,
}

impl Print {
    /// What `contents` are recognised by.
    pub fn of(contents: &Contents) -> Self {
        Self { digest: digest(&contents.bytes), executable: contents.executable }
    }
}

impl Step {
    /// Is this the file as it was?
    pub fn is_before(&self, found: &Found) -> bool {
        match (&self.before, found) {
            (None, Found::Nothing) => true,
            (Some(saved), Found::File(file)) => {
                *saved.bytes == *file.bytes && tree::is_executable(saved.mode) == file.executable()
            }
            _ => false,
        }
    }

    /// Is this the file as the change leaves it?
    ///
    /// The executable bit counts where the change is about it; else it does not, because there are file systems that keep
    /// none.
    pub fn is_after(&self, found: &Found) -> bool {
        match (&self.after, found) {
            (None, Found::Nothing) => true,
            (Some(print), Found::File(file)) => self.is_print(print, file),
            _ => false,
        }
    }

    fn is_print(&self, print: &Print, file: &Existing) -> bool {
        let digest = digest(&file.bytes);
        let only_mode = self.before.as_ref().is_some_and(|saved| self::digest(&saved.bytes) == print.digest);
        digest == print.digest && (!only_mode || print.executable == file.executable())
    }
}

/// A journal that is believed.
#[derive(Debug)]
pub struct Journal {
    /// What it says.
    pub record: Record,
    /// The digest of all of it.
    pub digest: Digest,
}

/// The journal of this stage, if there is one; only one that is believed.
pub fn read(site: &Site<'_>, stage: Stage, root: &FilePath) -> Result<Option<Journal>, ApplyError> {
    let file = stage.file(site, root);
    let path = site.tree.path(&file);
    let foreign = |doubt| ApplyError::Foreign { path: path.clone(), stage, doubt };
    let mut unknown = None;
    loop {
        let found = match site.tree.look(&file, LARGEST).map_err(Failure::of("read", &path))? {
            Found::Nothing => return Ok(None),
            Found::Other(kind) => return Err(foreign(Doubt::Kind(kind))),
            Found::Unreachable => return Err(ApplyError::NoStateFolder(site.tree.path(&site.state_folder()))),
            Found::File(found) => found,
        };
        let digest = digest(&found.bytes);
        let mark = Mark::of(site.tree, &site.home, &digest)?;
        match site.records.find() {
            Ok(Some(shelf)) if shelf.has(&mark) => {
                return match decode(&found.bytes, &site.home) {
                    Some(record) => Ok(Some(Journal { record, digest })),
                    None => Err(ApplyError::Unreadable { path }),
                };
            }
            Ok(_) if unknown == Some(digest) => return Err(foreign(Doubt::Unknown)),
            // A mark goes after its journal: another paxx may have come to its end between the two looks.
            Ok(_) => unknown = Some(digest),
            Err(error) => return Err(foreign(Doubt::Records(error.to_string()))),
        }
    }
}

/// Writes the journal of a change that is about to be made, durably, and before it the mark by which it is believed; the
/// digest of it. If it fails, there is none.
pub fn begin(site: &Site<'_>, record: &Record) -> Result<Digest, ApplyError> {
    let file = Stage::Open.file(site, &record.root);
    let bytes = encode(record, &site.home);
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LARGEST.0) {
        let error = io::Error::other(format!("it would be {}", LARGEST.1));
        return Err(Failure::of("write", site.tree.path(&file))(error).into());
    }
    let digest = digest(&bytes);
    let mark = Mark::of(site.tree, &site.home, &digest)?;
    site.records.make()?.add(&mark)?;
    let written = write(site, &file, &bytes);
    if written.is_err() {
        // Should this fail as well, the next start finds that nothing was done.
        let gone = site.tree.remove(&file).is_ok();
        if gone {
            site.records.forget(&mark);
        }
    }
    Ok(written.map(|()| digest)?)
}

fn write(site: &Site<'_>, file: &FilePath, bytes: &[u8]) -> Result<(), Failure> {
    let temporary = site.state("journal.tmp");
    let write = || {
        site.tree.remove(&temporary)?;
        // It holds files that others may not be allowed to read.
        let private = Properties::Like { mode: 0o600, owner: None };
        site.tree.create(&temporary, bytes, private)?.sync_all()?;
        site.tree.rename(&temporary, file)
    };
    if let Err(error) = write() {
        let _ = site.tree.remove(&temporary);
        return Err(Failure::of("write", site.tree.path(&temporary))(error));
    }
    sync(site)
}

/// The commit mark.
///
/// If it fails, the journal is where it was, unless taking the mark back failed too.
pub fn commit(site: &Site<'_>) -> Result<(), Failure> {
    let (open, committed) = (site.state("journal"), site.state("committed"));
    site.tree.rename(&open, &committed).map_err(Failure::of("rename", site.tree.path(&open)))?;
    if let Err(failure) = sync(site) {
        // Nobody knows whether the mark would survive a power failure, so it must not be there at all.
        let _ = site.tree.rename(&committed, &open);
        return Err(failure);
    }
    Ok(())
}

/// Makes the journal of a change that is made the record of the last change of its project.
pub fn retire(site: &Site<'_>, journal: &Journal) -> Result<(), Failure> {
    let record = &journal.record;
    let (committed, last) = (Stage::Committed.file(site, &record.root), Stage::Last.file(site, &record.root));
    let before = known_mark(site, &last);
    let remove = |file: &FilePath| site.tree.remove(file).map_err(Failure::of("remove", site.tree.path(file)));
    if record.undo {
        remove(&last)?;
        remove(&committed)?;
        forget(site, &journal.digest);
    } else {
        // The record of another place, if there is one, is older: there is one last change.
        if let Some(other) = site.other_home(&record.root) {
            let other = Site { home: other, ..*site };
            let last = Stage::Last.file(&other, &record.root);
            if let Some(mark) = known_mark(&other, &last) {
                remove(&last)?;
                site.records.forget(&mark);
            }
        }
        site.tree.rename(&committed, &last).map_err(Failure::of("rename", site.tree.path(&committed)))?;
    }
    if let Some(mark) = before {
        site.records.forget(&mark);
    }
    Ok(())
}

/// The mark of this journal, if it has one.
fn known_mark(site: &Site<'_>, file: &FilePath) -> Option<Mark> {
    let Ok(Found::File(found)) = site.tree.look(file, LARGEST) else { return None };
    let mark = Mark::of(site.tree, &site.home, &digest(&found.bytes)).ok()?;
    let shelf = site.records.find().ok()??;
    shelf.has(&mark).then_some(mark)
}

fn forget(site: &Site<'_>, digest: &Digest) {
    if let Ok(mark) = Mark::of(site.tree, &site.home, digest) {
        site.records.forget(&mark);
    }
}

/// Removes the journal of a change that was taken back. Where files are not as they were, because somebody changed them
/// meanwhile, it is kept under another name: it holds them.
pub fn discard(site: &Site<'_>, journal: &Journal, keep: bool) -> Result<(), Failure> {
    let file = Stage::Open.file(site, &journal.record.root);
    let path = || site.tree.path(&file);
    if keep {
        site.tree.rename(&file, &site.state("rolled-back")).map_err(Failure::of("rename", path()))?;
    } else {
        site.tree.remove(&file).map_err(Failure::of("remove", path()))?;
    }
    sync(site)?;
    forget(site, &journal.digest);
    Ok(())
}

fn sync(site: &Site<'_>) -> Result<(), Failure> {
    let folder = site.state_folder();
    site.tree.sync_folder(&folder).map_err(Failure::of("sync", site.tree.path(&folder)))
}

/// Some hexadecimal digits that no other change has.
pub fn new_id() -> String {
    let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{:x}{:08x}{:x}", time.as_secs(), time.subsec_nanos(), std::process::id())
}

/// The bytes of a journal whose paths are relative to `home`.
fn encode(record: &Record, home: &FilePath) -> Vec<u8> {
    let relative = |path: &FilePath| escape(&path.relative_to(home));
    let mut head = vec![
        FIRST_LINE.to_owned(),
        format!("id {}", record.id),
        format!("label {}", escape(&record.label)),
        format!("root {}", relative(&record.root)),
        format!("undo {}", record.undo),
    ];
    head.extend(record.folders.iter().map(|folder| format!("folder {}", relative(folder))));
    let mut bytes = Vec::new();
    for step in &record.steps {
        let before = step.before.as_ref().map_or("-".to_owned(), |saved| {
            bytes.extend_from_slice(&saved.bytes);
            format!("{:o}:{}", saved.mode, saved.bytes.len())
        });
        let after = step.after.map_or("-".to_owned(), |print| {
            format!("{}:{}", if print.executable { "x" } else { "f" }, hexadecimal(&print.digest))
        });
        head.push(format!("file {before} {after} {}", relative(&step.path)));
    }
    head.push(format!("bytes {}\n", bytes.len()));
    let mut whole = head.join("\n").into_bytes();
    whole.extend_from_slice(&bytes);
    let digest = digest(&whole);
    whole.extend_from_slice(format!("\nend {}\n", hexadecimal(&digest)).as_bytes());
    whole
}

/// The record that was encoded as `whole`; `None` unless every byte of it is there, and as it was.
fn decode(whole: &[u8], home: &FilePath) -> Option<Record> {
    const TRAILER: usize = "\nend \n".len() + 64;
    let (body, trailer) = whole.split_at_checked(whole.len().checked_sub(TRAILER)?)?;
    if trailer != format!("\nend {}\n", hexadecimal(&digest(body))).as_bytes() {
        return None;
    }
    let mut rest = body;
    let mut line = || -> Option<(String, String)> {
        let end = memchr::memchr(b'\n', rest)?;
        let (line, after) = rest.split_at_checked(end)?;
        rest = after.get(1..)?;
        let (word, value) = std::str::from_utf8(line).ok()?.split_once(' ')?;
        Some((word.to_owned(), value.to_owned()))
    };
    let mut field = |name: &str| line().filter(|(word, _)| word == name).map(|(_, value)| value);
    let version = field("paxx")?;
    if format!("paxx {version}") != FIRST_LINE {
        return None;
    }
    let id = field("id")?;
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let label = unescape(&field("label")?)?;
    let root = folder_path(&field("root")?, home)?;
    let undo = field("undo")?.parse().ok()?;
    let mut record = Record { id, label, root, undo, folders: Vec::new(), steps: Vec::new() };
    let mut lengths = Vec::new();
    let total: usize = loop {
        let (word, value) = line()?;
        match word.as_str() {
            "folder" => record.folders.push(safe_path(&value, home)?),
            "file" => {
                let (before, value) = value.split_once(' ')?;
                let (after, path) = value.split_once(' ')?;
                let before = if before == "-" {
                    None
                } else {
                    let (mode, length) = before.split_once(':')?;
                    let mode = u32::from_str_radix(mode, 8).ok().filter(|mode| mode & !tree::PERMISSIONS == 0)?;
                    Some((mode, length.parse::<usize>().ok()?))
                };
                let after = if after == "-" {
                    None
                } else {
                    let (bit, digits) = after.split_once(':')?;
                    Some(Print { digest: from_hexadecimal(digits)?, executable: bit == "x" })
                };
                lengths.push((safe_path(path, home)?, before, after));
            }
            "bytes" => break value.parse().ok()?,
            _ => return None,
        }
    };
    if rest.len() != total {
        return None;
    }
    for (path, before, after) in lengths {
        let before = match before {
            None => None,
            Some((mode, length)) => {
                let (bytes, after) = rest.split_at_checked(length)?;
                rest = after;
                Some(Saved { bytes: bytes.into(), mode })
            }
        };
        record.steps.push(Step { path, before, after });
    }
    rest.is_empty().then_some(record)
}

/// May a change touch this path? A journal is a file like any other: one that came with a repository must not reach
/// git's own files, and hooks least of all.
pub fn is_safe(path: &FilePath) -> bool {
    !path.as_str().is_empty()
        && !path.as_str().contains('\0')
        && path.parts().all(|part| !part.eq_ignore_ascii_case(".git") && part != ".paxx")
}

fn safe_path(escaped: &str, home: &FilePath) -> Option<FilePath> {
    folder_path(escaped, home).filter(is_safe)
}

/// A path that is written as it would be written: no `..`, nothing absolute.
fn folder_path(escaped: &str, home: &FilePath) -> Option<FilePath> {
    let text = unescape(escaped)?;
    let path = home.join(&text).filter(|path| path.is_below(home))?;
    (path.relative_to(home) == text).then_some(path)
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n")
}

fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            '\\' => match characters.next()? {
                'n' => '\n',
                '\\' => '\\',
                _ => return None,
            },
            character => character,
        });
    }
    Some(plain)
}

/// Is there anything under the name of this stage?
pub fn exists(site: &Site<'_>, stage: Stage) -> Result<bool, Failure> {
    let file = stage.file(site, &site.home);
    let found = site.tree.status(&file).map_err(Failure::of("look at", site.tree.path(&file)))?;
    Ok(found.is_some())
}

/// Where the journal of this stage is, to name it.
pub fn path(site: &Site<'_>, stage: Stage) -> PathBuf {
    site.tree.path(&stage.file(site, &site.home))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let path = |text: &str| FilePath::new(text).expect("inside");
        Record {
            id: new_id(),
            label: "paxx infra add redis\n\\".to_owned(),
            root: FilePath::top(),
            undo: false,
            folders: vec![path("a b")],
            steps: vec![
                Step {
                    path: path("a b/c\nd ä"),
                    before: None,
                    after: Some(Print { digest: digest(b"x"), executable: true }),
                },
                Step {
                    path: path("e"),
                    before: Some(Saved { bytes: b"\0\xff\nend ".as_slice().into(), mode: 0o755 }),
                    after: None,
                },
            ],
        }
    }

    fn read(whole: &[u8]) -> Option<Record> {
        decode(whole, &FilePath::top())
    }

    fn written(record: &Record) -> Vec<u8> {
        encode(record, &FilePath::top())
    }

    #[test]
    fn what_is_written_is_read() {
        let record = record();
        assert_eq!(read(&written(&record)).as_ref(), Some(&record));
        let empty = Record { folders: Vec::new(), steps: Vec::new(), ..record };
        assert_eq!(read(&written(&empty)).as_ref(), Some(&empty));
    }

    /// The repository began elsewhere when the journal was written: above the project, or at it.
    #[test]
    fn paths_are_relative_to_the_folder_of_the_journal() {
        let path = |text: &str| FilePath::new(text).expect("inside");
        let below = Record {
            root: path("x/y"),
            folders: vec![path("x/y/a b")],
            steps: vec![Step { path: path("x/y/e"), before: None, after: None }],
            ..record()
        };
        let found = decode(&encode(&below, &path("x/y")), &path("elsewhere")).expect("read");
        assert_eq!(found.root, path("elsewhere"));
        assert_eq!((found.folders, found.steps[0].path.clone()), (vec![path("elsewhere/a b")], path("elsewhere/e")));
        // What is above the folder cannot be named.
        assert_eq!(decode(&encode(&below, &path("x/y/a b")), &path("x/y/a b")), None);
    }

    #[test]
    fn every_lost_or_changed_byte_is_noticed() {
        let whole = written(&record());
        for end in 0..whole.len() {
            assert_eq!(read(&whole[..end]), None);
        }
        for index in 0..whole.len() {
            let mut changed = whole.clone();
            changed[index] ^= 1;
            assert_eq!(read(&changed), None);
        }
    }

    #[test]
    fn a_journal_reaches_no_hooks_nothing_outside_and_no_special_modes() {
        for path in [".git/hooks/post-commit", "a/.GIT/config", ".paxx/lock"] {
            let mut record = record();
            record.steps[0].path = FilePath::new(path).expect("inside");
            assert_eq!(read(&written(&record)), None, "{path}");
        }
        let plain = String::from_utf8_lossy(&written(&Record { steps: Vec::new(), ..record() })).into_owned();
        let body = plain.split("\nend ").next().expect("a body");
        for folder in ["../x", "/x", "a/../../x", "a//x", "a/./x"] {
            let body = body.replace("folder a b", &format!("folder {folder}"));
            let whole = format!("{body}\nend {}\n", hexadecimal(&digest(body.as_bytes())));
            assert_eq!(read(whole.as_bytes()), None, "{folder}");
        }
        let mut special = record();
        special.steps[1].before.as_mut().expect("saved").mode = 0o4755;
        assert_eq!(read(&written(&special)), None);
    }
}
