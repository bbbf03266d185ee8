//! What a settings class says of all its fields, whatever they are called: a validator of `"*"` or of the whole, a least length of texts.

use std::ops::Range;

use crate::component::manifest;
use crate::finding::{self, Problem, Question};
use crate::project::layout::Settings;
use crate::project::{FilePath, Project};
use crate::source::python::{Function, Source};

/// What the class or one of its bases says of all fields, and may say of ours: an empty default of a text.
pub(super) fn rules_for_all(
    project: &Project,
    settings: &Settings,
    path: &FilePath,
    manifest: &manifest::Setting,
) -> Option<Problem> {
    if manifest.default.0 != "\"\"" {
        return None;
    }
    let bases = settings.bases.iter().map(|(path, class)| (path, class.as_str()));
    std::iter::once((path, settings.class.as_str())).chain(bases).find_map(|(path, class)| {
        let file = project.file(path)?;
        let (place, what) = rule_in(file.text()?, file.python(), class)?;
        let message = format!("{what}, and may refuse the empty text that `{}` has by default", manifest.name);
        let help = "let it pass an empty text and write the lines below, or let ours have a class of their own";
        let problem = Problem::new(&finding::SETTINGS_UNREACHABLE, message).at(path, place).help(help);
        Some(problem.question(Question::own_settings()))
    })
}

/// That the class leaves the environment out of its sources, so that no variable of ours would be read.
pub(super) fn without_environment(project: &Project, settings: &Settings) -> Option<Problem> {
    let bases = settings.bases.iter().map(|(path, class)| (path, class.as_str()));
    std::iter::once((&settings.path, settings.class.as_str())).chain(bases).find_map(|(path, class)| {
        let file = project.file(path)?;
        let (code, source) = (file.text()?, file.python());
        let (index, _) = source.class(class)?;
        let method = source.methods_of(index).find(|method| method.name == "settings_customise_sources")?;
        let body = code.get(method.body.range.clone())?.replace("dotenv_settings", "");
        let takes = ["env_settings", "EnvSettingsSource", "super()", "*"].iter().any(|word| body.contains(word));
        if takes {
            return None;
        }
        let message = format!("`{class}` reads no environment variables, which ours are set by");
        Some(
            Problem::new(&finding::SETTINGS_UNREACHABLE, message)
                .at(path, method.name_range.clone())
                .help("return `env_settings` too, or let ours have a class of their own")
                .question(Question::own_settings()),
        )
    })
}

/// Code that goes through all fields of a model, whatever they are called.
const OVER_ALL: [&str; 8] =
    ["in self:", "in self\n", "model_dump(", ".dict(", "model_fields", "__dict__", "vars(self)", ".items()"];

fn rule_in(code: &str, source: &Source, class: &str) -> Option<(Range<usize>, String)> {
    let (index, class) = source.class(class)?;
    let is_for_all = |method: &&Function| {
        let of_all = |decorator: &String| decorator.replace('\'', "\"").contains("validator(\"*\"");
        let of_model =
            |decorator: &String| ["model_validator", "root_validator"].iter().any(|name| decorator.contains(name));
        let body = code.get(method.range.clone()).unwrap_or_default();
        let says = |words: &[&str]| words.iter().any(|word| body.contains(word));
        let refuses = method.name == "model_post_init" || method.decorators.iter().any(of_model);
        method.decorators.iter().any(of_all) || (refuses && says(&["raise ", "assert "]) && says(&OVER_ALL))
    };
    if let Some(method) = source.methods_of(index).find(is_for_all) {
        return Some((method.name_range.clone(), format!("`{}` looks at every field", method.name)));
    }
    let least = source.calls_within(&class.range).find_map(|call| call.keyword("str_min_length"))?;
    Some((least.value.clone(), "`str_min_length` is for every field".to_owned()))
}
