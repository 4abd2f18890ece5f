"""What happens to the SGAN where its assumptions fail, and what else it tells."""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import joblib
import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import brier_score_loss, confusion_matrix

from sgan_classifier import CNNClassifier, SGANClassifier
from sgan_classifier._threads import limit_threads
from sgan_classifier.benchmarking._compare import cache_folder
from sgan_classifier.benchmarking._contenders import CNN, SGAN
from sgan_classifier.benchmarking._data import BenchmarkData, with_known_test_rows
from sgan_classifier.benchmarking._record import (
    Run,
    describe_estimator,
    describe_run,
    to_plain,
    write_results,
)

from .calibration import expected_calibration_error
from .foreign import Foreign, foreign_kinds, rejection_figures
from .pools import CLEAN, EVEN, FOREIGN, PROPORTIONAL, TARGET, make_rows, rare_classes
from .robustness_report import NO_BALANCE, SECTIONS, robustness_report
from .stored import run_all, storage_key
from .timing import timed_fit


class Case(NamedTuple):
    """A method and the rows that it learns from."""

    pool: str
    method: str


#: by section: what has to be fitted for it
CASES: dict[str, tuple[Case, ...]] = {
    "imbalance": tuple(
        Case(pool, method) for pool in (PROPORTIONAL, EVEN) for method in (SGAN, NO_BALANCE, CNN)
    ),
    "foreign": (Case(CLEAN, SGAN), Case(FOREIGN, SGAN), Case(CLEAN, CNN)),
    "realness": (Case(CLEAN, SGAN), Case(FOREIGN, SGAN)),
    "calibration": (Case(CLEAN, SGAN), Case(CLEAN, CNN)),
    "transductive": (Case(CLEAN, SGAN), Case(TARGET, SGAN), Case(CLEAN, CNN)),
}


def run_robustness(
    data: BenchmarkData,
    foreign: Foreign,
    n_labels: Sequence[int],
    n_draws: int,
    run: Run,
    *,
    sections: Sequence[str] | None = None,
    max_iter: int | None = None,
) -> dict[str, Any]:
    """Fit and measure all cases; write record and report.

    Parameters
    ----------
    data : BenchmarkData
    foreign : Foreign
    n_labels : sequence of int
    n_draws : int
    run : Run
        Its `out` is the folder of `robustness_<data>.json` and `.md`.
    sections : sequence of str, optional
        Of `SECTIONS`; by default all.
    max_iter : int, optional
        Steps of every network, for a quick look.

    Returns
    -------
    dict
        The record, as written.

    Raises
    ------
    ValueError
        If the labelled test rows are not of the same classes as the training rows.
    """
    data = with_known_test_rows(data)
    chosen = [name for name in SECTIONS if sections is None or name in sections]
    estimators = _estimators(data, max_iter, run.device)
    record = describe_run(
        data,
        run,
        n_labels=list(n_labels),
        n_draws=n_draws,
        max_iter=max_iter,
        sections=chosen,
    )
    record["estimators"] = {name: describe_estimator(est) for name, est in estimators.items()}
    record["foreign"] = foreign.name
    record["rare_classes"] = to_plain(rare_classes(data.y_train).tolist())
    started = time.perf_counter()
    stored = joblib.Memory(cache_folder(run.out, record), verbose=0).cache(
        fit_and_measure, ignore=["data", "foreign"]
    )
    key = storage_key(data, foreign)
    cases = dict.fromkeys(case for name in chosen for case in CASES[name])
    fits = [(case, n, seed) for n in n_labels for seed in run.seeds(n_draws) for case in cases]
    calls = [
        (estimators[case.method], case.pool, n, seed, data, foreign, key) for case, n, seed in fits
    ]
    measured = run_all(stored, calls, run, unit="fit", name="robustness")
    record["seconds"] = time.perf_counter() - started
    record["draws"] = [
        {"pool": case.pool, "method": case.method, "n_labels": n, "seed": seed, **figures}
        for (case, n, seed), figures in zip(fits, measured, strict=True)
    ]
    write_results(to_plain(record), robustness_report, run.out / f"robustness_{data.name}")
    return record


def _estimators(data: BenchmarkData, max_iter: int | None, device: str) -> dict[str, BaseEstimator]:
    shared: dict[str, Any] = {**data.parameters, "device": device}
    if max_iter is not None:
        shared["max_iter"] = max_iter
    return {
        SGAN: SGANClassifier(**shared),
        NO_BALANCE: SGANClassifier(**shared, balance_weight=0.0),
        CNN: CNNClassifier(network="auto", **shared),
    }


def fit_and_measure(
    estimator: BaseEstimator,
    pool: str,
    n_labels: int,
    seed: int,
    data: BenchmarkData,
    foreign: Foreign,
    data_key: str,
) -> dict[str, Any]:
    """Fit to one draw of labels, and measure everything that any section needs.

    Parameters
    ----------
    estimator : SGANClassifier or CNNClassifier
    pool : str
        As in `make_rows`.
    n_labels, seed : int
    data : BenchmarkData
    foreign : Foreign
    data_key : str
        Stands for data and foreign images where results are stored.

    Returns
    -------
    dict
        "seconds", "accuracy", "recalls" (of the classes), "shares" (of the classes in the pool),
        "calibration_error", "brier_score" and, of an SGAN that saw all classes evenly, "rejection".
    """
    rows = make_rows(pool, data, foreign.pool, n_labels, seed)
    model: Any = clone(estimator).set_params(random_state=seed)
    seconds = timed_fit(lambda: model.fit(rows.X, rows.y, X_unlabeled=rows.X_unlabeled))
    with limit_threads(1):
        probabilities = model.predict_proba(data.X_test)
        codes = np.searchsorted(model.classes_, data.y_test)
        predicted = probabilities.argmax(axis=1)
        counts = confusion_matrix(codes, predicted, labels=range(len(rows.shares)))
        figures = {
            "seconds": seconds,
            "accuracy": float(np.trace(counts) / counts.sum()),
            "recalls": (np.diag(counts) / counts.sum(axis=1)).tolist(),
            "shares": rows.shares.tolist(),
            "calibration_error": expected_calibration_error(probabilities, codes),
            "brier_score": float(
                brier_score_loss(
                    codes, probabilities, labels=range(len(rows.shares)), scale_by_half=False
                )
            ),
        }
        if isinstance(model, SGANClassifier) and pool in (CLEAN, FOREIGN):
            kinds = foreign_kinds(data, foreign, seed)
            figures["rejection"] = rejection_figures(model, rows.X, data.X_test, kinds)
    return figures
