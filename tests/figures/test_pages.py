"""Every figure on its page: nothing overlaps, nothing is cut off, nothing is written unasked."""

import itertools
from functools import cache
from pathlib import Path

import matplotlib as mpl
import matplotlib.image
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from experiments.figures import FIGURES, draw, save
from sim.world.record import ConfigError
from tests.figures.examples import EXAMPLES, GIVEN, SETTINGS
from tests.shares import some_fast

CAPTION = "Three runs (seeds 3, 4, 5) of five years; intervals are 95 % t-intervals over runs. " * 2
TOUCH = 1.0  # pixels by which extents may share an edge


@cache
def page(name: str) -> Figure:
    """One page for all tests that save it; who wants it anew calls ``page.__wrapped__``."""
    return draw(name, EXAMPLES[name](), CAPTION, SETTINGS[name], **GIVEN.get(name, {}))


def written(figure: Figure) -> list[Text]:
    """All texts that are seen, each in its place."""
    figure.draw_without_rendering()
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in axis.get_major_ticks():
                tick.label1.set_visible(
                    tick.label1.get_visible() and ax.axison and low <= tick.get_loc() <= high
                )  # at the top: label2
    return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]


def labels(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in written(figure))


def test_every_figure_has_a_line_of_settings_and_every_line_a_figure() -> None:
    assert set(SETTINGS) == set(FIGURES) == set(EXAMPLES)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_drawn_and_nothing_else_happens_and_each_of_its_texts_can_be_read(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One drawing a figure for all that is asked of it: it takes half a second."""
    monkeypatch.chdir(tmp_path)
    frame, style = EXAMPLES[name](), dict(mpl.rcParams)
    before = frame.copy()
    with monkeypatch.context() as patch:
        patch.setattr(Figure, "savefig", lambda *_, **__: pytest.fail("a figure saved itself"))
        patch.setattr(Figure, "show", lambda *_, **__: pytest.fail("a figure showed itself"))
        figure = draw(name, frame, CAPTION, SETTINGS[name], **GIVEN.get(name, {}))
    assert not list(tmp_path.iterdir())
    assert frame.equals(before)
    assert dict(mpl.rcParams) == style
    no_text_is_cut_off_by_the_page(figure)
    no_two_texts_overlap(figure)
    text = labels(figure).replace("\n", " ")
    assert SETTINGS[name]["title"] in text
    assert CAPTION.strip() in text


def no_text_is_cut_off_by_the_page(figure: Figure) -> None:
    for text in written(figure):
        box = text.get_window_extent()
        assert min(box.x0, box.y0) >= 0, text
        assert box.x1 <= figure.bbox.x1, text
        assert box.y1 <= figure.bbox.y1, text


def no_two_texts_overlap(figure: Figure, touch: float = TOUCH) -> None:
    boxes = [(text.get_text(), text.get_window_extent()) for text in written(figure)]
    for (a, one), (b, other) in itertools.combinations(boxes, 2):
        wide = min(one.x1, other.x1) - max(one.x0, other.x0)
        high = min(one.y1, other.y1) - max(one.y0, other.y0)
        assert wide <= touch or high <= touch, (a, b)


@pytest.mark.parametrize("name", FIGURES)
def test_an_empty_frame_is_a_figure_that_says_so_and_one_without_a_column_is_refused_by_name(name: str) -> None:
    frame = EXAMPLES[name]()
    assert "no events" in labels(draw(name, frame.iloc[:0], settings=SETTINGS[name]))
    with pytest.raises(ValueError, match=f"no column {frame.columns[-1]}"):
        draw(name, frame.iloc[:, :-1], settings=SETTINGS[name])


@pytest.mark.parametrize("name", some_fast(list(FIGURES), ["flows", "forest"]))
def test_columns_of_categories_draw_as_columns_of_names(name: str) -> None:
    frame = EXAMPLES[name]()
    words = frame.select_dtypes(include=["object", "string"]).columns
    figure = draw(name, frame.astype(dict.fromkeys(words, "category")), settings=SETTINGS[name])
    assert labels(figure) == labels(draw(name, frame, settings=SETTINGS[name]))


def test_an_unknown_figure_is_one_line_that_names_the_known() -> None:
    with pytest.raises(ConfigError) as caught:
        draw("pie", EXAMPLES["flows"]())
    assert str(caught.value).count("\n") == 0
    assert "'pie'" in str(caught.value)
    assert "tile_map" in str(caught.value)


def test_an_unknown_option_is_one_line_that_names_the_known() -> None:
    with pytest.raises(ConfigError, match=r"figures\.flows: nothing is named 'larges'.*largest"):
        draw("flows", EXAMPLES["flows"](), settings=SETTINGS["flows"] | {"larges": 3})


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_a_saved_figure_is_whole_and_the_same_every_time(ending: str, tmp_path: Path) -> None:
    one, two = (save(page.__wrapped__("fates"), tmp_path / "deep" / f"{name}.{ending}") for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()
    assert sorted(path.name for path in one.parent.iterdir()) == [one.name, two.name]


def test_a_saved_page_is_as_wide_as_its_settings_say(tmp_path: Path) -> None:
    height, width, _ = matplotlib.image.imread(save(page("headline"), tmp_path / "a.png")).shape
    settings = SETTINGS["headline"]
    assert (width, height) == (settings["width_inches"] * settings["dpi"], settings["height_inches"] * settings["dpi"])


def test_a_save_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Figure, path: Path, **__: object) -> None:
        path.write_text("half")
        raise OSError("disk full")

    figure, path = page("headline"), tmp_path / "a.png"
    path.write_text("old")
    monkeypatch.setattr(Figure, "savefig", broken)
    with pytest.raises(OSError, match="disk full"):
        save(figure, path)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("a.png", "old")]


def test_an_ending_that_is_no_picture_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'\.doc'; accepted: \.png"):
        save(page("headline"), tmp_path / "a.doc")


def test_per_cents_of_the_pooled_baseline_and_of_a_draw_s_have_labels_of_their_own() -> None:
    panels = {name: draw(name, EXAMPLES[name](), "", SETTINGS[name], **GIVEN.get(name, {})).axes for name in ("pareto", "regret")}
    of = {name: [inner for ax in axes for inner in ax.child_axes] for name, axes in panels.items()}
    pooled = [words for inner in of["pareto"] for words in (inner.get_xlabel(), inner.get_ylabel())]
    drawn = [inner.get_xlabel() for inner in of["regret"]]
    assert pooled
    assert drawn
    assert all("% of the pooled baseline" in words for words in pooled)
    assert all("% of the draw's baseline" in words for words in drawn)
