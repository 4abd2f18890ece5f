"""Annotated scenes that belong to the data sets of the benchmarks."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sgan_classifier.benchmarking._data import data_folder
from sgan_classifier.datasets._boxes import read_boxes

#: by data: the scenes that the threshold is chosen on, which are among those that the training
#: patches were cut from, and the scene that is tested
SCENES = {
    "lunar_nac": (
        ("M115143943_mosaic_train_small", "M1231933714_mosaic_train_small"),
        "M115143943RE_cal_echo_2_2",
    )
}


@dataclass(frozen=True)
class AnnotatedScene:
    """A scene and the craters in it.

    Attributes
    ----------
    name : str
    image : Path
    boxes : ndarray of shape (m, 4)
        x and y of the upper left corner, width and height, in pixels.
    """

    name: str
    image: Path
    boxes: NDArray[np.float64]


def load_scenes(
    name: str, data_dir: str | os.PathLike | None = None
) -> tuple[list[AnnotatedScene], AnnotatedScene]:
    """Load the scenes of a data set: those to choose the threshold on, and the one to test.

    Parameters
    ----------
    name : str
        "lunar_nac".
    data_dir : path, optional
        Its folder `scenes` holds a PNG and a CSV with the columns X, Y, W and H for each scene. By
        default the folder that the environment variable SGAN_CLASSIFIER_DATA names.

    Raises
    ------
    ValueError
        If there are no scenes of that data.
    FileNotFoundError
        If a scene is not there.
    """
    if name not in SCENES:
        raise ValueError(f"There are no scenes of the data {name!r}. Use one of {[*SCENES]}.")
    folder = data_folder(name, data_dir) / "scenes"

    def load(scene: str) -> AnnotatedScene:
        image, table = (folder / f"{scene}.{ending}" for ending in ("png", "csv"))
        for path in (image, table):
            if not path.is_file():
                raise FileNotFoundError(f"There is no file {path}; --data-dir names its folder.")
        return AnnotatedScene(scene, image, read_boxes(table))

    training, test = SCENES[name]
    return [load(scene) for scene in training], load(test)
