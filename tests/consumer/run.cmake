# SPDX-License-Identifier: MIT
# Somebody else's project, from nothing to a run:   cmake -DWAY=... -DSTRATA_BUILD=... -P tests/consumer/run.cmake
#   find_package      installed into a fresh prefix, which is then moved: a package must not remember where it was made
#   package           the .deb, unpacked, and found there
#   add_subdirectory  the source folder
#   fetch_content     an archive of what a release holds, fetched
#   missing           the installed package where one of its libraries is not, and the source folder likewise: what is said
# tests/CMakeLists.txt says what else is passed.

set(consumer "${CMAKE_CURRENT_LIST_DIR}")
set(work "${STRATA_BUILD}/consumer_by_${WAY}${SUFFIX}")
file(REMOVE_RECURSE "${work}")
file(MAKE_DIRECTORY "${work}")

function(run)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY "${work}" RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE out)
  if(NOT status EQUAL 0)
    list(JOIN ARGN " " command)
    message("${command}\n${out}")
    message(FATAL_ERROR "a step of the consumer's build failed; its output is above")
  endif()
  set(out "${out}" PARENT_SCOPE)
endfunction()

# Fails with `words`, whatever lines the message was broken into.
function(run_and_expect words)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE out ERROR_VARIABLE out)
  string(REGEX REPLACE "[ \n]+" " " text "${out}")
  string(FIND "${text}" "${words}" place)
  if(status EQUAL 0 OR place EQUAL -1)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "${command}\n${out}\nshould have failed with: ${words}")
  endif()
endfunction()

# No file of a package names a folder of the machine it was made on: neither CMake's files nor, in messages of errors, the archives.
function(expect_no_path_of_this_machine prefix)
  file(GLOB_RECURSE files "${prefix}/*.cmake" "${prefix}/*.a")
  if(NOT files)
    message(FATAL_ERROR "nothing was installed in ${prefix}")
  endif()
  foreach(file IN LISTS files)
    file(STRINGS "${file}" absolute REGEX "${work}|${STRATA_SOURCE}|${STRATA_BUILD}" LIMIT_COUNT 1)
    if(absolute)
      message(FATAL_ERROR "${file} holds a path of the machine it was made on: ${absolute}")
    endif()
  endforeach()
endfunction()

set(arguments -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${CXX}" "-DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER}" "-DCMAKE_CXX_FLAGS=${FLAGS}"
    "-DOneDNN_INCLUDE_DIR=${OneDNN_INCLUDE_DIR}" "-DOneDNN_LIBRARY=${OneDNN_LIBRARY}" "-DWITH_CPU=${HAS_CPU}"
    "-DCUDAToolkit_ROOT=${CUDA_ROOT}" "-DcuDNN_INCLUDE_DIR=${cuDNN_INCLUDE_DIR}"
    "-DcuDNN_LIBRARY=${cuDNN_LIBRARY}" "-DWITH_ARCHIVE=${HAS_ARCHIVE}" ${MORE})
# Where strata is built once more: quickly, and the bodies of a target as one unit, as a project around it may ask.
set(as_a_part -DSTRATA_WITH_CUDA=OFF -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=0 -DCMAKE_BUILD_TYPE=Debug)

if(WAY STREQUAL "missing")
  run("${CMAKE_COMMAND}" --install "${STRATA_BUILD}" --prefix "${work}/prefix")
  set(configure "${CMAKE_COMMAND}" -S "${consumer}" -G "${GENERATOR}" "-DCMAKE_CXX_COMPILER=${CXX}" -DWITH_ARCHIVE=OFF)
  run_and_expect("the component 'cpu' needs oneDNN (Debian, Ubuntu: libdnnl-dev; elsewhere set OneDNN_ROOT), which was not found"
    ${configure} -B "${work}/found" "-Dstrata_DIR=${work}/prefix/${LIBDIR}/cmake/strata" -DCMAKE_DISABLE_FIND_PACKAGE_OneDNN=ON)
  file(WRITE "${work}/another_onednn/oneapi/dnnl/dnnl.h" "")
  file(WRITE "${work}/another_onednn/oneapi/dnnl/dnnl_config.h" "#define DNNL_CPU_RUNTIME DNNL_RUNTIME_OMP\n")
  file(WRITE "${work}/another_onednn/oneapi/dnnl/dnnl_version.h"
       "#define DNNL_VERSION_MAJOR 99\n#define DNNL_VERSION_MINOR 1\n#define DNNL_VERSION_PATCH 0\n")
  run_and_expect("the component 'cpu' was built with OneDNN"
    ${configure} -B "${work}/other" "-Dstrata_DIR=${work}/prefix/${LIBDIR}/cmake/strata" "-DOneDNN_LIBRARY=${OneDNN_LIBRARY}"
    "-DOneDNN_INCLUDE_DIR=${work}/another_onednn")
  run_and_expect("links strata::cpu, but strata was configured without it: no CPU backend: oneDNN 2.6 or later was not found (Debian, \
Ubuntu: libdnnl-dev"
    ${configure} -B "${work}/added" -DWAY=add_subdirectory "-DSTRATA_SOURCE=${STRATA_SOURCE}" -DSTRATA_WITH_CUDA=OFF
    -DCMAKE_DISABLE_FIND_PACKAGE_OneDNN=ON)
  return()
endif()

if(WAY STREQUAL "find_package")
  run("${CMAKE_COMMAND}" --install "${STRATA_BUILD}" --prefix "${work}/first")
  file(RENAME "${work}/first" "${work}/moved")
  expect_no_path_of_this_machine("${work}/moved")
  list(APPEND arguments "-DCMAKE_PREFIX_PATH=${work}/moved" "-DWITH_CUDA=${HAS_CUDA}")
elseif(WAY STREQUAL "package")
  get_filename_component(cpack "${CMAKE_COMMAND}" DIRECTORY)
  run("${cpack}/cpack" --config "${STRATA_BUILD}/CPackConfig.cmake" -G DEB -B "${work}/packages")
  file(GLOB packages "${work}/packages/*.deb")
  foreach(package IN LISTS packages)
    run(dpkg-deb -x "${package}" "${work}/root")
    run(dpkg-deb -f "${package}")
    foreach(line IN ITEMS "Section: " "Architecture: " "Maintainer: " "Depends: " "Description: ")
      if(NOT out MATCHES "(^|\n)${line}[^\n]+")
        message(FATAL_ERROR "${package} has no line '${line}':\n${out}")
      endif()
    endforeach()
    string(REGEX MATCH "Package: ([a-z-]+)" name "${out}")
    if(NOT EXISTS "${work}/root/usr/share/doc/${CMAKE_MATCH_1}/copyright")
      message(FATAL_ERROR "${package} has no /usr/share/doc/${CMAKE_MATCH_1}/copyright")
    endif()
  endforeach()
  expect_no_path_of_this_machine("${work}/root")
  list(APPEND arguments "-DCMAKE_PREFIX_PATH=${work}/root/usr" "-DWITH_CUDA=${HAS_CUDA}" -DWITH_CUDA_HEADERS=OFF)
elseif(WAY STREQUAL "add_subdirectory")
  list(APPEND arguments -DWAY=add_subdirectory "-DSTRATA_SOURCE=${STRATA_SOURCE}" ${as_a_part})
else()
  run("${CMAKE_COMMAND}" -E chdir "${STRATA_SOURCE}" "${CMAKE_COMMAND}" -E tar cf "${work}/strata.tar"
      CMakeLists.txt LICENSE cmake include)
  list(APPEND arguments -DWAY=fetch_content "-DSTRATA_URL=${work}/strata.tar" ${as_a_part})
endif()

run("${CMAKE_COMMAND}" -S "${consumer}" -B "${work}/build" ${arguments})
file(STRINGS "${work}/build/CMakeCache.txt" built REGEX "^STRATA_(BUILD_[A-Z]+|INSTALL):BOOL=ON")
if(built)
  message(FATAL_ERROR "as a part of another project strata has these on, which nobody asked for: ${built}")
endif()
run("${CMAKE_COMMAND}" --build "${work}/build" --parallel 2)
foreach(program IN ITEMS linked_face header_only_face)
  if(EXISTS "${work}/build/${program}")
    run("${work}/build/${program}")
  endif()
endforeach()
