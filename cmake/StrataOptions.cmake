# SPDX-License-Identifier: MIT
# The default build type, and the warnings that strata's own files are built with (never exported to those who link strata).

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
  message(STATUS "strata: no build type was given, so this is an optimised build (Release)")
endif()

add_library(strata_warnings INTERFACE)
if(MSVC)
  target_compile_options(strata_warnings INTERFACE /W4 $<$<BOOL:${STRATA_WARNINGS_AS_ERRORS}>:/WX>)
else()
  target_compile_options(strata_warnings INTERFACE -Wall -Wextra -Wconversion -Wshadow
                         $<$<BOOL:${STRATA_WARNINGS_AS_ERRORS}>:-Werror>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # g++ 12 warns about overlapping copies in "text" + std::string: https://gcc.gnu.org/bugzilla/show_bug.cgi?id=105651
    target_compile_options(strata_warnings INTERFACE -Wno-restrict)
  endif()
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    # "omp simd" allows, it does not demand: clang warns where it did not vectorize
    target_compile_options(strata_warnings INTERFACE -Wno-pass-failed)
  endif()
endif()

# strata_wants(<result> <option> <found> <sentence>): what AUTO, ON and OFF come to; ON without the dependency stops with the sentence.
function(strata_wants result option found sentence)
  set(value "${${option}}")
  if(value STREQUAL "AUTO")
    set(wanted ${found})
    if(NOT found)
      message(STATUS "strata: ${sentence}")
    endif()
  elseif(value)
    if(NOT found)
      message(FATAL_ERROR "strata: ${option} is ${value}, but ${sentence}")
    endif()
    set(wanted TRUE)
  else()
    set(wanted FALSE)
  endif()
  set(${result} ${wanted} PARENT_SCOPE)
endfunction()
