//! `paxx keep PATH`: this module is the user's own. It is noted in `paxx.lock`, by the same preview and question as any change.

use std::path::Path;

use super::after::Next;
use super::change::Proposal;
use super::interrupt::Interrupt;
use super::{Search, Ui, find_project, lock_of, no_such, pending};
use crate::cli::{Global, Keep, PlanFormat};
use crate::error::Error;
use crate::plan::{self, Generated};
use crate::project::discover::Discovery;

/// Runs the command; the exit code.
pub fn run(ui: &Ui, global: &Global, arguments: &Keep) -> Result<u8, Error> {
    let watch = Interrupt::watch();
    pending::settle(ui, &pending::start(ui, global), arguments.confirmation.dry_run)?;
    let discovery = find_project(ui, global, Search::writing(ui, &arguments.confirmation))?;
    let lock = lock_of(ui, &discovery)?;
    let all = plan::generated(&discovery, &lock);
    let mut modules: Vec<Generated> = Vec::new();
    for path in &arguments.paths {
        let module = find(ui, &discovery, &all, path)?;
        if !modules.contains(&module) {
            modules.push(module);
        }
    }
    let names: Vec<&str> = modules.iter().map(|module| module.path.as_str()).collect();
    let proposal = Proposal {
        ui,
        discovery: &discovery,
        plan: plan::keep(&discovery, &lock, &modules, !arguments.no_more),
        label: format!("paxx keep {}", names.join(" ")),
        verb: "keep",
        confirmation: arguments.confirmation,
        format: PlanFormat::Text,
    };
    proposal.carry_out(&watch, |_, _| Next::default())
}

/// The module of this path: as seen from the current folder, from the project's root, or absolute.
fn find(ui: &Ui, discovery: &Discovery, all: &[Generated], path: &Path) -> Result<Generated, Error> {
    let paths = ui.paths(discovery);
    let root = &discovery.project.layout.root;
    let given: std::path::PathBuf = path.components().filter(|part| *part != std::path::Component::CurDir).collect();
    let is_it = |module: &&Generated| {
        let names = [paths.show(&module.path), module.path.relative_to(root)];
        names.iter().any(|name| Path::new(name) == given) || discovery.base.join(module.path.as_str()) == given
    };
    if let Some(module) = all.iter().find(is_it) {
        return Ok(module.clone());
    }
    let known: Vec<String> = all.iter().map(|module| paths.show(&module.path)).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    if known.is_empty() {
        let help = "nothing is installed here; `paxx list` shows what there is".to_owned();
        return Err(Error::Usage(format!("there is no generated module `{}`", path.display()), Some(help)));
    }
    Err(no_such("generated module", &path.to_string_lossy(), known.iter().copied(), &known))
}
