"""Run sections and keep each in one record; the report is written from the record."""

import json
import os
import platform
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from sgan_classifier._device import HAS_AMX, resolve_precision
from sgan_classifier._threads import limit_threads
from sgan_classifier.benchmarking._record import date, processor, to_plain, versions, write_results
from sgan_classifier.benchmarking._statistics import markdown_table

from ..stored import HERE
from .accuracy import accuracy
from .clock import choose_clock
from .compiled import compiled
from .gpu import gpu
from .limit import limit
from .prediction import memory, predict
from .result import NOT_MEASURED, Section
from .setting import Options
from .start import start
from .steps import faster, growth, overhead, small_batch
from .sweep import sweep

# AMX decides which targets apply, and the precision that "auto" takes what is measured: figures of
# one kind of CPU are never mixed with those of another in one report.
AUTO = resolve_precision("auto", torch.device("cpu"), is_image=True)
NAME = "speed" if HAS_AMX else f"speed_without_amx_{AUTO}"
SECTIONS: dict[str, Callable[[Options], Section]] = {
    "overhead": overhead,
    "faster": faster,
    "compiled": compiled,
    "limit": limit,
    "small_batch": small_batch,
    "predict": predict,
    "memory": memory,
    "growth": growth,
    "start": start,
    "accuracy": accuracy,
    "sweep": sweep,
    "gpu": gpu,
}


def run_speed(
    names: Iterable[str],
    options: Options,
    *,
    out: Path,
    command: str,
    clock: str = "wall",
    verbose: bool = True,
) -> dict[str, Any]:
    """Measure sections one after the other.

    Parameters
    ----------
    names : iterable of str
        Keys of `SECTIONS`.
    options : Options
    out : Path
        Folder of the record and the report, ``speed.json`` and ``speed.md``; on a CPU without AMX
        the name ends in ``_without_amx_bf16`` or ``_without_amx_fp32``, what "auto" is there.
        Sections that are there and not run again stay.
    command : str
        The command line that makes the run again.
    clock : {"wall", "cpu"}, default="wall"
    verbose : bool, default=True
        Whether to say which section is run.

    Returns
    -------
    dict
        The record.
    """
    path = out / f"{NAME}.json"
    record = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"sections": {}}
    choose_clock(clock)
    for name in names:
        if verbose:
            tqdm.write(f"{name} ...")
        begin = time.perf_counter()
        with limit_threads(options.threads):
            section = SECTIONS[name](options)
        measured = {
            "command": command,
            "date": date(),
            "seconds": time.perf_counter() - begin,
            "machine": _machine(),
            "versions": versions(HERE),
            "threads": options.threads,
            "clock": clock,
            "options": _kept(options),
        }
        # a run that is stopped keeps the sections that are done
        record["sections"][name] = {**to_plain(section.to_dict()), "measured": measured}
        write_results(record, speed_report, out / NAME)
        if verbose:
            for row in _target_rows(record["sections"][name]):
                tqdm.write("  " + "; ".join(row))
    choose_clock("wall")
    return record


def speed_report(record: dict[str, Any]) -> str:
    """Write the report in Markdown from a record."""
    sections = {name: record["sections"][name] for name in SECTIONS if name in record["sections"]}
    machine = next(iter(sections.values()))["measured"]["machine"]
    kind = "with AMX" if machine["has_amx"] else f"without AMX, where `auto` is {machine['auto']}"
    parts = [
        f"# Speed and memory on a CPU {kind}",
        "Ratios are medians over rounds in which both sides were measured in turn. Each section "
        "names its machine, and the command that makes it again.",
        "## Targets",
        markdown_table(
            ["target", "bound", "measured", ""],
            [row for section in sections.values() for row in _target_rows(section)],
        ),
    ]
    for section in sections.values():
        parts.append(f"## {section['title']}")
        for table in section["tables"]:
            parts += [f"**{table['title']}**", markdown_table(table["header"], table["rows"])]
        if section["notes"]:
            parts.append("\n".join(f"- {note}" for note in section["notes"]))
        parts.append(_measured(section["measured"]))
    return "\n\n".join(parts) + "\n"


def _target_rows(section: dict[str, Any]) -> list[list[str]]:
    return [
        [
            target["what"],
            f"{target['sense']} {target['bound']:g}{_unit(target['unit'])}",
            _figure(target),
            target["verdict"] if target["verdict"] != "not met" else "**not met**",
        ]
        for target in section["targets"]
    ]


def _measured(measured: dict[str, Any]) -> str:
    machine = measured["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in measured["versions"].items())
    amx = "with AMX" if machine["has_amx"] else "without AMX"
    clock = "wall time" if measured["clock"] == "wall" else "processor time"
    return "\n".join(
        [
            f"- Command: `{measured['command']}`",
            f"- Machine: {machine['processor']} ({machine['system']}, {machine['n_cpus']} CPUs, "
            f"{amx}, {machine['capability']}); {measured['threads']} threads, {clock}; "
            f"{measured['date']}, {measured['seconds'] / 60:.1f} minutes.",
            f"- Versions: {packages}.",
        ]
    )


def _figure(target: dict[str, Any]) -> str:
    if target["figure"] is None:
        return NOT_MEASURED if target["verdict"] == NOT_MEASURED else "never"
    return f"{target['figure']:.3g}{_unit(target['unit'])}"


def _unit(unit: str) -> str:
    return f" {unit}" if unit else ""


def _machine() -> dict[str, Any]:
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor(),
        "n_cpus": os.cpu_count(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "has_amx": HAS_AMX,
        "auto": AUTO,
    }


def _kept(options: Options) -> dict[str, Any]:
    """Return the options but for the folders, which are this machine's affair."""
    entries = vars(options).items()
    return {name: value for name, value in entries if name not in ("data_dir", "folder")}
