"""What the pipeline would do with an item, and why: every stage up to assessment, no memory, no records."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from pipeline.configuration.config import Config
from pipeline.decisions.early_exit import CheckpointVerdict, evaluate
from pipeline.decisions.quality import judge
from pipeline.decisions.routing import route
from pipeline.decisions.shadow import chosen
from pipeline.domains.content.labels import DIMENSIONS
from pipeline.item import Assessment, Fact, Fetched, Source
from pipeline.running.gather import after_assessment, after_download, after_transcription
from pipeline.running.outcome import describe
from pipeline.running.toolbox import Toolbox


def explain(source: Source, toolbox: Toolbox, config: Config) -> dict[str, Any]:
    """Return one explanation, ready to be printed as JSON.

    Its keys: `source, content_type, content_type_confidence, quality, facts, decisions, shadow, processing_type` and
    more. `shadow.chosen`: the item, if skipped, would be processed in full all the same.

    All stages up to assessment run whatever the flags and verdicts; each decision says whether its flag is on and
    whether the item would leave there. What an item is too broken for is said in `failed_stage` and `error`, with
    what was found out until then.
    """
    answer = _Explanation(source, config)
    with tempfile.TemporaryDirectory(prefix="pipemeter-") as folder:
        stage = "download"
        try:
            fetched = toolbox.fetch(source, Path(folder))
            answer.fetched(fetched)
            stage = "transcription"
            transcript = toolbox.transcribe(fetched)
            answer.checkpoint("post_transcription", after_transcription(fetched, transcript))
            stage = "assessment"
            answer.assessed(toolbox.assess(transcript, fetched.title))
        except Exception as error:  # noqa: BLE001 - the stage's edge: one source never stops the rest
            return answer.failed(stage, describe(error))
    return answer.complete()


class _Explanation:
    """Gathers what is found out about one source."""

    def __init__(self, source: Source, config: Config) -> None:
        self._source, self._config = source, config
        self._facts: dict[str, Fact] = {}
        self._decisions: list[dict[str, Any]] = []
        self._found: Assessment | None = None
        self._item_id: str | None = None

    def checkpoint(self, name: str, facts: Mapping[str, Fact]) -> None:
        self._facts |= facts
        point = self._config.checkpoints.get(name)
        verdict = evaluate(point, self._facts) if point else CheckpointVerdict(name, exit=False)
        enabled = self._config.flags.early_exit
        self._decisions.append(
            {
                "decision": "early_exit",
                "checkpoint": name,
                "enabled": enabled,
                "would_leave": verdict.exit,
                "leaves": verdict.exit and enabled,
                "processing_type": "early_exit" if verdict.exit else None,
                "reason": verdict.reason,
                "confidence": verdict.confidence,
                "min_confidence": self._sourced(f"checkpoints.{name}.min_confidence", point and point.min_confidence),
                "conditions": [c.condition.source for c in point.conditions] if point else [],
                "candidates": [msgspec.to_builtins(candidate) for candidate in verdict.candidates],
            }
        )

    def fetched(self, fetched: Fetched) -> None:
        self._item_id = fetched.content_hash
        self.checkpoint("post_download", after_download(fetched))

    def assessed(self, found: Assessment) -> None:
        self._found = found
        names = ("overall_quality", *DIMENSIONS[1:])
        scores = {
            n: Fact(v, found.reliability) for n, v in zip(names, msgspec.structs.astuple(found.scores), strict=True)
        }
        self._quality_and_routing(found)
        self.checkpoint("post_quality_filtering", {**after_assessment(found), **scores})

    def _quality_and_routing(self, found: Assessment) -> None:
        config = self._config
        quality = judge(found.scores, config.thresholds)
        flags = config.flags
        decided = route(
            found.content_type,
            quality,
            config.routing,
            quality_filtering=flags.quality_filtering,
            content_routing=flags.content_routing,
        )
        mode = config.routing.of(found.content_type).processing_mode
        limits = {
            name: self._sourced(f"thresholds.{name}", value) for name, value in _fields(config.thresholds).items()
        }
        low = decided.bypass and decided.reason == "low_quality"
        self._decisions += [
            {
                "decision": "content_routing",
                "enabled": flags.content_routing,
                "mode": mode,
                "priority": config.routing.of(found.content_type).priority,
                "would_leave": mode == "lightweight",
                "leaves": decided.bypass and decided.reason == "content_type",
                "processing_type": "lightweight" if mode == "lightweight" else None,
                "reason": "content_type" if mode == "lightweight" else None,
            },
            {
                "decision": "quality_filter",
                "enabled": flags.quality_filtering,
                "thresholds": limits,
                "margin": quality.margin,
                "failed": list(quality.failed),
                "would_leave": quality.below and not (flags.content_routing and mode == "full"),
                "leaves": low,
                "processing_type": "lightweight" if quality.below else None,
                "reason": "low_quality" if quality.below else None,
            },
        ]

    def _sourced(self, key: str, value: Any) -> dict[str, Any]:
        return {"value": value, "origin": self._config.origins.get(key, "built-in")}

    def _shadow(self) -> dict[str, Any]:
        rate, seed, item_id = self._config.shadow_rate, self._config.shadow_seed, self._item_id
        return {
            "rate": self._sourced("shadow_rate", rate),
            "seed": self._sourced("shadow_seed", seed),
            "chosen": chosen(item_id, rate, seed) if item_id else None,
        }

    def _base(self) -> dict[str, Any]:
        found = self._found
        return {
            "source": self._source.uri,
            "content_type": found.content_type if found else None,
            "content_type_confidence": found.content_type_confidence if found else None,
            "quality": _fields(found.scores) if found else None,
            "facts": {name: fact.value for name, fact in self._facts.items()},
            "reliability": {name: fact.reliability for name, fact in self._facts.items()},
            "decisions": self._decisions,
            "shadow": self._shadow(),
            "processing_type": next((d["processing_type"] for d in self._decisions if d["leaves"]), "full"),
            "config_version": self._config.version,
        }

    def complete(self) -> dict[str, Any]:
        return self._base()

    def failed(self, stage: str, error: str) -> dict[str, Any]:
        left = [d for d in self._decisions if d["leaves"]]  # it would have left before the stage that fails
        answer = {**self._base(), "failed_stage": stage, "error": error}
        return answer if left else {**answer, "processing_type": None}


def _fields(struct: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}
