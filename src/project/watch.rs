//! Has anything changed in a project? Asked again and again by `check --watch`.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;

use super::FilePath;
use super::disk::Disk;
use super::walk::{Known, walk};

/// The endings of files that a check may read, beside those of Python.
const ENDINGS: [&str; 10] = ["py", "toml", "yml", "yaml", "txt", "in", "lock", "mako", "cfg", "ini"];

/// A number for the state of the files below the absolute folder `base`: another one where one of them was written, came or went.
pub fn state(base: &Path) -> u64 {
    let mut state = DefaultHasher::new();
    let Ok(disk) = Disk::open(base) else { return 0 };
    for (folder, names) in walk(&disk, &FilePath::top(), false, &Known::new()).folders {
        for name in names.iter().filter(|name| is_read(name)) {
            let path = folder.child(name);
            path.as_str().hash(&mut state);
            disk.stamp(&path).hash(&mut state);
        }
    }
    state.finish()
}

fn is_read(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    ENDINGS.contains(&ending) || name.starts_with(".env") || name.contains("ockerfile") || name.ends_with("ignore")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_written_comes_or_goes_is_seen() {
        let folder = tempfile::tempdir().expect("a folder");
        let base = fs::canonicalize(folder.path()).expect("there");
        let mut states = vec![state(&base)];
        let mut next = |what: &str| {
            states.push(state(&base));
            assert!(states.iter().filter(|known| Some(*known) == states.last()).count() == 1, "{what}");
        };
        fs::create_dir(base.join("app")).expect("made");
        fs::write(base.join("app/main.py"), "a").expect("written");
        next("comes");
        fs::write(base.join("app/main.py"), "ab").expect("written");
        next("is written");
        fs::write(base.join(".env.example"), "A=1").expect("written");
        next("an env file");
        fs::remove_file(base.join("app/main.py")).expect("removed");
        next("goes");
        let before = state(&base);
        fs::write(base.join("data.bin"), "x").expect("written");
        assert_eq!(before, state(&base));
    }
}
