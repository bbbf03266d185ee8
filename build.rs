//! Makes the registry of components from `templates/`: validates each manifest, and writes it as a Rust constant together
//! with the Askama structs of its templates. A folder that is wrong fails the build with the file and the key.

#[path = "src/component/manifest/mod.rs"]
#[allow(dead_code, reason = "the tool uses more of the schema than the build does")]
mod manifest;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use manifest::{List, Manifest, Service, Text};

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=templates");
    println!("cargo::rerun-if-changed=src/component/manifest");
    println!("cargo::rerun-if-changed=build.rs");
    version();
    match registry(Path::new("templates")) {
        Ok(code) => {
            let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("registry.rs");
            if let Err(error) = fs::write(&out, code) {
                println!("cargo::error={}: {error}", out.display());
                return ExitCode::FAILURE;
            }
            ExitCode::SUCCESS
        }
        Err(errors) => {
            for error in errors {
                println!("cargo::error={}", error.replace('\n', " "));
            }
            ExitCode::FAILURE
        }
    }
}

/// What `--version` prints: the version, and the commit and its date where they are known.
///
/// A source tree inside somebody else's repository (a vendored crate, a registry folder below a home folder kept in git) must
/// not be given that repository's commit: only a `.git` of its own counts, or what cargo noted in a packaged crate.
fn version() {
    let (commit, date) = commit().unwrap_or_default();
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let known: Vec<&str> = [commit.as_str(), date.as_str()].into_iter().filter(|part| !part.is_empty()).collect();
    let text = if known.is_empty() { version } else { format!("{version} ({})", known.join(" ")) };
    println!("cargo::rustc-env=PAXX_VERSION={text}");
    println!("cargo::rustc-env=PAXX_DATE={date}");
}

/// The commit and its date; the date is empty where it is not known.
fn commit() -> Option<(String, String)> {
    if let Ok(noted) = fs::read_to_string(".cargo_vcs_info.json") {
        let (_, rest) = noted.split_once("\"sha1\": \"")?;
        return rest.get(..7).map(|commit| (commit.to_owned(), String::new()));
    }
    if !Path::new(".git").exists() {
        return None;
    }
    let git = |arguments: &[&str]| {
        let output = std::process::Command::new("git").args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    // It grows with each commit and checkout. A file that is not there would make cargo build anew each time.
    for file in ["logs/HEAD", "HEAD"] {
        if let Some(path) = git(&["rev-parse", "--git-path", file]).filter(|path| Path::new(path).exists()) {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    let date = git(&["log", "-1", "--format=%cs"]).unwrap_or_default();
    git(&["rev-parse", "--short=7", "HEAD"]).map(|commit| (commit, date))
}

fn registry(templates: &Path) -> Result<String, Vec<String>> {
    let mut folders: Vec<PathBuf> = match fs::read_dir(templates) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect(),
        Err(error) => return Err(vec![format!("{}: {error}", templates.display())]),
    };
    folders.sort();
    let mut errors = Vec::new();
    let mut manifests = Vec::new();
    for folder in &folders {
        match read(folder) {
            Ok(manifest) => {
                check(folder, &manifest, &mut errors);
                manifests.push((folder.clone(), manifest));
            }
            Err(error) => errors.push(error),
        }
    }
    check_together(&manifests, &mut errors);
    if errors.is_empty() { Ok(code(&manifests)) } else { Err(errors) }
}

fn read(folder: &Path) -> Result<Manifest, String> {
    let path = folder.join("component.toml");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut manifest: Manifest = toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut services: Vec<Service> = manifest.service.to_vec();
    for service in &mut services {
        let body = folder.join(service.template.0);
        let text = fs::read_to_string(&body)
            .map_err(|error| format!("{}: service.template: {}: {error}", path.display(), body.display()))?;
        service.body = Text(Box::leak(text.into_boxed_str()));
    }
    manifest.service = List(Box::leak(services.into_boxed_slice()));
    Ok(manifest)
}

fn check(folder: &Path, manifest: &Manifest, errors: &mut Vec<String>) {
    let file = folder.join("component.toml");
    let mut wrong = |key: &str, why: String| errors.push(format!("{}: {key}: {why}", file.display()));
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    if manifest.id.0 != name {
        wrong("id", format!("`{}` is not the name of its folder, `{name}`", manifest.id));
    }
    if !is_identifier(&manifest.id) || manifest.id.to_lowercase() != manifest.id.0 {
        wrong("id", format!("`{}` is no lower-case identifier", manifest.id));
    }
    if manifest.version == 0 {
        wrong("version", "versions begin with 1".to_owned());
    }
    let mut used: BTreeSet<&str> = BTreeSet::from(["component.toml", manifest.next_steps.0]);
    for module in &manifest.module {
        used.insert(module.template.0);
        let stem = module.path.strip_suffix(".py").unwrap_or_default();
        if !is_identifier(stem) {
            wrong("module.path", format!("`{}` is no name of a Python module", module.path));
        }
    }
    for file in &manifest.file {
        used.insert(file.template.0);
        if file.path.split('/').any(|part| matches!(part, "" | "." | "..")) || file.path.ends_with(".py") {
            wrong("file.path", format!("`{}` is no path of a file that is no module", file.path));
        }
    }
    for test in &manifest.test {
        used.insert(test.template.0);
        if !test.path.strip_suffix(".py").is_some_and(|stem| stem.starts_with("test_") && is_identifier(stem)) {
            wrong("test.path", format!("`{}` is no name of a module that pytest collects", test.path));
        }
    }
    let modules: BTreeSet<&str> =
        manifest.module.iter().filter_map(|module| module.path.0.strip_suffix(".py")).collect();
    let mut needs_module = |key: &str, module: &str| {
        if !modules.contains(module) {
            wrong(key, format!("`{module}` is no module of this component"));
        }
    };
    for lifespan in &manifest.lifespan {
        needs_module("lifespan.module", &lifespan.module);
    }
    for middleware in &manifest.middleware {
        needs_module("middleware.module", &middleware.module);
    }
    for router in &manifest.router {
        needs_module("router.module", &router.module);
    }
    for statement in &manifest.statement {
        needs_module("statement.module", &statement.module);
    }
    for readiness in &manifest.readiness {
        needs_module("readiness.module", &readiness.module);
    }
    let mut names: Vec<(&str, &str)> = Vec::new();
    names.extend(manifest.readiness.iter().map(|entry| ("readiness.check", entry.check.0)));
    names.extend(manifest.middleware.iter().map(|entry| ("middleware.name", entry.name.0)));
    names.extend(manifest.router.iter().map(|entry| ("router.name", entry.name.0)));
    names.extend(manifest.statement.iter().map(|entry| ("statement.name", entry.name.0)));
    names.extend(manifest.lifespan.iter().filter_map(|entry| Some(("lifespan.start", entry.start?.0))));
    names.extend(manifest.lifespan.iter().filter_map(|entry| Some(("lifespan.stop", entry.stop?.0))));
    for (key, name) in names {
        if !name.split('.').all(is_identifier) {
            wrong(key, format!("`{name}` is no Python name"));
        }
    }
    for lifespan in manifest.lifespan.iter().filter(|entry| entry.start.is_none() && entry.stop.is_none()) {
        wrong("lifespan", format!("neither `start` nor `stop` for the module `{}`", lifespan.module));
    }
    for setting in &manifest.setting {
        if !is_identifier(&setting.name) || setting.name.to_uppercase() != setting.name.0 {
            wrong("setting.name", format!("`{}` is no upper-case identifier", setting.name));
        }
    }
    for dependency in &manifest.dependency {
        if !dependency.requirement.starts_with(|first: char| first.is_ascii_alphanumeric()) {
            wrong("dependency.requirement", format!("`{}` is no PEP 508 requirement", dependency.requirement));
        }
        if dependency.group.is_some_and(|group| group.0 != "dev") {
            wrong("dependency.group", "only `dev` is known".to_owned());
        }
    }
    for service in &manifest.service {
        used.insert(service.template.0);
        if !service.body.starts_with(&format!("{}:\n", service.name)) {
            wrong("service.template", format!("`{}` does not begin with `{}:`", service.template, service.name));
        }
        if service.images.is_empty() {
            wrong("service.images", "no image counts as this service".to_owned());
        }
    }
    check_options(manifest, &mut wrong);
    for statement in manifest.statement.iter().filter(|entry| !entry.call.contains("{app}")) {
        wrong("statement.call", format!("`{}` does not name `{{app}}`", statement.call));
    }
    let files = fs::read_dir(folder).map(|entries| entries.flatten().collect::<Vec<_>>()).unwrap_or_default();
    let present: BTreeSet<String> = files.iter().filter_map(|entry| entry.file_name().into_string().ok()).collect();
    for name in used.iter().filter(|name| !present.contains(**name)) {
        wrong("template", format!("the file `{name}` is missing"));
    }
    for name in present.iter().filter(|name| !used.contains(name.as_str())) {
        wrong("template", format!("the file `{name}` is not used"));
    }
    for name in &present {
        if fs::read(folder.join(name)).is_ok_and(|bytes| bytes.contains(&b'\r')) {
            wrong("template", format!("the file `{name}` has CR line endings"));
        }
    }
}

/// Names that no field of a struct can have; the others are keywords of Python as well.
const KEYWORDS: &[&str] = &[
    "const", "crate", "enum", "extern", "fn", "impl", "let", "loop", "match", "mod", "move", "mut", "pub", "ref",
    "static", "struct", "super", "trait", "type", "unsafe", "use", "where", "dyn", "self",
];

/// Options, and what depends on them or has them in its text.
fn check_options(manifest: &Manifest, wrong: &mut impl FnMut(&str, String)) {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for option in &manifest.option {
        let name = option.name.0;
        if !is_identifier(name) || name.to_lowercase() != name || !names.insert(name) || KEYWORDS.contains(&name) {
            wrong("option.name", format!("`{name}` is no lower-case identifier, a keyword of Rust, or there twice"));
        }
        if (option.kind == manifest::ChoiceKind::OneOf) == option.values.is_empty() {
            wrong("option.values", format!("`{name}` is `one-of` without values, or has values and is another type"));
        }
        if option.kind != manifest::ChoiceKind::Integer && (option.ge.is_some() || option.le.is_some()) {
            wrong("option.ge", format!("`{name}` is no `integer`"));
        }
        for value in option.values.iter().filter(|value| !is_identifier(&value.replace(['-', '.'], "_"))) {
            wrong("option.values", format!("`{value}` cannot be the name of a method: letters, digits, `_`, `-`, `.`"));
        }
        if let Err(why) = option.check(option.default.0) {
            wrong("option.default", format!("`{}` of `{name}` {why}", option.default));
        }
    }
    for (key, when) in manifest.conditions() {
        for (option, values) in when.0 {
            let Some(known) = manifest.option.iter().find(|known| known.name == *option) else {
                wrong(&format!("{key}.when"), format!("there is no option `{option}`"));
                continue;
            };
            for value in values.iter().filter(|value| known.check(value).is_err()) {
                wrong(&format!("{key}.when"), format!("`{value}` is no value of `{option}`"));
            }
        }
    }
    let texts = manifest.setting.iter().flat_map(|setting| [("setting", setting.default), ("setting", setting.env)]);
    let texts = texts
        .chain(manifest.service.iter().map(|service| ("service.template", service.body)))
        .chain(manifest.environment.iter().map(|entry| ("environment.value", entry.value)))
        .chain(manifest.worker.iter().map(|worker| ("worker.command", worker.command)));
    for (key, text) in texts {
        for name in placeholders(text.0).filter_map(|name| name.strip_prefix("options.")) {
            if !names.contains(name) {
                wrong(key, format!("there is no option `{name}`"));
            }
        }
    }
}

fn check_together(manifests: &[(PathBuf, Manifest)], errors: &mut Vec<String>) {
    let by_id: BTreeMap<&str, &Manifest> = manifests.iter().map(|(_, manifest)| (manifest.id.0, manifest)).collect();
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    for (folder, manifest) in manifests {
        let file = folder.join("component.toml");
        for name in std::iter::once(&manifest.id).chain(&manifest.aliases) {
            if let Some(other) = names.insert(name.0, manifest.id.0) {
                errors.push(format!("{}: aliases: `{name}` is a name of `{other}` too", file.display()));
            }
        }
        for required in &manifest.requires {
            if !by_id.contains_key(required.0) {
                errors.push(format!("{}: requires: there is no component `{required}`", file.display()));
            }
        }
        let with = manifest
            .dependency
            .iter()
            .filter_map(|entry| entry.with)
            .chain(manifest.module.iter().filter_map(|entry| entry.with))
            .chain(manifest.environment.iter().filter_map(|entry| entry.with));
        for other in with.filter(|other| !by_id.contains_key(other.0)) {
            errors.push(format!("{}: with: there is no component `{other}`", file.display()));
        }
        let mut path = vec![manifest.id.0];
        if let Some(cycle) = cycle(&by_id, &mut path) {
            errors.push(format!("{}: requires: a cycle: {cycle}", file.display()));
        }
        let services: BTreeSet<&str> =
            manifests.iter().flat_map(|(_, manifest)| manifest.service.iter()).map(|service| service.name.0).collect();
        for entry in &manifest.environment {
            for placeholder in
                placeholders(&entry.value).filter(|name| !services.contains(name) && !name.starts_with("options."))
            {
                errors.push(format!("{}: environment.value: no service `{placeholder}`", file.display()));
            }
            if let Some(service) = entry.service.filter(|service| !services.contains(service.0)) {
                errors.push(format!("{}: environment.service: no service `{service}`", file.display()));
            }
        }
    }
}

fn cycle(by_id: &BTreeMap<&str, &Manifest>, path: &mut Vec<&str>) -> Option<String> {
    let last = by_id.get(path.last()?)?;
    for required in &last.requires {
        if path.contains(&required.0) {
            return Some(format!("{} -> {required}", path.join(" -> ")));
        }
        path.push(required.0);
        if let Some(found) = cycle(by_id, path) {
            return Some(found);
        }
        path.pop();
    }
    None
}

fn placeholders(value: &str) -> impl Iterator<Item = &str> {
    value.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

fn is_identifier(name: &str) -> bool {
    let keyword =
        matches!(name, "import" | "class" | "def" | "from" | "async" | "await" | "lambda" | "None" | "True" | "False");
    !keyword
        && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}

fn code(manifests: &[(PathBuf, Manifest)]) -> String {
    let mut structs = String::new();
    let mut components = String::new();
    let mut number = 0;
    let mut template = |manifest: &Manifest, file: &str| {
        number += 1;
        let (field, value) = if manifest.option.is_empty() {
            (String::new(), String::new())
        } else {
            let name = options_name(manifest);
            (format!(", options: {name}"), format!(", options: {name}::of(component)"))
        };
        let _ = write!(
            structs,
            "#[derive(askama::Template)]\n#[template(path = {:?}, escape = \"none\")]\n\
             #[allow(dead_code, reason = \"a template need not ask anything of the project\")]\n\
             struct Template{number}<'a> {{ project: &'a Context{field} }}\n\
             #[allow(unused_variables, reason = \"a component need not have options\")]\n\
             fn render{number}(project: &Context, component: &Component) -> askama::Result<String> {{ \
             Template{number} {{ project{value} }}.render() }}\n",
            format!("{}/{file}", manifest.id)
        );
        format!("render{number}")
    };
    for (_, manifest) in manifests {
        let mut all = |modules: &[manifest::Module]| -> String {
            modules.iter().map(|module| template(manifest, module.template.0)).collect::<Vec<_>>().join(", ")
        };
        let (modules, tests, files) = (all(&manifest.module), all(&manifest.test), all(&manifest.file));
        let next_steps = template(manifest, manifest.next_steps.0);
        let _ = writeln!(
            components,
            "    Component {{ manifest: {manifest:?}, modules: &[{modules}], tests: &[{tests}], files: &[{files}], \
             next_steps: {next_steps}, values: &[] }},"
        );
    }
    for (_, manifest) in manifests.iter().filter(|(_, manifest)| !manifest.option.is_empty()) {
        structs.push_str(&options(manifest));
    }
    format!(
        "{structs}\n/// Every component, in the order of the names.\npub static COMPONENTS: &[Component] = &[\n{components}];\n"
    )
}

/// The name of the struct that templates see as `options`.
fn options_name(manifest: &Manifest) -> String {
    format!("{}Options", capitalised(manifest.id.0))
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

/// What the templates of a component see of its options: a field for each, which is written as its value, and for one of some
/// values a method for each of them. A template that asks for another one does not compile.
fn options(manifest: &Manifest) -> String {
    let allow = "#[allow(dead_code, reason = \"a template need not ask for every option\")]";
    let name = options_name(manifest);
    let (mut fields, mut values, mut types) = (String::new(), String::new(), String::new());
    for option in &manifest.option {
        let kind = format!("{name}{}", capitalised(option.name.0));
        let _ = write!(fields, "{}: {kind}, ", option.name);
        let _ = write!(values, "{}: {kind}(component.value({:?})), ", option.name, option.name.0);
        let _ = write!(
            types,
            "{allow}\n#[derive(Clone, Copy)]\nstruct {kind}(&'static str);\n\
             impl std::fmt::Display for {kind} {{ fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {{ \
             formatter.write_str(self.0) }} }}\n"
        );
        let methods = option.values.iter().map(|value| {
            format!("fn is_{}(self) -> bool {{ self.0 == {:?} }} ", value.replace(['-', '.'], "_"), value.0)
        });
        let methods: String = methods.collect();
        if !methods.is_empty() {
            let _ = writeln!(types, "{allow}\nimpl {kind} {{ {methods}}}");
        }
    }
    format!(
        "{allow}\n#[derive(Clone, Copy)]\nstruct {name} {{ {fields}}}\n\
         impl {name} {{ fn of(component: &Component) -> Self {{ Self {{ {values}}} }} }}\n{types}"
    )
}
