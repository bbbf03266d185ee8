//! What discovery needs to know of Compose: which file is the base file, and which service runs the application.
//!
//! Pure functions: whoever calls them reads the disk. Nothing here edits.

use super::FilePath;
use crate::finding::{Location, Problem, SEVERAL_APPLICATION_SERVICES};
use crate::source::yaml::{Entry, Node, Source, Value};

/// The names of the base file, the first of which counts: the order of the Compose specification.
pub const NAMES: &[&str] = &["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

/// Is it the name of a compose file that is not the base file: an override, or one for `-f`?
pub fn is_other_name(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml")) else { return false };
    !NAMES.contains(&name)
        && ["compose.", "compose-", "docker-compose.", "docker-compose-"].iter().any(|start| stem.starts_with(start))
}

/// The files that Compose reads with the base file at `path`: the override beside it, and those that it includes.
pub fn others(compose: &Source, path: &FilePath) -> Vec<FilePath> {
    let folder = path.parent().unwrap_or_else(FilePath::top);
    let mut names: Vec<String> = Vec::new();
    if NAMES.contains(&path.name())
        && let Some((stem, _)) = path.name().rsplit_once('.')
    {
        names.extend(["yaml", "yml"].iter().map(|extension| format!("{stem}.override.{extension}")));
    }
    let included = compose.root().and_then(|root| compose.get(root, "include"));
    for item in included.and_then(|entry| compose.resolve(&entry.value)?.sequence()).map_or(&[][..], |list| &list.items)
    {
        let Some(node) = compose.resolve(&item.value) else { continue };
        match &node.value {
            Value::Scalar(name, _) => names.push(name.clone()),
            Value::Mapping(_) => {
                let Some(entry) = compose.get(node, "path") else { continue };
                names.extend(compose.scalar(&entry.value).map(str::to_owned));
                names.extend(compose.scalars(&entry.value).into_iter().map(str::to_owned));
            }
            _ => {}
        }
    }
    names.iter().filter_map(|name| folder.join(name)).collect()
}

/// How sure it is that a service is the application, from nothing to certainty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Likelihood {
    /// It runs something that cannot be told (a script), or a server of another module.
    Built,
    /// It runs a server, and does not say of which module.
    Server,
    /// It runs a server of this application's module.
    ThisServer,
}

/// What a command line does, as far as its words tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runs {
    /// A server of the module that is asked for.
    ThisServer,
    /// A server of a module that is not named.
    Server,
    /// A server of another module.
    OtherServer,
    /// A worker, a scheduler, migrations, tests: surely not the application.
    SomethingElse,
    /// A script, or nothing that is known.
    Unknown,
}

/// The service of `compose`, the file at `path`, that runs the application whose module is `app_module`, in the project at `root`.
///
/// That is the one whose build context holds the project and whose command or Dockerfile runs a server of it; else the
/// only one that is built from it. `read` gives the text of a file of the repository.
///
/// # Errors
///
/// Several services may be it: a problem that names them.
pub fn application_service(
    compose: &Source,
    path: &FilePath,
    root: &FilePath,
    app_module: &str,
    read: &dyn Fn(&FilePath) -> Option<String>,
) -> Result<Option<String>, Problem> {
    let compose_folder = &path.parent().unwrap_or_else(FilePath::top);
    let Some(services) = compose.root().and_then(|root| compose.get(root, "services")) else { return Ok(None) };
    let mut candidates: Vec<(&Entry, Likelihood, bool)> = Vec::new();
    for service in compose.entries(&services.value) {
        let likelihood = match build_of(compose, services, service) {
            Some(build) => {
                let Some(context) = context_of(compose, build, compose_folder) else { continue };
                if !holds(&context, root, app_module, read) {
                    continue;
                }
                let runs = match command_of(compose, services, service) {
                    Some(words) => classify(&words, app_module),
                    None => dockerfile_of(compose, build, &context, read)
                        .map_or(Runs::Unknown, |text| classify(&last_command(&text), app_module)),
                };
                match runs {
                    Runs::ThisServer => Likelihood::ThisServer,
                    Runs::Server => Likelihood::Server,
                    Runs::OtherServer | Runs::Unknown => Likelihood::Built,
                    Runs::SomethingElse => continue,
                }
            }
            // A ready image with the source mounted into it.
            None => match command_of(compose, services, service).map(|words| classify(&words, app_module)) {
                Some(Runs::ThisServer) => Likelihood::ThisServer,
                _ => continue,
            },
        };
        candidates.push((service, likelihood, inherited(compose, services, service, "profiles").is_some()));
    }
    let Some(best) = candidates.iter().map(|(_, likelihood, _)| *likelihood).max() else { return Ok(None) };
    candidates.retain(|(_, likelihood, _)| *likelihood == best);
    // What only a profile starts is a variant of what always starts.
    if candidates.iter().any(|(_, _, has_profile)| !has_profile) {
        candidates.retain(|(_, _, has_profile)| !has_profile);
    }
    match candidates.as_slice() {
        [] => Ok(None),
        [(service, ..)] => Ok(Some(service.key.clone())),
        [(first, ..), others @ ..] => {
            let names: Vec<String> = candidates.iter().map(|(service, ..)| format!("`{}`", service.key)).collect();
            let message = format!("several compose services may be the application: {}", names.join(", "));
            let mut problem = Problem::new(&SEVERAL_APPLICATION_SERVICES, message).at(path, first.key_range.clone());
            for (other, ..) in others {
                problem = problem.related(Location::new(path.clone(), other.key_range.clone()), "another one");
            }
            Err(problem.help("give one of them a `command` that runs the application, or use `--compose none` and add the variables yourself"))
        }
    }
}

/// The words that start the service `name`: of its `entrypoint` and `command`, else of its Dockerfile.
pub fn command_words(
    compose: &Source,
    compose_folder: &FilePath,
    name: &str,
    read: &dyn Fn(&FilePath) -> Option<String>,
) -> Vec<String> {
    let words = || {
        let services = compose.get(compose.root()?, "services")?;
        let service = compose.get(&services.value, name)?;
        if let Some(words) = command_of(compose, services, service) {
            return Some(words);
        }
        Some(last_command(&dockerfile_for(compose, compose_folder, name, read)?))
    };
    words().unwrap_or_default()
}

/// The words of the entry point that the Dockerfile of the service `name` gives its image: whatever the command, they come first.
pub fn entry_point(
    compose: &Source,
    compose_folder: &FilePath,
    name: &str,
    read: &dyn Fn(&FilePath) -> Option<String>,
) -> Vec<String> {
    dockerfile_for(compose, compose_folder, name, read).map(|dockerfile| start_of(&dockerfile).0).unwrap_or_default()
}

/// The Dockerfile that the service `name` is built with.
fn dockerfile_for(
    compose: &Source,
    compose_folder: &FilePath,
    name: &str,
    read: &dyn Fn(&FilePath) -> Option<String>,
) -> Option<String> {
    let services = compose.get(compose.root()?, "services")?;
    let build = build_of(compose, services, compose.get(&services.value, name)?)?;
    let context = context_of(compose, build, compose_folder)?;
    dockerfile_of(compose, build, &context, read)
}

/// Does a word of the command line name a program that serves an application?
pub fn is_server(word: &str) -> bool {
    SERVERS.contains(&word.rsplit('/').next().unwrap_or(word))
}

/// What a service has under `key`: its own, by merge keys, or from a service of the same file that it extends.
fn inherited<'a>(compose: &'a Source, services: &'a Entry, service: &'a Entry, key: &str) -> Option<&'a Entry> {
    let mut service = service;
    for _ in 0..8 {
        if let Some(entry) = compose.get(&service.value, key) {
            return Some(entry);
        }
        let extends = &compose.get(&service.value, "extends")?.value;
        let name = match &compose.resolve(extends)?.value {
            Value::Scalar(name, _) => name.as_str(),
            _ if compose.get(extends, "file").is_none() => compose.scalar(&compose.get(extends, "service")?.value)?,
            _ => return None,
        };
        service = compose.get(&services.value, name)?;
    }
    None
}

fn build_of<'a>(compose: &'a Source, services: &'a Entry, service: &'a Entry) -> Option<&'a Node> {
    let build = inherited(compose, services, service, "build")?;
    compose.resolve(&build.value).filter(|node| !node.is_null())
}

/// The folder of a build context; `None` where it lies outside the repository or is no folder at all.
fn context_of(compose: &Source, build: &Node, compose_folder: &FilePath) -> Option<FilePath> {
    let written = match &build.value {
        Value::Scalar(context, _) => context.as_str(),
        _ => match compose.get(build, "context") {
            Some(context) => compose.scalar(&context.value)?,
            None => ".",
        },
    };
    let context = with_defaults(written).text;
    if context.contains("://") || context.starts_with("git@") {
        return None;
    }
    // `${PWD}` and other variables without a default stand for the folder itself as often as not.
    let context =
        if context.starts_with('/') && written.starts_with('$') { context.trim_start_matches('/') } else { &context };
    compose_folder.join(context)
}

/// Does the build context hold the application?
fn holds(context: &FilePath, root: &FilePath, app_module: &str, read: &dyn Fn(&FilePath) -> Option<String>) -> bool {
    if root.is_below(context) {
        return true;
    }
    if !context.is_below(root) {
        return false;
    }
    // A context below the root: the module's file decides, where it is found.
    let path = app_module.replace('.', "/");
    let found = ["", "src", "app", "backend"].iter().find_map(|folder| {
        [format!("{path}.py"), format!("{path}/__init__.py")].iter().find_map(|file| {
            let file = root.join(folder)?.join(file)?;
            read(&file).map(|_| file)
        })
    });
    found.is_none_or(|file| file.is_below(context))
}

/// The words of `entrypoint` and `command`; `None` where the service has neither, and its Dockerfile decides.
fn command_of(compose: &Source, services: &Entry, service: &Entry) -> Option<Vec<String>> {
    let mut words = Vec::new();
    for key in ["entrypoint", "command"] {
        if let Some(entry) = inherited(compose, services, service, key) {
            words.extend(compose.scalars(&entry.value).into_iter().flat_map(words_of));
        }
    }
    if words.is_empty() { None } else { Some(words) }
}

/// The words of a command line; quotes, brackets and operators of the shell separate them too.
pub fn words_of(command: &str) -> Vec<String> {
    command
        .split(|character: char| {
            character.is_whitespace() || matches!(character, '"' | '\'' | '[' | ']' | ',' | ';' | '&' | '|' | '(' | ')')
        })
        .filter(|word| !word.is_empty() && *word != "\\")
        .map(str::to_owned)
        .collect()
}

fn dockerfile_of(
    compose: &Source,
    build: &Node,
    context: &FilePath,
    read: &dyn Fn(&FilePath) -> Option<String>,
) -> Option<String> {
    if let Some(inline) = compose.get(build, "dockerfile_inline") {
        return compose.scalar(&inline.value).map(str::to_owned);
    }
    let name = compose.get(build, "dockerfile").and_then(|entry| compose.scalar(&entry.value)).unwrap_or("Dockerfile");
    read(&context.join(&with_defaults(name).text)?)
}

/// The words of the last `ENTRYPOINT` and the last `CMD` of a Dockerfile.
pub fn last_command(dockerfile: &str) -> Vec<String> {
    let (entrypoint, command) = start_of(dockerfile);
    [entrypoint, command].concat()
}

fn start_of(dockerfile: &str) -> (Vec<String>, Vec<String>) {
    let mut entrypoint = Vec::new();
    let mut command = Vec::new();
    let joined = dockerfile.replace("\r\n", "\n").replace("\\\n", " ");
    for line in joined.lines() {
        let line = line.trim_start();
        let Some((instruction, rest)) = line.split_once(char::is_whitespace) else { continue };
        if instruction.eq_ignore_ascii_case("CMD") {
            command = words_of(rest);
        } else if instruction.eq_ignore_ascii_case("ENTRYPOINT") {
            // As Docker has it, an entry point of a later stage forgets the command of an earlier one.
            entrypoint = words_of(rest);
            command.clear();
        } else if instruction.eq_ignore_ascii_case("FROM") {
            entrypoint.clear();
            command.clear();
        }
    }
    (entrypoint, command)
}

/// Programs that serve an application which is named by `module:attribute`.
const SERVERS: &[&str] = &["uvicorn", "gunicorn", "hypercorn", "granian", "daphne", "fastapi"];

/// Programs and words that tell that a service is not the application.
const OTHERS: &[&str] = &[
    "celery",
    "arq",
    "rq",
    "dramatiq",
    "taskiq",
    "huey_consumer",
    "flower",
    "alembic",
    "aerich",
    "pytest",
    "streamlit",
    "jupyter",
    "npm",
    "node",
    "nginx",
    "worker",
    "scheduler",
    "migrate",
    "migrations",
    "beat",
    "saq",
    "procrastinate",
];

fn classify(words: &[String], app_module: &str) -> Runs {
    let name = |word: &str| word.rsplit('/').next().unwrap_or(word).to_owned();
    if words.iter().any(|word| SERVERS.contains(&name(word).as_str())) {
        let modules: Vec<&str> = words
            .iter()
            .filter(|word| !word.starts_with('-') && !word.contains('/') && !word.starts_with('$'))
            .filter_map(|word| word.split_once(':'))
            .map(|(module, _)| module)
            .filter(|module| module.split('.').all(is_identifier))
            .collect();
        // `fastapi run app/main.py`
        let files: Vec<String> = words
            .iter()
            .filter_map(|word| word.strip_suffix(".py"))
            .map(|path| path.trim_start_matches("./").replace('/', "."))
            .collect();
        let named: Vec<&str> = modules.into_iter().chain(files.iter().map(String::as_str)).collect();
        return match named.as_slice() {
            [] => Runs::Server,
            named if named.iter().any(|module| same_module(module, app_module)) => Runs::ThisServer,
            _ => Runs::OtherServer,
        };
    }
    // `python -m app`, `python main.py`, `python -m app.main`
    for (index, word) in words.iter().enumerate() {
        let program = name(word);
        if program != "python" && !program.starts_with("python3") {
            continue;
        }
        let mut rest = words.get(index + 1..).unwrap_or_default().iter().filter(|word| *word != "-u");
        let module = match rest.next().map(String::as_str) {
            Some("-m") => rest.next().cloned(),
            Some(file) => file
                .strip_suffix(".py")
                .map(|path| path.trim_start_matches("./").trim_start_matches('/').replace('/', ".")),
            None => None,
        };
        let Some(module) = module else { continue };
        let package = app_module.split('.').next().unwrap_or(app_module);
        let last = module.rsplit('.').next().unwrap_or(&module);
        if same_module(&module, app_module)
            || module == package
            || matches!(last, "main" | "run" | "serve" | "server" | "app")
        {
            return Runs::ThisServer;
        }
        if OTHERS.contains(&last) {
            return Runs::SomethingElse;
        }
    }
    if words.iter().any(|word| {
        let name = name(word);
        let stem = name.split('.').next().unwrap_or(&name);
        OTHERS.contains(&stem)
            || ["prestart", "worker", "celery", "migrat", "flower", "beat"].iter().any(|part| stem.contains(part))
    }) {
        return Runs::SomethingElse;
    }
    Runs::Unknown
}

fn is_identifier(part: &str) -> bool {
    let mut characters = part.chars();
    characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|character| character.is_alphanumeric() || character == '_')
}

/// Do both dotted paths name one module, seen from different folders (`main` and `app.main`)?
fn same_module(left: &str, right: &str) -> bool {
    let ends =
        |long: &str, short: &str| long == short || long.strip_suffix(short).is_some_and(|rest| rest.ends_with('.'));
    ends(left, right) || ends(right, left)
}

/// A text of a compose file as Compose reads it where no variable is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expanded {
    /// The text with the defaults of its variables; a variable without a default is nothing.
    pub text: String,
    /// Does it use variables?
    pub has_variables: bool,
}

/// Puts the defaults of `${NAME:-default}` and `${NAME-default}` in place.
pub fn with_defaults(text: &str) -> Expanded {
    let mut result = String::with_capacity(text.len());
    let mut has_variables = false;
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        result.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            result.push('$');
            rest = after;
        } else if let Some(inner) = rest.strip_prefix('{') {
            has_variables = true;
            let mut depth = 1;
            let end = inner.char_indices().find(|(_, character)| {
                match character {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                depth == 0
            });
            let end = end.map_or(inner.len(), |(at, _)| at);
            let variable = &inner[..end];
            let name_end = variable.find(|character: char| !character.is_alphanumeric() && character != '_');
            let modifier = name_end.map_or("", |at| &variable[at..]);
            if let Some(default) = modifier.strip_prefix(":-").or_else(|| modifier.strip_prefix('-')) {
                result.push_str(&with_defaults_limited(default));
            }
            rest = inner.get(end + 1..).unwrap_or_default();
        } else {
            let end =
                rest.find(|character: char| !character.is_alphanumeric() && character != '_').unwrap_or(rest.len());
            has_variables |= end > 0;
            if end == 0 {
                result.push('$');
            }
            rest = &rest[end..];
        }
    }
    result.push_str(rest);
    Expanded { text: result, has_variables }
}

/// A default may have variables in turn; a text that nests them without end is no use to anyone.
fn with_defaults_limited(default: &str) -> String {
    if default.matches("${").count() > 8 { default.to_owned() } else { with_defaults(default).text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> FilePath {
        FilePath::new(text).expect("inside")
    }

    /// The application of a compose file in `folder`, in the project at `root`, with these other files.
    fn found(compose: &str, folder: &str, root: &str, files: &[(&str, &str)]) -> Answer {
        let source = Source::parse(compose).expect("it is YAML");
        let read =
            |path: &FilePath| files.iter().find(|(name, _)| *name == path.as_str()).map(|(_, text)| (*text).to_owned());
        application_service(&source, &path(folder).child("compose.yml"), &path(root), "app.main", &read)
            .map_err(|problem| problem.message)
    }

    type Answer = Result<Option<String>, String>;

    #[expect(clippy::unnecessary_wraps, reason = "it is compared with an answer")]
    fn is(name: &str) -> Answer {
        Ok(Some(name.to_owned()))
    }

    #[test]
    fn the_one_built_service_is_the_application_whatever_it_runs() {
        assert_eq!(found("services:\n  web:\n    build: .\n  db:\n    image: x\n", "", "", &[]), is("web"));
        assert_eq!(found("services:\n  web:\n    build: .\n    command: ./start.sh\n", "", "", &[]), is("web"));
        assert_eq!(found("services:\n  db:\n    image: x\n", "", "", &[]), Ok(None));
        assert_eq!(found("services:\n", "", "", &[]), Ok(None));
        assert_eq!(found("[]\n", "", "", &[]), Ok(None));
    }

    #[test]
    fn workers_and_migrations_on_the_same_build_are_not_the_application() {
        let compose = "services:
  worker:
    build: .
    command: celery -A app.worker worker
  prestart:
    build: .
    command: bash scripts/prestart.sh
  migrator:
    build: .
    command: [\"alembic\", \"upgrade\", \"head\"]
  api:
    build: .
    command: sh -c \"alembic upgrade head && uvicorn app.main:app\"
";
        assert_eq!(found(compose, "", "", &[]), is("api"));
        let alone = "services:\n  worker:\n    build: .\n    command: arq app.WorkerSettings\n";
        assert_eq!(found(alone, "", "", &[]), Ok(None));
    }

    #[test]
    fn the_dockerfile_tells_where_no_command_does() {
        let compose = "services:\n  a:\n    build: {context: ., dockerfile: docker/a.Dockerfile}\n  b:\n    build: .\n";
        let files = [
            ("docker/a.Dockerfile", "FROM x\nCMD [\"celery\", \"-A\", \"app\"]\n"),
            (
                "Dockerfile",
                "FROM x AS y\nCMD celery\nFROM y\nHEALTHCHECK CMD curl x\nCMD [\"uvicorn\", \\\n  \"app.main:app\"]\n",
            ),
        ];
        assert_eq!(found(compose, "", "", &files), is("b"));
    }

    #[test]
    fn of_several_servers_the_one_of_this_module_is_it() {
        let compose = "services:
  admin:
    build: .
    command: uvicorn admin.main:app
  api:
    build: .
    command: uv run fastapi run app/main.py
";
        assert_eq!(found(compose, "", "", &[]), is("api"));
    }

    #[test]
    fn several_that_run_the_application_are_named() {
        let compose = "services:
  blue:
    build: .
    command: uvicorn app.main:app
  green:
    build: .
    command: uvicorn app.main:app
";
        let message = "several compose services may be the application: `blue`, `green`";
        assert_eq!(found(compose, "", "", &[]), Err(message.to_owned()));
        let with_profile = compose.replace("  green:\n", "  green:\n    profiles: [dev]\n");
        assert_eq!(found(&with_profile, "", "", &[]), is("blue"));
    }

    #[test]
    fn contexts_above_below_and_beside_the_project() {
        let compose = "services:\n  front:\n    build: frontend\n  back:\n    build:\n      context: ./backend\n";
        assert_eq!(found(compose, "", "backend", &[]), is("back"));
        assert_eq!(found("services:\n  a:\n    build: ..\n", "deploy", "", &[]), is("a"));
        assert_eq!(found("services:\n  a:\n    build: ../..\n", "deploy", "", &[]), Ok(None));
        assert_eq!(found("services:\n  a:\n    build: https://github.com/x/y.git\n", "", "", &[]), Ok(None));
        let below = "services:\n  docs:\n    build: docs\n  api:\n    build: src\n";
        assert_eq!(found(below, "", "", &[("src/app/main.py", "")]), is("api"));
    }

    #[test]
    fn a_build_may_come_by_a_merge_key_or_by_extends() {
        let merged = "x-b: &b\n  build: .\nservices:\n  a:\n    <<: *b\n    command: uvicorn app.main:app\n  w:\n    <<: *b\n    command: rq worker\n";
        assert_eq!(found(merged, "", "", &[]), is("a"));
        let extended = "services:\n  base:\n    build: .\n    command: rq worker\n  a:\n    extends: base\n    command: uvicorn app.main:app\n  b:\n    extends: {service: b}\n";
        assert_eq!(found(extended, "", "", &[]), is("a"));
    }

    #[test]
    fn a_ready_image_with_the_source_mounted_is_it_too() {
        let compose = "services:\n  a:\n    image: python:3.13\n    command: uvicorn main:app\n";
        assert_eq!(found(compose, "", "", &[]), is("a"));
    }

    #[test]
    fn variables_are_read_with_their_defaults() {
        let text = |written| with_defaults(written).text;
        assert_eq!(text("${A:-b}/${C-d}${E}$F.$$x$"), "b/d.$x$");
        assert_eq!(text("${A:-${B:-c}}"), "c");
        assert_eq!(text("${A"), "");
        assert_eq!(text("é${A:-ü}é"), "éüé");
        assert!(!with_defaults("a$$b").has_variables);
        text(&"${A:-".repeat(10_000));
    }

    #[test]
    fn names_of_base_files_and_others() {
        assert!(is_other_name("docker-compose.override.yml"));
        assert!(is_other_name("compose.local.yaml"));
        assert!(!is_other_name("compose.yaml"));
        assert!(!is_other_name("composer.yaml"));
    }
}
