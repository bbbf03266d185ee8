//! A name that a module of the project imports.
//!
//! A new line goes where isort and ruff would sort it; a statement that is there is extended. In the order of sections:
//! `__future__`, standard library, third party, first party, relative.
//!
//! ```text
//! from core.db import close                     from core.db import close
//! from settings import settings         ->      from services.cache import start_redis
//!                                               from settings import settings
//! ```

use super::import_order::{self, member_key};
use super::import_path;
use super::steps::Steps;
use super::{Assessment, Fix, Recorded, Retraction};
use crate::edit::{self, Edit};
use crate::finding::{self, Location, Problem};
use crate::lock::{Made, ScaffoldingKey};
use crate::project::imports::module_file;
use crate::project::{File, FilePath, Project};
use crate::source::python::{self, Source};
use crate::source::text;

/// Names that a module imports from another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// The module that imports.
    pub path: FilePath,
    /// The module that is imported, by its absolute path.
    pub module: String,
    /// The names, each as it stands in the statement: `name`, or `name as alias`.
    pub names: Vec<String>,
}

impl Import {
    /// The stable name in `paxx.lock`.
    pub fn id(&self) -> String {
        format!("import:{}:{}:{}", self.path, self.module, self.names.join(","))
    }

    /// What it is, for the summary.
    pub fn title(&self) -> String {
        format!("import of `{}` in `{}`", self.names.join("`, `"), self.path)
    }

    /// The statement, were it a line of its own.
    pub fn statement(&self) -> String {
        self.statement_from(&self.module)
    }

    /// The same with the module as the file writes it.
    pub(super) fn statement_from(&self, module: &str) -> String {
        let mut names = self.names.clone();
        names.sort_by_key(|name| member_key(name));
        format!("from {module} import {}", names.join(", "))
    }

    /// The module as the file would write it: by a relative path, where it imports nothing of the package by an absolute one.
    pub(super) fn written(&self, project: &Project, source: &Source) -> String {
        let relative =
            self.is_of_services(project).then(|| import_path::relative(project, &self.path, &self.module, source));
        relative.flatten().unwrap_or_else(|| self.module.clone())
    }

    /// Does the module import the names?
    pub fn assess(&self, project: &Project) -> Assessment {
        let Some(file) = project.file(&self.path) else {
            let problem = Problem::new(&finding::IMPORT_MISSING, format!("`{}` is not there", self.path));
            return Assessment::Blocked { problem };
        };
        let (Some(code), source) = (file.text(), file.python()) else {
            let problem =
                Problem::new(&finding::NOT_TEXT, format!("`{}` is not UTF-8 text", self.path)).at(&self.path, 0..0);
            return Assessment::Blocked { problem };
        };
        let mut missing = Vec::new();
        let mut at = None;
        for name in &self.names {
            if let Some(place) = self.imported(project, source, name) {
                at = Some(Location::new(self.path.clone(), place));
                continue;
            }
            if let Some(problem) = self.taken(source, name) {
                return Assessment::Blocked { problem };
            }
            missing.push(name.clone());
        }
        if missing.is_empty() {
            return match self.used_above(source, code, at.as_ref()) {
                Some((name, place)) => Assessment::Blocked {
                    problem: Problem::new(
                        &finding::IMPORT_MISSING,
                        format!("`{name}` is used above its import, so it is not there yet"),
                    )
                    .at(&self.path, place)
                    .help(format!("move `{}` above it", self.statement())),
                },
                None => Assessment::Met { at },
            };
        }
        let wanted = Self { names: missing, ..self.clone() };
        if let Some(problem) = import_order::too_early(project, &self.path).filter(|_| self.is_of_services(project)) {
            return Assessment::Blocked { problem: problem.manual(wanted.statement()) };
        }
        let statement = wanted.statement_from(&self.written(project, source));
        let (edits, replaced) = wanted.insertion(project, code, source);
        let place = edits.first().map_or(0, |edit| edit.range.start);
        let problem =
            Problem::new(&finding::IMPORT_MISSING, format!("`{}` is not imported", wanted.names.join("`, `")))
                .at(&self.path, place..place)
                .help(format!("add `{statement}`"))
                .manual(statement);
        let mut fix = Fix::edit(&self.path, edits).safe();
        if let Some(replaced) = replaced {
            fix = fix.scaffolding(self.wrapping(), Some(replaced));
        }
        Assessment::Missing { problem, fix }
    }

    /// The same for a call of the names that is there.
    pub fn assess_beside_call(&self, project: &Project) -> Assessment {
        match self.assess(project) {
            Assessment::Missing { problem, fix } => Assessment::Missing { problem, fix: fix.completing() },
            other => other,
        }
    }

    /// How the names are taken out again.
    pub fn retract(&self, project: &Project, recorded: &Recorded) -> Retraction {
        let Some(file) = project.file(&self.path) else { return Retraction::Gone };
        let (Some(code), source) = (file.text(), file.python()) else { return Retraction::Gone };
        let Some(import) = source.imports.iter().find(|import| {
            import.scope.is_module()
                && !import.scope.guarded
                && self.is_our_module(project, import)
                && import.names.iter().any(|name| self.has(name))
        }) else {
            return Retraction::Gone;
        };
        // A user who began to use the name himself keeps it.
        for name in self.names.iter().map(|name| bound_by(name)) {
            // An import for type checkers of the same name is no use of ours.
            let is_import = |place: &std::ops::Range<usize>| {
                source.imports.iter().any(|import| import.range.contains(&place.start))
            };
            // Nor is what a function binds or imports for itself.
            let binding = python::names::functions_that_bind(code, name);
            let is_local = |place: &std::ops::Range<usize>| {
                source.imports.iter().any(|import| {
                    let within = import.scope.function.and_then(|index| source.functions.get(index));
                    import.names.iter().any(|imported| imported.bound() == name)
                        && within.is_some_and(|function| function.range.contains(&place.start))
                }) || binding.iter().any(|function| function.contains(&place.start))
            };
            let elsewhere = python::uses_of(code, name).into_iter().find(|place| !is_import(place) && !is_local(place));
            if let Some(place) = elsewhere {
                let at = Some(Location::new(self.path.clone(), place));
                return Retraction::Keep { at, why: format!("`{name}` is still used") };
            }
        }
        // `from pydantic import Field as F` is the user's, whatever stands beside it.
        let is_going = |name: &python::ImportedName| self.has(name);
        let keep: Vec<_> = import.names.iter().filter(|name| !is_going(name)).collect();
        if keep.is_empty() {
            return Retraction::Remove(Fix::edit(&self.path, vec![self.deletion(project, code, import.range.clone())]));
        }
        if let Some(Some(replaced)) = recorded.scaffolding(&self.wrapping()) {
            let before = Source::of(replaced);
            let sorted = |names: &mut dyn Iterator<Item = &python::ImportedName>| {
                let mut names: Vec<_> = names.map(|name| (name.name.clone(), name.alias.clone())).collect();
                names.sort();
                names
            };
            let names = before.imports.first().map(|import| sorted(&mut import.names.iter()));
            if names == Some(sorted(&mut keep.iter().copied())) {
                return Retraction::Remove(Fix::edit(&self.path, vec![Edit::replace(import.range.clone(), replaced)]));
            }
        }
        let mut edits = Vec::new();
        for (index, name) in import.names.iter().enumerate().filter(|(_, name)| is_going(name)) {
            let range = &name.range;
            let own_line = text::is_first_on_line(code, range.start);
            let behind = code[range.end..].trim_start_matches([' ', '\t']);
            let comma = if behind.starts_with(',') { code.len() - behind.len() + 1 } else { range.end };
            edits.push(Edit::delete(if own_line && import.parenthesised {
                text::lines_with_ending_before(code, range.start..comma)
            } else if let Some(next) = import.names.get(index + 1).filter(|_| index == 0) {
                range.start..next.range.start
            } else if let Some(previous) = index.checked_sub(1).and_then(|index| import.names.get(index)) {
                previous.range.end..range.end
            } else {
                range.start..comma
            }));
        }
        Retraction::Remove(Fix::edit(&self.path, edits))
    }

    /// Brings the names into a text that is on its way, as a part of another requirement; what came into being by it.
    ///
    /// # Errors
    ///
    /// A name stands for something else there.
    pub fn take(&self, steps: &mut Steps) -> Result<Made, Problem> {
        let source = steps.source();
        let mut missing = Vec::new();
        for name in &self.names {
            if self.imported(steps.project, &source, name).is_some() {
                continue;
            }
            if let Some(problem) = self.taken(&source, name) {
                return Err(steps.at_origin(problem));
            }
            missing.push(name.clone());
        }
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(problem) =
            import_order::too_early(steps.project, &self.path).filter(|_| self.is_of_services(steps.project))
        {
            return Err(problem);
        }
        let mut made: Vec<_> = missing.iter().map(|name| (self.scaffolding(name), None)).collect();
        let wanted = Self { names: missing, ..self.clone() };
        let (edits, replaced) = wanted.insertion(steps.project, &steps.text, &source);
        steps.take(&edits);
        made.extend(replaced.map(|replaced| (self.wrapping(), Some(replaced))));
        Ok(made)
    }

    /// Takes the names out of a text that is on its way: those that came with us and that nothing uses any more.
    pub fn take_back(&self, steps: &mut Steps, recorded: &Recorded) {
        let mut project = steps.project.clone();
        // A name of a module of ours goes wherever it is imported: the module goes too.
        let services = &steps.project.layout.services.package;
        let is_ours = self.module.strip_prefix(services.as_str()).is_some_and(|rest| rest.starts_with('.'));
        for name in &self.names {
            if !is_ours && recorded.scaffolding(&self.scaffolding(name)).is_none() {
                continue;
            }
            let one = Self { names: vec![name.clone()], ..self.clone() };
            project.set(self.path.clone(), Some(File::new(steps.text.as_bytes())));
            if let Retraction::Remove(fix) = one.retract(&project, recorded) {
                for change in fix.changes {
                    if let super::Change::Edit { edits, .. } = change {
                        steps.take(&edits);
                    }
                }
            }
        }
    }

    /// A call of the module itself that needs a name before the module imports it: a `NameError` when it is imported.
    fn used_above<'a>(
        &'a self,
        source: &Source,
        code: &str,
        import: Option<&Location>,
    ) -> Option<(&'a str, std::ops::Range<usize>)> {
        let import = import?.range.start;
        source
            .calls
            .iter()
            .filter(|call| call.scope.is_module() && !call.scope.guarded && call.range.end <= import)
            .find_map(|call| {
                let arguments = call.arguments.iter().filter_map(|argument| code.get(argument.value.clone()));
                let used: Vec<&str> = arguments.chain([call.callee.as_str()]).collect();
                let name = self.names.iter().find(|name| used.contains(&name.as_str()))?;
                Some((name.as_str(), call.range.clone()))
            })
    }

    /// The last statement of the module that a use of the names by the module itself must stand behind: their import, or what
    /// this is to stand behind.
    pub(super) fn first_use_behind(
        &self,
        project: &Project,
        code: &str,
        source: &Source,
    ) -> Option<std::ops::Range<usize>> {
        let barrier = self.barrier(project, code, source);
        let imported = self.names.iter().filter_map(|name| self.imported(project, source, name));
        let extendable = self.extendable(project, source, barrier.as_ref()).map(|import| import.range.clone());
        imported.max_by_key(|range| range.start).or(extendable).or(barrier)
    }

    fn scaffolding(&self, name: &str) -> ScaffoldingKey {
        ScaffoldingKey::Import { path: self.path.clone(), module: self.module.clone(), name: name.to_owned() }
    }

    /// Why `name` cannot be imported, where it stands for something else.
    pub(super) fn taken(&self, source: &Source, name: &str) -> Option<Problem> {
        let name = bound_by(name);
        let place = source.definition_of(name).or_else(|| {
            let (import, _) = source.import_of(name).filter(|(import, _)| !import.scope.type_checking)?;
            Some(import.range.clone())
        })?;
        Some(
            Problem::new(
                &finding::NAME_TAKEN,
                format!(
                    "`{name}` stands for something else in `{}`, so `{}` cannot be imported",
                    self.path,
                    self.statement()
                ),
            )
            .at(&self.path, place)
            .help(format!("rename `{name}` there")),
        )
    }

    fn wrapping(&self) -> ScaffoldingKey {
        ScaffoldingKey::WrappedImport { path: self.path.clone(), module: self.module.clone() }
    }

    fn imported(&self, project: &Project, source: &Source, name: &str) -> Option<std::ops::Range<usize>> {
        source
            .imports
            .iter()
            .filter(|import| {
                import.scope.is_module() && !import.scope.type_checking && self.is_our_module(project, import)
            })
            .find(|import| {
                import.names.iter().any(|imported| (imported.name.as_str(), imported.bound()) == parts(name))
            })
            .map(|import| import.range.clone())
    }

    pub(super) fn is_our_module(&self, project: &Project, import: &python::Import) -> bool {
        let Some(from) = import.from.as_deref() else { return false };
        if from == self.module || is_equivalent(from, &self.module) {
            return true;
        }
        let roots = &project.layout.import_roots;
        from.starts_with('.')
            && module_file(project, roots, &self.path, from)
                .is_some_and(|file| Some(file) == module_file(project, roots, &self.path, &self.module))
    }

    /// Is it one of the modules that are generated, which read the settings?
    pub(super) fn is_of_services(&self, project: &Project) -> bool {
        let rest = self.module.strip_prefix(&project.layout.services.package);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// Takes a statement away with the blank lines that came with it: those without which it would be inserted just here.
    fn deletion(&self, project: &Project, code: &str, range: std::ops::Range<usize>) -> Edit {
        let line = text::lines_with_ending_before(code, range.clone());
        let blank = text::blank_lines_before(code, range.start);
        let mut candidates = vec![line.clone()];
        if blank < text::line_start(code, range.start) {
            let one_before =
                text::lines_with_ending_before(code, text::line_start(code, range.start).saturating_sub(1)..range.end);
            candidates.push(one_before);
        }
        let is_first = line.start <= text::bom_length(code);
        let mut end = line.end;
        for _ in 0..2 {
            end = if is_first { text::next_line(code, end) } else { text::line_end(code, text::next_line(code, end)) };
            if code.get(line.end..end).is_some_and(|between| between.trim().is_empty()) {
                candidates.push(line.start..end);
            }
        }
        let statement = &code[range.clone()];
        candidates
            .into_iter()
            .find(|candidate| {
                let Some(without) = edit::apply(code, &[Edit::delete(candidate.clone())]) else { return false };
                let source = Source::of(&without);
                let again = |before| {
                    let edit = self.new_line(project, &without, &source, before);
                    edit::apply(&without, &[edit]).as_deref() == Some(code)
                };
                let ours = self.statement_from(&self.written(project, &source));
                super::same_code(statement, &ours) && (again(without.len()) || again(candidate.start + 1))
            })
            .map_or_else(|| Edit::delete(line), Edit::delete)
    }
}

impl Edit {
    /// Inserts `line` as a line of its own after the line that holds the byte at `offset`.
    pub(super) fn insert_line_after(code: &str, offset: usize, ending: &str, line: &str) -> Self {
        if code.len() == text::bom_length(code) {
            return Self::insert(code.len(), format!("{line}{ending}"));
        }
        Self::insert(text::line_end(code, offset), format!("{ending}{line}"))
    }

    /// Inserts `line` as a line of its own before the line that holds the byte at `offset`.
    pub(super) fn insert_line_before(code: &str, offset: usize, ending: &str, line: &str) -> Self {
        let start = text::line_start(code, offset);
        if start <= text::bom_length(code) {
            return Self::insert(start, format!("{line}{ending}"));
        }
        Self::insert(text::line_end(code, start - 1), format!("{ending}{line}"))
    }
}

/// Do two modules of the standard library, of pydantic or of FastAPI export the same name?
fn is_equivalent(left: &str, right: &str) -> bool {
    let group = |module: &str| match module.split('.').next() {
        Some("typing" | "typing_extensions" | "collections") => Some(0),
        Some("pydantic") => Some(1),
        // FastAPI hands `asynccontextmanager` on.
        Some("contextlib" | "fastapi") if module != "fastapi" => Some(2),
        _ => None,
    };
    group(left).is_some() && group(left) == group(right)
}

/// The name in the other module, and the name that it goes by here.
pub(super) fn parts(entry: &str) -> (&str, &str) {
    entry.split_once(" as ").unwrap_or((entry, entry))
}

/// The name that an entry of an import goes by.
pub(super) fn bound_by(entry: &str) -> &str {
    parts(entry).1
}
