//! Python files that a component works in, and that cannot be parsed.

use super::{Found, Subject};
use crate::project::FilePath;
use crate::project::lifespan::generators;
use crate::project::unreadable::syntax_error;

pub(super) fn findings(subject: &Subject<'_>) -> Vec<Found> {
    let layout = &subject.project.layout;
    let application = layout.application.as_ref().ok().map(|application| application.path.clone());
    let settings = layout.settings.as_ref().ok().map(|settings| settings.path.clone());
    let lifespans: Vec<FilePath> = generators(subject.project).into_iter().map(|generator| generator.path).collect();
    let mut found = Vec::new();
    for component in subject.components {
        let uses_settings = !component.manifest.setting.is_empty();
        let files = application.iter().cloned().chain(settings.iter().filter(|_| uses_settings).cloned());
        let starts = !component.manifest.lifespan.is_empty();
        for path in files.chain(lifespans.iter().filter(|_| starts).cloned()) {
            let error = subject.project.file(&path).and_then(|file| file.python().error.clone());
            found.extend(error.map(|error| (*component, String::new(), syntax_error(&path, error))));
        }
    }
    found
}
