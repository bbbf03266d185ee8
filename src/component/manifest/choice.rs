//! An option of a component, as its manifest declares it.

use serde::Deserialize;

use super::constant::{List, Text};

/// Something that is decided when a component is added, and recorded: a back end, a language, a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Its name, behind the component's: `backend` of `email.backend`.
    pub name: Text,
    /// What is decided, as a phrase for the question.
    pub summary: Text,
    /// What may be given.
    #[serde(rename = "type")]
    pub kind: ChoiceKind,
    /// The values of `one-of`.
    #[serde(default)]
    pub values: List<Text>,
    /// The lowest `integer`.
    pub ge: Option<i64>,
    /// The highest `integer`.
    pub le: Option<i64>,
    /// What it is where nobody says anything.
    pub default: Text,
}

/// What may be given for an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChoiceKind {
    /// One of some values.
    OneOf,
    /// A name: letters, digits, `_`, `-` and `.`, so that it can stand in any text.
    Word,
    /// A whole number.
    Integer,
}

impl Choice {
    /// What is wrong with a value, as a phrase.
    ///
    /// # Errors
    ///
    /// It is not of the option's type.
    pub fn check(&self, value: &str) -> Result<(), String> {
        match self.kind {
            ChoiceKind::OneOf if self.values.iter().any(|known| known.0 == value) => Ok(()),
            ChoiceKind::OneOf => Err("is none of its values".to_owned()),
            ChoiceKind::Word => {
                let is_plain = |next: char| next.is_ascii_alphanumeric() || "_-.".contains(next);
                let is_word = value.starts_with(|first: char| first.is_ascii_alphanumeric())
                    && value.len() <= 60
                    && value.chars().all(is_plain);
                if is_word { Ok(()) } else { Err("is no name of letters, digits, `_`, `-` and `.`".to_owned()) }
            }
            ChoiceKind::Integer => {
                let is_plain = value.len() <= 18 && !value.starts_with('+');
                let number = value.parse::<i64>().ok().filter(|number| is_plain && number.to_string() == value);
                let is_in = |number: i64| {
                    self.ge.is_none_or(|least| number >= least) && self.le.is_none_or(|most| number <= most)
                };
                if number.is_some_and(is_in) { Ok(()) } else { Err(format!("is no {}", self.expected())) }
            }
        }
    }

    /// What is expected, as a phrase: `whole number from 1 to 65535`.
    pub fn expected(&self) -> String {
        match self.kind {
            ChoiceKind::OneOf => {
                let values: Vec<&str> = self.values.iter().map(|value| value.0).collect();
                format!("one of {}", values.join(", "))
            }
            ChoiceKind::Word => "a name".to_owned(),
            ChoiceKind::Integer => match (self.ge, self.le) {
                (Some(least), Some(most)) => format!("whole number from {least} to {most}"),
                (Some(least), None) => format!("whole number from {least} on"),
                (None, Some(most)) => format!("whole number up to {most}"),
                (None, None) => "whole number".to_owned(),
            },
        }
    }
}
