"""Writes the golden entries of the wire format, both directions. Run by hand when the cases change: python3 make_golden.py

python-entries.json  what json.dumps writes, with the value it was given, for our decoder
refused-entries.json texts that Python producers can write and we refuse, with the reason
read-by-python.json  what json.loads makes of our-entries.json, whose texts our encoder must produce

Values are tagged, so that no reader's numbers get in the way: {"int": digits}, {"float": repr}, {"list": [...]},
{"dict": [[key, value], ...]}; texts, true, false and null stand for themselves.
"""

import base64
import json
import pathlib

HERE = pathlib.Path(__file__).parent


def tagged(value):
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return {"int": str(value)}
    if isinstance(value, float):
        return {"float": repr(value)}
    if isinstance(value, (list, tuple)):
        return {"list": [tagged(item) for item in value]}
    return {"dict": [[key, tagged(inner)] for key, inner in value.items()]}


def write(name, cases):
    text = json.dumps(cases, indent=2, ensure_ascii=True)
    (HERE / name).write_text(text + "\n", encoding="ascii")


ENTRIES = {
    "transfer": {"id": "t-1", "from": 12, "to": 7, "amount": "120.50", "tags": ["a", "b"]},
    "empty object": {},
    "empty containers": {"list": [], "object": {}, "text": ""},
    "nested": {"a": [{"b": [1, [2, {"c": None}]]}], "yes": True, "no": False},
    "separators": {"a": 1, "b": [1, 2]},
    "escapes": {"text": "quote \" backslash \\ slash / tab \t newline \n return \r bell \x07 nul \x00 del \x7f"},
    "latin": {"text": "Z\u00fcrich na\u00efve \u00df"},
    "wide": {"text": "\u65e5\u672c \u0e44\u0e17\u0e22 \u2028 \u2029 \ufeff"},
    "astral": {"text": "\U0001f600 \U0001d11e"},
    "lone surrogates": {"high": "\ud800", "low": "\udc00", "swapped": "\udc00\ud800"},
    "escaped key": {"na\u00efve \U0001f600": 1},
    "zero": {"int": 0, "negative": -0.0, "float": 0.0},
    "whole floats": {"one": 1.0, "big": 1e16, "bigger": 1e22, "small": 1e-7},
    "floats": {"tenth": 0.1, "sum": 0.1 + 0.2, "third": 1 / 3, "max": 1.7976931348623157e308, "min": 5e-324},
    "2 ** 53": {"below": 2**53 - 1, "at": 2**53, "above": 2**53 + 1},
    "negative 2 ** 53": {"above": -(2**53) + 1, "at": -(2**53), "below": -(2**53) - 1},
    "2 ** 63": {"signed": 2**63 - 1, "unsigned": 2**64 - 1},
    "2 ** 70": {"value": 2**70, "negative": -(2**70)},
    "wei": {"amount": 123456789012345678901234567890, "list": [10**18, 10**18 + 1]},
    "16 digits": {"value": 1234567890123456, "text": "1234567890123456789"},
    "hex text": {"uuid": "3e8f1e5c-0000-4e00-8000-00000000001e"},
    "coerced keys": {1: "int", 2.5: "float", True: "bool", None: "none"},
    "coerced duplicates": {1: "first", "1": "last"},
    "tuple": {"pair": (1, "two")},
    "list at the top": [1, 2, 3],
    "text at the top": "text",
    "number at the top": 42,
    "big number at the top": 2**70,
    "null at the top": None,
}


def parsed_by_python(text):
    return tagged(json.loads(text))


def entry(name, value, **options):
    text = json.dumps(value, **options)
    data = text.encode("utf-8", "surrogatepass")
    return {"name": name, "text": text, "base64": base64.b64encode(data).decode(), "value": parsed_by_python(text)}


entries = [entry(name, value) for name, value in ENTRIES.items()]
# what producers that do not use the defaults write
entries.append(entry("raw utf-8", {"text": "Z\u00fcrich \u65e5\u672c \U0001f600 \u2028"}, ensure_ascii=False))
entries.append(entry("compact", {"a": [1, 2], "b": {}}, separators=(",", ":")))
entries.append(entry("indented", {"a": [1, 2], "b": {}}, indent=2))
entries.append(entry("sorted", {"b": 1, "a": 2}, sort_keys=True))
write("python-entries.json", entries)

REFUSED = {
    "nan": (json.dumps({"value": float("nan")}).encode(), "not valid JSON"),
    "infinity": (json.dumps({"value": float("inf")}).encode(), "not valid JSON"),
    "negative infinity": (json.dumps([float("-inf")]).encode(), "not valid JSON"),
    "beyond a double": (b'{"value": 1e999}', "a number beyond what a double can hold"),
    "not utf-8": (b'{"text": "\xff"}', "not valid UTF-8"),
    "surrogate bytes": ('{"text": "\ud800"}'.encode("utf-8", "surrogatepass"), "not valid UTF-8"),
    "overlong": (b'{"text": "\xc0\xaf"}', "not valid UTF-8"),
    "utf-16": (json.dumps({"a": 1}).encode("utf-16-le"), "not valid JSON"),
    "byte order mark": (b"\xef\xbb\xbf{}", "not valid JSON"),
    "empty": (b"", "not valid JSON"),
    "truncated": (b'{"a": 1', "not valid JSON"),
    "two values": (b"{} {}", "not valid JSON"),
    "trailing comma": (b'{"a": 1,}', "not valid JSON"),
    "trailing comma, big number": (b'{"a": 1234567890123456789,}', "not valid JSON"),
    "single quotes": (b"{'a': 1}", "not valid JSON"),
    "leading zero": (b'{"a": 01}', "not valid JSON"),
    "leading zero, big number": (b'{"a": 01234567890123456789}', "not valid JSON"),
    "control character": (b'{"a": "\x01"}', "not valid JSON"),
    "prototype key": (b'{"__proto__": {"admin": true}}', "a key named __proto__, constructor or prototype"),
    "escaped prototype key": (b'{"a": [{"\\u005f_proto__": 1}]}', "a key named __proto__, constructor or prototype"),
    "prototype key, big number": (b'{"__proto__": 12345678901234567890}', "a key named __proto__, constructor or prototype"),
    "constructor key": (b'{"a": {"constructor": {"prototype": {}}}}', "a key named __proto__, constructor or prototype"),
    "depth 65": (b"[" * 65 + b"]" * 65, "nested deeper than 64"),
    "depth 20 000": (b"[" * 20_000, "nested deeper than 64"),
    "1 001 keys": (json.dumps({str(i): i for i in range(1001)}).encode(), "an object with more than 1000 keys"),
}
write(
    "refused-entries.json",
    [{"name": name, "base64": base64.b64encode(data).decode(), "fault": fault} for name, (data, fault) in REFUSED.items()],
)

ours = json.loads((HERE / "our-entries.json").read_text(encoding="ascii"))
write("read-by-python.json", [{"name": case["name"], "value": parsed_by_python(case["text"])} for case in ours])
