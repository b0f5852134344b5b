"""Backends: the programs that can run a network, behind one small protocol; see protocol.py.

A backend is named "openvino", "onnxruntime", "torch-cpu", "cuda", "cuda:N" or "mps", and its precision may follow:
"openvino/fp32". All of them are optional. The same card and weights give the same HU in each: within 2 HU a pixel in
single precision, within 5 HU in the mean over the image in half precision (tolerance.py).
"""
