//! `check` as a whole: mending what is safe, several projects at once, and what another tool left.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::common::{Sandbox, assert_same, fixture, fixtures_folder, output, paxx};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("created");
    let status = std::process::Command::new("cp").arg("-r").arg(from.join(".")).arg(to).status();
    assert!(status.is_ok_and(|status| status.success()));
}

pub(super) fn edit(sandbox: &Sandbox, path: &str, old: &str, new: &str) {
    let text = sandbox.read(path);
    assert!(text.contains(old), "{path} has no {old:?}:\n{text}");
    sandbox.write(path, text.replacen(old, new, 1));
}

#[test]
fn what_is_safe_is_mended() {
    let sandbox = Sandbox::plain(fixture("package-upper"));
    sandbox.paxx(&["infra", "add", "redis", "metrics", "--yes"]).expect(0);
    let good = sandbox.tree();
    edit(&sandbox, "app/main.py", "setup_tracing(app)\n", "");
    edit(&sandbox, "app/main.py", "        await start_redis()\n", "");
    edit(&sandbox, ".env.example", "\nCACHE_FAIL_OPEN=false", "");
    fs::remove_file(sandbox.project.join("app/services/cache.py")).expect("removed");
    let broken = sandbox.tree();
    let diff = sandbox.paxx(&["check", "--fix", "--dry-run"]).expect(0);
    assert!(diff.stdout.contains("+setup_tracing(app)"), "{}", diff.stdout);
    sandbox.paxx(&["check", "--fix", "--dry-run", "--exit-code"]).expect(1);
    // Nobody to ask.
    sandbox.paxx(&["check", "--fix"]).expect(2);
    assert_same(&broken, &sandbox.tree(), "nothing was written yet");
    let mended = sandbox.paxx(&["check", "--fix", "--yes"]).expect(0);
    assert_eq!(mended.stdout, "");
    assert_same(&good, &sandbox.tree(), "all is as it was");
    sandbox.paxx(&["check"]).expect(0);
    sandbox.paxx(&["check", "--fix", "--yes"]).expect(0).says(&["nothing"]);
    sandbox.paxx(&["undo", "--yes"]).expect(0);
    assert_same(&broken, &sandbox.tree(), "undo takes the fix back");
}

#[test]
fn what_is_not_safe_is_only_reported() {
    let sandbox = Sandbox::plain(fixture("package-upper"));
    sandbox.paxx(&["infra", "add", "metrics", "--yes"]).expect(0);
    edit(&sandbox, "app/core/config.py", "METRICS_ENABLED: bool = True", "METRICS_ENABLED: str = \"true\"");
    let before = sandbox.tree();
    sandbox.paxx(&["check", "--fix", "--yes"]).expect(1).says(&["PX102"]);
    assert_same(&before, &sandbox.tree(), "the user's line stays");
    edit(&sandbox, "app/main.py", "setup_tracing(app)\n", "");
    sandbox.paxx(&["check", "--fix", "--yes"]).expect(1).says(&["PX102"]);
    assert!(sandbox.read("app/main.py").contains("setup_tracing(app)\n"));
}

#[test]
fn what_is_not_installed_is_not_brought_by_a_fix() {
    let sandbox = Sandbox::plain(fixture("package-upper"));
    let before = sandbox.tree();
    sandbox.paxx(&["check", "redis", "--fix", "--yes"]).expect(1);
    assert_same(&before, &sandbox.tree(), "that is what `add` is for");
}

/// A folder of projects: two good ones, one with a fault, one that is no project of ours.
fn several() -> Sandbox {
    let sandbox = Sandbox::of(&[("README.md", "Services\n")]);
    for name in ["b", "a", "nested/c", "none"] {
        let source = Sandbox::plain(fixture("package-upper"));
        if name != "none" {
            source.paxx(&["infra", "add", "redis", "--yes"]).expect(0);
        }
        copy(&source.project, &sandbox.top.join(name));
    }
    sandbox
}

#[test]
fn all_projects_below_are_checked() {
    let sandbox = several();
    sandbox.paxx(&["check"]).expect(0).says(&["3 projects", "all is well"]);
    edit(&sandbox, "b/app/main.py", "        await start_redis()\n", "");
    edit(&sandbox, "nested/c/.env.example", "CACHE_FAIL_OPEN=false", "");
    let concise = sandbox.paxx(&["check", "--format", "concise"]).expect(1);
    let lines: Vec<&str> = concise.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{}", concise.stdout);
    assert!(lines[0].starts_with("b/app/main.py:") && lines[1].starts_with("nested/c/.env.example:"), "{lines:?}");
    let full = sandbox.paxx(&["check"]).expect(1);
    assert!(full.stdout.contains("in `b`:") && full.stdout.contains("in `nested/c`:"), "{}", full.stdout);
    assert!(!full.stdout.contains("in `a`:"), "{}", full.stdout);
    let report: Value =
        serde_json::from_str(&sandbox.paxx(&["check", "--format", "json"]).expect(1).stdout).expect("JSON");
    let projects = report["projects"].as_array().expect("projects").iter();
    assert_eq!(projects.map(|project| &project["path"]).collect::<Vec<_>>(), ["a", "b", "nested/c"]);
    // From above, by `-C`, and by name: a component that is installed nowhere is missing nowhere.
    let above = sandbox.top.parent().expect("a folder").to_owned();
    output(&mut paxx(&above, &["-C", "repository", "check", "--format", "concise"])).expect(1);
    sandbox.paxx(&["check", "metrics"]).expect(0);
    sandbox.paxx(&["check", "--fix", "--yes"]).expect(0);
    sandbox.paxx(&["check"]).expect(0);
}

#[test]
fn a_project_that_cannot_be_checked_does_not_keep_the_others_from_it() {
    let sandbox = several();
    sandbox.write("a/paxx.lock", "version = \n");
    edit(&sandbox, "b/app/main.py", "        await start_redis()\n", "");
    let concise = sandbox.paxx(&["check", "--format", "concise"]).expect(2);
    assert!(concise.stdout.contains("a/paxx.lock:1:") && concise.stdout.contains("PX503"), "{}", concise.stdout);
}

#[test]
fn where_things_were_found_is_a_hint_and_no_more() {
    let sandbox = Sandbox::plain(fixture("package-upper"));
    sandbox.paxx(&["infra", "add", "redis", "--yes"]).expect(0);
    assert!(sandbox.read("paxx.lock").contains("found = [\"app/main.py:app\", \"app/core/config.py:Settings\"]"));
    // The settings move: they are searched for.
    let text = sandbox.read("app/core/config.py");
    fs::rename(sandbox.project.join("app/core/config.py"), sandbox.project.join("app/core/options.py")).expect("moved");
    for path in ["app/main.py", "app/core/database.py", "app/services/cache.py"] {
        let text = sandbox.read(path);
        sandbox.write(path, text.replace("app.core.config", "app.core.options"));
    }
    assert!(!text.is_empty());
    let checked = sandbox.paxx(&["check", "--format", "concise"]).expect(0);
    assert!(!checked.stdout.contains("error"), "{}", checked.stdout);
    // A lock without the hint is as good.
    let lock = sandbox.read("paxx.lock");
    let without: String = lock.split_inclusive('\n').filter(|line| !line.starts_with("found = ")).collect();
    sandbox.write("paxx.lock", without);
    sandbox.paxx(&["check"]).expect(0);
}

/// What version 0.2.3 of the tool of this name leaves: everything a `str`, nothing wired.
#[test]
fn what_the_older_tool_left_is_named() {
    let sandbox = Sandbox::of(&[]);
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/findings/older-tool"), &sandbox.project);
    let before = sandbox.tree();
    let checked = sandbox.paxx(&["check", "redis", "storage", "metrics", "arq", "--format", "concise"]).expect(1);
    let found = |code: &str, what: &str| {
        let line = checked.stdout.lines().find(|line| line.contains(&format!("[{code}]")) && line.contains(what));
        assert!(line.is_some(), "no [{code}] with `{what}`:\n{}", checked.stdout);
    };
    found("PX102", "metrics_enabled");
    found("PX102", "arq_max_jobs");
    found("PX102", "storage_s3_access_key");
    found("PX101", "redis_max_connections");
    found("PX304", "REDIS_URL");
    found("PX305", "redis");
    found("PX311", "minio/minio");
    found("PX403", "services/cache.py");
    found("PX407", "settings.REDIS_URL");
    found("PX503", "start_redis");
    found("PX505", "MetricsMiddleware");
    found("PX506", "metrics_router");
    found("PX508", "setup_tracing");
    // The files that are there are not overwritten unasked, and everything in the way is said at once.
    let refused = sandbox.paxx(&["infra", "add", "redis", "metrics", "--yes"]).expect(2);
    refused.says(&["PX403", "services/cache.py", "services/metrics.py", "PX102", "metrics_enabled", "--force"]);
    assert_same(&before, &sandbox.tree(), "nothing is written");
    // Once the files may go, the service that is there is used, and what is listed is not listed again.
    sandbox.paxx(&["infra", "add", "redis", "--force", "--yes"]).expect(0);
    sandbox.paxx(&["check"]).expect(0);
    let compose = sandbox.read("docker-compose.yml");
    assert_eq!(compose.matches("image: redis").count(), 1, "{compose}");
    assert_eq!(sandbox.read("pyproject.toml").matches("\"redis").count(), 1);
}

#[test]
fn a_lock_above_the_repository_is_of_something_else() {
    let sandbox = Sandbox::of(&[("paxx.lock", "version = 1\n"), ("repository/.git/HEAD", "")]);
    let repository = sandbox.project.join("repository");
    let project = repository.join("services/a");
    copy(&fixtures_folder().join("package-upper"), &project);
    output(&mut paxx(&project, &["infra", "add", "redis", "--yes"])).expect(0);
    output(&mut paxx(&repository, &["check"])).expect(0).says(&["redis: all is well"]);
}

#[test]
fn a_finding_without_a_place_names_its_project() {
    let sandbox = Sandbox::of(&[]);
    for name in ["a", "b"] {
        let project = sandbox.project.join(name);
        copy(&fixtures_folder().join("package-upper"), &project);
        output(&mut paxx(&project, &["infra", "add", "metrics", "--yes"])).expect(0);
    }
    fs::write(sandbox.project.join("b/app/main.py"), "").expect("written");
    let lock = fs::read_to_string(sandbox.project.join("a/paxx.lock")).expect("read");
    fs::write(sandbox.project.join("a/paxx.lock"), lock.replace("name = \"metrics\"", "name = \"kafka\""))
        .expect("written");
    let checked = sandbox.paxx(&["check", "--format", "concise"]).expect(1).stdout;
    assert!(checked.contains("\nb: error[PX002]"), "{checked}");
    assert!(checked.starts_with("a/paxx.lock:8:1: error[PX802]"), "{checked}");
    let annotated = sandbox.paxx(&["check", "--format", "github"]).expect(1).stdout;
    assert!(annotated.contains("::b: no `FastAPI(...)` call"), "{annotated}");
}
