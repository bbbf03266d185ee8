//! The schema of `templates/*/component.toml`. `build.rs` reads this folder too: it parses the manifests with these types,
//! and writes them as Rust constants by their `Debug` form, so that start-up parses no TOML.
//!
//! `docs/components.md` explains each key.

mod constant;

use std::fmt;

pub use constant::{List, Table, Text};
use serde::Deserialize;
use serde::de::Deserializer;

/// For which values of the component's options an entry counts: all of them must be among the named ones.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct When(pub &'static [(Text, List<Text>)]);

impl fmt::Debug for When {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("When(&")?;
        formatter.debug_list().entries(self.0).finish()?;
        formatter.write_str(")")
    }
}

impl When {
    /// Does the entry count with these values?
    pub fn holds<'a>(&self, value: impl Fn(&str) -> &'a str) -> bool {
        self.0.iter().all(|(option, values)| values.iter().any(|known| known.0 == value(option)))
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Values {
            One(Text),
            Several(List<Text>),
        }
        let map = std::collections::BTreeMap::<Text, Values>::deserialize(deserializer)?;
        let entries = map.into_iter().map(|(option, values)| match values {
            Values::One(value) => (option, List(&*Box::leak(Box::new([value])))),
            Values::Several(values) => (option, values),
        });
        Ok(Self(Box::leak(entries.collect::<Vec<_>>().into_boxed_slice())))
    }
}

/// The two nouns of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `paxx infra`
    Infra,
    /// `paxx ext`
    Ext,
}

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
    /// Modules in the services package.
    #[serde(default)]
    pub module: List<Module>,
    /// Tests of those modules, in the project's folder of tests.
    #[serde(default)]
    pub test: List<Module>,
    /// Files for those who run the application, such as dashboards.
    #[serde(default)]
    pub file: List<Module>,
    /// Python packages.
    #[serde(default)]
    pub dependency: List<Dependency>,
    /// Fields of the settings class, and variables of the env example.
    #[serde(default)]
    pub setting: List<Setting>,
    /// Compose services.
    #[serde(default)]
    pub service: List<Service>,
    /// Images that cannot be pulled any more.
    #[serde(default)]
    pub gone: List<Gone>,
    /// Variables of the service that runs the application.
    #[serde(default)]
    pub environment: List<Environment>,
    /// Compose services on the application's own build.
    #[serde(default)]
    pub worker: List<Worker>,
    /// Calls around the `yield` of the lifespan.
    #[serde(default)]
    pub lifespan: List<Lifespan>,
    /// Middleware of the application.
    #[serde(default)]
    pub middleware: List<Middleware>,
    /// Routers of the application.
    #[serde(default)]
    pub router: List<Router>,
    /// Calls after the application is made.
    #[serde(default)]
    pub statement: List<Statement>,
    /// Checks in the project's readiness route.
    #[serde(default)]
    pub readiness: List<Readiness>,
    /// Images of existing services.
    #[serde(default)]
    pub image: List<Image>,
    /// Alembic hooks.
    #[serde(default)]
    pub migration: List<Migration>,
    /// Lines of ignore files.
    #[serde(default)]
    pub ignore: List<Ignore>,
}

/// Something that is decided when a component is added, and recorded: a back end, a language, a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Its name, behind the component's: `backend` of `email.backend`.
    pub name: Text,
    /// What is decided, as a phrase for the question.
    pub summary: Text,
    /// What may be given.
    #[serde(rename = "type")]
    pub kind: ChoiceKind,
    /// The values of `one-of`.
    #[serde(default)]
    pub values: List<Text>,
    /// The lowest `integer`.
    pub ge: Option<i64>,
    /// The highest `integer`.
    pub le: Option<i64>,
    /// What it is where nobody says anything.
    pub default: Text,
}

/// What may be given for an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChoiceKind {
    /// One of some values.
    OneOf,
    /// A name: letters, digits, `_`, `-` and `.`, so that it can stand in any text.
    Word,
    /// A whole number.
    Integer,
}

impl Choice {
    /// What is wrong with a value, as a phrase.
    ///
    /// # Errors
    ///
    /// It is not of the option's type.
    pub fn check(&self, value: &str) -> Result<(), String> {
        match self.kind {
            ChoiceKind::OneOf if self.values.iter().any(|known| known.0 == value) => Ok(()),
            ChoiceKind::OneOf => Err("is none of its values".to_owned()),
            ChoiceKind::Word => {
                let is_plain = |next: char| next.is_ascii_alphanumeric() || "_-.".contains(next);
                let is_word = value.starts_with(|first: char| first.is_ascii_alphanumeric())
                    && value.len() <= 60
                    && value.chars().all(is_plain);
                if is_word { Ok(()) } else { Err("is no name of letters, digits, `_`, `-` and `.`".to_owned()) }
            }
            ChoiceKind::Integer => {
                let is_plain = value.len() <= 18 && !value.starts_with('+');
                let number = value.parse::<i64>().ok().filter(|number| is_plain && number.to_string() == value);
                let is_in = |number: i64| {
                    self.ge.is_none_or(|least| number >= least) && self.le.is_none_or(|most| number <= most)
                };
                if number.is_some_and(is_in) { Ok(()) } else { Err(format!("is no {}", self.expected())) }
            }
        }
    }

    /// What is expected, as a phrase: `whole number from 1 to 65535`.
    pub fn expected(&self) -> String {
        match self.kind {
            ChoiceKind::OneOf => {
                let values: Vec<&str> = self.values.iter().map(|value| value.0).collect();
                format!("one of {}", values.join(", "))
            }
            ChoiceKind::Word => "a name".to_owned(),
            ChoiceKind::Integer => match (self.ge, self.le) {
                (Some(least), Some(most)) => format!("whole number from {least} to {most}"),
                (Some(least), None) => format!("whole number from {least} on"),
                (None, Some(most)) => format!("whole number up to {most}"),
                (None, None) => "whole number".to_owned(),
            },
        }
    }
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

/// A compose service.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its name.
    pub name: Text,
    /// The file in the component's folder that holds it.
    pub template: Text,
    /// Image repositories, without registry and tag, that count as this service.
    pub images: List<Text>,
    /// Named volumes that it uses.
    #[serde(default)]
    pub volumes: List<Text>,
    /// How one that is there already is told where to listen and whom to let in: that goes into its URLs.
    pub server: Option<Server>,
    /// The text of `template`; the build fills it in.
    #[serde(default)]
    pub body: Text,
    /// Only with these values of the component's options.
    #[serde(default)]
    pub when: When,
}

/// How a server is told where to listen and whom to let in. Directives are options of its command line (with two dashes) and
/// lines of its configuration file.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Its usual port.
    pub default_port: u16,
    /// Programs that read these directives. Where none is named, the directives of any command line count.
    #[serde(default)]
    pub programs: List<Text>,
    /// Directives for the port; with 0 it does not listen there.
    #[serde(default)]
    pub port: List<Text>,
    /// Directives for the port that TLS is spoken at.
    #[serde(default)]
    pub tls_port: List<Text>,
    /// The scheme of a URL with TLS.
    pub tls_scheme: Option<Text>,
    /// Directives for the password.
    #[serde(default)]
    pub password: List<Text>,
    /// The directive for a user, as an access control list has it.
    pub user: Option<Text>,
    /// Programs and directives, perhaps with a value, that make it something that no client speaks to by a URL.
    #[serde(default)]
    pub unusable: List<Text>,
    /// Paths of configuration files that it reads without being told.
    #[serde(default)]
    pub files: List<Text>,
    /// Variables that say the same.
    #[serde(default)]
    pub variables: List<ServerVariable>,
    /// Other servers that stand for it.
    #[serde(default)]
    pub relatives: List<Relative>,
}

/// A variable of a server's container.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerVariable {
    /// Its name.
    pub name: Text,
    /// The directive that it stands for, `arguments` for a command line, `file` for the path of a password's file, or `tls`.
    pub means: Text,
    /// What the names of the images have in them that read it.
    pub images: Option<Text>,
    /// Is it a password?
    #[serde(default)]
    pub is_secret: bool,
}

/// A server of another image that speaks the same protocol.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relative {
    /// Its image.
    pub image: Text,
    /// Its usual port for that protocol.
    pub port: u16,
    /// Words of its command line, one of which says that it speaks the protocol at all.
    #[serde(default)]
    pub needs: List<Text>,
}

/// An image that its publisher took away.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gone {
    /// Its repository on Docker Hub.
    pub image: Text,
    /// Where the same image still is.
    pub by: Text,
}

/// A variable of the compose service that runs the application.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// The variable, without prefix where it is a setting.
    pub variable: Text,
    /// Its value; `{name}` is the compose service that stands for the service `name`.
    pub value: Text,
    /// The service to depend on.
    #[serde(default)]
    pub service: Option<Text>,
    /// The condition of that dependency.
    #[serde(default)]
    pub condition: Option<Text>,
    /// Only where this component is in the project too.
    #[serde(default)]
    pub with: Option<Text>,
    /// Only with these values of the component's options.
    #[serde(default)]
    pub when: When,
}

/// A compose service on the application's own build and environment.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worker {
    /// Its name.
    pub name: Text,
    /// Its command; `{services}` is the dotted path of the services package.
    pub command: Text,
    /// Only with these values of the component's options.
    #[serde(default)]
    pub when: When,
    /// The command that fails where the worker of its container does not live any more.
    #[serde(default)]
    pub health: Option<Text>,
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
}

/// An image of an existing service that is replaced by another.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// The repository that is replaced.
    pub replaces: Text,
    /// The repository that replaces it.
    pub by: Text,
    /// What it brings, as people call it.
    pub title: Text,
    /// Major version of the old one to the tag of the new one.
    pub tags: Table,
    /// Major versions for which no new images are published.
    #[serde(default)]
    pub ended: List<Text>,
    /// What stands behind the tag of its Alpine image, where there is one.
    #[serde(default)]
    pub alpine: Option<Text>,
    /// Other images that bring the same, though their name does not say so.
    #[serde(default)]
    pub brings: List<Text>,
    /// The line of a Dockerfile that adds it to an image on Debian.
    #[serde(default)]
    pub on_debian: Option<Text>,
    /// The same on Alpine.
    #[serde(default)]
    pub on_alpine: Option<Text>,
    /// Only with these values of the component's options.
    #[serde(default)]
    pub when: When,
    /// Images of the old one with something else added.
    #[serde(default)]
    pub relatives: List<ImageRelative>,
    /// Packages that speak to the database.
    #[serde(default)]
    pub drivers: List<Text>,
    /// What stands in its place where the component is of no use.
    #[serde(default)]
    pub others: List<OtherDatabase>,
}

/// An image that is another one with something added.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageRelative {
    /// A part of the image's name.
    pub part: Text,
    /// What is added, as people call it.
    pub title: Text,
    /// An image that has both; `{major}` is the major version.
    pub both: Option<Text>,
    /// Is it made of Alpine's image, though its tag does not say so?
    #[serde(default)]
    pub is_alpine: bool,
}

/// A database that is none of those that the component works with.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherDatabase {
    /// What it is called.
    pub title: Text,
    /// The last parts of its images' names.
    #[serde(default)]
    pub images: List<Text>,
    /// Packages that speak to it.
    #[serde(default)]
    pub packages: List<Text>,
    /// The scheme of its URLs.
    pub scheme: Text,
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

/// An entry of a manifest that counts only with some values of the options.
pub trait Conditional {
    /// Which ones.
    fn when(&self) -> &When;
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
    Environment,
    Worker,
    Lifespan,
    Middleware,
    Router,
    Statement,
    Image,
    Migration,
    Ignore
);

impl Manifest {
    /// The condition of each entry, with the key of the entry.
    pub fn conditions(&self) -> Vec<(&'static str, &When)> {
        fn of<T: Conditional>(key: &'static str, entries: &List<T>) -> Vec<(&'static str, &'static When)> {
            entries.0.iter().map(|entry| (key, entry.when())).collect()
        }
        [
            of("module", &self.module),
            of("dependency", &self.dependency),
            of("setting", &self.setting),
            of("service", &self.service),
            of("environment", &self.environment),
            of("worker", &self.worker),
            of("lifespan", &self.lifespan),
            of("middleware", &self.middleware),
            of("router", &self.router),
            of("statement", &self.statement),
            of("image", &self.image),
            of("migration", &self.migration),
            of("ignore", &self.ignore),
        ]
        .concat()
    }
}
