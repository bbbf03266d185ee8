//! The imports and the classes of a module, found without a syntax tree: whether one module leads to another, and which has the
//! settings, is asked of hundreds of them, and most would be parsed for nothing else.
//!
//! It must not see more than the tree does: what stands in strings and comments is passed over. So is what only type checkers run.

/// An import statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedImport {
    /// Does it stand in a function or a class, so that importing the module does not run it?
    pub nested: bool,
    /// Does it stand in a block that may not run: of an `if`, a `try`, a loop?
    pub guarded: bool,
    /// The module of a `from` import, with its leading dots; `None` for `import a, b`.
    pub from: Option<String>,
    /// What is imported, without aliases.
    pub names: Vec<String>,
    /// What each of them is called in the module: its alias, or the first part of the name.
    pub bound: Vec<String>,
}

/// The imports of a module, in the order of the file.
pub fn imports(code: &str) -> Vec<ScannedImport> {
    let mut found = Vec::new();
    // The blocks that the present line may stand in: their indentations, and whether they are definitions; and the indentation of
    // what only type checkers run.
    let mut blocks: Vec<(usize, bool)> = Vec::new();
    let mut unrun: Option<usize> = None;
    logical_lines(code, |line| {
        let statement = line.trim_start();
        if statement.trim_end().is_empty() {
            return;
        }
        let indentation = line.len() - statement.len();
        while blocks.last().is_some_and(|(block, _)| *block >= indentation) {
            blocks.pop();
        }
        if unrun.is_some_and(|block| block < indentation) {
            return;
        }
        unrun = None;
        let nested = blocks.iter().any(|(_, is_definition)| *is_definition);
        let guarded = blocks.last().is_some_and(|(_, is_definition)| !is_definition);
        match statement.split([' ', '\t', '(', ':']).next() {
            Some("if")
                if (statement.contains("TYPE_CHECKING") && !statement.contains("not "))
                    || matches!(statement.split(':').next(), Some("if False" | "if 0")) =>
            {
                unrun = Some(indentation);
            }
            Some("def" | "class") => blocks.push((indentation, true)),
            Some("async") => blocks.push((indentation, statement.contains("def "))),
            Some("import" | "from") => {
                found.extend(statement.split(';').filter_map(|statement| read(statement, nested, guarded)));
            }
            Some("try" | "if" | "else" | "elif" | "except" | "finally" | "with" | "for" | "while" | "match") => {
                blocks.push((indentation, false));
                found.extend(statement.split_once(": ").and_then(|(_, statement)| read(statement, nested, true)));
            }
            _ => {}
        }
    });
    found
}

/// The classes at module level that have bases: the last names of those, without type arguments.
pub fn bases(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    logical_lines(code, |line| {
        let Some(header) = line.trim_start().strip_prefix("class ").filter(|header| header.contains('(')) else {
            return;
        };
        let list = header.split_once('(').map_or("", |(_, list)| list);
        // What stands in the brackets of type arguments is no base; it does no harm as one.
        let bases = list
            .split([',', '[', ']', '(', ')'])
            .filter(|base| !base.contains('='))
            .map(|base| base.trim().rsplit('.').next().unwrap_or_default().to_owned());
        let is_name = |base: &String| {
            !base.is_empty() && base.chars().all(|character| character.is_alphanumeric() || character == '_')
        };
        found.push(bases.filter(is_name).collect());
    });
    found
}

/// One import statement.
fn read(statement: &str, nested: bool, guarded: bool) -> Option<ScannedImport> {
    let names = |list: &str| -> (Vec<String>, Vec<String>) {
        let list = list.trim().trim_matches(['(', ')']);
        let pairs = list.split(',').filter_map(|name| {
            let mut words = name.split_whitespace();
            let name = words.next()?;
            let alias = words.next().filter(|word| *word == "as").and_then(|_| words.next());
            let bound = alias.unwrap_or_else(|| name.split('.').next().unwrap_or(name));
            Some((name.to_owned(), bound.to_owned()))
        });
        pairs.unzip()
    };
    let statement = statement.trim();
    if let Some(list) = statement.strip_prefix("import").filter(|list| list.starts_with([' ', '\t'])) {
        let (names, bound) = names(list);
        return Some(ScannedImport { nested, guarded, from: None, names, bound });
    }
    let rest = statement.strip_prefix("from").filter(|rest| rest.starts_with([' ', '\t', '.']))?.trim_start();
    let end = rest.find([' ', '\t'])?;
    let (from, list) = rest.split_at(end);
    let list = list.trim_start().strip_prefix("import")?;
    let (names, bound) = names(list);
    Some(ScannedImport { nested, guarded, from: Some(from.to_owned()), names, bound })
}

/// Hands over each logical line without its strings and comments.
fn logical_lines(code: &str, mut take: impl FnMut(&str)) {
    let bytes = code.strip_prefix('\u{feff}').unwrap_or(code).as_bytes();
    let mut line = String::new();
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at).copied() {
        at += 1;
        match byte {
            b'#' => at += bytes[at..].iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len() - at),
            b'"' | b'\'' => at = end_of_string(bytes, at, byte),
            b'\\' if matches!(bytes.get(at), Some(b'\n' | b'\r')) => {
                at += if bytes[at..].starts_with(b"\r\n") { 2 } else { 1 };
                line.push(' ');
            }
            b'\n' | b'\r' if depth == 0 => {
                take(&line);
                line.clear();
            }
            b'\n' | b'\r' => line.push(' '),
            b'(' | b'[' | b'{' => {
                depth += 1;
                line.push(char::from(byte));
            }
            b')' | b']' | b'}' => {
                depth = depth.saturating_sub(1);
                line.push(char::from(byte));
            }
            // Names of other letters are kept as a name that is found nowhere.
            _ => line.push(if byte.is_ascii() { char::from(byte) } else { '\u{fffd}' }),
        }
    }
    take(&line);
}

/// Where the string that was opened by `quote` just before `at` ends.
fn end_of_string(bytes: &[u8], mut at: usize, quote: u8) -> usize {
    let is_long = bytes.get(at) == Some(&quote) && bytes.get(at + 1) == Some(&quote);
    if is_long {
        at += 2;
    }
    while let Some(byte) = bytes.get(at).copied() {
        at += 1;
        match byte {
            b'\\' => at += 1,
            b'\n' if !is_long => return at - 1,
            _ if byte != quote => {}
            _ if !is_long => return at,
            _ if bytes.get(at) == Some(&quote) && bytes.get(at + 1) == Some(&quote) => return at + 2,
            _ => {}
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::python::{Import, Source};

    /// What the syntax tree says.
    fn parsed(code: &str) -> Vec<ScannedImport> {
        let names = |import: &Import| {
            if import.wildcard {
                return vec!["*".to_owned()];
            }
            import.names.iter().map(|name| name.name.clone()).collect()
        };
        let scanned = |import: &Import| {
            let nested = !import.scope.is_module();
            let bound = import.names.iter().map(|name| name.bound().to_owned()).collect();
            let bound = if import.wildcard { vec!["*".to_owned()] } else { bound };
            let (names, from) = (names(import), import.from.clone());
            ScannedImport { nested, guarded: import.scope.guarded, names, bound, from }
        };
        Source::of(code).imports.iter().filter(|import| !import.scope.type_checking).map(scanned).collect()
    }

    #[test]
    fn it_finds_what_the_syntax_tree_has() {
        let code = "\u{feff}#!/usr/bin/env python\n\"\"\"Text.\n\nfrom shown import nothing\n'''\n\"\"\"\n\
                    from __future__ import annotations\nimport os, a.b.c as d ; import e\n\
                    from . import f\nfrom ..g.h import (  # a comment (\n    i as j,\n    k,\n)\n\
                    from l import *\nfrom m \\\n    import n\n\
                    if True:\n    import o\n    def p():\n        import q\n    import r\nelse: import s\n\
                    try: from t import u\nexcept ImportError:\n    v = 'import w'\n\
                    def bl():\n    pass\n\n    import bm\n@x\nclass Y:\n    import z\n\n    async def aa(self):\n        from bb import cc\n\n\
                    dd = [\n\"\"\"\nimport ee\n\"\"\", 'it\\'s',\n]\nimportant = from_here = 1\n\
                    if typing.TYPE_CHECKING:\n    import ff\n\n    from gg import ii\nelse:\n    import mm\n\
                    if False:\n    import cd\nif 0:\n    import ef\nelse:\n    import gh\n\
                    import hh\r\nfrom\tii import jj\nfrom .kk import ll\n\
                    try:\n    def nn():\n        import oo\n    import pp\nfinally:\n    while True:\n        import qq\nimport rr\n\
                    async def ss():\n    async with zz:\n        import ab\n    for tt in uu:\n        import vv\n    import ww\nwith xx: import yy\n";
        assert_eq!(imports(code), parsed(code));
    }

    #[test]
    fn bases_are_the_last_names() {
        let code = "class A: pass\nclass B(c.D, E[F], metaclass=G):\n    pass\nif H:\n    class I(\n        J,\n    ):\n        K = 1\n";
        let found = bases(code);
        assert_eq!(found.len(), 2);
        assert!(["D", "E"].iter().all(|base| found[0].contains(&(*base).to_owned())));
        assert_eq!(found[1], ["J"]);
    }

    #[test]
    fn a_string_without_an_end_ends_somewhere() {
        assert!(imports("a = '''\nimport b").is_empty());
        assert_eq!(imports("a = '\nimport b").len(), 1);
        assert!(imports("a = '\\").is_empty());
    }
}
