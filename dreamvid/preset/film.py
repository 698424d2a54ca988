"""[video], [loop], [flow], [sound], [outputs]: everything around the dream."""

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from dreamvid.errors import quote
from dreamvid.media.video.codecs import CODECS, Codec
from dreamvid.preset.base import Options, Scheduled, Share
from dreamvid.preset.sites import check_target
from dreamvid.preset.values import File, Finite, Fps, OneOf, Poster
from dreamvid.schedule.curve import Bounds


class VideoOptions(Options):
    """Length, rate and encoding of the films."""

    fps: Annotated[Fps, Field(description='frames a second: 24, or "30000/1001"')] | None = Field(
        default=None, description="default 24, or the footage's own"
    )
    frames: int | None = Field(default=None, ge=1, le=10_000_000, description="length of the film")
    seconds: Finite | None = Field(
        default=None, gt=0, le=1e6, description="length, instead of frames"
    )
    every: int = Field(default=1, ge=1, description="the GIF keeps one frame in N")
    crf: int = Field(
        default=16,
        ge=0,
        le=40,
        description="x264's quality, for others what looks alike; lower is better and larger",
    )
    codec: Annotated[str, OneOf(CODECS)] = Field(
        default="h264",
        description="of the films: h264 and hevc as MP4, av1 and vp9 as WebM, prores as MOV, "
        "ffv1 (lossless) as MKV, hap for VJs' players as MOV",
    )
    depth: Literal[8, 10, 16] | None = Field(
        default=None,
        description="bits a sample; default 8 for h264, vp9 and hap, 16 for ffv1, else 10",
    )
    encoder: str = Field(
        default="software",
        min_length=1,
        description="software: the same packets on any day; auto: hardware's, where that works; "
        "or libav's name of one, such as h264_nvenc",
    )
    dither: Literal["none", "ordered"] = Field(
        default="none", description="ordered: no bands in smooth skies; a few percent larger"
    )

    @model_validator(mode="after")
    def _one_length(self) -> "VideoOptions":
        if self.frames is not None and self.seconds is not None:
            raise ValueError("give the length as frames or as seconds, one of the two")
        return self

    @model_validator(mode="after")
    def _fits_its_codec(self) -> "VideoOptions":
        codec, name = self.kind, self.codec
        if self.depth not in (None, *codec.pixel_formats):
            depths = " or ".join(map(str, sorted(codec.pixel_formats)))
            raise ValueError(f"depth: {name} has {depths} bits, not {self.depth}")
        if codec.crf is None and "crf" in self.changed():
            raise ValueError(f"crf: {name} has one quality; leave crf out, or use another codec")
        if self.bits > 10 and self.dither != "none":
            raise ValueError(f"dither: is lost in {self.bits} bits; leave it out, or use depth = 8")
        known = ("software", "auto", codec.encoder, *codec.hardware)
        if self.encoder not in known:
            raise ValueError(f"encoder: {quote(self.encoder)} is none of {', '.join(known)}")
        return self

    @property
    def kind(self) -> Codec:
        """Codec of the films."""
        return CODECS[self.codec]

    @property
    def bits(self) -> int:
        """Bits a sample."""
        return self.depth or self.kind.depth

    @property
    def rate(self) -> Fraction:
        """Frames a second; 24 unless given."""
        return self.fps or Fraction(24)

    @property
    def count(self) -> int:
        """Length in frames, at least one."""
        return self.frames or max(1, round(Fraction(self.seconds or 0) * self.rate))


class LoopOptions(Options):
    """Loop: how the film's end meets its beginning."""

    kind: Literal["none", "cross-fade", "endless"] = Field(
        default="none",
        description="cross-fade: the end dissolves into the beginning while both move on; "
        "endless: the dream itself turns back into its beginning",
    )
    seconds: Finite = Field(
        default=2.0, gt=0, le=3600, description="duration of the transition from end to beginning"
    )
    warm_up: Finite = Field(
        default=1.0,
        ge=0,
        le=3600,
        description="dreamed before the loop begins, so that its first frame is a dream already",
    )

    @model_validator(mode="after")
    def _every_option_has_an_effect(self) -> "LoopOptions":
        if self.kind == "none" and self.changed():
            raise ValueError('has no effect with kind = "none"; use "cross-fade" or "endless"')
        return self


class FlowOptions(Options):
    """Influence of earlier frames, warped by the motion, on a new one."""

    frames: int = Field(
        default=0, ge=0, le=16, description="dreamed films: how many earlier frames are mixed in"
    )
    strength: Share = Field(
        default=0.5, description="share of the earlier frames; footage: of the dream carried on"
    )
    decay: Share = Field(
        default=0.8, description="share of the carried dream that is left at the next one"
    )
    method: Literal["dis", "dis-fast", "raft", "raft-small"] = Field(
        default="dis", description="optical flow of footage; raft needs `models get`"
    )
    cuts: bool = Field(default=True, description="footage: begin anew after a cut")
    restart: Annotated[Scheduled, Bounds(ge=1, le=100)] = Field(
        default=3.0, description="footage: steps of a shot's first frame, over the usual"
    )


class SoundOptions(Options):
    """Sound of the films, and of schedules: rms, bass, mid, high, onset, beat."""

    path: File | None = Field(
        default=None, description="a sound or video file; default: the footage's own sound"
    )
    bpm: Finite | None = Field(
        default=None, ge=1, le=1000, description="beats a minute; default: found in the sound"
    )
    attack: Finite = Field(
        default=0.01, ge=0, le=10, description="seconds a level takes to rise, about"
    )
    release: Finite = Field(default=0.25, ge=0, le=10, description="and to fall")
    keep: bool = Field(default=True, description="whether the films have the sound")


class OutputOptions(Options):
    """Files written besides the forward film."""

    reverse: bool = Field(default=True, description="the film backwards")
    loop: bool = Field(
        default=True, description="a GIF of the film forward and back, or of a looping film"
    )
    loop_width: int = Field(
        default=480, ge=16, le=4096, description="pixels; never wider than the film"
    )
    loop_fps: Finite = Field(default=20.0, ge=1, le=50, description="pictures a second in the GIF")
    frames: Literal["none", "png"] = Field(
        default="none", description="png: every frame, of 16 bits a channel, in OUT/frames/"
    )
    poster: Poster = Field(
        default="best",
        description="frame kept as poster.png: best, the richest that is not burnt out; last; or "
        "a moment, such as 2s or 30f",
    )
    targets: tuple[Annotated[str, AfterValidator(check_target)], ...] = Field(
        default=(), description="exports to make of the films, such as reels: `export --list`"
    )
    stills: tuple[Annotated[int, Field(ge=0)], ...] = Field(
        default=(), description="indices of frames kept as PNG, from 0"
    )
