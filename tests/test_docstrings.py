"""Every example in a docstring runs and prints what it says."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import sgan_classifier
from sgan_classifier import CNNClassifier, SGANClassifier

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(sgan_classifier.__path__, "sgan_classifier.")
    if not module.name.endswith("__main__")
)
OPTIONS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def test_every_module_of_the_package_is_looked_at():
    assert {"sgan_classifier.losses", "sgan_classifier._sgan"} <= set(MODULES)


@pytest.mark.parametrize("name", ["sgan_classifier", *MODULES])
def test_examples_of_module_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # what an example writes goes there
    module = importlib.import_module(name)
    assert doctest.testmod(module, optionflags=OPTIONS).failed == 0


@pytest.mark.parametrize("estimator", [SGANClassifier, CNNClassifier])
def test_estimator_has_an_example_and_documents_every_parameter(estimator):
    text = inspect.getdoc(estimator)
    assert ">>> " in text
    attributes = text[text.index("Attributes\n") :]
    for name in inspect.signature(estimator).parameters:
        assert f"\n{name} : " in text, name
    for name in ("classes_", "n_iter_", "history_", "precision_", "device_", "n_threads_", "net_"):
        assert f"\n{name} :" in attributes or f"\n{name}\n" in attributes, name


def test_public_names_are_documented():
    for name in sgan_classifier.__all__:
        if name != "__version__":
            assert inspect.getdoc(getattr(sgan_classifier, name)).strip(), name
