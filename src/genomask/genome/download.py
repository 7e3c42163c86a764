"""Downloads a large file: resumes, retries, checks, and shows the file only when it is complete."""

import hashlib
import os
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from typing import Final, TypeVar

from filelock import FileLock

from genomask.checks import require
from genomask.console import progress, say
from genomask.files import sha256 as file_sha256

Content = TypeVar("Content")

_CHUNK: Final = 1 << 18
_TRY_AGAIN: Final = (408, 416, 425, 429)  # answers, besides 5xx, after which another try may succeed
_BROKEN: Final = (urllib.error.URLError, HTTPException, ConnectionError, TimeoutError, ssl.SSLError)


def download(
    url: str,
    path: Path,
    *,
    sha256: str | None = None,
    md5: str | None = None,
    tries: int = 6,
    timeout: float = 30.0,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Download a file, unless it is there already with the right checksum. What has arrived lies in ``<path>.part``,
    its version in ``<path>.part.from``; the next try, or program, goes on from there if the server's file is the same.
    Pauses are 1, 2, 4, ... seconds; after ``timeout`` seconds of silence a connection counts as broken. Raises
    ConnectionError if the file does not arrive; ValueError if what arrives is a web page, or has another checksum."""
    require(url.startswith(("http://", "https://")), "A download", "an http or https address", url)
    path.parent.mkdir(parents=True, exist_ok=True)
    checksums = {"sha256": sha256, "md5": md5}
    part = path.with_name(f"{path.name}.part")
    with FileLock(f"{path}.lock"):
        if path.is_file() and not _difference(path, checksums):
            return
        for attempt in range(tries):
            problem, may_succeed = _try(url, part, timeout)
            if not problem:
                break
            last = not may_succeed or attempt == tries - 1
            if last:
                of = f" (in the last of {tries} tries; what has arrived is kept)" if may_succeed else ""
                by_hand = f"Or get the file by other means and put it at {path}"
                raise ConnectionError(f"{url} cannot be downloaded: {problem}{of}. {by_hand}.")
            say(f"{url}: {problem}; next try in {2**attempt} s")
            sleep(2.0**attempt)
        difference = _difference(part, checksums)
        _note(part).unlink()
        if difference:
            part.unlink()
            raise ValueError(f"{url} gave a file with {difference}; what arrived was deleted. Try again.")
        part.replace(path)


def fetch(url: str, path: Path, read: Callable[[Path], Content], *, instead: str) -> Content:
    """Download a file unless it is there, ``read`` it, and keep its checksum. The sources of benchmarks publish none:
    that of the first file that could be read is written to ``<path>.sha256``, and from then on the file must have it.
    Messages say what to do ``instead``. Raises ConnectionError if the file does not arrive; ValueError if it cannot be
    read, or is not what it was the first time."""
    record, by_hand = path.with_name(f"{path.name}.sha256"), path.is_file()
    known = record.read_text(encoding="utf-8").split()[0] if record.is_file() else None
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
        record.write_text(f"{file_sha256(path)}  {path.name}\n", encoding="utf-8")
    return content


def cache_folder(cache: str | None) -> Path:
    """Where downloads stay: the given folder, else folder genomask of the user's cache (XDG_CACHE_HOME)."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "genomask"
    return Path(cache or home).expanduser()


def _try(url: str, part: Path, timeout: float) -> tuple[str, bool]:
    """Ask once for the file: what stood in the way, if anything, and whether another try may succeed."""
    try:
        _receive(url, part, timeout)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            part.unlink(missing_ok=True)  # as long as the file or longer: begin again
        return f"the server answers {error.code} {error.reason}", error.code >= 500 or error.code in _TRY_AGAIN
    except _BROKEN as error:
        return str(error) or type(error).__name__, True
    return "", False


def _receive(url: str, part: Path, timeout: float) -> None:
    """Ask once for what is missing, and begin again if the server's file is not the same any more."""
    note = _note(part)
    address, _, version = note.read_text(encoding="utf-8").partition("\n") if note.is_file() else ("", "", "")
    start = part.stat().st_size if part.is_file() and address == url and version else 0
    headers = {"Range": f"bytes={start}-", "If-Range": version} if start else {}
    request = urllib.request.Request(url, headers={"User-Agent": "genomask", **headers})
    with urllib.request.urlopen(request, timeout=timeout) as response:
        if response.headers.get_content_type() == "text/html":
            raise ValueError(f"{url} answers with a web page; does the network or a proxy ask for a login?")
        resumed = response.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        if not resumed:
            part.unlink(missing_ok=True)
            tag = response.headers.get("ETag", "W/")  # what tells this version of the file from another, if anything
            version = response.headers.get("Last-Modified", "") if tag.startswith("W/") else tag
            note.write_text(f"{url}\n{version}", encoding="utf-8")
        if response.status == HTTPStatus.PARTIAL_CONTENT and not resumed:
            raise HTTPException("the server sent another part of the file than it was asked for")
        size = start * resumed + int(response.headers.get("Content-Length", 0))
        title = f"Downloading {url.rpartition('/')[2]}"
        with part.open("ab") as file, progress(title, float(size)) as advance:
            advance(file.tell())
            while piece := response.read1(_CHUNK):
                file.write(piece)
                advance(len(piece))
            if file.tell() < size:
                raise ConnectionError(f"the connection broke after {file.tell():,} of {size:,} bytes")


def _note(part: Path) -> Path:
    """Where it is written which version of the server's file a part belongs to."""
    return part.with_name(f"{part.name}.from")


def _difference(path: Path, checksums: dict[str, str | None]) -> str:
    """The first checksum that is not as it should be; nothing if all are."""
    for algorithm, needed in checksums.items():
        if needed:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, algorithm).hexdigest()
            if found != needed.lower():
                return f"{algorithm} {found} instead of {needed}"
    return ""
