"""What a directory of runs holds is listed; what nothing needs is removed, and nothing else."""

import re

import pytest

from genomask.experiment.store.artefact import Artefact
from genomask.experiment.store.runs import main, needless, prune, stored
from genomask.experiment.store.store import Store

GENOME = Artefact("genome", "toy", {"seed": 0})
UNUSED = Artefact("genome", "toy", {"seed": 1})
ENCODER = Artefact("encoder", "logo", {"pretrain": {"max_steps": 100, "batch": 32}}, (GENOME,))


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
    printed = capsys.readouterr().out
    assert re.search(rf"0\.0 MB +\d s ago +1 +genome/{GENOME.name}\n", printed)
    assert re.search(rf"- +encoder/{ENCODER.name} +100 steps of 32\n", printed)
    assert re.search(r"MB +3 artefacts", printed)


def test_draws_share_a_line_and_probes_use_their_embeddings(tmp_path, capsys):
    store, task = Store(tmp_path), Artefact("task", "toy", {})
    embedded = Artefact("embed", "toy-logo", {}, (ENCODER, task))
    settings = {"classifier": {"kind": "probe"}}
    probes = [Artefact("finetune", f"toy-probe-seed={n}", settings | {"seed": n}, (ENCODER, task)) for n in range(3)]
    tuned = Artefact("finetune", "toy-logo-seed=0", {"seed": 0}, (ENCODER, task))
    for artefact in (embedded, *probes, tuned):
        store.build(artefact, lambda folder: (folder / "data").write_bytes(b"x"))
    assert {one.folder.name: one.used_by for one in stored(tmp_path)}[embedded.name] == 3
    main([str(tmp_path)])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["finetune/toy-probe", "3", "results"] in [line[-3:] for line in lines]
    assert [f"finetune/{tuned.name}"] in [line[-1:] for line in lines]


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
