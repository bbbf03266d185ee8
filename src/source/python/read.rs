//! Reads the facts of a module from its syntax tree, in one walk.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use tree_sitter::StreamingIterator;
use tree_sitter::{Node, Query, QueryCursor, Tree};

use super::block::{Inside, block, block_of, named_children, statements};
use super::facts::{
    Argument, Assignment, Block, Call, Class, Function, Import, ImportedName, Return, Scope, Source, StatementKind,
    Usage, Yield,
};
use super::tree::{first_error, language};
use super::visit;

/// Compiling a query costs more than running it over a file, and several apart cost more than one of all patterns.
pub(super) static QUERY: LazyLock<Option<Query>> = LazyLock::new(|| {
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

/// Reads the facts from the syntax tree.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
}

impl Reader<'_> {
    /// All facts of the tree.
    pub(super) fn read(self, tree: &Tree, query: &Query) -> Source {
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
                    next.part = node.child_by_field_name("consequence").filter(|_| never_holds(&condition));
                }
                _ if source.error.is_none() => {
                    source.error = awaiting(node).filter(|_| is_in_plain_function(place, &source.functions));
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

/// The longest `a, b = f(), g()` whose calls are told apart.
const LONGEST_UNPACKING: usize = 100;

/// Does an `if` with this condition never run, whatever else is true?
fn never_holds(condition: &str) -> bool {
    let is_dotted = |character: char| character.is_alphanumeric() || matches!(character, '_' | '.');
    matches!(condition, "False" | "0") || (condition.ends_with("TYPE_CHECKING") && condition.chars().all(is_dotted))
}

/// The word that only an async function may have: of `await`, `async with` and `async for`.
fn awaiting(node: Node) -> Option<Range<usize>> {
    if !matches!(node.kind(), "await" | "with_statement" | "for_statement") {
        return None;
    }
    node.child(0).filter(|word| matches!(word.kind(), "await" | "async")).map(|word| word.byte_range())
}

/// Does it stand in a function that is not async? The grammar lets that through, and Python does not. What a lambda, a comprehension
/// or a class in the function has is not looked at.
fn is_in_plain_function(place: Place, functions: &[Function]) -> bool {
    const OTHER_SCOPES: [&str; 6] = [
        "lambda",
        "generator_expression",
        "list_comprehension",
        "set_comprehension",
        "dictionary_comprehension",
        "class_definition",
    ];
    let mut within = place.around.iter().rev().map(Node::kind).take_while(|kind| *kind != "function_definition");
    let function = place.scope.function.and_then(|index| functions.get(index));
    function.is_some_and(|function| !function.is_async) && !within.any(|kind| OTHER_SCOPES.contains(&kind))
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

/// Code on one line: `a . b` is `a.b`.
pub(super) fn without_blanks(code: &str) -> String {
    code.split_whitespace().collect()
}

impl StatementKind {
    pub(super) fn of(node: Node) -> Self {
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
