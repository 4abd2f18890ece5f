"""`sgan-classifier suggest`, run as users run it."""

import csv
import os
from typing import get_args

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image
from tiny import noise_images, sgan

from sgan_classifier.active import STRATEGIES, suggest
from sgan_classifier.cli import main
from sgan_classifier.commands.suggest import Strategy
from sgan_classifier.datasets import load_image_folder
from sgan_classifier.persistence import save


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    mpl.pyplot.close("all")


@pytest.fixture
def project(tmp_path):
    """A folder with a model and the images that it was fitted on."""
    names = ["crater"] * 4 + ["plain"] * 4 + ["unlabeled"] * 16
    for i, (name, image) in enumerate(zip(names, noise_images(), strict=True)):
        path = tmp_path / "images" / name / f"{i:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    images = load_image_folder(tmp_path / "images")
    save(sgan(max_iter=3).fit(images.X, images.labels), tmp_path / "model.safetensors")
    return tmp_path


def run(capsys, project, *options):
    arguments = ["suggest", project / "model.safetensors", project / "images"]
    arguments += ["-o", project / "list.csv", *options]
    with pytest.raises(SystemExit) as stop:
        main([str(argument) for argument in arguments])
    return stop.value.code, capsys.readouterr()


def read_list(project):
    with open(project / "list.csv", newline="") as table:
        return list(csv.DictReader(table))


@pytest.mark.parametrize("strategy", ["margin", "badge"])
def test_list_is_what_suggest_says_in_python(strategy, project, capsys):
    status, said = run(capsys, project, "-n", 3, "--strategy", strategy, "--quiet")
    assert status == 0, said.err
    images = load_image_folder(project / "images")
    model = sgan(max_iter=3).fit(images.X, images.labels)
    rows = suggest(model, images.X, 3, y=images.y, strategy=strategy, random_state=0)
    listed = read_list(project)
    assert [row["file"] for row in listed] == images.files[rows].tolist()
    assert [row["rank"] for row in listed] == ["1", "2", "3"]
    assert all(row["file"].startswith("unlabeled/") for row in listed)
    p = model.predict_proba(images.X[rows])
    np.testing.assert_allclose([float(row["probability_plain"]) for row in listed], p[:, 1], 1e-5)
    assert [row["class"] for row in listed] == model.predict(images.X[rows]).tolist()


def test_sheet_stands_beside_the_list_or_where_it_is_put(project, capsys):
    status, said = run(capsys, project, "-n", 7)
    assert status == 0
    assert f"Saved 7 suggestions to {project / 'list.csv'}" in said.out
    with Image.open(project / "list.png") as sheet:
        assert sheet.width > 600
    run(capsys, project, "-n", 2, "--force", "--sheet", project / "new" / "sheet.png")
    assert (project / "new" / "sheet.png").exists()
    assert len(read_list(project)) == 2


def test_strategies_are_those_of_the_library():
    assert get_args(Strategy) == tuple(STRATEGIES)


@pytest.mark.skipif(os.name != "posix", reason="names of bytes are a thing of POSIX")
def test_names_of_classes_need_no_letters_of_the_font(project, capsys):
    names = [os.fsdecode(b"\xff" + "山".encode()), "月面"]
    for old, new in zip(("crater", "plain"), names, strict=True):
        (project / "images" / old).rename(project / "images" / new)
    images = load_image_folder(project / "images")
    save(sgan(max_iter=3).fit(images.X, images.labels), project / "model.safetensors")
    status, said = run(capsys, project, "-n", 16, "--quiet")
    assert status == 0, said.err
    assert "Glyph" not in said.err
    with open(project / "list.csv", encoding="utf-8", errors="surrogateescape") as table:
        assert {row["class"] for row in csv.DictReader(table)} <= set(names)
    assert (project / "list.png").exists()


def test_images_in_folders_of_unlabeled_are_suggested_and_predicted_by_their_path(project, capsys):
    unlabeled = project / "images" / "unlabeled"
    for i, path in enumerate(sorted(unlabeled.iterdir())):
        (unlabeled / f"scene{i % 2}").mkdir(exist_ok=True)
        path.rename(unlabeled / f"scene{i % 2}" / f"{i // 2}.png")
    files = load_image_folder(project / "images").files[8:].tolist()
    assert files == [f"unlabeled/scene{i}/{j}.png" for i in range(2) for j in range(8)]
    status, said = run(capsys, project, "-n", 16, "--quiet")
    assert status == 0, said.err
    assert sorted(row["file"] for row in read_list(project)) == files
    arguments = ["predict", project / "model.safetensors", project / "images"]
    with pytest.raises(SystemExit):
        main([str(word) for word in [*arguments, "-o", project / "list.csv", "--force", "-q"]])
    assert [row["file"] for row in read_list(project)][8:] == files
    with pytest.raises(SystemExit):
        main([str(word) for word in ["evaluate", *arguments[1:], "-q"]])
    assert "crater 4, plain 4\n" in capsys.readouterr().out


@pytest.mark.filterwarnings("default")
def test_unreadable_image_is_named_and_not_suggested(project, capsys):
    broken = project / "images" / "unlabeled" / "zz.png"
    broken.write_bytes(b"no image")
    status, said = run(capsys, project, "-n", 16)
    assert status == 0
    assert "unlabeled/zz.png" in said.err
    assert "unlabeled/zz.png" not in {row["file"] for row in read_list(project)}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-n", "17"], "16 unlabelled images, fewer than the 17 asked for"),
        (["--sheet", "list.csv"], "are both to be"),
        (["--sheet", "sheet.xyz"], "no picture of that kind"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(options, message, project, capsys):
    options = [str(project / word) if word.endswith(".csv") else word for word in options]
    status, said = run(capsys, project, *options)
    assert status == 1
    assert message in said.err
    assert "Traceback" not in said.err
    assert not (project / "list.csv").exists()


def test_list_that_exists_is_kept(project, capsys):
    (project / "list.csv").write_text("mine")
    status, said = run(capsys, project)
    assert status == 1
    assert "--force to replace it" in said.err
    assert (project / "list.csv").read_text() == "mine"
