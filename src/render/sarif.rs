//! Findings as SARIF 2.1.0, which code scanning services read.

use serde_json::{Value, json};

use super::json;
use super::placed::{Checked, Placed, Region};
use crate::finding::{RULES, Rule, Severity};

/// A run with every rule that was met, in the order of the codes.
pub fn report(projects: &[Checked]) -> String {
    let placed = || projects.iter().flat_map(|project| &project.findings);
    let rules: Vec<&Rule> =
        RULES.iter().copied().filter(|rule| placed().any(|placed| placed.finding.problem.rule == *rule)).collect();
    // Where one result has suppressions all have them, as the standard says.
    let is_suppressing = placed().any(|placed| placed.suppressed.is_some());
    let results: Vec<Value> = placed().map(|placed| result(placed, &rules, is_suppressing)).collect();
    let report = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": {
                    "name": "paxx",
                    "semanticVersion": env!("CARGO_PKG_VERSION"),
                    "rules": rules.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
                }
            },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    json::text(&report)
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Information => "note",
    }
}

fn descriptor(rule: &Rule) -> Value {
    json!({
        "id": rule.code,
        "shortDescription": { "text": rule.summary },
        "help": { "text": rule.page, "markdown": rule.page },
        "defaultConfiguration": { "level": level(rule.severity) },
    })
}

fn result(placed: &Placed, rules: &[&Rule], is_suppressing: bool) -> Value {
    let problem = &placed.finding.problem;
    let help = problem.help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
    let related: Vec<Value> = placed
        .related
        .iter()
        .map(|(region, what)| {
            let mut location = location(region);
            if let Some(object) = location.as_object_mut() {
                object.insert("message".to_owned(), json!({ "text": what }));
            }
            location
        })
        .collect();
    let mut result = json!({
        "ruleId": problem.rule.code,
        "ruleIndex": rules.iter().position(|rule| *rule == problem.rule),
        "level": level(problem.rule.severity),
        "message": { "text": format!("{}{help}", problem.message) },
        "locations": placed.at.iter().map(location).collect::<Vec<_>>(),
        "properties": { "component": placed.finding.component, "requirement": placed.finding.requirement },
    });
    if let (Some(object), false) = (result.as_object_mut(), related.is_empty()) {
        object.insert("relatedLocations".to_owned(), json!(related));
    }
    if let (Some(object), true) = (result.as_object_mut(), is_suppressing) {
        object.insert("suppressions".to_owned(), json::suppressions(placed));
    }
    result
}

fn location(region: &Region) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&region.path) },
            "region": {
                "startLine": region.start.line,
                "startColumn": region.start.column,
                "endLine": region.end.line,
                "endColumn": region.end.column,
            },
        }
    })
}

/// A path as a relative reference (RFC 3986): what is neither unreserved nor a separator is percent-encoded.
fn uri(path: &str) -> String {
    use std::fmt::Write as _;
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_uri() {
        assert_eq!(uri("app/{{name}}/ä b.py"), "app/%7B%7Bname%7D%7D/%C3%A4%20b.py");
    }
}
