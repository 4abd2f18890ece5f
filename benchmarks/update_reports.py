"""Write the reports in benchmarks/reports, and the tables of README.md, anew from their records."""

from pathlib import Path

from sgan_benchmarks.all_reports import render_reports, update_readme

if __name__ == "__main__":
    root = Path(__file__).resolve().parent.parent
    reports, readme = root / "benchmarks" / "reports", root / "README.md"
    for path, text in render_reports(reports).items():
        path.write_text(text, encoding="utf-8")
    readme.write_text(update_readme(readme.read_text(encoding="utf-8"), reports), encoding="utf-8")
