//! The registry of components, made by `build.rs` from the folders under `templates/`.

use super::Context;
#[allow(clippy::wildcard_imports, reason = "the generated constants use each type of the schema")]
use super::manifest::*;
#[allow(clippy::enum_glob_use, reason = "the generated constants are the `Debug` form of the manifests")]
use super::manifest::{ChoiceKind::*, Kind::*};
use askama::Template as _;

/// A component: its manifest and its compiled templates.
#[derive(Debug)]
pub struct Component {
    /// What it is and needs.
    pub manifest: Manifest,
    /// The templates of its modules, in the order of the manifest.
    pub(super) modules: &'static [Render],
    /// The templates of their tests.
    pub(super) tests: &'static [Render],
    /// The templates of its other files.
    pub(super) files: &'static [Render],
    pub(super) next_steps: Render,
    /// The values of its options, where they were decided on.
    pub(super) values: &'static [(&'static str, &'static str)],
}

/// A compiled template: what it sees are the project, and the values of the component's options.
pub(super) type Render = fn(&Context, &Component) -> askama::Result<String>;

include!(concat!(env!("OUT_DIR"), "/registry.rs"));

impl Component {
    /// The component of this name or alias.
    pub fn find(name: &str) -> Option<&'static Self> {
        COMPONENTS.iter().find(|component| {
            component.manifest.id.0 == name || component.manifest.aliases.iter().any(|alias| alias.0 == name)
        })
    }

    /// Its name.
    pub fn id(&self) -> &'static str {
        self.manifest.id.0
    }

    /// The texts of its modules for a project, with their manifest entries.
    pub fn modules(&self, context: &Context) -> impl Iterator<Item = (&'static Module, String)> {
        // Askama takes the last line ending of a template away.
        let texts = self.modules.iter().map(|render| render(context, self).unwrap_or_default() + "\n");
        self.manifest.module.0.iter().zip(texts.collect::<Vec<_>>())
    }

    /// The texts of the tests of its modules.
    pub fn tests(&self, context: &Context) -> impl Iterator<Item = (&'static Module, String)> {
        let texts = self.tests.iter().map(|render| render(context, self).unwrap_or_default() + "\n");
        self.manifest.test.0.iter().zip(texts.collect::<Vec<_>>())
    }

    /// The texts of its other files.
    pub fn files(&self, context: &Context) -> impl Iterator<Item = (&'static Module, String)> {
        let texts = self.files.iter().map(|render| render(context, self).unwrap_or_default() + "\n");
        self.manifest.file.0.iter().zip(texts.collect::<Vec<_>>())
    }

    /// What the user does after it was added.
    pub fn next_steps(&self, context: &Context) -> String {
        (self.next_steps)(context, self).unwrap_or_default()
    }
}

/// The components of these names with those that they require, each after what it requires; and for each one that was not
/// named, who brings it.
pub fn with_required(components: &[&'static Component]) -> Vec<(&'static Component, Option<&'static Component>)> {
    fn visit(
        component: &'static Component,
        brought_by: Option<&'static Component>,
        named: &[&'static Component],
        found: &mut Vec<(&'static Component, Option<&'static Component>)>,
    ) {
        if found.iter().any(|(known, _)| known.id() == component.id()) {
            return;
        }
        for required in component.manifest.requires.iter().filter_map(|name| Component::find(name)) {
            visit(required, Some(component), named, found);
        }
        let is_named = named.iter().any(|known| known.id() == component.id());
        found.push((component, brought_by.filter(|_| !is_named)));
    }
    let mut found = Vec::new();
    for component in components {
        visit(component, None, components, &mut found);
    }
    found
}
