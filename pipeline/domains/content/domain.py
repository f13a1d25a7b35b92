"""The content pipeline's own domain."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from pipeline.domains.content.events import EVENTS
from pipeline.domains.content.families import FAMILIES
from pipeline.domains.content.handlers import ContentHandlers
from pipeline.domains.content.labels import LABELS
from pipeline.domains.content.shadow import ShadowHandlers
from pipeline.domains.content.traffic import Traffic
from pipeline.metrics.domain import Dials, Domain, Handler
from pipeline.metrics.registry import Metrics


def _handlers(metrics: Metrics) -> Mapping[type, Handler]:
    return {**ContentHandlers(metrics).handlers(), **ShadowHandlers(metrics).handlers()}


def _traffic(rng: Random, dials: Dials) -> Traffic:
    return Traffic(rng, fail=dials.fail, quality=dials.quality, shadow=dials.shadow)


DOMAIN = Domain("pipeline", FAMILIES, LABELS, EVENTS, _handlers, traffic=_traffic)
