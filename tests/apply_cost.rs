//! What applying costs, against the floor: a program that writes the same bytes file by file, each to a temporary file that is
//! synced and renamed and whose folder is synced. Prints the ratio; the aim is under 3.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use paxx::apply::{Change, Contents, FileChange, Place, Records, apply};
use paxx::project::FilePath;

const ROUNDS: usize = 15;

/// About what a component brings: two modules, six edited files, in three folders.
fn change() -> Change {
    let names = [
        "app/services/cache.py",
        "app/services/redis.py",
        "app/main.py",
        "app/core/config.py",
        "pyproject.toml",
        "compose.yml",
        ".env.example",
        "paxx.lock",
    ];
    let line = b"a line of a file, about as long as lines are in such files\n";
    let file = |(index, name): (usize, &&str)| FileChange {
        path: FilePath::new(name).expect("inside"),
        before: (index > 1).then(|| Contents::new(line.repeat(100))),
        after: Some(Contents::new(line.repeat(110))),
    };
    Change {
        label: "paxx infra add redis".to_owned(),
        root: FilePath::top(),
        undo: false,
        files: names.iter().enumerate().map(file).collect(),
    }
}

fn project(change: &Change) -> tempfile::TempDir {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    fs::create_dir_all(folder.path().join("app/core")).expect("created");
    fs::create_dir_all(folder.path().join("app/services")).expect("created");
    for file in &change.files {
        if let Some(before) = &file.before {
            fs::write(folder.path().join(file.path.as_str()), &before.bytes).expect("written");
        }
    }
    File::open(folder.path()).expect("opened").sync_all().expect("synced");
    folder
}

fn floor(folder: &Path, change: &Change) {
    for file in &change.files {
        let Some(after) = &file.after else { continue };
        let target = folder.join(file.path.as_str());
        let temporary = target.with_extension("tmp");
        let mut written = File::create(&temporary).expect("created");
        written.write_all(&after.bytes).expect("written");
        written.sync_all().expect("synced");
        fs::rename(&temporary, &target).expect("renamed");
        File::open(target.parent().expect("a folder")).expect("opened").sync_all().expect("synced");
    }
}

#[test]
fn applying_costs_little_more_than_writing() {
    let change = change();
    let mut floors = Vec::new();
    let mut applies = Vec::new();
    // In turns, so that what else the machine does meets both.
    for _ in 0..ROUNDS {
        let folder = project(&change);
        let start = Instant::now();
        floor(folder.path(), &change);
        floors.push(start.elapsed());

        let folder = project(&change);
        let state = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let place = Place::folder(folder.path(), Records::new(Some(state.path().to_owned())));
        let start = Instant::now();
        apply(&place, &change, &|| false).expect("applied");
        applies.push(start.elapsed());
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2].as_secs_f64() * 1e3
    };
    let (floor, apply) = (median(&mut floors), median(&mut applies));
    println!("{} files: floor {floor:.2} ms, apply {apply:.2} ms, ratio {:.2}", change.files.len(), apply / floor);
}
