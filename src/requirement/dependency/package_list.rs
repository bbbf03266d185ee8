//! An entry of a list in a file of another format (`source::package_list`): how it comes, and how it goes again.

use super::super::{Fix, Recorded, Retraction};
use super::retract::same_line;
use super::specifier::name_and_bound;
use super::{Dependency, listed_lines, scaffolding, table};
use crate::project::FilePath;
use crate::source::package_list::{Entry, Lines, PackageList};
use crate::source::toml::Source;

/// The key by which an array of such a file is recorded as scaffolding.
const ARRAY: &str = "install_requires";

impl Dependency {
    /// What brings an entry into `list`. `None` where it has no place for one.
    pub(super) fn entry_in(&self, path: &FilePath, text: &str, list: &PackageList) -> Option<Fix> {
        match list {
            PackageList::Lines(lines) => {
                let edit = listed_lines::insert(text, lines, self.requirement);
                Some(Fix::edit(path, vec![edit]).text(self.requirement).safe())
            }
            PackageList::Array(array) => Some(self.add_item(path, text, array, &[ARRAY])),
            PackageList::Table(keys) => {
                let table = Source::of(text).ok()?.table(keys)?;
                let (edits, entry) = table::insert(text, &table, self.requirement)?;
                Some(Fix::edit(path, edits).text(entry).safe())
            }
        }
    }

    /// Takes the entry of ours out of `list`.
    pub(super) fn retract_listed(
        &self,
        path: &FilePath,
        text: &str,
        list: &PackageList,
        recorded: &Recorded,
    ) -> Retraction {
        let found = match list {
            PackageList::Lines(lines) => self.retract_listed_line(path, text, lines, recorded),
            PackageList::Array(array) => {
                self.retract_item_of(path, text, array, &scaffolding(path, &[ARRAY]), None, recorded)
            }
            PackageList::Table(keys) => Source::of(text).ok().and_then(|source| {
                let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
                self.retract_entry(path, text, &source, &keys, recorded)
            }),
        };
        found.unwrap_or(Retraction::Gone)
    }

    fn retract_listed_line(
        &self,
        path: &FilePath,
        text: &str,
        lines: &Lines,
        recorded: &Recorded,
    ) -> Option<Retraction> {
        let name = self.name();
        let ours = recorded.record.text.as_deref().unwrap_or(self.requirement);
        let named = |entry: &&Entry| name_and_bound(&entry.text).is_some_and(|(found, _)| found == name);
        let is_ours = |entry: &&Entry| same_line(&entry.text, ours) || same_line(&entry.text, self.requirement);
        let Some(entry) = lines.entries.iter().filter(named).find(is_ours) else {
            let changed = lines.entries.iter().find(named)?;
            return Some(self.keep(path, changed.range.clone()));
        };
        Some(listed_lines::remove(text, entry).map_or_else(
            || self.keep(path, entry.range.clone()),
            |edit| Retraction::Remove(Fix::edit(path, vec![edit]).safe()),
        ))
    }
}
