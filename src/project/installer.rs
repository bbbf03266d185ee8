//! What installs the project's packages, and what its tools say of it: its name, and how long a line may be.

use super::imports::Files;
use super::layout::{Dependencies, DependencyFormat, Installer};
use super::path::FilePath;
use super::reader::Reader;
use crate::source::package_list::format_of;
use crate::source::toml::Source;

/// The name that the project gives itself: `[project] name`, or Poetry's.
pub fn project_name(root: &FilePath, files: &Reader) -> Option<String> {
    let source = Source::of(&files.text(&root.child("pyproject.toml"))?).ok()?;
    let name = source.string(&["project", "name"]).or_else(|| source.string(&["tool", "poetry", "name"]))?;
    (!name.trim().is_empty()).then(|| name.trim().to_owned())
}

/// The longest line that the project's formatter makes: of ruff, else of black, of the nearest folder that says it.
pub fn line_length(root: &FilePath, files: &Reader) -> usize {
    const DEFAULT: usize = 88;
    let folders = || std::iter::successors(Some(root.clone()), FilePath::parent);
    let toml = |path: FilePath| files.file(&path)?.toml().ok();
    let length = |source: &Source, keys: &[&str]| {
        source
            .integer(keys)
            .and_then(|length| usize::try_from(length).ok())
            .filter(|length| (20..=1000).contains(length))
    };
    for folder in folders() {
        for name in [".ruff.toml", "ruff.toml"] {
            if let Some(source) = toml(folder.child(name)) {
                return length(&source, &["line-length"]).unwrap_or(DEFAULT);
            }
        }
        if let Some(source) = toml(folder.child("pyproject.toml")) {
            if let Some(length) = length(&source, &["tool", "ruff", "line-length"]) {
                return length;
            }
            if let Some(length) = length(&source, &["tool", "black", "line-length"]) {
                return length;
            }
            if source.has(&["tool", "ruff"]) || source.has(&["tool", "black"]) {
                return DEFAULT;
            }
        }
    }
    DEFAULT
}

/// What installs the project's dependencies: by its lock file, else by its tables; uv where nothing says it.
pub fn installer(root: &FilePath, files: &Reader, dependencies: Option<&Dependencies>) -> Installer {
    match dependencies.map(|dependencies| dependencies.format) {
        Some(DependencyFormat::Requirements) => return Installer::Pip,
        Some(DependencyFormat::Poetry) => return Installer::Poetry,
        Some(DependencyFormat::Other) => {
            let format = dependencies.and_then(|found| format_of(found.path.name()));
            return format.map_or(Installer::Pip, |format| Installer::Other(format.tool()));
        }
        Some(DependencyFormat::Pep621) | None => {}
    }
    // The lock of a workspace lies above its members.
    for folder in std::iter::successors(Some(root.clone()), FilePath::parent) {
        let locks = [("uv.lock", Installer::Uv), ("poetry.lock", Installer::Poetry), ("pdm.lock", Installer::Pdm)];
        if let Some((_, installer)) = locks.iter().find(|(lock, _)| files.exists(&folder.child(lock))) {
            return *installer;
        }
    }
    let source = files.file(&root.child("pyproject.toml")).and_then(|file| file.toml().ok());
    let Some(source) = source else { return Installer::Uv };
    let backend = source.string(&["build-system", "build-backend"]).unwrap_or_default();
    if source.has(&["tool", "uv"]) {
        Installer::Uv
    } else if source.has(&["tool", "poetry"]) || backend.starts_with("poetry") {
        Installer::Poetry
    } else if source.has(&["tool", "pdm"]) || backend.starts_with("pdm") {
        Installer::Pdm
    } else {
        Installer::Uv
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::dependencies::locate;

    fn with<T>(files: &[(&str, &str)], ask: impl Fn(&Reader) -> T) -> T {
        let files =
            files.iter().map(|(path, text)| (*path, if *text == "binary" { &b"\xff"[..] } else { text.as_bytes() }));
        ask(&Reader::of(files))
    }

    #[test]
    fn the_tool_that_installs() {
        let of = |files: &[(&str, &str)]| {
            let found = with(files, |files| locate(&FilePath::top(), files)).ok();
            with(files, |files| installer(&FilePath::top(), files, found.as_ref()))
        };
        let project = ("pyproject.toml", "[project]\ndependencies = [\"a\"]\n");
        assert_eq!(of(&[project]), Installer::Uv);
        assert_eq!(of(&[project, ("poetry.lock", "")]), Installer::Poetry);
        assert_eq!(of(&[project, ("pdm.lock", "")]), Installer::Pdm);
        assert_eq!(of(&[project, ("uv.lock", ""), ("poetry.lock", "")]), Installer::Uv);
        assert_eq!(
            of(&[("pyproject.toml", "[tool.poetry.dependencies]\na = \"1\"\n"), ("uv.lock", "")]),
            Installer::Poetry
        );
        assert_eq!(of(&[("requirements.txt", "a\n")]), Installer::Pip);
        let backend =
            "[project]\ndependencies = [\"a\"]\n[build-system]\nbuild-backend = \"poetry.core.masonry.api\"\n";
        assert_eq!(of(&[("pyproject.toml", backend)]), Installer::Poetry);
    }

    #[test]
    fn the_name_and_the_line_length() {
        let length =
            |files: &[(&str, &str)]| with(files, |files| line_length(&FilePath::top().child("a").child("b"), files));
        assert_eq!(length(&[]), 88);
        assert_eq!(
            length(&[("a/b/pyproject.toml", "[tool.ruff]\nline-length = 100\n[tool.black]\nline-length = 79\n")]),
            100
        );
        assert_eq!(length(&[("a/b/pyproject.toml", "[tool.black]\nline-length = 79\n")]), 79);
        assert_eq!(length(&[("ruff.toml", "line-length = 120\n"), ("a/b/pyproject.toml", "[project]\n")]), 120);
        assert_eq!(length(&[("a/b/.ruff.toml", "line-length = 99\n"), ("a/b/ruff.toml", "line-length = 120\n")]), 99);
        assert_eq!(length(&[("a/b/ruff.toml", "line-length = -3\n")]), 88);
        let name = |text: &str| with(&[("pyproject.toml", text)], |files| project_name(&FilePath::top(), files));
        assert_eq!(name("[project]\nname = \"x\"\n").as_deref(), Some("x"));
        assert_eq!(name("[tool.poetry]\nname = \"y\"\n").as_deref(), Some("y"));
        assert_eq!(name("nothing"), None);
    }
}
