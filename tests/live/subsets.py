"""All 64 subsets of the six components, on the bootstrapped project and on `fixtures/package-upper`.

Each is added, checked, linted, formatted, typed, imported and removed again; what is asked of it is in `examine.py`.
`tests/live/run --subsets` calls this; a part of the subsets alone: `subsets.py lower`, or `subsets.py upper redis,arq`.
"""

import signal
import sys
import tempfile
import time
from itertools import combinations
from pathlib import Path

from conftest import COMPONENTS, Projects
from examine import WHOLE, Examiner

LETTERS = {"redis": "R", "arq": "A", "storage": "S", "websocket": "W", "postgis": "P", "metrics": "M"}


def subsets() -> list[tuple[str, ...]]:
    return [chosen for size in range(len(COMPONENTS) + 1) for chosen in combinations(COMPONENTS, size)]


def main(arguments: list[str]) -> int:
    shapes = [shape for shape in WHOLE if not arguments or arguments[0] == shape]
    wanted = [tuple(arguments[1].split(","))] if len(arguments) > 1 else subsets()
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="paxx-subsets-") as folder:
        projects = Projects(Path(folder) / "projects")
        examiner = Examiner(projects)
        for shape in shapes:
            print(f"{shape}: what the project itself violates before: {examiner.baseline(shape).total()}", flush=True)
        print(f"{'':6}  {' '.join(f'{shape:14}' for shape in shapes)}")
        for components in wanted:
            row, details = [], []
            for shape in shapes:
                start = time.monotonic()
                try:
                    problems = examiner.examine(shape, components)
                except AssertionError as error:
                    problems = [str(error)]
                passed, failed = (passed + 1, failed) if not problems else (passed, failed + 1)
                row.append(f"{'FAIL' if problems else 'ok':4} {time.monotonic() - start:5.1f} s  ")
                details += [f"        {shape}: {problem}" for problem in problems]
            print(f"{''.join(LETTERS[name] for name in components) or '-':6}  {' '.join(row)}", flush=True)
            if details:
                print("\n".join(details), flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the trees are taken away
    sys.exit(main(sys.argv[1:]))
