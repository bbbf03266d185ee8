//! Text of a file: line endings, byte order mark, lines and columns. Nothing here knows a language.

use std::ops::Range;

/// How a line ends. A file keeps the ending that most of its lines have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnding {
    /// `\n`
    Lf,
    /// `\r\n`
    CrLf,
}

impl LineEnding {
    /// The ending that most lines of `text` have; `\n` where none has one.
    pub fn of(text: &str) -> Self {
        let all = memchr::memchr_iter(b'\n', text.as_bytes()).count();
        let with_return = memchr::memmem::find_iter(text.as_bytes(), b"\r\n").count();
        if with_return * 2 > all { Self::CrLf } else { Self::Lf }
    }

    /// The characters themselves.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
        }
    }

    /// `text`, whose lines end in `\n`, with this ending.
    pub fn convert(self, text: &str) -> String {
        match self {
            Self::Lf => text.to_owned(),
            Self::CrLf => text.replace('\n', "\r\n"),
        }
    }
}

/// Does `outer` hold all of `inner`?
pub fn contains(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// The length of the byte order mark at the start of `text`, in bytes: 3 or 0.
pub fn bom_length(text: &str) -> usize {
    if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 }
}

/// The start of the line that holds the byte at `offset`.
pub fn line_start(text: &str, offset: usize) -> usize {
    memchr::memrchr(b'\n', &text.as_bytes()[..offset]).map_or_else(|| bom_length(text).min(offset), |at| at + 1)
}

/// The first line of a text, without its ending.
pub fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim_end()
}

/// The end of the line that holds the byte at `offset`, before its line ending: where text can be appended to it.
pub fn line_end(text: &str, offset: usize) -> usize {
    let bytes = text.as_bytes();
    let mut end = memchr::memchr(b'\n', &bytes[offset..]).map_or(text.len(), |at| offset + at);
    // Every `\r` there belongs to the ending, also where no `\n` follows: what is put between two of them would take the
    // first one along when it goes.
    while end > 0 && bytes[end - 1] == b'\r' && (end > offset || end < text.len()) {
        end -= 1;
    }
    end
}

/// The start of the line after the one that holds the byte at `offset`; the end of the text on the last line.
pub fn next_line(text: &str, offset: usize) -> usize {
    memchr::memchr(b'\n', &text.as_bytes()[offset..]).map_or(text.len(), |at| offset + at + 1)
}

/// Blanks and tabs at the start of the line that holds the byte at `offset`.
pub fn indentation(text: &str, offset: usize) -> &str {
    let start = line_start(text, offset);
    let rest = &text[start..];
    &rest[..rest.len() - rest.trim_start_matches([' ', '\t']).len()]
}

/// Is there nothing but blanks between the start of the line and `offset`?
pub fn is_first_on_line(text: &str, offset: usize) -> bool {
    text[line_start(text, offset)..offset].chars().all(|character| character == ' ' || character == '\t')
}

/// The full lines that `range` touches, with the line ending of the last one.
pub fn full_lines(text: &str, range: Range<usize>) -> Range<usize> {
    let last = if range.end > range.start { range.end - 1 } else { range.end };
    line_start(text, range.start)..next_line(text, last)
}

/// Removes the full lines that `range` touches, so that what was inserted as "line ending plus lines" at the end of the
/// line before goes away byte for byte: the line ending before the lines goes, the one after them stays. Lines at the
/// start of the text take the line ending after them.
pub fn lines_with_ending_before(text: &str, range: Range<usize>) -> Range<usize> {
    let start = line_start(text, range.start);
    let last = if range.end > range.start { range.end - 1 } else { range.end };
    let end = line_end(text, last.min(text.len()));
    if start <= bom_length(text) {
        return start..next_line(text, last);
    }
    line_end(text, start - 1)..end
}

/// The offset where the blank lines directly before the line of `offset` begin; the line's own start where there are none.
pub fn blank_lines_before(text: &str, offset: usize) -> usize {
    let mut start = line_start(text, offset);
    while start > bom_length(text) {
        let previous = line_start(text, start - 1);
        if !text[previous..start].trim().is_empty() {
            break;
        }
        start = previous;
    }
    start
}

/// Where a merge conflict begins that was left in the text.
pub fn conflict(text: &str) -> Option<usize> {
    let mark = "<<<<<<< ";
    if text.starts_with(mark) { Some(0) } else { text.find(&format!("\n{mark}")).map(|offset| offset + 1) }
}

/// Line and column, both from 1, of the byte at `offset`; the column counts characters. A byte order mark has no column.
pub fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let line = memchr::memchr_iter(b'\n', &text.as_bytes()[..offset]).count() + 1;
    let start = line_start(text, offset);
    (line, text[start..offset].chars().count() + 1)
}

/// `text` without the quotes around it, where it has some.
pub fn unquoted(text: &str) -> &str {
    let inner = ['"', '\''].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote));
    inner.unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_ending_of_most_lines_counts() {
        assert_eq!(LineEnding::of("a\r\nb\r\nc\n"), LineEnding::CrLf);
        assert_eq!(LineEnding::of("a\r\nb\nc\n"), LineEnding::Lf);
        assert_eq!(LineEnding::of("a"), LineEnding::Lf);
    }

    #[test]
    fn a_line_ends_before_its_carriage_return() {
        assert_eq!(line_end("ab\r\ncd", 0), 2);
        assert_eq!(line_end("ab\r\ncd", 4), 6);
        assert_eq!(line_end("\r\n", 0), 0);
        assert_eq!(line_end("\n", 0), 0);
        assert_eq!(line_end("ab\r\r\ncd", 0), 2);
        assert_eq!(line_end("ab\r\r", 0), 2);
        assert_eq!(line_end("\r\r", 0), 0);
        assert_eq!(line_end("ab\rcd", 0), 5);
        assert_eq!(line_end("ab\r", 3), 3);
    }

    #[test]
    fn removed_lines_take_the_ending_before_them() {
        let text = "a\r\nb\r\nc";
        let range = lines_with_ending_before(text, 3..4);
        assert_eq!(format!("{}{}", &text[..range.start], &text[range.end..]), "a\r\nc");
        let range = lines_with_ending_before(text, 6..7);
        assert_eq!(&text[..range.start], "a\r\nb");
        let range = lines_with_ending_before(text, 0..1);
        assert_eq!(&text[range.end..], "b\r\nc");
    }

    #[test]
    fn columns_count_characters_and_skip_the_byte_order_mark() {
        assert_eq!(line_and_column("\u{feff}ab", 3), (1, 1));
        assert_eq!(line_and_column("ä b\nc", 3), (1, 3));
        assert_eq!(line_and_column("ä b\nc", 5), (2, 1));
    }
}
