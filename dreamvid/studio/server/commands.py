"""Commands: what each message of a window does to the desk, the session and the queue."""

import traceback

from dreamvid.errors import DreamvidError
from dreamvid.studio import protocol
from dreamvid.studio.server.hub import Hub
from dreamvid.studio.server.rendering import render
from dreamvid.studio.server.windows import Window
from dreamvid.studio.session import messages


def receive(hub: Hub, window: Window, message: protocol.ToServer) -> None:
    """Do what a window asks for; what cannot be done is told to it alone."""
    try:
        for act in (_play, _change, _compare, render):
            if act(hub, window, message):
                return
    except DreamvidError as error:
        window.refuse(error)
    except Exception as error:  # a fault of ours, which all windows outlive
        traceback.print_exc()
        window.refuse(DreamvidError(f"a fault of the studio: {type(error).__name__}: {error}"))


def _play(hub: Hub, window: Window, message: protocol.ToServer) -> bool:
    """Do what moves the film and changes nothing; False for other messages."""
    match message:
        case protocol.Ready():
            window.ready = True
            window.wake.set()
        case protocol.Play() | protocol.Pause() | protocol.Step() | protocol.Restart():
            hub.dreaming.go(messages.Go(message.type))
        case protocol.Seek():
            hub.dreaming.seek(message.frame)
        case protocol.SetEndless():
            hub.dreaming.endless = message.on
            hub.windows.touch("state")
        case _:
            return False
    return True


def _change(hub: Hub, _window: Window, message: protocol.ToServer) -> bool:
    """Change the preset, and have it dreamed; False for other messages."""
    desk = hub.desk
    match message:
        case protocol.Set():
            desk.set(message.key, message.value, hub.dreaming.next)
        case protocol.SetAll():
            desk.set_all(message.values)
        case protocol.Reset():
            desk.reset(message.key)
        case protocol.Undo():
            desk.undo()
            hub.dreaming.go_on()
        case protocol.Redo():
            desk.redo()
            hub.dreaming.go_on()
        case protocol.SetKeyframe():
            desk.set_keyframe(message.key, message.frame, message.value, message.ease)
        case protocol.MoveKeyframe():
            desk.move_keyframe(message.key, message.frame, message.to)
        case protocol.DeleteKeyframe():
            desk.delete_keyframe(message.key, message.frame)
        case protocol.ThinKeyframes():
            desk.thin_keyframes(message.key)
        case protocol.FixSetting():
            desk.fix_setting(message.key, max(0, hub.dreaming.position.frame))
        case protocol.Open():
            desk.open(message.name, message.values)
        case protocol.SetPreview():
            hub.dreaming.width, hub.dreaming.draft = message.width, message.draft
        case _:
            return False
    hub.dream()
    return True


def _compare(hub: Hub, _window: Window, message: protocol.ToServer) -> bool:
    """Keep the preset, or compare it with another; False for other messages."""
    desk = hub.desk
    match message:
        case protocol.Record():
            desk.record(message.on)
        case protocol.Save():
            settings = hub.dreaming.built.settings if hub.dreaming.built else ()
            desk.save(message.name, overwrite=message.overwrite, preview=settings)
        case protocol.Pin():
            desk.pin()
            hub.dreaming.keep()
        case protocol.Swap():
            desk.swap()
            hub.dreaming.keep()
            hub.dreaming.go_on()
            hub.dream()
        case protocol.Unpin():
            desk.unpin()
        case _:
            return False
    hub.changed()
    return True
