"""Everything that would be published about a run, source by source."""

from __future__ import annotations

from sim.conduct.direct import DirectCounts
from sim.draws import Draws
from sim.metrics.cohort import Finished, people_at_risk
from sim.observe.census import rows_of_census, rows_of_survey
from sim.observe.files import filed_in
from sim.observe.firms import reports_of, rows_of_firms
from sim.observe.measures import in_bands
from sim.observe.panel import rows_of_panel
from sim.observe.registers import rows_of_registers
from sim.observe.rows import Row
from sim.observe.spec import ObserveSpec
from sim.world.vocabulary import MONTHS_PER_YEAR


def observed_rows(
    run: Finished, direct: DirectCounts, spec: ObserveSpec, draws: Draws, safeguards: tuple[str, ...], panel_reads: bool
) -> list[Row]:
    """Every observable of a finished run whose rows were kept.

    ``direct`` are the run's counts of direct requests, ``draws`` its luck, ``safeguards`` the names in the order in which files
    name them; ``panel_reads`` says whether a panel reads files under any text of the register.
    """
    states, months = run.world.states, MONTHS_PER_YEAR * run.years
    files, closes = filed_in(run), run.closes - run.opens
    reports = reports_of(direct, files, states, run.instruments, spec, draws, run.first_month, months)
    bands = in_bands(states.liberal, spec.bands)
    window = slice(run.first_month, run.first_month + months)
    return [
        *rows_of_firms(reports, states, spec),
        *rows_of_registers(files, bands, run.instruments, safeguards, spec, closes),
        *rows_of_panel(files, run.instruments, panel_reads, spec, closes),
        *rows_of_census(files, states, run.world.offences, spec, closes),
        *rows_of_survey(None if run.lost is None else run.lost[window], people_at_risk(run)),
    ]
