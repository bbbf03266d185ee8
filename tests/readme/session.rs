//! The pages that are sessions: each command of a page runs, in its order, and what it prints is what the page shows.

use std::path::Path;
use std::process::Command;

use super::{PAXX, STATE, assert_page, blocks, bookshop, read};
use tempfile::TempDir;

/// Is this program there?
fn has(program: &str) -> bool {
    Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output()
        .is_ok_and(|output| output.status.success())
}

/// A shell in which `paxx` is the one that is tested.
struct Shell {
    tools: TempDir,
}

impl Shell {
    fn new() -> Self {
        let tools = TempDir::new().expect("a folder");
        std::os::unix::fs::symlink(PAXX, tools.path().join("paxx")).expect("a link");
        Self { tools }
    }

    /// What a line prints, to either stream, and its exit code.
    fn run(&self, folder: &Path, line: &str) -> (String, Option<i32>) {
        let path = format!("{}:{}", self.tools.path().display(), std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{{ {line}\n}} 2>&1")]).current_dir(folder);
        command.env("PATH", path).env("XDG_STATE_HOME", STATE).env("GIT_CONFIG_GLOBAL", "/dev/null");
        let output = command.stdin(std::process::Stdio::null()).output().expect("a shell");
        (String::from_utf8(output.stdout).expect("UTF-8"), output.status.code())
    }

    fn git(&self, folder: &Path) {
        let commit = "git init -q -b main && git add -A && git -c user.name=a -c user.email=a@b commit -qm first";
        let (said, code) = self.run(folder, commit);
        assert_eq!(code, Some(0), "{said}");
    }
}

#[test]
fn the_first_five_minutes_are_a_real_session() {
    if !has("git") {
        eprintln!("skipped for want of git");
        return;
    }
    let (shell, folder) = (Shell::new(), bookshop());
    let project = folder.path().join("bookshop");
    shell.git(&project);
    let page = "docs/first-five-minutes.md";
    let mut made = String::new();
    let mut inside = false;
    let mut asked = 0;
    for line in read(page).lines() {
        // Four of them: what is printed may have fences of its own.
        if line.starts_with("````") {
            inside = line == "````console";
        }
        let command = line.strip_prefix("$ ").filter(|_| inside);
        // What was printed before is printed anew.
        if !inside || line.starts_with("````") || command.is_some() {
            made += &format!("{line}\n");
        }
        if let Some(command) = command {
            let (said, _) = shell.run(&project, command);
            made += said.trim_start_matches('\n');
            asked += 1;
        }
    }
    assert!(asked >= 14, "only {asked} commands were found");
    assert!(made.contains("all is well"), "{made}");
    assert_page(page, &made);
    let (left, _) = shell.run(&project, "git status --short");
    assert_eq!(left, "", "what the page says at its end");
}

#[test]
fn the_commands_for_many_repositories_run() {
    let (shell, folder) = (Shell::new(), TempDir::new().expect("a folder"));
    if !has("git") {
        eprintln!("skipped for want of git");
        return;
    }
    for number in 0..20 {
        let one = bookshop();
        let clone = folder.path().join(format!("shop-{number:02}"));
        let moved =
            Command::new("cp").arg("-r").arg(one.path().join("bookshop")).arg(&clone).status().expect("it runs");
        assert!(moved.success());
        shell.git(&clone);
        // As a clone has it.
        let (said, code) = shell.run(&clone, "git remote add origin https://example.org/shop.git");
        assert_eq!(code, Some(0), "{said}");
    }
    for line in blocks(&read("docs/fleet.md"), "sh").into_iter().filter(|line| !line.is_empty()) {
        if let Some(missing) = ["parallel", "jq", "mr"]
            .iter()
            .find(|tool| line.split_whitespace().any(|word| word == **tool) && !has(tool))
        {
            eprintln!("skipped for want of {missing}: {line}");
            continue;
        }
        let (said, code) = shell.run(folder.path(), line);
        assert_eq!(code, Some(0), "{line}\n{said}");
    }
    assert!(!folder.path().join("refused.txt").exists());
    let (said, _) = shell.run(folder.path(), "paxx check");
    assert!(said.contains("20 projects: all is well"), "{said}");
    // What was mended by hand elsewhere is done; one that differs is named by its folder.
    let main = folder.path().join("shop-07/main.py");
    let text = std::fs::read_to_string(&main).expect("text");
    std::fs::write(&main, text.replace("app.include_router(metrics_router", "# app.include_router(metrics_router"))
        .expect("written");
    let (said, code) = shell.run(folder.path(), "paxx check --format concise");
    assert_eq!(code, Some(1));
    assert!(said.contains("shop-07: 1 error(s)") && said.contains("20 projects: 1 error(s)"), "{said}");
}

#[test]
fn the_page_for_agents_works_to_the_letter() {
    let (shell, folder) = (Shell::new(), bookshop());
    let project = folder.path().join("bookshop");
    let page = read("docs/agents.md").replace("\n   ", "\n");
    let commands: Vec<&str> = blocks(&page, "sh").into_iter().filter(|line| !line.is_empty()).collect();
    assert!(commands.len() >= 8, "{commands:?}");
    for line in commands {
        let (said, code) = shell.run(&project, line);
        assert_eq!(code, Some(0), "{line}\n{said}");
        if line.contains("--format json") {
            let _: serde_json::Value = serde_json::from_str(
                said.get(said.find("{\n").unwrap_or_default()..said.rfind('}').map_or(0, |end| end + 1))
                    .unwrap_or_default(),
            )
            .unwrap_or_else(|error| panic!("{line}: {error}\n{said}"));
        }
    }
}
