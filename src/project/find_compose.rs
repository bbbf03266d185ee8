//! Finds the compose file of a project, and the service in it that runs the application.

use super::FilePath;
use super::compose;
use super::compose::model::Model;
use super::imports::Files;
use super::layout::{Application, Compose};
use super::reader::Reader;
use crate::finding::{self, Problem};

pub(super) fn find_compose(
    reader: &Reader,
    root: &FilePath,
    application: Option<&Application>,
    option: Option<&str>,
    service: Option<&str>,
) -> Result<Option<Compose>, Problem> {
    let path = match option {
        Some("none") => return Ok(None),
        Some(option) => {
            let path = root.join(option).filter(|path| reader.file(path).is_some()).ok_or_else(|| {
                Problem::new(
                    &finding::CONFIGURATION,
                    format!("there is no compose file `{option}` inside the repository"),
                )
                .help("give `--compose` a path relative to the project, or `none`")
            })?;
            Some(path)
        }
        None => compose_file(reader, root),
    };
    let Some(path) = path else { return Ok(None) };
    let path = reader.real(&path).unwrap_or(path);
    let read = |path: &FilePath| reader.file(path);
    let model = Model::of(&path, &read).map_err(|why| {
        Problem::new(&finding::COMPOSE_UNSUPPORTED, why).at(&path, 0..0).help("use `--compose none` to leave it alone")
    })?;
    model.mentioned().iter().for_each(|mentioned| drop(reader.file(mentioned)));
    let application = match (service, application) {
        (Some(name), _) => {
            if model.service(name).is_some_and(|service| service.at.path == path) {
                Ok(Some(name.to_owned()))
            } else {
                let names: Vec<String> = model.services().iter().map(|service| format!("`{}`", service.name)).collect();
                Err(Problem::new(&finding::CONFIGURATION, format!("`{path}` has no service `{name}`"))
                    .at(&path, 0..0)
                    .help(format!("name the one that runs the application with `--service`: {}", names.join(", "))))
            }
        }
        (None, Some(application)) => compose::application_service(&model, &path, root, &application.module, &read),
        (None, None) => Ok(None),
    };
    if let Ok(Some(name)) = &application {
        compose::takes_command(&model, name, &read);
        compose::command_words(&model, name, &read);
    }
    let others = model.files.iter().filter(|other| **other != path && reader.file(other).is_some()).cloned().collect();
    Ok(Some(Compose { path, application, others }))
}

pub(super) fn compose_file(reader: &Reader, root: &FilePath) -> Option<FilePath> {
    let in_folder = |folder: &FilePath| {
        compose::NAMES.iter().map(|name| folder.child(name)).find(|path| reader.file(path).is_some())
    };
    if let Some(found) = in_folder(root) {
        return Some(found);
    }
    let mut folder = root.parent();
    while let Some(present) = folder {
        if let Some(found) = in_folder(&present) {
            return Some(found);
        }
        folder = present.parent();
    }
    let below: Vec<FilePath> = [
        "docker",
        "deploy",
        "deployment",
        "deployments",
        ".docker",
        "infra",
        "infrastructure",
        "compose",
        "ops",
        "local",
    ]
    .iter()
    .filter_map(|name| in_folder(&root.child(name)))
    .collect();
    match below.as_slice() {
        [only] => Some(only.clone()),
        _ => None,
    }
}
