//! What stands around a change and is not edited: lock files of package managers, Dockerfiles that copy named folders, and the
//! files of deployments and pipelines that name the variables of the application.
//!
//! Asked once, after a change, for what is said then. Nothing here decides what is edited.

use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;

use super::compose::{self, words_of};
use super::installed::{self, is_dockerfile};
use super::opened::{Folder, Opened};
use super::{FilePath, Project};
use crate::source::dotenv;

/// Larger files are data.
const LARGEST: u64 = 256 * 1024;
/// So many files are looked into.
const MOST_FILES: usize = 2000;
/// So many are said.
const MOST_SAID: usize = 5;

/// What installs from each lock file, and brings it up to date.
const LOCKS: [(&str, &str); 4] =
    [("uv.lock", "uv lock"), ("poetry.lock", "poetry lock"), ("pdm.lock", "pdm lock"), ("Pipfile.lock", "pipenv lock")];

/// Hidden folders that pipelines and deployments are described in; the walk passes hidden ones.
const HIDDEN: [&str; 5] = [".github/workflows", ".circleci", ".do", ".azure", ".aws"];

/// A file that names a variable of the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    /// The file.
    pub path: FilePath,
    /// The line, from 1.
    pub line: usize,
    /// The variable.
    pub variable: String,
}

/// What stands around a project.
#[derive(Debug)]
pub struct Surroundings {
    folder: Rc<Folder>,
}

impl Surroundings {
    /// Of what lies below the absolute folder `base`; `None` where it cannot be opened.
    pub fn of(base: &Path, opened: &Opened) -> Option<Self> {
        opened.folder(base).ok().map(|folder| Self { folder })
    }

    /// Lock files of the project, or of the workspace that it is in, each with the command that makes it anew.
    pub fn locks(&self, root: &FilePath) -> Vec<(FilePath, &'static str)> {
        let folders = || std::iter::successors(Some(root.clone()), FilePath::parent);
        let nearest =
            |name: &str| folders().map(|folder| folder.child(name)).find(|path| self.folder.disk.kind(path).is_some());
        LOCKS.iter().filter_map(|(name, command)| Some((nearest(name)?, *command))).collect()
    }

    /// Files of deployments and pipelines that name one of `neighbours`, and none of `ours`: the first place of each.
    pub fn mentions(&self, neighbours: &BTreeSet<String>, ours: &BTreeSet<String>) -> Vec<Mention> {
        if neighbours.is_empty() {
            return Vec::new();
        }
        let walked = self.folder.walk(&FilePath::top(), false);
        let hidden = HIDDEN.iter().filter_map(|folder| {
            let folder = FilePath::new(folder)?;
            let entries = self.folder.disk.list(&folder).ok()?;
            Some((folder, entries.into_iter().filter(|entry| entry.is_text).map(|entry| entry.name).collect()))
        });
        let mut files: Vec<FilePath> = walked
            .folders
            .iter()
            .cloned()
            .chain(hidden)
            .flat_map(|(folder, names)| {
                let named: Vec<FilePath> =
                    names.iter().filter(|name| is_deployment(name)).map(|name| folder.child(name)).collect();
                named
            })
            .take(MOST_FILES)
            .collect();
        files.sort();
        let found = files.into_iter().filter_map(|path| {
            let read = self.folder.read_at_most(&path, LARGEST).ok()?;
            let text = std::str::from_utf8(read.file.bytes()).ok()?;
            let (line, variable) = first_mention(text, neighbours, ours)?;
            Some(Mention { path, line, variable })
        });
        found.take(MOST_SAID).collect()
    }
}

/// Does the name say that the file may describe a deployment or a pipeline? What is in it decides.
fn is_deployment(name: &str) -> bool {
    let is_compose = compose::NAMES.contains(&name) || compose::is_other_name(name);
    let is_of_tools = ["pyproject.toml", "mkdocs.yml", "pnpm-lock.yaml", "package-lock.json", "package.json"];
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let is_data = matches!(ending, "yml" | "yaml" | "tf" | "tfvars" | "hcl" | "tpl" | "nomad")
        || matches!(name, "fly.toml" | "app.json" | "railway.json" | "railway.toml" | "Jenkinsfile" | "netlify.toml")
        || (ending == "json" && name.contains("task"));
    is_data && !is_compose && !is_of_tools.contains(&name)
}

/// The first line that names a neighbour, and the neighbour; `None` where the text names one of ours already.
fn first_mention(text: &str, neighbours: &BTreeSet<String>, ours: &BTreeSet<String>) -> Option<(usize, String)> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let words = |line: &'_ str| -> Vec<String> {
        line.split(|character| !is_part(character)).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let mut found = None;
    for (number, line) in text.lines().enumerate() {
        for word in words(line) {
            if ours.contains(&word) {
                return None;
            }
            if found.is_none() && neighbours.contains(&word) {
                found = Some((number + 1, word));
            }
        }
    }
    found
}

/// The environment variables of the application that are not `ours`: those of its settings and of its env example. Only names that
/// no other word of a file is likely to be.
pub fn neighbours(project: &Project, ours: &BTreeSet<String>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    if let Some(text) = project.layout.env_example.as_ref().and_then(|path| project.text(path)) {
        names.extend(dotenv::variables(text).iter().map(|variable| variable.name.clone()));
    }
    if let Ok(settings) = &project.layout.settings {
        let own = std::iter::once((&settings.path, settings.class.as_str()));
        for (path, class) in own.chain(settings.bases.iter().map(|(path, class)| (path, class.as_str()))) {
            let Some(file) = project.file(path) else { continue };
            let source = file.python();
            let Some((index, _)) = source.class(class) else { continue };
            names.extend(source.annotations_of(index).map(|field| settings.environment(&field.target.to_uppercase())));
        }
    }
    names.retain(|name| name.contains('_') && name.len() >= 6 && !ours.contains(name));
    names
}

/// Dockerfiles and compose files that install the application's packages by name, each with the line: what a list of the project
/// gains is not installed there.
pub fn installed_by_name(project: &Project) -> Vec<(FilePath, usize)> {
    let compose = project.layout.compose.as_ref().ok().and_then(|compose| compose.as_ref());
    let is_one = |path: &FilePath| is_dockerfile(path.name()) || compose.is_some_and(|compose| compose.path == *path);
    let files = project.files().filter(|(path, _)| is_one(path));
    files.filter_map(|(path, file)| Some((path.clone(), installed::by_name(file.text()?)?))).collect()
}

/// Dockerfiles that copy the application and not the folder of its services, each with the line that copies the application, and
/// the folder as that Dockerfile would name it.
pub fn uncopied(project: &Project) -> Vec<(FilePath, usize, String)> {
    let layout = &project.layout;
    let Ok(application) = &layout.application else { return Vec::new() };
    let files = project.files().filter(|(path, _)| is_dockerfile(path.name()));
    files
        .filter_map(|(path, file)| {
            // Sources are relative to the build context: the project's root, or a folder above it.
            let contexts = std::iter::successors(Some(layout.root.clone()), FilePath::parent);
            contexts.into_iter().find_map(|context| {
                let app = application.path.relative_to(&context);
                let services = layout.services.folder.relative_to(&context);
                let line = lacks(file.text()?, &app, &services)?;
                Some((path.clone(), line, services))
            })
        })
        .collect()
}

/// The line that copies `app`, where no line copies `services`.
fn lacks(dockerfile: &str, app: &str, services: &str) -> Option<usize> {
    let mut copies_app = None;
    for (number, line) in dockerfile.lines().enumerate() {
        let line = line.trim();
        let Some((instruction, rest)) = line.split_once(char::is_whitespace) else { continue };
        if !(instruction.eq_ignore_ascii_case("COPY") || instruction.eq_ignore_ascii_case("ADD")) {
            continue;
        }
        let words = words_of(rest);
        if words.iter().any(|word| word.starts_with("--from")) {
            continue;
        }
        let paths: Vec<&String> = words.iter().filter(|word| !word.starts_with("--")).collect();
        let sources = paths.split_last().map(|(_, sources)| sources).unwrap_or_default();
        if sources.iter().any(|source| covers(source, services)) {
            return None;
        }
        if sources.iter().any(|source| covers(source, app)) {
            copies_app = Some(number + 1);
        }
    }
    copies_app
}

/// Does a source of `COPY` take the path in?
fn covers(source: &str, path: &str) -> bool {
    let source = source.trim_start_matches("./").trim_start_matches('/').trim_end_matches('/');
    if source.is_empty() || source == "." || source.contains('$') {
        return true;
    }
    let mut parts = path.split('/');
    source.split('/').all(|pattern| parts.next().is_some_and(|part| is_match(pattern, part)))
}

/// Does a part of a path match a pattern with at most one `*`?
fn is_match(pattern: &str, part: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == part,
        Some((start, end)) => part.len() >= start.len() + end.len() && part.starts_with(start) && part.ends_with(end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_dockerfile_that_copies_named_folders() {
        let named = "FROM x\nCOPY pyproject.toml .\nCOPY --chown=a:a main.py settings.py ./\n";
        assert_eq!(lacks(named, "main.py", "services"), Some(3));
        assert_eq!(lacks("COPY *.py ./\n", "main.py", "services"), Some(1));
        assert_eq!(lacks("COPY [\"main.py\", \"./\"]\n", "main.py", "services"), Some(1));
        for all in ["COPY . .", "ADD ./ /app", "COPY main.py services/ ./", "COPY serv* ./", "COPY $SOURCE ./"] {
            assert_eq!(lacks(&format!("COPY main.py ./\n{all}\n"), "main.py", "services"), None, "{all}");
        }
        // What is inside of a folder that is copied comes along; an image without the code mounts it.
        assert_eq!(lacks("COPY app/ app/\n", "app/main.py", "app/services"), None);
        assert_eq!(lacks("COPY requirements.txt .\n", "app/main.py", "app/services"), None);
        assert_eq!(lacks("COPY --from=build /app /app\n", "main.py", "services"), None);
    }

    #[test]
    fn a_file_that_names_a_neighbour() {
        let text = "env:\n  - name: MY_DATABASE_URL\n  - name: DATABASE_URL\n  - name: SECRET_KEY\n";
        let neighbours = set(&["DATABASE_URL", "SECRET_KEY"]);
        assert_eq!(first_mention(text, &neighbours, &set(&["REDIS_URL"])), Some((3, "DATABASE_URL".to_owned())));
        let has_it = format!("{text}  - name: REDIS_URL\n");
        assert_eq!(first_mention(&has_it, &neighbours, &set(&["REDIS_URL"])), None);
        for (name, is) in [("values.yaml", true), ("main.tf", true), ("compose.prod.yml", false), ("mkdocs.yml", false)]
        {
            assert_eq!(is_deployment(name), is, "{name}");
        }
    }
}
