//! The order of a plan's files: the one in which a reviewer wants to read them.
//!
//! Edits of files that are there come first, because they need a look: the application, the settings, the dependencies, compose,
//! the env example. Then what is made, what is deleted, and `paxx.lock` last.

use super::PlannedFile;
use crate::lock;
use crate::project::FilePath;
use crate::project::layout::Layout;

/// Puts them in order; files of one rank stay in the order of their paths.
pub(super) fn sort(files: &mut [PlannedFile], layout: &Layout) {
    files.sort_by_key(|file| rank(file, layout));
}

fn rank(file: &PlannedFile, layout: &Layout) -> u8 {
    let path = &file.path;
    let is = |other: Option<&FilePath>| other == Some(path);
    if *path == layout.root.child(lock::NAME) {
        return 9;
    }
    if file.before.is_none() {
        return 7;
    }
    if file.after.is_none() {
        return 8;
    }
    let name = path.name();
    if is(layout.application.as_ref().ok().map(|application| &application.path)) {
        0
    } else if is(layout.settings.as_ref().ok().map(|settings| &settings.path)) {
        1
    } else if name.ends_with(".py") {
        2
    } else if name == "pyproject.toml" || (name.contains("requirements") && name.ends_with(".txt")) {
        3
    } else if is(layout.compose.as_ref().ok().and_then(Option::as_ref).map(|compose| &compose.path)) {
        4
    } else if is(layout.env_example.as_ref()) {
        5
    } else {
        6
    }
}
