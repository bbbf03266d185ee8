//! The statements of a block, and where they are.

use tree_sitter::Node;

use super::facts::{Block, Scope, Statement, StatementKind};

/// What the children of a node on the way down stand in.
#[derive(Clone, Copy)]
pub(super) struct Inside<'tree> {
    /// Of the node itself.
    pub(super) scope: Scope,
    pub(super) statement: Node<'tree>,
    /// Of a definition: its number, by which it is the scope of its body.
    pub(super) number: Option<usize>,
    /// The body of a definition, or what runs where an `if TYPE_CHECKING:` holds.
    pub(super) part: Option<Node<'tree>>,
}

impl<'tree> Inside<'tree> {
    /// What `child` of `parent` stands in, and the statement that it belongs to.
    pub(super) fn of(&self, parent: Node<'tree>, child: Node<'tree>) -> (Scope, Node<'tree>) {
        let is_part = self.part == Some(child);
        let scope = match (parent.kind(), self.number) {
            // Decorators, defaults and bases belong to the scope around a definition.
            ("function_definition", number) if is_part => Scope { function: number, ..Scope::default() },
            ("class_definition", number) if is_part => {
                Scope { function: self.scope.function, class: number, ..Scope::default() }
            }
            (
                "if_statement" | "try_statement" | "with_statement" | "for_statement" | "while_statement"
                | "match_statement",
                _,
            ) => Scope { guarded: true, type_checking: self.scope.type_checking || is_part, ..self.scope },
            _ => self.scope,
        };
        let statement = if matches!(parent.kind(), "block" | "module") { child } else { self.statement };
        (scope, statement)
    }
}

/// What a node holds, without brackets and words of the grammar.
pub(super) fn named_children(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    // By a cursor: asking for each child by its number is quadratic in the length of the list.
    let mut cursor = node.walk();
    node.named_children(&mut cursor).collect::<Vec<_>>().into_iter()
}

pub(super) fn statements(block: Node) -> Vec<Statement> {
    named_children(block)
        .filter(|child| !matches!(child.kind(), "comment" | "ERROR"))
        .map(|child| Statement { range: child.byte_range(), kind: StatementKind::of(child) })
        .collect()
}

pub(super) fn block(node: Node, field: &str) -> Block {
    node.child_by_field_name(field).map(|body| block_of(body, node)).unwrap_or_default()
}

pub(super) fn block_of(body: Node, header: Node) -> Block {
    let statements = statements(body);
    let start = statements.first().map_or(body.start_byte(), |first| first.range.start);
    let end = statements.last().map_or(body.end_byte(), |last| last.range.end);
    let mut cursor = header.walk();
    let colon = header
        .children(&mut cursor)
        .find(|child| child.kind() == ":")
        .map_or(header.start_position().row, |colon| colon.end_position().row);
    Block { range: start..end.max(start), statements, inline: body.start_position().row == colon }
}
