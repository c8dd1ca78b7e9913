"""What the report of a study says whatever the numbers are."""

from experiments.report import prose

THREE_THINGS = (
    "Three things are kept apart. *Parameters*: numbers of the model that nobody has measured; a study draws them from stated "
    "ranges, or holds them. *Worlds*: what no source holds of the one real world, such as drawn laws, hosting and treaties; the "
    "range over worlds says how the answer moves with it. *Simulation error*: how well a mean over worlds and luck is computed. "
    "More runs narrow the third alone."
)
DRAWN = (
    "The ranges are judgements of the modeller; a share or a quantile over the draws says how the answer moves within them, "
    "and is no probability that the world is so."
)
HELD = (
    "No parameter was varied. Every range on this page is over worlds alone, and another plausible set of parameters can "
    "move the size of an effect, and for small effects its direction."
)
PRIORS = (
    "Each world drew every number that has a prior (`parameters=prior`), once for all points: a range over worlds holds what is "
    "not known of these numbers too. Priors are judgements, and no evidence has narrowed them."
)
PAIRED = "All points meet the same worlds and the same luck, so differences between points are paired by world."
ONE_WORLD = "One world gives no range over worlds at all."
NO_ANALYSIS = "No analysis has been made of these runs: what follows says what was run, and on what it rests."
NONE_SUITS = "No analysis suits these runs. This page says what was run, and on what it rests; it holds no answer."
TOO_LITTLE = "The analyses that suit these runs find too little in them. This page says what was run, and on what it rests."
OWN_PAGE = "What `rogatory {name}` found in these runs stands in a folder of its own, whose manifest.json names this store."
AGAINST = "Policies are read against “{name}”; "
EACH_AGAINST = "Each policy is read against one of {count} baselines, the one that meets the same facts; "
ALONE = "No policy is read against another here: the numbers are levels, and hang on what is assumed more than differences do."
SUITS = "Analyses that suit the design of this study, and have not been made here:"
SUITS_NOT = "Analyses that do not suit it or find too little in it, and why:"
CUT = "The first {shown} of {rows} rows; the whole is the table {name}.csv of the analysis."
FURTHER = "Further tables of the analysis:"
WITHOUT = (
    "A run without a value is one that failed, is missing, or in which nothing happened that the outcome could be measured "
    "by. Means and intervals stand on the runs that have one."
)
DESIGN = "The design as it was written; any key of it can be changed and the study run again."
ASKED = "The design as the command asked for it; it stands in no file."
DUMPED = "The design as it was run (its file says something else, or is not at hand)."
VARIED = "Numbers of the model that this study varies"
VARIED_TOLD = (
    "Drawn between these bounds. Behind them stands what the design's file says of "
    "them; where it says nothing, what the number's own file says of its range."
)
REBUILD = "The same commands on the same commit give the same numbers, on any machine with these versions."
BESIDE = (
    "Beside the runs lie the table of points (each with an id that follows from what it sets), the analyses' tables and their "
    "figures."
)
LIMITS = prose.LIMITS | {
    "Conditional": "Ranges and errors cover what their sentence says and nothing else: worlds and luck, or also the parameters "
    "that were drawn, within ranges that are judgements. Parameters that were held can move every answer here."
}
