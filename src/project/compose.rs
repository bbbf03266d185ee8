//! What discovery needs to know of Compose: which file is the base file, and which service runs the application.
//!
//! Pure functions: whoever calls them reads the disk. Nothing here edits.

pub mod data;
pub mod load;
pub mod model;
pub mod ports;
pub mod service;
pub mod words;

use data::Data;
use model::{Model, Read, Service};

use super::FilePath;
use crate::finding::{Candidate, Problem, Question, SEVERAL_APPLICATION_SERVICES};

/// The names of the base file, the first of which counts: the order of the Compose specification.
pub const NAMES: &[&str] = &["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];

/// Is it the name of a compose file that is not the base file: an override, or one for `-f`?
pub fn is_other_name(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml")) else { return false };
    !NAMES.contains(&name)
        && ["compose.", "compose-", "docker-compose.", "docker-compose-"].iter().any(|start| stem.starts_with(start))
}

/// The names that the override file beside the base file at `path` may have.
pub fn overrides(path: &FilePath) -> Vec<FilePath> {
    let folder = path.parent().unwrap_or_else(FilePath::top);
    let Some((stem, _)) = path.name().rsplit_once('.').filter(|_| NAMES.contains(&path.name())) else {
        return Vec::new();
    };
    ["yaml", "yml"].iter().map(|extension| folder.child(&format!("{stem}.override.{extension}"))).collect()
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

/// The service that runs the application whose module is `app_module`, in the project at `root`. Only services of the base
/// file at `path` count: that is the one which is edited.
///
/// That is the one whose build context holds the project and whose command or Dockerfile runs a server of it; else the
/// only one that is built from it. Of several the one that publishes a port. `read` gives a file of the repository.
///
/// # Errors
///
/// Several services may be it: a problem that names them.
pub fn application_service(
    model: &Model,
    path: &FilePath,
    root: &FilePath,
    app_module: &str,
    read: Read<'_>,
) -> Result<Option<String>, Problem> {
    let mut candidates: Vec<(&Service, Likelihood)> = Vec::new();
    for service in model.services().iter().filter(|service| service.at.path == *path) {
        let likelihood = match service.get("build") {
            Some(build) => {
                let Some(context) = context_of(model, build) else { continue };
                if !holds(&context, root, app_module, read) {
                    continue;
                }
                let runs = match command_of(service) {
                    Some(words) => classify(&words, app_module),
                    None => dockerfile_of(build, &context, read)
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
            None => match command_of(service).map(|words| classify(&words, app_module)) {
                Some(Runs::ThisServer) => Likelihood::ThisServer,
                _ => continue,
            },
        };
        candidates.push((service, likelihood));
    }
    let Some(best) = candidates.iter().map(|(_, likelihood)| *likelihood).max() else { return Ok(None) };
    let mut candidates: Vec<&Service> =
        candidates.iter().filter(|(_, likelihood)| *likelihood == best).map(|(service, _)| *service).collect();
    // What only a profile starts is a variant of what always starts; a job is rarely called what a server is called, and
    // publishes no port.
    let evidence: [fn(&Service) -> bool; 3] = [
        |service| service.profiles().is_empty(),
        |service| !is_name_of_another(&service.name),
        |service| !service.published().is_empty(),
    ];
    for is_likely in evidence {
        if candidates.iter().any(|service| is_likely(service)) {
            candidates.retain(|service| is_likely(service));
        }
    }
    match candidates.as_slice() {
        [] => Ok(None),
        [service] => Ok(Some(service.name.clone())),
        [first, others @ ..] => {
            let names: Vec<String> = candidates.iter().map(|service| format!("`{}`", service.name)).collect();
            let message = format!("several compose services may be the application: {}", names.join(", "));
            let mut problem = Problem::new(&SEVERAL_APPLICATION_SERVICES, message).help("say which one it is");
            problem.at = Some(first.at.clone());
            for other in others {
                problem = problem.related(other.at.clone(), "another one");
            }
            let evidence = |service: &Service| match command_of(service) {
                Some(words) => {
                    format!("runs `{}`", words.iter().take(6).map(String::as_str).collect::<Vec<_>>().join(" "))
                }
                None => "runs what its image does".to_owned(),
            };
            let answers = candidates.iter().map(|service| Candidate::new(&service.name, evidence(service)));
            Err(problem.question(Question::new("service", answers.collect())))
        }
    }
}

/// Is it what services are called that run something else on the application's build?
fn is_name_of_another(name: &str) -> bool {
    name.split(|character: char| !character.is_alphanumeric()).any(|word| {
        OTHERS.contains(&word)
            || matches!(word, "test" | "tests" | "job" | "jobs" | "cron" | "init" | "seed" | "prestart")
    })
}

/// The words that start the service `name`: of its `entrypoint` and `command`, else of its Dockerfile.
pub fn command_words(model: &Model, name: &str, read: Read<'_>) -> Vec<String> {
    let words = || {
        let service = model.service(name)?;
        command_of(service).or_else(|| Some(last_command(&dockerfile_for(model, service, read)?)))
    };
    words().unwrap_or_default()
}

/// Does the image of the service `name` start what it is given as its `command`?
///
/// An entry point that is a server takes the command for its own arguments; a script passes it on only where it says so
/// (`exec "$@"`), and one that is written for a shell never does.
pub fn takes_command(model: &Model, name: &str, read: Read<'_>) -> bool {
    const PASS_ON: &[&str] =
        &["tini", "dumb-init", "docker-init", "gosu", "su-exec", "env", "exec", "run", "--", "-g", "-s"];
    let Some(service) = model.service(name) else { return true };
    let context = service.get("build").and_then(|build| context_of(model, build));
    let entry_point = if let Some(entry_point) = service.get("entrypoint") {
        words::words(entry_point)
    } else {
        let Some(dockerfile) = dockerfile_for(model, service, read) else { return true };
        let (words, is_shell) = entry_point_of(&dockerfile);
        if is_shell && !words.is_empty() {
            return false;
        }
        words
    };
    let program = |word: &str| word.rsplit('/').next().unwrap_or(word).to_owned();
    let rest: Vec<&String> = entry_point
        .iter()
        .filter(|word| {
            let name = program(word);
            !PASS_ON.contains(&name.as_str()) && !RUNNERS.contains(&name.as_str())
        })
        .collect();
    match rest.as_slice() {
        [] => true,
        // `sh -c` takes the next word alone.
        [first, options @ ..] if ["sh", "bash", "ash"].contains(&program(first).as_str()) => match options {
            [] => true,
            [script, ..] if !script.starts_with('-') => passes_on(context.as_ref(), script, read),
            _ => entry_point.iter().any(|word| word.contains("$@")),
        },
        [script, ..] => passes_on(context.as_ref(), script, read),
    }
}

/// Programs that run a command in a project's environment, by `run`.
pub const RUNNERS: &[&str] = &["uv", "poetry", "pdm", "pipenv", "hatch", "rye", "pixi"];

/// Does the script, found by its name in the build context, run what it is given?
fn passes_on(context: Option<&FilePath>, script: &str, read: Read<'_>) -> bool {
    let Some(context) = context else { return false };
    let name = script.rsplit('/').next().unwrap_or(script);
    let folders =
        ["", "docker", "scripts", "script", "bin", "deploy", ".docker", "docker/app", "compose", "backend", "app"];
    let as_written = context.join(script.trim_start_matches('/'));
    let below = script.trim_start_matches('/').split_once('/').and_then(|(_, rest)| context.join(rest));
    let by_name = folders.iter().filter_map(|folder| context.join(folder)?.join(name));
    let found = as_written.into_iter().chain(below).chain(by_name).find_map(|path| read(&path));
    found.is_some_and(|file| file.text().is_some_and(passes_arguments_on))
}

/// Has the script a line that runs its own arguments, and not under a condition?
fn passes_arguments_on(script: &str) -> bool {
    script.lines().any(|line| {
        let line = line.trim();
        let starts = ["exec \"$@\"", "exec $@", "\"$@\"", "exec \"${@}\"", "exec gosu", "exec su-exec", "exec tini"];
        !line.starts_with('#') && line.contains("$@") && starts.iter().any(|start| line.starts_with(start))
            || line.contains("os.execvp(sys.argv[1]")
    })
}

/// The Dockerfile that the service is built with.
fn dockerfile_for(model: &Model, service: &Service, read: Read<'_>) -> Option<String> {
    let build = service.get("build")?;
    dockerfile_of(build, &context_of(model, build)?, read)
}

/// Does a word of the command line name a program that serves an application?
pub fn is_server(word: &str) -> bool {
    SERVERS.contains(&word.rsplit('/').next().unwrap_or(word))
}

/// The folder of a build context; `None` where it lies outside the repository or is no folder at all.
fn context_of(model: &Model, build: &Data) -> Option<FilePath> {
    let written = match build {
        Data::Scalar(context) => context.as_str(),
        _ => build.get("context").map_or(Some("."), Data::text)?,
    };
    let context = with_defaults(written).text;
    if context.contains("://") || context.starts_with("git@") {
        return None;
    }
    // `${PWD}` and other variables without a default stand for the folder itself as often as not.
    let context =
        if context.starts_with('/') && written.starts_with('$') { context.trim_start_matches('/') } else { &context };
    model.folder().join(context)
}

/// Does the build context hold the application?
fn holds(context: &FilePath, root: &FilePath, app_module: &str, read: Read<'_>) -> bool {
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
fn command_of(service: &Service) -> Option<Vec<String>> {
    let entries = ["entrypoint", "command"].iter().filter_map(|key| service.get(key));
    let words: Vec<String> = entries.flat_map(Data::items).filter_map(Data::text).flat_map(words_of).collect();
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

fn dockerfile_of(build: &Data, context: &FilePath, read: Read<'_>) -> Option<String> {
    if let Some(inline) = build.get("dockerfile_inline") {
        return inline.text().map(str::to_owned);
    }
    let name = build.get("dockerfile").and_then(Data::text).unwrap_or("Dockerfile");
    read(&context.join(&with_defaults(name).text)?)?.text().map(str::to_owned)
}

/// The words of the entry point that a Dockerfile gives its image, and whether it is written for a shell.
fn entry_point_of(dockerfile: &str) -> (Vec<String>, bool) {
    let words = start_of(dockerfile).0;
    let joined = dockerfile.replace("\r\n", "\n").replace("\\\n", " ");
    let is_shell = joined
        .lines()
        .filter_map(|line| line.trim_start().split_once(char::is_whitespace))
        .rfind(|(instruction, _)| instruction.eq_ignore_ascii_case("ENTRYPOINT"))
        .is_some_and(|(_, rest)| !rest.trim_start().starts_with('['));
    (words, is_shell)
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
    use std::rc::Rc;

    use super::*;
    use crate::project::File;

    fn path(text: &str) -> FilePath {
        FilePath::new(text).expect("inside")
    }

    /// The application of a compose file in `folder`, in the project at `root`, with these other files.
    fn found(compose: &str, folder: &str, root: &str, files: &[(&str, &str)]) -> Answer {
        let base = path(folder).child("compose.yml");
        let read = |path: &FilePath| {
            let file = |text: &str| Some(Rc::new(File::new(text.as_bytes())));
            if *path == base {
                return file(compose);
            }
            file(files.iter().find(|(name, _)| *name == path.as_str())?.1)
        };
        let model = Model::of(&base, &read).expect("it is small");
        application_service(&model, &base, &path(root), "app.main", &read).map_err(|problem| problem.message)
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
    fn of_several_on_one_build_the_one_that_publishes_a_port_is_it() {
        let compose = "services:
  api:
    build: .
    command: ./run.sh
    ports: ['8000:8000']
  notifier:
    build: .
    command: ./notify.sh
  celery-jobs:
    build: .
    command: ./jobs.sh
    ports: ['9000:9000']
";
        assert_eq!(found(compose, "", "", &[]), is("api"));
        let included = "include: [other.yml]\nservices:\n  db: {image: x}\n";
        assert_eq!(found(included, "", "", &[("other.yml", "services:\n  api: {build: .}\n")]), Ok(None));
        let extended = "services:\n  api:\n    extends: {file: other.yml, service: base}\n";
        assert_eq!(found(extended, "", "", &[("other.yml", "services:\n  base: {build: .}\n")]), is("api"));
    }

    #[test]
    fn a_command_behind_an_entry_point() {
        let takes = |entry: &str, script: &str| {
            let dockerfile = format!("FROM x\n{entry}\nCMD [\"uvicorn\"]\n");
            let files = [("Dockerfile", dockerfile.as_str()), ("docker/start.sh", script)];
            let base = path("compose.yml");
            let read = |path: &FilePath| {
                let compose = ("compose.yml", "services:\n  a:\n    build: .\n");
                let text = files.iter().chain([&compose]).find(|(name, _)| *name == path.as_str())?.1;
                Some(Rc::new(File::new(text.as_bytes())))
            };
            takes_command(&Model::of(&base, &read).expect("it is small"), "a", &read)
        };
        let script = "ENTRYPOINT [\"/app/docker/start.sh\"]";
        assert!(
            takes("", "") && takes("ENTRYPOINT [\"tini\", \"--\"]", "") && takes("ENTRYPOINT [\"uv\", \"run\"]", "")
        );
        assert!(takes(script, "#!/bin/sh\nset -e\nexec \"$@\"\n"));
        assert!(takes("ENTRYPOINT [\"bash\", \"/start.sh\"]", "exec \"$@\"\n"));
        assert!(!takes(script, "#!/bin/sh\nexec uvicorn app.main:app\n"));
        assert!(!takes(script, "#!/bin/sh\nexec uvicorn app.main:app \"$@\"\n"));
        assert!(!takes("ENTRYPOINT [\"/elsewhere.sh\"]", "exec \"$@\"\n"));
        assert!(!takes("ENTRYPOINT [\"uvicorn\", \"app.main:app\"]", ""));
        assert!(!takes("ENTRYPOINT ./docker/start.sh", "exec \"$@\"\n"));
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
