"""The exporter beside a run, in one process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from exporter.app import create_app
from exporter.local import LocalRecorder
from exporter.server.running import BackgroundServer
from exporter.settings import settings_from
from pipeline.configuration.config import Config
from pipeline.recording.recorder import Recorder
from pipeline.recording.savings import CostModel


@contextmanager
def serving(config: Config, costs: CostModel, host: str, port: int) -> Iterator[tuple[Recorder, str]]:
    """Serve beside a run of this process; give the recorder for it, and the address."""
    app = create_app(settings=settings_from(os.environ), config=config)
    with BackgroundServer(app, host, port) as server:
        recorder = LocalRecorder(app.state.exporter, config, costs)
        try:
            yield recorder, server.url
        finally:
            recorder.close()
