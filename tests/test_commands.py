"""The commands for folders of images, in this process and, for Ctrl-C, in one of their own."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from command_runs import TINY, read_table, run
from PIL import Image
from tiny import cnn, noise_images

from sgan_classifier import CNNClassifier, SGANClassifier
from sgan_classifier.datasets import load_image_folder
from sgan_classifier.exceptions import (
    InputScaleWarning,
    InvalidInputError,
    NoUnlabeledRowsWarning,
    UnreadableImageError,
    UnreadableImageWarning,
)
from sgan_classifier.persistence import load, save

# ---------------------------------------------------------------- fit


def test_fit_saves_a_model_with_the_names_of_the_classes(model):
    loaded = load(model)
    assert isinstance(loaded, SGANClassifier)
    assert loaded.classes_.tolist() == ["crater", "plain, of all kinds"]
    assert (loaded.n_iter_, loaded.width, loaded.random_state) == (3, 4, 0)


def test_fit_says_what_it_read_and_what_it_saved(craters, tmp_path):
    path = tmp_path / "m.safetensors"
    said = run("fit", craters, "-o", path, "--method", "cnn", *TINY[:6])
    assert "crater 12, plain, of all kinds 12, unlabelled 36" in said
    assert "12 x 12 pixels, grey, uint8" in said
    assert "Trained 3 steps" in said
    assert f"Saved {path}" in said
    assert "step/s" in said, "progress and time left"
    assert isinstance(load(path), CNNClassifier)


def test_fit_options_reach_the_estimator(craters, tmp_path):
    path = tmp_path / "m.safetensors"
    options = ("--augment", "shift,flip", "--size", 16, "--colours", "rgb", "--seed", 7, "--quiet")
    run("fit", craters, "-o", path, *options, *TINY, "--set", "learning_rate_schedule=cosine")
    loaded = load(path)
    assert loaded.augment == ("shift", "flip")
    assert loaded.input_shape_ == (3, 16, 16)
    assert (loaded.random_state, loaded.learning_rate_schedule) == (7, "cosine")


def test_fit_is_the_fit_of_python(craters, model):
    images = load_image_folder(craters)
    python = SGANClassifier(max_iter=3, width=4, batch_size=8, latent_dim=4, random_state=0).fit(
        images.X, images.labels
    )
    np.testing.assert_array_equal(
        load(model).predict_proba(images.X), python.predict_proba(images.X)
    )


def test_fit_replaces_a_model_only_when_told(craters, tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_text("precious")
    with pytest.raises(InvalidInputError, match="--force"):
        run("fit", craters, "-o", path, *TINY)
    assert path.read_text() == "precious"
    run("fit", craters, "-o", path, "--force", "--quiet", *TINY)
    assert load(path).n_iter_ == 3


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("widht=4", "width"),
        ("width", "NAME=VALUE"),
        ("width=wide", "width"),
        ("width=-1", "width"),
        ("max_iter=4", "--steps instead"),
        ("augment=flip", "--augment instead"),
    ],
)
def test_fit_names_a_wrong_setting_before_it_reads_images(tmp_path, setting, message):
    with pytest.raises(ValueError, match=message):
        run("fit", tmp_path / "no folder", "-o", tmp_path / "m", "--set", setting)


def test_an_unknown_device_is_named_before_images_are_read(tmp_path):
    for command in ("fit", "benchmark"):
        with pytest.raises(InvalidInputError, match=r"'gpu' cannot be used: torch knows no such"):
            run(command, tmp_path / "no folder", "-o", tmp_path / "m", "--device", "gpu")


def test_fit_names_a_wrong_augmentation_before_it_reads_images(tmp_path):
    with pytest.raises(ValueError, match=r"unknown name 'turn'.*by commas"):
        run("fit", tmp_path / "no folder", "-o", tmp_path / "m", "--augment", "shift,turn")


def test_fit_speaks_of_folders(craters, tmp_path):
    shutil.copytree(Path(craters, "crater"), tmp_path / "crater")
    with pytest.raises(InvalidInputError, match=r"1 class \(crater\); .* folder of its own"):
        run("fit", tmp_path, "-o", tmp_path / "m", *TINY)
    shutil.copytree(Path(craters, "unlabeled"), tmp_path / "plain")
    with pytest.warns(NoUnlabeledRowsWarning, match=r"no unlabelled images.*unlabeled/") as told:
        run("fit", tmp_path, "-o", tmp_path / "m", *TINY)
    assert len(told) == 1
    run("fit", tmp_path, "-o", tmp_path / "cnn", "--method", "cnn", *TINY[:6])


def test_fit_leaves_out_what_cannot_be_read_or_refuses(craters, tmp_path):
    (craters / "unlabeled" / "bad.png").write_bytes(b"")
    try:
        with pytest.warns(UnreadableImageWarning, match=r"bad\.png"):
            run("fit", craters, "-o", tmp_path / "m", "--quiet", *TINY)
        with pytest.raises(UnreadableImageError, match=r"(?s)without --strict\..*bad\.png"):
            run("fit", craters, "-o", tmp_path / "strict", "--quiet", "--strict", *TINY)
    finally:
        (craters / "unlabeled" / "bad.png").unlink()
    assert not (tmp_path / "strict").exists()


# ---------------------------------------------------------------- predict


def test_predict_writes_what_python_predicts(craters, model, tmp_path):
    said = run("predict", model, craters, "-o", tmp_path / "p.csv")
    assert "Saved 60 predictions" in said
    assert "files/s" in said
    rows = read_table(tmp_path / "p.csv")
    images = load_image_folder(craters, labeled=False)
    estimator = load(model)
    assert [row["file"] for row in rows] == images.files.tolist()
    assert [row["class"] for row in rows] == estimator.predict(images.X).tolist()
    columns = ["probability_crater", "probability_plain, of all kinds"]
    probabilities = [[float(row[name]) for name in columns] for row in rows]
    np.testing.assert_allclose(probabilities, estimator.predict_proba(images.X), atol=1e-5)
    realness = [float(row["realness"]) for row in rows]
    np.testing.assert_allclose(realness, estimator.realness(images.X), atol=1e-5)


@pytest.mark.parametrize(
    ("layout", "channels"),
    [("nhw", 1), ("nhwc", 1), ("nchw", 1), ("flat", 1), ("nhwc", 3), ("nchw", 3), ("flat", 3)],
)
def test_predict_brings_files_to_whatever_images_python_fitted(tmp_path, layout, channels):
    files = noise_images(6, 10, 9, channels=channels, seed=1)
    X = noise_images(12, 10, 9, channels=channels)
    to_layout = {
        "nhw": lambda X: X[..., 0],
        "nhwc": lambda X: X,
        "nchw": lambda X: np.moveaxis(X, -1, 1),
        "flat": lambda X: X.reshape(len(X), -1),
    }[layout]
    shape = (10, 9, channels) if layout != "nhw" else None
    estimator = cnn(image_shape=shape).fit(to_layout(X), np.arange(12) % 2)
    save(estimator, tmp_path / "m.safetensors")
    for i, image in enumerate(files):
        path = tmp_path / "images" / f"{i}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(image.squeeze()).save(path)
    run("predict", tmp_path / "m.safetensors", tmp_path / "images", "-o", tmp_path / "p.csv")
    rows = read_table(tmp_path / "p.csv")
    assert "realness" not in rows[0], "a CNN has no generator"
    got = [[float(row["probability_0"]), float(row["probability_1"])] for row in rows]
    np.testing.assert_allclose(got, estimator.predict_proba(to_layout(files)), atol=1e-5)


def test_predict_brings_16_bits_to_the_8_of_the_training(craters, model, tmp_path):
    source = next((craters / "crater").iterdir())
    pixels = np.asarray(Image.open(source))
    for name, values in (("8", pixels), ("16", pixels.astype(np.uint16) * 257)):
        (tmp_path / "images").mkdir(exist_ok=True)
        Image.fromarray(values).save(tmp_path / "images" / f"{name}.png")
    run("predict", model, tmp_path / "images", "-o", tmp_path / "p.csv")
    deep, shallow = read_table(tmp_path / "p.csv")
    assert deep["probability_crater"] == shallow["probability_crater"]
    Image.fromarray(pixels.astype(np.uint16) * 16).save(tmp_path / "images" / "16.png")
    with pytest.warns(InputScaleWarning, match=rf"above {16 * int(pixels.max())}: the white of"):
        run("predict", model, tmp_path / "images", "-o", tmp_path / "p.csv", "--force")


def test_a_model_of_12_bits_tells_of_files_of_8(craters, tmp_path):
    X = noise_images(dtype=np.uint16) * 16
    save(cnn().fit(X, np.arange(24) % 2), tmp_path / "m")
    folder = tmp_path / "images"
    folder.mkdir()
    Image.fromarray(X[0]).save(folder / "12.png")
    run("predict", tmp_path / "m", folder, "-o", tmp_path / "p.csv")
    Image.fromarray((X[1] // 16).astype(np.uint8)).save(folder / "8.png")
    with pytest.warns(InputScaleWarning, match=r"above 4080: the white of"):
        run("predict", tmp_path / "m", folder, "-o", tmp_path / "q.csv")


def test_predict_names_what_it_cannot_read_and_keeps_odd_names(craters, model, tmp_path):
    source = next((craters / "crater").iterdir()).read_bytes()
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "bad.png").write_bytes(b"")
    (folder / 'a "b",\nc.png').write_bytes(source)
    with open(os.fsencode(folder) + b"/\xff.png", "wb") as file:
        file.write(source)
    with pytest.warns(UnreadableImageWarning, match=r"bad\.png"):
        run("predict", model, folder, "-o", tmp_path / "p.csv")
    names = [row["file"] for row in read_table(tmp_path / "p.csv")]
    assert [os.fsencode(name) for name in names] == [b'a "b",\nc.png', b"\xff.png"]


def test_predict_leaves_out_what_holds_nan(tmp_path):
    X = np.random.default_rng(0).random((8, 16, 16), dtype=np.float32)
    save(cnn().fit(X, [0, 1] * 4), tmp_path / "m")
    (tmp_path / "images").mkdir()
    Image.fromarray(X[0]).save(tmp_path / "images" / "good.tif")
    Image.fromarray(X[0] * np.nan).save(tmp_path / "images" / "bad.tif")
    with pytest.warns(UnreadableImageWarning, match=r"'bad\.tif' holds NaN"):
        run("predict", tmp_path / "m", tmp_path / "images", "-o", tmp_path / "p.csv")
    assert [row["file"] for row in read_table(tmp_path / "p.csv")] == ["good.tif"]


def test_predict_refuses_a_model_of_feature_tables(tmp_path, craters):
    save(cnn().fit(np.random.default_rng(0).random((8, 5)), [0, 1] * 4), tmp_path / "m")
    (tmp_path / "p.csv").write_text("an older table")
    with pytest.raises(InvalidInputError, match="not on grey or colour images"):
        run("predict", tmp_path / "m", craters, "-o", tmp_path / "p.csv", "--force")
    assert (tmp_path / "p.csv").read_text() == "an older table"


def test_predict_of_nothing_that_can_be_read_writes_nothing(model, tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "bad.png").write_text("notes")
    with (
        pytest.warns(UnreadableImageWarning),
        pytest.raises(InvalidInputError, match="None of the 1 files"),
    ):
        run("predict", model, tmp_path / "images", "-o", tmp_path / "p.csv")
    assert not (tmp_path / "p.csv").exists()


# ---------------------------------------------------------------- evaluate


def test_evaluate_shows_and_writes_figures_of_the_labelled_images(craters, model, tmp_path):
    said = run("evaluate", model, craters, "-o", tmp_path / "figures.json")
    images = load_image_folder(craters)
    labelled = images.y >= 0
    accuracy = load(model).score(images.X[labelled], images.labels[labelled])
    assert f"Accuracy {accuracy:.3f} (95 % interval" in said
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["n_images"] == 24
    assert figures["accuracy"] == pytest.approx(accuracy)
    assert np.trace(figures["confusion"]) == round(24 * accuracy)
    assert np.sum(figures["confusion"], axis=1).tolist() == [12, 12]
    low, high = figures["accuracy_interval"]
    for end in (low, high):  # there, the share that was found is 1.96 standard errors away
        assert abs(end - accuracy) == pytest.approx(1.96 * np.sqrt(end * (1 - end) / 24), rel=1e-3)
    assert low < accuracy < high


def test_evaluate_leaves_out_empty_folders_and_shares_of_nothing(craters, model, tmp_path):
    shutil.copytree(Path(craters, "crater"), tmp_path / "test" / "crater")
    (tmp_path / "test" / "boulder").mkdir()
    output = tmp_path / "figures.json"
    with pytest.warns(UnreadableImageWarning, match="'boulder/' is a class folder without"):
        said = run("evaluate", model, tmp_path / "test", "-o", output)
    plain = json.loads(output.read_text())["classes"]["plain, of all kinds"]
    assert (plain["n"], plain["recall"]) == (0, None)
    line = next(line for line in said.splitlines() if line.startswith("plain, of all kinds  "))
    assert line.split()[-3] == "-"


def test_evaluate_refuses_a_class_that_the_model_does_not_know(craters, model, tmp_path):
    shutil.copytree(Path(craters, "crater"), tmp_path / "boulder")
    with pytest.raises(InvalidInputError, match="boulder"):
        run("evaluate", model, tmp_path)
