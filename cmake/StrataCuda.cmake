# SPDX-License-Identifier: MIT
# The CUDA backend: strata::cuda (linked face) and strata::cuda_headers. Plain C++ throughout: CMake's CUDA language is never enabled,
# neither here nor in a project that links strata. nvcc is called for one file, kernels.cu, whose fat binary is embedded as bytes.

set(STRATA_CUDA_ARCHITECTURES "" CACHE STRING
    "Compute capabilities that the kernels are compiled for (75;90;120); empty: every one that nvcc knows, from 75 on")
mark_as_advanced(STRATA_CUDA_ARCHITECTURES)

set(found FALSE)
set(setup "or let script/setup --cuda fetch NVIDIA's wheels")
if(NOT STRATA_WITH_CUDA)
  set(sentence "no CUDA backend: STRATA_WITH_CUDA is OFF")
else()
  find_package(CUDAToolkit 12.8 QUIET GLOBAL)
  if(NOT CUDAToolkit_FOUND AND CUDAToolkit_VERSION)
    set(sentence "no CUDA backend: CUDA ${CUDAToolkit_VERSION} is too old, strata needs 12.8 or later (install a newer toolkit, ${setup})")
  elseif(NOT CUDAToolkit_FOUND)
    set(sentence "no CUDA backend: no CUDA toolkit was found (set CUDAToolkit_ROOT, ${setup})")
  elseif(NOT CUDAToolkit_NVCC_EXECUTABLE)
    set(sentence "no CUDA backend: the CUDA ${CUDAToolkit_VERSION} that was found has no nvcc (set CUDAToolkit_ROOT, ${setup})")
  elseif(NOT TARGET CUDA::cudart OR NOT TARGET CUDA::cublasLt)
    set(sentence "no CUDA backend: the CUDA ${CUDAToolkit_VERSION} that was found lacks libcudart or libcublasLt (install them, ${setup})")
  else()
    find_package(cuDNN 9.8 QUIET GLOBAL)
    if(cuDNN_FOUND)
      set(found TRUE)
    elseif(cuDNN_VERSION)
      set(sentence "no CUDA backend: cuDNN ${cuDNN_VERSION} is too old, strata needs 9.8 or later (set cuDNN_ROOT, ${setup})")
    else()
      set(sentence "no CUDA backend: cuDNN was not found (install it beside CUDA ${CUDAToolkit_VERSION}, set cuDNN_ROOT, ${setup})")
    endif()
  endif()
endif()
strata_wants(STRATA_HAS_CUDA STRATA_WITH_CUDA ${found} "strata::cuda;strata::cuda_headers" "${sentence}")
if(NOT STRATA_HAS_CUDA)
  return()
endif()

# ---- the kernels: kernels.cu -> fat_binary -> fat_binary.inc

if(STRATA_CUDA_ARCHITECTURES)
  set(architectures ${STRATA_CUDA_ARCHITECTURES})
else()
  execute_process(COMMAND "${CUDAToolkit_NVCC_EXECUTABLE}" --list-gpu-code OUTPUT_VARIABLE architectures COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[0-9]+" architectures "${architectures}")
endif()
list(REMOVE_DUPLICATES architectures)
list(SORT architectures COMPARE NATURAL)
set(code "")
foreach(architecture IN LISTS architectures)
  if(architecture GREATER_EQUAL 75)
    list(APPEND code -gencode=arch=compute_${architecture},code=sm_${architecture})
    list(APPEND numbers ${architecture})
    list(APPEND named sm_${architecture})
    set(newest ${architecture})
  endif()
endforeach()
list(APPEND code -gencode=arch=compute_${newest},code=compute_${newest})  # for devices that are newer than this nvcc
list(JOIN named " " named)
list(JOIN numbers "," numbers)

set(generated_dir "${PROJECT_BINARY_DIR}/generated")
set(kernels_dir "${generated_dir}/strata/backend/cuda/kernels")
file(MAKE_DIRECTORY "${kernels_dir}")
set(kernels_source "${PROJECT_SOURCE_DIR}/include/strata/backend/cuda/kernels/kernels.cu")
add_custom_command(
  OUTPUT "${kernels_dir}/kernels.fatbin"
  COMMAND "${CUDAToolkit_NVCC_EXECUTABLE}" -std=c++20 -O3 -fmad=false --Werror=all-warnings -allow-unsupported-compiler
          "-ccbin=${CMAKE_CXX_COMPILER}" -DSTRATA_LINKED=1 "-I${PROJECT_SOURCE_DIR}/include" ${code} -Xfatbin=-compress-all --threads=0
          -fatbin -MD -MF kernels.d -MT kernels.fatbin -o kernels.fatbin "${kernels_source}"
  MAIN_DEPENDENCY "${kernels_source}"
  DEPFILE "${kernels_dir}/kernels.d"
  WORKING_DIRECTORY "${kernels_dir}"
  COMMENT "nvcc: strata's kernels for ${named}"
  VERBATIM)
add_custom_command(
  OUTPUT "${kernels_dir}/fat_binary.inc"
  COMMAND "${CMAKE_COMMAND}" "-DBINARY=${kernels_dir}/kernels.fatbin" "-DLITERAL=${kernels_dir}/fat_binary.inc"
          "-DARCHITECTURES=${numbers}" -P "${PROJECT_SOURCE_DIR}/cmake/embed_bytes.cmake"
  DEPENDS "${kernels_dir}/kernels.fatbin" "${PROJECT_SOURCE_DIR}/cmake/embed_bytes.cmake"
  COMMENT "strata's kernels as bytes"
  VERBATIM)
add_custom_target(strata_kernels DEPENDS "${kernels_dir}/fat_binary.inc")

# ---- the targets

add_library(strata_cuda STATIC)
add_library(strata::cuda ALIAS strata_cuda)
set_target_properties(strata_cuda PROPERTIES EXPORT_NAME cuda)
target_link_libraries(strata_cuda PUBLIC strata PRIVATE CUDA::cudart CUDA::cublasLt cuDNN::cudnn)  # cuda.hpp includes none of them
target_include_directories(strata_cuda PRIVATE "${generated_dir}")
add_dependencies(strata_cuda strata_kernels)
target_compile_definitions(strata_cuda INTERFACE STRATA_HAS_CUDA=1)  # for strata::open
strata_bodies(strata_cuda "${cuda_bodies}")

add_library(strata_cuda_headers INTERFACE)
add_library(strata::cuda_headers ALIAS strata_cuda_headers)
set_target_properties(strata_cuda_headers PROPERTIES EXPORT_NAME cuda_headers)
target_link_libraries(strata_cuda_headers INTERFACE strata_headers CUDA::cudart CUDA::cublasLt cuDNN::cudnn)
target_compile_definitions(strata_cuda_headers INTERFACE STRATA_HAS_CUDA=1)
target_include_directories(strata_cuda_headers INTERFACE "$<BUILD_INTERFACE:${generated_dir}>")
add_dependencies(strata_cuda_headers strata_kernels)

message(STATUS "strata: CUDA backend on CUDA ${CUDAToolkit_VERSION}, cuDNN ${cuDNN_VERSION}, ${CUDAToolkit_LIBRARY_DIR}")
message(STATUS "strata: kernels for ${named}, and for newer ones")
