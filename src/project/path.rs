//! Paths inside the project's repository.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// A path relative to the top of the git repository (outside git, to the project's root), with `/` between its parts.
///
/// The empty path is that folder itself. There is no `..` in it: nothing outside is ever named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePath(Arc<str>);

impl FilePath {
    /// The path whose parts `path` has. `.` parts go away, `..` takes the part before it.
    ///
    /// `None` where it would leave the repository, or is absolute.
    pub fn new(path: &str) -> Option<Self> {
        if path.starts_with('/') {
            return None;
        }
        let mut parts: Vec<&str> = Vec::new();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop()?;
                }
                part => parts.push(part),
            }
        }
        Some(Self(parts.join("/").into()))
    }

    /// The path seen from the folder `base`, both absolute; `None` where it is not below that, or is not UTF-8.
    pub fn below(base: &Path, path: &Path) -> Option<Self> {
        let below = path.strip_prefix(base).ok()?;
        let parts: Option<Vec<&str>> = below.components().map(|part| part.as_os_str().to_str()).collect();
        Self::new(&parts?.join("/"))
    }

    /// The folder that all paths are relative to.
    pub fn top() -> Self {
        Self("".into())
    }

    /// The path of `below` seen from here; `None` where it would leave the repository.
    pub fn join(&self, below: &str) -> Option<Self> {
        if below.starts_with('/') {
            return None;
        }
        Self::new(format!("{}/{below}", self.0).trim_start_matches('/'))
    }

    /// The path of an entry of this folder.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        if self.0.is_empty() { Self(name.into()) } else { Self(format!("{}/{name}", self.0).into()) }
    }

    /// The folder that holds it; `None` for the top.
    pub fn parent(&self) -> Option<Self> {
        if self.0.is_empty() {
            return None;
        }
        Some(Self(self.0.rfind('/').map_or("", |at| &self.0[..at]).into()))
    }

    /// Its last part.
    pub fn name(&self) -> &str {
        self.0.rfind('/').map_or(&self.0, |at| &self.0[at + 1..])
    }

    /// The whole path, with `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// This path as seen from `folder` (`a/b` from `a` is `b`, `c` from `a` is `../c`).
    pub fn relative_to(&self, folder: &Self) -> String {
        let own: Vec<&str> = self.parts().collect();
        let from: Vec<&str> = folder.parts().collect();
        let common = own.iter().zip(&from).take_while(|(left, right)| left == right).count();
        let mut parts = vec![".."; from.len() - common];
        parts.extend(&own[common..]);
        if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
    }

    /// Is it `folder` or below it?
    pub fn is_below(&self, folder: &Self) -> bool {
        folder.0.is_empty()
            || self == folder
            || self.0.strip_prefix(&*folder.0).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Its parts, from the top.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|part| !part.is_empty())
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0.is_empty() { "." } else { &self.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_can_be_named() {
        assert_eq!(FilePath::new("../x"), None);
        assert_eq!(FilePath::new("/etc/passwd"), None);
        assert_eq!(FilePath::new("a/./b/../c").map(|path| path.to_string()).as_deref(), Some("a/c"));
        assert_eq!(FilePath::top().join("a/../../b"), None);
    }

    #[test]
    fn a_path_is_seen_from_a_folder() {
        let path = |text: &str| FilePath::new(text).expect("inside");
        assert_eq!(path("a/b/c").relative_to(&path("a")), "b/c");
        assert_eq!(path("compose.yml").relative_to(&path("a/b")), "../../compose.yml");
        assert!(path("a/b").is_below(&path("a")));
        assert!(!path("ab").is_below(&path("a")));
    }
}
