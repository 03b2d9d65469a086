// SPDX-License-Identifier: MIT
// A user's own operation: one input, one output of any shape, optional parameters. The program names it; its kernels are given to
// the device when it is opened (cpu::options::kernels). A layer that uses it is an ordinary type: examples/custom_layer.cpp.
#pragma once

#include <strata/core/config.hpp>
#include <strata/network/builder.hpp>

namespace strata::inline STRATA_ABI::build {

struct custom_options {
    const custom_operation* operation = nullptr;  // must outlive the program
    shape output{};
    int parameter_size = 0;                       // one parameter "weight" of so many values, or none
    initial_value initial = initial_value::zeros;
    float attribute = 0;                          // handed to the kernels
};

constexpr tensor custom(auto& b, tensor x, custom_options options) {
    b.layer(options.operation == nullptr ? "custom" : options.operation->name);
    if (!b.readable(x)) return {};
    if (options.operation == nullptr) return b.refuse(refusal::operation_is_missing, x);
    if (options.output.height < 1 || options.output.width < 1 || options.output.channels < 1 || options.parameter_size < 0)
        return b.refuse(refusal::size_is_not_positive, x);
    const int weight = options.parameter_size > 0 ? b.take({.role = "weight",
                                                            .dims = {options.parameter_size, 1, 1, 1},
                                                            .initial = options.initial,
                                                            .fan_in = static_cast<int>(b.of(x).size()),
                                                            .fan_out = static_cast<int>(options.output.size())})
                                                  : -1;
    return b.emit({.kind = op_kind::custom, .src = {x.id, -1}, .weight = weight, .rate = options.attribute, .custom = options.operation},
                  options.output);
}

}  // namespace strata::inline STRATA_ABI::build
