"""The scene benchmark, on disks instead of craters."""

import json
from pathlib import Path

import numpy as np
import pytest
from disk_scenes import DISKS, boxes, patches, scene
from PIL import Image

from sgan_benchmarks.scan import _evaluated, run_scan
from sgan_benchmarks.scan_command import scan_main
from sgan_benchmarks.scan_report import scan_report, sizes_table, target_sentences, values
from sgan_benchmarks.scenes import AnnotatedScene, load_scenes
from sgan_classifier.benchmarking import BenchmarkData, Run
from sgan_classifier.benchmarking._statistics import mean_of
from sgan_classifier.scan import Candidates, choose_threshold, match_candidates


@pytest.fixture(scope="module")
def data():
    X, y = patches(200)
    X_test, y_test = patches(40, seed=1)
    return BenchmarkData("disks", X, y, X_test, y_test, parameters={"augment": None})


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """Two to choose the threshold on and one to test, with a disk too small to count."""
    folder = tmp_path_factory.mktemp("scenes")
    small = np.array([[90.0, 30.0, 9.0]])
    disks = np.concatenate([DISKS, small])
    made = []
    for seed in range(3):
        path = folder / f"{seed}.png"
        Image.fromarray(scene(disks=disks, seed=seed)).save(path)
        made.append(AnnotatedScene(f"disks {seed}", path, boxes(disks)))
    return made


@pytest.fixture(scope="module")
def outcome(data, scenes, tmp_path_factory):
    out = tmp_path_factory.mktemp("reports")
    settings = {"run": Run(out, "a command", verbose=0), "max_iter": 60}
    return run_scan(data, scenes[:2], scenes[2], [20, 100], 2, **settings), out, settings


@pytest.mark.slow
def test_every_draw_is_measured_on_the_test_scene(outcome):
    record, *_ = outcome
    assert [(d["n_labels"], d["seed"]) for d in record["draws"]] == [
        (20, 0),
        (20, 1),
        (100, 0),
        (100, 1),
    ]
    for draw in record["draws"]:
        assert len(draw["outcome"]) == len(draw["found"]["x"])
        assert min(draw["found"]["score"], default=1.0) >= draw["threshold"] - 1e-4
        hits = draw["outcome"].count(1)
        assert draw["chosen"]["recall"] == pytest.approx(hits / len(DISKS))
        assert draw["chosen"]["n_found"] == hits + draw["outcome"].count(0)
    assert values(record, 100, "chosen", "f1").mean() > 0.5


@pytest.mark.slow
def test_record_report_and_figure_are_written(outcome):
    record, out, _ = outcome
    stored = json.loads((out / "scan_disks.json").read_text())
    assert stored["draws"] == json.loads(json.dumps(record["draws"]))
    report = (out / "scan_disks.md").read_text()
    assert report == scan_report(stored, "scan_disks.png")
    assert f"{len(DISKS)} annotated craters" in report, "the small one does not count"
    assert (out / "scan_disks.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_finished_draws_are_not_measured_again(outcome, data, scenes):
    record, _, settings = outcome
    again = run_scan(data, scenes[:2], scenes[2], [20, 100], 2, **settings)
    seconds = [draw["fit_seconds"] for draw in record["draws"]]
    assert [draw["fit_seconds"] for draw in again["draws"]] == seconds
    with pytest.raises(ValueError, match="n_labels"):
        run_scan(data, scenes[:2], scenes[2], [1000], 1, **settings)


def scanned(scores, is_hit):
    """A scene of disks in a row and what was found in it: disks, and places beside them."""
    n = len(scores)
    disks = np.column_stack([40.0 * np.arange(n), np.full(n, 30.0), np.full(n, 16.0)])
    found = disks + np.where(is_hit, 0.0, 100.0)[:, None] * [0, 1, 0]
    candidates = Candidates(*found.T, np.array(scores), np.ones(n), np.ones(n))
    return candidates, AnnotatedScene("disks", Path("disks.png"), boxes(disks[is_hit]))


def test_threshold_is_chosen_on_all_training_scenes_and_not_on_the_test_scene():
    scans = [
        scanned([0.9, 0.7, 0.3], [True, True, False]),
        scanned([0.6, 0.2], [True, False]),
        scanned([0.5, 0.9, 0.7], [False, True, False]),
    ]
    *training, test = (scene for _, scene in scans)
    measured = {"accuracy": 0.8, "fit_seconds": 1.0}
    measured["scans"] = [(candidates, 2.0, 9) for candidates, _ in scans]
    draw = _evaluated(50, 0, measured, training, test)
    assert draw["threshold"] == pytest.approx(0.45)
    assert draw["training_scenes"]["f1"] == 1.0
    assert draw["chosen"]["precision"] == pytest.approx(1 / 3)
    assert draw["found"]["score"] == [0.9, 0.7, 0.5]
    assert draw["outcome"] == [1, 0, 0]
    flattering = choose_threshold(match_candidates(scans[2][0], test.boxes))
    assert flattering == pytest.approx(0.8)


def record_of(f1):
    return {
        "settings": {"n_labels": [50, 1000, 7]},
        "draws": [
            {"n_labels": n, "chosen": {"f1": value}} for n, row in f1.items() for value in row
        ],
    }


def test_report_says_whether_the_targets_are_reached():
    sentences = target_sentences(record_of({50: [0.5, 0.56], 1000: [0.7, 0.7], 7: [0.1]}))
    assert sentences == [
        "50 labels: F1 0.530 ± 0.381 does **not** reach the target of 0.55.",
        "1000 labels: F1 0.700 ± 0.000 reaches the target of 0.65.",
    ]


def test_craters_are_counted_by_size():
    drawn = [
        {"n_labels": 50, "found": {"diameter": [12.0, 15.9, 30.0]}, "outcome": [1, 0, -1]},
        {"n_labels": 50, "found": {"diameter": [13.0, 64.0, 20.0]}, "outcome": [1, 0, 0]},
    ]
    record = {
        "settings": {"n_labels": [50]},
        "scenes": {"test": {"sides": [12.0, 15.0, 16.0, 40.0, 200.0]}},
        "draws": drawn,
    }
    rows = [line.strip("| ").split(" | ") for line in sizes_table(record).splitlines()[2:]]
    assert rows == [
        ["12 to 16", "2", "1.5", "1.0"],
        ["16 to 25", "1", "0.5", "0.0"],
        ["25 to 64", "1", "0.0", "0.0"],
        ["64 and more", "1", "0.5", "0.0"],
    ]


def test_interval_is_students():
    mean = mean_of([1.0, 2.0, 3.0])
    assert mean.value == 2.0
    assert mean.high - mean.value == pytest.approx(4.302653 / np.sqrt(3), rel=1e-6)
    assert np.isnan(mean_of([1.0]).low)


def test_scenes_that_are_not_there_are_named(tmp_path):
    with pytest.raises(ValueError, match="no scenes of the data 'mnist'"):
        load_scenes("mnist", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"M115143943_mosaic_train_small\.png"):
        load_scenes("lunar_nac", tmp_path)


def test_command_names_what_is_missing(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        scan_main(["--data", "lunar_nac", "--data-dir", str(tmp_path)])
    assert stop.value.code == 1
    assert "There is no file" in capsys.readouterr().err


@pytest.mark.data
def test_lunar_scenes_are_those_that_the_patches_were_cut_from(data_dir):
    training, test = load_scenes("lunar_nac", data_dir)
    with np.load(data_dir / "lunar_nac.npz") as arrays:
        names, used = arrays["scene_names"], arrays["scene_train"]
    trained_on = {str(name).split("/")[1] for name in names[np.unique(used)]}
    assert {scene.name for scene in training} <= trained_on
    assert test.name not in trained_on
    assert [len(scene.boxes) for scene in (*training, test)] == [1423, 805, 1264]
