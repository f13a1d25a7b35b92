"""The download stage: files, links, pages, videos, articles and feeds, brought here and probed."""

from pipeline.stages.download.client import make_client
from pipeline.stages.download.expand import expand
from pipeline.stages.download.fetch import fetch
from pipeline.stages.download.media import probe_audio

__all__ = ["expand", "fetch", "make_client", "probe_audio"]
