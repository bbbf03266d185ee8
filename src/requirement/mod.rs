//! What a component needs of a project, as a closed list of kinds: one file each, with its question and its inverse.
//!
//! Every command asks [`Requirement::assess`] - does it hold here? - and does something else with the answer. A
//! requirement does no I/O and never fails: odd code of a user is an [`Assessment`].

pub mod application_call;
mod assessment;
pub mod compose;
mod compose_text;
mod composition;
pub mod dependency;
mod depends_on;
mod elsewhere;
mod endpoint;
pub mod env_variable;
pub mod environment;
pub mod ignore_line;
pub mod image;
pub mod image_reference;
pub mod import;
mod import_alias;
mod import_order;
mod import_path;
mod import_place;
mod lifespan_body;
pub mod lifespan_call;
pub mod migration;
pub mod module;
mod of_manifest;
mod own_lifespan;
mod own_place;
mod placement;
pub mod python;
pub mod python_bound;
pub mod python_minors;
pub mod readiness;
pub mod service;
pub mod setting;
pub mod setting_parts;
mod setting_place;
pub mod setting_provision;
mod setting_rules;
mod setting_value;
pub mod settings_class;
pub mod side;
pub mod steps;
mod taken_path;
mod volume;
pub mod worker;

use application_call::ApplicationCall;
pub use assessment::{Assessment, Change, Fix, NO_COMPOSE_FILE, Retraction};
use dependency::Dependency;
use depends_on::DependsOn;
use env_variable::EnvVariable;
use environment::Environment;
use ignore_line::IgnoreLine;
use image::Image;
use lifespan_call::LifespanCall;
use migration::Migration;
use module::{Apart, Module, Package, Written};
pub use of_manifest::requirements_of;
use python_bound::PythonBound;
use readiness::Readiness;
use service::Service;
use setting::Setting;
use settings_class::SettingsClass;
use volume::Volume;
use worker::Worker;

use crate::lock;
pub use crate::lock::{Record, Recorded};
use crate::project::Project;
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
