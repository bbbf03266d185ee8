//! What people and programs read: diffs, summaries, findings. The only user of `similar`, `miette` and `serde_json`.

mod binary_patch;
pub mod component;
pub mod diff;
pub mod findings;
pub mod github;
pub mod json;
pub mod links;
pub mod next_steps;
pub mod outline;
pub mod placed;
pub mod report;
pub mod sarif;
pub mod styled;
pub mod summary;

use std::path::{Path, PathBuf};

use links::Link;

use crate::finding::Location;
use crate::project::{FilePath, Project};
use crate::source::text;

/// How paths are shown: relative to the current folder, as a terminal makes them clickable.
#[derive(Debug, Clone)]
pub struct Paths {
    base: PathBuf,
    current: PathBuf,
}

impl Paths {
    /// Paths below `base` as seen from `current`, both absolute.
    pub fn new(base: PathBuf, current: PathBuf) -> Self {
        Self { base, current }
    }

    /// The path as shown.
    pub fn show(&self, path: &FilePath) -> String {
        let absolute = self.base.join(path.as_str());
        if let Ok(below) = absolute.strip_prefix(&self.current) {
            return below.to_string_lossy().into_owned();
        }
        relative(&absolute, &self.current).to_string_lossy().into_owned()
    }

    /// Where the path leads.
    pub fn link(&self, path: &FilePath) -> Link {
        Link::file(&self.base.join(path.as_str()))
    }

    /// `path:line:column` of a place; the column counts characters from 1.
    pub fn place(&self, project: &Project, location: &Location) -> String {
        let (line, column) = line_and_column(project, location);
        format!("{}:{line}:{column}", self.show(&location.path))
    }
}

/// Line and column, from 1, of the beginning of a place.
pub fn line_and_column(project: &Project, location: &Location) -> (usize, usize) {
    project.text(&location.path).map_or((1, 1), |code| text::line_and_column(code, location.range.start))
}

fn relative(path: &Path, from: &Path) -> PathBuf {
    let common = path.components().zip(from.components()).take_while(|(left, right)| left == right).count();
    let mut result: PathBuf = from.components().skip(common).map(|_| "..").collect();
    result.extend(path.components().skip(common));
    result
}
