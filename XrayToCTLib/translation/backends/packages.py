"""Packages: which one is installed, and in which version, without importing it (torch takes seconds)."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec


def installed_version(package: str) -> str:
    """The version of an installed package; "" when it cannot be imported, "unknown" when it does not say."""
    try:
        if find_spec(package) is None:
            return ""
    except (ImportError, ValueError):  # ValueError: a module of that name without a spec
        return ""
    try:
        return version(package)
    except PackageNotFoundError:  # onnxruntime-gpu, say, installs the module onnxruntime
        return "unknown"
