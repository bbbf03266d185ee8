//! Where a new import goes: into a statement that imports from the same module, or on a line of its own in the section that it belongs to.

use super::import::{Import, bound_by};
use super::import_order::{self, member_key, sort_key};
use crate::edit::Edit;
use crate::project::{Layout, Project};
use crate::source::python::{self, Source, stdlib};
use crate::source::text::{self, LineEnding};

/// What linters are told beside an import that is not at the top of its file.
const LATE: &str = "# noqa: E402";

/// isort's sections, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    Future,
    Standard,
    ThirdParty,
    FirstParty,
    Relative,
}

impl Import {
    /// The statement that it must stand behind, because the settings are to see what it does.
    pub(super) fn barrier(&self, project: &Project, code: &str, source: &Source) -> Option<std::ops::Range<usize>> {
        if !self.is_of_services(project) {
            return None;
        }
        import_order::barrier(project, &self.path, code, source, self.first_use_by_module(code, source))
    }

    /// Where the module itself first uses a name, or its end: what a function names is looked up when it is called.
    fn first_use_by_module(&self, code: &str, source: &Source) -> usize {
        let in_function = |place: usize| source.functions.iter().any(|function| function.range.contains(&place));
        let uses = self.names.iter().flat_map(|name| python::uses_of(code, bound_by(name)));
        uses.map(|place| place.start).filter(|place| !in_function(*place)).min().unwrap_or(code.len())
    }

    /// A statement that imports from the same module, which the names can join.
    pub(super) fn extendable<'a>(
        &self,
        project: &Project,
        source: &'a Source,
        barrier: Option<&std::ops::Range<usize>>,
    ) -> Option<&'a python::Import> {
        // isort and ruff give a name with an alias a statement of its own, unless they are told otherwise.
        let has_alias = self.names.iter().any(|name| name.contains(" as "));
        let takes = |import: &python::Import| {
            let aliased = import.names.iter().filter(|name| name.alias.is_some()).count();
            if aliased == 0 { !has_alias } else { import.names.len() > 1 }
        };
        let written = self.written(project, source);
        source.imports.iter().find(|import| {
            import.scope.is_module()
                && takes(import)
                && barrier.is_none_or(|barrier| import.range.start >= barrier.end)
                && !import.scope.guarded
                && !import.wildcard
                && !import.names.is_empty()
                && import.from.as_ref().is_some_and(|from| *from == self.module || *from == written)
        })
    }

    /// The edits that bring the names, and the statement that they replace where it no longer fits on its line.
    pub(super) fn insertion(&self, project: &Project, code: &str, source: &Source) -> (Vec<Edit>, Option<String>) {
        let barrier = self.barrier(project, code, source);
        if let Some(import) = self.extendable(project, source, barrier.as_ref()) {
            self.extension(&project.layout, code, import)
        } else {
            let uses = self.names.iter().flat_map(|name| python::uses_of(code, bound_by(name)));
            let first = match barrier {
                Some(_) => self.first_use_by_module(code, source),
                None => uses.map(|place| place.start).min().unwrap_or(code.len()),
            };
            (vec![self.new_line(project, code, source, first)], None)
        }
    }

    fn extension(&self, layout: &Layout, code: &str, import: &python::Import) -> (Vec<Edit>, Option<String>) {
        let ending = LineEnding::of(code);
        let first_line_end = text::line_end(code, import.range.start);
        let several_lines = import.range.end > first_line_end;
        let mut wanted = self.names.clone();
        wanted.sort_by_key(|name| member_key(name));
        let mut edits = Vec::new();
        for name in &wanted {
            let next = import.names.iter().find(|there| member_key(&there.name) > member_key(name));
            let previous = match next {
                Some(next) => import.names.iter().rev().find(|there| there.range.end <= next.range.start),
                None => import.names.last(),
            };
            if import.parenthesised
                && several_lines
                && previous.or(next).is_some_and(|name| text::is_first_on_line(code, name.range.start))
            {
                edits.extend(own_line_in_parentheses(code, ending, name, previous, next));
            } else if let Some(previous) = previous {
                edits.push(Edit::insert(previous.range.end, format!(", {name}")));
            } else if let Some(next) = next {
                edits.push(Edit::insert(next.range.start, format!("{name}, ")));
            }
        }
        let added: usize = edits.iter().map(|edit| edit.text.len()).sum();
        let line = text::line_start(code, import.range.start);
        let length = first_line_end - line;
        // A line that was too long already has its reasons, such as a comment.
        if !several_lines && length <= layout.line_length && length + added > layout.line_length {
            let statement = code[import.range.clone()].to_owned();
            let mut names: Vec<String> = import.names.iter().map(|name| code[name.range.clone()].to_owned()).collect();
            // The user's names keep their order.
            for name in &wanted {
                let next = names.iter().position(|there| member_key(there) > member_key(name));
                names.insert(next.unwrap_or(names.len()), name.clone());
            }
            let module = import.from.as_deref().unwrap_or(&self.module);
            let wrapped = format!("from {module} import (\n    {},\n)", names.join(",\n    "));
            return (vec![Edit::replace(import.range.clone(), ending.convert(&wrapped))], Some(statement));
        }
        (edits, None)
    }

    pub(super) fn new_line(&self, project: &Project, code: &str, source: &Source, before: usize) -> Edit {
        let layout = &project.layout;
        let ending = LineEnding::of(code).as_str();
        let module = self.written(project, source);
        let mut statement = self.wrapped_statement(&module, layout, ending);
        let section = section(layout, &module);
        let imports: Vec<&python::Import> =
            source.imports.iter().filter(|import| import.scope.is_module() && !import.scope.guarded).collect();
        let section_of = |import: &python::Import| section_of_import(layout, import);
        // The last run of imports that has our section: a module may import more after some set-up code.
        // It stands above what uses the name, though.
        let mut runs = runs(source, &imports);
        if let Some(barrier) = self.barrier(project, code, source) {
            // As the file marks imports that are not at its top.
            if code.contains(LATE) {
                let end = statement.find(ending).unwrap_or(statement.len());
                statement.insert_str(end, &format!("  {LATE}"));
            }
            for run in &mut runs {
                run.retain(|import| import.range.start >= barrier.end);
            }
            runs.retain(|run| run.first().is_some_and(|first| first.range.start < before));
            if runs.is_empty() {
                return Edit::insert_line_after(code, barrier.end, ending, &format!("{ending}{statement}"));
            }
        }
        if runs.iter().any(|run| run[0].range.start < before) {
            runs.retain(|run| run[0].range.start < before);
        }
        if let Some(run) = runs.iter().rev().find(|run| run.iter().any(|import| section_of(import) == section)) {
            let peers: Vec<_> = run.iter().filter(|import| section_of(import) == section).collect();
            let key = sort_key(&module);
            let first = self.names.iter().map(|name| member_key(name)).min();
            let is_behind = |import: &&python::Import| {
                let from = import.from.as_deref().map(sort_key);
                // Two of one module stand in the order of their names.
                let name = import.names.iter().map(|name| member_key(&name.name)).min();
                from.as_ref().is_some_and(|from| *from > key) || (from.as_ref() == Some(&key) && name > first)
            };
            let next = peers.iter().position(|import| is_behind(import));
            return match next {
                Some(0) => {
                    Edit::insert_line_before(code, leading_comments(code, peers[0].range.start), ending, &statement)
                }
                Some(position) => Edit::insert_line_after(code, peers[position - 1].range.end, ending, &statement),
                None => Edit::insert_line_after(code, peers[peers.len() - 1].range.end, ending, &statement),
            };
        }
        if let Some(run) = runs.first() {
            if let Some(before) = run.iter().rev().find(|import| section_of(import) < section) {
                return Edit::insert_line_after(code, before.range.end, ending, &format!("{ending}{statement}"));
            }
            let first = leading_comments(code, run[0].range.start);
            return Edit::insert_line_before(code, first, ending, &format!("{statement}{ending}"));
        }
        match source.body.first() {
            Some(first) if first.is_string(code) => {
                Edit::insert_line_after(code, first.range.end, ending, &format!("{ending}{statement}"))
            }
            Some(first) => {
                let first = leading_comments(code, first.range.start);
                Edit::insert_line_before(code, first, ending, &format!("{statement}{ending}{ending}"))
            }
            None => Edit::insert_line_after(code, code.len(), ending, &statement),
        }
    }

    /// The statement, over several lines where one is too long.
    fn wrapped_statement(&self, module: &str, layout: &Layout, ending: &str) -> String {
        let statement = self.statement_from(module);
        if statement.len() <= layout.line_length {
            return statement;
        }
        let mut names = self.names.clone();
        names.sort_by_key(|name| member_key(name));
        let names = names.join(&format!(",{ending}    "));
        format!("from {module} import ({ending}    {names},{ending})")
    }
}

/// The start of the comment lines directly above the line of `offset`, or of that line.
fn leading_comments(code: &str, offset: usize) -> usize {
    let mut start = text::line_start(code, offset);
    while start > text::bom_length(code) {
        let previous = text::line_start(code, start - 1);
        let line = &code[previous..start];
        // A shebang or a coding cookie (PEP 263) stays first.
        if !line.starts_with('#') || line.starts_with("#!") || line.contains("coding") {
            break;
        }
        start = previous;
    }
    start
}

/// Imports at module level that follow each other without other statements between them.
fn runs<'a>(source: &Source, imports: &[&'a python::Import]) -> Vec<Vec<&'a python::Import>> {
    let mut runs: Vec<Vec<&python::Import>> = Vec::new();
    let mut last = None;
    // Both are in the order of the text.
    let mut imports = imports.iter().peekable();
    for (position, statement) in source.body.iter().enumerate() {
        while imports.next_if(|import| import.range.start < statement.range.start).is_some() {}
        let Some(import) = imports.next_if(|import| import.range == statement.range) else { continue };
        if last.is_some_and(|last| last + 1 == position) {
            if let Some(run) = runs.last_mut() {
                run.push(import);
            }
        } else {
            runs.push(vec![import]);
        }
        last = Some(position);
    }
    runs
}

fn own_line_in_parentheses(
    code: &str,
    ending: LineEnding,
    name: &str,
    previous: Option<&python::ImportedName>,
    next: Option<&python::ImportedName>,
) -> Vec<Edit> {
    let ending = ending.as_str();
    match (previous, next) {
        (Some(previous), _) => {
            let indentation = text::indentation(code, previous.range.start);
            let behind = code[previous.range.end..].trim_start_matches([' ', '\t']);
            let has_comma = behind.starts_with(',');
            let comma = if has_comma || next.is_some() { "," } else { "" };
            let mut edits = Vec::new();
            if !has_comma {
                edits.push(Edit::insert(previous.range.end, ","));
            }
            edits.push(Edit::insert(
                text::line_end(code, previous.range.end),
                format!("{ending}{indentation}{name}{comma}"),
            ));
            edits
        }
        (None, Some(next)) => {
            let indentation = text::indentation(code, next.range.start);
            vec![Edit::insert_line_before(code, next.range.start, ending, &format!("{indentation}{name},"))]
        }
        (None, None) => Vec::new(),
    }
}

fn section_of_import(layout: &Layout, import: &python::Import) -> Section {
    match import.from.as_deref() {
        Some("__future__") => Section::Future,
        Some(from) => section(layout, from),
        None => import.names.first().map_or(Section::ThirdParty, |name| section(layout, &name.name)),
    }
}

fn section(layout: &Layout, module: &str) -> Section {
    if module.starts_with('.') {
        return Section::Relative;
    }
    let first = module.split('.').next().unwrap_or(module);
    let is_services = layout.services.package.split('.').next() == Some(first);
    if stdlib::is_standard(first) {
        Section::Standard
    } else if is_services || layout.first_party.iter().any(|known| known == first) {
        Section::FirstParty
    } else {
        Section::ThirdParty
    }
}
