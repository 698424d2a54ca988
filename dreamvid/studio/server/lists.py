"""Routes of lists: the presets, and the settings' controls."""

from dataclasses import asdict

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dreamvid.models.weights.place import is_here, models_here
from dreamvid.studio.desk.controls import control_groups
from dreamvid.studio.desk.presets import Listed, Presets, shipped
from dreamvid.studio.server.page import PAGE


async def presets(request: Request) -> Response:
    """List the presets that come with dreamvid, and those saved in the studio's folder."""
    own = request.app.state.hub.desk.presets
    return JSONResponse(await run_sync(_presets, own))


def _presets(own: Presets) -> dict[str, list[dict[str, object]]]:
    return {"shipped": [_entry(one) for one in shipped()], "saved": [*map(_entry, own.saved())]}


def _entry(listed: Listed) -> dict[str, object]:
    poster = f"posters/{listed.name}.jpg"
    shown = not listed.changed and (PAGE / poster).is_file()
    return asdict(listed) | {
        "installed": not listed.model or is_here(listed.model),
        "poster": poster if shown else None,
    }


async def controls(request: Request) -> Response:
    """List the controls of all settings, in groups."""
    groups = [group.model_dump() for group in control_groups()]
    models = {"kind": "choice", "choices": await run_sync(models_here)}
    for control in (one for group in groups for one in group["controls"]):
        if control["key"] == "model":
            control |= models
    return JSONResponse({"groups": groups})


ROUTES = [Route("/api/presets", presets), Route("/api/controls", controls)]
