//! Syntax of newer Pythons than the grammar knows, written as syntax that it does know.
//!
//! Every offset stays: what the grammar does not know is replaced by as many bytes of something that it does.
//!
//! ```text
//! class A[T = int]: ...      ->     class A[T      ]: ...
//! t"{name}"                  ->     f"{name}"
//! lazy import json           ->          import json
//! ```

use std::ops::Range;

/// A list of type parameters with more bytes of code than this is left alone.
const LONGEST: usize = 4096;

/// The text with newer syntax replaced; `None` where there is none.
pub(super) fn replaced(text: &str) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let code = line.trim_start_matches([' ', '\t', '\u{c}']);
        let begin = start + line.len() - code.len();
        if let Some(list) = type_parameters(text, begin) {
            for default in defaults(text, list) {
                for byte in bytes.get_mut(default).unwrap_or_default() {
                    if !matches!(byte, b'\n' | b'\r') {
                        *byte = b' ';
                    }
                }
            }
        }
        if code.starts_with("lazy import ") || code.starts_with("lazy from ") {
            bytes.get_mut(begin..begin + "lazy".len()).unwrap_or_default().fill(b' ');
        }
        start += line.len();
    }
    for place in template_strings(text.as_bytes()) {
        bytes[place] = b'f';
    }
    // A range that begins and ends at ASCII characters holds whole characters.
    String::from_utf8(bytes).ok().filter(|replaced| replaced != text)
}

/// What stands in the brackets behind the name of the class, function or alias that begins at `begin`.
fn type_parameters(text: &str, begin: usize) -> Option<Range<usize>> {
    let code = text.get(begin..)?;
    let code = code.strip_prefix("async ").map_or(code, str::trim_start);
    let name = ["class ", "def ", "type "].iter().find_map(|keyword| code.strip_prefix(keyword))?.trim_start();
    let rest = name.trim_start_matches(|character: char| character.is_alphanumeric() || character == '_');
    let list = rest.trim_start_matches([' ', '\t']).strip_prefix('[')?;
    let open = text.len() - list.len();
    let mut depth = 1_usize;
    // One that is never closed is not looked for to the end of each file.
    let (close, _) = code_bytes(text, open).take(LONGEST).find(|(_, byte)| {
        match byte {
            b'[' | b'(' | b'{' => depth += 1,
            b']' | b')' | b'}' => depth -= 1,
            _ => {}
        }
        depth == 0
    })?;
    Some(open..close)
}

/// The defaults of type parameters (PEP 696), each with its `=`.
fn defaults(text: &str, list: Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut depth, mut begin) = (0_usize, None);
    for (at, byte) in code_bytes(text, list.start).take_while(|(at, _)| *at < list.end) {
        match byte {
            b'[' | b'(' | b'{' => depth += 1,
            b']' | b')' | b'}' => depth = depth.saturating_sub(1),
            b'=' if depth == 0 && begin.is_none() => begin = Some(at),
            b',' if depth == 0 => found.extend(begin.take().map(|begin| begin..at)),
            _ => {}
        }
    }
    found.extend(begin.map(|begin| begin..list.end));
    found
}

/// The bytes from `from` that are in no comment and no string of one line.
fn code_bytes(text: &str, from: usize) -> impl Iterator<Item = (usize, u8)> + '_ {
    let mut quote: Option<u8> = None;
    let mut comment = false;
    text.bytes().enumerate().skip(from).filter(move |(_, byte)| {
        let (byte, was_code) = (*byte, quote.is_none() && !comment);
        match (quote, byte) {
            (_, b'\n') => (quote, comment) = (None, false),
            (None, b'#') => comment = true,
            (None, b'"' | b'\'') if !comment => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
        was_code && quote.is_none() && !comment
    })
}

/// The `t` of template strings (PEP 750), which are read as f-strings are.
fn template_strings(bytes: &[u8]) -> Vec<usize> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte >= 0x80;
    let prefixes = memchr::memchr2_iter(b'"', b'\'', bytes).filter_map(|quote| {
        let length = bytes[..quote].iter().rev().take_while(|byte| is_name(byte)).count();
        let prefix = &bytes[quote - length..quote];
        let at = prefix.iter().position(|byte| matches!(byte, b't' | b'T'))?;
        let other = |byte: &u8| matches!(byte, b'r' | b'R');
        let is_template = prefix.len() == 1 || (prefix.len() == 2 && prefix.iter().any(other));
        is_template.then_some(quote - length + at)
    });
    prefixes.collect()
}
