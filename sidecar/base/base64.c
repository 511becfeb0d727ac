/* SPDX-License-Identifier: MIT */
#include "base/base64.h"

#include "base/banned.h"

static const char digits[2][65] = {
    [BASE64_STANDARD] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    [BASE64_URL] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

void base64_encode(struct text bytes, enum base64_alphabet alphabet, struct buffer *out)
{
    const unsigned char *at = (const unsigned char *)bytes.data;
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t have = bytes.size - i < 3 ? bytes.size - i : 3;
        uint32_t word = (uint32_t)at[i] << 16;
        word |= have > 1 ? (uint32_t)at[i + 1] << 8 : 0;
        word |= have > 2 ? at[i + 2] : 0;
        char group[4];
        for (size_t digit = 0; digit < 4; digit++)
            group[digit] = digit <= have ? digits[alphabet][word >> (18 - 6 * digit) & 63] : '=';
        buffer_add(out, group, sizeof group);
    }
}

int base64_value(char c)
{
    if (ascii_is_upper(c))
        return c - 'A';
    if (ascii_is_lower(c))
        return c - 'a' + 26;
    if (ascii_is_digit(c))
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Of either alphabet. */
static int digit_value(char c)
{
    return base64_value(c == '-' ? '+' : c == '_' ? '/' : c);
}

bool base64_decode(struct text encoded, char *at, size_t *bytes)
{
    size_t count = encoded.size, written = 0;
    uint32_t word = 0;
    if (count > 0 && count % 4 == 0)
        for (int padding = 0; padding < 2 && encoded.data[count - 1] == '='; padding++)
            count--;
    if (count % 4 == 1)
        return false;
    for (size_t i = 0; i < count; i++) {
        int value = digit_value(encoded.data[i]);
        if (value < 0)
            return false;
        word = word << 6 | (uint32_t)value;
        if (i % 4 > 0)
            at[written++] = (char)(word >> (6 - 2 * (i % 4)));
    }
    *bytes = written;
    return true;
}
