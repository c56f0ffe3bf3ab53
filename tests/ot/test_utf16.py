"""String positions, counted as JavaScript counts them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sharedb_py.ot import types
from sharedb_py.ot.utf16 import join, length, slice_units, splice

texts = st.text(alphabet="ab\u00e9\ufffd\U0001f600\U0001f52c", max_size=8)


def units(text: str) -> list[bytes]:
    """Return the code units of a text, one by one."""
    encoded = text.encode("utf-16-le", "surrogatepass")
    return [encoded[at : at + 2] for at in range(0, len(encoded), 2)]


def test_an_astral_character_is_two_units_long() -> None:
    assert [length(text) for text in ("", "ab", "\u00e9", "a\U0001f600", "\ud83d")] == [
        *(0, 2, 1, 3, 1)
    ]


@given(texts, st.integers(0, 20), st.integers(0, 20))
def test_a_slice_holds_the_units_between_two_positions(text: str, start: int, end: int) -> None:
    assert units(slice_units(text, start, end)) == units(text)[start:end]
    assert units(slice_units(text, start)) == units(text)[start:]


@given(texts, st.integers(0, 20))
def test_a_text_cut_anywhere_is_whole_again_when_joined(text: str, at: int) -> None:
    assert join(slice_units(text, 0, at), slice_units(text, at)) == text


@given(texts, st.integers(0, 20), st.integers(0, 5), texts)
def test_a_splice_puts_units_in_place_of_others(
    text: str, start: int, removed: int, added: str
) -> None:
    expected = units(text)
    expected[start : start + removed] = units(added)
    assert units(splice(text, start, start + removed, added)) == expected


def test_a_pair_split_by_an_insert_rejoins_when_the_insert_is_deleted() -> None:
    text0 = types["text0"]
    split = text0.apply("a\U0001f600b", [{"p": 2, "i": "x"}])
    assert split == "a\ud83dx\ude00b"
    assert text0.apply(split, [{"p": 2, "d": "x"}]) == "a\U0001f600b"


def test_half_a_pair_can_be_deleted() -> None:
    assert types["text0"].apply("a\U0001f600", [{"p": 2, "d": "\ude00"}]) == "a\ud83d"
