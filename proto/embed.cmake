# SPDX-License-Identifier: MIT
# cmake -DNAME=name -DINPUT=FILE -DOUTPUT=FILE.c -P embed.cmake: writes the bytes of a file as C: name_bytes, name_size.
file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
file(WRITE ${OUTPUT}
    "#include <stddef.h>\n"
    "extern const unsigned char ${NAME}_bytes[];\n"
    "extern const size_t ${NAME}_size;\n"
    "const unsigned char ${NAME}_bytes[] = {${bytes}};\n"
    "const size_t ${NAME}_size = sizeof ${NAME}_bytes;\n")
