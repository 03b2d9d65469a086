// SPDX-License-Identifier: MIT
// Own kernels: a library loaded from the bytes of a fat binary gives kernels by name, and behind each name is the host body that was
// registered. Arguments are copied at the launch; addresses among them must be alive when the kernel runs.
#include "state.hpp"

#include <cstring>

namespace vgpu::detail {
namespace {

constexpr std::uint32_t fat_binary = 0xBA55ED50, fat_binary_wrapper = 0x466243B1, elf = 0x464C457F;

template <class T>
T at(const unsigned char* bytes) {
    T value;
    std::memcpy(&value, bytes, sizeof value);
    return value;
}

/// Whether the fat binary has machine code or PTX for a device of this capability (90 for 9.0).
bool has_code_for(const unsigned char* image, std::uint32_t capability) {
    const auto header = at<std::uint16_t>(image + 6);
    const auto size = at<std::uint64_t>(image + 8);
    std::uint64_t offset = header;
    while (offset + 32 <= header + size) {
        const unsigned char* entry = image + offset;
        const auto kind = at<std::uint16_t>(entry);
        const auto arch = at<std::uint32_t>(entry + 28);
        const bool same_major = arch / 10 == capability / 10 && arch <= capability;
        if ((kind == 1 && arch <= capability) || (kind == 2 && same_major)) return true;
        const std::uint64_t length = at<std::uint32_t>(entry + 4) + at<std::uint64_t>(entry + 8);
        if (length == 0) break;
        offset += length;
    }
    return false;
}

cudaError_t load(cudaLibrary_t* out, const void* code) {
    if (out == nullptr || code == nullptr) return misused(cudaErrorInvalidValue, "cudaLibraryLoadData: no code");
    if (const cudaError_t status = refuse_when_capturing("cudaLibraryLoadData"); status != cudaSuccess) return status;
    const auto* image = static_cast<const unsigned char*>(code);
    const auto magic = at<std::uint32_t>(image);
    if (magic != fat_binary && magic != fat_binary_wrapper && magic != elf)
        return misused(cudaErrorInvalidKernelImage, "cudaLibraryLoadData: not a fat binary");
    const auto& device = the().device;
    if (magic == fat_binary && at<std::uint64_t>(image + 8) != 0 &&
        !has_code_for(image, static_cast<std::uint32_t>(device.major * 10 + device.minor)))
        return cudaErrorNoKernelImageForDevice;
    const std::uint64_t id = fresh(space::library);
    the().libraries[id];
    *out = to_handle<cudaLibrary_t>(id);
    return cudaSuccess;
}

cudaError_t get_kernel(cudaKernel_t* out, cudaLibrary_t handle, const char* name) {
    const auto found = the().libraries.find(from_handle(handle));
    if (out == nullptr || name == nullptr || found == the().libraries.end())
        return misused(cudaErrorInvalidResourceHandle, "cudaLibraryGetKernel: no such library, or it was unloaded");
    if (the().kernels.count(name) == 0) return cudaErrorSymbolNotFound;
    for (const std::uint64_t known : found->second)
        if (the().kernel_handles.at(known) == name) {
            *out = to_handle<cudaKernel_t>(known);
            return cudaSuccess;
        }
    const std::uint64_t id = fresh(space::kernel);
    the().kernel_handles[id] = name;
    found->second.insert(id);
    *out = to_handle<cudaKernel_t>(id);
    return cudaSuccess;
}

cudaError_t unload(cudaLibrary_t handle) {
    const auto found = the().libraries.find(from_handle(handle));
    if (found == the().libraries.end())
        return misused(cudaErrorInvalidResourceHandle, "cudaLibraryUnload: no such library, or unloaded twice");
    if (const cudaError_t status = refuse_when_capturing("cudaLibraryUnload"); status != cudaSuccess) return status;
    std::vector<mark_ptr> queued;
    for (const auto& [id, s] : the().streams)
        if (s.last != nullptr) queued.push_back(s.last);
    for (const mark_ptr& m : queued) run_until(m);
    for (const std::uint64_t kernel : found->second) the().kernel_handles.erase(kernel);
    the().libraries.erase(found);
    return cudaSuccess;
}

bool fits(dim3 grid, dim3 block) {
    const auto threads = std::uint64_t{block.x} * block.y * block.z;
    return grid.x >= 1 && grid.y >= 1 && grid.z >= 1 && threads >= 1 && threads <= 1024 && block.x <= 1024 && block.y <= 1024 &&
           block.z <= 64 && grid.x <= 2147483647u && grid.y <= 65535u && grid.z <= 65535u;
}

/// The parameters of one launch, copied.
struct arguments {
    std::vector<std::vector<std::max_align_t>> values;
    std::vector<void*> places;
};

std::shared_ptr<arguments> copied(const kernel& k, void** from) {
    auto out = std::make_shared<arguments>();
    for (std::size_t i = 0; i < k.parameters.size(); ++i) {
        out->values.emplace_back((k.parameters[i] + sizeof(std::max_align_t) - 1) / sizeof(std::max_align_t));
        std::memcpy(out->values.back().data(), from[i], k.parameters[i]);
    }
    for (auto& value : out->values) out->places.push_back(value.data());
    return out;
}

/// The words of the parameters that are addresses of the device; a freed one is a misuse.
cudaError_t find_pointers(const kernel& k, const arguments& given, std::vector<pointer>& out) {
    for (std::size_t i = 0; i < k.parameters.size(); ++i)
        for (std::size_t offset = 0; offset + sizeof(void*) <= k.parameters[i]; offset += sizeof(void*)) {
            void* word = nullptr;
            std::memcpy(&word, static_cast<const std::byte*>(given.places[i]) + offset, sizeof word);
            const block found = locate(word);
            if (found.kind == memory_kind::freed)
                return misused(cudaErrorInvalidValue, "kernel '" + k.name + "' is given a pointer to " + describe(word));
            if (found.kind != memory_kind::unknown) out.push_back({word, found.number});
        }
    return cudaSuccess;
}

cudaError_t launch(const cudaLaunchConfig_t* config, const void* function, void** given) {
    const auto found = the().kernel_handles.find(reinterpret_cast<std::uint64_t>(function));
    if (config == nullptr || found == the().kernel_handles.end())
        return misused(cudaErrorInvalidResourceHandle, "cudaLaunchKernelExC: no such kernel, or its library was unloaded");
    const kernel k = the().kernels.at(found->second);
    const dim3 grid = config->gridDim, block = config->blockDim;
    if (!fits(grid, block)) return misused(cudaErrorInvalidConfiguration, "kernel '" + k.name + "': grid or block is too large or zero");
    if (given == nullptr && !k.parameters.empty()) return misused(cudaErrorInvalidValue, "kernel '" + k.name + "': no parameters");
    const auto kept = copied(k, given);
    task job;
    job.what = kind::kernel;
    job.name = k.name;
    for (const auto& [library, kernels] : the().libraries)
        if (kernels.count(found->first) != 0) job.library = library;
    if (const cudaError_t status = find_pointers(k, *kept, job.pointers); status != cudaSuccess) return status;
    if (k.bytes != nullptr) job.told = k.bytes(kept->places.data(), grid, block);
    job.work = [body = k.body, kept, grid, block] { body(kept->places.data(), grid, block); };
    const cudaError_t status = submit(config->stream, std::move(job), "cudaLaunchKernelExC");
    if (status == cudaSuccess) ++the().counted.launches;
    return status;
}

}  // namespace
}  // namespace vgpu::detail

namespace vgpu {

void register_kernel(std::string name, host_kernel body, std::vector<std::size_t> parameter_bytes, kernel_traffic bytes) {
    const detail::guard hold(detail::the().lock);
    detail::the().kernels[name] = {name, body, bytes, std::move(parameter_bytes)};
}
void register_kernel(std::string name, host_kernel body, std::size_t parameter_bytes, kernel_traffic bytes) {
    register_kernel(std::move(name), body, std::vector<std::size_t>{parameter_bytes}, bytes);
}

}  // namespace vgpu

using namespace vgpu;
using namespace vgpu::detail;

extern "C" {

cudaError_t cudaLibraryLoadData(cudaLibrary_t* out, const void* code, cudaJitOption*, void**, unsigned int, cudaLibraryOption*, void**,
                                unsigned int) {
    return call("cudaLibraryLoadData", [&] { return load(out, code); });
}
cudaError_t cudaLibraryUnload(cudaLibrary_t handle) {
    return release_call("cudaLibraryUnload", [&] { return unload(handle); });
}
cudaError_t cudaLibraryGetKernel(cudaKernel_t* out, cudaLibrary_t handle, const char* name) {
    return call("cudaLibraryGetKernel", [&] { return get_kernel(out, handle, name); });
}
cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t* config, const void* function, void** given) {
    return call("cudaLaunchKernelExC", [&] { return launch(config, function, given); });
}
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* function) {
    return call("cudaFuncGetAttributes", [&] {
        if (the().kernel_handles.count(reinterpret_cast<std::uint64_t>(function)) == 0)
            return misused(cudaErrorInvalidDeviceFunction, "cudaFuncGetAttributes: no such kernel");
        *attributes = {};
        attributes->maxThreadsPerBlock = 1024;
        attributes->numRegs = 32;
        attributes->binaryVersion = attributes->ptxVersion = the().device.major * 10 + the().device.minor;
        return cudaSuccess;
    });
}

}  // extern "C"
