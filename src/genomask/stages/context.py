"""What every stage is handed."""

from dataclasses import dataclass

from genomask.config.schema import Config
from genomask.store.store import Store


@dataclass(frozen=True)
class Context:
    """One run: its settings, and where its artefacts are."""

    config: Config
    store: Store
