"""What every stage is handed, and how it builds its artefacts."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from genomask.experiment.config.schema import Config
from genomask.experiment.store.artefact import Artefact
from genomask.experiment.store.store import Store


@dataclass(frozen=True)
class Context:
    """One run: its settings, and where its artefacts are. Runs of one process may share ``identified``, so that a
    genome's file is hashed once for all of them."""

    config: Config
    store: Store
    identified: dict[str, Artefact] = field(default_factory=dict, repr=False)

    def with_values(self, **values: Any) -> "Context":
        """The run with other values, those of a group as a dict, from which nothing else in it follows."""
        config, saved = {}, {}
        for name, value in values.items():
            grouped = isinstance(value, dict)
            config[name] = replace(getattr(self.config, name), **value) if grouped else value
            saved[name] = self.store.config.get(name, {}) | value if grouped else value
        store = replace(self.store, config=self.store.config | saved)
        return replace(self, config=replace(self.config, **config), store=store)

    def identify(self, source: Any, make: Callable[[], Artefact]) -> Artefact:
        """The artefact that reading this source gives, made only once among the runs that share."""
        name = repr(source)
        if name not in self.identified:
            self.identified[name] = make()
        return self.identified[name]


def builds(
    artefact: Callable[[Context], Artefact],
    *,
    needs: Callable[[Context], Iterable[Any]] = lambda _: (),
    resume_from: str | None = None,
) -> Callable[[Callable[..., object]], Callable[[Context], Path]]:
    """Turn a function that fills an artefact's directory into one that takes a run and returns the finished
    directory. The function takes the run, the directory and what ``needs`` returns. All else is as in
    ``Store.build``."""

    def builder(fill: Callable[..., object]) -> Callable[[Context], Path]:
        def build(run: Context) -> Path:
            needed, filled = partial(needs, run), partial(fill, run)
            return run.store.build(artefact(run), filled, needs=needed, resume_from=resume_from)

        build.__doc__ = fill.__doc__
        return build

    return builder
