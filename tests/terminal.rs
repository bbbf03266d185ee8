//! The confirmation, in a real pseudo-terminal; and what happens where there is none.

mod common;

use common::terminal::Terminal;
use common::{Sandbox, assert_same, fixture, output, paxx};
use rexpect::process::Signal;

const ESCAPE: char = '\u{1b}';

const QUESTION: &str = "Apply these changes to";
const ADD: &[&str] = &["add", "redis"];

/// A project without a folder of tests, so that nothing is asked about them.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::plain(fixture("package-upper"));
    std::fs::remove_dir_all(sandbox.project.join("tests")).expect("its tests");
    sandbox
}

#[test]
fn yes() {
    let (sandbox, by_yes) = (sandbox(), sandbox());
    by_yes.paxx(&["infra", "add", "redis", "--yes"]).expect(0);
    let mut terminal = Terminal::start(&sandbox, ADD, &[]);
    terminal.hears(QUESTION).hears("> ").types("y");
    let said = terminal.ends(0);
    assert!(said.contains("create app/services/cache.py"), "the summary comes first:\n{said}");
    assert!(said.find("create app/services/cache.py") < said.find("diff --git"), "the summary comes first:\n{said}");
    // What needs a look comes first, what is new next, the lock last.
    let order: Vec<&str> = said
        .lines()
        .filter_map(|line| line.trim().strip_prefix("edit ").or_else(|| line.trim().strip_prefix("create ")))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let expected = [
        "app/main.py",
        "app/core/config.py",
        "pyproject.toml",
        "compose.yml",
        ".env.example",
        "app/services/cache.py",
        "paxx.lock",
    ];
    assert_eq!(order, expected, "{said}");
    let counts = said.lines().filter(|line| line.contains("  +") && line.contains(" -")).count();
    assert!(counts >= order.len(), "each file has its counts:\n{said}");
    assert!(said.contains("7 files: 5 to edit, 2 to create; +"), "{said}");
    assert!(said.contains(ESCAPE), "there is colour on a terminal");
    assert_same(&by_yes.tree(), &sandbox.tree(), "as with --yes");
}

/// What the list without a name says it takes.
const CHOOSES: &str = "space chooses";

#[test]
fn without_a_name_there_is_a_list_to_choose_from() {
    let (chosen, by_yes) = (sandbox(), sandbox());
    by_yes.paxx(&["add", "email", "redis", "--yes"]).expect(0);
    let before = chosen.tree();
    for (keys, code) in [(&["\u{1b}"][..], 1), (&[" ", "\u{1b}"], 1), (&["\u{3}"], 130), (&[" ", "\u{3}"], 130)] {
        let mut terminal = Terminal::start(&chosen, &["add"], &[]);
        terminal.hears("Background jobs").hears("brings redis along").hears(CHOOSES);
        for key in keys {
            terminal.presses(key);
        }
        let said = terminal.ends(code);
        assert!(said.contains("nothing was changed"), "{said}");
        assert_same(&before, &chosen.tree(), "nothing is written");
    }
    // An Enter that chooses nothing says how one chooses. By the arrows, and by typing a part of the name.
    let mut terminal = Terminal::sized(&chosen, &["add", "--no-pager"], 30, 100);
    terminal.hears(CHOOSES).presses(ENTER).hears("nothing is chosen").presses(DOWN).presses(" ").presses("Redis");
    terminal.hears("Which components? Redis").presses(" ").presses(ENTER).hears("email, redis");
    terminal.hears("email.backend:").hears("> ").types("").hears(QUESTION).hears("> ").types("y");
    terminal.ends(0);
    assert_same(&by_yes.tree(), &chosen.tree(), "as with --yes");
    let mut terminal = Terminal::start(&chosen, &["add"], &[]);
    terminal.hears("[installed]").hears(CHOOSES).presses("\u{1b}");
    terminal.ends(1);
}

#[test]
fn the_list_at_any_width_shows_what_each_is_and_what_is_chosen() {
    for (rows, columns) in [(12, 60), (24, 80), (40, 200)] {
        let sandbox = sandbox();
        let mut terminal = Terminal::sized(&sandbox, &["add"], rows, columns);
        terminal.hears(CHOOSES).presses(" ");
        let screen = terminal.rows();
        let seen = screen.join("\n");
        assert!(screen[1].starts_with("> [x] arq  ") && screen[2].starts_with("  [ ] email  "), "{columns}\n{seen}");
        assert!(screen[1].ends_with("(brings redis along)"), "{columns}\n{seen}");
        assert!(screen[0].starts_with("? Which components?"), "the question is on the screen at {columns}\n{seen}");
        terminal.presses("\u{1b}");
        terminal.ends(1);
    }
}

#[test]
fn where_no_list_moves_names_and_numbers_are_typed() {
    let (chosen, by_yes) = (sandbox(), sandbox());
    by_yes.paxx(&["add", "redis", "email", "--yes"]).expect(0);
    let before = chosen.tree();
    let dumb = &[("TERM", "dumb")];
    let mut terminal = Terminal::start(&chosen, &["add"], dumb);
    terminal.hears("Background jobs").hears("brings redis along").hears("Which ones?").hears("> ").types("");
    let said = terminal.ends(1);
    assert!(said.contains("nothing was changed") && !said.contains(ESCAPE), "{said}");
    assert_same(&before, &chosen.tree(), "nothing is written");
    // By name, with a slip on the way, and by number.
    let number = common::components().iter().position(|name| name == "email").expect("it is there") + 1;
    let mut terminal = Terminal::start(&chosen, &["add"], dumb);
    terminal.hears("Which ones?").hears("> ").types("rediss").hears("did you mean `redis`?");
    terminal.hears("Which ones?").hears("> ").types(&format!("redis, {number}"));
    terminal.hears("email.backend:").hears("> ").types("").hears(QUESTION).hears("> ").types("y");
    terminal.ends(0);
    assert_same(&by_yes.tree(), &chosen.tree(), "as with --yes");
    let mut terminal = Terminal::start(&chosen, &["add"], dumb);
    terminal.hears("[installed]").hears("Which ones?").hears("> ");
    terminal.session.send_control('d').expect("sent");
    terminal.ends(1);
}

#[test]
fn an_option_is_asked_for_once_and_recorded() {
    let (asked, by_set) = (sandbox(), sandbox());
    by_set.paxx(&["add", "email", "--set", "email.backend=postmark", "--yes"]).expect(0);
    let before = asked.tree();
    let mut terminal = Terminal::start(&asked, &["add", "email"], &[]);
    terminal.hears("email.backend: what sends the messages").hears("any  (the default)").hears("> ").types("postmrk");
    terminal.hears("did you mean `postmark`?").hears("> ").types("postmark").hears(QUESTION).hears("> ").types("n");
    terminal.ends(1);
    assert_same(&before, &asked.tree(), "nothing is written");
    let mut terminal = Terminal::start(&asked, &["add", "email"], &[]);
    // By its number.
    terminal
        .hears("email.backend")
        .hears("   4  postmark")
        .hears("> ")
        .types("4")
        .hears(QUESTION)
        .hears("> ")
        .types("y");
    terminal.ends(0);
    assert_same(&by_set.tree(), &asked.tree(), "as with --set");
    let terminal = Terminal::start(&asked, &["add", "email"], &[]);
    let said = terminal.ends(0);
    assert!(said.contains("`email.backend` is `postmark`") && !said.contains("> "), "it is not asked again:\n{said}");
    // The end of the input is no answer.
    let mut terminal = Terminal::start(&by_set, &["add", "search"], &[]);
    terminal.hears("search.language").hears("> ");
    terminal.session.send_control('d').expect("sent");
    terminal.ends(1);
}

#[test]
fn it_is_asked_once_whether_tests_are_written() {
    let tests = |sandbox: &Sandbox| sandbox.project.join("tests/test_cache.py").exists();
    let wanted = Sandbox::plain(fixture("package-upper"));
    let mut terminal = Terminal::start(&wanted, ADD, &[]);
    terminal.hears("Write tests for the new modules to `tests`? [Y/n]").hears("> ").types("");
    terminal.hears(QUESTION).hears("> ").types("y");
    terminal.ends(0);
    assert!(tests(&wanted));
    let unwanted = Sandbox::plain(fixture("package-upper"));
    let mut terminal = Terminal::start(&unwanted, ADD, &[]);
    terminal.hears("Write tests").hears("> ").types("n").hears(QUESTION).hears("> ").types("y");
    terminal.ends(0);
    assert!(!tests(&unwanted));
    let mut terminal = Terminal::start(&unwanted, &["add", "ratelimit"], &[]);
    terminal.hears(QUESTION).hears("> ").types("n");
    let said = terminal.ends(1);
    assert!(!said.contains("Write tests") && !said.contains("test_ratelimit.py"), "it is not asked again:\n{said}");
}

#[test]
fn the_letters_mean_the_same_at_every_question() {
    let sandbox = sandbox();
    sandbox.write("app/services/cache.py", "CACHE: dict[str, str] = {}\n");
    let before = sandbox.tree();
    let mut terminal = Terminal::start(&sandbox, &["add", "redis", "--force"], &[("NO_COLOR", "1")]);
    terminal.hears(QUESTION).hears("[?] help").hears("> ").types("?");
    terminal.hears("  y  yes, all").hears("  v  view again").hears("Nothing is written before you say yes");
    terminal.hears(QUESTION).hears("> ").types("v").hears("diff --git a/app/main.py").hears(QUESTION).hears("> ");
    // All, then the file that is overwritten, and back to each file.
    terminal.types("y").hears("Overwrite it?").hears("> ").types("v").hears("diff --git a/app/services/cache.py");
    terminal.hears("Overwrite it?").hears("> ").types("e").hears(QUESTION).hears("> ").types("e");
    terminal.hears("Apply this to `app/main.py`").hears("> ").types("v").hears("diff --git a/app/main.py");
    terminal.hears("Apply this to `app/main.py`").hears("> ").types("?").hears("  n  no, leave it out");
    terminal.hears("Apply this to `app/main.py`").hears("> ").types("n");
    terminal.hears("Apply this to `app/core/config.py`").hears("> ").types("e");
    terminal.hears("Apply this to `app/main.py`").hears("> ").types("q");
    terminal.ends(1);
    assert_same(&before, &sandbox.tree(), "nothing is written");
    for answer in ["q", "n"] {
        let mut terminal = Terminal::start(&sandbox, &["add", "redis", "--force"], &[]);
        terminal.hears(QUESTION).hears("> ").types(answer);
        terminal.ends(1);
    }
    assert_same(&before, &sandbox.tree(), "nothing is written");
}

#[test]
fn no() {
    let sandbox = sandbox();
    let before = sandbox.tree();
    for answer in ["n", "no"] {
        let mut terminal = Terminal::start(&sandbox, ADD, &[]);
        terminal.hears(QUESTION).hears("> ").types(answer);
        let said = terminal.ends(1);
        assert!(said.contains("nothing was changed"), "{said}");
        assert_same(&before, &sandbox.tree(), "nothing is written");
    }
    assert!(!sandbox.project.join(".paxx").exists(), "not even `.paxx`");
}

#[test]
fn what_is_no_answer_is_asked_again() {
    let sandbox = sandbox();
    let before = sandbox.tree();
    let mut terminal = Terminal::start(&sandbox, ADD, &[]);
    terminal
        .hears(QUESTION)
        .hears("> ")
        .types("")
        .hears(QUESTION)
        .hears("> ")
        .types("perhaps")
        .hears(QUESTION)
        .hears("> ")
        .types("n");
    terminal.ends(1);
    assert_same(&before, &sandbox.tree(), "nothing is written");
}

#[test]
fn the_diff_again() {
    let sandbox = sandbox();
    let before = sandbox.tree();
    let mut terminal = Terminal::start(&sandbox, ADD, &[]);
    terminal.hears("diff --git").hears(QUESTION).hears("> ").types("v");
    terminal.hears("diff --git").hears(QUESTION).hears("> ").types("n");
    let said = terminal.ends(1);
    assert_eq!(said.matches("a/app/core/config.py").count() % 2, 0, "twice the same diff:\n{said}");
    assert_same(&before, &sandbox.tree(), "nothing is written");
}

#[test]
fn file_by_file() {
    let (sandbox, by_yes) = (sandbox(), sandbox());
    by_yes.paxx(&["infra", "add", "redis", "--yes"]).expect(0);
    let listed = sandbox.paxx(&["infra", "add", "redis", "--dry-run"]).expect(0);
    let files = listed.stdout.matches("diff --git").count() - 1;
    let mut terminal = Terminal::start(&sandbox, ADD, &[]);
    terminal.hears(QUESTION).hears("> ").types("e");
    for _ in 0..files {
        terminal.hears("Apply this to `").hears("> ").types("y");
    }
    terminal.ends(0);
    assert_same(&by_yes.tree(), &sandbox.tree(), "every file: as with --yes");
}

#[test]
fn a_file_that_is_needed_is_left_out() {
    let sandbox = sandbox();
    let before = sandbox.tree();
    let file_by_file = |sandbox: &Sandbox| {
        let files =
            sandbox.paxx(&["infra", "add", "redis", "--dry-run"]).expect(0).stdout.matches("diff --git").count() - 1;
        let mut terminal = Terminal::start(sandbox, ADD, &[]);
        terminal.hears(QUESTION).hears("> ").types("e");
        for _ in 0..files {
            terminal.hears("Apply this to `");
            let rest = terminal.session.exp_string("`").expect("a name");
            terminal.hears("> ");
            let answer = if rest == "app/core/config.py" { "n" } else { "y" };
            terminal.types(answer);
        }
        terminal.hears("would be missing");
        terminal.hears("Settings").hears("Apply the rest all the same?").hears("> ");
        terminal
    };
    // Back to the question, and out.
    let mut terminal = file_by_file(&sandbox);
    terminal.types("n").hears(QUESTION).hears("> ").types("n");
    terminal.ends(1);
    assert_same(&before, &sandbox.tree(), "nothing is written");
    // All the same: `check` says what is missing, and a second `add` brings it.
    let mut terminal = file_by_file(&sandbox);
    terminal.types("y");
    terminal.ends(0);
    let config = std::path::Path::new("app/core/config.py");
    assert!(before.get(config) == sandbox.tree().get(config), "it is left out");
    let checked = sandbox.paxx(&["check", "--format", "concise"]).expect(1);
    assert!(checked.stdout.contains("PX101") && checked.stdout.contains("app/core/config.py:"), "{}", checked.stdout);
    sandbox.paxx(&["infra", "add", "redis", "--yes"]).expect(0);
    sandbox.paxx(&["check"]).expect(0);
    sandbox.paxx(&["infra", "remove", "redis", "--yes"]).expect(0);
    assert_same(&before, &sandbox.tree(), "add in two parts and remove");
}

#[test]
fn quit_amid_the_files() {
    let sandbox = sandbox();
    let before = sandbox.tree();
    let mut terminal = Terminal::start(&sandbox, ADD, &[]);
    terminal
        .hears(QUESTION)
        .hears("> ")
        .types("e")
        .hears("Apply this to `")
        .hears("> ")
        .types("y")
        .hears("Apply this to `")
        .hears("> ")
        .types("q");
    terminal.ends(1);
    assert_same(&before, &sandbox.tree(), "nothing is written");
}

#[test]
fn ctrl_c() {
    let sandbox = sandbox();
    let before = sandbox.tree();
    let mut terminal = Terminal::start(&sandbox, ADD, &[]);
    terminal.hears(QUESTION).hears("> ");
    terminal.session.send_control('c').expect("sent");
    terminal.ends(130);
    let mut terminal = Terminal::start(&sandbox, ADD, &[]);
    terminal.hears(QUESTION).hears("> ").types("e").hears("Apply this to `").hears("> ");
    terminal.session.send_control('c').expect("sent");
    terminal.ends(130);
    let mut terminal = Terminal::start(&sandbox, ADD, &[]);
    terminal.hears(QUESTION).hears("> ");
    terminal.session.process_mut().signal(Signal::SIGTERM).expect("sent");
    terminal.ends(143);
    assert_same(&before, &sandbox.tree(), "nothing is written");
}

#[test]
fn the_end_of_the_input_is_no() {
    let sandbox = sandbox();
    let before = sandbox.tree();
    let mut terminal = Terminal::start(&sandbox, ADD, &[]);
    terminal.hears(QUESTION).hears("> ");
    terminal.session.send_control('d').expect("sent");
    terminal.ends(1);
    assert_same(&before, &sandbox.tree(), "nothing is written");
}

#[test]
fn a_file_that_changes_while_it_asks() {
    let sandbox = sandbox();
    let mut terminal = Terminal::start(&sandbox, ADD, &[]);
    terminal.hears(QUESTION).hears("> ");
    sandbox.write("app/core/config.py", sandbox.read("app/core/config.py") + "\n# mine\n");
    let before = sandbox.tree();
    terminal.types("y");
    let said = terminal.ends(2);
    assert!(said.contains("app/core/config.py") && said.contains("help:"), "{said}");
    assert_same(&before, &sandbox.tree(), "nothing is written");
}

#[test]
fn what_is_overwritten_is_asked_for_by_itself() {
    let sandbox = sandbox();
    sandbox.write("app/services/cache.py", "CACHE: dict[str, str] = {}\n");
    let before = sandbox.tree();
    let mut terminal = Terminal::start(&sandbox, &["infra", "add", "redis", "--force"], &[]);
    terminal
        .hears(QUESTION)
        .hears("> ")
        .types("y")
        .hears("app/services/cache.py")
        .hears("Overwrite it?")
        .hears("> ")
        .types("n");
    terminal.ends(1);
    assert_same(&before, &sandbox.tree(), "nothing is written");
    let mut terminal = Terminal::start(&sandbox, &["infra", "add", "redis", "--force"], &[]);
    terminal.hears(QUESTION).hears("> ").types("y").hears("Overwrite it?").hears("> ").types("y");
    terminal.ends(0);
    sandbox.paxx(&["check"]).expect(0);
}

#[test]
fn another_name_for_a_module_is_asked_for_and_recorded() {
    let sandbox = sandbox();
    sandbox.write("app/services/cache.py", "CACHE: dict[str, str] = {}\n");
    let before = sandbox.tree();
    let mut terminal = Terminal::start(&sandbox, &["infra", "add", "redis", "--no-tests"], &[]);
    terminal
        .hears("was not written by paxx")
        .hears("1. cache=redis_cache")
        .hears("Esc cancels")
        .presses("0")
        .presses(ENTER);
    terminal.ends(1);
    assert_same(&before, &sandbox.tree(), "nothing is written");
    let mut terminal = Terminal::start(&sandbox, &["infra", "add", "redis", "--no-tests"], &[]);
    terminal.hears("1. cache=redis_cache").hears("Esc cancels").presses(ENTER);
    terminal.hears(QUESTION).hears("> ").types("y");
    terminal.ends(0);
    assert!(sandbox.read("paxx.lock").contains("cache=redis_cache"));
    sandbox.paxx(&["check"]).expect(0);
    sandbox.paxx(&["remove", "redis", "--yes"]).expect(0);
    assert_same(&before, &sandbox.tree(), "all of it is taken back");
}

#[test]
fn an_older_python_is_asked_for() {
    let sandbox = sandbox();
    let project = sandbox.read("pyproject.toml");
    let old = project.replace("requires-python = \">=3.12\"", "requires-python = \">=3.9\"");
    assert_ne!(project, old);
    sandbox.write("pyproject.toml", old);
    std::fs::remove_file(sandbox.project.join("Dockerfile")).expect("its image");
    let mut terminal = Terminal::start(&sandbox, &["infra", "add", "redis", "--no-tests"], &[]);
    terminal.hears("the modules need Python 3.10").hears("Make it `>=3.10`?").hears("> ").types("y");
    terminal.hears(QUESTION).hears("> ").types("y");
    terminal.ends(0);
    assert!(sandbox.read("pyproject.toml").contains("requires-python = \">=3.10\""));
}

#[test]
fn uncommitted_changes_are_marked() {
    if !common::has_git() {
        return;
    }
    let sandbox = Sandbox::repository(fixture("package-upper"));
    sandbox.commit();
    sandbox.write("app/core/config.py", sandbox.read("app/core/config.py") + "\n# mine\n");
    let mut terminal = Terminal::start(&sandbox, &["infra", "add", "redis", "--no-tests"], &[("NO_COLOR", "1")]);
    terminal.hears("app/core/config.py").hears("(has uncommitted changes)").hears(QUESTION).hears("> ").types("n");
    let said = terminal.ends(1);
    assert_eq!(said.matches("(has uncommitted changes)").count(), 1, "{said}");
}

#[test]
fn undo_and_remove_ask_too() {
    let sandbox = sandbox();
    let before = sandbox.tree();
    sandbox.paxx(&["infra", "add", "redis", "--yes"]).expect(0);
    let after = sandbox.tree();
    let mut terminal = Terminal::start(&sandbox, &["infra", "remove", "redis"], &[]);
    terminal.hears(QUESTION).hears("> ").types("n");
    terminal.ends(1);
    let mut terminal = Terminal::start(&sandbox, &["undo"], &[]);
    terminal.hears("Take this change back?").hears("> ").types("n");
    terminal.ends(1);
    assert_same(&after, &sandbox.tree(), "nothing is written");
    let mut terminal = Terminal::start(&sandbox, &["undo"], &[]);
    terminal.hears("Take this change back?").hears("> ").types("y");
    terminal.ends(0);
    assert_same(&before, &sandbox.tree(), "undo");
}

#[test]
fn no_terminal() {
    let sandbox = sandbox();
    let before = sandbox.tree();
    let refused = sandbox.paxx(ADD).expect(2).says(&["no terminal", "--yes", "--dry-run", "help:"]);
    assert_eq!(refused.stdout, "");
    // JSON never implies yes.
    sandbox.paxx(&["infra", "add", "redis", "--format", "json"]).expect(2).says(&["no terminal"]);
    assert_same(&before, &sandbox.tree(), "nothing is written");
    assert!(!sandbox.project.join(".paxx").exists(), "not even `.paxx`");
    sandbox.paxx(&["infra", "add", "redis", "--yes"]).expect(0);
    let after = sandbox.tree();
    sandbox.paxx(&["infra", "remove", "redis"]).expect(2).says(&["no terminal"]);
    sandbox.paxx(&["undo"]).expect(2).says(&["no terminal"]);
    assert_same(&after, &sandbox.tree(), "nothing is written");
}

#[test]
fn colour() {
    let sandbox = sandbox();
    // On a terminal, but not wanted.
    for (more, environment) in [
        (&["--color", "never"][..], &[][..]),
        (&[], &[("NO_COLOR", "1")]),
        (&[], &[("TERM", "dumb")]),
        (&["--color", "never"], &[("CLICOLOR_FORCE", "1")]),
    ] {
        let arguments: Vec<&str> = ADD.iter().chain(more).copied().collect();
        let mut terminal = Terminal::start(&sandbox, &arguments, environment);
        terminal.hears(QUESTION).hears("> ").types("n");
        let said = terminal.ends(1);
        assert!(said.contains("diff --git") && !said.contains(ESCAPE), "{more:?} {environment:?}: {said:?}");
    }
    // An empty NO_COLOR is none.
    let mut terminal = Terminal::start(&sandbox, ADD, &[("NO_COLOR", "")]);
    terminal.hears(QUESTION).hears("> ").types("n");
    assert!(terminal.ends(1).contains(ESCAPE));
    // No terminal.
    let plain = sandbox.paxx(&["infra", "add", "redis", "--dry-run"]).expect(0);
    assert!(!plain.stdout.contains(ESCAPE) && !plain.stderr.contains(ESCAPE));
    let coloured = sandbox.paxx(&["infra", "add", "redis", "--dry-run", "--color", "always"]).expect(0);
    assert!(coloured.stdout.contains(ESCAPE));
    let wanted = output(
        paxx(&sandbox.project, &["infra", "add", "redis", "--dry-run", "--color", "always"]).env("NO_COLOR", "1"),
    )
    .expect(0);
    assert!(wanted.stdout.contains(ESCAPE), "--color always is the user's last word");
    // The same but for the colour.
    assert_eq!(without_colour(&coloured.stdout), plain.stdout);

    sandbox.paxx(&["infra", "add", "redis", "--yes"]).expect(0);
    std::fs::remove_file(sandbox.project.join("app/services/cache.py")).expect("removed");
    let plain = sandbox.paxx(&["check"]).expect(1);
    assert!(!plain.stdout.contains(ESCAPE) && plain.stdout.contains("PX401"));
    let coloured = sandbox.paxx(&["check", "--color", "always"]).expect(1);
    assert!(coloured.stdout.contains(ESCAPE));
    let refused = sandbox.paxx(&["infra", "add", "redis", "--app", "nowhere:app", "--color", "always"]).expect(2);
    assert!(refused.stderr.contains(ESCAPE));
}

fn without_colour(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(ESCAPE) {
        result += before;
        rest = after.split_once('m').map_or("", |(_, rest)| rest);
    }
    result + rest
}

/// Waits until a page is drawn.
const PAGED: &str = "q to go on";

#[test]
fn what_is_longer_than_the_screen_is_paged_before_the_question() {
    for (rows, columns) in [(24, 80), (24, 60), (50, 200)] {
        let (sandbox, by_yes) = (sandbox(), sandbox());
        by_yes.paxx(&["add", "redis", "--yes"]).expect(0);
        let mut terminal = Terminal::sized(&sandbox, ADD, rows, columns);
        terminal.hears(PAGED);
        assert!(terminal.screen().screen().alternate_screen(), "it has a screen of its own");
        let page = terminal.rows();
        // A summary that is longer than the screen is read with the rest of it.
        let first = if rows < 30 { "Application: `app.main:app`" } else { "diff --git a/app/main.py b/app/main.py" };
        assert!(page[0].starts_with(first), "{page:#?}");
        let state = &page[usize::from(rows) - 1];
        assert!(state.starts_with(&format!(" 1-{} of ", rows - 1)) && state.contains("space more"), "{page:#?}");
        // To the new module: what it is, and its functions.
        terminal.presses("G");
        let end = terminal.rows().join("\n");
        assert!(!end.contains("space more"), "{end}");
        for _ in 0..6 {
            if terminal.rows().iter().any(|row| row.contains("new module, folded")) {
                break;
            }
            terminal.presses("p");
        }
        let folded = terminal.rows().join("\n");
        assert!(folded.contains("async cache_get(") && folded.contains("m modules whole"), "{folded}");
        terminal.presses("m");
        let whole = terminal.rows().join("\n");
        assert!(!whole.contains("new module, folded") && whole.contains("m fold modules"), "{whole}");
        terminal.presses("mg jkb");
        assert!(terminal.rows()[0].starts_with(first), "back at the start: {:#?}", terminal.rows());
        // Then the question, with the summary above it on the screen that was there before.
        terminal.presses("q").hears(QUESTION);
        let screen = terminal.screen();
        assert!(!screen.screen().alternate_screen() && !screen.screen().hide_cursor(), "the terminal is as it was");
        let asked = terminal.rows().join("\n");
        assert!(asked.contains("Files") || asked.contains("7 files: 5 to edit, 2 to create"), "{asked}");
        assert!(asked.contains("[y] yes, all") && !asked.contains("diff --git"), "{asked}");
        terminal.types("v").hears(PAGED);
        assert!(!terminal.rows().join("\n").contains("m modules whole"), "all is there at once");
        terminal.presses("q").hears(QUESTION).types("y");
        terminal.ends(0);
        assert_same(&by_yes.tree(), &sandbox.tree(), "as with --yes");
    }
}

#[test]
fn what_fits_is_not_paged_and_nothing_is_where_nobody_wants_it() {
    let sandbox = sandbox();
    let before = sandbox.tree();
    let mut terminal = Terminal::sized(&sandbox, ADD, 500, 120);
    let said = terminal.hears(QUESTION).hears("> ").types("n");
    let _ = said;
    let said = terminal.ends(1);
    assert!(said.contains("diff --git") && !said.contains(PAGED) && !said.contains("\u{1b}[?1049h"), "{said}");
    let mut terminal = Terminal::sized(&sandbox, &["add", "redis", "--no-pager"], 24, 80);
    terminal.hears(QUESTION).hears("> ").types("n");
    let said = terminal.ends(1);
    assert!(said.contains("diff --git a/app/main.py") && !said.contains(PAGED), "{said}");
    assert_same(&before, &sandbox.tree(), "nothing is written");
}

#[test]
fn a_dry_run_on_a_terminal_is_paged_and_asks_nothing() {
    let sandbox = sandbox();
    let mut terminal = Terminal::sized(&sandbox, &["add", "redis", "--dry-run"], 24, 80);
    terminal.hears(PAGED).presses("mGq");
    let said = terminal.ends(0);
    assert!(!said.contains(QUESTION), "{said}");
    // All of it, where it goes to a screen that has room.
    let terminal = Terminal::sized(&sandbox, &["add", "redis", "--dry-run"], 2000, 200);
    let said = terminal.ends(0);
    assert!(said.contains("async def cache_get(") && !said.contains("new module, folded"), "{said}");
}

#[test]
fn a_signal_leaves_the_terminal_as_it_was() {
    let sandbox = sandbox();
    let before = sandbox.tree();
    let mut terminal = Terminal::sized(&sandbox, ADD, 24, 80);
    terminal.hears(PAGED).presses("\u{3}");
    let said = terminal.ends(130);
    assert!(said.contains("\u{1b}[?1049l") && said.contains("\u{1b}[?25h"), "{said:?}");
    let mut terminal = Terminal::sized(&sandbox, ADD, 24, 80);
    terminal.hears(PAGED);
    terminal.session.process_mut().signal(Signal::SIGTERM).expect("sent");
    let said = terminal.ends(143);
    assert!(said.contains("\u{1b}[?1049l") && said.contains("\u{1b}[?25h"), "{said:?}");
    assert_same(&before, &sandbox.tree(), "nothing is written");
}

#[test]
fn a_page_is_not_steered_by_what_it_shows() {
    let sandbox = sandbox();
    let hostile = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}";
    sandbox.write(
        "app/core/config.py",
        sandbox.read("app/core/config.py").replacen("class ", &format!("# {hostile}\nclass "), 1),
    );
    let mut terminal = Terminal::sized(&sandbox, &["add", "redis", "arq"], 24, 80);
    terminal.hears(PAGED);
    let mut seen = String::new();
    for _ in 0..40 {
        let rows = terminal.rows();
        seen += &rows.join("\n");
        if !rows[23].contains("space more") {
            break;
        }
        terminal.presses(" ");
    }
    terminal.presses("q").hears(QUESTION).types("n");
    let said = terminal.ends(1);
    assert!(!said.contains(hostile) && !said.contains("\u{1b}]0;") && !said.contains('\u{202e}'), "{said:?}");
    assert!(seen.contains("diff --git"), "{seen}");
}

/// The screens that `docs/screens.md` shows: `BLESS=1 cargo test --test terminal pictures` takes them anew.
#[test]
fn the_pictures_of_the_docs_are_what_a_terminal_shows() {
    let sandbox = Sandbox::plain(fixture("bootstrapped"));
    let mut pictures = Vec::new();
    let mut take = |name: &'static str, command: &str, terminal: &mut Terminal| {
        pictures.push((name, common::picture::svg(command, terminal.screen().screen())));
    };
    let mut terminal = Terminal::sized(&sandbox, &["add", "redis"], 40, 110);
    terminal.hears(PAGED);
    while !terminal.rows()[0].contains("services/cache.py") && terminal.rows().join("\n").contains("space more") {
        terminal.presses("n");
    }
    take("pager", "paxx add redis", &mut terminal);
    terminal.presses("q").hears(QUESTION);
    take("preview", "paxx add redis", &mut terminal);
    terminal.types("n");
    terminal.ends(1);
    let mut terminal = Terminal::sized(&sandbox, &["add", "redis", "--yes"], 60, 110);
    terminal.hears("Next steps");
    take("after", "paxx add redis --yes", &mut terminal);
    terminal.ends(0);
    let mut terminal = Terminal::sized(&sandbox, &["add"], 24, 110);
    terminal.hears(CHOOSES).presses(DOWN).presses(" ").presses("metr").presses(" ");
    take("choose", "paxx add", &mut terminal);
    terminal.presses("\u{1b}");
    terminal.ends(1);
    let mut terminal = Terminal::sized(&sandbox, &["list"], 30, 110);
    terminal.hears("look first with");
    take("list", "paxx list", &mut terminal);
    terminal.ends(0);
    sandbox.write("main.py", sandbox.read("main.py").replace("await start_redis()", "pass"));
    let mut terminal = Terminal::sized(&sandbox, &["check"], 40, 110);
    terminal.hears("error(s)");
    take("check", "paxx check", &mut terminal);
    terminal.ends(1);
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/screens");
    for (name, picture) in pictures {
        let path = folder.join(format!("{name}.svg"));
        if std::env::var_os("BLESS").is_some() {
            std::fs::create_dir_all(&folder).expect("made");
            std::fs::write(&path, &picture).expect("written");
        }
        let known = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            known == picture,
            "docs/screens/{name}.svg is out of date: `BLESS=1 cargo test --test terminal pictures`"
        );
    }
}

const DOWN: &str = "\u{1b}[B";

const ENTER: &str = "\r";

/// Two applications that nothing decides between.
fn undecided(more: &[(&str, &str)]) -> Sandbox {
    const APP: &str = "from fastapi import FastAPI\n\napp = FastAPI()\n";
    let mut files = vec![("one.py", APP), ("two.py", APP), ("requirements.txt", "fastapi\n")];
    files.extend(more);
    Sandbox::of(&files)
}

/// The wired module of the project.
fn wired(sandbox: &Sandbox) -> &'static str {
    let is_wired = |path: &str| sandbox.read(path).contains("lifespan");
    match (is_wired("one.py"), is_wired("two.py")) {
        (true, false) => "one",
        (false, true) => "two",
        (false, false) => "none",
        (true, true) => "both",
    }
}

#[test]
fn a_question_is_answered_by_arrows_by_typing_and_by_numbers() {
    for (keys, chosen) in [
        // From the last row, which is none of them, down to the first.
        (&[DOWN, ENTER][..], "one"),
        (&[DOWN, DOWN, ENTER], "two"),
        (&["2", ENTER], "two"),
        (&["1", ENTER], "one"),
        (&["TWO", ENTER], "two"),
    ] {
        let sandbox = undecided(&[]);
        let mut terminal = Terminal::start(&sandbox, ADD, &[]);
        terminal.hears("there are 2 FastAPI applications: which one?").hears("Esc cancels");
        for key in keys {
            terminal.presses(key);
        }
        terminal.hears(QUESTION).hears("> ").types("y");
        terminal.ends(0);
        assert_eq!(wired(&sandbox), chosen, "{keys:?}");
        // It is asked once.
        assert!(sandbox.read("paxx.lock").contains(&format!("app = \"{chosen}:app\"")));
        sandbox.paxx(&["add", "metrics", "--yes"]).expect(0);
        sandbox.paxx(&["check"]).expect(0);
    }
}

#[test]
fn nothing_is_chosen_without_evidence() {
    let sandbox = undecided(&[]);
    let before = sandbox.tree();
    for (keys, code) in
        [(&[ENTER][..], 1), (&["\u{1b}"], 1), (&["0", ENTER], 1), (&["\u{3}"], 130), (&["2", "\u{3}"], 130)]
    {
        let mut terminal = Terminal::start(&sandbox, ADD, &[]);
        terminal.hears("which one?").hears("Esc cancels");
        for key in keys {
            terminal.presses(key);
        }
        let said = terminal.ends(code);
        assert!(said.contains("nothing was changed"), "{said}");
        assert_same(&before, &sandbox.tree(), "nothing is written");
    }
    // What speaks for one of them puts it first.
    let compose = "services:\n  one:\n    command: uvicorn one:app\n  two:\n    command: uvicorn two:app\n";
    let sandbox = undecided(&[("compose.yml", compose), ("Makefile", "run:\n\tuvicorn two:app\n")]);
    let mut terminal = Terminal::start(&sandbox, ADD, &[]);
    terminal.hears("which one?").hears("1. two:app").hears("`Makefile`").hears("Esc cancels").presses(ENTER);
    terminal.hears(QUESTION).hears("> ").types("y");
    terminal.ends(0);
    assert_eq!(wired(&sandbox), "two");
}

#[test]
fn a_question_in_a_narrow_window_and_without_colour() {
    let sandbox = undecided(&[]);
    let narrow = format!("stty cols 24 rows 12; exec '{}' add redis --no-pager", common::PAXX);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &narrow]).current_dir(&sandbox.project);
    common::clean(&mut command);
    command.env("NO_COLOR", "1");
    let mut terminal = Terminal::run(command);
    terminal.hears("1. one:app").hears("2. two:app").hears("Esc").presses("2").presses(ENTER);
    terminal.hears(QUESTION).hears("> ").types("n");
    let said = terminal.ends(1);
    for colour in 30..=37 {
        assert!(
            !said.contains(&format!("{ESCAPE}[{colour}m")) && !said.contains(&format!("{ESCAPE}[{}m", colour + 60)),
            "{said:?}"
        );
    }
    // Where nothing can be redrawn, a number is typed.
    let mut terminal = Terminal::start(&sandbox, ADD, &[("TERM", "dumb")]);
    terminal
        .hears("1. one:app")
        .hears("0. none")
        .hears("> ")
        .types("7")
        .hears("one of the numbers")
        .hears("> ")
        .types("1");
    terminal.hears(QUESTION).hears("> ").types("y");
    let said = terminal.ends(0);
    assert!(!said.contains(ESCAPE), "{said:?}");
    assert_eq!(wired(&sandbox), "one");
}

#[test]
fn of_several_projects_below_one_is_chosen() {
    const APP: &str = "from fastapi import FastAPI\n\napp = FastAPI()\n";
    let sandbox = Sandbox::of(&[
        ("a/main.py", APP),
        ("a/requirements.txt", "fastapi\n"),
        ("b/main.py", APP),
        ("b/requirements.txt", "fastapi\n"),
    ]);
    let mut terminal = Terminal::start(&sandbox, ADD, &[]);
    terminal.hears("no FastAPI project at").hears("which one?").hears("Esc cancels").presses("b").presses(ENTER);
    terminal.hears(QUESTION).hears("> ").types("y");
    terminal.ends(0);
    assert!(sandbox.read("b/paxx.lock").contains("redis") && !sandbox.read("a/main.py").contains("lifespan"));
    assert!(!sandbox.read("b/paxx.lock").contains("project ="), "where it is run from is no fact of the project");
}
