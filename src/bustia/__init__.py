"""Bústia: open Customer Communications Management for utilities."""

__version__ = "0.1.0"
