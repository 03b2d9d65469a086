# SPDX-License-Identifier: MIT
# Finds cuDNN 9 by its header and its library: in the CUDA toolkit's folder, NVIDIA's packages, an installation of one's own (set
# cuDNN_ROOT or CMAKE_PREFIX_PATH), or NVIDIA's wheels (nvidia/cudnn beside nvidia/cu13, or as script/setup --cuda lays them out).
#
# Defines cuDNN_FOUND, cuDNN_VERSION and the target cuDNN::cudnn.

# Beside the CUDA that CUDAToolkit found, if it was asked before.
find_path(cuDNN_INCLUDE_DIR cudnn_backend.h
  HINTS ${CUDAToolkit_INCLUDE_DIRS} ENV CUDNN_PATH
  PATH_SUFFIXES include ../../cudnn/include)
find_library(cuDNN_LIBRARY NAMES cudnn libcudnn.so.9
  HINTS ${CUDAToolkit_LIBRARY_DIR} ENV CUDNN_PATH "${cuDNN_INCLUDE_DIR}/.."
  PATH_SUFFIXES lib64 lib lib/x64 ../../cudnn/lib)
mark_as_advanced(cuDNN_INCLUDE_DIR cuDNN_LIBRARY)

set(cuDNN_VERSION "")
if(EXISTS "${cuDNN_INCLUDE_DIR}/cudnn_version.h")
  # CUDNN_MAJOR 9, CUDNN_MINOR 19, CUDNN_PATCHLEVEL 0: each may have more than one digit.
  file(STRINGS "${cuDNN_INCLUDE_DIR}/cudnn_version.h" cudnn_lines REGEX "^#define[ \t]+CUDNN_(MAJOR|MINOR|PATCHLEVEL)[ \t]+[0-9]+")
  foreach(part IN ITEMS MAJOR MINOR PATCHLEVEL)
    if("${cudnn_lines}" MATCHES "CUDNN_${part}[ \t]+([0-9]+)")
      list(APPEND cudnn_parts ${CMAKE_MATCH_1})
    endif()
  endforeach()
  list(JOIN cudnn_parts "." cuDNN_VERSION)
  unset(cudnn_parts)
  unset(cudnn_lines)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(cuDNN
  REQUIRED_VARS cuDNN_LIBRARY cuDNN_INCLUDE_DIR
  VERSION_VAR cuDNN_VERSION)

if(cuDNN_FOUND AND NOT TARGET cuDNN::cudnn)
  add_library(cuDNN::cudnn UNKNOWN IMPORTED)
  set_target_properties(cuDNN::cudnn PROPERTIES
    IMPORTED_LOCATION "${cuDNN_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${cuDNN_INCLUDE_DIR}")
endif()
