"""The synthetic twins of the three benchmarks: the embedded default, which needs no download."""

from dataclasses import dataclass

from genomask.checks import require_choice
from genomask.genome.synthetic.settings import SyntheticGenome
from genomask.genome.synthetic.task import TASKS, synthetic_task
from genomask.tasks.examples import Benchmark, benchmark


@dataclass
class SyntheticTask:
    """One of the three tasks, built of the elements of the default synthetic genome with this seed."""

    twin: str
    name: str
    seed: int = 0

    def __post_init__(self) -> None:
        require_choice(self.twin, "task.twin", TASKS)

    def fingerprint(self) -> dict[str, object]:
        """What shapes the rows: the twin and the genome's settings."""
        return {"twin": self.twin, "genome": self._genome().fingerprint()}

    def read(self) -> Benchmark:
        """Generate pool and test set."""
        rows = synthetic_task(self._genome(), self.twin)
        pool, test = ([(text, str(label)) for text, label in rows[part]] for part in ("train", "test"))
        return benchmark(pool, test)

    def _genome(self) -> SyntheticGenome:
        return SyntheticGenome(seed=self.seed)
