//! One file a verb; what they share: finding the project, showing a plan, asking, applying.

mod add;
mod after;
mod change;
mod check;
mod choose;
mod explain;
mod info;
mod interrupt;
mod invocation;
mod keep;
mod list;
mod manual;
mod options;
mod pager;
mod pending;
mod prompt;
mod question;
mod remove;
mod screen;
mod undo;
mod usage;
mod words;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use invocation::Invocation;
use screen::Screen;
pub use usage::instead;
use words::{components, nearest, no_such, no_such_finding};

use crate::cli::{Cli, Color, Command, Confirmation, Global, Verb};
use crate::component::manifest::Kind;
use crate::component::{COMPONENTS, Component};
use crate::error::Error;
use crate::finding::{self, Problem};
use crate::lock::{self, Lock};
use crate::plan::Plan;
use crate::project::discover::{self, Discovery};
use crate::project::opened::Opened;
use crate::project::options::Options;
use crate::project::root::Failure;
use crate::project::{Project, configuration, disk};
use crate::render::styled::Styled;
use crate::render::{Paths, findings};

/// Carries out what the command line says.
pub fn run(cli: &Cli) -> ExitCode {
    let global = cli.global();
    let ui = Ui::new(global.as_ref().ok());
    let done = match &global {
        Ok(global) => dispatch(&ui, cli, global),
        Err(misplaced) => Err(Error::Usage(
            format!("`{}` means nothing to this command", misplaced.option),
            Some("leave it out; `paxx help COMMAND` lists what a command takes".to_owned()),
        )),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            ui.report(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn dispatch(ui: &Ui, cli: &Cli, global: &Global) -> Result<u8, Error> {
    if let Some(error) = wrong_folder(ui, global) {
        return Err(error);
    }
    let Some(command) = &cli.command else { return manual::help(ui, &[]) };
    match command {
        Command::Add(arguments) => add::run(ui, global, "paxx", arguments),
        Command::Remove(arguments) => remove::run(ui, global, "paxx", arguments),
        Command::List(arguments) => list::run(ui, global, None, arguments),
        Command::Info { name } => info::run(ui, name),
        Command::Infra { verb } => by_noun(ui, global, "paxx infra", Some(Kind::Infra), verb),
        Command::Ext { verb } => by_noun(ui, global, "paxx ext", Some(Kind::Ext), verb),
        Command::Feature { verb } => by_noun(ui, global, "paxx feature", None, verb),
        Command::Help { command } => manual::help(ui, command),
        Command::Check(arguments) => check::run(ui, global, arguments),
        Command::Explain { code } => explain::run(ui, code),
        Command::Keep(arguments) => keep::run(ui, global, arguments),
        Command::Undo(arguments) => undo::run(ui, global, arguments),
        Command::Completions { shell } => Ok(manual::completions(ui, *shell)),
        Command::Man { command } => manual::page(ui, command),
    }
}

/// A verb behind a noun: the same as the verb alone, but that a list is of one kind.
fn by_noun(ui: &Ui, global: &Global, called: &str, kind: Option<Kind>, verb: &Verb) -> Result<u8, Error> {
    match verb {
        Verb::List(arguments) => list::run(ui, global, kind, arguments),
        Verb::Add(arguments) => add::run(ui, global, called, arguments),
        Verb::Remove(arguments) => remove::run(ui, global, called, arguments),
    }
}

/// Where output goes, and how it looks.
#[derive(Debug)]
pub struct Ui {
    /// Standard output.
    pub output: Screen,
    /// Standard error.
    pub error: Screen,
    /// Say less.
    pub quiet: bool,
    /// Say more.
    pub verbose: bool,
    /// The current folder.
    pub current: PathBuf,
    /// The command line.
    pub invocation: Invocation,
}

impl Ui {
    fn new(global: Option<&Global>) -> Self {
        let color = global.map_or(Color::Auto, |global| global.color);
        Self {
            output: Screen::output(color),
            error: Screen::error(color),
            quiet: global.is_some_and(|global| global.quiet),
            verbose: global.is_some_and(|global| global.verbose),
            current: std::env::current_dir().unwrap_or_default(),
            invocation: Invocation::current(),
        }
    }

    /// Writes data to standard output.
    pub fn out(&self, data: impl Into<Styled>) {
        self.output.write(&data.into());
    }

    /// Writes a note to standard error, unless the user wants less.
    pub fn note(&self, text: impl Into<Styled>) {
        if !self.quiet {
            self.say(text);
        }
    }

    /// Writes whole lines to standard error.
    pub fn say(&self, text: impl Into<Styled>) {
        let mut text = text.into();
        if !text.ends_line() {
            text.push("\n");
        }
        self.error.write(&text);
    }

    /// Paths as this user sees them.
    pub fn paths(&self, discovery: &Discovery) -> Paths {
        let current = disk::canonical_folder(&self.current).unwrap_or_else(|| self.current.clone());
        Paths::new(discovery.base.clone(), current)
    }

    fn report(&self, error: &Error) {
        match error {
            Error::Refused { problems, project } => {
                let (project, paths) = project.as_deref().map(|(project, paths)| (project, paths)).unzip();
                for problem in problems {
                    self.say(findings::full(problem, project, paths, self.error.look, None));
                    if let Some(question) = &problem.question {
                        self.say(&question::commands(self, question));
                    }
                }
            }
            Error::Apply(error) => {
                self.say(&format!("error: {error}"));
                if let Some(help) = error.help() {
                    self.say(&format!("help: {help}"));
                }
            }
            Error::Declined => self.say("nothing was changed"),
            Error::Interrupted => self.say("interrupted; nothing was changed"),
            Error::NoTerminal => {
                self.say("error: there is no terminal to ask on, so nothing was changed\nhelp: apply without asking by `--yes`, or look first with `--dry-run`");
            }
            Error::Usage(message, help) => {
                self.say(&format!("error: {message}"));
                if let Some(help) = help {
                    self.say(&format!("help: {help}"));
                }
            }
        }
    }
}

/// The folder for the state of programs of this user: `$XDG_STATE_HOME`, else `~/.local/state`.
pub fn state_folder() -> Option<PathBuf> {
    let given = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let usual = || std::env::home_dir().filter(|home| home.is_absolute()).map(|home| home.join(".local/state"));
    given.or_else(usual)
}

/// What the user said about the project.
pub fn options(global: &Global) -> Result<Options, Error> {
    let options = Options {
        project: global.project.clone(),
        app: global.app.clone(),
        settings: global.settings.clone(),
        compose: global.compose.clone(),
        service: global.service.clone(),
        services_dir: global.services_dir.clone(),
        modules: global.module.clone(),
        set: Vec::new(),
        state: state_folder(),
    };
    if let Some(folder) = options.services_dir.as_ref().filter(|folder| !configuration::is_package_folder(folder)) {
        let problem = configuration::no_package_folder(folder);
        return Err(Error::Refused { problems: vec![problem], project: None });
    }
    if let Some(problem) = options.modules.iter().find_map(|pair| configuration::module_name(pair).err()) {
        return Err(Error::Refused { problems: vec![problem], project: None });
    }
    Ok(options)
}

/// How a command looks for its project.
#[derive(Debug, Clone, Copy)]
pub struct Search {
    /// May it ask?
    pub ask: bool,
    /// What it does about what a killed run left behind in a project below; whether it wrote files.
    pub settle: fn(&Ui, &Path) -> Result<bool, Error>,
}

impl Search {
    /// Of a command that changes nothing.
    pub fn reading(ui: &Ui) -> Self {
        let settle = |ui: &Ui, folder: &Path| {
            pending::say(ui, folder);
            Ok(false)
        };
        Self { ask: prompt::can_ask(ui), settle }
    }

    /// Of a command that writes, unless it only shows what it would write.
    pub fn writing(ui: &Ui, confirmation: &Confirmation) -> Self {
        let settle = if confirmation.dry_run {
            |ui: &Ui, folder: &Path| pending::settle(ui, folder, true)
        } else {
            |ui: &Ui, folder: &Path| pending::settle(ui, folder, false)
        };
        Self { ask: prompt::can_ask(ui) && !confirmation.dry_run && !confirmation.yes, settle }
    }

    /// The same, but that it does not ask where a program reads the output.
    #[must_use]
    pub fn unless(self, is_for_programs: bool) -> Self {
        Self { ask: self.ask && !is_for_programs, ..self }
    }
}

/// Finds the project that the user is in, or named.
pub fn find_project(ui: &Ui, global: &Global, search: Search) -> Result<Discovery, Error> {
    find_by(ui, &mut options(global)?, search)
}

/// Finds the project that the options name, if something can be said of it. Where there is none, it is the only one below, or the
/// one that is chosen; the options name it then.
pub fn find_by(ui: &Ui, options: &mut Options, search: Search) -> Result<Discovery, Error> {
    find_again(ui, options, search, &Opened::default())
}

/// The same in a run that has `opened` files already.
pub fn find_again(ui: &Ui, options: &mut Options, search: Search, opened: &Opened) -> Result<Discovery, Error> {
    let discovery = match discover::discover_again(&ui.current, options, opened) {
        Ok(discovery) => discovery,
        Err(Failure::NotAProject { problem, below }) => {
            let may_differ = enter(ui, options, &problem, &below, search)?;
            let opened = if may_differ { Opened::default() } else { opened.clone() };
            discover::discover_again(&ui.current, options, &opened).map_err(|failure| match failure {
                Failure::NotAProject { problem, .. } => Error::Refused { problems: vec![problem], project: None },
            })?
        }
    };
    if discovery.problems.is_empty() {
        return Ok(discovery);
    }
    Err(refused(ui, &discovery, discovery.problems.clone()))
}

/// Goes into a project below: the only one, or the one that is chosen. Says whether files may differ from what was read.
fn enter(ui: &Ui, options: &mut Options, problem: &Problem, below: &[String], search: Search) -> Result<bool, Error> {
    let mut waited = false;
    let given = options.project.clone().unwrap_or_default();
    if let [only] = below {
        let folder = given.join(only);
        ui.note(&format!("note: there is no project here, and one below: this is about `{}`", folder.display()));
        options.project = Some(folder);
    } else if below.is_empty() || !search.ask {
        let mut problem = problem.clone();
        for candidate in problem.question.iter_mut().flat_map(|question| &mut question.candidates) {
            candidate.value = given.join(&candidate.value).to_string_lossy().into_owned();
        }
        return Err(Error::Refused { problems: vec![problem], project: None });
    } else {
        waited = question::ask(ui, std::slice::from_ref(problem), options)?;
    }
    let wrote = (search.settle)(ui, &ui.current.join(options.project.clone().unwrap_or_default()))?;
    Ok(waited || wrote)
}

/// Plans, asks what the plan leaves open, and plans again with the answers, until nothing is open.
///
/// Where nobody can be asked, the refusals have commands that answer all of it.
pub fn plan_with_answers(
    ui: &Ui,
    options: &mut Options,
    search: Search,
    mut discovery: Discovery,
    plan: impl Fn(&mut Discovery, &Options) -> Result<Plan, Error>,
) -> Result<(Discovery, Plan), Error> {
    /// The application, the settings, the compose file and its service.
    const MOST: usize = 4;
    let mut planned = plan(&mut discovery, options)?;
    for _ in 0..MOST {
        if !search.ask || !question::ask(ui, &planned.refusals, options)? {
            break;
        }
        discovery = find_by(ui, options, search)?;
        planned = plan(&mut discovery, options)?;
    }
    if !search.ask {
        let mut assumed = options.clone();
        let mut answers = question::assume(&planned.refusals, &mut assumed);
        let mut next = !answers.is_empty();
        for _ in 1..MOST {
            // What is open only once the first question is answered.
            let again = || discover::discover_again(&ui.current, &assumed, &discovery.opened).ok();
            let again = next.then(again).flatten();
            let Some(more) = again.and_then(|mut again| plan(&mut again, &assumed).ok()) else { break };
            let found = question::assume(&more.refusals, &mut assumed);
            next = !found.is_empty();
            answers.extend(found);
        }
        if !planned.bounds.is_empty() {
            answers.push(("raise-bounds", String::new()));
        }
        let last = planned.refusals.iter_mut().rev().find_map(|problem| problem.question.as_mut());
        if let Some(question) = last.filter(|_| answers.len() > 1) {
            question.together = answers;
        }
    }
    Ok((discovery, planned))
}

/// What is wrong with the folder that `-C` names, whatever the command makes of it.
fn wrong_folder(ui: &Ui, global: &Global) -> Option<Error> {
    let folder = global.project.as_ref()?;
    if disk::canonical_folder(&ui.current.join(folder)).is_some() {
        return None;
    }
    let shown = folder.display();
    let is_there = disk::has_entry(&ui.current, &folder.to_string_lossy());
    let what = if is_there { format!("`{shown}` is no folder") } else { format!("there is no folder `{shown}`") };
    let help = match folder.parent().filter(|_| is_there) {
        Some(parent) if parent.as_os_str().is_empty() => "give `-C` the folder that it is in: `-C .`".to_owned(),
        Some(parent) => format!("give `-C` the folder that it is in: `-C {}`", parent.display()),
        None => "give `-C` the folder of a FastAPI project".to_owned(),
    };
    let problem = Problem::new(&finding::NOT_A_PROJECT, what).help(help);
    Some(Error::Refused { problems: vec![problem], project: None })
}

/// The lock of a project that was found.
pub fn lock_of(ui: &Ui, discovery: &Discovery) -> Result<Lock, Error> {
    discovery.lock.clone().map_err(|problem| refused(ui, discovery, vec![problem]))
}

/// Reasons why nothing is done in a project that was found.
pub fn refused(ui: &Ui, discovery: &Discovery, problems: Vec<Problem>) -> Error {
    Error::Refused { problems, project: Some(Box::new((discovery.project.clone(), ui.paths(discovery)))) }
}

/// The components that are installed, by the lock; and the names there that this paxx does not know.
pub fn installed(lock: &Lock) -> (Vec<&'static Component>, Vec<String>) {
    let known = COMPONENTS.iter().filter(|component| lock.component(component.id()).is_some()).collect();
    let names = lock.components.iter().map(|entry| entry.name.clone());
    (known, names.filter(|name| Component::find(name).is_none()).collect())
}

/// A problem of a component name in `paxx.lock` that this version does not know.
pub fn unknown_in_lock(project: &Project, name: &str) -> Problem {
    let path = project.layout.root.child(lock::NAME);
    Problem::new(
        &finding::LOCK_NEWER,
        format!("`paxx.lock` names the component `{name}`, which this paxx does not know"),
    )
    .at(&path, lock::place_of(project.text(&path).unwrap_or_default(), name))
    .help("update paxx")
}
