//! What the tests of the whole program share: copies of fixtures, running the program, and comparing whole trees byte for byte.
//!
//! What a machine lacks (git, strace, a terminal) is named by [`skip`], and with `PAXX_REQUIRE_ALL=1` it fails the test. With
//! `PAXX_FIXTURES`, a list of folders that hold projects, what walks the fixtures walks those too; with `PAXX_ONLY`, names
//! separated by commas, it walks only those.
#![allow(dead_code, reason = "each test binary uses its share")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests")]

pub mod picture;
pub mod terminal;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};
use std::{env, fs, thread};

use serde_json::Value;
use tempfile::TempDir;

/// The program.
pub const PAXX: &str = env!("CARGO_BIN_EXE_paxx");

/// What happened when the program ran.
#[derive(Debug, Clone)]
pub struct Output {
    /// The exit code; -1 where a signal ended it.
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Output {
    /// Is the exit code this one? Else it fails with all that was said.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "the exit code\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }

    /// Is all of this in what was said on standard error?
    #[track_caller]
    pub fn says(self, texts: &[&str]) -> Self {
        let flat = flat(&self.stderr);
        for text in texts {
            assert!(flat.contains(text), "`{text}` is not said\n--- stderr\n{}", self.stderr);
        }
        self
    }
}

/// Text without the breaks and frames that fit it to a width.
pub fn flat(text: &str) -> String {
    let words = text.split_whitespace().filter(|word| !matches!(*word, "│" | "·" | "╭────" | "╰────"));
    words.collect::<Vec<_>>().join(" ")
}

/// The program with these arguments, in `folder`, with an environment of its own.
pub fn paxx(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(PAXX);
    command.args(arguments).current_dir(folder);
    clean(&mut command);
    command
}

/// Takes out of the environment what would make a difference.
pub fn clean(command: &mut Command) {
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("GIT_")
            || text.starts_with("CARGO")
            || matches!(&*text, "NO_COLOR" | "LD_LIBRARY_PATH" | "COLUMNS")
            // What tells of a terminal that has links.
            || matches!(&*text, "CI" | "FORCE_HYPERLINK" | "DOMTERM" | "VTE_VERSION" | "TERM_PROGRAM" | "COLORTERM")
            || matches!(&*text, "WT_SESSION" | "KONSOLE_VERSION")
        {
            command.env_remove(&name);
        }
    }
    command.env("TERM", "xterm-256color").env("XDG_STATE_HOME", state()).stdin(Stdio::null());
}

/// The state folder of the user who is not there: one for each test process, so that no test writes into a real one.
pub fn state() -> &'static Path {
    static STATE: LazyLock<PathBuf> = LazyLock::new(|| {
        let prefix = "paxx-test-state-";
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { memory.to_owned() } else { env::temp_dir() };
        // Nothing runs when a test process ends; so the next one clears away.
        for entry in fs::read_dir(&folder).expect("read").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_over = |id: &str| Path::new("/proc/self").exists() && !Path::new("/proc").join(id).exists();
            if name.strip_prefix(prefix).is_some_and(is_over) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        let state = folder.join(format!("{prefix}{}", std::process::id()));
        fs::create_dir_all(&state).expect("created");
        state
    });
    &STATE
}

/// Runs a command to its end.
pub fn output(command: &mut Command) -> Output {
    let output = command.output().expect("the command runs");
    Output {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A project of `fixtures/`: a whole folder, and where in it the project is.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// The name of the folder, and of the project inside where it is not at the top: `monorepo/backend`.
    pub name: String,
    folder: PathBuf,
    below: String,
}

/// The folder of fixtures.
pub fn fixtures_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Every project of every fixture, found by walking, sorted; only those of `PAXX_ONLY`, if that is set.
pub fn fixtures() -> Vec<&'static Fixture> {
    let only = env::var("PAXX_ONLY").ok();
    let wanted = |fixture: &&Fixture| only.as_ref().is_none_or(|only| only.split(',').any(|name| name == fixture.name));
    let found: Vec<&Fixture> = every_fixture().iter().filter(wanted).collect();
    assert!(!found.is_empty(), "there are fixtures");
    found
}

/// All of them. Where there is no project at the top of a folder, the program names those below.
fn every_fixture() -> &'static [Fixture] {
    static FIXTURES: LazyLock<Vec<Fixture>> = LazyLock::new(|| {
        let more = env::var_os("PAXX_FIXTURES").unwrap_or_default();
        let more = env::split_paths(&more).filter(|path| !path.as_os_str().is_empty());
        let mut found = Vec::new();
        for folder in std::iter::once(fixtures_folder()).chain(more) {
            for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
                let folder = entry.expect("an entry").path();
                if folder.is_dir() {
                    found.extend(projects(&folder));
                }
            }
        }
        found.sort_by(|left, right| left.name.cmp(&right.name));
        found
    });
    &FIXTURES
}

/// The fixture of this name.
#[track_caller]
pub fn fixture(name: &str) -> &'static Fixture {
    every_fixture()
        .iter()
        .find(|fixture| fixture.name == name)
        .unwrap_or_else(|| panic!("there is no fixture `{name}`"))
}

fn projects(folder: &Path) -> Vec<Fixture> {
    let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
    let top = Fixture { name: name.clone(), folder: folder.to_owned(), below: String::new() };
    let output = Sandbox::plain(&top).paxx(&["infra", "add", "redis", "--dry-run"]);
    // The only one below is used, and said; of several, each has a command.
    let entered = output.stderr.split_once("this is about `").and_then(|(_, rest)| rest.split_once('`'));
    let named = output.stderr.lines().filter_map(|line| line.trim().strip_prefix("paxx -C "));
    let below: Vec<&str> = match entered {
        Some((only, _)) => vec![only],
        None if output.stderr.contains("PX001") => named.filter_map(|rest| rest.split(' ').next()).collect(),
        None => return vec![top],
    };
    assert!(!below.is_empty(), "fixture {name}: no project, and none is named below:\n{}", output.stderr);
    below
        .into_iter()
        .map(|below| Fixture { name: format!("{name}/{below}"), below: below.to_owned(), ..top.clone() })
        .collect()
}

/// The ids of all components, by the program.
pub fn components() -> &'static [String] {
    static COMPONENTS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let folder = temporary();
        let list = |noun: &str| {
            let listed = output(&mut paxx(folder.path(), &[noun, "list", "--format", "json"])).expect(0);
            let list: Value = serde_json::from_str(&listed.stdout).expect("JSON");
            let components = list["components"].as_array().expect("a list").iter();
            components.map(|entry| entry["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
        };
        let mut all = list("infra");
        all.extend(list("ext"));
        all.sort();
        assert!(all.len() >= 6, "{all:?}");
        all
    });
    &COMPONENTS
}

/// All that can be in one project: of components that replace the same image by different ones, the first.
pub fn together() -> Vec<&'static str> {
    let mut replaced = std::collections::BTreeSet::new();
    let mut is_first = |component: &&paxx::component::Component| {
        component.manifest.image.iter().all(|image| replaced.insert(image.replaces))
    };
    paxx::component::COMPONENTS
        .iter()
        .filter(|component| is_first(component))
        .map(paxx::component::Component::id)
        .collect()
}

/// A folder in memory, where it can be: thousands of syncs would take long. Nothing here depends on a disk.
pub fn temporary() -> TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    folder.expect("a folder")
}

/// A copy of a fixture in a folder of its own.
#[derive(Debug)]
pub struct Sandbox {
    _folder: TempDir,
    /// What trees and diffs are relative to: the top of the repository.
    pub top: PathBuf,
    /// Where the copy of the fixture is: `top`, or a folder below.
    pub copy: PathBuf,
    /// The project.
    pub project: PathBuf,
}

impl Sandbox {
    /// Outside of git.
    pub fn plain(fixture: &Fixture) -> Self {
        Self::below(fixture, "")
    }

    /// In a git repository of its own. Only where [`has_git`].
    pub fn repository(fixture: &Fixture) -> Self {
        let sandbox = Self::plain(fixture);
        sandbox.git(&["init", "-q"]);
        sandbox
    }

    /// In the folder `below` of a git repository. Only where [`has_git`].
    pub fn nested(fixture: &Fixture, below: &str) -> Self {
        let sandbox = Self::below(fixture, below);
        sandbox.git(&["init", "-q"]);
        sandbox
    }

    fn below(fixture: &Fixture, below: &str) -> Self {
        let folder = temporary();
        let top = fs::canonicalize(folder.path()).expect("there").join("repository");
        let copy = if below.is_empty() { top.clone() } else { top.join(below) };
        copy_folder(&fixture.folder, &copy);
        let project = if fixture.below.is_empty() { copy.clone() } else { copy.join(&fixture.below) };
        Self { _folder: folder, top, copy, project }
    }

    /// A project of these files, outside of git.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let folder = temporary();
        let top = fs::canonicalize(folder.path()).expect("there").join("repository");
        fs::create_dir(&top).expect("created");
        let sandbox = Self { _folder: folder, copy: top.clone(), project: top.clone(), top };
        for (path, text) in files {
            sandbox.write(path, text);
        }
        sandbox
    }

    /// Runs the program in the project.
    pub fn paxx(&self, arguments: &[&str]) -> Output {
        output(&mut paxx(&self.project, arguments))
    }

    /// Runs git at the top of the repository; it must succeed.
    #[track_caller]
    pub fn git(&self, arguments: &[&str]) -> String {
        let output = output(git(&self.top).args(arguments));
        assert_eq!(output.code, 0, "git {arguments:?}\n{}", output.stderr);
        output.stdout
    }

    /// Commits all there is.
    pub fn commit(&self) {
        self.git(&["add", "-A", "-f", "."]);
        self.git(&["commit", "-q", "-m", "Before"]);
    }

    /// The tree below the top, `.paxx/` and `.git/` aside.
    pub fn tree(&self) -> Tree {
        tree(&self.top)
    }

    /// A file of the project.
    #[track_caller]
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.project.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Writes a file of the project, and the folders that it needs.
    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.project.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        fs::write(path, bytes).expect("written");
    }

    /// The components that are installed, by `paxx.lock`.
    pub fn installed(&self) -> Vec<String> {
        let Ok(text) = fs::read_to_string(self.project.join("paxx.lock")) else { return Vec::new() };
        let lock: toml_edit::Document<String> = text.parse().expect("TOML");
        let components = lock["component"].as_array_of_tables().expect("components");
        components.iter().map(|entry| entry["name"].as_str().expect("a name").to_owned()).collect()
    }
}

/// Git in `folder`, with no configuration but what it needs.
pub fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    clean(&mut command);
    command.current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    command.args(["-c", "core.autocrlf=false", "-c", "user.name=Nobody", "-c", "user.email=nobody@example.org"]);
    command.args(["-c", "init.defaultBranch=main"]);
    command
}

/// Is there git here? Names what is skipped where not.
pub fn has_git() -> bool {
    has_program("git")
}

/// Can this program be run? Names what is skipped where not.
pub fn has_program(name: &str) -> bool {
    let run =
        Command::new(name).arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let there = run.is_ok_and(|status| status.success());
    if !there {
        skip(name);
    }
    there
}

/// Names what this test lacks, so that it does not (wholly) run; fails where nothing may be skipped.
pub fn skip(what: &str) {
    let test = thread::current().name().unwrap_or("a test").to_owned();
    let binary =
        env::current_exe().ok().and_then(|path| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    let binary = binary.unwrap_or_default();
    let binary = binary.rsplit_once('-').map_or(binary.as_str(), |(name, _)| name);
    let line = format!("skipped: {binary}::{test}: {what} is missing");
    assert!(env::var_os("PAXX_REQUIRE_ALL").is_none_or(|value| value != "1"), "{line}");
    // Past the capturing of the test harness.
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{line}\n").as_bytes());
}

/// Copies a folder with all there is in it.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("created");
    for entry in fs::read_dir(from).expect("read") {
        let entry = entry.expect("an entry");
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().expect("a type");
        if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&source).expect("a link"), &target).expect("linked");
        } else if kind.is_dir() {
            copy_folder(&source, &target);
        } else {
            fs::copy(&source, &target).expect("copied");
        }
    }
}

/// What is at a path.
#[derive(Clone, PartialEq, Eq)]
pub enum Entry {
    File {
        bytes: Vec<u8>,
        executable: bool,
    },
    Link(PathBuf),
    Folder,
    /// A pipe or a socket, which is not opened.
    Special,
}

/// Everything below a folder, by its path.
pub type Tree = BTreeMap<PathBuf, Entry>;

/// Everything below `top`, what the program and git keep for themselves aside.
pub fn tree(top: &Path) -> Tree {
    let mut found = Tree::new();
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("read") {
            let path = entry.expect("an entry").path();
            let metadata = fs::symlink_metadata(&path).expect("there");
            if metadata.is_dir() && path.file_name().is_some_and(|name| name == ".paxx" || name == ".git") {
                continue;
            }
            let entry = if metadata.is_symlink() {
                Entry::Link(fs::read_link(&path).expect("a link"))
            } else if metadata.is_dir() {
                folders.push(path.clone());
                Entry::Folder
            } else if !metadata.is_file() {
                Entry::Special
            } else {
                Entry::File {
                    bytes: fs::read(&path).expect("read"),
                    executable: metadata.permissions().mode() & 0o100 != 0,
                }
            };
            found.insert(path.strip_prefix(top).expect("below").to_owned(), entry);
        }
    }
    found
}

/// How a tree differs from the one that is expected; `None` where not a byte does.
pub fn difference(expected: &Tree, found: &Tree) -> Option<String> {
    if expected == found {
        return None;
    }
    let mut text = String::new();
    let paths: std::collections::BTreeSet<&PathBuf> = expected.keys().chain(found.keys()).collect();
    for path in paths {
        let shown = path.display();
        match (expected.get(path), found.get(path)) {
            (left, right) if left == right => {}
            (Some(_), None) => drop(writeln!(text, "{shown} is missing")),
            (None, Some(_)) => drop(writeln!(text, "{shown} is there too")),
            (
                Some(Entry::File { bytes: left, executable: was }),
                Some(Entry::File { bytes: right, executable: is }),
            ) => {
                if was != is {
                    let _ = writeln!(text, "{shown}: executable is {is}, not {was}");
                }
                let first = left
                    .iter()
                    .zip(right)
                    .position(|(left, right)| left != right)
                    .unwrap_or(left.len().min(right.len()));
                if left != right {
                    let near = |bytes: &[u8]| {
                        let range = first.saturating_sub(30)..(first + 60).min(bytes.len());
                        String::from_utf8_lossy(&bytes[range]).into_owned()
                    };
                    let _ = writeln!(
                        text,
                        "{shown}: from byte {first}: expected {:?}, found {:?}",
                        near(left),
                        near(right)
                    );
                }
            }
            _ => drop(writeln!(text, "{shown} is something else")),
        }
    }
    Some(text)
}

/// Are two trees the same, to the byte?
#[track_caller]
pub fn assert_same(expected: &Tree, found: &Tree, when: &str) {
    if let Some(difference) = difference(expected, found) {
        panic!("{when}:\n{difference}");
    }
}

/// Does all the work on as many threads as there are cores; fails with all that went wrong.
#[track_caller]
pub fn for_each<T: Sync>(work: &[T], check: impl Fn(&T) -> Result<(), String> + Sync) {
    let next = AtomicUsize::new(0);
    let complaints = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(item) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(complaint) = check(item) {
                        complaints.lock().expect("no panic").push(complaint);
                    }
                }
            });
        }
    });
    let complaints = complaints.into_inner().expect("no panic");
    assert!(complaints.is_empty(), "{} of {} are wrong:\n\n{}", complaints.len(), work.len(), complaints.join("\n\n"));
}

/// Numbers that look random, the same for the same seed.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// From `PAXX_SEED` or the time; printed, so that a failure can be repeated.
    pub fn new(what: &str) -> Self {
        let time = || {
            std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .map_or(1, |time| u64::from(time.subsec_nanos()))
        };
        let seed = env::var("PAXX_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(time);
        println!("{what}: PAXX_SEED={seed}");
        Self::from(seed)
    }

    pub fn from(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("it is short") % end
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
