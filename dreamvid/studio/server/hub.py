"""Hub: takes the messages of all windows, and sends each what it has to show."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from dreamvid.errors import DreamvidError, PresetError
from dreamvid.studio import protocol
from dreamvid.studio.desk.desk import Desk
from dreamvid.studio.session import messages
from dreamvid.studio.session.session import Session


@dataclass(eq=False)
class Window:
    """One page that is open: messages to send, and the newest picture while it is ready."""

    texts: "asyncio.Queue[str | bytes]" = field(default_factory=asyncio.Queue)
    ready: bool = False
    had: messages.Picture | None = None


class Hub:
    """Desk, session and windows. Everything runs in the event loop's thread."""

    def __init__(self, device: str) -> None:
        self.desk, self.windows = Desk(), set[Window]()
        self.picture: messages.Picture | None = None
        self.built: messages.Built | None = None
        self.position = messages.Position(False, -1, -1, -1)
        self.loop = asyncio.get_running_loop()
        self.session = Session(
            device, lambda report: self.loop.call_soon_threadsafe(self._take, report)
        )
        self._send_film(restart=True)

    def receive(self, window: Window, message: protocol.ToServer) -> None:
        """Do what a window asks for; what cannot be done is told to it alone."""
        try:
            self._do(window, message)
        except DreamvidError as error:
            key = error.option if isinstance(error, PresetError) else None
            self.send(window, protocol.Refused(key=key, message=str(error)))

    def _do(self, window: Window, message: protocol.ToServer) -> None:
        match message:
            case protocol.Ready():
                window.ready = True
                self._deal(window)
            case protocol.Play() | protocol.Pause() | protocol.Step() | protocol.Restart():
                self.session.order(messages.Go(message.type))
            case protocol.Seek():
                self.session.order(messages.SeekTo(message.frame))
            case protocol.Set():
                self._change(
                    lambda: self.desk.set(message.key, message.value, self.position.frame + 1)
                )
            case protocol.Reset():
                self._change(lambda: self.desk.reset(message.key))
            case protocol.Record():
                self._change(lambda: self.desk.record(message.on))
            case protocol.Save():
                settings = self.built.settings if self.built else ()
                self.desk.save(message.name, overwrite=message.overwrite, preview=settings)
                self.send_all(self.state())
            case protocol.Undo():
                self._change(self.desk.undo)
            case protocol.Redo():
                self._change(self.desk.redo)
            case protocol.Open():
                self.desk.open(message.name)
                self._send_film(restart=True)
                self.send_all(self.state())

    def _change(self, change: Callable[[], None]) -> None:
        change()
        self._send_film(restart=False)
        self.send_all(self.state())

    def _send_film(self, *, restart: bool) -> None:
        film = messages.Film(self.desk.table, self.desk.revision, None, restart=restart)
        self.session.order(film)

    def _take(self, report: messages.Report | None) -> None:
        match report:
            case messages.Picture():
                if report.kind == protocol.FRAME and self.desk.shown(report.frame, report.revision):
                    self._send_film(restart=False)
                    self.send_all(self.state())
                self.picture = report
                for window in self.windows:
                    self._deal(window)
            case messages.Position():
                self.position = report
                self.send_all(self.status())
            case messages.Built():
                self.built = report
                self.desk.built(report.revision, report.frames, report.fps, report.settings)
                self.send_all(self.state())
            case messages.NotBuilt():
                self.send_all(protocol.Refused(key=report.option, message=report.message))
                if self.desk.revert(report.revision):
                    self._send_film(restart=False)
                    self.send_all(self.state())

    def _deal(self, window: Window) -> None:
        """Send a window that is ready the newest picture, if it has not had it."""
        picture = self.picture
        if picture is None or not window.ready or window.had is picture:
            return
        window.ready, window.had = False, picture
        header = protocol.HEADER.pack(picture.kind, picture.revision, picture.frame)
        window.texts.put_nowait(header + picture.jpeg)

    def send(self, window: Window, message: protocol.ToPage) -> None:
        window.texts.put_nowait(message.model_dump_json())

    def send_all(self, message: protocol.ToPage) -> None:
        text = message.model_dump_json()
        for window in self.windows:
            window.texts.put_nowait(text)

    def state(self) -> protocol.State:
        desk, built = self.desk, self.built
        preview = built and protocol.Preview(
            width=built.width,
            height=built.height,
            auto=built.auto,
            draft=built.draft,
            settings=list(built.settings),
        )
        return protocol.State(
            revision=desk.revision,
            name=desk.name,
            saved=desk.saved,
            values=desk.values,
            changed=desk.changed,
            lanes=desk.lanes,
            undo=desk.history.undo_words,
            redo=desk.history.redo_words,
            recording=desk.recording,
            frames=desk.times.length.frames,
            fps=float(desk.times.length.fps),
            seen_from=desk.seen_from,
            preview=preview,
            variant=None,
        )

    def status(self) -> protocol.Status:
        position = self.position
        return protocol.Status(
            playing=position.playing,
            frame=position.frame,
            first=position.first,
            last=position.last,
            dreamed=position.dreamed,
            shown=position.shown,
            worker="ready",
        )
