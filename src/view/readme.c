/* SPDX-License-Identifier: Apache-2.0 */
/* The text of README.txt. It says only what holds for every archive; what is in this one stands in data/export.json. */
#include "view/readme.h"

void ha_readme_write(const struct ha_readme *readme, struct ha_buf *out)
{
    ha_buf_addf(out, "Your data from %s, as of %s\n\n", readme->service, readme->as_of);
    ha_buf_add_text(
        out,
        "This folder is a copy of the data that the service holds about you.\n"
        "\n"
        "  data/media/        your files, unchanged: what you uploaded and what was made for you\n"
        "  data/records/      everything else, one JSON object a line (JSON Lines, UTF-8)\n"
        "  data/export.json   what is in this copy, with counts: expected, delivered, missing, withheld\n"
        "  data/missing.jsonl    what was expected and is not here, and why\n"
        "  data/withheld.jsonl   what was held back, and on which ground\n"
        "  data/privacy.json  purposes, recipients, retention and your rights\n"
        "  data/schemas/      the JSON Schemas of these files\n"
        "\n"
        "How to check it\n"
        "\n"
        "You need minisign (https://jedisct1.github.io/minisign/) and the public key of the service, which you should\n"
        "get from the service itself and not from this folder.\n"
        "\n");
    ha_buf_addf(out, "  minisign -Vm %s.zip -P <public key>\n", readme->stem);
    ha_buf_add_text(out, "\nIn the unpacked folder:\n\n"
                         "  minisign -Vm tagmanifest-sha256.txt -P <public key>\n"
                         "  sha256sum --strict --quiet -c tagmanifest-sha256.txt\n"
                         "  sha256sum --strict --quiet -c manifest-sha256.txt\n"
                         "\n"
                         "On a Mac, `shasum -a 256` takes the place of `sha256sum --strict --quiet`.\n\n");
    if (readme->keys_url)
        ha_buf_addf(out, "The service publishes its keys at %s\n", readme->keys_url);
    ha_buf_addf(out, "Questions: %s\n", readme->contact);
}
