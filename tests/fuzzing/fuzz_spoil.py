"""Ways in which files go wrong between two people: every one a function of bytes and a generator of draws."""

import gzip
import re
import struct
import zlib
from collections.abc import Callable
from random import Random

Spoil = Callable[[bytes, Random], bytes]

BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
NUMBERS = [
    b"-1", b"1e5", b"0x10", b"1_0", "\uff11\uff12".encode(), b"inf", b"-inf", b"nan", b"9" * 40, b"9" * 5000,
    b"+1",
    b"1.0", b"", b" 1", b"0", b"1,5", b"1e999", "½".encode(), b"18446744073709551616", b"-0",
]  # fmt: skip
LETTERS = [
    b"U",
    b"R",
    b"n",
    b"-",
    b"*",
    b"J",
    b"?",
    "Ä".encode(),
    "Ä".encode("latin-1"),
    b"\0",
    b">",
    b"@",
    b"1",
]
PIECES = [b"\0", b"\xff", b"\xef\xbb\xbf", b"\x1f\x8b", b'"', b"'", b"\t", b",", b" ", b"\r", b"\n", b"\x0c",
          b"\x1a", b"#", b"\\", b";", "\u2028".encode(), b"\x85"]  # fmt: skip


def cut(data: bytes, draw: Random) -> bytes:
    """Stop in the middle, as a full disk or a broken connection does."""
    return data[: draw.randrange(len(data) + 1)]


def flip(data: bytes, draw: Random) -> bytes:
    """Flip one bit, or a few."""
    spoilt = bytearray(data)
    for _ in range(draw.choice((1, 1, 2, 8))):
        if spoilt:
            spoilt[draw.randrange(len(spoilt))] ^= 1 << draw.randrange(8)
    return bytes(spoilt)


def insert(data: bytes, draw: Random) -> bytes:
    """Put something where it does not belong."""
    at = draw.choice((0, len(data), draw.randrange(len(data) + 1)))
    return data[:at] + draw.choice(PIECES) + data[at:]


def repeat(data: bytes, draw: Random) -> bytes:
    """Write a stretch twice, or leave it out."""
    start = draw.randrange(len(data) + 1)
    stop = min(len(data), start + draw.choice((1, 5, 50)))
    return data[:start] + data[start:stop] * draw.choice((0, 2)) + data[stop:]


def lines(data: bytes, draw: Random) -> bytes:
    """Lose a line, write it twice, or swap two."""
    rows = data.split(b"\n")
    one, other = draw.randrange(len(rows)), draw.randrange(len(rows))
    match draw.randrange(3):
        case 0:
            del rows[one]
        case 1:
            rows.insert(one, rows[other])
        case _:
            rows[one], rows[other] = rows[other], rows[one]
    return b"\n".join(rows)


def newlines(data: bytes, draw: Random) -> bytes:
    """The line ends of another system, everywhere or here and there."""
    other = draw.choice((b"\r\n", b"\r", b"\n\r", b"\n\n", b""))
    if draw.random() < 0.7:
        return data.replace(b"\n", other)
    return b"".join(other if byte == 10 and draw.random() < 0.3 else bytes([byte]) for byte in data)


def delimiters(data: bytes, draw: Random) -> bytes:
    """Tabs for commas, commas for tabs, in one line or in all."""
    one, other = draw.choice(((b",", b"\t"), (b"\t", b","), (b",", b";"), (b"\t", b" "), (b",", b",,")))
    rows = data.split(b"\n")
    chosen = range(len(rows)) if draw.random() < 0.5 else [draw.randrange(len(rows))]
    for row in chosen:
        rows[row] = rows[row].replace(one, other)
    return b"\n".join(rows)


def cells(data: bytes, draw: Random) -> bytes:
    """Quote, lose, empty or swap a cell."""
    rows = data.split(b"\n")
    row = draw.randrange(len(rows))
    separator = b"\t" if b"\t" in rows[row] else b","
    found = rows[row].split(separator)
    at = draw.randrange(len(found))
    match draw.randrange(5):
        case 0:
            found[at] = b'"' + found[at] + b'"' * draw.choice((0, 1, 1, 2))
        case 1:
            del found[at]
        case 2:
            found[at] = b""
        case 3:
            found.insert(at, draw.choice(found))
        case _:
            draw.shuffle(found)
    rows[row] = separator.join(found)
    return b"\n".join(rows)


def numbers(data: bytes, draw: Random) -> bytes:
    """Write a number as no program should."""
    found = list(re.finditer(rb"-?\d+(\.\d+)?(e-?\d+)?", data))
    return _replace(data, draw, found, draw.choice(NUMBERS))


def letters(data: bytes, draw: Random) -> bytes:
    """Put another letter into a sequence, or turn it into lower case."""
    found = list(re.finditer(rb"[ACGTN]{2,}", data))
    if draw.random() < 0.2:
        return data.lower()
    return _replace(data, draw, list(re.finditer(rb"[ACGTNacgt]", data)) if found else [], draw.choice(LETTERS))


def names(data: bytes, draw: Random) -> bytes:
    """Give something the name of something else, or a strange one."""
    found = list(re.finditer(rb"[A-Za-z_]\w*", data))
    strange = [
        draw.choice(found)[0] if found else b"x",
        b"",
        b"../../x",
        b"\xc3\xa9",
        b"a b",
        b"x\0y",
        b"x" * 300,
    ]
    return _replace(data, draw, found, draw.choice(strange))


def huge(data: bytes, draw: Random) -> bytes:
    """One line that does not end for a long time."""
    rows = data.split(b"\n")
    row = draw.randrange(len(rows))
    rows[row] += draw.choice((b"A", b",", b"\t", b"9", b" ", b"ACGT")) * draw.choice((5_000, 200_000))
    return b"\n".join(rows)


def nothing(data: bytes, draw: Random) -> bytes:
    """Hardly anything is left; or the file is in another encoding."""
    head = data.split(b"\n")[0]
    text = data.decode("utf-8", "replace")
    wide = text.encode("utf-16"), text.encode("utf-16-le")
    marked = b"\xef\xbb\xbf", b"\xef\xbb\xbf" + data
    return draw.choice((b"", b"\n", b" ", head, head + b"\n", b"\n" + data, data * 2, *wide, *marked))


def leave(data: bytes, draw: Random) -> bytes:  # noqa: ARG001
    """A sound file must stay one."""
    return data


BYTES: tuple[Spoil, ...] = (cut, flip, insert, repeat)
TEXT: tuple[Spoil, ...] = (
    *BYTES, lines, newlines, delimiters, cells, numbers, letters, names, huge, nothing, leave,
)  # fmt: skip


def spoilt(data: bytes, draw: Random, ways: tuple[Spoil, ...] = TEXT) -> bytes:
    """Spoil a file once or twice."""
    for _ in range(draw.choice((1, 1, 1, 2))):
        data = draw.choice(ways)(data, draw)
    return data


def packed(data: bytes, draw: Random) -> bytes:
    """Pack a text in one of the ways that people do, and perhaps spoil the archive."""
    archive = draw.choice((gzip_, two_members, bgzip))(data)
    match draw.randrange(6):
        case 0:
            return archive[: draw.randrange(len(archive))]
        case 1:
            return flip(archive, draw)
        case 2:
            return archive + draw.choice((b"\0" * 20, b"garbage", data, b"\x1f\x8b", archive[: len(archive) // 2]))
        case 3:
            return archive.removesuffix(BGZF_END)
        case _:
            return archive


def gzip_(data: bytes) -> bytes:
    """One gzip stream."""
    return gzip.compress(data, mtime=0)


def two_members(data: bytes) -> bytes:
    """Two gzip streams, one after the other."""
    half = len(data) // 2
    return gzip_(data[:half]) + gzip_(data[half:])


def bgzip(data: bytes, block: int = 40_000) -> bytes:
    """Blocks with their lengths in an extra field, and an empty one at the end."""
    members = []
    for start in range(0, len(data), block):
        piece = data[start : start + block]
        packer = zlib.compressobj(wbits=-15)
        body = packer.compress(piece) + packer.flush()
        head = bytes.fromhex("1f8b08040000000000ff060042430200") + struct.pack("<H", len(body) + 25)
        members.append(head + body + struct.pack("<II", zlib.crc32(piece), len(piece)))
    return b"".join([*members, BGZF_END])


def _replace(data: bytes, draw: Random, found: list["re.Match[bytes]"], other: bytes) -> bytes:
    if not found:
        return data
    chosen = draw.choice(found)
    return data[: chosen.start()] + other + data[chosen.end() :]
