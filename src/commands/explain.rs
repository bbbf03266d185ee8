//! `paxx explain CODE`: the page of a finding, or of a component.

use super::{Ui, info, no_such};
use crate::component::Component;
use crate::error::Error;
use crate::finding::{RULES, rule};

/// Runs the command; the exit code.
pub fn run(ui: &Ui, word: &str) -> Result<u8, Error> {
    let Some(rule) = rule(word) else {
        if Component::find(word).is_some() {
            return info::run(ui, word);
        }
        let codes: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
        return Err(no_such("finding", word, codes.iter().copied(), &codes));
    };
    ui.out(&format!("{}\n", rule.page.trim_end()));
    Ok(0)
}
