// SPDX-License-Identifier: MIT
// A cuDNN backend descriptor as a value that owns it. The kind is part of the type, and so is what each attribute holds:
//     descriptor<CUDNN_BACKEND_TENSOR_DESCRIPTOR> t;
//     t.set<CUDNN_ATTR_TENSOR_DATA_TYPE>(CUDNN_DATA_FLOAT).set<CUDNN_ATTR_TENSOR_DIMENSIONS>(std::array<std::int64_t, 4>{8, 3, 32, 32});
// An attribute of another kind of descriptor, or a value of another C++ type, does not compile.
#pragma once

#include <strata/core/config.hpp>
#include <strata/backend/cuda/cudnn/attributes.hpp>
#include <strata/backend/cuda/cudnn/status.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI {
namespace cudnn {

// A descriptor of any kind: owns cuDNN's object, knows nothing of it. Move-only.
class any_descriptor {
public:
    explicit any_descriptor(descriptor_kind kind);
    any_descriptor(any_descriptor&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
    any_descriptor& operator=(any_descriptor&& other) noexcept {
        std::swap(raw_, other.raw_);
        return *this;
    }
    ~any_descriptor();

    cudnnBackendDescriptor_t get() const { return raw_; }

private:
    cudnnBackendDescriptor_t raw_ = nullptr;
};

template <descriptor_kind Kind>
class descriptor;

namespace detail {

template <attribute_facts Facts>
struct attribute_value {
    using type = typename c_type<Facts.type>::type;
};
template <attribute_facts Facts>
    requires(Facts.refers_to != no_kind)
struct attribute_value<Facts> {
    using type = descriptor<Facts.refers_to>;
};

// "CUDNN_ATTR_TENSOR_STRIDES" as the compiler spells it.
template <auto Enumerator>
constexpr std::string_view name_of() {
    std::string_view text = __PRETTY_FUNCTION__;
    text.remove_prefix(text.find("Enumerator = ") + 13);
    return text.substr(0, text.find_first_of(";]"));
}

void set_attribute(cudnnBackendDescriptor_t of, attribute_name name, cudnnBackendAttributeType_t type, std::size_t count,
                   const void* values, std::string_view words);
std::size_t count_attribute(cudnnBackendDescriptor_t of, attribute_name name, cudnnBackendAttributeType_t type, std::string_view words);
std::size_t get_attribute(cudnnBackendDescriptor_t of, attribute_name name, cudnnBackendAttributeType_t type, std::size_t room,
                          void* values, std::string_view words);
void finalize(cudnnBackendDescriptor_t which, std::string_view words);

}  // namespace detail

// The C++ type of an attribute's values; for one that refers to a descriptor: that kind of descriptor.
template <attribute_name Attribute>
using attribute_type = typename detail::attribute_value<facts_of(Attribute)>::type;

template <descriptor_kind Kind, attribute_name Attribute>
concept attribute_of = facts_of(Attribute).owner == Kind;

template <descriptor_kind Kind>
class descriptor : public any_descriptor {
public:
    static constexpr descriptor_kind kind = Kind;

    descriptor() : any_descriptor(Kind) {}

    // One value, or a range of them (array, vector, span; string_view where the attribute holds text). The types must be equal:
    // nothing is converted on the way. Throws cudnn_error naming attribute and descriptor.
    template <attribute_name Attribute, typename Value>
    descriptor& set(const Value& value) {
        using held = attribute_type<Attribute>;
        static_assert(attribute_of<Kind, Attribute>, "cudnn: this attribute does not belong to this kind of descriptor");
        constexpr bool one = std::same_as<Value, held>;
        constexpr bool many = std::convertible_to<const Value&, std::span<const held>>;
        static_assert(!attribute_of<Kind, Attribute> || one || many,
                      "cudnn: this attribute holds values of another C++ type; attribute_type<Attribute> is it");
        constexpr attribute_facts facts = facts_of(Attribute);
        if constexpr (one && facts.refers_to != no_kind) {
            const cudnnBackendDescriptor_t raw = value.get();
            detail::set_attribute(this->get(), Attribute, facts.type, 1, &raw, detail::name_of<Attribute>());
        } else if constexpr (one) {
            detail::set_attribute(this->get(), Attribute, facts.type, 1, &value, detail::name_of<Attribute>());
        } else if constexpr (many) {
            const std::span<const held> values(value);
            detail::set_attribute(this->get(), Attribute, facts.type, values.size(), values.data(), detail::name_of<Attribute>());
        }
        return *this;
    }

    // All values of an attribute.
    template <attribute_name Attribute>
    std::vector<attribute_type<Attribute>> get_all() const {
        static_assert(attribute_of<Kind, Attribute>, "cudnn: this attribute does not belong to this kind of descriptor");
        constexpr attribute_facts facts = facts_of(Attribute);
        constexpr std::string_view words = detail::name_of<Attribute>();
        const std::size_t count = detail::count_attribute(this->get(), Attribute, facts.type, words);
        std::vector<attribute_type<Attribute>> values(count);
        if constexpr (facts.refers_to != no_kind) {
            std::vector<cudnnBackendDescriptor_t> raw;
            for (const auto& value : values) raw.push_back(value.get());
            const std::size_t got = detail::get_attribute(this->get(), Attribute, facts.type, count, raw.data(), words);
            while (values.size() > got) values.pop_back();
        } else {
            values.resize(detail::get_attribute(this->get(), Attribute, facts.type, count, values.data(), words));
        }
        return values;
    }

    // The one value of an attribute.
    template <attribute_name Attribute>
    attribute_type<Attribute> get() const {
        static_assert(attribute_of<Kind, Attribute>, "cudnn: this attribute does not belong to this kind of descriptor");
        attribute_type<Attribute> value{};
        constexpr attribute_facts facts = facts_of(Attribute);
        if constexpr (facts.refers_to != no_kind) {
            cudnnBackendDescriptor_t raw = value.get();
            detail::get_attribute(this->get(), Attribute, facts.type, 1, &raw, detail::name_of<Attribute>());
        } else {
            detail::get_attribute(this->get(), Attribute, facts.type, 1, &value, detail::name_of<Attribute>());
        }
        return value;
    }

    // After this nothing can be set, and other descriptors may refer to this one.
    descriptor& finalize() {
        detail::finalize(this->any_descriptor::get(), detail::name_of<Kind>());
        return *this;
    }

    using any_descriptor::get;
};

}  // namespace cudnn
}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/cudnn/descriptor.ipp>
#endif
