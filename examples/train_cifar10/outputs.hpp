// SPDX-License-Identifier: MIT
// Where the results go and what they are: settings.json, history.csv, history.json, model.safetensors, report.html.
#pragma once

#include "data.hpp"
#include "device.hpp"
#include "options.hpp"
#include "plan.hpp"
#include "test_set.hpp"

#include <strata/training/history.hpp>
#include <strata/training/model.hpp>

#include <optional>
#include <string>

namespace train_cifar10 {

// Throws strata::invalid_input when --out is a file, a directory that is not empty, or where nothing can be written. Makes nothing.
void check_directory(const options& options);
// Makes the directory of the results and returns its path: --out, else runs/<time>, with a number when that is taken.
// Throws strata::invalid_input, naming --out.
std::string make_directory(const options& options);

class outputs {
public:
    outputs(std::string directory, const options& options, const chosen_device& device, const pictures& data, const row_counts& rows);

    // Each throws strata::io_error; a file that is there stays as it was when writing the new one fails.
    void save_settings(const strata::history& history, const strata::model& model, const std::optional<test_result>& test) const;
    void save_progress(const strata::history& history, const strata::model& model) const;  // the histories and the model
    void save_report(const strata::history& history, const strata::model& model, const std::optional<test_result>& test,
                     const std::vector<std::string>& notes) const;

    std::string model_path() const { return path("model.safetensors"); }
    std::string list() const;  // the files, for people

private:
    std::string path(const char* name) const { return directory_ + "/" + name; }

    std::string directory_;
    const options& options_;
    const chosen_device& device_;
    const pictures& data_;
    const row_counts& rows_;
    std::string began_;
};

}  // namespace train_cifar10
