//! `environment.yml` of conda: the list below `pip`, which has packages as pip names them. Conda's own names may be others.

use super::{Entry, Format, Lines, PackageList, Tool};
use crate::source::text;
use crate::source::yaml::{Source, Value};

/// An environment of conda.
pub struct Environment;

impl Format for Environment {
    fn names(&self) -> &'static [&'static str] {
        &["environment.yml", "environment.yaml", "conda.yml", "conda.yaml"]
    }

    fn read(&self, text: &str) -> Option<PackageList> {
        let source = Source::parse(text).ok()?;
        let dependencies = source.root()?.own("dependencies")?;
        let pip = dependencies.value.sequence()?.items.iter().find_map(|item| item.value.own("pip"))?;
        let list = pip.value.sequence().filter(|list| !list.flow)?;
        let first = list.items.first()?;
        let lead = text.get(text::line_start(text, first.start)..first.value.outer.start)?.to_owned();
        let entry = |value: &crate::source::yaml::Node| match &value.value {
            Value::Scalar(said, _) => Some(Entry { range: value.range.clone(), text: said.clone() }),
            _ => None,
        };
        let entries = list.items.iter().map(|item| entry(&item.value)).collect::<Option<_>>()?;
        let is_plain = lead.trim_start().starts_with('-') && lead.trim_start()[1..].trim().is_empty();
        is_plain.then(|| PackageList::Lines(Lines { head: text::line_end(text, pip.colon_end), lead, entries }))
    }

    fn tool(&self) -> Tool {
        Tool { install: "conda env update --file {file}", run: "" }
    }
}
