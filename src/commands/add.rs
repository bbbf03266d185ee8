//! `paxx add`: plan, show, ask, apply.

use super::change::Proposal;
use super::interrupt::Interrupt;
use super::{
    Search, Ui, after, choose, components, find_by, installed, lock_of, options, pending, plan_with_answers, prompt,
};
use crate::check::{self, Finding};
use crate::cli::{Add, Global, PlanFormat};
use crate::component::Component;
use crate::component::options::Given;
use crate::error::Error;
use crate::finding::{Location, Problem, Severity};
use crate::lock::{self, Lock};
use crate::plan::{self, Allowances, Plan, Raising};
use crate::project::FilePath;
use crate::project::discover::{self, Discovery, decide_tests};
use crate::project::options::Options;
use crate::render::findings;
use crate::requirement::dependency::plain;
use crate::requirement::python_minors::NEEDED;

/// Runs the command; the exit code.
pub fn run(ui: &Ui, global: &Global, called: &str, arguments: &Add) -> Result<u8, Error> {
    let watch = Interrupt::watch();
    let mut named = components(&arguments.names)?;
    let mut given = options::parse(&arguments.set)?;
    if named.is_empty() && (arguments.confirmation.yes || arguments.format == PlanFormat::Json || !prompt::can_ask(ui))
    {
        return Err(choose::nothing_named());
    }
    pending::settle(ui, &pending::start(ui, global), arguments.confirmation.dry_run)?;
    let search = Search::writing(ui, &arguments.confirmation).unless(arguments.format == PlanFormat::Json);
    let mut about = options(global)?;
    let discovery = find_by(ui, &mut about, search)?;
    let lock = lock_of(ui, &discovery)?;
    if named.is_empty() {
        named = choose::choose(ui, &lock)?;
    }
    options::verify(&given, &named, &lock)?;
    let asks = !arguments.confirmation.dry_run && !arguments.confirmation.yes && prompt::can_ask(ui);
    if asks {
        options::ask(ui, &mut given, &named, &lock)?;
    }
    let mut with_tests = arguments.no_tests.then_some(false);
    if with_tests.is_none()
        && asks
        && let Some(folder) = tests_to_ask_for(&discovery, &lock, &named)
    {
        let folder = ui.paths(&discovery).show(&folder).clone();
        with_tests = Some(prompt::agree(ui, &format!("Write tests for the new modules to `{folder}`?")));
    }
    let mut allow =
        Allowances { force: arguments.force, manual: arguments.allow_manual, options: given, ..Allowances::default() };
    if arguments.raise_bounds {
        allow.raise = Raising::All;
    }
    let planned = |discovery: &mut Discovery, answers: &Options| {
        if let Some(wanted) = with_tests {
            decide_tests(discovery, wanted);
        }
        let lock = lock_of(ui, discovery)?;
        let packages = plan::unlisted(&discovery.project, &named);
        if !packages.is_empty() {
            let words: Vec<String> = packages.iter().map(|name| plan::word_of(name)).collect();
            let project = discover::with_files_that_have(discovery, &words);
            discovery.imported = plan::imported(&project, &packages, &lock);
        }
        Ok(plan::add(discovery, &lock, &named, &with_answers(&allow, answers)?))
    };
    let (discovery, mut plan) = plan_with_answers(ui, &mut about, search, discovery, planned)?;
    allow = with_answers(&allow, &about)?;
    let lock = lock_of(ui, &discovery)?;
    if asks {
        plan = ask_for_bounds(ui, &discovery, plan, &mut allow, |allow| plan::add(&discovery, &lock, &named, allow));
    }
    let (broken, findings) = left_over(&discovery, &plan);
    if !arguments.allow_manual {
        plan.refusals.extend(broken);
    }
    let paths = ui.paths(&discovery);
    let findings: Vec<String> =
        findings.iter().map(|problem| findings::concise(problem, Some(&plan.after), Some(&paths))).collect();
    let names: Vec<&str> = named.iter().map(|component| component.id()).collect();
    let proposal = Proposal {
        ui,
        discovery: &discovery,
        plan,
        label: format!("{called} add {}", names.join(" ")),
        verb: "add",
        confirmation: arguments.confirmation,
        format: arguments.format,
    };
    let code = proposal.carry_out(&watch, |ui, plan| after::adding(ui, &discovery, plan))?;
    if code == 0 && !findings.is_empty() {
        ui.say("note: `paxx check` will report what was like this before, and is left as it is:");
        for finding in findings {
            ui.say(&format!("- {finding}"));
        }
    }
    Ok(code)
}

/// The same with what was answered of the options of components.
fn with_answers(allow: &Allowances, answers: &Options) -> Result<Allowances, Error> {
    let mut allow = allow.clone();
    let later = options::parse(&answers.set)?;
    // What was answered last counts.
    let is_same = |one: &Given, other: &Given| one.component == other.component && one.option == other.option;
    allow.options.retain(|given| !later.iter().any(|answer| is_same(given, answer)));
    allow.options.extend(later);
    Ok(allow)
}

/// The folder of tests, where components would bring tests to it and nobody has said yet whether they shall.
fn tests_to_ask_for(discovery: &Discovery, lock: &Lock, named: &[&'static Component]) -> Option<FilePath> {
    let brings = |component: &&'static Component| {
        !component.manifest.test.is_empty() && lock.component(component.id()).is_none()
    };
    discovery.project.layout.tests.clone().filter(|_| !discovery.tests_are_configured && named.iter().any(brings))
}

/// Asks for each bound that is in the way whether it may be raised, until none is left that was not asked for.
fn ask_for_bounds(
    ui: &Ui,
    discovery: &Discovery,
    mut plan: Plan,
    allow: &mut Allowances,
    again: impl Fn(&Allowances) -> Plan,
) -> Plan {
    let paths = ui.paths(discovery);
    let mut raised: Vec<Location> = Vec::new();
    let mut asked: Vec<Location> = Vec::new();
    loop {
        let mut open: Vec<_> = plan.bounds.iter().filter(|bound| !asked.contains(&bound.raise.at)).collect();
        open.dedup_by(|left, right| left.raise.at == right.raise.at);
        if open.is_empty() {
            return plan;
        }
        for plan::Bound { requirement, component, raise } in open {
            asked.push(raise.at.clone());
            let (from, to) = (plain(&raise.from), plain(&raise.to));
            let place = paths.place(&discovery.project, &raise.at);
            let why = match requirement.as_str() {
                "python" => format!("the modules need Python 3.{NEEDED}, and the project has `{from}`"),
                _ => format!("`{component}` does not work with `{from}`"),
            };
            if prompt::confirm(ui, &format!("{place}: {why}. Make it `{to}`?")) {
                raised.push(raise.at.clone());
            }
        }
        allow.raise = Raising::Only(raised.clone());
        plan = again(allow);
    }
}

/// What `check` has to say of the project as it will be, beyond what the plan says itself: what keeps the components that were
/// named from running, and the rest.
fn left_over(discovery: &Discovery, plan: &Plan) -> (Vec<Problem>, Vec<Problem>) {
    let path = plan.after.layout.root.child(lock::NAME);
    let text = plan.after.text(&path).unwrap_or_default();
    let Some(lock) = Lock::parse(&path, text).ok().filter(|_| plan.refusals.is_empty()) else {
        return (Vec::new(), Vec::new());
    };
    let (components, _) = installed(&lock);
    let found: Vec<Finding> = check::findings(&plan.after, &lock, &components, true)
        .into_iter()
        .filter(|finding| finding.problem.rule.severity > Severity::Information)
        .filter(|finding| plan.manual.iter().all(|problem| problem.message != finding.problem.message))
        .collect();
    let is_code = |at: &Location| at.path.as_str().ends_with(".py");
    let (broken, rest): (Vec<Finding>, Vec<Finding>) = found.into_iter().partition(|finding| {
        let was_there = discovery.lock.as_ref().is_ok_and(|lock| lock.component(&finding.component).is_some());
        (finding.problem.rule.severity == Severity::Error || was_there)
            && finding.problem.at.as_ref().is_some_and(is_code)
            && plan.components.iter().any(|(component, _)| component.id() == finding.component)
    });
    let on_disk = |mut problem: Problem| {
        // Nothing is written, so the places are those of the files as they are.
        let is_edited = |at: &Location| plan.after.text(&at.path) != discovery.project.text(&at.path);
        for at in problem.at.iter_mut().filter(|at| is_edited(at)) {
            at.range = 0..0;
        }
        problem.related.retain(|(at, _)| !is_edited(at));
        problem
    };
    let broken = broken.into_iter().map(|finding| on_disk(finding.problem)).collect();
    (broken, rest.into_iter().map(|finding| finding.problem).collect())
}
