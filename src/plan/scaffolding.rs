//! Scaffolding that components share: which of them use it.

use super::bounds;
use crate::component::manifest::Manifest;
use crate::component::{COMPONENTS, Component};
use crate::lock::ScaffoldingKey;
use crate::project::layout::Services;

/// Is a shared scaffolding one that the component uses?
pub(super) fn uses(component: &Component, key: &ScaffoldingKey, services: &Services) -> bool {
    use ScaffoldingKey as Key;
    let manifest = &component.manifest;
    match key {
        Key::Lifespan | Key::LifespanPlace | Key::ComposedLifespan | Key::ComposedLifespanPlace => {
            !manifest.lifespan.is_empty()
        }
        Key::Package | Key::Python | Key::PythonBound { .. } => !manifest.module.is_empty(),
        Key::SettingsBody | Key::SettingsClass => !manifest.setting.is_empty(),
        Key::Template(_) => !manifest.migration.is_empty(),
        Key::Import { module, name, .. } => uses_import(manifest, module, name, services),
        Key::WrappedImport { module, .. } => uses_import(manifest, module, "", services),
        Key::Bound { package, .. } => bounds::is_of(manifest, package),
        Key::Compose(_) => {
            !manifest.service.is_empty() || !manifest.environment.is_empty() || !manifest.worker.is_empty()
        }
        Key::Requirements(_) | Key::List { .. } | Key::Other(_) => true,
    }
}

/// Does the component import `name` of `module` into the project's own code?
fn uses_import(manifest: &Manifest, module: &str, name: &str, services: &Services) -> bool {
    let last = module.rsplit('.').next().unwrap_or_default();
    let last = services.names.iter().find(|(_, here)| *here == last).map_or(last, |(name, _)| name);
    let mut modules = manifest.module.iter().filter_map(|module| module.path.0.strip_suffix(".py"));
    match module {
        "contextlib" | "collections.abc" | "fastapi" => !manifest.lifespan.is_empty(),
        "pydantic" | "pydantic.v1" if name == "Field" => manifest.setting.iter().any(|setting| setting.ge.is_some()),
        // A type is used by the settings that have it.
        "typing" | "pydantic" | "pydantic.v1" if COMPONENTS.iter().any(|other| has_type(&other.manifest, name)) => {
            has_type(manifest, name)
        }
        "typing" => !manifest.setting.is_empty() || !manifest.lifespan.is_empty(),
        "pydantic" | "pydantic.v1" | "urllib.parse" => !manifest.setting.is_empty(),
        "asyncio" | "fastapi.responses" => !manifest.readiness.is_empty(),
        _ => modules.any(|stem| stem == last),
    }
}

/// Has a setting of the component this type?
fn has_type(manifest: &Manifest, name: &str) -> bool {
    manifest.setting.iter().any(|setting| setting.annotation.0.contains(name))
}
