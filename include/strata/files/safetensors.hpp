// SPDX-License-Identifier: MIT
// The safetensors format (huggingface.co/docs/safetensors): 8 bytes with the header's length, a JSON header with name, type, shape
// and place of every tensor, and the values. Little-endian. A file is hostile until checked: header, names, shapes, places (in range,
// no overlap, no hole), size; only then is there memory for its values. Types: F32, BF16, I32, U8, which is what strata's own files
// hold.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/dtype.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI {
namespace safetensors {

struct tensor {
    std::string name;
    dtype type = dtype::f32;
    std::vector<std::int64_t> shape{};
    std::span<const std::byte> bytes{};  // not owned; as long as shape and type say
};

using text_pairs = std::vector<std::pair<std::string, std::string>>;

// A file in memory. Move-only: its tensors look into its bytes.
class contents {
public:
    contents() = default;
    contents(contents&&) = default;
    contents& operator=(contents&&) = default;

    const std::vector<tensor>& tensors() const { return tensors_; }  // sorted by name
    const text_pairs& metadata() const { return metadata_; }  // "__metadata__"
    const std::string* find_metadata(std::string_view key) const;  // nullptr where there is none
    const tensor* find(std::string_view name) const;  // nullptr where there is none
    // The values of a tensor; throws invalid_input naming the file when it is not there or has another type.
    std::vector<float> floats(std::string_view name) const;
    std::vector<std::int32_t> integers(std::string_view name) const;  // I32
    std::vector<std::uint8_t> bytes(std::string_view name) const;  // U8

private:
    friend contents parse(std::vector<std::byte> bytes, const std::string& name);
    friend contents read(const std::string& path);
    // Checked against the number of bytes that follow the header; they are given afterwards.
    static contents described(std::string_view header, std::uint64_t values, const std::string& name);
    void take(std::vector<std::byte> bytes, std::size_t begin);  // the values begin there
    const tensor& of_type(std::string_view name, dtype type) const;

    std::string name_;
    std::vector<std::byte> bytes_;
    std::vector<tensor> tensors_;
    std::vector<std::pair<std::size_t, std::size_t>> places_;  // of each tensor in the values: first byte and end
    text_pairs metadata_;
};

// Throws invalid_input with a sentence that names the file and what is wrong in it.
contents read(const std::string& path);
contents parse(std::vector<std::byte> bytes, const std::string& name);

// Written as a whole or not at all (atomic_file). The header is padded to 8 bytes, wider types come first and names are sorted: the same
// tensors give the same bytes. Throws invalid_input for a name or a metadata key twice, or bytes that shape and type do not explain.
void write(const std::string& path, std::span<const tensor> tensors, const text_pairs& metadata = {});

}  // namespace safetensors
}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/files/safetensors.ipp>
#endif
