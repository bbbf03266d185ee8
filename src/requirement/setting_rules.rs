//! What a settings class says of all its fields, whatever they are called: a validator of `"*"`, a least length of texts.

use crate::component::manifest;
use crate::finding::{self, Problem};
use crate::project::FilePath;
use crate::source::python::Source;

/// What the class says of all its fields, and may say of ours: an empty default of a text.
pub(super) fn rules_for_all(
    manifest: &manifest::Setting,
    path: &FilePath,
    code: &str,
    source: &Source,
    class: usize,
) -> Option<Problem> {
    if manifest.default.0 != "\"\"" {
        return None;
    }
    let is_for_all = |decorator: &&String| {
        let decorator = decorator.replace('\'', "\"");
        decorator.contains("validator(\"*\"")
    };
    let validator = source.methods_of(class).find(|method| method.decorators.iter().any(|one| is_for_all(&one)));
    let body = &source.classes.get(class)?.range;
    let least = code.get(body.clone()).and_then(|code| code.find("str_min_length")).map(|at| body.start + at);
    let (place, what) = match (validator, least) {
        (Some(method), _) => (method.name_range.clone(), format!("`{}` looks at every field", method.name)),
        (None, Some(at)) => (at..at + "str_min_length".len(), "`str_min_length` is for every field".to_owned()),
        (None, None) => return None,
    };
    let name = manifest.name;
    let message = format!("{what}, and may refuse the empty text that `{name}` has by default");
    Some(
        Problem::new(&finding::SETTINGS_UNREACHABLE, message)
            .at(path, place)
            .help("let it pass an empty text and write the lines below, or have a class of our own: `--settings new`"),
    )
}
