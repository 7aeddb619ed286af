"""Print how dense the code is, next to code that is known to be easy to read: `make readable`.

The core has a row for each module, each optional part has one row. The columns are:

- `lines`: lines of code, that is, lines which are neither blank, nor a comment, nor a docstring.
- `nodes/line`: syntax nodes per line of code. A node is anything in the syntax tree that has a
  position in the file: a statement, an expression, a parameter, a keyword argument, an imported
  name. Operators and the load and store marks have none. Docstrings are not counted.
- `>100`: lines of code with more than 100 characters. (Ruff's E501 checks comments as well.)
- `cast`: calls of `typing.cast`.
- `eval`: calls of `eval`, `exec` and `vars`.
- `complex`: functions with a cyclomatic complexity over 8, by ruff's C901.

The figures inform. No figure makes this program fail.
"""

import argparse
import ast
import dataclasses
import io
import json
import re
import subprocess
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

PACKAGE = Path(__file__).parents[1] / "overlays" / "finerworks"
MAX_LINE_LENGTH = 100
MAX_COMPLEXITY = 8
DYNAMIC_CALLS = frozenset({"eval", "exec", "vars"})

LAYOUT_TOKENS = frozenset(
    {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
)


@dataclasses.dataclass(frozen=True)
class Figures:
    """The counts of one file, or the sum of several."""

    lines: int = 0
    nodes: int = 0
    long_lines: int = 0
    casts: int = 0
    dynamic_calls: int = 0
    complex_functions: tuple[str, ...] = ()

    def __add__(self, other: Self) -> Self:
        return dataclasses.replace(
            self,
            lines=self.lines + other.lines,
            nodes=self.nodes + other.nodes,
            long_lines=self.long_lines + other.long_lines,
            casts=self.casts + other.casts,
            dynamic_calls=self.dynamic_calls + other.dynamic_calls,
            complex_functions=self.complex_functions + other.complex_functions,
        )

    @property
    def density(self) -> float:
        """Syntax nodes per line of code."""
        return self.nodes / self.lines if self.lines else 0.0


MODEL_CODE = Figures(lines=8037, nodes=28_933, long_lines=48, casts=52)
"""The model code, measured on 2026-11-28 by the definitions above.

These were 15 files of stamina, httpx, openai, stripe, urllib3, httpcore and dlt: 3.6 nodes per
line of code, 0.6 % of the lines over 100 characters, 52 calls of `cast`. The numbers of nodes and
of long lines are computed from these ratios. `eval` and complexity were not measured.
"""


def main(arguments: list[str]) -> int:
    """Print the table for a package, by default the SDK, and return 0."""
    parser = argparse.ArgumentParser(prog="readable")
    parser.add_argument("package", nargs="?", type=Path, default=PACKAGE)
    package: Path = parser.parse_args(arguments).package.resolve()

    figures = measure_package(package)
    core_modules = sorted(path for path in figures if path.parent == package)

    print_header()
    for module in core_modules:
        print_row(module.name, figures[module])
    print_row("the core", total(figures[module] for module in core_modules))
    print()
    for name, modules in optional_parts(package, figures):
        print_row(f"{name}/", total(figures[module] for module in modules))
    print()
    print_row("model code", MODEL_CODE, unknown="-")
    return 0


def measure_package(package: Path) -> dict[Path, Figures]:
    """Return the figures of each Python file in the package."""
    complex_functions = find_complex_functions(package)
    return {
        path: dataclasses.replace(
            measure(path.read_text(encoding="utf-8")),
            complex_functions=tuple(complex_functions[path]),
        )
        for path in package.rglob("*.py")
    }


def optional_parts(package: Path, figures: dict[Path, Figures]) -> Iterator[tuple[str, list[Path]]]:
    """Yield the name of each subpackage with its files."""
    folders = sorted({path.relative_to(package).parts[0] for path in figures})
    for folder in folders:
        modules = [path for path in figures if package / folder in path.parents]
        if modules:
            yield folder, modules


def total(figures: Iterable[Figures]) -> Figures:
    """Return the sum of several figures."""
    return sum(figures, Figures())


def measure(source: str) -> Figures:
    """Return the figures of one file, without the complexity of its functions."""
    tree = ast.parse(source)
    docstrings = find_docstrings(tree)
    docstring_nodes = {node for docstring in docstrings for node in ast.walk(docstring)}
    nodes = [
        node for node in ast.walk(tree) if hasattr(node, "lineno") and node not in docstring_nodes
    ]
    called = [called_name(node) for node in nodes if isinstance(node, ast.Call)]
    code_lines = find_code_lines(source, docstrings)
    return Figures(
        lines=len(code_lines),
        nodes=len(nodes),
        long_lines=sum(len(line) > MAX_LINE_LENGTH for line in code_lines),
        casts=called.count("cast"),
        dynamic_calls=sum(name in DYNAMIC_CALLS for name in called),
    )


def find_docstrings(tree: ast.Module) -> list[ast.Expr]:
    """Return all statements that are only a string: docstrings, of attributes too."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ]


def find_code_lines(source: str, docstrings: list[ast.Expr]) -> list[str]:
    """Return the lines that are not blank, and hold more than a comment or a docstring."""
    numbers: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in LAYOUT_TOKENS:
            numbers.update(range(token.start[0], token.end[0] + 1))
    for docstring in docstrings:
        last_line = docstring.end_lineno or docstring.lineno
        numbers.difference_update(range(docstring.lineno, last_line + 1))
    lines = source.splitlines()
    return [lines[number - 1] for number in sorted(numbers) if lines[number - 1].strip()]


def called_name(call: ast.Call) -> str:
    """Return the name of the called function without its module, or an empty string."""
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def find_complex_functions(package: Path) -> dict[Path, list[str]]:
    """Return the names of the functions that ruff finds too complex, by file."""
    command = [
        str(Path(sys.executable).with_name("ruff")),
        "check",
        "--isolated",
        "--no-cache",
        "--exit-zero",
        "--ignore-noqa",
        "--select=C901",
        f"--config=lint.mccabe.max-complexity={MAX_COMPLEXITY}",
        "--output-format=json",
        str(package),
    ]
    run = subprocess.run(command, capture_output=True, check=True)
    names: dict[Path, list[str]] = defaultdict(list)
    for finding in json.loads(run.stdout):
        # The message is like: `try_program` is too complex (9 > 8)
        name = re.search("`(.+)`", finding["message"])
        if name:
            names[Path(finding["filename"])].append(name[1])
    return names


def print_header() -> None:
    """Print the heads of the columns."""
    print(f"{'':16} {'nodes/line':>10} {'lines':>6} {'>100':>12} {'cast':>5} {'eval':>5}  complex")


def print_row(name: str, figures: Figures, *, unknown: str = "") -> None:
    """Print one row; `unknown` is shown in place of what was not measured."""
    share = figures.long_lines / figures.lines if figures.lines else 0.0
    long_lines = f"{figures.long_lines} ({share:.1%})"
    dynamic_calls = unknown or str(figures.dynamic_calls)
    complex_functions = unknown or ", ".join(figures.complex_functions) or "none"
    print(
        f"{name:16} {figures.density:10.1f} {figures.lines:6,} {long_lines:>12}"
        f" {figures.casts:5} {dynamic_calls:>5}  {complex_functions}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
