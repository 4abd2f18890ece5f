"""Prediction: its throughput against the bare network, and memory with many rows.

Also the memory of fits and predictions on a memory map of several GB.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sgan_classifier._forward import BATCH
from sgan_classifier.datasets import make_craters

from .memory import N_LABELED
from .result import Section, Target
from .setting import Options, TimedFit, image_problem, ratio, repeated, side_by_side, sizes_up_to

N_PREDICTED = 4096
MEMORY_SIDE, GROWTH_SIDE = 32, 8
FIT_STEPS = 20
MB = 1e6
OURS, RAW = "`predict`, uint8 rows", "network alone, scaled fp32 rows"


def predict(options: Options) -> Section:
    """Compare `predict` with the network alone, and its memory from few to many rows."""
    problem = image_problem()
    fit = TimedFit(problem)
    X = np.resize(problem.X, (N_PREDICTED, *problem.X.shape[1:]))
    x = fit.net.scaler.transform(torch.from_numpy(X[:, None]))
    network = fit.net.average_

    @torch.inference_mode()
    def raw() -> None:
        for start in range(0, len(x), BATCH):
            with fit.net.autocast():
                network(x[start : start + BATCH])

    runs = {
        OURS: lambda n: sum(repeated(lambda: fit.model.predict(X), n)),
        RAW: lambda n: sum(repeated(raw, n)),
    }
    seconds = side_by_side(runs, 1, options.rounds)
    section = Section("Prediction", figures={"seconds": seconds})
    section.targets.append(
        Target(
            "throughput of `predict` over that of the network alone",
            0.9,
            "at least",
            ratio(seconds, RAW, OURS),
        )
    )
    section.add_table(
        f"{N_PREDICTED} images of 32x32, {BATCH} at a time",
        ["", "images a second"],
        [[name, f"{N_PREDICTED / statistics.median(seconds[name]):,.0f}"] for name in runs],
    )
    sizes = sizes_up_to(options.rows)
    with image_map(options.folder, sizes[-1], GROWTH_SIDE) as path:
        added = {n: in_child("predict", path, n, GROWTH_SIDE, options) for n in sizes}
    section.figures["memory"] = {str(n): figures for n, figures in added.items()}
    growth = None
    if added[sizes[-1]]["added"] is not None:
        # eight bytes a row are the answer
        growth = (added[sizes[-1]]["added"] - added[sizes[0]]["added"]) / MB - 8 * sizes[-1] / MB
    section.targets.append(
        Target(
            f"memory that `predict` adds from {sizes[0]:,} to {sizes[-1]:,} rows beyond its answer",
            32.0,
            "at most",
            growth,
            "MB",
        )
    )
    section.add_table(
        f"Private memory at the peak of `predict`, memory map of {GROWTH_SIDE}x{GROWTH_SIDE} uint8",
        ["rows", "MB added", "of which the answer"],
        [[f"{n:,}", _mb(added[n]["added"]), f"{8 * n / MB:.1f}"] for n in sizes],
    )
    return section


def memory(options: Options) -> Section:
    """Fit and predict on a memory map of several GB, each in a process of its own."""
    n_rows = round(1e9 * options.map_gb / MEMORY_SIDE**2)
    section = Section("Memory")
    rows = []
    with image_map(options.folder, n_rows, MEMORY_SIDE) as path:
        for task in ("fit X", "fit pool", "predict"):
            figures = in_child(task, path, n_rows, MEMORY_SIDE, options)
            section.figures[task] = figures
            # the labels of X, as they are checked and numbered, and those predicted are eight
            # bytes a row; the first are there before
            own = 8 * n_rows if task == "predict" else 0
            added = figures["added"]
            section.targets.append(
                Target(
                    f"`{task}` on a memory map of {options.map_gb:g} GB adds, beyond labels",
                    500.0,
                    "at most",
                    None if added is None else (added - own) / MB,
                    "MB",
                )
            )
            rows.append([task, f"{n_rows:,}", _mb(added), f"{figures['seconds']:.0f}"])
    section.add_table(
        f"Private memory (RssAnon) added at the peak; images of {MEMORY_SIDE}x{MEMORY_SIDE}, "
        f"uint8; fits of {FIT_STEPS} steps",
        ["", "rows", "MB added", "seconds"],
        rows,
    )
    return section


def in_child(task: str, path: Path, n_rows: int, side: int, options: Options) -> dict[str, Any]:
    """Run `memory_child` on a map and return what it measured."""
    words = [sys.executable, "-m", f"{__package__}.memory_child", task, str(path)]
    words += [str(n_rows), str(side), str(FIT_STEPS)]
    settings = {
        "OMP_NUM_THREADS": str(options.threads),
        "MKL_NUM_THREADS": str(options.threads),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),  # where this process finds modules
    }
    done = subprocess.run(
        words, env={**os.environ, **settings}, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout)


@contextmanager
def image_map(folder: Path, n_rows: int, side: int) -> Iterator[Path]:
    """Make a sparse file of images (n_rows, side, side), uint8: craters first, zeros after.

    Raises
    ------
    OSError
        If the disk could not hold the file, should its file system make none that are sparse.
    """
    size = n_rows * side**2
    free = shutil.disk_usage(folder).free
    if free < 1.1 * size:
        raise OSError(
            f"{folder} has {free / 1e9:.1f} GB left, and a map of {size / 1e9:.1f} GB is to be "
            "made there. Choose another --folder or a smaller --map-gb."
        )
    images, _ = make_craters(N_LABELED, image_size=side, random_state=0)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path = Path(place) / "rows.bin"
        with path.open("wb") as file:
            file.write(images.tobytes())
            file.truncate(size)
        yield path


def _mb(n_bytes: int | None) -> str:
    return "not measured" if n_bytes is None else f"{n_bytes / MB:.1f}"
