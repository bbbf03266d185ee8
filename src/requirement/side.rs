//! On which side of a lifespan's `yield` a call stands.

/// Which side of the `yield`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Before it: at the start of the application.
    Start,
    /// After it: at the end.
    Stop,
}
