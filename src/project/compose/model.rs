//! The compose project as Compose resolves it: aliases and merge keys, `extends`, `include` and the override file.
//!
//! The model answers what a service *is*; it has no places in a text but that of each service's key, and edits nothing. Values
//! stay as they are written: a question that needs a number fills the defaults of variables in. Paths are relative to the
//! folder of the base file, whichever file they come from.

use super::data::{DEPTH_LIMIT, NODE_LIMIT};
use super::load::Loader;
use super::service::env_value;
pub use super::service::{Read, Service};
use super::with_defaults;
use crate::project::FilePath;
use crate::source::yaml::{Entry, Source};

/// Every service, with what each is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Model {
    services: Vec<Service>,
    /// Networks of the top level by their keys, with the name that Docker knows them by.
    networks: Vec<(String, String)>,
    /// The folder that paths are relative to.
    folder: Option<FilePath>,
    /// The files that it was made of, the base file first.
    pub files: Vec<FilePath>,
}

/// How one service reaches another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// By this host name.
    Host(String),
    /// They share one network stack.
    Local,
    /// By a port of the host, at `localhost`.
    Published,
    /// Not as it is: they have no network in common. The other one is on these, by the keys of the top level.
    Apart(Vec<String>),
    /// Not at all; why, as a phrase.
    Never(String),
}

impl Model {
    /// Resolves the compose file at `path` with the override file beside it, and all that they extend and include.
    ///
    /// # Errors
    ///
    /// It has too many values: a phrase that says so.
    pub fn of(path: &FilePath, read: Read<'_>) -> Result<Self, String> {
        let folder = path.parent().unwrap_or_else(FilePath::top);
        let mut loader = Loader { read, folder: folder.clone(), nodes: 0, files: Vec::new() };
        let (mut services, mut networks) = (Vec::new(), Vec::new());
        loader.file(path, 0, &mut services, &mut networks);
        for path in super::overrides(path) {
            if read(&path).is_some() {
                loader.file(&path, 0, &mut services, &mut networks);
            }
        }
        if loader.nodes > NODE_LIMIT {
            return Err(format!("`{path}` with what it merges has more than {NODE_LIMIT} values"));
        }
        for service in &mut services {
            let keys = std::mem::take(&mut service.keys);
            service.keys = keys.into_iter().filter_map(|(key, value)| Some((key, value.finished()?))).collect();
        }
        Ok(Self { services, networks, folder: Some(folder), files: loader.files })
    }

    /// Every service, in the order of the files.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// The folder of the base file.
    pub fn folder(&self) -> FilePath {
        self.folder.clone().unwrap_or_else(FilePath::top)
    }

    /// The service of this name.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|service| service.name == name)
    }

    /// The file of the repository that a path of a service names.
    pub fn path(&self, written: &str) -> Option<FilePath> {
        self.folder().join(&with_defaults(written).text)
    }

    /// The service whose network stack `service` uses: itself, or where `network_mode: service:x` leads.
    ///
    /// # Errors
    ///
    /// It has none that a name resolves in: why.
    fn stack<'a>(&'a self, service: &'a Service) -> Result<&'a Service, String> {
        let mut present = service;
        for _ in 0..DEPTH_LIMIT {
            let name = &present.name;
            match present.network_mode().as_deref() {
                None | Some("" | "default" | "host") => return Ok(present),
                Some("none") => return Err(format!("`{name}` has no network (`network_mode: none`)")),
                Some("bridge") => {
                    return Err(format!(
                        "`{name}` is on Docker's default bridge (`network_mode: bridge`), where no service has a name"
                    ));
                }
                Some(mode) => {
                    let other = mode.strip_prefix("service:").and_then(|other| self.service(other));
                    let Some(other) = other else {
                        return Err(format!("which network `{name}` is on is not known (`network_mode: {mode}`)"));
                    };
                    present = other;
                }
            }
        }
        Err(format!("`network_mode` of `{}` leads in a circle", service.name))
    }

    /// How `from` reaches `to`.
    pub fn reach(&self, from: &Service, to: &Service) -> Reach {
        let (from, to) = match (self.stack(from), self.stack(to)) {
            (Ok(from), Ok(to)) => (from, to),
            (Err(why), _) | (_, Err(why)) => return Reach::Never(why),
        };
        if from.name == to.name {
            return Reach::Local;
        }
        match (from.is_on_host(), to.is_on_host()) {
            (true, true) => Reach::Local,
            (true, false) => Reach::Published,
            (false, true) => {
                Reach::Never(format!("`{}` is on the network of the host, `{}` is not", to.name, from.name))
            }
            (false, false) => {
                let theirs = to.networks();
                let real = |key: &str| {
                    self.networks
                        .iter()
                        .find(|(known, _)| known == key)
                        .map_or(key.to_owned(), |(_, name)| name.clone())
                };
                let own: Vec<String> = from.networks().iter().map(|key| real(key)).collect();
                if theirs.iter().any(|key| own.contains(&real(key))) {
                    Reach::Host(to.name.clone())
                } else {
                    Reach::Apart(theirs)
                }
            }
        }
    }

    /// How `from` would reach a service that is on `networks` alone.
    pub fn reach_new(&self, from: &Service) -> Reach {
        match self.stack(from) {
            Err(why) => Reach::Never(why),
            Ok(stack) if stack.is_on_host() => Reach::Published,
            Ok(_) => Reach::Host(String::new()),
        }
    }

    /// The networks that a new service joins, so that `from` reaches it; empty where it is the default one.
    pub fn networks_for(&self, from: &Service) -> Vec<String> {
        match self.stack(from) {
            Ok(stack) if !stack.is_on_host() && stack.get("networks").is_some() => stack.networks(),
            _ => Vec::new(),
        }
    }

    /// Does `service` run whenever `other` does, as profiles decide it?
    pub fn runs_with(service: &Service, other: Option<&Service>) -> bool {
        let profiles = service.profiles();
        let others = other.map(Service::profiles).unwrap_or_default();
        profiles.is_empty() || (!others.is_empty() && others.iter().all(|profile| profiles.contains(profile)))
    }

    /// The value of `variable` in the container of `service`: by its `environment`, else by the last of its env files.
    pub fn variable(&self, service: &Service, variable: &str, read: Read<'_>) -> Option<Variable> {
        if let Some((_, value)) = service.environment().into_iter().find(|(name, _)| name == variable) {
            return Some(Variable { value, file: None });
        }
        service.env_files().into_iter().rev().find_map(|written| {
            let path = self.path(&written)?;
            let file = read(&path)?;
            let text = file.text()?;
            let value = env_value(text, variable)?;
            Some(Variable { value: Some(value), file: Some(path) })
        })
    }

    /// The file of the repository that is mounted at `target` in the container of `service`, or below a folder that is.
    pub fn mounted(&self, service: &Service, target: &str) -> Option<FilePath> {
        service.mounts().into_iter().find_map(|(source, mounted)| {
            let source = with_defaults(&source).text;
            let below = target.strip_prefix(mounted.trim_end_matches('/'))?;
            if !source.starts_with('.') || !(below.is_empty() || below.starts_with('/')) {
                return None;
            }
            self.folder().join(&format!("{}{below}", source.trim_end_matches('/')))
        })
    }

    /// The files that questions about the services look into: env files, and configuration that is mounted.
    pub fn mentioned(&self) -> Vec<FilePath> {
        let mut paths = Vec::new();
        for service in &self.services {
            let targets = service.mounts().into_iter().map(|(_, target)| target);
            let configuration = service.words().into_iter().chain(targets).filter(|path| is_configuration(path));
            paths.extend(configuration.filter_map(|target| self.mounted(service, &target)));
            paths.extend(service.env_files().iter().filter_map(|written| self.path(written)));
        }
        paths
    }
}

/// Is it the path of a file with directives? Others may be of any size.
fn is_configuration(path: &str) -> bool {
    path.starts_with('/') && [".conf", ".acl", ".cfg"].iter().any(|ending| path.ends_with(ending))
}

/// What a variable is in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its value; `None` where it is passed through.
    pub value: Option<String>,
    /// The env file that has it; `None` where it stands in `environment`.
    pub file: Option<FilePath>,
}

/// Is it a file of Compose's first version, where the services stand at the top level?
pub fn is_first_version(source: &Source) -> Option<&Entry> {
    const TOP: &[&str] =
        &["version", "services", "networks", "volumes", "include", "name", "secrets", "configs", "models"];
    let root = source.root()?;
    if root.own("services").is_some() {
        return None;
    }
    root.mapping()?.entries.iter().find(|entry| {
        !TOP.contains(&entry.key.as_str())
            && !entry.key.starts_with("x-")
            && ["image", "build", "command"].iter().any(|key| source.get(&entry.value, key).is_some())
    })
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::super::data::Data;
    use super::*;
    use crate::project::File;

    fn model(files: &[(&str, &str)]) -> Model {
        let read = |path: &FilePath| {
            let text = files.iter().find(|(name, _)| *name == path.as_str())?.1;
            Some(Rc::new(File::new(text.as_bytes())))
        };
        let (first, _) = files.first().expect("a base file");
        Model::of(&FilePath::new(first).expect("inside"), &read).expect("it is small")
    }

    fn service<'m>(model: &'m Model, name: &str) -> &'m Service {
        model.service(name).expect("it is there")
    }

    #[test]
    fn merge_keys_are_not_deep_and_extends_is() {
        let text = "x-a: &a\n  image: x\n  environment: {A: 1}\nservices:\n  m:\n    <<: *a\n    environment: {B: 2}\n  e:\n    extends: m\n    environment: [C=3]\n";
        let model = model(&[("compose.yml", text)]);
        let names = |name| service(&model, name).environment().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!((names("m"), names("e")), (vec!["B".to_owned()], vec!["B".to_owned(), "C".to_owned()]));
        assert_eq!(service(&model, "e").image(), Some("x"));
    }

    #[test]
    fn other_files_are_merged_and_their_paths_are_seen_from_the_base_file() {
        let model = model(&[
            (
                "compose.yml",
                "include:\n  - db/compose.yml\n  - path: [x.yml]\nservices:\n  a:\n    extends: {file: base/b.yml, service: b}\n    ports: ['80:80']\n  r:\n    image: redis\n",
            ),
            (
                "compose.override.yml",
                "services:\n  a:\n    ports: !override ['81:80']\n  r:\n    image: redis:7\n    command: !reset null\n",
            ),
            (
                "db/compose.yml",
                "services:\n  d:\n    image: postgres\n    env_file: d.env\n    volumes: ['./x:/y', 'n:/z']\n",
            ),
            ("x.yml", "services:\n  r2: {image: redis}\n"),
            ("base/b.yml", "services:\n  b:\n    build: .\n    env_file: [{path: b.env, required: false}]\n"),
        ]);
        assert_eq!(service(&model, "a").env_files(), ["base/b.env"]);
        assert_eq!(service(&model, "a").get("build").and_then(Data::text), Some("base/."));
        assert_eq!(service(&model, "a").published().first().and_then(|port| port.host), Some((81, 81)));
        assert_eq!(service(&model, "r").image(), Some("redis:7"));
        assert_eq!(service(&model, "d").env_files(), ["db/d.env"]);
        assert_eq!(
            service(&model, "d").mounts().first().map(|(source, _)| source.clone()),
            Some("./db/./x".to_owned())
        );
        assert!(model.service("r2").is_some());
    }

    #[test]
    fn what_cannot_be_read_is_known_to_be_missing_and_a_circle_ends() {
        let model = model(&[(
            "compose.yml",
            "services:\n  a:\n    extends: {file: gone.yml, service: x}\n  b:\n    extends: b\n  c:\n    network_mode: service:c\n",
        )]);
        assert!(!service(&model, "a").is_complete && !service(&model, "b").is_complete);
        let c = service(&model, "c");
        assert!(matches!(model.reach(c, service(&model, "a")), Reach::Never(_)));
    }

    #[test]
    fn aliases_of_aliases_reach_the_limit() {
        let mut text = "x0: &x0 [a, a]\n".to_owned();
        for level in 1..40 {
            text.push_str(&format!("x{level}: &x{level} [*x{0}, *x{0}]\n", level - 1));
        }
        text.push_str("services:\n  a:\n    command: *x39\n");
        let read = |_: &FilePath| Some(Rc::new(File::new(text.as_bytes())));
        assert!(Model::of(&FilePath::top().child("compose.yml"), &read).is_err());
    }

    #[test]
    fn networks_decide_who_reaches_whom() {
        let text = "services:
  app: {networks: [front]}
  default: {}
  redis: {networks: {front: {aliases: [cache]}, back: }}
  hidden: {networks: [back]}
  named: {networks: [other]}
  host: {network_mode: host}
  none: {network_mode: none}
  bridge: {network_mode: bridge}
  side: {network_mode: 'service:app'}
  with: {network_mode: 'container:x'}
networks:
  front: {name: shared}
  other: {name: shared, external: true}
  back:
";
        let model = model(&[("compose.yml", text)]);
        let reach = |from: &str, to: &str| model.reach(service(&model, from), service(&model, to));
        assert_eq!(reach("app", "redis"), Reach::Host("redis".to_owned()));
        assert_eq!(reach("app", "named"), Reach::Host("named".to_owned()));
        assert_eq!(reach("app", "hidden"), Reach::Apart(vec!["back".to_owned()]));
        assert_eq!(reach("app", "default"), Reach::Apart(vec!["default".to_owned()]));
        assert_eq!(reach("side", "redis"), Reach::Host("redis".to_owned()));
        assert_eq!(reach("side", "app"), Reach::Local);
        assert_eq!(reach("host", "redis"), Reach::Published);
        assert_eq!(reach("host", "host"), Reach::Local);
        for (from, to) in [("app", "host"), ("none", "redis"), ("bridge", "redis"), ("with", "redis"), ("app", "none")]
        {
            assert!(matches!(reach(from, to), Reach::Never(_)), "{from} {to}");
        }
    }

    #[test]
    fn ports_in_all_their_forms() {
        let text = "services:
  a:
    ports: ['6379', '1-3:11-13', '127.0.0.1:6379:6379/tcp', '[::1]:53:53/udp', '${P:-80}:8000', '70000:1', '4294967295:1', {published: '90', target: 9, host_ip: 1.2.3.4}]
";
        let model = model(&[("compose.yml", text)]);
        let ports = service(&model, "a").published();
        let hosts: Vec<_> = ports.iter().map(|port| port.host).collect();
        let expected =
            [None, Some((1, 3)), Some((6379, 6379)), Some((53, 53)), Some((80, 80)), None, None, Some((90, 90))];
        assert_eq!(hosts, expected);
        assert_eq!(ports.iter().find_map(|port| port.host_of(12)), Some(2));
        assert!(!ports.iter().any(|port| port.takes(53)) && ports.iter().any(|port| port.takes(3)));
    }

    #[test]
    fn a_variable_is_that_of_the_environment_and_else_of_the_last_env_file() {
        let files = [
            ("compose.yml", "services:\n  a:\n    env_file: [a.env, b.env]\n    environment: {X: 1, P: }\n"),
            ("a.env", "X=2\nY=2\nZ='3' # z\n"),
            ("b.env", "# Z=5\nexport Y=4 # y\n"),
        ];
        let model = model(&files);
        let read = |path: &FilePath| {
            let text = files.iter().find(|(name, _)| *name == path.as_str())?.1;
            Some(Rc::new(File::new(text.as_bytes())))
        };
        let value = |name| model.variable(service(&model, "a"), name, &read).map(|found| found.value);
        assert_eq!(value("X"), Some(Some("1".to_owned())));
        assert_eq!(value("Y"), Some(Some("4".to_owned())));
        assert_eq!(value("Z"), Some(Some("3".to_owned())));
        assert_eq!((value("P"), value("Q")), (Some(None), None));
    }

    #[test]
    fn a_file_of_the_first_version_is_known() {
        let is_first = |text: &str| is_first_version(&Source::parse(text).expect("YAML")).is_some();
        assert!(is_first("web:\n  build: .\nredis:\n  image: redis\n"));
        assert!(!is_first("services:\n  web:\n    build: .\n"));
        assert!(!is_first("x-web:\n  build: .\nvolumes:\n"));
    }
}
