//! `paxx check`: are the components installed correctly? Changes nothing, but by `--fix`.
//!
//! Where there is no project, every project below that has a `paxx.lock` is checked, on two threads: a project is read,
//! checked and rendered in one thread, and only plain text leaves it.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::after::Next;
use super::change::Proposal;
use super::interrupt::Interrupt;
use super::{
    Search, Ui, components, find_again, find_by, installed, lock_of, no_such_finding, options, pending, unknown_in_lock,
};
use crate::check::suppression::{self, Ignored};
use crate::check::{self, Finding};
use crate::cli::{Check, CheckFormat, Confirmation, Global, PlanFormat};
use crate::component::Component;
use crate::component::registry::with_required;
use crate::error::Error;
use crate::finding::{Problem, Severity, is_selector};
use crate::lock::Lock;
use crate::plan;
use crate::project::Project;
use crate::project::discover::{self, Discovery};
use crate::project::opened::Opened;
use crate::project::options::Options;
use crate::project::root::Failure;
use crate::project::{disk, root, watch};
use crate::render::Paths;
use crate::render::placed::{Checked, Placed, count};
use crate::render::report::{Format, render, statistics};
use crate::render::styled::Look;

/// Threads for several projects: more gain little, because most of the time goes into reading files.
const THREADS: usize = 2;

/// How long `--watch` waits before it looks again.
const PAUSE: Duration = Duration::from_millis(300);

/// Runs the command; the exit code.
pub fn run(ui: &Ui, global: &Global, arguments: &Check) -> Result<u8, Error> {
    if !arguments.watch {
        return once(ui, global, arguments);
    }
    let watch = Interrupt::watch();
    let start = pending::start(ui, global);
    let options = options(global)?;
    let base = discover::discover(&ui.current, &options)
        .map_or_else(|_| start.clone(), |found| found.base.join(found.project.layout.root.as_str()));
    let base = disk::canonical_folder(&base).unwrap_or(base);
    loop {
        // What changes while it is checked is checked again.
        let state = watch::state(&base);
        match once(ui, global, arguments) {
            // A file that is half written is no reason to end.
            Err(error @ Error::Refused { .. }) => ui.report(&error),
            result => {
                result?;
            }
        }
        ui.note("watching; Ctrl-C ends it\n");
        while watch::state(&base) == state {
            std::thread::sleep(PAUSE);
            if watch.came() {
                return Ok(watch.exit_code());
            }
        }
    }
}

fn once(ui: &Ui, global: &Global, arguments: &Check) -> Result<u8, Error> {
    let named = components(&arguments.names)?;
    let wish = Wish::of(arguments)?;
    let options = options(global)?;
    let opened = Opened::default();
    let below = projects_below(ui, &options, &opened);
    if arguments.fix || arguments.diff {
        return fix(ui, global, arguments, &named, &wish, &below);
    }
    let start = pending::start(ui, global);
    for folder in if below.is_empty() { std::slice::from_ref(&start) } else { &below } {
        pending::say(ui, folder);
    }
    let request = Request { ui, named: &named, wish: &wish, format: format(arguments.format) };
    let mut failed = false;
    let projects = if below.is_empty() {
        let recorded = discover::recorded(&ui.current, &options, &opened);
        let quick = recorded.as_ref().and_then(|discovery| request.check(discovery).ok());
        if let Some(checked) = quick.filter(|checked| !has_problems(checked)) {
            vec![checked]
        } else {
            let discovery = find_again(ui, &mut options.clone(), Search::reading(ui), &opened)?;
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
    if arguments.statistics {
        ui.out(&statistics(&projects));
    } else {
        ui.out(render(&projects, request.format, ui.verbose));
    }
    ui.note(&verdict(&projects, ui.verbose));
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
    let mut reported = checked.findings.iter().filter(|placed| placed.suppressed.is_none());
    reported.any(|placed| placed.finding.problem.rule.severity > Severity::Information)
}

/// Which findings the user asks for.
struct Wish {
    select: Vec<String>,
    ignore: Vec<String>,
}

impl Wish {
    fn of(arguments: &Check) -> Result<Self, Error> {
        if let Some(word) = arguments.select.iter().chain(&arguments.ignore).find(|word| !is_selector(word)) {
            return Err(no_such_finding(word));
        }
        Ok(Self { select: arguments.select.clone(), ignore: arguments.ignore.clone() })
    }

    fn has(&self, problem: &Problem) -> bool {
        let is_in = |list: &[String]| list.iter().any(|selector| problem.rule.is_selected_by(selector));
        (self.select.is_empty() || is_in(&self.select)) && !is_in(&self.ignore)
    }
}

/// One line about each of several projects that is not well, and one about all of it.
fn verdict(projects: &[Checked], notes: bool) -> String {
    let mut lines: Vec<String> = Vec::new();
    if let [_, _, ..] = projects {
        for project in projects {
            lines.push(format!("{}: {}", project.path, figures(std::slice::from_ref(project), notes)));
        }
        lines.push(format!("{} projects: {}", projects.len(), figures(projects, notes)));
        return lines.join("\n");
    }
    let well = match projects.first().filter(|project| !project.components.is_empty()) {
        Some(project) => format!("{}: ", project.components.join(", ")),
        None if projects.iter().all(|project| project.findings.is_empty()) => {
            return "no components are installed here".to_owned();
        }
        None => String::new(),
    };
    let scope = if projects.iter().any(has_problems) { String::new() } else { well };
    format!("{scope}{}", figures(projects, notes))
}

/// How many there are of each severity, and of those that can be mended and that nothing is said of.
fn figures(projects: &[Checked], notes: bool) -> String {
    let (errors, warnings) = (count(projects, Severity::Error), count(projects, Severity::Warning));
    let information = count(projects, Severity::Information);
    let hint = if notes { "" } else { " (`-v` shows them)" };
    let mut parts: Vec<String> = Vec::new();
    if errors + warnings == 0 {
        parts.push("all is well".to_owned());
        parts.extend((information > 0).then(|| format!("{information} note(s){hint}")));
    } else {
        parts.push(format!("{errors} error(s), {warnings} warning(s), {information} note(s)"));
    }
    let all = || projects.iter().flat_map(|project| &project.findings);
    let ignored = all().filter(|placed| placed.suppressed.is_some()).count();
    parts.extend((ignored > 0).then(|| format!("{ignored} ignored")));
    let fixable = all().filter(|placed| placed.suppressed.is_none() && placed.finding.fixable).count();
    parts.extend((fixable > 0).then(|| format!("[*] {fixable} fixable with `--fix`")));
    parts.join("; ")
}

/// The projects below that have a lock, where neither the folder nor, without `-C`, one above it has one.
fn projects_below(ui: &Ui, options: &Options, opened: &Opened) -> Vec<PathBuf> {
    if root::has_lock(&ui.current, options) { Vec::new() } else { root::locked_projects(&ui.current, options, opened) }
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
    wish: &'a Wish,
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
        if self.named.is_empty() {
            for problem in suppression::unused(&discovery.project, &found) {
                let (component, requirement) = (String::new(), String::new());
                found.push(Finding { component, requirement, problem, fixable: false });
            }
        }
        found.retain(|finding| self.wish.has(&finding.problem));
        found.sort_by_key(|finding| finding.problem.at.as_ref().map(|at| (at.path.clone(), at.range.start)));
        let ignored = Ignored::of(&discovery.project);
        let placed = found.into_iter().map(|finding| {
            let suppressed = ignored.why(&discovery.project, &finding.problem);
            Placed { suppressed, ..self.place(&discovery.project, &paths, finding) }
        });
        let findings = placed.collect();
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
        let opened = Opened::default();
        let quick = discover::recorded(folder, &options, &opened).and_then(|discovery| check(&discovery).ok());
        if let Some(checked) = quick.filter(|checked| !has_problems(checked)) {
            return One { checked, note: None, failed: false };
        }
        match discover::discover_again(folder, &options, &opened) {
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
    wish: &Wish,
    below: &[PathBuf],
) -> Result<u8, Error> {
    if below.is_empty() {
        return fix_one(ui, global, arguments, named, wish, None);
    }
    let mut code = 0;
    for folder in below {
        code = code.max(fix_one(ui, global, arguments, named, wish, Some(folder))?);
    }
    Ok(code)
}

fn fix_one(
    ui: &Ui,
    global: &Global,
    arguments: &Check,
    named: &[&'static Component],
    wish: &Wish,
    folder: Option<&Path>,
) -> Result<u8, Error> {
    let watch = Interrupt::watch();
    let mut options = options(global)?;
    options.project = folder.map(Path::to_owned).or(options.project);
    let start = folder.map_or_else(|| pending::start(ui, global), Path::to_owned);
    let confirmation = Confirmation {
        dry_run: arguments.dry_run || arguments.diff,
        exit_code: arguments.exit_code || arguments.diff,
        yes: arguments.yes,
        no_pager: arguments.no_pager,
    };
    pending::settle(ui, &start, confirmation.dry_run)?;
    let discovery = find_by(ui, &mut options, Search::writing(ui, &confirmation))?;
    let lock = lock_of(ui, &discovery)?;
    let wanted = wanted(named, &lock);
    let ignored = Ignored::of(&discovery.project);
    let is_left = |problem: &Problem| !wish.has(problem) || ignored.why(&discovery.project, problem).is_some();
    let plan = plan::fix(&discovery, &lock, &wanted, &is_left);
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
            confirmation,
            format: PlanFormat::Text,
        };
        code = proposal.carry_out(&watch, |_, _| Next::default())?;
    }
    let paths = ui.paths(&discovery);
    let left: Vec<Placed> = check::findings(&after, &lock, &wanted, named.is_empty())
        .into_iter()
        .filter(|finding| wish.has(&finding.problem) && ignored.why(&after, &finding.problem).is_none())
        .map(|finding| Placed::new(&after, &paths, finding, false, Look::default()))
        .filter(|placed| placed.finding.problem.rule.severity > Severity::Information)
        .collect();
    for placed in &left {
        ui.say(placed.line());
        if let Some(help) = &placed.finding.problem.help {
            ui.say(&format!("    help: {help}"));
        }
    }
    let is_reported = !left.is_empty() && (!confirmation.dry_run || confirmation.exit_code);
    Ok(if is_reported { code.max(1) } else { code })
}
