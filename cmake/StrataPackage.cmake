# SPDX-License-Identifier: MIT
# `cpack` in the build folder: libstrata-dev_<version>_<architecture>.deb, and libstrata-cuda-dev where the CUDA backend was built.
# Headers, archives, CMake files and the licence; what the archives are linked with is left to apt. Configure with
# -DCMAKE_INSTALL_PREFIX=/usr, so that files go where Debian's multiarch wants them.

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME strata)
set(CPACK_PACKAGE_CONTACT "strata authors <strata@packages.invalid>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES OFF)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_COMPONENTS_ALL strata_dev)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

# strata_depend(<path of a library> <package> <version>): the package, from this version to before the next major one, where the
# library is the system's; one of the user's own is the user's to install.
set(depends "")
function(strata_depend library package version)
  if(library MATCHES "^/(usr/)?lib/")
    string(REGEX MATCH "^[0-9]+" major "${version}")
    math(EXPR next "${major} + 1")
    string(REGEX MATCH "^[0-9]+\\.[0-9]+" lowest "${version}")
    list(APPEND depends "${package} (>= ${lowest})" "${package} (<< ${next})")
    set(depends ${depends} PARENT_SCOPE)
  else()
    message(STATUS "strata: the .deb will not depend on ${package}: ${library} is not the system's")
  endif()
endfunction()
if(STRATA_HAS_CPU)
  strata_depend("${OneDNN_LIBRARY}" libdnnl-dev "${OneDNN_VERSION}")
endif()
if(STRATA_HAS_ARCHIVE)
  list(APPEND depends zlib1g-dev)
endif()
list(JOIN depends ", " depends)

set(CPACK_DEBIAN_STRATA_DEV_PACKAGE_NAME libstrata-dev)
set(CPACK_DEBIAN_STRATA_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_STRATA_DEV_PACKAGE_DEPENDS "${depends}")
set(CPACK_DEBIAN_STRATA_DEV_PACKAGE_RECOMMENDS "g++ (>= 4:12), cmake (>= 3.25)")
set(CPACK_COMPONENT_STRATA_DEV_DESCRIPTION "A C++20 library in which a neural network is a type: layers are composed and
checked at compile time, and trained through oneDNN. Headers, static libraries
(strata, strata_cpu, strata_archive) and CMake files:
find_package(strata COMPONENTS cpu).")
# Where Debian looks for the licence. Only in the .deb: a component that is left out of everything else.
install(FILES LICENSE DESTINATION share/doc/libstrata-dev RENAME copyright COMPONENT strata_dev EXCLUDE_FROM_ALL)

if(STRATA_HAS_CUDA)
  list(APPEND CPACK_COMPONENTS_ALL strata_cuda)
  set(CPACK_DEBIAN_STRATA_CUDA_PACKAGE_NAME libstrata-cuda-dev)
  set(CPACK_DEBIAN_STRATA_CUDA_PACKAGE_SECTION contrib/libdevel)
  set(CPACK_DEBIAN_STRATA_CUDA_PACKAGE_DEPENDS "libstrata-dev (= ${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE})")
  string(REGEX MATCH "^[0-9]+" cuda_major "${CUDAToolkit_VERSION}")
  string(REGEX REPLACE "^([0-9]+)\\.([0-9]+).*" "\\1-\\2" cuda_suffix "${CUDAToolkit_VERSION}")
  # In NVIDIA's repository and not in Debian: wanted, but none that dpkg would ask for.
  set(CPACK_DEBIAN_STRATA_CUDA_PACKAGE_SUGGESTS
      "cuda-cudart-dev-${cuda_suffix}, libcublas-dev-${cuda_suffix}, libcudnn9-dev-cuda-${cuda_major}")
  set(CPACK_COMPONENT_STRATA_CUDA_DESCRIPTION "The backend for NVIDIA GPUs, on CUDA ${cuda_major} and cuDNN 9, which NVIDIA offers. Its
kernels are in the library: no nvcc is needed.
find_package(strata COMPONENTS cuda).")
  install(FILES LICENSE DESTINATION share/doc/libstrata-cuda-dev RENAME copyright COMPONENT strata_cuda EXCLUDE_FROM_ALL)
endif()
include(CPack)
