//! Other ways to write the same project: none of them changes what the program means, so none may change the outcome.

use super::tree::{Tree, map};

/// A way to write a text differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// Every line ends in CRLF.
    Crlf,
    /// Some lines end in CRLF.
    MixedEndings,
    /// A byte order mark.
    Mark,
    /// Tabs for four blanks.
    Tabs,
    /// Two blanks for four.
    TwoBlanks,
    /// Four blanks for two, in YAML.
    WideYaml,
    /// No newline at the end.
    NoFinalNewline,
    /// Empty lines at the end.
    FinalBlankLines,
    /// Blanks at the end of lines.
    TrailingBlanks,
    /// Comments on lines of their own.
    Comments,
    /// Comments at the end of lines.
    TrailingComments,
    /// Comments that make lines very long.
    LongLines,
    /// Empty lines less.
    FewerBlankLines,
    /// Empty lines more.
    MoreBlankLines,
    /// Imports in another order.
    Imports,
    /// The other quotes.
    Quotes,
    /// Names, strings and comments beyond ASCII.
    Unicode,
    /// Strings that look like the code that is looked for.
    Decoys,
}

/// All of them.
pub const ALL: [Mutation; 18] = [
    Mutation::Crlf,
    Mutation::MixedEndings,
    Mutation::Mark,
    Mutation::Tabs,
    Mutation::TwoBlanks,
    Mutation::WideYaml,
    Mutation::NoFinalNewline,
    Mutation::FinalBlankLines,
    Mutation::TrailingBlanks,
    Mutation::Comments,
    Mutation::TrailingComments,
    Mutation::LongLines,
    Mutation::FewerBlankLines,
    Mutation::MoreBlankLines,
    Mutation::Imports,
    Mutation::Quotes,
    Mutation::Unicode,
    Mutation::Decoys,
];

/// A source of numbers that a seed decides (splitmix64).
pub struct Dice(pub u64);

impl Dice {
    /// A number below `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((word ^ (word >> 31)) % sides as u64).expect("a small number")
    }

    /// The items in another order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.roll(last + 1));
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Python,
    Yaml,
    Toml,
    Requirements,
    Env,
    Ignore,
    Other,
}

fn kind(path: &str) -> Kind {
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit('.').next().unwrap_or_default() {
        "py" => Kind::Python,
        "yml" | "yaml" => Kind::Yaml,
        "toml" => Kind::Toml,
        "txt" => Kind::Requirements,
        "gitignore" | "dockerignore" => Kind::Ignore,
        _ if name.starts_with(".env") => Kind::Env,
        _ => Kind::Other,
    }
}

fn is_valid(kind: Kind, text: &str) -> bool {
    match kind {
        Kind::Python => paxx::source::python::Source::parse(text).error.is_none(),
        Kind::Yaml => paxx::source::yaml::Source::parse(text).is_ok(),
        Kind::Toml => toml_edit::Document::parse(text.to_owned()).is_ok(),
        _ => true,
    }
}

/// The tree with every text written differently; a text that would become invalid stays as it is.
pub fn apply(tree: &Tree, mutation: Mutation, seed: u64) -> Tree {
    map(tree, |path, text| {
        let kind = kind(path);
        if kind == Kind::Other || text.is_empty() {
            return text.to_owned();
        }
        let mut dice = Dice(seed ^ path.len() as u64);
        let other = rewrite(text, kind, mutation, &mut dice);
        if is_valid(kind, &other) { other } else { text.to_owned() }
    })
}

fn rewrite(text: &str, kind: Kind, mutation: Mutation, dice: &mut Dice) -> String {
    let python = kind == Kind::Python;
    let has_comments = !matches!(kind, Kind::Env | Kind::Ignore);
    match mutation {
        Mutation::Crlf => text.replace("\r\n", "\n").replace('\n', "\r\n"),
        Mutation::MixedEndings => {
            let lines: Vec<&str> = text.split_inclusive('\n').collect();
            let mut result = String::new();
            for line in lines {
                let end = if dice.roll(2) == 0 { "\n" } else { "\r\n" };
                match line.strip_suffix('\n') {
                    Some(line) => result += &(line.trim_end_matches('\r').to_owned() + end),
                    None => result += line,
                }
            }
            result
        }
        Mutation::Mark if text.starts_with('\u{feff}') => text.to_owned(),
        Mutation::Mark => format!("\u{feff}{text}"),
        Mutation::Tabs if python => indented(text, |blanks| "\t".repeat(blanks / 4) + &" ".repeat(blanks % 4)),
        Mutation::TwoBlanks if python => indented(text, |blanks| " ".repeat(blanks / 2)),
        Mutation::WideYaml if kind == Kind::Yaml => indented(text, |blanks| " ".repeat(blanks * 2)),
        Mutation::NoFinalNewline => text.trim_end_matches(['\n', '\r']).to_owned(),
        Mutation::FinalBlankLines => format!("{text}\n\n"),
        Mutation::TrailingBlanks => ends(text, dice, |line, _| format!("{line}  ")),
        Mutation::TrailingComments if has_comments => ends(text, dice, |line, _| format!("{line}  # a note")),
        Mutation::LongLines if has_comments => {
            ends(text, dice, |line, dice| format!("{line}  # {}", "very ".repeat(20 + dice.roll(20))))
        }
        Mutation::Comments => between(text, dice, |next, _| {
            let indentation: String = next.chars().take_while(|character| character.is_whitespace()).collect();
            Some(format!("{indentation}# a note"))
        }),
        Mutation::MoreBlankLines => between(text, dice, |_, _| Some(String::new())),
        Mutation::FewerBlankLines => {
            text.split_inclusive('\n').filter(|line| !line.trim().is_empty() || dice.roll(3) == 0).collect()
        }
        Mutation::Imports if python => imports(text, dice),
        Mutation::Quotes if python => quotes(text, dice),
        Mutation::Unicode => between(text, dice, |next, dice| {
            let number = dice.roll(1000);
            if python && !next.starts_with(char::is_whitespace) && dice.roll(2) == 0 {
                Some(format!("größe_{number} = \"日本語 🦀\"  # ünïcödé"))
            } else {
                let indentation: String = next.chars().take_while(|character| character.is_whitespace()).collect();
                Some(format!("{indentation}# 日本語 🦀 e\u{301}"))
            }
        }),
        Mutation::Decoys if python => between(text, dice, |next, _| {
            let decoy = "\"\"\"\nclass Settings(BaseSettings):\n    name: str = 1\n\nfrom fastapi import FastAPI\napp = FastAPI()\n@app.on_event('startup')\nimport os\n\"\"\"";
            (!next.starts_with(char::is_whitespace)).then(|| decoy.to_owned())
        }),
        Mutation::Decoys => between(text, dice, |next, _| {
            let indentation: String = next.chars().take_while(|character| character.is_whitespace()).collect();
            Some(format!("{indentation}# REDIS_URL=x redis>=5 redis: {{image: redis}}"))
        }),
        _ => text.to_owned(),
    }
}

fn indented(text: &str, indentation: impl Fn(usize) -> String) -> String {
    text.split_inclusive('\n')
        .map(|line| {
            let rest = line.trim_start_matches(' ');
            indentation(line.len() - rest.len()) + rest
        })
        .collect()
}

/// Changes the ends of some lines: never of one that goes on behind a backslash.
fn ends(text: &str, dice: &mut Dice, change: impl Fn(&str, &mut Dice) -> String) -> String {
    text.split_inclusive('\n')
        .map(|line| {
            let content = line.trim_end_matches(['\n', '\r']);
            let end = &line[content.len()..];
            if content.trim().is_empty() || content.ends_with('\\') || dice.roll(3) != 0 {
                return line.to_owned();
            }
            change(content, dice) + end
        })
        .collect()
}

/// Puts lines before some others: never between a line that ends in a backslash and the next, nor before an import that must
/// come first.
fn between(text: &str, dice: &mut Dice, line: impl Fn(&str, &mut Dice) -> Option<String>) -> String {
    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let first = text.lines().position(|line| line.starts_with("from __future__")).map_or(0, |line| line + 1);
    let mut goes_on = text.starts_with('\u{feff}');
    let mut result = String::new();
    for (number, next) in text.split_inclusive('\n').enumerate() {
        let content = next.trim_end_matches(['\n', '\r']);
        if !goes_on
            && number >= first
            && !content.trim().is_empty()
            && dice.roll(4) == 0
            && let Some(line) = line(content, dice)
        {
            result += &(line + end);
        }
        result += next;
        goes_on = content.ends_with('\\');
    }
    result
}

/// Imports on neighbouring lines, in another order.
fn imports(text: &str, dice: &mut Dice) -> String {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let is_import = |line: &str| {
        (line.starts_with("from ") || line.starts_with("import "))
            && !line.contains("__future__")
            && !line.contains(['(', '\\', ';'])
            && line.ends_with('\n')
    };
    let mut start = 0;
    while start < lines.len() {
        let length = lines[start..].iter().take_while(|line| is_import(line)).count();
        dice.shuffle(&mut lines[start..start + length]);
        start += length.max(1);
    }
    lines.concat()
}

/// The other quotes on some lines with simple strings.
fn quotes(text: &str, dice: &mut Dice) -> String {
    text.split_inclusive('\n')
        .map(|line| {
            let doubles = line.matches('"').count();
            let singles = line.matches('\'').count();
            let simple = !line.contains("\"\"\"") && !line.contains("'''") && !line.contains(['\\', '#']);
            if !simple || dice.roll(2) == 0 {
                line.to_owned()
            } else if singles == 0 && doubles.is_multiple_of(2) {
                line.replace('"', "'")
            } else if doubles == 0 && singles.is_multiple_of(2) {
                line.replace('\'', "\"")
            } else {
                line.to_owned()
            }
        })
        .collect()
}
