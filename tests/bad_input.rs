//! Input that cannot be worked with: exit 2, a message with the place and what to do, and nothing is written.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use common::{Output, Sandbox, assert_same, fixture};

/// Runs `add --yes` (and the dry run, which must refuse too) where that is refused.
#[track_caller]
fn refused(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    let before = sandbox.tree();
    let dry: Vec<&str> =
        arguments.iter().map(|argument| if *argument == "--yes" { "--dry-run" } else { argument }).collect();
    let dry = sandbox.paxx(&dry).expect(2);
    assert_eq!(dry.stdout, "", "a refused dry run prints no diff");
    let output = sandbox.paxx(arguments).expect(2).says(&["help:"]);
    assert_eq!(output.stdout, "", "a refusal goes to standard error");
    assert!(!output.stderr.contains("panicked") && !output.stderr.contains("RUST_BACKTRACE"), "{}", output.stderr);
    assert_same(&before, &sandbox.tree(), "nothing is written");
    output
}

#[track_caller]
fn add(sandbox: &Sandbox, names: &[&str]) -> Output {
    let arguments: Vec<&str> = ["infra", "add"].iter().chain(names).chain(&["--yes"]).copied().collect();
    refused(sandbox, &arguments)
}

fn bootstrapped() -> Sandbox {
    Sandbox::plain(fixture("bootstrapped"))
}

fn upper() -> Sandbox {
    Sandbox::plain(fixture("package-upper"))
}

#[test]
fn not_a_project() {
    let sandbox = Sandbox::of(&[("pyproject.toml", "[project]\nname = \"x\"\n"), ("main.py", "print(1)\n")]);
    add(&sandbox, &["redis"]).says(&["PX001", "no FastAPI project", "-C DIR"]);
    sandbox.paxx(&["check"]).expect(2).says(&["PX001"]);
    let empty = Sandbox::of(&[]);
    add(&empty, &["redis"]).says(&["PX001"]);
    empty.paxx(&["-C", "nowhere", "infra", "add", "redis"]).expect(2).says(&["PX001", "nowhere", "help:"]);
}

#[test]
fn a_folder_above_two_projects() {
    let application = "from fastapi import FastAPI\n\napp = FastAPI()\n";
    let manifest = "[project]\nname = \"x\"\ndependencies = [\"fastapi\"]\n";
    let sandbox = Sandbox::of(&[
        ("backend/pyproject.toml", manifest),
        ("backend/main.py", application),
        ("tools/hooks/pyproject.toml", manifest),
        ("tools/hooks/main.py", application),
        ("web/package.json", "{}\n"),
    ]);
    let output = add(&sandbox, &["redis"]).says(&[
        "PX001",
        "paxx -C backend infra add redis",
        "paxx -C tools/hooks infra add redis",
    ]);
    assert!(!output.stderr.contains("web"), "{}", output.stderr);
    sandbox.paxx(&["-C", "backend", "infra", "add", "metrics", "--dry-run"]).expect(0);
}

#[test]
fn an_unknown_component() {
    let sandbox = bootstrapped();
    add(&sandbox, &["rediss"]).says(&["`rediss`", "did you mean `redis`?"]);
    add(&sandbox, &["redis", "metrisc"]).says(&["`metrisc`", "did you mean `metrics`?"]);
    add(&sandbox, &["kubernetes"]).says(&["`kubernetes`", "redis", "postgis"]);
    sandbox.paxx(&["check", "rediss"]).expect(2).says(&["did you mean `redis`?"]);
    sandbox.paxx(&["infra", "remove", "rediss", "--yes"]).expect(2).says(&["did you mean `redis`?"]);
}

#[test]
fn an_unknown_word_gets_the_nearest_of_its_kind() {
    let sandbox = bootstrapped();
    let before = sandbox.tree();
    for (arguments, says) in [
        (&["ad", "redis"][..], "did you mean `add`?"),
        (&["chekc"], "did you mean `check`?"),
        (&["infra", "lsit"], "did you mean `list`?"),
        (&["install", "redis"], "did you mean `paxx add`?"),
        (&["infra", "uninstall", "redis"], "did you mean `paxx remove`?"),
        (&["redis"], "`paxx add redis` adds the component"),
        (&["init"], "paxx adds to a project that is there"),
        (&["list", "redis"], "`paxx info redis` says what it is"),
        (&["info"], "`paxx list` shows the names"),
        (&["add", "redis,metrics"], "write blanks between several: `redis metrics`"),
        (&["add", "prometheus"], "did you mean `metrics`?"),
        (&["add", "jobs"], "did you mean `arq` or `taskiq`?"),
        (&["add", "email", "--set", "backend=smtp"], "as in `--set email.backend=smtp`"),
        (&["add", "email", "--set", "email.backend="], "`email.backend` has no value"),
        (&["add", "search", "--set", "search.language=a b"], "such as `"),
        (&["-C", "main.py", "list"], "`main.py` is no folder"),
        (&["check", "--select", "PX9"], "the codes are from PX001 to "),
        (&["explain", "PX9503"], "did you mean `PX503`?"),
        (&["explain", "kubernetes"], "there is no finding `kubernetes`"),
        (&["info", "rediss"], "did you mean `redis`?"),
        (&["help", "remvoe"], "did you mean `remove`?"),
        (&["man", "ad"], "did you mean `add`?"),
        (&["check", "foo"], "there is no component `foo`"),
        (&["remove", "rediss", "--yes"], "did you mean `redis`?"),
        (&["add"], "no component is named"),
        (&["add", "--yes"], "there are arq"),
    ] {
        let output = sandbox.paxx(arguments).expect(2);
        assert!(output.stderr.contains(says), "{arguments:?}: {}", output.stderr);
        assert!(output.stderr.len() < 500, "{arguments:?}: {}", output.stderr);
    }
    for command in ["list", "add", "remove", "check", "undo"] {
        let name = if ["add", "remove"].contains(&command) { &["redis"][..] } else { &[] };
        let arguments = [&["-C", "nowhere", command], name].concat();
        sandbox.paxx(&arguments).expect(2).says(&["there is no folder `nowhere`"]);
    }
    assert_same(&before, &sandbox.tree(), "nothing is written");
}

#[test]
fn a_name_that_is_a_path() {
    let sandbox = bootstrapped();
    fs::write(sandbox.top.with_file_name("x"), "kept").expect("written");
    for name in ["../x", "/abs", "../../../etc/passwd", "redis/../metrics", ".", "", "a\nb"] {
        let before = sandbox.tree();
        let output = sandbox.paxx(&["infra", "add", name, "--yes"]).expect(2);
        assert!(output.stderr.contains("help:"), "{name:?}: {}", output.stderr);
        assert_same(&before, &sandbox.tree(), name);
    }
    assert_eq!(fs::read_to_string(sandbox.top.with_file_name("x")).expect("there"), "kept");
}

#[test]
fn a_syntax_error_in_the_settings() {
    let sandbox = bootstrapped();
    let text = sandbox.read("settings.py").replace("    debug: bool = False\n", "    debug: bool = = False\n");
    let line = text.lines().position(|line| line.contains("= =")).expect("there") + 1;
    sandbox.write("settings.py", text);
    add(&sandbox, &["redis"]).says(&["PX005", "syntax error", &format!("settings.py:{line}:")]);
}

#[test]
fn a_syntax_error_in_the_application() {
    let sandbox = upper();
    let text = sandbox.read("app/main.py").replace("app = FastAPI(", "app = = FastAPI(");
    let line = text.lines().position(|line| line.contains("= =")).expect("there") + 1;
    sandbox.write("app/main.py", text);
    add(&sandbox, &["redis"]).says(&["PX005", &format!("app/main.py:{line}:")]);
}

#[test]
fn invalid_toml() {
    let sandbox = bootstrapped();
    let text = sandbox.read("pyproject.toml").replace("version = \"0.1.0\"", "version = 0.1.0.");
    let line = text.lines().position(|line| line.contains("0.1.0.")).expect("there") + 1;
    sandbox.write("pyproject.toml", text);
    let output = add(&sandbox, &["redis"]).says(&["not valid TOML", &format!("pyproject.toml:{line}:")]);
    assert_eq!(output.stderr.matches("not valid TOML").count(), 1, "once is enough:\n{}", output.stderr);
}

#[test]
fn invalid_yaml() {
    let sandbox = bootstrapped();
    let text = sandbox.read("docker-compose.yml").replace("image: postgres:16-alpine", "image: [postgres:16-alpine");
    let first = text.lines().position(|line| line.contains("image: [")).expect("there") + 1;
    sandbox.write("docker-compose.yml", text);
    let output = add(&sandbox, &["redis"]).says(&["PX005", "docker-compose.yml:"]);
    let said = common::flat(&output.stderr);
    let place = said.split("docker-compose.yml:").nth(1).expect("a place");
    let line: usize = place.split(':').next().and_then(|line| line.parse().ok()).expect("a line");
    assert!(line >= first, "the error is at line {first} or after it, not at {line}:\n{}", output.stderr);
}

#[test]
fn a_read_only_file() {
    let sandbox = bootstrapped();
    let path = sandbox.project.join("settings.py");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).expect("set");
    add(&sandbox, &["redis"]).says(&["PX006", "settings.py", "read-only", "chmod u+w"]);
}

#[test]
fn a_latin_1_file() {
    for (sandbox, path) in [
        (bootstrapped(), "settings.py"),
        (upper(), "app/core/config.py"),
        (upper(), "app/main.py"),
        (upper(), "compose.yml"),
    ] {
        let mut bytes = sandbox.read(path).into_bytes();
        bytes.extend_from_slice(b"\n# caf\xe9\n");
        sandbox.write(path, &bytes);
        add(&sandbox, &["redis"]).says(&["PX004", path, "UTF-8"]);
    }
}

#[test]
fn a_module_where_the_package_goes() {
    let sandbox = bootstrapped();
    sandbox.write("services.py", "def send() -> None:\n    pass\n");
    add(&sandbox, &["redis"]).says(&["services.py", "--services-dir"]);
    sandbox.paxx(&["infra", "add", "redis", "--services-dir", "infrastructure", "--yes"]).expect(0);
    assert!(sandbox.project.join("infrastructure/cache.py").exists());
    sandbox.paxx(&["check"]).expect(0);
}

#[test]
fn a_foreign_module_of_the_same_name() {
    let sandbox = upper();
    let foreign = "CACHE: dict[str, str] = {}\n";
    sandbox.write("app/services/cache.py", foreign);
    let before = sandbox.tree();
    add(&sandbox, &["redis"]).says(&["PX403", "app/services/cache.py", "--force"]);
    let dry = sandbox.paxx(&["infra", "add", "redis", "--force", "--dry-run"]).expect(0);
    assert!(dry.stdout.contains("-CACHE: dict[str, str] = {}"), "the diff shows what is overwritten:\n{}", dry.stdout);
    assert_same(&before, &sandbox.tree(), "a dry run writes nothing");
    sandbox.paxx(&["infra", "add", "redis", "--force", "--yes"]).expect(0);
    assert!(sandbox.read("app/services/cache.py").contains("start_redis"));
    sandbox.paxx(&["check"]).expect(0);
    sandbox.paxx(&["undo", "--yes"]).expect(0);
    assert_same(&before, &sandbox.tree(), "undo brings the foreign module back");
}

#[test]
fn two_applications() {
    let application = "from fastapi import FastAPI\n\nNAME = FastAPI()\n";
    let sandbox = Sandbox::of(&[
        ("pyproject.toml", "[project]\nname = \"x\"\ndependencies = [\"fastapi\"]\n"),
        ("public.py", &application.replace("NAME", "app")),
        ("internal.py", &application.replace("NAME", "api")),
    ]);
    add(&sandbox, &["redis"]).says(&["PX003", "public:app", "internal:api", "--app", "public.py:3:", "internal.py:3:"]);
    sandbox.paxx(&["infra", "add", "redis", "--app", "internal:api", "--dry-run"]).expect(0);
}

#[test]
fn two_settings_classes() {
    let sandbox = bootstrapped();
    let class = "\n\nclass OtherSettings(BaseSettings):\n    other: int = 1\n\n\nother = OtherSettings()\n";
    sandbox.write("settings.py", sandbox.read("settings.py") + class);
    let main = sandbox
        .read("main.py")
        .replace("from settings import settings\n", "from settings import other, settings\n\nprint(other)\n");
    sandbox.write("main.py", main);
    add(&sandbox, &["redis"]).says(&[
        "PX104",
        "--settings settings.py:Settings",
        "--settings settings.py:OtherSettings",
    ]);
}

#[test]
fn an_unreadable_lock() {
    for (text, place) in [
        ("version = \n", "paxx.lock:1:"),
        ("hello\n", "paxx.lock:1:"),
        ("version = 1\n\n[[component]]\nname = 7\n", "paxx.lock:"),
    ] {
        let sandbox = bootstrapped();
        sandbox.write("paxx.lock", text);
        add(&sandbox, &["redis"]).says(&["PX801", place]);
        sandbox.paxx(&["check"]).expect(2).says(&["PX801", "help:"]);
    }
    let sandbox = bootstrapped();
    sandbox.write("paxx.lock", b"version = 1 # \xe9\n");
    add(&sandbox, &["redis"]).says(&["PX801", "paxx.lock"]);
}

#[test]
fn a_newer_lock() {
    let sandbox = bootstrapped();
    sandbox.write("paxx.lock", "version = 3\n");
    add(&sandbox, &["redis"]).says(&["PX802", "paxx.lock:1:", "version 3"]);
    sandbox.paxx(&["check"]).expect(2).says(&["PX802", "help:"]);
}

#[test]
fn a_bound_that_excludes_ours() {
    let sandbox = bootstrapped();
    let text = sandbox
        .read("pyproject.toml")
        .replace("    \"httpx>=0.28.0\",\n", "    \"httpx>=0.28.0\",\n    \"redis>=4,<5\",\n");
    let line = text.lines().position(|line| line.contains("redis>=4")).expect("there") + 1;
    sandbox.write("pyproject.toml", text);
    add(&sandbox, &["redis"]).says(&["PX202", "redis>=4,<5", &format!("pyproject.toml:{line}:")]);
    let manual = sandbox.paxx(&["infra", "add", "redis", "--allow-manual", "--yes"]).expect(0);
    assert!(manual.stderr.contains("by hand"), "{}", manual.stderr);
    assert!(sandbox.read("pyproject.toml").contains("redis>=4,<5") && sandbox.read("main.py").contains("start_redis"));
}

#[test]
fn several_reasons_are_reported_together() {
    let sandbox = upper();
    sandbox.write("app/services/cache.py", "CACHE: dict[str, str] = {}\n");
    sandbox.write("compose.yml", sandbox.read("compose.yml") + "  - [\n");
    sandbox.write("app/core/config.py", sandbox.read("app/core/config.py") + "x = = 1\n");
    let bound =
        sandbox.read("pyproject.toml").replacen("dependencies = [\n", "dependencies = [\n    \"redis<4\",\n", 1);
    sandbox.write("pyproject.toml", bound);
    add(&sandbox, &["redis"]).says(&[
        "app/services/cache.py",
        "compose.yml",
        "app/core/config.py",
        "PX202",
        "PX403",
        "PX005",
    ]);
}

#[test]
fn wrong_usage() {
    let sandbox = bootstrapped();
    let before = sandbox.tree();
    for arguments in [
        &["infra", "add"][..],
        &["infra", "add", "redis", "--yes", "--dry-run"],
        &["infra", "add", "redis", "--exit-code"],
        &["infra", "add", "redis", "--color", "blue"],
        &["nothing"],
        &["explain", "PX999"],
    ] {
        let output = sandbox.paxx(arguments).expect(2);
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{arguments:?}");
    }
    assert_same(&before, &sandbox.tree(), "nothing is written");
}

#[test]
fn nothing_to_remove_or_undo() {
    let sandbox = bootstrapped();
    refused(&sandbox, &["infra", "remove", "redis", "--yes"]).says(&["`redis` is not installed"]);
    let before = sandbox.tree();
    sandbox.paxx(&["undo", "--yes"]).expect(2);
    assert_same(&before, &sandbox.tree(), "nothing is written");
}

#[test]
fn undo_after_an_edit() {
    let sandbox = bootstrapped();
    sandbox.paxx(&["infra", "add", "redis", "--yes"]).expect(0);
    sandbox.write("settings.py", sandbox.read("settings.py") + "\n# mine\n");
    sandbox.write("services/cache.py", "# mine\n");
    let before = sandbox.tree();
    sandbox.paxx(&["undo", "--yes"]).expect(2).says(&["settings.py", "services/cache.py", "help:"]);
    assert_same(&before, &sandbox.tree(), "nothing is written");
}
