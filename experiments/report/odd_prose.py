"""What the description of the model says that cannot be read off the code; every marked name in it is looked up by a test.

The form is ODD: Overview, Design concepts, Details (Grimm and others 2006, 2010, 2020). All else in it is made from docstrings,
comments and configurations (``experiments.report.odd``); whoever changes what is said here changes this file, and
``tests/report/test_odd.py`` fails when a name below is no longer there, or when a mechanism of adaptation is not told.
"""

FORM = (
    "This description follows the ODD protocol: Overview, Design concepts, Details (Grimm and others 2006, Ecological "
    "Modelling 198, 115-126; 2010, Ecological Modelling 221, 2760-2768; 2020, Journal of Artificial Societies and Social "
    "Simulation 23(2) 7). It is made from the code and the configuration that ran, not written beside them: docstrings, "
    "comments, the order of calls, the YAML files. What is prose stands in `experiments.report.odd_prose` and is held against "
    "the code by tests."
)
PURPOSE = (
    "To tell how rules of a treaty on electronic evidence, and the safeguards that states, firms and civil society proposed "
    "for it, change (a) how often data of people at risk end up with a government that pursues them for protected conduct, "
    "and (b) how many legitimate needs are met, and how soon. The model compares rules under stated assumptions; it does not "
    "predict levels, for nobody knows how many abusive requests are made."
)
PATTERNS = (
    "Patterns by which the model is judged useful for that purpose, with targets and misses, as `docs/model.md` has them. "
    "They are measured again by hand when the model changes, not by this page."
)
NO_PATTERNS = "The patterns by which it is judged stand in `docs/model.md` of the repository."

ENTITIES = (
    "Entities are states (each with one central authority), people at risk (rows that stand for several), latent cases "
    "(wishes for evidence), requests (rows of the docket), instruments (legal texts between pairs of states), offences and "
    "safeguards. Authorities, courts and firms have no records of their own: they are attributes of their state. All are "
    "arrays; there is no space but the graph of pairs of states. Mesa's agents (`sim.model`) are views of these rows and "
    "decide nothing."
)
AXES = (
    "Axes: `N` states, `P` rows of people, `G` groups, `C` cases, `D` places where evidence may lie, `M` requests, `I` "
    "instruments, `K` offences, `S` safeguards, `T` months."
)
SCHEDULING = (
    "Time goes in months. `sim.month.advance` is one month; below, its calls in the order in which they stand in the "
    "code, and what each calls in turn. Within a month events carry days, so that files are served in the order of (filing "
    "day, id) and not of states. States are served one after another, and no authority's service changes another's within the "
    "month; state variables change at once (asynchronously)."
)
UNRESOLVED = {
    "listener": "Whoever watches the run is shown the month: tables of a run, Mesa's collectors.",
    "int": "",  # Python's own
}
"""Calls of ``advance`` that are no functions of the simulation, and what they are; an empty text leaves one out."""

BASIC_PRINCIPLES = (
    "**Signal detection.** A reader of a file never sees motive; a look yields a noisy score, and a ground or a look stands "
    "against the request where the score exceeds a bar (`sim.review.spec`, `reading_of`). So every safeguard has hits and "
    "false alarms, and a lower bar buys both. Two looks at one file share a part of their noise (`review.rho`), so a second "
    "look is not wholly new evidence.",
    "**Discretion and duty.** A text says of each safeguard `absent`, `may` or `must`; how often a state uses a discretion or "
    "keeps a duty follows from its commitment, its rule of law and a lasting habit (`sim.review.spec`, `application`).",
    "**Scarce attention.** Authorities have officer-hours; files wait, effort falls with the backlog, requesters lose "
    "patience (`sim.review.queue`, `sim.review.pipeline`).",
    "**Random utility.** Requesters choose among destinations, labels and texts by races of weights with Gumbel luck "
    "(`sim.conduct.choices`), which is a multinomial logit (McFadden 1974).",
    "**Latent denominators and common luck.** Rates divide by what was wished for, not by what was filed, and the same case "
    "meets the same luck under every rule (`sim.draws`), so that two scenarios differ by the rule alone.",
)
EMERGENCE = (
    "Emergent: who discloses to whom, by which door, how often a safeguard is the one that stops a request, queues and "
    "silence, and that a door which is closed sends cases to another. Imposed: how many cases arise, where data lie, how "
    "plainly motive shows, how readily each state uses a discretion, and the propensity to file under each text."
)
ADAPTATION_TEXT = (
    "Each mechanism has a switch of its own (`configs/adaptation/standard.yaml`), and with all of them off nobody changes "
    "conduct with experience: what looks like it is then given, persistence (`conduct.attempts`) and a free choice of text "
    "(`conduct.legal_basis`). Switched on, from the window's first day: requesters choose by what has paid, and how much they "
    "file follows the share that gave data (`sim.conduct.learning`, `sim.conduct.volume`); reviewers move trust and suspicion "
    "(`sim.review.memory`); "
    "people say less, or take cover (`sim.society.expression`); legislatures raise maxima to the gate, copy one another and "
    "make new laws (`sim.society.legislatures`); parties join one after another, or leave (`sim.society.membership`). What is "
    "learned in a month acts from the next. About half of the states are creatures of habit, a lasting trait."
)
OBJECTIVES = (
    "No entity maximises anything over time. Requesters weigh options by fixed appeals; authorities serve by urgency and age; "
    "a reader acts where its score exceeds its bar. Where requesters learn, what a way of asking paid (`sim.conduct.learning`, "
    "`payoffs`) is data received, less the cost of asking and of framing; they weigh it, and do not maximise it."
)
LEARNING = (
    "Without adaptation none by states, people or firms. One institution remembers even so: a central unit, where a text has "
    "one, compares a requester's flagged share with the average's and moves its bar (`sim.review.pipeline`, `remember`). "
    "Suspension counts refusals and forgets after them (`sim.review.institutions`). Where it is switched on "
    "(`adaptation.requesters.labels`, `adaptation.requesters.destinations`, `adaptation.requesters.channels`), a state keeps a "
    "value for each way of asking, moved by a month's answers in one batch that no order can change, and chooses with odds of "
    "habit times the exponential of value (`sim.conduct.learning`, `learn`); refusals that say why teach faster. Where "
    "`adaptation.reviewers.trust`, `adaptation.reviewers.record`, `adaptation.reviewers.scandals` or "
    "`adaptation.reviewers.emergencies` is on, reviewers remember too: what they met and refused in substance moves their trust "
    "in a requester; abuse that became public (`sim.society.exposure`) raises suspicion, of others in part, may end cooperation "
    "one way for a while, and makes the urgent lane read more closely."
)
PREDICTION = (
    "Readers hold a prior: the log odds of abuse supposed of a requester by its liberal democracy (`review.prior_at_zero`, "
    "`review.prior_slope`) shift the bar. Nobody forecasts."
)
SENSING = (
    "What a reader of a file can see is a closed list, checked when the rules are joined: a safeguard that asks for anything "
    "else is refused by name. The true conduct, and whether a case is abusive, are on no list."
)
REQUESTERS_SEE = (
    "Requesters see what happened to their own filings and never the judge: `sim.conduct` may not import `sim.review`, which "
    "an import contract enforces."
)
INTERACTION = (
    "Direct: a state's request to another state, to its police or to a firm; unasked sharing. Mediated: files of all "
    "requesters compete for one authority's hours; a text binds a pair. A person whom the authority tells may go to court or, "
    "as a suspect may, destroy what is not frozen; one whom a firm tells may go to court. Where it is switched on, people hear "
    "of what happened to others of their origin and group, legislatures copy aligned ones, states join a treaty the sooner the "
    "more of their region have, and authorities hear of abuse that others were used for."
)
STOCHASTICITY = (
    "Every random number is a pure function of a seed, a purpose and stable keys (`sim.draws`): no stream, no order, no "
    "state. The world's seed settles facts that no source holds, lasting traits and the cohort; the event seed settles luck. "
    "Below, all purposes that the code names, found in its syntax tree."
)
COLLECTIVES = (
    "Named sets of states (signatories, parties, regions) are given and decide who is bound by which text. Groups of people "
    "at risk (`GROUPS`) share pursuit, pretexts and the personal scope of grounds. No collective forms or acts within a run."
)
OBSERVATION = (
    "Estimands are computed from the finished run and know everything, also what no reader sees. The cohort are the cases "
    "that arise in the window, each followed for 24 months from the wish. A value that rests on fewer events than "
    "`metrics.fewest_events` is not shown."
)
INITIALISATION = (
    "A run begins with nothing filed and nobody waiting (`sim.month`, `begin`); the run-in fills the queues before the "
    "window opens. A world's facts are built from the tables and the world seed, and are the same in every scenario; capacity "
    "is settled from the load under the law before the treaty, unless `review.capacity` says otherwise. In the order of the code:"
)
INPUT = (
    "No time series drives the model. The tables are read once, when a world is built; what they lack is drawn (see "
    "Stochasticity) and marked as drawn. Licences: `sim/sources/tables/LICENCE.md`."
)
SUBMODELS = (
    "In the words of the code: the sentence of each module, then what each of its functions says of itself; the functions "
    "themselves are folded in. The rules of safeguards are short and stand open."
)
LAW = (
    "What each text says of each safeguard in the configuration described here. *must*: a duty; *may*: a discretion; a blank: "
    "absent. Safeguards stand in the global order of checks, texts in the order in which they are looked up for a pair."
)
VALUES = (
    "Values are those of the configuration described here (for a study: of its first point); what a study varies stands under "
    "what was run. Status: *sourced*, a published figure stands behind it; *calibrated*, set so that the model comes near a "
    "published pattern; *assumed*, a choice without a source; *read, inferred, secondary, unverified*, how well the law's own "
    "text is known."
)
