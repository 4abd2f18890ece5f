"""Patches of the Moon, cut from public scenes that are downloaded once."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from .._numbers import check_number, check_whole_number
from .._random import draw_seed
from ..exceptions import DownloadError, InvalidInputError, UnreadableImageError
from ._boxes import read_boxes
from ._craters import CLASS_NAMES
from ._image_file import read_pixels
from ._patches import MIN_DIAMETER, Patches, cut_patches

REPOSITORY = "yizuifangxiuyh/Lunar_Crater_Detection_Data"
COMMIT = "ed5464dc1ac5973b86277157b04d2c17e599f3cf"
BASE_URL = f"https://raw.githubusercontent.com/{REPOSITORY}/{COMMIT}/LRO_DATA/"

TRAIN_SCENES = tuple(
    f"train/{name}_mosaic_train_small"
    for name in (
        "M115143943",
        "M1155395732",
        "M1183658592",
        "M1229577647",
        "M1231933714",
        "M1266003170",
        "M1275410097",
        "M134022629",
        "M161142858",
        "M161149639",
        "M180000082",
        "M180007222",
    )
)
TEST_SCENES = (
    "test/M115143943RE_cal_echo_2_2",
    "test/M1183658592LE_cal_echo_23_0",
    "test/M1229577647LE_cal_echo_14_4",
    "test/M161142858RE_cal_echo_1_2",
)
# SHA-256 of the files that have been looked at; the commit alone pins the others.
CHECKSUMS = {
    "test/M115143943RE_cal_echo_2_2.png": (
        "9483b41ce7559878b1107e86cccffe90c6a8bf6ea44acb35441401c4201f9be6"
    ),
    "test/M115143943RE_cal_echo_2_2.txt": (
        "2b40876863e4c2ca150260ef097b31e60761fb038b3c523b4feacf9f823338e6"
    ),
    "train/M115143943_mosaic_train_small.png": (
        "25dc53d3f8d99c94896d33a111ddd0cde528a6fa6f1bc2fc8dc37afd4137555e"
    ),
    "train/M115143943_mosaic_train_small.txt": (
        "941e62a4527be39b8abcec7481d9a20658b4e05467a7876aeb2eff77babc3fb1"
    ),
    "train/M1231933714_mosaic_train_small.png": (
        "e8e74133a29785870e79258b6d067424ffbd2670000ca5851c2bd9b35d2ecf24"
    ),
    "train/M1231933714_mosaic_train_small.txt": (
        "8b9d512d57bdddae5a530f7d4b464b9d15f3b20c521e130d1cc77125dbda7a0f"
    ),
}


@dataclass(frozen=True)
class LunarNAC:
    """Patches of the Moon with and without a crater.

    Attributes
    ----------
    X_train, X_test : ndarray of shape (n, image_size, image_size), uint8
    y_train, y_test : ndarray of shape (n,), int64
        1 with a crater, 0 without.
    scene_train, scene_test : ndarray of shape (n,), int64
        The scene of each patch, its place in `scene_names`.
    diameter_px_train, diameter_px_test : ndarray of shape (n,)
        Of the window, divided by 1.6, in pixels of the scene (0.5 m): the crater's where there is
        one.
    center_xy_train, center_xy_test : ndarray of shape (n, 2)
        Of the window in the scene, in pixels.
    scene_names, class_names : list of str
    scene_files : list of Path
        The picture of each scene; the table of its boxes lies beside it, ending in ``.txt``.
    """

    X_train: NDArray[np.uint8]
    y_train: NDArray[np.int64]
    scene_train: NDArray[np.int64]
    diameter_px_train: NDArray[np.float64]
    center_xy_train: NDArray[np.float64]
    X_test: NDArray[np.uint8]
    y_test: NDArray[np.int64]
    scene_test: NDArray[np.int64]
    diameter_px_test: NDArray[np.float64]
    center_xy_test: NDArray[np.float64]
    scene_names: list[str]
    class_names: list[str]
    scene_files: list[Path]


def fetch_lunar_nac(
    data_home: str | os.PathLike | None = None,
    *,
    image_size: int = 32,
    min_diameter: float = MIN_DIAMETER,
    base_url: str = BASE_URL,
    train_scenes: tuple[str, ...] = TRAIN_SCENES,
    test_scenes: tuple[str, ...] = TEST_SCENES,
    random_state: int | np.random.RandomState | None = 0,
    verbose: int | bool = 0,
) -> LunarNAC:
    """Download scenes of the Moon with annotated craters, and cut patches from them.

    The scenes are pictures of the Lunar Reconnaissance Orbiter's narrow angle camera near the
    landing site of Chang'E-4 [1]_, about 10 MB under the licence GPL-3.0. Every crater of at least
    `min_diameter` is cut with a window of 1.6 diameters, resized bicubically. As many windows of
    these sizes are cut from random places of the same scene, where no annotated crater larger than
    0.3 of the side has its centre, and none overlaps by an intersection over union of more than
    0.15. Windows with more than 40 % of pixels at 10 or below are left out, and craters marked
    twice are cut once.

    The files are taken from one commit of a public repository. The checksums of three scenes and
    of their tables are known and compared; for the others, the address with the commit is all that
    pins them.

    Parameters
    ----------
    data_home : path, optional
        Folder of the downloaded files; by default ``sgan_classifier/lunar_nac`` in the user's
        folder for caches. Files that are there are not downloaded again.
    image_size : int, default=32
        Side of the patches, in pixels.
    min_diameter : float, default=12
        Of the smallest crater, in pixels of the scene.
    base_url : str
        Address of the files; a copy can be named here.
    train_scenes, test_scenes : tuple of str
        Names of scenes, without ending; by default twelve for training and four for tests.
    random_state : int, RandomState or None, default=0
        Seed of the places without a crater.
    verbose : int or bool, default=0
        Whether to show a progress bar.

    Returns
    -------
    LunarNAC

    Raises
    ------
    DownloadError
        If a file cannot be downloaded or is not the one it should be.
    ImportError
        If pooch or Pillow is not installed.
    InvalidInputError
        If a parameter makes no sense, or no crater is large enough.

    References
    ----------
    .. [1] H. Yang, X. Xu, Y. Ma, Y. Xu and S. Liu, "CraterDANet: A Convolutional Neural Network for
           Small-Scale Crater Detection via Synthetic-to-Real Domain Adaptation", IEEE TGRS.

    Examples
    --------
    >>> from sgan_classifier.datasets import fetch_lunar_nac
    >>> moon = fetch_lunar_nac()  # doctest: +SKIP
    >>> moon.X_train.shape  # doctest: +SKIP
    (7300, 32, 32)
    """
    check_whole_number("image_size", image_size, 1)
    check_number("min_diameter", min_diameter)
    for part, scenes in (("train_scenes", train_scenes), ("test_scenes", test_scenes)):
        if isinstance(scenes, str) or not scenes:
            raise InvalidInputError(
                f"{part}={scenes!r} is no tuple of names. Pass at least one, such as ('test/b',)."
            )
    rng = np.random.default_rng(draw_seed(random_state))
    names = [*train_scenes, *test_scenes]
    files = [
        _fetch_scene(name, data_home, base_url)
        for name in tqdm(names, "scenes", disable=not verbose)
    ]
    parts = [_cut_scene(file, image_size, min_diameter, rng) for file in files]
    arrays = {}
    for part, numbers in (
        ("train", range(len(train_scenes))),
        ("test", range(len(train_scenes), len(names))),
    ):
        patches = [parts[i] for i in numbers]
        scene = [np.full(len(parts[i].y), i) for i in numbers]
        n_patches = sum(map(len, scene))
        if n_patches == 0:
            raise InvalidInputError(
                f"None of the scenes {', '.join(names[i] for i in numbers)} has a crater of at "
                f"least {min_diameter} pixels whose window lies inside. Lower min_diameter, or "
                "choose other scenes."
            )
        order = rng.permutation(n_patches)
        for name, values in (
            ("X", [p.X for p in patches]),
            ("y", [p.y for p in patches]),
            ("scene", scene),
            ("diameter_px", [p.diameters for p in patches]),
            ("center_xy", [p.centers for p in patches]),
        ):
            arrays[f"{name}_{part}"] = np.concatenate(values)[order]
    return LunarNAC(**arrays, scene_names=names, class_names=list(CLASS_NAMES), scene_files=files)


def _fetch_scene(name: str, data_home: str | os.PathLike | None, base_url: str) -> Path:
    """Return the picture of a scene; download it and its table if they are not there."""
    try:
        import pooch
    except ImportError:
        raise ImportError(
            "Downloading needs pooch. Install it with: pip install 'sgan-classifier[data,images]'"
        ) from None

    files = [f"{name}.png", f"{name}.txt"]
    store = pooch.create(
        path=data_home or Path(pooch.os_cache("sgan_classifier")) / "lunar_nac",
        base_url=base_url,
        registry={file: CHECKSUMS.get(file) for file in files},
        retry_if_failed=2,
    )
    paths = []
    for file in files:
        try:
            with _quiet(pooch.get_logger()):
                paths.append(Path(store.fetch(file)))
        except ValueError as error:  # pooch says so of a wrong checksum
            raise DownloadError(
                f"{base_url}{file} is not the file that was looked at: {error} Try again later, "
                "or put the right file there yourself."
            ) from error
        except OSError as error:
            raise DownloadError(
                f"{base_url}{file} could not be downloaded ({type(error).__name__}: {error}). "
                f"Check the connection, or put the file at {store.path / file} yourself."
            ) from error
    return paths[0]


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _cut_scene(
    file: Path, image_size: int, min_diameter: float, rng: np.random.Generator
) -> Patches:
    from PIL import Image

    boxes = read_boxes(file.with_suffix(".txt"))
    try:
        with Image.open(file, formats=["PNG"]) as image:
            if image.mode.startswith("I"):  # of 16 bits, which Pillow would clip to white
                pixels = read_pixels(file, image.size[::-1], "grey", "uint8")
                grey = Image.fromarray(pixels)
            else:
                grey = image.convert("L")
    # Pillow's error for a broken PNG is a SyntaxError
    except (OSError, SyntaxError, UnreadableImageError) as error:
        raise DownloadError(
            f"{file} is no picture that can be read ({error}). Delete it, and it is downloaded "
            "again."
        ) from error
    return cut_patches(grey, boxes, image_size, min_diameter, rng)
