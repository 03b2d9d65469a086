// SPDX-License-Identifier: MIT
// cuDNN's backend API, as its header declares it, on the virtual GPU.
#include "api.hpp"

#include "../device.hpp"
#include "execute.hpp"
#include "options.hpp"

#include <cstring>
#include <mutex>
#include <set>
#include <unordered_map>

struct cudnnContext {
    cudaStream_t stream = nullptr;
};

namespace vgpu::dnn {
namespace {

struct registry {
    std::mutex mutex;
    std::unordered_map<void*, std::unique_ptr<handle_box>> descriptors;
    std::set<cudnnHandle_t> handles;
    std::uint64_t next = 1;
};
registry& the() {
    static registry one;
    return one;
}
thread_local std::string last_error;

handle_box* look(cudnnBackendDescriptor_t raw) {
    const auto found = the().descriptors.find(raw);
    return found == the().descriptors.end() ? nullptr : found->second.get();
}
handle_box& box(cudnnBackendDescriptor_t raw, const char* call) {
    if (handle_box* const found = look(raw)) return *found;
    report_misuse(std::string(call) + ": no such descriptor, or it was destroyed");
    throw refusal{CUDNN_STATUS_BAD_PARAM_NULL_POINTER, std::string(call) + ": no such descriptor"};
}
/// Runs the body of a call: faults that a test asked for, the one lock, and what is thrown becomes a status and a text.
template <class Body>
cudnnStatus_t call(const char* name, const Body& body) {
    if (const int asked = enter(name); asked != 0) {
        last_error = std::string(name) + ": failed on demand";
        return static_cast<cudnnStatus_t>(asked);
    }
    try {
        const std::lock_guard lock(the().mutex);
        body();
        return CUDNN_STATUS_SUCCESS;
    } catch (const refusal& no) {
        last_error = no.text;
        return no.status;
    }
}
cudnnHandle_t known(cudnnHandle_t handle, const char* name) {
    if (the().handles.count(handle) != 0) return handle;
    report_misuse(std::string(name) + ": no such handle, or it was destroyed");
    throw refusal{CUDNN_STATUS_NOT_INITIALIZED, std::string(name) + ": no such handle"};
}

void give(cudnnBackendAttributeType_t wanted, cudnnBackendAttributeType_t is) {
    if (wanted != is)
        throw refusal{CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE,
                      "the attribute's type is " + std::to_string(is) + ", not " + std::to_string(wanted)};
}
template <class T>
void copy_out(const std::vector<T>& values, std::int64_t room, std::int64_t* count, void* out) {
    if (count != nullptr)
        *count = out != nullptr && room > 0 ? std::min(room, static_cast<std::int64_t>(values.size()))
                                            : static_cast<std::int64_t>(values.size());
    if (out != nullptr && room > 0) std::memcpy(out, values.data(), std::min(static_cast<std::size_t>(room), values.size()) * sizeof(T));
}

descriptor_pointer engine_of(const descriptor_pointer& graph_descriptor, const descriptor& source, const engine& one) {
    auto self = std::make_shared<descriptor>(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    set(*self, CUDNN_ATTR_ENGINE_OPERATION_GRAPH, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, self.get(), {graph_descriptor});
    set(*self, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1, &one.index, {});
    if (const auto device = source.child(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP))
        set(*self, CUDNN_ATTR_ENGINE_DEVICEPROP, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, self.get(), {device});
    self->chosen = std::make_shared<const engine>(one);
    self->operations = source.operations;
    self->finalized = true;
    return self;
}

void get_results(descriptor& self, cudnnBackendAttributeType_t type, std::int64_t room, std::int64_t* count, void* out,
                 std::vector<std::uint64_t>& children, std::string& flags) {
    give(type, CUDNN_TYPE_BACKEND_DESCRIPTOR);
    if (room == 0 || out == nullptr) {  // an upper bound: real cuDNN counts engines here that it will not give
        *count = static_cast<std::int64_t>(self.offered.size()) + 1;
        return;
    }
    std::int64_t given = 0;
    for (std::int64_t i = 0; i < room; ++i) {
        cudnnBackendDescriptor_t raw = nullptr;
        std::memcpy(&raw, static_cast<std::byte*>(out) + static_cast<std::size_t>(i) * sizeof raw, sizeof raw);
        handle_box& target = box(raw, "cudnnBackendGetAttribute");
        children.push_back(target.number);
        if (target.self->kind != CUDNN_BACKEND_ENGINECFG_DESCRIPTOR)
            throw refusal{CUDNN_STATUS_BAD_PARAM, "heuristics fill engine configs"};
        if (given == static_cast<std::int64_t>(self.offered.size())) continue;
        if (target.self->finalized) throw refusal{CUDNN_STATUS_BAD_PARAM, "heuristics fill engine configs that are new"};
        const engine& one = self.offered[static_cast<std::size_t>(given)];
        target.self->attributes[CUDNN_ATTR_ENGINECFG_ENGINE] =
            attribute{CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, {}, {engine_of(self.child(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH), self, one)}};
        target.self->chosen = std::make_shared<const engine>(one);
        target.self->operations = self.operations;
        target.self->compute_capability = self.compute_capability;
        target.self->finalized = true;
        flags += one.noted(CUDNN_NUMERICAL_NOTE_TENSOR_CORE) || one.noted(CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS) ? " 1" : " 0";
        ++given;
    }
    *count = given;
}

/// The JSON form of a plan: what finalizing one from its JSON form reads.
std::string json_of(const descriptor& plan) {
    std::string operations;
    if (const auto config = plan.child(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG)) {
        operations = to_text(config->child(CUDNN_ATTR_ENGINECFG_ENGINE)->child(CUDNN_ATTR_ENGINE_OPERATION_GRAPH));
    } else {
        return plan.characters(CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION);
    }
    return "{\"cudnnVersion\":" + std::to_string(CUDNN_VERSION) + ",\"computeCapability\":" + std::to_string(plan.compute_capability) +
           ",\"engine\":" + std::to_string(plan.chosen->index) + ",\"name\":\"" + plan.operations->name + "\",\"operations\":\"" +
           operations + "\"}";
}

/// The GPU of a handle as cuDNN describes it: the file that it came from, or as much as this cuDNN reads of one.
std::string json_of(const vgpu::properties& gpu) {
    if (!gpu.json.empty()) return gpu.json;
    return "{\"deviceName\":\"" + gpu.name + "\",\"deviceVer\":" + std::to_string(gpu.major * 100 + gpu.minor * 10) +
           ",\"multiProcessorCount\":" + std::to_string(gpu.multiprocessors) + "}";
}

void get_attribute(descriptor& self, int name, cudnnBackendAttributeType_t type, std::int64_t room, std::int64_t* count, void* out,
                   std::vector<std::uint64_t>& children, std::string& flags) {
    const std::string where = kind_name(self.kind) + ", " + attribute_name(name) + ": ";
    std::int64_t ignored = 0;
    if (count == nullptr) count = &ignored;
    if (!self.finalized) throw refusal{CUDNN_STATUS_NOT_INITIALIZED, where + "the descriptor is not finalized"};
    switch (name) {
        case CUDNN_ATTR_ENGINEHEUR_RESULTS:
            if (self.kind == CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR) return get_results(self, type, room, count, out, children, flags);
            break;
        case CUDNN_ATTR_OPERATIONGRAPH_ENGINE_GLOBAL_COUNT:
            if (self.kind != CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR) break;
            give(type, CUDNN_TYPE_INT64);
            return copy_out(std::vector<std::int64_t>{200}, room, count, out);
        case CUDNN_ATTR_ENGINE_NUMERICAL_NOTE:
            if (self.kind != CUDNN_BACKEND_ENGINE_DESCRIPTOR) break;
            give(type, CUDNN_TYPE_NUMERICAL_NOTE);
            return copy_out(self.chosen->numerical_notes, room, count, out);
        case CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE:
            if (self.kind != CUDNN_BACKEND_ENGINE_DESCRIPTOR) break;
            give(type, CUDNN_TYPE_BEHAVIOR_NOTE);
            return copy_out(self.chosen->behavior_notes, room, count, out);
        case CUDNN_ATTR_ENGINECFG_WORKSPACE_SIZE:
        case CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE:
            if (self.chosen == nullptr) break;
            give(type, CUDNN_TYPE_INT64);
            return copy_out(std::vector<std::int64_t>{self.chosen->workspace}, room, count, out);
        case CUDNN_ATTR_ENGINECFG_KNOB_CHOICES: *count = 0; return;
        case CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION: {
            if (self.kind != CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR) break;
            give(type, CUDNN_TYPE_CHAR);
            const std::string json = json_of(self) + '\0';
            if (room > 0 && room < static_cast<std::int64_t>(json.size()))
                throw refusal{CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT, where + "too little room"};
            return copy_out(std::vector<char>(json.begin(), json.end()), room, count, out);
        }
        case CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION: {
            if (self.kind != CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR || self.has(name)) break;
            give(type, CUDNN_TYPE_CHAR);
            const std::string json = json_of(vgpu::device());
            return copy_out(std::vector<char>(json.begin(), json.end()), room, count, out);
        }
        default: break;
    }
    const rule* const expected = find_rule(self.kind, name);
    if (expected == nullptr) throw refusal{CUDNN_STATUS_BAD_PARAM, where + "no such attribute of this descriptor"};
    const auto found = self.attributes.find(name);
    if (found == self.attributes.end()) {
        *count = 0;
        return;
    }
    const attribute& one = found->second;
    give(type, one.type);
    *count = room > 0 ? std::min(room, one.count) : one.count;
    if (room == 0 || out == nullptr) return;
    if (one.type != CUDNN_TYPE_BACKEND_DESCRIPTOR) {
        std::memcpy(out, one.bytes.data(), static_cast<std::size_t>(*count) * size_of(one.type));
        return;
    }
    for (std::int64_t i = 0; i < *count; ++i) {
        cudnnBackendDescriptor_t raw = nullptr;
        std::memcpy(&raw, static_cast<std::byte*>(out) + static_cast<std::size_t>(i) * sizeof raw, sizeof raw);
        handle_box& target = box(raw, "cudnnBackendGetAttribute");
        children.push_back(target.number);
        const descriptor_pointer& source = one.children[static_cast<std::size_t>(i)];
        if (target.self->kind != source->kind) throw refusal{CUDNN_STATUS_BAD_PARAM, where + "the descriptor to fill is of another kind"};
        target.self = source;
    }
}

[[noreturn]] void misused(cudnnStatus_t status, const std::string& sentence) {
    report_misuse("cudnnBackendExecute: " + sentence);
    throw refusal{status, sentence};
}

/// A pointer of the variant pack: in device memory, aligned, and large enough.
void check_pointer(const std::string& what, const void* pointer, std::size_t bytes, std::int64_t alignment) {
    if (pointer == nullptr) misused(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, what + " is null");
    const block here = find(pointer);
    if (here.kind != memory_kind::device && here.kind != memory_kind::mapped)
        misused(CUDNN_STATUS_EXECUTION_FAILED, what + " is not in device memory: " + describe(pointer));
    if (reinterpret_cast<std::uintptr_t>(pointer) % static_cast<std::uintptr_t>(alignment) != 0)
        misused(CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER, what + " is not aligned to " + std::to_string(alignment) + " bytes");
    if (static_cast<const std::byte*>(pointer) + bytes > here.begin + here.bytes)
        misused(CUDNN_STATUS_EXECUTION_FAILED, what + " needs " + std::to_string(bytes) + " bytes: " + describe(pointer));
}
bool overlap(const region& a, const region& b) {
    const auto *const first = static_cast<const std::byte*>(a.data), *const second = static_cast<const std::byte*>(b.data);
    return first < second + b.bytes && second < first + a.bytes;
}
float value_of(const tensor& one, const void* host) {
    if (find(host).kind == memory_kind::device)
        misused(CUDNN_STATUS_EXECUTION_FAILED, "tensor " + to_string(one) + " is given by value: its pointer must be the host's");
    switch (one.type) {
        case CUDNN_DATA_FLOAT: {
            float value = 0;
            std::memcpy(&value, host, sizeof value);
            return value;
        }
        case CUDNN_DATA_DOUBLE: {
            double value = 0;
            std::memcpy(&value, host, sizeof value);
            return static_cast<float>(value);
        }
        default: {
            tensor copy = one;
            return load(copy, host).at(0);
        }
    }
}

void execute_plan(cudnnHandle_t handle, descriptor& plan, const descriptor& pack) {
    if (plan.kind != CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR || pack.kind != CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR)
        misused(CUDNN_STATUS_BAD_PARAM_DESCRIPTOR_TYPE, "it takes an execution plan and a variant pack");
    if (!plan.finalized || !pack.finalized) misused(CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED, "the plan or the variant pack is not finalized");
    if (!stream_exists(handle->stream)) misused(CUDNN_STATUS_BAD_PARAM_STREAM_MISMATCH, "the handle's stream does not exist any more");
    if (plan.compute_capability != vgpu::device().major * 10 + vgpu::device().minor)
        misused(CUDNN_STATUS_NOT_SUPPORTED_ARCH_MISMATCH, "the plan was made for another GPU");
    const bool in_capture = capturing(handle->stream);
    if (in_capture && !plan.warmed_up) {  // engines load their modules at the first execution
        if (unsafe_call("cudnnBackendExecute (a plan's first execution)") != cudaSuccess || in_capture)
            misused(CUDNN_STATUS_EXECUTION_FAILED_CUDA_DRIVER,
                    "a plan's first execution (" + plan.operations->name + ") was captured: execute it once before");
    }
    run work{plan.operations, plan.chosen, {}, {}, nullptr, scrambled()};
    const auto ids = pack.integers(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS), addresses = pack.integers(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS);
    std::map<std::int64_t, void*> given;
    for (std::size_t i = 0; i < ids.size(); ++i)
        if (!given.emplace(ids[i], reinterpret_cast<void*>(static_cast<std::uintptr_t>(addresses[i]))).second)
            misused(CUDNN_STATUS_BAD_PARAM_DUPLICATED_ENTRIES, "the variant pack names tensor " + std::to_string(ids[i]) + " twice");
    std::vector<region> reads, writes;
    for (const tensor& one : plan.operations->bound) {
        const auto found = given.find(one.id);
        const std::string what = plan.operations->name + ": tensor " + to_string(one);
        if (found == given.end()) misused(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, what + " is missing in the variant pack");
        if (one.by_value) {
            if (found->second == nullptr) misused(CUDNN_STATUS_BAD_PARAM_NULL_POINTER, what + " is null");
            work.values[one.id] = value_of(one, found->second);
            continue;
        }
        check_pointer(what, found->second, one.extent(), one.alignment);
        work.pointers[one.id] = found->second;
        (plan.operations->writes(one.id) ? writes : reads).push_back({found->second, one.extent()});
    }
    const auto bytes = static_cast<std::size_t>(plan.chosen->workspace);
    if (bytes > 0) {
        const auto address = static_cast<std::uintptr_t>(pack.integer(CUDNN_ATTR_VARIANT_PACK_WORKSPACE));
        work.workspace = reinterpret_cast<std::byte*>(address);
        check_pointer(plan.operations->name + ": the workspace", work.workspace, bytes, 16);
        writes.push_back({work.workspace, bytes});
    }
    bool pointwise = true;
    for (const operation& one : plan.operations->operations)
        pointwise = pointwise && one.kind == CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR;
    for (std::size_t i = 0; i < writes.size(); ++i) {
        for (const region& read : reads)
            if (overlap(read, writes[i]) && !(pointwise && read.data == writes[i].data && read.bytes == writes[i].bytes))
                misused(CUDNN_STATUS_BAD_PARAM, plan.operations->name + ": an output overlaps an input: " + describe(read.data));
        for (std::size_t j = 0; j < i; ++j)
            if (overlap(writes[j], writes[i]))
                misused(CUDNN_STATUS_BAD_PARAM,
                        plan.operations->name + ": two outputs (or the workspace) overlap: " + describe(writes[i].data));
    }
    const cudaError_t queued =
        enqueue(handle->stream, "cudnn " + plan.operations->name, std::move(reads), std::move(writes), [work] { execute(work); });
    if (queued != cudaSuccess)
        throw refusal{CUDNN_STATUS_EXECUTION_FAILED_CUDART, plan.operations->name + ": " + cudaGetErrorString(queued)};
    if (!in_capture) plan.warmed_up = true;
}

}  // namespace
}  // namespace vgpu::dnn

using namespace vgpu;
using namespace vgpu::dnn;

extern "C" {

size_t cudnnGetVersion() { return CUDNN_VERSION; }
size_t cudnnGetMaxDeviceVersion() { return CUDNN_MAX_DEVICE_VERSION; }
size_t cudnnGetCudartVersion() { return static_cast<size_t>(vgpu::device().runtime_version); }

const char* cudnnGetErrorString(cudnnStatus_t status) {
    switch (status) {
        case CUDNN_STATUS_SUCCESS: return "CUDNN_STATUS_SUCCESS";
        case CUDNN_STATUS_NOT_INITIALIZED: return "CUDNN_STATUS_NOT_INITIALIZED";
        case CUDNN_STATUS_BAD_PARAM: return "CUDNN_STATUS_BAD_PARAM";
        case CUDNN_STATUS_BAD_PARAM_NULL_POINTER: return "CUDNN_STATUS_BAD_PARAM_NULL_POINTER";
        case CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER: return "CUDNN_STATUS_BAD_PARAM_MISALIGNED_POINTER";
        case CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED: return "CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED";
        case CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE: return "CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE";
        case CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT: return "CUDNN_STATUS_BAD_PARAM_SIZE_INSUFFICIENT";
        case CUDNN_STATUS_NOT_SUPPORTED: return "CUDNN_STATUS_NOT_SUPPORTED";
        case CUDNN_STATUS_NOT_SUPPORTED_ARCH_MISMATCH: return "CUDNN_STATUS_NOT_SUPPORTED_ARCH_MISMATCH";
        case CUDNN_STATUS_INTERNAL_ERROR: return "CUDNN_STATUS_INTERNAL_ERROR";
        case CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED: return "CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED";
        case CUDNN_STATUS_EXECUTION_FAILED: return "CUDNN_STATUS_EXECUTION_FAILED";
        case CUDNN_STATUS_EXECUTION_FAILED_CUDART: return "CUDNN_STATUS_EXECUTION_FAILED_CUDART";
        default: return "CUDNN_STATUS_OF_THE_VIRTUAL_GPU";
    }
}
void cudnnGetLastErrorString(char* message, size_t max_size) {
    if (message == nullptr || max_size == 0) return;
    const std::size_t length = std::min(max_size - 1, last_error.size());
    std::memcpy(message, last_error.data(), length);
    message[length] = '\0';
}
cudnnStatus_t cudnnGetProperty(libraryPropertyType type, int* value) {
    if (value == nullptr) return CUDNN_STATUS_BAD_PARAM_NULL_POINTER;
    *value = type == MAJOR_VERSION ? CUDNN_MAJOR : type == MINOR_VERSION ? CUDNN_MINOR : CUDNN_PATCHLEVEL;
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnGraphVersionCheck() { return CUDNN_STATUS_SUCCESS; }

cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
    return call("cudnnCreate", [&] {
        if (handle == nullptr) throw refusal{CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "cudnnCreate: no place for the handle"};
        if (vgpu::device().devices == 0 || vgpu::device().driver_version < vgpu::device().runtime_version)
            throw refusal{CUDNN_STATUS_NOT_INITIALIZED, "cudnnCreate: there is no usable GPU"};
        if (unsafe_call("cudnnCreate") != cudaSuccess)
            throw refusal{CUDNN_STATUS_EXECUTION_FAILED_CUDART, "cudnnCreate: not during a capture"};
        *handle = new cudnnContext;
        the().handles.insert(*handle);
        track("cudnn handle", *handle);
    });
}
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
    const int asked = enter("cudnnDestroy");
    const std::lock_guard lock(the().mutex);
    if (the().handles.erase(handle) == 0) {
        report_misuse("cudnnDestroy: no such handle, or it was destroyed");
        return CUDNN_STATUS_NOT_INITIALIZED;
    }
    untrack(handle);
    delete handle;
    return static_cast<cudnnStatus_t>(asked);
}
cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
    return call("cudnnSetStream", [&] {
        cudnnHandle_t const self = known(handle, "cudnnSetStream");
        if (!stream_exists(stream)) throw refusal{CUDNN_STATUS_BAD_PARAM, "cudnnSetStream: no such stream"};
        self->stream = stream;
    });
}
cudnnStatus_t cudnnGetStream(cudnnHandle_t handle, cudaStream_t* stream) {
    return call("cudnnGetStream", [&] {
        if (stream == nullptr) throw refusal{CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "cudnnGetStream: no place for the stream"};
        *stream = known(handle, "cudnnGetStream")->stream;
    });
}

cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t kind, cudnnBackendDescriptor_t* out) {
    std::uint64_t number = 0;
    const cudnnStatus_t status = call("cudnnBackendCreateDescriptor", [&] {
        if (out == nullptr) throw refusal{CUDNN_STATUS_BAD_PARAM_NULL_POINTER, "cudnnBackendCreateDescriptor: no place for the descriptor"};
        if (rules_of(kind) == nullptr)
            throw refusal{CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED,
                          "cudnnBackendCreateDescriptor: the virtual GPU has no " + kind_name(kind)};
        auto made = std::make_unique<handle_box>(handle_box{std::make_shared<descriptor>(kind), the().next++});
        number = made->number;
        *out = made.get();
        track("cudnn descriptor", made.get());
        the().descriptors.emplace(made.get(), std::move(made));
    });
    if (recording::active() && number != 0) recording::create(number, kind, status);
    return status;
}
cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t raw) {
    const int asked = enter("cudnnBackendDestroyDescriptor");
    const std::lock_guard lock(the().mutex);
    const auto found = the().descriptors.find(raw);
    if (found == the().descriptors.end()) {
        if (raw == nullptr) return CUDNN_STATUS_SUCCESS;
        report_misuse("cudnnBackendDestroyDescriptor: no such descriptor, or it was destroyed");
        return CUDNN_STATUS_BAD_PARAM_NULL_POINTER;
    }
    if (recording::active()) recording::destroy(found->second->number, static_cast<cudnnStatus_t>(asked));
    untrack(raw);
    the().descriptors.erase(found);
    return static_cast<cudnnStatus_t>(asked);
}
cudnnStatus_t cudnnBackendInitialize(cudnnBackendDescriptor_t) { return CUDNN_STATUS_DEPRECATED; }

cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t raw, cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                                       std::int64_t count, const void* values) {
    std::uint64_t number = 0;
    std::vector<std::uint64_t> numbers;
    const cudnnStatus_t status = call("cudnnBackendSetAttribute", [&] {
        handle_box& target = box(raw, "cudnnBackendSetAttribute");
        number = target.number;
        std::vector<descriptor_pointer> children;
        const rule* const expected = find_rule(target.self->kind, name);
        if (type == CUDNN_TYPE_BACKEND_DESCRIPTOR && values != nullptr && expected != nullptr && expected->types.front() == type)
            for (std::int64_t i = 0; i < count; ++i) {
                cudnnBackendDescriptor_t child = nullptr;
                std::memcpy(&child, static_cast<const std::byte*>(values) + static_cast<std::size_t>(i) * sizeof child, sizeof child);
                handle_box& known_child = box(child, "cudnnBackendSetAttribute");
                children.push_back(known_child.self);
                numbers.push_back(known_child.number);
            }
        if (type == CUDNN_TYPE_HANDLE && values != nullptr && expected != nullptr) {
            cudnnHandle_t handle = nullptr;
            std::memcpy(&handle, values, sizeof handle);
            known(handle, "cudnnBackendSetAttribute");
        }
        set(*target.self, name, type, count, values, std::move(children));
    });
    if (recording::active() && number != 0 &&
        (type != CUDNN_TYPE_BACKEND_DESCRIPTOR || numbers.size() == static_cast<std::size_t>(count) || values == nullptr))
        recording::set(number, name, type, count, status, values, numbers);
    return status;
}
cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t const raw, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, std::int64_t room, std::int64_t* count, void* out) {
    std::uint64_t number = 0;
    std::vector<std::uint64_t> numbers;
    std::string flags;
    const cudnnStatus_t status = call("cudnnBackendGetAttribute", [&] {
        handle_box& source = box(raw, "cudnnBackendGetAttribute");
        number = source.number;
        if (room < 0) throw refusal{CUDNN_STATUS_BAD_PARAM, "cudnnBackendGetAttribute: a negative count"};
        get_attribute(*source.self, name, type, room, count, out, numbers, flags);
    });
    if (recording::active() && number != 0)
        recording::get(number, name, type, room, status, count == nullptr ? 0 : *count, numbers, flags.empty() ? flags : " flags" + flags);
    return status;
}
cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t raw) {
    std::uint64_t number = 0;
    const cudnnStatus_t status = call("cudnnBackendFinalize", [&] {
        handle_box& target = box(raw, "cudnnBackendFinalize");
        number = target.number;
        if (target.self->kind == CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR && unsafe_call("cudnnBackendFinalize (of a plan)") != cudaSuccess)
            throw refusal{CUDNN_STATUS_EXECUTION_FAILED_CUDART, "execution plan: it loads a module, which a capture does not allow"};
        const descriptor& self = *target.self;
        const bool asks = (self.kind == CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR && !self.has(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP)) ||
                          (self.kind == CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR && !self.has(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP)) ||
                          (self.kind == CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR && !self.has(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION));
        const bool on_demand = self.kind == CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR && self.has(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH) &&
                               self.child(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH)->operations != nullptr &&
                               (refused("fused") || refused(self.child(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH)->operations->name));
        if ((asks || on_demand) && recording::active())  // what a test refuses is not what a GPU refuses: 0 is no GPU
            recording::own_gpu(number, on_demand ? 0 : vgpu::device().major * 10 + vgpu::device().minor);
        finalize(target.self);
    });
    if (recording::active() && number != 0) recording::finalize(number, status);
    return status;
}
cudnnStatus_t cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan, cudnnBackendDescriptor_t pack) {
    return call("cudnnBackendExecute", [&] {
        execute_plan(known(handle, "cudnnBackendExecute"), *box(plan, "cudnnBackendExecute").self, *box(pack, "cudnnBackendExecute").self);
    });
}

}  // extern "C"
