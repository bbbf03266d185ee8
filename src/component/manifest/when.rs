//! For which values of a component's options an entry of its manifest counts.

use std::fmt;

use serde::Deserialize;
use serde::de::Deserializer;

use super::constant::{List, Text};

/// For which values of the component's options an entry counts: all of them must be among the named ones.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct When(pub &'static [(Text, List<Text>)]);

impl fmt::Debug for When {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("When(&")?;
        formatter.debug_list().entries(self.0).finish()?;
        formatter.write_str(")")
    }
}

impl When {
    /// Does the entry count with these values?
    pub fn holds<'a>(&self, value: impl Fn(&str) -> &'a str) -> bool {
        self.0.iter().all(|(option, values)| values.iter().any(|known| known.0 == value(option)))
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Values {
            One(Text),
            Several(List<Text>),
        }
        let map = std::collections::BTreeMap::<Text, Values>::deserialize(deserializer)?;
        let entries = map.into_iter().map(|(option, values)| match values {
            Values::One(value) => (option, List(&*Box::leak(Box::new([value])))),
            Values::Several(values) => (option, values),
        });
        Ok(Self(Box::leak(entries.collect::<Vec<_>>().into_boxed_slice())))
    }
}

/// The entries that count.
pub fn kept<T: Conditional + Copy>(list: List<T>, value: impl Fn(&str) -> &'static str + Copy) -> List<T> {
    if list.iter().all(|entry| entry.when().holds(value)) {
        return list;
    }
    let entries: Vec<T> = list.iter().copied().filter(|entry| entry.when().holds(value)).collect();
    List(Box::leak(entries.into_boxed_slice()))
}

/// An entry of a manifest that counts only with some values of the options.
pub trait Conditional {
    /// Which ones.
    fn when(&self) -> &When;
}
