// SPDX-License-Identifier: MIT
// Which of the kernels that a device was opened with runs a user's own operation. Kernels is a backend's custom_kernels: operation,
// forward, backward.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/error.hpp>
#include <strata/network/builder.hpp>
#include <strata/network/program.hpp>

#include <span>
#include <string>
#include <string_view>

namespace strata::inline STRATA_ABI {

// Throws unsupported, naming layer, operation and option, where there is none. `option` is where the user gives them.
template <typename Kernels>
const Kernels& kernels_for(const program_view& program, const operation& op, std::span<const Kernels> kernels, bool training,
                           const char* option) {
    for (const Kernels& k : kernels) {
        const bool same = k.operation != nullptr && std::string_view(k.operation->name) == op.custom->name;
        if (same && k.forward != nullptr && (k.backward != nullptr || !training)) return k;
    }
    throw unsupported(describe(program, op) + ": the device was opened without a " + (training ? "forward and backward" : "forward") +
                      " kernel for the custom operation '" + op.custom->name + "'; give it in " + option);
}

}  // namespace strata::inline STRATA_ABI
