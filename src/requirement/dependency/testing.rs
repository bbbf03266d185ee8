//! What the tests of requirements on plain files share: a project in memory, and the laws that each case must obey.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::edit;
use crate::finding::Problem;
use crate::project::layout::{Dependencies, Layout};
use crate::project::{File, FilePath, Project};
use crate::requirement::{Assessment, Change, Fix, Recorded, Retraction};

pub fn path(text: &str) -> FilePath {
    FilePath::new(text).expect("a path inside")
}

/// A project of these files at the top of its repository.
pub fn project(files: &[(&str, &str)], dependencies: Result<Dependencies, Problem>) -> Project {
    let env = files.iter().find(|(name, _)| name.starts_with(".env"));
    let layout = Layout {
        dependencies,
        env_example: env.map(|(name, _)| path(name)),
        ignore_files: files.iter().filter(|(name, _)| name.ends_with("ignore")).map(|(name, _)| path(name)).collect(),
        ..Layout::of_nothing()
    };
    let files: BTreeMap<FilePath, Rc<File>> =
        files.iter().map(|(name, text)| (path(name), Rc::new(File::named(name, text.as_bytes())))).collect();
    Project::new(layout, files)
}

/// The project after `fix`.
pub fn apply(project: &Project, fix: &Fix) -> Project {
    let mut result = project.clone();
    for change in &fix.changes {
        let Change::Edit { path, edits } = change else { panic!("only edits: {change:?}") };
        let file = project.file(path).expect("the file that is edited");
        let text = edit::apply(file.text().expect("text"), edits).expect("disjoint edits inside the text");
        result.set(path.clone(), Some(file.with_text(text)));
    }
    result
}

/// The fix of what is missing.
pub fn missing(assessment: Assessment) -> Fix {
    match assessment {
        Assessment::Missing { fix, .. } => fix,
        other => panic!("not missing: {other:?}"),
    }
}

/// The fix that takes something back.
pub fn removed(retraction: Retraction) -> Fix {
    match retraction {
        Retraction::Remove(fix) => fix,
        other => panic!("not removed: {other:?}"),
    }
}

/// The requirements under test, as two functions.
pub struct Question<'a> {
    pub assess: &'a dyn Fn(&Project) -> Assessment,
    pub retract: &'a dyn Fn(&Project, &Recorded) -> Retraction,
}

/// Brings all that is asked for, one after the other, and takes it away in every rotation of the order.
///
/// Returns the project with all of it. Every step is checked: what was brought is met, and nothing is left in the end.
pub fn add_and_retract(before: &Project, questions: &[Question]) -> Project {
    let mut after = before.clone();
    let mut brought: Vec<(usize, Recorded)> = Vec::new();
    let mut scaffolding = Vec::new();
    for (index, question) in questions.iter().enumerate() {
        match (question.assess)(&after) {
            Assessment::Missing { fix, .. } => {
                after = apply(&after, &fix);
                scaffolding.extend(fix.record.scaffolding.clone());
                brought.push((index, Recorded { record: fix.record, scaffolding: Vec::new() }));
                let again = (question.assess)(&after);
                assert!(matches!(again, Assessment::Met { .. }), "not met after the fix: {again:?}\n{}", show(&after));
            }
            Assessment::Met { .. } => {}
            other => panic!("neither met nor missing: {other:?}\n{}", show(before)),
        }
    }
    for (_, recorded) in &mut brought {
        recorded.scaffolding.clone_from(&scaffolding);
    }
    for start in 0..brought.len() {
        for backwards in [false, true] {
            let mut order: Vec<&(usize, Recorded)> = brought[start..].iter().chain(&brought[..start]).collect();
            if backwards {
                order.reverse();
            }
            let mut left = after.clone();
            for (index, recorded) in order {
                left = apply(&left, &removed((questions[*index].retract)(&left, recorded)));
                let gone = (questions[*index].retract)(&left, recorded);
                assert!(matches!(gone, Retraction::Gone), "still there: {gone:?}\n{}", show(&left));
            }
            assert_eq!(show(&left), show(before), "something is left, order from {start}, backwards: {backwards}");
        }
    }
    after
}

/// The texts of a project, for comparison.
pub fn show(project: &Project) -> String {
    let texts = project.files().map(|(path, file)| format!("=== {path}\n{}<end>\n", file.text().unwrap_or("?")));
    texts.collect::<Vec<_>>().concat()
}

/// The project with `\r\n` for `\n`.
pub fn with_returns(project: &Project) -> Project {
    let mut result = project.clone();
    for (path, file) in project.files() {
        let text = file.text().expect("text").replace('\n', "\r\n");
        result.set(path.clone(), Some(file.with_text(text)));
    }
    result
}

/// Brings all of it, checks every law, and returns the project.
pub fn check(before: &Project, questions: &[Question]) -> Project {
    let after = add_and_retract(before, questions);
    // A text without a line break has no ending to keep.
    if before.files().all(|(_, file)| file.text().is_some_and(|text| text.contains('\n') && !text.contains('\r'))) {
        let returns = add_and_retract(&with_returns(before), questions);
        assert_eq!(show(&returns), show(&with_returns(&after)), "another result with CRLF");
    }
    after
}
