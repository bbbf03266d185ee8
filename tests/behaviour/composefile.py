"""Compose files as Compose resolves them, and what must hold between them. Uses PyYAML, nothing of the tool."""

from __future__ import annotations

import copy
import re
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

NAMES = ("compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml")
_TOP = {"services", "volumes", "networks", "version", "name", "include", "secrets", "configs"}


class Invalid(Exception):
    """Compose would not take the file."""


class _Loader(yaml.SafeLoader):
    """YAML with Compose's own tags, and with doubled keys refused."""


def _tagged(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    if suffix == "reset":
        return None
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)  # type: ignore[arg-type]


def _mapping(loader: _Loader, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
    own = [loader.construct_object(key) for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
    for key in own:
        if own.count(key) > 1:
            raise Invalid(f"the key {key!r} stands twice")
    loader.flatten_mapping(node)
    return {loader.construct_object(k, deep=True): loader.construct_object(v, deep=True) for k, v in node.value}


_Loader.add_multi_constructor("!", _tagged)
_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
# Compose reads YAML 1.2: `yes` and `on` are texts there
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:int")]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _first in "tTfF":
    _Loader.yaml_implicit_resolvers.setdefault(_first, []).append(("tag:yaml.org,2002:bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$")))
for _first in "-+0123456789":
    _Loader.yaml_implicit_resolvers.setdefault(_first, []).append(("tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$")))


def find(folder: Path) -> Path | None:
    """The compose file that `docker compose` takes in this folder."""
    return next((folder / name for name in NAMES if (folder / name).exists()), None)


def load(path: Path, environment: dict[str, str] | None = None) -> dict[str, Any]:
    """The file with its override, includes and `extends`, each service normalised; raises `Invalid`."""
    variables = {**_dotenv(path.parent / ".env"), **(environment or {})}
    tree = _file(path, variables)
    stem, ending = path.name.rsplit(".", 1)
    for other in (f"{stem}.override.yml", f"{stem}.override.yaml"):
        if (path.parent / other).exists():
            tree = _merged(tree, _file(path.parent / other, variables))
    services = {name: _service(name, spec or {}, path.parent, variables) for name, spec in (tree.get("services") or {}).items()}
    return {
        "services": services,
        "volumes": set(tree.get("volumes") or {}),
        "networks": set(tree.get("networks") or {}) | {"default"},
    }


def _file(path: Path, variables: dict[str, str], seen: tuple[Path, ...] = ()) -> dict[str, Any]:
    if path in seen:
        raise Invalid(f"{path.name} includes itself")
    try:
        tree = yaml.load(path.read_text(encoding="utf-8-sig"), Loader=_Loader) or {}
    except yaml.YAMLError as error:
        raise Invalid(f"{path.name}: {error}") from error
    if not isinstance(tree, dict):
        raise Invalid(f"{path.name} is no mapping")
    if "services" not in tree and not set(tree) & _TOP and any(isinstance(one, dict) and ("image" in one or "build" in one) for one in tree.values()):
        tree = {"services": tree, "version": "1"}
    for key in tree:
        if key not in _TOP and not str(key).startswith("x-"):
            raise Invalid(f"{path.name}: `{key}` stands at the top level")
    if isinstance(tree.get("services"), list):
        raise Invalid(f"{path.name}: `services` is a list")
    tree = _interpolated(tree, variables)
    for name, spec in list((tree.get("services") or {}).items()):
        if isinstance(spec, dict) and "extends" in spec:
            tree["services"][name] = _extended(path, tree, name, variables, (*seen, path))
    for included in tree.pop("include", None) or []:
        for one in _paths(included):
            other = _file((path.parent / one).resolve(), variables, (*seen, path))
            for key in ("services", "volumes", "networks"):
                for name, spec in (other.get(key) or {}).items():
                    tree.setdefault(key, {})
                    if tree[key] is None:
                        tree[key] = {}
                    if key == "services" and name in tree[key]:
                        raise Invalid(f"`{name}` is in {path.name} and in the included {one}")
                    tree[key].setdefault(name, spec)
    return tree


def _paths(included: Any) -> list[str]:
    path = included.get("path") if isinstance(included, dict) else included
    return path if isinstance(path, list) else [path]


def _extended(path: Path, tree: dict[str, Any], name: str, variables: dict[str, str], seen: tuple[Path, ...]) -> dict[str, Any]:
    spec = dict(tree["services"][name])
    wanted = spec.pop("extends")
    wanted = {"service": wanted} if isinstance(wanted, str) else wanted
    source = tree
    if "file" in wanted:
        source = _file((path.parent / wanted["file"]).resolve(), variables, ())
    base = dict((source.get("services") or {}).get(wanted["service"]) or {})
    if not base:
        raise Invalid(f"`{name}` extends `{wanted['service']}`, which is not there")
    if "extends" in base:
        base = _extended(path, source, wanted["service"], variables, seen)
    return _merged({"services": {name: base}}, {"services": {name: spec}})["services"][name]


def _interpolated(value: Any, variables: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _interpolated(one, variables) for key, one in value.items()}
    if isinstance(value, list):
        return [_interpolated(one, variables) for one in value]
    return interpolate(value, variables) if isinstance(value, str) else value


def interpolate(text: str, variables: dict[str, str]) -> str:
    """`$NAME`, `${NAME:-default}`, `${NAME-default}`, `${NAME:+other}`, `${NAME:?error}`, `$$`."""

    def one(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        name, operator, rest = found["braced"] or found["plain"], found["operator"] or "", found["rest"] or ""
        value = variables.get(name)
        empty = value is None if not operator.startswith(":") else not value
        if operator.endswith("-") and operator:
            return interpolate(rest, variables) if empty else str(value)
        if operator.endswith("+") and operator:
            return "" if empty else interpolate(rest, variables)
        return value or ""

    pattern = r"\$\$|\$\{(?P<braced>\w+)(?:(?P<operator>:?[-+?])(?P<rest>(?:[^{}]|\$\{[^{}]*\})*))?\}|\$(?P<plain>[A-Za-z_]\w*)"
    return re.sub(pattern, one, text)


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    out = copy.deepcopy(base)
    for key in ("volumes", "networks"):
        if over.get(key):
            out[key] = {**(out.get(key) or {}), **over[key]}
    services = out["services"] = dict(out.get("services") or {})
    for name, spec in (over.get("services") or {}).items():
        old = dict(services.get(name) or {})
        for key, value in (spec or {}).items():
            if key in ("environment", "depends_on", "networks", "labels") and key in old:
                old[key] = {**_map(old[key]), **_map(value)}
            elif key in ("ports", "volumes", "env_file", "expose") and key in old:
                old[key] = _list(old[key]) + [one for one in _list(value) if one not in _list(old[key])]
            else:
                old[key] = value
        services[name] = old
    return out


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _map(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    pairs = [str(one).partition("=") for one in value or []]
    return {name: (text if equals else None) for name, equals, text in pairs}


def _dotenv(path: Path) -> dict[str, str]:
    from dotenv import dotenv_values

    if not path.exists():
        return {}
    return {name: value or "" for name, value in dotenv_values(path).items()}


def _service(name: str, spec: dict[str, Any], folder: Path, variables: dict[str, str]) -> dict[str, Any]:
    if not isinstance(spec, dict):
        raise Invalid(f"the service `{name}` is no mapping")
    out = dict(spec)
    environment: dict[str, str] = {}
    for one in _list(spec.get("env_file")):
        path = one.get("path") if isinstance(one, dict) else one
        environment.update(_dotenv(folder / path))
    for key, value in _map(spec.get("environment")).items():
        if value is None:
            if key in variables:
                environment[key] = variables[key]
        else:
            environment[key] = str(value).lower() if isinstance(value, bool) else str(value)
    out["environment"] = environment
    depends = spec.get("depends_on") or {}
    out["depends_on"] = depends if isinstance(depends, dict) else {one: {} for one in depends}
    networks = spec.get("networks")
    if spec.get("network_mode") is not None:
        if networks:
            raise Invalid(f"`{name}` has `network_mode` and `networks`")
        out["networks"] = set()
    else:
        out["networks"] = set(_map(networks)) if networks else {"default"}
    if not any(key in spec for key in ("image", "build")):
        raise Invalid(f"`{name}` has neither `image` nor `build`")
    out["ports"] = [_port(one) for one in _list(spec.get("ports"))]
    out["argv"] = _argv(spec.get("command"))
    out["profiles"] = set(_list(spec.get("profiles")))
    return out


def _port(value: Any) -> tuple[str, str, str]:
    """(address of the host, its port, port of the container)."""
    if isinstance(value, dict):
        return str(value.get("host_ip", "")), str(value.get("published", "")), str(value["target"])
    text = str(value).split("/")[0]
    *address, target = re.split(r":(?![^\[]*\])", text)
    published = address.pop() if address else ""
    return ":".join(address), published, target


def _argv(command: Any) -> list[str] | None:
    if command is None:
        return None
    return shlex.split(command) if isinstance(command, str) else [str(one) for one in command]


def problems(compose: dict[str, Any]) -> list[str]:
    """What Compose itself refuses, or fails on when it starts everything."""
    out = []
    services = compose["services"]
    published: dict[tuple[str, str], str] = {}
    for name, spec in services.items():
        for wanted in spec["depends_on"]:
            if wanted not in services:
                out.append(f"`{name}` depends on `{wanted}`, which is not there")
            elif services[wanted]["profiles"] and not services[wanted]["profiles"] >= (spec["profiles"] or {"-"}):
                out.append(f"`{name}` depends on `{wanted}`, which its profiles do not start")
        for volume in _list(spec.get("volumes")):
            source = volume.get("source", "") if isinstance(volume, dict) and volume.get("type") == "volume" else "" if isinstance(volume, dict) else str(volume).split(":")[0] if ":" in str(volume) else ""
            if re.fullmatch(r"[A-Za-z0-9][\w.-]*", source) and source not in compose["volumes"]:
                out.append(f"`{name}` mounts the volume `{source}`, which is not declared")
        for network in spec["networks"]:
            if network not in compose["networks"]:
                out.append(f"`{name}` is on the network `{network}`, which is not declared")
        for address, port, _ in spec["ports"]:
            for number in _range(port):
                for key, other in published.items():
                    if key[1] == number and ("" in (key[0], address) or key[0] == address or "0.0.0.0" in (key[0], address)):
                        out.append(f"`{name}` and `{other}` publish the port {number}")
                published[(address, number)] = name
    return out


def _range(port: str) -> list[str]:
    first, _, last = port.partition("-")
    if first.isdigit() and last.isdigit():
        return [str(number) for number in range(int(first), int(last) + 1)]
    return [port] if port else []


def reaches(compose: dict[str, Any], service: str, host: str, port: int, external: bool = False) -> str:
    """Why `service` cannot reach `host:port`; empty if it can."""
    services = compose["services"]
    spec = services[service]
    mode = str(spec.get("network_mode") or "")
    if mode.startswith("service:"):
        spec = services.get(mode.partition(":")[2]) or spec
        mode = str(spec.get("network_mode") or "")
    if mode == "none":
        return f"`{service}` has no network"
    if mode == "host":
        if host not in ("localhost", "127.0.0.1"):
            return f"`{service}` is on the host's network, where `{host}` has no name"
        if not any(str(port) in _range(published) for one in services.values() for _, published, _ in one["ports"]):
            return f"nothing publishes the port {port} on the host"
        return ""
    found = _by_host(services, host)
    if found is None:
        return "" if external and host not in ("localhost", "127.0.0.1") else f"`{host}` is no service"
    name, target = found
    if mode in ("bridge",):
        return f"`{service}` has network_mode bridge, where `{host}` has no name"
    if target.get("network_mode"):
        return f"`{name}` has network_mode {target['network_mode']}"
    if not spec["networks"] & target["networks"]:
        return f"`{service}` and `{name}` share no network"
    if target["profiles"] and not target["profiles"] >= (spec["profiles"] or {"-"}):
        return f"`{name}` is started by the profiles {sorted(target['profiles'])} alone"
    return ""


def _by_host(services: dict[str, Any], host: str) -> tuple[str, dict[str, Any]] | None:
    for name, spec in services.items():
        names = {name, spec.get("container_name")}
        networks = spec.get("networks_raw") or {}
        for one in networks.values() if isinstance(networks, dict) else []:
            names |= set((one or {}).get("aliases") or [])
        if host in names:
            return name, spec
    return None


def same_target(url: str, expected: str) -> bool:
    """Whether both URLs reach the same server with the same credentials; the database's number may differ."""
    a, b = urlsplit(url), urlsplit(expected)

    def parts(one: Any) -> tuple[Any, ...]:
        return one.scheme, one.hostname, one.port or 6379, unquote(one.username or ""), unquote(one.password or "")

    return parts(a) == parts(b)


def started_program(project: Path, spec: dict[str, Any]) -> list[str]:
    """What the container of this service really runs: its entry point is executed, with stubs for the programs."""
    entrypoint = _argv(spec.get("entrypoint"))
    command = spec["argv"]
    dockerfile = _dockerfile(project, spec)
    if dockerfile:
        text = re.sub(r"\\\n", " ", dockerfile.read_text())
        if entrypoint is None:
            entrypoint = _instruction(text, "ENTRYPOINT")
        if command is None and spec.get("entrypoint") is None:
            command = _instruction(text, "CMD") or []
    argv = (entrypoint or []) + (command or [])
    if not argv:
        return []
    script = _script(project, dockerfile, argv)
    return _run_script(script, argv) if script else argv


def _dockerfile(project: Path, spec: dict[str, Any]) -> Path | None:
    build = spec.get("build")
    if build is None:
        return None
    context = build.get("context", ".") if isinstance(build, dict) else build
    name = build.get("dockerfile", "Dockerfile") if isinstance(build, dict) else "Dockerfile"
    path = project / str(context) / name
    return path if path.exists() else None


def _instruction(text: str, name: str) -> list[str] | None:
    import json

    found = re.findall(rf"^{name}\s+(.*)$", text, re.MULTILINE)
    if not found:
        return None
    last = found[-1].strip()
    return json.loads(last) if last.startswith("[") else ["/bin/sh", "-c", last]


def _script(project: Path, dockerfile: Path | None, argv: list[str]) -> Path | None:
    """The project's own script that the container starts with, if it is one."""
    for word in argv[:2]:
        if word.endswith(".sh") or "/" in word and not word.startswith("/bin"):
            for folder in (dockerfile.parent if dockerfile else project, project):
                for path in (folder / word.lstrip("/"), folder / Path(word).name, folder / "docker" / Path(word).name, folder / "scripts" / Path(word).name):
                    if path.is_file():
                        return path
    return None


def _run_script(script: Path, argv: list[str]) -> list[str]:
    """The last program that the script starts: the programs are stubs that write down how they were called."""
    with tempfile.TemporaryDirectory() as folder:
        stubs, log = Path(folder) / "bin", Path(folder) / "log"
        stubs.mkdir()
        for name in ("uvicorn", "arq", "python", "python3", "gunicorn", "alembic", "fastapi", "uv", "poetry", "celery", "tini", "dumb-init"):
            stub = stubs / name
            stub.write_text(f'#!/bin/sh\nprintf "%s\\n" "{name} $*" >> "{log}"\n')
            stub.chmod(0o755)
        at = next(i for i, word in enumerate(argv) if Path(word).name == script.name)
        subprocess.run(
            ["/bin/sh", script, *argv[at + 1 :]], env={"PATH": f"{stubs}:/usr/bin:/bin"}, cwd=folder,
            capture_output=True, timeout=10, stdin=subprocess.DEVNULL, check=False,
        )
        lines = log.read_text().splitlines() if log.exists() else []
        return lines[-1].split() if lines else []
