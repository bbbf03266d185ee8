//! What a run that was killed left behind: every command that looks at a project says so first, and those that change
//! something settle it first.
//!
//! It is looked for before the project is, in the folders around: half a change may be what hides the project.

use std::path::{Path, PathBuf};

use super::{Ui, state_folder};
use crate::apply::{self, ApplyError, Place, Records, Recovered};
use crate::cli::Global;
use crate::error::Error;
use crate::finding::{self, Location, Problem};
use crate::project::FilePath;
use crate::project::discover::Discovery;
use crate::project::root;

/// The records in this user's state folder.
pub fn records() -> Records {
    Records::new(state_folder())
}

/// Where changes of this project are written, and where what a killed run left is looked for.
pub fn place(discovery: &Discovery) -> Place {
    Place::new(&discovery.base, discovery.project.layout.root.clone(), records())
}

/// The folder that the command is about.
pub fn start(ui: &Ui, global: &Global) -> PathBuf {
    global.project.as_ref().map_or_else(|| ui.current.clone(), |project| ui.current.join(project))
}

/// Settles what a killed run left behind, and says which; a dry run only says it. A record for `undo` that is not believed is
/// no reason to stop: it gives way to the next change.
///
/// Says whether files were written.
pub fn settle(ui: &Ui, start: &Path, dry_run: bool) -> Result<bool, Error> {
    let wrote = settle_journals(ui, start, dry_run)?;
    for foreign in places(start).iter().filter_map(apply::foreign_undo) {
        ui.say(&warning(&foreign));
    }
    Ok(wrote)
}

/// The same for `undo`, which speaks of its record itself.
pub fn settle_journals(ui: &Ui, start: &Path, dry_run: bool) -> Result<bool, Error> {
    let mut wrote = false;
    for place in places(start) {
        if dry_run {
            if let Some(note) = note(&place) {
                ui.say(&note);
            }
        } else if let Some(recovered) = apply::recover(&place)? {
            say_recovered(ui, &recovered);
            wrote = true;
        }
    }
    Ok(wrote)
}

/// Says what a killed run left behind, and what is there in its stead. Changes nothing.
pub fn say(ui: &Ui, start: &Path) {
    // Nothing is settled, so nothing fails.
    let _ = settle(ui, start, true);
}

/// The same as findings of `check`: a change that waits, and a journal that is not believed.
pub fn problems(discovery: &Discovery) -> Vec<Problem> {
    let what = match apply::pending(&place(discovery)) {
        Ok(None) => return Vec::new(),
        Ok(Some(pending)) if pending.running => return Vec::new(),
        Ok(Some(pending)) => {
            let help = "the next `paxx add`, `remove` or `undo` takes it back, or finishes it".to_owned();
            (format!("`{}` was interrupted", pending.label), Some(help), pending.path)
        }
        Err(error) => {
            let path = error.path().map(Path::to_owned).unwrap_or_default();
            (error.to_string(), error.help(), path)
        }
    };
    let (message, help, path) = what;
    let mut problem = Problem::new(&finding::UNFINISHED, message);
    problem.help = help;
    problem.at =
        path.strip_prefix(&discovery.base).ok().and_then(|path| FilePath::new(path.to_str()?)).map(Location::file);
    vec![problem]
}

/// What there is to say about the journals in one folder.
fn note(place: &Place) -> Option<String> {
    let pending = match apply::pending(place) {
        Ok(pending) => pending?,
        Err(error) => return Some(warning(&error)),
    };
    let what = if pending.running {
        "is being applied by another paxx right now"
    } else if pending.committed {
        "was interrupted after its commit mark; the next `add`, `remove` or `undo` finishes it"
    } else {
        "was interrupted; the next `add`, `remove` or `undo` takes it back"
    };
    Some(format!("note: `{}` {what}", pending.label))
}

fn warning(error: &ApplyError) -> String {
    let help = error.help().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    format!("warning: {error}{help}")
}

/// Says what became of an interrupted change.
pub fn say_recovered(ui: &Ui, recovered: &Recovered) {
    let what = if recovered.finished { "finished" } else { "taken back" };
    ui.say(&format!("note: `{}` had been interrupted, and was {what}", recovered.label));
    for path in &recovered.kept {
        ui.say(&format!(
            "note: `{path}` was changed meanwhile and is left as it is; its old text is in `.paxx/rolled-back`"
        ));
    }
}

/// The folders in which a run on this one may have left something.
fn places(start: &Path) -> Vec<Place> {
    let records = records();
    root::around(start).into_iter().map(|folder| Place::folder(folder, records.clone())).collect()
}
