"""Exporting: a trained generator as a bundle that XrayToCT installs, with its card and its ONNX graph."""
