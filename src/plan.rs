//! From requirements to one plan: what will change, requirement by requirement, and why something cannot.
//!
//! The plan goes through the requirements one after the other, each against the project as the ones before left it in memory,
//! until each is met. What was found out is one object: the preview shows it, `apply` writes it, JSON prints it.
//!
//! (The first sketch assessed all requirements against one snapshot, in rounds, and ordered edits at one place by ranks. One
//! after the other needs no ranks, cannot conflict, and lets each requirement see what is there; `edit::Pieces` gives the byte
//! ranges of the original text back.)

mod add;
mod bounds;
mod context;
mod draft;
mod fix;
mod keep;
mod order;
mod remove;
mod scaffolding;
mod uses;

use std::rc::Rc;

pub use add::add;
pub use bounds::{Bound, Raising};
use bounds::{asked_by, raise_of, raised};
pub use context::context;
use draft::Draft;
pub use fix::fix;
pub use keep::{Generated, generated, keep};
pub use remove::remove;
use scaffolding::uses;
pub use uses::{imported, unlisted, word_of, words as words_of_uses};

use crate::component::Component;
use crate::component::options::{Decision, Given, Source};
use crate::edit;
use crate::finding::{self, Location, Problem, Severity};
use crate::lock::{self, Lock, Scaffolding, ScaffoldingKey};
use crate::project::discover::Discovery;
use crate::project::{File, FilePath, Project};
use crate::requirement::{Assessment, Requirement, module::Written};

/// A requirement needs at most this many fixes until it is met: an import, and the statement that uses it, for instance.
const MOST_FIXES: usize = 4;

/// What will be done.
#[derive(Debug)]
pub struct Plan {
    /// The components that were asked for, and those that come along with who brings them.
    pub components: Vec<(&'static Component, Option<&'static Component>)>,
    /// What each option of these components is, and who decided so.
    pub options: Vec<Decision>,
    /// Requirement by requirement.
    pub steps: Vec<Step>,
    /// File by file, in the order of the paths: only those that change.
    pub files: Vec<PlannedFile>,
    /// Why it cannot be done.
    pub refusals: Vec<Problem>,
    /// What the user has to do himself, because `--allow-manual` goes on without it.
    pub manual: Vec<Problem>,
    /// The project afterwards.
    pub after: Project,
    /// Bounds that are in the way, and could be raised.
    pub bounds: Vec<Bound>,
    /// The texts of the modules that are written, to be kept for later comparisons.
    pub base_texts: Vec<String>,
}

/// A requirement in the plan.
#[derive(Debug)]
pub struct Step {
    /// The component.
    pub component: String,
    /// The requirement's stable name.
    pub id: String,
    /// What it is, as a phrase.
    pub title: String,
    /// What becomes of it.
    pub outcome: Outcome,
    /// What the user should know about it: phrases for the summary.
    pub notes: Vec<String>,
    /// The shared scaffolding that it makes.
    pub scaffolding: Vec<ScaffoldingKey>,
}

/// What becomes of a requirement.
#[derive(Debug)]
pub enum Outcome {
    /// It holds already: nothing changes.
    Found,
    /// It is brought.
    Brought,
    /// It is taken back.
    Removed,
    /// It stays, though it was to be removed; why.
    Kept(String, Option<Location>),
    /// It is not quite as it should be, and is left alone.
    Left(Problem),
    /// It does not apply here; why.
    NotApplicable(String),
    /// It cannot be brought.
    Refused(Problem),
}

impl Step {
    fn plain(component: &str, id: String, title: String, outcome: Outcome) -> Self {
        let component = component.to_owned();
        Self { component, id, title, outcome, notes: Vec::new(), scaffolding: Vec::new() }
    }
}

/// A file that changes.
#[derive(Debug)]
pub struct PlannedFile {
    /// The file.
    pub path: FilePath,
    /// As it is; `None` where it is made.
    pub before: Option<Rc<File>>,
    /// As it will be; `None` where it is deleted.
    pub after: Option<Rc<File>>,
    /// The changes of its text, each with the number of its step; empty where the whole file is made or deleted.
    pub changes: Vec<edit::Change>,
    /// The step that makes or deletes the whole file.
    pub step: Option<usize>,
}

impl Plan {
    /// Nothing done yet.
    fn new(
        discovery: &Discovery,
        components: Vec<(&'static Component, Option<&'static Component>)>,
        options: Vec<Decision>,
    ) -> Self {
        Self {
            components,
            options,
            steps: Vec::new(),
            files: Vec::new(),
            refusals: Vec::new(),
            manual: Vec::new(),
            bounds: Vec::new(),
            after: discovery.project.clone(),
            base_texts: Vec::new(),
        }
    }

    /// Is there nothing to do?
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

/// What the user allows.
#[derive(Debug, Clone, Default)]
pub struct Allowances {
    /// Overwrite a module that exists and differs.
    pub force: bool,
    /// Go on though a place could not be found.
    pub manual: bool,
    /// Raise bounds that exclude what is needed.
    pub raise: Raising,
    /// The options that he decided on.
    pub options: Vec<Given>,
}

/// What the lock has of the options of these components.
fn recorded_options(components: &[&'static Component]) -> Vec<Decision> {
    let all = components.iter().flat_map(|component| component.values().map(|value| (component.id(), value)));
    all.map(|(component, (option, value))| Decision {
        component,
        option,
        value: value.to_owned(),
        by: Source::Recorded,
    })
    .collect()
}

/// Brings one requirement, and records it.
fn bring(
    plan: &mut Plan,
    draft: &mut Draft,
    lock: &mut Lock,
    component: &'static Component,
    requirement: &Requirement,
    allow: &Allowances,
) {
    let number = plan.steps.len();
    let id = requirement.id();
    let mut record = lock::Requirement { id: id.clone(), ..lock::Requirement::default() };
    let mut outcome = Outcome::Found;
    let mut refused = None;
    let mut notes = Vec::new();
    let mut made = Vec::new();
    for round in 0..=MOST_FIXES {
        let (problem, fix) = match requirement.assess(&draft.project) {
            Assessment::Met { .. } => break,
            Assessment::NotApplicable { note } => {
                outcome = Outcome::NotApplicable(note);
                break;
            }
            Assessment::Missing { problem, fix } => (problem, fix),
            Assessment::Drifted { problem, .. } if problem.rule.severity != Severity::Error => {
                outcome = Outcome::Left(draft.problem_on_disk(problem));
                break;
            }
            Assessment::Drifted { problem, .. } | Assessment::Blocked { problem } => {
                let Some(raise) = raise_of(requirement, &draft.project, &problem) else {
                    refused = Some(problem);
                    break;
                };
                let mut on_disk = raise.clone();
                draft.on_disk(&mut on_disk.at);
                if !allow.raise.allows(&on_disk.at) {
                    plan.bounds.push(Bound {
                        requirement: requirement.id(),
                        component: component.id().to_owned(),
                        raise: on_disk,
                    });
                    refused = Some(problem);
                    break;
                }
                (problem, raised(requirement, &draft.project, &raise))
            }
        };
        if round == MOST_FIXES {
            refused = Some(
                problem.help("this is a defect of paxx: its own edit did not bring what it should; please report it"),
            );
            break;
        }
        if let Err(problem) = draft.take(&fix.changes, number) {
            refused = Some(problem);
            break;
        }
        outcome = Outcome::Brought;
        record.created |= !fix.completes;
        record.text = fix.record.text.or(record.text);
        record.replaced = record.replaced.or(fix.record.replaced);
        notes.extend(fix.notes);
        for (key, replaced) in fix.record.scaffolding {
            if !lock.has_scaffolding(&key) {
                made.push(key.clone());
                lock.scaffolding.push(Scaffolding { key, components: Vec::new(), replaced });
            }
        }
    }
    let refused = refused.map(|problem| asked_by(&plan.components, component, problem));
    if let Some(problem) = refused.map(|problem| draft.problem_on_disk(problem)) {
        let list = if allow.manual && !is_fatal(&problem) { &mut plan.manual } else { &mut plan.refusals };
        // Several requirements may be in the way of one thing, which is said once.
        let said = |known: &Problem| known.message == problem.message && known.at == problem.at;
        if allow.manual || !list.iter().any(said) {
            list.push(problem.clone());
        }
        outcome = Outcome::Refused(problem);
    }
    let is_recorded = matches!(outcome, Outcome::Found | Outcome::Brought | Outcome::Left(_));
    if is_recorded {
        if let Requirement::Module(module) = requirement {
            let text = draft.project.text(&module.file(&draft.project)).unwrap_or_default();
            if record.created {
                record.blob = Some(lock::blob_id(text));
                plan.base_texts.push(text.replace("\r\n", "\n"));
            }
        }
        if !requirement.is_shared() {
            remember(lock, component, record);
        } else if record.created {
            let key = ScaffoldingKey::parse(&id, &FilePath::top());
            made.push(key.clone());
            lock.scaffolding.push(Scaffolding { key, components: Vec::new(), replaced: None });
        }
    }
    let title = requirement.title(&draft.project);
    plan.steps.push(Step { component: component.id().to_owned(), id, title, outcome, notes, scaffolding: made });
}

/// Some refusals are about the file itself, and no line to paste helps.
fn is_fatal(problem: &Problem) -> bool {
    let fatal =
        [&finding::READ_ONLY, &finding::NOT_TEXT, &finding::SYNTAX_ERROR, &finding::OUTSIDE, &finding::MODULE_FOREIGN];
    fatal.iter().any(|rule| **rule == *problem.rule)
}

/// Records a requirement of a component. What was created once stays created, though a later run finds it.
fn remember(lock: &mut Lock, component: &'static Component, record: lock::Requirement) {
    let name = component.id();
    if lock.component(name).is_none() {
        lock.components.push(lock::Component { name: name.to_owned(), ..lock::Component::default() });
    }
    let Some(entry) = lock.components.iter_mut().find(|entry| entry.name == name) else { return };
    // What a newer paxx brought stays what it is.
    entry.version = entry.version.max(component.manifest.version);
    entry.options = component.values().map(|(option, value)| (option.name.to_string(), value.to_owned())).collect();
    match entry.requirements.iter_mut().find(|known| known.id == record.id) {
        Some(known) if record.created => *known = lock::Requirement { more: std::mem::take(&mut known.more), ..record },
        Some(_) => {}
        None => entry.requirements.push(record),
    }
}

/// Writes the lock file into the plan, and takes stock of the files.
fn finish(plan: &mut Plan, mut draft: Draft, mut lock: Lock, discovery: &Discovery, before: &Lock) {
    for scaffolding in &mut lock.scaffolding {
        // Of a component that this version does not know, what was recorded counts.
        let recorded = std::mem::take(&mut scaffolding.components);
        scaffolding.components = lock
            .components
            .iter()
            .filter(|installed| match Component::find(&installed.name) {
                Some(component) => uses(component, &scaffolding.key, &discovery.project.layout.services),
                None => recorded.contains(&installed.name),
            })
            .map(|installed| installed.name.clone())
            .collect();
    }
    lock.scaffolding.retain(|scaffolding| !scaffolding.components.is_empty());
    lock.sort(&discovery.project.layout.root);
    // Where something is not found, what was found before says what is gone.
    let mut found = discovery.project.layout.found();
    // A class that would be made, and that nothing needed, is nowhere.
    let is_made = |path: &FilePath| draft.project.file(path).is_some();
    if discovery.project.layout.settings.as_ref().is_ok_and(|settings| !is_made(&settings.path)) {
        found.truncate(1);
    }
    if !lock.components.is_empty() && !found.is_empty() {
        lock.found = found;
    }
    if lock != *before {
        find_blobs(&mut lock, &discovery.project);
    }
    let path = discovery.project.layout.root.child(lock::NAME);
    if lock.components.is_empty() {
        draft.project.set(path.clone(), None);
        draft.whole.insert(path, plan.steps.len());
    } else if lock != *before || draft.project.file(&path).is_none() {
        let text = draft.line_ending.convert(&lock.to_text(&path));
        draft.project.set(path.clone(), Some(File::new(text.into_bytes())));
        draft.whole.insert(path, plan.steps.len());
    }
    plan.files = draft.files();
    order::sort(&mut plan.files, &draft.project.layout);
    for step in &mut plan.steps {
        // Where it is when all is done.
        if let Outcome::Kept(_, Some(at)) = &mut step.outcome
            && let Some(pieces) = draft.pieces.get(&at.path)
        {
            at.range = pieces.present(&at.range);
        }
    }
    plan.after = draft.project;
}

/// The git blob ids of modules that version 1 of the lock recorded, where the text that was written can be found.
fn find_blobs(lock: &mut Lock, project: &Project) {
    let is_old = |record: &lock::Requirement| record.blob.is_none() && record.digest.is_some();
    for entry in &mut lock.components {
        let Some(component) = Component::find(&entry.name).map(|component| component.decided(&entry.options)) else {
            continue;
        };
        if !entry.requirements.iter().any(is_old) {
            continue;
        }
        for (module, rendered) in component.modules(&context(project)) {
            let id = format!("module:{}", module.path);
            let record = entry.requirements.iter_mut().find(|record| record.id == id && is_old(record));
            let Some(record) = record else { continue };
            let Some(written) = Written::of(record) else { continue };
            let rendered = project.layout.services.renamed(&rendered);
            let path = project.layout.services.file(&module.path);
            let there = project.text(&path).map(|text| text.replace("\r\n", "\n"));
            if let Some(text) = written.text(project, there.as_deref(), &rendered) {
                record.blob = Some(lock::blob_id(text));
                record.digest = None;
            }
        }
    }
}
