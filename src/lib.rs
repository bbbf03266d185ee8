//! `paxx` adds infrastructure to FastAPI projects that already exist.

pub mod apply;
pub mod check;
pub mod cli;
pub mod commands;
pub mod component;
pub mod edit;
pub mod error;
pub mod finding;
pub mod lock;
pub mod plan;
pub mod project;
pub mod render;
pub mod requirement;
pub mod source;
