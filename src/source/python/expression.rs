//! The text of a Python expression, taken apart where it is simple: items of a list, a call's arguments, literals.

/// The code without blanks, comments and parentheses around it.
pub fn unwrapped(code: &str) -> &str {
    let mut code = code.trim();
    while code.starts_with('#') {
        code = code.split_once('\n').map_or("", |(_, rest)| rest).trim();
    }
    code = without_comment(code);
    while let Some(inner) = code.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        if split(inner, ',').len() > 1 || closes_early(inner) {
            break;
        }
        code = inner.trim();
    }
    code
}

/// The code without comments before its first and behind its last line.
pub fn without_comment(code: &str) -> &str {
    let mut code = code.trim();
    while code.starts_with('#') {
        code = code.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
    }
    while let Some((before, last)) = code.rsplit_once('\n')
        && last.trim_start().starts_with('#')
    {
        code = before.trim_end();
    }
    code
}

/// Do the brackets of `(a) + (b)` without its first and last one close before they open?
fn closes_early(inner: &str) -> bool {
    let mut depth = 0_i32;
    for (_, byte) in code_bytes(inner) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return true;
        }
    }
    false
}

/// `callee(arguments)`, where that is all.
pub fn call_of(code: &str) -> Option<(&str, &str)> {
    let (callee, rest) = code.split_once('(')?;
    let arguments = rest.strip_suffix(')')?;
    (callee.trim().split('.').all(is_name) && !closes_early(arguments)).then_some((callee.trim(), arguments))
}

/// The parts of the code between separators that stand in no brackets, strings and comments.
pub fn split(code: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_i32, 0);
    for (at, byte) in code_bytes(code) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            _ if depth == 0 && char::from(byte) == separator => {
                parts.push(code.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(code.get(start..).unwrap_or_default());
    parts
}

/// The bytes of the code that are in no string and no comment; the quotes are not among them.
fn code_bytes(code: &str) -> impl Iterator<Item = (usize, u8)> + '_ {
    let (mut quote, mut comment, mut escaped): (Option<u8>, bool, bool) = (None, false, false);
    code.bytes().enumerate().filter(move |(_, byte)| {
        let byte = *byte;
        if comment {
            comment = byte != b'\n';
            return false;
        }
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if byte == b'\\' => escaped = true,
            Some(open) if byte == open => quote = None,
            Some(_) => {}
            None if byte == b'"' || byte == b'\'' => quote = Some(byte),
            None if byte == b'#' => comment = true,
            None => return true,
        }
        false
    })
}

/// A string literal without its quotes.
#[derive(Clone, Copy)]
pub struct Literal<'a> {
    /// What is between the quotes, as written.
    pub text: &'a str,
    /// Is it an f-string?
    pub formatted: bool,
}

/// The literal that the code is, and the code behind it.
pub fn literal(code: &str) -> Option<(Literal<'_>, &str)> {
    let quote = code.find(['"', '\''])?;
    let prefix = code[..quote].to_ascii_lowercase();
    if !matches!(prefix.as_str(), "" | "r" | "u" | "f" | "rf" | "fr") {
        return None;
    }
    let rest = &code[quote..];
    let mark = if rest.starts_with("\"\"\"") || rest.starts_with("'''") { rest.get(..3)? } else { rest.get(..1)? };
    let (text, behind) = rest.get(mark.len()..)?.split_once(mark)?;
    (!text.contains(['\\', '\n'])).then_some((Literal { text, formatted: prefix.contains('f') }, behind))
}

/// The literal, where the code is that and nothing else.
pub fn one_literal(code: &str) -> Option<Literal<'_>> {
    literal(code).filter(|(_, behind)| behind.trim().is_empty()).map(|(literal, _)| literal)
}

/// The literals of an implicit concatenation; `None` where it is none.
pub fn literals(code: &str) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let mut rest = code.trim();
    while !rest.is_empty() {
        let (_, behind) = literal(rest)?;
        parts.push(&rest[..rest.len() - behind.len()]);
        rest = behind.trim_start();
        // A comment may stand between lines.
        while rest.starts_with('#') {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
        }
    }
    (parts.len() > 1).then_some(parts)
}

/// Is it an identifier and nothing else?
pub fn is_name(code: &str) -> bool {
    let mut characters = code.chars();
    characters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && characters.all(|character| character.is_alphanumeric() || character == '_')
}
