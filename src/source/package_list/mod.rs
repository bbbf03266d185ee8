//! Files that list packages in a format of their own, as places in their text: one file a format, behind [`Format`].
//!
//! pip's requirements files and `pyproject.toml` have readers of their own (`requirements`, `toml`). A new format is a file here, and
//! a row of [`FORMATS`].

mod environment;
mod pipfile;
mod pixi;
mod setup_cfg;
mod setup_py;

use std::ops::Range;

use super::toml::Array;

/// A format of a file that lists packages.
pub trait Format: Sync {
    /// The names that such a file has.
    fn names(&self) -> &'static [&'static str];
    /// The list of what the application needs. `None` where the text has none, or not as a plain list of texts.
    fn read(&self, text: &str) -> Option<PackageList>;
    /// The list of what only development needs, where the format has one.
    fn development(&self, _text: &str) -> Option<PackageList> {
        None
    }
    /// Is it TOML, so that it is said where it is not?
    fn is_toml(&self) -> bool {
        false
    }
    /// What installs it.
    fn tool(&self) -> Tool;
}

/// Every format, in the order in which a project's files are looked at.
const FORMATS: &[&dyn Format] =
    &[&pipfile::Pipfile, &setup_py::SetupPy, &setup_cfg::SetupCfg, &environment::Environment, &pixi::Pixi];

/// The format of a file with this name.
pub fn format_of(name: &str) -> Option<&'static dyn Format> {
    FORMATS.iter().copied().find(|format| format.names().contains(&name))
}

/// The names of all such files, in the order in which they are looked at.
pub fn names() -> impl Iterator<Item = &'static str> {
    FORMATS.iter().flat_map(|format| format.names()).copied()
}

/// What installs packages, as commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tool {
    /// What installs all that is listed; `{file}` stands for the name of the file.
    pub install: &'static str,
    /// What stands before a command that runs with what is installed, with a blank behind it.
    pub run: &'static str,
}

/// `pip`, of a project that setuptools builds.
const PIP: Tool = Tool { install: "pip install -e .", run: "" };

/// A list of packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackageList {
    /// Each entry has a line of its own.
    Lines(Lines),
    /// An array in brackets, over lines or on one.
    Array(Array),
    /// A table of TOML with an entry a package, by its keys.
    Table(&'static [&'static str]),
}

/// Entries with a line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    /// Where the line ends below which the list begins.
    pub head: usize,
    /// What stands before an entry on its line.
    pub lead: String,
    /// The entries.
    pub entries: Vec<Entry>,
}

/// An entry: what it requires (PEP 508), and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The text alone.
    pub range: Range<usize>,
    /// What it says.
    pub text: String,
}

impl PackageList {
    /// The requirements that are listed. A table has none: its entries are keys and values.
    pub fn entries(&self) -> Vec<Entry> {
        match self {
            Self::Lines(lines) => lines.entries.clone(),
            Self::Array(array) => array
                .items
                .iter()
                .filter_map(|item| Some(Entry { range: item.range.clone(), text: item.text.clone()? }))
                .collect(),
            Self::Table(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(name: &str, text: &str) -> Option<Vec<String>> {
        let list = format_of(name).expect("a format").read(text)?;
        for entry in list.entries() {
            let written = text[entry.range.clone()].trim_matches(['"', '\'']);
            assert_eq!(written, entry.text, "{text}");
        }
        Some(list.entries().into_iter().map(|entry| entry.text).collect())
    }

    #[test]
    fn the_options_of_setup_cfg() {
        let text = "[metadata]\nname = x\n[options]\npackages = find:\ninstall_requires =\n    fastapi>=0.100\n    # cache\n\n    \
                    redis==4.4.4\nzip_safe = no\n[options.extras_require]\ntest =\n    pytest\n";
        assert_eq!(entries("setup.cfg", text).as_deref(), Some(&["fastapi>=0.100".into(), "redis==4.4.4".into()][..]));
        assert_eq!(entries("setup.cfg", "[options]\ninstall_requires=\n\tfastapi\n").map(|list| list.len()), Some(1));
        for text in [
            "[metadata]\nname = x\n",
            "[options]\ninstall_requires = file: requirements.txt\n",
            "[options]\ninstall_requires = a; b\n",
            "[other]\ninstall_requires =\n    a\n",
            "",
        ] {
            assert_eq!(entries("setup.cfg", text), None, "{text}");
        }
    }

    #[test]
    fn a_literal_list_of_setup_py() {
        for text in [
            "from setuptools import setup\nsetup(\n    name='x',\n    install_requires=[\n        'fastapi',  # web\n        \"redis>=4\",\n    ],\n)\n",
            "import setuptools\nREQUIRES = ['fastapi', 'redis>=4']\nsetuptools.setup(install_requires=REQUIRES)\n",
        ] {
            assert_eq!(
                entries("setup.py", text).as_deref(),
                Some(&["fastapi".into(), "redis>=4".into()][..]),
                "{text}"
            );
        }
        for text in [
            "from setuptools import setup\nsetup(install_requires=open('requirements.txt').readlines())\n",
            "from setuptools import setup\nsetup(install_requires=['a' 'b'])\n",
            "from setuptools import setup\nsetup(install_requires=[NAME, 'b'])\n",
            "from setuptools import setup\nsetup(install_requires=['a'] + more)\n",
            "REQUIRES = ['a']\nif x:\n    REQUIRES = ['b']\nsetup(install_requires=REQUIRES)\n",
            "setup(\n",
        ] {
            assert_eq!(entries("setup.py", text), None, "{text}");
        }
    }

    #[test]
    fn tables_of_toml() {
        let read = |name: &str, text: &str| {
            let format = format_of(name).expect("a format");
            (format.read(text), format.development(text))
        };
        let (packages, development) = (PackageList::Table(&["packages"]), PackageList::Table(&["dev-packages"]));
        assert_eq!(read("Pipfile", "[packages]\na = \"*\"\n"), (Some(packages.clone()), None));
        assert_eq!(read("Pipfile", "[packages]\n[dev-packages]\n"), (Some(packages), Some(development)));
        assert_eq!(read("Pipfile", "[dev-packages]\n").0, None);
        assert_eq!(read("Pipfile", "[packages\n"), (None, None));
        let pixi = "[workspace]\nname = \"x\"\n[dependencies]\npython = \"3.12.*\"\n";
        assert_eq!(read("pixi.toml", pixi).0, None);
        let pypi = format!("{pixi}[pypi-dependencies]\nfastapi = \"*\"\n");
        assert_eq!(read("pixi.toml", &pypi).0, Some(PackageList::Table(&["pypi-dependencies"])));
    }

    #[test]
    fn the_pip_part_of_an_environment() {
        let text =
            "name: x\ndependencies:\n  - python=3.11\n  - pip\n  - pip:\n      - fastapi\n      - \"redis>=4\"\n";
        assert_eq!(entries("environment.yml", text).as_deref(), Some(&["fastapi".into(), "redis>=4".into()][..]));
        for text in ["dependencies:\n  - python=3.11\n", "dependencies:\n  - pip: [fastapi]\n", "a: [", "", "- a\n"] {
            assert_eq!(entries("environment.yml", text), None, "{text}");
        }
    }
}
