"""What users install: the built files hold what they should, and work where nothing else is."""

import os
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import sgan_classifier

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NAME = f"sgan_classifier-{sgan_classifier.__version__}"
# where the libraries are that this one needs
SITE_PACKAGES = {sysconfig.get_path(kind) for kind in ("purelib", "platlib")}

USE = """
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import sgan_classifier

assert Path(sgan_classifier.__file__).is_relative_to(sys.prefix), sgan_classifier.__file__
X = np.random.default_rng(0).integers(0, 256, (24, 8, 8)).astype(np.uint8)
y = np.array([0, 1] * 4 + [-1] * 16)
model = sgan_classifier.SGANClassifier(max_iter=2, width=4, device="cpu", random_state=0)
assert model.fit(X, y).predict_proba(X).shape == (24, 2)
print(version("sgan-classifier"), sgan_classifier.__version__)
"""


def run(*command, **kwargs):
    """Run a command that finds this library only where it is installed; return its output."""
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False, **kwargs
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The source distribution of this tree, unpacked, and the wheel that is built from it."""
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-d", out, "-t"]
    run(*build, "sdist", cwd=ROOT)
    with tarfile.open(out / f"{NAME}.tar.gz") as archive:
        archive.extractall(out, filter="data")
    run(*build, "wheel", cwd=out / NAME)
    return out / NAME, out / f"{NAME}-py3-none-any.whl"


@pytest.mark.slow
def test_source_distribution_has_what_building_and_testing_need(built):
    source, _ = built
    for name in (
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
        "CITATION.cff",
        "constraints.txt",
        "constraints-oldest.txt",
        "tests/test_packaging.py",
        "docs/conf.py",
    ):
        assert (source / name).read_bytes() == (ROOT / name).read_bytes(), name


@pytest.mark.slow
def test_wheel_has_the_typed_package_and_nothing_else(built):
    package = {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for path in (ROOT / "sgan_classifier").rglob("*")
        if path.suffix == ".py" or path.name == "py.typed"
    }
    assert "sgan_classifier/py.typed" in package
    with zipfile.ZipFile(built[1]) as wheel:
        files = {name: wheel.read(name) for name in wheel.namelist()}
    about = {name for name in files if name.startswith(f"{NAME}.dist-info/")}
    assert f"{NAME}.dist-info/licenses/LICENSE" in about
    assert {name: files[name] for name in files.keys() - about} == package


@pytest.mark.slow
def test_wheel_works_in_an_environment_of_its_own(built, tmp_path):
    builder = venv.EnvBuilder(symlinks=os.name == "posix")
    builder.create(tmp_path / "environment")
    inside = builder.ensure_directories(tmp_path / "environment")
    python, wheel = inside.env_exe, built[1]
    install = [sys.executable, "-m", "pip", "--python", python, "install"]
    run(*install, "--no-deps", "--no-index", wheel)
    root = {"base": inside.env_dir, "platbase": inside.env_dir}
    libraries = Path(sysconfig.get_path("purelib", "venv", root)) / "libraries.pth"
    # they come after what is inside; of .pth files there, as of an editable install, none is read
    libraries.write_text("\n".join(sorted(SITE_PACKAGES)), encoding="utf-8")
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"OMP_NUM_THREADS": "1"}

    def run_inside(*command):
        return run(*command, cwd=tmp_path, env=clean)

    version = sgan_classifier.__version__
    assert run_inside(python, "-c", USE).split() == [version, version]
    command = Path(inside.bin_path) / "sgan-classifier"
    text = run_inside(command, "--help")
    assert all(name in text for name in ("fit", "predict", "scan", "demo"))


def test_importing_the_package_leaves_heavy_modules_for_later():
    heavy = ("skorch", "matplotlib", "pandas", "sklearn.metrics", "sklearn.preprocessing", "PIL")
    code = "import sys, torch, sklearn.base; before = set(sys.modules); import sgan_classifier; "
    code += f"print(*(set({heavy}) & (set(sys.modules) - before)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


# ---------------------------------------------------------------------- the two sets of versions


def read_pins(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    return {canonicalize_name(package): Version(version) for package, version in pins.items()}


OLDEST, NEWEST = read_pins("constraints-oldest.txt"), read_pins("constraints.txt")
NEEDED = [Requirement(text) for text in PROJECT["dependencies"]]
OPTIONAL = [Requirement(t) for texts in PROJECT["optional-dependencies"].values() for t in texts]


@pytest.mark.parametrize("requirement", NEEDED, ids=lambda requirement: requirement.name)
def test_oldest_set_pins_the_lower_bound_of_what_is_needed(requirement):
    if requirement.name == "torch":
        assert OLDEST["torch"] == NEWEST["torch"] in requirement.specifier
    else:
        (bound,) = requirement.specifier
        assert bound.operator == ">="
        assert OLDEST[canonicalize_name(requirement.name)] == Version(bound.version)


def test_both_sets_are_within_the_ranges():
    for requirement in [*NEEDED, *OPTIONAL]:
        name = canonicalize_name(requirement.name)
        if name != "sgan-classifier":
            assert OLDEST[name] in requirement.specifier, requirement
            assert NEWEST[name] in requirement.specifier, requirement
            assert OLDEST[name] <= NEWEST[name], requirement
