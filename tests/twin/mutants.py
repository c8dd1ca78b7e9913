"""Mutants: the model with one line other than it is. The twin must tell each of them from the model, or docking shows little.

Each says in plain words what is wrong, where, and under which of ``SETTINGS`` it must show. The texts follow the code: a test wants
each old one exactly once in its file.
"""

from __future__ import annotations

from typing import NamedTuple

TINY = (
    *("states=synthetic", "states.synthetic.count=6", "people.rows=300", "demand.legitimate=20", "years=1"),
    *("calibration_months=6", "run_in_months=6", "run_out_months=6"),
    *("demand.abusive_odds=0.6", "demand.abusive_floor=0.3", "demand.abusive_most=3.0", "demand.abusive_most_per_person=100.0"),
    *("demand.foreign_share=0.2", "demand.false_urgent_share=0.2", "demand.secret_share=0.5"),
    *("demand.realtime_share=0.3", "demand.realtime_most=0.5", "review.misuse_chance=0.5", "review.onward_chance=0.4"),
)
"""A small world with much of everything that is rare."""
LOUD = (
    *("conduct=adaptive", "adaptation.requesters.pull=8.0", "adaptation.requesters.rate=0.3"),
    *("adaptation.exposure.chance=0.6", "adaptation.exposure.lag_months=3.0", "adaptation.people.publicity=2.0"),
    *("adaptation.reviewers.suspends=1.0", "adaptation.legislatures.rise=1.0", "adaptation.legislatures.copying=1.0"),
    *("adaptation.legislatures.new_laws=1.0", "adaptation.legislatures.protocol_years=1.0"),
    *("adaptation.legislatures.protocol_parties=3", "adaptation.members.leave_hazard=0.2", "adaptation.members.notice_days=90.0"),
)
"""Everybody adapts, and fast."""
SANCTION = (
    *("scenario=sanction", "reforms=everywhere", "review.strength=1.0", "safeguards.suspension.refusals=1.0"),
    *("safeguards.suspension.share=0.02", "safeguards.suspension.months=3.0", "safeguards.desk.bar=1.0"),
    *("+instruments.comity.safeguards.suspension=must", "safeguards.goodwill.most=1.0", "conduct.file_everything=true"),
)
HALF = "{autocracy: 0.5, democracy: 0.5}"  # of states
SETTINGS: dict[str, tuple[str, ...]] = {
    "plain": (),
    "endless hours": ("review.load=false",),
    "short hours": ("review.utilisation_low=2.0", "review.utilisation_high=3.0", "review.lapse_per_year=1.0"),
    "all care": ("review.strength=1.0", "review.load=false"),
    "looks unlike": ("review.rho=0.2", "review.strength=1.0", "review.load=false"),
    "parking": ("safeguards.desk.park_bar=0.5", "review.load=false"),
    "parking, short hours": (
        *("safeguards.desk.park_bar=-0.5", "review.utilisation_low=0.9", "review.utilisation_high=1.1", "review.strength=1.0"),
        *("review.comfortable_months=0.1", "review.effort_floor=0.01", "review.acuity=2.0"),
    ),
    "unit": (
        *("scenario=central_review", "reforms=everywhere", "safeguards.panel.hours_a_month=3.0", "safeguards.panel.bar=1.5"),
        *("safeguards.panel.memory_files=3.0", "safeguards.desk.bar=3.0"),
    ),
    "sanction": SANCTION,
    "capacity": ("scenario=capacity", "safeguards.training.below=0.9"),
    "broad laws": (
        *("review.strength=1.0", "review.load=false", "+states.override.all.breadth=0.6", "conduct.recharacterised_share=1.0"),
        *("instruments.hanoi.obliges={A: false, B: false}", "conduct.file_everything=true"),
        *(f"offences.{name}.penalties.crime_share={HALF}" for name in ("fraud", "forgery", "laundering", "grooming")),
        *(f"offences.{name}.penalties.crime_share={HALF}" for name in ("illegal_access", "data_interference")),
    ),
    "published": ("+instruments.hanoi.safeguards.publication=must", *LOUD),
    "listening": (
        *("scenario=realtime_with_judge", "review.load=false", "states.powers.intercept_median_years=2.0"),
        *("demand.realtime_share=0.9", "demand.realtime_most=0.9", "review.strength=0.3", "instruments.hanoi.realtime=obliges"),
    ),
    "notice": (
        *("scenario=notice", "reforms=everywhere", "review.load=false", "review.firm_notice.gag_months=6.0"),
        *("review.retention_months=2.0", "review.domestic_notice=0.4"),
    ),
    "three attempts": ("conduct.attempts=3", "conduct.retry_days=5.0", "review.load=false", "review.retention_months=1.0"),
    "every door": (
        *("conduct.attempts=3", "conduct.retry_days=5.0", "review.load=false", "conduct.spontaneous_most=1.0"),
        *("conduct.police_share=1.0", "conduct.direct_share=1.0", "review.police_answered=1.0"),
    ),
    "adaptive": LOUD,
    "adaptive, endless hours": (*LOUD, "review.load=false"),
    "short memory": (*LOUD, "review.load=false", "adaptation.reviewers.trust_halves_years=0.1"),
    "scandals": (
        *("conduct=adaptive", "conduct.file_everything=true", "review.load=false", "safeguards.goodwill.most=1.0"),
        *("adaptation.exposure.chance=1.0", "adaptation.exposure.lag_months=1.0", "adaptation.reviewers.suspends=1.0"),
        *("adaptation.reviewers.scandal_years=0.1", "adaptation.reviewers.fulfilment=0.0"),
    ),
    "volume": ("adaptation.requesters.volume=true", "review.load=false", "adaptation.requesters.elasticity=3.0"),
    "joining": (
        *("adaptation.members.joining=true", "adaptation.members.quorum=2", "adaptation.members.hazard=2.0"),
        *("adaptation.members.wait_days=10.0", "adaptation.members.later_days=10.0", "review.load=false"),
    ),
}


class Mutant(NamedTuple):
    """One line of the model that is another, and the settings under which the twin must tell."""

    name: str
    file: str
    old: str
    new: str
    shown_by: str = "plain"


# Two more were tried and escape, for no event hangs on them:
# - comity among the texts that bind a pair (`texts_binding`, over all rows): whoever looks through them stops before the last;
# - a file that is refused already is not narrowed any more (`NARROWING`): narrowing is told where data were given alone.
MUTANTS: tuple[Mutant, ...] = (
    # --- the criterion --------------------------------------------------------------------------------------------------------
    Mutant(
        "an aligned requester needs less for a refusal",
        "sim/review/spec.py",
        "pair_bar = spec.c_align * aligned + trust_bar",
        "pair_bar = -spec.c_align * aligned + trust_bar",
    ),
    Mutant(
        "strict states want more before they refuse",
        "sim/review/spec.py",
        "- spec.c_strict * states.strictness[None, :]",
        "+ spec.c_strict * states.strictness[None, :]",
    ),
    Mutant(
        "trust makes suspicious",
        "sim/review/spec.py",
        "trust_bar = spec.c_trust * trust -",
        "trust_bar = -spec.c_trust * trust -",
    ),
    Mutant(
        "a bad name protects a requester",
        "sim/review/spec.py",
        "- spec.c_prev * (prior - usual)\n",
        "+ spec.c_prev * (prior - usual)\n",
    ),
    Mutant("bars are not centred", "sim/review/spec.py", "aligned = states.alignment - 0.5", "aligned = states.alignment"),
    Mutant(
        "accident speaks for the request",
        "sim/review/discrimination.py",
        "return covers * signal + noise > bar",
        "return covers * signal - noise > bar",
        "all care",
    ),
    Mutant(
        "a ground of its own is read by its own accident",
        "sim/review/templates.py",
        "    bar = base + {shift}\n",
        "    bar, noise = base + {shift}, look_noise(seed, cases.dossier[c], practice, ck, sk, {bit})\n",
        "all care",
    ),
    Mutant(
        "the accident of reading is the same in every state",
        "sim/review/reading.py",
        "u3(seed, LOOK, case, state, look)",
        "u2(seed, LOOK, case, look)",
        "all care",
    ),
    Mutant(
        "the file's share and the reader's are confused",
        "sim/review/reading.py",
        "return practice.shared_noise * dossier + practice.own_noise * normal_quantile(u3(",
        "return practice.own_noise * dossier + practice.shared_noise * normal_quantile(u3(",
        "looks unlike",
    ),
    Mutant(
        "a person whom everybody knows shows less",
        "sim/review/reading.py",
        "shown = 1.0 + practice.visibility_slope * np.log(cases.visibility[c])\n        v *= ",
        "shown = 1.0 - practice.visibility_slope * np.log(cases.visibility[c])\n        v *= ",
        "all care",
    ),
    Mutant(
        "the last check is the reason, and not the first",
        "sim/review/templates.py",
        "for s in range(64):",
        "for s in range(63, -1, -1):",
        "all care",
    ),
    Mutant(
        "who narrows last is named, and not who narrows first",
        "sim/review/templates.py",
        "    if docket.narrowed[m] == NONE:\n",
        "    if docket.narrowed[m] != {row}:\n",
        "all care",
    ),
    Mutant(
        "a court that would refuse is the one that does not narrow",
        "sim/review/judge.py",
        "signal + noise > bar - narrow_margin else",
        "signal + noise > bar + narrow_margin else",
        "all care",
    ),
    Mutant(
        "a broad law counts where its label is no crime",
        "sim/review/reading.py",
        "covered = reading.broad[j, label, alleged] and reading.crime[inst, j, label]",
        "covered = reading.broad[j, label, alleged]",
        "broad laws",
    ),
    Mutant(
        "comity favours those who stand far",
        "sim/review/spec.py",
        "near = 1 - comity.by_alignment + comity.by_alignment * states.alignment",
        "near = 1 - comity.by_alignment * states.alignment",
    ),
    # --- the queue ------------------------------------------------------------------------------------------------------------
    Mutant("hours are charged twice", "sim/review/pipeline.py", "spent += cost", "spent += 2.0 * cost"),
    Mutant(
        "what was overdrawn is forgotten",
        "sim/review/pipeline.py",
        "left = hours - queue.debt[j]",
        "left = hours",
        "short hours",
    ),
    Mutant(
        "parked files weigh on attention",
        "sim/review/pipeline.py",
        "    waiting = queue.held[j, URGENT_LANE] + queue.held[j, ORDINARY_LANE]\n",
        "    waiting = queue.held[j, URGENT_LANE] + queue.held[j, ORDINARY_LANE] + queue.held[j, PARKED_LANE]\n",
        "parking, short hours",
    ),
    Mutant(
        "the urgent lane is served last",
        "sim/review/pipeline.py",
        "for lane in range(3):\n            while",
        "for lane in (1, 2, 0):\n            while",
        "short hours",
    ),
    Mutant(
        "patience counts from the day of reading",
        "sim/review/pipeline.py",
        "    if docket.patience_day[m] < day:\n",
        "    if docket.patience_day[m] < docket.filed_day[m]:\n",
        "short hours",
    ),
    Mutant(
        "a parked file is not read again",
        "sim/review/pipeline.py",
        "hours, passes, later = float(docket.hours[m]), True",
        "hours, passes, later = 0.0, True",
        "parking",
    ),
    Mutant(
        "parking looks at suspicion alone",
        "sim/review/pipeline.py",
        "practice.park_bar + reading.pair_bar[row(cases.requester[c]), j]",
        "practice.park_bar",
        "parking",
    ),
    Mutant(
        "urgent files are sent back for more",
        "sim/review/pipeline.py",
        "if docket.quality[m] < practice.supplement_bar and not urgent:",
        "if docket.quality[m] < practice.supplement_bar:",
    ),
    Mutant(
        "the unit's backlog is forgotten",
        "sim/review/pipeline.py",
        "queue.screening[month] = max(waiting - practice.panel_capacity, 0.0)",
        "queue.screening[month] = 0.0",
        "unit",
    ),
    Mutant(
        "the unit's memory speaks for the requester",
        "sim/review/templates.py",
        "reading.trust_bar[row(cases.requester[c])] - recalled",
        "reading.trust_bar[row(cases.requester[c])] + recalled",
        "unit",
    ),
    # --- execution and what follows -------------------------------------------------------------------------------------------
    Mutant("what was frozen is lost", "sim/review/execution.py", "if gone and not frozen >= due:", "if gone:", "three attempts"),
    Mutant(
        "data last from the filing",
        "sim/review/execution.py",
        "return float(cases.day[c] + exp(",
        "return float(docket.filed_day[m] + exp(",
        "three attempts",
    ),
    Mutant(
        "whoever is told after is told before",
        "sim/review/execution.py",
        "docket.told[m] = TOLD_AFTER",
        "docket.told[m] = TOLD_BEFORE",
        "notice",
    ),
    Mutant(
        "a firm speaks in spite of a gag",
        "sim/review/notice.py",
        "if wait > practice.firm_days and served + wait - practice.firm_days >= gagged_until:",
        "if wait > practice.firm_days:",
        "notice",
    ),
    Mutant(
        "the state of residence gives content",
        "sim/review/execution.py",
        "granted = min(granted, practice.residence_class)",
        "granted = int(granted)",
        "endless hours",
    ),
    Mutant(
        "data on a condition go at once",
        "sim/review/execution.py",
        "day += condition_days(m, docket, reading) * pace",
        "day += 0.0 * pace",
    ),
    Mutant(
        "misuse follows the sender's protection",
        "sim/review/templates.py",
        "j = row(cases.requester[c])  # the receiving",
        "j = row(docket.requested[m])  # the receiving",
        "endless hours",
    ),
    Mutant(
        "own use and onward use are swapped",
        "sim/review/templates.py",
        "    own_use, onward = reading.misuse[j, BEYOND_THE_CASE]",
        "    onward, own_use = reading.misuse[j, BEYOND_THE_CASE]",
        "endless hours",
    ),
    Mutant(
        "a text without the duty publishes too",
        "sim/review/functions.py",
        "filled(templates.PUBLISHED, applied=duty.applied,",
        'filled(templates.PUBLISHED, applied="True",',
        "published",
    ),
    Mutant(
        "what is to come is collected without the judge",
        "sim/review/execution.py",
        "if reading.live_judged[inst] and docket.judged[m] == 0:",
        "if reading.live_judged[inst] and docket.judged[m] == 2:",
        "listening",
    ),
    Mutant(
        "what is to come is collected for any offence",
        "sim/review/execution.py",
        "(ranged and not reading.intercepts[j, row(docket.alleged[m])])",
        "(ranged and not reading.intercepts[j].any())",
        "listening",
    ),
    # --- side doors -----------------------------------------------------------------------------------------------------------
    Mutant(
        "a side door that gave less diverts the request",
        "sim/review/side_doors.py",
        "docket.granted[before] >= docket.wanted[m]",
        "docket.granted[before] >= 0",
        "endless hours",
    ),
    Mutant(
        "police answer whomever they distrust",
        "sim/review/side_doors.py",
        "answered = known and u2(",
        "answered = u2(",
        "endless hours",
    ),
    Mutant(
        "what is shared unasked is what the requester punishes",
        "sim/conduct/doors.py",
        "habits.punished.shape[0] - 1), j, row(cases.conduct[c])]",
        "habits.punished.shape[0] - 1), i, row(cases.conduct[c])]",
        "every door",
    ),
    # --- filing ---------------------------------------------------------------------------------------------------------------
    Mutant(
        "a label that is too light stays with the text",
        "sim/conduct/choices.py",
        "if habits.fall_through and law.reach[text, i, label] != COVERED:",
        "if habits.fall_through and law.reach[text, i, label] == 1:",
    ),
    Mutant(
        "a state that was asked is asked again",
        "sim/conduct/retries.py",
        "book.tried[c] |= np.uint8(1 << other)",
        "book.tried[c] |= np.uint8(0)",
        "three attempts",
    ),
    Mutant(
        "a way that was tried second is tried again",
        "sim/conduct/retries.py",
        "return bool(book.ways[c, 0] == way or book.ways[c, 1] == way)",
        "return bool(book.ways[c, 0] == way)",
        "adaptive, endless hours",
    ),
    Mutant(
        "a case is filed again at once",
        "sim/conduct/retries.py",
        "if heard + habits.retry_days < stop:",
        "if heard < stop:",
        "three attempts",
    ),
    Mutant(
        "less from a side door is enough",
        "sim/conduct/retries.py",
        "docket.granted[m] >= (0 if formal else docket.wanted[m])",
        "docket.granted[m] >= 0",
        "every door",
    ),
    Mutant(
        "conduct follows the luck of the person",
        "sim/conduct/demand.py",
        "u1(seed, _CONDUCT, key)",
        "u1(seed, _PERSON, key)",
    ),
    Mutant(
        "labels that are left are not normed",
        "sim/conduct/menus.py",
        "shares = np.divide(offered, total, out=np.zeros_like(offered), where=total > 0)",
        "shares = offered",
    ),
    # --- institutions and law -------------------------------------------------------------------------------------------------
    Mutant(
        "a suspension begins a month too late",
        "sim/month.py",
        "        bind(run, month + 1)\n",
        "        bind(run, month)\n",
        "sanction",
    ),
    Mutant(
        "comity is suspended as if it were a text",
        "sim/rules.py",
        "for row, text in enumerate(texts[:-1])",
        "for row, text in enumerate(texts)",
        "sanction",
    ),
    Mutant(
        "a second reading confirms always",
        "sim/review/pipeline.py",
        "CONFIRMED if stood != np.uint64(0) else NOT_CONFIRMED",
        "CONFIRMED if stood >= np.uint64(0) else NOT_CONFIRMED",
        "sanction",
    ),
    Mutant(
        "the window's rules begin a month too late",
        "sim/month.py",
        "rules = run.rules if phase or run.rules.run_in is None",
        "rules = run.rules if month > run.rules.treaty_from or run.rules.run_in is None",
        "capacity",
    ),
    Mutant(
        "trained states have no more hours",
        "sim/review/institutions.py",
        "hours[takes_part] *= programme.hours_factor",
        "hours[takes_part] *= 1.0",
        "capacity",
    ),
    Mutant(
        "the law of a month comes a month too late",
        "sim/adapting.py",
        "rules, following = run.rules, run.month + 1",
        "rules, following = run.rules, run.month",
        "joining",
    ),
    Mutant(
        "a state is bound in the month in which it joins",
        "sim/society/membership.py",
        "day = month * DAYS_PER_MONTH\n    return",
        "day = (month + 1) * DAYS_PER_MONTH\n    return",
        "joining",
    ),
    Mutant(
        "maxima rise in the wrong state",
        "sim/society/legislatures.py",
        "years=np.where(rises, np.maximum",
        "years=np.where(np.roll(rises, 1, axis=0), np.maximum",
        "adaptive",
    ),
    # --- adaptation -----------------------------------------------------------------------------------------------------------
    Mutant(
        "trust does not fade",
        "sim/review/memory.py",
        "memories.given[:] *= spec.keeps",
        "memories.given[:] *= 1.0",
        "short memory",
    ),
    Mutant(
        "what became public elsewhere is not heard",
        "sim/review/memory.py",
        "parties[news.text], 1.0, spill)",
        "parties[news.text], 1.0, 0.0)",
        "adaptive, endless hours",
    ),
    Mutant(
        "abuse that came to light stays a credit",
        "sim/review/memory.py",
        "(news.counted * spec.keeps**news.age)[news.own]",
        "(0.0 * spec.keeps**news.age)[news.own]",
        "adaptive, endless hours",
    ),
    Mutant(
        "a scandal ends cooperation both ways",
        "sim/binding.py",
        "run.in_force[:-1, asking, asked] = False",
        "run.in_force[:-1, asking, asked] = run.in_force[:-1, asked, asking] = False",
        "adaptive",
    ),
    Mutant(
        "comity is reluctant a month too long after a scandal",
        "sim/adapting.py",
        "remembering(run, rules, month + 1)",
        "remembering(run, rules, month)",
        "scandals",
    ),
    Mutant(
        "a scandal ends comity too",
        "sim/binding.py",
        "run.in_force[:-1, asking, asked] = False",
        "run.in_force[:, asking, asked] = False",
        "scandals",
    ),
    Mutant(
        "affairs come to light a month too late",
        "sim/society/exposure.py",
        "affairs.row[affairs.month == month]",
        "affairs.row[affairs.month == month - 1]",
        "adaptive",
    ),
    Mutant(
        "a refusal with reasons teaches no faster",
        "sim/conduct/learning.py",
        "rate[_REASONED] = min(spec.rate * spec.reasons, 1.0)",
        "rate[_REASONED] = spec.rate",
        "adaptive, endless hours",
    ),
    Mutant(
        "volume never rises again",
        "sim/conduct/learning.py",
        "np.exp(np.clip(moved, -_LARGEST, _LARGEST))",
        "np.exp(np.clip(moved, -_LARGEST, 0.0))",
        "volume",
    ),
    Mutant(
        "peers who hear say more",
        "sim/society/expression.py",
        "expression[row] = 1.0 - cold[cell] * receptive[row]",
        "expression[row] = 1.0 + cold[cell] * receptive[row]",
        "adaptive",
    ),
    Mutant(
        "cover is taken after the filing",
        "sim/month.py",
        "rules.adaptation.people, first, run.docket",
        "rules.adaptation.people, int(run.docket.used[0]), run.docket",
        "adaptive",
    ),
)
