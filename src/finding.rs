//! What there is to say about a project: a stable code, a place, a phrase, and what to do.
//!
//! A `Problem` is the same thing wherever it is met: `check` reports it as a finding, `add` as the reason why it
//! refuses. Its code leads to the page under `docs/findings/` that `paxx explain` prints.

use std::ops::Range;

use crate::project::FilePath;

/// A range of a file, in byte offsets of the text as it is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file.
    pub path: FilePath,
    /// Byte offsets; an empty range is a place between two characters.
    pub range: Range<usize>,
}

impl Location {
    /// The place `range` of `path`.
    pub fn new(path: FilePath, range: Range<usize>) -> Self {
        Self { path, range }
    }

    /// The beginning of `path`: for what is said of the file as a whole.
    pub fn file(path: FilePath) -> Self {
        Self { path, range: 0..0 }
    }
}

/// How much a finding matters. `check` exits with 1 on errors and warnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Information,
    /// It works, but not as it should, or not everywhere.
    Warning,
    /// It does not work.
    Error,
}

impl Severity {
    /// The word that is printed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Information => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Something that is not as it must be, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The entry of the list of rules that this is a case of.
    pub rule: &'static Rule,
    /// A phrase in lower case, without a final period, code in backticks.
    pub message: String,
    /// Where it is, or where what is missing belongs.
    pub at: Option<Location>,
    /// Other places that the message speaks of, each with what stands there.
    pub related: Vec<(Location, String)>,
    /// What to do about it.
    pub help: Option<String>,
    /// Lines to paste where the tool cannot place them itself (`--allow-manual` prints them).
    pub manual: Option<String>,
    /// What the user could answer, so that it is a problem no more.
    pub question: Option<Question>,
}

/// A question that an option of the command line answers. It is asked on a terminal, and printed as commands elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The option, as `[tool.paxx]` and `paxx.lock` call it: `app`; `project` for `-C`.
    pub option: &'static str,
    /// The possible answers, the likeliest first. There is one at least.
    pub candidates: Vec<Candidate>,
    /// Does something speak for the first one?
    pub is_likely: bool,
    /// Where more than this is open: the likeliest answer to each question, by its option.
    pub together: Vec<(&'static str, String)>,
}

impl Question {
    /// A question that `option` answers.
    pub fn new(option: &'static str, candidates: Vec<Candidate>) -> Self {
        Self { option, candidates, is_likely: false, together: Vec::new() }
    }

    /// Whether the services get a settings class of their own.
    pub fn own_settings() -> Self {
        Self::new("settings", vec![Candidate::own_settings()])
    }
}

/// A possible answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What the option would say.
    pub value: String,
    /// What speaks for it, as a phrase; empty where nothing does.
    pub evidence: String,
}

impl Candidate {
    /// A settings class for the services alone.
    pub fn own_settings() -> Self {
        Self::new("new", "a class of its own for the services, beside these")
    }

    /// An answer, and what speaks for it.
    pub fn new(value: impl Into<String>, evidence: impl Into<String>) -> Self {
        Self { value: value.into(), evidence: evidence.into() }
    }
}

impl Problem {
    /// A problem without a place or advice yet.
    pub fn new(rule: &'static Rule, message: impl Into<String>) -> Self {
        Self { rule, message: message.into(), at: None, related: Vec::new(), help: None, manual: None, question: None }
    }

    /// The same at a place.
    #[must_use]
    pub fn at(mut self, path: &FilePath, range: Range<usize>) -> Self {
        self.at = Some(Location::new(path.clone(), range));
        self
    }

    /// The same with another place that the message speaks of.
    #[must_use]
    pub fn related(mut self, location: Location, what: impl Into<String>) -> Self {
        self.related.push((location, what.into()));
        self
    }

    /// The same with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same with what the user could answer.
    #[must_use]
    pub fn question(mut self, question: Question) -> Self {
        self.question = Some(question);
        self
    }

    /// The same with lines to paste.
    #[must_use]
    pub fn manual(mut self, lines: impl Into<String>) -> Self {
        self.manual = Some(lines.into());
        self
    }
}

/// An entry of the list of rules.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// The stable code: `PX` and three digits, the first of which is the family.
    pub code: &'static str,
    /// How much a finding of this rule matters.
    pub severity: Severity,
    /// One phrase: what a finding of this rule means.
    pub summary: &'static str,
    /// The page that `paxx explain` prints: Markdown.
    pub page: &'static str,
}

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $severity:ident, $summary:literal;)*) => {
        $(
            $(#[$doc])*
            #[doc = $summary]
            pub static $name: Rule = Rule {
                code: $code,
                severity: Severity::$severity,
                summary: $summary,
                page: include_str!(concat!("../docs/findings/", $code, ".md")),
            };
        )*
        /// Every rule, in the order of the codes.
        pub static RULES: &[&Rule] = &[$(&$name),*];
    };
}

// PX0: the project and its places. PX1: settings. PX2: dependencies. PX3: compose. PX4: modules. PX5: wiring.
// PX6: env and ignore files. PX7: migrations. PX8: paxx.lock and applying.
rules! {
    NOT_A_PROJECT = "PX001", Error, "no FastAPI project here";
    NO_APPLICATION = "PX002", Error, "no FastAPI application found";
    SEVERAL_APPLICATIONS = "PX003", Error, "several FastAPI applications";
    NOT_TEXT = "PX004", Error, "a file is not UTF-8 text";
    SYNTAX_ERROR = "PX005", Error, "a file has a syntax error";
    READ_ONLY = "PX006", Error, "a file that must change is read-only";
    OUTSIDE = "PX007", Error, "a file lies outside the project's repository";
    CONFIGURATION = "PX008", Error, "the configuration in `[tool.paxx]` or an option is wrong";
    UNREADABLE = "PX009", Error, "a file of the project cannot be read";
    NOT_SEARCHED = "PX010", Information, "a part of the project was not searched";
    IGNORES_NOTHING = "PX011", Warning, "an ignore comment ignores nothing";
    SETTING_MISSING = "PX101", Error, "a setting is missing";
    SETTING_TYPE = "PX102", Error, "a setting has another type";
    NO_SETTINGS_CLASS = "PX103", Error, "no settings class that the application uses";
    SEVERAL_SETTINGS_CLASSES = "PX104", Error, "several settings classes";
    SETTINGS_UNREACHABLE = "PX105", Error, "no way to reach the settings was found";
    SETTING_DEFAULT = "PX106", Information, "a default differs between the settings and the env example";
    SETTING_TWICE = "PX107", Warning, "a setting is defined twice";
    SETTING_HIDES = "PX108", Information, "a setting hides an inherited one";
    INPUT_SHOWN = "PX109", Information, "the settings class shows values in its errors";
    SETTING_VALUE = "PX110", Error, "an env file says what a setting does not take";
    DEPENDENCY_MISSING = "PX201", Error, "a dependency is missing";
    DEPENDENCY_BOUND = "PX202", Error, "a dependency's bound excludes what is needed";
    NO_DEPENDENCY_FILE = "PX203", Error, "no file that lists dependencies";
    DEPENDENCY_UNSUPPORTED = "PX204", Error, "a dependency file of a shape that is not edited";
    DEPENDENCY_TWICE = "PX205", Warning, "a dependency is listed twice";
    PYTHON_TOO_OLD = "PX206", Error, "the project's Python is older than what the modules need";
    SERVICE_MISSING = "PX301", Error, "a compose service is missing";
    SERVICE_CONFLICT = "PX302", Error, "a compose service of that name is something else";
    COMPOSE_UNSUPPORTED = "PX303", Error, "a compose file of a shape that is not edited";
    APPLICATION_ENVIRONMENT = "PX304", Error, "the application's compose service lacks a variable";
    APPLICATION_DEPENDS_ON = "PX305", Warning, "the application's compose service does not depend on a service";
    SEVERAL_APPLICATION_SERVICES = "PX306", Error, "several compose services may be the application";
    VOLUME_MISSING = "PX307", Error, "a named volume is not declared";
    IMAGE = "PX308", Error, "a service's image is not the one that is needed";
    APPLICATION_ENVIRONMENT_VALUE = "PX309", Warning, "the application's compose service has a doubtful value for a variable";
    PORT_TWICE = "PX310", Warning, "a port of the host is published twice";
    IMAGE_GONE = "PX311", Error, "a service's image is not published any more";
    BIND_MOUNT_DECLARED = "PX312", Warning, "a volume is declared, but a folder is mounted";
    HEALTH_CHECK_MISSING = "PX313", Warning, "a service that must be healthy has no health check";
    MODULE_MISSING = "PX401", Error, "a module is missing";
    MODULE_CHANGED = "PX402", Information, "a module was changed since it was written";
    MODULE_FOREIGN = "PX403", Error, "a file of a module's name is something else";
    PACKAGE_MISSING = "PX404", Error, "a package's `__init__.py` is missing";
    COMPONENT_MISSING = "PX405", Error, "a required component is missing";
    MODULE_LEFT_OVER = "PX406", Information, "a module of a component that is not installed";
    SETTING_UNKNOWN = "PX407", Error, "a module reads a setting that the settings class does not have";
    IN_USE = "PX408", Error, "the project's own code uses what would be removed";
    NAME_UNKNOWN = "PX409", Error, "a name that a component needs is not there";
    EXTRA_MISSING = "PX410", Information, "a test or dashboard that came with a component is missing";
    IMPORT_MISSING = "PX501", Error, "an import is missing";
    NAME_TAKEN = "PX502", Error, "a name that is needed stands for something else";
    LIFESPAN_CALL_MISSING = "PX503", Error, "a start or stop call is missing from the lifespan";
    LIFESPAN_UNSUPPORTED = "PX504", Error, "a lifespan that cannot be followed";
    MIDDLEWARE_MISSING = "PX505", Error, "a middleware is not added to the application";
    ROUTER_MISSING = "PX506", Error, "a router is not included in the application";
    ROUTE_TAKEN = "PX507", Error, "a route that is needed is taken";
    STATEMENT_MISSING = "PX508", Error, "a set-up call is missing";
    APPLICATION_UNSUPPORTED = "PX509", Error, "an application that cannot be wired";
    LIFESPAN_ORDER = "PX510", Warning, "start and stop calls are in the wrong order";
    HANDLERS_IGNORED = "PX511", Warning, "`on_event` handlers beside a lifespan never run";
    WIRED_TWICE = "PX512", Warning, "the application is wired twice with the same thing";
    ROUTER_ELSEWHERE = "PX513", Error, "a router is included in another application";
    WIRED_TOO_LATE = "PX514", Warning, "the application is wired when it runs already";
    READINESS_MISSING = "PX515", Information, "the readiness route does not ask for a component";
    ENV_MISSING = "PX601", Warning, "a variable is missing from the env example";
    IGNORE_MISSING = "PX602", Warning, "a line is missing from an ignore file";
    MIGRATION_HOOK_MISSING = "PX701", Error, "Alembic lacks what a component needs";
    MIGRATION_UNSUPPORTED = "PX702", Error, "an Alembic environment of a shape that is not edited";
    LOCK_UNREADABLE = "PX801", Error, "`paxx.lock` cannot be read";
    LOCK_NEWER = "PX802", Error, "`paxx.lock` was written by a newer paxx";
    UNFINISHED = "PX803", Error, "a change was interrupted, or its journal is not believed";
}

impl Rule {
    /// Does `selector` name it: its code, or how its code begins (`PX3`), in any case?
    pub fn is_selected_by(&self, selector: &str) -> bool {
        selector.len() >= 2 && self.code.get(..selector.len()).is_some_and(|code| code.eq_ignore_ascii_case(selector))
    }
}

/// Does `selector` name any rule?
pub fn is_selector(selector: &str) -> bool {
    RULES.iter().any(|rule| rule.is_selected_by(selector))
}

/// The rule with this code, in any case.
pub fn rule(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code.eq_ignore_ascii_case(code)).copied()
}
