//! What applying promises, on real files: all or nothing, and nobody's work is lost. Kills and failing system calls are in
//! `tests/faults.rs`.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use super::lock::Lock;
use super::transaction::{begin, carry_out, prepare};
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
                if !name.ends_with(".paxx") {
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
    state: tempfile::TempDir,
    records: Records,
    place: Place,
}

impl Project {
    /// A folder with a settings file, a script and a module that will go.
    fn new() -> Self {
        // In memory, where it can be: syncs would take most of the time.
        let memory = Path::new("/dev/shm");
        let temporary =
            || if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder");
        let (folder, state) = (temporary(), temporary());
        let records = Records::new(Some(state.path().to_owned()));
        let place = Place::new(folder.path(), FilePath::top(), records.clone());
        let project = Self { folder, state, records, place };
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
    assert!(applied.leftover.is_none() && applied.recovered.is_empty());
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
    let tree = project.place.open().expect("opened");
    let site = project.place.homes(&tree).remove(0);
    let _lock = Lock::acquire(&site).expect("locked");
    let prepared = prepare(&project.place, &site, &change).expect("prepared");
    let journal = begin(&site, &prepared).expect("begun");
    carry_out(&site, &journal.record, &prepared.works, &interrupted).is_err()
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
    let tree = project.place.open().expect("opened");
    let lock = Lock::acquire(&project.place.homes(&tree)[0]).expect("locked");
    let error = project.apply(&change()).expect_err("busy");
    assert!(matches!(error, ApplyError::Busy(_)));
    assert!(error.to_string().contains(".paxx/lock"), "{error}");
    drop(lock);
    project.apply(&change()).expect("applied");
}

#[test]
fn a_journal_that_is_not_what_was_written_is_not_believed() {
    let project = Project::new();
    killed(&project, 3);
    let tree = project.tree();
    let journal = project.full(".paxx/journal");
    let whole = fs::read(&journal).expect("there");
    let is_refused = |place: &Place, why: &str| {
        for error in [
            pending(place).expect_err("foreign"),
            recover(place).expect_err("foreign"),
            apply(place, &change(), NEVER).expect_err("foreign"),
        ] {
            assert!(matches!(error, ApplyError::Foreign { .. }), "{error:?}");
            assert!(error.to_string().contains(why), "{error}");
            assert!(error.help().expect("help").contains("git status"));
        }
    };
    // Lost bytes, other bytes, an older format, a newer one that nobody noted.
    let mut other = whole.clone();
    *other.last_mut().expect("not empty") = b' ';
    for bytes in [&whole[..whole.len() / 2], &other, b"paxx journal 1\n", b"paxx journal 9\n", b""] {
        fs::write(&journal, bytes).expect("written");
        is_refused(&project.place, "was not written by your paxx for this folder");
    }
    // The very bytes, for another user or in another folder.
    fs::write(&journal, &whole).expect("written");
    let stranger = tempfile::tempdir().expect("a folder");
    let foreign = Place { records: Records::new(Some(stranger.path().to_owned())), ..project.place.clone() };
    is_refused(&foreign, "was not written by your paxx");
    let nowhere = Place { records: Records::new(None), ..project.place.clone() };
    assert!(matches!(recover(&nowhere), Err(ApplyError::Foreign { .. })));
    let moved = Project::new();
    fs::create_dir(moved.full(".paxx")).expect("created");
    fs::write(moved.full(".paxx/journal"), &whole).expect("written");
    is_refused(&Place { records: project.records.clone(), ..moved.place.clone() }, "was not written by your paxx");
    // No file at all.
    fs::remove_file(&journal).expect("removed");
    fs::create_dir(&journal).expect("created");
    is_refused(&project.place, "is a folder");
    fs::remove_dir(&journal).expect("removed");
    symlink("undo", &journal).expect("linked");
    is_refused(&project.place, "is a symbolic link");
    assert_eq!(project.tree(), tree, "nothing was carried out");
    fs::remove_file(&journal).expect("removed");
    fs::write(&journal, &whole).expect("written");
    recover(&project.place).expect("recovered").expect("something");
    assert_eq!(project.tree(), Project::new().tree());
    // A journal that was never given its name counts for nothing.
    let fresh = Project::new();
    fs::create_dir(fresh.full(".paxx")).expect("created");
    fs::write(fresh.full(".paxx/journal.tmp"), b"half").expect("written");
    fresh.apply(&change()).expect("applied");
}

#[test]
fn an_own_journal_of_a_newer_version_says_so() {
    let project = Project::new();
    fs::create_dir(project.full(".paxx")).expect("created");
    fs::write(project.full(".paxx/journal"), b"paxx journal 9\n").expect("written");
    let tree = project.place.open().expect("opened");
    let mark = records::Mark::of(&tree, &FilePath::top(), &digest::digest(b"paxx journal 9\n")).expect("a mark");
    project.records.make().expect("made").add(&mark).expect("added");
    assert!(matches!(project.apply(&change()), Err(ApplyError::Unreadable { .. })));
}

#[test]
fn without_records_nothing_is_written() {
    let project = Project::new();
    let before = project.tree();
    let place = Place { records: Records::new(None), ..project.place.clone() };
    assert!(matches!(apply(&place, &change(), NEVER), Err(ApplyError::State { .. })));
    assert!(!project.full(".paxx").exists());
    assert_eq!(project.tree(), before);
    // Reading needs none.
    assert!(pending(&place).expect("read").is_none());
    assert!(matches!(undo_changes(&place), Err(ApplyError::NothingToUndo)));
}

#[test]
fn an_undo_of_somebody_else_is_none_and_gives_way_to_the_next_change() {
    let project = Project::new();
    project.apply(&change()).expect("applied");
    let undo = fs::read(project.full(".paxx/undo")).expect("there");
    let other = Project::new();
    other.apply(&change()).expect("applied");
    fs::write(other.full(".paxx/undo"), undo).expect("written");
    let before = other.tree();
    assert!(matches!(undo_changes(&other.place), Err(ApplyError::Foreign { .. })));
    assert!(foreign_undo(&other.place).is_some());
    assert!(pending(&other.place).expect("read").is_none());
    assert_eq!(other.tree(), before);
    let next = Change { files: vec![file("new.py", None, Some(contents(b"", false)))], ..change() };
    other.apply(&next).expect("applied");
    assert_eq!(undo_changes(&other.place).expect("its own").files.len(), 1);
}

#[test]
fn records_go_with_their_journals() {
    let project = Project::new();
    let count = || fs::read_dir(project.state.path().join("paxx/journals")).map_or(0, Iterator::count);
    project.apply(&change()).expect("applied");
    assert_eq!(count(), 1);
    project.apply(&undo_changes(&project.place).expect("can be undone")).expect("undone");
    assert_eq!(count(), 0);
    assert!(matches!(apply(&project.place, &change(), &|| true), Err(ApplyError::Interrupted)));
    killed(&project, 5);
    recover(&project.place).expect("recovered");
    assert_eq!(count(), 0);
    project.apply(&change()).expect("applied");
    let next = Change { files: vec![file("new.py", None, Some(contents(b"", false)))], ..change() };
    project.apply(&next).expect("applied");
    assert_eq!(count(), 1, "one last change, one record");
}

#[test]
fn no_file_becomes_set_user_id() {
    let project = Project::new();
    project.write("run.sh", b"#!/bin/sh\n", 0o6755);
    let gone = Change { files: vec![file("run.sh", Some(contents(b"#!/bin/sh\n", true)), None)], ..change() };
    project.apply(&gone).expect("applied");
    let undo = undo_changes(&project.place).expect("can be undone");
    assert!(undo.files[0].after.as_ref().expect("a file").executable, "the diff shows the bit that it will have");
    project.apply(&undo).expect("undone");
    assert_eq!(project.tree()["run.sh"].0, 0o755);
    project.write("run.sh", b"#!/bin/sh\n", 0o4711);
    project
        .apply(&Change {
            files: vec![file("run.sh", Some(contents(b"#!/bin/sh\n", true)), Some(contents(b"other", true)))],
            ..change()
        })
        .expect("applied");
    assert_eq!(project.tree()["run.sh"].0, 0o711);
}

#[test]
fn a_folder_that_was_empty_stays() {
    let project = Project::new();
    fs::create_dir_all(project.full("app/services")).expect("created");
    let before = project.tree();
    project.apply(&change()).expect("applied");
    project.apply(&undo_changes(&project.place).expect("can be undone")).expect("undone");
    assert_eq!(project.tree(), before, "undo");
    // The same by a change that deletes the files, as `remove` does, and after another one.
    project.apply(&change()).expect("applied");
    project.apply(&Change { files: vec![file("x", None, Some(contents(b"", false)))], ..change() }).expect("applied");
    let files =
        change().files.into_iter().skip(3).map(|change| FileChange { before: change.after, after: None, ..change });
    project.apply(&Change { files: files.collect(), ..change() }).expect("applied");
    assert!(project.full("app/services").is_dir());
    // Once it is gone, and made by a change, it goes with that.
    fs::remove_dir_all(project.full("app")).expect("removed");
    let service = || Some(contents(b"", false));
    project.apply(&Change { files: vec![file("app/services/a.py", None, service())], ..change() }).expect("applied");
    project.apply(&Change { files: vec![file("app/services/a.py", service(), None)], ..change() }).expect("applied");
    assert!(!project.full("app").exists());
}

#[test]
fn other_names_of_a_file_are_told_and_keep_the_old_one() {
    let project = Project::new();
    fs::hard_link(project.full("config.py"), project.full("other.py")).expect("linked");
    assert_eq!(hard_links(&project.place, &change().files), [(path("config.py"), 1)]);
    project.apply(&change()).expect("applied");
    assert_eq!(fs::read(project.full("other.py")).expect("there"), b"a = 1\n");
}

/// Two projects below one repository, and a file at its top.
fn monorepo() -> (Project, Place, Place) {
    let project = Project::new();
    project.write("a/x", b"", 0o644);
    project.write("b/x", b"", 0o644);
    let place = |root| Place::new(project.folder.path(), path(root), project.records.clone());
    let (a, b) = (place("a"), place("b"));
    (project, a, b)
}

fn change_of(root: &str, names: &[&str]) -> Change {
    let files = names.iter().map(|name| file(name, None, Some(contents(b"new", false)))).collect();
    Change { root: path(root), files, ..change() }
}

#[test]
fn each_project_has_its_own_last_change() {
    let (project, a, b) = monorepo();
    let before = project.tree();
    apply(&a, &change_of("a", &["a/new", "of-a"]), NEVER).expect("applied");
    let only_a = project.tree();
    apply(&b, &change_of("b", &["b/new", "of-b"]), NEVER).expect("applied");
    let both = project.tree();
    let undo = |place: &Place| undo_changes(place).map(|change| apply(place, &change, NEVER).expect("undone"));
    undo(&b).expect("there is one");
    assert_eq!(project.tree(), only_a);
    assert!(matches!(undo(&b), Err(ApplyError::NothingToUndo)));
    apply(&b, &change_of("b", &["b/new", "of-b"]), NEVER).expect("applied");
    assert_eq!(project.tree(), both);
    undo(&a).expect("there is one");
    assert!(project.full("b/new").exists() && project.full("of-b").exists());
    undo(&b).expect("there is one");
    assert_eq!(project.tree(), before);
}

/// A change that reaches above the root and one that does not: what is undone is the last one, wherever it lies.
#[test]
fn the_last_change_is_the_last_one() {
    for (first, second) in [(&["a/1", "top-1"][..], &["a/2"][..]), (&["a/1"], &["a/2", "top-2"])] {
        let (project, a, _) = monorepo();
        apply(&a, &change_of("a", first), NEVER).expect("applied");
        let before = project.tree();
        apply(&a, &change_of("a", second), NEVER).expect("applied");
        apply(&a, &undo_changes(&a).expect("there is one"), NEVER).expect("undone");
        assert_eq!(project.tree(), before);
        assert!(matches!(undo_changes(&a), Err(ApplyError::NothingToUndo)), "one step deep");
    }
}

#[test]
fn one_lock_at_the_top_for_what_is_shared() {
    let (project, a, b) = monorepo();
    let tree = a.open().expect("opened");
    let homes = a.homes(&tree);
    let top = Lock::acquire(&homes[0]).expect("locked");
    let shared = change_of("b", &["b/new", "of-b"]);
    assert!(matches!(apply(&b, &shared, NEVER), Err(ApplyError::Busy(_))));
    // What stays inside another project needs no more than its own.
    apply(&b, &change_of("b", &["b/1"]), NEVER).expect("applied");
    drop(top);
    let own = Lock::acquire(&homes[1]).expect("locked");
    assert!(matches!(apply(&a, &change_of("a", &["a/new", "of-a"]), NEVER), Err(ApplyError::Busy(_))));
    apply(&b, &shared, NEVER).expect("applied");
    drop(own);
    assert!(project.full("b/.paxx/lock").exists() && project.full(".paxx/lock").exists());
}

/// A change of one project that was killed amid what it shares is settled by whichever project comes next.
#[test]
fn the_next_project_settles_what_is_shared() {
    let (project, a, b) = monorepo();
    let before = project.tree();
    let change = change_of("a", &["a/new", "of-a"]);
    {
        let tree = a.open().expect("opened");
        let site = a.homes(&tree).remove(0);
        let _lock = Lock::acquire(&site).expect("locked");
        let prepared = prepare(&a, &site, &change).expect("prepared");
        let journal = begin(&site, &prepared).expect("begun");
        let asked = Cell::new(0);
        let interrupted = || {
            asked.set(asked.get() + 1);
            asked.get() > 6
        };
        carry_out(&site, &journal.record, &prepared.works, &interrupted).expect_err("killed");
    }
    assert_ne!(project.tree(), before);
    assert_eq!(pending(&b).expect("read").expect("pending").label, change.label);
    let applied = apply(&b, &change_of("b", &["b/own"]), NEVER).expect("applied");
    assert_eq!(applied.recovered.len(), 1);
    apply(&b, &undo_changes(&b).expect("there is one"), NEVER).expect("undone");
    assert_eq!(project.tree(), before);
}

/// The repository began at the project when the change was made, and begins above it now.
#[test]
fn a_change_is_undone_where_the_repository_begins_elsewhere() {
    let (project, a, _) = monorepo();
    let before = project.tree();
    let alone = Place::folder(project.full("a"), project.records.clone());
    apply(&alone, &change_of("", &["new"]), NEVER).expect("applied");
    let undo = undo_changes(&a).expect("can be undone");
    assert_eq!((undo.root.clone(), undo.files[0].path.clone()), (path("a"), path("a/new")));
    apply(&a, &undo, NEVER).expect("undone");
    assert_eq!(project.tree(), before);
}

#[test]
fn thestate_folder_is_a_folder_and_the_lock_a_file() {
    let project = Project::new();
    let elsewhere = tempfile::tempdir().expect("a folder");
    symlink(elsewhere.path(), project.full(".paxx")).expect("linked");
    assert!(matches!(apply(&project.place, &change(), NEVER), Err(ApplyError::NoStateFolder(_))));
    assert!(matches!(pending(&project.place), Err(ApplyError::NoStateFolder(_))));
    assert!(matches!(undo_changes(&project.place), Err(ApplyError::NoStateFolder(_))));
    assert!(tree(elsewhere.path()).is_empty());
    fs::remove_file(project.full(".paxx")).expect("removed");
    fs::create_dir_all(project.full(".paxx/lock")).expect("created");
    assert!(matches!(apply(&project.place, &change(), NEVER), Err(ApplyError::NoLock(_))));
    fs::remove_dir(project.full(".paxx/lock")).expect("removed");
    symlink("elsewhere", project.full(".paxx/lock")).expect("linked");
    assert!(matches!(apply(&project.place, &change(), NEVER), Err(ApplyError::NoLock(_))));
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
