//! An image that a component needs in place of one that is there: PostGIS for PostgreSQL.
//!
//! The service is found by its image, whatever its name is, and only the text of the image changes. An image that cannot
//! be mapped surely (another registry, a digest, a variable, no version) is reported and left.

use super::compose::{self, Document};
use super::service::the_one_that_is_used;
use super::{Assessment, Fix, Recorded, Retraction};
use crate::component::manifest;
use crate::finding::{IMAGE, Problem};
use crate::project::Project;
use crate::project::compose::with_defaults;
use crate::source::yaml::{Entry, Node, Style, Value};

/// An image that stands for another one.
#[derive(Debug, Clone, Copy)]
pub struct Image {
    /// What the component says of it.
    pub manifest: &'static manifest::Image,
}

/// The parts of an image's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reference {
    /// `ghcr.io` of `ghcr.io/owner/name:tag`.
    pub registry: Option<String>,
    /// `owner/name`
    pub repository: String,
    /// `tag`
    pub tag: Option<String>,
    /// Is it pinned by a digest?
    pub has_digest: bool,
    /// Was a part of it a variable?
    pub has_variables: bool,
}

impl Reference {
    /// The parts of `image`; variables are read with their defaults.
    pub fn parse(image: &str) -> Self {
        let expanded = with_defaults(image);
        let text = expanded.text.trim();
        let (text, has_digest) = match text.split_once('@') {
            Some((text, _)) => (text, true),
            None => (text, false),
        };
        let (path, tag) = match text.rsplit_once(':') {
            Some((path, tag)) if !tag.contains('/') => (path, Some(tag.to_owned())),
            _ => (text, None),
        };
        let (registry, repository) = match path.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (Some(first.to_owned()), rest),
            _ => (None, path),
        };
        let repository = repository.trim_start_matches('/').to_owned();
        Self { registry, repository, tag, has_digest, has_variables: expanded.has_variables }
    }

    /// Is it this repository, perhaps as a mirror or another publisher has it (`docker.io/library/redis`, `bitnami/redis`)?
    pub fn is_repository(&self, repository: &str) -> bool {
        self.repository == repository
            || self.repository.strip_suffix(repository).is_some_and(|before| before.ends_with('/'))
    }

    /// The name as it is written, without a digest.
    fn written(&self) -> String {
        let registry = self.registry.as_ref().map(|registry| format!("{registry}/")).unwrap_or_default();
        let tag = self.tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default();
        format!("{registry}{}{tag}", self.repository)
    }

    /// The last part of the repository: `name`.
    fn name(&self) -> &str {
        self.repository.rsplit('/').next().unwrap_or(&self.repository)
    }
}

/// Names of Debian's releases in tags of official images: what Debian is is the default of the new image.
const DEBIAN: &[&str] = &["buster", "bullseye", "bookworm", "trixie", "forky"];

impl Image {
    /// Does the service have the image?
    pub fn assess(&self, project: &Project) -> Assessment {
        let (replaces, by) = (self.manifest.replaces, self.manifest.by);
        let document = match compose::open(project) {
            Ok(Some(document)) => document,
            Ok(None) => {
                return Assessment::NotApplicable {
                    note: format!("no compose file: the database must have what `{by}` has"),
                };
            }
            Err(problem) => return Assessment::Blocked { problem },
        };
        let with_image: Vec<(&Entry, Reference)> = document
            .services()
            .into_iter()
            .filter_map(|service| Some((service, Reference::parse(document.scalar_of(service, "image")?))))
            .collect();
        let mut candidates: Vec<&Entry> =
            with_image.iter().filter(|(_, image)| self.is_family(image)).map(|(service, _)| *service).collect();
        candidates = the_one_that_is_used(&compose::model(project), project, &candidates);
        let service = match candidates.as_slice() {
            [] => return self.no_service(&document, &with_image),
            [service] => *service,
            several => {
                let image = |service: &&&Entry| document.scalar_of(service, "image").map(Reference::parse);
                if several.iter().all(|service| image(&service).is_some_and(|image| self.is_met_by(&image))) {
                    let at = several.first().map(|service| document.at(service.key_range.clone()));
                    return Assessment::Met { at };
                }
                let names: Vec<String> = several.iter().map(|service| format!("`{}`", service.key)).collect();
                let mut problem = Problem::new(
                    &IMAGE,
                    format!("several services may be the application's database: {}", names.join(", ")),
                )
                .help("list the one to change under `depends_on` of the application's service");
                for service in several {
                    let place = document.at(service.key_range.clone());
                    if problem.at.is_none() {
                        problem.at = Some(place);
                    } else {
                        problem = problem.related(place, format!("`{}`", service.key));
                    }
                }
                return Assessment::Blocked { problem };
            }
        };
        let Some(entry) = document.get(service, "image") else {
            return Assessment::NotApplicable { note: format!("the service `{}` has no image", service.key) };
        };
        let written = document.source.scalar(&entry.value).unwrap_or_default();
        let reference = Reference::parse(written);
        let range = entry.value.range.clone();
        if self.is_met_by(&reference) {
            return Assessment::Met { at: Some(document.at(range)) };
        }
        let problem = |why: String| {
            Problem::new(
                &IMAGE,
                format!(
                    "the service `{}` runs `{written}`, and `{by}` in place of `{replaces}` is needed: {why}",
                    service.key
                ),
            )
            .at(document.path, range.clone())
        };
        let blocked =
            |why: &str| Assessment::Blocked { problem: problem(why.to_owned()).help(self.what_to_do(&reference)) };
        if matches!(entry.value.value, Value::Alias(_)) {
            return blocked("the image is an alias, which other services may share");
        }
        if !service.value.own("image").is_some_and(|own| own.value.range == range) {
            return blocked("the image comes from a merge key, which other services may share");
        }
        if document.get(service, "build").is_some() {
            return blocked("the service is built, and the image is what the build is called");
        }
        if reference.has_variables {
            return blocked("the image is chosen by a variable");
        }
        if reference.has_digest {
            return blocked("the image is pinned by a digest");
        }
        if reference.registry.is_some() {
            return blocked("the image comes from a registry of its own");
        }
        if reference.repository != replaces.0 && reference.repository != format!("library/{replaces}") {
            return blocked("the image is PostgreSQL with something else added");
        }
        let tag = match self.tag(reference.tag.as_deref()) {
            Ok(tag) => tag,
            Err(why) => return blocked(&why),
        };
        let new = format!("{by}:{tag}");
        let style = match &entry.value.value {
            Value::Scalar(_, style @ (Style::Plain | Style::Single | Style::Double)) => *style,
            _ => return blocked("the image is written in an unusual way"),
        };
        let old = document.source.text().get(range.clone()).unwrap_or_default().to_owned();
        let new_text = match style {
            Style::Single => format!("'{new}'"),
            Style::Double => format!("\"{new}\""),
            _ => new.clone(),
        };
        let fix = Fix::edit(document.path, vec![crate::edit::Edit::replace(range.clone(), new_text)])
            .text(new.clone())
            .replaced(old);
        Assessment::Missing { problem: problem(format!("write `{new}`")), fix }
    }

    /// Puts the image back that was there, where ours still stands.
    pub fn retract(&self, project: &Project, recorded: &Recorded) -> Retraction {
        let document = match compose::open(project) {
            Ok(Some(document)) => document,
            Ok(None) => return Retraction::Gone,
            Err(problem) => return compose::keep(problem),
        };
        let (Some(ours), Some(replaced)) = (&recorded.record.text, &recorded.record.replaced) else {
            return Retraction::Gone;
        };
        let services = document.services();
        let images: Vec<&Node> =
            services.iter().filter_map(|service| Some(&service.value.own("image")?.value)).collect();
        let found: Vec<&Node> = images.iter().copied().filter(|image| image.scalar() == Some(ours)).collect();
        match found.as_slice() {
            [] => {
                let other = images
                    .iter()
                    .find(|image| image.scalar().is_some_and(|image| self.is_met_by(&Reference::parse(image))));
                match other {
                    Some(image) => Retraction::Keep {
                        at: Some(document.at(image.range.clone())),
                        why: format!("the image is not `{ours}` any more"),
                    },
                    None => Retraction::Gone,
                }
            }
            [image] => Retraction::Remove(Fix::edit(
                document.path,
                vec![crate::edit::Edit::replace(image.range.clone(), replaced.clone())],
            )),
            [image, ..] => Retraction::Keep {
                at: Some(document.at(image.range.clone())),
                why: format!("several services have the image `{ours}`"),
            },
        }
    }

    /// What to do where the image cannot be replaced: another one, or one that is built from the one that is there.
    fn what_to_do(self, there: &Reference) -> String {
        let choose = format!("choose an image with {} yourself, such as `{}`", self.manifest.title, self.example());
        let tag = there.tag.as_deref().unwrap_or_default();
        let line = if tag.contains("alpine") { self.manifest.on_alpine } else { self.manifest.on_debian };
        match line.filter(|_| !there.has_variables) {
            Some(line) => format!(
                "{choose}, or build one from what is there: a Dockerfile with `FROM {}` and `{line}`",
                there.written()
            ),
            None => choose,
        }
    }

    fn example(self) -> String {
        let tag = self.manifest.tags.0.last().map_or("latest", |(_, tag)| tag.0);
        format!("{}:{tag}", self.manifest.by)
    }

    /// Is it the image that is needed, or one that brings the same?
    fn is_met_by(self, image: &Reference) -> bool {
        let wanted = self.manifest.by.rsplit('/').next().unwrap_or(self.manifest.by.0);
        image.name().contains(wanted) || self.manifest.brings.iter().any(|known| image.is_repository(known))
    }

    /// Is it what is replaced, what replaces it, or a relative of both?
    fn is_family(self, image: &Reference) -> bool {
        let name = image.name();
        let tools = ["exporter", "backup", "bouncer", "pgadmin", "operator", "pgpool", "postgrest"];
        if tools.iter().any(|tool| name.contains(tool)) || image.repository.contains("backup") {
            return false;
        }
        self.is_met_by(image)
            || image.is_repository(self.manifest.replaces.0)
            || (self.manifest.replaces.0 == "postgres"
                && ["postgres", "postgis", "timescaledb", "pgvector", "pgvecto-rs", "vectorchord"]
                    .iter()
                    .any(|part| name.contains(part)))
    }

    fn no_service(self, document: &Document<'_>, services: &[(&Entry, Reference)]) -> Assessment {
        let (replaces, by) = (self.manifest.replaces, self.manifest.by);
        let others = ["mysql", "mariadb", "mssql", "mssql-server", "oracle", "cockroach"];
        if let Some((service, image)) = services.iter().find(|(_, image)| others.contains(&image.name())) {
            let problem = Problem::new(
                &IMAGE,
                format!("the database service `{}` runs `{}`, not `{replaces}`", service.key, image.repository),
            )
            .at(document.path, service.key_range.clone())
            .help(format!("`{by}` is an extension of PostgreSQL: the application needs such a database"));
            return Assessment::Blocked { problem };
        }
        Assessment::NotApplicable {
            note: format!(
                "no service of `{}` runs a `{replaces}` image: the database must have what `{by}` has",
                document.path
            ),
        }
    }

    /// The new tag for an old one: the major version stays, and Alpine stays Alpine.
    fn tag(self, old: Option<&str>) -> Result<String, String> {
        let old = old.filter(|tag| *tag != "latest").ok_or("its tag does not say which major version it is")?;
        let (version, suffix) = old.split_once('-').unwrap_or((old, ""));
        let is_version =
            version.split('.').all(|part| !part.is_empty() && part.chars().all(|digit| digit.is_ascii_digit()));
        if !is_version {
            return Err("its tag does not say which major version it is".to_owned());
        }
        let major = version.split('.').next().unwrap_or(version);
        let Some(new) = self.manifest.tags.get(major) else {
            return Err(format!("there is no such image for version {major}"));
        };
        if suffix.is_empty() || DEBIAN.contains(&suffix) {
            return Ok(new.to_owned());
        }
        let is_alpine = suffix
            .strip_prefix("alpine")
            .is_some_and(|release| release.chars().all(|character| character.is_ascii_digit() || character == '.'));
        match self.manifest.alpine {
            Some(alpine) if is_alpine => Ok(format!("{new}{alpine}")),
            None if is_alpine => Err(format!("there is no image of {} on Alpine", self.manifest.title)),
            _ => Err(format!("the variant `{suffix}` of its tag is not known")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::compose::testing::{self, Want};
    use super::*;
    use crate::component::manifest::{List, Table, Text, When};

    static POSTGIS: manifest::Image = manifest::Image {
        replaces: Text("postgres"),
        by: Text("postgis/postgis"),
        title: Text("PostGIS"),
        alpine: Some(Text("-alpine")),
        brings: List(&[Text("timescale/timescaledb-ha")]),
        on_debian: Some(Text("RUN apt-get install postgis")),
        on_alpine: None,
        when: When(&[]),
        tags: Table(&[(Text("16"), Text("16-3.5")), (Text("17"), Text("17-3.5")), (Text("18"), Text("18-3.6"))]),
    };
    const IMAGE: Image = Image { manifest: &POSTGIS };

    fn want<'a>() -> Want<'a> {
        Want {
            assess: &|project| IMAGE.assess(project),
            retract: &|project, recorded| IMAGE.retract(project, recorded),
        }
    }

    fn file(image: &str) -> String {
        format!("services:\n  pg:\n    image: {image}\n    restart: always\n")
    }

    #[test]
    fn the_major_version_and_alpine_stay() {
        for (old, new) in [
            ("postgres:16", "postgis/postgis:16-3.5"),
            ("postgres:16.4-alpine", "postgis/postgis:16-3.5-alpine"),
            ("'postgres:17-alpine3.20' # old", "'postgis/postgis:17-3.5-alpine' # old"),
            ("\"postgres:18.3-trixie\"", "\"postgis/postgis:18-3.6\""),
            ("library/postgres:16-bookworm", "postgis/postgis:16-3.5"),
        ] {
            testing::check_add(&want(), &file(old), &file(new));
        }
    }

    #[test]
    fn an_image_that_brings_it_is_left() {
        for image in [
            "postgis/postgis:16-3.4",
            "ghcr.io/me/postgis",
            "imresamu/postgis:17",
            "timescale/timescaledb-ha:pg16",
            "kartoza/postgis",
        ] {
            testing::check_met(&want(), &file(image));
        }
    }

    #[test]
    fn what_cannot_be_mapped_is_reported_and_left() {
        for (image, why) in [
            ("postgres", "its tag does not say which major version it is"),
            ("postgres:latest", "its tag does not say which major version it is"),
            ("postgres:18beta1", "its tag does not say which major version it is"),
            ("postgres:12", "there is no such image for version 12"),
            ("postgres:16-windows", "the variant `windows` of its tag is not known"),
            ("postgres:16@sha256:00", "the image is pinned by a digest"),
            ("${PG_IMAGE:-postgres:16}", "the image is chosen by a variable"),
            ("postgres:${PG_VERSION:-16}-alpine", "the image is chosen by a variable"),
            ("docker.io/library/postgres:16", "the image comes from a registry of its own"),
            ("localhost:5000/postgres:16", "the image comes from a registry of its own"),
            ("pgvector/pgvector:pg16", "the image is PostgreSQL with something else added"),
            ("timescale/timescaledb:latest-pg16", "the image is PostgreSQL with something else added"),
            ("mysql:8", "the database service `pg` runs `mysql`, not `postgres`"),
        ] {
            let problem = testing::check_blocked(&want(), &file(image));
            assert!(problem.message.ends_with(why), "{image}: {}", problem.message);
        }
        let built = "services:\n  pg:\n    build: .\n    image: postgres:16\n";
        assert!(testing::check_blocked(&want(), built).message.contains("is built"));
        let alias = "x-i: &i postgres:16\nservices:\n  pg:\n    image: *i\n";
        assert!(testing::check_blocked(&want(), alias).message.ends_with("which other services may share"));
    }

    #[test]
    fn what_must_be_built_is_said() {
        let help = |image: &str| testing::check_blocked(&want(), &file(image)).help.unwrap_or_default();
        let built = "or build one from what is there: a Dockerfile with `FROM ghcr.io/me/pgvector:pg16` and `RUN apt-get install postgis`";
        assert!(help("ghcr.io/me/pgvector:pg16").ends_with(built), "{}", help("ghcr.io/me/pgvector:pg16"));
        assert!(help("me/timescaledb:16-alpine").ends_with("such as `postgis/postgis:18-3.6`"));
        assert!(help("${PG_IMAGE:-postgres:16}").ends_with("such as `postgis/postgis:18-3.6`"));

        static WITHOUT_ALPINE: manifest::Image = manifest::Image { alpine: None, ..POSTGIS };
        let image = Image { manifest: &WITHOUT_ALPINE };
        let want = Want {
            assess: &|project| image.assess(project),
            retract: &|project, recorded| image.retract(project, recorded),
        };
        let problem = testing::check_blocked(&want, &file("postgres:16.4-alpine"));
        assert!(problem.message.ends_with("there is no image of PostGIS on Alpine"), "{}", problem.message);
    }

    #[test]
    fn a_database_with_another_extension_is_the_database() {
        static VECTOR: manifest::Image =
            manifest::Image { by: Text("pgvector/pgvector"), brings: List(&[]), ..POSTGIS };
        let image = Image { manifest: &VECTOR };
        let want = Want {
            assess: &|project| image.assess(project),
            retract: &|project, recorded| image.retract(project, recorded),
        };
        for there in ["postgis/postgis:16-3.5", "imresamu/postgis:17", "timescale/timescaledb:latest-pg16"] {
            let problem = testing::check_blocked(&want, &file(there));
            assert!(problem.message.ends_with("the image is PostgreSQL with something else added"), "{there}");
        }
    }

    #[test]
    fn tools_beside_the_database_are_not_the_database() {
        let text = "services:\n  e:\n    image: prometheuscommunity/postgres-exporter\n  b:\n    image: x/postgres-backup:16\n  pg:\n    image: postgres:16\n";
        testing::check_add(
            &want(),
            text,
            &text
                .replace("postgres:16", "postgis/postgis:16-3.5")
                .replace("x/postgis/postgis", "x/postgres")
                .replace("postgres-backup:16-3.5", "postgres-backup:16"),
        );
    }

    #[test]
    fn two_databases_are_named_where_the_application_does_not_tell() {
        let two = "services:\n  app:\n    build: .\n    environment: {URL: \"x://db:5432/a\"}\n  db:\n    image: postgres:16\n  test:\n    image: postgres:16\n";
        let after = two.replacen("postgres:16", "postgis/postgis:16-3.5", 1);
        testing::check_add(&want(), two, &after);
        let problem = testing::check_blocked(&want(), &two.replace("@db", "@x").replace("x://db:5432/a", "y"));
        assert_eq!(problem.message, "several services may be the application's database: `db`, `test`");
    }

    #[test]
    fn without_a_database_it_does_not_apply() {
        assert!(matches!(IMAGE.assess(&testing::project("services: {}\n")), Assessment::NotApplicable { .. }));
    }

    #[test]
    fn an_image_that_the_user_changed_since_stays() {
        let recorded = Recorded {
            record: super::super::Record {
                text: Some("postgis/postgis:16-3.5".to_owned()),
                replaced: Some("postgres:16".to_owned()),
                scaffolding: Vec::new(),
            },
            scaffolding: Vec::new(),
        };
        let kept = IMAGE.retract(&testing::project(&file("postgis/postgis:17-3.5")), &recorded);
        assert!(matches!(kept, Retraction::Keep { .. }));
        let gone = IMAGE.retract(&testing::project(&file("mysql")), &recorded);
        assert!(matches!(gone, Retraction::Gone));
    }

    #[test]
    fn the_parts_of_a_name() {
        let parts = |image: &str| {
            let reference = Reference::parse(image);
            (reference.registry.unwrap_or_default(), reference.repository, reference.tag.unwrap_or_default())
        };
        let expected =
            |registry: &str, repository: &str, tag: &str| (registry.to_owned(), repository.to_owned(), tag.to_owned());
        assert_eq!(parts("redis"), expected("", "redis", ""));
        assert_eq!(parts("quay.io/minio/minio:1"), expected("quay.io", "minio/minio", "1"));
        assert_eq!(parts("localhost:5000/redis"), expected("localhost:5000", "redis", ""));
        assert_eq!(parts("a/b:c@sha256:d"), expected("", "a/b", "c"));
        assert_eq!(parts(""), expected("", "", ""));
        assert!(!Reference::parse("x/myredis").is_repository("redis"));
    }
}
