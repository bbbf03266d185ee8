//! What the user wants to hear nothing of: comments in every kind of file, the configuration, options; and what then is said.

use serde_json::Value;

use super::common::{Sandbox, fixture};
use super::formats::{assert_valid, faulty, sarif_schema};

const CHECK: &[&str] = &["check", "--format", "concise", "-v"];

fn with(components: &[&str]) -> Sandbox {
    let sandbox = Sandbox::plain(fixture("package-upper"));
    sandbox.paxx(&[&["add"], components, &["--yes"]].concat()).expect(0);
    sandbox
}

/// Takes the lines with `needle` out of a file.
fn delete(sandbox: &Sandbox, path: &str, needle: &str) {
    let text = sandbox.read(path);
    let rest: String = text.split_inclusive('\n').filter(|line| !line.contains(needle)).collect();
    assert_ne!(text, rest, "{path} has {needle}");
    sandbox.write(path, rest);
}

/// Where this code is reported: the file, and its line from 0.
fn place(sandbox: &Sandbox, code: &str) -> (String, usize) {
    let found = sandbox.paxx(CHECK);
    let line = found.stdout.lines().find(|line| line.contains(&format!("[{code}]")));
    let mut parts = line.unwrap_or_else(|| panic!("no {code}:\n{}", found.stdout)).split(':');
    let path = parts.next().expect("a path").to_owned();
    (path, parts.next().expect("a line").parse::<usize>().expect("a number") - 1)
}

/// Writes a comment behind the line of a finding, or alone above it.
fn comment(sandbox: &Sandbox, code: &str, behind: bool) {
    let (path, number) = place(sandbox, code);
    let text = sandbox.read(&path);
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let line = &lines[number];
    if behind {
        lines[number] = format!("{line}  # paxx: ignore[{code}]");
    } else {
        let indentation = &line[..line.len() - line.trim_start().len()];
        lines.insert(number, format!("{indentation}# paxx: ignore[{code}] it is so on purpose"));
    }
    sandbox.write(&path, lines.join("\n"));
}

#[test]
fn a_comment_in_each_kind_of_file() {
    for (path, needle, code, behind) in [
        ("app/main.py", "await start_redis()", "PX503", true),
        ("app/main.py", "await start_redis()", "PX503", false),
        ("app/core/config.py", "REDIS_MAX_CONNECTIONS", "PX101", true),
        ("compose.yml", "REDIS_URL=redis://redis:6379/0", "PX304", true),
        ("compose.yml", "REDIS_URL=redis://redis:6379/0", "PX304", false),
        ("pyproject.toml", "redis[", "PX201", true),
        (".env.example", "REDIS_MAX_CONNECTIONS", "PX601", false),
    ] {
        let sandbox = with(&["redis"]);
        delete(&sandbox, path, needle);
        sandbox.paxx(CHECK).expect(1);
        comment(&sandbox, code, behind);
        let checked = sandbox.paxx(CHECK);
        assert!(!checked.stdout.contains(code), "{path}, behind {behind}:\n{}", checked.stdout);
        // What goes with it is of another code.
        let rest: Vec<&str> = checked.stdout.lines().filter(|line| !line.contains("info[")).collect();
        let also = ["PX407", "PX409"];
        assert!(rest.iter().all(|line| also.iter().any(|code| line.contains(code))), "{path}:\n{}", checked.stdout);
        assert!(checked.stderr.contains("ignored"), "{}", checked.stderr);
        // What is ignored is not mended either.
        let before = sandbox.tree();
        let _ = sandbox.paxx(&["check", "--fix", "--yes"]);
        super::common::assert_same(&before, &sandbox.tree(), "it is left as it is");
    }
}

#[test]
fn for_a_whole_file_for_a_path_and_everywhere() {
    let sandbox = faulty();
    sandbox.paxx(CHECK).expect(1).says(&[]);
    sandbox.write("app/main.py", sandbox.read("app/main.py") + "\n# paxx: ignore-file[PX503]\n");
    let checked = sandbox.paxx(CHECK).expect(1);
    assert!(!checked.stdout.contains("PX503") && checked.stdout.contains("PX102"), "{}", checked.stdout);
    let configuration = "\n[tool.paxx]\nignore = [\"PX102\"]\nper-file-ignores = { \"app\" = [\"PX1\"], \"compose.yml\" = [\"px309\"] }\n";
    sandbox.write("pyproject.toml", sandbox.read("pyproject.toml") + configuration);
    let checked = sandbox.paxx(CHECK).expect(0);
    assert!(!checked.stdout.contains("PX102") && !checked.stdout.contains("PX309"), "{}", checked.stdout);
    let listed = sandbox.paxx(&["list"]).expect(0);
    assert!(!listed.stdout.contains("needs attention"), "{}", listed.stdout);

    for (format, key) in [("json", "findings"), ("sarif", "results")] {
        let report = sandbox.paxx(&["check", "--format", format]).expect(0);
        let report: Value = serde_json::from_str(&report.stdout).expect("JSON");
        let schema =
            if format == "json" { include_str!("../../docs/check.schema.json").to_owned() } else { sarif_schema() };
        assert_valid(&schema, &report);
        let run = if format == "json" { &report } else { &report["runs"][0] };
        let kinds: Vec<(&str, &str)> = run[key]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|result| {
                let code = if format == "json" { &result["code"] } else { &result["ruleId"] };
                Some((code.as_str()?, result["suppressions"].as_array()?.first()?["kind"].as_str()?))
            })
            .collect();
        assert!(kinds.contains(&("PX503", "inSource")) && kinds.contains(&("PX102", "external")), "{kinds:?}");
        assert!(kinds.contains(&("PX309", "external")), "{kinds:?}");
    }
}

#[test]
fn what_ignores_nothing_is_reported() {
    let sandbox = with(&["redis"]);
    let main =
        sandbox.read("app/main.py").replace("await start_redis()", "await start_redis()  # paxx: ignore[PX503,PX77]");
    sandbox.write("app/main.py", main);
    let checked = sandbox.paxx(&["check", "--format", "concise"]).expect(1);
    assert_eq!(checked.stdout.matches("warning[PX011]").count(), 2, "{}", checked.stdout);
    assert!(checked.stdout.contains("`PX77`, which is no code"), "{}", checked.stdout);
    sandbox.paxx(&["check", "--ignore", "PX011"]).expect(0);
    sandbox.paxx(&["check", "redis"]).expect(0);
}

#[test]
fn a_wrong_configuration_is_an_error_at_its_place() {
    for (written, says) in [
        ("ignore = \"PX106\"", "`ignore` of `[tool.paxx]` is no list"),
        ("ignore = [\"PX106\", \"E501\"]", "ignores `E501`, which is no code"),
        ("ignores = [\"PX106\"]", "did you mean `ignore`?"),
        ("per-file-ignores = [\"PX106\"]", "`per-file-ignores` of `[tool.paxx]` is no table"),
        ("per-file-ignores = { app = \"PX106\" }", "`app` of `[tool.paxx]` is no list"),
        ("per-file-ignores = { app = [\"X\"] }", "ignores `X`"),
    ] {
        let sandbox = with(&["redis"]);
        sandbox.write("pyproject.toml", format!("{}\n[tool.paxx]\n{written}\n", sandbox.read("pyproject.toml")));
        let said = sandbox.paxx(&["check"]).expect(2).says(&["PX008", "pyproject.toml:"]);
        let flat = super::common::flat(&said.stderr);
        assert!(flat.contains(says), "{written}: {flat}");
    }
}

#[test]
fn select_ignore_statistics_and_diff() {
    let sandbox = faulty();
    let codes = |arguments: &[&str], code: i32| {
        let checked = sandbox.paxx(&[CHECK, arguments].concat()).expect(code);
        let found = checked.stdout.lines().filter_map(|line| Some(line.split_once("[PX")?.1[..3].to_owned()));
        found.collect::<Vec<_>>()
    };
    let all = codes(&[], 1);
    assert_eq!(codes(&["--select", "PX503"], 1), ["503"]);
    assert_eq!(codes(&["--select", "px503,PX3"], 1).len(), 2);
    assert_eq!(codes(&["--select", "PX601"], 0).len(), 0);
    assert_eq!(
        codes(&["--ignore", "PX1", "--ignore", "PX503"], 1).len(),
        all.iter().filter(|code| !code.starts_with('1') && *code != "503").count()
    );
    sandbox.paxx(&["check", "--select", "PX9"]).expect(2).says(&["there is no finding `PX9`"]);

    let counted = sandbox.paxx(&["check", "--statistics"]).expect(1).stdout;
    assert_eq!(counted.lines().count(), all.iter().collect::<std::collections::BTreeSet<_>>().len(), "{counted}");
    assert!(counted.contains("PX503 [*]") && counted.contains("PX309 [ ]"), "{counted}");

    let before = sandbox.tree();
    let diff = sandbox.paxx(&["check", "--diff"]).expect(1);
    assert_eq!(diff.stdout, sandbox.paxx(&["check", "--fix", "--dry-run"]).expect(0).stdout);
    assert!(diff.stdout.contains("+        await start_redis()"), "{}", diff.stdout);
    super::common::assert_same(&before, &sandbox.tree(), "nothing is written");
    sandbox.paxx(&["check", "--diff", "--select", "PX309"]).expect(1);
    let none = sandbox.paxx(&["check", "--diff", "--ignore", "PX503"]).expect(1);
    assert_eq!(none.stdout, "");
}

#[test]
fn what_can_be_mended_is_marked_and_notes_wait_for_v() {
    let sandbox = faulty();
    let plain = sandbox.paxx(&["check", "--format", "concise"]).expect(1);
    assert!(plain.stdout.contains("error[PX503] [*] "), "{}", plain.stdout);
    assert!(!plain.stdout.contains("info["), "{}", plain.stdout);
    assert!(
        plain.stderr.contains("2 error(s), 1 warning(s), 2 note(s); [*] 1 fixable with `--fix`"),
        "{}",
        plain.stderr
    );
    let full = sandbox.paxx(&["check"]).expect(1);
    assert!(full.stdout.contains("error[PX503] [*]") && !full.stdout.contains("info["), "{}", full.stdout);
    assert_eq!(sandbox.paxx(CHECK).expect(1).stdout.matches("info[").count(), 2);
}

#[test]
fn no_frame_is_longer_than_a_screen() {
    let sandbox = with(&["redis"]);
    // A class with many fields, far from what it lacks.
    let fields: String = (0..80).map(|number| format!("    FIELD_{number}: int = {number}\n")).collect();
    let text =
        sandbox.read("app/core/config.py").replacen("    DATABASE_ECHO", &format!("{fields}    DATABASE_ECHO"), 1);
    sandbox.write("app/core/config.py", text);
    delete(&sandbox, "app/core/config.py", "REDIS_MAX_CONNECTIONS");
    delete(&sandbox, "compose.yml", "REDIS_URL=");
    delete(&sandbox, "app/main.py", "start_redis");
    let shown = sandbox.paxx(&["check"]).expect(1).stdout;
    let mut frames = shown.split("[PX").skip(1);
    assert!(frames.clone().count() >= 3, "{shown}");
    assert!(frames.all(|frame| frame.lines().count() <= 25), "{shown}");
}
