"""Socket of a window: its messages to the hub, and what it has to show back to it."""

import asyncio
import time
from contextlib import suppress

from pydantic import ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from dreamvid.studio.protocol import HEADER, LARGEST, Refused, to_server
from dreamvid.studio.server.commands import receive
from dreamvid.studio.server.hub import Hub
from dreamvid.studio.server.windows import KINDS, Rate, Window

A_SECOND, BURST = 200, 400  # messages of a window; a slider sends 60, pictures ask for 50
PATIENCE = 2000  # messages that are slowed before the window is closed


async def serve(socket: WebSocket) -> None:
    """Pass messages between a window and the hub, until it is closed."""
    hub: Hub = socket.app.state.hub
    await socket.accept()
    window = Window()
    hub.enter(window)
    window.wake.set()
    # A window that is sent nothing any more must not stay open: its page connects again.
    ways = [asyncio.create_task(way(socket, window, hub)) for way in (_receive, _send)]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        hub.leave(window)
        for way in ways:
            way.cancel()
        for way in ways:
            with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError):
                await way


async def _receive(socket: WebSocket, window: Window, hub: Hub) -> None:
    rate, slowed = Rate(A_SECOND, BURST), 0
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        text = message.get("text")
        if problem := _read(text, window, hub):
            window.tell(Refused(key=None, message=problem).model_dump_json())
        wait = rate.wait(time.monotonic())
        slowed = slowed + 1 if wait else 0
        if slowed > PATIENCE:
            await socket.close(1008, f"more than {A_SECOND} messages a second")
            return
        await asyncio.sleep(wait)


def _read(text: str | None, window: Window, hub: Hub) -> str | None:
    """Hand a message to the hub; returns the reason why it is none."""
    if text is None:
        return "message: it is binary; give JSON text"
    if len(text) > LARGEST:
        return f"message: longer than {LARGEST} letters"
    try:
        message = to_server.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        return f"message{f' {place[:80]}' if place else ''}: {first['msg'][:300]}"
    receive(hub, window, message)
    return None


async def _send(socket: WebSocket, window: Window, hub: Hub) -> None:
    """Send what the window is owed, the newest only, whenever there is something."""
    while True:
        await window.wake.wait()
        window.wake.clear()
        for kind in KINDS:
            if kind in window.stale:
                window.stale.discard(kind)
                await socket.send_text(hub.windows.text(kind))
        while window.lines:
            await socket.send_text(window.lines.popleft())
        picture = hub.windows.picture
        if picture and window.wants(picture):
            window.ready, window.had = False, picture
            header = HEADER.pack(picture.kind, picture.revision, picture.frame)
            await socket.send_bytes(header + picture.jpeg)
