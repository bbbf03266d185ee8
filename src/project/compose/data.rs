//! What a compose file says, as data: what its tags, anchors and merge keys come to.

/// So many values are read. Aliases of aliases of aliases would otherwise take for ever.
pub(super) const NODE_LIMIT: usize = 100_000;

/// Services that extend each other, and files that include each other, are followed this far.
pub(super) const DEPTH_LIMIT: usize = 16;

/// A resolved value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// Nothing.
    Null,
    /// Text, as written but without quotes.
    Scalar(String),
    /// A list.
    List(Vec<Data>),
    /// A map, in the order of the text.
    Map(Vec<(String, Data)>),
    /// `!reset`: what the other file has is taken away.
    Reset,
    /// `!override`: what the other file has is replaced, not merged.
    Override(Box<Data>),
}

impl Data {
    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Scalar(text) => Some(text),
            Self::Override(inner) => inner.text(),
            _ => None,
        }
    }

    /// The value under `key` of a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|(known, _)| known == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The items of a list; of a scalar the scalar itself.
    pub fn items(&self) -> Vec<&Self> {
        match self {
            Self::List(items) => items.iter().collect(),
            Self::Scalar(_) => vec![self],
            _ => Vec::new(),
        }
    }

    /// The texts of the scalars of a list, or of the one scalar; of a map its keys.
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Map(entries) => entries.iter().map(|(key, _)| key.as_str()).collect(),
            other => other.items().into_iter().filter_map(Self::text).collect(),
        }
    }

    /// A list of `KEY=value` and of names as the map that it stands for.
    pub(super) fn into_map(self) -> Vec<(String, Self)> {
        match self {
            Self::Map(entries) => entries,
            Self::List(items) => {
                let mut entries: Vec<(String, Self)> = Vec::new();
                for item in items {
                    let Self::Scalar(written) = item else { continue };
                    let (key, value) = match written.split_once('=') {
                        Some((key, value)) => (key.to_owned(), Self::Scalar(value.to_owned())),
                        None => (written, Self::Null),
                    };
                    entries.retain(|(known, _)| *known != key);
                    entries.push((key, value));
                }
                entries
            }
            _ => Vec::new(),
        }
    }

    /// Without the marks that only say how to merge.
    pub(super) fn finished(self) -> Option<Self> {
        Some(match self {
            Self::Reset => return None,
            Self::Override(inner) => return inner.finished(),
            Self::List(items) => Self::List(items.into_iter().filter_map(Self::finished).collect()),
            Self::Map(entries) => {
                Self::Map(entries.into_iter().filter_map(|(key, value)| Some((key, value.finished()?))).collect())
            }
            other => other,
        })
    }
}
