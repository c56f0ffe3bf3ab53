"""Compiles a Mongo-style filter to a predicate over documents."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from sharedb_py.errors import QueryError
from sharedb_py.jsonvalue import MISSING, is_number
from sharedb_py.querylang.values import comparable, compare, equal, is_whole, values_at

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
    return lambda document: check(list(values_at(document, key)))


# A check takes all the values that a path reached and says whether the field matches.
_Check: TypeAlias = Callable[[list[Any]], bool]


def _compile_condition(condition: Any) -> _Check:
    """Compile what stands behind a field: a value, or an object of operators."""
    if not isinstance(condition, dict) or not any(key.startswith("$") for key in condition):
        return _equals(condition)
    checks: list[_Check] = []
    for operator, operand in condition.items():
        if operator == "$options":
            if "$regex" not in condition:
                raise _malformed("$options", "needs a $regex beside it")
            continue
        build = _OPERATORS.get(operator)
        if build is None:
            raise _malformed(operator, "is not known here")
        checks.append(build(operand, condition))
    return lambda values: all(check(values) for check in checks)


def _items(values: list[Any]) -> list[Any]:
    """The values, and the items of those that are lists: a filter looks at both."""
    return values + [item for value in values if isinstance(value, list) for item in value]


def _equals(operand: Any) -> _Check:
    if operand is None:
        return lambda values: not values or any(equal(value, None) for value in _items(values))
    return lambda values: any(equal(value, operand) for value in _items(values))


def _ordered(accepts: Callable[[int], bool]) -> Callable[[Any, dict[str, Any]], _Check]:
    def build(operand: Any, _: dict[str, Any]) -> _Check:
        return lambda values: any(
            comparable(value, operand) and accepts(compare(value, operand))
            for value in _items(values)
        )

    return build


def _in(operand: Any, _: dict[str, Any]) -> _Check:
    if not isinstance(operand, list):
        raise _malformed("$in", "takes a list")
    checks = [_equals(item) for item in operand]
    return lambda values: any(check(values) for check in checks)


def _negate(
    build: Callable[[Any, dict[str, Any]], _Check],
) -> Callable[[Any, dict[str, Any]], _Check]:
    def build_negated(operand: Any, condition: dict[str, Any]) -> _Check:
        check = build(operand, condition)
        return lambda values: not check(values)

    return build_negated


def _exists(operand: Any, _: dict[str, Any]) -> _Check:
    wanted = bool(operand)
    return lambda values: any(value is not MISSING for value in values) == wanted


def _not(operand: Any, _: dict[str, Any]) -> _Check:
    if not isinstance(operand, dict) or not operand:
        raise _malformed("$not", "takes an object of operators")
    check = _compile_condition(operand)
    return lambda values: not check(values)


def _regex(operand: Any, condition: dict[str, Any]) -> _Check:
    options = condition.get("$options", "")
    if not isinstance(operand, str) or len(operand) > MAX_REGEX:
        raise _malformed("$regex", f"takes a string of at most {MAX_REGEX} characters")
    if not isinstance(options, str) or set(options) - set("imsx"):
        raise _malformed("$options", "takes letters out of imsx")
    flags = {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}
    try:
        pattern = re.compile(operand, sum(flags[letter] for letter in set(options)))
    except (re.error, OverflowError, RecursionError) as error:
        raise _malformed("$regex", f"is not a regular expression: {error}") from None
    return lambda values: any(
        isinstance(value, str) and pattern.search(value) is not None for value in _items(values)
    )


def _elem_match(operand: Any, _: dict[str, Any]) -> _Check:
    if not isinstance(operand, dict):
        raise _malformed("$elemMatch", "takes an object")
    if operand and all(key.startswith("$") and key not in _LOGICAL for key in operand):
        check = _compile_condition(operand)
        return lambda values: any(
            check([item]) for value in values if isinstance(value, list) for item in value
        )
    matches = compile_filter(operand)
    return lambda values: any(
        isinstance(item, dict) and matches(item)
        for value in values
        if isinstance(value, list)
        for item in value
    )


def _all(operand: Any, condition: dict[str, Any]) -> _Check:
    if not isinstance(operand, list):
        raise _malformed("$all", "takes a list")
    checks = [
        _elem_match(item["$elemMatch"], condition)
        if isinstance(item, dict) and list(item) == ["$elemMatch"]
        else _equals(item)
        for item in operand
    ]
    return lambda values: bool(checks) and all(check(values) for check in checks)


def _size(operand: Any, _: dict[str, Any]) -> _Check:
    if not is_whole(operand) or operand < 0:
        raise _malformed("$size", "takes a whole number that is not negative")
    return lambda values: any(isinstance(v, list) and len(v) == operand for v in values)


def _type(operand: Any, _: dict[str, Any]) -> _Check:
    names = [
        _TYPE_NUMBERS.get(name, name) if is_number(name) else name
        for name in (operand if isinstance(operand, list) else [operand])
    ]
    for name in names:
        if not isinstance(name, str) or name not in _TYPE_NAMES:
            raise _malformed("$type", f"knows no type {name!r}")
    return lambda values: any(
        value is not MISSING and _TYPE_NAMES[name](value)
        for value in _items(values)
        for name in names
    )


def _mod(operand: Any, _: dict[str, Any]) -> _Check:
    if not isinstance(operand, list) or len(operand) != 2 or not all(map(is_number, operand)):
        raise _malformed("$mod", "takes [divisor, remainder]")
    divisor, remainder = (int(number) for number in operand)
    if divisor == 0:
        raise _malformed("$mod", "cannot divide by 0")
    # The remainder takes the dividend's sign, as in C.
    return lambda values: any(
        is_number(value) and int(value) - int(int(value) / divisor) * divisor == remainder
        for value in _items(values)
    )


_OPERATORS: Final[dict[str, Callable[[Any, dict[str, Any]], _Check]]] = {
    "$eq": lambda operand, _: _equals(operand),
    "$ne": _negate(lambda operand, _: _equals(operand)),
    "$gt": _ordered(lambda order: order > 0),
    "$gte": _ordered(lambda order: order >= 0),
    "$lt": _ordered(lambda order: order < 0),
    "$lte": _ordered(lambda order: order <= 0),
    "$in": _in,
    "$nin": _negate(_in),
    "$exists": _exists,
    "$not": _not,
    "$regex": _regex,
    "$elemMatch": _elem_match,
    "$all": _all,
    "$size": _size,
    "$type": _type,
    "$mod": _mod,
}
