"""Compose files: what the application is given must be reachable, and nothing else may change."""

from shape import BASE, Collection

compose = Collection("compose")
APP = "  app:\n    build: .\n    command: uvicorn app.main:app\n"


def services(text: str, rest: str = "") -> str:
    return "services:\n" + APP + text + rest


# A Redis that is there

REDIS = "  redis:\n    image: redis:7\n"
for title, text, url in (
    ("plain", REDIS, "redis://redis:6379"),
    ("another name", REDIS.replace("redis:\n", "cache:\n", 1), "redis://cache:6379"),
    ("valkey", "  kv:\n    image: valkey/valkey:8\n", "redis://kv:6379"),
    ("--port", REDIS + "    command: redis-server --port 6380\n", "redis://redis:6380"),
    ("--port=", REDIS + '    command: ["redis-server", "--port=6380"]\n', "redis://redis:6380"),
    ("--port in a list", REDIS + '    command: ["redis-server", "--port", "6380"]\n', "redis://redis:6380"),
    ("--port and --requirepass", REDIS + "    command: redis-server --port 6380 --requirepass hunter2\n", "redis://:hunter2@redis:6380"),
    ("--requirepass", REDIS + "    command: redis-server --requirepass hunter2\n", "redis://:hunter2@redis:6379"),
    ("--requirepass with signs", REDIS + "    command: redis-server --requirepass 'a@b:c/d'\n", "redis://:a%40b%3Ac%2Fd@redis:6379"),
    ("--requirepass by a variable", REDIS + "    command: redis-server --requirepass ${REDIS_PASSWORD:-hunter2}\n", "redis://:hunter2@redis:6379"),
    ("sh -c", REDIS + "    command: sh -c 'redis-server --port 6380 --requirepass hunter2'\n", "redis://:hunter2@redis:6380"),
    ("command by its own environment", REDIS + '    environment:\n      PASS: hunter2\n    command: sh -c "redis-server --requirepass $$PASS"\n', "redis://:hunter2@redis:6379"),
    ("bitnami with a password", "  redis:\n    image: bitnami/redis:7.2\n    environment:\n      REDIS_PASSWORD: hunter2\n", "redis://:hunter2@redis:6379"),
    ("bitnami with a port", '  redis:\n    image: bitnami/redis:7.2\n    environment:\n      ALLOW_EMPTY_PASSWORD: "yes"\n      REDIS_PORT_NUMBER: "6380"\n', "redis://redis:6380"),
    ("bitnami with a password file", "  redis:\n    image: bitnami/redis:7.2\n    environment:\n      REDIS_PASSWORD_FILE: /run/secrets/redis\n", "refuse"),
    ("TLS alone", REDIS + "    command: redis-server --port 0 --tls-port 6379 --tls-cert-file /c --tls-key-file /k\n", "rediss://redis:6379"),
    ("TLS on another port", REDIS + "    command: redis-server --port 0 --tls-port 6380 --tls-cert-file /c --tls-key-file /k\n", "rediss://redis:6380"),
    ("a user, default off", REDIS + "    command: redis-server --user default off --user app on \">pw\" \"~*\" \"+@all\"\n", "redis://app:pw@redis:6379"),
    ("a configuration file", REDIS + '    command: redis-server /redis.conf\n    volumes: ["./redis.conf:/redis.conf"]\n', "redis://:hunter2@redis:6390"),
    ("a configuration file elsewhere", REDIS + '    command: ["redis-server", "/usr/local/etc/redis/redis.conf"]\n    volumes:\n      - type: bind\n        source: ./redis.conf\n        target: /usr/local/etc/redis/redis.conf\n', "redis://:hunter2@redis:6390"),
    ("a configuration folder", REDIS + '    command: redis-server /etc/redis/redis.conf\n    volumes: ["./conf:/etc/redis:ro"]\n', "redis://:hunter2@redis:6390"),
    ("a configuration in the image", REDIS + "    command: redis-server /baked.conf\n", "refuse"),
    ("sentinel", REDIS + "    command: redis-sentinel /s.conf\n", "refuse"),
    ("a cluster", REDIS + "    command: redis-server --cluster-enabled yes\n", "refuse"),
    ("an entrypoint of its own", REDIS + "    entrypoint: /start.sh\n", "refuse"),
    ("on another network", REDIS + "    networks: [back]\n", "refuse"),
    ("container_name", REDIS + "    container_name: demo-redis\n", "redis://redis:6379"),
    ("host network", REDIS + "    network_mode: host\n", "refuse"),
    ("no network", REDIS + "    network_mode: none\n", "refuse"),
    ("under a profile", REDIS + "    profiles: [cache]\n", "refuse"),
    ("port published elsewhere", REDIS + '    ports: ["6390:6379"]\n', "redis://redis:6379"),
    ("an env_file with the password", REDIS.replace("redis:7", "bitnami/redis:7") + "    env_file: redis.env\n", "redis://:hunter2@redis:6379"),
    ("redis stack", "  redis:\n    image: redis/redis-stack:7.4.0-v0\n    environment:\n      REDIS_ARGS: --requirepass hunter2\n", "redis://:hunter2@redis:6379"),
    ("dragonfly", "  df:\n    image: docker.dragonflydb.io/dragonflydb/dragonfly\n    command: dragonfly --requirepass hunter2 --port 6380\n", "redis://:hunter2@df:6380"),
    ("built from a Dockerfile", "  redis:\n    build: ./docker/redis\n", "refuse"),
):
    networks = "networks:\n  back:\n" if "networks: [back]" in text else ""
    files = {"redis.conf": "port 6390\nrequirepass hunter2\n", "conf/redis.conf": "port 6390\nrequirepass hunter2\n", "redis.env": "REDIS_PASSWORD=hunter2\n"}
    compose.compose(f"redis there: {title}", services(text, networks), files, url=None if url == "refuse" else url, refusal="any" if url == "refuse" or title not in ("plain", "another name", "valkey", "--port", "--requirepass", "bitnami with a password", "container_name", "port published elsewhere") else None, changes=("redis",) if "network" in title or "profile" in title else ())
    if title in ("plain", "--port", "--requirepass", "on another network"):
        compose.compose(f"redis there, arq: {title}", services(text, networks), url=None if url == "refuse" else url, refusal="any" if url == "refuse" or title == "--port" else None, add=("arq",))

# One that is not the application's

TEST = "  redis-test:\n    image: redis:7\n"
for title, text in {
    "redis-test": services(TEST),
    "redis_test": services(TEST.replace("redis-test", "redis_test")),
    "test-redis under a profile": services("  test-redis:\n    image: redis:7\n    profiles: [test]\n"),
    "a profile that the application lacks": services("  cache:\n    image: redis:7\n    profiles: [full]\n"),
    "of another application": "services:\n" + APP + "    networks: [a]\n  other:\n    image: other\n    networks: [b]\n  cache:\n    image: redis:7\n    networks: [b]\nnetworks:\n  a:\n  b:\n",
    "redis-test beside redis": services(TEST + REDIS),
    "redis exporter": services("  exporter:\n    image: oliver006/redis_exporter:v1\n"),
    "redis commander": services("  ui:\n    image: rediscommander/redis-commander:latest\n    environment:\n      REDIS_HOSTS: local:elsewhere:6379\n"),
    "two Redis": services("  cache:\n    image: redis:7\n  queue:\n    image: redis:7\n"),
}.items():
    expected = {"redis-test beside redis": "redis://redis:6379"}.get(title)
    compose.compose(f"not ours: {title}", text, url=expected or "redis://redis:6379", refusal="any" if title not in ("redis exporter", "redis commander") else None)

# Networks

for title, text in {
    "front alone": "services:\n" + APP + "    networks: [front]\nnetworks:\n  front:\n",
    "front and back": "services:\n" + APP + "    networks:\n      front:\n      back:\n        aliases: [api]\nnetworks:\n  front:\n  back:\n",
    "an external network": "services:\n" + APP + "    networks: [proxy]\nnetworks:\n  proxy:\n    external: true\n",
    "network_mode bridge": services("    network_mode: bridge\n"),
    "network_mode none": services("    network_mode: none\n"),
    "network_mode host": services("    network_mode: host\n"),
    "network_mode service": services("    network_mode: service:vpn\n  vpn:\n    image: vpn\n"),
    "network_mode service on a network": services("    network_mode: service:vpn\n  vpn:\n    image: vpn\n    networks: [v]\n", "networks:\n  v:\n"),
    "network_mode container": services("    network_mode: container:other\n"),
    "the application on default and another": "services:\n" + APP + "    networks: [default, other]\nnetworks:\n  other:\n",
    "a Redis there, on the application's second network": "services:\n" + APP + "    networks: [a, b]\n  cache:\n    image: redis:7\n    networks: [b]\nnetworks:\n  a:\n  b:\n",
    "a Redis there, the application on host": services("    network_mode: host\n  cache:\n    image: redis:7\n    ports: ['6379:6379']\n"),
    "a Redis there, unpublished, the application on host": services("    network_mode: host\n  cache:\n    image: redis:7\n"),
}.items():
    compose.compose(f"network: {title}", text, refusal="any" if "network_mode" in title or "unpublished" in title else None, url="redis://localhost:6379" if "application on host" in title else None)

# Anchors and merge keys

for title, text, apps in (
    ("an anchor for the environment", "x-env: &env\n  A: '1'\nservices:\n" + APP + "    environment: *env\n  other:\n    image: other\n    environment: *env\n", ("app",)),
    ("an anchor in a service", "services:\n" + APP + "    environment: &env\n      A: '1'\n  other:\n    image: other\n    environment: *env\n", ("app",)),
    ("merge of a service", "x-base: &base\n  build: .\n  environment:\n    A: '1'\nservices:\n  app:\n    <<: *base\n    command: uvicorn app.main:app\n  other:\n    <<: *base\n    command: python other.py\n", ("app",)),
    ("merge from the application", "services:\n  app: &app\n    build: .\n    command: uvicorn app.main:app\n    environment:\n      A: '1'\n  celery:\n    <<: *app\n    command: celery worker\n", ("app",)),
    ("merge from the application, depends_on", "services:\n  app: &app\n    build: .\n    command: uvicorn app.main:app\n    depends_on:\n      - db\n  celery:\n    <<: *app\n    command: celery worker\n  db:\n    image: postgres:16\n", ("app",)),
    ("merge into the environment", "x-env: &env\n  A: '1'\nservices:\n" + APP + "    environment:\n      <<: *env\n      B: '2'\n  other:\n    image: other\n    environment:\n      <<: *env\n", ("app",)),
    ("a list with an anchor", "services:\n" + APP + "    environment: &env\n      - A=1\n  other:\n    image: other\n    environment: *env\n", ("app",)),
    ("depends_on with an anchor", "services:\n" + APP + "    depends_on: &needs\n      - db\n  other:\n    image: other\n    depends_on: *needs\n  db:\n    image: postgres:16\n", ("app",)),
    ("two merges", "x-a: &a\n  restart: always\nx-b: &b\n  environment:\n    A: '1'\nservices:\n  app:\n    <<: [*a, *b]\n    build: .\n    command: uvicorn app.main:app\n  other:\n    <<: [*a, *b]\n    image: other\n", ("app",)),
    ("the whole service aliased", "x-app: &app\n  build: .\n  command: uvicorn app.main:app\nservices:\n  app: *app\n  copy: *app\n", ("app",)),
    ("a merge of the file's volumes", "x-volumes: &volumes\n  data:\nservices:\n" + APP + "volumes:\n  <<: *volumes\n", ("app",)),
):
    compose.compose(f"anchor: {title}", text, app_services=apps, refusal="any")

# What the application has already

compose.compose("env_file of a managed Redis", services("    env_file: prod.env\n"), {"prod.env": "REDIS_URL=rediss://managed.example.com:6380/0\n"}, url="rediss://managed.example.com:6380", refusal="any")
compose.compose("env_file as a list", services("    env_file:\n      - a.env\n      - prod.env\n"), {"a.env": "A=1\n", "prod.env": "REDIS_URL=rediss://managed.example.com:6380/0\n"}, url="rediss://managed.example.com:6380", refusal="any")
compose.compose("env_file as a mapping", services("    env_file:\n      - path: prod.env\n        required: true\n"), {"prod.env": "REDIS_URL=rediss://managed.example.com:6380/0\n"}, url="rediss://managed.example.com:6380", refusal="any")
compose.compose("env_file by a name", services("    env_file: ${ENV_FILE:-prod.env}\n"), {"prod.env": "REDIS_URL=rediss://managed.example.com:6380/0\n"}, url="rediss://managed.example.com:6380", refusal="any")
compose.compose("environment of a managed Redis", services("    environment:\n      REDIS_URL: rediss://managed.example.com:6380/0\n"), url="rediss://managed.example.com:6380", refusal="any")
compose.compose("environment by interpolation", services("    environment:\n      REDIS_URL: ${REDIS_URL:-rediss://managed.example.com:6380/0}\n"), url="rediss://managed.example.com:6380", refusal="any")
compose.compose("environment in another letter case", services("    environment:\n      redis_url: rediss://managed.example.com:6380/0\n"), url="rediss://managed.example.com:6380", refusal="any")
compose.compose("env_file without Redis", services("    env_file: prod.env\n"), {"prod.env": "A=1\n"})
compose.compose("env_file with a commented Redis", services("    env_file: prod.env\n"), {"prod.env": "# REDIS_URL=rediss://managed.example.com:6380/0\nMY_REDIS_URL=x\n"})
compose.compose("env_file of the metrics", services("    env_file: prod.env\n"), {"prod.env": "OTEL_EXPORTER_OTLP_ENDPOINT=http://collector.example.com:4317\n"}, add=("metrics",), refusal="any")
compose.compose("environment as a list", services("    environment:\n      - A=1\n"))
compose.compose("environment as a flow list", services('    environment: ["A=1"]\n'))
compose.compose("environment as a flow mapping", services('    environment: {A: "1"}\n'))
compose.compose("environment null", services("    environment:\n"))
compose.compose("depends_on as a list", services("    depends_on: [db]\n  db:\n    image: postgres:16\n"))
compose.compose("depends_on as a mapping", services("    depends_on:\n      db:\n        condition: service_started\n  db:\n    image: postgres:16\n"))
compose.compose("the application under a profile", services("    profiles: [web]\n"))

# Versions, ports, files

compose.compose("version 1", "app:\n  build: .\n  command: uvicorn app.main:app\n", refusal="any")
compose.compose("version 1 with a link", "app:\n  build: .\n  command: uvicorn app.main:app\n  links:\n    - db\ndb:\n  image: postgres:16\n", refusal="any")
compose.compose("version 3", "version: '3.8'\n" + services(""))
compose.compose("services last", "volumes:\n  data:\n" + services("    volumes:\n      - data:/data\n"))
compose.compose("services null", "services:\n", refusal="any")
compose.compose("volumes null", services("", "volumes:\n"))
compose.compose("flow services", "services: {app: {build: ., command: uvicorn app.main:app}}\n", refusal="any")
compose.compose("indent 4 and flush lists", "services:\n    app:\n        build: .\n        command: uvicorn app.main:app\n        ports:\n        - '8000:8000'\n")
compose.compose("comments at the end", services("\n  # the end\n", "# last\n"))
for title, text, files in (
    ("port taken", services("  other:\n    image: other\n    ports: ['6379:6379']\n"), {}),
    ("port taken on an address", services("  other:\n    image: other\n    ports: ['127.0.0.1:6379:6379']\n"), {}),
    ("port taken by a range", services("  other:\n    image: other\n    ports: ['6370-6380:6370-6380']\n"), {}),
    ("port taken by the long form", services("  other:\n    image: other\n    ports:\n      - target: 1\n        published: '6379'\n"), {}),
    ("port taken by a variable", services("  other:\n    image: other\n    ports: ['${PORT:-6379}:1']\n"), {}),
    ("port taken in an included file", "include:\n  - other.yml\n" + services(""), {"other.yml": "services:\n  other:\n    image: other\n    ports: ['6379:6379']\n"}),
    ("port taken in an included file, long form", "include:\n  - path: deploy/other.yml\n" + services(""), {"deploy/other.yml": "services:\n  other:\n    image: other\n    ports: ['6379:6379']\n"}),
    ("port taken in the override", services("  other:\n    image: other\n"), {"compose.override.yml": "services:\n  other:\n    ports: ['6379:6379']\n"}),
    ("port taken in an extended file", services("  other:\n    extends:\n      file: base.yml\n      service: other\n"), {"base.yml": "services:\n  other:\n    image: other\n    ports: ['6379:6379']\n"}),
    ("port 4317 taken", services("  other:\n    image: other\n    ports: ['4317:4317']\n"), {}),
):
    compose.compose(title, text, files, add=("redis", "metrics"), says=(r"(?i)not published|port",), refusal="any" if "variable" in title else None)
compose.compose("the redis of an included file", "include:\n  - other.yml\n" + services(""), {"other.yml": "services:\n  cache:\n    image: redis:7\n"}, url="redis://cache:6379", refusal="any")
compose.compose("the redis of the override", services(""), {"compose.override.yml": "services:\n  cache:\n    image: redis:7\n"}, url="redis://cache:6379", refusal="any")
compose.compose("a service named redis in an included file", "include:\n  - other.yml\n" + services(""), {"other.yml": "services:\n  redis:\n    image: redis:7\n"}, url="redis://redis:6379", refusal="any")
compose.compose("extends", "services:\n  base:\n    build: .\n    environment:\n      A: '1'\n  app:\n    extends: base\n    command: uvicorn app.main:app\n", app_services=("app",), refusal="any")
compose.compose("extends another file", "services:\n  app:\n    extends:\n      file: base.yml\n      service: web\n    command: uvicorn app.main:app\n", {"base.yml": "services:\n  web:\n    build: .\n    environment:\n      A: '1'\n"}, refusal="any")
compose.compose("the override overrides the environment", services(""), {"compose.override.yml": "services:\n  app:\n    environment:\n      REDIS_URL: redis://elsewhere:6379/0\n"}, url="redis://elsewhere:6379", refusal="any")
compose.compose("the override sets the network mode", services(""), {"compose.override.yml": "services:\n  app:\n    network_mode: none\n"}, refusal="any")
compose.compose("volume of that name", services("  db:\n    image: postgres:16\n    volumes: [redis_data:/x]\n", "volumes:\n  redis_data:\n"), refusal="any")

# The worker

ENTRY = {"Dockerfile": 'FROM python:3.12\nCOPY . /code\nWORKDIR /code\nENTRYPOINT ["./entrypoint.sh"]\n', "compose.yml": "services:\n  app:\n    build: .\n"}
for title, script in {
    "ignores its arguments": '#!/bin/sh\nset -e\nexec uvicorn app.main:app --host 0.0.0.0\n',
    "passes them on": '#!/bin/sh\nset -e\nexec "$@"\n',
    "migrates and passes them on": '#!/bin/sh\nset -e\nalembic upgrade head\nexec "$@"\n',
    "runs the server with them": '#!/bin/sh\nexec uvicorn app.main:app "$@"\n',
    "chooses by the first": '#!/bin/sh\nif [ "$1" = "worker" ]; then\n  exec celery worker\nfi\nexec uvicorn app.main:app\n',
    "chooses, else passes them on": '#!/bin/sh\nif [ "$1" = "serve" ]; then\n  exec uvicorn app.main:app\nfi\nexec "$@"\n',
}.items():
    command = "    command: serve\n" if "else passes" in title else ""
    needs_cmd = "passes them on" in title and not command
    dockerfile = ENTRY["Dockerfile"] + ('CMD ["uvicorn", "app.main:app"]\n' if needs_cmd else "")
    compose.add(f"worker: an ENTRYPOINT that {title}", {"Dockerfile": dockerfile, "compose.yml": ENTRY["compose.yml"] + command, "entrypoint.sh": script}, add=("arq",), refusal=None if title == "passes them on" else "any")
compose.add("worker: ENTRYPOINT of uvicorn", {"Dockerfile": 'FROM python:3.12\nENTRYPOINT ["uvicorn", "app.main:app"]\n', "compose.yml": "services:\n  app:\n    build: .\n"}, add=("arq",), refusal="any")
compose.add("worker: ENTRYPOINT as a shell", {"Dockerfile": "FROM python:3.12\nENTRYPOINT uvicorn app.main:app\n", "compose.yml": "services:\n  app:\n    build: .\n"}, add=("arq",), refusal="any")
compose.add("worker: entrypoint of the service", {"compose.yml": 'services:\n  app:\n    build: .\n    entrypoint: ["uvicorn", "app.main:app"]\n'}, add=("arq",), refusal="any")
compose.add("worker: CMD alone", {"Dockerfile": 'FROM python:3.12\nCMD ["uvicorn", "app.main:app"]\n', "compose.yml": "services:\n  app:\n    build: .\n"}, add=("arq",))
compose.add("worker: a service named worker", {"compose.yml": services("  worker:\n    image: celery\n")}, add=("arq",), refusal="any")

# Above and beside

compose.add("compose above the root", {"compose.yml": "services:\n  app:\n    build: backend\n    command: uvicorn app.main:app\n", **{f"backend/{path}": text for path, text in BASE.items() if path != "compose.yml"}, **{path: None for path in BASE if path != "compose.yml"}}, root="backend")
compose.add("postgis", {"compose.yml": services("    depends_on: [db]\n  db:\n    image: postgres:16-alpine\n")}, add=("postgis",), changes=("db",))
for tag, ok in (("13", False), ("12-alpine", False), ("11", False), ("9.6", False), ("latest", False), ("14.5", True), ("17-bookworm", True), ("18", True)):
    compose.add(f"postgis on {tag}", {"compose.yml": services(f"    depends_on: [db]\n  db:\n    image: postgres:{tag}\n")}, add=("postgis",), changes=("db",), refusal=None if ok else "any")
