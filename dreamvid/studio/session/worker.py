"""Worker process: takes orders from a pipe, dreams, and reports pictures."""

import time
from collections import deque
from dataclasses import replace
from multiprocessing.connection import Connection

from dreamvid.errors import DreamvidError, PresetError
from dreamvid.preset.load import check
from dreamvid.studio.protocol import FRAME, PAST
from dreamvid.studio.session.messages import (
    Built,
    Condition,
    Film,
    GiveWay,
    Go,
    NotBuilt,
    Order,
    Position,
    SeekTo,
    Trouble,
)
from dreamvid.studio.session.pace import Pace
from dreamvid.studio.session.player import Player
from dreamvid.studio.session.preview import Speed, preview_of
from dreamvid.studio.session.reports import Reports
from dreamvid.studio.session.screen import Screen, Shown
from dreamvid.system.device import pick
from dreamvid.system.memory import ran_out

LISTEN = 0.005  # seconds between two looks at the pipe while frames wait to be shown
ANSWER = 0.01  # seconds that the server has to send the change that waited for this one
TIMED = 2  # dreams, the first of which is not counted, after which the preview's size is chosen


class Worker:
    """Loop of the process: orders between two frames, a frame while it plays."""

    def __init__(self, pipe: Connection, device: str) -> None:
        self.pipe, self.player = pipe, Player(pick(device))
        self.playing = self.giving_way = False
        self.film: Film | None = None  # that is dreamed
        self.films: deque[Film] = deque()  # whose frames have not come yet
        self.width, self.settled, self.dreams = 0, False, 0
        self.pace, self.speed = Pace(), Speed()
        self.reports = Reports(pipe)
        self.screen = Screen(lambda picture: self.reports.picture(picture, self.screen.rate))

    def run(self) -> None:
        """Work until the pipe is closed."""
        self.reports.send(Condition("ready"))
        try:
            while True:
                self._listen()
                if self._build_due() and self.playing and self.pipe.poll(ANSWER):
                    self._listen()
                    self._build_due()
                if self.playing:
                    self._advance()
        except (EOFError, OSError) as error:
            if ran_out(error):
                raise
        finally:
            self.screen.close()
            self.player.close()

    def _listen(self) -> None:
        """Take all orders; wait for one while nothing plays, or while enough frames wait."""
        while not self.playing and not self.films:
            self._obey(self.pipe.recv())
        while self.pipe.poll():
            self._obey(self.pipe.recv())
        while self.playing and self.screen.waiting >= self._every and not self.films:
            if self.pipe.poll(LISTEN):
                self._obey(self.pipe.recv())

    @property
    def _every(self) -> int:
        return self.player.job.preset.dream.every if self.player.job else 1

    def _obey(self, order: Order) -> None:
        match order:
            case Film():
                self.films.append(order)
                return
            case GiveWay():
                self.giving_way = order.on
                return
            case Go(to="pause"):
                self._pause()
            case _:
                self._build_due(everything=True)
                if self.player.job:
                    self._go(order)
        self._tell()

    def _go(self, order: Go | SeekTo) -> None:
        match order:
            case Go(to="play"):
                if self.player.over:
                    self._restart()
                self.playing = True
            case Go(to="step"):
                self._pause()
                if not self.player.over:
                    self._advance(paced=False)
            case Go(to="restart"):
                self._restart()
            case SeekTo(frame=frame):
                self._pause()
                if self.player.seek(frame):
                    self._show(PAST)
                else:
                    self.reports.send(Trouble(f"frame {frame} is not kept any more"))

    def _pause(self) -> None:
        self.playing = False
        self.screen.stop()

    def _restart(self) -> None:
        self.player.restart()
        self._show(FRAME)

    def _build_due(self, *, everything: bool = False) -> bool:
        """Build the film whose frame has come; False where there is none."""
        due = [
            number
            for number, film in enumerate(self.films)
            if everything or film.at is None or film.restart or film.at <= self.player.next
        ]
        if not due:
            if not self.playing and self.films:  # nothing will come before it
                return self._build_due(everything=True)
            return False
        films = [self.films.popleft() for _ in range(due[-1] + 1)]
        restart = any(film.restart for film in films)
        at = min((film.at for film in films if film.at is not None), default=None)
        self._load(replace(films[-1], restart=restart, at=at))
        return True

    def _load(self, film: Film) -> None:
        width, settled = self._width_of(film)
        try:
            preset = check(film.table)
            if width is None:
                width = self.speed.width_for(preset, draft=film.draft)
                settled = self.speed.known(preset)
            small, settings = preview_of(preset, width, draft=film.draft)
            again = self.player.load(small, restart=film.restart)
        except DreamvidError as error:
            option = error.option if isinstance(error, PresetError) else None
            self.reports.send(NotBuilt(film.revision, option, str(error)))
            return
        self.film = film
        self.width, self.settled, self.dreams = width, settled, 0
        self._rewind(film)
        self._built(film, settings, again=again)
        if again:
            self._show(FRAME)
        self._tell()

    def _width_of(self, film: Film) -> tuple[int | None, bool]:
        """Find the preview's width, None where it is to be chosen, and whether it may change."""
        if film.width:
            return film.width, True
        same = self.film is not None and self.film.width is None and not film.restart
        return (self.width, self.settled) if same else (None, False)

    def _built(self, film: Film, settings: tuple[str, ...], *, again: bool) -> None:
        assert self.player.job
        preset = self.player.job.preset
        assert preset.start.size
        (width, height), video = preset.start.size, preset.video
        since = max(0, self.player.next)
        self.reports.send(
            Built(
                *(film.revision, width, height, video.count, float(video.rate)),
                *(film.width is None, film.draft, settings, since, again),
            )
        )

    def _rewind(self, film: Film) -> None:
        """Go back to before the first frame of a film that comes too late."""
        if film.at is None or film.at >= self.player.next:
            return
        if self.player.seek(film.at - 1):
            self.screen.drop_from(film.at)

    def _advance(self, *, paced: bool = True) -> None:
        """Dream the next frame and show it: in its time, or at once."""
        if self.player.over:
            self._pause()
            self._tell()
            return
        dreamed = self.player.dreams(self.player.next)
        self._tell(begun=1)
        begun = time.perf_counter()
        try:
            self.player.advance()
        except DreamvidError as error:
            self._pause()
            self.reports.send(Trouble(str(error)))
            self._tell()
            return
        took = time.perf_counter() - begun
        if self.giving_way and paced and dreamed:
            self.pipe.poll(took)
            took = time.perf_counter() - begun
        self.pace.took(took, dreamed=dreamed)
        self._show(FRAME, paced=paced, dreamed=dreamed)
        if dreamed and not self.giving_way:
            self._time(took)
        self._tell()

    def _time(self, seconds: float) -> None:
        """Learn how long a dream took; after the first ones the preview's size may change, once."""
        self.dreams += 1
        job, film = self.player.job, self.film
        if self.dreams < TIMED or not job or not film:
            return
        self.speed.learn(job.preset, seconds)
        if not self.settled:
            self.settled = True
            width = self.speed.width_for(check(film.table), draft=film.draft)
            if width != self.width:
                self._load(replace(film, restart=True))

    def _show(self, kind: int, *, paced: bool = False, dreamed: bool = True) -> None:
        frame, job = self.player.frame, self.player.job
        assert frame and job and self.film
        if not paced:
            self.screen.show(Shown(frame, self.film.revision, kind))
            return
        shortest = float(1 / job.preset.video.rate)
        shown = Shown(
            *(frame, self.film.revision, kind),
            period=max(shortest, self.pace.period(self._every)),
            shortest=shortest,
            dreamed=dreamed,
            between=None if self.player.over else job.between,
        )
        self.screen.add(shown)

    def _tell(self, begun: int = 0) -> None:
        """Report the position; `begun` frames are in work."""
        ring = self.player.ring
        next_one = max(0, self.player.next + begun)
        rates = self.pace.dreamed, self.screen.rate
        self.reports.position(Position(self.playing, -1, ring.first, ring.last, *rates, next_one))
