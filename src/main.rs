//! Parses the command line, dispatches, and gives the exit code; nothing else.

use std::process::ExitCode;

use clap::Parser;
use paxx::cli::Cli;
use paxx::commands;

/// A `check` of many projects makes and frees much; by its feature `override` the parsers in C use it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return commands::instead(&error),
    };
    commands::run(&cli)
}
