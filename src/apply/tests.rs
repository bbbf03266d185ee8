//! What applying promises, on real files: all or nothing, and nobody's work is lost. Kills and failing system calls are in
//! `tests/faults.rs`.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use super::journal::Stage;
use super::lock::Lock;
use super::transaction::{carry_out, prepare};
use super::*;

const NEVER: &dyn Fn() -> bool = &|| false;

fn path(text: &str) -> FilePath {
    FilePath::new(text).expect("inside")
}

/// Every file below a folder with its mode, and every folder; `.paxx` aside.
fn tree(folder: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    fn walk(top: &Path, folder: &Path, tree: &mut BTreeMap<String, (u32, Vec<u8>)>) {
        for entry in fs::read_dir(folder).expect("read") {
            let path = entry.expect("an entry").path();
            let metadata = fs::symlink_metadata(&path).expect("there");
            let name = path.strip_prefix(top).expect("below").to_string_lossy().into_owned();
            if metadata.is_dir() {
                if name != ".paxx" {
                    tree.insert(name + "/", (0, Vec::new()));
                    walk(top, &path, tree);
                }
            } else {
                tree.insert(name, (metadata.mode() & 0o7777, fs::read(&path).unwrap_or_default()));
            }
        }
    }
    let mut result = BTreeMap::new();
    walk(folder, folder, &mut result);
    result
}

struct Project {
    folder: tempfile::TempDir,
    place: Place,
}

impl Project {
    /// A folder with a settings file, a script and a module that will go.
    fn new() -> Self {
        // In memory, where it can be: syncs would take most of the time.
        let memory = Path::new("/dev/shm");
        let folder =
            if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder");
        let place = Place::new(folder.path(), folder.path().join(".paxx"));
        let project = Self { folder, place };
        project.write("config.py", b"a = 1\n", 0o640);
        project.write("run.sh", b"#!/bin/sh\n", 0o755);
        project.write("old/deep/gone.py", b"gone", 0o600);
        project
    }

    fn full(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8], mode: u32) {
        let full = self.full(name);
        fs::create_dir_all(full.parent().expect("a parent")).expect("created");
        fs::write(&full, bytes).expect("written");
        fs::set_permissions(&full, fs::Permissions::from_mode(mode)).expect("set");
    }

    fn tree(&self) -> BTreeMap<String, (u32, Vec<u8>)> {
        tree(self.folder.path())
    }

    fn apply(&self, change: &Change) -> Result<Applied, ApplyError> {
        apply(&self.place, change, NEVER)
    }
}

fn contents(bytes: &[u8], executable: bool) -> Contents {
    Contents { bytes: bytes.into(), executable }
}

fn file(name: &str, before: Option<Contents>, after: Option<Contents>) -> FileChange {
    FileChange { path: path(name), before, after }
}

/// Creates two, edits one, makes one executable and one not, deletes one.
fn change() -> Change {
    Change {
        label: "paxx infra add redis".to_owned(),
        root: FilePath::top(),
        undo: false,
        files: vec![
            file("old/deep/gone.py", Some(contents(b"gone", false)), None),
            file("config.py", Some(contents(b"a = 1\n", false)), Some(contents(b"a = 1\r\nb = \xff", false))),
            file("run.sh", Some(contents(b"#!/bin/sh\n", true)), Some(contents(b"#!/bin/sh\n", false))),
            file("app/services/__init__.py", None, Some(contents(b"", false))),
            file("app/services/cache.py", None, Some(contents(b"cache\n", true))),
        ],
    }
}

#[test]
fn a_change_is_made_and_undone_byte_for_byte() {
    let project = Project::new();
    let before = project.tree();
    let applied = project.apply(&change()).expect("applied");
    assert!(applied.leftover.is_none() && applied.recovered.is_none());
    let after = project.tree();
    assert_eq!(after["config.py"], (0o640, b"a = 1\r\nb = \xff".to_vec()));
    assert_eq!(after["run.sh"].0, 0o644);
    assert_eq!(after["app/services/cache.py"].0 & 0o100, 0o100);
    assert!(!after.contains_key("old/"), "folders that became empty go: {after:?}");
    assert_eq!(after.keys().filter(|name| name.contains("paxx")).count(), 0, "{after:?}");
    assert_eq!(fs::read(project.full(".paxx/.gitignore")).expect("there"), b"*\n");
    assert_eq!(fs::metadata(project.full(".paxx/undo")).expect("there").mode() & 0o777, 0o600, "it may hold secrets");

    let undo = undo_changes(&project.place).expect("can be undone");
    assert_eq!((undo.label.as_str(), undo.undo), ("paxx infra add redis", true));
    project.apply(&undo).expect("undone");
    assert_eq!(project.tree(), before);
    assert!(matches!(undo_changes(&project.place), Err(ApplyError::NothingToUndo)));
    assert!(pending(&project.place).expect("read").is_none());
}

#[test]
fn undo_refuses_what_changed_since() {
    let project = Project::new();
    project.apply(&change()).expect("applied");
    project.write("config.py", b"mine", 0o640);
    fs::remove_file(project.full("app/services/cache.py")).expect("removed");
    let before = project.tree();
    let Err(ApplyError::Conflict(differences)) = undo_changes(&project.place) else { panic!("a conflict") };
    let mut texts: Vec<String> = differences.iter().map(ToString::to_string).collect();
    texts.sort();
    assert_eq!(texts, ["`app/services/cache.py` is gone", "`config.py` was changed"]);
    assert_eq!(project.tree(), before);
}

#[test]
fn what_changed_since_the_preview_is_named_and_nothing_is_written() {
    let project = Project::new();
    project.write("config.py", b"mine\n", 0o640);
    project.write("run.sh", b"#!/bin/sh\n", 0o644);
    project.write("app/services/cache.py", b"mine\n", 0o644);
    fs::remove_file(project.full("old/deep/gone.py")).expect("removed");
    symlink("nowhere", project.full("app/services/__init__.py")).expect("linked");
    let before = project.tree();
    let Err(ApplyError::Conflict(differences)) = project.apply(&change()) else { panic!("a conflict") };
    let how: Vec<How> = differences.iter().map(|difference| difference.how).collect();
    assert_eq!(how, [How::Gone, How::Changed, How::Mode, How::Kind("a symbolic link"), How::Appeared]);
    assert_eq!(project.tree(), before);
}

#[test]
fn what_stands_in_the_way_is_named_and_nothing_is_written() {
    let project = Project::new();
    project.write("config.py", b"a = 1\n", 0o440);
    project.write("app", b"a file", 0o644);
    fs::set_permissions(project.full("old/deep"), fs::Permissions::from_mode(0o555)).expect("set");
    let before = project.tree();
    let error = project.apply(&change()).expect_err("refused").to_string();
    for text in
        ["`config.py` is read-only", "`app` is a file where a folder is needed", "`old/deep` is a folder that may not"]
    {
        assert!(error.contains(text), "{error}");
    }
    assert_eq!(project.tree(), before);
    fs::set_permissions(project.full("old/deep"), fs::Permissions::from_mode(0o755)).expect("set");
}

#[test]
fn nothing_is_written_through_a_link_or_into_git() {
    let project = Project::new();
    let elsewhere = tempfile::tempdir().expect("a folder");
    symlink(elsewhere.path(), project.full("app")).expect("linked");
    let error = project.apply(&change()).expect_err("refused");
    assert!(error.to_string().contains("`app` is a symbolic link"), "{error}");
    assert!(tree(elsewhere.path()).is_empty());
    let hook = Change { files: vec![file(".git/hooks/post-commit", None, Some(contents(b"x", true)))], ..change() };
    assert!(matches!(project.apply(&hook), Err(ApplyError::Refused(_))));
    let twice = Change { files: vec![change().files[3].clone(), change().files[3].clone()], ..change() };
    assert!(matches!(project.apply(&twice), Err(ApplyError::Refused(_))));
}

#[test]
fn an_interruption_at_any_point_leaves_the_old_tree() {
    let project = Project::new();
    let before = project.tree();
    for allowed in 0.. {
        let asked = Cell::new(0);
        let interrupted = || {
            asked.set(asked.get() + 1);
            asked.get() > allowed
        };
        match apply(&project.place, &change(), &interrupted) {
            Ok(_) => {
                assert!(allowed > 10);
                break;
            }
            Err(ApplyError::Interrupted) => assert_eq!(project.tree(), before),
            Err(error) => panic!("{error}"),
        }
        assert!(pending(&project.place).expect("read").is_none());
    }
}

/// A change that was killed when it had taken `steps` steps.
fn killed(project: &Project, steps: u32) -> bool {
    let asked = Cell::new(0);
    let interrupted = || {
        asked.set(asked.get() + 1);
        asked.get() > steps
    };
    let change = change();
    let _lock = Lock::acquire(&project.place).expect("locked");
    let (record, works) = prepare(&project.place, &change).expect("prepared");
    journal::begin(&project.place, &record).expect("begun");
    carry_out(&project.place, &record, &works, &interrupted).is_err()
}

#[test]
fn the_next_start_takes_back_what_was_killed() {
    for steps in 0.. {
        let project = Project::new();
        let before = project.tree();
        let open = killed(&project, steps);
        let found = pending(&project.place).expect("read").expect("pending");
        assert_eq!((found.committed, found.running), (!open, false));
        let recovered = recover(&project.place).expect("recovered").expect("something");
        assert_eq!((recovered.finished, recovered.kept.len()), (!open, 0));
        assert_eq!(recover(&project.place).expect("recovered"), None);
        if !open {
            assert!(!project.tree().keys().any(|name| name.contains("paxx")), "nothing is left over");
            project.apply(&undo_changes(&project.place).expect("can be undone")).expect("undone");
        }
        assert_eq!(project.tree(), before);
        if !open {
            return;
        }
    }
}

#[test]
fn an_edit_after_the_kill_survives() {
    for steps in 0..40 {
        let project = Project::new();
        if !killed(&project, steps) {
            return;
        }
        let swapped = fs::read(project.full("config.py")).expect("there") != b"a = 1\n";
        project.write("config.py", b"mine\n", 0o640);
        let recovered = recover(&project.place).expect("recovered").expect("something");
        assert_eq!(fs::read(project.full("config.py")).expect("there"), b"mine\n");
        // Before its new file has been written nobody can tell whether the swap has been; then it is named as well.
        assert!(recovered.kept == [path("config.py")] || !swapped && recovered.kept.is_empty(), "{recovered:?}");
        assert_eq!(project.full(".paxx/rolled-back").exists(), !recovered.kept.is_empty());
        assert_eq!(fs::read(project.full("old/deep/gone.py")).expect("there"), b"gone");
        assert!(!project.full("app").exists());
        assert!(!project.tree().keys().any(|name| name.contains("paxx")));
    }
    panic!("it never came to its end");
}

#[test]
fn old_files_come_back_from_the_journal_where_somebody_cleaned_up() {
    for steps in 0..40 {
        let project = Project::new();
        let before = project.tree();
        if !killed(&project, steps) {
            return;
        }
        // Only what was replaced: a file that was moved aside and then removed by somebody is his own doing.
        for name in project.tree().keys().filter(|name| name.contains(".paxx-") && !name.contains('/')) {
            fs::remove_file(project.full(name)).expect("removed");
        }
        recover(&project.place).expect("recovered");
        assert_eq!(project.tree(), before);
    }
    panic!("it never came to its end");
}

#[test]
fn the_second_paxx_is_turned_away() {
    let project = Project::new();
    let lock = Lock::acquire(&project.place).expect("locked");
    let error = project.apply(&change()).expect_err("busy");
    assert!(matches!(error, ApplyError::Busy(_)));
    assert!(error.to_string().contains(".paxx/lock"), "{error}");
    drop(lock);
    project.apply(&change()).expect("applied");
}

#[test]
fn a_damaged_journal_is_not_guessed_at() {
    let project = Project::new();
    killed(&project, 3);
    let journal = Stage::Open.path(&project.place);
    let whole = fs::read(&journal).expect("there");
    fs::write(&journal, &whole[..whole.len() / 2]).expect("written");
    let error = pending(&project.place).expect_err("damaged");
    assert!(matches!(error, ApplyError::Unreadable { newer: false, .. }), "{error}");
    assert!(error.help().expect("help").contains("rm "));
    fs::write(&journal, b"paxx journal 2\n").expect("written");
    assert!(matches!(project.apply(&change()), Err(ApplyError::Unreadable { newer: true, .. })));
    // A journal that was never given its name counts for nothing.
    let fresh = Project::new();
    fs::create_dir(fresh.full(".paxx")).expect("created");
    fs::write(fresh.full(".paxx/journal.tmp"), b"half").expect("written");
    fresh.apply(&change()).expect("applied");
}

#[test]
fn other_names_of_a_file_are_told_and_keep_the_old_one() {
    let project = Project::new();
    fs::hard_link(project.full("config.py"), project.full("other.py")).expect("linked");
    assert_eq!(hard_links(&project.place, &change().files), [(path("config.py"), 1)]);
    project.apply(&change()).expect("applied");
    assert_eq!(fs::read(project.full("other.py")).expect("there"), b"a = 1\n");
}

#[test]
fn the_state_folder_may_lie_below() {
    let project = Project::new();
    fs::create_dir(project.full("backend")).expect("created");
    let place = Place::new(project.folder.path(), project.full("backend/.paxx"));
    apply(&place, &Change { root: path("backend"), ..change() }, NEVER).expect("applied");
    assert_eq!(undo_changes(&place).expect("can be undone").root, path("backend"));
    symlink("elsewhere", project.full(".paxx")).expect("linked");
    assert!(matches!(apply(&project.place, &change(), NEVER), Err(ApplyError::Io(_))));
}

#[test]
fn a_change_of_nothing_leaves_the_last_one_to_undo() {
    let project = Project::new();
    project.apply(&change()).expect("applied");
    let nothing = Change { files: vec![file("absent", None, None)], ..change() };
    project.apply(&nothing).expect("applied");
    assert_eq!(undo_changes(&project.place).expect("can be undone").files.len(), 5);
}

#[test]
fn an_edit_at_any_moment_survives() {
    fn save_in_place(project: &Project, name: &str) {
        fs::create_dir_all(project.full(name).parent().expect("a parent")).expect("created");
        fs::write(project.full(name), b"mine\n").expect("written");
    }
    fn save_by_rename(project: &Project, name: &str) {
        fs::create_dir_all(project.full(name).parent().expect("a parent")).expect("created");
        fs::write(project.full("saved"), b"mine\n").expect("written");
        fs::rename(project.full("saved"), project.full(name)).expect("renamed");
    }
    let clean = Cell::new(0);
    apply(&Project::new().place, &change(), &|| {
        clean.set(clean.get() + 1);
        false
    })
    .expect("applied");
    let saves: [fn(&Project, &str); 2] = [save_in_place, save_by_rename];
    for name in ["config.py", "run.sh", "old/deep/gone.py", "app/services/cache.py"] {
        for save in saves {
            for fails in [false, true] {
                for moment in 1.. {
                    let project = Project::new();
                    let asked = Cell::new(0);
                    let interrupted = || {
                        asked.set(asked.get() + 1);
                        if asked.get() == moment {
                            save(&project, name);
                        }
                        fails && asked.get() == clean.get()
                    };
                    let result = apply(&project.place, &change(), &interrupted);
                    if asked.get() < moment {
                        break;
                    }
                    let what = format!("{name} at {moment}: {result:?}");
                    assert_eq!(fs::read(project.full(name)).expect("there"), b"mine\n", "{what}");
                    if name != "config.py" && result.is_err() {
                        assert_eq!(fs::read(project.full("config.py")).expect("there"), b"a = 1\n", "{what}");
                    }
                    assert!(!project.tree().keys().any(|name| name.contains("paxx")), "{what}");
                    assert!(pending(&project.place).expect("read").is_none(), "{what}");
                    match result {
                        Ok(_) => assert!(!fails),
                        Err(ApplyError::Conflict(_) | ApplyError::Kept { .. } | ApplyError::Interrupted) => {}
                        Err(error) => panic!("{what}: {error}"),
                    }
                }
            }
        }
    }
}

#[test]
fn of_many_at_once_one_applies() {
    let project = Project::new();
    let place = &project.place;
    let results: Vec<Result<(), String>> = std::thread::scope(|scope| {
        let run = || match apply(place, &change(), NEVER) {
            Ok(_) => Ok(()),
            Err(ApplyError::Busy(_) | ApplyError::Conflict(_)) => Err("turned away".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        let threads: Vec<_> = (0..50).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().expect("ended")).collect()
    });
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    assert!(results.iter().all(|result| !result.as_ref().is_err_and(|why| why != "turned away")), "{results:?}");
    project.apply(&undo_changes(place).expect("can be undone")).expect("undone");
    assert_eq!(project.tree(), Project::new().tree());
}
