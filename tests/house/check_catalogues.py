#!/usr/bin/python3
"""Checks holdall's own texts: that the build refuses catalogues that do not agree, and that each language is there and built in.

The generator in src/view/catalogue is called with small catalogues that are each broken in one way; what it makes of a
good one must be found again in its C. In the real ones, no language may have left an English sentence untranslated.

    check_catalogues.py [ROOT]      ROOT is the project's folder
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2]).resolve()
FOLDER = ROOT / "src/view/catalogue"
LANGUAGES = {"en", "de", "fr", "es", "ja", "ar"}
EN = {"hello": "Hello, {name}!", "bye": "Bye"}
DE = {"hello": "{name}, hallo!", "bye": "Tschüss"}

# What is put in the place of the good files, and a piece of what must be said. None: the file is not there.
REFUSED = [
    ({"de": {"hello": DE["hello"]}}, "de.json: bye is missing"),
    ({"de": DE | {"more": "x"}}, "de.json: more is not in en.json"),
    ({"de": DE | {"hello": "hallo"}}, "de.json: hello has other placeholders"),
    ({"de": DE | {"hello": "hallo, {nmae}"}}, "de.json: hello has other placeholders"),
    ({"de": DE | {"bye": "{name}"}}, "de.json: bye has other placeholders"),
    ({"de": DE | {"bye": "{"}}, "bye has a brace"),
    ({"de": DE | {"bye": "{Name}"}}, "bye has a brace"),
    ({"de": DE | {"bye": " x"}}, "bye has a blank"),
    ({"de": DE | {"bye": "x\ny"}}, "bye holds a character that controls"),
    ({"de": DE | {"bye": "x\u202ey"}}, "bye holds a character that controls"),
    ({"de": DE | {"bye": "Tschu\u0308ss"}}, "bye is not in NFC"),
    ({"de": DE | {"bye": ""}}, "bye is no text"),
    ({"de": DE | {"bye": 1}}, "bye is no text"),
    ({"en": EN | {"Bye": "x"}, "de": DE | {"Bye": "x"}}, "Bye is no id"),
    ({"de": '{"bye": "a", "bye": "b"}'}, "the id bye stands twice"),
    ({"de": "{"}, "de.json: Expecting"),
    ({"de": "[]"}, "de.json: a catalogue is an object"),
    ({"en": None}, "there is no en.json"),
]


def run(files):
    """(exit code, what is said, the C of it) of the generator for {language: texts}."""
    with tempfile.TemporaryDirectory() as folder:
        for language, texts in files.items():
            text = texts if isinstance(texts, str) else json.dumps(texts)
            if texts is not None:
                Path(folder, f"{language}.json").write_text(text, encoding="utf-8")
        outs = [Path(folder, "out.h"), Path(folder, "out.c")]
        done = subprocess.run([sys.executable, FOLDER / "generate.py", folder, *outs], capture_output=True, text=True, check=False)
        return done.returncode, done.stderr, "".join(out.read_text("ascii") for out in outs if out.exists())


def check_generator():
    code, said, made = run({"en": EN, "de": DE})
    if code or said:
        yield f"good catalogues are refused: {said}"
    for piece in ("HA_T_HELLO,", "HA_T_BYE,", '[HA_T_BYE] = "Tsch\\303\\274ss"', '{"de",'):
        if piece not in made:
            yield f"{piece} is not made"
    for files, due in REFUSED:
        code, said, made = run({"en": EN, "de": DE} | files)
        if code != 1 or due not in said or made:
            yield f"for {files} it does not refuse with '{due}' but ends with {code}: {said}"


def check_texts():
    texts = {path.stem: json.loads(path.read_text("utf-8")) for path in FOLDER.glob("*.json")}
    if set(texts) != LANGUAGES:
        yield f"the languages are {sorted(texts)}"
    built = re.search(r"foreach language : \[(.*?)\]", ROOT.joinpath("meson.build").read_text("utf-8")).group(1)
    if set(re.findall(r"'(\w+)'", built)) != set(texts):
        yield "meson.build lists other languages"
    for language, own in texts.items():
        for key, text in own.items():
            if language != "en" and text == texts["en"][key] and len(re.sub(r"\{\w+\}", "", text).split()) > 2:
                yield f"{language}.json: {key} is the English text"


def main():
    wrong = [*check_generator(), *check_texts()]
    for text in wrong:
        print(text)
    print(f"check_catalogues: {len(REFUSED)} refusals, {len(wrong)} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
