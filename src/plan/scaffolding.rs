//! Scaffolding that components share: its name in the lock, and which components use it.

use super::bounds;
use crate::component::manifest::Manifest;
use crate::component::{COMPONENTS, Component};
use crate::project::FilePath;
use crate::project::layout::Services;

/// The name of a scaffolding as the lock has it: with a path from the project's root, so that the project can be moved inside
/// its repository.
pub(super) fn portable(name: &str, root: &FilePath) -> String {
    if root.as_str().is_empty() { name.to_owned() } else { name.replace(&format!(":{}/", root.as_str()), ":./") }
}

/// The name of a scaffolding from the lock, with a path from the top of the repository.
pub(super) fn here(name: &str, root: &FilePath) -> String {
    let folder = if root.as_str().is_empty() { String::new() } else { format!("{}/", root.as_str()) };
    name.replace(":./", &format!(":{folder}"))
}

/// Is a shared scaffolding one that the component uses?
pub(super) fn uses(component: &Component, scaffolding: &str, services: &Services) -> bool {
    let manifest = &component.manifest;
    let mut parts = scaffolding.split(':');
    match parts.next().unwrap_or_default() {
        "lifespan" | "lifespan place" | "composed lifespan" | "composed lifespan place" => {
            !manifest.lifespan.is_empty()
        }
        "package" | "python" | "python-bound" => !manifest.module.is_empty(),
        "settings class body" | "settings-class" => !manifest.setting.is_empty(),
        "template" => !manifest.migration.is_empty(),
        "import" | "import wrapped" => {
            let module = parts.nth(1).unwrap_or_default();
            let name = parts.next().unwrap_or_default();
            let last = module.rsplit('.').next().unwrap_or_default();
            let last = services.names.iter().find(|(_, here)| *here == last).map_or(last, |(name, _)| name);
            let modules = || manifest.module.iter().filter_map(|module| module.path.0.strip_suffix(".py"));
            match module {
                "contextlib" | "collections.abc" | "fastapi" => !manifest.lifespan.is_empty(),
                "pydantic" | "pydantic.v1" if name == "Field" => {
                    manifest.setting.iter().any(|setting| setting.ge.is_some())
                }
                // A type is used by the settings that have it.
                "typing" | "pydantic" | "pydantic.v1"
                    if COMPONENTS.iter().any(|other| has_type(&other.manifest, name)) =>
                {
                    has_type(manifest, name)
                }
                "typing" => !manifest.setting.is_empty() || !manifest.lifespan.is_empty(),
                "pydantic" | "pydantic.v1" | "urllib.parse" => !manifest.setting.is_empty(),
                "asyncio" | "fastapi.responses" => !manifest.readiness.is_empty(),
                _ => modules().any(|stem| stem == last),
            }
        }
        "bound" => bounds::is_of(manifest, parts.nth(1).unwrap_or_default()),
        "compose" => !manifest.service.is_empty() || !manifest.environment.is_empty() || !manifest.worker.is_empty(),
        _ => true,
    }
}

/// Has a setting of the component this type?
fn has_type(manifest: &Manifest, name: &str) -> bool {
    manifest.setting.iter().any(|setting| setting.annotation.0.contains(name))
}
