"""The job of an export: film, target and request resolved to plans; nothing is encoded yet."""

from dataclasses import dataclass, replace
from pathlib import Path

from dreamvid.errors import PresetError
from dreamvid.export.formats import FORMATS, Format, codec_for, format_for, quality_scale
from dreamvid.export.plans import Plan, dimensions, ladder, sound_bit_rate
from dreamvid.export.request import ExportRequest, output_size, retime
from dreamvid.export.shape import Framing, framing_for
from dreamvid.media.audio.mux import BIT_RATE
from dreamvid.media.clip import Pictures
from dreamvid.media.video.codecs import CODECS
from dreamvid.preset.sites import Target


@dataclass(frozen=True, kw_only=True)
class ExportJob:
    """Settings of an export, and the concessions for a smaller file."""

    film: Pictures  # trimmed and at the output rate, in its own size
    framing: Framing  # from the film's size to the output's
    form: Format
    scale: str  # name of the quality scale; "" for none
    best: Plan  # regardless of the file's size
    steps: list[list[Plan]]  # as `budget.search` takes them
    limit: int | None  # bytes
    changes: tuple[str, ...]  # differences from the film, a line each

    @property
    def effective_limit(self) -> int | None:
        """The limit, or None where the film is smaller even uncompressed."""
        height, width = self.best.size
        raw = 3 * self.film.count * height * width + self.best.sound * self.film.seconds / 8
        return self.limit if self.limit is not None and self.limit < raw else None


def plan_export(
    film: Pictures, out: Path, target: Target | None, request: ExportRequest
) -> ExportJob:
    """Resolve an export; raises PresetError for what the format or the target does not have."""
    name = format_for(out, target)
    form, codec = FORMATS[name], codec_for(name, target, request.codec)
    scale = quality_scale(form, codec)
    quality = request.quality_on(scale, codec or f".{name}")
    film, changes = retime(film, target, form, request)
    fit = request.fit or (target.fit if target else "auto")
    multiple = CODECS[codec].multiple if codec else 1
    size = _whole_blocks(output_size(film.size, target, request), multiple, codec, request)
    framing = framing_for(film.size, size, fit)
    if framing.source != framing.size:
        changes.append(str(framing))

    limits = (target and target.most_bytes(film.seconds), request.limit)
    limit = min((bytes_ for bytes_ in limits if bytes_ is not None), default=None)
    sound = _sound(film, form, target, request)
    if film.sound and request.sound and not sound:
        changes.append(f"without sound: {target.name if target else f'.{name}'} takes none")
    best = Plan(size=framing.size, fps=film.fps, codec=codec, quality=quality, sound=sound)
    steps = ladder(
        replace(best, sound=sound_bit_rate(sound, limit, film.seconds)),
        scale.below(quality) if scale and quality is not None else (),
        min_fps=target.fps[0] if target and target.fps else None,
        rate_first=form.rate_first,
        fixed_size=bool(target and target.fill) or request.size is not None or multiple > 2,
    )
    return ExportJob(
        film=film,
        framing=framing,
        form=form,
        scale=scale.name if scale else "",
        best=best,
        steps=steps,
        limit=limit,
        changes=tuple(changes),
    )


def _whole_blocks(
    size: tuple[int, int], multiple: int, codec: str | None, request: ExportRequest
) -> tuple[int, int]:
    """Round a (height, width) down to multiples of the codec's block size.

    Raises PresetError where the user requested another size.
    """
    height, width = (max(multiple, side - side % multiple) for side in size)
    if request.size is not None and (height, width) != size:
        problem = f"{codec} takes sides that are multiples of {multiple}, not {dimensions(size)}"
        raise PresetError("--size", problem, f"such as {width}x{height}")
    return height, width


def _sound(film: Pictures, form: Format, target: Target | None, request: ExportRequest) -> int:
    """Bits per second; 0 for a silent file."""
    if film.sound is None or not form.sound or not request.sound:
        return 0
    return target.sound if target else BIT_RATE
