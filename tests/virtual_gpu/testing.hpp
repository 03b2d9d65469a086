// SPDX-License-Identifier: MIT
// What the virtual GPU's own tests share: a clean machine for each test, work made of a function, and "this crashes".
#pragma once

#include "device.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <cstring>
#include <sys/wait.h>
#include <unistd.h>

namespace testing {

/// Nothing is left from the test before, and the order is the one asked for.
struct machine {
    explicit machine(vgpu::order how = vgpu::order::mixed, std::uint64_t seed = 1) {
        vgpu::reset();
        vgpu::set_device(vgpu::properties{});
        vgpu::set_order(how, seed);
    }
    ~machine() {
        vgpu::reset();
        vgpu::set_device(vgpu::properties{});
        vgpu::set_order(vgpu::order::mixed, 1);
    }
    machine(const machine&) = delete;
    machine& operator=(const machine&) = delete;
};

inline cudaStream_t new_stream(unsigned flags = cudaStreamNonBlocking) {
    cudaStream_t s = nullptr;
    REQUIRE(cudaStreamCreateWithFlags(&s, flags) == cudaSuccess);
    return s;
}
inline cudaEvent_t new_event(unsigned flags = cudaEventDisableTiming) {
    cudaEvent_t e = nullptr;
    REQUIRE(cudaEventCreateWithFlags(&e, flags) == cudaSuccess);
    return e;
}
template <class T = float>
T* on_device(std::size_t count) {
    void* p = nullptr;
    REQUIRE(cudaMalloc(&p, count * sizeof(T)) == cudaSuccess);
    return static_cast<T*>(p);
}
template <class T = float>
T* pinned(std::size_t count, unsigned flags = cudaHostAllocMapped) {
    void* p = nullptr;
    REQUIRE(cudaHostAlloc(&p, count * sizeof(T), flags) == cudaSuccess);
    return static_cast<T*>(p);
}

/// Adds `amount` to one float, as a library would.
inline cudaError_t add(cudaStream_t s, float* at, float amount, const char* name = "add") {
    return vgpu::enqueue(s, name, {{at, sizeof(float)}}, {{at, sizeof(float)}}, [=] { *at += amount; });
}
/// Writes one float.
inline cudaError_t put(cudaStream_t s, float* at, float value, const char* name = "put") {
    return vgpu::enqueue(s, name, {}, {{at, sizeof(float)}}, [=] { *at = value; });
}
/// Copies one float.
inline cudaError_t take(cudaStream_t s, float* to, const float* from, const char* name = "take") {
    return vgpu::enqueue(s, name, {{from, sizeof(float)}}, {{to, sizeof(float)}}, [=] { *to = *from; });
}
/// What is there now, whatever is still queued.
template <class T>
T peek(const T* at) {
    const vgpu::access open;
    return *at;
}

inline bool mentions(const std::vector<std::string>& sentences, const std::string& words) {
    for (const std::string& s : sentences)
        if (s.find(words) != std::string::npos) return true;
    return false;
}

/// Whether another process that does this dies of a bad access. What it says goes nowhere.
template <class Body>
bool crashes(Body&& body) {
    const pid_t child = fork();
    if (child == 0) {
        std::signal(SIGSEGV, SIG_DFL);
        std::signal(SIGBUS, SIG_DFL);
        if (freopen("/dev/null", "w", stderr) == nullptr) _exit(2);
        body();
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) && (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS);
}

}  // namespace testing
