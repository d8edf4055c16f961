#!/usr/bin/python3
"""Makes ed25519.txt: signatures over hashes of 64 bytes, as minisign signs them, among them every kind that verifiers disagree about.

    make_ed25519.py >ed25519.txt

The kinds numbered 0 to 11 are those of Chalkias, Garillot and Nikolaenko, "Taming the Many EdDSAs" (SSR 2020, table 5): their own vectors have messages
of 32 bytes, which no hash here has, so each is made again for a message of 64. The arithmetic is that of RFC 8032, section 5.1, on Python's integers,
and shares no code with what is tested. What each vector claims of itself is checked here before it is written.

A line: NAME, what becomes of the key when it is read, what becomes of the signature when the key is taken as it is, then in hex the key, the
hash, the signature, and the signature over signature and trusted comment. The paper has its kinds 8 to 11 twice, for verifiers that hash an encoding which
is not canonical as it stands or reduced; here it is hashed as it stands, and there are two such encodings in place of the two ways. OpenSSL 3.0, which
looks for none of this but S, takes 26 of the 79: a refusal here is one that has to be made.
"""

import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
COMMENT = b"file=vector"


def add(one, other):
    (a, b), (c, d) = one, other
    t = D * a * b * c * d % P
    return ((a * d + c * b) * pow(1 + t, P - 2, P) % P, (b * d + a * c) * pow(1 - t, P - 2, P) % P)


def times(n, point):
    result = (0, 1)
    while n:
        if n & 1:
            result = add(result, point)
        point, n = add(point, point), n >> 1
    return result


def negative(point):
    return (-point[0] % P, point[1])


def root(y, sign):
    """The x of a point with this y, or None."""
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square:
        return None
    return x if x & 1 == sign or x == 0 else P - x


def encode(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def decode(data):
    """Leniently: y is reduced, and the sign of x = 0 counts for nothing."""
    number = int.from_bytes(data, "little")
    y = (number & (1 << 255) - 1) % P
    x = root(y, number >> 255)
    return None if x is None else (x, y)


B = decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
EIGHT = decode(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"))
TORSION = [times(n, EIGHT) for n in range(8)]
IDENTITY = (0, 1)


def number_of(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def secret(seed):
    """RFC 8032, section 5.1.5: the scalar and the prefix of a seed."""
    digest = hashlib.sha512(seed).digest()
    return int.from_bytes(digest[:32], "little") & (1 << 254) - 8 | 1 << 254, digest[32:]


def holds(key, message, signature, cofactor):
    """Whether the equation is true with these encodings as they stand, S being taken modulo L."""
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    h = number_of(r, key, message) % L
    left, right = times(s % L, B), add(decode(r), times(h % (8 * L), decode(key)))
    return times(cofactor, left) == times(cofactor, right)


def verdict(key, message, signature):
    return "both" if holds(key, message, signature, 1) else "cofactored" if holds(key, message, signature, 8) else "none"


def sign(a, key, message, wanted="both", r_torsion=IDENTITY, r_fixed=None):
    """A signature under KEY = aB + torsion, tried with one r after another until it is of the kind WANTED."""
    for number in range(1, 4000):
        r = 0 if r_fixed else number_of(b"r", key, message, bytes([number & 255, number >> 8])) % L
        first = r_fixed or encode(add(times(r, B), r_torsion))
        text = message if not r_fixed else hashlib.sha512(message + bytes([number & 255, number >> 8])).digest()
        s = (r + number_of(first, key, text) * a) % L
        signature = first + s.to_bytes(32, "little")
        if s and verdict(key, text, signature) == wanted:
            return text, signature
    raise SystemExit(f"no signature of the kind {wanted}")


def line(name, key_is, signature_is, key, text, signature, a):
    """The second signature is as good as it can be under this key."""
    last = bytes(64)
    if signature_is == "good":
        last = sign(a, key, signature + COMMENT)[1]
    print(name, key_is, signature_is, key.hex(), text.hex(), signature.hex(), last.hex())


def with_s(signature, s):
    return signature[:32] + s.to_bytes(32, "little")


def ordinary():
    """Keys that are pairs, and what is done to their signatures."""
    for number in range(4):
        a, _ = secret(bytes([number] * 32))
        key = encode(times(a, B))
        text = hashlib.sha512(bytes([number])).digest()
        text, signature = sign(a, key, text)
        line(f"ordinary_{number}", "good", "good", key, text, signature, a)
    s = int.from_bytes(signature[32:], "little")
    for n in range(1, 16):
        if s + n * L < 1 << 256:
            line(f"s_plus_{n}_l", "good", "bad", key, text, with_s(signature, s + n * L), a)
    for name, odd in {"l_minus_1": L - 1, "l": L, "l_plus_1": L + 1, "top_bits": s | 7 << 253, "all_ones": (1 << 256) - 1, "negative": L - s, "zero": 0}.items():
        line(f"s_{name}", "good", "bad", key, text, with_s(signature, odd), a)
    for n, point in enumerate(TORSION):
        text, signature = sign(a, key, hashlib.sha512(b"R%d" % n).digest(), "cofactored" if n else "both", point)
        line(f"r_with_torsion_{n}", "good", "bad" if n else "good", key, text, signature, a)
        text, signature = sign(a, key, b"small%d" % n, "cofactored" if n else "both", r_fixed=encode(point))
        line(f"r_small_{n}", "good", "bad", key, text, signature, a)
    for n, encoding in enumerate(other_encodings()):
        wanted = "both" if decode(encoding) == IDENTITY else "cofactored"
        text, signature = sign(a, key, b"other%d" % n, wanted, r_fixed=encoding)
        line(f"r_small_other_{n}", "good", "bad", key, text, signature, a)


def other_encodings():
    """Those of small order with y not reduced, or with the sign of x = 0: RFC 8032, section 5.1.3, takes none of them."""
    sign_bit = 1 << 255
    return [n.to_bytes(32, "little") for n in (1 | sign_bit, P + 1, P + 1 | sign_bit, P - 1 | sign_bit, P, P | sign_bit)]


def small_keys():
    """Under these anybody can sign: the eight points, and the other ways to write them."""
    encodings = [encode(point) for point in TORSION] + other_encodings()
    assert len(set(encodings)) == 14 and all(times(8, decode(one)) == IDENTITY for one in encodings)
    for n, key in enumerate(encodings):
        for attempt in range(200):
            text = hashlib.sha512(b"forged %d %d" % (n, attempt)).digest()
            signature = encode(B) + (1).to_bytes(32, "little")
            if holds(key, text, signature, 1):
                break
        else:
            raise SystemExit("no forgery")
        line(f"small_key_{n}", "bad", "bad", key, text, signature, 0)


def mixed(a, torsion):
    return encode(add(times(a, B), torsion))


def of_the_paper():
    a, _ = secret(b"taming" + bytes(26))
    text = hashlib.sha512(b"taming").digest()
    small, key = encode(TORSION[1]), mixed(a, TORSION[1])
    for attempt in range(400):
        text = hashlib.sha512(b"0 %d" % attempt).digest()
        if holds(small, text, small + bytes(32), 1):
            break
    line("paper_0", "bad", "bad", small, text, small + bytes(32), 0)
    text, signature = sign(0, small, hashlib.sha512(b"1").digest(), r_torsion=TORSION[3])
    line("paper_1", "bad", "bad", small, text, signature, 0)
    text, signature = sign(a, key, b"2", r_fixed=encode(TORSION[3]))
    line("paper_2", "bad", "bad", key, text, signature, a)
    text, signature = sign(a, key, hashlib.sha512(b"3").digest(), r_torsion=TORSION[5])
    line("paper_3", "bad", "good", key, text, signature, a)
    text, signature = sign(a, key, hashlib.sha512(b"4").digest(), "cofactored", TORSION[5])
    line("paper_4", "bad", "bad", key, text, signature, a)
    text, signature = sign(a, key, hashlib.sha512(b"5").digest(), "cofactored")
    line("paper_5", "bad", "bad", key, text, signature, a)
    plain = mixed(a, IDENTITY)
    text, signature = sign(a, plain, hashlib.sha512(b"6").digest())
    s = int.from_bytes(signature[32:], "little")
    line("paper_6", "good", "bad", plain, text, with_s(signature, s + L), a)
    line("paper_7", "good", "bad", plain, text, with_s(signature, s + ((1 << 256) - 1 - s) // L * L), a)
    others = other_encodings()
    for name, encoding in (("paper_8", others[4]), ("paper_9", others[1])):
        text, signature = sign(a, key, name.encode(), r_fixed=encoding)
        line(name, "bad", "bad", key, text, signature, a)
    for name, encoding in (("paper_10", others[4]), ("paper_11", others[1])):
        text, signature = sign(0, encoding, hashlib.sha512(name.encode()).digest(), r_torsion=TORSION[2] if encoding == others[4] else IDENTITY)
        line(name, "bad", "bad", encoding, text, signature, 0)


def no_points():
    """Keys that are none at all."""
    for n, y in enumerate(y for y in range(2, 40) if root(y, 0) is None):
        if n < 4:
            line(f"no_point_{n}", "bad", "bad", y.to_bytes(32, "little"), bytes(64), encode(B) + (1).to_bytes(32, "little"), 0)
    line("y_is_large", "bad", "bad", ((1 << 255) - 1).to_bytes(32, "little"), bytes(64), encode(B) + (1).to_bytes(32, "little"), 0)


def main():
    assert times(L, B) == IDENTITY and len({encode(point) for point in TORSION}) == 8
    ordinary()
    small_keys()
    of_the_paper()
    no_points()


if __name__ == "__main__":
    main()
