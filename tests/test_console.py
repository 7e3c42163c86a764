"""What is said of progress where there is no terminal: short lines, now and then, with the time left."""

from typing import ClassVar

import pytest

from genomask import console
from genomask.console import duration, progress
from genomask.experiment.sweeps.status import Job, progress_line


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (3599, "1 h 00 min"), (7500, "2 h 05 min")],
)
def test_a_duration_reads_as_a_person_says_it(seconds, said):
    assert duration(seconds) == said


def test_a_log_file_gets_a_line_every_half_minute_with_the_time_left(monkeypatch, capsys):
    clock = iter([0, 10, 31, 40, 50, 62, 70])
    monkeypatch.setattr(console.time, "monotonic", lambda: next(clock))
    with progress("Predicting", 1_000, unit="windows") as advance:
        for _ in range(5):
            advance(100)
        advance(500)
    assert capsys.readouterr().out.splitlines() == [
        "       predicting: 200 of 1,000 windows, 20%, 2 min left",
        "       predicting: 500 of 1,000 windows, 50%, 1 min left",
    ]


def test_short_work_is_silent_in_a_log_file(capsys):
    with progress("Reading", 3) as advance:
        for _ in range(3):
            advance(1)
    assert capsys.readouterr().out == ""


class Bar:
    """Stands for rich's bar; ``opened`` says which of them were shown."""

    opened: ClassVar[list[bool]] = []

    def __init__(self, *_columns, disable, **_options):
        self.opened.append(not disable)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def add_task(self, *_title, **_total):
        return 0

    def advance(self, *_amount):
        return None


def test_a_bar_within_a_bar_stays_hidden(monkeypatch):
    monkeypatch.setattr(console.console, "_force_terminal", True)
    monkeypatch.setattr("rich.progress.Progress", Bar)
    with progress("Outer", 2) as outer, progress("Inner", 2) as inner:
        inner(1)
        outer(1)
    with progress("Next", 2):
        pass
    assert Bar.opened == [True, False, True]


def test_a_sweep_says_which_job_it_is_at_and_how_long_the_rest_takes():
    jobs = [Job("s", (), f"finetune/{n}", "done", None, 30.0) for n in range(3)]
    jobs += [Job("s", (), "finetune/x", "failed", "why", 1.0), Job("s", (), "finetune/y", "missing")]
    assert progress_line(jobs) == "sweep  job 4 of 5, about 30 s left, one after the other"
    assert progress_line(jobs[:4]) == "sweep  job 4 of 4"
