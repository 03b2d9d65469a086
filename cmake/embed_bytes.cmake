# SPDX-License-Identifier: MIT
# Writes a fat binary as a C++ string literal, and what it was compiled for as a macro's list:
#   cmake -DBINARY=FILE -DLITERAL=FILE -DARCHITECTURES=75,90 -P cmake/embed_bytes.cmake
# A compiler reads it in a third of the time that a list of numbers takes. The pragma is for -Wpedantic, which warns of long literals.

file(READ "${BINARY}" digits HEX)
string(LENGTH "${digits}" length)
if(length EQUAL 0)
  message(FATAL_ERROR "${BINARY} is empty")
endif()
string(REGEX REPLACE "(..)" "\\\\x\\1" bytes "${digits}")
string(REPLACE "\\x00" "\\0" bytes "${bytes}")  # every byte is an escape: no digit follows
file(WRITE "${LITERAL}" "#pragma GCC system_header\n\"${bytes}\"\n#define STRATA_KERNEL_ARCHITECTURES ${ARCHITECTURES}\n")
