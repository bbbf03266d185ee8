//! What a component is, as a page: made from its folder alone, the same for every project.

use std::fmt::Write as _;

use super::next_steps::{NextSteps, Services};
use super::outline::outline;
use crate::component::manifest::When;
use crate::component::{Component, Context};
use crate::project::port;

/// The page of a component, in Markdown.
pub fn page(component: &Component) -> String {
    let manifest = &component.manifest;
    let mut page = format!("# {}\n\n{}.\n\n", component.id(), manifest.summary.trim_end_matches('.'));
    list(&mut page, "Other names: ", manifest.aliases.iter().map(|name| name.0));
    list(&mut page, "Brings along: ", manifest.requires.iter().map(|name| name.0));
    let _ = write!(page, "```sh\npaxx add {0} --dry-run\npaxx add {0}\n```\n", component.id());
    options(&mut page, component);
    let context = usual();
    for (module, code) in component.modules(&context) {
        let with = module.with.map(|with| format!("Only beside `{with}`. ")).unwrap_or_default();
        let only = only(component, &module.when);
        let only =
            if only.is_empty() { only } else { format!("{}. ", only.trim().replace("(only", "Only").replace(')', "")) };
        let _ = write!(page, "\n## `services/{}`\n\n{with}{only}", module.path);
        self::module(&mut page, &code);
    }
    settings(&mut page, component);
    packages(&mut page, component);
    compose(&mut page, component);
    wiring(&mut page, component);
    let steps = NextSteps::of(&[component], &context, !manifest.dependency.is_empty(), &services(component));
    let _ = write!(page, "\n## After adding it\n\n```text\n{}\n```\n", steps.to_text().trim_end());
    page
}

/// What is started for it in a project as most are.
fn services(component: &Component) -> Services {
    let manifest = &component.manifest;
    let names =
        manifest.service.iter().map(|service| service.name).chain(manifest.worker.iter().map(|worker| worker.name));
    let names: Vec<String> = names.map(|name| name.to_string()).collect();
    let any = !names.is_empty() || !manifest.image.is_empty();
    Services { names, built: !manifest.worker.is_empty(), any }
}

/// A project as most are.
fn usual() -> Context {
    Context {
        settings_import: "from app.core.config import settings".to_owned(),
        services: "app.services".to_owned(),
        name: "app".to_owned(),
        install: "uv sync".to_owned(),
        run: "uv run ".to_owned(),
        port: port::DEFAULT,
        compose: "docker compose".to_owned(),
        ..Context::default()
    }
}

fn options(page: &mut String, component: &Component) {
    if component.manifest.option.is_empty() {
        return;
    }
    page.push_str("\n## Options\n\nAsked on a terminal, or given by `--set`; recorded in `paxx.lock`.\n\n");
    for option in &component.manifest.option {
        let name = format!("{}.{}", component.id(), option.name);
        let values: Vec<String> = option.values.iter().map(|value| format!("`{value}`")).collect();
        let values = if values.is_empty() { option.expected() } else { values.join(", ") };
        let _ = writeln!(page, "- `--set {name}=...`: {}; {values}; default `{}`", option.summary, option.default);
    }
}

/// For which values of the options something counts.
fn only(component: &Component, when: &When) -> String {
    let conditions = when.0.iter().map(|(option, values)| {
        let values: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
        format!("`{}.{option}` {}", component.id(), values.join(" or "))
    });
    let conditions: Vec<String> = conditions.collect();
    if conditions.is_empty() { String::new() } else { format!(" (only with {})", conditions.join(" and ")) }
}

/// A text with the defaults of the options in it.
fn with_defaults(component: &Component, text: &str) -> String {
    component
        .values()
        .fold(text.to_owned(), |text, (option, value)| text.replace(&format!("{{options.{}}}", option.name), value))
}

/// A paragraph of names, if there are any.
fn list<'a>(page: &mut String, what: &str, names: impl Iterator<Item = &'a str>) {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if !names.is_empty() {
        let _ = write!(page, "{what}{}.\n\n", names.join(", "));
    }
}

/// What a module says of itself, and its public functions, classes and methods, in the order of the text.
fn module(page: &mut String, code: &str) {
    let outline = outline(code);
    let _ = write!(page, "{}\n\n", outline.docstring);
    for name in outline.names {
        let what = if name.docstring.is_empty() { String::new() } else { format!(": {}", name.docstring) };
        let _ = writeln!(page, "- `{}`{what}", name.signature);
    }
}

fn settings(page: &mut String, component: &Component) {
    if component.manifest.setting.is_empty() {
        return;
    }
    page.push_str("\n## Settings\n\nFields of the settings class, and variables of the env example.\n\n");
    for setting in &component.manifest.setting {
        let least = setting.ge.map(|least| format!(", {least} or more")).unwrap_or_default();
        let default = with_defaults(component, &setting.default).replace("{project}", "the project's name");
        let only = only(component, &setting.when);
        let _ = writeln!(page, "- `{}`: `{}`, default `{default}`{least}{only}", setting.name, setting.annotation);
    }
}

fn packages(page: &mut String, component: &Component) {
    if component.manifest.dependency.is_empty() {
        return;
    }
    page.push_str("\n## Packages\n\n");
    for dependency in &component.manifest.dependency {
        let group = dependency.group.map(|group| format!(" (group `{group}`)")).unwrap_or_default();
        let with = dependency.with.map(|with| format!(" (only beside `{with}`)")).unwrap_or_default();
        let only = only(component, &dependency.when);
        let _ = writeln!(page, "- `{}`{group}{with}{only}", dependency.requirement);
    }
}

fn compose(page: &mut String, component: &Component) {
    let manifest = &component.manifest;
    let nothing = manifest.service.is_empty()
        && manifest.worker.is_empty()
        && manifest.environment.is_empty()
        && manifest.image.is_empty();
    if nothing {
        return;
    }
    page.push_str("\n## Compose\n\n");
    for image in &manifest.image {
        let _ = writeln!(page, "- image `{}` is replaced by `{}`", image.replaces, image.by);
    }
    for worker in &manifest.worker {
        let command = worker.command.replace("{services}", "app.services");
        let _ = writeln!(page, "- service `{}`, on the application's own build: `{command}`", worker.name);
    }
    for variable in &manifest.environment {
        let with = variable.with.map(|with| format!(" (only beside `{with}`)")).unwrap_or_default();
        let value = with_defaults(component, &variable.value).replace(['{', '}'], "");
        let only = only(component, &variable.when);
        let _ = writeln!(page, "- the application gets `{}={value}`{with}{only}", variable.variable);
    }
    for service in &manifest.service {
        let only = only(component, &service.when);
        if !only.is_empty() {
            let _ = writeln!(page, "- service `{}`{only}", service.name);
        }
        let _ = write!(page, "\n```yaml\n{}\n```\n", with_defaults(component, service.body.trim_end()));
    }
}

fn wiring(page: &mut String, component: &Component) {
    let manifest = &component.manifest;
    let mut lines: Vec<String> = Vec::new();
    for lifespan in &manifest.lifespan {
        let calls = lifespan.start.iter().chain(&lifespan.stop).map(|call| format!("`{call}()`"));
        lines.push(format!("lifespan: {}", calls.collect::<Vec<_>>().join(", ")));
    }
    lines.extend(manifest.middleware.iter().map(|middleware| format!("middleware: `{}`", middleware.name)));
    for router in &manifest.router {
        let paths: Vec<String> = router.paths.iter().map(|path| format!("`{path}`")).collect();
        let paths = if paths.is_empty() { String::new() } else { format!(", which takes {}", paths.join(", ")) };
        lines.push(format!("router: `{}`{paths}", router.name));
    }
    lines.extend(
        manifest.statement.iter().map(|statement| format!("call: `{}`", statement.call.replace("{app}", "app"))),
    );
    for migration in &manifest.migration {
        lines.push(format!("Alembic: `{}`", migration.call.replace("{context}", "context")));
    }
    lines.extend(manifest.ignore.iter().map(|ignore| format!("ignore files: `{}`", ignore.line)));
    if lines.is_empty() {
        return;
    }
    page.push_str("\n## In the application\n\n");
    for line in lines {
        let _ = writeln!(page, "- {line}");
    }
}
