"""Reads C source as text for the house's checks: comments and strings blanked, include lines found.

Line numbers stay those of the file. It knows no preprocessor: what stands under a false #if counts too, so
that a check does not depend on the machine it runs on.
"""

import re

TOKEN = re.compile(r'//[^\n]*|/\*.*?(?:\*/|\Z)|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
SPLICED = re.compile(r"((?:[^\n]*\\\n)+)([^\n]*)(\n|\Z)")
DIRECTIVE = re.compile(r"^[ \t]*(?:#|%:)[ \t]*(include|include_next|import)\b[ \t]*(.*?)[ \t]*$", re.MULTILINE)
NAMED = re.compile(r'^(?:"([^"]+)"|<([^>]+)>)$')


def join_spliced(text):
    """Joins lines that end in a backslash, and gives back as many empty ones."""

    def join(found):
        return found[1].replace("\\\n", "") + found[2] + "\n" * found[1].count("\n") + found[3]

    return SPLICED.sub(join, text)


def blank(text, strings=False):
    """The text without its comments, and without the inside of its strings if asked."""

    def replace(found):
        token = found[0]
        if token.startswith(("//", "/*")):
            return " " + "\n" * token.count("\n")
        return token[0] * 2 if strings else token

    return TOKEN.sub(replace, join_spliced(text))


def includes(text):
    """Yields (line, spelled, quoted) of every include; spelled is None where no name is written out."""
    code = blank(text)
    for found in DIRECTIVE.finditer(code):
        line = code.count("\n", 0, found.start()) + 1
        named = NAMED.match(found[2])
        if named and found[1] == "include":
            yield line, named[1] or named[2], named[1] is not None
        else:
            yield line, None, False
