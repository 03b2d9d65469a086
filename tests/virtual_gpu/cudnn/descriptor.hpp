// SPDX-License-Identifier: MIT
// A backend descriptor of the virtual cuDNN: a kind, and attributes as the caller set them. The rules (rules.cpp) say which attributes a
// kind has, of which type and count, and which must be there when it is finalized. Parents keep their children: a caller may destroy a
// child that has been set, as real cuDNN allows.
#pragma once

#include <cudnn_backend.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace vgpu::dnn {

/// A status that is not success, with the text for cudnnGetLastErrorString. Thrown inside, caught at the API.
struct refusal {
    cudnnStatus_t status;
    std::string text;
};

struct descriptor;
using descriptor_pointer = std::shared_ptr<descriptor>;

struct attribute {
    cudnnBackendAttributeType_t type = CUDNN_TYPE_INT64;
    std::int64_t count = 0;
    std::vector<std::byte> bytes;              // of plain values
    std::vector<descriptor_pointer> children;  // of descriptors
};

struct graph;   // graph.hpp
struct engine;  // engines.hpp

struct descriptor {
    cudnnBackendDescriptorType_t kind;
    bool finalized = false;
    std::map<int, attribute> attributes;
    // What finalizing made of it.
    std::shared_ptr<const graph> operations;  // of a graph, and of what hangs on one
    std::vector<engine> offered;              // of heuristics
    std::shared_ptr<const engine> chosen;     // of an engine, a config and a plan
    int compute_capability = 0;               // of a device, heuristics and a plan: 75, 90
    bool warmed_up = false;                   // a plan that has been executed outside a capture

    explicit descriptor(cudnnBackendDescriptorType_t k);
    ~descriptor();
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;

    bool has(int name) const { return attributes.count(name) != 0; }
    std::int64_t integer(int name, std::int64_t fallback = 0) const;    // of any integral type
    double real(int name, double fallback) const;                       // float or double
    bool boolean(int name) const;
    std::vector<std::int64_t> integers(int name) const;
    std::vector<double> fractions(int name) const;
    std::string characters(int name) const;
    descriptor_pointer child(int name) const;                           // null when there is none
};

struct rule {
    int name;
    std::vector<cudnnBackendAttributeType_t> types;  // the first is the usual one
    std::int64_t least, most;                        // of elements
    bool required;
    std::vector<cudnnBackendDescriptorType_t> kinds = {};  // of children
};
/// Null when the virtual cuDNN has no such descriptor.
const std::vector<rule>* rules_of(cudnnBackendDescriptorType_t kind);
const rule* find_rule(cudnnBackendDescriptorType_t kind, int name);
std::size_t size_of(cudnnBackendAttributeType_t type);
std::string kind_name(cudnnBackendDescriptorType_t kind);
std::string attribute_name(int name);

/// Sets one attribute; children are given as pointers already looked up. Throws a refusal.
void set(descriptor& target, int name, cudnnBackendAttributeType_t type, std::int64_t count, const void* values,
         std::vector<descriptor_pointer> children);
/// Checks what is required and makes what the kind makes of its attributes.
void finalize(const descriptor_pointer& target);
/// The text of a graph's descriptors, for a plan's JSON form; and back.
std::string to_text(const descriptor_pointer& root);
descriptor_pointer from_text(const std::string& text);

}  // namespace vgpu::dnn
