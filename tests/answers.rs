//! Each question is answered in every way: by the command that the refusal prints, on a terminal, by `[tool.paxx]`, and after
//! that by `paxx.lock`, so that nobody is asked twice. All ways write the same.

mod common;

use common::terminal::Terminal;
use common::{Sandbox, assert_same};

const APP: &str = "from fastapi import FastAPI\n\napp = FastAPI()\n";
const CLASSES: &str = "from pydantic_settings import BaseSettings\n\n\nclass AppSettings(BaseSettings):\n    debug: bool = False\n\n\nclass \
                       LogSettings(BaseSettings):\n    level: str = \"info\"\n\n\nsettings = AppSettings()\nlog_settings = LogSettings()\n";
const BOTH_CLASSES: &str = "from fastapi import FastAPI\n\nfrom app.config import log_settings, settings\n\napp = FastAPI(debug=settings.debug, title=log_settings.level)\n";
const SERVICES: &str = "services:\n  blue:\n    build: .\n    command: uvicorn main:app\n    ports: [\"8000:8000\"]\n  green:\n    build: .\n    command: uvicorn main:app\n    ports: [\"8001:8000\"]\n";

/// A question: its option, the key of `[tool.paxx]`, and a project that asks it.
type Asked = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const ASKED: &[Asked] = &[
    ("--app", "app", &[("one.py", APP), ("two.py", APP), ("pyproject.toml", PROJECT)]),
    (
        "--settings",
        "settings",
        &[
            ("app/__init__.py", ""),
            ("app/main.py", BOTH_CLASSES),
            ("app/config.py", CLASSES),
            ("pyproject.toml", PROJECT),
        ],
    ),
    ("--service", "service", &[("main.py", APP), ("compose.yml", SERVICES), ("pyproject.toml", PROJECT)]),
    (
        "--module",
        "modules",
        &[("main.py", APP), ("services/cache.py", "CACHE: dict[str, str] = {}\n"), ("pyproject.toml", PROJECT)],
    ),
    (
        "--services-dir",
        "services-dir",
        &[
            ("app/__init__.py", ""),
            ("app/main.py", APP),
            ("app/services.py", "def serve() -> None: ...\n"),
            ("pyproject.toml", PROJECT),
        ],
    ),
];

const PROJECT: &str =
    "[project]\nname = \"demo\"\nversion = \"0\"\ndependencies = [\"fastapi\", \"pydantic-settings\"]\n";

/// The words of a command as a shell reads them: what is behind `#` is a comment.
fn shell(line: &str) -> impl Iterator<Item = &str> {
    line.split(" #").next().unwrap_or_default().split_whitespace()
}

/// The commands of a refusal that answer it.
fn printed(said: &str, option: &str) -> Vec<Vec<String>> {
    let commands = said.lines().filter_map(|line| line.strip_prefix("    paxx "));
    let words = commands.map(|line| shell(line).map(str::to_owned).collect::<Vec<String>>());
    words.filter(|words| words.iter().any(|word| word == option)).collect()
}

#[test]
fn each_question_is_answered_in_every_way() {
    for (option, key, files) in ASKED {
        let asked = Sandbox::of(files);
        let said = asked.paxx(&["add", "redis"]).expect(2).stderr;
        let commands = printed(&said, option);
        assert!(!commands.is_empty(), "{option}: a command for each answer\n{said}");
        for command in &commands {
            let sandbox = Sandbox::of(files);
            let words: Vec<&str> = command.iter().map(String::as_str).chain(["--yes"]).collect();
            sandbox.paxx(&words).expect(0);
            // It is asked once.
            sandbox.paxx(&["add", "storage", "--yes"]).expect(0);
            sandbox.paxx(&["check"]).expect(0);
        }
        let first = &commands[0];
        let at = first.iter().position(|word| word == option).expect("the option");
        let answer = &first[at + 1];
        let by_option = Sandbox::of(files);
        by_option.paxx(&["add", "redis", option, answer, "--yes"]).expect(0);

        let by_terminal = Sandbox::of(files);
        let mut terminal = Terminal::start(&by_terminal, &["add", "redis", "--no-pager"], &[]);
        terminal.hears(&format!("1. {answer}")).hears("Esc cancels").presses("1").presses("\r");
        terminal.hears("Apply").hears("> ").types("y");
        terminal.ends(0);
        assert_same(&by_option.tree(), &by_terminal.tree(), &format!("{option}: the terminal's answer"));

        let by_key = Sandbox::of(files);
        by_key.write("pyproject.toml", format!("{PROJECT}\n[tool.paxx]\n{key} = \"{answer}\"\n"));
        by_key.paxx(&["add", "redis", "--yes"]).expect(0);
        by_key.paxx(&["check"]).expect(0);
        for (path, _) in files.iter().filter(|(path, _)| *path != "pyproject.toml") {
            assert_eq!(by_option.read(path), by_key.read(path), "{option}: {path} by `[tool.paxx]`");
        }
    }
}

#[test]
fn the_rest_of_a_component_is_offered_where_a_part_is_there() {
    let main = "from fastapi import FastAPI\nfrom prometheus_fastapi_instrumentator import Instrumentator\n\napp = \
                FastAPI()\nInstrumentator().instrument(app).expose(app)\n";
    let project = PROJECT.replace("version", "requires-python = \">=3.9\"\nversion");
    let files = [("main.py", main), ("pyproject.toml", project.as_str())];
    let printed_command = Sandbox::of(&files);
    let said = printed_command.paxx(&["add", "metrics"]).expect(2).stderr;
    let all = printed(&said, "--set").pop().expect("a command");
    assert_eq!(all.join(" "), "add metrics --set metrics.parts=tracing --raise-bounds", "{said}");
    let words: Vec<&str> = all.iter().map(String::as_str).chain(["--yes"]).collect();
    printed_command.paxx(&words).expect(0);
    printed_command.paxx(&["check"]).expect(0);
    assert!(!printed_command.read("main.py").contains("metrics_router"));

    let by_terminal = Sandbox::of(&files);
    let mut terminal = Terminal::start(&by_terminal, &["add", "metrics", "--no-pager"], &[]);
    terminal.hears("nothing for `all`").hears("> ").types("");
    terminal.hears("nothing for `jaeger`").hears("> ").types("");
    terminal.hears("nothing for `no`").hears("> ").types("");
    terminal.hears("what i").hears("1. metrics.parts=tracing").hears("Esc cancels").presses("1").presses("\r");
    terminal.hears("Make it `>=3.10`?").hears("> ").types("y");
    terminal.hears("Apply").hears("> ").types("y");
    terminal.ends(0);
    assert_same(&printed_command.tree(), &by_terminal.tree(), "the terminal's answers");
}
