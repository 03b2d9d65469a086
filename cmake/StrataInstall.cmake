# SPDX-License-Identifier: MIT
# Install rules: relocatable, one export per component, so that a project which wants strata alone needs no oneDNN and no zlib.

include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/strata")

install(TARGETS strata_headers strata EXPORT strataTargets
        FILE_SET HEADERS DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}"
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(EXPORT strataTargets NAMESPACE strata:: DESTINATION "${package_dir}")

if(STRATA_HAS_CPU)
  install(TARGETS strata_cpu strata_cpu_headers EXPORT strata_cpuTargets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  install(EXPORT strata_cpuTargets NAMESPACE strata:: DESTINATION "${package_dir}")
endif()
if(STRATA_HAS_CUDA)
  install(TARGETS strata_cuda strata_cuda_headers EXPORT strata_cudaTargets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  install(EXPORT strata_cudaTargets NAMESPACE strata:: DESTINATION "${package_dir}")
  install(FILES "${kernels_dir}/fat_binary.inc" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/strata/backend/cuda/kernels")
endif()
if(STRATA_HAS_ARCHIVE)
  install(TARGETS strata_archive EXPORT strata_archiveTargets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
  install(EXPORT strata_archiveTargets NAMESPACE strata:: DESTINATION "${package_dir}")
endif()

configure_package_config_file(cmake/strataConfig.cmake.in "${PROJECT_BINARY_DIR}/strataConfig.cmake"
                              INSTALL_DESTINATION "${package_dir}")
# Before 1.0 a minor version may change what it likes.
write_basic_package_version_file("${PROJECT_BINARY_DIR}/strataConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/strataConfig.cmake" "${PROJECT_BINARY_DIR}/strataConfigVersion.cmake" cmake/FindOneDNN.cmake
              cmake/FindcuDNN.cmake
        DESTINATION "${package_dir}")
install(FILES LICENSE DESTINATION "${CMAKE_INSTALL_DOCDIR}")
