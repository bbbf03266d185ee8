//! A bound of the user's that excludes what is needed, raised in its own style: only its version numbers change.

use std::ops::Range;

use super::retract::same_line;
use super::specifier::{Specifier, canonical, poetry_bound, release, upper};
use super::{Dependency, Listed, is_key, is_toml, listed, listed_in, plain};
use crate::edit::Edit;
use crate::finding::Location;
use crate::lock::ScaffoldingKey;
use crate::project::Project;
use crate::requirement::{Fix, Recorded};
use crate::source::requirements::{Kind, Source};

/// A bound that excludes what is needed, and what it would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raise {
    /// The entry.
    pub at: Location,
    /// The entry as it stands.
    pub from: String,
    /// The entry with its bound raised.
    pub to: String,
}

impl Dependency {
    /// What becomes of the entry at `at` when its bound is raised; `None` where it is no older one, or is not understood.
    pub fn raise(&self, project: &Project, at: &Location) -> Option<Raise> {
        let from = project.text(&at.path)?.get(at.range.clone())?;
        let in_table = is_toml(&at.path) || is_key(project, project.layout.dependencies.as_ref().ok()?, at);
        let of_table = in_table && !from.starts_with(['"', '\'']);
        let range = versions(from, of_table)?;
        let needed = Specifier::parse(self.requirement)?.versions;
        let raised = raised(from.get(range.clone())?, needed, self.pin)?;
        let mut to = from.to_owned();
        to.replace_range(range, &raised);
        Some(Raise { at: at.clone(), from: from.to_owned(), to })
    }

    /// The change that raises a bound. The lock keeps what it was.
    pub fn raise_bound(&self, project: &Project, raise: &Raise) -> Fix {
        let path = &raise.at.path;
        let fix = Fix::edit(path, vec![Edit::replace(raise.at.range.clone(), raise.to.clone())]);
        let key = ScaffoldingKey::Bound { path: path.clone(), package: self.name(), to: raise.to.clone() };
        let mut fix = fix.scaffolding(key, Some(raise.from.clone()));
        fix.notes.push(format!("`{}` becomes `{}`", plain(&raise.from), plain(&raise.to)));
        let listed = listed(project).unwrap_or_default();
        for package in self.held_by {
            let holds = listed.iter().find(|listed| canonical(package) == listed.name);
            let Some(held) = holds.and_then(|listed| project.text(&listed.at.path)?.get(listed.at.range.clone()))
            else {
                continue;
            };
            let held = plain(held);
            fix.notes.push(format!("`{held}` may hold `{}` back: see that both can be installed", self.name()));
        }
        fix
    }

    /// The bounds that were raised, as they were. `None` where one of them was changed since.
    pub(super) fn lowered(&self, project: &Project, recorded: &Recorded) -> Option<Fix> {
        let name = self.name();
        let mut fix = Fix::default().safe();
        let lists = project.layout.dependencies.as_ref().ok().map(|main| self.list_of(main));
        let listed = lists.and_then(|list| listed_in(project, list).ok()).unwrap_or_default();
        for (key, replaced) in &recorded.scaffolding {
            let ScaffoldingKey::Bound { path, package, to } = key else { continue };
            let here = |entry: &&Listed| *package == name && entry.name == name && entry.at.path == *path;
            if !listed.iter().any(|entry| here(&entry)) {
                continue;
            }
            let entry = listed.iter().filter(here).find(|entry| {
                let text = project.text(&entry.at.path).and_then(|text| text.get(entry.at.range.clone()));
                text.is_some_and(|text| same_line(text, to))
            })?;
            let edit = Edit::replace(entry.at.range.clone(), replaced.clone()?);
            fix = fix.and(Fix::edit(&entry.at.path, vec![edit]).scaffolding(key.clone(), None));
        }
        Some(fix)
    }
}

/// The versions of an entry, where they stand in it. `of_table` says that it is `name = "versions"` and no requirement.
fn versions(written: &str, of_table: bool) -> Option<Range<usize>> {
    if of_table {
        let sign = written.find('=')?;
        let value = written.get(sign + 1..)?.trim_start();
        let from = if value.starts_with('{') {
            let table = written.len() - value.len();
            let key = written.get(table..)?.match_indices("version").map(|(at, word)| table + at + word.len());
            let behind = |at: &usize| written[*at..].trim_start().starts_with('=');
            let key = key.into_iter().find(behind)?;
            key + written[key..].find('=')? + 1
        } else {
            sign + 1
        };
        let from = from + (written[from..].len() - written[from..].trim_start().len());
        let quote = written[from..].chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let end = from + 1 + written.get(from + 1..)?.find(quote)?;
        return Some(from + 1..end);
    }
    let quote = ['"', '\''].into_iter().find(|quote| written.starts_with(*quote));
    let inner = quote.map_or(Some(written), |quote| written.strip_prefix(quote)?.strip_suffix(quote))?;
    let offset = usize::from(quote.is_some());
    // Of a line of pip's, without its comment and its options.
    let source = Source::parse(inner);
    let [line] = source.lines.as_slice() else { return None };
    let Kind::Requirement { text: required, .. } = &line.kind else { return None };
    let specifier = Specifier::parse(required)?;
    if specifier.versions.is_empty() || specifier.versions.starts_with('@') {
        return None;
    }
    let behind_name = specifier.name.len();
    let behind_extras = inner.find(']').filter(|_| !specifier.extras.is_empty()).unwrap_or(behind_name);
    let at = behind_extras + inner.get(behind_extras..)?.find(specifier.versions)?;
    Some(offset + at..offset + at + specifier.versions.len())
}

/// `versions` with numbers that leave room for `needed` (`>=5.0.2,<6`), where all that they allow is older; pinned to `pin`
/// where they name one version. `None` where it cannot be said in their style.
fn raised(versions: &str, needed: &str, pin: Option<&str>) -> Option<String> {
    let floor = needed.split(',').find_map(|part| part.trim().strip_prefix(">="))?.trim();
    let numbers = release(floor)?;
    let last = |index: usize| index.min(numbers.len() - 1);
    let significant = numbers.iter().position(|number| *number != 0).unwrap_or(0);
    // What is newer than all that is needed cannot be raised to it.
    if versions.contains('|') || !poetry_bound(versions).excludes(&poetry_bound(&format!(">={floor}"))) {
        return None;
    }
    let is_operator = |character: char| "<>=!~^".contains(character);
    let mut result = String::new();
    let mut rest = versions;
    while !rest.is_empty() {
        let start = rest.find(|character: char| character.is_ascii_digit()).unwrap_or(rest.len());
        let (before, from) = rest.split_at(start);
        let end =
            from.find(|next: char| next == ',' || next.is_whitespace() || is_operator(next)).unwrap_or(from.len());
        let (version, behind) = from.split_at(end);
        result.push_str(before);
        if version.is_empty() {
            break;
        }
        let operator = before.trim_start_matches([',', ' ', '\t']).trim_end();
        let own = release(version)?;
        let as_long = |least: usize| -> String {
            let length = own.len().max(least).min(numbers.len());
            numbers[..length].iter().map(ToString::to_string).collect::<Vec<_>>().join(".")
        };
        let older = own < numbers;
        let new = match operator {
            "==" | "=" | "===" | "" if version.ends_with(".*") => format!("{}.*", as_long(1)),
            "==" | "=" | "===" | "" => pin.unwrap_or(floor).to_owned(),
            ">=" | "^" if older => floor.to_owned(),
            "<=" if older => pin.unwrap_or(floor).to_owned(),
            "~=" if older => as_long(2),
            "~" if older => as_long(1),
            "<" if own <= numbers => {
                let next = upper(&numbers, last(significant))?;
                let zeros = own.len().saturating_sub(next.split('.').count());
                format!("{next}{}", ".0".repeat(zeros))
            }
            _ => version.to_owned(),
        };
        result.push_str(&new);
        rest = behind;
    }
    let fits = !poetry_bound(&result).excludes(&poetry_bound(needed));
    (fits && result != versions).then_some(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_style_is_kept() {
        for (versions, expected) in [
            ("==4.4.4", "==5.2.1"),
            ("== 4.4.4", "== 5.2.1"),
            ("4.4.4", "5.2.1"),
            ("===4.4.4", "===5.2.1"),
            ("^4.6", "^5.0.2"),
            ("^4", "^5.0.2"),
            ("~4.6", "~5.0"),
            ("~4", "~5"),
            ("~=4.5", "~=5.0"),
            ("~=4.5.1", "~=5.0.2"),
            ("4.*", "5.*"),
            ("==4.5.*", "==5.0.*"),
            (">=4,<5", ">=5.0.2,<6"),
            (">= 4.2, < 5.0", ">= 5.0.2, < 6.0"),
            (">=4 <5", ">=5.0.2 <6"),
            ("<5", "<6"),
            ("<=4.6", "<=5.2.1"),
            (">=4.2,!=4.5.1,<5.0.0", ">=5.0.2,!=4.5.1,<6.0.0"),
        ] {
            assert_eq!(raised(versions, ">=5.0.2", Some("5.2.1")).as_deref(), Some(expected), "{versions}");
        }
        assert_eq!(raised("==0.19", ">=0.21", None).as_deref(), Some("==0.21"));
        assert_eq!(raised("^0.20", ">=0.21", None).as_deref(), Some("^0.21"));
        assert_eq!(raised(">=0.19,<0.21", ">=0.21", None).as_deref(), Some(">=0.21,<0.22"));
        assert_eq!(raised("==0.49b2", ">=0.65b0", None).as_deref(), Some("==0.65b0"));
    }

    #[test]
    fn what_is_newer_or_unclear_is_not_raised() {
        for versions in ["==6.2.0", ">=6", "^6", "^3 || ^4", "", "*", "latest", ">=5.1"] {
            assert_eq!(raised(versions, ">=4.2,<6", None), None, "{versions}");
        }
        assert_eq!(raised(">=5", ">=5.0.2", None), None);
    }

    #[test]
    fn the_versions_are_found_in_each_kind_of_entry() {
        let of = |written: &str, of_table: bool| versions(written, of_table).map(|range| written[range].to_owned());
        for (written, expected) in [
            ("redis==4.4.4", Some("==4.4.4")),
            ("redis[hiredis]==4.4.4  # cache == 4", Some("==4.4.4")),
            ("\"redis>=4,<5; python_version < '3.12'\"", Some(">=4,<5")),
            ("'redis (>=4,<5)'", Some(">=4,<5")),
            ("redis", None),
            ("redis @ https://x/redis-4.tar.gz", None),
        ] {
            assert_eq!(of(written, false).as_deref(), expected, "{written}");
        }
        for (written, expected) in [
            ("redis = \"^4.6\"", Some("^4.6")),
            ("redis='4.6'", Some("4.6")),
            ("redis = {extras = [\"hiredis\"], version = \"^4.6\"}", Some("^4.6")),
            ("redis = {version=\"^4.6\", extras = [\"hiredis\"]}", Some("^4.6")),
            ("redis = {git = \"https://x\"}", None),
            ("redis.version = \"^4\"", Some("^4")),
        ] {
            assert_eq!(of(written, true).as_deref(), expected, "{written}");
        }
    }
}
