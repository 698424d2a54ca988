"""Bodies of requests, bounded while they come in."""

from starlette.exceptions import HTTPException
from starlette.requests import Request


async def read_body(request: Request, most: int) -> bytes:
    """Read a body of at most so many bytes; raises HTTPException for a longer one."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > most:
            raise HTTPException(413, f"too large: at most {most} bytes")
    return bytes(body)
