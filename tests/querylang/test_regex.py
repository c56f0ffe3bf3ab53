"""Regular expressions: found where Python finds them, but never for long."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sharedb_py.querylang.regex import MAX_REMEMBERED, compile_regex

ATOMS = [
    "a",
    "b",
    "B",
    "é",
    ".",
    "[ab]",
    "[^a]",
    "[a-c_]",
    r"[\d\s]",
    r"[^\w]",
    r"\d",
    r"\D",
    r"\w",
    r"\W",
    r"\s",
    r"\S",
    r"\n",
    r"\.",
    "^",
    "$",
    r"\A",
    r"\Z",
    r"\b",
    r"\B",
    "",
]
REPEATS = ["*", "+", "?", "*?", "+?", "??", "{2}", "{0}", "{1,2}", "{,2}", "{2,}"]
PLACES = {"^", "$", r"\A", r"\Z", r"\b", r"\B", ""}


def group(inner: str, kind: str) -> str:
    return f"({kind}{inner})"


patterns = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda ways: group("|".join(ways), "?:")),
        st.builds(group, inner, st.sampled_from(["", "?:", "?i:", "?-i:", "?s:", "?m:"])),
        st.builds(lambda part, repeat: f"(?:{part}){repeat}", inner, st.sampled_from(REPEATS)),
    ),
    max_leaves=6,
)
texts = st.text(st.sampled_from("abBcé_1 \n.É"), max_size=6)
flags = st.sampled_from(
    [0, re.IGNORECASE, re.MULTILINE, re.DOTALL, re.IGNORECASE | re.MULTILINE | re.DOTALL]
)


@settings(deadline=None, max_examples=400)
@given(pattern=patterns, several=st.lists(texts, max_size=4), flag=flags)
@example(pattern="$", several=["\n", "a\n", "\n\n", ""], flag=0)
@example(pattern="^$", several=["a\n\nb", "\n"], flag=re.MULTILINE)
@example(pattern=r"\B", several=["", "a", " "], flag=0)
@example(pattern=r"(?a:\bé)", several=["é", "aé"], flag=0)
@example(pattern="(?:(?:a|))*b", several=["aab", "c"], flag=0)
def test_a_text_is_found_where_python_finds_it(pattern: str, several: Any, flag: int) -> None:
    search = compile_regex(pattern, flag)
    for text in several:
        assert search(text) is (re.search(pattern, text, flag) is not None), (pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("(a+)+$", "a" * 5000 + "b", False),
        ("^(a|a)*$", "a" * 5000 + "b", False),
        ("(a|ab)*c", "ab" * 5000, False),
        ("(.*)*x", "a" * 5000, False),
        ("(.*,){20}x", "1," * 2000, False),
        (".*.*.*.*.*x", "a" * 5000, False),
        ("a?" * 100 + "a" * 100, "a" * 100, True),
        ("(a?){200}a{200}", "a" * 199, False),
        ("(|){500}x", "y", False),
        ("((((){60000}){60000}){60000}){60000}", "", True),
        ("(x+x+)+y", "x" * 5000, False),
        (r"^(\w+\s?)*$", "word " * 1000 + "!", False),
        ("(a|b)*a(a|b){14}c", "ab" * 3000, False),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_expression_made_to_take_forever_does_not(pattern: str, text: str, found: bool) -> None:
    # Each of these keeps a matcher that backtracks busy past any timeout.
    assert compile_regex(pattern, 0)(text) is found


def test_a_long_text_of_many_different_characters_is_searched() -> None:
    many = "".join(chr(0x4E00 + number) for number in range(5 * MAX_REMEMBERED))
    search = compile_regex(r"^\w+!$", 0)
    assert search(many + "!")
    assert not search(many)
    assert not search(many + " !")
    assert search(many[::-1] + "!")


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(?=a)", "lookarounds"),
        ("(?!a)b", "lookarounds"),
        ("(?<=a)b", "lookarounds"),
        ("((?<!a)b)+", "lookarounds"),
        (r"(a)\1", "backreferences"),
        ("(a)?(?(1)b|c)", "backreferences"),
        ("(?>a+)b", "atomic groups"),
        ("a++b", "possessive repeats"),
        ("a{1001}", "too large"),
        ("((a{10}){10}){11}", "too large"),
        ("(a|b|c|){300}", "too large"),
        ("(", "not a regular expression"),
        ("[z-a]", "not a regular expression"),
        ("a**", "not a regular expression"),
        ("(?P<1>a)", "not a regular expression"),
        ("(?L)a", "not a regular expression"),
        ("a{99999999999999999999}", "not a regular expression"),
        ("(" * 500 + ")" * 500, "not a regular expression"),
        ("\\", "not a regular expression"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_not_taken_is_told(pattern: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        compile_regex(pattern, 0)


@pytest.mark.parametrize("pattern", [r"[^\s\S]", r"a\Ab", "a^b", "$a"])
def test_what_matches_nothing_is_never_found(pattern: str) -> None:
    assert not compile_regex(pattern, 0)("anything, ab\nab")
