"""Speed of the studio: from opening it to a dream, pictures a second, from control to picture."""

import time
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from dreamvid.studio.bench.client import Client, memory_of, studio
from dreamvid.studio.protocol import BETWEEN, FRAME

MOVES = 50
KEY, VALUES = "motion.zoom", (1.3, 1.9)
LULL = 0.37  # seconds between two moves, no divisor of a frame's time


@dataclass(frozen=True)
class StudioSpeed:
    """Measured times in seconds, rates in pictures a second, memory in bytes."""

    size: str
    first_picture: float  # from the start of the program
    first_dream: float  # from the first press of play
    dreamed: float
    shown: float
    longest_gap: float  # between two pictures
    control_median: float  # from a control's move to a picture with it
    control_worst: float
    memory_before: int | None  # of all its processes
    memory_after: int | None


def measure(
    preset: str, width: int | None, seconds: float, device: str, *, moves: int = MOVES
) -> StudioSpeed:
    """Run a studio and measure it; raises DreamvidError.

    Args:
        width: of the preview, in pixels; None: as the studio chooses it.
        seconds: for which pictures are counted.
        moves: of a control.
    """
    begun = time.perf_counter()
    with studio(preset, device) as (client, process):
        first = client.until(lambda: client.pictures, "its first picture") - begun
        if width:
            client.send("set_preview", width=width)
            client.until(lambda: (client.state.get("preview") or {}).get("width") == width, "size")
        pressed = time.perf_counter()
        client.send("play")
        dream = client.until(lambda: _frames(client, pressed), "its first dream") - pressed
        client.listen(5)  # in which an automatic preview settles
        before = memory_of(process.pid)
        since, rates = time.perf_counter(), []
        while time.perf_counter() < since + seconds:
            client.listen(1)
            rates.append(client.status["dreamed"])
        kinds = (FRAME, BETWEEN)
        times = [at for at, kind, *_ in client.pictures if at > since and kind in kinds]
        waits = sorted(_move(client, n) for n in range(moves))
        preview = client.state["preview"]
        return StudioSpeed(
            size=f"{preview['width']}x{preview['height']}",
            first_picture=first,
            first_dream=dream,
            dreamed=sum(rates) / len(rates),
            shown=len(times) / seconds,
            longest_gap=max((b - a for a, b in pairwise(times)), default=0.0),
            control_median=median(waits),
            control_worst=waits[-1],
            memory_before=before,
            memory_after=memory_of(process.pid),
        )


def _frames(client: Client, since: float) -> bool:
    return any(
        kind == FRAME and frame >= 0 and at > since for at, kind, _, frame in client.pictures
    )


def _move(client: Client, number: int) -> float:
    """Move a control; returns the seconds until a picture shows it."""
    client.listen(LULL)
    before = client.state["revision"]
    moved = time.perf_counter()
    client.send("set", key=KEY, value=VALUES[number % 2] + number / 1000)
    seen = lambda: any(revision > before for _, _, revision, _ in client.pictures[-40:])
    return client.until(seen, "a picture after a move") - moved
