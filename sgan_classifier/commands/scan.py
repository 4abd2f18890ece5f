"""`sgan-classifier scan`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ..exceptions import InvalidInputError
from ._common import ModelArgument, QuietOption, load_model, nicely_interrupted, say


def scan(
    model: ModelArgument,
    scene: Annotated[
        Path, typer.Argument(metavar="SCENE", help="A PNG or a GeoTIFF, of any size.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="For the map and the list.")
    ],
    positive: Annotated[
        str | None,
        typer.Option(
            "--class", metavar="NAME", help='What to look for. [default: "crater", or 1 of 0 and 1]'
        ),
    ] = None,
    threshold: Annotated[
        float, typer.Option(metavar="SCORE", help="Least score of a candidate.")
    ] = 0.2,
    annotations: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Craters of this scene, a table with columns X, Y, W, H (upper left corner, "
            "width, height) or X, Y, diameter (centre), in pixels: choose the threshold of the "
            "best F1 by them, instead of --threshold.",
        ),
    ] = None,
    diameters: Annotated[
        tuple[float, float],
        typer.Option(metavar="LEAST GREATEST", help="Of the craters looked for, in pixels."),
    ] = (12.0, 200.0),
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", metavar="N", help="Tiles at a time; -1: all processors.")
    ] = 1,
    quiet: QuietOption = False,
) -> None:
    """Find craters, or another class, in a whole scene.

    Writes a map of probabilities (GeoTIFF, PNG) and a list of candidates (CSV, GeoJSON) with place,
    diameter, score, probability and realness. The model must have learnt from images with the
    crater in the middle, of 1.6 times its diameter.

    The score says how many windows about a candidate agree. Which score is enough is best found on
    a scene whose craters are known: scan it with --annotations, and others with the --threshold
    that comes of it.

    Ctrl-C keeps the tiles that are done, and the same command goes on from there.

    \b
    Examples:
      sgan-classifier scan m.safetensors known.png -o known_scan --annotations known.csv
      sgan-classifier scan m.safetensors new.tif -o new_scan --threshold 0.25 --jobs -1
    """
    from ..datasets._boxes import read_boxes
    from ..scan import choose_threshold, match_candidates, scan_scene, score_matches

    boxes = None if annotations is None else read_boxes(annotations)
    if boxes is not None and len(boxes) == 0:
        raise InvalidInputError(f"{annotations} holds no crater to choose the threshold by.")
    least, greatest = diameters
    if boxes is not None:
        sides = boxes[:, 2:].mean(axis=1)
        if not ((least <= sides) & (sides <= greatest)).any():
            raise InvalidInputError(
                f"None of the {len(boxes)} craters in {annotations} measures {least:g} to "
                f"{greatest:g} pixels: they have {sides.min():g} to {sides.max():g}. Pass other "
                "--diameters."
            )
    estimator = load_model(model)
    settings: dict[str, Any] = {
        "positive": _label(estimator.classes_.tolist(), positive),
        "diameters": diameters,
        "n_jobs": jobs,
        "verbose": not quiet,
    }
    with nicely_interrupted(f"{output} keeps the finished tiles; the same command goes on."):
        done = scan_scene(estimator, scene, output, threshold=threshold, **settings)
        if boxes is not None:
            matches = match_candidates(
                done.all_candidates, boxes, min_diameter=least, max_diameter=greatest
            )
            threshold = choose_threshold(matches)
            scores = score_matches(matches, threshold)
            say(
                f"Threshold {threshold:.4f}: precision {scores.precision:.3f}, recall "
                f"{scores.recall:.3f}, F1 {scores.f1:.3f} on these {matches.n_annotated} craters, "
                "which chose it"
            )
            settings["verbose"] = 0  # its tiles are there already
            done = scan_scene(estimator, scene, output, threshold=threshold, **settings)
    say(f"{len(done.candidates)} candidates of a score of at least {threshold:.4g}")
    for path in done.files.values():
        say(f"  {path}")


def _label(classes: list, name: str | None) -> object:
    """Return the class of that name: on the command line, numbers are words."""
    if name is None:
        return None
    return next((label for label in classes if str(label) == name), name)
