//! What is where in a project: the one place that knows.
//!
//! A layout names files and the things in them; it holds no offsets, because edits move them. Whatever was not found, or
//! was found more than once, is the `Problem` that a requirement which needs it is blocked by.

use std::collections::BTreeMap;

use super::FilePath;
use crate::finding::Problem;
use crate::source::package_list::Tool;

/// What is where.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The project's root. Its path is empty where it is the top of the repository.
    pub root: FilePath,
    /// The project's name: `[project] name`, else the name of its folder.
    pub name: String,
    /// The folders that absolute imports of the project start from, the application's own first.
    pub import_roots: Vec<FilePath>,
    /// Modules and packages at the import roots: what formatters call first-party.
    pub first_party: Vec<String>,
    /// Where generated modules go.
    pub services: Services,
    /// The application.
    pub application: Result<Application, Problem>,
    /// Modules that register event handlers (`on_event`, `add_event_handler`), perhaps on the application.
    pub handlers: Vec<FilePath>,
    /// Modules beside the application that speak of what components are wired with, and that it imports.
    pub wiring: Vec<FilePath>,
    /// Modules that speak of routes which watch over the application, and that it imports.
    pub health: Vec<FilePath>,
    /// Where tests of generated modules go; `None` where the project has no pytest, no folder of tests, or wants none.
    pub tests: Option<FilePath>,
    /// The settings class.
    pub settings: Result<Settings, Problem>,
    /// The compose file; `None` where there is none.
    pub compose: Result<Option<Compose>, Problem>,
    /// The file that lists the dependencies.
    pub dependencies: Result<Dependencies, Problem>,
    /// The env example that is committed: `.env.example` or one of its other names.
    pub env_example: Option<FilePath>,
    /// `.gitignore` and `.dockerignore`, those that are there.
    pub ignore_files: Vec<FilePath>,
    /// Alembic's folder (the one with `env.py`), where the project uses Alembic.
    pub alembic: Option<FilePath>,
    /// The longest line that the project's formatter makes, in columns (`[tool.ruff] line-length`; 88 by default).
    pub line_length: usize,
    /// Lock files and tools that tell how dependencies are installed: decides the next steps.
    pub installer: Installer,
}

impl Layout {
    /// Where the application and the settings were found, relative to the root: `main.py:app`, `settings.py:Settings`, and
    /// the classes that the settings inherit from. Empty where one of them was not found.
    pub fn found(&self) -> Vec<String> {
        let (Ok(application), Ok(settings)) = (&self.application, &self.settings) else { return Vec::new() };
        let name = application.factory.as_ref().or(application.variable.as_ref()).map_or("", String::as_str);
        let own = [(&application.path, name), (&settings.path, settings.class.as_str())];
        let bases = settings.bases.iter().map(|(path, class)| (path, class.as_str()));
        own.into_iter().chain(bases).map(|(path, name)| format!("{}:{name}", path.relative_to(&self.root))).collect()
    }
}

/// The package that generated modules go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Services {
    /// Its folder.
    pub folder: FilePath,
    /// Its dotted path, as the application would import it: `services` or `app.services`.
    pub package: String,
    /// Does it take an `__init__.py` (as its parent package and its own has)?
    pub needs_init: bool,
    /// Modules that have another name here than in their component's folder: `cache` to `redis_cache`.
    pub names: BTreeMap<String, String>,
}

impl Services {
    /// The name that the component's module `name` has here.
    fn name<'a>(&'a self, name: &'a str) -> &'a str {
        self.names.get(name).map_or(name, String::as_str)
    }

    /// Where the component's module at `path` lies here.
    pub fn file(&self, path: &str) -> FilePath {
        match path.strip_suffix(".py") {
            Some(stem) => self.folder.child(&format!("{}.py", self.name(stem))),
            None => self.folder.child(path),
        }
    }

    /// The dotted path of the component's module `name`.
    pub fn module(&self, name: &str) -> String {
        format!("{}.{}", self.package, self.name(name))
    }

    /// `text` with the names that its modules have here.
    pub fn renamed(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (name, here) in &self.names {
            for lead in [&format!("{}.", self.package), "from .", "import_module(\"."] {
                text = replaced_word(&text, &format!("{lead}{name}"), &format!("{lead}{here}"));
            }
            // What a module looks for by a text: `"cache.start_redis"`.
            text = text.replace(&format!("\"{name}."), &format!("\"{here}."));
        }
        text
    }
}

/// `text` with `new` for `old`, where no other letter follows that.
fn replaced_word(text: &str, old: &str, new: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(old) {
        let (before, behind) = (&rest[..at], &rest[at + old.len()..]);
        let is_longer = behind.starts_with(|next: char| next.is_alphanumeric() || next == '_');
        result.push_str(before);
        result.push_str(if is_longer { old } else { new });
        rest = behind;
    }
    result + rest
}

/// The application: the variable that a server is pointed at, and the function that makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// The module with the `FastAPI(...)` call.
    pub path: FilePath,
    /// The function around that call; `None` at module level.
    pub factory: Option<String>,
    /// The variable that holds the application where it is made; `None` where a factory returns the call itself.
    pub variable: Option<String>,
    /// The dotted path of its module, as imported.
    pub module: String,
    /// What decided that this is the application, in words: "the `uvicorn` command in `Dockerfile`".
    pub evidence: String,
}

impl Application {
    /// What a server would be given, or what makes the application: `main:app`, `main:create_app()`.
    pub fn name(&self) -> String {
        match (&self.factory, &self.variable) {
            (Some(factory), _) => format!("{}:{factory}()", self.module),
            (None, Some(variable)) => format!("{}:{variable}", self.module),
            (None, None) => self.module.clone(),
        }
    }
}

/// The settings class, and how the application reaches its instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The module with the class.
    pub path: FilePath,
    /// The name of the class.
    pub class: String,
    /// The line that imports what `expression` needs: `from app.core.config import settings`.
    pub import: String,
    /// The expression that is the instance: `settings` or `get_settings()`.
    pub expression: String,
    /// Are its field names upper case (`REDIS_URL`)?
    pub upper_case: bool,
    /// `env_prefix`, as written; empty where there is none.
    pub env_prefix: String,
    /// Are environment variables read in the case of the field (`case_sensitive`)?
    pub case_sensitive: bool,
    /// What stands between the names of nested fields (`env_nested_delimiter`); empty where there is nothing.
    pub delimiter: String,
    /// Fields that name their environment variables themselves; `None` where these names cannot be followed.
    pub aliases: Vec<(String, Option<Vec<String>>)>,
    /// Is `BaseSettings` pydantic 1's?
    pub pydantic_v1: bool,
    /// Is there no such class yet, so that the plan makes it?
    pub create: bool,
    /// What the plan puts at the end of the module, where it makes the class beside others.
    pub made: Option<String>,
    /// Modules and class names of its project-made bases, nearest first: a field may be inherited from them.
    pub bases: Vec<(FilePath, String)>,
}

impl Settings {
    /// Is the class `name` of the module at `path` the settings class, or a base of it?
    pub fn is_of(&self, path: &FilePath, name: &str) -> bool {
        (*path == self.path && name == self.class) || self.bases.iter().any(|(home, base)| home == path && base == name)
    }

    /// The name of the field for an environment variable (given in upper case, without prefix).
    pub fn field(&self, variable: &str) -> String {
        if self.upper_case { variable.to_owned() } else { variable.to_lowercase() }
    }

    /// The environment variables that the field for `variable` names itself, if it does; `Some(None)` where they cannot be
    /// followed.
    pub fn aliases_of(&self, variable: &str) -> Option<Option<&[String]>> {
        let (_, names) = self.aliases.iter().find(|(field, _)| field.eq_ignore_ascii_case(variable))?;
        Some(names.as_deref())
    }

    /// Is the field for `variable` read from a variable of that name, whatever stands before it?
    pub fn is_read_by_name(&self, variable: &str) -> bool {
        self.aliases_of(variable)
            .is_none_or(|names| names.is_some_and(|names| names.iter().any(|name| is_spelled(name, variable))))
    }

    /// The environment variable that the field for `variable` is read from.
    pub fn environment(&self, variable: &str) -> String {
        if let Some(Some(names)) = self.aliases_of(variable)
            && let Some(name) = names.iter().find(|name| is_spelled(name, variable)).or(names.first())
        {
            return name.clone();
        }
        if self.case_sensitive {
            return format!("{}{}", self.env_prefix, self.field(variable));
        }
        format!("{}{variable}", self.env_prefix.to_uppercase())
    }
}

/// Is it the name of the variable, perhaps with a prefix?
fn is_spelled(name: &str, variable: &str) -> bool {
    name.to_ascii_uppercase().ends_with(variable)
}

/// The compose file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compose {
    /// The file; it may lie above the project's root.
    pub path: FilePath,
    /// The service that runs this application; `None` where no service does.
    pub application: Result<Option<String>, Problem>,
    /// Files that Compose reads with it: the override beside it, and those that it includes. They are not edited.
    pub others: Vec<FilePath>,
}

/// Where dependencies are listed, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependencies {
    /// How they are written there.
    pub format: DependencyFormat,
    /// The file.
    pub path: FilePath,
    /// Where development dependencies go: the same file or another one; `None` where the project has no such place.
    pub development: Option<FilePath>,
    /// Requirements files that pip reads along with `path` (`-r`, `-c`): what they list needs no second entry.
    pub includes: Vec<FilePath>,
    /// Files of constraints that an install of it is held to (`pip install -c`), as a Dockerfile, CI or a script says.
    pub constraints: Vec<FilePath>,
    /// A requirements file beside `pyproject.toml` that lists dependencies too, by hand, and is not edited.
    pub copy: Option<FilePath>,
    /// Other lists, each of which is installed somewhere where this one is not.
    pub also: Vec<Dependencies>,
    /// The command that makes the file that is installed of `path`, and that file.
    pub compiled: Option<(String, FilePath)>,
}

/// How a file lists dependencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DependencyFormat {
    /// `[project] dependencies` of `pyproject.toml` (PEP 621).
    Pep621,
    /// `[tool.poetry.dependencies]` of `pyproject.toml`.
    Poetry,
    /// A requirements file of pip.
    Requirements,
    /// A file of another format: `source::package_list` has them.
    Other,
}

/// What installs the project's dependencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Installer {
    /// `uv`
    Uv,
    /// `poetry`
    Poetry,
    /// `pdm`
    Pdm,
    /// `pip`, of a requirements file or of the project itself
    Pip,
    /// What installs a file of another format
    Other(Tool),
}

#[cfg(test)]
impl Layout {
    /// Of a project in which nothing was found, for tests.
    pub(crate) fn of_nothing() -> Self {
        use crate::finding::{NO_APPLICATION, NO_DEPENDENCY_FILE, NO_SETTINGS_CLASS};
        Self {
            root: FilePath::top(),
            name: "demo".to_owned(),
            import_roots: Vec::new(),
            first_party: Vec::new(),
            services: Services {
                folder: FilePath::top().child("services"),
                package: "services".to_owned(),
                needs_init: true,
                names: BTreeMap::new(),
            },
            application: Err(Problem::new(&NO_APPLICATION, "none")),
            handlers: Vec::new(),
            wiring: Vec::new(),
            health: Vec::new(),
            tests: None,
            settings: Err(Problem::new(&NO_SETTINGS_CLASS, "none")),
            compose: Ok(None),
            dependencies: Err(Problem::new(&NO_DEPENDENCY_FILE, "none")),
            env_example: None,
            ignore_files: Vec::new(),
            alembic: None,
            line_length: 88,
            installer: Installer::Uv,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_have_other_names_here() {
        let services = Services {
            folder: FilePath::new("app/services").expect("inside"),
            package: "app.services".to_owned(),
            needs_init: true,
            names: BTreeMap::from([("cache".to_owned(), "redis_cache".to_owned())]),
        };
        assert_eq!(services.file("cache.py").as_str(), "app/services/redis_cache.py");
        assert_eq!(services.file("arq.py").as_str(), "app/services/arq.py");
        assert_eq!(services.module("cache"), "app.services.redis_cache");
        let text = "from .cache import a\nfrom .cache_x import b\nimport app.services.cache\n\"\"\"app.services.cache.x\"\"\"\n";
        let renamed = "from .redis_cache import a\nfrom .cache_x import b\nimport app.services.redis_cache\n\"\"\"app.services.redis_cache.x\"\"\"\n";
        assert_eq!(services.renamed("import_module(\".cache\", x)\n"), "import_module(\".redis_cache\", x)\n");
        assert_eq!(services.renamed("(\"cache.start\", \"cache\")"), "(\"redis_cache.start\", \"cache\")");
        assert_eq!(services.renamed(text), renamed);
    }
}
