//! Where a field goes in a settings class, and how it is written there.

use crate::edit::Edit;
use crate::lock::ScaffoldingKey;
use crate::source::python::{Assignment, Class, Source, Statement, StatementKind, indentation_step};
use crate::source::text::{self, LineEnding};
use std::ops::Range;

/// Where a new field goes.
pub(super) enum Place {
    /// After this offset's line, with a heading or as one more of its kind.
    After { offset: usize, heading: bool },
    /// Before this offset's line.
    Before { offset: usize },
    /// Instead of a body that is `pass`.
    Instead { indentation: String },
}

impl Place {
    pub(super) fn find(code: &str, source: &Source, index: usize, class: &Class, siblings: &[&str]) -> Self {
        let body = &class.body;
        let step = indentation_step(code, source);
        let outer = text::indentation(code, class.range.start);
        // A comment beside `pass` would go with it.
        let behind = &code[body.range.end..text::line_end(code, body.range.end)];
        let is_empty = body.statements.iter().all(|statement| is_placeholder(code, statement));
        if body.inline || (is_empty && behind.trim().is_empty()) {
            let indentation = if body.inline {
                format!("{outer}{step}")
            } else {
                text::indentation(code, body.range.start).to_owned()
            };
            return Self::Instead { indentation };
        }
        let fields: Vec<&Assignment> = source
            .annotations_of(index)
            .filter(|field| field.annotation.as_deref().is_some_and(|annotation| !annotation.contains("ClassVar")))
            .filter(|field| !field.scope.guarded && !field.target.starts_with('_') && field.target != "model_config")
            .collect();
        let sibling =
            fields.iter().rev().find(|field| siblings.iter().any(|name| field.target.eq_ignore_ascii_case(name)));
        if let Some(field) = sibling.filter(|field| is_under_ours(code, field, siblings)) {
            return Self::After { offset: end_with_docstring(code, body, &field.range), heading: false };
        }
        if let Some(field) = fields.last() {
            return Self::After { offset: end_with_docstring(code, body, &field.range), heading: true };
        }
        // No fields: after the docstring and the configuration, before methods and nested classes.
        let simple = body.statements.iter().take_while(|statement| statement.kind == StatementKind::Expression).last();
        match (simple, body.statements.first()) {
            (Some(last), _) => Self::After { offset: last.range.end, heading: true },
            (None, Some(first)) => Self::Before { offset: first.range.start },
            (None, None) => Self::After { offset: class.range.end, heading: true },
        }
    }

    pub(super) fn edits(&self, code: &str, class: &Class, heading: &str, statement: &str) -> Vec<Edit> {
        let ending = LineEnding::of(code).as_str();
        let body = &class.body;
        match self {
            Self::After { offset, heading: false } => {
                let indentation = text::indentation(code, body.range.start);
                vec![Edit::insert_line_after(code, *offset, ending, &format!("{indentation}{statement}"))]
            }
            Self::After { offset, heading: true } => {
                let indentation = text::indentation(code, body.range.start);
                let lines = format!("{ending}{indentation}# {heading}{ending}{indentation}{statement}");
                vec![Edit::insert_line_after(code, *offset, ending, &lines)]
            }
            Self::Before { offset } => {
                let indentation = text::indentation(code, *offset);
                let lines = format!("{indentation}# {heading}{ending}{indentation}{statement}{ending}");
                vec![Edit::insert_line_before(code, *offset, ending, &lines)]
            }
            Self::Instead { indentation } => {
                let lines = format!("# {heading}{ending}{indentation}{statement}");
                let end = text::line_end(code, body.range.end);
                if body.inline {
                    let header = code[..body.range.start].trim_end().len();
                    let kept = if body.statements.iter().all(|statement| is_placeholder(code, statement)) {
                        String::new()
                    } else {
                        format!("{ending}{indentation}{}{ending}", &code[body.range.clone()])
                    };
                    // A comment stays on the line of the class statement.
                    let comment = &code[body.range.end..end];
                    vec![Edit::replace(header..end, format!("{comment}{kept}{ending}{indentation}{lines}"))]
                } else {
                    vec![Edit::replace(body.range.start..end, lines)]
                }
            }
        }
    }

    pub(super) fn scaffolding(&self, code: &str, class: &Class) -> Option<(ScaffoldingKey, String)> {
        let Self::Instead { .. } = self else { return None };
        let body = class.body.range.clone();
        // With what is between the class statement and its body.
        let header = code[..body.start].trim_end().len();
        let colon = if class.body.inline { ":" } else { "" };
        Some((ScaffoldingKey::SettingsBody, format!("{colon}{}", &code[header..text::line_end(code, body.end)])))
    }
}

fn is_placeholder(code: &str, statement: &Statement) -> bool {
    statement.kind == StatementKind::Pass || &code[statement.range.clone()] == "..."
}

/// Does the field stand in the run that the component began, rather than where the user had it before?
fn is_under_ours(code: &str, field: &Assignment, siblings: &[&str]) -> bool {
    // Up from the field over lines of its kind to a heading: a user's own field has none of ours above it.
    let mut line = text::line_start(code, field.range.start);
    while line > 0 {
        line = text::line_start(code, line - 1);
        let above = code[line..].lines().next().unwrap_or_default().trim();
        if above.starts_with('#') {
            return true;
        }
        let name = above.split(':').next().unwrap_or_default().trim();
        if !siblings.iter().any(|sibling| name.eq_ignore_ascii_case(sibling)) {
            return false;
        }
    }
    false
}

/// The end of a field, with the string behind it that documents it.
fn end_with_docstring(code: &str, body: &crate::source::python::Block, field: &Range<usize>) -> usize {
    let next = body.statements.iter().find(|statement| statement.range.start >= field.end);
    match next {
        Some(next) if next.is_string(code) && code[field.end..next.range.start].trim().is_empty() => next.range.end,
        _ => field.end,
    }
}
