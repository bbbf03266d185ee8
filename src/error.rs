//! What ends a command, and the exit code that it gives.

use crate::apply::ApplyError;
use crate::finding::Problem;
use crate::project::Project;
use crate::render::Paths;

/// What ended a command without success.
#[derive(Debug)]
pub enum Error {
    /// Reasons why nothing was done, and the project whose files they speak of.
    Refused {
        /// All of them.
        problems: Vec<Problem>,
        /// The project and how its paths are shown, for code frames.
        project: Option<Box<(Project, Paths)>>,
    },
    /// Applying failed.
    Apply(ApplyError),
    /// The user said no.
    Declined,
    /// The user interrupted a question.
    Interrupted,
    /// There is nobody to ask.
    NoTerminal,
    /// Wrong usage that clap cannot tell; and what to type.
    Usage(String, Option<String>),
}

impl Error {
    /// The exit code: 1 where the user said no, 130 where he interrupted, 2 otherwise.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Declined => 1,
            Self::Interrupted | Self::Apply(ApplyError::Interrupted) => 130,
            _ => 2,
        }
    }
}

impl From<ApplyError> for Error {
    fn from(error: ApplyError) -> Self {
        Self::Apply(error)
    }
}
