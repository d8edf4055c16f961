"""faultshim.c as a test uses it: compiled once, loaded before a program's own libraries, and asked what it saw."""

import functools

import harness

UNSEEN = ("regcomp", "libcrypto.so")  # what these lose where memory runs out is not ours
ALONE = {
    "regcomp": (r"""
#include <regex.h>
int main(void)
{
    regex_t regex;
    return regcomp(&regex, "^[a-z][a-z0-9-]{0,22}[a-z0-9]$", REG_EXTENDED | REG_NOSUB) == 1;
}
""", []),
    "libcrypto": (r"""
#include <openssl/evp.h>
int main(void)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    return EVP_Digest("", 0, hash, NULL, EVP_sha256(), NULL) == 2;
}
""", ["-lcrypto"])}
TRIED = 2000


@functools.cache
def library():
    """The compiled library; a C compiler is what building holdall needs anyway."""
    path = harness.scratch("shim") / "faultshim.so"
    run = harness.command("cc", "-shared", "-fPIC", "-O1", "-g", "-fno-omit-frame-pointer", "-fno-optimize-sibling-calls", "-D_GNU_SOURCE",
                          "-o", path, harness.root() / "tests" / "e2e" / "faultshim.c")
    if run.code != 0:
        raise AssertionError(f"the library cannot be compiled:\n{run}")
    return path


@functools.cache
def suppressions():
    path = harness.scratch("shim") / "suppressions"
    path.write_text("".join(f"leak:{name}\n" for name in UNSEEN), encoding="ascii")
    return path


def environment(told=None, **settings):
    """The environment of a run with the library: settings as faultshim.c names them, without SHIM_ and in lower case."""
    given = {f"SHIM_{name.upper()}": value for name, value in settings.items()}
    if told is not None:
        given["SHIM_TOLD"] = told
    if harness.SANITIZED:
        unwind = int(not settings.get("alloc"))  # the whole stack, by which what is UNSEEN is known, takes ten times as long
        given["ASAN_OPTIONS"] = f"verify_asan_link_order=0:detect_leaks=1:abort_on_error=1:fast_unwind_on_malloc={unwind}"
        given["LSAN_OPTIONS"] = f"suppressions={suppressions()}:print_suppressions=0"
    return harness.environment(LD_PRELOAD=library(), **given)


class Told:
    """How many allocations, writes and longer writes there were, and how many blocks were not given back."""

    def __init__(self, path):
        self.allocations, self.writes, self.longer, self.live = map(int, path.read_text(encoding="ascii").split())


@functools.cache
def crashes_alone(name):
    """Whether a program that does nothing but call the library crashes too where memory runs out. Nothing of holdall is in it."""
    source, libraries = ALONE[name]
    folder = harness.scratch("alone")
    (folder / "alone.c").write_text(source, encoding="ascii")
    run = harness.command("cc", "-o", folder / "alone", folder / "alone.c", *libraries)
    if run.code != 0:
        raise AssertionError(f"the program cannot be compiled:\n{run}")
    for number in range(1, TRIED):
        run = harness.command(folder / "alone", env=harness.environment(LD_PRELOAD=library(), SHIM_ALLOC=number, SHIM_TOLD=folder / "told"))
        if run.code < 0:
            return True
        if Told(folder / "told").allocations < number:
            return False
    return False
