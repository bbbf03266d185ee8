//! What is said after components were added: one list of steps, and what was left to the user, only where it is true.

mod common;

use common::{Sandbox, fixture};

/// What `add` says behind its counts.
fn said(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let ran = sandbox.paxx(&[&["add"], arguments, &["--yes"]].concat()).expect(0);
    let (_, next) = ran.stderr.split_once("\nNext steps for ").unwrap_or_else(|| panic!("{}", ran.stderr));
    next.to_owned()
}

fn package() -> Sandbox {
    Sandbox::plain(fixture("package-upper"))
}

#[test]
fn one_list_for_all_components() {
    let next = said(&package(), &["arq", "metrics"]);
    assert!(next.starts_with("redis, arq, metrics\n1. Install the dependencies: uv sync\n"), "{next}");
    assert_eq!(next.matches("uv sync").count(), 1, "{next}");
    assert_eq!(next.matches("up -d").count(), 1, "{next}");
    let numbers: Vec<usize> = next
        .lines()
        .take_while(|line| !line.starts_with("Not done"))
        .filter_map(|line| line.split_once(". ")?.0.parse().ok())
        .collect();
    assert_eq!(numbers, (1..=numbers.len()).collect::<Vec<_>>(), "{next}");
    for component in ["redis: ", "arq: ", "metrics: "] {
        assert!(next.contains(&format!(". {component}")), "{next}");
    }
    // What is there already needs no step.
    let sandbox = package();
    sandbox.paxx(&["add", "redis", "--yes"]).expect(0);
    let next = said(&sandbox, &["arq"]);
    assert!(next.starts_with("arq\n") && !next.contains("cache_get"), "{next}");
    let again = sandbox.paxx(&["add", "arq", "--yes"]).expect(0);
    assert!(!again.stderr.contains("Next steps"), "{}", again.stderr);
}

#[test]
fn the_plan_of_programs_has_the_same_steps() {
    let sandbox = package();
    let plan = |arguments: &[&str]| -> serde_json::Value {
        let ran = sandbox.paxx(&[arguments, &["--format", "json"]].concat());
        serde_json::from_str(&ran.expect(0).stdout).expect("JSON")
    };
    let texts = |plan: &serde_json::Value, key: &str| -> Vec<String> {
        plan[key].as_array().expect("a list").iter().map(|text| text.as_str().expect("text").to_owned()).collect()
    };
    let planned = plan(&["add", "arq", "metrics", "--dry-run"]);
    let (steps, left) = (texts(&planned, "next_steps"), texts(&planned, "not_done"));
    assert_eq!(steps.first().map(String::as_str), Some("Install the dependencies: uv sync"), "{steps:?}");
    let next = said(&sandbox, &["arq", "metrics"]);
    for (number, step) in steps.iter().enumerate() {
        assert!(next.contains(&format!("\n{}. {step}\n", number + 1)), "{step}\nis not in\n{next}");
    }
    assert!(!next.contains(&format!("\n{}. ", steps.len() + 1)), "{next}");
    assert!(!left.is_empty() && left.iter().all(|line| next.contains(&format!("\n- {line}\n"))), "{left:?}\n{next}");
    // Where nothing changes, nothing is next.
    let again = plan(&["add", "arq", "--dry-run"]);
    assert_eq!((texts(&again, "next_steps").len(), texts(&again, "not_done").len()), (0, 0));
    let removed = plan(&["remove", "arq", "--dry-run"]);
    assert_eq!(texts(&removed, "next_steps"), ["Install what is left of the dependencies: uv sync"]);
}

#[test]
fn a_project_without_compose_is_told_so_once() {
    let sandbox = Sandbox::of(&[
        ("main.py", "from fastapi import FastAPI\n\napp = FastAPI()\n"),
        ("requirements.txt", "fastapi\n"),
    ]);
    let components = ["add", "metrics", "arq", "storage"];
    let ran = sandbox.paxx(&[&components[..], &["--dry-run"]].concat()).expect(0);
    let of_compose: Vec<&str> =
        ran.stderr.lines().filter(|line| line.starts_with("Compose") || line.contains("no compose")).collect();
    assert_eq!(of_compose.len(), 1, "{of_compose:#?}");
    assert!(of_compose[0].starts_with("Compose: none"), "{of_compose:?}");
    assert_eq!(ran.stderr.matches("no `.env.example`").count(), 1, "{}", ran.stderr);
    // What there is to start is said to who asks.
    let ran = sandbox.paxx(&[&components[..], &["--dry-run", "-v"]].concat()).expect(0);
    assert!(ran.stderr.contains("no compose file: start `redis` yourself"), "{}", ran.stderr);
    // Of a component that needs nothing beside the application, nothing is said.
    let ran = sandbox.paxx(&["add", "graphql", "--dry-run"]).expect(0);
    assert!(!ran.stderr.to_lowercase().contains("compose"), "{}", ran.stderr);
}

#[test]
fn the_port_is_the_projects() {
    let sandbox = package();
    sandbox.write("Makefile", "run:\n\tuvicorn app.main:app --reload --port 9123\n");
    let next = said(&sandbox, &["metrics", "--compose", "none"]);
    assert!(next.contains("http://localhost:9123/metrics"), "{next}");
}

#[test]
fn nothing_is_left_where_nothing_is() {
    let next = said(&package(), &["redis"]);
    assert!(!next.contains("left to you"), "{next}");
    // A pipeline that names nothing of the application.
    let sandbox = package();
    sandbox.write(".github/workflows/ci.yml", "on: push\njobs: {}\n");
    sandbox.write("Dockerfile", "FROM python:3.13\nCOPY . .\nCMD [\"uvicorn\", \"app.main:app\"]\n");
    assert!(!said(&sandbox, &["redis"]).contains("left to you"));
}

#[test]
fn what_was_not_done_is_said() {
    let sandbox = package();
    let example = sandbox.read(".env.example");
    let neighbour = example
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name.trim())
        .find(|name| name.contains('_') && name.len() >= 6)
        .unwrap_or_else(|| panic!("no variable in {example}"))
        .to_owned();
    sandbox.write("uv.lock", "version = 1\n");
    sandbox.write("requirements.txt", "fastapi==0.115.0\n");
    sandbox.write(
        "Dockerfile",
        "FROM python:3.13\nCOPY pyproject.toml ./\nCOPY app/main.py app/main.py\nCMD [\"uvicorn\", \"app.main:app\"]\n",
    );
    let deployments =
        [".github/workflows/deploy.yml", "deploy/values.yaml", "infra/main.tf", "fly.toml", "render.yaml"];
    for path in deployments {
        sandbox.write(path, format!("# one\nkey: {neighbour}\n"));
    }
    sandbox.write("charts/done.yaml", format!("{neighbour}: x\nREDIS_URL: y\n"));
    sandbox.write("charts/other.yaml", format!("MY_{neighbour}_TOO: x\n"));
    let next = said(&sandbox, &["redis"]);
    let (_, left) = next.split_once("Not done, and left to you:\n").expect("something is left");
    let wanted = [
        "`uv.lock` is stale until step 1 (or `uv lock`) has run",
        "`requirements.txt` lists dependencies too: add `redis",
        "Dockerfile:3 copies the application without `app/services/`",
    ];
    for text in wanted {
        assert!(left.contains(text), "{text}\n{left}");
    }
    for path in deployments {
        let line = format!("{path}:2 names `{neighbour}`: see whether it must name `REDIS_URL` too");
        assert!(left.contains(&line), "{line}\n{left}");
    }
    assert!(!left.contains("charts/"), "{left}");
    for line in left.lines().filter(|line| !line.is_empty()) {
        assert!(line.starts_with("- "), "a line each: {line}");
    }
}

#[test]
fn a_metrics_route_that_is_open_is_said() {
    let next = said(&package(), &["metrics"]);
    assert!(next.contains("- /metrics is open to whoever reaches the application: set METRICS_TOKEN"), "{next}");
}

#[test]
fn a_middleware_that_may_refuse_is_named() {
    let sandbox = package();
    let main = std::fs::read_to_string(sandbox.project.join("app/main.py")).unwrap();
    let gate = "\n\n@app.middleware(\"http\")\nasync def only_with_a_key(request, call_next):\n    if request.headers.get(\"x-api-key\") != \"k\":\n        \
                return JSONResponse({}, status_code=401)\n    return await call_next(request)\n\n\n\
                @app.middleware(\"http\")\nasync def timed(request, call_next):\n    return await call_next(request)\n";
    sandbox.write("app/main.py", format!("{main}{gate}"));
    let next = said(&sandbox, &["metrics"]);
    assert!(next.contains("`/metrics`: requests come by `only_with_a_key`, which may refuse"), "{next}");
    assert!(!next.contains("timed"), "{next}");
    assert!(!said(&package(), &["metrics"]).contains("requests come by"));
}
