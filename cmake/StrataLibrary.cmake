# SPDX-License-Identifier: MIT
# The library's targets. A body file (.ipp) becomes a translation unit of the linked face: a generated .cpp that includes it.

include("${PROJECT_SOURCE_DIR}/cmake/headers.cmake")
if(PROJECT_IS_TOP_LEVEL)
  # Somebody who has just added a file gets a build of it at once, and a reminder; the test of the list stays red until it is kept.
  file(GLOB_RECURSE tree CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}/include"
       "${PROJECT_SOURCE_DIR}/include/strata/*.hpp" "${PROJECT_SOURCE_DIR}/include/strata/*.ipp")
  list(SORT tree)
  if(NOT tree STREQUAL STRATA_HEADERS)
    message(WARNING "strata: cmake/headers.cmake is out of date; run: cmake -P cmake/list_headers.cmake")
    set(STRATA_HEADERS ${tree})
  endif()
endif()

find_package(Threads REQUIRED GLOBAL)  # GLOBAL: those who add this folder link these too

add_library(strata_headers INTERFACE)
add_library(strata::headers ALIAS strata_headers)
list(TRANSFORM STRATA_HEADERS PREPEND "${PROJECT_SOURCE_DIR}/include/" OUTPUT_VARIABLE header_paths)
target_sources(strata_headers INTERFACE FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${header_paths})
target_compile_features(strata_headers INTERFACE cxx_std_20)
# Not a feature: CMake 3.25 does not know it of every nvcc.
target_compile_options(strata_headers INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20>)
target_link_libraries(strata_headers INTERFACE Threads::Threads)
set_target_properties(strata_headers PROPERTIES EXPORT_NAME headers)

# strata_bodies(<target> <regular expression>): compiles the bodies whose names match and that no earlier target took.
# Our flags, whatever the project around us sets in CMAKE_CXX_FLAGS: no fast math, which would take NaN for granted not to come; no
# contraction into fused multiply-adds, which a compiler may do or leave; optimised where nothing was said; no path of this machine
# in the messages of errors.
set(bodies_left ${STRATA_HEADERS})
list(FILTER bodies_left INCLUDE REGEX "\\.ipp$")
function(strata_bodies target pattern)
  set(mine ${bodies_left})
  list(FILTER mine INCLUDE REGEX "${pattern}")
  set(left ${bodies_left})
  list(REMOVE_ITEM left ${mine})
  set(bodies_left ${left} PARENT_SCOPE)
  foreach(body IN LISTS mine)
    string(REGEX REPLACE "[/.]" "_" name "${body}")
    set(source "${PROJECT_BINARY_DIR}/bodies/${name}.cpp")
    file(CONFIGURE OUTPUT "${source}" CONTENT "#include <${body}>\n")
    target_sources(${target} PRIVATE "${source}")
  endforeach()
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE ON OUTPUT_NAME ${target})
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:strata_warnings>)
  if(NOT MSVC)
    target_compile_options(${target} PRIVATE -fno-fast-math -ffp-contract=off -fno-math-errno
                           "-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/include/=")
    if(target MATCHES "^strata_(cpu|cuda)$")
      target_compile_options(${target} PRIVATE $<$<CONFIG:Release,RelWithDebInfo>:-O3>)
    endif()
    if(NOT CMAKE_CXX_FLAGS MATCHES "(^| )-O")
      target_compile_options(${target} PRIVATE $<$<NOT:$<BOOL:$<CONFIG>>>:-O2>)
    endif()
  endif()
endfunction()

# The CPU backend.
find_package(OpenMP QUIET GLOBAL COMPONENTS CXX)
find_package(OneDNN 2.6 QUIET GLOBAL)
set(found FALSE)
set(sentence "no CPU backend: oneDNN 2.6 or later was not found (Debian, Ubuntu: libdnnl-dev; elsewhere set OneDNN_ROOT; \
or let script/setup fetch it)")
if(OneDNN_FOUND AND OpenMP_CXX_FOUND)
  set(found TRUE)
elseif(OneDNN_FOUND)
  set(sentence "no CPU backend: the compiler ${CMAKE_CXX_COMPILER} has no OpenMP (for clang install libomp-dev)")
elseif(onednn_reason)
  set(sentence "no CPU backend: ${onednn_reason}")
elseif(OneDNN_VERSION)
  set(sentence "no CPU backend: oneDNN ${OneDNN_VERSION} in ${OneDNN_INCLUDE_DIR} is too old, strata needs 2.6 or later")
endif()
strata_wants(STRATA_HAS_CPU STRATA_WITH_ONEDNN ${found} "strata::cpu;strata::cpu_headers" "${sentence}")
if(STRATA_HAS_CPU)
  message(STATUS "strata: CPU backend on oneDNN ${OneDNN_VERSION} (${OneDNN_CPU_RUNTIME}), ${OneDNN_LIBRARY}")
endif()

find_package(ZLIB QUIET GLOBAL)
strata_wants(STRATA_HAS_ARCHIVE STRATA_WITH_ZLIB "${ZLIB_FOUND}" strata::archive
             "no strata::archive: zlib was not found (Debian, Ubuntu: zlib1g-dev)")

add_library(strata STATIC)
add_library(strata::strata ALIAS strata)
target_compile_definitions(strata PUBLIC STRATA_LINKED=1)
target_link_libraries(strata PUBLIC strata_headers)

set(cpu_bodies "^strata/(backend/cpu/|cpu\\.ipp|files/tuning_file\\.ipp)")
set(cuda_bodies "^strata/(backend/cuda/|cuda\\.ipp)")
set(archive_bodies "^strata/data/cifar10_archive\\.ipp$")
if(STRATA_HAS_CPU)
  add_library(strata_cpu STATIC)
  add_library(strata::cpu ALIAS strata_cpu)
  set_target_properties(strata_cpu PROPERTIES EXPORT_NAME cpu)
  target_link_libraries(strata_cpu PUBLIC strata PRIVATE OneDNN::dnnl OpenMP::OpenMP_CXX)  # cpu.hpp includes neither
  target_compile_definitions(strata_cpu INTERFACE STRATA_HAS_CPU=1)  # for strata::open
  strata_bodies(strata_cpu "${cpu_bodies}")

  add_library(strata_cpu_headers INTERFACE)
  add_library(strata::cpu_headers ALIAS strata_cpu_headers)
  set_target_properties(strata_cpu_headers PROPERTIES EXPORT_NAME cpu_headers)
  target_link_libraries(strata_cpu_headers INTERFACE strata_headers OneDNN::dnnl OpenMP::OpenMP_CXX)
  target_compile_definitions(strata_cpu_headers INTERFACE STRATA_HAS_CPU=1)
endif()
if(STRATA_HAS_ARCHIVE)
  add_library(strata_archive STATIC)
  add_library(strata::archive ALIAS strata_archive)
  set_target_properties(strata_archive PROPERTIES EXPORT_NAME archive)
  target_link_libraries(strata_archive PUBLIC strata PRIVATE ZLIB::ZLIB)
  strata_bodies(strata_archive "${archive_bodies}")
endif()
include(StrataCuda)
list(FILTER bodies_left EXCLUDE REGEX "${cpu_bodies}|${cuda_bodies}|${archive_bodies}")
strata_bodies(strata ".")
