"""The one image convention: float32 (1, 3, H, W), RGB, values in [0, 1].

Only two places leave it: `models/` prepares pixels for a network, and
`video/` turns them into bytes. Everything between may assume it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from warnings import catch_warnings, simplefilter

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from PIL import Image as PilImage
from PIL import ImageOps, UnidentifiedImageError
from torch import Tensor

from dreamvid.errors import OutputError, PresetError
from dreamvid.files import whole_file

Image = Float[Tensor, "1 3 h w"]
"""One picture. Within one signature every `Image` has the same height and width."""
OtherSizeImage = Float[Tensor, "1 3 _ _"]
Activation = Float[Tensor, "1 channels rows columns"]
OtherSizeActivation = Float[Tensor, "1 channels _ _"]
Scalar = Float[Tensor, ""]
Bytes = UInt8[np.ndarray, "h w 3"]
"""The same picture as 8-bit RGB, on the CPU."""

WRITTEN = ("PNG", "JPEG", "WEBP", "TIFF", "BMP")  # the kinds `save` writes
MAX_PIXELS = 178_956_970  # where Pillow suspects a bomb; the post's largest still has 6.6e6


@cache
def constant(values: tuple, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Numbers as a tensor, made once for a device: a copy in every step would stall a GPU."""
    return torch.tensor(values, device=device, dtype=dtype)


def resize(image: Float[Tensor, "1 c _ _"], size: tuple[int, int]) -> Float[Tensor, "1 c _ _"]:
    """Bilinear, without antialiasing, corner pixels staying in the corners.

    That is what `scipy.ndimage.zoom(order=1)` does in the 2015 program's octaves.

    Args:
        size: (height, width) in pixels.
    """
    if tuple(image.shape[-2:]) == size:
        return image
    return F.interpolate(image, size, mode="bilinear", align_corners=True)


def fit(image: OtherSizeImage, size: tuple[int, int]) -> OtherSizeImage:
    """Crop the middle to the shape of (height, width), and scale it there, antialiased."""
    height, width = image.shape[-2:]
    scale = max(size[0] / height, size[1] / width)
    rows, columns = (max(1, round(side / scale)) for side in size)
    top, left = (height - rows) // 2, (width - columns) // 2
    middle = image[..., top : top + rows, left : left + columns]
    if (rows, columns) == size:
        return middle
    return F.interpolate(middle, size, mode="bicubic", antialias=True).clamp(0, 1)


def to_bytes(image: Image) -> Bytes:
    """To 8 bits, rounded rather than cut off."""
    pixels = image[0].detach().clamp(0, 1).mul(255).round().to(torch.uint8)
    return pixels.permute(1, 2, 0).contiguous().cpu().numpy()


def from_bytes(pixels: Bytes) -> Image:
    """From 8 bits, on the CPU."""
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Pillow's warning of large pictures; the limit is ours."""
    with catch_warnings():
        simplefilter("ignore", PilImage.DecompressionBombWarning)
        yield


# What Pillow's many readers raise for a damaged file.
_DAMAGE = (OSError, SyntaxError, ValueError, RuntimeError, NotImplementedError, EOFError)


def load(path: Path, *, option: str) -> OtherSizeImage:
    """Read a picture of any kind Pillow knows, upright, transparency laid on white.

    Raises PresetError naming `option`, the setting that asked for the file.
    """
    try:
        with _quiet(), PilImage.open(path) as file:
            if file.width * file.height > MAX_PIXELS:
                size = f"{file.width}x{file.height}"
                raise PresetError(option, f"{path} declares {size} pixels", "more than is opened")
            return from_bytes(_rgb(ImageOps.exif_transpose(file)))
    except FileNotFoundError:
        raise PresetError(option, f"{path} does not exist", "give the path of a picture") from None
    except UnidentifiedImageError:
        raise PresetError(option, f"{path} is not a picture", "PNG, JPEG, WebP, ...") from None
    except PilImage.DecompressionBombError:
        raise PresetError(option, f"{path} declares more pixels than is opened") from None
    except _DAMAGE as error:
        reason = getattr(error, "strerror", None) or error
        raise PresetError(option, f"{path} cannot be read: {reason}") from None


def _rgb(file: PilImage.Image) -> Bytes:
    if file.mode.startswith("I;16") or file.mode == "I":
        # Pillow cuts 16-bit greys off at 255 instead of scaling them.
        grey = (np.asarray(file).astype(np.float64) / 257).clip(0, 255).round().astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2)
    if file.has_transparency_data:
        upright = file.convert("RGBA")
        white = PilImage.new("RGBA", upright.size, "white")
        return np.asarray(PilImage.alpha_composite(white, upright).convert("RGB"))
    return np.asarray(file.convert("RGB"))


def format_of(path: Path) -> str:
    """Pillow's name for the kind of picture a file's suffix asks for; raises OutputError."""
    kind = PilImage.registered_extensions().get(path.suffix.lower())
    if kind not in WRITTEN:
        raise OutputError(f"{path}: no picture format of this name; try .png or .jpg")
    return kind


def save(image: Image, path: Path) -> None:
    """Write a still; its kind follows from the suffix. It appears whole or not at all.

    Raises OutputError.
    """
    kind = format_of(path)
    with whole_file(path) as partial, partial.open("wb") as file:
        PilImage.fromarray(to_bytes(image)).save(file, format=kind, quality=93)
