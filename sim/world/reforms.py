"""A reform that states adopt for all their cooperation, and not for one treaty alone, stands in every text that they apply."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping

from sim.world.leaves import Plain, changed_leaves, leaves_of, put

REFORMED = "hanoi"
"""The text that scenarios change."""
OF_THE_TREATY = ("parties", "order", "from_start", "filing", "delay_factor", "side_doors", "displaces")
"""Who is bound, its rank, beginning, use, own doors, and what it keeps out of own law: no other text can take these over."""
OF_THE_STATE = ("safeguards", "stops_preservation", "secrecy")
"""What a state does with any foreign request, by its own law, whether or not a text binds it."""


def written_everywhere(chosen: Mapping[str, Plain], adopted: Mapping[str, Plain], stated: Collection[str] = ()) -> dict[str, Plain]:
    """The chosen instruments with every change of the treaty's text written into the other texts too.

    A change is a word of the treaty in ``chosen`` that differs from ``adopted`` (as adopted); ``stated`` are dotted keys
    that the user set, such as ``mlat.safeguards.judge``.

    - Forces of ``safeguards``, ``stops_preservation`` and ``secrecy`` go to all texts and to comity, for they are what a
      state's own law does with a foreign request, whatever it is based on.
    - ``reaches``, ``threshold_years``, ``seriousness``, ``harm_floor``, ``adds``, ``most``, ``obliges`` go to all texts but
      comity: where there is no text there is no scope, and comity must go on reaching everything. A text that reaches a
      class of offences ``always`` asks for no seriousness there, so that another threshold changes nothing in it.
    - ``parties``, ``order``, ``from_start``, ``filing``, ``delay_factor``, ``side_doors``, ``displaces`` stay the treaty's own.
    - What the choice itself says of another text stands: a change there, or a key in ``stated``.

    Both maps are ``{text: {field: ...}}`` in plain values; neither is altered. *Assumption*: a state that reforms its law
    applies it at once under all its texts, without the years that renegotiation would take.
    """
    texts = {name: copy.deepcopy(dict(text)) for name, text in chosen.items()}
    if REFORMED not in texts or REFORMED not in adopted:
        return texts
    reform = _reform(adopted[REFORMED], texts[REFORMED])
    last = max(texts, key=lambda name: (texts[name]["order"], name))
    for name in texts.keys() - {REFORMED}:
        own = {*changed_leaves(adopted.get(name, texts[name]), texts[name]), *_below(name, stated)}
        for key, value in reform.items():
            if (name != last or _field(key) in OF_THE_STATE) and not _said(key, own):
                put(texts[name], key, value)
    return texts


def _reform(adopted: Plain, treaty: Plain) -> dict[str, object]:
    # What the treaty says otherwise than as adopted and other texts can say too: dotted key to value; what it drops is not
    kept = leaves_of(treaty)
    changes = {key: new for key, (_, new) in changed_leaves(adopted, treaty).items() if key in kept}
    return {key: new for key, new in changes.items() if _field(key) not in OF_THE_TREATY}


def _field(key: str) -> str:
    return key.partition(".")[0]


def _below(name: str, stated: Collection[str]) -> set[str]:
    return {key.removeprefix(f"{name}.") for key in stated if key.startswith(f"{name}.")}


def _said(key: str, own: Collection[str]) -> bool:
    """Whether a key, or the map in which it lies, is among ``own``."""
    return any(key == said or key.startswith(f"{said}.") for said in own)
