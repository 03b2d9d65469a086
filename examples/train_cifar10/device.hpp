// SPDX-License-Identifier: MIT
// The device that the user asked for, why it is that one, and what could make the run faster.
#pragma once

#include "options.hpp"

#include <strata/backend/device.hpp>

#include <string>
#include <vector>

namespace train_cifar10 {

struct chosen_device {
    strata::device device;
    std::string reason;
};

// Throws strata::invalid_input when this build has no such device or the device lacks the precision.
chosen_device open_device(const options& options);

// An unoptimised build; an NVIDIA device that this build cannot use. Sentences, usually none.
std::vector<std::string> hints();

}  // namespace train_cifar10
