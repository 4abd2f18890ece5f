"""Commands for folders of images, run in this process."""

import csv

from typer.testing import CliRunner

from sgan_classifier.cli import app

TINY = ("--steps", "3", "--set", "width=4", "--set", "batch_size=8", "--set", "latent_dim=4")


def run(*arguments):
    """Run a command that is to succeed; return what it says."""
    result = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def read_table(path):
    with open(path, newline="", encoding="utf-8", errors="surrogateescape") as file:
        return list(csv.DictReader(file))
