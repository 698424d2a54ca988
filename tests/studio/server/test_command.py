"""`dreamvid studio` as a user starts and stops it."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from dreamvid.cli.studio import studio as command
from dreamvid.errors import PresetError
from dreamvid.studio.server.address import PORT, address_of, listen, names_of, tunnel
from dreamvid.studio.server.folder import open_folder
from dreamvid.studio.server.token import own_token
from dreamvid.system.process import born_at
from tests.support.command import run
from tests.support.waiting import wait

PROGRAM = "import sys; from dreamvid.cli import main; sys.exit(main())"


def start(folder, *options, **env):
    words = [sys.executable, "-c", PROGRAM, "studio", "--folder", str(folder), "--no-open"]
    return subprocess.Popen(
        [*words, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | env,
    )


def ask(address: str, path: str, **headers: str) -> tuple[int, str]:
    """Status, and the cookie that is set."""
    with closing(HTTPConnection(urlsplit(address).netloc, timeout=30)) as connection:
        connection.request("GET", path, headers=headers)
        reply = connection.getresponse()
        reply.read()
    return reply.status, (reply.getheader("set-cookie") or "").partition(";")[0]


def children(pid: int) -> list[int]:
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as file:
                parent = int(file.read().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found.append(int(name))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_the_page_and_ends_in_peace(number, tmp_path):
    studio = start(tmp_path / "mine", "droste")
    try:
        assert studio.stdout
        address = studio.stdout.readline().strip()
        token = urlsplit(address).query
        assert address.startswith("http://127.0.0.1:87") and token.startswith("token=")
        status, cookie = ask(address, f"/?{token}")
        assert status == 303
        assert ask(address, "/", cookie=cookie)[0] == 200
        assert ask(address, "/")[0] == 403
        assert ask(address, "/api/presets")[0] == 403
        own = children(studio.pid)
        assert own
        for _ in range(2):  # an impatient user
            studio.send_signal(number)
            time.sleep(0.02)
        _, errors = studio.communicate(timeout=60)
    finally:
        studio.kill()
    assert (studio.returncode, errors) == (130, "dreamvid: stopped\n")
    wait(lambda: all(born_at(pid) is None for pid in own))
    kept = json.loads((tmp_path / "mine" / "session.json").read_text())
    assert "droste" in [one["name"] for one in kept["opened"]]


def test_a_second_studio_in_the_folder_is_refused(tmp_path, capsys):
    with open_folder(tmp_path):
        code, out, error = run(capsys, "studio", "--folder", tmp_path, "--no-open")
    assert (code, out) == (5, "")
    assert error.count("\n") == 1 and "another studio has it open" in error


def test_a_port_in_use_is_named_and_without_one_the_next_is_taken(tmp_path, capsys):
    with listen("127.0.0.1", None) as taken:
        number = taken.getsockname()[1]
        code, _, error = run(capsys, "studio", "--folder", tmp_path, "--port", number, "--no-open")
        assert code == 2
        assert error == (
            f"dreamvid: --port: {number} is in use (leave it out to take a free one)\n"
        )
        with listen("127.0.0.1", None) as other:
            assert PORT <= number < other.getsockname()[1] < PORT + 100


@pytest.mark.parametrize("host", ["192.0.2.7", "no-such-machine.invalid"])
def test_an_address_that_is_not_this_machines_is_named(host):
    with pytest.raises(PresetError, match=f"--host: {host} is not this machine's"):
        listen(host, None)


@pytest.mark.parametrize(
    "name", ["nothing.toml", "no-preset", "nothing.mp4", "../session.json", "a\nb"]
)
def test_what_cannot_be_opened_is_one_line(name, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, error = run(capsys, "studio", name, "--folder", tmp_path / "mine", "--no-open")
    assert (code, out) == (2, "")
    assert error.count("\n") == 1


def test_addresses():
    assert address_of("127.0.0.1", 8700, "t") == "http://127.0.0.1:8700/?token=t"
    assert address_of("::1", 8700, "t") == "http://[::1]:8700/?token=t"
    assert "0.0.0.0" not in address_of("0.0.0.0", 8700, "t")
    assert names_of("127.0.0.1") == ["127.0.0.1"]
    assert "0.0.0.0" not in names_of("0.0.0.0")


def test_a_remote_user_is_told_what_to_type(monkeypatch):
    monkeypatch.setenv("USER", "ada")
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    assert tunnel(8701) is None
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 50000 10.0.0.2 22")
    assert tunnel(8701) == "ssh -L 8701:127.0.0.1:8701 ada@10.0.0.2"
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.1 50000 10.0.0.2 2222")
    assert tunnel(8701) == "ssh -p 2222 -L 8701:127.0.0.1:8701 ada@10.0.0.2"


def test_the_token_stays_and_is_the_users_alone(tmp_path):
    token = own_token(tmp_path / "home")
    path = tmp_path / "home" / "studio.token"
    assert len(token) == 43 and own_token(tmp_path / "home") == token
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
        path.chmod(0o644)
        assert own_token(tmp_path / "home") != token
    path.write_text("short")
    assert len(own_token(tmp_path / "home")) == 43


def test_help_does_not_wait_for_the_studio():
    code = "import sys; from dreamvid.cli import build_app; build_app(); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert command.__module__ in run.stdout.split()
    assert {"starlette", "uvicorn", "torch"}.isdisjoint(run.stdout.split())
