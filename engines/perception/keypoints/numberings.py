"""Which point of a network's own numbering is which of OpenPose-137's: plain data.

MediaPipe: 33 of the body, 21 of a hand in OpenPose's own order, 468 of the face mesh. The 68 points
that iBUG's face shares with the mesh agree with an independent 68-point model to 0.04-0.05 of the
distance between the outer corners of the eyes. COCO-WholeBody-133 (RTMW, DWPose): 17 of the body, 6
of the feet, 68 of the face, 21 of the left hand, 21 of the right.
"""

from typing import Final

BODY_FROM_POSE: Final = (
    (0, 0), (2, 12), (3, 14), (4, 16), (5, 11), (6, 13), (7, 15), (9, 24), (10, 26), (11, 28),
    (12, 23), (13, 25), (14, 27), (15, 5), (16, 2), (17, 8), (18, 7), (19, 31), (21, 29), (22, 32),
    (24, 30),
)  # fmt: skip
"""(BODY_25, MediaPipe's 33); neck and mid-hip are derived, the small toes are in none."""

IBUG_FROM_MESH: Final = (
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389,
    71, 63, 105, 66, 107, 336, 296, 334, 293, 301,
    168, 197, 5, 4, 75, 97, 2, 326, 305,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181,
    78, 82, 13, 312, 308, 317, 14, 87,
)  # fmt: skip
"""The mesh's point for each of iBUG's 68."""

BODY_FROM_COCO: Final = (
    (0, 0), (2, 6), (3, 8), (4, 10), (5, 5), (6, 7), (7, 9), (9, 12), (10, 14), (11, 16),
    (12, 11), (13, 13), (14, 15), (15, 2), (16, 1), (17, 4), (18, 3), (19, 17), (20, 18), (21, 19),
    (22, 20), (23, 21), (24, 22),
)  # fmt: skip
"""(BODY_25, COCO-WholeBody's body and feet); neck and mid-hip are derived."""

COCO_FACE: Final = slice(23, 91)
COCO_LEFT_HAND: Final = slice(91, 112)
COCO_RIGHT_HAND: Final = slice(112, 133)
COCO_POINTS: Final = 133
