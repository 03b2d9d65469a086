# SPDX-License-Identifier: MIT
cmake_minimum_required(VERSION 3.25)
# OBJECTS: what units with other flags were compiled to. What two of them define (weak, as all inline functions are, so that the linker
# keeps one) must not be strata's, nor be made for one of strata's types.

set(seen "")
set(failures "")
foreach(object IN LISTS OBJECTS)
  execute_process(COMMAND "${NM}" --format=posix --defined-only --extern-only "${object}" OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^ \n]*6strata[^ \n]* " names "${text}")  # mangled
  list(LENGTH names count)
  if(count LESS 50)
    message(FATAL_ERROR "${object} defines only ${count} names of strata; this test looks at nothing")
  endif()
  foreach(name IN LISTS names)
    if(name IN_LIST seen)
      list(APPEND failures "${name} (again in ${object})")
    endif()
  endforeach()
  list(APPEND seen ${names})
endforeach()
if(failures)
  list(JOIN failures "\n" failures)
  message(FATAL_ERROR "the linker takes one of these for all units, whatever their flags:\n${failures}")
endif()
