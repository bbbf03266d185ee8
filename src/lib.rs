//! `paxx` adds infrastructure to FastAPI projects that already exist.

pub mod apply;
pub mod component;
pub mod edit;
pub mod finding;
pub mod lock;
pub mod project;
pub mod render;
pub mod requirement;
pub mod source;
