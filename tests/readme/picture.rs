//! Coloured terminal output as an SVG picture.

use std::fmt::Write as _;

const LINE: usize = 19;
const MARGIN: usize = 20;
/// Of a character in the picture's font at its size.
const WIDTH: f64 = 8.43;

/// A picture of a terminal in which `command` gave `diff`, of which the files `names` are shown.
pub fn svg(command: &str, diff: &str, names: &[&str]) -> String {
    let mut lines = vec![format!("\u{1b}[1m$ {command}\u{1b}[0m")];
    let files: Vec<&str> = diff.split("\u{1b}[1mdiff --git ").skip(1).collect();
    let shown = |file: &&&str| names.iter().any(|name| file.starts_with(&format!("a/{name} ")));
    for file in files.iter().filter(shown) {
        lines.extend(format!("\u{1b}[1mdiff --git {file}").lines().map(str::to_owned));
    }
    let more = files.len() - files.iter().filter(shown).count();
    lines.push(format!("\u{1b}[2m... and {more} more files\u{1b}[0m"));
    let columns = lines.iter().map(|line| spans(line).iter().map(|(_, text)| text.chars().count()).sum()).max();
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few hundred pixels"
    )]
    let width = (columns.unwrap_or(0usize) as f64 * WIDTH) as usize + 2 * MARGIN;
    let height = lines.len() * LINE + 2 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
         <title>{}</title>\n\
         <style>text {{ font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #d0d7de; white-space: pre }} \
         .bold {{ font-weight: bold; fill: #f0f6fc }} .red {{ fill: #ff7b72 }} .green {{ fill: #56d364 }} .cyan {{ fill: #76e3ea }} .dim {{ fill: #8b949e }}</style>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#0d1117\"/>\n",
        escaped(command)
    );
    for (number, line) in lines.iter().enumerate() {
        let y = MARGIN + number * LINE + 14;
        let _ = write!(svg, "<text x=\"{MARGIN}\" y=\"{y}\" xml:space=\"preserve\">");
        for (class, text) in spans(line) {
            let text = escaped(text);
            let _ = if class.is_empty() {
                write!(svg, "{text}")
            } else {
                write!(svg, "<tspan class=\"{class}\">{text}</tspan>")
            };
        }
        svg.push_str("</text>\n");
    }
    svg + "</svg>\n"
}

/// The pieces of a line, each with the class of its colour.
fn spans(line: &str) -> Vec<(&'static str, &str)> {
    let mut class = "";
    let mut spans = Vec::new();
    for (number, piece) in line.split("\u{1b}[").enumerate() {
        let text = if number == 0 {
            piece
        } else {
            let (code, text) = piece.split_once('m').expect("a colour");
            class = match code {
                "1" => "bold",
                "2" => "dim",
                "31" => "red",
                "32" => "green",
                "36" => "cyan",
                "0" => "",
                // The part of a line that changes: its colour comes behind it.
                "7" => class,
                other => panic!("the picture knows no `{other}`"),
            };
            text
        };
        if !text.is_empty() {
            spans.push((class, text));
        }
    }
    spans
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
