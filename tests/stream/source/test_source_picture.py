import struct
from fractions import Fraction

import av
import numpy as np
import pytest

from stream.source.picture import PictureMaker, orientation_of

TOLERANCE = 14  # of a colour that went through 4:2:0 and an encoder

RED, GREEN, BLUE, GREY = (220, 30, 30), (30, 220, 30), (30, 30, 220), (40, 40, 40)


def quarters(image):
    """The colours of top left, top right, bottom left, bottom right."""
    height, width = image.shape[:2]
    rows, columns = (height // 4, 3 * height // 4), (width // 4, 3 * width // 4)
    return [tuple(int(v) for v in image[y, x]) for y in rows for x in columns]


def assert_quarters(image, *colours):
    for got, wanted in zip(quarters(image), colours, strict=True):
        assert got == pytest.approx(wanted, abs=TOLERANCE)


@pytest.fixture
def first_frame(collect):
    async def first_frame(path, **settings):
        got = await collect(path, until=lambda got: got.frames, **settings)
        return got.frames[0].image

    return first_frame


async def test_a_picture_is_red_green_blue_read_only_and_of_its_size(
    first_frame, write_film, corners
):
    image = await first_frame(write_film([corners] * 2))
    assert (image.shape, image.dtype) == ((96, 160, 3), np.uint8)
    assert not image.flags.writeable
    assert_quarters(image, RED, GREEN, BLUE, GREY)


@pytest.mark.parametrize(
    ("degrees", "shape", "colours"),
    [
        (90, (160, 96), (GREEN, GREY, RED, BLUE)),  # counterclockwise
        (180, (96, 160), (GREY, BLUE, GREEN, RED)),
        (-90, (160, 96), (BLUE, RED, GREY, GREEN)),
    ],
)
async def test_a_turned_film_stands_upright(
    first_frame, write_film, corners, degrees, shape, colours
):
    path = write_film([corners] * 2, set_up=lambda s: s.set_display_rotation(degrees))
    image = await first_frame(path)
    assert image.shape[:2] == shape
    assert_quarters(image, *colours)


@pytest.mark.parametrize(
    ("flips", "colours"),
    [({"hflip": True}, (GREEN, RED, GREY, BLUE)), ({"vflip": True}, (BLUE, GREY, RED, GREEN))],
)
async def test_a_mirrored_film_is_mirrored_back(first_frame, write_film, corners, flips, colours):
    path = write_film([corners] * 2, set_up=lambda s: s.set_display_rotation(0, **flips))
    assert_quarters(await first_frame(path), *colours)


async def test_the_orientation_of_a_phone_picture_is_obeyed(
    first_frame, ffmpeg, write_film, corners
):
    film = write_film([corners] * 2)
    path = ffmpeg("-i", film, "-frames:v", 1, "-q:v", 2, "still.jpg")
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<HHHIHHI", 1, 0x0112, 3, 1, 6, 0, 0)
    segment = b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif
    path.write_bytes(path.read_bytes()[:2] + segment + path.read_bytes()[2:])
    image = await first_frame(path)  # 6: the camera was held upright, so turn it clockwise
    assert image.shape[:2] == (160, 96)
    assert_quarters(image, BLUE, RED, GREY, GREEN)


def test_the_nearest_right_angle_is_taken():
    class Matrix:
        type = av.sidedata.sidedata.Type.DISPLAYMATRIX

        def __init__(self, *numbers):
            self.numbers = np.array(numbers, np.int32)

        def __bytes__(self):
            return self.numbers.tobytes()

    class Frame:
        def __init__(self, *numbers):
            self.side_data = [Matrix(*numbers)]

    one = 1 << 16
    slanted = (int(0.1 * one), -int(0.99 * one), 0, int(0.99 * one), int(0.1 * one), 0, 0, 0, 1)
    assert orientation_of(Frame(*slanted)) == (True, 1, -1)
    assert orientation_of(Frame(one, 0, 0, 0, one, 0, 0, 0, 1)) == (False, 1, 1)


@pytest.mark.parametrize(
    ("aspect", "width"), [(Fraction(2), 320), (Fraction(1, 2), 80), (Fraction(16, 15), 171)]
)
async def test_pixels_are_made_square(first_frame, write_film, corners, aspect, width):
    def set_up(stream):
        stream.codec_context.sample_aspect_ratio = aspect

    image = await first_frame(write_film([corners] * 2, set_up=set_up))
    assert image.shape == (96, width, 3)
    assert_quarters(image, RED, GREEN, BLUE, GREY)


def test_an_absurd_pixel_is_taken_for_a_square_one(corners):
    frame = av.VideoFrame.from_ndarray(corners, format="rgb24")
    assert PictureMaker().picture(frame, Fraction(100)).shape == corners.shape
    assert PictureMaker().picture(frame, Fraction(0)).shape == corners.shape


async def test_interlaced_fields_are_woven_into_whole_pictures(collect, ffmpeg):
    # a bar moves 16 px a field: woven blindly, its edge would be a comb
    graph = (
        "color=black:size=160x96:rate=50:duration=1,"
        "geq=lum='if(between(X,N*3,N*3+40),235,16)':cb=128:cr=128,interlace"
    )
    path = ffmpeg(
        "-f",
        "lavfi",
        "-i",
        graph,
        "-c:v",
        "mpeg2video",
        "-q:v",
        2,
        "-flags",
        "+ildct+ilme",
        "film.mpg",
    )
    with av.open(str(path)) as container:
        woven = list(container.decode(video=0))
    assert woven[5].interlaced_frame
    got = await collect(path)
    assert len(got.frames) == len(woven)

    def combing(luma):
        luma = luma.astype(int)
        return np.abs(luma[2:-2:2] - (luma[1:-3:2] + luma[3:-1:2]) // 2).mean()

    before = combing(woven[5].to_ndarray(format="gray", threads=1))
    after = combing(got.frames[5].image[..., 1])
    assert before > 8
    assert after < before / 3


async def test_progressive_frames_pass_the_deinterlacer_unharmed(collect, write_film, corners):
    got = await collect(write_film([corners] * 10))
    assert len(got.frames) == 10


@pytest.mark.parametrize(
    ("codec", "pix_fmt", "name"),
    [
        ("libx264", "yuv420p10le", "film.mp4"),
        ("libx264", "yuv444p", "film.mp4"),
        ("libx264", "yuv422p", "film.mkv"),
        ("libx264rgb", "rgb24", "film.mkv"),
        ("ffv1", "yuv420p16le", "film.mkv"),
        ("ffv1", "gray16le", "film.mkv"),
        ("ffv1", "gbrp12le", "film.mkv"),
        ("ffv1", "bgra", "film.mkv"),
        ("mjpeg", "yuvj420p", "film.avi"),
        ("rawvideo", "nv12", "film.nut"),
        ("rawvideo", "uyvy422", "film.nut"),
    ],
)
async def test_odd_pixel_formats_come_out_right(
    first_frame, write_film, corners, codec, pix_fmt, name
):
    if codec not in av.codecs_available:
        codec, pix_fmt = "libx264", "yuv420p"
    options = {"crf": "5"} if codec.startswith("libx264") else {}
    image = await first_frame(
        write_film([corners] * 2, name=name, codec=codec, pix_fmt=pix_fmt, options=options)
    )
    if pix_fmt.startswith("gray"):
        expected = [
            tuple([round(0.299 * r + 0.587 * g + 0.114 * b)] * 3)
            for r, g, b in (RED, GREEN, BLUE, GREY)
        ]
        assert_quarters(image, *expected)
    else:
        assert_quarters(image, RED, GREEN, BLUE, GREY)


KR_KB = {"bt601": (0.299, 0.114, 6), "bt709": (0.2126, 0.0722, 1), "bt2020": (0.2627, 0.0593, 9)}


def yuv_frame(rgb, matrix, *, full, height=64, tag=True):
    """A frame of one colour, by the formula of the standard."""
    kr, kb, number = KR_KB[matrix]
    red, green, blue = (v / 255 for v in rgb)
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    cb, cr = (blue - luma) / (2 * (1 - kb)), (red - luma) / (2 * (1 - kr))
    values = (
        (255 * luma, 255 * cb + 128, 255 * cr + 128)
        if full
        else (16 + 219 * luma, 128 + 224 * cb, 128 + 224 * cr)
    )
    frame = av.VideoFrame(64, height, "yuv420p")
    for plane, value in zip(frame.planes, values, strict=True):
        plane.update(bytes([round(value)]) * plane.buffer_size)
    frame.colorspace = number if tag else 2
    frame.color_range = 2 if full else 1
    return frame


@pytest.mark.parametrize("matrix", KR_KB)
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("rgb", [(200, 30, 40), (20, 180, 60), (90, 120, 230), (255, 255, 255)])
def test_matrix_and_range_of_the_frame_are_obeyed(matrix, full, rgb):
    image = PictureMaker().picture(yuv_frame(rgb, matrix, full=full), None)
    assert image[32, 32].tolist() == pytest.approx(rgb, abs=3)


@pytest.mark.parametrize(("height", "matrix"), [(576, "bt601"), (720, "bt709")])
def test_a_frame_that_names_no_matrix_has_that_of_its_size(height, matrix):
    frame = yuv_frame((200, 30, 40), matrix, full=False, height=height, tag=False)
    image = PictureMaker().picture(frame, None)
    assert image[32, 32].tolist() == pytest.approx((200, 30, 40), abs=3)


def test_what_is_transparent_is_black_and_the_rest_is_mixed_with_it():
    rgba = np.full((8, 16, 4), (200, 100, 50, 255), np.uint8)
    rgba[:, 4:8, 3] = 0
    rgba[:, 8:12, 3] = 128
    image = PictureMaker().picture(av.VideoFrame.from_ndarray(rgba, format="rgba"), None)
    assert image[0, ::4].tolist() == [[200, 100, 50], [0, 0, 0], [100, 50, 25], [200, 100, 50]]


async def test_a_gif_moves_and_shows_its_palette(collect, ffmpeg):
    path = ffmpeg("-f", "lavfi", "-i", "color=red:size=64x48:rate=10:duration=1", "moving.gif")
    got = await collect(path)
    assert len(got.frames) == 10
    assert got.frames[3].image[20, 20].tolist() == pytest.approx((255, 0, 0), abs=6)


async def test_a_change_of_size_in_mid_stream_is_followed(collect, ffmpeg):
    parts = [
        ffmpeg("-f", "lavfi", "-i", f"testsrc=size={size}:rate=25:duration=0.4", f"{size}.ts")
        for size in ("160x96", "320x192")
    ]
    both = parts[0].with_name("both.ts")
    both.write_bytes(b"".join(part.read_bytes() for part in parts))
    got = await collect(both)
    heights = [frame.image.shape[0] for frame in got.frames]
    assert heights == [96] * heights.count(96) + [192] * 10
    assert heights.count(96) >= 9  # at the seam a packet is broken off
