"""Build every artefact once: complete or not at all, by one process while the others wait."""

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from filelock import FileLock, Timeout

from genomask.console import note, say
from genomask.experiment.store.artefact import MANIFEST, Artefact, Json, verify, write_manifest
from genomask.files import read_json, sync, sync_tree

CONFIG = "rerun.yaml"
BUILDING = ".building"  # ends the name of a directory that is not finished
FULL = (None, errno.ENOSPC, errno.EDQUOT)  # numpy writes what fits and says so without a number


@dataclass(frozen=True)
class Store:
    """All artefacts below one directory, each with the configuration of the run that built it. Stores of one process
    may share ``checked``, artefacts that were found whole, and ``announced``, those that a line was printed about."""

    root: Path
    config: Json = field(default_factory=dict)
    checked: set[Path] = field(default_factory=set, repr=False, compare=False)
    announced: set[Path] = field(default_factory=set, repr=False, compare=False)

    def path(self, artefact: Artefact) -> Path:
        """Where the artefact is, or will be."""
        return artefact.folder or self.root / artefact.place

    def building(self, artefact: Artefact) -> Path:
        """Where the artefact is while it is built."""
        return self.path(artefact).with_name(self.path(artefact).name + BUILDING)

    def check_room(self, needed: int) -> None:
        """Refuse a directory that cannot be written to, or whose disk has less room than ``needed`` bytes."""
        root = self.root.absolute()
        place = next(folder for folder in (root, *root.parents) if folder.exists())
        if not (place.is_dir() and os.access(place, os.W_OK)):
            raise PermissionError(f"{self.root} cannot be written: {place} is no directory that can be written to.")
        free = shutil.disk_usage(place).free
        if free < needed:
            sizes = f"{free / 1e6:,.0f} MB are free, and this run writes about {needed / 1e6:,.0f} MB"
            raise OSError(f"{self.root} cannot be written: {sizes}. Make room, or set paths.runs.")

    def has(self, artefact: Artefact) -> bool:
        """Whether the artefact is built. A directory under its final name is always complete."""
        return self.path(artefact).is_dir()

    def seconds(self, artefact: Artefact) -> float | None:
        """Seconds that an artefact took to build; None if it is not here."""
        manifest = self.path(artefact) / MANIFEST
        return read_json(manifest)["seconds"] if manifest.is_file() else None

    def open(self, artefact: Artefact) -> Path:
        """Return the directory of an artefact that is built; a damaged one is a ValueError."""
        path = self.path(artefact)
        if path not in self.checked:
            verify(path, artefact)
            self.checked.add(path)
            if path not in self.announced:
                say(f"cached {path}", style="dim")
                self.announced.add(path)
        return path

    def build(
        self,
        artefact: Artefact,
        builder: Callable[..., object],
        *,
        needs: Callable[[], Iterable[Any]] = tuple,
        resume_from: str | None = None,
    ) -> Path:
        """Return the artefact's directory, built by ``builder`` if it is not there yet. That fills the directory
        from what ``needs`` returns, which is called only then, and may return counts for the manifest. An
        interrupted build goes on in its directory if that holds a file of the pattern ``resume_from``, else in an
        empty one. Raises ValueError if the artefact is there but is damaged."""
        if not self.has(artefact):
            inputs = needs()
            with self.claim(artefact, wait=True):
                if not self.has(artefact):
                    self._build(artefact, lambda directory: builder(directory, *inputs), resume_from)
                    return self.path(artefact)
        return self.open(artefact)

    def _build(self, artefact: Artefact, builder: Callable[[Path], object], resume_from: str | None) -> None:
        final, building = self.path(artefact), self.building(artefact)
        _clear(building, unless=resume_from)
        building.mkdir(parents=True, exist_ok=True)
        say(f"build  {final}")
        self.announced.add(final)
        started = time.perf_counter()
        try:
            found = builder(building)
            counts = found if isinstance(found, Mapping) else {}
            seconds = time.perf_counter() - started
            dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)  # ten times as fast, where libyaml is there
            (building / CONFIG).write_text(yaml.dump(self.config, Dumper=dumper, sort_keys=False), encoding="utf-8")
            write_manifest(building, artefact, seconds=seconds, config=self.config, counts=counts)
            sync_tree(building)
        except BaseException as error:
            _clear(building, unless=resume_from)
            if type(error) is OSError:  # its subclasses say themselves what is wrong
                hint = " Is the disk full?" if error.errno in FULL else ""
                raise OSError(f"{final} cannot be written: {error}.{hint}") from error
            raise
        building.rename(final)
        sync(final.parent)
        for what, count in counts.items():
            note(count.line(what))
        say(f"done   {final} ({seconds:.1f} s)", style="dim")

    @contextmanager
    def claim(self, artefact: Artefact, *, wait: bool = False) -> Iterator[bool]:
        """Hold the artefact's lock through a block that may build it; without ``wait``, False if another process
        does. The operating system lets go of the lock when the process ends, however it ends."""
        file = _lock_file(self.root, artefact.place)
        file.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(file, is_singleton=True)  # one a process, so that a claim may build
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if not wait:
                yield False
                return
            say(f"wait   {self.path(artefact)} (another process is building it)")
            lock.acquire()
        try:
            yield True
        finally:
            lock.release()


def _clear(building: Path, *, unless: str | None) -> None:
    """Remove a directory that nothing can go on from."""
    if unless is None or not any(building.glob(unless)):
        shutil.rmtree(building, ignore_errors=True)


def is_held(root: Path, artefact: str) -> bool:
    """Whether a living process claims or builds the artefact ``KIND/NAME`` below the root."""
    file = _lock_file(root, artefact)
    try:
        with FileLock(file, timeout=0) if file.is_file() else nullcontext():
            return False
    except Timeout:
        return True


def _lock_file(root: Path, artefact: str) -> Path:
    return root / ".locks" / artefact.replace("/", "-")
