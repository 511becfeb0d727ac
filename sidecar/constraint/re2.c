/* SPDX-License-Identifier: MIT */
/*
 * Translation of patterns in RE2's syntax (github.com/google/re2/wiki/Syntax) to PCRE2's syntax,
 * which has more: syntax that RE2 does not have is refused, and constructs with another meaning in
 * PCRE2 are written differently.
 */
#include <string.h>

#include "base/ascii.h"
#include "constraint/constraint.h"

#include "base/banned.h"

/* The largest number of repetitions in RE2. */
#define MOST_REPEATS 1000

/* The kind of the construct before, if a repetition or a range depends on it. */
enum before { BEFORE_OTHER, BEFORE_REPETITION, BEFORE_LAZY, BEFORE_DASH, BEFORE_CLASS };

struct translation {
    struct text whole, rest;
    struct buffer *out;
    enum before before;
    bool in_class;
    bool caseless; /* behind a "(?i)" */
    struct status *status;
};

/*
 * Classes with a name or of one character, written out, because PCRE2 10.42 differs: its "\s" has
 * the vertical tab, it does not fold the case of classes as RE2 does, and it mixes up some negated
 * classes inside of another one. `others` are the characters that are not members.
 */
static const struct class
{
    const char *name;
    char letter, negated;
    const char *members, *others;
} classes[] = {
    {"", 's', 'S', "\\t\\n\\f\\r ", "\\x00-\\x08\\x0b\\x0e-\\x1f!-\\x{10ffff}"},
    {"digit", 'd', 'D', "0-9", "\\x00-/:-\\x{10ffff}"},
    {"word", 'w', 'W', "0-9A-Za-z_", "\\x00-/:-@\\[-^`{-\\x{10ffff}"},
    {"alnum", 0, 0, "0-9A-Za-z", "\\x00-/:-@\\[-`{-\\x{10ffff}"},
    {"alpha", 0, 0, "A-Za-z", "\\x00-@\\[-`{-\\x{10ffff}"},
    {"ascii", 0, 0, "\\x00-\\x7f", "\\x80-\\x{10ffff}"},
    {"blank", 0, 0, "\\t ", "\\x00-\\x08\\x0a-\\x1f!-\\x{10ffff}"},
    {"cntrl", 0, 0, "\\x00-\\x1f\\x7f", " -~\\x80-\\x{10ffff}"},
    {"graph", 0, 0, "!-~", "\\x00- \\x7f-\\x{10ffff}"},
    {"lower", 0, 0, "a-z", "\\x00-`{-\\x{10ffff}"},
    {"print", 0, 0, " -~", "\\x00-\\x1f\\x7f-\\x{10ffff}"},
    {"punct", 0, 0, "!-/:-@\\[-`{-~", "\\x00- 0-9A-Za-z\\x7f-\\x{10ffff}"},
    {"space", 0, 0, "\\t-\\r ", "\\x00-\\x08\\x0e-\\x1f!-\\x{10ffff}"},
    {"upper", 0, 0, "A-Z", "\\x00-@\\[-\\x{10ffff}"},
    {"xdigit", 0, 0, "0-9A-Fa-f", "\\x00-/:-@G-`g-\\x{10ffff}"},
};

/* Escapes for one character. Escapes for places cannot be in a class. The "\v" of PCRE2 has more
 * than the vertical tab. */
static const struct {
    const char *text;
    char letter;
    bool in_class;
} escapes[] = {
    {"\\a", 'a', true},  {"\\f", 'f', true},   {"\\n", 'n', true},  {"\\r", 'r', true},
    {"\\t", 't', true},  {"\\x0b", 'v', true}, {"\\b", 'b', false}, {"\\B", 'B', false},
    {"\\A", 'A', false}, {"\\z", 'z', false},
};

static bool refuse(const struct translation *translation, const char *what)
{
    return status_fail(translation->status, STATUS_INVALID_ARGUMENT, "byte %zu: %s",
                       (size_t)(translation->rest.data - translation->whole.data), what);
}

/* The byte `ahead` of the next one; '\0' after the end. */
static char peek(const struct translation *translation, size_t ahead)
{
    return ahead < translation->rest.size ? translation->rest.data[ahead] : '\0';
}

static void drop(struct translation *translation, size_t bytes)
{
    translation->rest = text_skip(translation->rest, bytes);
}

static void copy(struct translation *translation, size_t bytes)
{
    buffer_add(translation->out, translation->rest.data, bytes);
    drop(translation, bytes);
}

/* The number of characters of that kind, from `ahead` on. */
static size_t count(const struct translation *translation, size_t ahead, bool (*kind)(char c))
{
    size_t counted = 0;
    while (kind(peek(translation, ahead + counted)))
        counted++;
    return counted;
}

static bool is_name_character(char c)
{
    return ascii_is_alphanumeric(c) || c == '_';
}

/* Translates "\x7f" and "\x{10ffff}". */
static bool translate_hex(struct translation *translation)
{
    bool braced = peek(translation, 2) == '{';
    size_t digits = count(translation, braced ? 3 : 2, ascii_is_hex);
    if (braced ? digits == 0 || peek(translation, 3 + digits) != '}' : digits < 2)
        return refuse(translation, "\\x needs two hexadecimal digits, or some in braces");
    copy(translation, braced ? digits + 4 : 4);
    return true;
}

/* True for a category such as "L" or "Lu"; other names are scripts. */
static bool is_category(struct text name)
{
    return name.size <= 2 && memchr("CLMNPSZ", name.data[0], 7);
}

/* Translates "\pL", "\p{Lu}" and "\p{^Greek}". A script is marked as such, because PCRE2 also
 * includes the characters that extend it. */
static bool translate_property(struct translation *translation)
{
    bool negated = peek(translation, 1) == 'P', braced = peek(translation, 2) == '{';
    size_t start = braced ? 3 : 2;
    if (translation->caseless)
        return refuse(translation, "\\p behind (?i) is not understood here as in RE2");
    if (braced && peek(translation, start) == '^') {
        negated = !negated;
        start++;
    }
    size_t letters = braced ? count(translation, start, is_name_character)
                            : (size_t)ascii_is_letter(peek(translation, start));
    struct text name = {translation->rest.data + start, letters};
    if (letters == 0 || (braced && peek(translation, start + letters) != '}'))
        return refuse(translation, "\\p needs the name of a class");
    bool script = !is_category(name) && !text_equal(name, text_literal("Any"));
    buffer_add_text(translation->out, negated ? text_literal("\\P{") : text_literal("\\p{"));
    buffer_add_text(translation->out, script ? text_literal("sc:") : text_literal(""));
    buffer_add_text(translation->out, name);
    buffer_add_char(translation->out, '}');
    drop(translation, start + letters + braced);
    return true;
}

/* Translates a class that takes `bytes` bytes. */
static bool translate_class(struct translation *translation, const struct class *class,
                            bool negated, size_t bytes)
{
    if (translation->in_class && negated && translation->caseless)
        return refuse(translation, "a negated class in another, behind (?i), is not understood "
                                   "here as in RE2");
    if (translation->in_class && translation->before == BEFORE_DASH)
        return refuse(translation, "a class cannot end a range; \\- is a dash");
    if (translation->in_class) {
        buffer_add_text(translation->out, text_of(negated ? class->others : class->members));
    } else {
        buffer_add_text(translation->out, negated ? text_literal("[^") : text_literal("["));
        buffer_add_text(translation->out, text_of(class->members));
        buffer_add_char(translation->out, ']');
    }
    drop(translation, bytes);
    translation->before = translation->in_class ? BEFORE_CLASS : BEFORE_OTHER;
    return true;
}

static bool translate_letter(struct translation *translation, char letter)
{
    for (size_t i = 0; letter && i < array_length(classes); i++)
        if (letter == classes[i].letter || letter == classes[i].negated)
            return translate_class(translation, &classes[i], letter == classes[i].negated, 2);
    for (size_t i = 0; i < array_length(escapes); i++) {
        if (escapes[i].letter != letter || (translation->in_class && !escapes[i].in_class))
            continue;
        buffer_add_text(translation->out, text_of(escapes[i].text));
        drop(translation, 2);
        return true;
    }
    return refuse(translation, "RE2 does not have this escape here, or it is not known here");
}

static bool translate_escape(struct translation *translation)
{
    char letter = peek(translation, 1);
    bool good = true;
    if (translation->before != BEFORE_DASH)
        translation->before = BEFORE_OTHER;
    if (letter == 'x')
        good = translate_hex(translation);
    else if (letter == 'p' || letter == 'P')
        good = translate_property(translation);
    else if (ascii_is_letter(letter) || ascii_is_digit(letter) || letter == '\0' || (letter & 0x80))
        good = translate_letter(translation, letter);
    else
        copy(translation, 2);
    if (translation->before != BEFORE_CLASS)
        translation->before = BEFORE_OTHER;
    return good;
}

/* Translates "[:alpha:]" and "[:^alpha:]" inside of a class. */
static bool translate_named_class(struct translation *translation)
{
    bool negated = peek(translation, 2) == '^';
    size_t start = negated ? 3 : 2, letters = count(translation, start, ascii_is_letter);
    struct text name = {translation->rest.data + start, letters};
    bool ends =
        peek(translation, start + letters) == ':' && peek(translation, start + letters + 1) == ']';
    for (size_t i = 0; ends && letters > 0 && i < array_length(classes); i++)
        if (text_equal(name, text_of(classes[i].name)))
            return translate_class(translation, &classes[i], negated, start + letters + 2);
    return refuse(translation, "\"[:\" has to begin a class that RE2 has, as in [[:alpha:]]");
}

/* Brackets inside of a class are escaped, because they have more meanings in PCRE2 than in RE2. A
 * dash behind a class is a character. */
static bool translate_in_class(struct translation *translation)
{
    char c = peek(translation, 0);
    if (c == '\\')
        return translate_escape(translation);
    if (c == '[' && peek(translation, 1) == ':')
        return translate_named_class(translation);
    bool single = c == '-' && translation->before == BEFORE_CLASS;
    if (c == '[' || single)
        buffer_add_char(translation->out, '\\');
    copy(translation, 1);
    translation->in_class = c != ']';
    translation->before = c == '-' && !single ? BEFORE_DASH : BEFORE_OTHER;
    return true;
}

/* Opens a class. Characters that have another meaning at its beginning are escaped: "]" does not
 * end the class, "-" does not begin a range, and PCRE2 would search for the end of "[:", "[." and
 * "[=". */
static void open_class(struct translation *translation)
{
    translation->in_class = true;
    translation->before = BEFORE_OTHER;
    copy(translation, peek(translation, 1) == '^' ? 2 : 1);
    char first = peek(translation, 0);
    if (first && strchr("]-:.=", first)) {
        buffer_add_char(translation->out, '\\');
        copy(translation, 1);
    }
}

/* Translates "a*" and "a*?". RE2 does not repeat a repetition, which PCRE2 would read as a
 * possessive one. */
static bool translate_repetition(struct translation *translation, size_t bytes)
{
    bool lazy = translation->before == BEFORE_REPETITION && peek(translation, 0) == '?';
    if (!lazy && (translation->before == BEFORE_REPETITION || translation->before == BEFORE_LAZY))
        return refuse(translation, "RE2 does not repeat a repetition");
    copy(translation, bytes);
    translation->before = lazy ? BEFORE_LAZY : BEFORE_REPETITION;
    return true;
}

static bool translate_number(const struct translation *translation, size_t ahead, size_t digits)
{
    uint64_t number = 0;
    struct text text = {translation->rest.data + ahead, digits};
    return digits == 0 || (text_to_u64(text, &number) && number <= MOST_REPEATS)
               ? true
               : refuse(translation, "RE2 does not repeat more than 1000 times");
}

/* Translates "{2}", "{2,}" and "{2,3}"; another brace is a character. */
static bool translate_brace(struct translation *translation)
{
    size_t low = count(translation, 1, ascii_is_digit), at = 1 + low;
    bool comma = low > 0 && peek(translation, at) == ',';
    size_t high = comma ? count(translation, at + 1, ascii_is_digit) : 0;
    size_t end = at + comma + high;
    if (low > 0 && peek(translation, end) == '}')
        return translate_number(translation, 1, low) &&
               translate_number(translation, at + 1, high) &&
               translate_repetition(translation, end + 1);
    buffer_add_char(translation->out, '\\');
    copy(translation, 1);
    translation->before = BEFORE_OTHER;
    return true;
}

static bool is_flag(char c)
{
    return c == 'i' || c == 'm' || c == 's' || c == 'U';
}

/* Translates "(", "(?:", "(?P<name>", "(?<name>", "(?im-sU:" and "(?i)". */
static bool translate_group(struct translation *translation)
{
    translation->before = BEFORE_OTHER;
    if (peek(translation, 1) == '*')
        return refuse(translation, "RE2 does not have \"(*\"");
    if (peek(translation, 1) != '?') {
        copy(translation, 1);
        return true;
    }
    size_t named = peek(translation, 2) == 'P' ? 3 : 2;
    size_t letters = count(translation, named + 1, is_name_character);
    if (peek(translation, named) == '<' && letters > 0 &&
        peek(translation, named + 1 + letters) == '>') {
        copy(translation, named + letters + 2);
        return true;
    }
    size_t at = 2 + count(translation, 2, is_flag);
    translation->caseless |= memchr(translation->rest.data, 'i', at) != NULL;
    if (peek(translation, at) == '-' && is_flag(peek(translation, at + 1)))
        at += 1 + count(translation, at + 1, is_flag);
    if (peek(translation, at) != ':' && (peek(translation, at) != ')' || at == 2))
        return refuse(translation, "RE2 does not have this kind of group");
    copy(translation, at + 1);
    return true;
}

static bool translate_next(struct translation *translation)
{
    switch (peek(translation, 0)) {
    case '\\':
        return translate_escape(translation);
    case '[':
        open_class(translation);
        return true;
    case '(':
        return translate_group(translation);
    case '{':
        return translate_brace(translation);
    case '*':
    case '+':
    case '?':
        return translate_repetition(translation, 1);
    default:
        copy(translation, 1);
        translation->before = BEFORE_OTHER;
        return true;
    }
}

bool re2_translate(struct text pattern, struct buffer *out, struct status *status)
{
    struct translation translation = {
        .whole = pattern, .rest = pattern, .out = out, .status = status};
    while (translation.rest.size > 0) {
        bool good =
            translation.in_class ? translate_in_class(&translation) : translate_next(&translation);
        if (!good)
            return false;
    }
    return true;
}
