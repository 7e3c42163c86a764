"""The synthetic genome: what it is made of, and whether the planted truth is the truth."""

import csv
import hashlib
import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genomask.genome.synthetic.settings import SyntheticGenome

COMPLEMENT = str.maketrans("ATCG", "TAGC")


class Written(NamedTuple):
    """An encoded genome as plain text, and the rows of its planted truth."""

    chromosomes: dict[str, str]
    planted: list[dict[str, str]]

    @property
    def elements(self) -> list[dict[str, str]]:
        return [row for row in self.planted if row["motif"] == "element"]

    @property
    def motifs(self) -> list[dict[str, str]]:
        return [row for row in self.planted if row["motif"] != "element"]


def write(genome: SyntheticGenome, directory: Path) -> Written:
    """Encode a genome, and read what was written without help from the package."""
    genome.encode(directory)
    text = (directory / "bases.u8").read_bytes().translate(bytes.maketrans(bytes(range(5)), b"ATCGN")).decode()
    chromosomes, start = {}, 0
    for name, length in json.loads((directory / "records.json").read_text()).items():
        chromosomes[name] = text[start : start + length]
        start += length
    with (directory / "planted.csv").open(newline="") as file:
        return Written(chromosomes, list(csv.DictReader(file)))


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return write(SyntheticGenome(), tmp_path_factory.mktemp("default"))


def outside(written: Written, kinds: set[str]) -> list[str]:
    """Stretches of the genome that hold no element of these kinds."""
    stretches = []
    for name, text in written.chromosomes.items():
        edges = [(0, 0), (len(text), len(text))]
        edges += [
            (int(row["start"]), int(row["stop"]))
            for row in written.elements
            if row["kind"] in kinds and row["chromosome"] == name
        ]
        edges.sort()
        stretches += [text[stop:start] for (_, stop), (start, _) in pairwise(edges)]
    return stretches


def cpg_ratio(stretches: list[str]) -> float:
    """CpG observed over expected from the shares of C and G."""
    count = Counter[str]()
    for text in stretches:
        count.update(text)
        count["CG"] += text.count("CG")
    return count["CG"] * sum(count[base] for base in "ACGT") / (count["C"] * count["G"])


def gc_share(text: str) -> float:
    known = len(text) - text.count("N")
    return (text.count("G") + text.count("C")) / known


# The hash changes only together with FORMAT in genomask.genome.synthetic.settings.
def test_the_first_megabase_of_the_default_genome_has_not_moved(default):
    found = hashlib.sha256(default.chromosomes["synthetic1"][:1_000_000].encode()).hexdigest()
    assert found == "569ce57b30699d2430bdb25d05079388f3a05acdd0e85a9da5e70fe2a644df92"


def test_the_same_seed_writes_the_same_files_and_another_seed_does_not(tmp_path):
    written = []
    for name, seed in (("first", 3), ("second", 3), ("other", 4)):
        (tmp_path / name).mkdir()
        genome = SyntheticGenome(bases=90_000, chromosomes=2, promoters=9, enhancers=9, seed=seed)
        genome.encode(tmp_path / name)
        written.append({file.name: file.read_bytes() for file in (tmp_path / name).iterdir()})
    assert written[0] == written[1]
    assert written[0]["bases.u8"] != written[2]["bases.u8"]


def test_chromosomes_do_not_repeat_each_other(default):
    first, second, third = default.chromosomes.values()
    for one, other in ((first, second), (first, third), (second, third)):
        agree = np.mean(np.frombuffer(one.encode(), np.uint8) == np.frombuffer(other.encode(), np.uint8))
        assert 0.2 < agree < 0.35


@settings(max_examples=20, deadline=None)
@given(
    chromosomes=st.integers(1, 4),
    promoters=st.integers(0, 20),
    enhancers=st.integers(0, 20),
    seed=st.integers(0, 9),
)
def test_the_smallest_genome_allowed_holds_all_its_elements(tmp_path_factory, chromosomes, promoters, enhancers, seed):
    bases = max(10_000 * chromosomes, 3_000 * (promoters + enhancers))
    genome = SyntheticGenome(bases, chromosomes, promoters, enhancers, seed=seed)
    written = write(genome, tmp_path_factory.mktemp("small"))
    assert sum(map(len, written.chromosomes.values())) == bases
    assert Counter(row["kind"] for row in written.elements) == Counter(promoter=promoters, enhancer=enhancers)


def test_every_planted_sequence_is_what_the_genome_holds_on_either_strand(default):
    for row in default.planted:
        text = default.chromosomes[row["chromosome"]][int(row["start"]) : int(row["stop"])]
        assert row["sequence"] == (text if row["strand"] == "+" else text.translate(COMPLEMENT)[::-1])
    assert {row["strand"] for row in default.planted} == {"+", "-"}


def test_elements_and_motifs_lie_on_both_strands_alike(default):
    for rows in (default.elements, default.motifs):
        forward = np.mean([row["strand"] == "+" for row in rows])
        assert abs(forward - 0.5) < 4 * 0.5 / np.sqrt(len(default.elements))  # motifs follow their element


def test_elements_keep_apart_and_motifs_stay_within_their_element_and_apart(default):
    whole = {row["element"]: row for row in default.elements}
    assert len(whole) == len(default.elements) == 900
    for rows in (default.elements, default.motifs):
        places = sorted((row["chromosome"], int(row["start"]), int(row["stop"])) for row in rows)
        assert all(a[0] != b[0] or a[2] <= b[1] for a, b in pairwise(places))
    for row in default.motifs:
        element = whole[row["element"]]
        assert row["kind"] == element["kind"]
        assert int(element["start"]) <= int(row["start"]) < int(row["stop"]) <= int(element["stop"])


def test_planted_motifs_obey_their_consensus(default):
    consensus = {
        "TATA box": "TATA[AT]AA[AG]",
        "CCAAT box": "[AG][AG]CCAAT[CG][AG]G",
        "AP-1": "TGA[CG]TCA",
        "C/EBP": "TTGCGCAA",
    }
    for motif, pattern in consensus.items():
        sites = [row["sequence"] for row in default.motifs if row["motif"] == motif]
        letters = re.findall(r"\[[^]]*\]|.", pattern)
        obeys = np.mean([[base in letter for base, letter in zip(site, letters, strict=True)] for site in sites])
        assert 0.95 < obeys < 0.98  # conservation 0.95, and the rest obeys by chance


def test_promoter_motifs_lie_at_their_distance_from_the_start_site(default):
    def first_base(row):
        return int(row["start"]) if row["strand"] == "+" else 1 - int(row["stop"])

    element_strand = {row["element"]: row["strand"] for row in default.elements}
    start_site = {row["element"]: first_base(row) + 2 for row in default.motifs if row["motif"] == "Inr"}
    distances: dict[str, set[int]] = {}
    for row in default.motifs:
        if (
            row["kind"] == "promoter"
            and row["strand"] == element_strand[row["element"]]
            and row["element"] in start_site
        ):
            distances.setdefault(row["motif"], set()).add(first_base(row) - start_site[row["element"]])
    assert distances["TATA box"] == set(range(-32, -27))
    assert distances["CCAAT box"] == set(range(-90, -77))
    assert distances["DPE"] == {28}


@pytest.mark.parametrize(("motif", "share"), [("TATA box", 0.8), ("CCAAT box", 0.5), ("Inr", 0.9)])
def test_promoters_hold_a_motif_as_often_as_stated(default, motif, share):
    count = sum(row["motif"] == motif for row in default.motifs)
    assert abs(count - 450 * share) < 4 * np.sqrt(450 * share * (1 - share))


def test_neighbouring_motifs_of_an_enhancer_follow_one_programme(default):
    programmes = [{"AP-1", "ETS", "RUNX"}, {"C/EBP", "AP-1", "E-box"}, {"GATA", "E-box", "ETS"}]
    motifs: dict[str, set[str]] = {}
    for row in default.motifs:
        if row["kind"] == "enhancer":
            motifs.setdefault(row["element"], set()).add(row["motif"])
    assert all(any(found <= programme for programme in programmes) for found in motifs.values())


def test_base_composition_is_human_like_and_the_same_on_both_strands(default):
    text = "".join(default.chromosomes.values())
    assert 0.39 < gc_share(text) < 0.45
    assert text.count("A") / text.count("T") == pytest.approx(1, abs=0.01)
    assert text.count("C") / text.count("G") == pytest.approx(1, abs=0.01)


def test_cpg_is_rare_except_in_promoters(default):
    islands = [row["sequence"] for row in default.elements if row["kind"] == "promoter"]
    assert 0.2 < cpg_ratio(outside(default, {"promoter"})) < 0.35
    assert cpg_ratio(islands) > 0.6
    assert np.mean([gc_share(text) for text in islands]) > 0.54


def test_composition_varies_in_domains_far_beyond_chance(default):
    width = 20_000
    windows = [
        gc_share(text[start : start + width])
        for text in default.chromosomes.values()
        for start in range(0, len(text) - width, width)
        if "N" not in text[start : start + width]
    ]
    by_chance = np.sqrt(0.24 / width)
    assert np.std(windows) > 8 * by_chance
    # Neighbours mostly share a domain, windows from anywhere do not.
    assert np.corrcoef(windows[:-1], windows[1:])[0, 1] > 0.5


def test_both_ends_and_one_stretch_inside_every_chromosome_are_unknown(default):
    for text in default.chromosomes.values():
        gaps = [match.span() for match in re.finditer("N+", text)]
        assert len(gaps) == 3
        assert gaps[0][0] == 0
        assert gaps[2][1] == len(text)
        assert [stop - start for start, stop in gaps] == [len(text) // 100] * 3


def test_runs_and_microsatellites_are_far_commoner_than_by_chance(default):
    text = "".join(default.chromosomes.values())
    assert len(re.findall("A{12,}|T{12,}", text)) > 300  # independent bases: about 1
    assert len(re.findall(r"([ACGT]{2})(?!\1)(?!.\1)\1{7,}|([ACGT]{3})\2{5,}", text)) > 50


def test_diverged_copies_of_one_repeat_lie_on_both_strands(default):
    text = "".join(default.chromosomes.values())
    words = Counter(text[start : start + 12] for start in range(0, len(text), 3))
    often = [word for word, _ in words.most_common(3_000) if len(set(word) - {"N"}) == 4]
    word = often[0]  # 12 bases with all four letters: expected once in 5 Mb, if bases were independent
    forward, backward = text.count(word), text.count(word.translate(COMPLEMENT)[::-1])
    assert min(forward, backward) > 50


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"chromosomes": 0}, r"genome\.chromosomes needs at least 1; found 0\."),
        ({"promoters": -1}, r"genome\.promoters needs 0 or more; found -1\."),
        ({"enhancers": -1}, r"genome\.enhancers needs 0 or more; found -1\."),
        ({"conservation": 1.5}, r"genome\.conservation needs a probability; found 1\.5\."),
        ({"seed": -1}, r"genome\.seed needs 0 or more; found -1\."),
        ({"bases": 2_000_000}, r"genome\.bases needs 2,700,000 or more for 3 chromosomes and 900 elements"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(wrong, line):
    with pytest.raises(ValueError, match=line):
        SyntheticGenome(**wrong)


def test_the_genome_says_that_it_is_synthetic_and_what_shaped_it():
    genome = SyntheticGenome(seed=5)
    assert "synthetic" in genome.label
    assert json.loads(json.dumps(genome.fingerprint())) == genome.fingerprint()
    assert genome.fingerprint()["seed"] == 5
    assert genome.fingerprint() != SyntheticGenome(seed=6).fingerprint()
