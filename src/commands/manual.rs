//! `paxx help`, `paxx completions` and `paxx man`: what packagers and shells need, from the one definition of the command line.

use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_mangen::roff::{Inline, Roff, bold, roman};

use super::{Ui, no_such};
use crate::cli::Cli;
use crate::error::Error;
use crate::render::styled::Styled;

/// Prints the completions for a shell; the exit code.
pub fn completions(ui: &Ui, shell: Shell) -> u8 {
    let mut script = Vec::new();
    let mut command = Cli::command();
    clap_complete::generate(shell, &mut command, "paxx", &mut script);
    if shell == Shell::Fish {
        script.extend(fish_words(&command).into_bytes());
    }
    ui.out(&script);
    0
}

/// What completes the words of commands in fish: its generator knows options alone.
fn fish_words(command: &clap::Command) -> String {
    let mut lines = String::new();
    for below in command.get_subcommands() {
        for argument in below.get_positionals() {
            let words: Vec<String> =
                argument.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
            if !words.is_empty() {
                let seen = format!("__fish_seen_subcommand_from {}", below.get_name());
                lines.push_str(&format!("complete -c paxx -n \"{seen}\" -f -a \"{}\"\n", words.join(" ")));
            }
        }
    }
    lines
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
    let more = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let has_commands = command.get_subcommands().next().is_some();
    let command = command.display_name(name.clone()).after_help(None::<&str>);
    let manual = clap_mangen::Man::new(command)
        .title(name.to_uppercase())
        .date(env!("PAXX_DATE"))
        .source(concat!("paxx ", env!("CARGO_PKG_VERSION")))
        .manual("paxx");
    let mut page = Vec::new();
    // Writing to a vector does not fail.
    let _ = manual.render_title(&mut page);
    let _ = manual.render_name_section(&mut page);
    let _ = manual.render_synopsis_section(&mut page);
    let _ = manual.render_description_section(&mut page);
    let _ = manual.render_options_section(&mut page);
    if has_commands {
        let _ = manual.render_subcommands_section(&mut page);
    }
    let _ = sections(&more).to_writer(&mut page);
    let _ = see_also(names).to_writer(&mut page);
    ui.out(&page);
    Ok(0)
}

/// The sections of a text: each has a line that ends in a colon, and indented lines below it.
fn sections(text: &str) -> Roff {
    let mut page = Roff::new();
    let mut is_open = false;
    for line in text.lines() {
        if let Some(heading) = line.strip_suffix(':').filter(|_| !line.starts_with(' ')) {
            if is_open {
                page.control("fi", []);
            }
            let heading = if heading == "Exit codes" { "EXIT STATUS".to_owned() } else { heading.to_uppercase() };
            page.control("SH", [heading.as_str()]);
            page.control("nf", []);
            is_open = true;
        } else if let Some(line) = line.strip_prefix("  ") {
            page.text([roman(line)]);
        }
    }
    if is_open {
        page.control("fi", []);
    }
    page
}

/// The other pages.
fn see_also(names: &[String]) -> Roff {
    let mut page = Roff::new();
    page.control("SH", ["SEE ALSO"]);
    let others: Vec<Vec<Inline>> = ["paxx", "paxx-add", "paxx-check", "paxx-remove", "paxx-undo"]
        .iter()
        .filter(|page| **page != format!("paxx-{}", names.join("-")) && !(names.is_empty() && **page == "paxx"))
        .map(|page| vec![bold(*page), roman("(1)")])
        .collect();
    page.text(others.join(&roman(", ")));
    page
}
