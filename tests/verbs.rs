//! The verbs alone, behind the nouns, and by the other names of components: all do the same.

mod common;

use common::{Sandbox, assert_same, fixture};

fn sandbox() -> Sandbox {
    Sandbox::plain(fixture("package-upper"))
}

#[test]
fn every_way_to_say_it_does_the_same() {
    let before = sandbox().tree();
    for (name, other) in [("redis", "redis"), ("arq", "tasks"), ("websocket", "ws"), ("metrics", "tracing")] {
        let by_verb = sandbox();
        by_verb.paxx(&["add", name, "--yes"]).expect(0);
        for noun in ["infra", "ext", "feature"] {
            let by_noun = sandbox();
            by_noun.paxx(&[noun, "add", other, "--yes"]).expect(0);
            assert_same(&by_verb.tree(), &by_noun.tree(), &format!("paxx {noun} add {other}"));
            by_noun.paxx(&[noun, "remove", other, "--yes"]).expect(0);
            let took: &[&str] = if name == "arq" { &["remove", "redis", "--yes"] } else { &["check"] };
            by_noun.paxx(took).expect(0);
            assert_same(&before, &by_noun.tree(), &format!("paxx {noun} remove {other}"));
        }
    }
}

#[test]
fn the_list_is_of_both_kinds_or_of_one() {
    let sandbox = sandbox();
    let count = |arguments: &[&str]| sandbox.paxx(arguments).expect(0).stdout.lines().count();
    let all = count(&["list"]);
    assert_eq!(all, common::components().len());
    assert_eq!(all, count(&["feature", "list"]));
    assert_eq!(all, count(&["infra", "list"]) + count(&["ext", "list"]));
    sandbox.paxx(&["add", "redis", "--yes"]).expect(0);
    let listed = sandbox.paxx(&["list"]).expect(0);
    assert!(listed.stdout.lines().any(|line| line.starts_with("redis ") && line.contains("[installed]")));
}

#[test]
fn help_in_every_way_that_people_try() {
    let sandbox = sandbox();
    let alone = sandbox.paxx(&[]).expect(0);
    assert!(alone.stdout.contains("paxx add redis") && alone.stderr.is_empty(), "{}", alone.stdout);
    assert_eq!(alone.stdout, sandbox.paxx(&["help"]).expect(0).stdout);
    assert_eq!(alone.stdout, sandbox.paxx(&["-h"]).expect(0).stdout);
    for command in [&["add"][..], &["infra", "add"], &["check"], &["explain"]] {
        let by_word = sandbox.paxx(&[&["help"], command].concat()).expect(0);
        for option in ["-h", "--help"] {
            let by_option = sandbox.paxx(&[command, &[option]].concat()).expect(0);
            assert_eq!(by_word.stdout, by_option.stdout, "{command:?}");
        }
    }
}

/// Every command, and every verb behind a noun.
fn commands() -> Vec<Vec<&'static str>> {
    fn below(command: &clap::Command, before: &[&'static str], found: &mut Vec<Vec<&'static str>>) {
        for command in command.get_subcommands() {
            let name: &'static str = command.get_name().to_owned().leak();
            let path = [before, &[name]].concat();
            below(command, &path, found);
            found.push(path);
        }
    }
    let mut found = Vec::new();
    below(&<paxx::cli::Cli as clap::CommandFactory>::command(), &[], &mut found);
    assert!(found.len() > 16, "{found:?}");
    found
}

#[test]
fn every_command_has_a_paragraph_two_examples_and_its_exit_codes() {
    let sandbox = sandbox();
    for command in &commands() {
        let command = command.as_slice();
        let help = sandbox.paxx(&[&["help"], command].concat()).expect(0).stdout;
        let long = help.lines().find(|line| line.chars().count() > 100);
        assert_eq!(long, None, "{command:?}");
        let examples: Vec<&str> =
            help.lines().filter(|line| line.contains("  paxx ") || line.contains("(paxx ")).collect();
        assert!(examples.len() >= 2, "{command:?}\n{help}");
        assert!(help.contains("\nExit codes:\n  "), "{command:?}\n{help}");
        assert!(help.find("Usage:").is_some_and(|at| at > 40), "{command:?} says what it does first\n{help}");
        // What would do nothing there is not offered.
        let looks_at_a_project = !matches!(command[0], "info" | "explain" | "help" | "completions" | "man");
        let is_group = matches!(command, ["infra" | "ext" | "feature"]);
        assert_eq!(help.contains("--project"), looks_at_a_project && !is_group, "{command:?}\n{help}");
        let chooses = looks_at_a_project && command[0] != "undo" && !is_group;
        assert_eq!(help.contains("--services-dir"), chooses, "{command:?}\n{help}");
        assert!(chooses || !help.contains("--app"), "{command:?}\n{help}");
    }
}

#[test]
fn options_stand_before_the_command_or_behind_it() {
    let sandbox = sandbox();
    let project = sandbox.project.to_str().expect("text").to_owned();
    let elsewhere = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| {
        let mut command = common::paxx(elsewhere.path(), arguments);
        common::output(&mut command)
    };
    run(&["-C", &project, "add", "redis", "--yes", "-q"]).expect(0);
    run(&["check", "-C", &project]).expect(0);
    run(&["-q", "-C", &project, "infra", "remove", "redis", "--yes"]).expect(0);
    run(&["--app", "x:y", "explain", "PX101"]).expect(2).says(&["`--app` means nothing to this command", "help:"]);
    run(&["explain", "PX101", "--app", "x:y"]).expect(2);
    run(&["-C", "/nonexistent", "explain", "PX101"]).expect(2).says(&["there is no folder `/nonexistent`"]);
}

#[test]
fn the_version_says_commit_and_date() {
    let said = sandbox().paxx(&["--version"]).expect(0).stdout;
    let (version, known) = said.trim().split_once(" (").unwrap_or((said.trim(), ""));
    assert!(version.starts_with("paxx "), "{said}");
    // Not in a source tree without git.
    if let Some((commit, date)) = known.trim_end_matches(')').split_once(' ') {
        assert_eq!((commit.len(), date.len(), date.matches('-').count()), (7, 10, 2), "{said}");
    }
}

#[test]
fn completions_know_components_codes_and_folders() {
    let sandbox = sandbox();
    for shell in ["bash", "zsh", "fish"] {
        let script = sandbox.paxx(&["completions", shell]).expect(0).stdout;
        for word in ["redis", "websocket", "PX101", "PX802", "keep"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    // In a real shell.
    if !common::has_program("bash") {
        return;
    }
    let script = sandbox.paxx(&["completions", "bash"]).expect(0).stdout;
    sandbox.write("paxx.bash", script);
    let completed = |words: &[&str]| {
        let line = format!(
            "compopt() {{ echo \"$@\"; }}; source ./paxx.bash; COMP_WORDS=({words}); COMP_CWORD={last}; _paxx paxx '{word}' '{before}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words = words.join(" "),
            last = words.len() - 1,
            word = words[words.len() - 1],
            before = words[words.len() - 2]
        );
        let mut command = std::process::Command::new("bash");
        common::output(command.args(["-c", &line]).current_dir(&sandbox.project)).expect(0).stdout
    };
    assert_eq!(completed(&["paxx", "add", "re"]).trim(), "redis");
    assert!(completed(&["paxx", "explain", "PX10"]).contains("PX101"));
    // Folders are left to the shell.
    assert_eq!(completed(&["paxx", "-C", "a"]).trim(), "-o plusdirs");
}

#[test]
fn manual_pages_have_a_name_that_is_found() {
    let sandbox = sandbox();
    for command in &commands() {
        let command = command.as_slice();
        let page = sandbox.paxx(&[&["man"], command].concat()).expect(0).stdout;
        let name = format!("paxx-{}", command.join("-"));
        assert!(page.contains(&format!(".TH {}", name.to_uppercase())), "{page}");
        assert!(page.contains(&format!("{} \\- ", name.replace('-', "\\-"))), "{name}\n{page}");
        assert!(page.contains(".SH EXAMPLES") && page.contains("EXIT STATUS"), "{name}\n{page}");
        if common::has_program("lexgrog") {
            sandbox.write("page.1", &page);
            let mut known = std::process::Command::new("lexgrog");
            let known = common::output(known.arg(sandbox.project.join("page.1"))).expect(0).stdout;
            assert!(known.contains(&format!("{name} - ")), "{known}");
        }
    }
}

#[test]
fn a_module_that_is_kept_is_no_note_any_more() {
    let sandbox = sandbox();
    sandbox.paxx(&["add", "redis", "--yes"]).expect(0);
    let module = "app/services/cache.py";
    sandbox.write(module, sandbox.read(module) + "\n\ndef mine() -> int:\n    return 1\n");
    let noted = sandbox.paxx(&["check", "-v"]).expect(0);
    assert!(
        noted.stdout.contains("PX402") && noted.stdout.contains("paxx keep app/services/cache.py"),
        "{}",
        noted.stdout
    );
    // What is no module of a component.
    sandbox.paxx(&["keep", "app/services/cash.py"]).expect(2).says(&["did you mean `app/services/cache.py`?"]);
    sandbox.paxx(&["keep", "app/main.py", "--yes"]).expect(2).says(&["there is no generated module `app/main.py`"]);
    let dry = sandbox.paxx(&["keep", module, "--dry-run"]).expect(0);
    assert!(dry.stdout.contains("kept = true") && dry.stdout.matches("diff --git").count() == 1, "{}", dry.stdout);
    sandbox.paxx(&["keep", module, "--yes"]).expect(0);
    let kept = sandbox.tree();
    sandbox.paxx(&["keep", "./app/services/cache.py", "--yes"]).expect(0).says(&["nothing to do"]);
    assert_same(&kept, &sandbox.tree(), "twice is once");
    assert_eq!(sandbox.paxx(&["check", "-v"]).expect(0).stdout, "");
    sandbox.paxx(&["add", "redis", "--yes"]).expect(0).says(&["nothing to do"]);
    // Other commands leave the note where it is.
    sandbox.paxx(&["add", "metrics", "--yes"]).expect(0);
    sandbox.paxx(&["remove", "metrics", "--yes"]).expect(0);
    assert_eq!(sandbox.paxx(&["check", "-v"]).expect(0).stdout, "");
    // One that is broken is said all the same.
    let mine = sandbox.read(module);
    sandbox.write(module, mine.clone() + "def (\n");
    sandbox.paxx(&["check"]).expect(1);
    sandbox.write(module, mine);
    sandbox.paxx(&["keep", module, "--no-more", "--yes"]).expect(0);
    assert!(sandbox.paxx(&["check", "-v"]).expect(0).stdout.contains("PX402"));
    sandbox.paxx(&["keep", module, "--yes"]).expect(0);
    let removed = sandbox.paxx(&["remove", "redis", "--yes"]).expect(0);
    assert!(removed.stderr.contains("you kept it as your own"), "{}", removed.stderr);
    assert!(sandbox.project.join(module).is_file());
    assert!(!sandbox.project.join("paxx.lock").exists());
}

const APP: &str = "from fastapi import FastAPI\n\napp = FastAPI()\n";

/// The words of a command that a message says, without quotes: none of these needs any.
fn words(line: &str) -> Vec<&str> {
    let command = line.split("  # ").next().unwrap_or(line);
    command.split_whitespace().skip(1).collect()
}

/// The commands that standard error says to type.
fn printed_commands(said: &str) -> Vec<&str> {
    said.lines().filter(|line| line.starts_with("    paxx ")).collect()
}

#[test]
fn above_the_only_project_every_verb_is_about_it() {
    let (inside, above) = (
        Sandbox::of(&[("demo/main.py", APP), ("demo/requirements.txt", "fastapi\n")]),
        Sandbox::of(&[("demo/main.py", APP), ("demo/requirements.txt", "fastapi\n")]),
    );
    let before = above.tree();
    for command in
        [&["add", "redis", "--yes"][..], &["check"], &["list"], &["remove", "redis", "--yes"], &["undo", "--yes"]]
    {
        let there = [&["-C", "demo"], command].concat();
        let expected = inside.paxx(&there).expect(0);
        let found = above.paxx(command).expect(0);
        if command[0] != "check" {
            found.clone().says(&["this is about `demo`"]);
        }
        assert_eq!(expected.stdout, found.stdout, "{command:?}");
        assert_same(&inside.tree(), &above.tree(), &format!("{command:?}"));
    }
    above.paxx(&["remove", "redis", "--yes"]).expect(0);
    assert_same(&before, &above.tree(), "as before");
    // From above that, by `-C`.
    above.paxx(&["-C", ".", "add", "redis", "--dry-run"]).expect(0).says(&["this is about `./demo`"]);
}

#[test]
fn of_two_projects_below_each_has_a_command() {
    let sandbox = Sandbox::of(&[
        ("x/a/main.py", APP),
        ("x/a/requirements.txt", "fastapi\n"),
        ("x/b/main.py", APP),
        ("x/b/requirements.txt", "fastapi\n"),
    ]);
    let refused =
        sandbox.paxx(&["-C", "x", "add", "redis", "--dry-run"]).expect(2).says(&["PX001", "paxx explain PX001"]);
    assert_eq!(
        printed_commands(&refused.stderr),
        ["    paxx -C x/a add redis --dry-run", "    paxx -C x/b add redis --dry-run"]
    );
    for command in printed_commands(&refused.stderr) {
        sandbox.paxx(&words(command)).expect(0);
    }
}

#[test]
fn a_refusal_that_is_a_question_has_commands_that_answer_it() {
    let settings = "from pydantic_settings import BaseSettings\n\n\nclass RedisSettings(BaseSettings):\n    url: str = \"\"\n\n\nclass JwtSettings(BaseSettings):\n    key: str = \"\"\n\n\nredis = RedisSettings()\njwt = JwtSettings()\n";
    let files = [
        ("one.py", APP),
        ("two.py", APP),
        ("config.py", settings),
        ("requirements.txt", "fastapi\npydantic-settings\n"),
    ];
    let sandbox = Sandbox::of(&files);
    let refused = sandbox.paxx(&["add", "redis", "--dry-run"]).expect(2).says(&["PX003", "PX104", "all at once"]);
    let all = printed_commands(&refused.stderr);
    assert!(all.len() >= 5, "{}", refused.stderr);
    // Each is right as far as it goes; the last one answers all.
    for command in &all {
        let answered = sandbox.paxx(&words(command));
        assert!(!answered.stderr.contains("PX008"), "{command}\n{}", answered.stderr);
    }
    let last = all.last().expect("a command");
    sandbox.paxx(&words(last)).expect(0);
    // By the configuration, too.
    let sandbox = Sandbox::of(&[
        files[0],
        files[1],
        ("pyproject.toml", "[project]\nname = \"x\"\ndependencies = [\"fastapi\"]\n\n[tool.paxx]\napp = \"two:app\"\n"),
    ]);
    sandbox.paxx(&["add", "redis", "--yes"]).expect(0);
    assert!(sandbox.read("two.py").contains("lifespan"));
}

#[test]
fn a_class_of_its_own_stands_beside_the_others() {
    const PLAIN: &str = "from pydantic_settings import BaseSettings, SettingsConfigDict\n\n\nclass JwtSettings(BaseSettings):\n    key: str = \"\"\n\n    model_config = SettingsConfigDict(env_file=\".env\", extra=\"ignore\")\n\n\nclass MailSettings(BaseSettings):\n    HOST: str = \"\"\n    PORT: int = 25\n\n    model_config = SettingsConfigDict(env_prefix=\"MAIL_\", env_file=\".env\")\n\n\njwt = JwtSettings()\nmail = MailSettings()\n";
    const PREFIXED: &str = "from pydantic_settings import BaseSettings, SettingsConfigDict\r\n\r\n\r\nclass JwtConfig(BaseSettings):\r\n    model_config = SettingsConfigDict(env_prefix=\"JWT_\", env_file=\".env\")\r\n\r\n    key: str = \"\"\r\n\r\n\r\nclass MailConfig(BaseSettings):\r\n    model_config = SettingsConfigDict(env_prefix=\"MAIL_\", env_file=\".env\")\r\n\r\n    host: str = \"\"\r\n\r\n\r\njwt = JwtConfig()\r\nmail = MailConfig()";
    const PYDANTIC_1: &str = "from pydantic import BaseSettings\n\n\nclass JwtSettings(BaseSettings):\n    key: str = \"\"\n\n    class Config:\n        env_file = \".env\"\n\n\nclass MailSettings(BaseSettings):\n    host: str = \"\"\n\n\njwt = JwtSettings()\nmail = MailSettings()\n";
    for (config, parts) in [
        (
            PLAIN,
            &[
                "class ServiceSettings(BaseSettings):",
                "    model_config = SettingsConfigDict(env_file=\".env\", extra=\"ignore\")",
                "    REDIS_URL: ",
                "service_settings = ServiceSettings()\n",
            ][..],
        ),
        (
            PREFIXED,
            &[
                "class ServiceConfig(BaseSettings):\r\n",
                "    model_config = SettingsConfigDict(env_file=\".env\", extra=\"ignore\")",
                "    redis_url: ",
                "service_config = ServiceConfig()",
            ],
        ),
        (
            PYDANTIC_1,
            &[
                "class ServiceSettings(BaseSettings):",
                "    class Config:\n        env_file = \".env\"",
                "    redis_url: ",
            ],
        ),
    ] {
        let dependencies = if config == PYDANTIC_1 { "fastapi\npydantic<2\n" } else { "fastapi\npydantic-settings\n" };
        let main = "from fastapi import FastAPI\n\nfrom app.config import jwt, mail\n\napp = FastAPI(title=jwt.key + mail.host if False else \"x\")\n";
        let sandbox = Sandbox::of(&[
            ("app/__init__.py", ""),
            ("app/main.py", main),
            ("app/config.py", config),
            ("requirements.txt", dependencies),
        ]);
        let before = sandbox.tree();
        let refused = sandbox.paxx(&["add", "redis", "--dry-run"]).expect(2).says(&["PX104"]);
        let first = printed_commands(&refused.stderr);
        assert_eq!(words(first[0]), ["add", "redis", "--dry-run", "--settings", "new"], "{}", refused.stderr);
        sandbox.paxx(&["add", "redis", "--settings", "new", "--yes"]).expect(0);
        let (made, module) = (sandbox.read("app/config.py"), sandbox.read("app/services/cache.py"));
        for part in parts {
            assert!(made.contains(part), "`{part}`\n{made}");
        }
        let (_, classes) = config.split_once("\nclass").expect("a class");
        assert!(made.contains(classes.trim_end()), "what is there stays\n{made}");
        assert!(module.contains("from app.config import service_"), "{module}");
        sandbox.paxx(&["check"]).expect(0);
        let after = sandbox.tree();
        sandbox.paxx(&["add", "redis", "--yes"]).expect(0);
        assert_same(&after, &sandbox.tree(), "a second time");
        sandbox.paxx(&["add", "metrics", "--yes"]).expect(0);
        sandbox.paxx(&["check"]).expect(0);
        sandbox.paxx(&["remove", "metrics", "redis", "--yes"]).expect(0);
        assert_same(&before, &sandbox.tree(), "as before");
    }
}

#[test]
fn settings_of_another_package_are_named_where_a_class_is_made() {
    let main = |module: &str| {
        format!("from {module} import settings\nfrom fastapi import FastAPI\n\napp = FastAPI(debug=settings.debug)\n")
    };
    let sandbox = Sandbox::of(&[("main.py", &main("core.config")), ("requirements.txt", "fastapi\ncore\n")]);
    let said = sandbox.paxx(&["add", "redis", "--yes"]).expect(0).stderr;
    assert!(said.contains("`settings` of the application comes from `core.config`"), "{said}");
}

#[test]
fn what_one_component_brought_goes_with_it_while_another_stays() {
    let main = "from config import settings\nfrom fastapi import FastAPI\n\napp = FastAPI(debug=settings.debug)\n";
    let config = "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n    debug: bool = False\n\n\nsettings = Settings()\n";
    let project = "[project]\nname = \"demo\"\nversion = \"0\"\ndependencies = [\"fastapi\", \"pydantic-settings\"]\n";
    let sandbox = Sandbox::of(&[("main.py", main), ("config.py", config), ("pyproject.toml", project)]);
    for (stays, goes) in [("redis", "metrics"), ("storage", "email"), ("redis", "storage"), ("email", "redis")] {
        let before = sandbox.tree();
        sandbox.paxx(&["add", stays, "--yes"]).expect(0);
        let with_one = sandbox.tree();
        sandbox.paxx(&["add", goes, "--yes"]).expect(0);
        sandbox.paxx(&["remove", goes, "--yes"]).expect(0);
        assert_same(&with_one, &sandbox.tree(), &format!("{goes} is gone again, beside {stays}"));
        sandbox.paxx(&["remove", stays, "--yes"]).expect(0);
        assert_same(&before, &sandbox.tree(), &format!("{stays} is gone too"));
    }
}
