//! `paxx explain CODE`: the page of a finding, or of a component.

use super::{Ui, info, no_such_finding};
use crate::component::Component;
use crate::error::Error;
use crate::finding::rule;

/// Runs the command; the exit code.
pub fn run(ui: &Ui, word: &str) -> Result<u8, Error> {
    let Some(rule) = rule(word) else {
        if Component::find(word).is_some() {
            return info::run(ui, word);
        }
        return Err(no_such_finding(word));
    };
    ui.out(&format!("{}\n", rule.page.trim_end()));
    Ok(0)
}
