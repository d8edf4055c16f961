#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Turns the catalogues beside it, one JSON object {"id": "text with {placeholders}"} a language, into one C header and one C source.

The build fails when a language lacks an id or has one too many, when a text has other placeholders than the English one, or
when a text holds a control character or one that changes the direction of what stands around it.

    generate.py CATALOGUE_DIR OUT_H OUT_C
"""

import json
import os
import re
import sys
import unicodedata
from pathlib import Path

FIRST = "en"  # what the others are held against, and what everybody gets whose language is not there
RIGHT_TO_LEFT = {"ar", "fa", "he", "ur"}
ID = re.compile(r"[a-z][a-z0-9_]{0,63}")
PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]{0,31})\}")
DIRECTION = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
NOTE = "/* Made by src/view/catalogue/generate.py from the catalogues beside it: change those. */\n"


def no_duplicates(pairs):
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the id {name} stands twice")
    return dict(pairs)


def read(path):
    """The texts of one language, or a ValueError that says what is wrong."""
    try:
        texts = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=no_duplicates)
    except (OSError, ValueError, RecursionError) as wrong:
        raise ValueError(f"{path.name}: {getattr(wrong, 'strerror', None) or wrong}") from wrong
    if not isinstance(texts, dict) or not texts:
        raise ValueError(f"{path.name}: a catalogue is an object of texts")
    return texts


def check_text(text):
    """What is wrong with one text, whatever its language; or None."""
    if not isinstance(text, str) or not text.strip():
        return "is no text"
    if text != text.strip() or "  " in text:
        return "has a blank too many"
    if any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") or letter in DIRECTION for letter in text):
        return "holds a character that controls"
    if text != unicodedata.normalize("NFC", text):
        return "is not in NFC"
    if re.search(r"[{}]", PLACEHOLDER.sub("", text)):
        return "has a brace that is no {placeholder}"
    return None


def check_language(language, texts, first):
    """Yields what is wrong with the texts of one language."""
    for key, text in texts.items():
        wrong = f"{key} is no id" if not ID.fullmatch(key) else None
        if wrong or check_text(text):
            yield f"{language}.json: {wrong or f'{key} {check_text(text)}'}"
        elif key not in first:
            yield f"{language}.json: {key} is not in {FIRST}.json"
        elif set(PLACEHOLDER.findall(text)) != set(PLACEHOLDER.findall(str(first[key]))):
            yield f"{language}.json: {key} has other placeholders than in {FIRST}.json"
    for key in first:
        if key not in texts:
            yield f"{language}.json: {key} is missing"


def quote(text):
    """A C string literal."""
    safe = "".join(chr(byte) if 32 <= byte < 127 and byte not in b'"\\?' else f"\\{byte:03o}" for byte in text.encode())
    return f'"{safe}"'


def header(ids):
    names = "".join(f"    HA_T_{key.upper()},\n" for key in ids)
    return f"""{NOTE}#ifndef HA_CATALOGUE_H
#define HA_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

enum ha_text {{
{names}    HA_T_COUNT
}};

struct ha_catalogue {{
    const char *language;
    bool rtl;
    const char *texts[HA_T_COUNT];
}};

extern const struct ha_catalogue ha_catalogues[]; /* English first */
extern const size_t ha_catalogues_count;

#endif
"""


def source(languages, ids):
    text = [NOTE, '#include "ha-catalogue.h"\n\nconst struct ha_catalogue ha_catalogues[] = {\n']
    for language, texts in languages.items():
        rtl = "true" if language in RIGHT_TO_LEFT else "false"
        lines = "".join(f"         [HA_T_{key.upper()}] = {quote(texts[key])},\n" for key in ids)
        text.append(f"    {{{quote(language)},\n     {rtl},\n     {{\n{lines}     }}}},\n")
    text.append("};\nconst size_t ha_catalogues_count = sizeof ha_catalogues / sizeof *ha_catalogues;\n")
    return "".join(text)


def generate(folder):
    """(header, source, what is wrong); the texts are None if anything is."""
    languages, wrong = {}, []
    for path in sorted(Path(folder).glob("*.json"), key=lambda path: (path.stem != FIRST, path.stem)):
        try:
            languages[path.stem] = read(path)
        except ValueError as said:
            wrong.append(str(said))
    first = languages.get(FIRST)
    if first is None:
        return None, None, [*wrong, f"{folder}: there is no {FIRST}.json that can be read"]
    for language, texts in languages.items():
        wrong += check_language(language, texts, first)
    if wrong:
        return None, None, wrong
    return header(first), source(languages, first), []


def main(arguments):
    if len(arguments) != 3:
        print("usage: generate.py CATALOGUE_DIR OUT_H OUT_C", file=sys.stderr)
        return 2
    folder, *outs = arguments
    *texts, wrong = generate(folder)
    for text in wrong:
        print(f"generate.py: {text}", file=sys.stderr)
    if wrong:
        return 1
    for path, text in zip(outs, texts):
        Path(f"{path}.part").write_text(text, encoding="ascii")
    for path in outs:
        os.replace(f"{path}.part", path)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
