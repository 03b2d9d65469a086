# SPDX-License-Identifier: MIT
# Writes cmake/headers.cmake, the list of the library's files by name:   cmake -P cmake/list_headers.cmake
# With -DCHECK=ON before -P nothing is written: it fails when the list and the tree differ (a test calls it so).

cmake_minimum_required(VERSION 3.25)
get_filename_component(root "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)
file(GLOB_RECURSE found RELATIVE "${root}/include" "${root}/include/strata/*.hpp" "${root}/include/strata/*.ipp")
list(SORT found)

set(text "# SPDX-License-Identifier: MIT\n# Every file of the library, by name, written by:  cmake -P cmake/list_headers.cmake\n\n")
string(APPEND text "set(STRATA_HEADERS")
foreach(name IN LISTS found)
  string(APPEND text "\n  ${name}")
endforeach()
string(APPEND text ")\n")

set(list_file "${root}/cmake/headers.cmake")
if(CHECK)
  include("${list_file}")
  set(missing ${found})
  list(REMOVE_ITEM missing ${STRATA_HEADERS})
  set(gone ${STRATA_HEADERS})
  list(REMOVE_ITEM gone ${found})
  if(missing OR gone)
    list(JOIN missing " " missing)
    list(JOIN gone " " gone)
    message(FATAL_ERROR "cmake/headers.cmake is not what include/ holds; run: cmake -P cmake/list_headers.cmake\n"
                        "  not listed: ${missing}\n  listed, but not there: ${gone}")
  endif()
else()
  file(WRITE "${list_file}" "${text}")
  list(LENGTH found count)
  message(STATUS "cmake/headers.cmake lists ${count} files")
endif()
