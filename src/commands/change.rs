//! What `add`, `remove` and `undo` share: show a change, ask, apply it.

use super::after::Next;
use super::interrupt::Interrupt;
use super::pager::{self, Pages, View};
use super::pending::place;
use super::prompt::{Answer, Answers};
use super::{Ui, pending, prompt, refused};
use crate::apply::{self, Contents, FileChange};
use crate::cli::{Confirmation, PlanFormat};
use crate::error::Error;
use crate::lock::Lock;
use crate::plan::{Outcome, Plan, Step};
use crate::project::discover::Discovery;
use crate::project::uncommitted::uncommitted;
use crate::project::{File, FilePath};
use crate::render::next_steps::NextSteps;
use crate::render::styled::Styled;
use crate::render::{Paths, diff, findings, json, summary};

/// A plan on its way to the disk.
pub struct Proposal<'a> {
    /// Where output goes.
    pub ui: &'a Ui,
    /// The project.
    pub discovery: &'a Discovery,
    /// The plan.
    pub plan: Plan,
    /// The command, as the journal names it: `paxx add redis`.
    pub label: String,
    /// The verb, for the summary: `add`.
    pub verb: &'static str,
    /// How to confirm.
    pub confirmation: Confirmation,
    /// How to show the plan.
    pub format: PlanFormat,
}

fn contents(file: &File) -> Contents {
    Contents { bytes: file.bytes().clone(), executable: file.executable }
}

fn file_changes(plan: &Plan) -> Vec<FileChange> {
    plan.files
        .iter()
        .map(|file| FileChange {
            path: file.path.clone(),
            before: file.before.as_deref().map(contents),
            after: file.after.as_deref().map(contents),
        })
        .collect()
}

impl Proposal<'_> {
    /// Shows the plan, asks, and applies it. The exit code. `next` is what comes after the plan.
    pub fn carry_out(mut self, watch: &Interrupt, next: impl Fn(&Ui, &Plan) -> Next) -> Result<u8, Error> {
        let ui = self.ui;
        let paths = ui.paths(self.discovery);
        if self.format == PlanFormat::Json {
            let is_done = self.plan.refusals.is_empty() && !self.plan.is_empty();
            let next = if is_done { next(ui, &self.plan).steps } else { NextSteps::default() };
            ui.out(&json::plan(&self.plan, &self.label, &self.discovery.project, &paths, &next));
        }
        if !self.plan.refusals.is_empty() {
            return Err(refused(ui, self.discovery, std::mem::take(&mut self.plan.refusals)));
        }
        for problem in &self.discovery.unsearched {
            ui.note(&format!("note: {}", problem.message));
        }
        let changes = file_changes(&self.plan);
        if self.plan.is_empty() {
            ui.note(summary::summary(&self.plan, &changes, &paths, self.verb, &[], ui.verbose));
            ui.note("nothing to do: everything is as it should be");
            self.say_manual(&paths);
            return Ok(0);
        }
        if self.confirmation.dry_run {
            ui.note(summary::summary(&self.plan, &changes, &paths, self.verb, &[], ui.verbose));
            if self.format == PlanFormat::Text {
                let pages = Pages { watch, wanted: !self.confirmation.no_pager };
                pages.show_all(ui.output, &self.view(&changes, ui.output.look.colour));
                self.say_how_to_apply();
            }
            self.say_manual(&paths);
            return Ok(u8::from(self.confirmation.exit_code));
        }
        if !self.confirmation.yes && !prompt::can_ask(ui) {
            return Err(Error::NoTerminal);
        }
        let on_disk = changes.iter().filter_map(|change| Some((&change.path, &*change.before.as_ref()?.bytes)));
        let marked = if self.discovery.in_git {
            uncommitted(&self.discovery.base, &self.discovery.opened, on_disk)
        } else {
            Vec::new()
        };
        let summary = summary::summary(&self.plan, &changes, &paths, self.verb, &marked, ui.verbose);
        ui.note(summary.clone());
        let place = place(self.discovery);
        for (path, others) in apply::hard_links(&place, &changes) {
            ui.note(&format!("note: `{path}` has {others} other hard link(s), which will keep the old text"));
        }
        let changes = if self.confirmation.yes {
            changes
        } else {
            let pages = Pages { watch, wanted: !self.confirmation.no_pager };
            self.ask(&changes, &paths, &marked, &summary, &pages)?
        };
        watch.hold();
        let change = apply::Change {
            label: self.label.clone(),
            root: self.discovery.project.layout.root.clone(),
            undo: false,
            files: changes,
        };
        let applied = match apply::apply(&place, &change, &|| watch.came()) {
            Err(apply::ApplyError::Interrupted) => {
                ui.say("interrupted; nothing was changed");
                return Ok(watch.exit_code());
            }
            result => result?,
        };
        apply::keep_base_texts(super::state_folder().as_deref(), &self.plan.base_texts);
        for recovered in &applied.recovered {
            pending::say_recovered(ui, recovered);
        }
        if let Some(leftover) = &applied.leftover {
            ui.say(&format!("note: {leftover}; the next run clears it away"));
        }
        ui.note(&format!("{} file(s) changed; `paxx undo` takes it back", change.files.len()));
        self.say_manual(&paths);
        let next = next(ui, &self.plan);
        if !next.steps.is_empty() {
            ui.note(&format!("\n{}\n{}", next.heading, next.steps.to_text()));
        }
        Ok(0)
    }

    /// The line that applies the diff, where it is not meant for the current folder.
    fn say_how_to_apply(&self) {
        let root = &self.discovery.project.layout.root;
        if self.discovery.in_git && !root.as_str().is_empty() {
            self.ui.note("apply it by hand: git -C \"$(git rev-parse --show-toplevel)\" apply");
        }
    }

    fn say_manual(&self, paths: &Paths) {
        if self.plan.manual.is_empty() {
            return;
        }
        self.ui.say("To do by hand:");
        for problem in &self.plan.manual {
            self.ui.say(&format!("- {}", findings::concise(problem, Some(&self.discovery.project), Some(paths))));
            for line in problem
                .manual
                .iter()
                .chain(problem.help.iter().filter(|_| problem.manual.is_none()))
                .flat_map(|text| text.lines())
            {
                self.ui.say(&format!("    {line}"));
            }
        }
    }

    /// Asks until the user applies all, some, or nothing.
    fn ask(
        &mut self,
        changes: &[FileChange],
        paths: &Paths,
        marked: &[FilePath],
        summary: &Styled,
        pages: &Pages<'_>,
    ) -> Result<Vec<FileChange>, Error> {
        let ui = self.ui;
        let view = self.view(changes, ui.error.look.colour);
        let summary = if ui.quiet { Styled::default() } else { summary.clone() };
        let above = pager::height(ui.error, &summary);
        let has_room = pager::size(ui.error).is_none_or(|(_, rows)| above + pager::QUESTION <= rows);
        // A summary that is longer than the screen itself is read with the rest of it.
        pages.show(ui.error, &if has_room { view.clone() } else { view.below(&summary) }, above);
        let question = format!("Apply these changes to {}?", summary::total(changes));
        loop {
            let answer = prompt::ask(
                ui,
                &question,
                &Answers { yes: "yes, all", no: "no, cancel", each: Some("each file by itself"), quit: "quit" },
                || pages.show(ui.error, &view.opened(), 0),
            );
            let chosen = match answer {
                Answer::Yes => Some(changes.to_vec()),
                Answer::Each => self.choose(changes, paths, marked, pages)?,
                Answer::No | Answer::Quit => return Err(Error::Declined),
            };
            if let Some(confirmed) =
                chosen.map(|chosen| self.confirm_overwriting(chosen, paths, pages)).transpose()?.flatten()
            {
                return Ok(confirmed);
            }
        }
    }

    /// A module of the user's that `--force` overwrites is asked for by itself; `None` where he goes back to the question before.
    fn confirm_overwriting(
        &self,
        changes: Vec<FileChange>,
        paths: &Paths,
        pages: &Pages<'_>,
    ) -> Result<Option<Vec<FileChange>>, Error> {
        for file in
            self.plan.files.iter().filter(|file| file.before.is_some() && file.after.is_some() && file.step.is_some())
        {
            let is_lock = file.path.name() == crate::lock::NAME;
            let Some(change) = changes.iter().find(|change| change.path == file.path).filter(|_| !is_lock) else {
                continue;
            };
            let question = format!("`{}` is there and will be overwritten. Overwrite it?", paths.show(&file.path));
            let answers =
                Answers { yes: "yes", no: "no, cancel", each: Some("back, to each file by itself"), quit: "quit" };
            match prompt::ask(self.ui, &question, &answers, || {
                pages.show(
                    self.ui.error,
                    &self.view(std::slice::from_ref(change), self.ui.error.look.colour).opened(),
                    0,
                );
            }) {
                Answer::Yes => {}
                Answer::Each => return Ok(None),
                Answer::No | Answer::Quit => return Err(Error::Declined),
            }
        }
        Ok(Some(changes))
    }

    /// File by file; `None` where the user goes back to the question before.
    fn choose(
        &mut self,
        changes: &[FileChange],
        paths: &Paths,
        marked: &[FilePath],
        pages: &Pages<'_>,
    ) -> Result<Option<Vec<FileChange>>, Error> {
        let lock_path = self.discovery.project.layout.root.child(crate::lock::NAME);
        let mut chosen: Vec<FileChange> = Vec::new();
        let mut left: Vec<FilePath> = Vec::new();
        for change in changes.iter().filter(|change| change.path != lock_path) {
            let view = self.view(std::slice::from_ref(change), self.ui.error.look.colour);
            pages.show(self.ui.error, &view, 0);
            let mark = if marked.contains(&change.path) { " (has uncommitted changes)" } else { "" };
            let question = format!("Apply this to `{}`{mark}?", paths.show(&change.path));
            let answers = Answers {
                yes: "yes",
                no: "no, leave it out",
                each: Some("each file again, from the first"),
                quit: "quit, change nothing",
            };
            match prompt::ask(self.ui, &question, &answers, || pages.show(self.ui.error, &view.opened(), 0)) {
                Answer::Yes => chosen.push(change.clone()),
                Answer::No => left.push(change.path.clone()),
                Answer::Each => return self.choose(changes, paths, marked, pages),
                Answer::Quit => return Err(Error::Declined),
            }
        }
        if chosen.is_empty() {
            return Err(Error::Declined);
        }
        let applied: Vec<FilePath> = chosen.iter().map(|change| change.path.clone()).collect();
        let lacking = self.steps_that_touch(&left);
        let brought = self.steps_that_touch(&applied);
        if !lacking.is_empty() {
            self.ui.say("Without what you left out, this would be missing, and the component would not work:");
            for step in &lacking {
                self.ui.say(&format!("  - {}", step.title));
            }
            let answers = Answers {
                yes: "yes",
                no: "no, back to all of it",
                each: Some("each file again"),
                quit: "quit, change nothing",
            };
            match prompt::ask(self.ui, "Apply the rest all the same?", &answers, || {
                pages.show(self.ui.error, &self.view(&chosen, self.ui.error.look.colour).opened(), 0);
            }) {
                Answer::Yes => {}
                Answer::No => return Ok(None),
                Answer::Each => return self.choose(changes, paths, marked, pages),
                Answer::Quit => return Err(Error::Declined),
            }
        }
        // What is left out was not brought: the lock must not say that it was.
        if let Some(lock) = changes.iter().find(|change| change.path == lock_path) {
            // Of what needs several files, a part may have been brought: that is ours to take back.
            let not_brought: Vec<&Step> = lacking
                .iter()
                .copied()
                .filter(|step| !brought.iter().any(|other| std::ptr::eq(*other, *step)))
                .collect();
            chosen.push(without(lock, &lock_path, &not_brought));
        }
        Ok(Some(chosen))
    }

    /// The changes as they are previewed: with the modules of components folded, and whole.
    fn view(&self, changes: &[FileChange], colour: bool) -> View {
        let is_module = |change: &FileChange| {
            let file = self.plan.files.iter().find(|file| file.path == change.path);
            let step = file.and_then(|file| self.plan.steps.get(file.step?));
            step.is_some_and(|step| step.id.starts_with("module:"))
        };
        View { short: diff::folded(changes, colour, is_module), whole: diff::unified(changes, colour) }
    }

    fn steps_that_touch(&self, left: &[FilePath]) -> Vec<&Step> {
        let mut numbers: Vec<usize> = Vec::new();
        for file in self.plan.files.iter().filter(|file| left.contains(&file.path)) {
            numbers.extend(file.changes.iter().map(|change| change.owner));
            numbers.extend(file.step);
        }
        numbers.sort_unstable();
        numbers.dedup();
        let steps = numbers.into_iter().filter_map(|number| self.plan.steps.get(number));
        steps.filter(|step| matches!(step.outcome, Outcome::Brought | Outcome::Removed)).collect()
    }
}

/// The change of `paxx.lock` without what these steps would have brought, the scaffolding that they would have made among it.
fn without(change: &FileChange, path: &FilePath, steps: &[&Step]) -> FileChange {
    let text =
        change.after.as_ref().map(|after| String::from_utf8_lossy(&after.bytes).into_owned()).unwrap_or_default();
    let Ok(mut lock) = Lock::parse(path, &text) else { return change.clone() };
    for component in &mut lock.components {
        component.requirements.retain(|requirement| !steps.iter().any(|step| step.id == requirement.id));
    }
    lock.scaffolding.retain(|known| !steps.iter().any(|step| step.scaffolding.contains(&known.key)));
    let after = Contents { bytes: lock.to_text(path).into_bytes().into(), executable: false };
    FileChange { after: Some(after), ..change.clone() }
}
