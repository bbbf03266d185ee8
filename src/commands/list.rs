//! `paxx list`, and of one kind `paxx infra list` and `paxx ext list`: the components, and their state in this project.
//!
//! Outside of a project, and where nothing is installed, nothing is parsed.

use std::fmt::Write as _;

use super::{Search, Ui, find_by, lock_of, options, pending};
use crate::check;
use crate::check::suppression::Ignored;
use crate::cli::{Global, List, PlanFormat};
use crate::component::manifest::Kind;
use crate::component::{COMPONENTS, Component};
use crate::error::Error;
use crate::finding::Severity;
use crate::project::disk;
use crate::project::opened::Opened;
use crate::project::options::Options;
use crate::project::root;
use crate::render::json;

/// Runs the command; the exit code.
pub fn run(ui: &Ui, global: &Global, kind: Option<Kind>, arguments: &List) -> Result<u8, Error> {
    let components: Vec<&'static Component> =
        COMPONENTS.iter().filter(|component| kind.is_none_or(|kind| component.manifest.kind == kind)).collect();
    pending::say(ui, &pending::start(ui, global));
    let mut options = options(global)?;
    if !root::has_lock(&ui.current, &options)
        && let [only] = root::locked_projects(&ui.current, &options, &Opened::default()).as_slice()
    {
        let current = disk::canonical_folder(&ui.current).unwrap_or_else(|| ui.current.clone());
        let shown = only.strip_prefix(&current).unwrap_or(only);
        ui.note(&format!("note: there is no project here, and one below: this is about `{}`", shown.display()));
        pending::say(ui, only);
        options.project = Some(only.clone());
    }
    let has_lock = root::has_lock(&ui.current, &options);
    let states = if has_lock { states(ui, &mut options, &components)? } else { vec![None; components.len()] };
    let rows: Vec<(&Component, Option<&str>)> = components.iter().copied().zip(states).collect();
    if arguments.format == PlanFormat::Json {
        ui.out(&json::list(&rows));
        return Ok(0);
    }
    let mut text = String::new();
    let width = rows.iter().map(|(component, _)| component.id().len()).max().unwrap_or_default();
    for (component, state) in rows {
        let requires: Vec<&str> = component.manifest.requires.iter().map(|name| name.0).collect();
        let requires = if requires.is_empty() { String::new() } else { format!(" (requires {})", requires.join(", ")) };
        let state = state.map(|state| format!("  [{state}]")).unwrap_or_default();
        let _ = writeln!(text, "{:width$}  {}{requires}{state}", component.id(), component.manifest.summary);
    }
    ui.out(&text);
    ui.note("`paxx info NAME` says what one is, `paxx add NAME` adds it; look first with `--dry-run`");
    Ok(0)
}

fn states(
    ui: &Ui,
    options: &mut Options,
    components: &[&'static Component],
) -> Result<Vec<Option<&'static str>>, Error> {
    let discovery = find_by(ui, options, Search::reading(ui))?;
    let lock = lock_of(ui, &discovery)?;
    let ignored = Ignored::of(&discovery.project);
    let state = |component: &&'static Component| {
        if lock.component(component.id()).is_none() {
            return "not installed";
        }
        let found = check::findings(&discovery.project, &lock, &[*component], false);
        let mut reported = found.iter().filter(|finding| ignored.why(&discovery.project, &finding.problem).is_none());
        let needs_attention = reported.any(|finding| finding.problem.rule.severity > Severity::Information);
        if needs_attention { "needs attention" } else { "installed" }
    };
    Ok(components.iter().map(|component| Some(state(component))).collect())
}
