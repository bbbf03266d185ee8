//! What the tests of the requirements on a compose file share.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::component::manifest;
use crate::edit::apply;
use crate::finding::Problem;
use crate::project::compose::application_service;
use crate::project::compose::model::Model;
use crate::project::layout::{Compose, Layout, Services};
use crate::project::{File, FilePath, Project};
use crate::requirement::{Assessment, Change, Fix, Recorded, Retraction};
use crate::source::yaml::Source;

pub const REDIS: manifest::Service = manifest::Service {
    name: manifest::Text("redis"),
    template: manifest::Text("compose.yml"),
    images: manifest::List(&[
        manifest::Text("redis"),
        manifest::Text("valkey/valkey"),
        manifest::Text("bitnami/redis"),
    ]),
    volumes: manifest::List(&[manifest::Text("redis_data")]),
    server: None,
    body: manifest::Text(
        "redis:\n  image: redis:7-alpine\n  ports:\n    - \"127.0.0.1:6379:6379\"\n  volumes:\n    - redis_data:/data\n",
    ),
    when: manifest::When(&[]),
};

pub const MINIO: manifest::Service = manifest::Service {
    name: manifest::Text("minio"),
    template: manifest::Text("compose.yml"),
    images: manifest::List(&[manifest::Text("minio/minio")]),
    volumes: manifest::List(&[manifest::Text("minio_data")]),
    server: None,
    body: manifest::Text(
        "minio:\n  image: minio/minio:1\n  volumes:\n    - minio_data:/data\n  healthcheck:\n    test: [\"CMD\", \"mc\", \"ready\"]\n",
    ),
    when: manifest::When(&[]),
};

/// A project of one compose file. Its application is found as discovery finds it.
pub fn project(compose: &str) -> Project {
    project_of(compose, &[])
}

/// A project of a compose file and other files.
pub fn project_of(compose: &str, others: &[(&str, &str)]) -> Project {
    let path = FilePath::top().child("docker-compose.yml");
    let mut files = BTreeMap::from([(path.clone(), Rc::new(File::new(compose.as_bytes())))]);
    files.extend(
        others.iter().map(|(name, text)| (FilePath::new(name).expect("inside"), Rc::new(File::new(text.as_bytes())))),
    );
    let read = |path: &FilePath| files.get(path).cloned();
    let model = Model::of(&path, &read).expect("it is small");
    let application = application_service(&model, &path, &FilePath::top(), "app.main", &read);
    let layout = Layout {
        import_roots: vec![FilePath::top()],
        services: Services {
            folder: FilePath::top().child("app").child("services"),
            package: "app.services".to_owned(),
            needs_init: true,
            names: BTreeMap::new(),
        },
        compose: Ok(Some(Compose { path: path.clone(), application, others: Vec::new() })),
        ..Layout::of_nothing()
    };
    Project::new(layout, files)
}

/// The text of the compose file.
pub fn compose_text(project: &Project) -> String {
    let path = FilePath::top().child("docker-compose.yml");
    project.text(&path).unwrap_or_default().to_owned()
}

/// The project after the changes of `fix`; checks that the text still parses.
pub fn fixed(project: &Project, fix: &Fix) -> Project {
    let mut result = project.clone();
    for change in &fix.changes {
        let Change::Edit { path, edits } = change else { panic!("a compose file is edited, not written") };
        let file = result.file(path).expect("the file is there").clone();
        let text = apply(file.text().expect("it is text"), edits).expect("edits are disjoint");
        Source::parse(&text).unwrap_or_else(|error| panic!("no valid YAML: {error:?}\n{text}"));
        result.set(path.clone(), Some(file.with_bytes(text.into_bytes())));
    }
    result
}

type Assess<'a> = &'a dyn Fn(&Project) -> Assessment;
type Retract<'a> = &'a dyn Fn(&Project, &Recorded) -> Retraction;

/// A requirement as its two questions.
pub struct Want<'a> {
    pub assess: Assess<'a>,
    pub retract: Retract<'a>,
}

/// Adds: the project afterwards, and what the lock would record.
pub fn add(want: &Want<'_>, project: &Project) -> (Project, Fix) {
    let fix = match (want.assess)(project) {
        Assessment::Missing { fix, .. } | Assessment::Drifted { fix: Some(fix), .. } => fix,
        other => panic!("not missing: {other:?}\n{}", compose_text(project)),
    };
    let after = fixed(project, &fix);
    let again = (want.assess)(&after);
    assert!(matches!(again, Assessment::Met { .. }), "not met after the fix: {again:?}\n{}", compose_text(&after));
    (after, fix)
}

/// Removes: the project afterwards.
pub fn remove(want: &Want<'_>, project: &Project, recorded: &Recorded) -> Project {
    match (want.retract)(project, recorded) {
        Retraction::Remove(fix) => fixed(project, &fix),
        other => panic!("not removed: {other:?}\n{}", compose_text(project)),
    }
}

/// Adds to `before`, which must become `after`; then the laws: removing gives `before` back, and all of it holds
/// with CRLF, without a final newline and with a byte order mark.
pub fn check_add(want: &Want<'_>, before: &str, after: &str) -> Fix {
    let (added, fix) = add(want, &project(before));
    assert_eq!(compose_text(&added), after);
    let recorded = |fix: &Fix| Recorded { record: fix.record.clone(), scaffolding: fix.record.scaffolding.clone() };
    let removed = remove(want, &added, &recorded(&fix));
    assert_eq!(compose_text(&removed), before);
    let variants: [&dyn Fn(&str) -> String; 3] =
        [&|text| text.replace('\n', "\r\n"), &|text| text.trim_end_matches('\n').to_owned(), &|text| {
            format!("\u{feff}{text}")
        }];
    for variant in variants {
        let before = variant(before);
        let (added, fix) = add(want, &project(&before));
        if !before.trim_start_matches('\u{feff}').is_empty() {
            assert_eq!(compose_text(&added), variant(after));
        }
        assert_eq!(compose_text(&remove(want, &added, &recorded(&fix))), before);
    }
    fix
}

/// The reason why it is blocked.
pub fn check_blocked(want: &Want<'_>, text: &str) -> Problem {
    match (want.assess)(&project(text)) {
        Assessment::Blocked { problem } => problem,
        other => panic!("not blocked: {other:?}"),
    }
}

/// It is there already.
pub fn check_met(want: &Want<'_>, text: &str) {
    let assessment = (want.assess)(&project(text));
    assert!(matches!(assessment, Assessment::Met { .. }), "not met: {assessment:?}");
}
