//! What people do to a project after `add`: what goes on working is no finding, and what is broken by it is named.

use std::fs;
use std::path::Path;

use super::common::{Sandbox, assert_same, fixture};
use super::projects::edit;

const MAIN: &str = "app/main.py";
const CONFIG: &str = "app/core/config.py";

fn with(components: &[&str]) -> Sandbox {
    let sandbox = Sandbox::plain(fixture("package-upper"));
    sandbox.paxx(&[&["infra", "add"], components, &["--yes"]].concat()).expect(0);
    sandbox
}

/// Nothing is reported, nothing is mended, and nothing is added again.
#[track_caller]
fn stays_silent(sandbox: &Sandbox, components: &[&str]) {
    let output = sandbox.paxx(&["check", "--format", "concise", "-v"]).expect(0);
    assert_eq!(output.stdout, "");
    let mut before = sandbox.tree();
    sandbox.paxx(&["check", "--fix", "--yes"]).expect(0);
    sandbox.paxx(&[&["infra", "add"], components, &["--yes"]].concat()).expect(0);
    let mut after = sandbox.tree();
    // What was found where is noted anew.
    for tree in [&mut before, &mut after] {
        tree.remove(Path::new("paxx.lock"));
    }
    assert_same(&before, &after, "it is wired already");
}

#[track_caller]
fn finds(sandbox: &Sandbox, texts: &[&str]) {
    let found = sandbox.paxx(&["check", "--format", "concise"]).expect(1).stdout;
    for text in texts {
        assert!(found.contains(text), "`{text}` is not found:\n{found}");
    }
}

#[test]
fn a_router_in_a_router_of_another_module() {
    let sandbox = with(&["metrics"]);
    sandbox.write(
        "app/api/router.py",
        "from fastapi import APIRouter\n\nfrom app.services.metrics import metrics_router\n\n\
         api_router = APIRouter()\napi_router.include_router(metrics_router)\n",
    );
    edit(
        &sandbox,
        MAIN,
        "MetricsMiddleware, metrics_router\n",
        "MetricsMiddleware\nfrom app.api.router import api_router\n",
    );
    edit(&sandbox, MAIN, "include_router(metrics_router)", "include_router(api_router)");
    stays_silent(&sandbox, &["metrics"]);
    sandbox.paxx(&["infra", "remove", "metrics", "--dry-run"]).expect(2).says(&["PX408", "app/api/router.py:3"]);
}

#[test]
fn what_wires_the_application_in_another_module() {
    let sandbox = with(&["metrics"]);
    sandbox.write(
        "app/wiring.py",
        "from fastapi import FastAPI\n\nfrom .services import metrics\nfrom .services.tracing import setup_tracing as trace\n\n\n\
         def wire(app: FastAPI) -> None:\n    app.add_middleware(metrics.MetricsMiddleware)\n    \
         app.include_router(metrics.metrics_router)\n    trace(app)\n",
    );
    edit(
        &sandbox,
        MAIN,
        "from app.services.metrics import MetricsMiddleware, metrics_router\n",
        "from app.wiring import wire\n",
    );
    edit(&sandbox, MAIN, "import setup_tracing, stop_tracing", "import stop_tracing");
    edit(&sandbox, MAIN, "app.add_middleware(MetricsMiddleware)\n", "");
    edit(&sandbox, MAIN, "app.include_router(metrics_router)\nsetup_tracing(app)\n", "wire(app)\n");
    stays_silent(&sandbox, &["metrics"]);
    // A module that the application does not import wires nothing.
    edit(&sandbox, MAIN, "from app.wiring import wire\n", "");
    edit(&sandbox, MAIN, "wire(app)\n", "");
    finds(&sandbox, &["PX505", "PX506", "PX508"]);
}

#[test]
fn a_list_of_middleware_and_a_loop_of_routers() {
    let sandbox = with(&["metrics"]);
    edit(&sandbox, MAIN, "app.add_middleware(MetricsMiddleware)\n", "");
    edit(
        &sandbox,
        MAIN,
        "    lifespan=lifespan,\n",
        "    lifespan=lifespan,\n    middleware=[Middleware(MetricsMiddleware)],\n",
    );
    edit(
        &sandbox,
        MAIN,
        "app.include_router(metrics_router)\n",
        "for router in (metrics_router,):\n    app.include_router(router)\n",
    );
    stays_silent(&sandbox, &["metrics"]);
}

#[test]
fn starts_in_a_helper() {
    let sandbox = with(&["redis"]);
    edit(
        &sandbox,
        MAIN,
        "@asynccontextmanager",
        "async def start_all() -> None:\n    await start_redis()\n\n\n@asynccontextmanager",
    );
    edit(&sandbox, MAIN, "        await start_redis()\n", "        await start_all()\n");
    stays_silent(&sandbox, &["redis"]);
    // Nobody calls the helper any more.
    edit(&sandbox, MAIN, "        await start_all()\n", "");
    finds(&sandbox, &["PX503", "start_redis"]);
}

#[test]
fn an_import_beside_its_use_and_a_re_export() {
    let sandbox = with(&["redis"]);
    edit(
        &sandbox,
        MAIN,
        "from app.services.cache import check_redis, start_redis, stop_redis\n",
        "from app.services.cache import check_redis\n",
    );
    edit(
        &sandbox,
        MAIN,
        "        await start_redis()\n",
        "        from app.services.cache import start_redis, stop_redis\n\n        await start_redis()\n",
    );
    stays_silent(&sandbox, &["redis"]);
    edit(&sandbox, MAIN, "        from app.services.cache import start_redis, stop_redis\n\n", "");
    edit(&sandbox, MAIN, "from app.api", "from app.services import start_redis, stop_redis\nfrom app.api");
    sandbox.write("app/services/__init__.py", "from app.services.cache import start_redis, stop_redis\n");
    stays_silent(&sandbox, &["redis"]);
}

#[test]
fn settings_in_mixins() {
    let fields = "    CACHE_KEY_PREFIX: str = \"\"\n    CACHE_FAIL_OPEN: bool = False\n";
    for base in ["BaseSettings", "BaseModel", "object"] {
        let sandbox = with(&["redis"]);
        edit(&sandbox, CONFIG, fields, "");
        sandbox.write(
            "app/core/zz_mixins.py",
            format!("from pydantic import BaseModel\nfrom pydantic_settings import BaseSettings\n\n\nclass Cache({base}):\n{fields}"),
        );
        edit(&sandbox, CONFIG, "from pydantic_settings", "from app.core import zz_mixins\nfrom pydantic_settings");
        edit(&sandbox, CONFIG, "class Settings(BaseSettings)", "class Settings(zz_mixins.Cache, BaseSettings)");
        stays_silent(&sandbox, &["redis"]);
    }
}

#[test]
fn compose_in_several_files() {
    let sandbox = with(&["redis"]);
    let text = sandbox.read("compose.yml");
    let start = text.find("  redis:\n").expect("the service");
    let end = text.find("volumes:\n  parcels").expect("the volumes");
    let (service, rest) = (&text[start..end], format!("{}{}", &text[..start], &text[end..]));
    // An override has the service, and what the application needs of it.
    let bare = rest.replace("      - REDIS_URL=redis://redis:6379/0\n", "").replace("      - redis\n", "");
    let own = "  api:\n    environment:\n      REDIS_URL: redis://redis:6379/0\n    depends_on: [redis]\n";
    sandbox.write("compose.yml", &bare);
    sandbox.write("compose.override.yml", format!("services:\n{own}{service}"));
    stays_silent(&sandbox, &["redis"]);
    fs::remove_file(sandbox.project.join("compose.override.yml")).expect("removed");
    finds(&sandbox, &["PX301", "PX304"]);
    // Another file is included.
    sandbox.write("compose.yml", format!("include:\n  - path: deploy/infra.yml\n{rest}"));
    sandbox.write("deploy/infra.yml", format!("services:\n{service}"));
    stays_silent(&sandbox, &["redis"]);
    // Another file is extended.
    sandbox.write(
        "compose.yml",
        rest.replace(
            "volumes:\n  parcels",
            "  redis:\n    extends:\n      file: infra.yml\n      service: redis\n\nvolumes:\n  parcels",
        ),
    );
    stays_silent(&sandbox, &["redis"]);
}

#[test]
fn a_call_that_is_put_back_stands_where_it_works() {
    let sandbox = with(&["arq"]);
    let good = sandbox.tree();
    edit(&sandbox, MAIN, "        await start_redis()\n", "");
    edit(&sandbox, MAIN, "        await stop_redis()\n", "");
    sandbox.paxx(&["check", "--fix", "--yes"]).expect(0);
    assert_same(&good, &sandbox.tree(), "before what requires it, and after it");
    edit(&sandbox, MAIN, "await start_redis()", "start_redis()");
    finds(&sandbox, &["PX503", "without `await`"]);
}

#[test]
fn a_lifespan_that_is_not_given_to_the_application() {
    let sandbox = with(&["redis"]);
    edit(&sandbox, MAIN, "    lifespan=lifespan,\n", "");
    finds(&sandbox, &["PX503", "start_redis", "stop_redis"]);
}

#[test]
fn without_the_application_or_the_settings_nothing_is_written() {
    for (file, bytes) in [(MAIN, &b"# caf\xe9\n"[..]), (MAIN, b""), (CONFIG, b"# none\n")] {
        let sandbox = with(&["redis", "metrics"]);
        sandbox.write(file, bytes);
        let before = sandbox.tree();
        let checked = sandbox.paxx(&["check", "--format", "concise"]).expect(1);
        assert_eq!(checked.stdout.lines().count(), 1, "{}", checked.stdout);
        sandbox.paxx(&["check", "--fix", "--yes"]).expect(1);
        assert_same(&before, &sandbox.tree(), "where the modules are is not known");
        // It says the same again.
        assert_eq!(sandbox.paxx(&["check", "--format", "concise"]).expect(1).stdout, checked.stdout);
    }
}

#[test]
fn a_module_that_cannot_be_imported() {
    let sandbox = with(&["redis"]);
    sandbox.write("app/services/cache.py", "from redis.asyncio import Redis\n");
    finds(&sandbox, &["PX403", "`start_redis`", "`stop_redis`"]);
    sandbox.write("app/services/cache.py", b"# caf\xe9\n");
    finds(&sandbox, &["app/services/cache.py:1:1: error[PX004]"]);
}

#[test]
fn a_lock_that_is_there_and_cannot_be_read() {
    let sandbox = with(&["redis"]);
    let lock = sandbox.project.join("paxx.lock");
    fs::remove_file(&lock).expect("removed");
    std::os::unix::fs::symlink("/nonexistent/paxx.lock", &lock).expect("linked");
    let checked = sandbox.paxx(&["check", "--format", "concise"]).expect(2);
    assert!(format!("{}{}", checked.stdout, checked.stderr).contains("PX801"), "{}", checked.stderr);
    fs::remove_file(&lock).expect("removed");
    fs::create_dir(&lock).expect("made");
    let checked = sandbox.paxx(&["check", "--format", "concise"]).expect(2);
    assert!(format!("{}{}", checked.stdout, checked.stderr).contains("PX801"), "{}", checked.stderr);
}

#[test]
fn a_merge_conflict_in_compose_is_named_where_it_is() {
    let sandbox = with(&["redis"]);
    edit(&sandbox, "compose.yml", "  redis:\n", "<<<<<<< HEAD\n  redis:\n=======\n>>>>>>> other\n");
    let line = sandbox.read("compose.yml").lines().position(|line| line.starts_with("<<<<<<<")).expect("there") + 1;
    finds(&sandbox, &[&format!("compose.yml:{line}:1: error[PX005]")]);
}
