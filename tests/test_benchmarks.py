"""The benchmarks, run for real with tiny budgets."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from tiny import curve_of, read_record

from sgan_benchmarks.all_reports import update_readme
from sgan_benchmarks.label_efficiency_command import label_efficiency_main
from sgan_classifier import CNNClassifier, SGANClassifier
from sgan_classifier.benchmarking import (
    Run,
    label_efficiency_report,
    load_benchmark_data,
    make_contenders,
    run_label_efficiency,
)
from sgan_classifier.benchmarking._compare import compare
from sgan_classifier.benchmarking._contenders import CNN, SGAN, to_unit_rows
from sgan_classifier.benchmarking._record import recorded_command
from sgan_classifier.benchmarking._report import comparison_sentences
from sgan_classifier.model_selection import LabelEfficiencyCurve

ARRAYS = ("X_train", "y_train", "X_test", "y_test")
QUICK = ["--data", "digits", "--labels", "10", "20", "--max-iter", "2", "--quiet"]


@pytest.fixture(scope="module")
def quick_run(tmp_path_factory):
    """A folder with the reports of one tiny run."""
    out = tmp_path_factory.mktemp("reports")
    assert label_efficiency_main([*QUICK, "--draws", "2", "--out", str(out)]) == 0
    return out


class StopOnFirstBatch:
    """An augmentation during which the user presses Ctrl-C."""

    def __call__(self, batch):
        raise KeyboardInterrupt


class KnowsRows(ClassifierMixin, BaseEstimator):
    """Right on rows that it knows from elsewhere, and on no other."""

    def __init__(self, X=None, y=None):
        self.X = X
        self.y = y

    def fit(self, X, y):
        self.classes_ = np.unique(y[y != -1])
        return self

    def predict(self, X):
        is_known = (X[:, None] == self.X[None]).all(axis=2)
        return np.where(is_known.any(axis=1), self.y[is_known.argmax(axis=1)], -2)


class Inspector(ClassifierMixin, BaseEstimator):
    """Learns nothing, and refuses to be shown more labels than it should be."""

    def __init__(self, n_labels=10):
        self.n_labels = n_labels

    def fit(self, X, y):
        if (y != -1).sum() != self.n_labels:
            raise AssertionError(f"{(y != -1).sum()} labels are to be seen, not {self.n_labels}")
        self.classes_ = np.unique(y[y != -1])
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


# ---------------------------------------------------------------------- methods


def test_networks_of_a_comparison_differ_in_nothing_that_the_data_sets(lunar):
    contenders = make_contenders(lunar)
    assert len(contenders) == 6
    networks = [est for est in contenders.values() if hasattr(est, "augment")]
    assert len(networks) == 4
    assert {est.augment for est in networks} == {("shift", "flip", "rotate90")}
    defaults = SGANClassifier().set_params(**lunar.parameters)
    assert contenders[SGAN].get_params() == defaults.get_params()


def test_feature_tables_are_compared_without_the_networks_for_images():
    contenders = make_contenders(load_benchmark_data("wine"))
    table_methods = ["LabelSpreading", "SelfTraining", "LogisticRegression", "GradientBoosting"]
    assert list(contenders) == [SGAN, CNN, *table_methods]


def test_run_on_a_table_reports_methods_that_learn_from_labelled_rows_alone(tmp_path):
    run_label_efficiency(
        load_benchmark_data("wine"), [6], 2, Run(tmp_path, "", verbose=0), max_iter=2
    )
    curve = LabelEfficiencyCurve.from_dict(read_record(tmp_path, "label_efficiency_wine")["curve"])
    assert curve.mean()["LogisticRegression"][0] > 0.7


@pytest.mark.parametrize("cnn_budgets", [[], [1]])
def test_each_draw_of_a_table_has_test_rows_of_its_own(cnn_budgets, tmp_path):
    data = load_benchmark_data("wine")
    run, settings = Run(tmp_path, "", verbose=0), {"max_iter": 1, "methods": ["SGAN", "CNN"]}
    record = run_label_efficiency(data, [6], 3, run, cnn_budgets=cnn_budgets, **settings)
    assert record["data"]["resplits"]
    report = (tmp_path / "label_efficiency_wine.md").read_text()
    assert "54 test rows, others for each draw" in report
    assert ("can favour nothing but the CNN" in report) == bool(cnn_budgets)


def test_data_of_a_user_keep_their_test_rows_and_have_no_goals_whatever_their_name(tmp_path):
    data = load_benchmark_data("wine")
    np.savez(tmp_path / "wine.npz", **{name: getattr(data, name) for name in ARRAYS})
    mine = load_benchmark_data(str(tmp_path / "wine.npz"))
    run, settings = Run(tmp_path, "", verbose=0), {"max_iter": 1, "methods": ["SGAN", "CNN"]}
    record = run_label_efficiency(mine, [6], 2, run, **settings)
    assert not record["data"]["resplits"]
    assert "## Goals" not in (tmp_path / "label_efficiency_wine.md").read_text()
    run_label_efficiency(data, [10], 2, run, **settings)
    assert "## Goals" in (tmp_path / "label_efficiency_wine.md").read_text()


def test_a_fixed_test_set_is_tested_in_every_draw_and_others_where_draws_split_anew():
    data = load_benchmark_data("wine")
    knows = {"knows": KnowsRows(data.X_test, data.y_test)}
    settings = {"memory": None, "n_jobs": 1, "random_state": 0, "verbose": 0}
    fixed = compare(knows, data, [6], 3, **settings).test_scores["knows"][0]
    assert fixed.tolist() == [1.0, 1.0, 1.0]
    anew = compare(knows, replace(data, resplits=True), [6], 3, **settings).test_scores["knows"][0]
    assert (anew < 0.6).all()  # about 0.3, the share of the fixed test rows among all
    assert len(set(anew)) > 1


def test_unit_rows_have_mean_zero_and_norm_one_and_flat_images_stay_finite(digits):
    images = np.concatenate([digits.X_train[:5], np.full((1, 8, 8), 7.0)])
    rows = to_unit_rows(images)
    assert rows.shape == (6, 64)
    np.testing.assert_allclose(rows.mean(axis=1), 0.0, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(rows[:5], axis=1), 1.0, rtol=1e-5)
    assert np.isfinite(rows).all()


# ---------------------------------------------------------------------- runs and reports


def test_recorded_commands_name_no_folder_of_one_machine():
    words = ["--data-dir", "/mine", "--draws", "3", "--out=/mine", "--data", "a b", "--folder", "x"]
    assert recorded_command("python a.py", words) == "python a.py --draws 3 --data 'a b'"


def test_run_writes_a_record_that_makes_the_report_again(quick_run):
    record = read_record(quick_run, "label_efficiency_digits")
    assert record["data"]["name"] == "digits"
    assert record["settings"]["n_draws"] == 2
    assert record["machine"]["precision"] in ("fp32", "bf16")
    assert {"torch", "scikit-learn", "sgan_classifier"} <= set(record["versions"])
    assert len(record["curve"]["test_scores"][SGAN]) == 2
    assert record["command"].startswith("python benchmarks/label_efficiency.py --data digits")
    assert str(quick_run) not in record["command"], "the folder of the reports decides nothing"
    assert record["estimators"][SGAN]["parameters"]["max_iter"] == 2
    report = (quick_run / "label_efficiency_digits.md").read_text(encoding="utf-8")
    assert report == label_efficiency_report(record, "label_efficiency_digits.png")
    assert "](my%20craters.png)" in label_efficiency_report(record, "my craters.png")
    assert "0x" not in report, "an address in memory differs from run to run"
    assert (quick_run / "label_efficiency_digits.png").stat().st_size > 10_000


def test_run_that_goes_on_does_not_repeat_finished_fits(quick_run):
    before = read_record(quick_run, "label_efficiency_digits")["curve"]
    assert label_efficiency_main([*QUICK, "--draws", "3", "--out", str(quick_run)]) == 0
    after = read_record(quick_run, "label_efficiency_digits")["curve"]
    for name, seconds in before["fit_times"].items():
        kept = [row[:2] for row in after["fit_times"][name]]
        assert kept == seconds, "a fit that is made again takes another time"
        assert [len(row) for row in after["fit_times"][name]] == [3, 3]


def test_fit_stopped_by_the_user_does_not_count_as_finished(digits, tmp_path):
    settings = {"n_jobs": 1, "random_state": 0, "verbose": 0, "memory": tmp_path / "memory"}
    stopped = {"CNN": CNNClassifier(max_iter=2, width=4, augment=StopOnFirstBatch())}
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            compare(stopped, digits, [10], 1, **settings)
    assert not list(tmp_path.rglob("output.pkl"))


def test_methods_are_shown_the_drawn_labels_and_no_other(digits):
    settings = {"n_jobs": 1, "random_state": 0, "verbose": 0, "memory": None}
    compare({"honest": Inspector(10)}, digits, [10], 2, **settings)
    with pytest.raises(AssertionError, match="20 labels are to be seen"):
        compare({"honest": Inspector(10)}, digits, [20], 1, **settings)


def test_sentences_say_plainly_where_the_sgan_does_not_win():
    curve = curve_of(
        {
            SGAN: [[0.90, 0.91, 0.92], [0.80, 0.81, 0.82], [0.70, 0.90, 0.80], [0.70, 0.90, 0.78]],
            CNN: [[0.80, 0.81, 0.83], [0.90, 0.91, 0.93], [0.75, 0.80, 0.80], [0.80, 0.80, 0.80]],
        }
    )
    sentences = comparison_sentences(curve)
    assert sentences[0].startswith("10 labels: the SGAN beats the CNN, +9.7 points")
    assert sentences[1].startswith("20 labels: the SGAN does not beat the CNN; it is worse, -10.3")
    assert sentences[2].startswith("30 labels: the SGAN does not clearly beat the CNN")
    assert sentences[3].startswith("40 labels: the SGAN does not beat the CNN, -0.7 points")
    one_draw = curve_of({SGAN: [[0.9]], CNN: [[0.8]]})
    assert "nothing can be said" in comparison_sentences(one_draw)[0]


def test_readme_tables_are_made_from_the_records(quick_run):
    text = "before <!-- results: digits -->stale<!-- end of results --> after"
    updated = update_readme(text, quick_run)
    assert "stale" not in updated
    assert updated.startswith("before <!-- results: digits -->")
    assert "| labels | SGAN |" in updated
    assert "labels: the SGAN" in updated
    assert update_readme(updated, quick_run) == updated


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "mars"], "Unknown data 'mars'"),
        (["--data", "digits", "--labels", "few"], "'few' is no number of labels"),
        (["--data", "digits", "--labels", "3"], "less than the 10 classes"),
    ],
)
def test_wrong_arguments_end_in_one_sentence(arguments, message, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        label_efficiency_main([*arguments, "--quiet", "--out", str(tmp_path)])
    assert stop.value.code == 1
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
