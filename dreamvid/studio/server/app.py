"""Routes of the studio: the page, its lists, its pictures, and the socket."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute

from dreamvid.errors import DreamvidError
from dreamvid.studio.desk.desk import Desk
from dreamvid.studio.server import choices, films, lists, uploads
from dreamvid.studio.server.dreaming import Start
from dreamvid.studio.server.folder import Folder
from dreamvid.studio.server.hub import Hub
from dreamvid.studio.server.page import Page
from dreamvid.studio.server.safety import Guard
from dreamvid.studio.server.socket import serve


def make_app(
    folder: Folder,
    desk: Desk,
    start: Start,
    *,
    token: str,
    hosts: Sequence[str] = (),
    numeric: bool = False,
    once: set[str] | None = None,
    device: str = "auto",
) -> Starlette:
    """Make the studio's application.

    Args:
        start: starts the session, see `dreaming`.
        token, hosts, numeric, once: see `safety.Guard`.
        device: to render on.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.hub = hub = Hub(folder, desk, start, device)
        try:
            yield
        finally:
            choices.close(app)
            await run_sync(hub.close)

    guard = Middleware(Guard, token=token, hosts=hosts, numeric=numeric, once=once)
    return Starlette(
        routes=[
            WebSocketRoute("/socket", serve),
            Route("/pictures/{variant}/{frame}", picture),
            Route("/api/uploads", upload, methods=["POST"]),
            *lists.ROUTES,
            *films.ROUTES,
            *choices.ROUTES,
            Mount("/", Page()),
        ],
        middleware=[guard],
        exception_handlers={HTTPException: _http_error, DreamvidError: _error, Exception: _fault},
        lifespan=lifespan,
    )


async def picture(request: Request) -> Response:
    """Send the JPEG of a frame that was seen."""
    hub: Hub = request.app.state.hub
    variants = {"live": hub.dreaming.seen, "a": hub.dreaming.variant}
    pictures = variants.get(request.path_params["variant"])
    try:
        jpeg = pictures and pictures.get(int(request.path_params["frame"]))
    except ValueError:
        jpeg = None
    if not jpeg:
        raise HTTPException(404, "this frame is not kept any more")
    return Response(jpeg, media_type="image/jpeg")


async def upload(request: Request) -> Response:
    """Keep a file that was dropped on the page; of a film, open its settings."""
    hub: Hub = request.app.state.hub
    asked = uploads.read_upload(request)
    path, new = await uploads.receive(request, asked, hub.folder.uploads)
    found = await uploads.check(path, asked, hub.aside.do, new=new)
    if asked.kind == "film":
        note = hub.load(found, asked.name, trusted=False)
        return JSONResponse({"title": found["title"], "note": note})
    return JSONResponse({"path": str(path), "kind": found})


async def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"message": error.detail}, error.status_code, headers=error.headers)


async def _error(_request: Request, error: Exception) -> Response:
    return JSONResponse({"message": str(error)}, 400)


async def _fault(_request: Request, error: Exception) -> Response:
    """Answer where the fault is ours; uvicorn prints it in the terminal."""
    return JSONResponse({"message": f"a fault of the studio: {type(error).__name__}"}, 500)
