"""Keys and signatures of minisign, in integers alone: Ed25519 (RFC 8032) over the BLAKE2b-512 of a file.

It signs as any key would, also as one that no key pair has, and leaves every byte of a signature file to the caller: so a test
can have a signature that is wrong in one respect. It is slow, leaks its secrets through its time, and keeps no secret.
"""

import base64
import functools
import hashlib

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1, 1, 0)


def add(one, other):
    """The sum of two points in extended coordinates (X, Y, Z, T)."""
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c = 2 * one[3] * other[3] * D % P
    d = 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(number, point):
    found = NEUTRAL
    while number:
        if number & 1:
            found = add(found, point)
        point = add(point, point)
        number >>= 1
    return found


def pack(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def unpack(data):
    """The point of these 32 bytes; None where none is."""
    y = int.from_bytes(data, "little") & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P:
        return None
    if x & 1 != data[31] >> 7:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = unpack((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


@functools.cache
def doubled():
    """The base point times each power of two."""
    points, point = [], BASE
    for _ in range(256):
        points.append(point)
        point = add(point, point)
    return points


def times_base(number):
    found = NEUTRAL
    for place, point in enumerate(doubled()):
        if number >> place & 1:
            found = add(found, point)
    return found


def number_of(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % ORDER


class Key:
    """A key pair from a seed, with the id that minisign gives to keys."""

    def __init__(self, seed):
        digest = hashlib.sha512(hashlib.sha256(seed.encode()).digest()).digest()
        self.secret = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | 1 << 254
        self.prefix = digest[32:]
        self.public = pack(times_base(self.secret))
        self.id = hashlib.sha256(self.public).digest()[:8]

    @functools.cache
    def sign(self, message):
        nonce = number_of(self.prefix, message)
        first = pack(times_base(nonce))
        second = (nonce + number_of(first, self.public, message) * self.secret) % ORDER
        return first + second.to_bytes(32, "little")

    def text(self, **changes):
        """The base64 of the public key, with its kind, id or point replaced."""
        parts = {"kind": b"Ed", "id": self.id, "point": self.public, **changes}
        return base64.b64encode(parts["kind"] + parts["id"] + parts["point"]).decode()

    def file(self, **changes):
        """The file of the public key."""
        shown = changes.get("id", self.id)[::-1].hex().upper()
        return f"untrusted comment: minisign public key {shown}\n{self.text(**changes)}\n".encode()


@functools.cache
def verifies(public, message, signature):
    """Whether it is a signature of this key, by the equation without cofactor."""
    point, first = unpack(public), signature[:32]
    second = int.from_bytes(signature[32:], "little")
    if point is None or second >= ORDER:
        return False
    negative = (P - point[0], point[1], 1, P - point[3])
    return pack(add(times_base(second), times(number_of(first, public, message), negative))) == first


def hashed(data):
    return hashlib.blake2b(data).digest()


def signature(key, data, comment, **changes):
    """The file of a signature over DATA. Its parts may be replaced: kind, id, bytes, comment (after it was signed), whole, untrusted."""
    kind = changes.get("kind", b"ED")
    made = key.sign(hashed(data) if kind == b"ED" else data)
    made = changes.get("bytes", lambda one: one)(made)
    whole = changes.get("whole", lambda one: one)(key.sign(made + comment.encode()))
    lines = [f"untrusted comment: {changes.get('untrusted', 'signature')}",
             base64.b64encode(kind + changes.get("id", key.id) + made).decode(),
             f"trusted comment: {changes.get('comment', comment)}", base64.b64encode(whole).decode()]
    return "".join(line + "\n" for line in lines).encode()
