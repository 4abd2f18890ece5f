"""Kills at random, and many fits in one process: python benchmarks/soak.py --help"""

from sgan_benchmarks.soak_command import soak_main

if __name__ == "__main__":
    raise SystemExit(soak_main())
