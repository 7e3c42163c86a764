"""The code of docs/library.md runs as it stands, and the notebook's outputs are of its code."""

import gzip
import json
import re
from pathlib import Path

import numpy as np
import pytest

from genomask.models.bert import masked_language_model
from genomask.models.export import export_encoder
from genomask.models.settings import ModelSettings
from genomask.tokens.kmer import KmerTokens

DOCS = Path(__file__).parents[2] / "docs"
NOTEBOOK = DOCS / "tour.ipynb"


def test_the_code_of_the_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    draw = np.random.default_rng(0)
    with gzip.open("my.fa.gz", "wt") as file:
        file.write(">chr1\n" + "".join(draw.choice(list("ACGT"), 50_000)) + "\n")
    rows = ["".join(draw.choice(list("ACGT"), 20)) for _ in range(16)]
    lines = ["sequence,label", *(f"{row},{number % 2}" for number, row in enumerate(rows))]
    Path("mine.csv").write_text("\n".join(lines))
    settings = ModelSettings("tiny", 16, 2, 2, 32, 0.1, 0.1, 8, max_tokens=64)
    Path("runs/encoder/NAME").mkdir(parents=True)
    tokens = KmerTokens()
    export_encoder(masked_language_model(settings, tokens, seed=0), Path("runs/encoder/NAME"), tokens)
    names: dict = {}
    for block in re.findall(r"```python\n(.*?)```", (DOCS / "library.md").read_text(), re.DOTALL):
        exec(block, names)
    assert len(names["best"]) == 10
    assert names["vectors"].shape == (2, 16)
    assert names["probability"].shape == (16, 2)
    assert Path("masked.png").read_bytes().startswith(b"\x89PNG")


def cells():
    return [cell for cell in json.loads(NOTEBOOK.read_text())["cells"] if cell["cell_type"] == "code"]


def test_the_notebook_was_run_from_top_to_bottom_without_an_error():
    assert [cell["execution_count"] for cell in cells()] == list(range(1, len(cells()) + 1))
    outputs = [output for cell in cells() for output in cell["outputs"]]
    assert not [output for output in outputs if output["output_type"] == "error"]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 2
    assert "/" + "tmp" not in NOTEBOOK.read_text()


def test_the_notebook_runs(tmp_path):
    nbformat, client = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client.NotebookClient(notebook, timeout=500, resources={"metadata": {"path": str(tmp_path)}}).execute()
    said = ["".join(output.get("text", "")) for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("accuracy" in text for text in said)
