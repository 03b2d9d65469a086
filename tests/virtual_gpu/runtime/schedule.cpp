// SPDX-License-Identifier: MIT
// Streams keep their work queued until something demands it. Then what is needed runs: either that alone, or whatever is ready in a
// shuffled order until the demand is met. A product that forgot to wait reads what is not there yet.
#include "state.hpp"

#include <algorithm>
#include <chrono>
#include <exception>

namespace vgpu::detail {
namespace {

double milliseconds_now() {
    using namespace std::chrono;
    static const auto start = steady_clock::now();
    return duration<double, std::milli>(steady_clock::now() - start).count();
}

bool ready(const stream& s) {
    if (s.queue.empty()) return false;
    const auto& after = s.queue.front().after;
    return std::all_of(after.begin(), after.end(), [](const mark_ptr& m) { return m->done; });
}

/// The stream whose first item brings the mark nearest.
stream& towards(const mark_ptr& target) {
    stream* at = &the().streams.at(target->stream);
    for (;;) {
        const auto& after = at->queue.front().after;
        const auto waits = std::find_if(after.begin(), after.end(), [](const mark_ptr& m) { return !m->done; });
        if (waits == after.end()) return *at;
        at = &the().streams.at((*waits)->stream);
    }
}

stream& any_ready() {
    std::vector<stream*> choice;
    for (auto& [id, s] : the().streams)
        if (ready(s)) choice.push_back(&s);
    return *choice[the().random() % choice.size()];
}

/// Device memory is open and a crash is explained while this lives.
class running {
public:
    running() {
        open_memory();
        the().running = true;
        the().runner = std::this_thread::get_id();
        watch_faults("work");
    }
    ~running() {
        unwatch_faults();
        the().running = false;
        close_memory();
    }
    running(const running&) = delete;
    running& operator=(const running&) = delete;
};

void run_first(stream& s) {
    item first = std::move(s.queue.front());
    s.queue.pop_front();
    if (the().sticky == cudaSuccess) {
        if (first.graph != nullptr) run_graph(*first.graph);
        else run_task(first.job);
    }
    first.done->milliseconds = milliseconds_now();
    first.done->done = true;
}

void run_fault(const task& job) {
    auto& faults = the().work_faults;
    for (std::size_t i = 0; i < faults.size(); ++i) {
        if (!faults[i].name.empty() && faults[i].name != job.name) continue;
        if (--faults[i].left != 0) continue;
        the().sticky = static_cast<cudaError_t>(faults[i].status);
        faults.erase(faults.begin() + static_cast<std::ptrdiff_t>(i));
        return;
    }
}

void count(const task& job) {
    counts& c = the().counted;
    traffic bytes = job.told;
    for (const region& r : job.reads) bytes.read += r.bytes;
    for (const region& r : job.writes) bytes.written += r.bytes;
    c.bytes_read += bytes.read;
    c.bytes_written += bytes.written;
    if (job.what == kind::copy) ++c.copies;
    if (job.what == kind::set) ++c.sets;
    if (job.what != kind::kernel && job.what != kind::library) return;
    operation_count& one = (job.what == kind::kernel ? c.kernels : c.library)[job.name];
    ++one.runs;
    one.read += bytes.read;
    one.written += bytes.written;
}

/// What was there when the work was queued may be gone when it runs.
bool still_there(const task& job) {
    for (const region& r : job.reads)
        if (check_region(r, job.name, "reads") != cudaSuccess) return false;
    for (const region& r : job.writes)
        if (check_region(r, job.name, "writes") != cudaSuccess) return false;
    if (job.library != 0 && the().libraries.count(job.library) == 0) {
        report_misuse("kernel '" + job.name + "' runs after its library was unloaded");
        return false;
    }
    for (const pointer& p : job.pointers)
        if (locate(p.address).number != p.allocation || locate(p.address).kind == memory_kind::freed) {
            report_misuse("kernel '" + job.name + "' runs with a pointer to " + describe(p.address));
            return false;
        }
    return true;
}

}  // namespace

void merge(clock& into, const clock& from) {
    for (const auto& [stream, position] : from) {
        auto& mine = into[stream];
        mine = std::max(mine, position);
    }
}

void run_task(const task& job) {
    state& s = the();
    if (!job.work || s.sticky != cudaSuccess) return;
    run_fault(job);
    if (s.sticky != cudaSuccess) return;
    if (!still_there(job)) {
        s.sticky = cudaErrorIllegalAddress;
        return;
    }
    watch_faults_of(job.name.c_str());
    try {
        job.work();
    } catch (const std::exception& error) {
        report_misuse("'" + job.name + "' failed: " + error.what());
        s.sticky = cudaErrorLaunchFailure;
    }
    watch_faults_of("work");
    count(job);
}

stream* find_stream(cudaStream_t handle) {
    auto& streams = the().streams;
    std::uint64_t id = from_handle(handle);
    if (handle == cudaStreamLegacy) id = 0;
    if (id == 0) return &streams[0];
    const auto found = streams.find(id);
    return found == streams.end() ? nullptr : &found->second;
}

cudaError_t no_stream(const char* call) {
    return misused(cudaErrorInvalidResourceHandle, std::string(call) + ": no such stream, or it was destroyed");
}

mark_ptr push(stream& s, item work) {
    auto reached = std::make_shared<mark>();
    reached->stream = s.id;
    reached->position = ++s.position;
    merge(s.known, the().host);
    // The legacy default stream goes hand in hand with every blocking stream.
    if (s.id == 0) {
        for (const auto& [id, other] : the().streams)
            if (id != 0 && other.blocking() && other.last != nullptr) work.after.push_back(other.last);
    } else if (s.blocking()) {
        if (const mark_ptr& legacy = the().streams[0].last; legacy != nullptr) work.after.push_back(legacy);
    }
    for (const mark_ptr& m : work.after) merge(s.known, m->before);
    s.known[s.id] = reached->position;
    reached->before = s.known;
    work.done = reached;
    const ranges touched = work.graph != nullptr ? work.graph->touched : ranges_of(work.job);
    if (touched != nullptr && !touched->empty()) check_races(s, *reached, touched);
    s.queue.push_back(std::move(work));
    s.last = reached;
    if (the().how == order::eager) run_until(reached);
    return reached;
}

cudaError_t submit(cudaStream_t handle, task job, const char* call) {
    stream* s = find_stream(handle);
    if (s == nullptr) return no_stream(call);
    for (const region& r : job.reads)
        if (const cudaError_t status = check_region(r, job.name, "reads"); status != cudaSuccess) return status;
    for (const region& r : job.writes)
        if (const cudaError_t status = check_region(r, job.name, "writes"); status != cudaSuccess) return status;
    if (s->capturing != nullptr) return capture_node(*s, std::move(job));
    if (s->id == 0)
        if (const cudaError_t status = legacy_stream_use(call); status != cudaSuccess) return status;
    item work;
    work.job = std::move(job);
    push(*s, std::move(work));
    return the().sticky;
}

void run_until(const mark_ptr& target) {
    if (target == nullptr || target->done || the().running) return;
    state& s = the();
    const bool late = s.how == order::late || s.how == order::eager || (s.how == order::mixed && s.random() % 2 == 0);
    const running now;
    while (!target->done) run_first(late ? towards(target) : any_ready());
}

void seen(const mark_ptr& reached) {
    if (reached == nullptr) return;
    merge(the().host, reached->before);
    forget_what_the_host_has_seen();
}

cudaError_t wait_for(const mark_ptr& target) {
    state& s = the();
    if (target == nullptr) return s.sticky;
    if (!target->done) {
        const bool drains = s.streams.at(target->stream).last == target;
        ++(drains ? s.counted.synchronisations : s.counted.event_waits);
    }
    run_until(target);
    seen(target);
    return s.sticky;
}

cudaError_t poll(const mark_ptr& target) {
    state& s = the();
    if (target == nullptr) return s.sticky;
    if (!target->done) {
        if (target->polls == 0) target->polls_needed = 1 + static_cast<int>(s.random() % 6);
        if (++target->polls <= target->polls_needed) return cudaErrorNotReady;
        run_until(target);
    }
    seen(target);
    return s.sticky;
}

void drain_all() {
    std::vector<mark_ptr> all;
    for (const auto& [id, s] : the().streams)
        if (s.last != nullptr) all.push_back(s.last);
    std::shuffle(all.begin(), all.end(), the().random);
    for (const mark_ptr& m : all) wait_for(m);
    // Now the host knows of everything, of streams that are gone as well.
    for (auto& [id, entries] : the().accesses)
        if (!entries.empty()) the().host[id] = std::max(the().host[id], entries.back().position);
    the().accesses.clear();
}

}  // namespace vgpu::detail

namespace vgpu {

using namespace detail;

cudaError_t enqueue(cudaStream_t stream, std::string name, std::vector<region> reads, std::vector<region> writes,
                    std::function<void()> work) {
    const guard hold(the().lock);
    task job;
    job.what = kind::library;
    job.name = std::move(name);
    job.reads = std::move(reads);
    job.writes = std::move(writes);
    job.work = std::move(work);
    if (the().sticky != cudaSuccess) return the().sticky;
    const std::string call = job.name;
    return submit(stream, std::move(job), call.c_str());
}

bool stream_exists(cudaStream_t handle) {
    const guard hold(the().lock);
    return find_stream(handle) != nullptr;
}

bool capturing(cudaStream_t handle) {
    const guard hold(the().lock);
    const stream* s = find_stream(handle);
    return s != nullptr && s->capturing != nullptr;
}

void set_order(order how, std::uint64_t seed) {
    const guard hold(the().lock);
    the().how = how;
    the().random.seed(seed);
}

}  // namespace vgpu
