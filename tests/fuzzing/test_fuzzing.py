"""Broken files end in success or in one clear line, and nothing is accepted that a literal reader refuses.

The FASTA reader's parser is a C library: it reads in a process of its own, so that a crash is a finding.
A case is a number: ``GENOMASK_FUZZ_CASES`` sets how many the long run makes (``make test-faults``).
"""

from collections import Counter

import pytest

from fuzz_cases import LONG_RUN, run_cases
from fuzz_fasta import SOUND, run_fasta_cases
from fuzz_formats import FORMATS, try_case
from fuzz_strict import fasta
from fuzz_subjects import SUBJECTS, Subject

NAMES = [subject.name for subject in SUBJECTS]


@pytest.mark.parametrize("subject", SUBJECTS, ids=NAMES)
def test_sound_files_are_read_as_a_literal_reader_reads_them(tmp_path, subject):
    for data in subject.sound:
        path = tmp_path / subject.name
        path.write_bytes(data)
        assert subject.read(path) == subject.strict(data)


@pytest.mark.parametrize("subject", SUBJECTS, ids=NAMES)
def test_a_spoilt_file_is_read_right_or_refused_in_one_line(tmp_path, subject: Subject):
    outcomes = run_cases(subject, range(60), tmp_path)
    assert outcomes["refused"] > 10
    assert outcomes["accepted"] > 3


@pytest.mark.parametrize("name", FORMATS)
def test_a_spoilt_file_of_another_format_is_read_or_refused_in_one_line(tmp_path, name):
    outcomes = Counter(try_case(name, number, tmp_path) for number in range(60))
    assert outcomes["refused"] > 10
    assert outcomes["accepted"] > 3


@pytest.mark.faults
@pytest.mark.parametrize("subject", SUBJECTS, ids=NAMES)
def test_thousands_of_spoilt_files_are_read_right_or_refused_in_one_line(tmp_path, subject: Subject):
    outcomes = run_cases(subject, range(1000, 1000 + LONG_RUN * 76 // 100 // len(SUBJECTS)), tmp_path)
    print(f"\n{subject.name}: {dict(outcomes)}")  # noqa: T201  (shown by -s)


def test_sound_fasta_files_are_sound_to_the_literal_reader_too():
    assert [len(fasta(data)) for data in SOUND] == [3, 2, 1]


def test_a_spoilt_fasta_file_is_read_right_or_refused_in_one_line(tmp_path):
    outcomes = run_fasta_cases(range(40), tmp_path)
    assert outcomes["refused"] > 5
    assert outcomes["accepted"] > 5


@pytest.mark.faults
@pytest.mark.timeout(3600)
def test_a_thousand_spoilt_fasta_files_are_read_right_or_refused_in_one_line(tmp_path):
    outcomes = run_fasta_cases(range(1000, 1000 + LONG_RUN * 11 // 100), tmp_path)
    print(f"\nfasta: {dict(outcomes)}")  # noqa: T201  (shown by -s)
