"""The one door to Hydra: YAML and overrides in, a checked ``Config`` out; every mistake becomes one line."""

from __future__ import annotations

import copy
import hashlib
import importlib
import os
import re
import sys
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml
from hydra import compose, initialize_config_dir, main
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import ValidationError
from yaml import YAMLError

from sim.sources.checksums import checksums
from sim.world.leaves import leaves_of
from sim.world.record import ConfigError, Record
from sim.world.reforms import REFORMED, written_everywhere

if TYPE_CHECKING:
    from sim.settings import Config  # it imports Numba, which a listing of scenarios does not need

ADOPTED = "as_adopted"
"""The scenario that changes nothing."""
EVERYWHERE = "everywhere"
"""The value of ``reforms`` that writes a scenario's changes of the treaty into every text."""
_ROOT = "config"
_SCENARIO, _DESIGN = "scenario", "design"
_COMPOSITIONS = 128  # that are kept: a comparison composes one reference for all its scenarios
_FILES, _DIGESTS = 256, 4096  # files of which what they say, and what they hold, is kept
_DIGEST_BYTES = 16
_SETS = re.compile(r"(\+{0,2})[A-Za-z_][\w.-]*=")  # an override that gives one key a value
_MAY = {"": (True,), "+": (False,), "++": (True, False)}  # whether the key may be there already, by Hydra's sign
_OWN = "_self_"  # a file's own body among its defaults
_DERIVED = ("reference", "data", "scenario_name")  # fields of Config that follow from the others
_FREE = ("figures", "analysis")  # parts whose values have no type: a record takes them as they are, so it gets its own
_REFERENCE = ("instruments", "safeguards", "review", "conduct", "adaptation")  # parts of the as-adopted reference
_POLICY_GROUPS = ("scenario", "instrument", "instruments", "safeguard", "safeguards", "conduct", "adaptation", "review")


def config_folder() -> Path:
    """Where the YAML files are: beside ``sim`` in a checkout, inside it in an installed wheel."""
    inside = Path(__file__).parent / "_configs"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "configs"


def load(*overrides: str) -> Config:
    """A checked configuration from overrides in Hydra's grammar.

    >>> load("scenario=no_treaty", "years=5").years
    5

    ``scenario=[a,b]`` composes scenarios: their order means nothing, and two that set one key to different values are
    refused. Raises ``ConfigError``: one line that names the key, what was found and what is accepted.
    """
    return checked(_plain_of(*overrides))


def plain_of(*overrides: str) -> dict[str, Any]:
    """Everything that ``load`` checks, in plain values: what was chosen, the reference and the checksums of the tables."""
    return copy.deepcopy(_plain_of(*overrides))


def _plain_of(*overrides: str) -> dict[str, Any]:
    """The same, of which others may hold parts: not to be written into."""
    given = _Given.of(overrides)
    reference = _composed(given.of_the_world)
    plain = {**_written(given, reference), "reference": {part: reference[part] for part in _REFERENCE}}
    return plain | {"data": _checksums(plain)}


def varied(plain: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """What ``plain_of`` gives, with some dotted keys set otherwise; the original stays as it was.

    The same as composing anew with these keys as overrides, a hundred times faster. What is no policy reaches the
    reference too. A value of ``None`` stands where the key is optional, never for taking a key away. Raises ``ConfigError``
    for what follows from other choices, and for words of the treaty where reforms stand everywhere: they are composed.
    """
    out = dict(plain)
    everywhere = plain.get("reforms") == EVERYWHERE
    for key, value in settings.items():
        if key.split(".")[0] in (*_DERIVED, _SCENARIO, _DESIGN, "reforms"):
            raise ConfigError(f"{key}: no key that can be varied; accepted: a dotted key of the configuration")
        if everywhere and key.startswith(f"instruments.{REFORMED}."):
            raise ConfigError(f"{key}: varied under reforms={EVERYWHERE}; accepted: under reforms={REFORMED}, or as arms")
        _put_anew(out, key.split("."), value)
        if key.split(".")[0] in _REFERENCE and not is_policy(key):
            _put_anew(out, ["reference", *key.split(".")], value)
    return out | {"data": _checksums(out)} if any(key.startswith("states.") for key in settings) else out


def _put_anew(nested: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Write a leaf, copying the maps on the way and no others: what shares them stays as it was."""
    for name in path[:-1]:
        below = nested.get(name)
        nested[name] = dict(below) if isinstance(below, Mapping) else {}
        nested = nested[name]
    nested[path[-1]] = value


def composed(*overrides: str) -> dict[str, Any]:
    """The same as plain values and unchecked, without what is derived from them but the scenario's name."""
    given = _Given.of(overrides)
    return copy.deepcopy(_written(given, _composed(given.of_the_world)))


def as_yaml(*overrides: str) -> str:
    """What ``load`` would check and take, as text: with the scenarios' name, and reforms written where they belong."""
    load(*overrides)
    return OmegaConf.to_yaml(OmegaConf.create(composed(*overrides)))


def _written(given: _Given, reference: Mapping[str, Any]) -> dict[str, Any]:
    """What was chosen, under its name, with the reforms where they belong."""
    chosen = _composed(given.others, given.scenarios)
    everywhere = chosen.get("reforms") == EVERYWHERE
    if everywhere and isinstance(chosen.get("instruments"), Mapping):
        stated = [key.removeprefix("instruments.") for key in map(key_of, given.others) if key.startswith("instruments.")]
        chosen = {**chosen, "instruments": written_everywhere(chosen["instruments"], reference["instruments"], stated)}
    name = "+".join(given.scenarios) + (f"@{EVERYWHERE}" if everywhere else "")
    return {**chosen, **given.design, "scenario_name": name}


@contextmanager
def _hydra() -> Iterator[None]:
    """Inside a running Hydra, or with one of our own."""
    if GlobalHydra.instance().is_initialized():
        yield
        return
    with initialize_config_dir(version_base="1.3", config_dir=str(config_folder().resolve())):
        yield


class _Given(NamedTuple):
    """Overrides, sorted by what has to happen with them."""

    scenarios: tuple[str, ...]  # sorted, without those that another one holds
    design: dict[str, str | None]  # a key beside a folder of that name, which Hydra would take for a group
    others: tuple[str, ...]  # as they were given

    @classmethod
    def of(cls, overrides: Sequence[str]) -> _Given:
        _refuse_doubled(overrides)
        groups = {group: [o for o in overrides if key_of(o).partition("@")[0] == group] for group in (_SCENARIO, _DESIGN)}
        taken = {*groups[_SCENARIO], *groups[_DESIGN]}
        return cls(
            scenarios=_scenarios(groups[_SCENARIO]),
            design={_DESIGN: _design(groups[_DESIGN])} if groups[_DESIGN] else {},
            others=tuple(override for override in overrides if override not in taken),
        )

    @property
    def of_the_world(self) -> tuple[str, ...]:
        """What also holds as adopted, whatever the scenario."""
        return tuple(override for override in self.others if not is_policy(override))


def scenario_of(*overrides: str) -> str:
    """The one name of the scenarios that overrides choose, in whatever order: sorted, and none that another one holds.

    >>> scenario_of("scenario=[notice,judge]")
    'judge+notice'

    Raises ``ConfigError`` for an unknown one, or two that contradict each other.
    """
    return "+".join(_Given.of(overrides).scenarios)


def options(group: str) -> list[str]:
    """Names of the files in a folder of ``configs/``."""
    return sorted(path.stem for path in (config_folder() / group).glob("*.yaml"))


def path_of(group: str, name: str) -> Path:
    """Where an option of a group is written."""
    return config_folder() / group / f"{name}.yaml"


def read_yaml(path: Path, keys_are_names: bool = False) -> Any:
    """What a YAML file says, in plain values. Raises ``ConfigError`` if it cannot be read.

    With ``keys_are_names`` every key is the word that was written, where YAML would read a truth value or a number.
    """
    try:
        mark = path.stat()
        return copy.deepcopy(_read_once(path, keys_are_names, (mark.st_mtime_ns, mark.st_size)))
    except (OSError, UnicodeDecodeError, YAMLError, OmegaConfBaseException) as error:
        raise ConfigError(f"{shown(path)}: {' '.join(str(error).split())}; accepted: a readable YAML file") from None


@lru_cache(maxsize=_FILES)
def _read_once(path: Path, keys_are_names: bool, stamp: tuple[int, int]) -> Any:
    text = path.read_text(encoding="utf-8")
    return OmegaConf.to_container(OmegaConf.load(StringIO(_with_names(text) if keys_are_names else text)))


def _with_names(text: str) -> str:
    """Keys such as ``on``, ``no`` and ``4`` in quotes, as they would have to stand to be words.

    >>> _with_names("levers: {judge: {off: {}, on: judge}}")
    "levers: {judge: {'off': {}, 'on': judge}}"
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except YAMLError:
        return text  # told when it is read
    spans = {(key.start_mark.index, key.end_mark.index) for key in _keys_below(root, set()) if key.tag in _NO_NAMES}
    for start, stop in sorted(spans, reverse=True):
        text = f"{text[:start]}'{text[start:stop]}'{text[stop:]}"
    return text


_NO_NAMES = {f"tag:yaml.org,2002:{kind}" for kind in ("bool", "int", "float", "null", "timestamp")}


def _keys_below(node: yaml.Node | None, met: set[int]) -> Iterator[yaml.ScalarNode]:
    """The plain keys of a map and of all that lies in it."""
    if node is None or id(node) in met:
        return
    met.add(id(node))
    for entry in node.value if isinstance(node, yaml.MappingNode | yaml.SequenceNode) else ():
        if isinstance(entry, tuple):
            if isinstance(entry[0], yaml.ScalarNode) and entry[0].style is None:
                yield entry[0]
            yield from _keys_below(entry[1], met)
        else:
            yield from _keys_below(entry, met)


def shown(path: Path) -> str:
    """A file of the configuration as it is named to people."""
    folder = config_folder()
    return f"configs/{path.relative_to(folder).as_posix()}" if path.is_relative_to(folder) else path.as_posix()


def value_of(override: str) -> Any:
    """What stands behind the equals sign, as Hydra reads it. Raises ``ConfigError`` if it cannot be read."""
    try:
        return OverridesParser.create().parse_override(override).value()
    except HydraException:
        raise ConfigError(_unread(override)) from None


def _unread(override: str) -> str:
    return f"{override}: no override that can be read; accepted: key=value in Hydra's grammar"


def _design(given: Sequence[str]) -> str | None:
    found, known = value_of(given[0]), options(_DESIGN)
    if given[0].startswith(f"{_DESIGN}=") and (found is None or found in known or _is_file(found)):
        return None if found is None else str(found)
    wanted = f"{', '.join(known)}, or the path of a YAML file"
    raise ConfigError(f"{_DESIGN}: found {given[0].removeprefix(f'{_DESIGN}=')!r}; accepted: {wanted}")


def _is_file(found: Any) -> bool:
    return isinstance(found, str) and found.endswith(".yaml") and Path(found).is_file()


def _scenarios(given: Sequence[str]) -> tuple[str, ...]:
    """The scenarios that an override asks for: sorted, each once, and none that another one lists among its own defaults."""
    if not given:
        return (ADOPTED,)
    override, known = given[0], ", ".join(options(_SCENARIO))
    value = value_of(override)
    names = [str(name) for name in value] if isinstance(value, list) else [str(value)]
    if not override.startswith(f"{_SCENARIO}=") or not isinstance(value, str | list):
        found = override.removeprefix(f"{_SCENARIO}=")
        raise ConfigError(f"{_SCENARIO}: found {found!r}; accepted: a name, or several as [a,b], of {known}")
    if not names:
        raise ConfigError(f"{_SCENARIO}: found an empty list; accepted: one or more of {known}")
    for place, name in enumerate(names):
        if name not in options(_SCENARIO):
            raise ConfigError(f"{_SCENARIO}: found {name!r}; accepted: {_accepted(_SCENARIO, name)}")
        if name in names[:place]:
            raise ConfigError(f"{_SCENARIO}: found {name!r} twice; accepted: each name once")
    parts = {name: _parts(name) for name in names}
    _refuse_clash({part: body for held in parts.values() for part, body in held.items()})
    held = {part for name in names for part in parts[name] if part != name}
    return tuple(sorted({*names} - held - {ADOPTED})) or (ADOPTED,)


def _parts(name: str, above: tuple[str, ...] = ()) -> dict[str, dict[str, Any]]:
    """Every file that a scenario is composed of, itself included: ``{name: leaves}``.

    A choice among another group counts as a leaf too, under the key that chooses (``override /conduct``).
    """
    path = path_of(_SCENARIO, name)
    body = read_yaml(path) or {}
    if not isinstance(body, Mapping):
        raise ConfigError(f"{shown(path)}: found no map; accepted: key: value")
    parts: dict[str, dict[str, Any]] = {}
    leaves = leaves_of({key: value for key, value in body.items() if key != "defaults"})
    for derived in body.keys() & {*_DERIVED}:
        raise ConfigError(f"{shown(path)}: found {derived!r}, which follows from the choice; accepted: {', '.join(_settable())}")
    for entry in body.get("defaults") or ():
        if isinstance(entry, Mapping):
            leaves |= {str(key): value for key, value in entry.items()}
        elif entry in (*above, name):
            raise ConfigError(f"{shown(path)}: defaults: found {entry!r}, which holds {name!r} itself; accepted: other scenarios")
        elif entry != _OWN and entry not in options(_SCENARIO):
            raise ConfigError(f"{shown(path)}: defaults: found {entry!r}; accepted: {_OWN}, {', '.join(options(_SCENARIO))}")
        elif entry != _OWN:
            parts |= _parts(entry, (*above, name))
    return parts | {name: leaves}


def _refuse_clash(parts: Mapping[str, Mapping[str, Any]]) -> None:
    """Scenarios add up only where no two of them say different things of one key."""
    said: dict[str, tuple[str, Any]] = {}
    for name, leaves in sorted(parts.items()):
        for key, value in leaves.items():
            other, before = said.setdefault(key, (name, value))
            if before != value:
                raise _clash(key, (other, repr(before)), (name, repr(value)))
    for key, (name, _) in said.items():
        for above in _above(key):
            if above in said:  # a value where another file has a map
                raise _clash(above, (said[above][0], repr(said[above][1])), (name, "a map"))


def _above(key: str) -> Iterator[str]:
    """The dotted keys in which a key lies."""
    parts = key.split(".")
    return (".".join(parts[:length]) for length in range(1, len(parts)))


def _clash(key: str, one: tuple[str, str], other: tuple[str, str]) -> ConfigError:
    (a, before), (b, after) = sorted((one, other))
    return ConfigError(
        f"{key}: found {before} in configs/{_SCENARIO}/{a}.yaml and {after} in configs/{_SCENARIO}/{b}.yaml; "
        "accepted: scenarios that set a key to one value"
    )


def _checksums(chosen: Mapping[str, Any]) -> dict[str, str]:
    """What the tables hold, and not where they lie, decides a result."""
    states = chosen.get("states")
    if not isinstance(states, Mapping) or states.get("source") != "real":
        return {}
    own = {"states": states.get("table"), "penalties": states.get("penalty_table")}
    return checksums({f"{name}.csv": Path(str(path)) for name, path in own.items() if path})


def key_of(override: str) -> str:
    """The key that an override sets, without Hydra's signs for adding and deleting."""
    return override.partition("=")[0].lstrip("+~").strip()


def _refuse_doubled(overrides: Sequence[str]) -> None:
    """A key that is given twice would silently keep its last value; and the reference is derived, never given."""
    seen: set[str] = set()
    for override in overrides:
        if not isinstance(override, str):
            raise ConfigError(f"load: found {override!r}; accepted: overrides as text, such as 'years=5'")
        key = key_of(override)
        if key in seen and "=" in override:
            raise ConfigError(f"{key}: found twice among the overrides; accepted: once")
        if key.split(".")[0] in _DERIVED:
            raise ConfigError(f"{key}: no such key; accepted: {', '.join(_settable())}")
        seen.add(key)


def _settable() -> list[str]:
    from sim.settings import Config

    return [name for name in Config.model_fields if name not in _DERIVED]


def is_policy(override: str) -> bool:
    """Whether an override belongs to what a scenario may change; the as-adopted reference is composed without it.

    Of the review only what is a fact of the authorities (``CAPACITY_KEYS``) reaches the reference.
    """
    key = key_of(override).split("@")[0].split(".")
    if key[0] == "review" and len(key) > 1:
        from sim.settings import CAPACITY_KEYS

        return key[1] not in CAPACITY_KEYS
    return key[0] in _POLICY_GROUPS


def _composed(overrides: Sequence[str], scenarios: Sequence[str] = (ADOPTED,)) -> dict[str, Any]:
    """What overrides and scenarios make of the files, in plain values. Raises ``ConfigError``.

    Hydra composes each set of choices among files once. Values, and scenarios that hold values alone, are written over
    that: the same as to compose all of it anew, in a hundredth of the time. Whatever else is asked for goes to Hydra whole.
    What is handed out shares its maps with what is kept: it is not to be written into.
    """
    choices = tuple(override for override in overrides if _chooses(override))
    values = [override for override in overrides if override not in choices]
    named = () if tuple(scenarios) == (ADOPTED,) else (f"{_SCENARIO}=[{','.join(scenarios)}]",)
    found = None
    if not named or _hold_values_alone(scenarios):
        found = _with_values(_by_hydra(choices), scenarios if named else (), values)
    return _by_hydra((*overrides, *named)) if found is None else found


def _with_values(composed: Mapping[str, Any], scenarios: Sequence[str], values: Sequence[str]) -> dict[str, Any] | None:
    """A composition over which scenarios, then overrides, have written their values; None where an override does more than that.

    The composition stays as it is: maps are copied on the way to what is written.
    """
    plain = dict(composed)
    for name in scenarios:
        for body in _parts(name).values():
            for key, value in body.items():
                _put_anew(plain, key.split("."), value)
    for override in values:
        key, sign = key_of(override), _SETS.match(override)
        if sign is None or not _is_written_as_it_is(value := value_of(override)):
            return None
        above, _, last = key.rpartition(".")
        node = _at(plain, above)
        if not sign[1] and (node is None or last not in node):
            raise ConfigError(_no_such(key))
        if node is None or isinstance(node.get(last), Mapping) or (last in node) not in _MAY[sign[1]]:
            return None
        _put_anew(plain, key.split("."), value)
    return plain


def _at(plain: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    """The map under a dotted key; None if there is none."""
    node: Any = plain
    for name in filter(None, key.split(".")):
        node = node.get(name) if isinstance(node, Mapping) else None
    return node if isinstance(node, Mapping) else None


def _chooses(override: str) -> bool:
    """Whether an override chooses among the files of a group."""
    return override[:1].isalpha() and bool(_SETS.match(override)) and bool(options(key_of(override)))


def _hold_values_alone(scenarios: Sequence[str]) -> bool:
    """Whether the files of scenarios only set values, with nothing that Hydra would have to work out.

    They are written over the text as adopted, which Hydra would leave out: so that one may hold no value.
    """
    parts = {part: body for name in scenarios for part, body in _parts(name).items()}
    return not _parts(ADOPTED)[ADOPTED] and all(_holds_values_alone(part, body) for part, body in parts.items())


def _holds_values_alone(name: str, leaves: Mapping[str, Any]) -> bool:
    body = read_yaml(path_of(_SCENARIO, name)) or {}
    with path_of(_SCENARIO, name).open(encoding="utf-8") as file:
        is_global = file.readline().split() == ["#", "@package", "_global_"]
    whole = all(isinstance(key, str) and value != {} for key, value in _entries(body))
    chosen = any(isinstance(entry, Mapping) for entry in body.get("defaults") or ())
    return is_global and whole and not chosen and all(map(_is_written_as_it_is, leaves.values()))


def _entries(body: Mapping[Any, Any]) -> Iterator[tuple[Any, Any]]:
    """All entries of a map and of the maps in it."""
    for key, value in body.items():
        yield key, value
        if isinstance(value, Mapping):
            yield from _entries(value)


def _is_written_as_it_is(value: Any) -> bool:
    """Whether a value is one that Hydra takes over as it stands: no map, nothing to interpolate or still to be given."""
    if isinstance(value, list):
        return all(map(_is_written_as_it_is, value))
    if isinstance(value, str):
        return "$" not in value and value != "???"
    return value is None or isinstance(value, bool | int | float)


def _by_hydra(overrides: Sequence[str]) -> dict[str, Any]:
    """What Hydra makes of overrides, in plain values that are kept: not to be written into. Raises ``ConfigError``."""
    return _composed_once(tuple(overrides), _contents(any(_SCENARIO in override for override in overrides)))


def _contents(with_scenarios: bool) -> str:
    """Digest of what a composition is made from: every file but designs, and but scenarios where none is chosen."""
    folder, digest = str(config_folder()), hashlib.blake2b(digest_size=_DIGEST_BYTES)
    aside = (f"{_DESIGN}/",) if with_scenarios else (f"{_DESIGN}/", f"{_SCENARIO}/")
    for file in _files(folder):
        name = file.path[len(folder) + 1 :].replace(os.sep, "/")
        if not name.startswith(aside) or name == f"{_SCENARIO}/{ADOPTED}.yaml":
            mark = file.stat()
            digest.update(name.encode() + _digest_of(file.path, (mark.st_mtime_ns, mark.st_size)))
    return digest.hexdigest()


def _files(folder: str) -> Iterator[os.DirEntry[str]]:
    """All YAML files below a folder, in the order of their names."""
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _files(entry.path)
        elif entry.name.endswith(".yaml"):
            yield entry


@lru_cache(maxsize=_DIGESTS)
def _digest_of(path: str, stamp: tuple[int, int]) -> bytes:
    return hashlib.blake2b(Path(path).read_bytes(), digest_size=_DIGEST_BYTES).digest()


@lru_cache(maxsize=_COMPOSITIONS)
def _composed_once(overrides: tuple[str, ...], contents: str) -> dict[str, Any]:
    try:
        with _hydra():
            config = compose(_ROOT, overrides=list(overrides))
        plain = OmegaConf.to_container(config, resolve=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_told(str(error), overrides)) from None
    except YAMLError as error:
        raise ConfigError(f"configs/: {' '.join(str(error).split())}; accepted: readable YAML files") from None
    except ValueError as error:  # what Hydra says of a group that is no name
        found = " ".join(overrides)
        raise ConfigError(f"{found}: {' '.join(str(error).split())}; accepted: key=value in Hydra's grammar") from None
    return {str(key): value for key, value in plain.items() if key != "hydra"} if isinstance(plain, dict) else {}


def _told(message: str, overrides: Sequence[str]) -> str:
    """Hydra's error as one line: key, what was found, what is accepted."""
    missing = re.search(r"Could not (?:find|load) '([^']+)/([^'/]+)'", message)
    if missing:
        group, found = missing.groups()
        return f"{group}: found {found!r}; accepted: {_accepted(group, found)}"
    unknown = re.search(r"is not in struct\s+full_key: (\S+)", message) or re.search(r"Could not override '([^']+)'", message)
    if unknown:
        return _no_such(unknown.group(1))
    if "override_grammar" in message:
        return _unread(next((o for o in overrides if o in message), " ".join(overrides)))
    return f"{', '.join(overrides) or 'configs/'}: {' '.join(message.split())}"


def _accepted(group: str, found: str) -> str:
    """The options of a group; of scenarios that are joined as designs join them, the list that is meant."""
    known, several = options(group), found.split("+")
    if group == _SCENARIO and len(several) > 1 and {*several} <= {*known}:
        return f"[{','.join(several)}]"
    return ", ".join(known) or "a group of configs/"


def _no_such(full_key: str) -> str:
    """Where a dotted key leaves the configuration, and what there is at that place."""
    node: Any = _composed(())
    trail: list[str] = []
    for part in full_key.split("."):
        trail.append(part)
        if not isinstance(node, Mapping) or part not in node:
            break
        node = node[part]
    keys = [str(key) for key in node if key != "_target_"] if isinstance(node, Mapping) else []
    return f"{'.'.join(trail)}: no such key; accepted: {', '.join(keys) or 'no key below this one'}"


def checked(plain: Mapping[str, Any]) -> Config:
    """Plain values as a ``Config``. Raises ``ConfigError`` for the first thing that is wrong."""
    from sim.settings import Config

    values = {**plain, **{part: copy.deepcopy(plain[part]) for part in _FREE if part in plain}}
    values["safeguards"] = safeguards_of(values.get("safeguards", {}), "safeguards")
    if "reference" in values:
        reference = dict(values["reference"])
        reference["safeguards"] = safeguards_of(reference["safeguards"], "safeguards")
        values["reference"] = reference
    try:
        return Config(**values)
    except ValidationError as error:
        raise ConfigError(_first(error, Config)) from None


def safeguards_of(blocks: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Each block as the record that its ``_target_`` names; targets are resolved only under ``sim.``."""
    return {name: _instance(block, f"{key}.{name}") for name, block in blocks.items()}


def _instance(block: Any, key: str) -> Any:
    if isinstance(block, Record):
        return block
    target = block.get("_target_") if isinstance(block, Mapping) else None
    if not isinstance(target, str) or not target.startswith("sim."):
        raise ConfigError(f"{key}._target_: found {target!r}; accepted: the dotted path of a record under sim.")
    module_name, _, class_name = target.rpartition(".")
    try:
        record = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError):
        raise ConfigError(f"{key}._target_: nothing is named {target!r}; accepted: a record under sim.") from None
    if not (isinstance(record, type) and issubclass(record, Record)):
        raise ConfigError(f"{key}._target_: found {target!r}, which is no safeguard; accepted: a record under sim.")
    try:
        return record(**{name: value for name, value in block.items() if name != "_target_"})
    except ValidationError as error:
        raise ConfigError(_first(error, record, key)) from None


def _first(error: ValidationError, root: type[Record], key: str = "") -> str:
    """The first mistake as one line."""
    problem = error.errors(include_url=False)[0]
    location = [str(part) for part in problem["loc"] if part != "[key]"]
    place = ".".join([key, *location] if key else location) or "configuration"
    kind, message = problem["type"], problem["msg"]
    if kind == "extra_forbidden":
        return f"{place}: no such key; accepted: {_fields(root, problem['loc'][:-1])}"
    if kind == "missing":
        return f"{place}: found nothing; accepted: a value"
    if kind == "value_error":
        text = str(problem["ctx"]["error"]) if "ctx" in problem else message
        return text if place == "configuration" else f"{place}.{text}"
    if kind.startswith("bool"):
        return f"{place}: found {problem['input']!r}; accepted: true or false"
    wanted = re.sub(r"^Input should be (a |an )?(valid )?", "", message).replace("integer", "a whole number")
    return f"{place}: found {problem['input']!r}; accepted: {wanted}"


def _fields(root: type[Record], location: tuple[int | str, ...]) -> str:
    kind: Any = root
    for part in location:
        if isinstance(kind, type) and issubclass(kind, Record):
            kind = kind.model_fields[str(part)].annotation
        while typing.get_origin(kind) in (typing.Annotated, types.UnionType, typing.Union):
            kind = typing.get_args(kind)[0]
        if typing.get_origin(kind) is dict and part not in getattr(root, "model_fields", {}):
            kind = typing.get_args(kind)[1]
    known = isinstance(kind, type) and issubclass(kind, Record)
    return ", ".join(name for name in kind.model_fields if name not in _DERIVED) if known else "the keys in configs/"


def _is_choice(argument: str) -> bool:
    """What follows a flag such as ``--cfg`` and is no override."""
    return argument in ("job", "hydra", "all", "defaults", "config")


def run_from_shell(study: Callable[..., Any], arguments: Sequence[str], name: str) -> None:
    """Hand a study its overrides; with flags (``--help``, ``--cfg hydra``, multirun) Hydra reads the arguments first.

    Every mistake comes out as an exception of ours, never as Hydra's own report: the study's first failure is kept and
    raised once Hydra is done, so that in a multirun the other jobs still run.
    """
    flags = [argument for argument in arguments if argument.startswith("-")]
    overrides = [argument for argument in arguments if argument not in flags and not (flags and _is_choice(argument))]
    if not {"-m", "--multirun", "-h", "--help", "--hydra-help", "--version"} & set(flags):
        load(*overrides)  # a mistake reads the same here and from Python
    if flags:
        _through_hydra(study, arguments, name)
    else:
        study(*overrides)


class _JobError(Exception):
    """A job's own failure on its way home from a launcher: what comes otherwise is the launcher's."""

    def __init__(self, own: Exception) -> None:
        super().__init__(own)  # or it could not travel between processes
        self.own = own


def _through_hydra(study: Callable[..., Any], arguments: Sequence[str], name: str) -> None:
    held = [argument for argument in arguments if key_of(argument) == _DESIGN]  # Hydra would take it for a group
    failures: list[Exception] = []
    launchers = [argument.partition("=")[2] for argument in arguments if key_of(argument) == "hydra/launcher"]
    elsewhere = launchers[-1] if launchers and launchers[-1] != "basic" else None

    def job(composed: DictConfig) -> None:
        try:
            study(*HydraConfig.get().overrides.task, *held)
        except Exception as error:
            if elsewhere:  # in a process of a launcher: Hydra carries it home
                raise _JobError(error) from error
            failures.append(error)

    job.__module__, job.__qualname__ = __name__, name
    before = sys.argv
    sys.argv = [f"rogatory {name}", *(argument for argument in arguments if argument not in held)]
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises instead of printing a traceback of its own
    try:
        main(version_base="1.3", config_path=str(config_folder().resolve()), config_name=_ROOT)(job)()
    except _JobError as error:
        raise error.own from None
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(_told(str(error), list(arguments))) from None
    except (BrokenExecutor, MemoryError):  # a lost worker, whoever started it
        raise
    except Exception as error:
        if elsewhere is None:
            raise
        told = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise ConfigError(
            f"hydra/launcher: found {elsewhere}, which could not start ({told}); accepted: hydra.launcher.* as it takes them here, "
            "or hydra/launcher=basic"
        ) from None
    finally:
        sys.argv = before
    if failures:
        raise failures[0]
