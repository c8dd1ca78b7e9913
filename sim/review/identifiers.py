"""How the generated loop calls each safeguard: names for its row, its parameters, its bit and its rules.

In the generated text a safeguard ``judge`` is ``JUDGE``: its place in the global order of checks, and so its row in every table.
``STOOD_JUDGE`` is its bit among the grounds, ``HABIT_JUDGE`` the key of its luck and of the lasting habit with it,
``NOISE_JUDGE`` the key of the accident of its reading, ``JUDGE_NARROW_MARGIN`` the column of its own parameter, and
``stands_judge`` its rule. All are identifiers, whatever a safeguard is called, and none has another meaning in the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sim.review.safeguard import Safeguard, habit_of, hook_of, in_check_order, own_numbers, reads_of

SHARED: Mapping[str, str] = MappingProxyType(
    {"hours": "OFFICER_HOURS", "bar": "BAR", "shift": "SHIFT", "delay_days": "DELAY_DAYS", "tip_off": "TIP_OFF"}
)
"""Parameters that stand in the first columns of every safeguard's row, with the names of these columns."""

HOOKS = ("stands", "acuity", "allows", "conditions", "delays", "tells", "softens", "publishes")
"""Functions that a safeguard's module may have, in the order in which the text names them."""

SEEN: Mapping[str, str] = MappingProxyType(
    {
        "alleged_is_crime": "is_crime(m, inst, j, docket, reading)",
        "label_is_crime": "reading.crime[inst, j, row(docket.label[m])]",
        "alleged_is_protected": "reading.protected[row(docket.alleged[m])]",
        "label_is_protected": "reading.protected[row(docket.label[m])]",
        "alleged_is_exempt": "reading.exempt[row(docket.alleged[m]), row(docket.label[m])]",
        "harm": "reading.harm[row(docket.alleged[m])]",
        "quality": "docket.quality[m]",
        "data_class": "int(docket.cap[m])",
        "secret": "cases.secret[c]",
        "goodwill": "reading.goodwill[row(cases.requester[c]), j]",
        "luck": "u3(seed, LUCK, ck, sk, {habit})",
        "covers": "reading.covers[{row}, cases.group[c]]",
        "role": "role",
        "record": "reading.record[row(cases.requester[c])]",
        "gap": "reading.gap[row(cases.requester[c]), j]",
        "dp_answer": "u2(seed, DP_ANSWER, ck, sk)",
        "reach": "reach",
        "signal": "signal",
        "noise": "noise",
        "bar": "bar",
        "independence": "reading.judicial[j]",
        "wait": "wait",
        "kept": "kept",
        "skill": "reading.skill[j]",
        "judicial": "reading.judicial[j]",
        "size": "reading.size[j]",
        "effort": "effort",
    }
)
"""Where the loop finds what a rule may read besides its own numbers, by the name under which the rule reads it."""

NOTHING_ELSE: Mapping[str, str] = MappingProxyType({})
"""What a rule reads is what the file and the record say."""
_LONGEST = 32  # letters of a safeguard's name that its identifiers keep: a line of text holds two of them
_WIDEST = 112  # letters of a call that stands on one line


@dataclass(frozen=True)
class Words:
    """One safeguard with its names in the generated text."""

    name: str
    safeguard: Safeguard
    row: str
    bit: str
    habit: str
    noise: str
    home: str  # of the module that holds its rules
    columns: Mapping[str, str]  # by parameter, in the order of the columns
    rules: Mapping[str, str]  # by hook

    def number(self, parameter: str) -> str:
        """The text that reads a parameter of its own."""
        return f"reading.numbers[{self.row}, {self.columns[parameter]}]"

    def call(self, hook: str = "stands", instead: Mapping[str, str] = NOTHING_ELSE) -> str:
        """The text that calls one of its rules. Raises ``ConfigError`` if that reads what no reader of a file can see.

        ``instead`` holds texts for what the rule reads, by name, where that is not what the file and the record say.
        """
        given = [
            instead[read]
            if read in instead
            else SEEN[read].format(row=self.row, habit=self.habit)
            if read in SEEN
            else self.number(read)
            for read in reads_of(self.safeguard, hook)
        ]
        line = f"{self.rules[hook]}({', '.join(given)})"
        return line if len(line) <= _WIDEST else f"{self.rules[hook]}(\n{''.join(f'    {one},\n' for one in given)})"

    @property
    def applied(self) -> str:
        """The text that asks whether the requested state applies it in this case."""
        return f"applied(seed, reading, {self.row}, inst, j, ck, sk, {self.habit})"

    def constants(self, place: int) -> Iterator[tuple[str, str]]:
        """Its constants with their values as text; ``place`` is the safeguard's in the global order."""
        yield self.row, str(place)
        yield self.bit, f"np.uint64(1) << np.uint64({self.row})"
        yield self.habit, f"name_key({_literal(habit_of(self.name, self.safeguard))})"
        yield self.noise, f"name_key({_literal(self.name)})"
        for column, constant in enumerate(self.columns.values()):
            if column >= len(SHARED):
                yield constant, str(column)


def parameter_columns(safeguard: Safeguard) -> tuple[str, ...]:
    """Which parameter stands in which column of ``Reading.numbers``."""
    own = tuple(name for name in own_numbers(safeguard) if name not in SHARED)
    return (*SHARED, *own)


def words_of(safeguards: Mapping[str, Safeguard], taken: Collection[str]) -> tuple[Words, ...]:
    """Every safeguard with its names, in the global order of checks; ``taken`` are names that mean something else already."""
    free, slugs = _Free({*taken, *SHARED.values()}), _Free(set())
    found = []
    for name in in_check_order(safeguards):
        safeguard = safeguards[name]
        slug = slugs.take(_slug(name))
        whole = slug.upper()
        columns = [free.take(f"{whole}_{own.upper()}") for own in parameter_columns(safeguard)[len(SHARED) :]]
        found.append(
            Words(
                name=name,
                safeguard=safeguard,
                row=free.take(whole, f"{whole}_{safeguard.kind.upper()}"),
                bit=free.take(f"STOOD_{whole}"),
                habit=free.take(f"HABIT_{whole}"),
                noise=free.take(f"NOISE_{whole}"),
                home=free.take(f"{slug}_rules"),
                columns=dict(zip(parameter_columns(safeguard), [*SHARED.values(), *columns], strict=True)),
                rules={hook: free.take(f"{hook}_{slug}") for hook in HOOKS if hook_of(safeguard, hook) is not None},
            )
        )
    return tuple(found)


class _Free:
    """Names that are not taken yet; each is given once."""

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken

    def take(self, *wanted: str) -> str:
        """The first of the names that are wanted and free; where none is, the last with a number."""
        name, number = wanted[0], 1
        for name in wanted:
            if name not in self._taken:
                break
        while name in self._taken:
            number += 1
            name = f"{wanted[-1]}_{number}"
        self._taken.add(name)
        return name


def names_in(text: str) -> set[str]:
    """Every name in a piece of Python: what stands in docstrings and comments is none."""
    return set(re.findall(r"\w+", re.sub(r'""".*?"""|#[^\n]*', "", text, flags=re.DOTALL)))


def _slug(name: str) -> str:
    """A safeguard's name in small letters of English, digits and underscores, as the middle of an identifier.

    >>> _slug("judge"), _slug("Ünï-判 2"), _slug("7th"), _slug("判")
    ('judge', 'uni_2', 'safeguard_7th', 'safeguard')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub("[^0-9a-z]+", "_", plain)[:_LONGEST].strip("_")
    return words if words[:1].isalpha() else f"safeguard_{words}".rstrip("_")


def _literal(text: str) -> str:
    """A text as Python writes it, over several lines where it is long.

    >>> print(_literal("judge"))
    "judge"
    """
    parts = [text[start : start + _LONGEST] for start in range(0, len(text), _LONGEST)]
    written = [f'"{part}"' if part.isidentifier() and part.isascii() else ascii(part) for part in parts or [""]]
    return written[0] if len(written) == 1 else f"\n    {'\n    '.join(written)}\n"
