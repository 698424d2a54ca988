"""The studio's page in a browser, with a server that the test plays itself.

Files come from the package, the socket's other end is the test: no server, no model, no port.
"""

import io
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, WebSocketRoute, sync_playwright

import dreamvid.studio
from dreamvid.studio.protocol import (
    HEADER,
    Control,
    ControlGroup,
    Refused,
    State,
    Status,
    to_server,
)

FILES = Path(dreamvid.studio.__file__).parent / "page"
ADDRESS = "http://localhost:1/"  # which browsers trust as they do https
TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}

CONTROLS = [
    Control(
        key="motion.zoom",
        title="zoom",
        kind="number",
        simple=True,
        scheduled=True,
        low=0.5,
        high=2.5,
    ),
    Control(key="motion.rotate", title="turn", kind="number", scheduled=True, low=-5, high=5),
    Control(key="motion.centre", title="centre", kind="number", scheduled=True, items=2),
    Control(key="dream.every", title="every", kind="number", whole=True, low=1, high=5),
    Control(key="dream.invert", title="invert", kind="bool"),
    Control(key="start.kind", title="kind", kind="choice", choices=["dusk", "noise", "sky"]),
]
PRESETS = {
    "shipped": [
        {"name": "quickstart", "title": "Quickstart", "about": "lit windows", "model": "lite0"},
        {"name": "windows", "title": "Windows", "about": "roses", "model": "big"},
    ],
    "saved": [{"name": "quickstart-2", "title": "Mine", "about": "", "model": "lite0"}],
}
for _preset in PRESETS["shipped"] + PRESETS["saved"]:
    _preset |= {"poster": None, "needs": "", "installed": _preset["model"] == "lite0"}
STATE = State(
    revision=1,
    name="quickstart",
    saved=True,
    values={"motion.zoom": 1.5, "motion.rotate": 0.0, "dream.invert": False, "seed": 1},
    changed=[],
    lanes=[],
    undo=None,
    redo=None,
    recording=False,
    endless=True,
    frames=120,
    fps=24.0,
    seen_from=0,
    preview=None,
    variant=None,
)
STATUS = Status(playing=False, frame=40, first=5, last=60, dreamed=6, shown=20, worker="ready")


@contextmanager
def browser() -> Iterator[Browser]:
    """Start Chromium; skips the test where there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("no chromium here")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])


def jpeg(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 36), colour).save(file, "JPEG")
    return file.getvalue()


class FakeServer:
    """Other end of the page's socket: what the page sent, and what the test tells it."""

    def __init__(self, page: Page) -> None:
        self.page, self.sent = page, list[dict[str, Any]]()
        self.errors = list[str]()
        self.asked = list[str]()  # pictures of A
        self.state, self.status = STATE, STATUS
        self.socket: WebSocketRoute | None = None
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.route(re.compile(re.escape(ADDRESS)), self._serve)
        page.route_web_socket(re.compile(".*/socket$"), self._open)

    def tell(self, **changes: Any) -> None:
        """Change the state or the status, and send both to the page."""
        for name in ("state", "status"):
            message = getattr(self, name)
            ours = {
                key: value for key, value in changes.items() if key in type(message).model_fields
            }
            setattr(self, name, type(message).model_validate(message.model_dump() | ours))
        self._send_all()
        self.settle()

    def reset(self, **changes: Any) -> None:
        """Give the page the state that it was opened with, and changes."""
        self.state, self.status = STATE, STATUS
        self.page.evaluate(
            """() => {
                const timeline = document.querySelector("dream-timeline");
                timeline.select(null);
                timeline.view.fit();
                document.activeElement?.blur();
            }"""
        )
        self.tell(**changes)
        self.taken()

    def show(self, frame: int, kind: int = 0) -> None:
        """Send the picture of a frame."""
        assert self.socket
        self.socket.send(HEADER.pack(kind, self.state.revision, frame) + jpeg("#204060"))
        self.settle()

    def refuse(self, key: str | None, message: str) -> None:
        """Refuse something that the page asked for."""
        assert self.socket
        self.socket.send(Refused(key=key, message=message).model_dump_json())
        self.settle()

    def settle(self) -> None:
        """Wait until the page has painted."""
        self.page.evaluate("new Promise(done => setTimeout(() => requestAnimationFrame(done), 20))")

    def taken(self, *types: str) -> list[dict[str, Any]]:
        """Take the messages of these types, or all but `ready`, that the page has sent."""
        self.settle()
        wanted = [
            m for m in self.sent if m["type"] in types or (not types and m["type"] != "ready")
        ]
        self.sent.clear()
        return wanted

    def _send_all(self) -> None:
        if self.socket:
            self.socket.send(self.state.model_dump_json())
            self.socket.send(self.status.model_dump_json())

    def _open(self, socket: WebSocketRoute) -> None:
        self.socket = socket
        socket.on_message(self._take)
        self._send_all()

    def _take(self, text: str | bytes) -> None:
        to_server.validate_json(text)  # the page keeps to the protocol
        self.sent.append(json.loads(text))

    def _serve(self, route: Route) -> None:
        name = route.request.url.removeprefix(ADDRESS).split("?")[0].split("#")[0] or "index.html"
        if name == "api/controls":
            group = ControlGroup(name="all", title="All", controls=CONTROLS)
            route.fulfill(json={"groups": [group.model_dump()]})
        elif name == "api/presets":
            route.fulfill(json=PRESETS)
        elif name.startswith("pictures/a/"):
            self.asked.append(name.rsplit("/", 1)[1])
            route.fulfill(body=jpeg("#802040"), content_type="image/jpeg")
        elif (FILES / name).is_file():
            path = FILES / name
            route.fulfill(body=path.read_bytes(), content_type=TYPES.get(path.suffix))
        else:
            route.fulfill(status=404, json={"message": "not here"})


def open_page(browser: Browser, *scripts: str, **size: int) -> FakeServer:
    """Open the page in a window of its own; `scripts` run before it."""
    viewport = {"width": 1440, "height": 900} | size
    page = browser.new_context(viewport=viewport).new_page()  # pyright: ignore[reportArgumentType]
    server = FakeServer(page)
    for script in scripts:
        page.add_init_script(script)
    page.goto(ADDRESS)
    page.wait_for_selector("dream-ruler[aria-valuenow]")
    return server
