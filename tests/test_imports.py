"""The table in CONTRIBUTING.md names every module, and imports point down it."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "sgan_classifier"
MODULES = {
    path.stem if path.is_file() else path.name
    for path in PACKAGE.iterdir()
    if path.suffix == ".py" or (path / "__init__.py").exists()
} - {"__init__"}


def rows():
    """The number of the row that names each module, from the top."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition("## How the code is laid out")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")][2:]
    return {
        name: number
        for number, line in enumerate(lines)
        for name in re.findall(r"`(\w+)`", line.split("|")[2])
        if name in MODULES
    }


def imported(path):
    """The modules below the package that a file imports, but for type checkers."""
    inside = path.relative_to(PACKAGE).parts[:-1]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = [
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level and node not in for_types:
            parts = [*inside[: len(inside) + 1 - node.level], *(node.module or "").split(".")]
            names = [part for part in parts if part][:1] or [alias.name for alias in node.names]
            # what is no module is exported by the package, and comes from the estimators
            yield from (name if name in MODULES else "_sgan" for name in names)


def test_every_module_has_its_row():
    assert rows().keys() == MODULES


@pytest.mark.parametrize("name", sorted(MODULES))
def test_imports_point_down_the_table(name):
    row = rows()
    path = PACKAGE / f"{name}.py"
    files = [path] if path.exists() else sorted((PACKAGE / name).rglob("*.py"))
    up = {other for file in files for other in imported(file) if row[other] < row[name]}
    assert not up, f"{name} imports {', '.join(sorted(up))} from a row above its own"
