//! What the user wants to hear nothing of: a comment at the place says so, or `[tool.paxx]` does.
//!
//! ```text
//! # paxx: ignore[PX304]         behind the line of a finding, or alone above it
//! # paxx: ignore-file[PX106]    alone on a line, for the whole file
//! ```
//!
//! The same comment serves Python, YAML, TOML and env files: all of them begin it with `#`.

use std::ops::Range;

use super::Finding;
use crate::finding::{self, Problem, Rule, is_selector};
use crate::project::{FilePath, Project};
use crate::source::text;

/// Why nothing is said of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suppression {
    /// A comment in the file says so.
    Comment,
    /// The configuration says so.
    Configuration,
}

/// What `[tool.paxx]` of a project ignores.
#[derive(Debug, Default)]
pub struct Ignored {
    everywhere: Vec<String>,
    /// A file, or a folder and all that is below it, and what is ignored there.
    below: Vec<(FilePath, Vec<String>)>,
}

impl Ignored {
    /// Reads it; what is wrong with it is said where the project is looked for.
    pub fn of(project: &Project) -> Self {
        let root = &project.layout.root;
        let Some(source) = project.file(&root.child("pyproject.toml")).and_then(|file| file.toml().ok()) else {
            return Self::default();
        };
        let keys = ["tool", "paxx", "per-file-ignores"];
        let below = source.keys(&keys).into_iter().filter_map(|path| {
            let codes = source.strings(&[keys[0], keys[1], keys[2], &path]);
            Some((root.join(&path)?, codes))
        });
        Self { everywhere: source.strings(&["tool", "paxx", "ignore"]), below: below.collect() }
    }

    /// Why nothing is said of `problem`, whose place is one of `project`; `None` where something is.
    pub fn why(&self, project: &Project, problem: &Problem) -> Option<Suppression> {
        let rule = problem.rule;
        // A change that was interrupted, or a lock that lies, is no matter of taste.
        if rule.is_selected_by("PX8") {
            return None;
        }
        let is_here =
            |path: &FilePath| problem.at.as_ref().is_some_and(|at| at.path.is_below(path) || at.path == *path);
        let below = self.below.iter().filter(|(path, _)| is_here(path)).flat_map(|(_, codes)| codes);
        if self.everywhere.iter().chain(below).any(|code| rule.is_selected_by(code)) {
            return Some(Suppression::Configuration);
        }
        let at = problem.at.as_ref()?;
        let text = project.text(&at.path)?;
        let comments = comments(text);
        comments.iter().any(|comment| comment.covers(rule, at.range.start)).then_some(Suppression::Comment)
    }
}

/// The comments of the files that components are wired into, as far as they ignore none of `found`.
pub fn unused(project: &Project, found: &[Finding]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for path in wired(project) {
        let Some(text) = project.text(path) else { continue };
        for comment in comments(text) {
            for (code, range) in &comment.codes {
                let is_used = found.iter().any(|finding| {
                    let at = finding.problem.at.as_ref().filter(|at| at.path == *path);
                    finding.problem.rule.is_selected_by(code) && at.is_some_and(|at| comment.reaches(at.range.start))
                });
                if is_used {
                    continue;
                }
                let message = if is_selector(code) {
                    format!("the comment ignores `{code}`, which is not found here")
                } else {
                    format!("the comment ignores `{}`, which is no code of a finding", code.escape_debug())
                };
                let help = "delete it; it belongs behind the line of the finding, or alone above it";
                problems.push(Problem::new(&finding::IGNORES_NOTHING, message).at(path, range.clone()).help(help));
            }
        }
    }
    problems
}

/// The files that a search and a quick look both read.
fn wired(project: &Project) -> Vec<&FilePath> {
    let layout = &project.layout;
    let mut paths: Vec<&FilePath> = Vec::new();
    paths.extend(layout.application.iter().map(|application| &application.path));
    paths.extend(layout.settings.iter().map(|settings| &settings.path));
    paths.extend(layout.compose.iter().flatten().map(|compose| &compose.path));
    paths.extend(layout.env_example.iter());
    paths.extend(layout.ignore_files.iter());
    let lists = ["pyproject.toml", "requirements.txt"].map(|name| layout.root.child(name));
    paths.extend(project.files().map(|(path, _)| path).filter(|path| lists.contains(path)));
    paths.sort();
    paths.dedup();
    paths
}

/// A comment that ignores something.
struct Comment {
    /// Each code with its place.
    codes: Vec<(String, Range<usize>)>,
    /// What it speaks of: a line without its end, or the whole file.
    target: Range<usize>,
}

impl Comment {
    fn reaches(&self, offset: usize) -> bool {
        (self.target.start..=self.target.end).contains(&offset)
    }

    fn covers(&self, rule: &Rule, offset: usize) -> bool {
        self.reaches(offset) && self.codes.iter().any(|(code, _)| rule.is_selected_by(code))
    }
}

/// The comments of a text that ignore something.
fn comments(text: &str) -> Vec<Comment> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("paxx:") {
        let start = text::line_start(text, at);
        let before = text.get(start..at).unwrap_or_default().trim_end();
        let Some(before) = before.strip_suffix('#').filter(|code| code.is_empty() || code.ends_with([' ', '\t', '#']))
        else {
            continue;
        };
        let end = text::line_end(text, at);
        let rest = text.get(at + "paxx:".len()..end).unwrap_or_default();
        let Some(word) = rest.trim_start().strip_prefix("ignore") else { continue };
        let (word, is_file) = word.strip_prefix("-file").map_or((word, false), |word| (word, true));
        let Some(list) = word.trim_start().strip_prefix('[').and_then(|list| Some(list.split_once(']')?.0)) else {
            continue;
        };
        // Where the list begins, from where it is in the text.
        let mut place = at + "paxx:".len() + rest.find('[').unwrap_or_default() + 1;
        let mut codes = Vec::new();
        for part in list.split(',') {
            let code = part.trim();
            let begin = place + part.len() - part.trim_start().len();
            codes.push((code.to_owned(), begin..begin + code.len()));
            place += part.len() + 1;
        }
        codes.retain(|(code, _)| !code.is_empty());
        let is_alone = before.trim().is_empty();
        let target = match (is_file, is_alone) {
            (true, _) => 0..text.len(),
            (false, true) => line_below(text, end),
            (false, false) => start..end,
        };
        found.push(Comment { codes, target });
    }
    found
}

/// The next line of code behind `end`, where comments and blank lines are none.
fn line_below(text: &str, end: usize) -> Range<usize> {
    let mut start = text::next_line(text, end);
    while start < text.len() {
        let end = text::line_end(text, start);
        let line = text.get(start..end).unwrap_or_default().trim_start();
        if !line.is_empty() && !line.starts_with('#') {
            return start..end;
        }
        start = text::next_line(text, end);
    }
    text.len()..text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts that the comments of a text speak of, with their codes.
    fn targets(text: &str) -> Vec<(String, String)> {
        let comments = comments(text);
        let codes = |comment: &Comment| {
            let places = comment.codes.iter().map(|(code, range)| {
                assert_eq!(&text[range.clone()], code);
                code.as_str()
            });
            places.collect::<Vec<_>>().join(" ")
        };
        comments.iter().map(|comment| (text[comment.target.clone()].to_owned(), codes(comment))).collect()
    }

    fn target(line: &str, codes: &str) -> (String, String) {
        (line.to_owned(), codes.to_owned())
    }

    #[test]
    fn behind_a_line_alone_above_it_and_for_the_file() {
        let text = "a = 1  # paxx: ignore[PX101, PX3]\r\nb: 2 #paxx:ignore [PX106] because\n";
        assert_eq!(
            targets(text),
            [
                target("a = 1  # paxx: ignore[PX101, PX3]", "PX101 PX3"),
                target("b: 2 #paxx:ignore [PX106] because", "PX106")
            ]
        );
        let text = "\u{feff}x\n  # paxx: ignore[PX601]\n# why\n\n  KEY=1\nOTHER=2\n";
        assert_eq!(targets(text), [target("  KEY=1", "PX601")]);
        assert_eq!(targets("# paxx: ignore[PX601]"), [target("", "PX601")]);
        let text = "x = 1\n# paxx: ignore-file[PX106]\n";
        assert_eq!(targets(text), [target(text, "PX106")]);
    }

    #[test]
    fn what_is_no_such_comment() {
        for text in
            ["# paxx: ignore", "# paxx: ignore[PX101", "url#paxx: ignore[PX101]", "paxx: ignore[PX101]", "# paxx:"]
        {
            assert_eq!(targets(text), [], "{text}");
        }
        assert_eq!(targets("x  # paxx: ignore[]"), [target("x  # paxx: ignore[]", "")]);
    }
}
