//! What a settings class says of all its fields, whatever they are called: a validator of `"*"`, a least length of texts.

use crate::component::manifest;
use crate::finding::{self, Problem};
use crate::project::layout::Settings;
use crate::project::{FilePath, Project};
use crate::source::python::Source;

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
        let source = project.file(path)?.python();
        let (place, what) = rule_in(source, class)?;
        let message = format!("{what}, and may refuse the empty text that `{}` has by default", manifest.name);
        let help = "let it pass an empty text and write the lines below, or have a class of our own: `--settings new`";
        Some(Problem::new(&finding::SETTINGS_UNREACHABLE, message).at(path, place).help(help))
    })
}

fn rule_in(source: &Source, class: &str) -> Option<(std::ops::Range<usize>, String)> {
    let (index, class) = source.class(class)?;
    let is_for_all = |decorator: &String| decorator.replace('\'', "\"").contains("validator(\"*\"");
    if let Some(method) = source.methods_of(index).find(|method| method.decorators.iter().any(is_for_all)) {
        return Some((method.name_range.clone(), format!("`{}` looks at every field", method.name)));
    }
    let least = source.calls_within(&class.range).find_map(|call| call.keyword("str_min_length"))?;
    Some((least.value.clone(), "`str_min_length` is for every field".to_owned()))
}
