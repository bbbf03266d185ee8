//! By which environment variables a settings class reads its fields: what its configuration says, followed by the text alone.
//!
//! `env_prefix` may be a literal, a name, a concatenation or an f-string, in a configuration that is shared, inherited or put
//! together of others. What cannot be followed is a `Problem`: a variable of the wrong name would be read by nobody.

use std::ops::Range;

use super::FilePath;
use super::imports::{self, Files, is_name};
use crate::finding::{self, Problem, Question};
use crate::source::python::expression::{Literal, call_of, literals, one_literal, split, unwrapped, without_comment};
use crate::source::python::{Call, Source};

/// How deep names and configurations are followed.
const DEEPEST: usize = 8;

/// How a class names its variables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Naming {
    /// What stands before the name of each field.
    pub prefix: String,
    /// Does the case of a variable count?
    pub case_sensitive: bool,
    /// What stands between the names of nested fields.
    pub delimiter: String,
    /// Fields that name their variables themselves, the first one first; `None` where the names cannot be followed.
    pub aliases: Vec<(String, Option<Vec<String>>)>,
}

/// A class of the project: its module, and its name there.
pub type ClassName = (FilePath, String);

/// How the class at the head of `chain` names its variables; the others are its bases, nearest first. `made` is the call that
/// makes the instance, and the module that it stands in: it may say otherwise.
///
/// # Errors
///
/// A value that cannot be followed.
pub fn naming(
    files: &dyn Files,
    roots: &[FilePath],
    chain: &[ClassName],
    made: Option<(&FilePath, &Call)>,
    pydantic_v1: bool,
) -> Result<Naming, Problem> {
    let reader = Follower { files, roots };
    let configured = |key: &str| -> Result<Option<Value>, Problem> {
        if let Some((path, call)) = made
            && let Some(argument) = call.keyword(&format!("_{key}"))
        {
            let place = Place { path: path.clone(), class: None };
            return reader.value_at(&place, argument.value.clone(), key).map(Some);
        }
        chain.iter().find_map(|class| reader.configured(class, key).transpose()).transpose()
    };
    let text = |key: &str| {
        configured(key).map(|value| match value {
            Some(Value::Text(text)) => text,
            _ => String::new(),
        })
    };
    if let Some((path, name)) = chain.first()
        && configured("alias_generator")?.is_some_and(|value| value != Value::Nothing)
    {
        let place =
            files.file(path).and_then(|file| file.python().class(name).map(|(_, class)| class.name_range.clone()));
        return Err(Problem::new(
            &finding::SETTINGS_UNREACHABLE,
            format!("`{name}` names its variables by an `alias_generator`, which is not run here"),
        )
        .at(path, place.unwrap_or(0..0))
        .help("name a class without one with `--settings PATH:CLASS`, or use `env_prefix`"));
    }
    if let Some(problem) = chain.iter().find_map(|class| reader.without_environment(class)) {
        return Err(problem);
    }
    Ok(Naming {
        prefix: text("env_prefix")?,
        case_sensitive: configured("case_sensitive")? == Some(Value::Truth(true)),
        delimiter: text("env_nested_delimiter")?,
        aliases: chain.iter().flat_map(|class| reader.aliases(class, pydantic_v1)).collect(),
    })
}

/// A value that was followed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Text(String),
    Truth(bool),
    /// `None`
    Nothing,
    /// Something that has no text: a function, for instance.
    Other,
}

/// Where an expression stands: its names are looked up there.
#[derive(Debug, Clone)]
struct Place {
    path: FilePath,
    /// The class around it, as an index of its module's classes.
    class: Option<usize>,
}

/// An entry that was looked for in a configuration.
enum Entry {
    Absent,
    Found(Place, String),
    /// It may be there: a part of the configuration cannot be followed.
    Unknown,
}

struct Follower<'a> {
    files: &'a dyn Files,
    roots: &'a [FilePath],
}

impl Follower<'_> {
    fn value_at(&self, place: &Place, range: Range<usize>, key: &str) -> Result<Value, Problem> {
        let file = self.files.file(&place.path);
        let code = file.as_ref().and_then(|file| file.text()?.get(range.clone())).unwrap_or_default();
        self.value(place, code, DEEPEST).ok_or_else(|| unknown(&place.path, range, key, code))
    }

    /// What the class itself is configured with under `key`.
    fn configured(&self, (path, name): &ClassName, key: &str) -> Result<Option<Value>, Problem> {
        let Some(file) = self.files.file(path) else { return Ok(None) };
        let (source, text) = (file.python(), file.text().unwrap_or_default());
        let Some((index, class)) = source.class(name) else { return Ok(None) };
        let place = Place { path: path.clone(), class: Some(index) };
        let module = Place { path: path.clone(), class: None };
        let known = |place: &Place, code: &str, range: Range<usize>| {
            self.value(place, code, DEEPEST).map(Some).ok_or_else(|| unknown(path, range, key, code))
        };
        if let Some((_, code)) = class.keywords.iter().find(|(keyword, _)| keyword == key) {
            return known(&module, code, class.name_range.clone());
        }
        if let Some(range) = value_in_class(source, index, "model_config") {
            let code = text.get(range.clone()).unwrap_or_default();
            match self.entry(&place, code, key, DEEPEST) {
                Entry::Found(place, code) => return known(&place, &code, range),
                Entry::Unknown => return Err(unknown(path, range, key, code)),
                Entry::Absent => {}
            }
        }
        let nested = source.classes.iter().position(|other| other.name == "Config" && other.scope.class == Some(index));
        let mut next: Vec<usize> = nested.into_iter().collect();
        for _ in 0..DEEPEST {
            let Some(class) = next.pop() else { break };
            if let Some(range) = value_in_class(source, class, key) {
                let code = text.get(range.clone()).unwrap_or_default();
                return known(&Place { path: path.clone(), class: Some(class) }, code, range);
            }
            let found = &source.classes[class];
            // `Base.Config` is that of a base, which is asked for itself.
            for base in found.bases.iter().rev().filter(|base| *base != "object" && !base.ends_with(".Config")) {
                match source.class(base) {
                    Some((index, _)) => next.push(index),
                    None => return Err(unknown(path, found.name_range.clone(), key, base)),
                }
            }
        }
        Ok(None)
    }

    /// Does the class choose its sources, and leave the environment out?
    fn without_environment(&self, (path, name): &ClassName) -> Option<Problem> {
        let file = self.files.file(path)?;
        let (source, text) = (file.python(), file.text()?);
        let (index, _) = source.class(name)?;
        let nested = source.classes.iter().position(|other| other.name == "Config" && other.scope.class == Some(index));
        let chooser = [Some(index), nested]
            .into_iter()
            .flatten()
            .flat_map(|class| source.methods_of(class))
            .find(|method| ["settings_customise_sources", "customise_sources"].contains(&method.name.as_str()))?;
        let code = text.get(chooser.range.clone())?;
        // A parameter is named once in any case; sources of the user's own are made of the class, and may be anything.
        let is_used = |name: &str| {
            let words = code.split(|character: char| !character.is_alphanumeric() && character != '_');
            words.filter(|word| *word == name).count() > 1
        };
        let is_told = chooser.parameters.iter().any(|parameter| parameter == "env_settings");
        (is_told && !["env_settings", "settings_cls"].into_iter().any(is_used)).then(|| {
            Problem::new(
                &finding::SETTINGS_UNREACHABLE,
                format!("`{name}` chooses its sources, and the environment is not among them"),
            )
            .at(path, chooser.name_range.clone())
            .help("return `env_settings` there as well, or name another class with `--settings PATH:CLASS`")
        })
    }

    /// The fields of the class that name their variable themselves.
    fn aliases(&self, (path, name): &ClassName, pydantic_v1: bool) -> Vec<(String, Option<Vec<String>>)> {
        let Some(file) = self.files.file(path) else { return Vec::new() };
        let (source, text) = (file.python(), file.text().unwrap_or_default());
        let Some((index, _)) = source.class(name) else { return Vec::new() };
        let place = Place { path: path.clone(), class: Some(index) };
        let keywords: &[&str] = if pydantic_v1 { &["env"] } else { &["validation_alias", "alias"] };
        let mut found = Vec::new();
        for field in source.annotations_of(index).filter(|field| field.annotation.is_some()) {
            // `Field(...)` is the value, or stands in `Annotated[...]`.
            let call = source.calls.iter().find(|call| {
                field.range.start <= call.range.start
                    && call.range.end <= field.range.end
                    && call.callee.rsplit('.').next() == Some("Field")
            });
            let argument = call.and_then(|call| keywords.iter().find_map(|keyword| call.keyword(keyword)));
            if let Some(argument) = argument {
                let code = text.get(argument.value.clone()).unwrap_or_default();
                if code != "None" {
                    found.push((field.target.clone(), self.names(&place, code)));
                }
            }
        }
        let nested = source.classes.iter().position(|other| other.name == "Config" && other.scope.class == Some(index));
        if let Some(range) = nested.and_then(|nested| value_in_class(source, nested, "fields")) {
            let code = text.get(range).unwrap_or_default();
            for field in source.annotations_of(index) {
                match self.entry(&place, code, &field.target, DEEPEST) {
                    Entry::Found(place, inner) if inner.starts_with('{') => {
                        if let Entry::Found(place, code) = self.entry(&place, &inner, "env", DEEPEST) {
                            found.push((field.target.clone(), self.names(&place, &code)));
                        }
                    }
                    Entry::Unknown => found.push((field.target.clone(), None)),
                    _ => {}
                }
            }
        }
        found
    }

    /// The names that an alias stands for: a text, or those of a list or of `AliasChoices(...)`.
    fn names(&self, place: &Place, code: &str) -> Option<Vec<String>> {
        let code = code.trim();
        let inner =
            ["AliasChoices(", "pydantic.AliasChoices(", "[", "("].iter().find_map(|open| code.strip_prefix(open));
        let choices = match inner {
            Some(inner) => split(inner.get(..inner.len().checked_sub(1)?)?, ','),
            None => vec![code],
        };
        let choices = choices.into_iter().filter(|choice| !choice.trim().is_empty());
        let names = choices.map(|choice| match self.value(place, choice, DEEPEST)? {
            Value::Text(text) => Some(text),
            _ => None,
        });
        names.collect::<Option<Vec<String>>>().filter(|names| !names.is_empty())
    }

    /// What a configuration has under `key`: a call with keywords, a dict, a name for one, or several put together.
    fn entry(&self, place: &Place, code: &str, key: &str, depth: usize) -> Entry {
        let code = unwrapped(code);
        let Some(depth) = depth.checked_sub(1) else { return Entry::Unknown };
        let parts = split(code, '|');
        if parts.len() > 1 {
            return last_entry(parts.iter().rev().map(|part| self.entry(place, part, key, depth)));
        }
        if let Some(inner) = code.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            let items = split(inner, ',');
            return last_entry(items.iter().rev().filter(|item| !without_comment(item).is_empty()).map(|item| {
                let item = without_comment(item);
                if let Some(other) = item.strip_prefix("**") {
                    return self.entry(place, other, key, depth);
                }
                match split(item, ':').as_slice() {
                    [name, ..] => match self.value(place, name, depth) {
                        Some(Value::Text(name)) if name == key => {
                            let value = item.get(split(item, ':')[0].len() + 1..).unwrap_or_default();
                            Entry::Found(place.clone(), value.trim().to_owned())
                        }
                        Some(_) => Entry::Absent,
                        None => Entry::Unknown,
                    },
                    [] => Entry::Absent,
                }
            }));
        }
        if let Some((callee, arguments)) = call_of(code) {
            let callee = callee.rsplit('.').next().unwrap_or(callee);
            if !matches!(callee, "SettingsConfigDict" | "ConfigDict" | "dict") {
                return Entry::Unknown;
            }
            let arguments = split(arguments, ',');
            return last_entry(arguments.iter().rev().filter(|argument| !without_comment(argument).is_empty()).map(
                |argument| {
                    let argument = without_comment(argument);
                    if let Some(other) = argument.strip_prefix("**") {
                        return self.entry(place, other, key, depth);
                    }
                    match argument.split_once('=') {
                        Some((name, value)) if is_name(name.trim()) => {
                            if name.trim() == key {
                                Entry::Found(place.clone(), value.trim().to_owned())
                            } else {
                                Entry::Absent
                            }
                        }
                        _ => self.entry(place, argument, key, depth),
                    }
                },
            ));
        }
        match self.definition(place, code) {
            Some((place, code)) => self.entry(&place, &code, key, depth),
            None => Entry::Unknown,
        }
    }

    /// What the name, or `Class.attribute` or `module.name`, is assigned once; and where.
    fn definition(&self, place: &Place, name: &str) -> Option<(Place, String)> {
        let file = self.files.file(&place.path)?;
        let (source, text) = (file.python(), file.text()?);
        if let Some((owner, attribute)) = name.rsplit_once('.') {
            if !is_name(attribute) || !owner.split('.').all(is_name) {
                return None;
            }
            if let Some((path, class)) = imports::definition(self.files, self.roots, &place.path, owner)
                && let Some(file) = self.files.file(&path)
                && let Some((index, _)) = file.python().class(&class)
            {
                let range = value_in_class(file.python(), index, attribute)?;
                return Some((Place { path, class: Some(index) }, file.text()?.get(range)?.to_owned()));
            }
            let plain = || imports::module_file(self.files, self.roots, &place.path, owner);
            let path = imports::module_of_name(self.files, self.roots, &place.path, owner).or_else(plain)?;
            return self.definition(&Place { path, class: None }, attribute);
        }
        if !is_name(name) {
            return None;
        }
        let own = place.class.and_then(|class| value_in_class(source, class, name));
        if let Some(range) = own {
            return Some((place.clone(), text.get(range)?.to_owned()));
        }
        let module: Vec<_> = source
            .assignments
            .iter()
            .filter(|assignment| assignment.scope.is_module() && assignment.target == name)
            .collect();
        match module.as_slice() {
            [] => {}
            [only] if !only.scope.guarded => {
                let code = text.get(only.value.clone()?)?.to_owned();
                return Some((Place { path: place.path.clone(), class: None }, code));
            }
            _ => return None,
        }
        let (path, name) = imports::definition(self.files, self.roots, &place.path, name)?;
        if path == place.path {
            return None;
        }
        self.definition(&Place { path, class: None }, &name)
    }

    /// The value of an expression; `None` where it cannot be followed.
    fn value(&self, place: &Place, code: &str, depth: usize) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        let code = unwrapped(code);
        match code {
            "True" => return Some(Value::Truth(true)),
            "False" => return Some(Value::Truth(false)),
            "None" => return Some(Value::Nothing),
            _ => {}
        }
        if code.starts_with("lambda") {
            return Some(Value::Other);
        }
        let parts = split(code, '+');
        if parts.len() > 1 {
            return self.joined(place, &parts, depth);
        }
        let literals = literals(code);
        if let Some(literals) = literals {
            return self.joined(place, &literals, depth);
        }
        if let Some(text) = one_literal(code) {
            return self.interpolated(place, text, depth);
        }
        for (method, change) in [(".upper()", str::to_uppercase as fn(&str) -> String), (".lower()", str::to_lowercase)]
        {
            if let Some(inner) = code.strip_suffix(method) {
                return match self.value(place, inner, depth)? {
                    Value::Text(text) => Some(Value::Text(change(&text))),
                    _ => None,
                };
            }
        }
        match self.definition(place, code) {
            Some((place, code)) => self.value(&place, &code, depth),
            // A function has no value that matters here, but it is something.
            None => imports::function(self.files, self.roots, &place.path, None, code)
                .or(None)
                .map(|_| Value::Other)
                .or_else(|| is_generator(code).then_some(Value::Other)),
        }
    }

    fn joined(&self, place: &Place, parts: &[&str], depth: usize) -> Option<Value> {
        let mut whole = String::new();
        for part in parts {
            let Value::Text(text) = self.value(place, part, depth)? else { return None };
            whole.push_str(&text);
        }
        Some(Value::Text(whole))
    }

    /// A literal, with the values of the names in an f-string.
    fn interpolated(&self, place: &Place, literal: Literal, depth: usize) -> Option<Value> {
        if !literal.formatted {
            return Some(Value::Text(literal.text.to_owned()));
        }
        let mut whole = String::new();
        let mut rest = literal.text;
        while let Some(open) = rest.find(['{', '}']) {
            whole.push_str(&rest[..open]);
            let inner = rest.get(open + 1..)?;
            if rest[open..].starts_with("{{") || rest[open..].starts_with("}}") {
                whole.push_str(&rest[open..=open]);
                rest = inner.get(1..)?;
                continue;
            }
            let (name, behind) = inner.split_once('}')?;
            let Value::Text(text) = self.value(place, name, depth)? else { return None };
            whole.push_str(&text);
            rest = behind;
        }
        whole.push_str(rest);
        Some(Value::Text(whole))
    }
}

/// pydantic's own generators of aliases.
fn is_generator(code: &str) -> bool {
    let code = code.split('(').next().unwrap_or(code);
    ["to_camel", "to_pascal", "to_snake", "AliasGenerator"].contains(&code.rsplit('.').next().unwrap_or(code))
}

fn unknown(path: &FilePath, range: Range<usize>, key: &str, code: &str) -> Problem {
    let code = crate::source::text::first_line(code);
    Problem::new(
        &finding::SETTINGS_UNREACHABLE,
        format!("`{key}` of the settings cannot be followed in `{code}`, so the names of its variables are not known"),
    )
    .at(path, range)
    .help(format!(
        "write `{key}` as a text there, or as a name that is assigned a text once; or let ours have a class of their own"
    ))
    .question(Question::own_settings())
}

/// The value of the last assignment to `name` in the body of a class.
fn value_in_class(source: &Source, class: usize, name: &str) -> Option<Range<usize>> {
    let own = source.assignments.iter().rev().find(|assignment| {
        assignment.scope.class == Some(class)
            && assignment.target == name
            && assignment.scope.function == source.classes[class].scope.function
    })?;
    own.value.clone()
}

/// The first of the entries that is there, or may be.
fn last_entry(entries: impl Iterator<Item = Entry>) -> Entry {
    let mut entries = entries.filter(|entry| !matches!(entry, Entry::Absent));
    entries.next().unwrap_or(Entry::Absent)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::rc::Rc;

    use super::super::File;
    use super::*;

    struct Memory(BTreeMap<FilePath, Rc<File>>);

    impl Files for Memory {
        fn file(&self, path: &FilePath) -> Option<Rc<File>> {
            self.0.get(path).cloned()
        }
    }

    fn path(text: &str) -> FilePath {
        FilePath::new(text).expect("inside")
    }

    fn naming_of(code: &str) -> Result<Naming, String> {
        let base = "NAME = \"My\"\nCONFIG = {\"env_prefix\": \"SHARED_\"}\nclass Base(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix=\"BASE_\")\n";
        let files = [("base.py", base), ("config.py", code)];
        let files =
            Memory(files.iter().map(|(name, text)| (path(name), Rc::new(File::new(text.as_bytes())))).collect());
        let mut chain = vec![(path("config.py"), "S".to_owned())];
        if code.contains("(Base)") {
            chain.push((path("base.py"), "Base".to_owned()));
        }
        naming(&files, &[FilePath::top()], &chain, None, code.contains("class Config"))
            .map_err(|problem| problem.message)
    }

    fn prefix_of(config: &str) -> Option<String> {
        let code = format!(
            "from base import Base, CONFIG, NAME\nimport base\nA = \"A_\"\nB = A + \"B_\"\nC = load()\nshared = SettingsConfigDict(env_file=\"x\", env_prefix=B)\n\nclass S(Base):\n    model_config = {config}\n    a: int = 1\n"
        );
        naming_of(&code).ok().map(|naming| naming.prefix)
    }

    #[test]
    fn a_prefix_is_followed() {
        for (config, prefix) in [
            ("SettingsConfigDict(env_prefix='X_')", "X_"),
            ("SettingsConfigDict(env_prefix=A)", "A_"),
            ("SettingsConfigDict(env_file='.env', env_prefix=B,)", "A_B_"),
            ("SettingsConfigDict(env_prefix=A + 'X_')", "A_X_"),
            ("SettingsConfigDict(env_prefix=f\"{NAME.upper()}_{A}\")", "MY_A_"),
            ("SettingsConfigDict(env_prefix=('X' '_'))", "X_"),
            ("SettingsConfigDict(env_prefix=base.NAME)", "My"),
            ("{'env_file': '.env', 'env_prefix': f'{A}'}", "A_"),
            ("shared", "A_B_"),
            ("CONFIG", "SHARED_"),
            ("{**shared, 'extra': 'ignore'}", "A_B_"),
            ("{**shared, 'env_prefix': ''}", ""),
            ("SettingsConfigDict(**CONFIG, case_sensitive=True)", "SHARED_"),
            ("shared | {'env_prefix': 'Z_'}", "Z_"),
            (
                "SettingsConfigDict(\n        # why\n        env_file='a,b',  # (x\n        env_prefix='X_',  # y\n    )",
                "X_",
            ),
            ("{**Base.model_config, 'extra': 'allow'}", "BASE_"),
            ("SettingsConfigDict(extra='ignore')", "BASE_"),
        ] {
            assert_eq!(prefix_of(config).as_deref(), Some(prefix), "{config}");
        }
        for config in ["SettingsConfigDict(env_prefix=C)", "SettingsConfigDict(env_prefix=f'{x()}')", "make()", "{**C}"]
        {
            assert_eq!(prefix_of(config), None, "{config}");
        }
        assert!(
            naming_of("class S(BaseSettings):\n    model_config = dict(alias_generator=lambda name: name)\n").is_err()
        );
        assert!(naming_of("class S(BaseSettings):\n    model_config = dict(alias_generator=to_camel)\n").is_err());
        let nested = "P = 'Q_'\nclass S(BaseSettings):\n    class Config:\n        env_prefix = P\n        case_sensitive = True\n";
        let naming = naming_of(nested).expect("followed");
        assert_eq!((naming.prefix.as_str(), naming.case_sensitive), ("Q_", true));
    }

    #[test]
    fn a_nested_configuration_may_inherit() {
        let of = |head: &str, bases: &str| {
            naming_of(&format!("{head}\nclass S(BaseSettings):\n    class Config({bases}):\n        pass\n"))
        };
        let common = "class Top:\n    env_prefix = 'T_'\n\nclass Common(Top):\n    pass\n";
        assert_eq!(of(common, "Common").expect("followed").prefix, "T_");
        assert_eq!(of("", "BaseSettings.Config").expect("followed").prefix, "");
        assert!(of("from vendor import Common", "Common").is_err());
    }

    #[test]
    fn sources_without_the_environment_are_told() {
        let of = |body: &str| {
            naming_of(&format!(
                "class S(BaseSettings):\n    @classmethod\n    def settings_customise_sources(cls, settings_cls, init_settings, env_settings, dotenv_settings):\n        {body}\n"
            ))
        };
        assert!(of("return (init_settings,)").is_err());
        assert!(of("return (init_settings, dotenv_settings)").is_err());
        for body in ["return env_settings, init_settings", "return (init_settings, Mine(settings_cls))"] {
            assert!(of(body).is_ok(), "{body}");
        }
    }

    #[test]
    fn a_field_may_name_its_variable() {
        let code = "N = 'C_URL'\nclass S(BaseSettings):\n    a: str = Field('x', validation_alias='A_URL')\n    b: Annotated[str, Field(alias=N)] = ''\n    c: str = Field(alias=AliasChoices('C1', 'C2'))\n    d: str = Field(alias=f())\n    e: str = Field(description='alias=')\n";
        let aliases = naming_of(code).expect("followed").aliases;
        let named = |name: &str| {
            aliases
                .iter()
                .find(|(field, _)| field == name)
                .map(|(_, names)| names.as_ref().map(|names| names.join(" ")))
        };
        assert_eq!(named("a"), Some(Some("A_URL".into())));
        assert_eq!(named("b"), Some(Some("C_URL".into())));
        assert_eq!(named("c"), Some(Some("C1 C2".into())));
        assert_eq!(named("d"), Some(None));
        assert_eq!(named("e"), None);
        let old = "class S(BaseSettings):\n    a: str = Field('x', env='A_URL')\n    b: str = Field('', env=['B1', 'B2'])\n    c: str = ''\n    class Config:\n        fields = {'c': {'env': 'C_URL'}}\n";
        let aliases = naming_of(old).expect("followed").aliases;
        let names: Vec<_> = aliases.into_iter().filter_map(|(_, names)| names).flatten().collect();
        assert_eq!(names, ["A_URL", "B1", "B2", "C_URL"]);
    }
}
