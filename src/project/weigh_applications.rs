//! Weighs what speaks for each of several applications: what starts a server of it, and then how it is made.
//!
//! What runs in production counts more than what a developer types, and that more than what is only said. Where nothing is
//! started, one that no server could reach, or that stands where helpers do, gives way to the others. What is even stays even:
//! then the user is asked.

use super::FilePath;
use super::application_shape::{Shape, shape_of};
use super::find_application::{Candidate, Evidence, dotted, evidence_files, evidence_in, file_of_module, follow};
use super::imports::Files;
use super::imports::{self, is_name};
use super::reader::Reader;
use crate::finding::{self, Location, Problem, Question};
use crate::source::python::{Call, Source, Usage};

/// How the place of a start command begins.
const START_COMMAND: &str = "the start command in ";

/// How much a place counts that says which application is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// A manual, or a test.
    Said,
    /// What a developer types.
    Development,
    /// The program that the project is: `python -m package`, a console script.
    Program,
    /// What runs in production.
    Deployment,
}

/// An application, and what speaks for it.
#[derive(Debug)]
pub struct Weighed {
    /// The application.
    pub candidate: Candidate,
    /// The dotted path by which a start command names its module; empty where none does.
    pub hint: String,
    /// What starts it, the weightiest first.
    places: Vec<(Weight, String)>,
    shape: Shape,
}

impl Weighed {
    fn weight(&self) -> Option<Weight> {
        self.places.first().map(|(weight, _)| *weight)
    }

    /// What decided for it, or speaks for it, as a phrase.
    pub fn evidence(&self) -> String {
        const MOST: usize = 3;
        let mut said: Vec<&str> = Vec::new();
        for (_, place) in &self.places {
            // What several files have in common is said once.
            let is_said = said.iter().any(|known| known.starts_with(START_COMMAND));
            let short = place.strip_prefix(START_COMMAND).filter(|_| is_said).unwrap_or(place);
            if !said.iter().any(|known| known.ends_with(short)) {
                said.push(short);
            }
        }
        if said.is_empty() {
            return match self.shape {
                Shape { is_reachable: false, .. } => "made inside of a function that keeps it".to_owned(),
                Shape { is_central: false, .. } => "in a module of helpers".to_owned(),
                Shape { routers: true, .. } => "it includes the routers".to_owned(),
                Shape { routes: true, .. } => "it has routes".to_owned(),
                _ => String::new(),
            };
        }
        let more = said.len().saturating_sub(MOST);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", said[..said.len().min(MOST)].join(", "))
    }
}

/// The applications of `candidates` and those that start commands name, the likeliest first.
///
/// `servers` are the Python modules that speak of a server; they are looked at where the start commands alone do not tell.
pub fn weigh(
    reader: &Reader,
    root: &FilePath,
    files: &[FilePath],
    servers: &[FilePath],
    candidates: &[Candidate],
) -> Vec<Weighed> {
    let mut scales = Scales { reader, root, files, weighed: Vec::new() };
    let mut launched = Vec::new();
    let paths = evidence_files(reader, root);
    let images: Vec<String> =
        paths.iter().filter(|path| is_image(path.name())).filter_map(|path| reader.text(path)).collect();
    for path in &paths {
        let Some(text) = reader.text(path) else { continue };
        let weight = weight_of(path.name(), &images);
        let place = format!("{START_COMMAND}`{}`", path.relative_to(root));
        for evidence in evidence_in(&text, &place) {
            scales.add(&evidence, weight, candidates);
        }
        launched.extend(launched_in(&text).into_iter().map(|module| (module, weight, place.clone())));
    }
    let is_told = match scales.weighed.as_slice() {
        [] => candidates.len() < 2,
        [only] => only.places.iter().any(|(weight, _)| *weight == Weight::Deployment) || candidates.len() < 2,
        _ => false,
    };
    if !is_told {
        scales.add_modules(servers, &launched);
        for name in reader.list(root).iter().filter(|name| name.to_lowercase().starts_with("readme")) {
            let text = reader.text(&root.child(name)).unwrap_or_default();
            for evidence in evidence_in(&text, &format!("`{name}`")) {
                scales.add(&evidence, Weight::Said, candidates);
            }
        }
        for path in [root.child("conftest.py"), root.child("tests").child("conftest.py")] {
            scales.add_imported(&path);
        }
        // Those that nothing names are weighed by their shape.
        for candidate in candidates {
            if !scales.weighed.iter().any(|known| is_same(&known.candidate, candidate)) {
                scales.put(candidate.clone(), String::new());
            }
        }
    }
    let mut weighed = scales.weighed;
    for one in &mut weighed {
        one.places.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    }
    weighed.sort_by_key(|one| std::cmp::Reverse((one.weight(), one.shape, one.places.len())));
    weighed
}

/// Does something decide for the first of them, and for no other one?
pub fn is_decided(weighed: &[Weighed]) -> bool {
    match weighed {
        [] => false,
        [_] => true,
        [first, others @ ..] => others.iter().all(|other| match (first.weight(), other.weight()) {
            (None, None) => first.shape.is_clear(other.shape),
            (first, other) => first > other,
        }),
    }
}

/// The refusal for several applications that nothing decides between: a question.
pub fn several(weighed: &[Weighed], root: &FilePath) -> Problem {
    let mut question = Question::new("app", Vec::new());
    let mut places = Vec::new();
    for one in weighed {
        let value = target_of(&one.candidate, root);
        if !question.candidates.iter().any(|known| known.value == value) {
            question.candidates.push(finding::Candidate::new(value, one.evidence()));
            places.push(Location::new(one.candidate.path.clone(), one.candidate.call.range.clone()));
        }
    }
    if let [first, second, ..] = weighed {
        let rank = |one: &Weighed| (one.weight(), one.shape, one.places.len());
        question.is_likely = rank(first) > rank(second);
    }
    let message = format!("there are {} FastAPI applications", question.candidates.len());
    let mut problem = Problem::new(&finding::SEVERAL_APPLICATIONS, message).help("say which one the components go to");
    let mut places = places.into_iter();
    problem.at = places.next();
    for other in places {
        problem = problem.related(other, "another one");
    }
    problem.question(question)
}

/// What `--app` would say for it.
fn target_of(candidate: &Candidate, root: &FilePath) -> String {
    // A variable inside of a factory has no name outside of it.
    let attribute = candidate.target.as_ref().or(candidate.factory.as_ref()).or(candidate.variable.as_ref());
    let attribute = attribute.map_or("app", String::as_str);
    let module = dotted(&candidate.path, root);
    if module.split('.').all(is_name) {
        format!("{module}:{attribute}")
    } else {
        format!("{}:{attribute}", candidate.path.relative_to(root))
    }
}

fn is_same(left: &Candidate, right: &Candidate) -> bool {
    left.path == right.path && left.call.range == right.call.range
}

/// What is gathered about the applications of a project.
struct Scales<'a> {
    reader: &'a Reader,
    root: &'a FilePath,
    files: &'a [FilePath],
    weighed: Vec<Weighed>,
}

impl Scales<'_> {
    fn roots(&self, module: &FilePath, hint: Option<&str>) -> Vec<FilePath> {
        let own = super::find_application::import_root(self.reader, self.root, module, hint);
        vec![own, self.root.clone(), self.root.child("src")]
    }

    fn module(&self, module: &str) -> Option<FilePath> {
        let roots = [self.root.clone(), self.root.child("src")];
        file_of_module(self.reader, &roots, self.files, module)
            .or_else(|| file_of_module(self.reader, &roots, &[], module))
    }

    /// A start command, wherever it stands.
    fn add(&mut self, evidence: &Evidence, weight: Weight, candidates: &[Candidate]) {
        let Some(module) = self.module(&evidence.module) else { return };
        let roots = self.roots(&module, Some(&evidence.module));
        let found = match &evidence.attribute {
            Some(attribute) => follow(self.reader, &roots, &module, attribute),
            None => candidates.iter().find(|candidate| candidate.path == module).cloned(),
        };
        let Some(found) = found else { return };
        let hint = if found.path == module { evidence.module.clone() } else { String::new() };
        self.put(found, hint).places.push((weight, evidence.place.clone()));
    }

    fn put(&mut self, candidate: Candidate, hint: String) -> &mut Weighed {
        let known = self.weighed.iter().position(|known| is_same(&known.candidate, &candidate));
        let index = known.unwrap_or_else(|| {
            let shape = shape_of(self.reader, self.root, &candidate);
            self.weighed.push(Weighed { candidate, hint, places: Vec::new(), shape });
            self.weighed.len() - 1
        });
        &mut self.weighed[index]
    }

    /// Servers that Python code starts: of a program that is launched, of a console script, of a package, or of a module that is
    /// run by hand.
    fn add_modules(&mut self, servers: &[FilePath], launched: &[(String, Weight, String)]) {
        let mut programs: Vec<(FilePath, Weight, String)> = Vec::new();
        for (module, weight, place) in launched {
            let path = self
                .module(&format!("{module}.__main__"))
                .filter(|path| path.name() == "__main__.py")
                .or_else(|| self.module(module));
            programs.extend(path.map(|path| (path, *weight, place.clone())));
        }
        for (script, target) in console_scripts(self.reader, self.root) {
            let (module, function) = target.split_once(':').unwrap_or((&target, "main"));
            let Some(path) = self.module(module) else { continue };
            let roots = self.roots(&path, Some(module));
            let home = imports::definition(self.reader, &roots, &path, function).map_or(path, |(home, _)| home);
            programs.push((home, Weight::Program, format!("the console script `{script}`")));
        }
        for path in servers {
            let relative = path.relative_to(self.root);
            let mut ways: Vec<(Weight, String)> = programs
                .iter()
                .filter(|(program, ..)| program == path)
                .map(|(_, weight, place)| (*weight, place.clone()))
                .collect();
            if ways.is_empty() {
                let weight = if path.name() == "__main__.py" { Weight::Program } else { Weight::Development };
                ways.push((weight, format!("the server that `{relative}` starts")));
            }
            for found in self.served_in(path) {
                self.put(found, String::new()).places.extend(ways.iter().cloned());
            }
        }
    }

    /// The applications that the module at `path` starts a server of.
    fn served_in(&self, path: &FilePath) -> Vec<Candidate> {
        let Some(file) = self.reader.file(path) else { return Vec::new() };
        let (source, text) = (file.python(), file.text().unwrap_or_default());
        let mut found = Vec::new();
        for call in source.calls.iter().filter(|call| is_server_call(source, call)) {
            let argument = call.first().or(call.keyword("app")).or(call.keyword("target"));
            let Some(value) = argument.and_then(|argument| text.get(argument.value.clone())) else { continue };
            let candidate = if let Some(target) = literal(value) {
                let Some((module, attribute)) = target.split_once(':') else { continue };
                self.module(module).and_then(|module_path| {
                    let roots = self.roots(&module_path, Some(module));
                    follow(self.reader, &roots, &module_path, attribute.trim_end_matches("()"))
                })
            } else {
                let name = value.split('(').next().unwrap_or(value);
                self.named_in(path, source, call, name)
            };
            found.extend(candidate);
        }
        found
    }

    /// The application that `name` means where `call` stands. One that a function makes for itself alone is none that the project
    /// runs.
    fn named_in(&self, path: &FilePath, source: &Source, call: &Call, name: &str) -> Option<Candidate> {
        let roots = self.roots(path, None);
        let local = source.calls.iter().find(|made| {
            made.scope.function.is_some()
                && made.scope.function == call.scope.function
                && made.usage == Usage::Assigned(name.to_owned())
        });
        match local {
            None => follow(self.reader, &roots, path, name),
            Some(made) => {
                let (home, function) = imports::function(self.reader, &roots, path, call.scope.function, &made.callee)?;
                follow(self.reader, &roots, &home, &function.name)
            }
        }
    }

    /// The application that the tests import.
    fn add_imported(&mut self, path: &FilePath) {
        let Some(file) = self.reader.file(path) else { return };
        let place = format!("`{}`", path.relative_to(self.root));
        let roots = self.roots(path, None);
        let mut found: Vec<Candidate> = Vec::new();
        for import in &file.python().imports {
            let Some(module) = import.from.as_deref() else { continue };
            let Some(home) = imports::module_file(self.reader, &roots, path, module) else { continue };
            let applications = import.names.iter().filter_map(|name| follow(self.reader, &roots, &home, &name.name));
            found.extend(applications);
        }
        for candidate in found {
            self.put(candidate, String::new()).places.push((Weight::Said, place.clone()));
        }
    }
}

fn is_image(name: &str) -> bool {
    let lower = name.to_lowercase();
    lower.starts_with("dockerfile") || lower.starts_with("containerfile") || lower.ends_with(".dockerfile")
}

/// How much a start command in the file counts. `images` are the texts of the Dockerfiles.
fn weight_of(name: &str, images: &[String]) -> Weight {
    let lower = name.to_lowercase();
    let is_plain_image = matches!(lower.as_str(), "dockerfile" | "containerfile") || lower.contains("prod");
    let is_by_hand =
        matches!(lower.as_str(), "makefile" | "justfile" | "taskfile.yml" | "package.json" | "launch.json");
    if is_by_hand || (is_image(name) && !is_plain_image) {
        return Weight::Development;
    }
    if lower.ends_with(".sh") && !images.iter().any(|image| image.contains(name)) {
        return Weight::Development;
    }
    Weight::Deployment
}

/// The modules that a text launches by `python -m MODULE` or `python FILE`.
fn launched_in(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', '/'])) {
        let is_between = |character: char| character.is_whitespace() || "\"',[]();&|".contains(character);
        let mut words = line.split(is_between).filter(|word| !word.is_empty());
        while let Some(word) = words.next() {
            let program = word.rsplit('/').next().unwrap_or(word);
            if program != "python" && !program.starts_with("python3") {
                continue;
            }
            let mut rest = words.clone().skip_while(|word| word.starts_with('-') && *word != "-m");
            match rest.next() {
                Some("-m") => found.extend(rest.next().map(str::to_owned)),
                Some(file) if file.ends_with(".py") => {
                    found.push(file.trim_start_matches("./").trim_start_matches('/').to_owned());
                }
                _ => {}
            }
        }
    }
    found
}

/// The console scripts of a project, each with the function that it calls.
fn console_scripts(reader: &Reader, root: &FilePath) -> Vec<(String, String)> {
    let mut found = Vec::new();
    if let Some(source) = reader.file(&root.child("pyproject.toml")).and_then(|file| file.toml().ok()) {
        for table in [&["project", "scripts"][..], &["tool", "poetry", "scripts"]] {
            for name in source.keys(table) {
                let mut keys = table.to_vec();
                keys.push(&name);
                if let Some(target) = source.string(&keys) {
                    found.push((name.clone(), target.to_owned()));
                }
            }
        }
    }
    for name in ["setup.cfg", "setup.py"] {
        let text = reader.text(&root.child(name)).unwrap_or_default();
        let Some((_, scripts)) = text.split_once("console_scripts") else { continue };
        for line in scripts.lines().take(20) {
            let line = line.trim_matches(|character: char| " \"',=[]{}:\t".contains(character));
            if let Some((script, target)) = line.split_once('=')
                && target.trim().split(['.', ':']).all(is_name)
                && target.contains(':')
            {
                found.push((script.trim().to_owned(), target.trim().to_owned()));
            }
        }
    }
    found
}

/// Does the call give an application to a server: `uvicorn.run(...)`, `Config(...)`, `Granian(...)`, hypercorn's `serve(...)`?
fn is_server_call(source: &Source, call: &Call) -> bool {
    let (module, name) = call.callee.rsplit_once('.').unwrap_or((&call.callee, &call.callee));
    if !["run", "Config", "Granian", "serve"].contains(&name) && call.callee.contains('.') {
        return false;
    }
    let first = module.split('.').next().unwrap_or(module);
    source.import_of(first).is_some_and(|(import, imported)| {
        let from = import.from.as_deref().unwrap_or(&imported.name);
        let package = from.split('.').next().unwrap_or(from);
        let is_function =
            call.callee.contains('.') || ["run", "Config", "Granian", "serve"].contains(&imported.name.as_str());
        ["uvicorn", "hypercorn", "granian"].contains(&package) && is_function
    })
}

/// The text of a plain string.
fn literal(code: &str) -> Option<&str> {
    let inner = ['"', '\''].into_iter().find_map(|quote| code.strip_prefix(quote)?.strip_suffix(quote))?;
    (!inner.contains(['"', '\'', '\\'])).then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::discover::discover_in;
    use crate::project::options::Options;

    /// The application that is found, or what the question offers.
    fn found(files: &[(&str, &str)]) -> Result<String, Vec<String>> {
        let reader = Reader::of(files.iter().map(|(path, text)| (*path, text.as_bytes())));
        let discovery = discover_in(reader, &Options::default()).expect("a project");
        match &discovery.project.layout.application {
            Ok(application) => Ok(application.name()),
            Err(problem) => {
                let candidates = problem.question.iter().flat_map(|question| &question.candidates);
                Err(candidates.map(|one| format!("{} ({})", one.value, one.evidence)).collect())
            }
        }
    }

    const APP: &str = "from fastapi import FastAPI\n\napp = FastAPI()\n";
    const FACTORY: &str =
        "from fastapi import FastAPI\n\n\ndef get_app() -> FastAPI:\n    app = FastAPI()\n    return app\n";

    fn two(more: &[(&str, &str)]) -> Result<String, Vec<String>> {
        let mut files = vec![("pkg/one.py", APP), ("pkg/two.py", FACTORY), ("pkg/__init__.py", "")];
        files.extend(more);
        found(&files)
    }

    #[test]
    fn what_starts_a_server_decides() {
        let two_is_it = Ok("pkg.two:get_app()".to_owned());
        let run = "import uvicorn\n\nuvicorn.run(\"pkg.two:get_app\", factory=True)\n";
        for (path, text) in [
            ("pkg/__main__.py", run),
            ("Procfile", "web: uvicorn pkg.two:get_app --factory\n"),
            ("Makefile", "run:\n\tuvicorn pkg.two:get_app --factory\n"),
            ("deploy/api.service", "[Service]\nExecStart=/srv/venv/bin/uvicorn pkg.two:get_app --factory\n"),
            (
                "supervisord.conf",
                "[program:api]\ncommand=gunicorn -k uvicorn.workers.UvicornWorker pkg.two:get_app()\n",
            ),
            ("package.json", "{\"scripts\": {\"api\": \"uvicorn pkg.two:get_app --factory\"}}\n"),
            ("Dockerfile", "FROM python:3.12\nCMD [\"uvicorn\", \"pkg.two:get_app\", \"--factory\"]\n"),
            ("compose.yml", "services:\n  api:\n    build: .\n    command: uvicorn pkg.two:get_app --factory\n"),
            ("gunicorn.conf.py", "wsgi_app = \"pkg.two:get_app()\"\n"),
            ("README.md", "Run `uvicorn pkg.two:get_app --factory`\n"),
            ("tests/conftest.py", "from pkg.two import get_app\n"),
            (".vscode/launch.json", "{\"module\": \"uvicorn\",\n\"args\": [\n\"pkg.two:get_app\"\n]}\n"),
        ] {
            assert_eq!(two(&[(path, text)]), two_is_it, "{path}");
        }
        let main = "import uvicorn\n\nfrom pkg.two import get_app\n\n\ndef main() -> None:\n    app = get_app()\n    uvicorn.run(app)\n";
        let scripts = "[project.scripts]\nserve = \"pkg.cli:main\"\n";
        assert_eq!(two(&[("pyproject.toml", scripts), ("pkg/cli.py", main)]), two_is_it);
        let setup = "[options.entry_points]\nconsole_scripts =\n    serve = pkg.cli:main\n";
        assert_eq!(two(&[("setup.cfg", setup), ("pkg/cli.py", main)]), two_is_it);
        assert_eq!(
            two(&[("Dockerfile", "FROM python:3.12\nCMD [\"python\", \"-m\", \"pkg.cli\"]\n"), ("pkg/cli.py", main)]),
            two_is_it
        );
    }

    #[test]
    fn what_runs_in_production_counts_more_than_what_is_typed() {
        let files = [
            ("Dockerfile", "FROM python:3.12\nCMD uvicorn pkg.one:app\n"),
            ("Makefile", "two:\n\tuvicorn pkg.two:get_app --factory\n"),
            ("README.md", "uvicorn pkg.two:get_app --factory\n"),
        ];
        assert_eq!(two(&files), Ok("pkg.one:app".to_owned()));
        // Only the Dockerfile makes a script more than a helper.
        let script = ("start.sh", "exec uvicorn pkg.two:get_app --factory\n");
        let image = ("Dockerfile", "FROM python:3.12\nCMD [\"/start.sh\"]\n");
        let make = ("Makefile", "run:\n\tuvicorn pkg.one:app\n");
        assert_eq!(two(&[script, image, make]), Ok("pkg.two:get_app()".to_owned()));
        assert!(two(&[script, make]).is_err());
    }

    #[test]
    fn what_is_even_is_asked() {
        assert_eq!(two(&[]), Err(vec!["pkg.one:app ()".to_owned(), "pkg.two:get_app ()".to_owned()]));
        let compose =
            "services:\n  one:\n    command: uvicorn pkg.one:app\n  two:\n    command: uvicorn pkg.two:get_app\n";
        let both = two(&[("compose.yml", compose), ("Makefile", "two:\n\tuvicorn pkg.two:get_app --factory\n")]);
        let place = "the start command in `compose.yml`";
        assert_eq!(both, Err(vec![format!("pkg.two:get_app ({place}, `Makefile`)"), format!("pkg.one:app ({place})")]));
        // A folder that is no name of Python is a path.
        let odd = found(&[("my-app/main.py", APP), ("other-app/main.py", APP)]);
        assert_eq!(odd, Err(vec!["my-app/main.py:app ()".to_owned(), "other-app/main.py:app ()".to_owned()]));
    }

    #[test]
    fn helpers_give_way() {
        let main = "from fastapi import FastAPI\n\nfrom .routes import router\n\napp = FastAPI()\napp.include_router(router)\n";
        let exporter = "from fastapi import FastAPI\nimport uvicorn\n\n\ndef start() -> None:\n    app = FastAPI()\n\n    @app.get(\"/metrics\")\n    def metrics() -> str:\n        return \"\"\n\n    uvicorn.run(app, port=9100)\n";
        let routes = ("pkg/routes.py", "from fastapi import APIRouter\n\nrouter = APIRouter()\n");
        for (path, text) in [
            ("pkg/export.py", exporter),
            ("pkg/middleware/timing.py", APP),
            (
                "pkg/send_email.py",
                "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get(\"/\")\ndef send() -> None: ...\n",
            ),
            ("pkg/other.py", APP),
        ] {
            assert_eq!(found(&[("pkg/main.py", main), routes, (path, text)]), Ok("pkg.main:app".to_owned()), "{path}");
        }
        let with_routes = format!("{APP}\n\n@app.get(\"/\")\ndef index() -> None: ...\n");
        let other = [("pkg/main.py", main), routes, ("pkg/admin.py", with_routes.as_str())];
        assert_eq!(
            found(&other),
            Err(vec!["pkg.main:app (it includes the routers)".to_owned(), "pkg.admin:app (it has routes)".to_owned()])
        );
        let sub = format!("{APP}\n\n@app.get(\"/\")\ndef index() -> None: ...\n");
        let whole = "from fastapi import FastAPI\n\nfrom pkg.sub import app as sub\n\napp = FastAPI()\napp.mount(\"/sub\", sub)\n";
        assert_eq!(found(&[("pkg/main.py", whole), ("pkg/sub.py", &sub)]), Ok("pkg.main:app".to_owned()));
    }
}
