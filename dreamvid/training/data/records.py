"""The records of a caption file: rows of a table, or JSON's objects."""

import csv
import io
import json
from collections.abc import Iterator

from dreamvid.training.data.instagram import Record, plain

Found = Iterator[tuple[str, Record | str]]
"""A place in the file, such as "line 12", with its record, or with what is wrong there."""

DELIMITERS = ",;\t"
LONGEST_FIELD = 1_000_000  # letters; more is a quote that was never closed


def read_records(text: str) -> Found:
    """A table's rows under its first line's names; or JSON: a list, an object, or one a line."""
    return _json(text) if text.lstrip()[:1] in ("{", "[") else _table(text)


def _table(text: str) -> Found:
    heading = text.lstrip().partition("\n")[0]
    delimiter = max(DELIMITERS, key=heading.count)
    as_written = {"delimiter": delimiter, "skipinitialspace": True, "strict": True}
    csv.field_size_limit(LONGEST_FIELD)
    rows = csv.reader(io.StringIO(text, newline=""), **as_written)
    names: list[str] = []
    while True:
        place = f"line {rows.line_num + 1}"
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield place, str(error)
            continue
        if not row:
            continue
        if not names:
            names = row
        elif len(row) > len(names):
            yield place, f"{len(row)} cells under {len(names)} headings; quote captions with commas"
        else:
            yield place, plain(dict(zip(names, row, strict=False)))


def _json(text: str) -> Found:
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        yield from _json_lines(text)
        return
    for number, value in enumerate(whole if isinstance(whole, list) else [whole], 1):
        yield f"record {number}", plain(value) if isinstance(value, dict) else "not an object"


def _json_lines(text: str) -> Found:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield f"line {number}", f"not JSON: {error}"
            continue
        yield f"line {number}", plain(value) if isinstance(value, dict) else "not an object"
