"""What a stranger's site, machine or program may not do to the studio, and its owner may."""

import pytest
from starlette.testclient import WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from tests.support.studio import ADDRESS, TOKEN, studio

SOCKET = "ws://127.0.0.1:8700/socket"


def refused():
    return pytest.raises((WebSocketDisconnect, WebSocketDenialResponse))


@pytest.fixture
def here(tmp_path):
    with studio(tmp_path) as running:
        yield running


def test_the_token_leaves_a_cookie_and_the_address(here):
    here.client.cookies.clear()
    reply = here.client.get(f"/?token={TOKEN}")
    assert (reply.status_code, reply.headers["location"]) == (303, "/")
    cookie = reply.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=strict" in cookie
    assert here.client.get("/").status_code == 200


@pytest.mark.parametrize("path", ["/", "/studio.js", "/pictures/live/0", "/api/presets", "/no"])
def test_nothing_is_shown_without_the_token(path, here):
    here.client.cookies.clear()
    reply = here.client.get(path)
    assert reply.status_code == 403
    assert "token" in reply.json()["message"]


def test_a_wrong_token_opens_nothing(here):
    here.client.cookies.clear()
    for token in ("", "b" * 43, TOKEN[:-1], "ä", "a" * 50_000):
        assert here.client.get("/", params={"token": token}).status_code == 403
    assert here.client.get("/").status_code == 403


def test_a_browser_is_told_in_words(here):
    here.client.cookies.clear()
    reply = here.client.get("/", headers={"accept": "text/html,*/*"})
    assert reply.status_code == 403
    assert reply.headers["content-type"].startswith("text/html")


def test_a_token_for_once_opens_once(tmp_path):
    with studio(tmp_path, once={"single"}) as here:
        here.client.cookies.clear()
        assert here.client.get("/?token=single").status_code == 303
        here.client.cookies.clear()
        assert here.client.get("/?token=single").status_code == 403


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
@pytest.mark.parametrize("port", ["", ":8700", ":9000"])
def test_this_machine_is_let_in_by_its_names(host, port, here):
    cookie = {"cookie": "; ".join(f"{name}={value}" for name, value in here.client.cookies.items())}
    assert here.client.get("/", headers={"host": host + port} | cookie).status_code == 200


EVIL_HOSTS = (
    "evil.example",
    "evil.example:8700",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "localhost@evil.example",
    "localhost:8700@evil.example",
    "192.168.1.5:8700",
    "0.0.0.0:8700",
    "localhost:port",
    "localhost/",
    "",
)


@pytest.mark.parametrize("host", EVIL_HOSTS)
def test_another_host_is_refused(host, here):
    cookie = {"cookie": "; ".join(f"{name}={value}" for name, value in here.client.cookies.items())}
    reply = here.client.get("/", headers={"host": host} | cookie)
    assert reply.status_code == 400
    assert reply.json()["message"].startswith("Host: ")


def test_the_host_that_is_given_is_let_in(tmp_path):
    with studio(tmp_path, hosts=["Atelier.local"]) as here:
        cookies = "; ".join(f"{name}={value}" for name, value in here.client.cookies.items())
        for host, status in (("atelier.local:8700", 200), ("other.local", 400)):
            headers = {"host": host, "cookie": cookies}
            assert here.client.get("/", headers=headers).status_code == status


def test_on_every_address_numbers_are_let_in_and_names_are_not(tmp_path):
    with studio(tmp_path, numeric=True) as here:
        cookies = "; ".join(f"{name}={value}" for name, value in here.client.cookies.items())
        for host, status in (
            ("192.168.1.5:8700", 200),
            ("[fe80::1]:8700", 200),
            ("evil.example", 400),
        ):
            headers = {"host": host, "cookie": cookies}
            assert here.client.get("/", headers=headers).status_code == status


ORIGINS = ("http://evil.example", "http://127.0.0.1:9999", "null", "", "http://127.0.0.1:8700.evil")


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_socket_of_another_origin_is_refused(origin, here):
    with refused(), here.client.websocket_connect(SOCKET, headers={"origin": origin}):
        pass
    with here.window() as window:  # and it goes on
        assert window.receive_json()["type"] == "state"


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_another_origin_changes_nothing(method, origin, here):
    reply = here.client.request(method, "/api/uploads", headers={"origin": origin})
    assert reply.status_code == 403
    assert reply.json()["message"].startswith("Origin: ")


def test_a_socket_without_the_token_is_refused(here):
    here.client.cookies.clear()
    address = f"{SOCKET}?token={TOKEN}"
    with refused(), here.client.websocket_connect(address, headers={"origin": ADDRESS}):
        pass


@pytest.mark.parametrize("path", ["/", "/studio.js", "/no", "/pictures/live/0", "/?token=x"])
def test_every_reply_binds_the_browser(path, here):
    headers = here.client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy and "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] in ("no-store", "no-cache")


PATHS = (
    "/../hub.py",
    "/%2e%2e/server/hub.py",
    "/..%2fserver%2fhub.py",
    "/css/../../server/hub.py",
    "//etc/passwd",
    "/%2fetc%2fpasswd",
    "/etc/passwd",
    "/studio.js%00.css",
    "/..%5cserver%5chub.py",
    "/pictures/live/..%2f..%2fhub.py",
    "/pictures/../server/hub.py",
)


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_out_of_the_page(path, here):
    reply = here.client.get(ADDRESS + path)
    assert reply.status_code in (400, 404)
    assert list(reply.json()) == ["message"]
