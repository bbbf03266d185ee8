//! Which settings class the application uses, and how it reaches the instance.
//!
//! What counts is the `BaseSettings` ancestor and which class is made an instance of, not the name.

use super::FilePath;
use super::find_application::{candidates, dotted};
use super::imports::{self, Files};
use super::layout::{Application, Settings};
use super::reader::Reader;
use super::settings_classes::{Candidate, classes};
use super::settings_made;
use super::settings_naming::{self, Naming};
use super::settings_reach::{self, Reach, is_imported};
use crate::finding::{self, Location, Problem, Question};
use crate::source::python::Call;

/// Finds the settings class among `files`, the Python files of the project that speak of settings.
///
/// # Errors
///
/// Several classes that the application may use.
pub fn find(
    reader: &Reader,
    root: &FilePath,
    roots: &[FilePath],
    files: &[FilePath],
    application: Option<&Application>,
    wanted: Option<&(FilePath, String)>,
) -> Result<Option<Settings>, Problem> {
    let classes = classes(reader, roots, files);
    let classes = if wanted.is_none() { without_others(reader, root, roots, classes, application) } else { classes };
    if classes.is_empty() && wanted.is_none() {
        return Ok(None);
    }
    let chosen = match wanted {
        Some((path, name)) => {
            let found = classes.iter().find(|class| class.path == *path && class.name == *name);
            found.cloned().ok_or_else(|| {
                Problem::new(
                    &finding::NO_SETTINGS_CLASS,
                    format!("`{path}` has no class `{name}` that inherits from `BaseSettings`"),
                )
                .help("name it with `--settings PATH:CLASS`")
            })?
        }
        None => choose(reader, root, roots, files, &classes, application)?,
    };
    if let Some(file) = reader.file(&chosen.path) {
        let same = file.python().classes.iter().filter(|class| class.scope.is_module() && class.name == chosen.name);
        if let [first, second, ..] = same.collect::<Vec<_>>().as_slice() {
            return Err(Problem::new(
                &finding::SEVERAL_SETTINGS_CLASSES,
                format!("`{}` is defined twice", chosen.name),
            )
            .at(&chosen.path, first.name_range.clone())
            .related(Location::new(chosen.path.clone(), second.name_range.clone()), "and here")
            .help("define it once, so that a new setting has one place, or take a class beside it")
            .question(Question::own_settings()));
        }
    }
    let is_circular = |path: &FilePath| {
        application.is_some_and(|application| imports::leads_to(reader, roots, path, &application.path))
    };
    if is_circular(&chosen.path) {
        let class = &chosen.name;
        return Err(Problem::new(
            &finding::SETTINGS_UNREACHABLE,
            format!("`{class}` stands in a module that imports the application, so no module of the application can import it"),
        )
        .at(&chosen.path, chosen.place.clone())
        .help(format!("move `{class}` and its instance to a module of their own, such as `settings.py`")));
    }
    // As the application itself does: an instance elsewhere (of a script, of Alembic) is not its own.
    let is_used = |path: &FilePath| {
        application.is_none_or(|application| imports::leads_to(reader, roots, &application.path, path))
            && !is_circular(path)
    };
    let own = own_reaches(reader, roots, files, &classes, &chosen);
    let reach = settings_reach::choose(reader, roots, own, &chosen.path, application, &is_used)?;
    if reach.is_none()
        && let Some(at) =
            settings_made::made_with_arguments(reader, roots, files, &(chosen.path.clone(), chosen.name.clone()))
    {
        let class = &chosen.name;
        let mut problem = Problem::new(
            &finding::SETTINGS_UNREACHABLE,
            format!("`{class}` is made with arguments here, and nothing at module level hands the instance out"),
        );
        problem = problem.at(&at.path, at.range.clone()).help(format!(
            "hand it out by a function without arguments, `def get_settings() -> {class}`; or let ours have a class of their own"
        ));
        return Err(problem.question(Question::own_settings()));
    }
    describe(reader, roots, &chosen, reach.as_ref(), application).map(Some)
}

/// What hands out instances of the class; of its subclasses, where nothing makes one of its own.
fn own_reaches(
    reader: &Reader,
    roots: &[FilePath],
    files: &[FilePath],
    classes: &[Candidate],
    chosen: &Candidate,
) -> Vec<Reach> {
    let name = (chosen.path.clone(), chosen.name.clone());
    let mut own = settings_reach::reaches(reader, roots, files, &name);
    // One subclass per environment: what hands out a subclass hands out the fields of the base.
    if own.is_empty() {
        for class in classes.iter().filter(|class| class.bases.contains(&name)) {
            for reach in settings_reach::reaches(reader, roots, files, &(class.path.clone(), class.name.clone())) {
                if !own.iter().any(|known: &Reach| known.path == reach.path && known.name == reach.name) {
                    own.push(reach);
                }
            }
        }
    }
    own
}

/// The class that the application uses.
fn choose(
    reader: &Reader,
    root: &FilePath,
    roots: &[FilePath],
    files: &[FilePath],
    classes: &[Candidate],
    application: Option<&Application>,
) -> Result<Candidate, Problem> {
    let classes = &of_application(reader, roots, classes, application);
    if let [only] = classes.as_slice() {
        return Ok(only.clone());
    }
    let used: Vec<(&Candidate, Vec<Reach>)> = classes
        .iter()
        .map(|class| (class, settings_reach::reaches(reader, roots, files, &(class.path.clone(), class.name.clone()))))
        .filter(|(_, reaches)| !reaches.is_empty())
        .collect();
    let mut candidates: Vec<&Candidate> = match used.len() {
        // Nothing is made an instance of: the one that no other one holds or inherits from.
        0 => classes.iter().filter(|class| !is_part(reader, classes, classes, class)).collect(),
        _ => used.iter().map(|(class, _)| *class).collect(),
    };
    if candidates.len() > 1 {
        // The application's own imports decide.
        if let Some(application) = application {
            let imported: Vec<&Candidate> = used
                .iter()
                .filter(|(_, reaches)| is_imported(reader, roots, &application.path, reaches))
                .map(|(class, _)| *class)
                .collect();
            if !imported.is_empty() {
                candidates = imported;
            }
        }
    }
    if candidates.len() > 1 {
        let heirs: Vec<Candidate> = candidates.iter().map(|class| (*class).clone()).collect();
        let whole: Vec<&Candidate> =
            candidates.iter().filter(|class| !is_part(reader, classes, &heirs, class)).copied().collect();
        if !whole.is_empty() {
            candidates = whole;
        }
    }
    match candidates.as_slice() {
        [only] => return Ok((*only).clone()),
        [] => {}
        several => {
            // One subclass per environment: the fields go to what all of them inherit.
            let is_common = |base: &(FilePath, String)| several.iter().all(|class| class.bases.contains(base));
            let common = several[0]
                .bases
                .iter()
                .filter(|base| is_common(base))
                .find_map(|(path, name)| classes.iter().find(|class| class.path == *path && class.name == *name));
            if let Some(base) = common {
                return match several
                    .iter()
                    .find(|class| prefix_of(reader, roots, class) != prefix_of(reader, roots, base))
                {
                    Some(class) => Err(own_prefix(reader, root, roots, class, base)),
                    None => Ok(base.clone()),
                };
            }
        }
    }
    let named: Vec<&Candidate> = if candidates.is_empty() { classes.iter().collect() } else { candidates };
    let mut weighed: Vec<(usize, &Candidate)> = named
        .iter()
        .map(|class| {
            let reaches = used.iter().find(|(known, _)| known.path == class.path && known.name == class.name);
            let counted = reaches.zip(application).map(|((_, reaches), application)| {
                settings_reach::importers(reader, roots, &application.path, reaches)
            });
            (counted.unwrap_or_default().iter().map(|(count, _)| count).sum(), *class)
        })
        .collect();
    weighed.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
    Err(several(root, &weighed))
}

/// The refusal for several classes that nothing decides between: a question.
fn several(root: &FilePath, weighed: &[(usize, &Candidate)]) -> Problem {
    let candidates = weighed.iter().map(|(count, class)| {
        let place = format!("{}:{}", class.path.relative_to(root), class.name);
        let evidence = match count {
            0 => String::new(),
            1 => "a module of the application imports it".to_owned(),
            count => format!("{count} modules of the application import it"),
        };
        finding::Candidate::new(place, evidence)
    });
    let mut candidates: Vec<finding::Candidate> = candidates.collect();
    let is_likely = matches!(weighed, [(first, _), (second, _), ..] if first > second);
    let own = finding::Candidate::own_settings();
    // Where each class has a concern, none of them is the place for another one.
    let is_general =
        |class: &Candidate| matches!(class.name.trim_start_matches('_'), "Settings" | "AppSettings" | "Config");
    let by_concern = !weighed.iter().any(|(_, class)| is_general(class));
    candidates.insert(if by_concern { 0 } else { candidates.len() }, own);
    let mut question = Question::new("settings", candidates);
    question.is_likely = is_likely || by_concern;
    let message = format!("there are {} settings classes", weighed.len());
    let mut problem =
        Problem::new(&finding::SEVERAL_SETTINGS_CLASSES, message).help("say which one the new settings go to");
    for (_, class) in weighed {
        let place = Location::new(class.path.clone(), class.place.clone());
        if problem.at.is_none() {
            problem.at = Some(place);
        } else {
            problem = problem.related(place, "another one");
        }
    }
    problem.question(question)
}

/// The classes in modules that the application imports, be it in a function: others are a script's, or another program's. All of
/// them, where it imports none.
fn of_application(
    reader: &Reader,
    roots: &[FilePath],
    classes: &[Candidate],
    application: Option<&Application>,
) -> Vec<Candidate> {
    let Some(application) = application else { return classes.to_vec() };
    let is_imported = |class: &&Candidate| imports::may_lead_to(reader, roots, &application.path, &class.path);
    let imported: Vec<Candidate> = classes.iter().filter(is_imported).cloned().collect();
    if imported.is_empty() { classes.to_vec() } else { imported }
}

/// The classes without those that only another application imports: where ours imports none, they are still not its own.
fn without_others(
    reader: &Reader,
    root: &FilePath,
    roots: &[FilePath],
    classes: Vec<Candidate>,
    application: Option<&Application>,
) -> Vec<Candidate> {
    let Some(application) = application else { return classes };
    let leads = |path: &FilePath, class: &Candidate| imports::may_lead_to(reader, roots, path, &class.path);
    if classes.is_empty() || classes.iter().any(|class| leads(&application.path, class)) {
        return classes;
    }
    let hits = reader.search(root, &[("FastAPI", 1)]);
    let makes_one = |path: &FilePath| reader.file(path).is_some_and(|file| !candidates(path, file.python()).is_empty());
    let others: Vec<FilePath> =
        hits.into_iter().map(|hit| hit.path).filter(|path| *path != application.path && makes_one(path)).collect();
    // One that leads to ours is a part of the same program, such as what mounts it.
    let is_apart = |path: &FilePath| !imports::may_lead_to(reader, roots, path, &application.path);
    let of_another = |class: &Candidate| others.iter().any(|path| leads(path, class) && is_apart(path));
    classes.into_iter().filter(|class| !of_another(class)).collect()
}

/// Is the class a field's type of another settings class, or a base of one of `heirs`?
fn is_part(reader: &Reader, classes: &[Candidate], heirs: &[Candidate], class: &Candidate) -> bool {
    let name = (class.path.clone(), class.name.clone());
    if heirs.iter().any(|other| other.bases.contains(&name)) {
        return true;
    }
    classes.iter().filter(|other| other.path != class.path || other.name != class.name).any(|other| {
        let Some(file) = reader.file(&other.path) else { return false };
        let source = file.python();
        let Some((index, _)) = source.class(&other.name) else { return false };
        source.annotations_of(index).any(|field| {
            let annotation = field.annotation.as_deref().unwrap_or_default();
            annotation
                .split(|character: char| !character.is_alphanumeric() && character != '_')
                .any(|word| word == class.name)
        })
    })
}

fn describe(
    reader: &Reader,
    roots: &[FilePath],
    class: &Candidate,
    reach: Option<&Reach>,
    application: Option<&Application>,
) -> Result<Settings, Problem> {
    let made = reach.and_then(|reach| Some((&reach.path, reach.made.as_ref()?)));
    let naming = naming(reader, roots, class, made)?;
    let root = roots.first().cloned().unwrap_or_else(FilePath::top);
    let (import, expression) = match reach {
        Some(reach) => {
            let module = imported_as(reader, roots, application, reach).unwrap_or_else(|| dotted(&reach.path, &root));
            let call = if reach.is_function { "()" } else { "" };
            (format!("from {module} import {}", reach.name), format!("{}{call}", reach.name))
        }
        None => (format!("from {} import {}", dotted(&class.path, &root), class.name), format!("{}()", class.name)),
    };
    let mut upper = 0_usize;
    let mut lower = 0_usize;
    let own = std::iter::once((class.path.clone(), class.name.clone()));
    for (path, name) in own.chain(class.bases.iter().cloned()) {
        let Some(file) = reader.file(&path) else { continue };
        let source = file.python();
        let Some((index, _)) = source.class(&name) else { continue };
        for field in source.annotations_of(index).filter(|field| field.target != "model_config") {
            if field.target.chars().any(char::is_lowercase) {
                lower += 1;
            } else {
                upper += 1;
            }
        }
    }
    Ok(Settings {
        path: class.path.clone(),
        class: class.name.clone(),
        import,
        expression,
        upper_case: upper > lower,
        env_prefix: naming.prefix,
        case_sensitive: naming.case_sensitive,
        delimiter: naming.delimiter,
        aliases: naming.aliases,
        pydantic_v1: class.pydantic_v1,
        create: false,
        made: None,
        bases: class.bases.clone(),
    })
}

/// The `env_prefix` of a class, its own or inherited; empty where there is none.
fn prefix_of(reader: &Reader, roots: &[FilePath], class: &Candidate) -> String {
    naming(reader, roots, class, None).map(|naming| naming.prefix).unwrap_or_default()
}

/// How a class names its variables, by itself or by the call that makes the instance.
pub fn naming(
    reader: &Reader,
    roots: &[FilePath],
    class: &Candidate,
    made: Option<(&FilePath, &Call)>,
) -> Result<Naming, Problem> {
    let mut chain = vec![(class.path.clone(), class.name.clone())];
    chain.extend(class.bases.iter().cloned());
    settings_naming::naming(reader, roots, &chain, made, class.pydantic_v1)
}

/// A field of `base` would be read by another name for each environment, and nothing here says which one it is.
fn own_prefix(reader: &Reader, root: &FilePath, roots: &[FilePath], class: &Candidate, base: &Candidate) -> Problem {
    let (name, prefix) = (&class.name, prefix_of(reader, roots, class));
    Problem::new(
        &finding::SEVERAL_SETTINGS_CLASSES,
        format!("`{name}` reads variables that begin with `{prefix}`, other classes on `{}` do not", base.name),
    )
    .at(&class.path, class.place.clone())
    .related(Location::new(base.path.clone(), base.place.clone()), "the class that all of them inherit from")
    .help("choose where the fields go")
    .question(Question::new(
        "settings",
        vec![
            finding::Candidate::new(
                format!("{}:{}", base.path.relative_to(root), base.name),
                "all environments: their variables are written without a prefix, and you set them with it",
            ),
            finding::Candidate::new(format!("{}:{name}", class.path.relative_to(root)), "this environment alone"),
        ],
    ))
}

/// The module by which the application itself imports the instance, where it does so absolutely.
fn imported_as(
    reader: &Reader,
    roots: &[FilePath],
    application: Option<&Application>,
    reach: &Reach,
) -> Option<String> {
    let application = application?;
    let file = reader.file(&application.path)?;
    let source = file.python();
    source.imports.iter().filter(|import| import.scope.is_module()).find_map(|import| {
        let from = import.from.as_deref().filter(|from| !from.starts_with('.'))?;
        let name = import.names.iter().find(|name| name.name == reach.name && name.alias.is_none())?;
        let (path, found) = imports::definition(reader, roots, &application.path, name.bound())?;
        (path == reach.path && found == reach.name).then(|| from.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::discover::discover_in;
    use crate::project::options::Options;

    /// The settings class that is found, or what the question offers.
    fn found(settings: &str, imports: &str) -> Result<String, Vec<String>> {
        let main = format!("from fastapi import FastAPI\n\nfrom app.config import {imports}\n\napp = FastAPI()\n");
        let config = format!("from pydantic_settings import BaseSettings\n\n\n{settings}");
        let files = [("app/main.py", main.as_str()), ("app/config.py", &config), ("app/__init__.py", "")];
        let reader = Reader::of(files.iter().map(|(path, text)| (*path, text.as_bytes())));
        let discovery = discover_in(reader, &Options::default()).expect("a project");
        match &discovery.project.layout.settings {
            Ok(settings) => Ok(settings.class.clone()),
            Err(problem) => {
                let candidates = problem.question.iter().flat_map(|question| &question.candidates);
                Err(candidates.map(|one| one.value.clone()).collect())
            }
        }
    }

    #[test]
    fn an_heir_that_the_application_does_not_use_makes_no_part() {
        let classes = "class Settings(BaseSettings):\n    name: str = \"\"\n\n\nclass TestSettings(Settings):\n    debug: bool = True\n\n\nclass LogSettings(BaseSettings):\n    level: str = \"\"\n\n\nsettings = Settings()\ntest_settings = TestSettings()\nlog_settings = LogSettings()\n";
        let both = ["app/config.py:Settings", "app/config.py:LogSettings", "new"].map(str::to_owned).to_vec();
        assert_eq!(found(classes, "log_settings, settings"), Err(both));
        assert_eq!(found(classes, "settings"), Ok("Settings".to_owned()));
    }

    #[test]
    fn a_class_that_is_defined_twice_may_have_one_beside_it() {
        let classes = "try:\n    import yaml\n\n    class Settings(BaseSettings):\n        name: str = yaml.dump({})\nexcept ImportError:\n\n    class Settings(BaseSettings):\n        name: str = \"\"\n\n\nsettings = Settings()\n";
        assert_eq!(found(classes, "settings"), Err(vec!["new".to_owned()]));
    }
}
