"""Downloads from a server on this machine that does what servers on the network do: break."""

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from genomask.genome.download import download

CONTENT = bytes(range(256)) * 4000  # about 1 MB: more than a connection's buffers hold
OTHER_CONTENT = CONTENT[::-1]
MD5 = hashlib.md5(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Answers requests one by one as ``plan`` says, and all later ones with the file."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.plan: list[str] = []
        self.asked: list[dict[str, str]] = []
        self.content = CONTENT
        self.version = {"ETag": '"1"'}
        self.over = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/chr1.fna.gz"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer as planned."""
        self.server.asked.append(dict(self.headers.items()))
        plan = self.server.plan.pop(0) if self.server.plan else "file"
        if plan.isdigit():
            self.send_error(int(plan))
        elif plan == "login":
            self.answer(200, b"<html>Log in</html>", {"Content-Type": "text/html; charset=utf-8"})
        else:
            self.send_file(plan)

    def send_file(self, plan: str) -> None:
        """Send the file, or what is asked for of it, or only the first half of that."""
        body, status, headers = self.server.content, 200, dict(self.server.version)
        start = int(self.headers.get("Range", "bytes=0-")[6:-1])
        same = self.headers.get("If-Range") in self.server.version.values()
        if start and same and plan != "ignore range":
            if start >= len(body):
                return self.send_error(416)
            shown = start + 1 if plan == "other range" else start
            headers["Content-Range"] = f"bytes {shown}-{len(body) - 1}/{len(body)}"
            body, status = body[shown:], 206
        sent = len(body) if plan not in ("cut", "stall", "cut and change") else len(body) // 2
        self.answer(status, body, headers, sent)
        if plan == "stall":
            self.server.over.wait()
        if plan == "cut and change":
            self.server.content, self.server.version = OTHER_CONTENT, {"ETag": '"2"'}
        return None

    def answer(self, status: int, body: bytes, headers: dict[str, str], sent: int | None = None) -> None:
        """Announce the whole body and send the first bytes of it."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body[:sent])
        self.wfile.flush()


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as server:
        thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.01))
        thread.start()
        yield server
        server.over.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def fetch(pauses):
    return partial(download, sleep=pauses.append, timeout=0.3)


def asked_from(server: Server) -> list[str | None]:
    return [headers.get("Range") for headers in server.asked]


def test_a_file_arrives_whole_and_leaves_nothing_else(server, fetch, pauses, tmp_path):
    fetch(server.url, tmp_path / "new" / "file", md5=MD5, sha256=hashlib.sha256(CONTENT).hexdigest().upper())
    assert (tmp_path / "new" / "file").read_bytes() == CONTENT
    assert {file.name for file in (tmp_path / "new").iterdir()} <= {"file", "file.lock"}
    assert asked_from(server) == [None]
    assert pauses == []


@pytest.mark.parametrize("fault", ["cut", "stall"])
def test_a_broken_connection_is_resumed_where_it_broke(server, fetch, pauses, tmp_path, fault):
    server.plan = [fault, fault]
    fetch(server.url, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    half, rest = len(CONTENT) // 2, len(CONTENT) - len(CONTENT) // 2
    assert asked_from(server) == [None, f"bytes={half}-", f"bytes={half + rest // 2}-"]
    assert [headers.get("If-Range") for headers in server.asked] == [None, '"1"', '"1"']
    assert pauses == [1, 2]


def test_the_next_program_goes_on_where_the_last_one_was_stopped(server, fetch, tmp_path):
    server.plan = ["cut"]
    with pytest.raises(ConnectionError, match=r"broke after 512,000 of 1,024,000 bytes"):
        fetch(server.url, tmp_path / "file", tries=1)
    assert not (tmp_path / "file").exists()
    fetch(server.url, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert asked_from(server) == [None, "bytes=512000-"]


def test_a_part_from_another_address_is_not_continued(server, fetch, tmp_path):
    server.plan = ["cut"]
    with pytest.raises(ConnectionError, match="broke"):
        fetch(server.url, tmp_path / "file", tries=1)
    fetch(f"{server.url}?mirror", tmp_path / "file")
    assert asked_from(server) == [None, None]


@pytest.mark.parametrize(
    "version", [{}, {"ETag": 'W/"1"'}, {"ETag": '"1"'}, {"Last-Modified": "Thu, 28 Feb 2019 00:00:00 GMT"}]
)
def test_only_a_file_that_is_known_to_be_the_same_is_resumed(server, fetch, tmp_path, version):
    server.plan, server.version = ["cut"], version
    fetch(server.url, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    known = version and "W/" not in str(version)
    assert asked_from(server) == [None, "bytes=512000-" if known else None]


def test_a_file_that_changes_between_two_tries_is_fetched_anew(server, fetch, tmp_path):
    server.plan = ["cut and change"]
    fetch(server.url, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == OTHER_CONTENT


@pytest.mark.parametrize("plan", [["cut", "ignore range"], ["cut", "other range", "cut"]])
def test_a_server_that_cannot_resume_sends_the_whole_file(server, fetch, tmp_path, plan):
    server.plan = plan
    fetch(server.url, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


@pytest.mark.parametrize("extra", [b"", b"more"])
def test_a_part_that_is_no_beginning_of_the_file_is_thrown_away(server, fetch, tmp_path, extra):
    (tmp_path / "file.part").write_bytes(CONTENT + extra)
    (tmp_path / "file.part.from").write_text(f'{server.url}\n"1"')
    fetch(server.url, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


@pytest.mark.parametrize("status", ["500", "502", "503", "429"])
def test_a_server_in_trouble_is_asked_again(server, fetch, pauses, tmp_path, status):
    server.plan = [status, status]
    fetch(server.url, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert pauses == [1, 2]


def test_the_tries_end_with_what_to_do_by_hand(server, fetch, pauses, tmp_path, capsys):
    server.plan = ["503"] * 10
    with pytest.raises(ConnectionError, match=rf"503 .*last of 5 tries.*put it at {tmp_path / 'file'}"):
        fetch(server.url, tmp_path / "file", tries=5)
    assert pauses == [1, 2, 4, 8]
    assert capsys.readouterr().out.count("next try in") == 4


@pytest.mark.parametrize("status", ["404", "403", "410"])
def test_a_file_that_is_not_there_is_an_error_at_once(server, fetch, pauses, tmp_path, status):
    server.plan = [status]
    with pytest.raises(ConnectionError, match=rf"chr1.fna.gz cannot be downloaded: .* {status} .*by other means"):
        fetch(server.url, tmp_path / "file")
    assert pauses == []


def test_a_login_page_is_not_taken_for_the_file(server, fetch, tmp_path):
    server.plan = ["login"]
    with pytest.raises(ValueError, match="web page; does the network or a proxy ask for a login"):
        fetch(server.url, tmp_path / "file")
    assert not (tmp_path / "file").exists()


@pytest.mark.parametrize("algorithm", ["md5", "sha256"])
def test_a_file_with_another_checksum_is_thrown_away(server, fetch, tmp_path, algorithm):
    found = hashlib.new(algorithm, CONTENT).hexdigest()
    with pytest.raises(ValueError, match=f"{algorithm} {found} instead of beef"):
        fetch(server.url, tmp_path / "file", **{algorithm: "beef"})
    assert {file.name for file in tmp_path.iterdir()} <= {"file.lock"}


def test_a_file_that_is_there_is_kept_if_its_checksum_is_right(server, fetch, tmp_path):
    (tmp_path / "file").write_bytes(CONTENT)
    fetch(server.url, tmp_path / "file", md5=MD5)
    fetch(server.url, tmp_path / "file")
    assert server.asked == []
    (tmp_path / "file").write_bytes(OTHER_CONTENT)
    fetch(server.url, tmp_path / "file", md5=MD5)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_two_programs_that_want_one_file_download_it_once(server, fetch, tmp_path):
    threads = [threading.Thread(target=fetch, args=(server.url, tmp_path / "file")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert len(server.asked) == 1


def test_without_a_network_the_line_says_where_the_file_belongs(fetch, tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as closed:
        url = closed.url
    with pytest.raises(
        ConnectionError, match=rf"refused.*get the file by other means and put it at {tmp_path / 'file'}"
    ):
        fetch(url, tmp_path / "file", tries=2)


def test_other_kinds_of_address_are_refused(fetch, tmp_path):
    with pytest.raises(ValueError, match="an http or https address; found 'ftp://host/file'"):
        fetch("ftp://host/file", tmp_path / "file")
