"""What the tests may cost: nothing is composed when they are collected, for every worker would pay for it."""

import pytest

from tests.conftest import COMPOSED_AT_IMPORT


def test_no_module_composes_a_configuration_when_it_is_imported(pytestconfig: pytest.Config) -> None:
    assert pytestconfig.stash[COMPOSED_AT_IMPORT] == 0
