//! Requirement specifiers as people write them: the name, and whether the bound leaves room for what is needed.
//!
//! What is not understood counts as "no bound": a guess would refuse projects that work.

use std::str::FromStr;

use pep508_rs::pep440_rs::{VersionSpecifiers, release_specifiers_to_ranges};

use crate::source::memory::Memory;

thread_local! {
    /// Each requirement of a component asks this of every entry.
    static NAMED: Memory<Option<(String, Bound)>> = Memory::default();
}

/// The versions that an entry allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// All, or it cannot be told: a URL, a path, a notation that is not understood.
    Open,
    /// Those that meet one of these.
    AnyOf(Vec<VersionSpecifiers>),
}

impl Bound {
    /// Is there no version that both this and `needed` allow?
    pub fn excludes(&self, needed: &Self) -> bool {
        match (self, needed) {
            (Self::AnyOf(own), Self::AnyOf(needed)) => {
                own.iter().all(|own| needed.iter().all(|needed| !overlap(own, needed)))
            }
            _ => false,
        }
    }
}

fn overlap(left: &VersionSpecifiers, right: &VersionSpecifiers) -> bool {
    let full = release_specifiers_to_ranges(VersionSpecifiers::empty());
    let left = full.intersection(&left.clone().into());
    !left.intersection(&right.clone().into()).is_empty()
}

/// A requirement specifier, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Specifier<'text> {
    /// The name as written.
    pub name: &'text str,
    /// The extras as written, without brackets and blanks.
    pub extras: Vec<&'text str>,
    /// The versions as written; empty where there are none.
    pub versions: &'text str,
    /// The marker as written; empty where there is none.
    pub marker: &'text str,
}

impl<'text> Specifier<'text> {
    /// Takes `name[extras] versions; marker` apart. `None` where it is something else: a URL or a path.
    pub fn parse(text: &'text str) -> Option<Self> {
        let text = text.trim();
        let length = text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte)).count();
        let (name, rest) = text.split_at_checked(length)?;
        if !name.starts_with(|first: char| first.is_ascii_alphanumeric()) {
            return None;
        }
        let rest = rest.trim_start();
        if !(rest.is_empty() || rest.starts_with(['[', '(', '<', '>', '=', '!', '~', ';', '@'])) {
            return None;
        }
        let (extras, rest) = match rest.strip_prefix('[') {
            Some(rest) => rest.split_once(']')?,
            None => ("", rest),
        };
        let extras = extras.split(',').map(str::trim).filter(|extra| !extra.is_empty()).collect();
        let rest = rest.trim_start();
        if rest.starts_with('@') {
            return Some(Self { name, extras, versions: rest, marker: "" });
        }
        let (versions, marker) = rest.split_once(';').unwrap_or((rest, ""));
        let versions = versions.trim();
        let versions = versions.strip_prefix('(').and_then(|inner| inner.strip_suffix(')')).unwrap_or(versions);
        Some(Self { name, extras, versions: versions.trim(), marker: marker.trim() })
    }

    /// The versions that it allows.
    pub fn bound(&self) -> Bound {
        pep440(self.versions).map_or(Bound::Open, |specifiers| Bound::AnyOf(vec![specifiers]))
    }
}

/// The name in its canonical form (PEP 503): lower case, with `-` for any run of `-`, `_` and `.`.
pub fn canonical(name: &str) -> String {
    let mut result = String::with_capacity(name.len());
    for character in name.chars() {
        if matches!(character, '-' | '_' | '.') {
            if !result.ends_with('-') {
                result.push('-');
            }
        } else {
            result.extend(character.to_lowercase());
        }
    }
    result
}

/// The canonical name of what a line of a requirements file or an item of a list requires, and its bound.
///
/// A URL has a name where it says so: `#egg=name`, or the file name of a wheel.
pub fn name_and_bound(text: &str) -> Option<(String, Bound)> {
    NAMED.with(|named| named.get_or_insert_with(text, || take_apart(text)))
}

fn take_apart(text: &str) -> Option<(String, Bound)> {
    if let Some(specifier) = Specifier::parse(text) {
        return Some((canonical(specifier.name), specifier.bound()));
    }
    if let Some((_, egg)) = text.split_once("#egg=") {
        let name = egg.split(['&', '[', ';', ' ']).next().unwrap_or_default();
        return (!name.is_empty()).then(|| (canonical(name), Bound::Open));
    }
    let file = text.split(['#', '?', ' ']).next()?.rsplit(['/', '\\']).next()?;
    let wheel = file.strip_suffix(".whl")?;
    Some((canonical(wheel.split('-').next()?), Bound::Open))
}

/// The versions that a constraint of Poetry allows: `^1.2`, `~1.2`, `1.*`, `>=1,<2`, `1.2 || ^2`.
pub fn poetry_bound(text: &str) -> Bound {
    let alternatives: Option<Vec<VersionSpecifiers>> =
        text.split('|').filter(|part| !part.trim().is_empty()).map(poetry_conjunction).collect();
    match alternatives {
        Some(alternatives) if !alternatives.is_empty() => Bound::AnyOf(alternatives),
        _ => Bound::Open,
    }
}

fn poetry_conjunction(text: &str) -> Option<VersionSpecifiers> {
    // `>= 1.2` is one bound, `>=1.2 <2` are two.
    let mut parts: Vec<String> = Vec::new();
    for word in text.split([',', ' ', '\t']).filter(|word| !word.is_empty()) {
        match parts.last_mut() {
            Some(last) if last.ends_with(['<', '>', '=', '!', '~', '^']) => last.push_str(word),
            _ => parts.push(word.to_owned()),
        }
    }
    let converted: Option<Vec<String>> = parts.iter().map(|part| poetry_part(part)).collect();
    pep440(&converted?.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(","))
}

/// A single bound of Poetry, as PEP 440 writes it; an empty text where it allows everything.
fn poetry_part(part: &str) -> Option<String> {
    if part == "*" {
        return Some(String::new());
    }
    if part.starts_with("~=") {
        return Some(part.to_owned());
    }
    if let Some(version) = part.strip_prefix('^') {
        let numbers = release(version)?;
        let significant = numbers.iter().position(|number| *number != 0).unwrap_or(numbers.len() - 1);
        return Some(format!(">={version},<{}", upper(&numbers, significant)?));
    }
    if let Some(version) = part.strip_prefix('~') {
        let numbers = release(version)?;
        return Some(format!(">={version},<{}", upper(&numbers, usize::from(numbers.len() > 1))?));
    }
    if part.starts_with(['<', '>', '!']) || part.starts_with("==") {
        return Some(part.to_owned());
    }
    let version = part.strip_prefix('=').unwrap_or(part);
    version.starts_with(|first: char| first.is_ascii_digit()).then(|| format!("=={version}"))
}

/// The numbers at the start of a version; at least one.
pub fn release(version: &str) -> Option<Vec<u64>> {
    let length = version.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let numbers = version.get(..length)?.trim_end_matches('.').split('.').map(str::parse);
    numbers.collect::<Result<Vec<u64>, _>>().ok().filter(|numbers| !numbers.is_empty())
}

/// The first version after all those that share the numbers up to `index`.
pub(super) fn upper(numbers: &[u64], index: usize) -> Option<String> {
    let mut numbers = numbers.get(..=index)?.to_vec();
    let last = numbers.last_mut()?;
    *last = last.checked_add(1)?;
    Some(numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join("."))
}

/// Version specifiers of PEP 440. `None` where there are none, or it is something else.
fn pep440(text: &str) -> Option<VersionSpecifiers> {
    // The conversion to ranges counts a number up: one at the end of its range would overflow.
    let longest = text.split(|character: char| !character.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    if text.is_empty() || longest > 18 {
        return None;
    }
    VersionSpecifiers::from_str(text).ok().filter(|specifiers| !specifiers.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excludes(there: &str, needed: &str) -> bool {
        let bound = |text: &str| name_and_bound(text).expect("a name").1;
        bound(there).excludes(&bound(needed))
    }

    #[test]
    fn names_are_canonical() {
        assert_eq!(canonical("Types_AioBoto3"), "types-aioboto3");
        assert_eq!(canonical("zope.interface"), "zope-interface");
        assert_eq!(canonical("a-_.b"), "a-b");
    }

    #[test]
    fn a_name_is_found_in_any_form() {
        for text in [
            "redis",
            "Redis[hiredis] >=4 ; python_version<\"3.12\"",
            "redis (>=4,<5)",
            "redis@ git+https://github.com/redis/redis-py",
            "git+https://github.com/redis/redis-py.git@v5#egg=redis&subdirectory=x",
            "https://files.example/redis-5.0.1-py3-none-any.whl#sha256=00",
            "redis~=4.5",
        ] {
            assert_eq!(name_and_bound(text).map(|(name, _)| name).as_deref(), Some("redis"), "{text}");
        }
        for text in ["./redis", "redis/thing", ".", "", "../x", "-e .", "ä", "[redis]"] {
            assert_eq!(name_and_bound(text), None, "{text}");
        }
    }

    #[test]
    fn a_bound_excludes_only_what_it_leaves_no_room_for() {
        for there in
            ["redis>=4,<5", "redis==4.5.1", "redis~=4.5", "redis<5.0.1", "redis==5.0.0", "redis==4.*", "redis<=5"]
        {
            assert!(excludes(there, "redis>=5.0.1"), "{there}");
        }
        for there in [
            "redis",
            "redis>=4",
            "redis==5.*",
            "redis~=5.0",
            "redis<6",
            "redis!=5.0.1",
            "redis==5.0.1",
            "redis===odd",
            "redis @ https://x",
            "redis==99999999999999999999",
            "redis<=5.0.1",
        ] {
            assert!(!excludes(there, "redis>=5.0.1"), "{there}");
        }
        assert!(excludes("x==0.50b0", "x>=0.65b0"));
        assert!(!excludes("x==0.65b0", "x>=0.65b0"));
        assert!(!excludes("x<1", "x"));
    }

    #[test]
    fn the_bounds_of_poetry_are_understood() {
        let needed = name_and_bound("redis>=5.0.1").expect("a name").1;
        for there in
            ["^4.5", "~4", "4.5.1", "4.*", "~4.5", ">=4,<5", ">=4 <5", "^4 || ~4.2", "=4.5", ">= 4, < 5", "^0.2.3"]
        {
            assert!(poetry_bound(there).excludes(&needed), "{there}");
        }
        for there in [
            "^5",
            "*",
            "^5.0.0",
            "~5.0",
            "5.*",
            "^4.2 || ^5",
            ">=4",
            "",
            "latest",
            "~=5.0",
            "^",
            "~",
            "^18446744073709551615",
        ] {
            assert!(!poetry_bound(there).excludes(&needed), "{there}");
        }
    }
}
