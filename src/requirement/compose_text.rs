//! YAML as it is written into a compose file: scalars in the style of their neighbours, blocks with their indentation, and flow collections.

use crate::source::yaml::{Node, Source, Style, Value};

/// Lines of `block` with `indentation` before each that is not empty.
pub(super) fn indented(block: &str, indentation: &str) -> String {
    let lines: Vec<String> = block
        .lines()
        .map(|line| if line.trim().is_empty() { String::new() } else { format!("{indentation}{line}") })
        .collect();
    lines.join("\n")
}

/// A scalar as it can stand behind `key: ` in a block mapping and, without blanks or brackets, in a flow collection.
pub(super) fn scalar(value: &str, style: Style) -> String {
    match style {
        Style::Single => format!("'{}'", value.replace('\'', "''")),
        Style::Double => double_quoted(value),
        Style::Plain | Style::Block => {
            if is_plain(value) {
                value.to_owned()
            } else {
                double_quoted(value)
            }
        }
    }
}

fn double_quoted(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
    format!("\"{escaped}\"")
}

/// Is `value` text, and the same text, where it stands without quotes, in a block and in a flow collection?
fn is_plain(value: &str) -> bool {
    let looks_typed = value.parse::<f64>().is_ok()
        || matches!(
            value.to_ascii_lowercase().as_str(),
            "" | "~"
                | "null"
                | "true"
                | "false"
                | "yes"
                | "no"
                | "on"
                | "off"
                | "y"
                | "n"
                | ".inf"
                | ".nan"
                | "<<"
                | "="
        );
    let first = value.chars().next().unwrap_or(' ');
    // `0x1f`, and `12:30`, which YAML 1.1 reads as a number of base 60.
    let looks_like_number = value.starts_with("0x")
        || value.starts_with("0o")
        || (first.is_ascii_digit() && value.contains(':') && !value.contains('/'));
    let has_syntax = "-?:,[]{}#&*!|>'\"%@` ".contains(first)
        || value.contains([',', '[', ']', '{', '}', '\n', '\t'])
        || value.contains(": ")
        || value.contains(" #")
        || value.ends_with([':', ' ']);
    !(looks_typed || looks_like_number || has_syntax)
}

/// The entries or items of `block` in flow style, without the brackets around them.
pub(super) fn flow(block: &str, json: bool) -> Option<String> {
    let source = Source::parse(block).ok()?;
    let inner = flow_of(&source, source.root()?, json)?;
    let inner = inner.strip_prefix(['{', '['])?;
    inner.strip_suffix(['}', ']']).map(str::to_owned)
}

fn flow_of(source: &Source, node: &Node, json: bool) -> Option<String> {
    let written = source.text().get(node.range.clone())?;
    Some(match &node.value {
        Value::Null => "null".to_owned(),
        Value::Scalar(text, Style::Plain) if json => {
            if text.parse::<f64>().is_ok() || matches!(text.as_str(), "true" | "false") {
                text.clone()
            } else {
                double_quoted(text)
            }
        }
        Value::Scalar(text, Style::Plain) => {
            let safe = !text.contains([',', '[', ']', '{', '}', '\n']);
            if safe { text.clone() } else { double_quoted(text) }
        }
        Value::Scalar(text, Style::Block) => double_quoted(text),
        Value::Scalar(text, Style::Single) if json => double_quoted(text),
        Value::Scalar(text, _) if written.contains('\n') => double_quoted(text),
        Value::Scalar(..) | Value::Alias(_) => written.to_owned(),
        Value::Mapping(mapping) => {
            let entries: Option<Vec<String>> = mapping
                .entries
                .iter()
                .map(|entry| {
                    let key = if json { double_quoted(&entry.key) } else { scalar(&entry.key, entry.key_style) };
                    Some(format!("{key}: {}", flow_of(source, &entry.value, json)?))
                })
                .collect();
            format!("{{{}}}", entries?.join(", "))
        }
        Value::Sequence(sequence) => {
            let items: Option<Vec<String>> =
                sequence.items.iter().map(|item| flow_of(source, &item.value, json)).collect();
            format!("[{}]", items?.join(", "))
        }
    })
}
