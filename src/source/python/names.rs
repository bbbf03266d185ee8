//! Names in Python code beyond what an import binds: attributes, words of strings, and names that nothing binds.

use std::collections::HashSet;
use std::ops::Range;

use tree_sitter::Node;

use super::{named_children, too_deep, tree};

/// The places where the attribute `name` of something is read or set, each with what stands before the dot.
pub fn attributes_of(text: &str, name: &str) -> Vec<(Range<usize>, String)> {
    if !text.contains(name) || too_deep(text).is_some() {
        return Vec::new();
    }
    let Some(tree) = tree(text) else { return Vec::new() };
    let root = tree.root_node();
    text.match_indices(name)
        .filter_map(|(at, _)| {
            let range = at..at + name.len();
            let node = root.descendant_for_byte_range(range.start, range.end)?;
            let parent = node.parent().filter(|parent| parent.kind() == "attribute")?;
            let is_it = node.byte_range() == range && parent.child_by_field_name("attribute") == Some(node);
            let object = parent.child_by_field_name("object").filter(|_| is_it)?;
            Some((range, text.get(object.byte_range())?.to_owned()))
        })
        .collect()
}

/// The attributes that are read of `object`, an expression such as `settings` or `get_settings()`.
pub fn attributes_on(text: &str, object: &str) -> Vec<(Range<usize>, String)> {
    if !text.contains(object) || too_deep(text).is_some() {
        return Vec::new();
    }
    let Some(tree) = tree(text) else { return Vec::new() };
    text.match_indices(object)
        .filter_map(|(at, _)| {
            let end = at + object.len();
            let mut node = tree.root_node().descendant_for_byte_range(at, end)?;
            // The innermost node may be the name alone; what is looked for is the whole object of an attribute.
            while node.byte_range() == (at..end) {
                let parent = node.parent()?;
                if parent.kind() == "attribute" && parent.child_by_field_name("object") == Some(node) {
                    let attribute = parent.child_by_field_name("attribute")?;
                    return Some((at..attribute.end_byte(), text.get(attribute.byte_range())?.to_owned()));
                }
                node = parent;
            }
            None
        })
        .collect()
}

/// The places of strings whose text has `words` in it, such as the dotted path of a module that is imported by its name.
pub fn strings_with(text: &str, words: &str) -> Vec<Range<usize>> {
    if !text.contains(words) || too_deep(text).is_some() {
        return Vec::new();
    }
    let Some(tree) = tree(text) else { return Vec::new() };
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    text.match_indices(words)
        .filter(|(at, _)| {
            let before = text.get(..*at).and_then(|before| before.chars().next_back());
            let after = text.get(at + words.len()..).and_then(|after| after.chars().next());
            !before.is_some_and(|character| is_word(character) || character == '.') && !after.is_some_and(is_word)
        })
        .map(|(at, _)| at..at + words.len())
        .filter(|range| {
            let node = tree.root_node().descendant_for_byte_range(range.start, range.end);
            node.is_some_and(|node| node.kind() == "string_content")
        })
        .collect()
}

/// Names that the code reads and that nothing in the module binds, in any scope: no import, definition, assignment, parameter,
/// loop, `with`, `except`, pattern or comprehension, and that are no built-in ones either. Empty where `from x import *` may bind
/// them.
pub fn unbound(text: &str) -> Vec<Range<usize>> {
    if too_deep(text).is_some() {
        return Vec::new();
    }
    let Some(tree) = tree(text).filter(|tree| !tree.root_node().has_error()) else { return Vec::new() };
    let mut bound: HashSet<&str> = HashSet::new();
    let mut read: Vec<Range<usize>> = Vec::new();
    let mut stack = vec![tree.root_node()];
    while let Some(node) = stack.pop() {
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
                if binds(node) {
                    bound.insert(code);
                } else if is_read(node) {
                    read.push(node.byte_range());
                }
            }
            _ => {}
        }
        let mut cursor = node.walk();
        stack.extend(node.named_children(&mut cursor));
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
    let Some(tree) = tree(text).filter(|_| too_deep(text).is_none()) else { return Vec::new() };
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
    let mut stack: Vec<Node> = own.into_iter().flatten().collect();
    let mut is_bound = false;
    while let Some(node) = stack.pop() {
        if matches!(node.kind(), "global_statement" | "nonlocal_statement") && named_children(node).any(is_name) {
            return false;
        }
        let mut targets = HashSet::new();
        if node.kind() == "as_pattern_target" {
            identifiers(text, node, &mut targets);
        }
        is_bound |= targets.contains(name) || (node.kind() == "identifier" && is_name(node) && binds(node));
        // What is inside of another scope is bound there, but for its own name.
        if is_function(node) || node.kind() == "class_definition" {
            is_bound |= node.child_by_field_name("name").is_some_and(is_name);
            continue;
        }
        let mut cursor = node.walk();
        stack.extend(node.named_children(&mut cursor));
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

/// Does this identifier bind its name?
fn binds(node: Node) -> bool {
    let Some(parent) = node.parent() else { return false };
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
        "type" => is_alias(parent) || parent.parent().is_some_and(|outer| declares(outer)),
        "generic_type" => parent.named_child(0) == Some(node) && parent.parent().is_some_and(is_alias),
        _ => false,
    }
}

/// Is this the name that a `type` statement defines?
fn is_alias(node: Node) -> bool {
    let statement = node.parent().filter(|parent| parent.kind() == "type_alias_statement");
    statement.is_some_and(|statement| statement.child_by_field_name("left") == Some(node))
}

/// Are these the type parameters of a definition (`class A[T]`), and not the arguments of a type (`list[T]`)?
fn declares(node: Node) -> bool {
    node.kind() == "type_parameter"
        && node.parent().is_some_and(|parent| match parent.kind() {
            "class_definition" | "function_definition" => true,
            "generic_type" => parent.parent().is_some_and(is_alias),
            _ => false,
        })
}

/// Is this identifier a name that is read, and not an attribute or a keyword?
fn is_read(node: Node) -> bool {
    let Some(parent) = node.parent() else { return false };
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
