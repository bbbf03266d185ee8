//! What a paxx that was killed left behind: to say what it is, and to settle it.

use super::error::ApplyError;
use super::journal::{self, Record, Stage};
use super::lock::Lock;
use super::{Place, transaction};
use crate::project::FilePath;

/// A change that did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// The command.
    pub label: String,
    /// Did it take the change of that command back?
    pub undo: bool,
    /// Has it its commit mark, so that it will be finished? Else it will be taken back.
    pub committed: bool,
    /// Is another paxx at it right now?
    pub running: bool,
}

/// What became of a change that had not come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// The command.
    pub label: String,
    /// Did it take the change of that command back?
    pub undo: bool,
    /// Was it finished? Else it was taken back.
    pub finished: bool,
    /// Files that were left as they are, because somebody changed them meanwhile. What they were before it is
    /// in `.paxx/rolled-back`.
    pub kept: Vec<FilePath>,
}

/// The change that a killed paxx left behind, if there is one. Changes nothing.
pub fn pending(place: &Place) -> Result<Option<Pending>, ApplyError> {
    let Some((stage, record)) = unsettled(place)? else { return Ok(None) };
    Ok(Some(Pending {
        label: record.label,
        undo: record.undo,
        committed: stage == Stage::Committed,
        running: Lock::is_taken(place),
    }))
}

/// Finishes or takes back what a killed paxx left behind, and says which; `None` where there is nothing.
pub fn recover(place: &Place) -> Result<Option<Recovered>, ApplyError> {
    // No lock, and no `.paxx` folder, where there is nothing to do.
    if !journal::exists(place, Stage::Open)? && !journal::exists(place, Stage::Committed)? {
        return Ok(None);
    }
    let _lock = Lock::acquire(place)?;
    settle(place)
}

/// The same for somebody who has the lock.
pub fn settle(place: &Place) -> Result<Option<Recovered>, ApplyError> {
    let Some((stage, record)) = unsettled(place)? else { return Ok(None) };
    let finished = stage == Stage::Committed;
    let kept = if finished {
        transaction::finish(place, &record)?;
        Vec::new()
    } else {
        transaction::roll_back(place, &record)?
    };
    Ok(Some(Recovered { label: record.label, undo: record.undo, finished, kept }))
}

fn unsettled(place: &Place) -> Result<Option<(Stage, Record)>, ApplyError> {
    for stage in [Stage::Committed, Stage::Open] {
        if let Some(record) = journal::read(place, stage)? {
            return Ok(Some((stage, record)));
        }
    }
    Ok(None)
}
