# SPDX-License-Identifier: MIT
# cmake -DINPUT=FILE -DOUTPUT=FILE.c -P embed.cmake: the bytes of a file as C.
file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
file(WRITE ${OUTPUT}
    "#include <stddef.h>\n"
    "extern const unsigned char embedded_set_bytes[];\n"
    "extern const size_t embedded_set_size;\n"
    "const unsigned char embedded_set_bytes[] = {${bytes}};\n"
    "const size_t embedded_set_size = sizeof embedded_set_bytes;\n")
