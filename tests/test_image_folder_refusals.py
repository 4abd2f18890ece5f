"""Folders of image files: what is refused or left out, by name."""

import os
import struct
import zlib

import numpy as np
import pytest
import rasterio
from disk_scenes import write_geotiff
from image_files import load_and_catch, noise, save, write_tiff
from PIL import Image
from rasterio.enums import Resampling

from sgan_classifier.datasets import load_image_folder
from sgan_classifier.datasets._tiff_tags import NO_DATA
from sgan_classifier.exceptions import (
    InvalidInputError,
    UnreadableImageError,
    UnreadableImageWarning,
)


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


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("channels", [None, 3])
def test_floats_that_are_not_finite_are_left_out_by_name(tmp_path, value, channels):
    good = noise(channels=channels).astype(np.float32)
    bad = good.copy()
    bad[2, 3] = value
    write_tiff(tmp_path / "crater" / "good.tif", good)
    write_tiff(tmp_path / "plain" / "good.tif", good)
    write_tiff(tmp_path / "plain" / "bad.tif", bad)
    images, message = load_and_catch(tmp_path)
    assert "'plain/bad.tif' holds NaN or infinite values" in message
    assert images.files.tolist() == ["crater/good.tif", "plain/good.tif"]
    np.testing.assert_array_equal(images.X[0], good)


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_pixels_without_data_by_the_files_own_account_are_left_out_by_name(tmp_path, dtype):
    pixels = noise().astype(dtype)
    save(tmp_path / "plain" / "good.tif", pixels, tiffinfo={NO_DATA: "-9999"})
    save(tmp_path / "unlabeled" / "good.tif", pixels, tiffinfo={NO_DATA: str(-np.finfo("d").max)})
    pixels[0, 0] = -9999
    save(tmp_path / "plain" / "bad.tif", pixels, tiffinfo={NO_DATA: "-9999"})
    save(tmp_path / "plain" / "not_said.tif", pixels)
    images, message = load_and_catch(tmp_path)
    assert "'plain/bad.tif' holds pixels without data, which it marks by -9999" in message
    assert images.files.tolist() == ["plain/good.tif", "plain/not_said.tif", "unlabeled/good.tif"]


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


def test_companions_of_images_are_passed_over(folder):
    for name in ("a.png.aux.xml", "a.tfw", "a.PGW", "a.jgw", "a.wld", "Thumbs.db", "desktop.ini"):
        (folder / "crater" / name).write_bytes(b"x")
    images = load_image_folder(folder, on_error="raise")
    assert images.skipped == {}
    assert load_image_folder(folder, labeled=False, on_error="raise").files.size == 3


def test_what_is_called_an_image_is_named_first(folder):
    for i in range(12):
        (folder / "crater" / f"{i}.txt").write_text("notes")
    (folder / "plain" / "bad.PNG").write_bytes(b"")
    _, message = load_and_catch(folder)
    assert message.splitlines()[1] == "  'plain/bad.PNG' is empty"


def test_what_is_neither_file_nor_class_is_named(folder):
    save(folder / "stray.png", noise())
    save(folder / "crater" / "deeper" / "d.png", noise())
    save(folder / "crater" / "deeper" / "still" / "e.png", noise())
    (folder / "crater" / "deeper" / "notes.txt").touch()
    os.mkfifo(folder / "crater" / "pipe.png")
    images, _ = load_and_catch(folder)
    assert images.skipped == {
        "stray.png": "lies beside the class folders, not in one",
        "crater/deeper/": "is a folder within a folder, with 2 images in it, which is not looked "
        "into",
        "crater/pipe.png": "is no regular file",
    }


def test_pages_of_a_stack_are_not_dropped_silently(folder):
    pages = [Image.fromarray(noise(seed=i)) for i in range(3)]
    pages[0].save(folder / "crater" / "stack.tif", save_all=True, append_images=pages[1:])
    images, _ = load_and_catch(folder)
    assert "3 pages" in images.skipped["crater/stack.tif"]


@pytest.mark.parametrize(("n_bands", "photometric"), [(4, "RGB"), (2, "MINISBLACK")])
def test_bands_beyond_colour_are_not_dropped_silently(folder, n_bands, photometric):
    bands = np.moveaxis(noise(8, 8, n_bands), -1, 0)
    write_geotiff(folder / "crater" / "bands.tif", bands, photometric=photometric, ALPHA="NO")
    images, _ = load_and_catch(folder)
    assert f"holds {n_bands} bands, neither grey" in images.skipped["crater/bands.tif"]


def test_overviews_and_masks_are_no_pages(folder):
    pixels = noise(64, 64)
    path = write_geotiff(folder / "crater" / "a.tif", pixels)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as file:
        file.write_mask(pixels > 10)
        file.build_overviews([2], Resampling.nearest)
    images = load_image_folder(folder, image_size=(64, 64), mode="grey")
    assert any(np.array_equal(image, pixels) for image in images.X)


def test_frames_of_an_animation_are_not_dropped_silently(folder):
    frames = [Image.fromarray(noise(seed=i)) for i in range(3)]
    frames[0].save(folder / "crater" / "film.png", save_all=True, append_images=frames[1:])
    images, _ = load_and_catch(folder)
    assert images.skipped == {"crater/film.png": "holds 3 pages; store each in a file of its own"}


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
        {"image_size": 32.0},
        {"dtype": "int8"},
        {"on_error": "skip"},
        {"image_size": (3, 0)},
        {"image_size": (8, 8, 3)},
    ],
)
def test_option_that_makes_no_sense_is_named(folder, options):
    with pytest.raises(InvalidInputError, match=next(iter(options))):
        load_image_folder(folder, **options)


@pytest.mark.parametrize(
    ("name", "pixels"),
    [
        ("colour.png", noise(40, 40, 3)),
        ("deep.png", noise(40, 40, dtype=np.uint16)),
        ("large.png", noise(40, 40)),
        ("floats.tif", np.ones((40, 40), np.float32)),
    ],
)
def test_a_damaged_file_does_not_decide_what_the_others_become(tmp_path, name, pixels):
    for i in range(2):
        save(tmp_path / "a" / f"{i}.png", noise(seed=i))
    damaged = save(tmp_path / "b" / name, pixels)
    damaged.write_bytes(damaged.read_bytes()[:-100])
    other = save(tmp_path / "b" / "other.png", noise(seed=2))
    images, message = load_and_catch(tmp_path)
    assert f"b/{name}" in message
    assert images.X.shape == (3, 8, 8)
    assert images.X.dtype == np.uint8
    np.testing.assert_array_equal(images.X[2], np.asarray(Image.open(other)))


def test_a_link_in_a_circle_is_left_out(folder):
    (folder / "crater" / "loop.png").symlink_to("loop.png")
    assert "broken link" in load_and_catch(folder)[1]


def test_sizes_may_be_numbers_of_numpy(folder):
    assert load_image_folder(folder, image_size=np.int64(5)).X.shape[1:] == (5, 5)
