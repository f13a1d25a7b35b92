"""The text of any registry, as fast as the exporter's own: the public name of `render`."""

from exporter.text.exposition import render

__all__ = ["render"]
