//! The facts of a module: what was read of its imports, classes, functions, calls and assignments, and where each stands.

use std::ops::Range;

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
    /// Is it below `if TYPE_CHECKING:` or `if False:`, so that it never runs?
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

impl Source {
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
