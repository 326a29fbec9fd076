/* The tables of a record: each member once. The order is that of the file. */
#include "record/field.h"

#define MOST_INT 9007199254740992.0 /* what every JSON reader keeps exactly */
#define MOST_SIDE 10000000

#define IN(type, member) offsetof(struct type, member)
#define NEEDED .needed = true
#define OPTIONAL .needed = false

static const char *const captions[] = {"nobody", "user", "kizil", NULL};
static const char *const policies[] = {"restore", "leave", "ask", "record", NULL};
static const char *const outcomes[] = {"filled", "unfilled", "conjecture", "allowed", NULL};

static const struct kz__field file_fields[] = {
    {"path", KZ__TEXT, IN(kz_record_file, path), "from the record's folder, or absolute", NEEDED},
    {"sha256", KZ__HASH, IN(kz_record_file, sha256), "of the file's bytes", NEEDED},
    {0}};
static const struct kz__shape file = {sizeof(struct kz_record_file), file_fields};

#define FILE_FIELD(name, text, ...)                                                               \
  {#name, KZ__OBJECT, IN(kz_record, files.name), text, .shape = &file, ##__VA_ARGS__}

static const struct kz__field files_fields[] = {
    FILE_FIELD(source, "the photograph", NEEDED),
    FILE_FIELD(mask, "the damage as it was given", NEEDED),
    FILE_FIELD(filled, "an image of what was filled, where that is not all that the mask marks"),
    FILE_FIELD(lines, "the line drawing that the fill follows"),
    FILE_FIELD(policy, "what is to be done with which damage"),
    FILE_FIELD(model, "the network", NEEDED),
    FILE_FIELD(result, "the restored image", NEEDED),
    FILE_FIELD(doubt, "where candidates disagree, in hundredths of a delta E"),
    {0}};
/* Members whose offsets start from the record itself: an object in the file only. */
static const struct kz__shape files = {0, files_fields};

static const struct kz__field figure_fields[] = {
    {"tiles", KZ__INT, IN(kz_record, figures.tiles), "with damage", .max = MOST_INT},
    {"calls", KZ__INT, IN(kz_record, figures.calls), "of the network", .max = MOST_INT},
    {"damaged", KZ__REAL, IN(kz_record, figures.damaged), "share of pixels", .max = 1},
    {"seconds", KZ__REAL, IN(kz_record, figures.seconds), "that it took", .max = 1e12},
    {0}};
static const struct kz__shape figures = {0, figure_fields};

static const struct kz__field class_fields[] = {
    {"id", KZ__TEXT, IN(kz_record_class, id), "class of damage", NEEDED},
    {"policy", KZ__CHOICE, IN(kz_record_class, policy), "what was to be done with it",
     .choices = policies},
    {"pixels", KZ__INT, IN(kz_record_class, pixels), "of that class", .max = MOST_INT},
    {0}};
static const struct kz__shape class_shape = {sizeof(struct kz_record_class), class_fields};

static const struct kz__field region_fields[] = {
    {"x", KZ__INT, IN(kz_record_region, x), "px, left of the box around it", .max = MOST_SIDE},
    {"y", KZ__INT, IN(kz_record_region, y), "px, top", .max = MOST_SIDE},
    {"width", KZ__INT, IN(kz_record_region, width), "px", .min = 1, .max = MOST_SIDE},
    {"height", KZ__INT, IN(kz_record_region, height), "px", .min = 1, .max = MOST_SIDE},
    {"pixels", KZ__INT, IN(kz_record_region, pixels), "in it", .min = 1, .max = MOST_INT},
    {"damage", KZ__TEXT, IN(kz_record_region, damage), "its class", OPTIONAL},
    {"policy", KZ__CHOICE, IN(kz_record_region, policy), "what was to be done with it",
     .choices = policies},
    {"outcome", KZ__CHOICE, IN(kz_record_region, outcome),
     "what was done; conjecture: unfilled, as there is too little to go by; allowed: filled all the "
     "same", .choices = outcomes},
    {"known", KZ__REAL, IN(kz_record_region, known), "share of known pixels around it", .max = 1},
    {"distance", KZ__REAL, IN(kz_record_region, distance),
     "px, from its innermost pixel to what is known", .max = MOST_SIDE},
    {"disagreement", KZ__REAL, IN(kz_record_region, disagreement),
     "of the candidates, delta E, the mean", .max = 1000},
    {"conjecture", KZ__TEXT, IN(kz_record_region, conjecture), "why it is conjecture", OPTIONAL},
    {"candidate", KZ__INT, IN(kz_record_region, candidate), "that was taken, from 0",
     .max = MOST_INT},
    {"note", KZ__TEXT, IN(kz_record_region, note), "of who decided", OPTIONAL},
    {0}};
static const struct kz__shape region = {sizeof(struct kz_record_region), region_fields};

static const struct kz__field candidate_fields[] = {
    {"file", KZ__OBJECT, IN(kz_record_candidate, file), "the picture", .shape = &file},
    {"seed", KZ__INT, IN(kz_record_candidate, seed), "of its noise", .max = MOST_INT},
    {"rank", KZ__INT, IN(kz_record_candidate, rank), "from 1, the best; 0: not ranked",
     .max = 1000},
    {"score", KZ__REAL, IN(kz_record_candidate, score), "by which it was ranked, the least first",
     .min = -1e12, .max = 1e12},
    {0}};
static const struct kz__shape candidate = {sizeof(struct kz_record_candidate), candidate_fields};

static const struct kz__field people_fields[] = {
    {"who", KZ__TEXT, IN(kz_record, people.who), "made the restoration", OPTIONAL},
    {"organisation", KZ__TEXT, IN(kz_record, people.organisation), "for which", OPTIONAL},
    {"why", KZ__TEXT, IN(kz_record, people.why), "its purpose and its grounds", OPTIONAL},
    {"reviewer", KZ__TEXT, IN(kz_record, people.reviewer), "who judged it", OPTIONAL},
    {"decision", KZ__TEXT, IN(kz_record, people.decision), "of the reviewer", OPTIONAL},
    {0}};
static const struct kz__shape people = {0, people_fields};

static const struct kz__field machine_fields[] = {
    {"name", KZ__TEXT, IN(kz_record, machine.name), "in its network", OPTIONAL},
    {"system", KZ__TEXT, IN(kz_record, machine.system), "operating system", OPTIONAL},
    {"processor", KZ__TEXT, IN(kz_record, machine.processor), "its model", OPTIONAL},
    {"instructions", KZ__TEXT, IN(kz_record, machine.instructions), "that ran the network",
     OPTIONAL},
    {"threads", KZ__INT, IN(kz_record, machine.threads), "that ran it", .max = 1 << 20},
    {0}};
static const struct kz__shape machine = {0, machine_fields};

static const struct kz__field software_fields[] = {
    {"name", KZ__TEXT, IN(kz_record_software, name), "of a library", NEEDED},
    {"version", KZ__TEXT, IN(kz_record_software, version), "its version", NEEDED},
    {0}};
static const struct kz__shape software = {sizeof(struct kz_record_software), software_fields};

#define LIST(member, number, of)                                                                  \
  .offset = IN(kz_record, member), .count = IN(kz_record, number), .shape = &(of)

static const struct kz__field record_fields[] = {
    {"kizil-record", KZ__INT, IN(kz_record, format), "version of this format",
     .min = KZ_RECORD_FORMAT, .max = KZ_RECORD_FORMAT},
    {"kizil", KZ__TEXT, IN(kz_record, kizil), "version of the program", NEEDED},
    {"files", KZ__OBJECT, 0, "what went in and what came out", NEEDED, .shape = &files},
    {"width", KZ__INT, IN(kz_record, width), "px", .min = 1, .max = MOST_SIDE},
    {"height", KZ__INT, IN(kz_record, height), "px", .min = 1, .max = MOST_SIDE},
    {"parameters", KZ__OPTIONS, IN(kz_record, options),
     "of the restoration; one that is absent had its default", NEEDED,
     .params = kz_restore_params},
    {"evidence", KZ__OPTIONS, IN(kz_record, evidence), "limits of conjecture, and candidates",
     .params = kz_candidates_params},
    {"style", KZ__OPTIONS, IN(kz_record, style), "how the fill is told from the original",
     .params = kz_style_params},
    {"treatment", KZ__OPTIONS, IN(kz_record, treatment), "how the mask was read and groomed",
     .params = kz_treat_params},
    {"caption", KZ__TEXT, IN(kz_record, caption), "the words that the network read", OPTIONAL},
    {"caption-by", KZ__CHOICE, IN(kz_record, caption_by),
     "who said them; kizil: made from the known pixels", .choices = captions},
    {"figures", KZ__OBJECT, 0, "how much was done", NEEDED, .shape = &figures},
    {.name = "classes", KZ__LIST, .help = "of damage, with what was to be done",
     LIST(classes, class_count, class_shape)},
    {.name = "regions", KZ__LIST, .help = "of damage, each with its evidence and what was done",
     LIST(regions, region_count, region)},
    {.name = "candidates", KZ__LIST, .help = "that were made, the first as number 0",
     LIST(candidates, candidate_count, candidate)},
    {"people", KZ__OBJECT, 0, "who and why, as they said", .shape = &people},
    {"time", KZ__TIME, IN(kz_record, time), "when it was done, UTC", NEEDED},
    {"machine", KZ__OBJECT, 0, "on which it was done", NEEDED, .shape = &machine},
    {.name = "software", KZ__LIST, .help = "on which the bytes depend",
     LIST(software, software_count, software)},
    {"seal", KZ__SEAL, 0, "SHA-256 of this file with these digits as zeros", NEEDED},
    {0}};
const struct kz__shape kz__record_shape = {sizeof(struct kz_record), record_fields};
