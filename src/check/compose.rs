//! Compose services of ours as they stand beside the others: ports, images, volumes, health checks.

use std::ops::Range;

use super::{Found, Subject};
use crate::component::COMPONENTS;
use crate::finding::{BIND_MOUNT_DECLARED, HEALTH_CHECK_MISSING, IMAGE_GONE, PORT_TWICE, Problem};
use crate::project::compose::with_defaults;
use crate::requirement::compose::{self, Document};
use crate::requirement::image_reference::Reference;
use crate::requirement::service;
use crate::source::yaml::{Entry, Node, Value};

pub(super) fn findings(subject: &Subject<'_>) -> Vec<Found> {
    // A file that cannot be read is the answer of the requirements.
    let Ok(Some(document)) = compose::open(subject.project) else { return Vec::new() };
    let mut found = Vec::new();
    for component in subject.components {
        for manifest in component.manifest.service.0 {
            let Some(name) = service::find(subject.project, manifest) else { continue };
            let Some(entry) = document.service(&name) else { continue };
            let id = format!("service:{}", manifest.name);
            let mut problems = ports(&document, entry);
            problems.extend(gone(&document, entry));
            problems.extend(health(subject, &document, entry));
            problems.extend(bind_mounts(&document, entry, manifest.volumes.0.iter().map(|volume| volume.0)));
            found.extend(problems.into_iter().map(|problem| (*component, id.clone(), problem)));
        }
    }
    found
}

/// A port of the host that a service publishes.
struct Published {
    /// The address, where one is given.
    address: Option<String>,
    ports: Range<u32>,
    protocol: String,
    /// The place of the item.
    range: Range<usize>,
}

/// The ports that a service publishes; none that depends on a variable.
fn published(document: &Document<'_>, service: &Entry) -> Vec<Published> {
    let Some(ports) = document.get(service, "ports") else { return Vec::new() };
    let Some(list) = document.source.resolve(&ports.value).and_then(Node::sequence) else { return Vec::new() };
    let mut found = Vec::new();
    for item in &list.items {
        let Some(node) = document.source.resolve(&item.value) else { continue };
        let short = match &node.value {
            Value::Scalar(written, _) => written.clone(),
            Value::Mapping(_) => {
                let text = |key| {
                    document
                        .source
                        .get(node, key)
                        .and_then(|entry| document.source.scalar(&entry.value))
                        .map(str::to_owned)
                };
                let (Some(host), Some(container)) = (text("published"), text("target")) else { continue };
                let address = text("host_ip").map(|address| format!("{address}:")).unwrap_or_default();
                let protocol = text("protocol").map(|protocol| format!("/{protocol}")).unwrap_or_default();
                format!("{address}{host}:{container}{protocol}")
            }
            _ => continue,
        };
        if with_defaults(&short).has_variables {
            continue;
        }
        let (written, protocol) = short.split_once('/').unwrap_or((&short, "tcp"));
        let Some((rest, _)) = written.rsplit_once(':') else { continue };
        let (address, host) = match rest.rsplit_once(':') {
            Some((address, host)) => (Some(address.to_owned()), host),
            None => (None, rest),
        };
        let (first, last) = host.split_once('-').unwrap_or((host, host));
        let (Ok(first), Ok(last)) = (first.parse::<u16>(), last.parse::<u16>()) else { continue };
        found.push(Published {
            address: address.filter(|address| address != "0.0.0.0" && address != "[::]"),
            ports: u32::from(first)..u32::from(last) + 1,
            protocol: protocol.to_owned(),
            range: item.value.range.clone(),
        });
    }
    found
}

impl Published {
    /// The first port that both would take.
    fn collides(&self, other: &Self) -> Option<u32> {
        let same_address = match (&self.address, &other.address) {
            (Some(own), Some(other)) => own == other,
            _ => true,
        };
        let first = self.ports.start.max(other.ports.start);
        let is_shared = first < self.ports.end.min(other.ports.end);
        (same_address && is_shared && self.protocol == other.protocol).then_some(first)
    }
}

fn ports(document: &Document<'_>, service: &Entry) -> Vec<Problem> {
    let own = published(document, service);
    let profiles = document.names_of(service, "profiles");
    let mut problems = Vec::new();
    for other in document.services().into_iter().filter(|other| other.key != service.key) {
        // Services of profiles may be meant never to run together.
        if document.names_of(other, "profiles") != profiles {
            continue;
        }
        for theirs in published(document, other) {
            let Some((mine, port)) = own.iter().find_map(|own| Some((own, own.collides(&theirs)?))) else { continue };
            let (at, before, name) = if mine.range.start > theirs.range.start {
                (mine.range.clone(), theirs.range, &other.key)
            } else {
                (theirs.range, mine.range.clone(), &service.key)
            };
            let message = format!("port {port} of the host is published by `{}` and by `{}`", service.key, other.key);
            problems.push(
                Problem::new(&PORT_TWICE, message)
                    .at(document.path, at)
                    .related(document.at(before), format!("`{name}` publishes it here"))
                    .help("publish one of them at another port, or not at all: services reach each other by name"),
            );
        }
    }
    problems
}

fn gone(document: &Document<'_>, service: &Entry) -> Option<Problem> {
    let image = document.get(service, "image")?;
    let written = document.source.scalar(&image.value)?;
    let reference = Reference::parse(written);
    let on_docker_hub =
        reference.registry.as_deref().is_none_or(|registry| matches!(registry, "docker.io" | "index.docker.io"));
    // `${REGISTRY}/minio/minio` may be anywhere.
    if !on_docker_hub || written.starts_with('$') || document.get(service, "build").is_some() {
        return None;
    }
    let mut all = COMPONENTS.iter().flat_map(|component| component.manifest.gone.iter());
    let gone = all.find(|gone| reference.repository == gone.image.0)?;
    Some(
        Problem::new(&IMAGE_GONE, format!("the image `{}` of `{}` cannot be pulled any more", gone.image, service.key))
            .at(document.path, image.value.range.clone())
            .help(format!("write `{}` instead, with a version that is published there", gone.by)),
    )
}

/// The application waits until the service is healthy, and nothing tells when it is.
fn health(subject: &Subject<'_>, document: &Document<'_>, service: &Entry) -> Option<Problem> {
    let application = document.service(compose::application(subject.project).ok()??)?;
    let waits = document.get(application, "depends_on")?;
    let waits = document.source.get(&waits.value, &service.key)?;
    let condition = document.source.get(&waits.value, "condition")?;
    if document.source.scalar(&condition.value) != Some("service_healthy") || document.get(service, "build").is_some() {
        return None;
    }
    let has_check = document.get(service, "healthcheck").is_some_and(|check| {
        let disabled = document.source.get(&check.value, "disable").and_then(|entry| entry.value.scalar());
        !check.value.is_null() && disabled != Some("true")
    });
    if has_check {
        return None;
    }
    let message = format!("`{}` has no health check, and `{}` waits until it is healthy", service.key, application.key);
    Some(
        Problem::new(&HEALTH_CHECK_MISSING, message)
            .at(document.path, service.key_range.clone())
            .related(document.at(condition.value.range.clone()), "waits here")
            .help("give it a `healthcheck`, or wait for `service_started`"),
    )
}

/// A folder is mounted, and a volume of the same name is declared that nobody mounts.
fn bind_mounts(document: &Document<'_>, service: &Entry, volumes: impl Iterator<Item = &'static str>) -> Vec<Problem> {
    let Some(declared) = document.top("volumes") else { return Vec::new() };
    let mounts: Vec<(String, String)> = document
        .services()
        .into_iter()
        .flat_map(|service| sources(document, service).into_iter().map(|source| (service.key.clone(), source)))
        .collect();
    let mut problems = Vec::new();
    for name in volumes {
        let Some(volume) = document.source.get(&declared.value, name) else { continue };
        if mounts.iter().any(|(_, source)| source == name) {
            continue;
        }
        let folder = mounts.iter().find(|(user, source)| {
            *user == service.key && source.starts_with(['.', '/', '~']) && source.trim_end_matches('/').ends_with(name)
        });
        let Some((_, folder)) = folder else { continue };
        let message = format!("the volume `{name}` is declared, but `{}` mounts the folder `{folder}`", service.key);
        problems.push(
            Problem::new(&BIND_MOUNT_DECLARED, message)
                .at(document.path, volume.key_range.clone())
                .related(document.at(service.key_range.clone()), "the service")
                .help(format!("mount `{name}` in place of `{folder}`, or remove the declaration")),
        );
    }
    problems
}

/// What a service mounts: names of volumes, and folders.
fn sources(document: &Document<'_>, service: &Entry) -> Vec<String> {
    let Some(volumes) = document.get(service, "volumes") else { return Vec::new() };
    let Some(list) = document.source.resolve(&volumes.value).and_then(Node::sequence) else { return Vec::new() };
    let source = |node: &Node| {
        let node = document.source.resolve(node)?;
        match &node.value {
            Value::Scalar(written, _) => Some(written.split(':').next().unwrap_or_default().to_owned()),
            Value::Mapping(_) => document.source.scalar(&document.source.get(node, "source")?.value).map(str::to_owned),
            _ => None,
        }
    };
    list.items.iter().filter_map(|item| source(&item.value)).collect()
}
