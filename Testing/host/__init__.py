"""Slicer without Slicer: the real MRML of slicer-core, with stand-ins for what the application adds.

    from Testing.host import start_slicer
    with start_slicer() as host:                        # no Qt needed for the logic alone
        XrayToCT = host.load_module("XrayToCT")
        node = host.load_volume("chest.dcm")
        stack = XrayToCT.XrayToCTLogic().translate(node)

``start_slicer(qt=True)`` adds `qt`, `ctk`, `slicer.qMRML...` over PySide6, offscreen, under PythonQt's rules, and
``host.open_panel("XrayToCT")`` returns the module's Widget. What a PythonQt slot would only print (an exception) and
what PythonQt swallows (a misspelt signal) is recorded in ``host.faults``; ``host.stop()`` raises if any was recorded.

What it does not test: PythonQt's overload resolution, and the real ctk and qMRML widgets.
"""

from __future__ import annotations

from .slicer_host import SlicerHost, start_slicer

__all__ = ["SlicerHost", "start_slicer"]
