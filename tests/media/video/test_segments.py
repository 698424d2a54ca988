import threading
import time
import weakref
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dreamvid.errors import VideoError
from dreamvid.media.video import segments
from dreamvid.media.video.segments import (
    TwinSegments,
    chunk_frames,
    forward_files,
    reverse_files,
)
from dreamvid.media.video.writer import join

LATE = 20  # seconds after which a thread that should have gone on counts as stuck


def numbers(path):
    """The frame numbers that a film of greys shows."""
    with av.open(str(path)) as film:
        return [
            round((float(f.to_ndarray()[: f.height].mean()) - 20) / 6) for f in film.decode(video=0)
        ]


def nothing(digests):
    pass


def test_segments_join_to_the_film_and_its_reverse(tmp_path, encoding, greys):
    frames = greys(11)
    with TwinSegments(tmp_path, encoding) as twins:
        for number, start in enumerate(range(0, 11, 4)):
            twins.submit(number, frames[start : start + 4], nothing)
    join(forward_files(tmp_path, 3), tmp_path / "forward.mp4", encoding.fps)
    join(reverse_files(tmp_path, 3), tmp_path / "reverse.mp4", encoding.fps)
    assert numbers(tmp_path / "forward.mp4") == list(range(11))
    assert numbers(tmp_path / "reverse.mp4") == list(range(10, -1, -1))


def test_segments_are_listed_in_playing_order(tmp_path):
    names = [path.name for path in forward_files(tmp_path, 3)]
    assert names == ["f000000.mp4", "f000001.mp4", "f000002.mp4"]
    names = [path.name for path in reverse_files(tmp_path, 3)]
    assert names == ["r000002.mp4", "r000001.mp4", "r000000.mp4"]


def test_segments_call_then_in_order_and_in_another_thread(tmp_path, encoding, greys):
    seen = []

    def then(number):
        there = sorted(path.name for path in tmp_path.iterdir())
        seen.append((number, there, threading.current_thread() is threading.main_thread()))

    with TwinSegments(tmp_path, encoding) as twins:
        for number in range(2):
            twins.submit(number, greys(2), lambda digests, number=number: then(number))
    first = ["f000000.mp4", "r000000.mp4"]
    second = ["f000000.mp4", "f000001.mp4", "r000000.mp4", "r000001.mp4"]
    assert seen == [(0, first, False), (1, second, False)]


def test_segments_wait_until_the_chunk_is_on_the_disk(tmp_path, encoding, greys):
    with TwinSegments(tmp_path, encoding) as twins:
        twins.wait()
        twins.submit(0, greys(9), nothing)
        twins.wait()
        assert len(list(tmp_path.iterdir())) == 2


def test_segments_encode_one_chunk_while_the_next_fills(tmp_path, encoding, greys):
    release, handed_over = threading.Event(), []

    def then(digests):
        release.wait(LATE)

    def render():
        with TwinSegments(tmp_path, encoding) as twins:
            for number in range(3):
                twins.submit(number, greys(2), then)
                handed_over.append(number)

    thread = threading.Thread(target=render)
    thread.start()
    thread.join(0.5)
    assert handed_over == [0]  # chunk 1 is full, and waits
    release.set()
    thread.join(LATE)
    assert handed_over == [0, 1, 2]


def test_segments_keep_at_most_two_chunks_in_memory(tmp_path, encoding, greys):
    alive, most = set(), 0

    def chunk(number):
        frames = [frame.copy() for frame in greys(3)]
        for n, frame in enumerate(frames):
            alive.add((number, n))
            weakref.finalize(frame, alive.discard, (number, n))
        return frames

    with TwinSegments(tmp_path, encoding) as twins:
        for number in range(6):
            frames = chunk(number)
            most = max(most, len(alive))
            twins.submit(number, frames, nothing)
            del frames
    assert 3 <= most <= 6
    assert not alive


@pytest.mark.parametrize("when", ["next", "end"])
def test_segments_raise_an_error_of_then(when, tmp_path, encoding, greys):
    def fail(digests):
        raise OSError("no room for the checkpoint")

    started = []
    with (
        pytest.raises(OSError, match="no room"),
        TwinSegments(tmp_path, encoding) as twins,
    ):
        twins.submit(0, greys(2), fail)
        if when == "next":
            twins.submit(1, greys(2), lambda digests: started.append(1))
    assert not started and len(forward_files(tmp_path, 1)) == 1
    assert not (tmp_path / "f000001.mp4").exists()


def test_segments_raise_an_encoders_error_and_skip_then(tmp_path, encoding, greys):
    called = []
    broken = replace(encoding, preset="no such")
    with pytest.raises(VideoError), TwinSegments(tmp_path, broken) as twins:
        twins.submit(0, greys(2), lambda digests: called.append(0))
    assert not called and not any(tmp_path.iterdir())


def test_segments_of_a_failing_block_keep_the_last_chunk(tmp_path, encoding, greys):
    called = []
    with pytest.raises(KeyboardInterrupt), TwinSegments(tmp_path, encoding) as twins:
        twins.submit(0, greys(2), lambda digests: called.append(0))
        raise KeyboardInterrupt
    assert called == [0] and numbers(tmp_path / "f000000.mp4") == [0, 1]


def test_segments_let_the_blocks_error_win(tmp_path, encoding, greys):
    with pytest.raises(RuntimeError, match="render"), TwinSegments(tmp_path, encoding) as twins:
        twins.submit(0, [np.zeros((3, 2), np.uint8)], nothing)
        raise RuntimeError("render")


def test_segments_leave_no_thread(tmp_path, encoding, greys):
    before = threading.active_count()
    with TwinSegments(tmp_path, encoding) as twins:
        twins.submit(0, greys(2), nothing)
    assert threading.active_count() == before


@given(
    st.integers(1, 2200).map(lambda n: 2 * n),
    st.integers(1, 4000).map(lambda n: 2 * n),
    st.fractions(1, 120),
    st.integers(1, 2**30),
)
def test_chunk_length_fits_the_budget_twice(height, width, fps, budget):
    count = chunk_frames((height, width), fps, budget)
    assert 1 <= count <= max(1, round(fps))
    assert count == 1 or 2 * count * height * width * 1.5 <= budget


def test_chunk_length_is_a_second():
    assert chunk_frames((720, 1280), Fraction(30000, 1001)) == 30
    assert chunk_frames((48, 64), Fraction(1, 3)) == 1
    assert chunk_frames((2160, 3840), Fraction(24)) == 10  # 12.4 MB a frame


@pytest.mark.parametrize("at_once", [2, 4, 8])
def test_segments_encode_several_files_at_once_in_order(
    at_once, tmp_path, encoding, greys, monkeypatch
):
    """Chunk 0 takes longest: the others are done before it, and wait to be told of."""
    real, running, most, told = segments.encode, set(), [], []

    def slow(frames, path, encoding):
        running.add(path)
        most.append(len(running))
        time.sleep(0.4 if "000000" in path.name else 0.05)
        real(frames, path, encoding)
        running.discard(path)

    monkeypatch.setattr(segments, "encode", slow)
    waiting = []
    with TwinSegments(tmp_path, encoding, at_once) as twins:
        for number in range(4):
            twins.submit(number, greys(3), lambda digests, number=number: told.append(number))
            waiting.append(number + 1 - len(told))
    assert told == [0, 1, 2, 3]
    assert max(most) == at_once and max(waiting) <= at_once // 2
    join(forward_files(tmp_path, 4), tmp_path / "forward.mp4", encoding.fps)
    assert numbers(tmp_path / "forward.mp4") == [0, 1, 2] * 4


def test_segments_skip_then_after_a_failed_chunk(tmp_path, encoding, greys, monkeypatch):
    """A checkpoint speaks for every segment before it."""
    real, told = segments.encode, []

    def fail(frames, path, encoding):
        if path.name == "r000001.mp4":
            time.sleep(0.2)
            raise VideoError("no room")
        real(frames, path, encoding)

    monkeypatch.setattr(segments, "encode", fail)
    with (
        pytest.raises(VideoError, match="no room"),
        TwinSegments(tmp_path, encoding, 8) as twins,
    ):
        for number in range(4):
            twins.submit(number, greys(2), lambda digests, number=number: told.append(number))
    assert told == [0]
    assert len(forward_files(tmp_path, 4)) == 4  # those beside it were finished
