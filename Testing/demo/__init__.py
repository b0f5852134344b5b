"""The demo: the sample radiograph through the whole extension in a real MRML scene, without Slicer.

python -m Testing.demo --output demo
"""
