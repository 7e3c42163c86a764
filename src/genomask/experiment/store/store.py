"""Build every artefact once: complete or not at all, by one process while the others wait."""

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from filelock import FileLock, Timeout

from genomask.console import say
from genomask.experiment.store.artefact import Artefact, Json
from genomask.experiment.store.manifest import verify, write_manifest
from genomask.files import sync, sync_tree

CONFIG = "rerun.yaml"
BUILDING = ".building"  # ends the name of a directory that is not finished
FULL = (None, errno.ENOSPC, errno.EDQUOT)  # numpy writes what fits and says so without a number
Builder = Callable[[Path], None]


@dataclass(frozen=True)
class Store:
    """All artefacts below one directory, each with the configuration of the run that built it.

    Stores of one process may share ``checked``, the artefacts whose bytes were read and found whole, and ``announced``,
    those that a line was printed about: neither is done twice.
    """

    root: Path
    config: Json = field(default_factory=dict)
    checked: set[Path] = field(default_factory=set, repr=False, compare=False)
    announced: set[Path] = field(default_factory=set, repr=False, compare=False)

    def path(self, artefact: Artefact) -> Path:
        """Where the artefact is, or will be."""
        return self.root / artefact.kind / artefact.name

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
            sizes = f"{free / 1e9:.2f} GB are free, and this run writes about {needed / 1e9:.2f} GB"
            raise OSError(f"{self.root} cannot be written: {sizes}. Make room, or set paths.runs.")

    def has(self, artefact: Artefact) -> bool:
        """Whether the artefact is built. A directory under its final name is always complete."""
        return self.path(artefact).is_dir()

    def open(self, artefact: Artefact) -> Path:
        """Return the directory of an artefact that is built, after checking every byte of it.

        Raises:
            ValueError: If the artefact is damaged.
        """
        path = self.path(artefact)
        if path not in self.checked:
            verify(path, artefact)
            self.checked.add(path)
            if path not in self.announced:
                say(f"cached {path}", style="dim")
                self.announced.add(path)
        return path

    def build(self, artefact: Artefact, builder: Builder, *, resume_from: str | None = None) -> Path:
        """Return the artefact's directory, built by ``builder`` if it is not there yet.

        Args:
            artefact: What to build.
            builder: Fills the directory that it is given.
            resume_from: A pattern of files from which an interrupted build can go on: a directory that holds
                one is handed to the next builder; otherwise that begins with an empty one.

        Raises:
            ValueError: If the artefact is there but is damaged.
        """
        if not self.has(artefact):
            with self._only_builder(artefact):
                if not self.has(artefact):
                    self._build(artefact, builder, resume_from)
                    return self.path(artefact)
        return self.open(artefact)

    def _build(self, artefact: Artefact, builder: Builder, resume_from: str | None) -> None:
        final, building = self.path(artefact), self.building(artefact)
        _clear(building, unless=resume_from)
        building.mkdir(parents=True, exist_ok=True)
        say(f"build  {final}")
        self.announced.add(final)
        started = time.perf_counter()
        try:
            builder(building)
            seconds = time.perf_counter() - started
            (building / CONFIG).write_text(yaml.safe_dump(self.config, sort_keys=False), encoding="utf-8")
            write_manifest(building, artefact, seconds=seconds, config=self.config)
            sync_tree(building)
        except BaseException as error:
            _clear(building, unless=resume_from)
            if type(error) is OSError:  # its subclasses say themselves what is wrong
                hint = " Is the disk full?" if error.errno in FULL else ""
                raise OSError(f"{final} cannot be written: {error}.{hint}") from error
            raise
        building.rename(final)
        sync(final.parent)
        say(f"done   {final} ({seconds:.1f} s)", style="dim")

    @contextmanager
    def _only_builder(self, artefact: Artefact) -> Iterator[None]:
        """Hold the artefact's lock. The operating system lets go of it when the process ends, however."""
        lock = self._lock(artefact)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            say(f"wait   {self.path(artefact)} (another process is building it)")
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def claim(self, artefact: Artefact) -> Iterator[bool]:
        """Hold the artefact's lock through a block that may build it; False if another process has it."""
        lock = self._lock(artefact)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def _lock(self, artefact: Artefact) -> FileLock:
        file = _lock_file(self.root, f"{artefact.kind}/{artefact.name}")
        file.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(file, is_singleton=True)  # one a process, so that a claim may build


def _clear(building: Path, *, unless: str | None) -> None:
    """Remove a directory that nothing can go on from."""
    if unless is None or not any(building.glob(unless)):
        shutil.rmtree(building, ignore_errors=True)


def is_held(root: Path, artefact: str) -> bool:
    """Whether a living process claims or builds the artefact ``KIND/NAME`` below the root."""
    file = _lock_file(root, artefact)
    if not file.is_file():
        return False
    lock = FileLock(file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def _lock_file(root: Path, artefact: str) -> Path:
    return root / ".locks" / artefact.replace("/", "-")
