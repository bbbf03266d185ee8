//! A change as a unified diff that git applies.
//!
//! Bytes in, bytes out: what is in the files is not interpreted. Lines end at `\n` only, as git has it, so that a carriage
//! return is a character of its line. Names are quoted as git quotes them. With colour it is for people: then nothing in it
//! reaches the terminal as a control sequence, and it is no patch any more.

use std::borrow::Cow;
use std::ops::Range;

use anstyle::{AnsiColor, Effects, Style};
use similar::{Algorithm, DiffOp, capture_diff_slices, group_diff_ops};

use super::binary_patch;
use super::outline::outline;
use super::styled::Styled;
use crate::apply::{Contents, FileChange};
use crate::source::utf16;

/// Unchanged lines before and after a change.
const CONTEXT: usize = 3;

/// Modules of so many lines are not folded.
const FEW: usize = 30;

/// Below this share of equal characters two lines are others rather than changed: no words are marked.
const ALIKE: f64 = 0.4;

const HEADER: Style = Style::new().bold();
const HUNK: Style = AnsiColor::Cyan.on_default();
const REMOVED: Style = AnsiColor::Red.on_default();
const ADDED: Style = AnsiColor::Green.on_default();

/// The diff of `changes`, in their order. A file that does not change is left out. With `words`, what has changed inside of a line
/// stands out.
pub fn unified(changes: &[FileChange], words: bool) -> Styled {
    let mut output = Output { text: Styled::default(), words, prefix: "" };
    for change in changes {
        file(&mut output, change);
    }
    output.text
}

/// The same, with new Python modules that `is_folded` names as what they are in a few lines.
pub fn folded(changes: &[FileChange], words: bool, is_folded: impl Fn(&FileChange) -> bool) -> Styled {
    let mut output = Output { text: Styled::default(), words, prefix: "" };
    for change in changes {
        let code = change.after.as_ref().filter(|_| change.before.is_none() && is_folded(change));
        match code.and_then(|after| std::str::from_utf8(&after.bytes).ok()).filter(|code| code.lines().count() > FEW) {
            Some(code) => fold(&mut output, change, code),
            None => file(&mut output, change),
        }
    }
    output.text
}

/// A new module: its docstring, and its public names with theirs.
fn fold(output: &mut Output, change: &FileChange, code: &str) {
    let path = change.path.as_str();
    output.line(HEADER, &format!("diff --git {} {}", quoted("a/", path), quoted("b/", path)));
    output.line(
        HUNK,
        &format!(
            "new module, folded: {} lines; `m` while paging, `v` at the question shows them",
            code.lines().count()
        ),
    );
    let outline = outline(code);
    if !outline.docstring.is_empty() {
        output.line(ADDED, &format!("+ {}", outline.docstring));
    }
    for name in &outline.names {
        output.line(ADDED, &format!("+   {}", name.signature));
    }
}

/// How many lines a change adds, and how many it takes away.
pub fn counts(change: &FileChange) -> (usize, usize) {
    let [before, after] = [&change.before, &change.after].map(|side| text_of(bytes(side.as_ref())));
    let operations = capture_diff_slices(Algorithm::Myers, &lines(&before), &lines(&after));
    let changed = operations.iter().filter(|operation| !matches!(operation, DiffOp::Equal { .. }));
    changed.fold((0, 0), |(added, removed), operation| {
        (added + operation.new_range().len(), removed + operation.old_range().len())
    })
}

/// What has been written so far.
struct Output {
    text: Styled,
    words: bool,
    /// What each line begins with.
    prefix: &'static str,
}

impl Output {
    /// A line of our own.
    fn line(&mut self, style: Style, text: &str) {
        self.text.push(self.prefix);
        self.text.push_styled(style, text);
        self.text.push("\n");
    }

    /// A line of a file, behind `sign`, with the bytes of `marked` (offsets in `line`) standing out.
    fn content(&mut self, style: Style, sign: u8, line: &[u8], marked: &[Range<usize>]) {
        let (line, ended) = line.strip_suffix(b"\n").map_or((line, false), |line| (line, true));
        let (text, end) = line.split_at(line.len() - usize::from(line.ends_with(b"\r")));
        self.text.push(self.prefix);
        self.text.push_styled(style, [sign]);
        let mut at = 0;
        for range in marked {
            let (start, end) = (range.start.clamp(at, text.len()), range.end.clamp(at, text.len()));
            self.text.push_styled(style, text.get(at..start).unwrap_or_default());
            self.text.push_styled(style | Effects::INVERT, text.get(start..end).unwrap_or_default());
            at = end;
        }
        self.text.push_styled(style, text.get(at..).unwrap_or_default());
        self.text.push(end);
        self.text.push("\n");
        if !ended {
            self.text.push(self.prefix);
            self.text.push("\\ No newline at end of file\n");
        }
    }
}

fn file(output: &mut Output, change: &FileChange) {
    if change.before == change.after {
        return;
    }
    let path = change.path.as_str();
    let (before, after) = (bytes(change.before.as_ref()), bytes(change.after.as_ref()));
    // Git takes UTF-16 for no text: the lines are for people, and a binary patch for git.
    let decoded = [utf16::decode(before), utf16::decode(after)];
    if before != after && decoded.iter().any(Option::is_some) {
        output.prefix = if output.words { "" } else { "# " };
        output.line(HEADER, &format!("{path} (UTF-16)"));
        let texts = decoded.each_ref().map(|text| text.as_deref().unwrap_or_default().trim_start_matches('\u{feff}'));
        hunks(output, &lines(texts[0].as_bytes()), &lines(texts[1].as_bytes()));
        output.prefix = "";
        if output.words {
            return;
        }
    }
    let (old, new) = (quoted("a/", path), quoted("b/", path));
    output.line(HEADER, &format!("diff --git {old} {new}"));
    let mode = |contents: &Contents| if contents.executable { "100755" } else { "100644" };
    match (&change.before, &change.after) {
        (None, Some(after)) => output.line(HEADER, &format!("new file mode {}", mode(after))),
        (Some(before), None) => output.line(HEADER, &format!("deleted file mode {}", mode(before))),
        (Some(before), Some(after)) if before.executable != after.executable => {
            output.line(HEADER, &format!("old mode {}", mode(before)));
            output.line(HEADER, &format!("new mode {}", mode(after)));
        }
        _ => {}
    }
    if before == after {
        return;
    }
    if decoded.iter().any(Option::is_some) {
        let objects =
            [&change.before, &change.after].map(|side| binary_patch::object(side.as_ref().map(|side| &*side.bytes)));
        let mode = match (&change.before, &change.after) {
            (Some(before), Some(after)) if before.executable == after.executable => format!(" {}", mode(after)),
            _ => String::new(),
        };
        output.line(HEADER, &format!("index {}..{}{mode}", objects[0], objects[1]));
        output.text.push(binary_patch::patch(before, after));
        return;
    }
    // Git ends a name that has a blank with a tab here, so that it is told from a date.
    let named = |name: &str, there: bool| match (there, path.contains(' ')) {
        (false, _) => "/dev/null".to_owned(),
        (true, true) => format!("{name}\t"),
        (true, false) => name.to_owned(),
    };
    output.line(HEADER, &format!("--- {}", named(&old, change.before.is_some())));
    output.line(HEADER, &format!("+++ {}", named(&new, change.after.is_some())));
    hunks(output, &lines(before), &lines(after));
}

fn bytes(contents: Option<&Contents>) -> &[u8] {
    contents.map_or(&[], |contents| &contents.bytes)
}

/// The bytes as UTF-8, where they are UTF-16.
fn text_of(bytes: &[u8]) -> Cow<'_, [u8]> {
    utf16::decode(bytes).map_or(Cow::Borrowed(bytes), |text| Cow::Owned(text.into_bytes()))
}

fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}

fn hunks(output: &mut Output, old: &[&[u8]], new: &[&[u8]]) {
    let operations = in_place(capture_diff_slices(Algorithm::Myers, old, new));
    for group in group_diff_ops(operations, CONTEXT) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let old_range = first.old_range().start..last.old_range().end;
        let new_range = first.new_range().start..last.new_range().end;
        output.line(HUNK, &format!("@@ -{} +{} @@", numbers(&old_range), numbers(&new_range)));
        for operation in &group {
            let removed = old.get(operation.old_range()).unwrap_or_default();
            let added = new.get(operation.new_range()).unwrap_or_default();
            if let DiffOp::Equal { .. } = operation {
                for line in removed {
                    output.content(Style::new(), b' ', line, &[]);
                }
                continue;
            }
            let (removed_words, added_words) =
                if output.words { changed_words(removed, added) } else { Default::default() };
            for (index, line) in removed.iter().enumerate() {
                output.content(REMOVED, b'-', line, removed_words.get(index).map_or(&[], Vec::as_slice));
            }
            for (index, line) in added.iter().enumerate() {
                output.content(ADDED, b'+', line, added_words.get(index).map_or(&[], Vec::as_slice));
            }
        }
    }
}

/// The operations with the offsets that follow from their lengths: `similar` gives a deletion a wrong place in the new
/// text, and an insertion in the old one, where it has moved them (mitsuhiko/similar#78).
fn in_place(mut operations: Vec<DiffOp>) -> Vec<DiffOp> {
    let (mut old, mut new) = (0, 0);
    for operation in &mut operations {
        let (removed, added) = (operation.old_range().len(), operation.new_range().len());
        match operation {
            DiffOp::Equal { old_index, new_index, .. }
            | DiffOp::Delete { old_index, new_index, .. }
            | DiffOp::Insert { old_index, new_index, .. }
            | DiffOp::Replace { old_index, new_index, .. } => (*old_index, *new_index) = (old, new),
        }
        old += removed;
        new += added;
    }
    operations
}

/// A range of lines as a hunk's header has it: from 1, and for an empty one the line before it.
fn numbers(range: &Range<usize>) -> String {
    match range.len() {
        0 => format!("{},0", range.start),
        1 => (range.start + 1).to_string(),
        length => format!("{},{length}", range.start + 1),
    }
}

/// For each line the ranges of it that have changed.
type Marks = Vec<Vec<Range<usize>>>;

/// What has changed inside of lines that were replaced by others; nothing where they have little in common.
fn changed_words(removed: &[&[u8]], added: &[&[u8]]) -> (Marks, Marks) {
    if removed.is_empty() || added.is_empty() {
        return Default::default();
    }
    let (old, new) = (removed.concat(), added.concat());
    let (old_words, new_words) = (words(&old), words(&new));
    let operations = in_place(capture_diff_slices(Algorithm::Myers, &old_words, &new_words));
    let equal: usize = operations
        .iter()
        .filter(|operation| matches!(operation, DiffOp::Equal { .. }))
        .filter_map(|operation| old_words.get(operation.old_range()))
        .flatten()
        .filter(|word| !word.trim_ascii().is_empty())
        .map(|word| word.len())
        .sum();
    let visible = |text: &[u8]| text.iter().filter(|byte| !byte.is_ascii_whitespace()).count();
    #[expect(clippy::cast_precision_loss, reason = "a share of the characters of a few lines")]
    let share = equal as f64 / visible(&old).min(visible(&new)).max(1) as f64;
    if share < ALIKE {
        return Default::default();
    }
    let changed = |operation: &&DiffOp| !matches!(operation, DiffOp::Equal { .. });
    let ranges = |words: &[&[u8]], range: fn(&DiffOp) -> Range<usize>| -> Vec<Range<usize>> {
        let mut ends = vec![0];
        ends.extend(words.iter().scan(0, |end, word| {
            *end += word.len();
            Some(*end)
        }));
        let offset = |index: usize| ends.get(index).copied().unwrap_or_default();
        operations.iter().filter(changed).map(range).map(|range| offset(range.start)..offset(range.end)).collect()
    };
    (by_line(removed, &ranges(&old_words, DiffOp::old_range)), by_line(added, &ranges(&new_words, DiffOp::new_range)))
}

/// Ranges of several lines in a row, cut into those of each line.
fn by_line(lines: &[&[u8]], ranges: &[Range<usize>]) -> Marks {
    let mut start = 0;
    let cut = |line: &&[u8]| {
        let here = start..start + line.len();
        start = here.end;
        ranges
            .iter()
            .map(|range| range.start.max(here.start)..range.end.min(here.end))
            .filter(|range| range.start < range.end)
            .map(|range| range.start - here.start..range.end - here.start)
            .collect()
    };
    lines.iter().map(cut).collect()
}

/// Words (with the bytes beyond ASCII as letters), runs of blanks, and everything else byte by byte.
fn words(text: &[u8]) -> Vec<&[u8]> {
    let class = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | 0x80.. => 0,
        b' ' | b'\t' => 1,
        _ => 2,
    };
    text.chunk_by(|left, right| class(*left) == class(*right) && class(*left) != 2).collect()
}

/// A name with its prefix as git prints it: in quotes, with C's escapes, if it has a character that is not plain ASCII.
fn quoted(prefix: &str, path: &str) -> String {
    let is_plain = |byte: u8| (0x20..0x7f).contains(&byte) && byte != b'"' && byte != b'\\';
    if path.bytes().all(is_plain) {
        return format!("{prefix}{path}");
    }
    let mut name = format!("\"{prefix}");
    for byte in path.bytes() {
        match byte {
            byte if is_plain(byte) => name.push(char::from(byte)),
            b'"' => name.push_str("\\\""),
            b'\\' => name.push_str("\\\\"),
            0x07 => name.push_str("\\a"),
            0x08 => name.push_str("\\b"),
            b'\t' => name.push_str("\\t"),
            b'\n' => name.push_str("\\n"),
            0x0b => name.push_str("\\v"),
            0x0c => name.push_str("\\f"),
            b'\r' => name.push_str("\\r"),
            byte => name.extend(['\\', octal(byte >> 6), octal(byte >> 3), octal(byte)]),
        }
    }
    name.push('"');
    name
}

/// The last octal digit.
fn octal(number: u8) -> char {
    char::from(b'0' + (number & 7))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::process::Command;

    use proptest::prelude::*;

    use super::super::styled::Look;
    use super::*;
    use crate::project::FilePath;

    const TERMINAL: Look = Look { colour: true, terminal: true, links: false };

    fn contents(bytes: &[u8], executable: bool) -> Contents {
        Contents { bytes: bytes.into(), executable }
    }

    fn change(path: &str, before: Option<&[u8]>, after: Option<&[u8]>) -> FileChange {
        FileChange {
            path: FilePath::new(path).expect("inside"),
            before: before.map(|bytes| contents(bytes, false)),
            after: after.map(|bytes| contents(bytes, false)),
        }
    }

    fn git(folder: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .args(["-c", "core.autocrlf=false", "-c", "core.quotepath=true"])
            .args(arguments)
            .current_dir(folder)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .env("GIT_CEILING_DIRECTORIES", folder.parent().expect("a parent"));
        command
    }

    fn put(folder: &Path, path: &FilePath, contents: &Contents) {
        let full = folder.join(path.as_str());
        fs::create_dir_all(full.parent().expect("a parent")).expect("created");
        fs::write(&full, &contents.bytes).expect("written");
        let mode = if contents.executable { 0o755 } else { 0o644 };
        fs::set_permissions(&full, fs::Permissions::from_mode(mode)).expect("set");
    }

    /// Git, given the diff, makes exactly the files after from the files before.
    fn check_git(changes: &[FileChange]) {
        let folder = tempfile::tempdir().expect("a folder");
        for change in changes {
            if let Some(before) = &change.before {
                put(folder.path(), &change.path, before);
            }
        }
        let patch = tempfile::NamedTempFile::new().expect("a file");
        let diff = unified(changes, false).into_bytes();
        fs::write(patch.path(), &diff).expect("written");
        let patch_path = patch.path().to_str().expect("a name");
        let shown = String::from_utf8_lossy(&diff).into_owned();
        if !diff.is_empty() {
            let output = git(folder.path(), &["apply", patch_path]).output().expect("git runs");
            assert!(output.status.success(), "{}\n{shown}", String::from_utf8_lossy(&output.stderr));
        }
        for change in changes {
            let full = folder.path().join(change.path.as_str());
            let Some(after) = &change.after else {
                assert!(!full.exists(), "{full:?} is still there\n{shown}");
                continue;
            };
            assert_eq!(fs::read(&full).expect("read"), &*after.bytes, "{shown}");
            let mode = fs::metadata(&full).expect("there").permissions().mode();
            assert_eq!(mode & 0o100 != 0, after.executable, "{shown}");
        }
    }

    #[test]
    fn git_applies_what_is_utf_16() {
        let text = |text: &str| utf16::encode(&format!("\u{feff}{text}"), b"\xff\xfe");
        let (before, after) = (text("fastapi\r\n"), text("fastapi\r\nredis>=5\r\n"));
        let long = text(&"package==1.2.3\r\n".repeat(5000));
        let longer = text(&"package==1.2.3\r\n".repeat(5001));
        let changes = [
            change("a.txt", Some(&before), Some(&after)),
            change("b.txt", Some(b"x\n"), Some(b"y\n")),
            change("c d.txt", Some(&long), Some(&longer)),
            change("e.txt", Some(&after), None),
            change("f.txt", None, Some(&after)),
            change("g.txt", Some(&text("")), Some(&after)),
            FileChange {
                path: FilePath::new("h.txt").expect("inside"),
                before: Some(contents(&before, false)),
                after: Some(contents(&after, true)),
            },
        ];
        check_git(&changes);
        let shown = String::from_utf8(unified(&changes[..1], false).into_bytes()).expect("text");
        assert!(
            shown.starts_with("# a.txt (UTF-16)\n# @@ -1 +1,2 @@\n#  fastapi\r\n# +redis>=5\r\ndiff --git"),
            "{shown}"
        );
        assert_eq!(counts(&changes[0]), (1, 0));
    }

    #[test]
    fn lines_are_shown_with_three_around_them() {
        let diff = unified(
            &[change("a.py", Some(b"1\n2\n3\n4\n5\n6\n7\n8\n9\n"), Some(b"1\n2\n3\n4\nx\n5\n6\n7\n8\n9"))],
            false,
        );
        assert_eq!(
            String::from_utf8(diff.into_bytes()).expect("text"),
            "diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -2,8 +2,9 @@\n 2\n 3\n 4\n+x\n 5\n 6\n 7\n 8\n-9\n+9\n\\ No newline at end of file\n"
        );
    }

    #[test]
    fn git_takes_every_kind_of_change() {
        check_git(&[
            change("empty/__init__.py", None, Some(b"")),
            change("new.py", None, Some(b"x = 1\n")),
            change("gone.py", Some(b"x = 1"), None),
            change("gone_empty.py", Some(b""), None),
            change("emptied.py", Some(b"x\n"), Some(b"")),
            change("filled.py", Some(b""), Some(b"x")),
            change("crlf.py", Some(b"\xef\xbb\xbfa\r\nb\r\nc"), Some(b"\xef\xbb\xbfa\r\nb\r\nx\r\nc")),
            change("mixed.py", Some(b"a\rb\nc\r\n\rd"), Some(b"a\rb\nc\n\rd\n")),
            change("zero.bin", Some(b"a\0b\nc\n"), Some(b"a\0d\nc\n")),
            change("latin.py", Some(b"\xff\xfe\nc\n"), Some(b"\xff\xfd\nc\n")),
            change("dashes.sql", Some(b"-- a\n++ b\n"), Some(b"-- c\n")),
            change("same.py", Some(b"x\n"), Some(b"x\n")),
            FileChange {
                path: FilePath::new("run.sh").expect("inside"),
                before: Some(contents(b"a\n", false)),
                after: Some(contents(b"a\n", true)),
            },
            FileChange {
                path: FilePath::new("run2.sh").expect("inside"),
                before: Some(contents(b"a\n", true)),
                after: Some(contents(b"b\n", false)),
            },
            FileChange {
                path: FilePath::new("run3.sh").expect("inside"),
                before: None,
                after: Some(contents(b"", true)),
            },
        ]);
    }

    #[test]
    fn names_are_quoted_as_git_quotes_them() {
        let names = [
            "plain.py",
            "with blank.py",
            "ä/ö.py",
            "quote\".py",
            "back\\slash",
            "tab\there",
            "a b/new\nline",
            "bell\u{7}",
            "{{cookiecutter.name}}/a.py",
            "del\u{7f}",
            "'single'",
            "-dash",
            "\u{1b}[31m",
            " lead",
            "trail ",
        ];
        for name in names {
            check_git(&[change(name, Some(b"a\nb"), Some(b"c\n")), change(&format!("{name}x"), None, Some(b""))]);
            let folder = tempfile::tempdir().expect("a folder");
            let path = FilePath::new(name).expect("inside");
            put(folder.path(), &path, &contents(b"x\n", false));
            let output =
                git(folder.path(), &["diff", "--no-index", "--", "/dev/null", name]).output().expect("git runs");
            let theirs = String::from_utf8_lossy(&output.stdout).into_owned();
            let theirs: Vec<&str> = theirs.lines().filter(|line| !line.starts_with("index ")).collect();
            let ours =
                String::from_utf8(unified(&[change(name, None, Some(b"x\n"))], false).into_bytes()).expect("text");
            assert_eq!(ours.lines().collect::<Vec<_>>(), theirs);
        }
    }

    #[test]
    fn changed_words_stand_out_and_control_characters_do_no_harm() {
        let diff = unified(
            &[change("a.py", Some(b"app = FastAPI(title=\"x\")\n"), Some(b"app = FastAPI(title=\"x\", debug=True)\n"))],
            true,
        );
        let text = String::from_utf8(diff.encode(TERMINAL)).expect("text");
        assert!(
            text.contains("+app = FastAPI(title=\"x\"\u{1b}[0m\u{1b}[7m\u{1b}[32m, debug=True\u{1b}[0m"),
            "{text:?}"
        );
        assert!(text.contains("\u{1b}[36m@@ -1 +1 @@\u{1b}[0m\n"), "{text:?}");
        let diff = unified(&[change("a", None, Some(b"\x1b[2Jx\ry\r\n"))], true);
        let text = String::from_utf8(diff.encode(TERMINAL)).expect("text");
        assert!(text.contains("+\\x1b[2Jx\\x0dy\u{1b}[0m\r\n"), "{text:?}");
    }

    #[test]
    fn without_colour_nothing_but_the_bytes() {
        let changes = [change("a", Some(b"one two\n"), Some(b"one three\n"))];
        assert!(!unified(&changes, true).into_bytes().contains(&0x1b));
        assert_eq!(unified(&[change("a", Some(b"x"), Some(b"x"))], true), Styled::default());
    }

    fn text() -> impl Strategy<Value = Vec<u8>> {
        let line = prop_oneof![
            Just(b"a\n".to_vec()),
            Just(b"b\n".to_vec()),
            Just(b"\n".to_vec()),
            Just(b"a\r\n".to_vec()),
            Just(b"a".to_vec()),
            Just(b"\r".to_vec()),
            Just(b"\\ No newline at end of file\n".to_vec()),
            Just(b"--- a/x\n".to_vec()),
            Just(b"@@ -1 +1 @@\n".to_vec()),
            Just(b"diff --git a/x b/x\n".to_vec()),
            Just(b" \n".to_vec()),
            Just(b"\t \n".to_vec()),
            Just(b"\0\n".to_vec()),
            proptest::collection::vec(any::<u8>(), 0..6),
        ];
        proptest::collection::vec(line, 0..24).prop_map(|lines| lines.concat())
    }

    fn file_contents() -> impl Strategy<Value = Option<Contents>> {
        proptest::option::weighted(
            0.85,
            (text(), any::<bool>()).prop_map(|(bytes, executable)| contents(&bytes, executable)),
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn git_makes_of_the_diff_what_we_write(files in proptest::collection::vec((file_contents(), file_contents()), 1..5)) {
            let changes: Vec<FileChange> = files
                .into_iter()
                .enumerate()
                .map(|(index, (before, after))| FileChange {
                    path: FilePath::new(&format!("folder {index}/ä{index}.py")).expect("inside"), before, after,
                })
                .collect();
            check_git(&changes);
        }

        #[test]
        fn edits_inside_a_longer_text_apply(base in text(), insert in text(), at in 0..200_usize, colour in any::<bool>()) {
            let at = at.min(base.len());
            let after = [&base[..at], &insert, &base[at..]].concat();
            let changes = [change("a.py", Some(&base), Some(&after))];
            check_git(&changes);
            let _ = unified(&changes, colour);
        }
    }
}
