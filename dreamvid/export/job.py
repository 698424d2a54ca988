"""From a film, a target and what is asked for to what is to be made; nothing is encoded yet."""

from dataclasses import dataclass
from pathlib import Path

from dreamvid.errors import PresetError
from dreamvid.export.formats import (
    FORMATS,
    Format,
    codec_for,
    format_named,
    measure_of,
)
from dreamvid.export.plans import Plan, ladder, sound_rate
from dreamvid.export.request import Wishes, size_for, timed
from dreamvid.export.shape import Frame, frame_for
from dreamvid.media.audio.mux import BIT_RATE
from dreamvid.media.clip import Pictures
from dreamvid.media.video.codecs import CODECS
from dreamvid.preset.sites import Target


@dataclass(frozen=True, kw_only=True)
class Order:
    film: Pictures  # the part that is wanted, at its rate, in its own size
    frame: Frame  # how it is shown in the size that is wanted
    form: Format
    measure: str  # what quality is counted in; "" for nothing
    wanted: Plan  # as it would be if size did not matter
    steps: list[list[Plan]]  # what may be given up, as `budget.search` takes it
    limit: int | None  # bytes
    changes: tuple[str, ...]  # what is not as in the film

    @property
    def reachable(self) -> int | None:
        """The limit, where the film could ever reach it: not even by its bare pixels, else."""
        height, width = self.wanted.size
        bare = 3 * self.film.count * height * width + self.wanted.sound * self.film.seconds / 8
        return self.limit if self.limit is not None and self.limit < bare else None


def order(pictures: Pictures, out: Path, target: Target | None, wishes: Wishes) -> Order:
    """Raises PresetError for what the format or the target does not have."""
    name = format_for(out, target)
    form, codec = FORMATS[name], _codec(name, target, wishes)
    measure = measure_of(form, codec)
    quality = wishes.quality_in(measure, codec or f".{name}")
    film, changes = timed(pictures, target, form, wishes)
    fit = wishes.fit or (target.fit if target else "auto")
    multiple = CODECS[codec].multiple if codec else 1
    size = _whole_blocks(size_for(film.size, target, wishes), multiple, codec, wishes)
    frame = frame_for(film.size, size, fit)
    if frame.source != frame.size:
        changes.append(str(frame))

    limits = (target and target.most_bytes(film.seconds), wishes.limit)
    limit = min((one for one in limits if one is not None), default=None)
    heard = _sound(film, form, target, wishes)
    if film.sound and wishes.sound and not heard:
        changes.append(f"without sound: {target.name if target else f'.{name}'} takes none")
    wanted = Plan(size=frame.size, fps=film.fps, codec=codec, quality=quality, sound=heard)
    voice = sound_rate(heard, limit, film.seconds)
    steps = ladder(
        wanted.but(sound=voice),
        measure.below(quality) if measure and quality is not None else (),
        slowest=target.fps[0] if target and target.fps else None,
        rate_first=form.rate_first,
        fixed_size=bool(target and target.fill) or wishes.size is not None or multiple > 2,
    )
    return Order(
        film=film,
        frame=frame,
        form=form,
        measure=measure.name if measure else "",
        wanted=wanted,
        steps=steps,
        limit=limit,
        changes=tuple(changes),
    )


def _whole_blocks(
    size: tuple[int, int], multiple: int, codec: str | None, wishes: Wishes
) -> tuple[int, int]:
    """The largest size within (height, width) whose sides are multiples of the codec's.

    Raises PresetError where the user gave another size.
    """
    height, width = (max(multiple, side - side % multiple) for side in size)
    if wishes.size is not None and (height, width) != size:
        problem = f"{codec} takes sides that are multiples of {multiple}, not {size[1]}x{size[0]}"
        raise PresetError("--size", problem, f"such as {width}x{height}")
    return height, width


def format_for(out: Path, target: Target | None) -> str:
    """The name of one; raises PresetError where the target takes another."""
    name = format_named(out)
    if target and target.format != name:
        problem = f"{target.name} takes {target.suffix}, and {out.name} is something else"
        raise PresetError("--out", problem, f"such as {out.with_suffix(target.suffix).name}")
    return name


def _codec(name: str, target: Target | None, wishes: Wishes) -> str | None:
    needed = target.codec if target else None
    if needed and wishes.codec not in (None, needed):
        assert target is not None
        raise PresetError("--codec", f"{target.name} takes {needed}", "leave it out")
    return codec_for(name, wishes.codec or needed)


def _sound(film: Pictures, form: Format, target: Target | None, wishes: Wishes) -> int:
    """Bits a second; 0 for a silent file."""
    if film.sound is None or not form.sound or not wishes.sound:
        return 0
    return target.sound if target else BIT_RATE
