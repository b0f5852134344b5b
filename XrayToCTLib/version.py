"""The version of the library and of the extension: one place."""

__version__ = "0.1.0"
