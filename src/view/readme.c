/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of README.txt, from the catalogue of a language. It is written before the files, so it says only what is known then: how much was
 * found, and not what became of it. Commands and paths are the same in every language and stand on lines of their own, so that they can be
 * copied whole and stay readable beside a script that runs from right to left.
 */
#include "view/readme.h"

#include <stdio.h>

#include "view/wrap.h"

enum { VALUES = 7, DEEP = 6 };

struct page {
    const struct ha_readme *readme;
    const struct ha_catalogue *catalogue;
    struct ha_said values[VALUES];
    struct ha_buf *out;
};

static void say(const struct page *page, enum ha_text id, int indent)
{
    struct ha_buf text HA_BUF = ha_buf_make(page->out->max);
    ha_say_with(page->catalogue, id, page->values, VALUES, &text);
    if (text.failed)
        page->out->failed = text.failed;
    ha_wrap(ha_buf_text(&text), indent, page->out);
}

static void add_paragraph(const struct page *page, enum ha_text id)
{
    ha_buf_add_char(page->out, '\n');
    say(page, id, 0);
}

/* A path on a line of its own, and what is there. */
static void add_place(const struct page *page, const char *path, enum ha_text id)
{
    ha_buf_addf(page->out, "  %s\n", path);
    say(page, id, DEEP);
}

/* A paragraph, and the commands that it is about. */
static void add_commands(const struct page *page, enum ha_text id, const char *commands)
{
    add_paragraph(page, id);
    ha_buf_addf(page->out, "\n%s", commands);
}

static void write_top(const struct page *page)
{
    const struct ha_readme *readme = page->readme;
    say(page, HA_T_README_TITLE, 0);
    if (readme->preview)
        add_paragraph(page, HA_T_README_PREVIEW);
    add_paragraph(page, HA_T_README_INTRO);
    if (readme->part)
        add_paragraph(page, HA_T_README_PART);
    if (readme->wanted)
        add_paragraph(page, HA_T_README_FALLBACK);
    add_paragraph(page, HA_T_README_OPEN_HEADING);
    add_paragraph(page, HA_T_README_OPEN);
}

static void write_places(const struct page *page)
{
    static const struct {
        const char *path;
        enum ha_text id;
    } places[] = {
        {"index.html", HA_T_README_WHAT_INDEX},
        {"data/media/", HA_T_README_WHAT_MEDIA},
        {"*.xmp", HA_T_README_WHAT_SIDECARS},
        {"data/records/", HA_T_README_WHAT_RECORDS},
        {"data/export.json", HA_T_README_WHAT_EXPORT},
        {"data/missing.jsonl", HA_T_README_WHAT_MISSING},
        {"data/withheld.jsonl", HA_T_README_WHAT_WITHHELD},
        {"data/privacy.json", HA_T_README_WHAT_PRIVACY},
        {"data/ro-crate-metadata.json", HA_T_README_WHAT_CRATE},
        {"data/schemas/", HA_T_README_WHAT_SCHEMAS},
    };
    add_paragraph(page, HA_T_README_WHAT_HEADING);
    ha_buf_add_char(page->out, '\n');
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        add_place(page, places[i].path, places[i].id);
    add_paragraph(page, HA_T_README_COMPLETE_HEADING);
    add_paragraph(page, HA_T_README_EXPECTED);
    ha_buf_add_char(page->out, '\n');
    add_place(page, "data/export.json", HA_T_README_COMPLETE);
}

static void write_key(const struct page *page)
{
    add_paragraph(page, HA_T_README_CHECK_HEADING);
    add_paragraph(page, HA_T_README_CHECK_WHY);
    if (!page->readme->keys_url) {
        add_paragraph(page, HA_T_README_CHECK_KEY_ASK);
        return;
    }
    add_paragraph(page, HA_T_README_CHECK_KEY_AT);
    ha_buf_addf(page->out, "\n  %s\n", page->readme->keys_url);
}

/* The commands before unpacking, each with the archive's name in it. */
static void write_zip(const struct page *page)
{
    const char *stem = page->readme->stem;
    char commands[512];
    snprintf(commands, sizeof commands, "  holdall verify %s.zip -P PUBLIC-KEY\n", stem);
    add_commands(page, HA_T_README_CHECK_HOLDALL, commands);
    add_paragraph(page, HA_T_README_CHECK_MINISIGN);
    snprintf(commands, sizeof commands, "  minisign -Vm %s.zip -P PUBLIC-KEY\n", stem);
    add_commands(page, HA_T_README_CHECK_ZIP, commands);
    snprintf(commands, sizeof commands, "  minisign -Vm DOWNLOADED.zip -x %s.zip.minisig -P PUBLIC-KEY\n",
             stem);
    add_commands(page, HA_T_README_CHECK_RENAMED, commands);
}

#define POWERSHELL                                                             \
    "  foreach ($list in 'tagmanifest-sha256.txt', 'manifest-sha256.txt') {\n" \
    "    foreach ($line in Get-Content $list) {\n"                             \
    "      $hash, $file = $line -split '  ', 2\n"                              \
    "      if ((Get-FileHash -Algorithm SHA256 $file).Hash -ne $hash) { $file } } }\n"

static void write_folder(const struct page *page)
{
    add_commands(page, HA_T_README_CHECK_FOLDER, "  minisign -Vm tagmanifest-sha256.txt -P PUBLIC-KEY\n");
    add_commands(page, HA_T_README_CHECK_FILES,
                 "  sha256sum --strict --quiet -c tagmanifest-sha256.txt\n"
                 "  sha256sum --strict --quiet -c manifest-sha256.txt\n");
    add_commands(page, HA_T_README_CHECK_MAC,
                 "  shasum -a 256 -c tagmanifest-sha256.txt\n"
                 "  shasum -a 256 -c manifest-sha256.txt\n");
    add_commands(page, HA_T_README_CHECK_WINDOWS, POWERSHELL);
    add_paragraph(page, HA_T_README_CHECK_FAILED);
}

void ha_readme_write(const struct ha_readme *readme, const struct ha_catalogue *catalogue, struct ha_buf *out)
{
    char part[16], records[24], files[24];
    snprintf(part, sizeof part, "%d", readme->part);
    snprintf(records, sizeof records, "%lld", (long long)readme->records);
    snprintf(files, sizeof files, "%lld", (long long)readme->files);
    struct page page = {readme,
                        catalogue,
                        {{"service", readme->service},
                         {"controller", readme->controller},
                         {"time", readme->as_of},
                         {"part", part},
                         {"records", records},
                         {"files", files},
                         {"wanted", readme->wanted}},
                        out};
    write_top(&page);
    write_places(&page);
    write_key(&page);
    write_zip(&page);
    write_folder(&page);
    add_paragraph(&page, HA_T_README_QUESTIONS_HEADING);
    add_paragraph(&page, HA_T_README_QUESTIONS);
    ha_buf_addf(out, "\n  %s\n", readme->contact);
}
