// SPDX-License-Identifier: MIT
// Copies and memsets. As the CUDA documentation has it: from pageable memory the bytes are taken at the call, into pageable memory the
// call waits, pinned memory is read and written when the copy runs, and a blocking copy orders nothing on non-blocking streams.
#include "state.hpp"

#include <cstring>

namespace vgpu::detail {
namespace {

enum class place { device, pinned, pageable };

cudaError_t place_of(const void* address, std::size_t bytes, const char* call, place& out) {
    const block found = locate(address);
    out = place::pageable;
    if (found.kind == memory_kind::unknown)
        return address == nullptr ? misused(cudaErrorInvalidValue, std::string(call) + ": a null address") : cudaSuccess;
    out = found.kind == memory_kind::pinned ? place::pinned : place::device;
    return check_region({address, bytes}, call, "touches");
}

bool agrees(cudaMemcpyKind kind, place dst, place src) {
    const bool to = dst == place::device, from = src == place::device;
    switch (kind) {
        case cudaMemcpyHostToHost: return !to && !from;
        case cudaMemcpyHostToDevice: return to && !from;
        case cudaMemcpyDeviceToHost: return !to && from;
        case cudaMemcpyDeviceToDevice: return to && from;
        case cudaMemcpyDefault: return true;
    }
    return false;
}

cudaError_t copy(void* dst, const void* src, std::size_t bytes, cudaMemcpyKind direction, cudaStream_t on, bool blocking,
                 const char* name) {
    stream* s = find_stream(on);
    if (s == nullptr) return no_stream(name);
    if (bytes == 0) return cudaSuccess;
    place to = place::pageable, from = place::pageable;
    if (const cudaError_t status = place_of(dst, bytes, name, to); status != cudaSuccess) return status;
    if (const cudaError_t status = place_of(src, bytes, name, from); status != cudaSuccess) return status;
    if (!agrees(direction, to, from))
        return misused(cudaErrorInvalidValue, std::string(name) + ": the direction does not fit " + describe(src) + " to " + describe(dst));
    const bool pageable = to == place::pageable || from == place::pageable;
    if (pageable && s->capturing != nullptr)
        return invalidate(*s->capturing, cudaErrorStreamCaptureUnsupported, std::string(name) + ": pageable memory in a capture");
    task job;
    job.what = kind::copy;
    job.name = name;
    if (from != place::pageable) job.reads.push_back({src, bytes});
    if (to != place::pageable) job.writes.push_back({dst, bytes});
    if (from == place::pageable && to != place::pageable) {
        const auto* first = static_cast<const std::byte*>(src);
        auto staged = std::make_shared<std::vector<std::byte>>(first, first + bytes);
        job.work = [dst, staged] { std::memcpy(dst, staged->data(), staged->size()); };
    } else {
        job.work = [dst, src, bytes] { std::memmove(dst, src, bytes); };
    }
    // What the host must wait for: its own pageable memory; and everything but device to device when the call blocks. A blocking copy
    // from pageable memory waits before, not after.
    const bool waits = to == place::pageable || (blocking && from == place::pinned) || (blocking && to == place::pinned);
    if (blocking && from == place::pageable && s->last != nullptr) wait_for(s->last);
    if (blocking && !(to == place::device && from == place::device)) ++the().counted.synchronisations;
    const std::uint64_t before = the().counted.synchronisations;
    if (const cudaError_t status = submit(on, std::move(job), name); status != cudaSuccess) return status;
    cudaError_t status = cudaSuccess;
    if (waits) status = wait_for(s->last);
    if (blocking) the().counted.synchronisations = before;  // counted once, as a blocking copy
    return status;
}

cudaError_t set(void* dst, int value, std::size_t bytes, cudaStream_t on, const char* name) {
    if (bytes == 0) return find_stream(on) == nullptr ? no_stream(name) : cudaSuccess;
    task job;
    job.what = kind::set;
    job.name = name;
    job.writes.push_back({dst, bytes});
    job.work = [dst, value, bytes] { std::memset(dst, value, bytes); };
    return submit(on, std::move(job), name);
}

}  // namespace
}  // namespace vgpu::detail

using namespace vgpu;
using namespace vgpu::detail;

extern "C" {

cudaError_t cudaMemcpyAsync(void* dst, const void* src, size_t bytes, cudaMemcpyKind direction, cudaStream_t on) {
    return call("cudaMemcpyAsync", [&] { return copy(dst, src, bytes, direction, on, false, "cudaMemcpyAsync"); });
}
cudaError_t cudaMemcpy(void* dst, const void* src, size_t bytes, cudaMemcpyKind direction) {
    return call("cudaMemcpy", [&] {
        if (const cudaError_t status = refuse_when_capturing("cudaMemcpy"); status != cudaSuccess) return status;
        return copy(dst, src, bytes, direction, nullptr, true, "cudaMemcpy");
    });
}
cudaError_t cudaMemsetAsync(void* dst, int value, size_t bytes, cudaStream_t on) {
    return call("cudaMemsetAsync", [&] { return set(dst, value, bytes, on, "cudaMemsetAsync"); });
}
cudaError_t cudaMemset(void* dst, int value, size_t bytes) {
    return call("cudaMemset", [&] {
        if (const cudaError_t status = refuse_when_capturing("cudaMemset"); status != cudaSuccess) return status;
        return set(dst, value, bytes, nullptr, "cudaMemset");
    });
}

}  // extern "C"
