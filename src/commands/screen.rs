//! Standard output and standard error: the only place that writes to them.
//!
//! What goes out is [`Styled`], so that no command can print text of a project past what makes it harmless on a terminal.

use std::io::{IsTerminal, Write};

use crate::cli::Color;
use crate::render::styled::{Look, Styled};

/// One of the two streams, and how it takes text. Each is asked for itself whether it is a terminal.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    stream: Stream,
    /// How it takes text.
    pub look: Look,
}

#[derive(Debug, Clone, Copy)]
enum Stream {
    Output,
    Error,
}

impl Screen {
    /// Standard output.
    pub fn output(color: Color) -> Self {
        Self { stream: Stream::Output, look: look(std::io::stdout().is_terminal(), color) }
    }

    /// Standard error.
    pub fn error(color: Color) -> Self {
        Self { stream: Stream::Error, look: look(std::io::stderr().is_terminal(), color) }
    }

    /// Writes. It never fails: a reader that went away is no reason for a backtrace.
    pub fn write(self, text: &Styled) {
        self.steer(&text.encode(self.look));
    }

    /// Steers the terminal: with bytes of ours alone.
    pub fn steer(self, bytes: &[u8]) {
        let _ = match self.stream {
            Stream::Output => write(&mut std::io::stdout().lock(), bytes),
            Stream::Error => write(&mut std::io::stderr().lock(), bytes),
        };
    }
}

fn write(stream: &mut dyn Write, bytes: &[u8]) -> std::io::Result<()> {
    stream.write_all(bytes)?;
    stream.flush()
}

fn look(terminal: bool, color: Color) -> Look {
    // https://no-color.org: set and not empty.
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let no_color = is_set("NO_COLOR");
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let colour = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => terminal && !no_color && !is_dumb,
    };
    // Whoever wants no colour wants no links; what collects the output of a pipeline shows them as they are written.
    let is_plain = !terminal || !colour || no_color || is_dumb || is_set("CI");
    Look { colour, terminal, links: !is_plain && supports_hyperlinks::supports_hyperlinks() }
}
