//! A variable of the env example, under its component's heading.
//!
//! A variable that is there, with whatever value, is the user's and stays as it is. One in a comment is not there.

use std::ops::Range;

use super::{Assessment, Fix, Recorded, Retraction};
use crate::edit::Edit;
use crate::finding::{ENV_MISSING, Location, Problem};
use crate::project::dependency_file::unreadable;
use crate::project::{FilePath, Project};
use crate::source::dotenv::{self, Variable};
use crate::source::text::{self, LineEnding};

/// A variable that the env example must list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvVariable {
    /// Its name, with the prefix of the settings class.
    pub name: String,
    /// What stands after the `=`.
    pub value: String,
    /// The comment above the component's variables, without `#`.
    pub heading: &'static str,
    /// The component's other variables.
    pub siblings: Vec<String>,
}

impl EnvVariable {
    /// A stable name for `paxx.lock` and reports.
    pub fn id(&self) -> String {
        format!("env:{}", self.name)
    }

    /// A phrase for the summary: what, and where.
    pub fn title(&self, project: &Project) -> String {
        match &project.layout.env_example {
            Some(path) => format!("`{}` in `{}`", self.name, path.relative_to(&project.layout.root)),
            None => format!("`{}`", self.name),
        }
    }

    /// Is the variable listed?
    pub fn assess(&self, project: &Project) -> Assessment {
        let Some((path, file)) = project.layout.env_example.as_ref().and_then(|path| Some((path, project.file(path)?)))
        else {
            return Assessment::NotApplicable { note: "no `.env.example`: variables are not listed".to_owned() };
        };
        let Some(text) = file.text() else {
            return Assessment::Blocked { problem: unreadable(path).manual(self.line()) };
        };
        let variables = dotenv::variables(text);
        if let Some(variable) = self.find(&variables).filter(|variable| !variable.commented) {
            return Assessment::Met { at: Some(Location::new(path.clone(), variable.range.clone())) };
        }
        let (edit, line) = self.insertion(text, &variables);
        let problem = Problem::new(&ENV_MISSING, format!("`{}` is not listed in `{path}`", self.name))
            .at(path, edit.range.clone())
            .help(format!("add `{}`", self.line()))
            .manual(self.line());
        Assessment::Missing { problem, fix: Fix::edit(path, vec![edit]).text(line).safe() }
    }

    /// How the variable that was brought goes away again, with its heading where nothing else stands under it.
    pub fn retract(&self, project: &Project, recorded: &Recorded) -> Retraction {
        let Some((path, file)) = project.layout.env_example.as_ref().and_then(|path| Some((path, project.file(path)?)))
        else {
            return Retraction::Gone;
        };
        let Some(text) = file.text() else {
            return Retraction::Keep { at: Some(Location::file(path.clone())), why: unreadable(path).message };
        };
        let variables = dotenv::variables(text);
        let Some(variable) = self.find(&variables) else { return Retraction::Gone };
        let written = text.get(variable.range.clone()).unwrap_or_default().trim();
        let own = self.line();
        let ours = recorded.record.text.as_deref().unwrap_or(&own);
        let plain = |line: &str| line.trim().strip_prefix("export ").unwrap_or(line.trim()).trim_start().to_owned();
        // What was in a comment all along is the user's.
        if variable.commented && plain(written.trim_start_matches('#')) != plain(ours) {
            return Retraction::Gone;
        }
        if plain(written) != plain(ours) {
            let at = Some(Location::new(path.clone(), variable.range.clone()));
            let what = if variable.commented { "it was commented out" } else { "its value was changed" };
            return Retraction::Keep { at, why: format!("{what} since it was added") };
        }
        Retraction::Remove(self.removal(path, text, variable))
    }

    fn line(&self) -> String {
        format!("{}={}", self.name, self.value)
    }

    /// The variable itself; one that is set goes before one that is commented out.
    fn find<'a>(&self, variables: &'a [Variable]) -> Option<&'a Variable> {
        // pydantic-settings reads names without regard to case.
        let mut named = variables.iter().filter(|variable| variable.name.eq_ignore_ascii_case(&self.name));
        let first = named.next()?;
        if first.commented { named.find(|variable| !variable.commented).or(Some(first)) } else { Some(first) }
    }

    /// After the last of the component's variables, else under a heading at the end.
    fn insertion(&self, text: &str, variables: &[Variable]) -> (Edit, String) {
        let ending = LineEnding::of(text).as_str();
        let mut set = variables.iter().filter(|variable| !variable.commented).peekable();
        let export = set.peek().is_some() && set.all(|variable| variable.export);
        let line = format!("{}{}", if export { "export " } else { "" }, self.line());
        let is_sibling = |variable: &&Variable| {
            !variable.commented && self.siblings.iter().any(|sibling| sibling.eq_ignore_ascii_case(&variable.name))
        };
        if let Some(sibling) = variables.iter().rfind(is_sibling) {
            return (Edit::insert(sibling.range.end, format!("{ending}{line}")), line);
        }
        let heading = self.heading;
        let end = text.trim_end().len();
        if end <= text::bom_length(text) {
            return (Edit::insert(text::bom_length(text), format!("# {heading}{ending}{line}{ending}")), line);
        }
        let anchor = text::line_end(text, end);
        (Edit::insert(anchor, format!("{ending}{ending}# {heading}{ending}{line}")), line)
    }

    fn removal(&self, path: &FilePath, text: &str, variable: &Variable) -> Fix {
        let mut range = variable.range.clone();
        let bom = text::bom_length(text);
        if let Some(heading) = self.heading_above(text, &range) {
            let next = text::next_line(text, range.end);
            let below = text.get(next..text::line_end(text, next.min(text.len()))).unwrap_or_default();
            if below.trim().is_empty() {
                range.start = heading;
                let blank = if heading > bom { text::line_start(text, heading - 1) } else { heading };
                if heading > bom && text.get(blank..heading).is_some_and(|line| line.trim().is_empty()) {
                    range.start = blank;
                } else if heading == bom && next < text.len() && !text.get(next..).unwrap_or_default().trim().is_empty()
                {
                    // At the start of the file the blank line that parts it from what follows goes instead.
                    range.end = text::line_end(text, next).max(next);
                    return Fix::edit(path, vec![Edit::delete(range.start..text::next_line(text, range.end))]).safe();
                }
            }
        }
        Fix::edit(path, vec![Edit::delete(text::lines_with_ending_before(text, range))]).safe()
    }

    /// The start of the line above, where it is the component's heading.
    fn heading_above(&self, text: &str, range: &Range<usize>) -> Option<usize> {
        let start = text::line_start(text, range.start);
        if start <= text::bom_length(text) {
            return None;
        }
        let above = text::line_start(text, start - 1);
        let line = text.get(above..start)?.trim();
        (line.strip_prefix('#')?.trim() == self.heading).then_some(above)
    }
}

#[cfg(test)]
mod tests {
    use super::super::dependency::testing::{Question, add_and_retract, check, path, project};
    use super::*;
    use crate::finding::NO_DEPENDENCY_FILE;

    const FILE: &str = ".env.example";

    fn variable(name: &str, value: &str, heading: &'static str, siblings: &[&str]) -> EnvVariable {
        EnvVariable {
            name: name.to_owned(),
            value: value.to_owned(),
            heading,
            siblings: siblings.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    /// Two variables of redis, two of arq: in the order of their components.
    fn all() -> Vec<EnvVariable> {
        let redis = ["REDIS_URL", "REDIS_MAX"];
        let arq = ["ARQ_REDIS_URL", "ARQ_MAX"];
        vec![
            variable("REDIS_URL", "redis://localhost:6379/0", "Redis", &redis),
            variable("REDIS_MAX", "50", "Redis", &redis),
            variable("ARQ_REDIS_URL", "redis://localhost:6379/1", "ARQ", &arq),
            variable("ARQ_MAX", "10", "ARQ", &arq),
        ]
    }

    fn env(text: &str) -> Project {
        project(&[(FILE, text)], Err(Problem::new(&NO_DEPENDENCY_FILE, "none")))
    }

    fn with(wanted: &[EnvVariable], before: &Project, law: impl Fn(&Project, &[Question]) -> Project) -> String {
        let asks: Vec<_> = wanted
            .iter()
            .map(|wanted| {
                (
                    move |project: &Project| wanted.assess(project),
                    move |project: &Project, recorded: &Recorded| wanted.retract(project, recorded),
                )
            })
            .collect();
        let questions: Vec<Question> = asks.iter().map(|(assess, retract)| Question { assess, retract }).collect();
        law(before, &questions).text(&path(FILE)).expect("text").to_owned()
    }

    fn check_add(before: &str, wanted: &[EnvVariable], after: &str) {
        assert_eq!(with(wanted, &env(before), check), after);
        // Every subset and order goes away without a trace.
        for count in 1..=wanted.len() {
            with(&wanted[..count], &env(before), add_and_retract);
            with(&wanted[count - 1..], &env(before), add_and_retract);
            let backwards: Vec<EnvVariable> = wanted[..count].iter().rev().cloned().collect();
            with(&backwards, &env(before), add_and_retract);
        }
        let marked = format!("\u{feff}{before}");
        assert_eq!(with(wanted, &env(&marked), add_and_retract), format!("\u{feff}{after}"));
    }

    const BOTH: &str = "# Redis\nREDIS_URL=redis://localhost:6379/0\nREDIS_MAX=50\n\n\
                        # ARQ\nARQ_REDIS_URL=redis://localhost:6379/1\nARQ_MAX=10";

    #[test]
    fn variables_go_under_their_heading_at_the_end() {
        check_add("A=1\n", &all(), &format!("A=1\n\n{BOTH}\n"));
        check_add("A=1", &all(), &format!("A=1\n\n{BOTH}"));
        check_add("A=1\n\n\n", &all(), &format!("A=1\n\n{BOTH}\n\n\n"));
        check_add("# only a comment\n", &all(), &format!("# only a comment\n\n{BOTH}\n"));
        check_add("A=1\n  \n", &all(), &format!("A=1\n\n{BOTH}\n  \n"));
        check_add("A=1\r\r", &all(), &format!("A=1\n\n{BOTH}\r\r"));
    }

    #[test]
    fn an_empty_file() {
        check_add("", &all(), &format!("{BOTH}\n"));
        check_add("\n", &all(), &format!("{BOTH}\n\n"));
    }

    #[test]
    fn variables_join_the_ones_that_are_there() {
        check_add(
            "# Cache\nREDIS_URL=redis://cache  # mine\n\nB=2\n",
            &all()[..2],
            "# Cache\nREDIS_URL=redis://cache  # mine\nREDIS_MAX=50\n\nB=2\n",
        );
        check_add("#REDIS_URL=\nB=2\n", &all(), &format!("#REDIS_URL=\nB=2\n\n{BOTH}\n"));
        check_add("REDIS_URL='a\nb'\nB=2\n", &all()[..2], "REDIS_URL='a\nb'\nREDIS_MAX=50\nB=2\n");
    }

    #[test]
    fn a_name_that_ends_like_ours_is_another() {
        check_add(
            "MY_REDIS_URL=x\n# use REDIS_URL=... here\nREDIS_URL_OLD=1\n",
            &all()[..1],
            "MY_REDIS_URL=x\n# use REDIS_URL=... here\nREDIS_URL_OLD=1\n\n# Redis\nREDIS_URL=redis://localhost:6379/0\n",
        );
        check_add(
            "A='\nREDIS_URL=1\n'\n",
            &all()[..1],
            "A='\nREDIS_URL=1\n'\n\n# Redis\nREDIS_URL=redis://localhost:6379/0\n",
        );
    }

    #[test]
    fn the_custom_of_export_is_kept() {
        check_add(
            "export A=1\n",
            &all()[..2],
            "export A=1\n\n# Redis\nexport REDIS_URL=redis://localhost:6379/0\nexport REDIS_MAX=50\n",
        );
    }

    #[test]
    fn what_is_there_is_met() {
        for text in
            ["REDIS_URL=other\n", "export REDIS_URL=\n", "redis_url = 1", "REDIS_URL\n", "#REDIS_URL=\nREDIS_URL=1\n"]
        {
            let assessment = all()[0].assess(&env(text));
            assert!(matches!(assessment, Assessment::Met { at: Some(_) }), "{text}: {assessment:?}");
        }
        let nothing = project(&[], Err(Problem::new(&NO_DEPENDENCY_FILE, "none")));
        assert!(matches!(all()[0].assess(&nothing), Assessment::NotApplicable { .. }));
    }

    #[test]
    fn what_the_user_changed_stays() {
        for text in [
            "REDIS_URL=redis://cache\n",
            "# REDIS_URL=redis://localhost:6379/0\n",
            "REDIS_URL=redis://localhost:6379/0 # mine\n",
        ] {
            let retraction = all()[0].retract(&env(text), &Recorded::default());
            assert!(matches!(retraction, Retraction::Keep { at: Some(_), .. }), "{text}: {retraction:?}");
        }
        assert!(matches!(all()[0].retract(&env("A=1\n"), &Recorded::default()), Retraction::Gone));
    }

    #[test]
    fn a_heading_stays_with_what_else_stands_under_it() {
        let before = env("A=1\n\n# Redis\nREDIS_URL=redis://localhost:6379/0\nMINE=1\n");
        let Retraction::Remove(fix) = all()[0].retract(&before, &Recorded::default()) else { panic!("not removed") };
        let after = super::super::dependency::testing::apply(&before, &fix);
        assert_eq!(after.text(&path(FILE)), Some("A=1\n\n# Redis\nMINE=1\n"));
    }
}
