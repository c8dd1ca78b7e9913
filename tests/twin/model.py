"""The twin: the simulated month of docs/model.md as an idiomatic Mesa model, one object a request and one agent a state.

The order of a month, and what is called (stages that do not exist yet are skipped):

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
