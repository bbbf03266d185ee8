//! Which folders and Python files of a project there are, but for those that its ignore files leave out.
//!
//! The rules are those of the `ignore` crate's own walk (hidden folders are skipped, `.ignore` goes before `.gitignore`, the
//! nearest file wins, a repository inside of another one has its own `.gitignore`). That walk opens ignore files by itself, be they
//! pipes or without end; here [`Disk`] reads them, and the crate only compiles and matches the lines.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::FilePath;
use super::disk::{Contents, Disk, Entry, Kind, LARGEST_IGNORE_FILE, Refusal};

/// Folders of packages that were installed, and of what was compiled.
const INSTALLED: &[&str] = &["node_modules", "site-packages", "__pycache__", "venv", ".venv"];

/// Folders below more folders than this are not searched. No Python package lies so deep, and each folder on the way may have
/// rules of its own, which every path is held against.
const DEEPEST: usize = 64;

/// Fewer items than this are not worth another thread.
const FEW: usize = 24;

/// Ignore files, read or refused.
pub type Known = BTreeMap<FilePath, Result<Contents, Refusal>>;

/// What a walk came upon.
#[derive(Debug, Default)]
pub struct Found {
    /// The folders, each with the names in it, sorted; also names that are ignored.
    pub folders: Vec<(FilePath, Arc<[String]>)>,
    /// The Python files, sorted.
    pub files: Vec<FilePath>,
    /// Ignore files, read or refused.
    pub rules: Vec<(FilePath, Result<Contents, Refusal>)>,
    /// What was not looked at, and why.
    pub skipped: Vec<(FilePath, String)>,
}

/// The rules for the entries of a folder: its own ignore files, then those of the folders above.
#[derive(Debug)]
struct Rules {
    folder: FilePath,
    above: Option<Arc<Rules>>,
    /// `.ignore`, `.gitignore` and `.git/info/exclude`, the strongest first.
    own: [Gitignore; 3],
    /// Does a git repository begin here? Its rules are not those of the repository around it.
    is_repository: bool,
}

impl Rules {
    fn decide(&self, path: &FilePath, is_folder: bool) -> Match<()> {
        let mut found = [const { Match::None }; 3];
        let mut is_inside = true;
        let mut rules = Some(self);
        while let Some(present) = rules {
            let below = path.as_str().strip_prefix(present.folder.as_str()).unwrap_or_default().trim_start_matches('/');
            for (kind, (found, own)) in found.iter_mut().zip(&present.own).enumerate() {
                if found.is_none() && (kind == 0 || is_inside) {
                    *found = own.matched(below, is_folder).map(|_| ());
                }
            }
            is_inside &= !present.is_repository;
            rules = present.above.as_deref();
        }
        let [ignore, gitignore, exclude] = found;
        ignore.or(gitignore).or(exclude)
    }
}

struct Job {
    folder: FilePath,
    depth: usize,
    rules: Option<Arc<Rules>>,
}

/// Walks through `start` and the folders below. Symbolic links to folders are not followed. With `from_top`, what lies above
/// `start` decides what is ignored too. Ignore files that are `known` are not opened.
pub fn walk(disk: &Disk, start: &FilePath, from_top: bool, known: &Known) -> Found {
    let mut found = Found::default();
    let mut rules = None;
    if from_top {
        let mut above: Vec<FilePath> = std::iter::successors(start.parent(), FilePath::parent).collect();
        above.reverse();
        for folder in above {
            let entries = disk.list(&folder).unwrap_or_default();
            rules = rules_of(disk, known, &folder, &entries, rules, &mut found);
        }
    }
    let mut jobs = vec![Job { folder: start.clone(), depth: 0, rules }];
    // Level by level: the folders of a level are as good as independent.
    while !jobs.is_empty() {
        let mut next = Vec::new();
        for (own, below) in in_parallel(&jobs, |job| look(disk, known, job)) {
            found.folders.extend(own.folders);
            found.files.extend(own.files);
            found.rules.extend(own.rules);
            found.skipped.extend(own.skipped);
            next.extend(below);
        }
        jobs = next;
    }
    found.files.sort();
    found
}

/// Looks at one folder: what it has, and which folders below are to be looked at.
fn look(disk: &Disk, known: &Known, job: &Job) -> (Found, Vec<Job>) {
    let mut found = Found::default();
    // Folders that may not be read are not the project's, as a rule: the data of a database in a container.
    let Ok(entries) = disk.list(&job.folder) else { return (found, Vec::new()) };
    let has = |name: &str| entries.iter().any(|entry| entry.name == name);
    if job.depth > 0 && has("pyvenv.cfg") {
        return (found, Vec::new());
    }
    let rules = rules_of(disk, known, &job.folder, &entries, job.rules.clone(), &mut found);
    let mut below = Vec::new();
    for entry in &entries {
        let is_folder = entry.kind == Kind::Folder;
        let is_python = matches!(entry.kind, Kind::File | Kind::Link) && entry.name.ends_with(".py");
        if !(is_python || is_folder) || (is_folder && INSTALLED.contains(&entry.name.as_str())) {
            continue;
        }
        let path = job.folder.child(&entry.name);
        let decided = rules.as_ref().map_or(Match::None, |rules| rules.decide(&path, is_folder));
        if decided.is_ignore() || (entry.name.starts_with('.') && !decided.is_whitelist()) {
            continue;
        }
        if !entry.is_text {
            found.skipped.push((job.folder.clone(), format!("the name `{}` is not UTF-8", entry.name)));
        } else if is_python {
            found.files.push(path);
        } else if job.depth == DEEPEST {
            found.skipped.push((path, format!("it lies below more than {DEEPEST} folders")));
        } else {
            below.push(Job { folder: path, depth: job.depth + 1, rules: rules.clone() });
        }
    }
    let names = entries.into_iter().filter(|entry| entry.is_text).map(|entry| entry.name).collect();
    found.folders.push((job.folder.clone(), names));
    (found, below)
}

/// The rules for what is in `folder`; those of `above` where it has none of its own.
fn rules_of(
    disk: &Disk,
    known: &Known,
    folder: &FilePath,
    entries: &[Entry],
    above: Option<Arc<Rules>>,
    found: &mut Found,
) -> Option<Arc<Rules>> {
    let has = |name: &str| entries.iter().any(|entry| entry.name == name);
    let is_repository = has(".git");
    let mut read = |is_there: bool, name: &str| {
        if !is_there {
            return Gitignore::empty();
        }
        let path = folder.join(name).unwrap_or_else(FilePath::top);
        let read = known.get(&path).cloned().unwrap_or_else(|| disk.read(&path, LARGEST_IGNORE_FILE));
        let rules = read.as_ref().map_or_else(|_| Gitignore::empty(), |contents| compiled(&contents.bytes));
        found.rules.push((path, read));
        rules
    };
    let own = [
        read(has(".ignore"), ".ignore"),
        read(has(".gitignore"), ".gitignore"),
        read(is_repository, ".git/info/exclude"),
    ];
    if !is_repository && own.iter().all(Gitignore::is_empty) {
        return above;
    }
    Some(Arc::new(Rules { folder: folder.clone(), above, own, is_repository }))
}

/// The rules of an ignore file. A line that is none is passed over, as git does.
fn compiled(bytes: &[u8]) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    for line in bytes.split(|byte| *byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok()) {
        let _ = builder.add_line(None, line);
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

/// Does `work` for each item, on all cores where there are many items. The results have the order of the items.
pub fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let threads = cores.min(items.len() / FEW);
    if threads < 2 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let share = || {
        let mut done = Vec::new();
        loop {
            let from = next.fetch_add(FEW / 3, Ordering::Relaxed);
            let Some(items) = items.get(from..).filter(|items| !items.is_empty()) else { return done };
            done.extend(items.iter().take(FEW / 3).enumerate().map(|(at, item)| (from + at, work(item))));
        }
    };
    let mut done = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(share)).collect();
        let mut done = share();
        for other in others {
            match other.join() {
                Ok(share) => done.extend(share),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_unstable_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The Python files that a walk through `start` finds in a tree of these files, and what it says.
    fn walked(files: &[(&str, &str)], start: &str, from_top: bool) -> (Vec<String>, Found) {
        let folder = tempfile::tempdir().expect("a folder");
        let base = fs::canonicalize(folder.path()).expect("there");
        for (path, text) in files {
            let path = base.join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            fs::write(path, text).expect("written");
        }
        let start = FilePath::new(start).expect("inside");
        let found = walk(&Disk::open(&base).expect("opened"), &start, from_top, &Known::new());
        (found.files.iter().map(ToString::to_string).collect(), found)
    }

    #[test]
    fn what_ignore_files_leave_out_is_not_found() {
        let files = [
            (".gitignore", "\u{feff}gone.py\n/build/\n*.gen.py\n!kept.gen.py\nignored/*\n"),
            (".ignore", "!wanted.gen.py\n"),
            (".git/info/exclude", "private.py\n"),
            ("a.py", ""),
            ("gone.py", ""),
            ("private.py", ""),
            ("build/a.py", ""),
            ("app/build/a.py", ""),
            ("app/x.gen.py", ""),
            ("app/kept.gen.py", ""),
            ("app/wanted.gen.py", ""),
            ("app/.gitignore", "!gone.py\nlocal.py\n"),
            ("app/gone.py", ""),
            ("app/local.py", ""),
            ("ignored/a.py", ""),
            (".hidden/a.py", ""),
            (".github/a.py", ""),
            ("node_modules/a.py", ""),
            ("env/pyvenv.cfg", ""),
            ("env/a.py", ""),
            ("vendored/.git/HEAD", ""),
            ("vendored/gone.py", ""),
            ("a.txt", ""),
        ];
        let (found, _) = walked(&files, "", false);
        let expected =
            ["a.py", "app/build/a.py", "app/gone.py", "app/kept.gen.py", "app/wanted.gen.py", "vendored/gone.py"];
        assert_eq!(found, expected);
        let (found, _) = walked(&files, "app", false);
        assert_eq!(found, ["app/build/a.py", "app/gone.py", "app/kept.gen.py", "app/wanted.gen.py", "app/x.gen.py"]);
        let (found, _) = walked(&files, "app", true);
        assert_eq!(found, ["app/build/a.py", "app/gone.py", "app/kept.gen.py", "app/wanted.gen.py"]);
    }

    #[test]
    fn a_limit_that_is_reached_is_said() {
        let deep = |levels: usize| format!("{}x.py", "a/".repeat(levels));
        let (edge, beyond) = (deep(DEEPEST), deep(DEEPEST + 1));
        let large = "#\n".repeat(200_000);
        let (found, all) = walked(&[(&edge, ""), (&beyond, ""), ("b/.gitignore", &large), ("b/x.py", "")], "", false);
        assert_eq!(found, [edge, "b/x.py".to_owned()]);
        assert_eq!(all.skipped.len(), 1);
        let refused = all.rules.iter().filter(|(_, read)| read.is_err()).count();
        assert_eq!(refused, 1);
    }

    #[test]
    fn many_items_keep_their_order() {
        let items: Vec<usize> = (0..10_000).collect();
        assert_eq!(in_parallel(&items, |item| item * 2), items.iter().map(|item| item * 2).collect::<Vec<_>>());
    }
}
