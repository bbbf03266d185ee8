//! Which minor versions of Python a bound allows.

use pep508_rs::pep440_rs::Version;

use super::dependency::specifier::Bound;

/// The generated modules need Python 3.10: unions in annotations that run, `contextlib.aclosing`.
pub const NEEDED: u64 = 10;

/// The newest Python there is to think of where nothing says an end.
pub const NEWEST: u64 = 15;

/// Minor versions of Python 3 that are looked at.
const MINORS: std::ops::RangeInclusive<u64> = 0..=30;

/// The first minor version that a bound allows; `None` where it allows all.
pub(super) fn least(bound: &Bound) -> Option<u64> {
    let first = MINORS.into_iter().find(|minor| allows(bound, *minor));
    first.filter(|minor| *minor > 0)
}

/// Does the bound allow a Python 3 of this minor version?
pub fn allows(bound: &Bound, minor: u64) -> bool {
    let Bound::AnyOf(alternatives) = bound else { return true };
    let patches = [Version::new([3, minor]), Version::new([3, minor, 30])];
    alternatives.iter().any(|specifiers| patches.iter().any(|version| specifiers.contains(version)))
}
