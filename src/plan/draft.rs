//! A project on its way through a plan: its files in memory, and which step each change belongs to.

use std::collections::BTreeMap;

use super::PlannedFile;
use crate::edit::{self, Edit, Pieces};
use crate::finding::{self, Location, Problem};
use crate::project::unreadable;
use crate::project::{File, FilePath, Project};
use crate::requirement::Change;
use crate::source::text::LineEnding;

/// A project on its way.
pub(super) struct Draft {
    pub project: Project,
    pub original: Project,
    pub pieces: BTreeMap<FilePath, Pieces>,
    pub whole: BTreeMap<FilePath, usize>,
    pub line_ending: LineEnding,
}

impl Draft {
    pub fn new(project: &Project) -> Self {
        let application =
            project.layout.application.as_ref().ok().and_then(|application| project.file(&application.path));
        let line_ending = application.map_or(LineEnding::Lf, |file| file.line_ending());
        Self {
            project: project.clone(),
            original: project.clone(),
            pieces: BTreeMap::new(),
            whole: BTreeMap::new(),
            line_ending,
        }
    }

    /// Takes the changes of a fix, on behalf of a step. Nothing is taken where one of them is not allowed.
    pub fn take(&mut self, changes: &[Change], step: usize) -> Result<(), Problem> {
        for change in changes {
            let (Change::Edit { path, .. } | Change::Write { path, .. } | Change::Delete { path }) = change;
            if let Some(file) = self.original.file(path) {
                if file.read_only {
                    return Err(Problem::new(&finding::READ_ONLY, format!("`{path}` is read-only"))
                        .at(path, 0..0)
                        .help(format!("make it writable (`chmod u+w {path}`), then run the command again")));
                }
                if file.text().is_none() {
                    return Err(Problem::new(&finding::NOT_TEXT, format!("`{path}` is not UTF-8 text"))
                        .at(path, 0..0)
                        .help("convert it to UTF-8 first"));
                }
                if path.as_str().ends_with(".py")
                    && matches!(change, Change::Edit { .. })
                    && let Some(error) = file.python().error.clone()
                {
                    return Err(unreadable::syntax_error(path, error));
                }
            }
        }
        for change in changes {
            match change {
                Change::Edit { path, edits } => {
                    let Some(file) = self.project.file(path).cloned() else { continue };
                    let text = file.text().unwrap_or_default();
                    let Some(edited) = edit::apply(text, edits) else {
                        return Err(Problem::new(
                            &finding::APPLICATION_UNSUPPORTED,
                            format!("two edits of `{path}` overlap"),
                        )
                        .at(path, 0..0));
                    };
                    self.pieces.entry(path.clone()).or_insert_with(|| Pieces::new(text.len())).take(edits, step);
                    self.project.set(path.clone(), Some(file.with_text(edited)));
                }
                Change::Write { path, text } => {
                    let text = self.line_ending.convert(text);
                    let file = match self.project.file(path) {
                        Some(there) => there.with_text(text),
                        None => File::new(text.into_bytes()),
                    };
                    self.whole.insert(path.clone(), step);
                    self.project.set(path.clone(), Some(file));
                }
                Change::Delete { path } => {
                    self.whole.insert(path.clone(), step);
                    self.project.set(path.clone(), None);
                }
            }
        }
        Ok(())
    }

    /// A place in the present text as one in the file on disk, which is what the user sees.
    pub fn on_disk(&self, at: &mut Location) {
        if let Some(pieces) = self.pieces.get(&at.path) {
            at.range = pieces.origin(&at.range);
        }
    }

    /// A problem of the present text with its places in the files on disk.
    pub fn problem_on_disk(&self, mut problem: Problem) -> Problem {
        let related = problem.related.iter_mut().map(|(at, _)| at);
        problem.at.iter_mut().chain(related).for_each(|at| self.on_disk(at));
        problem
    }

    /// The files that differ from the original.
    pub fn files(&self) -> Vec<PlannedFile> {
        let mut paths: Vec<&FilePath> =
            self.original.files().chain(self.project.files()).map(|(path, _)| path).collect();
        paths.sort();
        paths.dedup();
        let mut files = Vec::new();
        for path in paths {
            let (before, after) = (self.original.file(path), self.project.file(path));
            if before.map(|file| file.bytes()) == after.map(|file| file.bytes()) {
                continue;
            }
            let changes = match (before, after, self.pieces.get(path)) {
                (Some(_), Some(_), Some(pieces)) if !self.whole.contains_key(path) => pieces.changes(),
                (Some(before), Some(after), _) => {
                    let text = after.text().unwrap_or_default();
                    let owner = self.whole.get(path).copied().unwrap_or_default();
                    vec![edit::Change {
                        edit: Edit::replace(0..before.text().map_or(before.bytes().len(), str::len), text),
                        owner,
                    }]
                }
                _ => Vec::new(),
            };
            files.push(PlannedFile {
                path: self.original.target(path).clone(),
                before: before.cloned(),
                after: after.cloned(),
                changes,
                step: self.whole.get(path).copied(),
            });
        }
        files
    }

    /// Files that parsed before and do not parse now: an edit of ours is wrong, and nothing is written.
    pub fn new_errors(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for file in self.files() {
            let (Some(before), Some(after)) = (&file.before, &file.after) else { continue };
            let name = file.path.as_str();
            let broken = if name.ends_with(".py") {
                before.python().error.is_none() && after.python().error.is_some()
            } else if name.ends_with(".yml") || name.ends_with(".yaml") {
                before.yaml().is_ok() && after.yaml().is_err()
            } else if name.ends_with(".toml") {
                before.toml().is_ok() && after.toml().is_err()
            } else {
                false
            };
            if broken {
                problems.push(
                    Problem::new(
                        &finding::SYNTAX_ERROR,
                        format!("the edit of `{}` would make it invalid, so nothing is written", file.path),
                    )
                    .at(&file.path, 0..0)
                    .help("this is a defect of paxx: please report it with this file"),
                );
            }
        }
        problems
    }
}
