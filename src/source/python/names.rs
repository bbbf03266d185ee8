//! Names in Python code beyond what an import binds: attributes, words of strings, and names that nothing binds.

use std::collections::HashSet;
use std::ops::Range;

use tree_sitter::Node;

use super::{named_children, tree, visit};

/// The places where the attribute `name` of something is read or set, each with what stands before the dot.
pub fn attributes_of(text: &str, name: &str) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    each_attribute(text, name, |object, attribute| {
        if text.get(attribute.byte_range()) == Some(name) {
            found.push((attribute.byte_range(), text.get(object.byte_range()).unwrap_or_default().to_owned()));
        }
    });
    found.sort_by_key(|(range, _)| range.start);
    found
}

/// The attributes that are read of `object`, an expression such as `settings` or `get_settings()`.
pub fn attributes_on(text: &str, object: &str) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    each_attribute(text, object, |on, attribute| {
        if text.get(on.byte_range()) == Some(object) {
            let range = on.start_byte()..attribute.end_byte();
            found.push((range, text.get(attribute.byte_range()).unwrap_or_default().to_owned()));
        }
    });
    found.sort_by_key(|(range, _)| range.start);
    found
}

/// Calls `each` with what stands before and behind the dot of each attribute, in a text that has `words` in it.
fn each_attribute(text: &str, words: &str, mut each: impl FnMut(Node, Node)) {
    if !text.contains(words) {
        return;
    }
    let Ok(tree) = tree(text) else { return };
    visit::all(tree.root_node(), |node, _| {
        if node.kind() == "attribute"
            && let Some(object) = node.child_by_field_name("object")
            && let Some(attribute) = node.child_by_field_name("attribute")
        {
            each(object, attribute);
        }
    });
}

/// The places of strings whose text has `words` in it, such as the dotted path of a module that is imported by its name.
pub fn strings_with(text: &str, words: &str) -> Vec<Range<usize>> {
    if !text.contains(words) {
        return Vec::new();
    }
    let Ok(tree) = tree(text) else { return Vec::new() };
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let mut found = Vec::new();
    visit::all(tree.root_node(), |node, _| {
        if node.kind() != "string_content" {
            return;
        }
        let content = text.get(node.byte_range()).unwrap_or_default();
        let places = content.match_indices(words).filter(|(at, _)| {
            let before = content[..*at].chars().next_back();
            let after = content[at + words.len()..].chars().next();
            !before.is_some_and(|character| is_word(character) || character == '.') && !after.is_some_and(is_word)
        });
        found.extend(places.map(|(at, _)| node.start_byte() + at..node.start_byte() + at + words.len()));
    });
    found
}

/// Names that the code reads and that nothing in the module binds, in any scope: no import, definition, assignment, parameter,
/// loop, `with`, `except`, pattern or comprehension, and that are no built-in ones either. Empty where `from x import *` may bind
/// them.
pub fn unbound(text: &str) -> Vec<Range<usize>> {
    let Some(tree) = tree(text).ok().filter(|tree| !tree.root_node().has_error()) else { return Vec::new() };
    let mut bound: HashSet<&str> = HashSet::new();
    let mut read: Vec<Range<usize>> = Vec::new();
    let mut stack = vec![Below::root(tree.root_node())];
    while let Some(below) = stack.pop() {
        let node = below.node;
        let code = text.get(node.byte_range()).unwrap_or_default();
        match node.kind() {
            "wildcard_import" => return Vec::new(),
            "import_statement" | "import_from_statement" | "future_import_statement" => {
                if named_children(node).any(|child| child.kind() == "wildcard_import") {
                    return Vec::new();
                }
                let mut cursor = node.walk();
                for name in node.children_by_field_name("name", &mut cursor) {
                    let name = name.child_by_field_name("alias").unwrap_or(name);
                    let name = text.get(name.byte_range()).unwrap_or_default();
                    bound.insert(name.split('.').next().unwrap_or(name).trim());
                }
                continue;
            }
            "global_statement" | "nonlocal_statement" | "case_pattern" | "as_pattern_target" => {
                identifiers(text, node, &mut bound);
                continue;
            }
            "identifier" => {
                if binds(below) {
                    bound.insert(code);
                } else if is_read(below) {
                    read.push(node.byte_range());
                }
            }
            _ => {}
        }
        stack.extend(below.children());
    }
    read.retain(|range| {
        let name = text.get(range.clone()).unwrap_or_default();
        !bound.contains(name) && !is_built_in(name)
    });
    read.sort_by_key(|range| range.start);
    read
}

/// The functions that bind `name` for themselves, so that no use of it in them means a name of the module.
pub fn functions_that_bind(text: &str, name: &str) -> Vec<Range<usize>> {
    if !text.contains(name) {
        return Vec::new();
    }
    let Ok(tree) = tree(text) else { return Vec::new() };
    let mut found = Vec::new();
    let mut stack = vec![tree.root_node()];
    while let Some(node) = stack.pop() {
        if is_function(node) && binds_within(text, node, name) {
            found.push(node.byte_range());
        }
        let mut cursor = node.walk();
        stack.extend(node.named_children(&mut cursor));
    }
    found
}

fn is_function(node: Node) -> bool {
    matches!(node.kind(), "function_definition" | "lambda")
}

/// Does a function bind the name in its own scope, by a parameter or in its body?
fn binds_within(text: &str, function: Node, name: &str) -> bool {
    let is_name = |node: Node| text.get(node.byte_range()) == Some(name);
    let own = [function.child_by_field_name("parameters"), function.child_by_field_name("body")];
    let mut stack: Vec<Below> = own.into_iter().flatten().map(|node| Below::root(function).child(node)).collect();
    let mut is_bound = false;
    while let Some(below) = stack.pop() {
        let node = below.node;
        if matches!(node.kind(), "global_statement" | "nonlocal_statement") && named_children(node).any(is_name) {
            return false;
        }
        let mut targets = HashSet::new();
        if node.kind() == "as_pattern_target" {
            identifiers(text, node, &mut targets);
        }
        is_bound |= targets.contains(name) || (node.kind() == "identifier" && is_name(node) && binds(below));
        // What is inside of another scope is bound there, but for its own name.
        if is_function(node) || node.kind() == "class_definition" {
            is_bound |= node.child_by_field_name("name").is_some_and(is_name);
            continue;
        }
        stack.extend(below.children());
    }
    is_bound
}

fn identifiers<'a>(text: &'a str, node: Node, found: &mut HashSet<&'a str>) {
    let mut stack = vec![node];
    while let Some(node) = stack.pop() {
        if node.kind() == "identifier" {
            found.extend(text.get(node.byte_range()));
        }
        let mut cursor = node.walk();
        stack.extend(node.named_children(&mut cursor));
    }
}

/// A node with the two around it.
#[derive(Clone, Copy)]
struct Below<'tree> {
    node: Node<'tree>,
    parent: Option<Node<'tree>>,
    outer: Option<Node<'tree>>,
    /// What is around `outer`.
    outmost: Option<Node<'tree>>,
}

impl<'tree> Below<'tree> {
    fn root(node: Node<'tree>) -> Self {
        Self { node, parent: None, outer: None, outmost: None }
    }

    fn child(self, node: Node<'tree>) -> Self {
        Self { node, parent: Some(self.node), outer: self.parent, outmost: self.outer }
    }

    fn children(self) -> impl Iterator<Item = Self> {
        named_children(self.node).map(move |node| self.child(node))
    }
}

/// Does this identifier bind its name?
fn binds(below: Below) -> bool {
    let Below { node, parent: Some(parent), outer, outmost } = below else { return false };
    let is_field = |name: &str| parent.child_by_field_name(name) == Some(node);
    match parent.kind() {
        "function_definition"
        | "class_definition"
        | "named_expression"
        | "default_parameter"
        | "typed_default_parameter" => is_field("name"),
        "parameters"
        | "lambda_parameters"
        | "pattern_list"
        | "tuple_pattern"
        | "list_pattern"
        | "list_splat_pattern"
        | "dictionary_splat_pattern"
        | "as_pattern_target" => true,
        "typed_parameter" => parent.named_child(0) == Some(node),
        "assignment" | "augmented_assignment" | "for_statement" | "for_in_clause" | "type_alias_statement" => {
            is_field("left")
        }
        // `type A = ...`, `type A[T] = ...`
        "type" => is_alias(parent, outer) || outer.is_some_and(|outer| declares(outer, outmost)),
        "generic_type" => parent.named_child(0) == Some(node) && outer.is_some_and(|outer| is_alias(outer, outmost)),
        _ => false,
    }
}

/// Is this the name that a `type` statement defines?
fn is_alias(node: Node, parent: Option<Node>) -> bool {
    let statement = parent.filter(|parent| parent.kind() == "type_alias_statement");
    statement.is_some_and(|statement| statement.child_by_field_name("left") == Some(node))
}

/// Are these the type parameters of a definition (`class A[T]`), and not the arguments of a type (`list[T]`)?
fn declares(node: Node, parent: Option<Node>) -> bool {
    node.kind() == "type_parameter"
        && parent.is_some_and(|parent| match parent.kind() {
            "class_definition" | "function_definition" => true,
            "generic_type" => parent.parent().is_some_and(|outer| is_alias(outer, outer.parent())),
            _ => false,
        })
}

/// Is this identifier a name that is read, and not an attribute or a keyword?
fn is_read(below: Below) -> bool {
    let Below { node, parent: Some(parent), .. } = below else { return false };
    match parent.kind() {
        "attribute" => parent.child_by_field_name("attribute") != Some(node),
        "keyword_argument" => parent.child_by_field_name("name") != Some(node),
        "dotted_name" | "keyword_pattern" | "class_pattern" => false,
        _ => true,
    }
}

fn is_built_in(name: &str) -> bool {
    BUILT_IN.contains(&name) || (name.starts_with("__") && name.ends_with("__"))
}

/// `dir(builtins)` of Python 3.14, without the names with two underscores; and what is built in elsewhere (`reveal_type`).
const BUILT_IN: &[&str] = &[
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "BaseException",
    "BaseExceptionGroup",
    "BlockingIOError",
    "BrokenPipeError",
    "BufferError",
    "BytesWarning",
    "ChildProcessError",
    "ConnectionAbortedError",
    "ConnectionError",
    "ConnectionRefusedError",
    "ConnectionResetError",
    "DeprecationWarning",
    "EOFError",
    "Ellipsis",
    "EncodingWarning",
    "EnvironmentError",
    "Exception",
    "ExceptionGroup",
    "False",
    "FileExistsError",
    "FileNotFoundError",
    "FloatingPointError",
    "FutureWarning",
    "GeneratorExit",
    "IOError",
    "ImportError",
    "ImportWarning",
    "IndentationError",
    "IndexError",
    "InterruptedError",
    "IsADirectoryError",
    "KeyError",
    "KeyboardInterrupt",
    "LookupError",
    "MemoryError",
    "ModuleNotFoundError",
    "NameError",
    "None",
    "NotADirectoryError",
    "NotImplemented",
    "NotImplementedError",
    "OSError",
    "OverflowError",
    "PendingDeprecationWarning",
    "PermissionError",
    "ProcessLookupError",
    "PythonFinalizationError",
    "RecursionError",
    "ReferenceError",
    "ResourceWarning",
    "RuntimeError",
    "RuntimeWarning",
    "StopAsyncIteration",
    "StopIteration",
    "SyntaxError",
    "SyntaxWarning",
    "SystemError",
    "SystemExit",
    "TabError",
    "TimeoutError",
    "True",
    "TypeError",
    "UnboundLocalError",
    "UnicodeDecodeError",
    "UnicodeEncodeError",
    "UnicodeError",
    "UnicodeTranslateError",
    "UnicodeWarning",
    "UserWarning",
    "ValueError",
    "Warning",
    "WindowsError",
    "ZeroDivisionError",
    "_",
    "abs",
    "aiter",
    "all",
    "anext",
    "any",
    "ascii",
    "bin",
    "bool",
    "breakpoint",
    "bytearray",
    "bytes",
    "callable",
    "chr",
    "classmethod",
    "compile",
    "complex",
    "copyright",
    "credits",
    "delattr",
    "dict",
    "dir",
    "divmod",
    "enumerate",
    "eval",
    "exec",
    "exit",
    "filter",
    "float",
    "format",
    "frozenset",
    "getattr",
    "globals",
    "hasattr",
    "hash",
    "help",
    "hex",
    "id",
    "input",
    "int",
    "isinstance",
    "issubclass",
    "iter",
    "len",
    "license",
    "list",
    "locals",
    "map",
    "max",
    "memoryview",
    "min",
    "next",
    "object",
    "oct",
    "open",
    "ord",
    "pow",
    "print",
    "property",
    "quit",
    "range",
    "repr",
    "reveal_locals",
    "reveal_type",
    "reversed",
    "round",
    "set",
    "setattr",
    "slice",
    "sorted",
    "staticmethod",
    "str",
    "sum",
    "super",
    "tuple",
    "type",
    "vars",
    "zip",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn unbound_names(code: &str) -> Vec<&str> {
        unbound(code).into_iter().map(|range| &code[range]).collect()
    }

    #[test]
    fn names_that_nothing_binds() {
        let code = "import a.b as c, d.e\nfrom f import g, h as i\n\n\n@j\nclass K(L, m=n):\n    o: P = Q(default=r)\n\n    def s(self, t, *u, v: W = x, **y) -> Z:\n        with c as aa, d as (bb, cc):\n            for dd, [ee, *ff] in g:\n                hh = [ii for ii in jj if (kk := ii)]\n        try:\n            pass\n        except i as ll:\n            print(ll, aa.nope, bb, cc, dd, ee, ff, hh, kk, self, t, u, v, y, lambda mm, *nn: mm + nn)\n        match t:\n            case {'a': oo, **pp}: oo, pp\n";
        assert_eq!(unbound_names(code), ["j", "L", "n", "P", "Q", "r", "W", "x", "Z", "jj"]);
        assert_eq!(unbound_names("from a import *\nb\n"), [""; 0]);
        assert_eq!(
            unbound_names(
                "class A[T]: x: T\ntype B[U] = list[U]\ndef f[V](v: V) -> B: global w; w = 1; return __file__\n"
            ),
            [""; 0]
        );
    }

    #[test]
    fn attributes_with_what_they_are_of() {
        let code = "settings.redis_url\nget().redis_url = redis_url\nf(redis_url=1)\nx.redis_url_2\n'a.redis_url'\n";
        let found: Vec<String> = attributes_of(code, "redis_url").into_iter().map(|(_, object)| object).collect();
        assert_eq!(found, ["settings", "get()"]);
        let code = "get().a + x.get().b + settings.c.d\nsettings\nmy_settings.e\n";
        let names = |object: &str| attributes_on(code, object).into_iter().map(|(_, name)| name).collect::<Vec<_>>();
        assert_eq!((names("get()"), names("settings")), (vec!["a".to_owned()], vec!["c".to_owned()]));
    }

    #[test]
    fn strings_that_name_a_module() {
        let code = "import_module('app.services.cache')\nx = 'app.services.cache_x'\n# app.services.cache\nimport app.services.cache\n";
        assert_eq!(strings_with(code, "app.services.cache").len(), 1);
    }
}
