"""What is asked of every combination of components in a project: shared by `test_style.py` and `subsets.py`."""

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from conftest import SHAPES, Projects, add, manifest, paxx

RULES = "E,W,F,I,UP,B,SIM,ASYNC,S"
# The project's files, in the shapes whose whole tree is examined; of the others the generated modules alone.
WHOLE = ("lower", "upper")
NOT_OURS = {".paxx", "__pycache__"}


def program(name: str) -> str:
    """A tool of this environment."""
    return str(Path(sys.executable).parent / name)


def _run(project: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTHONPATH", None)
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=170)


def _without_places(lines: Iterable[str]) -> Counter[str]:
    """Messages without their line and column, so that those of two versions of a file can be compared."""
    return Counter(re.sub(r"^([^:]+):\d+(:\d+)?: ", r"\1: ", line) for line in lines if line)


def ruff_check(project: Path, *paths: str) -> Counter[str]:
    done = _run(
        project, program("ruff"), "check", "--no-cache", "--quiet", "--output-format", "concise", "--select", RULES,
        "--per-file-ignores", "test_*.py:S101", *paths or (".",),
    )
    assert done.returncode in (0, 1), done.stderr
    return _without_places(line for line in done.stdout.splitlines() if ".py:" in line)


def ruff_format(project: Path, *paths: str) -> Counter[str]:
    """The Python files that `ruff format` would change."""
    done = _run(project, program("ruff"), "format", "--no-cache", "--check", "--output-format", "concise", *paths or (".",))
    assert done.returncode in (0, 1), done.stderr
    lines = done.stdout.splitlines() + done.stderr.splitlines()
    return Counter(f"{match[1]}: not formatted" for line in lines if (match := re.match(r"(\S+\.py):\d+", line)))


def mypy(project: Path, shape: str, *paths: str) -> Counter[str]:
    # What mypy keeps holds for the project's own settings of it, so each shape has its own.
    kept = f"{os.environ['MYPY_CACHE_DIR']}/{shape}"
    done = _run(project, program("mypy"), "--strict", "--no-error-summary", "--cache-dir", kept, *paths or (".",))
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return _without_places(line for line in done.stdout.splitlines() if ": error:" in line)


def import_application(project: Path, shape: str) -> str:
    """Imports the application in a fresh interpreter; its error, if it has one."""
    module, name = SHAPES[shape].app.split(":")
    done = _run(project, sys.executable, "-c", f"import {module}; {module}.{name}")
    return "" if done.returncode == 0 else f"import {module}: {done.stderr[-1500:]}"


def tree(project: Path) -> dict[str, tuple[bytes, int]]:
    """Every file's bytes and mode, what running leaves behind aside."""
    found = {}
    for path in sorted(project.rglob("*")):
        relative = path.relative_to(project)
        if path.is_file() and not NOT_OURS.intersection(relative.parts):
            found[str(relative)] = (path.read_bytes(), path.stat().st_mode)
    return found


def generated(project: Path, shape: str) -> list[str]:
    """The modules that the tool wrote: what is new in the services package."""
    package = project / SHAPES[shape].services.replace(".", "/")
    own = {"__init__.py", "parcels.py"}
    return sorted(str(path.relative_to(project)) for path in package.glob("*.py") if path.name not in own)


class Examiner:
    """Examines combinations; what the project itself violates before is found once and subtracted."""

    def __init__(self, projects: Projects) -> None:
        self.projects = projects
        self.baseline = cache(self._baseline)

    def _style(self, project: Path, shape: str, paths: list[str]) -> Counter[str]:
        # An interpreter of its own for each tool: two cores are busy at once.
        with ThreadPoolExecutor() as pool:
            typed = pool.submit(mypy, project, shape, *paths)
            imported = pool.submit(import_application, project, shape)
            found = ruff_check(project, *paths) + ruff_format(project, *paths)
            if paths:
                # A module's imports are followed into the project: what is found there is the project's own.
                found += Counter({message: n for message, n in typed.result().items() if message.startswith(tuple(paths))})
            else:
                found += typed.result()
            if error := imported.result():
                found[error] += 1
        return found

    def _baseline(self, shape: str) -> Counter[str]:
        return self._style(self.projects.fresh(shape), shape, []) if shape in WHOLE else Counter()

    def examine(self, shape: str, components: tuple[str, ...], options: tuple[str, ...] = ()) -> list[str]:
        """All that is wrong with this combination: `add`, `check`, style, types, the import, `remove`."""
        project = self.projects.fresh(shape)
        before = tree(project)
        add(project, *components, options=options)
        problems = []
        checked = paxx(project, "check", "--format", "concise", code=-1)
        if checked.returncode != 0:
            problems.append(f"check exits {checked.returncode}: {checked.stdout}{checked.stderr}")
        paths = [] if shape in WHOLE else generated(project, shape)
        found = self._style(project, shape, paths) if components else Counter[str]()
        problems += sorted((found - self.baseline(shape)).elements())
        if components:
            along = (needed for component in components for needed in manifest(component).get("requires", []))
            brought = tuple(dict.fromkeys((*components, *along)))
            removed = paxx(project, "infra", "remove", *brought, "--yes", code=-1)
            if removed.returncode != 0:
                problems.append(f"remove exits {removed.returncode}: {removed.stderr}")
            after = tree(project)
            for path in sorted(before.keys() | after.keys()):
                if before.get(path) != after.get(path):
                    what = "left behind" if path not in before else "gone" if path not in after else "not as before"
                    problems.append(f"remove: {path} is {what}")
        return problems
