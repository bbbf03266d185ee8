//! The parts of an image's name: where it is from, what it is, and which version.

use crate::project::compose::with_defaults;

/// The parts of an image's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// `ghcr.io` of `ghcr.io/owner/name:tag`.
    pub registry: Option<String>,
    /// `owner/name`
    pub repository: String,
    /// `tag`
    pub tag: Option<String>,
    /// Is it pinned by a digest?
    pub has_digest: bool,
    /// Was a part of it a variable?
    pub has_variables: bool,
}

impl Reference {
    /// The parts of `image`; variables are read with their defaults.
    pub fn parse(image: &str) -> Self {
        let expanded = with_defaults(image);
        let text = expanded.text.trim();
        let (text, has_digest) = match text.split_once('@') {
            Some((text, _)) => (text, true),
            None => (text, false),
        };
        let (path, tag) = match text.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, Some(tag.to_owned())),
            _ => (text, None),
        };
        let (registry, repository) = match path.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (Some(first.to_owned()), rest),
            _ => (None, path),
        };
        let repository = repository.trim_start_matches('/').to_owned();
        Self { registry, repository, tag, has_digest, has_variables: expanded.has_variables }
    }

    /// Is it this repository, perhaps as a mirror or another publisher has it (`docker.io/library/redis`, `bitnami/redis`)?
    pub fn is_repository(&self, repository: &str) -> bool {
        self.repository == repository
            || self.repository.strip_suffix(repository).is_some_and(|before| before.ends_with('/'))
    }

    /// The name as it is written, without a digest.
    pub(super) fn written(&self) -> String {
        let registry = self.registry.as_ref().map(|registry| format!("{registry}/")).unwrap_or_default();
        let tag = self.tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default();
        format!("{registry}{}{tag}", self.repository)
    }

    /// The first number of its tag: `16` of `16.4-alpine`, and of `pg16`.
    pub(super) fn major(&self) -> Option<String> {
        let parts = self.tag.as_deref()?.split('-');
        let numbers = parts.filter_map(|part| {
            let number = part.strip_prefix("pg").unwrap_or(part).split('.').next()?;
            let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| (part.starts_with("pg"), number.to_owned()))
        });
        let numbers: Vec<(bool, String)> = numbers.collect();
        numbers.iter().find(|(named, _)| *named).or(numbers.first()).map(|(_, number)| number.clone())
    }

    /// The last part of the repository: `name`.
    pub(super) fn name(&self) -> &str {
        self.repository.rsplit('/').next().unwrap_or(&self.repository)
    }
}
