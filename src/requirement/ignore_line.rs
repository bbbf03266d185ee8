//! ignore_line.
