//! An image that a component needs in place of one that is there: PostGIS for PostgreSQL.
//!
//! The service is found by its image, whatever its name is, and only the text of the image changes. An image that cannot
//! be mapped surely (another registry, a digest, a variable, no version) is reported and left.

use super::compose::{self, Document};
use super::image_reference::Reference;
use super::service::the_one_that_is_used;
use super::{Assessment, Fix, NO_COMPOSE_FILE, Recorded, Retraction, dependency};
use crate::component::{COMPONENTS, manifest};
use crate::finding::{IMAGE, Location, Problem};
use crate::project::Project;
use crate::source::yaml::{Entry, Node, Style, Value};

/// An image that stands for another one.
#[derive(Debug, Clone)]
pub struct Image {
    /// What the component says of it.
    pub manifest: &'static manifest::Image,
    /// Databases that would stand in its place.
    others: Vec<&'static manifest::OtherDatabase>,
}

/// Docker Hub, by its own names: an image without a registry comes from there.
const DOCKER_HUB: &[&str] = &["docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"];

/// Names of Debian's releases in tags of official images: what Debian is is the default of the new image.
const DEBIAN: &[&str] = &["buster", "bullseye", "bookworm", "trixie", "forky"];

impl Image {
    /// What a component needs of the database, beside the ones that are or will be in the project. A database that one of them
    /// brings is no sign of what the application has for the rest.
    pub fn new(manifest: &'static manifest::Image, installed: &[&str]) -> Self {
        let there = COMPONENTS.iter().filter(|component| installed.contains(&component.id()));
        let images: Vec<&str> = there
            .flat_map(|component| component.manifest.service.iter())
            .flat_map(|service| service.images.iter().map(|image| image.0))
            .collect();
        let is_brought = |other: &manifest::OtherDatabase| other.images.iter().any(|image| images.contains(&image.0));
        Self { manifest, others: manifest.others.iter().filter(|other| !is_brought(other)).collect() }
    }

    /// The stable name in `paxx.lock`.
    pub fn id(&self) -> String {
        format!("image:{}", self.manifest.by)
    }

    /// What it is, as a phrase for the summary.
    pub fn title(&self, _project: &Project) -> String {
        format!("image `{}`", self.manifest.by)
    }

    /// Does the service have the image?
    pub fn assess(&self, project: &Project) -> Assessment {
        let (replaces, by) = (self.manifest.replaces, self.manifest.by);
        let document = match compose::open(project) {
            Ok(Some(document)) => document,
            Ok(None) => {
                if let Some(problem) = self.other_database(project, None) {
                    return Assessment::Blocked { problem };
                }
                return Assessment::NotApplicable {
                    note: format!("{NO_COMPOSE_FILE}: the database must have what `{by}` has"),
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
            [] => return self.no_service(project, &document, &with_image),
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
            |why: &str| Assessment::Blocked { problem: problem(why.to_owned()).help(self.advice(&reference)) };
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
        if let Some(relative) = self.relative(&reference) {
            return blocked(&format!("the image is `{replaces}` with {}", relative.title));
        }
        if reference.registry.as_ref().is_some_and(|registry| !DOCKER_HUB.contains(&registry.as_str())) {
            return blocked("the image comes from a registry of its own");
        }
        if reference.repository != replaces.0 && reference.repository != format!("library/{replaces}") {
            return blocked(&format!("the image is `{replaces}` with something else added"));
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
        let major = reference.major().unwrap_or_default();
        let ended = self.manifest.ended.iter().any(|ended| ended.0 == major);
        let note =
            ended.then(|| format!("`{new}` is the last image for version {major}, and gets no updates any more"));
        let fix = Fix { notes: note.into_iter().collect(), ..fix };
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

    /// What to write or build in place of an image that is not replaced.
    fn advice(&self, there: &Reference) -> String {
        let tag = there.tag.as_deref();
        let last = || self.manifest.tags.0.last().map_or("latest", |(_, tag)| tag.0).to_owned();
        // Data of one major version do not start on another.
        let of_major =
            || there.major().and_then(|major| self.manifest.tags.get(&major)).map_or_else(last, str::to_owned);
        let image = format!("{}:{}", self.manifest.by, self.tag(tag).unwrap_or_else(|_| of_major()));
        let choose = format!("choose an image with {} yourself, such as `{image}`", self.manifest.title);
        if there.has_variables {
            return choose;
        }
        let relative = self.relative(there);
        let way = match (relative, &there.registry) {
            (Some(relative), _) => relative.both.zip(there.major()).map(|(both, major)| {
                format!("`{}` has both, with another data folder", both.replace("{major}", &major))
            }),
            _ if there.has_digest => {
                Some(format!("write `{image}` yourself, with the digest of the one that you trust"))
            }
            (None, Some(registry)) if self.tag(tag).is_ok() => {
                Some(format!("put `{image}` into `{registry}` and write it here"))
            }
            _ => Some(choose),
        };
        let is_alpine =
            tag.is_some_and(|tag| tag.contains("alpine")) || relative.is_some_and(|relative| relative.is_alpine);
        let line = if is_alpine { self.manifest.on_alpine } else { self.manifest.on_debian };
        let built = line.map(|line| {
            format!("build one from what is there: a Dockerfile with `FROM {}` and `{line}`", there.written())
        });
        way.into_iter().chain(built).collect::<Vec<_>>().join(", or ")
    }

    /// What else the image brings.
    fn relative(&self, image: &Reference) -> Option<&'static manifest::ImageRelative> {
        let name = image.name();
        self.manifest.relatives.iter().find(|relative| name.contains(relative.part.0))
    }

    /// Is it the image that is needed, or one that brings the same?
    fn is_met_by(&self, image: &Reference) -> bool {
        let wanted = self.manifest.by.rsplit('/').next().unwrap_or(self.manifest.by.0);
        image.name().contains(wanted) || self.manifest.brings.iter().any(|known| image.is_repository(known))
    }

    /// Is it what is replaced, what replaces it, or a relative of both?
    fn is_family(&self, image: &Reference) -> bool {
        let name = image.name();
        let tools = ["exporter", "backup", "bouncer", "pgadmin", "operator", "pgpool", "postgrest"];
        if tools.iter().any(|tool| name.contains(tool)) || image.repository.contains("backup") {
            return false;
        }
        self.is_met_by(image)
            || image.is_repository(self.manifest.replaces.0)
            || name.contains(self.manifest.replaces.0)
            || self.relative(image).is_some()
    }

    fn no_service(&self, project: &Project, document: &Document<'_>, services: &[(&Entry, Reference)]) -> Assessment {
        let (replaces, by) = (self.manifest.replaces, self.manifest.by);
        let other = services.iter().find_map(|(service, image)| {
            let other = self.others.iter().find(|other| other.images.iter().any(|name| name.0 == image.name()))?;
            let at = document.at(service.key_range.clone());
            Some((at, format!("the service `{}` runs {}", service.key, other.title)))
        });
        if let Some(problem) = self.other_database(project, other) {
            return Assessment::Blocked { problem };
        }
        Assessment::NotApplicable {
            note: format!(
                "no service of `{}` runs a `{replaces}` image: the database must have what `{by}` has",
                document.path
            ),
        }
    }

    /// Why the component is of no use here: the project has another kind of database, and nothing that speaks to this one.
    fn other_database(&self, project: &Project, service: Option<(Location, String)>) -> Option<Problem> {
        let by = self.manifest.by;
        let listed = dependency::listed(project).unwrap_or_default();
        let mut used = listed.iter().filter(|listed| listed.used == dependency::Use::Application);
        if used.clone().any(|listed| self.manifest.drivers.iter().any(|driver| driver.0 == listed.name)) {
            return None;
        }
        let (at, what) = service
            .or_else(|| {
                used.find_map(|listed| {
                    let speaks =
                        |other: &&&manifest::OtherDatabase| other.packages.iter().any(|name| name.0 == listed.name);
                    let other = self.others.iter().find(speaks)?;
                    Some((listed.at.clone(), format!("`{}` speaks to {}", listed.name, other.title)))
                })
            })
            .or_else(|| self.other_url(project))?;
        let what = format!("{what}, and nothing here speaks to PostgreSQL");
        let help = format!("`{by}` is an extension of PostgreSQL, which the application has to move to first");
        Some(Problem::new(&IMAGE, what).at(&at.path, at.range).help(help))
    }

    /// A URL of another database in the settings or in the application.
    fn other_url(&self, project: &Project) -> Option<(Location, String)> {
        let settings = project.layout.settings.as_ref().ok().map(|settings| &settings.path);
        let application = project.layout.application.as_ref().ok().map(|application| &application.path);
        settings.into_iter().chain(application).find_map(|path| {
            let text = project.text(path)?;
            self.others.iter().find_map(|other| {
                let starts = [format!("\"{}", other.scheme), format!("'{}", other.scheme)];
                let place = starts.iter().find_map(|start| {
                    let url = |at: usize| {
                        let rest = text.get(at + start.len()..).unwrap_or_default();
                        let driver = rest
                            .strip_prefix('+')
                            .map_or(rest, |rest| rest.trim_start_matches(|c: char| c.is_alphanumeric()));
                        driver.starts_with("://")
                    };
                    text.match_indices(start.as_str())
                        .map(|(at, _)| at)
                        .find(|at| url(*at))
                        .map(|at| at..at + start.len())
                })?;
                Some((Location::new(path.clone(), place), format!("this is the URL of a database of {}", other.title)))
            })
        })
    }

    /// The new tag for an old one: the major version stays, and Alpine stays Alpine.
    pub(super) fn tag(&self, old: Option<&str>) -> Result<String, String> {
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
    use crate::component::COMPONENTS;

    fn image() -> Image {
        let postgis = COMPONENTS.iter().find(|component| component.id() == "postgis").expect("a component");
        Image::new(postgis.manifest.image.first().expect("an image"), &[])
    }

    fn want<'a>() -> Want<'a> {
        Want {
            assess: &|project| image().assess(project),
            retract: &|project, recorded| image().retract(project, recorded),
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
            ("docker.io/library/postgres:16", "postgis/postgis:16-3.5"),
            ("postgres:11.22", "postgis/postgis:11-3.3"),
            ("postgres:13-alpine", "postgis/postgis:13-3.5-alpine"),
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
            ("postgres:9.6", "there is no such image for version 9"),
            ("postgres:16-windows", "the variant `windows` of its tag is not known"),
            ("postgres:16@sha256:00", "the image is pinned by a digest"),
            ("${PG_IMAGE:-postgres:16}", "the image is chosen by a variable"),
            ("postgres:${PG_VERSION:-16}-alpine", "the image is chosen by a variable"),
            ("localhost:5000/postgres:16", "the image comes from a registry of its own"),
            ("pgvector/pgvector:pg16", "the image is `postgres` with pgvector"),
            ("ghcr.io/me/postgres-extra:16", "the image comes from a registry of its own"),
            ("me/postgres-extra:16", "the image is `postgres` with something else added"),
            ("timescale/timescaledb:latest-pg16", "the image is `postgres` with TimescaleDB"),
            ("mysql:8", "the service `pg` runs MySQL, and nothing here speaks to PostgreSQL"),
            ("docker.io/library/mongo:7", "the service `pg` runs MongoDB, and nothing here speaks to PostgreSQL"),
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
    fn what_to_do_by_hand_is_said_in_full() {
        let help = |image: &str| testing::check_blocked(&want(), &file(image)).help.unwrap_or_default();
        let built = |image: &str| {
            let line =
                "RUN apt-get update && apt-get install -y --no-install-recommends postgresql-$PG_MAJOR-postgis-3";
            format!(", or build one from what is there: a Dockerfile with `FROM {image}` and `{line}`")
        };
        for (image, ways) in [
            (
                "r.example/library/postgres:16",
                format!(
                    "put `postgis/postgis:16-3.5` into `r.example` and write it here{}",
                    built("r.example/library/postgres:16")
                ),
            ),
            (
                "postgres:16.4@sha256:00",
                format!(
                    "write `postgis/postgis:16-3.5` yourself, with the digest of the one that you trust{}",
                    built("postgres:16.4")
                ),
            ),
            (
                "timescale/timescaledb:2.17.2-pg15",
                "`timescale/timescaledb-ha:pg15` has both, with another data folder".to_owned(),
            ),
            (
                "ghcr.io/me/pgvector:0.8.0-pg17",
                format!(
                    "`timescale/timescaledb-ha:pg17` has both, with another data folder{}",
                    built("ghcr.io/me/pgvector:0.8.0-pg17")
                ),
            ),
            (
                "${PG_IMAGE:-postgres:16}",
                "choose an image with PostGIS yourself, such as `postgis/postgis:16-3.5`".to_owned(),
            ),
        ] {
            assert_eq!(help(image), ways, "{image}");
        }
        let manifest = manifest::Image { alpine: None, ..*image().manifest };
        let problem = Image::new(Box::leak(Box::new(manifest)), &[]).tag(Some("16.4-alpine"));
        assert_eq!(problem, Err("there is no image of PostGIS on Alpine".to_owned()));
    }

    #[test]
    fn an_image_that_gets_no_updates_is_said() {
        let Assessment::Missing { fix, .. } = image().assess(&testing::project(&file("postgres:12"))) else {
            panic!("not missing")
        };
        assert_eq!(
            fix.notes,
            ["`postgis/postgis:12-3.5` is the last image for version 12, and gets no updates any more"]
        );
    }

    #[test]
    fn a_database_with_another_extension_is_the_database() {
        let vector = COMPONENTS.iter().find(|component| component.id() == "vector").expect("a component");
        let image = Image::new(vector.manifest.image.first().expect("an image"), &[]);
        let want = Want {
            assess: &|project| image.assess(project),
            retract: &|project, recorded| image.retract(project, recorded),
        };
        for (there, title) in [
            ("postgis/postgis:16-3.5", "PostGIS"),
            ("imresamu/postgis:17", "PostGIS"),
            ("timescale/timescaledb:latest-pg16", "TimescaleDB"),
        ] {
            let problem = testing::check_blocked(&want, &file(there));
            assert!(problem.message.ends_with(&format!("the image is `postgres` with {title}")), "{there}");
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
    fn a_database_that_another_component_brings_is_no_sign() {
        let project = testing::project("services:\n  documents:\n    image: mongo:8.0\n");
        assert!(matches!(image().assess(&project), Assessment::Blocked { .. }));
        let beside = Image::new(image().manifest, &["postgis", "mongodb"]);
        assert!(matches!(beside.assess(&project), Assessment::NotApplicable { .. }));
    }

    #[test]
    fn without_a_database_it_does_not_apply() {
        assert!(matches!(image().assess(&testing::project("services: {}\n")), Assessment::NotApplicable { .. }));
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
        let kept = image().retract(&testing::project(&file("postgis/postgis:17-3.5")), &recorded);
        assert!(matches!(kept, Retraction::Keep { .. }));
        let gone = image().retract(&testing::project(&file("mysql")), &recorded);
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
