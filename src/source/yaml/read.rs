//! Reads the nodes of a document from tree-sitter's tree, and says what cannot be edited.

use std::ops::Range;

use super::scalar::{block_text, double_quoted, folded, keeps, single_quoted};
use super::{Entry, Item, Mapping, Node, Sequence, Source, Style, Unsupported, Value, is_merge};
use crate::source::text;

/// Nesting beyond this is refused: no compose file has it, and the walk below is recursive.
const DEPTH_LIMIT: usize = 100;

impl Source {
    /// Parses `text`.
    ///
    /// # Errors
    ///
    /// A syntax error, more than one document, a key that is there twice, or a nesting that is deeper than any real one.
    pub fn parse(text: &str) -> Result<Self, Unsupported> {
        let no_tree =
            || Unsupported { offset: 0, what: "a text that is not parsed".to_owned(), is_syntax_error: false };
        if let Some(offset) = lone_carriage_return(text) {
            let what = "a carriage return without a line feed".to_owned();
            return Err(Unsupported { offset, what, is_syntax_error: false });
        }
        if let Some(offset) = too_deep(text) {
            let what = "a line that opens too many collections".to_owned();
            return Err(Unsupported { offset, what, is_syntax_error: false });
        }
        let mut parser = tree_sitter::Parser::new();
        parser.set_language(&tree_sitter_yaml::LANGUAGE.into()).map_err(|_| no_tree())?;
        let tree = parser.parse(text, None).ok_or_else(no_tree)?;
        let stream = tree.root_node();
        if stream.has_error() {
            return Err(syntax_error(&mut parser, stream, text));
        }
        let mut reader = Reader { text, comments: Vec::new() };
        reader.collect_comments(stream);
        let mut cursor = stream.walk();
        let documents: Vec<_> = stream.named_children(&mut cursor).filter(|node| node.kind() == "document").collect();
        let root = match documents.as_slice() {
            [] => None,
            [document] => {
                let mut cursor = document.walk();
                let content =
                    document.named_children(&mut cursor).find(|node| matches!(node.kind(), "block_node" | "flow_node"));
                content.map(|content| reader.node(content, 0)).transpose()?
            }
            [_, second, ..] => {
                let what = "a second YAML document".to_owned();
                return Err(Unsupported { offset: second.start_byte(), what, is_syntax_error: false });
            }
        };
        Ok(Self { text: text.to_owned(), root, comments: reader.comments })
    }
}

/// How many collections a line may have around it and open.
const DEEPEST: usize = 200;

/// The first line that is nested deeper than the grammar's scanner can remember: it has room for 253 open collections, and ends
/// the program at one more. A collection takes a column at least, and an indicator opens two at most.
fn too_deep(text: &str) -> Option<usize> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_start_matches([' ', '\t']);
        let blanks = line.len() - content.len();
        let opens = |pair: &&[u8]| matches!(pair, [b'-' | b'?' | b':', after] if after.is_ascii_whitespace());
        let is_empty = content.starts_with('#') || content.trim_end().is_empty();
        if !is_empty && blanks + 2 * content.as_bytes().windows(2).filter(opens).count() > DEEPEST {
            return Some(start + blanks);
        }
        start += line.len();
    }
    None
}

/// YAML takes a carriage return alone for the end of a line too; nothing else here does.
fn lone_carriage_return(text: &str) -> Option<usize> {
    memchr::memchr_iter(b'\r', text.as_bytes()).find(|at| text.as_bytes().get(at + 1) != Some(&b'\n'))
}

fn syntax_error(parser: &mut tree_sitter::Parser, stream: tree_sitter::Node<'_>, text: &str) -> Unsupported {
    // The first node that is an error or missing; an error that spans lines says where it begins, not what is wrong.
    let mut cursor = stream.walk();
    let mut node = stream;
    'down: while !(node.is_error() || node.is_missing()) {
        for child in node.children(&mut cursor) {
            if child.has_error() || child.is_error() || child.is_missing() {
                node = child;
                continue 'down;
            }
        }
        break;
    }
    // A merge conflict and a tab in the indentation are the errors that have a name.
    if let Some(offset) = text::conflict(text) {
        return Unsupported { offset, what: "a merge conflict in it".to_owned(), is_syntax_error: true };
    }
    let mut offset = text::bom_length(text);
    while offset < text.len() {
        let next = text::next_line(text, offset);
        let indentation = text::indentation(text, offset);
        if indentation.contains('\t') && text[offset..next].trim().len() > 1 && next > node.start_byte() {
            let what = "a tab in the indentation, which YAML forbids".to_owned();
            return Unsupported { offset, what, is_syntax_error: true };
        }
        offset = next;
    }
    let what = "a YAML syntax error".to_owned();
    // One of several lines says where it begins, which may be the first line of the file.
    let is_short = node.start_position().row == node.end_position().row;
    let wrong_line = if is_short { None } else { wrong_line(parser, text) };
    let offset = wrong_line.unwrap_or_else(|| node.start_byte().min(text.len()));
    Unsupported { offset, what, is_syntax_error: true }
}

/// The beginning of the line that makes the text invalid: without it and what is behind it, the text is YAML.
fn wrong_line(parser: &mut tree_sitter::Parser, text: &str) -> Option<usize> {
    /// A text that is longer is not parsed again and again.
    const LONGEST: usize = 1 << 16;
    /// So many lines has what is valid at its end alone: a list in brackets, a text in quotes.
    const MOST: usize = 40;
    if text.len() > LONGEST {
        return None;
    }
    let ends: Vec<usize> = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1).chain([text.len()]).collect();
    let mut is_valid = |lines: usize| {
        let end = lines.checked_sub(1).and_then(|last| ends.get(last)).copied().unwrap_or_default();
        let tree = text.get(..end).and_then(|start| parser.parse(start, None));
        tree.is_some_and(|tree| !tree.root_node().has_error())
    };
    let (mut valid, mut invalid) = (0, ends.len());
    loop {
        while invalid - valid > 1 {
            let middle = usize::midpoint(valid, invalid);
            if is_valid(middle) { valid = middle } else { invalid = middle }
        }
        match (invalid + 1..ends.len().min(invalid + MOST)).find(|lines| is_valid(*lines)) {
            Some(lines) => (valid, invalid) = (lines, ends.len()),
            None => break,
        }
    }
    let start = valid.checked_sub(1).and_then(|last| ends.get(last)).copied().unwrap_or_default();
    Some(start + text::indentation(text, start).len())
}

/// Turns tree-sitter's nodes into those of this module.
struct Reader<'t> {
    text: &'t str,
    comments: Vec<Range<usize>>,
}

impl Reader<'_> {
    fn collect_comments(&mut self, stream: tree_sitter::Node<'_>) {
        let mut cursor = stream.walk();
        loop {
            if cursor.node().kind() == "comment" {
                self.comments.push(cursor.node().byte_range());
            }
            if cursor.goto_first_child() || cursor.goto_next_sibling() {
                continue;
            }
            loop {
                if !cursor.goto_parent() {
                    return;
                }
                if cursor.goto_next_sibling() {
                    break;
                }
            }
        }
    }

    fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    /// A `block_node` or a `flow_node`.
    fn node(&self, node: tree_sitter::Node<'_>, depth: usize) -> Result<Node, Unsupported> {
        if depth > DEPTH_LIMIT {
            let what = "too deep a nesting".to_owned();
            return Err(Unsupported { offset: node.start_byte(), what, is_syntax_error: false });
        }
        let mut anchor = None;
        let mut tag = None;
        let mut properties_end = None;
        let mut content = None;
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            match child.kind() {
                "anchor" => {
                    anchor = Some(self.slice(child.byte_range()).trim_start_matches('&').to_owned());
                    properties_end = Some(child.end_byte());
                }
                "tag" => {
                    tag = Some(self.slice(child.byte_range()).to_owned());
                    properties_end = Some(child.end_byte());
                }
                "comment" => {}
                _ => content = Some(child),
            }
        }
        let start = node.start_byte();
        let Some(content) = content else {
            let end = properties_end.unwrap_or(start);
            return Ok(Node { range: end..end, outer: start..end, properties_end, anchor, tag, value: Value::Null });
        };
        let begin = content.start_byte();
        let (value, end) = match content.kind() {
            "block_mapping" | "flow_mapping" => {
                let mapping = self.mapping(content, depth)?;
                let end = if mapping.flow {
                    content.end_byte()
                } else {
                    mapping.entries.last().map_or(begin, |entry| entry.range().end)
                };
                (Value::Mapping(mapping), end)
            }
            "block_sequence" | "flow_sequence" => {
                let sequence = self.sequence(content, depth)?;
                let end = if sequence.flow {
                    content.end_byte()
                } else {
                    sequence.items.last().map_or(begin, |item| item.range().end)
                };
                (Value::Sequence(sequence), end)
            }
            "alias" => {
                let name = self.slice(content.byte_range()).trim_start_matches('*').to_owned();
                (Value::Alias(name), content.end_byte())
            }
            "block_scalar" => {
                let written = self.slice(content.byte_range()).trim_end();
                let end = self.end_of_block_scalar(begin, written);
                (Value::Scalar(block_text(written), Style::Block), end)
            }
            kind => {
                let written = self.slice(content.byte_range()).trim_end();
                let value = match kind {
                    "double_quote_scalar" => Value::Scalar(double_quoted(written), Style::Double),
                    "single_quote_scalar" => Value::Scalar(single_quoted(written), Style::Single),
                    _ if matches!(written, "" | "~" | "null" | "Null" | "NULL") => Value::Null,
                    _ => Value::Scalar(folded(written), Style::Plain),
                };
                (value, begin + written.len())
            }
        };
        Ok(Node { range: begin..end, outer: start..end.max(start), properties_end, anchor, tag, value })
    }

    /// With "keep" chomping (`|+`) the empty lines that follow are part of the value: text goes behind them.
    fn end_of_block_scalar(&self, begin: usize, written: &str) -> usize {
        let mut end = begin + written.len();
        if !keeps(written) {
            return end;
        }
        let mut line = text::next_line(self.text, end);
        while line < self.text.len() {
            let next = text::next_line(self.text, line);
            if !self.slice(line..next).trim().is_empty() {
                break;
            }
            end = line;
            line = next;
        }
        end
    }

    fn mapping(&self, node: tree_sitter::Node<'_>, depth: usize) -> Result<Mapping, Unsupported> {
        let flow = node.kind() == "flow_mapping";
        let mut entries: Vec<Entry> = Vec::new();
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            let entry = match child.kind() {
                "block_mapping_pair" | "flow_pair" => self.entry(child, flow, depth)?,
                // `{a, b}`: keys without values.
                "flow_node" => {
                    let key = self.node(child, depth + 1)?;
                    let end = key.outer.end;
                    let nothing = Node::bare(end..end, Value::Null);
                    named(&key, end, flow, nothing)
                }
                _ => continue,
            };
            if !is_merge(&entry) && !entry.key.is_empty() && entries.iter().any(|known| known.key == entry.key) {
                let what = format!("the key `{}` a second time", entry.key);
                return Err(Unsupported { offset: entry.key_range.start, what, is_syntax_error: true });
            }
            entries.push(entry);
        }
        Ok(Mapping { flow, entries })
    }

    fn entry(&self, pair: tree_sitter::Node<'_>, flow: bool, depth: usize) -> Result<Entry, Unsupported> {
        let mut cursor = pair.walk();
        let colon = pair.children(&mut cursor).find(|child| child.kind() == ":").map(|colon| colon.end_byte());
        let key = if let Some(key) = pair.child_by_field_name("key") {
            self.node(key, depth + 1)?
        } else {
            let start = pair.start_byte();
            Node::bare(start..start, Value::Null)
        };
        let colon_end = colon.unwrap_or(key.outer.end);
        let value = match pair.child_by_field_name("value") {
            Some(value) => self.node(value, depth + 1)?,
            None => Node::bare(colon_end..colon_end, Value::Null),
        };
        let mut entry = named(&key, colon_end, flow, value);
        // `? key` begins before its key.
        entry.key_range.start = pair.start_byte().min(entry.key_range.start);
        Ok(entry)
    }

    fn sequence(&self, node: tree_sitter::Node<'_>, depth: usize) -> Result<Sequence, Unsupported> {
        let flow = node.kind() == "flow_sequence";
        let mut items = Vec::new();
        let mut cursor = node.walk();
        for child in node.named_children(&mut cursor) {
            let start = child.start_byte();
            let value = match child.kind() {
                "flow_node" => self.node(child, depth + 1)?,
                "flow_pair" => {
                    let entry = self.entry(child, true, depth + 1)?;
                    let range = entry.range();
                    let mapping = Mapping { flow: true, entries: vec![entry] };
                    Node::bare(range, Value::Mapping(mapping))
                }
                "block_sequence_item" => {
                    let mut inner = child.walk();
                    let content =
                        child.named_children(&mut inner).find(|node| matches!(node.kind(), "block_node" | "flow_node"));
                    if let Some(content) = content {
                        self.node(content, depth + 1)?
                    } else {
                        let end = start + 1;
                        Node::bare(end..end, Value::Null)
                    }
                }
                _ => continue,
            };
            items.push(Item { start, value });
        }
        Ok(Sequence { flow, items })
    }
}

fn named(key: &Node, colon_end: usize, flow: bool, value: Node) -> Entry {
    let (text, style) = match &key.value {
        Value::Scalar(text, style) => (text.clone(), *style),
        _ => (String::new(), Style::Plain),
    };
    Entry { key: text, key_range: key.outer.clone(), key_style: style, colon_end, flow, value }
}
