//! A compose service that a component needs, and the named volumes that it declares.
//!
//! A service is known by its image, whatever its name is: where one is there, a second one is never added. The body comes
//! from the component's template and takes the file's indentation; nothing of the user's services changes.

use super::compose::{self, Document};
use super::compose_text;
use super::image_reference::Reference;
use super::{Assessment, Fix, NO_COMPOSE_FILE, Recorded, Retraction, endpoint};
use crate::component::manifest;
use crate::finding::{Problem, SERVICE_CONFLICT, SERVICE_MISSING};
use crate::lock::ScaffoldingKey;
use crate::project::compose::data::Data;
use crate::project::compose::model::{self as compose_model, Model, Reach};
use crate::project::compose::ports::{Published, published};
use crate::project::{FilePath, Project};
use crate::source::text;
use crate::source::yaml::{Entry, Node, Source, Style, same_values};

/// A service of the compose file.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    /// What the component says of it.
    pub manifest: &'static manifest::Service,
}

/// The name of the service that stands for `service` in this project, where exactly one does.
pub fn find(project: &Project, service: &manifest::Service) -> Option<String> {
    locate(&compose::model(project), project, service).ok()?.map(|found| found.name.clone())
}

/// The service of the compose project that stands for `manifest`, and runs when the application does; several that may are a
/// problem that names them.
pub(super) fn locate<'m>(
    model: &'m Model,
    project: &Project,
    manifest: &manifest::Service,
) -> Result<Option<&'m compose_model::Service>, Problem> {
    let read = |path: &FilePath| project.file(path).cloned();
    let application = compose::application(project).ok().flatten().and_then(|name| model.service(name));
    let mut candidates: Vec<&compose_model::Service> = model
        .services()
        .iter()
        .filter(|service| is_image_of(service, manifest) && Model::runs_with(service, application))
        .collect();
    let used = |service: &compose_model::Service| is_used(application, service);
    candidates.retain(|service| !is_for_tests(&service.name) || used(service).is_some());
    let reaches = |service: &compose_model::Service| {
        application
            .is_none_or(|application| !matches!(model.reach(application, service), Reach::Apart(_) | Reach::Never(_)))
    };
    // What tells them apart, from the surest evidence to the weakest.
    let evidence: [&dyn Fn(&compose_model::Service) -> bool; 5] = [
        &|service| !endpoint::is_unusable(model, service, manifest, &read),
        &|service| used(service) == Some(Use::Host),
        &|service| used(service).is_some(),
        &|service| service.name == manifest.name.0,
        &reaches,
    ];
    for is_likely in evidence {
        if candidates.len() > 1 && candidates.iter().any(|service| is_likely(service)) {
            candidates.retain(|service| is_likely(service));
        }
    }
    match candidates.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(only)),
        [first, others @ ..] => {
            let names: Vec<String> = candidates.iter().map(|entry| format!("`{}`", entry.name)).collect();
            let message = format!("several services may be `{}`: {}", manifest.name, names.join(", "));
            let mut problem = Problem::new(&SERVICE_CONFLICT, message)
                .help("list the one to use under `depends_on` of the application's service");
            problem.at = Some(first.at.clone());
            for other in others {
                problem = problem.related(other.at.clone(), format!("`{}`", other.name));
            }
            Err(problem)
        }
    }
}

/// Does its image say that it is such a service?
fn is_image_of(service: &compose_model::Service, manifest: &manifest::Service) -> bool {
    let Some(image) = service.image().map(Reference::parse) else { return false };
    if !manifest.images.iter().any(|repository| image.is_repository(repository)) {
        return false;
    }
    let relative = manifest.server.as_ref().and_then(|server| endpoint::relative(service, server));
    relative.is_none_or(|relative| {
        relative.needs.is_empty() || service.words().iter().any(|word| relative.needs.iter().any(|need| need.0 == word))
    })
}

/// Does its name say that only tests use it?
fn is_for_tests(name: &str) -> bool {
    name.split(|character: char| !character.is_alphanumeric())
        .any(|word| matches!(word, "test" | "tests" | "testing" | "e2e" | "ci"))
}

/// How a service shows that it uses another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Its environment has the other's name as a host.
    Host,
    /// It waits for it.
    Dependency,
}

fn is_used(application: Option<&compose_model::Service>, service: &compose_model::Service) -> Option<Use> {
    let application = application?;
    let is_host = |value: &str| {
        value
            .split(|character: char| !(character.is_alphanumeric() || matches!(character, '_' | '-' | '.')))
            .any(|word| word == service.name)
    };
    if application.environment().iter().any(|(_, value)| value.as_deref().is_some_and(is_host)) {
        return Some(Use::Host);
    }
    application.dependencies().contains(&service.name.as_str()).then_some(Use::Dependency)
}

/// Of several services of a kind the one that the application uses: by the host names in its environment, else by its
/// `depends_on`. All of them where that does not tell.
pub(super) fn the_one_that_is_used<'a>(model: &Model, project: &Project, candidates: &[&'a Entry]) -> Vec<&'a Entry> {
    let application = compose::application(project).ok().flatten().and_then(|name| model.service(name));
    for wanted in [Use::Host, Use::Dependency] {
        let is_it = |entry: &&&Entry| {
            model.service(&entry.key).is_some_and(|service| is_used(application, service) == Some(wanted))
        };
        let found: Vec<&Entry> = candidates.iter().filter(is_it).copied().collect();
        if found.len() == 1 && candidates.len() > 1 {
            return found;
        }
    }
    candidates.to_vec()
}

impl Service {
    /// The stable name in `paxx.lock`.
    pub fn id(&self) -> String {
        format!("service:{}", self.manifest.name)
    }

    /// What it is, as a phrase for the summary.
    pub fn title(&self, _project: &Project) -> String {
        format!("compose service `{}`", self.manifest.name)
    }

    /// Is the service there?
    pub fn assess(&self, project: &Project) -> Assessment {
        let name = self.manifest.name.0;
        let document = match compose::open(project) {
            Ok(Some(document)) => document,
            Ok(None) => {
                return Assessment::NotApplicable { note: format!("{NO_COMPOSE_FILE}: start `{name}` yourself") };
            }
            Err(problem) => return Assessment::Blocked { problem },
        };
        let model = compose::model(project);
        match locate(&model, project, self.manifest) {
            Ok(Some(found)) => return Assessment::Met { at: Some(found.at.clone()) },
            Ok(None) => {}
            Err(problem) => return Assessment::Blocked { problem },
        }
        if let Some(other) = model.service(name) {
            // What it is stands in a file that is not there.
            if !other.is_complete && other.image().is_none() {
                return Assessment::Met { at: Some(other.at.clone()) };
            }
            return Assessment::Blocked { problem: self.conflict(project, &model, other) };
        }
        match self.fix(&document, project) {
            Ok(fix) => {
                let place = document.top("services").map_or(0..0, |services| services.key_range.clone());
                let images: Vec<String> = self.manifest.images.iter().map(|image| format!("`{image}`")).collect();
                let problem = Problem::new(
                    &SERVICE_MISSING,
                    format!("no service `{name}`, and none with an image {}", images.join(" or ")),
                )
                .at(document.path, place)
                .help(format!("add `{name}`, or use `--compose none` where it runs elsewhere"))
                .manual(self.manifest.body.trim_end());
                Assessment::Missing { problem, fix }
            }
            Err(problem) => Assessment::Blocked {
                problem: problem
                    .manual(format!("services:\n{}", compose_text::indented(self.manifest.body.trim_end(), "  "))),
            },
        }
    }

    fn conflict(self, project: &Project, model: &Model, other: &compose_model::Service) -> Problem {
        let name = self.manifest.name;
        let application = compose::application(project).ok().flatten().and_then(|name| model.service(name));
        let is = match (other.image(), other.profiles().first()) {
            (Some(_), Some(profile)) if is_image_of(other, self.manifest) => {
                let application = application.map_or("the application", |application| &application.name);
                format!("runs only with the profile `{profile}`, which `{application}` does not have")
            }
            (Some(image), _) => format!("runs the image `{image}`"),
            (None, _) if other.get("build").is_some() => "is built from a Dockerfile".to_owned(),
            (None, _) => "has no image".to_owned(),
        };
        let mut problem =
            Problem::new(&SERVICE_CONFLICT, format!("the service `{name}` is there, but {is}")).help(format!(
                "rename that service, or give it the image `{}`, then run the command again",
                self.manifest.images.first().map_or(name.0, |image| image.0)
            ));
        if !other.profiles().is_empty() && is_image_of(other, self.manifest) {
            problem = problem.help("take its `profiles` away, or rename that service, then run the command again");
        }
        problem.at = Some(other.at.clone());
        problem
    }

    fn fix(self, document: &Document<'_>, project: &Project) -> Result<Fix, Problem> {
        let name = self.manifest.name.0;
        let template = Source::parse(self.manifest.body.0).ok();
        let body = template.as_ref().and_then(|template| {
            let service = template.root()?.mapping()?.entries.first()?;
            Some((template, service))
        });
        let Some((template, service)) = body else {
            return Err(document.unsupported(format!("the template of `{name}` cannot be read"), 0..0));
        };
        let model = compose::model(project);
        let taken = published_ports(&model);
        let step = document.source.step();
        let list = document.source.list_indent().unwrap_or(step);
        let mut block = format!("{name}:");
        let mut note = None;
        let deeper = " ".repeat(step);
        for entry in service.value.mapping().map(|mapping| mapping.entries.as_slice()).unwrap_or_default() {
            let written = dedented(template.text(), entry);
            let mut written = reindented(&written, step, list);
            if entry.key == "ports" {
                let (free, busy) = split_ports(template, &entry.value, &taken);
                if let Some((port, user)) = busy.first() {
                    note = Some(format!(
                        "port {port} of the host is taken by the service `{user}`: `{name}` is not published there"
                    ));
                    if free.is_empty() {
                        continue;
                    }
                    let items: Vec<String> = free.iter().map(|port| format!("{}- {port}", " ".repeat(list))).collect();
                    written = format!("ports:\n{}", items.join("\n"));
                }
            }
            block.push('\n');
            block.push_str(&compose_text::indented(&written, &deeper));
        }
        let application = compose::application(project).ok().flatten().and_then(|name| model.service(name));
        let networks = application.map(|application| model.networks_for(application)).unwrap_or_default();
        if !networks.is_empty() {
            let written = compose_text::indented(&list_block("networks", &networks, list), &deeper);
            block.push('\n');
            block.push_str(&written);
        }
        let mut text = block.clone();
        let addition = match document.top("services") {
            None => document.create_at_top(made(), "services", &block)?,
            Some(services) => {
                let separated = separated(document, services);
                if separated {
                    text.insert(0, '\n');
                }
                document.put(&made(), services, &block, None, separated)?
            }
        };
        let mut fix = Fix::edit(document.path, addition.edits).text(text).safe();
        fix.record.scaffolding = addition.scaffolding;
        if let Some(note) = note {
            fix = fix.note(note);
        }
        Ok(fix)
    }

    /// Takes the service out again.
    pub fn retract(&self, project: &Project, recorded: &Recorded) -> Retraction {
        let document = match compose::open(project) {
            Ok(Some(document)) => document,
            Ok(None) => return Retraction::Gone,
            Err(problem) => return compose::keep(problem),
        };
        retract_service(&document, self.manifest.name.0, recorded, recorded.record.text.as_deref())
    }
}

/// Takes the service `name` out, where it is still the text `expected`.
pub(super) fn retract_service(
    document: &Document<'_>,
    name: &str,
    recorded: &Recorded,
    expected: Option<&str>,
) -> Retraction {
    let Some(services) = document.top("services") else { return Retraction::Gone };
    let Some(service) = services.value.own(name) else { return Retraction::Gone };
    let at = Some(document.at(service.range()));
    let current = lines_of(document, service);
    if !expected.is_some_and(|expected| same_values(expected, current)) {
        return Retraction::Keep { at, why: format!("the service `{name}` was changed") };
    }
    if let Some(dependent) = document
        .services()
        .into_iter()
        .find(|other| other.key != name && document.names_of(other, "depends_on").contains(&name))
    {
        let why = format!("the service `{}` depends on `{name}`", dependent.key);
        return Retraction::Keep { at: Some(document.at(dependent.key_range.clone())), why };
    }
    let separated = recorded.record.text.as_deref().is_some_and(|text| text.starts_with('\n'));
    let parent = document.source.root();
    let taken =
        parent.and_then(|parent| document.take(&made(), parent, services, service.range().start, recorded, separated));
    match taken {
        Some(taken) => {
            let mut fix = Fix::edit(document.path, taken.edits);
            fix.record.scaffolding = taken.scaffolding;
            Retraction::Remove(fix)
        }
        None => Retraction::Keep { at, why: format!("the service `{name}` stands in a place that is not edited") },
    }
}

/// An entry with what follows it on its last line: a comment there is the user's.
pub(super) fn lines_of<'a>(document: &'a Document<'_>, entry: &Entry) -> &'a str {
    let text = document.source.text();
    let range = entry.range();
    let end = if entry.flow { range.end } else { text::line_end(text, range.end) };
    text.get(range.start..end).unwrap_or_default()
}

/// Does an empty line stand between the services? Where there is but one, files mostly have one.
pub(super) fn separated(document: &Document<'_>, services: &Entry) -> bool {
    let Some(mapping) = document.source.resolve(&services.value).and_then(Node::mapping) else { return false };
    // A text that keeps the empty lines after it (`|+`) would take ours too.
    let keeps = mapping.entries.last().is_some_and(|last| document.source.keeps_lines_after(&last.value));
    !mapping.flow && !mapping.entries.is_empty() && !keeps && document.source.separated(mapping).unwrap_or(true)
}

/// An entry's lines with its key at column 0, and `\n` between them.
pub(super) fn dedented(text: &str, entry: &Entry) -> String {
    let column = entry.key_range.start - text::line_start(text, entry.key_range.start);
    let range = entry.range();
    let behind = range.end..text::line_end(text, range.end);
    let is_comment = text.get(behind.clone()).is_some_and(|behind| behind.trim_start().starts_with('#'));
    let end = if is_comment { behind.end } else { range.end };
    let written = text.get(range.start..end).unwrap_or_default().replace("\r\n", "\n");
    let lines: Vec<&str> = written
        .split('\n')
        .map(|line| {
            let blanks = line.len() - line.trim_start_matches(' ').len();
            line.get(blanks.min(column)..).unwrap_or_default()
        })
        .collect();
    // The first line begins at the key already.
    let first = written.split('\n').next().unwrap_or_default();
    std::iter::once(first).chain(lines.into_iter().skip(1)).collect::<Vec<_>>().join("\n")
}

/// A block indented by two, with its lists indented below their keys, in another indentation.
fn reindented(block: &str, step: usize, list: usize) -> String {
    // Columns of the enclosing lines: as they were, and as they become.
    let mut stack: Vec<(usize, usize)> = vec![(0, 0)];
    let mut result = Vec::new();
    for line in block.lines() {
        let content = line.trim_start_matches(' ');
        if content.is_empty() {
            result.push(String::new());
            continue;
        }
        let column = line.len() - content.len();
        while stack.len() > 1 && stack.last().is_some_and(|(old, _)| *old > column) {
            stack.pop();
        }
        let (old, new) = stack.last().copied().unwrap_or((0, 0));
        let is_item = content.starts_with("- ");
        let new = if column > old { new + if is_item { list } else { step } } else { new };
        if column > old {
            stack.push((column, new));
        }
        if is_item {
            stack.push((column + 2, new + 2));
        }
        result.push(format!("{}{content}", " ".repeat(new)));
    }
    result.join("\n")
}

/// A key with a list of names.
pub(super) fn list_block(key: &str, names: &[String], list: usize) -> String {
    let indentation = " ".repeat(list);
    let items = names.iter().map(|name| format!("\n{indentation}- {}", compose_text::scalar(name, Style::Plain)));
    format!("{key}:{}", items.collect::<String>())
}

/// The ports that the services of the project publish, each with the service that does.
fn published_ports(model: &Model) -> Vec<(Published, String)> {
    let services = model.services().iter();
    services.flat_map(|service| service.published().into_iter().map(|port| (port, service.name.clone()))).collect()
}

/// A port, and the service that has it.
type BusyPort = (u16, String);

/// The ports of the template that are free, as they are written there, and those that are taken.
fn split_ports(template: &Source, ports: &Node, taken: &[(Published, String)]) -> (Vec<String>, Vec<BusyPort>) {
    let mut free = Vec::new();
    let mut busy = Vec::new();
    for item in ports.sequence().map(|list| list.items.as_slice()).unwrap_or_default() {
        let own = item.value.scalar().and_then(|written| published(&Data::Scalar(written.to_owned())));
        let host = own.and_then(|own| own.host).map(|(first, _)| first);
        let user = host.and_then(|host| taken.iter().find(|(port, _)| port.takes(host)));
        match (host, user) {
            (Some(host), Some((_, user))) => busy.push((host, user.clone())),
            _ => free.push(template.text().get(item.value.range.clone()).unwrap_or_default().to_owned()),
        }
    }
    (free, busy)
}

/// The key `services` of a file that had none.
fn made() -> ScaffoldingKey {
    ScaffoldingKey::Compose("services".to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::compose::testing::{self, MINIO, REDIS, Want};
    use super::*;
    use crate::requirement::volume::Volume;

    static REDIS_SERVICE: manifest::Service = REDIS;
    static MINIO_SERVICE: manifest::Service = MINIO;
    const SERVICE: Service = Service { manifest: &REDIS_SERVICE };
    const VOLUME: Volume = Volume { service: &REDIS_SERVICE, name: "redis_data" };

    fn want<'a>() -> Want<'a> {
        Want {
            assess: &|project| SERVICE.assess(project),
            retract: &|project, recorded| SERVICE.retract(project, recorded),
        }
    }

    fn want_volume<'a>() -> Want<'a> {
        Want {
            assess: &|project| VOLUME.assess(project),
            retract: &|project, recorded| VOLUME.retract(project, recorded),
        }
    }

    fn check_add(before: &str, after: &str) {
        testing::check_add(&want(), before, after);
    }

    const BODY: &str = "  redis:
    image: redis:7-alpine
    ports:
      - \"127.0.0.1:6379:6379\"
    volumes:
      - redis_data:/data
";

    #[test]
    fn it_goes_behind_the_last_service() {
        check_add(
            "services:\n  app:\n    build: .\n\nvolumes:\n  a:\n",
            &format!("services:\n  app:\n    build: .\n\n{BODY}\nvolumes:\n  a:\n"),
        );
    }

    #[test]
    fn no_empty_line_where_the_file_has_none() {
        check_add(
            "services:\n  app:\n    build: .\n  db:\n    image: x\n",
            &format!("services:\n  app:\n    build: .\n  db:\n    image: x\n{BODY}"),
        );
    }

    #[test]
    fn comments_in_the_last_service_stay_with_it_and_others_stay_behind() {
        check_add(
            "services:\n  app:\n    build: . # here\n    # ports:\n    #   - 80\n  # db:\n  #   image: x\n\n# end\n",
            &format!(
                "services:\n  app:\n    build: . # here\n    # ports:\n    #   - 80\n\n{BODY}  # db:\n  #   image: x\n\n# end\n"
            ),
        );
    }

    #[test]
    fn the_indentation_is_the_files() {
        check_add(
            "services:\n    app:\n        build: .\n        ports:\n        - 80:80\n",
            "services:\n    app:\n        build: .\n        ports:\n        - 80:80\n
    redis:
        image: redis:7-alpine
        ports:
        - \"127.0.0.1:6379:6379\"
        volumes:
        - redis_data:/data
",
        );
    }

    #[test]
    fn services_that_are_nothing_yet() {
        check_add("services:\n", &format!("services:\n{BODY}"));
        check_add("services: # none\nx: 1\n", &format!("services: # none\n{BODY}x: 1\n"));
        check_add("services: null  # none\n", &format!("services:  # none\n{BODY}"));
        check_add("services: {}\nx: 1\n", &format!("services:\n{BODY}x: 1\n"));
        check_add("services: {\n  }\n", &format!("services:\n{BODY}"));
    }

    #[test]
    fn a_file_without_services() {
        check_add("name: demo\n", &format!("name: demo\n\nservices:\n{BODY}"));
        check_add("# a comment\n", &format!("# a comment\n\nservices:\n{BODY}"));
        check_add("", &format!("services:\n{BODY}"));
        check_add("---\nname: demo\n...\n", &format!("---\nname: demo\n\nservices:\n{BODY}...\n"));
    }

    #[test]
    fn a_flow_mapping_stays_one() {
        check_add(
            "services: {app: {build: .}}\n",
            "services: {app: {build: .}, redis: {image: redis:7-alpine, ports: [\"127.0.0.1:6379:6379\"], volumes: [redis_data:/data]}}\n",
        );
        check_add(
            "{\"services\": {\n  \"app\": {\"build\": \".\"}\n}}\n",
            "{\"services\": {\n  \"app\": {\"build\": \".\"},\n  \"redis\": {\"image\": \"redis:7-alpine\", \"ports\": [\"127.0.0.1:6379:6379\"], \"volumes\": [\"redis_data:/data\"]}\n}}\n",
        );
    }

    #[test]
    fn text_that_keeps_its_empty_lines_is_not_touched() {
        let app = "services:\n  app:\n    build: .\n    command: |+\n      run\n\n";
        let project = testing::project(app);
        let (added, _) = testing::add(&want(), &project);
        assert_eq!(testing::compose_text(&added), format!("{app}{BODY}"));
    }

    #[test]
    fn a_port_that_is_taken_is_not_published() {
        let app = "services:\n  app:\n    build: .\n    ports:\n      - \"${PORT:-6379}:80/tcp\"\n";
        let fix = testing::check_add(
            &want(),
            app,
            &format!("{app}\n  redis:\n    image: redis:7-alpine\n    volumes:\n      - redis_data:/data\n"),
        );
        assert_eq!(fix.notes, ["port 6379 of the host is taken by the service `app`: `redis` is not published there"]);
    }

    #[test]
    fn it_joins_the_networks_of_the_application() {
        let app = "services:\n  app:\n    build: .\n    networks: {back: {}, front: }\n";
        check_add(app, &format!("{app}\n{BODY}    networks:\n      - back\n      - front\n"));
    }

    #[test]
    fn a_service_is_known_by_its_image() {
        for image in
            ["redis", "redis:7", "docker.io/library/redis@sha256:0", "${IMAGE:-valkey/valkey:8}", "bitnami/redis:7"]
        {
            let text = format!("services:\n  app:\n    build: .\n  cache:\n    image: {image}\n");
            testing::check_met(&want(), &text);
            assert_eq!(find(&testing::project(&text), &REDIS_SERVICE).as_deref(), Some("cache"));
        }
        testing::check_met(&want(), "x-r: &r\n  image: redis\nservices:\n  cache:\n    <<: *r\n");
    }

    #[test]
    fn a_service_of_that_name_with_another_image_is_a_conflict() {
        let problem = testing::check_blocked(&want(), "services:\n  redis:\n    image: oliver006/redis_exporter\n");
        assert_eq!(problem.rule.code, "PX302");
        assert_eq!(problem.message, "the service `redis` is there, but runs the image `oliver006/redis_exporter`");
    }

    #[test]
    fn of_two_the_application_chooses_and_else_both_are_named() {
        let two = "services:\n  app:\n    build: .\n    depends_on: []\n  cache:\n    image: redis\n  broker:\n    image: redis\n";
        let problem = testing::check_blocked(&want(), two);
        assert_eq!(problem.message, "several services may be `redis`: `cache`, `broker`");
        testing::check_met(&want(), &two.replace("[]", "[broker]"));
        let by_host = two.replace("depends_on: []", "environment: [\"X=redis://broker:6379\"]");
        assert_eq!(find(&testing::project(&by_host), &REDIS_SERVICE).as_deref(), Some("broker"));
    }

    #[test]
    fn files_that_are_not_edited_are_refused() {
        let code = |text| testing::check_blocked(&want(), text).rule.code;
        assert_eq!(code("services:\n\tapp:\n"), "PX005");
        assert_eq!(code("services:\n  a: {}\n---\nb: 1\n"), "PX303");
        assert_eq!(code("services: !reset {}\n"), "PX303");
        assert_eq!(code("services: text\n"), "PX303");
        assert_eq!(code("- a\n"), "PX303");
    }

    #[test]
    fn a_service_that_the_user_changed_stays() {
        let (added, fix) = testing::add(&want(), &testing::project("services:\n  app:\n    build: .\n"));
        let text = testing::compose_text(&added).replace("redis:7-alpine", "redis:8-alpine");
        let recorded = Recorded { record: fix.record, scaffolding: Vec::new() };
        let kept = SERVICE.retract(&testing::project(&text), &recorded);
        assert!(matches!(kept, Retraction::Keep { why, .. } if why == "the service `redis` was changed"));
    }

    #[test]
    fn a_service_that_another_waits_for_stays() {
        let (added, fix) = testing::add(&want(), &testing::project("services:\n  app:\n    build: .\n"));
        let text = testing::compose_text(&added).replace("build: .\n", "build: .\n    depends_on: [redis]\n");
        let recorded = Recorded { record: fix.record, scaffolding: Vec::new() };
        let kept = SERVICE.retract(&testing::project(&text), &recorded);
        assert!(matches!(kept, Retraction::Keep { why, .. } if why == "the service `app` depends on `redis`"));
    }

    #[test]
    fn a_formatter_does_not_make_it_the_users() {
        let before = "services:\n  app:\n    build: .\n";
        let (added, fix) = testing::add(&want(), &testing::project(before));
        let text = testing::compose_text(&added).replace("      - ", "    - ").replace('"', "'");
        let recorded = Recorded { record: fix.record, scaffolding: Vec::new() };
        let removed = testing::remove(&want(), &testing::project(&text), &recorded);
        assert_eq!(testing::compose_text(&removed), before);
    }

    #[test]
    fn two_services_are_removed_in_either_order() {
        let minio = Service { manifest: &MINIO_SERVICE };
        let wants = [
            want(),
            Want {
                assess: &|project| minio.assess(project),
                retract: &|project, recorded| minio.retract(project, recorded),
            },
        ];
        for before in ["services:\n  app:\n    build: .\n\nx: 1\n", "services: null\n", "x: 1\n", ""] {
            for order in [[0, 1], [1, 0]] {
                let mut project = testing::project(before);
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

    const REDIS_ONLY: &str = "services:\n  redis:\n    image: redis\n    volumes:\n      - redis_data:/data\n";

    #[test]
    fn a_volume_is_declared_at_the_top_level() {
        let check = |rest: &str, after: &str| {
            // The service goes before its volume: here it mounts another one by then.
            let without = |project: &Project| {
                testing::project(&testing::compose_text(project).replace("- redis_data:", "- other_data:"))
            };
            let want = Want {
                assess: &|project| VOLUME.assess(project),
                retract: &|project, recorded| VOLUME.retract(&without(project), recorded),
            };
            testing::check_add(&want, &format!("{REDIS_ONLY}{rest}"), &format!("{REDIS_ONLY}{after}"));
        };
        check("", "\nvolumes:\n  redis_data:\n");
        check("\n# end\n", "\n# end\n\nvolumes:\n  redis_data:\n");
        check("volumes:\n", "volumes:\n  redis_data:\n");
        check("volumes: ~ # none\n", "volumes: # none\n  redis_data:\n");
        check("volumes: {}\n", "volumes:\n  redis_data:\n");
        check("volumes: {a: , b: {}}\n", "volumes: {a: , b: {}, redis_data: null}\n");
        check("volumes:\n    a:\n    # b\nx: 1\n", "volumes:\n    a:\n    redis_data:\n    # b\nx: 1\n");
    }

    #[test]
    fn a_volume_that_is_there_or_that_nobody_mounts_is_left() {
        testing::check_met(&want_volume(), &format!("{REDIS_ONLY}volumes:\n  redis_data: {{external: true}}\n"));
        let other = testing::project("services:\n  cache:\n    image: redis\n");
        assert!(matches!(VOLUME.assess(&other), Assessment::NotApplicable { .. }));
    }

    #[test]
    fn a_volume_that_another_service_mounts_stays() {
        let text = "services:\n  backup:\n    image: x\n    volumes:\n      - redis_data:/b\nvolumes:\n  redis_data:\n";
        let kept = VOLUME.retract(&testing::project(text), &Recorded::default());
        assert!(
            matches!(kept, Retraction::Keep { why, .. } if why == "the service `backup` mounts the volume `redis_data`")
        );
        let changed = format!("{REDIS_ONLY}volumes:\n  redis_data:\n");
        let kept = VOLUME.retract(&testing::project(&changed), &Recorded::default());
        assert!(matches!(kept, Retraction::Keep { .. }), "its own service stays");
    }

    #[test]
    fn a_service_that_does_not_run_with_the_application_is_not_taken() {
        let found = |services: &str| {
            let project = testing::project(&format!("services:\n  app:\n    build: .\n{services}"));
            find(&project, &REDIS)
        };
        assert_eq!(found("  redis-test: {image: redis}\n"), None);
        assert_eq!(found("  cache: {image: redis, profiles: [x]}\n"), None);
        assert_eq!(found("    profiles: [x]\n  cache: {image: redis, profiles: [x, y]}\n"), Some("cache".to_owned()));
        assert_eq!(found("    profiles: [x, z]\n  cache: {image: redis, profiles: [x]}\n"), None);
        assert_eq!(
            found("    depends_on: [redis-test]\n  redis-test: {image: redis}\n"),
            Some("redis-test".to_owned())
        );
        assert_eq!(found("  exporter: {image: oliver006/redis_exporter}\n"), None);
        assert_eq!(
            found("  cache: {image: 'registry.example:5000/mirror/redis:7@sha256:00'}\n"),
            Some("cache".to_owned())
        );
        let conflict = "services:\n  app:\n    build: .\n  redis: {image: redis, profiles: [x]}\n";
        let problem = testing::check_blocked(&want(), conflict);
        assert!(problem.message.contains("profile `x`"), "{}", problem.message);
    }

    #[test]
    fn of_two_the_one_that_is_reached_is_taken() {
        let project = testing::project(
            "services:\n  app:\n    build: .\n    networks: [front]\n  a:\n    image: redis\n    networks: [back]\n  b:\n    image: redis\n    networks: [front]\nnetworks: {front: , back: }\n",
        );
        assert_eq!(find(&project, &REDIS), Some("b".to_owned()));
    }

    #[test]
    fn a_port_that_another_file_publishes_is_taken() {
        let others = [
            ("cache.yml", "services:\n  proxy:\n    image: x\n    ports: ['6000-7000:6000-7000']\n"),
            ("base.yml", "services:\n  base:\n    image: x\n    ports: [{published: 6379, target: 1}]\n"),
            ("docker-compose.override.yml", "services:\n  app:\n    ports: ['0.0.0.0:6379:80']\n"),
        ];
        let note = |text: &str, others: &[(&str, &str)]| {
            let project = testing::project_of(text, others);
            match SERVICE.assess(&project) {
                Assessment::Missing { fix, .. } => fix.notes.join(" "),
                other => panic!("not missing: {other:?}"),
            }
        };
        let included = "include: [cache.yml]\nservices:\n  app:\n    build: .\n";
        assert!(note(included, &others[..1]).contains("taken by the service `proxy`"));
        let extended = "services:\n  app:\n    build: .\n  x:\n    extends: {file: base.yml, service: base}\n";
        assert!(note(extended, &others[1..2]).contains("taken by the service `x`"));
        assert!(note("services:\n  app:\n    build: .\n", &others[2..]).contains("taken by the service `app`"));
        assert_eq!(note("services:\n  app:\n    build: .\n    ports: ['6379:6379/udp', '16379:6379']\n", &[]), "");
    }

    #[test]
    fn a_file_of_the_first_version_is_refused() {
        let problem = testing::check_blocked(&want(), "web:\n  build: .\ncache:\n  image: redis\n");
        assert_eq!(problem.at.map(|at| at.range), Some(0..3));
    }
}
