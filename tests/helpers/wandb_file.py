"""Read W&B's offline file: LevelDB log frames around protobuf records. wandb's own reader is gone."""

import json
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from wandb.proto.wandb_internal_pb2 import Record

BLOCK, HEADER, FILE_HEADER = 32768, 7, 7  # bytes; a file begins with ":W&B", a magic number and a version
FULL, FIRST, LAST = 1, 2, 4
PATIENCE = 60  # seconds


class Logged(NamedTuple):
    """What one offline run holds: how it presented itself, what it logged, and how it ended."""

    group: str
    job_type: str
    tags: list[str]
    config: dict[str, Any]
    history: list[dict[str, Any]]
    summary: dict[str, Any]
    exit_code: int | None


def read_offline(path: Path) -> Logged:
    """The content of a ``.wandb`` file, once W&B has ended it, which may be after the run is finished."""
    deadline = time.monotonic() + PATIENCE
    while (found := _read(path)).exit_code is None and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def _read(path: Path) -> Logged:
    run, config, history, summary, exit_code = None, {}, [], {}, None
    for record in records(path.read_bytes()):
        match record.WhichOneof("record_type"):
            case "run":
                run = record.run
                config |= _items(record.run.config.update)
            case "config":
                config |= _items(record.config.update)
            case "history":
                history.append(_items(record.history.item))
            case "summary":
                summary |= _items(record.summary.update)
            case "exit":
                exit_code = record.exit.exit_code
    if run is None:
        return Logged("", "", [], {}, [], {}, None)
    return Logged(run.run_group, run.job_type, list(run.tags), config, history, summary, exit_code)


def records(data: bytes) -> Iterator[Record]:
    """Put the frames of every record together again."""
    if data[:4] != b":W&B":
        return
    place, parts = FILE_HEADER, b""
    while place + HEADER <= len(data):
        left = BLOCK - place % BLOCK
        if left < HEADER:
            place += left
            continue
        _, size, kind = struct.unpack("<IHB", data[place : place + HEADER])
        part = data[place + HEADER : place + HEADER + size]
        if len(part) < size:
            return  # still being written
        place += HEADER + size
        parts = part if kind in (FULL, FIRST) else parts + part
        if kind in (FULL, LAST):
            yield Record.FromString(parts)


def _items(items) -> dict[str, Any]:
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}
