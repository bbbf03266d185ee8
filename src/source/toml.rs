//! TOML source: tables, keys and arrays by their place in the text.
//!
//! `toml_edit` locates only: it must never write, because it normalises line endings and moves comments.

use std::ops::Range;
use std::rc::Rc;

use toml_edit::{Item, TableLike, Value};

use super::memory::Memory;

/// Where a file stops being TOML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// The place.
    pub range: Range<usize>,
    /// A phrase: what is wrong there.
    pub message: String,
}

/// A parsed document. All ranges are byte offsets of the text it was parsed from.
#[derive(Debug)]
pub struct Source {
    document: toml_edit::Document<String>,
}

/// An array of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Array {
    /// The array with its brackets.
    pub range: Range<usize>,
    /// Its items, in order.
    pub items: Vec<ArrayItem>,
}

/// An item of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrayItem {
    /// The value, with its quotes.
    pub range: Range<usize>,
    /// What it says, where it is a string.
    pub text: Option<String>,
    /// Where the comma after it is, where there is one.
    pub comma: Option<usize>,
}

impl Array {
    /// What stands between the brackets.
    pub fn interior(&self) -> Range<usize> {
        self.range.start + 1..self.range.end.saturating_sub(1).max(self.range.start + 1)
    }
}

/// How a table is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableForm {
    /// Under a header of its own, which is here.
    Header(Range<usize>),
    /// `{key = value}`, with its braces.
    Inline(Range<usize>),
    /// By dotted keys in the table around it, or by nothing but sub-tables.
    Implied,
}

/// A table and its entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// How it is written.
    pub form: TableForm,
    /// Its entries, in order of place.
    pub entries: Vec<Entry>,
}

/// An entry of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key, without quotes.
    pub key: String,
    /// The key as written; where the entry is made of several dotted keys, the first of them.
    pub key_range: Range<usize>,
    /// The whole entry, from the key to the end of the value.
    pub range: Range<usize>,
    /// Is it written in the table itself (and not under a header of its own)?
    pub direct: bool,
}

thread_local! {
    static PARSED: Memory<Result<Rc<Source>, SyntaxError>> = Memory::default();
}

impl Source {
    /// The text parsed, from memory where it was parsed before.
    ///
    /// # Errors
    ///
    /// The first place that is no TOML.
    pub fn of(text: &str) -> Result<Rc<Self>, SyntaxError> {
        PARSED.with(|parsed| parsed.get_or_insert_with(text, || Self::parse(text).map(Rc::new)))
    }

    /// Parses `text`.
    ///
    /// # Errors
    ///
    /// The first place that is no TOML.
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        match toml_edit::Document::parse(text.to_owned()) {
            Ok(document) => Ok(Self { document }),
            Err(error) => Err(SyntaxError {
                range: error.span().unwrap_or(0..0),
                message: error.message().lines().next().unwrap_or("not TOML").trim_end_matches('.').to_owned(),
            }),
        }
    }

    /// What stands at `path`, key by key.
    pub fn item(&self, path: &[&str]) -> Option<&Item> {
        let mut item = self.document.as_item();
        for key in path {
            item = item.as_table_like()?.get(key)?;
        }
        Some(item)
    }

    /// The bytes of the item at `path`.
    pub fn span(&self, path: &[&str]) -> Option<Range<usize>> {
        self.item(path).and_then(Item::span)
    }

    /// Is there anything at `path`?
    pub fn has(&self, path: &[&str]) -> bool {
        self.item(path).is_some()
    }

    /// The string at `path`.
    pub fn string(&self, path: &[&str]) -> Option<&str> {
        self.item(path)?.as_str()
    }

    /// The whole number at `path`.
    pub fn integer(&self, path: &[&str]) -> Option<i64> {
        self.item(path)?.as_integer()
    }

    /// The strings at `path`: of an array, or a single one.
    pub fn strings(&self, path: &[&str]) -> Vec<String> {
        match self.item(path) {
            Some(Item::Value(Value::Array(array))) => {
                array.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            Some(Item::Value(Value::String(text))) => vec![text.value().clone()],
            _ => Vec::new(),
        }
    }

    /// The keys of the table at `path`, in order of their first appearance.
    pub fn keys(&self, path: &[&str]) -> Vec<String> {
        let table = self.item(path).and_then(Item::as_table_like);
        table.map(|table| table.iter().map(|(key, _)| key.to_owned()).collect()).unwrap_or_default()
    }

    /// The array of values at `path`.
    pub fn array(&self, path: &[&str]) -> Option<Array> {
        let array = self.item(path)?.as_array()?;
        let range = array.span()?;
        let text = self.document.raw();
        let ranges: Vec<Range<usize>> = array.iter().map(Value::span).collect::<Option<_>>()?;
        let items = array
            .iter()
            .zip(&ranges)
            .map(|(value, range)| ArrayItem {
                range: range.clone(),
                text: value.as_str().map(str::to_owned),
                comma: comma_after(text, range.end),
            })
            .collect();
        Some(Array { range, items })
    }

    /// The table at `path`.
    pub fn table(&self, path: &[&str]) -> Option<Table> {
        let item = self.item(path)?;
        let (form, table): (TableForm, &dyn TableLike) = match item {
            Item::Table(table) if table.is_dotted() || table.is_implicit() => (TableForm::Implied, table),
            Item::Table(table) => (TableForm::Header(self.header(table.span()?.start)), table),
            Item::Value(Value::InlineTable(table)) if table.is_dotted() => (TableForm::Implied, table),
            Item::Value(Value::InlineTable(table)) => (TableForm::Inline(table.span()?), table),
            _ => return None,
        };
        let mut entries: Vec<Entry> = table
            .iter()
            .filter_map(|(name, item)| {
                let key = table.key(name)?;
                let range = extent(key.span(), item)?;
                let direct = is_direct(item);
                let key_range = key.span().filter(|_| direct).unwrap_or(range.start..range.start);
                Some(Entry { key: name.to_owned(), key_range, range, direct })
            })
            .collect();
        entries.sort_by_key(|entry| entry.range.start);
        Some(Table { form, entries })
    }

    /// The header that begins at `start`, with its brackets.
    fn header(&self, start: usize) -> Range<usize> {
        let text = self.document.raw();
        let line = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        start..start + line.trim_end().len()
    }
}

/// From the key to the end of the last value below it.
fn extent(key: Option<Range<usize>>, item: &Item) -> Option<Range<usize>> {
    match item {
        Item::Value(Value::InlineTable(table)) if table.is_dotted() => merge(
            table.iter().filter_map(|(name, value)| {
                let key = table.key(name)?.span()?;
                Some(key.start..value.span()?.end)
            }),
            key,
        ),
        Item::Value(value) => Some(key?.start..value.span()?.end),
        Item::Table(table) => {
            let below = table.iter().filter_map(|(name, item)| extent(table.key(name)?.span(), item));
            let own = if table.is_dotted() { key } else { table.span().or(key) };
            merge(below, own)
        }
        Item::ArrayOfTables(array) => merge(array.iter().filter_map(toml_edit::Table::span), key),
        Item::None => None,
    }
}

fn merge(ranges: impl Iterator<Item = Range<usize>>, first: Option<Range<usize>>) -> Option<Range<usize>> {
    ranges.chain(first).reduce(|left, right| left.start.min(right.start)..left.end.max(right.end))
}

/// Is the item written where its key is: a value, or dotted keys?
fn is_direct(item: &Item) -> bool {
    match item {
        Item::Value(_) => true,
        Item::Table(table) => table.is_dotted(),
        _ => false,
    }
}

/// The comma after the value that ends at `end`, over blanks, line breaks and comments.
fn comma_after(text: &str, end: usize) -> Option<usize> {
    let mut position = end;
    let bytes = text.as_bytes();
    loop {
        match bytes.get(position)? {
            b',' => return Some(position),
            b'#' => position = super::text::next_line(text, position),
            b' ' | b'\t' | b'\r' | b'\n' => position += 1,
            _ => return None,
        }
    }
}

/// Are two values, or two entries (`key = value`), the same but for how they are written?
pub fn same_values(left: &str, right: &str) -> bool {
    let parsed = |text: &str| {
        let document = |text: String| text.parse::<toml_edit::DocumentMut>().ok();
        document(text.to_owned()).or_else(|| document(format!("value = {text}")))
    };
    match (parsed(left), parsed(right)) {
        (Some(left), Some(right)) => same_item(left.as_item(), right.as_item()),
        _ => left.trim() == right.trim(),
    }
}

fn same_item(left: &Item, right: &Item) -> bool {
    if let (Some(left), Some(right)) = (left.as_table_like(), right.as_table_like()) {
        let same_entry = |(key, item): (&str, &Item)| right.get(key).is_some_and(|other| same_item(item, other));
        return left.len() == right.len() && left.iter().all(same_entry);
    }
    match (left.as_value(), right.as_value()) {
        (Some(left), Some(right)) => same_value(left, right),
        _ => false,
    }
}

fn same_value(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::String(left), Value::String(right)) => left.value() == right.value(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right.iter()).all(|(left, right)| same_value(left, right))
        }
        (Value::InlineTable(left), Value::InlineTable(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, value)| right.get(key).is_some_and(|other| same_value(value, other)))
        }
        (left, right) => left.to_string().trim() == right.to_string().trim(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Source {
        Source::parse(text).expect("TOML")
    }

    #[test]
    fn an_array_and_its_commas_are_located() {
        let text =
            "\u{feff}[project]\r\ndependencies = [\r\n  \"a\", # one, two\r\n  'b' # no\r\n  , \"c\" # last ,\r\n]\r\n";
        let array = parse(text).array(&["project", "dependencies"]).expect("array");
        assert_eq!(&text[array.range.clone()][..1], "[");
        assert!(text[..array.range.end].ends_with(']'));
        let items: Vec<&str> = array.items.iter().map(|item| &text[item.range.clone()]).collect();
        assert_eq!(items, ["\"a\"", "'b'", "\"c\""]);
        assert!(array.items[0].comma.is_some() && array.items[1].comma.is_some());
        assert_eq!(array.items[2].comma, None);
    }

    #[test]
    fn a_table_is_found_however_it_is_written() {
        let text = "[tool.poetry.dependencies]\npython = \"^3.8\"\nfoo.version = \"1\"\nfoo.extras = [\"x\"]\n\n\
                    [tool.poetry.dependencies.bar]\nversion = \"2\"\n";
        let table = parse(text).table(&["tool", "poetry", "dependencies"]).expect("table");
        assert_eq!(table.form, TableForm::Header(0..26));
        let entries: Vec<(&str, bool)> = table.entries.iter().map(|entry| (&*entry.key, entry.direct)).collect();
        assert_eq!(entries, [("python", true), ("foo", true), ("bar", false)]);
        assert_eq!(&text[table.entries[1].range.clone()], "foo.version = \"1\"\nfoo.extras = [\"x\"]");

        let text = "[tool.poetry]\ndependencies = {python = \"^3.8\", a.version = \"1\"}\n";
        let table = parse(text).table(&["tool", "poetry", "dependencies"]).expect("table");
        assert!(matches!(&table.form, TableForm::Inline(range) if text[range.clone()].starts_with("{python")));
        assert_eq!(&text[table.entries[1].range.clone()], "a.version = \"1\"");

        let text = "[tool.poetry]\ndependencies.python = \"^3.8\"\n";
        let table = parse(text).table(&["tool", "poetry", "dependencies"]).expect("table");
        assert_eq!(table.form, TableForm::Implied);
        assert_eq!(&text[table.entries[0].range.clone()], "python = \"^3.8\"");
    }

    #[test]
    fn a_syntax_error_has_a_place() {
        let error = Source::parse("[project]\nname = \n").expect_err("no TOML");
        assert_eq!(super::super::text::line_and_column("[project]\nname = \n", error.range.start).0, 2);
        assert!(!error.message.is_empty());
    }

    #[test]
    fn the_same_values_in_other_quotes() {
        assert!(same_values("\"redis>=5\"", "'redis>=5'"));
        assert!(same_values("a = {b = 'c', d=[1,2]}", "a = { d = [1, 2], b = \"c\" }"));
        assert!(!same_values("\"redis>=5,<6\"", "\"redis>=5<6\""));
        assert!(!same_values("a = {b = 'c'}", "a = {b = 'd'}"));
    }
}
