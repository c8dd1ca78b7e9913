"""A study takes no key of another study for nothing."""

import pytest

from tests.shell import status_of

OF_OTHERS = (
    *(("run", key) for key in ("until=0.01", "baseline=no_treaty", "scenarios=[judge]", "case=3", "person=3", "state=TUR")),
    *(("treaty", key) for key in ("baseline=judge", "most_seeds=20", "outcome=legit_met_rate", "size=8")),
    *(("law", key) for key in ("baseline=judge", "outcome=legit_met_rate", "case=3")),
    *(("explain", key) for key in ("state=TUR", "until=0.01", "size=8")),
)


@pytest.mark.parametrize(("study", "override"), OF_OTHERS)
def test_a_key_of_another_study_is_refused(study: str, override: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert status_of(study, override, "states.override.TUR.strength=1") == 2
    (line,) = capfd.readouterr().err.strip().split("\n")
    key = override.partition("=")[0]
    assert line.startswith(f"rogatory: {key}: found "), line
    assert line.endswith(f" in {study}; accepted: nothing, for this study does not read it"), line
