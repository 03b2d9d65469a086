// SPDX-License-Identifier: MIT
// The device that the virtual GPU claims to be, and the texts of the runtime's errors. Descriptions are cuDNN's JSON files of devices.
#include "state.hpp"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace vgpu::detail {
namespace {

/// The numbers of a flat JSON object, and its "deviceName". A list gives its first number.
std::map<std::string, std::int64_t> numbers(const std::string& json, std::string& name) {
    std::map<std::string, std::int64_t> out;
    for (std::size_t at = json.find('"'); at != std::string::npos; at = json.find('"', at)) {
        const std::size_t end = json.find('"', at + 1);
        const std::size_t colon = end == std::string::npos ? end : json.find(':', end);
        if (colon == std::string::npos) break;
        const std::string key = json.substr(at + 1, end - at - 1);
        const std::size_t value = json.find_first_not_of(" \t\r\n[", colon + 1);
        if (value == std::string::npos) break;
        if (json[value] == '"') {
            const std::size_t close = json.find('"', value + 1);
            if (close == std::string::npos) break;
            if (key == "deviceName") name = json.substr(value + 1, close - value - 1);
            at = close + 1;
        } else {
            out[key] = std::strtoll(json.c_str() + value, nullptr, 10);
            at = value;
        }
    }
    return out;
}

int described(const char* key, int otherwise) {
    const auto found = the().described.find(key);
    return found == the().described.end() ? otherwise : static_cast<int>(found->second);
}

void fill(cudaDeviceProp& p) {
    const properties& d = the().device;
    std::memset(&p, 0, sizeof p);
    std::strncpy(p.name, d.name.c_str(), sizeof p.name - 1);
    p.totalGlobalMem = d.memory;
    p.major = d.major;
    p.minor = d.minor;
    p.multiProcessorCount = d.multiprocessors;
    p.l2CacheSize = d.l2_bytes;
    p.warpSize = described("warpSize", 32);
    p.maxThreadsPerBlock = described("maxThreadsPerBlock", 1024);
    p.maxThreadsDim[0] = p.maxThreadsDim[1] = 1024;
    p.maxThreadsDim[2] = 64;
    p.maxGridSize[0] = 2147483647;
    p.maxGridSize[1] = p.maxGridSize[2] = 65535;
    p.sharedMemPerBlock = static_cast<std::size_t>(described("maxSharedMemoryPerBlock", 49152));
    p.sharedMemPerBlockOptin = static_cast<std::size_t>(described("maxSharedMemoryPerBlockOptin", 101376));
    p.reservedSharedMemPerBlock = static_cast<std::size_t>(described("reservedSharedMemoryPerBlock", 1024));
    p.sharedMemPerMultiprocessor = p.sharedMemPerBlockOptin + p.reservedSharedMemPerBlock;
    p.regsPerBlock = described("regsPerBlock", 65536);
    p.regsPerMultiprocessor = described("maxRegistersPerSM", 65536);
    p.maxThreadsPerMultiProcessor = described("maxThreadsPerSM", 2048);
    p.maxBlocksPerMultiProcessor = described("maxCtasPerSM", 32);
    p.memoryBusWidth = 5120;
    p.totalConstMem = 65536;
    p.memPitch = 2147483647;
    p.textureAlignment = 512;
    p.asyncEngineCount = 3;
    p.canMapHostMemory = p.unifiedAddressing = p.concurrentKernels = p.streamPrioritiesSupported = p.managedMemory = 1;
    p.cooperativeLaunch = p.memoryPoolsSupported = p.hostRegisterSupported = 1;
    p.pciBusID = 1;
}

cudaError_t attribute(int* value, cudaDeviceAttr which) {
    cudaDeviceProp p;
    fill(p);
    switch (which) {
        case cudaDevAttrMaxThreadsPerBlock: *value = p.maxThreadsPerBlock; break;
        case cudaDevAttrMaxBlockDimX: *value = p.maxThreadsDim[0]; break;
        case cudaDevAttrMaxGridDimX: *value = p.maxGridSize[0]; break;
        case cudaDevAttrMaxSharedMemoryPerBlock: *value = static_cast<int>(p.sharedMemPerBlock); break;
        case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = static_cast<int>(p.sharedMemPerBlockOptin); break;
        case cudaDevAttrWarpSize: *value = p.warpSize; break;
        case cudaDevAttrMaxRegistersPerBlock: *value = p.regsPerBlock; break;
        case cudaDevAttrClockRate: *value = the().device.clock_khz; break;
        case cudaDevAttrMemoryClockRate: *value = the().device.memory_clock_khz; break;
        case cudaDevAttrGlobalMemoryBusWidth: *value = p.memoryBusWidth; break;
        case cudaDevAttrL2CacheSize: *value = p.l2CacheSize; break;
        case cudaDevAttrMultiProcessorCount: *value = p.multiProcessorCount; break;
        case cudaDevAttrMaxThreadsPerMultiProcessor: *value = p.maxThreadsPerMultiProcessor; break;
        case cudaDevAttrComputeCapabilityMajor: *value = p.major; break;
        case cudaDevAttrComputeCapabilityMinor: *value = p.minor; break;
        case cudaDevAttrCanMapHostMemory: *value = 1; break;
        case cudaDevAttrUnifiedAddressing: *value = 1; break;
        case cudaDevAttrConcurrentKernels: *value = 1; break;
        case cudaDevAttrCooperativeLaunch: *value = 1; break;
        case cudaDevAttrAsyncEngineCount: *value = p.asyncEngineCount; break;
        case cudaDevAttrIntegrated: *value = 0; break;
        case cudaDevAttrComputeMode: *value = 0; break;
        default:
            return misused(cudaErrorInvalidValue,
                           "cudaDeviceGetAttribute: the virtual GPU does not know attribute " + std::to_string(which));
    }
    return cudaSuccess;
}

thread_local int current_device = 0;  // all devices share the one memory; only the number is kept

cudaError_t wrong_device(const char* call, int number) {
    return misused(cudaErrorInvalidDevice, std::string(call) + ": there is no device " + std::to_string(number));
}

struct error_text {
    cudaError_t status;
    const char* name;
    const char* text;
};
constexpr error_text texts[] = {
    {cudaSuccess, "cudaSuccess", "no error"},
    {cudaErrorInvalidValue, "cudaErrorInvalidValue", "invalid argument"},
    {cudaErrorMemoryAllocation, "cudaErrorMemoryAllocation", "out of memory"},
    {cudaErrorInitializationError, "cudaErrorInitializationError", "initialization error"},
    {cudaErrorCudartUnloading, "cudaErrorCudartUnloading", "driver shutting down"},
    {cudaErrorInvalidConfiguration, "cudaErrorInvalidConfiguration", "invalid configuration argument"},
    {cudaErrorInvalidMemcpyDirection, "cudaErrorInvalidMemcpyDirection", "invalid copy direction for memcpy"},
    {cudaErrorInsufficientDriver, "cudaErrorInsufficientDriver", "CUDA driver version is insufficient for CUDA runtime version"},
    {cudaErrorStubLibrary, "cudaErrorStubLibrary", "CUDA driver is a stub library"},
    {cudaErrorDevicesUnavailable, "cudaErrorDevicesUnavailable", "CUDA-capable device(s) is/are busy or unavailable"},
    {cudaErrorNoDevice, "cudaErrorNoDevice", "no CUDA-capable device is detected"},
    {cudaErrorInvalidDevice, "cudaErrorInvalidDevice", "invalid device ordinal"},
    {cudaErrorInvalidDeviceFunction, "cudaErrorInvalidDeviceFunction", "invalid device function"},
    {cudaErrorInvalidKernelImage, "cudaErrorInvalidKernelImage", "device kernel image is invalid"},
    {cudaErrorNoKernelImageForDevice, "cudaErrorNoKernelImageForDevice", "no kernel image is available for execution on the device"},
    {cudaErrorInvalidResourceHandle, "cudaErrorInvalidResourceHandle", "invalid resource handle"},
    {cudaErrorIllegalState, "cudaErrorIllegalState", "the operation cannot be performed in the present state"},
    {cudaErrorSymbolNotFound, "cudaErrorSymbolNotFound", "named symbol not found"},
    {cudaErrorNotReady, "cudaErrorNotReady", "device not ready"},
    {cudaErrorIllegalAddress, "cudaErrorIllegalAddress", "an illegal memory access was encountered"},
    {cudaErrorLaunchOutOfResources, "cudaErrorLaunchOutOfResources", "too many resources requested for launch"},
    {cudaErrorLaunchTimeout, "cudaErrorLaunchTimeout", "the launch timed out and was terminated"},
    {cudaErrorLaunchFailure, "cudaErrorLaunchFailure", "unspecified launch failure"},
    {cudaErrorNotPermitted, "cudaErrorNotPermitted", "operation not permitted"},
    {cudaErrorNotSupported, "cudaErrorNotSupported", "operation not supported"},
    {cudaErrorSystemDriverMismatch, "cudaErrorSystemDriverMismatch", "system has unsupported display driver / cuda driver combination"},
    {cudaErrorStreamCaptureUnsupported, "cudaErrorStreamCaptureUnsupported", "operation not permitted when stream is capturing"},
    {cudaErrorStreamCaptureInvalidated, "cudaErrorStreamCaptureInvalidated", "operation failed due to a previous error during capture"},
    {cudaErrorStreamCaptureMerge, "cudaErrorStreamCaptureMerge", "operation would result in a merge of separate capture sequences"},
    {cudaErrorStreamCaptureUnmatched, "cudaErrorStreamCaptureUnmatched", "capture was not ended in the same stream as it began"},
    {cudaErrorStreamCaptureUnjoined, "cudaErrorStreamCaptureUnjoined", "capturing stream has unjoined work"},
    {cudaErrorStreamCaptureIsolation, "cudaErrorStreamCaptureIsolation", "dependency created on uncaptured work in another stream"},
    {cudaErrorStreamCaptureImplicit, "cudaErrorStreamCaptureImplicit",
     "operation would make the legacy stream depend on a capturing blocking stream"},
    {cudaErrorCapturedEvent, "cudaErrorCapturedEvent", "operation not permitted on an event last recorded in a capturing stream"},
    {cudaErrorStreamCaptureWrongThread, "cudaErrorStreamCaptureWrongThread",
     "attempt to terminate a thread-local capture sequence from another thread"},
    {cudaErrorUnknown, "cudaErrorUnknown", "unknown error"},
};

}  // namespace
}  // namespace vgpu::detail

namespace vgpu {

using namespace detail;

void set_device(const std::string& json_file) {
    std::ifstream file(json_file);
    if (!file) throw std::runtime_error(json_file + ": cannot be read: is it one of the described devices?");
    const guard hold(the().lock);
    properties d;
    d.json.assign(std::istreambuf_iterator<char>(file), {});
    the().described = numbers(d.json, d.name);
    const int version = described("deviceVer", 900);
    d.major = version / 100;
    d.minor = version % 100 / 10;
    d.memory = static_cast<std::size_t>(the().described["totalGlobalMem"]);
    d.multiprocessors = described("multiProcessorCount", d.multiprocessors);
    d.l2_bytes = described("l2CacheSize", d.l2_bytes);
    d.memory_clock_khz = described("memClockRateKHz", d.memory_clock_khz);
    d.clock_khz = described("smClockRateKHz", d.clock_khz);
    the().device = d;
}

void set_device(const properties& device) {
    const guard hold(the().lock);
    the().described.clear();
    the().device = device;
}

const properties& device() { return the().device; }

void set_memory(std::size_t total_bytes) {
    const guard hold(the().lock);
    the().device.memory = total_bytes;
}

}  // namespace vgpu

using namespace vgpu;
using namespace vgpu::detail;

extern "C" {

cudaError_t cudaGetDeviceCount(int* count) {
    if (count != nullptr) *count = 0;
    return call("cudaGetDeviceCount", [&] {
        *count = the().device.devices;
        return cudaSuccess;
    });
}
cudaError_t cudaSetDevice(int number) {
    return call("cudaSetDevice", [&] {
        if (number < 0 || number >= the().device.devices) return wrong_device("cudaSetDevice", number);
        current_device = number;
        return cudaSuccess;
    });
}
cudaError_t cudaGetDevice(int* number) {
    return call("cudaGetDevice", [&] {
        *number = current_device;
        return cudaSuccess;
    });
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* out, int number) {
    return call("cudaGetDeviceProperties", [&] {
        if (number < 0 || number >= the().device.devices) return wrong_device("cudaGetDeviceProperties", number);
        fill(*out);
        return cudaSuccess;
    });
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr which, int number) {
    return call("cudaDeviceGetAttribute", [&] {
        if (number < 0 || number >= the().device.devices) return wrong_device("cudaDeviceGetAttribute", number);
        return attribute(value, which);
    });
}
cudaError_t cudaDriverGetVersion(int* version) {
    const guard hold(the().lock);
    if (const int status = enter("cudaDriverGetVersion"); status != 0) return note(static_cast<cudaError_t>(status));
    *version = the().device.driver_version;
    return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int* version) {
    const guard hold(the().lock);
    if (const int status = enter("cudaRuntimeGetVersion"); status != 0) return note(static_cast<cudaError_t>(status));
    *version = the().device.runtime_version;
    return cudaSuccess;
}
const char* cudaGetErrorName(cudaError_t status) {
    for (const error_text& known : texts)
        if (known.status == status) return known.name;
    return "unrecognized error code";
}
const char* cudaGetErrorString(cudaError_t status) {
    for (const error_text& known : texts)
        if (known.status == status) return known.text;
    return "unrecognized error code";
}

}  // extern "C"
