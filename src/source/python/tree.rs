//! Syntax trees, which are kept while they are asked for, and the limits of what is parsed.

use std::cell::RefCell;
use std::ops::Range;

use tree_sitter::{Language, Node, Parser, Tree};

use super::{newer, visit};

pub(super) fn language() -> Language {
    tree_sitter_python::LANGUAGE.into()
}

thread_local! {
    /// One for all files: it keeps the memory that it has.
    static PARSER: RefCell<Parser> = RefCell::new(parser());
    /// The trees of the texts parsed last: what asks for names asks often for the same text, and a tree is ten times its text.
    static LAST: RefCell<Vec<(String, Tree)>> = const { RefCell::new(Vec::new()) };
}

/// More trees than these are not kept.
const MOST_TREES: usize = 4;

fn parser() -> Parser {
    let mut parser = Parser::new();
    // Fails for a grammar of another version only; then nothing is parsed, and the tests say so.
    let _ = parser.set_language(&language());
    parser
}

/// The syntax tree of a text.
///
/// # Errors
///
/// The first place that is nested deeper than any code is; `None` where there is no tree at all.
pub(super) fn tree(text: &str) -> Result<Tree, Option<Range<usize>>> {
    if let Some(place) = too_deep(text) {
        return Err(Some(place));
    }
    if let Some(tree) =
        LAST.with_borrow(|last| last.iter().find(|(known, _)| known == text).map(|(_, tree)| tree.clone()))
    {
        return Ok(tree);
    }
    let parse = |text: &str| PARSER.with_borrow_mut(|parser| parser.parse(text, None));
    let mut tree = parse(text).ok_or(None)?;
    if let Some(place) = visit::too_large(tree.root_node()) {
        return Err(Some(place));
    }
    if tree.root_node().has_error()
        && let Some(again) = newer::replaced(text).and_then(|replaced| parse(&replaced))
        && !again.root_node().has_error()
    {
        tree = again;
    }
    LAST.with_borrow_mut(|last| {
        last.truncate(MOST_TREES - 1);
        last.insert(0, (text.to_owned(), tree.clone()));
    });
    Ok(tree)
}

/// How deep code may be nested. Python itself takes 100 levels.
const DEEPEST: usize = 200;

/// The first line that is nested deeper than the grammar's scanner can remember: it ends the program at some 380 levels.
fn too_deep(text: &str) -> Option<Range<usize>> {
    let mut levels: Vec<usize> = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let blanks = line.len() - line.trim_start_matches([' ', '\t', '\u{c}']).len();
        if !line.trim().is_empty() {
            while levels.last().is_some_and(|level| *level >= blanks) {
                levels.pop();
            }
            levels.push(blanks);
            if levels.len() > DEEPEST {
                return Some(start + blanks..start + line.trim_end().len());
            }
        }
        start += line.len();
    }
    None
}

/// The first place that is no Python.
pub(super) fn first_error(root: Node) -> Option<Range<usize>> {
    if !root.has_error() {
        return None;
    }
    let mut stack = vec![root];
    let mut first: Option<Range<usize>> = None;
    while let Some(node) = stack.pop() {
        if node.is_error() || node.is_missing() {
            let range = node.byte_range();
            if first.as_ref().is_none_or(|known| range.start < known.start) {
                first = Some(range);
            }
        }
        let mut cursor = node.walk();
        stack.extend(node.children(&mut cursor).filter(|child| child.has_error() || child.is_missing()));
    }
    first.or(Some(0..0))
}
