//! The journal: all that is needed to finish a change, to take it back, or to undo it later.
//!
//! It is one file that goes through three names in the `.paxx` folder, each step an atomic rename:
//!
//! - `journal`: the change is being made. Whoever finds it takes the change back.
//! - `committed`: the change is made. Whoever finds it clears away what is left over.
//! - `undo`: the last change, for `paxx undo`.
//!
//! It is written as `journal.tmp` first, so that a half-written one is nothing but a file to overwrite. Its head is text, one
//! line for a fact; the bytes of the files as they were follow, then a digest of all of it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use sha2::{Digest as _, Sha256};

use super::error::{ApplyError, Failure};
use super::files::{self, Existing, Found, Properties};
use super::{Contents, Place};
use crate::project::FilePath;

const FIRST_LINE: &str = "paxx journal 1";

/// A SHA-256 digest.
pub type Digest = [u8; 32];

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
                *saved.bytes == *file.bytes && files::is_executable(saved.mode) == file.executable()
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

/// How far a change got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It is being made, or taken back.
    Open,
    /// It is made; only things to clear away are left.
    Committed,
    /// It is the last change that was made.
    Last,
}

impl Stage {
    /// Where the journal of this stage is.
    pub fn path(self, place: &Place) -> PathBuf {
        place.state().join(match self {
            Self::Open => "journal",
            Self::Committed => "committed",
            Self::Last => "undo",
        })
    }
}

/// The journal of this stage, if there is one.
pub fn read(place: &Place, stage: Stage) -> Result<Option<Record>, ApplyError> {
    let path = stage.path(place);
    let unreadable = |newer| ApplyError::Unreadable { path: path.clone(), newer };
    match files::look(&path).map_err(Failure::of("read", &path))? {
        Found::Nothing => Ok(None),
        Found::Other(_) => Err(unreadable(false)),
        Found::File(file) => match decode(&file.bytes) {
            Some(record) => Ok(Some(record)),
            None => Err(unreadable(
                file.bytes.starts_with(b"paxx journal ") && !file.bytes.starts_with(FIRST_LINE.as_bytes()),
            )),
        },
    }
}

/// Writes the journal of a change that is about to be made, durably. If it fails, there is none.
pub fn begin(place: &Place, record: &Record) -> Result<(), Failure> {
    let path = Stage::Open.path(place);
    let result = write(place, record, &path);
    if result.is_err() {
        // Should this fail as well, the next start finds that nothing was done.
        let _ = files::remove(&path);
    }
    result
}

fn write(place: &Place, record: &Record, path: &Path) -> Result<(), Failure> {
    let temporary = place.state().join("journal.tmp");
    let write = || {
        files::remove(&temporary)?;
        // It holds files that others may not be allowed to read.
        let private = Properties::Like { mode: 0o600, owner: None };
        files::create(&temporary, &encode(record), private)?.sync_all()?;
        fs::rename(&temporary, path)
    };
    if let Err(error) = write() {
        let _ = files::remove(&temporary);
        return Err(Failure::of("write", path)(error));
    }
    sync(place)
}

/// The commit mark.
///
/// If it fails, the journal is where it was, unless taking the mark back failed too.
pub fn commit(place: &Place) -> Result<(), Failure> {
    let (open, committed) = (Stage::Open.path(place), Stage::Committed.path(place));
    fs::rename(&open, &committed).map_err(Failure::of("rename", &open))?;
    if let Err(failure) = sync(place) {
        // Nobody knows whether the mark would survive a power failure, so it must not be there at all.
        let _ = fs::rename(&committed, &open);
        return Err(failure);
    }
    Ok(())
}

/// Makes the journal of a change that is made the record of the last change.
pub fn retire(place: &Place, record: &Record) -> Result<(), Failure> {
    let (committed, last) = (Stage::Committed.path(place), Stage::Last.path(place));
    if record.undo {
        files::remove(&last).map_err(Failure::of("remove", &last))?;
        files::remove(&committed).map_err(Failure::of("remove", &committed))
    } else {
        fs::rename(&committed, &last).map_err(Failure::of("rename", &committed))
    }
}

/// Removes the journal of a change that was taken back. Where files are not as they were, because somebody changed them
/// meanwhile, it is kept under another name: it holds them.
pub fn discard(place: &Place, keep: bool) -> Result<(), Failure> {
    let path = Stage::Open.path(place);
    if keep {
        fs::rename(&path, place.state().join("rolled-back")).map_err(Failure::of("rename", &path))?;
    } else {
        files::remove(&path).map_err(Failure::of("remove", &path))?;
    }
    sync(place)
}

fn sync(place: &Place) -> Result<(), Failure> {
    files::sync_folder(place.state()).map_err(Failure::of("sync", place.state()))
}

/// Some hexadecimal digits that no other change has.
pub fn new_id() -> String {
    let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{:x}{:08x}{:x}", time.as_secs(), time.subsec_nanos(), std::process::id())
}

/// The digest of `bytes`.
pub fn digest(bytes: &[u8]) -> Digest {
    Sha256::digest(bytes).into()
}

fn encode(record: &Record) -> Vec<u8> {
    let mut head = vec![
        FIRST_LINE.to_owned(),
        format!("id {}", record.id),
        format!("label {}", escape(&record.label)),
        format!("root {}", escape(record.root.as_str())),
        format!("undo {}", record.undo),
    ];
    head.extend(record.folders.iter().map(|folder| format!("folder {}", escape(folder.as_str()))));
    let mut bytes = Vec::new();
    for step in &record.steps {
        let before = step.before.as_ref().map_or("-".to_owned(), |saved| {
            bytes.extend_from_slice(&saved.bytes);
            format!("{:o}:{}", saved.mode, saved.bytes.len())
        });
        let after = step.after.map_or("-".to_owned(), |print| {
            format!("{}:{}", if print.executable { "x" } else { "f" }, hexadecimal(&print.digest))
        });
        head.push(format!("file {before} {after} {}", escape(step.path.as_str())));
    }
    head.push(format!("bytes {}\n", bytes.len()));
    let mut whole = head.join("\n").into_bytes();
    whole.extend_from_slice(&bytes);
    let digest = digest(&whole);
    whole.extend_from_slice(format!("\nend {}\n", hexadecimal(&digest)).as_bytes());
    whole
}

/// The record that was encoded as `whole`; `None` unless every byte of it is there, and as it was.
fn decode(whole: &[u8]) -> Option<Record> {
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
    let root = folder_path(&field("root")?)?;
    let undo = field("undo")?.parse().ok()?;
    let mut record = Record { id, label, root, undo, folders: Vec::new(), steps: Vec::new() };
    let mut lengths = Vec::new();
    let total: usize = loop {
        let (word, value) = line()?;
        match word.as_str() {
            "folder" => record.folders.push(safe_path(&value)?),
            "file" => {
                let (before, value) = value.split_once(' ')?;
                let (after, path) = value.split_once(' ')?;
                let before = if before == "-" {
                    None
                } else {
                    let (mode, length) = before.split_once(':')?;
                    Some((u32::from_str_radix(mode, 8).ok()?, length.parse::<usize>().ok()?))
                };
                let after = if after == "-" {
                    None
                } else {
                    let (bit, digits) = after.split_once(':')?;
                    Some(Print { digest: from_hexadecimal(digits)?, executable: bit == "x" })
                };
                lengths.push((safe_path(path)?, before, after));
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

fn safe_path(escaped: &str) -> Option<FilePath> {
    folder_path(escaped).filter(is_safe)
}

fn folder_path(escaped: &str) -> Option<FilePath> {
    let text = unescape(escaped)?;
    FilePath::new(&text).filter(|path| path.as_str() == text)
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

fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

fn from_hexadecimal(digits: &str) -> Option<Digest> {
    let mut digest = Digest::default();
    if digits.len() != 2 * digest.len() || !digits.is_ascii() {
        return None;
    }
    for (index, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(digest)
}

/// Is there a file of this stage?
pub fn exists(place: &Place, stage: Stage) -> Result<bool, Failure> {
    let path = stage.path(place);
    match fs::symlink_metadata(&path) {
        Ok(_) => Ok(true),
        Err(error) if [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind()) => Ok(false),
        Err(error) => Err(Failure::of("look at", path)(error)),
    }
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
                    before: Some(Saved { bytes: b"\0\xff\nend ".as_slice().into(), mode: 0o4755 }),
                    after: None,
                },
            ],
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let record = record();
        assert_eq!(decode(&encode(&record)).as_ref(), Some(&record));
        let empty = Record { folders: Vec::new(), steps: Vec::new(), ..record };
        assert_eq!(decode(&encode(&empty)).as_ref(), Some(&empty));
    }

    #[test]
    fn every_lost_or_changed_byte_is_noticed() {
        let whole = encode(&record());
        for end in 0..whole.len() {
            assert_eq!(decode(&whole[..end]), None);
        }
        for index in 0..whole.len() {
            let mut changed = whole.clone();
            changed[index] ^= 1;
            assert_eq!(decode(&changed), None);
        }
    }

    #[test]
    fn a_foreign_journal_reaches_no_hooks() {
        for path in [".git/hooks/post-commit", "a/.GIT/config", ".paxx/lock"] {
            let mut record = record();
            record.steps[0].path = FilePath::new(path).expect("inside");
            assert_eq!(decode(&encode(&record)), None, "{path}");
        }
        let outside = String::from_utf8_lossy(&encode(&Record { steps: Vec::new(), ..record() })).into_owned();
        let body = outside.split("\nend ").next().expect("a body").replace("folder a b", "folder ../x");
        let whole = format!("{body}\nend {}\n", hexadecimal(&digest(body.as_bytes())));
        assert_eq!(decode(whole.as_bytes()), None);
    }
}
