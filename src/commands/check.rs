//! `paxx check`: are the components installed correctly? Changes nothing, but by `--fix`.
//!
//! Where there is no project, every project below that has a `paxx.lock` is checked, on two threads: a project is read,
//! checked and rendered in one thread, and only plain text leaves it.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::change::Proposal;
use super::interrupt::Interrupt;
use super::{Ui, components, find_by, find_project, installed, lock_of, options, pending, unknown_in_lock};
use crate::check::{self, Finding};
use crate::cli::{Check, CheckFormat, Confirmation, Global, PlanFormat};
use crate::component::Component;
use crate::component::registry::with_required;
use crate::error::Error;
use crate::finding::{Problem, Severity};
use crate::lock::Lock;
use crate::plan;
use crate::project::Project;
use crate::project::discover::{self, Discovery, Failure, Options};
use crate::project::root;
use crate::render::Paths;
use crate::render::report::{Checked, Format, Placed, count, render};
use crate::render::styled::Look;

/// Threads for several projects: more gain little, because most of the time goes into reading files.
const THREADS: usize = 2;

/// Runs the command; the exit code.
pub fn run(ui: &Ui, global: &Global, arguments: &Check) -> Result<u8, Error> {
    let named = components(&arguments.names)?;
    let options = options(global)?;
    let below = projects_below(ui, &options);
    if arguments.fix {
        return fix(ui, global, arguments, &named, &below);
    }
    let start = pending::start(ui, global);
    for folder in if below.is_empty() { std::slice::from_ref(&start) } else { &below } {
        pending::say(ui, folder);
    }
    let request = Request { ui, named: &named, format: format(arguments.format) };
    let mut failed = false;
    let projects = if below.is_empty() {
        let recorded = discover::recorded(&ui.current, &options);
        let quick = recorded.as_ref().and_then(|discovery| request.check(discovery).ok());
        if let Some(checked) = quick.filter(|checked| !has_problems(checked)) {
            vec![checked]
        } else {
            let discovery = find_project(ui, global)?;
            lock_of(ui, &discovery)?;
            vec![request.check(&discovery).unwrap_or_default()]
        }
    } else {
        let all = request.check_all(&below, &options);
        failed = all.iter().any(|one| one.failed);
        for note in all.iter().filter_map(|one| one.note.as_ref()) {
            ui.say(note);
        }
        all.into_iter().map(|one| one.checked).collect()
    };
    ui.out(render(&projects, request.format));
    ui.note(&verdict(&projects));
    if failed {
        return Ok(2);
    }
    Ok(u8::from(projects.iter().any(has_problems)))
}

fn format(format: CheckFormat) -> Format {
    match format {
        CheckFormat::Full => Format::Full,
        CheckFormat::Concise => Format::Concise,
        CheckFormat::Json => Format::Json,
        CheckFormat::Github => Format::Github,
        CheckFormat::Sarif => Format::Sarif,
    }
}

fn has_problems(checked: &Checked) -> bool {
    checked.findings.iter().any(|placed| placed.finding.problem.rule.severity > Severity::Information)
}

/// One line about all of it.
fn verdict(projects: &[Checked]) -> String {
    let (errors, warnings) = (count(projects, Severity::Error), count(projects, Severity::Warning));
    let information = count(projects, Severity::Information);
    let scope = if projects.len() > 1 { format!("{} projects: ", projects.len()) } else { String::new() };
    if errors + warnings + information > 0 {
        return format!("{scope}{errors} error(s), {warnings} warning(s), {information} note(s)");
    }
    if projects.len() > 1 {
        return format!("{scope}all is well");
    }
    match projects.first().filter(|project| !project.components.is_empty()) {
        Some(project) => format!("{}: all is well", project.components.join(", ")),
        None => "no components are installed here".to_owned(),
    }
}

/// The projects below that have a lock, where neither the folder nor, without `-C`, one above it has one.
fn projects_below(ui: &Ui, options: &Options) -> Vec<PathBuf> {
    if root::has_lock(&ui.current, options) { Vec::new() } else { root::locked_projects(&ui.current, options) }
}

/// The components to check in a project: those that were named, else all that are installed.
fn wanted(named: &[&'static Component], lock: &Lock) -> Vec<&'static Component> {
    if named.is_empty() {
        return installed(lock).0;
    }
    // What they require is looked at too: without it they do not work.
    with_required(named).into_iter().map(|(component, _)| component).collect()
}

/// The folder of a project, as shown.
fn shown(paths: &Paths, discovery: &Discovery) -> String {
    let path = paths.show(&discovery.project.layout.root);
    if path.is_empty() { ".".to_owned() } else { path }
}

/// What to check, and how to show it.
struct Request<'a> {
    ui: &'a Ui,
    named: &'a [&'static Component],
    format: Format,
}

/// What came of one of several projects.
struct One {
    checked: Checked,
    /// Something to say about it.
    note: Option<String>,
    /// Could it not be checked?
    failed: bool,
}

impl Request<'_> {
    fn check(&self, discovery: &Discovery) -> Result<Checked, Problem> {
        if let Some(problem) = discovery.problems.first() {
            return Err(problem.clone());
        }
        let lock = discovery.lock.as_ref().map_err(Clone::clone)?;
        let paths = self.ui.paths(discovery);
        let wanted = wanted(self.named, lock);
        let mut found = Vec::new();
        for problem in pending::problems(discovery) {
            found.push(Finding { component: String::new(), requirement: String::new(), problem, fixable: false });
        }
        for name in installed(lock).1.into_iter().filter(|_| self.named.is_empty()) {
            let problem = unknown_in_lock(&discovery.project, &name);
            found.push(Finding { component: name, requirement: String::new(), problem, fixable: false });
        }
        for problem in discovery.unsearched.iter().filter(|_| self.named.is_empty()) {
            let (component, requirement) = (String::new(), String::new());
            found.push(Finding { component, requirement, problem: problem.clone(), fixable: false });
        }
        found.extend(check::findings(&discovery.project, lock, &wanted, self.named.is_empty()));
        let findings = found.into_iter().map(|finding| self.place(&discovery.project, &paths, finding)).collect();
        let path = shown(&paths, discovery);
        let components = wanted.iter().map(|component| component.id().to_owned()).collect();
        Ok(Checked { path, components, findings })
    }

    fn place(&self, project: &Project, paths: &Paths, finding: Finding) -> Placed {
        Placed::new(project, paths, finding, self.format == Format::Full, self.ui.output.look)
    }

    fn check_all(&self, folders: &[PathBuf], options: &Options) -> Vec<One> {
        let next = AtomicUsize::new(0);
        let results: Mutex<Vec<(usize, One)>> = Mutex::new(Vec::with_capacity(folders.len()));
        std::thread::scope(|scope| {
            for _ in 0..THREADS.min(folders.len()) {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let Some(folder) = folders.get(number) else { break };
                        let one = self.check_folder(folder, options);
                        if let Ok(mut results) = results.lock() {
                            results.push((number, one));
                        }
                    }
                });
            }
        });
        let mut results = results.into_inner().unwrap_or_default();
        results.sort_by_key(|(number, _)| *number);
        results.into_iter().map(|(_, one)| one).collect()
    }

    fn check_folder(&self, folder: &Path, options: &Options) -> One {
        let options = Options { project: Some(folder.to_owned()), ..options.clone() };
        // A component that was named and is not installed here is not missing here.
        let check = |discovery: &Discovery| {
            let lock = discovery.lock.as_ref().map_err(Clone::clone)?;
            let named: Vec<&'static Component> =
                self.named.iter().copied().filter(|component| lock.component(component.id()).is_some()).collect();
            if !self.named.is_empty() && named.is_empty() {
                let path = shown(&self.ui.paths(discovery), discovery);
                return Ok(Checked { path, ..Checked::default() });
            }
            Request { named: &named, ..*self }.check(discovery)
        };
        let quick = discover::recorded(folder, &options).and_then(|discovery| check(&discovery).ok());
        if let Some(checked) = quick.filter(|checked| !has_problems(checked)) {
            return One { checked, note: None, failed: false };
        }
        match discover::discover(folder, &options) {
            Ok(discovery) => match check(&discovery) {
                Ok(checked) => One { checked, note: None, failed: false },
                Err(problem) => {
                    let paths = self.ui.paths(&discovery);
                    let path = shown(&paths, &discovery);
                    One { checked: self.failure(path, &discovery.project, &paths, problem), note: None, failed: true }
                }
            },
            Err(Failure::NotAProject { problem, .. }) => {
                let note = Some(format!("{}: {}", folder.display(), problem.message));
                let path = folder.display().to_string();
                One { checked: Checked { path, ..Checked::default() }, note, failed: true }
            }
        }
    }

    fn failure(&self, path: String, project: &Project, paths: &Paths, problem: Problem) -> Checked {
        let finding = Finding { component: String::new(), requirement: String::new(), problem, fixable: false };
        Checked { path, components: Vec::new(), findings: vec![self.place(project, paths, finding)] }
    }
}

/// `check --fix`: one project after the other.
fn fix(
    ui: &Ui,
    global: &Global,
    arguments: &Check,
    named: &[&'static Component],
    below: &[PathBuf],
) -> Result<u8, Error> {
    if below.is_empty() {
        return fix_one(ui, global, arguments, named, None);
    }
    let mut code = 0;
    for folder in below {
        code = code.max(fix_one(ui, global, arguments, named, Some(folder))?);
    }
    Ok(code)
}

fn fix_one(
    ui: &Ui,
    global: &Global,
    arguments: &Check,
    named: &[&'static Component],
    folder: Option<&Path>,
) -> Result<u8, Error> {
    let watch = Interrupt::watch();
    let find = || match folder {
        None => find_project(ui, global),
        Some(folder) => find_by(ui, &Options { project: Some(folder.to_owned()), ..options(global)? }),
    };
    let start = folder.map_or_else(|| pending::start(ui, global), Path::to_owned);
    pending::settle(ui, &start, arguments.dry_run)?;
    let discovery = find()?;
    let lock = lock_of(ui, &discovery)?;
    let wanted = wanted(named, &lock);
    let plan = plan::fix(&discovery, &lock, &wanted);
    let is_empty = plan.is_empty() && plan.refusals.is_empty();
    let after = plan.after.clone();
    let mut code = 0;
    if is_empty {
        ui.note("there is nothing that can be mended safely");
    } else {
        let proposal = Proposal {
            ui,
            discovery: &discovery,
            plan,
            label: "paxx check --fix".to_owned(),
            verb: "mend",
            confirmation: Confirmation {
                dry_run: arguments.dry_run,
                exit_code: arguments.exit_code,
                yes: arguments.yes,
            },
            format: PlanFormat::Text,
        };
        code = proposal.carry_out(&watch, |_, _| {})?;
    }
    let paths = ui.paths(&discovery);
    let left: Vec<Placed> = check::findings(&after, &lock, &wanted, named.is_empty())
        .into_iter()
        .map(|finding| Placed::new(&after, &paths, finding, false, Look::default()))
        .filter(|placed| placed.finding.problem.rule.severity > Severity::Information)
        .collect();
    for placed in &left {
        ui.say(&placed.line());
        if let Some(help) = &placed.finding.problem.help {
            ui.say(&format!("    help: {help}"));
        }
    }
    let is_reported = !left.is_empty() && (!arguments.dry_run || arguments.exit_code);
    Ok(if is_reported { code.max(1) } else { code })
}
