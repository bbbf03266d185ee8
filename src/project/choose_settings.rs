//! Which settings class the project's is: what was said, else what was found, else one that the plan would make.

use super::find_application::dotted;
use super::imports::Files;
use super::layout::{Application, Settings};
use super::reader::Reader;
use super::unreadable::{not_text, syntax_error};
use super::{FilePath, find_settings, own_settings};
use crate::finding::{self, Problem};
use crate::lock::{Lock, ScaffoldingKey};
use crate::project::settings_classes;

pub(super) fn find_the_settings(
    reader: &Reader,
    root: &FilePath,
    roots: &[FilePath],
    files: &[FilePath],
    application: Option<&Application>,
    wanted: Option<&str>,
    recorded: Option<&str>,
) -> Result<Option<Settings>, Problem> {
    let has_class = |place: &&str| {
        place.rsplit_once(':').is_some_and(|(path, class)| {
            let file = root.join(path).and_then(|path| reader.file(&path));
            file.is_some_and(|file| file.python().class(class).is_some())
        })
    };
    // Once it is made, the class of our own is a class like any other.
    let wanted = if wanted == Some("new") {
        let Some(made) = recorded.filter(has_class) else {
            let classes = settings_classes::classes(reader, roots, files);
            return if classes.is_empty() { Ok(None) } else { own_settings::beside(reader, roots, &classes).map(Some) };
        };
        Some(made)
    } else {
        wanted
    };
    let wanted = match wanted {
        None => None,
        Some(option) => {
            let wrong = |why: &str| {
                Problem::new(&finding::CONFIGURATION, format!("the settings class `{option}`: {why}"))
                    .help("write it as `PATH:CLASS`, such as `app/core/config.py:Settings`")
            };
            let (path, class) = option.rsplit_once(':').ok_or_else(|| wrong("there is no `:` in it"))?;
            let path = root
                .join(path)
                .filter(|path| reader.file(path).is_some())
                .ok_or_else(|| wrong("there is no such file"))?;
            Some((path, class.to_owned()))
        }
    };
    let mut files = files.to_vec();
    if let Some((path, _)) = &wanted
        && !files.contains(path)
    {
        files.push(path.clone());
    }
    let found = find_settings::find(reader, root, roots, &files, application, wanted.as_ref());
    let broken = || {
        files.iter().find_map(|path| {
            let file = reader.file(path)?;
            match file.text() {
                None if memchr::memmem::find(file.bytes(), b"BaseSettings").is_some() => Some(not_text(path)),
                Some(text) if text.contains("BaseSettings") => {
                    file.python().error.clone().map(|error| syntax_error(path, error))
                }
                _ => None,
            }
        })
    };
    match found {
        // A settings module that cannot be parsed is not "no settings class".
        Ok(None) | Err(_) => match broken().or_else(|| linked_outside(reader, roots, application)) {
            Some(problem) => Err(problem),
            None => found,
        },
        found => found,
    }
}

/// Where `paxx.lock` says that the settings class was, unless we made it: then it is made again.
pub(super) fn settings_before(lock: &Lock) -> Option<String> {
    let is_ours = lock.has_scaffolding(&ScaffoldingKey::SettingsClass);
    lock.found.get(1).filter(|_| !is_ours && !lock.components.is_empty()).cloned()
}

pub(super) fn settings_gone(root: &FilePath, before: &str) -> Problem {
    let (path, class) = before.rsplit_once(':').unwrap_or((before, "Settings"));
    let problem = Problem::new(
        &finding::NO_SETTINGS_CLASS,
        format!("the settings class `{class}` is not in `{path}` any more, and there is no other one"),
    )
    .help("take it back from git, or name the class with `--settings PATH:CLASS`");
    match root.join(path) {
        Some(path) => problem.at(&path, 0..0),
        None => problem,
    }
}

/// A module that the application imports and that is a link to something outside of the repository, which is not read.
fn linked_outside(reader: &Reader, roots: &[FilePath], application: Option<&Application>) -> Option<Problem> {
    let application = application?;
    let file = reader.file(&application.path)?;
    let modules = file.python().imports.iter().filter_map(|import| import.from.clone());
    let paths = modules.flat_map(|module| {
        roots.iter().filter_map(move |root| root.join(&format!("{}.py", module.replace('.', "/")))).collect::<Vec<_>>()
    });
    let path =
        paths.into_iter().find(|path| reader.exists(path) && reader.file(path).is_none() && !reader.is_folder(path))?;
    Some(
        Problem::new(
            &finding::OUTSIDE,
            format!("`{path}` leads out of the repository, so it is neither read nor edited"),
        )
        .help("put the file itself there, or name a settings class inside the project with `--settings PATH:CLASS`"),
    )
}

/// A settings class that the plan would make, beside the application.
pub(super) fn new_settings(reader: &Reader, import_root: &FilePath, application: Option<&Application>) -> Settings {
    let folder = application.and_then(|application| application.path.parent()).unwrap_or_else(|| import_root.clone());
    let names = ["settings.py", "config.py", "app_settings.py", "paxx_settings.py"];
    let is_ours = |path: &FilePath| reader.text(path).is_some_and(|text| text.contains("class Settings(BaseSettings)"));
    let free = |name: &&&str| {
        let path = folder.child(name);
        let package = folder.child(name.trim_end_matches(".py"));
        (!reader.exists(&path) && !reader.exists(&package)) || is_ours(&path)
    };
    let name = names.iter().find(free).copied().unwrap_or("paxx_settings.py");
    let path = folder.child(name);
    Settings {
        import: format!("from {} import settings", dotted(&path, import_root)),
        path,
        class: "Settings".to_owned(),
        expression: "settings".to_owned(),
        upper_case: false,
        env_prefix: String::new(),
        case_sensitive: false,
        delimiter: String::new(),
        aliases: Vec::new(),
        pydantic_v1: false,
        create: true,
        made: None,
        bases: Vec::new(),
    }
}
