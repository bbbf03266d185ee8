//! Which application the project's is: what was said, else what was found, else why it is not known.

use super::find_application::{self, Candidate, dotted};
use super::imports::Files;
use super::layout::Application;
use super::reader::Reader;
use super::unreadable::{not_text, syntax_error};
use super::{FilePath, application, routes, weigh_applications};
use crate::finding::{self, Problem};

pub(super) fn find_the_application(
    reader: &Reader,
    root: &FilePath,
    files: &[FilePath],
    servers: &[FilePath],
    app: Option<&str>,
    entrypoint: Option<&str>,
    recorded: Option<&str>,
) -> Result<(Application, FilePath), Problem> {
    let roots = [root.clone(), root.child("src")];
    let make = |candidate: &Candidate, evidence: String, hint: Option<&str>| {
        let import_root = find_application::import_root(reader, root, &candidate.path, hint);
        let module = dotted(&candidate.path, &import_root);
        (find_application::application(candidate, module, evidence), import_root)
    };
    let explicit = |target: &str, place: &str| -> Result<(Application, FilePath), Problem> {
        let wrong = |why: &str| {
            Problem::new(&finding::CONFIGURATION, format!("{place} `{target}`: {why}"))
                .help("write it as `MODULE:ATTR`, such as `app.main:app`")
        };
        let (module, attribute) = target.split_once(':').ok_or_else(|| wrong("there is no `:` in it"))?;
        let attribute = attribute.trim_end_matches("()");
        let path = find_application::file_of_module(reader, &roots, files, module)
            .ok_or_else(|| wrong("there is no such module"))?;
        let mut import_roots = roots.to_vec();
        import_roots.insert(0, find_application::import_root(reader, root, &path, Some(module)));
        let found = find_application::follow(reader, &import_roots, &path, attribute)
            .ok_or_else(|| wrong(&format!("`{attribute}` leads to no `FastAPI(...)` call")))?;
        Ok(make(&found, place.to_owned(), (found.path == path).then_some(module)))
    };
    if let Some(target) = app {
        return explicit(target, "the application");
    }
    let mut candidates = Vec::new();
    let mut unparsable = None;
    for path in files {
        let Some(file) = reader.file(path) else { continue };
        let text = file.text().unwrap_or_default();
        if file.text().is_none() {
            unparsable.get_or_insert_with(|| not_text(path));
        }
        if !application::may_make(&file) {
            continue;
        }
        let source = file.python();
        if let Some(error) = source.error.clone().filter(|_| text.contains("FastAPI(")) {
            unparsable.get_or_insert_with(|| syntax_error(path, error));
        }
        let own = find_application::candidates(path, source);
        candidates.extend(own.into_iter().filter(|candidate| !find_application::is_mounted(source, text, candidate)));
    }
    // One that another module mounts is served by the application there, and its own start and end never run.
    candidates.retain(|candidate| {
        let name = candidate.target.as_ref().or(candidate.factory.as_ref());
        let roots = [root.clone(), root.child("src"), candidate.path.parent().unwrap_or_else(|| root.clone())];
        let is_mounted =
            |path: &FilePath| name.is_some_and(|name| routes::mounts(reader, &roots, path, (&candidate.path, name)));
        !files.iter().filter(|path| **path != candidate.path).any(is_mounted)
    });
    if let Some(target) = entrypoint
        && let Ok(found) = explicit(target, "`[tool.fastapi] entrypoint`")
    {
        return Ok(found);
    }
    if let Some(problem) = unparsable.filter(|_| candidates.is_empty()) {
        return Err(problem);
    }
    let weighed = weigh_applications::weigh(reader, root, files, servers, &candidates);
    if let [first, ..] = weighed.as_slice()
        && weigh_applications::is_decided(&weighed)
    {
        return Ok(make(&first.candidate, first.evidence(), Some(first.hint.as_str()).filter(|hint| !hint.is_empty())));
    }
    if let Some(found) = recorded {
        // What was wired before is the application, whatever has come beside it.
        let is_it = |one: &&weigh_applications::Weighed| {
            let name = one.candidate.factory.as_ref().or(one.candidate.variable.as_ref()).map_or("", String::as_str);
            format!("{}:{name}", one.candidate.path.relative_to(root)) == found
        };
        if let Some(known) = weighed.iter().find(is_it) {
            let hint = Some(known.hint.as_str()).filter(|hint| !hint.is_empty());
            return Ok(make(&known.candidate, "`paxx.lock`".to_owned(), hint));
        }
    }
    match (weighed.as_slice(), candidates.as_slice()) {
        ([], []) => Err(Problem::new(&finding::NO_APPLICATION, "no `FastAPI(...)` call was found")
            .help("name the application with `--app MODULE:ATTR`")),
        ([], [only, ..]) => Ok(make(only, "the only application there is".to_owned(), None)),
        _ => Err(weigh_applications::several(&weighed, root)),
    }
}
