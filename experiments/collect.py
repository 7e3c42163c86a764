"""Gather ``result.json`` files: every value as CSV, or a table with paired differences between maskings.

python experiments/collect.py RUNS            one row a run
python experiments/collect.py RUNS --table    mean, standard deviation and n over seeds, as Markdown
"""

import csv
import json
import sys
from collections import defaultdict
from pathlib import Path
from statistics import fmean, stdev

COLUMNS = (
    "task",
    "model",
    "masking",
    "shots",
    "seed",
    "pretrain_seed",
    "n_train",
    "n_test",
    "accuracy",
    "auc",
    "f1",
    "mcc",
)
BASELINE = "random"


def main(runs: Path, *, table: bool) -> None:
    """Print the results below a directory of runs."""
    found = [
        json.loads(path.read_text(encoding="utf-8")) for path in sorted(runs.glob("finetune/*/result.json"))
    ]
    if not found:
        sys.exit(f"{runs} holds no finetune/*/result.json.")
    found.sort(key=lambda result: [str(result[name]).zfill(6) for name in COLUMNS[:6]])
    if table:
        print_table(found)
        return
    writer = csv.DictWriter(sys.stdout, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(found)


def print_table(found: list[dict]) -> None:
    """Print one row a cell; differences are taken seed by seed, on the same episodes."""
    cells: dict[tuple, dict[int, dict]] = defaultdict(dict)
    for result in found:
        cells[result["task"], result["model"], result["shots"], result["masking"]][result["seed"]] = result
    print(
        f"| task | model | shots | masking | n | accuracy | AUC | accuracy - {BASELINE} | AUC - {BASELINE} |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for (*cell, masking), results in sorted(cells.items(), key=str):
        scores = [spread([result[score] for result in results.values()]) for score in ("accuracy", "auc")]
        base = cells.get((*cell, BASELINE), {})
        shared = sorted(results.keys() & base.keys()) if masking != BASELINE else []
        gains = [
            spread([results[seed][score] - base[seed][score] for seed in shared])
            for score in ("accuracy", "auc")
        ]
        print("|", *(f"{value} |" for value in (*cell, masking, len(results), *scores, *gains)))


def spread(values: list[float]) -> str:
    """Mean and standard deviation to three decimals."""
    if len(values) < 2:
        return "-" if not values else f"{values[0]:.3f}"
    return f"{fmean(values):.3f} ± {stdev(values):.3f}"


if __name__ == "__main__":
    main(Path(sys.argv[1]), table="--table" in sys.argv[2:])
