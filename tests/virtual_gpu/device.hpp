// SPDX-License-Identifier: MIT
// The virtual GPU: what the tests, the host kernels and the libraries built on it (virtual cuDNN, virtual cuBLASLt) may ask of it.
// The static library strata_virtual_gpu defines the CUDA runtime's C functions on the host; this header is the back door to it.
// Device memory is a protected mapping: it can be touched only inside queued work (or under a vgpu::access), elsewhere it crashes.
// Every function here may be called from any thread.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace vgpu {

// ---- The device ------------------------------------------------------------------------------------------------------------------

struct properties {
    std::string name = "virtual GPU";
    int major = 9, minor = 0;
    std::size_t memory = std::size_t{80} << 30;  // total bytes: cudaMalloc fails beyond it
    int multiprocessors = 132;
    int l2_bytes = 50 << 20;
    int memory_clock_khz = 2619000, clock_khz = 1980000;
    int devices = 1;              // 0: cudaErrorNoDevice
    int driver_version = 13000;   // below the runtime's: every call but the two version calls is cudaErrorInsufficientDriver
    int runtime_version = 13000;
    std::string json{};            // the description the properties came from, when they came from a file
};

/// A device of tests/devices/*.json (cuDNN's names), or one that is described by hand. Call it before the first CUDA call.
void set_device(const std::string& json_file);
void set_device(const properties& device);
const properties& device();
void set_memory(std::size_t total_bytes);

// ---- Queued work (for virtual cuDNN and cuBLASLt) ----------------------------------------------------------------------------------

struct region {
    const void* data = nullptr;
    std::size_t bytes = 0;
};

/// Queues `work` on a stream, as a library call does. It runs lazily, in stream order, as late as the API allows; under capture it
/// becomes a node and runs at each launch of the graph. Inside `work` device memory can be touched. `work` must own copies of all
/// that it needs: the caller's descriptors may be gone when it runs. The regions must lie in live device (or pinned) memory, when
/// queued and again when run; they are also what the race detector and the counters of bytes see.
/// Returned: cudaErrorInvalidResourceHandle (no such stream), cudaErrorInvalidValue (a region), or the capture's error. What `work`
/// throws becomes a misuse and a sticky cudaErrorLaunchFailure.
[[nodiscard]] cudaError_t enqueue(cudaStream_t stream, std::string name, std::vector<region> reads, std::vector<region> writes,
                                  std::function<void()> work);

/// Whether work queued on this stream now would be captured.
bool capturing(cudaStream_t stream);
bool stream_exists(cudaStream_t stream);
/// For library calls that allocate, load or synchronise: an error (and the capture is invalidated) when the calling thread may not do
/// so because of a capture, else cudaSuccess.
[[nodiscard]] cudaError_t unsafe_call(const char* call);

/// Counts a call of an API function and says what it must return: 0, or the status that fail() has asked for.
/// A call that only releases something should release it and then return the status.
[[nodiscard]] int enter(const char* call);
/// A handle or descriptor of a library, for live().
void track(const char* kind, const void* handle);
void untrack(const void* handle);
/// Notes a rule that was broken; the caller returns an error as well.
void report_misuse(std::string sentence);

// ---- Memory ------------------------------------------------------------------------------------------------------------------------

enum class memory_kind { unknown, device, pinned, mapped, freed };  // mapped: the device's address of pinned memory
struct block {
    memory_kind kind = memory_kind::unknown;
    const std::byte* begin = nullptr;
    std::size_t bytes = 0;
    std::uint64_t number = 0;  // the how-manieth allocation of the process
};
/// The allocation that holds this address; unknown for host memory.
block find(const void* address);
/// "device memory of 512 bytes (allocation 3), at byte 16"
std::string describe(const void* address);

/// Opens device memory to host code while it lives: for tests that look behind the API. Runs no queued work.
class access {
public:
    access();
    ~access();
    access(const access&) = delete;
    access& operator=(const access&) = delete;
};

// ---- Own kernels -------------------------------------------------------------------------------------------------------------------

struct traffic {
    std::uint64_t read = 0, written = 0;
};
using host_kernel = void (*)(void** arguments, dim3 grid, dim3 block);
using kernel_traffic = traffic (*)(void** arguments, dim3 grid, dim3 block);
/// The host body behind a kernel's name, for cudaLibraryGetKernel. The parameters are copied at the launch: `parameter_bytes` of each.
/// Registering the same name again replaces it. Usable before main (from a constructor of a static object).
void register_kernel(std::string name, host_kernel body, std::size_t parameter_bytes, kernel_traffic bytes = nullptr);
void register_kernel(std::string name, host_kernel body, std::vector<std::size_t> parameter_bytes, kernel_traffic bytes = nullptr);

// ---- Order -------------------------------------------------------------------------------------------------------------------------

enum class order {
    late,      // only what a demand needs, as late as possible
    shuffled,  // at each demand, whatever is ready, in a random order, until the demand is met
    mixed,     // one or the other, by chance (the default)
    eager      // at once, as on a machine that is never behind
};
/// The environment variables VGPU_SEED and VGPU_ORDER set the first values.
void set_order(order, std::uint64_t seed);

// ---- What happened -----------------------------------------------------------------------------------------------------------------

struct operation_count {
    std::uint64_t runs = 0, read = 0, written = 0;  // bytes
};
struct counts {
    std::uint64_t launches = 0;          // kernels launched or captured through cudaLaunchKernelExC
    std::uint64_t graph_launches = 0;
    std::uint64_t synchronisations = 0;  // the host waited until a stream's queue was empty (cudaFree and blocking copies included)
    std::uint64_t event_waits = 0;       // the host waited for an event with more work queued behind it
    std::uint64_t copies = 0, sets = 0;  // copies and memsets that ran, those inside graphs included
    std::uint64_t allocations = 0;       // cudaMalloc and cudaHostAlloc
    std::uint64_t bytes_read = 0, bytes_written = 0;  // of all that ran and told its regions or traffic
    std::map<std::string, operation_count> kernels;    // own kernels that ran, by name
    std::map<std::string, operation_count> library;    // enqueue() work that ran, by name
};
counts counters();
void reset_counters();

/// How often each API function was called since the last reset_calls().
std::map<std::string, std::uint64_t> calls();
void reset_calls();
/// The nth call (1 = the next one) of this function from now on returns the status and has no other effect, except that what releases
/// something releases it. A `call` of "" counts every function's calls together.
void fail(std::string call, std::uint64_t nth, int status);
/// The nth piece of queued work of that name ("" = any) from now on fails when it runs: a sticky error, seen at the next demand.
void fail_work(std::string name, std::uint64_t nth, cudaError_t status);
void clear_faults();

/// What is not freed yet, a sentence each: allocations, streams, events, graphs, libraries, handles. Work still queued is one too.
std::vector<std::string> live();
/// The rules that were broken, a sentence each, since the last clear.
std::vector<std::string> misuse();
void clear_misuse();
/// Forgets everything: memory, streams, queued work (not run), counters, faults, misuse, sticky errors. Registered kernels stay, and
/// the device and the order too.
void reset();

}  // namespace vgpu
