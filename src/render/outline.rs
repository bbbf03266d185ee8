//! What a Python module is in a few lines: its docstring's first line, and the signatures of its public functions, classes and
//! methods with theirs.

use std::ops::Range;

use crate::source::python::{Block, Source};
use crate::source::text;

/// A module in a few lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outline {
    /// The first line of its docstring; empty where there is none.
    pub docstring: String,
    /// Public names, in the order of the text.
    pub names: Vec<Name>,
}

/// A public name of a module.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// Where it stands.
    start: usize,
    /// `async cache_get(key: str) -> Any`, `class Cache`, `Cache.get(key: str)`
    pub signature: String,
    /// The first line of its docstring; empty where there is none.
    pub docstring: String,
}

/// The outline of a module.
pub fn outline(code: &str) -> Outline {
    let source = Source::of(code);
    let body = Block { statements: source.body.clone(), ..Block::default() };
    let mut names: Vec<Name> = Vec::new();
    for function in source.functions.iter().filter(|function| function.scope.is_module() && is_public(&function.name)) {
        let signature = signature(code, function.is_async, function.name_range.start..function.body.range.start);
        names.push(Name { start: function.range.start, signature, docstring: first_line(code, &function.body) });
    }
    for (number, class) in source.classes.iter().enumerate() {
        if !class.scope.is_module() || !is_public(&class.name) {
            continue;
        }
        let (start, head) = (class.range.start, format!("class {}", class.name));
        names.push(Name { start, signature: head, docstring: first_line(code, &class.body) });
        for method in source.methods_of(number).filter(|method| is_public(&method.name)) {
            let signature = signature(code, method.is_async, method.name_range.start..method.body.range.start)
                .replacen(&format!("{}(", method.name), &format!("{}.{}(", class.name, method.name), 1);
            let signature = ["self, ", "cls, ", "self", "cls"].iter().fold(signature, |signature, first| {
                signature.replacen(&format!("({first}"), "(", usize::from(is_first(&signature, first)))
            });
            names.push(Name { start: method.range.start, signature, docstring: first_line(code, &method.body) });
        }
    }
    names.sort();
    Outline { docstring: first_line(code, &body), names }
}

/// Is this the first parameter of a method, as a whole word?
fn is_first(signature: &str, word: &str) -> bool {
    let rest = signature.split_once('(').and_then(|(_, rest)| rest.strip_prefix(word));
    rest.is_some_and(|rest| word.ends_with(' ') || rest.starts_with(')'))
}

fn is_public(name: &str) -> bool {
    !name.starts_with('_')
}

/// From the name of a function to its body, on one line.
fn signature(code: &str, is_async: bool, range: Range<usize>) -> String {
    let lines = code.get(range).unwrap_or_default().lines().map(|line| line.split(" # ").next().unwrap_or_default());
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    let text = words.join(" ").replace("( ", "(").replace(", )", ")").replace("[ ", "[").replace(", ]", "]");
    let text = text.trim_end_matches(':').trim_end();
    if is_async { format!("async {text}") } else { text.to_owned() }
}

/// The first line of a docstring, or nothing.
fn first_line(code: &str, body: &Block) -> String {
    let docstring = body.statements.first().filter(|statement| statement.is_string(code));
    let docstring = docstring.and_then(|statement| code.get(statement.range.clone())).unwrap_or_default();
    let docstring = docstring.trim_start_matches(char::is_alphabetic).trim_matches(['"', '\'']);
    text::first_line(docstring).trim().to_owned()
}
