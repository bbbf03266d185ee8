//! `paxx undo`: the last applied change backwards, byte for byte.

use std::path::Path;

use super::interrupt::Interrupt;
use super::pager::{Pages, View};
use super::pending::place;
use super::prompt::{Answer, Answers};
use super::{Search, Ui, find_project, pending, prompt};
use crate::apply::{self, ApplyError};
use crate::cli::{Global, Undo};
use crate::error::Error;
use crate::render::diff;

/// Runs the command; the exit code.
pub fn run(ui: &Ui, global: &Global, arguments: &Undo) -> Result<u8, Error> {
    let watch = Interrupt::watch();
    pending::settle_journals(ui, &pending::start(ui, global), arguments.confirmation.dry_run)?;
    let settle = if arguments.confirmation.dry_run {
        |ui: &Ui, folder: &Path| pending::settle_journals(ui, folder, true)
    } else {
        |ui: &Ui, folder: &Path| pending::settle_journals(ui, folder, false)
    };
    let discovery = find_project(ui, global, Search { settle, ..Search::writing(ui, &arguments.confirmation) })?;
    let place = place(&discovery);
    let undone = apply::undo_changes(&place).map_err(|error| match error {
        // Planning anew, which helps elsewhere, does not help here.
        ApplyError::Conflict(_) => {
            let help = "take your own change back first, or use `paxx remove`, which keeps it".to_owned();
            Error::Usage(error.to_string(), Some(help))
        }
        error => Error::Apply(error),
    })?;
    ui.note(&format!("undo of `{}`: {} file(s)", undone.label, undone.files.len()));
    let pages = Pages { watch: &watch, wanted: !arguments.confirmation.no_pager };
    let view = |colour| {
        let whole = diff::unified(&undone.files, colour);
        View { short: whole.clone(), whole }
    };
    if arguments.confirmation.dry_run {
        pages.show_all(ui.output, &view(ui.output.look.colour));
        return Ok(u8::from(arguments.confirmation.exit_code));
    }
    if !arguments.confirmation.yes {
        if !prompt::can_ask(ui) {
            return Err(Error::NoTerminal);
        }
        let view = view(ui.error.look.colour);
        pages.show(ui.error, &view, 1);
        let answers = Answers { yes: "yes", no: "no, cancel", each: None, quit: "quit" };
        if prompt::ask(ui, "Take this change back?", &answers, || pages.show(ui.error, &view, 0)) != Answer::Yes {
            return Err(Error::Declined);
        }
    }
    watch.hold();
    match apply::apply(&place, &undone, &|| watch.came()) {
        Err(apply::ApplyError::Interrupted) => {
            ui.say("interrupted; nothing was changed");
            Ok(watch.exit_code())
        }
        result => {
            result?;
            ui.note("done");
            Ok(0)
        }
    }
}
