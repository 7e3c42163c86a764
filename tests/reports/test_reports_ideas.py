"""Ideas of what to mask beside their controls: pairing, pooling over tasks, words, cost, and silence without labels."""

import pytest

from genomask.reports.build import build_report
from genomask.reports.tool import main
from made_runs import make_comparison, make_encoder, make_finetuning

SEEDS = range(4)


def make_contender(runs, name, control, *, gain=0.0, noise=0.002, seconds=80.0, tasks=("prom_core",), **options):
    """Two pretrainings, four draws; the gain scatters over draws by ``noise``."""
    labels = {"contender": name, "control": control}
    for pretrain_seed in (0, 1):
        make_encoder(runs, name, seed=pretrain_seed, labels=labels)
        for task in tasks:
            for seed in SEEDS:
                score = 0.6 + seed / 50 + gain + noise * (seed - 1.5) * (1 + pretrain_seed)
                make_finetuning(
                    runs,
                    "schedule" if name != "random" else name,
                    accuracy=score,
                    auc=score,
                    task=task,
                    seed=seed,
                    pretrain_seed=pretrain_seed,
                    data=task,
                    labels=labels,
                    encoder=name,
                    seconds={"encoder": seconds},
                    pretraining={"max_steps": 400},
                    **options,
                )


def ideas_table(report):
    (section,) = (each for each in report.document.sections if each.name == "ideas")
    return section, [dict(zip(section.tables[0].heads, row, strict=True)) for row in section.tables[0].rows]


def test_an_idea_stands_beside_the_control_that_it_names_with_its_cost_a_step(tmp_path):
    make_contender(tmp_path, "random", None, noise=0.0, seconds=40.0)
    make_contender(tmp_path, "curriculum_backwards", None, gain=0.02, noise=0.0)
    make_contender(tmp_path, "curriculum", "curriculum_backwards", gain=0.05)
    section, (row,) = ideas_table(build_report(tmp_path, baseline="random"))
    assert (row["idea"], row["control"]) == ("curriculum", "curriculum backwards")
    assert (row["gain over control"], row["gain over random"]) == ("+0.030", "+0.050")
    assert row["in words"] == "ahead of its control"
    assert (row["seconds a step"], row["covers"]) == ("0.200", "2 pretrainings, 4 draws")
    (plot,) = section.plots
    assert plot.data[0]["x"] == [pytest.approx(0.03)]


@pytest.mark.parametrize(
    ("gain", "noise", "words"),
    [
        (0.004, 0.0005, "the control does as well, within ±0.01"),
        (0.02, 0.2, "undecided: the interval holds 0"),
        (-0.05, 0.002, "behind its control"),
    ],
)
def test_a_control_that_does_as_well_is_said_to_do_so(tmp_path, gain, noise, words):
    make_contender(tmp_path, "shuffled", None, noise=0.0)
    make_contender(tmp_path, "soft", "shuffled", gain=gain, noise=noise)
    report = build_report(tmp_path, baseline="random")
    _, (row,) = ideas_table(report)
    assert row["in words"] == words
    assert report.document.answer[0] == f"{words.capitalize()}: soft ({gain:+.3f})."


def test_an_idea_over_several_tasks_is_one_row_averaged_within_draws(tmp_path):
    make_contender(tmp_path, "shuffled", None, noise=0.0, tasks=("one", "two"))
    make_contender(tmp_path, "soft", "shuffled", gain=0.02, tasks=("one",))
    make_contender(tmp_path, "soft", "shuffled", gain=0.06, tasks=("two",))
    report = build_report(tmp_path, baseline="random")
    _, (row,) = ideas_table(report)
    by_task = "; by task: one +0.020 (ahead), two +0.060 (ahead)"
    assert report.document.answer[0] == f"Ahead of its control: soft (+0.040{by_task})."
    assert row["gain over control"] == "+0.040"
    assert row["covers"] == "2 tasks and shots, 2 pretrainings, 4 draws"


def test_an_idea_whose_control_has_not_run_is_named(tmp_path):
    make_contender(tmp_path, "soft", "shuffled", gain=0.02)
    report = build_report(tmp_path, baseline="random")
    assert report.document.answer[0] == "Not compared with a control yet: soft (shuffled)."
    assert all(section.name != "ideas" for section in report.document.sections)


def test_the_terminal_shows_the_ideas_and_the_scores(tmp_path, capsys):
    make_contender(tmp_path, "shuffled", None, noise=0.0)
    make_contender(tmp_path, "soft", "shuffled", gain=0.05)
    capsys.readouterr()
    main([str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Ahead of its control: soft (+0.050)."
    (idea,) = (line.split() for line in lines if "ahead of its control" in line)
    assert idea[:2] == ["soft", "+0.050"]
    assert idea[-2:] == ["shuffled", "0.200"]
    (score,) = (line.split() for line in lines if line.startswith("soft ") and "±" in line)
    assert score[1:4] == ["0.680", "±", "0.028"]


def test_runs_without_contenders_have_no_table_of_ideas(tmp_path):
    make_comparison(tmp_path, shots=(10,), seeds=3)
    sections = [section.name for section in build_report(tmp_path, baseline="random").document.sections]
    assert sections[0] == "gains"
