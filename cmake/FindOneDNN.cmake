# SPDX-License-Identifier: MIT
# Finds oneDNN by its C header and its library: Debian's and Ubuntu's packages, an installation of one's own (set OneDNN_ROOT or
# CMAKE_PREFIX_PATH), or the wheel that script/setup unpacks. oneDNN's own config files are not asked: Debian's wants OpenCL.
#
# Defines OneDNN_FOUND, OneDNN_VERSION, OneDNN_CPU_RUNTIME (OMP, SEQ, TBB, THREADPOOL, SYCL or NONE) and the target OneDNN::dnnl.
# strata needs a CPU runtime of OMP or SEQ: anything else is reported as not found, with the reason.

find_path(OneDNN_INCLUDE_DIR oneapi/dnnl/dnnl.h)
find_library(OneDNN_LIBRARY NAMES dnnl)
mark_as_advanced(OneDNN_INCLUDE_DIR OneDNN_LIBRARY)

set(OneDNN_VERSION "")
set(OneDNN_CPU_RUNTIME "")
set(onednn_usable TRUE)
set(onednn_reason "")
if(OneDNN_INCLUDE_DIR)
  file(STRINGS "${OneDNN_INCLUDE_DIR}/oneapi/dnnl/dnnl_version.h" onednn_lines REGEX "^#define DNNL_VERSION_[A-Z]+ +[0-9]+")
  foreach(part MAJOR MINOR PATCH)
    if("${onednn_lines}" MATCHES "DNNL_VERSION_${part} +([0-9]+)")
      list(APPEND onednn_parts ${CMAKE_MATCH_1})
    endif()
  endforeach()
  list(JOIN onednn_parts "." OneDNN_VERSION)
  unset(onednn_parts)

  file(STRINGS "${OneDNN_INCLUDE_DIR}/oneapi/dnnl/dnnl_config.h" onednn_lines REGEX "^#define DNNL_CPU_RUNTIME ")
  if("${onednn_lines}" MATCHES "DNNL_CPU_RUNTIME +DNNL_RUNTIME_([A-Z]+)")
    set(OneDNN_CPU_RUNTIME ${CMAKE_MATCH_1})
  endif()
  if(NOT OneDNN_CPU_RUNTIME MATCHES "^(OMP|SEQ)$")
    set(onednn_usable FALSE)
    set(onednn_reason "the oneDNN in ${OneDNN_INCLUDE_DIR} was built with the CPU runtime '${OneDNN_CPU_RUNTIME}'; \
strata needs OMP or SEQ: install libdnnl-dev, or set OneDNN_ROOT to a build made with -DDNNL_CPU_RUNTIME=OMP")
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OneDNN
  REQUIRED_VARS OneDNN_LIBRARY OneDNN_INCLUDE_DIR onednn_usable
  VERSION_VAR OneDNN_VERSION
  REASON_FAILURE_MESSAGE "${onednn_reason}")

if(OneDNN_FOUND AND NOT TARGET OneDNN::dnnl)
  add_library(OneDNN::dnnl UNKNOWN IMPORTED)
  set_target_properties(OneDNN::dnnl PROPERTIES
    IMPORTED_LOCATION "${OneDNN_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${OneDNN_INCLUDE_DIR}")
endif()
