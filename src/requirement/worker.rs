//! A compose service that runs a component's worker on the application's own build and environment.
//!
//! What it has from the application's service is copied as text; what belongs to the web server alone (ports, health check,
//! container name, labels) is not.

use super::compose::{self, Document};
use super::compose_text;
use super::service::{dedented, lines_of, list_block, retract_service, separated};
use super::{Assessment, Fix, NO_COMPOSE_FILE, Recorded, Retraction};
use crate::component::manifest;
use crate::finding::{Problem, SERVICE_CONFLICT, SERVICE_MISSING};
use crate::lock::ScaffoldingKey;
use crate::project::compose::{RUNNERS, command_words, is_server, takes_command, words_of};
use crate::project::{FilePath, Project};
use crate::source::yaml::{Entry, Source, Style, Value, same_values};

/// A worker service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Its name.
    pub name: String,
    /// Its command; `{services}` is the dotted path of the services package.
    pub command: String,
    /// The command that tells whether it lives.
    pub health: Option<String>,
}

/// What a worker has from the application: where it runs, with which code, and what it may use.
const COPIED: &[&str] = &[
    "extends",
    "build",
    "image",
    "platform",
    "pull_policy",
    "entrypoint",
    "env_file",
    "environment",
    "working_dir",
    "user",
    "depends_on",
    "network_mode",
    "networks",
    "extra_hosts",
    "dns",
    "volumes",
    "secrets",
    "configs",
    "profiles",
    "restart",
];

impl Worker {
    /// The stable name in `paxx.lock`.
    pub fn id(&self) -> String {
        format!("worker:{}", self.name)
    }

    /// What it is, as a phrase for the summary.
    pub fn title(&self, _project: &Project) -> String {
        format!("compose service `{}`", self.name)
    }

    /// The worker of a manifest.
    pub fn of(manifest: &manifest::Worker) -> Self {
        Self {
            name: manifest.name.to_string(),
            command: manifest.command.to_string(),
            health: manifest.health.map(|command| command.to_string()),
        }
    }

    fn words(&self, project: &Project) -> Vec<String> {
        let services = &project.layout.services;
        words_of(&services.renamed(&self.command.replace("{services}", &services.package)))
    }

    /// The names that it may have: its own, and where that is another worker's, one with its program before it.
    fn names(&self) -> [String; 2] {
        let program = self.command.split_whitespace().next().unwrap_or_default();
        [self.name.clone(), format!("{program}-{}", self.name)]
    }

    fn free_name(&self, document: &Document<'_>) -> Option<String> {
        self.names().into_iter().find(|name| document.service(name).is_none())
    }

    /// The name that it has in this project, or would have.
    pub(super) fn present_name(&self, document: &Document<'_>, project: &Project) -> String {
        let is_it =
            |name: &String| document.service(name).is_some_and(|service| self.is_run_by(document, project, service));
        let there = self.names().into_iter().find(is_it);
        there.or_else(|| self.free_name(document)).unwrap_or_else(|| self.name.clone())
    }

    /// The service of this project that runs it.
    pub fn find(&self, project: &Project) -> Option<String> {
        let document = compose::open(project).ok()??;
        Some(self.present_name(&document, project))
    }

    /// Does the service run this very worker?
    pub(super) fn is_run_by(&self, document: &Document<'_>, project: &Project, service: &Entry) -> bool {
        let has = command_of(document, service);
        let wanted = self.words(project);
        !wanted.is_empty() && wanted.iter().all(|word| has.iter().any(|other| ends_in(other, word)))
    }

    /// Does the service run a worker of this kind, perhaps with settings of the user's own?
    fn is_kind_of(&self, document: &Document<'_>, project: &Project, service: &Entry) -> bool {
        let has = command_of(document, service);
        let wanted = self.words(project);
        // `taskiq worker` is another kind than `taskiq scheduler`: what stands before the object counts.
        let object = wanted.iter().position(|word| word.contains(['.', ':']));
        let (program, rest) = wanted.split_at(object.unwrap_or_else(|| wanted.len().saturating_sub(1)));
        let Some(class) = rest.first().and_then(|object| object.rsplit(['.', ':']).next()) else { return false };
        program.iter().all(|wanted| has.iter().any(|word| ends_in(word, wanted)))
            && has.iter().any(|word| word.rsplit(['.', ':']).next() == Some(class))
    }

    /// Is there such a worker?
    pub fn assess(&self, project: &Project) -> Assessment {
        let command = self.words(project).join(" ");
        let document = match compose::open(project) {
            Ok(Some(document)) => document,
            Ok(None) => {
                return Assessment::NotApplicable {
                    note: format!("{NO_COMPOSE_FILE}: run `{command}` beside the application"),
                };
            }
            Err(problem) => return Assessment::Blocked { problem },
        };
        let application = match compose::application(project) {
            Ok(application) => application.and_then(|name| document.service(name)),
            Err(problem) => return Assessment::Blocked { problem },
        };
        let services = document.services();
        if let Some(worker) = services.iter().find(|service| self.is_kind_of(&document, project, service)) {
            return Assessment::Met { at: Some(document.at(worker.key_range.clone())) };
        }
        let Some(application) = application else {
            return Assessment::NotApplicable {
                note: format!("no service of `{}` runs the application: run `{command}` beside it", document.path),
            };
        };
        let Some(name) = self.free_name(&document) else {
            let name = &self.name;
            let problem =
                Problem::new(&SERVICE_CONFLICT, format!("the service `{name}` is there, but does not run `{command}`"))
                    .at(document.path, document.service(name).map_or(0..0, |other| other.key_range.clone()))
                    .help(format!("rename that service, or add one that runs `{command}` yourself"));
            return Assessment::Blocked { problem };
        };
        let block = self.block(&document, project, application, &name);
        let Some(services) = document.top("services") else {
            let problem = document.unsupported("no service is there", 0..0);
            return Assessment::Blocked { problem };
        };
        let separated = separated(&document, services);
        let problem = |block: &str| {
            Problem::new(&SERVICE_MISSING, format!("no service runs `{command}`"))
                .at(document.path, services.key_range.clone())
                .help(format!("add a service `{name}` that runs it"))
                .manual(block)
        };
        match document.put(&ScaffoldingKey::Compose("services".to_owned()), services, &block, None, separated) {
            Ok(addition) => {
                let text = if separated { format!("\n{block}") } else { block.clone() };
                let mut fix = Fix::edit(document.path, addition.edits).text(text).safe();
                fix.record.scaffolding = addition.scaffolding;
                Assessment::Missing { problem: problem(&block), fix }
            }
            Err(odd) => Assessment::Blocked { problem: odd.manual(block) },
        }
    }

    /// Takes the worker out again. It may have followed the application's service since: that is no change of the user's.
    pub fn retract(&self, project: &Project, recorded: &Recorded) -> Retraction {
        let document = match compose::open(project) {
            Ok(Some(document)) => document,
            Ok(None) => return Retraction::Gone,
            Err(problem) => return compose::keep(problem),
        };
        let application = compose::application(project).ok().flatten().and_then(|name| document.service(name));
        let name = self.present_name(&document, project);
        let now = application.map(|application| self.block(&document, project, application, &name));
        let current = document.service(&name).map(|service| (lines_of(&document, service), service.flow));
        let written = recorded.record.text.as_deref();
        let expected = match (now.as_deref(), current) {
            (Some(now), Some((current, _))) if same_values(now, current) => Some(now),
            (Some(now), Some((current, false)))
                if is_same_but_for_comments(now, current, written.unwrap_or_default()) =>
            {
                Some(current)
            }
            (Some(now), Some((current, true))) if same_values(now, &without_empty(current)) => Some(current),
            _ => written,
        };
        retract_service(&document, &name, recorded, expected)
    }

    /// The service as a block that begins at column 0.
    fn block(&self, document: &Document<'_>, project: &Project, application: &Entry, name: &str) -> String {
        let step = document.source.step();
        let list = document.source.list_indent().unwrap_or(step);
        let deeper = " ".repeat(step);
        let mut parts = Vec::new();
        let mut has_restart = false;
        let read = |path: &FilePath| project.file(path).cloned();
        let takes_command = takes_command(&compose::model(project), &application.key, &read);
        for entry in copied_entries(document, application) {
            let Some(node) = document.source.resolve(&entry.value) else { continue };
            let is_empty = match &node.value {
                Value::Null => true,
                Value::Mapping(mapping) => mapping.entries.is_empty(),
                Value::Sequence(sequence) => sequence.items.is_empty(),
                _ => false,
            };
            if is_empty {
                continue;
            }
            match entry.key.as_str() {
                "entrypoint" if !takes_command => continue,
                // An address or an alias in a network is the application's alone.
                "networks" if node.mapping().is_some() => {
                    let names: Vec<String> =
                        document.source.entries(node).iter().map(|network| network.key.clone()).collect();
                    parts.push(list_block("networks", &names, list));
                    continue;
                }
                "restart" => has_restart = true,
                _ => {}
            }
            let text = document.source.text();
            parts.push(match &entry.value.anchor {
                // An anchor is there once; what it names is the same.
                Some(anchor) => format!("{}: *{anchor}", text.get(entry.key_range.clone()).unwrap_or(&entry.key)),
                None => dedented(text, entry),
            });
        }
        // What the entry point would not run takes its place.
        let key = if takes_command { "command" } else { "entrypoint" };
        let command = Self::run_as_server(project, application, self.words(project)).join(" ");
        let command = format!("{key}: {}", compose_text::scalar(&command, Style::Plain));
        let is_first =
            |part: &String| ["build:", "image:", "extends:", "platform:"].iter().any(|key| part.starts_with(key));
        parts.sort_by_key(|part| !is_first(part));
        let place = parts.iter().position(|part| !is_first(part));
        parts.insert(place.unwrap_or(parts.len()), command);
        if !has_restart {
            parts.push("restart: unless-stopped".to_owned());
        }
        if let Some(health) = &self.health {
            let health = words_of(&health.replace("{services}", &project.layout.services.package));
            let words = Self::run_as_server(project, application, health);
            let words: Vec<String> = words.iter().map(|word| format!(", \"{word}\"")).collect();
            parts.push(format!(
                "healthcheck:\n{deeper}test: [\"CMD\"{}]\n{deeper}interval: 30s\n{deeper}timeout: 10s\n{deeper}retries: 3\n{deeper}start_period: 30s",
                words.concat()
            ));
        }
        let body: Vec<String> = parts.iter().map(|part| compose_text::indented(part, &deeper)).collect();
        format!("{name}:\n{}", body.join("\n"))
    }

    /// A command, run as the application's server is run: by `uv run`, or from the folder of its virtual environment.
    fn run_as_server(project: &Project, application: &Entry, mut command: Vec<String>) -> Vec<String> {
        let read = |path: &FilePath| project.file(path).cloned();
        let words = command_words(&compose::model(project), &application.key, &read);
        let server = words.iter().position(|word| is_server(word));
        let runner = words
            .windows(2)
            .position(|pair| matches!(pair, [program, run] if RUNNERS.contains(&program.as_str()) && run == "run"));
        if let Some(runner) = runner {
            // Options of the runner stand before the server.
            let end = match server {
                Some(server) if server > runner => server,
                _ => runner + 2,
            };
            let prefix = words.get(runner..end).unwrap_or_default();
            let prefix: Vec<String> = prefix.iter().take_while(|word| !word.starts_with("python")).cloned().collect();
            return [prefix, command].concat();
        }
        let program = server.and_then(|server| words.get(server)).and_then(|server| server.rsplit_once('/'));
        if let (Some((folder, _)), Some(first)) = (program, command.first_mut()) {
            *first = format!("{folder}/{first}");
        }
        command
    }
}

/// Is it the same service but for comments, all of which came with the text that was written?
///
/// A comment is copied with the lines of the application that it stands among, which come and go.
fn is_same_but_for_comments(now: &str, current: &str, written: &str) -> bool {
    let (Ok(now), Ok(current)) = (Source::parse(now), Source::parse(current)) else { return false };
    let ((now, _), (current, comments)) = (now.without_comments(), current.without_comments());
    same_values(&now, &current) && comments.iter().all(|comment| written.contains(comment))
}

/// A service in flow style without the collections that what was copied into it has left: braces that the application has not
/// any more.
fn without_empty(service: &str) -> String {
    COPIED.iter().fold(service.to_owned(), |text, key| {
        ["{}", "[]"].iter().fold(text, |text, empty| {
            text.replace(&format!(", {key}: {empty}"), "").replace(&format!(", \"{key}\": {empty}"), "")
        })
    })
}

/// Is `word` the program or module `wanted`, perhaps with a folder before it?
fn ends_in(word: &str, wanted: &str) -> bool {
    word == wanted || word.strip_suffix(wanted).is_some_and(|before| before.ends_with('/'))
}

fn command_of(document: &Document<'_>, service: &Entry) -> Vec<String> {
    ["entrypoint", "command"]
        .iter()
        .filter_map(|key| document.get(service, key))
        .flat_map(|entry| document.source.scalars(&entry.value))
        .flat_map(words_of)
        .collect()
}

/// What is copied of the application: its own, what merge keys bring, and what it extends in this file.
fn copied_entries<'d>(document: &'d Document<'_>, application: &'d Entry) -> Vec<&'d Entry> {
    let mut entries: Vec<&Entry> = Vec::new();
    let mut service = application;
    for _ in 0..8 {
        for entry in document.source.entries(&service.value) {
            if COPIED.contains(&entry.key.as_str()) && !entries.iter().any(|known| known.key == entry.key) {
                entries.push(entry);
            }
        }
        let Some(extends) = document.get(service, "extends") else { return entries };
        let base = match document.source.resolve(&extends.value).map(|node| &node.value) {
            Some(Value::Scalar(name, _)) => Some(name.as_str()),
            Some(Value::Mapping(_)) if document.source.get(&extends.value, "file").is_none() => {
                document.source.get(&extends.value, "service").and_then(|entry| document.source.scalar(&entry.value))
            }
            _ => None,
        };
        let Some(base) = base.and_then(|name| document.service(name)) else { return entries };
        // The base is copied key by key: extending it would bring its ports as well.
        entries.retain(|entry| entry.key != "extends");
        service = base;
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::super::compose::testing::{self, Want};
    use super::*;

    fn worker() -> Worker {
        let command = "arq {services}.tasks.WorkerSettings".to_owned();
        Worker { name: "worker".to_owned(), command, health: None }
    }

    fn want<'a>() -> Want<'a> {
        Want {
            assess: &|project| worker().assess(project),
            retract: &|project, recorded| worker().retract(project, recorded),
        }
    }

    fn check_app(app: &str, added: &str) {
        let before = format!("services:\n  app:\n{app}\nx: 1\n");
        testing::check_add(&want(), &before, &format!("services:\n  app:\n{app}\n  worker:\n{added}\nx: 1\n"));
    }

    const COMMAND: &str = "    command: arq app.services.tasks.WorkerSettings\n";
    const RESTART: &str = "    restart: unless-stopped\n";

    #[test]
    fn an_image_whose_entry_point_is_the_server_gets_another_one() {
        let build = |start: &str| {
            let lines = start.replace('\n', "\n        ");
            format!("    build:\n      dockerfile_inline: |\n        FROM python:3.13\n        {lines}\n")
        };
        let started = |start: &str, worker: &str| {
            let build = build(start);
            check_app(&build, &format!("{build}    {worker}\n{RESTART}"));
        };
        started(
            "ENTRYPOINT [\"python\", \"-m\", \"uvicorn\"]\nCMD [\"app.main:app\"]",
            "entrypoint: arq app.services.tasks.WorkerSettings",
        );
        started(
            "ENTRYPOINT [\"uv\", \"run\", \"fastapi\", \"run\"]",
            "entrypoint: uv run arq app.services.tasks.WorkerSettings",
        );
        let start = "ENTRYPOINT [\"tini\", \"--\"]\nCMD [\"uvicorn\", \"app.main:app\"]";
        started(start, COMMAND.trim());
        // A script that is not found may run anything.
        let start = "ENTRYPOINT [\"/start.sh\"]\nCMD [\"uvicorn\", \"app.main:app\"]";
        started(start, "entrypoint: arq app.services.tasks.WorkerSettings");
    }

    #[test]
    fn it_has_the_build_and_the_environment_and_not_what_belongs_to_the_server() {
        check_app(
            "    container_name: app
    build:
      context: .
      target: dev
    command: uvicorn app.main:app
    ports:
      - 80:80
    env_file: .env
    environment:
      - A=1
    volumes:
      - .:/app # source
      - data:/data
    depends_on:
      db:
        condition: service_healthy
    healthcheck:
      test: curl localhost
    labels: [traefik]
    restart: always
",
            "    build:
      context: .
      target: dev
    command: arq app.services.tasks.WorkerSettings
    env_file: .env
    environment:
      - A=1
    volumes:
      - .:/app # source
      - data:/data
    depends_on:
      db:
        condition: service_healthy
    restart: always
",
        );
    }

    #[test]
    fn its_health_is_asked_for_as_it_runs() {
        let before = "services:\n  app:\n    build: .\n    command: uv run uvicorn app.main:app\nx: 1\n";
        let worker = Worker { health: Some("arq --check {services}.tasks.WorkerSettings".to_owned()), ..worker() };
        let want = Want {
            assess: &|project| worker.assess(project),
            retract: &|project, recorded| worker.retract(project, recorded),
        };
        let added = "  worker:
    build: .
    command: uv run arq app.services.tasks.WorkerSettings
    restart: unless-stopped
    healthcheck:
      test: [\"CMD\", \"uv\", \"run\", \"arq\", \"--check\", \"app.services.tasks.WorkerSettings\"]
      interval: 30s
      timeout: 10s
      retries: 3
      start_period: 30s
";
        testing::check_add(&want, before, &before.replace("x: 1\n", &format!("\n{added}x: 1\n")));
    }

    #[test]
    fn it_runs_as_the_server_runs() {
        check_app(
            "    build: .\n    command: uv run --no-dev uvicorn app.main:app\n",
            &format!("    build: .\n    command: uv run --no-dev arq app.services.tasks.WorkerSettings\n{RESTART}"),
        );
        check_app(
            "    build: .\n    command: [\"poetry\", \"run\", \"python\", \"-m\", \"app.main\"]\n",
            &format!("    build: .\n    command: poetry run arq app.services.tasks.WorkerSettings\n{RESTART}"),
        );
        check_app(
            "    build: .\n    command: /app/.venv/bin/uvicorn app.main:app\n",
            &format!("    build: .\n    command: /app/.venv/bin/arq app.services.tasks.WorkerSettings\n{RESTART}"),
        );
    }

    #[test]
    fn anchors_are_used_again_and_what_is_merged_is_copied() {
        let before = "x-c: &c\n  build: .\n  ports: [\"1:1\"]\nservices:\n  app:\n    <<: *c\n    environment: &e\n      A: b\n\n  x:\n    image: y\n";
        testing::check_add(
            &want(),
            before,
            &format!("{before}\n  worker:\n    build: .\n{COMMAND}    environment: *e\n{RESTART}"),
        );
    }

    #[test]
    fn addresses_in_networks_and_an_entry_point_that_serves_are_not_copied() {
        check_app(
            "    build: .\n    entrypoint: [uvicorn, \"app.main:app\"]\n    networks:\n      back:\n        ipv4_address: 10.0.0.2\n",
            &format!(
                "    build: .\n{}    networks:\n      - back\n{RESTART}",
                COMMAND.replace("command:", "entrypoint:")
            ),
        );
    }

    #[test]
    fn a_comment_that_was_copied_is_not_the_users() {
        let before = "services:
  app: # it
    build: . # here
    environment: # see below
      - A=1 # one
      - B=2 # two
      # the last
    restart: always # always
";
        let (added, fix) = testing::add(&want(), &testing::project(before));
        let text = testing::compose_text(&added);
        assert!(
            text.contains("worker:\n    build: . # here\n") && text.ends_with("restart: always # always\n"),
            "{text}"
        );
        let recorded = Recorded { record: fix.record, scaffolding: Vec::new() };
        let gone = text.replacen("      - B=2 # two\n", "", 1);
        let removed = testing::remove(&want(), &testing::project(&gone), &recorded);
        assert_eq!(testing::compose_text(&removed), before.replace("      - B=2 # two\n", ""));
        let theirs = format!("{}# mine\n", text.trim_end_matches("# always\n"));
        assert!(matches!(worker().retract(&testing::project(&theirs), &recorded), Retraction::Keep { .. }));
    }

    #[test]
    fn a_worker_of_the_same_kind_is_there() {
        for command in [
            "arq app.services.tasks.WorkerSettings",
            "uv run arq my.own.WorkerSettings --watch x",
            "[arq, x.WorkerSettings]",
        ] {
            testing::check_met(
                &want(),
                &format!("services:\n  app:\n    build: .\n  jobs:\n    build: .\n    command: {command}\n"),
            );
        }
    }

    #[test]
    fn two_commands_of_one_program_are_two_kinds() {
        let scheduler = Worker {
            name: "scheduler".to_owned(),
            command: "taskiq scheduler {services}.taskiq:scheduler {services}.jobs".to_owned(),
            health: None,
        };
        let want = Want {
            assess: &|project| scheduler.assess(project),
            retract: &|project, recorded| scheduler.retract(project, recorded),
        };
        let app = "  app:\n    build: .\n    command: uvicorn app.main:app\n";
        let worker =
            "  worker:\n    build: .\n    command: taskiq worker app.services.taskiq:broker app.services.jobs\n";
        let added = "  scheduler:\n    build: .\n    command: taskiq scheduler app.services.taskiq:scheduler \
                     app.services.jobs\n    restart: unless-stopped\n";
        let before = format!("services:\n{app}{worker}x: 1\n");
        testing::check_add(&want, &before, &format!("services:\n{app}{worker}{added}x: 1\n"));
    }

    #[test]
    fn beside_a_worker_of_another_kind_it_has_another_name() {
        let celery = "services:\n  app:\n    build: .\n  worker:\n    build: .\n    command: celery -A app worker\n";
        let ours = format!("  arq-worker:\n    build: .\n{COMMAND}{RESTART}");
        testing::check_add(&want(), celery, &format!("{celery}{ours}"));
        let both = format!("{celery}  arq-worker:\n    image: x\n");
        assert_eq!(testing::check_blocked(&want(), &both).rule.code, "PX302");
    }

    #[test]
    fn a_worker_that_followed_the_application_is_not_the_users() {
        let before = "services:\n  app:\n    build: .\n    environment:\n      A: b\n      C: d\n";
        let (added, fix) = testing::add(&want(), &testing::project(before));
        let text = testing::compose_text(&added).replace("      C: d\n", "");
        let recorded = Recorded { record: fix.record, scaffolding: Vec::new() };
        let removed = testing::remove(&want(), &testing::project(&text), &recorded);
        assert_eq!(testing::compose_text(&removed), before.replace("      C: d\n", ""));
    }

    #[test]
    fn a_worker_that_the_user_changed_stays() {
        let (added, fix) = testing::add(&want(), &testing::project("services:\n  app:\n    build: .\n"));
        let text = testing::compose_text(&added).replace("unless-stopped", "always");
        let recorded = Recorded { record: fix.record, scaffolding: Vec::new() };
        assert!(matches!(worker().retract(&testing::project(&text), &recorded), Retraction::Keep { .. }));
    }

    #[test]
    fn a_file_in_flow_style() {
        testing::check_add(
            &want(),
            "services: {app: {build: .}}\n",
            "services: {app: {build: .}, worker: {build: ., command: arq app.services.tasks.WorkerSettings, restart: unless-stopped}}\n",
        );
    }
}
