//! Several processes at once, and signals at any moment: one does its work, the others say why they do not, and what is there
//! afterwards is what one run writes.

mod common;

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::{Output, Random, Sandbox, assert_same, fixture, paxx};

/// Starts all at once, and waits for all.
fn at_once(commands: Vec<Command>) -> Vec<Output> {
    let start =
        |mut command: Command| command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    let children: Vec<_> = commands.into_iter().map(start).collect();
    let finish = |child: std::process::Child| {
        let output = child.wait_with_output().expect("it ends");
        Output {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    };
    children.into_iter().map(finish).collect()
}

/// Of these runs of the same `add`, has exactly one applied it, and have the others refused or found nothing to do?
#[track_caller]
fn one_applied(sandbox: &Sandbox, arguments: &[&str], runs: usize) -> (usize, usize) {
    let single = Sandbox::plain(fixture("package-upper"));
    single.paxx(arguments).expect(0);
    let outputs = at_once((0..runs).map(|_| paxx(&sandbox.project, arguments)).collect());
    let (mut applied, mut refused, mut nothing) = (0, 0, 0);
    for output in &outputs {
        match output.code {
            0 if output.stderr.contains("nothing to do") => nothing += 1,
            0 if output.stderr.contains("file(s) changed") => applied += 1,
            2 if output.stderr.contains("another paxx")
                || output.stderr.contains("changed")
                || output.stderr.contains("appeared") =>
            {
                refused += 1;
            }
            code => panic!("exit {code}:\n{}", output.stderr),
        }
        if output.code == 2 {
            assert!(output.stderr.contains("help:"), "{}", output.stderr);
        }
    }
    assert_eq!(applied, 1, "of {runs} runs one applies");
    assert_same(&single.tree(), &sandbox.tree(), "what one run writes");
    sandbox.paxx(&["check"]).expect(0);
    (refused, nothing)
}

#[test]
fn two_at_once() {
    for _ in 0..5 {
        let sandbox = Sandbox::plain(fixture("package-upper"));
        let before = sandbox.tree();
        one_applied(&sandbox, &["infra", "add", "redis", "--yes"], 2);
        sandbox.paxx(&["undo", "--yes"]).expect(0);
        assert_same(&before, &sandbox.tree(), "undo takes the one change back");
    }
}

#[test]
fn a_hundred_at_once() {
    let sandbox = Sandbox::plain(fixture("package-upper"));
    let (refused, nothing) = one_applied(&sandbox, &["infra", "add", "redis", "metrics", "--yes"], 100);
    println!("1 applied, {refused} refused, {nothing} found nothing to do");
}

/// Different components at once: whoever comes second either is refused or sees what the first has done.
#[test]
fn different_ones_at_once() {
    for _ in 0..5 {
        let sandbox = Sandbox::plain(fixture("package-upper"));
        let before = sandbox.tree();
        let names = ["redis", "metrics", "storage", "websocket"];
        let commands = names.iter().map(|name| paxx(&sandbox.project, &["infra", "add", name, "--yes"])).collect();
        let outputs = at_once(commands);
        let mut added: Vec<&str> = Vec::new();
        for (name, output) in names.iter().zip(&outputs) {
            assert!(matches!(output.code, 0 | 2), "{}", output.stderr);
            added.extend((output.code == 0).then_some(*name));
        }
        assert!(!added.is_empty());
        assert_eq!(sandbox.installed(), {
            let mut sorted = added.clone();
            sorted.sort_unstable();
            sorted
        });
        sandbox.paxx(&["check"]).expect(0);
        let arguments: Vec<&str> = ["infra", "remove"].into_iter().chain(added).chain(["--yes"]).collect();
        sandbox.paxx(&arguments).expect(0);
        assert_same(&before, &sandbox.tree(), "all that was added is removed");
    }
}

/// A run that holds the lock: the second one says so at once, and waits for nothing.
#[test]
fn the_lock_is_held() {
    let sandbox = Sandbox::plain(fixture("package-upper"));
    sandbox.paxx(&["infra", "add", "redis", "--yes"]).expect(0);
    sandbox.paxx(&["undo", "--yes"]).expect(0);
    let before = sandbox.tree();
    let lock = std::fs::File::options().write(true).open(sandbox.project.join(".paxx/lock")).expect("the lock");
    lock.lock().expect("locked");
    let start = Instant::now();
    sandbox.paxx(&["infra", "add", "redis", "--yes"]).expect(2).says(&["another paxx", "help:"]);
    assert!(start.elapsed() < Duration::from_secs(20), "it does not wait");
    assert_same(&before, &sandbox.tree(), "nothing is written");
    sandbox.paxx(&["infra", "add", "redis", "--dry-run"]).expect(0);
    drop(lock);
    sandbox.paxx(&["infra", "add", "redis", "--yes"]).expect(0);
}

/// Sends `signal` at a random moment of a run, again and again.
fn interrupted(name: &str, signal: &str, code: i32) {
    let mut random = Random::new(name);
    let sandbox = Sandbox::plain(fixture("package-upper"));
    let old = sandbox.tree();
    let add: Vec<&str> = vec!["infra", "add", "redis", "metrics", "storage", "arq", "websocket", "postgis", "--yes"];
    let start = Instant::now();
    sandbox.paxx(&add).expect(0);
    // How long a run takes until it changes something; learned, because other tests run beside this one.
    let mut whole = start.elapsed();
    let new = sandbox.tree();
    let (mut before, mut after) = (0, 0);
    for round in 0..24 {
        if sandbox.tree() == new {
            sandbox.paxx(&["undo", "--yes"]).expect(0);
        }
        assert_same(&old, &sandbox.tree(), "undo");
        let child = paxx(&sandbox.project, &add)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        // Most of a run is reading and planning: every other signal comes in its last part.
        let part = if round % 4 == 0 { random.below(1000) } else { 800 + random.below(400) };
        thread::sleep(whole.mul_f64(f64::from(u32::try_from(part).expect("small")) / 1000.0));
        let _ = Command::new("kill").args([signal, &child.id().to_string()]).stderr(Stdio::null()).status();
        let output = child.wait_with_output().expect("it ends");
        let stderr = String::from_utf8_lossy(&output.stderr);
        let tree = sandbox.tree();
        match output.status.code() {
            Some(0) => {
                assert_same(&new, &tree, "it said that it was done");
                after += 1;
                whole = whole.mul_f64(0.85);
            }
            Some(ended) if ended == code => {
                assert_same(&old, &tree, "it said that it was interrupted");
                before += 1;
                whole = whole.mul_f64(1.1);
            }
            // Before it watched for signals, the signal ended it as it ends any program.
            None => {
                assert_same(&old, &tree, "it was ended at its very beginning");
                before += 1;
            }
            other => panic!("exit {other:?}\n{stderr}"),
        }
        assert!(
            !sandbox.project.join(".paxx/journal").exists() && !sandbox.project.join(".paxx/committed").exists(),
            "nothing is left to settle"
        );
    }
    println!("{signal}: {before} with the old tree, {after} with the new one");
}

#[test]
fn ctrl_c_at_any_moment() {
    interrupted("ctrl_c_at_any_moment", "-INT", 130);
}

#[test]
fn sigterm_at_any_moment() {
    interrupted("sigterm_at_any_moment", "-TERM", 143);
}

/// The terminal was closed.
#[test]
fn sighup_at_any_moment() {
    interrupted("sighup_at_any_moment", "-HUP", 129);
}
