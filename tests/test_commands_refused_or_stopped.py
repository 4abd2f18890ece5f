"""Commands that end early: wrong arguments, outputs that cannot be written, and Ctrl-C."""

import os
import signal
import subprocess
import sys
import time

import pytest
from command_runs import TINY, read_table

from sgan_classifier import _demo
from sgan_classifier._health import Health
from sgan_classifier.cli import main
from sgan_classifier.commands._common import check_output
from sgan_classifier.commands._model_images import BATCH
from sgan_classifier.datasets import load_image_folder
from sgan_classifier.exceptions import InvalidInputError
from sgan_classifier.persistence import load

CODE = "from sgan_classifier.cli import main; main()"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with a name are a thing of POSIX")
@pytest.mark.parametrize("force", [False, True])
def test_output_that_is_no_file_is_refused_before_the_work(tmp_path, force):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInputError, match="pipe or the like, and no file"):
        check_output(tmp_path / "pipe", force)


@pytest.mark.parametrize("name", ["file/m", "file/folder/m"])
def test_output_below_a_file_is_refused_before_the_work(tmp_path, name):
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInputError, match="m would lie in a file"):
        check_output(tmp_path / name, False)


def test_a_link_is_judged_by_what_it_points_to(tmp_path):
    link = tmp_path / "m.safetensors"
    link.symlink_to(tmp_path / "elsewhere" / "m.safetensors")
    check_output(link, False, in_place=False)
    assert (tmp_path / "elsewhere").is_dir(), "the folder that the model will be written to"


@pytest.mark.skipif(getattr(os, "geteuid", int)() == 0, reason="root may write to any file")
def test_output_that_may_not_be_written_to_is_refused_before_the_work(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("an older table")
    path.chmod(0o400)
    with pytest.raises(PermissionError, match=r"p\.csv may not be written to"):
        check_output(path, True)
    check_output(path, True, in_place=False)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["fit", "nowhere", "-o", "m"], 1, "Error: nowhere is not there"),
        (["fit", "nowhere"], 2, "--output"),
        (["predict", "no-model", "nowhere", "-o", "p.csv"], 1, "There is no model no-model"),
        (["evaluate", "no-model", "nowhere"], 1, "There is no model no-model"),
        (["benchmark", "nowhere", "-o", "report"], 1, "neither a folder nor an .npz"),
        (["fit", "nowhere", "-o", "m", "--steps", "many"], 2, "--steps"),
    ],
)
def test_errors_are_sentences_with_a_status(
    capsys, monkeypatch, tmp_path, arguments, status, message
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    error = capsys.readouterr().err
    assert ended.value.code == status
    assert message in error
    assert "Traceback" not in error


def test_damaged_model_is_an_error_in_a_process_of_its_own(craters, tmp_path):
    (tmp_path / "m.safetensors").write_bytes(b"not a model")
    done = subprocess.run(
        [sys.executable, "-c", CODE, "predict", "m.safetensors", craters, "-o", "p.csv"],
        capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "p.csv").exists()


def interrupt(arguments, ready, tmp_path):
    """Start a command, send Ctrl-C when `ready()`; return (status, errors)."""
    errors = tmp_path / "errors"
    with open(errors, "w") as stderr, open(tmp_path / "output", "w") as stdout:
        process = subprocess.Popen(
            [sys.executable, "-c", CODE, *map(str, arguments)],
            stdout=stdout,
            stderr=stderr,
            # tests that run in the background of a shell ignore Ctrl-C, and so would the command
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        try:
            deadline = time.monotonic() + 300
            while not ready(errors.read_text()):
                assert process.poll() is None, errors.read_text()
                assert time.monotonic() < deadline, errors.read_text()
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            process.wait(timeout=120)
        finally:
            process.kill()
    return process.returncode, errors.read_text()


def test_fit_keeps_the_model_at_ctrl_c(craters, tmp_path):
    path = tmp_path / "m.safetensors"
    status, errors = interrupt(
        ["fit", craters, "-o", path, *TINY[2:], "--steps", "5000"],
        lambda text: "loss=" in text,
        tmp_path,
    )
    assert status == 130
    assert "Stopped early" in errors
    assert "Traceback" not in errors
    loaded = load(path)
    assert 0 < loaded.n_iter_ < 5000
    assert loaded.predict(load_image_folder(craters).X).shape == (60,)


def test_fit_says_that_it_has_no_model_before_the_first_step(craters, tmp_path):
    path = tmp_path / "m.safetensors"
    status, errors = interrupt(
        ["fit", craters, "-o", path, *TINY[2:], "--steps", "5000", "--set", "batch_size=2048"],
        lambda text: "labels alone" in text,
        tmp_path,
    )
    assert status == 130
    assert "Stopped. Nothing had been learnt that could be saved." in errors
    assert "Traceback" not in errors
    assert not path.exists()


def test_fit_keeps_the_model_at_a_second_ctrl_c(craters, tmp_path, monkeypatch, capsys):
    def pressed(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(Health, "conclude", pressed)
    path = tmp_path / "m.safetensors"
    with pytest.raises(SystemExit) as ended:
        main(["fit", str(craters), "-o", str(path), *map(str, TINY)])
    assert ended.value.code == 130
    assert "Stopped early" in capsys.readouterr().err
    assert load(path).n_iter_ > 0


def test_predict_keeps_its_rows_at_ctrl_c(craters, model, tmp_path):
    folder, table = tmp_path / "images", tmp_path / "p.csv"
    folder.mkdir()
    source = next((craters / "crater").iterdir())
    n_files = 12 * BATCH
    for i in range(n_files):
        os.link(source, folder / f"{i:05}.png")
    status, errors = interrupt(
        ["predict", model, folder, "-o", table],
        lambda text: table.exists() and table.stat().st_size > 1000,
        tmp_path,
    )
    assert status == 130
    assert "Traceback" not in errors
    rows = read_table(table)
    assert BATCH <= len(rows) < n_files
    assert f"holds {len(rows)} of {n_files} predictions" in errors
    assert all(row["realness"] for row in rows), "no half a row"


def test_ctrl_c_elsewhere_is_status_130_without_a_trace(capsys, monkeypatch, tmp_path):
    def pressed(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(_demo, "run_demo", pressed)
    with pytest.raises(SystemExit) as ended:
        main(["demo", "--out", str(tmp_path)])
    assert ended.value.code == 130
    assert "Traceback" not in capsys.readouterr().err
