"""Deinterlacing of decoded frames, by libav's bwdif.

A frame keeps its first field; the other is filled in from it and from the frames before and after,
on which alone the result depends.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Generic, TypeVar

from av.filter import Graph
from av.video.frame import VideoFrame

T = TypeVar("T")


def deinterlaced(frames: Iterable[tuple[VideoFrame, T]]) -> Iterator[tuple[VideoFrame, T]]:
    """Yield neighbouring frames, in playing order, those that say so deinterlaced.

    Others are passed on as they are. What comes with a frame, such as its time, stays with it. The
    first interlaced frame delays all by one.
    """
    field_filter: _Bwdif[T] | None = None
    before = None
    for frame, tag in frames:
        if field_filter and field_filter.kind != _kind(frame):
            yield from field_filter.finish()
            field_filter = before = None
        if field_filter is None and frame.interlaced_frame:
            field_filter = _Bwdif(frame)
            if before and _kind(before[0]) == field_filter.kind:
                field_filter.push(*before)  # it was yielded: this leaves one frame in the filter
                field_filter.passed_on = True
        if field_filter:
            yield from field_filter.push(frame, tag)
        else:
            yield frame, tag
        before = frame, tag
    if field_filter:
        yield from field_filter.finish()


def _kind(frame: VideoFrame) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name


class _Bwdif(Generic[T]):
    """The filter for frames of one kind; a frame leaves it when the next one has entered."""

    def __init__(self, frame: VideoFrame) -> None:
        self.kind = _kind(frame)
        self.passed_on = False  # the next frame to leave was yielded before
        self._tags: deque[T] = deque()  # of the frames inside
        self._count = 0
        self._graph = graph = Graph()
        source = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1)
        )
        bwdif = graph.add("bwdif", mode="send_frame", parity="auto", deint="interlaced")
        form = graph.add("format", pix_fmts=frame.format.name)  # of filters put in between
        graph.link_nodes(source, bwdif, form, graph.add("buffersink")).configure()

    def push(self, frame: VideoFrame, tag: T) -> Iterator[tuple[VideoFrame, T]]:
        own = frame.pts, frame.time_base
        frame.pts, frame.time_base = self._count, Fraction(1)
        self._graph.vpush(frame)
        frame.pts, frame.time_base = own
        self._tags.append(tag)
        self._count += 1
        return self._leaving()

    def finish(self) -> Iterator[tuple[VideoFrame, T]]:
        self._graph.vpush(None)
        return self._leaving()

    def _leaving(self) -> Iterator[tuple[VideoFrame, T]]:
        while True:
            try:
                frame = self._graph.vpull()
            except (BlockingIOError, EOFError):
                return
            tag = self._tags.popleft()
            if not self.passed_on:
                yield frame, tag
            self.passed_on = False
