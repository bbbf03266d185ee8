//! YAML source, as compose files have it: keys and blocks by their place.

/// Why a file cannot be edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported {
    /// Byte offset of the place.
    pub offset: usize,
    /// A phrase: what is there.
    pub what: String,
}

/// A parsed document.
#[derive(Debug)]
pub struct Source {}

impl Source {
    /// Parses `text`.
    ///
    /// # Errors
    ///
    /// A syntax error, or more than one document.
    pub fn parse(_text: &str) -> Result<Self, Unsupported> {
        Ok(Self {})
    }
}
