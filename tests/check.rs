//! What is deleted by hand after `add` is found by `check`: exit 1, one line with the place and what is missing.

mod common;

use common::terminal::Terminal;
use common::{Output, Sandbox, fixture};

/// A project with Redis and metrics, in which one file was changed by hand.
fn after(path: &str, change: impl Fn(&str) -> String) -> (Sandbox, Output) {
    let sandbox = Sandbox::plain(fixture("package-upper"));
    sandbox.paxx(&["infra", "add", "redis", "metrics", "--yes"]).expect(0);
    sandbox.paxx(&["check"]).expect(0);
    let text = sandbox.read(path);
    let changed = change(&text);
    assert_ne!(text, changed, "{path} has what is to be deleted");
    sandbox.write(path, changed);
    let before = sandbox.tree();
    let checked = sandbox.paxx(&["check", "--format", "concise"]).expect(1);
    common::assert_same(&before, &sandbox.tree(), "check changes nothing");
    (sandbox, checked)
}

/// The text without the lines that contain `needle`.
fn without(needle: &str) -> impl Fn(&str) -> String + '_ {
    move |text| text.split_inclusive('\n').filter(|line| !line.contains(needle)).collect()
}

/// Is there a line `path:line:column: severity[code] message` with this path, this code and this text? The place must exist.
#[track_caller]
fn finds((sandbox, checked): &(Sandbox, Output), path: &str, code: &str, what: &str) {
    let found = checked.stdout.lines().find(|line| line.contains(&format!("[{code}]")) && line.contains(what));
    let line = found.unwrap_or_else(|| panic!("no [{code}] with `{what}`:\n{}{}", checked.stdout, checked.stderr));
    let mut parts = line.splitn(4, ':');
    assert_eq!(parts.next(), Some(path), "{line}");
    let mut number =
        || parts.next().and_then(|part| part.parse::<usize>().ok()).unwrap_or_else(|| panic!("no place: {line}"));
    let (row, column) = (number(), number());
    assert!(row >= 1 && column >= 1, "{line}");
    let text = if sandbox.project.join(path).exists() { sandbox.read(path) } else { String::new() };
    let rows: Vec<&str> = text.split('\n').collect();
    assert!(row <= rows.len(), "{line}: the file has {} lines", rows.len());
    assert!(column <= rows[row - 1].chars().count() + 1, "{line}: that line is `{}`", rows[row - 1]);
}

#[test]
fn a_start_call() {
    let result = after("app/main.py", without("await start_redis()"));
    finds(&result, "app/main.py", "PX503", "start_redis");
    // In the lifespan, and not somewhere.
    let line = result
        .1
        .stdout
        .lines()
        .find(|line| line.contains("start_redis"))
        .unwrap()
        .split(':')
        .nth(1)
        .unwrap()
        .to_owned();
    let text = result.0.read("app/main.py");
    let lifespan = text.lines().position(|line| line.contains("async def lifespan")).unwrap() + 1;
    let application = text.lines().position(|line| line.starts_with("app = FastAPI(")).unwrap() + 1;
    assert!((lifespan..application).contains(&line.parse().unwrap()), "line {line} is not in the lifespan:\n{text}");
}

#[test]
fn a_stop_call() {
    let result = after("app/main.py", without("await stop_redis()"));
    finds(&result, "app/main.py", "PX503", "stop_redis");
}

#[test]
fn a_router() {
    let result = after("app/main.py", without("include_router(metrics_router"));
    finds(&result, "app/main.py", "PX506", "metrics_router");
}

#[test]
fn a_middleware() {
    let result = after("app/main.py", without("add_middleware(MetricsMiddleware"));
    finds(&result, "app/main.py", "PX505", "MetricsMiddleware");
}

#[test]
fn a_set_up_call() {
    let result = after("app/main.py", without("setup_tracing(app)"));
    finds(&result, "app/main.py", "PX508", "setup_tracing");
}

#[test]
fn an_import() {
    let result = after("app/main.py", without("import check_redis, start_redis"));
    assert!(result.1.stdout.contains("app/main.py:"), "{}", result.1.stdout);
    assert!(result.1.stdout.contains("start_redis"), "{}", result.1.stdout);
}

#[test]
fn a_setting() {
    let result = after("app/core/config.py", without("REDIS_MAX_CONNECTIONS"));
    finds(&result, "app/core/config.py", "PX101", "REDIS_MAX_CONNECTIONS");
}

#[test]
fn a_dependency() {
    let result = after("pyproject.toml", without("redis["));
    finds(&result, "pyproject.toml", "PX201", "redis");
}

#[test]
fn a_compose_service() {
    let result = after("compose.yml", |text| {
        let start = text.find("\n  redis:\n").expect("the service") + 1;
        let end = start + 1 + text[start + 1..].find("\n\n").expect("its end");
        format!("{}{}", &text[..start], &text[end + 2..])
    });
    finds(&result, "compose.yml", "PX301", "redis");
}

#[test]
fn a_variable_of_the_application_in_compose() {
    let result = after("compose.yml", without("REDIS_URL=redis://redis:6379/0"));
    finds(&result, "compose.yml", "PX304", "REDIS_URL");
}

#[test]
fn a_variable_of_the_env_example() {
    let result = after(".env.example", without("REDIS_URL="));
    finds(&result, ".env.example", "PX601", "REDIS_URL");
}

#[test]
fn a_module() {
    let sandbox = Sandbox::plain(fixture("package-upper"));
    sandbox.paxx(&["infra", "add", "redis", "--yes"]).expect(0);
    std::fs::remove_file(sandbox.project.join("app/services/cache.py")).expect("removed");
    let checked = sandbox.paxx(&["check", "--format", "concise"]).expect(1);
    finds(&(sandbox, checked), "app/services/cache.py", "PX401", "cache.py");
}

#[test]
fn all_that_is_missing_at_once() {
    let sandbox = Sandbox::plain(fixture("package-upper"));
    sandbox.paxx(&["infra", "add", "redis", "metrics", "--yes"]).expect(0);
    for (path, needle) in [
        ("app/main.py", "await start_redis()"),
        ("app/main.py", "include_router(metrics_router"),
        ("app/core/config.py", "METRICS_ENABLED"),
        ("pyproject.toml", "prometheus-client"),
    ] {
        sandbox.write(path, without(needle)(&sandbox.read(path)));
    }
    let checked = sandbox.paxx(&["check", "--format", "concise"]).expect(1);
    for code in ["PX503", "PX506", "PX101", "PX201"] {
        assert!(checked.stdout.contains(code), "{code}\n{}", checked.stdout);
    }
    // Only what belongs to the component that is named.
    let one = sandbox.paxx(&["check", "redis", "--format", "concise"]).expect(1);
    assert!(one.stdout.contains("PX503") && !one.stdout.contains("PX506"), "{}", one.stdout);
    // From another folder the paths lead there.
    let below =
        common::output(&mut common::paxx(&sandbox.project.join("app"), &["check", "--format", "concise"])).expect(1);
    assert!(below.stdout.lines().any(|line| line.starts_with("main.py:")), "{}", below.stdout);
    assert!(below.stdout.lines().any(|line| line.starts_with("../pyproject.toml:")), "{}", below.stdout);
    // What is missing can be brought again, and then all is well.
    sandbox.paxx(&["infra", "add", "redis", "metrics", "--yes"]).expect(0);
    sandbox.paxx(&["check"]).expect(0);
}

#[test]
fn equal_findings_are_shown_once_with_all_their_places() {
    let folder = Sandbox::of(&[("README.md", "x\n")]);
    let shops = ["shop-a", "shop-b", "shop-c"];
    for shop in shops {
        let one = Sandbox::plain(fixture("package-upper"));
        one.paxx(&["add", "redis", "--yes"]).expect(0);
        for path in [
            "app/main.py",
            "app/core/config.py",
            "app/__init__.py",
            "app/services/cache.py",
            "pyproject.toml",
            "paxx.lock",
        ] {
            if one.project.join(path).is_file() {
                folder.write(&format!("{shop}/{path}"), one.read(path).replace("await start_redis()", "pass"));
            }
        }
    }
    let checked = folder.paxx(&["check", "--select", "PX5"]).expect(1);
    let output = &checked.stdout;
    let code = output.split('[').nth(1).and_then(|rest| rest.split(']').next()).unwrap_or_default();
    assert_eq!(output.matches(&format!("[{code}]")).count(), 1, "one frame\n{output}");
    assert!(output.contains("the same 2 times more: shop-b/") && output.contains(", shop-c/"), "{output}");
    // A line for each project, and one for all.
    for shop in shops {
        assert!(
            checked.stderr.lines().any(|line| line.starts_with(&format!("{shop}: 1 error(s)"))),
            "{}",
            checked.stderr
        );
    }
    assert!(checked.stderr.contains("3 projects: 3 error(s)"), "{}", checked.stderr);
    // Programs see each.
    let concise = folder.paxx(&["check", "--select", "PX5", "--format", "concise"]).expect(1);
    assert_eq!(concise.stdout.lines().count(), 3, "{}", concise.stdout);
}

#[test]
fn with_watch_it_is_checked_again_with_each_change() {
    let sandbox = Sandbox::plain(fixture("package-upper"));
    sandbox.paxx(&["add", "redis", "--yes"]).expect(0);
    let main = sandbox.read("app/main.py");
    let mut terminal = Terminal::start(&sandbox, &["check", "--watch", "--format", "concise"], &[("NO_COLOR", "1")]);
    terminal.hears("redis: all is well").hears("watching");
    sandbox.write("app/main.py", main.replace("await start_redis()", "pass"));
    terminal.hears("app/main.py:").hears("1 error(s)").hears("watching");
    // What is half written is no reason to end.
    sandbox.write("app/main.py", "def (\n");
    terminal.hears("error").hears("watching");
    sandbox.write("app/main.py", &main);
    terminal.hears("redis: all is well").hears("watching");
    terminal.session.send_control('c').expect("sent");
    terminal.ends(130);
    sandbox.paxx(&["check", "--watch", "--fix"]).expect(2);
}

#[test]
fn remove_keeps_a_module_that_was_edited_into_what_would_be_written_now() {
    let sandbox = Sandbox::plain(fixture("package-upper"));
    sandbox.paxx(&["infra", "add", "redis", "--yes"]).expect(0);
    let settings = sandbox.read("app/core/config.py");
    let getter = settings.replace("settings = Settings()", "def get_settings() -> Settings:\n    return Settings()");
    assert_ne!(settings, getter);
    sandbox.write("app/core/config.py", getter);
    for path in ["app/main.py", "app/services/cache.py"] {
        let text = sandbox.read(path).replace("import settings", "import get_settings");
        sandbox.write(path, text.replace("settings.", "get_settings()."));
    }
    let edited = sandbox.read("app/services/cache.py");
    let removed = sandbox.paxx(&["remove", "redis", "--yes"]).expect(0);
    assert_eq!(sandbox.read("app/services/cache.py"), edited);
    assert!(format!("{}{}", removed.stdout, removed.stderr).contains("was changed since it was written"));
}
