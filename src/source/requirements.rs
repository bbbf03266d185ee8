//! pip's requirements files: logical lines, by their place. What a requirement says is not read here.

use std::ops::Range;

use super::text;

/// A requirements file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its logical lines, in order.
    pub lines: Vec<Line>,
}

/// A logical line: one line, or several that end in a backslash but for the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// From its first to its last character, without the line ending.
    pub range: Range<usize>,
    /// What it is.
    pub kind: Kind,
    /// Does it end in a backslash, so that whatever followed would belong to it?
    pub open: bool,
}

/// What a logical line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Nothing but blanks.
    Blank,
    /// Nothing but a comment.
    Comment,
    /// `-r file`, with the file as written.
    Include(String),
    /// `-c file`, with the file as written.
    Constraint(String),
    /// `--require-hashes`
    RequireHashes,
    /// Another option, such as `--index-url`.
    Option,
    /// A requirement, without comment and options.
    Requirement {
        /// What is required.
        text: String,
        /// Has it a `--hash`?
        hashed: bool,
    },
}

impl Source {
    /// Reads `text`. Any text is a requirements file.
    pub fn parse(text: &str) -> Self {
        let mut lines = Vec::new();
        let mut start = text::bom_length(text);
        while start < text.len() {
            let mut end = text::line_end(text, start);
            let mut joined = String::new();
            let mut from = start;
            let open = loop {
                let line = text.get(from..end).unwrap_or_default();
                // A comment ends a continuation, also one that ends in a backslash.
                let continued = line.ends_with('\\') && !line.trim_start().starts_with('#');
                joined.push_str(if continued { &line[..line.len() - 1] } else { line });
                let next = text::next_line(text, end.min(text.len()));
                if !continued || next >= text.len() {
                    break continued;
                }
                from = next;
                end = text::line_end(text, next);
            };
            lines.push(Line { range: start..end, kind: kind(&joined), open });
            start = text::next_line(text, end.min(text.len()));
        }
        Self { lines }
    }

    /// The requirements, each with its line.
    pub fn requirements(&self) -> impl Iterator<Item = (&Line, &str)> {
        self.lines.iter().filter_map(|line| match &line.kind {
            Kind::Requirement { text, .. } => Some((line, text.as_str())),
            _ => None,
        })
    }

    /// The first line with a `--hash`, or with `--require-hashes`.
    pub fn hashed(&self) -> Option<&Line> {
        let is_hashed = |kind: &Kind| matches!(kind, Kind::Requirement { hashed: true, .. } | Kind::RequireHashes);
        self.lines.iter().find(|line| is_hashed(&line.kind))
    }
}

fn kind(line: &str) -> Kind {
    let content = without_comment(line).trim();
    if content.is_empty() {
        return if line.trim().is_empty() { Kind::Blank } else { Kind::Comment };
    }
    if let Some(file) = option_value(content, "-r", "--requirement") {
        return Kind::Include(file);
    }
    if let Some(file) = option_value(content, "-c", "--constraint") {
        return Kind::Constraint(file);
    }
    let editable = option_value(content, "-e", "--editable");
    if content.starts_with('-') && editable.is_none() {
        return if content.starts_with("--require-hashes") { Kind::RequireHashes } else { Kind::Option };
    }
    let content = editable.unwrap_or_else(|| content.to_owned());
    let words: Vec<&str> = content.split_whitespace().collect();
    let options = words.iter().position(|word| word.starts_with("--")).unwrap_or(words.len());
    let (required, options) = words.split_at(options);
    if required.is_empty() {
        return Kind::Option;
    }
    Kind::Requirement { text: required.join(" "), hashed: options.iter().any(|option| option.starts_with("--hash")) }
}

/// The line without a comment: `#` at its start or after a blank.
fn without_comment(line: &str) -> &str {
    let mut previous = ' ';
    for (at, character) in line.char_indices() {
        if character == '#' && previous.is_whitespace() {
            return line.get(..at).unwrap_or_default();
        }
        previous = character;
    }
    line
}

fn option_value(content: &str, short: &str, long: &str) -> Option<String> {
    let value = if let Some(rest) = content.strip_prefix(long) {
        rest.strip_prefix('=').or_else(|| rest.starts_with(char::is_whitespace).then_some(rest))?
    } else {
        content.strip_prefix(short)?
    };
    let value = value.trim().trim_matches(['"', '\'']);
    (!value.is_empty()).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        Source::parse(text).lines.into_iter().map(|line| line.kind).collect()
    }

    fn requirement(text: &str) -> Kind {
        Kind::Requirement { text: text.to_owned(), hashed: false }
    }

    #[test]
    fn lines_are_what_pip_takes_them_for() {
        assert_eq!(
            kinds(
                "# top\n--editable --hash=sha256:0\n-r base.txt\n--constraint=c.txt\n-i https://x\n\nredis>=5 # fast\n-e git+https://x#egg=y\n"
            ),
            [
                Kind::Comment,
                Kind::Option,
                Kind::Include("base.txt".into()),
                Kind::Constraint("c.txt".into()),
                Kind::Option,
                Kind::Blank,
                requirement("redis>=5"),
                requirement("git+https://x#egg=y"),
            ]
        );
    }

    #[test]
    fn a_backslash_joins_lines() {
        let text = "\u{feff}redis==5 \\\r\n    --hash=sha256:00\r\nx \\";
        let source = Source::parse(text);
        assert_eq!(source.lines.len(), 2);
        assert_eq!(&text[source.lines[0].range.clone()], "redis==5 \\\r\n    --hash=sha256:00");
        assert_eq!(source.lines[0].kind, Kind::Requirement { text: "redis==5".into(), hashed: true });
        assert_eq!(source.hashed(), Some(&source.lines[0]));
        assert!(source.lines[1].open);
        assert!(Source::parse("--require-hashes\nx\n").hashed().is_some());
        assert_eq!(kinds("# a \\\nx\n"), [Kind::Comment, requirement("x")]);
    }
}
