"""Records of a caption file: rows of a table, or JSON objects."""

import csv
import io
import json
from collections.abc import Iterator

from dreamvid.training.data.instagram import Record, normalise

Records = Iterator[tuple[str, Record | str]]
"""Places in a file, such as "line 12", each with its record, or with what is wrong there."""

DELIMITERS = ",;\t"
LONGEST_FIELD = 1_000_000  # letters; more is an unclosed quote


def read_records(text: str) -> Records:
    """Read a table with headings, or JSON: a list, an object, or an object on each line."""
    return _json(text) if text.lstrip()[:1] in ("{", "[") else _table(text)


def _table(text: str) -> Records:
    heading = text.lstrip().partition("\n")[0]
    delimiter = max(DELIMITERS, key=heading.count)
    dialect = {"delimiter": delimiter, "skipinitialspace": True, "strict": True}
    csv.field_size_limit(LONGEST_FIELD)
    rows = csv.reader(io.StringIO(text, newline=""), **dialect)
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
            yield place, normalise(dict(zip(names, row, strict=False)))


def _json(text: str) -> Records:
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        yield from _json_lines(text)
        return
    for number, value in enumerate(whole if isinstance(whole, list) else [whole], 1):
        yield f"record {number}", normalise(value) if isinstance(value, dict) else "not an object"


def _json_lines(text: str) -> Records:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield f"line {number}", f"not JSON: {error}"
            continue
        yield f"line {number}", normalise(value) if isinstance(value, dict) else "not an object"
