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

use env_variable::EnvVariable;
use ignore_line::IgnoreLine;
use module::{Apart, Module, Written};

pub use assessment::{Assessment, Change, Fix, NO_COMPOSE_FILE, Retraction};
pub use of_manifest::requirements_of;

use crate::lock;
pub use crate::lock::{Record, Recorded};
use crate::project::Project;
pub use crate::source::python::form::same_code;

/// Makes the closed list of kinds. A row is a kind and the type that answers for it: all answer the same four questions, and this is
/// the one place that tells each kind from the others.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident($answers:ty),)*) => {
        /// What a component needs of a project: one kind a variant.
        #[derive(Debug, Clone)]
        pub enum Requirement {
            $($(#[$doc])* $kind($answers),)*
        }

        impl Requirement {
            /// The stable name in `paxx.lock`.
            pub fn id(&self) -> String {
                match self {
                    $(Self::$kind(kind) => kind.id(),)*
                }
            }

            /// What it is, as a phrase for the summary.
            pub fn title(&self, project: &Project) -> String {
                match self {
                    $(Self::$kind(kind) => kind.title(project),)*
                }
            }

            /// Does it hold here?
            pub fn assess(&self, project: &Project) -> Assessment {
                match self {
                    $(Self::$kind(kind) => kind.assess(project),)*
                }
            }

            /// How is it taken back?
            pub fn retract(&self, project: &Project, recorded: &Recorded) -> Retraction {
                match self {
                    $(Self::$kind(kind) => kind.retract(project, recorded),)*
                }
            }
        }
    };
}

kinds! {
    /// A settings class.
    SettingsClass(settings_class::SettingsClass),
    /// The services package.
    Package(module::Package),
    /// A Python that runs the modules.
    Python(python_bound::PythonBound),
    /// A Python package.
    Dependency(dependency::Dependency),
    /// A field of the settings class.
    Setting(setting::Setting),
    /// A generated module.
    Module(module::Module),
    /// A variable of the env example.
    EnvVariable(env_variable::EnvVariable),
    /// A compose service.
    Service(service::Service),
    /// A named volume of the compose file.
    Volume(volume::Volume),
    /// A variable of the application's compose service.
    Environment(environment::Environment),
    /// A dependency of the application's compose service.
    DependsOn(depends_on::DependsOn),
    /// A compose service that runs a worker.
    Worker(worker::Worker),
    /// An image of an existing compose service.
    Image(image::Image),
    /// A call around the lifespan's `yield`.
    LifespanCall(lifespan_call::LifespanCall),
    /// A statement that wires the application.
    ApplicationCall(application_call::ApplicationCall),
    /// A call in Alembic's environment.
    Migration(migration::Migration),
    /// A line of an ignore file.
    IgnoreLine(ignore_line::IgnoreLine),
    /// A check in the readiness route.
    Readiness(readiness::Readiness),
}

impl Requirement {
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
        matches!(self, Self::SettingsClass(_) | Self::Package(_) | Self::Python(_))
    }
}
