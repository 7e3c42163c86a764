"""Stage ``motifs`` from the command line: its parts, its files, its refusals."""

import csv
import json
from importlib import util

import numpy as np
import pytest

from compose import composed
from genomask.alphabet import kmer_code
from genomask.analysis.motifs.known import matched_kmers, read_jaspar
from genomask.analysis.motifs.tables import logo_sheet, meme_text
from genomask.experiment.stages.motif_searches import discovered_artefact, learned_artefact
from genomask.experiment.stages.motifs import known_artefact
from genomask.experiment.stages.run import check, run_stages
from genomask.ranking.table import identity_ranking, write_ranking
from genomask.tasks.arrays import open_benchmark

SMALL = (
    "stage=motifs", "motifs.jaspar=null", "motifs.permutations=50", "logger=csv", "trainer=cpu",
    "genome.bases=100000", "genome.chromosomes=1", "genome.promoters=5", "genome.enhancers=5",
)  # fmt: skip
TINY = (
    "model.hidden_size=16", "model.layers=1", "model.heads=2", "model.intermediate_size=16",
    "pretrain=none", "pretrain.max_steps=0", "masking=random", "pretrain.validation_segments=8",
    "pretrain.calibration_segments=60", "shots=2", "motifs.attributed=60", "motifs.steps=2",
    "motifs.most=2", "motifs.alpha=0.5",
)  # fmt: skip


def run(runs, *overrides: str) -> None:
    run_stages(composed(*SMALL, f"paths.runs={runs}", *overrides))


def counts(directory) -> dict:
    """What an artefact says it has read, and by what reason it used less; both must add up."""
    found = json.loads((directory / "manifest.json").read_text())["counts"]
    assert all(count["read"] == count["used"] + sum(count["refused"].values()) for count in found.values())
    return {what: (count["read"], count["used"]) for what, count in found.items()}


def test_planted_motifs_are_reported_drawn_and_written_for_other_programs(tmp_path, capsys):
    run(tmp_path, "motifs.parts=[discovery]", "motifs.lengths=[6]")
    printed = capsys.readouterr().out
    assert "planted motifs: recall 1.00, precision 1.00" in printed
    directory = next(tmp_path.glob("motifs/discovered-synthetic_prom_core-*"))
    names = {path.name for path in directory.iterdir()}
    assert {f"motifs-logos.{kind}" for kind in ("pdf", "png", "svg")} <= names
    found = json.loads((directory / "motifs.json").read_text())["motifs"]
    held = [record for record in found if record["holds"]]
    assert (directory / "motifs.meme").read_text().count("MOTIF genomask-") == len(held) >= 5
    assert all(np.array(record["matrix"]).sum(axis=1) == pytest.approx(1, abs=1e-5) for record in found)
    with (directory / "ranks.csv").open() as file:
        ranks = list(csv.DictReader(file))
    assert {row["ranking"] for row in ranks} == {"eq1", "released"}
    assert all(1 <= int(row["rank"]) <= 4096 for row in ranks)

    task = open_benchmark(next(tmp_path.glob("task/synthetic_prom_core-*")))
    pool, test = len(task.pool.labels), len(task.test.labels)
    assert counts(directory) == {"sequences to search": (pool, pool), "sequences to test on": (test, test)}
    run(tmp_path, "motifs.parts=[discovery]", "motifs.lengths=[6]")
    assert "build " not in capsys.readouterr().out


def test_a_search_says_how_many_sequences_were_not_drawn_or_hold_no_word(tmp_path, capsys):
    tables = {"train": ["ACGTACGTAC", "ACGTNTGCAN", "GGCCGGCCTT"] * 4, "test": ["ACGTACGTAC", "ACG"] * 4}
    for name, rows in tables.items():
        lines = [f"{sequence},{label}" for label in (0, 1) for sequence in rows]
        (tmp_path / f"{name}.csv").write_text("\n".join(["sequence,label", *lines]))
    task = ("task=csv", f"task.train={tmp_path}/train.csv", f"task.test={tmp_path}/test.csv", "motifs.rows=21")
    run(tmp_path, "motifs.parts=[discovery]", "motifs.lengths=[6]", *task)
    found = counts(next(tmp_path.glob("motifs/discovered-*")))
    (pool, searched), test = found.values()
    assert (pool, test) == (24, (16, 8))
    assert 21 - 8 <= searched < 21
    printed = capsys.readouterr().out
    assert f"24 sequences to search read, {searched} used; refused: 3 not drawn (motifs.rows), " in printed
    assert "16 sequences to test on read, 8 used; refused: 8 without a word of 6 bases" in printed


def test_anyones_ranking_stands_beside_those_of_the_genome(tmp_path):
    given = tmp_path / "mine.csv"
    write_ranking(identity_ranking(6), given)
    run(tmp_path, "motifs.parts=[ranking]", f"motifs.rankings=[{given}]")
    with next(tmp_path.glob("motifs/known-synthetic-*/consensus.csv")).open() as file:
        rows = list(csv.DictReader(file))
    assert {row["ranking"] for row in rows} == {"eq1", "released", "mine"}
    assert list(counts(next(tmp_path.glob("motifs/known-synthetic-*")))) == ["consensus motifs"]
    (tata,) = [row for row in rows if row["ranking"] == "mine" and row["motif"] == "nTATAAAr"]
    assert (int(tata["rank"]), int(tata["paper"])) == (kmer_code("TATAAA") + 1, 242)


def test_a_classifier_is_fine_tuned_kept_and_attributed(tmp_path, capsys):
    run(tmp_path, "motifs.parts=[learned]", *TINY)
    printed = capsys.readouterr().out
    assert "looks at, by gradient" in printed
    assert "looks at, by attention" in printed
    directory = next(tmp_path.glob("motifs/learned-synthetic_prom_core-logo-random-*"))
    summary = json.loads((directory / "gradient.json").read_text())
    assert summary["unexplained"] < 0.1
    assert summary["recovery"]["recall"] >= 0
    scores = np.load(directory / "gradient.npy")
    assert scores.shape == (60, 70)
    found = counts(directory)
    assert found.pop("test sequences")[1] == 60
    assert [name for name, (_, used) in found.items() if used] == ["seqlets (gradient)", "seqlets (attention)"]
    model = next(tmp_path.glob("finetune/*/model"))

    run(tmp_path, "motifs.parts=[learned]", f"motifs.classifier='{model}'", *TINY)
    given = next(tmp_path.glob("motifs/learned-synthetic_prom_core-given-*"))
    np.testing.assert_array_equal(np.load(given / "gradient.npy"), scores)
    with pytest.raises(ValueError, match=r"motifs\.classifier needs a classifier of 0, 1"):
        run(tmp_path, "motifs.parts=[learned]", f"motifs.classifier='{_renamed(model, tmp_path)}'", *TINY)


def _renamed(model, tmp_path):
    """The classifier with other classes."""
    other = tmp_path / "other"
    other.mkdir()
    for path in model.iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    config = json.loads((other / "config.json").read_text())
    config["id2label"] = {"0": "a", "1": "b"}
    config["label2id"] = {"a": 0, "b": 1}
    (other / "config.json").write_text(json.dumps(config))
    return other


def test_a_part_is_built_anew_for_what_shapes_it_and_for_nothing_else(tmp_path):
    def names(*overrides: str) -> tuple[str, str, str]:
        made = composed(*SMALL, f"paths.runs={tmp_path}", *overrides)
        return known_artefact(made).name, discovered_artefact(made).name, learned_artefact(made).name

    usual = names()
    for override, changed in (
        ("motifs.known_q=0.2", (True, False, False)),
        ("motifs.strata=1", (False, True, False)),
        ("motifs.steps=3", (False, False, True)),
        ("motifs.seed=1", (True, True, True)),
        ("vocab=quota", (True, False, False)),
        ("seed=5", (False, False, True)),
        ("motifs.parts=[ranking]", (False, False, False)),
    ):
        found = names(override)
        assert tuple(one != other for one, other in zip(usual, found, strict=True)) == changed, override


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("motifs.parts=[dreams]", "motifs.parts needs one of ranking, discovery, learned"),
        ("motifs.jaspar=2023", "motifs.jaspar needs null or one of"),
        ("motifs.lengths=[12]", "motifs.lengths needs 4 to 8"),
        ("motifs.alpha=0", "motifs.alpha needs a share between 0 and 1; found 0"),
        ("motifs.rows=0", "motifs.rows needs at least 1; found 0"),
    ],
)
def test_an_impossible_setting_is_refused(override, message):
    with pytest.raises(ValueError, match=message):
        composed(override)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("motifs.parts=[discovery]", "motifs.positive=7"), r"motifs\.positive needs one of 0, 1; found '7'"),
        (("motifs.parts=[learned]", "motifs.positive=7"), r"motifs\.positive needs one of 0, 1; found '7'"),
        (("motifs.parts=[learned]", "motifs.jaspar=2024", "motifs.group=fish"), r"motifs\.group needs a taxonomic"),
        (("motifs.parts=[learned]", "model=modernbert"), r"needs a BERT, whose embeddings it interpolates"),
        (("motifs.parts=[ranking]", "motifs.rankings=[nowhere.csv]"), r"motifs\.rankings needs files"),
        (("motifs.parts=[learned]", "motifs.classifier=nowhere"), r"Weights need a folder; nowhere is none"),
    ],
)
def test_an_input_that_is_not_there_costs_one_line(tmp_path, overrides, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        run(tmp_path, *overrides)
    assert not list(tmp_path.glob("motifs/*")), "nothing half-written stays behind"
    assert not list(tmp_path.glob("encoder/*")), "nothing is trained"


def test_without_the_extra_the_stage_says_what_to_install(monkeypatch):
    there = util.find_spec
    monkeypatch.setattr("genomask.checks.find_spec", lambda name: None if name == "memelite" else there(name))
    with pytest.raises(ValueError, match=r"needs memelite: run pip install '\.\[motifs\]'"):
        check(composed("stage=motifs"))
    check(composed("stage=motifs", "motifs.jaspar=null"))
    check(composed())


def record(name: str, *, holds: bool) -> dict:
    matrix = np.tile([0.7, 0.1, 0.1, 0.1], (6, 1)).tolist()  # A, T, C, G
    return {
        "name": name, "q": 0.01, "holds": holds, "matches": [], "matrix": matrix,
        "positives": [3, 4], "negatives": [1, 4],
    }  # fmt: skip


def test_only_motifs_that_hold_are_drawn_and_handed_on():
    records = [record("AAAAAA", holds=True), record("AAAAAw", holds=False)]
    assert "MOTIF genomask-1 AAAAAA" in meme_text(records)
    assert "AAAAAw" not in meme_text(records)
    titles = [axes.get_title(loc="left") for axes in logo_sheet(records).axes]
    assert [title for title in titles if title] == ["AAAAAA   75% against 25%"]
    tallest = max(patch.get_window_extent().height for patch in logo_sheet(records).axes[0].patches)
    assert tallest > 0


def test_the_letters_of_a_logo_are_as_high_as_their_share_of_the_bits():
    axes = logo_sheet([record("AAAAAA", holds=True)]).axes[0]
    tops = sorted(patch.get_path().get_extents(patch.get_transform() - axes.transData).y1 for patch in axes.patches)
    bits = 2 + 0.7 * np.log2(0.7) + 0.3 * np.log2(0.1)
    assert tops[-1] == pytest.approx(bits, abs=0.02)


def test_jaspar_has_the_motifs_that_are_known_of_it():
    known = read_jaspar(2014, "vertebrates")
    assert len(known) == 205
    names = {target.name for target in known}
    assert {"TBP", "SP1", "GATA2"} <= names
    with pytest.raises(ValueError, match=r"motifs\.group needs a taxonomic group of JASPAR 2014; found 'fish'"):
        read_jaspar(2014, "fish")


@pytest.mark.slow
def test_tomtom_names_the_factors_of_well_known_6_mers():
    matches = matched_kmers(read_jaspar(2024, "vertebrates"), 6)
    assert matches[kmer_code("TATAAA")].name == "TBP"
    assert matches[kmer_code("CCGGAA")].name.startswith(("EL", "ET", "GABP", "FL", "ER"))
    assert matches[kmer_code("GATAAG")].name.startswith("GATA")
    assert all(0 <= match.p <= 1 and match.p <= match.q + 1e-12 for match in matches)
    assert matches[kmer_code("CCTCCC")].p == pytest.approx(matches[kmer_code("GGGAGG")].p, rel=0.2)


@pytest.mark.slow
def test_the_whole_stage_matches_tests_and_draws(tmp_path, capsys):
    run(tmp_path, "motifs.jaspar=2014", "motifs.parts=[ranking,discovery]", "motifs.lengths=[6]")
    printed = capsys.readouterr().out
    assert "eq1 (" in printed
    assert "released (" in printed
    assert "vocabulary: " in printed
    summary = json.loads(next(tmp_path.glob("motifs/known-*/enrichment.json")).read_text())
    assert set(summary["rankings"]) == {"eq1", "released"}
    assert set(summary["rankings"]["eq1"]["matched"]["top"]) == {"20", "100", "1024"}
    found = json.loads(next(tmp_path.glob("motifs/discovered-*/motifs.json")).read_text())["motifs"]
    assert all(len(record["matches"]) == 3 for record in found)
