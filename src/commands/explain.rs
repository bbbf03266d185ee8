//! `paxx explain CODE`: the page of a finding.

use super::Ui;
use crate::error::Error;
use crate::finding::{RULES, rule};

/// Runs the command; the exit code.
pub fn run(ui: &Ui, code: &str) -> Result<u8, Error> {
    let Some(rule) = rule(code) else {
        let codes: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
        return Err(Error::Usage(
            format!("there is no finding `{}`", code.escape_debug()),
            Some(format!("there are {}", codes.join(", "))),
        ));
    };
    ui.out(&format!("{}\n", rule.page.trim_end()));
    Ok(0)
}
