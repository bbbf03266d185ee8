//! The text of a scalar, out of what is written: quotes, escapes and folded lines.

/// Lines of a plain or quoted scalar, joined as YAML joins them.
pub(super) fn folded(written: &str) -> String {
    let mut result = String::with_capacity(written.len());
    let mut empty = 0;
    for (index, line) in written.lines().enumerate() {
        let line = if index == 0 { line.trim_end() } else { line.trim() };
        if line.is_empty() && index > 0 {
            empty += 1;
            continue;
        }
        if index > 0 {
            if empty == 0 {
                result.push(' ');
            } else {
                result.push_str(&"\n".repeat(empty));
            }
        }
        empty = 0;
        result.push_str(line);
    }
    result
}

pub(super) fn single_quoted(written: &str) -> String {
    let inner = written.strip_prefix('\'').unwrap_or(written);
    let inner = inner.strip_suffix('\'').unwrap_or(inner);
    let inner = inner.replace("''", "'");
    if inner.contains('\n') { folded(&inner) } else { inner }
}

pub(super) fn double_quoted(written: &str) -> String {
    let inner = written.strip_prefix('"').unwrap_or(written);
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    let inner = if inner.contains('\n') { folded(inner) } else { inner.to_owned() };
    let mut result = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            result.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => result.push('\n'),
            Some('t') => result.push('\t'),
            Some('r') => result.push('\r'),
            Some('0') => result.push('\0'),
            Some(kind @ ('x' | 'u' | 'U')) => {
                let length = match kind {
                    'x' => 2,
                    'u' => 4,
                    _ => 8,
                };
                let digits: String = characters.by_ref().take(length).collect();
                let decoded = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                result.push(decoded.unwrap_or('\u{fffd}'));
            }
            Some(other) => result.push(other),
            None => result.push('\\'),
        }
    }
    result
}

/// The text of `|` and `>`, near enough to look for words in it: chomping and deeper lines are not told apart.
pub(super) fn block_text(written: &str) -> String {
    let mut lines = written.lines();
    let folds = lines.next().is_some_and(|header| header.starts_with('>'));
    let lines: Vec<&str> = lines.map(str::trim).collect();
    lines.join(if folds { " " } else { "\n" })
}

/// Has a block scalar the "keep" indicator in its header?
pub(super) fn keeps(written: &str) -> bool {
    let header = written.lines().next().unwrap_or_default();
    header.split('#').next().is_some_and(|header| header.contains('+'))
}
