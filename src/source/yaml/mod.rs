//! YAML source, as compose files have it: mappings, sequences and scalars by their place.
//!
//! tree-sitter locates, this module names. It changes nothing and knows nothing of Compose. The ends it gives are ends of
//! *content*: tree-sitter's own node ends may or may not hold the newline, and may swallow a comment that follows.
//! It walks the tree and has no query: each question here is a look-up of keys.

mod read;
mod same;
mod scalar;

use std::ops::Range;

pub use same::same_values;
use scalar::keeps;

use super::text;

/// An alias of an alias is followed this many times: one may stand inside what it names.
const ALIAS_LIMIT: usize = 16;

/// So many mappings may be merged into one.
const MERGE_LIMIT: usize = 100;

/// Why a file cannot be edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported {
    /// Byte offset of the place.
    pub offset: usize,
    /// A phrase: what is there.
    pub what: String,
    /// Is it no YAML at all, rather than YAML of a shape that is not edited?
    pub is_syntax_error: bool,
}

/// A parsed document. It keeps the text that its offsets belong to.
#[derive(Debug)]
pub struct Source {
    text: String,
    root: Option<Node>,
    comments: Vec<Range<usize>>,
}

/// A value, with its anchor and its tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The value alone. Empty where nothing is written, and then behind the colon, the dash, the anchor or the tag.
    pub range: Range<usize>,
    /// The value with its anchor and its tag.
    pub outer: Range<usize>,
    /// Behind its anchor and its tag, where it has one of them.
    pub properties_end: Option<usize>,
    /// `name` of `&name`.
    pub anchor: Option<String>,
    /// `!reset` and the like, with the exclamation mark.
    pub tag: Option<String>,
    /// What it is.
    pub value: Value,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing, `null` or `~`.
    Null,
    /// Text, numbers and booleans: as written, but without quotes, escapes and line folding.
    Scalar(String, Style),
    /// `name` of `*name`.
    Alias(String),
    /// A mapping.
    Mapping(Mapping),
    /// A sequence.
    Sequence(Sequence),
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// `'...'`
    Single,
    /// `"..."`
    Double,
    /// `|` or `>`
    Block,
}

/// Keys and values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// Is it written `{...}`?
    pub flow: bool,
    /// In the order of the text.
    pub entries: Vec<Entry>,
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key's text without quotes; empty where the key is no scalar.
    pub key: String,
    /// The key as written.
    pub key_range: Range<usize>,
    /// Is the key in quotes?
    pub key_style: Style,
    /// Behind the colon; behind the key where there is none (`{a, b}`).
    pub colon_end: usize,
    /// Does it stand in a mapping that is written `{...}`?
    pub flow: bool,
    /// The value.
    pub value: Node,
}

/// Values in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// Is it written `[...]`?
    pub flow: bool,
    /// In the order of the text.
    pub items: Vec<Item>,
}

/// An item of a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Where its dash is; in a flow sequence where its value begins.
    pub start: usize,
    /// The value.
    pub value: Node,
}

impl Entry {
    /// The entry from its key to the end of its value, without a comment behind it.
    pub fn range(&self) -> Range<usize> {
        self.key_range.start..self.colon_end.max(self.value.outer.end)
    }
}

impl Item {
    /// The item with its dash, without a comment behind it.
    pub fn range(&self) -> Range<usize> {
        self.start..self.value.outer.end.max(self.start)
    }
}

impl Node {
    /// A node without anchor and tag.
    fn bare(range: Range<usize>, value: Value) -> Self {
        Self { outer: range.clone(), range, properties_end: None, anchor: None, tag: None, value }
    }

    /// The scalar's text.
    pub fn scalar(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    /// Is it nothing, `null` or `~`?
    pub fn is_null(&self) -> bool {
        self.value == Value::Null
    }

    /// The mapping, where it is one.
    pub fn mapping(&self) -> Option<&Mapping> {
        match &self.value {
            Value::Mapping(mapping) => Some(mapping),
            _ => None,
        }
    }

    /// The sequence, where it is one.
    pub fn sequence(&self) -> Option<&Sequence> {
        match &self.value {
            Value::Sequence(sequence) => Some(sequence),
            _ => None,
        }
    }

    /// The entry of this very mapping with `key`; merge keys are not followed.
    pub fn own(&self, key: &str) -> Option<&Entry> {
        self.mapping()?.entries.iter().find(|entry| entry.key == key)
    }
}

impl Source {
    /// The text that was parsed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The document's value; `None` where the text holds none (empty, or comments alone).
    pub fn root(&self) -> Option<&Node> {
        self.root.as_ref()
    }

    /// The node that stands for `node`: itself, or what its alias names. `None` for an alias of nothing.
    pub fn resolve<'a>(&'a self, node: &'a Node) -> Option<&'a Node> {
        let mut node = node;
        for _ in 0..ALIAS_LIMIT {
            let Value::Alias(name) = &node.value else { return Some(node) };
            node = self.anchored(name, node.range.start)?;
        }
        None
    }

    /// The last node before `offset` that has the anchor `name`.
    pub fn anchored(&self, name: &str, offset: usize) -> Option<&Node> {
        fn find<'a>(node: &'a Node, name: &str, offset: usize, found: &mut Option<&'a Node>) {
            if node.outer.start >= offset {
                return;
            }
            if node.anchor.as_deref() == Some(name) {
                *found = Some(node);
            }
            match &node.value {
                Value::Mapping(mapping) => {
                    mapping.entries.iter().for_each(|entry| find(&entry.value, name, offset, found));
                }
                Value::Sequence(sequence) => {
                    sequence.items.iter().for_each(|item| find(&item.value, name, offset, found));
                }
                _ => {}
            }
        }
        let mut found = None;
        find(self.root.as_ref()?, name, offset, &mut found);
        found
    }

    /// The entries of a mapping as a reader of YAML sees them: its own, then what merge keys (`<<: *x`) bring.
    pub fn entries<'a>(&'a self, node: &'a Node) -> Vec<&'a Entry> {
        let mut seen = Vec::new();
        self.collect_entries(node, &mut seen, &mut Vec::new());
        seen
    }

    /// `visited` are the mappings that were looked into: one that is merged again brings nothing new, and aliases of
    /// aliases of aliases would otherwise take for ever.
    fn collect_entries<'a>(&'a self, node: &'a Node, seen: &mut Vec<&'a Entry>, visited: &mut Vec<usize>) {
        let Some(node) = self.resolve(node) else { return };
        let Some(mapping) = node.mapping().filter(|_| !visited.contains(&node.outer.start)) else { return };
        visited.push(node.outer.start);
        for entry in mapping.entries.iter().filter(|entry| !is_merge(entry)) {
            if !seen.iter().any(|known| known.key == entry.key) {
                seen.push(entry);
            }
        }
        if visited.len() > MERGE_LIMIT {
            return;
        }
        for entry in mapping.entries.iter().filter(|entry| is_merge(entry)) {
            match self.resolve(&entry.value).map(|node| &node.value) {
                Some(Value::Sequence(sequence)) => {
                    for item in &sequence.items {
                        self.collect_entries(&item.value, seen, visited);
                    }
                }
                _ => self.collect_entries(&entry.value, seen, visited),
            }
        }
    }

    /// The entry with `key`, the mapping's own or one that a merge key brings.
    pub fn get<'a>(&'a self, node: &'a Node, key: &str) -> Option<&'a Entry> {
        self.entries(node).into_iter().find(|entry| entry.key == key)
    }

    /// The entry with `key` that merge keys bring, whether or not the mapping has an own one.
    pub fn merged<'a>(&'a self, node: &'a Node, key: &str) -> Option<&'a Entry> {
        let mapping = self.resolve(node)?.mapping()?;
        mapping.entries.iter().filter(|entry| is_merge(entry)).find_map(|entry| {
            match self.resolve(&entry.value).map(|node| &node.value) {
                Some(Value::Sequence(list)) => list.items.iter().find_map(|item| self.get(&item.value, key)),
                _ => self.get(&entry.value, key),
            }
        })
    }

    /// The text of a scalar, also by an alias.
    pub fn scalar<'a>(&'a self, node: &'a Node) -> Option<&'a str> {
        self.resolve(node)?.scalar()
    }

    /// The texts of the scalars of a sequence, or of the one scalar.
    pub fn scalars<'a>(&'a self, node: &'a Node) -> Vec<&'a str> {
        match self.resolve(node).map(|node| &node.value) {
            Some(Value::Scalar(text, _)) => vec![text],
            Some(Value::Sequence(sequence)) => {
                sequence.items.iter().filter_map(|item| self.scalar(&item.value)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Bytes between the start of the line and `offset`.
    pub fn column(&self, offset: usize) -> usize {
        offset - text::line_start(&self.text, offset)
    }

    /// Where an entry or an item ends, with comment lines that follow it and stand deeper than its key or dash: they speak
    /// of its content.
    pub fn end_with_comments(&self, entry: &Range<usize>) -> usize {
        let column = self.column(entry.start);
        let mut end = entry.end;
        let mut line = text::next_line(&self.text, end);
        while line < self.text.len() {
            let next = text::next_line(&self.text, line);
            let content = self.text[line..next].trim();
            let start = line + text::indentation(&self.text, line).len();
            if content.starts_with('#') && start - line > column {
                end = start + content.len();
            } else if !content.is_empty() {
                break;
            }
            line = next;
        }
        end
    }

    /// The text without its comments, and the comments.
    pub fn without_comments(&self) -> (String, Vec<&str>) {
        let mut code = String::with_capacity(self.text.len());
        let mut comments = Vec::new();
        let mut end = 0;
        for comment in &self.comments {
            code.push_str(&self.text[end..comment.start]);
            comments.push(self.text[comment.clone()].trim());
            end = comment.end;
        }
        code.push_str(&self.text[end..]);
        (code, comments)
    }

    /// Does the value end in a text that keeps the empty lines after it (`|+`)?
    pub fn keeps_lines_after(&self, node: &Node) -> bool {
        match &node.value {
            Value::Mapping(mapping) if !mapping.flow => {
                mapping.entries.last().is_some_and(|entry| self.keeps_lines_after(&entry.value))
            }
            Value::Sequence(list) if !list.flow => {
                list.items.last().is_some_and(|item| self.keeps_lines_after(&item.value))
            }
            Value::Scalar(_, Style::Block) => self.text.get(node.range.clone()).is_some_and(keeps),
            _ => false,
        }
    }

    /// Is there a comment in `range`?
    pub fn has_comment(&self, range: &Range<usize>) -> bool {
        self.comments.iter().any(|comment| comment.start < range.end && comment.end > range.start)
    }

    /// By how many blanks the file indents a mapping in a mapping: what it does most often, else 2.
    pub fn step(&self) -> usize {
        let mut steps = Vec::new();
        self.each_entry(&mut |entry| {
            if let Some(child) =
                entry.value.mapping().filter(|mapping| !mapping.flow).and_then(|all| all.entries.first())
            {
                let column = self.column(entry.key_range.start);
                steps.push(self.column(child.key_range.start).saturating_sub(column));
            }
        });
        most_common(&steps).filter(|step| *step > 0).unwrap_or(2)
    }

    /// By how many blanks the file indents the dashes of a list below its key (0: flush); `None` where it has no list.
    pub fn list_indent(&self) -> Option<usize> {
        let mut steps = Vec::new();
        self.each_entry(&mut |entry| {
            if let Some(item) = entry.value.sequence().filter(|list| !list.flow).and_then(|all| all.items.first()) {
                let column = self.column(entry.key_range.start);
                steps.push(self.column(item.start).saturating_sub(column));
            }
        });
        most_common(&steps)
    }

    /// Are the entries of a block mapping mostly separated by empty lines? `None` for fewer than two.
    pub fn separated(&self, mapping: &Mapping) -> Option<bool> {
        let pairs = mapping.entries.len().checked_sub(1).filter(|pairs| *pairs > 0)?;
        let separated = mapping
            .entries
            .windows(2)
            .filter(|pair| match pair {
                [left, right] => self.text.get(left.range().end..right.key_range.start).is_some_and(blank_line_in),
                _ => false,
            })
            .count();
        Some(separated * 2 >= pairs)
    }

    fn each_entry<'a>(&'a self, visit: &mut dyn FnMut(&'a Entry)) {
        fn walk<'a>(node: &'a Node, visit: &mut dyn FnMut(&'a Entry)) {
            match &node.value {
                Value::Mapping(mapping) => {
                    for entry in &mapping.entries {
                        if !entry.flow {
                            visit(entry);
                        }
                        walk(&entry.value, visit);
                    }
                }
                Value::Sequence(sequence) => sequence.items.iter().for_each(|item| walk(&item.value, visit)),
                _ => {}
            }
        }
        if let Some(root) = &self.root {
            walk(root, visit);
        }
    }
}

/// Is there an empty line between the line that `between` begins in and the one it ends in?
fn blank_line_in(between: &str) -> bool {
    let lines: Vec<&str> = between.split('\n').collect();
    lines.get(1..lines.len().saturating_sub(1)).is_some_and(|inner| inner.iter().any(|line| line.trim().is_empty()))
}

fn is_merge(entry: &Entry) -> bool {
    entry.key == "<<" && entry.key_style == Style::Plain
}

/// The number that is there most often; of several the greatest.
fn most_common(numbers: &[usize]) -> Option<usize> {
    let count = |number: usize| numbers.iter().filter(|other| **other == number).count();
    numbers.iter().copied().max_by_key(|number| (count(*number), *number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Source {
        Source::parse(text).expect("it is YAML")
    }

    /// The text of what `path` leads to, by the keys of mappings.
    fn text_at<'a>(source: &'a Source, path: &[&str]) -> &'a str {
        let mut node = source.root().expect("there is a value");
        let mut range = 0..0;
        for key in path {
            let entry = source.get(node, key).expect("the key is there");
            range = entry.range();
            node = source.resolve(&entry.value).expect("the alias names something");
        }
        &source.text()[range]
    }

    #[test]
    fn a_syntax_error_is_where_it_is() {
        let good = "services:\n  app:\n    build: .\n    command: [\"a\",\n      \"b\",\n    ]\n";
        for (bad, after, at) in [
            ("  db: a: b\n", "  cache:\n    image: redis\n", "db:"),
            ("    image: x\n   ports: []\n", "  cache:\n    image: redis\n", "ports"),
            ("    image: \"x\n", "  cache:\n    image: redis\n", "\"x"),
            ("    image: {a: b\n", "  cache:\n    image: redis\n", "{a: b"),
            ("  db\n", "  cache:\n    image: redis\n", "db\n"),
        ] {
            let text = format!("{good}{bad}{after}");
            let error = Source::parse(&text).expect_err("invalid");
            assert!(text[error.offset..].starts_with(at), "{error:?} for\n{text}");
        }
    }

    #[test]
    fn an_entry_ends_with_its_content_and_not_with_the_comments_or_blank_lines_after_it() {
        let source = parse("a:\n  b: 1 # one\n  # deeper\n\n# flush\nc:\n");
        assert_eq!(text_at(&source, &["a"]), "a:\n  b: 1");
        assert_eq!(text_at(&source, &["c"]), "c:");
        let entry = source.root().and_then(|root| root.own("a")).expect("it is there");
        assert!(source.text()[..source.end_with_comments(&entry.range())].ends_with("# deeper"));
    }

    #[test]
    fn carriage_returns_belong_to_no_entry() {
        let source = parse("a:\r\n  b: |\r\n    x\r\n\r\nc: 'd'\r\n");
        assert_eq!(text_at(&source, &["a", "b"]), "b: |\r\n    x");
        assert_eq!(text_at(&source, &["c"]), "c: 'd'");
    }

    #[test]
    fn a_text_that_keeps_its_blank_lines_ends_on_the_last_of_them() {
        let source = parse("a: |+\n  x\n\n\nb: |\n  y\n\n");
        assert_eq!(text_at(&source, &["a"]), "a: |+\n  x\n\n");
        assert_eq!(text_at(&source, &["b"]), "b: |\n  y");
        assert!(
            source.root().and_then(|root| root.own("a")).is_some_and(|entry| source.keeps_lines_after(&entry.value))
        );
    }

    #[test]
    fn merge_keys_are_seen_through_and_own_keys_win() {
        let source = parse("x: &x\n  a: 1\n  b: 1\ny: &y {c: 1}\nz:\n  <<: [*x, *y]\n  b: 2\n");
        assert_eq!(text_at(&source, &["z", "a"]), "a: 1");
        assert_eq!(text_at(&source, &["z", "b"]), "b: 2");
        assert_eq!(text_at(&source, &["z", "c"]), "c: 1");
    }

    #[test]
    fn an_alias_names_the_last_anchor_before_it_and_may_name_what_it_stands_in() {
        let source = parse("a: &n 1\nb: *n\nc: &n 2\nd: *n\ne: &e\n  <<: *e\n  f: *missing\n");
        let root = source.root().expect("there is a value");
        let value = |key| source.get(root, key).and_then(|entry| source.scalar(&entry.value));
        assert_eq!((value("b"), value("d")), (Some("1"), Some("2")));
        let own = source.get(root, "e").expect("it is there");
        assert_eq!(source.entries(&own.value).len(), 1);
        assert_eq!(source.get(&own.value, "f").and_then(|entry| source.resolve(&entry.value)), None);
    }

    #[test]
    fn merges_of_merges_end() {
        let level = |level: usize| {
            let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
            format!("a{level}: &a{level}\n  <<: [{aliases}]\n")
        };
        let text = format!("a0: &a0 {{k: 1}}\n{}", (1..60).map(level).collect::<String>());
        let source = parse(&text);
        let last = source.root().and_then(|root| root.own("a59")).expect("it is there");
        assert_eq!(source.entries(&last.value).len(), 1);
    }

    #[test]
    fn null_is_nothing_or_a_word_and_a_tag_stays() {
        let source = parse("a:\nb: ~\nc: null # x\nd: !reset\ne: \"null\"\nf: &f\n");
        let entry = |key: &str| source.root().and_then(|root| root.own(key)).expect("it is there");
        for key in ["a", "b", "c", "d", "f"] {
            assert!(entry(key).value.is_null(), "{key}");
        }
        assert!(!entry("e").value.is_null());
        assert_eq!(entry("d").value.tag.as_deref(), Some("!reset"));
        assert_eq!(entry("f").value.properties_end, Some(entry("f").range().end));
    }

    #[test]
    fn scalars_are_read_in_every_style() {
        let source =
            parse("\"k\": 'it''s'\na: \"x\\n\\u00e4\"\nb: one\n  two\nc: >-\n  three\n  four\nd: {e: [f, 'g'], h}\n");
        let root = source.root().expect("there is a value");
        let value = |key: &str| source.get(root, key).and_then(|entry| source.scalar(&entry.value));
        assert_eq!(value("k"), Some("it's"));
        assert_eq!(value("a"), Some("x\nä"));
        assert_eq!(value("b"), Some("one two"));
        assert_eq!(value("c"), Some("three four"));
        assert_eq!(source.scalars(&source.get(&root.own("d").expect("d").value, "e").expect("e").value), ["f", "g"]);
    }

    #[test]
    fn the_step_and_the_indentation_of_lists_are_those_of_most() {
        let source = parse("a:\n    b:\n        c: 1\n    d:\n    - e\nf:\n- g\n");
        assert_eq!((source.step(), source.list_indent()), (4, Some(0)));
        assert_eq!((parse("a: 1\n").step(), parse("a: 1\n").list_indent()), (2, None));
    }

    #[test]
    fn empty_lines_between_entries_are_noticed() {
        let separated = |text| {
            let source = parse(text);
            source.root().and_then(Node::mapping).and_then(|mapping| source.separated(mapping))
        };
        assert_eq!(separated("a: 1\n\nb: 2\n"), Some(true));
        assert_eq!(separated("a: 1\r\n\r\nb: 2\r\n"), Some(true));
        assert_eq!(separated("a: 1 # x\n# y\nb: 2\n"), Some(false));
        assert_eq!(separated("a: 1\n"), None);
    }

    #[test]
    fn what_cannot_be_edited_is_refused_with_its_place() {
        let refused = |text: &str| Source::parse(text).err().map(|error| (error.offset, error.what));
        assert_eq!(refused("a:\n\tb: 1\n"), Some((3, "a tab in the indentation, which YAML forbids".to_owned())));
        assert_eq!(refused("a: 1\n---\nb: 2\n"), Some((5, "a second YAML document".to_owned())));
        assert_eq!(refused("a: 1\na: 2\n"), Some((5, "the key `a` a second time".to_owned())));
        assert_eq!(refused("a: 1\rb: 2\r\n"), Some((4, "a carriage return without a line feed".to_owned())));
        let deep = format!("a:\n  {}b\n", "- ".repeat(300));
        assert_eq!(refused(&deep), Some((5, "a line that opens too many collections".to_owned())));
        let deep: String = (0..300).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
        assert!(refused(&deep).is_some());
        assert_eq!(refused(&format!("a: {}\n", "b ".repeat(300))), None);
        assert!(refused("a: [1\nb: 2\n").is_some());
        assert!(refused(&"[".repeat(5000)).is_some());
        assert!(refused(&format!("{}{}", "[".repeat(200), "]".repeat(200))).is_some());
    }

    #[test]
    fn a_text_without_a_value_is_no_error() {
        for text in ["", "\n", "# only a comment\n", "\u{feff}", "---\n"] {
            assert!(parse(text).root().is_none(), "{text:?}");
        }
        assert!(parse("\u{feff}a: 1\n").root().is_some());
    }

    #[test]
    fn the_same_values_in_other_layouts() {
        let written = "redis:\n  image: redis:7  # small\n  ports:\n    - \"6379:6379\"\n";
        for now in [
            "redis:\n    image: 'redis:7'\n    ports: ['6379:6379']\n",
            "redis: {image: redis:7, ports: [\"6379:6379\"]}",
            "redis:\n      image: redis:7 # small\n      ports:\n      - \"6379:6379\"",
        ] {
            assert!(same_values(written, now), "{now}");
        }
        for now in [
            "redis:\n  image: redis:8\n  ports:\n    - \"6379:6379\"\n",
            "redis:\n  image: redis:7\n  ports:\n    - 6379:6379\n",
            "redis:\n  image: redis:7  # mine\n  ports:\n    - \"6379:6379\"\n",
            "redis:\n  image: redis:7\n",
        ] {
            assert!(!same_values(written, now), "{now}");
        }
    }
}
