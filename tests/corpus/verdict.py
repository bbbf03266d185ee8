#!/usr/bin/env python3
"""Judges what `paxx` does to whole projects, and prints a table of project x component.

usage: verdict.py FOLDER [NAME...] [--components a,b,all] [--run ENVIRONMENTS] [--jobs N] [--keep] [--facts]

FOLDER holds one project a sub-folder; the project's root may lie deeper. The trees are only read: all work is done on
copies. The binary is $PAXX_BIN (or `paxx`). What is right is decided here, by Python's own parsers, and never by asking
the tool: the components are read from `templates/*/component.toml`, the projects by `ast`, `tomllib` and PyYAML.

    perfect   applied, semantically right, only additions, repeatable, check clean, reversible; with --run, the application
              starts with what is listed, does what it did, and each start and stop of ours runs once (`running.py`)
    refused   nothing written, and each code is expected (accepted.tsv, or NAME.json beside the tree)
    REFUSED   nothing written, but nobody said that this refusal is right
    DEFECT    applied, and something of the above does not hold
    CORRUPT   a file no longer parses, or bytes of the user's are lost
    CRASH     a panic, a signal, an unknown exit code, a hang

Exit code 1 as soon as there is one in capital letters, or a shape that should refuse and did not.
"""

from __future__ import annotations

import argparse
import ast
import concurrent.futures
import fnmatch
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import tomllib
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from running import Runner

HERE = Path(__file__).resolve().parent
BINARY = os.environ.get("PAXX_BIN", "paxx")
STATE = tempfile.TemporaryDirectory(prefix="paxx-state-")
SKIP = {".git", ".paxx", ".venv", "venv", "node_modules", "__pycache__", ".tox", "site-packages"}
TIMEOUT = 60


class Corrupt(Exception):
    """A file of the user's is broken or has lost something."""


class Crash(Exception):
    """The tool did not end as a tool should."""


# ---- components: what the manifests ask for -------------------------------------------------------------------------


def load_components() -> dict[str, dict]:
    """Every manifest, by name."""
    found = {}
    for path in sorted((HERE.parent.parent / "templates").glob("*/component.toml")):
        manifest = tomllib.loads(path.read_text("utf-8"))
        found[manifest["id"]] = manifest
    return found


def as_added(components: dict[str, dict], names: list[str]) -> dict[str, dict]:
    """The manifests without what is only for other components, or for options that are not the defaults."""

    def counts(manifest: dict, entry: object) -> bool:
        if not isinstance(entry, dict):
            return True
        defaults = {option["name"]: option["default"] for option in manifest.get("option", [])}
        wanted = {option: [values] if isinstance(values, str) else values for option, values in entry.get("when", {}).items()}
        return entry.get("with", names[0]) in names and all(defaults[option] in values for option, values in wanted.items())

    return {
        name: {key: [entry for entry in value if counts(manifest, entry)] if isinstance(value, list) else value for key, value in manifest.items()}
        for name, manifest in components.items()
    }


def together(components: dict[str, dict]) -> list[str]:
    """All that can be in one project: of components that replace the same image by different ones, the first."""
    replaced: set[str] = set()
    found = []
    for name, manifest in components.items():
        images = {image["replaces"] for image in manifest.get("image", [])}
        if not images & replaced:
            found.append(name)
        replaced |= images
    return found


def closure(components: dict[str, dict], names: list[str]) -> list[str]:
    """The named components and those that they require, required ones first."""
    ordered: list[str] = []

    def visit(name: str) -> None:
        for required in components[name].get("requires", []):
            visit(required)
        if name not in ordered:
            ordered.append(name)

    for name in names:
        visit(name)
    return ordered


# ---- trees ----------------------------------------------------------------------------------------------------------


def snapshot(top: Path) -> dict[str, tuple]:
    """Every file and link below `top`: its kind, permission bits and bytes."""
    found: dict[str, tuple] = {}
    for folder, folders, files in os.walk(top):
        folders[:] = [name for name in folders if name not in {".git", ".paxx"}]
        for name in list(folders) + files:
            path = Path(folder) / name
            info = path.lstat()
            key = str(path.relative_to(top))
            if stat.S_ISLNK(info.st_mode):
                found[key] = ("link", os.readlink(path))
            elif stat.S_ISREG(info.st_mode):
                found[key] = ("file", stat.S_IMODE(info.st_mode), path.read_bytes())
            elif stat.S_ISDIR(info.st_mode) and not any(path.iterdir()):
                found[key] = ("empty folder",)
    return found


def differences(before: dict[str, tuple], after: dict[str, tuple], modes: bool = True) -> list[str]:
    """The paths that differ between two snapshots."""

    def seen(entry: tuple | None) -> tuple | None:
        if entry is None or modes or entry[0] != "file":
            return entry
        return ("file", bool(entry[1] & 0o100), entry[2])

    return sorted(key for key in before.keys() | after.keys() if seen(before.get(key)) != seen(after.get(key)))


def git(top: Path, *arguments: str, feed: bytes | None = None) -> subprocess.CompletedProcess:
    """Runs git away from the user's own configuration."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "core.autocrlf=false", "-c", "core.safecrlf=false"]
    return subprocess.run([*command, *arguments], cwd=top, input=feed, capture_output=True, env=environment, check=False)


def copy_tree(source: Path, target: Path, modes: list, repository: bool = True) -> None:
    """A copy whose old git folders are gone, and which is a fresh git repository at its top."""
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns(".git", "__pycache__", ".venv"))
    for path, mode in modes:
        (target / path).chmod(int(mode, 8))
    if not repository:
        return
    git(target, "init", "-q")
    git(target, "add", "-A", "-f")
    git(target, "commit", "-q", "--no-verify", "-m", "before")


def repository_top(tree: Path) -> Path:
    """The folder that would be the repository: the tree, or the only folder in it."""
    entries = [entry for entry in tree.iterdir() if entry.name not in SKIP]
    if len(entries) == 1 and entries[0].is_dir() and not (entries[0] / "__init__.py").exists():
        return entries[0]
    return tree


# ---- Python ---------------------------------------------------------------------------------------------------------


def read_python(path: Path) -> ast.Module | None:
    """The module's tree; None where it does not parse."""
    try:
        return ast.parse(path.read_bytes(), str(path))
    except (SyntaxError, ValueError, OSError):
        return None


class Code:
    """The Python of a project: modules, imports, definitions, by syntax alone."""

    def __init__(self, top: Path, root: Path) -> None:
        self.top, self.root = top, root
        self.trees: dict[Path, ast.Module | None] = {}
        self.roots: list[Path] = []

    def files(self) -> list[Path]:
        """Every Python file of the project, nearest to the root first."""
        found = []
        for folder, folders, names in os.walk(self.root):
            folders[:] = sorted(name for name in folders if name not in SKIP)
            found += [Path(folder) / name for name in sorted(names) if name.endswith(".py")]
        return sorted(found, key=lambda path: (len(path.parts), str(path)))

    def tree(self, path: Path) -> ast.Module | None:
        """The syntax tree of a file, read once."""
        if path not in self.trees:
            self.trees[path] = read_python(path)
        return self.trees[path]

    def locate(self, dotted: str) -> Path | None:
        """The file of an absolute module name, from one of the import roots."""
        for base in self.roots:
            path = base.joinpath(*dotted.split("."))
            if path.with_suffix(".py").is_file():
                return path.with_suffix(".py")
            if (path / "__init__.py").is_file():
                return path / "__init__.py"
        return None

    def is_package(self, dotted: str) -> bool:
        """Is this a folder that can be imported, with or without `__init__.py`?"""
        return any(base.joinpath(*dotted.split(".")).is_dir() for base in self.roots)

    def absolute(self, path: Path, statement: ast.ImportFrom) -> str | None:
        """The absolute name of the module that an import statement of `path` names."""
        if not statement.level:
            return statement.module or ""
        folder = path.parent
        for _ in range(statement.level - 1):
            folder = folder.parent
        for base in self.roots:
            if folder == base or base in folder.parents:
                parts = list(folder.relative_to(base).parts)
                return ".".join(parts + ([statement.module] if statement.module else []))
        return None

    def imports(self, path: Path) -> dict[str, tuple[str, str | None]]:
        """Name -> (module, name in it) for every import anywhere in a file."""
        found: dict[str, tuple[str, str | None]] = {}
        for node in ast.walk(self.tree(path) or ast.Module([], [])):
            if isinstance(node, ast.ImportFrom):
                module = self.absolute(path, node)
                for alias in node.names:
                    found[alias.asname or alias.name] = (module or "", alias.name)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    found[alias.asname or alias.name.split(".")[0]] = (alias.name if alias.asname else alias.name.split(".")[0], None)
        return found

    def define(self, path: Path, name: str, depth: int = 0) -> tuple[Path, ast.AST] | None:
        """Where a (dotted) name of a file is defined: the file and the class, function or assignment."""
        if depth > 8:
            return None
        head, _, rest = name.partition(".")
        if rest:
            known = self.imports(path).get(head)
            if known:
                module = known[0] if known[1] is None else f"{known[0]}.{known[1]}"
                while rest:
                    inner, _, rest = rest.partition(".")
                    file = self.locate(module)
                    if file and (self.define_here(file, inner) or not self.locate(f"{module}.{inner}")):
                        return self.define(file, inner + ("." + rest if rest else ""), depth + 1)
                    module = f"{module}.{inner}"
            return None
        here = self.define_here(path, head)
        if here is not None:
            return path, here
        known = self.imports(path).get(head)
        if known and known[1] is not None:
            file = self.locate(known[0]) if known[0] else None
            if file:
                return self.define(file, known[1], depth + 1)
        if head not in self.imports(path):
            for node in (self.tree(path) or ast.Module([], [])).body:
                if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
                    file = self.locate(self.absolute(path, node) or "?")
                    found = self.define(file, head, depth + 1) if file else None
                    if found:
                        return found
        return None

    def define_here(self, path: Path, name: str) -> ast.AST | None:
        """The last definition of a name at the top level of a file (also inside `if` and `try`)."""
        found = None
        for node in blocks((self.tree(path) or ast.Module([], [])).body):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
                found = node
            elif isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == name for target in node.targets):
                found = node
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == name and (node.value or not found):
                found = node
        return found

    def names(self, path: Path) -> set[str]:
        """Everything that can be imported from a file."""
        found = set(self.imports(path))
        for node in blocks((self.tree(path) or ast.Module([], [])).body):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                found.add(node.name)
            for part in ast.walk(node) if isinstance(node, ast.Assign | ast.AnnAssign | ast.For | ast.With) else ():
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                    found.add(part.id)
        return found


def blocks(body: list[ast.stmt]):
    """The statements of a body and of the `if`, `try`, `with` and `for` blocks in it."""
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try | ast.With | ast.AsyncWith | ast.For | ast.While):
            for name in ("body", "orelse", "finalbody"):
                yield from blocks(getattr(node, name, []))
            for handler in getattr(node, "handlers", []):
                yield from blocks(handler.body)


def dotted(node: ast.AST | None) -> str:
    """`a.b.c` of a name or attribute; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else ""
    return ""


def parents(tree: ast.AST) -> dict[ast.AST, ast.AST]:
    """Child -> parent."""
    return {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}


def enclosing(up: dict, node: ast.AST, kinds: tuple = (ast.FunctionDef, ast.AsyncFunctionDef)) -> ast.AST | None:
    """The nearest function around a node."""
    while node in up:
        node = up[node]
        if isinstance(node, kinds):
            return node
    return None


# ---- facts: what the project is, found without the tool -------------------------------------------------------------


@dataclass
class Facts:
    """What a reader of the project would say it is."""

    root: Path
    application: Path | None = None
    call: int = 0
    import_root: Path | None = None
    settings: tuple[Path, str] | None = None
    dependencies: Path | None = None
    compose: Path | None = None
    app_service: str | None = None
    env: Path | None = None
    notes: dict = field(default_factory=dict)


def is_settings_class(code: Code, path: Path, node: ast.ClassDef, depth: int = 0) -> bool:
    """Has the class pydantic's `BaseSettings` among its ancestors?"""
    if depth > 6:
        return False
    for base in node.bases:
        name = dotted(base.value if isinstance(base, ast.Subscript) else base)
        if not name:
            continue
        head = code.imports(path).get(name.split(".")[0])
        if head and head[0].split(".")[0] in {"pydantic", "pydantic_settings"} and (head[1] == "BaseSettings" or name.endswith(".BaseSettings")):
            return True
        known = code.define(path, name)
        if known and isinstance(known[1], ast.ClassDef) and known[1] is not node and is_settings_class(code, known[0], known[1], depth + 1):
            return True
    return False


def ancestry(code: Code, path: Path, name: str) -> list[tuple[Path, ast.ClassDef]]:
    """A class and its project-made ancestors."""
    known = code.define(path, name)
    if not known or not isinstance(known[1], ast.ClassDef):
        return []
    found = [(known[0], known[1])]
    for base in known[1].bases:
        base_name = dotted(base.value if isinstance(base, ast.Subscript) else base)
        if base_name and base_name != name:
            found += ancestry(code, known[0], base_name)
    return found


def class_of(code: Code, path: Path, name: str, depth: int = 0) -> list[tuple[Path, str]]:
    """The settings classes that a variable or a function (without arguments) may hand out."""
    known = code.define(path, name)
    if not known or depth > 6:
        return []
    home, node = known
    if isinstance(node, ast.ClassDef):
        return [(home, node.name)] if is_settings_class(code, home, node) else []
    expressions: list[ast.AST] = []
    if isinstance(node, ast.Assign | ast.AnnAssign):
        if isinstance(node, ast.AnnAssign):
            expressions.append(node.annotation)
        if node.value is not None:
            expressions.append(node.value)
    elif isinstance(node, ast.FunctionDef):
        expressions += [node.returns] if node.returns else []
        expressions += [part.value for part in ast.walk(node) if isinstance(part, ast.Return) and part.value]
        expressions += [part.value for part in ast.walk(node) if isinstance(part, ast.Assign | ast.AnnAssign) and part.value]
    found = []
    for expression in expressions:
        for part in ast.walk(expression):
            reference = dotted(part)
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                reference = part.value if part.value.isidentifier() else ""
            if reference and reference != name:
                found += class_of(code, home, reference, depth + 1)
        if found:
            break
    return list(dict.fromkeys(found))


def find_settings(code: Code, application: Path | None) -> tuple[Path, str] | None:
    """The class that the application uses: the only one, or the one that the nearest module on its import chain reads."""
    classes = []
    for path in code.files():
        if "test" in path.name or "tests" in path.relative_to(code.root).parts:
            continue
        for node in blocks((code.tree(path) or ast.Module([], [])).body):
            if isinstance(node, ast.ClassDef) and is_settings_class(code, path, node):
                classes.append((path, node.name))
    if len(classes) <= 1:
        return classes[0] if classes else None
    seen, queue = set(), [application] if application else []
    while queue:
        layer, queue, found = queue, [], []
        for path in layer:
            if path in seen:
                continue
            seen.add(path)
            for local, (module, name) in code.imports(path).items():
                if name:
                    found += class_of(code, path, local)
                target = code.locate(f"{module}.{name}" if name else module) or code.locate(module)
                if target:
                    queue.append(target)
            for node in ast.walk(code.tree(path) or ast.Module([], [])):
                if isinstance(node, ast.Attribute) and dotted(node).count(".") == 1:
                    found += class_of(code, path, dotted(node))
        found = list(dict.fromkeys(found))
        parts = {part for item in found for part in classes if part != item and names_of_fields(code, item) & {part[1]}}
        whole = [item for item in found if item not in parts]
        if len(whole) == 1:
            return whole[0]
        if whole:
            return None
    return None


def names_of_fields(code: Code, item: tuple[Path, str]) -> set[str]:
    """The names that occur in the annotations of a class."""
    known = code.define(*item)
    if not known or not isinstance(known[1], ast.ClassDef):
        return set()
    return {part.id for node in known[1].body if isinstance(node, ast.AnnAssign) for part in ast.walk(node.annotation) if isinstance(part, ast.Name)}


def application_calls(code: Code, path: Path) -> list[ast.Call]:
    """The calls of `FastAPI`, or of a class of the project that inherits from it, in the order of the file."""
    found = []
    for node in ast.walk(code.tree(path) or ast.Module([], [])):
        if not isinstance(node, ast.Call) or not dotted(node.func):
            continue
        name = dotted(node.func)
        head = code.imports(path).get(name.split(".")[0])
        if head and head[0].split(".")[0] == "fastapi" and (head[1] == "FastAPI" or (head[1] is None and name.endswith(".FastAPI"))):
            found.append(node)
            continue
        for home, known in ancestry(code, path, name) if "." not in name else ():
            for base in known.bases:
                origin = code.imports(home).get(dotted(base))
                if origin and origin[0].split(".")[0] == "fastapi" and origin[1] == "FastAPI":
                    found.append(node)
    return sorted(found, key=lambda call: (call.lineno, call.col_offset))


MARKERS = ["pyproject.toml", "requirements.txt", "requirements.in", "setup.py", "setup.cfg", "Pipfile"]


def find_facts(top: Path, given: dict) -> Facts:
    """The facts of a project; what the shape states itself wins."""
    whole = Code(top, top)
    application = top / given["application"] if "application" in given else None
    if application is None:
        candidates = []
        for path in whole.files():
            if re.search(r"(^|/)(tests?|examples?|docs)/|(^|/)(test_|conftest)", str(path.relative_to(top))):
                continue
            text = path.read_bytes()
            if b"FastAPI" in text and application_calls(whole, path):
                candidates.append(path)
        application = candidates[0] if candidates else None
    root = top / given["root"] if "root" in given else None
    if root is None:
        folder = application.parent if application else top
        while folder != top and not any((folder / name).exists() for name in MARKERS):
            folder = folder.parent
        root = folder
    facts = Facts(root=root, application=application, call=given.get("call", 0))
    code = Code(top, root)
    facts.import_root = top / given["import_root"] if "import_root" in given else find_import_root(code, root, application)
    code.roots = import_roots(facts)
    if "settings" in given:
        path, _, name = given["settings"].partition(":")
        facts.settings = (top / path, name) if path else None
    else:
        facts.settings = find_settings(code, application)
    facts.dependencies = top / given["dependencies"] if given.get("dependencies") else find_dependencies(root)
    facts.env = top / given["env"] if given.get("env") else None
    if "env" not in given:
        facts.env = next((root / name for name in ENV_NAMES if (root / name).is_file()), None)
        folder = root
        while facts.env is None and folder != top:
            folder = folder.parent
            facts.env = next((folder / name for name in ENV_NAMES if (folder / name).is_file()), None)
    if "compose" in given:
        facts.compose = top / given["compose"] if given["compose"] else None
    else:
        folder = root
        while True:
            facts.compose = next((folder / name for name in COMPOSE_NAMES if (folder / name).is_file()), None)
            if facts.compose or folder == top:
                break
            folder = folder.parent
        if facts.compose is None:
            below = [path for name in COMPOSE_NAMES for path in root.glob(f"*/{name}") if find_app_service(path, root)]
            facts.compose = below[0] if len(below) == 1 else None
    if facts.compose:
        facts.app_service = given["app_service"] if "app_service" in given else find_app_service(facts.compose, root)
    return facts


ENV_NAMES = [".env.example", ".env.template", ".env.sample", ".env-example", ".env.dist", "env.example", "example.env", ".env_example", "sample.env"]
COMPOSE_NAMES = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"]


def import_roots(facts: Facts) -> list[Path]:
    """Where absolute imports start, the application's own first."""
    roots = [facts.import_root] if facts.import_root else []
    for base in (facts.root, facts.root / "src"):
        # A `src` that is a package is imported from, and no place to start at.
        if base.is_dir() and base not in roots and (base == facts.root or not (base / "__init__.py").exists()):
            roots.append(base)
    return roots


def find_import_root(code: Code, root: Path, application: Path | None) -> Path:
    """The folder from which most absolute imports of the application resolve."""
    if application is None:
        return root
    folder = application.parent
    candidates = [folder]
    while folder != root and root in folder.parents:
        folder = folder.parent
        candidates.append(folder)
    scores = {}
    for base in candidates:
        code.roots = [base]
        modules = [
            node.module or ""
            for path in code.files()
            for node in ast.walk(code.tree(path) or ast.Module([], []))
            if isinstance(node, ast.ImportFrom) and not node.level and path.parent in [application.parent, *application.parent.parents]
        ]
        scores[base] = sum(1 for module in modules if code.locate(module) or code.is_package(module))
    best = max(scores.values())
    if best:
        return max(candidates, key=lambda base: (scores[base], len(base.parts)))
    folder = application.parent
    while (folder / "__init__.py").exists() and folder != root:
        folder = folder.parent
    return folder


def find_dependencies(root: Path) -> Path | None:
    """The file where the project's dependencies are written by hand."""
    project = root / "pyproject.toml"
    if project.is_file():
        try:
            data = tomllib.loads(project.read_text("utf-8-sig"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError):
            return project
        others = any((root / name).is_file() for name in ("requirements.txt", "requirements.in"))
        if data.get("project", {}).get("dependencies") or ("dependencies" in data.get("project", {}) and not others) or "dependencies" in data.get("tool", {}).get("poetry", {}):
            return project
        dynamic = data.get("tool", {}).get("setuptools", {}).get("dynamic", {}).get("dependencies", {}).get("file")
        if dynamic:
            return root / (dynamic if isinstance(dynamic, str) else dynamic[0])
    for name in ("requirements.in", "requirements/base.in", "requirements.txt", "requirements/base.txt", "requirements/prod.txt"):
        if (root / name).is_file():
            return root / name
    return project if project.is_file() and "project" in tomllib.loads(project.read_text("utf-8-sig")) else None


def find_app_service(path: Path, root: Path) -> str | None:
    """The service whose build context holds the project; by its command or Dockerfile where there are several."""
    try:
        data = read_yaml(path.read_text("utf-8-sig"))
    except (yaml.YAMLError, ValueError):
        return None
    built = {}
    for name, service in ((data or {}).get("services") or {}).items():
        if not isinstance(service, dict) or "build" not in service:
            continue
        build = service["build"]
        context = build if isinstance(build, str) else build.get("context", ".")
        place = (path.parent / context).resolve()
        if place == root.resolve() or place in root.resolve().parents:
            built[name] = str(service.get("command", "")) + str(service.get("entrypoint", ""))
    if len(built) > 1:
        serving = [name for name, command in built.items() if re.search(r"uvicorn|gunicorn|hypercorn|fastapi (run|dev)", command)]
        if not serving:
            serving = [name for name, command in built.items() if not command]
        return serving[0] if len(serving) == 1 else None
    return next(iter(built), None)


# ---- YAML, dependencies, env ----------------------------------------------------------------------------------------


class Loader(yaml.SafeLoader):
    """YAML as Compose reads it: unknown tags are let through, a key twice is an error."""


def construct_any(loader: Loader, _suffix: str, node: yaml.Node):
    if isinstance(node, yaml.ScalarNode):
        return node.value
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)


Loader.add_multi_constructor("!", construct_any)


def read_yaml(text: str):
    """The first document."""
    for node in yaml.compose_all(text, Loader):
        duplicate_keys(node)
    return next(iter(yaml.load_all(text, Loader)), None)


def duplicate_keys(node: yaml.Node | None, seen: set | None = None) -> None:
    """Raises where a mapping has a key twice."""
    seen = seen if seen is not None else set()
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        keys = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.value != "<<")
        twice = [key for key, count in keys.items() if count > 1]
        if twice:
            raise ValueError(f"key {twice[0]!r} twice")
        for _, value in node.value:
            duplicate_keys(value, seen)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            duplicate_keys(value, seen)


def listed(path: Path) -> list[tuple[str, str, SpecifierSet | None]]:
    """(group, canonical name, specifier) of every dependency that a file lists; the group of the main list is empty."""
    found: list[tuple[str, str, SpecifierSet | None]] = []

    def add(group: str, text: str) -> None:
        try:
            requirement = Requirement(text)
            found.append((group, canonicalize_name(requirement.name), requirement.specifier))
        except InvalidRequirement:
            name = re.match(r"[A-Za-z0-9][\w.-]*", text)
            if name:
                found.append((group, canonicalize_name(name[0]), None))

    if path.suffix == ".toml":
        data = tomllib.loads(path.read_text("utf-8-sig"))
        project, poetry = data.get("project", {}), data.get("tool", {}).get("poetry", {})
        for text in project.get("dependencies", []):
            add("", text)
        for group, texts in project.get("optional-dependencies", {}).items():
            for text in texts:
                add(group, text)
        for group, texts in data.get("dependency-groups", {}).items():
            for text in texts:
                if isinstance(text, str):
                    add(group, text)
        for text in data.get("tool", {}).get("uv", {}).get("dev-dependencies", []):
            add("dev", text)
        tables = [("", poetry.get("dependencies", {})), ("dev", poetry.get("dev-dependencies", {}))]
        tables += [(name, group.get("dependencies", {})) for name, group in poetry.get("group", {}).items()]
        for group, table in tables:
            for name, value in table.items():
                version = value if isinstance(value, str) else value.get("version", "*") if isinstance(value, dict) else "*"
                found.append((group, canonicalize_name(name), poetry_specifier(version)))
    else:
        text = path.read_text("utf-8-sig").replace("\\\r\n", " ").replace("\\\n", " ")
        for line in text.splitlines():
            line = re.sub(r"(^|\s)#.*$", "", line).strip()
            if line and not line.startswith("-"):
                add("", line.split(" --")[0])
    return found


def poetry_specifier(text: str) -> SpecifierSet | None:
    """Poetry's caret and tilde as PEP 440 writes them."""
    text = text.strip()
    if text in {"", "*"}:
        return SpecifierSet("")
    match = re.fullmatch(r"\^(\d+)(?:\.(\d+))?(?:\.(\d+))?\S*", text)
    try:
        if match:
            major, minor, patch = (int(part or 0) for part in match.groups())
            above = f"{major + 1}" if major else f"0.{minor + 1}" if minor else f"0.0.{patch + 1}"
            return SpecifierSet(f">={major}.{minor}.{patch},<{above}")
        if text.startswith("~") and not text.startswith("~="):
            return SpecifierSet("~=" + text[1:])
        return SpecifierSet(text if text[0] in "<>=!~" else f"=={text}")
    except Exception:
        return None


# ---- running --------------------------------------------------------------------------------------------------------


@dataclass
class Run:
    code: int
    out: bytes
    err: str


def paxx(cwd: Path, *arguments: str) -> Run:
    """Runs the tool; anything but an orderly end is a crash."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PAXX")}
    environment |= {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "400", "XDG_STATE_HOME": STATE.name}
    try:
        done = subprocess.run([BINARY, *arguments], cwd=cwd, capture_output=True, stdin=subprocess.DEVNULL, timeout=TIMEOUT, env=environment, check=False)
    except subprocess.TimeoutExpired as error:
        raise Crash(f"`{' '.join(arguments)}` did not end in {TIMEOUT} s") from error
    err = done.stderr.decode("utf-8", "replace")
    if done.returncode not in {0, 1, 2} or "panicked at" in err:
        reason = next((line for line in err.splitlines() if "panicked" in line), f"exit {done.returncode}")
        raise Crash(f"`{' '.join(arguments)}`: {reason}")
    return Run(done.returncode, done.stdout, err)


def codes(text: str) -> list[str]:
    """The codes that a refusal names, without those of `paxx explain`."""
    return sorted(set(re.findall(r"\bPX\d{3}\b", re.sub(r"paxx explain PX\d{3}", "", text))))


# ---- the judge ------------------------------------------------------------------------------------------------------


class Judge:
    """Compares a project before and after, requirement by requirement."""

    def __init__(self, top: Path, facts: Facts, before: dict, after: dict, old: Code, components: dict, names: list[str]) -> None:
        self.top, self.facts, self.before, self.after, self.old = top, facts, before, after, old
        self.components, self.names = as_added(components, names), names
        self.code = Code(top, facts.root)
        self.code.roots = import_roots(facts)
        self.faults: list[str] = []
        self.fields: dict[str, str] = {}
        self.prefix = ""
        self.computed: set[str] = set()

    def fault(self, text: str) -> None:
        if text not in self.faults:
            self.faults.append(text)

    def relative(self, path: Path) -> str:
        return str(path.relative_to(self.top))

    def judge(self) -> list[str]:
        """All that is wrong."""
        self.bytes_and_syntax()
        self.modules()
        self.settings()
        self.dependencies()
        self.env()
        self.compose()
        self.application()
        self.ignore()
        self.migrations()
        self.imports()
        return self.faults

    # -- bytes

    def bytes_and_syntax(self) -> None:
        """Nothing is lost, nothing but the closed list changes, everything still parses."""
        for key in sorted(self.before):
            old, new = self.before[key], self.after.get(key)
            if new is None:
                raise Corrupt(f"{key} is gone")
            if old[0] != new[0] or (old[0] == "link" and old != new):
                raise Corrupt(f"{key} was a {old[0]} and is a {new[0]}")
            if old[0] != "file" or old == new:
                continue
            if old[1] != new[1]:
                self.fault(f"mode of {key}: {old[1]:o} -> {new[1]:o}")
            if old[2] != new[2]:
                self.file(key, old[2], new[2])
        for key in sorted(self.after.keys() - self.before.keys()):
            data = self.after[key]
            if data[0] == "file":
                self.parses(key, data[2], None)
                if data[1] & 0o111:
                    self.fault(f"{key} is created executable")
        created = {key for key in self.after.keys() - self.before.keys()}
        kinds = ("module", "test")
        wanted = {file["path"] for name in self.names for kind in kinds for file in self.components[name].get(kind, [])} | {"__init__.py"}
        for key in created:
            path = Path(key)
            is_settings = self.facts.settings is None and path.suffix == ".py"
            if path.name not in wanted and key != "paxx.lock" and not is_settings and not key.endswith("/paxx.lock"):
                self.fault(f"creates {key}")

    def parses(self, key: str, data: bytes, old: bytes | None) -> None:
        """A file of a kind that is known parses; one that did not before need not."""

        def valid(content: bytes) -> str | None:
            try:
                if key.endswith(".py"):
                    ast.parse(content)
                elif key.endswith(".toml") or key.endswith("paxx.lock"):
                    tomllib.loads(content.decode("utf-8-sig"))
                elif key.endswith((".yml", ".yaml")):
                    read_yaml(content.decode("utf-8-sig"))
                return None
            except Exception as error:
                return f"{type(error).__name__}: {error}".splitlines()[0]

        reason = valid(data)
        if reason and (old is None or valid(old) is None):
            raise Corrupt(f"{key} no longer parses: {reason}")

    def file(self, key: str, old: bytes, new: bytes) -> None:
        self.parses(key, new, old)
        name = Path(key).name
        if name == ".env" or name.startswith(".env.") and name not in ENV_NAMES:
            self.fault(f"{key} is edited")
        if old.startswith(b"\xef\xbb\xbf") != new.startswith(b"\xef\xbb\xbf"):
            raise Corrupt(f"BOM of {key}")
        if old and old.endswith((b"\n", b"\r")) != new.endswith((b"\n", b"\r")):
            self.fault(f"final newline of {key}")
        endings_old, endings_new = line_endings(old), line_endings(new)
        if endings_old and endings_new - endings_old:
            self.fault(f"line endings of {key}: {sorted(endings_old)} -> {sorted(endings_new)}")
        calls = application_calls(self.old, self.top / key) if key.endswith(".py") else []
        lost = changed_lines(key, old, new, {line for call in calls for line in range(call.lineno - 1, call.end_lineno)})
        for line in lost:
            self.fault(f"{key}: a line that must stay is changed: {line!r}")
        if not is_subsequence(old.replace(b"lifespan=None", b"lifespan="), new) and not (key.endswith((".yml", ".yaml")) and any(self.components[name].get("image") for name in self.names)) and not has_pass(old):
            raise Corrupt(f"{key}: bytes are lost")

    # -- modules

    def services_folder(self) -> Path | None:
        """The folder of the generated modules: the one where the first of them appeared."""
        for name in self.names:
            for module in self.components[name].get("module", []):
                found = [key for key in self.after if Path(key).name == module["path"] and key not in self.before]
                found += [key for key in self.after if key.endswith("services/" + module["path"])]
                if found:
                    return self.top / Path(found[0]).parent
        return None

    def modules(self) -> None:
        folder = self.services_folder()
        self.folder = folder
        if folder is None:
            self.fault("no module was written")
            return
        if folder in self.code.roots:
            self.fault(f"modules lie at the import root {self.relative(folder)}: arq.py would shadow the package")
        base = next((base for base in self.code.roots if base in folder.parents), None)
        if base is None:
            self.fault(f"{self.relative(folder)} cannot be imported from {self.relative(self.facts.import_root)}")
        for name in self.names:
            for module in self.components[name].get("module", []):
                path = folder / module["path"]
                if not path.is_file():
                    self.fault(f"module {module['path']} is missing")
                elif "{{" in path.read_text() or "{%" in path.read_text():
                    self.fault(f"module {module['path']} has template syntax")
        if not (folder / "__init__.py").exists():
            self.fault(f"{self.relative(folder)} has no __init__.py")

    # -- settings

    def own_settings(self) -> list[tuple[str, dict]]:
        return [(name, setting) for name in self.names for setting in self.components[name].get("setting", [])]

    def settings(self) -> None:
        wanted = self.own_settings()
        if not wanted:
            return
        reached: set[tuple[Path, str]] = set()
        expressions = set()
        lower = {setting["name"].lower() for _, setting in wanted}
        for name in self.names:
            for module in self.components[name].get("module", []):
                path = self.folder / module["path"] if self.folder else None
                if path is None or not path.is_file():
                    continue
                for node in ast.walk(self.code.tree(path) or ast.Module([], [])):
                    if not isinstance(node, ast.Attribute) or node.attr.lower() not in lower or isinstance(node.ctx, ast.Store):
                        continue
                    base = node.value
                    expression = ast.unparse(base)
                    if expression in {"self", "os", "cls"}:
                        continue
                    expressions.add(expression)
                    called = base.func if isinstance(base, ast.Call) else base
                    classes = self.reached_class(path, called)
                    if not classes:
                        self.fault(f"{module['path']}: `{expression}` is no instance of a settings class")
                    reached |= set(classes)
                    self.fields.setdefault(node.attr.lower(), node.attr)
        if not reached:
            needs = any("settings" in (self.folder / module["path"]).read_text() for name in self.names for module in self.components[name].get("module", []) if self.folder and (self.folder / module["path"]).is_file())
            if needs:
                self.fault("no generated module reads a setting")
        if self.facts.settings:
            related = {(path, node.name) for path, node in ancestry(self.code, *self.facts.settings)}
            for item in reached:
                own = {(path, node.name) for path, node in ancestry(self.code, *item)}
                if not own & {self.facts.settings} and not related & {item}:
                    self.fault(f"the application uses {self.facts.settings[1]}, the modules read {item[1]} of {self.relative(item[0])}")
        for item in reached or ({self.facts.settings} if self.facts.settings else set()):
            self.settings_class(item, wanted)

    def reached_class(self, path: Path, called: ast.AST) -> list[tuple[Path, str]]:
        """The class behind the expression by which a module reads settings."""
        name = dotted(called)
        if not name:
            return []
        found = class_of(self.code, path, name)
        if found or "." not in name:
            return found
        # `container.settings`: an attribute of an instance, or of a class
        head, _, attribute = name.partition(".")
        known = self.code.define(path, head)
        if known and isinstance(known[1], ast.Assign) and isinstance(known[1].value, ast.Call):
            holder = self.code.define(known[0], dotted(known[1].value.func))
            if holder and isinstance(holder[1], ast.ClassDef):
                known = holder
        if known and isinstance(known[1], ast.ClassDef):
            for node in ast.walk(known[1]):
                if isinstance(node, ast.Assign | ast.AnnAssign):
                    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                    if any(dotted(target).rpartition(".")[2] == attribute for target in targets):
                        for part in [*ast.walk(node)]:
                            if dotted(part):
                                found += class_of(self.code, known[0], dotted(part))
                if isinstance(node, ast.FunctionDef) and node.name == attribute and node.returns is not None:
                    found += class_of(self.code, known[0], dotted(node.returns))
        return list(dict.fromkeys(found))

    def settings_class(self, item: tuple[Path, str], wanted: list[tuple[str, dict]]) -> None:
        chain = ancestry(self.code, *item)
        fields: dict[str, list[tuple[Path, ast.ClassDef, ast.AnnAssign]]] = {}
        for path, node in chain:
            for statement in node.body:
                if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                    fields.setdefault(statement.target.id.lower(), []).append((path, node, statement))
        had = {}
        if item[0].is_file() and self.relative(item[0]) in self.before:
            for path, node in ancestry(self.old, *item):
                for statement in node.body:
                    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                        had.setdefault(statement.target.id.lower(), statement.target.id)
        twins = [node for node in blocks((self.code.tree(item[0]) or ast.Module([], [])).body) if isinstance(node, ast.ClassDef) and node.name == item[1]]
        for node in twins if len(twins) > 1 else ():
            own = {part.target.id.lower() for part in node.body if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)}
            for _, setting in wanted:
                if setting["name"].lower() not in own:
                    self.fault(f"the {item[1]} of line {node.lineno} has no field {setting['name']}")
        self.prefix = self.env_prefix(chain)
        cases = Counter("upper" if name.isupper() else "lower" for key, name in had.items() if key != "model_config")
        for _, setting in wanted:
            name = setting["name"]
            places = fields.get(name.lower(), [])
            computed = [part for _, node in chain for part in node.body if isinstance(part, ast.FunctionDef) and part.name.lower() == name.lower()]
            if computed and not places:
                self.known_field(computed[0].returns, computed[0].name, setting)
                self.computed.add(name)
                continue
            if not places:
                self.fault(f"{item[1]} has no field {name}")
                continue
            if len({id(place[2]) for place in places}) > 1:
                self.fault(f"{name} is declared {len(places)} times")
            path, node, statement = places[0]
            used = self.fields.get(name.lower())
            if used and used != statement.target.id:
                self.fault(f"the module reads {used}, the field is {statement.target.id}")
            if name.lower() in had:
                self.known_field(statement.annotation, statement.target.id, setting)
                continue
            if len(cases) == 1 or (cases and cases.most_common(2)[0][1] > cases.most_common(2)[-1][1]):
                upper = cases.most_common(1)[0][0] == "upper"
                if statement.target.id.isupper() != upper:
                    self.fault(f"{statement.target.id} is not in the naming of {node.name}")
            self.field(path, node, statement, setting)

    def known_field(self, written: ast.expr | None, name: str, setting: dict) -> None:
        """A field (or property) that was there has the type that the modules take it for, or they convert it."""
        annotation = ast.unparse(written) if written is not None else "thing of unknown type"
        if annotation == ast.unparse(ast.parse(setting["type"], mode="eval").body):
            return
        for component in self.names:
            for module in self.components[component].get("module", []):
                path = self.folder / module["path"]
                up = parents(self.code.tree(path))
                for node in up:
                    if not isinstance(node, ast.Attribute) or node.attr != name:
                        continue
                    around = up[node]
                    # `str(settings.redis_url or "")`: what is not set is empty
                    if isinstance(around, ast.BoolOp) and isinstance(around.op, ast.Or) and ast.unparse(around.values[-1]) == "''":
                        around = up[around]
                    if dotted(getattr(around, "func", None)) != setting["type"]:
                        self.fault(f"{name} is a `{annotation}`, {module['path']} takes it for `{setting['type']}`")

    def env_prefix(self, chain: list[tuple[Path, ast.ClassDef]]) -> str:
        for path, node in chain:
            for part in ast.walk(node):
                if isinstance(part, ast.keyword) and part.arg == "env_prefix" and isinstance(part.value, ast.Constant):
                    return str(part.value.value)
                if isinstance(part, ast.Dict):
                    for key, value in zip(part.keys, part.values):
                        if isinstance(key, ast.Constant) and key.value == "env_prefix" and isinstance(value, ast.Constant):
                            return str(value.value)
                if isinstance(part, ast.Assign) and dotted(part.targets[0]) == "env_prefix" and isinstance(part.value, ast.Constant):
                    return str(part.value.value)
        return ""

    def field(self, path: Path, node: ast.ClassDef, statement: ast.AnnAssign, setting: dict) -> None:
        name = statement.target.id
        expected = ast.unparse(ast.parse(setting["type"], mode="eval").body)
        written = ast.unparse(statement.annotation)
        options = {expected}
        if expected.endswith(" | None"):
            inner = expected.removesuffix(" | None")
            options |= {f"Optional[{inner}]", f"typing.Optional[{inner}]", f"None | {inner}"}
        if written.replace("typing.", "").replace("pydantic.", "") not in options and written not in options:
            self.fault(f"{name}: type `{written}`, not `{expected}`")
        value, bound = statement.value, None
        if isinstance(value, ast.Call) and dotted(value.func).rpartition(".")[2] == "Field":
            keywords = {keyword.arg: keyword.value for keyword in value.keywords}
            value, bound = keywords.get("default", value.args[0] if value.args else None), keywords.get("ge")
        if value is None:
            self.fault(f"{name} has no default")
        elif "{" not in setting["default"]:
            try:
                if ast.literal_eval(value) != ast.literal_eval(setting["default"]):
                    self.fault(f"{name}: default {ast.unparse(value)}, not {setting['default']}")
            except ValueError:
                self.fault(f"{name}: default `{ast.unparse(value)}`")
        if "ge" in setting and (bound is None or ast.literal_eval(bound) != setting["ge"]):
            self.fault(f"{name} has no `ge={setting['ge']}`")
        # the names in it are there when the class body runs
        tree = self.code.tree(path)
        bound_names = set(dir(__builtins__)) | {"str", "int", "bool", "float", "None"}
        for part in runtime_statements(tree.body):
            if part.lineno > node.lineno:
                continue
            if isinstance(part, ast.Import | ast.ImportFrom):
                bound_names |= {(alias.asname or alias.name).split(".")[0] for alias in part.names}
            elif isinstance(part, ast.ClassDef | ast.FunctionDef):
                bound_names.add(part.name)
            elif isinstance(part, ast.Assign):
                bound_names |= {target.id for target in part.targets if isinstance(target, ast.Name)}
        for part in [*ast.walk(statement.annotation), *(ast.walk(statement.value) if statement.value else ())]:
            if isinstance(part, ast.Name) and part.id not in bound_names:
                self.fault(f"{name}: `{part.id}` is not imported in {self.relative(path)}")

    # -- dependencies

    def dependencies(self) -> None:
        path = self.facts.dependencies
        if path is None:
            return
        try:
            have = listed(path)
        except Exception as error:
            # What nothing has to go into may be as broken as it was.
            if any(self.components[name].get("dependency") for name in self.names):
                self.fault(f"{path.name}: {error}")
            return
        included = []
        for line in path.read_text("utf-8-sig").splitlines() if path.suffix != ".toml" else ():
            match = re.match(r"\s*(?:-r|--requirement)[ =]?(\S+)", line)
            if match and (path.parent / match[1]).is_file():
                included += listed(path.parent / match[1])
        for name in self.names:
            for dependency in self.components[name].get("dependency", []):
                if "with" in dependency and dependency["with"] not in self.names:
                    continue
                requirement = Requirement(dependency["requirement"])
                wanted = canonicalize_name(requirement.name)
                development = "group" in dependency
                main = [item for item in have if item[1] == wanted and (development or not item[0])]
                if not main and any(item[1] == wanted for item in included):
                    continue
                if development and not main:
                    if self.development_elsewhere(wanted):
                        continue
                    if not self.has_development_place(have):
                        continue
                if len(main) != 1:
                    self.fault(f"{wanted} is listed {len(main)} times in {path.name}")
                elif main[0][2] is not None and not intersects(main[0][2], requirement.specifier):
                    self.fault(f"{wanted}{main[0][2]} excludes {requirement.specifier}")
        if self.own_settings() and self.facts.settings is None and not any(item[1] == "pydantic-settings" for item in have + included):
            self.fault("pydantic-settings is not among the dependencies")

    def development_elsewhere(self, wanted: str) -> bool:
        for path in self.facts.root.rglob("*requirements*"):
            if path.is_file() and path.suffix in {".txt", ".in"} and any(item[1] == wanted for item in listed(path)):
                return True
        return any((self.facts.root / "requirements").glob("*")) and any(
            item[1] == wanted for path in (self.facts.root / "requirements").glob("*.txt") for item in listed(path)
        )

    def has_development_place(self, have: list) -> bool:
        if any(item[0] in {"dev", "development"} for item in have):
            return True
        return any(re.search(r"dev", path.name) for path in self.facts.root.glob("requirements*"))

    # -- env

    def env(self) -> None:
        if self.facts.env is None:
            return
        lines = self.facts.env.read_text("utf-8-sig").splitlines()
        for _, setting in self.own_settings():
            if setting["name"] in self.computed:
                continue
            pattern = re.compile(rf"^\s*(?:export\s+)?{re.escape((self.prefix + setting['name']))}\s*=(.*)$", re.IGNORECASE)
            found = [match for match in map(pattern.match, lines) if match]
            if len(found) != 1:
                self.fault(f"{self.prefix.upper()}{setting['name']} is {len(found)} times in {self.facts.env.name}")
            elif "{" not in setting["env"] and found[0][1].strip().strip("\"'") != setting["env"] and found[0][0] not in self.before[self.relative(self.facts.env)][2].decode("utf-8-sig"):
                self.fault(f"{setting['name']} in {self.facts.env.name} is {found[0][1]!r}")

    # -- compose

    def compose(self) -> None:
        path = self.facts.compose
        if path is None:
            for key in self.after.keys() - self.before.keys():
                if Path(key).name in COMPOSE_NAMES:
                    self.fault(f"creates {key}")
            return
        key = self.relative(path)
        try:
            old = read_yaml(self.before[key][2].decode("utf-8-sig")) or {}
            new = read_yaml(self.after[key][2].decode("utf-8-sig")) or {}
        except Exception as error:
            if self.before[key] != self.after[key] or any(self.components[name].get(kind) for name in self.names for kind in ("service", "image")):
                self.fault(f"{key}: {error}")
            return
        if not isinstance(old, dict) or not isinstance(new, dict):
            return
        replaces = any("image" in self.components[name] for name in self.names)
        lost = superset(old, new, "")
        for place in lost:
            if not (replaces and re.fullmatch(r"services\.[^.]+\.image", place)):
                raise Corrupt(f"{key}: {place} is lost or changed")
        services = new.get("services") or {}
        old_services = old.get("services") or {}
        names: dict[str, str] = {}
        for component in self.names:
            for service in self.components[component].get("service", []):
                matching = [name for name, body in services.items() if isinstance(body, dict) and image_repository(body.get("image")) in service["images"]]
                if not matching:
                    self.fault(f"no service for {service['name']} in {key}")
                    continue
                had = [name for name in matching if name in old_services]
                if had and len(matching) > len(had):
                    self.fault(f"a second {service['name']} beside {had[0]}")
                names[service["name"]] = (had or matching)[0]
                if not had:
                    self.new_service(names[service["name"]], services, new, service)
        for component in self.names:
            for image in self.components[component].get("image", []):
                self.image(image, old_services, services)
        application = self.facts.app_service
        if application is None or application not in services:
            return
        body = services[application]
        values = environment_of(body.get("environment"))
        depends = body.get("depends_on") or {}
        for component in self.names:
            for variable in self.components[component].get("environment", []):
                if "with" in variable and variable["with"] not in self.names:
                    continue
                is_setting = any(variable["variable"] == setting["name"] for _, setting in self.own_settings())
                name = (self.prefix.upper() if is_setting else "") + variable["variable"]
                value = next((item for known, item in values.items() if known.upper() == name.upper()), None)
                known_before = environment_of(old_services.get(application, {}).get("environment"))
                if value is None:
                    if variable["variable"] not in self.computed and not self.is_in_env_file(body, name):
                        self.fault(f"service {application} has no {name}")
                elif body.get("network_mode") != "host" and name not in known_before:
                    hosts = {part: host_of(name, services) if "redis://{" + part in variable["value"] else name for part, name in names.items()}
                    expected = variable["value"].format(**hosts) if all(part in names for part in re.findall(r"{(\w+)}", variable["value"])) else None
                    if expected is not None and str(value) != expected:
                        self.fault(f"{name} of {application} is {value}, not {expected}")
                elif body.get("network_mode") == "host" and "service" in variable and "localhost" not in str(value):
                    self.fault(f"{name} of {application} is {value} in the host's network")
                service = names.get(variable.get("service", ""), variable.get("service"))
                if service and body.get("network_mode") != "host" and service not in (depends if isinstance(depends, dict | list) else ()):
                    self.fault(f"service {application} does not depend on {service}")
                if service and isinstance(depends, dict) and service in depends and service not in (old_services.get(application, {}).get("depends_on") or {}):
                    condition = depends[service].get("condition")
                    healthy = isinstance(services.get(service), dict) and "healthcheck" in services[service]
                    if condition not in {variable.get("condition"), "service_started"} or (condition == "service_healthy" and not healthy):
                        self.fault(f"{application} waits for {service} to be {condition}")
            for worker in self.components[component].get("worker", []):
                self.worker(worker, services, body)

    def new_service(self, name: str, services: dict, data: dict, wanted: dict) -> None:
        body = services[name]
        application = services.get(self.facts.app_service or "")
        if isinstance(application, dict) and application.get("networks") and application.get("network_mode") is None:
            own, theirs = set(body.get("networks") or ()), set(application["networks"])
            if not own & theirs:
                self.fault(f"{name} is on none of the application's networks")
        for volume in wanted.get("volumes", []):
            used = [item for item in body.get("volumes") or [] if str(item).split(":")[0] in (data.get("volumes") or {})]
            if not used:
                self.fault(f"volume {volume} of {name} is not declared")
        ports = Counter()
        for service in services.values():
            for port in (service.get("ports") or []) if isinstance(service, dict) else ():
                published = host_port(port)
                if published:
                    ports[published] += 1
        for port in body.get("ports") or []:
            if ports[host_port(port)] > 1:
                self.fault(f"host port {host_port(port)} is published twice")
            if not str(port).startswith("127.0.0.1:"):
                self.fault(f"{name} publishes {port} on every interface")

    def is_in_env_file(self, body: dict, name: str) -> bool:
        """Does a file that the service reads, and that is the user's, give it the variable already?"""
        files = body.get("env_file") or []
        paths = [file.get("path", "") if isinstance(file, dict) else file for file in ([files] if isinstance(files, str) else files)]
        known = [self.facts.compose.parent / path for path in paths if self.facts.compose]
        return any(re.search(rf"^(export )?{name}=", file.read_text("utf-8-sig"), re.MULTILINE) for file in known if file.is_file())

    def image(self, wanted: dict, old: dict, new: dict) -> None:
        for name, body in old.items():
            if not isinstance(body, dict) or not isinstance(body.get("image"), str):
                continue
            image, after = body["image"], new[name].get("image")
            match = re.fullmatch(rf"(?:docker\.io/(?:library/)?)?{wanted['replaces']}:(\d+)([.-].*)?", image)
            if match:
                tag = wanted["tags"].get(match[1])
                suffix = wanted.get("alpine") if "alpine" in image else ""
                if tag is None or suffix is None or not after.endswith(f"{wanted['by']}:{tag}{suffix}"):
                    self.fault(f"image of {name}: {image} -> {after}")
            elif image != after:
                self.fault(f"image of {name}: {image} -> {after}")

    def worker(self, wanted: dict, services: dict, application: dict) -> None:
        command = wanted["command"].split("{")[0].strip()

        def started(body: dict) -> str:
            return " ".join(part if isinstance(part, str) else " ".join(part) for part in (body.get("entrypoint") or "", body.get("command") or ""))

        found = [(name, body) for name, body in services.items() if isinstance(body, dict) and started(body).find(command) >= 0]
        if not found:
            self.fault(f"no worker service runs `{command}`")
            return
        for name, body in found:
            text = started(body)
            target = re.search(r"([\w.]+)\.WorkerSettings", text)
            if target and not self.code.locate(target[1]):
                self.fault(f"{name} runs {target[1]}, which is no module")
            if "build" in application and "build" not in body and "image" not in body:
                self.fault(f"{name} has no build")
            missing = environment_of(application.get("environment")).keys() - environment_of(body.get("environment")).keys()
            if missing:
                self.fault(f"{name} lacks the application's {sorted(missing)[0]}")
            if body.get("ports") or body.get("container_name") == application.get("container_name", 0):
                self.fault(f"{name} has the application's ports or name")

    # -- application

    def application(self) -> None:
        path = self.facts.application
        if path is None:
            return
        if self.code.tree(path) is None:
            return
        calls = application_calls(self.code, path)
        if len(calls) <= self.facts.call:
            self.fault(f"no FastAPI call in {self.relative(path)}")
            return
        call = calls[self.facts.call]
        tree = self.code.tree(path)
        self.up = parents(tree)
        self.life_cycle(path, call)
        self.wiring(path, tree, call)
        before = self.before.get(self.relative(path))
        old_calls = application_calls(self.old, path)
        if before and len(old_calls) > self.facts.call:
            had = {keyword.arg for keyword in old_calls[self.facts.call].keywords}
            got = {keyword.arg for keyword in call.keywords}
            if "lifespan" in got - had:
                self.lifespan_is_supported()
                if self.old_handlers(path) or had & {"on_startup", "on_shutdown"}:
                    self.fault("a lifespan was added beside event handlers, which FastAPI ignores from now on")

    def old_handlers(self, path: Path) -> bool:
        """Has the old project `on_event` or `add_event_handler` handlers?"""
        for file in self.code.files():
            data = self.before.get(self.relative(file))
            if data and data[0] == "file" and re.search(rb"^[^#\n]*\.(on_event|add_event_handler)\(", data[2], re.MULTILINE):
                return True
        return False

    def lifespan_is_supported(self) -> None:
        """`lifespan=` came with FastAPI 0.93; before, it is swallowed."""
        if self.facts.dependencies is None:
            return
        for group, name, specifier in listed(self.facts.dependencies):
            if name == "fastapi" and not group and specifier is not None and not intersects(specifier, SpecifierSet(">=0.93")):
                self.fault(f"fastapi{specifier} ignores `lifespan=`, so nothing starts (it came with 0.93)")

    def resolve_function(self, path: Path, scope: ast.AST, name: str, depth: int = 0) -> tuple[Path, ast.AST] | None:
        """The function behind a name: nested in the scope, of the module, or imported."""
        if depth > 6:
            return None
        around = enclosing(parents(self.code.tree(path)), scope)
        for node in ast.walk(around) if around is not None else ():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name and node is not around:
                return path, node
        known = self.code.define(path, name)
        if known and isinstance(known[1], ast.FunctionDef | ast.AsyncFunctionDef):
            return known
        if known and isinstance(known[1], ast.Assign):
            value = known[1].value
            inner = dotted(value.args[0]) if isinstance(value, ast.Call) and value.args else dotted(value)
            if inner and inner != name:
                return self.resolve_function(known[0], known[1], inner, depth + 1)
        return None

    def handlers(self, path: Path, call: ast.Call) -> tuple[tuple[Path, ast.AST] | None, list, list, bool]:
        """(lifespan, startup handlers, shutdown handlers, could all be followed)"""
        keywords = {keyword.arg: keyword.value for keyword in call.keywords}
        lifespan, followed = None, True
        if "lifespan" in keywords:
            value = keywords["lifespan"]
            name = dotted(value)
            lifespan = self.resolve_function(path, call, name) if name else None
            followed = lifespan is not None or (isinstance(value, ast.Constant) and value.value is None)
        starts, stops = [], []
        for kind, place in (("on_startup", starts), ("on_shutdown", stops)):
            for element in keywords[kind].elts if kind in keywords and isinstance(keywords[kind], ast.List | ast.Tuple) else ():
                found = self.resolve_function(path, call, dotted(element)) if dotted(element) else None
                if found:
                    place.append(found)
                else:
                    place.append((path, element))
        for file in self.code.files():
            tree = self.code.tree(file)
            if tree is None or b"event" not in file.read_bytes():
                continue
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    for decorator in node.decorator_list:
                        if isinstance(decorator, ast.Call) and dotted(decorator.func).endswith(".on_event") and decorator.args and isinstance(decorator.args[0], ast.Constant):
                            (starts if decorator.args[0].value == "startup" else stops).append((file, node))
                if isinstance(node, ast.Call) and dotted(node.func).endswith(".add_event_handler") and len(node.args) == 2:
                    place = starts if isinstance(node.args[0], ast.Constant) and node.args[0].value == "startup" else stops
                    handler = node.args[1]
                    name = dotted(handler.func if isinstance(handler, ast.Call) else handler)
                    found = self.resolve_function(file, node, name) if name else None
                    if found and isinstance(handler, ast.Call):
                        # a function that returns the handler
                        returned = {dotted(part.value) for part in ast.walk(found[1]) if isinstance(part, ast.Return) and part.value}
                        inner = [part for part in ast.walk(found[1]) if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) and part.name in returned]
                        found = (found[0], inner[0]) if inner else None
                    if found:
                        place.append(found)
                    elif name:
                        place.append((file, handler))
        return lifespan, starts, stops, followed

    def is_ours(self, file: Path, node: ast.AST, module: str, wanted: str) -> bool:
        """Is this expression `wanted` (`start_redis`, `manager.start_pubsub`) of the generated module?"""
        name = dotted(node)
        if not name:
            return False
        head, _, rest = name.partition(".")
        known = self.code.imports(file).get(head)
        if not known:
            return False
        target = self.folder / f"{module}.py" if self.folder else None
        if known[1] is not None and self.code.locate(known[0]) == target:
            return (known[1] + ("." + rest if rest else "")) == wanted
        inner = self.code.locate(f"{known[0]}.{known[1]}" if known[1] else known[0])
        return inner == target and rest == wanted

    def calls_in(self, file: Path, function: ast.AST, module: str, wanted: str) -> list[tuple[ast.AST, bool]]:
        """Where a function of ours is called (or pushed on an exit stack): (node, is it a call)"""
        found = []
        for node in ast.walk(function):
            if isinstance(node, ast.Call):
                if self.is_ours(file, node.func, module, wanted):
                    found.append((node, True))
                elif dotted(node.func).endswith(("push_async_callback", ".callback")) and node.args and self.is_ours(file, node.args[0], module, wanted):
                    found.append((node, False))
        return found

    def composed(self) -> tuple[Path, ast.AST] | None:
        """The new function that takes the place of `app.router.lifespan_context`, and runs what was there."""
        for key in self.after.keys():
            file = self.top / key
            if not key.endswith(".py") or b".router.lifespan_context = " not in self.after[key][2]:
                continue
            tree = self.code.tree(file)
            for node in ast.walk(tree):
                if isinstance(node, ast.Assign) and dotted(node.targets[0]).endswith(".router.lifespan_context"):
                    name = dotted(node.value)
                    found = [part for part in ast.walk(tree) if isinstance(part, ast.AsyncFunctionDef) and part.name == name]
                    if found and any(self.is_ours(file, part.func, item["module"], item.get("start", item.get("stop"))) for part in ast.walk(found[0]) if isinstance(part, ast.Call) for known in self.names for item in self.components[known].get("lifespan", [])):
                        return file, found[0]
        return None

    def life_cycle(self, path: Path, call: ast.Call) -> None:
        wanted = [(name, item) for name in self.names for item in self.components[name].get("lifespan", [])]
        if not wanted:
            return
        lifespan, starts, stops, followed = self.handlers(path, call)
        lifespan = self.composed() or lifespan
        if lifespan is None and not starts and not stops:
            self.fault("the application has no lifespan" if followed else "its lifespan cannot be followed, and yet it was applied")
            return
        order_start, order_stop = [], []
        for _, item in wanted:
            for kind, order, handlers in (("start", order_start, starts), ("stop", order_stop, stops)):
                if kind not in item:
                    continue
                if lifespan is not None:
                    found = self.calls_in(lifespan[0], lifespan[1], item["module"], item[kind])
                    if len(found) != 1:
                        self.fault(f"{item[kind]} is called {len(found)} times in the lifespan")
                        continue
                    self.position(lifespan, found[0], kind, item[kind])
                    self.awaited(lifespan[0], lifespan[1], found[0], item["module"], item[kind])
                    order.append((item["module"], found[0][0].lineno, found[0][1]))
                else:
                    found = [(file, node, hit) for file, node in dict.fromkeys(handlers) for hit in self.calls_in(file, node, item["module"], item[kind])]
                    direct = [node for file, node in handlers if self.is_ours(file, node, item["module"], item[kind])]
                    if len(found) + len(direct) != 1:
                        self.fault(f"{item[kind]} is called {len(found)} times by the {'startup' if kind == 'start' else 'shutdown'} handlers")
                        continue
                    if found:
                        self.awaited(found[0][0], found[0][1], found[0][2], item["module"], item[kind])
                        order.append((item["module"], found[0][2][0].lineno, True))
        names = [module for module, _, _ in sorted(order_start, key=lambda entry: entry[1])]
        back = [module for module, _, called in sorted(order_stop, key=lambda entry: entry[1]) if called and module in names]
        if len(back) == len(names) and back != names[::-1]:
            self.fault(f"starts {names} but stops {back}")
        for name in self.names:
            for required in self.components[name].get("requires", []):
                for mine in self.components[name].get("lifespan", []):
                    for theirs in self.components[required].get("lifespan", []):
                        if mine["module"] in names and theirs["module"] in names and names.index(mine["module"]) < names.index(theirs["module"]):
                            self.fault(f"{mine['module']} starts before {theirs['module']}")

    def awaited(self, file: Path, function: ast.AST, hit: tuple[ast.AST, bool], module: str, wanted: str) -> None:
        """An async function is awaited, another is not; and an `await` stands in an async function."""
        node, is_call = hit
        if not is_call:
            return
        up = parents(function)
        is_awaited = isinstance(up.get(node), ast.Await)
        tree = self.code.tree(self.folder / f"{module}.py")
        last = wanted.rpartition(".")[2]
        defined = next((part for part in ast.walk(tree) if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) and part.name == last), None)
        if defined is None:
            self.fault(f"{wanted} is not defined in {module}.py")
        elif isinstance(defined, ast.AsyncFunctionDef) != is_awaited:
            self.fault(f"{wanted} is {'not ' if not is_awaited else ''}awaited")
        around = enclosing(up, node) or function
        if is_awaited and not isinstance(around, ast.AsyncFunctionDef):
            raise Corrupt(f"`await {wanted}()` in a function that is not async")

    def position(self, lifespan: tuple[Path, ast.AST], hit: tuple[ast.AST, bool], kind: str, name: str) -> None:
        """Start before the yield, stop after it, both on the way that is always taken."""
        file, function = lifespan
        up = parents(function)
        yields = [node for node in ast.walk(function) if isinstance(node, ast.Yield) and enclosing(up, node) in {function, None}]
        if len(yields) != 1:
            self.fault(f"the lifespan has {len(yields)} yields, and yet it was applied")
            return
        node, is_call = hit
        here = yields[0]

        def chain(item: ast.AST) -> list[tuple[ast.AST, str]]:
            found = []
            while item in up and item is not function:
                parent = up[item]
                for name_of, value in ast.iter_fields(parent):
                    if value is item or (isinstance(value, list) and any(entry is item for entry in value)):
                        found.append((parent, name_of))
                item = parent
            return found

        blocks_of_yield = chain(here)
        containers = {(id(parent), name_of) for parent, name_of in blocks_of_yield if isinstance(parent, ast.stmt | ast.ExceptHandler)}
        if kind == "start" or not is_call:
            if node.lineno > here.lineno:
                self.fault(f"{name} stands after the yield")
            for parent, name_of in chain(node):
                if isinstance(parent, ast.If | ast.For | ast.While | ast.Try | ast.With | ast.AsyncWith) and (id(parent), name_of) not in containers:
                    self.fault(f"{name} stands in a block that the yield is not in (line {parent.lineno})")
            return
        if node.lineno < here.lineno:
            self.fault(f"{name} stands before the yield")
        final = [parent for parent, name_of in blocks_of_yield if isinstance(parent, ast.Try) and name_of == "body" and parent.finalbody]
        if final and not any(parent is final[0] and name_of == "finalbody" for parent, name_of in chain(node)):
            self.fault(f"{name} is not in the `finally` of the yield")
        for parent, name_of in chain(node):
            if isinstance(parent, ast.If | ast.For | ast.While) and (id(parent), name_of) not in containers:
                self.fault(f"{name} stands in a block that the yield is not in (line {parent.lineno})")
            if isinstance(parent, ast.ExceptHandler):
                self.fault(f"{name} stands in an `except`")

    def wiring(self, path: Path, tree: ast.Module, call: ast.Call) -> None:
        wanted = []
        for name in self.names:
            for kind in ("middleware", "router", "statement"):
                wanted += [(kind, item) for item in self.components[name].get(kind, [])]
        if not wanted:
            return
        up = self.up
        scope = enclosing(up, call)
        statement = call
        while not isinstance(statement, ast.stmt):
            statement = up[statement]
        variables: list[tuple[Path, ast.AST | None, str, int]] = []
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            variables += [(path, scope, dotted(target), statement.end_lineno) for target in targets if dotted(target)]
        if scope is not None:
            for file in self.code.files():
                for node in ast.walk(self.code.tree(file) or ast.Module([], [])):
                    if isinstance(node, ast.Assign) and any(isinstance(part, ast.Call) and dotted(part.func).rpartition(".")[2] == scope.name for part in ast.walk(node.value)):
                        around = enclosing(parents(self.code.tree(file)), node)
                        variables += [(file, around, dotted(target), node.end_lineno) for target in node.targets if dotted(target)]
        for kind, item in wanted:
            hits = []
            for file in self.code.files():
                inside = self.code.tree(file)
                if inside is None or item["name"].encode() not in file.read_bytes() or file.parent == self.folder:
                    continue
                around = parents(inside)
                for node in ast.walk(inside):
                    if not isinstance(node, ast.Call):
                        continue
                    if kind == "statement" and self.is_ours(file, node.func, item["module"], item["name"]):
                        hits.append((file, enclosing(around, node), dotted(node.args[0]) if node.args else "", node, around))
                    method = {"middleware": "add_middleware", "router": "include_router"}.get(kind)
                    if method and isinstance(node.func, ast.Attribute) and node.func.attr == method and node.args and self.is_ours(file, node.args[0], item["module"], item["name"]):
                        hits.append((file, enclosing(around, node), dotted(node.func.value), node, around))
            if len(hits) != 1:
                self.fault(f"{kind} {item['name']} is there {len(hits)} times")
                continue
            file, around, variable, node, links = hits[0]
            match = [entry for entry in variables if entry[0] == file and entry[1] is around and entry[2] == variable]
            # a new parse of the same file gives other nodes: compare functions by name and line
            if not match:
                match = [entry for entry in variables if entry[0] == file and entry[2] == variable and getattr(entry[1], "lineno", 0) == getattr(around, "lineno", 0)]
            if not match:
                self.fault(f"{kind} {item['name']} is on `{variable}` at line {node.lineno} of {self.relative(file)}, which is not the application")
                continue
            if node.lineno <= match[0][3]:
                self.fault(f"{kind} {item['name']} stands before the application is made")
            parent = links.get(links.get(node))
            if isinstance(parent, ast.If | ast.For | ast.While | ast.Try) and links.get(parent) is not None:
                made_in = up.get(statement)
                if not (isinstance(made_in, type(parent)) and getattr(made_in, "lineno", 0) == parent.lineno):
                    test = ast.unparse(parent.test) if isinstance(parent, ast.If) else type(parent).__name__
                    self.fault(f"{kind} {item['name']} stands inside a block (`{test}`)")
            body = around.body if around is not None else self.code.tree(file).body
            for other in body:
                if isinstance(other, ast.Return) and other.lineno < node.lineno:
                    self.fault(f"{kind} {item['name']} stands after the `return`")
                if kind == "router" and other.lineno < node.lineno:
                    for part in ast.walk(other):
                        if isinstance(part, ast.Call) and dotted(part.func) == f"{variable}.mount" and part.args and isinstance(part.args[0], ast.Constant) and part.args[0].value in {"/", ""}:
                            self.fault(f"router {item['name']} stands after `mount(\"/\")`")
                        if isinstance(part, ast.Call) and re.fullmatch(rf"{re.escape(variable)}\.(get|api_route|route)", dotted(part.func)) and part.args and isinstance(part.args[0], ast.Constant) and re.fullmatch(r"/?\{\w+:path\}", str(part.args[0].value)):
                            self.fault(f"router {item['name']} stands after a catch-all route")

    # -- the rest

    def ignore(self) -> None:
        for name in self.names:
            for item in self.components[name].get("ignore", []):
                for file in (self.facts.root / ".gitignore", self.facts.root / ".dockerignore"):
                    if file.is_file():
                        lines = [line.strip().removesuffix("/*").strip("/") for line in file.read_text("utf-8", "replace").splitlines()]
                        if lines.count(item["line"].strip("/")) != 1:
                            self.fault(f"{item['line']} is {lines.count(item['line'].strip('/'))} times in {file.name}")

    def migrations(self) -> None:
        wanted = [item for name in self.names for item in self.components[name].get("migration", [])]
        if not wanted or not (self.facts.root / "alembic.ini").is_file():
            return
        envs = [path for path in self.code.files() if path.name == "env.py" and b"alembic" in path.read_bytes()]
        for path in envs:
            tree = self.code.tree(path)
            configured = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and dotted(node.func).endswith("context.configure")]
            for item in wanted:
                calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and self.is_ours(path, node.func, item["module"], item["name"])]
                if configured and len(calls) != len(configured):
                    self.fault(f"{self.relative(path)}: {len(configured)} context.configure, {len(calls)} {item['name']}")
            mako = path.parent / "script.py.mako"
            # Alembic itself writes what a migration needs where the template says `${imports ...}`
            for line in {line for item in wanted for line in item.get("imports", [])} if mako.is_file() and "${imports" not in mako.read_text() else ():
                if mako.read_text().count(line) != 1:
                    self.fault(f"`{line}` is {mako.read_text().count(line)} times in script.py.mako")

    def imports(self) -> None:
        """What changed files import from the project exists, and no import goes in a circle that was not there before."""
        for key, data in self.after.items():
            if data[0] != "file" or not key.endswith(".py") or self.before.get(key) == data:
                continue
            path = self.top / key
            added = self.added_imports(key, path)
            for node in added:
                module = self.code.absolute(path, node)
                if module is None:
                    self.fault(f"{key}: `{ast.unparse(node)}` leaves the package")
                    continue
                first = module.split(".")[0]
                is_own = node.level or self.code.locate(first) or (self.code.is_package(first) and first not in sys.stdlib_module_names)
                if not is_own or (not node.level and first == "arq"):
                    continue
                file = self.code.locate(module)
                for alias in node.names:
                    if file and alias.name in self.code.names(file):
                        continue
                    if self.code.locate(f"{module}.{alias.name}"):
                        continue
                    self.fault(f"{key}: `{ast.unparse(node)}` does not resolve")
            self.used_before_import(key, path, added)
            future = [node.lineno for node in (self.code.tree(path) or ast.Module([], [])).body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
            if future and any(node.lineno < future[0] for node in added if node.module != "__future__"):
                raise Corrupt(f"{key}: an import before `from __future__`")
        if self.facts.application:
            known = circular(self.old, self.facts.application) if self.old else set()
            for problem in circular(self.code, self.facts.application) - known:
                self.fault(problem)
        # a worker or a script starts at one of our modules
        for name in self.names:
            for module in self.components[name].get("module", []):
                path = self.folder / module["path"] if self.folder else None
                for problem in circular(self.code, path) if path and path.is_file() else ():
                    self.fault(f"{problem}, when {module['path']} is imported first")

    def used_before_import(self, key: str, path: Path, added: list[ast.ImportFrom]) -> None:
        """What runs while the module is imported stands below the imports that it needs."""
        tree = self.code.tree(path)
        if tree is None:
            return
        top = [node for node in runtime_statements(tree.body) if node in added]
        bound = {alias.asname or alias.name: node.lineno for node in top for alias in node.names}
        known = {key for key, value in self.old.imports(path).items()} if key in self.before else set()
        for statement in tree.body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                parts = [*statement.decorator_list]
            else:
                parts = [statement]
            for part in parts:
                for node in ast.walk(part):
                    if isinstance(node, ast.Name) and node.id in bound and node.id not in known and node.lineno < bound[node.id]:
                        raise Corrupt(f"{key}: line {node.lineno} uses `{node.id}`, which line {bound[node.id]} imports")

    def added_imports(self, key: str, path: Path) -> list[ast.ImportFrom]:
        old = self.old.tree(path) if key in self.before else None
        had = {(ast.unparse(node)) for node in ast.walk(old) if isinstance(node, ast.ImportFrom)} if old else set()
        return [node for node in ast.walk(self.code.tree(path) or ast.Module([], [])) if isinstance(node, ast.ImportFrom) and ast.unparse(node) not in had]


def runtime_statements(body: list[ast.stmt]):
    """Like `blocks`, but not what stands under `if TYPE_CHECKING:`."""
    for node in body:
        yield node
        if isinstance(node, ast.If) and dotted(node.test).rpartition(".")[2] == "TYPE_CHECKING":
            yield from runtime_statements(node.orelse)
        elif isinstance(node, ast.If | ast.Try | ast.With):
            for name in ("body", "orelse", "finalbody"):
                yield from runtime_statements(getattr(node, name, []))
            for handler in getattr(node, "handlers", []):
                yield from runtime_statements(handler.body)


def circular(code: Code, start: Path) -> set[str]:
    """Imports of a name from a module that is still being executed and has not bound it yet."""
    problems: set[str] = set()
    bound: dict[Path, set[str]] = {}
    finished: set[Path] = set()

    def bind(path: Path, node: ast.stmt) -> None:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            bound[path].add(node.name)
        for part in ast.walk(node) if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.For) else ():
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                bound[path].add(part.id)

    def run(path: Path) -> None:
        if path in bound:
            return
        bound[path] = set()
        for node in runtime_statements((code.tree(path) or ast.Module([], [])).body):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    parts = alias.name.split(".")
                    for index in range(len(parts)):
                        file = code.locate(".".join(parts[: index + 1]))
                        if file:
                            run(file)
                    bound[path].add(alias.asname or parts[0])
            elif isinstance(node, ast.ImportFrom):
                module = code.absolute(path, node) or ""
                parts = module.split(".")
                for index in range(len(parts)):
                    file = code.locate(".".join(parts[: index + 1])) if module else None
                    if file:
                        run(file)
                target = code.locate(module) if module else None
                for alias in node.names:
                    inner = code.locate(f"{module}.{alias.name}") if module else None
                    if inner and not (target and alias.name in bound.get(target, ())):
                        run(inner)
                    elif target and target not in finished and alias.name != "*" and alias.name not in bound[target]:
                        problems.add(f"circular import: {path.relative_to(code.top)} takes `{alias.name}` from {target.relative_to(code.top)}, which is not there yet")
                    bound[path].add(alias.asname or alias.name)
            else:
                bind(path, node)
        finished.add(path)

    # the packages around a module are imported before it
    for folder in reversed(start.parents):
        if any(base in folder.parents for base in code.roots) and (folder / "__init__.py").is_file():
            run(folder / "__init__.py")
    run(start)
    return problems


def line_endings(data: bytes) -> set[str]:
    found = set()
    if b"\r\n" in data:
        found.add("CRLF")
    rest = data.replace(b"\r\n", b"")
    if b"\n" in rest:
        found.add("LF")
    if b"\r" in rest:
        found.add("CR")
    return found


def is_subsequence(old: bytes, new: bytes) -> bool:
    """Can `new` be made from `old` by insertions alone?"""
    position = 0
    for byte in old:
        position = new.find(byte, position) + 1
        if position == 0:
            return False
    return True


def has_pass(old: bytes) -> bool:
    return re.search(rb"\bpass\b|\.\.\.", old) is not None


def changed_lines(key: str, old: bytes, new: bytes, calls: set[int]) -> list[str]:
    """Old lines that are not in the new file and are not on the closed list of what may change."""
    one, two = old.split(b"\n"), new.split(b"\n")
    allowed: set[int] = set(calls)
    if key.endswith(".py"):
        try:
            tree = ast.parse(old)
        except SyntaxError:
            tree = ast.Module([], [])
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom | ast.Import | ast.Pass):
                allowed |= set(range(node.lineno - 1, node.end_lineno))
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.value.value is ...:
                allowed |= {node.lineno - 1}
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body[-1].lineno == node.lineno:
                allowed |= {node.lineno - 1}
            if isinstance(node, ast.List) and node.lineno == node.end_lineno:
                allowed |= {node.lineno - 1}
    lost, position = [], 0
    fresh = [line.rstrip(b"\r") for line in two]
    for index, line in enumerate(one):
        line = line.rstrip(b"\r")
        text = line.decode("utf-8", "replace")
        if index in allowed or not text.strip():
            continue
        place = next((at for at in range(position, len(fresh)) if fresh[at] == line), None)
        if place is not None:
            position = place + 1
            continue
        if any(item.startswith(line.split(b" #")[0].rstrip() + b",") for item in fresh[position:]):
            continue
        if key.endswith((".yml", ".yaml")) and re.search(r"image:|[\[{]|:\s*(null|~)?\s*(#.*)?$", text):
            continue
        if key.endswith(".toml") and re.search(r"[\[{]", text):
            continue
        lost.append(text)
    return lost


def superset(old, new, place: str) -> list[str]:
    """Where something of `old` is not in `new`."""
    if isinstance(old, dict):
        if not isinstance(new, dict):
            return [place]
        return [item for key, value in old.items() for item in ([f"{place}.{key}".strip(".")] if key not in new else superset(value, new[key], f"{place}.{key}".strip(".")))]
    if isinstance(old, list):
        if isinstance(new, dict) and not old:
            return []
        if not isinstance(new, list):
            return [place]
        rest = iter(new)
        return [] if all(any(item == other for other in rest) for item in old) else [place]
    if old is None and isinstance(new, dict | list):
        return []
    return [] if old == new else [place]


def environment_of(value) -> dict:
    if isinstance(value, dict):
        return {str(key): item for key, item in value.items()}
    return {str(item).partition("=")[0].strip(): str(item).partition("=")[2] for item in value or []}


def host_of(name: str, services: dict) -> str:
    """The service in a URL, with the password that its Redis is started with."""
    command = (services.get(name) or {}).get("command") or ""
    asked = re.search(r"--requirepass\s+[\"']?([^\s\"']+)", command if isinstance(command, str) else " ".join(command))
    if not asked:
        return name
    return f":{asked[1] if asked[1].startswith('$') else quote(asked[1], safe='')}@{name}"


def image_repository(image) -> str:
    if not isinstance(image, str):
        return ""
    image = re.sub(r"^\$\{\w+:?-(.*)\}$", r"\1", image).split("@")[0]
    head, _, tail = image.rpartition("/")
    image = (head + "/" if head else "") + tail.split(":")[0]
    # A registry has a dot in its name.
    return re.sub(r"^[\w-]+(\.[\w-]+)+(:\d+)?/(library/)?", "", image)


def host_port(port) -> str | None:
    if isinstance(port, dict):
        return str(port.get("published")) if port.get("published") else None
    parts = re.sub(r"\$\{\w+:?-(\w+)\}", r"\1", str(port)).split("/")[0].split(":")
    return parts[-2] if len(parts) > 1 else None


def intersects(one: SpecifierSet, two: SpecifierSet) -> bool:
    """Is there a plausible version that both take?"""
    versions = {"0.1", "99"}
    for specifier in [*one, *two]:
        version = specifier.version.rstrip(".*")
        versions |= {version, version + ".1", version + ".999", version + ".999.1"}
        parts = version.split(".")
        if parts[-1].isdigit():
            versions.add(".".join([*parts[:-1], str(int(parts[-1]) + 1)]))
            if int(parts[-1]):
                versions.add(".".join([*parts[:-1], str(int(parts[-1]) - 1), "999"]))
    return any(one.contains(version, prereleases=True) and two.contains(version, prereleases=True) for version in versions)


# ---- one case -------------------------------------------------------------------------------------------------------


@dataclass
class Verdict:
    project: str
    component: str
    kind: str
    why: list[str] = field(default_factory=list)
    where: str = ""

    def short(self) -> str:
        return f"{self.kind} {','.join(self.why)}" if self.kind == "refused" else self.kind


FAMILY = {
    "setting": {"PX101", "PX102", "PX103"}, "settings_class": {"PX101", "PX103"}, "settings": {"PX101", "PX103"}, "dependency": {"PX201", "PX202", "PX203"}, "module": {"PX401"}, "package": {"PX404"},
    "env": {"PX601"}, "service": {"PX301"}, "volume": {"PX307"}, "environment": {"PX304"}, "depends_on": {"PX305"}, "worker": {"PX301"},
    "lifespan": {"PX503"}, "middleware": {"PX505"}, "router": {"PX506"}, "statement": {"PX508"}, "import": {"PX501"},
    "image": {"PX308"}, "migration": {"PX701"}, "ignore": {"PX602"}, "component": {"PX405"}, "migration_import": {"PX701"},
}  # fmt: skip


def check_before(root: Path, names: list[str], asked: list[str], options: list[str]) -> list[str]:
    """`check NAME` on the untouched project says what is missing, and nothing else."""
    run = paxx(root, "check", "--format", "json", *asked, *options)
    faults = []
    if run.code != 1:
        return [f"`check {' '.join(asked)}` before any add: exit {run.code}"]
    findings = [item for item in json.loads(run.out)["findings"] if item["severity"] not in {"info", "information"}]
    seen = Counter((item["component"], item["requirement"], item["code"]) for item in findings)
    for (component, requirement, code), count in seen.items():
        kind = (requirement or "").partition(":")[0]
        if count > 1:
            faults.append(f"check before add: {code} {requirement} {count} times")
        if code not in FAMILY.get(kind, {code}) and code not in {"PX202", "PX102"}:
            faults.append(f"check before add: odd finding {code} {requirement}")
        if component not in names and component is not None:
            faults.append(f"check before add: {component} was not asked for")
    return faults


def judge_case(project: str, source: Path, facts_given: dict, component: str, components: dict, accepted: dict, keep: bool, runner: Runner | None) -> Verdict:
    """One project, one component (or all), one copy."""
    asked = together(components) if component == "all" else [component]
    names = closure(components, asked)
    work = Path(tempfile.mkdtemp(prefix=f"verdict-{project}-{component}-", dir="/tmp"))
    verdict = Verdict(project, component, "perfect", where=str(work))
    options = facts_given.get("options", [])
    try:
        top = work / "tree"
        copy_tree(source, top, facts_given.get("chmod", []))
        facts = find_facts(top, facts_given)
        root = facts.root
        before = snapshot(top)
        old = Code(top, root)
        old.roots = import_roots(facts)
        for path in old.files():
            old.tree(path)
            old.imports(path)
        cached = {path: old.tree(path) for path in old.files()}
        faults = []
        if runner:
            runner.start(project, facts, root)
            restore(top, before)
        dry = paxx(root, "infra", "add", *asked, "--dry-run", *options)
        if differences(before, snapshot(top)):
            raise Corrupt(f"--dry-run wrote {differences(before, snapshot(top))}")
        if dry.code == 0:
            faults += check_before(root, names, asked, options)
        run = paxx(root, "infra", "add", *asked, "--yes", *options)
        after = snapshot(top)
        if run.code == 2:
            changed = differences(before, after)
            if changed:
                raise Corrupt(f"refused, but wrote {changed}")
            if (top / ".paxx").exists() or (root / ".paxx").exists():
                faults.append("refused, but left .paxx/")
            found = codes(run.err)
            if dry.code != 2:
                faults.append(f"--yes refuses ({','.join(found)}), the dry run did not")
            if not found:
                return Verdict(project, component, "DEFECT", ["refusal without a code: " + run.err.strip()[:200], *faults], str(work))
            if faults:
                return Verdict(project, component, "DEFECT", faults, str(work))
            right = all(any(fnmatch.fnmatch(project, row[0]) and fnmatch.fnmatch(component, row[1]) and code == row[2] for row in accepted) for code in found)
            return Verdict(project, component, "refused" if right else "REFUSED", found, str(work))
        if run.code != 0:
            return Verdict(project, component, "DEFECT", [f"add: exit {run.code}: {run.err.strip()[:200]}"], str(work))
        if run.out:
            faults.append("--yes prints on stdout")
        judge = Judge(top, facts, before, after, old, components, names)
        judge.old.trees = cached
        faults += judge.judge()
        if runner:
            new = [top / path for path in after if path.endswith(".py") and path not in before]
            faults += runner.faults(project, facts, root, names, new)
            restore(top, after)
        # the dry run's diff is the change
        applied = work / "applied"
        copy_tree(source, applied, facts_given.get("chmod", []), repository=False)
        done = git(applied, "apply", "--whitespace=nowarn", "-", feed=dry.out)
        if done.returncode:
            faults.append("git apply: " + done.stderr.decode().strip().splitlines()[0])
        elif differences(after, snapshot(applied), modes=False):
            faults.append(f"the diff gives other bytes: {differences(after, snapshot(applied), modes=False)}")
        # twice = once
        again = paxx(root, "infra", "add", *asked, "--yes", *options)
        if again.code:
            faults.append(f"second add: exit {again.code} {codes(again.err)}")
        if differences(after, snapshot(top)):
            faults.append(f"second add changes {differences(after, snapshot(top))}")
        empty = paxx(root, "infra", "add", *asked, "--dry-run", "--exit-code", *options)
        if empty.code or empty.out:
            faults.append(f"dry run after add: exit {empty.code}, {len(empty.out)} bytes")
        # check is clean
        for arguments in ([], asked):
            check = paxx(root, "check", "--format", "concise", *arguments, *options)
            found = [line for line in check.out.decode().splitlines() if ": info[" not in line]
            if check.code or found:
                faults.append(f"check {' '.join(arguments)} after add: exit {check.code}: " + (found or check.err.splitlines() or [""])[0][:200])
        # remove gives every byte back
        gone = paxx(root, "infra", "remove", *reversed(names), "--yes", *options)
        if gone.code:
            faults.append(f"remove: exit {gone.code}: {gone.err.strip().splitlines()[0][:160]}")
        rest = differences(before, snapshot(top))
        if rest:
            faults.append(f"remove leaves {rest}")
            restore(top, before)
            shutil.rmtree(root / ".paxx", ignore_errors=True)
        # and so does undo
        paxx(root, "infra", "add", *asked, "--yes", *options)
        if differences(after, snapshot(top)):
            faults.append(f"add after remove gives other bytes: {differences(after, snapshot(top))}")
        undone = paxx(root, "undo", "--yes", *options)
        if undone.code:
            faults.append(f"undo: exit {undone.code}: {undone.err.strip()[:160]}")
        if differences(before, snapshot(top)):
            faults.append(f"undo leaves {differences(before, snapshot(top))}")
        status = [line for line in git(top, "status", "--porcelain").stdout.decode().splitlines()]
        if status and not rest:
            faults.append(f"git status after undo: {status[:3]}")
        if faults:
            verdict.kind, verdict.why = "DEFECT", faults
    except Corrupt as error:
        verdict.kind, verdict.why = "CORRUPT", [str(error)]
    except Crash as error:
        verdict.kind, verdict.why = "CRASH", [str(error)]
    except Exception as error:
        verdict.kind, verdict.why = "DEFECT", [f"the judge failed: {type(error).__name__}: {error}", traceback.format_exc().strip().splitlines()[-3].strip()]
    finally:
        if not keep:
            for path in work.rglob("*"):
                if path.is_dir() and not path.is_symlink():
                    path.chmod(0o755)
            shutil.rmtree(work, ignore_errors=True)
    return verdict


def restore(top: Path, before: dict[str, tuple]) -> None:
    """Puts back what a snapshot holds, and takes away what it does not."""
    for key in snapshot(top).keys() - before.keys():
        path = top / key
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    for key, entry in before.items():
        if entry[0] == "file" and (not (top / key).is_file() or (top / key).read_bytes() != entry[2]):
            (top / key).parent.mkdir(parents=True, exist_ok=True)
            (top / key).write_bytes(entry[2])
            (top / key).chmod(entry[1])


# ---- command line ---------------------------------------------------------------------------------------------------


def load_accepted() -> list[tuple[str, str, str]]:
    """(project, component, code) of the refusals that are right; the fourth column says why."""
    rows = []
    for line in (HERE / "accepted.tsv").read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            project, component, code, why = line.split("\t")
            if not why.strip():
                raise SystemExit(f"accepted.tsv: {project} {component} {code} says not why")
            rows.append((project, component, code))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--components", default="")
    parser.add_argument("--run", type=Path, metavar="FOLDER", help="run the applications as well; their environments are made in FOLDER")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", action="store_true", help="leave the copies in /tmp/verdict-*")
    parser.add_argument("--facts", action="store_true", help="print what the judge holds the projects to be")
    options = parser.parse_args()
    if shutil.which(BINARY) is None:
        parser.error(f"no binary `{BINARY}`: set PAXX_BIN")
    components = load_components()
    chosen = options.components.split(",") if options.components else [*components, "all"]
    accepted = load_accepted()
    cases, expected = [], {}
    for tree in sorted(options.folder.iterdir()):
        if not tree.is_dir() or (options.names and not any(fnmatch.fnmatch(tree.name, name) for name in options.names)):
            continue
        given = {}
        if (options.folder / f"{tree.name}.json").is_file():
            given = json.loads((options.folder / f"{tree.name}.json").read_text("utf-8"))
        source = tree if given else repository_top(tree)
        if options.facts:
            facts = find_facts(source, given)
            print(tree.name, *(f"\n    {key}: {value}" for key, value in vars(facts).items() if key != "notes"))
            continue
        for component in chosen:
            expect = given.get("expect", {})
            wanted = expect.get(component, expect.get("*", "perfect"))
            accepted += [(tree.name, component, code) for code in wanted.split()[1:]]
            if wanted.startswith("refused"):
                expected[tree.name, component] = wanted
            cases.append((tree.name, source, given, component))
    if options.facts:
        return 0
    unknown = sorted(set(chosen) - {*components, "all"})
    if unknown:
        parser.error(f"no component {', '.join(unknown)}: there are {', '.join(components)} and all")
    runner = Runner(options.run) if options.run else None
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        futures = [pool.submit(judge_case, *case, components, accepted, options.keep, runner) for case in cases]
        verdicts = [future.result() for future in futures]
    for verdict in verdicts:
        wanted = expected.get((verdict.project, verdict.component))
        if wanted and verdict.kind == "perfect":
            verdict.kind, verdict.why = "DEFECT", [f"applied, expected: {wanted}"]
        elif wanted and verdict.kind == "refused" and not set(wanted.split()[1:]) & set(verdict.why):
            verdict.kind, verdict.why = "DEFECT", [f"refused {verdict.why}, expected: {wanted}"]
    projects = list(dict.fromkeys(case[0] for case in cases))
    table = {(verdict.project, verdict.component): verdict for verdict in verdicts}
    width = max([len(name) for name in projects] or [0]) + 2
    print("".ljust(width) + "".join(name.ljust(16) for name in chosen))
    for project in projects:
        print(project.ljust(width) + "".join(table[project, name].short()[:15].ljust(16) for name in chosen))
    print()
    for verdict in verdicts:
        if verdict.kind not in {"perfect", "refused"}:
            place = f"  [{verdict.where}]" if options.keep else ""
            print(f"{verdict.project} {verdict.component}: {verdict.kind}{place}")
            for why in verdict.why:
                print(f"    {why}")
    if runner:
        print(runner.report(), end="\n\n")
    totals = Counter(verdict.kind for verdict in verdicts)
    print(", ".join(f"{count} {kind}" for kind, count in totals.most_common()))
    return 0 if set(totals) <= {"perfect", "refused"} else 1


if __name__ == "__main__":
    sys.exit(main())
