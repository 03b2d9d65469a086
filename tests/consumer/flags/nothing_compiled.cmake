# SPDX-License-Identifier: MIT
# OBJECT: a unit that includes strata, header-only, and uses nothing of it. No body may be in it: each would be compiled by every unit.
cmake_minimum_required(VERSION 3.25)

execute_process(COMMAND "${NM}" --format=posix --defined-only "${OBJECT}" OUTPUT_VARIABLE text ERROR_QUIET COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^ \n]*6strata[^ \n]* " names "${text}")
if(names)
  list(LENGTH names count)
  list(JOIN names "\n" names)
  message(FATAL_ERROR "an include alone compiles ${count} things of strata (a virtual function that its class does not declare \
STRATA_INLINE?):\n${names}")
endif()
