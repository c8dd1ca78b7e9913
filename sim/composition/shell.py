"""The words of a command, sorted by who has to hear them: flags of Hydra's, overrides of the model, settings of a multirun."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sim.composition.overrides import SEARCHPATH, as_given, folders_in, in_quotes, is_of_hydra, key_of, refuse_length
from sim.errors import ConfigError, quoted

FLAGS = "--cfg job, -m, --config-dir FOLDER, --help, --info, --package KEY, --resolve"
"""The flags of Hydra's that mean something here, as a mistake lists them."""
_MANY = ("-m", "--multirun")
_SHOWS = (*_MANY, "-h", "--help", "--hydra-help", "--resolve", "--version")
_OF_A_WORD: dict[str, tuple[str, ...]] = {
    "--cfg": ("job", "hydra", "all"),
    "--info": ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath"),
    "--package": (),
    "--config-dir": (),
}
_SHORT = {"-c": "--cfg", "-i": "--info", "-p": "--package", "-cd": "--config-dir"}
_PLACE = "--config-dir"
_TOGETHER = {"--resolve": ("--cfg", "--help"), "--package": ("--cfg",)}  # flags that mean something only beside another
_OF_A_MULTIRUN = re.compile(r"hydra/launcher|hydra/sweeper|hydra\.(launcher|sweeper|sweep)(\.[\w.]+)?")


class Asked(NamedTuple):
    """What was typed behind a study's name, sorted by who has to hear it."""

    flags: tuple[str, ...]  # of Hydra's: what they show, and -m
    overrides: tuple[str, ...]  # of the model, and folders of a user's own as ``SEARCHPATH``
    of_hydra: tuple[str, ...]  # how Hydra spreads the jobs of a multirun

    @property
    def many(self) -> bool:
        """Whether values given with commas are to be spread."""
        return any(flag in _MANY for flag in self.flags)

    @property
    def folders(self) -> list[str]:
        """Folders of a user's own, as they were named."""
        return [folder for word in self.overrides if key_of(word) == SEARCHPATH for folder in folders_in(word)]

    @property
    def is_to_run(self) -> bool:
        """Whether one configuration is to be run, or shown."""
        return not {*_MANY, "-h", "--help", "--hydra-help", "--version"} & {*self.flags}

    @classmethod
    def of(cls, arguments: Sequence[str]) -> Asked:
        """Sort what was typed. Raises ``ConfigError`` for a flag, or a setting of Hydra's, that would do more or nothing."""
        flags, overrides, of_hydra, own = list[str](), list[str](), list[str](), list[str]()
        words = iter(arguments)
        for word in words:
            refuse_length(word)
            if word.startswith("-"):
                flag, value = _flag(word, words)
                if flag == _PLACE:
                    own.append(value)
                else:
                    flags.append(f"{flag}={value}" if value else flag)
            elif key_of(word) == SEARCHPATH:
                own += folders_in(word)
            else:
                (of_hydra if is_of_hydra(key_of(word)) else overrides).append(word)
        _refuse_alone(flags)
        _refuse_settings(of_hydra, flags)
        kept = [f"{SEARCHPATH}=[{','.join(map(in_quotes, own))}]"] if own else []
        return cls(tuple(flags), (*overrides, *kept), tuple(of_hydra))


def _flag(word: str, words: Iterator[str]) -> tuple[str, str]:
    """A flag under its long name, and the word that belongs to it."""
    flag, equals, value = word.partition("=")
    flag = _SHORT.get(flag, flag)
    if word in _SHOWS:
        return word, ""
    if flag not in _OF_A_WORD:
        raise ConfigError(f"{as_given(word)}: no such flag; accepted: {FLAGS}")
    found, known = value if equals else next(words, ""), _OF_A_WORD[flag]
    if not found or (known and found not in known):
        raise ConfigError(f"{flag}: found {quoted(found)}; accepted: {', '.join(known) or 'a word behind it'}")
    return flag, found


def _refuse_alone(flags: Sequence[str]) -> None:
    """Raise ``ConfigError`` for a flag that would have no effect without, or beside, another one."""
    shown = {flag.partition("=")[0] for flag in flags}
    for flag, others in _TOGETHER.items():
        if flag in shown and not shown & {*others}:
            raise ConfigError(f"{flag}: found alone; accepted: together with {' or '.join(others)}")
    if "--cfg" in shown and shown & {*_MANY}:
        raise ConfigError("-m: found beside --cfg; accepted: one of the two")


def _refuse_settings(of_hydra: Sequence[str], flags: Sequence[str]) -> None:
    """Raise ``ConfigError`` for a setting of Hydra's that is none of a multirun, makes or takes away, or has no effect here."""
    idle = [*flags] in ([], ["--cfg=job"])
    for word in of_hydra:
        makes_or_takes = word.startswith("~") or "_target_" in word
        if not _OF_A_MULTIRUN.fullmatch(key_of(word)) or makes_or_takes or idle:
            wanted = "hydra/launcher, hydra.launcher.*, hydra.sweep.* and hydra.sweeper.* with -m, and hydra.searchpath"
            raise ConfigError(f"{as_given(key_of(word))}: found one of Hydra's own settings; accepted: {wanted}")
