//! A folder under `templates/` is a component: without a change in Rust it is listed, added, checked and removed. A folder that
//! is wrong fails the build, with the file and the key.
//!
//! The sources are copied and built with a target folder of their own, which is kept: only the first run builds dependencies.

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use common::{Output, Sandbox, assert_same, copy_folder, fixture, output};

const MANIFEST: &str = r#"id = "mail"
kind = "infra"
summary = "Mail by SMTP"
heading = "Mail"
version = 1
requires = ["redis"]
aliases = ["smtp"]
next_steps = "next_steps.txt.jinja"

[[option]]
name = "port"
summary = "the port of the server"
type = "integer"
ge = 1
le = 65535
default = "1025"

[[option]]
name = "auth"
summary = "how one logs in"
type = "one-of"
values = ["none", "plain"]
default = "none"

[[module]]
path = "mail.py"
template = "mail.py.jinja"

[[dependency]]
requirement = "aiosmtplib>=3.0"

[[dependency]]
requirement = "bcrypt>=4.0"
when = { auth = "plain" }

[[setting]]
name = "MAIL_HOST"
type = "str"
default = '"localhost"'
env = "localhost"

[[setting]]
name = "MAIL_PORT"
type = "int"
default = "{options.port}"
env = "{options.port}"
ge = 1

[[service]]
name = "mailpit"
template = "compose.yml"
images = ["axllent/mailpit"]
volumes = ["mail_data"]

[[environment]]
variable = "MAIL_HOST"
value = "{mailpit}"
service = "mailpit"
condition = "service_started"

[[lifespan]]
module = "mail"
start = "start_mail"
stop = "stop_mail"

[[router]]
module = "mail"
name = "mail_router"
paths = ["/mail/health"]
"#;

const MODULE: &str = r#""""Mail by SMTP."""

from fastapi import APIRouter

{{ project.settings_import }}

mail_router = APIRouter(prefix="/mail")


@mail_router.get("/health")
async def health() -> dict[str, str]:
    """Where mail goes."""
    return {"host": {{ project.setting("MAIL_HOST") }}}
{%- if options.auth.is_plain() %}


AUTH = "{{ options.auth }}"
{%- endif %}


async def start_mail() -> None:
    """Start."""


async def stop_mail() -> None:
    """Stop."""
"#;

const SERVICE: &str =
    "mailpit:\n  image: axllent/mailpit:v1.27\n  restart: unless-stopped\n  volumes:\n    - mail_data:/data\n";

/// A copy of the sources, with one more component.
struct Crate {
    folder: tempfile::TempDir,
    target: PathBuf,
}

impl Crate {
    fn new() -> Self {
        let source = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["src", "templates", "queries", "docs", "benches"] {
            if source.join(name).is_dir() {
                copy_folder(&source.join(name), &folder.path().join(name));
            }
        }
        for name in ["Cargo.toml", "Cargo.lock", "build.rs", "README.md"] {
            if source.join(name).is_file() {
                fs::copy(source.join(name), folder.path().join(name)).expect("copied");
            }
        }
        // What it has no sources of is not built.
        let manifest = fs::read_to_string(folder.path().join("Cargo.toml")).expect("read");
        let mut document: toml_edit::DocumentMut = manifest.parse().expect("TOML");
        document.remove("test");
        document.remove("bench");
        fs::write(folder.path().join("Cargo.toml"), document.to_string()).expect("written");
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-component");
        let made = Self { folder, target };
        made.write("component.toml", MANIFEST);
        made.write("mail.py.jinja", MODULE);
        made.write("compose.yml", SERVICE);
        made.write("next_steps.txt.jinja", "1. Start it: {{ project.compose }} up -d\n");
        made
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("templates/mail").join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::create_dir_all(self.path("")).expect("created");
        fs::write(self.path(name), text).expect("written");
    }

    fn build(&self) -> Output {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        // What cargo tells this test of itself is not meant for another cargo.
        for (name, _) in env::vars_os() {
            if name.to_string_lossy().starts_with("CARGO_PKG") || name.to_string_lossy().starts_with("CARGO_MANIFEST") {
                command.env_remove(name);
            }
        }
        command.args(["build", "--offline", "--locked", "--quiet", "--bin", "paxx"]).current_dir(self.folder.path());
        command.env("CARGO_TARGET_DIR", &self.target).env("CARGO_INCREMENTAL", "0");
        // It is built more often than it is run.
        command.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_PROFILE_DEV_OPT_LEVEL", "0");
        output(&mut command)
    }

    fn binary(&self) -> PathBuf {
        self.target.join("debug/paxx")
    }

    /// The build fails, and says all of this.
    #[track_caller]
    fn fails(&self, texts: &[&str]) {
        let built = self.build();
        assert_ne!(built.code, 0, "the build does not fail");
        for text in texts {
            assert!(built.stderr.contains(text), "`{text}` is not said:\n{}", built.stderr);
        }
        assert!(!built.stderr.contains("panicked"), "{}", built.stderr);
    }

    /// A build with another manifest fails.
    #[track_caller]
    fn fails_with(&self, from: &str, to: &str, texts: &[&str]) {
        let manifest = MANIFEST.replacen(from, to, 1);
        assert_ne!(manifest, MANIFEST, "`{from}` is there");
        self.write("component.toml", &manifest);
        self.fails(&[&["templates/mail/component.toml"], texts].concat());
        self.write("component.toml", MANIFEST);
    }
}

/// One test, because all builds share a folder.
#[test]
#[ignore = "builds the program once more, for more than a minute: `.ci/run --long` runs it"]
fn a_folder_is_a_component() {
    let made = Crate::new();

    // Wrong ones first: the build stops at the manifest.
    made.fails_with("summary = ", "sumary = ", &["sumary"]);
    made.fails_with("ge = 1", "gee = 1", &["gee"]);
    made.fails_with("requires = [\"redis\"]", "requires = [\"rediss\"]", &["requires", "rediss"]);
    made.fails_with("template = \"mail.py.jinja\"", "template = \"male.py.jinja\"", &["male.py.jinja", "missing"]);
    made.fails_with("template = \"compose.yml\"", "template = \"composer.yml\"", &["composer.yml"]);
    made.fails_with("id = \"mail\"", "id = \"my-mail\"", &["id", "my-mail"]);
    made.fails_with("path = \"mail.py\"", "path = \"my-mail.py\"", &["module.path", "my-mail.py"]);
    made.fails_with("name = \"mail_router\"", "name = \"mail router\"", &["router.name", "mail router"]);
    made.fails_with("start = \"start_mail\"", "start = \"class\"", &["lifespan.start", "class"]);
    made.fails_with("name = \"MAIL_HOST\"", "name = \"MAIL-HOST\"", &["setting.name", "MAIL-HOST"]);
    made.fails_with("aliases = [\"smtp\"]", "aliases = [\"arq\"]", &["aliases", "`arq`"]);
    made.fails_with("value = \"{mailpit}\"", "value = \"{mailbox}\"", &["environment.value", "mailbox"]);
    made.fails_with("version = 1", "version = 0", &["version"]);
    made.fails_with("when = { auth = \"plain\" }", "when = { auht = \"plain\" }", &["dependency.when", "auht"]);
    made.fails_with("when = { auth = \"plain\" }", "when = { auth = \"plane\" }", &["dependency.when", "plane"]);
    made.fails_with("default = \"none\"", "default = \"no\"", &["option.default", "no"]);
    made.fails_with("default = \"{options.port}\"", "default = \"{options.prot}\"", &["setting", "prot"]);
    // Two at once are both named.
    made.fails_with(
        "version = 1\nrequires = [\"redis\"]",
        "version = 0\nrequires = [\"rediss\"]",
        &["version", "rediss"],
    );

    // A template that asks for a value which is none does not compile.
    made.write("mail.py.jinja", &MODULE.replace("is_plain", "is_plane"));
    made.fails(&["is_plane"]);
    made.write("mail.py.jinja", MODULE);

    made.write("notes.txt", "not used\n");
    made.fails(&["templates/mail/component.toml", "notes.txt", "not used"]);
    fs::remove_file(made.path("notes.txt")).expect("removed");

    let redis = made.folder.path().join("templates/redis/component.toml");
    let text = fs::read_to_string(&redis).expect("read");
    fs::write(&redis, text.replacen("requires = []", "requires = [\"mail\"]", 1)).expect("written");
    made.fails(&["component.toml", "requires", "cycle", "mail -> redis -> mail"]);
    fs::write(&redis, text).expect("written");

    fs::remove_file(made.path("component.toml")).expect("removed");
    made.fails(&["templates/mail/component.toml"]);
    made.write("component.toml", MANIFEST);

    // And the right one.
    let built = made.build();
    assert_eq!(built.code, 0, "{}", built.stderr);
    let sandbox = Sandbox::plain(fixture("package-upper"));
    let before = sandbox.tree();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(made.binary());
        common::clean(command.args(arguments).current_dir(&sandbox.project));
        output(&mut command)
    };
    let listed = run(&["infra", "list"]).expect(0);
    assert!(
        listed.stdout.contains("mail") && listed.stdout.contains("Mail by SMTP (requires redis)"),
        "{}",
        listed.stdout
    );
    let dry = run(&["infra", "add", "smtp", "--dry-run"]).expect(0);
    assert!(dry.stdout.contains("+++ b/app/services/mail.py"), "{}", dry.stdout);
    run(&["infra", "add", "mail", "--yes"]).expect(0).says(&[
        "comes along",
        "Next steps for redis, mail",
        "docker compose up -d",
    ]);
    let after = sandbox.tree();
    let holds = |path: &str, text: &str| {
        assert!(sandbox.read(path).contains(text), "{path} lacks `{text}`:\n{}", sandbox.read(path));
    };
    holds("app/services/mail.py", "return {\"host\": settings.MAIL_HOST}");
    holds("app/services/cache.py", "start_redis");
    holds("app/core/config.py", "MAIL_PORT: int = Field(default=1025, ge=1)");
    holds(".env.example", "MAIL_HOST=localhost");
    holds("pyproject.toml", "\"aiosmtplib>=3.0\"");
    holds("compose.yml", "image: axllent/mailpit:v1.27");
    holds("compose.yml", "MAIL_HOST=mailpit");
    holds("compose.yml", "mail_data:");
    holds("app/main.py", "await start_mail()");
    holds("app/main.py", "app.include_router(mail_router)");
    run(&["check"]).expect(0);
    run(&["infra", "add", "mail", "--yes"]).expect(0).says(&["nothing to do"]);
    assert_same(&after, &sandbox.tree(), "twice is once");
    sandbox.write("app/main.py", sandbox.read("app/main.py").replace("app.include_router(mail_router)\n", ""));
    let checked = run(&["check", "--format", "concise"]).expect(1);
    assert!(checked.stdout.contains("PX506") && checked.stdout.contains("mail_router"), "{}", checked.stdout);
    run(&["infra", "add", "mail", "--yes"]).expect(0);
    run(&["check"]).expect(0);
    // The program without it says what it does not know.
    let unknown = sandbox.paxx(&["check"]);
    assert!(
        unknown.stdout.contains("PX802") && unknown.stdout.contains("`mail`"),
        "{}{}",
        unknown.stdout,
        unknown.stderr
    );
    run(&["infra", "remove", "mail", "redis", "--yes"]).expect(0);
    assert_same(&before, &sandbox.tree(), "add and remove");

    // Its options are in its texts, and decide what comes.
    run(&["add", "mail", "--set", "mail.port=2525", "--set", "mail.auth=plain", "--yes"]).expect(0);
    holds("app/core/config.py", "MAIL_PORT: int = Field(default=2525, ge=1)");
    holds(".env.example", "MAIL_PORT=2525");
    holds("pyproject.toml", "\"bcrypt>=4.0\"");
    holds("app/services/mail.py", "AUTH = \"plain\"");
    holds("paxx.lock", "options = { auth = \"plain\", port = \"2525\" }");
    run(&["check"]).expect(0);
    run(&["add", "mail", "--set", "mail.port=0", "--yes"]).expect(2).says(&["whole number from 1 to 65535"]);
    run(&["remove", "mail", "redis", "--yes"]).expect(0);
    assert_same(&before, &sandbox.tree(), "add and remove");
}
