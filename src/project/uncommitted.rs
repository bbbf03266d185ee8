//! Which files have changes that git does not have, by the index of the repository; without git, which would run what the
//! repository says.
//!
//! A file is compared with its entry in the index: what is neither committed nor staged is found. The index, like all of `.git`, may
//! come from somebody else, and is read as such. Where it cannot tell (a linked worktree, a split index, filters), nothing is said.

use std::path::Path;

use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use super::FilePath;
use super::disk::{Disk, Refusal};
use super::opened::{Folder, Opened, Read};

/// An index larger than this (bytes) is not read: that of a million files is smaller.
const LARGEST_INDEX: u64 = 128 * 1024 * 1024;

/// Those of `files` (path and bytes on disk) that are in the repository at `base` and are not there as they are on disk.
pub fn uncommitted<'a>(
    base: &Path,
    opened: &Opened,
    files: impl Iterator<Item = (&'a FilePath, &'a [u8])>,
) -> Vec<FilePath> {
    let Ok(folder) = opened.folder(base) else { return Vec::new() };
    let Ok(Some(index)) = plain_file(&folder.disk, &FilePath::top().child(".git/index"), LARGEST_INDEX) else {
        return Vec::new();
    };
    let files: Vec<_> = files.collect();
    let Some(found) = Index::new(&index).and_then(|index| index.find(&files)) else { return Vec::new() };
    let changed = |path: &FilePath, bytes: &[u8], entry: &Option<Entry>| match entry {
        None | Some(Entry::Unmerged) => true,
        Some(Entry::Trusted) => false,
        // Git may keep another text than the one on disk: with other line endings, or what a filter makes of it.
        Some(Entry::Blob(id)) => {
            !is_blob(id, bytes) && !is_blob(id, &without_returns(bytes)) && !is_filtered(&folder, path)
        }
    };
    files
        .iter()
        .zip(&found)
        .filter(|((path, bytes), entry)| changed(path, bytes, entry))
        .map(|((path, _), _)| (*path).clone())
        .collect()
}

/// The bytes of a regular file, behind no symbolic link; `None` where there is nothing.
fn plain_file(disk: &Disk, path: &FilePath, limit: u64) -> Result<Option<Vec<u8>>, ()> {
    match disk.read(path, limit) {
        Ok(contents) if contents.real.is_none() => Ok(Some(contents.bytes)),
        Err(Refusal::Absent) => Ok(None),
        _ => Err(()),
    }
}

/// May git keep something else of this file than its bytes?
fn is_filtered(opened: &Folder, path: &FilePath) -> bool {
    let converts = |path: FilePath| match opened.read(&path) {
        Ok(Read { file, real: None }) => [&b"filter"[..], b"ident", b"encoding"]
            .iter()
            .any(|name| memchr::memmem::find(file.bytes(), name).is_some()),
        Err(Refusal::Absent) => false,
        _ => true,
    };
    let mut folders = std::iter::successors(path.parent(), FilePath::parent);
    converts(FilePath::top().child(".git/info/attributes"))
        || folders.any(|folder| converts(folder.child(".gitattributes")))
}

/// The bytes with the line endings that git keeps where it converts them.
fn without_returns(bytes: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        if *byte != b'\r' || bytes.get(at + 1) != Some(&b'\n') {
            result.push(*byte);
        }
    }
    result
}

/// Is this the id of a blob of these bytes?
fn is_blob(id: &[u8], bytes: &[u8]) -> bool {
    let header = format!("blob {}\0", bytes.len());
    match id.len() {
        20 => Sha1::new().chain_update(&header).chain_update(bytes).finalize().as_slice() == id,
        _ => Sha256::new().chain_update(&header).chain_update(bytes).finalize().as_slice() == id,
    }
}

/// What the index has of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    /// A file of this id.
    Blob(Vec<u8>),
    /// Several versions, after a merge with conflicts.
    Unmerged,
    /// Not a file whose text is to be looked at: the user said so (`--assume-unchanged`, `--skip-worktree`), or it is none.
    Trusted,
}

/// The index: <https://git-scm.com/docs/index-format>.
struct Index<'a> {
    /// All but the checksum at its end.
    bytes: &'a [u8],
    version: u32,
    count: u32,
    /// The length of an id.
    id: usize,
}

impl<'a> Index<'a> {
    /// An index of a version that is known, and of ids that its checksum tells.
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let (sha1, sha256) = (bytes.split_last_chunk::<20>()?, bytes.split_last_chunk::<32>());
        // Git writes zeros where it was told to save the time; those who tell it so have ids of SHA-1.
        let (bytes, id) = if sha1.1 == &[0; 20] || Sha1::digest(sha1.0).as_slice() == sha1.1 {
            (sha1.0, 20)
        } else {
            (sha256.filter(|(bytes, sum)| Sha256::digest(bytes).as_slice() == *sum)?.0, 32)
        };
        let mut cursor = Cursor(bytes);
        let is_index = cursor.take(4)? == b"DIRC";
        let (version, count) = (cursor.number()?, cursor.number()?);
        (is_index && (2..=4).contains(&version)).then_some(Self { bytes: cursor.0, version, count, id })
    }

    /// The entry of each file; `None` where the index does not have every path.
    fn find(&self, files: &[(&FilePath, &[u8])]) -> Option<Vec<Option<Entry>>> {
        let mut found = vec![None; files.len()];
        let mut cursor = Cursor(self.bytes);
        let mut name: Vec<u8> = Vec::new();
        for _ in 0..self.count {
            let before = cursor.0.len();
            cursor.take(24)?;
            let mode = cursor.number()?;
            cursor.take(12)?;
            let id = cursor.take(self.id)?;
            let flags = cursor.short()?;
            let more = if self.version > 2 && flags & 0x4000 != 0 { cursor.short()? } else { 0 };
            if self.version == 4 {
                let kept = name.len().checked_sub(cursor.offset()?)?;
                name.truncate(kept);
            } else {
                name.clear();
            }
            name.extend_from_slice(cursor.until_zero()?);
            if self.version < 4 {
                // Padded with one to eight zeros, one of which is taken.
                cursor.take((before - cursor.0.len()).next_multiple_of(8) - (before - cursor.0.len()))?;
            }
            let kind = mode >> 12;
            if kind == 0o4 {
                // A folder of a sparse index: its files are not listed.
                return None;
            }
            for ((path, _), entry) in files.iter().zip(&mut found) {
                if path.as_str().as_bytes() == name {
                    *entry = Some(match () {
                        () if flags & 0x3000 != 0 => Entry::Unmerged,
                        () if flags & 0x8000 != 0 || more & 0x4000 != 0 || kind != 0o10 => Entry::Trusted,
                        () => Entry::Blob(id.to_vec()),
                    });
                }
            }
        }
        // Extensions whose names begin with a small letter must be understood: `link` is an index in two parts.
        while !cursor.0.is_empty() {
            let name = cursor.take(4)?;
            let length = usize::try_from(cursor.number()?).ok()?;
            cursor.take(length)?;
            if name != b"sdir" && !name.first()?.is_ascii_uppercase() {
                return None;
            }
        }
        Some(found)
    }
}

/// What is left to read.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn short(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    /// Bytes up to a zero, which is taken too.
    fn until_zero(&mut self) -> Option<&'a [u8]> {
        let length = memchr::memchr(0, self.0)?;
        let taken = self.take(length)?;
        self.take(1)?;
        Some(taken)
    }

    /// A number of variable length, as in a pack.
    fn offset(&mut self) -> Option<usize> {
        let mut number = 0_usize;
        loop {
            let byte = *self.take(1)?.first()?;
            number = (number << 7) + usize::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                return Some(number);
            }
            number = Some(number + 1).filter(|number| *number < 1 << 24)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::process::Command;

    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;

    /// A repository with a committed `a.py`, `b/c.py` and `d.py`.
    struct Repository(TempDir);

    impl Repository {
        fn new(options: &[&str]) -> Self {
            let repository = Self(tempfile::tempdir().expect("a folder"));
            repository.git(&[&["init", "-q"], options].concat());
            for name in ["a.py", "b/c.py", "d.py"] {
                repository.write(name, "x = 1\n");
            }
            repository.git(&["add", "-A"]);
            repository.git(&["commit", "-q", "-m", "x"]);
            repository
        }

        fn git(&self, arguments: &[&str]) {
            let output = Command::new("git")
                .args(["-c", "user.name=a", "-c", "user.email=a@example.org"])
                .args(arguments)
                .current_dir(self.0.path())
                .env("GIT_CONFIG_GLOBAL", "/dev/null")
                .env("GIT_CONFIG_SYSTEM", "/dev/null")
                .output()
                .expect("git runs");
            assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        }

        fn write(&self, name: &str, text: &str) {
            let path = self.0.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("created");
            fs::write(path, text).expect("written");
        }

        fn index(&self) -> std::path::PathBuf {
            self.0.path().join(".git/index")
        }

        /// Which of all files are found, by their names.
        fn found(&self) -> String {
            let names = ["a.py", "b/c.py", "d.py", "new.py"];
            let files: Vec<(FilePath, Vec<u8>)> = names
                .iter()
                .filter_map(|name| Some((FilePath::new(name)?, fs::read(self.0.path().join(name)).ok()?)))
                .collect();
            let found = uncommitted(
                self.0.path(),
                &Opened::default(),
                files.iter().map(|(path, bytes)| (path, bytes.as_slice())),
            );
            found.iter().map(FilePath::as_str).collect::<Vec<_>>().join(" ")
        }
    }

    #[test]
    fn every_version_of_the_index_and_both_kinds_of_ids() {
        for options in [&[][..], &["--object-format=sha256"]] {
            for version in ["2", "3", "4"] {
                let repository = Repository::new(options);
                repository.git(&["update-index", "--index-version", version]);
                assert_eq!(repository.found(), "");
                repository.write("b/c.py", "x = 2\n");
                assert_eq!(repository.found(), "b/c.py");
                repository.write("new.py", "");
                assert_eq!(repository.found(), "b/c.py new.py");
                // What is to be added has an entry with more flags.
                repository.git(&["add", "--intent-to-add", "new.py"]);
                repository.write("new.py", "x = 1\n");
                assert_eq!(repository.found(), "b/c.py new.py");
                repository.git(&["add", "b/c.py", "new.py"]);
                assert_eq!(repository.found(), "", "what is staged is kept by git");
            }
        }
    }

    #[test]
    fn an_index_without_a_checksum() {
        let repository = Repository::new(&[]);
        repository.git(&["-c", "index.skipHash=true", "update-index", "--force-write-index"]);
        assert!(fs::read(repository.index()).expect("read").ends_with(&[0; 20]), "git writes none");
        repository.write("a.py", "x = 2\n");
        assert_eq!(repository.found(), "a.py");
    }

    #[test]
    fn a_time_that_changed_is_no_change() {
        let repository = Repository::new(&[]);
        repository.write("a.py", "x = 1\n");
        assert_eq!(repository.found(), "");
    }

    #[test]
    fn line_endings_that_git_converts_are_no_change() {
        let repository = Repository::new(&[]);
        repository.write("a.py", "x = 1\r\n");
        assert_eq!(repository.found(), "");
        repository.write("a.py", "x = 2\r\n");
        assert_eq!(repository.found(), "a.py");
    }

    #[test]
    fn where_filters_are_nothing_is_said() {
        for attributes in [".gitattributes", ".git/info/attributes"] {
            let repository = Repository::new(&[]);
            repository.write("a.py", "x = 2\n");
            repository.write(attributes, "*.py filter=lfs\n");
            assert_eq!(repository.found(), "", "{attributes}");
        }
        let repository = Repository::new(&[]);
        for name in ["a.py", "b/c.py"] {
            repository.write(name, "x = 2\n");
        }
        repository.write("b/.gitattributes", "*.py ident\n");
        assert_eq!(repository.found(), "a.py");
    }

    #[test]
    fn a_conflict_is_a_change_and_what_the_user_hides_is_none() {
        let repository = Repository::new(&[]);
        repository.git(&["update-index", "--assume-unchanged", "a.py"]);
        repository.git(&["update-index", "--skip-worktree", "d.py"]);
        repository.write("a.py", "x = 2\n");
        repository.write("d.py", "x = 2\n");
        assert_eq!(repository.found(), "");
        repository.git(&["checkout", "-q", "-b", "other"]);
        repository.write("b/c.py", "x = 2\n");
        repository.git(&["commit", "-q", "-m", "x", "b/c.py"]);
        repository.git(&["checkout", "-q", "-"]);
        repository.write("b/c.py", "x = 3\n");
        repository.git(&["commit", "-q", "-m", "x", "b/c.py"]);
        let merged = Command::new("git").args(["merge", "other"]).current_dir(repository.0.path()).output();
        assert!(!merged.expect("git runs").status.success());
        assert_eq!(repository.found(), "b/c.py");
    }

    #[test]
    fn where_the_index_does_not_say_all_nothing_is_said() {
        let repository = Repository::new(&[]);
        repository.write("a.py", "x = 2\n");
        assert_eq!(repository.found(), "a.py");
        repository.git(&["update-index", "--split-index"]);
        assert_eq!(repository.found(), "", "a split index");

        let repository = Repository::new(&[]);
        repository.git(&["sparse-checkout", "init", "--cone", "--sparse-index"]);
        repository.write("a.py", "x = 2\n");
        assert_eq!(repository.found(), "", "a sparse index");

        let repository = Repository::new(&[]);
        repository.git(&["worktree", "add", "-q", "tree"]);
        let path = FilePath::new("a.py").expect("inside");
        let tree = repository.0.path().join("tree");
        assert_eq!(
            uncommitted(&tree, &Opened::default(), [(&path, &b"x = 2\n"[..])].into_iter()),
            Vec::new(),
            "a linked worktree"
        );

        let repository = Repository(tempfile::tempdir().expect("a folder"));
        repository.git(&["init", "-q"]);
        repository.write("a.py", "x = 1\n");
        assert_eq!(repository.found(), "", "no index yet");
    }

    #[test]
    fn only_a_plain_file_inside_is_read() {
        let repository = Repository::new(&[]);
        repository.write("a.py", "x = 2\n");
        let elsewhere = repository.0.path().join("elsewhere");
        fs::rename(repository.index(), &elsewhere).expect("moved");
        std::os::unix::fs::symlink(&elsewhere, repository.index()).expect("linked");
        assert_eq!(repository.found(), "", "a link");
        fs::remove_file(repository.index()).expect("removed");
        assert!(Command::new("mkfifo").arg(repository.index()).status().expect("it runs").success());
        assert_eq!(repository.found(), "", "a pipe");
        fs::remove_file(repository.index()).expect("removed");
        fs::create_dir(repository.index()).expect("created");
        assert_eq!(repository.found(), "", "a folder");
    }

    /// An index of a small repository, without its checksum.
    fn small_index(version: &str) -> Vec<u8> {
        let repository = Repository::new(&[]);
        repository.git(&["update-index", "--index-version", version]);
        let mut bytes = fs::read(repository.index()).expect("read");
        bytes.truncate(bytes.len() - 20);
        bytes
    }

    /// With the checksum that makes it one.
    fn find(bytes: &[u8]) {
        let whole = [bytes, Sha1::digest(bytes).as_slice()].concat();
        let path = FilePath::new("b/c.py").expect("inside");
        let _ = Index::new(&whole).and_then(|index| index.find(&[(&path, b"x")]));
    }

    #[test]
    fn an_index_that_is_cut_or_changed_anywhere_does_no_harm() {
        for version in ["2", "4"] {
            let index = small_index(version);
            for at in 0..index.len() {
                find(&index[..at]);
                for byte in [0, 1, 0x7f, 0x80, 0xff] {
                    let mut changed = index.clone();
                    changed[at] = byte;
                    find(&changed);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_do_harm(version in 0..6_u8, rest in proptest::collection::vec(any::<u8>(), 0..300)) {
            find(&[b"DIRC\0\0\0", &[version][..], &rest].concat());
        }
    }
}
