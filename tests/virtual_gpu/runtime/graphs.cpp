// SPDX-License-Identifier: MIT
// Stream capture and graphs. A captured call becomes a node with the nodes it comes after; a launch queues one item, which runs all
// nodes in some order that the graph allows. The rules of capture are those of the CUDA programming guide; a call that breaks one
// invalidates the capture and is a misuse.
#include "state.hpp"

#include <algorithm>

namespace vgpu::detail {
namespace {

thread_local cudaStreamCaptureMode thread_mode = cudaStreamCaptureModeGlobal;

void leave(const capture_ptr& c) {
    for (auto& [id, s] : the().streams)
        if (s.capturing == c) {
            s.capturing = nullptr;
            s.frontier.clear();
        }
    c->ended = true;
    auto& all = the().captures;
    all.erase(std::remove(all.begin(), all.end(), c), all.end());
}

/// Whether every node comes before the end of the first stream's work.
bool joined(const capture& c, const std::vector<std::size_t>& ends) {
    std::vector<bool> reached(c.nodes.size(), false);
    std::vector<std::size_t> todo = ends;
    while (!todo.empty()) {
        const std::size_t at = todo.back();
        todo.pop_back();
        if (reached[at]) continue;
        reached[at] = true;
        todo.insert(todo.end(), c.nodes[at].after.begin(), c.nodes[at].after.end());
    }
    return std::all_of(reached.begin(), reached.end(), [](bool b) { return b; });
}

cudaError_t begin_capture(cudaStream_t handle, cudaStreamCaptureMode mode) {
    stream* s = find_stream(handle);
    if (s == nullptr) return no_stream("cudaStreamBeginCapture");
    if (s->id == 0) return misused(cudaErrorStreamCaptureUnsupported, "cudaStreamBeginCapture: the default stream cannot be captured");
    if (s->capturing != nullptr) return misused(cudaErrorIllegalState, "cudaStreamBeginCapture: the stream is being captured already");
    auto c = std::make_shared<capture>();
    c->mode = mode;
    c->thread = std::this_thread::get_id();
    c->origin = s->id;
    c->id = ++the().capture_count;
    s->capturing = c;
    s->frontier.clear();
    the().captures.push_back(c);
    return cudaSuccess;
}

cudaError_t end_capture(cudaStream_t handle, cudaGraph_t* out) {
    if (out == nullptr) return misused(cudaErrorInvalidValue, "cudaStreamEndCapture: no place for the graph");
    *out = nullptr;
    stream* s = find_stream(handle);
    if (s == nullptr) return no_stream("cudaStreamEndCapture");
    const capture_ptr c = s->capturing;
    if (c == nullptr) return misused(cudaErrorIllegalState, "cudaStreamEndCapture: the stream is not being captured");
    if (c->origin != s->id) return misused(cudaErrorStreamCaptureUnmatched, "cudaStreamEndCapture: the capture began on another stream");
    if (c->mode != cudaStreamCaptureModeRelaxed && c->thread != std::this_thread::get_id()) {
        c->invalid = true;
        return misused(cudaErrorStreamCaptureWrongThread, "cudaStreamEndCapture: the capture began on another thread");
    }
    const bool whole = joined(*c, s->frontier);
    leave(c);
    if (c->invalid) return cudaErrorStreamCaptureInvalidated;
    if (!whole) return misused(cudaErrorStreamCaptureUnjoined, "cudaStreamEndCapture: work of another stream was not joined by an event");
    check_races(c->nodes);
    auto body = std::make_shared<graph_body>();
    body->nodes = std::move(c->nodes);
    body->touched = ranges_of(body->nodes);
    const std::uint64_t id = fresh(space::graph);
    the().graphs[id].body = std::move(body);
    *out = to_handle<cudaGraph_t>(id);
    return cudaSuccess;
}

cudaError_t instantiate(cudaGraphExec_t* out, cudaGraph_t handle, const char* name) {
    if (out == nullptr) return misused(cudaErrorInvalidValue, std::string(name) + ": no place for the result");
    if (const cudaError_t status = refuse_when_capturing(name); status != cudaSuccess) return status;
    const auto found = the().graphs.find(from_handle(handle));
    if (found == the().graphs.end()) return misused(cudaErrorInvalidValue, std::string(name) + ": no such graph");
    const std::uint64_t id = fresh(space::exec);
    the().execs[id].body = found->second.body;
    *out = to_handle<cudaGraphExec_t>(id);
    return cudaSuccess;
}

cudaError_t launch(cudaGraphExec_t handle, cudaStream_t on) {
    stream* s = find_stream(on);
    if (s == nullptr) return no_stream("cudaGraphLaunch");
    const auto found = the().execs.find(from_handle(handle));
    if (found == the().execs.end()) return misused(cudaErrorInvalidValue, "cudaGraphLaunch: no such instantiated graph");
    if (s->capturing != nullptr)
        return invalidate(*s->capturing, cudaErrorStreamCaptureUnsupported, "cudaGraphLaunch: the stream is being captured");
    if (s->id == 0)
        if (const cudaError_t status = legacy_stream_use("cudaGraphLaunch"); status != cudaSuccess) return status;
    graph_exec& exec = found->second;
    item work;
    work.job.what = kind::graph;
    work.job.name = "graph";
    work.graph = exec.body;
    if (exec.last != nullptr) work.after.push_back(exec.last);  // launches of one graph do not overlap
    ++the().counted.graph_launches;
    exec.last = push(*s, std::move(work));
    return the().sticky;
}

cudaGraphNodeType type_of(kind what) {
    switch (what) {
        case kind::copy: return cudaGraphNodeTypeMemcpy;
        case kind::set: return cudaGraphNodeTypeMemset;
        case kind::host: return cudaGraphNodeTypeHost;
        case kind::event: return cudaGraphNodeTypeEmpty;
        case kind::graph: return cudaGraphNodeTypeGraph;
        case kind::kernel:
        case kind::library: break;
    }
    return cudaGraphNodeTypeKernel;
}

}  // namespace

cudaError_t capture_node(stream& s, task job) {
    capture& c = *s.capturing;
    if (c.invalid) return cudaErrorStreamCaptureInvalidated;
    node n;
    n.job = std::move(job);
    n.after = s.frontier;
    n.handle = fresh(space::node);
    s.frontier = {c.nodes.size()};
    c.nodes.push_back(std::move(n));
    return cudaSuccess;
}

cudaError_t invalidate(capture& c, cudaError_t status, std::string sentence) {
    c.invalid = true;
    return misused(status, std::move(sentence));
}

cudaError_t refuse_when_capturing(const char* name) {
    if (thread_mode == cudaStreamCaptureModeRelaxed) return cudaSuccess;
    cudaError_t status = cudaSuccess;
    for (const capture_ptr& c : the().captures) {
        if (c->mode == cudaStreamCaptureModeRelaxed) continue;
        const bool mine = c->thread == std::this_thread::get_id();
        const bool global = thread_mode == cudaStreamCaptureModeGlobal && c->mode == cudaStreamCaptureModeGlobal;
        if (mine || global)
            status = invalidate(*c, cudaErrorStreamCaptureUnsupported, std::string(name) + " was called while a stream is captured");
    }
    return status;
}

cudaError_t legacy_stream_use(const char* name) {
    cudaError_t status = cudaSuccess;
    for (const auto& [id, s] : the().streams)
        if (s.capturing != nullptr && s.blocking())
            status = invalidate(*s.capturing, cudaErrorStreamCaptureImplicit,
                                std::string(name) + " uses the default stream while a blocking stream is captured");
    return status;
}

void run_graph(const graph_body& body) {
    const std::size_t count = body.nodes.size();
    std::vector<std::size_t> waits(count), ready;
    std::vector<std::vector<std::size_t>> next(count);
    for (std::size_t i = 0; i < count; ++i) {
        waits[i] = body.nodes[i].after.size();
        for (const std::size_t a : body.nodes[i].after) next[a].push_back(i);
        if (waits[i] == 0) ready.push_back(i);
    }
    while (!ready.empty()) {
        std::swap(ready[the().random() % ready.size()], ready.back());
        const std::size_t at = ready.back();
        ready.pop_back();
        run_task(body.nodes[at].job);
        for (const std::size_t n : next[at])
            if (--waits[n] == 0) ready.push_back(n);
    }
}

}  // namespace vgpu::detail

cudaError_t vgpu::unsafe_call(const char* name) {
    const detail::guard hold(detail::the().lock);
    return detail::refuse_when_capturing(name);
}

using namespace vgpu;
using namespace vgpu::detail;

extern "C" {

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, cudaStreamCaptureMode mode) {
    return call("cudaStreamBeginCapture", [&] { return begin_capture(handle, mode); });
}
cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t* out) {
    // The capture ends whatever happens; a call that is made to fail gives no graph.
    const guard hold(the().lock);
    const int injected = enter("cudaStreamEndCapture");
    if (injected != 0) {
        if (out != nullptr) *out = nullptr;
        if (const stream* s = find_stream(handle); s != nullptr && s->capturing != nullptr) leave(capture_ptr(s->capturing));
        return note(static_cast<cudaError_t>(injected));
    }
    const cudaError_t before = may_call("cudaStreamEndCapture");
    const cudaError_t status = end_capture(handle, out);
    return note(before != cudaSuccess ? before : status);
}
cudaError_t cudaStreamIsCapturing(cudaStream_t handle, cudaStreamCaptureStatus* status) {
    return call("cudaStreamIsCapturing", [&] {
        const stream* s = find_stream(handle);
        if (s == nullptr) return no_stream("cudaStreamIsCapturing");
        *status = s->capturing == nullptr ? cudaStreamCaptureStatusNone
                  : s->capturing->invalid ? cudaStreamCaptureStatusInvalidated
                                          : cudaStreamCaptureStatusActive;
        return cudaSuccess;
    });
}
cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
    return call("cudaThreadExchangeStreamCaptureMode", [&] {
        std::swap(*mode, thread_mode);
        return cudaSuccess;
    });
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* out, cudaGraph_t handle, unsigned long long) {
    return call("cudaGraphInstantiate", [&] { return instantiate(out, handle, "cudaGraphInstantiate"); });
}
cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* out, cudaGraph_t handle, unsigned long long) {
    return call("cudaGraphInstantiateWithFlags", [&] { return instantiate(out, handle, "cudaGraphInstantiateWithFlags"); });
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t handle, cudaStream_t on) {
    return call("cudaGraphLaunch", [&] { return launch(handle, on); });
}
cudaError_t cudaGraphUpload(cudaGraphExec_t handle, cudaStream_t on) {
    return call("cudaGraphUpload", [&] {
        if (find_stream(on) == nullptr) return no_stream("cudaGraphUpload");
        if (the().execs.count(from_handle(handle)) == 0)
            return misused(cudaErrorInvalidValue, "cudaGraphUpload: no such instantiated graph");
        return cudaSuccess;
    });
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t handle) {
    return release_call("cudaGraphExecDestroy", [&] {
        if (the().execs.erase(from_handle(handle)) == 0)
            return misused(cudaErrorInvalidValue, "cudaGraphExecDestroy: no such instantiated graph, or destroyed twice");
        return cudaSuccess;
    });
}
cudaError_t cudaGraphDestroy(cudaGraph_t handle) {
    return release_call("cudaGraphDestroy", [&] {
        if (the().graphs.erase(from_handle(handle)) == 0)
            return misused(cudaErrorInvalidValue, "cudaGraphDestroy: no such graph, or destroyed twice");
        return cudaSuccess;
    });
}
cudaError_t cudaGraphGetNodes(cudaGraph_t handle, cudaGraphNode_t* nodes, size_t* count) {
    return call("cudaGraphGetNodes", [&] {
        const auto found = the().graphs.find(from_handle(handle));
        if (found == the().graphs.end() || count == nullptr) return misused(cudaErrorInvalidValue, "cudaGraphGetNodes: no such graph");
        const auto& all = found->second.body->nodes;
        for (std::size_t i = 0; nodes != nullptr && i < *count; ++i)
            nodes[i] = i < all.size() ? to_handle<cudaGraphNode_t>(all[i].handle) : nullptr;
        if (nodes == nullptr || *count > all.size()) *count = all.size();
        return cudaSuccess;
    });
}
cudaError_t cudaGraphNodeGetType(cudaGraphNode_t handle, cudaGraphNodeType* type) {
    return call("cudaGraphNodeGetType", [&] {
        for (const auto& [id, g] : the().graphs)
            for (const node& n : g.body->nodes)
                if (n.handle == from_handle(handle)) {
                    *type = type_of(n.job.what);
                    return cudaSuccess;
                }
        return misused(cudaErrorInvalidValue, "cudaGraphNodeGetType: no such node");
    });
}

}  // extern "C"
