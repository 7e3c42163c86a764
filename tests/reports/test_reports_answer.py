"""The answer of a report in words, in the terminal, over many tasks; and tables that hold only what is there."""

import json
import re

import pytest

from genomask.experiment.sweeps.status import PLAN
from genomask.reports.answer import Gain, chart, gains
from genomask.reports.build import build_report
from genomask.reports.document import Entry, Table
from genomask.reports.statistics import Interval
from genomask.reports.tool import main
from genomask.reports.write import rows as html_rows
from made_runs import make_baseline, make_comparison, make_encoder, make_finetuning


def test_the_answer_names_difference_interval_and_what_could_have_been_found(tmp_path):
    make_comparison(tmp_path, shots=(10,))
    report = build_report(tmp_path, baseline="random")
    item = next(pair.comparisons["auc"] for pair in report.questions.masking if pair.comparisons)
    first, *others = report.document.answer
    assert first == (
        f"PMI against random: AUC {item.difference:+.3f} (95 % interval {item.interval.low:+.3f} to "
        f"{item.interval.high:+.3f}) on prom_core, 10 shots: ahead."
    )
    assert "Behind every row: 10 draws, 1 pretraining of an encoder." in others
    assert any(line.startswith("With one pretraining an arm the intervals speak of these encoders") for line in others)
    assert f"A true difference below about {item.detectable:.3f} in AUC" in others[-1]


def test_rows_that_differ_by_noise_are_the_same_or_undecided_but_not_ahead(tmp_path):
    for seed, noise in enumerate((0.001, -0.001, 0.002, -0.002)):
        make_finetuning(tmp_path, "random", accuracy=0.6, auc=0.7, seed=seed)
        make_finetuning(tmp_path, "span", accuracy=0.6, auc=0.7 + noise, seed=seed)
        make_finetuning(tmp_path, "pmi", accuracy=0.6, auc=0.7 + 40 * noise, seed=seed)
    lines = build_report(tmp_path, baseline="random").document.answer
    assert [line.partition(" against random: ")[0] for line in lines[:2]] == ["span", "PMI"]
    assert [line.rpartition(": ")[2] for line in lines[:2]] == ["the same within ±0.01.", "undecided."]
    narrower = build_report(tmp_path, baseline="random", bound=0.002).document.answer
    assert narrower[0].endswith(": undecided.")


def test_a_clear_difference_on_one_task_and_none_on_another_are_told_apart(tmp_path):
    for seed, noise in enumerate((0.001, -0.001, 0.002, -0.002)):
        for task, gain in (("one", 0.05), ("two", 0.0)):
            options = {"task": task, "data": task, "accuracy": 0.6, "seed": seed}
            make_finetuning(tmp_path, "random", auc=0.7, **options)
            make_finetuning(tmp_path, "pmi", auc=0.7 + gain + noise, **options)
    first, *_ = build_report(tmp_path, baseline="random").document.answer
    assert first.startswith("PMI against random: AUC +0.025 on average; ahead in 1, the same within ±0.01 in 1 of 2 ")
    assert first.endswith("; by task: one +0.050 (ahead), two +0.000 (the same within ±0.01).")
    for seed in range(4):
        options = {"task": "two", "data": "two", "accuracy": 0.6, "seed": seed}
        for masking, auc in (("span", 0.71), ("cpg", 0.72), ("soft", 0.73)):
            make_finetuning(tmp_path, masking, auc=auc, **options)
    first, *_ = build_report(tmp_path, baseline="random").document.answer
    assert first.endswith(
        "; by task: one +0.050 (ahead in 1), two +0.000 to +0.030 (undecided in 3, the same within ±0.01 in 1)."
    )


def test_without_a_comparison_the_answer_is_the_highest_score(tmp_path):
    make_finetuning(tmp_path, "pmi", accuracy=0.6, auc=0.71)
    make_finetuning(tmp_path, "span", accuracy=0.6, auc=0.73)
    first, *_ = build_report(tmp_path, baseline="random").document.answer
    assert first == "No two rows can be compared yet. Highest AUC: 0.730, span on prom_core, 10 shots."


def test_the_terminal_shows_the_answer_and_its_chart(tmp_path, capsys):
    make_comparison(tmp_path, shots=(10, 100), seeds=5)
    capsys.readouterr()
    main([str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("PMI against random: AUC")
    bars = [line for line in lines if "●" in line]
    assert [line.partition("│")[0].strip() for line in bars] == ["10 shots", "100 shots"]
    assert lines[-1].startswith("wrote ")


def test_a_chart_places_difference_interval_and_zero_on_one_scale():
    lines = chart([Gain("a", "pmi", 0.5, Interval(0.25, 0.75), "n"), Gain("b", "pmi", -0.25, None, "n")], width=40)
    bar = [line[2:31] for line in lines]
    assert bar[0].index("●") - bar[0].index("│") == 2 * (bar[1].index("│") - bar[1].index("●"))
    assert bar[0].strip("│ ")[0] == bar[0].strip()[-1] == "─"
    assert [line.split()[-1] for line in lines] == ["+0.500", "-0.250"]
    assert chart([], width=40) == []


def test_many_gains_are_averaged_over_their_tasks(tmp_path):
    for task in range(13):
        for shots in (10, 100):
            for masking, score in (("random", 0.5), ("pmi", 0.5 + task / 100)):
                make_finetuning(tmp_path, masking, accuracy=score, task=f"t{task}", data=str(task), shots=shots)
    shown = gains(build_report(tmp_path, baseline="random").questions.masking)
    assert [gain.label for gain in shown] == ["10 shots", "100 shots"]
    assert [gain.difference for gain in shown] == pytest.approx([0.06, 0.06])
    assert shown[0].n == "mean of 13 tasks, interval over tasks"


def test_a_suite_has_means_ranks_wins_and_a_curve_for_every_task(tmp_path):
    scores = {"random": (0.5, 0.6, 0.9), "pmi": (0.6, 0.7, 0.8)}
    for masking, of in scores.items():
        for task, score in enumerate(of):
            for shots in (10, 100):
                make_finetuning(tmp_path, masking, accuracy=0.5, auc=score, task=f"t{task}", shots=shots)
    (section,) = (each for each in build_report(tmp_path, baseline="random").document.sections if each.name == "suite")
    over_all, by_task = section.tables
    assert over_all.rows == [["PMI", "0.700", "1.33", "4"], ["random", "0.667", "1.67", "2"]]
    assert [row[:2] for row in by_task.rows] == [["t0", "0.600"], ["t1", "0.700"], ["t2", "0.800"]]
    assert by_task.rows[0][1].spark == (0.6, 0.6)
    assert "<polyline" in html_rows(by_task)


def test_a_table_holds_no_empty_columns_and_says_once_what_all_rows_share():
    rows = [["a", "10", "x", "1", "-"], ["a", "50", "y", "2", ""]]
    table = Table("Scores", ["<task", "shots", "<row", "AUC", "paper"], rows, 2)
    compact = table.compact()
    assert (compact.title, compact.heads, compact.keys) == ("Scores, task a", ["shots", "row", "AUC"], 1)
    assert compact.rows == [["10", "x", "1"], ["50", "y", "2"]]


def test_footnotes_stand_once_and_count_their_rows():
    rows = [{"row": name} for name in "abc"]
    table = Table.of("", rows, remarks=[["late"], [], ["odd", "late"]])
    assert table.rows == [["a", "1"], ["b", ""], ["c", "2,1"]]
    assert table.notes == ["1: late (2 rows)", "2: odd (1 row)"]
    assert Table.of("", rows).columns == ["row"]


def test_rows_of_a_page_are_escaped_and_carry_their_identity():
    entry = Entry("<b>", full='"quoted"')
    (html,) = re.findall("<tr>.*</tr>", html_rows(Table("", ["<task", "<row"], [["a&b", entry]], 1)))
    assert html == (
        '<tr><td class="text key">a&amp;b</td><td class="text label" title="&#34;quoted&#34;" data-keys="a&amp;b">'
        "&lt;b&gt;</td></tr>"
    )


def test_maskings_that_hide_unlike_amounts_are_compared_with_a_footnote(tmp_path):
    for masking, rate in (("random", 0.1399), ("pmi", 0.1410), ("pmi_vocab", 0.122)):
        for seed in (0, 1):
            shares = {"pretraining": {"max_steps": 400, "realised_masking_rate": rate}}
            make_finetuning(tmp_path, masking, accuracy=0.6 + seed / 10, seed=seed, **shares)
    (section,) = (each for each in build_report(tmp_path, baseline="random").document.sections if each.name == "scores")
    (table,) = section.tables
    remarks = [note.partition(": ")[2] for note in table.notes]
    assert "masks 12.2% of the tokens, random 14.0%: the amounts differ too (1 row)" in remarks
    assert not any("14.1%" in remark for remark in remarks)


def test_nats_per_base_are_shown_where_they_were_measured(tmp_path):
    make_encoder(tmp_path, "pmi", nats=1.31)
    sections = build_report(tmp_path, baseline="random").document.sections
    (section,) = (each for each in sections if each.name == "pretraining")
    (table,) = section.tables
    assert table.rows[0][table.heads.index("nats per base, common mask")] == "1.310"
    assert "Nats per base, common mask" in [plot.title for plot in section.plots]


def test_watching_ends_when_no_job_is_left_and_writes_what_has_come(tmp_path, monkeypatch, capsys):
    sweep = tmp_path / "sweeps" / "one"
    sweep.mkdir(parents=True)
    make_baseline(tmp_path, "gc", accuracy=0.6)
    missing = "finetune/" + encoder_free_name(tmp_path, seed=1)
    (sweep / PLAN).write_text(json.dumps({"jobs": [{"artefact": missing, "overrides": []}]}))
    waited = []

    def finish(seconds):
        waited.append(seconds)
        make_baseline(tmp_path, "gc", accuracy=0.7, seed=1)

    monkeypatch.setattr("genomask.reports.tool.time.sleep", finish)
    main([str(tmp_path), "--watch", "7"])
    assert waited == [7]
    page = (tmp_path / "report" / "report.html").read_text()
    assert 'http-equiv="refresh"' not in page, "the last page does not read itself again"
    assert capsys.readouterr().out.count("report.html") == 2


def encoder_free_name(runs, *, seed: int) -> str:
    """The name that the baseline's artefact of this seed will have."""
    elsewhere = make_baseline(runs.parent / "elsewhere", "gc", accuracy=0.7, seed=seed)
    return elsewhere.name
