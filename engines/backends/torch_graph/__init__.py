"""An ONNX graph as torch computes it: read, specialised to a shape, captured on a card."""
