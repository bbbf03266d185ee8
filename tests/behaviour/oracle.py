"""The suite: every shape through every command, in parallel, and a table of what was judged. `run --help` says how."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

import processes
import shapes
from judge import REFUSED, RIGHT, SKIPPED, WRONG, Judge, Judged, Verdict
from shape import Shape

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def main() -> int:
    options = arguments()
    processes.preload_applications()
    chosen = [one for one in shapes.collect(options.seed, options.long) if wanted(one, options)]
    if options.list:
        print("\n".join(one.id for one in chosen))
        return 0
    begin = time.monotonic()
    base = Path(options.folder or tempfile.mkdtemp(prefix="paxx-behaviour-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None))
    print(f"{len(chosen)} shapes, seed {options.seed}, in {base}", flush=True)
    global _work
    _work = (chosen, base, options)
    results: list[Judged] = []
    try:
        if options.jobs == 1:
            results = [show(one(number), options) for number in range(len(chosen))]
        else:
            with multiprocessing.get_context("fork").Pool(options.jobs, initializer=_quiet) as pool:
                for judged in pool.imap_unordered(one, range(len(chosen))):
                    results.append(show(judged, options))
    except KeyboardInterrupt:
        return 130
    finally:
        if not options.keep:
            shutil.rmtree(base, ignore_errors=True)
    return report(results, time.monotonic() - begin, options)


_work: tuple[list[Shape], Path, argparse.Namespace]


def _quiet() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def one(number: int) -> Judged:
    """Judges one shape in a folder of its own."""
    chosen, base, options = _work
    shape = chosen[number]
    folder = base / str(number) / "demo"
    folder.mkdir(parents=True)
    judge = Judge(shape, folder, options.binary, options.pythons)
    try:
        return judge.run()
    except Exception as error:
        if options.trace:
            raise
        judge.judged.verdicts.append(Verdict("suite", WRONG, f"the suite itself failed: {type(error).__name__}: {error}"))
        return judge.judged
    finally:
        if not options.keep:
            shutil.rmtree(folder.parent, ignore_errors=True)


def show(judged: Judged, options: argparse.Namespace) -> Judged:
    for verdict in judged.verdicts:
        if verdict.verdict == WRONG or options.verbose:
            print(f"{verdict.verdict}: {judged.shape}: {verdict.command}: {verdict.why}", flush=True)
    return judged


def report(results: list[Judged], seconds: float, options: argparse.Namespace) -> int:
    """The table by class, the counts, and the last line."""
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    judgements: Counter[str] = Counter()
    for judged in results:
        rows[judged.kind][judged.verdict] += 1
        judgements.update(verdict.verdict for verdict in judged.verdicts)
    print(f"\n{'class':<24}{'shapes':>8}{'right':>8}{'refused':>9}{'wrong':>8}")
    for kind in sorted(rows):
        row = rows[kind]
        print(f"{kind:<24}{sum(row.values()):>8}{row[RIGHT]:>8}{row[REFUSED]:>9}{row[WRONG]:>8}")
    wrong = sorted(judged.shape for judged in results if judged.verdict == WRONG)
    if wrong:
        print("\nwrong:")
        print("\n".join(f"  {name}" for name in wrong))
    print(
        f"\n{len(results)} shapes, {sum(judgements.values()) - judgements[SKIPPED]} judgements "
        f"({judgements[RIGHT]} right, {judgements[REFUSED]} refused, {judgements[WRONG]} wrong; {judgements[SKIPPED]} left out), "
        f"{seconds:.0f} s, seed {options.seed}"
    )
    print(f"{len(results) - len(wrong)} passed, {len(wrong)} failed")
    return 1 if wrong or not results else 0


def wanted(shape: Shape, options: argparse.Namespace) -> bool:
    if options.kind and not any(shape.kind.startswith(one) for one in options.kind):
        return False
    return not options.only or any(text in shape.id for text in options.only)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run", description="Runs applications before and after each command, and compares.")
    parser.add_argument("--only", action="append", metavar="TEXT", help="the shapes whose name holds this text")
    parser.add_argument("--class", action="append", dest="kind", metavar="CLASS", help="the shapes of this class")
    parser.add_argument("--seed", type=int, default=20261121, help="of the generated shapes")
    parser.add_argument("--long", action="store_true", help="many more generated shapes")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", action="store_true", help="keep the folders")
    parser.add_argument("--folder", help="put them here")
    parser.add_argument("--list", action="store_true", help="print the names alone")
    parser.add_argument("--trace", action="store_true", help="let an error of the suite itself end it")
    parser.add_argument("-v", "--verbose", action="store_true", help="print every verdict")
    options = parser.parse_args()
    options.binary = binary()
    options.pythons = dict(pair.split("=", 1) for pair in os.environ.get("BEHAVIOUR_PYTHONS", "").split() if "=" in pair)
    random.seed(options.seed)
    return options


def binary() -> str:
    """The tool: `$PAXX_BIN`, else the newest build of this repository."""
    if given := os.environ.get("PAXX_BIN"):
        return str(Path(given).resolve())
    built = [path for path in (ROOT / "target/debug/paxx", ROOT / "target/release/paxx") if path.exists()]
    if not built:
        sys.exit("no binary: run `cargo build`, or set PAXX_BIN")
    return str(max(built, key=lambda path: path.stat().st_mtime))


if __name__ == "__main__":
    sys.exit(main())
