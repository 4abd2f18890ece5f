"""The Python of every page in docs runs, block after block."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
GENERATED = {"_build", "gallery", "generated", "benchmarks"}
PAGES = sorted(
    page for page in DOCS.rglob("*.md") if not GENERATED & set(page.relative_to(DOCS).parts)
)
WITH_PYTHON = [page for page in PAGES if "```python" in page.read_text(encoding="utf-8")]

# What a block may be. Python runs; the others are for a shell, for Sphinx, or to be read.
KINDS = {"python", "console", "text", "{eval-rst}", "{include}", "{toctree}"}


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda page: str(page.relative_to(DOCS)))
def test_python_blocks_run(page, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    names: dict = {"__name__": "__main__"}
    for block in re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        exec(compile(block, page.name, "exec"), names)
    plt.close("all")


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md"], ids=lambda page: page.name)
def test_no_block_of_python_goes_by_another_name(page):
    text = page.read_text(encoding="utf-8")
    fences = re.findall(r"^ *(?:```|~~~)(.*)$", text, re.MULTILINE)
    kinds = {opening.split()[0] if opening else "" for opening in fences[::2]}
    assert kinds <= KINDS, f"{page.name}: {kinds - KINDS} would not be run"
    assert not any(fences[1::2]), f"{page.name} opens a block inside a block"


def test_every_public_module_is_in_the_reference():
    package = ROOT / "sgan_classifier"
    modules = {path.stem for path in package.iterdir() if path.suffix == ".py"}
    modules |= {path.name for path in package.iterdir() if (path / "__init__.py").exists()}
    # inner workings that need a name: the command, what benchmarks/ calls, torch modules
    modules -= {"cli", "commands", "benchmarking", "networks"}
    public = {f"sgan_classifier.{name}" for name in modules if not name.startswith("_")}
    reference = (DOCS / "api" / "index.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^   (sgan_classifier\.\w+)$", reference, re.MULTILINE))
    assert listed == public
