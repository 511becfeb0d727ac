/* SPDX-License-Identifier: MIT */
/*
 * Reads streams with the response reader and prints the results, so that another HTTP library can
 * be compared with it. On standard input comes, for each stream, a line SIZE METHOD END and SIZE
 * bytes; METHOD is GET or HEAD, END is open or ends: whether the peer ends the stream. On standard
 * output goes a line of JSON for each: progress, and for a complete answer its status, fields,
 * body, whether the connection is kept, and how many bytes were consumed, for a broken one the
 * reason. Bytes beyond ASCII are written as the characters of the same numbers.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "http1_reading.h"

#include "base/banned.h"

#define STREAM_BYTES ((size_t)1 << 20)

static const struct http1_limits limits = {
    .head_bytes = 65536, .field_count = 100, .body_bytes = STREAM_BYTES, .interim = 8};

static void put_string(struct text text)
{
    putchar('"');
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte < 0x20 || byte > 0x7e || byte == '"' || byte == '\\')
            printf("\\u%04x", byte);
        else
            putchar(byte);
    }
    putchar('"');
}

static void put_response(const struct reading *reading)
{
    const struct http_response *response = &reading->response;
    printf(
        "{\"progress\":\"complete\",\"status\":%u,\"consumed\":%zu,\"keeps_alive\":%s,\"fields\":[",
        response->status, reading->consumed, reading->keeps_alive ? "true" : "false");
    for (size_t i = 0; i < response->field_count; i++) {
        fputs(i ? ",[" : "[", stdout);
        put_string(response->fields[i].name);
        putchar(',');
        put_string(response->fields[i].value);
        putchar(']');
    }
    fputs("],\"body\":", stdout);
    put_string(response->body);
    puts("}");
}

static void put_reading(const struct reading *reading)
{
    if (reading->progress == HTTP1_COMPLETE) {
        put_response(reading);
    } else if (reading->progress == HTTP1_BROKEN) {
        fputs("{\"progress\":\"broken\",\"why\":", stdout);
        put_string(text_of(reading->why.message));
        puts("}");
    } else {
        puts("{\"progress\":\"more\"}");
    }
    fflush(stdout);
}

/* The size, and where its words go; false at the end of the input. */
static bool read_options(size_t *size, struct reading_plan *plan)
{
    char line[64], *method;
    if (!fgets(line, sizeof line, stdin))
        return false;
    *size = strtoul(line, &method, 10);
    if (*size > STREAM_BYTES)
        exit(EXIT_FAILURE);
    *plan = (struct reading_plan){.first = *size + 1,
                                  .then = 1,
                                  .limits = limits,
                                  .head_request = strstr(method, " HEAD ") != NULL,
                                  .ends = strstr(method, " ends") != NULL};
    return true;
}

int main(void)
{
    char *bytes = memory_expect(malloc(STREAM_BYTES));
    struct reading_plan plan;
    for (size_t size; read_options(&size, &plan);) {
        if (fread(bytes, 1, size, stdin) != size)
            return EXIT_FAILURE;
        struct reading reading;
        reading_init(&reading, (struct text){bytes, size}, &plan);
        put_reading(&reading);
        reading_clear(&reading);
    }
    free(bytes);
    return EXIT_SUCCESS;
}
