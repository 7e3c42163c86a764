"""One resolver of names: a chromosome is found under whatever name a file gives it, and never guessed."""

import pytest

from genomask.genome.names import chromosome, find_record, require_record


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("chr20", "20"),
        ("20", "20"),
        ("NC_000020.11", "20"),
        ("NC_000023.10", "X"),
        ("NC_000024.10", "Y"),
        ("CM000682.2", "20"),
        ("CM000686.1", "Y"),
        ("NC_060944.1", "20"),
        ("NC_060948.1", "Y"),
        ("CP068277.2", "1"),
        ("CP068258.2", "20"),
        ("CP068255.2", "X"),
        ("CP086569.2", "Y"),
        ("chrx", "X"),
        ("chrM", "MT"),
        ("M", "MT"),
        ("NC_012920.1", "MT"),
        ("J01415.2", "MT"),
        ("chrUn_KI270302v1", "Un_KI270302v1"),
        ("NC_000067.6", "NC_000067.6"),
        ("NC_000020", "NC_000020"),
        ("scaffold_1", "scaffold_1"),
    ],
)
def test_a_chromosome_has_one_bare_name(name, bare):
    assert chromosome(name) == bare


def test_records_are_found_under_any_name_and_never_guessed():
    names = ("chr1", "2", "chrM", "3", "chr3", "Chr3", "NC_000020.11")
    wanted = ("1", "chr2", "MT", "3", "chr3", "CHR3", "X", "20", "CM000682.2")
    assert [find_record(names, name) for name in wanted] == [0, 1, 2, 3, 4, None, None, 6, 6]


def test_a_record_that_is_not_there_is_refused_with_the_names_there_are():
    assert require_record(("20",), "NC_000020.11") == 0
    with pytest.raises(ValueError, match=r"no record 'chr7'; it has c0, c1, c2, c3, c4, c5, c6, c7, \.\.\.$"):
        require_record(tuple(f"c{number}" for number in range(9)), "chr7")
