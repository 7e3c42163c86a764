"""``stage=variants`` and ``stage=mutagenesis``: a VCF goes in; scores, a VCF and figures come out."""

import csv
import gzip
import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pysam
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compose import composed
from genomask.analysis.variants import score_vcf
from genomask.experiment.stages.run import run_stages
from genomask.models.export import export_encoder
from tiny_models import TOKENS, tiny_classifier

HEADER = (
    '##fileformat=VCFv4.2\n##contig=<ID=1>\n##INFO=<ID=CLNSIG,Number=.,Type=String,Description="x">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
)


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A genome of two records, two classifiers, and a VCF with every kind of allele."""
    folder, draw = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    text = "".join(draw.choice(list("ACGT"), 600))
    (folder / "toy.fa").write_text(f">chr1\n{text}\n>chr2\n{text[:90]}{'N' * 30}{text[90:200]}\n")
    for name, seed in (("one", 0), ("two", 1)):
        model = tiny_classifier(2, seed=seed, head_sd=3)
        model.config.id2label = {0: "no", 1: "yes"}
        (folder / name).mkdir()
        export_encoder(model, folder / name, TOKENS)
    (folder / "a.vcf").write_text(HEADER + "".join(lines(text)))
    return folder


def lines(text: str) -> list[str]:
    """SNVs everywhere with verdicts in turn, and one of each of the other kinds."""
    other = {"A": "C", "C": "G", "G": "T", "T": "A"}
    verdicts = ("Pathogenic", "Benign", "Uncertain_significance")
    snvs = [
        f"1\t{at + 1}\trs{at}\t{text[at]}\t{other[text[at]]}\t.\t.\tCLNSIG={verdicts[at % 3]}\n"
        for at in range(0, 400, 10)
    ]
    at = 410
    several = f"{other[text[at]]},{text[at]}GATTACA,<DEL>,{text[at]}"
    wrong = other[text[500]]
    return [
        *snvs,
        f"1\t{at + 1}\t.\t{text[at]}\t{several}\t.\t.\tDB\n",
        f"1\t{451}\t.\t{text[450:454]}\t{text[450]}\t9\tPASS\t.\n",
        f"1\t501\t.\t{wrong}\tA\t.\t.\t.\n",
        f"1\t600\t.\t{text[599]}\t{text[599]}ACGT\t.\t.\t.\n",
        f"2\t80\t.\t{text[79]}\tA\t.\t.\t.\n",
        "3\t1\t.\tA\tC\t.\t.\t.\n",
    ]


def run(data: Path, runs: Path, *overrides: str, stage: str = "variants", vcf: str = "a.vcf") -> None:
    words = [
        f"stage={stage}", "genome=fasta", f"genome.path={data}/toy.fa", f"paths.runs={runs}", "trainer=cpu",
        f"variants.vcf={data}/{vcf}", f"variants.classifiers=[{data}/one,{data}/two]",
        "variants.top=[5,20,1000]", "variants.resamples=10",
    ]  # fmt: skip
    run_stages(composed(*words, "variants.length=40" if stage == "variants" else "seed=0", *overrides))


@pytest.fixture(scope="module")
def runs(data, tmp_path_factory) -> Path:
    runs = tmp_path_factory.mktemp("runs")
    run(data, runs)
    return runs


def rows(runs: Path) -> list[dict]:
    (path,) = runs.glob("variants/*/scores.parquet")
    return pq.read_table(path).to_pylist()


def test_every_allele_has_scores_or_a_reason(runs):
    found = rows(runs)
    assert len(found) == 40 + 4 + 5
    for row in found:
        assert (row["one_delta"] is None) == (row["two_log_odds"] is None) == (row["why_not_scored"] is not None)
        if row["one_delta"] is not None:
            assert row["one_abs_delta"] == abs(row["one_p_alt"] - row["one_p_ref"])
    kinds = [(row["allele"], row["class"], row["why_not_scored"]) for row in found[40:]]
    assert kinds == [
        (1, "snv", None), (2, "insertion", None), (3, "symbolic", "symbolic"), (4, "same", None),
        (1, "deletion", None), (1, "snv", "ref_mismatch"), (1, "insertion", None),
        (1, kinds[7][1], "unknown_bases"), (1, "snv", "unknown_record"),
    ]  # fmt: skip
    assert found[43]["one_delta"] == found[43]["two_diff"] == found[43]["two_log_odds"] == 0, "nothing changed"
    assert [row["position"] for row in found if row["shifted"]] == [1, 11, 600]
    assert all(row["one_delta"] != 0 for row in found if row["class"] == "snv" and row["one_delta"] is not None)


def test_the_summary_counts_what_was_not_scored_and_shows_the_first_of_each(runs, data, capsys):
    run(data, runs)
    printed = capsys.readouterr().out
    assert "1 not scored: ref_mismatch, such as 1:501" in printed
    assert "(the genome has " in printed
    assert "build " not in printed, "a rerun finds everything"
    (path,) = runs.glob("variants/*/summary.json")
    summary = json.loads(path.read_text())
    assert (summary["records"], summary["alleles"], summary["scored"]) == (46, 49, 45)
    assert sum(summary["not_scored"].values()) == 4
    assert summary["scored_by_class"] == {"deletion": 1, "insertion": 2, "same": 1, "snv": 41}


def test_the_scored_vcf_is_valid_indexed_and_otherwise_as_it_was(runs, data):
    (path,) = runs.glob("variants/*/scored.vcf.gz")
    with gzip.open(path, "rt") as text:
        body = [line.rstrip("\n").split("\t") for line in text if not line.startswith("#")]
    given = [line.split("\t") for line in (data / "a.vcf").read_text().splitlines() if line[0] != "#"]
    assert [columns[:7] for columns in body] == [columns[:7] for columns in given]
    assert body[0][7].startswith("CLNSIG=Pathogenic;GM_CLASS=snv;GM_P_REF_one=")
    assert path.with_name("scored.vcf.gz.tbi").is_file()
    with pysam.VariantFile(str(path)) as file:
        (several,) = file.fetch("1", 410, 411)
        assert several.info["GM_CLASS"] == ("snv", "insertion", "symbolic", "same")
        assert several.info["GM_WHY"] == (".", ".", "symbolic", ".")
        expected = [row["two_delta"] for row in rows(runs)[40:44]]
        assert several.info["GM_DELTA_two"][2] is None
        found = [value for value in several.info["GM_DELTA_two"] if value is not None]
        assert found == pytest.approx([value for value in expected if value is not None], rel=1e-4, abs=1e-7)
        assert "GM_DELTA_one" not in next(file.fetch("3", 0, 1)).info


def test_agreement_and_clinvar_figures_come_with_it(runs):
    with next(runs.glob("overlap/*/overlap.csv")).open() as file:
        found = list(csv.DictReader(file))
    scored = [row for row in rows(runs) if row["why_not_scored"] is None]
    assert [int(row["top"]) for row in found] == [5, 20, 45]
    tops = [
        {at for _, at in sorted((-row[f"{name}_abs_delta"], at) for at, row in enumerate(scored))[:20]}
        for name in ("one", "two")
    ]
    assert float(found[1]["overlap"]) == pytest.approx(len(tops[0] & tops[1]) / 20)
    assert {path.suffix for path in runs.glob("overlap/*/overlap.*")} == {".csv", ".pdf", ".png", ".svg"}
    with next(runs.glob("clinvar/*/clinvar.csv")).open() as file:
        verdicts = {(row["classifier"], row["variant_class"]): row for row in csv.DictReader(file)}
    snv = verdicts["one", "snv"]
    assert (snv["pathogenic_count"], snv["benign_count"], snv["reason"]) == ("14", "13", "")
    pairs = [
        (a["one_abs_delta"] > b["one_abs_delta"])
        for a in scored if a["significance"] == "pathogenic"
        for b in scored if b["significance"] == "benign"
    ]  # fmt: skip
    assert float(snv["auroc"]) == pytest.approx(np.mean(pairs), rel=1e-5)
    assert verdicts["two", "deletion"]["reason"] == "no pathogenic and no benign allele"


def test_a_stopped_scoring_goes_on_and_ends_at_the_same_bytes(data, runs, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(score_vcf, "CHUNK", 8)
    run(data, tmp_path / "whole")
    write = score_vcf.write_part

    def stop(part, path):
        if path.name == score_vcf.part_name(3):
            path.with_name(path.name + ".part").write_bytes(b"half")
            raise KeyboardInterrupt
        write(part, path)

    monkeypatch.setattr(score_vcf, "write_part", stop)
    with pytest.raises(KeyboardInterrupt):
        run(data, tmp_path / "stopped")
    assert not any(tmp_path.glob("stopped/variants/*/scores.parquet"))
    monkeypatch.setattr(score_vcf, "write_part", write)
    capsys.readouterr()
    run(data, tmp_path / "stopped")
    assert "resume at variant 24 of 46" in capsys.readouterr().out
    for name in ("scores.parquet", "scored.vcf.gz", "scored.vcf.gz.tbi", "summary.json"):
        one, other = (next(tmp_path.glob(f"{how}/variants/*/{name}")).read_bytes() for how in ("whole", "stopped"))
        assert one == other, name
    assert not any(tmp_path.glob("*/variants/*/parts"))
    one, other = (next(where.glob("variants/*/scores.parquet")) for where in (runs, tmp_path / "whole"))
    deltas = [pq.read_table(path)["two_delta"].to_pylist() for path in (one, other)]
    assert deltas[0] == pytest.approx(deltas[1], abs=1e-6), "chunks change no score"


def test_plain_packed_and_indexed_files_are_one_artefact(data, runs, capsys):
    plain = (data / "a.vcf").read_bytes()
    (data / "packed.vcf.gz").write_bytes(gzip.compress(plain))
    pysam.tabix_compress(str(data / "a.vcf"), str(data / "a.vcf.gz"), force=True)
    pysam.tabix_index(str(data / "a.vcf.gz"), preset="vcf", force=True)
    run(data, runs, vcf="a.vcf.gz")
    assert "build " not in capsys.readouterr().out
    run(data, runs.parent / "packed", vcf="packed.vcf.gz")
    one, other = (next(where.glob("variants/*/scored.vcf.gz")) for where in (runs, runs.parent / "packed"))
    assert one.read_bytes() == other.read_bytes()
    shutil.rmtree(runs.parent / "packed")


def test_a_vcf_out_of_order_and_one_without_records_are_written_too(data, tmp_path):
    text = (data / "a.vcf").read_text().splitlines(keepends=True)
    (data / "mixed.vcf").write_text("".join([*text[:4], text[9], text[5], text[48]]))
    (data / "empty.vcf").write_text("".join(text[:4]))
    for name, count in (("mixed", 3), ("empty", 0)):
        run(data, tmp_path / name, vcf=f"{name}.vcf")
        (scored,) = (tmp_path / name).glob("variants/*/scored.vcf.gz")
        assert scored.with_name("scored.vcf.gz.tbi").is_file() == (name == "empty")
        with pysam.VariantFile(str(scored)) as file:
            assert len(list(file)) == count


BASES = st.text("ACGT", min_size=1, max_size=4)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 620), BASES, st.lists(BASES | st.just("*"), min_size=1)), max_size=6))
def test_random_files_come_back_whole(data, tmp_path_factory, sites):
    runs = tmp_path_factory.mktemp("runs")
    lines = [f"1\t{at}\t.\t{ref}\t{','.join(alts)}\t.\t.\t.\n" for at, ref, alts in sites]
    (runs / "a.vcf").write_text(HEADER + "".join(lines))
    run(data, runs, f"variants.vcf={runs}/a.vcf")
    found = rows(runs)
    assert [(row["record"], row["alternative"]) for row in found] == [
        (number, alt) for number, (_, _, alts) in enumerate(sites) for alt in alts
    ]
    chromosome = (data / "toy.fa").read_text().split("\n")[1]
    for row in found:
        fits = chromosome[row["position"] - 1 :].startswith(row["reference"])
        assert (row["why_not_scored"] is None) == (fits and row["alternative"] != "*")
    with pysam.VariantFile(str(next(runs.glob("variants/*/scored.vcf.gz")))) as file:
        assert [record.alts for record in file] == [tuple(alts) for _, _, alts in sites]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["variants.vcf=null"], r"variants\.vcf needs a VCF file \(variants\.vcf=FILE\)"),
        (["variants.length=600"], "A window needs 6 to 515 bases, which the classifiers take; found 600"),
        (["variants.length=null"], r"variants\.length needs a number, .*one: not known"),
        (["variants.names=[a,a]"], r"variants\.names needs a name of its own for every classifier"),
        (["variants.names=[a]"], r"variants\.names needs a name of its own for every classifier"),
        (["variants.reference=three"], r"variants\.reference needs one of one, two; found 'three'"),
        (["variants.positive=maybe"], r"variants\.positive \(for one\) needs one of no, yes; found 'maybe'"),
        (["variants.indels=cut"], r"variants\.indels needs one of fill, grow; found 'cut'"),
        (["stage=mutagenesis"], r"needs one of variants\.sequence and variants\.region; found \[\]"),
        (["stage=mutagenesis", "variants.sequence=ACGN"], r"variants\.sequence needs letters .*; found 'N'"),
        (
            ["stage=mutagenesis", "variants.region=x:1-9"],
            "region=x:1-9: the genome has no record 'x'; it has chr1, chr2",
        ),
        (["stage=mutagenesis", "variants.region=2:80-130"], r"variants\.region needs A, C, G and T only"),
    ],
)
def test_an_impossible_wish_costs_one_line(data, tmp_path, overrides, message):
    with pytest.raises(ValueError, match=message):
        run(data, tmp_path, *overrides)


def test_folders_that_hold_no_classifier_are_named(data, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"the folder of a fine-tuning; there is none at .*absent"):
        run(data, tmp_path, f"variants.classifiers=[{tmp_path}/absent]")
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "result.json").write_text("{}")
    with pytest.raises(FileNotFoundError, match=r"kept no classifier. Fine-tune again with finetune\.save_model=true"):
        run(data, tmp_path, f"variants.classifiers=[{tmp_path}/kept]")


def test_a_vcf_that_was_scored_already_is_refused_with_the_line(data, runs, tmp_path):
    (scored,) = runs.glob("variants/*/scored.vcf.gz")
    with pytest.raises(ValueError, match=r"line 4: the header has ##INFO=<ID=GM_CLASS already"):
        run(data, tmp_path, f"variants.vcf={scored}")


def test_mutagenesis_of_a_region_becomes_a_table_and_heat_maps(data, tmp_path):
    run(data, tmp_path, "variants.region=1:101-160", "variants.strands=both", stage="mutagenesis")
    (directory,) = tmp_path.glob("mutagenesis/1-101-160-*")
    with (directory / "mutagenesis.csv").open() as file:
        found = list(csv.DictReader(file))
    assert (len(found), found[0]["position"], found[-1]["position"]) == (240, "101", "160")
    for row in found:
        assert (float(row["one_delta"]) == 0) == (row["reference"] == row["base"])
    found = json.loads((directory / "manifest.json").read_text())["counts"]
    assert found == {"bases": {"read": 60, "used": 60, "refused": {}}}
    assert {path.name for path in directory.glob("two.*")} == {"two.pdf", "two.png", "two.svg"}


def test_without_classifiers_the_configuration_is_fine_tuned_and_its_window_is_the_tasks(data, tmp_path):
    draw = np.random.default_rng(0)
    chromosome = (data / "toy.fa").read_text().split("\n")[1]  # too short to pretrain on by itself
    (tmp_path / "long.fa").write_text(f">chr1\n{chromosome}{''.join(draw.choice(list('ACGT'), 60_000))}\n")
    for name, count in (("train", 8), ("test", 6)):
        table = [f"{''.join(draw.choice(list('ACGT'), 30))},{row % 2}" for row in range(count)]
        (tmp_path / f"{name}.csv").write_text("\n".join(["sequence,label", *table]))
    tiny = (
        "model.hidden_size=16", "model.layers=1", "model.heads=2", "model.intermediate_size=16",
        "pretrain=none", "pretrain.max_steps=0", "pretrain.validation_segments=8",
        "pretrain.calibration_segments=60", "masking=random", "logger=csv", "shots=2", "fs.epochs=1",
        "task=csv", f"task.train={tmp_path}/train.csv", f"task.test={tmp_path}/test.csv",
    )  # fmt: skip
    words = (*tiny, f"genome.path={tmp_path}/long.fa", "variants.classifiers=null")
    with pytest.raises(ValueError, match=r"A window needs 6 to \d+ bases, which the classifiers take; found 9000"):
        run(data, tmp_path, *words, "variants.length=9000")
    with pytest.raises(ValueError, match=r"variants\.positive needs one of 0, 1; found '7'"):
        run(data, tmp_path, *words, "variants.positive=7")
    assert not (tmp_path / "encoder").exists(), "nothing is trained for what cannot be scored"
    run(data, tmp_path, *words, "variants.length=null")
    assert next(tmp_path.glob("variants/*")).name.startswith("a-30bp-")
    (saved,) = tmp_path.glob("finetune/*/rerun.yaml")
    assert "save_model: true" in saved.read_text()
    assert not any(tmp_path.glob("overlap/*")), "one classifier agrees with nobody"
