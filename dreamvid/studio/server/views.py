"""Views: the messages that show the desk and the session to a window."""

from dreamvid.studio import protocol
from dreamvid.studio.desk.desk import Desk
from dreamvid.studio.server.pictures import Pictures
from dreamvid.studio.session import messages


def state_of(
    desk: Desk, built: messages.Built | None, pictures: Pictures | None, *, endless: bool
) -> protocol.State:
    """Describe the preset and its preview."""
    preview = built and protocol.Preview(
        width=built.width,
        height=built.height,
        auto=built.auto,
        draft=built.draft,
        settings=list(built.settings),
    )
    variant = (
        protocol.Variant(
            name=desk.pinned.opened.name,
            revision=desk.pinned.revision,
            first=pictures.first,
            last=pictures.last,
        )
        if desk.pinned and pictures
        else None
    )
    return protocol.State(
        revision=desk.revision,
        name=desk.name,
        saved=desk.saved,
        values=desk.values,
        changed=desk.changed,
        lanes=desk.lanes,
        undo=desk.history.undo_words,
        redo=desk.history.redo_words,
        recording=desk.recording,
        endless=endless,
        frames=desk.times.length.frames,
        fps=float(desk.times.length.fps),
        seen_from=desk.seen_from,
        preview=preview,
        variant=variant,
    )


def status_of(position: messages.Position, condition: messages.Condition) -> protocol.Status:
    """Describe the progress and the state of the worker."""
    return protocol.Status(
        playing=position.playing,
        frame=position.frame,
        first=position.first,
        last=position.last,
        dreamed=position.dreamed,
        shown=position.shown,
        worker=condition.worker,
        trouble=condition.trouble,
    )
