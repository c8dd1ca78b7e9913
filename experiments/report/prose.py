"""What the report says whatever the numbers are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sim.world.vocabulary import GROUP_NAMES, Group

TITLE = "People at risk and the UN Convention against Cybercrime: what each rule would change"
CONDITIONAL = "Relative and conditional: nobody knows the true extent of abuse."
_QUESTION = (
    "A state that investigates a serious crime can ask another state for electronic evidence. How often does such a request end "
    "with the data of {people} in the hands of a government that pursues them for what they said or are? How does that change "
    "with each proposed rule, and what does the rule cost in cooperation against real crime?"
)


def question(groups: Sequence[Group]) -> str:
    """What is asked, of the groups of which there is anybody."""
    *most, last = [f"{GROUP_NAMES[group].article} {GROUP_NAMES[group].one}" for group in groups] or ["a person at risk"]
    return _QUESTION.format(people=f"{', '.join(most)} or {last}" if most else last)


SAME_LUCK = "everything else is the same in both: the same worlds, the same cases, the same luck."
NO_HEADER = "An arm without a question of its own; what it changes stands in manifest.json."
FALL_AND_RISE = (
    "“Fall” and “rise” are said only where the whole range over worlds lies on one side of zero, and never with fewer than "
    "eight worlds."
)
RANGES = (
    "A world is one draw of what nobody knows about the one real world (drawn laws, hosting, treaties); its value is the mean over "
    "its replicates, so some luck is left in it. The range does not shrink with computing time. “Mostly chance” is said where luck "
    "makes more than half of the variance of a world's value."
)
_HELD = "The parameters below are held, and no range speaks of them."
_DRAWN = (
    "Each world drew its parameters within their priors too (`parameters=prior`), so a range over worlds holds what is not known "
    "of them; the priors themselves are judgements."
)


def ranges(drawn: bool) -> str:
    """What a range over worlds is, where worlds draw their parameters and where they do not."""
    return f"{RANGES} {_DRAWN if drawn else _HELD}"


ERRORS = (
    "The simulation error says how far the mean over worlds would move in another study of as many worlds (95\u202f%, Student's t; "
    "Fieller's for per cents): it tells whether enough was computed, not how the real world is."
)
TOGETHER = "With all scenarios of a score judged together (sign-flip max-t, adjusted p at most 0.05),"
NO_HEADLINE = "a single result near zero deserves no headline."
SPREADS = (
    "Spread of the paired differences. Standard deviation in per cent of the baseline, median over the scenarios; mostly chance: "
    "luck is more than half of the variance of a world's value, and more replicates in each world would narrow its range"
)
STATUS_MEANINGS = (
    "a choice of the modeller without a source. “Sourced” means that a published figure stands behind the number, not that it "
    "fits the purpose exactly; “calibrated”, that it was set so that the model comes near a published pattern. The words read, "
    "inferred, secondary and unverified say how well the law's own text is known. All of them are listed at the end."
)
DRAWN = (
    "With `parameters=prior` each world drew {count} of them within their priors, once for all scenarios, but for those that were "
    "given; the tables show the values in the files."
)
SWEPT = (
    "These matter most and are least known: the project varies them in studies of their own. Here each is held at one value, so "
    "no range above speaks of them."
)
KEYS = (
    "Keys are those of the configuration: any of them can be set on the command line, and the comparison run again. The short "
    "names of the sources are explained in docs/sources.md."
)
_NOBODY = "Nobody adapts"
LIMITS = {
    "Relative": "The true extent of abuse is unknown to everyone, and so are the levels here. What can be said is how a rule "
    "moves them, under the assumptions listed.",
    "Conditional": "Ranges cover unknown facts and luck, not the parameters. Another plausible set of parameters can move the "
    "size of an effect, and for small effects its direction.",
    "Hosting": "Where people's data are hosted is an input with a guess of its own, and a few hosts decide much of the result: "
    "read the table by requested state before generalising.",
    _NOBODY: "Unless a scenario says so, governments do not learn which door is open, reviewers do not learn whom to "
    "trust, and people do not fall silent. A rule that closes one door may look better here than after some years.",
    "One person a request": "Contacts, families and sources in the same mailbox are not counted, cases of several states are not "
    "modelled, and the people at risk are a closed cohort.",
    "Small numbers": "Where fewer events than the least number stand behind a cell, pooled over all runs, no rate is given.",
}
_PRIORS = (
    "Ranges cover unknown facts, luck, and the numbers that each world drew within their priors. Priors are judgements: others can "
    "move the size of an effect, and for small effects its direction. No evidence has been used to narrow them."
)
_EVERYONE = (
    "How anyone adapts is assumed",
    "Here some of them adapt: requesters, reviewers, people, legislatures or parties, as the switches under adaptation in the "
    "configuration say. How fast and how strongly rests on few sources and many guesses, which are held at one value each: "
    "read the direction and the order of the rules. Fewer disclosures of people who have fallen silent are no protection.",
)


def limits(adapts: bool, drawn: bool = False, said: Mapping[str, str] = LIMITS) -> dict[str, str]:
    """What the answers are not, by heading, where somebody adapts or nobody, and where worlds draw their parameters or not."""
    head, text = _EVERYONE
    said = {**said, "Conditional": _PRIORS} if drawn else said
    return {head if adapts and key == _NOBODY else key: text if adapts and key == _NOBODY else words for key, words in said.items()}


LEFT_OUT = (
    "Both scores count cross-border cases, followed for 24 months. {share} of all abusive cases have their evidence at home: no "
    "request abroad is ever made in them, and no scenario can change that."
)
SELECTED = (
    "Shares of what was executed or decided are left out: scenarios change what is filed, so these shares speak of other requests "
    "in each."
)
SAME_NUMBERS = "The same command on the same commit gives the same numbers, on any machine with these versions:"
BESIDE = (
    "The command writes this page into a folder of its own, with comparison.csv (every row of these tables and all others), "
    "cooperation.csv, runs.parquet, the figures, and manifest.json with the full configuration and the checksum of every file. A "
    "folder of results/reference keeps less: results/README.md says what."
)
DIGESTS = "Digests. They change whenever anything changes that decides a result"
