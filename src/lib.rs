//! `paxx` adds infrastructure to FastAPI projects that already exist. This is the map of the house.
//!
//! **A component is a folder of data. What it needs is a list of requirements. Every command asks the same question of each
//! requirement - does it hold here? - and does something else with the answer.** So `add` brings what is missing, `check`
//! reports it, `remove` takes back what was brought, and the three cannot disagree on what "installed" means.
//!
//! # The flow
//!
//! ```text
//! discover ------> plan ------> preview ------> confirm ------> apply
//! reads files      in memory,   render::diff    commands::      writes, all
//! once             no I/O                       prompt          or nothing
//! ```
//!
//! 1. [`project::discover`] finds the root, the application, the settings class, compose, dependencies, env and ignore files.
//!    Each is in the [`project::Layout`]: found, or the [`finding::Problem`] that says why not. It is the only reader.
//! 2. A [`project::Project`] is a snapshot of the files that matter, as bytes. Syntax trees ([`source`]) *locate* places in
//!    it; no file is ever written from a tree.
//! 3. [`requirement::Requirement::assess`] says whether a requirement holds and which [`edit`]s would bring it;
//!    [`requirement::Requirement::retract`] gives the inverse.
//! 4. [`plan`] goes through the requirements and makes one [`plan::Plan`]: what the diff shows, JSON prints and [`apply`]
//!    writes is that object.
//! 5. [`apply`] is the only writer: lock, journal, temporary files, renames, commit mark.
//!
//! # What lives where
//!
//! Dependencies point down this list only, and no files use each other in a circle: `tests/tidy.rs` follows every `use` and path to the
//! file that has the item. The head of a module (`requirement/mod.rs`) and its parts count as one. It holds the invariants below too.
//!
//! | module | is |
//! | --- | --- |
//! | `main` | parse, dispatch, exit code |
//! | [`commands`] | one file a verb, and what they share: asking, showing a change, carrying it out |
//! | [`cli`] | types for clap: help, completions and the manual page come from them |
//! | [`error`] | what ends a command, and its exit code |
//! | [`render`] | diff, summary, findings, JSON: the only user of `similar`, `miette` and `serde_json` |
//! | [`apply`] | transaction, journal, recovery, undo; what this user's state folder says of journals |
//! | [`check`] | findings: requirements that do not hold, and what no single one sees, one file a family |
//! | [`plan`] | requirements to plan |
//! | [`requirement`] | one file a kind: does it hold, what brings it, what takes it back, and its tests |
//! | [`project`] | discovery, snapshot, and [`project::layout`], the one place that knows where things are |
//! | [`lock`] | `paxx.lock`: what was brought, what was found; scaffolding that components share, by typed keys |
//! | [`finding`] | codes, severities, places; a page in `docs/findings/` for each code |
//! | [`component`] | the registry that `build.rs` makes of `templates/`, and what a template sees |
//! | [`edit`] | edits as data: a byte range and the text that replaces it |
//! | [`source`] | Python, YAML, TOML, env files, requirements files and other lists of packages as places in a text; what was parsed is kept |
//!
//! `templates/` has the components: adding a folder there changes no Rust (`docs/components.md`). `queries/` has what is
//! asked of Python syntax trees, with a comment that says what each question matches and what it does not.
//!
//! # What always holds
//!
//! - `plan`, `requirement`, `source`, `edit` and `component` do no I/O. Odd code of a user is an
//!   [`requirement::Assessment`], not an error and never a panic; `Result` is for I/O and usage.
//! - Offsets are bytes of the text as it is on disk. What is outside an edit keeps its bytes.
//! - A plan is verified before it is shown: each requirement is assessed again after its edits, and a file that parsed before
//!   and would not parse now refuses the plan.
//! - A journal or a record for `undo` is carried out only where this user's state folder knows it, to the byte, for this very
//!   folder; whatever else lies in `.paxx/` came from elsewhere. Every write starts from a handle of the project's folder and goes
//!   through no symbolic link, whenever that appears.
//! - No process is started, and nothing of the project is executed or imported. Which files have uncommitted changes is read from
//!   git's index ([`project::uncommitted`]).
//! - What is printed is [`render::styled::Styled`], and goes through one place that knows whether it writes to a terminal: there
//!   nothing of a project steers it.
//! - What was inserted is recognised by its syntax ([`requirement::same_code`]), so that a formatter does not orphan it.
//! - `--help`, `list` without `paxx.lock`, and bad usage parse no file. The tree-sitter query is compiled when the first Python
//!   file is parsed, and only files that hold the bytes `FastAPI`, a settings base, a handler or a name of ours are.
//!
//! # Where this differs from the first sketch
//!
//! - **One requirement after the other, no rounds.** The sketch assessed all against one snapshot, ordered edits at one place by
//!   ranks and repeated until nothing changed. Now each requirement sees what those before it left in memory. That needs no ranks
//!   and no conflict resolution, and the order of the manifest is the order in the file. [`edit::Pieces`] still gives every
//!   change as a byte range of the original, with the requirement that it belongs to.
//! - **`project` is finer.** Finding the application (`find_application`, by evidence: configuration, `uvicorn` commands) and the
//!   settings class (`find_settings`) are apart from opening files (`disk`, the one place that does, with all limits), from keeping
//!   what was opened in a run (`opened`), from what discovery has read (`reader`), from finding the Python files (`walk`), from import
//!   paths (`imports`), and from what a FastAPI application looks like in a syntax tree (`application`).
//! - **Each kind has one file, and what it shares a file beside it.** What is found out about a requirement is in `assessment`, what a
//!   manifest asks for in `of_manifest`; where an import or a field goes (`import_place`, `setting_place`), what a lifespan of ours
//!   looks like (`own_lifespan`) and what answers at a path (`taken_path`) are questions of their own.
//! - **Middleware, router and set-up call are one kind**, [`requirement::application_call`]: a statement on the application
//!   with a role. They differ in where they go and when they clash, not in how they are found.
//! - **An import is no requirement of its own.** The call that needs a name brings its import, and it goes with the last call
//!   that needs it, so it is shared scaffolding in `paxx.lock`.
//! - **The journal is one file whose name is its stage**: `journal`, `committed`, `undo`. Each step from one to the next is one
//!   atomic rename, so there is no state in which a reader must guess.
//! - **Where a journal lies follows from the change, not from the layout.** A change that reaches above the root of its project has it at the
//!   top of the repository, where the next project finds it; any other has it at the root. So it is found although the layout
//!   cannot be, and before discovery: half a change may be what hides the project.
//! - **A record for `undo` that is not believed stops `undo` alone.** No other command reads it, and the next change replaces it; a
//!   journal that is not believed stops every command that writes, because it may be half of a change.
//! - **A migration is a call behind `context.configure(...)`** that wraps the hooks given to it, instead of edits of the
//!   arguments: nothing that the user wrote there changes.
//! - **Compose services of the application are found, not named**: [`requirement::environment`] and `worker` go by the service
//!   whose build runs this application, and by images for services that are there under another name.

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
