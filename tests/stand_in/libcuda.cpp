// SPDX-License-Identifier: MIT
// A stand-in for the driver's libcuda.so.1, for machines without one: with it real cuDNN finalizes plans whose kernels NVRTC compiles
// (pooling, batch norm, pointwise, reduction). It loads nothing and runs nothing. cuInit and cuGetExportTable fail, so that the CUDA
// runtime stays off; loads and look-ups succeed and give a pointer that must not be followed; everything else returns success.
// Only the tests that make plans may see it: put its folder first on LD_LIBRARY_PATH of those alone.
#include <cstddef>

namespace {
constexpr int success = 0, stub_library = 34;  // CUDA_ERROR_STUB_LIBRARY
int anything;

int give(void** out) {
    if (out != nullptr) *out = &anything;
    return success;
}
}  // namespace

extern "C" {

int cuInit(unsigned) { return stub_library; }
int cuGetExportTable(const void**, const void*) { return stub_library; }
int cuDriverGetVersion(int* version) {
    *version = 13000;
    return success;
}

int cuModuleLoadData(void** module, const void*) { return give(module); }
int cuModuleLoadDataEx(void** module, const void*, unsigned, void*, void**) { return give(module); }
int cuModuleLoadFatBinary(void** module, const void*) { return give(module); }
int cuModuleGetFunction(void** function, void*, const char*) { return give(function); }
int cuModuleGetGlobal_v2(void** address, std::size_t* bytes, void*, const char*) {
    if (bytes != nullptr) *bytes = 0;
    return give(address);
}
int cuLibraryLoadData(void** library, const void*, void*, void**, unsigned, void*, void**, unsigned) { return give(library); }
int cuLibraryLoadFromFile(void** library, const char*, void*, void**, unsigned, void*, void**, unsigned) { return give(library); }
int cuLibraryGetKernel(void** kernel, void*, const char*) { return give(kernel); }
int cuLinkCreate(unsigned, void*, void**, void** state) { return give(state); }
int cuLinkCreate_v2(unsigned, void*, void**, void** state) { return give(state); }
int cuLinkComplete(void*, void** image, std::size_t* bytes) {
    if (bytes != nullptr) *bytes = sizeof anything;
    return give(image);
}
int cuCtxGetCurrent(void** context) { return give(context); }
int cuStreamGetCtx(void*, void** context) { return give(context); }
int cuDevicePrimaryCtxRetain(void** context, int) { return give(context); }
int cuGetErrorString(int, const char** text) {
    *text = "an answer of the stand-in for libcuda";
    return success;
}
int cuGetErrorName(int, const char** text) {
    *text = "CUDA_ERROR_STUB_LIBRARY";
    return success;
}

#define STAND_IN(name) \
    int name() { return success; }
STAND_IN(cuLaunchKernel)
STAND_IN(cuLaunchCooperativeKernel)
STAND_IN(cuLaunchKernelEx)
STAND_IN(cuLinkAddData)
STAND_IN(cuLinkAddData_v2)
STAND_IN(cuLinkAddFile_v2)
STAND_IN(cuLinkDestroy)
STAND_IN(cuDeviceGet)
STAND_IN(cuDeviceGetCount)
STAND_IN(cuDeviceGetAttribute)
STAND_IN(cuCtxPushCurrent)
STAND_IN(cuCtxPopCurrent)
STAND_IN(cuCtxGetDevice)
STAND_IN(cuCtxGetLimit)
STAND_IN(cuStreamSynchronize)
STAND_IN(cuOccupancyMaxPotentialClusterSize)
STAND_IN(cuOccupancyMaxActiveBlocksPerMultiprocessor)
STAND_IN(cuLibraryUnload)
STAND_IN(cuKernelSetAttribute)
STAND_IN(cuKernelGetAttribute)
STAND_IN(cuTensorMapEncodeTiled)
STAND_IN(cuModuleUnload)
STAND_IN(cuMemcpyDtoH_v2)
STAND_IN(cuFuncSetAttribute)
STAND_IN(cuFuncGetAttribute)
STAND_IN(cuDevicePrimaryCtxReset)
STAND_IN(cuDevicePrimaryCtxRelease)
#undef STAND_IN

}  // extern "C"
