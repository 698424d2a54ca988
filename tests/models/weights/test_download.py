"""Downloads, from a real server on this machine that can be told to misbehave."""

import hashlib
import re
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest

from dreamvid.errors import ModelError, OutputError
from dreamvid.models.weights import download as fetching
from dreamvid.models.weights.download import check_digest, fetch

CONTENT = bytes(n * n % 251 for n in range(300_000))  # some chunks long
OTHER = bytes(len(CONTENT))
SIZE = len(CONTENT)
DIGEST = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves CONTENT in the way that the path names."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.sent = 0  # bytes of bodies
        self.requests: list[tuple[str, str | None]] = []  # path, Range
        self.agents: set[str | None] = set()
        self.finished = Event()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Handler(BaseHTTPRequestHandler):
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        self.server.requests.append((self.path, self.headers["Range"]))
        self.server.agents.add(self.headers["User-Agent"])
        name = self.path.strip("/").partition("/")[0]
        getattr(self, name)()

    def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        self.server.sent += len(body)
        self.wfile.write(body)

    def offset(self) -> int:
        return int(re.findall(r"\d+", self.headers["Range"] or "0")[0])

    def good(self, content: bytes = CONTENT, stop: int | None = None) -> None:
        """Knows Range, as every large host does; breaks off at byte `stop`."""
        at, size = self.offset(), len(content)
        if at >= size:
            return self.answer(416, b"", {"Content-Range": f"bytes */{size}"})
        headers = {"Content-Length": str(size - at)}
        if at:
            headers["Content-Range"] = f"bytes {at}-{size - 1}/{size}"
        self.answer(206 if at else 200, content[at:stop], headers)

    def breaks(self) -> None:
        self.good(stop=self.offset() + 100_000)

    def wrong(self) -> None:
        self.good(OTHER)

    def short(self) -> None:
        self.good(CONTENT[:1000])

    def plain(self) -> None:
        self.answer(200, CONTENT, {"Content-Length": str(SIZE)})

    def moved(self) -> None:
        """Answers a Range with another one."""
        if not self.headers["Range"]:
            return self.plain()
        self.answer(206, CONTENT[5:], {"Content-Range": f"bytes 5-{SIZE - 1}/{SIZE}"})

    def full(self) -> None:
        """Refuses every Range, without saying what there is."""
        self.answer(416, b"", {}) if self.headers["Range"] else self.plain()

    def endless(self) -> None:
        self.answer(200, CONTENT + b"more", {})

    def empty(self) -> None:
        self.answer(200, b"", {})

    def huge(self) -> None:
        self.answer(200, b"", {"Content-Length": str(3 * 2**30)})

    def slow(self) -> None:
        self.server.finished.wait(20)

    def stalls(self) -> None:
        self.breaks()
        self.wfile.flush()
        self.server.finished.wait(20)

    def none(self) -> None:
        self.send_error(404, "Not\there")

    def garbage(self) -> None:
        self.wfile.write(b"\x1b[31m no HTTP\r\n\r\n")

    def redirect(self) -> None:
        self.answer(302, b"", {"Location": "/good"})

    def to_file(self) -> None:
        self.answer(302, b"", {"Location": Path(__file__).as_uri()})

    def to_ftp(self) -> None:
        self.answer(302, b"", {"Location": "ftp://127.0.0.1/file"})


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    with Server() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.finished.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "models" / "net.caffemodel"


@pytest.fixture
def part(path) -> Path:
    path.parent.mkdir()
    return path.with_name("net.caffemodel.part")


@pytest.fixture
def get(server, path):
    """Fetch CONTENT from some of the server's paths; give the requests that it took."""

    def get(*names: str, digest: str | None = DIGEST, **options):
        already = len(server.requests)
        *mirrors, last = map(server.url, names)
        for url in mirrors:
            with pytest.raises(ModelError):
                fetch(url, path, digest=digest, **options)
        fetch(last, path, digest=digest, **options)
        assert path.read_bytes() == CONTENT
        assert list(path.parent.iterdir()) == [path]
        return server.requests[already:]

    return get


@pytest.mark.parametrize("name", ["good", "plain", "redirect", "moved", "full"])
@pytest.mark.parametrize(
    "digest", [None, DIGEST, DIGEST[:15], f"sha1:{hashlib.sha1(CONTENT).hexdigest().upper()}"]
)
def test_a_file_arrives(get, server, name, digest):
    assert get(name, digest=digest)[0] == (f"/{name}", None)
    assert len(server.agents) == 1 and (server.agents.pop() or "").startswith("dreamvid/")


def test_progress_rises_to_the_whole(get):
    seen = []
    get("good", progress=lambda done, total: seen.append((done, total)))
    counts = [done for done, _ in seen]
    assert counts == sorted(counts) and len(set(counts)) > 2
    assert counts[0] == 0 and counts[-1] == SIZE
    assert {total for _, total in seen} == {SIZE}


def test_a_lost_connection_goes_on_at_the_next_mirror(get, server):
    requests = get("breaks/1", "breaks/2", "good")
    assert requests == [
        ("/breaks/1", None),
        ("/breaks/2", "bytes=100000-"),
        ("/good", "bytes=200000-"),
    ]
    assert server.sent == SIZE  # no byte twice


def test_a_lost_connection_goes_on_in_the_next_run(get, server, part):
    with pytest.raises(ModelError, match="connection lost after 100000 of 300000 bytes"):
        get("breaks")
    assert part.read_bytes() == CONTENT[:100_000]
    assert get("good") == [("/good", "bytes=100000-")]
    assert server.sent == SIZE


def test_a_stalled_connection_keeps_what_came(get, part, monkeypatch):
    monkeypatch.setattr(fetching, "TIMEOUT", 1)
    with pytest.raises(ModelError, match=r"127\.0\.0\.1: no answer in 1 s"):
        get("stalls")
    assert part.stat().st_size == 100_000


def test_ctrl_c_keeps_what_came(get, server, path, part):
    def stop(done: int, _total: int | None) -> None:
        if done > 100_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get("good", progress=stop)
    kept = part.read_bytes()
    assert 100_000 < len(kept) < SIZE and CONTENT.startswith(kept)
    assert not path.exists()
    seen = []
    assert get("good", progress=lambda done, _: seen.append(done)) == [
        ("/good", f"bytes={len(kept)}-")
    ]
    assert seen[0] == len(kept) and seen == sorted(seen)


@pytest.mark.parametrize("name", ["plain", "moved", "full"])
def test_a_server_that_cannot_go_on_starts_over(get, part, name):
    part.write_bytes(CONTENT[:1000])
    get(name)


def test_a_part_that_is_whole_is_taken(get, server, part):
    part.write_bytes(CONTENT)
    get("good")
    assert server.sent == 0


@pytest.mark.parametrize("left", [OTHER[:1000], OTHER, OTHER + b"more"])
def test_a_part_of_another_file_is_thrown_away(get, part, left):
    part.write_bytes(left)
    assert get("good")[-1] == ("/good", None)


BAD = {
    "none": "404 Not here",
    "wrong": f"another file, sha256 {hashlib.sha256(OTHER).hexdigest()[:12]}..., expected ",
    "short": "another file, sha256 ",
    "endless": "another file, sha256 ",
    "huge": "has 3221225472 bytes, more than 2147483648",
    "slow": "no answer in 1 s",
    "garbage": "",
    "to_file": "file:",
    "to_ftp": "redirected to no web address",
}


@pytest.mark.parametrize("name,problem", BAD.items(), ids=BAD)
def test_the_next_mirror_helps_out(get, server, path, part, monkeypatch, name, problem):
    monkeypatch.setattr(fetching, "TIMEOUT", 1)
    with pytest.raises(ModelError) as caught:
        get(name)
    line = str(caught.value)
    assert problem in line and line.isprintable()
    by_hand = f"download {server.url(name)} as {path.name}, then run `dreamvid models import"
    assert by_hand in line
    assert not path.exists() and not part.exists()
    get(name, "good")


def test_a_bad_mirror_does_not_spoil_what_came(get, server, part):
    part.write_bytes(CONTENT[:200_000])
    get("none", "huge", "good")
    assert server.requests[-1] == ("/good", "bytes=200000-")


def test_a_download_has_a_limit(get, part, monkeypatch):
    monkeypatch.setattr(fetching, "LARGEST", 200_000)
    with pytest.raises(ModelError, match="sends more than 200000 bytes"):
        get("endless")
    assert not part.exists()


def test_an_empty_file_is_none(get, part):
    with pytest.raises(ModelError, match="sent 0 bytes, expected some"):
        get("empty", digest=None)
    assert not part.exists()


@pytest.mark.parametrize(
    "url", [Path(__file__).as_uri(), "ftp://a/b", "data:,x", "net", "http://["]
)
def test_only_web_addresses_are_fetched(path, url):
    with pytest.raises(ModelError, match=r"only http and https|Invalid"):
        fetch(url, path, digest=None)


def test_no_network_says_what_to_do_by_hand(path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    url = f"http://127.0.0.1:{port}/a.caffemodel"
    with pytest.raises(ModelError) as caught:
        fetch(url, path, digest=None)
    line = str(caught.value)
    assert line.startswith("net.caffemodel could not be downloaded (127.0.0.1: ")
    assert line.endswith(
        f"; by hand: download {url} as net.caffemodel, "
        "then run `dreamvid models import net.caffemodel`"
    )


def test_a_place_that_cannot_be_written_is_an_output_error(server, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        fetch(server.url("good"), tmp_path / "file" / "net", digest=DIGEST)
    assert server.requests == []


def test_check_digest_names_both(tmp_path):
    path = tmp_path / "net.pth"
    path.write_bytes(b"abc")
    # FIPS 180-2's own example.
    check_digest(path, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    check_digest(path, "sha256:ba7816bf")
    check_digest(path, "sha1:A9993E364706816ABA3E25717850C26C9CD0D89D")
    with pytest.raises(ModelError) as caught:
        check_digest(path, "sha256:" + "0" * 64)
    assert str(caught.value) == (
        f"{path} is damaged or another file: sha256 ba7816bf8f01..., expected 000000000000..."
    )
    with pytest.raises(ModelError, match="cannot be read"):
        check_digest(tmp_path / "none", "sha256:ba7816bf")


@pytest.mark.parametrize(
    "digest", ["", "ba7816bf", "md5:900150983cd2", "sha256:ba7816", "sha1:xyz"]
)
def test_a_digest_that_proves_nothing_is_a_mistake_of_ours(tmp_path, digest):
    (tmp_path / "net").write_bytes(b"abc")
    with pytest.raises(ValueError, match="sha256:HEX"):
        check_digest(tmp_path / "net", digest)
