//! One project with components coming and going, and every law on the way.

use std::path::PathBuf;

use paxx::check;
use paxx::component::Component;
use paxx::component::registry::with_required;
use paxx::edit::{self, Edit};
use paxx::finding::{Problem, Severity};
use paxx::lock;
use paxx::plan::{self, Allowances, Outcome, Plan};
use paxx::project::discover::Discovery;
use paxx::render::next_steps::NextSteps;
use paxx::render::{Paths, json};
use paxx::source::python::{self, Source};

use super::mutation::Dice;
use super::tree::{Scene, Tree, difference};

/// How components come to a project, and how they go.
#[derive(Debug, Clone)]
pub struct Journey {
    /// Their names.
    pub components: Vec<&'static str>,
    /// One command for each, or one for all.
    pub one_by_one: bool,
    /// What decides the order.
    pub seed: u64,
}

/// What became of adding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It was refused, by these codes.
    Refused(Vec<&'static str>),
    /// It was done; component by component, the requirements that the lock names.
    Added(Vec<(String, Vec<String>)>),
}

/// The component of a name that is known.
fn component(name: &str) -> &'static Component {
    Component::find(name).expect("a component")
}

/// Adds, checks, adds again, removes, and says which law did not hold.
pub fn travel(tree: &Tree, journey: &Journey) -> Result<Verdict, String> {
    let mut scene = Scene::new(tree);
    if scene.discovery().is_err() {
        return Ok(Verdict::Refused(vec!["PX001"]));
    }
    let mistakes = mistakes(&scene, &journey.components)?;
    let mut dice = Dice(journey.seed);
    let mut names = journey.components.clone();
    dice.shuffle(&mut names);
    let portions: Vec<Vec<&str>> =
        if journey.one_by_one { names.iter().map(|name| vec![*name]).collect() } else { vec![names.clone()] };
    let mut present: Vec<&'static Component> = Vec::new();
    for portion in portions {
        let wanted: Vec<&'static Component> = portion.iter().map(|name| component(name)).collect();
        let (discovery, plan) = add(&scene, &wanted)?;
        if !plan.refusals.is_empty() {
            let mut codes: Vec<&str> = plan.refusals.iter().map(|problem| problem.rule.code).collect();
            codes.sort_unstable();
            codes.dedup();
            return Ok(Verdict::Refused(codes));
        }
        describes_its_result(&discovery, &plan)?;
        keeps_the_lines(&plan)?;
        for (component, _) in &plan.components {
            if !present.iter().any(|known| known.id() == component.id()) {
                present.push(component);
            }
        }
        scene.write(&plan);
        is_clean(&scene, &present, &mistakes).map_err(|why| format!("check after add {portion:?}: {why}"))?;
    }
    let (_, again) = add(&scene, &present)?;
    if !again.refusals.is_empty() || !again.is_empty() {
        let mut words = format!("adding again changes something; refusals {:?}\n", again.refusals);
        for file in &again.files {
            words += &format!("{}: {:?}\n", file.path, file.changes);
        }
        return Err(words);
    }
    let lock = scene.discovery()?.lock.map_err(|problem| problem.message)?;
    let mut facts: Vec<(String, Vec<String>)> = lock
        .components
        .iter()
        .map(|entry| (entry.name.clone(), entry.requirements.iter().map(|known| known.id.clone()).collect()))
        .collect();
    for (_, ids) in &mut facts {
        ids.sort();
    }

    dice.shuffle(&mut present);
    let mut removed: Vec<&str> = Vec::new();
    while !present.is_empty() {
        let is_free = |component: &Component| {
            !present.iter().any(|other| other.manifest.requires.iter().any(|name| name.0 == component.id()))
        };
        let leaving: Vec<&'static Component> = if journey.one_by_one || dice.roll(2) == 0 {
            let free = present.iter().position(|component| is_free(component)).expect("one that none requires");
            vec![present.remove(free)]
        } else {
            std::mem::take(&mut present)
        };
        removed.extend(leaving.iter().map(|component| component.id()));
        let discovery = scene.discovery()?;
        let lock = discovery.lock.clone().map_err(|problem| problem.message)?;
        let leaving: Vec<String> = leaving.iter().map(|component| component.id().to_owned()).collect();
        let plan = plan::remove(&discovery, &lock, &leaving).map_err(|problem| problem.message)?;
        if !plan.refusals.is_empty() {
            return Err(format!("remove {removed:?} is refused: {:?}", plan.refusals));
        }
        for step in &plan.steps {
            if let Outcome::Kept(why, _) = &step.outcome {
                return Err(format!("remove {removed:?} keeps {}: {why}", step.id));
            }
        }
        describes_its_result(&discovery, &plan)?;
        scene.write(&plan);
        is_clean(&scene, &present, &mistakes).map_err(|why| format!("check after remove {removed:?}: {why}"))?;
    }
    for (path, bytes) in &mut scene.tree {
        let forgot = |before: &&Vec<u8>| path.ends_with(".py") && has_what_it_forgot(before, bytes);
        if let Some(before) = tree.get(path).filter(forgot) {
            bytes.clone_from(before);
        }
    }
    match difference(tree, &scene.tree) {
        Some(words) => Err(format!("add, then remove {removed:?}, leaves\n{words}")),
        None => Ok(Verdict::Added(facts)),
    }
}

/// Plans to add components to the project as it is on disk.
pub fn add(scene: &Scene, components: &[&'static Component]) -> Result<(Discovery, Plan), String> {
    let discovery = scene.discovery()?;
    let lock = discovery.lock.clone().map_err(|problem| problem.message)?;
    let plan = plan::add(&discovery, &lock, components, &Allowances::default());
    Ok((discovery, plan))
}

/// The JSON of a plan, applied by somebody else, gives the bytes that the plan writes.
fn describes_its_result(discovery: &Discovery, plan: &Plan) -> Result<(), String> {
    let paths = Paths::new(PathBuf::from("/"), PathBuf::from("/"));
    let text = json::plan(plan, "paxx", &discovery.project, &paths, &NextSteps::default());
    let value: serde_json::Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let files = value["files"].as_array().ok_or("no files")?;
    if files.len() != plan.files.len() {
        return Err("JSON has other files".to_owned());
    }
    for (file, planned) in files.iter().zip(&plan.files) {
        let after = planned.after.as_ref().and_then(|file| file.text());
        let result = match (&planned.before, file["action"].as_str()) {
            (None, Some("create")) => file["text"].as_str().map(str::to_owned),
            (Some(_), Some("delete")) => None,
            (Some(before), Some("edit")) => {
                let mut edits = Vec::new();
                for edit in file["edits"].as_array().ok_or("no edits")? {
                    let place = |key: &str| edit[key].as_u64().and_then(|place| usize::try_from(place).ok());
                    let (Some(start), Some(end)) = (place("start"), place("end")) else {
                        return Err("no range".to_owned());
                    };
                    edits.push(Edit::replace(start..end, edit["text"].as_str().unwrap_or_default()));
                }
                edit::apply(before.text().unwrap_or_default(), &edits)
            }
            other => return Err(format!("{}: {other:?}", planned.path)),
        };
        if result.as_deref() != after {
            return Err(format!("{}: the edits in JSON do not give the result", planned.path));
        }
    }
    Ok(())
}

/// Lines of the project stay, but for the few that may gain something.
fn keeps_the_lines(plan: &Plan) -> Result<(), String> {
    for file in plan.files.iter().filter(|file| file.path.name() != "paxx.lock") {
        let (Some(before), Some(after)) = (&file.before, &file.after) else { continue };
        // A byte order mark stays where it is, before whatever line is the first.
        let text =
            |file: &'_ paxx::project::File| file.text().unwrap_or_default().trim_start_matches('\u{feff}').to_owned();
        let (before, after) = (text(before), text(after));
        for change in similar::TextDiff::from_lines(before.as_str(), after.as_str()).iter_all_changes() {
            if change.tag() != similar::ChangeTag::Delete {
                continue;
            }
            let line = change.value().trim_end_matches(['\n', '\r']);
            // It gained something inside, at its end, or only its line ending.
            let content = line.trim_end_matches([')', ']', '}']);
            let grown = after.lines().any(|other| is_grown(content, other));
            let replaced = line.trim() == "pass" || line.contains("image:") || may_wrap(line);
            if !grown && !replaced {
                return Err(format!("{}: the line {line:?} is gone", file.path));
            }
        }
    }
    Ok(())
}

/// Imports and the call that makes the application are written over lines where they grow too long, as a class is that has its
/// body on one line.
fn may_wrap(line: &str) -> bool {
    (line.starts_with("from ") && line.contains(" import ")) || line.contains("FastAPI(") || line.starts_with("class ")
}

/// Is `other` the line with text inserted at one or two places?
fn is_grown(line: &str, other: &str) -> bool {
    let mut rest = other.chars();
    line.chars().all(|character| rest.any(|next| next == character))
}

/// What a project may have done twice, or in vain, before anything was added: `check` says so before and after, and to mend
/// it is no business of a component.
const MISTAKES: &[&str] = &["PX107", "PX205", "PX310", "PX313", "PX510", "PX511", "PX512"];

/// The mistakes that are there before anything was added.
fn mistakes(scene: &Scene, names: &[&'static str]) -> Result<Vec<(&'static str, String)>, String> {
    let discovery = scene.discovery()?;
    let Ok(mut lock) = discovery.lock.clone() else { return Ok(Vec::new()) };
    let components: Vec<&'static Component> = names.iter().map(|name| component(name)).collect();
    let components: Vec<_> = with_required(&components).into_iter().map(|(component, _)| component).collect();
    // Some are only looked for once something is installed.
    lock.components = components
        .iter()
        .map(|component| lock::Component { name: component.id().to_owned(), ..lock::Component::default() })
        .collect();
    Ok(check::findings(&discovery.project, &lock, &components, false)
        .into_iter()
        .map(|finding| (finding.problem.rule.code, finding.problem.message))
        .filter(|(code, _)| MISTAKES.contains(code))
        .collect())
}

/// A module that used a name without importing it has gained nothing but the import: that stays with what uses it.
fn has_what_it_forgot(before: &[u8], after: &[u8]) -> bool {
    let (Ok(before), Ok(after)) = (std::str::from_utf8(before), std::str::from_utf8(after)) else { return false };
    let read = |code: &str| {
        let source = Source::parse(code);
        let mut rest = code.to_owned();
        for import in source.imports.iter().rev() {
            rest.replace_range(import.range.clone(), "");
        }
        rest.retain(|character| !character.is_whitespace());
        let names = source.imports.iter().flat_map(|import| &import.names).map(|name| name.name.clone());
        (names.collect::<Vec<String>>(), rest)
    };
    let ((names, rest), (gained, left)) = (read(before), read(after));
    rest == left
        && gained.len() > names.len()
        && gained.iter().all(|name| names.contains(name) || !python::uses_of(before, name).is_empty())
}

fn is_clean(
    scene: &Scene,
    components: &[&'static Component],
    mistakes: &[(&'static str, String)],
) -> Result<(), String> {
    let discovery = scene.discovery()?;
    let lock = discovery.lock.clone().map_err(|problem| problem.message)?;
    let mut words = String::new();
    // A file that nothing of ours went into may have been broken before.
    let was_broken = |problem: &Problem| {
        let path = problem.at.as_ref().map(|at| at.path.as_str());
        problem.rule.code == "PX005" && path.is_some_and(|path| scene.original.get(path) == scene.tree.get(path))
    };
    let was_there = |problem: &Problem| {
        mistakes.iter().any(|(code, message)| *code == problem.rule.code && *message == problem.message)
    };
    for finding in check::findings(&discovery.project, &lock, components, false) {
        let problem = &finding.problem;
        if !was_broken(problem) && !was_there(problem) && problem.rule.severity > Severity::Information {
            words +=
                &format!("{} {}: {} {}\n", finding.component, finding.requirement, problem.rule.code, problem.message);
        }
    }
    for (path, bytes) in &scene.tree {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        if scene.original.get(path) == Some(bytes) {
            continue;
        }
        let valid = match path.rsplit('.').next() {
            Some("py") => paxx::source::python::Source::parse(text).error.is_none(),
            Some("toml" | "lock") => toml_edit::Document::parse(text.to_owned()).is_ok(),
            _ => true,
        };
        if !valid {
            words += &format!("{path} is invalid:\n{text}\n");
        }
    }
    if words.is_empty() { Ok(()) } else { Err(words) }
}
