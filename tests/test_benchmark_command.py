"""`sgan-classifier benchmark`, in this process."""

import json

import numpy as np
import pytest
from command_runs import run
from image_files import save
from PIL import Image
from tiny import noise_images

from sgan_classifier import recipes
from sgan_classifier.commands.benchmark import _default_labels, _load
from sgan_classifier.exceptions import InvalidInputError

QUICK = ("--draws", 1, "--steps", 1, "--quiet")


def labelled(root, counts):
    """Noise in folders of classes, as many as `counts` says of each."""
    images = iter(noise_images(sum(counts.values()), 8, 8))
    for name, count in counts.items():
        for i in range(count):
            save(root / name / f"{i}.png", next(images))
    return root


def test_benchmark_of_a_folder_writes_a_report_with_its_command(craters, tmp_path):
    options = ("--labels", "4,all", "--draws", 1, "--steps", 2)
    said = run("benchmark", craters, "-o", tmp_path / "report", *options)
    assert "learn from" in said
    (report,) = (tmp_path / "report").glob("*.md")
    text = report.read_text()
    assert "(2 classes)" in text
    assert f"sgan-classifier benchmark {craters}" in text
    for name in ("SGAN", "CNN, same network", "LabelSpreading", "SelfTraining"):
        assert name in text
    assert report.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    record = json.loads(report.with_suffix(".json").read_text())
    assert record["data"]["n_train"] + record["data"]["n_test"] == 60
    assert record["data"]["n_test"] == 8, "30 % of the labels"


def test_benchmark_takes_an_npz(tmp_path):
    X = noise_images(40, 8, 8)
    y = np.arange(40) % 2
    np.savez(tmp_path / "mine.npz", X_train=X[:30], y_train=y[:30], X_test=X[30:], y_test=y[30:])
    run(
        "benchmark", tmp_path / "mine.npz", "-o", tmp_path / "report", "--draws", 1, "--steps", 1,
        "--labels", "4", "--quiet",
    )  # fmt: skip
    assert (tmp_path / "report" / "label_efficiency_mine.json").exists()


def test_five_bands_are_compared_with_their_shape_as_a_setting(tmp_path):
    X = np.moveaxis(noise_images(200, 8, 8).reshape(40, 5, 8, 8), 1, 3)
    y = np.arange(40) % 2
    path = tmp_path / "bands.npz"
    np.savez(path, X_train=X[:30], y_train=y[:30], X_test=X[30:], y_test=y[30:])
    settings = ["image_shape=(8, 8, 5)", "width=2", "early_stopping=true"]
    settings += ["validation_fraction=0.5", "learning_rate=0.01"]
    options = [word for setting in settings for word in ("--set", setting)]
    run("benchmark", path, "-o", tmp_path / "report", "--labels", 12, *QUICK, *options)
    (report,) = (tmp_path / "report").glob("*.md")
    text = report.read_text()
    assert "--set 'image_shape=(8, 8, 5)' --set width=2" in text, "the command makes it again"
    estimators = json.loads(report.with_suffix(".json").read_text())["estimators"]
    for name in ("SGAN", "CNN, same network"):
        assert estimators[name]["parameters"]["image_shape"] == [8, 8, 5]
        assert estimators[name]["parameters"]["width"] == 2
        assert estimators[name]["parameters"]["learning_rate"] == 0.01
    recipe = estimators["SGAN, 2021 recipe"]["parameters"]
    assert recipe["learning_rate"] == recipes.CRATERS_2021["learning_rate"]
    assert recipe["image_shape"] == [8, 8, 5]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("adversarial_weight=0", "parameter of SGANClassifier and CNNClassifier: augment, "),
        ("network=mlp", "expected NAME=VALUE"),
        ("max_iter=4", "--steps instead"),
        ("scaling=7", "scaling"),
    ],
)
def test_wrong_settings_are_named_before_images_are_read(setting, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        run("benchmark", tmp_path / "no.npz", "-o", tmp_path / "report", "--set", setting)


def test_a_report_of_another_command_is_replaced_only_when_told(craters, tmp_path):
    def benchmark(*options):
        run("benchmark", craters, "-o", tmp_path, *QUICK, *options)

    benchmark("--labels", 4)
    (record,) = tmp_path.glob("*.json")
    benchmark("--labels", 4, "--jobs", 2)  # the same figures: goes on
    before = record.read_text()
    with pytest.raises(InvalidInputError, match=r"--labels 4 .*--force to replace it"):
        benchmark("--labels", 6)
    assert record.read_text() == before
    benchmark("--labels", 6, "--force")
    assert record.read_text() != before
    record.write_text("{")
    with pytest.raises(InvalidInputError, match="another command: unknown"):
        benchmark("--labels", 6)


def test_benchmark_refuses_what_has_no_labels_to_hide(tmp_path):
    (tmp_path / "a").mkdir()
    Image.fromarray(noise_images(1)[0]).save(tmp_path / "a" / "1.png")
    with pytest.raises(InvalidInputError, match="too few labels"):
        run("benchmark", tmp_path, "-o", tmp_path / "report")


def test_uneven_classes_are_told_the_option_and_drawn_in_proportion(tmp_path):
    images = labelled(tmp_path / "images", {"crater": 30, "plain": 9, "ridge": 8})
    arguments = ("benchmark", images, "-o", tmp_path / "report", "--labels", "30", *QUICK)
    with pytest.raises(InvalidInputError, match=r"has 6 labels .* 18 or less, or --in-proportion"):
        run(*arguments)
    run(*arguments, "--in-proportion", "--score", "balanced_accuracy")
    (report,) = (tmp_path / "report").glob("*.md")
    text = report.read_text()
    assert "# Balanced accuracy against number of labels: images" in text
    assert "## Test balanced accuracy" in text
    assert "1 per number of labels, in the shares of the classes, seeds from 0" in text
    assert "--labels 30 --in-proportion --score balanced_accuracy" in text
    record = json.loads(report.with_suffix(".json").read_text())
    assert record["curve"]["scoring"] == "balanced_accuracy"
    assert record["curve"]["n_labels"] == [30]


def test_default_numbers_go_as_far_as_the_draws_do():
    counts = np.array([30, 9, 8])
    assert _default_labels(counts, in_proportion=False) == [15, "all"]
    assert _default_labels(counts, in_proportion=True) == [15, 30, "all"]


@pytest.mark.parametrize(
    ("labels", "message"),
    [("all,1", "there are 2 classes"), ("200", "only 16 images"), ("many", "'many' is no number")],
)
def test_benchmark_refuses_numbers_of_labels_in_terms_of_the_command(
    craters, tmp_path, labels, message
):
    with pytest.raises(ValueError, match=message):
        run("benchmark", craters, "-o", tmp_path / "report", "--labels", labels)


def test_many_small_classes_are_told_the_test_fraction(tmp_path):
    images = labelled(tmp_path / "images", dict.fromkeys("abcde", 2))
    message = (
        r"10 labelled images of 5 classes, 2 of .*; --test-fraction 0\.3 takes 3 to test on and "
        "leaves 7 .*Pass another --test-fraction, or label more"
    )
    with pytest.raises(InvalidInputError, match=message):
        run("benchmark", images, "-o", tmp_path / "report")
    rows = _load(images, 0.5, None, 0, True)
    assert sorted(rows.y_test) == sorted(rows.y_train) == list(range(5))


def test_a_rare_class_that_is_not_tested_on_is_told(tmp_path):
    images = labelled(tmp_path / "images", {"a": 97, "b": 2, "c": 2, "d": 2})
    with pytest.raises(
        InvalidInputError, match=r"4 classes, 2 of the rarest; --test-fraction 0\.3"
    ):
        _load(images, 0.3, None, 0, True)
