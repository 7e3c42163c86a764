"""Spoilt model folders are read as they are or refused in one line, and no pickle of a stranger is run."""

import json
import pickle
import shutil
import zipfile
from collections import Counter
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch

from fuzz_cases import LONG_RUN, SLOW
from fuzz_models import FOLDERS, SETTINGS, TOKENS, Folder, literal_tensors, spoil_folder
from genomask.models.checkpoint import read_weights
from genomask.models.export import classifier_folder, open_classifier
from genomask.models.initial import load_dnabert
from tiny_models import drawn_classifier

NAMES = [folder.name for folder in FOLDERS]


def judge(kind: Folder, sound: Path, number: int, work: Path) -> str:
    """How opening a spoilt folder ended."""
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(sound, work)
    name = spoil_folder(work, Random(f"{kind.name} {number}"))
    try:
        opened = kind.open(work)
    except (ValueError, OSError) as error:
        text = str(error)
        assert "\n" not in text, text
        assert str(work) in text, text
        assert len(text) < 1000, text
        return "refused"
    if name.endswith(".safetensors"):
        written = literal_tensors((work / name).read_bytes())
        for tensor, values in opened.items():
            np.testing.assert_array_equal(values.numpy(), written[tensor].astype(np.float32))
    elif kind.name != "dnabert-old":  # a plain pickle has no checksum
        for tensor, values in kind.open(sound).items():
            assert torch.equal(opened[tensor], values), tensor
    return "accepted"


def run_cases(kind: Folder, numbers: range, folder: Path) -> Counter[str]:
    (folder / "sound").mkdir()
    kind.make(folder / "sound")
    outcomes: Counter[str] = Counter()
    for number in numbers:
        try:
            outcomes[judge(kind, folder / "sound", number, folder / "work")] += 1
        except Exception as error:
            raise AssertionError(f"{kind.name}, case {number}: {error!r}") from error
    return outcomes


@pytest.mark.parametrize("kind", FOLDERS, ids=NAMES)
@pytest.mark.timeout(SLOW * 30)
def test_a_spoilt_model_folder_is_read_as_it_is_or_refused_in_one_line(tmp_path, kind):
    outcomes = run_cases(kind, range(40), tmp_path)
    assert outcomes["refused"] > 5
    assert outcomes["accepted"] > 0


@pytest.mark.faults
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", FOLDERS, ids=NAMES)
def test_many_spoilt_model_folders_are_read_as_they_are_or_refused_in_one_line(tmp_path, kind):
    outcomes = run_cases(kind, range(1000, 1000 + LONG_RUN // 10 // len(FOLDERS)), tmp_path)
    print(f"\n{kind.name}: {dict(outcomes)}")  # noqa: T201  (shown by -s)


class Harm:
    """Runs a command of its own when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize(
    "opener", [read_weights, open_classifier, lambda folder: load_dnabert(folder, SETTINGS, TOKENS)]
)
def test_a_pickle_that_would_run_a_command_is_refused_unrun(tmp_path, zipped, inside, opener):
    mark, folder = tmp_path / "harm", tmp_path / "model"
    folder.mkdir()
    harm = {"bert.embeddings.word_embeddings.weight": torch.zeros(2), "x": Harm(mark)} if inside else Harm(mark)
    torch.save(harm, folder / "pytorch_model.bin", _use_new_zipfile_serialization=zipped)
    (folder / "config.json").write_text(drawn_classifier().config.to_json_string())
    with pytest.raises(ValueError, match="named tensors alone; it was refused"):
        opener(folder)
    assert not mark.exists()
    pickle.loads(pickle.dumps(Harm(mark)))  # it would have
    assert mark.exists()


def test_weights_that_would_fill_more_memory_than_their_file_are_refused(tmp_path):
    torch.save({"a": torch.zeros(1).expand(10**12)}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"a in .*model\.bin needs an array of numbers"):
        read_weights(tmp_path)
    (tmp_path / "pytorch_model.bin").unlink()
    torch.save({"a": torch.zeros(10**6)}, tmp_path / "plain")
    with zipfile.ZipFile(tmp_path / "plain") as plain:
        parts = {entry.filename: plain.read(entry) for entry in plain.infolist()}
    with zipfile.ZipFile(tmp_path / "pytorch_model.bin", "w", zipfile.ZIP_DEFLATED) as packed:
        for name, part in parts.items():
            packed.writestr(name, part)
    with pytest.raises(ValueError, match=r"model\.bin needs to be whole"):
        read_weights(tmp_path)


def test_a_result_that_is_no_json_is_refused_by_name(tmp_path):
    (tmp_path / "result.json").write_text("{")
    with pytest.raises(ValueError, match=r"result\.json, line 1: no JSON"):
        classifier_folder(tmp_path)


@pytest.mark.parametrize("kind", FOLDERS[1:], ids=NAMES[1:])  # the first is an artefact, checked whole
def test_a_tokenizer_of_another_order_of_kmers_is_refused(tmp_path, kind):
    kind.make(tmp_path)
    TOKENS.save_tokenizer(tmp_path, max_tokens=SETTINGS.max_tokens)
    kind.open(tmp_path)
    file = tmp_path / "tokenizer.json"
    found = json.loads(file.read_text())
    words = found["model"]["vocab"]
    words["AT"], words["AC"] = words["AC"], words["AT"]  # A, C, G, T, as others order them
    file.write_text(json.dumps(found))
    with pytest.raises(ValueError, match=r"AT in .*tokenizer\.json needs id 6 \(bases in the order A"):
        kind.open(tmp_path)


def test_weights_that_are_no_numbers_are_refused(tmp_path):
    torch.save({"a": torch.tensor([1.0, float("nan")])}, tmp_path / "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"a in .*model\.bin needs finite numbers; found 'NaN or inf"):
        read_weights(tmp_path)


def test_arrays_of_objects_are_not_unpickled(tmp_path):
    from genomask.genome.encoded import open_genome, write_genome
    from genomask.tasks.arrays import open_benchmark, write_benchmark
    from genomask.tasks.examples import benchmark

    mark = tmp_path / "harm"
    rows = [("ACGT", "0"), ("GGCC", "1")]
    write_benchmark(benchmark(rows, rows), tmp_path)
    np.save(tmp_path / "pool-bases.npy", np.array([Harm(mark)], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"allow_pickle=False|Python objects"):
        open_benchmark(tmp_path)
    write_genome([("a", [np.zeros(9, dtype=np.uint8)])], tmp_path)
    np.save(tmp_path / "runs.npy", np.array([Harm(mark)], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"allow_pickle=False|Python objects"):
        open_genome(tmp_path)
    assert not mark.exists()
