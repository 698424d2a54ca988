"""The page's own files."""

import mimetypes
from pathlib import Path
from typing import Any

from starlette.responses import Response
from starlette.staticfiles import StaticFiles

PAGE = Path(__file__).parents[1] / "page"

# Windows may know other types of these, and the page's modules would not be run then.
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("text/css", ".css")
mimetypes.add_type("image/svg+xml", ".svg")


class Page(StaticFiles):
    """The page's files; a browser asks each time if its copy is the newest."""

    def __init__(self) -> None:
        super().__init__(directory=PAGE, html=True, follow_symlink=True)  # of an installation

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        reply = super().file_response(*args, **kwargs)
        reply.headers["Cache-Control"] = "no-cache"
        return reply
