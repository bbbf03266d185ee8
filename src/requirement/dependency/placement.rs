//! Where an entry belongs in a list of packages, and how a string is written there.

use super::specifier::{canonical, name_and_bound};

/// After which entry a new one belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// Before all others.
    First,
    /// After the one with this index.
    After(usize),
}

/// Where `name` belongs among `entries`: in its place where they are sorted, else at the end.
///
/// Sorted means by canonical names, or by the text as it stands, without regard to case; one entry has no order.
pub fn place(entries: &[&str], requirement: &str) -> Option<Placement> {
    let last = entries.len().checked_sub(1)?;
    let name = |text: &str| name_and_bound(text).map_or_else(|| canonical(text), |(name, _)| name);
    let by_text = |text: &str| text.to_lowercase();
    let index = sorted_index(entries, requirement, name).or_else(|| sorted_index(entries, requirement, by_text));
    Some(match index {
        Some(0) => Placement::First,
        Some(index) => Placement::After(index - 1),
        None => Placement::After(last),
    })
}

/// How many of the sorted `entries` come before `requirement`; `None` where they are not sorted.
fn sorted_index(entries: &[&str], requirement: &str, key: impl Fn(&str) -> String) -> Option<usize> {
    let keys: Vec<String> = entries.iter().map(|entry| key(entry)).collect();
    if keys.len() < 2 || keys.windows(2).any(|pair| pair[0] > pair[1]) {
        return None;
    }
    let own = key(requirement);
    Some(keys.partition_point(|key| *key <= own))
}

/// `text` as a TOML string, in the quotes of `like` (a string as written) where they can hold it.
pub fn quoted(text: &str, like: Option<&str>) -> String {
    let single = like.is_some_and(|like| like.starts_with('\'') && !like.starts_with("'''"));
    if (single || text.contains('"')) && !text.contains('\'') {
        format!("'{text}'")
    } else {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// The indentation that the file's lists have: of its first indented line that begins with a string, else four blanks.
pub fn indentation_unit(text: &str) -> &str {
    for line in text.lines() {
        let content = line.trim_start_matches([' ', '\t']);
        if content.len() < line.len() && content.starts_with(['"', '\'']) {
            return &line[..line.len() - content.len()];
        }
    }
    "    "
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sorted_list_stays_sorted() {
        assert_eq!(place(&[], "redis"), None);
        assert_eq!(place(&["uvicorn"], "redis"), Some(Placement::After(0)));
        assert_eq!(place(&["fastapi", "uvicorn"], "redis[hiredis]>=5"), Some(Placement::After(0)));
        assert_eq!(place(&["fastapi", "SQLAlchemy"], "arq"), Some(Placement::First));
        assert_eq!(place(&["uvicorn", "fastapi"], "redis"), Some(Placement::After(1)));
        // By text, `-` is before `>`: the order of `sort`.
        assert_eq!(place(&["pydantic-settings>=2", "pydantic>=2"], "redis"), Some(Placement::After(1)));
        assert_eq!(place(&["pydantic>=2", "pydantic-settings>=2"], "redis"), Some(Placement::After(1)));
    }

    #[test]
    fn a_string_takes_the_quotes_of_its_neighbour() {
        assert_eq!(quoted("redis", Some("\"a\"")), "\"redis\"");
        assert_eq!(quoted("redis", Some("'a'")), "'redis'");
        assert_eq!(quoted("x; python_version < \"3.12\"", Some("\"a\"")), "'x; python_version < \"3.12\"'");
        assert_eq!(quoted("x\"'", None), "\"x\\\"'\"");
    }
}
