//! Settings beyond their types: one that is defined twice, that hides another, or whose default the env example denies.

use std::ops::Range;

use super::{Found, Subject};
use crate::finding::{INPUT_SHOWN, Location, Problem, SETTING_DEFAULT, SETTING_HIDES, SETTING_TWICE};
use crate::lock::ScaffoldingKey;
use crate::project::layout::Settings;
use crate::project::{FilePath, Project};
use crate::source::dotenv;
use crate::source::python::{Assignment, Source};

pub(super) fn findings(subject: &Subject<'_>) -> Vec<Found> {
    let project = subject.project;
    let Ok(settings) = &project.layout.settings else { return Vec::new() };
    let mut found = Vec::new();
    for component in subject.components {
        for setting in component.manifest.setting.0 {
            let variable = setting.name.0;
            let problems = [twice(project, settings, variable), hides(project, settings, variable)];
            let name = settings.environment(variable);
            // What stood in the env example before is what the user wants there.
            let is_ours = subject.lock.requirement(&format!("env:{name}")).is_some_and(|known| known.created);
            let differs = if is_ours { differs(project, settings, variable, &name) } else { None };
            let all = problems.into_iter().flatten().chain(differs);
            found.extend(all.map(|problem| (*component, format!("setting:{variable}"), problem)));
        }
    }
    let with_settings = subject.components.iter().find(|component| !component.manifest.setting.is_empty());
    if let Some(component) = with_settings.filter(|_| is_ours(subject)) {
        found.extend(shows_input(project, settings).map(|problem| (*component, "settings-class".to_owned(), problem)));
    }
    found
}

/// Was the settings class made by us? A class of the user's is configured as he likes it.
fn is_ours(subject: &Subject<'_>) -> bool {
    subject.lock.has_scaffolding(&ScaffoldingKey::SettingsClass)
}

/// A class of the settings: its module, the module's text and its parsed form, and its index there.
fn class<'a>(project: &'a Project, path: &FilePath, name: &str) -> Option<(&'a str, &'a Source, usize)> {
    let file = project.file(path)?;
    let (index, _) = file.python().class(name)?;
    Some((file.text()?, file.python(), index))
}

/// The fields of a class for `variable`, in the order of the text; none that stands below a condition.
fn fields<'a>(source: &'a Source, index: usize, settings: &Settings, variable: &str) -> Vec<&'a Assignment> {
    let name = settings.field(variable);
    source
        .annotations_of(index)
        .filter(|field| !field.scope.guarded)
        .filter(|field| {
            if settings.case_sensitive { field.target == name } else { field.target.eq_ignore_ascii_case(variable) }
        })
        .collect()
}

fn twice(project: &Project, settings: &Settings, variable: &str) -> Option<Problem> {
    let (_, source, index) = class(project, &settings.path, &settings.class)?;
    let fields = fields(source, index, settings, variable);
    let (first, others) = fields.split_first()?;
    let method = source.methods_of(index).find(|method| method.name == first.target);
    let (name, range) = match (others.last(), method) {
        (Some(last), _) => (&last.target, last.range.clone()),
        (None, Some(method)) => (&method.name, method.name_range.clone()),
        (None, None) => return None,
    };
    let (first, range) =
        if first.range.start < range.start { (first.range.clone(), range) } else { (range, first.range.clone()) };
    Some(
        Problem::new(&SETTING_TWICE, format!("`{name}` is defined twice in `{}`", settings.class))
            .at(&settings.path, range)
            .related(Location::new(settings.path.clone(), first), "defined here before")
            .help("remove one of the two: one variable of the environment sets them both, or only the last one counts"),
    )
}

fn hides(project: &Project, settings: &Settings, variable: &str) -> Option<Problem> {
    let (_, source, index) = class(project, &settings.path, &settings.class)?;
    let own = fields(source, index, settings, variable).into_iter().next()?;
    settings.bases.iter().find_map(|(path, name)| {
        let (_, source, index) = class(project, path, name)?;
        let base = source.annotations_of(index).find(|field| field.target == own.target)?;
        Some(
            Problem::new(&SETTING_HIDES, format!("`{}` hides the field that `{name}` has", own.target))
                .at(&settings.path, own.range.clone())
                .related(Location::new(path.clone(), base.range.clone()), "the field that is hidden")
                .help("nothing to do where that is what you want; else remove one of the two"),
        )
    })
}

/// The default of the field, against what the env example proposes.
fn differs(project: &Project, settings: &Settings, variable: &str, name: &str) -> Option<Problem> {
    let (code, source, index) = class(project, &settings.path, &settings.class)?;
    let fields = fields(source, index, settings, variable);
    let [field] = fields.as_slice() else { return None };
    let default = literal(code, source, field.value.clone()?)?;
    let path = project.layout.env_example.as_ref()?;
    let text = project.text(path)?;
    let variables = dotenv::variables(text);
    let listed = variables.iter().find(|known| !known.commented && known.name.eq_ignore_ascii_case(name))?;
    let written = text.get(listed.range.clone())?;
    let value = value_of(written.split_once('=')?.1)?;
    if value.is_empty() || default.agrees(&value) {
        return None;
    }
    Some(
        Problem::new(&SETTING_DEFAULT, format!("`{name}` is `{value}` here and `{}` by default", default.shown()))
            .at(path, listed.range.clone())
            .related(Location::new(settings.path.clone(), field.range.clone()), "the default")
            .help("nothing to do where the example shows another value on purpose; else write the same in both"),
    )
}

/// A default that is written out.
enum Literal {
    Text(String),
    Number(String),
    Truth(bool),
}

impl Literal {
    fn agrees(&self, value: &str) -> bool {
        match self {
            Self::Text(text) => text == value,
            Self::Number(number) => number == value || number.parse::<f64>().ok() == value.parse::<f64>().ok(),
            Self::Truth(truth) => match value.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" | "y" | "t" => *truth,
                "false" | "0" | "no" | "off" | "n" | "f" => !*truth,
                _ => false,
            },
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Text(text) | Self::Number(text) => text.clone(),
            Self::Truth(truth) => truth.to_string(),
        }
    }
}

/// The default, also of `Field(default=...)`; `None` where it is computed or spread over several strings.
fn literal(code: &str, source: &Source, value: Range<usize>) -> Option<Literal> {
    let written = code.get(value.clone())?;
    let written = match source.calls.iter().find(|call| call.range == value) {
        Some(call) if call.callee == "Field" || call.callee.ends_with(".Field") => {
            code.get(call.keyword("default").or_else(|| call.first())?.value.clone())?
        }
        Some(_) => return None,
        None => written,
    };
    match written {
        "True" => return Some(Literal::Truth(true)),
        "False" => return Some(Literal::Truth(false)),
        _ => {}
    }
    let quote = written.chars().next()?;
    if matches!(quote, '"' | '\'') {
        let inner = written.strip_prefix(quote)?.strip_suffix(quote)?;
        let plain = !inner.contains([quote, '\\', '\n']);
        return plain.then(|| Literal::Text(inner.to_owned()));
    }
    let number = written.replace('_', "");
    number.parse::<f64>().ok().map(|_| Literal::Number(number))
}

/// The value of a variable without quotes and comment; `None` where it refers to others or spans lines.
fn value_of(written: &str) -> Option<String> {
    let written = written.trim();
    let quoted = written.chars().next().filter(|quote| matches!(quote, '"' | '\''));
    let value = match quoted {
        Some(quote) => written.get(1..)?.split(quote).next()?,
        None => written.split(" #").next()?.trim(),
    };
    (!value.contains(['$', '\n', '<', '{'])).then(|| value.to_owned())
}

fn shows_input(project: &Project, settings: &Settings) -> Option<Problem> {
    let (code, source, index) = class(project, &settings.path, &settings.class)?;
    let class = source.classes.get(index)?;
    if code.get(class.range.clone())?.contains("hide_input_in_errors") {
        return None;
    }
    let message = format!("`{}` does not set `hide_input_in_errors`", settings.class);
    Some(
        Problem::new(&INPUT_SHOWN, message)
            .at(&settings.path, class.name_range.clone())
            .help("write `hide_input_in_errors=True` in its `model_config`, so that an error shows no secret"),
    )
}
