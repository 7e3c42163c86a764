"""A VCF is read as it is written, whatever it is packed in; a mistake in it names file and line."""

import gzip

import pysam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genomask.analysis.variants.comparison import verdict, verdicts
from genomask.genome.vcf import read_records, survey

HEADER = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
BODY = "1\t3\trs1\tA\tC,AT\t.\t.\tAF=0.1,0.2;DB\nchr2\t9\t.\tcg\t<DEL>\t.\tPASS\t.\n"
WITH_SAMPLE = (HEADER + BODY).replace("INFO\n", "INFO\tFORMAT\ts1\n").replace("DB\n", "DB\tGT\t0/0\n")


def test_records_are_the_columns_of_their_lines(tmp_path):
    path = tmp_path / "a.vcf"
    path.write_text(WITH_SAMPLE.removesuffix("\n") + "\tGT\t0/1\n")
    one, other = read_records(path)
    assert (one.chromosome, one.position, one.reference, one.alternatives) == ("1", 3, "A", ["C", "AT"])
    assert one.info == {"AF": "0.1,0.2", "DB": ""}
    assert (other.reference, other.alternatives, other.columns[8:]) == ("CG", ["<DEL>"], ["GT", "0/1"])
    assert [record.position for record in read_records(path, skip=1)] == [9]


def test_plain_gzip_and_bgzip_have_the_same_records_and_the_same_identity(tmp_path):
    plain, packed, blocks = (tmp_path / name for name in ("a.vcf", "b.vcf.gz", "c.vcf.gz"))
    plain.write_text(HEADER + BODY)
    packed.write_bytes(gzip.compress((HEADER + BODY).encode()))
    pysam.tabix_compress(str(plain), str(blocks))
    assert survey(plain) == survey(packed) == survey(blocks)
    assert survey(plain).record_count == 2
    assert list(read_records(plain)) == list(read_records(packed)) == list(read_records(blocks))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: the file is empty"),
        ("1\t3\t.\tA\tC\t.\t.\t.\n", "line 1: a VCF begins with ##fileformat=VCF"),
        ("##fileformat=VCFv4.2\n1\t3\t.\tA\tC\t.\t.\t.\n", "line 2: a record comes before the line #CHROM"),
        ("##fileformat=VCFv4.2\n#CHROM POS\n", "line 2: a VCF needs the columns #CHROM POS"),
        (
            HEADER + "1\t3\t.\tA\tC\t.\t.\n",
            "line 3: a record has at least 8 columns divided by tabs, as many as #CHROM; found 7",
        ),
        (HEADER + BODY + "1\tx\t.\tA\tC\t.\t.\t.\n", "line 5: POS must be a number; found 'x'"),
        (HEADER + "1\t-3\t.\tA\tC\t.\t.\t.\n", "line 3: POS must be a number; found '-3'"),
        (HEADER + "1\t" + "9" * 5000 + "\t.\tA\tC\t.\t.\t.\n", "line 3: POS must be a number"),
        (WITH_SAMPLE, "line 4: a record has .* as many as #CHROM; found 8"),
        (HEADER + BODY + "#a note\n", "line 5: a line of the header comes after a record: '#a note'"),
        (HEADER + BODY + "1\t3\t.\tA\0\tC\t.\t.\t.\n", "line 5: the line holds a NUL byte"),
        (HEADER + "1\t3\t.\t\tC\t.\t.\t.\n", "line 3: REF must be bases; found ''"),
        (HEADER + "1\t3\t.\tA\tC,\t.\t.\t.\n", "line 3: ALT must be bases, .*; found ''"),
        (HEADER + "1\t3\t.\tA\tJ\t.\t.\t.\n", "line 3: ALT must be bases, .*; found 'J'"),
    ],
)
def test_a_malformed_file_names_the_line(tmp_path, text, message):
    path = tmp_path / "bad.vcf"
    path.write_text(text)
    with pytest.raises(ValueError, match=rf"bad\.vcf, {message}"):
        survey(path), list(read_records(path))


@pytest.mark.parametrize("spoil", [lambda packed: packed[:-9], lambda packed: packed[:60] + packed[70:]])
def test_a_truncated_or_damaged_gzip_is_no_short_vcf(tmp_path, spoil):
    path = tmp_path / "cut.vcf.gz"
    path.write_bytes(spoil(gzip.compress((HEADER + BODY * 200).encode())))
    with pytest.raises(ValueError, match=r"cut\.vcf\.gz, line \d+: the file is truncated or damaged"):
        survey(path)


def test_the_survey_reads_every_record(tmp_path):
    path = tmp_path / "late.vcf"
    path.write_text(HEADER + BODY * 3000 + "1\t3\t.\tA\tC..\t.\t.\t.\n")
    with pytest.raises(ValueError, match=r"late\.vcf, line 6003: ALT must be bases, .*; found 'C\.\.'"):
        survey(path)


def test_a_bcf_file_is_refused_with_the_command_that_converts_it(tmp_path):
    (tmp_path / "a.bcf").write_bytes(gzip.compress(b"BCF\2\2"))
    with pytest.raises(
        ValueError, match=r"a\.bcf is BCF; make a VCF of it: bcftools view .*a\.bcf -Oz -o .*a\.vcf\.gz"
    ):
        survey(tmp_path / "a.bcf")


def test_a_file_that_is_not_there_costs_one_line(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is none at .*x\.vcf"):
        survey(tmp_path / "x.vcf")


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.sampled_from(["A", "c", "TTG", "*", "<INS>", "<*>", ".", "G]17:198982]", "[1:2[T", "G.", ".AG"]),
        min_size=1,
        max_size=4,
    )
)
def test_every_kind_of_allele_of_the_standard_is_read(tmp_path_factory, alleles):
    path = tmp_path_factory.mktemp("vcf") / "a.vcf"
    path.write_text(f"{HEADER}1\t3\t.\tA\t{','.join(alleles)}\t.\t.\t.\r\n\n")
    (record,) = read_records(path)
    assert record.alternatives == alleles


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", "pathogenic"), ("4|255", "pathogenic"), ("2|3", "benign"),
        ("5|0", None), ("5|2", None), ("255", None),
        ("Pathogenic/Likely_pathogenic|drug_response", "pathogenic"), ("Likely_benign", "benign"),
        ("Benign|Likely_benign|not_provided", "benign"), ("Benign|Uncertain_significance", None),
        ("Likely_pathogenic,_low_penetrance", "pathogenic"), ("not_provided", None),
        ("Conflicting_interpretations_of_pathogenicity", None),
        ("Conflicting_classifications_of_pathogenicity|risk_factor|Benign", None),
    ],
)  # fmt: skip
def test_a_verdict_is_read_in_the_spellings_of_2016_and_of_today(text, expected):
    assert verdict(text) == expected


def test_the_clnallele_of_2016_says_which_allele_a_verdict_is_about():
    assert verdicts({"CLNSIG": "2,5|5", "CLNALLE": "0,2"}, 2) == [None, "pathogenic"]
    assert verdicts({"CLNSIG": "5,2", "CLNALLE": "1,2"}, 2) == ["pathogenic", "benign"]
    assert verdicts({"CLINICAL_SIGNIFICANCE": "Benign"}, 2) == ["benign", "benign"]
    assert verdicts({"AF": "0.5"}, 1) == [None]
