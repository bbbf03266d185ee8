"""Breaks generated modules in small ways, and counts how many of the breaks their generated tests notice.

    tests/live/mutants.py [--each N] [COMPONENT...]

Each mutant is one change of one place: a comparison turned round, a number one higher, a condition negated, a result that is
None, a call that is left out. N of them (default: 25), spread evenly over a module, are tried.
"""

import argparse
import ast
import contextlib
import copy
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import EVERY, SHAPES, Projects, manifest

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}
# What a fake stands for: it is the live suite that runs these against real servers.
REAL = {
    "cache.py": ("_connect", "_client", "_messages", "subscribe", "_close_at_the_end"),
    "arq.py": ("redis_settings", "worker_redis_settings", "start_services", "stop_services", "_service", "_span"),
    "storage.py": ("S3Storage", "_LoopState", "_loop_state", "_connect", "_reveal", "_check_url", "_check_expiry", "get_storage",
                   "start_storage", "stop_storage"),
    "ws.py": ("Relay", "_announce", "_announce_all", "_hear", "_deliver", "_publish", "_beat", "start_pubsub", "_metric"),
    "geo.py": ("configure_migrations", "_MigrationHooks", "_adds_spatial", "_extension_tables", "_create_extension"),
    "metrics.py": ("_Workers", "_ProcessMetrics"),
    "tracing.py": ("setup_tracing", "_set_provider", "_start", "_make_exporter", "_OncePerMinute", "_trace_requests",
                   "_trace_httpx", "_trace_sqlalchemy"),
    "email.py": ("_Smtp", "_Api", "_make_smtp", "_make_api", "_make", "_for_sendgrid", "_for_postmark", "_for_resend"),
    "mongo.py": ("_connect", "_client", "_close_at_the_end"),
    "ratelimit.py": ("_make", "_pool", "_make_counter", "_count", "_default"),
    "search.py": ("configure_search_migrations", "_Hooks"),
    "flags.py": ("_RedisStore", "_PostgresStore", "_store", "list_flags", "put_flag", "remove_flag"),
    "graphql.py": ("make_extensions",),
    "taskiq.py": ("_connect", "listen", "_messages", "_make_group", "_abandoned", "_message", "_done", "start_job_metrics"),
}


def _breaks(node: ast.AST) -> Iterator[Callable[[ast.AST], ast.AST]]:
    """How this node can be broken: functions from a copy of it to what stands in its place."""

    def compared(found: ast.AST) -> ast.AST:
        assert isinstance(found, ast.Compare)
        found.ops[0] = COMPARISONS[type(found.ops[0])]()
        return found

    def negated(found: ast.AST) -> ast.AST:
        assert isinstance(found, (ast.If, ast.IfExp, ast.While))
        found.test = ast.UnaryOp(ast.Not(), found.test)
        return found

    def without_value(found: ast.AST) -> ast.AST:
        assert isinstance(found, ast.Return)
        found.value = ast.Constant(None)
        return found

    def higher(found: ast.AST) -> ast.AST:
        assert isinstance(found, ast.Constant) and isinstance(found.value, (int, float))
        return ast.Constant(not found.value if isinstance(found.value, bool) else found.value + 1)

    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        yield compared
    elif isinstance(node, (ast.If, ast.IfExp)):
        yield negated
    elif isinstance(node, ast.Return) and node.value is not None and not isinstance(node.value, ast.Constant):
        yield without_value
    elif isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float)):
        yield higher
    elif isinstance(node, ast.Expr) and isinstance(node.value, (ast.Call, ast.Await)):
        yield lambda _: ast.Pass()


def _places(tree: ast.Module, left_out: tuple[str, ...]) -> Iterator[list[int | str]]:
    """The paths to the nodes that can be broken; settings, logs and types aside."""

    def visit(node: ast.AST, path: list[int | str]) -> Iterator[list[int | str]]:
        name = getattr(node, "name", "")
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and name in left_out:
            return
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("logger."):
            return
        if isinstance(node, ast.Expr) and ast.unparse(node).startswith("logger."):
            return
        if any(True for _ in _breaks(node)):
            yield path
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list", "args") and not isinstance(node, ast.Call):
                continue
            for index, child in enumerate(value if isinstance(value, list) else [value]):
                if isinstance(child, ast.AST):
                    yield from visit(child, [*path, field, index])

    for index, statement in enumerate(tree.body):
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield from visit(statement, ["body", index])


def mutants(source: str, left_out: tuple[str, ...], most: int) -> Iterator[tuple[int, str]]:
    """Broken versions of a module with the line of the break, spread evenly over it."""
    tree = ast.parse(source)
    places = list(_places(tree, left_out))
    step = max(1, len(places) // most)
    for path in places[step // 2 :: step][:most]:
        broken = copy.deepcopy(tree)
        parent: ast.AST = broken
        steps = list(zip(path[::2], path[1::2], strict=True))
        for field, index in steps[:-1]:
            value = getattr(parent, str(field))
            parent = value[index] if isinstance(value, list) else value
        field, index = steps[-1]
        value = getattr(parent, str(field))
        node = value[index] if isinstance(value, list) else value
        line = getattr(node, "lineno", 0)
        made = next(_breaks(node))(node)
        if isinstance(value, list):
            value[int(index)] = made
        else:
            setattr(parent, str(field), made)
        yield line, ast.unparse(ast.fix_missing_locations(broken))


# What the modules import is imported once, and each mutant runs in a fork.
PRELOADED = (
    "pytest", "pytest_asyncio", "fastapi", "pydantic_settings", "redis.asyncio", "sqlalchemy.ext.asyncio", "geoalchemy2", "arq", "taskiq",
    "strawberry.fastapi", "openfeature.api", "limits.aio.strategies", "aiosmtplib", "httpx", "jinja2", "prometheus_client",
    "opentelemetry.sdk.trace.export",
)


def passes(project: Path, test: Path, seconds: int = 60) -> bool:
    """Do the tests of a module pass?"""
    child = os.fork()
    if child == 0:
        signal.alarm(seconds)
        os.chdir(project)
        sys.path.insert(0, str(project))
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        code = 1
        try:
            code = int(pytest.main(["-q", "-x", "--noconftest", "-p", "no:cacheprovider", str(test)]))
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return status == 0


def count(project: Path, module: Path, test: Path, most: int) -> tuple[int, int, list[int]]:
    """Mutants of a module, those that its tests noticed, and the lines of the others."""
    for name in PRELOADED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    assert passes(project, test), f"{test.name} does not pass as it was generated"
    source = module.read_text()
    tried = noticed = 0
    missed = []
    try:
        for line, text in mutants(source, REAL.get(module.name, ()), most):
            module.write_text(text)
            tried += 1
            if passes(project, test):
                missed.append(line)
            else:
                noticed += 1
    finally:
        module.write_text(source)
    return tried, noticed, missed


# The module that a test is of, where that is not told by its name.
MODULES = {"test_tasks.py": "arq.py"}


def examine(project: Path, shape: str, component: str, most: int) -> list[tuple[str, int, int, list[int]]]:
    """For each test of a component: the module, mutants, those that were noticed, the lines of the others."""
    services = project / SHAPES[shape].services.replace(".", "/")
    found = []
    for entry in manifest(component).get("test", []):
        test = next(project.rglob(entry["path"]))
        module = services / MODULES.get(test.name, test.name.removeprefix("test_"))
        command = [sys.executable, __file__, "--of", str(project), str(module), str(test), str(most)]
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "OTEL_TRACES_EXPORTER": "none"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        tried, noticed, missed = json.loads(done.stdout)
        found.append((module.name, tried, noticed, missed))
    return found


def main() -> None:
    if sys.argv[1:2] == ["--of"]:
        project, module, test = map(Path, sys.argv[2:5])
        print(json.dumps(count(project, module, test, int(sys.argv[5]))))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("components", nargs="*", default=EVERY)
    parser.add_argument("--each", type=int, default=25)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        projects = Projects(Path(folder))
        all_tried = all_noticed = 0
        for component in options.components:
            project = projects.make(component, shape="upper")
            for name, tried, noticed, missed in examine(project, "upper", component, options.each):
                print(f"{name:16} {noticed:3} of {tried:3}   not noticed in line {missed}", flush=True)
                all_tried, all_noticed = all_tried + tried, all_noticed + noticed
        print(f"{'all':16} {all_noticed:3} of {all_tried:3}")


if __name__ == "__main__":
    main()
