//! The tables of a manifest that are about containers: services, images, workers and what they are told.

use serde::Deserialize;

use super::constant::{List, Table, Text};
use super::when::When;

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
    /// Directives for the name of the user that the password is of.
    #[serde(default)]
    pub login: List<Text>,
    /// His name where none of them says it.
    pub default_login: Option<Text>,
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
    /// Only with these values of the component's options.
    #[serde(default)]
    pub when: When,
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
