"""Write the tables of README.md anew from the records in benchmarks/reports."""

from pathlib import Path

from sgan_classifier.benchmarking import update_readme

if __name__ == "__main__":
    root = Path(__file__).resolve().parent.parent
    readme = root / "README.md"
    text = update_readme(readme.read_text(encoding="utf-8"), root / "benchmarks" / "reports")
    readme.write_text(text, encoding="utf-8")
