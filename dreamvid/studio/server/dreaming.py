"""Dreaming: has the desk's preset dreamed by the session, and keeps the pictures that come."""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, runtime_checkable

from dreamvid.studio import protocol
from dreamvid.studio.desk.desk import Desk
from dreamvid.studio.server.pictures import Pictures
from dreamvid.studio.server.views import state_of
from dreamvid.studio.server.windows import Windows
from dreamvid.studio.session import messages

AHEAD = 1  # seconds before its end that a film is made longer
VARIANTS = 4  # whose pictures are kept: undo brings an earlier one back


@runtime_checkable
class AnySession(Protocol):
    """Worker that dreams: `session.session.Session`, or a test's own."""

    def order(self, order: messages.Order) -> None: ...

    def close(self) -> None: ...


OnReport = Callable[[messages.Report], None]
Start = Callable[[OnReport], AnySession]
"""Starts a session, which calls its argument with every report, from any thread."""


class Dreaming:
    """The session, what it has reported, and the pictures seen.

    While the worker builds a film only the newest one waits: a slider gives thirty a second.
    """

    def __init__(self, desk: Desk, windows: Windows) -> None:
        self._desk, self._windows = desk, windows
        self.seen = Pictures()
        self._kept = dict[int, Pictures]()  # of variants, by the revision at which they were pinned
        self.built: messages.Built | None = None
        self.position = messages.Position(False, -1, -1, -1)
        self.condition = messages.Condition("starting")
        self.width: int | None = None  # of the preview; None: chosen by the worker
        self.draft = False
        self.endless = True  # made longer before it ends
        self._final = -1  # revision of a film that cannot be made longer
        self._opened = -1  # number of the preset that is dreamed
        self._building = False  # a film was sent that the worker has not answered
        self._later: messages.Film | None = None  # to be sent then
        self._seen_from: int | None = None  # as windows know it

    def begin(self, session: AnySession) -> None:
        """Have the preset dreamed by a session."""
        self._session = session
        self.dream()

    def close(self) -> None:
        """End the session."""
        self._session.close()

    @property
    def next(self) -> int:
        """Number of the first frame that a change can still reach."""
        return self.position.next

    def go(self, to: messages.Go | messages.SeekTo | messages.GiveWay) -> None:
        """Play, pause, seek; a worker that was given up is started with the newest preset."""
        if self.condition.worker == "stopped" and isinstance(to, messages.Go):
            self.dream()
        if to == messages.Go("restart"):
            self.position = replace(self.position, next=0)  # as the worker will say
        self._session.order(to)

    def seek(self, frame: int) -> None:
        """Show a frame of the past at once, and have the worker go there."""
        if jpeg := self.seen.get(frame):
            picture = messages.Picture(protocol.PAST, frame, self._desk.revision, jpeg)
            self._windows.show(picture)
        self.go(messages.SeekTo(frame))
        if self.position.first <= frame <= self.position.last:
            self.position = replace(self.position, next=frame + 1)  # as the worker will say

    def dream(self) -> None:
        """Have the desk's preset dreamed from the next frame on."""
        restart = self._opened != self._desk.opened
        self._opened = self._desk.opened
        at = self.next if self._desk.recording and not restart else None
        if self._later:  # nobody has dreamed it: the new one takes its place
            restart = restart or self._later.restart
            at = min((one for one in (at, self._later.at) if one is not None), default=None)
        film = messages.Film(
            *(self._desk.table, self._desk.revision, self.width, self.draft, restart, at)
        )
        if self._building:
            self._later = film
        else:
            self._send(film)
        self._windows.touch("state")

    def state(self) -> protocol.State:
        """Describe the preset, its preview and the variant."""
        return state_of(self._desk, self.built, self.variant, endless=self.endless)

    def keep(self) -> None:
        """Keep the pictures seen as those of the variant that was just pinned."""
        if pinned := self._desk.pinned:
            self._kept[pinned.revision] = self.seen.copy()
            for revision in list(self._kept)[:-VARIANTS]:
                del self._kept[revision]

    @property
    def variant(self) -> Pictures | None:
        """Pictures of variant A; None: there is no variant."""
        pinned = self._desk.pinned
        return pinned and self._kept.get(pinned.revision, Pictures())

    def take(self, report: messages.Report) -> None:
        """Take a report of the session."""
        match report:
            case messages.Picture():
                self._take_picture(report)
            case messages.Position():
                self.position = report
                self._windows.touch("status")
                if report.playing and self.endless and not self._building:
                    self._lengthen()
            case messages.Condition():
                self.condition = report
                if report.worker == "stopped":
                    self._building, self._later = False, None
                self._windows.touch("status")
            case messages.Trouble():
                self._windows.tell(protocol.Refused(key=None, message=report.message))
            case messages.Built():
                self.built = report
                self.seen.cut(report.since)  # a worker that went back dreams these anew
                self._desk.built(
                    *(report.revision, report.frames, report.fps, report.settings, report.since)
                )
                self._answered()
            case messages.NotBuilt():
                self._take_back(report)
                self._answered()

    def _take_picture(self, picture: messages.Picture) -> None:
        if picture.kind == protocol.FRAME:
            self.seen.add(picture.frame, picture.jpeg)
            if self._desk.shown(picture.frame, picture.revision):
                self.dream()
            if self._desk.seen_from != self._seen_from:
                self._seen_from = self._desk.seen_from
                self._windows.touch("state")
        self._windows.show(picture)

    def _take_back(self, report: messages.NotBuilt) -> None:
        """Take back what cannot be dreamed: the preview's size, or the desk's latest change."""
        built, revision = self.built, report.revision
        again = built is not None and built.revision == revision
        key = None if again else self._desk.changed_last(revision)
        self._windows.tell(protocol.Refused(key=report.option or key, message=report.message))
        if built and again:
            self.width, self.draft = None if built.auto else built.width, built.draft
        elif self._desk.revert(revision):
            self._final = self._desk.revision
            self.dream()

    def go_on(self) -> None:
        """Make a film longer that plays, and that undo or swap lets end before its next frame."""
        if self.endless and self.position.playing and self._opened == self._desk.opened:
            while self._desk.times.length.frames <= self.next and self._desk.lengthen():
                pass

    def _lengthen(self) -> None:
        """Make a film longer that plays within AHEAD of its end, if its frames stay as they are."""
        length = self._desk.times.length
        if self._final == self._desk.revision or length.frames - self.next > AHEAD * length.fps:
            return
        if self._desk.lengthen():
            self.dream()
        else:
            self._final = self._desk.revision

    def _send(self, film: messages.Film) -> None:
        self._building, self._later = True, None
        self._session.order(film)

    def _answered(self) -> None:
        """Send the film that has waited for the worker's answer."""
        self._building = False
        if self._later:
            self._send(self._later)
        self._windows.touch("state")
