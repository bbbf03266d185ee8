//! A line of `.gitignore` or `.dockerignore`.
//!
//! A pattern that ignores the same folder in other words is enough, and so is one that takes it out again: that is a decision.

use super::{Assessment, Fix, Recorded, Retraction};
use crate::edit::Edit;
use crate::finding::{IGNORE_MISSING, Location, Problem};
use crate::project::dependency_file::unreadable;
use crate::project::{FilePath, Project};
use crate::source::text::{self, LineEnding};

/// A folder that an ignore file must name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoreLine {
    /// The ignore file.
    pub file: FilePath,
    /// The line, as seen from the project's root: `uploads/`.
    pub line: String,
}

impl IgnoreLine {
    /// A stable name for `paxx.lock` and reports.
    pub fn id(&self) -> String {
        format!("ignore:{}:{}", self.file.name(), self.line)
    }

    /// A phrase for the summary: what, and where.
    pub fn title(&self, project: &Project) -> String {
        format!("`{}` in `{}`", self.pattern(project), self.file.relative_to(&project.layout.root))
    }

    /// Does the file ignore it?
    pub fn assess(&self, project: &Project) -> Assessment {
        let Some(file) = project.file(&self.file) else {
            return Assessment::NotApplicable { note: format!("no `{}`", self.file) };
        };
        let pattern = self.pattern(project);
        let Some(text) = file.text() else {
            return Assessment::Blocked { problem: unreadable(&self.file).manual(pattern) };
        };
        let rooted = self.rooted(project);
        let wanted = [plain(&rooted).to_owned(), plain(&self.line).to_owned()];
        let found = lines(text).find(|(_, line)| {
            let anywhere = self.is_git() && !line.trim_start_matches('!').starts_with('/');
            let own = plain(line.trim_start_matches('!'));
            // A pattern for any folder (`uploads/`, `**/uploads`) holds below the ignore file too.
            own == wanted[0] || (own == wanted[1] && (anywhere || line.contains("**/"))) || is_everything(line)
        });
        if let Some((start, line)) = found {
            return Assessment::Met { at: Some(Location::new(self.file.clone(), start..start + line.len())) };
        }
        let ending = LineEnding::of(text).as_str();
        let end = text.trim_end().len();
        let edit = if end <= text::bom_length(text) {
            Edit::insert(text::bom_length(text), format!("{pattern}{ending}"))
        } else {
            Edit::insert(text::line_end(text, end), format!("{ending}{pattern}"))
        };
        let problem = Problem::new(&IGNORE_MISSING, format!("`{}` does not ignore `{pattern}`", self.file))
            .at(&self.file, edit.range.clone())
            .help(format!("add the line `{pattern}`"))
            .manual(&*pattern);
        Assessment::Missing { problem, fix: Fix::edit(&self.file, vec![edit]).text(pattern).safe() }
    }

    /// How the line that was brought goes away again.
    pub fn retract(&self, project: &Project, recorded: &Recorded) -> Retraction {
        let Some(file) = project.file(&self.file) else { return Retraction::Gone };
        let Some(text) = file.text() else {
            return Retraction::Keep {
                at: Some(Location::file(self.file.clone())),
                why: unreadable(&self.file).message,
            };
        };
        let own = self.pattern(project);
        let ours = recorded.record.text.as_deref().unwrap_or(&own);
        let Some((start, line)) = lines(text).filter(|(_, line)| *line == ours).last() else { return Retraction::Gone };
        let range = text::lines_with_ending_before(text, start..start + line.len());
        Retraction::Remove(Fix::edit(&self.file, vec![Edit::delete(range)]).safe())
    }

    /// The line for this file: Docker's patterns are rooted where the file is, git's hold in every folder below.
    fn pattern(&self, project: &Project) -> String {
        if self.is_git() { self.line.clone() } else { self.rooted(project) }
    }

    /// The folder as seen from the one that holds the ignore file.
    fn rooted(&self, project: &Project) -> String {
        let folder = self.file.parent().unwrap_or_else(FilePath::top);
        let root = &project.layout.root;
        if folder == *root || !root.is_below(&folder) {
            return self.line.clone();
        }
        format!("{}/{}", root.relative_to(&folder), self.line)
    }

    fn is_git(&self) -> bool {
        self.file.name() == ".gitignore"
    }
}

/// The patterns with the offsets of their lines, without comments and blanks around them.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = text::bom_length(text);
    std::iter::from_fn(move || {
        if start >= text.len() {
            return None;
        }
        let line = text.get(start..text::line_end(text, start))?;
        let at = start + line.len() - line.trim_start().len();
        start = text::next_line(text, start);
        Some((at, line.trim()))
    })
    .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

/// A pattern without what makes no difference for a folder: `/uploads/`, `./uploads`, `uploads/*`, `**/uploads/**`.
fn plain(pattern: &str) -> &str {
    let mut pattern = pattern;
    loop {
        let shorter =
            pattern.strip_prefix("./").or_else(|| pattern.strip_prefix("**/")).or_else(|| pattern.strip_prefix('/'));
        let shorter = shorter.unwrap_or(pattern);
        let shorter = shorter.strip_suffix("/**").or_else(|| shorter.strip_suffix("/*")).unwrap_or(shorter);
        let shorter = shorter.strip_suffix('/').unwrap_or(shorter);
        if shorter == pattern {
            return pattern;
        }
        pattern = shorter;
    }
}

/// A pattern that ignores all there is, with exceptions below it.
fn is_everything(pattern: &str) -> bool {
    matches!(pattern, "*" | "/*" | "**" | "**/*" | "/**")
}

#[cfg(test)]
mod tests {
    use super::super::dependency::testing::{Question, add_and_retract, apply, check, path, project};
    use super::*;
    use crate::finding::NO_DEPENDENCY_FILE;

    fn wanted(file: &str) -> IgnoreLine {
        IgnoreLine { file: path(file), line: "uploads/".to_owned() }
    }

    fn with(file: &str, text: &str) -> Project {
        project(&[(file, text)], Err(Problem::new(&NO_DEPENDENCY_FILE, "none")))
    }

    fn check_add(before: &str, after: &str) {
        let other = IgnoreLine { file: path(".gitignore"), line: "media/".to_owned() };
        let own = wanted(".gitignore");
        let questions = [own, other].map(|line| {
            let retracted = line.clone();
            (
                move |project: &Project| line.assess(project),
                move |project: &Project, recorded: &Recorded| retracted.retract(project, recorded),
            )
        });
        let ask: Vec<Question> = questions.iter().map(|(assess, retract)| Question { assess, retract }).collect();
        let result = check(&with(".gitignore", before), &ask[..1]);
        assert_eq!(result.text(&path(".gitignore")), Some(after));
        add_and_retract(&with(".gitignore", before), &ask);
        let marked = add_and_retract(&with(".gitignore", &format!("\u{feff}{before}")), &ask[..1]);
        assert_eq!(marked.text(&path(".gitignore")), Some(&*format!("\u{feff}{after}")));
    }

    #[test]
    fn the_line_goes_to_the_end() {
        check_add(".env\n", ".env\nuploads/\n");
        check_add(".env", ".env\nuploads/");
        check_add(".env\n\n", ".env\nuploads/\n\n");
        check_add("", "uploads/\n");
        check_add("\n", "uploads/\n\n");
        check_add("# uploads/\nmy-uploads/\nuploads.txt\n", "# uploads/\nmy-uploads/\nuploads.txt\nuploads/\n");
    }

    #[test]
    fn other_words_for_it_are_enough() {
        for line in [
            "uploads",
            "uploads/",
            "/uploads",
            "/uploads/",
            "uploads/*",
            "uploads/**",
            "**/uploads",
            "  uploads/  ",
            "!uploads/",
            "*",
            "./uploads",
        ] {
            for file in [".gitignore", ".dockerignore"] {
                let assessment = wanted(file).assess(&with(file, &format!("a\r\n{line}\r\nb\r\n")));
                assert!(matches!(assessment, Assessment::Met { at: Some(_) }), "{line}: {assessment:?}");
            }
        }
    }

    #[test]
    fn an_ignore_file_above_the_project() {
        let below = |file: &str, text: &str| {
            let mut project = with(file, text);
            let mut layout = (*project.layout).clone();
            layout.root = path("backend");
            project.layout = layout.into();
            project
        };
        let met = |file: &str, text: &str| matches!(wanted(file).assess(&below(file, text)), Assessment::Met { .. });
        assert!(met(".gitignore", "uploads/\n") && met(".gitignore", "/backend/uploads\n"));
        assert!(!met(".gitignore", "/uploads/\n") && !met(".dockerignore", "uploads/\n"));
        assert!(met(".dockerignore", "**/uploads\n") && met(".dockerignore", "backend/uploads\n"));
        let before = below(".dockerignore", "a\n");
        let Assessment::Missing { fix, .. } = wanted(".dockerignore").assess(&before) else { panic!("met") };
        let after = apply(&before, &fix);
        assert_eq!(after.text(&path(".dockerignore")), Some("a\nbackend/uploads/\n"));
    }

    #[test]
    fn no_file_is_none_of_our_business() {
        let assessment = wanted(".gitignore").assess(&with(".dockerignore", ""));
        assert!(matches!(assessment, Assessment::NotApplicable { .. }));
    }

    #[test]
    fn a_line_that_the_user_changed_is_gone() {
        let retraction = wanted(".gitignore").retract(&with(".gitignore", "/uploads\n"), &Recorded::default());
        assert!(matches!(retraction, Retraction::Gone), "{retraction:?}");
    }
}
