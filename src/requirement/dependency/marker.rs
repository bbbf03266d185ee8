//! Environment markers (PEP 508): on which Pythons an entry is installed where applications run, on Linux.

use pep508_rs::{MarkerEnvironment, MarkerEnvironmentBuilder, MarkerTree, VerbatimUrl};

use super::specifier::Bound;
use crate::requirement::python_minors;

/// Minor versions of Python 3, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pythons(u32);

impl Pythons {
    /// Whatever the Python.
    pub const ALL: Self = Self(u32::MAX);
    const NONE: Self = Self(0);

    fn of(holds: impl Fn(u64) -> bool) -> Self {
        Self((0..u32::BITS).filter(|minor| holds(u64::from(*minor))).fold(0, |bits, minor| bits | 1 << minor))
    }

    /// Is this one among them?
    pub fn has(self, minor: u64) -> bool {
        minor < u64::from(u32::BITS) && self.0 & 1 << minor != 0
    }

    /// Are all Pythons among them that are to be thought of?
    pub fn are_all(self) -> bool {
        (python_minors::NEEDED..=python_minors::NEWEST).all(|minor| self.has(minor))
    }

    /// Those that are among both.
    fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those that are among one of them.
    fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those on which `marker` holds. One that is not understood counts as none at all.
    pub fn with_marker(marker: &str) -> Self {
        if marker.trim().is_empty() {
            return Self::ALL;
        }
        let Ok(tree) = MarkerTree::parse_str::<VerbatimUrl>(marker) else { return Self::ALL };
        Self::of(|minor| environment(minor).is_none_or(|environment| tree.evaluate(&environment, &[])))
    }

    /// Those on which an entry of Poetry is installed.
    pub fn with_poetry(item: &toml_edit::Item, bound: fn(&str) -> Bound) -> Self {
        let of = |table: &dyn toml_edit::TableLike| {
            let text = |key: &str| table.get(key).and_then(toml_edit::Item::as_str);
            let marked = text("markers").map_or(Self::ALL, Self::with_marker);
            let platform = if text("platform").is_none_or(|name| name == "linux") { Self::ALL } else { Self::NONE };
            let versions = text("python").map(bound);
            let python = versions.map_or(Self::ALL, |bound| Self::of(|minor| python_minors::allows(&bound, minor)));
            marked.and(platform).and(python)
        };
        if let Some(table) = item.as_table_like() {
            return of(table);
        }
        let any = |all: Option<Self>, one: Self| Some(all.map_or(one, |all| all.or(one)));
        let listed = match (item.as_array(), item.as_array_of_tables()) {
            (Some(array), _) => {
                array.iter().map(|value| value.as_inline_table().map_or(Self::ALL, |table| of(table))).fold(None, any)
            }
            (None, Some(tables)) => tables.iter().map(|table| of(table)).fold(None, any),
            (None, None) => None,
        };
        listed.unwrap_or(Self::ALL)
    }
}

/// `CPython` on Linux.
fn environment(minor: u64) -> Option<MarkerEnvironment> {
    let (version, full) = (format!("3.{minor}"), format!("3.{minor}.9"));
    MarkerEnvironment::try_from(MarkerEnvironmentBuilder {
        implementation_name: "cpython",
        implementation_version: &full,
        os_name: "posix",
        platform_machine: "x86_64",
        platform_python_implementation: "CPython",
        platform_release: "6.1.0",
        platform_system: "Linux",
        platform_version: "#1 SMP",
        python_full_version: &full,
        python_version: &version,
        sys_platform: "linux",
    })
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_holds_on_linux_or_not() {
        for marker in
            ["", "sys_platform != 'win32'", "python_version >= \"3.8\"", "platform_system == 'Linux'", "not understood"]
        {
            assert!((10..16).all(|minor| Pythons::with_marker(marker).has(minor)), "{marker}");
        }
        for marker in [
            "sys_platform == 'win32'",
            "python_version < '3.8'",
            "os_name == 'nt' and python_version >= '3.8'",
            "platform_python_implementation == 'PyPy'",
            "extra == 'cache'",
        ] {
            assert!(!(10..16).any(|minor| Pythons::with_marker(marker).has(minor)), "{marker}");
        }
        let some = Pythons::with_marker("python_version < '3.12'");
        assert!(some.has(11) && !some.has(12));
    }
}
