"""What nobody should send: JSON values for each kind of field, whole bodies, and parts of addresses.

Everything here has to be refused by a field of its kind, so nothing is listed that is merely odd.
"""

import struct

DIGITS = b"9" * 100_000

NOT_TEXT = [
    b"5", b"true", b"[]", b"{}", b'["a"]', b'"a\\u0000b"', b'"\\u0000"', b'"\\ud800"', b'"x\\udfff"',
    b'"\\ud800\\ud800"', b'"\\udc00\\ud800"', b'"\xff"', b'"\xc0\x80"', b'"\xed\xa0\x80"',
    b'"\xf5\x80\x80\x80"',
    b'"open', b'"\n"', b'"\x00"', b'"\\x41"', b'"\\u12"', b"'a'", b"undefined", b"1e400", DIGITS,
    b"[" * 5_000 + b"]" * 5_000,
]  # fmt: skip

NOT_TEXT_ANYWHERE = [
    b'"\xff"', b'"\xc0\x80"', b'"\xed\xa0\x80"', b'"\xf5\x80\x80\x80"', b'"\n"', b'"\x00"', b'"\\x41"',
    b'"\\u12"',
    b'"open', b"'a'",
]  # fmt: skip
"""No JSON even where nobody asks for the text."""

NOT_INTEGER = [
    b"9007199254740992", b"9223372036854775807", b"9223372036854775808", b"18446744073709551616", DIGITS,
    b"-" + DIGITS, b"1" + b"0" * 400, b"1e400", b"-1e400", b"1e2", b"1.5", b"1.0",
    b"0.9999999999999999999", b"-0.0",
    b"true", b"false", b'"5"', b'""', b"[]", b"{}", b"[5]", b"NaN", b"Infinity", b"-Infinity", b"05", b"+5",
    b"0x5", b"1_000", b"5.", b".5", b"--5", b"5e", b"1e-400", "٥".encode(), b"[" * 5_000 + b"]" * 5_000,
]  # fmt: skip

_TOO_SMALL = [b"-1", b"-9007199254740992", b"-9223372036854775808", b"-9223372036854775809"]

AMOUNT = [*NOT_INTEGER, *_TOO_SMALL, b"0", b"-0", b"null"]
DELTA = [*NOT_INTEGER, *_TOO_SMALL[1:], b"0", b"-0", b"null"]
COST = [*NOT_INTEGER, *_TOO_SMALL, b"null"]
FINAL_COST = [*NOT_INTEGER, *_TOO_SMALL]
SORT_ORDER = [value for value in NOT_INTEGER if value != b'"5"'] + [b"-1000001", b'"x"', b'"1e2"', b"null"]
ROW_ID = [
    value for value in NOT_INTEGER if value != b'"5"'
] + [b"0", b"-1", b"2147483648", b'"-1"', b'"x"', b'"1e2"', b'"1.0"', b'"1\\u0000"', '"١"'.encode(), b'"0x1"',
     b'"99999999999"', b'"' + DIGITS + b'"']  # fmt: skip
FLAG = [b'"true"', b'"1"', b"2", b"-1", b"1.0", b"[]", b"{}", b"null", DIGITS]

NOTE = NOT_TEXT
KEY = [*NOT_TEXT, b'"' + b"k" * 256 + b'"', b'"' + b"k" * 100_000 + b'"']
NAME = [*NOT_TEXT, b"null", b'""', b'"  \\n "', b'"' + b"n" * 201 + b'"', b'"a\\u0000"']
HANDLE = [
    *NOT_TEXT, b"null", b'""', b'"   "', b'"' + b"h" * 65 + b'"', b'"a\\nb"', b'"a\\u202eb"', b'"a\\u200bb"',
    b'"a\\u0085b"', b'"' + b"h" * 100_000 + b'"',
]  # fmt: skip
DATE = [*NOT_TEXT, b'"x"', b'"2017-02-30"', b'"0000-00-00"', b'"2017-1-1"', b'"1066-01-01"', b'"9999-12-31"',
        b'"20170514"', '"٢٠١٧-٠٥-١٤"'.encode(), b'"2017-05-14T00:00:00"']  # fmt: skip
SEX = [*NOT_TEXT, b'"' + b"f" * 33 + b'"', b'"a\\nb"']
TOKEN = [
    *NOT_TEXT, b"null", b'""', b'" "', b'"."', b'".."', b'"a"', b'"a.b"', b'"a.b.c"', '"é.é"'.encode(),
    b'"eyJhbGciOiJub25lIn0.e30."', b'"' + b"A" * 100_000 + b"." + b"A" * 43 + b'"',
    b'"' + b"." * 100_000 + b'"',
]  # fmt: skip
TRANSFER = [
    *NOT_TEXT, b"null", b'""', b'"x"', b'"00000000-0000-0000-0000-000000000000"', b'"../../x"',
    b'"ffffffff-ffff-ffff-ffff-ffffffffffff"', b'"' + b"0" * 100_000 + b'"',
]  # fmt: skip
REASON = [*NOT_TEXT, b"null", b'""', b'"other"', b'"MIS_TAP"', b'"mis_tap "']
URL = [
    *NOT_TEXT, b'"javascript:alert(1)"', b'"JaVaScRiPt:alert(1)"', b'"data:text/html,x"', b'"//evil.example"',
    b'"http://"', b'"http:///x"', b'"ftp://a"', b'"/\\\\evil.example"', b'"http://user:pw@evil.example"',
    b'"x"',
    b'"http://a b"', b'"http://[::1"', b'"http://a:99999999"', b'"\\tjava\\nscript:alert(1)"',
    b'"http://' + b"a" * 2048 + b'"',
]  # fmt: skip
TEMPLATES = [
    b"null", b"[]", b"{}", b'"x"', b"5", b"true", b"[1]", b"[[]]", b"[{}]", b"[null]", b'[{"id": 0}]',
    b'[{"id": 1, "count": 0}]', b'[{"id": 1, "count": -1}]', b'[{"id": 1, "count": 1001}]',
    b'[{"id": 1, "count": true}]', b'[{"id": 1, "count": 1.0}]', b'[{"id": 1, "count": "1"}]',
    b'[{"id": 1, "count": ' + DIGITS + b"}]", b'[{"id": 1, "id": 2}]', b'[{"id": 1, "count": 1, "count": 2}]',
    b'[{"id": 777}]', b"[" + b",".join([b'{"id": 1}'] * 20_000) + b"]", b"[" + b"[]," * 20_000 + b"[]]",
    b'[{"id": "1\\u0000"}]', b'[{"id": 1}, {"id": "x"}]',
]  # fmt: skip
IMAGE = [
    *NOT_TEXT, b"null", b'""', b'"data:"', b'"data:image/png;base64,"', b'"data:image/png;base64,AAAA"',
    b'"data:image/png;base64,=="', b'"data:image/svg+xml;base64,PHN2Zy8+"', b'"data:image/png,x"',
    b'"http://169.254.169.254/latest"', b'"file:///etc/passwd"', '"data:image/png;base64,é"'.encode(),
    b'"data:image/' + b"x" * 100_000 + b';base64,AAAA"', b'"data:image/png;base64,' + b"A" * 100_000 + b'"',
]  # fmt: skip

NOT_BODIES = [
    b" ", b"null", b"true", b"5", b'"text"', b"[]", b"[{}]", b"[1, 2]", b"{", b"}", b"{,}", b"{}{}",
    b"{} x", b"\xff\xfe{}",
    b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf{}", b"\x00", b"{}\x00", b"\x00{}", "{}".encode("utf-16"),
    "{}".encode("utf-32"), b"<xml/>", b"a=b&c=d", b"--boundary\r\n\r\n", struct.pack("<I", 5) + b"\x00",
    b"\x81\xa1a\x01",
    b"[" * 100_000, b'{"a":' * 50_000, b"[" * 20_000 + b"]" * 20_000,
    b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    b'{"\xff": 1}', b'{"\\ud800": 1}', b'{"a": NaN}', b'{"a": ' + b"[1," * 100_000,
]  # fmt: skip
"""Bodies that are no JSON object; an empty one stands in no list, because for some routes it is enough."""

PARTS_OF_PATHS = [
    "%00", "a%00b", "%2f", "a%2fb", "..%2f..%2f..%2fetc%2fpasswd", "..", ".", "%2e%2e", "%2e%2e%2fready",
    "%5c..%5c",
    "%ff", "%c0%80", "%ed%a0%80", "%f5%80%80%80", "%0d%0aset-cookie:%20a=b", "%0a", "%09", "%7f", "%20",
    "%c2%85",
    "a" * 5000, "%e2%80%ae", "'", "%27%20or%201=1--", "%25", "%", "%zz", "%u0000", "-1", "0", "1e400",
    "9" * 400,
    "2147483648", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "%7B00000000-0000-0000-0000-000000000000%7D", "urn:uuid:00000000-0000-0000-0000-000000000000",
    "%F0%9F%92%A9", "%D9%A1", "null", "NaN", "*", "$where", "%7B%7D", ";", "a;b=c", "%23", "%3f",
]  # fmt: skip

QUERY_VALUES = [
    *PARTS_OF_PATHS,
    "",
    "true",
    "1,2",
    "[]",
    "1" * 30,
    "-" + "9" * 5000,
    "1.5",
    "+",
    "%2b1",
    "0x1",
    "=",
    "&&",
]

HEADER_VALUES = [
    b"", b" ", b"\xff\xfe" * 50, b"\x00", b"a\x00b", b"a\r\nset-cookie: x=1", b"\x7f", "é".encode(),
    "😀".encode(),
    b"a" * 60_000, b"'; drop table members; --", b"%00", b'"', b'"\\', b"\\", b'""', b"null", b"-1",
    b"\xed\xa0\x80",
]  # fmt: skip
