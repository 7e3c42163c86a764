"""What every stage is handed."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from genomask.experiment.config.schema import Config
from genomask.experiment.store.artefact import Artefact
from genomask.experiment.store.store import Store


@dataclass(frozen=True)
class Context:
    """One run: its settings, and where its artefacts are.

    Runs of one process may share ``identified``, so that a genome's file is hashed once for all of them.
    """

    config: Config
    store: Store
    identified: dict[str, Artefact] = field(default_factory=dict, repr=False)

    def with_values(self, **values: Any) -> "Context":
        """The run with other seeds or shots, from which nothing else in its configuration follows."""
        store = replace(self.store, config={**self.store.config, **values})
        return replace(self, config=replace(self.config, **values), store=store)

    def with_settings(self, group: str, **values: Any) -> "Context":
        """The run with other settings of a group."""
        saved = {**self.store.config, group: {**self.store.config.get(group, {}), **values}}
        config = replace(self.config, **{group: replace(getattr(self.config, group), **values)})
        return replace(self, config=config, store=replace(self.store, config=saved))

    def identify(self, source: Any, make: Callable[[], Artefact]) -> Artefact:
        """The artefact that reading this source gives, made only once among the runs that share."""
        name = repr(source)
        if name not in self.identified:
            self.identified[name] = make()
        return self.identified[name]
