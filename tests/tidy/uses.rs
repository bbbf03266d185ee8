//! Which file uses which: every `use` and every path in the code, followed through re-exports to the file that has the item.
//!
//! A text is read as tokens, without comments, strings and tests; no macro is expanded.

use std::collections::{BTreeMap, BTreeSet};

/// A source file, as this module sees it.
struct Module {
    file: String,
    /// What names mean here that a `use` brought: the path that it named.
    names: BTreeMap<String, Vec<String>>,
    /// Paths in the code, with the line.
    paths: Vec<(usize, Vec<String>)>,
    /// The leaves of every `use`, with the line.
    uses: Vec<(usize, Vec<String>)>,
}

/// All files of a crate.
pub struct Uses {
    modules: BTreeMap<Vec<String>, Module>,
}

/// That a file uses something of another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrow {
    /// The file, below `src/`.
    pub from: String,
    /// The line in it.
    pub line: usize,
    /// The file that has what is used.
    pub to: String,
    /// What is used.
    pub path: String,
}

impl Uses {
    /// Reads files: each its path below `src/`, and its text without tests.
    pub fn read(sources: &[(String, String)]) -> Self {
        let modules = sources.iter().filter(|(file, _)| file != "main.rs").map(|(file, text)| {
            let path = module_path(file);
            let (uses, paths) = paths_of(&tokens(text));
            let uses: Vec<(usize, Vec<String>, String)> =
                uses.into_iter().map(|(line, leaf, name)| (line, absolute(&path, leaf), name)).collect();
            let names = uses.iter().map(|(_, leaf, name)| (name.clone(), leaf.clone())).collect();
            let uses = uses.into_iter().map(|(line, leaf, _)| (line, leaf)).collect();
            let paths = paths.into_iter().map(|(line, used)| (line, absolute(&path, used))).collect();
            (path, Module { file: file.clone(), names, paths, uses })
        });
        Self { modules: modules.collect() }
    }

    /// The paths that a file names as they are written, those of `use` in full.
    pub fn written(&self, file: &str) -> Vec<(usize, String)> {
        let module = self.modules.values().find(|module| module.file == file);
        let all = module.into_iter().flat_map(|module| module.uses.iter().chain(&module.paths));
        all.map(|(line, path)| (*line, path.join("::"))).collect()
    }

    /// Who uses whom.
    pub fn arrows(&self) -> Vec<Arrow> {
        let mut arrows = Vec::new();
        for (path, module) in &self.modules {
            for (line, used) in module.uses.iter().chain(&module.paths) {
                let full = match used.first().map(String::as_str) {
                    Some("crate") => used.clone(),
                    Some(first) => match module.names.get(first) {
                        Some(known) if known.first().is_some_and(|first| first == "crate") => {
                            known.iter().chain(&used[1..]).cloned().collect()
                        }
                        // A child of this module.
                        _ => ["crate".to_owned()].iter().chain(path).chain(used).cloned().collect(),
                    },
                    None => continue,
                };
                let Some(to) = self.owner(&full[1..], 0) else { continue };
                if to != module.file {
                    arrows.push(Arrow {
                        from: module.file.clone(),
                        line: *line,
                        to: to.to_owned(),
                        path: full.join("::"),
                    });
                }
            }
        }
        arrows.sort();
        arrows
    }

    /// The file that has the item of this path, which begins at the top of the crate, or that is the module of this path. `None` for
    /// what is of another crate.
    fn owner(&self, path: &[String], depth: usize) -> Option<&str> {
        let known = (0..=path.len()).rev().find(|end| self.modules.contains_key(&path[..*end]))?;
        let module = &self.modules[&path[..known]];
        let Some(item) = path.get(known) else { return Some(&module.file) };
        match module.names.get(item) {
            Some(other) if depth < 8 => match other.first().map(String::as_str) {
                Some("crate") => {
                    let full: Vec<String> = other[1..].iter().chain(&path[known + 1..]).cloned().collect();
                    self.owner(&full, depth + 1)
                }
                Some(first) if self.modules.contains_key(&[&path[..known], &[first.to_owned()]].concat()) => {
                    let full: Vec<String> =
                        path[..known].iter().chain(other).chain(&path[known + 1..]).cloned().collect();
                    self.owner(&full, depth + 1)
                }
                _ => None,
            },
            // What begins with a name of another crate is no item of ours.
            _ if known == 0 => None,
            _ => Some(&module.file),
        }
    }
}

/// Is `file` the head of the module that `part` is a part of? Such a pair is one module: the head names its parts, and the parts use
/// the words of their head.
fn is_head_of(file: &str, part: &str) -> bool {
    let (head, part) = (module_path(file), module_path(part));
    part.len() > head.len() && part.starts_with(&head)
}

/// Circles of files, each with one arrow for each step of the way round. What a part uses of the head of its module is no step.
pub fn circles(arrows: &[Arrow]) -> Vec<Vec<Arrow>> {
    let mut next: BTreeMap<&str, BTreeMap<&str, &Arrow>> = BTreeMap::new();
    for arrow in arrows.iter().filter(|arrow| !is_head_of(&arrow.to, &arrow.from)) {
        next.entry(&arrow.from).or_default().entry(&arrow.to).or_insert(arrow);
    }
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for start in next.keys() {
        if seen.contains(start) {
            continue;
        }
        if let Some(circle) = way(&next, start) {
            seen.extend(circle.iter().map(|arrow| arrow.from.as_str()));
            found.push(circle.into_iter().cloned().collect());
        }
    }
    found
}

/// The shortest way from a file back to itself.
fn way<'a>(next: &BTreeMap<&'a str, BTreeMap<&'a str, &'a Arrow>>, start: &str) -> Option<Vec<&'a Arrow>> {
    let mut came: BTreeMap<&str, &Arrow> = BTreeMap::new();
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(file) = queue.pop_front() {
        for (to, arrow) in next.get(file).into_iter().flatten() {
            if *to == start {
                let mut steps = vec![*arrow];
                while steps[0].from != start {
                    steps.insert(0, came[steps[0].from.as_str()]);
                }
                return Some(steps);
            }
            if !came.contains_key(to) {
                came.insert(to, arrow);
                queue.push_back(to);
            }
        }
    }
    None
}

fn module_path(file: &str) -> Vec<String> {
    let stem = file.strip_suffix(".rs").unwrap_or(file);
    let stem = stem.strip_suffix("/mod").unwrap_or(stem);
    if stem == "lib" { Vec::new() } else { stem.split('/').map(str::to_owned).collect() }
}

/// A path with `self`, `super` and the crate's own name resolved, as seen from a module.
fn absolute(module: &[String], path: Vec<String>) -> Vec<String> {
    let mut here: Vec<String> = module.to_vec();
    let mut rest = path.as_slice();
    match rest.first().map(String::as_str) {
        Some("crate" | "paxx") => here.clear(),
        Some("self" | "super") => {}
        _ => return path,
    }
    while let Some(first) = rest.first() {
        match first.as_str() {
            "super" => drop(here.pop()),
            "self" | "crate" | "paxx" => {}
            _ => break,
        }
        rest = &rest[1..];
    }
    ["crate".to_owned()].into_iter().chain(here).chain(rest.iter().cloned()).collect()
}

/// Does a raw string begin here?
fn raw_string_at(text: &[char]) -> bool {
    let text = text.strip_prefix(&['b']).unwrap_or(text);
    let Some(rest) = text.strip_prefix(&['r']) else { return false };
    rest.iter().find(|sign| **sign != '#') == Some(&'"')
}

/// Words, `::` and other signs, with their lines.
fn tokens(text: &str) -> Vec<(usize, String)> {
    let bytes: Vec<char> = text.chars().collect();
    let (mut at, mut line) = (0, 1);
    let mut found = Vec::new();
    let get = |at: usize| bytes.get(at).copied().unwrap_or('\0');
    while at < bytes.len() {
        let here = bytes[at];
        if here == '\n' {
            line += 1;
            at += 1;
        } else if here == '/' && get(at + 1) == '/' {
            while at < bytes.len() && bytes[at] != '\n' {
                at += 1;
            }
        } else if raw_string_at(&bytes[at..]) {
            let mut hashes = 0;
            while bytes[at] != '"' {
                hashes += usize::from(bytes[at] == '#');
                at += 1;
            }
            let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
            at += 1;
            while at < bytes.len() && !bytes[at..].starts_with(&end) {
                line += usize::from(bytes[at] == '\n');
                at += 1;
            }
            at += end.len();
        } else if here == '"' {
            at += 1;
            while at < bytes.len() && bytes[at] != '"' {
                line += usize::from(bytes[at] == '\n');
                if bytes[at] == '\\' {
                    line += usize::from(get(at + 1) == '\n');
                    at += 1;
                }
                at += 1;
            }
            at += 1;
        } else if here == '\'' && (get(at + 1) == '\\' || get(at + 2) == '\'') {
            at += if get(at + 1) == '\\' { 3 } else { 2 };
            while at < bytes.len() && bytes[at] != '\'' {
                at += 1;
            }
            at += 1;
        } else if here.is_alphanumeric() || here == '_' {
            let start = at;
            while get(at).is_alphanumeric() || get(at) == '_' {
                at += 1;
            }
            found.push((line, bytes[start..at].iter().collect()));
        } else if here == ':' && get(at + 1) == ':' {
            found.push((line, "::".to_owned()));
            at += 2;
        } else {
            if !here.is_whitespace() {
                found.push((line, here.to_string()));
            }
            at += 1;
        }
    }
    found
}

type Leaf = (usize, Vec<String>, String);

/// The leaves of every `use`, each with the name that it brings, and the other paths.
fn paths_of(tokens: &[(usize, String)]) -> (Vec<Leaf>, Vec<(usize, Vec<String>)>) {
    let (mut uses, mut paths) = (Vec::new(), Vec::new());
    let mut at = 0;
    let is_word = |at: usize| {
        tokens.get(at).is_some_and(|(_, token)| token.chars().all(|sign| sign.is_alphanumeric() || sign == '_'))
    };
    while at < tokens.len() {
        let (line, token) = &tokens[at];
        if token == "use" {
            at = leaves(tokens, at + 1, &[], &mut uses);
        } else if is_word(at) && (at == 0 || tokens[at - 1].1 != "::") {
            let mut path = vec![token.clone()];
            while tokens.get(at + 1).is_some_and(|(_, token)| token == "::") && is_word(at + 2) {
                path.push(tokens[at + 2].1.clone());
                at += 2;
            }
            if path.len() > 1 {
                paths.push((*line, path));
            }
            at += 1;
        } else {
            at += 1;
        }
    }
    (uses, paths)
}

/// Reads one tree of a `use`, and says where it ends.
fn leaves(tokens: &[(usize, String)], mut at: usize, before: &[String], found: &mut Vec<Leaf>) -> usize {
    let mut path = before.to_vec();
    let line = tokens.get(at).map_or(0, |(line, _)| *line);
    let mut name = None;
    while let Some((_, token)) = tokens.get(at) {
        match token.as_str() {
            "::" => {}
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|(_, token)| token != "}") {
                    at = leaves(tokens, at, &path, found);
                    at += usize::from(tokens.get(at).is_some_and(|(_, token)| token == ","));
                }
                return at + 1;
            }
            "," | "}" | ";" => break,
            "as" => {
                name = tokens.get(at + 1).map(|(_, name)| name.clone());
                at += 1;
            }
            // The module itself, among what is used of it.
            "self" if !path.is_empty() && path.last().is_none_or(|last| last != "super") => {}
            word => path.push(word.to_owned()),
        }
        at += 1;
    }
    let name = name.or_else(|| path.last().cloned()).unwrap_or_default();
    found.push((line, path, name));
    at
}
