//! `paxx add` without a name: the components, to choose from.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use inquire::list_option::ListOption;
use inquire::validator::Validation;
use inquire::{InquireError, MultiSelect};

use super::{Ui, components, pager, prompt, question};
use crate::component::{COMPONENTS, Component};
use crate::error::Error;
use crate::lock::Lock;

/// So many rows of the list are shown at once, where the window has them.
const ROWS: usize = 16;

/// Rows of the window for the question, for what is wrong with an answer, and for the help, which may take two.
const AROUND: usize = 6;

/// Columns before the name of a component: the cursor, the box, and one that stays empty behind the row.
const BESIDE: usize = 7;

/// A component on one line: what it is, what it brings along, and whether it is there.
struct Row {
    component: &'static Component,
    text: String,
}

impl fmt::Display for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// The rows; in a window of so many columns each is one row there, and what a component is gives way.
fn rows(lock: &Lock, columns: usize) -> impl Iterator<Item = Row> {
    let width = COMPONENTS.iter().map(|component| component.id().len()).max().unwrap_or_default();
    COMPONENTS.iter().map(move |component| {
        let requires: Vec<&str> = component.manifest.requires.iter().map(|name| name.0).collect();
        let requires =
            if requires.is_empty() { String::new() } else { format!(" (brings {} along)", requires.join(", ")) };
        let state = if lock.component(component.id()).is_some() { "  [installed]" } else { "" };
        let room = columns.saturating_sub(BESIDE + width + 2 + requires.len() + state.len());
        let summary = shortened(component.manifest.summary.0, room);
        let text = format!("{:width$}  {summary}{requires}{state}", component.id());
        Row { component, text }
    })
}

/// The text, or as much of it as there is room for.
fn shortened(text: &str, room: usize) -> Cow<'_, str> {
    match text.char_indices().nth(room) {
        None => Cow::Borrowed(text),
        Some(_) => Cow::Owned(text.chars().take(room.saturating_sub(1)).chain(['…']).collect()),
    }
}

/// Asks which components to add.
pub fn choose(ui: &Ui, lock: &Lock) -> Result<Vec<&'static Component>, Error> {
    if !question::can_redraw() {
        return by_line(ui, lock);
    }
    let (columns, height) = pager::size(ui.error).unwrap_or((usize::MAX, ROWS + AROUND));
    // What is called so comes before what only speaks of it.
    let scorer = |typed: &str, row: &Row, text: &str, _: usize| {
        let typed = typed.trim().to_lowercase();
        let fits = text.to_lowercase().contains(&typed);
        fits.then(|| i64::from(row.component.id().starts_with(&typed)))
    };
    let chosen = MultiSelect::new("Which components?", rows(lock, columns).collect())
        .with_help_message("arrows move, space chooses one or several, typing filters, Enter takes them, Esc cancels")
        .with_page_size(ROWS.min(height.saturating_sub(AROUND)).max(1))
        .with_keep_filter(false)
        .with_scorer(&scorer)
        .with_formatter(&|chosen| {
            let names: Vec<&str> = chosen.iter().map(|row| row.value.component.id()).collect();
            names.join(", ")
        })
        .with_validator(|chosen: &[ListOption<&Row>]| {
            let nothing = "nothing is chosen: the space bar chooses what `>` is at, Esc cancels";
            Ok(if chosen.is_empty() { Validation::Invalid(nothing.into()) } else { Validation::Valid })
        })
        .with_render_config(question::look(ui))
        .prompt();
    match chosen {
        Ok(chosen) => Ok(chosen.into_iter().map(|row| row.component).collect()),
        Err(InquireError::OperationInterrupted) => Err(Error::Interrupted),
        Err(InquireError::OperationCanceled) => Err(Error::Declined),
        Err(_) => Err(Error::NoTerminal),
    }
}

/// The same for a terminal that only takes lines.
fn by_line(ui: &Ui, lock: &Lock) -> Result<Vec<&'static Component>, Error> {
    let mut table = String::from("Components\n");
    for (number, row) in rows(lock, usize::MAX).enumerate() {
        let _ = writeln!(table, "  {:2}  {row}", number + 1);
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
