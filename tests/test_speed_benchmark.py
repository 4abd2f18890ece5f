"""The speed benchmark, run for real with tiny budgets."""

import copy
import json
import mmap
import os
import shutil
import time

import numpy as np
import pytest
import torch
from tiny import sgan

from sgan_benchmarks.speed import Options, speed_main, speed_report
from sgan_benchmarks.speed import start as _start
from sgan_benchmarks.speed.accuracy import lasting
from sgan_benchmarks.speed.clock import StepClock, TimedSGANClassifier, step_seconds
from sgan_benchmarks.speed.limit import _Multiplication, count_operations
from sgan_benchmarks.speed.memory import PeakMemory, private_bytes
from sgan_benchmarks.speed.precisions import compare_accuracies
from sgan_benchmarks.speed.prediction import image_map
from sgan_benchmarks.speed.result import Section, Target
from sgan_benchmarks.speed.run import NAME
from sgan_benchmarks.speed.setting import (
    Problem,
    TimedFit,
    image_problem,
    ratio,
    side_by_side,
    table_problem,
)
from sgan_classifier import SGANClassifier
from sgan_classifier.benchmarking._statistics import mean_of

TINY = ["--rounds", "1", "--steps", "1", "--threads", "1", "--rows", "1000", "--map-gb", "0.001"]

needs_private_memory = pytest.mark.skipif(
    private_bytes() is None, reason="this system tells no private memory (RssAnon)"
)


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    """The record of one tiny run of the quick sections, and the folder it is in."""
    out = tmp_path_factory.mktemp("reports")
    words = ["--sections", "small_batch", "limit", "gpu", *TINY, "--out", str(out), "--quiet"]
    assert speed_main(words) == 0
    return json.loads((out / f"{NAME}.json").read_text()), out


# ---------------------------------------------------------------------- records and reports


def test_a_run_keeps_figures_machine_versions_and_command(record):
    measured = record[0]["sections"]["small_batch"]["measured"]
    assert measured["command"].startswith("python benchmarks/speed.py --sections small_batch")
    assert measured["threads"] == 1
    assert measured["clock"] == "wall"
    assert measured["machine"]["processor"]
    assert measured["versions"]["torch"]
    assert "data_dir" not in measured["options"]
    seconds = record[0]["sections"]["small_batch"]["figures"]["seconds_an_image"]
    assert {len(times) for times in seconds.values()} == {1}


def test_the_report_states_each_target_and_whether_it_is_met(record):
    report = (record[1] / f"{NAME}.md").read_text()
    assert report == speed_report(record[0])
    assert "| time an image at batch 10 over that at 64 | at most 3 |" in report
    assert "| share of the machine's rate, fp32, batch 64 | at least 0.5 |" in report
    assert "floating-point operations a step" in report
    assert "`aten::" in report


@pytest.mark.parametrize(
    ("has_amx", "auto", "kind"),
    [
        (True, "bf16", "with AMX"),
        (False, "bf16", "without AMX, where `auto` is bf16"),
        (False, "fp32", "without AMX, where `auto` is fp32"),
    ],
)
def test_the_title_says_the_kind_of_cpu_that_was_measured(record, has_amx, auto, kind):
    other = copy.deepcopy(record[0])
    for section in other["sections"].values():
        section["measured"]["machine"] |= {"has_amx": has_amx, "auto": auto}
    assert speed_report(other).startswith(f"# Speed and memory on a CPU {kind}\n")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_its_section_says_not_measured(record):
    assert record[0]["sections"]["gpu"]["targets"] == []
    assert "no CUDA device: not measured" in record[0]["sections"]["gpu"]["notes"][0]


def test_sections_that_are_not_run_again_are_kept(record):
    before = record[0]["sections"]
    words = ["--sections", "gpu", *TINY, "--out", str(record[1]), "--quiet", "--clock", "cpu"]
    assert speed_main(words) == 0
    after = json.loads((record[1] / f"{NAME}.json").read_text())["sections"]
    assert after["limit"] == before["limit"]
    assert after["gpu"]["measured"]["clock"] == "cpu"


def test_sections_are_reported_in_their_order_whatever_the_order_they_were_run_in(record):
    report = (record[1] / f"{NAME}.md").read_text()
    assert report.index("## Near the limit") < report.index("## Small batches")


@pytest.mark.parametrize(
    ("sense", "figure", "verdict"),
    [
        ("at most", 2.0, "met"),
        ("at most", 2.1, "not met"),
        ("at least", 2.0, "met"),
        ("at least", 1.9, "not met"),
        ("at most", None, "not measured"),
        ("at most", float("inf"), "not met"),
    ],
)
def test_verdicts(sense, figure, verdict):
    section = Section("A title", targets=[Target("a figure", 2.0, sense, figure)])
    entry = section.to_dict()["targets"][0]
    assert entry["verdict"] == verdict
    json.dumps(entry, allow_nan=False)


def test_a_disk_without_space_is_an_error_with_the_remedy(tmp_path):
    with (
        pytest.raises(OSError, match="Choose another --folder or a smaller --map-gb"),
        image_map(tmp_path, 10**15, 8),
    ):
        pass


# ---------------------------------------------------------------------- what is measured


def test_the_clock_stops_a_fit_whose_records_are_those_of_a_whole_one():
    problem = image_problem(8)
    clock = StepClock(25)
    model = TimedSGANClassifier(max_iter=1000, batch_size=4, width=2, random_state=0)
    seconds = step_seconds(model, problem.X, problem.y, clock)
    assert len(seconds) == 25
    assert min(seconds) > 0.0
    assert [entry["step"] for entry in model.history_] == [20]  # fifty records in 1000 steps


def test_a_timed_fit_is_the_fit_of_the_estimator():
    problem = image_problem(8)
    looks = []
    plain = sgan(max_iter=6, batch_size=4, width=2)
    timed = TimedSGANClassifier(**plain.get_params())
    timed.clock = StepClock(every=2, look=lambda step, seconds: looks.append((step, seconds)))
    timed.fit(problem.X, problem.y)
    plain.fit(problem.X, problem.y)
    np.testing.assert_array_equal(timed.predict_proba(problem.X), plain.predict_proba(problem.X))
    assert [step for step, _ in looks] == [2, 4, 6]
    assert timed.clock.before > 0.0
    assert looks[-1][1] == pytest.approx(timed.clock.before + sum(timed.clock.seconds))


def test_sides_are_measured_in_turn():
    calls = []

    def run(name, seconds):
        return lambda n: calls.append(name) or seconds * n

    seconds = side_by_side({"a": run("a", 3.0), "b": run("b", 2.0)}, 4, 5)
    assert calls == ["a", "b"] * 6
    assert ratio(seconds, "a", "b") == 1.5


@pytest.mark.parametrize(("level", "expected"), [(0.5, 1.0), (0.8, 3.0), (0.9, 4.0), (0.95, None)])
def test_time_from_which_an_accuracy_lasts(level, expected):
    points = [(1.0, 0.9), (2.0, 0.5), (3.0, 0.8), (4.0, 0.9)]
    assert lasting(points, level) == expected


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_rate_is_measured_with_one_product_in_two_ways(precision):
    product = _Multiplication(precision)
    product.multiply()
    of_pixels = product.convolve().permute(0, 2, 3, 1).reshape(product.out.shape)
    assert torch.allclose(of_pixels, product.out, rtol=1e-2, atol=1e-2)
    assert not torch.allclose(product.out, product.a @ product.a, rtol=1e-2, atol=1e-2)


def test_operations_are_counted_as_by_hand():
    """A linear map of n rows from a to b is 2nab operations, and twice that backwards."""
    problem = table_problem()
    problem = Problem(problem.X[:256], problem.y[:256])
    fit = TimedFit(problem, batch_size=16, unlabeled_ratio=1.0, width=2, latent_dim=10)
    batch = 16
    discriminator = 64 * 16 + 16 * 8 + 8 * 8 + 8 * 4
    generator = 10 * 8 + 8 * 8 + 8 * 64
    expected = (
        2
        * batch
        * (
            3 * discriminator  # three kinds of rows, forward,
            + (3 * discriminator + 3 * (discriminator - 64 * 16))  # weights' and inputs' gradients;
            + 2 * discriminator
            - 8 * 4  # generator's step: forward, and features' gradients;
            + generator  # the generator's own
            + generator
            + (generator - 10 * 8)
        )
    )
    assert sum(count_operations(fit.net, problem).values()) == expected


def test_a_faster_precision_is_compared_with_fp32_draw_by_draw():
    section = Section("A title")
    fits = {name: SGANClassifier(precision=name) for name in ("bf16", "fp32")}
    compare_accuracies(section, fits, Options(draws=1, max_iter=1))
    scores = section.figures["accuracies"]
    mean, low, high = mean_of(np.subtract(scores["bf16"], scores["fp32"])[0])
    if high > mean:
        assert section.targets[0].figure == pytest.approx(abs(mean) / (high - mean))
    assert f"{100 * mean:+.2f} points of accuracy ({100 * low:+.2f} to" in section.notes[-1]
    assert np.shape(section.figures["accuracies"]["bf16"]) == (1, 2)
    assert "bf16 minus fp32 is" in section.notes[0]


@needs_private_memory
def test_peaks_of_private_memory_are_seen():
    memory = PeakMemory()
    with memory.watched():
        # pages of its own: what malloc gives may have been resident before
        held = mmap.mmap(-1, 64_000_000, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        np.frombuffer(held, np.uint8)[:] = 1
        time.sleep(0.5)  # long enough for the thread that looks, also on a busy machine
        held.close()
    assert 60e6 < memory.added < 120e6


@needs_private_memory
def test_predicting_many_rows_keeps_no_memory_but_the_answer():
    """Pieces kept from every batch once held 130 MB here: the allocator's, between them."""
    rows = np.zeros((100_000, 8, 8), np.uint8)
    rows[:64] = np.random.default_rng(0).integers(0, 256, (64, 8, 8))
    model = sgan(max_iter=1, width=8).fit(rows[:64], np.arange(64) % 2 - (np.arange(64) > 9))
    model.predict(rows[:1000])
    memory = PeakMemory()
    with memory.watched():
        model.predict(rows)
    assert memory.added < 60e6


@pytest.mark.slow
def test_the_command_measures_sections_in_processes_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setattr(_start, "MIN_RUNS", 1)
    words = ["--sections", "overhead", "faster", "predict", "memory", "growth", "start"]
    short = ["--draws", "2", "--max-iter", "2"]
    assert speed_main([*words, *TINY, *short, "--out", str(tmp_path), "--quiet"]) == 0
    sections = json.loads((tmp_path / f"{NAME}.json").read_text())["sections"]
    assert list(sections) == words[1:]
    verdicts = {target["verdict"] for section in sections.values() for target in section["targets"]}
    assert verdicts <= {"met", "not met"} | ({"not measured"} if private_bytes() is None else set())
    assert sections["memory"]["figures"]["fit X"]["added"] < 500e6


@pytest.mark.slow
def test_compiled_networks_are_timed_beside_plain_ones(tmp_path):
    assert speed_main(["--sections", "compiled", *TINY, "--out", str(tmp_path), "--quiet"]) == 0
    section = json.loads((tmp_path / f"{NAME}.json").read_text())["sections"]["compiled"]
    has_compiler = any(shutil.which(name) for name in ("g++", "c++", "clang++"))
    rows = section["tables"][0]["rows"] if section["tables"] else []
    assert bool(rows) == has_compiler
    assert all(float(ratio) > 0 for _, _, ratio in rows)
    assert has_compiler or "no C++ compiler: not measured" in section["notes"][0]


@pytest.mark.slow
@pytest.mark.data
def test_the_command_measures_whole_fits_on_real_images(tmp_path, data_dir):
    words = ["--sections", "accuracy", "sweep", *TINY, "--draws", "1", "--max-iter", "2"]
    assert speed_main([*words, "--jobs", "1", "--out", str(tmp_path), "--quiet"]) == 0
    report = (tmp_path / f"{NAME}.md").read_text()
    assert "The whole sweep, 5 numbers of labels x 1 draws of 2 steps each" in report
    assert os.fspath(data_dir) not in report
