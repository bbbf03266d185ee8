"""Files that list packages in other formats than `pyproject.toml` and `requirements.txt`, and projects that have none."""

from shape import Collection

formats = Collection("package lists")

SETUP = """\
from setuptools import find_packages, setup

{before}setup(
    name="demo",
    packages=find_packages(),
    install_requires={value},
)
"""
NONE = {"pyproject.toml": None}

formats.add("Pipfile", {**NONE, "Pipfile": '[packages]\nfastapi = "*"\npydantic-settings = ">=2"\n\n[dev-packages]\n'}, add=("redis", "metrics"))
formats.add("Pipfile with redis", {**NONE, "Pipfile": '[packages]\nfastapi = "*"\npydantic-settings = "*"\nredis = {version = "*", extras = ["hiredis"]}\n'})
formats.add("Pipfile with an older redis", {**NONE, "Pipfile": '[packages]\nfastapi = "*"\npydantic-settings = "*"\nredis = "==3.5.3"\n'}, refusal=("PX202",))
formats.add("setup.cfg", {**NONE, "setup.cfg": "[options]\ninstall_requires =\n    fastapi\n    pydantic-settings\n    # the server\n    uvicorn\npackages = find:\n"}, add=("redis", "metrics"))
formats.add("setup.cfg of a file", {**NONE, "setup.cfg": "[options]\ninstall_requires = file: run.txt\n", "run.txt": "fastapi\npydantic-settings\n"}, refusal=("PX204",))
formats.add("setup.py", {**NONE, "setup.py": SETUP.format(before="", value='["fastapi", "pydantic-settings"]')}, add=("redis", "metrics"))
formats.add("setup.py over lines", {**NONE, "setup.py": SETUP.format(before="", value="[\n        'fastapi',  # web\n        'pydantic-settings'\n    ]")}, add=("redis", "metrics"))
formats.add("setup.py with a variable", {**NONE, "setup.py": SETUP.format(before="REQUIRED = [\n    'fastapi',\n    'pydantic-settings',\n]\n\n", value="REQUIRED")})
formats.add("setup.py with a sum", {**NONE, "setup.py": SETUP.format(before="BASE = ['fastapi']\n\n", value="BASE + ['pydantic-settings']")}, refusal=("PX204",))
formats.add("environment.yml", {**NONE, "environment.yml": "name: demo\ndependencies:\n  - python=3.12\n  - pip:\n      - fastapi\n      - pydantic-settings\n"}, add=("redis", "metrics"))
formats.add("environment.yml without pip", {**NONE, "environment.yml": "name: demo\ndependencies:\n  - python=3.12\n  - fastapi\n"}, refusal=("PX204",))
formats.add("pixi", {**NONE, "pixi.toml": '[workspace]\nname = "demo"\n\n[pypi-dependencies]\nfastapi = "*"\npydantic-settings = { version = ">=2", extras = [] }\n'}, add=("redis", "metrics"))
formats.add("dynamic list of setup.cfg", {"pyproject.toml": '[project]\nname = "demo"\nversion = "0"\ndynamic = ["dependencies"]\n', "setup.cfg": "[options]\ninstall_requires =\n    fastapi\n    pydantic-settings\n"})
formats.add("no file", NONE, add=("redis", "metrics"))
formats.add("no file but tool settings", {"pyproject.toml": "[tool.ruff]\nline-length = 100\n"}, add=("redis", "metrics"))

# Requirements files

PLAIN = "fastapi\r\npydantic-settings\r\n"
for order in ("utf-16-le", "utf-16-be"):
    formats.add(f"requirements.txt in {order}", {**NONE, "requirements.txt": ("\ufeff" + PLAIN).encode(order)}, add=("redis", "metrics"))
IMAGE = 'FROM python:3.12\nCOPY . .\nRUN pip install -r {0}\nCMD ["uvicorn", "app.main:app"]\n'
TWO = {**NONE, "requirements-cpu.txt": "fastapi\npydantic-settings\n", "requirements-gpu.txt": "fastapi\npydantic-settings\ntorch\n"}
formats.add("two files, one in an image", {**TWO, "Dockerfile": IMAGE.format("requirements-gpu.txt")}, requirement_files=("requirements-gpu.txt",))
for one in ("requirements-cpu.txt", "requirements-gpu.txt"):
    formats.add(f"two files in two images, {one}", {**TWO, "Dockerfile": IMAGE.format("requirements-cpu.txt"), "gpu.Dockerfile": IMAGE.format("requirements-gpu.txt")}, requirement_files=(one,), add=("redis", "metrics"))
    formats.add(f"two files in no image, {one}", TWO, requirement_files=(one,), refusal=("PX204",))
formats.add("the file of an image beside a project", {"requirements.txt": "fastapi\npydantic-settings\n", "Dockerfile": IMAGE.format("requirements.txt")}, requirement_files=("requirements.txt",))
HELD = {**NONE, "requirements.txt": "fastapi\npydantic-settings\n", "constraints.txt": "redis==4.5.0\n"}
for title, option in {"an option": "-c constraints.txt", "a long option": "--constraint=constraints.txt"}.items():
    formats.add(f"constraints of an image: {title}", {**HELD, "Dockerfile": IMAGE.format(f"requirements.txt {option}")}, refusal=("PX202",))
formats.add("constraints of an image: a variable", {**HELD, "Dockerfile": IMAGE.format("requirements.txt").replace("RUN ", "ENV PIP_CONSTRAINT=constraints.txt\nRUN ")}, refusal=("PX202",))
formats.add("constraints that allow ours", {**HELD, "constraints.txt": "redis==5.2.1\n", "Dockerfile": IMAGE.format("requirements.txt -c constraints.txt")})
