//! The options that several verbs share.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

/// Which project.
#[derive(Debug, Clone, Default, Args)]
pub struct Place {
    /// The project's folder [default: the nearest one at or above the current folder]
    #[arg(short = 'C', long = "project", value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub project: Option<PathBuf>,
}

/// Which of several; the same as in `[tool.paxx]`.
#[derive(Debug, Clone, Default, Args)]
pub struct Choices {
    /// The application, where there are several
    #[arg(long, value_name = "MODULE:ATTR", help_heading = "Project")]
    pub app: Option<String>,
    /// The settings class, where there are several
    #[arg(long, value_name = "PATH:CLASS", help_heading = "Project")]
    pub settings: Option<String>,
    /// The compose file, or `none` to leave compose alone
    #[arg(long, value_name = "PATH|none", help_heading = "Project", value_hint = ValueHint::FilePath)]
    pub compose: Option<String>,
    /// The compose service that runs the application, where there are several
    #[arg(long, value_name = "NAME", help_heading = "Project")]
    pub service: Option<String>,
    /// The folder for generated modules
    #[arg(long, value_name = "DIR", help_heading = "Project", value_hint = ValueHint::DirPath)]
    pub services_dir: Option<String>,
    /// Another name for a generated module whose file is there already, as in `cache=redis_cache`
    #[arg(long, value_name = "NAME=OTHER", help_heading = "Project")]
    pub module: Vec<String>,
}

impl Choices {
    /// The options that were given.
    pub(super) fn given(&self) -> Vec<&'static str> {
        let all = [
            ("--app", &self.app),
            ("--settings", &self.settings),
            ("--compose", &self.compose),
            ("--service", &self.service),
            ("--services-dir", &self.services_dir),
        ];
        let given = all.iter().filter(|(_, value)| value.is_some()).map(|(option, _)| *option);
        given.chain((!self.module.is_empty()).then_some("--module")).collect()
    }
}

/// How to say it.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Look {
    /// When to use colour: auto, always, never [default: auto]
    #[arg(long, value_name = "WHEN", hide_possible_values = true)]
    pub color: Option<Color>,
    /// Say less
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more
    #[arg(short, long)]
    pub verbose: bool,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The options of a command that others have too.
pub(super) type Shared<'a> = (Option<&'a Place>, Option<&'a Choices>, Option<&'a Look>);

/// The options of the commands that look at a project.
#[derive(Debug, Clone, Default, Args)]
pub struct AllShared {
    /// Which project.
    #[command(flatten)]
    pub place: Place,
    /// How to say it.
    #[command(flatten)]
    pub look: Look,
    /// Which of several.
    #[command(flatten)]
    pub choices: Choices,
}

impl AllShared {
    pub(super) fn all(&self) -> Shared<'_> {
        (Some(&self.place), Some(&self.choices), Some(&self.look))
    }
}
