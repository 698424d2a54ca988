"""What goes wrong, and when: traps for the process that renders. No fault is pretended."""

import os
import random
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

MOMENTS = {
    "frame 6": ("dreamvid.render.render", "write_frame", 7),
    "a dream": ("dreamvid.render.work.recovery", "_check_finite", 5),
    "a segment": ("dreamvid.media.video.segments", "encode", 3),  # the second chunk, forward
    "its twin": ("dreamvid.media.video.segments", "encode", 4),
    "a checkpoint": ("dreamvid.render.work.checkpoint", "save", 2),
    "joining": ("dreamvid.render.outputs", "join_forward", 1),
    "joining back": ("dreamvid.render.outputs", "join_reverse", 1),
    "the GIF": ("dreamvid.render.outputs", "write_loop_gif", 1),
    "the poster": ("dreamvid.render.outputs", "save", 1),
    "the record": ("dreamvid.render.render", "embed_records", 1),
    "run.json": ("dreamvid.render.render", "write_run", 1),
}
"""Module, the function that is about to be called, and for the how manieth time."""


@dataclass(frozen=True)
class At:
    """Does harm at one of the moments."""

    moment: str
    harm: Callable[[Path], None]

    def __call__(self, out: Path) -> None:
        module, name, turn = MOMENTS[self.moment]
        before(import_module(module), name, turn, lambda: self.harm(out))


def before(module: object, name: str, turn: int, act: Callable[[], None]) -> None:
    """Have `act` done when a function is about to be called for the `turn`-th time."""
    called, turns = getattr(module, name), []

    def trapped(*arguments, **options):
        turns.append(1)
        if len(turns) == turn:
            act()
        return called(*arguments, **options)

    setattr(module, name, trapped)


def kill(_out: Path) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def ctrl_c(_out: Path) -> None:
    os.kill(os.getpid(), signal.SIGINT)


def terminate(_out: Path) -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def ctrl_c_twice(_out: Path) -> None:
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.05)  # else they come as one


def take_away(out: Path) -> None:
    _remove_all(out)


def move_away(out: Path) -> None:
    out.rename(out.with_name("aside"))


def take_away_work(out: Path) -> None:
    _remove_all(out / ".render")


def _remove_all(folder: Path) -> None:
    """The encoder's thread may be writing to it meanwhile."""
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)


def wait_for_the_other(out: Path) -> None:
    """Until somebody removes the file that says so."""
    waits = out / ".render" / "waits"
    waits.touch()
    while waits.exists():
        time.sleep(0.01)


def fill_disk(out: Path) -> None:
    """All but one page of it."""
    with (out.parent / "ballast").open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(bytes(4096))
        except OSError:
            pass
        ballast.truncate(ballast.tell() - 4096)


def turn_read_only(out: Path) -> None:
    """Let ext4 find an error, after which nothing can be written to it."""
    device = out.stat().st_dev
    name = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}").resolve().name
    Path(f"/sys/fs/ext4/{name}/trigger_fs_error").write_text("1")


def use_up_memory(_out: Path) -> None:
    """No more address space than there is, and that in use: a torch tensor has no place."""
    import resource

    import torch

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
    torch.empty(limit, dtype=torch.uint8)  # what the dream of a larger film asks for


def use_up_memory_in_python(_out: Path) -> None:
    import resource

    limit = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
    bytearray(limit)


def close_its_file(_out: Path) -> None:
    """The file that libav writes to is closed under it."""
    from dreamvid.media.video import writer

    def close() -> None:
        for handle in Path("/proc/self/fd").iterdir():
            if "/.forward.mp4." in (os.readlink(handle) if handle.is_symlink() else ""):
                os.close(int(handle.name))

    before(writer, "_in_frames", 8, close)


def encoder_dies(_out: Path) -> None:
    """The encoder is flushed in the middle of its film: it takes no picture after that."""
    from dreamvid.media.video import writer

    streams = []
    add, picture = writer.add_stream_for, writer.frame_of

    def kept(container, encoding):
        streams.append(add(container, encoding))
        return streams[-1]

    def flushed(planes, encoding):
        streams[-1].encode(None)
        return picture(planes, encoding)

    writer.add_stream_for, writer.frame_of = kept, flushed


def clock_jumps(_out: Path) -> None:
    """Every look at the wall clock finds it elsewhere, years before or after."""
    rng = random.Random(7)
    time.time = lambda: rng.uniform(0, 4e9)
    time.time_ns = lambda: int(time.time() * 1e9)
