"""Shared fixtures. Tests that need real images skip, with the reason, where there are none."""

import os
from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
import torch
from command_runs import TINY, run
from image_files import noise, save
from PIL import Image

from sgan_classifier.benchmarking import BenchmarkData, load_benchmark_data
from sgan_classifier.benchmarking._data import DATA_VARIABLE
from sgan_classifier.datasets import make_craters

mpl.use("Agg")  # before anything imports pyplot, which would look for a screen
pytest.register_assert_rewrite("tiny")  # so that its assertions show the values, too


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """One thread: equal figures on every machine, also for what is fitted once for many tests."""
    torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def torch_threads_kept() -> Iterator[None]:
    """Let no test disturb the next."""
    yield
    torch.set_num_threads(1)


@pytest.fixture
def global_random_state_kept() -> Iterator[None]:
    """Fail if the test leaves the global generators of torch or NumPy other than it found them."""
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    yield
    assert torch.equal(torch.get_rng_state(), torch_state)
    np.testing.assert_array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real images, which SGAN_CLASSIFIER_DATA names."""
    folder = os.environ.get(DATA_VARIABLE)
    if not folder:
        pytest.skip(f"{DATA_VARIABLE} is not set; it names the folder of the real images")
    return Path(folder)


@pytest.fixture(scope="session")
def lunar(data_dir: Path) -> BenchmarkData:
    """Patches of the Moon, loaded once."""
    return load_benchmark_data("lunar_nac", data_dir)


@pytest.fixture(scope="session")
def digits() -> BenchmarkData:
    """The 8x8 digits of scikit-learn, split once and for all."""
    return load_benchmark_data("digits")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes and unlabelled images, one readable PNG in each."""
    root = tmp_path / "patches"
    for i, name in enumerate(("plain/b.png", "crater/a.png", "unlabeled/c.png")):
        save(root / name, noise(seed=i))
    return root


@pytest.fixture(scope="session")
def craters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty synthetic patches: 12 a class with a label, the others without."""
    root = tmp_path_factory.mktemp("craters")
    X, y = make_craters(60, image_size=12, random_state=0)
    order = np.argsort(y, kind="stable")
    for name, rows in {
        "crater": order[-12:],
        "plain, of all kinds": order[:12],
        "unlabeled": order[12:-12],
    }.items():
        (root / name).mkdir()
        for i in rows:
            Image.fromarray(X[i]).save(root / name / f"{i:02}.png")
    return root


@pytest.fixture(scope="session")
def model(craters: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that the command trained."""
    path = tmp_path_factory.mktemp("models") / "new folder" / "m.safetensors"
    run("fit", craters, "-o", path, "--quiet", *TINY)
    return path
