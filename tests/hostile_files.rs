//! Repositories whose files are made to make a tool hang, run out of memory, crash, or read what lies outside.
//!
//! Each command must end by itself, within a time and a memory that no honest project comes near, with a code of its own.

mod common;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::process::Command;

use common::{Output, PAXX, Sandbox, assert_same, fixture, output};

/// Every command that reads a project, and one that reads none but takes the option.
const COMMANDS: &[&[&str]] = &[
    &["infra", "add", "redis", "--dry-run"],
    &["infra", "add", "arq", "--dry-run"],
    &["infra", "remove", "redis", "--dry-run"],
    &["infra", "list"],
    &["check"],
    &["check", "redis", "--format", "json"],
    &["check", "--fix", "--dry-run"],
    &["undo"],
];

/// Runs the program with 1.5 GB of memory and 20 seconds: `timeout` ends it with 124.
fn limited(sandbox: &Sandbox, arguments: &[&str]) -> Output {
    let script = "ulimit -v 1500000; exec timeout -k 1 20 \"$0\" \"$@\"";
    let mut command = Command::new("bash");
    command.args(["-c", script, PAXX]).args(arguments).current_dir(&sandbox.project);
    common::clean(&mut command);
    output(&mut command)
}

/// Each command ends with a code of its own, and says nothing of itself.
#[track_caller]
fn all_end(sandbox: &Sandbox, what: &str) -> Vec<Output> {
    let before = sandbox.tree();
    let end = |arguments: &&[&str]| {
        let ended = limited(sandbox, arguments);
        let said = &ended.stderr;
        assert!((0..=2).contains(&ended.code), "{what}: {arguments:?} ended with {}: {said}", ended.code);
        assert!(!said.contains("panicked") && !said.contains("RUST_BACKTRACE"), "{what}: {arguments:?}: {said}");
        ended
    };
    let ended = COMMANDS.iter().map(end).collect();
    assert_same(&before, &sandbox.tree(), what);
    ended
}

/// A project in a repository, with Redis installed, so that every command has something to look at.
fn project() -> Sandbox {
    let sandbox = Sandbox::plain(fixture("bootstrapped"));
    sandbox.paxx(&["infra", "add", "redis", "--yes"]).expect(0);
    fs::create_dir_all(sandbox.top.join(".git/info")).expect("made");
    sandbox
}

fn pipe(sandbox: &Sandbox, path: &str) {
    let path = sandbox.project.join(path);
    fs::create_dir_all(path.parent().expect("a parent")).expect("made");
    let _ = fs::remove_file(&path);
    let mode = rustix::fs::Mode::RWXU;
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).expect("a pipe");
}

/// Every file that decides something about a project, by its name.
const NAMES: &[&str] = &[
    ".gitignore",
    ".ignore",
    ".git/info/exclude",
    ".dockerignore",
    ".env.example",
    "pyproject.toml",
    "requirements.txt",
    "requirements-dev.txt",
    "ruff.toml",
    "docker-compose.yml",
    "Dockerfile",
    "Makefile",
    "alembic.ini",
    "alembic/env.py",
    "main.py",
    "settings.py",
    "services/cache.py",
    "services/__init__.py",
    "paxx.lock",
    "sub/.gitignore",
    "sub/.ignore",
    "sub/setup.py",
];

#[test]
fn a_pipe_in_the_place_of_any_file_makes_nothing_wait() {
    for name in NAMES {
        let sandbox = project();
        pipe(&sandbox, name);
        sandbox.write("sub/x.py", "from fastapi import FastAPI\n\nFastAPI()\n");
        all_end(&sandbox, name);
    }
}

#[test]
fn a_pipe_is_named() {
    for name in [".gitignore", ".ignore", "sub/.gitignore", ".env.example", "pyproject.toml", "paxx.lock"] {
        let sandbox = project();
        pipe(&sandbox, name);
        let ended = limited(&sandbox, &["infra", "add", "storage", "--dry-run"]).expect(2);
        ended.says(&["PX009", name, "a pipe, a socket or a device", "help:"]);
    }
}

#[test]
fn a_link_to_an_endless_device_is_not_read() {
    for name in NAMES {
        let sandbox = project();
        let path = sandbox.project.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        let _ = fs::remove_file(&path);
        symlink("/dev/zero", &path).expect("linked");
        all_end(&sandbox, name);
    }
}

#[test]
fn a_file_without_end_is_named_with_its_limit() {
    for (name, limit) in [
        (".gitignore", "256 KiB"),
        ("sub/.ignore", "256 KiB"),
        ("docker-compose.yml", "4 MiB"),
        ("pyproject.toml", "4 MiB"),
        (".env.example", "4 MiB"),
        ("Dockerfile", "4 MiB"),
        ("settings.py", "4 MiB"),
        ("paxx.lock", "4 MiB"),
    ] {
        let sandbox = project();
        sandbox.write(name, "");
        // Sparse: it takes no room on the disk.
        fs::File::options().write(true).open(sandbox.project.join(name)).expect("there").set_len(1 << 30).expect("set");
        limited(&sandbox, &["infra", "add", "storage", "--dry-run"]).expect(2).says(&["PX009", name, limit, "help:"]);
    }
}

#[test]
fn a_python_file_that_is_not_searched_is_a_note() {
    let sandbox = project();
    sandbox.write("data/table.py", "X = 1\n".repeat(1 << 20));
    sandbox
        .paxx(&["infra", "add", "storage", "--dry-run"])
        .expect(0)
        .says(&["`data/table.py` was not searched", "4 MiB"]);
    sandbox.write("settings.py", sandbox.read("settings.py").replace("cache_fail_open", "other"));
    let checked = sandbox.paxx(&["check", "-v", "--format", "concise"]).expect(1);
    assert!(checked.stdout.contains("PX010") && checked.stdout.contains("data/table.py"), "{}", checked.stdout);
}

#[test]
fn nothing_outside_is_read_through_a_link() {
    for (name, to) in [
        ("settings.py", "../outside/settings.py"),
        ("services", "../outside"),
        ("alembic", "../outside"),
        ("docker-compose.yml", "../outside/compose.yml"),
        ("requirements", "../outside"),
        (".env.example", "../outside/env"),
    ] {
        let sandbox = project();
        let outside = sandbox.top.with_file_name("outside");
        fs::create_dir_all(&outside).expect("made");
        for file in ["settings.py", "compose.yml", "base.txt", "env", "env.py", "cache.py"] {
            fs::write(outside.join(file), "SECRET-OF-ANOTHER = 1\n").expect("written");
        }
        let path = sandbox.project.join(name);
        if path.is_dir() {
            fs::remove_dir_all(&path).expect("removed");
        } else {
            let _ = fs::remove_file(&path);
        }
        symlink(to, &path).expect("linked");
        for ended in all_end(&sandbox, name) {
            assert!(!format!("{}{}", ended.stdout, ended.stderr).contains("SECRET-OF-ANOTHER"), "{name}");
        }
    }
}

#[test]
fn folders_that_are_links_in_a_ring_end() {
    let sandbox = project();
    symlink(".", sandbox.project.join("again")).expect("linked");
    symlink("../..", sandbox.project.join("services/up")).expect("linked");
    symlink("b", sandbox.project.join("a")).expect("linked");
    symlink("a", sandbox.project.join("b")).expect("linked");
    for name in ["loop.py", "Makefile", ".dockerignore"] {
        let _ = fs::remove_file(sandbox.project.join(name));
        symlink("a", sandbox.project.join(name)).expect("linked");
    }
    all_end(&sandbox, "links in a ring");
}

#[test]
fn names_of_every_kind_are_names() {
    let sandbox = project();
    let application = "from fastapi import FastAPI\n\napp = FastAPI()\n";
    for name in [&b"-rf"[..], b"a\nb", b"caf\xe9", b"\x1b[31mred", b" ", b"$(id)", b"'"] {
        let folder = sandbox.project.join(OsStr::from_bytes(name));
        fs::create_dir(&folder).expect("made");
        fs::write(folder.join("main.py"), application).expect("written");
        fs::write(folder.join("pyproject.toml"), "").expect("written");
        fs::write(folder.join(OsStr::from_bytes(b"\xff.py")), application).expect("written");
    }
    all_end(&sandbox, "names");
    for name in ["main.py", "pyproject.toml", "paxx.lock"] {
        fs::remove_file(sandbox.project.join(name)).expect("removed");
    }
    let ended = limited(&sandbox, &["infra", "add", "redis", "--dry-run"]).expect(2);
    ended.says(&["paxx -C ./-rf infra add redis", "paxx -C '$(id)' infra add redis"]);
}

#[test]
fn many_entries_and_deep_folders_end() {
    let sandbox = project();
    fs::create_dir(sandbox.project.join("many")).expect("made");
    for number in 0..20_000 {
        fs::write(sandbox.project.join(format!("many/{number}.txt")), "").expect("written");
    }
    let deep = sandbox.project.join("d/".repeat(600));
    fs::create_dir_all(&deep).expect("made");
    fs::write(deep.join("main.py"), "from fastapi import FastAPI\n\napp = FastAPI()\n").expect("written");
    all_end(&sandbox, "many entries");
    sandbox.paxx(&["infra", "add", "storage", "--dry-run"]).expect(0).says(&["more than 64 folders"]);
}

/// Python that is nested without end, or has one list without end, in the file of the application.
#[test]
fn code_without_end_ends() {
    const MANY: usize = 100_000;
    let (open, close) = ("(".repeat(MANY), ")".repeat(MANY));
    let names: Vec<String> = (0..20_000).map(|number| format!("n{number}")).collect();
    let imports: String = (0..5_000).map(|number| format!("from m{number} import x\n")).collect();
    let bombs = [
        ("chained calls", format!("x = a{}\n", ".b()".repeat(MANY))),
        ("parentheses", format!("x = {open}{close}\n")),
        ("open lists", format!("x = {}\n", "[".repeat(MANY))),
        ("a sum", format!("x = 1{}\n", " + 1".repeat(MANY))),
        ("lambdas", format!("x = {}1\n", "lambda: ".repeat(MANY))),
        ("subscripts", format!("x = a{}{}\n", "[a".repeat(MANY), "]".repeat(MANY))),
        ("imported names", format!("from a import {}\n", names.join(", "))),
        ("imports", imports),
        ("decorators", format!("{}def f(): pass\n", "@app.get('/x')\n".repeat(10_000))),
    ];
    for (what, bomb) in bombs {
        let sandbox = project();
        let code = sandbox.read("main.py");
        sandbox.write("main.py", format!("{code}{bomb}"));
        all_end(&sandbox, what);
    }
}

/// A frame shows the start of a line that is too long for it.
#[test]
fn a_line_without_end_is_shown_in_part() {
    let sandbox = project();
    for (path, line) in [
        (".env.example", format!("A={}\n", "${".repeat(100_000))),
        ("requirements.txt", format!("fastapi{}\n", "[a]".repeat(100_000))),
        ("main.py", format!("x = {} = 1\n", "1".repeat(100_000))),
        ("compose.yaml", format!("x-a: {}\n", "{a: ".repeat(100_000))),
        ("paxx.lock", format!("version = 2\na = {}\n", "[".repeat(100_000))),
    ] {
        sandbox.write(path, line);
        for ended in all_end(&sandbox, path) {
            // A diff has whole lines, for `git apply`.
            let said = ended.stdout.lines().filter(|line| !line.starts_with([' ', '+', '-']));
            let longest = ended.stderr.lines().chain(said).map(str::len).max().unwrap_or_default();
            assert!(longest < 10_000, "{path}: a line of {longest} bytes");
        }
    }
}

#[test]
fn a_socket_is_no_file() {
    let sandbox = project();
    for name in ["Makefile", "sub.py", ".dockerignore"] {
        let _ = fs::remove_file(sandbox.project.join(name));
        std::os::unix::net::UnixListener::bind(sandbox.project.join(name)).expect("a socket");
    }
    all_end(&sandbox, "sockets");
}

#[test]
fn requirements_files_that_include_each_other_end() {
    let sandbox = Sandbox::of(&[
        ("main.py", "from fastapi import FastAPI\n\napp = FastAPI()\n"),
        ("requirements.txt", "fastapi\n-r requirements.txt\n-r ../../../../etc/passwd\n-r /etc/passwd\n-r a.txt\n"),
        ("a.txt", "-r b.txt\n"),
        ("b.txt", "-r a.txt\n-c requirements.txt\n"),
    ]);
    all_end(&sandbox, "a ring of requirements files");
    let all: String = (0..3_000).map(|number| format!("-r requirements/x{number}.txt\n")).collect();
    sandbox.write("requirements.txt", format!("fastapi\n{all}"));
    for number in 0..3_000 {
        sandbox.write(&format!("requirements/x{number}.txt"), format!("p{number}\n-r ../requirements.txt\n"));
    }
    all_end(&sandbox, "many requirements files");
}

/// The configuration is wrong in one of many ways: every command that reads the project says where.
#[test]
fn a_configuration_that_cannot_be_used_is_an_error_with_its_place() {
    for (line, place, said) in [
        ("services-dir = \"../../x\"", "16", "no folder for generated modules"),
        ("services-dir = \"/abs\"", "16", "no folder for generated modules"),
        ("services-dir = \"my-services\"", "16", "no folder for generated modules"),
        ("services-dir = \".\"", "16", "no folder for generated modules"),
        ("app = 3", "7", "`app` of `[tool.paxx]` is no string"),
        ("settings = [\"a\"]", "12", "`settings` of `[tool.paxx]` is no string"),
        ("compose = true", "11", "`compose` of `[tool.paxx]` is no string"),
        ("servies-dir = \"x\"", "1", "did you mean `services-dir`?"),
        ("services_dir = \"x\"", "1", "did you mean `services-dir`?"),
        ("wholly-unknown = 1", "1", "the keys are `app`"),
    ] {
        let sandbox = project();
        let text = sandbox.read("pyproject.toml");
        let number = text.lines().count() + 3;
        sandbox.write("pyproject.toml", format!("{text}\n[tool.paxx]\n{line}\n"));
        let place = format!("pyproject.toml:{number}:{place}");
        for arguments in COMMANDS {
            sandbox.paxx(arguments).expect(2).says(&["PX008", &place, said, "help:"]);
        }
    }
    for (line, said) in [
        ("app = \"app/main\"", "there is no `:` in it"),
        ("app = \"nowhere:app\"", "there is no such module"),
        ("settings = \"settings.py\"", "there is no `:` in it"),
        ("settings = \"../x.py:Settings\"", "there is no such file"),
        ("compose = \"../../compose.yml\"", "there is no compose file"),
        ("compose = \"/etc/compose.yml\"", "there is no compose file"),
    ] {
        let sandbox = project();
        let text = sandbox.read("pyproject.toml");
        let number = text.lines().count() + 3;
        sandbox.write("pyproject.toml", format!("{text}\n[tool.paxx]\n{line}\n"));
        let ended = sandbox.paxx(&["infra", "add", "storage", "arq", "--dry-run"]).expect(2);
        ended.says(&["PX008", &format!("pyproject.toml:{number}:"), said, "help:"]);
    }
    let sandbox = project();
    sandbox.write("pyproject.toml", format!("{}\n[[tool.paxx]]\napp = \"main:app\"\n", sandbox.read("pyproject.toml")));
    sandbox.paxx(&["check"]).expect(2).says(&["PX008", "`[tool.paxx]` is no table"]);
}

#[test]
fn what_paxx_lock_says_is_not_believed_either() {
    let sandbox = project();
    let text = sandbox.read("paxx.lock");
    assert!(text.contains("[project]\n"));
    sandbox.write("paxx.lock", text.replacen("[project]\n", "[project]\nservices-dir = \"../../x\"\n", 1));
    for arguments in [&["infra", "add", "storage", "--dry-run"][..], &["infra", "remove", "redis", "--dry-run"]] {
        limited(&sandbox, arguments).expect(2).says(&["PX008", "paxx.lock:", "no folder for generated modules"]);
    }
}

#[test]
fn a_folder_that_is_not_there_is_an_error_everywhere() {
    let sandbox = project();
    let more: &[&[&str]] = &[&["explain", "PX001"], &["ext", "list"], &["infra", "list", "--format", "json"]];
    for arguments in COMMANDS.iter().chain(more) {
        for (folder, why) in
            [("/nonexistent", "there is no folder"), ("main.py", "is no folder"), ("\n", "there is no folder")]
        {
            let all: Vec<&str> = ["-C", folder].iter().chain(*arguments).copied().collect();
            sandbox.paxx(&all).expect(2).says(&["PX001", why, "help:"]);
        }
    }
}
