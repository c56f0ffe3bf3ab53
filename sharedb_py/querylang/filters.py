"""Compiles a Mongo-style filter to a predicate over documents."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from sharedb_py.errors import QueryError
from sharedb_py.jsonvalue import MISSING, is_number
from sharedb_py.querylang.regex import compile_regex
from sharedb_py.querylang.values import Reached, content_of, is_whole, key_of, rank_of, reach

__all__ = ["Predicate", "compile_filter", "fields_of"]

Predicate: TypeAlias = Callable[[Any], bool]

MALFORMED: Final = 4107
MAX_REGEX: Final = 1_000

_TYPE_NAMES: Final[dict[Any, Predicate]] = {
    "null": lambda value: value is None,
    "bool": lambda value: isinstance(value, bool),
    "number": is_number,
    "double": lambda value: is_number(value) and not is_whole(value),
    "int": lambda value: is_whole(value) and -(2**31) <= value < 2**31,
    "long": lambda value: is_whole(value) and not -(2**31) <= value < 2**31,
    "string": lambda value: isinstance(value, str),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
}
_TYPE_NUMBERS: Final = {
    1: "double",
    2: "string",
    3: "object",
    4: "array",
    8: "bool",
    10: "null",
    16: "int",
    18: "long",
}


def compile_filter(query_filter: dict[str, Any]) -> Predicate:
    """Return a predicate over documents; an unknown or malformed operator raises ``QueryError``."""
    checks = [_compile_entry(key, condition) for key, condition in query_filter.items()]
    return lambda document: all(check(document) for check in checks)


def fields_of(query_filter: dict[str, Any]) -> frozenset[str]:
    """Return the top-level fields that a filter looks at."""
    found: set[str] = set()
    for key, condition in query_filter.items():
        if key in _LOGICAL:
            for branch in condition:
                found |= fields_of(branch)
        elif not key.startswith("$"):
            found.add(key.split(".")[0])
    return frozenset(found)


def _malformed(operator: str, why: str) -> QueryError:
    return QueryError(f"Malformed query operator: {operator} {why}", MALFORMED)


def _branches(operator: str, condition: Any) -> list[Predicate]:
    if not isinstance(condition, list) or not condition:
        raise _malformed(operator, "takes a list of filters that is not empty")
    for branch in condition:
        if not isinstance(branch, dict):
            raise _malformed(operator, "takes filters, which are objects")
    return [compile_filter(branch) for branch in condition]


def _all_of(checks: list[Predicate]) -> Predicate:
    return lambda document: all(check(document) for check in checks)


def _any_of(checks: list[Predicate]) -> Predicate:
    return lambda document: any(check(document) for check in checks)


def _none_of(checks: list[Predicate]) -> Predicate:
    return lambda document: not any(check(document) for check in checks)


_LOGICAL: Final = {"$and": _all_of, "$or": _any_of, "$nor": _none_of}


def _compile_entry(key: str, condition: Any) -> Predicate:
    if key in _LOGICAL:
        return _LOGICAL[key](_branches(key, condition))
    if key == "$comment":
        return lambda document: True
    if key.startswith("$"):
        raise _malformed(key, "is not known here")
    check = _compile_condition(condition)
    return lambda document: check(reach(document, key))


_Check: TypeAlias = Callable[[Reached], bool]
"""Takes what a path reached and says whether the field matches."""

_Build: TypeAlias = Callable[[Any, dict[str, Any]], _Check]
"""Makes the check of an operator from its operand and the object that both stand in."""


def _compile_condition(condition: Any) -> _Check:
    """Compile what stands behind a field: a value, or an object of operators."""
    if not isinstance(condition, dict) or not any(key.startswith("$") for key in condition):
        return _equals(condition)
    checks: list[_Check] = []
    for name, operand in condition.items():
        if name == "$options":
            if "$regex" not in condition:
                raise _malformed("$options", "needs a $regex beside it")
            continue
        build = _OPERATORS.get(name)
        if build is None:
            raise _malformed(name, "is not known here")
        checks.append(build(operand, condition))
    return lambda reached: all(check(reached) for check in checks)


def _compares(accepts: Callable[[Any, Any], bool]) -> _Build:
    """An operator that compares: only within one type, where null and missing are one."""

    def build(operand: Any, _: dict[str, Any]) -> _Check:
        rank, wanted = key_of(operand)
        if rank == 1:
            both_null = accepts(0, 0)
            return lambda reached: both_null and any(rank_of(v) == 1 for v in reached.items)
        return lambda reached: any(
            rank_of(value) == rank and accepts(content_of(value), wanted) for value in reached.items
        )

    return build


def _equals(operand: Any) -> _Check:
    return _compares(operator.eq)(operand, {})


def _in(operand: Any, _: dict[str, Any]) -> _Check:
    if not isinstance(operand, list):
        raise _malformed("$in", "takes a list")
    wanted = {key_of(item) for item in operand}
    ranks = {rank for rank, _ in wanted}
    return lambda reached: any(
        rank_of(value) in ranks and key_of(value) in wanted for value in reached.items
    )


def _nin(operand: Any, _: dict[str, Any]) -> _Check:
    if not isinstance(operand, list):
        raise _malformed("$nin", "takes a list")
    return _none(_in(operand, {}))


def _none(check: _Check) -> _Check:
    return lambda reached: not check(reached)


def _exists(operand: Any, _: dict[str, Any]) -> _Check:
    # MongoDB takes only null, false and 0 for no.
    wanted = (
        operand is not None and operand is not False and not (is_number(operand) and not operand)
    )
    return lambda reached: any(value is not MISSING for value in reached.values) == wanted


def _not(operand: Any, _: dict[str, Any]) -> _Check:
    if not isinstance(operand, dict) or not all(key.startswith("$") for key in operand or "x"):
        raise _malformed("$not", "takes an object of operators")
    return _none(_compile_condition(operand))


def _regex(operand: Any, condition: dict[str, Any]) -> _Check:
    options = condition.get("$options", "")
    if not isinstance(operand, str) or len(operand) > MAX_REGEX:
        raise _malformed("$regex", f"takes a string of at most {MAX_REGEX} characters")
    if "\0" in operand:
        raise _malformed("$regex", "takes no NUL")
    if not isinstance(options, str) or set(options) - set("imsx"):
        raise _malformed("$options", "takes letters out of imsx")
    flags = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}
    try:
        search = compile_regex(operand, sum(flags[letter] for letter in set(options)))
    except ValueError as error:
        raise _malformed("$regex", str(error)) from None
    return lambda reached: any(isinstance(value, str) and search(value) for value in reached.items)


def _elem_match(operand: Any, _: dict[str, Any]) -> _Check:
    if not isinstance(operand, dict):
        raise _malformed("$elemMatch", "takes an object")
    if operand and all(key.startswith("$") and key not in _LOGICAL for key in operand):
        check = _compile_condition(operand)
        # An item that is a list itself counts as that list alone.
        return _any_item(lambda item: check(Reached([item], [item])))
    matches = compile_filter(operand)
    return _any_item(lambda item: isinstance(item, (dict, list)) and matches(_as_object(item)))


def _any_item(accepts: Predicate) -> _Check:
    return lambda reached: any(
        accepts(item) for value in reached.values if isinstance(value, list) for item in value
    )


def _as_object(item: dict[str, Any] | list[Any]) -> dict[str, Any]:
    """To ``$elemMatch`` a list is an object whose keys are its indexes."""
    return item if isinstance(item, dict) else {str(i): value for i, value in enumerate(item)}


def _all(operand: Any, condition: dict[str, Any]) -> _Check:
    if not isinstance(operand, list):
        raise _malformed("$all", "takes a list")
    checks = [
        _elem_match(item["$elemMatch"], condition)
        if isinstance(item, dict) and list(item) == ["$elemMatch"]
        else _equals(item)
        for item in operand
    ]
    return lambda reached: bool(checks) and all(check(reached) for check in checks)


def _size(operand: Any, _: dict[str, Any]) -> _Check:
    if not is_whole(operand) or operand < 0:
        raise _malformed("$size", "takes a whole number that is not negative")
    return lambda reached: any(isinstance(v, list) and len(v) == operand for v in reached.values)


def _type(operand: Any, _: dict[str, Any]) -> _Check:
    names = [
        _TYPE_NUMBERS.get(name, name) if is_number(name) else name
        for name in (operand if isinstance(operand, list) else [operand])
    ]
    if not names:
        raise _malformed("$type", "takes a type, or a list of some")
    for name in names:
        if not isinstance(name, str) or name not in _TYPE_NAMES:
            raise _malformed("$type", f"knows no type {name!r}")
    return lambda reached: any(
        value is not MISSING and _TYPE_NAMES[name](value)
        for value in reached.items
        for name in names
    )


def _mod(operand: Any, _: dict[str, Any]) -> _Check:
    if not isinstance(operand, list) or len(operand) != 2 or not all(map(is_number, operand)):
        raise _malformed("$mod", "takes [divisor, remainder]")
    divisor, remainder = (int(number) for number in operand)
    if divisor == 0:
        raise _malformed("$mod", "cannot divide by 0")
    return lambda reached: any(
        is_number(value) and _remainder(value, divisor) == remainder for value in reached.items
    )


def _remainder(value: int | float, divisor: int) -> int | None:
    """The remainder with the dividend's sign, as in C; None past 64 bits, as MongoDB has it."""
    dividend = int(value)
    if not -(2**63) <= dividend < 2**63:
        return None
    rest = abs(dividend) % abs(divisor)
    return rest if dividend >= 0 else -rest


_OPERATORS: Final[dict[str, _Build]] = {
    "$eq": _compares(operator.eq),
    "$ne": lambda operand, _: _none(_equals(operand)),
    "$gt": _compares(operator.gt),
    "$gte": _compares(operator.ge),
    "$lt": _compares(operator.lt),
    "$lte": _compares(operator.le),
    "$in": _in,
    "$nin": _nin,
    "$exists": _exists,
    "$not": _not,
    "$regex": _regex,
    "$elemMatch": _elem_match,
    "$all": _all,
    "$size": _size,
    "$type": _type,
    "$mod": _mod,
}
