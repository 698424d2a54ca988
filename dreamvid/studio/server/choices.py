"""Routes of what can be dreamed: layers, channels, labels, words, directions, and pictures of them.

Labels are searched here; the rest needs the model, and is asked of `choices.helper`'s process.
"""

import asyncio
import re
from dataclasses import asdict
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from dreamvid.models.label_search import search, useful
from dreamvid.models.labels import imagenet
from dreamvid.preset.objectives import is_name
from dreamvid.studio.choices.helper import Helper
from dreamvid.studio.choices.requests import Cell, Kind, What

LONGEST = 120  # characters of a name, or of a text that is searched for
MOST = 200  # labels of a list
LARGEST = 60_000  # bytes of a request for pictures
PICTURE = re.compile(r"[0-9a-f]{24}\.jpg")
SHOWN = {".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif", ".bmp"}
"""Suffixes of uploads that a browser shows."""


class CellAsked(BaseModel):
    model_config = ConfigDict(extra="forbid")

    kind: Kind
    name: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    channel: Annotated[int, Field(ge=0, lt=100_000)] = 0
    stamp: Annotated[int, Field(ge=0, lt=2**53)] = 0

    @model_validator(mode="after")
    def _no_file(self) -> "CellAsked":
        if self.kind == "direction" and not is_name(self.name):
            raise ValueError("the name of a direction, not its file")
        return self


class AtlasAsked(BaseModel):
    """Things of a model to draw; `draw` False: only tell which pictures there are."""

    model_config = ConfigDict(extra="forbid")

    model: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    cells: Annotated[list[CellAsked], Field(max_length=200)]
    draw: bool = False
    stop: bool = False


async def labels(request: Request) -> Response:
    """Search ImageNet's labels, groups and nouns; without `q`, list some to begin with."""
    text, names = _given(request, "q", optional=True), imagenet()
    found = search(text, names) if text else useful(names)
    entries = [
        asdict(one) | {"classes": len(one.classes), "labels": [names[n] for n in one.classes[:6]]}
        for one in found[:MOST]
    ]
    return JSONResponse({"labels": entries, "more": max(0, len(found) - MOST)})


async def layers(request: Request) -> Response:
    return JSONResponse(await _listed(request, "layers", ""))


async def channels(request: Request) -> Response:
    return JSONResponse(await _listed(request, "channels", _given(request, "layer")))


async def words(request: Request) -> Response:
    return JSONResponse(await _listed(request, "words", _given(request, "q", optional=True)))


async def directions(request: Request) -> Response:
    return JSONResponse(await _listed(request, "directions", ""))


async def atlas(request: Request) -> Response:
    """Draw pictures, or tell which there are: their addresses, in the order asked for."""
    asked = await _body(request)
    helper = _helper(request)
    cells = [Cell(asked.model, one.kind, one.name, one.channel, one.stamp) for one in asked.cells]
    if asked.stop:
        helper.stop()
    if asked.draw:
        helper.draw(cells)
    there = [f"atlas/{one.picture}" if helper.drawn(one.picture) else None for one in cells]
    waiting = sum(one.picture in helper.waiting for one in cells)
    troubles = [helper.troubles[one.picture] for one in cells if one.picture in helper.troubles]
    trouble = troubles[0] if troubles else None
    return JSONResponse({"pictures": there, "waiting": waiting, "trouble": trouble})


async def picture(request: Request) -> Response:
    """Send a picture of the atlas."""
    name = request.path_params["name"]
    helper = _helper(request)
    if not PICTURE.fullmatch(name) or not helper.drawn(name):
        raise HTTPException(404, "this picture is not drawn")
    return FileResponse(helper.folder / name, headers={"Cache-Control": "max-age=86400"})


async def upload(request: Request) -> Response:
    """Send a picture that was uploaded, to be shown beside its weight, or painted on."""
    name, folder = request.path_params["name"], request.app.state.hub.folder.uploads
    known = {one.name: one for one in folder.iterdir()} if folder.is_dir() else {}
    path = known.get(name)
    if path is None or path.is_symlink() or path.suffix.lower() not in SHOWN:
        raise HTTPException(404, "no picture of this name was uploaded")
    return FileResponse(path)


async def _listed(request: Request, what: What, text: str) -> Any:
    try:
        return await _helper(request).list(what, _given(request, "model"), text)
    except asyncio.CancelledError:  # by the server's end, which else shows a traceback
        raise HTTPException(503, "the studio is being closed") from None


async def _body(request: Request) -> AtlasAsked:
    raw = b""
    async for part in request.stream():
        raw += part
        if len(raw) > LARGEST:
            raise HTTPException(413, f"too large: at most {LARGEST} bytes")
    try:
        return AtlasAsked.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        option = ".".join(map(str, first["loc"]))
        raise HTTPException(400, f"{option or 'body'}: {first['msg']}") from None


def _given(request: Request, key: str, *, optional: bool = False) -> str:
    text = request.query_params.get(key, "").strip()
    if not text and not optional:
        raise HTTPException(400, f"{key}: is missing")
    if len(text) > LONGEST:
        raise HTTPException(400, f"{key}: is too long; at most {LONGEST} characters")
    return text


def _helper(request: Request) -> Helper:
    state = request.app.state
    if not hasattr(state, "choices"):
        device = getattr(state.hub, "device", "auto")
        state.choices = Helper(device, state.hub.folder.path / "atlas")
    return state.choices


def close(app: Starlette) -> None:
    """End the process that lists and draws."""
    if hasattr(app.state, "choices"):
        app.state.choices.close()


ROUTES = [
    Route("/api/layers", layers),
    Route("/api/channels", channels),
    Route("/api/labels", labels),
    Route("/api/words", words),
    Route("/api/directions", directions),
    Route("/api/atlas", atlas, methods=["POST"]),
    Route("/atlas/{name}", picture),
    Route("/uploads/{name}", upload),
]
