# SPDX-License-Identifier: MIT
# Installs strata into a fresh prefix, moves that prefix (a package must not remember where it was made), then configures, builds
# and runs tests/consumer against it; or, with -DWAY=add_subdirectory, against the source folder.

set(work "${STRATA_BUILD}/consumer_by_${WAY}")
file(REMOVE_RECURSE "${work}")
file(MAKE_DIRECTORY "${work}")

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE out)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    message("${command}\n${out}")
    message(FATAL_ERROR "a step of the consumer's build failed; its output is above")
  endif()
endfunction()

set(arguments -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${CXX}" "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}" "-DCMAKE_CXX_FLAGS=${FLAGS}"
    "-DOneDNN_INCLUDE_DIR=${OneDNN_INCLUDE_DIR}" "-DOneDNN_LIBRARY=${OneDNN_LIBRARY}" "-DWITH_CPU=${HAS_CPU}"
    "-DWITH_CUDA=${HAS_CUDA}" "-DCUDAToolkit_ROOT=${CUDA_ROOT}" "-DcuDNN_INCLUDE_DIR=${cuDNN_INCLUDE_DIR}"
    "-DcuDNN_LIBRARY=${cuDNN_LIBRARY}" "-DWITH_ARCHIVE=${HAS_ARCHIVE}")
if(WAY STREQUAL "find_package")
  run("${CMAKE_COMMAND}" --install "${STRATA_BUILD}" --prefix "${work}/first")
  file(RENAME "${work}/first" "${work}/moved")
  file(GLOB_RECURSE package_files "${work}/moved/*.cmake")
  foreach(file IN LISTS package_files)
    file(STRINGS "${file}" absolute REGEX "${work}|${STRATA_SOURCE}|${STRATA_BUILD}")
    if(absolute)
      message(FATAL_ERROR "${file} holds a path of the machine it was made on: ${absolute}")
    endif()
  endforeach()
  list(APPEND arguments "-DCMAKE_PREFIX_PATH=${work}/moved" -DCMAKE_BUILD_TYPE=Debug)
else()
  list(APPEND arguments "-DSTRATA_SOURCE=${STRATA_SOURCE}" -DCMAKE_BUILD_TYPE=Debug -DSTRATA_CUDA_ARCHITECTURES=90)
endif()

run("${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_LIST_DIR}" -B "${work}/build" ${arguments})
run("${CMAKE_COMMAND}" --build "${work}/build" --parallel 2)
run("${work}/build/linked_face")
run("${work}/build/header_only_face")
