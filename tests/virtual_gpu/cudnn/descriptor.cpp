// SPDX-License-Identifier: MIT
// Reading, setting and finalizing descriptors of the virtual cuDNN.
#include "engines.hpp"

#include "../device.hpp"

#include <cstdlib>
#include <cstring>
#include <sstream>

namespace vgpu::dnn {

descriptor::descriptor(cudnnBackendDescriptorType_t k) : kind(k) {}
descriptor::~descriptor() = default;

std::size_t size_of(cudnnBackendAttributeType_t type) {
    switch (type) {
        case CUDNN_TYPE_HANDLE:
        case CUDNN_TYPE_INT64:
        case CUDNN_TYPE_DOUBLE:
        case CUDNN_TYPE_VOID_PTR:
        case CUDNN_TYPE_BACKEND_DESCRIPTOR: return 8;
        case CUDNN_TYPE_FRACTION: return 16;
        case CUDNN_TYPE_BOOLEAN:
        case CUDNN_TYPE_CHAR: return 1;
        default: return 4;
    }
}

namespace {

template <class T>
T element(const attribute& one, std::int64_t i) {
    T value;
    std::memcpy(&value, one.bytes.data() + static_cast<std::size_t>(i) * sizeof(T), sizeof(T));
    return value;
}
std::int64_t integral(const attribute& one, std::int64_t i) {
    switch (size_of(one.type)) {
        case 8: return element<std::int64_t>(one, i);
        case 1: return element<std::int8_t>(one, i);
        default: return element<std::int32_t>(one, i);
    }
}
const attribute* look(const descriptor& self, int name) {
    const auto found = self.attributes.find(name);
    return found == self.attributes.end() ? nullptr : &found->second;
}

}  // namespace

std::int64_t descriptor::integer(int name, std::int64_t fallback) const {
    const attribute* const one = look(*this, name);
    return one == nullptr ? fallback : integral(*one, 0);
}
double descriptor::real(int name, double fallback) const {
    const attribute* const one = look(*this, name);
    if (one == nullptr) return fallback;
    return one->type == CUDNN_TYPE_DOUBLE ? element<double>(*one, 0) : static_cast<double>(element<float>(*one, 0));
}
bool descriptor::boolean(int name) const { return integer(name, 0) != 0; }
std::vector<std::int64_t> descriptor::integers(int name) const {
    std::vector<std::int64_t> values;
    if (const attribute* const one = look(*this, name))
        for (std::int64_t i = 0; i < one->count; ++i) values.push_back(integral(*one, i));
    return values;
}
std::vector<double> descriptor::fractions(int name) const {
    std::vector<double> values;
    if (const attribute* const one = look(*this, name))
        for (std::int64_t i = 0; i < one->count; ++i) {
            const auto fraction = element<cudnnFraction_t>(*one, i);
            values.push_back(static_cast<double>(fraction.numerator) / static_cast<double>(fraction.denominator));
        }
    return values;
}
std::string descriptor::characters(int name) const {
    const attribute* const one = look(*this, name);
    return one == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(one->bytes.data()), one->bytes.size());
}
descriptor_pointer descriptor::child(int name) const {
    const attribute* const one = look(*this, name);
    return one == nullptr || one->children.empty() ? nullptr : one->children.front();
}

std::string kind_name(cudnnBackendDescriptorType_t kind) {
    switch (kind) {
        case CUDNN_BACKEND_TENSOR_DESCRIPTOR: return "tensor";
        case CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR: return "convolution";
        case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR: return "convolution_forward";
        case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR: return "convolution_backward_data";
        case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR: return "convolution_backward_filter";
        case CUDNN_BACKEND_POINTWISE_DESCRIPTOR: return "pointwise";
        case CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR: return "pointwise operation";
        case CUDNN_BACKEND_REDUCTION_DESCRIPTOR: return "reduction";
        case CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR: return "reduction operation";
        case CUDNN_BACKEND_MATMUL_DESCRIPTOR: return "matmul";
        case CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR: return "matmul operation";
        case CUDNN_BACKEND_RESAMPLE_DESCRIPTOR: return "resample";
        case CUDNN_BACKEND_OPERATION_RESAMPLE_FWD_DESCRIPTOR: return "resample_forward";
        case CUDNN_BACKEND_OPERATION_RESAMPLE_BWD_DESCRIPTOR: return "resample_backward";
        case CUDNN_BACKEND_OPERATION_NORM_FORWARD_DESCRIPTOR: return "norm_forward";
        case CUDNN_BACKEND_OPERATION_NORM_BACKWARD_DESCRIPTOR: return "norm_backward";
        case CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR: return "operation graph";
        case CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR: return "device properties";
        case CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR: return "heuristics";
        case CUDNN_BACKEND_ENGINE_DESCRIPTOR: return "engine";
        case CUDNN_BACKEND_ENGINECFG_DESCRIPTOR: return "engine config";
        case CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR: return "execution plan";
        case CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR: return "variant pack";
        default: return "descriptor of kind " + std::to_string(static_cast<int>(kind));
    }
}
std::string attribute_name(int name) { return "attribute " + std::to_string(name); }

void set(descriptor& target, int name, cudnnBackendAttributeType_t type, std::int64_t count, const void* values,
         std::vector<descriptor_pointer> children) {
    const std::string where = kind_name(target.kind) + ", " + attribute_name(name) + ": ";
    if (target.finalized) throw refusal{CUDNN_STATUS_BAD_PARAM, where + "the descriptor is finalized already"};
    const rule* const known = find_rule(target.kind, name);
    if (known == nullptr) throw refusal{CUDNN_STATUS_BAD_PARAM, where + "no such attribute of this descriptor"};
    bool right = false;
    for (const auto allowed : known->types) right = right || allowed == type;
    const bool of_descriptors = known->types.front() == CUDNN_TYPE_BACKEND_DESCRIPTOR;
    if (!right)
        throw refusal{of_descriptors ? CUDNN_STATUS_BAD_PARAM : CUDNN_STATUS_BAD_PARAM_ATTRIBUTE_TYPE,
                      where + "its type is " + std::to_string(known->types.front()) + ", not " + std::to_string(type)};
    if (count < known->least || count > known->most)
        throw refusal{of_descriptors && count > known->most ? CUDNN_STATUS_NOT_SUPPORTED : CUDNN_STATUS_BAD_PARAM,
                      where + std::to_string(count) + " elements"};
    if (values == nullptr) throw refusal{CUDNN_STATUS_BAD_PARAM, where + "a null array of elements"};
    attribute one{type, count, {}, std::move(children)};
    if (of_descriptors) {
        for (const auto& each : one.children) {
            bool fits = false;
            for (const auto kind : known->kinds) fits = fits || kind == each->kind;
            if (!fits)
                throw refusal{CUDNN_STATUS_BAD_PARAM_DESCRIPTOR_TYPE, where + "a " + kind_name(each->kind) + " does not belong here"};
            if (target.kind == CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR && !each->finalized)
                throw refusal{CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED, where + "a " + kind_name(each->kind) + " is not finalized"};
        }
    } else {
        one.bytes.resize(static_cast<std::size_t>(count) * size_of(type));
        std::memcpy(one.bytes.data(), values, one.bytes.size());
    }
    target.attributes.insert_or_assign(name, std::move(one));
}

namespace {

void check_tensor(const descriptor& self) {
    const auto dims = self.integers(CUDNN_ATTR_TENSOR_DIMENSIONS), strides = self.integers(CUDNN_ATTR_TENSOR_STRIDES);
    if (dims.size() > CUDNN_DIM_MAX) throw refusal{CUDNN_STATUS_BAD_PARAM, "tensor: more than 8 dimensions"};
    if (dims.size() != strides.size()) throw refusal{CUDNN_STATUS_BAD_PARAM, "tensor: as many strides as dimensions are needed"};
    for (const auto dim : dims)
        if (dim <= 0) throw refusal{CUDNN_STATUS_BAD_PARAM, "tensor: dimensions must be positive"};
    for (const auto stride : strides)
        if (stride < 0) throw refusal{CUDNN_STATUS_BAD_PARAM, "tensor: a negative stride"};
    const auto type = static_cast<cudnnDataType_t>(self.integer(CUDNN_ATTR_TENSOR_DATA_TYPE));
    const auto size = static_cast<std::int64_t>(bytes_of(type));
    if (size == 0) throw refusal{CUDNN_STATUS_BAD_PARAM, "tensor: data type " + std::to_string(type) + " is unknown to the virtual GPU"};
    const auto alignment = self.integer(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT);
    if (alignment <= 0 || alignment % size != 0)
        throw refusal{CUDNN_STATUS_BAD_PARAM, "tensor: the alignment must be a multiple of the element's size"};
}

void check_convolution(const descriptor& self) {
    const auto rank = static_cast<std::size_t>(self.integer(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS));
    for (const int name : {CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS,
                           CUDNN_ATTR_CONVOLUTION_POST_PADDINGS}) {
        const auto values = self.integers(name);
        if (values.size() != rank)
            throw refusal{CUDNN_STATUS_BAD_PARAM, "convolution: " + attribute_name(name) + " needs one value per spatial dimension"};
        const bool padding = name == CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS || name == CUDNN_ATTR_CONVOLUTION_POST_PADDINGS;
        for (const auto value : values)
            if (value < (padding ? 0 : 1))
                throw refusal{CUDNN_STATUS_BAD_PARAM, "convolution: " + attribute_name(name) + " is " + std::to_string(value)};
    }
    if (rank != 2) throw refusal{CUDNN_STATUS_NOT_SUPPORTED, "convolution: the virtual GPU knows two spatial dimensions"};
}

int capability_of(const descriptor_pointer& device) {
    return device != nullptr ? device->compute_capability : vgpu::device().major * 10 + vgpu::device().minor;
}

void finalize_device(descriptor& self) {
    const std::string json = self.characters(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION);
    if (!json.empty()) {
        const auto at = json.find("\"deviceVer\"");
        const auto colon = at == std::string::npos ? at : json.find(':', at);
        if (colon == std::string::npos) throw refusal{CUDNN_STATUS_BAD_PARAM, "device properties: deviceVer is missing"};
        self.compute_capability = std::atoi(json.c_str() + colon + 1) / 10;
    } else {
        self.compute_capability = capability_of(nullptr);
    }
}

void finalize_heuristics(descriptor& self) {
    const auto source = self.child(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH);
    self.operations = source->operations;
    self.compute_capability = capability_of(self.child(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP));
    if (self.operations->name == "batch_norm_inference" && self.integer(CUDNN_ATTR_ENGINEHEUR_MODE) == CUDNN_HEUR_MODE_A)
        throw refusal{CUDNN_STATUS_NOT_SUPPORTED, "heuristics: a batch norm for inference as a norm has no engine"};
    self.offered = engines_for(*self.operations, self.compute_capability,
                               static_cast<cudnnBackendHeurMode_t>(self.integer(CUDNN_ATTR_ENGINEHEUR_MODE)))
                       .engines;
}

void finalize_engine(descriptor& self) {
    const auto source = self.child(CUDNN_ATTR_ENGINE_OPERATION_GRAPH);
    self.operations = source->operations;
    const int capability = capability_of(self.child(CUDNN_ATTR_ENGINE_DEVICEPROP));
    for (const auto mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK})
        for (const engine& one : engines_for(*self.operations, capability, mode).engines)
            if (one.index == self.integer(CUDNN_ATTR_ENGINE_GLOBAL_INDEX)) self.chosen = std::make_shared<const engine>(one);
    if (self.chosen == nullptr) throw refusal{CUDNN_STATUS_NOT_SUPPORTED, "engine: this graph has no engine of that index"};
}

/// "name":VALUE of our own plans' JSON, VALUE without its quotes.
std::string field(const std::string& json, const std::string& name) {
    const auto at = json.find('"' + name + "\":");
    if (at == std::string::npos) throw refusal{CUDNN_STATUS_BAD_PARAM, "execution plan: its JSON form has no " + name};
    auto begin = at + name.size() + 3;
    const bool quoted = begin < json.size() && json[begin] == '"';
    if (quoted) ++begin;
    const auto end = json.find_first_of(quoted ? "\"" : ",}", begin);
    if (end == std::string::npos) throw refusal{CUDNN_STATUS_BAD_PARAM, "execution plan: its JSON form ends early"};
    return json.substr(begin, end - begin);
}

void finalize_plan(descriptor& self) {
    self.compute_capability = capability_of(self.child(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP));
    if (const auto config = self.child(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG)) {
        if (!config->finalized) throw refusal{CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED, "execution plan: its engine config is not finalized"};
        if (config->compute_capability != self.compute_capability)
            throw refusal{CUDNN_STATUS_NOT_SUPPORTED_ARCH_MISMATCH, "execution plan: the engine config was asked for another GPU"};
        self.chosen = config->chosen;
        self.operations = config->operations;
        return;
    }
    const std::string json = self.characters(CUDNN_ATTR_EXECUTION_PLAN_JSON_REPRESENTATION);
    if (json.empty())
        throw refusal{CUDNN_STATUS_BAD_PARAM_NOT_FINALIZED, "execution plan: it has neither an engine config nor a JSON form"};
    if (field(json, "cudnnVersion") != std::to_string(CUDNN_VERSION))
        throw refusal{CUDNN_STATUS_SERIALIZATION_VERSION_MISMATCH, "execution plan: its JSON form is of another version of cuDNN"};
    if (field(json, "computeCapability") != std::to_string(self.compute_capability))
        throw refusal{CUDNN_STATUS_NOT_SUPPORTED_ARCH_MISMATCH, "execution plan: its JSON form is of another GPU"};
    const descriptor_pointer source = from_text(field(json, "operations"));
    self.operations = source->operations;
    const auto index = std::atoll(field(json, "engine").c_str());
    for (const auto mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK})
        for (const engine& one : engines_for(*self.operations, self.compute_capability, mode).engines)
            if (one.index == index) self.chosen = std::make_shared<const engine>(one);
    if (self.chosen == nullptr)
        throw refusal{CUDNN_STATUS_NOT_SUPPORTED, "execution plan: its JSON form names an engine that is not there"};
}

void check_pack(const descriptor& self) {
    const auto ids = self.integers(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
    if (ids.size() != self.integers(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS).size())
        throw refusal{CUDNN_STATUS_BAD_PARAM, "variant pack: as many pointers as ids are needed"};
}

}  // namespace

void finalize(const descriptor_pointer& target) {
    descriptor& self = *target;
    const std::string kind = kind_name(self.kind);
    if (self.finalized) throw refusal{CUDNN_STATUS_BAD_PARAM, kind + ": it is finalized already"};
    for (const rule& each : *rules_of(self.kind)) {
        const attribute* const one = look(self, each.name);
        if (one == nullptr && each.required)
            throw refusal{each.name == CUDNN_ATTR_ENGINE_OPERATION_GRAPH ? CUDNN_STATUS_BAD_PARAM_NULL_POINTER : CUDNN_STATUS_BAD_PARAM,
                          kind + ": " + attribute_name(each.name) + " has not been set"};
        if (one == nullptr) continue;
        for (const auto& child : one->children)
            if (!child->finalized) throw refusal{CUDNN_STATUS_BAD_PARAM, kind + ": " + attribute_name(each.name) + " is not finalized"};
    }
    switch (self.kind) {
        case CUDNN_BACKEND_TENSOR_DESCRIPTOR: check_tensor(self); break;
        case CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR: check_convolution(self); break;
        case CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR: finalize_device(self); break;
        case CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR: finalize_heuristics(self); break;
        case CUDNN_BACKEND_ENGINE_DESCRIPTOR: finalize_engine(self); break;
        case CUDNN_BACKEND_ENGINECFG_DESCRIPTOR: {
            const auto source = self.child(CUDNN_ATTR_ENGINECFG_ENGINE);
            self.chosen = source->chosen;
            self.operations = source->operations;
            self.compute_capability = capability_of(source->child(CUDNN_ATTR_ENGINE_DEVICEPROP));
            break;
        }
        case CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR: finalize_plan(self); break;
        case CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR: check_pack(self); break;
        case CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR:
            self.operations = read_graph(self.attributes.at(CUDNN_ATTR_OPERATIONGRAPH_OPS).children);
            break;
        case CUDNN_BACKEND_POINTWISE_DESCRIPTOR:
        case CUDNN_BACKEND_REDUCTION_DESCRIPTOR:
        case CUDNN_BACKEND_MATMUL_DESCRIPTOR:
        case CUDNN_BACKEND_RESAMPLE_DESCRIPTOR: break;
        default: read_operation(target); break;  // an operation: its shapes and types
    }
    self.finalized = true;
}

namespace {

void write(std::ostringstream& out, const descriptor& self) {
    out << '(' << self.kind;
    for (const auto& [name, one] : self.attributes) {
        if (one.type == CUDNN_TYPE_HANDLE) continue;
        out << ' ' << name << ' ' << one.type << ' ' << one.count << ' ';
        if (one.type == CUDNN_TYPE_BACKEND_DESCRIPTOR) {
            for (const auto& child : one.children) write(out, *child);
        } else {
            for (const std::byte byte : one.bytes) {
                const char* const digits = "0123456789abcdef";
                out << digits[static_cast<unsigned>(byte) >> 4] << digits[static_cast<unsigned>(byte) & 15U];
            }
        }
    }
    out << " )";
}

descriptor_pointer read(std::istringstream& in, int depth) {
    const auto broken = [] { return refusal{CUDNN_STATUS_BAD_PARAM, "execution plan: its JSON form cannot be read"}; };
    char bracket = 0;
    int kind = 0;
    if (depth > 4 || !(in >> bracket >> kind) || bracket != '(') throw broken();
    auto self = std::make_shared<descriptor>(static_cast<cudnnBackendDescriptorType_t>(kind));
    if (rules_of(self->kind) == nullptr) throw broken();
    while ((in >> std::ws).peek() != ')') {
        int name = 0, type = 0;
        std::int64_t count = 0;
        if (!(in >> name >> type >> count) || count < 0 || count > 64) throw broken();
        std::vector<descriptor_pointer> children;
        std::vector<unsigned char> bytes(1);
        if (type == CUDNN_TYPE_BACKEND_DESCRIPTOR) {
            for (std::int64_t i = 0; i < count; ++i) children.push_back(read(in, depth + 1));
        } else {
            std::string hex;
            in >> hex;
            bytes.clear();
            for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
                bytes.push_back(static_cast<unsigned char>(std::strtoul(hex.substr(i, 2).c_str(), nullptr, 16)));
            if (bytes.size() != static_cast<std::size_t>(count) * size_of(static_cast<cudnnBackendAttributeType_t>(type))) throw broken();
        }
        set(*self, name, static_cast<cudnnBackendAttributeType_t>(type), count, bytes.data(), std::move(children));
    }
    in.get();
    finalize(self);
    return self;
}

}  // namespace

std::string to_text(const descriptor_pointer& root) {
    std::ostringstream out;
    write(out, *root);
    return out.str();
}
descriptor_pointer from_text(const std::string& text) {
    std::istringstream in(text);
    return read(in, 0);
}

}  // namespace vgpu::dnn
