//! Words of the command line that name something, and what is said of those that name nothing: the nearest of the same kind.

use crate::component::{COMPONENTS, Component};
use crate::error::Error;
use crate::finding::RULES;

/// The components of these names.
pub fn components(names: &[String]) -> Result<Vec<&'static Component>, Error> {
    let mut found: Vec<&'static Component> = Vec::new();
    for name in names {
        let Some(component) = Component::find(name) else { return Err(unknown(name)) };
        if !found.iter().any(|known| known.id() == component.id()) {
            found.push(component);
        }
    }
    Ok(found)
}

/// An unknown component, with the nearest name that is known. A name is never taken for a path.
fn unknown(name: &str) -> Error {
    let parts: Vec<&str> = name.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    if name.contains(',') && !parts.is_empty() && parts.iter().all(|part| Component::find(part).is_some()) {
        let help = format!("write blanks between several: `{}`", parts.join(" "));
        return Error::Usage(format!("there is no component `{}`", name.escape_debug()), Some(help));
    }
    let known: Vec<&str> = COMPONENTS.iter().map(Component::id).collect();
    let all = COMPONENTS.iter().flat_map(|component| {
        std::iter::once(component.id()).chain(component.manifest.aliases.iter().map(|alias| alias.0))
    });
    let near = nearest(&name.to_lowercase(), all);
    let meant = near.map_or_else(|| about(name), |near| vec![near]);
    no_such_but("component", name, &meant, &known)
}

/// The components that are about this word, where it tells them from the others: by what is said of them, their packages, their
/// modules and their servers.
fn about(word: &str) -> Vec<&'static str> {
    /// A word that more of them have tells nothing.
    const MOST: usize = 3;
    /// Words that are about nothing.
    const SMALL: &[&str] = &["and", "any", "at", "by", "for", "in", "of", "off", "on", "or", "the", "with"];
    /// So long is a word whose beginning is enough.
    const LONG: usize = 5;
    let plain = |text: &str| {
        let text = text.to_lowercase();
        text.strip_suffix('s').map_or_else(|| text.clone(), str::to_owned)
    };
    let word = plain(word);
    let is_it = |text: &str| {
        text.split(|next: char| !next.is_alphanumeric())
            .map(plain)
            .any(|part| part.len() > 1 && (part == word || (word.len() >= LONG && part.starts_with(&word))))
    };
    let is_about = |component: &&Component| {
        let manifest = &component.manifest;
        is_it(manifest.summary.0)
            || manifest.dependency.iter().any(|dependency| is_it(dependency.requirement.0))
            || manifest.module.iter().any(|module| is_it(module.path.0))
            || manifest.service.iter().any(|service| is_it(service.name.0))
    };
    let found: Vec<&str> = COMPONENTS.iter().filter(is_about).map(Component::id).collect();
    if found.len() > MOST || SMALL.contains(&word.as_str()) { Vec::new() } else { found }
}

/// That there is no `kind` of this name; with the nearest of the `names` that one may give, and all that are `known`.
pub fn no_such<'a>(kind: &str, name: &str, names: impl Iterator<Item = &'a str>, known: &[&str]) -> Error {
    let near: Vec<&str> = nearest(&name.to_lowercase(), names).into_iter().collect();
    no_such_but(kind, name, &near, known)
}

/// The same, with what may be `meant`.
fn no_such_but(kind: &str, name: &str, meant: &[&str], known: &[&str]) -> Error {
    let quoted: Vec<String> = meant.iter().map(|name| format!("`{name}`")).collect();
    let meant = (!quoted.is_empty()).then(|| format!("did you mean {}?", quoted.join(" or ")));
    let known = (!known.is_empty()).then(|| format!("there are {}", known.join(", ")));
    let help: Vec<String> = meant.into_iter().chain(known).collect();
    let help = (!help.is_empty()).then(|| help.join(" "));
    Error::Usage(format!("there is no {kind} `{}`", name.escape_debug()), help)
}

/// That there is no such finding. There are too many to list them.
pub fn no_such_finding(word: &str) -> Error {
    let codes = || RULES.iter().map(|rule| rule.code);
    let near =
        nearest(&word.to_lowercase(), codes()).map(|code| format!("did you mean `{code}`? ")).unwrap_or_default();
    let (first, last) = (codes().min().unwrap_or_default(), codes().max().unwrap_or_default());
    let help = format!("{near}the codes are from {first} to {last}; each finding says its own, as in `error[{first}]`");
    Error::Usage(format!("there is no finding `{}`", word.escape_debug()), Some(help))
}

/// The name that is nearest to a word, if one is near.
pub fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let nearest = names
        .map(|candidate| (strsim::damerau_levenshtein(word, &candidate.to_lowercase()), candidate))
        .min()
        .filter(|(distance, candidate)| {
            *distance <= 2.max(candidate.len() / 3) && 2 * *distance <= word.len().max(candidate.len())
        });
    nearest.map(|(_, candidate)| candidate)
}

/// What other tools call our commands.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("install", "add"),
    ("use", "add"),
    ("uninstall", "remove"),
    ("rm", "remove"),
    ("delete", "remove"),
    ("ls", "list"),
    ("search", "list"),
    ("components", "list"),
    ("show", "info"),
    ("describe", "info"),
    ("status", "check"),
    ("doctor", "check"),
    ("verify", "check"),
    ("lint", "check"),
    ("validate", "check"),
    ("fix", "check --fix"),
    ("repair", "check --fix"),
    ("watch", "check --watch"),
    ("diff", "add NAME --dry-run"),
    ("plan", "add NAME --dry-run"),
    ("revert", "undo"),
    ("rollback", "undo"),
    ("version", "--version"),
];

/// What people ask for to begin with, and is not done here.
const OF_A_NEW_PROJECT: &[&str] = &["bootstrap", "create", "generate", "init", "new", "start"];

/// That there is no such command; behind `noun`, as in `paxx infra`, where there is one.
pub fn no_such_command(noun: Option<&str>, word: &str, known: &[&str]) -> Error {
    let lower = word.to_lowercase();
    let help = if let Some(component) = Component::find(&lower).filter(|_| noun.is_none()) {
        let name = component.id();
        format!("`paxx add {name}` adds the component, `paxx info {name}` says what it is")
    } else if let Some((_, command)) = OTHER_WORDS.iter().find(|(other, _)| *other == lower) {
        format!("did you mean `paxx {command}`?")
    } else if OF_A_NEW_PROJECT.contains(&lower.as_str()) {
        "paxx adds to a project that is there, and makes none: `paxx list` shows what it adds".to_owned()
    } else {
        return no_such("command", word, known.iter().copied(), known);
    };
    Error::Usage(format!("there is no command `{}`", word.escape_debug()), Some(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_about_few_components_or_none() {
        assert_eq!(about("prometheus"), ["metrics"]);
        assert_eq!(about("Jobs"), ["arq", "taskiq"]);
        assert_eq!(about("s3"), ["storage"]);
        assert_eq!(about("cache"), ["redis"]);
        assert_eq!(about("postgres"), ["postgis", "search", "vector"]);
        // Words of many, or of nothing.
        for word in ["on", "and", "", "s", "kubernetes", "../x"] {
            assert!(about(word).is_empty(), "{word}: {:?}", about(word));
        }
    }
}
