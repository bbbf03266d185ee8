"""The dashboard and the alert rules of `--set metrics.dashboards=yes`: they ask for what is counted, and Prometheus takes them.

`promtool` comes with Debian's package `prometheus`; `PAXX_PROMTOOL` names another one.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from conftest import TOGETHER, Projects, add, paxx
from examine import tree

FOLDER = "deploy/observability"
SUFFIXES = ("_bucket", "_count", "_sum", "_total", "")
OF_PROMETHEUS = {"process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds", "process_max_fds"}

RULES = """\
rule_files: [alerts.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'http_requests_in_progress{job="shop"}', values: '0x40'}
      - {series: 'http_requests_total{job="shop", status="200"}', values: '0+90x40'}
      - {series: 'http_requests_total{job="shop", status="500"}', values: '0+10x40'}
      - {series: 'arq_job_seconds_count{job="worker", task="mail", outcome="complete"}', values: '0+5x40'}
      - {series: 'arq_job_seconds_count{job="worker", task="mail", outcome="failed"}', values: '0+5x40'}
    alert_rule_test:
      - {eval_time: 20m, alertname: NoMetrics, exp_alerts: []}
      - eval_time: 20m
        alertname: ManyErrors
        exp_alerts:
          - exp_labels: {severity: page, job: shop}
            exp_annotations:
              summary: 10% of the requests to shop fail
              description: More than 5 % were answered with a 5xx for five minutes.
      - eval_time: 35m
        alertname: JobsFail
        exp_alerts:
          - exp_labels: {severity: ticket, job: worker, task: mail}
            exp_annotations:
              summary: 50% of the runs of mail fail
              description: More than one run in ten failed for a quarter of an hour.
  - interval: 1m
    input_series:
      - {series: 'http_requests_total{job="shop", status="200"}', values: '0+100x20'}
    alert_rule_test:
      - {eval_time: 20m, alertname: ManyErrors, exp_alerts: []}
"""


@pytest.fixture(scope="module")
def project(projects: Projects) -> Path:
    made = projects.fresh("upper")
    add(made, *TOGETHER, options=("--set", "metrics.dashboards=yes"))
    return made


def expressions(project: Path) -> list[str]:
    board = json.loads((project / FOLDER / "dashboard.json").read_text())
    rules = yaml.safe_load((project / FOLDER / "alerts.yml").read_text())
    found = [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]
    return found + [rule["expr"] for group in rules["groups"] for rule in group["rules"]]


def test_they_ask_for_what_is_counted(project: Path) -> None:
    modules = "".join(path.read_text() for path in (project / "app/services").glob("*.py"))
    named = re.compile(r"\b(?:http|process|websocket|ratelimit|arq|taskiq)_[a-z_]+\b")
    asked = {name for expression in expressions(project) for name in named.findall(expression)} - {"taskiq_job_seconds_count"}
    assert len(asked) > 10
    for name in asked - OF_PROMETHEUS:
        written = {name.removesuffix(suffix) for suffix in SUFFIXES}
        assert any(f'"{one}"' in modules for one in written), name


def test_the_dashboard_is_one(project: Path) -> None:
    """What Grafana's schema asks of a dashboard: ids that differ, panels beside each other, a source for each target."""
    board = json.loads((project / FOLDER / "dashboard.json").read_text())
    assert board["title"] == "parceltrack" and board["schemaVersion"] >= 36
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken and place["x"] + place["w"] <= 24
        taken |= cells
        if panel["type"] != "row":
            references = [target["refId"] for target in panel["targets"]]
            assert references and len(references) == len(set(references))
            assert all(target["datasource"]["uid"] == "${datasource}" for target in panel["targets"])
    variables = [variable["name"] for variable in board["templating"]["list"]]
    assert variables == ["datasource", "job"]


def test_prometheus_takes_the_rules(project: Path) -> None:
    promtool = os.environ.get("PAXX_PROMTOOL") or shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool here: apt-get install prometheus")
    folder = project / FOLDER
    (folder / "rules_test.yml").write_text(RULES)
    for command in (["check", "rules", "alerts.yml"], ["test", "rules", "rules_test.yml"]):
        done = subprocess.run([promtool, *command], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    (folder / "rules_test.yml").unlink()


def test_they_come_where_they_are_asked_for(projects: Projects) -> None:
    project = projects.fresh("upper")
    before = tree(project)
    add(project, "metrics")
    assert not (project / "deploy").exists()
    paxx(project, "remove", "metrics", "--yes")
    add(project, "metrics", options=("--set", "metrics.dashboards=yes"))
    assert sorted(path.name for path in (project / FOLDER).iterdir()) == ["alerts.yml", "dashboard.json"]
    assert paxx(project, "add", "metrics", "--dry-run").stdout == ""
    paxx(project, "check")
    paxx(project, "remove", "metrics", "--yes")
    assert tree(project) == before and not (project / "deploy").exists()
