//! Scaffolding that components share: what it is, who uses it, and what it replaced.

use std::fmt;

use crate::project::FilePath;

/// Something that several components share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scaffolding {
    /// What it is.
    pub key: ScaffoldingKey,
    /// The components that use it.
    pub components: Vec<String>,
    /// The exact text that it replaced; `None` where it was made from nothing.
    pub replaced: Option<String>,
}

/// Scaffolding that a change made or took away, and the exact text that it replaced, if any.
pub type Made = Vec<(ScaffoldingKey, Option<String>)>;

/// What a piece of scaffolding is. Its text is its `name` in `paxx.lock`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScaffoldingKey {
    /// The lifespan that was made, in place of the call of the application without one.
    Lifespan,
    /// What stood where the lifespan is.
    LifespanPlace,
    /// The lifespan around one that is imported.
    ComposedLifespan,
    /// What stood where that one is.
    ComposedLifespanPlace,
    /// The package that modules of components are in.
    Package,
    /// The version of Python that the project says it needs.
    Python,
    /// A bound on Python that was raised.
    PythonBound {
        /// The file.
        path: FilePath,
        /// What it is now.
        to: String,
    },
    /// The settings class.
    SettingsClass,
    /// The body of a class that had no field.
    SettingsBody,
    /// A bound on a package that was raised.
    Bound {
        /// The file.
        path: FilePath,
        /// The package, in its canonical form.
        package: String,
        /// What it is now.
        to: String,
    },
    /// A name that is imported.
    Import {
        /// The module that imports.
        path: FilePath,
        /// The module that is imported.
        module: String,
        /// The name, with ` as alias` where it has one.
        name: String,
    },
    /// An import that was broken into lines.
    WrappedImport {
        /// The module that imports.
        path: FilePath,
        /// The module that is imported.
        module: String,
    },
    /// The template of migrations, and what was added to it.
    Template(FilePath),
    /// The requirements file of a project that had none.
    Requirements(FilePath),
    /// A list of packages that had none.
    List {
        /// The file.
        path: FilePath,
        /// The keys that lead to it, with dots.
        keys: String,
    },
    /// A key of a compose file, with dots.
    Compose(String),
    /// What another version of this program made.
    Other(String),
}

impl ScaffoldingKey {
    /// The key of this name in the `paxx.lock` of the project at `root`.
    pub fn parse(name: &str, root: &FilePath) -> Self {
        Self::known(name, root).unwrap_or_else(|| Self::Other(name.to_owned()))
    }

    fn known(name: &str, root: &FilePath) -> Option<Self> {
        // Paths are relative to the root, so that a project can be moved inside its repository.
        let path = |text: &str| match text.strip_prefix("./") {
            Some(below) => root.join(below),
            None => FilePath::new(text),
        };
        let (kind, rest) = name.split_once(':').unwrap_or((name, ""));
        Some(match (kind, rest) {
            ("lifespan", "") => Self::Lifespan,
            ("lifespan place", "") => Self::LifespanPlace,
            ("composed lifespan", "") => Self::ComposedLifespan,
            ("composed lifespan place", "") => Self::ComposedLifespanPlace,
            ("package", "services") => Self::Package,
            ("python", "") => Self::Python,
            ("settings-class", "") => Self::SettingsClass,
            ("settings class body", "") => Self::SettingsBody,
            ("python-bound", rest) => {
                let (at, to) = rest.split_once(':')?;
                Self::PythonBound { path: path(at)?, to: to.to_owned() }
            }
            ("bound", rest) => {
                let (at, rest) = rest.split_once(':')?;
                let (package, to) = rest.split_once(':')?;
                Self::Bound { path: path(at)?, package: package.to_owned(), to: to.to_owned() }
            }
            ("import", rest) => {
                let (rest, name) = rest.rsplit_once(':')?;
                let (at, module) = rest.rsplit_once(':')?;
                Self::Import { path: path(at)?, module: module.to_owned(), name: name.to_owned() }
            }
            ("import wrapped", rest) => {
                let (at, module) = rest.rsplit_once(':')?;
                Self::WrappedImport { path: path(at)?, module: module.to_owned() }
            }
            ("template", at) => Self::Template(path(at)?),
            ("requirements", at) => Self::Requirements(path(at)?),
            ("list", rest) => {
                let (at, keys) = rest.rsplit_once(':')?;
                Self::List { path: path(at)?, keys: keys.to_owned() }
            }
            ("compose", keys) => Self::Compose(keys.to_owned()),
            _ => return None,
        })
    }

    /// Its name in the `paxx.lock` of the project at `root`.
    pub fn name(&self, root: &FilePath) -> String {
        let here = |path: &FilePath| {
            let is_below = !root.as_str().is_empty() && path.is_below(root);
            if is_below { format!("./{}", path.relative_to(root)) } else { path.to_string() }
        };
        match self {
            Self::Lifespan => "lifespan".to_owned(),
            Self::LifespanPlace => "lifespan place".to_owned(),
            Self::ComposedLifespan => "composed lifespan".to_owned(),
            Self::ComposedLifespanPlace => "composed lifespan place".to_owned(),
            Self::Package => "package:services".to_owned(),
            Self::Python => "python".to_owned(),
            Self::PythonBound { path, to } => format!("python-bound:{}:{to}", here(path)),
            Self::SettingsClass => "settings-class".to_owned(),
            Self::SettingsBody => "settings class body".to_owned(),
            Self::Bound { path, package, to } => format!("bound:{}:{package}:{to}", here(path)),
            Self::Import { path, module, name } => format!("import:{}:{module}:{name}", here(path)),
            Self::WrappedImport { path, module } => format!("import wrapped:{}:{module}", here(path)),
            Self::Template(path) => format!("template:{}", here(path)),
            Self::Requirements(path) => format!("requirements:{}", here(path)),
            Self::List { path, keys } => format!("list:{}:{keys}", here(path)),
            Self::Compose(keys) => format!("compose:{keys}"),
            Self::Other(name) => name.clone(),
        }
    }
}

/// As it is called by a project at the top of its repository.
impl fmt::Display for ScaffoldingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name(&FilePath::top()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_comes_back_from_its_name() {
        let root = FilePath::new("services/one").expect("inside");
        for name in [
            "lifespan",
            "lifespan place",
            "composed lifespan",
            "composed lifespan place",
            "package:services",
            "python",
            "python-bound:./pyproject.toml:\">=3.10\"",
            "settings-class",
            "settings class body",
            "bound:./pyproject.toml:fastapi:\"fastapi>=0.100,<1; python_version > '3.9'\"",
            "import:./app/main.py:app.services.cache:init_redis as start",
            "import:.:x:y",
            "import:shared/main.py:.cache:init",
            "import wrapped:./app/main.py:fastapi",
            "template:./migrations/script.py.mako",
            "requirements:./requirements.txt",
            "list:pyproject.toml:project.dependencies",
            "compose:services.web.environment",
            "compose:services.web.environment.own",
        ] {
            let key = ScaffoldingKey::parse(name, &root);
            assert!(!matches!(key, ScaffoldingKey::Other(_)), "{name}");
            if name != "import:.:x:y" {
                assert_eq!(key.name(&root), name);
            }
            assert_eq!(ScaffoldingKey::parse(&key.to_string(), &FilePath::top()), key, "{name}");
        }
        let moved = ScaffoldingKey::parse("template:./env.py", &root);
        assert_eq!(moved, ScaffoldingKey::Template(FilePath::new("services/one/env.py").expect("inside")));
        for name in ["import:../outside.py:a", "import", "beam:x:y", "lifespan:x", "template:../../../x"] {
            assert_eq!(ScaffoldingKey::parse(name, &root), ScaffoldingKey::Other(name.to_owned()));
            assert_eq!(ScaffoldingKey::parse(name, &root).name(&root), name);
        }
    }
}
