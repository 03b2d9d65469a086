// SPDX-License-Identifier: MIT
// Faults to order, calls counted, and devices that are not there, are too old, or are described by a file.
#include "testing.hpp"

#include <array>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

using namespace testing;

TEST_CASE("the nth call of a function fails once, and has no effect") {
    const machine m;
    vgpu::fail("cudaMalloc", 2, cudaErrorMemoryAllocation);
    void* p = nullptr;
    CHECK(cudaMalloc(&p, 16) == cudaSuccess);
    CHECK(cudaMalloc(&p, 16) == cudaErrorMemoryAllocation);
    CHECK(cudaMalloc(&p, 16) == cudaSuccess);
    CHECK(vgpu::counters().allocations == 2);
    CHECK(vgpu::live().size() == 2);
    CHECK(vgpu::calls().at("cudaMalloc") == 3);
    CHECK(vgpu::misuse().empty());
}

TEST_CASE("what releases something releases it even when it fails") {
    const machine m;
    float* p = on_device(1);
    const cudaStream_t s = new_stream();
    vgpu::fail("cudaFree", 1, cudaErrorLaunchFailure);
    vgpu::fail("cudaStreamDestroy", 1, cudaErrorLaunchFailure);
    CHECK(cudaFree(p) == cudaErrorLaunchFailure);
    CHECK(cudaStreamDestroy(s) == cudaErrorLaunchFailure);
    CHECK(vgpu::live().empty());
}

TEST_CASE("a fault may be ordered for the nth call of any function") {
    const machine m;
    vgpu::fail("", 3, cudaErrorUnknown);
    int version = 0, device = 0;
    void* p = nullptr;
    CHECK(cudaDriverGetVersion(&version) == cudaSuccess);
    CHECK(cudaGetDevice(&device) == cudaSuccess);
    CHECK(cudaMalloc(&p, 16) == cudaErrorUnknown);
    CHECK(cudaMalloc(&p, 16) == cudaSuccess);
}

TEST_CASE("a capture whose end fails is over all the same") {
    const machine m;
    const cudaStream_t s = new_stream();
    cudaGraph_t g = nullptr;
    vgpu::fail("cudaStreamEndCapture", 1, cudaErrorUnknown);
    REQUIRE(cudaStreamBeginCapture(s, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
    CHECK(cudaStreamEndCapture(s, &g) == cudaErrorUnknown);
    CHECK_FALSE(vgpu::capturing(s));
    CHECK(vgpu::live().size() == 1);
}

TEST_CASE("work that fails when it runs is seen at the next wait, and nothing runs after it") {
    const machine m;
    const cudaStream_t s = new_stream();
    float* p = on_device(1);
    REQUIRE(put(s, p, 1.0f) == cudaSuccess);
    vgpu::fail_work("add", 2, cudaErrorLaunchFailure);
    for (int i = 0; i < 3; ++i) REQUIRE(add(s, p, 1.0f) == cudaSuccess);
    CHECK(cudaStreamSynchronize(s) == cudaErrorLaunchFailure);
    CHECK(peek(p) == 2.0f);
    void* q = nullptr;
    CHECK(cudaMalloc(&q, 16) == cudaErrorLaunchFailure);
    CHECK(cudaFree(p) == cudaErrorLaunchFailure);
    CHECK(cudaStreamDestroy(s) == cudaErrorLaunchFailure);
    CHECK(vgpu::live().empty());
    vgpu::reset();
    CHECK(cudaMalloc(&q, 16) == cudaSuccess);
}

TEST_CASE("work that throws is a launch failure and a misuse") {
    const machine m;
    const cudaStream_t s = new_stream();
    REQUIRE(vgpu::enqueue(s, "thrower", {}, {}, [] { throw std::runtime_error("no"); }) == cudaSuccess);
    CHECK(cudaStreamSynchronize(s) == cudaErrorLaunchFailure);
    CHECK(mentions(vgpu::misuse(), "'thrower' failed: no"));
}

TEST_CASE("handles of libraries are listed until they are destroyed") {
    const machine m;
    int handle = 0;
    vgpu::track("a cuDNN handle", &handle);
    CHECK(mentions(vgpu::live(), "a cuDNN handle"));
    vgpu::untrack(&handle);
    CHECK(vgpu::live().empty());
}

TEST_CASE("a machine without a device, and one with an old driver, say so") {
    const machine m;
    vgpu::properties d;
    d.devices = 0;
    vgpu::set_device(d);
    int count = 7;
    CHECK(cudaGetDeviceCount(&count) == cudaErrorNoDevice);
    CHECK(count == 0);
    d.devices = 1;
    d.driver_version = 12040;
    vgpu::set_device(d);
    void* p = nullptr;
    CHECK(cudaMalloc(&p, 16) == cudaErrorInsufficientDriver);
    int version = 0;
    CHECK(cudaDriverGetVersion(&version) == cudaSuccess);
    CHECK(version == 12040);
    CHECK(std::string(cudaGetErrorName(cudaErrorInsufficientDriver)) == "cudaErrorInsufficientDriver");
    CHECK(std::string(cudaGetErrorString(cudaErrorMemoryAllocation)) == "out of memory");
}

TEST_CASE("a device is what its file says") {
    const machine m;
    const std::string path = "vgpu_device_" + std::to_string(getpid()) + ".json";
    std::ofstream(path) << R"({ "deviceName": "A thing", "deviceVer": 860, "multiProcessorCount": 82, "totalGlobalMem": 25296961536,
        "maxGridSize": [2147483647, 65535, 65535], "l2CacheSize": 6291456 })";
    vgpu::set_device(path);
    std::remove(path.c_str());
    cudaDeviceProp p;
    REQUIRE(cudaGetDeviceProperties(&p, 0) == cudaSuccess);
    CHECK(std::string(p.name) == "A thing");
    CHECK(p.major == 8);
    CHECK(p.minor == 6);
    CHECK(p.multiProcessorCount == 82);
    CHECK(p.totalGlobalMem == 25296961536u);
    CHECK(p.l2CacheSize == 6291456);
    CHECK(cudaGetDeviceProperties(&p, 1) == cudaErrorInvalidDevice);
    CHECK(cudaSetDevice(1) == cudaErrorInvalidDevice);
    CHECK_THROWS_WITH(vgpu::set_device(std::string("no such file")), doctest::Contains("no such file: cannot be read"));
}

TEST_CASE("several threads may use several streams") {
    const machine m;
    float* p = on_device(4);
    std::vector<std::thread> threads;
    std::array<cudaError_t, 4> status{};
    for (std::size_t t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            cudaStream_t s = nullptr;
            status[t] = cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking);
            for (int i = 0; i < 200 && status[t] == cudaSuccess; ++i) {
                status[t] = i == 0 ? put(s, p + t, 1.0f) : add(s, p + t, 1.0f);
                if (status[t] == cudaSuccess && i % 10 == 9) status[t] = cudaStreamSynchronize(s);
            }
            if (status[t] == cudaSuccess) status[t] = cudaStreamDestroy(s);
        });
    for (auto& t : threads) t.join();
    for (std::size_t t = 0; t < 4; ++t) {
        CHECK(status[t] == cudaSuccess);
        CHECK(peek(p + t) == 200.0f);
    }
    CHECK(vgpu::misuse().empty());
}
