//! An entry of Poetry's table of dependencies: where it goes, and how it goes away again without a trace.

use std::ops::Range;

use super::placement::{Placement, place, quoted};
use super::specifier::{Specifier, canonical};
use crate::edit::Edit;
use crate::source::text::{self, LineEnding};
use crate::source::toml::{Entry, Table, TableForm};

/// Brings `requirement` into `table`: the edits, and the entry as written. `None` where the table has no place for it.
pub fn insert(text: &str, table: &Table, requirement: &str) -> Option<(Vec<Edit>, String)> {
    let ending = LineEnding::of(text).as_str();
    let specifier = Specifier::parse(requirement)?;
    let direct: Vec<&Entry> = table.entries.iter().filter(|entry| entry.direct).collect();
    let like = quote_of(text, &direct);
    if let TableForm::Inline(braces) = &table.form {
        let entry = format!("{} = {}", specifier.name, value(&specifier, like));
        let edit = match direct.last() {
            Some(last) => Edit::insert(last.range.end, format!(", {entry}")),
            None => Edit::insert(braces.start + 1, entry.clone()),
        };
        return Some((vec![edit], entry));
    }
    let previous = match predecessor(&direct, specifier.name) {
        Placement::After(index) => direct.get(index).copied(),
        Placement::First => None,
    };
    let separator = separator(text, &direct, specifier.name);
    let (anchor, lead) = match (&table.form, previous.or(direct.first().copied())) {
        (TableForm::Header(header), None) => (header.end, text::indentation(text, header.start).to_owned()),
        (TableForm::Header(header), Some(like)) => {
            let anchor = previous.map_or(header.end, |previous| previous.range.end);
            (anchor, text::indentation(text, like.range.start).to_owned())
        }
        (TableForm::Implied, Some(like)) => {
            // `dependencies.fastapi = ...`: what stands before the key comes along, and nothing is above the first one.
            let anchor = previous.unwrap_or(like).range.end;
            (anchor, dotted_lead(text, like)?.to_owned())
        }
        _ => return None,
    };
    let entry = format!("{}{separator}{}", specifier.name, value(&specifier, like));
    Some((vec![Edit::insert(text::line_end(text, anchor), format!("{ending}{lead}{entry}"))], entry))
}

/// After which entry a new one belongs. `python` is first by custom and says nothing about the order.
fn predecessor(direct: &[&Entry], name: &str) -> Placement {
    let python = usize::from(direct.first().is_some_and(|entry| canonical(&entry.key) == "python"));
    let keys: Vec<&str> = direct.iter().skip(python).map(|entry| entry.key.as_str()).collect();
    match place(&keys, name) {
        Some(Placement::After(index)) => Placement::After(index + python),
        _ if python == 1 => Placement::After(0),
        Some(Placement::First) | None => Placement::First,
    }
}

/// What stands before the key on its line, where the line is `a.b.key = value`.
fn dotted_lead<'text>(text: &'text str, entry: &Entry) -> Option<&'text str> {
    let lead = text.get(text::line_start(text, entry.key_range.start)..entry.key_range.start)?;
    let plain = |character: char| character.is_alphanumeric() || " \t._-\"'".contains(character);
    (lead.trim_end().ends_with('.') && lead.chars().all(plain)).then_some(lead)
}

/// What stands between key and value: ` = `, tight as before, or aligned with the entries that are there.
fn separator(text: &str, direct: &[&Entry], name: &str) -> String {
    let mut column = None;
    let mut aligned = direct.len() > 1;
    let mut padded = false;
    let mut tight = !direct.is_empty();
    for entry in direct {
        let Some(between) = between_key_and_value(text, entry) else {
            aligned = false;
            continue;
        };
        let key_end = entry.key_range.end - text::line_start(text, entry.key_range.start);
        let blanks = between.find('=').unwrap_or(0);
        tight &= between == "=";
        padded |= blanks > 1;
        aligned &= *column.get_or_insert(key_end + blanks) == key_end + blanks;
    }
    if tight {
        return "=".to_owned();
    }
    let lead = direct.first().map_or(0, |entry| entry.key_range.start - text::line_start(text, entry.key_range.start));
    match column {
        Some(column) if aligned && padded && column > lead + name.len() => {
            format!("{}= ", " ".repeat(column - lead - name.len()))
        }
        _ => " = ".to_owned(),
    }
}

/// What stands between key and value of `key = value`. `None` where the entry is made of dotted keys.
fn between_key_and_value<'text>(text: &'text str, entry: &Entry) -> Option<&'text str> {
    let rest = text.get(entry.key_range.end..entry.range.end)?;
    let sign = rest.find('=')?;
    let (before, after) = (rest.get(..sign)?, rest.get(sign + 1..)?);
    let after = after.len() - after.trim_start_matches([' ', '\t']).len();
    before.chars().all(|character| character == ' ' || character == '\t').then(|| rest.get(..sign + 1 + after))?
}

/// The last string value among the entries: the new one takes its quotes.
fn quote_of<'text>(text: &'text str, direct: &[&Entry]) -> Option<&'text str> {
    direct.iter().rev().find_map(|entry| {
        let value = text.get(entry.key_range.end..entry.range.end)?.trim_start_matches([' ', '\t', '=']);
        value.starts_with(['"', '\'']).then_some(value)
    })
}

/// The value of the entry: a version, or a table where there is more to say.
fn value(specifier: &Specifier, like: Option<&str>) -> String {
    let versions = if specifier.versions.is_empty() { "*" } else { specifier.versions };
    let versions = quoted(versions, like);
    if specifier.extras.is_empty() && specifier.marker.is_empty() {
        return versions;
    }
    let mut fields = vec![format!("version = {versions}")];
    if !specifier.extras.is_empty() {
        let extras: Vec<String> = specifier.extras.iter().map(|extra| quoted(extra, like)).collect();
        fields.push(format!("extras = [{}]", extras.join(", ")));
    }
    if !specifier.marker.is_empty() {
        fields.push(format!("markers = {}", quoted(specifier.marker, like)));
    }
    format!("{{{}}}", fields.join(", "))
}

/// Takes the entry with this index away, as [`insert`] brought it. `None` where a comment was put to it since.
pub fn remove(text: &str, table: &Table, index: usize) -> Option<Vec<Edit>> {
    let entry = table.entries.get(index)?;
    if let TableForm::Inline(_) = table.form {
        let previous = index.checked_sub(1).and_then(|index| table.entries.get(index));
        let range: Range<usize> = match (previous, table.entries.get(index + 1)) {
            (Some(previous), _) => previous.range.end..entry.range.end,
            (None, Some(next)) => entry.range.start..next.range.start,
            (None, None) => entry.range.clone(),
        };
        return (!text.get(range.clone())?.contains('#')).then(|| vec![Edit::delete(range)]);
    }
    if !text::is_first_on_line(text, entry.range.start) && dotted_lead(text, entry).is_none() {
        return None;
    }
    let rest = text.get(entry.range.end..text::line_end(text, entry.range.end))?;
    if !rest.trim().is_empty() {
        return None;
    }
    Some(vec![Edit::delete(text::lines_with_ending_before(text, entry.range.clone()))])
}
