//! The command line: types for clap alone, from which help, completions and the man page are derived.

mod help;
mod shared;

use std::path::PathBuf;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};

use crate::component::{COMPONENTS, Component};
use crate::finding::RULES;
use shared::Shared;
pub use shared::{AllShared, Choices, Color, Look, Place};

/// Add infrastructure to a FastAPI project: a diff first, then all of it or nothing
#[derive(Debug, Parser)]
#[command(name = "paxx", version = env!("PAXX_VERSION"), max_term_width = 100, disable_help_subcommand = true)]
#[command(disable_help_flag = true)]
#[command(after_help = help::PAXX)]
pub struct Cli {
    /// What to do; without it, help.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Which project; also behind the command.
    #[command(flatten)]
    pub place: Place,
    /// Which of several; also behind the command.
    #[command(flatten)]
    pub choices: Choices,
    /// How to say it; also behind the command.
    #[command(flatten)]
    pub look: Look,
    /// Print help
    #[arg(short, long, global = true, action = ArgAction::HelpShort)]
    pub help: Option<bool>,
}

impl Cli {
    /// The options that commands share, from before the command and from behind it.
    ///
    /// # Errors
    ///
    /// One stands before a command that it means nothing to.
    pub fn global(&self) -> Result<Global, Misplaced> {
        let (place, choices, look) = self.command.as_ref().map_or((None, None, None), Command::shared);
        let given = self.choices.given();
        if let Some(option) = given.first().filter(|_| self.command.is_some() && choices.is_none()) {
            return Err(Misplaced { option });
        }
        let place = place.unwrap_or(&self.place);
        let own = choices;
        let choices = choices.unwrap_or(&self.choices);
        let (looks, before) = (look.unwrap_or(&self.look), &self.look);
        let first = |own: &Option<String>, before: &Option<String>| own.as_ref().or(before.as_ref()).cloned();
        Ok(Global {
            project: place.project.as_ref().or(self.place.project.as_ref()).cloned(),
            app: first(&choices.app, &self.choices.app),
            settings: first(&choices.settings, &self.choices.settings),
            compose: first(&choices.compose, &self.choices.compose),
            service: first(&choices.service, &self.choices.service),
            services_dir: first(&choices.services_dir, &self.choices.services_dir),
            module: self.choices.module.iter().chain(own.map_or(&[][..], |own| &own.module)).cloned().collect(),
            color: looks.color.or(before.color).unwrap_or(Color::Auto),
            quiet: looks.quiet || before.quiet,
            verbose: looks.verbose || before.verbose,
        })
    }
}

/// An option that means nothing to the command behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Misplaced {
    /// The option.
    pub option: &'static str,
}

/// The options that commands share.
#[derive(Debug, Clone)]
pub struct Global {
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
    /// `--module`
    pub module: Vec<String>,
    /// `--color`
    pub color: Color,
    /// `--quiet`
    pub quiet: bool,
    /// `--verbose`
    pub verbose: bool,
}

/// Takes any word, and completes those of a list: what is wrong with a word is said by the command, with the nearest one.
#[derive(Clone)]
struct Words(fn() -> Vec<&'static str>);

impl TypedValueParser for Words {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.0)().into_iter().map(PossibleValue::new)))
    }
}

const COMPONENT: Words = Words(|| COMPONENTS.iter().map(Component::id).collect());
const CODE: Words = Words(|| RULES.iter().map(|rule| rule.code).collect());
const CODE_OR_COMPONENT: Words =
    Words(|| RULES.iter().map(|rule| rule.code).chain(COMPONENTS.iter().map(Component::id)).collect());
const COMMAND: Words =
    Words(|| vec!["add", "remove", "list", "info", "check", "explain", "keep", "undo", "infra", "ext", "feature"]);

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add components: plan, show, ask, apply; without a name, choose from a list
    #[command(long_about = help::ADD, before_help = help::ADD, help_template = help::TEMPLATE, after_help = help::ADD_MORE)]
    Add(Add),
    /// Take out what a component brought and no other one needs
    #[command(long_about = help::REMOVE, before_help = help::REMOVE, help_template = help::TEMPLATE, after_help = help::REMOVE_MORE)]
    Remove(Remove),
    /// List the components and their state in this project
    #[command(long_about = help::LIST, before_help = help::LIST, help_template = help::TEMPLATE, after_help = help::LIST_MORE)]
    List(List),
    /// Show what a component is, before it is added
    #[command(long_about = help::INFO, before_help = help::INFO, help_template = help::TEMPLATE, after_help = help::INFO_MORE)]
    Info {
        /// The component
        #[arg(value_name = "NAME", value_parser = COMPONENT, hide_possible_values = true)]
        name: String,
    },
    /// Check whether components are installed correctly; changes nothing without --fix
    #[command(long_about = help::CHECK, before_help = help::CHECK, help_template = help::TEMPLATE, after_help = help::CHECK_MORE)]
    Check(Check),
    /// Explain what a finding means and how to mend it
    #[command(long_about = help::EXPLAIN, before_help = help::EXPLAIN, help_template = help::TEMPLATE, after_help = help::EXPLAIN_MORE)]
    Explain {
        /// The code of a finding, or a component
        #[arg(value_name = "CODE", value_parser = CODE_OR_COMPONENT, hide_possible_values = true)]
        code: String,
    },
    /// Keep a module that you made your own: no note of it any more
    #[command(long_about = help::KEEP, before_help = help::KEEP, help_template = help::TEMPLATE, after_help = help::KEEP_MORE)]
    Keep(Keep),
    /// Take the last applied change back, byte for byte
    #[command(long_about = help::UNDO, before_help = help::UNDO, help_template = help::TEMPLATE, after_help = help::UNDO_MORE)]
    Undo(Undo),
    /// Show the help of paxx, or of one of its commands
    #[command(long_about = help::HELP, before_help = help::HELP, help_template = help::TEMPLATE, after_help = help::HELP_MORE)]
    Help {
        /// The command: `add`
        #[arg(value_name = "COMMAND", value_parser = COMMAND, hide_possible_values = true)]
        command: Vec<String>,
    },
    /// The components that are infrastructure: list, add, remove
    #[command(long_about = help::INFRA, before_help = help::INFRA, help_template = help::TEMPLATE, after_help = help::INFRA_MORE)]
    Infra {
        /// What to do with it.
        #[command(subcommand)]
        verb: Verb,
    },
    /// The components that are extensions: list, add, remove
    #[command(long_about = help::EXT, before_help = help::EXT, help_template = help::TEMPLATE, after_help = help::EXT_MORE)]
    Ext {
        /// What to do with it.
        #[command(subcommand)]
        verb: Verb,
    },
    /// Another word for the components of both kinds: list, add, remove
    #[command(long_about = help::FEATURE, before_help = help::FEATURE, help_template = help::TEMPLATE, after_help = help::FEATURE_MORE)]
    Feature {
        /// What to do with it.
        #[command(subcommand)]
        verb: Verb,
    },
    /// Print a script that completes command lines
    #[command(long_about = help::COMPLETIONS, before_help = help::COMPLETIONS, help_template = help::TEMPLATE, after_help = help::COMPLETIONS_MORE)]
    Completions {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: clap_complete::Shell,
    },
    /// Print the manual page of paxx, or of one of its commands
    #[command(long_about = help::MAN, before_help = help::MAN, help_template = help::TEMPLATE, after_help = help::MAN_MORE)]
    Man {
        /// The command: `add`
        #[arg(value_name = "COMMAND", value_parser = COMMAND, hide_possible_values = true)]
        command: Vec<String>,
    },
}

impl Command {
    fn shared(&self) -> Shared<'_> {
        match self {
            Self::Add(Add { shared, .. })
            | Self::Remove(Remove { shared, .. })
            | Self::List(List { shared, .. })
            | Self::Check(Check { shared, .. })
            | Self::Keep(Keep { shared, .. }) => shared.all(),
            Self::Undo(Undo { place, look, .. }) => (Some(place), None, Some(look)),
            Self::Infra { verb } | Self::Ext { verb } | Self::Feature { verb } => match verb {
                Verb::List(List { shared, .. })
                | Verb::Add(Add { shared, .. })
                | Verb::Remove(Remove { shared, .. }) => shared.all(),
            },
            Self::Info { .. }
            | Self::Explain { .. }
            | Self::Help { .. }
            | Self::Completions { .. }
            | Self::Man { .. } => (None, None, None),
        }
    }
}

/// The verbs of `infra`, `ext` and `feature`.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List the components and their state in this project
    #[command(long_about = help::LIST, before_help = help::LIST, help_template = help::TEMPLATE, after_help = help::LIST_MORE)]
    List(List),
    /// Add components: plan, show, ask, apply; without a name, choose from a list
    #[command(long_about = help::ADD, before_help = help::ADD, help_template = help::TEMPLATE, after_help = help::ADD_MORE)]
    Add(Add),
    /// Take out what a component brought and no other one needs
    #[command(long_about = help::REMOVE, before_help = help::REMOVE, help_template = help::TEMPLATE, after_help = help::REMOVE_MORE)]
    Remove(Remove),
}

/// `list`
#[derive(Debug, Args)]
pub struct List {
    /// The form of the output
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: PlanFormat,
    /// What other commands have too.
    #[command(flatten)]
    pub shared: AllShared,
}

/// `add`
#[derive(Debug, Args)]
pub struct Add {
    /// The components, by name [default: chosen from a list]
    #[arg(value_name = "NAME", value_parser = COMPONENT, hide_possible_values = true)]
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
    /// Raise the pins and bounds, of packages and of Python, that exclude what a component needs
    #[arg(long)]
    pub raise_bounds: bool,
    /// The form of the plan
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: PlanFormat,
    /// What other commands have too.
    #[command(flatten)]
    pub shared: AllShared,
}

/// `remove`
#[derive(Debug, Args)]
pub struct Remove {
    /// The components, by name
    #[arg(value_name = "NAME", required = true, value_parser = COMPONENT, hide_possible_values = true)]
    pub names: Vec<String>,
    /// How to confirm and show it.
    #[command(flatten)]
    pub confirmation: Confirmation,
    /// The form of the plan
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: PlanFormat,
    /// What other commands have too.
    #[command(flatten)]
    pub shared: AllShared,
}

/// `undo`
#[derive(Debug, Args)]
pub struct Undo {
    /// How to confirm and show it.
    #[command(flatten)]
    pub confirmation: Confirmation,
    /// Which project.
    #[command(flatten)]
    pub place: Place,
    /// How to say it.
    #[command(flatten)]
    pub look: Look,
}

/// `keep`
#[derive(Debug, Args)]
pub struct Keep {
    /// The modules: `services/cache.py`
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::FilePath)]
    pub paths: Vec<PathBuf>,
    /// Let paxx have them again: what was changed since they were written is a note as before
    #[arg(long)]
    pub no_more: bool,
    /// How to confirm and show it.
    #[command(flatten)]
    pub confirmation: Confirmation,
    /// What other commands have too.
    #[command(flatten)]
    pub shared: AllShared,
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
    /// Print what is longer than the screen at once
    #[arg(long)]
    pub no_pager: bool,
}

/// `check`
#[derive(Debug, Args)]
pub struct Check {
    /// The components [default: those that are installed]
    #[arg(value_name = "NAME", value_parser = COMPONENT, hide_possible_values = true)]
    pub names: Vec<String>,
    /// The form of the findings
    #[arg(long, value_name = "FORMAT", default_value = "full", conflicts_with = "fix")]
    pub format: CheckFormat,
    /// Report only these: codes, or how they begin (`PX3`), with commas between them
    #[arg(long, value_name = "CODES", value_delimiter = ',', value_parser = CODE, hide_possible_values = true)]
    pub select: Vec<String>,
    /// Report all but these
    #[arg(long, value_name = "CODES", value_delimiter = ',', value_parser = CODE, hide_possible_values = true)]
    pub ignore: Vec<String>,
    /// How often each code is found, instead of the findings
    #[arg(long, conflicts_with_all = ["fix", "diff", "format"])]
    pub statistics: bool,
    /// Check again whenever a file of the project changes, until Ctrl-C
    #[arg(long, conflicts_with_all = ["fix", "diff"])]
    pub watch: bool,
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
    /// With --fix or --diff: print what is longer than the screen at once
    #[arg(long)]
    pub no_pager: bool,
    /// What other commands have too.
    #[command(flatten)]
    pub shared: AllShared,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_knows_the_name_of_each_command() {
        use clap::CommandFactory as _;
        let offered = (COMMAND.0)();
        for command in Cli::command().get_subcommands() {
            let name = command.get_name();
            assert!(offered.contains(&name) || ["help", "completions", "man"].contains(&name), "{name}");
        }
    }
}
