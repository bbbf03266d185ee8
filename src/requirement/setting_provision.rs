//! How the project already provides what a setting of ours is for: a field under our name, another one, or a property that puts it together.

use std::ops::Range;

use crate::component::COMPONENTS;
use crate::project::{FilePath, Project};
use crate::source::python::Assignment;

/// How the project has a setting.
#[derive(Debug)]
pub enum Provision {
    /// As a field, of the class or of a base.
    Field {
        /// The module.
        path: FilePath,
        /// Its annotated assignment.
        field: Assignment,
        /// Is it a base's?
        inherited: bool,
    },
    /// As a property or another method: computed from other settings.
    Property {
        /// The module.
        path: FilePath,
        /// Its name and the name's place.
        name: (String, Range<usize>),
        /// Its return annotation; `None` too where it is a method that must be called.
        returns: Option<String>,
    },
    /// Not at all.
    Absent,
}

/// How the project has the setting for this environment variable (upper case, without prefix).
pub fn provision(project: &Project, variable: &str) -> Provision {
    let Ok(settings) = &project.layout.settings else { return Provision::Absent };
    let own = std::iter::once((&settings.path, settings.class.as_str(), false));
    let bases = settings.bases.iter().map(|(path, class)| (path, class.as_str(), true));
    for (path, class, inherited) in own.chain(bases) {
        let Some(file) = project.file(path) else { continue };
        let source = file.python();
        let Some((index, _)) = source.class(class) else { continue };
        let is_ours = |name: &str| name.eq_ignore_ascii_case(variable);
        if let Some(field) = source.annotations_of(index).find(|assignment| is_ours(&assignment.target)) {
            return Provision::Field { path: path.clone(), field: field.clone(), inherited };
        }
        if let Some(method) = source.methods_of(index).find(|method| is_ours(&method.name)) {
            let name = (method.name.clone(), method.name_range.clone());
            let is_property = method.decorators.iter().any(|decorator| {
                let name = decorator.split('(').next().unwrap_or(decorator);
                ["property", "cached_property", "computed_field"].contains(&name.rsplit('.').next().unwrap_or(name))
            });
            let returns = method.returns.clone().filter(|_| is_property);
            return Provision::Property { path: path.clone(), name, returns };
        }
    }
    Provision::Absent
}

/// The name of the field for this environment variable: as it is there, else in the naming of the class.
pub fn field_name(project: &Project, variable: &str) -> String {
    match provision(project, variable) {
        Provision::Field { field, .. } => field.target,
        Provision::Property { name, .. } => name.0,
        Provision::Absent => project
            .layout
            .settings
            .as_ref()
            .map_or_else(|_| variable.to_lowercase(), |settings| settings.field(variable)),
    }
}

/// The expression that reads a setting as the type that the component expects.
pub fn expression(project: &Project, variable: &str) -> String {
    let reach = project.layout.settings.as_ref().map_or("settings", |settings| settings.expression.as_str());
    let plain = format!("{reach}.{}", field_name(project, variable));
    let annotation = match provision(project, variable) {
        Provision::Field { field, .. } => field.annotation,
        Provision::Property { returns, .. } => returns,
        Provision::Absent => None,
    };
    let wanted = COMPONENTS
        .iter()
        .flat_map(|component| component.manifest.setting.iter())
        .find(|setting| setting.name.0 == variable && matches!(setting.annotation.0, "str" | "SecretStr"));
    let (Some(wanted), Some(annotation)) = (wanted, annotation) else { return plain };
    let is_optional = annotation.contains("None") || annotation.contains("Optional");
    if wanted.annotation.0 == "SecretStr" {
        // The modules of such a setting import `SecretStr`.
        return match (annotation.contains("SecretStr"), is_optional) {
            (true, false) => plain,
            (true, true) => format!("{plain} or SecretStr(\"\")"),
            (false, true) => format!("SecretStr(str({plain} or \"\"))"),
            (false, false) if is_url(&annotation) => format!("SecretStr(str({plain}))"),
            (false, false) => format!("SecretStr({plain})"),
        };
    }
    if is_optional {
        // Not set is what the component takes where nobody says anything else.
        let default = Some(wanted.default.0).filter(|default| !default.contains('{'));
        return format!("str({plain} or {})", default.unwrap_or("\"\""));
    }
    // pydantic's and yarl's URLs are read as text by `str`.
    if is_url(&annotation) { format!("str({plain})") } else { plain }
}

pub(super) fn is_url(annotation: &str) -> bool {
    let words = annotation.split(|character: char| !character.is_alphanumeric() && character != '_');
    words.into_iter().any(|word| word.ends_with("Dsn") || word.ends_with("Url") || word == "URL")
}
