//! Keeps the texts of generated modules in the state folder of this user, where `project::base_texts` finds them.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use crate::lock::blob_id;
use crate::project::base_texts;

/// Keeps each of these texts under its git blob id. That one cannot be kept does no harm, so nobody is told.
pub fn keep(state: Option<&Path>, texts: &[String]) {
    let Some(folder) = state.filter(|_| !texts.is_empty()).map(base_texts::folder) else { return };
    if fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).is_err() {
        return;
    }
    for text in texts {
        let _ = keep_one(&folder, text);
    }
}

/// Under another name first: a text that is there is whole.
fn keep_one(folder: &Path, text: &str) -> io::Result<()> {
    let path = folder.join(blob_id(text));
    if fs::symlink_metadata(&path).is_ok() {
        return Ok(());
    }
    let new = path.with_extension(std::process::id().to_string());
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&new)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| fs::rename(&new, &path));
    if written.is_err() {
        let _ = fs::remove_file(&new);
    }
    written
}
