"""The site of docs/ builds without warnings and without network; what it keeps of the schema is current."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def run(*words: str | Path) -> subprocess.CompletedProcess:
    variables = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, check=False, cwd=ROOT, env=variables
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The site, built with warnings as errors."""
    folder = tmp_path_factory.mktemp("site")
    built = run("-m", "mkdocs", "build", "--strict", "--site-dir", folder)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


def test_no_page_of_the_site_fetches_anything_from_elsewhere(site):
    for page in site.rglob("*.html"):
        fetched = re.findall(r'<(?:script|link|img|iframe)[^>]+(?:src|href)="(https?:[^"]+)"', page.read_text())
        assert fetched == [], page


def test_formulas_are_shown_without_a_script(site):
    method = (site / "method.html").read_text(encoding="utf-8")
    assert method.count("<math ") == (ROOT / "docs/method.md").read_text(encoding="utf-8").count("```math")
    assert "\\frac" not in method


def test_every_module_is_in_the_api_reference(site):
    pages = "".join(page.read_text(encoding="utf-8") for page in (site / "reference/api").glob("*.html"))
    for path in (ROOT / "src/genomask").rglob("*.py"):
        name = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts)
        if path.name != "__init__.py":
            assert f'id="{name}"' in pages, f"{name} is missing"


def test_every_page_of_docs_is_in_the_navigation(site):
    home = (site / "index.html").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert f'href="{page.stem}.html"' in home, page


@pytest.mark.parametrize("script", ["configuration.py", "flow.py"])
def test_what_is_kept_of_the_schema_is_current(script):
    checked = run(ROOT / "docs/_site" / script, "--check")
    assert checked.returncode == 0, checked.stderr


def test_every_setting_of_every_choice_is_in_the_configuration_reference():
    page = (ROOT / "docs/reference/configuration.md").read_text(encoding="utf-8")
    for group in ("masking", "pretrain", "finetune", "fs", "corpus", "vocab", "variants", "leaks"):
        for path in (ROOT / "conf" / group).glob("*.yaml"):
            assert f"`{group}={path.stem}`" in page
            text = path.read_text(encoding="utf-8")
            written = yaml.safe_load(text)
            # A choice that sets other groups too names each of them.
            groups = {key: value for key, value in written.items() if key != "defaults"}
            for owner, own in (groups if "@package _global_" in text else {group: written}).items():
                names = set(own) - {"defaults", "_target_", "name"}
                assert all(f"| `{owner}.{name}` |" in page for name in names), path


def test_every_link_of_the_readme_leads_to_a_file():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:)([^)#]+)", readme)
    assert len(links) > 20
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_numbers_of_the_results_page_are_the_papers_and_the_experiments():
    page = (ROOT / "docs/results.md").read_text(encoding="utf-8")
    table1 = (ROOT / "experiments/paper/table1.csv").read_text(encoding="utf-8").splitlines()
    sources = [
        (ROOT / f"experiments/{name}/README.md").read_text() for name in ("0001-random-vs-pmi-chr20", "0002-baselines")
    ]
    rows = re.findall(r"^\| (Prom-core|Prom-300) \| (\d+) \| (.*) \|$", page, flags=re.M)
    assert len(rows) == 4
    for task, shots, cells in rows:
        paper_random, ours_random, paper_pmi, ours_pmi, kmers, gc = cells.split(" | ")
        for variant, cell in (("ORI (WC+FS)", paper_random), ("PMI (WC+FS)", paper_pmi)):
            printed = next(line.split(",") for line in table1 if line.startswith(f"1,LOGO,{variant},{shots},{task}"))
            assert [float(value) for value in cell.split(" ± ")] == [float(printed[5]), float(printed[6])]
        slug = task.lower().replace("-", "_")
        for row in (
            f"| {slug} | logo | {shots} | random | 5 | {ours_random} |",
            f"| {slug} | logo | {shots} | pmi | 5 | {ours_pmi} |",
            f"| {slug} | kmer_logistic | {shots} | 10 | {kmers} |",
            f"| {slug} | gc | {shots} | 10 | {gc} |",
        ):
            assert any(row in source for source in sources), row
