//! Whether instances of a settings class are made with arguments alone, which only the application's own code has.

use super::FilePath;
use super::imports::Files;
use super::reader::Reader;
use super::settings_naming::ClassName;
use super::settings_reach::{Module, may_have};
use crate::finding::Location;
use crate::source::python::Call;

/// Where instances of the class are made, if each is made with arguments: a mere call of the class is then no instance that the
/// application would have.
pub fn made_with_arguments(
    reader: &Reader,
    roots: &[FilePath],
    files: &[FilePath],
    class: &ClassName,
) -> Option<Location> {
    let mut found = None;
    for path in files.iter().filter(|path| !is_of_tests(path)) {
        let Some(file) = reader.file(path).filter(|file| may_have(file, path, class)) else { continue };
        let text = file.text().unwrap_or_default();
        let module = Module { reader, roots, path, source: file.python(), text, class };
        // `Depends(Settings)`, `lru_cache(Settings)`: what it is given to makes it without arguments.
        let is_handed = module.source.calls.iter().any(|call| {
            call.arguments
                .iter()
                .any(|argument| text.get(argument.value.clone()).is_some_and(|value| module.means(value)))
        });
        let own = module.source.class(&class.1).filter(|_| path == &class.0).map(|(_, own)| own.range.clone());
        let makes = |call: &&Call| {
            let is_own = own.as_ref().is_some_and(|own| own.start <= call.range.start && call.range.end <= own.end);
            let object = call.callee.rsplit_once('.').map_or(call.callee.as_str(), |(object, method)| {
                if matches!(method, "model_validate" | "parse_obj" | "model_construct") { object } else { &call.callee }
            });
            (is_own && object == "cls") || module.means(object)
        };
        for call in module.source.calls.iter().filter(makes) {
            if call.arguments.is_empty() {
                return None;
            }
            found = found.or_else(|| Some(Location::new(path.clone(), call.range.clone())));
        }
        if is_handed {
            return None;
        }
    }
    found
}

/// Is it a module of tests?
fn is_of_tests(path: &FilePath) -> bool {
    let is_one = |part: &str| part == "tests" || part == "test" || part == "conftest.py" || part.starts_with("test_");
    path.as_str().split('/').any(is_one)
}
