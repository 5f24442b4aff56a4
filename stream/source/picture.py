"""Decoded frames as networks and people see them: red, green, blue, upright, with square pixels."""

from fractions import Fraction
from typing import Final, Literal, cast

import av
import numpy as np
from av.filter.graph import Graph
from av.sidedata.sidedata import SideDataContainer
from av.sidedata.sidedata import Type as SideDataType
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from jaxtyping import UInt8
from numpy import ndarray

_UNSPECIFIED = 2  # AVCOL_SPC_UNSPECIFIED
HD_HEIGHT_PX = 720
"""From here on a picture that does not name its matrix is BT.709, below it BT.601, as players do;
swscale takes BT.601 always."""
WIDEST_PIXEL = 4
"""A pixel that is more than so many times as wide as high, or the reverse, is a muxer's mistake."""

Orientation = tuple[bool, Literal[-1, 1], Literal[-1, 1]]
"""Whether rows become columns, then whether left and right, top and bottom change places."""
UPRIGHT: Orientation = (False, 1, 1)
_TURNS: dict[int, Orientation] = {1: (True, 1, -1), 2: (False, -1, -1), 3: (True, -1, 1)}
"""By quarters of a turn, counterclockwise."""


# PyAV 18 does not know Exif among the side data of a frame: it raises, and what it leaves half made
# crashes the next garbage collection. So the side data of these codecs' frames is never touched.
EXIF_CODECS: Final = frozenset(
    {"mjpeg", "jpeg2000", "jpegls", "jpegxl", "png", "apng", "webp", "tiff", "av1", "libdav1d"}
)


class PictureMaker:
    """Turns decoded frames into pictures; size, format and orientation may change at any frame.

    Args:
        codec: The name of the codec that the frames come from.
    """

    def __init__(self, codec: str = "") -> None:
        self._has_exif = codec in EXIF_CODECS
        self._reformatter = VideoReformatter()
        self._orientations: dict[int, Orientation] = {}

    def picture(self, frame: VideoFrame, pixel_aspect: Fraction | None) -> UInt8[ndarray, "H W 3"]:
        """Return one picture, read-only.

        What is transparent is shown on black. Colours are converted by the frame's own matrix and
        range; a high dynamic range is not tone-mapped.

        Args:
            frame: Any pixel format that FFmpeg can convert.
            pixel_aspect: Width of a pixel by its height; None or 0 if unknown.

        Raises:
            av.FFmpegError: If it cannot be converted.
        """
        is_transparent = frame.format.has_palette or any(
            component.is_alpha for component in frame.format.components
        )
        rgb = self._reformatter.reformat(
            frame,
            width=_square_width(frame.width, pixel_aspect),
            format="rgba" if is_transparent else "rgb24",
            src_colorspace=_matrix(frame),
            dst_color_range=ColorRange.JPEG,
            threads=1,
        )
        image = rgb.to_ndarray()
        if is_transparent:
            image = _on_black(image)
        # PyAV's side data and its frame hold each other: read for every frame, hundreds of frames
        # would wait for the garbage collector (400 MB of 720p). So it is read once for each turn.
        if frame.rotation not in self._orientations:
            self._orientations[frame.rotation] = (
                turn_of(frame) if self._has_exif else orientation_of(frame)
            )
        orientation = self._orientations[frame.rotation]
        if orientation != UPRIGHT:
            image = np.ascontiguousarray(_turn(image, orientation))
        image.flags.writeable = False
        return image


class Deinterlacer:
    """Turns interlaced frames into whole ones; costs nothing until the first one comes.

    Fields are put together with their neighbours in time, so a frame leaves when the next comes.
    """

    def __init__(self) -> None:
        self._graph: Graph | None = None
        self._shape: tuple[int, int, str] | None = None

    def add(self, frame: VideoFrame) -> list[VideoFrame]:
        """Return the frames that are whole now."""
        shape = (frame.width, frame.height, frame.format.name)
        if self._graph is not None and shape == self._shape:
            self._graph.push(frame)
            return _pull(self._graph)
        out = self.flush()
        if not frame.interlaced_frame:
            return [*out, frame]
        self._graph, self._shape = _graph(frame), shape
        self._graph.push(frame)
        return out + _pull(self._graph)

    def flush(self) -> list[VideoFrame]:
        """Return the frames held back; the next frame begins anew."""
        if self._graph is None:
            return []
        self._graph.push(None)
        rest = _pull(self._graph)
        self._graph = None
        return rest


def turn_of(frame: VideoFrame) -> Orientation:
    """Return how a frame must be turned, without asking whether it is mirrored, too."""
    return _TURNS.get(round(frame.rotation / 90) % 4, UPRIGHT)


def orientation_of(frame: VideoFrame) -> Orientation:
    """Return how a frame must be turned to stand upright, by its display matrix.

    The matrix of QuickTime and Exif maps (x, y) to (a x + c y, b x + d y); of an angle between, the
    nearest right one is taken.
    """
    side_data = cast("SideDataContainer", frame.side_data)  # as it is; the stub is out of date
    matrix = next((data for data in side_data if data.type is SideDataType.DISPLAYMATRIX), None)
    if matrix is None:
        return UPRIGHT
    a, b, _, c, d = np.frombuffer(bytes(matrix), np.int32)[:5].tolist()
    is_turned = abs(b) + abs(c) > abs(a) + abs(d)
    across, down = (c, b) if is_turned else (a, d)
    return (is_turned, -1 if across < 0 else 1, -1 if down < 0 else 1)


def _turn(image: ndarray, orientation: Orientation) -> ndarray:
    is_turned, across, down = orientation
    if is_turned:
        image = image.transpose(1, 0, 2)
    return image[::down, ::across]


def _matrix(frame: VideoFrame) -> Colorspace | None:
    """Return the matrix of a frame that does not name its own; None to take the frame's."""
    if frame.colorspace == _UNSPECIFIED and not frame.format.is_rgb:
        return Colorspace.ITU709 if frame.height >= HD_HEIGHT_PX else Colorspace.ITU601
    return None


def _square_width(width: int, pixel_aspect: Fraction | None) -> int:
    if not pixel_aspect or not Fraction(1, WIDEST_PIXEL) <= pixel_aspect <= WIDEST_PIXEL:
        return width
    return max(round(width * pixel_aspect), 1)


def _on_black(rgba: UInt8[ndarray, "H W 4"]) -> UInt8[ndarray, "H W 3"]:
    colour, alpha = rgba[..., :3], rgba[..., 3:]
    if alpha.min() == 255:  # noqa: PLR2004  (opaque, as most are)
        return np.ascontiguousarray(colour)
    blended: UInt8[ndarray, "H W 3"] = (colour.astype(np.uint16) * alpha // 255).astype(np.uint8)
    return blended


def _graph(frame: VideoFrame) -> Graph:
    graph = Graph()
    graph.threads = 1
    source = graph.add_buffer(
        width=frame.width,
        height=frame.height,
        format=frame.format,
        time_base=frame.time_base,
    )
    # deint=interlaced: progressive frames of a mixed stream pass unharmed
    filter_ = graph.add("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
    graph.link_nodes(source, filter_, graph.add("buffersink")).configure()
    return graph


def _pull(graph: Graph) -> list[VideoFrame]:
    frames = []
    while True:
        try:
            frames.append(graph.vpull())
        except (av.error.BlockingIOError, av.error.EOFError):
            return frames
