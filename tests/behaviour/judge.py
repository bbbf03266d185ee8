"""Puts one shape through every command and says of each whether the tool was right."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import composefile
import dependencies
from observe import SETUPS, STARTS, STOPS
from processes import run_application
from shape import Edit, NotApplicable, Shape

RIGHT, REFUSED, WRONG, SKIPPED = "right", "refused", "wrong", "skipped"
CODE = re.compile(r"\bPX\d{3}\b")
PROMISES = {
    "redis": (("start_redis",), ("stop_redis",)),
    "arq": (("start_redis", "start_arq"), ("stop_redis", "stop_arq")),
    "storage": (("start_storage",), ("stop_storage",)),
    "websocket": (("start_pubsub",), ("stop_pubsub",)),
    "metrics": ((), ("stop_tracing",)),
    "postgis": ((), ()),
}
REDIS_IMAGES = re.compile(r"(^|/)(redis|redis-stack(-server)?|valkey|keydb|dragonfly)(:|@|$)")

Tree = dict[str, bytes | None]


@dataclass
class Verdict:
    """What was said of one command on one shape."""

    command: str
    verdict: str
    why: str = ""


@dataclass
class Judged:
    """All verdicts on one shape."""

    shape: str
    kind: str
    verdicts: list[Verdict] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        found = {one.verdict for one in self.verdicts}
        return WRONG if WRONG in found else REFUSED if REFUSED in found else RIGHT


@dataclass
class Done:
    """A finished run of the tool."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err

    @property
    def codes(self) -> list[str]:
        return sorted(set(CODE.findall(self.text)))

    def first(self) -> str:
        """The line that says most, for a report."""
        lines = [line.strip() for line in self.text.splitlines() if line.strip()]
        told = [line for line in lines if line.startswith(("×", "error", "warning"))]
        return " ".join((told[:2] or lines[-1:] or ["nothing"]))[:220]


class Judge:
    """One shape in a folder of its own."""

    def __init__(self, shape: Shape, folder: Path, binary: str, pythons: Mapping[str, str]) -> None:
        self.shape, self.top, self.binary = shape, folder, binary
        self.root = folder / shape.root
        self.python = pythons.get(shape.python or "")
        self.missing_python = shape.python is not None and shape.python not in pythons
        self.judged = Judged(shape.id, shape.kind)

    # What is said

    def say(self, command: str, wrongs: list[str] | Iterator[str] | str | None = None) -> bool:
        """Keeps a verdict; True if it is right."""
        texts = [wrongs] if isinstance(wrongs, str) else list(wrongs or [])
        texts = [text for text in texts if text]
        self.judged.verdicts.append(Verdict(command, WRONG if texts else RIGHT, "; ".join(texts)[:600]))
        return not texts

    # What is done

    def _copy(self, tree: Tree) -> Path:
        """The tree in another folder, until the next copy is made."""
        copy = self.top.parent / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir()
        lay(copy, tree)
        return copy

    def paxx(self, *arguments: str) -> Done:
        state = self.top.parent / "state"
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(state), "XDG_STATE_HOME": str(state), "NO_COLOR": "1", "LANG": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": os.devnull,
        }
        try:
            done = subprocess.run(
                [self.binary, "-C", self.root, *arguments], capture_output=True, timeout=30, check=False,
                stdin=subprocess.DEVNULL, env=environment,
            )
        except subprocess.TimeoutExpired:
            return Done(-1, "", "no end within 30 s")
        return Done(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))

    def write(self) -> None:
        for path, text in self.shape.tree().items():
            file = self.top / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
        if self.shape.prepare:
            self.shape.prepare(self.top)
        git = self.top / ".git"
        (git / "refs/heads").mkdir(parents=True)
        (git / "objects").mkdir()
        (git / "HEAD").write_text("ref: refs/heads/main\n")

    def observe(self, ours: list[str] | None = None, environment: Mapping[str, str] | None = None, imports: tuple[str, ...] = ()) -> dict[str, Any]:
        shape = self.shape
        request = {
            "folder": str(self.root), "target": shape.target, "factory": shape.factory, "cwd": shape.cwd, "paths": list(shape.paths),
            "env": dict(environment or {}), "requests": [*shape.requests, shape.metrics_path], "imports": list(imports),
            "ours": [os.path.realpath(self.top / path) for path in ours or []],
        }
        return run_application(request, self.python, shape.fresh)

    # The whole

    def run(self) -> Judged:
        shape = self.shape
        if self.missing_python:
            self.judged.verdicts.append(Verdict("start", SKIPPED, f"no Python {shape.python}"))
            return self.judged
        self.write()
        before = self.before = snapshot(self.top)
        runs = [self.observe(environment=one) for one in shape.envs]
        for one in runs:
            if not one["ok"]:
                self.say("start", f"the shape itself does not run ({one['phase']}): {one['error']}")
                return self.judged
        dry = self.paxx("infra", "add", *shape.add, "--dry-run", *shape.options)
        add = self.paxx("infra", "add", *shape.add, "--yes", *shape.options)
        if add.code != 0:
            self._refused(add, dry, before)
            return self.judged
        after = snapshot(self.top)
        if after == before:
            self.say("add", "exit 0, and nothing was changed")
            return self.judged
        self.said = add.text
        self._dry_run(dry, before, after)
        self.say("add", self._told(add))
        ours = self._ours(before, after)
        promise = self._after_add(runs, before, after, ours)
        self._second(after)
        self._check(after)
        self._undo(before, after)
        if promise and shape.edits:
            self._edits(before, after, runs)
        self.restore(after)
        self._remove(before)
        return self.judged

    def _refused(self, add: Done, dry: Done, before: Tree) -> None:
        wrongs = [*self._unchanged(before), *sound(add)]
        if dry.code != add.code:
            wrongs.append(f"the dry run ends with {dry.code}, add with {add.code}")
        accepted = self.shape.refusal
        if not wrongs:
            if accepted is None:
                wrongs.append(f"refused: {add.first()}")
            elif accepted != "any" and not set(accepted) & set(add.codes):
                wrongs.append(f"refused with {', '.join(add.codes)}, not {', '.join(accepted)}: {add.first()}")
        if wrongs:
            self.say("add", wrongs)
        else:
            self.judged.verdicts.append(Verdict("add", REFUSED, add.first()))

    def _unchanged(self, before: Tree) -> list[str]:
        now = snapshot(self.top)
        return [f"changed although refused: {difference(before, now)}"] if now != before else []

    def _told(self, add: Done) -> Iterator[str]:
        for text in self.shape.says:
            if not re.search(text, add.text):
                yield f"add does not say {text!r}"

    def _dry_run(self, dry: Done, before: Tree, after: Tree) -> None:
        if dry.code:
            self.say("dry-run", f"ends with {dry.code}, add with 0")
            return
        copy = self._copy(before)
        done = subprocess.run(
            ["git", "-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", "-"], cwd=copy, input=dry.out.encode(), capture_output=True,
            env={"PATH": os.environ["PATH"], "GIT_DIR": os.devnull, "GIT_CEILING_DIRECTORIES": str(copy.parent)}, check=False,
        )
        if done.returncode:
            self.say("dry-run", f"git does not take the diff: {done.stderr.decode()[:200]}")
            return
        files = {path: text for path, text in snapshot(copy).items() if text is not None}
        self.say("dry-run", difference(files, {path: text for path, text in after.items() if text is not None}))

    def _ours(self, before: Tree, after: Tree) -> list[str]:
        return [path for path in after if path.endswith(".py") and path not in before]

    def _after_add(self, runs: list[dict[str, Any]], before: Tree, after: Tree, ours: list[str]) -> bool:
        shape, right = self.shape, True
        for path, text in after.items():
            if path.endswith(".py") and text is not None and before.get(path) != text:
                right &= self._parses(path, text)
        for environment, run in zip(shape.envs, runs, strict=True):
            now = self.observe(ours, environment)
            name = "run" if not environment else f"run {' '.join(f'{k}={v}' for k, v in environment.items())}"
            wrongs = [*same_behaviour(run, now, self._not_compared())]
            if not wrongs:
                wrongs = [*self._promise(now), *self._same_instance(now)]
            right &= self.say(name, wrongs)
        self._variables(ours, before)
        self._compose(before, ours)
        self._dependencies(before, after)
        if shape.judge:
            self.say("shape", shape.judge(self))
        return right

    def _parses(self, path: str, text: bytes) -> bool:
        try:
            ast.parse(text)
            return True
        except SyntaxError as error:
            return self.say("syntax", f"{path}: {error}")

    def _not_compared(self) -> set[str]:
        return {self.shape.metrics_path} if "metrics" in self.shape.add else set()

    def _promise(self, now: dict[str, Any], ordered: bool = True) -> list[str]:
        """What is missing of: each start and stop once, in order; `/metrics` answers."""
        wrongs = []
        if self.shape.starts_ours:
            # Metrics alone have no part in the lifespan.
            living = tuple(one for one in self.shape.add if one != "metrics" or "metrics.parts=metrics" not in self.shape.options)
            wrongs += life_cycle(now["events"], living, self.shape.ordered and ordered)
        if "metrics" in self.shape.add and self.shape.metrics_served:
            status, text = now["answers"].get(self.shape.metrics_path, [0, ""])
            if status != 200 or "http_requests_total{" not in text:
                wrongs.append(f"{self.shape.metrics_path} answers {status} {text[:60]!r}")
        wrongs += [text for text in now["warnings"] if "never awaited" in text]
        return wrongs

    def _same_instance(self, now: dict[str, Any]) -> list[str]:
        """Whether our modules have the very object that the application's module has."""
        module = self.shape.target.partition(":")[0]
        theirs = {identity for name, _, identity, is_ours in now["instances"] if name == module and not is_ours}
        wrongs = []
        for name, attribute, identity, is_ours in now["instances"]:
            if is_ours and theirs and identity not in theirs and not attribute.startswith("get_"):
                wrongs.append(f"{name} has another settings object (`{attribute}`) than {module}")
        return wrongs[:2]

    def _variables(self, ours: list[str], before: Tree) -> None:
        """The variables that the env example gained are read: another value of each has its effect."""
        gained = self._gained_variables(before)
        redis = [name for name in gained if name.upper().endswith("REDIS_URL") and not re.search(r"(ARQ|WS)_REDIS_URL$", name.upper())]
        enabled = [name for name in gained if name.upper().endswith("METRICS_ENABLED")]
        if not redis and not enabled:
            return
        environment = {**self.shape.envs[0], **{name: "redis://probe:7001/5" for name in redis}, **{name: "false" for name in enabled}}
        now = self.observe(ours, environment)
        wrongs = [] if now["ok"] else [f"with {environment} it does not start: {now['error']}"]
        if now["ok"] and redis and self.shape.starts_ours and not any((one["host"], one["port"], one["db"]) == ("probe", 7001, 5) for one in now["connections"]):
            wrongs.append(f"{redis[0]} of the env example is not read: connected to {targets(now)}")
        if now["ok"] and enabled and self.shape.metrics_served and now["answers"][self.shape.metrics_path][0] == 200 and "http_requests_total" in now["answers"][self.shape.metrics_path][1]:
            wrongs.append(f"{enabled[0]}=false, and {self.shape.metrics_path} answers {now['answers'][self.shape.metrics_path][0]}")
        self.say("variables", wrongs)

    def _gained_variables(self, before: Tree) -> list[str]:
        names = []
        for path in sorted(self.top.rglob(".env*")):
            if path.is_file() and path.name != ".env":
                old = (before.get(str(path.relative_to(self.top))) or b"").decode("utf-8", "replace").splitlines()
                names += [line.partition("=")[0] for line in path.read_text(errors="replace").splitlines() if "=" in line and line not in old and not line.startswith("#")]
        return names

    # Compose

    def _compose_path(self) -> Path | None:
        for folder in (self.root, self.top):
            if found := composefile.find(folder):
                return found
        return None

    def _compose(self, before: Tree, ours: list[str]) -> None:
        path = self._compose_path()
        if path is None or str(path.relative_to(self.top)) not in before:
            return
        copy = self._copy(before)
        try:
            old = composefile.load(copy / path.relative_to(self.top))
        except composefile.Invalid as error:
            self.say("compose", f"the shape's own compose file: {error}")
            return
        try:
            new = composefile.load(path)
        except composefile.Invalid as error:
            self.say("compose", str(error))
            return
        wrongs = [one for one in composefile.problems(new) if one not in composefile.problems(old)]
        wrongs += list(self._services(old, new))
        if not wrongs:
            wrongs += list(self._reach(path, old, new, ours))
        self.say("compose", wrongs)

    def _services(self, old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
        shape = self.shape
        for name, spec in old["services"].items():
            now = new["services"].get(name)
            if now is None:
                yield f"the service `{name}` is gone"
            elif name not in shape.app_services and name not in shape.changes and now != spec:
                keys = [key for key in {*spec, *now} if spec.get(key) != now.get(key) and not self._said_gain(name, spec.get(key), now.get(key))]
                if keys:
                    yield f"the service `{name}` was changed: {', '.join(sorted(keys))}"
            elif name in shape.app_services:
                for key, value in spec["environment"].items():
                    if now["environment"].get(key) != value:
                        yield f"`{key}` of `{name}` was {value!r} and is {now['environment'].get(key)!r}"
                for key in ("image", "build", "argv", "ports", "profiles", "networks", "network_mode", "volumes"):
                    if now.get(key) != spec.get(key):
                        yield f"`{key}` of `{name}` was {spec.get(key)!r} and is {now.get(key)!r}"

    def _said_gain(self, name: str, old: Any, new: Any) -> bool:
        """Whether a service that shares the application's text gained something, lost nothing, and `add` said each of it."""
        if not isinstance(old, dict) or not isinstance(new, dict) or any(new.get(key) != value for key, value in old.items()):
            return False
        lines = [line for line in self.said.splitlines() if f"`{name}`" in line and "from the application's service" in line]
        return all(any(f"`{key}`" in line for line in lines) for key in new if key not in old)

    def _reach(self, path: Path, old: dict[str, Any], new: dict[str, Any], ours: list[str]) -> Iterator[str]:
        """The application, run with its container's environment, reaches the Redis that is there."""
        shape = self.shape
        wanted = {"redis", "arq"} & set(shape.add)
        for service in shape.app_services:
            if service not in new["services"] or not wanted or not shape.starts_ours:
                continue
            environment = new["services"][service]["environment"]
            now = self.observe(ours, {**shape.envs[0], **environment}, tuple(self._worker_imports(new, old)))
            if not now["ok"]:
                yield f"with its container's environment the application does not start: {now['error']}"
                continue
            for name, why in now["imports"].items():
                if why:
                    yield f"the worker cannot import `{name}`: {why}"
            if not now["connections"]:
                yield "no connection to Redis was made"
            for one in now["connections"]:
                url = connection_url(one)
                expected = shape.url or self._expected_url(new)
                if expected is None:
                    continue
                if not composefile.same_target(url, expected):
                    yield f"`{service}` connects to {url}, and Redis is {expected}"
                    break
                if why := composefile.reaches(new, service, str(one["host"]), int(one["port"]), external=shape.url is not None):
                    yield why
                    break
        for name, spec in new["services"].items():
            if name not in old["services"] and "arq" in shape.add and "build" in spec:
                argv = composefile.started_program(path.parent, spec)
                if not any(Path(word).name == "arq" for word in argv):
                    yield f"the worker `{name}` runs {' '.join(argv) or 'nothing'}"
                why = self._worker_reaches(new, name, spec)
                if why:
                    yield why

    def _worker_reaches(self, new: dict[str, Any], name: str, spec: dict[str, Any]) -> str:
        for key, value in spec["environment"].items():
            if key.upper().endswith("REDIS_URL") and value.startswith("redis"):
                url = urlsplit(value)
                if why := composefile.reaches(new, name, url.hostname or "", url.port or 6379, external=self.shape.url is not None):
                    return f"{key}: {why}"
        return ""

    def _worker_imports(self, new: dict[str, Any], old: dict[str, Any]) -> Iterator[str]:
        for name, spec in new["services"].items():
            if name not in old["services"] and "build" in spec:
                for word in spec["argv"] or []:
                    if word.endswith(".WorkerSettings"):
                        module, _, attribute = word.rpartition(".")
                        yield f"{module}:{attribute}"

    def _expected_url(self, new: dict[str, Any]) -> str | None:
        found = [name for name, spec in new["services"].items() if REDIS_IMAGES.search(str(spec.get("image", "")))]
        host = any(new["services"].get(one, {}).get("network_mode") == "host" for one in self.shape.app_services)
        return f"redis://{'localhost' if host else found[0]}:6379" if len(found) == 1 else None

    def _dependencies(self, before: Tree, after: Tree) -> None:
        needed = set(self.shape.needs or ())
        if self.shape.needs is None:
            for path, text in after.items():
                if path.endswith(".py") and text is not None and path not in before:
                    needed |= dependencies.imported(text.decode())
        files = list(self.shape.requirement_files) if self.shape.requirement_files is not None else None
        if not any((self.root / name).exists() for name in ("pyproject.toml", "requirements.txt", *(files or ()))):
            return
        copy = self._copy(before)
        known = dependencies.problems(copy / self.shape.root, set(), self._python_version(), files)
        found = dependencies.problems(self.root, needed, self._python_version(), files)
        self.say("dependencies", [one for one in found if one not in known])

    def _python_version(self) -> str:
        version = self.shape.python or ""
        return version if version.startswith("3.") else "3.12"

    # The other commands

    def _second(self, after: Tree) -> None:
        again = self.paxx("infra", "add", *self.shape.add, "--yes", *self.shape.options)
        wrongs = [f"ends with {again.code}: {again.first()}"] if again.code else []
        self.say("add again", wrongs + [difference(after, snapshot(self.top))])
        self.restore(after)

    def _check(self, after: Tree) -> None:
        done = self.paxx("check", *self._places())
        wrongs = []
        if done.code:
            unsaid = [code for code in done.codes if code not in self.said and code not in self.shape.findings]
            if done.code != 1 or unsaid or not done.codes:
                wrongs.append(f"ends with {done.code}: {done.first()}")
        self.say("check", wrongs)
        fix = self.paxx("check", "--fix", "--yes", *self._places())
        self.say("check --fix", [f"ends with {fix.code}: {fix.first()}" if fix.code not in (0, done.code) else "", difference(after, snapshot(self.top))])
        self.restore(after)

    def _places(self) -> tuple[str, ...]:
        """The options that say which application: later commands know it from the lock."""
        return ()

    def _undo(self, before: Tree, after: Tree) -> None:
        # A fresh `add`, because what was run since may have taken its place in the memory of the tool
        done = self.paxx("undo", "--yes")
        self.say("undo", [f"ends with {done.code}: {done.first()}" if done.code else "", difference(before, snapshot(self.top))])
        self.restore(before)
        self.paxx("infra", "add", *self.shape.add, "--yes", *self.shape.options)
        self.say("add after undo", difference(after, snapshot(self.top)))

    def _remove(self, before: Tree) -> None:
        done = self.paxx("infra", "remove", *self._all_added(), "--yes")
        wrongs = [f"ends with {done.code}: {done.first()}"] if done.code else []
        if self.shape.exact:
            wrongs.append(difference(before, snapshot(self.top)))
        self.say("remove", wrongs)

    def _all_added(self) -> tuple[str, ...]:
        return (*self.shape.add, *(("redis",) if "arq" in self.shape.add and "redis" not in self.shape.add else ()))

    def restore(self, tree: Tree) -> None:
        """Makes the project what it was, the tool's own memory aside."""
        now = snapshot(self.top)
        for path in sorted(set(now) - set(tree), reverse=True):
            (self.top / path).unlink() if now[path] is not None else shutil.rmtree(self.top / path, ignore_errors=True)
        lay(self.top, {path: text for path, text in tree.items() if path not in now or now[path] != text})

    # What users do

    def _edits(self, before: Tree, after: Tree, runs: list[dict[str, Any]]) -> None:
        for edit in self.shape.edits:
            self.restore(after)
            try:
                edit.apply(self.root)
            except NotApplicable as why:
                # What is generated is written in another way now, and the edit tries nothing any more.
                self.say(f"{edit.name}: edit", f"is not applicable: {why}")
                continue
            edited = snapshot(self.top)
            if edited == after:
                self.judged.verdicts.append(Verdict(f"edit {edit.name}", SKIPPED, "it changes nothing"))
                continue
            self._edited(edit, before, after, edited)

    def _edited(self, edit: Edit, before: Tree, after: Tree, edited: Tree) -> None:
        ours = self._ours(before, edited)
        run = self.observe(ours, self.shape.envs[0])
        broken = f"does not start: {run['error']}" if not run["ok"] else ""
        if not broken and not edit.deliberate:
            # Who moves a call decides himself what stands before it
            broken = "; ".join(self._promise(run, ordered=edit.formats))
        if edit.formats and broken:
            self.say(f"{edit.name}: edit", broken)
            return
        check = self.paxx("check")
        wrongs = [] if check.code in (0, 1) else [f"ends with {check.code}: {check.first()}"]
        if broken and check.code == 0:
            wrongs.append(f"`check` is clean, and the application {broken}")
        if edit.formats and check.code:
            wrongs.append(f"a formatter ran, and check says {check.first()}")
        self.say(f"{edit.name}: check", wrongs)
        self._edited_fix(edit, run, broken, edited)
        self._edited_add(edit, run, broken, edited)
        self._edited_undo(edit, before, after, edited)
        self._edited_remove(edit, run, before, after, edited)

    def _edited_fix(self, edit: Edit, run: dict[str, Any], broken: str, edited: Tree) -> None:
        done = self.paxx("check", "--fix", "--yes")
        now = snapshot(self.top)
        wrongs = [*sound(done)] if done.code not in (0, 1) else []
        if edit.formats and now != edited:
            wrongs.append(f"changes {difference(edited, now)}")
        elif now != edited:
            wrongs += self._still_runs(edit, run, broken)
        self.say(f"{edit.name}: check --fix", wrongs)
        self.restore(edited)

    def _edited_add(self, edit: Edit, run: dict[str, Any], broken: str, edited: Tree) -> None:
        done = self.paxx("infra", "add", *self.shape.add, "--yes", *self.shape.options)
        now = snapshot(self.top)
        wrongs: list[str] = []
        if done.code:
            wrongs += sound(done) + ([difference(edited, now)] if now != edited else [])
            if edit.formats:
                wrongs.append(f"a formatter ran, and add ends with {done.code}: {done.first()}")
        elif now == edited:
            if broken and not edit.deliberate:
                wrongs.append(f"ends with 0 and changes nothing, and the application {broken}")
        elif edit.formats:
            wrongs.append(f"changes {difference(edited, now)}")
        else:
            wrongs += self._still_runs(edit, run, broken, must=True)
        self.say(f"{edit.name}: add again", wrongs)
        self.restore(edited)

    def _still_runs(self, edit: Edit, run: dict[str, Any], broken: str, must: bool = False) -> list[str]:
        now = self.observe(self._ours(self.before, snapshot(self.top)), self.shape.envs[0])
        if not now["ok"]:
            return [f"the application does not start: {now['error']}"] if must or not broken else []
        return [*same_behaviour(run, now, self._not_compared())] if run["ok"] else []

    def _edited_undo(self, edit: Edit, before: Tree, after: Tree, edited: Tree) -> None:
        done = self.paxx("undo", "--yes")
        now = snapshot(self.top)
        touched = changed(after, edited)
        applied = changed(before, after)
        wrongs: list[str] = []
        if done.code:
            wrongs += [difference(edited, now)] if now != edited else []
            if touched.isdisjoint(applied):
                wrongs += sound(done)
        elif touched & applied:
            wrongs.append(f"takes back {', '.join(sorted(touched & applied)[:3])}, which was edited since")
        self.say(f"{edit.name}: undo", wrongs)
        self.restore(edited)

    def _edited_remove(self, edit: Edit, run: dict[str, Any], before: Tree, after: Tree, edited: Tree) -> None:
        done = self.paxx("infra", "remove", *self._all_added(), "--yes")
        now = snapshot(self.top)
        wrongs: list[str] = []
        if done.code:
            wrongs += sound(done) + ([difference(edited, now)] if now != edited else [])
            if edit.formats:
                wrongs.append(f"a formatter ran, and remove ends with {done.code}: {done.first()}")
            if edit.names and edit.names not in done.text:
                wrongs.append(f"does not name {edit.names}: {done.first()}")
        else:
            wrongs += self._after_remove(edit, run, before, edited, now, done)
            for path, text in edited.items() if not edit.formats else ():
                if path.endswith(".py") and path not in before and path not in now and after.get(path) and text and is_edited(after[path] or b"", text):
                    wrongs.append(f"deletes {path}, which was edited since")
        self.say(f"{edit.name}: remove", wrongs)

    def _after_remove(self, edit: Edit, run: dict[str, Any], before: Tree, edited: Tree, now: Tree, done: Done) -> Iterator[str]:
        if run["ok"]:
            left = self.observe(self._ours(before, now), self.shape.envs[0])
            if not left["ok"]:
                yield f"ends with 0, and the application does not start: {left['error']}"
            else:
                yield from same_behaviour(run, left, {self.shape.metrics_path}, removed=True)
            if edit.names and now != before and edit.names not in done.text:
                yield f"does not name {edit.names}"
        path = self._compose_path()
        if path:
            try:
                yield from composefile.problems(composefile.load(path))
            except composefile.Invalid as error:
                yield f"the compose file: {error}"
        if edit.formats:
            left_over = [path for path in now if path not in before and not path.endswith("__pycache__")]
            if left_over:
                yield f"leaves {', '.join(left_over[:4])}"
            for path, text in before.items():
                if path.endswith(".py") and text is not None and now.get(path) is not None and not same_code(text, now[path] or b""):
                    yield f"{path} is not the code that it was"
                elif not path.endswith(".py") and now.get(path) != text:
                    yield f"{path} is not what it was"
        # What the user wrote since must still be there
        for path, text in edited.items():
            if text is not None and path not in before and path not in now and not self._was_ours(path):
                yield f"deletes {path}, which the user wrote"

    def _was_ours(self, path: str) -> bool:
        return path in self._written

    @property
    def _written(self) -> set[str]:
        copy = {line.split()[-1] for line in self.said.splitlines() if line.strip().startswith(("create", "+"))}
        return {one.strip("`") for one in copy} | {"paxx.lock"}


# Trees


def snapshot(folder: Path) -> Tree:
    """Every file with its bytes and every folder, what the tool and Python keep for themselves aside."""
    tree: Tree = {}
    for base, names, files in os.walk(folder):
        names[:] = [name for name in names if name not in (".git", ".paxx", "__pycache__", "uploads", ".ruff_cache", ".mypy_cache")]
        for name in names:
            tree[os.path.relpath(os.path.join(base, name), folder)] = None
        for name in files:
            path = os.path.join(base, name)
            with open(path, "rb") as file:
                tree[os.path.relpath(path, folder)] = file.read()
    return tree


def lay(folder: Path, tree: Tree) -> None:
    for path, text in sorted(tree.items()):
        if text is None:
            (folder / path).mkdir(parents=True, exist_ok=True)
        else:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(text)


def changed(old: Tree, new: Tree) -> set[str]:
    """The paths that are not the same in both."""
    return {path for path in {*old, *new} if path not in old or path not in new or old[path] != new[path]}


def difference(old: Tree, new: Tree) -> str:
    """The first paths that differ, in words; empty if none does."""
    out = []
    for path in sorted({*old, *new}):
        if path not in new:
            out.append(f"{path} is gone")
        elif path not in old:
            out.append(f"{path} is new")
        elif old[path] != new[path]:
            out.append(f"{path} differs{first_difference(old[path] or b'', new[path] or b'')}")
    return ", ".join(out[:4])


def first_difference(old: bytes, new: bytes) -> str:
    for a, b in zip(old.splitlines(), new.splitlines(), strict=False):
        if a != b:
            return f" ({a.decode(errors='replace')[:60]!r} -> {b.decode(errors='replace')[:60]!r})"
    return " (at its end)"


def same_code(old: bytes, new: bytes) -> bool:
    """Whether two modules are the same program, the order of their imports aside."""

    def parts(text: bytes) -> tuple[Any, ...]:
        tree = ast.parse(text)
        imports: Counter[str] = Counter()
        body = []
        for node in tree.body:
            if isinstance(node, ast.Import):
                imports.update(f"import {one.name} {one.asname}" for one in node.names)
            elif isinstance(node, ast.ImportFrom):
                imports.update(f"from {'.' * node.level}{node.module} {one.name} {one.asname}" for one in node.names)
            else:
                body.append(ast.dump(node))
        return imports, body

    a, b = parts(old), parts(new)
    return a[1] == b[1] and len(a[0]) == len(b[0])


def is_edited(old: bytes, new: bytes) -> bool:
    """Whether a module is another program than it was, or none."""
    try:
        return not same_code(old, new)
    except SyntaxError:
        return True


# Behaviour


def user_events(run: dict[str, Any]) -> list[str]:
    return [f"{kind} {text}".strip() for kind, text in run["events"] if kind != "ours"]


def reads(run: dict[str, Any], modules: set[str] | None = None) -> list[str]:
    """The variables that the user's modules read, with what they got; only those of `modules`, if they are given."""
    return sorted(f"{name}={value!r}" for name, value, module in run["environment"] if modules is None or module in modules)


def same_behaviour(before: dict[str, Any], now: dict[str, Any], not_compared: set[str], removed: bool = False) -> Iterator[str]:
    """What the user's own code does not do as before."""
    if not now["ok"]:
        yield f"the application does not start ({now['phase']}): {now['error']}"
        return
    if user_events(before) != user_events(now):
        yield f"it did {user_events(before)} and does {user_events(now)}"
    if not removed and reads(before) != reads(now, set(before["modules"])):
        yield f"it read {reads(before)} and reads {reads(now, set(before['modules']))}"
    for path, answer in before["answers"].items():
        if path not in not_compared and now["answers"].get(path) != answer:
            yield f"{path} answered {str(answer)[:90]} and answers {str(now['answers'].get(path))[:90]}"
    for name, values in before["settings"].items():
        other = now["settings"].get(name)
        if other is None:
            # Where ours alone imported the module, nothing of the user's misses it
            if not removed or name.rpartition(".")[0] in now["modules"]:
                yield f"the settings object {name} is gone"
        elif not removed and any(other.get(key) != value for key, value in values.items()):
            changed = {key: (value, other.get(key)) for key, value in values.items() if other.get(key) != value}
            yield f"{name}: {changed}"
    if before["state"] != now["state"]:
        yield f"the lifespan's state was {before['state']} and is {now['state']}"
    gone = [name for name in before["modules"] if name not in now["modules"]]
    if gone and not removed:
        yield f"no longer imported: {', '.join(gone[:3])}"


def life_cycle(events: list[list[str]], components: tuple[str, ...], ordered: bool = True) -> list[str]:
    """Whether each start and stop ran exactly once, on its side of the requests, in the right order."""
    wrongs = []
    up = next((at for at, (kind, _) in enumerate(events) if kind == "up"), len(events))
    down = next((at for at, (kind, _) in enumerate(events) if kind == "down"), len(events))
    starts = [text for kind, text in events[:up] if kind == "ours" and text not in SETUPS]
    stops = [text for kind, text in events[down:] if kind == "ours" and text not in SETUPS]
    between = [text for kind, text in events[up:down] if kind == "ours"]
    wanted_starts = sorted({name for one in components for name in PROMISES[one][0]})
    wanted_stops = sorted({name for one in components for name in PROMISES[one][1]})
    if sorted(starts) != wanted_starts:
        wrongs.append(f"started {starts or 'nothing'}, wanted {wanted_starts or 'nothing'}")
    if sorted(stops) != wanted_stops:
        wrongs.append(f"stopped {stops or 'nothing'}, wanted {wanted_stops or 'nothing'}")
    if between:
        wrongs.append(f"between start and stop ran {between}")
    if "arq" in components and not wrongs:
        if starts.index("start_redis") > starts.index("start_arq") or stops.index("stop_redis") < stops.index("stop_arq"):
            wrongs.append(f"arq needs redis, and the order is {starts} {stops}")
    if ordered and not wrongs:
        first = next((at for at, (kind, text) in enumerate(events) if kind == "ours" and text in STARTS), up)
        last = max((at for at, (kind, text) in enumerate(events) if kind == "ours" and text in STOPS), default=down)
        if any(kind == "print" for kind, _ in events[first:up]):
            wrongs.append(f"ours start before the user's: {[text for _, text in events[:up]]}")
        if any(kind == "print" for kind, _ in events[down:last]):
            wrongs.append(f"ours stop after the user's: {[text for _, text in events[down:]]}")
    return wrongs


def connection_url(one: dict[str, Any]) -> str:
    user, password = one["user"] or "", one["password"]
    user = "" if user == "default" else user
    login = f"{quote(user, safe='')}:{quote(password, safe='')}@" if password else ""
    return f"{'rediss' if one['ssl'] else 'redis'}://{login}{one['host']}:{one['port']}/{one['db']}"


def targets(run: dict[str, Any]) -> str:
    return ", ".join(connection_url(one) for one in run["connections"]) or "nothing"


def sound(done: Done) -> list[str]:
    """What is wrong with the way in which a command refused."""
    if done.code == -1:
        return [done.err]
    if done.code not in (1, 2):
        return [f"ends with {done.code}: {done.first()}"]
    if "defect of paxx" in done.text or "panicked" in done.text:
        return [f"calls it a defect of its own: {done.first()}"]
    if not done.codes and "help:" not in done.text:
        return [f"refuses without a code and without help: {done.first()}"]
    return []


def dump(judged: Judged) -> str:
    return json.dumps({"shape": judged.shape, "verdicts": [vars(one) for one in judged.verdicts]})
