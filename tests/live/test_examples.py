"""The usage blocks of the seeds: each is run by some test of a component, or left out here with its reason.

`seed_examples/*.md` are the seeds as they were given; `seed_examples/*.py` are the blocks that the tests run.
"""

import re
import textwrap
from pathlib import Path

from seed_examples import arq, metrics, postgis, redis, storage, websocket

SEEDS = Path(__file__).parent / "seed_examples"

# What the tests of each component run, as they run it.
RUN: dict[str, list[str]] = {
    "redis": [example["code"] for example in redis.EXAMPLES],
    "arq": [example["code"] for example in arq.EXAMPLES],
    "storage": storage.RUN,
    "websocket": [block for blocks, _ in websocket.RUN.values() for block in blocks] + [websocket.ENVIRONMENT],
    "postgis": [source for _, _, source in postgis.EXAMPLES],
    "metrics": list(metrics.EXAMPLES.values()),
}

# Blocks that no test of a component runs: what they begin with, how often they are there, and why.
LEFT_OUT = {
    "paxx infra add ": (6, "the command line of the tool: tests/ runs it"),
    "paxx ext add ": (3, "the command line of the tool: tests/ runs it"),
    "uv run arq ": (2, "needs the project's own environment; test_wiring.py runs it without `uv run`"),
    "docker compose ": (4, "needs a container engine; the next steps print it, and the compose file is validated"),
}


def blocks(text: str) -> list[str]:
    """The fenced blocks of a text, in any language, without the indentation of a list."""
    found = re.findall(r"^( *)```[a-z]*\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for _, block in found]


def section(text: str, start: str, end: str) -> str:
    return text.split(f"\n{start}", 1)[1].split(f"\n{end}", 1)[0]


def printed() -> list[tuple[str, str]]:
    """(seed, block): all that the issue names: two pages but for their overview, and of the plan for WebSockets the
    docstring of section 4, section 8 and section 9."""
    found = []
    for seed in ("extensions.md", "infrastructure.md"):
        text = (SEEDS / seed).read_text()
        found += [(seed, block) for block in blocks(section(text, "---\n", "## Summary"))]
    plan = (SEEDS / "websocket-plan.md").read_text()
    docstring = re.search(r'Usage:\n(.*?)"""', section(plan, "## 4. ", "## 5. "), re.DOTALL)
    assert docstring
    usage = [textwrap.dedent(docstring[1])]
    usage += blocks(section(plan, "## 8. ", "## 9. ")) + blocks(section(plan, "## 9. ", "## 10. "))
    return found + [("websocket-plan.md", block) for block in usage]


def plain(block: str) -> str:
    """A block but for what is left aside: the module's path, an env file's comment, empty lines at the ends."""
    return re.sub(r"\bcore\.", "services.", block).removeprefix("# .env\n").strip()


def test_every_block_is_run_or_left_out_with_a_reason() -> None:
    """Issue 3 (3): "The examples of the seeds run (scope 3), by a test that counts them." """
    open_runs = [plain(block) for component in RUN.values() for block in component]
    total_run = len(open_runs)
    left_out = dict.fromkeys(LEFT_OUT, 0)
    unknown = []
    for seed, block in printed():
        if plain(block) in open_runs:
            open_runs.remove(plain(block))
        elif beginning := next((start for start in LEFT_OUT if block.startswith(start)), None):
            left_out[beginning] += 1
        else:
            unknown.append((seed, block))
    assert unknown == [], "neither run nor left out"
    assert open_runs == [], "run, but not printed in a seed"
    assert left_out == {start: count for start, (count, _) in LEFT_OUT.items()}
    counts = {component: len(examples) for component, examples in RUN.items()}
    print(f"\n{total_run} blocks run {counts}, {sum(left_out.values())} left out")
    assert counts == {"redis": 1, "arq": 4, "storage": 2, "websocket": 13, "postgis": 4, "metrics": 2}
