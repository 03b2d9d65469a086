// SPDX-License-Identifier: MIT
// A device that keeps a model's state and computes nothing: enough to save and load models.
#pragma once

#include <strata/backend/device.hpp>
#include <strata/core/error.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace test {

struct shelf_executor : strata::backend::executor {
    std::map<std::pair<strata::state, std::size_t>, std::vector<float>> values;
    std::int64_t done = 0;

    void read(strata::state which, std::size_t index, std::span<float> to) const override {
        const auto at = values.find({which, index});
        if (at != values.end()) std::copy(at->second.begin(), at->second.end(), to.begin());
    }
    void write(strata::state which, std::size_t index, std::span<const float> from) override {
        values[{which, index}].assign(from.begin(), from.end());
    }
    std::int64_t steps() const override { return done; }
    void set_steps(std::int64_t steps) override { done = steps; }
    void configure(const strata::optimizer&, const strata::softmax_cross_entropy&) override {}
    std::unique_ptr<strata::backend::resident_data> load(const strata::dataset_view&) override { return nullptr; }
    void begin_epoch(const strata::backend::resident_data&, const strata::backend::epoch_order&) override {}
    void step() override {}
    bool collect(strata::step_result&, bool) override { return false; }
    strata::evaluation evaluate(const strata::backend::resident_data&, std::span<const std::int64_t>, int,
                                const strata::softmax_cross_entropy&) override {
        return {};
    }
    std::unique_ptr<strata::backend::inference> make_inference(int) override { return nullptr; }
    std::int64_t bytes_held() const override { return 0; }
};

struct shelf_device : strata::backend::device {
    std::string name() const override { return "shelf"; }
    std::string reason() const override { return "it is a test"; }
    bool supports(strata::precision value) const override { return value == strata::precision::fp32; }
    std::unique_ptr<strata::backend::executor> make_executor(const strata::program_view&, const strata::executor_options&) const override {
        return std::make_unique<shelf_executor>();
    }
};

inline strata::device shelf() { return strata::device(std::make_shared<const shelf_device>()); }

}  // namespace test
