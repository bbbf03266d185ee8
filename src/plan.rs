//! From requirements to one plan: what will change, requirement by requirement, and why something cannot.
//!
//! The plan goes through the requirements one after the other, each against the project as the ones before left it in memory,
//! until each is met. What was found out is one object: the preview shows it, `apply` writes it, JSON prints it.
//!
//! (The first sketch assessed all requirements against one snapshot, in rounds, and ordered edits at one place by ranks. One
//! after the other needs no ranks, cannot conflict, and lets each requirement see what is there; `edit::Pieces` gives the byte
//! ranges of the original text back.)

mod bounds;
mod context;
mod draft;
mod keep;
mod order;
mod scaffolding;
mod uses;

use std::rc::Rc;

pub use bounds::{Bound, Raising};
use bounds::{asked_by, raise_of, raised};
pub use context::context;
use draft::Draft;
pub use keep::{Generated, generated, keep};
use scaffolding::{here, portable, uses};
pub use uses::{imported, unlisted, word_of, words as words_of_uses};

use crate::component::options::{self, Decision, Given, Source};
use crate::component::registry::with_required;
use crate::component::{COMPONENTS, Component};
use crate::edit;
use crate::finding::{self, Location, Problem, Severity};
use crate::lock::{self, Lock, Scaffolding};
use crate::project::discover::Discovery;
use crate::project::layout::Installer;
use crate::project::{File, FilePath, Project};
use crate::requirement::{Assessment, Requirement, Retraction, module::Written, python, requirements_of, setting};

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
    /// The shared scaffolding that it makes, as the lock names it.
    pub scaffolding: Vec<String>,
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

/// Plans to add components.
pub fn add(discovery: &Discovery, lock: &Lock, named: &[&'static Component], allow: &Allowances) -> Plan {
    let components = with_required(named);
    let options = options::decisions(
        components.iter().map(|(component, _)| *component),
        |name| lock.component(name).map(|entry| &entry.options),
        &allow.options,
    );
    let components: Vec<_> = components.into_iter().map(|(component, by)| (decided(component, &options), by)).collect();
    let mut draft = Draft::new(&discovery.project);
    let context = context(&discovery.project);
    let mut installed: Vec<&str> = lock.components.iter().map(|component| component.name.as_str()).collect();
    let new: Vec<&'static str> = components.iter().map(|(component, _)| component.id()).collect();
    installed.extend(&new);
    let mut plan = Plan {
        components: components.clone(),
        options,
        steps: Vec::new(),
        files: Vec::new(),
        refusals: Vec::new(),
        manual: Vec::new(),
        bounds: Vec::new(),
        after: discovery.project.clone(),
        base_texts: Vec::new(),
    };
    let mut next = lock.clone();
    next.options.retain(|(key, _)| !discovery.options.iter().any(|(given, _)| given == key));
    next.options.extend(discovery.options.iter().cloned());
    // Components that are there already may need something beside a new one.
    let others = COMPONENTS
        .iter()
        .filter(|component| lock.component(component.id()).is_some() && !new.contains(&component.id()))
        .map(|component| lock.decided(component));
    let all = components.iter().map(|(component, _)| *component).chain(others);
    for component in all {
        let force = allow.force && named.iter().any(|known| known.id() == component.id());
        let entry = lock.component(component.id());
        for requirement in requirements_of(&draft.project, component, &installed, &context, lock, force) {
            let id = requirement.id();
            let is_new_here = new.contains(&component.id())
                || entry.is_none_or(|entry| !entry.requirements.iter().any(|known| known.id == id));
            if !is_new_here {
                continue;
            }
            bring(&mut plan, &mut draft, &mut next, component, &requirement, allow);
            if let Requirement::Dependency(dependency) = &requirement
                && discovery.imported.contains(&dependency.name())
            {
                note_import(&mut next, component, &id);
            }
        }
    }
    let locked = matches!(discovery.project.layout.installer, Installer::Uv | Installer::Poetry | Installer::Pdm);
    let brought = |step: &&mut Step| step.id.starts_with("dependency:") && matches!(step.outcome, Outcome::Brought);
    if let Some(note) = python::loose_bound(&discovery.project).filter(|_| locked)
        && let Some(step) = plan.steps.iter_mut().find(brought)
    {
        step.notes.push(note);
    }
    plan.refusals.extend(draft.new_errors());
    finish(&mut plan, draft, next, discovery, lock);
    plan
}

/// A component with what was decided on.
fn decided(component: &'static Component, options: &[Decision]) -> &'static Component {
    let own = options.iter().filter(|known| known.component == component.id());
    component.decided(&own.map(|known| (known.option.name.to_string(), known.value.clone())).collect())
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
        for (name, replaced) in fix.record.scaffolding {
            let name = portable(&name, &draft.project.layout.root);
            if !lock.scaffolding.iter().any(|known| known.name == name) {
                made.push(name.clone());
                lock.scaffolding.push(Scaffolding { name, components: Vec::new(), replaced });
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
            made.push(id.clone());
            lock.scaffolding.push(Scaffolding { name: id.clone(), ..Scaffolding::default() });
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
    entry.version = component.manifest.version;
    entry.options = component.values().map(|(option, value)| (option.name.to_string(), value.to_owned())).collect();
    match entry.requirements.iter_mut().find(|known| known.id == record.id) {
        Some(known) if record.created => *known = record,
        Some(_) => {}
        None => entry.requirements.push(record),
    }
}

/// Records of a package that was brought that the project's own code imported it before.
fn note_import(lock: &mut Lock, component: &'static Component, id: &str) {
    let entry = lock.components.iter_mut().find(|entry| entry.name == component.id());
    let record = entry.and_then(|entry| entry.requirements.iter_mut().find(|record| record.id == id));
    if let Some(record) = record.filter(|record| record.created && record.text.is_some()) {
        record.imported = true;
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
                Some(component) => uses(component, &scaffolding.name, &discovery.project.layout.services),
                None => recorded.contains(&installed.name),
            })
            .map(|installed| installed.name.clone())
            .collect();
    }
    lock.scaffolding.retain(|scaffolding| !scaffolding.components.is_empty());
    lock.sort();
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
        let text = draft.line_ending.convert(&lock.to_text());
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

/// Plans to remove components.
///
/// # Errors
///
/// A component that stays needs one of them.
pub fn remove(discovery: &Discovery, lock: &Lock, leaving: &[String]) -> Result<Plan, Problem> {
    let leaving: Vec<&str> = leaving.iter().map(String::as_str).collect();
    let named = leaving.iter().filter_map(|name| Component::find(name));
    let named: Vec<&'static Component> = named.map(|component| lock.decided(component)).collect();
    for stays in COMPONENTS
        .iter()
        .filter(|component| lock.component(component.id()).is_some() && !leaving.contains(&component.id()))
    {
        if let Some(needed) = stays.manifest.requires.iter().find(|required| leaving.contains(&required.0)) {
            return Err(Problem::new(&finding::COMPONENT_MISSING, format!("`{}` needs `{needed}`", stays.id()))
                .help(format!("remove both: `paxx remove {needed} {}`", stays.id())));
        }
    }
    let root = &discovery.project.layout.root;
    let mut draft = Draft::new(&discovery.project);
    let context = context(&discovery.project);
    let before = COMPONENTS.iter().filter(|component| lock.component(component.id()).is_some());
    let before: Vec<&'static Component> = before.map(|component| lock.decided(component)).collect();
    let after: Vec<&'static Component> =
        before.iter().filter(|component| !leaving.contains(&component.id())).copied().collect();
    let ids = |components: &[&'static Component]| -> Vec<(&'static Component, Requirement)> {
        let names: Vec<&str> = components.iter().map(|component| component.id()).collect();
        components
            .iter()
            .flat_map(|component| {
                requirements_of(&discovery.project, component, &names, &context, lock, false)
                    .into_iter()
                    .map(|requirement| (*component, requirement))
                    .collect::<Vec<_>>()
            })
            .collect()
    };
    let needed: Vec<String> = ids(&after).iter().map(|(_, requirement)| requirement.id()).collect();
    let mut next = lock.clone();
    let mut plan = Plan {
        components: named.iter().map(|component| (*component, None)).collect(),
        options: recorded_options(&named),
        steps: Vec::new(),
        files: Vec::new(),
        refusals: Vec::new(),
        manual: Vec::new(),
        bounds: Vec::new(),
        after: discovery.project.clone(),
        base_texts: Vec::new(),
    };
    // From the last to the first, so that what imports goes before what is imported; shared folders and classes at the end.
    let mut going: Vec<(&'static Component, Requirement)> = ids(&before);
    // A volume goes when no service mounts it any more, and a package when nothing of ours imports it.
    going.sort_by_key(|(_, requirement)| match requirement {
        Requirement::Dependency(_) => 0,
        Requirement::SettingsClass | Requirement::Package | Requirement::Volume(_) => 1,
        _ => 2,
    });
    let mut done: Vec<String> = Vec::new();
    // What this version does not know of them goes first, by what was recorded.
    let known: Vec<String> = going.iter().map(|(_, requirement)| requirement.id()).collect();
    for entry in lock.components.iter().filter(|entry| leaving.contains(&entry.name.as_str())) {
        for record in entry.requirements.iter().filter(|record| record.created && !known.contains(&record.id)) {
            remove_by_record(&mut plan, &mut draft, lock, &entry.name, record);
        }
    }
    let services = &discovery.project.layout.services;
    let modules = before.iter().flat_map(|component| component.manifest.module.iter());
    let mut ours: Vec<FilePath> = modules.map(|module| services.file(&module.path)).collect();
    // Modules that the user changed, and that need what they read.
    let mut kept: Vec<FilePath> = Vec::new();
    let mut goes = uses::Going::default();
    for (component, requirement) in going.into_iter().rev() {
        let id = requirement.id();
        if done.contains(&id) || needed.contains(&id) {
            continue;
        }
        done.push(id.clone());
        let Some(mut recorded) = lock.recorded(&id) else { continue };
        for (name, _) in &mut recorded.scaffolding {
            *name = here(name, root);
        }
        let number = plan.steps.len();
        let title = requirement.title(&draft.project);
        let field = match &requirement {
            Requirement::Setting(setting) => Some(setting::field_name(&draft.project, &setting.manifest.name)),
            _ => None,
        };
        let needed_still = match &requirement {
            Requirement::Dependency(dependency) if !dependency.development && recorded.record.text.is_some() => {
                // What was imported without being listed goes back to that.
                let was_imported = lock.requirement(&id).is_some_and(|record| record.imported);
                let at = uses::import_of(&draft.project, &dependency.name(), &ours).filter(|_| !was_imported);
                at.map(|at| (at, "your code imports it".to_owned()))
            }
            Requirement::Setting(_) => {
                let at = uses::read_of(&draft.project, field.as_deref().unwrap_or_default(), &kept);
                at.map(|at| (at, "a module that stays reads it".to_owned()))
            }
            Requirement::Package => {
                kept.first().map(|module| (Location::file(module.clone()), "a module that stays is in it".to_owned()))
            }
            _ => None,
        };
        let retraction = match needed_still {
            Some((at, why)) => Retraction::Keep { at: Some(at), why },
            None => requirement.retract(&draft.project, &recorded),
        };
        match (&requirement, &retraction) {
            // Nothing that runs needs it.
            (Requirement::Module(module), _) if module.apart.is_some() => {}
            (Requirement::Module(module), Retraction::Keep { .. }) => {
                let path = module.file(&draft.project);
                ours.retain(|known| *known != path);
                kept.push(path);
            }
            (Requirement::Module(module), Retraction::Remove(_)) => goes.modules.push(module.file(&draft.project)),
            (Requirement::Setting(_), Retraction::Remove(_)) => goes.fields.extend(field),
            (Requirement::Environment(variable), Retraction::Remove(_)) => {
                goes.variables.push(variable.variable.clone());
            }
            _ => {}
        }
        let outcome = match retraction {
            Retraction::Gone => continue,
            Retraction::Keep { mut at, why } => {
                if let Some(at) = &mut at {
                    draft.on_disk(at);
                }
                Outcome::Kept(why, at)
            }
            Retraction::Remove(fix) => match draft.take(&fix.changes, number) {
                Ok(()) => {
                    for (name, _) in &fix.record.scaffolding {
                        next.scaffolding.retain(|known| known.name != portable(name, root));
                    }
                    Outcome::Removed
                }
                Err(problem) => {
                    plan.refusals.push(problem.clone());
                    Outcome::Refused(problem)
                }
            },
        };
        plan.steps.push(Step::plain(component.id(), id, title, outcome));
    }
    // What a component that goes had brought, and one that stays needs, is that one's from now on.
    let gone: Vec<lock::Component> =
        next.components.iter().filter(|entry| leaving.contains(&entry.name.as_str())).cloned().collect();
    next.components.retain(|entry| !leaving.contains(&entry.name.as_str()));
    for entry in &mut next.components {
        entry.requirements.retain(|requirement| !done.contains(&requirement.id));
        for requirement in entry.requirements.iter_mut().filter(|requirement| !requirement.created) {
            let brought = gone
                .iter()
                .flat_map(|entry| &entry.requirements)
                .find(|known| known.id == requirement.id && known.created);
            if let Some(brought) = brought {
                *requirement = brought.clone();
            }
        }
    }
    let used = uses::of_what_goes(&discovery.project, &draft.project, &goes, &ours);
    plan.refusals.extend(used.into_iter().map(|problem| draft.problem_on_disk(problem)));
    plan.refusals.extend(draft.new_errors());
    finish(&mut plan, draft, next, discovery, lock);
    Ok(plan)
}

/// Takes back what this version has no requirement for, from the record alone; else it stays, and is named.
fn remove_by_record(plan: &mut Plan, draft: &mut Draft, lock: &Lock, component: &str, record: &lock::Requirement) {
    let requirement = Requirement::of_record(&draft.project, record);
    let title = requirement.as_ref().map_or_else(|| format!("`{}`", record.id), |known| known.title(&draft.project));
    let retraction = match (requirement, lock.recorded(&record.id)) {
        (Some(requirement), Some(recorded)) => requirement.retract(&draft.project, &recorded),
        _ => Retraction::Keep { at: None, why: "this paxx does not know how to take it out".to_owned() },
    };
    let outcome = match retraction {
        Retraction::Gone => return,
        Retraction::Keep { at, why } => Outcome::Kept(why, at),
        Retraction::Remove(fix) => match draft.take(&fix.changes, plan.steps.len()) {
            Ok(()) => Outcome::Removed,
            Err(problem) => {
                plan.refusals.push(problem.clone());
                Outcome::Refused(problem)
            }
        },
    };
    plan.steps.push(Step::plain(component, record.id.clone(), title, outcome));
}

/// Plans to mend what is wrong with installed components: what can be mended without a question about its meaning. What is
/// `left`, a problem with its place on disk, is not mended.
pub fn fix(
    discovery: &Discovery,
    lock: &Lock,
    components: &[&'static Component],
    left: &dyn Fn(&Problem) -> bool,
) -> Plan {
    let mut draft = Draft::new(&discovery.project);
    let context = context(&discovery.project);
    let installed: Vec<&str> = lock.components.iter().map(|component| component.name.as_str()).collect();
    let mended = components.iter().filter(|component| lock.component(component.id()).is_some());
    let mended: Vec<&'static Component> = mended.map(|component| lock.decided(component)).collect();
    let mut plan = Plan {
        components: mended.iter().map(|component| (*component, None)).collect(),
        options: recorded_options(&mended),
        steps: Vec::new(),
        files: Vec::new(),
        refusals: Vec::new(),
        manual: Vec::new(),
        bounds: Vec::new(),
        after: discovery.project.clone(),
        base_texts: Vec::new(),
    };
    let mut next = lock.clone();
    for component in mended {
        for requirement in requirements_of(&draft.project, component, &installed, &context, lock, false) {
            if let Assessment::Missing { fix, problem } = requirement.assess(&draft.project)
                && fix.safe
                && !left(&draft.problem_on_disk(problem))
            {
                bring(&mut plan, &mut draft, &mut next, component, &requirement, &Allowances::default());
            }
        }
    }
    plan.refusals.extend(draft.new_errors());
    finish(&mut plan, draft, next, discovery, lock);
    plan
}
