"""The documentation builds, without a warning and without a network."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ("sphinx", "furo", "myst_parser", "numpydoc", "sphinx_gallery")


@pytest.mark.slow
def test_pages_build_without_a_warning(tmp_path):
    for requirement in REQUIREMENTS:
        pytest.importorskip(requirement, reason="the extra `docs` is not installed")
    # from a copy, as the build writes beside the pages, and old pages would be built too
    for folder in ("docs", "benchmarks/reports"):
        generated = shutil.ignore_patterns("_build", "gallery", "generated")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=generated)
    shutil.copy(ROOT / "CHANGELOG.md", tmp_path)
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "--keep-going", "-q", "docs", "html"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"

    pages = {page.relative_to(tmp_path / "html") for page in (tmp_path / "html").rglob("*.html")}
    assert {
        Path("index.html"),
        Path("api/generated/sgan_classifier.SGANClassifier.html"),
        Path("benchmarks/label_efficiency_digits.html"),
        Path("gallery/plot_digits.html"),
    } <= pages
    reference = tmp_path / "html" / "api" / "generated"
    for page, name in [("recipes", "recipes.CRATERS_2021"), ("datasets.ImageFolder",) * 2]:
        text = (reference / f"sgan_classifier.{page}.html").read_text(encoding="utf-8")
        assert f'id="sgan_classifier.{name}"' in text
    figures = re.findall(r"sphx_glr_\w+_001\.png", str(list((tmp_path / "html").rglob("*.png"))))
    assert len(set(figures)) == len(list((ROOT / "docs" / "examples").glob("plot_*.py")))
