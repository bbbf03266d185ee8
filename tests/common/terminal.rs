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
}

impl Terminal {
    pub fn start(sandbox: &Sandbox, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = paxx(&sandbox.project, arguments);
        command.envs(environment.iter().copied());
        Self::run(command)
    }

    /// A command on a terminal; what its output was sent to before stays so.
    pub fn run(mut command: Command) -> Self {
        command.stdin(Stdio::inherit());
        let options = Options::new().timeout_ms(Some(u64::try_from(TIMEOUT.as_millis()).expect("it is short")));
        Self { session: spawn_with_options(command, options).expect("a terminal"), said: String::new() }
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

    /// Sends keys as they are.
    #[track_caller]
    pub fn presses(&mut self, keys: &str) -> &mut Self {
        self.session.send(keys).expect("sent");
        self.session.flush().expect("sent");
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
