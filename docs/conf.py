"""How Sphinx builds these pages. Nothing here needs a network."""

import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

import sgan_classifier

DOCS = Path(__file__).resolve().parent
REPORTS = DOCS.parent / "benchmarks" / "reports"

project = "sgan_classifier"
author = "the sgan_classifier developers"
project_copyright = author
version = release = sgan_classifier.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "examples"]
templates_path = ["_templates"]
default_role = "literal"  # single backticks in docstrings, as in scikit-learn
nitpicky = True

# ---------------------------------------------------------------------- Markdown

myst_enable_extensions = ["amsmath", "deflist", "dollarmath"]
myst_heading_anchors = 3

# ---------------------------------------------------------------------- reference

autodoc_typehints = "none"  # the docstrings say more than the annotations
autosummary_ignore_module_all = False
numpydoc_show_class_members = False  # the templates list them
numpydoc_validation_checks = {
    "all",
    "ES01",  # no extended summary: one line can be enough
    "EX01",  # no example: methods are shown in the example of their class
    "SA01",  # no See Also: only where there is something to see
    "GL08",  # no docstring: `__init__`, which the docstring of the class documents
    "PR07",  # no description: where the type and shape of an argument say all,
    "RT03",  # or those of what is returned
    "RT02",  # "name : type" in Returns, as scikit-learn has it
    "PR08",  # descriptions that start with a name in lower case,
    "RT04",
    "PR09",  # or end with code or a bracket
    "SS05",  # "Student's" is no verb in the third person
}
# dataclasses that functions return: their fields are attributes to whoever reads them;
# and recipes, which comments describe
numpydoc_validation_exclude = {
    r"\.(datasets|recipes|scan)\.[A-Z]\w+$",
    r"\.LabelEfficiencyCurve$",
}
suppress_warnings = ["ref.citation"]  # docstrings of modules name their sources and cite none

# ---------------------------------------------------------------------- gallery

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "within_subsection_order": "ExampleTitleSortKey",
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "abort_on_example_error": True,
    "capture_repr": (),  # what an example prints and draws, not what its last line returns
}

# ---------------------------------------------------------------------- pages

html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["_static"]
html_css_files = ["custom.css"]
html_copy_source = False


def copy_reports(app: Sphinx) -> None:
    """Put the generated reports of the benchmarks where Sphinx finds them."""
    for part in [*REPORTS.glob("*.md"), *REPORTS.glob("*.png")]:
        shutil.copy(part, DOCS / "benchmarks" / part.name)


def link_to_copied_reports(app: Sphinx, page: str, source: list[str]) -> None:
    """Turn links that work in the repository into links to the copies."""
    source[0] = source[0].replace("../benchmarks/reports/", "benchmarks/")


def skip_members(app: Sphinx, what: str, name: str, member: Any, skip: bool, options: Any) -> bool:
    """List what this library defines, not what scikit-learn, torch or Python add to it.

    Nor hooks, which skorch calls and nobody else.
    """
    # a property has no module of its own, and the data of a module none at all
    home = getattr(getattr(member, "fget", member), "__module__", None) or ""
    is_hook = home == "sgan_classifier.callbacks" and name.rpartition(".")[2].startswith(
        ("on_", "init")
    )
    return skip or is_hook or not (what == "data" or home.startswith("sgan_classifier"))


def setup(app: Sphinx) -> None:
    app.connect("builder-inited", copy_reports)
    app.connect("source-read", link_to_copied_reports)
    app.connect("autodoc-skip-member", skip_members)
