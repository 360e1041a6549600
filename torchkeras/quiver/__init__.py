"""Quiver: look inside a convnet, in the browser."""

from . import server as server
from .server import Viewer as Viewer
from .server import launch as launch
