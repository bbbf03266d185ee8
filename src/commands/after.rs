//! What comes after components were added: one list of next steps for all of them, and what was not done.

use std::collections::BTreeSet;

use super::Ui;
use crate::component::{Component, Context};
use crate::plan::{self, Outcome, Plan};
use crate::project::Project;
use crate::project::discover::Discovery;
use crate::project::layout::Installer;
use crate::project::routes;
use crate::project::surroundings::{self, Surroundings};
use crate::render::Paths;
use crate::render::next_steps::{NextSteps, Services};
use crate::render::styled::one_line;

/// What is next, and how that is headed.
#[derive(Debug, Default)]
pub struct Next {
    /// Such as `Next steps for redis`.
    pub heading: String,
    /// Empty where there is nothing to say.
    pub steps: NextSteps,
}

/// What is next where a component is new.
pub fn adding(ui: &Ui, discovery: &Discovery, plan: &Plan) -> Next {
    let is_new =
        |id: &str| plan.steps.iter().any(|step| step.component == id && matches!(step.outcome, Outcome::Brought));
    let new: Vec<&Component> =
        plan.components.iter().map(|(component, _)| *component).filter(|component| is_new(component.id())).collect();
    if new.is_empty() {
        return Next::default();
    }
    let context = plan::context(&plan.after);
    let paths = ui.paths(discovery);
    let installs = !packages(plan).is_empty();
    let mut next = NextSteps::of(&new, &context, installs, &services(plan, &new, &context));
    // What concerns the whole project comes before what concerns a component.
    let own = std::mem::take(&mut next.left);
    next.left = left(discovery, plan, &new, &context, &paths);
    next.left.extend(own);
    next.left.extend(readiness(plan, &new));
    for text in next.steps.iter_mut().chain(&mut next.left) {
        *text = plan.after.layout.services.renamed(text);
    }
    let names: Vec<&str> = new.iter().map(|component| component.id()).collect();
    Next { heading: format!("Next steps for {}{}", names.join(", "), place(&paths, &plan.after)), steps: next }
}

/// What is next where components were taken out.
pub fn removing(ui: &Ui, discovery: &Discovery, plan: &Plan) -> Next {
    let install = plan::context(&plan.after).install;
    let steps =
        NextSteps { steps: vec![format!("Install what is left of the dependencies: {install}")], left: Vec::new() };
    Next { heading: format!("Next steps{}", place(&ui.paths(discovery), &plan.after)), steps }
}

/// Where the commands are typed, if that is not the current folder: they belong to the project.
fn place(paths: &Paths, project: &Project) -> String {
    let shown = paths.show(&project.layout.root.child("paxx.lock"));
    shown
        .strip_suffix("/paxx.lock")
        .map_or_else(String::new, |folder| format!(", in the folder `{}`", one_line(folder)))
}

/// What is left to do by hand where a project has no route that tells whether its servers answer, or one of its own.
fn readiness<'a>(plan: &'a Plan, new: &'a [&Component]) -> impl Iterator<Item = String> + 'a {
    let steps = plan.steps.iter().filter(|step| {
        step.id.starts_with("readiness:") && new.iter().any(|component| component.id() == step.component)
    });
    steps.filter_map(|step| match &step.outcome {
        Outcome::NotApplicable(note) => Some(format!("Readiness: {note}")),
        _ => None,
    })
}

/// The packages that the plan brings.
fn packages(plan: &Plan) -> Vec<&str> {
    let brought = plan.steps.iter().filter(|step| matches!(step.outcome, Outcome::Brought));
    brought
        .filter(|step| step.id.starts_with("dependency:") || step.id.starts_with("development-dependency:"))
        .filter_map(|step| step.title.split('`').nth(1))
        .collect()
}

/// The services of compose that have to run now.
fn services(plan: &Plan, new: &[&Component], context: &Context) -> Services {
    let mut services = Services::default();
    let steps = plan.steps.iter().filter(|step| {
        matches!(step.outcome, Outcome::Brought | Outcome::Found)
            && new.iter().any(|component| component.id() == step.component)
    });
    let mut is_whole = false;
    for step in steps {
        let Some((kind, name)) = step.id.split_once(':') else { continue };
        match kind {
            "service" | "worker" => {
                services.any = true;
                services.built |= kind == "worker";
                let name = context.service(name);
                if !services.names.contains(&name) {
                    services.names.push(name);
                }
            }
            // A service of the user's: which one it is matters less than that it starts anew with all that use it.
            "image" if matches!(step.outcome, Outcome::Brought) => is_whole = true,
            _ => {}
        }
    }
    if is_whole {
        services.any = true;
        services.names.clear();
    }
    let application = plan.after.layout.compose.as_ref().ok().and_then(|compose| compose.as_ref());
    let application = application.and_then(|compose| compose.application.as_ref().ok()?.clone());
    if services.any
        && let Some(application) = application
    {
        // Its image lacks the new packages.
        services.built = true;
        if !services.names.is_empty() && !services.names.contains(&application) {
            services.names.push(application);
        }
    }
    services
}

/// What was not done, and is next.
fn left(discovery: &Discovery, plan: &Plan, new: &[&Component], context: &Context, paths: &Paths) -> Vec<String> {
    let layout = &plan.after.layout;
    let packages = packages(plan);
    let mut lines = Vec::new();
    let surroundings = Surroundings::of(&discovery.base, &discovery.opened);
    if let Some(surroundings) = surroundings.as_ref().filter(|_| !packages.is_empty()) {
        for (path, command) in surroundings.locks(&layout.root) {
            let path = paths.show(&path);
            let installs = context.install.split(' ').next() == command.split(' ').next();
            lines.push(match layout.installer {
                Installer::Uv | Installer::Pdm if installs => {
                    format!("`{path}` is stale until step 1 (or `{command}`) has run: commit it with this change")
                }
                Installer::Poetry if installs => {
                    format!("`{path}` is stale until step 1 has run: commit it with this change")
                }
                _ => format!("`{path}` is stale: `{command}`"),
            });
        }
    }
    if let Some(copy) = layout.dependencies.as_ref().ok().and_then(|found| found.copy.as_ref())
        && !packages.is_empty()
    {
        let packages: Vec<String> = packages.iter().map(|package| format!("`{package}`")).collect();
        lines.push(format!("`{}` lists dependencies too: add {}", paths.show(copy), packages.join(", ")));
    }
    if !packages.is_empty() {
        let packages: Vec<String> = packages.iter().map(|package| format!("`{package}`")).collect();
        for (path, line) in surroundings::installed_by_name(&plan.after) {
            lines.push(format!(
                "{}:{line} installs packages by their names: add {} there",
                paths.show(&path),
                packages.join(", ")
            ));
        }
    }
    for (path, line, folder) in surroundings::uncopied(&plan.after) {
        lines.push(format!("{}:{line} copies the application without `{folder}/`: copy that too", paths.show(&path)));
    }
    lines.extend(behind_gates(plan, new));
    let wanted = wanted(new, context);
    let ours: BTreeSet<String> = new
        .iter()
        .flat_map(|component| component.manifest.setting.iter())
        .map(|setting| context.env(&setting.name))
        .chain(wanted.iter().cloned())
        .collect();
    if let Some(surroundings) = surroundings.filter(|_| !wanted.is_empty()) {
        let neighbours = surroundings::neighbours(&discovery.project, &ours);
        let give = match wanted.as_slice() {
            [first, second, third, _, ..] => format!("`{first}`, `{second}`, `{third}`..."),
            few => few.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
        };
        for mention in surroundings.mentions(&neighbours, &ours) {
            let (path, line) = (paths.show(&mention.path), mention.line);
            lines.push(format!("{path}:{line} names `{}`: see whether it must name {give} too", mention.variable));
        }
    }
    lines.iter().map(|line| one_line(line).into_owned()).collect()
}

/// Routes of ours that a middleware of the project may refuse, as it may every other.
fn behind_gates(plan: &Plan, new: &[&Component]) -> Option<String> {
    let is_new = |id: &str| plan.steps.iter().any(|step| step.id == id && matches!(step.outcome, Outcome::Brought));
    let routers = new.iter().flat_map(|component| component.manifest.router.iter());
    let paths: Vec<String> = routers
        .filter(|router| is_new(&format!("router:{}", router.name)))
        .flat_map(|router| router.paths.iter().map(|path| format!("`{path}`")))
        .collect();
    let gates: Vec<String> = routes::gates(&plan.after).iter().map(|name| format!("`{name}`")).collect();
    let (paths, gates) = (paths.join(", "), gates.join(", "));
    (!paths.is_empty() && !gates.is_empty())
        .then(|| format!("{paths}: requests come by {gates}, which may refuse or redirect them: let them pass there"))
}

/// The variables that differ from one deployment to the next: what compose sets for the application.
fn wanted(new: &[&Component], context: &Context) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for component in new {
        let environment = component.manifest.environment.iter().filter(|entry| entry.with.is_none());
        names.extend(environment.map(|entry| context.env(&entry.variable)));
    }
    names.dedup();
    names
}
