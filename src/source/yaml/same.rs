//! Whether two texts hold the same values, however they are laid out.

use super::{Node, Source, Style, Value};

/// Do two texts hold the same values? How scalars are quoted, where lines break and whether a collection is written in flow style
/// is layout. A comment that only `now` has is somebody's edit.
pub fn same_values(written: &str, now: &str) -> bool {
    let (Ok(before), Ok(after)) = (Source::parse(written), Source::parse(now)) else {
        return written.trim() == now.trim();
    };
    let comments = before.without_comments().1;
    let has_new = after.without_comments().1.iter().any(|comment| !comments.contains(comment));
    !has_new
        && match (before.root(), after.root()) {
            (Some(left), Some(right)) => same_node(left, right),
            (None, None) => true,
            _ => false,
        }
}

fn same_node(left: &Node, right: &Node) -> bool {
    let same_value = match (&left.value, &right.value) {
        (Value::Null, Value::Null) => true,
        (Value::Alias(left), Value::Alias(right)) => left == right,
        (Value::Scalar(left, left_style), Value::Scalar(right, right_style)) => {
            let is_quoted = |style: &Style| *style != Style::Plain;
            left == right && (is_quoted(left_style) == is_quoted(right_style) || is_text(left))
        }
        (Value::Mapping(left), Value::Mapping(right)) => {
            left.entries.len() == right.entries.len()
                && left
                    .entries
                    .iter()
                    .zip(&right.entries)
                    .all(|(left, right)| left.key == right.key && same_node(&left.value, &right.value))
        }
        (Value::Sequence(left), Value::Sequence(right)) => {
            left.items.len() == right.items.len()
                && left.items.iter().zip(&right.items).all(|(left, right)| same_node(&left.value, &right.value))
        }
        _ => false,
    };
    same_value && left.anchor == right.anchor && left.tag == right.tag
}

/// Is a plain scalar of this text a text whatever reads it: no number, no truth value, nothing?
fn is_text(scalar: &str) -> bool {
    let is_word = ["true", "false", "yes", "no", "on", "off", "y", "n", "null", ".inf", ".nan"]
        .iter()
        .any(|word| scalar.eq_ignore_ascii_case(word));
    !is_word && scalar.starts_with(|first: char| first.is_alphabetic() || first == '/')
}
