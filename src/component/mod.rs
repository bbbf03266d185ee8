//! Components: their manifests, the registry that the build makes of `templates/`, and what their templates see.

pub mod manifest;
