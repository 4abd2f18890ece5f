"""The scenes of the Moon: downloading from a server on this machine, and cutting."""

import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image

from sgan_classifier.datasets import _patches, fetch_lunar_nac, make_crater_scene
from sgan_classifier.datasets._boxes import iou, read_boxes, without_duplicates
from sgan_classifier.datasets._lunar_nac import CHECKSUMS, TEST_SCENES, TRAIN_SCENES
from sgan_classifier.datasets._patches import cut_patches
from sgan_classifier.exceptions import DownloadError, InvalidInputError

# the three scenes that the folder of real images holds, by their names in the repository
REAL = [name.removesuffix(".png") for name in CHECKSUMS if name.endswith(".png")]


class CountingHandler(SimpleHTTPRequestHandler):
    """Serves a folder; counts what it was asked for, and says nothing."""

    asked: list

    def do_GET(self):
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, *details):
        pass


@pytest.fixture
def server(tmp_path):
    """A local copy of the repository's folder: (folder, address, what was asked for)."""
    folder = tmp_path / "served"
    for part in ("train", "test"):
        (folder / part).mkdir(parents=True)
    asked = []
    handler = type("Handler", (CountingHandler,), {"asked": asked})
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
    thread = threading.Thread(target=httpd.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield folder, f"http://127.0.0.1:{httpd.server_port}/", asked
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def serve_synthetic(folder, name, separator=",", seed=0):
    scene = make_crater_scene(300, n_craters=25, diameters=(12, 40), random_state=seed)
    boxes = np.rint(scene.boxes).astype(int)
    lines = [separator.join(["ID", "X", "Y", "W", "H", "C_X", "CY"])]
    lines += [
        separator.join(map(str, [i, *box, box[0] + box[2] // 2, box[1] + box[3] // 2]))
        for i, box in enumerate(boxes)
    ]
    Image.fromarray(scene.image).save(folder / f"{name}.png")
    (folder / f"{name}.txt").write_text("\n".join(lines) + "\n")
    return boxes


@pytest.fixture
def moon_options(server, tmp_path):
    folder, address, _ = server
    serve_synthetic(folder, "train/a", seed=0)
    serve_synthetic(folder, "test/b", separator="\t", seed=1)
    return {
        "data_home": tmp_path / "home",
        "base_url": address,
        "train_scenes": ("train/a",),
        "test_scenes": ("test/b",),
    }


def test_scenes_are_downloaded_once_and_cut(server, moon_options):
    asked = server[2]
    moon = fetch_lunar_nac(**moon_options)
    assert sorted(asked) == ["/test/b.png", "/test/b.txt", "/train/a.png", "/train/a.txt"]
    for part, scene in (("train", 0), ("test", 1)):
        X, y = getattr(moon, f"X_{part}"), getattr(moon, f"y_{part}")
        assert X.shape == (len(y), 32, 32)
        assert X.dtype == np.uint8
        assert (y == 1).sum() == (y == 0).sum() > 5
        assert set(getattr(moon, f"scene_{part}").tolist()) == {scene}
        assert getattr(moon, f"center_xy_{part}").shape == (len(y), 2)
    assert moon.scene_names == ["train/a", "test/b"]
    assert moon.class_names == ["not_crater", "crater"]
    again = fetch_lunar_nac(**moon_options)
    assert len(asked) == 4, "nothing is downloaded twice"
    np.testing.assert_array_equal(again.X_train, moon.X_train)
    np.testing.assert_array_equal(again.center_xy_test, moon.center_xy_test)
    assert read_boxes(moon.scene_files[1].with_suffix(".txt")).shape[1] == 4


def test_options_reach_the_cutter(moon_options):
    moon = fetch_lunar_nac(**moon_options, image_size=16, min_diameter=20, random_state=1)
    assert moon.X_train.shape[1:] == (16, 16)
    assert moon.diameter_px_train.min() >= 20


def test_scenes_of_16_bits_give_the_patches_of_8(server, moon_options):
    expected = fetch_lunar_nac(**moon_options)
    for name in ("train/a", "test/b"):
        file = server[0] / f"{name}.png"
        pixels = np.asarray(Image.open(file))
        Image.fromarray(pixels.astype(np.uint16) * 257).save(file)
    moon = fetch_lunar_nac(**{**moon_options, "data_home": server[0].parent / "deep"})
    np.testing.assert_array_equal(moon.X_train, expected.X_train)
    np.testing.assert_array_equal(moon.X_test, expected.X_test)


def test_scenes_without_a_usable_crater_are_named(server, moon_options):
    (server[0] / "test" / "b.txt").write_text("ID,X,Y,W,H\n")
    with pytest.raises(InvalidInputError, match="None of the scenes test/b has a crater"):
        fetch_lunar_nac(**moon_options)


def test_file_that_is_not_there_is_a_named_error_and_leaves_nothing(server, moon_options):
    (server[0] / "test" / "b.txt").unlink()
    with pytest.raises(DownloadError, match=r"b\.txt could not be downloaded .*404"):
        fetch_lunar_nac(**moon_options)
    left = [path.name for path in (moon_options["data_home"] / "test").iterdir()]
    assert left == ["b.png"], "no half a file"


def test_server_that_is_not_there_is_a_named_error(server, moon_options):
    moon_options["base_url"] = "http://127.0.0.1:9/"  # nobody listens
    with pytest.raises(DownloadError, match="Check the connection"):
        fetch_lunar_nac(**moon_options)


def test_other_bytes_under_a_known_name_are_refused(server, moon_options):
    name = "train/M115143943_mosaic_train_small"
    serve_synthetic(server[0], name)
    with pytest.raises(DownloadError, match="is not the file that was looked at"):
        fetch_lunar_nac(**{**moon_options, "train_scenes": (name,)})


@pytest.mark.parametrize(
    ("file", "content", "error", "message"),
    [
        ("train/a.png", b"not a picture", DownloadError, "Delete it"),
        ("train/a.txt", b"ID,X,Y,W,H\n1,2,x,4,5\n", InvalidInputError, "no table of boxes"),
        ("train/a.txt", b"ID,X,Y,W,H\n1,2\n", InvalidInputError, "no table of boxes"),
    ],
)
def test_broken_content_is_a_named_error(server, moon_options, file, content, error, message):
    (server[0] / file).write_bytes(content)
    with pytest.raises(error, match=message):
        fetch_lunar_nac(**moon_options)


@pytest.mark.parametrize(
    "options",
    [
        {"image_size": 0},
        {"min_diameter": "12"},
        {"train_scenes": ()},
        {"train_scenes": "train/mine"},
        {"test_scenes": "test/mine"},
    ],
)
def test_option_that_makes_no_sense_is_named(options):
    with pytest.raises(InvalidInputError, match=next(iter(options))):
        fetch_lunar_nac(**options)


def test_patches_keep_to_the_recipe(tmp_path):
    boxes = serve_synthetic_in(tmp_path)
    image = Image.open(tmp_path / "a.png")
    X, y, diameters, centers = cut_patches(image, boxes, 32, 12.0, np.random.default_rng(0))
    sides = 1.6 * diameters
    corners = centers - sides[:, None] / 2
    assert corners.min() >= -1e-9
    assert (corners + sides[:, None]).max() <= 300 + 1e-9
    middles = boxes[:, :2] + boxes[:, 2:] / 2
    for center in centers[y == 1]:
        assert (np.abs(middles - center).max(axis=1) < 1e-9).any()
    for corner, side in zip(corners[y == 0], sides[y == 0], strict=True):
        large = boxes[:, 2:].mean(1) >= 0.3 * side
        inside = ((middles >= corner) & (middles <= corner + side)).all(1)
        assert not (large & inside).any()
        assert iou(np.array([*corner, side, side]), boxes).max() <= 0.15
    # a patch whose side needs no resizing is a plain cut
    plain = np.flatnonzero(sides == 32)
    for i in plain[:3]:
        x, top = np.rint(corners[i]).astype(int)
        np.testing.assert_array_equal(X[i], np.asarray(image)[top : top + 32, x : x + 32])
    assert len(plain)


def serve_synthetic_in(folder):
    """A scene whose boxes are 20 or 30 pixels wide: windows of 32 or 48."""
    boxes = np.array([[x, y, 20, 20] for x in (40, 140) for y in (60, 200)] + [[200, 100, 30, 30]])
    Image.fromarray(make_crater_scene(300, n_craters=0, random_state=0).image).save(
        folder / "a.png"
    )
    return boxes.astype(float)


def test_dark_windows_are_left_out():
    pixels = np.full((200, 200), 100, np.uint8)
    pixels[:, :100] = 0
    boxes = np.array([[20.0, 90, 20, 20], [150.0, 90, 20, 20]])
    _, y, _, centers = cut_patches(
        Image.fromarray(pixels), boxes, 32, 12.0, np.random.default_rng(0)
    )
    assert centers[y == 1].tolist() == [[160, 100]]
    assert centers[y == 0][:, 0].min() > 90


def test_full_scene_is_tried_once_and_draws_as_before(monkeypatch):
    pixels = np.full((96, 96), 100, np.uint8)
    boxes = np.array([[x, y, 20.0, 20] for x in range(6, 90, 21) for y in range(6, 90, 21)])[:16]
    tried = []
    place = _patches._place_without_crater

    def count(*arguments):
        tried.append(arguments)
        return place(*arguments)

    monkeypatch.setattr(_patches, "_place_without_crater", count)
    rng, expected = np.random.default_rng(0), np.random.default_rng(0)
    y = cut_patches(Image.fromarray(pixels), boxes, 32, 12.0, rng).y
    assert y.tolist() == [1] * 16
    assert len(tried) == 17, "the sides of the first crater, and no more"
    # what all the tries would have drawn
    expected.permutation(16)
    for _ in range(16):
        expected.permutation(16)
        for _ in range(17 * 500):
            expected.uniform(0, [64, 64])
    assert rng.random() == expected.random()


def test_crater_marked_twice_is_cut_once():
    boxes = np.array([[0.0, 0, 20, 20], [1, 1, 20, 20], [15, 0, 20, 20]])
    np.testing.assert_array_equal(without_duplicates(boxes), boxes[[0, 2]])


def test_scenes_are_those_of_the_stored_patches(data_dir):
    with np.load(data_dir / "lunar_nac.npz") as stored:
        names = stored["scene_names"]
        assert list(TRAIN_SCENES) == names[np.unique(stored["scene_train"])].tolist()
        assert list(TEST_SCENES) == names[np.unique(stored["scene_test"])].tolist()


@pytest.mark.data
def test_real_scenes_give_the_stored_craters_bit_for_bit(server, data_dir, tmp_path):
    folder, address, _ = server
    for name in REAL:
        stem = name.split("/")[1]
        shutil.copy(data_dir / "scenes" / f"{stem}.png", folder / f"{name}.png")
        shutil.copy(data_dir / "scenes" / f"{stem}.csv", folder / f"{name}.txt")
    train = tuple(name for name in REAL if name.startswith("train/"))
    test = tuple(name for name in REAL if name.startswith("test/"))
    moon = fetch_lunar_nac(
        tmp_path / "home", base_url=address, train_scenes=train, test_scenes=test
    )
    with np.load(data_dir / "lunar_nac.npz") as stored:
        for part in ("train", "test"):
            for name in train if part == "train" else test:
                ours, theirs = (
                    craters_of(source, part, name, names)
                    for source, names in ((vars(moon), moon.scene_names), (stored, None))
                )
                assert ours.keys() == theirs.keys()
                for place, patch in ours.items():
                    np.testing.assert_array_equal(patch, theirs[place])


def craters_of(source, part, name, names):
    """Return the crater patches of a scene by centre and diameter."""
    scene = list(source["scene_names"] if names is None else names).index(name)
    chosen = (source[f"scene_{part}"] == scene) & (source[f"y_{part}"] == 1)
    places = zip(
        source[f"center_xy_{part}"][chosen].round(2).tolist(),
        source[f"diameter_px_{part}"][chosen].round(2).tolist(),
        strict=True,
    )
    keys = [(*center, diameter) for center, diameter in places]
    return dict(zip(keys, source[f"X_{part}"][chosen], strict=True))
