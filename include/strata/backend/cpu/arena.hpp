// SPDX-License-Identifier: MIT
// Aligned bytes that are allocated once, zeroed.
#pragma once

#include <strata/core/config.hpp>
#include <strata/network/memory_plan.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

namespace strata::inline STRATA_ABI::cpu {

class arena {
public:
    arena() = default;
    explicit arena(std::int64_t bytes) : bytes_(bytes) {
        if (bytes == 0) return;
        data_.reset(static_cast<std::byte*>(::operator new(static_cast<std::size_t>(bytes), std::align_val_t{alignment})));
        std::memset(data_.get(), 0, static_cast<std::size_t>(bytes));
    }

    std::byte* data() const { return data_.get(); }
    float* floats(std::int64_t offset = 0) const { return reinterpret_cast<float*>(data_.get() + offset); }
    std::int64_t bytes() const { return bytes_; }

private:
    struct release {
        void operator()(std::byte* data) const { ::operator delete(data, std::align_val_t{alignment}); }
    };
    std::unique_ptr<std::byte, release> data_;
    std::int64_t bytes_ = 0;
};

}  // namespace strata::inline STRATA_ABI::cpu
