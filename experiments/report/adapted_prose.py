"""What the report of a study of adaptation says whatever the numbers are."""

TITLE = "What each safeguard protects on paper, and what is left of it once everyone has adapted"
QUESTION = (
    "A safeguard that works against yesterday's conduct may fail against tomorrow's. How many disclosures of people at risk does "
    "each rule prevent while everyone goes on as they did? And how many once governments have learned which way of asking pays, "
    "reviewers whom to trust, people when to keep silent, and legislatures which penalties pass the gate?"
)
BOTH_CONDUCTS = (
    "Every scenario is run twice in the same worlds, with the same cases and the same luck: *naive*, where nobody adapts, and "
    "*adaptive*, where everyone does from the window's first day. Each is read against the text as adopted under the same "
    "conduct, so what adaptation does to all scenarios alike is in no difference between them."
)
WHO = "Who adapts in the adaptive runs; each mechanism has a switch of its own"
MECHANISMS = {
    "requesters": (
        "Requesters",
        "choose among ways of asking (label, kind of destination, text, channel) by what has paid, and file more where more is "
        "given; about half of the states are creatures of habit",
    ),
    "reviewers": (
        "Reviewers",
        "trust a requester by what they met of it, remember abuse that came to light, suspend after a scandal, and read pretended "
        "emergencies more closely",
    ),
    "people": ("People", "fall silent after their own case or their peers', or move to safer tools"),
    "legislatures": (
        "Legislatures",
        "raise maximum penalties to the treaty's gate, copy one another, make new laws on joining, and may agree on a protocol",
    ),
    "members": ("Parties", "join one after another, or leave"),
}
NOBODY = "nobody: switched off"
MEASURES = (
    "“Saved” is the share of the baseline's disclosures of abusive cases that the rule prevents, whole window or cases that arise "
    "in that year; “taken by adaptation” is saved on paper less saved after adaptation, in percentage points of the whole window. "
    "A rule may save less in later years while nobody adapts too, because queues fill: headline.csv has “taken” year for year. "
    "“Displaced” is the share of what the treaty no longer gives that is had another way all the same. "
    "“Silenced” is the share of wishes that nobody has any more because somebody has fallen silent: cases less, and nobody "
    "protected. Both are levels under the scenario, not changes against the baseline, so no worlds agree on a sign."
)
CLEARLY = (
    "Clearly: the range over worlds lies on one side of zero, rests on eight worlds or more, and its spread is not mostly chance."
)
SILENCE = (
    "Silence is no protection: under adaptation fewer cases also arise because people say less, in the baseline as in every "
    "scenario. A scenario under which more people are exposed may therefore look better than it is."
)
DISPLACED = (
    "Of the abusive cases that the treaty gave under the baseline and no longer gives under the scenario: the share that is had "
    "all the same, and by which way. Everyone adapts; what is had twice counts once."
)
MOVED = (
    "How adaptation moves disclosures, in points of what the baseline discloses while nobody adapts: adaptive less naive under "
    "the same scenario. The first row is the baseline itself. A rise under one label, channel, text or state beside a fall under "
    "another is a case that found another way."
)
RANGES = (
    "A world is one draw of what nobody knows about the one real world (drawn laws, hosting, treaties); its value is the mean over "
    "its replicates, in per cent of its own baseline. The range does not shrink with computing time. It says nothing of the "
    "parameters below, which are held, and least of all of how anyone would adapt."
)
ERRORS = (
    "The simulation error says how far the mean over worlds would move in another study of as many worlds (95\u202f%; of ratios "
    "Fieller's, of their differences by linearisation): it tells whether enough was computed, not how the real world is."
)
PAIRED = (
    "“Taken by adaptation” is paired by world: it can be told from zero where the two shares themselves, with their wide "
    "ranges over worlds, cannot be told apart."
)
YEARS = "A single year holds few cases: compare years by their direction over all scenarios, and quote the whole window."
DESCRIBED = (
    "Each mechanism of adaptation, with what is sourced and what is assumed of it, is described in docs/model.md (Adaptation); the "
    "whole model, in the ODD form, on the page of any study (rogatory report)."
)
BESIDE = (
    "The command writes this page into a folder of its own, with headline.csv, displaced.csv and moved.csv (every row of these "
    "tables and all others, with limits and counts), runs.parquet, the figure, and manifest.json with the configurations and the "
    "checksum of every file. The folder of results/reference keeps the same, but of the runs only two estimands (runs.csv)."
)
