"""What a folder of tiles was scanned from, and how."""

import json
import os
from dataclasses import asdict
from pathlib import Path

from .. import __version__
from ..exceptions import InvalidInputError
from ._classifier import WindowClassifier
from ._tile import Settings

KEY = "scan.json"


def check_same_scan(
    folder: Path,
    classifier: WindowClassifier,
    scene: Path,
    factor: float,
    settings: Settings,
    tile_size: int,
) -> None:
    """Note what is scanned how, or check that the tiles in the folder are of the same scan."""
    folder.mkdir(parents=True, exist_ok=True)
    status = scene.stat()
    key = {
        "scene": {"name": scene.name, "bytes": status.st_size, "changed": status.st_mtime_ns},
        "estimator": classifier.checksum(),
        "positive": str(classifier.positive),
        "version": __version__,
        "factor": factor,
        "tile_size": tile_size,
        **asdict(settings),
    }
    path = folder / KEY
    if path.exists():
        stored = _read(path)
        other = [
            name
            for name in key
            if stored.get(name) != json.loads(json.dumps(key[name], default=float))
        ]
        if other:
            raise InvalidInputError(
                f"{folder} holds tiles of another scan: it differs in {', '.join(other)}. Choose "
                f"another folder, or delete {folder}."
            )
    else:
        unfinished = path.with_suffix(".part")
        unfinished.write_text(json.dumps(key, indent=1, default=float) + "\n", encoding="utf-8")
        os.replace(unfinished, path)


def _read(path: Path) -> dict:
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:  # of the encoding, or of JSON
        stored = None
    if not isinstance(stored, dict):
        raise InvalidInputError(
            f"{path} is damaged, so that nobody can tell what the tiles beside it are of. Delete "
            f"{path.parent}, and the scene is scanned anew."
        )
    return stored
