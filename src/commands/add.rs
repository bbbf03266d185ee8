//! `paxx infra add`: plan, show, ask, apply.

use super::change::Proposal;
use super::interrupt::Interrupt;
use super::{Ui, components, find_project, lock_of, pending};
use crate::cli::{Add, Global};
use crate::error::Error;
use crate::plan::{self, Allowances, Outcome};

/// Runs the command; the exit code.
pub fn run(ui: &Ui, global: &Global, noun: &str, arguments: &Add) -> Result<u8, Error> {
    let watch = Interrupt::watch();
    let named = components(&arguments.names)?;
    pending::settle(ui, &pending::start(ui, global), arguments.confirmation.dry_run)?;
    let discovery = find_project(ui, global)?;
    let lock = lock_of(ui, &discovery)?;
    let allow = Allowances { force: arguments.force, manual: arguments.allow_manual };
    let plan = plan::add(&discovery, &lock, &named, allow);
    let names: Vec<&str> = named.iter().map(|component| component.id()).collect();
    let proposal = Proposal {
        ui,
        discovery: &discovery,
        plan,
        label: format!("paxx {noun} add {}", names.join(" ")),
        verb: "add",
        confirmation: arguments.confirmation,
        format: arguments.format,
    };
    proposal.carry_out(&watch, |ui, plan| {
        let context = plan::context(&plan.after);
        let is_new =
            |id: &str| plan.steps.iter().any(|step| step.component == id && matches!(step.outcome, Outcome::Brought));
        for (component, _) in plan.components.iter().filter(|(component, _)| is_new(component.id())) {
            ui.note(&format!("\nNext steps for {}\n{}", component.id(), component.next_steps(&context)));
        }
    })
}
