//! Findings as workflow commands of GitHub Actions, which shows them at the changed lines of a pull request.

use super::placed::Placed;
use crate::finding::Severity;

/// One finding, with what is said before its message: `::error file=app/main.py,line=3,col=1,endLine=3,endColumn=9,title=PX503::message`.
pub fn annotation(placed: &Placed, before: &str) -> String {
    let problem = &placed.finding.problem;
    let command = match problem.rule.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Information => "notice",
    };
    let mut properties = String::new();
    if let Some(at) = &placed.at {
        properties = format!(
            "file={},line={},col={},endLine={},endColumn={},",
            property(&at.path),
            at.start.line,
            at.start.column,
            at.end.line,
            at.end.column
        );
    }
    let title = property(&format!("{} {}", problem.rule.code, problem.rule.summary));
    let help = problem.help.as_ref().map(|help| format!("\nhelp: {help}")).unwrap_or_default();
    format!("::{command} {properties}title={title}::{}", data(&format!("{before}{}{help}", problem.message)))
}

/// What the runner unescapes in a message.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What it unescapes in the value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_separates_is_escaped() {
        assert_eq!(data("100%\r\n::error::"), "100%25%0D%0A::error::");
        assert_eq!(property("a,b:c%"), "a%2Cb%3Ac%25");
    }
}
