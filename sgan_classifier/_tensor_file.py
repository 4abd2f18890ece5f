"""One file of JSON and tensors, written whole or not at all, and checked when it is read.

The file is a safetensors file. Its metadata hold the name of the format, the version, what is
stored, the JSON, and a checksum over the JSON and the tensors.
"""

import glob
import hashlib
import json
import os
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor

from .exceptions import DamagedFileError, NewerFormatError, NotAModelFileError

FORMAT = "sgan_classifier"
FORMAT_VERSION = 1
_STALE_SECONDS = 3600.0  # no write takes as long
_LENGTH_BYTES = 8  # of the number at the start of a safetensors file: the length of its header


def write(path: str | os.PathLike, kind: str, content: Any, tensors: dict[str, Tensor]) -> None:
    """Write a file, or leave what was there.

    Parameters
    ----------
    path : str or PathLike
    kind : str
        What the file is, for `read` to compare.
    content : list, dict, str, number or None
        What `json.dumps` takes.
    tensors : dict of str to Tensor
        On any device, of any strides.

    Raises
    ------
    OSError
        If the file cannot be written. What `path` held before is still there.
    """
    # copies, as safetensors refuses tensors that share their memory
    tensors = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    text = json.dumps(content)
    metadata = {
        "format": FORMAT,
        "format_version": str(FORMAT_VERSION),
        "kind": kind,
        "content": text,
        "sha256": _checksum(kind, text, tensors),
    }
    _replace(Path(os.path.realpath(path)), to_bytes(tensors, metadata))


def read(path: str | os.PathLike, kind: str) -> tuple[Any, dict[str, Tensor]]:
    """Read a file that `write` wrote.

    Parameters
    ----------
    path : str or PathLike
    kind : str
        What the file must be.

    Returns
    -------
    content : list, dict, str, number or None
    tensors : dict of str to Tensor
        On the CPU.

    Raises
    ------
    NotAModelFileError, NewerFormatError, DamagedFileError
        If it is another file, of a later version, or not as it was written.
    OSError
        If it cannot be opened.
    """
    path = Path(path)
    metadata = _metadata(path)
    if metadata.get("format") != FORMAT or metadata.get("kind") != kind:
        found = " ".join(str(metadata[key]) for key in ("format", "kind") if key in metadata)
        raise NotAModelFileError(
            f"{path} is no {FORMAT} {kind}, but {found or 'a file of another library'}. Check the "
            "path."
        )
    version = metadata.get("format_version", "")
    if not version.isdecimal():
        raise _damaged(path, f"its format version is {version!r}")
    if int(version) > FORMAT_VERSION:
        raise NewerFormatError(
            f"{path} has format version {version}; this version of {FORMAT} reads up to "
            f"{FORMAT_VERSION}. Install a later version to load it."
        )
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            # cloned: else they stay a view of the file, which may change
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise _damaged(path, f"it is cut off or altered ({error})") from error
    text = metadata.get("content", "")
    if metadata.get("sha256") != _checksum(kind, text, tensors):
        raise _damaged(path, "its checksum does not match")
    try:
        return json.loads(text), tensors
    except (ValueError, RecursionError) as error:  # only a file made to deceive comes here
        raise _damaged(path, f"its JSON cannot be read ({error})") from error


def _metadata(path: Path) -> dict[str, str]:
    """Return the metadata in the header of a safetensors file."""
    with open(path, "rb") as file:
        start = file.read(_LENGTH_BYTES)
        size = os.fstat(file.fileno()).st_size
        length = int.from_bytes(start, "little")
        first = file.read(1)
        if size <= _LENGTH_BYTES:
            raise _damaged(path, f"it is cut off: {size} bytes are left")
        if first != b"{" or length > 2**40:
            raise NotAModelFileError(
                f"{path} is no file of {FORMAT}: it does not begin as one. Check the path; pickles "
                "are read by pickle or joblib."
            )
        if size < _LENGTH_BYTES + length:
            raise _damaged(path, f"it is cut off: {size} bytes are left")
        try:
            header = json.loads(first + file.read(length - 1))
            metadata = header.get("__metadata__", {})
        except (ValueError, RecursionError, AttributeError) as error:
            raise _damaged(path, f"its header cannot be read ({error})") from error
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise _damaged(path, "its header does not hold what it should")
    return metadata


def _checksum(kind: str, text: str, tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for part in (kind, text):
        digest.update(f"{len(part)}:{part}".encode(errors="replace"))
    for name, value in sorted(tensors.items()):
        digest.update(f"{name}:{value.dtype}:{tuple(value.shape)}:".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _damaged(path: Path, reason: str) -> DamagedFileError:
    return DamagedFileError(
        f"{path} is damaged: {reason}. Copy it again from where it came, or make it anew."
    )


def _replace(path: Path, data: bytes) -> None:
    """Put a file in place of another in one step, once all of it is on the disk."""
    _delete_stale(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    if os.name == "posix":  # so that the new name, too, outlives a power failure
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _delete_stale(path: Path) -> None:
    """Delete what processes left that were killed as they wrote this file.

    By age, as another process may be writing the same file just now.
    """
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                left.unlink()
