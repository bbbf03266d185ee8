//! The oldest Python that the project says it runs on, and whether the generated modules run there.
//!
//! What runs the application counts: the image of a Dockerfile, a version file, an environment's own Python. Where nothing says
//! that, the bound of the package counts: `requires-python`, Poetry's `python`, `python_requires`. Classifiers, and the targets
//! of linters, are often forgotten: they count where nothing else says it.

use std::collections::HashMap;
use std::ops::Range;

use super::dependency::specifier::{Bound, name_and_bound, poetry_bound};
use super::python_minors::{NEEDED, NEWEST, least};
use crate::finding::Location;
use crate::project::{FilePath, Project};
use crate::source::{text, toml};

/// The oldest Python of a project, and what says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oldest {
    /// Its number behind `3.`.
    pub minor: u64,
    /// Where it is said.
    pub at: Location,
}

/// What says on which Pythons the project may be installed.
pub fn bounds(project: &Project) -> Vec<Location> {
    Said::by(project).bounds.into_iter().map(|bound| bound.at).collect()
}

/// The minor versions of Python 3 that the generated modules may meet in this project.
pub fn minors(project: &Project) -> impl Iterator<Item = u64> + use<> {
    oldest(project).map_or(NEEDED, |oldest| oldest.minor.max(NEEDED))..=NEWEST
}

/// Why a lock of the project may not be found, though what runs it is new enough: its bound allows older Pythons, for which
/// the packages of ours have no version.
pub fn loose_bound(project: &Project) -> Option<String> {
    let said = Said::by(project);
    let bound = said.bounds.iter().min_by_key(|bound| bound.minor).filter(|bound| bound.minor < NEEDED)?;
    oldest(project).filter(|runs| runs.minor >= NEEDED)?;
    let written = text::first_line(project.text(&bound.at.path)?.get(bound.at.range.clone())?);
    let path = bound.at.path.relative_to(&project.layout.root);
    Some(format!(
        "`{path}` allows Python 3.{} ({written}), and what runs the application is newer: raise it to 3.{NEEDED} if the \
         dependencies cannot be locked",
        bound.minor
    ))
}

/// The oldest Python that the project's files name.
pub fn oldest(project: &Project) -> Option<Oldest> {
    let Said { runs, bounds, hints } = Said::by(project);
    let list = [runs, bounds, hints].into_iter().find(|list| !list.is_empty())?;
    list.into_iter().min_by_key(|oldest| oldest.minor)
}

/// What the files of a project say of its Python, by what it is worth.
#[derive(Default)]
struct Said {
    /// What runs the application.
    runs: Vec<Oldest>,
    /// What it may be installed on.
    bounds: Vec<Oldest>,
    /// What is often forgotten.
    hints: Vec<Oldest>,
}

impl Said {
    fn by(project: &Project) -> Self {
        let Self { mut runs, bounds: mut strong, hints: mut weak } = Self::default();
        let root = &project.layout.root;
        if let Some((path, source)) = toml_of(project, root.child("pyproject.toml")) {
            let add = |list: &mut Vec<Oldest>, keys: &[&str], minor: Option<u64>| {
                let range = source.span(keys);
                list.extend(
                    minor.zip(range).map(|(minor, range)| Oldest { minor, at: Location::new(path.clone(), range) }),
                );
            };
            let text = |keys: &[&str]| source.string(keys).map(str::to_owned);
            for keys in [&["project", "requires-python"][..], &["tool", "pdm", "python_requires"]] {
                add(&mut strong, keys, text(keys).and_then(|bound| least(&specifiers(&bound))));
            }
            let keys = ["tool", "poetry", "dependencies", "python"];
            add(&mut strong, &keys, text(&keys).and_then(|bound| least(&poetry_bound(&bound))));
            let keys = ["project", "classifiers"];
            let classified = source.strings(&keys);
            let versions =
                classified.iter().filter_map(|name| minor_of(name.strip_prefix("Programming Language :: Python :: ")?));
            add(&mut weak, &keys, versions.min());
            for keys in [&["tool", "ruff", "target-version"][..], &["tool", "mypy", "python_version"]] {
                add(&mut weak, keys, text(keys).and_then(|target| target_of(&target)));
            }
        }
        for name in ["ruff.toml", ".ruff.toml"] {
            if let Some((path, source)) = toml_of(project, root.child(name)) {
                let keys = ["target-version"];
                let minor = source.string(&keys).and_then(target_of);
                let range = source.span(&keys);
                weak.extend(minor.zip(range).map(|(minor, range)| Oldest { minor, at: Location::new(path, range) }));
            }
        }
        for (path, file) in project.files() {
            if let Some(text) = file.text().filter(|_| path.is_below(root) || is_above(path, root))
                && let Some((worth, oldest)) = in_file(path, text, path.parent().as_ref() == Some(root))
            {
                match worth {
                    Worth::Runs => runs.push(oldest),
                    Worth::Bound => strong.push(oldest),
                }
            }
        }
        Self { runs, bounds: strong, hints: weak }
    }
}

/// What the word of a file is worth.
#[derive(Clone, Copy)]
enum Worth {
    /// It is what the application runs on.
    Runs,
    /// It is what it may be installed on.
    Bound,
}

fn is_above(path: &FilePath, root: &FilePath) -> bool {
    path.name() == ".python-version" && path.parent().is_some_and(|folder| root.is_below(&folder))
}

fn toml_of(project: &Project, path: FilePath) -> Option<(FilePath, std::rc::Rc<toml::Source>)> {
    let source = project.file(&path)?.toml().ok()?;
    Some((path, source))
}

/// What a file other than `pyproject.toml` says.
fn in_file(path: &FilePath, code: &str, at_root: bool) -> Option<(Worth, Oldest)> {
    let name = path.name().to_ascii_lowercase();
    let worth = if name.starts_with("setup.") { Worth::Bound } else { Worth::Runs };
    let (minor, range) = if name.starts_with("dockerfile") || name.ends_with(".dockerfile") || name == "containerfile" {
        of_image(code)?
    } else if name == ".python-version" {
        // pyenv takes the first one that it has.
        lines(code).find_map(|(line, range)| Some((minor_of(line.trim_start_matches("cpython-"))?, range)))?
    } else if !at_root {
        return None;
    } else {
        match name.as_str() {
            "runtime.txt" => {
                lines(code).find_map(|(line, range)| Some((minor_of(line.strip_prefix("python-")?)?, range)))?
            }
            ".tool-versions" => {
                lines(code).find_map(|(line, range)| Some((minor_of(line.strip_prefix("python ")?.trim())?, range)))?
            }
            "setup.cfg" | "setup.py" => lines(code).find_map(|(line, range)| {
                let bound = line.strip_prefix("python_requires")?.trim_start().strip_prefix('=')?;
                Some((least(&specifiers(bound.trim().trim_end_matches([',', ')']).trim_matches(['"', '\''])))?, range))
            })?,
            "pipfile" => lines(code).find_map(|(line, range)| {
                let rest = line.strip_prefix("python_version").or_else(|| line.strip_prefix("python_full_version"))?;
                Some((minor_of(rest.trim_start().strip_prefix('=')?.trim().trim_matches(['"', '\'']))?, range))
            })?,
            "environment.yml" | "environment.yaml" => lines(code).find_map(|(line, range)| {
                let bound = line.strip_prefix("- python")?.trim_start().trim_start_matches(['=', '>', '~']);
                Some((minor_of(bound.trim())?, range))
            })?,
            _ => return None,
        }
    };
    Some((worth, Oldest { minor, at: Location::new(path.clone(), range) }))
}

/// The lines with code of a file, without the blanks around them.
fn lines(code: &str) -> impl Iterator<Item = (&str, Range<usize>)> {
    let mut start = 0;
    code.split_inclusive('\n').filter_map(move |line| {
        let begin = start + line.len() - line.trim_start().len();
        start += line.len();
        let line = line.trim();
        (!line.is_empty() && !line.starts_with('#')).then_some((line, begin..begin + line.len()))
    })
}

/// The Python of the image that the last stage of a Dockerfile runs on.
fn of_image(code: &str) -> Option<(u64, Range<usize>)> {
    let mut arguments: HashMap<&str, String> = HashMap::new();
    let mut stages: HashMap<String, (Option<u64>, Range<usize>)> = HashMap::new();
    let mut last = None;
    for (line, range) in lines(code) {
        let mut words = line.split_whitespace();
        match words.next().map(str::to_ascii_uppercase).as_deref() {
            Some("ARG") => {
                if let Some((name, value)) = words.next().and_then(|word| word.split_once('=')) {
                    let value = expanded(value.trim_matches(['"', '\'']), &arguments);
                    arguments.insert(name, value);
                }
            }
            Some("FROM") => {
                let mut words = words.skip_while(|word| word.starts_with("--"));
                let Some(image) = words.next().map(|image| expanded(image, &arguments)) else { continue };
                let stage = stages.get(&image.to_lowercase()).cloned().unwrap_or_else(|| (python_of(&image), range));
                if let (Some(_), Some(name)) = (words.next(), words.next()) {
                    stages.insert(name.to_lowercase(), stage.clone());
                }
                last = Some(stage);
            }
            _ => {}
        }
    }
    let (minor, range) = last?;
    Some((minor?, range))
}

/// `$NAME`, `${NAME}` and `${NAME:-default}` with their values.
fn expanded(text: &str, arguments: &HashMap<&str, String>) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        result.push_str(before);
        let (name, default, behind) =
            if let Some((inner, behind)) = after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
                let (name, default) = inner.split_once(":-").or_else(|| inner.split_once('-')).unwrap_or((inner, ""));
                (name, default, behind)
            } else {
                let end = after.find(|next: char| !next.is_ascii_alphanumeric() && next != '_').unwrap_or(after.len());
                (&after[..end], "", &after[end..])
            };
        result.push_str(arguments.get(name).map_or(default, String::as_str));
        rest = behind;
    }
    result + rest
}

/// The Python of an image: `python:3.9-slim`, `tiangolo/uvicorn-gunicorn-fastapi:python3.8`.
fn python_of(image: &str) -> Option<u64> {
    let image = image.split('@').next().unwrap_or(image);
    let name = image.rsplit('/').next().unwrap_or(image);
    let (name, tag) = name.split_once(':').unwrap_or((name, ""));
    if name == "python" {
        return minor_of(tag);
    }
    [tag, name].iter().find_map(|part| minor_of(part.split_once("python")?.1.trim_start_matches('-')))
}

/// The `9` of `3.9` or `3.9.1`.
pub(super) fn minor_of(version: &str) -> Option<u64> {
    let rest = version.trim().strip_prefix("3.")?;
    let end = rest.find(|next: char| !next.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// The target of a linter: `py39`, `3.9`.
fn target_of(target: &str) -> Option<u64> {
    minor_of(target).or_else(|| target.strip_prefix("py3")?.parse().ok())
}

fn specifiers(bound: &str) -> Bound {
    name_and_bound(&format!("python{}", bound.trim())).map_or(Bound::Open, |(_, bound)| bound)
}

#[cfg(test)]
mod tests {
    use super::super::dependency::testing::project;
    use super::*;
    use crate::finding::{NO_DEPENDENCY_FILE, Problem};

    fn in_memory(files: &[(&str, &str)]) -> Project {
        project(files, Err(Problem::new(&NO_DEPENDENCY_FILE, "none")))
    }

    fn of(files: &[(&str, &str)]) -> Option<(u64, String)> {
        let project = in_memory(files);
        let oldest = oldest(&project)?;
        Some((oldest.minor, project.text(&oldest.at.path)?.get(oldest.at.range)?.to_owned()))
    }

    fn minor(files: &[(&str, &str)]) -> Option<u64> {
        of(files).map(|(minor, _)| minor)
    }

    #[test]
    fn a_bound_says_the_oldest() {
        for (bound, oldest) in [
            (">=3.9", Some(9)),
            (">=3.8,<4", Some(8)),
            ("~=3.9", Some(9)),
            ("==3.11.*", Some(11)),
            (">3.9.4", Some(9)),
            ("<4", None),
            (">=3", None),
        ] {
            assert_eq!(
                minor(&[("pyproject.toml", &format!("[project]\nrequires-python = \"{bound}\"\n"))]),
                oldest,
                "{bound}"
            );
        }
        for (bound, oldest) in
            [("^3.8", Some(8)), (">=3.9,<3.13", Some(9)), ("~3.12", Some(12)), ("*", None), ("3.9.*", Some(9))]
        {
            let text = format!("[tool.poetry.dependencies]\npython = \"{bound}\"\n");
            assert_eq!(minor(&[("pyproject.toml", &text)]), oldest, "{bound}");
        }
    }

    #[test]
    fn the_image_of_the_last_stage_counts() {
        for (code, oldest) in [
            ("FROM python:3.9-slim\nRUN x\n", Some(9)),
            ("ARG V=3.8\nARG BASE=python:${V}-slim\nFROM --platform=linux/amd64 $BASE AS base\nFROM base\n", Some(8)),
            ("FROM python:${PY:-3.9}\n", Some(9)),
            ("FROM python:3.8 AS docs\nFROM python:3.12\n", Some(12)),
            ("FROM tiangolo/uvicorn-gunicorn-fastapi:python3.8\n", Some(8)),
            ("FROM ghcr.io/astral-sh/uv:0.5-python3.9-bookworm\n", Some(9)),
            ("FROM registry.local:5000/python:3.9@sha256:00\n", Some(9)),
            ("FROM python:3\n", None),
            ("FROM python:${PY}\n", None),
            ("FROM python:3.9 AS build\nFROM nginx\n", None),
        ] {
            assert_eq!(minor(&[("docker/Dockerfile.prod", code)]), oldest, "{code}");
        }
    }

    #[test]
    fn other_files_say_it_too() {
        for (name, text, oldest) in [
            (".python-version", "3.9.18\n", Some(9)),
            (".python-version", "my-env\n", None),
            ("runtime.txt", "python-3.9.18\n", Some(9)),
            (".tool-versions", "nodejs 20\npython 3.8.1\n", Some(8)),
            ("setup.cfg", "[options]\npython_requires = >=3.8\n", Some(8)),
            ("setup.py", "setup(\n    python_requires=\">=3.9\",\n)\n", Some(9)),
            ("Pipfile", "[requires]\npython_version = \"3.9\"\n", Some(9)),
            ("environment.yml", "dependencies:\n  - python=3.9\n", Some(9)),
            ("ruff.toml", "target-version = \"py39\"\n", Some(9)),
        ] {
            assert_eq!(minor(&[(name, text)]), oldest, "{name}: {text}");
        }
    }

    #[test]
    fn the_oldest_counts_and_what_is_often_forgotten_only_alone() {
        let pyproject = "[project]\nrequires-python = \">=3.11\"\nclassifiers = [\"Programming Language :: Python :: 3.8\"]\n\
                         [tool.ruff]\ntarget-version = \"py39\"\n";
        assert_eq!(of(&[("pyproject.toml", pyproject)]), Some((11, "\">=3.11\"".to_owned())));
        let image = ("Dockerfile", "FROM python:3.9\n");
        assert_eq!(of(&[("pyproject.toml", pyproject), image]), Some((9, "FROM python:3.9".to_owned())));
        let loose = ("pyproject.toml", "[project]\nrequires-python = \">=3.8\"\n");
        for runs in [
            ("Dockerfile", "FROM python:3.12-slim\n"),
            (".python-version", "3.12\n"),
            ("runtime.txt", "python-3.12.1\n"),
            (".tool-versions", "python 3.12.1\n"),
        ] {
            assert_eq!(minor(&[loose, runs]), Some(12), "{runs:?}");
            assert!(loose_bound(&in_memory(&[loose, runs])).is_some_and(|note| note.contains(">=3.8")), "{runs:?}");
        }
        let setup = ("setup.py", "setup(\n    python_requires=\">=3.8\",\n)\n");
        assert_eq!(minor(&[setup, ("Dockerfile", "FROM python:3.11\n")]), Some(11));
        assert_eq!(minor(&[loose, ("Dockerfile", "FROM python:3.11\n"), (".python-version", "3.9\n")]), Some(9));
        assert_eq!(loose_bound(&in_memory(&[loose])), None);
        let classified = "[project]\nclassifiers = [\"Programming Language :: Python :: 3.9\", \"Programming Language :: Python :: 3.10\"]\n";
        assert_eq!(minor(&[("pyproject.toml", classified)]), Some(9));
    }
}
