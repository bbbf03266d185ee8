//! Every file operation of the program fails, and the program is killed at every one of them: afterwards there is the old tree
//! or the new one, never a mixture, and the next run works.
//!
//! The faults come from outside, by `strace -e inject`, so that there is no hook for them in the program. A clean run under
//! strace tells which calls change something in the project or in the user's state folder; each of them is one point. Two components at once, on three
//! projects: `add`, and `remove`, `undo` and the recovery after a kill on one of them. The program is killed at every point;
//! in which way a point fails goes round, and at some of them it gets a SIGTERM. With `PAXX_LONG=1` all components are added, and every point
//! fails in every way, also from there on for good, on every project, and where the file system cannot swap names. `PAXX_ONLY` names the projects to try.
//!
//! It has no test harness, so that it can say how many points there were, and use every core.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use common::{Entry, Fixture, PAXX, Sandbox, Tree, clean, difference, fixture, skip, temporary, together, tree};
use sha2::{Digest as _, Sha256};

/// The system calls that change files, under the names that they have on any platform.
const CALLS: &str = "?open,?openat,?openat2,?creat,?write,?pwrite64,?fsync,?fdatasync,?rename,?renameat,?renameat2,?link,?linkat,\
    ?unlink,?unlinkat,?mkdir,?mkdirat,?rmdir,?ftruncate,?chmod,?fchmod,?fchmodat,?fchmodat2,?chown,?fchown,?fchownat,\
    ?flock,?fcntl";

const ERRORS: [&str; 3] = ["ENOSPC", "EACCES", "EIO"];

/// A file system that cannot swap names: the way that then is taken instead has its own faults.
const NO_SWAP: &str = "inject=?renameat2:error=EINVAL";

const FIXTURES: [&str; 3] = ["bootstrapped", "package-upper", "requirements"];

/// Components that change, make and delete files in every way that there is: the steps of all at once are more of the same.
const SHORT: [&str; 2] = ["redis", "metrics"];

fn is_long() -> bool {
    std::env::var_os("PAXX_LONG").is_some()
}

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--list") {
        println!("faults: test");
        return ExitCode::SUCCESS;
    }
    let traced = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    if !traced.is_ok_and(|status| status.success()) {
        skip("strace that may trace");
        return ExitCode::SUCCESS;
    }
    let start = Instant::now();
    let full = is_long();
    let mut total = Tally::default();
    let only = std::env::var("PAXX_ONLY").ok();
    for (number, name) in FIXTURES.iter().enumerate() {
        if only.as_ref().is_some_and(|only| !only.split(',').any(|wanted| wanted == *name)) {
            continue;
        }
        let project = Project::new(fixture(name));
        let ways = if full { Ways::All } else { Ways::Every { third: number } };
        total.take(project.add(ways, false).run());
        if full {
            total.take(project.add(Ways::All, true).run());
        }
        if full || number == 1 {
            let ways = if full { Ways::All } else { Ways::Kill };
            total.take(project.remove(ways).run());
            total.take(project.undo(ways).run());
            for round in project.recoveries(ways) {
                total.take(round.run());
            }
        }
    }
    for complaint in total.complaints.iter().take(20) {
        println!("{complaint}\n");
    }
    println!(
        "faults: {} operations, {} kills and {} errors tried, {} wrong, in {:.0} s",
        total.points,
        total.kills,
        total.errors,
        total.complaints.len(),
        start.elapsed().as_secs_f32()
    );
    if total.complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[derive(Debug, Default)]
struct Tally {
    points: usize,
    kills: usize,
    errors: usize,
    complaints: Vec<String>,
}

impl Tally {
    fn take(&mut self, other: Self) {
        self.points += other.points;
        self.kills += other.kills;
        self.errors += other.errors;
        self.complaints.extend(other.complaints);
    }
}

/// In which ways the points of a round go wrong, besides that the program is killed at each.
#[derive(Debug, Clone, Copy)]
enum Ways {
    /// In none.
    Kill,
    /// Every third point fails, in a way that goes round; the three projects together fail at each.
    Every { third: usize },
    /// Every point in every way, and from there on for good.
    All,
}

/// A project as it is before `add` and after it, `.paxx` with it.
struct Project {
    name: String,
    before: Sandbox,
    after: Sandbox,
    old: Tree,
    new: Tree,
}

impl Project {
    fn new(fixture: &Fixture) -> Self {
        let (before, after) = (Sandbox::plain(fixture), Sandbox::plain(fixture));
        let old = before.tree();
        after.paxx(&arguments("add")).expect(0);
        let new = after.tree();
        assert!(difference(&old, &new).is_some());
        Self { name: fixture.name.clone(), before, after, old, new }
    }

    fn round<'a>(&'a self, verb: &'static str, ways: Ways) -> Round<'a> {
        Round {
            name: format!("{} {verb}", self.name),
            start: Start::Folder(&self.before.top),
            verb,
            ways,
            always: None,
            old: &self.old,
            new: &self.new,
        }
    }

    fn add(&self, ways: Ways, no_swap: bool) -> Round<'_> {
        let mut round = self.round("add", ways);
        if no_swap {
            round.name += ", no swapping of names";
            round.always = Some(NO_SWAP);
        }
        round
    }

    fn remove(&self, ways: Ways) -> Round<'_> {
        Round { start: Start::Folder(&self.after.top), old: &self.new, new: &self.old, ..self.round("remove", ways) }
    }

    fn undo(&self, ways: Ways) -> Round<'_> {
        Round { start: Start::Folder(&self.after.top), old: &self.new, new: &self.old, ..self.round("undo", ways) }
    }

    /// The next start after a kill amid the renames, at the commit mark and after it, killed in its turn.
    fn recoveries(&self, ways: Ways) -> Vec<Round<'_>> {
        let points = self.round("add", ways).points();
        let of = |wanted: &str| -> Vec<Point> { points.iter().filter(|point| point.call == wanted).cloned().collect() };
        let (swaps, renames) = (of("renameat2"), of("renameat"));
        let mut moments = Vec::new();
        moments.extend(swaps.get(swaps.len() * 2 / 3).map(|point| ("amid the swaps", point)));
        moments.extend(swaps.last().map(|point| ("at the last swap", point)));
        // The journal becomes the record for `undo`.
        moments.extend(renames.last().map(|point| ("after the commit mark", point)));
        let mut rounds = Vec::new();
        for (when, point) in moments {
            let scene = Scene::copy(&self.before.top);
            scene.run_with("add", &[point.kill()]);
            let name = format!("{} recovery after a kill {when}", self.name);
            rounds.push(Round { name, start: Start::Scene(scene), ..self.round("recover", ways) });
        }
        rounds
    }
}

/// The command line of a verb. To recover without more is what `undo` does where it cannot ask.
fn arguments(verb: &str) -> Vec<&str> {
    let all = together().into_iter();
    let names = all.filter(|name| is_long() || SHORT.contains(name));
    match verb {
        "undo" => vec!["undo", "--yes"],
        "recover" => vec!["undo"],
        verb => ["infra", verb].into_iter().chain(names).chain(["--yes"]).collect(),
    }
}

/// A copy of a folder, `.paxx` with it, and a state folder in which what lies there is known.
struct Scene {
    folder: tempfile::TempDir,
    path: PathBuf,
}

impl Scene {
    fn copy(from: &Path) -> Self {
        let folder = temporary();
        let path = fs::canonicalize(folder.path()).expect("there").join("repository");
        common::copy_folder(from, &path);
        let scene = Self { folder, path };
        scene.adopt();
        scene
    }

    /// Notes the journals of the copy as `src/apply/records.rs` says: a journal of another folder is not believed.
    fn adopt(&self) {
        let digits = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let metadata = fs::metadata(&self.path).expect("there");
        let mut folder = Sha256::new();
        folder.update(self.path.as_os_str().as_bytes());
        folder.update(format!("\0{}\0{}", metadata.dev(), metadata.ino()));
        let folder = digits(&folder.finalize());
        for name in ["journal", "committed", "undo"] {
            if let Ok(journal) = fs::read(self.path.join(".paxx").join(name)) {
                let journals = self.state().join("paxx/journals");
                fs::create_dir_all(&journals).expect("created");
                fs::write(journals.join(format!("{folder}-{}", digits(&Sha256::digest(journal)))), "")
                    .expect("written");
            }
        }
    }

    fn state(&self) -> PathBuf {
        self.path.with_file_name("state")
    }

    fn tree(&self) -> Tree {
        tree(&self.path)
    }

    /// Runs a verb as it is; the exit code, and what was said.
    fn run(&self, verb: &str) -> (i32, String) {
        let mut command = common::paxx(&self.path, &arguments(verb));
        let output = common::output(command.env("XDG_STATE_HOME", self.state()));
        (output.code, output.stderr)
    }

    /// Runs a verb under strace with these rules; whether one of them came into effect.
    fn run_with(&self, verb: &str, rules: &[String]) -> Ended {
        let log = self.path.with_file_name("strace.log");
        let mut strace = self.strace(&log, verb, rules);
        let output = strace.stdin(Stdio::null()).output().expect("strace runs");
        let log = fs::read_to_string(&log).unwrap_or_default();
        Ended {
            code: output.status.code(),
            killed: output.status.signal() == Some(9),
            injected: log.contains("(INJECTED)") || log.contains("--- SIGTERM"),
            said: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    fn strace(&self, log: &Path, verb: &str, rules: &[String]) -> Command {
        let mut strace = Command::new("strace");
        clean(&mut strace);
        strace.env("XDG_STATE_HOME", self.state());
        strace.current_dir("/").args(["-qq", "-y", "-s", "0", "-e", &format!("trace={CALLS}"), "-o"]).arg(log);
        for rule in rules {
            strace.args(["-e", rule]);
        }
        strace.arg(PAXX).arg("-C").arg(&self.path).args(arguments(verb));
        strace
    }
}

/// How a run with a fault ended.
struct Ended {
    code: Option<i32>,
    killed: bool,
    injected: bool,
    said: String,
}

/// The `number`th call of this name.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Point {
    call: String,
    number: usize,
    /// Does it change something? A folder that is only opened can fail, but a kill there is a kill at what follows.
    changes: bool,
}

impl Point {
    fn kill(&self) -> String {
        format!("inject={}:signal=SIGKILL:when={}", self.call, self.number)
    }

    fn terminate(&self) -> String {
        format!("inject={}:signal=SIGTERM:when={}", self.call, self.number)
    }

    fn error(&self, error: &str, for_good: bool) -> String {
        format!("inject={}:error={error}:when={}{}", self.call, self.number, if for_good { "+" } else { "" })
    }
}

enum Start<'a> {
    Folder(&'a Path),
    Scene(Scene),
}

/// A verb on a project, with every fault.
struct Round<'a> {
    name: String,
    start: Start<'a>,
    verb: &'static str,
    ways: Ways,
    /// A rule that always holds.
    always: Option<&'a str>,
    old: &'a Tree,
    new: &'a Tree,
}

impl Round<'_> {
    fn scene(&self) -> Scene {
        match &self.start {
            Start::Folder(folder) => Scene::copy(folder),
            Start::Scene(scene) => Scene::copy(&scene.path),
        }
    }

    /// The rules for a fault. A second rule for the same call would replace the first.
    fn rules(&self, fault: Option<(&str, String)>) -> Vec<String> {
        let always =
            self.always.filter(|rule| fault.as_ref().is_none_or(|(call, _)| !rule.contains(&format!("?{call}:"))));
        always.map(str::to_owned).into_iter().chain(fault.map(|(_, rule)| rule)).collect()
    }

    /// The calls of a clean run that change something in the project.
    fn points(&self) -> Vec<Point> {
        let scene = self.scene();
        let log = scene.path.with_file_name("strace.log");
        let mut strace = scene.strace(&log, self.verb, &self.rules(None));
        let output = strace.stdin(Stdio::null()).output().expect("strace runs");
        let code = if self.verb == "recover" { 2 } else { 0 };
        assert_eq!(
            output.status.code(),
            Some(code),
            "{}: a clean run\n{}",
            self.name,
            String::from_utf8_lossy(&output.stderr)
        );
        let here = fs::canonicalize(scene.folder.path()).expect("there").to_string_lossy().into_owned();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let mut points = Vec::new();
        for line in fs::read_to_string(&log).expect("the log").lines() {
            let Some((call, rest)) = line.split_once('(') else { continue };
            if call.is_empty() || !call.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                continue;
            }
            let number = counts.entry(call.to_owned()).or_default();
            *number += 1;
            // A file that is only read is no operation; a folder that is opened is one: something is done in it.
            let reads =
                call.starts_with("open") && !["O_WRONLY", "O_RDWR", "O_CREAT"].iter().any(|flag| rest.contains(flag));
            let is_folder = || rest.contains("O_DIRECTORY");
            let changes = if call == "fcntl" { rest.contains("LK") } else { !reads };
            if rest.contains(&here) && (changes || (reads && !points.is_empty() && is_folder())) {
                points.push(Point { call: call.to_owned(), number: *number, changes });
            }
        }
        assert!(!points.is_empty(), "{}: a clean run changes something", self.name);
        points
    }

    /// Tries every fault.
    fn run(&self) -> Tally {
        let start = Instant::now();
        let points = self.points();
        let mut faults: Vec<(&Point, String, bool)> = Vec::new();
        for (number, point) in points.iter().enumerate() {
            if point.changes {
                faults.push((point, point.kill(), true));
            }
            match self.ways {
                Ways::Every { third } if number % 3 == third => {
                    faults.push((point, point.error(ERRORS[(number / 3) % 3], false), false));
                    if number % 2 == 0 {
                        faults.push((point, point.terminate(), false));
                    }
                }
                Ways::Kill | Ways::Every { .. } => {}
                Ways::All => {
                    faults.extend(ERRORS.iter().map(|error| (point, point.error(error, false), false)));
                    faults.push((point, point.error("ENOSPC", true), false));
                    faults.push((point, point.terminate(), false));
                }
            }
        }
        let next = AtomicUsize::new(0);
        let complaints = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
                scope.spawn(|| {
                    while let Some((point, rule, kills)) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if let Err(complaint) = self.check(point, rule, *kills) {
                            complaints.lock().expect("no panic").push(format!("{}: {rule}: {complaint}", self.name));
                        }
                    }
                });
            }
        });
        let kills = faults.iter().filter(|(.., kills)| *kills).count();
        let changes = points.iter().filter(|point| point.changes).count();
        assert_eq!(kills, changes, "the points tried are the operations counted");
        let tally = Tally {
            points: points.len(),
            kills,
            errors: faults.len() - kills,
            complaints: complaints.into_inner().expect("no panic"),
        };
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for point in &points {
            *counts.entry(&point.call).or_default() += 1;
        }
        println!(
            "{}: {} operations counted, {} kills and {} errors tried, {} wrong, in {:.0} s ({})",
            self.name,
            tally.points,
            tally.kills,
            tally.errors,
            tally.complaints.len(),
            start.elapsed().as_secs_f32(),
            counts.iter().map(|(call, count)| format!("{call} {count}")).collect::<Vec<_>>().join(", ")
        );
        tally
    }

    /// One fault.
    fn check(&self, point: &Point, rule: &str, kills: bool) -> Result<(), String> {
        let scene = self.scene();
        let ended = scene.run_with(self.verb, &self.rules(Some((&point.call, rule.to_owned()))));
        if kills && !ended.killed {
            return Err(format!("it was not killed: exit {:?}\n{}", ended.code, ended.said));
        }
        if !kills && !ended.injected {
            return Err(format!("nothing failed: exit {:?}\n{}", ended.code, ended.said));
        }
        let is = |tree: &Tree, expected: &Tree| difference(expected, tree).is_none();
        let found = scene.tree();
        match ended.code {
            // What could not be cleared away after the commit mark is cleared away by the next start.
            Some(0) if self.verb != "recover" && !is(&only_files(&found), &only_files(self.new)) => {
                return Err(format!("it said that it was done, and it was not\n{}", ended.said));
            }
            Some(2) if self.verb != "recover" && !is_unfinished(&ended.said) && !is(&found, self.old) => {
                return Err(format!(
                    "it said that nothing was done, and something was\n{}{}",
                    ended.said,
                    difference(self.old, &found).unwrap_or_default()
                ));
            }
            Some(143) if self.verb != "recover" && !is(&found, self.old) => {
                return Err(format!("it said that it was interrupted, and something was done\n{}", ended.said));
            }
            Some(0 | 2 | 143) | None => {}
            Some(code) => return Err(format!("exit {code}\n{}", ended.said)),
        }
        if ended.said.contains("panicked") {
            return Err(ended.said);
        }
        let (code, said) = scene.run("recover");
        if code != 2 || !(said.contains("there is no terminal") || said.contains("no applied change")) {
            return Err(format!("the next start fails: exit {code}\n{said}"));
        }
        let found = scene.tree();
        let (is_old, is_new) = (is(&found, self.old), is(&found, self.new));
        if !is_old && !is_new {
            let (from_old, from_new) = (difference(self.old, &found), difference(self.new, &found));
            return Err(format!(
                "neither the old tree nor the new one\n{}or\n{}",
                from_old.unwrap_or_default(),
                from_new.unwrap_or_default()
            ));
        }
        if ended.code == Some(0) && !is_new && self.verb != "recover" {
            return Err("it said that it was done, and the next start took it back".to_owned());
        }
        // The next run: the same again where it was taken back, else its opposite.
        let (verb, expected) = match (self.verb, is_new) {
            ("recover", false) => ("add", self.new),
            (verb, false) => (verb, self.new),
            ("undo", true) => ("add", self.old),
            (_, true) => ("undo", self.old),
        };
        let (code, said) = scene.run(verb);
        if code != 0 {
            return Err(format!("the next run, {verb}, exits with {code}\n{said}"));
        }
        match difference(expected, &scene.tree()) {
            Some(difference) => Err(format!("the next run, {verb}, does not do its work\n{difference}")),
            None => Ok(()),
        }
    }
}

/// Does it say that it could not take all back? With a fault that stays it cannot; the next start does.
fn is_unfinished(said: &str) -> bool {
    said.contains("; and then: ") || said.contains("could be taken back")
}

/// A tree without what the next start clears away: old files, and folders that became empty.
fn only_files(tree: &Tree) -> Tree {
    let ours = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".paxx-"));
    tree.iter()
        .filter(|(path, entry)| **entry != Entry::Folder && !ours(path))
        .map(|(path, entry)| (path.clone(), entry.clone()))
        .collect()
}
