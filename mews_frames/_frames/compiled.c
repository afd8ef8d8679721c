/* Read lines of JSON into the buffers of Arrow columns, strictly.
 *
 * The fast path of fast paths: compiled.py calls it, and says what is made of the buffers. It takes
 * a line only if every value in it is exactly what its column holds. Any other line is odd: nothing
 * of it is kept, and the exact path decides what it is. So this file knows no errors, and whatever
 * it does not know how to read is merely slow.
 *
 * Memory: the lines end with a line feed. No loop goes on at one, none is taken within a record,
 * and so none leaves the lines. Buffers come from the caller, each of them as long as its scope.
 */
#include <stdint.h>
#include <string.h>

#ifdef _WIN32
#define EXPORTED __declspec(dllexport)
#else
#define EXPORTED __attribute__((visibility("default")))
#endif

/* The SHA-256 of this file, by which Python knows that the library was built of it. */
EXPORTED const char digest[] = DIGEST;

enum { OBJECT, LIST, MAP, TEXT, NUMBER, INTEGER, DECIMAL, BOOLEAN, DATETIME, DATE };

/* One field of the schema. A field within a list has a row for each item: its scope is that list.
 * A field outside of lists has one for each line. */
typedef struct {
    const char *key;     /* "Name": with its quotation marks and colon */
    int32_t key_length;
    int32_t kind;
    int32_t inner;       /* of an object, list or map: its first child among the fields */
    int32_t inner_count;
    int32_t scope;       /* the list that it lies in; 0: the record itself */
    int32_t width;       /* bytes of a value */
    char *values;        /* of a text or number a Span, of a list or map the count of its items */
    uint8_t *valid;      /* a bit for each row, or NULL where nobody asks */
    int64_t used;        /* of a list or map: items so far; of the record: lines so far */
    int64_t before;      /* what that was when the line began */
    int64_t capacity;    /* items, or lines, that there is room for */
} Field;

/* Where a text lies: in the lines, or among the texts that had to be written anew. */
typedef struct {
    uint32_t start, length;
} Span;

#define WRITTEN 0x80000000u

typedef struct {
    char *octets;
    int64_t used, before, capacity; /* as of a field */
} Buffer;

typedef struct {
    const char *lines, *end, *at;
    Field *fields; /* the first is the record, the second what is rescued of it */
    int64_t field_count;
    const int32_t *lists; /* which fields are lists or maps */
    int64_t list_count;
    Buffer written; /* texts that lost their escapes */
    Buffer rescued; /* unknown fields as JSON, one line after the other */
    int64_t *odd;   /* rows that were not taken, and where they begin in the lines */
    int64_t odd_count;
    int64_t full; /* the list, or the record, that had no room left; else -1 */
} Reader;

static int value(Reader *reader, Field *field, int64_t row);

/* ------------------------------------------------------------------------------------ texts */

static char blanks(Reader *reader)
{
    while (*reader->at == ' ' || *reader->at == '\t' || *reader->at == '\r')
        reader->at++;
    return *reader->at;
}

/* Find the quotation mark, backslash or control character that ends a run of plain ones. Eight
 * octets at a time: what is subtracted borrows from the highest bit of those that are too small. */
static const char *plain_until(const char *at, const char *end)
{
    const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
    for (; end - at > 8; at += 8) {
        uint64_t octets, quotes, slashes;
        memcpy(&octets, at, 8);
        quotes = octets ^ ones * '"';
        slashes = octets ^ ones * '\\';
        if ((((octets - ones * 0x20) & ~octets) | ((quotes - ones) & ~quotes)
             | ((slashes - ones) & ~slashes)) & high)
            break;
    }
    while ((uint8_t)*at >= 0x20 && *at != '"' && *at != '\\')
        at++;
    return at;
}

static int write(Buffer *to, const char *octets, int64_t count)
{
    if (to->capacity - to->used < count)
        return 0;
    memcpy(to->octets + to->used, octets, (size_t)count);
    to->used += count;
    return 1;
}

static int hexadecimal(Reader *reader, uint32_t *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        char c = *reader->at;
        uint32_t digit = c >= '0' && c <= '9' ? (uint32_t)(c - '0')
                       : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                       : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10) : 16;
        if (digit == 16)
            return 0;
        *unit = *unit << 4 | digit;
        reader->at++;
    }
    return 1;
}

/* Read what follows a \u, a second one too if it is half of a pair, and write it as UTF-8. */
static int unicode(Reader *reader)
{
    uint32_t point, low;
    char utf8[4];
    if (!hexadecimal(reader, &point))
        return 0;
    if (point >= 0xD800 && point < 0xE000) { /* a lone surrogate has no UTF-8 */
        if (point >= 0xDC00 || reader->at[0] != '\\' || reader->at[1] != 'u')
            return 0;
        reader->at += 2;
        if (!hexadecimal(reader, &low) || low < 0xDC00 || low >= 0xE000)
            return 0;
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    if (point < 0x80) {
        utf8[0] = (char)point;
        return write(&reader->written, utf8, 1);
    }
    if (point < 0x800) {
        utf8[0] = (char)(0xC0 | point >> 6);
        utf8[1] = (char)(0x80 | (point & 0x3F));
        return write(&reader->written, utf8, 2);
    }
    if (point < 0x10000) {
        utf8[0] = (char)(0xE0 | point >> 12);
        utf8[1] = (char)(0x80 | (point >> 6 & 0x3F));
        utf8[2] = (char)(0x80 | (point & 0x3F));
        return write(&reader->written, utf8, 3);
    }
    utf8[0] = (char)(0xF0 | point >> 18);
    utf8[1] = (char)(0x80 | (point >> 12 & 0x3F));
    utf8[2] = (char)(0x80 | (point >> 6 & 0x3F));
    utf8[3] = (char)(0x80 | (point & 0x3F));
    return write(&reader->written, utf8, 4);
}

/* Read the rest of a text, from its first backslash on; what is before it has been written. */
static int escapes(Reader *reader)
{
    static const char escaped[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    while (*reader->at == '\\') {
        const char *plain, *found;
        char c = *++reader->at;
        if (c == 'u') {
            reader->at++;
            if (!unicode(reader))
                return 0;
        } else {
            found = c ? strchr(escaped, c) : NULL;
            if (!found || !write(&reader->written, &meant[found - escaped], 1))
                return 0;
            reader->at++;
        }
        plain = reader->at;
        reader->at = plain_until(plain, reader->end);
        if (!write(&reader->written, plain, reader->at - plain))
            return 0;
    }
    return *reader->at++ == '"';
}

static int text(Reader *reader, Span *span)
{
    const char *start = reader->at + 1;
    if (*reader->at != '"')
        return 0;
    reader->at = plain_until(start, reader->end);
    if (*reader->at == '"') {
        span->start = (uint32_t)(start - reader->lines);
        span->length = (uint32_t)(reader->at++ - start);
        return 1;
    }
    span->start = WRITTEN | (uint32_t)reader->written.used;
    if (!write(&reader->written, start, reader->at - start) || !escapes(reader))
        return 0;
    span->length = (uint32_t)reader->written.used - (span->start & ~WRITTEN);
    return 1;
}

static const char *octets_of(const Reader *reader, Span span)
{
    return span.start & WRITTEN ? reader->written.octets + (span.start & ~WRITTEN)
                                : reader->lines + span.start;
}

static int same(const Reader *reader, Span one, Span other)
{
    return one.length == other.length
        && !memcmp(octets_of(reader, one), octets_of(reader, other), one.length);
}

/* ---------------------------------------------------------------------------------- numbers */

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

#define MOST_DIGITS 18 /* that surely fit into 64 bits */

/* Read a number without an exponent into units of its last place.  JSON: RFC 8259, section 6. */
static int number(Reader *reader, int places, int64_t *units)
{
    int negative = *reader->at == '-', digits = 0;
    int64_t sum = 0;
    const char *at = reader->at + negative;
    if (!is_digit(*at) || (*at == '0' && is_digit(at[1])))
        return 0;
    for (; is_digit(*at); at++, digits++)
        if (digits == MOST_DIGITS)
            return 0;
        else
            sum = sum * 10 + (*at - '0');
    if (digits + places > MOST_DIGITS)
        return 0;
    if (*at == '.') {
        if (!is_digit(*++at))
            return 0;
        for (; is_digit(*at); at++)
            if (places-- == 0)
                return 0; /* to be rounded, or an integer as 5.0 */
            else
                sum = sum * 10 + (*at - '0');
    }
    while (places-- > 0)
        sum *= 10;
    *units = negative ? -sum : sum;
    reader->at = at;
    return 1;
}

/* Find the end of any number. */
static int spelled_number(Reader *reader, Span *span)
{
    const char *at = reader->at, *start = at;
    at += *at == '-';
    if (!is_digit(*at) || (*at == '0' && is_digit(at[1])))
        return 0;
    while (is_digit(*at))
        at++;
    if (*at == '.') {
        if (!is_digit(*++at))
            return 0;
        while (is_digit(*at))
            at++;
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '+' || *at == '-';
        if (!is_digit(*at))
            return 0;
        while (is_digit(*at))
            at++;
    }
    span->start = (uint32_t)(start - reader->lines);
    span->length = (uint32_t)(at - start);
    reader->at = at;
    return 1;
}

static int word(Reader *reader, const char *expected)
{
    while (*expected)
        if (*reader->at++ != *expected++)
            return 0;
    return 1;
}

/* ------------------------------------------------------------------------------------ times */

static int two_digits(const char *at, int least, int most, int *found)
{
    if (!is_digit(at[0]) || !is_digit(at[1]))
        return 0;
    *found = (at[0] - '0') * 10 + (at[1] - '0');
    return *found >= least && *found <= most;
}

/* Read YYYY-MM-DD, ten octets, into days since 1970.  Howard Hinnant: days_from_civil. */
static int days(const char *at, int32_t *found)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int century, year, month, day, leap, of_year;
    if (!two_digits(at, 0, 99, &century) || !two_digits(at + 2, 0, 99, &year) || at[4] != '-'
        || !two_digits(at + 5, 1, 12, &month) || at[7] != '-' || !two_digits(at + 8, 1, 31, &day))
        return 0;
    year += century * 100;
    leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (year == 0 || day > lengths[month - 1] + (month == 2 && leap))
        return 0;
    year -= month <= 2; /* years begin in March, so that a leap day is their last */
    of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    *found = year * 365 + year / 4 - year / 100 + year / 400 + of_year - 719468;
    return 1;
}

static int date(Reader *reader, int32_t *found)
{
    Span span;
    if (!text(reader, &span) || span.length != 10)
        return 0;
    return days(octets_of(reader, span), found);
}

/* Read YYYY-MM-DDThh:mm:ss, up to nine digits of a second, and Z, into microseconds since 1970;
 * digits beyond the sixth are cut.  Other zones and forms are right, too, but rare: they are odd. */
static int instant(Reader *reader, int64_t *found)
{
    Span span;
    const char *at, *end;
    int32_t day;
    int hour, minute, second, places = 0;
    int64_t micros = 0;
    if (!text(reader, &span) || span.length < 20 || span.length > 30)
        return 0;
    at = octets_of(reader, span);
    end = at + span.length - 1;
    if (!days(at, &day) || at[10] != 'T' || !two_digits(at + 11, 0, 23, &hour) || at[13] != ':'
        || !two_digits(at + 14, 0, 59, &minute) || at[16] != ':'
        || !two_digits(at + 17, 0, 59, &second) || *end != 'Z')
        return 0;
    at += 19;
    if (at < end && (*at++ != '.' || at == end))
        return 0;
    for (; at < end; at++)
        if (!is_digit(*at))
            return 0;
        else if (places < 6) {
            micros = micros * 10 + (*at - '0');
            places++;
        }
    for (; places < 6; places++)
        micros *= 10;
    *found = (((int64_t)day * 24 + hour) * 60 + minute) * 60 + second;
    *found = *found * 1000000 + micros;
    return 1;
}

/* ----------------------------------------------------------------- lists, maps, and objects */

static int room(Reader *reader, Field *list)
{
    if (list->used < list->capacity)
        return 1;
    reader->full = list - reader->fields;
    return 0;
}

static int list(Reader *reader, Field *field, int32_t *count)
{
    Field *items = &reader->fields[field->inner];
    int64_t first = field->used;
    if (*reader->at++ != '[')
        return 0;
    if (blanks(reader) == ']')
        reader->at++;
    else
        for (;;) {
            blanks(reader);
            if (!room(reader, field) || !value(reader, items, field->used))
                return 0;
            field->used++;
            if (blanks(reader) != ',')
                break;
            reader->at++;
        }
    if (field->used > first && *reader->at++ != ']')
        return 0;
    *count = (int32_t)(field->used - first);
    return 1;
}

#define MOST_ENTRIES 32 /* of a map: each key is compared with those before it */

static int map(Reader *reader, Field *field, int32_t *count)
{
    Field *keys = &reader->fields[field->inner], *texts = keys + 1;
    int64_t first = field->used;
    if (*reader->at++ != '{')
        return 0;
    if (blanks(reader) == '}')
        reader->at++;
    else
        for (;;) {
            Span *key = (Span *)keys->values + field->used;
            blanks(reader);
            if (field->used - first == MOST_ENTRIES || !room(reader, field)
                || *reader->at != '"' || !value(reader, keys, field->used))
                return 0;
            for (int64_t i = first; i < field->used; i++)
                if (same(reader, *key, ((Span *)keys->values)[i]))
                    return 0;
            if (blanks(reader) != ':')
                return 0;
            reader->at++;
            blanks(reader);
            if (!value(reader, texts, field->used))
                return 0;
            field->used++;
            if (blanks(reader) != ',')
                break;
            reader->at++;
        }
    if (field->used > first && *reader->at++ != '}')
        return 0;
    *count = (int32_t)(field->used - first);
    return 1;
}

/* Read a key and its colon; say which child it names, or -1. They mostly come in their order. */
static int child(Reader *reader, const Field *children, int count, int expected, Span *key)
{
    int64_t left = reader->end - reader->at;
    for (int i = 0; i < count; i++) {
        int which = expected + i < count ? expected + i : expected + i - count;
        const Field *field = &children[which];
        if (field->key_length < left && !memcmp(reader->at, field->key, (size_t)field->key_length)) {
            reader->at += field->key_length;
            return which;
        }
    }
    if (!text(reader, key) || blanks(reader) != ':')
        return -2;
    reader->at++;
    for (int i = 0; i < count; i++)
        if ((int64_t)key->length == children[i].key_length - 3
            && !memcmp(octets_of(reader, *key), children[i].key + 1, key->length))
            return i;
    return -1;
}

/* ----------------------------------------------------------------------------- what is rescued */

/* Write an unknown value as the exact path would: texts and numbers as spelled, one blank after
 * each comma.  Objects may repeat their keys, and escapes have several spellings: they are odd. */
static int rescue_value(Reader *reader, int depth)
{
    Span span;
    const char *start = reader->at;
    switch (*start) {
    case '"':
        if (!text(reader, &span) || span.start & WRITTEN)
            return 0;
        break;
    case '[':
        if (depth == 8 || !write(&reader->rescued, "[", 1))
            return 0;
        reader->at++;
        if (blanks(reader) != ']')
            for (;;) {
                blanks(reader);
                if (!rescue_value(reader, depth + 1))
                    return 0;
                if (blanks(reader) != ',')
                    break;
                reader->at++;
                if (!write(&reader->rescued, ", ", 2))
                    return 0;
            }
        return *reader->at++ == ']' && write(&reader->rescued, "]", 1);
    case 'n':
        if (!word(reader, "null"))
            return 0;
        break;
    case 't':
        if (!word(reader, "true"))
            return 0;
        break;
    case 'f':
        if (!word(reader, "false"))
            return 0;
        break;
    default:
        if (!spelled_number(reader, &span))
            return 0;
    }
    return write(&reader->rescued, start, reader->at - start);
}

#define MOST_UNKNOWN 32 /* of a record: each is compared with those before it */

/* Write an unknown member of the record: "/Name": value. */
static int rescue(Reader *reader, Span key, Span *names, int count)
{
    const char *name = octets_of(reader, key);
    if (key.start & WRITTEN || count == MOST_UNKNOWN || memchr(name, '/', key.length)
        || memchr(name, '~', key.length)) /* a JSON Pointer escapes them */
        return 0;
    for (int i = 0; i < count; i++)
        if (same(reader, key, names[i]))
            return 0;
    names[count] = key;
    return write(&reader->rescued, count ? ", \"/" : "{\"/", count ? 4 : 3) && write(&reader->rescued, name, key.length)
        && write(&reader->rescued, "\": ", 3) && (blanks(reader), rescue_value(reader, 0));
}

/* ------------------------------------------------------------------------------- one line */

static int object(Reader *reader, Field *field, int64_t row)
{
    Field *children = &reader->fields[field->inner];
    Span names[MOST_UNKNOWN], name;
    int which, expected = 0, unknown = 0;
    int64_t rescued = reader->rescued.used;
    uint64_t seen = 0;
    if (*reader->at++ != '{')
        return 0;
    if (blanks(reader) == '}') {
        reader->at++;
        return 1;
    }
    for (;;) {
        blanks(reader);
        which = child(reader, children, field->inner_count, expected, &name);
        if (which >= 0) {
            if (seen >> which & 1) /* a repeated key */
                return 0;
            seen |= (uint64_t)1 << which;
            expected = which + 1;
            blanks(reader);
            if (!value(reader, &children[which], row))
                return 0;
        } else if (which == -2 || field != reader->fields
                   || !rescue(reader, name, names, unknown++))
            return 0;
        if (blanks(reader) != ',')
            break;
        reader->at++;
    }
    if (unknown) {
        if (!write(&reader->rescued, "}", 1))
            return 0;
        ((int32_t *)reader->fields[1].values)[row] = (int32_t)(reader->rescued.used - rescued);
        reader->fields[1].valid[row >> 3] |= (uint8_t)(1 << (row & 7));
    }
    return *reader->at++ == '}';
}

static int value(Reader *reader, Field *field, int64_t row)
{
    char *to = field->values + row * field->width;
    int taken;
    if (*reader->at == 'n')
        return word(reader, "null"); /* as the buffers are from the beginning */
    switch (field->kind) {
    case OBJECT:
        taken = object(reader, field, row);
        break;
    case LIST:
        taken = list(reader, field, (int32_t *)to);
        break;
    case MAP:
        taken = map(reader, field, (int32_t *)to);
        break;
    case TEXT:
        taken = text(reader, (Span *)to);
        break;
    case NUMBER:
        taken = spelled_number(reader, (Span *)to);
        break;
    case INTEGER:
        taken = number(reader, 0, (int64_t *)to);
        break;
    case DECIMAL: /* 128 bits, the lower ones first */
        taken = number(reader, 6, (int64_t *)to);
        ((int64_t *)to)[1] = *(int64_t *)to < 0 ? -1 : 0;
        break;
    case BOOLEAN:
        *to = *reader->at == 't';
        taken = word(reader, *to ? "true" : "false");
        break;
    case DATETIME:
        taken = instant(reader, (int64_t *)to);
        break;
    default:
        taken = date(reader, (int32_t *)to);
    }
    if (taken && field->valid)
        field->valid[row >> 3] |= (uint8_t)(1 << (row & 7));
    return taken;
}

/* Forget what has been read of a line. */
static void undo(Reader *reader)
{
    for (int64_t i = 1; i < reader->field_count; i++) {
        Field *field = &reader->fields[i], *scope = &reader->fields[field->scope];
        for (int64_t row = scope->before; row <= scope->used && row < scope->capacity; row++) {
            memset(field->values + row * field->width, 0, (size_t)field->width);
            if (field->valid)
                field->valid[row >> 3] &= (uint8_t)~(1 << (row & 7));
        }
    }
    for (int64_t i = 0; i < reader->list_count; i++)
        reader->fields[reader->lists[i]].used = reader->fields[reader->lists[i]].before;
    reader->written.used = reader->written.before;
    reader->rescued.used = reader->rescued.before;
}

/* Read all lines, blank ones aside, and give how many they are.  Odd ones are null in all columns.
 * Where a list, or the record itself, has no room left, give -1: it has to be done again. */
EXPORTED int64_t read_lines(Reader *reader)
{
    Field *record = reader->fields;
    for (;;) {
        const char *start = reader->at;
        if (start == reader->end)
            return record->used;
        if (blanks(reader) == '\n') {
            reader->at++;
            continue;
        }
        record->before = record->used;
        for (int64_t i = 0; i < reader->list_count; i++)
            reader->fields[reader->lists[i]].before = reader->fields[reader->lists[i]].used;
        reader->written.before = reader->written.used;
        reader->rescued.before = reader->rescued.used;
        if (!room(reader, record))
            return -1;
        if (!object(reader, record, record->used) || blanks(reader) != '\n') {
            if (reader->full >= 0)
                return -1;
            undo(reader);
            reader->odd[2 * reader->odd_count] = record->used;
            reader->odd[2 * reader->odd_count++ + 1] = start - reader->lines;
            reader->at = memchr(start, '\n', (size_t)(reader->end - start));
        }
        reader->at++;
        record->used++;
    }
}

/* Lay texts one behind the other.  Their lengths are known: the caller has summed them up. */
EXPORTED void gather(const Reader *reader, const Span *spans, int64_t count, char *to)
{
    for (int64_t i = 0; i < count; i++) {
        memcpy(to, octets_of(reader, spans[i]), spans[i].length);
        to += spans[i].length;
    }
}
