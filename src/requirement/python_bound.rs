//! The bound that says on which Pythons a project may run: where it allows older ones than the generated modules need, it may be
//! raised, in its own style, and comes back with the last component.

use std::ops::Range;

use super::dependency::Raise;
use super::dependency::specifier::poetry_bound;
use super::python::{bounds, minor_of, oldest};
use super::python_minors::{NEEDED, allows, least};
use super::{Assessment, Fix, Recorded, Retraction};
use crate::edit::Edit;
use crate::finding::{Location, PYTHON_TOO_OLD, Problem};
use crate::lock::ScaffoldingKey;
use crate::project::Project;
use crate::source::text::{self, unquoted};

/// Why the generated modules do not run on the project's Python.
pub fn too_old(project: &Project) -> Option<Problem> {
    let oldest = oldest(project).filter(|oldest| oldest.minor < NEEDED)?;
    let minor = oldest.minor;
    let said = project.text(&oldest.at.path).and_then(|text| text.get(oldest.at.range.clone())).unwrap_or_default();
    let said = text::first_line(said);
    let raise = match PythonBound::raise(project, &oldest.at) {
        Some(raise) => format!("`--raise-bounds` makes it `{}`", unquoted(&raise.to)),
        None => format!("raise it to 3.{NEEDED} or newer there"),
    };
    // What runs the application needs no other file to say so.
    let else_say =
        if bounds(project).contains(&oldest.at) { "; else say in `.python-version` what runs it" } else { "" };
    Some(
        Problem::new(
            &PYTHON_TOO_OLD,
            format!("the project runs on Python 3.{minor} (`{said}`), and the modules need Python 3.{NEEDED}"),
        )
        .at(&oldest.at.path, oldest.at.range)
        .help(format!("{raise}, if the application runs on nothing older{else_say}")),
    )
}

/// The Python that all generated modules need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PythonBound;

impl PythonBound {
    /// The stable name in `paxx.lock`.
    pub fn id(self) -> String {
        "python".to_owned()
    }

    /// What it is, for the summary.
    pub fn title(self, _project: &Project) -> String {
        format!("Python 3.{NEEDED} or newer")
    }

    /// Does the project run on such a Python alone?
    pub fn assess(self, project: &Project) -> Assessment {
        match too_old(project) {
            Some(problem) => Assessment::Blocked { problem },
            None => Assessment::Met { at: None },
        }
    }

    /// What becomes of the bound at `at` when it is raised; `None` where it is none, or allows no Python that is new enough.
    pub fn raise(project: &Project, at: &Location) -> Option<Raise> {
        if !bounds(project).contains(at) {
            return None;
        }
        let from = project.text(&at.path)?.get(at.range.clone())?;
        let range = versions(from)?;
        let mut to = from.to_owned();
        to.replace_range(range.clone(), &raised(&from[range])?);
        Some(Raise { at: at.clone(), from: from.to_owned(), to })
    }

    /// The change that raises it. The lock keeps what it was.
    pub fn raise_bound(raise: &Raise) -> Fix {
        let path = &raise.at.path;
        let note = format!("`{}` becomes `{}`", unquoted(&raise.from), unquoted(&raise.to));
        Fix::edit(path, vec![Edit::replace(raise.at.range.clone(), raise.to.clone())])
            .scaffolding(
                ScaffoldingKey::PythonBound { path: path.clone(), to: raise.to.clone() },
                Some(raise.from.clone()),
            )
            .note(note)
    }

    /// How the bounds that were raised come back.
    pub fn retract(self, project: &Project, recorded: &Recorded) -> Retraction {
        let mut fix = Fix::default();
        for (key, replaced) in &recorded.scaffolding {
            let (ScaffoldingKey::PythonBound { path, to }, Some(before)) = (key, replaced) else { continue };
            let is_ours = |at: &Location| {
                at.path == *path
                    && project.text(&at.path).and_then(|text| text.get(at.range.clone())).is_some_and(|text| text == to)
            };
            let Some(at) = bounds(project).into_iter().find(is_ours) else {
                let at = project.file(path).map(|_| Location::file(path.clone()));
                return Retraction::Keep { at, why: "it was changed since it was raised".to_owned() };
            };
            let edit = Edit::replace(at.range, before.clone());
            fix = fix.and(Fix::edit(&at.path, vec![edit]).scaffolding(key.clone(), None));
        }
        if fix.changes.is_empty() { Retraction::Gone } else { Retraction::Remove(fix) }
    }
}

/// The versions of a bound, where they stand in it: a string of TOML, or a line of `setup.py` or `setup.cfg`.
fn versions(written: &str) -> Option<Range<usize>> {
    let start = if written.starts_with(['"', '\'']) { 0 } else { written.find('=')? + 1 };
    let start = start + written[start..].len() - written[start..].trim_start().len();
    let Some(quote) = written[start..].chars().next().filter(|quote| matches!(quote, '"' | '\'')) else {
        return Some(start..written.trim_end().len());
    };
    let end = start + 1 + written[start + 1..].find(quote)?;
    Some(start + 1..end)
}

/// `versions` with the floor that is needed, in their own style. `None` where they allow no Python that is new enough: then
/// more than the floor is in the way.
fn raised(versions: &str) -> Option<String> {
    if versions.contains('|') || !allows(&poetry_bound(versions), NEEDED) {
        return None;
    }
    let is_operator = |character: char| "<>=!~^".contains(character);
    let mut result = String::new();
    let mut rest = versions;
    while let Some(start) = rest.find(|character: char| character.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let end =
            from.find(|next: char| next == ',' || next.is_whitespace() || is_operator(next)).unwrap_or(from.len());
        let (version, behind) = from.split_at(end);
        let operator = before.trim_start_matches([',', ' ', '\t']).trim_end();
        let is_older = minor_of(version).is_some_and(|minor| minor < NEEDED);
        let floor = format!("3.{NEEDED}");
        match operator {
            ">=" | "^" | "~=" if is_older => result.extend([before, &floor]),
            ">" if is_older => result.extend([before.replacen('>', ">=", 1), floor]),
            _ => result.extend([before, version]),
        }
        rest = behind;
    }
    result.push_str(rest);
    (least(&poetry_bound(&result)) == Some(NEEDED)).then_some(result)
}

#[cfg(test)]
mod tests {
    use super::super::dependency::testing::project;
    use super::*;
    use crate::finding::{NO_DEPENDENCY_FILE, Problem};
    use crate::lock::Record;

    #[test]
    fn the_floor_is_raised_in_its_own_style() {
        for (bound, expected) in [
            (">=3.8", Some(">=3.10")),
            (">= 3.9, < 4", Some(">= 3.10, < 4")),
            (">=3.8,<3.14", Some(">=3.10,<3.14")),
            (">=3.9,!=3.9.7,<4.0", Some(">=3.10,!=3.9.7,<4.0")),
            ("^3.8.1", Some("^3.10")),
            ("~=3.9", Some("~=3.10")),
            (">3.8", Some(">=3.10")),
            ("<4,>=3.7", Some("<4,>=3.10")),
            // No Python of these is new enough.
            (">=3.8,<3.10", None),
            ("~3.9", None),
            ("3.9.*", None),
            ("==3.9.*", None),
            ("^3.8 || ^3.12", None),
        ] {
            assert_eq!(raised(bound).as_deref(), expected, "{bound}");
        }
    }

    #[test]
    fn a_bound_is_raised_and_comes_back_wherever_it_is_said() {
        for (path, before, after) in [
            ("pyproject.toml", "[project]\nrequires-python = '>=3.9'\n", "[project]\nrequires-python = '>=3.10'\n"),
            (
                "pyproject.toml",
                "[tool.poetry.dependencies]\npython = \"^3.8\" # ours\n",
                "[tool.poetry.dependencies]\npython = \"^3.10\" # ours\n",
            ),
            (
                "setup.py",
                "setup(\n    python_requires=\">=3.8, <4\",\n)\n",
                "setup(\n    python_requires=\">=3.10, <4\",\n)\n",
            ),
            ("setup.cfg", "[options]\npython_requires = >=3.8\n", "[options]\npython_requires = >=3.10\n"),
        ] {
            let of = |text: &str| project(&[(path, text)], Err(Problem::new(&NO_DEPENDENCY_FILE, "none")));
            let changed = |text: &str, fix: &Fix| {
                let [crate::requirement::Change::Edit { edits, .. }] = fix.changes.as_slice() else {
                    panic!("{fix:?}")
                };
                let mut text = text.to_owned();
                for edit in edits {
                    text.replace_range(edit.range.clone(), &edit.text);
                }
                text
            };
            let old = of(before);
            let at = too_old(&old).and_then(|problem| problem.at).expect("too old");
            let fix = PythonBound::raise_bound(&PythonBound::raise(&old, &at).expect("a bound"));
            assert_eq!(changed(before, &fix), after);
            assert!(matches!(PythonBound.assess(&of(after)), Assessment::Met { .. }));
            let recorded = Recorded { record: Record::default(), scaffolding: fix.record.scaffolding };
            let Retraction::Remove(back) = PythonBound.retract(&of(after), &recorded) else { panic!("{path}") };
            assert_eq!(changed(after, &back), before);
            let newer = after.replace("3.10", "3.12");
            assert!(matches!(PythonBound.retract(&of(&newer), &recorded), Retraction::Keep { .. }), "{path}");
        }
    }

    #[test]
    fn what_runs_the_application_is_no_bound() {
        let bound = ("pyproject.toml", "[project]\nrequires-python = \">=3.8\"\n");
        let old =
            project(&[bound, ("Dockerfile", "FROM python:3.9\n")], Err(Problem::new(&NO_DEPENDENCY_FILE, "none")));
        let at = too_old(&old).and_then(|problem| problem.at).expect("too old");
        assert_eq!(PythonBound::raise(&old, &at), None);
    }
}
