//! What lies in `.paxx/` may have come with a clone: it is carried out only where this user's paxx wrote it for this very folder.
//! And what paxx remembers for that lies in a state folder, which may be missing, read-only or somebody else's.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use common::{Output, Sandbox, assert_same, fixture, has_program, output, paxx, temporary};
use sha2::{Digest as _, Sha256};

/// Every file and folder with its mode and its bytes, `.paxx` with them.
fn everything(folder: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("read") {
            let path = entry.expect("an entry").path();
            let metadata = fs::symlink_metadata(&path).expect("there");
            if metadata.is_dir() {
                folders.push(path.clone());
            }
            let bytes = if metadata.is_file() && metadata.len() < 1 << 20 {
                fs::read(&path).expect("read")
            } else {
                Vec::new()
            };
            found.insert(path, (metadata.mode(), bytes));
        }
    }
    found
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A journal that would write a script, with the set-user-id bit, and delete the settings: well-formed, as `version` has it.
fn journal(sandbox: &Sandbox, version: u32) -> Vec<u8> {
    let script = b"#!/bin/sh\n";
    let settings = hexadecimal(&Sha256::digest(sandbox.read("app/core/config.py")));
    let head = format!(
        "paxx journal {version}\nid abc123\nlabel paxx infra add redis\nroot {}\nundo false\n\
        file {}:{} - tool\nfile - f:{settings} app/core/config.py\nbytes {}\n",
        if version == 1 { "" } else { "." },
        if version == 1 { "4755" } else { "755" },
        script.len(),
        script.len()
    );
    let mut whole = head.into_bytes();
    whole.extend_from_slice(script);
    let digest = hexadecimal(&Sha256::digest(&whole));
    whole.extend_from_slice(format!("\nend {digest}\n").as_bytes());
    whole
}

const CHANGING: &[&[&str]] = &[
    &["infra", "add", "redis", "--yes"],
    &["infra", "add", "redis"],
    &["infra", "remove", "metrics", "--yes"],
    &["undo", "--yes"],
    &["undo"],
    &["check", "--fix", "--yes"],
];
const READING: &[&[&str]] =
    &[&["infra", "list"], &["infra", "add", "redis", "--dry-run"], &["infra", "remove", "metrics", "--dry-run"]];
const NOT_OURS: &str = "was not written by your paxx for this folder";

/// A project with metrics.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::plain(fixture("package-upper"));
    sandbox.paxx(&["infra", "add", "metrics", "--yes"]).expect(0);
    sandbox
}

/// Runs a command that must come to its end soon.
#[track_caller]
fn soon(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    let start = Instant::now();
    let output = sandbox.paxx(arguments);
    assert!(start.elapsed() < Duration::from_secs(30), "{arguments:?} takes {:?}", start.elapsed());
    output
}

#[test]
fn a_planted_journal_is_never_carried_out() {
    let sandbox = sandbox();
    for name in ["journal", "committed"] {
        let well_formed = [journal(&sandbox, 1), journal(&sandbox, 2)];
        let own = fs::read(sandbox.project.join(".paxx/undo")).expect("the last change");
        for bytes in well_formed.iter().map(Vec::as_slice).chain([&b""[..], b"\0\xff\n", &own[1..]]) {
            sandbox.write(&format!(".paxx/{name}"), bytes);
            let before = everything(&sandbox.top);
            for arguments in CHANGING {
                soon(&sandbox, arguments).expect(2).says(&[NOT_OURS, name, "git status", "rm -r "]);
                assert!(everything(&sandbox.top) == before, "{arguments:?} changes something");
            }
            for arguments in READING {
                soon(&sandbox, arguments).expect(0).says(&[NOT_OURS, name, "git status"]);
            }
            let checked = soon(&sandbox, &["check", "--format", "concise"]).expect(1).says(&[NOT_OURS]);
            assert!(checked.stdout.contains(&format!(".paxx/{name}:1:1: error[PX803]")), "{}", checked.stdout);
            assert!(everything(&sandbox.top) == before, "reading changes something");
        }
        fs::remove_file(sandbox.project.join(".paxx").join(name)).expect("removed");
    }
    sandbox.paxx(&["check"]).expect(0);
    sandbox.paxx(&["undo", "--yes"]).expect(0);
}

#[test]
fn a_clone_with_a_journal_gains_not_even_a_lock() {
    let sandbox = Sandbox::plain(fixture("package-upper"));
    sandbox.write(".paxx/journal", journal(&sandbox, 1));
    let before = everything(&sandbox.top);
    for arguments in CHANGING.iter().filter(|arguments| !arguments.contains(&"remove")) {
        soon(&sandbox, arguments).expect(2).says(&[NOT_OURS]);
    }
    soon(&sandbox, &["infra", "list"]).expect(0).says(&[NOT_OURS]);
    soon(&sandbox, &["check"]).expect(1).says(&[NOT_OURS]);
    assert!(everything(&sandbox.top) == before);
}

/// A project below another repository: its journal reaches nothing of that one, and one of that one nothing of the project.
#[test]
fn a_journal_below_another_repository() {
    let sandbox = Sandbox::of(&[(".bashrc", "mine\n")]);
    fs::create_dir(sandbox.top.join(".git")).expect("created");
    let inner = sandbox.top.join("downloads/project");
    common::copy_folder(&common::fixtures_folder().join("package-upper"), &inner);
    for place in [inner.clone(), sandbox.top.clone()] {
        fs::create_dir(place.join(".paxx")).expect("created");
        fs::write(place.join(".paxx/journal"), b"paxx journal 1\nfile - f:00 .bashrc\n").expect("written");
        let before = everything(&sandbox.top);
        output(&mut paxx(&inner, &["infra", "add", "redis", "--yes"])).expect(2).says(&[NOT_OURS]);
        output(&mut paxx(&inner, &["infra", "add", "redis", "--dry-run"])).expect(0).says(&[NOT_OURS]);
        assert!(everything(&sandbox.top) == before);
        fs::remove_dir_all(place.join(".paxx")).expect("removed");
    }
}

#[test]
fn a_planted_undo_is_not_undone_and_gives_way_to_the_next_change() {
    let sandbox = sandbox();
    sandbox.write(".paxx/undo", journal(&sandbox, 1));
    let before = everything(&sandbox.top);
    for arguments in [&["undo", "--yes"][..], &["undo", "--dry-run"], &["undo"]] {
        soon(&sandbox, arguments).expect(2).says(&[NOT_OURS, ".paxx/undo", "git status"]);
    }
    soon(&sandbox, &["check"]).expect(0).says(&[NOT_OURS]);
    soon(&sandbox, &["infra", "list"]).expect(0).says(&[NOT_OURS]);
    assert!(everything(&sandbox.top) == before);
    let tree = sandbox.tree();
    soon(&sandbox, &["infra", "add", "redis", "--yes"]).expect(0).says(&[NOT_OURS]);
    soon(&sandbox, &["undo", "--yes"]).expect(0);
    assert_same(&tree, &sandbox.tree(), "its own undo");
}

/// Pipes, links, devices, folders and files without end in the place of each file in `.paxx`.
#[test]
fn only_regular_files_are_opened() {
    let outside = temporary();
    let target = outside.path().join("theirs");
    fs::write(&target, "theirs").expect("written");
    for name in ["journal", "committed", "undo", "lock", ".gitignore", "empty-folders", "journal.tmp"] {
        for kind in ["pipe", "link", "zero", "folder", "huge"] {
            let sandbox = Sandbox::plain(fixture("package-upper"));
            let path = sandbox.project.join(".paxx").join(name);
            fs::create_dir_all(sandbox.project.join(".paxx")).expect("created");
            match kind {
                "pipe" => assert!(Command::new("mkfifo").arg(&path).status().expect("it runs").success()),
                "link" => symlink(&target, &path).expect("linked"),
                "zero" => symlink("/dev/zero", &path).expect("linked"),
                "folder" => fs::create_dir(&path).expect("created"),
                _ => fs::File::create(&path).and_then(|file| file.set_len(1 << 40)).expect("made"),
            }
            let before = sandbox.tree();
            soon(&sandbox, &["check"]);
            soon(&sandbox, &["infra", "list"]).expect(0);
            soon(&sandbox, &["undo", "--yes"]).expect(2);
            soon(&sandbox, &["infra", "add", "redis", "--dry-run"]).expect(0);
            assert_same(&before, &sandbox.tree(), &format!("{name} is a {kind}"));
            let added = soon(&sandbox, &["infra", "add", "redis", "--yes"]);
            assert!(matches!(added.code, 0 | 2), "{name} is a {kind}: {}", added.stderr);
            if added.code == 2 {
                assert!(added.stderr.contains(name) && added.stderr.contains("help:"), "{kind}: {}", added.stderr);
                assert_same(&before, &sandbox.tree(), &format!("{name} is a {kind}: refused"));
            }
            assert_eq!(fs::read(&target).expect("there"), b"theirs", "{name} is a {kind}");
        }
    }
}

#[test]
fn the_folder_itself_is_a_folder() {
    for kind in ["pipe", "link", "file"] {
        let sandbox = Sandbox::plain(fixture("package-upper"));
        let outside = temporary();
        let path = sandbox.project.join(".paxx");
        match kind {
            "pipe" => assert!(Command::new("mkfifo").arg(&path).status().expect("it runs").success()),
            "link" => symlink(outside.path(), &path).expect("linked"),
            _ => fs::write(&path, "").expect("written"),
        }
        let before = everything(&sandbox.top);
        soon(&sandbox, &["infra", "add", "redis", "--yes"]).expect(2).says(&[".paxx` is no folder", "rm "]);
        soon(&sandbox, &["undo", "--yes"]).expect(2).says(&[".paxx` is no folder"]);
        soon(&sandbox, &["infra", "add", "redis", "--dry-run"]).expect(0).says(&[".paxx` is no folder"]);
        assert!(everything(&sandbox.top) == before, "{kind}");
        assert_eq!(fs::read_dir(outside.path()).expect("read").count(), 0);
    }
}

#[test]
fn whoever_moves_the_folder_is_told() {
    let sandbox = sandbox();
    let moved = sandbox.top.with_file_name("moved");
    fs::rename(&sandbox.top, &moved).expect("moved");
    output(&mut paxx(&moved, &["undo", "--yes"])).expect(2).says(&[NOT_OURS, "moved", "git status"]);
    fs::rename(&moved, &sandbox.top).expect("moved back");
    sandbox.paxx(&["undo", "--yes"]).expect(0);
}

/// A change that was killed: every command says so first, and the next one that changes something takes it back.
#[test]
fn every_command_says_that_a_change_was_interrupted() {
    if !has_program("strace") {
        return;
    }
    for number in [1, 3, 5] {
        let sandbox = sandbox();
        let before = sandbox.tree();
        let mut strace = Command::new("strace");
        common::clean(&mut strace);
        strace.args(["-qq", "-o", "/dev/null", "-e", "trace=?renameat2", "-e"]);
        strace.arg(format!("inject=?renameat2:signal=KILL:when={number}")).arg(common::PAXX);
        output(strace.args(["infra", "add", "redis", "--yes"]).current_dir(&sandbox.project));
        let interrupted = "`paxx infra add redis` was interrupted";
        sandbox.paxx(&["infra", "list"]).expect(0).says(&[interrupted]);
        for arguments in READING {
            assert!(sandbox.paxx(arguments).stderr.starts_with("note: "), "{arguments:?} says it first");
        }
        let checked = sandbox.paxx(&["check", "--format", "concise"]).expect(1).says(&[interrupted]);
        assert!(checked.stdout.contains(".paxx/journal:1:1: error[PX803]"), "{}", checked.stdout);
        // The folder was moved meanwhile: clear words, and nothing is done.
        let moved = sandbox.top.with_file_name("moved");
        fs::rename(&sandbox.top, &moved).expect("moved");
        output(&mut paxx(&moved, &["undo", "--yes"])).expect(2).says(&[NOT_OURS, "moved"]);
        fs::rename(&moved, &sandbox.top).expect("moved back");
        sandbox.paxx(&["undo"]).expect(2).says(&["had been interrupted, and was taken back", "no terminal"]);
        assert_same(&before, &sandbox.tree(), "it was taken back");
        sandbox.paxx(&["check"]).expect(0);
    }
}

/// No state folder, or one that cannot be trusted: nothing is written, and reading works.
#[test]
fn without_a_state_folder_nothing_is_written() {
    let sandbox = Sandbox::plain(fixture("package-upper"));
    let before = everything(&sandbox.top);
    let folder = temporary();
    let state = folder.path().join("state");
    let is_refused = |state: &Path, why: &str| {
        let run = |arguments: &[&str]| output(paxx(&sandbox.project, arguments).env("XDG_STATE_HOME", state));
        run(&["infra", "add", "redis", "--yes"]).expect(2).says(&["state folder", why, "XDG_STATE_HOME", "help:"]);
        assert!(everything(&sandbox.top) == before, "{why}: not even `.paxx`");
        run(&["infra", "add", "redis", "--dry-run"]).expect(0);
        run(&["infra", "list"]).expect(0);
        run(&["check"]).expect(0);
    };
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
    fs::write(&state, "a file").expect("written");
    is_refused(&state, "cannot be made");
    fs::remove_file(&state).expect("removed");
    fs::create_dir_all(state.join("paxx/journals")).expect("created");
    for path in [state.join("paxx"), state.join("paxx/journals")] {
        mode(&path, 0o777);
        is_refused(&state, "may be written to by others");
        mode(&path, 0o700);
    }
    mode(&state.join("paxx/journals"), 0o500);
    is_refused(&state, "may not be written to");
    mode(&state.join("paxx/journals"), 0o700);
    if fs::metadata(&state).expect("there").uid() == 0 {
        std::os::unix::fs::chown(state.join("paxx"), Some(12345), None).expect("given away");
        is_refused(&state, "belongs to another user");
    }
    fs::rename(state.join("paxx"), state.join("elsewhere")).expect("moved");
    symlink("elsewhere", state.join("paxx")).expect("linked");
    is_refused(&state, "is no folder");
    fs::remove_file(state.join("paxx")).expect("removed");
    // A missing one is made, for this user alone.
    let deep = state.join("not/yet/there");
    output(paxx(&sandbox.project, &["infra", "add", "redis", "--yes"]).env("XDG_STATE_HOME", &deep)).expect(0);
    assert_eq!(fs::metadata(deep.join("paxx")).expect("there").mode() & 0o777, 0o700);
    // Without the variable it is where the home folder has it; a relative one counts for nothing.
    let home = folder.path().join("home");
    let run = |value: &str| {
        let mut command = paxx(&sandbox.project, &["undo", "--yes"]);
        output(command.env("XDG_STATE_HOME", value).env("HOME", &home))
    };
    run("relative").expect(2).says(&[NOT_OURS]);
    assert!(!home.exists() && !sandbox.project.join("relative").exists());
    output(
        paxx(&sandbox.project, &["infra", "add", "metrics", "--yes"]).env_remove("XDG_STATE_HOME").env("HOME", &home),
    )
    .expect(0);
    assert!(home.join(".local/state/paxx/journals").is_dir());
    run("").expect(0);
}

/// The state folder of somebody else says nothing about this one's journals.
#[test]
fn another_user_does_not_believe_it() {
    let sandbox = sandbox();
    let folder = temporary();
    let other = |arguments: &[&str]| output(paxx(&sandbox.project, arguments).env("XDG_STATE_HOME", folder.path()));
    let before = sandbox.tree();
    other(&["undo", "--yes"]).expect(2).says(&[NOT_OURS]);
    assert_same(&before, &sandbox.tree(), "nothing is undone");
    sandbox.paxx(&["undo", "--yes"]).expect(0);
}

#[test]
fn a_mode_that_undo_changes_is_in_its_diff() {
    let sandbox = sandbox();
    let path = sandbox.project.join("pyproject.toml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o4755)).expect("set");
    let shown = sandbox.paxx(&["undo", "--dry-run"]).expect(0).stdout;
    assert!(shown.contains("old mode 100755\nnew mode 100644\n"), "{shown}");
    sandbox.paxx(&["undo", "--yes"]).expect(0);
    assert_eq!(fs::metadata(&path).expect("there").mode() & 0o7777, 0o644);
}

/// A small project without a folder for services.
const SMALL: &[(&str, &str)] = &[
    (
        "pyproject.toml",
        "[project]\nname = \"demo\"\nversion = \"0\"\ndependencies = [\"fastapi\", \"pydantic-settings\"]\n",
    ),
    ("app/__init__.py", ""),
    (
        "app/config.py",
        "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    debug: bool = False\n\n\nsettings = Settings()\n",
    ),
    (
        "app/main.py",
        "from fastapi import FastAPI\n\nfrom app.config import settings\n\napp = FastAPI(debug=settings.debug)\n",
    ),
];

/// A monorepo: what was done in one project is not undone from another, although they share a compose file and a lock.
#[test]
fn undo_belongs_to_its_project() {
    let sandbox = Sandbox::of(&[(
        "compose.yml",
        "services:\n  a:\n    build: a\n    command: uvicorn app.main:app\n  b:\n    build: b\n    command: uvicorn app.main:app\n",
    )]);
    fs::create_dir(sandbox.top.join(".git")).expect("created");
    for name in ["a", "b"] {
        for (path, text) in SMALL {
            sandbox.write(&format!("{name}/{path}"), text);
        }
    }
    let before = sandbox.tree();
    sandbox.paxx(&["-C", "a", "infra", "add", "redis", "--yes"]).expect(0);
    let only_a = sandbox.tree();
    sandbox.paxx(&["-C", "b", "infra", "add", "metrics", "--yes"]).expect(0);
    let both = sandbox.tree();
    sandbox.paxx(&["-C", "a", "undo", "--yes"]).expect(2).says(&["compose.yml` was changed", "paxx remove"]);
    assert_same(&both, &sandbox.tree(), "b has what it had");
    sandbox.paxx(&["-C", "b", "undo", "--yes"]).expect(0);
    assert_same(&only_a, &sandbox.tree(), "b alone is undone");
    sandbox.paxx(&["-C", "b", "undo", "--yes"]).expect(2).says(&["no applied change"]);
    sandbox.paxx(&["-C", "a", "undo", "--yes"]).expect(0);
    assert_same(&before, &sandbox.tree(), "both are undone");
}

#[test]
fn a_folder_that_was_empty_stays() {
    let sandbox = Sandbox::of(SMALL);
    let added = sandbox.paxx(&["infra", "add", "redis", "--dry-run"]).expect(0).stdout;
    assert!(added.contains("b/app/services/cache.py"), "{added}");
    fs::create_dir(sandbox.project.join("app/services")).expect("created");
    let before = sandbox.tree();
    for way_back in [&["undo", "--yes"][..], &["infra", "remove", "redis", "--yes"]] {
        sandbox.paxx(&["infra", "add", "redis", "--yes"]).expect(0);
        sandbox.paxx(way_back).expect(0);
        assert_same(&before, &sandbox.tree(), "the folder stays");
    }
}

#[test]
fn the_label_is_what_was_typed() {
    let sandbox = Sandbox::plain(fixture("package-upper"));
    sandbox.paxx(&["ext", "add", "arq", "--yes"]).expect(0);
    sandbox.paxx(&["undo", "--dry-run"]).expect(0).says(&["undo of `paxx ext add arq`"]);
}
