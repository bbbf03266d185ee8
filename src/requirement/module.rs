//! A generated module in the services package, or a generated file elsewhere (a test, a dashboard), and the `__init__.py` that makes
//! the package one.
//!
//! A module that was written by us and is unchanged is `Met`; one that the user changed since is his, and is `Met` with a
//! note; a file of that name that we never wrote is refused, unless `--force` says to overwrite it.

use sha2::Digest as _;

use super::{Assessment, Change, Fix, Recorded, Retraction, import_order};
use crate::component::COMPONENTS;
use crate::finding::{self, Location, Problem, Question};
use crate::lock::{blob_id, hexadecimal};
use crate::project::imports::leads_to;
use crate::project::unreadable::syntax_error;
use crate::project::{FilePath, Project};
use crate::source::python::form::same_module;
use crate::source::python::{Call, scan, stdlib};

/// A generated module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// Its file name below its folder.
    pub path: String,
    /// What it is and where it lies, where it is no module of the services package. Nothing that runs needs it.
    pub apart: Option<(Apart, FilePath)>,
    /// Its text for this project, with LF; empty where this version has no template for it.
    pub text: String,
    /// What `paxx.lock` knows of it, where it was written by us.
    pub written: Option<Written>,
    /// May a foreign file of that name be overwritten?
    pub force: bool,
}

/// A kind of generated file beside the modules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Apart {
    /// A test of modules.
    Test,
    /// Something for those who run the application: a dashboard.
    File,
}

impl Apart {
    fn name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::File => "file",
        }
    }
}

/// What is known of the text that was written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Its git blob id.
    pub blob: Option<String>,
    /// What version 1 of the lock had in its place.
    pub digest: Option<String>,
    /// Did the user say that the module is his now?
    pub kept: bool,
}

/// The digest that version 1 of the lock has: of the text without blanks, commas, parentheses and the kind of quotes.
fn old_digest(text: &str) -> String {
    let is_code = |character: &char| !character.is_whitespace() && !matches!(character, ',' | '(' | ')');
    let code = text.chars().filter(is_code).map(|character| if character == '\'' { '"' } else { character });
    format!("sha256:{}", hexadecimal(&sha2::Sha256::digest(code.collect::<String>().as_bytes())))
}

impl Written {
    /// What the lock has for a module; `None` where it was not written by us.
    pub fn of(record: &crate::lock::Requirement) -> Option<Self> {
        record.created.then(|| Self { blob: record.blob.clone(), digest: record.digest.clone(), kept: record.kept })
    }

    /// The text that was written, where it can be found: as it is there, as this version writes it, or as it was kept.
    pub fn text<'a>(&self, project: &'a Project, there: Option<&'a str>, rendered: &'a str) -> Option<&'a str> {
        let is_it = |text: &&str| {
            self.blob.as_ref().is_some_and(|blob| *blob == blob_id(text))
                || (self.blob.is_none() && self.digest.as_ref().is_some_and(|digest| *digest == old_digest(text)))
        };
        [Some(rendered), there]
            .into_iter()
            .flatten()
            .find(is_it)
            .or_else(|| self.blob.as_ref().and_then(|blob| project.base_text(blob)))
    }
}

impl Module {
    /// The stable name in `paxx.lock`.
    pub fn id(&self) -> String {
        let kind = self.apart.as_ref().map_or("module", |(kind, _)| kind.name());
        format!("{kind}:{}", self.path)
    }

    /// What it is, for the summary.
    pub fn title(&self, project: &Project) -> String {
        format!("`{}`", self.file(project).relative_to(&project.layout.root))
    }

    /// The file.
    pub fn file(&self, project: &Project) -> FilePath {
        let apart = self.apart.as_ref().map(|(_, path)| path.clone());
        apart.unwrap_or_else(|| project.layout.services.file(&self.path))
    }

    /// Is the module there, and ours?
    pub fn assess(&self, project: &Project) -> Assessment {
        let path = self.file(project);
        let is_apart = self.apart.is_some();
        let hidden = || {
            let is_new = self.written.is_none();
            is_new.then(|| imports_all(project)).flatten().or_else(|| self.hidden(project))
        };
        if let Some(problem) =
            circular(project).or_else(hidden).or_else(|| self.shadowed(project)).filter(|_| !is_apart)
        {
            return Assessment::Blocked { problem };
        }
        let is_other =
            |file: &crate::project::File| file.text().is_none_or(|text| text.replace("\r\n", "\n") != self.text);
        if is_apart && self.written.is_none() && project.file(&path).is_some_and(|file| is_other(file)) {
            return Assessment::NotApplicable { note: format!("`{path}` is there already, and stays as it is") };
        }
        let Some(file) = project.file(&path) else {
            if is_apart {
                let problem = Problem::new(&finding::EXTRA_MISSING, format!("`{path}` is missing"))
                    .at(&path, 0..0)
                    .help("take it back from git, or let it go: nothing depends on it");
                // Where it lies, whatever the folder is called later.
                let place = path.relative_to(&project.layout.root);
                let change = Change::Write { path: path.clone(), text: self.text.clone() };
                let fix = Fix { changes: vec![change], ..Fix::default() }.text(place);
                return Assessment::Missing { problem, fix };
            }
            let folder = &project.layout.services.folder;
            if let Some(problem) = in_the_way(project, folder) {
                return Assessment::Blocked { problem };
            }
            // Without the application it is not known where the modules are.
            if let Err(problem) = &project.layout.application {
                return Assessment::Blocked { problem: problem.clone() };
            }
            let problem = Problem::new(&finding::MODULE_MISSING, format!("`{path}` is missing"))
                .at(&path, 0..0)
                .help("take it back from git, or let `paxx check --fix` write it again");
            let change = Change::Write { path, text: self.text.clone() };
            return Assessment::Missing { problem, fix: Fix { changes: vec![change], safe: true, ..Fix::default() } };
        };
        let there = file.text().map(|text| text.replace("\r\n", "\n"));
        if there.is_none() && !self.force {
            let problem = Problem::new(&finding::NOT_TEXT, format!("`{path}` is not UTF-8 text"))
                .at(&path, 0..0)
                .help("convert it to UTF-8, or overwrite it with `--force` (the diff shows what goes)");
            return Assessment::Blocked { problem };
        }
        if there.as_deref() == Some(self.text.as_str()) {
            return Assessment::Met { at: Some(Location::file(path)) };
        }
        let write =
            Fix { changes: vec![Change::Write { path: path.clone(), text: self.text.clone() }], ..Fix::default() };
        if self.force {
            let problem =
                Problem::new(&finding::MODULE_CHANGED, format!("`{path}` differs from what would be generated"))
                    .at(&path, 0..0);
            return Assessment::Missing { problem, fix: write };
        }
        match &self.written {
            None => {
                let problem = Problem::new(
                    &finding::MODULE_FOREIGN,
                    format!("`{path}` is there already, and was not written by paxx"),
                )
                .at(&path, 0..0)
                .help("give ours another name, move yours away, or overwrite it with `--force` (the diff shows what goes)");
                Assessment::Blocked { problem: problem.question(self.other_names(project)) }
            }
            // Written by us as it is, if by another version or for other settings: `add` may not replace it unasked.
            Some(_) if there.is_some_and(|there| self.is_ours(project, &there)) => {
                Assessment::Met { at: Some(Location::file(path)) }
            }
            Some(_) => {
                if let Some(error) = file.python().error.clone().filter(|_| path.as_str().ends_with(".py")) {
                    return Assessment::Drifted { problem: syntax_error(&path, error), fix: None };
                }
                if self.is_kept() {
                    return Assessment::Met { at: Some(Location::file(path)) };
                }
                let problem =
                    Problem::new(&finding::MODULE_CHANGED, format!("`{path}` was changed since it was written"))
                        .at(&path, 0..0)
                        .help(format!("nothing to do: your edits stay; `paxx keep {path}` says once that it is yours"));
                Assessment::Drifted { problem, fix: None }
            }
        }
    }

    /// Names for it that are free, as the option takes them: `cache=redis_cache`.
    fn other_names(&self, project: &Project) -> Question {
        let stem = self.path.trim_end_matches(".py");
        let owner = COMPONENTS
            .iter()
            .find(|component| component.manifest.module.iter().any(|module| module.path.0 == self.path));
        let component = owner.map_or("paxx", |component| component.id());
        let first = if component == stem { format!("{stem}_service") } else { format!("{component}_{stem}") };
        let folder = &project.layout.services.folder;
        let is_free = |name: &String| {
            let package = folder.child(name).child("__init__.py");
            project.file(&folder.child(&format!("{name}.py"))).is_none() && project.file(&package).is_none()
        };
        let mut free: Vec<String> = [first, format!("paxx_{stem}")].into_iter().filter(is_free).collect();
        if free.is_empty() {
            free.push(format!("{stem}_2"));
        }
        let named = |name: String| {
            let evidence = format!("ours becomes `{}`", folder.child(&format!("{name}.py")));
            finding::Candidate::new(format!("{stem}={name}"), evidence)
        };
        let mut question = Question::new("module", free.into_iter().map(named).collect());
        question.is_likely = true;
        question
    }

    /// Did the user say that it is his?
    fn is_kept(&self) -> bool {
        self.written.as_ref().is_some_and(|written| written.kept)
    }

    /// The package of the user's that Python takes in place of this module: `services/email/` beside `services/email.py`.
    fn hidden(&self, project: &Project) -> Option<Problem> {
        let path = self.file(project);
        let folder = FilePath::new(path.as_str().strip_suffix(".py")?)?;
        let package = folder.child("__init__.py");
        let scripts = || Self::run_as_a_file(project, &path);
        let (place, range, message) = if project.file(&package).is_some() {
            let message = format!("`{package}` is there already, and Python would import it in place of `{path}`");
            (package, 0..0, message)
        } else if self.written.is_some() {
            // What is there beside a module that works is no reason for an alarm.
            return None;
        } else if let Some((inner, _)) = project
            .files()
            .find(|(other, _)| other.as_str().ends_with(".py") && other.parent().as_ref() == Some(&folder))
        {
            (
                inner.clone(),
                0..0,
                format!("`{folder}/` is a package without an `__init__.py`, which `{path}` would hide"),
            )
        } else if let Some((file, at)) = scripts() {
            let name = path.name().trim_end_matches(".py");
            let message = format!(
                "a module beside it is run as a file here, and would import `{path}` for Python's own `{name}`"
            );
            (file, at, message)
        } else {
            // `from app.services import cache` would be our module, and not what the package has under that name.
            let package = path.parent()?.child("__init__.py");
            let name = path.name().trim_end_matches(".py");
            let source = project.file(&package)?.python();
            let bound = || {
                let import = source.imports.iter().find(|import| {
                    let is_module = |from: &str| from.trim_start_matches('.').is_empty();
                    !import.from.as_deref().is_some_and(is_module)
                        && import.names.iter().any(|known| known.bound() == name)
                })?;
                Some(import.range.clone())
            };
            let range = source.definition_of(name).or_else(bound)?;
            let message = format!("`{package}` has a `{name}` of its own, which our module of that name would replace");
            (package, range, message)
        };
        Some(
            Problem::new(&finding::MODULE_FOREIGN, message)
                .at(&place, range)
                .help("give ours another name, or name another folder for our modules with `--services-dir DIR`")
                .question(self.other_names(project)),
        )
    }

    /// Where a module beside this one is run as a file, so that its folder comes before the standard library: only a module with
    /// a name of that one is in its way.
    fn run_as_a_file(project: &Project, path: &FilePath) -> Option<(FilePath, std::ops::Range<usize>)> {
        let folder = path.parent()?;
        if !stdlib::is_standard(path.name().trim_end_matches(".py")) {
            return None;
        }
        let start = format!("{}/", folder.relative_to(&project.layout.root));
        let is_script = |rest: &str| {
            let end = rest.find(|character: char| !character.is_alphanumeric() && character != '_');
            end.is_some_and(|end| end > 0 && rest.get(end..).is_some_and(|rest| rest.starts_with(".py")))
        };
        let texts = project.files().filter(|(path, _)| !path.as_str().ends_with(".py"));
        let mut found = texts.flat_map(|(path, file)| {
            let text = file.text().unwrap_or_default();
            text.match_indices(&start).map(move |(at, found)| (path, text, at, at + found.len()))
        });
        found
            .find(|(_, text, at, end)| {
                text.get(..*at).is_some_and(|before| before.ends_with("python ") || before.ends_with("python3 "))
                    && text.get(*end..).is_some_and(is_script)
            })
            .map(|(path, _, at, end)| (path.clone(), at..end))
    }

    /// A module of the project that has the name of a package which this module imports.
    fn shadowed(&self, project: &Project) -> Option<Problem> {
        let root = project.layout.import_roots.first()?;
        let imports = scan::imports(&self.text);
        let names = imports.iter().filter_map(|import| match &import.from {
            Some(from) => Some(from.as_str()).filter(|from| !from.starts_with('.')),
            None => import.names.first().map(String::as_str),
        });
        let first = |module: &str| module.split('.').next().unwrap_or(module).to_owned();
        let services = first(&project.layout.services.package);
        names.map(first).filter(|name| *name != services).find_map(|name| {
            let places = [root.child(&format!("{name}.py")), root.child(&name).child("__init__.py")];
            let place = places.into_iter().find(|place| project.file(place).is_some())?;
            // What the generated modules import of the project is meant.
            let is_settings = match &project.layout.settings {
                Ok(settings) => {
                    let module = settings.import.strip_prefix("from ").and_then(|rest| rest.split(' ').next());
                    module.is_some_and(|module| first(module) == name)
                }
                // Where they are is not known yet, and the module has a name in their place.
                Err(_) => name == "settings",
            };
            (!is_settings).then(|| {
                Problem::new(
                    &finding::NAME_TAKEN,
                    format!("`{place}` hides the package `{name}`, which `{}` imports", self.file(project)),
                )
                .at(&place, 0..0)
                .help(format!("rename `{place}`: wherever `{name}` is imported, Python takes this one"))
            })
        })
    }

    /// Is this text one that we wrote, but for its layout and the way its imports are written?
    fn is_ours(&self, project: &Project, there: &str) -> bool {
        let there = there.replace("\r\n", "\n");
        let package = &project.layout.services.package;
        let written = self.written.as_ref().and_then(|written| written.text(project, Some(&there), &self.text));
        written.is_some_and(|written| same_module(written, &there, package)) || same_module(&self.text, &there, package)
    }

    /// Is it the text that was written, but for its layout? Where that is not known any more, what would be written now stands for it.
    fn is_unedited(&self, project: &Project, there: &str) -> bool {
        let there = there.replace("\r\n", "\n");
        let written = self.written.as_ref().and_then(|written| written.text(project, Some(&there), &self.text));
        same_module(written.unwrap_or(&self.text), &there, &project.layout.services.package)
    }

    /// How the module is taken out again: where its text is still ours.
    pub fn retract(&self, project: &Project, _recorded: &Recorded) -> Retraction {
        let path = self.file(project);
        let Some(file) = project.file(&path) else { return Retraction::Gone };
        if self.is_kept() {
            return Retraction::Keep { at: Some(Location::file(path)), why: "you kept it as your own".to_owned() };
        }
        if !file.text().is_some_and(|text| self.is_unedited(project, text)) {
            return Retraction::Keep {
                at: Some(Location::file(path)),
                why: "it was changed since it was written".to_owned(),
            };
        }
        Retraction::Remove(Fix { changes: vec![Change::Delete { path }], ..Fix::default() })
    }
}

/// The package of the modules cannot be imported by the application: it imports the application itself, or is the folder that
/// imports start from.
fn circular(project: &Project) -> Option<Problem> {
    let layout = &project.layout;
    let application = layout.application.as_ref().ok()?;
    let folder = &layout.services.folder;
    if layout.import_roots.first() == Some(folder) {
        let message = format!("imports start from `{folder}/`, so modules in it would hide packages of the same names");
        return Some(
            Problem::new(&finding::CONFIGURATION, message).help("name another folder with `--services-dir DIR`"),
        );
    }
    let package = folder.child("__init__.py");
    let source = project.file(&package)?.python();
    let import = source.imports.iter().filter(|import| import.scope.is_module() && !import.scope.type_checking).find(
        |import| {
            let targets = import_order::targets(project, &package, import);
            targets.iter().any(|target| leads_to(project, &layout.import_roots, target, &application.path))
        },
    )?;
    let message = format!("`{package}` imports the application, so the application cannot import a module beside it");
    let problem = Problem::new(&finding::MODULE_FOREIGN, message).at(&package, import.range.clone());
    Some(problem.help("name another folder for our modules").question(other_folders(project)))
}

/// The package of the modules imports whatever is beside it.
fn imports_all(project: &Project) -> Option<Problem> {
    let package = project.layout.services.folder.child("__init__.py");
    let source = project.file(&package)?.python();
    let is_one = |call: &&Call| matches!(call.callee.rsplit('.').next(), Some("iter_modules" | "walk_packages"));
    let call = source.calls.iter().find(is_one)?;
    let message =
        format!("`{package}` imports whatever is beside it, and may not know what to do with a module of ours");
    let problem = Problem::new(&finding::MODULE_FOREIGN, message).at(&package, call.range.clone());
    Some(problem.help("name another folder for our modules").question(other_folders(project)))
}

/// A file that stands where the services package should be.
fn in_the_way(project: &Project, folder: &FilePath) -> Option<Problem> {
    let module = FilePath::new(&format!("{}.py", folder.as_str()))?;
    let place = [module, folder.clone()].into_iter().find(|path| project.file(path).is_some())?;
    Some(
        Problem::new(&finding::MODULE_FOREIGN, format!("`{place}` stands where the package `{folder}/` would go"))
            .at(&place, 0..0)
            .help("name another folder for our modules")
            .question(other_folders(project)),
    )
}

/// Folders for the modules beside the one that cannot be had, as the option takes them.
fn other_folders(project: &Project) -> Question {
    let layout = &project.layout;
    let parent = layout.services.folder.parent().unwrap_or_else(FilePath::top);
    let is_free = |folder: &FilePath| {
        let module = FilePath::new(&format!("{}.py", folder.as_str()));
        module.is_none_or(|module| project.file(&module).is_none())
            && project.file(&folder.child("__init__.py")).is_none()
    };
    let folders = ["infra_services", "paxx_services"].map(|name| parent.child(name));
    let named = |folder: &FilePath| finding::Candidate::new(folder.relative_to(&layout.root), "");
    let free: Vec<finding::Candidate> = folders.iter().filter(|folder| is_free(folder)).map(named).collect();
    let candidates = if free.is_empty() { vec![named(&parent.child("services_2"))] } else { free };
    let mut question = Question::new("services-dir", candidates);
    question.is_likely = true;
    question
}

/// The `__init__.py` of the services package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Package;

impl Package {
    /// The stable name in `paxx.lock`.
    pub fn id(self) -> String {
        "package:services".to_owned()
    }

    /// What it is, for the summary.
    pub fn title(self, project: &Project) -> String {
        format!("`{}`", Self::file(project).relative_to(&project.layout.root))
    }

    fn file(project: &Project) -> FilePath {
        project.layout.services.folder.child("__init__.py")
    }

    /// Is it a package?
    pub fn assess(self, project: &Project) -> Assessment {
        let path = Self::file(project);
        if project.file(&path).is_some() {
            return Assessment::Met { at: Some(Location::file(path)) };
        }
        if let Some(problem) = in_the_way(project, &project.layout.services.folder) {
            return Assessment::Blocked { problem };
        }
        if let Err(problem) = &project.layout.application {
            return Assessment::Blocked { problem: problem.clone() };
        }
        let problem = Problem::new(&finding::PACKAGE_MISSING, format!("`{path}` is missing"))
            .at(&path, 0..0)
            .help("`paxx check --fix` makes it");
        let change = Change::Write { path, text: String::new() };
        Assessment::Missing { problem, fix: Fix { changes: vec![change], safe: true, ..Fix::default() } }
    }

    /// How it is taken out again: where it is still empty.
    pub fn retract(self, project: &Project, _recorded: &Recorded) -> Retraction {
        let path = Self::file(project);
        let Some(file) = project.file(&path) else { return Retraction::Gone };
        // It was no package before, whatever else is in the folder.
        if !file.bytes().is_empty() {
            return Retraction::Keep { at: Some(Location::file(path)), why: "the package is in use".to_owned() };
        }
        Retraction::Remove(Fix { changes: vec![Change::Delete { path }], ..Fix::default() })
    }
}
