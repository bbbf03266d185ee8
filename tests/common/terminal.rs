//! The program on a pseudo-terminal: what it says there, and what is typed.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rexpect::process::WaitStatus;
use rexpect::session::{Options, PtySession, spawn_with_options};

use super::{Sandbox, paxx};

const TIMEOUT: Duration = Duration::from_secs(60);

/// The program on a terminal.
pub struct Terminal {
    pub session: PtySession,
    said: String,
    /// Rows and columns, where they were set.
    size: (u16, u16),
}

impl Terminal {
    pub fn start(sandbox: &Sandbox, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = paxx(&sandbox.project, arguments);
        command.envs(environment.iter().copied());
        Self::run(command)
    }

    /// The program on a terminal of this size.
    pub fn sized(sandbox: &Sandbox, arguments: &[&str], rows: u16, columns: u16) -> Self {
        let program = paxx(&sandbox.project, arguments);
        let mut command = Command::new("sh");
        // The size is the terminal's own, so it is set there.
        command.args(["-c", &format!("stty rows {rows} cols {columns} && exec \"$@\""), "sh"]);
        command.arg(program.get_program()).args(program.get_args()).current_dir(&sandbox.project);
        super::clean(&mut command);
        let mut terminal = Self::run(command);
        terminal.size = (rows, columns);
        terminal
    }

    /// Presses a key, or several.
    #[track_caller]
    pub fn presses(&mut self, keys: &str) -> &mut Self {
        self.session.send(keys).expect("sent");
        self.session.flush().expect("sent");
        self
    }

    /// What stands on the screen, when nothing more comes.
    pub fn screen(&mut self) -> vt100::Parser {
        let mut quiet = Instant::now();
        while quiet.elapsed() < Duration::from_millis(400) {
            match self.session.try_read() {
                Some(byte) => {
                    self.said.push(byte);
                    quiet = Instant::now();
                }
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        }
        let bytes: Vec<u8> = self.said.chars().map(|byte| u8::try_from(u32::from(byte)).expect("a byte")).collect();
        let mut parser = vt100::Parser::new(self.size.0, self.size.1, 0);
        parser.process(&bytes);
        parser
    }

    /// The rows of the screen, without blanks at their ends.
    pub fn rows(&mut self) -> Vec<String> {
        let columns = self.size.1;
        self.screen().screen().rows(0, columns).map(|row| row.trim_end().to_owned()).collect()
    }

    /// A command on a terminal; what its output was sent to before stays so.
    pub fn run(mut command: Command) -> Self {
        command.stdin(Stdio::inherit());
        let options = Options::new().timeout_ms(Some(u64::try_from(TIMEOUT.as_millis()).expect("it is short")));
        Self { session: spawn_with_options(command, options).expect("a terminal"), said: String::new(), size: (24, 80) }
    }

    /// Waits until this is said.
    #[track_caller]
    pub fn hears(&mut self, text: &str) -> &mut Self {
        match self.session.exp_string(text) {
            Ok(before) => self.said += &(before + text),
            Err(error) => panic!("`{text}` is not said: {error}\nbefore it:\n{}", self.said),
        }
        self
    }

    #[track_caller]
    pub fn types(&mut self, line: &str) -> &mut Self {
        self.session.send_line(line).expect("sent");
        self
    }

    /// Waits for the end; the exit code, and all that was said: a character for each byte.
    #[track_caller]
    pub fn ends(mut self, code: i32) -> String {
        self.said += &self.session.exp_eof().expect("the end");
        let start = Instant::now();
        loop {
            match self.session.process().status() {
                Some(WaitStatus::Exited(_, ended)) => {
                    assert_eq!(ended, code, "the exit code\n{}", self.said);
                    return self.said;
                }
                Some(WaitStatus::StillAlive) if start.elapsed() < TIMEOUT => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                other => panic!("it ends with {other:?}\n{}", self.said),
            }
        }
    }
}
