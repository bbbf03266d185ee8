//! A typed field of the settings class.
//!
//! ```text
//!     debug: bool = False                           debug: bool = False
//!                                          ->
//!     model_config = ...                            # Redis
//!                                                   redis_url: str = "redis://localhost:6379/0"
//!
//!                                                   model_config = ...
//! ```
//!
//! The first field of a component goes after the last field of the class, under a heading; the others after their sibling.

use std::ops::Range;

use super::import::Import;
use super::setting_parts::{self, Parts};
use super::setting_place::Place;
use super::setting_provision::{Provision, field_name, is_url, provision};
use super::setting_rules::{rules_for_all, without_environment};
use super::setting_value::{self, literals};
use super::steps::Steps;
use super::{Assessment, Fix, Recorded, Retraction, same_code};
use crate::component::manifest;
use crate::edit::Edit;
use crate::finding::{self, Location, Problem};
use crate::lock::ScaffoldingKey;
use crate::project::layout::Settings;
use crate::project::{FilePath, Project};
use crate::source::python::{self, Assignment, Class, Source, indentation_step};
use crate::source::text::{self, LineEnding};

/// A field of the settings class.
#[derive(Debug, Clone)]
pub struct Setting {
    /// What the manifest says.
    pub manifest: &'static manifest::Setting,
    /// The comment above the component's fields.
    pub heading: &'static str,
    /// The environment variables of all fields of the component.
    pub siblings: Vec<&'static str>,
}

impl Setting {
    /// The stable name in `paxx.lock`.
    pub fn id(&self) -> String {
        format!("setting:{}", self.manifest.name)
    }

    /// What it is, for the summary.
    pub fn title(&self, project: &Project) -> String {
        match &project.layout.settings {
            Ok(settings) => format!(
                "`{}: {}` in `{}`",
                field_name(project, &self.manifest.name),
                self.manifest.annotation,
                settings.class
            ),
            Err(_) => format!("setting `{}`", self.manifest.name),
        }
    }

    /// The statement that defines the field.
    fn statement(&self, project: &Project, settings: &Settings) -> String {
        let name = project.layout.name.replace(['\\', '"', '\n'], "");
        let default = self.manifest.default.replace("{project}", &name);
        let default = match self.manifest.ge {
            Some(least) => format!("Field(default={default}, ge={least})"),
            None => default,
        };
        format!("{}: {} = {default}", settings.field(&self.manifest.name), self.manifest.annotation)
    }

    /// Names that the statement needs, and the modules that have them.
    fn imports(&self, project: &Project, path: &FilePath) -> Vec<Import> {
        let annotation = self.manifest.annotation.0;
        // A class of the first version takes nothing of the second: `from pydantic.v1 import BaseSettings`.
        let is_first =
            |import: &python::Import| import.from.as_deref().is_some_and(|from| from.starts_with("pydantic.v1"));
        let uses_first = project.file(path).is_some_and(|file| file.python().imports.iter().any(is_first));
        let pydantic = if uses_first { "pydantic.v1" } else { "pydantic" };
        let needed = [
            ("Literal", "typing", annotation.contains("Literal[")),
            ("SecretStr", pydantic, annotation.contains("SecretStr")),
            ("Field", pydantic, self.manifest.ge.is_some()),
        ];
        needed
            .into_iter()
            .filter(|(_, _, is_needed)| *is_needed)
            .map(|(name, module, _)| Import {
                path: path.clone(),
                module: module.to_owned(),
                names: vec![name.to_owned()],
            })
            .collect()
    }

    /// Has the settings class the field, with the right type?
    pub fn assess(&self, project: &Project) -> Assessment {
        let settings = match &project.layout.settings {
            Ok(settings) => settings,
            Err(problem) => return Assessment::Blocked { problem: problem.clone() },
        };
        match provision(project, &self.manifest.name) {
            Provision::Field { path, field, .. } if !settings.is_read_by_name(&self.manifest.name) => {
                let (name, variable) = (&field.target, self.manifest.name);
                let message = match settings.aliases_of(&variable).flatten() {
                    Some(names) => format!("`{name}` is read from `{}`, not from `{variable}`", names.join("`, `")),
                    None => format!("the variable that `{name}` is read from cannot be followed"),
                };
                let problem = Problem::new(&finding::SETTINGS_UNREACHABLE, message)
                    .at(&path, field.range)
                    .help(format!("add the name to its alias: `validation_alias=AliasChoices(\"{variable}\", ...)`"));
                Assessment::Blocked { problem }
            }
            Provision::Field { path, field, .. } if self.is_wider(project, &path, &field) => {
                Assessment::Met { at: Some(Location::new(path, field.range)) }
            }
            Provision::Field { path, field, .. } => {
                let place = field.annotation_range.clone().unwrap_or_else(|| field.range.clone());
                let annotation = field.annotation.unwrap_or_default();
                self.compare(path, &field.target, &annotation, place, field.range)
            }
            Provision::Property { path, name, returns: None } => {
                let message = format!("`{}` is a method, or does not say what it returns", name.0);
                let problem = Problem::new(&finding::SETTING_TYPE, message)
                    .at(&path, name.1)
                    .help(format!("make it a property that returns `{}`", self.manifest.annotation));
                Assessment::Blocked { problem }
            }
            Provision::Property { path, name, returns } => {
                self.compare(path, &name.0, &returns.unwrap_or_default(), name.1.clone(), name.1)
            }
            Provision::Absent => match Parts::of(project, self.manifest) {
                Some(parts) => {
                    self.missing_property(project, settings, &parts).unwrap_or_else(|| self.missing(project, settings))
                }
                None => self.missing(project, settings),
            },
        }
    }

    /// A property of what the settings have already. `None` where the class has no place for one.
    fn missing_property(&self, project: &Project, settings: &Settings, parts: &Parts) -> Option<Assessment> {
        let path = &settings.path;
        let file = project.file(path)?;
        let (code, source) = (file.text()?, file.python());
        let (_, class) = source.class(&settings.class)?;
        if class.body.inline {
            return None;
        }
        let import = parts.import(project, path);
        let quote = import.as_ref().map_or("", Import::bound);
        let name = settings.field(&self.manifest.name);
        let property =
            parts.property(&name, self.manifest, quote, &indentation_step(code, source), project.layout.line_length)?;
        let property = in_the_quotes_of(code, &property);
        let ending = LineEnding::of(code).as_str();
        let indentation = text::indentation(code, class.body.range.start);
        let lines: String = property.lines().map(|line| format!("{ending}{indentation}{line}")).collect();
        let mut steps = Steps::new(project, path);
        steps.take(&[Edit::insert_line_after(code, class.body.range.end, ending, &lines)]);
        let scaffolding = match import.map_or(Ok(Vec::new()), |import| import.take(&mut steps)) {
            Ok(made) => made,
            Err(problem) => return Some(Assessment::Blocked { problem }),
        };
        let problem = Problem::new(&finding::SETTING_MISSING, format!("`{}` has no `{name}`", settings.class))
            .at(path, class.name_range.clone())
            .help(format!("make it of {}", parts.fields()))
            .manual(property.clone());
        let mut fix = Fix::edit(path, steps.finish()).text(property).safe();
        fix.record.scaffolding = scaffolding;
        Some(Assessment::Missing { problem, fix: fix.note(format!("`{name}` is made of {}", parts.fields())) })
    }

    /// Takes the property back that was made of other settings.
    fn retract_property(project: &Project, path: &FilePath, name: &str, recorded: &Recorded) -> Retraction {
        let ours = recorded.record.text.as_deref().filter(|ours| ours.starts_with('@'));
        let settings = project.layout.settings.as_ref().ok().filter(|settings| settings.path == *path);
        let (Some(ours), Some(settings), Some(file)) = (ours, settings, project.file(path)) else {
            return Retraction::Gone;
        };
        let (code, source) = (file.text().unwrap_or_default(), file.python());
        let class = source.class(&settings.class);
        let Some(method) = class.and_then(|(index, _)| setting_parts::method(source, index, name)) else {
            return Retraction::Gone;
        };
        let range = setting_parts::whole(code, method);
        if !same_code(&setting_parts::dedented(&code[range.clone()]), ours) {
            let at = Some(Location::new(path.clone(), method.name_range.clone()));
            return Retraction::Keep { at, why: format!("`{name}` was changed") };
        }
        let is_apart = text::blank_lines_before(code, range.start) < range.start;
        let first = if is_apart { text::line_start(code, range.start - 1) } else { range.start };
        let mut steps = Steps::new(project, path);
        steps.take(&[Edit::delete(text::lines_with_ending_before(code, first..range.end))]);
        Import::named(project, path, "urllib.parse".to_owned(), "quote").take_back(&mut steps, recorded);
        Retraction::Remove(Fix::edit(path, steps.finish()))
    }

    /// Does the field take each of our values and more, and is it one of ours where nobody says anything?
    fn is_wider(&self, project: &Project, path: &FilePath, field: &Assignment) -> bool {
        let Some(ours) = literals(self.manifest.annotation.0) else { return false };
        let annotation = field.annotation.as_deref().unwrap_or_default();
        let takes_ours = match literals(annotation) {
            Some(theirs) => ours.iter().all(|value| theirs.contains(value)),
            None => annotation == "str",
        };
        let (Some(value), Some(file)) = (&field.value, project.file(path)) else { return false };
        let code = file.text().unwrap_or_default();
        let call = file.python().calls.iter().find(|call| call.range == *value);
        let value = call.map_or(Some(value), |call| {
            let default = call.keyword("default").or_else(|| call.first())?;
            call.callee.ends_with("Field").then_some(&default.value)
        });
        let default = value.and_then(|value| code.get(value.clone())).map(text::unquoted);
        takes_ours && default.is_some_and(|default| ours.contains(&default))
    }

    fn compare(
        &self,
        path: FilePath,
        name: &str,
        annotation: &str,
        place: Range<usize>,
        whole: Range<usize>,
    ) -> Assessment {
        if is_compatible(self.manifest.annotation.0, annotation) {
            return Assessment::Met { at: Some(Location::new(path, whole)) };
        }
        let wanted = self.manifest.annotation;
        let there = if annotation.is_empty() { "no annotation".to_owned() } else { format!("the type `{annotation}`") };
        let problem = Problem::new(&finding::SETTING_TYPE, format!("`{name}` has {there}, and must be `{wanted}`"))
            .at(&path, place)
            .help(format!("write `{name}: {wanted}`"));
        Assessment::Drifted { problem, fix: None }
    }

    fn missing(&self, project: &Project, settings: &Settings) -> Assessment {
        let path = &settings.path;
        let statement = self.statement(project, settings);
        let file = project.file(path);
        let found = file
            .and_then(|file| file.python().class(&settings.class).map(|(index, class)| (file, index, class.clone())));
        let Some((file, index, class)) = found else {
            let problem =
                Problem::new(&finding::NO_SETTINGS_CLASS, format!("`{path}` has no class `{}`", settings.class))
                    .at(path, 0..0)
                    .help("name the class with `--settings PATH:CLASS`")
                    .manual(statement);
            return Assessment::Blocked { problem };
        };
        let code = file.text().unwrap_or_default();
        if let Some(problem) = self.is_nested(path, file.python(), index, settings) {
            return Assessment::Blocked { problem: problem.manual(statement) };
        }
        if let Some(problem) = without_environment(project, settings) {
            return Assessment::Blocked { problem: problem.manual(statement) };
        }
        if let Some(problem) = rules_for_all(project, settings, path, self.manifest) {
            return Assessment::Blocked { problem: problem.manual(statement) };
        }
        if let Some(problem) = setting_value::refused(project, self.manifest) {
            return Assessment::Blocked { problem };
        }
        let place = Place::find(code, file.python(), index, &class, &self.siblings);
        let mut steps = Steps::new(project, path);
        let statement = in_the_quotes_of(code, &statement);
        steps.take(&place.edits(code, &class, self.heading, &statement));
        let mut scaffolding = Vec::new();
        for import in self.imports(project, path) {
            match import.take(&mut steps) {
                Ok(made) => scaffolding.extend(made),
                Err(problem) => return Assessment::Blocked { problem },
            }
        }
        let problem = Problem::new(
            &finding::SETTING_MISSING,
            format!("`{}` has no field `{}`", settings.class, settings.field(&self.manifest.name)),
        )
        .at(path, class.name_range.clone())
        .help(format!("add `{statement}`"))
        .manual(statement.clone());
        let mut fix = Fix::edit(path, steps.finish()).text(statement).safe();
        fix.record.scaffolding = scaffolding;
        if let Some((made, replaced)) = place.scaffolding(code, &class) {
            fix = fix.scaffolding(made, Some(replaced));
        }
        Assessment::Missing { problem, fix }
    }

    /// A field that would take our variable for one of its own: `redis` takes `REDIS_URL` where `_` is the nested delimiter.
    fn is_nested(&self, path: &FilePath, source: &Source, class: usize, settings: &Settings) -> Option<Problem> {
        let delimiter = Some(settings.delimiter.to_lowercase()).filter(|delimiter| !delimiter.is_empty())?;
        let variable = self.manifest.name.to_lowercase();
        let field = source.annotations_of(class).filter(|field| field.annotation.is_some()).find(|field| {
            let rest = variable.strip_prefix(&field.target.to_lowercase());
            rest.is_some_and(|rest| rest.starts_with(&delimiter))
        })?;
        let (variable, name) = (settings.environment(&self.manifest.name), &field.target);
        Some(
            Problem::new(
                &finding::SETTING_TYPE,
                format!("`{variable}` is read as a part of `{name}`, because `env_nested_delimiter` is `{delimiter}`"),
            )
            .at(path, field.range.clone())
            .help(format!("rename `{name}`, or use another delimiter such as `__`")),
        )
    }

    /// How the field is taken out again.
    pub fn retract(&self, project: &Project, recorded: &Recorded) -> Retraction {
        let Ok(settings) = &project.layout.settings else { return Retraction::Gone };
        let (path, field) = match provision(project, &self.manifest.name) {
            Provision::Field { path, field, inherited: false } => (path, field),
            Provision::Property { path, name, .. } => return Self::retract_property(project, &path, &name.0, recorded),
            _ => return Retraction::Gone,
        };
        let Some(file) = project.file(&path) else { return Retraction::Gone };
        let code = file.text().unwrap_or_default();
        let source = file.python();
        let Some((index, class)) = source.class(&settings.class) else { return Retraction::Gone };
        let ours = recorded.record.text.clone().unwrap_or_else(|| self.statement(project, settings));
        let line_end = text::line_end(code, field.range.end);
        let is_ours = same_code(&code[field.range.clone()], &ours) && code[field.range.end..line_end].trim().is_empty();
        if !is_ours {
            let at = Some(Location::new(path, field.range.clone()));
            return Retraction::Keep { at, why: format!("`{}` was changed", field.target) };
        }
        let mut steps = Steps::new(project, &path);
        let siblings: Vec<Range<usize>> = source
            .annotations_of(index)
            .filter(|other| {
                other.target != field.target && self.siblings.iter().any(|name| other.target.eq_ignore_ascii_case(name))
            })
            .map(|other| other.range.clone())
            .collect();
        let edit = self.removal(code, class, &field, &siblings, recorded);
        steps.take(&[edit]);
        for import in self.imports(project, &path) {
            import.take_back(&mut steps, recorded);
        }
        Retraction::Remove(Fix::edit(&path, steps.finish()))
    }

    fn removal(
        &self,
        code: &str,
        class: &Class,
        field: &Assignment,
        siblings: &[Range<usize>],
        recorded: &Recorded,
    ) -> Edit {
        // The last statement of a body that was `pass`, or that stood on the line of its header, gives that back.
        if let [.., last] = class.body.statements.as_slice()
            && last.range == field.range
        {
            let heading = heading_above(code, field.range.start, self.heading)
                .unwrap_or_else(|| text::line_start(code, field.range.start));
            let theirs = code.get(class.body.range.start..heading).unwrap_or_default().trim();
            let first = heading.min(text::line_start(code, class.body.range.start));
            let (above, end) = (code[..first].trim_end().len(), text::line_end(code, field.range.end));
            let replaced = recorded.scaffolding(&ScaffoldingKey::SettingsBody).flatten();
            if let Some((header, replaced, body)) = replaced.and_then(|replaced| inline_body(code, above, replaced))
                && (theirs.is_empty() || same_code(theirs, body))
            {
                return Edit::replace(header..end, replaced);
            }
            if theirs.is_empty() {
                let indentation = text::indentation(code, field.range.start);
                let pass = || format!("{}{indentation}pass", LineEnding::of(code).as_str());
                let replaced = replaced.filter(|replaced| !replaced.starts_with(':'));
                return Edit::replace(above..end, replaced.map_or_else(pass, str::to_owned));
            }
        }
        let lines = text::lines_with_ending_before(code, field.range.clone());
        let Some(heading) = heading_above(code, field.range.start, self.heading) else { return Edit::delete(lines) };
        // The heading goes with the last field under it.
        let next = text::next_line(code, field.range.end);
        if siblings.iter().any(|sibling| text::line_start(code, sibling.start) == next) {
            return Edit::delete(lines);
        }
        let blank = text::blank_lines_before(code, heading);
        if blank < text::line_start(code, heading) {
            let first = text::line_start(code, text::line_start(code, heading) - 1);
            return Edit::delete(text::lines_with_ending_before(code, first..field.range.end));
        }
        // What began the body is set apart from what it went before.
        let lines = text::lines_with_ending_before(code, heading..field.range.end);
        let is_blank = code[next..text::line_end(code, next)].trim().is_empty() && next < code.len();
        Edit::delete(lines.start..if is_blank { text::line_end(code, next) } else { lines.end })
    }
}

/// Where a class statement ends whose body was on its line, what stood behind its colon, and the body alone; `replaced` is the
/// colon with all that. A comment at its end still stands there, before `above`.
fn inline_body<'a>(code: &str, above: usize, replaced: &'a str) -> Option<(usize, &'a str, &'a str)> {
    let replaced = replaced.strip_prefix(':')?;
    (0..=replaced.len()).find_map(|length| {
        let header = code[..above].strip_suffix(replaced.get(length..)?.trim_end())?;
        header.ends_with(':').then_some((header.len(), replaced, &replaced[..length]))
    })
}

/// The start of the line directly above that is our heading.
fn heading_above(code: &str, offset: usize, heading: &str) -> Option<usize> {
    let line = text::line_start(code, offset);
    if line == 0 {
        return None;
    }
    let above = text::line_start(code, line - 1);
    (code[above..line].trim() == format!("# {heading}")).then_some(above)
}

/// Our code is written with double quotes; a file that uses the others gets the others.
pub fn in_the_quotes_of(code: &str, ours: &str) -> String {
    let single = memchr::memchr_iter(b'\'', code.as_bytes()).count();
    let double = memchr::memchr_iter(b'"', code.as_bytes()).count();
    if single > 2 * double && !ours.contains('\'') { ours.replace('"', "'") } else { ours.to_owned() }
}

/// Can a field of the type `there` be read as `wanted`?
fn is_compatible(wanted: &str, there: &str) -> bool {
    if same_code(wanted, there) {
        return true;
    }
    let there = there.trim().trim_matches(['"', '\'']);
    // `Annotated[int, Field(ge=1)]` is its first argument.
    let there = there.strip_prefix("Annotated[").map_or(there, |rest| rest.split(',').next().unwrap_or(rest)).trim();
    let parts = |annotation: &str| -> Vec<String> {
        let inner = annotation.strip_prefix("Optional[").and_then(|rest| rest.strip_suffix(']'));
        let union = annotation.strip_prefix("Union[").and_then(|rest| rest.strip_suffix(']'));
        let mut parts: Vec<String> = match (inner, union) {
            (Some(inner), _) => vec![inner.trim().to_owned(), "None".to_owned()],
            (_, Some(union)) => union.split(',').map(|part| part.trim().to_owned()).collect(),
            _ => annotation.split('|').map(|part| part.trim().to_owned()).collect(),
        };
        parts.sort();
        parts
    };
    let fits = |part: &str| match part {
        "None" => matches!(wanted, "str" | "SecretStr") || wanted.contains("None"),
        part if parts(wanted).iter().any(|wanted| wanted == part) => true,
        part => match wanted {
            "str" => is_url(part) || part == "Literal" || part.starts_with("Literal["),
            // The module is told by `SecretStr(...)`.
            "SecretStr" => part == "str" || is_url(part),
            "int" => matches!(part, "PositiveInt" | "NonNegativeInt"),
            "float" => matches!(part, "int" | "PositiveFloat" | "NonNegativeFloat"),
            _ => false,
        },
    };
    !there.is_empty() && parts(there).iter().all(|part| fits(part)) && parts(there).iter().any(|part| part != "None")
}
