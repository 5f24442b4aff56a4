"""Persons in one frame as one graph: uint8 pixels in, a hundred boxes out.

Letterbox, normalisation, selection and suppression are inside, in operations of fixed shape, so the
CPU and the GPU do the same arithmetic and a frame of any size goes through one file. Only torch
operations that every importer takes are used: TensorRT refuses NonZero, NonMaxSuppression and a
Transpose of uint8.
"""

from typing import Final

import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor, nn
from torch.nn import functional

REVISION: Final = 1  # grows with every change of what the graph computes; the manifest names it
INPUTS: Final = ("frame",)
OUTPUTS: Final = ("boxes", "scores")

PERSON: Final = 0  # among COCO's classes
CANDIDATES: Final = 100  # persons in a picture, with several boxes each before suppression
MAX_IOU: Final = 0.7  # two boxes that overlap more are one person; Ultralytics' own value
ROUNDS: Final = 8  # the longest chain 'a beats b, b beats c, ...' that is resolved exactly
BORDER: Final = 114.0  # the grey that the network saw around pictures in training
ROUNDING: Final = 0.1  # Ultralytics rounds half a pixel of border down on the left and at the top


class PersonBoxes(nn.Module):
    """A YOLO detector with everything around it.

    Args:
        network: Takes float32 [1, 3, h, w] in 0..1 on the canvas and returns [1, 4 + C, N]: centre
            and size in pixels of the canvas, then one score a class.
        canvas_hw: Height and width of the canvas, multiples of the network's stride.
        person: Which of the network's classes is a person.
    """

    def __init__(
        self, network: nn.Module, canvas_hw: tuple[int, int], *, person: int = PERSON
    ) -> None:
        super().__init__()
        self.network = network
        self.canvas_hw = canvas_hw
        self.person = person

    def forward(
        self, frame: UInt8[Tensor, "1 H W 3"]
    ) -> tuple[Float[Tensor, "K 4"], Float[Tensor, " K"]]:
        """Find the persons in a frame.

        Args:
            frame: RGB, upright, square pixels; any height and width.

        Returns:
            Boxes x1 y1 x2 y2 in pixels of the frame, best first, and their scores; the score is 0
            where a better box of the same person stands before it.
        """
        canvas, scale, offset_xy, size_xy = self.letterbox(frame)
        boxes, scores = self.candidates(self.network(canvas)[0])
        kept = scores * greedy_mask(boxes)
        in_frame = (boxes - offset_xy.repeat(2)) / scale
        limit = size_xy.repeat(2)
        return torch.minimum(in_frame.clamp(min=0), limit), kept

    def letterbox(
        self, frame: UInt8[Tensor, "1 H W 3"]
    ) -> tuple[
        Float[Tensor, "1 3 h w"], Float[Tensor, ""], Float[Tensor, " 2"], Float[Tensor, " 2"]
    ]:
        """Place a frame on the canvas, as large as it fits, in the middle, on grey.

        One GridSample of fixed output size: a Resize would make the shape depend on the data.

        Returns:
            The canvas in 0..1; canvas pixels a frame pixel; where the frame's corner lies on the
            canvas (x, y); the frame's width and height.
        """
        height, width = self.canvas_hw
        # not frame.shape: in the traced graph these have to stay tensors, whatever the frame's size
        size = torch._shape_as_tensor(frame).to(torch.float32)  # noqa: SLF001 (torch's only name for it)
        frame_h, frame_w = size[1], size[2]
        scale = torch.minimum(height / frame_h, width / frame_w)
        placed_h, placed_w = torch.round(frame_h * scale), torch.round(frame_w * scale)
        top = torch.round((height - placed_h) / 2 - ROUNDING)
        left = torch.round((width - placed_w) / 2 - ROUNDING)

        # in 0..1 of the placed picture, at pixel centres: what cv2.INTER_LINEAR samples
        y = (torch.arange(height, dtype=torch.float32) - top + 0.5) / placed_h
        x = (torch.arange(width, dtype=torch.float32) - left + 0.5) / placed_w
        grid = torch.stack(
            [
                (2 * x - 1)[None, :].expand(height, width),
                (2 * y - 1)[:, None].expand(height, width),
            ],
            dim=-1,
        )
        pixels = frame.to(torch.float32).permute(0, 3, 1, 2)  # cast first: TensorRT moves no uint8
        placed = functional.grid_sample(
            pixels, grid[None], mode="bilinear", padding_mode="border", align_corners=False
        )
        inside = ((y > 0) & (y < 1))[:, None] & ((x > 0) & (x < 1))[None, :]
        canvas = torch.where(inside[None, None], placed, torch.full_like(placed, BORDER))
        return canvas / 255, scale, torch.stack([left, top]), torch.stack([frame_w, frame_h])

    def candidates(
        self, prediction: Float[Tensor, "4+C N"]
    ) -> tuple[Float[Tensor, "K 4"], Float[Tensor, " K"]]:
        """Take the best boxes that are persons before all else, as x1 y1 x2 y2 on the canvas."""
        classes = prediction[4:]
        person = classes[self.person]
        scores, places = torch.topk(person * (person >= classes.amax(0)), CANDIDATES)
        centre, size = prediction[:4].t()[places].split(2, dim=1)
        return torch.cat([centre - size / 2, centre + size / 2], dim=1), scores


def greedy_mask(
    boxes: Float[Tensor, "K 4"], *, max_iou: float = MAX_IOU, rounds: int = ROUNDS
) -> Float[Tensor, " K"]:
    """Tell which boxes greedy non-maximum suppression keeps, without a loop over the data.

    Greedy suppression is the fixed point of 'a box stays if no better one that stays overlaps it'.
    Round n is right for every box whose chain of better, overlapping boxes is shorter than n.
    Beyond that an even number of rounds errs to one side: the first round keeps too few, and each
    round turns too few into too many and back, so after every second one all are kept that greedy
    suppression keeps, and perhaps a box more. A person may be seen twice, and none is lost.

    Args:
        boxes: x1 y1 x2 y2, best first.
        max_iou: Two boxes that overlap more are the same.
        rounds: Even; as many as boxes give greedy suppression exactly.

    Returns:
        1 for a box that stays, 0 for one that does not.
    """
    beats = _overlap(boxes, max_iou).to(boxes.dtype)
    keep = torch.ones_like(boxes[:, 0])
    for _ in range(rounds):
        keep = ((beats * keep[:, None]).amax(0) < 0.5).to(boxes.dtype)  # noqa: PLR2004 (0 or 1)
    return keep


def _overlap(boxes: Float[Tensor, "K 4"], max_iou: float) -> Bool[Tensor, "K K"]:
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    near = torch.maximum(boxes[:, None, :2], boxes[None, :, :2])
    far = torch.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = (far - near).clamp(min=0).prod(-1)
    iou = shared / (area[:, None] + area[None] - shared + 1e-7)
    rank = torch.arange(boxes.shape[0])
    return (iou > max_iou) & (rank[:, None] < rank[None])
