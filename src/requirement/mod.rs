//! What a component needs of a project, as a closed list of kinds: one file each, with its question and its inverse.
//!
//! Every command asks [`Requirement::assess`] - does it hold here? - and does something else with the answer. A
//! requirement does no I/O and never fails: odd code of a user is an [`Assessment`].

pub mod application_call;
pub mod compose;
mod composition;
pub mod dependency;
mod elsewhere;
mod endpoint;
pub mod env_variable;
pub mod environment;
pub mod ignore_line;
pub mod image;
pub mod import;
mod import_alias;
mod import_order;
mod import_path;
pub mod lifespan_call;
pub mod migration;
pub mod module;
mod own_place;
mod placement;
pub mod python;
pub mod python_bound;
pub mod readiness;
pub mod service;
pub mod setting;
pub mod setting_parts;
mod setting_rules;
pub mod settings_class;
pub mod steps;
pub mod worker;

use application_call::{ApplicationCall, Role};
use dependency::Dependency;
use dependency::specifier::{Specifier, canonical, release};
use env_variable::EnvVariable;
use environment::{DependsOn, Environment};
use ignore_line::IgnoreLine;
use image::Image;
use lifespan_call::{LifespanCall, Side};
use migration::Migration;
use module::{Apart, Module, Package, Written};
use python_bound::PythonBound;
use readiness::Readiness;
use service::{Service, Volume};
use setting::Setting;
use settings_class::SettingsClass;
use worker::Worker;

use crate::component::{COMPONENTS, Component, Context, manifest};
use crate::edit::Edit;
use crate::finding::{Location, Problem};
use crate::lock::{self, Lock};
pub use crate::lock::{Record, Recorded};
use crate::project::{FilePath, Project};
pub use crate::source::python::form::same_code;

/// What a component needs of a project: one kind a variant.
#[derive(Debug, Clone)]
pub enum Requirement {
    /// A settings class.
    SettingsClass,
    /// The services package.
    Package,
    /// A Python that runs the modules.
    Python,
    /// A Python package.
    Dependency(Dependency),
    /// A field of the settings class.
    Setting(Setting),
    /// A generated module.
    Module(Module),
    /// A variable of the env example.
    EnvVariable(EnvVariable),
    /// A compose service.
    Service(Service),
    /// A named volume of the compose file.
    Volume(Volume),
    /// A variable of the application's compose service.
    Environment(Environment),
    /// A dependency of the application's compose service.
    DependsOn(DependsOn),
    /// A compose service that runs a worker.
    Worker(Worker),
    /// An image of an existing compose service.
    Image(Image),
    /// A call around the lifespan's `yield`.
    LifespanCall(LifespanCall),
    /// A statement that wires the application.
    ApplicationCall(ApplicationCall),
    /// A call in Alembic's environment.
    Migration(Migration),
    /// A line of an ignore file.
    IgnoreLine(IgnoreLine),
    /// A check in the readiness route.
    Readiness(Readiness),
}

/// Asks whatever kind it is: all answer the same four questions. It is the one place that tells each kind from the others.
macro_rules! ask {
    ($requirement:expr, $kind:ident => $answer:expr) => {
        match $requirement {
            Requirement::SettingsClass => {
                let $kind = SettingsClass;
                $answer
            }
            Requirement::Package => {
                let $kind = Package;
                $answer
            }
            Requirement::Python => {
                let $kind = PythonBound;
                $answer
            }
            Requirement::Dependency($kind) => $answer,
            Requirement::Setting($kind) => $answer,
            Requirement::Module($kind) => $answer,
            Requirement::EnvVariable($kind) => $answer,
            Requirement::Service($kind) => $answer,
            Requirement::Volume($kind) => $answer,
            Requirement::Environment($kind) => $answer,
            Requirement::DependsOn($kind) => $answer,
            Requirement::Worker($kind) => $answer,
            Requirement::Image($kind) => $answer,
            Requirement::LifespanCall($kind) => $answer,
            Requirement::ApplicationCall($kind) => $answer,
            Requirement::Migration($kind) => $answer,
            Requirement::IgnoreLine($kind) => $answer,
            Requirement::Readiness($kind) => $answer,
        }
    };
}

impl Requirement {
    /// The stable name in `paxx.lock`.
    pub fn id(&self) -> String {
        ask!(self, kind => kind.id())
    }

    /// What it is, as a phrase for the summary.
    pub fn title(&self, project: &Project) -> String {
        ask!(self, kind => kind.title(project))
    }

    /// Does it hold here?
    pub fn assess(&self, project: &Project) -> Assessment {
        ask!(self, kind => kind.assess(project))
    }

    /// How is it taken back?
    pub fn retract(&self, project: &Project, recorded: &Recorded) -> Retraction {
        ask!(self, kind => kind.retract(project, recorded))
    }

    /// What a record of the lock stands for, where the record says enough: for what this version has no requirement for.
    pub fn of_record(project: &Project, record: &lock::Requirement) -> Option<Self> {
        let (kind, name) = record.id.split_once(':')?;
        match kind {
            "module" | "test" | "file" => Some(Self::Module(Module {
                path: name.to_owned(),
                apart: match kind {
                    "test" => Some((Apart::Test, project.layout.root.join(record.text.as_ref()?)?)),
                    "file" => Some((Apart::File, project.layout.root.join(record.text.as_ref()?)?)),
                    _ => None,
                },
                text: String::new(),
                written: Written::of(record),
                force: false,
            })),
            "env" => Some(Self::EnvVariable(EnvVariable {
                name: name.to_owned(),
                value: record.text.as_ref()?.split_once('=')?.1.to_owned(),
                heading: "",
                siblings: Vec::new(),
            })),
            "ignore" => {
                let (file, line) = name.split_once(':')?;
                let file = project.layout.ignore_files.iter().find(|known| known.name() == file)?.clone();
                Some(Self::IgnoreLine(IgnoreLine { file, line: line.to_owned() }))
            }
            _ => None,
        }
    }

    /// Is it scaffolding that components share, recorded apart from them?
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::SettingsClass | Self::Package | Self::Python)
    }
}

/// A package that the application needs has to stand in every list that is installed somewhere by itself.
fn in_each_list(project: &Project, dependency: &Dependency) -> Vec<Requirement> {
    let main = project.layout.dependencies.as_ref().ok().filter(|_| !dependency.development);
    let others = main.into_iter().flat_map(|main| &main.also).map(|also| Some(also.path.clone()));
    let lists = std::iter::once(None).chain(others);
    lists.map(|list| Requirement::Dependency(Dependency { list, ..dependency.clone() })).collect()
}

/// What a component needs of this project, in the order in which it is brought: what is imported before what imports it.
///
/// `installed` are the components that are, or will be, in the project: some requirements hold only beside another one.
pub fn requirements_of(
    project: &Project,
    component: &'static Component,
    installed: &[&str],
    context: &Context,
    lock: &Lock,
    force: bool,
) -> Vec<Requirement> {
    let manifest = &component.manifest;
    let variable = |name: &str| {
        project.layout.settings.as_ref().map_or_else(|_| name.to_owned(), |settings| settings.environment(name))
    };
    let is_setting = |name: &str| {
        COMPONENTS.iter().any(|component| component.manifest.setting.iter().any(|setting| setting.name.0 == name))
    };
    let applies = |with: Option<manifest::Text>| with.is_none_or(|other| installed.contains(&other.0));
    let creates_settings = project.layout.settings.as_ref().is_ok_and(|settings| settings.create);
    let services: Vec<&'static manifest::Service> =
        COMPONENTS.iter().flat_map(|component| component.manifest.service.0).collect();
    let workers: Vec<Worker> =
        COMPONENTS.iter().flat_map(|component| component.manifest.worker.0).map(Worker::of).collect();
    let mut list = Vec::new();
    // A class that paxx made stays a requirement, so that it goes with the last component that has settings.
    let made = creates_settings || lock.scaffolding.iter().any(|known| known.name == SettingsClass.id());
    if !manifest.setting.is_empty() && made {
        let dependency = SettingsClass::dependency(project);
        // A class beside others imports what they import.
        let is_new = project.layout.settings.as_ref().is_ok_and(|settings| settings.create && settings.made.is_none());
        let recorded = || {
            let mut known = lock.components.iter().flat_map(|component| &component.requirements);
            known.any(|requirement| requirement.id == dependency.id())
        };
        if is_new || recorded() {
            list.extend(in_each_list(project, &dependency));
        }
        list.push(Requirement::SettingsClass);
    }
    for dependency in manifest.dependency.iter().filter(|dependency| applies(dependency.with)) {
        let dependency = Dependency {
            development: dependency.group.is_some(),
            pin: dependency.pin.map(|pin| pin.0),
            held_by: dependency.held_by.0,
            newest: dependency.newest.map(|phrase| phrase.0),
            ..Dependency::of(strongest(dependency, installed))
        };
        list.extend(in_each_list(project, &dependency));
    }
    for setting in manifest.setting.0 {
        list.push(Requirement::Setting(Setting {
            manifest: setting,
            heading: manifest.heading.0,
            siblings: manifest.setting.iter().map(|setting| setting.name.0).collect(),
        }));
    }
    if !manifest.module.is_empty() {
        list.push(Requirement::Package);
    }
    for (module, text) in component.modules(context).filter(|(module, _)| applies(module.with)) {
        let recorded = lock.component(component.id()).and_then(|installed| {
            let id = format!("module:{}", module.path);
            installed.requirements.iter().find(|requirement| requirement.id == id)
        });
        let written = recorded.and_then(Written::of);
        let text = project.layout.services.renamed(&text);
        list.push(Requirement::Module(Module { path: module.path.to_string(), apart: None, text, written, force }));
    }
    let apart = component.tests(context).map(|(test, text)| (Apart::Test, test, text));
    let apart = apart.chain(component.files(context).map(|(file, text)| (Apart::File, file, text)));
    list.extend(apart.filter_map(|(kind, file, text)| beside(project, component, lock, kind, file.path.0, text)));
    for setting in manifest.setting.0 {
        // What a property computes is read from other variables.
        if setting::is_computed(project, setting) {
            continue;
        }
        list.push(Requirement::EnvVariable(EnvVariable {
            name: variable(&setting.name),
            value: setting.env.replace("{project}", &project.layout.name),
            heading: manifest.heading.0,
            siblings: manifest.setting.iter().map(|setting| variable(&setting.name)).collect(),
        }));
    }
    for service in manifest.service.0 {
        list.push(Requirement::Service(Service { manifest: service }));
        for name in service.volumes.0 {
            list.push(Requirement::Volume(Volume { service, name: name.0 }));
        }
    }
    for image in manifest.image.0 {
        list.push(Requirement::Image(Image { manifest: image }));
    }
    for entry in manifest.environment.iter().filter(|entry| applies(entry.with)) {
        let name = if is_setting(&entry.variable) { variable(&entry.variable) } else { entry.variable.to_string() };
        let host = setting_parts::host_variable(project, &entry.variable);
        let is_computed = matches!(setting::provision(project, &entry.variable), setting::Provision::Property { .. });
        let (variable, value) = match (host, entry.service) {
            (Some(host), Some(service)) => (host, format!("{{{service}}}")),
            _ => (name, entry.value.to_string()),
        };
        list.push(Requirement::Environment(Environment {
            is_computed: is_computed && value == entry.value.0,
            variable,
            value,
            services: services.clone(),
            workers: workers.clone(),
        }));
        let service = entry.service.and_then(|name| services.iter().find(|service| service.name == name));
        if let Some(service) = service {
            let condition = entry.condition.map_or("service_started", |condition| condition.0);
            list.push(Requirement::DependsOn(DependsOn { service, condition, workers: workers.clone() }));
        }
    }
    for worker in manifest.worker.0 {
        list.push(Requirement::Worker(Worker::of(worker)));
    }
    for entry in manifest.lifespan.0 {
        let calls = [(entry.start, Side::Start), (entry.stop, Side::Stop)];
        for (callee, side) in calls.into_iter().filter_map(|(callee, side)| Some((callee?, side))) {
            list.push(Requirement::LifespanCall(LifespanCall { module: entry.module.0, callee: callee.0, side }));
        }
    }
    for entry in manifest.middleware.0 {
        list.push(Requirement::ApplicationCall(ApplicationCall {
            module: entry.module.0,
            name: entry.name.0,
            role: Role::Middleware,
        }));
    }
    for entry in manifest.router.0 {
        let paths = entry.paths.iter().map(|path| path.0).collect();
        list.push(Requirement::ApplicationCall(ApplicationCall {
            module: entry.module.0,
            name: entry.name.0,
            role: Role::Router { paths },
        }));
    }
    for entry in manifest.statement.0 {
        let role = Role::Statement { call: entry.call.0 };
        list.push(Requirement::ApplicationCall(ApplicationCall { module: entry.module.0, name: entry.name.0, role }));
    }
    for entry in manifest.readiness.0 {
        list.push(Requirement::Readiness(Readiness {
            name: component.id(),
            module: entry.module.0,
            check: entry.check.0,
        }));
    }
    for entry in manifest.migration.0 {
        list.push(Requirement::Migration(Migration { manifest: entry }));
    }
    for entry in manifest.ignore.0 {
        for file in &project.layout.ignore_files {
            list.push(Requirement::IgnoreLine(IgnoreLine { file: file.clone(), line: entry.line.to_string() }));
        }
    }
    // A bound that was raised stays a requirement, so that it comes back with the last component.
    let was_raised = || lock.scaffolding.iter().any(|known| known.name == PythonBound.id());
    if !manifest.module.is_empty() && (python::too_old(project).is_some() || was_raised()) {
        list.push(Requirement::Python);
    }
    list
}

/// A generated file beside the modules, where it is wanted or was written.
///
/// Tests come with the component: who took them out, or did not want them, is not asked again.
fn beside(
    project: &Project,
    component: &'static Component,
    lock: &Lock,
    kind: Apart,
    name: &str,
    text: String,
) -> Option<Requirement> {
    let layout = &project.layout;
    let mut module = Module { path: name.to_owned(), apart: None, text, written: None, force: false };
    module.apart = Some((kind, FilePath::top()));
    let id = module.id();
    let entry = lock.component(component.id());
    let recorded = entry.and_then(|entry| entry.requirements.iter().find(|requirement| requirement.id == id));
    let place = match (recorded, kind) {
        (Some(recorded), _) => recorded.text.as_ref().and_then(|place| layout.root.join(place)),
        (None, Apart::Test) if entry.is_none() => layout.tests.as_ref().map(|folder| folder.child(name)),
        (None, Apart::File) => layout.root.join(name),
        (None, Apart::Test) => None,
    }?;
    module.apart = Some((kind, place));
    module.written = recorded.and_then(Written::of);
    Some(Requirement::Module(module))
}

/// What is listed of a package: the highest floor that a component in the project needs.
///
/// One that allows no newer versions speaks for itself alone, and so does one with other extras.
fn strongest(own: &'static manifest::Dependency, installed: &[&str]) -> &'static str {
    let parts = |dependency: &'static manifest::Dependency| {
        let specifier = Specifier::parse(dependency.requirement.0)?;
        let floor = specifier.versions.strip_prefix(">=").filter(|floor| !floor.contains([',', '<']))?;
        Some((canonical(specifier.name), specifier.extras.clone(), dependency.group, release(floor)?))
    };
    let Some((name, extras, group, _)) = parts(own) else { return own.requirement.0 };
    let all = COMPONENTS.iter().filter(|component| installed.contains(&component.id()));
    let same = all.flat_map(|component| component.manifest.dependency.0).filter_map(|other| {
        let (its_name, its_extras, its_group, floor) = parts(other)?;
        let has_all = extras.iter().all(|extra| its_extras.contains(extra));
        (its_name == name && its_group == group && has_all).then_some((floor, other.requirement.0))
    });
    same.max().map_or(own.requirement.0, |(_, requirement)| requirement)
}

/// Does a requirement hold?
#[derive(Debug)]
pub enum Assessment {
    /// It does; where.
    Met {
        /// The place that meets it, where there is one to show.
        at: Option<Location>,
    },
    /// It does not, and this is how it would.
    Missing {
        /// What is missing, and where it belongs.
        problem: Problem,
        /// What brings it.
        fix: Fix,
    },
    /// It is there, but not as it must be.
    Drifted {
        /// What is wrong, and where.
        problem: Problem,
        /// What mends it, where the tool can.
        fix: Option<Fix>,
    },
    /// It cannot be told, or not be brought: ambiguous, unparsable, an unsupported shape.
    Blocked {
        /// Why, where, and what to write instead.
        problem: Problem,
    },
    /// It does not apply to this project; why, as a note for the summary.
    NotApplicable {
        /// A phrase such as "no compose file: start Redis yourself".
        note: String,
    },
}

/// Changes that make a requirement hold, or that take it back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fix {
    /// The changes, at most one for a file.
    pub changes: Vec<Change>,
    /// May `check --fix` apply it without a question about its meaning?
    pub safe: bool,
    /// What `paxx.lock` records of it, so that `remove` can tell ours from the user's.
    pub record: Record,
    /// What the user should know about it: phrases for the summary.
    pub notes: Vec<String>,
    /// Is the thing itself the user's, and only what it needs missing? Then `remove` leaves it.
    pub completes: bool,
}

/// A change of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Edits of a file that is there.
    Edit {
        /// The file.
        path: FilePath,
        /// Disjoint edits, in byte offsets of the text that was assessed.
        edits: Vec<Edit>,
    },
    /// A file that is not there yet, or is overwritten as a whole.
    Write {
        /// The file.
        path: FilePath,
        /// Its text.
        text: String,
    },
    /// A file that goes away.
    Delete {
        /// The file.
        path: FilePath,
    },
}

impl Fix {
    /// Edits of one file.
    pub fn edit(path: &FilePath, edits: Vec<Edit>) -> Self {
        Self { changes: vec![Change::Edit { path: path.clone(), edits }], ..Self::default() }
    }

    /// The same, marked as safe for `check --fix`.
    #[must_use]
    pub fn safe(mut self) -> Self {
        self.safe = true;
        self
    }

    /// The same, for what is there already.
    #[must_use]
    pub fn completing(mut self) -> Self {
        self.completes = true;
        self
    }

    /// The same, with what stands there afterwards.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.record.text = Some(text.into());
        self
    }

    /// The same, with what was replaced.
    #[must_use]
    pub fn replaced(mut self, text: impl Into<String>) -> Self {
        self.record.replaced = Some(text.into());
        self
    }

    /// The same, with something that the user should know.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The same, with a piece of shared scaffolding that it makes.
    #[must_use]
    pub fn scaffolding(mut self, name: impl Into<String>, replaced: Option<String>) -> Self {
        self.record.scaffolding.push((name.into(), replaced));
        self
    }

    /// This and another one, which changes other places, as one.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for change in other.changes {
            if let Change::Edit { path, edits } = &change
                && let Some(own) = self.changes.iter_mut().find_map(|own| match own {
                    Change::Edit { path: own, edits } if own == path => Some(edits),
                    _ => None,
                })
            {
                own.extend(edits.iter().cloned());
                own.sort_by_key(|edit| edit.range.start);
            } else {
                self.changes.push(change);
            }
        }
        self.record.scaffolding.extend(other.record.scaffolding);
        self.notes.extend(other.notes);
        self
    }
}

/// How a requirement that was brought would be taken back.
#[derive(Debug)]
pub enum Retraction {
    /// It is not there any more.
    Gone,
    /// By these changes.
    Remove(Fix),
    /// It stays, because the user changed it or because it cannot be told.
    Keep {
        /// Where it is.
        at: Option<Location>,
        /// Why it stays: a phrase.
        why: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_listed_with_the_highest_floor_that_a_component_needs() {
        let own = |id: &str, name: &str| {
            let component = Component::find(id).expect("a component");
            let named = |dependency: &&manifest::Dependency| dependency.requirement.starts_with(name);
            component.manifest.dependency.0.iter().find(named).expect("a dependency")
        };
        assert_eq!(strongest(own("redis", "redis"), &["redis"]), "redis[hiredis]>=5.0.2");
        assert_eq!(strongest(own("redis", "redis"), &["redis", "arq"]), "redis[hiredis]>=5.0.2");
        assert_eq!(strongest(own("redis", "redis"), &["ratelimit", "redis", "taskiq"]), "redis[hiredis]>=5.2");
        assert_eq!(strongest(own("arq", "redis"), &["redis", "arq", "ratelimit"]), "redis>=4.2,<6");
        assert_eq!(strongest(own("taskiq", "redis"), &["redis", "taskiq"]), "redis[hiredis]>=5.0.8");
    }
}
