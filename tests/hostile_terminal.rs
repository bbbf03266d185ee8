//! What a project can make a terminal do: nothing. Every place where text of a project is printed, seen with the terminal's own eyes.
//!
//! What steers a terminal is shown; what goes into a pipe keeps its bytes.

mod common;

use std::fs::{self, File};

use common::terminal::Terminal;
use common::{Sandbox, output, paxx};

/// Hides what follows: by ESC, by a control character of 8 bits, by the order of writing; sets the title, and goes back in the line.
const HOSTILE: &str = "\u{1b}[8mhid\u{9b}8mden\u{202e}\u{1b}]0;owned\u{7}\u{200b}";
/// How it is shown.
const SHOWN: &str = "\\x1b[8mhid\\u{9b}8mden\\u{202e}\\x1b]0;owned\\x07\\u{200b}";

const MAIN: &str =
    "from fastapi import FastAPI\n\nfrom app.config import settings\n\napp = FastAPI(debug=settings.debug)\n";
const CONFIG: &str = "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    debug: bool = False\n    # HERE\n\n\nsettings = Settings()\n";
const PYPROJECT: &str =
    "[project]\nname = \"demo\"\nversion = \"0\"\ndependencies = [\n    \"fastapi\",\n    \"pydantic-settings\",\n]\n";

/// A project with the hostile text in a comment of the settings, where the diff shows it.
fn project() -> Sandbox {
    project_in("")
}

fn project_in(folder: &str) -> Sandbox {
    let sandbox = Sandbox::of(&[("README.md", "x\n")]);
    sandbox.write(format!("{folder}app/__init__.py").as_str(), "");
    sandbox.write(format!("{folder}app/main.py").as_str(), MAIN);
    sandbox.write(format!("{folder}app/config.py").as_str(), CONFIG.replace("HERE", HOSTILE));
    sandbox.write(format!("{folder}pyproject.toml").as_str(), PYPROJECT);
    sandbox
}

/// What the terminal got, as text, where no byte of it steers the terminal but our own colour.
#[track_caller]
fn harmless(said: &str, coloured: bool) -> String {
    let bytes: Vec<u8> = said.chars().map(|byte| u8::try_from(u32::from(byte)).expect("a byte")).collect();
    let text = String::from_utf8(bytes).expect("no lone byte").replace("\r\n", "\n");
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain += before;
        let style = after.strip_prefix('[').and_then(|after| after.split_once('m'));
        let ours = ["0", "1", "2", "4", "7", "31", "32", "33", "34", "35", "36", "90"];
        match style.filter(|(codes, _)| coloured && codes.split(';').all(|code| ours.contains(&code))) {
            Some((_, after)) => rest = after,
            None => panic!("an escape sequence came through: {:?}", after.get(..12).unwrap_or(after)),
        }
    }
    plain += rest;
    let steers = |found: &char| {
        (found.is_control() && !matches!(found, '\n' | '\t'))
            || matches!(found, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert_eq!(plain.chars().find(steers), None, "{plain:?}");
    plain
}

/// Runs the program on a terminal with and without colour, and types the answers. What was shown is harmless, and shows the text.
#[track_caller]
fn shows(sandbox: &Sandbox, arguments: &[&str], answers: &[&str], code: i32, shown: &str) {
    for environment in [&[][..], &[("NO_COLOR", "1")], &[("TERM", "dumb")]] {
        let mut terminal = Terminal::start(sandbox, arguments, environment);
        for answer in answers {
            terminal.hears("> ").types(answer);
        }
        let said = harmless(&terminal.ends(code), environment.is_empty() || arguments.contains(&"always"));
        assert!(said.contains(shown), "{arguments:?} does not show `{shown}`:\n{said}");
    }
}

#[test]
fn the_diff() {
    let sandbox = project();
    shows(&sandbox, &["infra", "add", "redis", "--dry-run"], &[], 0, SHOWN);
    shows(&sandbox, &["infra", "add", "redis", "--dry-run", "--color", "always"], &[], 0, SHOWN);
    shows(&sandbox, &["infra", "add", "redis"], &["d", "n"], 1, SHOWN);
    sandbox.paxx(&["infra", "add", "redis", "--yes"]).expect(0);
    shows(&sandbox, &["infra", "remove", "redis"], &["n"], 1, SHOWN);
    shows(&sandbox, &["undo"], &["n"], 1, SHOWN);
    shows(&sandbox, &["undo", "--dry-run"], &[], 0, SHOWN);
}

#[test]
fn the_summary_and_the_questions_name_files() {
    let sandbox = project_in(&format!("pk{HOSTILE}/"));
    let folder = format!("pk{HOSTILE}");
    let shown = format!("pk{SHOWN}/app/config.py");
    shows(&sandbox, &["-C", &folder, "infra", "add", "redis"], &["n"], 1, &format!("edit {shown}"));
    let question = format!("Apply this to `pk{SHOWN}/");
    shows(&sandbox, &["-C", &folder, "infra", "add", "redis"], &["e", "q"], 1, &question);
    sandbox.write(&format!("{folder}/app/services/cache.py"), "CACHE = 1\n");
    let overwritten = format!("`pk{SHOWN}/app/services/cache.py` is there");
    shows(&sandbox, &["-C", &folder, "infra", "add", "redis", "--force"], &["y", "n"], 1, &overwritten);
    // The candidates below a folder that is no project.
    let below = project_in(&format!("{HOSTILE}/"));
    shows(&below, &["infra", "add", "redis"], &["n"], 1, "one below: this is about `\\x1b[8mhid");
    fs::create_dir_all(below.top.join("other/app")).expect("made");
    fs::write(below.top.join("other/app/main.py"), "from fastapi import FastAPI\n\napp = FastAPI()\n")
        .expect("written");
    fs::write(below.top.join("other/requirements.txt"), "fastapi\n").expect("written");
    shows(&below, &["infra", "add", "redis", "--dry-run"], &[], 2, "paxx -C '\\x1b[8mhid");
}

#[test]
fn a_name_makes_no_line_of_its_own() {
    let sandbox = project_in("pk\nApplication: `safe`\n/");
    let text =
        output(&mut paxx(&sandbox.project, &["-C", "pk\nApplication: `safe`\n", "infra", "add", "redis", "--dry-run"]));
    assert_eq!(text.stderr.lines().filter(|line| line.starts_with("Application: ")).count(), 1, "{}", text.stderr);
    assert!(text.stderr.contains("edit pk\\nApplication: `safe`\\n/app/config.py"), "{}", text.stderr);
}

#[test]
fn the_summary_names_services_and_classes() {
    let sandbox = project();
    sandbox.write(
        "compose.yml",
        format!("services:\n  \"{}\":\n    build: .\n    command: uvicorn app.main:app\n", "web\\e[8m\\u009b8m"),
    );
    shows(&sandbox, &["infra", "add", "redis"], &["n"], 1, "\\u{9b}8m` runs the application");
}

#[test]
fn the_frame_of_a_refusal() {
    let sandbox = project();
    sandbox.write("app/config.py", CONFIG.replace("# HERE", &format!("redis_url: int = 1  # {HOSTILE}")));
    shows(&sandbox, &["infra", "add", "redis"], &[], 2, &format!("redis_url: int = 1  # {SHOWN}"));
}

#[test]
fn what_is_underlined_is_what_is_meant() {
    let sandbox = project();
    sandbox.write("app/config.py", CONFIG.replace("# HERE", &format!("a: str = \"{HOSTILE}\"; redis_url: int = 1")));
    let terminal = Terminal::start(&sandbox, &["infra", "add", "redis"], &[("NO_COLOR", "1")]);
    let said = harmless(&terminal.ends(2), false);
    let lines: Vec<&str> = said.lines().collect();
    let at = lines.iter().position(|line| line.contains("redis_url: int")).expect("it is shown");
    let underlined: String = lines[at]
        .chars()
        .zip(lines[at + 1].chars())
        .filter(|(_, below)| matches!(below, '─' | '┬'))
        .map(|(above, _)| above)
        .collect();
    assert_eq!(underlined, "int", "{said}");
    // The column is that of the file.
    assert!(said.contains("app/config.py:6:54]"), "{said}");
}

#[test]
fn findings_in_every_form() {
    let sandbox = project();
    sandbox.paxx(&["infra", "add", "redis", "--yes"]).expect(0);
    let config = sandbox.read("app/config.py");
    let field = config.lines().find(|line| line.contains("redis_url")).expect("the setting").to_owned();
    sandbox.write("app/config.py", config.replace(&field, &format!("    redis_url: int = 1  # {HOSTILE}")));
    shows(&sandbox, &["check"], &[], 1, SHOWN);
    let below = format!("pk{HOSTILE}");
    let sandbox = project_in(&format!("{below}/"));
    sandbox.paxx(&["-C", &below, "infra", "add", "redis", "--yes"]).expect(0);
    std::fs::remove_file(sandbox.project.join(&below).join("app/services/cache.py")).expect("removed");
    for (format, shown) in [
        ("full", format!("pk{SHOWN}/")),
        ("concise", format!("pk{SHOWN}/")),
        ("github", format!("file=pk{SHOWN}")),
        ("json", "pk\\u001b[8mhid\\u009b8mden\\u202e\\u001b]0;owned\\u0007\\u200b".to_owned()),
        ("sarif", "pk%1B%5B8mhid%C2%9B8mden%E2%80%AE".to_owned()),
    ] {
        shows(&sandbox, &["-C", &below, "check", "--format", format], &[], 1, &shown);
    }
}

#[test]
fn the_plan_as_json() {
    if !common::has_git() {
        return;
    }
    let folder = format!("pk{HOSTILE}");
    let sandbox = project_in(&format!("{folder}/"));
    sandbox.git(&["init", "-q"]);
    let arguments = ["-C", &folder, "infra", "add", "redis", "--dry-run", "--format", "json"];
    shows(&sandbox, &arguments, &[], 0, "pk\\u001b[8mhid\\u009b8mden\\u202e");
    // The data are the same for a program, wherever it reads them from.
    let plan: serde_json::Value = serde_json::from_str(&sandbox.paxx(&arguments).expect(0).stdout).expect("JSON");
    assert_eq!(plan["project"].as_str(), Some(folder.as_str()));
}

#[test]
fn the_lock() {
    let sandbox = project();
    let name = "x\\u001b[8mhid\\u009B8mden\\u202e";
    sandbox
        .write("paxx.lock", format!("version = 1\n[[component]]\nname = \"{name}\"\nversion = 1\nrequirements = []\n"));
    let shown = "x\\x1b[8mhid\\u{9b}8mden\\u{202e}";
    shows(&sandbox, &["check"], &[], 1, shown);
    shows(&sandbox, &["check", "--format", "concise"], &[], 1, shown);
    for arguments in [&["infra", "list"][..], &["ext", "list", "--format", "json"], &["infra", "remove", "redis"]] {
        for environment in [&[][..], &[("NO_COLOR", "1")]] {
            let terminal = Terminal::start(&sandbox, arguments, environment);
            harmless(&terminal.ends(if arguments.contains(&"remove") { 2 } else { 0 }), environment.is_empty());
        }
    }
    sandbox.write("paxx.lock", format!("version = 1\n# {HOSTILE}\nx = = 1 # {HOSTILE}\n"));
    for arguments in [&["infra", "list"][..], &["check"], &["infra", "add", "redis"]] {
        shows(&sandbox, arguments, &[], 2, "\\x1b[8m");
    }
}

#[test]
fn the_configuration() {
    let sandbox = project();
    sandbox.write("pyproject.toml", format!("{PYPROJECT}\n[tool.paxx]\napp = \"x\\u001b[8mhid\\u009b8m:app\"\n"));
    shows(&sandbox, &["infra", "add", "redis"], &[], 2, "x\\x1b[8mhid\\u{9b}8m");
}

#[test]
fn arguments() {
    let sandbox = project();
    let name = format!("x{HOSTILE}");
    for arguments in [
        &["explain", &name][..],
        &["infra", "add", &name],
        &["man", &name],
        &[&name],
        &["infra", &name],
        &["check", "--format", &name],
        &["-C", &name, "check"],
        &["infra", "add", "redis", "--app", &name],
        &["infra", "add", "redis", "--services-dir", &format!("../{name}")],
        &["infra", "add", "redis", &format!("--{name}")],
    ] {
        for environment in [&[][..], &[("NO_COLOR", "1")]] {
            let terminal = Terminal::start(&sandbox, arguments, environment);
            let said = harmless(&terminal.ends(2), environment.is_empty());
            assert!(said.contains("[8m"), "{arguments:?}: {said}");
        }
    }
}

#[test]
fn a_pipe_gets_every_byte() {
    let sandbox = project();
    let plain = sandbox.paxx(&["infra", "add", "redis", "--dry-run"]).expect(0);
    assert!(plain.stdout.contains(HOSTILE) && !plain.stdout.contains("\\x1b"), "{:?}", plain.stdout);
    let coloured = sandbox.paxx(&["infra", "add", "redis", "--dry-run", "--color", "always"]).expect(0);
    assert!(coloured.stdout.contains(HOSTILE) && !coloured.stdout.contains("\\x1b"), "{:?}", coloured.stdout);
    assert!(coloured.stdout.contains("\u{1b}[32m+"), "our colour is added");
}

#[test]
fn each_stream_is_asked_for_itself() {
    let sandbox = project_in(&format!("pk{HOSTILE}/"));
    let file = sandbox.top.join("diff");
    let mut command = paxx(&sandbox.project, &["-C", &format!("pk{HOSTILE}"), "infra", "add", "redis", "--dry-run"]);
    let shell = {
        let mut shell = std::process::Command::new("sh");
        shell.arg("-c").arg("exec \"$0\" \"$@\" > diff").arg(command.get_program()).args(command.get_args());
        shell.current_dir(&sandbox.project).env("TERM", "xterm");
        shell
    };
    let said = harmless(&Terminal::run(shell).ends(0), true);
    assert!(said.contains(&format!("edit pk{SHOWN}")), "{said}");
    let diff = std::fs::read_to_string(&file).expect("written");
    assert!(diff.contains(HOSTILE) && !diff.contains("\\x1b") && !diff.contains("\u{1b}[1mdiff"), "{diff:?}");
    // Standard error into a file, the diff on the terminal.
    command.stderr(File::create(&file).expect("created"));
    drop(command);
    let mut shell = std::process::Command::new("sh");
    shell.arg("-c").arg("exec \"$0\" \"$@\" 2> notes").arg(common::PAXX);
    shell.args(["-C", &format!("pk{HOSTILE}"), "infra", "add", "redis", "--dry-run"]);
    shell.current_dir(&sandbox.project).env("TERM", "xterm").env_remove("NO_COLOR");
    let said = harmless(&Terminal::run(shell).ends(0), true);
    assert!(said.contains(SHOWN), "{said}");
    let notes = std::fs::read_to_string(sandbox.top.join("notes")).expect("written");
    assert!(notes.contains(&format!("edit pk{HOSTILE}")), "{notes:?}");
}

/// A terminal that is known to have links.
const WITH_LINKS: (&str, &str) = ("VTE_VERSION", "7600");

/// What was said without its links, and where they lead. Each begins with an address that can steer nothing, and ends.
#[track_caller]
fn without_links(said: &str) -> (String, Vec<String>) {
    let (mut plain, mut addresses, mut rest) = (String::new(), Vec::new(), said);
    while let Some((before, after)) = rest.split_once("\u{1b}]8;;") {
        let (address, after) = after.split_once("\u{1b}\\").expect("an address ends");
        assert!(address.bytes().all(|byte| byte.is_ascii_graphic()), "{address:?}");
        plain += before;
        if address.is_empty() {
            assert!(addresses.len() % 2 == 1, "a link ends that did not begin: {said:?}");
        }
        addresses.push(address.to_owned());
        rest = after;
    }
    assert!(addresses.len() % 2 == 0, "a link does not end: {said:?}");
    addresses.retain(|address| !address.is_empty());
    (plain + rest, addresses)
}

#[test]
fn links_lead_to_files_and_no_name_breaks_out_of_one() {
    let below = format!("pk{HOSTILE}");
    let sandbox = project_in(&format!("{below}/"));
    let config = "pk%1B%5B8mhid%C2%9B8mden%E2%80%AE%1B%5D0%3Bowned%07%E2%80%8B/app/config.py";
    let seen = |arguments: &[&str], code: i32, least: usize, shown: &str| {
        let arguments = [&["-C", &below], arguments].concat();
        let terminal = Terminal::start(&sandbox, &arguments, &[WITH_LINKS]);
        let (plain, addresses) = without_links(&terminal.ends(code));
        let plain = harmless(&plain, true);
        assert!(plain.contains(shown), "{arguments:?}\n{plain}");
        assert!(addresses.len() >= least, "{arguments:?}: {addresses:?}");
        let found = addresses.iter().filter(|address| address.starts_with("file://") && address.ends_with(config));
        assert!(found.count() >= 1, "{arguments:?}: {addresses:?}");
        // The same without links, where a terminal is not known to have them, or wants none.
        for environment in [
            &[][..],
            &[WITH_LINKS, ("NO_COLOR", "1")],
            &[WITH_LINKS, ("TERM", "dumb")],
            &[WITH_LINKS, ("CI", "true")],
            &[("TERM_PROGRAM", "something")],
        ] {
            let coloured = !environment.contains(&("NO_COLOR", "1")) && !environment.contains(&("TERM", "dumb"));
            let said = harmless(&Terminal::start(&sandbox, &arguments, environment).ends(code), coloured);
            if environment.contains(&("CI", "true")) {
                assert_eq!(said, plain);
            }
        }
        let arguments = [&arguments[..], &["--color", "never"]].concat();
        harmless(&Terminal::start(&sandbox, &arguments, &[WITH_LINKS]).ends(code), false);
    };
    seen(&["add", "redis", "--dry-run", "--no-pager"], 0, 3, &format!("edit pk{SHOWN}/app/config.py"));
    sandbox.paxx(&["-C", &below, "add", "redis", "--yes"]).expect(0);
    let path = format!("{below}/app/config.py");
    let text = sandbox.read(&path);
    let field = text.lines().find(|line| line.contains("redis_url")).expect("the setting").to_owned();
    sandbox.write(&path, text.replace(&field, "    redis_url: int = 1"));
    for format in ["full", "concise"] {
        seen(&["check", "--format", format], 1, 1, &format!("pk{SHOWN}/app/config.py:"));
    }
    // A pipe gets none, whatever the terminal is.
    let mut command = paxx(&sandbox.project, &["-C", &below, "check", "--color", "always"]);
    command.env(WITH_LINKS.0, WITH_LINKS.1).env("FORCE_HYPERLINK", "1");
    let piped = output(&mut command);
    assert!(!piped.stdout.contains("\u{1b}]8;"), "{:?}", piped.stdout);
}
