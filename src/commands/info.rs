//! `paxx info NAME`: what a component is, before it is added. The same page is `docs/components/NAME.md`.

use super::{Ui, components};
use crate::error::Error;
use crate::render::component;

/// Runs the command; the exit code.
pub fn run(ui: &Ui, name: &str) -> Result<u8, Error> {
    for component in components(&[name.to_owned()])? {
        ui.out(&component::page(component));
    }
    Ok(0)
}
