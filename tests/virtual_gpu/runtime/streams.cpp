// SPDX-License-Identifier: MIT
// Streams and events of the virtual GPU: the calls. What runs when is in schedule.cpp.
#include "state.hpp"

#include <algorithm>

namespace vgpu::detail {
namespace {

event* find_event(cudaEvent_t handle) {
    const auto found = the().events.find(from_handle(handle));
    return found == the().events.end() ? nullptr : &found->second;
}
cudaError_t no_event(const char* call) {
    return misused(cudaErrorInvalidResourceHandle, std::string(call) + ": no such event, or it was destroyed");
}

cudaError_t create_stream(cudaStream_t* out, unsigned flags, const char* name) {
    if (out == nullptr || (flags & ~unsigned{cudaStreamNonBlocking}) != 0)
        return misused(cudaErrorInvalidValue, std::string(name) + ": unknown flags, or no place for the stream");
    const std::uint64_t id = fresh(space::stream);
    stream& s = the().streams[id];
    s.id = id;
    s.flags = flags;
    *out = to_handle<cudaStream_t>(id);
    return cudaSuccess;
}

/// The stream, where waiting for it is allowed now.
cudaError_t waitable(cudaStream_t handle, const char* name, stream** out) {
    *out = find_stream(handle);
    if (*out == nullptr) return no_stream(name);
    if (const capture_ptr c = (*out)->capturing; c != nullptr)
        return invalidate(*c, cudaErrorStreamCaptureUnsupported, std::string(name) + ": the stream is being captured");
    if ((*out)->id == 0)
        if (const cudaError_t status = legacy_stream_use(name); status != cudaSuccess) return status;
    return refuse_when_capturing(name);
}
cudaError_t waitable(cudaEvent_t handle, const char* name, event** out) {
    *out = find_event(handle);
    if (*out == nullptr) return no_event(name);
    if (const capture_ptr c = (*out)->captured; c != nullptr)
        return invalidate(*c, cudaErrorCapturedEvent, std::string(name) + ": the event was recorded in a capture");
    return refuse_when_capturing(name);
}

cudaError_t record(cudaEvent_t handle, cudaStream_t on) {
    stream* s = find_stream(on);
    if (s == nullptr) return no_stream("cudaEventRecord");
    event* e = find_event(handle);
    if (e == nullptr) return no_event("cudaEventRecord");
    if (s->capturing != nullptr) {
        if (s->capturing->invalid) return cudaErrorStreamCaptureInvalidated;
        e->captured = s->capturing;
        e->frontier = s->frontier;
        e->recorded = nullptr;
        return cudaSuccess;
    }
    if (s->id == 0)
        if (const cudaError_t status = legacy_stream_use("cudaEventRecord"); status != cudaSuccess) return status;
    item work;
    work.job.what = kind::event;
    work.job.name = "event";
    e->captured = nullptr;
    e->recorded = push(*s, std::move(work));
    return the().sticky;
}

cudaError_t wait_event(cudaStream_t on, cudaEvent_t handle) {
    stream* s = find_stream(on);
    if (s == nullptr) return no_stream("cudaStreamWaitEvent");
    const event* e = find_event(handle);
    if (e == nullptr) return no_event("cudaStreamWaitEvent");
    if (s->capturing != nullptr && s->capturing->invalid) return cudaErrorStreamCaptureInvalidated;
    if (const capture_ptr c = e->captured; c != nullptr) {
        if (c->ended) return misused(cudaErrorCapturedEvent, "cudaStreamWaitEvent: the event was recorded in a capture that has ended");
        if (c->invalid) return cudaErrorStreamCaptureInvalidated;
        if (s->id == 0)
            return invalidate(*c, cudaErrorStreamCaptureImplicit, "cudaStreamWaitEvent: the default stream cannot join a capture");
        if (s->capturing != nullptr && s->capturing != c) {
            c->invalid = true;
            return invalidate(*s->capturing, cudaErrorStreamCaptureMerge, "cudaStreamWaitEvent: the event belongs to another capture");
        }
        s->capturing = c;
        for (const std::size_t at : e->frontier)
            if (std::find(s->frontier.begin(), s->frontier.end(), at) == s->frontier.end()) s->frontier.push_back(at);
        return cudaSuccess;
    }
    if (s->capturing != nullptr && e->recorded != nullptr)
        return invalidate(*s->capturing, cudaErrorStreamCaptureIsolation,
                          "cudaStreamWaitEvent: a captured stream cannot wait for what was not captured with it");
    if (e->recorded == nullptr) return cudaSuccess;
    item work;
    work.job.what = kind::event;
    work.job.name = "wait";
    work.after.push_back(e->recorded);
    push(*s, std::move(work));
    return the().sticky;
}

cudaError_t destroy_stream(cudaStream_t handle) {
    stream* s = find_stream(handle);
    if (s == nullptr || s->id == 0) return no_stream("cudaStreamDestroy");
    cudaError_t status = the().sticky;
    if (const capture_ptr c = s->capturing; c != nullptr) {
        status = invalidate(*c, cudaErrorStreamCaptureUnsupported, "cudaStreamDestroy: the stream is being captured");
        if (c->origin == s->id) {  // nobody can end it any more
            for (auto& [id, other] : the().streams)
                if (other.capturing == c) other.capturing = nullptr;
            auto& all = the().captures;
            all.erase(std::remove(all.begin(), all.end(), c), all.end());
        }
    }
    run_until(s->last);  // its work is done, but the host does not know when
    the().streams.erase(s->id);
    return status;
}

cudaError_t elapsed(float* milliseconds, cudaEvent_t from, cudaEvent_t to) {
    const event *a = find_event(from), *b = find_event(to);
    if (a == nullptr || b == nullptr) return no_event("cudaEventElapsedTime");
    if (((a->flags | b->flags) & cudaEventDisableTiming) != 0)
        return misused(cudaErrorInvalidResourceHandle, "cudaEventElapsedTime: an event was created without timing");
    if (a->recorded == nullptr || b->recorded == nullptr)
        return misused(cudaErrorInvalidResourceHandle, "cudaEventElapsedTime: an event was never recorded");
    if (!a->recorded->done || !b->recorded->done) return cudaErrorNotReady;
    *milliseconds = static_cast<float>(b->recorded->milliseconds - a->recorded->milliseconds);
    return cudaSuccess;
}

cudaError_t create_event(cudaEvent_t* out, unsigned flags) {
    if (out == nullptr || (flags & ~unsigned{cudaEventBlockingSync | cudaEventDisableTiming}) != 0)
        return misused(cudaErrorInvalidValue, "cudaEventCreate: unknown flags, or no place for the event");
    const std::uint64_t id = fresh(space::event);
    the().events[id].flags = flags;
    *out = to_handle<cudaEvent_t>(id);
    return cudaSuccess;
}

}  // namespace
}  // namespace vgpu::detail

using namespace vgpu;
using namespace vgpu::detail;

extern "C" {

cudaError_t cudaStreamCreate(cudaStream_t* out) {
    return call("cudaStreamCreate", [&] { return create_stream(out, cudaStreamDefault, "cudaStreamCreate"); });
}
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* out, unsigned int flags) {
    return call("cudaStreamCreateWithFlags", [&] { return create_stream(out, flags, "cudaStreamCreateWithFlags"); });
}
cudaError_t cudaStreamCreateWithPriority(cudaStream_t* out, unsigned int flags, int) {
    return call("cudaStreamCreateWithPriority", [&] { return create_stream(out, flags, "cudaStreamCreateWithPriority"); });
}
cudaError_t cudaStreamDestroy(cudaStream_t handle) {
    return release_call("cudaStreamDestroy", [&] { return destroy_stream(handle); });
}
cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
    return call("cudaStreamSynchronize", [&] {
        stream* s = nullptr;
        const cudaError_t status = waitable(handle, "cudaStreamSynchronize", &s);
        return status != cudaSuccess ? status : wait_for(s->last);
    });
}
cudaError_t cudaStreamQuery(cudaStream_t handle) {
    return call("cudaStreamQuery", [&] {
        stream* s = nullptr;
        const cudaError_t status = waitable(handle, "cudaStreamQuery", &s);
        return status != cudaSuccess ? status : poll(s->last);
    });
}
cudaError_t cudaStreamWaitEvent(cudaStream_t on, cudaEvent_t handle, unsigned int) {
    return call("cudaStreamWaitEvent", [&] { return wait_event(on, handle); });
}
cudaError_t cudaStreamGetFlags(cudaStream_t handle, unsigned int* flags) {
    return call("cudaStreamGetFlags", [&] {
        const stream* s = find_stream(handle);
        if (s == nullptr) return no_stream("cudaStreamGetFlags");
        *flags = s->flags;
        return cudaSuccess;
    });
}
cudaError_t cudaDeviceSynchronize(void) {
    return call("cudaDeviceSynchronize", [&] {
        cudaError_t status = cudaSuccess;
        for (const capture_ptr& c : the().captures)
            status = invalidate(*c, cudaErrorStreamCaptureUnsupported, "cudaDeviceSynchronize was called while a stream is captured");
        if (status != cudaSuccess) return status;
        drain_all();
        return the().sticky;
    });
}
cudaError_t cudaLaunchHostFunc(cudaStream_t on, cudaHostFn_t function, void* data) {
    return call("cudaLaunchHostFunc", [&] {
        task job;
        job.what = kind::host;
        job.name = "host function";
        job.work = [function, data] { function(data); };
        return submit(on, std::move(job), "cudaLaunchHostFunc");
    });
}

cudaError_t cudaEventCreate(cudaEvent_t* out) {
    return call("cudaEventCreate", [&] { return create_event(out, cudaEventDefault); });
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* out, unsigned int flags) {
    return call("cudaEventCreateWithFlags", [&] { return create_event(out, flags); });
}
cudaError_t cudaEventDestroy(cudaEvent_t handle) {
    return release_call("cudaEventDestroy",
                        [&] { return the().events.erase(from_handle(handle)) == 0 ? no_event("cudaEventDestroy") : cudaSuccess; });
}
cudaError_t cudaEventRecord(cudaEvent_t handle, cudaStream_t on) {
    return call("cudaEventRecord", [&] { return record(handle, on); });
}
cudaError_t cudaEventSynchronize(cudaEvent_t handle) {
    return call("cudaEventSynchronize", [&] {
        event* e = nullptr;
        const cudaError_t status = waitable(handle, "cudaEventSynchronize", &e);
        return status != cudaSuccess ? status : wait_for(e->recorded);
    });
}
cudaError_t cudaEventQuery(cudaEvent_t handle) {
    return call("cudaEventQuery", [&] {
        event* e = nullptr;
        const cudaError_t status = waitable(handle, "cudaEventQuery", &e);
        return status != cudaSuccess ? status : poll(e->recorded);
    });
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t from, cudaEvent_t to) {
    return call("cudaEventElapsedTime", [&] { return elapsed(milliseconds, from, to); });
}

}  // extern "C"
