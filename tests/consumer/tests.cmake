# SPDX-License-Identifier: MIT
# The consumer's project, each way in; run.cmake says what they are. Included by tests/CMakeLists.txt.

set(consumer_arguments -DSTRATA_SOURCE=${PROJECT_SOURCE_DIR} -DSTRATA_BUILD=${PROJECT_BINARY_DIR} -DLIBDIR=${CMAKE_INSTALL_LIBDIR}
    -DGENERATOR=${CMAKE_GENERATOR} -DLAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER} -DFLAGS=${CMAKE_CXX_FLAGS}
    -DOneDNN_INCLUDE_DIR=${OneDNN_INCLUDE_DIR} -DOneDNN_LIBRARY=${OneDNN_LIBRARY}
    -DHAS_CUDA=$<BOOL:${STRATA_HAS_CUDA}> -DCUDA_ROOT=${CUDAToolkit_BIN_DIR}/..
    -DcuDNN_INCLUDE_DIR=${cuDNN_INCLUDE_DIR} -DcuDNN_LIBRARY=${cuDNN_LIBRARY}
    -DHAS_CPU=$<BOOL:${STRATA_HAS_CPU}> -DHAS_ARCHIVE=$<BOOL:${STRATA_HAS_ARCHIVE}>)

# consumer_test(<way> <compiler> <suffix of the test's name> <more arguments>)
function(consumer_test way compiler suffix)
  add_test(NAME consumer_by_${way}${suffix}
    COMMAND "${CMAKE_COMMAND}" -DWAY=${way} -DSUFFIX=${suffix} -DCXX=${compiler} ${consumer_arguments} ${ARGN}
            -P "${PROJECT_SOURCE_DIR}/tests/consumer/run.cmake")
  set_tests_properties(consumer_by_${way}${suffix} PROPERTIES TIMEOUT 900)
endfunction()

foreach(way IN ITEMS find_package add_subdirectory fetch_content)
  consumer_test(${way} "${CMAKE_CXX_COMPILER}" "")
endforeach()
if(STRATA_HAS_CPU)
  consumer_test(missing "${CMAKE_CXX_COMPILER}" "")
endif()
find_program(STRATA_DPKG_DEB dpkg-deb)
mark_as_advanced(STRATA_DPKG_DEB)
if(STRATA_DPKG_DEB AND TARGET strata::cpu)
  consumer_test(package "${CMAKE_CXX_COMPILER}" "")
endif()
