"""The study's networks and sections, run for real with tiny budgets."""

import numpy as np
import pytest
from tiny import read_record

from sgan_benchmarks.epochs import EpochBudget
from sgan_benchmarks.networks import CraterCNNVariant
from sgan_benchmarks.study import study_report
from sgan_benchmarks.study_command import study_main
from sgan_benchmarks.study_sections import SECTION_KEYS, make_sections
from sgan_classifier import CNNClassifier, SGANClassifier, recipes
from sgan_classifier.model_selection import mask_labels


def test_study_network_runs_on_other_image_sizes_in_low_precision(digits):
    settings = {**recipes.CRATERS_2021, "max_iter": 1, "precision": "bf16", "random_state": 0}
    y = mask_labels(digits.y_train, 10, random_state=0)
    proba = SGANClassifier(**settings).fit(digits.X_train, y).predict_proba(digits.X_test[:3])
    np.testing.assert_allclose(proba.sum(axis=1), 1.0)


@pytest.mark.parametrize(
    ("n_labeled", "epochs", "steps", "batch"), [(10, 5, 5, 10), (100, 5, 20, 32)]
)
def test_epoch_budget_counts_the_labelled_rows_alone(digits, n_labeled, epochs, steps, batch):
    y = mask_labels(digits.y_train, n_labeled, random_state=0)
    budget = EpochBudget(CNNClassifier(width=4), epochs=epochs, batch_size=32, random_state=0)
    budget.fit(digits.X_train, y)
    assert budget.estimator_.max_iter == budget.estimator_.n_iter_ == steps
    assert budget.estimator_.batch_size == batch
    assert budget.estimator.max_iter == CNNClassifier().max_iter
    assert 0.0 <= budget.score(digits.X_test, digits.y_test) <= 1.0


def test_variants_of_the_study_cnn_have_the_parts_they_are_named_for():
    def count(network):
        return sum(parameter.numel() for parameter in network.parameters())

    base = CraterCNNVariant((1, 32, 32), 2)
    assert count(base) == 320 + 18_496 + 36_928 + 1024 * 64 + 64 + 64 + 1
    assert count(CraterCNNVariant((1, 32, 32), 2, first_pooling="max")) == count(base)
    assert count(CraterCNNVariant((1, 32, 32), 2, first_pooling="none")) > count(base)
    assert count(CraterCNNVariant((1, 32, 32), 2, batch_norm=True)) == count(base) + 2 * 160
    assert count(CraterCNNVariant((1, 8, 8), 2)) == count(base), "resized to 32x32"


def test_study_sections_are_those_the_command_names(lunar):
    sections = make_sections(lunar)
    assert tuple(sections) == SECTION_KEYS
    for section in sections.values():
        assert section.baseline in section.estimators
    table = sections["table"].estimators
    sgan, without = table["SGAN"], table["SGAN, without the unlabelled images"]
    assert sgan.augment is None, "as the study, whatever the views of the data"
    differing = {k for k, v in sgan.get_params().items() if v != without.get_params()[k]}
    assert differing == {"adversarial_weight"}
    assert without.adversarial_weight == without.pseudo_label_weight == without.balance_weight == 0


def test_study_section_runs_on_digits_and_reports(tmp_path):
    arguments = "--data digits --sections cnn-budget --labels 10 20 --draws 2 --budget 0.001"
    assert study_main([*arguments.split(), "--quiet", "--out", str(tmp_path)]) == 0
    record = read_record(tmp_path, "study_digits")
    assert list(record["sections"]) == ["cnn-budget"]
    report = (tmp_path / "study_digits.md").read_text(encoding="utf-8")
    assert report == study_report(record)
    assert '20 labels, against "5 epochs, as the study", draw by draw:' in report

    # another section, on another budget, joins the first in the order of the study
    arguments = "--data digits --sections learning-rate --labels 10 --draws 2 --budget 0.01"
    assert study_main([*arguments.split(), "--quiet", "--out", str(tmp_path)]) == 0
    joined = read_record(tmp_path, "study_digits")
    assert list(joined["sections"]) == ["learning-rate", "cnn-budget"]
    assert joined["sections"]["cnn-budget"] == record["sections"]["cnn-budget"]
    report = (tmp_path / "study_digits.md").read_text(encoding="utf-8")
    assert "multiplied by 0.01" in report
    assert "multiplied by 0.001" in report


def test_study_variants_train_on_lunar_patches(lunar, tmp_path):
    few = tmp_path / "few.npz"
    np.savez(
        few,
        X_train=lunar.X_train[::50],
        y_train=lunar.y_train[::50],
        X_test=lunar.X_test[::50],
        y_test=lunar.y_test[::50],
    )
    arguments = "--sections cnn-parts --labels 10 --draws 2 --budget 0.001 --quiet"
    assert study_main(["--data", str(few), *arguments.split(), "--out", str(tmp_path)]) == 0
    curve = read_record(tmp_path, "study_few")["sections"]["cnn-parts"]["curve"]
    assert len(curve["test_scores"]) == 10
    assert np.isfinite(list(curve["test_scores"].values())).all()
