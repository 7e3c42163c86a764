"""Every block of code in README and docs/ works as it stands there."""

import re

import pytest

from documented import LANGUAGES, ROOT, evaluate

PAGES = [
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))
]


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_composes_and_its_python_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    evaluate(ROOT / page, small=False)


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if "tutorials/" in page])
def test_a_tutorial_runs_from_top_to_bottom_with_a_tiny_model(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    evaluate(ROOT / page, small=True)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_fences_nothing_that_no_test_would_look_at(page):
    fences = re.findall(r"^ *```(.*)$", (ROOT / page).read_text(encoding="utf-8"), flags=re.M)
    assert len(fences) % 2 == 0
    assert set(fences) <= LANGUAGES
