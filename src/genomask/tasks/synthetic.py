"""The synthetic twins of the three benchmarks: the embedded default, which needs no download."""

from dataclasses import dataclass

from genomask.checks import require_choice
from genomask.genome.encoded import EncodedGenome
from genomask.genome.synthetic.settings import SyntheticGenome
from genomask.genome.synthetic.task import TASKS, synthetic_task
from genomask.tasks.examples import Benchmark, benchmark
from genomask.tasks.origin import Source


@dataclass
class SyntheticTask(Source):
    """One of the three tasks, built of the elements of the default synthetic genome with this seed."""

    twin: str
    name: str
    seed: int = 0

    def __post_init__(self) -> None:
        require_choice(self.twin, "task.twin", TASKS)

    def fingerprint(self) -> dict[str, object]:
        """What shapes the rows: the twin and the genome's settings."""
        return {"twin": self.twin, "genome": self._genome().fingerprint()}

    def read(self, genome: EncodedGenome | None = None) -> Benchmark:  # noqa: ARG002
        """Generate pool and test set."""
        rows = synthetic_task(self._genome(), self.twin)
        pool, test = ([(text, str(label)) for text, label in rows[part]] for part in ("train", "test"))
        task = benchmark(pool, test)
        return task._replace(origin={"source": f"synthetic twin of {self.twin}, seed {self.seed}", "files": []})

    def _genome(self) -> SyntheticGenome:
        return SyntheticGenome(seed=self.seed)
