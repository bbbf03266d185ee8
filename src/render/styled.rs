//! Text on its way to a person: bytes as they are, and our own styling beside them as data.
//!
//! Bytes never carry styling of ours, so that what steers a terminal in them came from a project (a file, a name, a label), and is
//! shown instead of obeyed. Everything that is printed goes through [`Styled::encode`]; nothing here writes.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::Write as _;
use std::ops::Range;

use anstyle::{AnsiColor, Effects, Style};
use unicode_width::UnicodeWidthChar as _;

use super::links::Link;

/// How a stream takes text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Look {
    /// With our colour.
    pub colour: bool,
    /// Is it a terminal? Then characters that would steer it, or that do not show, are written as escapes that do. A pipe or a
    /// file gets every byte as it is.
    pub terminal: bool,
    /// With links: a terminal that is known to have them.
    pub links: bool,
}

/// Text with styles for ranges of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Styled {
    bytes: Vec<u8>,
    /// Sorted, and none overlaps another.
    spans: Vec<(Range<usize>, Style)>,
    /// What leads somewhere: sorted, and none overlaps another.
    links: Vec<(Range<usize>, Link)>,
}

impl Styled {
    /// Adds bytes without a style.
    pub fn push(&mut self, bytes: impl AsRef<[u8]>) {
        self.bytes.extend_from_slice(bytes.as_ref());
    }

    /// Adds bytes of this style.
    pub fn push_styled(&mut self, style: Style, bytes: impl AsRef<[u8]>) {
        let start = self.bytes.len();
        self.push(bytes);
        if style.is_plain() || start == self.bytes.len() {
            return;
        }
        match self.spans.last_mut() {
            Some((last, same)) if last.end == start && *same == style => last.end = self.bytes.len(),
            _ => self.spans.push((start..self.bytes.len(), style)),
        }
    }

    /// Makes the first place of `text` at or behind `from` lead somewhere. Nothing does where it is not there.
    pub fn lead(&mut self, from: usize, text: &str, link: Link) {
        let after_others = self.links.last().map_or(0, |(range, _)| range.end).max(from);
        let rest = self.bytes.get(after_others..).unwrap_or_default();
        if let Some(at) = memchr::memmem::find(rest, text.as_bytes()).filter(|_| !text.is_empty()) {
            let start = after_others + at;
            self.links.push((start..start + text.len(), link));
        }
    }

    /// Adds another text with its styles and links.
    pub fn append(&mut self, other: &Self) {
        let start = self.bytes.len();
        self.push(&other.bytes);
        self.links
            .extend(other.links.iter().map(|(range, link)| (range.start + start..range.end + start, link.clone())));
        self.spans.extend(other.spans.iter().map(|(range, style)| (range.start + start..range.end + start, *style)));
    }

    /// The text that `rendered` shows, where it has been styled by escape sequences of a library of ours.
    ///
    /// Only plain colours and weights are taken for styles. Whatever else is in there stays text.
    pub fn from_ansi(rendered: &str) -> Self {
        let mut result = Self::default();
        let mut style = Style::new();
        let mut rest = rendered;
        while let Some(at) = rest.find("\u{1b}[") {
            let (before, sequence) = rest.split_at(at);
            result.push_styled(style, before);
            let codes = sequence[2..].split_once('m').and_then(|(codes, after)| Some((restyled(style, codes)?, after)));
            rest = if let Some((changed, after)) = codes {
                style = changed;
                after
            } else {
                result.push_styled(style, &sequence[..2]);
                &sequence[2..]
            };
        }
        result.push_styled(style, rest);
        result
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// How many lines it has.
    pub fn lines(&self) -> usize {
        memchr::memchr_iter(b'\n', &self.bytes).count() + usize::from(!self.bytes.is_empty() && !self.ends_line())
    }

    /// Is there nothing in it?
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Does it begin with this text?
    pub fn starts_with(&self, text: &str) -> bool {
        self.bytes.starts_with(text.as_bytes())
    }

    /// The rows that it takes on a terminal of so many columns. What does not show is an escape there, a tab is blanks, and what is
    /// longer than a row goes on in the next one.
    pub fn rows(&self, columns: usize) -> Vec<Self> {
        const TAB: usize = 8;
        let mut rows = Vec::new();
        let mut row = Self::default();
        let mut column = 0;
        let mut at = 0;
        let plain = |range: Range<usize>| (range, Style::new());
        let mut pieces: Vec<(Range<usize>, Style)> = Vec::new();
        for (range, style) in &self.spans {
            pieces.extend([plain(at..range.start), (range.clone(), *style)]);
            at = range.end;
        }
        pieces.push(plain(at..self.bytes.len()));
        for (range, style) in pieces {
            let mut shown = Vec::new();
            self.copy(&mut shown, range, Look { terminal: true, ..Look::default() });
            for character in String::from_utf8_lossy(&shown).chars() {
                let width = match character {
                    '\n' => {
                        rows.push(std::mem::take(&mut row));
                        column = 0;
                        continue;
                    }
                    // It stands at the end of a line alone, and does nothing there.
                    '\r' => continue,
                    '\t' => TAB - column % TAB,
                    _ => character.width().unwrap_or_default(),
                };
                if column + width > columns {
                    rows.push(std::mem::take(&mut row));
                    column = 0;
                }
                if character == '\t' {
                    row.push_styled(style, " ".repeat(width.min(columns)));
                } else {
                    row.push_styled(style, character.encode_utf8(&mut [0; 4]));
                }
                column += width;
            }
        }
        if !row.is_empty() {
            rows.push(row);
        }
        rows
    }

    /// Is it the end of a line?
    pub fn ends_line(&self) -> bool {
        self.bytes.ends_with(b"\n")
    }

    /// The bytes alone.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The bytes for a stream.
    pub fn encode(&self, look: Look) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len());
        let mut at = 0;
        for (range, style) in &self.spans {
            self.copy_with_links(&mut out, at..range.start, look);
            if look.colour {
                // Writing to a vector does not fail.
                let _ = write!(out, "{style}");
            }
            self.copy_with_links(&mut out, range.clone(), look);
            if look.colour {
                let _ = write!(out, "{style:#}");
            }
            at = range.end;
        }
        self.copy_with_links(&mut out, at..self.bytes.len(), look);
        out
    }

    /// Copies a range, and begins and ends the links that do so in it: they need not be of one style.
    fn copy_with_links(&self, out: &mut Vec<u8>, range: Range<usize>, look: Look) {
        let mut at = range.start;
        for (link, to) in self.links.iter().filter(|_| look.links && look.terminal) {
            if range.contains(&link.start) {
                self.copy(out, at..link.start, look);
                let _ = write!(out, "\x1b]8;;{}\x1b\\", to.as_str());
                at = link.start;
            }
            if range.start < link.end && link.end <= range.end {
                self.copy(out, at..link.end, look);
                out.extend_from_slice(b"\x1b]8;;\x1b\\");
                at = link.end;
            }
        }
        self.copy(out, at..range.end, look);
    }

    fn copy(&self, out: &mut Vec<u8>, range: Range<usize>, look: Look) {
        let text = self.bytes.get(range.clone()).unwrap_or_default();
        if !look.terminal {
            out.extend_from_slice(text);
            return;
        }
        let next = self.bytes.get(range.end).copied();
        let mut at = 0;
        for (place, shown) in hidden(text, next) {
            out.extend_from_slice(text.get(at..place.start).unwrap_or_default());
            out.extend_from_slice(shown.as_bytes());
            at = place.end;
        }
        out.extend_from_slice(text.get(at..).unwrap_or_default());
    }
}

impl<T: AsRef<[u8]> + ?Sized> From<&T> for Styled {
    fn from(text: &T) -> Self {
        Self { bytes: text.as_ref().to_vec(), ..Self::default() }
    }
}

/// The style after a sequence `ESC [ codes m`; `None` where one of the codes is none of those that our libraries write.
fn restyled(style: Style, codes: &str) -> Option<Style> {
    const COLOURS: [AnsiColor; 8] = [
        AnsiColor::Black,
        AnsiColor::Red,
        AnsiColor::Green,
        AnsiColor::Yellow,
        AnsiColor::Blue,
        AnsiColor::Magenta,
        AnsiColor::Cyan,
        AnsiColor::White,
    ];
    codes.split(';').try_fold(style, |style, code| {
        let code = if code.is_empty() { 0 } else { code.parse::<usize>().ok()? };
        let colour = |first: usize| code.checked_sub(first).and_then(|number| COLOURS.get(number)).copied();
        Some(match code {
            0 => Style::new(),
            1 => style | Effects::BOLD,
            2 => style | Effects::DIMMED,
            4 => style | Effects::UNDERLINE,
            39 => style.fg_color(None),
            _ => match (colour(30), colour(90)) {
                (Some(colour), _) => style.fg_color(Some(colour.into())),
                (_, Some(colour)) => style.fg_color(Some(colour.bright(true).into())),
                _ => return None,
            },
        })
    })
}

/// The text with what does not show as escapes, as a terminal would get it. Lines stay lines.
pub fn visible(text: &str) -> Cow<'_, str> {
    let mut result = String::new();
    let mut at = 0;
    for (place, shown) in hidden(text.as_bytes(), None) {
        result.push_str(text.get(at..place.start).unwrap_or_default());
        result.push_str(&shown);
        at = place.end;
    }
    if at == 0 {
        return Cow::Borrowed(text);
    }
    result.push_str(text.get(at..).unwrap_or_default());
    Cow::Owned(result)
}

/// [`visible`], and where offsets in `text` are in it.
pub fn visible_with_offsets(text: &str) -> (Cow<'_, str>, impl Fn(usize) -> usize) {
    // Where each escape ends in the text, and how much longer the text has become up to there.
    let mut longer = Vec::new();
    let mut more = 0;
    for (place, shown) in hidden(text.as_bytes(), None) {
        more += shown.len() - place.len();
        longer.push((place.end, more));
    }
    let shifted = move |offset: usize| {
        let before = longer.partition_point(|(end, _)| *end <= offset);
        offset + before.checked_sub(1).and_then(|last| longer.get(last)).map_or(0, |(_, more)| *more)
    };
    (visible(text), shifted)
}

/// The text on one line, whatever is in it: a name with a line feed makes no line of its own.
pub fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(['\n', '\r']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace('\n', "\\n").replace('\r', "\\r"))
}

/// JSON without characters that do not show: an escape of JSON stands for each, so that the data are the same.
pub fn plain_json(text: &str) -> Cow<'_, str> {
    // Outside of strings, JSON of ours has none of them but line feeds.
    if !text.chars().any(|character| does_not_show(character) && character != '\n') {
        return Cow::Borrowed(text);
    }
    let mut result = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if does_not_show(character) && character != '\n' {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(result, "\\u{unit:04x}");
            }
        } else {
            result.push(character);
        }
    }
    Cow::Owned(result)
}

/// Where a terminal would be steered by `text`, or nothing would show, and what to show there. `next` is the byte behind the text.
fn hidden(text: &[u8], next: Option<u8>) -> impl Iterator<Item = (Range<usize>, String)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(&first) = text.get(at) {
            let start = at;
            if first.is_ascii() {
                at += 1;
                // A carriage return at the end of a line does nothing, and most files with one have it in every line.
                let ends_line = || first == b'\r' && text.get(at).copied().or(next) == Some(b'\n');
                if does_not_show(char::from(first)) && !matches!(first, b'\t' | b'\n') && !ends_line() {
                    return Some((start..at, format!("\\x{first:02x}")));
                }
                continue;
            }
            let Some(character) = first_character(text.get(at..).unwrap_or_default()) else {
                at += 1;
                return Some((start..at, format!("\\x{first:02x}")));
            };
            at += character.len_utf8();
            if does_not_show(character) {
                return Some((start..at, format!("\\u{{{:x}}}", u32::from(character))));
            }
        }
        None
    })
}

/// The character that the bytes begin with; `None` where they begin with none.
fn first_character(bytes: &[u8]) -> Option<char> {
    let (valid, _) = bytes.split_at(bytes.len().min(4));
    let valid = match std::str::from_utf8(valid) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(valid.get(..error.valid_up_to())?).ok()?,
    };
    valid.chars().next()
}

/// Is it a control character, or one that changes the order of others or shows nothing?
fn does_not_show(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TERMINAL: Look = Look { colour: false, terminal: true, links: false };
    const COLOURED: Look = Look { colour: true, terminal: true, links: false };
    const PIPE: Look = Look { colour: true, terminal: false, links: false };

    fn shown(bytes: &[u8]) -> String {
        String::from_utf8(Styled::from(bytes).encode(TERMINAL)).expect("text")
    }

    #[test]
    fn what_steers_a_terminal_is_shown() {
        assert_eq!(shown(b"a\x1b[8mb\x07\x7f\0"), "a\\x1b[8mb\\x07\\x7f\\x00");
        assert_eq!(
            shown("a\u{9b}8m\u{202e}b\u{2069}\u{200e}\u{feff}".as_bytes()),
            "a\\u{9b}8m\\u{202e}b\\u{2069}\\u{200e}\\u{feff}"
        );
        assert_eq!(shown(b"a\x9b8m\xff\xe2\x80"), "a\\x9b8m\\xff\\xe2\\x80");
        assert_eq!(shown("ä\tö\n日本\n".as_bytes()), "ä\tö\n日本\n");
    }

    #[test]
    fn a_carriage_return_stays_at_the_end_of_a_line_alone() {
        assert_eq!(shown(b"a\r\nb\rc\r\r\n\r"), "a\r\nb\\x0dc\\x0d\r\n\\x0d");
        // Also where a style ends between the two.
        let mut styled = Styled::default();
        styled.push_styled(AnsiColor::Red.on_default(), "a\r");
        styled.push("\n");
        assert_eq!(styled.encode(TERMINAL), b"a\r\n");
    }

    #[test]
    fn a_pipe_gets_every_byte_and_our_colour() {
        let bytes = b"a\x1b[8m\x9b\xe2\x80\xae\r\n";
        let mut styled = Styled::default();
        styled.push_styled(AnsiColor::Green.on_default(), bytes);
        assert_eq!(styled.encode(Look::default()), bytes);
        assert_eq!(styled.encode(PIPE), [b"\x1b[32m", &bytes[..], b"\x1b[0m"].concat());
    }

    #[test]
    fn styling_of_a_library_is_taken_apart_from_text() {
        let styled = Styled::from_ansi("a\u{1b}[31;1mb\u{1b}[0mc\u{1b}[8md\u{1b}[2J\u{1b}[m\u{1b}]0;x\u{7}");
        assert_eq!(
            String::from_utf8(styled.encode(COLOURED)).expect("text"),
            "a\u{1b}[1m\u{1b}[31mb\u{1b}[0mc\\x1b[8md\\x1b[2J\\x1b]0;x\\x07"
        );
    }

    #[test]
    fn a_link_leads_to_its_address_and_the_text_ends_none() {
        let link = Link::file(std::path::Path::new("/p/a\u{1b}\\.py"));
        let (opened, closed) = (format!("\u{1b}]8;;{}\u{1b}\\", link.as_str()), "\u{1b}]8;;\u{1b}\\");
        let mut styled = Styled::default();
        styled.push("at a");
        styled.push_styled(AnsiColor::Red.on_default(), "\u{1b}\\.py: ");
        styled.push("a\u{1b}]8;;\u{1b}\\b");
        styled.lead(0, "a\u{1b}\\.py", link.clone());
        // It is not there.
        styled.lead(0, "b.py", link.clone());
        let links = Look { links: true, ..COLOURED };
        assert_eq!(
            String::from_utf8(styled.encode(links)).expect("text"),
            format!("at {opened}a\u{1b}[31m\\x1b\\.py{closed}: \u{1b}[0ma\\x1b]8;;\\x1b\\b")
        );
        for look in [COLOURED, TERMINAL, PIPE, Look { terminal: false, ..links }] {
            assert!(!String::from_utf8(styled.encode(look)).expect("text").contains("8;;file"), "{look:?}");
        }
    }

    #[test]
    fn rows_are_as_wide_as_the_terminal() {
        let rows = |text: &Styled, columns| -> Vec<String> {
            text.rows(columns).iter().map(|row| String::from_utf8_lossy(&row.encode(COLOURED)).into_owned()).collect()
        };
        assert_eq!(rows(&Styled::from("abcdef\n\nx\r\n"), 4), ["abcd", "ef", "", "x"]);
        assert_eq!(rows(&Styled::from("a\tb\t"), 20), ["a       b       "]);
        // What takes two columns is not cut, and an escape takes as many as it shows.
        assert_eq!(rows(&Styled::from("日本語"), 5), ["日本", "語"]);
        assert_eq!(rows(&Styled::from("a\u{1b}[2J\u{202e}"), 8), ["a\\x1b[2J", "\\u{202e}"]);
        let mut styled = Styled::from("ab");
        styled.push_styled(AnsiColor::Red.on_default(), "cd\nef");
        assert_eq!(rows(&styled, 3), ["ab\u{1b}[31mc\u{1b}[0m", "\u{1b}[31md\u{1b}[0m", "\u{1b}[31mef\u{1b}[0m"]);
    }

    #[test]
    fn offsets_move_with_what_is_shown() {
        let text = "a\u{1b}b\u{202e}c\r\nd";
        let (shown, moved) = visible_with_offsets(text);
        assert_eq!(shown, "a\\x1bb\\u{202e}c\r\nd");
        for (at, character) in text.char_indices().filter(|(_, character)| character.is_ascii_alphabetic()) {
            assert!(shown[moved(at)..].starts_with(character), "{character}");
        }
        assert_eq!(moved(text.len()), shown.len());
    }

    #[test]
    fn json_says_the_same_in_escapes() {
        let text = "{\n  \"a\": \"x\u{9b}\u{202e}\u{7f}\u{e0041}\"\n}\n";
        let plain = plain_json(text);
        assert_eq!(plain, "{\n  \"a\": \"x\\u009b\\u202e\\u007f\\udb40\\udc41\"\n}\n");
        let (before, after): (serde_json::Value, serde_json::Value) =
            (serde_json::from_str(text).expect("JSON"), serde_json::from_str(&plain).expect("JSON"));
        assert_eq!(before, after);
    }

    #[test]
    fn a_name_makes_no_line_of_its_own() {
        assert_eq!(one_line("a\nb\rc"), "a\\nb\\rc");
        assert_eq!(one_line("a b"), "a b");
    }

    /// Pieces of text that matter here.
    fn pieces() -> impl Strategy<Value = Vec<(Option<u8>, Vec<u8>)>> {
        let text = prop_oneof![
            Just(b"\x1b[8m".to_vec()),
            Just(b"\r\n".to_vec()),
            Just("\u{9b}\u{2028}ä".as_bytes().to_vec()),
            proptest::collection::vec(any::<u8>(), 0..8),
        ];
        proptest::collection::vec((proptest::option::of(0..8_u8), text), 0..12)
    }

    proptest! {
        #[test]
        fn nothing_but_our_own_styles_reaches_a_terminal(pieces in pieces()) {
            let mut styled = Styled::default();
            for (colour, text) in &pieces {
                let style = colour.map_or(Style::new(), |number| anstyle::Ansi256Color(number).on_default());
                styled.push_styled(style, text);
            }
            let plain = styled.encode(TERMINAL);
            let text = String::from_utf8(plain.clone()).expect("text");
            prop_assert!(!text.replace("\r\n", "\n").chars().any(|found| does_not_show(found) && !matches!(found, '\t' | '\n')));
            // With colour it is the same text.
            let coloured = styled.encode(COLOURED);
            prop_assert_eq!(without_styles(&coloured), plain);
            let all: Vec<u8> = pieces.iter().flat_map(|(_, text)| text.clone()).collect();
            prop_assert_eq!(styled.encode(Look::default()), all);
        }

        #[test]
        fn nothing_of_a_rendered_text_is_lost_but_its_styles(text in "(\u{1b}\\[[0-9;]{0,4}m|[a-z\u{1b}\u{9b}\\[m\n]){0,12}") {
            let shown = Styled::from_ansi(&text).encode(COLOURED);
            let plain = String::from_utf8(without_styles(&shown)).expect("text");
            prop_assert_eq!(plain.find('\u{1b}'), None);
        }
    }

    /// Without sequences that begin with ESC and end with `m`.
    fn without_styles(bytes: &[u8]) -> Vec<u8> {
        let mut result = Vec::new();
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|byte| *byte == 0x1b) {
            result.extend_from_slice(&rest[..at]);
            let end = rest[at..].iter().position(|byte| *byte == b'm').expect("a style ends");
            rest = &rest[at + end + 1..];
        }
        result.extend_from_slice(rest);
        result
    }
}
