# SPDX-License-Identifier: MIT
# For arm64, on another processor with Debian's cross compiler. The libraries are packages of arm64 (dpkg --add-architecture
# arm64), also libc and libgcc, because those that come with the cross compiler get no security updates.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-B/usr/lib/aarch64-linux-gnu -B/usr/lib/gcc/aarch64-linux-gnu/12")
