"""Names that users may give to what they study, and that a figure, a page or a terminal may stumble over."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from tests.figures.examples import EXAMPLES, GIVEN

HOSTILE = (
    "$x_1^2$",
    "判决",
    "x" * 200,
    r"\alpha \$y$ {x} %s",
    "права человека",
    "حقوق الإنسان",
    '<script>alert("a")</script>&amp;',
    "   ",
    "_lead_underscore",
    "[bold red]a[/]",
    "100%",
    "red\x1b[31m\x07\r",
    "bidi\u202eright",
    "two\nlines\tand\x00",
    "half \udc80",
    "Ünïcode née",
    "हिन्दी 😀👩\u200d👩\u200d👧 \U0001f9ec",
    "=1+1",
    "$$$",
    "'quoted' `ticks` *stars*",
    "W" * 200,
    "\u200b\u3164",
    "+A1+B1",
    "-2+3",
    '@SUM(A1)|"x"',
    "\\",
    "]]>--><!--",
    "a\u2028b\u061c",
)
_MOST = 9  # names in one frame

COLUMNS: dict[str, tuple[str, ...]] = {
    "adaptation": ("scenario",),
    "targeted_rate": ("scenario", "group"),
    "flows": ("requester", "requested"),
    "fates": ("scenario", "purpose"),
    "backlog": ("scenario", "quantity"),
    "tile_map": ("code", "name"),
    "change_map": ("code", "name"),
    "targeted_change": ("group",),
    "headline": ("metric", "unit"),
    "requested_side": ("scenario", "requested", "purpose"),
    "forest": ("arm",),
    "plane": ("arm",),
    "slices": ("arm", "level"),
    "shapley_waterfall": ("lever",),
    "heat_map": ("panel", "row", "column"),
    "interactions": ("lever", "other"),
    "pareto": ("label", "bundle"),
    "sobol_bars": ("factor",),
    "pawn_bars": ("factor",),
    "tornado": ("factor", "lowest", "highest"),
    "morris_plane": ("factor",),
    "regret": ("policy",),
    "spans": ("arm", "low_assumption", "high_assumption"),
    "conclusions": ("arm", "condition"),
    "first_places": ("arm", "condition"),
    "patterns": ("pattern", "said", "target"),
    "calibration": ("key", "words"),
    "fan": ("outcome", "unit"),
    "costs": ("label", "part"),
    "scales": ("scale", "stage"),
    "discovery_boxes": ("parameter", "says"),
    "discovery_plane": ("x_parameter", "y_parameter"),
}
"""Columns of each figure's frame that hold names of a user's making."""


def renamed(name: str, hostile: Sequence[str]) -> tuple[pd.DataFrame, dict[str, Any], dict[str, str]]:
    """A figure's example and what is given with it, with hostile names for its own, and which stands for which."""
    frame = EXAMPLES[name]()
    own = [value for column in COLUMNS[name] for value in frame[column].unique() if isinstance(value, str)]
    parts = list(dict.fromkeys(part for value in own for part in value.split("+") if part))
    other = dict(zip(parts, [one.replace("+", "p") if name == "pareto" else one for one in hostile], strict=False))

    def told(value: Any) -> Any:
        if isinstance(value, str):
            return "+".join(other.get(part, part) for part in value.split("+"))
        if isinstance(value, dict):
            return {told(key): held for key, held in value.items() if key not in other}
        return type(value)(map(told, value)) if isinstance(value, list | tuple) else value

    for column in COLUMNS[name]:
        frame[column] = pd.Series([told(value) for value in frame[column]], frame.index, object)
    given = {
        key: value if isinstance(value, str) and key in ("opens", "closes") else told(value)
        for key, value in GIVEN.get(name, {}).items()
    }
    return frame, given, other
