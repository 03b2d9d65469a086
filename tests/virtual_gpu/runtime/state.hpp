// SPDX-License-Identifier: MIT
// What the virtual GPU's runtime knows, in one place behind one lock: allocations, streams with their queued work, events, captures,
// graphs, kernels, counters and faults. Only the files of this folder include it. Queued work runs while the lock is held.
#pragma once

#include "../device.hpp"

#include <deque>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <thread>
#include <unordered_map>
#include <utility>

namespace vgpu::detail {

// ---- Queued work -------------------------------------------------------------------------------------------------------------------

/// Which pieces of work are known to come before: for each stream, how many of its items.
using clock = std::map<std::uint64_t, std::uint64_t>;
void merge(clock& into, const clock& from);

/// A point in a stream's queue; done once everything up to it has run.
struct mark {
    bool done = false;
    std::uint64_t stream = 0, position = 0;
    clock before;               // itself included
    double milliseconds = 0;    // when it was reached
    int polls = 0, polls_needed = 0;
};
using mark_ptr = std::shared_ptr<mark>;

enum class kind { kernel, library, copy, set, event, host, graph };

/// An address that was given to a kernel, and the allocation it then belonged to.
struct pointer {
    const void* address;
    std::uint64_t allocation;
};

struct task {
    kind what = kind::library;
    std::string name;
    std::vector<region> reads, writes;
    std::function<void()> work;
    traffic told = {};              // of a kernel, which has no regions
    std::vector<pointer> pointers;  // of a kernel
    std::uint64_t library = 0;      // that the kernel came from
};

struct node {
    task job;
    std::vector<std::size_t> after;
    std::uint64_t handle = 0;
};

/// Bytes that are read or written, for the race detector.
struct range {
    const std::byte* begin;
    const std::byte* end;
    bool write;
    std::string name;
};
using ranges = std::shared_ptr<const std::vector<range>>;

struct graph_body {
    std::vector<node> nodes;
    ranges touched;
};

struct item {
    task job;
    std::shared_ptr<const graph_body> graph;
    mark_ptr done;
    std::vector<mark_ptr> after;
};

// ---- Objects behind handles --------------------------------------------------------------------------------------------------------

struct capture {
    cudaStreamCaptureMode mode = cudaStreamCaptureModeGlobal;
    std::thread::id thread;
    std::uint64_t origin = 0;
    unsigned long long id = 0;
    bool invalid = false, ended = false;
    std::vector<node> nodes;
};
using capture_ptr = std::shared_ptr<capture>;

struct stream {
    std::uint64_t id = 0;
    unsigned flags = 0;
    std::deque<item> queue;
    mark_ptr last;  // of the newest item; null when nothing was ever queued
    clock known;    // what is before the next item
    std::uint64_t position = 0;
    capture_ptr capturing;
    std::vector<std::size_t> frontier;  // the nodes that the next captured node comes after
    bool blocking() const { return (flags & cudaStreamNonBlocking) == 0; }
};

struct event {
    unsigned flags = 0;
    mark_ptr recorded;
    capture_ptr captured;
    std::vector<std::size_t> frontier;
};

struct graph {
    std::shared_ptr<graph_body> body;
};
struct graph_exec {
    std::shared_ptr<const graph_body> body;
    mark_ptr last;
};

struct allocation {
    memory_kind what = memory_kind::device;
    std::byte* begin = nullptr;
    std::size_t bytes = 0;
    std::byte* mapping = nullptr;  // with the guard pages
    std::size_t mapping_bytes = 0;
    std::uint64_t number = 0;
    std::byte* twin = nullptr;     // pinned <-> mapped
};

struct kernel {
    std::string name;
    host_kernel body = nullptr;
    kernel_traffic bytes = nullptr;
    std::vector<std::size_t> parameters;
};

struct fault {
    std::string name;
    std::uint64_t left;
    int status;
};

// ---- The state ---------------------------------------------------------------------------------------------------------------------

struct state {
    std::recursive_mutex lock;

    properties device;
    std::map<std::string, std::int64_t> described;  // the numbers of the JSON file

    std::map<const std::byte*, allocation> memory;  // by first address; live ones
    std::map<const std::byte*, allocation> freed;   // addresses that are kept from being used again
    std::deque<const std::byte*> freed_order;
    std::size_t device_bytes = 0;
    std::uint64_t allocated = 0;
    int open = 0;  // how many hold the memory open

    std::uint64_t next_handle = 1;
    std::map<std::uint64_t, stream> streams;  // 0 is the legacy default stream
    std::map<std::uint64_t, event> events;
    std::map<std::uint64_t, graph> graphs;
    std::map<std::uint64_t, graph_exec> execs;
    std::map<std::uint64_t, std::set<std::uint64_t>> libraries;  // with the kernels that were asked of each
    std::map<std::uint64_t, std::string> kernel_handles;
    std::map<std::string, kernel> kernels;
    std::vector<capture_ptr> captures;
    unsigned long long capture_count = 0;

    order how = order::mixed;
    std::mt19937_64 random;
    bool running = false;
    std::thread::id runner;
    cudaError_t sticky = cudaSuccess;

    clock host;  // what the host has seen finished
    struct access_entry {
        std::uint64_t position;
        ranges touched;
    };
    std::map<std::uint64_t, std::deque<access_entry>> accesses;  // per stream
    std::set<std::string> races;

    counts counted;
    std::map<std::string, std::uint64_t> called;
    std::vector<fault> faults, work_faults;
    std::vector<std::string> misuses;
    std::map<const void*, std::string> tracked;
};
state& the();
using guard = std::lock_guard<std::recursive_mutex>;

// Handles are numbers that look like addresses nobody can read, never used twice.
enum class space : std::uint64_t { stream = 0x1, event = 0x2, graph = 0x3, exec = 0x4, library = 0x5, kernel = 0x6, node = 0x7 };
std::uint64_t fresh(space);
template <class Handle>
Handle to_handle(std::uint64_t value) {
    return reinterpret_cast<Handle>(value);
}
template <class Handle>
std::uint64_t from_handle(Handle handle) {
    return reinterpret_cast<std::uint64_t>(handle);
}

// ---- Calls -------------------------------------------------------------------------------------------------------------------------

cudaError_t note(cudaError_t status);                                  // as cudaGetLastError will tell it
cudaError_t misused(cudaError_t status, std::string sentence);         // a broken rule
cudaError_t may_call(const char* name);                                // driver, sticky error, call inside queued work

/// An API function: counted, and failed on demand.
template <class Body>
cudaError_t call(const char* name, Body&& body) {
    const guard hold(the().lock);
    if (const int status = enter(name); status != 0) return note(static_cast<cudaError_t>(status));
    if (const cudaError_t status = may_call(name); status != cudaSuccess) return note(status);
    return note(body());
}

/// An API function that releases something: it does so even where it is made to fail.
template <class Body>
cudaError_t release_call(const char* name, Body&& body) {
    const guard hold(the().lock);
    const int injected = enter(name);
    const cudaError_t before = may_call(name);
    const cudaError_t status = body();
    if (injected != 0) return note(static_cast<cudaError_t>(injected));
    return note(before != cudaSuccess ? before : status);
}

// ---- Order (schedule.cpp) ----------------------------------------------------------------------------------------------------------

stream* find_stream(cudaStream_t);
cudaError_t no_stream(const char* call);
/// Checks the regions, then queues, or records under capture.
cudaError_t submit(cudaStream_t, task, const char* call);
mark_ptr push(stream&, item);
/// Runs what is needed until the mark is done; what else runs is up to the order.
void run_until(const mark_ptr&);
/// The host knows that this has finished.
void seen(const mark_ptr&);
/// run_until + seen + the counters of waits.
cudaError_t wait_for(const mark_ptr&);
cudaError_t poll(const mark_ptr&);
void run_task(const task&);
void drain_all();

// ---- Capture (graphs.cpp) ----------------------------------------------------------------------------------------------------------

cudaError_t capture_node(stream&, task);
cudaError_t refuse_when_capturing(const char* call);  // an unsafe call of this thread
cudaError_t invalidate(capture&, cudaError_t, std::string sentence);
cudaError_t legacy_stream_use(const char* call);
void run_graph(const graph_body&);

// ---- Races (races.cpp) -------------------------------------------------------------------------------------------------------------

ranges ranges_of(const task&);
ranges ranges_of(const std::vector<node>&);
void check_races(const stream&, const mark&, const ranges&);
void check_races(const std::vector<node>&);
void forget_what_the_host_has_seen();

// ---- Memory (memory.cpp) -----------------------------------------------------------------------------------------------------------

block locate(const void*);  // without the lock's help: the caller holds it
cudaError_t check_region(const region&, const std::string& who, const char* how);
void open_memory();
void close_memory();
// While queued work runs, a crash first says which work touched what.
void watch_faults(const char* name);
void watch_faults_of(const char* name);
void unwatch_faults();
void release_everything();

class opened {
public:
    opened() { open_memory(); }
    ~opened() { close_memory(); }
    opened(const opened&) = delete;
    opened& operator=(const opened&) = delete;
};

}  // namespace vgpu::detail
