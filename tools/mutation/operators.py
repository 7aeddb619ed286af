"""Which mutants are made: cosmic-ray's, less those that say nothing, and three kinds more.

Left out, each for a reason that holds for all of its kind:

- `ReplaceBinaryOperator_BitOr_*`: here, `|` almost always joins types.
- Binary operators and comparisons have one mutant or two, those in `REPLACEMENTS`: eleven ways to
  break the same line are killed by the same test, and would only raise the score.
- What is inside an annotation: checked by mypy and pyright, not by tests.
- `if TYPE_CHECKING:`: not run.
- `frozen=True` of a dataclass: mypy and pyright check that nothing is assigned.
- The number of a constant such as `MAX_DELAY = 8.0`: a limit, a delay or a size that we chose. A
  test could only repeat it.
- `return False`: None is as good as False wherever a condition asks, and mypy checks the type.
- `RemoveDecorator` of `typing.overload`, `final` and the like: for type checkers too.
- Positions that are no operator, such as the `*` in front of keyword-only parameters: cosmic-ray
  does not tell them apart, and the result is no Python.

Added, because cosmic-ray has nothing that removes or forgets:

- `RemoveStatement` replaces a call, a `raise`, or an assignment to an attribute or an item, by
  `pass`.
- `ReturnNone` returns None in place of a value.
- `ArgumentNone` passes None in place of the value of a keyword argument.
"""

import ast
from collections.abc import Iterable, Iterator

import cosmic_ray.plugins
import parso
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Example, Operator
from parso.tree import NodeOrLeaf, search_ancestor

Position = tuple[int, int]
Range = tuple[Position, Position]

REPLACEMENTS = {
    "ReplaceBinaryOperator": {
        "Add_Sub",
        "Sub_Add",
        "Mul_Div",
        "Div_Mul",
        "FloorDiv_Mul",
        "Mod_Mul",
        "Pow_Mul",
    },
    "ReplaceComparisonOperator": {
        "Eq_NotEq",
        "NotEq_Eq",
        "Lt_LtE",
        "Lt_GtE",
        "LtE_Lt",
        "LtE_Gt",
        "Gt_GtE",
        "Gt_LtE",
        "GtE_Gt",
        "GtE_Lt",
        "Is_IsNot",
        "IsNot_Is",
        "In_NotIn",
        "NotIn_In",
    },
}
FOR_TYPE_CHECKERS = {"overload", "final", "override", "runtime_checkable", "typing.overload"}


class _InFunctions(Operator):
    """Replaces a part of each of some nodes inside functions by a word."""

    word: str

    def find(self, node: NodeOrLeaf) -> NodeOrLeaf | None:
        """Return what is replaced in a node, if anything."""
        raise NotImplementedError

    def mutation_positions(self, node: NodeOrLeaf) -> Iterator[Range]:
        """Yield where the part is."""
        if search_ancestor(node, "funcdef", "lambdef") is None:
            return
        found = self.find(node)
        if found is not None:
            yield found.start_pos, found.end_pos

    def mutate(self, node: NodeOrLeaf, index: int) -> NodeOrLeaf:
        """Replace the part."""
        del index
        found = self.find(node)
        if found is None or found.parent is None:
            raise AssertionError("it was found before")
        word = parso.parse(self.word).children[0]
        first = found.get_first_leaf()
        word.prefix = first.prefix
        siblings = found.parent.children
        siblings[siblings.index(found)] = word
        return node

    @classmethod
    def examples(cls) -> Iterable[Example]:
        """Return none: cosmic-ray's own tests use them."""
        return ()


class RemoveStatement(_InFunctions):
    """Replaces a call, a `raise` or an assignment to an attribute or an item by `pass`."""

    word = "pass"

    def find(self, node: NodeOrLeaf) -> NodeOrLeaf | None:
        """Return the statement."""
        if node.type != "simple_stmt":
            return None
        statement = node.children[0]
        assigned = statement.type == "expr_stmt" and statement.children[0].type == "atom_expr"
        return statement if assigned or statement.type in {"atom_expr", "raise_stmt"} else None


class ReturnNone(_InFunctions):
    """Returns None in place of a value."""

    word = "None"

    def find(self, node: NodeOrLeaf) -> NodeOrLeaf | None:
        """Return the value."""
        if node.type != "return_stmt" or node.children[1].get_code().strip() in {"None", "False"}:
            return None
        return node.children[1]


class ArgumentNone(_InFunctions):
    """Passes None in place of the value of a keyword argument."""

    word = "None"

    def find(self, node: NodeOrLeaf) -> NodeOrLeaf | None:
        """Return the value."""
        if node.type != "argument" or node.children[1].get_code().strip() != "=":
            return None
        value = node.children[2]
        return None if value.get_code().strip() == "None" else value


OWN_OPERATORS = {
    f"finerworks/{operator.__name__}": operator
    for operator in (RemoveStatement, ReturnNone, ArgumentNone)
}


def operator_names() -> list[str]:
    """Return the names of the operators that are used, sorted."""
    names = [name for name in cosmic_ray.plugins.operator_names() if _is_used(name)]
    return sorted([*names, *OWN_OPERATORS])


def _is_used(name: str) -> bool:
    kind, _, replacement = name.removeprefix("core/").partition("_")
    if kind in {"NoOp", "VariableReplacer", "VariableInserter"}:
        return False  # the first does nothing, and the others need names of variables
    return kind not in REPLACEMENTS or replacement in REPLACEMENTS[kind]


def create_operator(name: str) -> Operator:
    """Return the operator of a name."""
    operator_class = OWN_OPERATORS.get(name) or cosmic_ray.plugins.get_operator(name)
    operator: Operator = operator_class()
    return operator


def find_mutations(source: str, name: str) -> Iterator[tuple[int, Range]]:
    """Yield the mutants that an operator makes of a module: which occurrence, and where."""
    operator = create_operator(name)
    positions = [
        position
        for node in ast_nodes(get_ast(source))
        for position in operator.mutation_positions(node)
    ]
    unwanted = _unwanted_ranges(source)
    if name == "core/NumberReplacer":
        unwanted += _constant_ranges(source)
    operators = _operator_ranges(source)
    for occurrence, (start, end) in enumerate(positions):
        if any(first <= start and end <= last for first, last in unwanted):
            continue
        if "BinaryOperator" in name and not any(
            first <= start and end <= last for first, last in operators
        ):
            continue
        yield occurrence, (start, end)


def is_python(source: str, name: str, occurrence: int) -> bool:
    """Return whether a mutant can be made, and be read by Python."""
    try:
        ast.parse(mutate_code(source, create_operator(name), occurrence))
    except (AttributeError, SyntaxError):
        # AttributeError: ExceptionReplacer cannot replace `httpx.TransportError` and the like.
        return False
    return True


def _unwanted_ranges(source: str) -> list[Range]:
    """Return where annotations and other things are that only type checkers read."""
    unwanted: list[ast.AST | None] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.AnnAssign | ast.arg):
            unwanted.append(node.annotation)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            unwanted.append(node.returns)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            unwanted.append(node)
        elif isinstance(node, ast.keyword) and node.arg == "frozen":
            unwanted.append(node.value)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            unwanted += [
                each for each in node.decorator_list if ast.unparse(each) in FOR_TYPE_CHECKERS
            ]
    return [_range(node) for node in unwanted if node is not None]


def _constant_ranges(source: str) -> list[Range]:
    """Return where the values of numeric constants are: numbers alone, or their products."""
    numbers = (ast.Constant, ast.BinOp, ast.operator)
    return [
        _range(node.value)
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign)
        and all(isinstance(part, numbers) for part in ast.walk(node.value))
    ]


def _operator_ranges(source: str) -> list[Range]:
    """Return where a binary operator is: between its two operands."""
    return [
        (_range(node.left)[1], _range(node.right)[0])
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.BinOp)
    ]


def _range(node: ast.AST) -> Range:
    """Return a node's beginning and end, as parso counts: lines from 1, columns from 0."""
    if not isinstance(node, ast.expr | ast.stmt):
        raise TypeError(f"{node} has no position")
    return (node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0)
