//! Takes an entry of ours out of a list of dependencies, and the list where it was made for it.

use super::listed::marker_of;
use super::specifier::{canonical, name_and_bound};
use super::{Dependency, Target, array, is_toml, lines, made_file, placement, scaffolding, table};
use crate::edit::Edit;
use crate::finding::{Location, NO_DEPENDENCY_FILE};
use crate::lock::ScaffoldingKey;
use crate::project::dependency_file::unreadable;
use crate::project::{FilePath, Project};
use crate::requirement::{Fix, Recorded, Retraction};
use crate::source::package_list::format_of;
use crate::source::requirements;
use crate::source::text;
use crate::source::toml::{Array, Source, same_values};

impl Dependency {
    /// How the entry that was brought goes away again, and a bound that was raised comes back.
    pub fn retract(&self, project: &Project, recorded: &Recorded) -> Retraction {
        let Some(lowered) = self.lowered(project, recorded) else {
            return Retraction::Keep { at: None, why: "its bound was changed since it was raised".to_owned() };
        };
        if lowered.changes.is_empty() {
            return self.retract_entry_of_ours(project, recorded);
        }
        // What was there has no text of ours.
        let brought = recorded.record.text.is_some();
        match brought.then(|| self.retract_entry_of_ours(project, recorded)) {
            None | Some(Retraction::Gone) => Retraction::Remove(lowered),
            Some(Retraction::Remove(fix)) => Retraction::Remove(fix.and(lowered)),
            Some(keep @ Retraction::Keep { .. }) => keep,
        }
    }

    fn retract_entry_of_ours(&self, project: &Project, recorded: &Recorded) -> Retraction {
        let dependencies = match &project.layout.dependencies {
            Ok(dependencies) => dependencies,
            Err(problem) if problem.rule == &NO_DEPENDENCY_FILE => return Retraction::Gone,
            Err(problem) => return Retraction::Keep { at: problem.at.clone(), why: problem.message.clone() },
        };
        let dependencies = self.list_of(dependencies);
        let Some((path, file)) = self.file(project).and_then(|path| Some((path, project.file(path)?))) else {
            return Retraction::Gone;
        };
        let Some(text) = file.text() else {
            return Retraction::Keep { at: Some(Location::file(path.clone())), why: unreadable(path).message };
        };
        if let Some(format) = format_of(path.name()) {
            let list = if self.development { format.development(text) } else { format.read(text) };
            return list.map_or(Retraction::Gone, |list| self.retract_listed(path, text, &list, recorded));
        }
        if !is_toml(path) {
            return self.retract_line(path, text, recorded);
        }
        let source = match file.toml() {
            Ok(source) => source,
            Err(error) => {
                let at = Some(Location::new(path.clone(), error.range));
                return Retraction::Keep { at, why: format!("`{path}` has a syntax error: {}", error.message) };
            }
        };
        let mut kept = None;
        for target in self.targets(&source, dependencies) {
            let found = match target {
                Target::Array(keys) => self.retract_item(path, text, &source, &keys, recorded),
                Target::Table(keys) => self.retract_entry(path, text, &source, &keys, recorded),
                Target::Lines => None,
            };
            match found {
                Some(keep @ Retraction::Keep { .. }) => kept = kept.or(Some(keep)),
                Some(found) => return found,
                None => {}
            }
        }
        kept.unwrap_or(Retraction::Gone)
    }

    fn retract_line(&self, path: &FilePath, text: &str, recorded: &Recorded) -> Retraction {
        let name = self.name();
        let ours = recorded.record.text.as_deref().unwrap_or(self.requirement);
        let source = requirements::Source::parse(text);
        let mut changed = None;
        for (line, required) in source.requirements() {
            if name_and_bound(required).is_none_or(|(found, _)| found != name) {
                continue;
            }
            let written = text.get(line.range.clone()).unwrap_or_default();
            if same_line(written, ours) || same_line(written, self.requirement) {
                let edit = lines::remove(text, line);
                let fix = made_file::emptied(path, text, &edit, recorded);
                return Retraction::Remove(fix.unwrap_or_else(|| Fix::edit(path, vec![edit]).safe()));
            }
            // Beside ours there may be one for other systems.
            if marker_of(required).are_all() {
                changed = changed.or(Some(line.range.clone()));
            }
        }
        changed.map_or(Retraction::Gone, |range| self.keep(path, range))
    }

    fn retract_item(
        &self,
        path: &FilePath,
        text: &str,
        source: &Source,
        keys: &[String],
        recorded: &Recorded,
    ) -> Option<Retraction> {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let array = source.array(&keys)?;
        let list = array.items.len() == 1 && recorded.scaffolding(&scaffolding(path, &keys)) == Some(None);
        let list = list.then(|| remove_list(text, source, &keys)).flatten();
        self.retract_item_of(path, text, &array, &scaffolding(path, &keys), list, recorded)
    }

    /// Takes an item of ours out of `array`; or `list`, where the array itself goes with it.
    pub(super) fn retract_item_of(
        &self,
        path: &FilePath,
        text: &str,
        array: &Array,
        made: &ScaffoldingKey,
        list: Option<Edit>,
        recorded: &Recorded,
    ) -> Option<Retraction> {
        let name = self.name();
        let named = |index: &usize| {
            let item = array.items[*index].text.as_deref();
            item.and_then(name_and_bound).is_some_and(|(found, _)| found == name)
        };
        let candidates: Vec<usize> = (0..array.items.len()).filter(named).collect();
        let expected = placement::quoted(self.requirement, None);
        let ours = recorded.record.text.as_deref().unwrap_or(&expected);
        let is_ours = |index: &&usize| {
            let written = text.get(array.items[**index].range.clone()).unwrap_or_default();
            same_line(written, ours) || same_line(written, &expected)
        };
        let Some(index) = candidates.iter().find(is_ours) else {
            let first = candidates
                .iter()
                .find(|index| array.items[**index].text.as_deref().is_some_and(|text| marker_of(text).are_all()))?;
            return Some(self.keep(path, array.items[*first].range.clone()));
        };
        if let Some(edit) = list {
            let fix = Fix::edit(path, vec![edit]).safe();
            return Some(Retraction::Remove(fix.scaffolding(made.clone(), None)));
        }
        let found = recorded.scaffolding(made);
        let Some(edits) = array::remove(text, array, *index, found.flatten()) else {
            return Some(self.keep(path, array.items[*index].range.clone()));
        };
        let fix = Fix::edit(path, edits).safe();
        // With its last item the list is what it was: nothing of ours is left in it.
        let was_last = found.is_some() && array.items.len() == 1;
        Some(Retraction::Remove(if was_last { fix.scaffolding(made.clone(), None) } else { fix }))
    }

    pub(super) fn retract_entry(
        &self,
        path: &FilePath,
        text: &str,
        source: &Source,
        keys: &[String],
        recorded: &Recorded,
    ) -> Option<Retraction> {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let table = source.table(&keys)?;
        let name = self.name();
        let index = table.entries.iter().position(|entry| canonical(&entry.key) == name)?;
        let entry = &table.entries[index];
        let written = text.get(entry.range.clone()).unwrap_or_default();
        let ours = recorded.record.text.as_deref().unwrap_or(written);
        if !entry.direct || !same_values(written, ours) {
            return Some(self.keep(path, entry.range.clone()));
        }
        let edits = table::remove(text, &table, index);
        Some(edits.map_or_else(
            || self.keep(path, entry.range.clone()),
            |edits| Retraction::Remove(Fix::edit(path, edits).safe()),
        ))
    }

    pub(super) fn keep(&self, path: &FilePath, range: std::ops::Range<usize>) -> Retraction {
        Retraction::Keep {
            at: Some(Location::new(path.clone(), range)),
            why: format!("the entry for `{}` was changed since it was added", self.name()),
        }
    }
}

/// Is it the same requirement but for blanks and quotes?
pub(super) fn same_line(left: &str, right: &str) -> bool {
    let code = |text: &str| text.chars().filter(|c| !c.is_whitespace() && !matches!(c, '"' | '\'')).collect::<String>();
    code(left) == code(right)
}

/// Takes the key with its list away, as it was created.
fn remove_list(text: &str, source: &Source, keys: &[&str]) -> Option<Edit> {
    let (name, parent) = keys.split_last()?;
    let table = source.table(parent)?;
    let entry = table.entries.iter().find(|entry| entry.key == *name && entry.direct)?;
    let rest = text.get(entry.range.end..text::line_end(text, entry.range.end))?;
    let written = text.get(entry.range.clone())?;
    let plain = text::is_first_on_line(text, entry.range.start) && rest.trim().is_empty() && !written.contains('#');
    plain.then(|| Edit::delete(text::lines_with_ending_before(text, entry.range.clone())))
}
