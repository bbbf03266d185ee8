//! The summary before a diff: component by component, what will be created, edited, brought along, and left alone.

use std::fmt::Write as _;

use super::styled::{Styled, one_line};
use super::{Paths, diff};
use crate::apply::FileChange;
use crate::component::options::{Decision, Source};
use crate::plan::{Outcome, Plan, Step};
use crate::project::FilePath;
use crate::requirement::NO_COMPOSE_FILE;

/// Lines, each of them one whatever names are in it.
#[derive(Default)]
struct Lines(Styled);

impl Lines {
    fn line(&mut self, text: &str) {
        self.0.push(&*one_line(text));
        self.0.push("\n");
    }

    /// A line whose path leads to its file.
    fn line_with(&mut self, text: &str, path: &FilePath, paths: &Paths) {
        let start = self.0.len();
        self.line(text);
        self.0.lead(start, &one_line(&paths.show(path)), paths.link(path));
    }
}

/// What happens to a file.
fn verb_of(change: &FileChange) -> &'static str {
    match (&change.before, &change.after) {
        (None, _) => "create",
        (_, None) => "delete",
        _ => "edit",
    }
}

/// The files of a plan, a line each: what happens to it, and how many lines come and go; and all of them together.
fn file_lines(text: &mut Lines, changes: &[FileChange], paths: &Paths, marked: &[FilePath]) {
    let what = |change: &FileChange| format!("{} {}", verb_of(change), paths.show(&change.path));
    let width = changes.iter().map(|change| what(change).chars().count()).max().unwrap_or_default();
    for change in changes {
        let (added, removed) = diff::counts(change);
        let mark = if marked.contains(&change.path) { "  (has uncommitted changes)" } else { "" };
        let line = format!("  {:width$}  +{added} -{removed}{mark}", what(change));
        // What is not there yet leads nowhere.
        if change.before.is_some() { text.line_with(&line, &change.path, paths) } else { text.line(&line) }
    }
    text.line(&format!("  {}", total(changes)));
}

/// `5 files: 3 to edit, 2 to create; +120 -4`
pub fn total(changes: &[FileChange]) -> String {
    let (added, removed) = changes.iter().map(diff::counts).fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
    let kinds: Vec<String> = ["edit", "create", "delete"]
        .iter()
        .map(|verb| (changes.iter().filter(|change| verb_of(change) == *verb).count(), verb))
        .filter(|(number, _)| *number > 0)
        .map(|(number, verb)| format!("{number} to {verb}"))
        .collect();
    let noun = if changes.len() == 1 { "file" } else { "files" };
    format!("{} {noun}: {}; +{added} -{removed}", changes.len(), kinds.join(", "))
}

/// Is it the project's lack of compose that makes a requirement not apply?
fn is_for_compose(note: &str) -> bool {
    note.starts_with(NO_COMPOSE_FILE)
}

/// What an option is; where nobody decided, how one does.
fn option(known: &Decision) -> String {
    let (component, name, value) = (known.component, known.option.name, &known.value);
    let mut text = format!("`{component}.{name}` is `{value}`");
    if known.by == Source::Default {
        let _ = write!(text, ", the default: {}", known.option.summary);
        let _ = write!(text, "; `--set {component}.{name}=...` decides on it, {}", known.option.expected());
    }
    text
}

/// The summary of a plan and its changes. `marked` are paths with uncommitted changes.
pub fn summary(
    plan: &Plan,
    changes: &[FileChange],
    paths: &Paths,
    verb: &str,
    marked: &[FilePath],
    verbose: bool,
) -> Styled {
    let mut text = Lines::default();
    let root = &plan.after.layout.root;
    let compose =
        plan.after.layout.compose.as_ref().ok().and_then(|compose| compose.as_ref().map(|compose| &compose.path));
    for file in plan.files.iter().filter(|file| !file.path.is_below(root)) {
        let leave = if compose == Some(&file.path) { " (`--compose none` leaves it)" } else { "" };
        text.line(&format!("Note: this also edits `{}`, above the project{leave}", paths.show(&file.path)));
    }
    let layout = &plan.after.layout;
    if let Ok(application) = &layout.application {
        let shown = paths.show(&application.path);
        let line = format!("Application: `{}` in `{shown}` ({})", application.name(), application.evidence);
        text.line_with(&line, &application.path, paths);
    }
    if let Ok(settings) = &layout.settings {
        let made = if settings.create { ", which will be made" } else { "" };
        let line = format!("Settings: `{}` in `{}`{made}", settings.class, paths.show(&settings.path));
        if settings.create { text.line(&line) } else { text.line_with(&line, &settings.path, paths) }
    }
    let without_compose = |step: &Step| matches!(&step.outcome, Outcome::NotApplicable(note) if is_for_compose(note));
    if plan.steps.iter().any(without_compose) {
        let more = if verbose { "" } else { " (`-v` says what)" };
        text.line(&format!("Compose: none, so that what runs beside the application is yours to start{more}"));
    }
    if let Ok(Some(compose)) = &layout.compose {
        let service = match &compose.application {
            Ok(Some(service)) => format!(", where `{service}` runs the application"),
            _ => ", where no service runs the application".to_owned(),
        };
        let line = format!("Compose: `{}`{service}", paths.show(&compose.path));
        text.line_with(&line, &compose.path, paths);
    }
    if let Some(copy) = layout.dependencies.as_ref().ok().and_then(|found| found.copy.as_ref()) {
        text.line(&format!("Note: `{}` lists dependencies too, and is not edited", paths.show(copy)));
    }
    // One thing that is not there may be why several requirements do not apply, of several components.
    let mut notes: Vec<&str> = Vec::new();
    for (component, brought_by) in &plan.components {
        let because = brought_by.map(|by| format!(" (comes along: `{}` needs it)", by.id())).unwrap_or_default();
        text.line(&format!("{verb} {}{because}", component.id()));
        for known in plan.options.iter().filter(|known| known.component == component.id()) {
            text.line(&format!("  : {}", option(known)));
        }
        let steps: Vec<_> = plan.steps.iter().filter(|step| step.component == component.id()).collect();
        let titles = |wanted: fn(&Outcome) -> bool| -> Vec<&str> {
            steps.iter().filter(|step| wanted(&step.outcome)).map(|step| step.title.as_str()).collect()
        };
        for title in titles(|outcome| matches!(outcome, Outcome::Brought)) {
            text.line(&format!("  + {title}"));
        }
        for title in titles(|outcome| matches!(outcome, Outcome::Removed)) {
            text.line(&format!("  - {title}"));
        }
        let found = titles(|outcome| matches!(outcome, Outcome::Found));
        if verbose {
            for title in found {
                text.line(&format!("  = {title} is there already"));
            }
        } else if !found.is_empty() {
            text.line(&format!("  = {} already there", found.len()));
        }
        for step in &steps {
            match &step.outcome {
                Outcome::Left(problem) => {
                    text.line(&format!("  ! {}", problem.message));
                }
                Outcome::Kept(why, at) => {
                    let place = at.as_ref().map(|at| format!("{}: ", paths.place(&plan.after, at))).unwrap_or_default();
                    text.line(&format!("  ! {place}{} stays: {why}", step.title));
                }
                // That is for the next steps.
                Outcome::NotApplicable(_) if step.id.starts_with("readiness:") && !verbose => {}
                Outcome::NotApplicable(note) if is_for_compose(note) && !verbose => {}
                Outcome::NotApplicable(note) if !notes.contains(&note.as_str()) => {
                    notes.push(note);
                    text.line(&format!("  . {note}"));
                }
                _ => {}
            }
            for note in &step.notes {
                text.line(&format!("  . {note}"));
            }
        }
    }
    let others: Vec<_> = plan
        .steps
        .iter()
        .filter(|step| !plan.components.iter().any(|(component, _)| component.id() == step.component))
        .collect();
    for step in others {
        match &step.outcome {
            Outcome::Brought | Outcome::Removed => text.line(&format!("for {}: {}", step.component, step.title)),
            Outcome::Kept(why, _) => text.line(&format!("for {}: {} stays: {why}", step.component, step.title)),
            _ => {}
        }
    }
    if !plan.files.is_empty() {
        text.line("Files");
        file_lines(&mut text, changes, paths, marked);
    }
    text.0
}
