"""What README.md says is what happens: its code runs, and its tables come from the records."""

import re
from pathlib import Path

import numpy as np
import pytest

from sgan_benchmarks.all_reports import render_reports, update_readme
from sgan_classifier import __version__

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "benchmarks" / "reports"
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON_BLOCKS = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_python_blocks_run_one_after_the_other(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert PYTHON_BLOCKS, "README.md shows no Python"
    names: dict = {}
    for block in PYTHON_BLOCKS:
        exec(compile(block, "README.md", "exec"), names)
    assert names["model"].score(names["X_test"], names["y_test"]) > 0.8
    assert np.isfinite(names["model"].realness(names["X_test"])).all()


def test_commands_are_the_two_that_are_promised():
    commands = re.findall(r"^pip install .*$", README, re.MULTILINE)
    assert commands == [
        'pip install -c constraints.txt ".[plot]" && sgan-classifier demo',
        'pip install -c constraints.txt ".[plot,test]" && python -m pytest',
    ]


def test_tables_are_those_of_the_records():
    assert "<!-- results: " in README, "README.md shows no results"
    assert update_readme(README, REPORTS) == README, (
        "the tables are old or edited; run: python benchmarks/update_reports.py"
    )


def test_reports_are_those_of_the_records():
    texts = render_reports(REPORTS)
    assert set(texts) == set(REPORTS.glob("*.md"))
    old = [path.name for path, text in texts.items() if path.read_text(encoding="utf-8") != text]
    assert not old, "these are old or edited; run: python benchmarks/update_reports.py"


def test_files_that_readme_links_to_exist():
    links = re.findall(r"\]\((?!https?://|#)([^)]+)\)", README)
    missing = [link for link in links if not (ROOT / link).exists()]
    assert not missing


def test_version_is_the_same_everywhere():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\nversion: {__version__}\n" in citation
    assert f"\n## {__version__}" in changelog
