//! `paxx add` without a name: the components, to choose from.

use std::fmt::Write as _;

use super::{Ui, components, prompt};
use crate::component::{COMPONENTS, Component};
use crate::error::Error;
use crate::lock::Lock;

/// Asks which components to add.
pub fn choose(ui: &Ui, lock: &Lock) -> Result<Vec<&'static Component>, Error> {
    let mut table = String::from("Components\n");
    let width = COMPONENTS.iter().map(|component| component.id().len()).max().unwrap_or_default();
    for (number, component) in COMPONENTS.iter().enumerate() {
        let requires: Vec<&str> = component.manifest.requires.iter().map(|name| name.0).collect();
        let requires =
            if requires.is_empty() { String::new() } else { format!(" (brings {} along)", requires.join(", ")) };
        let state = if lock.component(component.id()).is_some() { "  [installed]" } else { "" };
        let _ = writeln!(
            table,
            "  {:2}  {:width$}  {}{requires}{state}",
            number + 1,
            component.id(),
            component.manifest.summary
        );
    }
    ui.say(&table);
    loop {
        let line = prompt::line(ui, "Which ones? Names or numbers with blanks between them; nothing to cancel");
        let words: Vec<String> = line
            .unwrap_or_default()
            .split(|next: char| next.is_whitespace() || next == ',')
            .filter(|word| !word.is_empty())
            .map(|word| named(word).map_or_else(|| word.to_owned(), |component| component.id().to_owned()))
            .collect();
        if words.is_empty() {
            return Err(Error::Declined);
        }
        match components(&words) {
            Ok(chosen) => return Ok(chosen),
            Err(error) => ui.report(&error),
        }
    }
}

/// That nothing is named, where there is nobody to ask.
pub fn nothing_named() -> Error {
    let known: Vec<&str> = COMPONENTS.iter().map(Component::id).collect();
    let help = format!("name one or several: `paxx add NAME`; there are {}", known.join(", "));
    Error::Usage("no component is named".to_owned(), Some(help))
}

/// The component of a number of the list.
fn named(word: &str) -> Option<&'static Component> {
    COMPONENTS.get(word.parse::<usize>().ok()?.checked_sub(1)?)
}
