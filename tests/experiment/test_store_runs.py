"""What a directory of runs holds is listed; what nothing needs is removed, and nothing else."""

import pytest

from genomask.experiment.store.artefact import Artefact
from genomask.experiment.store.runs import main, needless, prune, stored
from genomask.experiment.store.store import Store

GENOME = Artefact("genome", "toy", {"seed": 0})
UNUSED = Artefact("genome", "toy", {"seed": 1})
ENCODER = Artefact("encoder", "logo", {"steps": 1}, (GENOME,))


@pytest.fixture
def runs(tmp_path):
    store = Store(tmp_path / "runs")
    for artefact in (GENOME, UNUSED, ENCODER):
        store.build(artefact, lambda folder: (folder / "data").write_bytes(b"x" * 1000))
    store.building(Artefact("task", "half", {})).mkdir(parents=True)
    return store.root


def test_every_artefact_is_listed_with_its_size_and_uses(runs, capsys):
    assert {one.folder.name: one.used_by for one in stored(runs)} == {GENOME.name: 1, UNUSED.name: 0, ENCODER.name: 0}
    assert all(one.bytes > 1000 for one in stored(runs))
    assert main([str(runs)]) == 0
    assert f"used by 1    genome/{GENOME.name}" in capsys.readouterr().out


def test_pruning_asks_first_and_removes_unused_inputs_and_interrupted_builds_alone(runs, monkeypatch):
    names = [folder.name for folder in needless(runs)]
    assert names == [f"{Artefact('task', 'half', {}).name}.building", UNUSED.name]
    monkeypatch.setattr("builtins.input", lambda _: "n")
    assert prune([str(runs)]) == 1
    assert needless(runs)
    assert prune([str(runs), "--yes"]) == 0
    assert [one.folder.name for one in stored(runs)] == [ENCODER.name, GENOME.name]
    assert needless(runs) == []


def test_a_build_that_a_process_works_on_is_kept(runs):
    half = Artefact("task", "half", {})
    with Store(runs).claim(half):
        assert [folder.name for folder in needless(runs)] == [UNUSED.name]
