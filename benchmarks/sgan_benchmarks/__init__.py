"""The code behind the scripts in `benchmarks/`: runs that can be stopped, and generated reports."""
