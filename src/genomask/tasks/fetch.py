"""Files of a benchmark from the network: complete, readable, and the same every time."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from genomask.files import sha256
from genomask.genome.download import download
from genomask.genome.grch38 import cache_folder

Content = TypeVar("Content")


def fetch(url: str, path: Path, read: Callable[[Path], Content], *, instead: str) -> Content:
    """Download a file unless it is there, read it, and keep its checksum.

    The sources of benchmarks publish no checksums. So the SHA-256 of the first file that could be read is
    written beside it (``<path>.sha256``, as ``sha256sum`` does), and from then on the file must have it.

    Args:
        url: Address of the file.
        path: Where it stays. A file that lies there already, however it came there, is read as it is.
        read: Reads the file; what it raises a ``ValueError`` for is not kept.
        instead: What a user can do without the network, for messages.

    Raises:
        ConnectionError: If the server refuses the file, or it does not arrive.
        ValueError: If what arrives is a web page, cannot be read, or is not what it was the first time.
    """
    record = path.with_name(f"{path.name}.sha256")
    known = record.read_text(encoding="utf-8").split()[0] if record.is_file() else None
    by_hand = path.is_file()
    try:
        download(url, path, sha256=known)
    except ConnectionError as error:
        raise ConnectionError(f"{error} {instead}") from None
    except ValueError as error:
        changed = f" If the source has a new version and you want it, delete {record}." if known else ""
        raise ValueError(f"{error}{changed} {instead}") from None
    try:
        content = read(path)
    except ValueError as error:
        if not by_hand:
            path.unlink()
        raise ValueError(f"{url} gave a file that cannot be used: {error} {instead}") from error
    if known is None:
        record.write_text(f"{sha256(path)}  {path.name}\n", encoding="utf-8")
    return content


def cached(
    url: str, cache: str | None, folder: str, read: Callable[[Path], Content], instead: str
) -> tuple[Path, Content]:
    """Fetch a file into a folder of the cache and read it."""
    path = cache_folder(cache) / folder / url.rpartition("/")[2]
    return path, fetch(url, path, read, instead=instead)
