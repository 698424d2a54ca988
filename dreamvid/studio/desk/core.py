"""Versions of the preset, their revisions, and what the worker reports about them."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from dreamvid.preset.load import check
from dreamvid.preset.schema import Preset
from dreamvid.studio import protocol
from dreamvid.studio.desk.files import check_files
from dreamvid.studio.desk.history import Content, History, Opened, Pinned, Version
from dreamvid.studio.desk.lanes import lanes_of
from dreamvid.studio.desk.presets import Presets
from dreamvid.studio.desk.recorder import Recorder
from dreamvid.studio.desk.seen import Dreamed, Seen
from dreamvid.studio.desk.times import Length, Times, times_of
from dreamvid.studio.desk.values import values_of

TOGETHER = 1.0  # seconds within which changes of one setting are one
SENT = 1000  # revisions whose presets are remembered


class Core:
    """State that a window shows, and the reports that it depends on."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self.folder, self.presets = folder, Presets(folder / "presets")
        self.revision, self.recording = 0, False
        self.history, self.seen, self.recorder = History(), Seen(), Recorder()
        self._clock, self._latest = clock, ("", 0.0)  # subject and time of the latest change
        self._sent: dict[int, Preset] = {}
        self._disk: dict[str, Preset] = {}
        self._opened = 0
        self._footage: Length | None = None
        self._preview: Any = None

    @property
    def version(self) -> Version:
        return self.history.version

    @property
    def preset(self) -> Preset:
        return self.version.content.preset

    @property
    def name(self) -> str:
        return self.version.opened.name

    @property
    def opened(self) -> int:
        """Number of the preset that was opened; another one is another film."""
        return self.version.opened.number

    @property
    def table(self) -> dict[str, Any]:
        """The preset as JSON, for the worker."""
        return self.preset.model_dump(mode="json", exclude_unset=True)

    @property
    def saved(self) -> bool:
        """False: changed since it was opened or saved."""
        return self._disk.get(self.name) == self.preset

    @property
    def values(self) -> dict[str, Any]:
        """Every setting by key, defaults included."""
        return values_of(self.preset)

    @property
    def changed(self) -> list[str]:
        """Keys of settings that differ from the preset that was opened."""
        before = values_of(self.version.opened.content.preset)
        missing = object()
        return [key for key, one in self.values.items() if before.get(key, missing) != one]

    @property
    def lanes(self) -> list[protocol.Lane]:
        return list(lanes_of(self.preset, self.times))

    @property
    def times(self) -> Times:
        return times_of(self.preset, self._footage)

    @property
    def seen_to(self) -> int:
        """Last frame up to which what was seen is what the preset renders; below 0: none."""
        return self.seen.until(self._dreamed(self.preset))

    @property
    def seen_from(self) -> int | None:
        """First frame from which the preset renders what was seen; None: nothing of it."""
        return 0 if self.seen_to == self.seen.last else None

    @property
    def pinned(self) -> Pinned | None:
        """Variant A."""
        return self.version.pinned

    # Reports of the worker

    def built(
        self, revision: int, frames: int, fps: float, preview: Any = None, since: int | None = None
    ) -> None:
        """Take note of the film's length, and of the preview: anything that tells sizes apart.

        `since`: first frame dreamed with it; later ones that were seen are void.
        """
        if preset := self._sent.get(revision):
            self._footage = Length(frames, Fraction(fps).limit_denominator(1001))
            self._preview = preview
            for version in self.history.versions:
                if version.content.preset is preset:
                    version.dreamed = version.content
        if since is not None:
            self.seen.drop(since)

    def shown(self, frame: int, revision: int) -> bool:
        """Take note of a frame that was dreamed; True where recorded keyframes moved there."""
        preset = self._sent.get(revision)
        if preset is None:
            return False
        self.seen.shown(frame, self._dreamed(preset))
        before, first = self.preset, self.recorder.first
        moved = self.recorder.seen(frame, revision, self.times.moment)
        if moved:
            self.seen.changed(self._dreamed(before), self._dreamed(self.preset), first)
            self._count()
        return moved

    def changed_last(self, revision: int) -> str | None:
        """Find the key of the setting whose change made a revision, if it was one alone."""
        subject, _ = self._latest
        return subject.rpartition(" ")[2] or None if revision == self.revision else None

    def revert(self, revision: int) -> bool:
        """Take back a change that cannot be dreamed; True where the preset is another now.

        A change made since has its own report.
        """
        if revision != self.revision or not self.history.drop():
            return False
        self._moved()
        return True

    # Versions

    def take(self, versions: list[Version], now: int, revision: int) -> None:
        """Take over the versions of an earlier session."""
        self.history = History(versions, now)
        self._opened = max([self._opened, *(version.opened.number for version in versions)])
        self.revision = max(self.revision, revision)
        self._moved()

    def compare_with_disk(self, name: str) -> None:
        """Read a preset by name, to tell later if it has changed; raises PresetError."""
        self._disk[name] = check(self.presets.read(name))

    def _change(self, content: Content, words: str, subject: str = "") -> None:
        known = [version.content.preset for version in self.history.versions]
        check_files(content.preset, self.folder, self.preset, known)
        if content.preset != self.preset:
            self.recorder.clear()
            self._push(content, words, subject=subject)

    def _open(self, name: str, content: Content) -> None:
        self._opened += 1
        pinned = self.pinned if self.history.versions else None
        self._push(content, f"open {name}", (Opened(self._opened, name, content), pinned))

    def _push(
        self,
        content: Content,
        words: str,
        place: tuple[Opened, Pinned | None] | None = None,
        subject: str = "",
    ) -> Version:
        """Add a version, or change the current one where its subject was changed just now."""
        now = self._clock()
        before, since = self._latest
        instead = bool(subject) and subject == before and now - since < TOGETHER
        opened, pinned = place or (self.version.opened, self.pinned)
        version = Version(content, opened, pinned, words)
        version = self.history.push(version, instead=instead)
        self._latest = subject, now
        self._count()
        return version

    def _moved(self) -> None:
        """Take note that another version is current."""
        self.recorder.clear()
        self._latest = "", 0.0
        self._count()

    def _count(self) -> None:
        self.revision += 1
        self._sent[self.revision] = self.preset
        self._sent.pop(self.revision - SENT, None)

    def _dreamed(self, preset: Preset) -> Dreamed:
        return Dreamed(preset, times_of(preset, self._footage), self._preview)
