"""Images to learn from: folders of files, synthetic craters, and patches of the Moon."""

from ._image_folder import ImageFolder, load_image_folder

__all__ = [
    "ImageFolder",
    "load_image_folder",
]
