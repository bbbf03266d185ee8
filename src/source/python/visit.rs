//! The way through a syntax tree: each node once, in the order of the text, with those around it.
//!
//! A node does not know its parent: asking for it walks down from the root, through all that stands before it. In a file with one
//! very long list that is quadratic.

use std::ops::Range;

use tree_sitter::Node;

/// How deep a tree may be. Python compiles some 1,000 chained calls, of two levels each, before it gives up.
const DEEPEST: usize = 3_000;

/// How many nodes a tree may have: some 40,000 lines of code.
const MOST: usize = 500_000;

/// How many it may have where the text is no Python: its parts then stand beside each other in one list, which takes a query
/// time that is quadratic in its length.
const MOST_OF_BROKEN: usize = 50_000;

/// Calls `each` with every node and those around it, outermost first.
pub(super) fn all<'tree>(root: Node<'tree>, mut each: impl FnMut(Node<'tree>, &[Node<'tree>])) {
    let mut around = Vec::new();
    let mut cursor = root.walk();
    loop {
        let node = cursor.node();
        each(node, &around);
        if cursor.goto_first_child() {
            around.push(node);
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
            around.pop();
        }
    }
}

/// The first place that is deeper than code is, or behind more than code has.
pub(super) fn too_large(root: Node) -> Option<Range<usize>> {
    let most = if root.has_error() { MOST_OF_BROKEN } else { MOST };
    if root.descendant_count() > most {
        return Some(root.start_byte()..root.start_byte());
    }
    // No tree is deeper than it has nodes.
    if root.descendant_count() <= DEEPEST {
        return None;
    }
    let mut depth = 0;
    let mut cursor = root.walk();
    loop {
        if cursor.goto_first_child() {
            depth += 1;
            if depth > DEEPEST {
                return Some(cursor.node().byte_range());
            }
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return None;
            }
            depth -= 1;
        }
    }
}
