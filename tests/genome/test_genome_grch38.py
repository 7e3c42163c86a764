"""``genome=grch38`` against a small copy of NCBI's folder, served from this machine."""

import gzip
import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from genomask.genome import grch38
from genomask.genome.download import cache_folder, download
from genomask.genome.encoded import open_genome
from genomask.genome.grch38 import Grch38Genome

# Names and folders as in NCBI's release of GCF_000001405.39.
SEQUENCES = {
    "1": "NC_000001.11",
    "2": "NC_000002.12",
    "14": "NC_000014.9",
    "X": "NC_000023.11",
    "Y": "NC_000024.10",
}
FOLDER = "GCF_000001405.39_GRCh38.p13_assembly_structure/Primary_Assembly/assembled_chromosomes/FASTA"
LETTERS = {"1": "NNACGT", "2": "acgtn", "14": "TTTT", "X": "GMR", "Y": "CC"}
ASKED: list[str] = []


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder and notes what it is asked for."""

    def log_message(self, *_: object) -> None:
        """Note the path."""
        ASKED.append(self.path)


def publish(folder: Path, chromosome: str, sequence: str) -> None:
    """Put a chromosome into NCBI's folder, and its checksum into NCBI's list."""
    header = f">{sequence} Homo sapiens chromosome {chromosome}, GRCh38.p13 Primary Assembly"
    data = gzip.compress(f"{header}\n{LETTERS[chromosome]}\n".encode())
    path = f"{FOLDER}/chr{chromosome}.fna.gz"
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(data)
    with (folder / "md5checksums.txt").open("a") as file:
        file.write(f"{hashlib.md5(data).hexdigest()}  ./{path}\n")


@pytest.fixture
def ncbi(tmp_path):
    folder = tmp_path / "ncbi"
    for chromosome, sequence in SEQUENCES.items():
        publish(folder, chromosome, sequence)
    return folder


@pytest.fixture
def url(ncbi, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    ASKED.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(ncbi))) as server:
        thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.01))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def encoded(tmp_path):
    (tmp_path / "encoded").mkdir()
    return tmp_path / "encoded"


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def test_the_chosen_chromosomes_are_downloaded_and_encoded_in_their_order(url, cache, encoded):
    Grch38Genome(["Y", "14", "1", "X", "2"], str(cache), url).encode(encoded)
    genome = open_genome(encoded)
    assert genome.names == ("chr1", "chr2", "chr14", "chrX", "chrY")
    assert genome.bases.tolist() == [4, 4, 0, 2, 3, 1, 0, 2, 3, 1, 4, 1, 1, 1, 1, 3, 4, 4, 2, 2]
    assert len(ASKED) == 6


def test_what_is_in_the_cache_needs_no_network(url, cache, encoded):
    Grch38Genome(["1", "2"], str(cache), url).encode(encoded)
    ASKED.clear()
    Grch38Genome(["2"], str(cache), "http://nowhere.invalid").encode(encoded)
    assert open_genome(encoded).names == ("chr2",)
    assert ASKED == []


def test_a_damaged_file_in_the_cache_is_fetched_again(url, cache, encoded):
    Grch38Genome(["1"], str(cache), url).encode(encoded)
    (cache / "GRCh38.p13" / "chr1.fna.gz").write_bytes(b"damaged")
    Grch38Genome(["1"], str(cache), url).encode(encoded)
    assert len(open_genome(encoded).bases) == 6


def test_a_file_with_another_checksum_than_ncbi_lists_is_refused(ncbi, url, cache, encoded):
    (ncbi / FOLDER / "chr2.fna.gz").write_bytes(gzip.compress(b">NC_000002.12\nACGT\n"))
    with pytest.raises(ValueError, match=r"chr2.fna.gz gave a file with md5 \w{32} instead of \w{32}"):
        Grch38Genome(["1", "2"], str(cache), url).encode(encoded)
    assert not list(encoded.iterdir())


def test_a_chromosome_of_another_assembly_is_refused(ncbi, url, cache, encoded):
    (ncbi / "md5checksums.txt").unlink()
    publish(ncbi, "1", "NC_000001.10")
    with pytest.raises(ValueError, match=r"chr1.fna.gz needs sequence NC_000001.11; found 'NC_000001.10'"):
        Grch38Genome(["1"], str(cache), url).encode(encoded)


def test_a_chromosome_that_the_list_lacks_is_refused(ncbi, url, cache, encoded):
    (ncbi / "md5checksums.txt").write_text("no list\n")
    with pytest.raises(ValueError, match=f"md5checksums.txt needs a checksum of {FOLDER}/chr1.fna.gz; found 'none'"):
        Grch38Genome(["1"], str(cache), url).encode(encoded)


def test_without_the_files_the_line_says_what_else_to_do(monkeypatch, url, cache, encoded):
    monkeypatch.setattr(grch38, "download", partial(download, tries=1))
    line = rf"put it at {cache}/GRCh38.p13/md5checksums.txt.*genome=fasta genome.path=FILE"
    with pytest.raises(ConnectionError, match=line):
        Grch38Genome(["1"], str(cache), f"{url}elsewhere").encode(encoded)


def test_the_genome_is_identified_without_a_network():
    everything = Grch38Genome()
    assert everything.label == "grch38"
    assert everything.fingerprint()["release"] == "GRCh38.p13"
    assert everything.fingerprint()["chromosomes"] == [*map(str, range(1, 23)), "X", "Y"]
    one, same = Grch38Genome(["2", "1"]), Grch38Genome(["1", "2"], cache="elsewhere", url="http://mirror")
    assert one.fingerprint() == same.fingerprint() != everything.fingerprint()


@pytest.mark.parametrize("chromosomes", [[], ["chr1"], ["1", "MT"]])
def test_other_chromosomes_are_refused(chromosomes):
    with pytest.raises(ValueError, match=r"genome.chromosomes needs some of 1..22, X, Y, or null for all; found"):
        Grch38Genome(chromosomes)


def test_the_cache_is_where_the_user_keeps_caches(monkeypatch):
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder(None) == Path("/home/someone/.cache/genomask")
    assert cache_folder("~/genomes") == Path("/home/someone/genomes")
    monkeypatch.setenv("XDG_CACHE_HOME", "/scratch/cache")
    assert cache_folder(None) == Path("/scratch/cache/genomask")


def test_the_settings_are_a_schema_of_the_configuration():
    config = OmegaConf.merge(OmegaConf.structured(Grch38Genome), {"chromosomes": [1, "X"]})
    assert OmegaConf.to_object(config) == Grch38Genome(["1", "X"])
    assert Grch38Genome().url.startswith("https://ftp.ncbi.nlm.nih.gov/genomes/all/GCF/000/001/405/GCF_000001405.39_")
