"""The 2021 lunar crater study's findings, redone: python benchmarks/study.py --help"""

from sgan_benchmarks.study_command import study_main

if __name__ == "__main__":
    raise SystemExit(study_main())
