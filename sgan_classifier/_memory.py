"""Memory that a step frees stays with the process for the next step."""

import torch

# Just below the greatest threshold that glibc takes by itself, 32 MiB.
LARGE_BLOCK = 31 << 20


def keep_freed_memory() -> None:
    """Keep the C library from giving freed memory back to the system between steps.

    Of a few tens of megabytes that a step allocates and frees, the system clears every page at the
    next step anew, which took 5 to 15 % of a step on the CPUs that were tried. glibc keeps up to
    twice the size of the largest block that was ever freed: mallopt(3), on M_MMAP_THRESHOLD. One is
    asked for here, never touched, and freed. Where memory is managed in other ways, this does
    nothing.
    """
    torch.empty(LARGE_BLOCK, dtype=torch.uint8)
