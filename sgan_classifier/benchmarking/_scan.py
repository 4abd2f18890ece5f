"""The scene benchmark: craters found in a whole scene by what a few labelled patches teach."""

from __future__ import annotations

import inspect
import os
import tempfile
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.base import clone
from tqdm import tqdm

from .. import SGANClassifier
from ..datasets._boxes import read_boxes
from ..exceptions import TrainingInterruptedWarning
from ..model_selection import mask_labels
from ..model_selection._curve_fit import code_hash, limit_threads
from ..scan import (
    Candidates,
    Scores,
    choose_threshold,
    match_candidates,
    scan_scene,
    score_matches,
)
from ._data import BenchmarkData, data_folder
from ._label_efficiency import CACHE
from ._record import describe_estimator, describe_run, to_plain, write_json
from ._scan_report import MIN_DIAMETER, MIN_IOU, save_scan_figure, scan_report

#: by data: the scenes that the threshold is chosen on, which are among those that the training
#: patches were cut from, and the scene that is tested
SCENES = {
    "lunar_nac": (
        ("M115143943_mosaic_train_small", "M1231933714_mosaic_train_small"),
        "M115143943RE_cal_echo_2_2",
    )
}
DEFAULT_THRESHOLD = inspect.signature(scan_scene).parameters["threshold"].default


@dataclass(frozen=True)
class AnnotatedScene:
    """A scene and the craters in it.

    Attributes
    ----------
    name : str
    image : Path
    boxes : ndarray of shape (m, 4)
        x and y of the upper left corner, width and height, in pixels.
    """

    name: str
    image: Path
    boxes: NDArray[np.float64]


def load_scenes(
    name: str, data_dir: str | os.PathLike | None = None
) -> tuple[list[AnnotatedScene], AnnotatedScene]:
    """Load the scenes of a data set: those to choose the threshold on, and the one to test.

    Parameters
    ----------
    name : str
        "lunar_nac".
    data_dir : path, optional
        Its folder `scenes` holds a PNG and a CSV with the columns X, Y, W and H for each scene. By
        default the folder that the environment variable SGAN_CLASSIFIER_DATA names.

    Raises
    ------
    ValueError
        If there are no scenes of that data.
    FileNotFoundError
        If a scene is not there.
    """
    if name not in SCENES:
        raise ValueError(f"There are no scenes of the data {name!r}. Use one of {[*SCENES]}.")
    folder = data_folder(name, data_dir) / "scenes"

    def load(scene: str) -> AnnotatedScene:
        image, table = (folder / f"{scene}.{ending}" for ending in ("png", "csv"))
        for path in (image, table):
            if not path.is_file():
                raise FileNotFoundError(f"There is no file {path}; --data-dir names its folder.")
        return AnnotatedScene(scene, image, read_boxes(table))

    training, test = SCENES[name]
    return [load(scene) for scene in training], load(test)


def run_scan(
    data: BenchmarkData,
    training_scenes: Sequence[AnnotatedScene],
    test_scene: AnnotatedScene,
    n_labels: Sequence[int],
    n_draws: int,
    *,
    out: Path,
    command: str,
    n_jobs: int = 1,
    random_state: int = 0,
    max_iter: int | None = None,
    device: str = "auto",
    verbose: int = 1,
) -> dict[str, Any]:
    """Train on few labels, choose a threshold on training scenes, and test on another scene.

    What is finished is kept below `out`, so that a stopped run goes on where it was.

    Parameters
    ----------
    data : BenchmarkData
    training_scenes : sequence of AnnotatedScene
    test_scene : AnnotatedScene
        Decides nothing.
    n_labels : sequence of int
        How many patches are labelled; all others of the training patches are unlabelled.
    n_draws : int
    out : Path
        Folder of `scan_<data>.json`, `.md` and `.png`.
    command : str
        The command line, for the record.
    n_jobs : int, default=1
        Draws at a time.
    random_state : int, default=0
        Seed of the first draw.
    max_iter : int, optional
        Steps of training, for a quick look.
    device : str, default="auto"
    verbose : int, default=1
        0 shows no progress bar.

    Returns
    -------
    dict
        The record, as written.
    """
    estimator = SGANClassifier(**{**data.parameters, "device": device})
    if max_iter is not None:
        estimator.set_params(max_iter=max_iter)
    record = describe_run(
        data,
        command,
        n_labels=list(n_labels),
        n_draws=n_draws,
        random_state=random_state,
        n_jobs=n_jobs,
        n_threads=1,
        max_iter=max_iter,
        device=device,
        default_threshold=DEFAULT_THRESHOLD,
    )
    record["estimator"] = describe_estimator(estimator)
    record["scenes"] = {
        "training": [_described(scene) for scene in training_scenes],
        "test": _described(test_scene),
    }
    started = time.perf_counter()
    stored = joblib.Memory(out / CACHE, verbose=0).cache(measure, ignore=["data", "scenes"])
    scenes = [*training_scenes, test_scene]
    key = joblib.hash((code_hash(), data, [(scene.name, scene.boxes) for scene in scenes]))
    draws = [(n, random_state + draw) for n in n_labels for draw in range(n_draws)]
    jobs = (delayed(stored)(estimator, *draw, data, scenes, key) for draw in draws)
    done = Parallel(n_jobs=n_jobs, return_as="generator")(jobs)
    measured = list(tqdm(done, total=len(draws), disable=not verbose, unit="draw", desc="scan"))
    record["seconds"] = time.perf_counter() - started
    record["draws"] = [
        _evaluated(*draw, figures, training_scenes, test_scene)
        for draw, figures in zip(draws, measured, strict=True)
    ]
    stem = f"scan_{data.name}"
    write_json(to_plain(record), out / f"{stem}.json")
    save_scan_figure(record, test_scene.image, test_scene.boxes, out / f"{stem}.png")
    (out / f"{stem}.md").write_text(scan_report(record, f"{stem}.png"), encoding="utf-8")
    return record


def measure(
    estimator: SGANClassifier,
    n_labels: int,
    seed: int,
    data: BenchmarkData,
    scenes: Sequence[AnnotatedScene],
    data_key: str,
) -> dict[str, Any]:
    """Fit once and scan all scenes. `data_key` stands for data and scenes where this is stored.

    Returns
    -------
    dict
        "fit_seconds", "accuracy" on the test patches, and "scans": for each scene, candidates of
        any score, seconds and number of windows.
    """
    model = clone(estimator).set_params(random_state=seed)
    y = mask_labels(data.y_train, n_labels, random_state=seed)
    with limit_threads(1), warnings.catch_warnings():
        # Ctrl-C ends a fit early and keeps its weights: no finished fit, not to be stored
        warnings.simplefilter("error", TrainingInterruptedWarning)
        began = time.perf_counter()
        try:
            model.fit(data.X_train, y)
        except TrainingInterruptedWarning as warning:
            raise KeyboardInterrupt from warning
        fit_seconds = time.perf_counter() - began
        return {
            "fit_seconds": fit_seconds,
            "accuracy": model.score(data.X_test, data.y_test),
            "scans": [_scan(model, scene) for scene in scenes],
        }


def _scan(model: SGANClassifier, scene: AnnotatedScene) -> tuple[Candidates, float, int]:
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        scan = scan_scene(model, scene.image, folder)
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
        "chosen": _as_dict(score_matches(tested, threshold)),
        "default": _as_dict(score_matches(tested, DEFAULT_THRESHOLD)),
        "training_scenes": _as_dict(score_matches(matches, threshold)),
        "patch_accuracy": measured["accuracy"],
        "fit_seconds": measured["fit_seconds"],
        "scan_seconds": seconds,
        "n_windows": n_windows,
        "found": {name: np.round(values, 4).tolist() for name, values in columns.items()},
        "outcome": tested.outcome[is_kept].tolist(),
    }


def _as_dict(scores: Scores) -> dict[str, float]:
    return {
        "precision": scores.precision,
        "recall": scores.recall,
        "f1": scores.f1,
        "n_found": scores.n_found,
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
    }
