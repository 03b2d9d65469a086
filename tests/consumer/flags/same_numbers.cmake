# SPDX-License-Identifier: MIT
# ALONE: programs of one unit each. TOGETHER: programs of all of them. Each line of the former must be one of the latter's.

set(lines "")
foreach(program IN LISTS ALONE)
  execute_process(COMMAND "${program}" OUTPUT_VARIABLE line OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  list(APPEND lines "${line}")
endforeach()
list(SORT lines)
list(JOIN lines "\n" expected)
foreach(program IN LISTS TOGETHER)
  execute_process(COMMAND "${program}" OUTPUT_VARIABLE together OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  string(REPLACE "\n" ";" together "${together}")
  list(SORT together)
  list(JOIN together "\n" found)
  if(NOT found STREQUAL expected)
    message(FATAL_ERROR "units changed each other in ${program}. Each alone:\n${expected}\ntogether:\n${found}")
  endif()
endforeach()

# The flags do make a difference, or this would show nothing.
string(REGEX REPLACE "(^|\n)[a-z]+" "\\1" numbers "${expected}")
string(REPLACE "\n" ";" numbers "${numbers}")
list(REMOVE_DUPLICATES numbers)
list(LENGTH numbers kinds)
if(kinds LESS 2)
  message(FATAL_ERROR "all units gave the same numbers, whatever their flags:\n${expected}")
endif()
