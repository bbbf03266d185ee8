//! A service that the application waits for: an entry of `depends_on` of each service that runs it.

use super::compose::{self, Document};
use super::compose_text;
use super::environment::{Found, inherited_by, take_from, targets};
use super::own_place::{self, Gain};
use super::service::locate;
use super::worker::Worker;
use super::{Assessment, Fix, NO_COMPOSE_FILE, Recorded, Retraction};
use crate::component::manifest;
use crate::finding::{APPLICATION_DEPENDS_ON, Problem};
use crate::project::Project;
use crate::project::compose::model::Model;
use crate::source::yaml::{Entry, Value};

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

impl DependsOn {
    /// The stable name in `paxx.lock`.
    pub fn id(&self) -> String {
        format!("depends_on:{}", self.service.name)
    }

    /// What it is, as a phrase for the summary.
    pub fn title(&self, _project: &Project) -> String {
        format!("the application depends on `{}`", self.service.name)
    }

    /// Does the application wait for the service?
    pub fn assess(&self, project: &Project) -> Assessment {
        let document = match compose::open(project) {
            Ok(Some(document)) => document,
            Ok(None) => {
                let note = format!("{NO_COMPOSE_FILE}: start `{}` before the application", self.service.name);
                return Assessment::NotApplicable { note };
            }
            Err(problem) => return Assessment::Blocked { problem },
        };
        let model = compose::model(project);
        let (targets, found) = match (targets(&document, project, &self.workers), locate(&model, project, self.service))
        {
            (Ok(targets), Ok(found)) => (targets, found),
            (Err(problem), _) | (_, Err(problem)) => return Assessment::Blocked { problem },
        };
        let name = found.map_or(self.service.name.0, |found| &found.name).to_owned();
        let Some(application) = targets.first().copied() else {
            let note = format!("no service of `{}` runs the application: start `{name}` before it", document.path);
            return Assessment::NotApplicable { note };
        };
        if let Some(other) = found.filter(|found| found.at.path != *document.path) {
            let note = format!("`{}` has `{name}`: whether to wait for it is said there", other.at.path);
            return Assessment::NotApplicable { note };
        }
        let has_it = |target: &Entry| {
            model.service(&target.key).is_some_and(|service| service.dependencies().contains(&name.as_str()))
        };
        let missing: Vec<&Entry> = targets.iter().copied().filter(|target| !has_it(target)).collect();
        let Some(first) = missing.first().copied() else {
            let at = find_dependency(&document, application, &name).map(|found| document.at(found.range));
            return Assessment::Met { at };
        };
        let service = document.service(&name);
        if let Some(service) = service {
            // Compose refuses a service that waits for one which is not started.
            let runs = |service| Model::runs_with(service, model.service(&application.key));
            if let Some(profile) = model.service(&name).filter(|service| !runs(service)) {
                let note =
                    format!("`{}` belongs to a profile: `{}` does not wait for it", profile.name, application.key);
                return Assessment::NotApplicable { note };
            }
            if waits_in_turn(&document, service, &targets) {
                let note = format!("`{name}` waits for `{}`, which therefore does not wait for it", application.key);
                return Assessment::NotApplicable { note };
            }
        }
        let condition = self.condition_for(&document, service);
        let pair =
            format!("{name}:\n{}", compose_text::indented(&format!("condition: {condition}"), &document.deeper("")));
        let item = format!("- {name}");
        let gains: Vec<Gain<'_>> =
            missing.into_iter().map(|service| Gain { service, pair: pair.clone(), item: Some(item.clone()) }).collect();
        let manual = format!("depends_on:\n  {name}:\n    condition: {condition}");
        match own_place::put(project, &document, &gains, "depends_on") {
            Ok((addition, others)) => {
                let place = document.get(first, "depends_on").map_or(&first.key_range, |entry| &entry.key_range);
                let problem = Problem::new(
                    &APPLICATION_DEPENDS_ON,
                    format!("the service `{}` does not depend on `{name}`", first.key),
                )
                .at(document.path, place.clone())
                .help(format!("add `{name}` with `condition: {condition}` to its `depends_on`"))
                .manual(manual);
                let fix = Fix::edit(document.path, addition.edits).text(format!("{name}: {condition}")).safe();
                let mut fix = inherited_by(fix, &others, &format!("the dependency on `{name}`"));
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
            None => match locate(&compose::model(project), project, self.service) {
                Ok(found) => (found.map_or(self.service.name.0, |found| &found.name).to_owned(), None),
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

    fn dependency() -> DependsOn {
        DependsOn { service: &REDIS, condition: "service_healthy", workers: Vec::new() }
    }

    fn want<'a>() -> Want<'a> {
        Want {
            assess: &|project| dependency().assess(project),
            retract: &|project, recorded| dependency().retract(project, recorded),
        }
    }

    /// Checks what stands in the service of the application, with another service after it.
    fn check_app(before: &str, after: &str) {
        let file = |app: &str| {
            format!("services:\n  app:\n    build: .\n{app}  redis:\n    image: redis\n    healthcheck: {{test: x}}\n")
        };
        testing::check_add(&want(), &file(before), &file(after));
    }

    #[test]
    fn a_dependency_keeps_the_form_of_the_others() {
        let check = |before: &str, after: &str| check_app(before, after);
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
        testing::check_add(&want(), before, &after);
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
}
