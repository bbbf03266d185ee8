//! The last change, backwards.

use super::error::{ApplyError, Difference, Failure, How};
use super::files::{self, Found};
use super::journal::{self, Stage};
use super::{Change, Contents, FileChange, Place};

/// The change that takes the last one back, byte for byte, to be shown and then given to [`super::apply`]. Its label is that
/// of the change that it takes back.
///
/// Where a file is not as that change left it, the error names every such file. After it there is nothing to undo.
pub fn undo_changes(place: &Place) -> Result<Change, ApplyError> {
    let record = journal::read(place, Stage::Last)?.ok_or(ApplyError::NothingToUndo)?;
    let mut files = Vec::new();
    let mut differences = Vec::new();
    for step in record.steps {
        let full = place.path(&step.path);
        let found = files::look(&full).map_err(Failure::of("read", full))?;
        if !step.is_after(&found) {
            let how = match (found, &step.after) {
                (Found::Nothing, _) => How::Gone,
                (Found::Other(kind), _) => How::Kind(kind),
                (Found::File(_), None) => How::Appeared,
                (Found::File(file), Some(print)) if journal::digest(&file.bytes) == print.digest => How::Mode,
                (Found::File(_), Some(_)) => How::Changed,
            };
            differences.push(Difference { path: step.path, how });
            continue;
        }
        let before = match found {
            Found::File(file) => Some(Contents { executable: file.executable(), bytes: file.bytes.into() }),
            _ => None,
        };
        let after =
            step.before.map(|saved| Contents { executable: files::is_executable(saved.mode), bytes: saved.bytes });
        files.push(FileChange { path: step.path, before, after });
    }
    if !differences.is_empty() {
        return Err(ApplyError::Conflict(differences));
    }
    Ok(Change { label: record.label, root: record.root, undo: true, files })
}
