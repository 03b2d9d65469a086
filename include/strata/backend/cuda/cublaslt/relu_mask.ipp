// SPDX-License-Identifier: MIT
// The products: D = I * S with known signs S. In the first seven rows the sign of column c is a bit of c % 128, so that each bit of the
// mask spells the column it stands for; the other rows are there to prove it.
#pragma once

#include <strata/backend/cuda/cublaslt/relu_mask.hpp>

#include <strata/backend/cuda/runtime/memory.hpp>
#include <strata/core/random.hpp>
#include <strata/kernels/bf16.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

namespace strata::inline STRATA_ABI::cublaslt {

namespace detail {

class mask_probe {
public:
    mask_probe(const handle& with, dtype type, compute how, const cuda::stream& on)
        : with_(with), on_(on), type_(type), how_(how), memory_(end()) {}

    std::optional<kernels::mask_order> learn(std::string& why) {
        const auto forward = try_plan(with_, product(epilogue::relu_aux_bias, 1), 0);
        const auto backward = try_plan(with_, product(epilogue::drelu, 2), 0);
        if (!forward || !backward) return nothing(why, "an epilogue has no algorithm");
        fill();
        cuda::copy(memory_.data(), bytes_.data(), end(), on_.get());
        run(*forward);
        const auto order = order_of_columns();
        if (!order) return nothing(why, "the mask's bits do not stand for one column each");
        for (std::int64_t row = 0; row < rows; ++row) {
            for (std::int64_t column = 0; column < columns; ++column) {
                if (bit(row, order->of(column)) != positive(row, column)) return nothing(why, "the mask's bits move from row to row");
            }
        }
        clear_every_third(*order);
        run(*backward);
        for (std::int64_t i = 0; i < rows * columns; ++i) {
            const float value = positive(i / columns, i % columns) && i % 3 != 0 ? 2.0f : 0.0f;
            if (result(i) != value && result(i) != -value) return nothing(why, "drelu does not follow the mask");
        }
        return order;
    }

private:
    static constexpr std::int64_t rows = 32, columns = 256, period = kernels::mask_order::period;

    static std::nullopt_t nothing(std::string& why, const char* sentence) {
        why = sentence;
        return std::nullopt;
    }
    std::int64_t width() const { return static_cast<std::int64_t>(strata::bytes_of(type_)); }
    // The identity, the signs (columns, rows), a bias of zeros, the mask, the result.
    std::int64_t signs() const { return rows * rows * width(); }
    std::int64_t bias() const { return signs() + columns * rows * width(); }
    std::int64_t mask() const { return bias() + columns * width(); }
    std::int64_t results() const { return mask() + aux_bytes_of(rows, columns); }
    std::int64_t end() const { return results() + rows * columns * width(); }

    static bool positive(std::int64_t row, std::int64_t column) {
        if (row < 7) return (column >> row & 1) != 0;
        if (row < 9) return row == 7;
        const random_stream draw{.seed = 1, .purpose = random_purpose::user};
        return (draw.word(static_cast<std::uint64_t>(row * columns + column)) & 1u) != 0;
    }

    matmul product(epilogue how, float alpha) const {
        return {.what = "the order of the mask of dense layers' rectifiers",
                .a = {.type = type_, .rows = rows, .columns = rows, .leading = rows},
                .b = {.type = type_, .rows = columns, .columns = rows, .leading = rows, .transposed = true},
                .d = {.type = type_, .rows = rows, .columns = columns, .leading = columns},
                .compute = how_,
                .epilogue = how,
                .bias = how == epilogue::drelu ? nullptr : memory_.data() + bias(),
                .aux = memory_.data() + mask(),
                .aux_leading = aux_leading_of(columns),
                .alpha = alpha};
    }
    void put(std::int64_t at, std::int64_t index, float value) {
        const kernels::bf16 narrow(value);
        std::memcpy(bytes_.data() + at + index * width(), type_ == dtype::bf16 ? static_cast<const void*>(&narrow) : &value,
                    static_cast<std::size_t>(width()));
    }
    float result(std::int64_t index) const {
        const std::byte* from = bytes_.data() + results() + index * width();
        if (type_ == dtype::bf16) {
            kernels::bf16 narrow;
            std::memcpy(&narrow, from, sizeof narrow);
            return static_cast<float>(narrow);
        }
        float value;
        std::memcpy(&value, from, sizeof value);
        return value;
    }
    void fill() {
        bytes_.assign(static_cast<std::size_t>(end()), std::byte{0});
        for (std::int64_t i = 0; i < rows; ++i) put(0, i * rows + i, 1);
        for (std::int64_t column = 0; column < columns; ++column) {
            for (std::int64_t row = 0; row < rows; ++row) put(signs(), column * rows + row, positive(row, column) ? 1.0f : -1.0f);
        }
    }
    void run(const plan& of) {  // and brings everything back
        of.run(with_, memory_.data(), memory_.data() + signs(), memory_.data() + results(), nullptr, on_.get());
        cuda::copy(bytes_.data(), memory_.data(), end(), on_.get());
        on_.synchronize();
    }
    bool bit(std::int64_t row, std::int64_t place) const {
        const std::byte byte = bytes_[static_cast<std::size_t>(mask() + row * aux_leading_of(columns) / 8 + place / 8)];
        return (std::to_integer<unsigned>(byte) >> (place % 8) & 1u) != 0;
    }
    std::optional<kernels::mask_order> order_of_columns() const {
        kernels::mask_order order;
        std::vector<bool> taken(static_cast<std::size_t>(period));
        for (std::int64_t place = 0; place < period; ++place) {
            std::size_t column = 0;
            for (std::int64_t row = 0; row < 7; ++row) column |= static_cast<std::size_t>(bit(row, place)) << row;
            if (taken[column]) return std::nullopt;
            taken[column] = true;
            order.bit[column] = static_cast<std::uint8_t>(place);
        }
        return order;
    }
    void clear_every_third(const kernels::mask_order& order) {
        std::vector<std::uint32_t> words(static_cast<std::size_t>(aux_bytes_of(rows, columns) / 4));
        std::memcpy(words.data(), bytes_.data() + mask(), words.size() * 4);
        const kernels::relu_mask all{words.data(), columns, aux_leading_of(columns), order};
        for (std::int64_t i = 0; i < rows * columns; i += 3) all.clear(i, 1);
        cuda::copy(memory_.data() + mask(), words.data(), static_cast<std::int64_t>(words.size() * 4), on_.get());
        on_.synchronize();  // the words go
    }

    const handle& with_;
    const cuda::stream& on_;
    dtype type_;
    compute how_;
    cuda::device_memory memory_;
    std::vector<std::byte> bytes_;  // its copy
};

}  // namespace detail

STRATA_INLINE std::optional<kernels::mask_order> learn_mask_order(const handle& with, dtype type, compute how, const cuda::stream& on,
                                                                  std::string* why) {
    std::string sentence;
    auto order = detail::mask_probe(with, type, how, on).learn(sentence);
    if (!order && why != nullptr) *why = sentence;
    return order;
}

}  // namespace strata::inline STRATA_ABI::cublaslt
