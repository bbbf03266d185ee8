//! What there is to say instead of carrying out a command line: help, the version, or what is wrong with it.

use std::process::ExitCode;

use clap::Parser as _;

use super::screen::Screen;
use crate::cli::{Cli, Color};
use crate::render::styled::{Styled, visible};

/// Says it; the exit code.
pub fn instead(error: &clap::Error) -> ExitCode {
    let screen = if error.use_stderr() { Screen::error(Color::Auto) } else { Screen::output(Color::Auto) };
    // An error repeats arguments, where their escape sequences could not be told from clap's. So it is made of harmless ones.
    let arguments = std::env::args_os().map(|argument| visible(&argument.to_string_lossy()).into_owned());
    let again = Cli::try_parse_from(arguments).err();
    let rendered = again.as_ref().unwrap_or(error).render();
    screen.write(&Styled::from_ansi(&rendered.ansi().to_string()));
    ExitCode::from(if error.use_stderr() { 2 } else { 0 })
}
