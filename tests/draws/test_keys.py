"""Keys are integers or names; a draw depends on them alone, not on shape, order, type or company."""

from __future__ import annotations

import numpy as np
import pytest

from sim.draws import Draws, as_keys, name_key, name_keys

D = Draws(17)


@pytest.mark.parametrize("key", [1.0, [1.0, 2.0], np.array([1.5]), np.float32(3), True, None, [None], 1j, 2**64, [-1, 2**63]])
def test_a_key_that_is_neither_integer_nor_name_is_an_error(key: object) -> None:
    with pytest.raises(TypeError, match="a key of a draw must be an integer or a name, not"):
        D.uniform("look", key)  # type: ignore[arg-type]


def test_a_name_and_its_key_draw_alike_alone_or_in_a_list() -> None:
    names = ["AT", "KE", "discrimination", "Côte d'Ivoire", ""]
    u = D.uniform("look", names)
    assert u.tolist() == D.uniform("look", name_keys(names)).tolist()
    assert u.tolist() == D.uniform("look", np.array(names)).tolist()
    assert u.tolist() == [float(D.uniform("look", name)) for name in names]
    assert len(set(u.tolist())) == len(names)


def test_the_digits_of_a_number_are_a_name_and_not_the_number() -> None:
    assert float(D.uniform("look", "1")) != float(D.uniform("look", 1))


def test_a_name_in_bytes_is_that_name_or_an_error() -> None:
    try:
        key = as_keys(np.array([b"AT"]))
    except TypeError:
        return
    assert key.tolist() == [int(name_key("AT"))]


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.int32, np.int64])
def test_the_width_of_an_integer_does_not_matter_and_minus_one_is_all_bits(kind: type[np.signedinteger]) -> None:
    small = [-128, -1, 0, 1, 127]
    assert D.uniform("look", np.array(small, dtype=kind)).tolist() == D.uniform("look", small).tolist()
    assert as_keys(np.array([-1], dtype=kind)).tolist() == [2**64 - 1]


def test_seeds_are_taken_modulo_two_to_the_64() -> None:
    for seed, same in ((-1, 2**64 - 1), (-(2**63), 2**63), (2**64 + 5, 5)):
        assert float(Draws(seed).uniform("look", 3)) == float(Draws(same).uniform("look", 3))


def test_a_seed_that_is_no_integer_is_an_error() -> None:
    with pytest.raises(TypeError):
        Draws(1.5).uniform("look", 1)  # type: ignore[arg-type]


def test_keys_broadcast_and_each_entry_is_the_draw_of_its_own_keys() -> None:
    u = D.uniform("look", np.arange(3)[:, None, None], np.arange(4)[:, None], ["a", "b"])
    assert u.shape == (3, 4, 2)
    for i, j, k in np.ndindex(3, 4, 2):
        assert u[i, j, k] == float(D.uniform("look", i, j, "ab"[k]))
    assert D.uniform("look", np.zeros((0,), dtype=np.int64), 1).shape == (0,)
    assert D.uniform("look").shape == ()


def test_shapes_that_do_not_fit_are_an_error() -> None:
    with pytest.raises(ValueError, match="shape mismatch"):
        D.uniform("look", [1, 2, 3], [1, 2])


def test_permuting_the_rows_permutes_every_kind_of_draw() -> None:
    a, b = np.arange(1000) * 7919 % 1000, np.arange(1000) // 10
    order = np.argsort(D.uniform("order", np.arange(1000)))
    for draw in (
        lambda x, y: D.uniform("look", x, y),
        lambda x, y: D.normal("look", x, y),
        lambda x, y: D.gumbel("look", x, y),
        lambda x, y: D.poisson(12.5, "look", x, y),
        lambda x, y: D.gamma(2.0, "look", x, y),
        lambda x, y: D.beta(0.6, 0.4, "look", x, y),
    ):
        assert (draw(a, b)[order] == draw(a[order], b[order])).all()


def test_a_draw_does_not_depend_on_company_memory_layout_or_earlier_draws() -> None:
    keys = np.arange(60).reshape(6, 10)
    whole = D.uniform("look", keys, 3)
    D.uniform("look", 1)
    D.normal("look", keys)
    assert (D.uniform("look", keys[::2, ::3], 3) == whole[::2, ::3]).all()
    assert (D.uniform("look", np.asfortranarray(keys), 3) == whole).all()
    assert (D.uniform("look", keys[::-1], 3)[::-1] == whole).all()
    assert (Draws(17).uniform("look", keys.astype(">i8"), 3) == whole).all()
    assert D.uniform("look", keys[4, 5], 3) == whole[4, 5]
