"""Many fits in one process leave its private memory and its open files as they were."""

import os

import pytest

from sgan_benchmarks.long_run import medians, run_fits

linux = pytest.mark.skipif(
    not os.path.exists("/proc/self/status"), reason="the figures are those of Linux"
)


def growth(figures):
    first, last = medians(figures)
    return last - first


@linux
@pytest.mark.slow
def test_forty_fits_leave_memory_and_open_files_flat():
    run = run_fits(40, n_warm_up=12)
    assert len(run["private_mib"]) == len(run["open_files"]) == 40
    # a model that is kept has about 0.2 MiB, so that thirty of them would be 6
    assert growth(run["private_mib"]) < 2.0, run["private_mib"]
    assert growth(run["open_files"]) == 0, run["open_files"]


def test_growth_finds_a_slow_leak_and_no_single_peak():
    assert growth([100.0 + 0.2 * k for k in range(40)]) == pytest.approx(6.0)
    assert growth([100.0] * 39 + [300.0]) == 0
    assert growth([5.0]) == 0
    assert medians([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]) == (1.0, 6.0)
