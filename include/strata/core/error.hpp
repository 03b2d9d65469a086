// SPDX-License-Identifier: MIT
// One family of exceptions. Every message is a sentence that names the file, option, layer or step, and what to do.
#pragma once

#include <strata/core/config.hpp>

#include <stdexcept>
#include <string>

namespace strata::inline STRATA_ABI {

// The root: whatever the library throws.
struct error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// What the caller gave is wrong: an option, a file's content, a shape.
struct invalid_input : error {
    using error::error;
};

// Reading or writing failed on the way: disk full, permission, a connection.
struct io_error : error {
    using error::error;
};

// The device, this build or this machine cannot do what was asked.
struct unsupported : error {
    using error::error;
};

// The loss or a gradient of a training step is NaN or infinite; nothing of that step was committed.
struct non_finite_loss : error {
    non_finite_loss(const std::string& message, long long at) : error(message), step(at) {}
    long long step;  // counted from 1 over the whole run
};

}  // namespace strata::inline STRATA_ABI
