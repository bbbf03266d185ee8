//! What the fuzz targets hold: no text makes a parser panic, gives a range outside of the text, or makes a plan that breaks a law.
//!
//! `README.md` says how to run them. The laws and the projects on disk are those of `tests/laws.rs`.

pub mod hostile;
#[path = "../../tests/laws/journey.rs"]
pub mod journey;
#[path = "../../tests/laws/mutation.rs"]
pub mod mutation;
#[path = "../../tests/laws/tree.rs"]
pub mod tree;

use std::ops::Range;

use journey::{Journey, travel};
use paxx::apply::{Contents, FileChange};
use paxx::component::COMPONENTS;
use paxx::lock::Lock;
use paxx::project::{FilePath, application, compose, find_application};
use paxx::render::diff;
use paxx::render::styled::Look;
use paxx::source::{dotenv, python, requirements, text, toml, yaml};
use tree::Tree;

fn path(name: &str) -> FilePath {
    FilePath::new(name).expect("a path inside")
}

/// The text in a range, which must be one of it.
fn at<'a>(code: &'a str, range: &Range<usize>) -> &'a str {
    code.get(range.clone()).unwrap_or_else(|| panic!("{range:?} is no range of the text"))
}

fn inside(code: &str, range: &Range<usize>) {
    at(code, range);
}

/// Python: facts of a module, and the application in it.
pub fn python(code: &str) {
    let source = python::Source::parse(code);
    for import in &source.imports {
        at(code, &import.range);
        import.names.iter().for_each(|name| inside(code, &name.range));
    }
    for call in &source.calls {
        at(code, &call.statement);
        // What a parser made up for a syntax error may begin with the blanks before it.
        let is_whole = at(code, &call.range).starts_with(|first: char| !first.is_whitespace());
        assert!(is_whole || source.error.is_some());
        call.arguments.iter().for_each(|argument| inside(code, &argument.value));
    }
    for class in &source.classes {
        at(code, &class.body.range);
        assert_eq!(at(code, &class.name_range), class.name);
    }
    for function in &source.functions {
        at(code, &function.body.range);
        python::uses_of(code, &function.name).iter().for_each(|place| inside(code, place));
    }
    python::indentation_step(code, &source);
    application::fastapi_names(&source);
    for candidate in find_application::candidates(&path("main.py"), &source) {
        find_application::is_mounted(&source, code, &candidate);
    }
    lines_of(code);
}

fn lines_of(code: &str) {
    for (offset, _) in code.char_indices().take(200) {
        let (start, end, next) =
            (text::line_start(code, offset), text::line_end(code, offset), text::next_line(code, offset));
        assert!(start <= next && end <= next);
        text::indentation(code, offset);
        text::line_and_column(code, offset);
        at(code, &(text::blank_lines_before(code, offset)..next));
    }
}

/// YAML: every node is in the text.
pub fn yaml(code: &str) {
    fn walk(code: &str, source: &yaml::Source, node: &yaml::Node, depth: usize) {
        at(code, &node.range);
        source.scalars(node);
        source.keeps_lines_after(node);
        if let Some(mapping) = node.mapping() {
            source.separated(mapping);
            source.entries(node);
            for entry in &mapping.entries {
                at(code, &entry.range());
                source.end_with_comments(&entry.range());
                if depth < 20 {
                    walk(code, source, &entry.value, depth + 1);
                }
            }
        }
        if let Some(sequence) = node.sequence() {
            for item in &sequence.items {
                at(code, &item.range());
                if depth < 20 {
                    walk(code, source, &item.value, depth + 1);
                }
            }
        }
    }
    if let Ok(source) = yaml::Source::parse(code) {
        if let Some(root) = source.root() {
            walk(code, &source, root, 0);
        }
        source.step();
        source.list_indent();
        let read = |_: &FilePath| Some(std::rc::Rc::new(paxx::project::File::new(code.as_bytes())));
        let path = FilePath::top().child("compose.yml");
        if let Ok(model) = compose::model::Model::of(&path, &read) {
            let _ = compose::application_service(&model, &path, &FilePath::top(), "app.main", &read);
        }
    }
}

/// TOML: arrays and tables of dependencies are in the text.
pub fn toml(code: &str) {
    let Ok(source) = toml::Source::parse(code) else { return };
    for keys in [&["project", "dependencies"][..], &["dependency-groups", "dev"]] {
        if let Some(array) = source.array(keys) {
            at(code, &array.interior());
            array.items.iter().for_each(|item| inside(code, &item.range));
        }
        source.strings(keys);
    }
    if let Some(table) = source.table(&["tool", "poetry", "dependencies"]) {
        table.entries.iter().for_each(|entry| inside(code, &entry.range));
    }
}

/// Files of lines: env files, requirements, commands in scripts and Dockerfiles.
pub fn lines(code: &str) {
    let mut end = 0;
    for variable in dotenv::variables(code).iter() {
        assert!(variable.range.start >= end && at(code, &variable.range).contains(&variable.name));
        end = variable.range.end;
    }
    for (line, requirement) in requirements::Source::parse(code).requirements() {
        at(code, &line.range);
        assert!(!requirement.is_empty());
    }
    find_application::evidence_in(code, "a place");
    compose::words_of(code);
    compose::last_command(code);
    compose::with_defaults(code);
    lines_of(code);
}

/// `paxx.lock`: what is read and written is read again.
pub fn lock(code: &str) {
    if let Ok(lock) = Lock::parse(&path("paxx.lock"), code) {
        let text = lock.to_text(&path("paxx.lock"));
        assert_eq!(Lock::parse(&path("paxx.lock"), &text).as_ref(), Ok(&lock), "{text}");
    }
}

/// The diff between two texts, applied to the first, gives the second. They are separated by a NUL.
pub fn diff(texts: &str) {
    let (before, after) = texts.split_once('\0').unwrap_or((texts, ""));
    let contents = |text: &str| Some(Contents::new(text.as_bytes().to_vec()));
    let change = FileChange { path: path("a"), before: contents(before), after: contents(after) };
    diff::unified(std::slice::from_ref(&change), true).encode(Look { colour: true, terminal: true });
    let unified = diff::unified(std::slice::from_ref(&change), false).into_bytes();
    assert_eq!(patched(before.as_bytes(), &unified), after.as_bytes(), "{}", String::from_utf8_lossy(&unified));
}

fn patched(before: &[u8], diff: &[u8]) -> Vec<u8> {
    let mut old = before.split_inclusive(|byte| *byte == b'\n');
    let mut taken = 0;
    let mut result: Vec<u8> = Vec::new();
    let mut in_hunk = false;
    let mut sign = 0;
    for line in diff.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b"@@ ") {
            in_hunk = true;
            let header = String::from_utf8_lossy(line);
            let range = header.split(['-', ' ']).nth(2).expect("a range");
            let (first, count) = range.split_once(',').unwrap_or((range, "1"));
            let first: usize = first.parse().expect("a number");
            // An empty range names the line before it.
            let skipped = if count == "0" { first } else { first - 1 };
            while taken < skipped {
                result.extend(old.next().expect("a line"));
                taken += 1;
            }
        } else if in_hunk && line.starts_with(b"\\") {
            // The line before it has no newline.
            if sign != b'-' && result.last() == Some(&b'\n') {
                result.pop();
            }
        } else if in_hunk {
            sign = line.first().copied().unwrap_or_default();
            match line.split_first() {
                Some((b'+', rest)) => result.extend(rest),
                Some((b'-', _)) => {
                    old.next();
                    taken += 1;
                }
                Some((b' ', _)) => {
                    result.extend(old.next().expect("a line"));
                    taken += 1;
                }
                _ => {}
            }
        }
    }
    old.for_each(|line| result.extend(line));
    result
}

/// The laws of `tests/laws.rs` for a small project in which one file is arbitrary.
pub fn project(name: &str, code: &str) {
    const FILES: &[(&str, &str)] = &[
        (
            "app/main.py",
            "from fastapi import FastAPI\n\nfrom app.config import settings\n\napp = FastAPI(title=settings.name)\n",
        ),
        (
            "app/config.py",
            "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    name: str = \"demo\"\n\n\nsettings = Settings()\n",
        ),
        ("compose.yaml", "services:\n  app:\n    build: .\n    command: uvicorn app.main:app\n"),
        (".env.example", "NAME=demo\n"),
        (".gitignore", "*.pyc\n"),
        ("requirements.txt", "fastapi\npydantic-settings\n"),
    ];
    let mut tree: Tree = FILES.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    if name == "pyproject.toml" {
        tree.remove("requirements.txt");
    }
    tree.insert(name.to_owned(), code.as_bytes().to_vec());
    let number = code.len() % (COMPONENTS.len() + 1);
    let components = match COMPONENTS.get(number) {
        Some(component) => vec![component.id()],
        None => COMPONENTS.iter().map(|component| component.id()).collect(),
    };
    let journey = Journey { components, one_by_one: false, seed: code.len() as u64 };
    // A service that the project waited for before it was there is not taken away from it.
    if let Err(why) = travel(&tree, &journey)
        && !why.contains("depends on `")
    {
        panic!("{journey:?}: {why}");
    }
}
