//! What the requirements on a compose file share: opening it, and putting entries in and taking them out again.
//!
//! Everything is inserted at the end of the line that it follows, before that line's ending, as a chunk that begins with a
//! line ending and does not end with one. So chunks of several requirements do not touch each other, a file without a
//! final newline stays one, and taking a chunk out is the exact inverse, in whatever order. Flow collections gain
//! `, entry` behind their last entry, and lose from the entry before to the end of their own.
//!
//! Nothing here knows what a service needs; that is the business of one file a requirement.

#[cfg(test)]
pub(super) mod testing;

use std::ops::Range;
use std::rc::Rc;

use super::compose_text::{flow, indented};
use super::{Recorded, Retraction};
use crate::edit::Edit;
use crate::finding::{COMPOSE_UNSUPPORTED, Location, NOT_TEXT, Problem, SYNTAX_ERROR};
use crate::lock::{Made, ScaffoldingKey};
use crate::project::compose::model::{Model, is_first_version};
use crate::project::{FilePath, Project};
use crate::source::text::{self, LineEnding};
use crate::source::yaml::{Entry, Item, Node, Source, Style, Value};

/// The compose file, opened for questions and edits.
pub(crate) struct Document<'p> {
    pub path: &'p FilePath,
    pub source: Rc<Source>,
    ending: LineEnding,
}

/// Edits, and the scaffolding that they make or take away.
#[derive(Debug, Default)]
pub(crate) struct Addition {
    pub edits: Vec<Edit>,
    pub scaffolding: Made,
}

/// Opens the compose file; `None` where the project has none.
pub(crate) fn open(project: &Project) -> Result<Option<Document<'_>>, Problem> {
    let compose = match &project.layout.compose {
        Ok(Some(compose)) => compose,
        Ok(None) => return Ok(None),
        Err(problem) => return Err(problem.clone()),
    };
    let path = &compose.path;
    let Some(file) = project.file(path) else { return Ok(None) };
    if file.text().is_none() {
        return Err(Problem::new(&NOT_TEXT, format!("`{path}` is not UTF-8 text"))
            .at(path, 0..0)
            .help("convert the file to UTF-8, or use `--compose none`"));
    }
    let source = file.yaml().map_err(|unsupported| {
        let rule = if unsupported.is_syntax_error { &SYNTAX_ERROR } else { &COMPOSE_UNSUPPORTED };
        Problem::new(rule, format!("`{path}` has {}", unsupported.what))
            .at(path, unsupported.offset..unsupported.offset)
            .help("mend the file, or use `--compose none` to leave it alone")
    })?;
    if let Some(service) = is_first_version(&source) {
        let message = format!("`{path}` is of Compose's first version: services stand at its top level");
        return Err(Problem::new(&COMPOSE_UNSUPPORTED, message).at(path, service.key_range.clone()).help(
            "put the services under a top-level key `services:`, which Compose needs today, or use `--compose none`",
        ));
    }
    Ok(Some(Document { path, source, ending: file.line_ending() }))
}

/// The compose project as Compose resolves it, with the files that are read along; an empty one where there is none.
pub(crate) fn model(project: &Project) -> Model {
    let Ok(Some(compose)) = &project.layout.compose else { return Model::default() };
    // Discovery refused what is too large.
    Model::of(&compose.path, &|path| project.file(path).cloned()).unwrap_or_default()
}

/// The compose service that runs the application; `None` where no service does.
pub(crate) fn application(project: &Project) -> Result<Option<&str>, Problem> {
    match &project.layout.compose {
        Ok(Some(compose)) => compose.application.as_ref().map(Option::as_deref).map_err(Clone::clone),
        Ok(None) => Ok(None),
        Err(problem) => Err(problem.clone()),
    }
}

/// The retraction that leaves everything as it is because the file cannot be read.
pub(super) fn keep(problem: Problem) -> Retraction {
    Retraction::Keep { at: problem.at, why: problem.message }
}

impl Document<'_> {
    /// The place `range` of the file.
    pub fn at(&self, range: Range<usize>) -> Location {
        Location::new(self.path.clone(), range)
    }

    pub(super) fn text(&self) -> &str {
        self.source.text()
    }

    /// The problem that something in the file has a shape that is not edited.
    pub fn unsupported(&self, message: impl Into<String>, range: Range<usize>) -> Problem {
        Problem::new(&COMPOSE_UNSUPPORTED, message).at(self.path, range)
    }

    /// An entry of the top level.
    pub fn top(&self, key: &str) -> Option<&Entry> {
        self.source.root()?.own(key)
    }

    /// The service of this name.
    pub fn service(&self, name: &str) -> Option<&Entry> {
        self.services().into_iter().find(|service| service.key == name)
    }

    /// Every service.
    pub fn services(&self) -> Vec<&Entry> {
        self.top("services").map(|services| self.source.entries(&services.value)).unwrap_or_default()
    }

    /// What the service has under `key`, also by a merge key.
    pub fn get<'a>(&'a self, service: &'a Entry, key: &str) -> Option<&'a Entry> {
        self.source.get(&service.value, key)
    }

    /// The text of a scalar that the service has under `key`.
    pub fn scalar_of<'a>(&'a self, service: &'a Entry, key: &str) -> Option<&'a str> {
        self.source.scalar(&self.get(service, key)?.value)
    }

    /// The keys of a mapping or the texts of a list that the service has under `key`.
    pub fn names_of<'a>(&'a self, service: &'a Entry, key: &str) -> Vec<&'a str> {
        let Some(entry) = self.get(service, key) else { return Vec::new() };
        match self.source.resolve(&entry.value).map(|node| &node.value) {
            Some(Value::Mapping(_)) => {
                self.source.entries(&entry.value).into_iter().map(|entry| entry.key.as_str()).collect()
            }
            _ => self.source.scalars(&entry.value),
        }
    }

    /// Puts a child into the value of `entry`: `pair` where that is a mapping or nothing yet, `item` where it is a list.
    /// Both are blocks that begin at column 0. `made` is the scaffolding where nothing is there yet.
    pub fn put(
        &self,
        made: &ScaffoldingKey,
        entry: &Entry,
        pair: &str,
        item: Option<&str>,
        separated: bool,
    ) -> Result<Addition, Problem> {
        let key = &entry.key;
        let odd = |what: &str| self.unsupported(format!("`{key}` is {what}, which is not edited"), entry.range());
        let Some(node) = self.source.resolve(&entry.value) else { return Err(odd("an alias of nothing")) };
        if let Some(tag) = node.tag.as_deref().filter(|tag| !matches!(*tag, "!override" | "!!map" | "!!seq")) {
            return Err(odd(&format!("tagged `{tag}`")));
        }
        let (is_empty, is_list) = match &node.value {
            Value::Null => (true, false),
            Value::Mapping(mapping) => (mapping.entries.is_empty(), false),
            Value::Sequence(sequence) => (sequence.items.is_empty(), true),
            Value::Scalar(..) | Value::Alias(_) => return Err(odd("a scalar")),
        };
        if !is_empty {
            let block = if is_list { item.ok_or_else(|| odd("a list"))? } else { pair };
            let edit = self.append(node, block, separated).ok_or_else(|| odd("in an unusual place"))?;
            return Ok(Addition { edits: vec![edit], scaffolding: Vec::new() });
        }
        if matches!(entry.value.value, Value::Alias(_)) {
            return Err(odd("an alias of an empty value"));
        }
        if entry.flow {
            // `{}` stays a flow collection where it stands in one.
            let inner = match &node.value {
                Value::Null => None,
                _ => flow(if is_list { item.unwrap_or(pair) } else { pair }, is_json(entry)),
            };
            let inner = inner.ok_or_else(|| odd("empty inside a flow collection"))?;
            let edits = vec![Edit::insert(node.range.start + 1, inner)];
            if self.source.has_comment(&node.range) {
                return Err(odd("an empty collection around a comment"));
            }
            return Ok(Addition { edits, scaffolding: Vec::new() });
        }
        if !text::is_first_on_line(self.text(), entry.key_range.start) || self.source.has_comment(&node.range) {
            return Err(odd("in an unusual place"));
        }
        let from = node.properties_end.unwrap_or(entry.colon_end);
        let replaced = self.text().get(from..node.range.end.max(from)).unwrap_or_default().to_owned();
        let mut edits = Vec::new();
        if !replaced.is_empty() {
            edits.push(Edit::delete(from..from + replaced.len()));
        }
        let indentation = self.deeper(text::indentation(self.text(), entry.key_range.start));
        edits.push(self.lines_after(from + replaced.len(), pair, &indentation, false));
        Ok(Addition { edits, scaffolding: vec![(made.clone(), Some(replaced))] })
    }

    /// Makes the entry `key` with one child at the end of the mapping `parent`.
    pub fn create(&self, made: ScaffoldingKey, parent: &Node, key: &str, pair: &str) -> Option<Addition> {
        let block = format!("{key}:\n{}", indented(pair, &self.deeper("")));
        let edit = self.append(parent, &block, false)?;
        Some(Addition { edits: vec![edit], scaffolding: vec![(made, None)] })
    }

    /// Makes the top-level entry `key` with one child at the end of the file, an empty line before it.
    pub fn create_at_top(&self, made: ScaffoldingKey, key: &str, pair: &str) -> Result<Addition, Problem> {
        let text = self.text();
        let block = format!("{key}:\n{}", indented(pair, &self.deeper("")));
        let scaffolding = vec![(made, None)];
        let odd = || {
            self.unsupported(format!("`{}` is no mapping in block style", self.path), 0..0)
                .help(format!("add the top-level key `{key}:` yourself, then run the command again"))
        };
        let mut indentation = "";
        let mut last = text.trim_end().len();
        if let Some(root) = self.source.root() {
            let Some(mapping) = root.mapping() else { return Err(odd()) };
            if mapping.flow {
                let edit = self.append(root, &block, false).ok_or_else(odd)?;
                return Ok(Addition { edits: vec![edit], scaffolding });
            }
            indentation = mapping.entries.first().map_or("", |first| text::indentation(text, first.key_range.start));
            last = last.max(root.range.end);
            let last_line = text.get(text::line_start(text, last)..).unwrap_or_default().trim_end();
            if last_line == "..." || last_line.starts_with("... ") {
                last = root.range.end;
            }
        } else if text.lines().any(|line| line.starts_with("---") || line.starts_with("...") || line.starts_with('%')) {
            return Err(odd());
        }
        if last <= text::bom_length(text) {
            let lines = format!("{}\n", indented(&block, indentation));
            let edit = Edit::insert(text::bom_length(text), self.ending.convert(&lines));
            return Ok(Addition { edits: vec![edit], scaffolding });
        }
        let separated = !self.source.root().is_some_and(|root| self.source.keeps_lines_after(root));
        Ok(Addition { edits: vec![self.lines_after(last, &block, indentation, separated)], scaffolding })
    }

    /// Is there nothing on the line of `offset`?
    pub fn is_empty_line(&self, offset: usize) -> bool {
        let text = self.text();
        text.get(text::line_start(text, offset)..text::line_end(text, offset))
            .is_some_and(|line| line.trim().is_empty())
    }

    /// One step deeper than `indentation`, as the file indents its mappings.
    pub fn deeper(&self, indentation: &str) -> String {
        format!("{indentation}{}", " ".repeat(self.source.step()))
    }

    /// Appends a child to a collection that has one.
    fn append(&self, node: &Node, block: &str, separated: bool) -> Option<Edit> {
        let children = children(node)?;
        let last = children.ranges.last()?;
        let text = self.text();
        if children.flow {
            let json = match &node.value {
                Value::Mapping(mapping) => mapping.entries.last().is_some_and(is_json),
                Value::Sequence(sequence) => sequence
                    .items
                    .last()
                    .is_some_and(|item| matches!(item.value.value, Value::Scalar(_, Style::Double))),
                _ => false,
            };
            let new = flow(block, json)?;
            let on_its_own_line = text::is_first_on_line(text, last.start);
            let separator = if on_its_own_line {
                format!(",{}{}", self.ending.as_str(), text::indentation(text, last.start))
            } else {
                ", ".to_owned()
            };
            return Some(Edit::insert(last.end, format!("{separator}{new}")));
        }
        if !text::is_first_on_line(text, last.start) {
            return None;
        }
        let indentation = text::indentation(text, last.start);
        Some(self.lines_after(self.source.end_with_comments(last), block, indentation, separated))
    }

    /// Inserts the lines of `block` below the line of `offset`.
    pub(super) fn lines_after(&self, offset: usize, block: &str, indentation: &str, separated: bool) -> Edit {
        let empty = if separated { "\n" } else { "" };
        let chunk = format!("{empty}\n{}", indented(block, indentation));
        Edit::insert(text::line_end(self.text(), offset), self.ending.convert(&chunk))
    }

    /// Takes the child that begins at `start` out of the value of `entry`, and with the last child the scaffolding
    /// `made`: what was created goes, what was replaced comes back. `parent` is the mapping that `entry` stands in.
    ///
    /// The keys in `scaffolding` are those that are gone then. `None` where the child stands in a place of its own kind.
    pub fn take(
        &self,
        made: &ScaffoldingKey,
        parent: &Node,
        entry: &Entry,
        start: usize,
        recorded: &Recorded,
        separated: bool,
    ) -> Option<Addition> {
        let node = self.source.resolve(&entry.value)?;
        let children = children(node)?;
        let index = children.ranges.iter().position(|range| range.start == start)?;
        let child = children.ranges.get(index)?;
        let shared = matches!(entry.value.value, Value::Alias(_));
        if children.ranges.len() > 1 || shared {
            return Some(Addition { edits: vec![self.removal(&children, index, separated)?], scaffolding: Vec::new() });
        }
        let gone = |edits| Some(Addition { edits, scaffolding: vec![(made.clone(), None)] });
        let scaffolding = recorded.scaffolding(made);
        if children.flow && scaffolding != Some(None) {
            return Some(Addition { edits: vec![Edit::delete(child.clone())], scaffolding: Vec::new() });
        }
        if let Some(Some(replaced)) = scaffolding {
            let from = node.properties_end.unwrap_or(entry.colon_end);
            let mut edits = vec![self.removal(&children, index, separated)?];
            if !replaced.is_empty() {
                edits.insert(0, Edit::insert(from, replaced));
            }
            return gone(edits);
        }
        // A comment of the user's in the created entry stays, and with it the entry.
        let siblings = self::children(parent)?;
        let own = siblings.ranges.iter().position(|range| range.start == entry.range().start)?;
        let line_end = text::line_end(self.text(), entry.range().end);
        let has_comment = self.source.has_comment(&(entry.colon_end..line_end));
        if has_comment || siblings.flow != children.flow {
            return Some(Addition { edits: vec![self.removal(&children, index, separated)?], scaffolding: Vec::new() });
        }
        // A top-level entry was created with an empty line before it, but behind a text that would have taken the line.
        let at_top = self.source.root().is_some_and(|root| root.range == parent.range);
        let before = own.checked_sub(1).and_then(|before| parent.mapping()?.entries.get(before));
        let separated = at_top
            && !siblings.flow
            && scaffolding == Some(None)
            && !before.is_some_and(|before| self.source.keeps_lines_after(&before.value));
        gone(vec![self.removal(&siblings, own, separated)?])
    }

    /// Removes an entry of a mapping with its lines.
    pub(super) fn without(&self, parent: &Node, entry: &Entry) -> Option<Edit> {
        let children = children(parent)?;
        let index = children.ranges.iter().position(|range| range.start == entry.range().start)?;
        self.removal(&children, index, false)
    }

    /// Removes a child of a collection; in block style with its lines, and the empty line before where `separated`.
    fn removal(&self, children: &Children, index: usize, separated: bool) -> Option<Edit> {
        let text = self.text();
        let child = children.ranges.get(index)?;
        if children.flow {
            let before = index.checked_sub(1).and_then(|before| children.ranges.get(before));
            let range = match (before, children.ranges.get(index + 1)) {
                (Some(before), _) => before.end..child.end,
                (None, Some(after)) => child.start..after.start,
                (None, None) => child.clone(),
            };
            return if self.source.has_comment(&range) { None } else { Some(Edit::delete(range)) };
        }
        if !text::is_first_on_line(text, child.start) {
            return None;
        }
        let mut range = text::lines_with_ending_before(text, child.clone());
        let first = text::line_start(text, child.start);
        if separated && first > text::bom_length(text) {
            let before = text::line_start(text, first - 1);
            let start = text::bom_length(text);
            if before > start && self.is_empty_line(before) {
                range.start = text::line_end(text, before - 1);
            } else if before == start && self.is_empty_line(before) {
                // What stood before it was ours too, and went first.
                range = start..text::next_line(text, child.end);
            }
        }
        Some(Edit::delete(range))
    }
}

/// The children of a collection by their ranges.
struct Children {
    flow: bool,
    ranges: Vec<Range<usize>>,
}

fn children(node: &Node) -> Option<Children> {
    match &node.value {
        Value::Mapping(mapping) => {
            Some(Children { flow: mapping.flow, ranges: mapping.entries.iter().map(Entry::range).collect() })
        }
        Value::Sequence(sequence) => {
            Some(Children { flow: sequence.flow, ranges: sequence.items.iter().map(Item::range).collect() })
        }
        _ => None,
    }
}

/// Is the entry written as JSON writes it?
fn is_json(entry: &Entry) -> bool {
    entry.flow && entry.key_style == Style::Double
}
