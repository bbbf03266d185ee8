//! What there is to say instead of carrying out a command line: help, the version, or what is wrong with it.

use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory as _, Parser as _};

use super::screen::Screen;
use super::{Ui, words};
use crate::cli::{Cli, Color};
use crate::component::Component;
use crate::error::Error;
use crate::render::styled::{Styled, visible};

/// Says it; the exit code.
pub fn instead(error: &clap::Error) -> ExitCode {
    if let Some(unknown) = unknown_command(error) {
        Ui::new(None).report(&unknown);
        return ExitCode::from(2);
    }
    let screen = if error.use_stderr() { Screen::error(Color::Auto) } else { Screen::output(Color::Auto) };
    // An error repeats arguments, where their escape sequences could not be told from clap's. So it is made of harmless ones.
    let arguments = std::env::args_os().map(|argument| visible(&argument.to_string_lossy()).into_owned());
    let again = Cli::try_parse_from(arguments).err();
    let rendered = again.as_ref().unwrap_or(error).render();
    screen.write(&Styled::from_ansi(&rendered.ansi().to_string()));
    if let Some(help) = next(error) {
        screen.write(&Styled::from(&format!("help: {help}\n")));
    }
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}

/// A word that is no command.
fn unknown_command(error: &clap::Error) -> Option<Error> {
    let ContextValue::String(word) = error.get(ContextKind::InvalidSubcommand)? else { return None };
    let mut command = Cli::command();
    let before = std::env::args().skip(1).take_while(|argument| argument != word);
    let noun = before.filter(|argument| ["infra", "ext", "feature"].contains(&argument.as_str())).last();
    if let Some(below) = noun.as_ref().and_then(|noun| command.find_subcommand(noun)) {
        command = below.clone();
    }
    let known: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    Some(words::no_such_command(noun.as_deref(), word, &known))
}

/// What to type next, where the message itself does not say it.
fn next(error: &clap::Error) -> Option<String> {
    let text = |kind| match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => Some(texts.join(" ")),
        _ => None,
    };
    match error.kind() {
        ErrorKind::MissingRequiredArgument if text(ContextKind::InvalidArg)?.contains("NAME") => {
            Some("`paxx list` shows the names of the components".to_owned())
        }
        // `paxx list redis`
        ErrorKind::UnknownArgument => {
            let component = Component::find(&text(ContextKind::InvalidArg)?)?.id();
            Some(format!(
                "`paxx info {component}` says what it is, `paxx check {component}` whether all of it is there"
            ))
        }
        _ => None,
    }
}
