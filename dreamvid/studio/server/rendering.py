"""Commands of a window to the queue of renders."""

from collections.abc import Callable

from dreamvid.studio import protocol
from dreamvid.studio.server.hub import Hub
from dreamvid.studio.server.windows import Window


def render(hub: Hub, window: Window, message: protocol.ToServer) -> bool:
    """Do what concerns the queue; False for other messages. What takes seconds goes on beside."""
    queue = hub.renders
    match message:
        case protocol.Render():
            table, options = hub.desk.table, message.model_dump(exclude={"type", "name"})
            options["targets"] = tuple(options["targets"])
            added = lambda: queue.add(table, message.name, **options)
            hub.later(window, added, lambda job: f"{job} is in the queue")
        case protocol.VaryFilm():
            varied = lambda: queue.vary(message.job, message.count)
            hub.later(window, varied, lambda jobs: f"{', '.join(jobs)}: in the queue")
        case protocol.ExtendFilm():
            extended = lambda: queue.extend(message.job, message.frames)
            hub.later(window, extended, lambda depends: _note(message.job, depends))
        case protocol.OpenFilm():
            hub.later(window, lambda: queue.settings(message.job), _opener(hub, message))
        case protocol.RemoveRender():
            hub.later(window, lambda: queue.remove(message.job))
        case protocol.RetryRender():
            hub.later(window, lambda: queue.retry(message.job))
        case protocol.PauseRenders():
            hub.later(window, queue.pause)
        case protocol.ResumeRenders():
            hub.later(window, queue.resume)
        case _:
            return False
    return True


def _note(job: str, depends: list[str]) -> str | None:
    if not depends:
        return None
    return f"{job}: {', '.join(depends)} depend on the film's length: its end stays as it was"


def _opener(hub: Hub, message: protocol.OpenFilm) -> Callable[[dict], str | None]:
    def opened(settings: dict) -> str | None:
        seed = {} if message.seed is None else {"seed": message.seed}
        return hub.load(settings | {"table": settings["table"] | seed}, message.job, trusted=True)

    return opened
