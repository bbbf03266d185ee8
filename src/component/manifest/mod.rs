//! The schema of `templates/*/component.toml`. `build.rs` reads this folder too: it parses the manifests with these types,
//! and writes them as Rust constants by their `Debug` form, so that start-up parses no TOML.
//!
//! `docs/components.md` explains each key.

mod choice;
mod constant;
mod services;
mod when;

pub use choice::*;
pub use constant::*;
use serde::Deserialize;
pub use services::*;
pub use when::*;

/// The two nouns of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `paxx infra`
    Infra,
    /// `paxx ext`
    Ext,
}

/// Makes the manifest of its tables. A row is a key of `component.toml` and what an entry of that table says.
macro_rules! manifest {
    ($($(#[$doc:meta])* $key:ident: $entry:ty,)*) => {
        /// A component: what it is, and what it needs of a project.
        #[derive(Debug, Clone, Copy, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Manifest {
            /// Its name on the command line.
            pub id: Text,
            /// Which noun lists it.
            pub kind: Kind,
            /// One line for the list.
            pub summary: Text,
            /// The comment above its settings and variables.
            pub heading: Text,
            /// Raised when what the component brings changes.
            pub version: u32,
            /// Components that come along.
            #[serde(default)]
            pub requires: List<Text>,
            /// Other names that the command line accepts.
            #[serde(default)]
            pub aliases: List<Text>,
            /// The template of the next steps.
            pub next_steps: Text,
            /// What is decided when it is added.
            #[serde(default)]
            pub option: List<Choice>,
            $($(#[$doc])* #[serde(default)] pub $key: List<$entry>,)*
        }

        impl Manifest {
            /// The condition of each entry, with the key of its table.
            pub fn conditions(&self) -> Vec<(&'static str, &'static When)> {
                let mut all = Vec::new();
                $(all.extend(self.$key.0.iter().map(|entry| (stringify!($key), entry.when())));)*
                all
            }

            /// The entries that count with these values of the options.
            #[must_use]
            pub fn with(&self, value: impl Fn(&str) -> &'static str + Copy) -> Self {
                Self { $($key: kept(self.$key, value),)* ..*self }
            }
        }
    };
}

manifest! {
    /// Modules in the services package.
    module: Module,
    /// Tests of those modules, in the project's folder of tests.
    test: Module,
    /// Files for those who run the application, such as dashboards.
    file: Module,
    /// Python packages.
    dependency: Dependency,
    /// Fields of the settings class, and variables of the env example.
    setting: Setting,
    /// Compose services.
    service: Service,
    /// Images that cannot be pulled any more.
    gone: Gone,
    /// Variables of the service that runs the application.
    environment: Environment,
    /// Compose services on the application's own build.
    worker: Worker,
    /// Calls around the `yield` of the lifespan.
    lifespan: Lifespan,
    /// Middleware of the application.
    middleware: Middleware,
    /// Routers of the application.
    router: Router,
    /// Calls after the application is made.
    statement: Statement,
    /// Checks in the project's readiness route.
    readiness: Readiness,
    /// Images of existing services.
    image: Image,
    /// Alembic hooks.
    migration: Migration,
    /// Lines of ignore files.
    ignore: Ignore,
}

/// A Python module in the services package or in the folder of tests, or another file of the project.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Module {
    /// Its file name below that folder; of another file, its path from the project's root.
    pub path: Text,
    /// Its template in the component's folder.
    pub template: Text,
    /// Only where this component is in the project too.
    pub with: Option<Text>,
    /// Only with these values of the component's options.
    #[serde(default)]
    pub when: When,
}

/// A Python package that must be installed.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dependency {
    /// PEP 508: name, extras, bounds.
    pub requirement: Text,
    /// `dev` for what only development needs.
    pub group: Option<Text>,
    /// Only where this component is in the project too.
    pub with: Option<Text>,
    /// The version that a pin is raised to, where it is not the lowest.
    pub pin: Option<Text>,
    /// Other packages that are known to hold this one back.
    #[serde(default)]
    pub held_by: List<Text>,
    /// Who forbids other versions and what to do, as a phrase for the refusal of a newer one.
    pub newest: Option<Text>,
    /// Only with these values of the component's options.
    #[serde(default)]
    pub when: When,
}

/// A typed field of the settings class.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// The environment variable, upper case, without prefix.
    pub name: Text,
    /// The type, as a Python annotation.
    #[serde(rename = "type")]
    pub annotation: Text,
    /// The default, as a Python expression; `{project}` is the project's name.
    pub default: Text,
    /// What stands after `=` in the env example; `{project}` is the project's name.
    pub env: Text,
    /// The lowest value, for numbers.
    pub ge: Option<i64>,
    /// Only with these values of the component's options.
    #[serde(default)]
    pub when: When,
    /// What a project may have in place of a URL.
    #[serde(default)]
    pub parts: Option<UrlParts>,
}

/// The variables of the parts of a URL, the customary name of each first.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UrlParts {
    /// Its host: without it there are no parts.
    pub host: List<Text>,
    /// Its port.
    #[serde(default)]
    pub port: List<Text>,
    /// Its user.
    #[serde(default)]
    pub user: List<Text>,
    /// Its password.
    #[serde(default)]
    pub password: List<Text>,
    /// What its path is.
    #[serde(default)]
    pub database: List<Text>,
}

/// Calls that are awaited before and after the `yield` of the lifespan.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lifespan {
    /// The module of the services package that they come from.
    pub module: Text,
    /// What starts it: a function, or a method of an imported object.
    #[serde(default)]
    pub start: Option<Text>,
    /// What stops it.
    #[serde(default)]
    pub stop: Option<Text>,
    /// Only with these values of the component's options.
    #[serde(default)]
    pub when: When,
}

/// A middleware of the application.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Middleware {
    /// The module of the services package that it comes from.
    pub module: Text,
    /// Its class.
    pub name: Text,
    /// Only with these values of the component's options.
    #[serde(default)]
    pub when: When,
}

/// A router of the application.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Router {
    /// The module of the services package that it comes from.
    pub module: Text,
    /// The `APIRouter`.
    pub name: Text,
    /// The paths that it takes.
    #[serde(default)]
    pub paths: List<Text>,
    /// Only with these values of the component's options.
    #[serde(default)]
    pub when: When,
}

/// A call after the application is made.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The module of the services package that it comes from.
    pub module: Text,
    /// The function.
    pub name: Text,
    /// The call; `{app}` is the application's variable.
    pub call: Text,
    /// Only with these values of the component's options.
    #[serde(default)]
    pub when: When,
}

/// A check in the route that says whether the application is ready for requests.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Readiness {
    /// The module of the services package that it comes from.
    pub module: Text,
    /// The function: it takes no argument, has a time limit, and raises where the component cannot work.
    pub check: Text,
    /// Only with these values of the component's options.
    #[serde(default)]
    pub when: When,
}

/// A call behind each `context.configure(...)` of Alembic's `env.py`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Migration {
    /// The module of the services package that it comes from.
    pub module: Text,
    /// The function.
    pub name: Text,
    /// The call; `{context}` is Alembic's `context`.
    pub call: Text,
    /// Imports of `script.py.mako`.
    #[serde(default)]
    pub imports: List<Text>,
    /// Only with these values of the component's options.
    #[serde(default)]
    pub when: When,
}

/// A line of `.gitignore` and `.dockerignore`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ignore {
    /// The line.
    pub line: Text,
    /// Only with these values of the component's options.
    #[serde(default)]
    pub when: When,
}

macro_rules! conditional {
    ($($name:ident),*) => {
        $(impl Conditional for $name {
            fn when(&self) -> &When {
                &self.when
            }
        })*
    };
}

conditional!(
    Module,
    Dependency,
    Setting,
    Service,
    Gone,
    Environment,
    Worker,
    Lifespan,
    Middleware,
    Router,
    Statement,
    Readiness,
    Image,
    Migration,
    Ignore
);
