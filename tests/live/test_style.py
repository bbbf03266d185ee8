"""The style of what is generated, alone and in every pair: ruff, mypy, formatting at any width, Python 3.10."""

import json
import os
import re
import shutil
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest
from conftest import COMPONENTS, EVERY, SHAPES, TOGETHER, Projects, manifest
from examine import Examiner, generated, program, tree

SINGLES = [(component,) for component in EVERY]
PAIRS = list(combinations(COMPONENTS, 2))
# The rest is left to the longer gate: a module has the same text alone and among all.
ALWAYS = {("lower", TOGETHER), ("upper", TOGETHER)}
COMBINATIONS = [
    pytest.param(
        shape, components, id=f"{shape}-{' '.join(components)}",
        marks=() if (shape, components) in ALWAYS else pytest.mark.long,
    )
    for shape in ("lower", "upper")
    for components in [*SINGLES, *PAIRS, COMPONENTS, TOGETHER]
]
# Each value of an option that is not its default.
CHOICES = [
    (component, f"{component}.{option['name']}={value}")
    for component in EVERY
    for option in manifest(component).get("option", [])
    for value in option.get("values", [])
    if value != option["default"]
]


@pytest.fixture(scope="module")
def examiner(projects: Projects) -> Examiner:
    return Examiner(projects)


@pytest.mark.parametrize(("shape", "components"), COMBINATIONS)
def test_combination(examiner: Examiner, shape: str, components: tuple[str, ...]) -> None:
    """Issue 3 (2), issue 2 (9): `check` clean; `ruff`, `ruff format`, `mypy --strict` clean, but for what the project
    itself violates before; the application is imported; `remove` restores every byte. Singles, pairs, the first six and all."""
    assert examiner.examine(shape, components) == []


@pytest.mark.parametrize(
    "components", [*(pytest.param(one, marks=pytest.mark.long) for one in SINGLES), TOGETHER], ids=" ".join
)
def test_modules_with_a_settings_function(examiner: Examiner, components: tuple[str, ...]) -> None:
    """The same of the modules alone, in the project that reaches its settings by `get_settings()`."""
    assert examiner.examine("getter", components) == []


@pytest.mark.parametrize(("component", "choice"), CHOICES, ids=[choice for _, choice in CHOICES])
def test_every_value_of_an_option(examiner: Examiner, component: str, choice: str) -> None:
    """The same of each component with each value of its options: what is left out is missed nowhere."""
    assert examiner.examine("lower", (component,), ("--set", choice)) == []


@pytest.mark.parametrize("shape", SHAPES)
def test_a_module_does_not_depend_on_its_neighbours(projects: Projects, shape: str) -> None:
    """A module has the same text alone and among all: what is shown of one holds in every combination."""
    together = tree(projects.make(*TOGETHER, shape=shape))
    for component in TOGETHER:
        project = projects.make(component, shape=shape)
        alone = tree(project)
        assert {path: alone[path] for path in generated(project, shape)}.items() <= together.items()


@pytest.mark.parametrize("width", [79, 88, 100, 120, 320])
@pytest.mark.parametrize("shape", SHAPES)
def test_fixed_point_of_the_formatter(projects: Projects, shape: str, width: int) -> None:
    """docs/components.md: a module is a fixed point of `ruff format` at every line length from 79 to 320."""
    project = projects.make(*TOGETHER, shape=shape)
    done = subprocess.run(
        [program("ruff"), "format", "--isolated", "--no-cache", "--line-length", str(width), "--diff",
         *generated(project, shape)],
        cwd=project, capture_output=True, text=True,
    )
    assert done.returncode == 0, done.stdout


def test_secrets_are_secret() -> None:
    """Passwords, keys and tokens do not show themselves: whoever prints the settings, or logs them, prints stars."""
    settings = [setting for component in EVERY for setting in manifest(component).get("setting", [])]
    secrets = [each for each in settings if re.search(r"PASSWORD|SECRET|TOKEN|_KEY$", each["name"])]
    assert len(secrets) >= 6
    assert [each["name"] for each in secrets if each["type"] != "SecretStr | None"] == []


def python_3_10() -> str | None:
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = sorted(root.glob("versions/3.10*/bin/python"))
    return str(found[-1]) if found else shutil.which("python3.10")


@pytest.mark.parametrize("shape", SHAPES)
def test_python_3_10_compiles_it(projects: Projects, shape: str) -> None:
    """COMPONENTS.md: "Python >= 3.10"."""
    python = python_3_10()
    if python is None:
        pytest.skip("no Python 3.10 here: its syntax is not tried")
    project = projects.make(*TOGETHER, shape=shape)
    modules = generated(project, shape)
    assert len(modules) == sum(len(manifest(component)["module"]) for component in TOGETHER)
    code = "import sys\nfor name in sys.argv[1:]: compile(open(name).read(), name, 'exec')"
    subprocess.run([python, "-W", "error", "-c", code, *modules], cwd=project, check=True)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("components", [TOGETHER, tuple(sorted({*EVERY} - {*TOGETHER}))], ids=["together", "the others"])
def test_pyright_strict(projects: Projects, components: tuple[str, ...]) -> None:
    """pyright in its strict mode as well as mypy; packages without types of their own are the project's to put up with."""
    project = projects.make(*components, shape="upper")
    environment = Path(sys.prefix)
    settings = {
        "include": generated(project, "upper"), "typeCheckingMode": "strict", "pythonVersion": "3.10",
        "reportMissingTypeStubs": False, "venvPath": str(environment.parent), "venv": environment.name,
    }
    (project / "pyrightconfig.json").write_text(json.dumps(settings))
    done = subprocess.run([program("pyright"), "--outputjson"], cwd=project, capture_output=True, text=True)
    found = [
        f"{Path(one['file']).name}:{one['range']['start']['line'] + 1}: {one['message'].splitlines()[0]}"
        for one in json.loads(done.stdout)["generalDiagnostics"] if one["severity"] == "error"
    ]
    assert found == []
