import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_iris

from sgan_benchmarks.cross_validation import make_candidates
from sgan_benchmarks.cross_validation_command import cross_validation_main
from sgan_benchmarks.cross_validation_report import OURS, PLAIN, TRUTH, cross_validation_report


def test_the_command_writes_a_record_and_a_report_that_agree(tmp_path, capsys):
    X, y = load_iris(return_X_y=True)
    np.savez(tmp_path / "iris.npz", X_train=X[::2], y_train=y[::2], X_test=X[1::2], y_test=y[1::2])
    arguments = ["--data", str(tmp_path / "iris.npz"), "--labels", "6", "15", "--draws", "2"]
    arguments += ["--estimators", "LabelSpreading", "--out", str(tmp_path / "out"), "--quiet"]
    assert cross_validation_main(arguments) == 0
    record = json.loads((tmp_path / "out" / "cross_validation_iris.json").read_text())
    scores = {name: np.array(v) for name, v in record["scores"]["LabelSpreading"].items()}
    assert record["settings"]["n_splits"] == [2, 5]
    assert all(values.shape == (2, 2) for values in scores.values())
    assert scores[TRUTH].min() > 0.7
    assert scores[PLAIN].max() < 0.3  # a fifth of the rows at most is labelled
    assert np.abs(scores[OURS][1] - scores[TRUTH][1]).max() < 0.2
    text = (tmp_path / "out" / "cross_validation_iris.md").read_text()
    assert text == cross_validation_report(record)
    assert f"{scores[OURS][1].mean():.3f} ±" in text
    assert capsys.readouterr().out == ""


def test_fewer_than_two_labels_a_class_is_an_error(tmp_path, capsys):
    with pytest.raises(SystemExit):
        cross_validation_main(["--data", "digits", "--labels", "10", "--out", str(tmp_path)])
    assert "at least 2 labels of each of 10 classes" in capsys.readouterr().err


@pytest.mark.parametrize(("asked", "taken"), [(None, 7), (3, 3)])
def test_steps_are_those_of_the_data_unless_others_are_asked_for(digits, asked, taken):
    data = replace(digits, parameters={"max_iter": 7})
    estimator, _ = make_candidates(data, ["SGANClassifier"], asked)["SGANClassifier"]
    assert estimator.max_iter == taken
