//! dependency.
