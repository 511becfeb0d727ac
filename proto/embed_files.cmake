# SPDX-License-Identifier: MIT
# cmake -DROOT=FOLDER "-DFILES=FILE;…" -DSET=FILE -DOUTPUT=FILE.c -P embed_files.cmake: writes the files as C, a table of
# struct embedded_file: those of FILES by their paths below ROOT, and SET as apig-sidecar.binpb.
set(text "#include <stddef.h>\nstruct embedded_file {\n    const char *name;\n    const char *bytes;\n    size_t size;\n};\n")
string(APPEND text "extern const struct embedded_file embedded_files[];\nextern const size_t embedded_file_count;\n")
set(rows "")
set(count 0)
foreach(file ${FILES} ${SET})
    file(RELATIVE_PATH name ${ROOT} ${file})
    if(file STREQUAL SET)
        set(name apig-sidecar.binpb)
    endif()
    file(READ ${file} bytes HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
    string(APPEND text "static const unsigned char file_${count}[] = {${bytes}};\n")
    string(APPEND rows "    {\"${name}\", (const char *)file_${count}, sizeof file_${count}},\n")
    math(EXPR count "${count} + 1")
endforeach()
file(WRITE ${OUTPUT} "${text}const struct embedded_file embedded_files[] = {\n${rows}};\nconst size_t embedded_file_count = ${count};\n")
