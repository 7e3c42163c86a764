"""What an artefact is: a name that follows from everything that shaped it, and nothing else."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

Json = dict[str, Any]  # JSON values only; json.dumps below refuses the rest


class Count(NamedTuple):
    """How many of something a build has read: ``read`` is ``used`` and, by reason, what was ``refused``."""

    read: int
    used: int
    refused: Mapping[str, int]

    def line(self, what: str) -> str:
        """The count as a person reads it."""
        reasons = ", ".join(f"{count:,} {why}" for why, count in self.refused.items() if count)
        return f"{self.read:,} {what} read, {self.used:,} used" + (f"; refused: {reasons}" if reasons else "")


def digest_of(value: object) -> str:
    """SHA-256 of a JSON value, independent of key order and white space."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True)
class Artefact:
    """A directory yet to be built, or built already: its kind, and the settings and inputs that shape it.

    The code's version is deliberately absent: it is recorded in the manifest, and a change of code that
    changes bytes raises the ``format`` number in the settings of the artefact concerned.

    One that exists elsewhere has its ``folder``, and its digest is ``known``.
    """

    kind: str
    label: str
    settings: Json
    inputs: tuple["Artefact", ...] = field(default=())
    folder: Path | None = None
    known: str | None = None

    @property
    def digest(self) -> str:
        """Hash of kind, settings and inputs; equal digests mean equal artefacts."""
        if self.known is not None:
            return self.known
        inputs = {artefact.kind: artefact.digest for artefact in self.inputs}
        return digest_of({"kind": self.kind, "settings": self.settings, "inputs": inputs})

    @property
    def name(self) -> str:
        """Directory name: readable first, then enough of the hash to tell two settings apart."""
        return f"{self.label}-{self.digest[:8]}"

    @property
    def place(self) -> str:
        """``KIND/NAME`` below the directory of runs."""
        return f"{self.kind}/{self.name}"
