//! Names that a module imports or makes, and takes away below: deleted, made `None`, defined again as something else.
//!
//! Only what is certain from the text counts. Where the first thing may live on under another name, or come back, nothing is said.

use std::ops::Range;

use crate::finding::{NAME_TAKEN, NAME_UNKNOWN, Problem};
use crate::project::FilePath;
use crate::source::python::names::attributes_of;
use crate::source::python::{Assignment, Source, uses_of};

/// What takes a name away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rebound {
    /// The statement, or the name in it.
    pub(super) range: Range<usize>,
    /// How it does it.
    pub(super) how: How,
}

/// How a name is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// `del name`
    Deleted,
    /// `name = None`
    Nothing,
    /// `def name`, `class name`, `name = APIRouter()`
    Another,
}

impl How {
    /// The word for it in a message.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Nothing => "made `None`",
            Self::Another => "made another thing",
        }
    }
}

impl Rebound {
    /// What is said of a name that the module at `path` imports from a module of ours.
    pub(super) fn problem(self, path: &FilePath, name: &str) -> Problem {
        let rule = if self.how == How::Deleted { &NAME_UNKNOWN } else { &NAME_TAKEN };
        Problem::new(rule, format!("`{name}` is {} here, after it was imported", self.how.word()))
            .at(path, self.range)
            .help(format!("give this one another name, so that `{name}` stays what was imported"))
    }
}

/// Where the module takes `name` away that it had bound before, of all its text or of what stands before `end`.
pub(super) fn rebound(text: &str, source: &Source, name: &str, end: Option<usize>) -> Option<Rebound> {
    // A function may bring it back, and a module may make its names when they are asked for.
    if text.contains("global") || source.definition_of("__getattr__").is_some() {
        return None;
    }
    let end = end.unwrap_or(text.len());
    let mut bindings = bindings(text, source, name);
    bindings.retain(|binding| binding.place.start < end);
    let last = bindings.iter().max_by_key(|binding| binding.place.start)?;
    let how = last.how.filter(|_| !last.guarded)?;
    if !bindings.iter().any(|binding| binding.place.start < last.place.start) {
        return None;
    }
    let is_nested = |place: usize| {
        let mut functions = source.functions.iter().map(|function| &function.body.range);
        functions.any(|body| body.contains(&place))
    };
    let is_import = |place: usize| source.imports.iter().any(|import| import.range.contains(&place));
    let uses: Vec<usize> = uses_of(text, name).into_iter().map(|place| place.start).collect();
    // A loop or a `with` may bind it again.
    if uses.iter().any(|place| (last.statement.end..end).contains(place) && !is_nested(*place) && !is_import(*place)) {
        return None;
    }
    if how == How::Another {
        let is_called = |place: usize| source.calls.iter().any(|call| call.range.start == place && is_nested(place));
        let imports = source.imports.iter().flat_map(|import| &import.names).filter(|imported| imported.name == name);
        let is_kept = uses.iter().any(|place| *place < last.place.start && !is_called(*place) && !is_import(*place));
        if is_kept || imports.count() > 1 || !attributes_of(text, name).is_empty() {
            return None;
        }
    }
    Some(Rebound { range: last.place.clone(), how })
}

/// What binds or deletes a name at module level.
struct Binding {
    /// The place to show.
    place: Range<usize>,
    /// The statement.
    statement: Range<usize>,
    /// May it not run?
    guarded: bool,
    /// How it takes away what the name was; `None` where it may be the same still.
    how: Option<How>,
}

fn bindings(text: &str, source: &Source, name: &str) -> Vec<Binding> {
    let binding = |place: &Range<usize>, statement: &Range<usize>, guarded: bool, how: Option<How>| Binding {
        place: place.clone(),
        statement: statement.clone(),
        guarded,
        how,
    };
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let binds = |target: &str| target.split(|character| !is_word(character)).any(|word| word == name);
    let imports = source.imports.iter().filter(|import| import.scope.is_module());
    let imports = imports.filter(|import| import.wildcard || import.names.iter().any(|it| it.bound() == name));
    let functions = source.functions.iter().filter(|function| function.scope.is_module() && function.name == name);
    let classes = source.classes.iter().filter(|class| class.scope.is_module() && class.name == name);
    let assignments = source.assignments.iter().filter(|found| {
        found.scope.is_module() && found.value.is_some() && !found.target.contains(['.', '[']) && binds(&found.target)
    });
    let of_assignment = |found: &Assignment| {
        let value = found.value.clone().and_then(|value| text.get(value)).unwrap_or_default();
        match value {
            _ if found.target != name => None,
            "None" => Some(How::Nothing),
            _ if value.starts_with("APIRouter(") && !binds(value) => Some(How::Another),
            _ => None,
        }
    };
    let deletes = source.body.iter().filter(|statement| {
        let code = text.get(statement.range.clone()).unwrap_or_default();
        let names = code.strip_prefix("del ").unwrap_or_default();
        names.split(',').any(|deleted| deleted.trim() == name)
    });
    imports
        .map(|import| binding(&import.range, &import.range, import.scope.guarded, None))
        .chain(functions.map(|it| binding(&it.name_range, &it.range, it.scope.guarded, Some(How::Another))))
        .chain(classes.map(|it| binding(&it.name_range, &it.range, it.scope.guarded, Some(How::Another))))
        .chain(assignments.map(|it| binding(&it.range, &it.range, it.scope.guarded, of_assignment(it))))
        .chain(deletes.map(|it| binding(&it.range, &it.range, false, Some(How::Deleted))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn how(code: &str, name: &str) -> Option<How> {
        rebound(code, &Source::of(code), name, None).map(|found| found.how)
    }

    #[test]
    fn what_takes_a_name_away() {
        for (code, expected) in [
            ("from a import b\n\n\nasync def c():\n    await b()\n\n\nasync def b():\n    pass\n", How::Another),
            ("from a import b\n\nclass b: pass\n", How::Another),
            ("from a import b\nb = APIRouter()\n", How::Another),
            ("b = B()\nb = None\n", How::Nothing),
            ("b = B()\n\n\ndef c():\n    return b\n\n\ndel x, b\n", How::Deleted),
        ] {
            assert_eq!(how(code, "b"), Some(expected), "{code}");
        }
        let code = "from a import b\nb = APIRouter()\nuse(b)\n";
        let end = code.find("use").expect("the use");
        assert!(rebound(code, &Source::of(code), "b", Some(end)).is_some());
    }

    #[test]
    fn what_may_be_the_same_still() {
        for code in [
            "from a import b\n",
            "b = None\n",
            "b = None\nb = B()\n",
            "b: B | None = None\n",
            "from a import b\nb = wrap(b)\n",
            "from a import b\nold = b\n\n\ndef b():\n    old()\n",
            "from a import b\n\n\n@wraps(b)\ndef b():\n    pass\n",
            "from a import b\nfrom a import b as old\n\n\ndef b():\n    old()\n",
            "import a\nfrom a import b\n\n\ndef b():\n    a.b()\n",
            "from a import b\n\nif debug:\n    def b(): pass\n",
            "def b():\n    pass\n\n\nfrom a import b\n",
            "b = B()\nb = None\nfor b in c:\n    pass\n",
            "b = B()\nb = None\n\n\ndef make():\n    global b\n    b = B()\n",
            "b = B()\ndel b\n\n\ndef __getattr__(name):\n    return B()\n",
            "b = B()\n\n\ndef c():\n    b = None\n",
            "b = B()\ndel b.c\ndel b[0]\nb.d = None\n",
        ] {
            assert_eq!(how(code, "b"), None, "{code}");
        }
    }
}
