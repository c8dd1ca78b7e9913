"""``make check`` runs the tests that stand nearest to a change."""

import pytest

from tests.near import dotted, imported_by, near


def test_a_module_has_the_tests_in_its_own_folder_that_import_it() -> None:
    found = near(["sim/config/__init__.py"])
    assert "tests/config/test_composition.py" in found
    assert all(name.startswith("tests/config/") for name in found)
    assert near(["experiments/figures/__init__.py"])[0].startswith("tests/figures/")


def test_a_module_that_only_its_package_imports_has_the_tests_of_the_package() -> None:
    assert near(["sim/config/given.py"]) == near(["sim/config/__init__.py"])


def test_a_module_without_a_folder_of_its_own_has_all_tests_that_import_it() -> None:
    found = near(["experiments/design/designs.py"])
    assert {"tests/config/test_designs.py", "tests/analysis/test_designs.py", "tests/house/test_readme.py"} <= set(found)


def test_a_test_has_itself_and_what_tests_share_has_those_that_share_it() -> None:
    assert near(["tests/draws/test_bits.py"]) == ["tests/draws/test_bits.py"]
    assert "tests/figures/test_pages.py" in near(["tests/figures/examples.py"])


def test_what_is_no_module_has_the_tests_of_the_house_and_nothing_has_none() -> None:
    assert near(["configs/scenario/judge.yaml"]) == ["tests/config", "tests/house"]
    assert near([]) == []


FILES = [("sim/model.py", "sim.model"), ("experiments/figures/__init__.py", "experiments.figures")]


@pytest.mark.parametrize(("path", "name"), FILES)
def test_a_file_is_known_by_its_module(path: str, name: str) -> None:
    assert dotted(path) == name


def test_every_way_to_import_is_seen() -> None:
    source = "import a.b\nfrom c.d import e as f\n\ndef late():\n    from g import h\n"
    assert {*imported_by(source)} >= {"a.b", "c.d", "c.d.e", "g", "g.h"}
