"""Change the core in one place at a time, and see whether a test notices: `make mutation`.

The mutants are cosmic-ray's, and some of our own: see `operators.py`. They are made in a copy of
the project, in `.tools/mutation/project/`, with an environment of its own, so that the commands
that tests start have the mutant too. For each mutant, the tests that run the changed line are run
until one fails, the fastest first. Which these are was recorded once, with coverage.

A mutant is killed if a test fails or does not end in time. The session can be interrupted: started
again, the program goes on. `--fresh` begins another one. `cr-report`, `cr-html` and the like
read it: `.tools/mutation/session.sqlite`.
"""

import argparse
import ast
import contextlib
import dataclasses
import difflib
import functools
import itertools
import json
import os
import random
import shlex
import shutil
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from cosmic_ray.mutating import use_mutation
from cosmic_ray.testing import run_tests
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome, WorkerOutcome, WorkItem, WorkResult
from coverage import CoverageData
from operators import create_operator, find_mutations, is_python, operator_names

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".tools" / "mutation"
CORE = "overlays/finerworks"
TESTS = [
    "tests/core",
    "tests/cli",
    "tests/exports",
    "tests/contract/test_fuzz.py",
    "tests/project/test_type_hints.py",
]

SEED = 13
COUNT = 300
GOAL = 0.9

TEST_SECONDS = 60
"""After this time, a test hangs. Tests that took more than a third of it are not run: few, and each
tries thousands of cases of what other tests try too."""

ALL_SECONDS = 3600
"""After this time, the tests of a mutant are ended all the same."""

UNUSED_PLUGINS = [
    f"-pno:{name}" for name in ("schemathesis", "pytest_cov", "xdist.looponfail", "xdist")
]
"""To import them takes half of the time of most runs."""

UNMEASURED = ["tests/core/test_fork.py", "tests/core/test_logging.py"]
"""Their programs run without coverage, whose lock a fork may copy. They run last."""

TOGETHER = ["tests/core/test_faults.py"]
"""What the first test of such a file runs is what each of the others looks at."""

COVERAGE = """
[run]
source_pkgs = finerworks
concurrency = thread
parallel = true
data_file = {data}
# In the processes that a test starts, which know of it from their environment.
context = ${{PYTEST_CURRENT_TEST-}}
"""


@dataclasses.dataclass(frozen=True)
class Session:
    """The files of a session."""

    folder: Path

    @property
    def project(self) -> Path:
        """The copy of the project."""
        return self.folder / "project"

    @property
    def python(self) -> Path:
        """The copy's own Python."""
        return self.project / ".venv" / "bin" / "python"

    @property
    def pristine(self) -> Path:
        """The core without mutants."""
        return self.folder / "pristine"

    @property
    def database(self) -> Path:
        """The mutants and what came of them."""
        return self.folder / "session.sqlite"

    @property
    def seconds(self) -> Path:
        """How long each test takes."""
        return self.folder / "seconds.json"

    @property
    def selected(self) -> Path:
        """The tests of the present mutant."""
        return self.folder / "selected.json"

    @property
    def coverage(self) -> Path:
        """Which test runs which line."""
        return self.folder / "coverage"


def main(arguments: list[str]) -> int:
    """Go on with a session, or begin one. Return 1 if too few mutants were killed."""
    parser = argparse.ArgumentParser(
        prog="mutation", description="Test whether the tests notice mutants of the core."
    )
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the sample ({SEED})")
    parser.add_argument("--count", type=int, default=COUNT, help=f"of mutants ({COUNT})")
    parser.add_argument("--fresh", action="store_true", help="begin another session")
    parser.add_argument(
        "--again",
        nargs="*",
        metavar="TEST",
        help="test the survivors again: with these tests, or with all that run their lines",
    )
    parser.add_argument("--report", action="store_true", help="only print what there is")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the session is")
    options = parser.parse_args(arguments)
    session = Session(options.folder.resolve())
    if options.again:
        test_survivors(session, options.again)
    elif not options.report:
        prepare(session, fresh=options.fresh, again=options.again is not None)
        if not session.database.exists():
            begin(session, seed=options.seed, count=options.count)
        run_pending(session)
    return report(session, seed=options.seed)


# --- the copy, and which test runs which line -----------------------------------------------------


def prepare(session: Session, *, fresh: bool, again: bool) -> None:
    """Copy the project, and record which test runs which line, if that is not done yet."""
    if fresh:
        session.database.unlink(missing_ok=True)
    if fresh or again:
        session.seconds.unlink(missing_ok=True)
    if again:
        forget_survivors(session)
    if session.seconds.exists():
        restore_core(session)
        return
    copy_project(session, only="tests/" if again else "")
    if again:
        restore_core(session)
    else:
        shutil.rmtree(session.pristine, ignore_errors=True)
        shutil.copytree(session.project / CORE, session.pristine)
    subprocess.run(["make", ".venv/dev"], cwd=session.project, check=True)
    record_tests(session)


def copy_project(session: Session, *, only: str) -> None:
    """Copy the files of the project that git knows or would add, and remove those that are gone."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = [name for name in listing.stdout.splitlines() if name.startswith(only)]
    for source in ("overlays", "generated", "tests"):
        if source.startswith(only.rstrip("/")):
            shutil.rmtree(session.project / source, ignore_errors=True)
    for name in names:
        if (ROOT / name).is_file():
            (session.project / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, session.project / name)


def restore_core(session: Session) -> None:
    """Remove a mutant that was left by a program that was killed."""
    for path in session.pristine.glob("*.py"):
        shutil.copy2(path, session.project / CORE / path.name)


def record_tests(session: Session) -> None:
    """Run all tests once, and record which lines each runs and how long it takes."""
    for path in session.folder.glob("coverage*"):
        path.unlink()
    settings = session.folder / "measured.ini"
    settings.write_text(COVERAGE.format(data=session.coverage), encoding="utf-8")
    environment = {
        **plugin_environment(),
        "COVERAGE_PROCESS_START": str(settings),
        "MUTATION_RECORD": str(session.seconds),
    }
    print("Recording which test runs which line", flush=True)
    command = [session.python, *pytest_options(), "--numprocesses=2", "--dist=loadfile", *TESTS]
    run = subprocess.run(command, cwd=session.project, env=environment, check=False)
    if run.returncode != 0:
        session.seconds.unlink(missing_ok=True)
        raise SystemExit("the tests fail without a mutant: mend them first")
    combine = [session.python, "-m", "coverage", "combine", "--quiet", f"--rcfile={settings}"]
    subprocess.run(combine, cwd=session.folder, check=True)


def plugin_environment() -> dict[str, str]:
    """Return an environment in which pytest finds the plugin."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "PYTHONDONTWRITEBYTECODE": "1"}


def pytest_options() -> list[str]:
    """Return what every run of pytest has."""
    return ["-m", "pytest", "-q", "--color=no", "-p", "pytest_mutation", "-p", "no:cacheprovider"]


# --- the sample -----------------------------------------------------------------------------------


def begin(session: Session, *, seed: int, count: int) -> None:
    """Choose the mutants."""
    paths = sorted((session.project / CORE).glob("*.py"))
    sources = {path: path.read_text(encoding="utf-8") for path in paths}
    mutants = [
        (path, name, occurrence, position)
        for path, source in sources.items()
        for name in operator_names()
        for occurrence, position in find_mutations(source, name)
    ]
    random.Random(seed).shuffle(mutants)  # noqa: S311 - a sample, not a secret
    possible = (mutant for mutant in mutants if is_python(sources[mutant[0]], *mutant[1:3]))
    chosen = list(itertools.islice(possible, count))
    with use_db(str(session.database), WorkDB.Mode.create) as database:
        database.add_work_items(
            WorkItem.single(
                uuid.uuid4().hex,
                MutationSpec(
                    module_path=path,
                    operator_name=name,
                    occurrence=occurrence,
                    start_pos=start,
                    end_pos=end,
                ),
            )
            for path, name, occurrence, (start, end) in chosen
        )
    print(f"{len(chosen)} of about {len(mutants):,} mutants, seed {seed}", flush=True)


def forget_survivors(session: Session) -> None:
    """Make the survivors pending."""
    with use_db(str(session.database), WorkDB.Mode.open) as database:
        survivors = [item for item, result in database.completed_work_items if survived(result)]
        others = [item for item in database.completed_work_items if item[0] not in survivors]
        database.clear()
        database.add_work_items([*(item for item, _ in others), *survivors])
        for item, result in others:
            database.set_result(item.job_id, result)


# --- running the tests ----------------------------------------------------------------------------


class Selection:
    """Chooses the tests that may notice a mutant."""

    def __init__(self, session: Session) -> None:
        self._seconds: dict[str, float] = json.loads(session.seconds.read_text(encoding="utf-8"))
        self._coverage = CoverageData(str(session.coverage))
        self._coverage.read()

    def tests_of(self, path: Path, start: int, end: int) -> list[str]:
        """Return the tests that run one of the lines, in the order in which they are run.

        All tests that use the module may run a line that is run when it is imported, and one that
        was not seen to be run: some processes of tests are killed with what they have recorded.
        """
        contexts = self._coverage.contexts_by_lineno(str(path.resolve()))
        lines = statement_lines(path, start, end)
        names = _names(contexts, lines) or _names(contexts, contexts)
        for file in TOGETHER:
            if any(name.startswith(file) for name in names):
                names |= {name for name in self._seconds if name.startswith(file)}
        measured = sorted(names & set(self._seconds), key=lambda name: self._seconds[name])
        unmeasured = [name for name in self._seconds if name.startswith(tuple(UNMEASURED))]
        return [
            name
            for name in dict.fromkeys([*measured, *unmeasured])
            if self._seconds[name] < TEST_SECONDS / 3
        ]


def _names(contexts: dict[int, list[str]], lines: Iterable[int]) -> set[str]:
    """Return the tests that run one of the lines."""
    return {
        context.removesuffix(" (setup)").removesuffix(" (call)").removesuffix(" (teardown)")
        for line in lines
        for context in contexts.get(line, [])
        if context
    }


def statement_lines(path: Path, start: int, end: int) -> set[int]:
    """Return the lines of the statement in a function that has these lines, or none outside."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    inside = [
        node
        for function in functions
        for child in function.body
        for node in ast.walk(child)
        if isinstance(node, ast.stmt | ast.ExceptHandler)
        and node.lineno <= start
        and end <= (node.end_lineno or 0)
    ]
    if not inside:
        return set()
    statement = min(inside, key=lambda node: (node.end_lineno or 0) - node.lineno)
    body: list[ast.stmt] = getattr(statement, "body", [])
    last = statement.end_lineno or 0
    if body and end < body[0].lineno:
        last = max(body[0].lineno - 1, statement.lineno)
    return set(range(statement.lineno, last + 1))


def run_pending(session: Session) -> None:
    """Run the tests for each mutant that has no result yet."""
    selection = Selection(session)
    os.chdir(session.project)
    os.environ.update(plugin_environment(), MUTATION_TESTS=str(session.selected))
    with use_db(str(session.database), WorkDB.Mode.open) as database:
        pending = database.pending_work_items
        for number, item in enumerate(pending, 1):
            mutation = item.mutations[0]
            tests = selection.tests_of(
                mutation.module_path, mutation.start_pos[0], mutation.end_pos[0]
            )
            session.selected.write_text(json.dumps(tests), encoding="utf-8")
            files = sorted({test.partition("::")[0] for test in tests})
            result = run_mutant(session, mutation, files)
            database.set_result(item.job_id, result)
            print(f"{number} of {len(pending)}: {describe(mutation, result)}", flush=True)


def test_survivors(session: Session, tests: list[str]) -> None:
    """Run some tests, which may be new, for each survivor. One that survives keeps its result.

    They are not recorded: which lines each runs makes no difference here.
    """
    restore_core(session)
    copy_project(session, only="tests/")
    os.chdir(session.project)
    os.environ.update(plugin_environment())
    outcome, output = run_tests(pytest_command(session, tests), ALL_SECONDS)
    if outcome is not TestOutcome.SURVIVED:
        raise SystemExit(f"{output}\nthe tests fail without a mutant: mend them first")
    with use_db(str(session.database), WorkDB.Mode.open) as database:
        survivors = [item for item, result in database.completed_work_items if survived(result)]
        for number, item in enumerate(survivors, 1):
            result = run_mutant(session, item.mutations[0], tests)
            if not survived(result):
                database.set_result(item.job_id, result)
            described = describe(item.mutations[0], result)
            print(f"{number} of {len(survivors)}: {described}", flush=True)


def survived(result: WorkResult) -> bool:
    """Return whether no test noticed a mutant."""
    return result.test_outcome is not TestOutcome.KILLED


def pytest_command(session: Session, tests: list[str]) -> str:
    """Return a command that runs tests until one fails, without a network."""
    options = [
        *pytest_options(),
        *UNUSED_PLUGINS,
        "-x",
        "-o",
        f"faulthandler_timeout={TEST_SECONDS}",
    ]
    return " ".join([*isolation(), str(session.python), *options, *map(shlex.quote, tests)])


def run_mutant(session: Session, mutation: MutationSpec, tests: list[str]) -> WorkResult:
    """Make a mutant, run its tests, and remove it."""
    operator = create_operator(mutation.operator_name)
    with use_mutation(mutation.module_path, operator, mutation.occurrence) as (original, mutated):
        outcome, output = TestOutcome.SURVIVED, "no test uses this module"
        if tests:
            outcome, output = run_tests(pytest_command(session, tests), ALL_SECONDS)
    diff = difflib.unified_diff(
        original.splitlines(), (mutated or "").splitlines(), lineterm="", n=1
    )
    return WorkResult(
        worker_outcome=WorkerOutcome.NORMAL,
        test_outcome=outcome,
        output=output[-3000:],
        diff="\n".join(diff),
    )


@functools.cache
def isolation() -> tuple[str, ...]:
    """Return what makes a command run without a network, if this machine has it.

    A mutant may lose the address of a test's server, and send to FinerWorks' own.
    """
    loopback_only = 'ip link set lo up && exec "$@"'
    for namespace in (["--net"], ["--net", "--map-root-user"]):
        prefix = ["unshare", *namespace, "sh", "-c"]
        with contextlib.suppress(OSError):
            if subprocess.run([*prefix, loopback_only, "sh", "true"], check=False).returncode == 0:
                return (*prefix, shlex.quote(loopback_only), "sh")
    print("no unshare: a mutant may send requests to the real API, with invalid keys", flush=True)
    return ()


NO_END = " (a test did not end)"


def describe(mutation: MutationSpec, result: WorkResult) -> str:
    """Return which mutant it is, and what came of it."""
    where = f"{mutation.module_path.name}:{mutation.start_pos[0]}"
    outcome = (result.test_outcome or result.worker_outcome).value
    return f"{where} {mutation.operator_name}: {outcome}{reason(result)}"


def reason(result: WorkResult) -> str:
    """Return what killed a mutant, or how many tests did not."""
    output = result.output or ""
    lines = output.splitlines()
    if result.test_outcome is TestOutcome.SURVIVED:
        return f" ({lines[-1] if lines else ''})"
    failed = [line for line in lines if line.startswith(("FAILED ", "ERROR "))]
    return f" ({failed[0]:.120})" if failed else NO_END


# --- the report -----------------------------------------------------------------------------------


def report(session: Session, *, seed: int) -> int:
    """Print the score and the survivors. Return 1 if too few were killed."""
    with use_db(str(session.database), WorkDB.Mode.open) as database:
        results = database.completed_work_items
        pending = len(database.pending_work_items)
    survivors = [(item.mutations[0], result) for item, result in results if survived(result)]
    survivors.sort(key=lambda each: (each[0].module_path, each[0].start_pos))
    for mutation, result in survivors:
        where = f"{mutation.module_path.name}:{mutation.start_pos[0]}"
        print(f"\n{where} {mutation.operator_name}{reason(result)}")
        changed = (result.diff or "").splitlines()[3:]
        print("\n".join(f"    {line}" for line in changed))
    killed = len(results) - len(survivors)
    endless = sum(reason(result) == NO_END for _, result in results)
    score = killed / len(results) if results else 0.0
    modules = Counter(item.mutations[0].module_path.name for item, _ in results)
    print(f"\nby module: {', '.join(f'{name} {count}' for name, count in modules.most_common())}")
    print(
        f"{killed} of {len(results)} mutants killed, {score:.1%} (goal {GOAL:.0%});"
        f" {endless} of them by a test that did not end; {pending} are not tested yet; seed {seed}"
    )
    return 0 if score >= GOAL and not pending else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
