//! The command line: types for clap alone, from which help, completions and the man page are derived.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Add infrastructure to a FastAPI project: a diff first, then all of it or nothing.
#[derive(Debug, Parser)]
#[command(name = "paxx", version = env!("PAXX_VERSION"), max_term_width = 100, disable_help_subcommand = true)]
#[command(
    after_help = "First steps:\n  paxx list                   the components, and which of them are in this project\n  paxx info redis             what a component is, before it is added\n  paxx add redis --dry-run    what would change\n  paxx add redis              show it, ask, do it\n  paxx undo                   take it back"
)]
pub struct Cli {
    /// What to do; without it, help.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
}

/// Options of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// The project's folder [default: the nearest one at or above the current folder]
    #[arg(short = 'C', long = "project", value_name = "DIR", global = true)]
    pub project: Option<PathBuf>,
    /// The application, where there are several
    #[arg(long, value_name = "MODULE:ATTR", global = true, help_heading = "Project")]
    pub app: Option<String>,
    /// The settings class, where there are several
    #[arg(long, value_name = "PATH:CLASS", global = true, help_heading = "Project")]
    pub settings: Option<String>,
    /// The compose file, or `none` to leave compose alone
    #[arg(long, value_name = "PATH|none", global = true, help_heading = "Project")]
    pub compose: Option<String>,
    /// The compose service that runs the application, where there are several
    #[arg(long, value_name = "NAME", global = true, help_heading = "Project")]
    pub service: Option<String>,
    /// The folder for generated modules
    #[arg(long, value_name = "DIR", global = true, help_heading = "Project")]
    pub services_dir: Option<String>,
    /// Another name for a generated module whose file is there already, as in `cache=redis_cache`
    #[arg(long, value_name = "NAME=OTHER", global = true, help_heading = "Project")]
    pub module: Vec<String>,
    /// When to use colour
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub color: Color,
    /// Say less
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more
    #[arg(short, long, global = true)]
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

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add components: plan, show, ask, apply; without a name, choose from a list
    Add(Add),
    /// Take out what a component brought and no other one needs
    Remove(Remove),
    /// List the components and their state in this project
    List(List),
    /// Show what a component is, before it is added
    Info {
        /// The component
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Check whether components are installed correctly; changes nothing without --fix
    Check(Check),
    /// Explain what a finding means and how to mend it
    Explain {
        /// The code of a finding, or a component
        #[arg(value_name = "CODE")]
        code: String,
    },
    /// Take the last applied change back, byte for byte
    Undo(Undo),
    /// Show the help of paxx, or of one of its commands
    Help {
        /// The command: `add`
        #[arg(value_name = "COMMAND")]
        command: Vec<String>,
    },
    /// The components that are infrastructure: list, add, remove
    Infra {
        /// What to do with it.
        #[command(subcommand)]
        verb: Verb,
    },
    /// The components that are extensions: list, add, remove
    Ext {
        /// What to do with it.
        #[command(subcommand)]
        verb: Verb,
    },
    /// Another word for the components of both kinds: list, add, remove
    Feature {
        /// What to do with it.
        #[command(subcommand)]
        verb: Verb,
    },
    /// Print a script that completes command lines
    Completions {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: clap_complete::Shell,
    },
    /// Print the manual page of paxx, or of one of its commands
    Man {
        /// The command: `add`
        #[arg(value_name = "COMMAND")]
        command: Vec<String>,
    },
}

/// The verbs of `infra`, `ext` and `feature`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List the components and their state in this project
    List(List),
    /// Plan, show, ask, apply
    Add(Add),
    /// Take out what a component brought and no other one needs
    Remove(Remove),
}

/// `list`
#[derive(Debug, Args)]
pub struct List {
    /// The form of the output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: PlanFormat,
}

/// `add`
#[derive(Debug, Args)]
pub struct Add {
    /// The components, by name [default: chosen from a list]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// How to confirm and show it.
    #[command(flatten)]
    pub confirmation: Confirmation,
    /// Overwrite a module that is there and differs
    #[arg(long)]
    pub force: bool,
    /// Apply what can be applied though a place was not found, and print the rest as lines to paste
    #[arg(long)]
    pub allow_manual: bool,
    /// Decide on an option of a component (`paxx info` lists them); it is asked for on a terminal, else it has its default
    #[arg(long, value_name = "NAME.OPTION=VALUE")]
    pub set: Vec<String>,
    /// Write no tests for the modules
    #[arg(long)]
    pub no_tests: bool,
    /// Raise the pins and bounds of packages that exclude what a component needs
    #[arg(long)]
    pub raise_bounds: bool,
    /// The form of the plan
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: PlanFormat,
}

/// `remove`
#[derive(Debug, Args)]
pub struct Remove {
    /// The components, by name
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
    /// How to confirm and show it.
    #[command(flatten)]
    pub confirmation: Confirmation,
    /// The form of the plan
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: PlanFormat,
}

/// `undo`
#[derive(Debug, Args)]
pub struct Undo {
    /// How to confirm and show it.
    #[command(flatten)]
    pub confirmation: Confirmation,
}

/// How a change is shown and confirmed.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Confirmation {
    /// Print the diff, write nothing, ask nothing
    #[arg(long)]
    pub dry_run: bool,
    /// With --dry-run: exit 1 when there is something to change
    #[arg(long, requires = "dry_run")]
    pub exit_code: bool,
    /// Apply without asking
    #[arg(short = 'y', long, conflicts_with = "dry_run")]
    pub yes: bool,
}

/// `check`
#[derive(Debug, Args)]
pub struct Check {
    /// The components [default: those that are installed]
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// The form of the findings
    #[arg(long, value_name = "FORMAT", default_value = "full", conflicts_with = "fix")]
    pub format: CheckFormat,
    /// Report only these: codes, or how they begin (`PX3`), with commas between them
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Report all but these
    #[arg(long, value_name = "CODES", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// How often each code is found, instead of the findings
    #[arg(long, conflicts_with_all = ["fix", "diff", "format"])]
    pub statistics: bool,
    /// Mend what can be mended safely: plan, show, ask, apply
    #[arg(long)]
    pub fix: bool,
    /// Print what --fix would change, and change nothing; exit 1 when there is something
    #[arg(long, conflicts_with_all = ["fix", "format"])]
    pub diff: bool,
    /// With --fix: print the diff, write nothing, ask nothing
    #[arg(long, requires = "fix")]
    pub dry_run: bool,
    /// With --dry-run: exit 1 when there is something to change
    #[arg(long, requires = "dry_run")]
    pub exit_code: bool,
    /// With --fix: apply without asking
    #[arg(short = 'y', long, requires = "fix", conflicts_with = "dry_run")]
    pub yes: bool,
}

/// The form of a plan or a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// The form of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// With code frames.
    Full,
    /// One line each.
    Concise,
    /// For programs.
    Json,
    /// Annotations of GitHub Actions.
    Github,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}
