//! What Python code means to a reader who does not mind its layout: two texts have the same form where a formatter or an import
//! sorter makes one of the other, and another form where somebody edited one of them.
//!
//! The form is the syntax tree as text. It leaves out what formatters change and Python does not read: blank lines, where lines
//! break, kinds of quotes, how a long string is cut, trailing commas, parentheses that do not change the tree, the place of a
//! comment (not its words), the order of imports and how they are spread over statements. Indentation is in it, as blocks are.

use std::collections::BTreeSet;

use tree_sitter::Node;

use super::{named_children, tree, without_blanks};

/// Is it the same code but for layout?
///
/// Code that does not parse is compared as text.
pub fn same_code(left: &str, right: &str) -> bool {
    is_same(left, right, "")
}

/// Is it the same module but for layout and for how its imports are written? `package` is the dotted path of its package, by
/// which relative imports are resolved.
pub fn same_module(left: &str, right: &str, package: &str) -> bool {
    is_same(left, right, package)
}

fn is_same(left: &str, right: &str, package: &str) -> bool {
    if left == right {
        return true;
    }
    match (Form::of(left, package), Form::of(right, package)) {
        (Some(left), Some(right)) => left == right,
        _ => left.trim() == right.trim(),
    }
}

/// Code without its layout.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Form {
    /// The tree, with everything that Python reads.
    tree: String,
    /// The words of the comments, sorted: a formatter may move them, but does not write or drop one.
    comments: Vec<String>,
}

/// What is still to be visited, the next last.
enum Next<'tree> {
    Node(Node<'tree>),
    /// The end of a node or of a string.
    End,
    /// Text of a string.
    Text(String),
}

/// Delimiters that no code has between its tokens.
const OPEN: char = '\u{1}';
const CLOSE: char = '\u{2}';
const TOKEN: char = '\u{3}';

impl Form {
    fn of(text: &str, package: &str) -> Option<Self> {
        let parsed = tree(text).ok().filter(|tree| !tree.root_node().has_error())?;
        let mut form = Self { tree: String::with_capacity(text.len()), comments: Vec::new() };
        // With a stack of its own: code may be nested deeper than the program's stack.
        let mut stack = vec![Next::Node(parsed.root_node())];
        while let Some(next) = stack.pop() {
            match next {
                Next::Node(node) => form.visit(text, package, node, &mut stack),
                Next::End => form.tree.push(CLOSE),
                Next::Text(text) => form.tree.push_str(&text),
            }
        }
        form.comments.sort();
        Some(form)
    }

    fn visit<'tree>(&mut self, text: &str, package: &str, node: Node<'tree>, stack: &mut Vec<Next<'tree>>) {
        let code = text.get(node.byte_range()).unwrap_or_default();
        match node.kind() {
            "comment" => self.comments.push(code.trim_start_matches('#').trim().to_owned()),
            "line_continuation" | "," | "(" | ")" | ";" => {}
            // `x: (A[B] | None)` is an expression, and `x: A[B] | None` a type of the same parts.
            "parenthesized_expression" | "type" => push_children(node, stack),
            "type_parameter" if node.parent().is_some_and(|parent| parent.kind() == "generic_type") => {
                push_children(node, stack);
            }
            // `for (a) in b`
            "tuple_pattern" if node.named_child_count() == 1 && !has_comma(node) => push_children(node, stack),
            "string" => self.string(text, &[node], stack),
            "concatenated_string" => {
                let parts: Vec<Node> = named_children(node).collect();
                self.comments_of(text, &parts);
                let parts: Vec<Node> = parts.into_iter().filter(|part| part.kind() == "string").collect();
                self.string(text, &parts, stack);
            }
            "expression_statement" if is_docstring(node) => {
                self.open("docstring");
                let lines: Vec<&str> = code.lines().map(str::trim).collect();
                self.tree.push_str(quotes_off(lines.join("\n").trim()).trim());
                self.tree.push(CLOSE);
            }
            "module" | "block" => {
                self.open(node.kind());
                let imports: BTreeSet<String> =
                    named_children(node).flat_map(|child| imported(text, package, child)).collect();
                for import in imports {
                    self.token(&import);
                }
                stack.push(Next::End);
                push_children(node, stack);
            }
            "import_statement" | "import_from_statement" | "future_import_statement" => {
                let parts: Vec<Node> = named_children(node).collect();
                self.comments_of(text, &parts);
            }
            // `class A():` and `class A:`
            "argument_list"
                if node.named_child_count() == 0
                    && node.parent().is_some_and(|parent| parent.kind() == "class_definition") => {}
            "integer" | "float" => self.token(&code.to_lowercase()),
            _ if node.child_count() == 0 => self.token(code),
            kind => {
                self.open(match kind {
                    "expression_list" => "tuple",
                    "pattern_list" => "tuple_pattern",
                    "union_type" => "binary_operator",
                    "generic_type" => "subscript",
                    "member_type" => "attribute",
                    other => other,
                });
                // `x[a,]` is not `x[a]`.
                if kind == "subscript" && node.named_child_count() == 2 && has_comma(node) {
                    self.token(",");
                }
                stack.push(Next::End);
                push_children(node, stack);
            }
        }
    }

    fn open(&mut self, kind: &str) {
        self.tree.push(OPEN);
        self.tree.push_str(kind);
    }

    fn token(&mut self, token: &str) {
        self.tree.push(TOKEN);
        self.tree.push_str(token);
    }

    fn comments_of(&mut self, text: &str, nodes: &[Node]) {
        for comment in nodes.iter().filter(|node| node.kind() == "comment") {
            let code = text.get(comment.byte_range()).unwrap_or_default();
            self.comments.push(code.trim_start_matches('#').trim().to_owned());
        }
    }

    /// Strings that follow each other are one.
    fn string<'tree>(&mut self, text: &str, parts: &[Node<'tree>], stack: &mut Vec<Next<'tree>>) {
        let prefix = |part: &Node| -> String {
            let start = part.child(0).and_then(|start| text.get(start.byte_range())).unwrap_or_default();
            start.trim_end_matches(['"', '\'']).to_lowercase()
        };
        let has = |letter: char| parts.iter().any(|part| prefix(part).contains(letter));
        self.open(if has('b') {
            "bytes"
        } else if has('t') {
            "template"
        } else {
            "text"
        });
        stack.push(Next::End);
        let mut pieces = Vec::new();
        for part in parts {
            let prefix = prefix(part);
            for child in named_children(*part) {
                match child.kind() {
                    "string_content" => {
                        let written = text.get(child.byte_range()).unwrap_or_default();
                        pieces.push(Next::Text(plain(written, prefix.contains('r'), prefix.contains(['f', 't']))));
                    }
                    "interpolation" => pieces.push(Next::Node(child)),
                    _ => {}
                }
            }
        }
        stack.extend(pieces.into_iter().rev());
    }
}

fn push_children<'tree>(node: Node<'tree>, stack: &mut Vec<Next<'tree>>) {
    let mut cursor = node.walk();
    let children: Vec<Node> = node.children(&mut cursor).collect();
    stack.extend(children.into_iter().rev().map(Next::Node));
}

fn has_comma(node: Node) -> bool {
    let mut cursor = node.walk();
    node.children(&mut cursor).any(|child| child.kind() == ",")
}

/// A string alone: nobody reads its value, and formatters indent it.
fn is_docstring(node: Node) -> bool {
    node.named_child_count() == 1
        && node.named_child(0).is_some_and(|child| {
            child.kind() == "string" && named_children(child).all(|part| part.kind() != "interpolation")
        })
}

/// A string without its prefix and quotes.
fn quotes_off(code: &str) -> &str {
    let code = code.trim_start_matches(|character: char| character.is_ascii_alphabetic());
    ["\"\"\"", "'''", "\"", "'"]
        .iter()
        .find_map(|quotes| code.strip_prefix(quotes)?.strip_suffix(quotes))
        .unwrap_or(code)
}

/// The text of a string in one of the ways to write it: quotes without escapes, backslashes of a raw string doubled, braces of
/// an f-string single.
fn plain(written: &str, raw: bool, formatted: bool) -> String {
    let mut result = String::with_capacity(written.len());
    let mut characters = written.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if raw => result.push_str("\\\\"),
            '\\' => match characters.next() {
                Some(quote @ ('"' | '\'')) => result.push(quote),
                Some('\n') | None => {}
                Some(other) => {
                    result.push('\\');
                    result.push(other);
                }
            },
            '{' | '}' if formatted && characters.peek() == Some(&character) => {
                characters.next();
                result.push(character);
            }
            '\r' => {}
            other => result.push(other),
        }
    }
    result
}

/// What an import statement binds, each as one text: the absolute module, the name in it, the name here.
fn imported(text: &str, package: &str, node: Node) -> Vec<String> {
    let code = |node: Node| without_blanks(text.get(node.byte_range()).unwrap_or_default());
    let from = match node.kind() {
        "import_statement" => None,
        "import_from_statement" => node.child_by_field_name("module_name").map(|name| absolute(&code(name), package)),
        "future_import_statement" => Some("__future__".to_owned()),
        _ => return Vec::new(),
    };
    if named_children(node).any(|child| child.kind() == "wildcard_import") {
        return vec![format!("from {} import *", from.unwrap_or_default())];
    }
    let mut cursor = node.walk();
    node.children_by_field_name("name", &mut cursor)
        .filter_map(|name| {
            let field = |field: &str| name.child_by_field_name(field).map(code);
            let (name, alias) = if name.kind() == "aliased_import" {
                (field("name").unwrap_or_default(), field("alias"))
            } else {
                (code(name), None)
            };
            // Sorters and linters add it to every module, and it goes with the module.
            if from.as_deref() == Some("__future__") && name == "annotations" {
                return None;
            }
            let alias = alias.filter(|alias| *alias != name);
            let from = from.as_deref().map_or_else(String::new, |from| format!("from {from} "));
            Some(format!("{from}import {name} as {}", alias.as_deref().unwrap_or("")))
        })
        .collect()
}

/// The absolute path of a module that is named with leading dots.
fn absolute(module: &str, package: &str) -> String {
    let name = module.trim_start_matches('.');
    let dots = module.len() - name.len();
    if dots == 0 || package.is_empty() {
        return module.to_owned();
    }
    let parts: Vec<&str> = package.split('.').collect();
    let Some(kept) = (parts.len() + 1).checked_sub(dots).and_then(|kept| parts.get(..kept)) else {
        return module.to_owned();
    };
    kept.iter().copied().chain(std::iter::once(name)).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(left: &str, right: &str) {
        assert!(same_code(left, right), "{left}\n--- and ---\n{right}");
    }

    fn other(left: &str, right: &str) {
        assert!(!same_code(left, right), "{left}\n--- and ---\n{right}");
    }

    #[test]
    fn what_formatters_do_is_layout() {
        same("x = {'a': 1,\n     'b': 2}\n", "x = {\n    \"a\": 1,\n    \"b\": 2,\n}\n");
        same("f(a, b)", "f(\n    a,\n    b,\n)");
        same("return (\n    a\n    and b\n)", "return a and b");
        same("x = (a, b)\nfor (i) in (a, b): pass", "x = a, b\nfor i in a, b:\n    pass");
        same("class A():\n  x = 1", "class A:\n\n    x = 1\n");
        same("x = 0XFF + 1E5", "x = 0xff + 1e5");
        same("x = 'it\\'s'", "x = \"it's\"");
        same("x = u'a' 'b'", "x = (\n    \"a\"\n    \"b\"\n)");
        same("x = f'{a}' 'b{c'", "x = f\"{a}b{{c\"");
        same("def f():\n  '''Do.\n\n  More. '''", "def f():\n    \"\"\"Do.\n\n    More.\"\"\"\n");
        same("f(a)  #why", "# why\nf(\n    a\n)");
        same("if a: b; c", "if a:\n    b\n    c\n");
        same("with open(a) as f, open(b) as g: pass", "with (\n    open(a) as f,\n    open(b) as g,\n):\n    pass");
        same("x = a \\\n    + b", "x = a + b");
        same("def f() -> (int): ...", "def f() -> int: ...");
        same("x: a[b, c] | None = d", "x: (\n    a[b, c] | None\n) = d");
        same("def f(x: a.b[c]) -> a[b] | None: ...", "def f(x: (a.b[c])) -> (a[b] | None): ...");
        same("x = a\r\nif b:\r\n    c\r\n", "x = a\nif b:\n    c\n");
    }

    #[test]
    fn what_changes_the_meaning_is_an_edit() {
        other(
            "if a:\n    try:\n        b\n    except E:\n        c\n    return d",
            "if a:\n    try:\n        b\n    except E:\n        c\n        return d",
        );
        other("x: a[b] | None = d", "x: a[b | None] = d");
        other("x = a or b and c", "x = (a or b) and c");
        other("x = a < b < c", "x = (a < b) < c");
        other("x = (a,)", "x = (a)");
        other("x[a,]", "x[a]");
        other("x[a:]", "x[:a]");
        other("x = 'a'", "x = b'a'");
        other("x = r'\\d'", "x = '\\d'");
        other("x = 'a b'", "x = 'ab'");
        other("x = f'{a}'", "x = '{a}'");
        other("f(*a)", "f(**a)");
        other("x = [a]", "x = {a}");
        other("f(a)", "f(a)  # mine");
        other("await a()", "a()");
        other("a.b = 1", "a.b: int = 1");
        other("def f(a, /): ...", "def f(a, *): ...");
        other("x = not a in b", "x = (not a) in b");
    }

    #[test]
    fn imports_are_a_set() {
        let same = |left: &str, right: &str| assert!(same_module(left, right, "app.services"), "{left}\n---\n{right}");
        same("from a import (b, c as d)\nimport e\n", "import e\nfrom a import c as d\n\nfrom a import b\n");
        same("from app.config import settings\n", "from ..config import settings\n");
        same("from app.services.cache import x\n", "from .cache import x\n");
        same("from app.services import cache\n", "from . import cache\n");
        same("import a\n", "from __future__ import annotations\n\nimport a\n");
        same("import a as a\n", "import a\n");
        assert!(!same_module("from a import b\n", "from a import c\n", ""));
        assert!(!same_module("from a import b\n", "from a import b\nimport c\n", ""));
        assert!(!same_module("import a\nf()\n", "f()\n", ""));
    }

    #[test]
    fn code_that_does_not_parse_is_compared_as_text() {
        same("def f(:\n", "def f(:");
        other("def f(:", "def f( :");
    }

    #[test]
    fn deep_code_ends() {
        let deep = format!("x = {}1{}", "(".repeat(5000), ")".repeat(5000));
        same(&deep, &deep);
        other(&deep, &deep.replace("x = ", "x  = "));
    }
}
