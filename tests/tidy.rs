//! The rules of the house that no compiler holds: what may use what, and what each file must have. `src/lib.rs` is the map.

#[path = "tidy/uses.rs"]
mod uses;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use paxx::finding::RULES;
use uses::{Arrow, Uses, circles};

/// The modules, each above those that it may use. `FilePath`, a name of a file and nothing else, is a word of all of them.
const LAYERS: &[&str] = &[
    "main",
    "commands",
    "cli",
    "error",
    "render",
    "apply",
    "check",
    "plan",
    "requirement",
    "project",
    "lock",
    "finding",
    "component",
    "edit",
    "source",
];

/// The one reader of a project, and the one writer.
const DISK: &[&str] = &["apply/", "project/disk.rs"];

/// What only some places may use. An empty list: nobody.
const RESERVED: &[(&str, &[&str])] = &[
    ("std::fs", DISK),
    ("rustix::fs", DISK),
    // What opens, or asks the disk, without saying so.
    (".exists()", DISK),
    (".try_exists()", DISK),
    (".is_file()", DISK),
    (".is_dir()", DISK),
    (".is_symlink()", DISK),
    (".canonicalize()", DISK),
    (".read_dir()", DISK),
    (".read_link()", DISK),
    (".metadata()", DISK),
    (".symlink_metadata()", DISK),
    ("WalkBuilder", &[]),
    ("std::env", &["commands/"]),
    ("process::Command", &[]),
    ("std::thread", &["commands/", "project/walk.rs"]),
    ("std::net", &[]),
    ("println!", &[]),
    ("print!(", &[]),
    ("io::stdout", &["commands/screen.rs"]),
    ("io::stderr", &["commands/screen.rs"]),
    ("clap", &["cli", "commands/manual.rs", "commands/usage.rs", "main.rs"]),
    ("crossterm", &["commands/pager.rs"]),
    ("miette::", &["render/"]),
    ("serde_json::", &["render/"]),
    ("similar::", &["render/"]),
    ("tree_sitter", &["source/"]),
    ("toml_edit", &["lock.rs", "plan.rs", "project/", "requirement/dependency", "source/toml.rs"]),
    ("ignore::", &["project/walk.rs"]),
    ("sha1::", &["lock.rs", "project/uncommitted.rs"]),
    ("sha2::", &["apply/", "project/uncommitted.rs", "requirement/module.rs"]),
];

/// No file is longer, without its tests.
const LONGEST: usize = 500;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// Every source file: its path below `src/`, and its text without tests.
fn sources() -> Vec<(String, String)> {
    let src = root().join("src");
    files(&src)
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&src).expect("below src").to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).expect("text");
            let is_test =
                ["/tests.rs", "/testing.rs"].iter().any(|end| name.ends_with(end)) || name.contains("/tests/");
            let end = if is_test { 0 } else { text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len()) };
            (name, text[..end].to_owned())
        })
        .collect()
}

/// The code of a text, without comments.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(number, line)| (number + 1, line))
}

fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The module of a file, directly below `src/`.
fn module(file: &str) -> &str {
    file.split(['/', '.']).next().unwrap_or_default()
}

/// What is wrong with who uses whom, of these files.
fn upwards_and_circles(sources: &[(String, String)]) -> Vec<String> {
    let rank = |file: &str| LAYERS.iter().position(|layer| *layer == module(file));
    let arrows = Uses::read(sources).arrows();
    let up =
        arrows.iter().filter(|arrow| arrow.from != "lib.rs" && arrow.to != "project/path.rs").filter_map(|arrow| {
            let Arrow { from, line, to, path } = arrow;
            (rank(to) < rank(from))
                .then(|| format!("src/{from}:{line}: uses `{path}` of `{}`, which is above it", module(to)))
        });
    let round = circles(&arrows).into_iter().map(|circle| {
        let steps: Vec<String> =
            circle.iter().map(|step| format!("src/{}:{} uses `{}`", step.from, step.line, step.path)).collect();
        format!("a circle of files:\n    {}", steps.join("\n    "))
    });
    up.chain(round).collect()
}

#[test]
fn dependencies_point_downwards_and_never_round() {
    let sources = sources();
    let files = sources.iter().filter(|(file, _)| file != "lib.rs" && !LAYERS.contains(&module(file)));
    let mut wrong: Vec<String> = files
        .map(|(file, _)| format!("src/{file}: has no place among the layers of tests/tidy.rs and src/lib.rs"))
        .collect();
    wrong.extend(upwards_and_circles(&sources));
    assert_none(&wrong);
}

#[test]
fn what_points_upwards_or_round_is_seen_however_it_is_written() {
    let with = |file: &str, text: &str| {
        let mut sources = sources();
        let (_, old) = sources.iter_mut().find(|(name, _)| name == file).expect("such a file");
        old.insert_str(0, text);
        upwards_and_circles(&sources)
    };
    for text in [
        "use crate::plan::Plan;\n",
        "use crate::{\n    edit,\n    plan::{self, Plan as Other},\n};\n",
        "fn f() { drop(crate::plan::add); }\n",
        "use super::super::plan;\nfn f() { plan::add(); }\n",
        "use crate as house;\nfn f() -> house::plan::Plan {}\n",
    ] {
        let wrong = with("source/text.rs", text);
        assert!(wrong.iter().any(|wrong| wrong.contains("which is above it")), "{text}: {wrong:?}");
    }
    let wrong = with("requirement/side.rs", "use super::lifespan_call::LifespanCall;\n");
    assert!(wrong.iter().any(|wrong| wrong.starts_with("a circle of files")), "{wrong:?}");
    // Through the name that the head of the module gives it.
    let wrong = with("requirement/assessment.rs", "use super::requirements_of;\n");
    assert!(wrong.iter().any(|wrong| wrong.starts_with("a circle of files")), "{wrong:?}");
    // What is said in a comment or in a text is no use.
    assert_eq!(with("source/text.rs", "// crate::plan::Plan\nconst A: &str = \"crate::plan::Plan\";\n"), [""; 0]);
}

#[test]
fn the_map_names_every_module_in_its_order() {
    let map = fs::read_to_string(root().join("src/lib.rs")).expect("text");
    let rows: Vec<&str> =
        map.lines().filter_map(|line| line.strip_prefix("//! | ")).filter_map(|row| row.split('`').nth(1)).collect();
    let present: BTreeSet<String> =
        sources().into_iter().map(|(file, _)| file.split(['/', '.']).next().unwrap_or_default().to_owned()).collect();
    let expected: Vec<&str> = LAYERS.iter().copied().filter(|layer| present.contains(*layer)).collect();
    assert_eq!(rows, expected);
}

/// What is used of [`RESERVED`] where it does not belong.
fn reserved_elsewhere(sources: &[(String, String)]) -> Vec<String> {
    let uses = Uses::read(sources);
    let mut wrong = BTreeSet::new();
    for (file, text) in sources {
        // A `use` in full, so that no braces hide what it names.
        let written = uses.written(file);
        let written = written.iter().map(|(line, path)| (*line, path.as_str()));
        for (line, text) in code(text).chain(written) {
            for (what, places) in RESERVED {
                let is_word = text.find(what).is_some_and(|at| {
                    what.starts_with('.') || !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_')
                });
                if is_word && !places.iter().any(|place| file.starts_with(place)) {
                    wrong.insert(format!("src/{file}:{line}: `{what}` belongs to {places:?} alone"));
                }
            }
        }
    }
    wrong.into_iter().collect()
}

#[test]
fn what_is_reserved_is_used_only_where_it_belongs() {
    assert_none(&reserved_elsewhere(&sources()));
    for text in ["use std::{fs, io};", "fn f() { std::fs::read(p); }", "fn f(p: &Path) -> bool { p.exists() }"] {
        let found = reserved_elsewhere(&[("plan/add.rs".to_owned(), text.to_owned())]);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    let mut rust = Vec::new();
    for folder in ["src", "tests", "benches", "fuzz"] {
        if root().join(folder).is_dir() {
            rust.extend(files(&root().join(folder)));
        }
    }
    rust.push(root().join("build.rs"));
    let rust = rust.iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let lacking = rust.filter(|path| !fs::read_to_string(path).is_ok_and(|text| text.starts_with("//! ")));
    let mut wrong: Vec<String> = lacking.map(|path| format!("{}: does not open with `//!`", path.display())).collect();
    for path in files(&root().join("queries")) {
        if !fs::read_to_string(&path).is_ok_and(|text| text.starts_with(';')) {
            wrong.push(format!("{}: does not open with a comment", path.display()));
        }
    }
    assert_none(&wrong);
}

#[test]
fn templates_have_line_feeds_alone() {
    for path in files(&root().join("templates")) {
        let bytes = fs::read(&path).expect("bytes");
        assert!(!bytes.contains(&b'\r'), "{}: has CR line endings", path.display());
        assert!(bytes.ends_with(b"\n"), "{}: does not end with a line feed", path.display());
    }
}

#[test]
fn each_key_of_a_manifest_is_explained() {
    let page = fs::read_to_string(root().join("docs/components.md")).expect("text");
    let mut wrong = Vec::new();
    for (file, text) in sources().into_iter().filter(|(file, _)| file.starts_with("component/manifest/")) {
        let mut renamed: Option<&str> = None;
        for (line, code) in code(&text) {
            let code = code.trim();
            if let Some(name) = code.strip_prefix("#[serde(rename = \"") {
                renamed = name.split('"').next();
            }
            // A field of a table, or a row of `manifest!`.
            let field = code.strip_prefix("pub ").unwrap_or(code).split_once(": ").filter(|_| code.ends_with(','));
            let Some((field, _)) =
                field.filter(|(field, _)| field.chars().all(|next| next.is_lowercase() || next == '_'))
            else {
                continue;
            };
            let key = renamed.take().unwrap_or(field);
            // The build fills it in.
            let is_explained =
                [format!("{key} = "), format!("[[{key}]]"), format!("[service.{key}]"), format!("`{key}`")]
                    .iter()
                    .any(|written| page.contains(written));
            if key != "body" && !is_explained {
                wrong.push(format!("src/{file}:{line}: docs/components.md does not explain `{key}`"));
            }
        }
    }
    assert_none(&wrong);
}

#[test]
fn files_are_short() {
    let long =
        sources().into_iter().map(|(file, text)| (file, text.lines().count())).filter(|(_, lines)| *lines > LONGEST);
    let long: Vec<String> = long.map(|(file, lines)| format!("src/{file}: {lines} lines without tests")).collect();
    assert_none(&long);
}

#[test]
fn every_finding_has_a_page_that_says_something() {
    let mut wrong = Vec::new();
    for rule in RULES {
        let file = format!("docs/findings/{}.md", rule.code);
        if !rule.page.starts_with(&format!("# {}: {}\n", rule.code, rule.summary)) {
            wrong.push(format!("{file}: the heading is not `# {}: {}`", rule.code, rule.summary));
        }
        if rule.page.len() < 300 {
            wrong.push(format!("{file}: says next to nothing"));
        }
    }
    let known: BTreeSet<String> = RULES.iter().map(|rule| format!("{}.md", rule.code)).collect();
    for path in files(&root().join("docs/findings")) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !known.contains(&name) {
            wrong.push(format!("docs/findings/{name}: there is no such finding"));
        }
    }
    assert_none(&wrong);
}
