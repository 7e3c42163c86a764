"""The report: what it shows of made-up runs whose numbers are known, and what it refuses to show."""

import base64
import csv
import gzip
import json
import re

import numpy as np
import pytest
from plotly.offline import get_plotlyjs
from scipy import stats

from genomask.analysis.figure_style import MASKING_COLOUR
from genomask.reports.arms import label_arms, shapes_of, short_name, variant, with_named_tokens
from genomask.reports.build import build_report
from genomask.reports.cells import Cell
from genomask.reports.collect import collect, untrained
from genomask.reports.compare import differences_by_pretraining
from genomask.reports.document import markdown
from genomask.reports.paper import printed, read_table
from genomask.reports.plots import series
from genomask.reports.statistics import compare
from genomask.reports.tool import main
from genomask.reports.write import FILES, latex
from made_runs import make_baseline, make_comparison, make_encoder, make_finetuning, write_curve


def cell(report, label: str, shots: int | str = 10, chosen: str = "") -> Cell:
    (found,) = (c for c in report.cells if (c.label, c.shots, c.chosen) == (label, shots, chosen))
    return found


def arms(found) -> list[str]:
    return label_arms([item.result for item in found.finetunings], shapes_of(found.finetunings, found.encoders))


def section(report, name: str):
    return next((found for found in report.document.sections if found.name == name), None)


def test_a_cell_holds_the_mean_and_sd_of_its_runs_and_the_difference_of_shared_draws(tmp_path):
    scores = make_comparison(tmp_path, shots=(100,))
    report = build_report(tmp_path, baseline="random")
    found = cell(report, "PMI (WC+FS)", 100).summary("accuracy")
    assert (found.n, found.mean) == (10, pytest.approx(scores["pmi"].mean()))
    assert found.sd == pytest.approx(stats.tstd(scores["pmi"]))
    (pair,) = (pair for pair in report.questions.masking if pair.comparisons)
    expected = compare(scores["pmi"], scores["random"])
    assert pair.comparisons["accuracy"].difference == pytest.approx(expected.difference)
    assert pair.comparisons["accuracy"].permutation == expected.permutation
    assert pair.holm["accuracy"] == expected.permutation, "there is nothing else to correct for"

    (line,) = (line for line in markdown(report.document).splitlines() if line.startswith("| PMI | ") and "±" in line)
    _, _, accuracy, draws, pretrainings, difference, _, _, paper_accuracy, *_ = line.split(" | ")
    assert accuracy == f"{found.mean:.3f} ± {found.sd:.3f}"
    assert paper_accuracy == "0.644 ± 0.008", "ours, then the paper's"
    assert difference == f"{expected.difference:+.3f}"
    assert (draws, pretrainings) == ("10", "1"), "a row says how many pretrainings stand behind it"


def test_p_values_are_corrected_over_the_rows_of_a_table(tmp_path):
    make_comparison(tmp_path, shots=(10, 50, 100), seeds=6)
    found = [pair for pair in build_report(tmp_path, baseline="random").questions.masking if pair.comparisons]
    assert [pair.holm["accuracy"] for pair in found] == pytest.approx([3 * 2 / 2**6] * 3)


def test_only_draws_that_both_rows_met_are_compared_and_pretrainings_are_averaged(tmp_path):
    for seed, score in ((0, 0.5), (1, 0.6), (2, 0.9)):
        make_finetuning(tmp_path, "random", accuracy=score, seed=seed)
        make_finetuning(tmp_path, "random", accuracy=score + 0.02, seed=seed, pretrain_seed=1)
    for seed, score in ((0, 0.55), (1, 0.68), (7, 0.1)):
        make_finetuning(tmp_path, "pmi", accuracy=score, seed=seed)
        make_finetuning(tmp_path, "pmi", accuracy=score + 0.04, seed=seed, pretrain_seed=1)
        make_encoder(tmp_path, "pmi", seed=seed)  # seed 7 is of no run
    for seed in (0, 1):
        make_encoder(tmp_path, "random", seed=seed)
    report = build_report(tmp_path, baseline="random")
    (pair,) = (pair for pair in report.questions.masking if pair.comparisons)
    assert pair.comparisons["accuracy"].n == 2
    assert pair.comparisons["accuracy"].difference == pytest.approx(np.mean([0.06, 0.09]))
    assert cell(report, "PMI (WC+FS)").pretrainings == 2
    assert "| 2 pretrainings, 2 draws | " in markdown(report.document), "a comparison says what its interval covers"


def test_pretrainings_of_one_row_stand_beside_each_other_over_the_episodes_that_all_met(tmp_path):
    apart = {"random": {0: (0.5, 0.6, 0.9), 1: (0.52, 0.66)}, "pmi": {0: (0.55, 0.68), 1: (0.5, 0.6, 0.1)}}
    for masking, of in apart.items():
        for pretrain_seed, scores in of.items():
            make_encoder(tmp_path, masking, seed=pretrain_seed)
            for seed, score in enumerate(scores):
                make_finetuning(tmp_path, masking, accuracy=score, seed=seed, pretrain_seed=pretrain_seed)
    report = build_report(tmp_path, baseline="random")
    between, within = stats.tstd([0.615, 0.55]), (stats.tstd([0.55, 0.68]) + stats.tstd([0.5, 0.6])) / 2
    (pair,) = (pair for pair in report.questions.masking if pair.comparisons)
    apart = differences_by_pretraining(pair.cell, pair.baseline, "accuracy")
    assert {seed: np.mean(list(each.values())) for seed, each in apart.items()} == pytest.approx({0: 0.065, 1: -0.04})
    (table, *_) = section(report, "between").tables
    (row,) = (row for row in table.rows if row[:2] == ["Accuracy", "PMI"])
    assert row[2:7] == [f"{between:.3f}", f"{within:.3f}", "2", "0.615, 0.550", "+0.065, -0.040"]
    assert row[2:4] == ["0.046", "0.081"]
    # t = 12.706 at 1 degree of freedom, times 0.0525: wider than by the draws, which scatter less
    assert row[7] == "-0.655 to +0.680"


def test_a_single_pretraining_is_compared_with_no_other(tmp_path):
    make_comparison(tmp_path)
    assert section(build_report(tmp_path, baseline="random"), "between") is None


@pytest.mark.parametrize(
    ("place", "name", "table", "accuracy"),
    [
        (("prom_core", "logo", 10), "PMI (WC+FS)", 1, ("0.54", "0.049")),
        (("prom_300", "dnabert", 500), "ORI (WC)", 1, ("0.888", "0.007")),
        (("cohn_enh", "dnabert", 10), "published weights (FS)", 1, ("0.582", "0.030")),
        (("prom_core", "dnabert", 50), "PMI-VOCAB (WC+FS)", 1, ("0.649", "0.058")),
        (("prom_core", "dnabert", 10), "PMI (WC+HGA+FS)", 2, ("0.585", "0.065")),
        (("prom_300", "dnabert", 1000), "PMI-best (WC)", 1, ("0.898", "0.005")),
    ],
)
def test_rows_stand_beside_the_papers_rows(place, name, table, accuracy):
    found = printed(*place, name)
    assert found is not None
    assert (found.table, found.accuracy) == (table, accuracy)


def test_the_paper_prints_nothing_for_other_tasks_models_and_shots():
    assert printed("synthetic_prom_core", "logo", 10, "PMI (WC+FS)") is None
    assert printed("prom_core", "mine", 10, "PMI (WC+FS)") is None
    assert printed("prom_core", "logo", 20, "PMI (WC+FS)") is None
    assert printed("prom_core", "logo", 10, "no pretraining (FS)") is None
    assert printed("cohn_enh", "dnabert", 100, "PMI (WC+FS)").starred
    assert sum(int(row["words"]) for row in read_table("table5")) == 40_005


def test_rows_are_named_by_what_the_result_says():
    result = {"classifier": "encoder", "masking": "pmi", "wc": "on", "hga": "on", "fs": "on"}
    assert variant(result) == "PMI (WC+HGA+FS)"
    assert variant(result | {"masking": "random", "hga": "off", "fs": "off"}) == "ORI (WC)"
    assert variant(result | {"masking": "none"}) == "no pretraining (FS)"
    assert variant(result | {"masking": "mine", "wc": "off", "hga": "off", "fs": "off"}) == "mine"
    assert variant(result | {"classifier": "kmer_logistic"}) == "k-mer logistic regression"


def test_runs_that_differ_in_more_than_seeds_never_share_a_row(tmp_path):
    for steps in (400, 10_000):
        for seed in (0, 1):
            make_finetuning(tmp_path, "pmi", accuracy=0.6, seed=seed, steps=steps, pretrain_seed=seed)
            make_encoder(tmp_path, "pmi", steps=steps, seed=seed)
    found = collect(tmp_path)
    assert set(arms(found)) == {
        "PMI (WC+FS) [pretrain.max_steps=400]",
        "PMI (WC+FS) [pretrain.max_steps=10000]",
    }
    make_finetuning(tmp_path, "random", accuracy=0.5, task="twin", data="one")
    make_finetuning(tmp_path, "random", accuracy=0.5, task="twin", data="other")
    tasks = {c.task for c in build_report(tmp_path, baseline="random").cells}
    assert len(tasks) == 3, "the same name over other sequences is another task"


def test_a_run_that_kept_its_classifier_shares_the_row_of_those_that_did_not(tmp_path):
    for seed in (0, 1):
        make_finetuning(tmp_path, "random", accuracy=0.6, seed=seed)
    make_finetuning(tmp_path, "random", accuracy=0.6, seed=1, save_model=True)
    make_encoder(tmp_path, "random")
    (found,) = build_report(tmp_path, baseline="random").cells
    assert (found.label, len(found.runs)) == ("ORI (WC+FS)", 2)


def test_no_pretraining_is_no_masking_whatever_was_configured(tmp_path):
    for seed, masking in enumerate(("random", "pmi")):
        make_encoder(tmp_path, masking, steps=0)
        untrained = {"steps": 0, "pretraining": {"max_steps": 0}}
        make_finetuning(tmp_path, masking, accuracy=0.5, seed=seed, **untrained)
    (found,) = build_report(tmp_path, baseline="random").cells
    assert (found.label, len(found.runs)) == ("no pretraining (FS)", 2)


@pytest.mark.parametrize(
    ("model", "name"),
    [({"weights": None}, "none"), ({"weights": "dir"}, "published"), ({}, "none"), ({"path": "dir"}, "published")],
    ids=["logo", "logo with weights", "modernbert", "hf"],
)
def test_weights_without_pretraining_were_drawn_or_published_whatever_the_model(model, name):
    assert untrained({"config": {"model": model}}) == name


def test_pretraining_seeds_of_one_setting_are_one_row_only_while_the_encoders_are_known(tmp_path):
    for seed in (0, 1):
        make_finetuning(tmp_path, "pmi", accuracy=0.6, pretrain_seed=seed)
    found = collect(tmp_path)
    assert len(set(arms(found))) == 2
    for seed in (0, 1):
        make_encoder(tmp_path, "pmi", seed=seed)
    found = collect(tmp_path)
    assert set(arms(found)) == {"PMI (WC+FS)"}


def test_classifiers_without_an_encoder_stand_once_a_task_and_can_be_the_baseline(tmp_path):
    for seed in range(3):
        for model in ("logo", "dnabert"):
            make_finetuning(tmp_path, "random", accuracy=0.6 + seed / 100, seed=seed, model=model)
        make_baseline(tmp_path, "gc", accuracy=0.55, seed=seed)
        make_baseline(tmp_path, "majority", accuracy=0.5, auc=0.5, seed=seed, collapsed=True)
    report = build_report(tmp_path, baseline="gc")
    assert [c.model for c in report.cells if c.label == "GC content"] == ["-"]
    against = [pair for pair in report.questions.masking if pair.cell.label == "ORI (WC+FS)"]
    assert [pair.comparisons["accuracy"].difference for pair in against] == pytest.approx([0.06, 0.06])
    assert not any(c.collapsed for c in report.cells), "a majority vote has one class by design"


def test_encoders_stand_beside_the_strongest_classifier_that_has_none(tmp_path):
    for seed in range(3):
        make_finetuning(tmp_path, "pmi", accuracy=0.6 + seed / 100, seed=seed)
        make_baseline(tmp_path, "gc", accuracy=0.55, auc=0.70, seed=seed)
        make_baseline(tmp_path, "kmer_logistic", accuracy=0.62, auc=0.65, seed=seed)
    (pair,) = build_report(tmp_path, baseline="random").questions.encoder
    assert pair.baseline.label == "GC content", "the strongest by AUC, not the one with the best accuracy"
    assert pair.comparisons["auc"].difference == pytest.approx(0.66 - 0.70)


def test_what_pretraining_added_is_paired_by_the_seed_of_the_pretraining(tmp_path):
    for pretrain_seed, gain in ((0, 0.02), (1, 0.04), (2, 0.06)):
        make_encoder(tmp_path, "random", seed=pretrain_seed, steps=0, curve=())
        make_encoder(tmp_path, "pmi", seed=pretrain_seed)
        for seed in range(4):
            drawn = {"seed": seed, "pretrain_seed": pretrain_seed}
            score = 0.5 + seed / 50 + pretrain_seed / 10
            untrained = {"steps": 0, "pretraining": {"max_steps": 0}}
            make_finetuning(tmp_path, "random", accuracy=score, **drawn, **untrained)
            make_finetuning(tmp_path, "pmi", accuracy=score + gain, **drawn)
    report = build_report(tmp_path, baseline="random")
    (pair,) = report.questions.pretraining
    assert (pair.cell.short, pair.baseline.short) == ("PMI", "no pretraining")
    found = pair.comparisons["auc"]
    assert (found.pretrainings, found.n) == (3, 4)
    assert found.difference == pytest.approx(0.04)
    half = 0.02 / 3**0.5 * stats.t.ppf(0.975, 2)
    assert found.interval == pytest.approx((0.04 - half, 0.04 + half)), "the draws agree, the pretrainings do not"


def test_probes_are_compared_with_probes_only(tmp_path):
    for seed in range(3):
        for masking, score in (("random", 0.5), ("pmi", 0.6)):
            make_finetuning(tmp_path, masking, accuracy=score, seed=seed)
            make_finetuning(tmp_path, masking, accuracy=score + 0.2 + score / 10, seed=seed, classifier="probe", fs="-")
    for masking in ("random", "pmi"):
        make_encoder(tmp_path, masking)
    pairs = {pair.cell.short: pair for pair in build_report(tmp_path, baseline="random").questions.masking}
    assert pairs["PMI, probe"].comparisons["accuracy"].difference == pytest.approx(0.11)
    assert pairs["PMI, encoder"].comparisons["accuracy"].difference == pytest.approx(0.1)


def test_a_row_is_compared_with_the_baseline_of_its_own_masking_rate(tmp_path):
    for seed in (0, 1):
        for rate, score in ((None, 0.5), (0.15, 0.7)):
            make_finetuning(tmp_path, "random", accuracy=score, seed=seed, match_rate=rate)
            make_encoder(tmp_path, "random", match_rate=rate)
        make_finetuning(tmp_path, "span", accuracy=0.6, seed=seed)
        make_finetuning(tmp_path, "pmi", accuracy=0.75, seed=seed, match_rate=0.15)
        make_baseline(tmp_path, "gc", accuracy=0.58, seed=seed)
    for masking, rate in (("span", None), ("pmi", 0.15)):
        make_encoder(tmp_path, masking, match_rate=rate)
    pairs = [pair for pair in build_report(tmp_path, baseline="random").questions.masking if pair.comparisons]
    differences = {pair.cell.label: pair.comparisons["accuracy"].difference for pair in pairs}
    wanted = {"GC content": 0.08, "PMI's spans without PMI (WC+FS)": 0.1, "PMI (WC+FS)": 0.05}
    assert differences == pytest.approx(wanted)


def test_a_row_is_compared_with_the_baseline_whose_other_settings_differ_least(tmp_path):
    for masking, score in (("random", 0.5), ("pmi", 0.6)):
        make_encoder(tmp_path, masking)
        for seed in (0, 1):
            make_finetuning(tmp_path, masking, accuracy=score, seed=seed)
            make_finetuning(tmp_path, masking, accuracy=2 * score - 0.3, seed=seed, learning_rate=1e-4)
    pairs = {pair.cell.label: pair for pair in build_report(tmp_path, baseline="random").questions.masking}
    for rate, difference in ((0.0004, 0.1), (0.0001, 0.2)):
        pair = pairs[f"PMI (WC+FS) [policy.learning_rate={rate}]"]
        assert pair.comparisons["accuracy"].difference == pytest.approx(difference)


def test_a_collapsed_fine_tuning_is_flagged_where_it_stands(tmp_path):
    make_finetuning(tmp_path, "pmi", accuracy=0.5, collapsed=True)
    make_finetuning(tmp_path, "pmi", accuracy=0.6, seed=1)
    assert "1 of 2 collapsed to one class" in markdown(build_report(tmp_path, baseline="random").document)


def test_the_best_of_two_variants_is_marked_and_the_honest_choice_stands_beside_it(tmp_path):
    plain, gradient = {0: (0.60, 0.5), 1: (0.70, 0.9)}, {0: (0.64, 0.8), 1: (0.62, 0.4)}
    for hga, runs in (("off", plain), ("on", gradient)):
        for seed, (test, inside) in runs.items():
            chosen = {"cross_validation": {"folds": 5, "accuracy": inside, "auc": 0.5}}
            make_finetuning(tmp_path, "pmi", accuracy=test, seed=seed, hga=hga, model="dnabert", **chosen)
    report = build_report(tmp_path, baseline="random")
    best = cell(report, "PMI-best (WC+FS)", chosen="test set")
    honest = cell(report, "PMI-best (WC+FS)", chosen="cross-validation")
    assert best.summary("accuracy").mean == pytest.approx((0.60 + 0.70) / 2)
    assert honest.summary("accuracy").mean == pytest.approx((0.64 + 0.70) / 2)
    text = markdown(report.document)
    (line,) = (line for line in text.splitlines() if line.startswith("| PMI-best (WC+FS) † |"))
    assert "| 0.650 ± 0.071 | 2 | 1 |" in line
    assert "| 0.602 ± 0.058 |" in line
    assert "chosen on the test set" in text
    assert not any(pair.comparisons for pair in report.questions.masking if pair.cell.chosen)


def test_lines_join_shots_over_the_policy_of_fs_and_part_where_it_is_ablated(tmp_path):
    make_finetuning(tmp_path, "pmi", accuracy=0.6, shots=10, fs="on")
    make_finetuning(tmp_path, "pmi", accuracy=0.7, shots=500, fs="off")
    assert list(series(build_report(tmp_path, baseline="random").cells)) == ["PMI"]
    make_finetuning(tmp_path, "pmi", accuracy=0.55, shots=10, fs="off")
    lines = series(build_report(tmp_path, baseline="random").cells)
    assert {name: len(line) for name, line in lines.items()} == {"PMI, FS": 1, "PMI": 2}


def test_short_names_hold_what_differs_and_never_hide_a_difference(tmp_path):
    for steps in (400, 10_000):
        make_encoder(tmp_path, "pmi", steps=steps)
        for model in ("logo", "dnabert"):
            make_finetuning(tmp_path, "pmi", accuracy=0.6, steps=steps, model=model)
    cells = build_report(tmp_path, baseline="random").cells
    names = [c.name for c in cells]
    assert {"LOGO PMI, 400 steps", "LOGO PMI, 10,000 steps"} < set(names)
    assert len(set(names)) == len(cells) == 4
    assert cells[0].label.startswith("PMI (WC+FS) [")


def test_a_task_that_is_a_number_keeps_its_folder(tmp_path):
    make_finetuning(tmp_path, "pmi", accuracy=0.6, task="0", folder="/data/GUE/tf/0")
    assert [c.task for c in build_report(tmp_path, baseline="random").cells] == ["tf/0"]


def test_tokens_stand_in_a_name_once():
    shapes = [
        with_named_tokens({"tokens.kind": "kmer", "tokens.k": k, "tokens.stride": stride, "seed": 0}, name)
        for k, stride, name in ((1, 1, "base"), (6, 1, "6-mer"), (6, 6, "6-mer/6"))
    ]
    assert shapes == [{"seed": 0, "tokens": name} for name in ("base", "6-mer", "6-mer/6")]
    unnamed, trained = {"tokens.kind": "kmer", "tokens.k": 6}, {"tokens.kind": "bpe", "tokens.sha256": "1c"}
    assert with_named_tokens(unnamed, None) == unnamed
    assert with_named_tokens(trained, "bpe-1c") == trained, "vocabularies of one name may differ"
    result = {"task": "t", "model": "logo", "masking": "span", "shots": 10, "classifier": "encoder"}
    assert [short_name(result, label, ()) for label in label_arms([result] * 3, shapes)] == [
        "span, base", "span, 6-mer", "span, 6-mer/6",
    ]  # fmt: skip


def test_half_written_and_damaged_artefacts_are_named_and_left_out(tmp_path, capsys):
    make_comparison(tmp_path, shots=(10,), seeds=3)
    (tmp_path / "finetune" / "half.building").mkdir()
    first, second, *_ = sorted((tmp_path / "finetune").glob("*seed=0*"))
    (first / "result.json").write_text('{"accuracy": 0.99')
    (second / "manifest.json").unlink()
    main([str(tmp_path), "--out", str(tmp_path / "out")])
    printed_lines = capsys.readouterr().out.splitlines()
    warnings = [line for line in printed_lines if line.startswith("warning")]
    assert len(warnings) == 2
    assert f"{first.name} is left out: the content of result.json has changed" in warnings[0]
    assert f"{second.name} is left out: it has no manifest.json" in warnings[1]
    with (tmp_path / "out" / "runs.csv").open() as lines:
        assert [row["seed"] for row in csv.DictReader(lines)].count("0") == 0


def test_missing_and_failed_jobs_stand_with_their_reasons(tmp_path):
    from genomask.experiment.sweeps.status import PLAN, record

    sweep = tmp_path / "sweeps" / "table1"
    sweep.mkdir(parents=True)
    jobs = [{"artefact": f"finetune/{name}", "overrides": ["shots=10", f"seed={name}"]} for name in "12"]
    (sweep / PLAN).write_text(json.dumps({"jobs": jobs}))
    again = tmp_path / "sweeps" / "again"  # asks for what the other asks for, and knows of no failure
    again.mkdir()
    (again / PLAN).write_text(json.dumps({"jobs": jobs[:1]}))
    record(sweep, "finetune/1", error="The loss became nan at step 3.", seconds=1.0)
    report = build_report(tmp_path, baseline="random")
    (table,) = section(report, "jobs").tables
    assert [row[0] for row in table.rows] == ["failed", "missing"]
    assert [row[2] for row in table.rows] == ["seed=1", "seed=2"], "what all jobs share is left out"
    assert table.rows[0][3] == "The loss became nan at step 3."
    assert ("jobs", "1 failed, 1 missing") in report.document.facts


def test_encoders_without_fine_tunings_are_reported_with_their_joined_curves(tmp_path):
    encoder = make_encoder(tmp_path, "pmi", curve=((100, 900.0), (200, 880.0)), rate=0.1412)
    write_curve(encoder / "log-from-step=100", ((200, 870.0), (300, 860.0)))
    make_encoder(tmp_path, "random", curve=())
    main([str(tmp_path), "--out", str(tmp_path / "out")])
    with (tmp_path / "out" / "perplexity.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert [(row["step"], row["perplexity_common"], row["perplexity_own"]) for row in rows] == [
        ("100", "900.0", "880.0"), ("200", "870.0", "850.0"), ("300", "860.0", "840.0"),
    ]  # fmt: skip
    text = (tmp_path / "out" / "report.md").read_text()
    assert "| PMI | " in text
    assert "14.12% ± 0.10%" in text
    assert {path.suffix for path in (tmp_path / "out").glob("perplexity.*")} == {".csv", ".pdf", ".png", ".svg"}
    plots = {plot.title: plot for plot in section(build_report(tmp_path, baseline="random"), "pretraining").plots}
    assert list(plots) == ["Perplexity, common mask", "Perplexity, own mask"]
    (line,) = plots["Perplexity, own mask"].data
    assert (line["name"], line["x"], line["y"]) == ("PMI", [100, 200, 300], [880, 850, 840])
    assert line["line"]["color"] == MASKING_COLOUR["pmi"], "an encoder without a curve has no line"


def test_synthetic_data_is_called_so(tmp_path):
    make_finetuning(tmp_path, "pmi", accuracy=0.6, task="synthetic_prom_core")
    report = build_report(tmp_path, baseline="random")
    (warning,) = report.document.warnings
    assert warning.startswith("Synthetic data: synthetic_prom_core.")


def test_the_page_needs_no_network_and_holds_plotly_once(tmp_path):
    make_comparison(tmp_path, seeds=3)
    make_finetuning(tmp_path, "</script><b>", accuracy=0.5)
    main([str(tmp_path)])
    page = (tmp_path / "report" / "report.html").read_text()
    (packed,) = re.findall(r'<script id="plotly" type="application/gzip">([^<]*)</script>', page)
    assert gzip.decompress(base64.b64decode(packed)).decode() == get_plotlyjs()
    ours = page.replace(packed, "")
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", ours)
    assert "<b>" not in ours.replace("&lt;b&gt;", ""), "names are escaped in the page and in its scripts"
    plots = page[page.index("const PLOTS") :]
    assert "NaN" not in plots


def test_every_plot_is_one_that_plotly_accepts(tmp_path):
    from plotly.graph_objects import Figure

    make_comparison(tmp_path, seeds=4)
    make_comparison(tmp_path, seeds=4, task="prom_300")
    make_finetuning(tmp_path, "pmi", accuracy=0.9, shots="full")
    for masking in ("random", "pmi"):
        make_encoder(tmp_path, masking)
    document = build_report(tmp_path, baseline="random").document
    plots = [plot for part in document.sections for plot in part.plots]
    assert len(plots) == 4 + 2 + 2  # curves, differences; perplexities
    for plot in plots:
        assert Figure(plot.data, plot.layout).to_dict()["data"], plot.title


def test_the_latex_table_is_shaped_as_the_papers(tmp_path):
    make_comparison(tmp_path, seeds=3, shots=(10, 100))
    lines = latex(build_report(tmp_path, baseline="random").cells).splitlines()
    text = "\n".join(lines)
    assert r"\multicolumn{2}{c}{Prom-core}" in text
    assert r"LOGO as base model" in text
    assert text.count(r"\begin{tabular}{llcc}") == text.count(r"\end{tabular}") == 1
    rows = [line for line in lines if line.endswith(r"\\") and "multicolumn" not in line]
    assert {line.count("&") for line in rows} == {3}
    assert r" & \textcolor{gray}{paper} & \textcolor{gray}{0.506 $\pm$ 0.017}" in text
    assert text.count(r"\textbf") == 4, "the best of every column and number of shots"


def test_a_report_is_written_over_a_report_and_over_nothing_else(tmp_path):
    runs, out = tmp_path / "runs", tmp_path / "out"
    make_finetuning(runs, "random", accuracy=0.6)
    make_encoder(runs, "random")
    out.mkdir()
    (out / "runs.csv").write_text("mine")
    with pytest.raises(ValueError, match=r"out/runs\.csv is there already: give another name, or --overwrite"):
        main([str(runs), "--out", str(out)])
    assert [path.name for path in out.iterdir()] == ["runs.csv"]
    assert (out / "runs.csv").read_text() == "mine"
    main([str(runs), "--out", str(out), "--overwrite"])
    assert {path.name for path in out.iterdir()} <= set(FILES)
    main([str(runs), "--out", str(out)])


def test_a_directory_without_results_or_without_existence_costs_one_line(tmp_path):
    with pytest.raises(ValueError, match="holds no finished encoder, vocabulary or fine-tuning yet"):
        main([str(tmp_path)])
    with pytest.raises(FileNotFoundError, match="A report needs a directory of runs; there is none at"):
        main([str(tmp_path / "absent")])
