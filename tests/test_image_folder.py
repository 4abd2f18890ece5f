"""Folders of image files: what is read, how it is unified, and what is refused by name."""

import os
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image
from tiny import sgan

from sgan_classifier.datasets import load_image_folder
from sgan_classifier.exceptions import (
    InvalidInputError,
    UnreadableImageError,
    UnreadableImageWarning,
)


def save(path, pixels, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def noise(height=8, width=8, channels=None, dtype=np.uint8, seed=0):
    shape = (height, width) if channels is None else (height, width, channels)
    high = 256 if dtype == np.uint8 else 65536
    return np.random.default_rng(seed).integers(0, high, shape).astype(dtype)


@pytest.fixture
def folder(tmp_path):
    """Two classes and unlabelled images, one readable PNG in each."""
    root = tmp_path / "patches"
    for i, name in enumerate(("plain/b.png", "crater/a.png", "unlabeled/c.png")):
        save(root / name, noise(seed=i))
    return root


def load_and_catch(root, **options):
    with pytest.warns(UnreadableImageWarning) as caught:
        images = load_image_folder(root, **options)
    assert len(caught) == 1, "one warning for all files"
    return images, str(caught[0].message)


# ---------------------------------------------------------------- what is read


def test_classes_are_sorted_and_unlabelled_rows_come_last_with_minus_one(folder):
    images = load_image_folder(folder)
    assert images.class_names == ["crater", "plain"]
    assert images.y.tolist() == [0, 1, -1]
    assert images.y.dtype == np.int64
    assert images.files.tolist() == ["crater/a.png", "plain/b.png", "unlabeled/c.png"]
    assert images.labels.tolist() == ["crater", "plain", None]
    np.testing.assert_array_equal(images.X, [noise(seed=1), noise(seed=0), noise(seed=2)])


def test_british_spelling_of_unlabelled_is_no_class(folder):
    (folder / "unlabeled").rename(folder / "Unlabelled")
    images = load_image_folder(folder)
    assert images.class_names == ["crater", "plain"]
    assert images.y.tolist() == [0, 1, -1]


@pytest.mark.parametrize("suffix", ["png", "tiff"])
@pytest.mark.parametrize(
    ("channels", "dtype"),
    [(None, np.uint8), (3, np.uint8), (None, np.uint16)],
    ids=["grey8", "colour8", "grey16"],
)
def test_lossless_pixels_come_as_they_are(tmp_path, suffix, channels, dtype):
    pixels = noise(channels=channels, dtype=dtype)
    save(tmp_path / "a" / f"1.{suffix}", pixels)
    images = load_image_folder(tmp_path)
    assert images.X.dtype == dtype
    np.testing.assert_array_equal(images.X, pixels[np.newaxis])


@pytest.mark.parametrize(
    "options",
    [{"driver": "PNG"}, {"driver": "GTiff"}, {"driver": "GTiff", "photometric": "RGB"}],
    ids=["PNG", "bands of a TIFF", "colours of a TIFF"],
)
def test_colour_of_16_bits_keeps_all_of_them(tmp_path, options):
    pixels = noise(channels=3, dtype=np.uint16)
    write_bands(tmp_path / "a" / "1", pixels, **options)
    images = load_image_folder(tmp_path)
    assert images.X.dtype == np.uint16
    np.testing.assert_array_equal(images.X[0], pixels)


def test_bands_that_are_no_colours_are_refused_by_name(folder):
    write_bands(folder / "crater" / "5.tif", noise(channels=5, dtype=np.uint16), driver="GTiff")
    images, _ = load_and_catch(folder)
    assert "5 bands" in images.skipped["crater/5.tif"]


def write_bands(path, pixels, **options):
    rasterio = pytest.importorskip("rasterio", reason="16-bit colour is read with rasterio")
    path.parent.mkdir(exist_ok=True)
    height, width, count = pixels.shape
    shape = {"height": height, "width": width, "count": count, "dtype": pixels.dtype}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(path, "w", **shape, **options) as file:
            file.write(np.moveaxis(pixels, -1, 0))


def test_float_tiff_comes_as_float32(tmp_path):
    pixels = np.linspace(-1, 1, 64, dtype=np.float32).reshape(8, 8)
    save(tmp_path / "a" / "1.tif", pixels)
    images = load_image_folder(tmp_path)
    assert images.X.dtype == np.float32
    np.testing.assert_array_equal(images.X[0], pixels)


@pytest.mark.parametrize(("channels", "shape"), [(None, (1, 8, 8)), (3, (1, 8, 8, 3))])
def test_jpeg_is_read_within_its_loss(tmp_path, channels, shape):
    pixels = np.full((8, 8) if channels is None else (8, 8, channels), 120, dtype=np.uint8)
    save(tmp_path / "a" / "1.jpg", pixels)
    images = load_image_folder(tmp_path)
    assert images.X.shape == shape
    assert np.abs(images.X[0].astype(int) - 120).max() <= 2


def test_camera_orientation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be seen turned by a quarter
    save(tmp_path / "a" / "1.png", noise(6, 10), exif=exif)
    np.testing.assert_array_equal(load_image_folder(tmp_path).X[0], np.rot90(noise(6, 10), -1))


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "CMYK"])
def test_rarer_kinds_of_colour_are_read(tmp_path, mode):
    (tmp_path / "a").mkdir()
    Image.new("RGB", (8, 8), "white").convert(mode).save(tmp_path / "a" / "1.tif")
    images = load_image_folder(tmp_path, mode="grey")
    assert images.X.shape == (1, 8, 8)
    assert images.X.min() >= 250


# ---------------------------------------------------------------- how it is unified


def test_sizes_become_the_median_of_each_side(tmp_path):
    for i, (height, width) in enumerate([(8, 20), (10, 10), (30, 12)]):
        save(tmp_path / "a" / f"{i}.png", noise(height, width))
    assert load_image_folder(tmp_path).X.shape == (3, 10, 12)


@pytest.mark.parametrize(("image_size", "shape"), [(5, (5, 5)), ((6, 7), (6, 7))])
def test_size_can_be_chosen(folder, image_size, shape):
    assert load_image_folder(folder, image_size=image_size).X.shape == (3, *shape)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_resizing_keeps_brightness_and_never_wraps_around(tmp_path, dtype):
    white = np.iinfo(dtype).max
    pixels = np.zeros((16, 16), dtype)
    pixels[:, 8:] = white  # bicubic interpolation overshoots at such an edge
    save(tmp_path / "a" / "1.png", pixels)
    image = load_image_folder(tmp_path, image_size=24).X[0]
    assert image.dtype == dtype
    assert image[:, :9].max() < white / 2
    assert image[:, 15:].min() > white / 2


def test_one_colour_file_makes_all_colour_and_mode_makes_all_grey(folder):
    save(folder / "plain" / "z.png", noise(channels=3))
    images = load_image_folder(folder)
    assert images.X.shape == (4, 8, 8, 3)
    np.testing.assert_array_equal(images.X[0], np.repeat(noise(seed=1)[..., None], 3, axis=-1))
    grey = load_image_folder(folder, mode="grey").X[images.files == "plain/z.png"]
    expected = np.asarray(Image.fromarray(noise(channels=3)).convert("L"), dtype=int)
    assert np.abs(grey[0] - expected).max() <= 1


def test_eight_bits_among_sixteen_keep_white_white(folder):
    deep = noise(dtype=np.uint16)
    save(folder / "plain" / "z.png", deep)
    images = load_image_folder(folder)
    assert images.X.dtype == np.uint16
    np.testing.assert_array_equal(images.X[0], noise(seed=1).astype(int) * 257)
    shallow = load_image_folder(folder, dtype="uint8")
    np.testing.assert_array_equal(shallow.X[0], noise(seed=1))
    np.testing.assert_array_equal(shallow.X[2], np.rint(deep / 257))


def test_floats_among_integers_are_refused_unless_a_type_is_chosen(folder):
    save(folder / "plain" / "z.tif", np.ones((8, 8), np.float32))
    with pytest.raises(InvalidInputError, match=r"plain/z\.tif.* floating-point .*crater/a\.png"):
        load_image_folder(folder)
    images = load_image_folder(folder, dtype="float32")
    np.testing.assert_array_equal(images.X[0], noise(seed=1))
    assert images.X[2].max() == 1


def test_without_labels_every_image_is_read(folder):
    save(folder / "top.png", noise(seed=5))
    images = load_image_folder(folder, labeled=False)
    assert images.class_names == []
    assert images.y.tolist() == [-1] * 4
    assert images.files.tolist() == ["top.png", "crater/a.png", "plain/b.png", "unlabeled/c.png"]
    np.testing.assert_array_equal(images.X[0], noise(seed=5))


# ---------------------------------------------------------------- what is refused


def bomb(side):
    """A PNG of a few bytes whose header claims side x side pixels."""

    def chunk(kind, data):
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


def png_bytes(root):
    return save(root / "whole.png", noise(64, 64)).read_bytes()


BAD = {
    "zero bytes": (lambda good: b"", "is empty"),
    "text": (lambda good: b"notes on the craters", "no PNG, JPEG or TIFF"),
    "truncated": (lambda good: good[: len(good) // 2], "damaged or incomplete"),
    "header alone": (lambda good: good[:30], "cut off"),
    "bits flipped": (lambda good: good[:60] + bytes(40) + good[100:], "damaged or incomplete"),
    "bomb": (lambda good: bomb(60_000), "too many pixels"),
    "bomb below Pillow's limit": (lambda good: bomb(8_000), "8000 x 8000 pixels"),
    "foreign format": (lambda good: b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", "no PNG"),
}


@pytest.mark.parametrize("make", BAD)
def test_bad_file_is_left_out_by_name_or_refused(folder, tmp_path, make):
    content, reason = BAD[make]
    (folder / "crater" / "bad.png").write_bytes(content(png_bytes(tmp_path)))
    images, message = load_and_catch(folder)
    assert "'crater/bad.png'" in message
    assert reason in message
    assert reason in images.skipped["crater/bad.png"]
    assert images.files.tolist() == ["crater/a.png", "plain/b.png", "unlabeled/c.png"]
    np.testing.assert_array_equal(images.X[1], noise(seed=0))
    with pytest.raises(UnreadableImageError, match=r"'crater/bad\.png'"):
        load_image_folder(folder, on_error="raise")


def test_content_counts_and_not_the_ending(folder):
    save(folder / "crater" / "1.png", noise(), format="TIFF")
    save(folder / "crater" / "2.dat", noise(seed=3), format="PNG")
    images = load_image_folder(folder)
    assert images.files.tolist()[:3] == ["crater/1.png", "crater/2.dat", "crater/a.png"]
    np.testing.assert_array_equal(images.X[:2], [noise(), noise(seed=3)])


def test_links_within_the_folder_are_read_and_those_out_of_it_are_not(folder, tmp_path):
    secret = save(tmp_path / "elsewhere" / "secret.png", noise(seed=9))
    (folder / "crater" / "inside.png").symlink_to(folder / "plain" / "b.png")
    (folder / "crater" / "out.png").symlink_to(secret)
    (folder / "crater" / "up.png").symlink_to("../../elsewhere/secret.png")
    (folder / "crater" / "broken.png").symlink_to(folder / "nothing")
    (folder / "outer").symlink_to(secret.parent)
    images, message = load_and_catch(folder)
    assert images.files.tolist() == [
        "crater/a.png",
        "crater/inside.png",
        "plain/b.png",
        "unlabeled/c.png",
    ]
    assert images.class_names == ["crater", "plain"]
    for name in ("crater/out.png", "crater/up.png", "outer/"):
        assert "symbolic link out of the folder" in images.skipped[name]
        assert repr(name) in message
    assert "broken link" in images.skipped["crater/broken.png"]


def test_the_folder_itself_may_be_a_link(folder, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    assert len(load_image_folder(tmp_path / "link").X) == 3


def test_name_with_a_line_break_stays_in_its_line(folder):
    name = "a\nError: all is lost.png"
    save(folder / "crater" / name, noise(seed=4), format="PNG")
    (folder / "crater" / "b\nc.png").write_bytes(b"")
    images, message = load_and_catch(folder)
    assert f"crater/{name}" in images.files.tolist()
    assert r"'crater/b\nc.png' is empty" in message
    assert len(message.splitlines()) == 2


@pytest.mark.skipif(os.name != "posix", reason="names of bytes are a thing of POSIX")
def test_name_that_is_no_text_is_read(folder):
    name = os.fsencode(folder / "crater") + b"/\xff\xfe.png"
    with open(name, "wb") as file:
        Image.fromarray(noise(seed=4)).save(file, format="PNG")
    images = load_image_folder(folder)
    assert os.fsencode(images.files[1]) == b"crater/\xff\xfe.png"


def test_hidden_files_and_folders_are_passed_over(folder):
    (folder / "crater" / ".DS_Store").write_bytes(b"x")
    (folder / ".git").mkdir()
    (folder / "README.txt").write_text("about these patches")
    images = load_image_folder(folder)
    assert images.skipped == {}
    assert images.class_names == ["crater", "plain"]


def test_what_is_neither_file_nor_class_is_named(folder):
    save(folder / "stray.png", noise())
    save(folder / "crater" / "deeper" / "d.png", noise())
    os.mkfifo(folder / "crater" / "pipe.png")
    images, _ = load_and_catch(folder)
    assert images.skipped == {
        "stray.png": "lies beside the class folders, not in one",
        "crater/deeper/": "is a folder within a folder, which is not looked into",
        "crater/pipe.png": "is no regular file",
    }


def test_pages_of_a_stack_are_not_dropped_silently(folder):
    pages = [Image.fromarray(noise(seed=i)) for i in range(3)]
    pages[0].save(folder / "crater" / "stack.tif", save_all=True, append_images=pages[1:])
    images, _ = load_and_catch(folder)
    assert "3 pages" in images.skipped["crater/stack.tif"]


def test_empty_class_is_named_and_gets_no_code(folder):
    (folder / "amber").mkdir()
    (folder / "broken").mkdir()
    (folder / "broken" / "x.png").write_bytes(b"")
    images, message = load_and_catch(folder)
    assert images.class_names == ["crater", "plain"]
    assert images.y.tolist() == [0, 1, -1]
    assert "'amber/' is a class folder without an image" in message
    assert "'broken/' is a class folder without an image" in message


def test_long_list_of_bad_files_is_cut_in_the_message_and_whole_in_the_result(folder):
    for i in range(25):
        (folder / "crater" / f"bad{i:02}.png").write_bytes(b"")
    images, message = load_and_catch(folder)
    assert message.endswith("and 15 more")
    assert len(images.skipped) == 25


@pytest.mark.parametrize("name", ["-1", "nan"])
def test_class_called_like_a_marker_is_refused(folder, name):
    save(folder / name / "x.png", noise())
    with pytest.raises(InvalidInputError, match="Rename it"):
        load_image_folder(folder)


def test_folder_without_class_folders_is_refused_with_the_layout_to_use(tmp_path):
    save(tmp_path / "a.png", noise())
    (tmp_path / "unlabeled").mkdir()
    with pytest.raises(InvalidInputError, match="no class folder"):
        load_image_folder(tmp_path)


def test_folder_without_a_readable_image_is_refused(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.png").write_bytes(b"")
    with (
        pytest.warns(UnreadableImageWarning),
        pytest.raises(
            InvalidInputError, match=r"no image that can be read(.|\n)*'a/x\.png' is empty"
        ),
    ):
        load_image_folder(tmp_path)


def test_no_folder_is_an_error_that_says_what_is_there(tmp_path):
    with pytest.raises(InvalidInputError, match="not there"):
        load_image_folder(tmp_path / "nothing")
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInputError, match="is a file"):
        load_image_folder(tmp_path / "file")


@pytest.mark.parametrize(
    "options",
    [
        {"mode": "gray"},
        {"dtype": "int8"},
        {"on_error": "skip"},
        {"image_size": (3, 0)},
        {"image_size": (8, 8, 3)},
    ],
)
def test_option_that_makes_no_sense_is_named(folder, options):
    with pytest.raises(InvalidInputError, match=next(iter(options))):
        load_image_folder(folder, **options)


def test_estimator_fits_the_folder_as_it_comes(folder):
    images = load_image_folder(folder)
    model = sgan().fit(images.X, images.y)
    assert model.classes_.tolist() == [0, 1]
    assert sgan().fit(images.X, images.labels).classes_.tolist() == ["crater", "plain"]
