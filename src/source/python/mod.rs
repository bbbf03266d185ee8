//! Python source: imports, classes, functions, calls and assignments by their place.
//!
//! One query over the syntax tree answers what `queries/python/*.scm` ask, once for a file. All ranges are byte offsets of
//! the text. Nothing here knows FastAPI, and nothing changes text.

mod block;
pub mod expression;
mod facts;
pub mod form;
pub mod names;
mod newer;
mod read;
pub mod scan;
pub mod stdlib;
mod tree;
mod visit;

use std::ops::Range;
use std::rc::Rc;

use block::named_children;
pub use facts::{
    Argument, Assignment, Block, Call, Class, Function, Import, ImportedName, Return, Scope, Source, Statement,
    StatementKind, Usage, Yield,
};
use read::{QUERY, Reader, without_blanks};
use tree::tree;

use super::memory::Memory;
use super::text;

thread_local! {
    static PARSED: Memory<Rc<Source>> = Memory::default();
}

impl Source {
    /// The text parsed, from memory where it was parsed before.
    pub fn of(text: &str) -> Rc<Self> {
        PARSED.with(|parsed| parsed.get_or_insert_with(text, || Rc::new(Self::parse(text))))
    }

    /// Parses `text`. Whatever it is, a result comes: what cannot be parsed is in [`Source::error`].
    pub fn parse(text: &str) -> Self {
        match (tree(text), QUERY.as_ref()) {
            (Ok(tree), Some(query)) => Reader { text }.read(&tree, query),
            (Err(error), _) => Self { error, ..Self::default() },
            (_, None) => Self::default(),
        }
    }
}

/// The places where `name`, perhaps dotted (`settings.debug`), is used: not as an attribute of something else, a keyword, or in a
/// string or comment.
pub fn uses_of(text: &str, name: &str) -> Vec<Range<usize>> {
    if !text.contains(name) {
        return Vec::new();
    }
    let Ok(tree) = tree(text) else { return Vec::new() };
    let first = name.split('.').next().unwrap_or(name);
    let goes_on = |next: char| next.is_alphanumeric() || next == '_';
    let mut uses = Vec::new();
    visit::all(tree.root_node(), |node, around| {
        let range = node.byte_range();
        let rest = text.get(range.start..).unwrap_or_default();
        let is_whole = node.kind() == "identifier"
            && text.get(range.clone()) == Some(first)
            && rest.strip_prefix(name).is_some_and(|behind| !behind.starts_with(goes_on));
        if !is_whole {
            return;
        }
        let is_part = around.last().is_some_and(|parent| {
            (parent.kind() == "attribute" && parent.child_by_field_name("attribute") == Some(node))
                || (parent.kind() == "keyword_argument" && parent.child_by_field_name("name") == Some(node))
        });
        if !is_part {
            uses.push(range.start..range.start + name.len());
        }
    });
    uses
}

/// One step of indentation of the file, as its first indented block has it; four blanks where there is none.
pub fn indentation_step(code: &str, source: &Source) -> String {
    let blocks = source.functions.iter().map(|function| (&function.range, &function.body));
    let blocks = blocks.chain(source.classes.iter().map(|class| (&class.range, &class.body)));
    for (range, body) in blocks {
        if body.inline || body.statements.is_empty() {
            continue;
        }
        let outer = text::indentation(code, range.start);
        if let Some(step) =
            text::indentation(code, body.range.start).strip_prefix(outer).filter(|step| !step.is_empty())
        {
            return step.to_owned();
        }
    }
    "    ".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_compiles() {
        assert!(QUERY.is_some());
    }

    #[test]
    fn facts_of_a_module() {
        let code = "from a import (b as c,)\nimport d.e\n\n@x(1)\nasync def f(app: A, *, k=1) -> N:\n    try:\n        async with s() as t:\n            yield {'a': 1}\n    finally:\n        g()\n\nclass S(Base, env_prefix='X'): pass\napp: F = F(t=1, **k)\n";
        let source = Source::parse(code);
        assert_eq!(source.error, None);
        assert_eq!(source.imports[0].names[0].bound(), "c");
        assert!(source.imports[0].parenthesised);
        assert_eq!(source.imports[1].names[0].bound(), "d");
        let function = &source.functions[0];
        assert!(function.is_async && function.decorators == ["x(1)"] && function.parameters == ["app", "k"]);
        let found = &source.yields[0];
        assert!(found.alone && found.finally.is_some());
        assert_eq!(found.withs, [[("s()".to_owned(), Some("t".to_owned()))]]);
        assert_eq!(found.scope.function, Some(0));
        assert!(source.classes[0].body.inline);
        assert_eq!(source.classes[0].bases, ["Base"]);
        let call = source.calls.iter().find(|call| call.callee == "F").expect("the call");
        assert_eq!(call.usage, Usage::Assigned("app".to_owned()));
        assert!(call.arguments[1].unpacks);
        let decorator = source.calls.iter().find(|call| call.callee == "x").expect("the decorator");
        assert_eq!(decorator.usage, Usage::Decorator);
        assert!(decorator.scope.is_module());
    }

    #[test]
    fn nothing_ends_behind_a_carriage_return() {
        let text = "class A:\r\n    def f(self):\r\n        return 1  # one\r\n\n    class B:\r\n        c = 1  # two\r\n\n\nd = 1\r\n";
        let source = Source::of(text);
        let bodies = source
            .classes
            .iter()
            .map(|class| &class.body)
            .chain(source.functions.iter().map(|function| &function.body));
        let ranges = bodies.map(|body| &body.range).chain(source.body.iter().map(|statement| &statement.range));
        for range in ranges {
            let code = &text[range.clone()];
            assert_eq!(code, code.trim_end());
        }
    }

    #[test]
    fn names_are_used_where_they_are_read() {
        let code = "a.b = a.bc\nx.a.b(a=a.b)  # a.b\n'a.b'\nf(a.b.c)\n";
        assert_eq!(uses_of(code, "a.b"), [0..3, 19..22, 39..42]);
        assert_eq!(uses_of(code, "a"), [0..1, 6..7, 19..20, 39..40]);
    }

    #[test]
    fn syntax_that_the_grammar_does_not_know_is_no_error() {
        for code in [
            "class A[T = int]:\n    b = 1\n",
            "class A[T: (int, str) = dict[str, int], *Ts = *tuple[int, ...], **P = [str, int]]: pass\n",
            "def f[T = int, U: str = \"a, ]\"](a: T) -> U: ...\n",
            "async def f[\n    T = int,  # a ] =\n    U = int | None,\n](a: T) -> U: ...\n",
            "type A[T = int] = list[T]\n",
            "a = t\"{b} c\"\nd = rt'{e!r:>{f}}'\n",
            "lazy import json\nlazy from a import b\nc = 1\n",
            "a = f'{b['c']}'\n",
        ] {
            assert_eq!(Source::parse(code).error, None, "{code}");
        }
        for code in ["class A[T = ]:\n    b = (\n", "def f(a: int = ):\n    pass\n", "lazy b\n", "x[T = 1]\n"] {
            assert!(Source::parse(code).error.is_some(), "{code}");
        }
        let code = "class A[T = int](B):\n    c: int = 1\nd = A()\n";
        let source = Source::parse(code);
        assert_eq!((source.classes[0].bases.as_slice(), source.assignments.len()), (&["B".to_owned()][..], 2));
        assert_eq!(&code[source.classes[0].range.clone()], "class A[T = int](B):\n    c: int = 1");
        assert_eq!(uses_of(code, "A"), [6..7, 40..41]);
    }

    #[test]
    fn a_syntax_error_has_a_place() {
        assert!(Source::parse("a = (\n").error.is_some());
        assert!(Source::parse("def f(:\n  pass\n").error.is_some());
        assert_eq!(Source::parse("class A:  # b\nc = 1\n").error, Some(0..8));
        let deep: String = (0..520).map(|depth| format!("{}if a:\n", " ".repeat(depth))).collect();
        assert!(Source::parse(&format!("{deep}{}f'{{a}}'\n", " ".repeat(520))).error.is_some());
        for code in ["def f():\n", "if a:\n    # b\nelse:\n    c\n", "match a:\n    case 1:\n    case 2:\n        b\n"]
        {
            assert!(Source::parse(code).error.is_some(), "{code}");
        }
        assert_eq!(Source::parse("try:\n    a\nexcept A, B:\n    b\n").error, None);
    }

    #[test]
    fn only_an_async_function_awaits() {
        for (code, word) in [
            ("def f():\n    await g()\n", "await"),
            ("def f():\n    if a:\n        b = await g()\n", "await"),
            ("async def f():\n    def g():\n        return await h()\n", "await"),
            ("def f():\n    async with g():\n        pass\n", "async"),
            ("class A:\n    def f(self):\n        async for a in g():\n            pass\n", "async"),
        ] {
            let start = code.find(word).expect("the word");
            assert_eq!(Source::parse(code).error, Some(start..start + word.len()), "{code}");
        }
        for code in [
            "async def f():\n    await g()\n    async with h():\n        async for a in b():\n            await a\n",
            "def f():\n    async def g():\n        await h()\n    return g\n",
            "def f():\n    with a:\n        for b in c:\n            pass\n",
            "def f():\n    return (await a for a in b), (a async for a in b)\n",
            "async def f():\n    return [await a async for a in b], {await a: a for a in b}\n",
            "async def f():\n    @g(await h())\n    def i(a=await j()):\n        pass\n",
            "await a\n",
        ] {
            assert_eq!(Source::parse(code).error, None, "{code}");
        }
    }

    #[test]
    fn what_never_runs() {
        let code = "if False:\n    a()\nelif b:\n    c()\nif 0:\n    d()\nelse:\n    e()\nif not TYPE_CHECKING:\n    f()\nif t.TYPE_CHECKING:\n    g()\n";
        let source = Source::parse(code);
        let unrun = source.calls.iter().filter(|call| call.scope.type_checking);
        assert_eq!(unrun.map(|call| call.callee.as_str()).collect::<Vec<_>>(), ["a", "d", "g"]);
    }
}
