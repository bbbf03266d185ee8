//! A project that came with its own `.paxx/`, `paxx.lock` and `[tool.paxx]`: what they say is done only where it was shown and agreed to.
//!
//! The commands are those of the program, in this process. What `--yes` writes is compared with the plan, which is what the diff shows.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use paxx::cli::Cli;
use paxx::commands;
use paxx::component::Component;
use paxx::lock::Lock;
use paxx::plan::{self, Allowances, Plan};
use paxx::project::discover::{Discovery, discover};
use paxx::project::options::Options;

/// What separates the texts in an input.
const SEPARATOR: &[u8] = b"\n----\n";

/// What is planted, in the order of the texts.
const PLANTED: &[&str] = &[
    "paxx.lock",
    "pyproject.toml",
    ".paxx/journal",
    ".paxx/committed",
    ".paxx/undo",
    ".paxx/lock",
    ".paxx/.gitignore",
    ".paxx/rolled-back/app/main.py",
];

const PYPROJECT: &str = "[project]\nname = \"demo\"\nversion = \"0\"\ndependencies = [\n    \"fastapi\",\n    \"pydantic-settings\",\n]\n\n[tool.paxx]\n";

const FILES: &[(&str, &str)] = &[
    ("outside.txt", "outside\n"),
    ("repository/keep.txt", "keep\n"),
    ("repository/app/__init__.py", ""),
    (
        "repository/app/main.py",
        "from fastapi import FastAPI\n\nfrom app.config import settings\n\napp = FastAPI(title=settings.name)\n",
    ),
    (
        "repository/app/config.py",
        "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    name: str = \"demo\"\n\n\nsettings = Settings()\n",
    ),
    ("repository/compose.yaml", "services:\n  app:\n    build: .\n    command: uvicorn app.main:app\n"),
    ("repository/.env.example", "NAME=demo\n"),
];

/// Every file below a folder with its mode and bytes, and every folder.
type Tree = BTreeMap<PathBuf, (u32, Option<Vec<u8>>)>;

/// Plants the texts of `input` in a project, and runs commands in it.
pub fn hostile(input: &[u8]) {
    let (choice, texts) = input.split_first().map_or((0, input), |(choice, texts)| (*choice, texts));
    let folder = tempfile::tempdir().expect("a folder");
    let top = fs::canonicalize(folder.path()).expect("there").join("top");
    let project = top.join("repository");
    // A repository of its own, or the folder of another one.
    let git = if choice & 1 == 0 { project.join(".git") } else { top.join(".git") };
    fs::create_dir_all(git).expect("created");
    for (path, text) in FILES {
        put(&top.join(path), text.as_bytes());
    }
    put(&project.join("pyproject.toml"), PYPROJECT.as_bytes());
    for (path, text) in PLANTED.iter().zip(split(texts)) {
        match *path {
            "pyproject.toml" => put(&project.join(path), &[PYPROJECT.as_bytes(), text].concat()),
            _ if text.is_empty() => {}
            _ => put(&project.join(path), text),
        }
    }
    let planted = tree(&top);
    for command in [
        &["list"][..],
        &["add", "redis"],
        &["add", "redis", "--dry-run"],
        &["remove", "redis"],
        &["remove", "redis", "--dry-run"],
        &["check"],
        &["check", "--fix"],
        &["undo"],
        &["undo", "--dry-run"],
    ] {
        run(&project, command);
        assert_eq!(difference(&planted, &tree(&top), &[]), None, "{command:?} without consent");
    }
    // What another program wrote there is not undone.
    run(&project, &["undo", "--yes"]);
    assert_eq!(difference(&planted, &tree(&top), &[".paxx"]), None, "undo --yes");
    let redis = Component::find("redis").expect("there is one");
    let allow = Allowances { manual: choice & 2 != 0, ..Allowances::default() };
    let add = if allow.manual { &["add", "redis", "--yes", "--allow-manual"][..] } else { &["add", "redis", "--yes"] };
    agreed(&top, &project, add, |found, lock| Some(plan::add(found, lock, &[redis], &allow)));
    agreed(&top, &project, &["check", "--fix", "--yes"], |found, lock| {
        lock.component("redis").is_some().then(|| plan::fix(found, lock, &[redis], &|_| false))
    });
    agreed(&top, &project, &["remove", "redis", "--yes"], |found, lock| {
        lock.component("redis")?;
        plan::remove(found, lock, &["redis".to_owned()]).ok()
    });
}

/// A command with consent changes nothing, or what the plan has.
fn agreed(top: &Path, project: &Path, command: &[&str], plan: impl Fn(&Discovery, &Lock) -> Option<Plan>) {
    let before = tree(top);
    let mut expected = before.clone();
    if let Ok(found) = discover(project, &Options::default())
        && let Ok(lock) = &found.lock
        && let Some(plan) = plan(&found, lock).filter(|plan| plan.refusals.is_empty())
    {
        for file in &plan.files {
            let path = found.base.join(file.path.as_str());
            let path = path.strip_prefix(top).expect("the plan stays inside").to_owned();
            match &file.after {
                Some(after) => {
                    let mode = if after.executable { 0o755 } else { 0o644 };
                    expected.insert(path, (mode, Some(after.bytes().to_vec())));
                }
                None => drop(expected.remove(&path)),
            }
        }
    }
    run(project, command);
    let after = tree(top);
    if let Some(changed) = difference(&before, &after, &[".paxx"]) {
        let unplanned = difference(&expected, &after, &[".paxx"]);
        assert_eq!(unplanned, None, "{command:?} wrote something else than it showed; it changed {changed}");
    }
}

fn run(project: &Path, command: &[&str]) {
    let noun = matches!(command.first(), Some(&("add" | "remove" | "list"))).then_some("infra");
    let folder = project.to_str().expect("text");
    let arguments = ["paxx", "-C", folder, "--quiet"].into_iter().chain(noun).chain(command.iter().copied());
    commands::run(&Cli::try_parse_from(arguments).expect("a command line"));
}

fn split(mut texts: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    while let Some(at) = texts.windows(SEPARATOR.len()).position(|window| window == SEPARATOR) {
        parts.push(&texts[..at]);
        texts = &texts[at + SEPARATOR.len()..];
    }
    parts.push(texts);
    parts
}

fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("created");
    fs::write(path, bytes).expect("written");
}

fn tree(top: &Path) -> Tree {
    use std::os::unix::fs::PermissionsExt as _;
    let mut found = Tree::new();
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("read").flatten() {
            let path = entry.path();
            let metadata = fs::symlink_metadata(&path).expect("there");
            let bytes = if metadata.is_dir() {
                folders.push(path.clone());
                None
            } else {
                Some(fs::read(&path).expect("read"))
            };
            let below = path.strip_prefix(top).expect("below").to_owned();
            found.insert(below, (metadata.permissions().mode() & 0o7777, bytes));
        }
    }
    found
}

/// The first file that differs; folders named `aside` do not count, and folders that hold files follow from them.
fn difference(left: &Tree, right: &Tree, aside: &[&str]) -> Option<String> {
    let counts = |path: &&PathBuf| !path.iter().any(|part| aside.iter().any(|name| part == *name));
    let is_file = |path: &&PathBuf| {
        aside.is_empty() || [left, right].iter().any(|tree| tree.get(*path).is_some_and(|(_, bytes)| bytes.is_some()))
    };
    left.keys()
        .chain(right.keys())
        .filter(counts)
        .filter(is_file)
        .find(|path| left.get(*path) != right.get(*path))
        .map(|path| format!("{}: {:?} {:?}", path.display(), left.get(path), right.get(path)))
}
