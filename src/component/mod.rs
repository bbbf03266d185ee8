//! Components: their manifests, the registry that the build makes of `templates/`, and what their templates see.

pub mod context;
pub mod manifest;
pub mod options;
pub mod registry;

pub use context::Context;
pub use registry::{COMPONENTS, Component};
