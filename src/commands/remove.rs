//! `paxx remove`: the inverse of `add`, by the same plan, preview and confirmation.

use super::change::Proposal;
use super::interrupt::Interrupt;
use super::{Search, Ui, after, components, find_by, lock_of, options, pending, plan_with_answers, refused};
use crate::cli::{Global, PlanFormat, Remove};
use crate::component::Component;
use crate::error::Error;
use crate::plan;
use crate::project::discover::{self, Discovery};

/// Runs the command; the exit code.
pub fn run(ui: &Ui, global: &Global, called: &str, arguments: &Remove) -> Result<u8, Error> {
    let watch = Interrupt::watch();
    // What this version does not know may still be in the lock of the project.
    let unknown = components(&arguments.names).err();
    pending::settle(ui, &pending::start(ui, global), arguments.confirmation.dry_run)?;
    let search = Search::writing(ui, &arguments.confirmation).unless(arguments.format == PlanFormat::Json);
    let mut options = options(global)?;
    let discovery = match (find_by(ui, &mut options, search), unknown) {
        (Err(_), Some(unknown)) => return Err(unknown),
        (found, _) => found?,
    };
    let lock = lock_of(ui, &discovery)?;
    let mut names: Vec<String> = Vec::new();
    let mut named = Vec::new();
    for name in &arguments.names {
        let known = Component::find(name);
        let name = known.map_or_else(|| name.clone(), |known| known.id().to_owned());
        if lock.component(&name).is_none() {
            components(std::slice::from_ref(&name))?;
            return Err(Error::Usage(
                format!("`{name}` is not installed here"),
                Some("`paxx list` shows what is".to_owned()),
            ));
        }
        if !names.contains(&name) {
            names.push(name);
            named.extend(known);
        }
    }
    let planned = |discovery: &mut Discovery, _: &_| {
        let words = plan::words_of_uses(&discovery.project, &named);
        discovery.project = discover::with_files_that_have(discovery, &words);
        plan::remove(discovery, &lock, &names).map_err(|problem| refused(ui, discovery, vec![problem]))
    };
    let (discovery, plan) = plan_with_answers(ui, &mut options, search, discovery, planned)?;
    let proposal = Proposal {
        ui,
        discovery: &discovery,
        plan,
        label: format!("{called} remove {}", names.join(" ")),
        verb: "remove",
        confirmation: arguments.confirmation,
        format: arguments.format,
    };
    proposal.carry_out(&watch, |ui, plan| after::removing(ui, &discovery, plan))
}
