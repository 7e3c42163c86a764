"""Test sets that are split off: stratified, deterministic, and nothing alike on both sides."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Int64, UInt8

from genomask.alphabet import encode
from genomask.checks import require, require_choice
from genomask.genome.names import chromosome
from genomask.genome.sequences import reverse_complement
from genomask.seeds import generator
from genomask.tasks.alike import NO_PAIRS, Pairs, concatenate, near_pairs
from genomask.tasks.examples import pack
from genomask.tasks.readers import Row, Tally

CLUSTER_K, CLUSTER_SHARE = 12, 0.5  # rows of a cluster share this much of the k-mers of the one that has fewer
SPLIT_BY = ("random", "cluster", "chromosome")
_WHOLE = {"random": "sequence with all its copies", "cluster": "whole cluster", "chromosome": "whole chromosome"}


@dataclass(kw_only=True)
class SplitRule:
    """How a test set is split off: ``test_share`` of the rows, or the fold number ``fold`` (from 0) of ``folds`` of
    equal size, or the chromosomes ``holdout``. ``split_by`` says what stays on one side: ``random`` equal sequences and
    reverse complements only, ``cluster`` also rows that near duplicates connect, ``chromosome`` all rows of a
    chromosome. ``split_seed`` draws the rows."""

    test_share: float = 0.1
    split_by: str = "random"
    holdout: list[str] | None = None
    folds: int | None = None
    fold: int = 0
    split_seed: int = 0

    @property
    def chosen(self) -> bool:
        """Whether a test set is to be held out although the table has one."""
        return bool(self.holdout or self.folds or self.split_by != "random")

    def check_rule(self) -> None:
        """Refuse settings that are out of range."""
        require(0 < self.test_share < 1, "task.test_share", "a share between 0 and 1", self.test_share)
        require_choice(self.split_by, "task.split_by", SPLIT_BY)
        require(self.folds is None or self.folds >= 2, "task.folds", "at least 2", self.folds)
        last = (self.folds or 1) - 1
        require(0 <= self.fold <= last, "task.fold", f"a number from 0 to {last}", self.fold)
        require(self.split_seed >= 0, "task.split_seed", "at least 0", self.split_seed)


def divide(
    rows: list[Row], train: str, test: str, rule: SplitRule, tally: Tally
) -> tuple[list[Row], list[Row], dict[str, Any]]:
    """The pool and the test set of one table, and for the benchmark's origin how a test set was held out, if it was.
    Raises ValueError if the column of splits never says ``train`` or never says ``test``."""
    words = [row.split.strip().lower() for row in rows]
    if not any(words) or rule.chosen:
        in_test, held = hold_out(rows, rule)
        tally.say(held.pop("note"))
        pool, held_out = ([rows[row] for row in np.flatnonzero(side).tolist()] for side in (~in_test, in_test))
        return pool, held_out, held
    sides = {name.lower(): list[Row]() for name in (train, test)}
    for row, word in zip(rows, words, strict=True):
        if word in sides:
            sides[word].append(row)
        else:
            tally.leave_out(f"whose split is {word or 'empty'}")
    for name in (train, test):
        if not sides[name.lower()]:
            says = ", ".join(sorted(set(words))[:8])
            raise ValueError(f"{rows[0].path}: the column of splits needs rows that say {name}; it says {says}.")
    return sides[train.lower()], sides[test.lower()], {}


def hold_out(rows: Sequence[Row], rule: SplitRule) -> tuple[Bool[np.ndarray, " rows"], dict[str, Any]]:
    """Choose the test set of a table that has none; returns which rows it is, and for the benchmark's origin how it was
    chosen and what a split by chance would have leaked. Raises ValueError if places are needed and not known."""
    by_place = rule.holdout or rule.split_by == "chromosome"
    where = "task.holdout" if rule.holdout else "task.split_by=chromosome"
    chromosomes = [chromosome(row.place.record) for row in rows if row.place is not None]
    placed = len(chromosomes) == len(rows) or not by_place
    require(placed, where, "rows with places: task.places=[chrom,start,end,strand]", "none")
    if by_place:
        group = join_groups([chromosomes], len(rows))
    else:
        examples = pack((encode(row.sequence) for row in rows), np.zeros(len(rows), dtype=np.int64))
        alike = near_pairs(examples, examples, k=CLUSTER_K, share=CLUSTER_SHARE) if rule.split_by == "cluster" else ()
        group = join_groups([canonical(examples.rows())], len(rows), alike)
    if rule.holdout:
        wanted = {chromosome(name) for name in rule.holdout}
        absent = sorted(wanted - set(chromosomes))
        require(not absent, "task.holdout", "chromosomes that have rows", ", ".join(absent))
        in_test, how = np.array([name in wanted for name in chromosomes]), f"chromosomes {', '.join(rule.holdout)}"
    else:
        number = {label: str(at) for at, label in enumerate(dict.fromkeys(row.label for row in rows))}
        in_test = _draw(group, ["" if by_place else number[row.label] for row in rows], rule)
        how = f"{rule.split_by}, seed {rule.split_seed}"
    if not in_test.any():
        held = f"task.test_share={rule.test_share:g} of {len(group):,} rows"
        raise ValueError(f"{held} holds no {_WHOLE[rule.split_by]}: raise task.test_share.")
    by_chance = np.zeros(len(group), dtype=bool)
    by_chance[generator(rule.split_seed, "task", "chance").permutation(len(group))[: int(in_test.sum())]] = True
    leaked = int((np.isin(group, group[~by_chance]) & by_chance).sum())
    how += f", fold {rule.fold} of {rule.folds}" if rule.folds else ""
    what = "chromosome" if by_place else {"random": "sequence"}.get(rule.split_by, rule.split_by)
    return in_test, {
        "held_out": how,
        "groups": len(np.unique(group)),
        "test_rows_beside_their_group_by_chance": leaked,
        "note": f"test set held out by {how}; a split by chance would leave {leaked:,} of {int(in_test.sum()):,} test "
        f"rows a pool row of their own {what}",
    }


def _draw(group: Int64[np.ndarray, " rows"], labels: Sequence[str], rule: SplitRule) -> Bool[np.ndarray, " rows"]:
    """The test set, or fold after fold from what the folds before have left."""
    left, chosen = np.arange(len(group)), np.zeros(len(group), dtype=bool)
    for number in range(rule.fold + 1 if rule.folds else 1):
        share = 1 / (rule.folds - number) if rule.folds else rule.test_share
        stratum, stream = [labels[row] for row in left.tolist()], ("task", "split", number)
        side = draw_test_side(group[left], stratum, share=share, seed=rule.split_seed, stream=stream)
        chosen = np.isin(np.arange(len(group)), left[side])
        left = left[~side]
    return chosen


def draw_test_side(
    group: Int64[np.ndarray, " rows"],
    stratum: Sequence[str] | np.ndarray,
    *,
    share: float,
    seed: int,
    stream: Sequence[str | int] = ("promoters", "split"),
) -> Bool[np.ndarray, " rows"]:
    """Choose the rows of the test set: ``share`` of every stratum (that of a group's first row), whole groups only, so
    that it has ``round(share * rows)`` rows, unless no group fits a gap. ``stream`` names the draw."""
    first, sizes = np.unique(group, return_index=True, return_counts=True)[1:]
    names, of_group = np.unique(np.asarray(stratum)[first], return_inverse=True)
    wanted = share * np.bincount(of_group, weights=sizes, minlength=len(names))
    quota = np.floor(wanted).astype(int)
    short = round(share * len(group)) - quota.sum()
    quota[np.argsort(quota - wanted, kind="stable")[:short]] += 1
    chosen = np.zeros(len(sizes), dtype=bool)
    draw = generator(seed, *stream)
    for number, room in enumerate(quota.tolist()):
        for candidate in draw.permutation(np.flatnonzero(of_group == number)).tolist():
            if sizes[candidate] <= room:
                chosen[candidate] = True
                room -= int(sizes[candidate])  # noqa: PLW2901  (what is left of this quota)
    return chosen[np.unique(group, return_inverse=True)[1]]


def join_groups(
    keys: Iterable[Sequence[Hashable]], rows: int, alike: Iterable[Pairs] = ()
) -> Int64[np.ndarray, " rows"]:
    """Put rows that share any key, or are alike, into one group, named by its first row."""
    group, links = np.arange(rows), [concatenate(NO_PAIRS, alike)[:2]]
    for column in keys:
        first = {key: row for row, key in reversed([*enumerate(column)])}
        links.append((group, np.array([first[key] for key in column], dtype=np.int64)))
    one, other = map(np.concatenate, zip(*links, strict=True))
    while True:
        lowest, shared = group.copy(), np.minimum(group[one], group[other])
        np.minimum.at(lowest, one, shared)
        np.minimum.at(lowest, other, shared)
        lowest = lowest[lowest]
        if (lowest == group).all():
            return group
        group = lowest


def canonical(sequences: Iterable[UInt8[np.ndarray, " _bases"]]) -> list[bytes]:
    """A key that a sequence shares with its reverse complement and with no other sequence."""
    return [min(one.tobytes(), reverse_complement(one).tobytes()) for one in sequences]
