"""Runs the application of a whole project before and after `add`, as `tests/behaviour` does for its shapes.

Each project has an environment of its own, made by `uv` of what its files list. What `add` lists is installed into it, so that a
set of versions which does not fit shows here. An application that does not start by itself (it wants a database, a secret) is not
judged, and said.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

BEHAVIOUR = Path(__file__).resolve().parent.parent / "behaviour"
sys.path.insert(0, str(BEHAVIOUR))

import dependencies  # noqa: E402
from judge import PROMISES, life_cycle, same_behaviour  # noqa: E402
from processes import run_application  # noqa: E402

METRICS = "/metrics"


class Runner:
    """The environments, and what each application did before any change."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self.loose: set[str] = set()
        self.before: dict[str, tuple[dict[str, Any], dict[str, Any], set[str]] | str] = {}

    def start(self, project: str, facts: Any, root: Path) -> None:
        """Runs the untouched application once for all components, and keeps what it did, or why it does not start."""
        with self.locks[project]:
            if project not in self.before:
                self.before[project] = self._start(project, facts, root)

    def faults(self, project: str, facts: Any, root: Path, names: list[str], ours: list[Path]) -> list[str]:
        """What the changed application does not do: what it did before, and the component."""
        with self.locks[project]:
            known = self.before[project]
            if isinstance(known, str):
                return []
            if why := self._install(project, root):
                return [f"what is listed cannot be installed: {why}"]
            request, before, unsteady = known
            request = {**request, **place(facts, root), "ours": [os.path.realpath(path) for path in ours]}
            now = steady(run_application(request, str(self._python(project)), fresh=True))
        without = unsteady | ({METRICS} if "metrics" in names else set())
        found = list(same_behaviour(before, now, without))
        if not found:
            found += life_cycle(now["events"], tuple(name for name in names if name in PROMISES), ordered=False)
            status, text = now["answers"].get(METRICS, [0, ""])
            if "metrics" in names and (status != 200 or "http_requests_total{" not in text):
                found.append(f"{METRICS} answers {status} {text[:60]!r}")
        return [f"run: {text}" for text in found]

    def report(self) -> str:
        """Which applications were run, a line each."""
        return "\n".join(f"{project}: {why if isinstance(why, str) else 'its application was run before and after'}" for project, why in sorted(self.before.items()))

    def _start(self, project: str, facts: Any, root: Path) -> tuple[dict[str, Any], dict[str, Any], set[str]] | str:
        if self._install(project, root):
            # Pins that no index has any more say nothing of the application
            self.loose.add(project)
            if why := self._install(project, root):
                return f"not run: {why}"
        why = "not run: no application was found"
        for target, is_factory in targets(facts):
            for environment in ({}, example(facts)):
                request = {
                    **place(facts, root), "target": target, "factory": is_factory, "env": environment, "requests": [METRICS],
                    "imports": [],
                }  # fmt: skip
                once, twice = (steady(run_application(request, str(self._python(project)), fresh=True)) for _ in range(2))
                if once["ok"] and twice["ok"]:
                    unsteady = {path for path, answer in once["answers"].items() if twice["answers"].get(path) != answer}
                    return request, once, unsteady
                why = f"not run: it does not start by itself ({once['phase']}): {(once.get('trace') or str(once['error'])).strip().splitlines()[-1][:160]}"
        return why

    def _python(self, project: str) -> Path:
        return self.folder / project / "bin" / "python"

    def _install(self, project: str, root: Path) -> str:
        """Installs what the project lists now; why that fails, or nothing."""
        python = self._python(project)
        if not python.exists():
            run = uv("venv", "--quiet", "--no-project", "--python", sys.executable, self.folder / project)
            if run.returncode:
                return run.stderr.strip()[-300:]
        listed = []
        for line in dependencies.declared(root):
            try:
                one = Requirement(line)
                listed.append(one.name if project in self.loose else str(one))
            except InvalidRequirement:
                continue
        run = uv("pip", "install", "--quiet", "--python", python, "httpx", *listed)
        return run.stderr.strip()[-300:] if run.returncode else ""


def steady(run: dict[str, Any]) -> dict[str, Any]:
    """The run without what differs each time: times, identifiers, folders, and what is logged of each request."""
    down = next((at for at, (kind, _) in enumerate(run["events"]) if kind == "down"), len(run["events"]))
    up = next((at for at, (kind, _) in enumerate(run["events"]) if kind == "up"), down)
    events = [one for at, one in enumerate(run["events"]) if one[0] != "print" or not up < at < down]
    run["events"] = [[kind, re.sub(r"/tmp/\S*|\d+", "#", text)] for kind, text in events]
    return run


def uv(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["uv", *map(str, arguments)], capture_output=True, text=True, check=False)


def place(facts: Any, root: Path) -> dict[str, Any]:
    """Where the application's process starts, and where its imports begin."""
    inside = (root / facts.import_root.relative_to(facts.root)) if facts.import_root.is_relative_to(facts.root) else facts.import_root
    return {"folder": str(root), "cwd": ".", "paths": [os.path.relpath(inside, root)]}


def targets(facts: Any) -> list[tuple[str, bool]]:
    """What a server could be told to run: the names of the module that makes the application, and its functions without arguments."""
    if facts.application is None:
        return []
    module = ".".join(facts.application.relative_to(facts.import_root).with_suffix("").parts)
    body = ast.parse(facts.application.read_bytes()).body
    names = [one.id for node in body if isinstance(node, ast.Assign | ast.AnnAssign) for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]
    made = [
        node.name
        for node in body
        if isinstance(node, ast.FunctionDef) and len(node.args.args) == len(node.args.defaults)
        if any(isinstance(one, ast.Call) and ast.unparse(one.func).endswith("FastAPI") for one in ast.walk(node))
    ]
    return [(f"{module}:{name}", False) for name in names if "app" in name.lower()] + [(f"{module}:{name}", True) for name in made]


def example(facts: Any) -> dict[str, str]:
    """The variables of the example that one is told to copy."""
    if facts.env is None:
        return {}
    lines = [line.partition("=") for line in facts.env.read_text("utf-8").splitlines() if "=" in line and not line.lstrip().startswith("#")]
    return {name.strip(): value.split(" #")[0].strip().strip("\"'") for name, _, value in lines}
