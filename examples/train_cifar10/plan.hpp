// SPDX-License-Identifier: MIT
// What the trainer is going to do, said before it does it: device, data, network, how long it will take, where the results go.
#pragma once

#include "data.hpp"
#include "device.hpp"
#include "options.hpp"

#include <strata/network/program.hpp>

#include <cstdint>
#include <string>

namespace train_cifar10 {

struct row_counts {
    std::int64_t training = 0, validation = 0, test = 0;
    std::int64_t steps = 0;  // per epoch
};

// Throws strata::invalid_input when the split leaves a side empty or a batch is larger than the training rows.
row_counts count_rows(const options& options, const pictures& data);

// Seconds, measured on a throw-away copy of the model, so that the run itself is what it would be without; 0 where unknown.
struct timing {
    double step = 0, evaluated_row = 0;
    double total(const row_counts& rows, int epochs) const;
};
timing time_steps(const strata::program_view& program, const chosen_device& chosen, const options& options, const pictures& data);

struct plan {
    const options& chosen;
    const chosen_device& device;
    const pictures& data;
    const row_counts& rows;
    const timing& times;
    const strata::program_view& program;
    const std::string& directory;
};
std::string text_of(const plan& plan);

}  // namespace train_cifar10
