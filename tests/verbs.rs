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

const COMMANDS: [&[&str]; 16] = [
    &["add"],
    &["remove"],
    &["list"],
    &["info"],
    &["check"],
    &["explain"],
    &["keep"],
    &["undo"],
    &["help"],
    &["infra"],
    &["infra", "add"],
    &["ext"],
    &["feature"],
    &["feature", "remove"],
    &["completions"],
    &["man"],
];

#[test]
fn every_command_has_a_paragraph_two_examples_and_its_exit_codes() {
    let sandbox = sandbox();
    for command in COMMANDS {
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
    for command in COMMANDS {
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
