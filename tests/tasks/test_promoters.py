"""Promoter benchmarks: cut at the right base, split without a leak, built alike from every source."""

import gzip
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import yaml

from compose import composed
from genomask.alphabet import decode, encode
from genomask.experiment.run import CONF
from genomask.experiment.stages.task import source_artefact
from genomask.genome.encoded import open_genome, write_genome
from genomask.genome.places import Place
from genomask.genome.sequences import reverse_complement
from genomask.tasks.alike import overlaps
from genomask.tasks.arrays import describe, open_benchmark, write_benchmark
from genomask.tasks.epd import EXPORT, StartSite, cut_promoters, read_start_sites, read_tata
from genomask.tasks.promoters import Negatives, PromoterTask
from genomask.tasks.readers import Needs, Tally, read_rows
from genomask.tasks.split import draw_test_side, join_groups

RNG = np.random.default_rng(0)
CHROMOSOMES = {name: RNG.integers(4, size=60_000, dtype=np.uint8) for name in ("chr1", "chr2")}
SITES = [
    StartSite(f"P{number}_1", ("chr1", "chr2")[number % 2], 400 + 140 * number, "+-"[number // 2 % 2])
    for number in range(300)
]


def bed_line(site: StartSite) -> str:
    """A line as in EPDnew's BED: 49 bases before the start site, and from it on 11, which are thick."""
    if site.strand == "+":
        start, thick = site.position - 49, site.position
    else:
        start, thick = site.position - 10, site.position - 10
    return f"{site.record} {start} {start + 60} {site.name} 900 {site.strand} {thick} {thick + 11}\n"


def write_fasta(folder: Path, chromosomes: dict[str, np.ndarray]) -> None:
    text = "".join(f">{name}\n{decode(bases)}\n" for name, bases in chromosomes.items())
    (folder / "genome.fa").write_text(text)


@pytest.fixture
def files(tmp_path):
    (tmp_path / "tss.bed").write_text("".join(map(bed_line, SITES)))
    motifs = "".join(f"{site.name}\t{int(number % 10 == 0)}\t0\t0\t0\n" for number, site in enumerate(SITES))
    (tmp_path / "motifs.txt").write_text("#Name\tTATA-box\tInr\tCCAAT-box\tGC-box\n" + motifs)
    write_fasta(tmp_path, CHROMOSOMES)
    return tmp_path


def negatives(choice: str = "described", **changed) -> Negatives:
    return Negatives(**yaml.safe_load((CONF / "task" / "negatives" / f"{choice}.yaml").read_text()) | changed)


def settings(files, name, **changed):
    window = {"prom_core": (215, 70), "prom_300": (0, 300)}[name]
    at_hand = {"tss": "tss.bed", "motifs": "motifs.txt", "genome": "genome.fa"}
    given = {key: str(files / value) for key, value in at_hand.items()}
    chosen = {"start": window[0], "bases": window[1], "negatives": negatives(), "assembly": None, **given}
    return PromoterTask(name, **chosen | changed)


def task_of(files, name, **changed):
    """Build the task as the stage does, but for the store."""
    source, genome = settings(files, name, **changed), files / "encoded"
    directory = files / "built"
    for folder in (genome, directory):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    needed = source.genome_source()
    if needed:
        needed.encode(genome)
    write_benchmark(source.read(open_genome(genome) if needed else None), directory)
    return open_benchmark(directory), directory


def texts(examples, label):
    return [
        decode(examples.bases[start : start + length])
        for start, length, found in zip(examples.offsets[:-1], examples.lengths, examples.labels, strict=True)
        if found == label
    ]


def upstream_text(site: StartSite, first: int, last: int) -> str:
    """Bases first..last around a start site that is position 0, read letter by letter."""
    letters, other = decode(CHROMOSOMES[site.record]), {"A": "T", "T": "A", "C": "G", "G": "C"}
    if site.strand == "+":
        return "".join(letters[site.position + offset] for offset in range(first, last + 1))
    return "".join(other[letters[site.position - offset]] for offset in range(first, last + 1))


def test_bed_files_of_six_and_eight_columns_say_the_same_start_sites(tmp_path):
    lines = [
        "chr1 959245 959305 NOC2L_1 900 - 959245 959256",
        "chr1 960583 960643 KLHL17_1 900 + 960632 960643",
    ]
    (tmp_path / "a.bed").write_text("\n".join(lines))
    (tmp_path / "six.bed").write_text("\n".join(" ".join(line.split()[:6]) for line in lines))
    expected = [("NOC2L_1", 959255, "-"), ("KLHL17_1", 960632, "+")]
    for name in ("a.bed", "six.bed"):
        sites = read_start_sites(tmp_path / name)
        assert [(site.name, site.position, site.strand) for site in sites] == expected


@pytest.mark.parametrize("text", ["chr1 x 7 a 0 +", "chr1 5 12 a 0 +", "chr1 5 6 a 0 *", "chr1 5"])
def test_a_bad_line_of_start_sites_is_named(tmp_path, text):
    (tmp_path / "bad.bed").write_text(f"chr1 5 6 a 0 +\n{text}\n")
    with pytest.raises(ValueError, match=r"bad\.bed, line 2: not chromosome, start, .* of a start site: 'chr1"):
        read_start_sites(tmp_path / "bad.bed")


@pytest.mark.parametrize(
    ("read", "first", "bad", "fault"),
    [
        (read_start_sites, "chr1 5 6 a 0 +", "chr1 5", "not chromosome, start, end"),
        (read_tata, "#Name TATA-box", "A x", "TATA-box must be 0 or 1"),
        (partial(read_rows, names=EXPORT, needs=Needs(label="1")), "ACGT", "ACGJ", "not a DNA sequence: 'ACGJ'"),
    ],
)
def test_files_of_promoters_are_refused_with_their_first_ten_faults(tmp_path, read, first, bad, fault):
    (tmp_path / "a.txt").write_text("\n".join([first, *[bad] * 12]))
    message = rf"12 of 1[23] rows cannot be read\. line 2: {fault}.*; line 11: .*; and 2 more\."
    with pytest.raises(ValueError, match=message):
        read(tmp_path / "a.txt")


def test_a_table_of_motifs_needs_its_column(tmp_path):
    (tmp_path / "bad.txt").write_text("#Name\tInr\nA\t1\n")
    with pytest.raises(ValueError, match=r"bad\.txt line 1 needs one column TATA-box"):
        read_tata(tmp_path / "bad.txt")


def test_both_strands_are_cut_as_they_are_read(files):
    task, _ = task_of(files, "prom_300")
    found = set(texts(task.pool, 1)) | set(texts(task.test, 1))
    assert found == {upstream_text(site, -249, 50) for site in SITES}
    core, _ = task_of(files, "prom_core")
    assert set(texts(core.pool, 1) + texts(core.test, 1)) == {upstream_text(site, -34, 35) for site in SITES}
    released, _ = task_of(files, "prom_core", start=216)
    assert upstream_text(SITES[0], -33, 36) in set(texts(released.pool, 1) + texts(released.test, 1))


def test_the_core_is_the_middle_of_the_same_row_of_prom_300_on_either_side_and_for_both_labels(files):
    whole, _ = task_of(files, "prom_300")
    core, _ = task_of(files, "prom_core")
    for part in ("pool", "test"):
        for label in (0, 1):
            middles = [text[215:285] for text in texts(getattr(whole, part), label)]
            assert middles == texts(getattr(core, part), label)


def test_places_are_where_the_rows_lie(files):
    task, directory = task_of(files, "prom_core")
    for part in ("pool", "test"):
        examples = getattr(task, part)
        places = getattr(open_benchmark(directory, placed=True), part).places
        assert len(places) == len(examples.labels)
        for row in np.flatnonzero(examples.labels == 1).tolist():
            record, start, stop, strand = places[row]
            bases = CHROMOSOMES[record][start:stop]
            bases = reverse_complement(bases) if strand == "-" else bases
            assert decode(bases) == decode(examples.bases[examples.offsets[row] : examples.offsets[row + 1]])


def test_nine_of_ten_of_either_kind_are_for_training_and_labels_are_balanced(files):
    task, directory = task_of(files, "prom_core")
    assert np.bincount(task.test.labels).tolist() == [30, 30]
    assert np.bincount(task.pool.labels).tolist() == [270, 270]
    text = (directory / "benchmark.json").read_text()
    assert '"TATA": 30' in text
    assert '"TATA": 3,' in text
    assert "300 promoters; the paper's 59,196 rows are of 29,598" in text


def test_the_benchmark_does_not_depend_on_the_order_of_its_file_or_on_its_source(files):
    task, _ = task_of(files, "prom_300")
    tss = (files / "tss.bed").read_text().splitlines(keepends=True)
    (files / "tss.bed").write_text("".join(tss[::-1]))
    again, _ = task_of(files, "prom_300")
    np.testing.assert_array_equal(task.pool.bases, again.pool.bases)
    exported = [f">{site.name} range -499 to 100\n{upstream_text(site, -499, 100)}\n" for site in SITES]
    (files / "tata.fa").write_text("".join(exported[::10]))
    (files / "rest.fa").write_text("".join(text for number, text in enumerate(exported) if number % 10))
    positives = [str(files / "rest.fa"), str(files / "tata.fa")]
    other, _ = task_of(files, "prom_300", tss=None, positives=positives, export_start=-499)
    promoters, others = (sorted(texts(each.pool, 1) + texts(each.test, 1)) for each in (task, other))
    assert promoters == others
    assert np.bincount(other.test.labels).tolist() == [30, 30]


def test_copies_and_reverse_complements_stay_on_one_side(files):
    twins = []
    chromosomes = {name: bases.copy() for name, bases in CHROMOSOMES.items()}
    for number, site in enumerate(SITES[:80:2]):  # a promoter of chr1 turned round, read either way
        first = site.position - (249 if site.strand == "+" else 50)
        start, strand = 45_000 + 310 * number, "+-"[number // 2 % 2]
        turned = reverse_complement(chromosomes["chr1"][first : first + 300])
        chromosomes["chr2"][start : start + 300] = turned
        twins.append(StartSite(f"T{number}_1", "chr2", start + (249 if strand == "+" else 50), strand))
    write_fasta(files, chromosomes)
    (files / "tss.bed").write_text("".join(map(bed_line, [*SITES, *twins])))
    for name in ("prom_300", "prom_core"):
        task, _ = task_of(files, name, split_seed=3)
        pool, tested = (set(texts(part, 0)) | set(texts(part, 1)) for part in (task.pool, task.test))
        assert not pool & tested
        assert not pool & {text.translate(str.maketrans("ACGT", "TGCA"))[::-1] for text in tested}
        assert len(task.test.labels) == 2 * round(0.1 * 340)


def test_no_negative_is_its_own_promoter_unless_as_released(files):
    def copies(**changed):
        task, _ = task_of(files, "prom_core", negatives=negatives(kept=17, **changed))
        rows = np.array(task.pool.bases).reshape(-1, 2, 70)
        return int((rows[:, 0] == rows[:, 1]).all(axis=1).sum())

    assert copies() == 0
    assert copies(redraw_copies=False) > 0


def test_negatives_of_which_no_window_can_differ_are_refused(files):
    with pytest.raises(ValueError, match=r"task\.negatives needs parts whose change shows in the window"):
        task_of(files, "prom_core", negatives=negatives("released", redraw_copies=True), start=290, bases=5)


def test_a_genome_with_some_chromosomes_gives_their_promoters_and_says_so(files):
    write_fasta(files, {"2": CHROMOSOMES["chr2"]})
    task, directory = task_of(files, "prom_core")
    assert len(task.pool.labels) + len(task.test.labels) == 300
    said = " ".join(describe(directory))
    assert "150 promoters (150 on a chromosome that the genome lacks left out)" in said
    assert "built from start sites at hand" in said


def test_promoters_at_the_ends_of_a_chromosome_are_left_out(tmp_path):
    write_genome([("chr1", [RNG.integers(4, size=1_000, dtype=np.uint8)])], tmp_path)
    sites = [StartSite(str(at), "chr1", at, strand) for at in (248, 249, 949, 950) for strand in "+-"]
    tally = Tally()
    found = cut_promoters(sites, {}, open_genome(tmp_path), None, tally)
    kept = sorted(row.place[1:] for row in found if row.place)
    assert kept == [(0, 300, "+"), (198, 498, "-"), (199, 499, "-"), (700, 1000, "+")]
    assert sum(tally.left_out.values()) == 4


def test_a_group_is_named_by_its_first_row_and_shares_any_key():
    keys = [["a", "b", "a", "c", "d"], [1, 2, 3, 2, 3]]
    assert join_groups(keys, 5).tolist() == [0, 1, 0, 1, 0]


def test_the_test_side_takes_whole_groups_and_its_share_of_every_stratum():
    group = np.repeat(np.arange(500), 2)
    stratum = ["a"] * 200 + ["b"] * 800
    chosen = draw_test_side(group, stratum, share=0.1, seed=0)
    assert (chosen[::2] == chosen[1::2]).all()
    assert (chosen[:200].sum(), chosen[200:].sum()) == (20, 80)
    assert (chosen != draw_test_side(group, stratum, share=0.1, seed=1)).any()


def test_the_papers_counts_follow_from_its_promoters():
    group = np.arange(29_598)
    stratum = np.where(group < 3_065, "TATA", "non-TATA").tolist()
    test = int(draw_test_side(group, stratum, share=0.1, seed=0).sum())
    assert (2 * (29_598 - test), 2 * test) == (53_276, 5_920)


def test_a_chain_of_overlaps_is_one_number():
    stretches = [("a", 90, 110), ("a", 0, 50), ("a", 40, 95), ("b", 40, 95)]
    places = [Place(*stretch, "+") for stretch in stretches]
    numbers = join_groups([], len(places), [overlaps(places, places)])
    assert numbers[0] == numbers[1] == numbers[2] != numbers[3]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"dir": "x"}, "one of task.dir, task.positives, task.tss"),
        ({"start": 250}, "a window of the promoter's 300"),
        ({"assembly": "hg38"}, "one of GRCh38, GRCh37"),
        ({"test_share": 1.0}, "a share between 0 and 1"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(files, changed, message):
    with pytest.raises(ValueError, match=message):
        settings(files, "prom_core", **changed)


def test_a_genome_of_another_assembly_is_refused_by_its_lengths(files):
    with pytest.raises(
        ValueError,
        match="on GRCh38, whose chromosome 1 has 248,956,422 bases; the genome's record chr1 has 60,000",
    ):
        task_of(files, "prom_core", assembly="GRCh38")


def test_every_choice_of_a_built_task_shapes_its_identity_and_tables_at_hand_need_no_genome(files, shared_data):
    built = composed("task=prom_core", f"task.tss={files / 'tss.bed'}", f"task.genome={files / 'genome.fa'}")
    assert [artefact.kind for artefact in source_artefact(built).inputs] == ["genome"]
    known = settings(files, "prom_core").fingerprint()
    for changed in (
        {"start": 216},
        {"negatives": negatives("released")},
        {"split_seed": 1},
        {"motifs": None},
        {"tss": None},
        {"assembly": "GRCh38"},
    ):
        assert settings(files, "prom_core", **changed).fingerprint() != known
    at_hand = composed("task=prom_core", f"task.dir={shared_data / 'prom_core'}")
    assert source_artefact(at_hand).inputs == ()


def test_a_start_site_stands_at_position_249_of_real_promoters(shared_data):
    """The initiator, a pyrimidine and the start site's purine, tells where position 0 is."""
    with gzip.open(shared_data / "prom_300" / "epd_human_TATA_positives_300bp.txt.gz", "rt") as lines:
        letters = np.array([encode(line.strip()) for line in lines])
    purine = np.isin(letters, encode("AG")).mean(axis=0)
    assert purine[248] < 0.2
    assert purine[249] > 0.85


def test_rows_of_the_released_core_begin_at_216_of_rows_of_the_released_prom_300(shared_data):
    core = set()
    for split in ("train", "dev", "test"):
        with gzip.open(shared_data / "prom_core" / f"{split}.csv.gz", "rt") as lines:
            core |= {line.partition(",")[0] for line in lines}
    with gzip.open(shared_data / "prom_300" / "test.csv.gz", "rt") as lines:
        rows = [line.partition(",")[0] for line in lines][1:]
    assert all(row[216:286] in core for row in rows)
    assert sum(row[215:285] in core for row in rows) < 10
