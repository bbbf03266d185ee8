//! Python source: imports, classes, functions, calls and assignments by their place.
//!
//! One query over the syntax tree answers what `queries/python/*.scm` ask, once for a file. All ranges are byte offsets of
//! the text. Nothing here knows FastAPI, and nothing changes text.

pub mod form;
pub mod names;
mod newer;
pub mod scan;
pub mod stdlib;
mod visit;

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::LazyLock;

use streaming_iterator::StreamingIterator;
use tree_sitter::{Language, Node, Parser, Query, QueryCursor, Tree};

use super::memory::Memory;
use super::text;

/// Compiling a query costs more than running it over a file, and several apart cost more than one of all patterns.
static QUERY: LazyLock<Option<Query>> = LazyLock::new(|| {
    let source = concat!(
        include_str!("../../../queries/python/definitions.scm"),
        include_str!("../../../queries/python/imports.scm"),
        include_str!("../../../queries/python/calls.scm"),
        include_str!("../../../queries/python/assignments.scm"),
        include_str!("../../../queries/python/flow.scm"),
        include_str!("../../../queries/python/bodies.scm"),
    );
    Query::new(&language(), source).ok()
});

fn language() -> Language {
    tree_sitter_python::LANGUAGE.into()
}

/// A parsed module.
#[derive(Debug, Default)]
pub struct Source {
    /// Import statements, in the order of the text.
    pub imports: Vec<Import>,
    /// Classes, in the order of the text.
    pub classes: Vec<Class>,
    /// Functions and methods, in the order of the text.
    pub functions: Vec<Function>,
    /// Calls, in the order of the text.
    pub calls: Vec<Call>,
    /// Assignments and annotations, in the order of the text.
    pub assignments: Vec<Assignment>,
    /// `yield`s, in the order of the text.
    pub yields: Vec<Yield>,
    /// `return`s, in the order of the text.
    pub returns: Vec<Return>,
    /// The statements of the module.
    pub body: Vec<Statement>,
    /// The statements of every block, as ranges.
    pub blocks: Vec<Vec<Range<usize>>>,
    /// The first syntax error.
    pub error: Option<Range<usize>>,
}

/// What a piece of code stands in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scope {
    /// The innermost function, as an index of [`Source::functions`].
    pub function: Option<usize>,
    /// The innermost class that is not outside that function, as an index of [`Source::classes`].
    pub class: Option<usize>,
    /// Is it below an `if`, `try`, `with`, `for` or `while` of that scope?
    pub guarded: bool,
    /// Is it below `if TYPE_CHECKING:`, so that it never runs?
    pub type_checking: bool,
}

impl Scope {
    /// Is it code of the module itself, below nothing?
    pub fn is_module(&self) -> bool {
        self.function.is_none() && self.class.is_none()
    }
}

/// A statement of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its range, without a comment behind it; with its decorators.
    pub range: Range<usize>,
    /// What it is; of a decorated definition, the definition.
    pub kind: StatementKind,
}

/// What a statement is, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatementKind {
    /// A function.
    Function,
    /// A class.
    Class,
    /// An import.
    Import,
    /// An expression alone, an assignment among them.
    Expression,
    /// `pass`
    Pass,
    /// `return`
    Return,
    /// `if`
    If,
    /// Anything else.
    Other,
}

impl StatementKind {
    fn of(node: Node) -> Self {
        match node.child_by_field_name("definition").unwrap_or(node).kind() {
            "function_definition" => Self::Function,
            "class_definition" => Self::Class,
            "import_statement" | "import_from_statement" | "future_import_statement" => Self::Import,
            "expression_statement" => Self::Expression,
            "pass_statement" => Self::Pass,
            "return_statement" => Self::Return,
            "if_statement" => Self::If,
            _ => Self::Other,
        }
    }
}

impl Statement {
    /// Is it a function or class, which formatters set apart by blank lines?
    pub fn is_definition(&self) -> bool {
        matches!(self.kind, StatementKind::Function | StatementKind::Class)
    }

    /// Is it a string alone: a docstring, where it comes first?
    pub fn is_string(&self, text: &str) -> bool {
        let code = text.get(self.range.clone()).unwrap_or_default().trim_start_matches(['r', 'R', 'u', 'U', 'b', 'B']);
        self.kind == StatementKind::Expression && (code.starts_with('"') || code.starts_with('\''))
    }
}

/// The body of a function or class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Block {
    /// From its first to its last statement.
    pub range: Range<usize>,
    /// Its statements.
    pub statements: Vec<Statement>,
    /// Does it stand on the line of its header (`class A: pass`)?
    pub inline: bool,
}

/// An import statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The statement.
    pub range: Range<usize>,
    /// The module of a `from` import, with its leading dots; `None` for `import a, b`.
    pub from: Option<String>,
    /// What is imported.
    pub names: Vec<ImportedName>,
    /// Are the names in parentheses?
    pub parenthesised: bool,
    /// Is it `from x import *`?
    pub wildcard: bool,
    /// What it stands in.
    pub scope: Scope,
}

/// A name of an import statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedName {
    /// The name, dotted for `import a.b`.
    pub name: String,
    /// The name behind `as`.
    pub alias: Option<String>,
    /// Name and alias.
    pub range: Range<usize>,
}

impl ImportedName {
    /// The name that it binds in the module: the alias, or the first part of the name.
    pub fn bound(&self) -> &str {
        self.alias.as_deref().unwrap_or_else(|| self.name.split('.').next().unwrap_or(&self.name))
    }
}

/// A class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// The name's place.
    pub name_range: Range<usize>,
    /// The class with its decorators.
    pub range: Range<usize>,
    /// Its bases, as written, without keywords.
    pub bases: Vec<String>,
    /// Keyword arguments of the class statement, as written.
    pub keywords: Vec<(String, String)>,
    /// Its body.
    pub body: Block,
    /// What it stands in.
    pub scope: Scope,
}

/// A function or method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The name's place.
    pub name_range: Range<usize>,
    /// The function with its decorators.
    pub range: Range<usize>,
    /// Is it `async def`?
    pub is_async: bool,
    /// Its decorators' expressions, as written.
    pub decorators: Vec<String>,
    /// The names of its parameters.
    pub parameters: Vec<String>,
    /// Its return annotation, as written.
    pub returns: Option<String>,
    /// Its body.
    pub body: Block,
    /// What it stands in.
    pub scope: Scope,
}

/// A call of a name or of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The call.
    pub range: Range<usize>,
    /// What is called, as written but without blanks: `FastAPI`, `app.include_router`.
    pub callee: String,
    /// The argument list with its parentheses.
    pub arguments_range: Range<usize>,
    /// Its arguments.
    pub arguments: Vec<Argument>,
    /// The statement of the innermost block that it belongs to (for a decorator, the decorated definition).
    pub statement: Range<usize>,
    /// How its value is used.
    pub usage: Usage,
    /// What it stands in.
    pub scope: Scope,
}

impl Call {
    /// The argument of this keyword.
    pub fn keyword(&self, name: &str) -> Option<&Argument> {
        self.arguments.iter().find(|argument| argument.keyword.as_deref() == Some(name))
    }

    /// The first positional argument.
    pub fn first(&self) -> Option<&Argument> {
        self.arguments.iter().find(|argument| argument.keyword.is_none() && !argument.unpacks)
    }
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// The argument with its keyword.
    pub range: Range<usize>,
    /// Its keyword.
    pub keyword: Option<String>,
    /// Its value.
    pub value: Range<usize>,
    /// Is it `*x` or `**x`?
    pub unpacks: bool,
}

/// How the value of a call is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Usage {
    /// It is a statement of its own, perhaps awaited.
    Statement,
    /// It is assigned to this target.
    Assigned(String),
    /// It is returned.
    Returned,
    /// It is a decorator.
    Decorator,
    /// It is part of another expression.
    Part,
}

/// An assignment, or an annotation alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The assignment.
    pub range: Range<usize>,
    /// The target, as written.
    pub target: String,
    /// The annotation, as written.
    pub annotation: Option<String>,
    /// The annotation's place.
    pub annotation_range: Option<Range<usize>>,
    /// The value's place.
    pub value: Option<Range<usize>>,
    /// What it stands in.
    pub scope: Scope,
}

/// A `yield`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Yield {
    /// The `yield` itself.
    pub range: Range<usize>,
    /// The statement that it belongs to.
    pub statement: Range<usize>,
    /// Is it the whole of that statement (perhaps with a value)?
    pub alone: bool,
    /// Does every path through the function come by here, once? It stands below nothing but `with` and the body of a `try`.
    pub unconditional: bool,
    /// The `finally` of the innermost `try` that has it in its body, within the function: the keyword's place, and the block.
    pub finally: Option<(usize, Block)>,
    /// `with` statements around it, innermost first: each item as `(expression, alias)`.
    pub withs: Vec<Vec<(String, Option<String>)>>,
    /// What it stands in.
    pub scope: Scope,
}

/// A `return`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    /// The statement.
    pub range: Range<usize>,
    /// What is returned, as written.
    pub value: Option<String>,
    /// What it stands in.
    pub scope: Scope,
}

thread_local! {
    static PARSED: Memory<Rc<Source>> = Memory::default();
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
fn tree(text: &str) -> Result<Tree, Option<Range<usize>>> {
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

    /// The calls within a piece of the text.
    pub fn calls_within(&self, range: &Range<usize>) -> impl Iterator<Item = &Call> {
        let (first, end) = (self.calls.partition_point(|call| call.range.start < range.start), range.end);
        self.calls[first..]
            .iter()
            .take_while(move |call| call.range.start < end)
            .filter(move |call| call.range.end <= end)
    }

    /// The assignments within a piece of the text.
    pub fn assignments_within(&self, range: &Range<usize>) -> impl Iterator<Item = &Assignment> {
        let first = self.assignments.partition_point(|found| found.range.start < range.start);
        let end = range.end;
        let behind = self.assignments[first..].iter().take_while(move |found| found.range.start < end);
        behind.filter(move |found| found.range.end <= end)
    }

    /// The import that a statement is.
    pub fn import_at(&self, statement: &Range<usize>) -> Option<&Import> {
        let at = self.imports.binary_search_by_key(&statement.start, |import| import.range.start).ok()?;
        self.imports.get(at).filter(|import| import.range == *statement)
    }

    /// The function of this name at module level; the last one wins, as in Python.
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.iter().rev().find(|function| function.name == name && function.scope.is_module())
    }

    /// The class of this name at module level.
    pub fn class(&self, name: &str) -> Option<(usize, &Class)> {
        self.classes.iter().enumerate().rev().find(|(_, class)| class.name == name && class.scope.is_module())
    }

    /// The import that binds `name` in the module's own code, and what it binds it to.
    pub fn import_of(&self, name: &str) -> Option<(&Import, &ImportedName)> {
        self.imports.iter().filter(|import| import.scope.is_module()).find_map(|import| {
            import.names.iter().find(|imported| imported.bound() == name).map(|imported| (import, imported))
        })
    }

    /// Where `name` is bound at module level by something else than an import: a function, class or assignment.
    pub fn definition_of(&self, name: &str) -> Option<Range<usize>> {
        let functions = self.functions.iter().filter(|function| function.scope.is_module() && function.name == name);
        let classes = self.classes.iter().filter(|class| class.scope.is_module() && class.name == name);
        let assignments =
            self.assignments.iter().filter(|assignment| assignment.scope.is_module() && assignment.target == name);
        functions
            .map(|function| function.name_range.clone())
            .chain(classes.map(|class| class.name_range.clone()))
            .chain(assignments.map(|assignment| assignment.range.clone()))
            .next()
    }

    /// The annotated names of a class body, in the order of the text: what pydantic takes as fields, and the rest.
    pub fn annotations_of(&self, class: usize) -> impl Iterator<Item = &Assignment> {
        self.assignments.iter().filter(move |assignment| {
            assignment.scope.class == Some(class) && assignment.scope.function == self.classes[class].scope.function
        })
    }

    /// The methods of a class body.
    pub fn methods_of(&self, class: usize) -> impl Iterator<Item = &Function> {
        self.functions.iter().filter(move |function| {
            function.scope.class == Some(class) && function.scope.function == self.classes[class].scope.function
        })
    }
}

/// A node and those around it, outermost first: asking a node for its parent walks down from the root each time.
#[derive(Clone, Copy)]
struct Place<'tree, 'path> {
    node: Node<'tree>,
    around: &'path [Node<'tree>],
    /// What it stands in.
    scope: Scope,
    /// The statement of a block or of the module that it belongs to.
    statement: Node<'tree>,
}

impl<'tree> Place<'tree, '_> {
    /// Each node around this one with its child on the way here, innermost first.
    fn upwards(self) -> impl Iterator<Item = (Node<'tree>, Node<'tree>)> {
        let children = std::iter::once(self.node).chain(self.around.iter().rev().copied());
        self.around.iter().rev().copied().zip(children)
    }

    /// The definition with its decorators.
    fn decorated(self) -> Node<'tree> {
        self.around.last().copied().filter(|parent| parent.kind() == "decorated_definition").unwrap_or(self.node)
    }
}

/// What the children of a node on the way down stand in.
#[derive(Clone, Copy)]
struct Inside<'tree> {
    /// Of the node itself.
    scope: Scope,
    statement: Node<'tree>,
    /// Of a definition: its number, by which it is the scope of its body.
    number: Option<usize>,
    /// The body of a definition, or what runs where an `if TYPE_CHECKING:` holds.
    part: Option<Node<'tree>>,
}

impl<'tree> Inside<'tree> {
    /// What `child` of `parent` stands in, and the statement that it belongs to.
    fn of(&self, parent: Node<'tree>, child: Node<'tree>) -> (Scope, Node<'tree>) {
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

/// Reads the facts from the syntax tree.
struct Reader<'a> {
    text: &'a str,
}

impl Reader<'_> {
    fn read(self, tree: &Tree, query: &Query) -> Source {
        let root = tree.root_node();
        let mut source = Source { body: statements(root), error: first_error(root), ..Source::default() };
        let names = query.capture_names();
        let mut captured: HashMap<usize, &str> = HashMap::new();
        let mut cursor = QueryCursor::new();
        let mut matches = cursor.matches(query, root, self.text.as_bytes());
        while let Some(found) = matches.next() {
            captured.extend(found.captures().iter().map(|capture| (capture.node.id(), names[capture.index as usize])));
        }
        let mut inside: Vec<Inside> = Vec::new();
        visit::all(root, |node, around| {
            inside.truncate(around.len());
            let (scope, statement) = match (inside.last(), around.last()) {
                (Some(last), Some(parent)) => last.of(*parent, node),
                _ => (Scope::default(), node),
            };
            let place = Place { node, around, scope, statement };
            let mut next = Inside { scope, statement, number: None, part: None };
            match captured.get(&node.id()).copied().unwrap_or_default() {
                "function" => {
                    next.number = Some(source.functions.len());
                    next.part = node.child_by_field_name("body");
                    source.functions.push(self.function(place));
                }
                "class" => {
                    next.number = Some(source.classes.len());
                    next.part = node.child_by_field_name("body");
                    source.classes.push(self.class(place));
                }
                "import" => source.imports.push(self.import(place)),
                "call" => source.calls.extend(self.call(place)),
                "assignment" => source.assignments.extend(self.assignment(place)),
                "yield" => source.yields.push(self.yield_(place)),
                "return" => source.returns.push(Return {
                    range: node.byte_range(),
                    value: node.named_child(0).map(|value| self.text_of(value)),
                    scope,
                }),
                "body" => {
                    let block = statements(node).into_iter().map(|statement| statement.range).collect();
                    source.blocks.push(block);
                    if source.error.is_none() {
                        source.error = around.last().and_then(|header| without_body(node, *header));
                    }
                }
                _ if node.kind() == "if_statement" => {
                    let condition = self.field_text(node, "condition").unwrap_or_default();
                    next.part =
                        node.child_by_field_name("consequence").filter(|_| condition.ends_with("TYPE_CHECKING"));
                }
                _ => {}
            }
            inside.push(next);
        });
        self.end_with_code(&mut source);
        source
    }

    /// The grammar lets a compound statement end behind the carriage return of its last line.
    fn end_with_code(&self, source: &mut Source) {
        let end = |range: &mut Range<usize>| {
            let code = self.text.get(range.clone()).unwrap_or_default();
            range.end = range.start + code.trim_end().len();
        };
        let end_block = |block: &mut Block| {
            end(&mut block.range);
            block.statements.iter_mut().for_each(|statement| end(&mut statement.range));
        };
        source.body.iter_mut().for_each(|statement| end(&mut statement.range));
        for function in &mut source.functions {
            end(&mut function.range);
            end_block(&mut function.body);
        }
        for class in &mut source.classes {
            end(&mut class.range);
            end_block(&mut class.body);
        }
        source.calls.iter_mut().for_each(|call| end(&mut call.statement));
        source.blocks.iter_mut().flatten().for_each(end);
        for found in &mut source.yields {
            end(&mut found.statement);
            found.finally.iter_mut().for_each(|(_, block)| end_block(block));
        }
    }

    fn text_of(&self, node: Node) -> String {
        self.text.get(node.byte_range()).unwrap_or_default().to_owned()
    }

    fn field_text(&self, node: Node, field: &str) -> Option<String> {
        node.child_by_field_name(field).map(|child| self.text_of(child))
    }

    fn function(&self, place: Place) -> Function {
        let (node, outer) = (place.node, place.decorated());
        let mut parameters = Vec::new();
        if let Some(list) = node.child_by_field_name("parameters") {
            for parameter in named_children(list) {
                let name = match parameter.kind() {
                    "identifier" => Some(parameter),
                    "typed_parameter" => parameter.named_child(0),
                    _ => parameter.child_by_field_name("name"),
                };
                parameters.extend(name.map(|name| self.text_of(name)));
            }
        }
        Function {
            name: self.field_text(node, "name").unwrap_or_default(),
            name_range: node.child_by_field_name("name").map_or(node.byte_range(), |name| name.byte_range()),
            range: outer.byte_range(),
            is_async: node.child(0).is_some_and(|child| child.kind() == "async"),
            decorators: self.decorators(outer),
            parameters,
            returns: self.field_text(node, "return_type"),
            body: block(node, "body"),
            scope: place.scope,
        }
    }

    fn class(&self, place: Place) -> Class {
        let (node, outer) = (place.node, place.decorated());
        let mut bases = Vec::new();
        let mut keywords = Vec::new();
        if let Some(list) = node.child_by_field_name("superclasses") {
            for base in named_children(list) {
                match base.kind() {
                    "comment" => {}
                    "keyword_argument" => keywords.push((
                        self.field_text(base, "name").unwrap_or_default(),
                        self.field_text(base, "value").unwrap_or_default(),
                    )),
                    _ => bases.push(self.text_of(base)),
                }
            }
        }
        Class {
            name: self.field_text(node, "name").unwrap_or_default(),
            name_range: node.child_by_field_name("name").map_or(node.byte_range(), |name| name.byte_range()),
            range: outer.byte_range(),
            bases,
            keywords,
            body: block(node, "body"),
            scope: place.scope,
        }
    }

    fn decorators(&self, outer: Node) -> Vec<String> {
        named_children(outer)
            .filter(|child| child.kind() == "decorator")
            .filter_map(|decorator| decorator.named_child(0).map(|expression| self.text_of(expression)))
            .collect()
    }

    fn import(&self, place: Place) -> Import {
        let node = place.node;
        let from = match node.kind() {
            "import_from_statement" => self.field_text(node, "module_name").map(|name| without_blanks(&name)),
            "future_import_statement" => Some("__future__".to_owned()),
            _ => None,
        };
        let mut cursor = node.walk();
        let names = node
            .children_by_field_name("name", &mut cursor)
            .map(|name| ImportedName {
                name: without_blanks(
                    &if name.kind() == "aliased_import" {
                        self.field_text(name, "name")
                    } else {
                        Some(self.text_of(name))
                    }
                    .unwrap_or_default(),
                ),
                alias: self.field_text(name, "alias"),
                range: name.byte_range(),
            })
            .collect();
        let mut children = node.walk();
        let kinds: Vec<&str> = node.children(&mut children).map(|child| child.kind()).collect();
        Import {
            range: node.byte_range(),
            from,
            names,
            parenthesised: kinds.contains(&"("),
            wildcard: kinds.contains(&"wildcard_import"),
            scope: place.scope,
        }
    }

    fn call(&self, place: Place) -> Option<Call> {
        let node = place.node;
        let function = node.child_by_field_name("function")?;
        if !matches!(function.kind(), "identifier" | "attribute") {
            return None;
        }
        let callee = without_blanks(&self.text_of(function));
        let list = node.child_by_field_name("arguments")?;
        if list.kind() != "argument_list" {
            return None;
        }
        let arguments = named_children(list)
            .filter(|argument| argument.kind() != "comment")
            .map(|argument| Argument {
                range: argument.byte_range(),
                keyword: if argument.kind() == "keyword_argument" { self.field_text(argument, "name") } else { None },
                value: argument.child_by_field_name("value").map_or(argument.byte_range(), |value| value.byte_range()),
                unpacks: matches!(argument.kind(), "list_splat" | "dictionary_splat"),
            })
            .collect();
        Some(Call {
            range: node.byte_range(),
            callee,
            arguments_range: list.byte_range(),
            arguments,
            statement: place.statement.byte_range(),
            usage: self.usage(place),
            scope: place.scope,
        })
    }

    fn usage(&self, place: Place) -> Usage {
        // Its position in `a, b = f(), g()`.
        let mut position = None;
        for (parent, child) in place.upwards() {
            match parent.kind() {
                "await" | "parenthesized_expression" => {}
                "expression_list" if position.is_none() && parent.named_child_count() <= LONGEST_UNPACKING => {
                    position = named_children(parent).position(|item| item == child);
                }
                "assignment" if position.is_some() && parent.child_by_field_name("right") == Some(child) => {
                    let left = parent.child_by_field_name("left");
                    let targets: Vec<Node> = left.into_iter().flat_map(named_children).collect();
                    let is_plain = targets.len() == named_children(child).count()
                        && targets.iter().all(|target| target.kind() == "identifier");
                    let target = position.filter(|_| is_plain).and_then(|position| targets.get(position));
                    return target.map_or(Usage::Part, |target| Usage::Assigned(self.text_of(*target)));
                }
                _ if position.is_some() => return Usage::Part,
                "named_expression" if parent.child_by_field_name("value") == Some(child) => {
                    return Usage::Assigned(self.field_text(parent, "name").unwrap_or_default());
                }
                "expression_statement" if parent.named_child_count() == 1 => return Usage::Statement,
                "assignment" if parent.child_by_field_name("right") == Some(child) => {
                    return Usage::Assigned(self.field_text(parent, "left").unwrap_or_default());
                }
                "return_statement" => return Usage::Returned,
                "decorator" => return Usage::Decorator,
                _ => return Usage::Part,
            }
        }
        Usage::Part
    }

    fn assignment(&self, place: Place) -> Option<Assignment> {
        let node = place.node;
        let annotation = node.child_by_field_name("type");
        Some(Assignment {
            range: node.byte_range(),
            target: self.field_text(node, "left")?,
            annotation: annotation.map(|annotation| self.text_of(annotation)),
            annotation_range: annotation.map(|annotation| annotation.byte_range()),
            value: node.child_by_field_name("right").map(|value| value.byte_range()),
            scope: place.scope,
        })
    }

    fn yield_(&self, place: Place) -> Yield {
        let (node, statement) = (place.node, place.statement);
        let mut finally = None;
        let mut withs = Vec::new();
        let mut unconditional = true;
        for (parent, child) in place.upwards() {
            let is_body = parent.child_by_field_name("body") == Some(child);
            unconditional &= match parent.kind() {
                "function_definition" | "lambda" => break,
                "block" | "expression_statement" => true,
                "try_statement" | "with_statement" => is_body,
                _ => false,
            };
            match parent.kind() {
                "try_statement" if finally.is_none() && is_body => {
                    finally =
                        named_children(parent).find(|clause| clause.kind() == "finally_clause").and_then(|clause| {
                            let found = named_children(clause).find(|part| part.kind() == "block")?;
                            Some((clause.start_byte(), block_of(found, clause)))
                        });
                }
                "with_statement" => withs.push(self.with_items(parent)),
                _ => {}
            }
        }
        Yield {
            range: node.byte_range(),
            statement: statement.byte_range(),
            alone: statement.byte_range() == node.byte_range(),
            unconditional,
            finally,
            withs,
            scope: place.scope,
        }
    }

    fn with_items(&self, node: Node) -> Vec<(String, Option<String>)> {
        let mut items = Vec::new();
        for clause in named_children(node).filter(|child| child.kind() == "with_clause") {
            for item in named_children(clause).filter(|child| child.kind() == "with_item") {
                let Some(value) = item.child_by_field_name("value") else { continue };
                if value.kind() == "as_pattern" {
                    let alias = value.child_by_field_name("alias").map(|alias| self.text_of(alias));
                    items.push((value.named_child(0).map(|inner| self.text_of(inner)).unwrap_or_default(), alias));
                } else {
                    items.push((self.text_of(value), None));
                }
            }
        }
        items
    }
}

fn named_children(node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
    // By a cursor: asking for each child by its number is quadratic in the length of the list.
    let mut cursor = node.walk();
    node.named_children(&mut cursor).collect::<Vec<_>>().into_iter()
}

fn statements(block: Node) -> Vec<Statement> {
    named_children(block)
        .filter(|child| !matches!(child.kind(), "comment" | "ERROR"))
        .map(|child| Statement { range: child.byte_range(), kind: StatementKind::of(child) })
        .collect()
}

fn block(node: Node, field: &str) -> Block {
    node.child_by_field_name(field).map(|body| block_of(body, node)).unwrap_or_default()
}

fn block_of(body: Node, header: Node) -> Block {
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

fn first_error(root: Node) -> Option<Range<usize>> {
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

/// The longest `a, b = f(), g()` whose calls are told apart.
const LONGEST_UNPACKING: usize = 100;

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

/// The header of an empty body, which the grammar lets through.
fn without_body(body: Node, header: Node) -> Option<Range<usize>> {
    let mut cursor = body.walk();
    if body.named_children(&mut cursor).any(|child| child.kind() != "comment") {
        return None;
    }
    let mut cursor = header.walk();
    let colon = header
        .children(&mut cursor)
        .find(|child| child.kind() == ":")
        .map_or(header.start_byte(), |colon| colon.end_byte());
    Some(header.start_byte()..colon)
}

fn without_blanks(code: &str) -> String {
    code.split_whitespace().collect()
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
}
