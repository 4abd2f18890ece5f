"""Files that are no good are refused and harm nobody; a save that fails leaves the old file."""

import errno
import json
import os
import pickle
import re
import resource
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from tiny import cnn, few_labels, noise_images, sgan

from sgan_classifier import SGANClassifier, _tensor_file, persistence
from sgan_classifier.exceptions import (
    DamagedFileError,
    InvalidInputError,
    ModelFileError,
    NewerFormatError,
    NotAModelFileError,
)

X, Y = noise_images(), few_labels()


# ---------------------------------------------------------------------- files that are no good


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A saved model, which no test changes."""
    torch.set_num_threads(1)
    path = tmp_path_factory.mktemp("saved") / "model.safetensors"
    persistence.save(sgan(width=1, latent_dim=2).fit(X[:, :4, :4], Y), path)
    return path


def test_file_that_is_cut_off_is_damaged(model, tmp_path):
    data, path = model.read_bytes(), tmp_path / "model"
    for length in [*range(10), *np.linspace(10, len(data) - 1, 40).astype(int)]:
        path.write_bytes(data[:length])
        with pytest.raises(DamagedFileError, match=r"is damaged: it is cut off.*Copy it again"):
            persistence.load(path)


def test_altered_byte_is_noticed(model, tmp_path):
    data, path = model.read_bytes(), tmp_path / "model"
    rng = np.random.default_rng(0)
    for position in [*range(16), *rng.choice(len(data), 300, replace=False)]:
        altered = bytearray(data)
        altered[position] ^= 1 << rng.integers(8)
        path.write_bytes(altered)
        with pytest.raises(ModelFileError, match=re.escape(str(path))):
            persistence.load(path)


@pytest.mark.parametrize("end", [b"\0", b" more"])
def test_longer_file_is_damaged(model, tmp_path, end):
    (tmp_path / "model").write_bytes(model.read_bytes() + end)
    with pytest.raises(DamagedFileError, match="cut off or altered"):
        persistence.load(tmp_path / "model")


class CreatesAFile:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (self.path, "w"))


def test_foreign_files_are_refused_and_pickles_not_run(tmp_path):
    from safetensors.torch import save_file

    path, trace = tmp_path / "model", tmp_path / "trace"
    path.write_bytes(pickle.dumps(CreatesAFile(str(trace))))
    with pytest.raises(NotAModelFileError, match="does not begin as one"):
        persistence.load(path)
    torch.save(CreatesAFile(str(trace)), path)
    with pytest.raises(NotAModelFileError, match="does not begin as one"):
        persistence.load(path)
    assert not trace.exists()
    save_file({"weight": torch.zeros(3)}, path)
    with pytest.raises(NotAModelFileError, match="a file of another library"):
        persistence.load(path)
    _tensor_file.write(path, "checkpoint", {}, {})
    with pytest.raises(NotAModelFileError, match=r"no sgan_classifier model, but .* checkpoint"):
        persistence.load(path)
    path.write_text('{"class": "SGANClassifier"}\n' * 10)
    with pytest.raises(NotAModelFileError):
        persistence.load(path)
    with pytest.raises(FileNotFoundError):
        persistence.load(tmp_path / "nothing")
    with pytest.raises(IsADirectoryError):
        persistence.load(tmp_path)


def test_newer_format_is_refused(model, tmp_path, monkeypatch):
    content, tensors = _tensor_file.read(model, "model")
    monkeypatch.setattr(_tensor_file, "FORMAT_VERSION", 2)
    _tensor_file.write(tmp_path / "model", "model", {"later": content}, tensors)
    monkeypatch.undo()
    with pytest.raises(NewerFormatError, match=r"format version 2.*up to 1\. Install a later"):
        persistence.load(tmp_path / "model")


JUNK = [None, -1, "os.system", [], {}, {"dict": [["a", 1]]}, {"own": "width"}, {"eval": "1"}, 1e999]

# entries in which such a value is a possible one, or is looked at by readers of the history alone
HARMLESS = ("fit_dtype", "fitted", "history", "label_counts", "n_features", "n_steps", "records")


@pytest.mark.parametrize("junk", JUNK, ids=str)
def test_file_made_to_deceive_is_refused(model, tmp_path, junk):
    """Every entry of the JSON in turn is replaced, and the checksum made right again."""
    path = tmp_path / "model"
    content, tensors = _tensor_file.read(model, "model")
    for keys in [(), *((key,) for key in content), *(("trained", k) for k in content["trained"])]:
        altered = json.loads(json.dumps(content))
        place = altered
        for key in keys[:-1]:
            place = place[key]
        if keys:
            place[keys[-1]] = junk
        else:
            altered = junk
        _tensor_file.write(path, "model", altered, tensors)
        try:
            loaded = persistence.load(path)
        except (ModelFileError, InvalidInputError):
            continue
        is_known = (*keys, junk) == ("trained", "found_prior", None)  # none was found
        assert keys[-1] in HARMLESS or junk == {} or is_known, keys
        assert isinstance(loaded, SGANClassifier)


def test_missing_or_misshapen_tensors_are_refused(model, tmp_path):
    content, tensors = _tensor_file.read(model, "model")
    for name in tensors:
        for other in ({}, {name: torch.zeros(2, 3, 5)}):
            altered = {key: value for key, value in tensors.items() if key != name} | other
            if name.split(".")[0] in ("optimizer_", "generator_optimizer_", "scaler"):
                continue  # an optimiser may have no moments yet
            _tensor_file.write(tmp_path / "model", "model", content, altered)
            with pytest.raises(DamagedFileError, match="was not written by save"):
                persistence.load(tmp_path / "model")


# ---------------------------------------------------------------------- writing


def test_full_disk_is_an_error_and_leaves_the_old_file(tmp_path, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "model"
    persistence.save(cnn().fit(X, Y), path)
    before = path.read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device"):
        persistence.save(sgan().fit(X, Y), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_write_that_stops_half_way_leaves_the_old_file(tmp_path):
    path = tmp_path / "model"
    estimator = sgan().fit(X, Y)
    persistence.save(estimator, path)
    before = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            persistence.save(estimator.partial_fit(X, Y), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


KILLED = """
import os, signal, sys
from sgan_classifier import persistence
estimator = persistence.load(sys.argv[1])
setattr(os, sys.argv[2], lambda *args: os.kill(os.getpid(), signal.SIGKILL))
estimator.n_threads_ = 99
persistence.save(estimator, sys.argv[1])
"""


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_process_killed_while_it_saves_leaves_the_old_file(model, tmp_path, call):
    path = tmp_path / "model"
    path.write_bytes(model.read_bytes())
    done = subprocess.run([sys.executable, "-c", KILLED, path, call], timeout=120, check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == model.read_bytes()
    assert persistence.load(path).n_threads_ == 1


def test_next_save_deletes_what_a_killed_one_left_an_hour_ago(tmp_path):
    left, writing, other = (tmp_path / f".{name}.tmp" for name in ("m.0a", "m.0b", "n.0a"))
    for path in (left, writing, other):
        path.touch()
    hour_ago = time.time() - 3601
    os.utime(left, (hour_ago, hour_ago))
    os.utime(other, (hour_ago, hour_ago))
    _tensor_file.write(tmp_path / "m", "model", {}, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == [writing.name, other.name, "m"]


def test_file_is_readable_as_others_and_a_link_stays_a_link(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "model")
    persistence.save(cnn().fit(X, Y), tmp_path / "link")
    (tmp_path / "plain").touch()
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "model").stat().st_mode == (tmp_path / "plain").stat().st_mode
