"""A disk that is full, read-only or loses bits costs one line that names the file, never a number."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from genomask.experiment.store.runs import check as main
from genomask.experiment.store.runs import damage, finished
from trainings import fingerprint, share, train, write_data


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> tuple[Path, tuple[str, ...], dict]:
    """A run with all of its artefacts, the words for it, and what it came to."""
    folder = tmp_path_factory.mktemp("whole")
    words = (*write_data(folder), "pretrain.max_steps=8", "pretrain.validate_every=4", "fs.plain_epochs=1")
    ended = train(words, folder)
    assert ended.code == 0, ended.printed
    return folder, words, {kind: fingerprint(folder, kind) for kind in ("encoder", "finetune")}


def size(folder: Path) -> int:
    """Kilobytes on the disk."""
    measured = subprocess.run(["du", "-sk", folder], capture_output=True, text=True, check=True)
    return int(measured.stdout.split()[0])


def one_line(printed: str) -> str:
    """The error that a run ended with."""
    assert "Traceback" not in printed, printed
    (line,) = [line for line in printed.splitlines() if line.startswith("error: ")]
    return line


def test_a_full_disk_costs_one_line_and_no_number(case, whole, small_disk, tmp_path, record_property):
    _, words, expected = whole
    room = random.Random(f"disk {case}").randint(16, size(whole[0] / "runs"))
    disk = small_disk(room)
    ended = train(words, disk, log=tmp_path / "printed-0", unforeseen=case % 4 > 0)
    assert ended.code in (0, 1), ended.printed
    if ended.code:
        assert str(disk) in one_line(ended.printed), ended.printed
        built = finished(disk / "runs") if (disk / "runs").is_dir() else []
        assert all(damage(artefact) is None for artefact in built)
        subprocess.run(["mount", "-o", "remount,size=50m", str(disk)], check=True)
        again = train(words, disk, log=tmp_path / "printed-1")
        assert again.code == 0, f"{room} kB\n{ended.printed}\n{again.printed}"
    assert {kind: fingerprint(disk, kind) for kind in expected} == expected
    record_property("full disks", int(bool(ended.code)))


def test_a_disk_that_cannot_be_written_to_is_read(whole, small_disk, tmp_path, record_property):
    source, words, _ = whole
    disk = small_disk(50_000)
    shutil.copytree(source / "runs", disk / "runs")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    ended = train(words, disk, log=tmp_path / "printed-0")
    assert ended.code == 0, ended.printed
    ended = train((*words, "seed=1"), disk, log=tmp_path / "printed-1")
    assert ended.code == 1
    assert "cannot be written" in one_line(ended.printed)
    assert str(disk) in ended.printed
    record_property("read-only disks", 1)


def test_a_flipped_bit_or_a_lost_end_is_found_and_mended(case, whole, tmp_path, record_property):
    source, words, expected = whole
    shutil.copytree(source / "runs", tmp_path / "run" / "runs")
    runs, dice = tmp_path / "run" / "runs", random.Random(f"damage {case}")
    files = [path for path in sorted(runs.glob("*/*/**/*")) if path.is_file() and path.stat().st_size]
    for _ in range(20):
        file = dice.choice(files)
        content = file.read_bytes()
        file.write_bytes(damaged(content, dice))
        assert main([str(runs)]) == 1, f"{file} was damaged, and nobody saw"
        artefact = next(folder for folder in finished(runs) if folder in file.parents)
        assert file.name in str(damage(artefact))
        file.write_bytes(content)
    file = dice.choice([path for path in files if path.relative_to(runs).parts[0] in ("finetune", "encoder")])
    file.write_bytes(damaged(file.read_bytes(), dice))
    if file.relative_to(runs).parts[0] == "encoder":
        shutil.rmtree(runs / "finetune")  # so that the encoder is needed again
    ended = train(words, tmp_path / "run")
    assert ended.code == 1, ended.printed
    assert "is damaged" in one_line(ended.printed)
    assert file.name in one_line(ended.printed)
    assert main([str(runs), "--remove"]) == 0
    again = train(words, tmp_path / "run")
    assert again.code == 0, again.printed
    assert {kind: fingerprint(tmp_path / "run", kind) for kind in expected} == expected
    record_property("damaged files", 21)


def damaged(content: bytes, dice: random.Random) -> bytes:
    """The content without its end, or with one bit of it flipped."""
    place = dice.randrange(len(content))
    if dice.random() < 0.3:
        return content[:place]
    return content[:place] + bytes([content[place] ^ (1 << dice.randrange(8))]) + content[place + 1 :]


def test_a_damaged_checkpoint_is_refused_by_name(whole, tmp_path, record_property):
    source, words, expected = whole
    folder = tmp_path / "run"
    share(source, folder, "genome")
    from strikes import Strike

    train(words, folder, strike=Strike("between micro-batches", "SIGTERM", count=18))
    (checkpoint,) = folder.glob("runs/encoder/*.building/checkpoints/*.ckpt")
    content = bytearray(checkpoint.read_bytes())
    content[len(content) // 2] ^= 1
    checkpoint.write_bytes(content)
    ended = train(words, folder)
    assert ended.code == 1, ended.printed
    assert f"{checkpoint} is damaged" in one_line(ended.printed)
    checkpoint.unlink()
    assert train(words, folder).code == 0
    assert fingerprint(folder, "encoder") == expected["encoder"]
    record_property("damaged checkpoints", 1)
