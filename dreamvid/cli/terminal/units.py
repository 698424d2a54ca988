"""Speeds, sizes and times formatted for people."""


def pace(frames_a_second: float | None) -> str:
    if not frames_a_second:
        return ""
    if frames_a_second < 1:
        return f"{1 / frames_a_second:.1f} s/frame"
    return f"{frames_a_second:.1f} frames/s"


def file_size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
