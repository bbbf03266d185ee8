//! A settings class of its own for the services, beside others that each have a concern: in the module of those, as they are.

use super::FilePath;
use super::find_application::dotted;
use super::find_settings::naming;
use super::imports::Files;
use super::layout::Settings;
use super::reader::Reader;
use super::settings_classes::Candidate;
use super::settings_naming::Naming;
use crate::finding::{self, Problem};
use crate::source::python::{Class, Source, indentation_step, uses_of};

/// The class that `--settings new` makes beside `classes`, which is one at least.
///
/// # Errors
///
/// No name is free.
pub fn beside(reader: &Reader, roots: &[FilePath], classes: &[Candidate]) -> Result<Settings, Problem> {
    let home = home(classes);
    let file = reader.file(&home);
    let code = file.as_ref().and_then(|file| file.text()).unwrap_or_default();
    let source = Source::of(code);
    let own: Vec<&Candidate> = classes.iter().filter(|class| class.path == home).collect();
    let ending = if own.iter().filter(|class| class.name.ends_with("Config")).count() * 2 > own.len() {
        "Config"
    } else {
        "Settings"
    };
    let free = |name: &String| uses_of(code, name).is_empty() && uses_of(code, &instance_of(name)).is_empty();
    let mut names = ["Service", "Services", "Infrastructure"].iter().map(|name| format!("{name}{ending}"));
    let Some(name) = names.find(free) else {
        let problem = Problem::new(&finding::NAME_TAKEN, format!("no name is free for a settings class in `{home}`"));
        return Err(problem.at(&home, 0..0).help("name one of the classes with `--settings PATH:CLASS`"));
    };
    // One without a prefix is configured as ours must be.
    let named = |class: &&&Candidate| naming(reader, roots, class, None).ok().map(|naming| naming.prefix);
    let plain = own.iter().rev().find(|class| named(class).is_some_and(|prefix| prefix.is_empty()));
    let model = plain.or(own.last()).copied().unwrap_or(&classes[0]);
    let base = source.class(&model.name).and_then(|(_, class)| class.bases.last().cloned());
    let base = base.unwrap_or_else(|| "BaseSettings".to_owned());
    let step = indentation_step(code, &source);
    let configuration = source.class(&model.name).and_then(|(index, class)| {
        if plain.is_some() { copied(code, &source, index, class) } else { without_prefix(code, &source, class, &step) }
    });
    let text = class_text(&name, &base, configuration.as_deref(), &step);
    let naming = if plain.is_some() { naming(reader, roots, model, None)? } else { Naming::default() };
    let instance = instance_of(&name);
    let root = roots.first().cloned().unwrap_or_else(FilePath::top);
    Ok(Settings {
        import: format!("from {} import {instance}", dotted(&home, &root)),
        expression: instance,
        upper_case: is_upper_case(&source, &own),
        env_prefix: String::new(),
        case_sensitive: naming.case_sensitive,
        delimiter: naming.delimiter,
        aliases: Vec::new(),
        pydantic_v1: model.pydantic_v1,
        create: true,
        made: Some(text),
        bases: model.bases.clone(),
        class: name,
        path: home,
    })
}

/// The module that most of the classes are in; of even ones the first.
fn home(classes: &[Candidate]) -> FilePath {
    let count = |path: &FilePath| classes.iter().filter(|class| class.path == *path).count();
    let mut paths: Vec<&FilePath> = classes.iter().map(|class| &class.path).collect();
    paths.sort_by_key(|path| std::cmp::Reverse(count(path)));
    paths.first().copied().cloned().unwrap_or_else(FilePath::top)
}

/// The variable that holds the instance: `ServiceSettings` and `service_settings`.
fn instance_of(class: &str) -> String {
    let mut name = String::new();
    for (index, character) in class.char_indices() {
        if character.is_uppercase() && index > 0 {
            name.push('_');
        }
        name.extend(character.to_lowercase());
    }
    name
}

/// Are most of the fields of these classes upper case?
fn is_upper_case(source: &Source, classes: &[&Candidate]) -> bool {
    let fields = classes.iter().filter_map(|class| source.class(&class.name)).flat_map(|(index, _)| {
        source.annotations_of(index).filter(|field| field.target != "model_config").collect::<Vec<_>>()
    });
    let (lower, upper): (Vec<_>, Vec<_>) = fields.partition(|field| field.target.chars().any(char::is_lowercase));
    upper.len() > lower.len()
}

/// The configuration of a class as it stands there: `model_config = ...`, or its inner `Config`.
fn copied(code: &str, source: &Source, index: usize, class: &Class) -> Option<String> {
    let assigned = source
        .assignments
        .iter()
        .find(|assignment| assignment.target == "model_config" && assignment.scope.class == Some(index));
    let inner = source
        .classes
        .iter()
        .find(|inner| inner.name == "Config" && class.body.range.contains(&inner.range.start))
        .map(|inner| inner.range.clone());
    let range = assigned.map(|assignment| assignment.range.clone()).or(inner)?;
    Some(code.get(range)?.replace("\r\n", "\n"))
}

/// The configuration of a class that has a prefix, without what names variables: only what says which file is read.
fn without_prefix(code: &str, source: &Source, class: &Class, step: &str) -> Option<String> {
    const KEPT: [&str; 2] = ["env_file", "env_file_encoding"];
    let value = |range: &std::ops::Range<usize>| code.get(range.clone()).filter(|value| !value.contains('\n'));
    if let Some(made) = source
        .calls
        .iter()
        .find(|call| call.callee.ends_with("SettingsConfigDict") && class.body.range.contains(&call.range.start))
    {
        let mut entries: Vec<String> =
            KEPT.iter().filter_map(|key| Some(format!("{key}={}", value(&made.keyword(key)?.value)?))).collect();
        entries.push("extra=\"ignore\"".to_owned());
        return Some(format!("model_config = {}({})", made.callee, entries.join(", ")));
    }
    let inner = source
        .classes
        .iter()
        .position(|inner| inner.name == "Config" && class.body.range.contains(&inner.range.start))?;
    let entries: Vec<String> = KEPT
        .iter()
        .filter_map(|key| {
            let assigned =
                source.assignments.iter().find(|one| one.target == *key && one.scope.class == Some(inner))?;
            Some(format!("{step}{step}{key} = {}", value(assigned.value.as_ref()?)?))
        })
        .collect();
    (!entries.is_empty()).then(|| format!("class Config:\n{}", entries.join("\n")))
}

/// The class and its instance; with LF, at column 0.
fn class_text(name: &str, base: &str, configuration: Option<&str>, step: &str) -> String {
    let configuration = configuration.map(|text| format!("\n\n{step}{text}")).unwrap_or_default();
    format!(
        "class {name}({base}):\n{step}\"\"\"Where the services of the application are, and how they are used.\"\"\"{configuration}\n\n\n{} = {name}()",
        instance_of(name)
    )
}
