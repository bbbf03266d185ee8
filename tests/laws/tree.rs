//! Folders as values: what lies in a fixture, and a project on disk that follows what plans do to it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use paxx::plan::Plan;
use paxx::project::discover::{Discovery, Failure, discover};
use paxx::project::options::Options;

/// The files of a folder, by their path below it.
pub type Tree = BTreeMap<String, Vec<u8>>;

/// The fixtures, by name.
pub fn fixtures() -> Vec<(String, Tree)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .expect("fixtures")
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), read(&folder.join(&name)))).collect()
}

/// The files below `folder`.
pub fn read(folder: &Path) -> Tree {
    fn walk(top: &Path, folder: &Path, tree: &mut Tree) {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                let name = entry.file_name();
                if name != ".git" && name != ".paxx" && name != "__pycache__" {
                    walk(top, &path, tree);
                }
            } else {
                let name = path.strip_prefix(top).expect("below").to_string_lossy().into_owned();
                tree.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    let mut tree = Tree::new();
    walk(folder, folder, &mut tree);
    tree
}

/// The tree with each text changed by `change`.
pub fn map(tree: &Tree, change: impl Fn(&str, &str) -> String) -> Tree {
    tree.iter()
        .map(|(path, bytes)| {
            let bytes = match std::str::from_utf8(bytes) {
                Ok(text) => change(path, text).into_bytes(),
                Err(_) => bytes.clone(),
            };
            (path.clone(), bytes)
        })
        .collect()
}

/// What differs between two trees, in words for a failed test.
pub fn difference(left: &Tree, right: &Tree) -> Option<String> {
    let mut words = String::new();
    for path in left.keys().chain(right.keys().filter(|path| !left.contains_key(*path))) {
        match (left.get(path), right.get(path)) {
            (Some(_), None) => words += &format!("{path}: only before\n"),
            (None, Some(_)) => words += &format!("{path}: only after\n"),
            (Some(one), Some(other)) if one != other => {
                let (one, other) = (String::from_utf8_lossy(one), String::from_utf8_lossy(other));
                words += &format!("{path}:\n");
                for change in similar::TextDiff::from_lines(&*one, &*other).iter_all_changes() {
                    if change.tag() != similar::ChangeTag::Equal {
                        words += &format!("  {}{:?}\n", change.tag(), change.value());
                    }
                }
            }
            _ => {}
        }
    }
    (!words.is_empty()).then_some(words)
}

/// A project on disk.
pub struct Scene {
    _temporary: tempfile::TempDir,
    folder: PathBuf,
    start: PathBuf,
    /// Its files, as they were.
    pub original: Tree,
    /// Its files, as they are on disk.
    pub tree: Tree,
}

impl Scene {
    /// Writes a project.
    pub fn new(tree: &Tree) -> Self {
        let temporary = tempfile::tempdir().expect("a folder");
        // A project may be called by its folder.
        let folder = temporary.path().join("project");
        fs::create_dir_all(folder.join(".git")).expect("created");
        for (path, bytes) in tree {
            put(&folder.join(path), bytes);
        }
        let start = match discover(&folder, &Options::default()) {
            Err(Failure::NotAProject { below, .. }) if below.len() == 1 => folder.join(&below[0]),
            _ => folder.clone(),
        };
        Self { _temporary: temporary, folder, start, original: tree.clone(), tree: tree.clone() }
    }

    /// Reads it.
    pub fn discovery(&self) -> Result<Discovery, String> {
        discover(&self.start, &Options::default()).map_err(|Failure::NotAProject { problem, .. }| problem.message)
    }

    /// Carries a plan out.
    pub fn write(&mut self, plan: &Plan) {
        for file in &plan.files {
            let path = self.folder.join(file.path.as_str());
            if let Some(after) = &file.after {
                put(&path, after.bytes());
                self.tree.insert(file.path.as_str().to_owned(), after.bytes().to_vec());
            } else {
                fs::remove_file(&path).expect("removed");
                self.tree.remove(file.path.as_str());
                let empty = path.ancestors().skip(1).take_while(|folder| fs::remove_dir(folder).is_ok());
                let _ = empty.count();
            }
        }
    }
}

fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("created");
    fs::write(path, bytes).expect("written");
}
