"""Persons or faces of a frame as embeddings, in one graph: pixels and boxes in, vectors out.

Crop, resize and normalisation are inside, in operations of fixed shape, so that every runtime does
the same arithmetic on a frame of any size. All crops are cut by a single GridSample, their grids
laid one below the other: one grid a box would need the frame, cast to float, once for each.

A crop has the canvas's aspect and holds the whole box, so nothing is stretched; what is outside the
frame is the mean colour that the network was trained around, zero once normalised. Publishers cut
shortest side 256, centre 224: that would cut the head off a standing person.
"""

from typing import Final, Literal, Protocol

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn import functional

REVISION: Final = 1  # grows with every change of what the graph computes; the manifest names it
INPUTS: Final = ("frame", "boxes")
OUTPUTS: Final = ("embedding",)

MEAN: Final = (0.485, 0.456, 0.406)  # ImageNet's, in 0..1: what DINOv2 was trained with
STD: Final = (0.229, 0.224, 0.225)
SAMPLES: Final = 2  # a pixel of the crop is the mean of 2 x 2: no aliasing up to 2 canvases' size
MIN_SIDE_PX: Final = 1.0  # of a box; an empty one would divide by zero

Pooling = Literal["cls", "cls_mean"]


class Tokens(Protocol):
    """What a transformer returns: its tokens, normalised."""

    last_hidden_state: Float[Tensor, "B N D"]


class DinoV2Crop(nn.Module):
    """A DINOv2 encoder with the crop before it and the pooling after it.

    The class token after the last LayerNorm is what the publishers' k-nearest-neighbour figures are
    made with, and what they call the image's embedding. ``cls_mean`` appends the mean of the patch
    tokens: the input of their linear probes on the smaller networks, twice as wide. It says more of
    where things are, and less of who it is. Registers are in neither: they are a scratch pad.

    Args:
        encoder: Takes float32 [B, 3, h, w], normalised, and returns its tokens: class, registers,
            patches, after the last LayerNorm. Its positions fit the canvas.
        canvas_hw: Height and width of a crop, multiples of the encoder's patch.
        pooling: Which tokens make the embedding.
        registers: How many register tokens stand between the class token and the patches.
    """

    def __init__(
        self,
        encoder: nn.Module,
        canvas_hw: tuple[int, int],
        *,
        pooling: Pooling = "cls",
        registers: int = 0,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.canvas_hw = canvas_hw
        self.pooling = pooling
        self.registers = registers
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1) * 255, persistent=False)
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1) * 255, persistent=False)

    def forward(
        self, frame: UInt8[Tensor, "1 H W 3"], boxes: Float[Tensor, "B 4"]
    ) -> Float[Tensor, "B D"]:
        """Embed what is in each box.

        Args:
            frame: RGB, upright, square pixels; any height and width.
            boxes: x1 y1 x2 y2 in pixels of the frame; they may reach over its edge.
        """
        tokens: Tokens = self.encoder(self.crop(frame, boxes))
        return self.pool(tokens.last_hidden_state)

    def crop(
        self, frame: UInt8[Tensor, "1 H W 3"], boxes: Float[Tensor, "B 4"]
    ) -> Float[Tensor, "B 3 h w"]:
        """Cut the boxes out, as large as they fit the canvas, in its middle, normalised."""
        height, width = self.canvas_hw
        rows, columns = height * SAMPLES, width * SAMPLES
        # not frame.shape: in the traced graph these have to stay tensors, whatever the frame's size
        size = torch._shape_as_tensor(frame).to(torch.float32)  # noqa: SLF001 (torch's only name for it)
        x, y = self._sample_points(boxes, rows, columns)
        grid = torch.stack(
            [
                (2 * x / size[2] - 1)[:, None, :].expand(-1, rows, -1),
                (2 * y / size[1] - 1)[:, :, None].expand(-1, -1, columns),
            ],
            dim=-1,
        )
        pixels = frame.to(torch.float32).permute(0, 3, 1, 2)  # cast first: TensorRT moves no uint8
        below_each_other = functional.grid_sample(
            pixels,
            grid.reshape(1, -1, columns, 2),
            mode="bilinear",
            padding_mode="border",
            align_corners=False,
        )
        crops = below_each_other.reshape(3, -1, rows, columns).permute(1, 0, 2, 3)
        inside_y, inside_x = (y > 0) & (y < size[1]), (x > 0) & (x < size[2])
        inside = inside_y[:, None, :, None] & inside_x[:, None, None, :]
        normalised = torch.where(inside, (crops - self.mean) / self.std, torch.zeros_like(crops))
        return functional.avg_pool2d(normalised, SAMPLES)

    def pool(self, tokens: Float[Tensor, "B N D"]) -> Float[Tensor, "B E"]:
        """Make the embedding out of the tokens."""
        class_token = tokens[:, 0]
        if self.pooling == "cls":
            return class_token
        return torch.cat([class_token, tokens[:, 1 + self.registers :].mean(dim=1)], dim=1)

    def _sample_points(
        self, boxes: Float[Tensor, "B 4"], rows: int, columns: int
    ) -> tuple[Float[Tensor, "B columns"], Float[Tensor, "B rows"]]:
        """Return where the columns and the rows of each crop lie in the frame.

        Pixel k of the frame reaches from k to k + 1, its centre is k + 0.5.
        """
        low, high = boxes.split(2, dim=1)
        centre, side = (low + high) / 2, (high - low).clamp(min=MIN_SIDE_PX)
        # pixels of the frame between two samples, the same in both directions
        step = torch.maximum(side[:, :1] / columns, side[:, 1:] / rows)
        column = torch.arange(columns, dtype=torch.float32) + (0.5 - columns / 2)
        row = torch.arange(rows, dtype=torch.float32) + (0.5 - rows / 2)
        return centre[:, :1] + step * column, centre[:, 1:] + step * row
