//! What the compose service that runs the application must know of another service: a variable, and to wait for it.
//!
//! `environment` and `depends_on` keep the form that they have, list or map; where they are absent they are made as maps.
//! Where the application shares a collection with others by an anchor or a merge key, that collection gains the entry:
//! an own one would hide the shared one, because YAML merges only the outermost keys. A value that the user has set is his.

use std::ops::Range;

use super::compose::{self, Addition, Document};
use super::password::password_of;
use super::service::{locate, ports_of};
use super::worker::Worker;
use super::{Assessment, Fix, Recorded, Retraction};
use crate::component::manifest;
use crate::finding::{APPLICATION_DEPENDS_ON, APPLICATION_ENVIRONMENT, APPLICATION_ENVIRONMENT_VALUE, Problem};
use crate::project::Project;
use crate::project::compose::with_defaults;
use crate::source::text;
use crate::source::yaml::{Entry, Style, Value};

/// A variable of the service that runs the application.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its name, with the prefix of the settings.
    pub variable: String,
    /// Its value; `{name}` is the compose service that stands for the service `name` of `services`.
    pub value: String,
    /// The services that `value` may speak of.
    pub services: Vec<&'static manifest::Service>,
    /// Workers that components bring: they have the application's environment, and gain what it gains.
    pub workers: Vec<Worker>,
}

/// A service that must be up before the application.
#[derive(Debug, Clone)]
pub struct DependsOn {
    /// The service.
    pub service: &'static manifest::Service,
    /// `service_healthy` or `service_started`; the latter where a service of the user's has no health check.
    pub condition: &'static str,
    /// Workers that components bring: they wait for what the application waits for.
    pub workers: Vec<Worker>,
}

/// A child of a collection of a service: where it is, and what it says.
struct Found<'a> {
    /// The entry of the service that holds the collection.
    holder: &'a Entry,
    range: Range<usize>,
    value: Option<String>,
    value_range: Range<usize>,
    flow: bool,
}

/// The service of the application, then those of the workers that are there.
fn targets<'d>(document: &'d Document<'_>, project: &Project, workers: &[Worker]) -> Result<Vec<&'d Entry>, Problem> {
    let Some(name) = compose::application(project)? else { return Ok(Vec::new()) };
    let Some(application) = document.service(name) else { return Ok(Vec::new()) };
    let mut targets = vec![application];
    let services = document.services();
    targets.extend(services.into_iter().filter(|service| {
        service.key != name && workers.iter().any(|worker| worker.is_run_by(document, project, service))
    }));
    Ok(targets)
}

fn scaffolding_name(service: &Entry, key: &str) -> String {
    format!("compose:services.{}.{key}", service.key)
}

/// Does the service use the network of the host?
fn is_on_host(document: &Document<'_>, service: &Entry) -> bool {
    document.scalar_of(service, "network_mode") == Some("host")
}

/// Edits that put `pair` or `item` under `key` of each of `missing`, once where they share the collection.
fn put_into(
    document: &Document<'_>,
    missing: &[(&Entry, String, Option<String>)],
    key: &str,
) -> Result<Addition, Problem> {
    let mut all = Addition::default();
    let mut done: Vec<usize> = Vec::new();
    for (service, pair, item) in missing {
        let name = scaffolding_name(service, key);
        let addition = match document.get(service, key) {
            Some(holder) => {
                let place = document.source.resolve(&holder.value).map_or(holder.colon_end, |node| node.outer.start);
                if done.contains(&place) {
                    continue;
                }
                done.push(place);
                document.put(&name, holder, pair, item.as_deref(), false)?
            }
            None if service.value.mapping().is_some() => {
                document.create(&name, &service.value, key, pair).ok_or_else(|| {
                    let what = format!("the service `{}` stands in a place that is not edited", service.key);
                    document.unsupported(what, service.key_range.clone())
                })?
            }
            None => {
                let what = format!("the service `{}` is an alias of another one", service.key);
                return Err(document.unsupported(what, service.range()));
            }
        };
        all.edits.extend(addition.edits);
        all.scaffolding.extend(addition.scaffolding);
    }
    Ok(all)
}

/// Takes what was found out of each service. `why` says what to call it where it stays.
fn take_from(
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
        let name = scaffolding_name(service, key);
        match document.take(&name, &service.value, found.holder, found.range.start, recorded, false) {
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
    /// Has the application the variable?
    pub fn assess(&self, project: &Project) -> Assessment {
        let variable = &self.variable;
        let document = match compose::open(project) {
            Ok(Some(document)) => document,
            Ok(None) => {
                return Assessment::NotApplicable {
                    note: format!("no compose file: set `{variable}` where the application runs"),
                };
            }
            Err(problem) => return Assessment::Blocked { problem },
        };
        let targets = match targets(&document, project, &self.workers) {
            Ok(targets) => targets,
            Err(problem) => return Assessment::Blocked { problem },
        };
        let Some(application) = targets.first().copied() else {
            return Assessment::NotApplicable {
                note: format!("no service of `{}` runs the application: set `{variable}` where it runs", document.path),
            };
        };
        let others = compose::others(project);
        let is_elsewhere = |target: &Entry| {
            others
                .iter()
                .any(|other| other.service(&target.key).is_some_and(|service| self.found(other, service).is_some()))
        };
        let mut missing = Vec::new();
        for target in &targets {
            if self.found(&document, target).is_none() && !is_elsewhere(target) {
                let value = match self.value_for(&document, project, target) {
                    Ok(value) => value,
                    Err(problem) => return Assessment::Blocked { problem },
                };
                let (pair_style, item_style) = styles(&document, target);
                let pair = format!("{variable}: {}", compose::scalar(&value, pair_style));
                let item = format!("- {}", compose::scalar(&format!("{variable}={value}"), item_style));
                missing.push((*target, pair, Some(item), value));
            }
        }
        let Some((first, pair, _, value)) = missing.first().cloned() else {
            return self.present(&document, project, application);
        };
        let manual = format!("environment:\n  {pair}");
        let wanted: Vec<(&Entry, String, Option<String>)> =
            missing.into_iter().map(|(target, pair, item, _)| (target, pair, item)).collect();
        match put_into(&document, &wanted, "environment") {
            Ok(addition) => {
                let place = document.get(first, "environment").map_or(&first.key_range, |entry| &entry.key_range);
                let problem = Problem::new(
                    &APPLICATION_ENVIRONMENT,
                    format!("the service `{}` has no variable `{variable}`", first.key),
                )
                .at(document.path, place.clone())
                .help(format!("add `{variable}={value}` to its `environment`"))
                .manual(manual);
                let mut fix = Fix::edit(document.path, addition.edits).text(format!("{variable}={value}")).safe();
                fix.record.scaffolding = addition.scaffolding;
                Assessment::Missing { problem, fix }
            }
            Err(problem) => {
                let help = format!("add `{pair}` to the environment of `{}` yourself", first.key);
                Assessment::Blocked { problem: problem.help(help).manual(manual) }
            }
        }
    }

    /// The variable is there: is its value one that works in a container?
    fn present(&self, document: &Document<'_>, project: &Project, application: &Entry) -> Assessment {
        let Some(found) = self.found(document, application) else { return Assessment::Met { at: None } };
        let is_local = found.value.as_deref().is_some_and(|value| {
            matches!(host_of(&with_defaults(value).text), "localhost" | "127.0.0.1" | "0.0.0.0" | "::1")
        });
        if !is_local || !self.value.contains('{') || is_on_host(document, application) {
            return Assessment::Met { at: Some(document.at(found.range)) };
        }
        let mut problem = Problem::new(
            &APPLICATION_ENVIRONMENT_VALUE,
            format!("`{}` of the service `{}` names the container itself as its host", self.variable, application.key),
        )
        .at(document.path, found.value_range);
        if let Ok(value) = self.value_for(document, project, application) {
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
                None => self.value_for(&document, project, target).ok(),
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

    /// The value with the names of this project's services in it.
    fn value_for(&self, document: &Document<'_>, project: &Project, target: &Entry) -> Result<String, Problem> {
        let mut value = self.value.clone();
        for service in &self.services {
            let placeholder = format!("{{{}}}", service.name);
            if !value.contains(&placeholder) {
                continue;
            }
            let found = locate(document, project, service)?;
            let name = found.as_deref().unwrap_or(service.name.0);
            let password = match (document.service(name), &service.password) {
                (Some(server), Some(manifest)) if value.contains(&format!("://{placeholder}")) => {
                    password_of(document, server, manifest)?
                }
                _ => None,
            };
            let mut host = name;
            if is_on_host(document, target) {
                value = published(document, name, &value, &placeholder);
                host = "localhost";
            }
            let authority = password.map_or_else(|| host.to_owned(), |password| format!(":{password}@{host}"));
            value = value.replace(&placeholder, &authority);
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

/// `{redis}:6379` with the port of the host that the container's port is published at.
fn published(document: &Document<'_>, service: &str, value: &str, placeholder: &str) -> String {
    let Some(at) = value.find(&format!("{placeholder}:")) else { return value.to_owned() };
    let from = at + placeholder.len() + 1;
    let rest = value.get(from..).unwrap_or_default();
    let length = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
    let Ok(port) = rest.get(..length).unwrap_or_default().parse::<u32>() else { return value.to_owned() };
    let ports = document.service(service).and_then(|service| document.get(service, "ports"));
    let host = ports.and_then(|ports| {
        ports_of(&document.source, &ports.value).into_iter().find_map(|(host, container)| {
            let container = container.filter(|container| container.contains(&port))?;
            host.map(|host| host.start + (port - container.start))
        })
    });
    let mut result = value.to_owned();
    result.replace_range(from..from + length, &host.unwrap_or(port).to_string());
    result
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

impl DependsOn {
    /// Does the application wait for the service?
    pub fn assess(&self, project: &Project) -> Assessment {
        let document = match compose::open(project) {
            Ok(Some(document)) => document,
            Ok(None) => {
                let note = format!("no compose file: start `{}` before the application", self.service.name);
                return Assessment::NotApplicable { note };
            }
            Err(problem) => return Assessment::Blocked { problem },
        };
        let (targets, name) =
            match (targets(&document, project, &self.workers), locate(&document, project, self.service)) {
                (Ok(targets), Ok(found)) => (targets, found.unwrap_or_else(|| self.service.name.0.to_owned())),
                (Err(problem), _) | (_, Err(problem)) => return Assessment::Blocked { problem },
            };
        let Some(application) = targets.first().copied() else {
            let note = format!("no service of `{}` runs the application: start `{name}` before it", document.path);
            return Assessment::NotApplicable { note };
        };
        let others = compose::others(project);
        if document.service(&name).is_none()
            && let Some(other) = others.iter().find(|other| matches!(locate(other, project, self.service), Ok(Some(_))))
        {
            let note = format!("`{}` has `{name}`: whether to wait for it is said there", other.path);
            return Assessment::NotApplicable { note };
        }
        let is_elsewhere = |target: &Entry| {
            others.iter().any(|other| {
                other.service(&target.key).is_some_and(|service| find_dependency(other, service, &name).is_some())
            })
        };
        let missing: Vec<&Entry> = targets
            .iter()
            .copied()
            .filter(|target| find_dependency(&document, target, &name).is_none() && !is_elsewhere(target))
            .collect();
        let Some(first) = missing.first().copied() else {
            let at = find_dependency(&document, application, &name).map(|found| document.at(found.range));
            return Assessment::Met { at };
        };
        let service = document.service(&name);
        if let Some(service) = service {
            // Compose refuses a service that waits for one which is not started.
            let profiles = document.names_of(service, "profiles");
            let own = document.names_of(application, "profiles");
            if !profiles.is_empty() && !own.iter().any(|profile| profiles.contains(profile)) {
                let note = format!("`{name}` belongs to a profile: `{}` does not wait for it", application.key);
                return Assessment::NotApplicable { note };
            }
            if waits_in_turn(&document, service, &targets) {
                let note = format!("`{name}` waits for `{}`, which therefore does not wait for it", application.key);
                return Assessment::NotApplicable { note };
            }
        }
        let condition = self.condition_for(&document, service);
        let pair = format!("{name}:\n{}", compose::indented(&format!("condition: {condition}"), &document.deeper("")));
        let item = format!("- {name}");
        let wanted: Vec<(&Entry, String, Option<String>)> =
            missing.into_iter().map(|target| (target, pair.clone(), Some(item.clone()))).collect();
        let manual = format!("depends_on:\n  {name}:\n    condition: {condition}");
        match put_into(&document, &wanted, "depends_on") {
            Ok(addition) => {
                let place = document.get(first, "depends_on").map_or(&first.key_range, |entry| &entry.key_range);
                let problem = Problem::new(
                    &APPLICATION_DEPENDS_ON,
                    format!("the service `{}` does not depend on `{name}`", first.key),
                )
                .at(document.path, place.clone())
                .help(format!("add `{name}` with `condition: {condition}` to its `depends_on`"))
                .manual(manual);
                let mut fix = Fix::edit(document.path, addition.edits).text(format!("{name}: {condition}")).safe();
                fix.record.scaffolding = addition.scaffolding;
                Assessment::Missing { problem, fix }
            }
            Err(problem) => {
                let help = format!("add `{name}` to the `depends_on` of `{}` yourself", first.key);
                Assessment::Blocked { problem: problem.help(help).manual(manual) }
            }
        }
    }

    /// A service without a health check is never healthy.
    fn condition_for(&self, document: &Document<'_>, service: Option<&Entry>) -> &'static str {
        let has_check = service.is_none_or(|service| {
            document.get(service, "healthcheck").is_some_and(|check| {
                !check.value.is_null()
                    && document.source.get(&check.value, "disable").and_then(|entry| entry.value.scalar())
                        != Some("true")
            })
        });
        if has_check { self.condition } else { "service_started" }
    }

    /// Takes the dependency out again, where it is as it was written.
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
        let written = recorded.record.text.as_deref().and_then(|text| text.split_once(": "));
        let (name, condition) = match written {
            Some((name, condition)) => (name.to_owned(), Some(condition.to_owned())),
            None => match locate(&document, project, self.service) {
                Ok(found) => (found.unwrap_or_else(|| self.service.name.0.to_owned()), None),
                Err(problem) => return compose::keep(problem),
            },
        };
        let mut found_in = Vec::new();
        for (index, target) in targets.into_iter().enumerate() {
            let Some(found) = find_dependency(&document, target, &name) else { continue };
            if found.value.is_some() && condition.is_some() && found.value != condition {
                if index == 0 {
                    let why = format!("how `{}` depends on `{name}` was changed", target.key);
                    return Retraction::Keep { at: Some(document.at(found.range)), why };
                }
                continue;
            }
            found_in.push((target, found));
        }
        take_from(&document, &found_in, "depends_on", recorded, &format!("the dependency on `{name}`"))
    }
}

/// Does the service depend on one of `targets`, or share the collection that would gain the dependency?
fn waits_in_turn(document: &Document<'_>, service: &Entry, targets: &[&Entry]) -> bool {
    let mut names = vec![service.key.as_str()];
    let mut index = 0;
    while let Some(name) = names.get(index).copied() {
        index += 1;
        let Some(entry) = document.service(name) else { continue };
        for next in document.names_of(entry, "depends_on") {
            if targets.iter().any(|target| target.key == next) {
                return true;
            }
            if !names.contains(&next) {
                names.push(next);
            }
        }
    }
    let place = |entry: &Entry| {
        let holder = document.get(entry, "depends_on")?;
        document.source.resolve(&holder.value).map(|node| node.outer.start)
    };
    place(service).is_some_and(|own| targets.iter().any(|target| place(target) == Some(own)))
}

/// The dependency of `service` on `name`; its value is the text of a map's condition, and all of its text where there is more.
fn find_dependency<'d>(document: &'d Document<'_>, service: &'d Entry, name: &str) -> Option<Found<'d>> {
    let holder = document.get(service, "depends_on")?;
    let node = document.source.resolve(&holder.value)?;
    if let Value::Sequence(list) = &node.value {
        return list.items.iter().find_map(|item| {
            let is_it = document.source.scalar(&item.value) == Some(name);
            let value_range = item.value.range.clone();
            is_it.then(|| Found { holder, range: item.range(), value: None, value_range, flow: list.flow })
        });
    }
    let entry = document.source.get(node, name)?;
    let only = entry.value.mapping().filter(|mapping| mapping.entries.len() == 1);
    let condition = only
        .and_then(|mapping| mapping.entries.first())
        .filter(|entry| entry.key == "condition")
        .and_then(|entry| entry.value.scalar());
    let value_range = entry.value.range.clone();
    let whole = document.source.text().get(value_range.clone()).unwrap_or_default();
    let value = Some(condition.unwrap_or(whole).to_owned());
    Some(Found { holder, range: entry.range(), value, value_range, flow: entry.flow })
}

#[cfg(test)]
mod tests {
    use super::super::compose::testing::{self, REDIS, Want};
    use super::*;

    static REDIS_SERVICE: manifest::Service = REDIS;

    fn environment() -> Environment {
        Environment {
            variable: "REDIS_URL".to_owned(),
            value: "redis://{redis}:6379/0".to_owned(),
            services: vec![&REDIS_SERVICE],
            workers: vec![Worker {
                name: "worker".to_owned(),
                command: "arq {services}.tasks.WorkerSettings".to_owned(),
            }],
        }
    }

    fn dependency() -> DependsOn {
        DependsOn { service: &REDIS_SERVICE, condition: "service_healthy", workers: environment().workers }
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
        testing::check_met(&want(), "services:\n  app:\n    build: .\n    environment:\n      - REDIS_URL\n");
        testing::check_met(
            &want(),
            "services:\n  app:\n    build: .\n    environment:\n      \"REDIS_URL\": ${REDIS_URL}\n",
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
    fn a_dependency_keeps_the_form_of_the_others() {
        let check = |before: &str, after: &str| check_app(&want_dependency(), before, after);
        let made = "    depends_on:\n      redis:\n        condition: service_healthy\n";
        check("", made);
        check("    depends_on:\n", made);
        check("    depends_on: {}\n", made);
        check("    depends_on: []\n", made);
        check("    depends_on:\n      - db # x\n", "    depends_on:\n      - db # x\n      - redis\n");
        check("    depends_on:\n    - \"db\"\n", "    depends_on:\n    - \"db\"\n    - redis\n");
        check("    depends_on: [db]\n", "    depends_on: [db, redis]\n");
        check("    depends_on: [\"db\"]\n", "    depends_on: [\"db\", \"redis\"]\n");
        check(
            "    depends_on: {db: {condition: service_started}}\n",
            "    depends_on: {db: {condition: service_started}, redis: {condition: service_healthy}}\n",
        );
        check(
            "    depends_on:\n      db:\n        condition: service_started\n        # why\n    ports: []\n",
            "    depends_on:\n      db:\n        condition: service_started\n        # why\n      redis:\n        condition: service_healthy\n    ports: []\n",
        );
    }

    #[test]
    fn a_service_without_a_health_check_is_only_waited_for_to_start() {
        let before = "services:\n  cache:\n    image: redis\n  app:\n    build: .\n";
        let after = format!("{before}    depends_on:\n      cache:\n        condition: service_started\n");
        testing::check_add(&want_dependency(), before, &after);
    }

    #[test]
    fn a_circle_and_a_profile_are_not_waited_for() {
        let assess = |redis: &str| {
            dependency().assess(&testing::project(&format!(
                "services:\n  app:\n    build: .\n  redis:\n    image: redis\n{redis}"
            )))
        };
        assert!(matches!(assess("    depends_on: [app]\n"), Assessment::NotApplicable { .. }));
        assert!(matches!(assess("    profiles: [cache]\n"), Assessment::NotApplicable { .. }));
        assert!(matches!(assess(""), Assessment::Missing { .. }));
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
}
