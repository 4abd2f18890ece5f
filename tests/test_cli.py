"""The command, run as users run it."""

import re
import subprocess
import sys
import tomllib
import warnings
from pathlib import Path

import pytest

from sgan_classifier import __version__, persistence
from sgan_classifier._demo import run_demo
from sgan_classifier.cli import _Shown, main

ROOT = Path(__file__).resolve().parent.parent
PNG = b"\x89PNG"


def run(capsys, *arguments):
    """Run the command in this process; return (exit status, output, errors)."""
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    captured = capsys.readouterr()
    return stop.value.code, captured.out, captured.err


def test_a_warning_that_differs_in_its_figures_is_shown_once(capsys):
    show = _Shown()
    for largest in ("62", "6.24e+04", "1e-05"):
        show(UserWarning(f"X holds values of up to {largest}."), UserWarning)
    show("Another one.", UserWarning)
    assert capsys.readouterr().err == (
        "Warning: X holds values of up to 62.\nWarning: Another one.\n"
    )


def test_help_names_the_commands_and_what_they_do(capsys):
    status, out, _ = run(capsys, "--help")
    assert status == 0
    assert re.search("demo +Compare three methods on handwritten digits", out)
    for name in ("fit", "predict", "evaluate", "benchmark"):
        assert re.search(rf"  {name} +[A-Z]\w+ .*\.$", out, re.MULTILINE), "a whole sentence"


def test_help_of_demo_names_every_option_with_its_default(capsys):
    status, out, _ = run(capsys, "demo", "--help")
    assert status == 0
    for option in ("--out", "--seed", "--draws", "--steps"):
        assert option in out
    assert out.count("default:") == 4


def test_version(capsys):
    assert run(capsys, "--version") == (0, f"sgan-classifier {__version__}\n", "")


def test_no_command_waits_for_what_another_needs():
    code = "import sys, sgan_classifier.cli; print(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {f"sgan_classifier.{name}" for name in ("benchmarking", "plotting", "scan")}
    assert not heavy & set(done.stdout.split())


def test_warnings_of_the_caller_are_shown_as_before(capsys):
    before = warnings.showwarning
    run(capsys, "--version")
    assert warnings.showwarning is before


def test_entry_point_of_the_package_runs_in_a_process_of_its_own():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, function = project["scripts"]["sgan-classifier"].split(":")
    code = f"import {module} as cli; cli.{function}(['--version'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"sgan-classifier {__version__}\n"


def test_demo_shows_a_table_and_writes_the_pictures_it_names(capsys, tmp_path):
    out = tmp_path / "pictures"
    status, text, _ = run(capsys, "demo", "--out", str(out), "--draws", "2", "--steps", "2")
    assert status == 0
    assert "labels " in text
    for n_labels in (10, 20, 50, 100):
        assert f"- {n_labels} labels: the SGAN " in text
    for name in ("accuracy.png", "samples.png", "training.png"):
        assert str(out / name) in text
        assert (out / name).read_bytes().startswith(PNG)


def test_demo_of_one_seed_gives_one_result(tmp_path):
    settings = {"n_labels": (10,), "n_draws": 1, "max_iter": 2, "verbose": 0}
    first, second = (run_demo(tmp_path, seed=3, **settings) for _ in range(2))
    assert first.table == second.table
    assert first.curve.seeds.tolist() == [3]
    assert "nothing can be said" in first.sentences[0], "one draw decides nothing"


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["demo", "--steps", "0"], 2, "--steps"),
        (["demo", "--unknown"], 2, "No such option"),
        (["fly"], 2, "No such command"),
    ],
)
def test_wrong_usage_is_named_without_a_trace(capsys, arguments, status, message):
    code, _, err = run(capsys, *arguments)
    assert code == status
    assert message in err
    assert "Traceback" not in err


def test_failure_is_a_sentence_and_status_1(capsys, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    status, _, err = run(capsys, "demo", "--out", str(blocked))
    assert status == 1
    assert err == f"Error: {blocked} is a file. Pass a folder as --out.\n"


def test_file_that_ends_too_early_is_no_abortion(capsys, tmp_path, monkeypatch):
    def load(path):
        raise EOFError("No data left in file")

    monkeypatch.setattr(persistence, "load", load)
    (tmp_path / "m").write_bytes(b"")
    status, _, err = run(capsys, "predict", str(tmp_path / "m"), ".", "-o", str(tmp_path / "p.csv"))
    assert status == 1
    assert err == "Error: A file ends too early (No data left in file).\n"
