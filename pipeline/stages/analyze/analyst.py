"""The three analyses of an item: a language model's where one is configured and answers well, else local heuristics.

The heuristics look at words, not at meaning; their results say so with `origin="heuristics"` and low confidences.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from pipeline.errors import ErrorType, StageError
from pipeline.item import Analysis, Assessment, Fallacies, Perspectives, Transcript
from pipeline.llm.client import InvalidAnswerError, LlmClient
from pipeline.stages.analyze import questions
from pipeline.stages.analyze.claims import claims
from pipeline.stages.analyze.fallacies import fallacies
from pipeline.stages.analyze.keywords import keywords
from pipeline.stages.analyze.perspectives import perspectives
from pipeline.stages.analyze.questions import Question, Result
from pipeline.stages.analyze.sentences import encodable, split
from pipeline.stages.analyze.summary import Embed, summarize
from pipeline.stages.analyze.worth import worth_of_claims, worth_of_fallacies, worth_of_perspectives

# How far each kind of heuristic can be relied on when the transcript is perfect and English (docs/analysis.md).
ANALYSIS_CONFIDENCE = 0.5
PERSPECTIVES_CONFIDENCE = 0.4
FALLACIES_CONFIDENCE = 0.3
FOREIGN = 0.5  # factor where the cues, which are English, can find little
QUESTION_TRIES = 2


class Analyst:
    """Analyses transcripts. Keeps no state between calls, so any number of threads may use one."""

    def __init__(
        self,
        embed: Embed,
        llm: LlmClient | None = None,
        *,
        on_fault: Callable[[ErrorType], None] | None = None,
    ) -> None:
        """Take what turns sentences into unit vectors and, if configured, a client.

        `on_fault` is told every fault of the model, also one that the next try or the heuristics made good.
        """
        self._embed = embed
        self._llm = llm
        self._on_fault = on_fault or (lambda _: None)

    def analysis(self, transcript: Transcript, assessment: Assessment) -> Analysis:
        """Return summary, keywords and claims. A fault of the model is reported, never raised."""
        return self._result(questions.ANALYSIS, transcript, assessment, self._local_analysis)

    def perspective(self, transcript: Transcript, assessment: Assessment) -> Perspectives:
        """Return points of view. A fault of the model is reported, never raised."""
        return self._result(questions.PERSPECTIVES, transcript, assessment, self._local_perspectives)

    def fallacy(self, transcript: Transcript, assessment: Assessment) -> Fallacies:
        """Return possible fallacies. A fault of the model is reported, never raised."""
        return self._result(questions.FALLACIES, transcript, assessment, self._local_fallacies)

    def _result(
        self,
        question: Question[Result],
        transcript: Transcript,
        assessment: Assessment,
        local: Callable[[str, Transcript, Assessment], Result],
    ) -> Result:
        bill = _Bill()
        text = encodable(transcript.text)
        result = self._asked(question, text, assessment.content_type, bill) if text.strip() else None
        if result is None:
            result = local(text, transcript, assessment)
        else:
            result = replace(result, confidence=round(result.confidence * transcript.confidence, 3))
        return replace(result, llm_calls=bill.calls, cost_usd=bill.cost_usd)

    def _asked(self, question: Question[Result], text: str, content_type: str, bill: _Bill) -> Result | None:
        """Return what the model makes of the text, or None when it cannot be had."""
        if self._llm is None:
            return None
        message = questions.posed(text, content_type)
        for _ in range(QUESTION_TRIES):
            try:
                answer = self._llm.complete_json(
                    question.instructions, message, question.schema, max_tokens=questions.MAX_ANSWER_TOKENS
                )
                bill.add(answer.cost_usd)
                return question.read(answer.data, text)
            except InvalidAnswerError as error:
                bill.add(error.cost_usd)
                self._on_fault(error.error_type)
            except msgspec.ValidationError:
                self._on_fault("corrupt")
            except StageError as error:
                self._on_fault(error.error_type)  # the client has tried as often as it may
                return None
        return None

    def _local_analysis(self, text: str, transcript: Transcript, assessment: Assessment) -> Analysis:
        sentences = split(text)
        found = claims(sentences)
        return Analysis(
            summary=summarize(text, self._embed),
            keywords=keywords(text, transcript.language),
            claims=found,
            confidence=_confidence(ANALYSIS_CONFIDENCE, transcript, assessment),
            count_confidence=_confidence(worth_of_claims(len(found), sentences), transcript, assessment),
        )

    def _local_perspectives(self, text: str, transcript: Transcript, assessment: Assessment) -> Perspectives:
        found = perspectives(split(text), self._embed)
        return Perspectives(
            found,
            _confidence(PERSPECTIVES_CONFIDENCE, transcript, assessment),
            count_confidence=_confidence(worth_of_perspectives(len(found)), transcript, assessment),
        )

    def _local_fallacies(self, text: str, transcript: Transcript, assessment: Assessment) -> Fallacies:
        found = fallacies(split(text), self._embed, reliability=transcript.confidence)
        return Fallacies(
            found,
            _confidence(FALLACIES_CONFIDENCE, transcript, assessment),
            count_confidence=_confidence(worth_of_fallacies(len(found)), transcript, assessment),
        )


class _Bill:
    """What the model's answers to one question cost, good or not."""

    def __init__(self) -> None:
        self.calls = 0
        self.cost_usd = 0.0

    def add(self, cost_usd: float) -> None:
        self.calls += 1
        self.cost_usd += cost_usd


def _confidence(base: float, transcript: Transcript, assessment: Assessment) -> float:
    foreign = transcript.language not in (None, "en")
    return round(base * assessment.reliability * (FOREIGN if foreign else 1.0), 3)
