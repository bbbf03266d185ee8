//! At which port of his machine a developer reaches the application: as compose publishes it, else as a start command says.
//!
//! A guess that only words of help are made of: nothing is decided by it.

use super::compose::model::Model;
use super::compose::{is_server, with_defaults, words_of};
use super::{FilePath, Project};

/// What servers listen on where nobody says otherwise.
pub const DEFAULT: u16 = 8000;

/// The port.
pub fn local(project: &Project) -> u16 {
    published(project).or_else(|| started(project)).unwrap_or(DEFAULT)
}

/// The port of the host that leads to the application's compose service.
fn published(project: &Project) -> Option<u16> {
    let compose = project.layout.compose.as_ref().ok()?.as_ref()?;
    let name = compose.application.as_ref().ok()?.as_ref()?;
    let model = Model::of(&compose.path, &|path| project.file(path).cloned()).ok()?;
    let service = model.service(name)?;
    let published = service.published();
    let inside = port_of(&service.words());
    let fitting = inside.and_then(|port| published.iter().find_map(|one| one.host_of(port)));
    fitting.or_else(|| published.iter().filter(|one| one.protocol == "tcp").find_map(|one| Some(one.host?.0)))
}

/// The port of the first command that starts a server: of what developers type before that of an image.
fn started(project: &Project) -> Option<u16> {
    let root = &project.layout.root;
    let mut files: Vec<(usize, &FilePath, &str)> = project
        .files()
        .filter(|(path, _)| path.is_below(root))
        .filter_map(|(path, file)| Some((weight(path.name())?, path, file.text()?)))
        .collect();
    files.sort();
    files.into_iter().find_map(|(_, _, text)| text.replace("\\\n", " ").lines().find_map(port_in))
}

/// How near a file is to what a developer types; `None` where it starts nothing.
fn weight(name: &str) -> Option<usize> {
    let name = name.to_lowercase();
    let is = |names: &[&str]| names.contains(&name.as_str());
    if is(&["makefile", "justfile", "taskfile.yml", "package.json"]) || name.ends_with(".sh") {
        Some(0)
    } else if is(&["main.py", "__main__.py", "app.py", "run.py", "server.py"]) {
        Some(1)
    } else if is(&["procfile"]) {
        Some(2)
    } else {
        (name.starts_with("dockerfile") || name.ends_with(".dockerfile")).then_some(3)
    }
}

/// The port that a line starts a server with.
fn port_in(line: &str) -> Option<u16> {
    let line = line.trim();
    if line.starts_with('#') {
        return None;
    }
    let words = words_of(line);
    if words.iter().any(|word| word == "uvicorn.run") {
        return words.iter().find_map(|word| word.strip_prefix("port=")?.parse().ok());
    }
    words.iter().any(|word| is_server(word)).then(|| port_of(&words)).flatten()
}

/// The port that the words of a server's command name.
fn port_of(words: &[String]) -> Option<u16> {
    let value = words.iter().enumerate().find_map(|(index, word)| {
        let next = || words.get(index + 1).map(String::as_str);
        let (option, value) =
            word.split_once('=').map_or((word.as_str(), None), |(option, value)| (option, Some(value)));
        matches!(option, "--port" | "--bind" | "-b" | "-p").then(|| value.or_else(next)).flatten()
    })?;
    // `0.0.0.0:8080`, `${PORT:-8080}`
    let value = with_defaults(value).text;
    value.rsplit(':').next()?.parse().ok().filter(|port| *port > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_a_line() {
        let cases = [
            ("uvicorn app.main:app --host 0.0.0.0 --port 8080", Some(8080)),
            ("CMD [\"uvicorn\", \"app.main:app\", \"--port=9000\"]", Some(9000)),
            ("web: gunicorn -b 0.0.0.0:8001 app:app", Some(8001)),
            ("exec uvicorn app:app --port ${PORT:-8002}", Some(8002)),
            ("    uvicorn.run(\"main:app\", host=\"0.0.0.0\", port=8003)", Some(8003)),
            ("uvicorn app:app --port $PORT", None),
            ("# uvicorn app:app --port 1", None),
            ("redis-server --port 6379", None),
        ];
        for (line, port) in cases {
            assert_eq!(port_in(line), port, "{line}");
        }
    }
}
