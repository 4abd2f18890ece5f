"""What each part of the SGAN is worth: python benchmarks/ablation.py --help"""

from sgan_benchmarks.ablation_command import ablation_main

if __name__ == "__main__":
    raise SystemExit(ablation_main())
