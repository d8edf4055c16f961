/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What data/ro-crate-metadata.json says of each thing. It knows the vocabulary and nothing of where the things come from; it holds one entity at a
 * time, and says nothing of the person but the id that data/export.json has as well.
 */
#include "view/crate.h"

#include <stdio.h>
#include <string.h>

#include "ha-formats.h"
#include "model/template.h"

static const char profile_id[] = "https://w3id.org/ro/wfrun/process/0.5", person_id[] = "#person",
                  controller_id[] = "#controller", terms_id[] = "#terms";

static ha_json *new_entity(const char *id, const char *type)
{
    ha_json *entity = ha_json_new_object();
    if (ha_json_set_text(entity, "@id", id) || ha_json_set_text(entity, "@type", type)) {
        ha_json_free(entity);
        return NULL;
    }
    return entity;
}

static int set_reference(ha_json *entity, const char *name, const char *id)
{
    ha_json *reference = ha_json_new_object();
    int bad = ha_json_set_text(reference, "@id", id);
    return ha_json_set(entity, name, reference) | bad;
}

/* NAME as VALUE has it, where it does. */
static int set_value(ha_json *entity, const char *name, const ha_json *value)
{
    return value ? ha_json_set(entity, name, ha_json_share(value)) : 0;
}

/* A name that is not empty: RO-Crate wants one of everything. */
static int set_name(ha_json *entity, const ha_json *name, const char *otherwise)
{
    return ha_json_text_length(name) ? set_value(entity, "name", name)
                                     : ha_json_set_text(entity, "name", otherwise);
}

/* Writes ENTITY, unless BAD says that it could not be made, and releases it. */
static int write_entity(ha_json *entity, int bad, struct ha_buf *out, struct ha_error *err)
{
    HA_JSON ha_json *owned = entity;
    return bad || !owned ? ha_fail_nomem(err) : ha_json_write(owned, out, err);
}

static int end_entity(int written, struct ha_buf *out)
{
    return written || ha_buf_add_char(out, ',') ? -1 : 0;
}

/* --------------------------------------------------------------------------------------------- the frame */

static int add_descriptor(struct ha_buf *out, struct ha_error *err)
{
    ha_json *entity = new_entity("ro-crate-metadata.json", "CreativeWork");
    int bad = set_reference(entity, "about", "./") |
              set_reference(entity, "conformsTo", "https://w3id.org/ro/crate/1.2");
    return end_entity(write_entity(entity, bad, out, err), out);
}

static int add_controller(const struct ha_crate *crate, struct ha_buf *out, struct ha_error *err)
{
    ha_json *entity = new_entity(controller_id, "Organization");
    int bad = ha_json_set_text(entity, "name", crate->controller) |
              ha_json_set_text(entity, "email", crate->email) | ha_json_set_text(entity, "url", crate->url);
    return end_entity(write_entity(entity, bad, out, err), out);
}

/* RO-Crate demands a licence. Nobody gave one, so none is invented: what stands here is what the law says of such a copy. */
static int add_terms(const struct ha_crate *crate, struct ha_buf *out, struct ha_error *err)
{
    const char *article = strcmp(crate->right, HA_W_SCOPE_PORTABILITY) == 0 ? "20" : "15";
    char text[320];
    snprintf(
        text, sizeof text,
        "A copy of personal data, handed to the person whom they are about (GDPR, Article %s). It grants no licence "
        "to anybody else.",
        article);
    ha_json *entity = new_entity(terms_id, "CreativeWork");
    int bad = ha_json_set_text(entity, "name", "For the person's own use") |
              ha_json_set_text(entity, "description", text);
    return end_entity(write_entity(entity, bad, out, err), out);
}

static int add_person(const struct ha_crate *crate, struct ha_buf *out, struct ha_error *err)
{
    ha_json *entity = new_entity(person_id, "Person");
    int bad = ha_json_set_text(entity, "name", "The person whose data these are") |
              ha_json_set_text(entity, "identifier", crate->subject);
    return end_entity(write_entity(entity, bad, out, err), out);
}

static int add_profile(struct ha_buf *out, struct ha_error *err)
{
    ha_json *entity = new_entity(profile_id, "CreativeWork");
    int bad =
        ha_json_set_text(entity, "name", "Process Run Crate") | ha_json_set_text(entity, "version", "0.5");
    return end_entity(write_entity(entity, bad, out, err), out);
}

int ha_crate_front(const struct ha_crate *crate, struct ha_buf *out, struct ha_error *err)
{
    if (add_descriptor(out, err) || add_controller(crate, out, err) || add_terms(crate, out, err) ||
        (crate->full && (add_person(crate, out, err) || add_profile(out, err))))
        return -1;
    return 0;
}

static ha_json *make_root(const struct ha_crate *crate, const char *name, const char *description)
{
    ha_json *entity = new_entity("./", "Dataset");
    int bad = ha_json_set_text(entity, "name", name) | ha_json_set_text(entity, "description", description) |
              ha_json_set_text(entity, "datePublished", crate->as_of) |
              set_reference(entity, "license", terms_id) | set_reference(entity, "publisher", controller_id) |
              ha_json_set(entity, "hasPart", ha_json_new_array());
    if (crate->full)
        bad |= set_reference(entity, "conformsTo", profile_id) |
               ha_json_set(entity, "mentions", ha_json_new_array());
    if (!bad)
        return entity;
    ha_json_free(entity);
    return NULL;
}

/* Where the list NAME begins, which nothing but its own name can look like: inside of a text, quotation marks are escaped. */
static size_t list_at(const struct ha_buf *text, size_t start, const char *name)
{
    const char *found = strstr(ha_buf_text(text) + start, name);
    return found ? (size_t)(found - ha_buf_text(text)) + strlen(name) : 0;
}

int ha_crate_root(const struct ha_crate *crate, struct ha_buf *out, size_t *parts, size_t *runs,
                  struct ha_error *err)
{
    struct ha_buf name HA_BUF = ha_buf_make(4096), text HA_BUF = ha_buf_make(4096);
    size_t start = out->len;
    ha_buf_addf(&name, "Data from %s, as of %s", crate->service, crate->as_of);
    ha_buf_addf(
        &text, "A copy of the data that %s holds about one person. %s", crate->service,
        crate->full
            ? "Records stand in records/, files in media/; export.json has the counts."
            : "There is too much in it to describe every file here: its records, in records/, do so, and "
              "export.json has the counts.");
    if (ha_buf_check(&name, "the name of the crate", err) ||
        ha_buf_check(&text, "the description of the crate", err) ||
        write_entity(make_root(crate, ha_buf_text(&name), ha_buf_text(&text)), 0, out, err) ||
        ha_buf_check(out, "the root dataset", err))
        return -1;
    *parts = list_at(out, start, "\"hasPart\":[");
    *runs = list_at(out, start, "\"mentions\":[");
    return 0;
}

int ha_crate_reference(const char *id, struct ha_buf *out, struct ha_error *err)
{
    ha_json *reference = ha_json_new_object();
    return write_entity(reference, ha_json_set_text(reference, "@id", id), out, err);
}

/* --------------------------------------------------------------------------------------------- the things */

int ha_crate_file(const struct ha_crate_file *file, struct ha_buf *out, struct ha_error *err)
{
    char size[32];
    snprintf(size, sizeof size, "%llu", (unsigned long long)file->size);
    ha_json *entity = new_entity(file->path, "File");
    int bad = set_name(entity, file->title, file->name) | ha_json_set_text(entity, "contentSize", size) |
              ha_json_set_text(entity, "sha256", file->sha256) |
              ha_json_set_text(entity, "encodingFormat", file->type) |
              ha_json_set_text(entity, "description", file->description) |
              ha_json_set_text(entity, "dateCreated", file->created_at);
    return write_entity(entity, bad, out, err);
}

/* Nothing in front of the slash has one, and behind it all but letters, digits and four signs is encoded: so no two are alike. */
int ha_crate_record_id(const char *category, const char *id, char out[HA_CRATE_ID_SIZE], struct ha_error *err)
{
    struct ha_buf text HA_BUF = ha_buf_make(HA_CRATE_ID_SIZE - 1);
    ha_buf_addf(&text, "#%s/", category);
    ha_uri_encode(id, &text);
    if (ha_buf_check(&text, "the name of a record", err))
        return -1;
    memcpy(out, ha_buf_text(&text), text.len + 1);
    return 0;
}

int ha_crate_prompt(const char *id, const ha_json *record, struct ha_buf *out, struct ha_error *err)
{
    ha_json *entity = new_entity(id, "CreativeWork");
    int bad = set_name(entity, ha_json_get(record, HA_K_TITLE), "What was asked for") |
              set_value(entity, "text", ha_json_get(record, HA_K_TEXT)) |
              set_value(entity, "inLanguage", ha_json_get(record, HA_K_LANGUAGE)) |
              set_value(entity, "dateCreated", ha_json_get(record, HA_K_CREATED_AT));
    return write_entity(entity, bad, out, err);
}

int ha_crate_model(const char *id, const struct ha_crate *crate, const ha_json *model, struct ha_buf *out,
                   struct ha_error *err)
{
    ha_json *entity = new_entity(id, "SoftwareApplication");
    int bad = set_name(entity, ha_json_get(model, HA_K_NAME), crate->service) |
              set_value(entity, "softwareVersion", ha_json_get(model, HA_K_VERSION)) |
              set_value(entity, "identifier", ha_json_get(model, HA_K_HASH)) |
              set_reference(entity, "provider", controller_id);
    return write_entity(entity, bad, out, err);
}

static const char *status_of(const char *word)
{
    static const struct {
        const char *word, *status;
    } known[] = {{"queued", "http://schema.org/PotentialActionStatus"},
                 {"running", "http://schema.org/ActiveActionStatus"},
                 {"completed", "http://schema.org/CompletedActionStatus"},
                 {"failed", "http://schema.org/FailedActionStatus"},
                 {"blocked", "http://schema.org/FailedActionStatus"},
                 {"cancelled", "http://schema.org/FailedActionStatus"}};
    for (size_t i = 0; word && i < sizeof known / sizeof *known; i++) {
        if (strcmp(known[i].word, word) == 0)
            return known[i].status;
    }
    return NULL;
}

int ha_crate_action(const struct ha_crate_action *action, struct ha_buf *out, struct ha_error *err)
{
    const ha_json *record = action->record, *started = ha_json_get(record, HA_K_STARTED_AT);
    const char *mode = ha_json_get_text(record, HA_K_MODE),
               *status = status_of(ha_json_get_text(record, HA_K_STATUS));
    ha_json *entity = new_entity(action->id, "CreateAction");
    int bad = set_name(entity, ha_json_get(record, HA_K_TITLE), mode && mode[0] ? mode : "Generation") |
              set_value(entity, "startTime", started ? started : ha_json_get(record, HA_K_CREATED_AT)) |
              set_value(entity, "endTime", ha_json_get(record, HA_K_FINISHED_AT)) |
              set_value(entity, "error", ha_json_get(record, HA_K_ERROR)) |
              set_reference(entity, "agent", person_id) |
              set_reference(entity, "instrument", action->instrument) |
              (status ? set_reference(entity, "actionStatus", status) : 0);
    if (ha_json_count(action->object))
        bad |= set_value(entity, "object", action->object);
    if (ha_json_count(action->result))
        bad |= set_value(entity, "result", action->result);
    return write_entity(entity, bad, out, err);
}
