/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shows what comes of a section's credentials. Standard input is {"section", "region", "directory", "steps"}; each step is one line on
 * standard output. The clock stands until a step moves it. It is a tool of the tests and no part of the program.
 *
 *   "ready"            makes sure that there is a key: the key, or the error
 *   "renew"            says that the key was refused as expired: "renewed", and the error that came with it
 *   {"pass": SECONDS}  moves the clock
 *   {"write": [PATH, TEXT]}  writes a file
 *   {"known": TEXT}    whether TEXT is searched for as a secret: its place
 *
 * The exit code is 0 once the steps ran, 1 when the credentials could not be opened: then the one line is the error.
 */
#include <stdio.h>
#include <string.h>

#include "access/aws.h"
#include "base/cleanup.h"
#include "ha-formats.h"
#include "io/file.h"

enum { INPUT_MAX = 4 * 1024 * 1024 };

static int64_t passed_ms;

static ha_time now(void *context)
{
    (void)context;
    return ha_env_system()->now(NULL) + passed_ms;
}

static int64_t monotonic_ms(void *context)
{
    (void)context;
    return ha_env_system()->monotonic_ms(NULL) + passed_ms;
}

static void print(ha_json *line)
{
    struct ha_buf text HA_BUF = ha_buf_make(INPUT_MAX);
    struct ha_error err = {0};
    if (ha_json_write(line, &text, &err))
        fprintf(stderr, "aws_tool: %s\n", err.text);
    else
        puts(ha_buf_text(&text));
    fflush(stdout);
    ha_json_free(line);
}

static void set_error(ha_json *line, const struct ha_error *err)
{
    if (err->code == HA_E_OK)
        return;
    ha_json_set_text(line, "error", ha_error_word(err->code));
    ha_json_set_text(line, "text", err->text);
}

static void print_key(const struct ha_aws *aws, const struct ha_error *err)
{
    ha_json *line = ha_json_new_object();
    char expires[HA_TIME_TEXT];
    const struct ha_aws_key *key = aws ? ha_aws_key(aws) : NULL;
    if (key && err->code == HA_E_OK) {
        ha_json_set_text(line, "access_key", key->access_key);
        ha_json_set_text(line, "secret_key", key->secret_key);
        ha_json_set_text(line, "session_token", key->session_token);
        ha_json_set_int(line, "number", key->number);
        if (key->expires != HA_TIME_NONE) {
            ha_time_format(key->expires, expires);
            ha_json_set_text(line, "expires", expires);
        }
    }
    set_error(line, err);
    print(line);
}

static void print_renewed(struct ha_aws *aws)
{
    struct ha_error err = {0};
    ha_json *line = ha_json_new_object();
    ha_json_set_bool(line, "renewed", ha_aws_renew(aws, ha_aws_key(aws)->number, &err));
    set_error(line, &err);
    print(line);
}

static void print_known(const struct ha_values *values, const char *text)
{
    struct ha_error err = {0};
    const char *place = NULL;
    ha_json *line = ha_json_new_object();
    if (ha_secrets_find(ha_values_known(values), text, strlen(text), &place, &err))
        set_error(line, &err);
    ha_json_set_text(line, "known", place);
    print(line);
}

static void take_step(struct ha_aws *aws, const struct ha_section *section, const ha_json *step)
{
    struct ha_error err = {0};
    const char *word = ha_json_text(step), *known = ha_json_get_text(step, "known");
    const ha_json *file = ha_json_get(step, "write");
    const char *text = ha_json_text(ha_json_at(file, 1));
    passed_ms += ha_json_get_int(step, "pass", 0) * 1000;
    if (word && strcmp(word, "ready") == 0) {
        if (aws)
            ha_aws_ready(aws, &err);
        print_key(aws, &err);
    } else if (word && aws) {
        print_renewed(aws);
    } else if (known) {
        print_known(section->values, known);
    } else if (text &&
               ha_file_write_whole(ha_json_text(ha_json_at(file, 0)), text, strlen(text), true, &err)) {
        print_key(NULL, &err);
    }
}

static int run(const ha_json *input, struct ha_section *section, struct ha_site *site, struct ha_error *err)
{
    struct ha_aws *aws = NULL;
    const ha_json *steps = ha_json_get(input, "steps");
    if (ha_site_open(site, section, err) ||
        ha_aws_open(section, site, ha_json_get(section->spec, HA_K_CREDENTIALS),
                    ha_json_get_text(input, "region"), &aws, err))
        return -1;
    for (size_t i = 0; i < ha_json_count(steps); i++)
        take_step(aws, section, ha_json_at(steps, i));
    ha_aws_close(aws);
    return 0;
}

/* What a run does before it opens anything: the section is one of apis, so that its secrets are learned as there. */
static int prepare(const ha_json *input, const struct ha_env *env, struct ha_section *section,
                   struct ha_error *err)
{
    const struct ha_http_options options = {.env = env};
    const char *directory = ha_json_get_text(input, "directory");
    HA_JSON ha_json *apis = ha_json_new_object(), *description = ha_json_new_object();
    ha_json_set(apis, "store", ha_json_share(ha_json_get(input, "section")));
    ha_json_set(description, HA_K_APIS, ha_json_share(apis));
    *section = (struct ha_section){.spec = ha_json_get(input, "section"),
                                   .name = "store",
                                   .directory = directory ? directory : "",
                                   .env = env};
    return ha_values_new(section->directory, &section->values, err) ||
                   ha_values_learn(section->values, description, err) ||
                   ha_http_new(&options, &section->http, err)
               ? -1
               : 0;
}

int main(void)
{
    struct ha_env env = *ha_env_system();
    struct ha_error err = {0};
    struct ha_buf text HA_BUF = ha_buf_make(INPUT_MAX);
    struct ha_section section = {0};
    struct ha_site site = {0};
    HA_JSON ha_json *input = NULL;
    env.now = now;
    env.monotonic_ms = monotonic_ms;
    int result = ha_file_read("-", &text, &err) ||
                         ha_json_parse(ha_buf_text(&text), text.len, "the input", &input, &err) ||
                         prepare(input, &env, &section, &err) || run(input, &section, &site, &err)
                     ? 1
                     : 0;
    if (result)
        print_key(NULL, &err);
    ha_site_close(&site);
    ha_http_free(section.http);
    ha_values_free(section.values);
    return result;
}
