"""Routes of the queue: finished films and their files, pictures of renders, estimates."""

from typing import Annotated

from anyio.to_thread import run_sync
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from dreamvid.preset.sites import Target
from dreamvid.preset.sites import targets as preset_targets
from dreamvid.studio.queue.films import POLICY
from dreamvid.studio.server.bodies import read_body
from dreamvid.studio.server.hub import Hub


class EstimateAsked(BaseModel):
    """Film to be estimated: the preset as it is now, at a size and length."""

    model_config = ConfigDict(extra="forbid")

    size: Annotated[str, Field(max_length=40)] | None = None
    frames: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    targets: Annotated[tuple[Annotated[str, Field(max_length=40)], ...], Field(max_length=20)] = ()


async def films(request: Request) -> Response:
    """List the finished films."""
    return JSONResponse(await run_sync(_hub(request).renders.films.list))


async def film(request: Request) -> Response:
    """Send a file of a finished film, or a range of it."""
    job, name = request.path_params["job"], request.path_params["file"]
    path = await run_sync(_hub(request).renders.films.file, job, name)
    if path is None:
        raise HTTPException(404, "no finished film has this file")
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": POLICY}
    saved = "download" in request.query_params
    return FileResponse(path, headers=headers, filename=f"{job}-{name}" if saved else None)


async def render_picture(request: Request) -> Response:
    """Send the newest frame of a film in the queue."""
    path = await run_sync(_hub(request).renders.picture, request.path_params["job"])
    if path is None:
        raise HTTPException(404, "there is no picture of this film yet")
    return FileResponse(path)


async def estimate(request: Request) -> Response:
    """Estimate the time, memory and disk that a film of the preset takes."""
    hub = _hub(request)
    try:
        asked = EstimateAsked.model_validate_json(await read_body(request, 10_000) or b"{}")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "body"
        raise HTTPException(400, f"{place[:80]}: {first['msg'][:300]}") from None
    return JSONResponse(await hub.estimate(request.is_disconnected, **asked.model_dump()))


def _hub(request: Request) -> Hub:
    return request.app.state.hub


async def targets(request: Request) -> Response:
    """List the sites and devices that films are made for."""
    return JSONResponse({"targets": [_target(one) for one in preset_targets().values()]})


def _target(target: Target) -> dict[str, str]:
    sizes = ", ".join("{}x{}".format(*size) for size in target.sizes) or "any size"
    return {"name": target.name, "about": target.about, "shape": f"{target.format}, {sizes}"}


ROUTES = [
    Route("/api/targets", targets),
    Route("/api/films", films),
    Route("/films/{job}/{file}", film),
    Route("/renders/{job}.jpg", render_picture),
    Route("/api/estimate", estimate, methods=["POST"]),
]
