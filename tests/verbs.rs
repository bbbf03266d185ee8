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
