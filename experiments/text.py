"""Numbers, amounts and names as people write them, wherever they are shown: pages, figures, sentences and the terminal."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from math import ceil, floor, isfinite, isnan, log10
from typing import Any

from experiments.letters import cut, formulas

_LETTERS = 56  # of a name in a sentence
_SECONDS_TOLD = 90.0  # seconds up to which a time is told in seconds
_STEPS = ((60.0, "minute"), (3600.0, "hour"), (86_400.0, "day"))  # seconds of each


def counted(count: float, noun: str) -> str:
    """A number of things, with narrow spaces between thousands.

    >>> counted(1, "arm"), counted(2, "arm"), counted(2.5, "year"), counted(1234567, "run").replace(THIN, " ")
    ('1 arm', '2 arms', '2.5 years', '1 234 567 runs')
    """
    told = f"{count:,.0f}" if float(count).is_integer() else f"{count:,g}"
    return f"{told} {noun}{'' if count == 1 else 's'}".replace(",", THIN)


def time_text(seconds: float) -> str:
    """A time as people say it.

    >>> time_text(41.7), time_text(312.0)
    ('42 seconds', '6 minutes')
    """
    return f"{max(round(seconds), 1)} seconds" if seconds < _SECONDS_TOLD else f"{ceil(seconds / 60)} minutes"


def age_text(seconds: float) -> str:
    """How long ago something was, in whole minutes, hours or days that have passed.

    >>> age_text(-5.0), age_text(59.0), age_text(61.0), age_text(7200.0), age_text(1e7)
    ('just now', 'just now', '1 minute ago', '2 hours ago', '115 days ago')
    """
    told = "just now"
    for step, noun in _STEPS:
        if seconds >= step:
            told = f"{counted(int(seconds // step), noun)} ago"
    return told


def size_text(size: float) -> str:
    """Bytes as people say them.

    >>> size_text(512.0), size_text(3.4e6), size_text(2.1e9)
    ('1 kB', '3 MB', '2.1 GB')
    """
    for factor, unit, digits in ((1e9, "GB", 1), (1e6, "MB", 0)):
        if size >= factor:
            return f"{size / factor:.{digits}f} {unit}"
    return f"{max(size / 1e3, 1):.0f} kB"


_HUNDRED = 99.95  # per cent from which no number of a band bears decimals
_FINEST = 4  # decimals at most of a number that would read zero with fewer
_WHOLE, _SLIGHT = 9.95, 0.095  # per cent from which a number bears no decimal; under which it bears two
THIN = "\u202f"  # narrow space that never breaks, between thousands


def distinct(values: Iterable[object]) -> list[str]:
    """Distinct names in the order in which they come."""
    return list(dict.fromkeys(str(value) for value in values))


def unknown(value: Any) -> bool:
    """Whether an entry of a table is missing.

    >>> unknown(None), unknown(float("nan")), unknown(False)
    (True, True, False)
    """
    import pandas as pd  # a listing of stores needs none of it

    return bool(pd.isna(value))


def spoken(name: object) -> str:
    """A name of the code as words."""
    return str(name).replace("_", " ")


def keyed(name: object) -> str:
    """A dotted key of the configuration as words, from the general to the particular.

    >>> keyed("review.hours_median")
    'review › hours median'
    """
    return spoken(name).replace(".", " › ")


def thousands(number: float) -> str:
    """A whole number with thin spaces.

    >>> thousands(1234567).split(THIN)
    ['1', '234', '567']
    """
    return f"{round(number):,}".replace(",", THIN)


def measured(value: float) -> str:
    """A number with about three digits.

    >>> measured(0.304), measured(47.66), measured(-0.001)
    ('0.30', '47.7', '0.00')
    """
    size = abs(value)
    if size >= 99.95:
        return thousands(value).replace("-", "−")
    text = f"{value:.1f}" if size >= 9.995 else f"{value:.2f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def alike(values: Sequence[float], digits: int = 3, sign: bool = False) -> list[str]:
    """Numbers with as many decimals as the largest needs for so many digits; nothing for what is missing.

    >>> alike([0.01234, -0.00567]), alike([1234.5, 2.0], sign=True), alike([0.0, float("nan")])
    (['0.0123', '−0.0057'], ['+1\u202f234', '+2'], ['0', ''])
    """
    most = max((abs(value) for value in values if isfinite(value)), default=0.0)
    decimals = max(digits - 1 - floor(log10(most)), 0) if most > 0 else 0
    return [_with_decimals(value, decimals, sign) for value in values]


def _with_decimals(value: float, decimals: int, sign: bool) -> str:
    if not isfinite(value):
        return ""
    text = f"{value:{'+' if sign else ''},.{decimals}f}".replace(",", THIN)
    return (text.lstrip("+-") if not text.strip("+-0." + THIN) else text).replace("-", "−")


def signed(value: float, decimals: int = 1) -> str:
    """A percentage with its sign; nothing for what is missing.

    >>> signed(5.94), signed(-38.4, 0), signed(0.01), signed(1640.2, 0), signed(float("nan"))
    ('+5.9', '−38', '0.0', '+1\u202f640', '')
    """
    if isnan(value):
        return ""
    text = f"{value:+,.{decimals}f}".replace(",", THIN)
    return text[1:] if not text.strip("+-0.") else text.replace("-", "−")


def decimals_of(values: Sequence[float]) -> int:
    """Decimals that percentages of this size need to be told apart.

    >>> decimals_of([-51.0, 3.0]), decimals_of([0.4, -8.2]), decimals_of([0.02, -0.03]), decimals_of([])
    (0, 1, 2, 1)
    """
    most = max(map(abs, values), default=1.0)
    return 0 if most >= _WHOLE else 1 if most >= _SLIGHT else 2


def decimals_shown(value: float, decimals: int) -> int:
    """So many decimals, or more where a number would read zero with these though it is not.

    >>> decimals_shown(0.4, 1), decimals_shown(0.037, 1), decimals_shown(-0.004, 0), decimals_shown(0.0, 1), decimals_shown(1e-9, 1)
    (1, 2, 3, 1, 1)
    """
    fit = (more for more in range(decimals, max(decimals, _FINEST) + 1) if round(value, more) != 0)
    return next(fit, decimals) if isfinite(value) else decimals


def band_decimals(middle: float, *others: float) -> int:
    """Decimals of a percentage and of what stands beside it: those that the percentage itself needs.

    >>> band_decimals(0.17, 30.0), band_decimals(-12.0, -0.4), band_decimals(0.0, 12.0), band_decimals(float("nan"), 3.0)
    (1, 0, 0, 1)
    """
    known = [value for value in (middle, *others) if not isnan(value)]
    return decimals_of([middle] if middle and not isnan(middle) else known)


def band(middle: float, *ends: float, decimals: int | None = None) -> list[str]:
    """A percentage and the ends of its ranges, each with its sign; nothing for what is missing.

    All have the decimals that the percentage needs, or so many ``decimals``, so that a range never leaves out its own mean. What
    would read zero though it is not has more, and what reaches a hundred has none.

    >>> band(0.171, 0.037, 0.499), band(-14.2, -30.0, -0.02), band(0.4, 0.2, 130.2, decimals=1)
    (['+0.2', '+0.04', '+0.5'], ['−14', '−30', '−0.02'], ['+0.4', '+0.2', '+130'])
    """
    places = band_decimals(middle, *ends) if decimals is None else decimals
    return [signed(value, 0 if abs(value) >= _HUNDRED else decimals_shown(value, places)) for value in (middle, *ends)]


def signed_band(middle: float, low: float, high: float) -> str:
    """A percentage and its interval, as ``band`` has them; no interval where it is missing.

    >>> signed_band(-9.0, -10.1, -7.9), signed_band(-0.8, -1.1, -0.5), signed_band(12.0, float("nan"), float("nan"))
    ('−9.0 (−10.1 to −7.9)', '−0.8 (−1.1 to −0.5)', '+12')
    """
    words = band(middle, low, high)
    return f"{words[0]} ({words[1]} to {words[2]})" if words[1] and words[2] else words[0]


def percent(share: float) -> str:
    """A share in [0, 1] as a percentage.

    >>> percent(0.256).replace(THIN, " "), percent(0.004).replace(THIN, " "), percent(0).replace(THIN, " ")
    ('26 %', '<1 %', '0 %')
    """
    if 0 < share < 0.005:
        return f"<1{THIN}%"
    return f"{100 * share:.0f}{THIN}%"


Row = Mapping[Hashable, Any]
_PLAIN_FROM, _FINE_UNDER = 9.95, 0.0995  # per cent from which a number bears no decimal; under which it bears three
PER_CENT = 100.0
_DECIMALS = (0, 1, 2, 3)


def under(condition: str, sentence: str) -> str:
    """A sentence with the condition that it holds under, or with a capital where there is none.

    >>> under("with_load", "all is well."), under("", "all is well.")
    ('With load: all is well.', 'All is well.')
    """
    return f"{spoken(condition).capitalize()}: {sentence}" if condition else sentence[:1].upper() + sentence[1:]


def in_quotation_marks(name: str) -> str:
    """A name of the code as words that cannot run into the sentence around them.

    >>> in_quotation_marks("harm_and")
    '“harm and”'
    """
    return f"“{spoken(name)}”"


def number(value: float, decimals: int | None = None) -> str:
    """A percentage without its sign for per cent; more decimals for one that would read zero though it is not.

    >>> number(41.7), number(-3.14), number(0.314), number(-0.0), number(0.04, 1)
    ('42', '−3.1', '0.31', '0', '0.04')
    """
    text = f"{value:.{decimals_shown(value, _decimals(value) if decimals is None else decimals)}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def in_a_row(names: Sequence[str]) -> str:
    """Names in a row.

    >>> in_a_row(["a", "b", "c"]), in_a_row(["a"])
    ('a, b and c', 'a')
    """
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


def in_per_cent(value: float) -> str:
    """A share in [0, 1] in per cent.

    >>> in_per_cent(0.734), in_per_cent(0.0)
    ('73 %', '0 %')
    """
    return f"{PER_CENT * value:.0f} %"


def low_to_high(low: float, high: float, decimals: int | None = 1) -> str:
    """Two limits; nothing where one is missing.

    >>> low_to_high(-1.0, 2.0), low_to_high(float("nan"), 1.0)
    ('−1.0 to 2.0', '')
    """
    return "" if isnan(low) or isnan(high) else f"{number(low, decimals)} to {number(high, decimals)}"


def _decimals(value: float) -> int:
    size = abs(value)
    return (
        _DECIMALS[0]
        if size >= _PLAIN_FROM or size == 0
        else _DECIMALS[1]
        if size >= 1
        else _DECIMALS[2]
        if size >= _FINE_UNDER
        else _DECIMALS[3]
    )


def formulas_sentence(names: Iterable[str]) -> list[str]:
    """A sentence on names that a spreadsheet would compute, if there are any.

    >>> formulas_sentence(["judge"]), len(formulas_sentence(["=1+1", "judge"]))
    ([], 1)
    """
    found = formulas(names)
    if not found:
        return []
    told = ", ".join(cut(found, _LETTERS).values())
    return [f"A spreadsheet would compute {told}: CSV files have an apostrophe before it, Parquet files have it as it is."]
