//! `paxx infra remove`: the inverse of `add`, by the same plan, preview and confirmation.

use super::change::Proposal;
use super::interrupt::Interrupt;
use super::{Ui, components, find_project, lock_of, pending, refused};
use crate::cli::{Global, Remove};
use crate::error::Error;
use crate::plan;

/// Runs the command; the exit code.
pub fn run(ui: &Ui, global: &Global, noun: &str, arguments: &Remove) -> Result<u8, Error> {
    let watch = Interrupt::watch();
    let named = components(&arguments.names)?;
    pending::settle(ui, &pending::start(ui, global), arguments.confirmation.dry_run)?;
    let discovery = find_project(ui, global)?;
    let lock = lock_of(ui, &discovery)?;
    for component in &named {
        if lock.component(component.id()).is_none() {
            return Err(Error::Usage(
                format!("`{}` is not installed here", component.id()),
                Some("`paxx infra list` shows what is".to_owned()),
            ));
        }
    }
    let plan = plan::remove(&discovery, &lock, &named).map_err(|problem| refused(ui, &discovery, vec![problem]))?;
    let names: Vec<&str> = named.iter().map(|component| component.id()).collect();
    let proposal = Proposal {
        ui,
        discovery: &discovery,
        plan,
        label: format!("paxx {noun} remove {}", names.join(" ")),
        verb: "remove",
        confirmation: arguments.confirmation,
        format: arguments.format,
    };
    proposal.carry_out(&watch, |ui, plan| {
        let context = plan::context(&plan.after);
        ui.note(&format!("\nNext step: {}", context.install));
    })
}
