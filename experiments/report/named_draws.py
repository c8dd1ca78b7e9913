"""Every named draw in the code: its purpose, its law, the keys that tell one from another, and whose luck it is."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from experiments.report.code import Module, module_of, modules_in, parsed
from sim.draws import Draws, name_key
from sim.review.assembly import HOMES, source_of
from sim.review.safeguard import Safeguard

WORLD, LUCK, NO_SEED = "world", "luck", "no seed"
_OF_THE_WORLD = ("fact:", "trait:", "person:", "calibration")  # purposes that the world's seed settles; all others are luck
_UNSEEDED = "np.uint64(0)"  # in the place of a seed: names of rows, the same under every seed
_MADE = "sim.made_from_the_safeguards"  # the generated module
_LOOP = (*HOMES, "sim.review.made")  # modules whose functions are read as they stand in the generated module
_SCALARS = ("u1", "u2", "u3", "opened")  # of sim.draws, called with a seed and a purpose
_AT_ONCE = ("u1", "u2", "u3")  # of these, those that give a number and not a hash that is read further down
_LAWS = {
    "normal_quantile": "normal",
    "exponential_quantile": "exponential",
    "waiting_time": "exponential",
    "gumbel_quantile": "Gumbel",
    "poisson_quantile": "Poisson",
    "unit": "uniform",  # of a hash that is read as it is
}
_METHODS = ("uniform", "normal", "gumbel", "poisson", "gamma", "beta", "derived")


class Draw(NamedTuple):
    """One named draw."""

    purpose: str
    law: str  # of the number drawn
    keys: tuple[str, ...]  # as the code writes them
    where: str  # module and function
    of: str  # WORLD, LUCK or NO_SEED


def named_draws(safeguards: Mapping[str, Safeguard]) -> list[Draw]:
    """All named draws of the simulation under these safeguards, by whose luck they are and by name; each place once."""
    made = parsed(_MADE, source_of(safeguards))
    places = [module_of(name) for name in modules_in() if name not in (*_LOOP, "sim.draws")]
    own = {name for home in _LOOP for name in _constants(module_of(home))}
    words = {name: word for name, word in _constants(made).items() if name not in own}
    found = {_worded(draw, words) for place in [*places, made] for draw in _draws_in(place)}
    return sorted(found, key=lambda draw: ((WORLD, LUCK, NO_SEED).index(draw.of), draw.purpose, draw.where, draw.keys))


def _worded(draw: Draw, words: Mapping[str, str]) -> Draw:
    """Keys that are constants of the generated module, as the names that they stand for."""
    return draw._replace(keys=tuple(f"'{words[key]}'" if key in words else key for key in draw.keys))


def owner_of(purpose: str) -> str:
    """Whose seed settles a purpose: the world's, or the events'.

    >>> owner_of("fact:mlat"), owner_of("patience")
    ('world', 'luck')
    """
    return WORLD if purpose.startswith(_OF_THE_WORLD) else LUCK


@lru_cache(maxsize=1)
def names_hashed() -> dict[int, str]:
    """Every name that the code turns into a key by itself, by that key."""
    found: dict[int, str] = {}
    for name in modules_in():
        for node in ast.walk(module_of(name).tree):
            if isinstance(node, ast.Call):
                found |= {int(name_key(word)): word for word in _hashed(node)}
    return found


def _hashed(call: ast.Call) -> list[str]:
    """Literal names in ``name_key("a")`` or in ``map(name_key, ("a", "b"))``."""
    called = getattr(call.func, "id", "")
    given: list[ast.expr] = []
    if called == "name_key":
        given = call.args[:1]
    elif called == "map" and getattr(call.args[0], "id", "") == "name_key" and isinstance(call.args[1], ast.Tuple):
        given = call.args[1].elts
    return [node.value for node in given if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def _constants(place: Module) -> dict[str, str]:
    """The constants of a module that hold the key of a name, ``{constant: name}``."""
    found: dict[str, str] = {}
    for node in place.tree.body:
        if isinstance(node, ast.ImportFrom) and node.module in _LOOP:
            found |= _constants(module_of(node.module))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            names = _names_in(node.targets[0])
            words = _hashed(node.value)
            if len(words) == len(names):
                found |= dict(zip(names, words, strict=True))
    return found


def _names_in(target: ast.expr) -> list[str]:
    """The names that an assignment sets."""
    return [one.id for one in (target.elts if isinstance(target, ast.Tuple) else [target]) if isinstance(one, ast.Name)]


def _draws_in(place: Module) -> Iterator[Draw]:
    """Every named draw that a module makes, by each function that makes it."""
    constants = _constants(place)
    for top in ast.walk(place.tree):
        if isinstance(top, ast.FunctionDef):
            own = _written_in(top.name) if place.name == _MADE else place.name
            around = _around(top)
            for call in around:
                found = _by_method(call) or _by_kernel(call, constants, around, top)
                if found is not None:
                    purpose, law, keys = found
                    unseeded = bool(call.args) and ast.unparse(call.args[0]) == _UNSEEDED
                    yield Draw(purpose, law, keys, f"{own}.{top.name}", NO_SEED if unseeded else owner_of(purpose))


def _written_in(name: str) -> str:
    """The module that holds the text of a function of the generated module, or declares it; that module itself for a rule's."""
    return next((home for home in _LOOP if name in module_of(home).functions), _MADE)


def _around(top: ast.FunctionDef) -> dict[ast.Call, str]:
    """Every call of a function, with the name of the call that it is an argument of."""
    found: dict[ast.Call, str] = {}
    for node in ast.walk(top):
        if isinstance(node, ast.Call):
            found.setdefault(node, "")
            for argument in node.args:
                if isinstance(argument, ast.Call):
                    found[argument] = getattr(node.func, "id", "")
    return found


def _by_method(call: ast.Call) -> tuple[str, str, tuple[str, ...]] | None:
    """Purpose, law and keys of a draw by a method, ``draws.normal("purpose", key, key)``; None for any other call."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in _METHODS:
        return None
    names = [*inspect.signature(getattr(Draws, call.func.attr)).parameters][1:]
    place = names.index("name" if call.func.attr == "derived" else "purpose")
    purpose = _literal(call.args[place]) if len(call.args) > place else None
    if purpose is None:
        return None
    law = {"derived": "a seed of its own", "gumbel": "Gumbel", "poisson": "Poisson"}.get(call.func.attr, call.func.attr)
    return purpose, law, tuple(ast.unparse(key) for key in call.args[place + 1 :])


def _literal(node: ast.expr) -> str | None:
    """A purpose that is written out; what it leaves open stands in braces."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return ast.unparse(node)[2:-1] if isinstance(node, ast.JoinedStr) else None


def _by_kernel(
    call: ast.Call, constants: Mapping[str, str], around: Mapping[ast.Call, str], top: ast.FunctionDef
) -> tuple[str, str, tuple[str, ...]] | None:
    """Purpose, law and keys of a draw in compiled code, ``u2(seed, PURPOSE, key, key)``; None for any other call."""
    purpose = _handed(call, constants)
    if purpose is None:
        return None
    at_once = getattr(call.func, "id", "") in _AT_ONCE
    law = _LAWS.get(around[call], "uniform") if at_once else _later(top) or "a key"
    return purpose, law, tuple(ast.unparse(key) for key in call.args[2:] or _absorbed(around))


def _handed(call: ast.Call, constants: Mapping[str, str]) -> str | None:
    """The purpose that a call hands over behind a seed: a constant that stands for a name, or ``name_key("a")``."""
    called = getattr(call.func, "id", "")
    if len(call.args) <= 1 or called in (*_METHODS, "map", "name_key"):
        return None
    given = call.args[1]
    if called in _SCALARS and isinstance(given, ast.Name):
        return constants.get(given.id)
    return next(iter(_hashed(given)), None) if isinstance(given, ast.Call) else None


def _absorbed(around: Mapping[ast.Call, str]) -> list[ast.expr]:
    """Keys that a hash takes in one by one, in the order of the source."""
    keys = [call.args[1] for call in around if getattr(call.func, "id", "") == "absorb"]
    return sorted(keys, key=lambda key: (key.lineno, key.col_offset))


def _later(top: ast.FunctionDef) -> str:
    """What becomes of a hash that is opened here and read further down."""
    called = {getattr(node.func, "id", "") for node in ast.walk(top) if isinstance(node, ast.Call)}
    return next((law for name, law in _LAWS.items() if name in called and name != "normal_quantile"), "")
