//! What the user said about the project on the command line.

use std::path::PathBuf;

/// What the user said about the project on the command line.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `-C`
    pub project: Option<PathBuf>,
    /// `--app`
    pub app: Option<String>,
    /// `--settings`
    pub settings: Option<String>,
    /// `--compose`
    pub compose: Option<String>,
    /// `--service`
    pub service: Option<String>,
    /// `--services-dir`
    pub services_dir: Option<String>,
    /// `--module`, each `NAME=OTHER`
    pub modules: Vec<String>,
    /// Answers to what a component leaves open, each as `--set` takes it: nothing is found by them.
    pub set: Vec<String>,
    /// The folder for the state of programs (`$XDG_STATE_HOME`), where there is one.
    pub state: Option<PathBuf>,
}
