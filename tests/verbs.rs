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
        let by_option = sandbox.paxx(&[command, &["-h"]].concat()).expect(0);
        assert_eq!(by_word.stdout, by_option.stdout, "{command:?}");
        for line in by_word.stdout.lines() {
            assert!(line.chars().count() <= 100, "{command:?}: {line}");
        }
    }
}

const APP: &str = "from fastapi import FastAPI\n\napp = FastAPI()\n";

/// The words of a command that a message says, without quotes: none of these needs any.
fn words(line: &str) -> Vec<&str> {
    let command = line.split("  # ").next().unwrap_or(line);
    command.split_whitespace().skip(1).collect()
}

/// The commands that standard error says to type.
fn commands(said: &str) -> Vec<&str> {
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
        commands(&refused.stderr),
        ["    paxx -C x/a add redis --dry-run", "    paxx -C x/b add redis --dry-run"]
    );
    for command in commands(&refused.stderr) {
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
    let all = commands(&refused.stderr);
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
        let first = commands(&refused.stderr);
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
