"""The merged compose file: valid by the Compose specification, reachable for the application, private on the host."""

import json
import subprocess
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from conftest import FIXTURES, TOGETHER, Projects, add, paxx

NAMES = ("compose.yml", "compose.yaml", "docker-compose.yml", "docker-compose.yaml")
# What Compose merges into a service is for Compose: the schema sees the mapping after YAML's own merge keys.
WORKERS = {"worker", "taskiq-worker", "taskiq-scheduler"}
OURS = {"redis", "minio", "jaeger", "mailpit", "mongodb", *WORKERS}
PUBLISHED = {"redis": {6379}, "minio": {9000, 9001}, "jaeger": {4317, 16686}, "mailpit": {1025, 8025}, "mongodb": {27017}}

# Other ways to write the compose file of `fixtures/package-upper`, the service of the application under `api`.
VARIANTS = {
    "networks as a list": """\
services:
  api:
    build: .
    command: uvicorn app.main:app
    networks: [front, back]
  db:
    image: postgres:17
    networks:
      - back
networks:
  front:
  back:
    driver: bridge
""",
    "networks as a map": """\
services:
  api:
    build: {context: ., dockerfile: Dockerfile}
    command: uvicorn app.main:app
    networks:
      back:
        aliases: [parcels]
  db:
    image: postgres:17
    networks: {back: }
networks: {back: {}}
""",
    "the host's network": """\
services:
  api:
    build: .
    command: uvicorn app.main:app
    network_mode: host
  db:
    image: postgres:17
    ports: ["127.0.0.1:5432:5432"]
""",
    "anchors and merge keys": """\
x-common: &common
  restart: unless-stopped
  environment: &environment
    LOG_LEVEL: INFO
services:
  api:
    <<: *common
    build: .
    command: uvicorn app.main:app
    environment:
      <<: *environment
      ENVIRONMENT: local
  db:
    <<: *common
    image: postgres:17
""",
    "taken ports": """\
services:
  api:
    build: .
    command: uvicorn app.main:app
    ports: ["9000:8000"]
  db:
    image: postgres:17
  admin:
    image: dpage/pgadmin4
    ports:
      - "6379:80"
      - target: 443
        published: "16686"
""",
}


@cache
def schema() -> Any:
    """The Compose specification's JSON schema, as `check-jsonschema` carries it."""
    text = resources.files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text()
    return json.loads(text)


def compose_file(project: Path) -> Path | None:
    found = [project / name for name in NAMES if (project / name).exists()]
    assert len(found) < 2
    return found[0] if found else None


def _environment(service: dict[str, Any]) -> dict[str, str]:
    given = service.get("environment") or {}
    return dict(item.split("=", 1) for item in given) if isinstance(given, list) else given


def _networks(service: dict[str, Any]) -> set[str]:
    return set(service.get("networks") or [])


def _prefix(environment: dict[str, str]) -> str | None:
    """What the project's variables begin with; None where ours are not there."""
    ours = [name for name in environment if name.endswith("STORAGE_S3_ENDPOINT_URL")]
    return ours[0].removesuffix("STORAGE_S3_ENDPOINT_URL") if ours else None


def published(before: dict[str, Any], after: dict[str, Any], new: set[str]) -> None:
    """What is published is published on 127.0.0.1 only, and once; the tags are pinned."""
    services = after["services"]
    taken: list[str] = []
    for name in sorted(new):
        for port in services[name].get("ports", []):
            address, published, target = port.split(":")
            assert address == "127.0.0.1", f"{name} is open to the network: {port}"
            assert int(target) in PUBLISHED[name]
            taken.append(published)
    for name in before["services"]:
        for port in services[name].get("ports", []):
            taken.append(str(port["published"]) if isinstance(port, dict) else str(port).split(":")[-2])
    assert len(taken) == len(set(taken)), "a host port is published twice"
    for name in new - WORKERS:
        assert services[name]["image"].split(":")[1] not in ("", "latest")


def examine(before: dict[str, Any], after: dict[str, Any]) -> None:
    """The rules of COMPONENTS.md and SPEC.md for what the tool brings into a compose file."""
    jsonschema.validate(after, schema())
    services = after["services"]
    new = set(services) - set(before["services"])
    published(before, after, new)
    apps = [name for name in before["services"] if _prefix(_environment(services[name])) is not None]
    if not any("build" in service for service in before["services"].values()):
        # The application does not run in a container: there is no service to tell, and nothing that a worker could run.
        assert (apps, new) == ([], OURS - WORKERS)
        return
    assert new == OURS
    (app,) = apps
    environment = _environment(services[app])
    prefix = _prefix(environment)
    assert prefix is not None
    host = services[app].get("network_mode") == "host"
    for name in new:
        # On the networks of the application, and no other.
        assert _networks(services[name]) == (_networks(services[app]) if not (host and name in WORKERS) else set())
        # The worker is restarted as the application is.
        assert name in WORKERS or services[name].get("restart") == "unless-stopped"
    # The application finds each service under its name, or on its own host.
    for variable, name, port in (
        ("REDIS_URL", "redis", "6379"), ("ARQ_REDIS_URL", "redis", "6379"), ("WS_REDIS_URL", "redis", "6379"),
        ("STORAGE_S3_ENDPOINT_URL", "minio", "9000"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "jaeger", "4317"), ("MONGODB_URL", "mongodb", "27017"),
    ):
        assert f"//{'localhost' if host else name}:{port}" in environment[prefix + variable]
    assert environment[prefix + "SMTP_HOST"] == ("localhost:1025" if host else "mailpit:1025")
    # It waits for them; each service that is waited for, and each named volume, is there.
    assert {"redis", "minio", "jaeger", "mailpit", "mongodb"} <= set(services[app]["depends_on"])
    for name, service in services.items():
        waits = service.get("depends_on") or {}
        assert set(waits) <= set(services)
        if isinstance(waits, dict):
            for other, rule in waits.items():
                assert rule["condition"] != "service_healthy" or "healthcheck" in services[other]
        if name in new:
            named = {volume.split(":")[0] for volume in service.get("volumes", []) if volume[0] not in "./~$"}
            assert named <= set(after.get("volumes") or {})
    # The worker runs on the application's build, with its environment.
    worker = services["worker"]
    assert worker["build"] == services[app]["build"]
    assert _environment(worker) == environment
    assert "ports" not in worker
    # In the place of an image's entry point that is the server, which would take the command for its arguments.
    assert str(worker.get("command") or worker["entrypoint"]).endswith(".tasks.WorkerSettings")
    # All that was there is as it was, the application and the database's image aside.
    for name, service in before["services"].items():
        if name != app:
            rest = {key: value for key, value in services[name].items() if key != "image"}
            assert rest == {key: value for key, value in service.items() if key != "image"}
    assert {name: after.get(name) for name in before if name not in ("services", "volumes")} == {
        name: value for name, value in before.items() if name not in ("services", "volumes")
    }


SHAPES = ["lower", *sorted(path.name for path in FIXTURES.iterdir() if compose_file(path))]
# Where the project lies below the compose file: inside the git repository that holds both.
BELOW = {"monorepo": "backend"}
# They speak to SQLite alone: an extension of PostgreSQL is refused.
WITHOUT_POSTGRESQL = {"environments", "factory", "imported-lifespan", "tabs"}


@pytest.mark.parametrize("shape", SHAPES)
def test_fixture(projects: Projects, shape: str) -> None:
    """Issue 3 (6): "the merged compose file is valid against the Compose specification's JSON schema, for every fixture
    and all components; a new service is on the application's networks"; (4): published on 127.0.0.1 only."""
    project = projects.fresh(shape)
    path = compose_file(project)
    assert path
    before = yaml.safe_load(path.read_bytes())
    if shape in BELOW:
        subprocess.run(["git", "init", "-q", project], check=True)  # noqa: S607
    components = TOGETHER
    if shape in WITHOUT_POSTGRESQL:
        assert "PX308" in paxx(project, "infra", "add", *TOGETHER, "--yes", code=2).stderr
        assert yaml.safe_load(path.read_bytes()) == before
        components = tuple(component for component in TOGETHER if component != "postgis")
    add(project / BELOW.get(shape, "."), *components)
    examine(before, yaml.safe_load(path.read_bytes()))


@pytest.mark.parametrize("variant", VARIANTS)
def test_variant(projects: Projects, variant: str) -> None:
    """The same of other ways to write a compose file."""
    project = projects.fresh("upper", {"compose.yml": VARIANTS[variant]})
    before = yaml.safe_load(VARIANTS[variant])
    jsonschema.validate(before, schema())
    add(project, *TOGETHER)
    examine(before, yaml.safe_load((project / "compose.yml").read_bytes()))


def test_the_schema_refuses_nonsense() -> None:
    """What `test_fixture` rests on: the schema knows a service that is none."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"services": {"redis": {"image": "redis", "volume": ["x:/data"]}}}, schema())
