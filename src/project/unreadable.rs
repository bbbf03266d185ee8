//! What is said of a file that cannot be read as what it is: no UTF-8 text, no Python.

use super::FilePath;
use crate::finding::{self, Problem};

pub(super) fn not_text(path: &FilePath) -> Problem {
    Problem::new(&finding::NOT_TEXT, format!("`{path}` is not UTF-8 text")).at(path, 0..0).help("convert it to UTF-8")
}

/// The problem of a Python file with a syntax error.
pub fn syntax_error(path: &FilePath, place: std::ops::Range<usize>) -> Problem {
    Problem::new(&finding::SYNTAX_ERROR, format!("`{path}` has a syntax error"))
        .at(path, place)
        .help("mend it first: a file that cannot be parsed is not edited")
}
