// SPDX-License-Identifier: MIT
// What happened and what went wrong on the virtual GPU: counters, calls, faults to order, broken rules, what is still alive.
#include "state.hpp"

#include <cstdlib>
#include <stdexcept>

namespace vgpu::detail {

namespace {
thread_local cudaError_t last_error = cudaSuccess;

state* fresh_state() {
    auto* s = new state;  // never destroyed: static objects may still release things at exit
    const char* seed = std::getenv("VGPU_SEED");
    s->random.seed(seed != nullptr ? std::strtoull(seed, nullptr, 10) : 1);
    const std::string how = std::getenv("VGPU_ORDER") != nullptr ? std::getenv("VGPU_ORDER") : "mixed";
    const std::map<std::string, order> known = {
        {"late", order::late}, {"shuffled", order::shuffled}, {"mixed", order::mixed}, {"eager", order::eager}};
    const auto found = known.find(how);
    if (found == known.end()) throw std::runtime_error("VGPU_ORDER: " + how + " is none of late, shuffled, mixed, eager");
    s->how = found->second;
    return s;
}

/// The status that a fault orders for this call, or 0.
int due(std::vector<fault>& faults, const std::string& name) {
    int status = 0;
    for (std::size_t i = 0; i < faults.size();) {
        const bool mine = faults[i].name.empty() || faults[i].name == name;
        if (mine && --faults[i].left == 0) {
            if (status == 0) status = faults[i].status;
            faults.erase(faults.begin() + static_cast<std::ptrdiff_t>(i));
        } else {
            ++i;
        }
    }
    return status;
}

}  // namespace

state& the() {
    static state* const only = fresh_state();
    return *only;
}

std::uint64_t fresh(space what) {
    return (static_cast<std::uint64_t>(what) << 44) | (std::uint64_t{0x5} << 40) | (the().next_handle++ << 4);
}

cudaError_t note(cudaError_t status) {
    if (status != cudaSuccess) last_error = status;
    return status;
}

cudaError_t misused(cudaError_t status, std::string sentence) {
    report_misuse(std::move(sentence));
    return status;
}

cudaError_t may_call(const char* name) {
    const state& s = the();
    if (s.device.driver_version < s.device.runtime_version) return cudaErrorInsufficientDriver;
    if (s.device.devices == 0) return cudaErrorNoDevice;
    if (s.running && s.runner == std::this_thread::get_id())
        return misused(cudaErrorNotPermitted, std::string(name) + " was called inside queued work");
    return s.sticky;
}

}  // namespace vgpu::detail

namespace vgpu {

using namespace detail;

int enter(const char* call) {
    const guard hold(the().lock);
    ++the().called[call];
    return due(the().faults, call);
}

void track(const char* kind, const void* handle) {
    const guard hold(the().lock);
    the().tracked[handle] = kind;
}
void untrack(const void* handle) {
    const guard hold(the().lock);
    the().tracked.erase(handle);
}

void report_misuse(std::string sentence) {
    const guard hold(the().lock);
    the().misuses.push_back(std::move(sentence));
}
std::vector<std::string> misuse() {
    const guard hold(the().lock);
    return the().misuses;
}
void clear_misuse() {
    const guard hold(the().lock);
    the().misuses.clear();
    the().races.clear();
}

counts counters() {
    const guard hold(the().lock);
    return the().counted;
}
void reset_counters() {
    const guard hold(the().lock);
    the().counted = {};
}
std::map<std::string, std::uint64_t> calls() {
    const guard hold(the().lock);
    return the().called;
}
void reset_calls() {
    const guard hold(the().lock);
    the().called.clear();
}

void fail(std::string call, std::uint64_t nth, int status) {
    const guard hold(the().lock);
    if (nth != 0) the().faults.push_back({std::move(call), nth, status});
}
void fail_work(std::string name, std::uint64_t nth, cudaError_t status) {
    const guard hold(the().lock);
    if (nth != 0) the().work_faults.push_back({std::move(name), nth, status});
}
void clear_faults() {
    const guard hold(the().lock);
    the().faults.clear();
    the().work_faults.clear();
}

std::vector<std::string> live() {
    const guard hold(the().lock);
    const state& s = the();
    std::vector<std::string> out;
    for (const auto& [begin, block] : s.memory)
        if (block.what != memory_kind::mapped) out.push_back(describe(begin));
    for (const auto& [id, one] : s.streams) {
        if (id != 0) out.push_back("a stream");
        if (!one.queue.empty()) out.push_back(std::to_string(one.queue.size()) + " pieces of work queued on a stream");
        if (one.capturing != nullptr) out.push_back("a capture that has not ended");
    }
    for (std::size_t i = 0; i < s.events.size(); ++i) out.push_back("an event");
    for (std::size_t i = 0; i < s.graphs.size(); ++i) out.push_back("a graph");
    for (std::size_t i = 0; i < s.execs.size(); ++i) out.push_back("an instantiated graph");
    for (std::size_t i = 0; i < s.libraries.size(); ++i) out.push_back("a library of kernels");
    for (const auto& [handle, kind] : s.tracked) out.push_back(kind);
    return out;
}

void reset() {
    state& s = the();
    const guard hold(s.lock);
    s.streams.clear();
    s.events.clear();
    s.graphs.clear();
    s.execs.clear();
    s.libraries.clear();
    s.kernel_handles.clear();
    s.captures.clear();
    s.tracked.clear();
    release_everything();
    s.host.clear();
    s.accesses.clear();
    s.sticky = cudaSuccess;
    s.counted = {};
    s.called.clear();
    clear_faults();
    clear_misuse();
    last_error = cudaSuccess;
}

}  // namespace vgpu

using namespace vgpu;
using namespace vgpu::detail;

extern "C" {

cudaError_t cudaGetLastError(void) {
    const guard hold(the().lock);
    const int injected = enter("cudaGetLastError");
    const cudaError_t status = the().sticky != cudaSuccess ? the().sticky : last_error;
    last_error = cudaSuccess;
    return injected != 0 ? static_cast<cudaError_t>(injected) : status;
}

cudaError_t cudaPeekAtLastError(void) {
    const guard hold(the().lock);
    const int injected = enter("cudaPeekAtLastError");
    if (injected != 0) return static_cast<cudaError_t>(injected);
    return the().sticky != cudaSuccess ? the().sticky : last_error;
}

}  // extern "C"
