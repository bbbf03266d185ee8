//! Python source: classes, functions, imports and calls by their place.

/// A parsed module.
#[derive(Debug)]
pub struct Source {}

impl Source {
    /// Parses `text`.
    pub fn parse(_text: &str) -> Self {
        Self {}
    }
}
