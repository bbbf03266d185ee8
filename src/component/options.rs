//! What is decided when a component is added: the values of its options, and the component as it is with them.
//!
//! An option is declared in the manifest with its type and its default; entries of the manifest say by `when` for which values
//! they count, texts have `{options.NAME}`, and templates ask a value that the build checks. [`Component::decided`] gives the
//! component for some values: whoever works with that one needs to know nothing of options.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::Component;
use super::manifest::{Choice, List, Module, Text};
use super::registry::Render;

/// Values by the names of the options. What is not there is as the manifest has it.
pub type Values = BTreeMap<String, String>;

/// An option that was given: `email.backend=postmark`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The component's name.
    pub component: &'static str,
    /// The option's.
    pub option: &'static str,
    /// Its value, of the type that the option has.
    pub value: String,
}

/// Who decided on a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Nobody: it is the default.
    Default,
    /// `--set`, or an answer.
    Given,
    /// `paxx.lock`.
    Recorded,
}

/// A value of a component's option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The component's name.
    pub component: &'static str,
    /// The option.
    pub option: &'static Choice,
    /// Its value.
    pub value: String,
    /// Who decided.
    pub by: Source,
}

impl Component {
    /// The option of this name.
    pub fn option(&self, name: &str) -> Option<&'static Choice> {
        self.manifest.option.0.iter().find(|option| option.name.0 == name)
    }

    /// The value of an option of this component.
    pub fn value(&self, name: &str) -> &'static str {
        let decided = self.values.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        decided.or_else(|| self.option(name).map(|option| option.default.0)).unwrap_or_default()
    }

    /// Its options and their values.
    pub fn values(&self) -> impl Iterator<Item = (&'static Choice, &'static str)> {
        self.manifest.option.0.iter().map(|option| (option, self.value(option.name.0)))
    }

    /// This component with these values: without what does not count, and with the values in its texts.
    ///
    /// One that has no options is itself. The others are made once for each set of values and live as long as the process,
    /// as those of the registry do: there are as many as a command names.
    pub fn decided(&'static self, values: &Values) -> &'static Self {
        static MADE: Mutex<Vec<&Component>> = Mutex::new(Vec::new());
        // Of one that was decided on, the whole is in the registry.
        let whole = Self::find(self.id()).unwrap_or(self);
        if whole.manifest.option.is_empty() {
            return whole;
        }
        let of = |option: &'static Choice| {
            let chosen = values.get(option.name.0).filter(|value| option.check(value).is_ok());
            chosen.map_or(option.default.0, String::as_str)
        };
        let is_it =
            |made: &&&'static Self| made.id() == whole.id() && made.values().all(|(option, value)| value == of(option));
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(component) = made.iter().find(is_it) {
            return component;
        }
        let options = whole.manifest.option.0.iter();
        let values: Vec<(&'static str, &'static str)> =
            options.map(|option| (option.name.0, leaked(of(option)))).collect();
        let component: &'static Self = Box::leak(Box::new(whole.with(Box::leak(values.into_boxed_slice()))));
        made.push(component);
        component
    }

    /// This component with values for all of its options.
    fn with(&self, values: &'static [(&'static str, &'static str)]) -> Self {
        let value = |name: &str| values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| *value);
        let old = &self.manifest;
        let rendered = |templates: &'static [Render], entries: &[Module]| -> &'static [Render] {
            let all = templates.iter().zip(entries).filter(|(_, entry)| entry.when.holds(value));
            Box::leak(all.map(|(render, _)| *render).collect::<Vec<_>>().into_boxed_slice())
        };
        let modules = rendered(self.modules, old.module.0);
        let (tests, files) = (rendered(self.tests, old.test.0), rendered(self.files, old.file.0));
        let mut manifest = old.with(value);
        manifest.setting = changed(manifest.setting, |setting| {
            setting.default = filled(setting.default, values);
            setting.env = filled(setting.env, values);
        });
        manifest.service = changed(manifest.service, |service| service.body = filled(service.body, values));
        manifest.environment = changed(manifest.environment, |entry| entry.value = filled(entry.value, values));
        manifest.worker = changed(manifest.worker, |worker| worker.command = filled(worker.command, values));
        Self { manifest, modules, tests, files, next_steps: self.next_steps, values }
    }
}

/// The value that each option of these components will have: as recorded, as given, else its default.
pub fn decisions<'a>(
    components: impl Iterator<Item = &'static Component>,
    recorded: impl Fn(&str) -> Option<&'a Values>,
    given: &[Given],
) -> Vec<Decision> {
    let mut decisions = Vec::new();
    for component in components {
        let recorded = recorded(component.id());
        for option in component.manifest.option.0 {
            let name = option.name.0;
            let given = given.iter().find(|given| given.component == component.id() && given.option == name);
            // A component that is there is as it was made.
            let (value, by) = match (recorded, given) {
                (Some(values), _) => match values.get(name) {
                    Some(value) => (value.as_str(), Source::Recorded),
                    None => (option.default.0, Source::Recorded),
                },
                (None, Some(given)) => (given.value.as_str(), Source::Given),
                (None, None) => (option.default.0, Source::Default),
            };
            decisions.push(Decision { component: component.id(), option, value: value.to_owned(), by });
        }
    }
    decisions
}

fn leaked(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

fn changed<T: Copy>(list: List<T>, change: impl Fn(&mut T)) -> List<T> {
    let mut entries: Vec<T> = list.to_vec();
    entries.iter_mut().for_each(change);
    List(Box::leak(entries.into_boxed_slice()))
}

/// A text with the values in it.
fn filled(text: Text, values: &[(&'static str, &'static str)]) -> Text {
    if !text.contains("{options.") {
        return text;
    }
    let full =
        values.iter().fold(text.to_string(), |text, (name, value)| text.replace(&format!("{{options.{name}}}"), value));
    Text(leaked(&full))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(pairs: &[(&str, &str)]) -> Values {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_component_without_options_is_itself() {
        let redis = Component::find("redis").expect("it is there");
        assert!(std::ptr::eq(redis, redis.decided(&values(&[("backend", "x")]))));
    }

    #[test]
    fn what_does_not_count_is_not_there() {
        let email = Component::find("email").expect("it is there");
        let packages = |component: &Component| {
            component.manifest.dependency.iter().map(|entry| entry.requirement.0).collect::<Vec<_>>()
        };
        let any = email.decided(&Values::new());
        assert_eq!(packages(any), ["aiosmtplib>=2.0", "httpx>=0.21", "jinja2>=3.0"]);
        let postmark = email.decided(&values(&[("backend", "postmark")]));
        assert_eq!(packages(postmark), ["httpx>=0.21", "jinja2>=3.0"]);
        assert_eq!(postmark.value("backend"), "postmark");
        assert!(postmark.manifest.service.is_empty());
        assert!(std::ptr::eq(postmark, email.decided(&values(&[("backend", "postmark")]))));
        assert!(std::ptr::eq(any, postmark.decided(&Values::new())), "it can be decided on anew");
    }

    #[test]
    fn a_value_that_is_none_is_not_taken() {
        let email = Component::find("email").expect("it is there");
        let odd = email.decided(&values(&[("backend", "\"; import os")]));
        assert_eq!(odd.value("backend"), "any");
    }

    #[test]
    fn values_have_types() {
        use super::super::manifest::ChoiceKind::{Integer, OneOf, Word};
        let choice = |kind, ge, le| Choice {
            name: Text("x"),
            summary: Text("x"),
            kind,
            values: List(&[Text("a"), Text("b")]),
            ge,
            le,
            default: Text("a"),
        };
        let one = choice(OneOf, None, None);
        assert!(one.check("a").is_ok() && one.check("c").is_err() && one.check("").is_err());
        let word = choice(Word, None, None);
        for (value, fits) in
            [("simple", true), ("pg_catalog.german", true), ("", false), ("a b", false), ("\"", false), (".a", false)]
        {
            assert_eq!(word.check(value).is_ok(), fits, "{value}");
        }
        let port = choice(Integer, Some(1), Some(65535));
        for (value, fits) in
            [("1", true), ("65535", true), ("0", false), ("65536", false), ("+1", false), ("01", false), ("1e3", false)]
        {
            assert_eq!(port.check(value).is_ok(), fits, "{value}");
        }
    }

    #[test]
    fn what_is_recorded_wins_and_the_rest_is_given_or_default() {
        let components = || ["email", "search"].into_iter().filter_map(Component::find);
        let recorded = values(&[("backend", "smtp")]);
        let given = [Given { component: "search", option: "language", value: "german".to_owned() }];
        let decided = decisions(components(), |name| (name == "email").then_some(&recorded), &given);
        let short: Vec<(&str, &str, Source)> =
            decided.iter().map(|known| (known.option.name.0, known.value.as_str(), known.by)).collect();
        let expected = [
            ("backend", "smtp", Source::Recorded),
            ("language", "german", Source::Given),
            ("typos", "trigram", Source::Default),
        ];
        assert_eq!(short, expected);
        let decided = decisions(components(), |_| None, &[]);
        assert!(decided.iter().all(|known| known.by == Source::Default));
    }
}
