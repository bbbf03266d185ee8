//! Writing, all or nothing.
