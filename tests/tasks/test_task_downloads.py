"""Benchmarks from a server that breaks: whole files, the same every time, or a line that says what to do."""

import gzip
import hashlib
import threading
from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest
from test_genome_download import Handler, Server

from compose import composed
from genomask.alphabet import decode
from genomask.experiment.stages.task import build_source
from genomask.genome import download as downloads
from genomask.genome.download import download, fetch
from genomask.tasks.arrays import open_benchmark
from genomask.tasks.cohn import read_intervals
from genomask.tasks.epd import read_start_sites

BED = "".join(f"chr1 {at} {at + 60} P{at}_1 900 + {at + 49} {at + 60}\n" for at in range(300, 9_000, 70))
MOTIFS = "#Name\tTATA-box\n" + "".join(f"P{at}_1\t{at // 70 % 2}\n" for at in range(300, 9_000, 70))
INTERVALS = "id,region,start,end,strand\n" + "".join(f"x,chr1,{at},{at + 500},+\n" for at in range(0, 5_000, 100))


class FilesHandler(Handler):
    """Answers as planned, with the file of the path that is asked for."""

    server: "Files"

    def do_GET(self) -> None:  # noqa: N802  (the name that http.server calls)
        """Serve one file."""
        if self.path not in self.server.files:
            return self.send_error(404)
        self.server.content = self.server.files[self.path]
        self.server.paths.append(self.path)
        return super().do_GET()


class Files(Server):
    """Several files below one address."""

    def __init__(self) -> None:
        super().__init__()
        self.RequestHandlerClass = FilesHandler
        self.url = self.url.rpartition("/")[0]
        self.paths: list[str] = []
        packed = {
            f"/cohn/{split}/{name}.csv.gz": gzip.compress(INTERVALS.encode())
            for split in ("train", "test")
            for name in ("positive", "negative")
        }
        self.files = packed | {
            "/epd/006/Hs_EPDnew_006_hg38.bed": BED.encode(),
            "/epd/006/db/promoter_motifs.txt": MOTIFS.encode(),
        }


@pytest.fixture
def server(monkeypatch) -> Iterator[Files]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(downloads, "download", partial(download, sleep=lambda _: None, timeout=0.3, tries=3))
    with Files() as server:
        thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.01))
        thread.start()
        yield server
        server.over.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def bed(server, tmp_path):
    return partial(
        fetch,
        f"{server.url}/epd/006/Hs_EPDnew_006_hg38.bed",
        tmp_path / "tss.bed",
        read_start_sites,
        instead="Else: by hand.",
    )


@pytest.mark.parametrize("faults", [[], ["cut"], ["stall"], ["500"], ["503", "cut"]])
def test_a_file_comes_whole_through_whatever_breaks(server, bed, tmp_path, faults):
    server.plan = list(faults)
    assert len(bed()) == BED.count("\n")
    assert (tmp_path / "tss.bed").read_text() == BED
    recorded = (tmp_path / "tss.bed.sha256").read_text()
    assert recorded == f"{hashlib.sha256(BED.encode()).hexdigest()}  tss.bed\n"


@pytest.mark.parametrize(
    ("faults", "error", "message"),
    [
        (["404"], ConnectionError, r"answers 404.*put it at .*tss\.bed\. Else: by hand\."),
        (["500"] * 3, ConnectionError, r"answers 500.*last of 3 tries.*put it at .*Else: by hand\."),
        (["stall"] * 3, ConnectionError, r"timed out.*Else: by hand\."),
        (["login"], ValueError, r"answers with a web page.*Else: by hand\."),
    ],
)
def test_what_does_not_come_costs_one_line_that_says_what_to_do(server, bed, faults, error, message):
    server.plan = faults
    with pytest.raises(error, match=message):
        bed()
    path = bed.args[1]
    assert not path.exists()
    assert not path.with_name("tss.bed.sha256").exists()


def test_a_login_page_that_says_it_is_plain_text_is_not_kept(server, bed, tmp_path):
    server.files["/epd/006/Hs_EPDnew_006_hg38.bed"] = b"Please log in to this network.\n"
    with pytest.raises(ValueError, match=r"gave a file that cannot be used: .*tss\.bed, line 1: not.*by hand\."):
        bed()
    assert not (tmp_path / "tss.bed").exists()
    server.files["/epd/006/Hs_EPDnew_006_hg38.bed"] = BED.encode()
    assert bed()


def test_a_damaged_file_is_fetched_again_and_a_changed_one_is_refused(server, bed, tmp_path):
    bed()
    (tmp_path / "tss.bed").write_text(BED[:500])
    assert len(bed()) == BED.count("\n")
    assert len(server.paths) == 2
    (tmp_path / "tss.bed").unlink()
    server.files["/epd/006/Hs_EPDnew_006_hg38.bed"] = (BED + "chr1 1 2 new 0 +\n").encode()
    with pytest.raises(ValueError, match=r"instead of [0-9a-f]{64}.*want it, delete .*tss\.bed\.sha256"):
        bed()
    (tmp_path / "tss.bed.sha256").unlink()
    assert len(bed()) == BED.count("\n") + 1


def test_a_file_put_there_by_hand_is_used_and_kept_even_if_it_is_wrong(server, bed, tmp_path):
    (tmp_path / "tss.bed").write_text("no table")
    with pytest.raises(ValueError, match="cannot be used"):
        bed()
    assert (tmp_path / "tss.bed").read_text() == "no table"
    (tmp_path / "tss.bed").write_text("chr1 1 2 mine 0 +\n")
    assert [site.name for site in bed()] == ["mine"]
    assert server.paths == []


@pytest.fixture
def genome(tmp_path):
    bases = np.random.default_rng(0).integers(4, size=10_000, dtype=np.uint8)
    (tmp_path / "genome.fa").write_text(f">1\n{decode(bases)}\n")
    return tmp_path / "genome.fa"


def words(tmp_path, genome, url, name):
    return [
        f"paths.runs={tmp_path / 'runs'}",
        f"task={name}",
        f"task.url={url}",
        f"task.cache={tmp_path / 'cache'}",
        f"task.genome={genome}",
    ]


def test_promoters_are_downloaded_and_built_once(server, genome, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("genomask.genome.names.LENGTHS", {"GRCh38": {"1": 10_000}})
    server.plan = ["cut"]
    run = composed(*words(tmp_path, genome, f"{server.url}/epd", "prom_300"))
    task = open_benchmark(build_source(run))
    assert len(task.pool.labels) + len(task.test.labels) == 2 * BED.count("\n")
    asked = len(server.paths)
    build_source(run)
    build_source(composed(*words(tmp_path, genome, f"{server.url}/epd", "prom_core")))
    assert len(server.paths) == asked == 3  # one file broke once
    said = capsys.readouterr().out
    assert f"built from EPDnew 006, {server.url}/epd; genome genome-" in said
    assert "the paper's 59,196 rows are of 29,598" in said
    assert '"TATA": 62' in (run.store.root / "task").glob("prom_300*/benchmark.json").__next__().read_text()


def test_enhancers_are_downloaded_and_cut(server, genome, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("genomask.genome.names.LENGTHS", {"GRCh38": {"1": 10_000}})
    task = open_benchmark(build_source(composed(*words(tmp_path, genome, f"{server.url}/cohn", "cohn_enh"))))
    assert np.bincount(task.pool.labels).tolist() == [50, 50]
    assert len(server.paths) == 4
    assert f"cut by {server.url}/cohn" in capsys.readouterr().out
    assert sorted(path.name for path in (tmp_path / "cache").rglob("*.sha256")) == [
        "negative.csv.gz.sha256",
        "negative.csv.gz.sha256",
        "positive.csv.gz.sha256",
        "positive.csv.gz.sha256",
    ]


def test_a_truncated_archive_is_not_taken_for_a_table(server, tmp_path):
    server.files["/cohn/train/positive.csv.gz"] = server.files["/cohn/train/positive.csv.gz"][:-20]
    with pytest.raises(ValueError, match=r"cannot be used: .*truncated or damaged"):
        fetch(
            f"{server.url}/cohn/train/positive.csv.gz",
            tmp_path / "a.csv.gz",
            read_intervals,
            instead="By hand.",
        )
    assert not (tmp_path / "a.csv.gz").exists()


@pytest.mark.parametrize(("name", "other"), [("prom_core", "task.positives="), ("cohn_enh", "task.coordinates=")])
def test_without_a_network_a_run_names_the_ways_that_need_none(genome, tmp_path, monkeypatch, name, other):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(downloads, "download", partial(download, sleep=lambda _: None, tries=1))
    with Server() as closed:
        url = closed.url.rpartition("/")[0]
    with pytest.raises(ConnectionError, match=f"refused.*{other}.*task.dir=FOLDER"):
        build_source(composed(*words(tmp_path, genome, url, name)))
    assert not (tmp_path / "runs" / "task").exists()


def test_a_genome_that_does_not_come_costs_a_line_after_the_tables_came(server, tmp_path, monkeypatch):
    def refused(_self, _directory):
        raise ConnectionError("ftp.example cannot be downloaded.")

    monkeypatch.setattr("genomask.genome.grch38.Grch38Genome.encode", refused)
    run = composed(*(word for word in words(tmp_path, "", f"{server.url}/epd", "prom_core")[:-1]))
    with pytest.raises(ConnectionError, match=r"cannot be downloaded\. For the benchmark alone: task\.genome=FILE"):
        build_source(run)
    assert len(server.paths) == 2
