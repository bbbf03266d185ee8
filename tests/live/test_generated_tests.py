"""The tests that components bring: green in the project as it is generated, red when a module is broken."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import EVERY, TOGETHER, Projects, add, manifest, paxx
from examine import program, tree
from mutants import examine

TESTED = [component for component in EVERY if manifest(component).get("test")]
OWN = {"tests/test_own.py": "def test_own() -> None:\n    pass\n"}


def with_tests(projects: Projects, shape: str, *components: str, options: tuple[str, ...] = ()) -> Path:
    """A project with a folder of tests, and the components."""
    project = projects.fresh(shape, OWN)
    add(project, *components, options=options)
    return project


def written(project: Path) -> list[str]:
    """The tests that came, wherever the project has its tests."""
    names = {entry["path"] for component in TESTED for entry in manifest(component)["test"]}
    return sorted(str(path.relative_to(project)) for path in project.rglob("test_*.py") if path.name in names)


def run(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(project), "OTEL_TRACES_EXPORTER": "none"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("shape", ["lower", "upper"])
def test_they_pass_as_generated(projects: Projects, shape: str) -> None:
    """All of them beside each other, with the project's own conftest; and warnings about what was left open are errors."""
    project = with_tests(projects, shape, *TOGETHER)
    assert len(written(project)) == sum(len(manifest(component)["test"]) for component in TESTED if component in TOGETHER)
    files = written(project)
    done = run(project, "-W", "error::ResourceWarning", "-W", "error::RuntimeWarning", *files)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_they_are_typed_and_formatted(projects: Projects) -> None:
    """mypy strict, ruff with the rules of the modules (but for `assert`), and a fixed point of the formatter."""
    project = with_tests(projects, "upper", *TOGETHER)
    files = written(project)
    for command in (
        [program("mypy"), "--strict", *files],
        [program("ruff"), "check", "--isolated", "--select", "E,W,F,I,UP,B,SIM,ASYNC,S", "--ignore", "S101",
         "--line-length", "88", *files],
        [program("ruff"), "format", "--isolated", "--diff", "--line-length", "88", *files],
    ):
        done = subprocess.run(command, cwd=project, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_they_are_left_out_where_they_are_not_wanted(projects: Projects) -> None:
    """`--no-tests` is recorded; `[tool.paxx] tests = false` says it for good; without a folder of tests none is made."""
    project = with_tests(projects, "upper", "redis", options=("--no-tests",))
    assert written(project) == []
    add(project, "storage")
    assert written(project) == []
    configured = projects.fresh("upper", OWN)
    with (configured / "pyproject.toml").open("a") as file:
        file.write("\n[tool.paxx]\ntests = false\n")
    add(configured, "redis")
    assert written(configured) == []
    without = projects.fresh("upper")
    shutil.rmtree(without / "tests")
    add(without, "redis")
    assert not (without / "tests").exists()


def test_they_drift_and_go_as_modules_do(projects: Projects) -> None:
    """One that the user changed is a use of the module; one that was taken out is not written again; the others go byte for byte."""
    project = projects.fresh("upper", OWN)
    before = tree(project)
    add(project, "redis", "storage")
    paxx(project, "check")
    changed = project / "tests/test_cache.py"
    changed.write_text(changed.read_text() + "\n\ndef test_mine() -> None:\n    pass\n")
    (project / "tests/test_storage.py").unlink()
    found = paxx(project, "check", "-v", "--format", "concise").stdout
    assert "PX402" in found and "PX410" in found
    assert paxx(project, "check", "--fix", "--yes").returncode == 0
    assert not (project / "tests/test_storage.py").exists()
    refused = paxx(project, "remove", "redis", "storage", "--yes", code=2).stderr
    assert "PX408" in refused and "tests/test_cache.py" in refused
    changed.unlink()
    paxx(project, "remove", "redis", "storage", "--yes")
    assert tree(project) == before


def test_a_file_of_that_name_stays(projects: Projects) -> None:
    project = projects.fresh("upper", {"tests/test_cache.py": "# mine\n"})
    said = add(project, "redis")
    assert (project / "tests/test_cache.py").read_text() == "# mine\n"
    assert 'id = "test:test_cache.py"' not in (project / "paxx.lock").read_text()
    assert "`tests/test_cache.py` is there already" in said
    paxx(project, "check")
    paxx(project, "remove", "redis", "--yes")
    assert (project / "tests/test_cache.py").read_text() == "# mine\n"


@pytest.mark.parametrize("component", ["redis", pytest.param("storage", marks=pytest.mark.long)])
def test_they_are_red_when_a_module_is_broken(
    make_project: Callable[..., Path], component: str
) -> None:
    """A sample; `tests/live/mutants.py` counts them all."""
    for name, tried, noticed, missed in examine(make_project(component, shape="upper"), "upper", component, 8):
        assert noticed >= 0.7 * tried, f"{name}: not noticed in line {missed}"
