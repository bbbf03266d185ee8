//! Projects before and after a command, compared byte by byte: `tests/cases/README.md` says what a case is made of.
//!
//! `BLESS=1 cargo test --test cases` writes what happens as what is expected; read it before you commit it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use paxx::component::registry::with_required;
use paxx::component::{COMPONENTS, Component};

/// What a file is: its bytes, or where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    File(Vec<u8>),
    Link(PathBuf),
}

type Tree = BTreeMap<String, Entry>;

fn read(folder: &Path) -> Tree {
    fn walk(top: &Path, folder: &Path, tree: &mut Tree) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = path.strip_prefix(top).expect("below").to_string_lossy().into_owned();
            if path.is_symlink() {
                tree.insert(name, Entry::Link(fs::read_link(&path).expect("a link")));
            } else if !path.is_dir() {
                tree.insert(name, Entry::File(fs::read(&path).expect("a file")));
            } else if entry.file_name() != ".git" && entry.file_name() != ".paxx" {
                walk(top, &path, tree);
            }
        }
    }
    let mut tree = Tree::new();
    walk(folder, folder, &mut tree);
    tree
}

fn write(folder: &Path, tree: &Tree) {
    for (name, entry) in tree {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        match entry {
            Entry::File(bytes) => fs::write(&path, bytes).expect("written"),
            Entry::Link(target) => symlink(target, &path).expect("linked"),
        }
    }
}

fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect()
}

/// What the last command of a case did.
struct Outcome {
    tree: Tree,
    stdout: String,
    stderr: String,
    exit: i32,
    /// What is wrong with what later commands make of it.
    later: Vec<String>,
}

/// The state folder of the user who runs the cases.
fn state() -> &'static Path {
    static STATE: LazyLock<PathBuf> = LazyLock::new(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("cases-state"));
    &STATE
}

fn paxx(current: &Path, arguments: &[&str]) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paxx"));
    command.args(arguments).current_dir(current).env_remove("NO_COLOR").env("XDG_STATE_HOME", state());
    command.output().expect("a run")
}

fn run(case: &Path) -> Outcome {
    let folder = tempfile::tempdir().expect("a folder");
    let project = fs::canonicalize(folder.path()).expect("a path").join("project");
    fs::create_dir_all(project.join(".git")).expect("created");
    let before = read(&case.join("before"));
    write(&project, &before);
    let mut outcome =
        Outcome { tree: Tree::new(), stdout: String::new(), stderr: String::new(), exit: 0, later: Vec::new() };
    let mut current = project.clone();
    let commands = lines(&case.join("command"));
    let mut last: Vec<&str> = Vec::new();
    for line in &commands {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["cd", path] => current = project.join(path),
            ["protect", path] => {
                fs::set_permissions(project.join(path), fs::Permissions::from_mode(0o444)).expect("protected");
            }
            ["append", path, ..] => {
                let text = line.splitn(3, ' ').nth(2).expect("a text");
                let old = fs::read_to_string(project.join(path)).expect("a file");
                fs::write(project.join(path), format!("{old}{text}\n")).expect("written");
            }
            ["paxx", arguments @ ..] => {
                last = arguments.to_vec();
                let output = paxx(&current, arguments);
                let text =
                    |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&*project.to_string_lossy(), "[project]");
                outcome.stdout = text(&output.stdout);
                outcome.stderr = text(&output.stderr);
                outcome.exit = output.status.code().unwrap_or(-1);
            }
            _ => panic!("{}: {line:?} is no command", case.display()),
        }
    }
    outcome.tree = read(&project);
    if outcome.exit == 0 && last.contains(&"add") {
        let reversible = !case.join("one-way").exists();
        outcome.later = afterwards(&project, &current, &last, &outcome.tree, Some(&before).filter(|_| reversible));
    }
    if outcome.exit == 2 {
        outcome.later = refusal(&current, &outcome.stderr);
    }
    outcome
}

/// The commands of a refusal run as they are pasted.
fn refusal(current: &Path, said: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for command in said.lines().filter_map(|line| line.strip_prefix("    paxx ")) {
        let words = command.split(" #").next().unwrap_or_default().split_whitespace();
        let words = words.filter(|word| !matches!(*word, "--yes" | "-y"));
        let done = paxx(current, &words.chain(["--dry-run"]).collect::<Vec<&str>>());
        let again = String::from_utf8_lossy(&done.stderr).into_owned();
        // Another reason may stand behind the question; the question itself is answered, and the words are right.
        let is_answered = done.status.success() || (again.contains("error[PX") && again != said);
        if !is_answered {
            wrong.push(format!("`paxx {command}` does not run as it is printed:\n{again}"));
        }
    }
    wrong
}

/// After an `add`: the same again changes nothing, `check` is clean, and `remove` leads back.
fn afterwards(project: &Path, current: &Path, add: &[&str], after: &Tree, before: Option<&Tree>) -> Vec<String> {
    let mut wrong = Vec::new();
    if !paxx(current, add).status.success() || read(project) != *after {
        wrong.push("the same command again changes something".to_owned());
    }
    let check = paxx(current, &["check"]);
    if !check.status.success() {
        wrong.push(format!("`check` finds\n{}", String::from_utf8_lossy(&check.stdout)));
    }
    let named =
        add.iter().skip_while(|word| **word != "add").filter_map(|name| Component::find(name)).collect::<Vec<_>>();
    let all = with_required(&named);
    let names = all.iter().map(|(component, _)| component.id());
    let remove: Vec<&str> = ["infra", "remove", "--yes"].into_iter().chain(names).collect();
    let removed = paxx(current, &remove);
    let Some(before) = before else { return wrong };
    let left = read(project);
    for name in left.keys().chain(before.keys().filter(|name| !left.contains_key(*name))) {
        let (old, new) = (before.get(name), left.get(name));
        if old != new {
            let [old, new] = [old, new].map(|entry| entry.map(words).unwrap_or_default());
            wrong.push(format!("after `remove`, `{name}` is not as it was:\n{}", difference(&old, &new)));
        }
    }
    if !removed.status.success() {
        wrong.push(format!("`remove` fails: {}", String::from_utf8_lossy(&removed.stderr)));
    }
    wrong
}

fn words(entry: &Entry) -> String {
    match entry {
        Entry::File(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Entry::Link(target) => format!("-> {}", target.display()),
    }
}

/// What is not as the case says, in words.
fn compare(case: &Path, outcome: &Outcome) -> Vec<String> {
    let mut wrong = Vec::new();
    let generated = lines(&case.join("generated"));
    let after = case.join("after");
    let expected = read(&if after.exists() { after } else { case.join("before") });
    for name in generated.iter().filter(|name| !outcome.tree.contains_key(*name)) {
        wrong.push(format!("`{name}` was not generated"));
    }
    for name in expected.keys().chain(outcome.tree.keys().filter(|name| !expected.contains_key(*name))) {
        match (expected.get(name), outcome.tree.get(name)) {
            (None, Some(_)) if generated.contains(name) => {}
            (None, Some(_)) => wrong.push(format!("`{name}` is not expected")),
            (Some(_), None) => wrong.push(format!("`{name}` is missing")),
            (Some(left), Some(right)) if left != right => {
                wrong.push(format!("`{name}`:\n{}", difference(&words(left), &words(right))));
            }
            _ => {}
        }
    }
    let exit: i32 = lines(&case.join("exit")).first().map_or(0, |line| line.parse().expect("a number"));
    if exit != outcome.exit {
        wrong.push(format!("exit code {} instead of {exit}\n{}", outcome.exit, outcome.stderr));
    }
    for (name, text) in [("stdout", &outcome.stdout), ("stderr", &outcome.stderr)] {
        if let Ok(expected) = fs::read_to_string(case.join(name))
            && expected != *text
        {
            wrong.push(format!("{name}:\n{}", difference(&expected, text)));
        }
    }
    wrong
}

fn difference(left: &str, right: &str) -> String {
    let diff = similar::TextDiff::from_lines(left, right);
    let changes = diff.iter_all_changes().filter(|change| change.tag() != similar::ChangeTag::Equal);
    changes.map(|change| format!("  {}{:?}\n", change.tag(), change.value())).collect()
}

/// Writes what happened as what is expected: `after` where something changed, `stdout` and `stderr` where it did not end well.
fn bless(case: &Path, outcome: &Outcome) {
    let before = read(&case.join("before"));
    let after = case.join("after");
    if after.exists() {
        fs::remove_dir_all(&after).expect("removed");
    }
    let is_generated = |name: &str| {
        let is_ours = name.ends_with("/__init__.py")
            || name.ends_with("paxx.lock")
            || COMPONENTS.iter().any(|component| {
                component.manifest.module.iter().any(|module| name.ends_with(&format!("services/{}", module.path)))
            });
        is_ours && !before.contains_key(name)
    };
    let put = |name: &str, text: String| {
        let path = case.join(name);
        if text.is_empty() {
            let _ = fs::remove_file(path);
        } else {
            fs::write(path, text).expect("written");
        }
    };
    let (generated, rest): (Tree, Tree) = outcome.tree.clone().into_iter().partition(|(name, _)| is_generated(name));
    if rest != before {
        write(&after, &rest);
    }
    put("generated", generated.keys().map(|name| format!("{name}\n")).collect());
    let ended_well = outcome.exit == 0;
    put("exit", if ended_well { String::new() } else { format!("{}\n", outcome.exit) });
    put("stdout", if ended_well { String::new() } else { outcome.stdout.clone() });
    put("stderr", if ended_well { String::new() } else { outcome.stderr.clone() });
}

#[test]
fn every_case_gives_what_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let below = |folder: &Path| -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = fs::read_dir(folder)
            .expect("a folder")
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.is_dir())
            .collect();
        folders.sort();
        folders
    };
    let chosen = std::env::var("CASE").unwrap_or_default();
    let mut failures = Vec::new();
    let cases = below(&folder).iter().flat_map(|verb| below(verb)).collect::<Vec<_>>();
    for case in cases.iter().filter(|case| case.to_string_lossy().contains(&chosen)) {
        let outcome = run(case);
        if std::env::var_os("BLESS").is_some() {
            bless(case, &outcome);
        }
        for wrong in compare(case, &outcome).iter().chain(&outcome.later) {
            failures.push(format!("{}: {wrong}", case.strip_prefix(&folder).expect("below").display()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
