"""Pictures whose colours are meant otherwise than sRGB, such as a phone's: brought to sRGB."""

from io import BytesIO

from PIL import Image as PilImage
from PIL import ImageCms


def as_srgb(file: PilImage.Image) -> PilImage.Image:
    """By the picture's own colour profile; one that is damaged is taken for sRGB."""
    profile = file.info.get("icc_profile")
    if not profile or file.mode not in ("RGB", "CMYK"):
        return file
    try:
        own = ImageCms.ImageCmsProfile(BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(own):
            return file
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(file, own, srgb, outputMode="RGB") or file
    except (ImageCms.PyCMSError, OSError, ValueError):
        return file
