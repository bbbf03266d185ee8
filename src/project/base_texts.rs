//! Texts of generated modules as they were written, kept in the state folder of this user under their git blob id.
//!
//! By them a module that a formatter was at, and that this version would write differently, is still known. Nothing depends on
//! them: where there is none, a module that is not as it was written counts as changed by the user.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::disk::{self, Disk};
use super::reader::Reader;
use super::{FilePath, Layout, imports::Files};
use crate::lock::{Lock, blob_id};

/// No module is larger than this (bytes).
const LARGEST: u64 = 1024 * 1024;

/// The folder with the texts, in the folder for the state of programs.
pub fn folder(state: &Path) -> PathBuf {
    state.join("paxx").join("base")
}

/// The texts that the modules of a project were written with, of those that are not as they were written.
pub fn find(state: &Path, reader: &Reader, lock: &Lock, layout: &Layout) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for record in lock.components.iter().flat_map(|component| &component.requirements) {
        let Some(blob) = &record.blob else { continue };
        let path = match record.id.split_once(':') {
            Some(("module", name)) => layout.services.folder.join(name),
            Some(("test" | "file", _)) => record.text.as_ref().and_then(|place| layout.root.join(place)),
            _ => None,
        };
        let there = path.and_then(|path| reader.file(&path));
        let is_changed = there.is_some_and(|file| file.text().is_some_and(|text| blob_id(text) != *blob));
        if is_changed && let Some(text) = read(state, blob) {
            found.insert(blob.clone(), text);
        }
    }
    found
}

fn read(state: &Path, blob: &str) -> Option<String> {
    // It names a file: the lock may have come with a clone.
    if blob.len() != 40 || !blob.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let disk = Disk::open(&disk::canonical_folder(&folder(state))?).ok()?;
    let text = String::from_utf8(disk.read(&FilePath::new(blob)?, LARGEST).ok()?.bytes).ok()?;
    (blob_id(&text) == blob).then_some(text)
}
