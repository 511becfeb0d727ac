/* SPDX-License-Identifier: MIT */
#include "base/percent.h"

#include "base/ascii.h"

#include "base/banned.h"

__extension__ const bool percent_unreserved[256] = {
    ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['0' ... '9'] = true, ['-'] = true,
    ['.'] = true,         ['_'] = true,         ['~'] = true,
};

void percent_encode_byte(char c, char encoded[3])
{
    static const char digits[] = "0123456789ABCDEF";
    encoded[0] = '%';
    encoded[1] = digits[(unsigned char)c >> 4];
    encoded[2] = digits[(unsigned char)c & 15];
}

int percent_decode_byte(struct text text)
{
    if (text.size < 3 || text.data[0] != '%')
        return -1;
    int high = ascii_hex_value(text.data[1]), low = ascii_hex_value(text.data[2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}
