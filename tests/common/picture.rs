//! A terminal's screen as an SVG picture, which takes the light or the dark colours of whoever looks at it.

use std::fmt::Write as _;

use vt100::{Cell, Color, Screen};

const LINE: usize = 19;
const MARGIN: usize = 20;
/// Of a character in the picture's font at its size.
const WIDTH: f64 = 8.43;

const STYLE: &str = "\
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #1f2328; white-space: pre }
.bold { font-weight: bold } .dim { fill: #59636e } .back { fill: #ffffff; stroke: #d1d9e0 } .inverse { fill: #1f2328 } .on { fill: #ffffff }
.red { fill: #cf222e } .green { fill: #116329 } .yellow { fill: #7d4e00 } .blue { fill: #0969da } .magenta { fill: #8250df } .cyan { fill: #1b7c83 }
@media (prefers-color-scheme: dark) {
text { fill: #d0d7de } .dim { fill: #8b949e } .back { fill: #0d1117; stroke: #3d444d } .inverse { fill: #d0d7de } .on { fill: #0d1117 }
.red { fill: #ff7b72 } .green { fill: #56d364 } .yellow { fill: #e3b341 } .blue { fill: #79c0ff } .magenta { fill: #d2a8ff } .cyan { fill: #76e3ea } }
";

/// The classes of a character.
fn classes(cell: &Cell) -> String {
    let mut classes: Vec<&str> = Vec::new();
    match cell.fgcolor() {
        Color::Idx(1 | 9) => classes.push("red"),
        Color::Idx(2 | 10) => classes.push("green"),
        Color::Idx(3 | 11) => classes.push("yellow"),
        Color::Idx(4 | 12) => classes.push("blue"),
        Color::Idx(5 | 13) => classes.push("magenta"),
        Color::Idx(6 | 14) => classes.push("cyan"),
        Color::Idx(8) => classes.push("dim"),
        _ => {}
    }
    if cell.dim() {
        classes.push("dim");
    }
    if cell.bold() {
        classes.push("bold");
    }
    if cell.inverse() {
        classes.push("on");
    }
    classes.join(" ")
}

/// A picture of what `command` shows.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a few hundred pixels"
)]
pub fn svg(command: &str, screen: &Screen) -> String {
    let (rows, columns) = screen.size();
    let used =
        (0..rows).rev().find(|row| (0..columns).any(|column| has_text(screen, *row, column))).map_or(0, |row| row + 1);
    let left = |column: usize| MARGIN as f64 + column as f64 * WIDTH;
    let (width, height) = ((left(columns.into())) as usize + MARGIN, (usize::from(used) + 1) * LINE + 2 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n\
         <rect class=\"back\" x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"8\"/>\n\
         <text x=\"{MARGIN}\" y=\"{}\" class=\"bold\" xml:space=\"preserve\">$ {title}</text>\n",
        width - 1,
        height - 1,
        MARGIN + 14,
        title = escaped(command)
    );
    for row in 0..used {
        let top = MARGIN + (usize::from(row) + 1) * LINE;
        let mut runs: Vec<(usize, String, String, bool)> = Vec::new();
        for column in 0..columns {
            let Some(cell) = screen.cell(row, column).filter(|cell| !cell.is_wide_continuation()) else { continue };
            let text = if cell.has_contents() { cell.contents().to_owned() } else { " ".to_owned() };
            let (classes, inverse) = (classes(cell), cell.inverse());
            match runs.last_mut() {
                Some((_, last, known, was)) if *known == classes && *was == inverse => last.push_str(&text),
                _ => runs.push((column.into(), text, classes, inverse)),
            }
        }
        for (column, text, classes, inverse) in runs {
            let shown = if inverse { text.as_str() } else { text.trim_end() };
            if shown.is_empty() {
                continue;
            }
            let x = left(column);
            if inverse {
                let wide = shown.chars().count() as f64 * WIDTH;
                let _ = writeln!(
                    svg,
                    "<rect class=\"inverse\" x=\"{x:.1}\" y=\"{top}\" width=\"{wide:.1}\" height=\"{LINE}\"/>"
                );
            }
            let class = if classes.is_empty() { String::new() } else { format!(" class=\"{classes}\"") };
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{}\"{class} xml:space=\"preserve\">{}</text>",
                top + 14,
                escaped(shown)
            );
        }
    }
    svg + "</svg>\n"
}

fn has_text(screen: &Screen, row: u16, column: u16) -> bool {
    screen.cell(row, column).is_some_and(|cell| cell.contents().trim() != "")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
