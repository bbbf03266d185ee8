//! The requirements of a component, lowered from its manifest, in the order in which they are brought.

use super::application_call::{ApplicationCall, Role};
use super::dependency::Dependency;
use super::dependency::specifier::{Specifier, canonical, release};
use super::depends_on::DependsOn;
use super::env_variable::EnvVariable;
use super::environment::Environment;
use super::ignore_line::IgnoreLine;
use super::image::Image;
use super::lifespan_call::LifespanCall;
use super::migration::Migration;
use super::module::{Apart, Module, Package, Written};
use super::python_bound::{PythonBound, too_old};
use super::readiness::Readiness;
use super::service::Service;
use super::setting::Setting;
use super::settings_class::SettingsClass;
use super::side::Side;
use super::volume::Volume;
use super::worker::Worker;
use super::{Requirement, setting_parts};
use crate::component::{COMPONENTS, Component, Context, manifest};
use crate::lock::{Lock, ScaffoldingKey};
use crate::project::{FilePath, Project};
use crate::requirement::setting_provision;

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
    let made = creates_settings || lock.has_scaffolding(&ScaffoldingKey::SettingsClass);
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
        list.push(Requirement::SettingsClass(SettingsClass));
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
        list.push(Requirement::Package(Package));
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
        if setting_parts::is_computed(project, setting) {
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
        list.push(Requirement::Image(Image::new(image, installed)));
    }
    for entry in manifest.environment.iter().filter(|entry| applies(entry.with)) {
        let name = if is_setting(&entry.variable) { variable(&entry.variable) } else { entry.variable.to_string() };
        let host = setting_parts::host_variable(project, &entry.variable);
        let is_computed = matches!(
            setting_provision::provision(project, &entry.variable),
            setting_provision::Provision::Property { .. }
        );
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
    let was_raised = || lock.has_scaffolding(&ScaffoldingKey::Python);
    if !manifest.module.is_empty() && (too_old(project).is_some() || was_raised()) {
        list.push(Requirement::Python(PythonBound));
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
pub(super) fn strongest(own: &'static manifest::Dependency, installed: &[&str]) -> &'static str {
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
