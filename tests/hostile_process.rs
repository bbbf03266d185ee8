//! What the system sees of a run, under `strace`. What a repository can make the program do beside its work: nothing. Every command, in
//! projects that try. And how often a run opens each file: once.
//!
//! No process is started and nothing of the network is asked for; nothing is written outside of the repository and of this user's own
//! state folder; nothing is read there that the repository names.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::terminal::Terminal;
use common::{Sandbox, fixture, git, output};

/// Calls that change what is at a path, or open it.
const FILES: &[&str] = &[
    "open",
    "openat",
    "openat2",
    "creat",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "mkdir",
    "mkdirat",
    "rmdir",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "chmod",
    "fchmodat",
    "fchmodat2",
    "chown",
    "lchown",
    "fchownat",
    "truncate",
    "mknod",
    "mknodat",
    "utimensat",
    "setxattr",
    "lsetxattr",
    "removexattr",
    "mount",
    "chroot",
];

/// What the loader, the allocator and the standard library read of the system.
const SYSTEM: &[&str] = &["/etc/ld.so", "/lib", "/usr/lib", "/proc/", "/sys/", "/dev/null", "/dev/tty", "/dev/urandom"];

/// A project, what lies outside of it, and the state folder of the user.
struct Hostile {
    sandbox: Sandbox,
    outside: PathBuf,
    state: PathBuf,
    log: PathBuf,
}

impl Hostile {
    /// A project in a repository whose configuration wants programs to run, with `files` that name what is outside.
    fn new(files: &[(&str, &str)]) -> Self {
        let sandbox = Sandbox::of(&[
            ("app/__init__.py", ""),
            (
                "app/main.py",
                "from fastapi import FastAPI\n\nfrom app.config import settings\n\napp = FastAPI(debug=settings.debug)\n",
            ),
            (
                "app/config.py",
                "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    debug: bool = False\n\n\nsettings = Settings()\n",
            ),
            (
                "pyproject.toml",
                "[project]\nname = \"demo\"\nversion = \"0\"\ndependencies = [\n    \"fastapi\",\n    \"pydantic-settings\",\n]\n",
            ),
            ("compose.yml", "services:\n  web:\n    build: .\n    command: uvicorn app.main:app\n"),
        ]);
        let folder = sandbox.top.parent().expect("a folder").to_owned();
        let [outside, state, log] = ["outside", "state", "log"].map(|name| folder.join(name));
        for name in ["secret.py", "requirements.txt", "compose.yml", "pyproject.toml", ".env", "env.py"] {
            fs::create_dir_all(outside.join("folder")).expect("created");
            fs::write(outside.join(name), "from fastapi import FastAPI\n\napp = FastAPI()\n").expect("written");
            fs::write(outside.join("folder").join(name), "x = 1\n").expect("written");
        }
        for (path, text) in files {
            sandbox.write(path, text.replace("OUTSIDE", outside.to_str().expect("text")));
        }
        let hostile = Self { sandbox, outside, state, log };
        hostile.arm();
        hostile
    }

    /// All that git would run, if it were asked for anything.
    fn arm(&self) {
        self.sandbox.git(&["init", "-q"]);
        self.sandbox.commit();
        let evil = self.sandbox.top.join(".git/evil");
        fs::write(&evil, format!("#!/bin/sh\ntouch {}\n", self.ran().display())).expect("written");
        assert!(Command::new("chmod").arg("755").arg(&evil).status().expect("it runs").success());
        let evil = evil.to_str().expect("text");
        for hook in ["post-index-change", "fsmonitor-watchman", "pre-commit"] {
            fs::create_dir_all(self.sandbox.top.join(".git/hooks")).expect("created");
            fs::copy(evil, self.sandbox.top.join(".git/hooks").join(hook)).expect("copied");
        }
        let attributes = self.sandbox.top.join(".git/attributes");
        for (name, value) in [
            ("core.fsmonitor", evil),
            ("core.sshCommand", evil),
            ("core.pager", evil),
            ("core.attributesFile", attributes.to_str().expect("text")),
            ("alias.status", &format!("!{evil}")),
            ("diff.external", evil),
            ("filter.evil.clean", evil),
            ("filter.evil.smudge", evil),
            ("filter.evil.process", evil),
            ("core.repositoryformatversion", "1"),
            ("extensions.partialClone", "origin"),
            ("remote.origin.url", "nowhere"),
            ("remote.origin.promisor", "true"),
            ("remote.origin.uploadpack", evil),
        ] {
            self.sandbox.git(&["config", name, value]);
        }
        for path in [".git/attributes", ".git/info/attributes", ".gitattributes", "app/.gitattributes"] {
            fs::create_dir_all(self.sandbox.top.join(path).parent().expect("a folder")).expect("created");
            fs::write(self.sandbox.top.join(path), "* filter=evil\n").expect("written");
        }
        // Files that git would look at again, and an object that it would fetch.
        self.sandbox.write("app/main.py", self.sandbox.read("app/main.py") + "\n# mine\n");
        let tree = output(git(&self.sandbox.top).args(["rev-parse", "HEAD^{tree}"])).expect(0).stdout;
        let (folder, name) = tree.trim().split_at(2);
        let _ = fs::remove_file(self.sandbox.top.join(".git/objects").join(folder).join(name));
    }

    /// What is there if anything of the repository has run.
    fn ran(&self) -> PathBuf {
        self.outside.join("ran")
    }

    fn strace(&self, arguments: &[&str]) -> Command {
        let mut strace = Command::new("strace");
        common::clean(&mut strace);
        strace.args(["-f", "-qq", "-y", "-s", "4096", "-e", "trace=%file,%network,%process", "-o"]).arg(&self.log);
        strace.arg(common::PAXX).args(arguments).current_dir(&self.sandbox.project);
        // On a path of its own, so that the same program elsewhere is not what is started.
        strace.env("XDG_STATE_HOME", &self.state).env("PATH", "/usr/bin:/bin");
        strace
    }

    /// Runs a command; the exit code.
    #[track_caller]
    fn run(&self, arguments: &[&str]) -> i32 {
        let done = output(&mut self.strace(arguments));
        assert!(done.code >= 0 && !done.stderr.contains("panicked"), "{arguments:?}\n{}", done.stderr);
        self.assert_harmless(arguments);
        done.code
    }

    /// Runs a command on a terminal, with one answer.
    #[track_caller]
    fn answer(&self, arguments: &[&str], answer: &str, code: i32) {
        let mut terminal = Terminal::run(self.strace(arguments));
        terminal.hears("> ").types(answer);
        terminal.ends(code);
        self.assert_harmless(arguments);
    }

    #[track_caller]
    fn assert_harmless(&self, arguments: &[&str]) {
        assert!(!self.ran().exists(), "{arguments:?} started a program of the repository");
        let log = fs::read_to_string(&self.log).expect("a log");
        let mut wrong = Vec::new();
        let mut started = 0;
        for line in log.lines() {
            // `1234 openat(AT_FDCWD</folder>, "name", O_RDONLY) = 3`
            let call = line.split_once(' ').map_or(line, |(_, call)| call.trim_start());
            let Some((name, rest)) = call.split_once('(') else { continue };
            match name {
                "execve" | "execveat" => started += 1,
                "clone" | "clone3" if rest.contains("CLONE_THREAD") => {}
                "fork" | "vfork" | "clone" | "clone3" | "socket" | "socketpair" | "connect" | "bind" | "listen"
                | "sendto" | "sendmsg" => wrong.push(line),
                name if FILES.contains(&name) && !self.may(name, rest) => wrong.push(line),
                _ => {}
            }
        }
        assert_eq!(started, 1, "{arguments:?} starts programs:\n{log}");
        assert!(wrong.is_empty(), "{arguments:?}:\n{}", wrong.join("\n"));
    }

    /// May it open or change what these arguments of a call name?
    fn may(&self, name: &str, arguments: &str) -> bool {
        let reads = name.starts_with("open")
            && !["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"].iter().any(|flag| arguments.contains(flag));
        let folder = arguments.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(folder, _)| folder);
        let folder = Path::new(folder.unwrap_or_else(|| self.sandbox.project.to_str().expect("text")));
        // The first text of a symbolic link is what it says, not a path that is used.
        let paths = arguments.split('"').skip(1).step_by(2).skip(usize::from(name.starts_with("symlink")));
        paths.map(|path| resolved(&folder.join(path))).all(|path| {
            let own = path.starts_with(&self.sandbox.top) || path.starts_with(&self.state);
            // Folders above are opened on the way, and are no file.
            let above = self.sandbox.top.starts_with(&path) && arguments.contains("O_DIRECTORY");
            // What the kernel refused to follow was not opened.
            let is_refused = arguments.contains("= -1 ELOOP") || arguments.contains("= -1 EXDEV");
            own || (reads
                && (is_refused || above || SYSTEM.iter().any(|place| path.to_string_lossy().starts_with(place))))
        })
    }
}

/// The path without `..`, and where its links lead, as far as it is there.
fn resolved(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    let known = plain.ancestors().find_map(|above| Some((above, fs::canonicalize(above).ok()?)));
    known.map_or(plain.clone(), |(above, real)| real.join(plain.strip_prefix(above).expect("below")))
}

const FORMATS: &[&str] = &["full", "concise", "json", "github", "sarif"];

/// Every command that changes nothing.
fn look(hostile: &Hostile) {
    for arguments in [
        &["infra", "list"][..],
        &["ext", "list", "--format", "json"],
        &["infra", "add", "redis", "--dry-run"],
        &["infra", "add", "redis", "metrics", "--dry-run", "--format", "json"],
        &["ext", "add", "arq", "postgis", "--dry-run", "--allow-manual"],
        &["infra", "add", "redis"],
        &["infra", "remove", "redis", "--dry-run"],
        &["check", "redis"],
        &["check", "--fix", "--dry-run"],
        &["explain", "PX101"],
        &["undo", "--dry-run"],
        &["completions", "bash"],
        &["man", "infra", "add"],
        &["--help"],
        &["nonsense"],
    ] {
        hostile.run(arguments);
    }
    for format in FORMATS {
        hostile.run(&["check", "--format", format]);
    }
}

/// Every command that changes something.
fn change(hostile: &Hostile) {
    for arguments in [
        &["infra", "add", "redis", "--yes"][..],
        &["check"],
        &["check", "--fix", "--yes"],
        &["infra", "list"],
        &["undo", "--yes"],
        &["infra", "add", "storage", "metrics", "--yes", "--allow-manual"],
        &["infra", "remove", "storage", "metrics", "--yes"],
    ] {
        hostile.run(arguments);
    }
}

fn can_trace() -> bool {
    let traced = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).output();
    let can = traced.is_ok_and(|traced| traced.status.success());
    if !can {
        common::skip("strace that may trace");
    }
    can && common::has_git()
}

#[test]
fn a_repository_that_wants_programs_to_run() {
    if !can_trace() {
        return;
    }
    let hostile = Hostile::new(&[]);
    look(&hostile);
    hostile.answer(&["infra", "add", "redis"], "n", 1);
    hostile.answer(&["infra", "add", "redis"], "y", 0);
    assert_eq!(hostile.run(&["check"]), 0);
    hostile.answer(&["infra", "remove", "redis"], "n", 1);
    hostile.answer(&["undo"], "y", 0);
    assert_eq!(hostile.run(&["infra", "add", "redis", "--yes"]), 0);
    assert_eq!(hostile.run(&["infra", "remove", "redis", "--yes"]), 0);
    change(&hostile);
}

#[test]
fn files_that_name_what_is_outside() {
    if !can_trace() {
        return;
    }
    let hostile = Hostile::new(&[
        (
            "compose.yml",
            "include:\n  - OUTSIDE/compose.yml\n  - ../outside/compose.yml\nservices:\n  web:\n    build: .\n    command: uvicorn app.main:app\n    env_file: ../outside/.env\n    extends:\n      file: ../outside/compose.yml\n      service: web\n  other:\n    build:\n      context: ../outside\n      dockerfile: OUTSIDE/secret.py\n",
        ),
        (
            "requirements.txt",
            "-r ../outside/requirements.txt\n-r OUTSIDE/requirements.txt\n-c ../outside/requirements.txt\nfastapi\n",
        ),
        ("alembic.ini", "[alembic]\nscript_location = OUTSIDE/folder\n"),
        ("setup.cfg", "[options]\ninstall_requires = file: ../outside/requirements.txt\n"),
        ("Procfile", "web: uvicorn --app-dir ../outside secret:app\n"),
        (
            "paxx.lock",
            "version = 1\n\n[project]\nfound = [\"../outside/secret.py:app\", \"OUTSIDE/secret.py:Settings\"]\n\n[[component]]\nname = \"redis\"\nversion = 1\nrequirements = [\n    { id = \"module:../../outside/secret.py\", state = \"created\", text = \"x\" },\n    { id = \"module:OUTSIDE/secret.py\", state = \"created\", text = \"x\" },\n]\n\n[[scaffolding]]\nname = \"import:../outside/secret.py:a:b\"\ncomponents = [\"redis\"]\n",
        ),
    ]);
    look(&hostile);
    change(&hostile);
}

#[test]
fn a_configuration_that_names_what_is_outside() {
    if !can_trace() {
        return;
    }
    for line in [
        "app = \"../outside/secret.py:app\"",
        "app = \"...outside.secret:app\"",
        "settings = \"../outside/secret.py:Settings\"",
        "settings = \"OUTSIDE/secret.py:Settings\"",
        "compose = \"../outside/compose.yml\"",
        "compose = \"OUTSIDE/compose.yml\"",
        "services-dir = \"../outside\"",
        "services-dir = \"OUTSIDE/new\"",
    ] {
        let hostile = Hostile::new(&[]);
        let line = line.replace("OUTSIDE", hostile.outside.to_str().expect("text"));
        hostile
            .sandbox
            .write("pyproject.toml", format!("{}\n[tool.paxx]\n{line}\n", hostile.sandbox.read("pyproject.toml")));
        for arguments in [
            &["infra", "list"][..],
            &["infra", "add", "redis", "--dry-run"],
            &["infra", "add", "redis", "--yes"],
            &["check"],
            &["infra", "remove", "redis", "--yes"],
        ] {
            hostile.run(arguments);
        }
    }
}

#[test]
fn links_that_lead_outside() {
    if !can_trace() {
        return;
    }
    for path in [
        "compose.yml",
        "pyproject.toml",
        "paxx.lock",
        "app/config.py",
        "app/services",
        ".paxx",
        ".env.example",
        ".gitignore",
        ".git/index",
        "requirements.txt",
        "app/other.py",
        "app/main.py",
    ] {
        let hostile = Hostile::new(&[]);
        let link = hostile.sandbox.top.join(path);
        let _ = fs::remove_file(&link);
        let target = hostile.outside.join(match path {
            "app/services" | ".paxx" => "folder",
            "compose.yml" => "compose.yml",
            "pyproject.toml" => "pyproject.toml",
            "requirements.txt" => "requirements.txt",
            _ => "secret.py",
        });
        std::os::unix::fs::symlink(&target, &link).expect("linked");
        let before = common::tree(&hostile.outside);
        for arguments in [
            &["infra", "list"][..],
            &["infra", "add", "redis", "--dry-run"],
            &["infra", "add", "redis", "--yes", "--force"],
            &["check"],
            &["undo", "--yes"],
        ] {
            hostile.run(arguments);
        }
        common::assert_same(&before, &common::tree(&hostile.outside), path);
    }
}

#[test]
fn a_worktree_that_leads_outside() {
    if !can_trace() {
        return;
    }
    let hostile = Hostile::new(&[]);
    fs::rename(hostile.sandbox.top.join(".git"), hostile.outside.join("repository.git")).expect("moved");
    for target in ["../outside/repository.git".to_owned(), hostile.outside.join("repository.git").display().to_string()]
    {
        hostile.sandbox.write(".git", format!("gitdir: {target}\n"));
        look(&hostile);
        change(&hostile);
    }
}

/// The files of the project that a command opened to read, each with how often.
fn opened(hostile: &Hostile, arguments: &[&str], code: i32) -> BTreeMap<String, usize> {
    let done = output(&mut hostile.strace(arguments)).expect(code);
    assert!(!done.stderr.contains("panicked"), "{arguments:?}");
    let log = fs::read_to_string(&hostile.log).expect("a log");
    let top = format!("{}/", hostile.sandbox.top.display());
    let mut opened = BTreeMap::new();
    for line in log.lines().filter(|line| !line.contains("O_DIRECTORY") && !line.contains("O_PATH")) {
        // `1234 openat2(3</folder>, "name", {...}) = 4</folder/name>`
        let Some((call, result)) = line.rsplit_once(" = ") else { continue };
        let file = result.split_once('<').and_then(|(_, file)| file.strip_suffix('>')?.strip_prefix(&top));
        if let Some(file) = file.filter(|_| call.contains(" open")) {
            *opened.entry(file.to_owned()).or_default() += 1;
        }
    }
    opened
}

#[track_caller]
fn assert_once(hostile: &Hostile, arguments: &[&str], code: i32, least: usize) {
    let opened = opened(hostile, arguments, code);
    let twice: Vec<_> = opened.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "{arguments:?} opens files again: {twice:?}");
    assert!(opened.len() >= least, "{arguments:?} opens only {opened:?}");
}

#[test]
fn each_file_is_opened_once() {
    if !can_trace() {
        return;
    }
    // A module that nothing is found in and that is read because another imports it, and one that uses what goes.
    let hostile = Hostile::new(&[
        ("app/names.py", "TITLE = \"x\"\n"),
        ("app/uses.py", "import redis\n"),
        (".github/workflows/test.yml", "env:\n  DATABASE_URL: x\n"),
    ]);
    let once = |arguments: &[&str], code: i32, least: usize| assert_once(&hostile, arguments, code, least);
    once(&["add", "redis", "metrics", "--dry-run"], 0, 8);
    once(&["add", "redis", "--dry-run", "--format", "json"], 0, 8);
    once(&["list"], 0, 1);
    once(&["check"], 0, 8);
    assert_eq!(hostile.run(&["add", "redis", "metrics", "--yes"]), 0);
    once(&["check"], 0, 8);
    once(&["remove", "redis", "--dry-run"], 0, 8);
    once(&["add", "storage", "--dry-run"], 0, 8);
    once(&["check", "--fix", "--dry-run"], 0, 8);
    // A quick look at what is recorded, then a whole one.
    fs::remove_file(hostile.sandbox.project.join("app/services/cache.py")).expect("removed");
    once(&["check"], 1, 8);
    once(&["check", "--fix", "--dry-run"], 0, 8);
    // From above, where a project is looked for, and is below.
    let sandbox = Sandbox::nested(fixture("factory"), "services/one");
    let folder = sandbox.top.parent().expect("a folder").to_owned();
    let [outside, state, log] = ["outside", "state", "log"].map(|name| folder.join(name));
    let nested = Hostile { sandbox, outside, state, log };
    let top = nested.sandbox.top.display().to_string();
    assert_once(&nested, &["-C", &top, "add", "redis", "--dry-run"], 0, 3);
    assert_once(&nested, &["-C", &top, "check"], 0, 3);
}
