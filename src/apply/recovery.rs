//! What a paxx that was killed left behind: to say what it is, and to settle it.

use std::path::PathBuf;

use super::error::ApplyError;
use super::journal::{self, Journal};
use super::lock::{self, Lock};
use super::stage::Stage;
use super::{Place, Site};
use crate::apply::roll_back;
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
    /// Its journal.
    pub path: PathBuf,
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
    let tree = place.open()?;
    for site in place.homes(&tree) {
        if let Some((stage, Journal { record, .. })) = unsettled(&site)? {
            return Ok(Some(Pending {
                label: record.label,
                undo: record.undo,
                committed: stage == Stage::Committed,
                running: Lock::is_taken(&site),
                path: journal::path(&site, stage),
            }));
        }
    }
    Ok(None)
}

/// Finishes or takes back what a killed paxx left behind, and says which; `None` where there is nothing.
pub fn recover(place: &Place) -> Result<Option<Recovered>, ApplyError> {
    let tree = place.open()?;
    for site in place.homes(&tree) {
        // No lock, and no `.paxx` folder, where there is nothing to do; nor beside a journal that is not believed.
        if unsettled(&site)?.is_some() {
            let _lock = Lock::acquire(&site)?;
            return settle(&site);
        }
    }
    Ok(None)
}

/// The same in a folder for somebody who has its lock.
pub fn settle(site: &Site<'_>) -> Result<Option<Recovered>, ApplyError> {
    let Some((stage, journal)) = unsettled(site)? else { return Ok(None) };
    let finished = stage == Stage::Committed;
    let kept = if finished {
        roll_back::finish(site, &journal)?;
        Vec::new()
    } else {
        roll_back::roll_back(site, &journal)?
    };
    Ok(Some(Recovered { label: journal.record.label, undo: journal.record.undo, finished, kept }))
}

/// Is there a journal to settle, or something in its place?
pub fn is_unsettled(site: &Site<'_>) -> Result<bool, ApplyError> {
    lock::is_usable(site)?;
    Ok(journal::exists(site, Stage::Open)? || journal::exists(site, Stage::Committed)?)
}

fn unsettled(site: &Site<'_>) -> Result<Option<(Stage, Journal)>, ApplyError> {
    lock::is_usable(site)?;
    for stage in [Stage::Committed, Stage::Open] {
        if let Some(journal) = journal::read(site, stage, &site.home)? {
            return Ok(Some((stage, journal)));
        }
    }
    Ok(None)
}
