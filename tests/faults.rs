//! Every file operation of applying fails once, and the process is killed at every one of them: afterwards there is the old
//! tree or the new one, and the next run works.
//!
//! The faults come from outside, by `strace -e inject`, so that there is no hook for them in the program. What runs is this
//! very program with `--child`; to test another command, change [`command`] and what [`Scene`] makes.
//!
//! It has no test harness, because the child must be a process with one thread: strace counts calls thread by thread.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use paxx::apply::{ApplyError, Change, Contents, FileChange, Place, apply, recover, undo_changes};
use paxx::project::FilePath;

/// The system calls that change files, or wait for them, under the names that they have on any platform.
const CALLS: &str = "?open,?openat,?creat,?write,?pwrite64,?fsync,?fdatasync,?rename,?renameat,?renameat2,?link,?linkat,\
    ?unlink,?unlinkat,?mkdir,?mkdirat,?rmdir,?ftruncate,?chmod,?fchmod,?fchmodat,?fchmodat2,?chown,?fchown,?fchownat,\
    ?flock,?fcntl";

const ERRORS: [&str; 3] = ["ENOSPC", "EACCES", "EIO"];

/// A file system that cannot swap names: the way that then is taken instead has its own faults.
const NO_SWAP: &[&str] = &["inject=?renameat2:error=EINVAL"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--child", verb, folder] => child(verb, Path::new(folder)),
        _ if arguments.iter().any(|argument| argument == "--list") => {
            println!("faults: test");
            ExitCode::SUCCESS
        }
        _ => matrix(),
    }
}

/// The command under test, for one project.
fn command(verb: &str, project: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--child", verb]).arg(project);
    command
}

/// The child: 0 where it is done, 2 where nothing was done, 3 where it could not be taken back.
fn child(verb: &str, folder: &Path) -> ExitCode {
    let place = Place::new(folder, folder.join("backend/.paxx"));
    let result = match verb {
        "apply" => apply(&place, &change(), &|| false).map(drop),
        "recover" => recover(&place).map(drop),
        "undo" => undo_changes(&place).and_then(|change| apply(&place, &change, &|| false)).map(drop),
        _ => return ExitCode::from(64),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::from(if matches!(error, ApplyError::Unfinished { .. }) { 3 } else { 2 })
        }
    }
}

/// Two folders, two new files, three that change (one in its mode alone), one that goes with its folder.
fn change() -> Change {
    let file = |path: &str, before: Option<(&[u8], bool)>, after: Option<(&[u8], bool)>| FileChange {
        path: FilePath::new(path).expect("inside"),
        before: before.map(|(bytes, executable)| Contents { bytes: bytes.into(), executable }),
        after: after.map(|(bytes, executable)| Contents { bytes: bytes.into(), executable }),
    };
    Change {
        label: "paxx infra add redis".to_owned(),
        root: FilePath::new("backend").expect("inside"),
        undo: false,
        files: vec![
            file("backend/config.py", Some((b"a = 1\n", false)), Some((b"a = 1\nb = 2\n", false))),
            file("compose.yml", Some((b"services:\r\n", false)), Some((b"services:\r\n  redis:", false))),
            file("backend/run.sh", Some((b"#!/bin/sh\n", true)), Some((b"#!/bin/sh\n", false))),
            file("backend/app/services/__init__.py", None, Some((b"", false))),
            file("backend/app/services/cache.py", None, Some((b"cache\n", false))),
            file("backend/old/gone.py", Some((b"gone\n", false)), None),
        ],
    }
}

/// A project in a folder of its own.
struct Scene(tempfile::TempDir);

impl Scene {
    fn new() -> Self {
        // In memory, where it can be: thousands of syncs would take long. Nothing here depends on a disk.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let scene = Self(folder.expect("a folder"));
        for file in change().files {
            let Some(before) = file.before else { continue };
            let full = scene.path().join(file.path.as_str());
            fs::create_dir_all(full.parent().expect("a parent")).expect("created");
            fs::write(&full, &before.bytes).expect("written");
            let mode = if before.executable { 0o750 } else { 0o640 };
            fs::set_permissions(&full, fs::Permissions::from_mode(mode)).expect("set");
        }
        scene
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// The whole tree, `.paxx` aside.
    fn tree(&self) -> Tree {
        let mut tree = Tree::new();
        walk(self.path(), self.path(), &mut tree);
        tree
    }

    fn run(&self, verb: &str) -> i32 {
        let output = command(verb, self.path()).output().expect("the command runs");
        output.status.code().unwrap_or(-1)
    }

    /// Runs a verb with faults.
    fn run_with(&self, verb: &str, faults: &[String]) -> Option<i32> {
        let mut strace = strace();
        strace.args(["-o", "/dev/null"]);
        for fault in faults {
            strace.args(["-e", fault]);
        }
        let command = command(verb, self.path());
        strace.arg(command.get_program()).args(command.get_args());
        strace.stderr(Stdio::null()).status().expect("strace runs").code()
    }
}

type Tree = BTreeMap<PathBuf, (u32, Vec<u8>)>;

fn walk(top: &Path, folder: &Path, tree: &mut Tree) {
    for entry in fs::read_dir(folder).expect("read") {
        let path = entry.expect("an entry").path();
        let name = path.strip_prefix(top).expect("below").to_owned();
        let metadata = fs::symlink_metadata(&path).expect("there");
        if !metadata.is_dir() {
            tree.insert(name, (metadata.mode() & 0o7777, fs::read(&path).expect("read")));
        } else if path.file_name().is_some_and(|name| name != ".paxx") {
            tree.insert(name, (0, Vec::new()));
            walk(top, &path, tree);
        }
    }
}

/// How often a clean run makes each system call.
fn count(scene: &Scene, verb: &str, always: &[&str]) -> BTreeMap<String, usize> {
    let log = tempfile::NamedTempFile::new().expect("a file");
    let mut strace = strace();
    strace.args(["-e", &format!("trace={CALLS}"), "-o"]).arg(log.path());
    for fault in always {
        strace.args(["-e", fault]);
    }
    let command = command(verb, scene.path());
    strace.arg(command.get_program()).args(command.get_args());
    let status = strace.status().expect("strace runs");
    assert!(status.success(), "a clean run of {verb} succeeds");
    let mut counts = BTreeMap::new();
    for line in fs::read_to_string(log.path()).expect("read").lines() {
        // `12345 openat(AT_FDCWD, ...`
        let Some((_, call)) = line.split_once(' ') else { continue };
        let Some((name, _)) = call.trim_start().split_once('(') else { continue };
        if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            *counts.entry(name.to_owned()).or_default() += 1;
        }
    }
    counts
}

/// One thing that goes wrong.
#[derive(Debug, Clone)]
struct Fault {
    inject: String,
    kills: bool,
    call: String,
}

/// A kill at every call of a clean run, each of its calls failing in each way, and each failing from there on.
fn faults(counts: &BTreeMap<String, usize>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (call, count) in counts {
        for number in 1..=*count {
            let mut add = |inject: String, kills| faults.push(Fault { inject, kills, call: call.clone() });
            add(format!("inject={call}:signal=SIGKILL:when={number}"), true);
            for error in ERRORS {
                add(format!("inject={call}:error={error}:when={number}"), false);
            }
            add(format!("inject={call}:error=ENOSPC:when={number}+"), false);
        }
    }
    faults
}

/// What is tested: `verb` with faults on a project on which `earlier` was run before, the last of it with a fault too.
struct Round<'a> {
    name: &'a str,
    earlier: Vec<(&'a str, Option<String>)>,
    verb: &'a str,
    always: &'a [&'a str],
    /// The tree that is there before, and the one afterwards.
    old: &'a Tree,
    new: &'a Tree,
}

impl Round<'_> {
    fn scene(&self) -> Scene {
        let scene = Scene::new();
        for (verb, fault) in &self.earlier {
            match fault {
                None => assert_eq!(scene.run(verb), 0, "{verb} succeeds"),
                Some(fault) => {
                    let mut faults: Vec<String> = self.always.iter().map(|fault| (*fault).to_owned()).collect();
                    faults.push(fault.clone());
                    scene.run_with(verb, &faults);
                }
            }
        }
        scene
    }

    /// Tries every fault; the number of points, and what went wrong.
    fn run(&self) -> (usize, Vec<String>) {
        let start = Instant::now();
        let counts = count(&self.scene(), self.verb, self.always);
        let faults = faults(&counts);
        let points: usize = counts.values().sum();
        let kills = faults.iter().filter(|fault| fault.kills).count();
        assert_eq!(kills, points, "the points tried are the operations counted");
        let next = AtomicUsize::new(0);
        let complaints: Vec<String> = std::thread::scope(|scope| {
            let worker = || {
                let mut complaints = Vec::new();
                while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                    complaints.extend(self.check(fault));
                }
                complaints
            };
            let workers: Vec<_> = (0..2).map(|_| scope.spawn(worker)).collect();
            workers.into_iter().flat_map(|worker| worker.join().expect("a worker ends")).collect()
        });
        println!(
            "{}: {points} operations counted, {kills} kills and {} errors tried in {:.1} s ({})",
            self.name,
            faults.len() - kills,
            start.elapsed().as_secs_f32(),
            counts.iter().map(|(call, count)| format!("{call} {count}")).collect::<Vec<_>>().join(", ")
        );
        (faults.len(), complaints)
    }

    /// One fault; what is wrong afterwards.
    fn check(&self, fault: &Fault) -> Option<String> {
        let scene = self.scene();
        let mut injected: Vec<String> = self.always.iter().map(|fault| (*fault).to_owned()).collect();
        // A second rule for the same call would replace the first.
        injected.retain(|rule| !rule.contains(&format!("?{}:", fault.call)));
        injected.push(fault.inject.clone());
        let code = scene.run_with(self.verb, &injected);
        let wrong = |what: &str| {
            Some(format!("{}: {}: exit {code:?}: {what}\n{:#?}", self.name, fault.inject, scene.tree().keys()))
        };
        let tree = scene.tree();
        let settled = self.earlier.last().is_none_or(|(_, fault)| fault.is_none());
        match code {
            Some(0) if self.verb != "recover" && only_files(&tree) != only_files(self.new) => {
                return wrong("it said that it was done, and it was not");
            }
            Some(2) if settled && tree != *self.old => {
                return wrong("it said that nothing was done, and something was");
            }
            _ => {}
        }
        if scene.run("recover") != 0 {
            return wrong("the next start fails");
        }
        let tree = scene.tree();
        if tree != *self.old && tree != *self.new {
            return wrong("neither the old tree nor the new one");
        }
        if code == Some(0) && tree != *self.new {
            return wrong("it said that it was done, and the next start took it back");
        }
        // The next run: the same again where it was taken back, else its opposite.
        let (verb, expected) = match (self.verb, tree == *self.new) {
            ("recover", _) => return None,
            (verb, false) => (verb, self.new),
            ("apply", true) => ("undo", self.old),
            (_, true) => ("apply", self.old),
        };
        if scene.run(verb) != 0 {
            return wrong("the next run fails");
        }
        if scene.tree() != *expected {
            return wrong("the next run does not do its work");
        }
        None
    }
}

/// A tree without what the next start clears away: old files, and folders that became empty.
fn only_files(tree: &Tree) -> Tree {
    let is_file = |(path, (mode, _)): &(&PathBuf, &(u32, Vec<u8>))| *mode != 0 && !is_ours(path);
    tree.iter().filter(is_file).map(|(path, file)| (path.clone(), file.clone())).collect()
}

fn is_ours(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".paxx-"))
}

/// Strace, with none of cargo's search paths: looking through them would be most of what a child does.
fn strace() -> Command {
    let mut strace = Command::new("strace");
    strace.env_remove("LD_LIBRARY_PATH").stdout(Stdio::null()).args(["-f", "-qq"]);
    strace
}

fn matrix() -> ExitCode {
    if Command::new("strace").arg("--version").stdout(Stdio::null()).status().is_err() {
        println!("faults: skipped, because there is no `strace` here");
        return if std::env::var_os("CI").is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    }
    let scene = Scene::new();
    let old = scene.tree();
    assert_eq!(scene.run("apply"), 0);
    let new = scene.tree();
    assert!(old != new && !new.keys().any(|path| is_ours(path)));
    assert_eq!(scene.run("undo"), 0);
    assert!(scene.tree() == old, "undo restores the old tree");

    let swaps = change().files.len();
    let killed = |call: &str, number: usize| Some(format!("inject={call}:signal=SIGKILL:when={number}"));
    let apply = |name, always| Round { name, earlier: Vec::new(), verb: "apply", always, old: &old, new: &new };
    let recover = |name, always, fault| Round {
        name,
        earlier: vec![("apply", fault)],
        verb: "recover",
        always,
        old: &old,
        new: &old,
    };
    let rounds = [
        apply("apply", &[]),
        apply("apply, no swapping of names", NO_SWAP),
        Round { name: "undo", earlier: vec![("apply", None)], verb: "undo", always: &[], old: &new, new: &old },
        recover("roll back after a kill amid the swaps", &[], killed("renameat2", swaps - 2)),
        recover("roll back after a kill at the last swap", &[], killed("renameat2", swaps)),
        recover("roll back after a kill, no swapping of names", NO_SWAP, killed("linkat", 2)),
        Round { old: &new, new: &new, ..recover("finish after a kill", &[], killed("unlink", 2)) },
    ];
    let mut total = 0;
    let mut complaints = Vec::new();
    for round in &rounds {
        let (tried, wrong) = round.run();
        total += tried;
        complaints.extend(wrong);
    }
    for complaint in complaints.iter().take(20) {
        println!("{complaint}");
    }
    println!("faults: {total} tried, {} wrong", complaints.len());
    if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
