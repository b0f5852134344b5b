"""Generators, discriminators and the style net, found by name in ``architectures``."""
