// SPDX-License-Identifier: MIT
// The builder: layers write operations into it, at compile time (static_program, behind network<...>) and at run time (program).
// A layer may do five things: open its record (layer), ask a shape (of), take a variable (take), emit an operation, refuse its input.
#pragma once

#include <strata/core/config.hpp>
#include <strata/network/program.hpp>
#include <strata/network/refusal.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace strata::inline STRATA_ABI {

struct tensor {  // a value in the program, by number; below zero: refused
    int id = -1;
    constexpr bool valid() const { return id >= 0; }
};

// Lists is a family of containers with push_back: fixed arrays at compile time, std::vector at run time.
template <typename Lists>
class basic_program {
public:
    constexpr basic_program() = default;
    constexpr explicit basic_program(shape input) {
        tensors_.push_back(input);
        if (input.height < 1 || input.width < 1 || input.channels < 1) refuse(refusal::size_is_not_positive, {0});
        if (!is_countable(input)) refuse(refusal::shape_is_too_large, {0});
    }

    constexpr tensor input() const { return {0}; }
    constexpr bool has(tensor x) const { return x.id >= 0 && x.id < static_cast<int>(tensors_.size()); }
    constexpr shape of(tensor x) const { return tensors_[static_cast<std::size_t>(x.id)]; }

    // Opens the record of the layer that the next calls belong to.
    constexpr void layer(const char* kind) {
        layers_.push_back({kind, pending_name_, -1});
        pending_name_ = "";
    }
    constexpr void name_next(const char* name) { pending_name_ = name; }

    constexpr int take(variable v) {
        v.layer = current_layer();
        parameters_.push_back(v);
        return static_cast<int>(parameters_.size()) - 1;
    }
    constexpr int take_statistic(variable v) {
        v.layer = current_layer();
        statistics_.push_back(v);
        return static_cast<int>(statistics_.size()) - 1;
    }
    constexpr tensor emit(operation op, shape out) {
        const tensor dst{static_cast<int>(tensors_.size())};
        if (!is_countable(out)) return refuse(refusal::shape_is_too_large, {op.src[0]});
        tensors_.push_back(out);
        op.dst = dst.id;
        op.layer = current_layer();
        operations_.push_back(op);
        layers_[static_cast<std::size_t>(op.layer)].dst = dst.id;
        output_ = dst.id;
        return dst;
    }
    constexpr tensor refuse(refusal why, tensor x) {
        if (misfit_.why == refusal::none) {
            misfit_ = {why, current_layer(), layers_.empty() ? "input" : layers_[layers_.size() - 1].kind, has(x) ? of(x) : shape{}};
        }
        return {};
    }
    // True when a layer may read x: it was not refused before, and belongs to this program.
    constexpr bool readable(tensor x) {
        if (misfit_.why != refusal::none) return false;
        if (has(x)) return true;
        refuse(refusal::not_a_tensor_of_this_program, {});
        return false;
    }

    constexpr const misfit& refused() const { return misfit_; }
    constexpr int output() const { return output_; }
    constexpr void set_output(tensor x) { output_ = x.id; }

    constexpr program_view view() const {
        return {.operations = {operations_.data(), operations_.size()},
                .tensors = {tensors_.data(), tensors_.size()},
                .parameters = {parameters_.data(), parameters_.size()},
                .statistics = {statistics_.data(), statistics_.size()},
                .layers = {layers_.data(), layers_.size()},
                .output = output_,
                .refused = misfit_};
    }

    // For passes over the program (network/fusion.hpp).
    constexpr auto& operations() { return operations_; }
    constexpr auto& tensors() { return tensors_; }

protected:
    constexpr void copy_refusal(const misfit& wrong) { misfit_ = wrong; }
    constexpr void copy_layer(const layer_record& record) { layers_.push_back(record); }
    constexpr void copy_parameter(const variable& v) { parameters_.push_back(v); }
    constexpr void copy_statistic(const variable& v) { statistics_.push_back(v); }

private:
    // At least one value and at most 2^31 - 1; the product of three ints need not fit into 64 bits.
    static constexpr bool is_countable(shape s) {
        if (s.height < 1 || s.width < 1 || s.channels < 1) return false;
        const std::int64_t plane = std::int64_t{s.height} * s.width;
        return plane <= 0x7fffffff && plane * s.channels <= 0x7fffffff;
    }
    constexpr int current_layer() const { return static_cast<int>(layers_.size()) - 1; }

    typename Lists::template list<operation> operations_{};
    typename Lists::template list<shape> tensors_{};
    typename Lists::template list<variable> parameters_{};
    typename Lists::template list<variable> statistics_{};
    typename Lists::template list<layer_record> layers_{};
    const char* pending_name_ = "";
    int output_ = 0;
    misfit misfit_{};
};

template <typename T, std::size_t Capacity>
class fixed_list {
public:
    constexpr void push_back(const T& item) { items_[size_++] = item; }
    constexpr void erase_at(std::size_t index) {
        for (std::size_t i = index + 1; i < size_; ++i) items_[i - 1] = items_[i];
        --size_;
    }
    constexpr std::size_t size() const { return size_; }
    constexpr bool empty() const { return size_ == 0; }
    constexpr const T* data() const { return items_; }
    constexpr T& operator[](std::size_t i) { return items_[i]; }
    constexpr const T& operator[](std::size_t i) const { return items_[i]; }

private:
    T items_[Capacity]{};
    std::size_t size_ = 0;
};

template <typename T>
class growing_list : public std::vector<T> {
public:
    void erase_at(std::size_t index) { this->erase(this->begin() + static_cast<std::ptrdiff_t>(index)); }
};

// Room for Operations operations, each with at most four variables and one layer record.
template <std::size_t Operations>
struct fixed_lists {
    template <typename T>
    using list = fixed_list<T, 4 * Operations + 4>;
};
struct growing_lists {
    template <typename T>
    using list = growing_list<T>;
};

template <std::size_t Operations>
using static_program = basic_program<fixed_lists<Operations>>;

// A program made at run time. Throws nothing while it is built: check() says what was refused.
class program : public basic_program<growing_lists> {
public:
    using basic_program<growing_lists>::basic_program;
    program() = default;
    explicit program(const program_view& other);  // a copy that owns its names

    // Keeps a copy of a name that is not a literal for as long as this program, or a copy of it, lives.
    const char* keep(const std::string& name);

    // Throws invalid_input naming position, layer, incoming shape and reason; does nothing when every layer fitted.
    void check() const;

private:
    std::vector<std::shared_ptr<const std::string>> names_;
};

// "(16, 16, 64)"
std::string text_of(const shape& s);
// "conv2d #3 (16, 16, 64)": a layer's place for messages.
std::string describe(const program_view& program, const operation& op);
// The layer's name in files and summaries: the given one, or its kind, numbered from the second on ("conv2d", "conv2d_1"), as Keras does.
std::string layer_name(const program_view& program, int layer);
// "conv2d_1.weight"
std::string variable_name(const program_view& program, const variable& v);

}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/network/builder.ipp>
#endif
