"""The studio's page without a browser, and a session that a test plays itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient, WebSocketTestSession

from dreamvid.studio.desk.desk import Desk
from dreamvid.studio.server.app import make_app
from dreamvid.studio.server.dreaming import OnReport
from dreamvid.studio.server.folder import Folder
from dreamvid.studio.session import messages

ADDRESS = "http://127.0.0.1:8700"
TOKEN = "a" * 43


class FakeSession:
    """Keeps the orders it is given; the test reports."""

    def __init__(self) -> None:
        self.orders: list[messages.Order] = []
        self.closed = False

    def start(self, on_report: OnReport) -> "FakeSession":
        self.report = on_report
        return self

    def order(self, order: messages.Order) -> None:
        self.orders.append(order)

    def close(self) -> None:
        self.closed = True

    def build(self, **fields: Any) -> None:
        """Report that the film last sent was built."""
        films = [order for order in self.orders if isinstance(order, messages.Film)]
        given: dict[str, Any] = {"revision": films[-1].revision, "width": 64, "height": 36}
        given |= {"frames": 10, "fps": 24.0, "auto": True, "draft": False, "settings": ()}
        given |= {"since": 10}  # no frame that was seen is dreamed anew
        self.report(messages.Built(**given | fields))


class Studio:
    """A studio that is running, and a browser that has its cookie."""

    def __init__(self, client: TestClient, session: FakeSession, folder: Path) -> None:
        self.client, self.session, self.folder = client, session, folder

    def window(self) -> WebSocketTestSession:
        """Open a window: `with studio.window() as window`."""
        return self.client.websocket_connect(
            ADDRESS.replace("http", "ws") + "/socket", headers={"origin": ADDRESS}
        )


@contextmanager
def studio(folder: Path, **guard: Any) -> Iterator[Studio]:
    """Run a studio in a folder, without its worker."""
    session = FakeSession()
    app = make_app(Folder(folder), Desk(folder), session.start, token=TOKEN, **guard)
    headers = {"origin": ADDRESS}
    with TestClient(app, base_url=ADDRESS, follow_redirects=False, headers=headers) as client:
        assert client.get(f"/?token={TOKEN}").status_code == 303
        yield Studio(client, session, folder)


def wait_for(window: WebSocketTestSession, kind: str) -> dict[str, Any]:
    """Receive messages up to one of a type."""
    for _ in range(50):
        message = window.receive_json()
        if message["type"] == kind:
            return message
    raise AssertionError(f"no {kind} in 50 messages")
