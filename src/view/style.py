#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a C source with the stylesheet of the viewer in it: style.py STYLE_CSS OUT_C."""

import sys
from pathlib import Path


def main(style, out):
    data = Path(style).read_bytes()
    lines = "".join(f"    {','.join(map(str, data[at:at + 24]))},\n" for at in range(0, len(data), 24))
    Path(out).write_text("/* Made by src/view/style.py from src/view/style.css: change that. */\n"
                         '#include "view/pages.h"\n\n'
                         f"const char ha_view_style[] = {{\n{lines}    0}};\n"
                         f"const size_t ha_view_style_size = {len(data)};\n", encoding="ascii")


if __name__ == "__main__":
    main(*sys.argv[1:])
