# SPDX-License-Identifier: MIT
# Install rules: relocatable, one export per component, so that a project which wants strata alone needs no oneDNN and no zlib.
# Two install components: strata_dev, and strata_cuda, which lies beside it (StrataPackage.cmake makes a .deb of each).

include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/strata")

# strata_export(<name> <install component> <target...>): their archives, and <name>Targets.cmake
function(strata_export name component)
  install(TARGETS ${ARGN} EXPORT ${name}Targets
          ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}" COMPONENT ${component}
          FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT ${component})
  install(EXPORT ${name}Targets NAMESPACE strata:: DESTINATION "${package_dir}" COMPONENT ${component})
endfunction()

strata_export(strata strata_dev strata_headers strata)
if(STRATA_HAS_CPU)
  strata_export(strata_cpu strata_dev strata_cpu strata_cpu_headers)
endif()
if(STRATA_HAS_ARCHIVE)
  strata_export(strata_archive strata_dev strata_archive)
endif()
if(STRATA_HAS_CUDA)
  strata_export(strata_cuda strata_cuda strata_cuda strata_cuda_headers)
  install(FILES "${kernels_dir}/fat_binary.inc" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/strata/backend/cuda/kernels"
          COMPONENT strata_cuda)
endif()

configure_package_config_file(cmake/strataConfig.cmake.in "${PROJECT_BINARY_DIR}/strataConfig.cmake"
                              INSTALL_DESTINATION "${package_dir}" NO_SET_AND_CHECK_MACRO)
# Before 1.0 a minor version may change what it likes.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/strataConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/strataConfig.cmake" "${PROJECT_BINARY_DIR}/strataConfigVersion.cmake"
              cmake/FindOneDNN.cmake cmake/FindcuDNN.cmake
        DESTINATION "${package_dir}" COMPONENT strata_dev)
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT strata_dev)

if(PROJECT_IS_TOP_LEVEL)
  include(StrataPackage)
endif()
