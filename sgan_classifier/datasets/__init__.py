"""Images to learn from: folders of files, synthetic craters, and patches of the Moon."""

from ._craters import CraterScene, make_crater_scene, make_craters
from ._image_folder import ImageFolder, load_image_folder
from ._lunar_nac import LunarNAC, fetch_lunar_nac

__all__ = [
    "CraterScene",
    "ImageFolder",
    "LunarNAC",
    "fetch_lunar_nac",
    "load_image_folder",
    "make_crater_scene",
    "make_craters",
]
