//! Lists, texts and tables that are constants in the tool, and that the build reads from TOML.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

/// A list that is a constant in the tool, and is read from TOML when the tool is built.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct List<T: 'static>(pub &'static [T]);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(&[])
    }
}

impl<T: fmt::Debug> fmt::Debug for List<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("List(&")?;
        formatter.debug_list().entries(self.0).finish()?;
        formatter.write_str(")")
    }
}

impl<T> std::ops::Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.0
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The build script ends when it has written the constants: nothing is ever freed there.
        Ok(Self(Box::leak(Vec::deserialize(deserializer)?.into_boxed_slice())))
    }
}

/// A text that is a constant in the tool.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Text(pub &'static str);

impl fmt::Debug for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Text({:?})", self.0)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.0)
    }
}

impl std::ops::Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.0
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.trim().is_empty() && !text.is_empty() {
            return Err(D::Error::custom("a text of blanks alone"));
        }
        Ok(Self(Box::leak(text.into_boxed_str())))
    }
}

/// A TOML table of texts, in the order of its keys.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Table(pub &'static [(Text, Text)]);

impl fmt::Debug for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Table(&")?;
        formatter.debug_list().entries(self.0).finish()?;
        formatter.write_str(")")
    }
}

impl Table {
    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&'static str> {
        self.0.iter().find(|(name, _)| name.0 == key).map(|(_, value)| value.0)
    }
}

impl<'de> Deserialize<'de> for Table {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = std::collections::BTreeMap::<Text, Text>::deserialize(deserializer)?;
        Ok(Self(Box::leak(map.into_iter().collect::<Vec<_>>().into_boxed_slice())))
    }
}
