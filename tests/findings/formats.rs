//! The forms of what `check` says: each valid by its schema or grammar, in one order, with the same bytes every time.

use serde_json::Value;

use super::common::{Sandbox, fixture};

/// A project with findings of every severity, one of them in a file whose name and text need escaping.
pub fn faulty() -> Sandbox {
    let sandbox = Sandbox::plain(fixture("package-upper"));
    sandbox.paxx(&["infra", "add", "redis", "metrics", "--yes"]).expect(0);
    for (path, old, new) in [
        ("app/main.py", "        await start_redis()\n", ""),
        ("app/core/config.py", "METRICS_ENABLED: bool = True", "METRICS_ENABLED: str = \"ä,b:c%\""),
        ("compose.yml", "REDIS_URL=redis://redis:6379/0", "REDIS_URL=redis://localhost:6379/0"),
        (".env.example", "REDIS_MAX_CONNECTIONS=50", "REDIS_MAX_CONNECTIONS=20"),
    ] {
        let text = sandbox.read(path);
        assert!(text.contains(old), "{path}: {old}");
        sandbox.write(path, text.replacen(old, new, 1));
    }
    sandbox
}

fn check(sandbox: &Sandbox, format: &str) -> String {
    let first = sandbox.paxx(&["check", "--format", format, "-v"]).expect(1);
    let again = sandbox.paxx(&["check", "--format", format, "-v"]).expect(1);
    assert_eq!(first.stdout, again.stdout, "the same bytes every time");
    first.stdout
}

#[track_caller]
pub fn assert_valid(schema: &str, instance: &Value) {
    let schema: Value = serde_json::from_str(schema).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> =
        validator.iter_errors(instance).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{}\n{instance:#}", errors.join("\n"));
}

#[test]
fn json_is_as_its_schema_says() {
    let sandbox = faulty();
    let report: Value = serde_json::from_str(&check(&sandbox, "json")).expect("JSON");
    let schema = include_str!("../../docs/check.schema.json");
    assert_valid(schema, &report);
    assert_eq!((&report["errors"], &report["warnings"], &report["information"]), (&2.into(), &1.into(), &2.into()));
    let findings = report["findings"].as_array().expect("findings");
    let order: Vec<(&str, u64)> = findings
        .iter()
        .map(|finding| {
            let place = &finding["location"];
            (place["path"].as_str().expect("a path"), place["start"]["byte"].as_u64().expect("an offset"))
        })
        .collect();
    assert!(order.is_sorted(), "{order:?}");
    for (path, byte) in order {
        assert!(usize::try_from(byte).expect("small") <= sandbox.read(path).len());
    }
    assert!(findings.iter().any(|finding| finding["code"] == "PX503" && finding["fixable"] == true));
    let clean = Sandbox::plain(fixture("package-upper"));
    clean.paxx(&["infra", "add", "redis", "--yes"]).expect(0);
    let report = clean.paxx(&["check", "--format", "json"]).expect(0);
    assert_valid(schema, &serde_json::from_str(&report.stdout).expect("JSON"));
}

#[test]
fn a_plan_is_as_its_schema_says() {
    let schema = include_str!("../../docs/plan.schema.json");
    let plan = |sandbox: &Sandbox, arguments: &[&str], code: i32| -> Value {
        let printed = sandbox.paxx(&[arguments, &["--format", "json"]].concat()).expect(code);
        let plan = serde_json::from_str(&printed.stdout).expect("JSON");
        assert_valid(schema, &plan);
        plan
    };
    let sandbox = Sandbox::plain(fixture("package-upper"));
    let added = plan(&sandbox, &["add", "arq", "email", "--set", "email.backend=smtp", "--yes"], 0);
    assert!(
        !added["next_steps"].as_array().expect("a list").is_empty() && added["options"][0]["decided_by"] == "given"
    );
    let again = plan(&sandbox, &["add", "arq", "--dry-run"], 0);
    assert!(again["next_steps"].as_array().expect("a list").is_empty());
    sandbox.write("app/services/email.py", "MINE = 1\n");
    let removed = plan(&sandbox, &["remove", "arq", "email", "--dry-run"], 0);
    assert_eq!(removed["next_steps"].as_array().map(Vec::len), Some(1));
    // A refusal, and a question.
    let app = "from fastapi import FastAPI\n\napp = FastAPI()\n";
    let undecided = Sandbox::of(&[("one.py", app), ("two.py", app), ("requirements.txt", "fastapi\n")]);
    let refused = plan(&undecided, &["add", "redis", "--dry-run"], 2);
    assert_eq!(refused["refusals"][0]["question"]["option"], "app");
    assert!(refused["next_steps"].as_array().expect("a list").is_empty());
}

/// A bracket that is not escaped there is no regular expression of JSON schema.
pub fn sarif_schema() -> String {
    include_str!("sarif-2.1.0.schema.json").replace("{2}]?$", "{2}\\\\]?$")
}

#[test]
fn sarif_is_as_its_schema_says() {
    let sandbox = faulty();
    let report: Value = serde_json::from_str(&check(&sandbox, "sarif")).expect("JSON");
    let schema = &sarif_schema();
    assert_valid(schema, &report);
    let run = &report["runs"][0];
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), 5);
    for result in results {
        let rule = &run["tool"]["driver"]["rules"]
            [usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small")];
        assert_eq!(rule["id"], result["ruleId"]);
        let place = &result["locations"][0]["physicalLocation"];
        let path = place["artifactLocation"]["uri"].as_str().expect("a path");
        assert!(sandbox.project.join(path).exists(), "{path}");
        assert!(place["region"]["startLine"].as_u64() <= place["region"]["endLine"].as_u64());
    }
    let clean = Sandbox::plain(fixture("package-upper"));
    clean.paxx(&["infra", "add", "redis", "--yes"]).expect(0);
    let report = clean.paxx(&["check", "--format", "sarif"]).expect(0);
    assert_valid(schema, &serde_json::from_str(&report.stdout).expect("JSON"));
}

/// What the runner of GitHub Actions makes of a line: the command, its properties and its message.
fn parse_annotation(line: &str) -> (String, Vec<(String, String)>, String) {
    let rest = line.strip_prefix("::").expect("a command");
    let (head, message) = rest.split_once("::").expect("a message");
    let (command, properties) = head.split_once(' ').expect("properties");
    let unescape = |text: &str| {
        text.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",").replace("%25", "%")
    };
    let properties = properties
        .split(',')
        .map(|property| property.split_once('=').expect("a value"))
        .map(|(key, value)| (key.to_owned(), unescape(value)))
        .collect();
    (command.to_owned(), properties, unescape(message))
}

#[test]
fn annotations_are_read_by_github() {
    let sandbox = faulty();
    let lines = check(&sandbox, "github");
    assert_eq!(lines.lines().count(), 5);
    let mut commands = Vec::new();
    for line in lines.lines() {
        let (command, properties, message) = parse_annotation(line);
        let keys: Vec<&str> = properties.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["file", "line", "col", "endLine", "endColumn", "title"]);
        assert!(sandbox.project.join(&properties[0].1).exists(), "{line}");
        for (key, number) in &properties[1..5] {
            assert!(number.parse::<usize>().is_ok_and(|number| number > 0), "{key}: {number}");
        }
        assert!(properties[5].1.starts_with("PX") && !message.is_empty());
        commands.push(command);
    }
    commands.sort();
    assert_eq!(commands, ["error", "error", "notice", "notice", "warning"]);
}

#[test]
fn every_form_tells_the_same() {
    let sandbox = faulty();
    let concise = check(&sandbox, "concise");
    let full = check(&sandbox, "full");
    for code in ["PX102", "PX106", "PX309", "PX503"] {
        for format in ["json", "github", "sarif"] {
            assert!(check(&sandbox, format).contains(code), "{format}: {code}");
        }
        assert!(concise.contains(&format!("[{code}]")) && full.contains(&format!("[{code}]")), "{code}");
    }
}
