"""A whole job: preset -> frames -> films. Start reading here.

    build the parts -> frames, one after another -> twin segments -> films joined from them

Progress leaves as values; nothing here prints.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch

from dreamvid import checkpoint
from dreamvid.checkpoint import Checkpoint
from dreamvid.engine import Frame, render_frames
from dreamvid.errors import PresetError, VideoError
from dreamvid.films import FILES, write_films
from dreamvid.folder import RenderFolder, open_folder
from dreamvid.job import Job, build, inputs
from dreamvid.leads import LeadFiles
from dreamvid.options import Preset
from dreamvid.pictures.writing import save
from dreamvid.report import write_run
from dreamvid.video.colour import Yuv, to_yuv
from dreamvid.video.encoders import probe_encoder
from dreamvid.video.segments import TwinSegments, chunk_frames
from dreamvid.video.writer import Encoding

CHECKPOINT_SECONDS = 60.0  # what a crash may cost at most, beside the frame being dreamed


@dataclass(frozen=True)
class Progress:
    """After each frame: what is done, in this run and in all."""

    frame: Frame
    first: int  # frames that were done when this run began
    leading: int  # frames that come before a loop's first one
    film: int  # frames of the film
    folder: RenderFolder

    @property
    def done(self) -> int:
        return self.frame.index + 1 + self.leading

    @property
    def count(self) -> int:
        """Of all that is to be rendered."""
        return self.film + self.leading

    @property
    def bytes_written(self) -> int:
        """Size of the forward segments so far."""
        return sum(path.stat().st_size for path in self.folder.work.glob("f*.mp4"))


@dataclass(frozen=True)
class Outcome:
    """What a run left behind. A stopped film is finished by rendering it again."""

    out: Path
    frames: int  # done
    count: int  # of the whole film
    files: tuple[Path, ...]

    @property
    def finished(self) -> bool:
        return self.frames == self.count


@dataclass
class _Run:
    """The frames not yet in a segment, and when the last checkpoint was."""

    pending: list[Yuv] = field(default_factory=list)
    seconds: float = 0.0  # spent in earlier runs
    started: float = field(default_factory=time.monotonic)
    saved: float = field(default_factory=time.monotonic)

    def spent(self) -> float:
        return self.seconds + time.monotonic() - self.started


def render_film(
    preset: Preset,
    out: Path,
    *,
    device: torch.device,
    fresh: bool = False,
    on_frame: Callable[[Progress], None] = lambda progress: None,
    stop: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Render a film into `out`, or go on where the last run of the same film stopped.

    Args:
        fresh: forget what an earlier run did.
        on_frame: called after each frame.
        stop: asked after each frame; if it says so, everything is kept and the run ends.

    Raises:
        PresetError, ModelError: before any work, if something is wrong with the preset.
        ResumeError: `out` holds a render of other settings, a damaged one, or another run.
        VideoError, OutputError: the encoder or the disk failed; what was done is kept.
    """
    if reason := probe_encoder("libx264"):
        raise VideoError(f"this machine cannot encode H.264: {reason}")
    _check_apart(preset, out)
    job = build(preset, device)
    with open_folder(out, job.key, fresh=fresh) as folder:
        last = _render_segments(job, folder, device, on_frame, stop)
        count = job.preset.video.count
        if last.frame.index + 1 < count:
            return Outcome(out, max(0, last.frame.index + 1), count, ())
        files = tuple(write_films(job, folder, _encoding(job), last.frame.image))
        write_run(out / "run.json", job, device=device, seconds=last.seconds, files=files)
        return Outcome(out, count, count, (*files, out / "run.json"))


def _check_apart(preset: Preset, out: Path) -> None:
    """Raises PresetError where a film would take the place of what it is made from."""
    written = {(out / name).resolve() for name in FILES}
    filled = {out.resolve(), (out / "stills").resolve()}  # a folder of masks would grow
    for option, path in inputs(preset).items():
        if path.resolve() in written | filled:
            raise PresetError(option, f"{path} would be overwritten", "choose another --out")


def _render_segments(
    job: Job,
    folder: RenderFolder,
    device: torch.device,
    on_frame: Callable[[Progress], None],
    stop: Callable[[], bool],
) -> Checkpoint:
    """Render what is missing; returns where the film now stands."""
    encoding = _encoding(job)
    length = chunk_frames(encoding.size, encoding.fps)
    count = job.preset.video.count
    kept = folder.resume(device) or Checkpoint(job.start)
    run = _Run(list(kept.pending), kept.seconds)
    frame, leading = kept.frame, -1 - job.start.index
    segments = TwinSegments(folder.work, encoding)
    with job.steps(LeadFiles(folder.work)) as step, segments:

        def keep(frame: Frame, pending: tuple[Yuv, ...] = ()) -> None:
            checkpoint.save(Checkpoint(frame, pending, run.spent()), folder.checkpoint)

        for frame in render_frames(kept.frame, step, count=count):
            if frame.index >= 0:
                run.pending.append(to_yuv(frame.image))
                _write_still(job, folder, frame)
            if run.pending and (len(run.pending) == length or frame.index + 1 == count):
                segments.submit(frame.index // length, run.pending, lambda f=frame: keep(f))
                run.pending, run.saved = [], time.monotonic()
            segments.check()
            on_frame(Progress(frame, kept.frame.index + 1 + leading, leading, count, folder))
            stopped = stop()
            unkept = run.pending or frame.index < 0
            if unkept and (stopped or time.monotonic() - run.saved > CHECKPOINT_SECONDS):
                segments.wait()  # a checkpoint speaks for every segment before it
                keep(frame, tuple(run.pending))
                run.saved = time.monotonic()
            if stopped:
                break
    return Checkpoint(frame, tuple(run.pending), run.spent())


def _encoding(job: Job) -> Encoding:
    height, width = job.start.image.shape[-2:]
    return Encoding(size=(height, width), fps=job.preset.video.rate, crf=job.preset.video.crf)


def _write_still(job: Job, folder: RenderFolder, frame: Frame) -> None:
    if frame.index in job.preset.outputs.stills:
        save(frame.image, folder.out / "stills" / f"{frame.index:06d}.png")
