"""`sgan-classifier scan`, on disks instead of craters."""

import csv
import re

import pytest
from disk_scenes import boxes, model, scene, write_geotiff
from PIL import Image
from typer.testing import CliRunner

from sgan_classifier.cli import app, main
from sgan_classifier.exceptions import InvalidInputError
from sgan_classifier.persistence import save

SIZES = ("--diameters", 12, 32, "--quiet")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A folder with a model, a scene and the table of its disks."""
    folder = tmp_path_factory.mktemp("saved")
    save(model("sgan"), folder / "m.safetensors")
    Image.fromarray(scene()).save(folder / "known.png")
    write_geotiff(folder / "new.tif", scene(seed=2))
    with open(folder / "known.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["ID", "X", "Y", "W", "H"])
        writer.writerows([i, *box] for i, box in enumerate(boxes()))
    return folder


def run(*arguments):
    result = CliRunner().invoke(app, ["scan", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_scan_writes_a_map_and_a_list_and_names_them(saved, tmp_path):
    said = run(saved / "m.safetensors", saved / "new.tif", "-o", tmp_path / "out", *SIZES)
    n_candidates = int(re.search(r"(\d+) candidates of a score of at least 0\.2", said)[1])
    with open(tmp_path / "out" / "candidates.csv", newline="") as file:
        assert len(list(csv.DictReader(file))) == n_candidates > 0
    for name in ("probability.tif", "probability.png", "candidates.csv", "candidates.geojson"):
        assert str(tmp_path / "out" / name) in said.replace("\n", "")
        assert (tmp_path / "out" / name).stat().st_size > 0


def test_annotations_choose_the_threshold(saved, tmp_path):
    said = run(
        *(saved / "m.safetensors", saved / "known.png", "-o", tmp_path),
        *("--annotations", saved / "known.csv", *SIZES),
    )
    threshold = float(re.search(r"Threshold (0\.\d+): precision 1\.000, recall 1\.000", said)[1])
    with open(tmp_path / "candidates.csv", newline="") as file:
        scores = [float(row["score"]) for row in csv.DictReader(file)]
    assert len(scores) == len(boxes())
    assert min(scores) >= threshold - 1e-4


def test_a_table_without_craters_chooses_no_threshold(saved, tmp_path):
    (tmp_path / "none.csv").write_text("ID,X,Y,W,H\n")
    with pytest.raises(InvalidInputError, match=r"none\.csv holds no crater"):
        run(
            *(saved / "m.safetensors", saved / "known.png", "-o", tmp_path / "out"),
            *("--annotations", tmp_path / "none.csv", *SIZES),
        )
    assert not (tmp_path / "out").exists()


def test_only_craters_of_the_diameters_looked_for_choose_the_threshold(saved, tmp_path):
    rows = [*boxes(), (0, 0, 11, 11), (0, 0, 90, 90)]
    table = "ID,X,Y,W,H\n" + "".join(
        f"{i},{x},{y},{w},{h}\n" for i, (x, y, w, h) in enumerate(rows)
    )
    (tmp_path / "all.csv").write_text(table)
    scan = (saved / "m.safetensors", saved / "known.png", "-o", tmp_path / "out")
    said = run(*scan, "--annotations", tmp_path / "all.csv", *SIZES)
    assert f"recall 1.000, F1 1.000 on these {len(boxes())} craters" in said
    with pytest.raises(InvalidInputError, match="measures 3 to 5 pixels: they have 11 to 90"):
        run(*scan, "--annotations", tmp_path / "all.csv", "--diameters", 3, 5)


def test_the_class_is_named_as_a_word(saved, tmp_path):
    quick = ("--diameters", 14, 14, "--quiet")
    run(saved / "m.safetensors", saved / "new.tif", "-o", tmp_path / "1", "--class", 1, *quick)
    with pytest.raises(Exception, match="positive='hill' is none of the classes"):
        run(saved / "m.safetensors", saved / "new.tif", "-o", tmp_path, "--class", "hill", *quick)


def test_a_scene_that_is_not_there_is_a_sentence(saved, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["scan", str(saved / "m.safetensors"), "moon.tif", "-o", str(tmp_path)])
    assert stop.value.code == 1
    assert "Error: There is no scene moon.tif." in capsys.readouterr().err


def test_a_folder_of_scenes_is_no_scene(saved, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["scan", str(saved / "m.safetensors"), str(saved), "-o", str(tmp_path)])
    assert f"Error: {saved} is a folder. Pass the file of one scene." in capsys.readouterr().err
