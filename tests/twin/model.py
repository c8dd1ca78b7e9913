"""The twin: the simulated month of docs/model.md as an idiomatic Mesa model, one object a request and one agent a state.

The order of a month, and what is called:

1. the rules of the month: those of ``config.policy_before`` in the run-in, from the window's first day those of ``config.policy``
   (``Rules``: ``policy``, ``facts`` as dials rule them, ``dialled``, ``law``, ``menus``, ``reading``);
2. ``filing``: new cases and those that may be filed again, in order of (day, id); each filing appends its rows to ``docket``;
3. ``expression`` (only ``people.tools``): who has taken cover is marked on the rows filed this month;
4. ``review.receive(month, rows, rules)``: by row: gates, answers of side doors, entry into the queue;
5. ``review.serve(month, rules)``: by authority: the queue, what is parked, patience, execution, aftermath;
6. ``institutions`` (window, where a text suspends): who loses a text from the next month on, what is stopped in flight;
7. ``membership`` and ``legislatures`` (window): the law of the next month;
8. what ended this month: ``learning`` (values, volumes), ``exposure`` (affairs brew, some become public), ``expression`` (people
   learn and say less from the next month), ``memory`` (reviewers fade, take in decisions, read the news, break off);
9. which texts are in force between whom next month: ``rules.law`` less what is suspended or broken off.

State of authorities lives in the ``State`` agents; what every stage shares is ``facts`` (``tests.twin.facts``), ``luck``
(``tests.twin.draws``, of the event seed; ``facts.luck`` is the world's), ``cases`` and ``docket`` (lists of ``tests.twin.things``).
``law`` is ``tests.twin.law.Law``: ``names``, ``texts``, ``reach[text][requester][label]`` (0 covered, 1 outside, 2 too light),
``maxima[state][offence]`` (None: no crime), ``established[text][label]``, ``hidden``, ``delay``, ``bound[text][i][j]``,
``before[text][i][j]``; ``in_force[i][j]`` is the tuple of rows of the texts that bind a pair this month, comity last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import mesa

from sim.settings import Config, Policy
from sim.world.snapshot import World
from sim.world.vocabulary import DAYS_PER_MONTH
from tests.twin.at_home import AtHome, usable
from tests.twin.cases import cases_by_month
from tests.twin.dials import Dialled, as_ruled, settle
from tests.twin.draws import Luck
from tests.twin.exposure import Affairs
from tests.twin.expression import Voices
from tests.twin.facts import Facts, facts_of
from tests.twin.filing import Filing
from tests.twin.institutions import Bench, stop_in_flight, suspensions, trained
from tests.twin.law import InForce, Law, Menus, covering
from tests.twin.learning import Learners
from tests.twin.legislatures import Polity
from tests.twin.memory import Reviewers, Tables, of_substance
from tests.twin.reading import Reading
from tests.twin.review import Authority, Review, Unit
from tests.twin.shocks import Struck
from tests.twin.spyware import taken_by_spyware
from tests.twin.things import FORMAL, Case, Request

# --- rules ------------------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Rules:
    """What decides a month, besides its cases."""

    policy: Policy
    facts: Facts  # as dials rule them
    dialled: Dialled
    law: Law
    covers: list[dict[tuple[int, int], float]]
    punished: list[list[bool]]
    menus: Menus
    reading: Reading
    appetite: list[float]
    eager: list[list[float]]
    capacity: list[float]  # officer-hours a month, training included
    trained: list[bool]
    home: AtHome
    suspends: dict[int, Any]  # by text: the rule by which it is taken from requesters
    base: list[list[float | None]]  # maxima before any parliament of the window


def rules_of(policy: Policy, facts: Facts, window: bool, struck: Struck | None = None, month: int = 0) -> Rules:
    """The rules of a policy before the window or in it, there with the shocks of a month of it.

    Training reaches states with the window alone.
    """
    weights = struck.weights(month) if struck is not None else []
    if struck is not None:
        policy, facts = struck.policy(policy, weights), struck.columns(facts, weights)
    dialled = settle(policy.dials, policy.review.strength, facts)
    ruled = as_ruled(facts, dialled)
    if struck is not None:
        ruled = struck.dials(ruled, dialled, policy, weights)
        agreed = Law(policy, ruled)
        bound = {name: [list(row) for row in pairs] for name, pairs in zip(agreed.names, agreed.bound, strict=True)}
        policy = struck.pacts(policy, bound, ruled, weights)
    law, covers = Law(policy, ruled), covering(ruled)
    punished, reading = law.punished(window), Reading(policy, ruled, dialled.uptake, dialled.fidelity)
    rules = Rules(
        policy=policy,
        facts=ruled,
        dialled=dialled,
        law=law,
        covers=covers,
        punished=punished,
        menus=Menus(policy, ruled, punished, covers),
        reading=reading,
        appetite=[policy.conduct.appetite] * facts.n,
        eager=dialled.eager,
        capacity=ruled.capacity,
        trained=[False] * facts.n,
        home=AtHome(reading),
        suspends=suspensions(policy),
        base=ruled.states.penalties,
    )
    if window:
        train(rules)
    return rules


def train(rules: Rules) -> None:
    """Give the states that the texts of today bind what programmes of training give; hours that follow the load gain nothing."""
    policy, facts = rules.policy, rules.facts
    after = trained(policy, facts.states.skill, [[any(line) for line in bound] for bound in rules.law.bound])
    if after is None:
        return
    rules.reading.skill, rules.trained = after.skill, after.part
    rules.appetite = [policy.conduct.appetite * factor for factor in after.filing]
    if policy.review.capacity != "follows":
        rules.capacity = [hours * factor for hours, factor in zip(facts.capacity, after.hours, strict=True)]


def raise_bars(reading: Reading, by: float) -> None:
    """Want so much more suspicion of everybody."""
    reading.pair_bar = [[bar + by for bar in line] for line in reading.pair_bar]
    reading.trust_bar = [bar + by for bar in reading.trust_bar]


def amend(rules: Rules, polity: Polity) -> None:
    """Put today's parties, maxima and additional offences in force."""
    treaty, facts = rules.policy.adaptation.members.text, rules.facts
    rules.facts = replace(facts, states=replace(facts.states, penalties=[list(row) for row in polity.years]))
    parties = {treaty: [i in polity.parties for i in range(facts.n)]}
    rules.law = Law(rules.policy, rules.facts, parties, polity.adds)
    punished = rules.law.punished(window=True)
    if punished != rules.punished:
        rules.punished, rules.menus = punished, Menus(rules.policy, rules.facts, punished, rules.covers)
    train(rules)


# --- the model --------------------------------------------------------------------------------------------------------------------


class State(mesa.Agent):  # type: ignore[misc]
    """A state: its authority works its queue."""

    def __init__(self, model: Twin, row: int) -> None:
        """The agent of a row."""
        super().__init__(model)
        self.row = row
        self.authority = Authority(row)

    def serve(self) -> None:
        """A month's work of the authority."""
        model: Twin = self.model
        model.review.serve(model.month, self.authority, model.hours[self.row] if model.loaded else None)


class Twin(mesa.Model):  # type: ignore[misc]
    """A run: ``step`` is a month, ``tell`` the whole. ``hired`` gives the hours of a month where they follow the load."""

    def __init__(
        self,
        config: Config,
        world: World,
        seed: int,
        hired: Mapping[int, list[float]] | None = None,
        nudge: float = 0.0,
        luck: Luck | None = None,
    ) -> None:
        """Everything as it is on the first day; ``nudge`` is added to every bar, to see what rounding could do.

        ``luck`` settles the events; by name and the seed unless another kind is given, to be set beside that.
        """
        super().__init__(rng=seed)
        self.config, self.facts, self.luck = config, facts_of(world), luck or Luck(seed)
        self.month, self.opens, self.loaded, self.hired = 0, config.run_in_months, config.review.load, hired
        self.before = rules_of(config.policy_before, self.facts, window=False)
        self.struck = Struck(config, self.facts) if config.shock else None
        self.after = rules_of(config.policy, self.facts, True, self.struck)
        self.rules, self.nudge = self.before, nudge
        if nudge:
            raise_bars(self.before.reading, nudge)
            raise_bars(self.after.reading, nudge)
        self.cases: list[Case] = []
        self.new: list[list[Case]] = []  # by month
        self._arising = cases_by_month(self.facts, config.demand, self.luck, config.months)
        self.docket: list[Request] = []
        self.states = [State(self, row) for row in range(self.facts.n)]
        self.review = Review(self.luck, [state.authority for state in self.states], Unit(self.facts.n))
        self.bench = Bench()
        self._begin_adapting()
        self.filing = Filing(self.facts, self.luck, self.learners)
        self.skilled: list[list[bool]] = []  # by month and state: who had had a programme of training
        self._home: tuple[Law, list[float]] | None = None
        self._bound: tuple[Any, ...] | None = None
        self.in_force: InForce = []

    def _begin_adapting(self) -> None:
        """Nobody has learned anything, and the law is as agreed but for who has joined."""
        adaptation, demand, conduct = self.config.adaptation, self.config.demand, self.config.conduct
        facts, texts = self.facts, len(self.after.law.names)
        self.adaptation = adaptation
        self.learners = Learners(adaptation.requesters, facts, texts, demand.false_urgent_share, conduct.attempts)
        self.voices = Voices(adaptation.people, facts, self.luck)
        self.affairs = Affairs(adaptation.exposure, self.luck)
        self.reviewers = Reviewers(adaptation.reviewers, facts, self.config.review.c_trust, self.luck)
        self.unheard: list[Request] = []
        reading = self.after.reading
        self.plain = Tables(reading.pair_bar, reading.standing, reading.trust_bar, reading.goodwill, reading.urgent_effort)
        self.judged = {rule.row for rule in reading.rules if of_substance(rule.spec) and rule.form != "Panel"}
        self.polity: Polity | None = None
        if adaptation.amends:
            ruled, law, months = self.after.facts, self.after.law, self.config.months
            self.polity = Polity(self.config.policy, ruled, self.luck, law, self.config.start, self.opens, months)
            if self.polity.settle(self.opens):
                amend(self.after, self.polity)

    @property
    def window(self) -> bool:
        """Whether the window has opened."""
        return self.month >= self.opens

    @property
    def hours(self) -> list[float]:
        """Officer-hours of this month."""
        return self.rules.capacity if self.hired is None else self.hired[self.month]

    def tell(self) -> None:
        """The run to its end."""
        while self.month < self.config.months:
            self.step()
        self.finish()

    # --- a month ----------------------------------------------------------------------------------------------------------------

    def step(self) -> None:
        """One month."""
        month = self.month
        self.rules = self.after if self.window else self.before
        self.new.append(next(self._arising))
        self.cases += self.new[month]
        self._look_home(month)
        self.filing.use(self.rules, self.in_force_in(month), self.window)
        rows = self.filing.file(month, self.filing.wishes(month, self.new[month]), self.voices.expression)
        self.docket += rows
        if self.window and self.adaptation.people.tools:
            self.voices.take_cover(rows)
        self.review.use(self.rules.reading, self.rules.law)
        self.review.receive(month, rows, self.loaded)
        self.agents.do("serve")
        self.bench.note(rows)
        if self.window and self.rules.suspends:
            self.bench.sit(month, self.rules.suspends, self.review)
        self._adapt(rows)
        self._strike(month + 1 - self.opens)
        self.month += 1

    def _look_home(self, month: int) -> None:
        """Note who is trained, and how live domestic wishes about people at risk fare; nobody files them."""
        self.skilled.append(self.rules.trained)
        if self._home is None or self._home[0] is not self.rules.law:
            self._home = self.rules.law, self.rules.home.met(self.rules.law, self.window)
        met, expression = self._home[1], self.voices.expression
        for case in self.new[month]:
            if case.abusive and case.domestic and self.luck.uniform("live", case.id) < expression[case.person]:
                case.at_home = met[case.requester]

    def in_force_in(self, month: int) -> InForce:
        """Which texts bind whom in a month: the law, less what is suspended and what is broken off."""
        window = month >= self.opens
        rules = self.after if window else self.before
        law, off = rules.law, dict[int, set[tuple[int, int]]]()
        if window:
            for text, rule in rules.suspends.items():
                for i in self.bench.out(text, month):
                    pairs = {(i, j) for j in range(self.facts.n)}
                    off.setdefault(text, set()).update(pairs, {(j, i) for i, j in pairs} if rule.reciprocal else ())
            broken = self.reviewers.broken(month) if self.adaptation.reviewers.scandals else []
            for text in range(law.comity) if broken else ():  # comity is left, which is no text
                off.setdefault(text, set()).update(broken)
        bound = (law, window, off)
        if bound != self._bound:
            self._bound, self.in_force = bound, law.pairs(window, off)
        return self.in_force

    # --- what is learned --------------------------------------------------------------------------------------------------------

    def _adapt(self, rows: list[Request]) -> None:
        """Everyone takes in what ended or came to light this month, and acts on it from the next."""
        month, adaptation = self.month, self.adaptation
        changed = False
        if self.polity is not None and self.window:
            first = max(month + 1 - 12, self.opens)
            year = [case for cases in self.new[first : month + 1] for case in cases]
            changed = self.polity.month_ends(month, self.rules.law, year)
            if changed:
                amend(self.after, self.polity)
        if not (adaptation.requesters.learns or adaptation.in_public):
            return
        ended = self._heard(rows)
        if adaptation.requesters.learns:
            self.learners.hear(month, self.opens, ended)
        if adaptation.in_public:
            self._come_to_light(ended)

    def _strike(self, month: int) -> None:
        """Shocks change the rules from a month of the window on; the first's are made with those of the window."""
        over = self.opens + month >= self.config.months
        if self.struck is None or month < 1 or over or self.struck.weights(month) == self.struck.weights(month - 1):
            return
        old, self.after = self.after, rules_of(self.config.policy, self.facts, True, self.struck, month)
        reading = self.after.reading
        if self.nudge:
            raise_bars(reading, self.nudge)
        self.plain = Tables(reading.pair_bar, reading.standing, reading.trust_bar, reading.goodwill, reading.urgent_effort)
        self.reviewers.states, self.reviewers.c_trust = self.after.facts.states, self.after.policy.review.c_trust
        if self.polity is not None:
            before = {name for name, _ in self.struck.weights(month - 1)}
            begin = [name for name, _ in self.struck.weights(month) if name not in before]
            self.polity.struck(self.struck, begin, old.base, self.after)
            self.polity.settle(self.opens + month)
            amend(self.after, self.polity)
        if self.adaptation.reviewers.remembers:
            for name, table in self.reviewers.tables(self.plain, self.opens + month)._asdict().items():
                setattr(reading, name, table)

    def _heard(self, rows: list[Request]) -> list[Request]:
        """Requests whose requesters hear their end by the end of this month, in the order of the docket."""
        stop = (self.month + 1) * DAYS_PER_MONTH
        self.unheard += rows
        ended = [row for row in self.unheard if row.ended_day is not None and row.ended_day < stop]
        self.unheard = [row for row in self.unheard if row.ended_day is None or row.ended_day >= stop]
        return ended

    def _come_to_light(self, ended: list[Request]) -> None:
        """Some abuse becomes public: people learn of it, and reviewers."""
        month, adaptation = self.month, self.adaptation
        about = [row for row in ended if row.case.abusive]
        self.affairs.brew(about)
        public = self.affairs.out(month)
        news = self.affairs.first_told(public)
        if not self.window:
            return
        if adaptation.people.adapts:
            self.voices.hear(month, about, public)
            if adaptation.people.falls_silent:
                self.voices.speak(month + 1)
        if adaptation.reviewers.remembers:
            self._remember(ended, news)

    def _remember(self, ended: list[Request], news: list[Request]) -> None:
        """Reviewers take in their own decisions and the news, and some break off."""
        month, reviewers, reading = self.month, self.reviewers, self.after.reading
        reviewers.fade()
        reviewers.experience(ended, self.judged)
        screened = [] if reading.panel is None else [t for t, chance in enumerate(reading.panel.chance) if any(chance)]
        broken = reviewers.read(news, month, self.opens, screened, self._parties) if news else set()
        if broken:
            meant = [row for row in self.unheard if (row.case.requester, row.requested) in broken]
            stop_in_flight(meant, (month + 1) * DAYS_PER_MONTH, self.review.authorities, month)
        for name, table in reviewers.tables(self.plain, month + 1)._asdict().items():
            setattr(reading, name, table)

    def _parties(self, text: int) -> set[int]:
        """States that a text binds today."""
        bound = self.after.law.bound[text]
        return {i for i in range(self.facts.n) if any(bound[i]) or any(line[i] for line in bound)}

    # --- the end ----------------------------------------------------------------------------------------------------------------

    def finish(self) -> None:
        """What had not ended by the last day is pending, and every case has its status."""
        horizon, open_cases = self.month * DAYS_PER_MONTH, set()
        for row in self.docket:
            if row.ended_day is not None and row.ended_day >= horizon:
                row.status, row.granted, row.narrowed, row.reason, row.grounds = "pending", -1, -1, -1, frozenset()
                row.executed_day = row.ended_day = None
                row.told, row.evaded, row.misused = "never", "none", frozenset()
                row.published, row.judged, row.realtime = False, False, 0
            if row.granted < 0:
                row.narrowed = row.condition = -1
            if row.decided_day is not None and row.decided_day >= horizon:
                row.decided_day = None
            if row.ended_day is None:
                open_cases.add(row.case.row)
            row.usable = usable(row, self.config.review.usable, self.skilled[row.month][row.case.requester], self.luck)
        for case in self.cases:
            if case.status == "open" and case.row not in open_cases:
                case.status = "ended"
        for row in self.docket:
            enough = row.case.abusive or row.channel in FORMAL or row.granted >= row.wanted
            if row.granted >= 0 and row.channel != "preservation" and enough:
                row.case.status = "disclosed"
        self.spied = taken_by_spyware(self.cases, self.config.conduct, self.facts, self.luck)
