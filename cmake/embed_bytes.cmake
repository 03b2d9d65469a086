# SPDX-License-Identifier: MIT
# Writes a fat binary as the words of a C++ array, and what it was compiled for as a macro's list:
#   cmake -DBINARY=FILE -DWORDS=FILE -DARCHITECTURES=75,90 -P cmake/embed_bytes.cmake
# Eight bytes a word, the first byte the lowest, as the machines that CUDA runs on store them; the end is filled up with zeros.

file(READ "${BINARY}" digits HEX)
string(LENGTH "${digits}" length)
if(length EQUAL 0)
  message(FATAL_ERROR "${BINARY} is empty")
endif()
math(EXPR missing "(16 - ${length} % 16) % 16")
string(REPEAT "0" ${missing} zeros)
string(REGEX REPLACE "(..)(..)(..)(..)(..)(..)(..)(..)" "0x\\8\\7\\6\\5\\4\\3\\2\\1,\n" words "${digits}${zeros}")
file(WRITE "${WORDS}" "${words}#define STRATA_KERNEL_ARCHITECTURES ${ARCHITECTURES}\n")
