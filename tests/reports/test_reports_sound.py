"""A report says which runs repeat bit for bit, or why not, and names every collapsed fine-tuning."""

from genomask.reports.build import build_report
from genomask.reports.document import markdown
from made_runs import make_baseline, make_finetuning

ON_CPU = {"bit_for_bit": True, "given": "the same machine", "why_not": None, "device": "cpu"}
ON_CPU |= {"threads": 1, "torch": "2"}
ON_GPU = ON_CPU | {"bit_for_bit": False, "given": None, "why_not": "computed on a GPU", "device": "A100"}


def test_a_report_says_how_many_runs_repeat_and_why_others_may_not(tmp_path):
    make_finetuning(tmp_path, "pmi", accuracy=0.6, seed=0, repeatability=ON_CPU)
    make_finetuning(tmp_path, "pmi", accuracy=0.6, seed=1, repeatability=ON_GPU)
    make_finetuning(tmp_path, "pmi", accuracy=0.6, seed=2)
    facts = dict(build_report(tmp_path, baseline="random").document.facts)
    assert facts["repeat bit for bit"] == (
        "1 of 3 fine-tunings, given the same machine; 1 computed on a GPU; "
        "1 do not say (they were written before results did)"
    )
    assert facts["computed on"] == "A100, 1 thread(s), torch 2; cpu, 1 thread(s), torch 2"


def test_results_from_before_they_said_so_change_nothing(tmp_path):
    make_finetuning(tmp_path, "pmi", accuracy=0.6)
    assert "repeat bit for bit" not in dict(build_report(tmp_path, baseline="random").document.facts)


def test_collapsed_runs_are_listed_one_by_one_and_counted_by_cell(tmp_path):
    for seed in range(4):
        make_finetuning(tmp_path, "pmi", accuracy=0.5, auc=0.5, seed=seed, collapsed=seed < 3)
    make_finetuning(tmp_path, "random", accuracy=0.7)
    make_baseline(tmp_path, "majority", accuracy=0.5, auc=0.5, collapsed=True)
    report = build_report(tmp_path, baseline="random")
    (section,) = (found for found in report.document.sections if found.name == "collapsed")
    cells, runs = section.tables
    assert [row[-3:] for row in cells.rows] == [["4", "3", "0.75"]]
    assert [row[1:] for row in runs.rows] == [[str(seed), "0.500", "0.500"] for seed in range(3)]
    assert all(row[0].startswith("finetune/prom_core-logo-pmi-shots=10-seed=") for row in runs.rows)
    assert "Collapsed fine-tunings" in markdown(report.document)


def test_without_a_collapsed_run_there_is_no_such_section(tmp_path):
    make_finetuning(tmp_path, "pmi", accuracy=0.6)
    assert all(section.name != "collapsed" for section in build_report(tmp_path, baseline="random").document.sections)
