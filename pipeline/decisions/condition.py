"""Exit conditions: CEL expressions over named facts, checked and compiled once, evaluated in a sandbox.

How clearly a condition holds is measured on the condition itself: one numeric fact at a time is moved away from its
value until the outcome flips; the distance, on the fact's own scale, says how close the call was.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from typing import Any

from pipeline.decisions.facts import FACTS, FactDeclaration
from pipeline.item import Fact

MAX_SOURCE_LENGTH = 500  # CEL has no step limit: what is short and has no comprehension cannot run long
_SAMPLES: tuple[dict[str, Any], ...] = (  # on both sides of any sensible threshold, so that every branch is tried
    {"int": 1, "double": 0.5, "string": "en", "bool": True},
    {"int": 10**6, "double": 1e6, "string": "", "bool": False},
)
_LITERAL = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
_WORDS = re.compile(r"\b(and|or|not)\b")
_TEXT = re.compile(r"""'([^']*)'|"([^"]*)\"""")
_ENDLESS = 1e6  # stands for the end of a range that has none
_MOST_TRIED = 2000  # values of the facts together
_STEPS = 14  # bisection steps: to 1/16000 of a scale


class Condition:
    """A compiled condition. `facts` are the declarations of the facts it uses, by name."""

    def __init__(self, source: str, allowed: Mapping[str, FactDeclaration] | None = None) -> None:
        """Compile and check. Raises ValueError saying what was expected."""
        import cel  # with its own command line it takes longer to load than all that whoever only counts needs

        allowed = FACTS if allowed is None else allowed
        if len(source) > MAX_SOURCE_LENGTH:
            raise ValueError(f"at most {MAX_SOURCE_LENGTH} characters, found {len(source)}")
        try:
            self._program = cel.compile(source)
        except Exception as error:  # noqa: BLE001 - the parser's own exception types are not public
            hint = "; CEL writes && || ! for and, or, not" if _WORDS.search(source) else ""
            raise ValueError(f"a CEL expression such as `duration_seconds < 60` ({_first_line(error)}{hint})") from None
        unknown = sorted(set(self._program.variables()) - set(allowed))
        if unknown:
            raise ValueError(_unknown_fact(unknown[0], allowed))
        self.source = source
        self.facts = {name: allowed[name] for name in sorted(self._program.variables())}
        if not self.facts:
            raise ValueError(f"a condition over at least one fact: {_nearest('', allowed)}")
        self._literals = sorted({float(literal) for literal in _LITERAL.findall(source)})
        self._try_out()

    def holds(self, facts: Mapping[str, Fact]) -> bool:
        """Tell whether the condition holds. A condition over a fact that is not known does not."""
        if any(name not in facts for name in self.facts):
            return False
        return self._evaluate({name: facts[name].value for name in self.facts})

    def reliability(self, facts: Mapping[str, Fact]) -> float:
        """Return the reliability (0..1) of the facts used: that of the least reliable one."""
        return min(facts[name].reliability for name in self.facts)

    def clarity(self, facts: Mapping[str, Fact]) -> float:
        """Return how clearly a condition that holds does so, 0.5 (at the edge) .. 1 (a full scale away from it).

        0.5 + 0.5 * min(1, d), d being the least distance, in scales, at which moving one fact flips the outcome.
        """
        values = {name: facts[name].value for name in self.facts}
        distances = [self._distance(values, name, fact.scale) for name, fact in self.facts.items() if fact.scale]
        return 0.5 + 0.5 * min([1.0, *distances])

    def clearest(self) -> float:
        """Return the greatest clarity that any values of its facts give, 0 where it holds for none of those tried.

        Tried are the ends of each range, the numbers and words of the expression and places around them; 1 where those
        are too many to try.
        """
        choices = [self._choices(fact) for fact in self.facts.values()]
        if math.prod(map(len, choices)) > _MOST_TRIED:
            return 1.0
        tried = (
            {name: Fact(value) for name, value in zip(self.facts, values, strict=True)}
            for values in itertools.product(*choices)
        )
        return max((self.clarity(facts) for facts in tried if self.holds(facts)), default=0.0)

    def _choices(self, fact: FactDeclaration) -> list[Any]:
        if fact.type == "bool":
            return [False, True]
        if fact.type == "string":
            return ["", *(first or second for first, second in _TEXT.findall(self.source))]
        scale, highest = fact.scale or 1.0, _ENDLESS if fact.highest is None else fact.highest
        around = (literal + step * scale for literal in self._literals for step in (-1.0, -0.5, 0.0, 0.5, 1.0))
        between = ((low + high) / 2 for low, high in itertools.pairwise(self._literals))
        values = {min(max(value, 0.0), highest) for value in (0.0, highest, *self._literals, *around, *between)}
        return sorted({round(value) for value in values} if fact.type == "int" else values)

    def _distance(self, values: dict[str, Any], name: str, scale: float) -> float:
        here = float(values[name])
        ends = [here - scale, here + scale, *(x for x in self._literals if abs(x - here) <= scale)]
        flips = [end for end in ends if not self._evaluate(self._moved(values, name, end))]
        return min((self._edge(values, name, here, end) / scale for end in flips), default=1.0)

    def _edge(self, values: dict[str, Any], name: str, here: float, there: float) -> float:
        low, high = 0.0, 1.0
        for _ in range(_STEPS):
            middle = (low + high) / 2
            if self._evaluate(self._moved(values, name, here + (there - here) * middle)):
                low = middle
            else:
                high = middle
        return abs(there - here) * high

    def _moved(self, values: dict[str, Any], name: str, value: float) -> dict[str, Any]:
        return {**values, name: value}

    def _evaluate(self, values: Mapping[str, Any]) -> bool:
        try:
            typed = {name: _typed(self.facts[name], value) for name, value in values.items()}
            return self._program.execute(typed) is True
        except Exception:  # noqa: BLE001 - such as a division by zero: the condition does not hold
            return False

    def _try_out(self) -> None:
        for samples in _SAMPLES:
            try:
                outcome = self._program.execute({name: samples[fact.type] for name, fact in self.facts.items()})
            except Exception as error:  # noqa: BLE001 - see above
                if "zero" in str(error).lower():  # depends on the values, not on the expression
                    continue
                raise ValueError(f"an expression that can be evaluated ({_first_line(error)})") from None
            if not isinstance(outcome, bool):
                raise ValueError(f"an expression that is true or false, it gives {type(outcome).__name__}")


def _unknown_fact(name: str, allowed: Mapping[str, FactDeclaration]) -> str:
    if name in FACTS:
        return f"a fact already known at this checkpoint; `{name}` is known from {FACTS[name].known_from} on"
    return f"a known fact instead of `{name}`: {_nearest(name, allowed)}"


def _nearest(name: str, allowed: Mapping[str, FactDeclaration]) -> str:
    from pipeline.yaml_file import nearest  # reads files too, which whoever only records never does

    return nearest(name, allowed)


def _typed(fact: FactDeclaration, value: Any) -> Any:
    if fact.type == "int":
        return round(value)
    return float(value) if fact.type == "double" else value


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__
