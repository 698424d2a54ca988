"""Render a film: preset -> frames -> films. Start reading here.

    build the job -> frames, one after another -> twin segments -> films joined from them

Progress is reported by callbacks; nothing here prints.
"""

from collections.abc import Callable
from dataclasses import dataclass
from os.path import realpath
from pathlib import Path

import torch

from dreamvid.errors import PresetError, ResumeError
from dreamvid.film.engine import Frame, render_frames
from dreamvid.film.inputs import inputs
from dreamvid.film.job import Job, LoadModel, build
from dreamvid.image import to_bytes
from dreamvid.media.images.writing import save
from dreamvid.models.weights import store
from dreamvid.preset.schema import Preset
from dreamvid.render.outputs import FILES, write_films
from dreamvid.render.record.run_record import embed_records, write_provenance, write_run
from dreamvid.render.targets import target_files, write_targets
from dreamvid.render.work.checkpoint import Checkpoint
from dreamvid.render.work.disk_space import check_space
from dreamvid.render.work.encoding import encoders_at_once, encoding_of, with_encoder
from dreamvid.render.work.folder import RenderFolder, open_folder
from dreamvid.render.work.frame_files import check_no_later_frames, write_frame
from dreamvid.render.work.lead_frames import LeadFiles
from dreamvid.render.work.poster import Poster, make_chooser
from dreamvid.render.work.recovery import recover, try_encoder, with_rescue
from dreamvid.render.work.segmented import SegmentedRender
from dreamvid.render.work.shorten import frames_done
from dreamvid.render.work.verify import damaged_file


@dataclass(frozen=True)
class Progress:
    """Progress of a render after a frame, in this run and in total."""

    frame: Frame
    first: int  # frames done before this run, lead-in included
    leading: int  # lead-in frames, which come before a loop's first one
    film: int  # frames of the film
    folder: RenderFolder

    @property
    def done(self) -> int:
        """Number of frames done so far, lead-in included."""
        return self.frame.index + 1 + self.leading

    @property
    def count(self) -> int:
        """Total number of frames to render, lead-in included."""
        return self.film + self.leading

    @property
    def bytes_written(self) -> int:
        """Total size of the forward segments so far."""
        return sum(path.stat().st_size for path in self.folder.work.glob("f??????*.m*"))


@dataclass(frozen=True)
class Outcome:
    """Result of a run. A stopped film is finished by rendering it again."""

    out: Path
    frames: int  # done
    count: int  # of the whole film
    files: tuple[Path, ...]

    @property
    def finished(self) -> bool:
        return self.frames == self.count


def render_film(
    preset: Preset,
    out: Path,
    *,
    device: torch.device,
    fresh: bool = False,
    on_frame: Callable[[Progress], None] = lambda progress: None,
    stop: Callable[[], bool] = lambda: False,
    on_message: Callable[[str], None] = lambda message: None,
    longer: bool = False,
    load_model: LoadModel = store.load,
) -> Outcome:
    """Render a film into `out`, or resume the last run of the same film.

    Args:
        fresh: discard the work of an earlier run.
        on_frame: called after each frame.
        stop: called after each frame; if it returns True, all frames are kept and the run ends.
        on_message: called with a line for the user: an encoder other than the usual one, frames
            that are rendered again, a disk that may fill.
        longer: extend a shorter film of the same preset that is in `out`.

    Raises:
        PresetError, ModelError: the preset is wrong; raised before any work.
        ResumeError: `out` holds a render of other settings, a damaged one, or another run.
        VideoError, OutputError: the encoder or the disk failed; the frames so far are kept.
    """
    _check_apart(preset, out)
    job = with_encoder(build(preset, device, load_model=load_model), out, on_message, fresh=fresh)
    check_no_later_frames(job.preset, out)
    make_chooser(job.preset)  # finds a poster past the end before any work

    def shortest() -> int | None:
        return frames_done(job.preset, out, on_message)

    with open_folder(out, job.key, fresh=fresh, longer=longer, shortest=shortest) as folder:
        write_provenance(folder.job, job, device)
        check_space(job.preset, folder, on_message)
        try_encoder(folder, encoding_of(job.preset))
        last = _render_intact(job, folder, device, on_frame, stop, on_message)
        count = job.preset.video.count
        if last.frame.index + 1 < count:
            return Outcome(out, max(0, last.frame.index + 1), count, ())
        poster = last.poster or Poster(count - 1, 0.0, to_bytes(last.frame.image))
        files = tuple(write_films(job, folder, encoding_of(job.preset), poster.pixels))
        embed_records(out, job, device, files, on_message)
        files += tuple(write_targets(job.preset.outputs, files, out, on_message))
        write_run(
            out / "run.json",
            job,
            device=device,
            seconds=last.seconds,
            files=files,
            poster=poster.frame,
        )
        folder.goal.unlink(missing_ok=True)
        return Outcome(out, count, count, (*files, out / "run.json"))


def _check_apart(preset: Preset, out: Path) -> None:
    """Raise PresetError where a film would overwrite one of its own inputs."""
    # Not Path.resolve, which fails for a loop of links.
    written = {realpath(out / name) for name in (*FILES, *target_files(preset.outputs))}
    # A folder of masks in one of these would grow.
    folders = {realpath(out / name) for name in ("", "stills", "frames")}
    for option, path in inputs(preset).items():
        if realpath(path) in written | folders:
            raise PresetError(option, f"{path} would be overwritten", "choose another --out")


def _render_intact(
    job: Job,
    folder: RenderFolder,
    device: torch.device,
    on_frame: Callable[[Progress], None],
    stop: Callable[[], bool],
    on_message: Callable[[str], None],
) -> Checkpoint:
    """Render the missing frames, and once again those of segments damaged meanwhile."""
    count, lost = job.preset.video.count, None
    for _ in range(2):
        resumed = recover(folder, job.preset, Checkpoint(job.start), on_message)
        last = _render_segments(job, folder, resumed, device, on_frame, stop)
        if last.frame is resumed.frame or last.frame.index + 1 < count:
            return last
        lost = damaged_file(folder.work, job.preset, last)
        if lost is None:
            return last
    raise ResumeError(f"{lost} is damaged again as soon as it is written: is the disk failing?")


def _render_segments(
    job: Job,
    folder: RenderFolder,
    resumed: Checkpoint,
    device: torch.device,
    on_frame: Callable[[Progress], None],
    stop: Callable[[], bool],
) -> Checkpoint:
    encoding, count = encoding_of(job.preset), job.preset.video.count
    leading, first = -1 - job.start.index, resumed.frame.index - job.start.index
    segmented = SegmentedRender(
        folder,
        encoding,
        dither=job.preset.video.dither != "none",
        count=count,
        resumed=resumed,
        choose=make_chooser(job.preset),
        at_once=encoders_at_once(encoding, device),
    )
    with job.steps(LeadFiles(folder.work)) as step, segmented:
        step = with_rescue(step, segmented.rescue)
        for frame in render_frames(resumed.frame, step, count=count):
            folder.check()
            _write_images(job, folder, frame)  # before a checkpoint counts it
            segmented.add(frame)
            on_frame(Progress(frame, first, leading, count, folder))
            stopped = stop()
            segmented.keep(now=stopped)
            if stopped:
                break
    return segmented.checkpoint


def _write_images(job: Job, folder: RenderFolder, frame: Frame) -> None:
    write_frame(frame, job.preset, folder.out)
    if frame.index in job.preset.outputs.stills:
        save(frame.image, folder.out / "stills" / f"{frame.index:06d}.png")
