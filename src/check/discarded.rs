//! What was wired and is thrown away below: another application under the same name, or another router of it.
//!
//! Only a new one that surely has nothing of the first counts, and a first one that nothing else holds.

use std::ops::Range;

use super::wiring::application_calls;
use super::{Found, Subject};
use crate::finding::{LIFESPAN_CALL_MISSING, Problem};
use crate::project::application::{self, Wiring, fastapi_names};
use crate::project::lifespan;
use crate::requirement::application_call::Role;
use crate::source::python::{Assignment, Source, names, uses_of};

pub(super) fn findings(subject: &Subject<'_>) -> Vec<Found> {
    let project = subject.project;
    let (Ok(wiring), Ok(application)) = (application::wiring(project), &project.layout.application) else {
        return Vec::new();
    };
    let Some(file) = project.file(&application.path).filter(|file| file.python().error.is_none()) else {
        return Vec::new();
    };
    let module = Module { text: file.text().unwrap_or_default(), source: file.python(), wiring: &wiring };
    let (router, other) = (module.other_router(), module.other_application());
    let Some(place) = other.as_ref().or(router.as_ref()) else { return Vec::new() };
    let what = if other.is_some() { wiring.variable.clone() } else { format!("{}.router", wiring.variable) };
    let names = application::application_names(module.source, &wiring);
    let mut found = Vec::new();
    let is_installed = |component: &&&crate::component::Component| {
        !component.manifest.lifespan.is_empty() && subject.lock.component(component.id()).is_some()
    };
    let runs = wiring.call.keyword("lifespan").is_some() && lifespan::composed(project, &wiring).is_none();
    if let Some(component) = subject.components.iter().find(is_installed).filter(|_| runs) {
        let problem =
            Problem::new(&LIFESPAN_CALL_MISSING, format!("`{what}` is another one from here on, without the lifespan"))
                .at(&application.path, place.clone())
                .help("make one application, with the lifespan");
        found.push((*component, "lifespan".to_owned(), problem));
    }
    for component in subject.components {
        for wanted in application_calls(component) {
            if other.is_none() && !matches!(wanted.role, Role::Router { .. }) {
                continue;
            }
            let calls = wanted.calls(project, &application.path, &names);
            let is_lost =
                !calls.is_empty() && calls.iter().all(|call| call.scope.is_module() && call.range.end <= place.start);
            if is_lost {
                let problem = Problem::new(
                    wanted.rule(),
                    format!("`{what}` is another one from here on, without `{}`", wanted.name),
                )
                .at(&application.path, place.clone())
                .help("wire the one that is served");
                found.push((*component, wanted.id(), problem));
            }
        }
    }
    found
}

/// The application's module.
struct Module<'a> {
    text: &'a str,
    source: &'a Source,
    wiring: &'a Wiring,
}

impl Module<'_> {
    /// Where the application's own block surely sets `target` behind the making of the application, and the text that it is set to.
    fn set_below(&self, target: &str) -> Option<(&Assignment, &str)> {
        let call = self.wiring.call.range.end;
        let set = |found: &&Assignment| found.target == target && found.value.is_some() && found.range.start >= call;
        let mut all = self.source.assignments.iter().filter(set);
        let only = all.next().filter(|found| found.scope.is_module() && !found.scope.guarded)?;
        let is_plain = all.next().is_none() && self.wiring.function.is_none() && !self.wiring.repeated;
        is_plain.then_some((only, self.text.get(only.value.clone()?)?))
    }

    /// `app.router = APIRouter()`, where nothing else speaks of the router.
    fn other_router(&self) -> Option<Range<usize>> {
        let target = format!("{}.router", self.wiring.variable);
        let (set, value) = self.set_below(&target)?;
        let is_new = value == "APIRouter()" && self.source.import_of("APIRouter").is_some();
        (is_new && uses_of(self.text, &target).len() == 1 && !self.text.contains("setattr")).then(|| set.range.clone())
    }

    /// `app = make()`, where `make` returns a new application, and the first one is held by no other name.
    fn other_application(&self) -> Option<Range<usize>> {
        let variable = &self.wiring.variable;
        let (set, value) = self.set_below(variable)?;
        let name = value.strip_suffix("()")?;
        let mut makers = self.source.functions.iter().filter(|function| function.name == name);
        let maker = makers.next().filter(|found| found.scope.is_module() && !found.scope.guarded && !found.is_async)?;
        let index = self.source.functions.iter().position(|known| known.range == maker.range);
        let mut returns = self.source.returns.iter().filter(|found| found.scope.function == index);
        let returned = returns.next()?.value.as_deref()?;
        let is_new = fastapi_names(self.source)
            .iter()
            .any(|class| returned.strip_prefix(class.as_str()).is_some_and(|rest| rest.starts_with('(')));
        let code = self.text.get(maker.range.clone())?;
        let is_apart = makers.next().is_none()
            && returns.next().is_none()
            && maker.decorators.is_empty()
            && !code.contains("lifespan")
            && uses_of(code, variable).is_empty();
        let own = names::functions_that_bind(self.text, variable);
        let is_set = |place: usize| self.wiring.binding.range.start == place || set.range.start == place;
        let is_held = uses_of(self.text, variable).into_iter().any(|place| {
            let behind = &self.text[place.end..];
            let is_receiver = behind.starts_with('.') && !behind.starts_with(".router");
            !is_receiver && !is_set(place.start) && !own.iter().any(|function| function.contains(&place.start))
        });
        (is_new && is_apart && !is_held).then(|| set.range.clone())
    }
}
