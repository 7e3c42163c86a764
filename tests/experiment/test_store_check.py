"""What has changed on the disk since it was written is found, named, and removed on request."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genomask.experiment.store.artefact import Artefact
from genomask.experiment.store.runs import check as main
from genomask.experiment.store.runs import damage
from genomask.experiment.store.store import Store
from genomask.files import written

SOURCE = Artefact("genome", "toy", {"bases": 10})
TABLE = Artefact("rank", "toy-eq1", {"k": 6, "share": 0.1}, (SOURCE,))


def write(directory: Path) -> None:
    (directory / "table.csv").write_text("kmer,rank\nATATAT,1\n")


@pytest.fixture
def runs(tmp_path) -> Path:
    store = Store(tmp_path / "runs", {"seed": 3})
    for artefact in (SOURCE, TABLE):
        store.build(artefact, write)
    return store.root


def test_whole_artefacts_pass(runs, capsys):
    assert main([str(runs)]) == 0
    assert "2 artefacts checked, 0 damaged" in capsys.readouterr().out


@given(
    place=st.floats(0, 1, exclude_max=True),
    bit=st.integers(0, 7),
    name=st.sampled_from(["table.csv", "manifest.json"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_any_flipped_bit_is_found_and_its_file_named(runs, place, bit, name):
    file = Store(runs).path(TABLE) / name
    content = file.read_bytes()
    changed = bytearray(content)
    changed[int(place * len(changed))] ^= 1 << bit
    file.write_bytes(changed)
    found = damage(file.parent)
    with pytest.raises(ValueError, match=f"is damaged: .*{name}"):
        Store(runs).open(TABLE)
    file.write_bytes(content)
    assert found is not None
    assert name in found
    assert damage(file.parent) is None


def test_what_is_damaged_is_told_and_removed_on_request_and_then_built_again(runs, capsys):
    store = Store(runs)
    (store.path(TABLE) / "table.csv").write_text("kmer,rank\nATATAT,2\n")
    assert main([str(runs)]) == 1
    assert f"damaged {store.path(TABLE)} is damaged: the content of table.csv" in capsys.readouterr().out
    assert store.has(TABLE)
    assert main([str(runs), "--remove"]) == 0
    assert not store.has(TABLE)
    assert store.has(SOURCE)
    store.build(TABLE, write)
    assert main([str(runs)]) == 0


def test_a_lost_manifest_is_damage(runs):
    (Store(runs).path(SOURCE) / "manifest.json").unlink()
    assert main([str(runs)]) == 1


def test_a_manifest_from_before_manifests_were_hashed_is_read(runs):
    file = Store(runs).path(TABLE) / "manifest.json"
    manifest = json.loads(file.read_text())
    del manifest["sha256"]
    file.write_text(json.dumps(manifest))
    assert damage(file.parent) is None
    manifest["settings"]["k"] = 5
    file.write_text(json.dumps(manifest))
    assert "the content of manifest.json has changed" in str(damage(file.parent))


def test_what_is_still_built_is_passed_over(runs, capsys):
    (runs / "rank" / "toy-00000000.building").mkdir()
    assert main([str(runs)]) == 0
    assert "2 artefacts" in capsys.readouterr().out


def test_no_runs_are_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is none at"):
        main([str(tmp_path / "none")])


def test_a_failed_write_leaves_nothing_and_names_the_file(tmp_path):
    file = tmp_path / "weights"
    file.write_text("half")
    with pytest.raises(OSError, match=r"weights: PytorchStreamWriter failed"), written(file, RuntimeError):
        raise RuntimeError("PytorchStreamWriter failed writing file data/0: file write failed\nmore")
    assert not file.exists()
    with pytest.raises(PermissionError, match="weights"), written(file):
        raise PermissionError(13, "Permission denied")
