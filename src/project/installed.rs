//! Which requirements files are installed, as the project's Dockerfiles say; where these say nothing, its CI and its scripts.

use super::find_application::{evidence_files, evidence_in};
use super::imports::Files;
use super::path::FilePath;
use super::reader::Reader;

/// What one file installs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Requirements files, in their order.
    pub files: Vec<FilePath>,
    /// Files of constraints that hold for these (`-c`, `PIP_CONSTRAINT`).
    pub constraints: Vec<FilePath>,
    /// Does it install the project too, with what its `pyproject.toml` lists?
    pub project: bool,
    /// Is it an image that is built, and no step of CI or a script?
    pub image: bool,
}

/// What is installed for the project at `root`, one entry a file that says so.
pub fn installed(reader: &Reader, root: &FilePath) -> Vec<Installed> {
    let (images, mut others): (Vec<FilePath>, Vec<FilePath>) =
        evidence_files(reader, root).into_iter().partition(|path| is_dockerfile(path.name()));
    let ci = [".gitlab-ci.yml", ".circleci/config.yml", "azure-pipelines.yml", "bitbucket-pipelines.yml"];
    others.extend(ci.iter().filter_map(|name| root.join(name)));
    if let Some(workflows) = root.join(".github/workflows") {
        others.extend(reader.list(&workflows).iter().map(|name| workflows.child(name)));
    }
    let read = |paths: &[FilePath], image: bool| -> Vec<(Installed, bool)> {
        let of = |path: &FilePath| {
            let text = reader.text(path)?;
            let folder = path.parent().unwrap_or_else(FilePath::top);
            let found = |kind: Named| {
                let mut files: Vec<FilePath> = Vec::new();
                for name in named_in(&text, kind) {
                    let found = [root, &folder].into_iter().find_map(|folder| resolved(reader, folder, &name));
                    files.extend(found.filter(|file| !files.contains(file)));
                }
                files
            };
            let (files, constraints) = (found(Named::Required), found(Named::Constraint));
            let serves = !evidence_in(&text, "").is_empty();
            let one = Installed { constraints, project: installs_project(&text), image, files };
            (!one.files.is_empty() || !one.constraints.is_empty()).then_some((one, serves))
        };
        paths.iter().filter_map(of).collect()
    };
    let mut found = read(&images, true);
    // An image that runs something else may need less.
    if found.iter().any(|(_, serves)| *serves) {
        found.retain(|(_, serves)| *serves);
    }
    if found.iter().all(|(installed, _)| installed.files.is_empty()) {
        found.extend(read(&others, false));
    }
    found.into_iter().map(|(installed, _)| installed).collect()
}

/// Is it a Dockerfile, by its name?
pub fn is_dockerfile(name: &str) -> bool {
    let lower = name.to_lowercase();
    lower.starts_with("dockerfile") || lower.ends_with(".dockerfile")
}

/// The file that `name` means below `folder`: as it is written, else without the first of its folders (`/app/requirements.txt`).
fn resolved(reader: &Reader, folder: &FilePath, name: &str) -> Option<FilePath> {
    let mut rest = name.trim_start_matches("./").trim_start_matches('/');
    loop {
        if let Some(path) = folder.join(rest).filter(|path| reader.file(path).is_some()) {
            return Some(path);
        }
        rest = rest.split_once('/')?.1;
    }
}

/// The words of each command of a shell script, Dockerfile or step of CI, where a backslash joins lines.
fn commands(text: &str) -> Vec<Vec<String>> {
    let is_between = |character: char| character.is_whitespace() || "\"',[]();`".contains(character);
    let joined = text.replace("\\\r\n", " ").replace("\\\n", " ");
    let code = joined.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let mut found = Vec::new();
    for line in code {
        for command in line.split(['&', ';', '|']) {
            found.push(command.split(is_between).filter(|word| !word.is_empty()).map(str::to_owned).collect());
        }
    }
    found
}

/// Does a command run pip's `install`, or that of a tool that stands in for pip?
fn is_install(words: &[String]) -> bool {
    let program = |word: &String| word.rsplit('/').next().unwrap_or(word).to_owned();
    let is_pip =
        |word: &String| matches!(program(word).trim_end_matches(|c: char| c.is_ascii_digit() || c == '.'), "pip");
    words.iter().any(is_pip) && words.iter().any(|word| matches!(word.as_str(), "install" | "sync" | "wheel"))
}

/// As what a file is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Named {
    /// Its lines are installed: `-r`, or what `pip-sync` is given.
    Required,
    /// Its lines say which versions of these may be: `-c`, or pip's variable `PIP_CONSTRAINT`.
    Constraint,
}

/// The files that are installed, or that constrain it, as they are named, or as the files are named that are copied to that place.
fn named_in(text: &str, kind: Named) -> Vec<String> {
    let mut copies: Vec<(String, String)> = Vec::new();
    let mut found = Vec::new();
    for words in commands(text) {
        if words.first().is_some_and(|word| matches!(word.to_uppercase().as_str(), "COPY" | "ADD")) {
            let places: Vec<&String> = words.iter().skip(1).filter(|word| !word.starts_with("--")).collect();
            if let [from, to] = places.as_slice() {
                copies.push(((*to).clone(), (*from).clone()));
            }
        }
        if kind == Named::Constraint {
            found.extend(constraint_variable(&words).map(|name| original(&copies, name)));
        }
        if !is_install(&words) {
            continue;
        }
        let syncs = words.iter().any(|word| word == "sync");
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let name = match (word.as_str(), kind) {
                ("-r" | "--requirement" | "--requirements", Named::Required)
                | ("-c" | "--constraint" | "--constraints", Named::Constraint) => words.next().cloned(),
                (_, Named::Constraint) => word.strip_prefix("--constraint=").map(str::to_owned),
                (_, Named::Required) => {
                    let attached = word.strip_prefix("--requirement=").or_else(|| word.strip_prefix("-r"));
                    let is_file = |name: &str| name.ends_with(".txt") || name.ends_with(".in");
                    attached.or(Some(word.as_str()).filter(|_| syncs)).filter(|name| is_file(name)).map(str::to_owned)
                }
            };
            let Some(name) = name else { continue };
            found.push(original(&copies, &name));
        }
    }
    found
}

/// The file that a variable of pip or uv names: `PIP_CONSTRAINT=FILE`, or `ENV PIP_CONSTRAINT FILE`.
fn constraint_variable(words: &[String]) -> Option<&str> {
    words.iter().enumerate().find_map(|(at, word)| {
        let rest = ["PIP_CONSTRAINT", "UV_CONSTRAINT"].iter().find_map(|name| word.strip_prefix(name))?;
        let value = rest.strip_prefix('=').unwrap_or_default();
        if value.is_empty() { words.get(at + 1).map(String::as_str) } else { Some(value) }
    })
}

/// The file that was copied to where `name` is.
fn original(copies: &[(String, String)], name: &str) -> String {
    copies.iter().rev().find(|(to, _)| to == name).map_or_else(|| name.to_owned(), |(_, from)| from.clone())
}

/// The line, from 1, where `fastapi` is installed by its name in a file that installs no list and no project.
pub fn by_name(text: &str) -> Option<usize> {
    let is_end = |rest: &str| rest.is_empty() || rest.starts_with(['=', '<', '>', '~', '!']);
    let is_fastapi = |word: &String| word.strip_prefix("fastapi").is_some_and(is_end);
    let installs = |words: &Vec<String>| is_install(words) && words.iter().any(is_fastapi);
    if !commands(text).iter().any(installs) || !named_in(text, Named::Required).is_empty() || installs_project(text) {
        return None;
    }
    let lines = text.lines().enumerate().skip_while(|(_, line)| !line.contains("install"));
    let mut lines = lines.filter(|(_, line)| !line.trim_start().starts_with('#') && line.contains("fastapi"));
    lines.next().map(|(index, _)| index + 1)
}

/// Does a command install the project itself?
fn installs_project(text: &str) -> bool {
    let of_tool = |words: &[String]| {
        let has = |wanted: &str| words.iter().any(|word| word == wanted);
        (has("poetry") && has("install"))
            || (has("pdm") && (has("install") || has("sync")))
            || (has("uv") && has("sync") && !has("pip"))
            || (is_install(words)
                && words.iter().any(|word| word == "." || word.starts_with("./") || word.starts_with(".[")))
    };
    commands(text).iter().any(|words| of_tool(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(named_in(text, Named::Required), expected, "{text}");
    }

    #[test]
    fn the_constraints_of_commands() {
        for text in [
            "RUN pip install -r requirements.txt -c constraints.txt",
            "RUN uv pip install --constraint=constraints.txt -r requirements.txt",
            "ENV PIP_CONSTRAINT=constraints.txt",
            "COPY constraints.txt /tmp/c.txt\nENV PIP_CONSTRAINT=\"/tmp/c.txt\"",
        ] {
            assert_eq!(named_in(text, Named::Constraint), ["constraints.txt"], "{text}");
        }
        assert_eq!(named_in("RUN sh -c constraints.txt\nRUN pip install -r a.txt", Named::Constraint), [""; 0]);
    }

    #[test]
    fn the_files_of_commands() {
        check("FROM python\nRUN pip install --no-cache-dir -r requirements.txt\n", &["requirements.txt"]);
        check(
            "RUN pip3.12 install \\\n    -r base.txt \\\n    --requirement=more.txt && rm x\n",
            &["base.txt", "more.txt"],
        );
        check("RUN [\"pip\", \"install\", \"-r\", \"/app/requirements.txt\"]\n", &["/app/requirements.txt"]);
        check("RUN uv pip install --system -r a.txt\nRUN uv pip sync b.txt\n", &["a.txt", "b.txt"]);
        check("RUN python -m pip install -rdeps.txt\n", &["deps.txt"]);
        check("      - run: pip install -r requirements/ci.txt\n", &["requirements/ci.txt"]);
        check("# RUN pip install -r old.txt\nRUN grep -r x.txt\nRUN pip install uvicorn\n", &[]);
        check(
            "COPY --chown=a ./requirements/prod.txt /tmp/requirements.txt\nRUN pip install -r /tmp/requirements.txt\n",
            &["./requirements/prod.txt"],
        );
    }

    #[test]
    fn packages_that_are_installed_by_name() {
        assert_eq!(by_name("FROM x\nRUN pip install \\\n    \"fastapi[standard]\" uvicorn\n"), Some(3));
        assert_eq!(by_name("# fastapi\nLABEL name=fastapi\nRUN pip install fastapi\n"), Some(3));
        assert_eq!(by_name("a:\n  command: sh -c \"pip install fastapi && uvicorn a:b\"\n"), Some(2));
        for text in [
            "RUN pip install fastapi\nRUN pip install -r requirements.txt",
            "RUN pip install fastapi .",
            "RUN pip install fastapi-cli",
            "RUN echo fastapi",
        ] {
            assert_eq!(by_name(text), None, "{text}");
        }
    }

    #[test]
    fn what_installs_the_project() {
        for text in ["RUN poetry install --no-root", "RUN uv sync", "RUN pip install .", "RUN pip install -e .[dev]"] {
            assert!(installs_project(text), "{text}");
        }
        for text in ["RUN pip install -r requirements.txt", "RUN uv pip sync x.txt", "COPY . ."] {
            assert!(!installs_project(text), "{text}");
        }
    }

    #[test]
    fn what_each_file_installs() {
        let of = |files: &[(&str, &str)]| -> Vec<Vec<String>> {
            let reader = Reader::of(files.iter().map(|(path, text)| (*path, text.as_bytes())));
            let found = installed(&reader, &FilePath::top());
            found.into_iter().map(|one| one.files.iter().map(ToString::to_string).collect()).collect()
        };
        let (plain, other) = (("requirements.txt", ""), ("requirements-pg.txt", ""));
        let serve = "CMD uvicorn app.main:app\n";
        let image = format!("RUN pip install -r /srv/requirements.txt\n{serve}");
        let second = format!("RUN pip install -r requirements-pg.txt\n{serve}");
        assert_eq!(of(&[plain, other, ("Dockerfile", &image)]), [["requirements.txt"]]);
        let both = [plain, other, ("Dockerfile", &*image), ("docker/Dockerfile.pg", &second)];
        assert_eq!(of(&both), [["requirements.txt"], ["requirements-pg.txt"]]);
        let worker = ("Dockerfile.worker", "RUN pip install -r requirements-pg.txt\nCMD celery -A app worker\n");
        assert_eq!(of(&[plain, other, ("Dockerfile", &image), worker]), [["requirements.txt"]]);
        let ci = (".github/workflows/ci.yml", "jobs:\n  - run: pip install -r requirements-pg.txt\n");
        assert_eq!(of(&[plain, other, ci]), [["requirements-pg.txt"]]);
        assert_eq!(of(&[plain, other, ci, ("Dockerfile", &image)]), [["requirements.txt"]]);
    }
}
