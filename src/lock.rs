//! `paxx.lock`: what was added to a project, and what is needed to check it and to take it back. `docs/lock.md` describes it.
//!
//! It is text in a stable order, so that a diff of it shows what was added. It is written by the plan like any other file.

use std::fmt::Write as _;

use sha1::{Digest as _, Sha1};
use toml_edit::{Document, TableLike};

use crate::component::{self, options::Values};
use crate::finding::{self, Problem};
use crate::project::FilePath;

mod scaffolding;

pub use scaffolding::{Made, Scaffolding, ScaffoldingKey};

/// The version of the format.
pub const VERSION: i64 = 2;

/// The keys of a record of a requirement.
const REQUIREMENT_KEYS: [&str; 8] = ["id", "state", "text", "replaced", "blob", "kept", "digest", "imported"];

/// A record is written on one line where it fits.
const LONGEST_LINE: usize = 120;

/// The name of the file, at the root of a project.
pub const NAME: &str = "paxx.lock";

/// What was added to a project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    /// What was given by an option, so that later commands find the same: the keys of `[tool.paxx]`.
    pub options: Vec<(String, String)>,
    /// Where the application and the settings were found (`main.py:app`), so that `check` need not search for them again.
    pub found: Vec<String>,
    /// Components, in the order of their names.
    pub components: Vec<Component>,
    /// Shared scaffolding: what it is, who uses it, and the text that it replaced, if any.
    pub scaffolding: Vec<Scaffolding>,
}

/// An installed component.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// The version of its manifest.
    pub version: u32,
    /// The values of its options.
    pub options: Values,
    /// Its requirements, in the order they are checked.
    pub requirements: Vec<Requirement>,
    /// What a later version of paxx says of it.
    pub more: More,
}

/// A requirement of an installed component.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requirement {
    /// Its stable name.
    pub id: String,
    /// Was it brought by paxx? Else it was found, and is the user's.
    pub created: bool,
    /// The text that was put there, to tell it from what the user made of it.
    pub text: Option<String>,
    /// The exact text that was replaced.
    pub replaced: Option<String>,
    /// The git blob id of the text that was written, of a generated file.
    pub blob: Option<String>,
    /// Did the user say that this generated file is his now?
    pub kept: bool,
    /// What version 1 of the format had in its place, until the next change of the project finds the blob id.
    pub digest: Option<String>,
    /// Did the project's own code import the package before it was listed?
    pub imported: bool,
    /// What a later version of paxx says of it.
    pub more: More,
}

/// Keys that this version does not know, each with its value as TOML: they are written again as they are.
pub type More = Vec<(String, String)>;

/// What `paxx.lock` keeps of a requirement that was brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// The text that stands there now for it, without indentation: compared as code, not as bytes.
    pub text: Option<String>,
    /// The exact text that was replaced, if any.
    pub replaced: Option<String>,
    /// Shared scaffolding that came into being with it, or goes with it.
    pub scaffolding: Made,
}

/// What `remove` knows about a requirement from `paxx.lock`.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    /// What was recorded when it was brought.
    pub record: Record,
    /// Scaffolding that is recorded for the project.
    pub scaffolding: Made,
}

impl Recorded {
    /// The scaffolding of this key: `Some(None)` where it was created, `Some(Some(text))` where it replaced `text`.
    pub fn scaffolding(&self, key: &ScaffoldingKey) -> Option<Option<&str>> {
        self.scaffolding.iter().find(|(known, _)| known == key).map(|(_, replaced)| replaced.as_deref())
    }
}

impl Lock {
    /// Reads the text of a lock file.
    ///
    /// # Errors
    ///
    /// It is no TOML, not of this format, or of a newer version.
    pub fn parse(path: &FilePath, text: &str) -> Result<Self, Problem> {
        let unreadable = |why: String| {
            Problem::new(&finding::LOCK_UNREADABLE, format!("`{path}` cannot be read: {why}"))
                .at(path, 0..0)
                .help("take it back from git (`git checkout -- paxx.lock`), or delete it and name the components to `paxx check`")
        };
        let document = Document::parse(text).map_err(|error| {
            let problem = unreadable(error.message().to_owned());
            match error.span() {
                Some(span) => problem.at(path, span),
                None => problem,
            }
        })?;
        let version = document
            .get("version")
            .and_then(toml_edit::Item::as_integer)
            .ok_or_else(|| unreadable("it has no `version`".to_owned()))?;
        if version > VERSION {
            return Err(Problem::new(
                &finding::LOCK_NEWER,
                format!("`{path}` has version {version}; this paxx knows version {VERSION}"),
            )
            .at(path, 0..0)
            .help("update paxx (`uv tool upgrade paxx`)"));
        }
        let mut lock = Self::default();
        if let Some(options) = document.get("project").and_then(toml_edit::Item::as_table_like) {
            lock.options =
                options.iter().filter_map(|(key, item)| Some((key.to_owned(), item.as_str()?.to_owned()))).collect();
            let found = options.get("found").and_then(toml_edit::Item::as_array).into_iter().flatten();
            lock.found = found.filter_map(toml_edit::Value::as_str).map(str::to_owned).collect();
        }
        for table in document.get("component").and_then(toml_edit::Item::as_array_of_tables).into_iter().flatten() {
            let name = string(table, "name").ok_or_else(|| unreadable("a component has no `name`".to_owned()))?;
            let version = table.get("version").and_then(toml_edit::Item::as_integer).unwrap_or(1);
            let entries = table.get("requirements").and_then(toml_edit::Item::as_array);
            let requirements = entries
                .into_iter()
                .flatten()
                .filter_map(toml_edit::Value::as_inline_table)
                .map(|entry| {
                    Ok(Requirement {
                        id: string(entry, "id")
                            .ok_or_else(|| unreadable(format!("a requirement of `{name}` has no `id`")))?,
                        created: string(entry, "state").as_deref() == Some("created"),
                        text: string(entry, "text"),
                        replaced: string(entry, "replaced"),
                        blob: string(entry, "blob"),
                        kept: entry.get("kept").and_then(toml_edit::Value::as_bool).unwrap_or_default(),
                        digest: string(entry, "digest"),
                        imported: entry.get("imported").and_then(toml_edit::Value::as_bool) == Some(true),
                        more: more(entry, &REQUIREMENT_KEYS),
                    })
                })
                .collect::<Result<_, Problem>>()?;
            let options = options(path, text, &name, table)?;
            lock.components.push(Component {
                name,
                version: u32::try_from(version).unwrap_or(1),
                options,
                requirements,
                more: more(table, &["name", "version", "options", "requirements"]),
            });
        }
        for table in document.get("scaffolding").and_then(toml_edit::Item::as_array_of_tables).into_iter().flatten() {
            let name = string(table, "name").ok_or_else(|| unreadable("a scaffolding has no `name`".to_owned()))?;
            let components = table.get("components").and_then(toml_edit::Item::as_array);
            let components =
                components.into_iter().flatten().filter_map(toml_edit::Value::as_str).map(str::to_owned).collect();
            let key = ScaffoldingKey::parse(&name, &root_of(path));
            lock.scaffolding.push(Scaffolding { key, components, replaced: string(table, "replaced") });
        }
        Ok(lock)
    }

    /// The text of the lock file at `path`.
    pub fn to_text(&self, path: &FilePath) -> String {
        let mut text = format!(
            "# What paxx added to this project. Commit this file: `paxx check`, `add` and `remove` read it.\nversion = {VERSION}\n"
        );
        if !self.options.is_empty() || !self.found.is_empty() {
            text.push_str("\n[project]\n");
            if !self.found.is_empty() {
                let found: Vec<String> = self.found.iter().map(|place| quoted(place)).collect();
                let _ = writeln!(text, "found = [{}]", found.join(", "));
            }
            for (key, value) in &self.options {
                let _ = writeln!(text, "{key} = {}", quoted(value));
            }
        }
        for component in &self.components {
            let _ =
                write!(text, "\n[[component]]\nname = {}\nversion = {}\n", quoted(&component.name), component.version);
            if !component.options.is_empty() {
                let pairs = component.options.iter().map(|(name, value)| format!("{name} = {}", quoted(value)));
                let _ = writeln!(text, "options = {{ {} }}", pairs.collect::<Vec<_>>().join(", "));
            }
            for (key, value) in &component.more {
                let _ = writeln!(text, "{key} = {value}");
            }
            text.push_str("requirements = [\n");
            for requirement in &component.requirements {
                let line = record(requirement, quoted);
                let fits = line.chars().count() <= LONGEST_LINE;
                text.push_str(&if fits { line } else { record(requirement, quoted_over_lines) });
                text.push('\n');
            }
            text.push_str("]\n");
        }
        let root = root_of(path);
        for scaffolding in &self.scaffolding {
            let components: Vec<String> = scaffolding.components.iter().map(|name| quoted(name)).collect();
            let _ = write!(
                text,
                "\n[[scaffolding]]\nname = {}\ncomponents = [{}]\n",
                quoted(&scaffolding.key.name(&root)),
                components.join(", ")
            );
            if let Some(replaced) = &scaffolding.replaced {
                let line = format!("replaced = {}", quoted(replaced));
                let fits = line.chars().count() <= LONGEST_LINE;
                text.push_str(&if fits { line } else { format!("replaced = {}", quoted_over_lines(replaced)) });
                text.push('\n');
            }
        }
        text
    }

    /// The component of this name, if it is installed.
    pub fn component(&self, name: &str) -> Option<&Component> {
        self.components.iter().find(|component| component.name == name)
    }

    /// A component as it was added: with the values of its options that are recorded.
    pub fn decided(&self, component: &'static component::Component) -> &'static component::Component {
        match self.component(component.id()) {
            Some(entry) => component.decided(&entry.options),
            None => component.decided(&Values::new()),
        }
    }

    /// The value of an option that was recorded.
    pub fn option(&self, key: &str) -> Option<&str> {
        self.options.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// What is recorded for the requirement `id`, by whichever component brought it.
    pub fn requirement(&self, id: &str) -> Option<&Requirement> {
        let all = || {
            self.components
                .iter()
                .flat_map(|component| &component.requirements)
                .filter(|requirement| requirement.id == id)
        };
        all().find(|requirement| requirement.created).or_else(|| all().next())
    }

    /// What `remove` is told of the requirement `id`; `None` where it was not brought by paxx.
    pub fn recorded(&self, id: &str) -> Option<Recorded> {
        let scaffolding: Made =
            self.scaffolding.iter().map(|entry| (entry.key.clone(), entry.replaced.clone())).collect();
        if self.has_scaffolding(&ScaffoldingKey::parse(id, &FilePath::top())) {
            return Some(Recorded { record: Record::default(), scaffolding });
        }
        let requirement = self.requirement(id).filter(|requirement| requirement.created)?;
        let record =
            Record { text: requirement.text.clone(), replaced: requirement.replaced.clone(), ..Record::default() };
        Some(Recorded { record, scaffolding })
    }

    /// Is this scaffolding recorded?
    pub fn has_scaffolding(&self, key: &ScaffoldingKey) -> bool {
        self.scaffolding.iter().any(|known| known.key == *key)
    }

    /// Brings everything into its stable order, in the lock of the project at `root`.
    pub fn sort(&mut self, root: &FilePath) {
        self.options.sort();
        self.components.sort_by(|left, right| left.name.cmp(&right.name));
        self.scaffolding.sort_by_key(|scaffolding| scaffolding.key.name(root));
        for scaffolding in &mut self.scaffolding {
            scaffolding.components.sort();
            scaffolding.components.dedup();
        }
    }
}

/// The root of the project whose lock is at `path`.
fn root_of(path: &FilePath) -> FilePath {
    path.parent().unwrap_or_else(FilePath::top)
}

/// The name that git has for a file of this text: `git hash-object`, with LF for line endings.
pub fn blob_id(text: &str) -> String {
    object_id(text.replace("\r\n", "\n").as_bytes())
}

/// The name that git has for a file of these bytes.
pub fn object_id(bytes: &[u8]) -> String {
    let mut hash = Sha1::new();
    hash.update(format!("blob {}\0", bytes.len()));
    hash.update(bytes);
    hexadecimal(&hash.finalize())
}

/// Bytes as hexadecimal digits.
pub fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut hex = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// Where the text of a lock names a component; its beginning where it does not.
pub fn place_of(text: &str, component: &str) -> std::ops::Range<usize> {
    let name = format!("name = {}", quoted(component));
    text.find(&name).map_or(0..0, |start| start..start + name.len())
}

/// The values of a component's options. They go into files, so what is none of this version's values is not believed.
fn options(path: &FilePath, text: &str, name: &str, table: &dyn TableLike) -> Result<Values, Problem> {
    let mut values = Values::new();
    let known = component::Component::find(name);
    let recorded = table.get("options").and_then(toml_edit::Item::as_table_like);
    for (key, item) in recorded.into_iter().flat_map(TableLike::iter) {
        let value = item.as_str().unwrap_or_default();
        let at = item.span().unwrap_or_else(|| place_of(text, name));
        // What another version made is its own affair: it is kept as it is, as long as it can be written again.
        let is_plain = |text: &str| text.chars().all(|next| next.is_ascii_alphanumeric() || "_-.".contains(next));
        let option = known.map(|component| component.option(key));
        let problem = match option {
            Some(Some(option)) => option.check(value).err().map(|why| {
                Problem::new(&finding::LOCK_UNREADABLE, format!("`{path}`: the value of `{name}.{key}` {why}"))
                    .help(format!("it is {}", option.expected()))
            }),
            Some(None) => Some(
                Problem::new(
                    &finding::LOCK_NEWER,
                    format!("`{path}` has an option `{name}.{key}`, which this paxx does not know"),
                )
                .help("update paxx (`uv tool upgrade paxx`)"),
            ),
            None if is_plain(key) && is_plain(value) && !key.is_empty() => None,
            None => Some(
                Problem::new(
                    &finding::LOCK_UNREADABLE,
                    format!("`{path}`: an option of `{name}` is no name with a value"),
                )
                .help("take it back from git (`git checkout -- paxx.lock`)"),
            ),
        };
        if let Some(problem) = problem {
            return Err(problem.at(path, at));
        }
        values.insert(key.to_owned(), value.to_owned());
    }
    Ok(values)
}

fn string(table: &dyn TableLike, key: &str) -> Option<String> {
    table.get(key).and_then(toml_edit::Item::as_str).map(str::to_owned)
}

/// What the table has beside the keys that are `known`. A table of its own is not looked into: it would not stand where it stood.
fn more(table: &dyn TableLike, known: &[&str]) -> More {
    let unknown = table.iter().filter(|(key, _)| !known.contains(key));
    let written = unknown.filter_map(|(key, item)| {
        let value = item.as_value()?.to_string();
        Some((toml_edit::Key::new(key).to_string().trim().to_owned(), value.trim().to_owned()))
    });
    written.collect()
}

/// A requirement as an inline table, with its strings in this form.
fn record(requirement: &Requirement, form: fn(&str) -> String) -> String {
    let state = if requirement.created { "created" } else { "found" };
    let mut text = format!("    {{ id = {}, state = \"{state}\"", quoted(&requirement.id));
    let fields = [
        ("text", &requirement.text),
        ("replaced", &requirement.replaced),
        ("blob", &requirement.blob),
        ("digest", &requirement.digest),
    ];
    for (key, value) in fields {
        if let Some(value) = value {
            let _ = write!(text, ", {key} = {}", form(value));
        }
    }
    if requirement.imported {
        text.push_str(", imported = true");
    }
    if requirement.kept {
        text.push_str(", kept = true");
    }
    for (key, value) in &requirement.more {
        let _ = write!(text, ", {key} = {value}");
    }
    text.push_str(" },");
    text
}

/// A basic string (TOML 1.0): on one line, whatever is in it.
fn quoted(text: &str) -> String {
    let mut result = String::with_capacity(text.len() + 2);
    result.push('"');
    text.chars().for_each(|character| push_escaped(&mut result, character));
    result.push('"');
    result
}

/// A multi-line basic string, which may stand in an inline table: a line for each line of the text. Line endings and the blanks
/// behind them are in front of a backslash that ends the line, so that no checkout with other line endings changes the text.
fn quoted_over_lines(text: &str) -> String {
    if !text.contains('\n') && text.len() <= LONGEST_LINE / 2 {
        return quoted(text);
    }
    let mut result = String::from("\"\"\"\\\n        ");
    let mut characters = text.chars().peekable();
    let mut column = 8;
    while let Some(character) = characters.next() {
        let before = result.len();
        push_escaped(&mut result, character);
        column += result[before..].chars().count();
        let is_full = character == '\n' || (column >= 80 && character == ' ') || column >= 90;
        // What follows the backslash is skipped up to the next character that is no blank; of blanks, only these are not escaped.
        let may_break = characters.peek().is_some_and(|next| *next != ' ');
        if may_break && (is_full || ends_an_indentation(&result, character)) {
            result.push_str("\\\n        ");
            column = 8;
        }
    }
    result.push_str("\"\"\"");
    result
}

/// Is `character` the last of the blanks behind an escaped line ending?
fn ends_an_indentation(written: &str, character: char) -> bool {
    character == ' ' && written.trim_end_matches(' ').ends_with("\\n")
}

fn push_escaped(result: &mut String, character: char) {
    match character {
        '"' => result.push_str("\\\""),
        '\\' => result.push_str("\\\\"),
        '\n' => result.push_str("\\n"),
        '\r' => result.push_str("\\r"),
        '\t' => result.push_str("\\t"),
        control if control.is_control() => {
            let _ = write!(result, "\\u{:04X}", u32::from(control));
        }
        other => result.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let lock = Lock {
            options: vec![("app".to_owned(), "main:app".to_owned())],
            found: vec!["main.py:app".to_owned(), "settings.py:Settings".to_owned()],
            components: vec![Component {
                name: "redis".to_owned(),
                version: 1,
                options: Values::new(),
                requirements: vec![
                    Requirement {
                        id: "setting:REDIS_URL".to_owned(),
                        created: true,
                        text: Some("redis_url: str = \"a\\b\"\r\n\t\u{7f}".to_owned()),
                        ..Requirement::default()
                    },
                    Requirement { id: "dependency:redis".to_owned(), ..Requirement::default() },
                ],
                more: vec![("channel".to_owned(), "\"beta\"".to_owned())],
            }],
            scaffolding: vec![Scaffolding {
                key: ScaffoldingKey::Lifespan,
                components: vec!["redis".to_owned()],
                replaced: Some("FastAPI()".to_owned()),
            }],
        };
        let path = FilePath::new(NAME).expect("a path");
        assert_eq!(Lock::parse(&path, &lock.to_text(&path)), Ok(lock));
    }

    #[test]
    fn options_are_read_again_and_none_is_believed_that_is_none() {
        let path = FilePath::new(NAME).expect("a path");
        let lock = |options: &str| {
            Lock::parse(&path, &format!("version = 2\n[[component]]\nname = \"email\"\noptions = {options}\n"))
        };
        let good = lock("{ backend = \"smtp\" }").expect("it is one");
        assert_eq!(
            good.component("email").and_then(|entry| entry.options.get("backend")).map(String::as_str),
            Some("smtp")
        );
        assert_eq!(Lock::parse(&path, &good.to_text(&path)), Ok(good));
        let code = |options: &str| lock(options).err().map(|problem| problem.rule.code);
        assert_eq!(code("{ backend = \"\\\"; import os\" }"), Some("PX801"));
        assert_eq!(code("{ backend = 1 }"), Some("PX801"));
        assert_eq!(code("{ later = \"x\" }"), Some("PX802"));
        let other = "version = 2\n[[component]]\nname = \"later\"\noptions = { a = \"b c\" }\n";
        assert_eq!(Lock::parse(&path, other).err().map(|problem| problem.rule.code), Some("PX801"));
    }

    #[test]
    fn a_newer_version_and_other_text_are_refused() {
        let path = FilePath::new(NAME).expect("a path");
        let code = |text: &str| Lock::parse(&path, text).err().map(|problem| problem.rule.code);
        assert_eq!(code("version = 3\n"), Some("PX802"));
        assert_eq!(code("version = \n"), Some("PX801"));
        assert_eq!(code(""), Some("PX801"));
        assert_eq!(code("<<<<<<< HEAD\nversion = 1\n"), Some("PX801"));
    }

    #[test]
    fn a_record_fits_its_line() {
        let block = "redis:\n  image: redis:7-alpine\n\n  command: \"a \\ b\"\r\n\t# \u{1}\n    \n";
        let long = "word ".repeat(80) + &"x".repeat(300) + "  ";
        let texts = [block, &long, "\n\n  ", &"\"".repeat(200)];
        let requirement = |(number, text): (usize, &&str)| Requirement {
            id: format!("service:{number}"),
            created: true,
            text: Some((*text).to_owned()),
            replaced: Some((*text).to_owned()),
            ..Requirement::default()
        };
        let requirements: Vec<Requirement> = texts.iter().enumerate().map(requirement).collect();
        let lock = Lock {
            components: vec![Component { name: "redis".to_owned(), version: 1, requirements, ..Component::default() }],
            scaffolding: vec![Scaffolding {
                key: ScaffoldingKey::Lifespan,
                components: vec!["redis".to_owned()],
                replaced: Some(long.clone()),
            }],
            ..Lock::default()
        };
        let path = FilePath::new(NAME).expect("a path");
        let text = lock.to_text(&path);
        assert_eq!(Lock::parse(&path, &text), Ok(lock.clone()), "{text}");
        assert_eq!(Lock::parse(&path, &text.replace('\n', "\r\n")), Ok(lock));
        let longest = text.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(LONGEST_LINE), "{text}");
    }

    #[test]
    fn a_blob_id_is_the_one_of_git() {
        assert_eq!(blob_id(""), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        assert_eq!(blob_id("hello\r\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
    }
}
