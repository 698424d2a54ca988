"""Preview of the camera alone: a chessboard moved as the film will be, without a network.

A zoom would soon leave nothing of a single board, so a new one fades in every two seconds while
the one before fades out.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from dreamvid.errors import PresetError
from dreamvid.film.grow import SAMPLING_BORDER, read_all
from dreamvid.film.settings_at import frame_seconds, motion_at
from dreamvid.film.timeline import Timeline, check_schedules, make_timeline, sound_of
from dreamvid.image import Image
from dreamvid.motion.borders import fill_colour
from dreamvid.motion.camera import Shot, frame_map, make_camera
from dreamvid.preset.schedules import schedules
from dreamvid.preset.schema import MotionOptions, Preset
from dreamvid.schedule.moment import Moment

INTERVAL = 2.0  # seconds from one board to the next
FIELDS = 8  # of the board, over the image's height
NEWLY_DREAMED = "#5a2a4a"  # colour of pixels that the camera uncovers

CPU = torch.device("cpu")


@dataclass(frozen=True)
class CameraFilm:
    """A film of which only the camera's motion is rendered."""

    preset: Preset  # with its rate and length
    timeline: Timeline
    size: tuple[int, int]  # (height, width)


def camera_film(preset: Preset) -> CameraFilm:
    """Check the motion of a preset whose size, rate and length are resolved; make its timeline.

    Raises PresetError for footage, for a camera that stands still, and for bad schedules.
    """
    if preset.of_footage:
        cure = "without --motion, its dream is shown"
        raise PresetError("--motion", "footage moves by itself, there is no camera", cure)
    assert preset.start.size
    timeline = make_timeline(preset, sound_of(preset))
    check_schedules(preset, timeline)
    width, height = preset.start.size
    film = CameraFilm(preset, timeline, (height, width))
    changing = any(schedules(preset.motion))
    moving = (
        range(1, timeline.frames, timeline.stride) if changing else range(1, timeline.frames)[:1]
    )
    if not any(_moves(film, index) for index in moving):
        problem = "nothing moves in this film"
        raise PresetError("--motion", problem, "give it motion.zoom or another of [motion]")
    return film


def _moves(film: CameraFilm, index: int) -> bool:
    options = film.preset.motion
    motion = motion_at(options, film.timeline.moment(index))
    seconds = float(frame_seconds(options, film.timeline.fps))
    return frame_map(motion, seconds=seconds, height=8, width=8, device=CPU) is not None


def camera_frames(film: CameraFilm, count: int) -> Iterator[Image]:
    """Render the first `count` frames of the film; the first one is the board itself."""
    height, width = film.size
    camera = make_camera(height=height, width=width, device=CPU)
    options, timeline = film.preset.motion, film.timeline
    seconds = float(frame_seconds(options, timeline.fps))
    interval = max(2, round(INTERVAL * timeline.fps))
    board = chessboard(height, width)
    older, newer = board, board
    for index in range(count):
        moment = timeline.moment(index)
        if index and (shot := camera(motion_at(options, moment), seconds)):
            boards = _moved({"older": older, "newer": newer}, shot, options, moment)
            older, newer = boards.values()
        if index and index % interval == 0:
            older, newer = newer, board
        share = 1.0 if index < interval else (index % interval + 1) / interval
        yield older + share * (newer - older)


def _moved(
    boards: dict[str, Image], shot: Shot, options: MotionOptions, moment: Moment
) -> dict[str, Image]:
    moved = read_all(boards, shot, options, moment)
    if shot.uncovered is None or options.border not in SAMPLING_BORDER:
        return moved
    colour = options.border_colour if options.border == "colour" else NEWLY_DREAMED
    return {name: fill_colour(image, shot.uncovered, colour) for name, image in moved.items()}


def chessboard(height: int, width: int) -> Image:
    """Draw a board whose colours vary with the position, so that a turn or a mirror shows."""
    side = height / FIELDS
    y, x = torch.meshgrid(
        torch.arange(height) + 0.5 - height / 2,
        torch.arange(width) + 0.5 - width / 2,
        indexing="ij",
    )
    dark: Float[Tensor, "h w"] = ((x / side).floor() + (y / side).floor()) % 2
    down, right = y / height + 0.5, x / width + 0.5
    light = torch.stack([0.55 + 0.4 * right, 0.9 - 0.35 * right, 0.65 + 0.3 * down])
    deep = torch.stack([0.10 + 0.2 * right, 0.14 + 0.1 * down, 0.30 - 0.1 * right])
    return (deep + dark * (light - deep))[None]
