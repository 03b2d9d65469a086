// SPDX-License-Identifier: MIT
// The device that the user asked for, why it is that one, in which precision it computes, and what could make the run faster.
#pragma once

#include "options.hpp"

#include <strata/backend/device.hpp>
#include <strata/core/dtype.hpp>

#include <string>
#include <vector>

namespace train_cifar10 {

struct chosen_device {
    strata::device device;
    std::string reason;
    strata::precision precision = strata::precision::fp32;  // as given, else the default of such a device
    std::string kernels{};  // what is to be said of the convolutions' choices; "" where they are those that strata ships
};

// Throws strata::unsupported, with the fix, when this build has no such device, or it cannot be used; and strata::invalid_input when the
// device lacks the precision, or a tuning file does not fit it. Only "auto" chooses, and never the CPU where an NVIDIA device is visible
// that this build could use.
chosen_device open_device(const options& options);

// "fp32", or "tf32, the default on a GPU: ..." when nobody asked for it.
std::string precision_text(const options& options, const chosen_device& chosen);

// An unoptimised build; an NVIDIA device that this build cannot use; an option without effect. Sentences, usually none.
std::vector<std::string> hints(const options& options, const chosen_device& chosen);

}  // namespace train_cifar10
