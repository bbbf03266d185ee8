//! `paxx help`, `paxx completions` and `paxx man`: what packagers and shells need, from the one definition of the command line.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::{Ui, no_such};
use crate::cli::Cli;
use crate::error::Error;
use crate::render::styled::Styled;

/// Prints the completions for a shell; the exit code.
pub fn completions(ui: &Ui, shell: Shell) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "paxx", &mut script);
    ui.out(&script);
    0
}

/// Prints the help of the command that `names` lead to; the exit code.
pub fn help(ui: &Ui, names: &[String]) -> Result<u8, Error> {
    let rendered = find(names)?.render_help().ansi().to_string();
    ui.out(Styled::from_ansi(&rendered));
    Ok(0)
}

/// The command that `names` lead to.
fn find(names: &[String]) -> Result<clap::Command, Error> {
    let mut command = Cli::command();
    command.build();
    for name in names {
        let Some(below) = command.find_subcommand(name) else {
            let known: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
            return Err(no_such("command", name, known.iter().copied(), &known));
        };
        command = below.clone();
    }
    Ok(command)
}

/// Prints the manual page of the command that `names` lead to; the exit code.
pub fn page(ui: &Ui, names: &[String]) -> Result<u8, Error> {
    let command = find(names)?;
    // A page is called as the files are that packages install: `paxx-infra-add`.
    let name = std::iter::once("paxx").chain(names.iter().map(String::as_str)).collect::<Vec<_>>().join("-");
    let mut page = Vec::new();
    // Writing to a vector does not fail.
    let _ = clap_mangen::Man::new(command.display_name(name)).render(&mut page);
    ui.out(&page);
    Ok(0)
}
