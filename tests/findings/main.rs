//! Every code of the list of findings: a case where it is reported, at the exact place, one where it is not, and its page.
//!
//! The cases are data: `cases.toml` says how they are written. A code without a case fails, and so does a case without a code.

#[path = "../common/mod.rs"]
mod common;
mod edits;
mod formats;
mod ignoring;
mod projects;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;

use common::{Output, Sandbox, fixture, flat};
use paxx::finding::{RULES, Severity};
use toml_edit::{Document, Item, Table, Value};

const CASES: &str = include_str!("cases.toml");

fn texts(item: Option<&Item>) -> Vec<String> {
    let list = item.and_then(Item::as_array).into_iter().flatten();
    list.map(|text| text.as_str().expect("a text").to_owned()).collect()
}

/// One of the two runs of a case: the project after its edits, and what was said.
fn run(case: &Table, edits: &str) -> Result<(Sandbox, Output), String> {
    let name = case.get("project").and_then(Item::as_str).unwrap_or("package-upper");
    let sandbox = if name == "none" { Sandbox::of(&[]) } else { Sandbox::plain(fixture(name)) };
    let components = texts(case.get("add"));
    if !components.is_empty() {
        let mut arguments = vec!["infra", "add", "--yes"];
        arguments.extend(components.iter().map(String::as_str));
        let added = sandbox.paxx(&arguments);
        if added.code != 0 {
            return Err(format!("`add` ends with {}:\n{}", added.code, added.stderr));
        }
    }
    for edit in case.get(edits).and_then(Item::as_array).into_iter().flatten().filter_map(Value::as_inline_table) {
        change(&sandbox, edit)?;
    }
    let command = case.get(&format!("{edits}-run")).or(case.get("run")).map(|run| texts(Some(run)));
    let command = command.unwrap_or_else(|| ["check", "--format", "concise", "-v"].map(str::to_owned).to_vec());
    let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
    let output = sandbox.paxx(&arguments);
    Ok((sandbox, output))
}

fn change(sandbox: &Sandbox, edit: &toml_edit::InlineTable) -> Result<(), String> {
    let text = |key: &str| edit.get(key).and_then(Value::as_str);
    let file = text("file").ok_or("an edit without a file")?;
    let path = sandbox.project.join(file);
    if let Some(text) = text("write") {
        sandbox.write(file, text);
    } else if let Some(text) = text("append") {
        sandbox.write(file, sandbox.read(file) + text);
    } else if let Some(target) = text("link") {
        std::os::unix::fs::symlink(target, path).expect("linked");
    } else if let Some(length) = edit.get("length").and_then(Value::as_integer) {
        let file = fs::File::options().create(true).truncate(false).write(true).open(path).expect("opened");
        file.set_len(u64::try_from(length).expect("a length")).expect("set");
    } else if edit.get("latin-1").is_some() {
        let mut bytes = fs::read(&path).expect("read");
        bytes.extend_from_slice(b"# caf\xe9\n");
        sandbox.write(file, bytes);
    } else if edit.get("delete").is_some() {
        fs::remove_file(path).map_err(|error| format!("{file}: {error}"))?;
    } else if edit.get("read-only").is_some() {
        let mut permissions = fs::metadata(&path).expect("there").permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).expect("set");
    } else {
        let (old, new) = (text("old").ok_or("no `old`")?, text("new").ok_or("no `new`")?);
        let before = sandbox.read(file);
        if !before.contains(old) {
            return Err(format!("{file} has no {old:?}:\n{before}"));
        }
        sandbox.write(file, before.replacen(old, new, 1));
    }
    Ok(())
}

/// `path:line:column` of the text that the case names, in the file as it is after the edits.
fn place(case: &Table, sandbox: &Sandbox) -> Option<String> {
    let file = case.get("at").and_then(Item::as_str)?;
    let Some(on) = case.get("on").and_then(Item::as_str) else { return Some(format!("{file}:1:1")) };
    let text = sandbox.read(file);
    let nth = case.get("nth").and_then(Item::as_integer).map_or(0, |nth| usize::try_from(nth).expect("small"));
    let (offset, _) = text.match_indices(on).nth(nth).unwrap_or_else(|| panic!("{file} has no {on:?}:\n{text}"));
    let offset = if case.get("behind").is_some() { offset + on.len() } else { offset };
    let line = text[..offset].matches('\n').count() + 1;
    let column = text[..offset].rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Some(format!("{file}:{line}:{column}"))
}

fn check(case: &Table) -> Result<(), String> {
    let code = case.get("code").and_then(Item::as_str).ok_or("a case without a code")?;
    let rule = paxx::finding::rule(code).ok_or_else(|| format!("there is no {code}"))?;
    let (sandbox, output) = run(case, "fires").map_err(|error| format!("{code}, fires: {error}"))?;
    let said = format!("{}\n{}", output.stdout, flat(&output.stderr));
    let place = place(case, &sandbox);
    let severity = format!("{}[{code}]", rule.severity.as_str());
    let is_at = |text: &str| place.as_ref().is_none_or(|place| text.contains(&format!("{place}: {severity}")));
    let is_framed = output.stderr.contains(&severity)
        && place
            .as_ref()
            .is_none_or(|place| said.contains(&format!("{place}]")) || said.contains(&format!("at {place}")));
    if !(output.stdout.lines().any(|line| line.contains(&severity) && is_at(line)) || is_framed) {
        return Err(format!("{code} is not reported at {place:?}:\n{said}"));
    }
    let expected = match rule.severity {
        _ if !output.stdout.contains(&severity) => 2,
        Severity::Information => 0,
        Severity::Warning | Severity::Error => 1,
    };
    if output.code != expected {
        return Err(format!("{code}: exit code {}, not {expected}:\n{said}", output.code));
    }
    let (_, output) = run(case, "silent").map_err(|error| format!("{code}, silent: {error}"))?;
    if output.stdout.contains(code) || output.stderr.contains(code) || output.code == -1 {
        return Err(format!("{code} is reported where it should not be:\n{}{}", output.stdout, output.stderr));
    }
    Ok(())
}

#[test]
fn every_code_is_reported_at_its_place_and_nowhere_else() {
    let document = Document::parse(CASES).expect("TOML");
    let cases: Vec<Table> = document["case"].as_array_of_tables().expect("cases").iter().cloned().collect();
    let only = std::env::var("PAXX_CODE").ok();
    let cases: Vec<Table> = cases
        .into_iter()
        .filter(|case| only.as_deref().is_none_or(|only| case.get("code").and_then(Item::as_str) == Some(only)))
        .collect();
    common::for_each(&cases, check);
}

#[test]
fn every_code_has_a_case_and_a_page() {
    let document = Document::parse(CASES).expect("TOML");
    let cases = document["case"].as_array_of_tables().expect("cases");
    let covered: BTreeSet<&str> = cases.iter().filter_map(|case| case.get("code")?.as_str()).collect();
    let mut lacking = String::new();
    let sandbox = Sandbox::of(&[]);
    for rule in RULES {
        if !covered.contains(rule.code) {
            let _ = writeln!(lacking, "{} has no case in tests/findings/cases.toml", rule.code);
        }
        let page = sandbox.paxx(&["explain", &rule.code.to_lowercase()]).expect(0);
        if !page.stdout.starts_with(&format!("# {}: {}\n", rule.code, rule.summary)) || !page.stdout.contains("## ") {
            let _ = writeln!(lacking, "{} has no page", rule.code);
        }
    }
    assert!(lacking.is_empty(), "\n{lacking}");
}
