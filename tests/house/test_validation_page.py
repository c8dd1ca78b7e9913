"""The manual's list of patterns is that of the configuration."""

from pathlib import Path

from experiments.report.blocks import markdown
from experiments.report.validated import list_of_patterns
from experiments.settings import conduct_of_study

PAGE = Path(__file__).parents[2] / "docs" / "validation.md"


def test_the_list_of_patterns_in_the_manual_is_that_of_the_configuration() -> None:
    """To mend it put the text that the failure shows in the place of the section."""
    made = markdown(list_of_patterns(conduct_of_study().patterns), 2)
    assert made in PAGE.read_text(encoding="utf-8"), made


def test_the_manual_names_every_module_that_observes() -> None:
    text, folder = PAGE.read_text(encoding="utf-8"), PAGE.parents[1] / "sim" / "observe"
    helpers = {"__init__", "files", "measures", "patterns", "published", "rows", "spec", "thinning"}
    assert [
        name for path in folder.glob("*.py") if (name := path.stem) not in helpers and f"sim/observe/{name}.py" not in text
    ] == []
