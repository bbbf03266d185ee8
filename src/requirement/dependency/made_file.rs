//! The requirements file of a project in which nothing lists the dependencies: made with the first line, and gone with the last.

use super::super::{Change, Fix, Recorded};
use crate::edit::Edit;
use crate::lock::ScaffoldingKey;
use crate::project::FilePath;

/// Makes the file with `requirement` in it.
pub fn made(path: &FilePath, shown: &str, requirement: &str) -> Fix {
    let change = Change::Write { path: path.clone(), text: format!("{requirement}\n") };
    let note =
        format!("`{shown}` is made, because no file lists the dependencies: add what else the application needs");
    let fix = Fix { changes: vec![change], notes: vec![note], safe: true, ..Fix::default() };
    fix.text(requirement).scaffolding(ScaffoldingKey::Requirements(path.clone()), None)
}

/// Takes the file away, where nothing is left in it after `edit` and it was made by [`made`].
pub fn emptied(path: &FilePath, text: &str, edit: &Edit, recorded: &Recorded) -> Option<Fix> {
    let (before, behind) = (text.get(..edit.range.start)?, text.get(edit.range.end..)?);
    let is_last = before.trim().is_empty() && behind.trim().is_empty();
    if !is_last || recorded.scaffolding(&ScaffoldingKey::Requirements(path.clone())) != Some(None) {
        return None;
    }
    let fix = Fix { changes: vec![Change::Delete { path: path.clone() }], safe: true, ..Fix::default() };
    Some(fix.scaffolding(ScaffoldingKey::Requirements(path.clone()), None))
}
