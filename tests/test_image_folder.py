"""Folders of image files: what is read, and how it is unified."""

import warnings

import numpy as np
import pytest
import rasterio
from image_files import load_and_catch, noise, save, write_tiff
from PIL import Image
from tiny import sgan

from sgan_classifier.datasets import load_image_folder
from sgan_classifier.exceptions import FewColoursWarning, InputScaleWarning, InvalidInputError

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


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [None, 3])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_whatever_reads_the_file(tmp_path, orientation, channels, dtype):
    stored = noise(6, 10, channels, dtype)
    write_tiff(tmp_path / "a" / "1.tif", stored, orientation=orientation)
    # what Pillow makes of 8 bits of grey, which is not in doubt
    exif = Image.Exif()
    exif[0x0112] = orientation
    plain = stored if channels is None else stored[..., 0]
    save(tmp_path / "b" / "1.png", (plain >> 8 * (dtype == np.uint16)).astype(np.uint8), exif=exif)
    wanted = load_image_folder(tmp_path / "b", labeled=False).X[0]
    found = load_image_folder(tmp_path / "a", labeled=False).X[0]
    assert found.dtype == dtype
    assert found.shape[:2] == wanted.shape
    found = found if channels is None else found[..., 0]
    np.testing.assert_array_equal(found >> 8 * (dtype == np.uint16), wanted)


@pytest.mark.parametrize(
    "pixels",
    [np.array([[-1, 100], [-128, 0]], np.int8), np.array([[3_000_000_000, 1], [2, 0]], np.uint32)],
)
def test_integers_that_pillow_has_no_mode_for_keep_their_values(tmp_path, pixels):
    write_tiff(tmp_path / "a" / "1.tif", pixels)
    found = load_image_folder(tmp_path).X[0]
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, pixels.astype(np.float32))


@pytest.mark.parametrize("order", ["<", ">"])
def test_foreign_files_are_turned_too(tmp_path, order):
    stored = np.random.default_rng(0).normal(size=(6, 10))  # floats of 64 bits
    write_tiff(tmp_path / "a" / "1.tif", stored, orientation=6, order=order)
    found = load_image_folder(tmp_path).X[0]
    np.testing.assert_array_equal(found, np.rot90(stored, -1).astype(np.float32))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_negatives_are_shown_as_positives(tmp_path, dtype, order):
    stored = noise(dtype=dtype)
    write_tiff(tmp_path / "a" / "1.tif", stored, photometric=0, order=order)  # white is zero
    np.testing.assert_array_equal(load_image_folder(tmp_path).X[0], np.iinfo(dtype).max - stored)


def test_large_files_of_floats_are_read(tmp_path):
    (tmp_path / "a").mkdir()
    stored = np.random.default_rng(0).normal(size=(1, 8, 8))
    profile = {"driver": "GTiff", "width": 8, "height": 8, "count": 1, "dtype": "float64"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the missing georeference
        with rasterio.open(tmp_path / "a" / "1.tif", "w", BIGTIFF="YES", **profile) as file:
            file.write(stored)
    np.testing.assert_array_equal(load_image_folder(tmp_path).X, stored.astype(np.float32))


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "CMYK"])
def test_rarer_kinds_of_colour_are_read(tmp_path, mode):
    (tmp_path / "a").mkdir()
    Image.new("RGB", (8, 8), "white").convert(mode).save(tmp_path / "a" / "1.tif")
    images = load_image_folder(tmp_path, mode="grey")
    assert images.X.shape == (1, 8, 8)
    assert images.X.min() >= 250


def test_sixteen_bits_of_grey_with_transparency_are_grey(tmp_path):
    (tmp_path / "a").mkdir()
    profile = {"driver": "PNG", "width": 8, "height": 8, "count": 2, "dtype": "uint16"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the missing georeference
        with rasterio.open(tmp_path / "a" / "1.png", "w", **profile) as file:
            file.write(np.full((2, 8, 8), 40_000, dtype=np.uint16))
    images = load_image_folder(tmp_path)
    assert images.X.shape == (1, 8, 8)
    assert images.X.dtype == np.uint16


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


def test_a_few_files_in_colour_are_told(tmp_path):
    for i in range(21):
        save(tmp_path / "a" / f"{i:02}.png", noise())
    (tmp_path / "b").mkdir()
    Image.fromarray(noise()).convert("P").save(tmp_path / "b" / "p.png")
    told = r"1 of the 22 images .* is stored in colour, first 'b/p\.png', .*--colours grey"
    with pytest.warns(FewColoursWarning, match=told) as caught:
        assert load_image_folder(tmp_path).X.shape == (22, 8, 8, 3)
    assert caught[0].filename == __file__
    load_image_folder(tmp_path, mode="grey")
    save(tmp_path / "b" / "q.png", noise(channels=3))
    load_image_folder(tmp_path)


def test_eight_bits_among_sixteen_keep_white_white(folder):
    deep = noise(dtype=np.uint16)
    save(folder / "plain" / "z.png", deep)
    images = load_image_folder(folder)
    assert images.X.dtype == np.uint16
    np.testing.assert_array_equal(images.X[0], noise(seed=1).astype(int) * 257)
    shallow = load_image_folder(folder, dtype="uint8")
    np.testing.assert_array_equal(shallow.X[0], noise(seed=1))
    np.testing.assert_array_equal(shallow.X[2], np.rint(deep / 257))


@pytest.mark.parametrize("dtype", [None, "uint8", "uint16", "float32"])
def test_twelve_bits_among_eight_are_told(folder, dtype):
    save(folder / "plain" / "z.png", np.full((8, 8), 4095, np.uint16))
    if dtype == "float32":
        load_image_folder(folder, dtype=dtype)
        return
    with pytest.warns(InputScaleWarning, match=r"no value of 16 bits .* above 4095: ") as told:
        load_image_folder(folder, dtype=dtype)
    assert told[0].filename == __file__


def test_floats_among_integers_are_refused_unless_a_type_is_chosen(folder):
    save(folder / "plain" / "z.tif", np.ones((8, 8), np.float32))
    with pytest.raises(InvalidInputError, match=r"plain/z\.tif.* floating-point .*crater/a\.png"):
        load_image_folder(folder)
    images = load_image_folder(folder, dtype="float32")
    np.testing.assert_array_equal(images.X[0], noise(seed=1))
    assert images.X[2].max() == 1


@pytest.mark.parametrize("dtype", [np.int32, np.int8, np.uint32, np.float32, np.float64])
def test_integers_that_only_floats_hold_are_called_integers(folder, dtype):
    write_tiff(folder / "plain" / "z.tif", noise().astype(dtype))
    is_float = np.dtype(dtype).kind == "f"
    said = "floating-point values" if is_float else "integers that are signed or of more than"
    with pytest.raises(InvalidInputError, match=rf"z\.tif' holds {said}.* 'crater/a\.png' .*uint8"):
        load_image_folder(folder)


def test_without_labels_every_image_is_read(folder):
    save(folder / "top.png", noise(seed=5))
    images = load_image_folder(folder, labeled=False)
    assert images.class_names == []
    assert images.y.tolist() == [-1] * 4
    assert images.files.tolist() == ["top.png", "crater/a.png", "plain/b.png", "unlabeled/c.png"]
    np.testing.assert_array_equal(images.X[0], noise(seed=5))


def test_folders_of_unlabelled_images_are_read_in_order(folder):
    for i, name in enumerate(("b/9.png", "b/a/1.png", "d.png", "b/.cache/1.png")):
        save(folder / "unlabeled" / name, noise(seed=5 + i))
    (folder / "unlabeled" / "b" / "round").symlink_to(folder / "unlabeled")
    images, message = load_and_catch(folder)
    assert "'unlabeled/b/round/' is a link to a folder, with 4 images in it" in message
    names = ["unlabeled/b/9.png", "unlabeled/b/a/1.png", "unlabeled/c.png", "unlabeled/d.png"]
    assert images.files.tolist() == ["crater/a.png", "plain/b.png", *names]
    assert images.y.tolist() == [0, 1, -1, -1, -1, -1]
    np.testing.assert_array_equal(images.X[3], noise(seed=6))
    save(folder / "crater" / "deeper" / "x.png", noise())
    (folder / "again").symlink_to(folder)
    images, message = load_and_catch(folder, labeled=False)
    assert "'again/' is a link to a folder, with 7 images in it" in message
    assert images.files.tolist() == ["crater/a.png", "crater/deeper/x.png", "plain/b.png", *names]


def test_estimator_fits_the_folder_as_it_comes(folder):
    images = load_image_folder(folder)
    model = sgan().fit(images.X, images.y)
    assert model.classes_.tolist() == [0, 1]
    assert sgan().fit(images.X, images.labels).classes_.tolist() == ["crater", "plain"]
