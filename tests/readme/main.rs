//! The README and the pages that are made from the code are true: every command runs, every table is what the tool says.
//!
//! `BLESS=1 cargo test --test readme` writes the made pages anew.

mod session;

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use paxx::component::COMPONENTS;
use paxx::finding::RULES;
use tempfile::TempDir;

const PAXX: &str = env!("CARGO_BIN_EXE_paxx");
const STATE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/readme-state");

/// Commands that nothing has to run, because they run this.
const RUN_THIS: &[&str] = &["cargo test", ".ci/run"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Compares a page with what it must be, or writes it.
fn assert_page(path: &str, expected: &str) {
    if std::env::var_os("BLESS").is_some() {
        fs::write(root().join(path), expected).expect("written");
    }
    let is_same = fs::read_to_string(root().join(path)).is_ok_and(|text| text == expected);
    assert!(is_same, "{path} is out of date: run `BLESS=1 cargo test --test readme`");
}

/// A project of its own in a temporary folder: `fixtures/bootstrapped` as `bookshop`.
fn bookshop() -> TempDir {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).expect("a folder");
        for entry in fs::read_dir(from).expect("a folder").flatten() {
            let to = to.join(entry.file_name());
            if entry.path().is_dir() {
                copy(&entry.path(), &to);
            } else {
                fs::copy(entry.path(), &to).expect("copied");
            }
        }
    }
    let folder = TempDir::new().expect("a folder");
    copy(&root().join("fixtures/bootstrapped"), &folder.path().join("bookshop"));
    folder
}

fn paxx(folder: &Path, arguments: &[&str]) -> String {
    let mut output = Command::new(PAXX);
    let output = output.args(arguments).current_dir(folder).env_remove("NO_COLOR").env("XDG_STATE_HOME", STATE);
    let output = output.output().expect("it runs");
    assert!(output.status.success(), "paxx {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The lines of the code blocks of a language.
fn blocks<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let mut lines = Vec::new();
    let mut inside = None;
    for line in text.lines() {
        match (inside, line.strip_prefix("```")) {
            (None, Some(opened)) => inside = Some(opened == language),
            (Some(_), Some(_)) => inside = None,
            (Some(true), None) => lines.push(line),
            _ => {}
        }
    }
    lines
}

#[test]
fn every_command_of_the_readme_runs() {
    let readme = read("README.md");
    let packaging = read("tests/packaging/run");
    let mut commands: Vec<&str> = blocks(&readme, "sh").into_iter().filter(|line| !line.is_empty()).collect();
    for line in blocks(&readme, "yaml") {
        commands.extend(line.split_once("entry: ").or_else(|| line.split_once("- run: ")).map(|(_, command)| command));
    }
    let (folder, tools) = (bookshop(), TempDir::new().expect("a folder"));
    std::os::unix::fs::symlink(PAXX, tools.path().join("paxx")).expect("a link");
    let path = format!("{}:{}", tools.path().display(), std::env::var("PATH").unwrap_or_default());
    let mut run = 0;
    for command in &commands {
        if RUN_THIS.contains(command) || packaging.lines().any(|line| line.trim() == format!("# README: {command}")) {
            continue;
        }
        let (folder, line) = if let Some(arguments) = command.strip_prefix("cargo run --release -- ") {
            (root(), format!("paxx {arguments}"))
        } else if let Some(arguments) = command.strip_prefix("uvx 'paxx>=0.3' ") {
            (folder.path().join("bookshop"), format!("paxx {arguments}"))
        } else {
            assert!(command.starts_with("paxx "), "nothing runs `{command}`");
            (folder.path().join("bookshop"), (*command).to_owned())
        };
        // There is nobody to ask in a test.
        let asks =
            ["paxx add ", "paxx remove ", "paxx check --fix", "paxx undo"].iter().any(|start| line.starts_with(start));
        let answered = line.contains("--yes") || line.contains("--dry-run");
        let line = if asks && !answered { format!("{line} --yes") } else { line };
        let mut output = Command::new("sh");
        let output = output.args(["-c", &line]).current_dir(folder).env("PATH", &path).env("XDG_STATE_HOME", STATE);
        let output = output.output().expect("a shell");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "`{line}` ends with {}\n{said}", output.status);
        run += 1;
    }
    assert!(run >= 12, "only {run} commands were found to run");
}

#[test]
fn the_readme_lists_the_components() {
    let listed: Vec<String> = read("README.md")
        .lines()
        .filter(|line| line.starts_with("| [`") && (line.contains("| infra |") || line.contains("| ext |")))
        .map(str::to_owned)
        .collect();
    let mut expected = Vec::new();
    let nowhere = TempDir::new().expect("a folder");
    for kind in ["infra", "ext"] {
        let list: serde_json::Value =
            serde_json::from_str(&paxx(nowhere.path(), &[kind, "list", "--format", "json"])).expect("JSON");
        for component in list["components"].as_array().expect("a list") {
            let text = |key: &str| component[key].as_str().expect("a string").to_owned();
            let requires: Vec<String> = component["requires"]
                .as_array()
                .expect("a list")
                .iter()
                .map(|name| format!("`{}`", name.as_str().unwrap_or_default()))
                .collect();
            let requires = if requires.is_empty() { String::new() } else { format!("{} ", requires.join(", ")) };
            let name = text("name");
            let link = format!("[`{name}`](docs/components/{name}.md)");
            expected.push(format!("| {link} | {} | {} | {requires}|", text("kind"), text("summary")));
        }
    }
    assert_eq!(listed.len(), COMPONENTS.len());
    assert_eq!(listed, expected);
}

#[test]
fn the_figures_of_the_readme_are_those_of_the_script() {
    let mut script = Command::new(root().join("benches/compare"));
    let printed = script.env("PAXX_BIN", PAXX).output();
    let Ok(printed) = printed.as_ref().map(|output| String::from_utf8_lossy(&output.stdout)) else {
        println!("skipped: there is no Python to count with");
        return;
    };
    let readme = read("README.md");
    let rows: Vec<&str> = printed.lines().skip(2).map(|row| row.trim_end_matches('|')).collect();
    assert!(rows.len() >= 4, "{printed}");
    for row in rows {
        assert!(readme.contains(row), "the README does not say `{row}`: run `benches/compare`");
    }
}

#[test]
fn the_index_of_findings_is_complete() {
    let mut page = "# Findings\n\nWhat `paxx check` reports, and why `add` may refuse; `paxx explain CODE` prints the page. `check` ends with 1 on \
         errors\nand warnings. The first digit is the place: 0 the project, 1 settings, 2 dependencies, 3 compose, 4 modules, 5 wiring, \
         6 env and ignore\nfiles, 7 Alembic, 8 `paxx.lock`. Codes are stable.\n\n| code | severity | means |\n| --- | --- | --- |\n"
        .to_owned();
    for rule in RULES {
        let severity = rule.severity.as_str();
        let _ = writeln!(page, "| [{0}](findings/{0}.md) | {severity} | {1} |", rule.code, rule.summary);
    }
    assert_page("docs/findings.md", &page);
}

#[test]
fn each_component_has_its_page() {
    let nowhere = TempDir::new().expect("a folder");
    let mut names: Vec<String> = Vec::new();
    for component in COMPONENTS {
        let page = paxx(nowhere.path(), &["info", component.id()]);
        assert_eq!(page, paxx(nowhere.path(), &["explain", component.id()]));
        for alias in &component.manifest.aliases {
            assert_eq!(page, paxx(nowhere.path(), &["info", alias]), "{alias}");
        }
        for setting in &component.manifest.setting {
            assert!(page.contains(&format!("`{}`", setting.name)), "{}: {}", component.id(), setting.name);
        }
        assert_page(&format!("docs/components/{}.md", component.id()), &page);
        names.push(format!("{}.md", component.id()));
    }
    for entry in fs::read_dir(root().join("docs/components")).expect("a folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        assert!(names.contains(&name), "docs/components/{name} is of no component");
    }
}

/// The README, and every page below `docs/`.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md")];
    for folder in ["docs", "docs/components", "docs/findings"] {
        let entries = fs::read_dir(root().join(folder)).expect("a folder").flatten();
        pages.extend(entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "md")));
    }
    pages
}

#[test]
fn links_lead_somewhere() {
    for page in pages() {
        let text = fs::read_to_string(&page).expect("text");
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            let is_link = !file.is_empty() && !file.contains("://") && !file.contains([' ', '\n', '"']);
            let exists = page.parent().is_some_and(|folder| folder.join(file).exists());
            assert!(!is_link || exists, "{}: {target} does not exist", page.display());
        }
    }
}

/// What a page says that one types, as far as it is of this tool.
fn typed(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if inside {
            let line = line.trim_start().trim_start_matches("$ ");
            found.extend(line.starts_with("paxx ").then(|| line.to_owned()));
        } else {
            let spans = line.split('`').skip(1).step_by(2);
            found.extend(spans.filter(|span| span.starts_with("paxx ")).map(str::to_owned));
        }
    }
    found
}

#[test]
fn every_command_that_a_page_names_is_one() {
    use clap::Parser as _;
    use clap::error::ErrorKind;
    let mut wrong = Vec::new();
    let mut asked = 0;
    for page in pages() {
        for line in typed(&fs::read_to_string(&page).expect("text")) {
            let end = [" > ", " | ", " 2>", " && ", " || ", "; ", " # ", " ..."]
                .iter()
                .filter_map(|end| line.find(end))
                .min();
            let command = line.get(..end.unwrap_or(line.len())).unwrap_or_default().replace('"', "");
            asked += 1;
            if let Err(error) = paxx::cli::Cli::try_parse_from(command.split_whitespace()) {
                let is_part = matches!(
                    error.kind(),
                    ErrorKind::MissingRequiredArgument
                        | ErrorKind::MissingSubcommand
                        | ErrorKind::DisplayHelp
                        | ErrorKind::DisplayVersion
                        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
                );
                if !is_part {
                    wrong.push(format!("{}: `{line}`: {}", page.display(), error.kind()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(asked > 120, "only {asked} commands were found");
}

#[test]
fn every_page_of_a_component_runs() {
    for component in COMPONENTS {
        let folder = bookshop();
        let project = folder.path().join("bookshop");
        // There is no image of every extension of PostgreSQL on Alpine.
        let compose = project.join("docker-compose.yml");
        let text = fs::read_to_string(&compose).expect("text").replace("-alpine", "");
        fs::write(&compose, text).expect("written");
        let page = read(&format!("docs/components/{}.md", component.id()));
        let commands = blocks(&page, "sh");
        assert!(commands.len() >= 2, "{}", component.id());
        for command in commands {
            let words: Vec<&str> = command.split_whitespace().skip(1).collect();
            let answered = if words.contains(&"--dry-run") { words } else { [&words[..], &["--yes"]].concat() };
            let mut program = Command::new(PAXX);
            let output =
                program.args(&answered).current_dir(&project).env("XDG_STATE_HOME", STATE).output().expect("it runs");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{command}: {said}");
        }
    }
}

#[test]
fn the_release_builds_what_the_readme_promises() {
    let workflow = read(".github/workflows/release.yml");
    for target in [
        "x86_64-unknown-linux-gnu, compatibility: manylinux2014",
        "aarch64-unknown-linux-gnu, compatibility: manylinux2014",
        "x86_64-unknown-linux-musl, compatibility: musllinux_1_2",
        "aarch64-unknown-linux-musl, compatibility: musllinux_1_2",
        "x86_64-apple-darwin",
        "aarch64-apple-darwin",
    ] {
        assert!(workflow.contains(target), "{target}");
    }
    // What is uploaded was tried before.
    let (tried, uploaded) =
        (workflow.matches(".ci/try-wheel dist").count(), workflow.matches("path: dist/*.whl").count());
    assert_eq!((tried, uploaded), (2, 2));
}

#[test]
fn scripts_can_be_executed() {
    for script in ["tests/packaging/run", "benches/figures", "benches/compare", ".ci/try-wheel"] {
        let mode = fs::metadata(root().join(script)).expect("a file").permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{script}");
    }
}

/// The text of every file below a folder that ends in this.
fn texts(folder: &str, ending: &str) -> String {
    let mut waiting = vec![root().join(folder)];
    let mut found = String::new();
    while let Some(folder) = waiting.pop() {
        for path in fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                waiting.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found += &fs::read_to_string(&path).expect("text");
            }
        }
    }
    found
}

#[test]
fn what_is_supported_is_what_the_suites_show() {
    let page = read("docs/support.md");
    let shapes = texts("tests/behaviour/shapes", ".py");
    let tests = texts("src", ".rs") + &texts("tests", ".rs");
    let cases = root().join("tests/cases/add");
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| ---") && !line.starts_with("| there is"))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    assert!(rows.len() > 20, "{rows:?}");
    for row in &rows {
        let [_, what, shown] = row.as_slice() else { panic!("{row:?} has three cells") };
        for item in shown.split("; ") {
            let (kind, name) = item.split_once(' ').expect("what it is, and its name");
            let name = name.trim_matches('`');
            match kind {
                "case" => {
                    let case = cases.join(name);
                    let exit = fs::read_to_string(case.join("exit")).unwrap_or_default();
                    let said = fs::read_to_string(case.join("stderr")).unwrap_or_default();
                    assert!(case.join("command").is_file(), "there is no case {name}");
                    let code = what.split("refused `").nth(1).and_then(|rest| rest.split('`').next());
                    let is_refused = exit.trim() == "2";
                    assert!(!is_refused || what.contains("refused"), "{name} is refused");
                    assert!(!is_refused || code.is_none_or(|code| said.contains(code)), "{name}: {what}");
                }
                "shape" => {
                    // A title may be put together from two parts.
                    let rest = name.split_once(' ').map_or(name, |(_, rest)| rest);
                    let is_there = |title: &str| shapes.contains(&format!("\"{title}\""));
                    assert!(is_there(name) || is_there(rest), "there is no shape {name}");
                }
                "test" => assert!(tests.contains(&format!("fn {name}()")), "there is no test {name}"),
                _ => panic!("{item}"),
            }
        }
    }
    // What is refused in the suite is said.
    for case in fs::read_dir(cases).expect("a folder").flatten() {
        let name = case.file_name().to_string_lossy().into_owned();
        let read = |file: &str| fs::read_to_string(case.path().join(file)).unwrap_or_default();
        if read("exit").trim() == "2" && read("stderr").contains("[PX") {
            assert!(page.contains(&format!("case `{name}`")), "docs/support.md does not speak of {name}");
        }
    }
}

#[test]
fn refusals_are_short_say_where_more_is_and_what_they_say_to_type_is_a_command() {
    let mut seen = 0;
    for case in fs::read_dir(root().join("tests/cases/add")).expect("a folder").flatten() {
        let said = fs::read_to_string(case.path().join("stderr")).unwrap_or_default();
        for refusal in said.split("error[").skip(1) {
            let code = refusal.split(']').next().expect("a code");
            let name = case.file_name();
            assert!(refusal.trim_end().lines().count() <= 25, "{name:?}: {refusal}");
            assert!(refusal.contains(&format!("`paxx explain {code}`")), "{name:?}: {refusal}");
            let quoted = refusal.split('`').skip(1).step_by(2).filter(|code| code.starts_with("paxx "));
            let lines =
                refusal.lines().filter_map(|line| line.strip_prefix("    paxx ")).map(|line| format!("paxx {line}"));
            for command in quoted.map(str::to_owned).chain(lines) {
                let command = command.split("  # ").next().unwrap_or_default().to_owned();
                let parsed = <paxx::cli::Cli as clap::Parser>::try_parse_from(command.split_whitespace());
                assert!(parsed.is_ok(), "{name:?}: {command}");
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "{seen}");
}
