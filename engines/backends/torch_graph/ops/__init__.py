"""ONNX's operators in torch, one table; what is not in it is refused when a graph is opened."""
