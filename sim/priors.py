"""Priors of parameters: what is plausible of a number that nobody knows, as the note behind it says.

Support says what a number may be, a prior what it is likely to be. Every prior is cut to the number's support and normed again.
Shapes are those of empirics.md 7.3; quantiles are SciPy's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import inf, log
from typing import Literal, NamedTuple, cast

import numpy as np
from scipy import special

from sim.errors import ConfigError, quoted

Shape = Literal["LN", "N", "B", "G", "U", "logU", "Dir", "fixed"]
Relation = Literal["", "x", "+", "odds x"]
FORMS: dict[Shape, str] = {
    "LN": "LN(median, s.d. of log)",
    "N": "N(mean, s.d.)",
    "B": "B(a, b)",
    "G": "G(mean, shape)",
    "U": "U(low, high)",
    "logU": "logU(low, high)",
    "Dir": "Dir(concentration)",
    "fixed": "fixed",
}
"""Every shape as a note writes it."""
_COUNTS: dict[Shape, int] = {"Dir": 1, "fixed": 0}
_PAIR = 2  # numbers of every other shape
_NUMBER = r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?"
_FORM = re.compile(
    rf"(?:each (?P<relation>x|\+|odds x) )?(?P<shape>{'|'.join(FORMS)})(?:\((?P<numbers>{_NUMBER}(?:, {_NUMBER})*)\))?"
)
_ACCEPTED = f"{', '.join(FORMS.values())}; for several numbers on a line: each x SHAPE, each + SHAPE, each odds x SHAPE"
_CLOSE = 1e-10  # of a share, from which halving goes no further
_INSIDE = 0.99
"""Share of a prior within which a default is plausible."""


@dataclass(frozen=True)
class Prior:
    """The prior of one number, cut to its support.

    ``relation`` says what the shape is of: of the number itself (empty), of a factor on ``value``, of what is added to it, or of a
    factor on its odds (which leaves 0 and 1 as they are). ``value`` is the number as configured. ``Dir`` is the marginal of a
    Dirichlet about the line's numbers, of which this one is the ``share``: whoever reads such a line norms it. ``whole`` numbers
    are rounded.
    """

    shape: Shape
    numbers: tuple[float, ...]
    relation: Relation = ""
    value: float = 0.0
    low: float = -inf
    high: float = inf
    share: float = 1.0
    whole: bool = False

    @property
    def moves(self) -> bool:
        """Whether two draws may differ: not where the number is fixed, or a factor has nothing to act on."""
        if self.shape == "fixed":
            return False
        if self.relation == "x":
            return self.value != 0
        if self.shape == "Dir":
            return 0 < self.share < 1
        return not (self.relation == "odds x" and self.value in (0.0, 1.0))

    @property
    def words(self) -> str:
        """The prior as its note writes it.

        >>> prior_of("each x LN(1, 0.3)", 2.0, line=(2.0, 1.0)).words
        'each x LN(1, 0.3)'
        """
        numbers = f"({', '.join(f'{number:g}' for number in self.numbers)})" if self.numbers else ""
        return f"{f'each {self.relation} ' if self.relation else ''}{self.shape}{numbers}"

    def quantile(self, u: float) -> float:
        """The value below which a share ``u`` of the prior lies; ``u`` in [0, 1].

        >>> round(prior_of("LN(2, 0.5)", 2.0).quantile(0.5), 6), prior_of("U(1, 3)", 1.5, 0, 2).quantile(0.5)
        (2.0, 1.5)
        """
        if not self.moves:
            return self.value
        law, pair, (low, high) = _LAWS[self.shape], self._pair, self._bounds
        least, most = law.cumulative(low, *pair), law.cumulative(high, *pair)
        drawn = self._out_of(min(max(law.inverse(least + u * (most - least), *pair), low), high))
        if self.whole:
            low, high = -np.floor(-self.low), np.floor(self.high)  # whole numbers within the support
            return float(min(max(np.rint(drawn), low), high))
        return min(max(drawn, self.low), self.high)

    def share_below(self, value: float) -> float:
        """The share of the prior that lies below a value: the other way round of ``quantile``, up to a billionth.

        >>> round(prior_of("U(1, 3)", 1.5).share_below(1.5), 6), prior_of("U(1, 3)", 1.5).share_below(7.0)
        (0.25, 1.0)
        """
        low, high = 0.0, 1.0
        if value >= self.quantile(high):
            return high
        while high - low > _CLOSE:  # quantiles rise, so halving finds it
            middle = (low + high) / 2
            low, high = (middle, high) if self.quantile(middle) < value else (low, middle)
        return (low + high) / 2

    def holds(self, value: float, share: float = _INSIDE) -> bool:
        """Whether a value lies within the central ``share`` of the prior, or on an end of it that its support has cut off."""
        if not self.moves:
            return value == self.value
        tail = (1 - share) / 2
        inside = self.quantile(tail) <= value <= self.quantile(1 - tail)
        return inside or value in (self.quantile(0.0), self.quantile(1.0))

    @property
    def _bounds(self) -> tuple[float, float]:
        """The support of what the shape is of."""
        if self.relation == "odds x":
            return 0.0, inf
        if self.relation == "x":
            ends = (self.low / self.value, self.high / self.value)
            return min(ends), max(ends)
        if self.shape == "Dir":
            return 0.0, 1.0
        return (self.low - self.value, self.high - self.value) if self.relation == "+" else (self.low, self.high)

    def _out_of(self, drawn: float) -> float:
        """The number that a draw of the shape stands for."""
        if self.relation == "x":
            return self.value * drawn
        if self.relation == "+":
            return self.value + drawn
        if self.relation == "odds x":
            return self.value * drawn / (1 - self.value + self.value * drawn) if drawn < inf else 1.0
        return drawn * self.value / self.share if self.shape == "Dir" else drawn

    @property
    def _pair(self) -> tuple[float, float]:
        """Both numbers of a shape; of a Dirichlet those of the beta that is its marginal."""
        if self.shape == "Dir":
            return self.numbers[0] * self.share, self.numbers[0] * (1 - self.share)
        return self.numbers[0], self.numbers[1]


class _Law(NamedTuple):
    """A shape before it is cut: the share at or below a value, and the value below which a share lies, by its two numbers."""

    cumulative: Callable[[float, float, float], float]
    inverse: Callable[[float, float, float], float]


def _log(x: float) -> float:
    """A logarithm that has values at both ends."""
    return -inf if x <= 0 else inf if x == inf else log(x)


def _within(x: float) -> float:
    return min(max(x, 0.0), 1.0)


_BETA = _Law(lambda x, a, b: float(special.betainc(a, b, _within(x))), lambda u, a, b: float(special.betaincinv(a, b, u)))
_LAWS: dict[Shape, _Law] = {
    "LN": _Law(
        lambda x, median, sd: float(special.ndtr((_log(x) - log(median)) / sd)),
        lambda u, median, sd: float(median * np.exp(sd * special.ndtri(u))),
    ),
    "N": _Law(
        lambda x, mean, sd: float(special.ndtr((x - mean) / sd)),
        lambda u, mean, sd: float(mean + sd * special.ndtri(u)),
    ),
    "B": _BETA,
    "Dir": _BETA,
    "G": _Law(
        lambda x, mean, shape: float(special.gammainc(shape, max(x, 0.0) * shape / mean)),
        lambda u, mean, shape: float(special.gammaincinv(shape, u) * mean / shape),
    ),
    "U": _Law(lambda x, low, high: _within((x - low) / (high - low)), lambda u, low, high: low + u * (high - low)),
    "logU": _Law(lambda x, low, high: _within(_log(x / low) / log(high / low)), lambda u, low, high: low * (high / low) ** u),
}


def prior_of(
    text: str, value: float, low: float = -inf, high: float = inf, line: tuple[float, ...] = (), whole: bool = False
) -> Prior:
    """The prior that a note writes behind a number.

    ``value`` is the number, ``low`` and ``high`` its support, ``line`` all numbers of its line. Raises ``ConfigError``.

    >>> prior_of("B(4, 3)", 0.5, 0, 1).shape, prior_of("each + N(0, 0.5)", 1.0, line=(1.0, 2.0)).quantile(0.5)
    ('B', 1.0)
    """
    said = _FORM.fullmatch(text)
    if said is None:
        raise ConfigError(f"prior: found {quoted(text)}; accepted: {_ACCEPTED}")
    shape = cast("Shape", said["shape"])
    relation = cast("Relation", said["relation"] or "")
    numbers = tuple(float(number) for number in said["numbers"].split(", ")) if said["numbers"] else ()
    if len(numbers) != _COUNTS.get(shape, _PAIR) or (relation and shape in _COUNTS):
        raise ConfigError(f"prior: found {quoted(text)}; accepted: {FORMS[shape]}")
    if wrong := _fault(shape, numbers):
        raise ConfigError(f"prior: found {quoted(text)}; accepted: {FORMS[shape]} with {wrong}")
    if shape == "Dir" and sum(line) <= 0:
        raise ConfigError(f"prior: found {quoted(text)} on a line of weights that add up to 0; accepted: a line with a weight")
    many = len(line) > 1
    if many != bool(relation or shape == "Dir") and shape != "fixed":
        wanted = "each x, each +, each odds x, Dir or fixed" if many else "a shape without each"
        raise ConfigError(f"prior: found {quoted(text)} on a line of {max(len(line), 1)}; accepted: {wanted}")
    share = value / sum(line) if shape == "Dir" else 1.0
    return Prior(shape, numbers, relation, value, low, high, share, whole)


def _fault(shape: Shape, numbers: tuple[float, ...]) -> str:
    """What a shape's numbers must be and are not; nothing where they are."""
    if shape in ("U", "logU") and numbers[0] >= numbers[1]:
        return "low below high"
    if shape == "N" and numbers[1] <= 0:
        return "an s.d. above 0"
    if shape not in ("U", "N", "fixed") and min(numbers) <= 0:
        return "numbers above 0"
    return ""
