// SPDX-License-Identifier: MIT
// Device memory of the virtual GPU: each allocation is a mapping of its own that ends at a guard page, is filled with NaN (0xFF), and is
// closed to everybody but queued work. Freed addresses stay closed and are not used again. Pinned memory that is mapped has two
// addresses: the host's, always open, and the device's, closed like the rest.
#include "state.hpp"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace vgpu::detail {
namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t alignment = 256;  // what cudaMalloc promises, and no more
constexpr std::size_t most_freed = 4096;

std::size_t rounded(std::size_t bytes, std::size_t to) { return (bytes + to - 1) / to * to; }

bool is_protected(memory_kind what) { return what == memory_kind::device || what == memory_kind::mapped; }

void protect(const allocation& block, int how) { mprotect(block.mapping + page, block.mapping_bytes - 2 * page, how); }

/// A mapping with a guard page at each side; the block ends where the second one begins.
bool map_block(allocation& block, int descriptor) {
    const std::size_t inside = rounded(rounded(block.bytes, alignment), page);
    block.mapping_bytes = inside + 2 * page;
    void* place = mmap(nullptr, block.mapping_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place == MAP_FAILED) return false;
    block.mapping = static_cast<std::byte*>(place);
    if (descriptor >= 0 &&
        mmap(block.mapping + page, inside, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, descriptor, 0) == MAP_FAILED) {
        munmap(place, block.mapping_bytes);
        return false;
    }
    block.begin = block.mapping + page + inside - rounded(block.bytes, alignment);
    return true;
}

void keep(allocation block) {
    block.number = the().allocated;
    the().memory.emplace(block.begin, block);
}

/// Bytes between the end and the next multiple of 256 that are no longer 0xFF: somebody wrote past the end.
bool overrun(const allocation& block) {
    for (std::size_t i = block.bytes; i < rounded(block.bytes, alignment); ++i)
        if (block.begin[i] != std::byte{0xFF}) return true;
    return false;
}

void retire(allocation block) {
    state& s = the();
    mmap(block.mapping, block.mapping_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    s.freed.emplace(block.begin, block);
    s.freed_order.push_back(block.begin);
    while (s.freed_order.size() > most_freed) {
        const auto old = s.freed.find(s.freed_order.front());
        munmap(old->second.mapping, old->second.mapping_bytes);
        s.freed.erase(old);
        s.freed_order.pop_front();
    }
}

cudaError_t allocate_device(void** where, std::size_t bytes) {
    state& s = the();
    if (where == nullptr) return misused(cudaErrorInvalidValue, "cudaMalloc: no place for the address");
    if (const cudaError_t status = refuse_when_capturing("cudaMalloc"); status != cudaSuccess) return status;
    ++s.counted.allocations;
    *where = nullptr;
    if (bytes == 0) return cudaSuccess;
    if (bytes > s.device.memory || rounded(bytes, alignment) > s.device.memory - s.device_bytes) return cudaErrorMemoryAllocation;
    allocation block;
    block.bytes = bytes;
    if (!map_block(block, -1)) return cudaErrorMemoryAllocation;
    const std::size_t inside = block.mapping_bytes - 2 * page;
    if (inside >= (std::size_t{4} << 20)) madvise(block.mapping + page, inside, MADV_HUGEPAGE);
    protect(block, PROT_READ | PROT_WRITE);
    std::memset(block.mapping + page, 0xFF, inside);
    if (s.open == 0) protect(block, PROT_NONE);
    ++s.allocated;
    s.device_bytes += rounded(bytes, alignment);
    *where = block.begin;
    keep(block);
    return cudaSuccess;
}

cudaError_t allocate_pinned(void** where, std::size_t bytes, unsigned flags) {
    state& s = the();
    if (where == nullptr) return misused(cudaErrorInvalidValue, "cudaHostAlloc: no place for the address");
    if ((flags & ~unsigned{cudaHostAllocPortable | cudaHostAllocMapped | cudaHostAllocWriteCombined}) != 0)
        return misused(cudaErrorInvalidValue, "cudaHostAlloc: unknown flags");
    if (const cudaError_t status = refuse_when_capturing("cudaHostAlloc"); status != cudaSuccess) return status;
    ++s.counted.allocations;
    *where = nullptr;
    if (bytes == 0) return cudaSuccess;
    allocation host;
    host.what = memory_kind::pinned;
    host.bytes = bytes;
    const bool mapped = (flags & cudaHostAllocMapped) != 0;
    int descriptor = -1;
    if (mapped) {
        descriptor = memfd_create("vgpu", MFD_CLOEXEC);
        if (descriptor < 0 || ftruncate(descriptor, static_cast<off_t>(rounded(rounded(bytes, alignment), page))) != 0)
            return cudaErrorMemoryAllocation;
    }
    allocation twin = host;
    twin.what = memory_kind::mapped;
    const bool made = map_block(host, descriptor) && (!mapped || map_block(twin, descriptor));
    if (descriptor >= 0) close(descriptor);
    if (!made) return cudaErrorMemoryAllocation;
    protect(host, PROT_READ | PROT_WRITE);
    std::memset(host.mapping + page, 0xFF, host.mapping_bytes - 2 * page);
    ++s.allocated;
    if (mapped) {
        host.twin = twin.begin;
        twin.twin = host.begin;
        if (s.open == 0) protect(twin, PROT_NONE);
        keep(twin);
    }
    keep(host);
    *where = host.begin;
    return cudaSuccess;
}

void release(const allocation& block) {
    state& s = the();
    if (block.what == memory_kind::device) s.device_bytes -= rounded(block.bytes, alignment);
    if (block.what != memory_kind::mapped) {
        if (block.what == memory_kind::device) protect(block, PROT_READ);
        if (overrun(block)) report_misuse("something was written past the end of " + describe(block.begin));
    }
    const std::byte* begin = block.begin;
    retire(block);
    s.memory.erase(begin);
}

cudaError_t free_block(void* address, memory_kind what, const char* call) {
    state& s = the();
    if (address == nullptr) return cudaSuccess;
    if (const cudaError_t status = refuse_when_capturing(call); status != cudaSuccess) return status;
    const auto found = s.memory.find(static_cast<std::byte*>(address));
    if (found == s.memory.end() || found->second.what != what)
        return misused(cudaErrorInvalidValue, std::string(call) + ": not an allocation of this kind: " + describe(address));
    drain_all();  // the real ones wait for the device as well
    const allocation block = found->second;
    if (block.twin != nullptr) release(s.memory.at(block.twin));
    release(block);
    return cudaSuccess;
}

// ---- A crash inside queued work tells where ----------------------------------------------------------------------------------------

struct sigaction before_work[2];
const char* volatile running_name = nullptr;

void tell_fault(int number, siginfo_t* info, void*) {
    char text[400];
    const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
    const char* name = running_name != nullptr ? running_name : "work";
    const char* what = "no device memory";
    std::size_t bytes = 0;
    long long offset = 0;
    for (const auto* known : {&the().memory, &the().freed})
        for (const auto& [begin, block] : *known)
            if (address >= reinterpret_cast<std::uintptr_t>(block.mapping) &&
                address < reinterpret_cast<std::uintptr_t>(block.mapping) + block.mapping_bytes) {
                what = known == &the().freed ? "freed memory" : "memory";
                bytes = block.bytes;
                offset = static_cast<long long>(address) - static_cast<long long>(reinterpret_cast<std::uintptr_t>(begin));
            }
    const int length = std::snprintf(text, sizeof text, "virtual GPU: '%s' touched %p: %s of %zu bytes, at byte %lld\n", name,
                                     info->si_addr, what, bytes, offset);
    if (length > 0 && write(2, text, static_cast<std::size_t>(length)) < 0) {}
    sigaction(SIGSEGV, &before_work[0], nullptr);  // and again, into the hands of whoever had the signal
    sigaction(SIGBUS, &before_work[1], nullptr);
    if (number != SIGSEGV && number != SIGBUS) raise(number);
}

}  // namespace

void open_memory() {
    state& s = the();
    if (s.open++ != 0) return;
    for (const auto& [begin, block] : s.memory)
        if (is_protected(block.what)) protect(block, PROT_READ | PROT_WRITE);
}

void close_memory() {
    state& s = the();
    if (--s.open != 0) return;
    for (const auto& [begin, block] : s.memory)
        if (is_protected(block.what)) protect(block, PROT_NONE);
}

void watch_faults(const char* name) {
    running_name = name;
    struct sigaction action = {};
    action.sa_sigaction = tell_fault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    sigaction(SIGSEGV, &action, &before_work[0]);
    sigaction(SIGBUS, &action, &before_work[1]);
}
void watch_faults_of(const char* name) { running_name = name; }
void unwatch_faults() {
    running_name = nullptr;
    sigaction(SIGSEGV, &before_work[0], nullptr);
    sigaction(SIGBUS, &before_work[1], nullptr);
}

block locate(const void* address) {
    const auto* at = static_cast<const std::byte*>(address);
    for (const bool live : {true, false}) {
        const auto& known = live ? the().memory : the().freed;
        auto next = known.upper_bound(at);
        if (next == known.begin()) continue;
        const allocation& found = std::prev(next)->second;
        if (at < found.begin + found.bytes) return {live ? found.what : memory_kind::freed, found.begin, found.bytes, found.number};
    }
    return {};
}

cudaError_t check_region(const region& r, const std::string& who, const char* how) {
    if (r.bytes == 0) return cudaSuccess;
    const block where = locate(r.data);
    const auto refuse = [&](const char* why) {
        return misused(cudaErrorInvalidValue,
                       "'" + who + "' " + how + " " + std::to_string(r.bytes) + " bytes of " + describe(r.data) + ": " + why);
    };
    if (where.kind == memory_kind::freed) return refuse("it was freed");
    if (where.kind == memory_kind::unknown) return refuse("the device cannot touch it");
    const auto left = where.bytes - static_cast<std::size_t>(static_cast<const std::byte*>(r.data) - where.begin);
    return r.bytes > left ? refuse("past its end") : cudaSuccess;
}

void release_everything() {
    state& s = the();
    for (const auto* known : {&s.memory, &s.freed})
        for (const auto& [begin, block] : *known) munmap(block.mapping, block.mapping_bytes);
    s.memory.clear();
    s.freed.clear();
    s.freed_order.clear();
    s.device_bytes = 0;
}

}  // namespace vgpu::detail

namespace vgpu {

block find(const void* address) {
    const detail::guard hold(detail::the().lock);
    return detail::locate(address);
}

std::string describe(const void* address) {
    const block where = find(address);
    char text[40];
    std::snprintf(text, sizeof text, "%p", address);
    if (where.kind == memory_kind::unknown) return std::string("host memory at ") + text;
    const char* names[] = {"host", "device", "pinned", "mapped pinned", "freed"};
    const auto offset = static_cast<const std::byte*>(address) - where.begin;
    return std::string(names[static_cast<int>(where.kind)]) + " memory of " + std::to_string(where.bytes) + " bytes (allocation " +
           std::to_string(where.number) + "), at byte " + std::to_string(offset);
}

access::access() {
    const detail::guard hold(detail::the().lock);
    detail::open_memory();
}
access::~access() {
    const detail::guard hold(detail::the().lock);
    detail::close_memory();
}

}  // namespace vgpu

using namespace vgpu;
using namespace vgpu::detail;

extern "C" {

cudaError_t cudaMalloc(void** where, size_t bytes) {
    return call("cudaMalloc", [&] { return allocate_device(where, bytes); });
}
cudaError_t cudaFree(void* address) {
    return release_call("cudaFree", [&] { return free_block(address, memory_kind::device, "cudaFree"); });
}
cudaError_t cudaHostAlloc(void** where, size_t bytes, unsigned int flags) {
    return call("cudaHostAlloc", [&] { return allocate_pinned(where, bytes, flags); });
}
cudaError_t cudaMallocHost(void** where, size_t bytes) {
    return call("cudaMallocHost", [&] { return allocate_pinned(where, bytes, cudaHostAllocDefault); });
}
cudaError_t cudaFreeHost(void* address) {
    return release_call("cudaFreeHost", [&] { return free_block(address, memory_kind::pinned, "cudaFreeHost"); });
}

cudaError_t cudaHostGetDevicePointer(void** where, void* host, unsigned int flags) {
    return call("cudaHostGetDevicePointer", [&] {
        const block found = locate(host);
        if (where == nullptr || flags != 0 || found.kind != memory_kind::pinned)
            return misused(cudaErrorInvalidValue, "cudaHostGetDevicePointer: not pinned memory: " + describe(host));
        std::byte* twin = the().memory.at(found.begin).twin;
        if (twin == nullptr)
            return misused(cudaErrorInvalidValue, "cudaHostGetDevicePointer: allocated without cudaHostAllocMapped: " + describe(host));
        *where = twin + (static_cast<std::byte*>(host) - found.begin);
        return cudaSuccess;
    });
}

cudaError_t cudaMemGetInfo(size_t* free_bytes, size_t* total_bytes) {
    return call("cudaMemGetInfo", [&] {
        *free_bytes = the().device.memory - the().device_bytes;
        *total_bytes = the().device.memory;
        return cudaSuccess;
    });
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* address) {
    return call("cudaPointerGetAttributes", [&] {
        const block found = locate(address);
        *attributes = {};
        attributes->device = 0;
        attributes->type = cudaMemoryTypeUnregistered;
        if (found.kind == memory_kind::device) {
            attributes->type = cudaMemoryTypeDevice;
            attributes->devicePointer = const_cast<void*>(address);
        } else if (found.kind == memory_kind::pinned || found.kind == memory_kind::mapped) {
            std::byte* twin = the().memory.at(found.begin).twin;
            const auto offset = static_cast<const std::byte*>(address) - found.begin;
            void* other = twin != nullptr ? twin + offset : nullptr;
            const bool host = found.kind == memory_kind::pinned;
            attributes->type = cudaMemoryTypeHost;
            attributes->hostPointer = host ? const_cast<void*>(address) : other;
            attributes->devicePointer = host ? other : const_cast<void*>(address);
        }
        return cudaSuccess;
    });
}

}  // extern "C"
