//! What the templates of a project's components see of it.

use crate::component::{COMPONENTS, Context};
use crate::project::Project;
use crate::project::layout::Installer;
use crate::project::{discover, port};
use crate::requirement::service;
use crate::requirement::setting_provision;
use crate::requirement::worker::Worker;

/// What a template sees of this project.
pub fn context(project: &Project) -> Context {
    let layout = &project.layout;
    let settings = layout.settings.as_ref().ok();
    let all =
        || COMPONENTS.iter().flat_map(|component| component.manifest.setting.iter()).map(|setting| setting.name.0);
    let compose = match &layout.compose {
        Ok(Some(compose)) => {
            let relative = compose.path.relative_to(&layout.root);
            if crate::project::compose::NAMES.contains(&relative.as_str()) {
                "docker compose".to_owned()
            } else {
                // With `-f`, Compose does not look for the override itself.
                let is_override = |path: &&crate::project::FilePath| {
                    path.parent() == compose.path.parent() && path.name().contains(".override.")
                };
                let beside = compose.others.iter().filter(is_override).map(|path| path.relative_to(&layout.root));
                std::iter::once(relative.clone())
                    .chain(beside)
                    .fold("docker compose".to_owned(), |command, file| format!("{command} -f {file}"))
            }
        }
        _ => String::new(),
    };
    // The name goes into Python and YAML strings.
    let name: String = layout
        .name
        .chars()
        .filter(|character| character.is_alphanumeric() || " ._-".contains(*character))
        .take(38)
        .collect();
    Context {
        settings_import: settings
            .map_or_else(|| "from settings import settings".to_owned(), |settings| settings.import.clone()),
        services: layout.services.package.clone(),
        name,
        install: discover::install_command(layout),
        run: match layout.installer {
            Installer::Uv => "uv run ".to_owned(),
            Installer::Poetry => "poetry run ".to_owned(),
            Installer::Pdm => "pdm run ".to_owned(),
            Installer::Pip => String::new(),
            Installer::Other(tool) => tool.run.to_owned(),
        },
        port: port::local(project),
        compose,
        compose_services: COMPONENTS
            .iter()
            .flat_map(|component| component.manifest.service.0)
            .filter_map(|service| Some((service.name.to_string(), service::find(project, service)?)))
            .chain(COMPONENTS.iter().flat_map(|component| component.manifest.worker.0).filter_map(|manifest| {
                let worker = Worker::of(manifest);
                Some((worker.name.clone(), worker.find(project)?))
            }))
            .collect(),
        settings: all().map(|name| (name.to_owned(), setting_provision::expression(project, name))).collect(),
        variables: all()
            .map(|name| {
                (name.to_owned(), settings.map_or_else(|| name.to_owned(), |settings| settings.environment(name)))
            })
            .collect(),
    }
}
