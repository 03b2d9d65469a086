// SPDX-License-Identifier: MIT
// Bodies of safetensors.hpp: nothing in the file is believed before it is checked against the file's own size.
#pragma once

#include <strata/files/safetensors.hpp>

#include <strata/core/error.hpp>
#include <strata/disk/atomic_file.hpp>
#include <strata/disk/read_file.hpp>
#include <strata/files/json.hpp>

#include <algorithm>
#include <bit>
#include <cstring>

namespace strata::inline STRATA_ABI {
namespace safetensors {

namespace detail {

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian, and this machine is not");

inline constexpr std::size_t max_header = 100'000'000;  // as the format's own implementation

constexpr const char* name_of(dtype type) {
    return type == dtype::f32 ? "F32" : type == dtype::bf16 ? "BF16" : type == dtype::i32 ? "I32" : "U8";
}

// The bytes that shape and type need, or -1 when they do not fit into 63 bits.
STRATA_INLINE std::int64_t bytes_needed(const std::vector<std::int64_t>& shape, dtype type) {
    auto size = static_cast<std::int64_t>(bytes_of(type));
    for (const std::int64_t extent : shape) {
        if (extent < 0) return -1;
        if (extent == 0) return 0;
        if (size > INT64_MAX / extent) return -1;
        size *= extent;
    }
    return size;
}

STRATA_INLINE std::string sentence(const std::string& file, const std::string& name, const std::string& why) {
    return file + ": tensor " + json::quoted(name) + ": " + why;
}

STRATA_INLINE dtype type_of(const std::string& file, const std::string& name, const json::value* type) {
    if (type == nullptr || type->kind != json::kind::string) throw invalid_input(sentence(file, name, "it has no dtype"));
    for (const dtype known : {dtype::f32, dtype::bf16, dtype::i32, dtype::u8}) {
        if (type->string == name_of(known)) return known;
    }
    throw invalid_input(sentence(file, name, "its dtype " + json::quoted(type->string) + " is not one of F32, BF16, I32 and U8"));
}

struct placed_tensor {
    tensor what;
    std::int64_t begin = 0, end = 0;  // bytes of the values
};

// One entry of the header: {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}.
STRATA_INLINE placed_tensor checked_entry(const std::string& file, const std::string& name, const json::value& entry,
                                          std::uint64_t values) {
    if (entry.kind != json::kind::object) throw invalid_input(sentence(file, name, "its entry is not an object"));
    tensor result{.name = name, .type = type_of(file, name, entry.find("dtype"))};
    const json::value* shape = entry.find("shape");
    if (shape == nullptr || shape->kind != json::kind::array) throw invalid_input(sentence(file, name, "it has no shape"));
    for (const json::value& extent : shape->items) {
        if (!extent.is_integer || extent.integer < 0) throw invalid_input(sentence(file, name, "its shape is not made of counts"));
        result.shape.push_back(extent.integer);
    }
    const json::value* place = entry.find("data_offsets");
    if (place == nullptr || place->kind != json::kind::array || place->items.size() != 2 || !place->items[0].is_integer ||
        !place->items[1].is_integer)
        throw invalid_input(sentence(file, name, "it has no data_offsets"));
    const std::int64_t begin = place->items[0].integer, end = place->items[1].integer;
    if (begin < 0 || end < begin || static_cast<std::uint64_t>(end) > values)
        throw invalid_input(sentence(file, name,
                                     "its bytes " + std::to_string(begin) + " to " + std::to_string(end) + " are outside the " +
                                         std::to_string(values) + " bytes of values: the file is truncated or damaged"));
    if (bytes_needed(result.shape, result.type) != end - begin)
        throw invalid_input(sentence(file, name, "its shape and dtype do not explain its " + std::to_string(end - begin) + " bytes"));
    return {std::move(result), begin, end};
}

STRATA_INLINE text_pairs checked_metadata(const std::string& file, const json::value& entry) {
    if (entry.kind != json::kind::object) throw invalid_input(file + ": __metadata__ is not an object");
    text_pairs result;
    for (std::size_t i = 0; i < entry.keys.size(); ++i) {
        if (entry.items[i].kind != json::kind::string)
            throw invalid_input(file + ": __metadata__: " + json::quoted(entry.keys[i]) + " is not text");
        result.emplace_back(entry.keys[i], entry.items[i].string);
    }
    return result;
}

// Every byte of the values belongs to exactly one tensor.
STRATA_INLINE void check_places(const std::string& file, std::vector<placed_tensor> tensors, std::uint64_t values) {
    std::sort(tensors.begin(), tensors.end(),
              [](const placed_tensor& a, const placed_tensor& b) { return a.begin != b.begin ? a.begin < b.begin : a.end < b.end; });
    std::int64_t next = 0;
    for (const placed_tensor& t : tensors) {
        if (t.begin == t.end) continue;
        if (t.begin < next) throw invalid_input(sentence(file, t.what.name, "its bytes overlap those of another tensor"));
        if (t.begin > next) throw invalid_input(sentence(file, t.what.name, "before its bytes lie some that belong to no tensor"));
        next = t.end;
    }
    if (static_cast<std::uint64_t>(next) != values)
        throw invalid_input(file + ": after the last tensor come " + std::to_string(values - static_cast<std::uint64_t>(next)) +
                            " bytes that belong to none: the file is too long or damaged");
}

STRATA_INLINE void check_unique(const std::string& path, std::vector<std::string_view> names) {
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end()) throw invalid_input(path + ": the name " + json::quoted(*twice) + " is given twice");
}

STRATA_INLINE std::string header_of(std::span<const tensor* const> order, const text_pairs& metadata) {
    std::string header = "{";
    if (!metadata.empty()) {
        header += "\"__metadata__\":{";
        for (const auto& [key, value] : metadata) header += json::quoted(key) + ":" + json::quoted(value) + ",";
        header.back() = '}';
        header += ',';
    }
    std::size_t offset = 0;
    for (const tensor* t : order) {
        header += json::quoted(t->name) + ":{\"dtype\":\"" + name_of(t->type) + "\",\"shape\":[";
        for (std::size_t i = 0; i < t->shape.size(); ++i) header += (i == 0 ? "" : ",") + std::to_string(t->shape[i]);
        header += "],\"data_offsets\":[" + std::to_string(offset) + "," + std::to_string(offset + t->bytes.size()) + "]},";
        offset += t->bytes.size();
    }
    if (header.back() == ',') header.pop_back();
    header += '}';
    while (header.size() % 8 != 0) header += ' ';
    return header;
}

template <typename Value>
std::vector<Value> values_of(const tensor& t) {
    std::vector<Value> values(t.bytes.size() / sizeof(Value));
    if (!values.empty()) std::memcpy(values.data(), t.bytes.data(), t.bytes.size());  // the file need not be aligned
    return values;
}

// The length that a file of so many bytes gives for its header, in its first eight.
STRATA_INLINE std::size_t header_length(std::span<const std::byte> begin, std::uint64_t size, const std::string& name) {
    if (begin.size() < 8) throw invalid_input(name + ": not a safetensors file: it has only " + std::to_string(size) + " bytes");
    std::uint64_t length = 0;
    std::memcpy(&length, begin.data(), 8);
    if (length > max_header || length > size - 8)
        throw invalid_input(name + ": not a safetensors file, or a truncated one: its header is longer than the file");
    return static_cast<std::size_t>(length);
}

}  // namespace detail

STRATA_INLINE contents contents::described(std::string_view text, std::uint64_t values, const std::string& name) {
    if (text.empty() || text[0] != '{') throw invalid_input(name + ": not a safetensors file: its header is not a JSON object");
    const json::value header = json::parse(text, name, {.bytes = detail::max_header, .depth = 4});
    contents result;
    result.name_ = name;
    std::vector<detail::placed_tensor> tensors;
    for (std::size_t i = 0; i < header.keys.size(); ++i) {
        if (header.keys[i] == "__metadata__") {
            result.metadata_ = detail::checked_metadata(name, header.items[i]);
        } else {
            tensors.push_back(detail::checked_entry(name, header.keys[i], header.items[i], values));
        }
    }
    detail::check_places(name, tensors, values);
    std::sort(tensors.begin(), tensors.end(),
              [](const detail::placed_tensor& a, const detail::placed_tensor& b) { return a.what.name < b.what.name; });
    for (detail::placed_tensor& t : tensors) {
        result.tensors_.push_back(std::move(t.what));
        result.places_.emplace_back(static_cast<std::size_t>(t.begin), static_cast<std::size_t>(t.end));
    }
    return result;
}

STRATA_INLINE void contents::take(std::vector<std::byte> bytes, std::size_t begin) {
    bytes_ = std::move(bytes);
    const auto values = std::span<const std::byte>(bytes_).subspan(begin);
    for (std::size_t i = 0; i < tensors_.size(); ++i)
        tensors_[i].bytes = values.subspan(places_[i].first, places_[i].second - places_[i].first);
}

STRATA_INLINE contents parse(std::vector<std::byte> bytes, const std::string& name) {
    const std::size_t length = detail::header_length(bytes, bytes.size(), name), begin = 8 + length;
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + 8, length);
    contents result = contents::described(text, bytes.size() - begin, name);
    result.take(std::move(bytes), begin);
    return result;
}

STRATA_INLINE contents read(const std::string& path) {
    input_file file(path);
    const auto size = static_cast<std::uint64_t>(file.size());
    std::vector<std::byte> bytes(static_cast<std::size_t>(std::min<std::uint64_t>(size, 8)));
    file.read(bytes);
    const std::size_t length = detail::header_length(bytes, size, path);
    bytes.resize(length);
    file.read(bytes);
    const std::uint64_t values = size - 8 - length;
    contents result = contents::described({reinterpret_cast<const char*>(bytes.data()), length}, values, path);
    bytes = std::vector<std::byte>(static_cast<std::size_t>(values));
    file.read(bytes);
    result.take(std::move(bytes), 0);
    return result;
}

STRATA_INLINE const std::string* contents::find_metadata(std::string_view key) const {
    for (const auto& [name, value] : metadata_) {
        if (name == key) return &value;
    }
    return nullptr;
}

STRATA_INLINE const tensor* contents::find(std::string_view name) const {
    const auto at =
        std::lower_bound(tensors_.begin(), tensors_.end(), name, [](const tensor& t, std::string_view n) { return t.name < n; });
    return at != tensors_.end() && at->name == name ? &*at : nullptr;
}

STRATA_INLINE const tensor& contents::of_type(std::string_view name, dtype type) const {
    const tensor* found = find(name);
    if (found == nullptr) throw invalid_input(name_ + ": there is no tensor " + json::quoted(name));
    if (found->type != type)
        throw invalid_input(detail::sentence(
            name_, found->name, std::string("it is ") + detail::name_of(found->type) + ", and " + detail::name_of(type) + " is needed"));
    return *found;
}

STRATA_INLINE std::vector<float> contents::floats(std::string_view name) const {
    return detail::values_of<float>(of_type(name, dtype::f32));
}
STRATA_INLINE std::vector<std::int32_t> contents::integers(std::string_view name) const {
    return detail::values_of<std::int32_t>(of_type(name, dtype::i32));
}
STRATA_INLINE std::vector<std::uint8_t> contents::bytes(std::string_view name) const {
    return detail::values_of<std::uint8_t>(of_type(name, dtype::u8));
}

STRATA_INLINE void write(const std::string& path, std::span<const tensor> tensors, const text_pairs& metadata) {
    std::vector<std::string_view> names, keys;
    std::vector<const tensor*> order;
    for (const tensor& t : tensors) {
        if (t.name == "__metadata__") throw invalid_input(path + ": a tensor cannot be called __metadata__");
        if (detail::bytes_needed(t.shape, t.type) != static_cast<std::int64_t>(t.bytes.size()))
            throw invalid_input(
                detail::sentence(path, t.name, "its shape and dtype do not explain its " + std::to_string(t.bytes.size()) + " bytes"));
        names.push_back(t.name);
        order.push_back(&t);
    }
    for (const auto& [key, value] : metadata) keys.push_back(key);
    detail::check_unique(path, names);
    detail::check_unique(path, keys);
    std::sort(order.begin(), order.end(), [](const tensor* a, const tensor* b) {
        return bytes_of(a->type) != bytes_of(b->type) ? bytes_of(a->type) > bytes_of(b->type) : a->name < b->name;
    });
    const std::string header = detail::header_of(order, metadata);
    if (header.size() > detail::max_header) throw invalid_input(path + ": names and metadata do not fit into a header of 100 MB");
    const std::uint64_t length = header.size();
    atomic_file file(path);
    file.write(std::as_bytes(std::span(&length, 1)));
    file.write(header);
    for (const tensor* t : order) file.write(t->bytes);
    file.commit();
}

}  // namespace safetensors
}  // namespace strata::inline STRATA_ABI
