//! Env files: variables by their place, also those that are commented out.
//!
//! What a value means (quotes, escapes, references) is not read here; only how far it reaches.

use std::ops::Range;
use std::rc::Rc;

use super::memory::Memory;
use super::text;

/// A variable of an env file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name as written.
    pub name: String,
    /// From the start of its line to the end of its value, with any comment after it, without the line ending.
    pub range: Range<usize>,
    /// Is it commented out (`# REDIS_URL=...`)?
    pub commented: bool,
    /// Is it written with `export`?
    pub export: bool,
}

thread_local! {
    /// Each variable of a component asks for all that are there.
    static READ: Memory<Rc<Vec<Variable>>> = Memory::default();
}

/// The variables of an env file, in order.
pub fn variables(text: &str) -> Rc<Vec<Variable>> {
    READ.with(|read| read.get_or_insert_with(text, || Rc::new(read_all(text))))
}

fn read_all(text: &str) -> Vec<Variable> {
    let mut found = Vec::new();
    let mut start = text::bom_length(text);
    while start < text.len() {
        let mut end = text::line_end(text, start);
        let line = text.get(start..end).unwrap_or_default();
        let content = line.trim_start();
        let uncommented = content.trim_start_matches('#').trim_start();
        let commented = uncommented.len() < content.len();
        if let Some((name, export, value)) = assignment(uncommented) {
            // Prose may hold an equals sign: what is commented out has no blank before it.
            if !commented || uncommented.contains(&format!("{name}=")) {
                if !commented {
                    let value_start = start + line.len() - value.len();
                    end = end_of_value(text, value_start, end);
                }
                found.push(Variable { name: name.to_owned(), range: start..end, commented, export });
            }
        }
        start = text::next_line(text, end.min(text.len()));
    }
    found
}

/// The value in the text of a variable, without quotes and without a comment behind it; `None` for a name alone.
pub fn value(variable: &str) -> Option<&str> {
    let (name, _, rest) = assignment(variable.trim())?;
    let value = rest.trim();
    if value.is_empty() {
        return variable.get(variable.find(name)? + name.len()..)?.contains('=').then_some("");
    }
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\'' | '`'));
    let quoted = quote.and_then(|quote| value[1..].split_once(quote)).map(|(inside, _)| inside);
    let plain = value.split(" #").next().unwrap_or(value).trim_end();
    Some(quoted.unwrap_or(if plain.starts_with('#') { "" } else { plain }))
}

/// Name, `export`, and what stands after the `=`. A name alone counts: its value comes from elsewhere.
fn assignment(content: &str) -> Option<(&str, bool, &str)> {
    let rest = content.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t']));
    let (export, content) = rest.map_or((false, content), |rest| (true, rest.trim_start()));
    let length = content.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte)).count();
    let (name, rest) = content.split_at_checked(length)?;
    if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let rest = rest.trim_start();
    match rest.strip_prefix('=') {
        Some(value) => Some((name, export, value)),
        None => rest.is_empty().then_some((name, export, rest)),
    }
}

/// Where the value that begins at `start` ends: the end of its line, or of the line with its closing quote.
fn end_of_value(text: &str, start: usize, end_of_line: usize) -> usize {
    let Some(rest) = text.get(start..) else { return end_of_line };
    let value = rest.trim_start_matches([' ', '\t']);
    let Some(quote) = value.chars().next().filter(|quote| matches!(quote, '"' | '\'' | '`')) else {
        return end_of_line;
    };
    let mut escaped = false;
    for (at, character) in value.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if character == '\\' && quote == '"' {
            escaped = true;
        } else if character == quote {
            return text::line_end(text, start + (rest.len() - value.len()) + at);
        }
    }
    // A quote that is never closed is a character like any other.
    end_of_line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<(String, bool)> {
        read_all(text).into_iter().map(|variable| (variable.name, variable.commented)).collect()
    }

    fn only(name: &str, commented: bool) -> Vec<(String, bool)> {
        vec![(name.to_owned(), commented)]
    }

    #[test]
    fn a_value_is_without_quotes_and_comments() {
        for (variable, expected) in [
            ("A=1", Some("1")),
            ("export A = 1 # one", Some("1")),
            ("A='x # y' # z", Some("x # y")),
            ("A=\"\"", Some("")),
            ("A=", Some("")),
            ("A= # none", Some("")),
            ("A=a#b", Some("a#b")),
            ("A='open", Some("'open")),
            ("A", None),
        ] {
            assert_eq!(value(variable), expected, "{variable}");
        }
    }

    #[test]
    fn a_variable_is_found_in_any_form() {
        for text in ["A=1", "export A=1", "A = 1", "  A=", "A", "\u{feff}A=1\r\n", "export\tA='x'"] {
            assert_eq!(names(text), only("A", false), "{text}");
        }
        for text in ["#A=1", "# A=", "## export A=1", "#\tA=1 # why"] {
            assert_eq!(names(text), only("A", true), "{text}");
        }
    }

    #[test]
    fn prose_is_no_variable() {
        for text in
            ["# set A to 1", "# A", "", "# see A = b", "exporting A", "1A=2", "# === A ===", "#", "ä=1", "# A: x=1"]
        {
            assert_eq!(names(text), [], "{text}");
        }
    }

    #[test]
    fn a_quoted_value_may_span_lines() {
        let text = "A=\"one\nB=2 \\\"\nC\" # end\nD='x\nE=1'\nF=\"open\nG=1\n";
        let found: Vec<(String, &str)> =
            read_all(text).into_iter().map(|variable| (variable.name, &text[variable.range])).collect();
        let expected = [("A", "A=\"one\nB=2 \\\"\nC\" # end"), ("D", "D='x\nE=1'"), ("F", "F=\"open"), ("G", "G=1")];
        assert_eq!(found, expected.map(|(name, text)| (name.to_owned(), text)));
    }
}
