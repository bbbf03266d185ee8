//! What the compose service that runs the application must know of another service: a variable, and to wait for it.
//!
//! `environment` and `depends_on` keep the form that they have, list or map; where they are absent they are made as maps.
//! Where the application shares a collection with others, [`own_place`] gives it one of its own. A value that the user has set
//! is his. The address that a variable names is the one that the application reaches the server by.

use std::ops::Range;

use super::compose::{self, Document};
use super::compose_text;
use super::endpoint::{self, Endpoint};
use super::own_place::{self, Gain, collection};
use super::service::locate;
use super::worker::Worker;
use super::{Assessment, Fix, NO_COMPOSE_FILE, Recorded, Retraction};
use crate::component::manifest;
use crate::finding::{APPLICATION_ENVIRONMENT, APPLICATION_ENVIRONMENT_VALUE, Problem};
use crate::project::compose::model::{self, Model, Reach, Service, Variable};
use crate::project::compose::with_defaults;
use crate::project::{FilePath, Project};
use crate::source::text;
use crate::source::yaml::{Entry, Style, Value};

/// A variable of the service that runs the application.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its name, with the prefix of the settings.
    pub variable: String,
    /// Its value; `{name}` is the compose service that stands for the service `name` of `services`.
    pub value: String,
    /// Do the settings compute it from others, and read it from nowhere?
    pub is_computed: bool,
    /// The services that `value` may speak of.
    pub services: Vec<&'static manifest::Service>,
    /// Workers that components bring: they have the application's environment, and gain what it gains.
    pub workers: Vec<Worker>,
}

/// A child of a collection of a service: where it is, and what it says.
pub(super) struct Found<'a> {
    /// The entry of the service that holds the collection.
    pub(super) holder: &'a Entry,
    pub(super) range: Range<usize>,
    pub(super) value: Option<String>,
    pub(super) value_range: Range<usize>,
    pub(super) flow: bool,
}

/// The service of the application, then those of the workers that are there.
pub(super) fn targets<'d>(
    document: &'d Document<'_>,
    project: &Project,
    workers: &[Worker],
) -> Result<Vec<&'d Entry>, Problem> {
    let Some(name) = compose::application(project)? else { return Ok(Vec::new()) };
    let Some(application) = document.service(name) else { return Ok(Vec::new()) };
    let mut targets = vec![application];
    let services = document.services();
    targets.extend(services.into_iter().filter(|service| {
        service.key != name && workers.iter().any(|worker| worker.is_run_by(document, project, service))
    }));
    Ok(targets)
}

/// What is said of services that gain `what` because they inherit from the application's.
pub(super) fn inherited_by(fix: Fix, others: &[String], what: &str) -> Fix {
    if others.is_empty() {
        return fix;
    }
    let names: Vec<String> = others.iter().map(|name| format!("`{name}`")).collect();
    let (inherit, gain) = if names.len() == 1 { ("inherits", "gains") } else { ("inherit", "gain") };
    fix.note(format!("{} {inherit} from the application's service, and {gain} {what} too", names.join(", ")))
}

/// Takes what was found out of each service. `why` says what to call it where it stays.
pub(super) fn take_from(
    document: &Document<'_>,
    found: &[(&Entry, Found<'_>)],
    key: &str,
    recorded: &Recorded,
    what: &str,
) -> Retraction {
    let mut fix = Fix::edit(document.path, Vec::new());
    let mut edits = Vec::new();
    let mut done: Vec<usize> = Vec::new();
    for (service, found) in found {
        if done.contains(&found.range.start) {
            continue;
        }
        done.push(found.range.start);
        let at = Some(document.at(found.range.clone()));
        let source_text = document.source.text();
        let line_end = text::line_end(source_text, found.range.end);
        if !found.flow && source_text.get(found.range.end..line_end).is_some_and(|rest| !rest.trim().is_empty()) {
            return Retraction::Keep { at, why: format!("{what} has a comment") };
        }
        let made = collection(service, key);
        if let Some(addition) = own_place::give_back(document, service, key, found.range.start, recorded) {
            edits.extend(addition.edits);
            fix.record.scaffolding.extend(addition.scaffolding);
            continue;
        }
        match document.take(&made, &service.value, found.holder, found.range.start, recorded, false) {
            Some(addition) => {
                edits.extend(addition.edits);
                fix.record.scaffolding.extend(addition.scaffolding);
            }
            None => return Retraction::Keep { at, why: format!("{what} stands in a place that is not edited") },
        }
    }
    if edits.is_empty() {
        return Retraction::Gone;
    }
    fix.changes = Fix::edit(document.path, edits).changes;
    Retraction::Remove(fix)
}

impl Environment {
    /// The stable name in `paxx.lock`.
    pub fn id(&self) -> String {
        format!("environment:{}", self.variable)
    }

    /// What it is, as a phrase for the summary.
    pub fn title(&self, _project: &Project) -> String {
        format!("`{}` for the application in compose", self.variable)
    }

    /// Has the application the variable?
    pub fn assess(&self, project: &Project) -> Assessment {
        let variable = &self.variable;
        let document = match compose::open(project) {
            Ok(Some(document)) => document,
            Ok(None) => {
                return Assessment::NotApplicable {
                    note: format!("{NO_COMPOSE_FILE}: set `{variable}` where the application runs"),
                };
            }
            Err(problem) => return Assessment::Blocked { problem },
        };
        let targets = match targets(&document, project, &self.workers) {
            Ok(targets) => targets,
            Err(problem) => return Assessment::Blocked { problem },
        };
        if self.is_computed {
            let note = format!(
                "the settings compute what `{variable}` would say: give the application in compose what that is made of"
            );
            return Assessment::NotApplicable { note };
        }
        let Some(application) = targets.first().copied() else {
            return Assessment::NotApplicable {
                note: format!("no service of `{}` runs the application: set `{variable}` where it runs", document.path),
            };
        };
        let model = compose::model(project);
        let mut missing = Vec::new();
        for target in &targets {
            match self.provision(&model, project, target) {
                Provision::Missing => {}
                Provision::Environment => continue,
                Provision::HandedThrough => {
                    let value = self.value_for(&document, &model, project, target);
                    let value = value.map_or_else(|_| "the address there".to_owned(), |value| format!("`{value}`"));
                    let note = format!(
                        "`{}` is handed its `{variable}` by the shell or the `.env` of compose, where it has to be {value}",
                        target.key
                    );
                    return Assessment::NotApplicable { note };
                }
                Provision::OtherCase(written) => {
                    let note = format!("`{}` has `{written}`, which is read as `{variable}` and stays", target.key);
                    return Assessment::NotApplicable { note };
                }
                Provision::EnvFile(path) => {
                    let note = format!("`{path}` gives `{}` its `{variable}`, which stays as it is", target.key);
                    return Assessment::NotApplicable { note };
                }
            }
            let value = match self.value_for(&document, &model, project, target) {
                Ok(value) => value,
                Err(problem) => return Assessment::Blocked { problem },
            };
            let (pair_style, item_style) = styles(&document, target);
            let pair = format!("{variable}: {}", compose_text::scalar(&value, pair_style));
            let item = format!("- {}", compose_text::scalar(&format!("{variable}={value}"), item_style));
            missing.push((Gain { service: target, pair, item: Some(item) }, value));
        }
        let (gains, values): (Vec<Gain<'_>>, Vec<String>) = missing.into_iter().unzip();
        let (Some(first), Some(value)) = (gains.first(), values.first()) else {
            return self.present(&document, &model, project, application);
        };
        let manual = format!("environment:\n  {}", first.pair);
        match own_place::put(project, &document, &gains, "environment") {
            Ok((addition, others)) => {
                let place = document
                    .get(first.service, "environment")
                    .map_or(&first.service.key_range, |entry| &entry.key_range);
                let problem = Problem::new(
                    &APPLICATION_ENVIRONMENT,
                    format!("the service `{}` has no variable `{variable}`", first.service.key),
                )
                .at(document.path, place.clone())
                .help(format!("add `{variable}={value}` to its `environment`"))
                .manual(manual);
                let fix = Fix::edit(document.path, addition.edits).text(format!("{variable}={value}")).safe();
                let mut fix = inherited_by(fix, &others, &format!("`{variable}`"));
                fix.record.scaffolding = addition.scaffolding;
                Assessment::Missing { problem, fix }
            }
            Err(problem) => {
                let help = format!("add `{}` to the environment of `{}` yourself", first.pair, first.service.key);
                Assessment::Blocked { problem: problem.help(help).manual(manual) }
            }
        }
    }

    /// Where a service has the variable from.
    fn provision(&self, model: &Model, project: &Project, target: &Entry) -> Provision {
        let read = |path: &FilePath| project.file(path).cloned();
        let Some(service) = model.service(&target.key) else { return Provision::Missing };
        match model.variable(service, &self.variable, &read) {
            None => self.other_case(service, project).map_or(Provision::Missing, Provision::OtherCase),
            Some(Variable { file: None, value }) => {
                let value = value.map(|value| with_defaults(&value).text).unwrap_or_default();
                let is_open = value.is_empty()
                    || value == format!("${}", self.variable)
                    || value == format!("${{{}}}", self.variable);
                if is_open && self.value.contains('{') { Provision::HandedThrough } else { Provision::Environment }
            }
            // What a developer has for a server on his own machine reaches nothing from inside of a container.
            Some(Variable { file: Some(path), value }) => {
                let value = with_defaults(value.as_deref().unwrap_or_default()).text;
                let works = !self.value.contains('{') || service.is_on_host() || !is_local(&value);
                if works && !value.is_empty() { Provision::EnvFile(path) } else { Provision::Missing }
            }
        }
    }

    /// The variable under which the settings read the same field, where they do not mind the letter case.
    fn other_case(&self, service: &Service, project: &Project) -> Option<String> {
        project.layout.settings.as_ref().ok().filter(|settings| !settings.case_sensitive)?;
        let mut names = service.environment().into_iter().map(|(name, _)| name);
        names.find(|name| name.eq_ignore_ascii_case(&self.variable))
    }

    /// The variable is there: is its value one that works in a container?
    fn present(&self, document: &Document<'_>, model: &Model, project: &Project, application: &Entry) -> Assessment {
        let Some(found) = self.found(document, application) else { return Assessment::Met { at: None } };
        let is_local = found.value.as_deref().is_some_and(|value| is_local(&with_defaults(value).text));
        let shares_a_stack =
            model.service(&application.key).is_some_and(|service| service.get("network_mode").is_some());
        if !is_local || !self.value.contains('{') || shares_a_stack {
            return Assessment::Met { at: Some(document.at(found.range)) };
        }
        let mut problem = Problem::new(
            &APPLICATION_ENVIRONMENT_VALUE,
            format!("`{}` of the service `{}` names the container itself as its host", self.variable, application.key),
        )
        .at(document.path, found.value_range);
        if let Ok(value) = self.value_for(document, model, project, application) {
            problem = problem.help(format!("write `{value}`"));
        }
        Assessment::Drifted { problem, fix: None }
    }

    /// Takes the variable out again, where it has the value that was written.
    pub fn retract(&self, project: &Project, recorded: &Recorded) -> Retraction {
        let document = match compose::open(project) {
            Ok(Some(document)) => document,
            Ok(None) => return Retraction::Gone,
            Err(problem) => return compose::keep(problem),
        };
        let targets = match targets(&document, project, &self.workers) {
            Ok(targets) => targets,
            Err(problem) => return compose::keep(problem),
        };
        let mut found_in = Vec::new();
        for (index, target) in targets.into_iter().enumerate() {
            let Some(found) = self.found(&document, target) else { continue };
            let expected = match &recorded.record.text {
                Some(text) => text.split_once('=').map(|(_, value)| value.to_owned()),
                None => self.value_for(&document, &compose::model(project), project, target).ok(),
            };
            if found.value == expected {
                found_in.push((target, found));
            } else if index == 0 {
                let why = format!("the value of `{}` was changed", self.variable);
                return Retraction::Keep { at: Some(document.at(found.range)), why };
            }
        }
        take_from(&document, &found_in, "environment", recorded, &format!("`{}`", self.variable))
    }

    /// The value with the names of this project's services in it, as `target` reaches them.
    fn value_for(
        &self,
        document: &Document<'_>,
        model: &Model,
        project: &Project,
        target: &Entry,
    ) -> Result<String, Problem> {
        let mut value = self.value.clone();
        for manifest in &self.services {
            let placeholder = format!("{{{}}}", manifest.name);
            let Some(from) = model.service(&target.key).filter(|_| value.contains(&placeholder)) else { continue };
            let server = locate(model, project, manifest)?;
            let filled = match server {
                Some(server) => {
                    let read = |path: &FilePath| project.file(path).cloned();
                    endpoint::of(model, server, manifest, &read)
                        .and_then(|endpoint| reached(&value, manifest, model, from, server, &endpoint))
                }
                None => reached_new(&value, manifest, model, from),
            };
            value = filled.map_err(|why| {
                let example = value.replace(&placeholder, server.map_or(manifest.name.0, |server| &server.name));
                let help = format!(
                    "add `{}` to the environment of `{}` yourself, with the address that is right there (`{example}` is the \
                     usual one), or use `--compose none`",
                    self.variable, target.key
                );
                document
                    .unsupported(
                        format!("`{}` of `{}` is not known: {why}", self.variable, target.key),
                        target.key_range.clone(),
                    )
                    .help(help)
                    .manual(format!("environment:\n  {}: {example}", self.variable))
            })?;
        }
        Ok(value)
    }

    fn found<'d>(&self, document: &'d Document<'_>, service: &'d Entry) -> Option<Found<'d>> {
        let holder = document.get(service, "environment")?;
        let node = document.source.resolve(&holder.value)?;
        if let Value::Sequence(list) = &node.value {
            return list.items.iter().find_map(|item| {
                let written = document.source.scalar(&item.value)?;
                let (name, value) = match written.split_once('=') {
                    Some((name, value)) => (name, Some(value.to_owned())),
                    None => (written, None),
                };
                (name == self.variable).then(|| Found {
                    holder,
                    range: item.range(),
                    value,
                    value_range: item.value.range.clone(),
                    flow: list.flow,
                })
            });
        }
        let entry = document.source.get(node, &self.variable)?;
        let value = document.source.scalar(&entry.value).map(str::to_owned);
        let value_range = entry.value.range.clone();
        Some(Found { holder, range: entry.range(), value, value_range, flow: entry.flow })
    }
}

/// Where a service has a variable from.
enum Provision {
    Missing,
    Environment,
    /// Its `environment` names it without a value, which Compose takes from the shell or from its `.env`.
    HandedThrough,
    /// The settings do not mind in which letter case a variable is written.
    OtherCase(String),
    EnvFile(FilePath),
}

/// `value` with the address by which `from` reaches `server`.
fn reached(
    value: &str,
    manifest: &manifest::Service,
    model: &Model,
    from: &model::Service,
    server: &model::Service,
    endpoint: &Endpoint,
) -> Result<String, String> {
    let usual = usual_port(value, manifest);
    let port = endpoint.port.clone();
    // A host alone says nothing of the rest.
    if value == format!("{{{}}}", manifest.name) {
        let default = manifest.server.as_ref().map(|server| server.default_port.to_string());
        if endpoint.tls || endpoint.credentials.is_some() || (port.is_some() && port != default) {
            return Err(format!("the port, the password or TLS of `{}` has to be given too", server.name));
        }
    }
    let (host, port) = match model.reach(from, server) {
        Reach::Never(why) => return Err(why),
        Reach::Apart(networks) => {
            let networks: Vec<String> = networks.iter().map(|network| format!("`{network}`")).collect();
            return Err(format!(
                "`{}` has no network in common with `{}`, which is on {}: put it there first",
                from.name,
                server.name,
                networks.join(", ")
            ));
        }
        Reach::Local => ("localhost", port),
        Reach::Host(_) => (server.name.as_str(), port),
        Reach::Published => {
            let inside = port.map_or(usual, |port| with_defaults(&port).text.parse::<u16>().ok());
            let published = inside.and_then(|inside| server.published().iter().find_map(|port| port.host_of(inside)));
            let Some(port) = published else {
                return Err(format!(
                    "`{}` is on the network of the host, where `{}` publishes no port",
                    from.name, server.name
                ));
            };
            ("localhost", Some(port.to_string()))
        }
    };
    Ok(address(value, manifest, host, port.as_deref(), endpoint))
}

/// The same for the service that the component brings.
fn reached_new(
    value: &str,
    manifest: &manifest::Service,
    model: &Model,
    from: &model::Service,
) -> Result<String, String> {
    let host = match model.reach_new(from) {
        Reach::Never(why) => return Err(why),
        Reach::Published => "localhost",
        _ => manifest.name.0,
    };
    Ok(address(value, manifest, host, None, &Endpoint::default()))
}

/// The port that stands behind the placeholder.
fn usual_port(value: &str, manifest: &manifest::Service) -> Option<u16> {
    let (_, rest) = value.split_once(&format!("{{{}}}:", manifest.name))?;
    let end = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

/// `redis://{redis}:6379/0` with the host, the port, the user and the scheme of what is there.
fn address(value: &str, manifest: &manifest::Service, host: &str, port: Option<&str>, endpoint: &Endpoint) -> String {
    let Some((before, after)) = value.split_once(&format!("{{{}}}", manifest.name)) else { return value.to_owned() };
    let mut before = before.to_owned();
    if before.ends_with("://") {
        let scheme = manifest.server.as_ref().and_then(|server| server.tls_scheme).filter(|_| endpoint.tls);
        if let Some(scheme) = scheme {
            before = format!("{scheme}://");
        }
        if let Some(credentials) = &endpoint.credentials {
            before = format!("{before}{credentials}@");
        }
    }
    let after = match (port, usual_port(value, manifest)) {
        (Some(port), Some(usual)) => after.replacen(&usual.to_string(), port, 1),
        _ => after.to_owned(),
    };
    format!("{before}{host}{after}")
}

/// Does the address name the container itself?
fn is_local(value: &str) -> bool {
    matches!(host_of(value), "localhost" | "127.0.0.1" | "0.0.0.0" | "::1")
}

/// The quotes of what stands in `environment`, as values of a map and as items of a list, where all have the same.
fn styles(document: &Document<'_>, service: &Entry) -> (Style, Style) {
    let plain = (Style::Plain, Style::Plain);
    let Some(holder) = document.get(service, "environment") else { return plain };
    let Some(node) = document.source.resolve(&holder.value) else { return plain };
    let values: Vec<&Value> = match &node.value {
        Value::Mapping(mapping) => mapping.entries.iter().map(|entry| &entry.value.value).collect(),
        Value::Sequence(list) => list.items.iter().map(|item| &item.value.value).collect(),
        _ => return plain,
    };
    let mut common = None;
    for value in values {
        match (value, common) {
            (Value::Scalar(_, style), None) => common = Some(*style),
            (Value::Scalar(_, style), Some(known)) if *style == known => {}
            (Value::Scalar(..), Some(_)) => return plain,
            _ => {}
        }
    }
    let style = common.filter(|style| matches!(style, Style::Single | Style::Double)).unwrap_or(Style::Plain);
    (style, style)
}

/// The host that a URL or `host:port` names.
fn host_of(value: &str) -> &str {
    let rest = value.split_once("://").map_or(value, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    match host.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::compose::testing::{self, Want};
    use super::*;
    use crate::component::Component;
    use crate::requirement::depends_on::DependsOn;

    /// The service of a component, with what its folder says of such servers.
    fn service(component: &str) -> &'static manifest::Service {
        let manifest = &Component::find(component).expect("there is such a component").manifest;
        manifest.service.0.first().expect("it has a service")
    }

    fn environment() -> Environment {
        Environment {
            variable: "REDIS_URL".to_owned(),
            value: "redis://{redis}:6379/0".to_owned(),
            is_computed: false,
            services: vec![service("redis")],
            workers: vec![Worker {
                name: "worker".to_owned(),
                command: "arq {services}.tasks.WorkerSettings".to_owned(),
                health: None,
            }],
        }
    }

    fn dependency() -> DependsOn {
        DependsOn { service: service("redis"), condition: "service_healthy", workers: environment().workers }
    }

    fn want<'a>() -> Want<'a> {
        Want {
            assess: &|project| environment().assess(project),
            retract: &|project, recorded| environment().retract(project, recorded),
        }
    }

    fn want_dependency<'a>() -> Want<'a> {
        Want {
            assess: &|project| dependency().assess(project),
            retract: &|project, recorded| dependency().retract(project, recorded),
        }
    }

    /// Checks what stands in the service of the application, with another service after it.
    fn check_app(want: &Want<'_>, before: &str, after: &str) {
        let file = |app: &str| {
            format!("services:\n  app:\n    build: .\n{app}  redis:\n    image: redis\n    healthcheck: {{test: x}}\n")
        };
        testing::check_add(want, &file(before), &file(after));
    }

    #[test]
    fn a_variable_goes_into_a_map_or_a_list_as_it_is_written() {
        let check = |before: &str, after: &str| check_app(&want(), before, after);
        check(
            "    environment:\n      A: 1\n",
            "    environment:\n      A: 1\n      REDIS_URL: redis://redis:6379/0\n",
        );
        check(
            "    environment:\n      - A=1\n",
            "    environment:\n      - A=1\n      - REDIS_URL=redis://redis:6379/0\n",
        );
        check("    environment:\n    - A=1\n", "    environment:\n    - A=1\n    - REDIS_URL=redis://redis:6379/0\n");
        check(
            "    environment:\n      - \"A=1\"\n      - \"B=2\"\n",
            "    environment:\n      - \"A=1\"\n      - \"B=2\"\n      - \"REDIS_URL=redis://redis:6379/0\"\n",
        );
        check(
            "    environment:\n      A: '1'\n",
            "    environment:\n      A: '1'\n      REDIS_URL: 'redis://redis:6379/0'\n",
        );
        check("    environment: {A: b}\n", "    environment: {A: b, REDIS_URL: redis://redis:6379/0}\n");
        check("    environment: [A=b]\n", "    environment: [A=b, REDIS_URL=redis://redis:6379/0]\n");
    }

    #[test]
    fn a_flow_collection_over_lines_keeps_its_lines_its_comma_and_its_comment() {
        check_app(
            &want(),
            "    environment: {\n      A: b,\n      C: d, # last\n    }\n",
            "    environment: {\n      A: b,\n      C: d,\n      REDIS_URL: redis://redis:6379/0, # last\n    }\n",
        );
    }

    #[test]
    fn an_environment_that_is_nothing_yet() {
        let check = |before: &str, after: &str| check_app(&want(), before, after);
        let made = "    environment:\n      REDIS_URL: redis://redis:6379/0\n";
        check("", made);
        check("    env_file: .env\n    # a comment\n", &format!("    env_file: .env\n{made}    # a comment\n"));
        check("    environment:\n", made);
        check("    environment: {}\n", made);
        check("    environment: []\n", made);
        check("    environment: # none\n", "    environment: # none\n      REDIS_URL: redis://redis:6379/0\n");
    }

    #[test]
    fn a_service_in_flow_style_gains_a_flow_environment() {
        let file = |environment: &str| format!("services:\n  app: {{build: .{environment}}}\n");
        testing::check_add(&want(), &file(""), &file(", environment: {REDIS_URL: redis://redis:6379/0}"));
        testing::check_add(
            &want(),
            &file(", environment: {}"),
            &file(", environment: {REDIS_URL: redis://redis:6379/0}"),
        );
        testing::check_add(
            &want(),
            &file(", environment: []"),
            &file(", environment: [REDIS_URL=redis://redis:6379/0]"),
        );
    }

    #[test]
    fn the_password_of_a_redis_that_is_there_stands_in_the_url() {
        let check = |redis: &str, url: &str| {
            let redis = format!("  redis:\n    image: redis:7\n{redis}");
            let before = format!("services:\n  app:\n    build: .\n{redis}");
            let after = format!("services:\n  app:\n    build: .\n    environment:\n      REDIS_URL: {url}\n{redis}");
            testing::check_add(&want(), &before, &after);
        };
        check("    command: redis-server --save 20 1 --requirepass s3cret\n", "redis://:s3cret@redis:6379/0");
        check("    command: [redis-server, --requirepass, \"a@b/c\"]\n", "redis://:a%40b%2Fc@redis:6379/0");
        check("    command: redis-server --requirepass \"${PASS}\"\n", "\"redis://:${PASS}@redis:6379/0\"");
        check("    command: redis-server --requirepass ${PASS:?not set}\n", "\"redis://:${PASS}@redis:6379/0\"");
        check("    command: redis-server --requirepass ${PASS:-x} --save 1\n", "\"redis://:${PASS:-x}@redis:6379/0\"");
        check(
            "    command: sh -c 'redis-server --requirepass $$PASS'\n    environment:\n      - PASS=abc\n",
            "redis://:abc@redis:6379/0",
        );
        check("    environment:\n      REDIS_PASSWORD: abc\n", "redis://redis:6379/0");
        let bitnami = "services:\n  app: {build: .%}\n  redis:\n    image: bitnami/redis\n    environment:\n      REDIS_PASSWORD: ${PASS}\n";
        testing::check_add(
            &want(),
            &bitnami.replace('%', ""),
            &bitnami.replace('%', ", environment: {REDIS_URL: \"redis://:${PASS}@redis:6379/0\"}"),
        );
    }

    #[test]
    fn a_password_that_stands_elsewhere_is_refused() {
        let text = "services:\n  app:\n    build: .\n  redis:\n    image: redis\n    env_file: .env\n    command: sh -c 'redis-server --requirepass $$PASS'\n";
        assert_eq!(testing::check_blocked(&want(), text).rule.code, "PX303");
    }

    #[test]
    fn a_shared_environment_gains_the_variable_where_it_is_written() {
        let alias = "x-e: &e\n  A: b\nservices:\n  app:\n    build: .\n    environment: *e\n";
        testing::check_add(&want(), alias, &alias.replace("  A: b\n", "  A: b\n  REDIS_URL: redis://redis:6379/0\n"));
        let merged = "x-c: &c\n  build: .\n  environment:\n    A: b\nservices:\n  app:\n    <<: *c\n";
        testing::check_add(
            &want(),
            merged,
            &merged.replace("    A: b\n", "    A: b\n    REDIS_URL: redis://redis:6379/0\n"),
        );
        let own = "x-e: &e\n  A: b\nservices:\n  app:\n    build: .\n    environment:\n      <<: *e\n";
        testing::check_add(&want(), own, &format!("{own}      REDIS_URL: redis://redis:6379/0\n"));
    }

    #[test]
    fn a_variable_that_is_inherited_is_there() {
        testing::check_met(
            &want(),
            "x-e: &e\n  REDIS_URL: redis://cache\nservices:\n  app:\n    build: .\n    environment:\n      <<: *e\n",
        );
    }

    #[test]
    fn a_variable_that_is_handed_through_is_told() {
        for line in ["- REDIS_URL", "REDIS_URL:", "\"REDIS_URL\": ${REDIS_URL}", "- REDIS_URL=${REDIS_URL}"] {
            let text = format!("services:\n  app:\n    build: .\n    environment:\n      {line}\n");
            let found = environment().assess(&testing::project(&text));
            let Assessment::NotApplicable { note } = found else { panic!("{line}: {found:?}") };
            assert!(note.contains("redis://redis:6379/0"), "{line}: {note}");
        }
        testing::check_met(
            &want(),
            "services:\n  app:\n    build: .\n    environment:\n      REDIS_URL: ${REDIS_URL:-redis://cache}\n",
        );
    }

    #[test]
    fn the_name_as_the_end_of_another_is_not_the_name() {
        check_app(
            &want(),
            "    environment:\n      - MY_REDIS_URL=x\n      # - REDIS_URL=y\n",
            "    environment:\n      - MY_REDIS_URL=x\n      - REDIS_URL=redis://redis:6379/0\n      # - REDIS_URL=y\n",
        );
    }

    #[test]
    fn a_value_that_names_the_container_itself_is_doubtful() {
        let assess = |value: &str, more: &str| {
            environment().assess(&testing::project(&format!(
                "services:\n  app:\n    build: .\n{more}    environment:\n      REDIS_URL: {value}\n"
            )))
        };
        for value in [
            "redis://localhost:6379",
            "redis://u:p@127.0.0.1/0",
            "${REDIS_URL:-redis://localhost:6379/0}",
            "'redis://[::1]:1'",
        ] {
            match assess(value, "") {
                Assessment::Drifted { problem, fix: None } => assert_eq!(problem.rule.code, "PX309"),
                other => panic!("{value}: {other:?}"),
            }
        }
        assert!(matches!(assess("redis://localhost:6379", "    network_mode: host\n"), Assessment::Met { .. }));
        assert!(matches!(assess("redis://other:6379", ""), Assessment::Met { .. }));
    }

    #[test]
    fn on_the_network_of_the_host_the_value_names_the_published_port() {
        let before = "services:\n  app:\n    build: .\n    network_mode: host\n  cache:\n    image: redis\n    ports: [\"6380:6379\"]\n";
        testing::check_add(
            &want(),
            before,
            &before.replace("host\n", "host\n    environment:\n      REDIS_URL: redis://localhost:6380/0\n"),
        );
    }

    #[test]
    fn the_value_names_the_service_that_is_there() {
        let before = "services:\n  app:\n    build: .\n  cache:\n    image: redis\n";
        let after = before.replace("build: .\n", "build: .\n    environment:\n      REDIS_URL: redis://cache:6379/0\n");
        testing::check_add(&want(), before, &after);
    }

    #[test]
    fn shapes_that_are_not_edited_are_refused_with_the_lines_to_paste() {
        let problem = testing::check_blocked(&want(), "services:\n  app:\n    build: .\n    environment: !reset\n");
        assert_eq!(problem.rule.code, "PX303");
        assert_eq!(problem.manual.as_deref(), Some("environment:\n  REDIS_URL: redis://redis:6379/0"));
        testing::check_blocked(&want(), "services:\n  app:\n    build: .\n    environment: *none\n");
        testing::check_blocked(&want(), "services:\n  app:\n    build: .\n    environment: text\n");
    }

    #[test]
    fn without_a_service_of_the_application_it_does_not_apply() {
        let assessment = environment().assess(&testing::project("services:\n  db:\n    image: x\n"));
        assert!(matches!(assessment, Assessment::NotApplicable { .. }));
    }

    #[test]
    fn a_value_that_the_user_changed_stays() {
        let project =
            testing::project("services:\n  app:\n    build: .\n    environment:\n      REDIS_URL: redis://mine\n");
        let mut recorded = Recorded::default();
        recorded.record.text = Some("REDIS_URL=redis://redis:6379/0".to_owned());
        let kept = environment().retract(&project, &recorded);
        assert!(matches!(kept, Retraction::Keep { why, .. } if why == "the value of `REDIS_URL` was changed"));
    }

    #[test]
    fn a_user_who_turned_the_map_into_a_list_loses_nothing_else() {
        let project = testing::project(
            "services:\n  app:\n    build: .\n    environment:\n      - A=1\n      - REDIS_URL=redis://redis:6379/0\n",
        );
        let mut recorded = Recorded::default();
        recorded.record.text = Some("REDIS_URL=redis://redis:6379/0".to_owned());
        let removed = testing::remove(&want(), &project, &recorded);
        assert_eq!(testing::compose_text(&removed), "services:\n  app:\n    build: .\n    environment:\n      - A=1\n");
    }

    #[test]
    fn a_worker_of_ours_gains_what_the_application_gains() {
        let file = |variable: &str| {
            format!(
                "services:\n  app:\n    build: .\n    environment:\n      A: b\n{variable}  worker:\n    build: .\n    command: arq app.services.tasks.WorkerSettings\n    environment:\n      A: b\n{variable}"
            )
        };
        testing::check_add(&want(), &file(""), &file("      REDIS_URL: redis://redis:6379/0\n"));
        let dependency = "    depends_on:\n      redis:\n        condition: service_healthy\n";
        testing::check_add(&want_dependency(), &file(""), &{
            let text = file("").replace("  worker:", &format!("{dependency}  worker:"));
            format!("{text}{dependency}")
        });
    }

    #[test]
    fn several_components_are_removed_in_any_order() {
        let mut second = environment();
        second.variable = "ARQ_REDIS_URL".to_owned();
        let wants = [
            want(),
            Want {
                assess: &|project| second.assess(project),
                retract: &|project, recorded| second.retract(project, recorded),
            },
            want_dependency(),
        ];
        for app in [
            "",
            "    environment: {} # x\n    depends_on: null\n",
            "    environment:\n      A: b\n    depends_on: [x]\n",
        ] {
            for order in [[0, 1, 2], [1, 0, 2], [2, 0, 1], [2, 1, 0]] {
                let before = format!("services:\n  app:\n    build: .\n{app}\nx: 1");
                let mut project = testing::project(&before);
                let mut records = Vec::new();
                let mut scaffolding = Vec::new();
                for want in &wants {
                    let (next, fix) = testing::add(want, &project);
                    scaffolding.extend(fix.record.scaffolding.clone());
                    records.push(fix.record);
                    project = next;
                }
                for index in order {
                    let recorded = Recorded { record: records[index].clone(), scaffolding: scaffolding.clone() };
                    project = testing::remove(&wants[index], &project, &recorded);
                }
                assert_eq!(testing::compose_text(&project), before, "{order:?}");
            }
        }
    }

    /// The address of a Redis that is there, as a variable; else why it is not known.
    fn address_of(redis: &str, others: &[(&str, &str)]) -> String {
        let text = format!("services:\n  app:\n    build: .\n  redis:\n{redis}");
        match environment().assess(&testing::project_of(&text, others)) {
            Assessment::Missing { fix, .. } => fix
                .record
                .text
                .as_deref()
                .and_then(|text| text.strip_prefix("REDIS_URL="))
                .unwrap_or_default()
                .to_owned(),
            Assessment::Blocked { problem } => problem.message,
            other => panic!("neither missing nor blocked: {other:?}"),
        }
    }

    #[test]
    fn port_tls_and_users_of_a_redis_that_is_there() {
        let by_command = |command: &str| address_of(&format!("    image: redis:7\n    command: {command}\n"), &[]);
        assert_eq!(by_command("redis-server --port 6380"), "redis://redis:6380/0");
        assert_eq!(by_command("[redis-server, --port, '6380', --requirepass, x]"), "redis://:x@redis:6380/0");
        assert_eq!(by_command("--port ${P:-6380}"), "redis://redis:${P:-6380}/0");
        assert_eq!(by_command("redis-server --port 0 --tls-port 6390"), "rediss://redis:6390/0");
        assert_eq!(by_command("redis-server --requirepass 'a${X:-b c@d}'"), "redis://:a${X:-b%20c%40d}@redis:6379/0");
        let off = "redis-server --user default off --user app on '>p w' '~*' '+@all'";
        assert_eq!(by_command(off), "redis://app:p%20w@redis:6379/0");
        assert_eq!(by_command("redis-server --user default on '>s3'"), "redis://:s3@redis:6379/0");
        assert_eq!(by_command("redis-server --user app on '>pw'"), "redis://redis:6379/0");
        assert_eq!(by_command("sh -c 'redis-server --port 6381 --save 1 1 && true'"), "redis://redis:6381/0");
        for unknown in [
            "redis-server --user default off --user a on '>x' --user b on '>y'",
            "redis-server --user default off --user a on '#00'",
            "redis-server --port 0",
            "redis-server --port 99999",
            "redis-server /etc/redis.conf",
            "./start.sh",
            "redis-sentinel /s.conf",
            "redis-server /s.conf --sentinel",
            "redis-server --cluster-enabled yes",
            "redis-server --replicaof master 6379",
        ] {
            let answer = by_command(unknown);
            assert!(answer.contains("is not known"), "{unknown}: {answer}");
        }
    }

    #[test]
    fn variables_and_files_of_a_redis_that_is_there() {
        let bitnami = |environment: &str| {
            address_of(&format!("    image: bitnamilegacy/redis:7\n    environment:\n{environment}"), &[])
        };
        assert_eq!(bitnami("      REDIS_PORT_NUMBER: 6380\n"), "redis://redis:6380/0");
        assert_eq!(
            bitnami("      - REDIS_PASSWORD=${P}\n      - REDIS_TLS_ENABLED=yes\n"),
            "rediss://:${P}@redis:6379/0"
        );
        assert_eq!(bitnami("      - REDIS_PASSWORD\n"), "redis://:${REDIS_PASSWORD}@redis:6379/0");
        assert!(bitnami("      REDIS_PASSWORD_FILE: /run/secrets/x\n").contains("stands in a file"));
        let stack =
            "    image: redis/redis-stack:7\n    environment:\n      REDIS_ARGS: '--requirepass x --port 6385'\n";
        assert_eq!(address_of(stack, &[]), "redis://:x@redis:6385/0");
        let env_file = "    image: bitnami/redis\n    env_file: redis.env\n";
        let others = [("redis.env", "REDIS_PORT_NUMBER=6386\n")];
        assert_eq!(address_of(env_file, &others), "redis://redis:6386/0");
        let secret = address_of(env_file, &[("redis.env", "REDIS_PASSWORD=hunter2\n")]);
        assert!(secret.contains("`redis.env`") && !secret.contains("hunter2"), "{secret}");
        let mounted = "    image: redis\n    command: redis-server /etc/r/redis.conf --port 6387\n    volumes: ['./conf:/etc/r:ro']\n";
        let conf = [("conf/redis.conf", "# x\nport 6399\nrequirepass \"hunter 2\"\n")];
        assert_eq!(address_of(mounted, &conf), "redis://:hunter%202@redis:6387/0");
        assert!(address_of(mounted, &[]).contains("does not lie in the repository"));
        assert!(address_of(mounted, &[("conf/redis.conf", "include /x\n")]).contains("is not known"));
    }

    #[test]
    fn the_network_decides_the_address_or_that_there_is_none() {
        let assess = |app: &str, rest: &str| {
            let text = format!("services:\n  app:\n    build: .\n{app}{rest}");
            match environment().assess(&testing::project(&text)) {
                Assessment::Missing { fix, .. } => fix.record.text.unwrap_or_default(),
                Assessment::Blocked { problem } => problem.message,
                other => panic!("neither missing nor blocked: {other:?}"),
            }
        };
        let redis = "  redis:\n    image: redis\n";
        for mode in ["none", "bridge", "'container:x'", "'service:gone'"] {
            let app = format!("    network_mode: {mode}\n");
            assert!(assess(&app, redis).contains("is not known"), "{mode}");
            assert!(assess(&app, "").contains("is not known"), "{mode} without a Redis");
        }
        assert!(assess("    network_mode: host\n", redis).contains("publishes no port"));
        let published = "  redis:\n    image: redis\n    command: --port 6380\n    ports: ['7000-7010:6375-6385']\n";
        assert_eq!(assess("    network_mode: host\n", published), "REDIS_URL=redis://localhost:7005/0");
        let on_host = "  redis:\n    image: redis\n    network_mode: host\n";
        assert_eq!(assess("    network_mode: host\n", on_host), "REDIS_URL=redis://localhost:6379/0");
        assert!(assess("", on_host).contains("is not known"));
        let apart = "  redis:\n    image: redis\n    networks: [back]\nnetworks:\n  back:\n";
        assert!(
            assess("", apart)
                .ends_with("has no network in common with `redis`, which is on `back`: put it there first")
        );
        let beside = "  redis:\n    image: redis\n    network_mode: 'service:app'\n";
        assert_eq!(assess("", beside), "REDIS_URL=redis://localhost:6379/0");
        let proxied = "  redis:\n    image: redis\n  proxy:\n    image: x\n";
        assert_eq!(assess("    network_mode: 'service:proxy'\n", proxied), "REDIS_URL=redis://redis:6379/0");
    }

    #[test]
    fn what_an_env_file_says_is_not_covered_up() {
        let assess = |file: &str| {
            let text = "services:\n  app:\n    build: .\n    env_file: {path: prod.env, required: false}\n";
            environment().assess(&testing::project_of(text, &[("prod.env", file)]))
        };
        let kept = assess("REDIS_URL=rediss://managed.example.com:6380/0\n");
        assert!(matches!(kept, Assessment::NotApplicable { note } if note.contains("`prod.env`")));
        assert!(matches!(assess("REDIS_URL=redis://localhost:6379/0\n"), Assessment::Missing { .. }));
        assert!(matches!(assess("# REDIS_URL=redis://x\nOTHER=1\n"), Assessment::Missing { .. }));
    }

    #[test]
    fn no_other_service_changes_where_a_place_of_its_own_is_possible() {
        let ours = "REDIS_URL: redis://redis:6379/0\n";
        // An alias becomes a map of its own.
        let file = |app: &str| {
            format!(
                "x-e: &e\n  A: 1\nservices:\n  app:\n    build: .\n    environment:{app}  jobs:\n    image: x\n    environment: *e\n"
            )
        };
        testing::check_add(&want(), &file(" *e\n"), &file(&format!("\n      <<: *e\n      {ours}")));
        // A merge key does not merge what is in the map.
        let file = |app: &str| {
            format!(
                "x-c: &c\n  environment:\n    A: 1\n    B: x # b\nservices:\n  app:\n    <<: *c\n    build: .\n{app}  jobs:\n    <<: *c\n    image: x\n"
            )
        };
        testing::check_add(
            &want(),
            &file(""),
            &file(&format!("    environment:\n      A: 1\n      B: x # b\n      {ours}")),
        );
        let file = |app: &str| {
            format!(
                "x-c: &c\n  environment: &e\n    A: 1\nservices:\n  app:\n    <<: *c\n    build: .\n{app}  jobs:\n    <<: *c\n    image: x\n"
            )
        };
        testing::check_add(&want(), &file(""), &file(&format!("    environment:\n      <<: *e\n      {ours}")));
        let file = |app: &str| {
            format!(
                "x-c: &c\n  environment:\n    - A=1\nservices:\n  app:\n    <<: *c\n    build: .\n{app}  jobs:\n    <<: *c\n    image: x\n"
            )
        };
        testing::check_add(
            &want(),
            &file(""),
            &file("    environment:\n      - A=1\n      - REDIS_URL=redis://redis:6379/0\n"),
        );
        // What is extended is merged by Compose.
        let file = |app: &str| {
            format!(
                "services:\n  base:\n    environment: {{A: 1}}\n  app:\n    extends: base\n    build: .\n{app}  jobs:\n    extends: base\n    image: x\n"
            )
        };
        testing::check_add(&want(), &file(""), &file(&format!("    environment:\n      {ours}")));
    }

    #[test]
    fn services_that_inherit_from_the_application_are_named() {
        for jobs in ["<<: *app", "extends: app"] {
            let text = format!(
                "services:\n  app: &app\n    build: .\n    environment:\n      A: 1\n  jobs:\n    {jobs}\n    command: celery\n"
            );
            match environment().assess(&testing::project(&text)) {
                Assessment::Missing { fix, .. } => {
                    assert_eq!(
                        fix.notes,
                        ["`jobs` inherits from the application's service, and gains `REDIS_URL` too"]
                    );
                }
                other => panic!("not missing: {other:?}"),
            }
        }
    }

    #[test]
    fn what_stands_for_an_s3_server() {
        let endpoint = |service_lines: &str| {
            let environment = Environment {
                variable: "S3".to_owned(),
                value: "http://{minio}:9000".to_owned(),
                is_computed: false,
                services: vec![service("storage")],
                workers: Vec::new(),
            };
            let text = format!("services:\n  app:\n    build: .\n  s3:\n{service_lines}");
            match environment.assess(&testing::project(&text)) {
                Assessment::Missing { fix, .. } => fix.record.text.unwrap_or_default(),
                other => panic!("not missing: {other:?}"),
            }
        };
        for (lines, url) in [
            ("    image: bitnamilegacy/minio:2025\n", "S3=http://s3:9000"),
            (
                "    image: quay.io/minio/minio\n    command: server /data --address :9900 --console-address :9001\n",
                "S3=http://s3:9900",
            ),
            ("    image: rustfs/rustfs\n", "S3=http://s3:9000"),
            ("    image: localstack/localstack:4\n", "S3=http://s3:4566"),
            ("    image: dxflrs/garage:v2\n", "S3=http://s3:3900"),
            ("    image: chrislusf/seaweedfs\n    command: server -s3 -s3.port=8400\n", "S3=http://s3:8400"),
            ("    image: chrislusf/seaweedfs\n    command: server -s3\n", "S3=http://s3:8333"),
            ("    image: chrislusf/seaweedfs\n    command: master\n", "S3=http://minio:9000"),
        ] {
            assert_eq!(endpoint(lines), url, "{lines}");
        }
    }
}
