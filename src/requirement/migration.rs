//! A call behind each `context.configure(...)` of Alembic's `env.py`, and an import in `script.py.mako`.
//!
//! ```text
//!     context.configure(                          context.configure(
//!         connection=connection,                      connection=connection,
//!     )                                      ->   )
//!     with context.begin_transaction():           configure_migrations(context.get_context())
//!                                                 with context.begin_transaction():
//! ```
//!
//! The function puts its hooks in front of those that `configure` was given, so nothing of the user's changes.

use super::import::Import;
use super::steps::Steps;
use super::{Assessment, Change, Fix, Recorded, Retraction};
use crate::component::manifest;
use crate::edit::Edit;
use crate::finding::{self, Location, Problem};
use crate::lock::ScaffoldingKey;
use crate::project::{FilePath, Project};
use crate::source::python::{Call, Source, Usage};
use crate::source::text::{self, LineEnding};

/// What Alembic must know of a component.
#[derive(Debug, Clone)]
pub struct Migration {
    /// What the manifest says.
    pub manifest: &'static manifest::Migration,
}

impl Migration {
    /// The stable name in `paxx.lock`.
    pub fn id(&self) -> String {
        format!("migration:{}", self.manifest.name)
    }

    /// What it is, for the summary.
    pub fn title(&self, _project: &Project) -> String {
        format!("`{}` in Alembic's `env.py`", self.manifest.name)
    }

    /// The call, where its function goes by `bound`.
    fn call(&self, receiver: &str, bound: &str) -> String {
        self.manifest.call.replacen(self.manifest.name.0, bound, 1).replace("{context}", receiver)
    }

    fn import(&self, project: &Project, path: &FilePath) -> Import {
        let module = project.layout.services.module(&self.manifest.module);
        Import::named(project, path, module, &self.manifest.name)
    }

    /// Does Alembic call it wherever it is configured?
    pub fn assess(&self, project: &Project) -> Assessment {
        let Some(folder) = &project.layout.alembic else {
            return Assessment::NotApplicable { note: "no Alembic environment: nothing to teach it".to_owned() };
        };
        let path = folder.child("env.py");
        let Some(file) = project.file(&path) else {
            return Assessment::NotApplicable { note: format!("no `{path}`: nothing to teach Alembic") };
        };
        let (code, source) = (file.text().unwrap_or_default(), file.python());
        let import = self.import(project, &path);
        let bound = import.bound();
        let configured = configure_calls(source);
        if configured.is_empty() {
            let problem = Problem::new(
                &finding::MIGRATION_UNSUPPORTED,
                format!("`{path}` does not call `context.configure(...)`"),
            )
            .at(&path, 0..0)
            .help("call it there, or leave Alembic out with `--allow-manual`")
            .manual(self.call("context", bound));
            return Assessment::Blocked { problem };
        }
        let ending = LineEnding::of(code).as_str();
        let mut edits = Vec::new();
        let mut first_missing = None;
        let mut found = None;
        for call in &configured {
            let receiver = call.callee.trim_end_matches(".configure");
            let alone = call.usage == Usage::Statement && text::is_first_on_line(code, call.statement.start);
            if let Some(ours) = Self::behind(code, source, call, bound) {
                found = Some(ours.range.clone());
                continue;
            }
            if !alone {
                let problem =
                    Problem::new(&finding::MIGRATION_UNSUPPORTED, "this `configure` call is no statement of its own")
                        .at(&path, call.range.clone())
                        .help(format!("make it one, and call `{}` after it", self.call(receiver, bound)))
                        .manual(self.call(receiver, bound));
                return Assessment::Blocked { problem };
            }
            first_missing.get_or_insert(call.range.clone());
            let indentation = text::indentation(code, call.statement.start);
            edits.push(Edit::insert_line_after(
                code,
                call.statement.end,
                ending,
                &format!("{indentation}{}", self.call(receiver, bound)),
            ));
        }
        if let Some(place) = first_missing {
            let mut steps = Steps::new(project, &path);
            steps.take(&edits);
            let scaffolding = match self.import(project, &path).take(&mut steps) {
                Ok(made) => made,
                Err(problem) => return Assessment::Blocked { problem },
            };
            let problem = Problem::new(
                &finding::MIGRATION_HOOK_MISSING,
                format!("`{}` is not called after `configure`", self.manifest.name),
            )
            .at(&path, place)
            .help(format!("add `{}` after it", self.call("context", bound)))
            .manual(self.call("context", bound));
            let mut fix = Fix::edit(&path, steps.finish()).safe();
            fix.record.scaffolding = scaffolding;
            return Assessment::Missing { problem, fix };
        }
        if let Assessment::Missing { problem, fix } = self.import(project, &path).assess(project) {
            return Assessment::Missing { problem, fix };
        }
        if let Some((problem, fix)) = self.template(project, &folder.child("script.py.mako")) {
            return Assessment::Missing { problem, fix };
        }
        Assessment::Met { at: found.map(|range| Location::new(path, range)) }
    }

    /// Our call behind `call` in the same function.
    fn behind<'a>(code: &str, source: &'a Source, call: &Call, bound: &str) -> Option<&'a Call> {
        let next = source.calls.iter().filter(|other| other.callee == bound && other.scope == call.scope);
        let mut next = next.filter(|other| other.range.start >= call.range.end);
        next.find(|other| {
            let between = code.get(call.range.end..other.range.start).unwrap_or_default();
            !between.contains(".configure(")
        })
    }

    /// The imports that generated migrations need, where the template of migrations does not render those that hooks ask for.
    fn template(&self, project: &Project, path: &FilePath) -> Option<(Problem, Fix)> {
        let code = project.text(path)?;
        let missing: Vec<&str> =
            self.manifest.imports.iter().map(|import| import.0).filter(|import| !has_line(code, import)).collect();
        if missing.is_empty() || code.contains("${imports") {
            return None;
        }
        let anchor = code
            .lines()
            .find(|line| line.trim_end() == "import sqlalchemy as sa" || line.starts_with("import sqlalchemy"))?;
        let offset = anchor.as_ptr() as usize - code.as_ptr() as usize;
        let ending = LineEnding::of(code).as_str();
        let problem =
            Problem::new(&finding::MIGRATION_HOOK_MISSING, format!("`{path}` does not import what migrations need"))
                .at(path, offset..offset)
                .help(format!("add `{}`", missing.join("`, `")));
        let fix = Fix::edit(path, vec![Edit::insert_line_after(code, offset, ending, &missing.join(ending))]).safe();
        Some((problem, fix.scaffolding(ScaffoldingKey::Template(path.clone()), None)))
    }

    /// How it is taken out again.
    pub fn retract(&self, project: &Project, recorded: &Recorded) -> Retraction {
        let Some(folder) = &project.layout.alembic else { return Retraction::Gone };
        let path = folder.child("env.py");
        let mut fix = Fix::default();
        if let Some(file) = project.file(&path) {
            let (code, source) = (file.text().unwrap_or_default(), file.python());
            let mut steps = Steps::new(project, &path);
            let import = self.import(project, &path);
            let calls =
                source.calls.iter().filter(|call| call.callee == import.bound() && call.usage == Usage::Statement);
            let edits: Vec<Edit> =
                calls.map(|call| Edit::delete(text::lines_with_ending_before(code, call.statement.clone()))).collect();
            steps.take(&edits);
            import.take_back(&mut steps, recorded);
            let edits = steps.finish();
            if !edits.is_empty() {
                fix.changes.push(Change::Edit { path, edits });
            }
        }
        let template = folder.child("script.py.mako");
        if let Some(code) = project
            .text(&template)
            .filter(|_| recorded.scaffolding(&ScaffoldingKey::Template(template.clone())).is_some())
        {
            let mut edits = Vec::new();
            for import in &self.manifest.imports {
                if let Some(line) = code.lines().find(|line| line.trim_end() == import.0) {
                    let offset = line.as_ptr() as usize - code.as_ptr() as usize;
                    edits.push(Edit::delete(text::lines_with_ending_before(code, offset..offset + line.len())));
                }
            }
            if !edits.is_empty() {
                fix.changes.push(Change::Edit { path: template, edits });
            }
        }
        if fix.changes.is_empty() { Retraction::Gone } else { Retraction::Remove(fix) }
    }
}

/// The calls that configure Alembic: `context.configure(...)`, under whatever name `context` was imported.
fn configure_calls(source: &Source) -> Vec<&Call> {
    let receivers: Vec<String> = source
        .imports
        .iter()
        .flat_map(|import| import.names.iter().map(move |name| (import.from.as_deref(), name)))
        .filter_map(|(from, name)| match (from, name.name.as_str()) {
            (Some("alembic"), "context") => Some(name.bound().to_owned()),
            (None, "alembic" | "alembic.context") => {
                Some(name.alias.clone().unwrap_or_else(|| "alembic.context".to_owned()))
            }
            _ => None,
        })
        .collect();
    let is_configure = |call: &&Call| {
        call.callee.strip_suffix(".configure").is_some_and(|receiver| receivers.iter().any(|known| known == receiver))
    };
    source.calls.iter().filter(is_configure).collect()
}

fn has_line(code: &str, line: &str) -> bool {
    code.lines().any(|other| other.trim_end() == line)
}
