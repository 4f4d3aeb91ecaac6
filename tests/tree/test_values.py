"""Plain values survive JSON exactly; what is malformed is refused in one line."""

from __future__ import annotations

import math
from array import array
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rao_lab.errors import InputError
from rao_lab.tree.values import MAX_NESTING, decode, dumps, encode, loads


def there_and_back(value: Any) -> Any:
    text = dumps(encode(value))
    text.encode()  # what is stored must be UTF-8
    return decode(loads(text))


def same(a: Any, b: Any) -> bool:
    """Equal with types, signs of zero and NaN; sets by the encoded text of their elements."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return math.copysign(1, a) == math.copysign(1, b) and (a == b) if a == a else b != b
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, (set, frozenset)):
        return len(a) == len(b) and encode(a) == encode(b)
    if isinstance(a, dict):
        return (
            all(map(same, a.keys(), b.keys())) and len(a) == len(b) and all(map(same, a.values(), b.values()))
        )
    return bool(a == b)


texts = st.text(st.characters(), max_size=8)  # lone surrogates among them
atoms = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | texts | st.binary(max_size=8)
keys = st.recursive(
    atoms.filter(lambda value: value == value),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=4,
)
values = st.recursive(
    atoms,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(keys | st.just("$"), inner, max_size=4)
        | st.sets(keys, max_size=4)
        | st.frozensets(keys, max_size=4)
    ),
    max_leaves=12,
)


@given(values)
def test_any_value_survives_json(value: Any) -> None:
    assert same(there_and_back(value), value)


@given(values)
def test_the_same_value_gives_the_same_text(value: Any) -> None:
    text = dumps(encode(value))
    assert dumps(encode(there_and_back(value))) == text


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (None, None),
        ([1, 2.5, True, "a"], [1, 2.5, True, "a"]),
        ({"a": {"b": 1}}, {"a": {"b": 1}}),
        ((1, (2,)), {"$": "tuple", "v": [1, {"$": "tuple", "v": [2]}]}),
        ({3, 1, 2}, {"$": "set", "v": [1, 2, 3]}),
        (frozenset(), {"$": "frozenset", "v": []}),
        (b"\x00\xff", {"$": "bytes", "v": "AP8="}),
        ({1: "a"}, {"$": "dict", "v": [[1, "a"]]}),
        ({"$": 1}, {"$": "dict", "v": [["$", 1]]}),
        (2**53, 2**53),
        (-(2**53) - 1, {"$": "int", "v": "-0x20000000000001"}),
        (math.inf, {"$": "float", "v": "inf"}),
        ("\ud800", {"$": "str", "v": "7aCA"}),
        ("\u202e\x1b", "\u202e\x1b"),
    ],
)
def test_plain_json_stays_plain_and_the_rest_is_tagged(value: Any, data: Any) -> None:
    assert encode(value) == data
    assert same(decode(data), value)


def test_two_surrogates_do_not_become_one_character() -> None:
    assert there_and_back("\ud83d\ude00") == "\ud83d\ude00" != "\U0001f600"


def test_every_int_that_is_kept_can_be_printed() -> None:
    most = 2**14_000 - 1
    assert there_and_back([most, -most]) == [most, -most]
    assert len(str(most)) < 4300
    with pytest.raises(InputError, match="an int of 14001 bits cannot be kept"):
        encode(2**14_000)
    with pytest.raises(InputError, match="the tag 'int' cannot be read"):
        decode({"$": "int", "v": "0x" + "f" * 4000})


@pytest.mark.parametrize("value", [object(), 1j, bytearray(b""), array("i"), print, [{"a": {1: {2j}}}]])
def test_other_types_are_refused_by_name(value: Any) -> None:
    with pytest.raises(InputError, match=r"a \w+ cannot be kept"):
        encode(value)


def nested(levels: int, kind: type) -> Any:
    value: Any = kind()
    for _ in range(levels):
        value = {0: value} if kind is dict else kind([value])
    return value


@pytest.mark.parametrize("kind", [list, tuple, frozenset, dict])
def test_depth_is_bounded_both_ways(kind: type) -> None:
    deepest = nested(MAX_NESTING, kind)
    assert there_and_back(deepest) == deepest
    with pytest.raises(InputError, match="too deep"):
        encode(nested(MAX_NESTING + 1, kind))
    data = encode(deepest)
    with pytest.raises(InputError, match="too deep"):
        decode([data])


def test_a_value_that_holds_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(InputError, match="holds itself"):
        encode(loop)


def test_a_small_value_that_is_written_exponentially_large_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rao_lab.tree.values.MAX_ITEMS", 10_000)
    bomb: list[Any] = []
    for _ in range(60):
        bomb = [bomb, bomb]
    with pytest.raises(InputError, match="too large"):
        encode(bomb)


@pytest.mark.parametrize(
    "text", ["", "{", "NaN", "[1,]", "[" * 100_000, '{"a":' * 50_000, "1" * 5_000, b"\xff\xfe\x00"]
)
def test_text_that_is_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(InputError):
        loads(text)


HOSTILE: list[Any] = [
    {"$": "tuple"},
    {"$": "tuple", "v": 1},
    {"$": "tuple", "v": [1], "x": 1},
    {"$": "object", "v": "os.system"},
    {"$": None, "v": 1},
    {"$": ["set"], "v": []},
    {"$": "set", "v": [[1]]},
    {"$": "frozenset", "v": [{"a": 1}]},
    {"$": "dict", "v": [[1]]},
    {"$": "dict", "v": [[[], 1]]},
    {"$": "dict", "v": {"a": 1}},
    {"$": "bytes", "v": "not base64!"},
    {"$": "bytes", "v": "é"},
    {"$": "str", "v": "/w=="},
    {"$": "int", "v": "0x" + "f" * 30_000},
    {"$": "int", "v": "zz"},
    {"$": "float", "v": "1.0"},
    {"$": "f32", "v": "AAAA"},
]


@pytest.mark.parametrize("data", HOSTILE, ids=lambda data: str(data)[:40])
def test_malformed_tags_are_refused(data: Any) -> None:
    with pytest.raises(InputError):
        decode({"deep": [data]})


ALIKE = [key * (2**61 - 1) for key in range(2000)]
"""Numbers that share a hash: building a dict or a set of n of them takes time in proportion to n squared."""


@pytest.mark.parametrize("data", [ALIKE, [[1, key] for key in range(2000)]], ids=["alike", "not alike"])
@pytest.mark.parametrize("tag", ["set", "frozenset", "dict"])
def test_keys_that_share_a_hash_are_refused_before_they_are_put_together(tag: str, data: list[Any]) -> None:
    keys = [{"$": "tuple", "v": key} if isinstance(key, list) else key for key in data]
    tagged = {"$": tag, "v": [[key, 0] for key in keys] if tag == "dict" else keys}
    if data is ALIKE:
        with pytest.raises(InputError, match=f"a {tag} has more than 1000 keys that share a hash"):
            decode(tagged)
    else:
        assert len(decode(tagged)) == 2000
