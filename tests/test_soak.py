"""The soak finds nothing lost, and would find what was lost."""

import json
import signal

import pytest

from sgan_benchmarks.soak import Soak
from sgan_benchmarks.soak_command import soak_main
from sgan_benchmarks.soak_jobs import (
    EVERY,
    MODEL,
    PAIR,
    RESULT,
    STEPS,
    VARIANTS,
    fit_and_save,
    make_estimator,
    search_and_save,
)
from sgan_benchmarks.soak_jobs import make_rows as rows
from sgan_benchmarks.soak_report import soak_report
from sgan_classifier import persistence

VARIANT = "labelled rows alone"
posix = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system cannot kill -9")


@posix
@pytest.mark.slow
def test_a_short_soak_writes_a_report_and_loses_nothing(tmp_path):
    out = tmp_path / "reports"
    assert soak_main(["--minutes", "0.1", "--fits", "4", "--out", str(out), "--quiet"]) == 0
    record = json.loads((out / "soak.json").read_text(encoding="utf-8"))
    tally = record["soak"]
    assert sum(tally["rounds"].values()) >= 1
    assert sum(tally["faults"].values()) + tally["missed"] >= 1
    assert tally["lost"] == []
    assert tally["checks"]["folders clean at the end"] == sum(tally["rounds"].values())
    assert len(record["long_run"]["private_mib"]) == 4
    report = (out / "soak.md").read_text(encoding="utf-8")
    assert report == soak_report(record)
    assert "Work lost: none." in report
    # a loss would stand in the first lines and below
    lost = {"round": "round-7", "job": "searches", "variant": "table", "what": "all of it"}
    tally["lost"] = [{**lost, "signal": "SIGTERM", "moment": "at any time"}]
    report = soak_report(record)
    assert "Work lost: 1." in report
    assert "round-7, searches (table), SIGTERM at any time: all of it" in report


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("job", [fit_and_save, search_and_save])
def test_every_job_ends_where_nothing_disturbs_it(job, variant, tmp_path):
    job(tmp_path, variant, 0, checkpoint=False)
    assert persistence.load(tmp_path / RESULT).n_iter_ > 0


@pytest.fixture(scope="module")
def three_models(tmp_path_factory):
    """A folder with two models, as a job saves them in turn, and a third."""
    folder = tmp_path_factory.mktemp("models")
    for seed, name in enumerate([*PAIR, "third"]):
        model = make_estimator(VARIANT, seed, max_iter=2)
        persistence.save(model.fit(*rows(VARIANT)), folder / name)
    return folder


@pytest.mark.parametrize(
    ("kept", "n_lost"), [(PAIR[0], 0), (PAIR[1], 0), ("third", 1), ("cut off", 1), (None, 1)]
)
def test_a_model_file_is_the_old_or_the_new_one_or_counts_as_lost(
    three_models, tmp_path, kept, n_lost
):
    if kept == "cut off":
        (tmp_path / MODEL).write_bytes((three_models / PAIR[0]).read_bytes()[:-9])
    elif kept is not None:
        (tmp_path / MODEL).write_bytes((three_models / kept).read_bytes())
    soak = Soak(tmp_path, 0)
    soak._check_files("saves and loads", VARIANT, tmp_path, three_models, {"round": "0"})
    assert len(soak.tally.lost) == n_lost


def test_files_left_behind_count_as_lost_and_stale_ones_are_deleted(three_models, tmp_path):
    for name in PAIR:
        (tmp_path / name).write_bytes((three_models / name).read_bytes())
    (tmp_path / f".{MODEL}.0a.tmp").touch()
    (tmp_path / "checkpoint").mkdir()
    soak = Soak(tmp_path, 0)
    soak._finish("saves and loads", VARIANT, tmp_path, three_models, {})
    assert [entry["what"] for entry in soak.tally.lost] == ["files were left: checkpoint"]


@pytest.mark.parametrize(
    ("steps", "lost"),
    [
        ([*range(12), *range(10, 20)], []),
        ([*range(14), *range(10, 20)], []),
        ([*range(15), *range(10, 20)], []),  # struck before the checkpoint after 15 was written
        ([*range(15), *range(9, 20)], ["6 steps were done again: checkpoint.safetensors was lost"]),
        ([*range(20), *range(20)], []),  # it had ended
        ([*range(8), *range(10, 20)], ["steps 8 to 9 were left out"]),
    ],
)
def test_steps_done_again_are_counted_and_too_many_are_a_loss(tmp_path, steps, lost):
    assert EVERY == 5
    reference = tmp_path / "reference"
    reference.mkdir()
    for folder, numbers in ((tmp_path, steps), (reference, range(20))):
        (folder / STEPS).write_text("\n".join(map(str, numbers)), encoding="utf-8")
    soak = Soak(tmp_path, 0)
    soak._count_steps(tmp_path, reference, {})
    assert [entry["what"] for entry in soak.tally.lost] == lost
    assert soak.tally.steps_done == len(steps)
