"""The scene benchmark: craters found in a whole scene by what a few labelled patches teach."""

from __future__ import annotations

import inspect
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import joblib
import numpy as np
from sklearn.base import clone

from sgan_classifier import SGANClassifier
from sgan_classifier._threads import limit_threads
from sgan_classifier.benchmarking._compare import cache_folder
from sgan_classifier.benchmarking._data import BenchmarkData
from sgan_classifier.benchmarking._record import (
    Run,
    describe_estimator,
    describe_run,
    to_plain,
    write_json,
)
from sgan_classifier.model_selection import mask_labels
from sgan_classifier.scan import (
    Candidates,
    choose_threshold,
    match_candidates,
    scan_scene,
    score_matches,
)

from .scan_report import MIN_DIAMETER, MIN_IOU, save_scan_figure, scan_report
from .scenes import AnnotatedScene
from .stored import run_all, storage_key
from .timing import timed_fit

DEFAULTS = {
    name: parameter.default for name, parameter in inspect.signature(scan_scene).parameters.items()
}


def run_scan(
    data: BenchmarkData,
    training_scenes: Sequence[AnnotatedScene],
    test_scene: AnnotatedScene,
    n_labels: Sequence[int],
    n_draws: int,
    run: Run,
    *,
    max_iter: int | None = None,
    stride: float = DEFAULTS["stride"],
) -> dict[str, Any]:
    """Train on few labels, choose a threshold on training scenes, and test on another scene.

    Parameters
    ----------
    data : BenchmarkData
    training_scenes : sequence of AnnotatedScene
    test_scene : AnnotatedScene
        Decides nothing.
    n_labels : sequence of int
        How many patches are labelled; all others of the training patches are unlabelled.
    n_draws : int
    run : Run
        Its `out` is the folder of `scan_<data>.json`, `.md` and `.png`.
    max_iter : int, optional
        Steps of training, for a quick look.
    stride : float, default=0.125
        Of `scan_scene`.

    Returns
    -------
    dict
        The record, as written.
    """
    estimator = SGANClassifier(**{**data.parameters, "device": run.device})
    if max_iter is not None:
        estimator.set_params(max_iter=max_iter)
    record = describe_run(
        data,
        run,
        n_labels=list(n_labels),
        n_draws=n_draws,
        max_iter=max_iter,
        stride=stride,
        default_threshold=DEFAULTS["threshold"],
    )
    record["estimator"] = describe_estimator(estimator)
    record["scenes"] = {
        "training": [_described(scene) for scene in training_scenes],
        "test": _described(test_scene),
    }
    started = time.perf_counter()
    memory = joblib.Memory(cache_folder(run.out, record), verbose=0)
    fitted = memory.cache(fit, ignore=["data"])
    scanned = memory.cache(scan_all, ignore=["data", "scenes", "fitted"])
    scenes = [*training_scenes, test_scene]
    contents = [(scene.name, scene.boxes, scene.image.read_bytes()) for scene in scenes]
    key = storage_key(data, contents)
    draws = [(n, seed) for n in n_labels for seed in run.seeds(n_draws)]
    calls = [(estimator, *draw, stride, data, scenes, fitted, key) for draw in draws]
    measured = run_all(scanned, calls, run, unit="draw", name="scan")
    record["seconds"] = time.perf_counter() - started
    record["draws"] = [
        _evaluated(*draw, figures, training_scenes, test_scene)
        for draw, figures in zip(draws, measured, strict=True)
    ]
    stem = f"scan_{data.name}"
    write_json(to_plain(record), run.out / f"{stem}.json")
    save_scan_figure(record, test_scene.image, test_scene.boxes, run.out / f"{stem}.png")
    (run.out / f"{stem}.md").write_text(scan_report(record, f"{stem}.png"), encoding="utf-8")
    return record


def fit(
    estimator: SGANClassifier, n_labels: int, seed: int, data: BenchmarkData, data_key: str
) -> tuple[SGANClassifier, float]:
    """Fit to one draw of labels, and return the seconds too. `data_key` stands for the data."""
    model = clone(estimator).set_params(random_state=seed)
    y = mask_labels(data.y_train, n_labels, random_state=seed)
    return model, timed_fit(lambda: model.fit(data.X_train, y))


def scan_all(
    estimator: SGANClassifier,
    n_labels: int,
    seed: int,
    stride: float,
    data: BenchmarkData,
    scenes: Sequence[AnnotatedScene],
    fitted: Callable[..., tuple[SGANClassifier, float]],
    data_key: str,
) -> dict[str, Any]:
    """Fit once and scan all scenes.

    Returns
    -------
    dict
        "fit_seconds", "accuracy" on the test patches, and "scans": for each scene, candidates of
        any score, seconds and number of windows.
    """
    model, fit_seconds = fitted(estimator, n_labels, seed, data, data_key)
    with limit_threads(1):
        return {
            "fit_seconds": fit_seconds,
            "accuracy": model.score(data.X_test, data.y_test),
            "scans": [_scan(model, scene, stride) for scene in scenes],
        }


def _scan(
    model: SGANClassifier, scene: AnnotatedScene, stride: float
) -> tuple[Candidates, float, int]:
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        scan = scan_scene(model, scene.image, folder, stride=stride)
        return scan.all_candidates, time.perf_counter() - began, scan.n_windows


def _evaluated(
    n_labels: int,
    seed: int,
    measured: dict[str, Any],
    training_scenes: Sequence[AnnotatedScene],
    test_scene: AnnotatedScene,
) -> dict[str, Any]:
    """Choose the threshold on the training scenes, and score the test scene by it."""
    *training, (candidates, seconds, n_windows) = measured["scans"]
    matches = [
        match_candidates(found, scene.boxes, min_diameter=MIN_DIAMETER, min_iou=MIN_IOU)
        for (found, *_), scene in zip(training, training_scenes, strict=True)
    ]
    threshold = choose_threshold(matches)
    tested = match_candidates(
        candidates, test_scene.boxes, min_diameter=MIN_DIAMETER, min_iou=MIN_IOU
    )
    kept = candidates.take(np.argsort(-candidates.score, kind="stable"))
    is_kept = kept.score >= threshold
    columns = kept.take(is_kept).columns()
    return {
        "n_labels": n_labels,
        "seed": seed,
        "threshold": threshold,
        "chosen": asdict(score_matches(tested, threshold)),
        "default": asdict(score_matches(tested, DEFAULTS["threshold"])),
        "training_scenes": asdict(score_matches(matches, threshold)),
        "patch_accuracy": measured["accuracy"],
        "fit_seconds": measured["fit_seconds"],
        "scan_seconds": seconds,
        "n_windows": n_windows,
        "found": {name: np.round(values, 4).tolist() for name, values in columns.items()},
        "outcome": tested.outcome[is_kept].tolist(),
    }


def _described(scene: AnnotatedScene) -> dict[str, Any]:
    from PIL import Image

    with Image.open(scene.image) as image:
        width, height = image.size
    sides = scene.boxes[:, 2:].mean(axis=1)
    return {
        "name": scene.name,
        "width": width,
        "height": height,
        "n_annotated": len(sides),
        "n_counted": int((sides >= MIN_DIAMETER).sum()),
        "sides": sides[sides >= MIN_DIAMETER].tolist(),
    }
