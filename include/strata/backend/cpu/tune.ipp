// SPDX-License-Identifier: MIT
// Bodies of tune.hpp: one executor for each rank of candidates, all observed, in turns.
#pragma once

#include <strata/backend/cpu/tune.hpp>

#include <strata/backend/cpu/executor.hpp>
#include <strata/backend/cpu/onednn.hpp>
#include <strata/backend/cpu/open.hpp>
#include <strata/backend/cpu/parallel.hpp>
#include <strata/backend/cpu/vector_width.hpp>
#include <strata/core/error.hpp>
#include <strata/core/random.hpp>
#include <strata/network/fusion.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI::cpu {

namespace detail {

STRATA_INLINE std::string processor_name();

// The time of each convolution's passes in one training step, reorders for them included.
class pass_times final : public action_observer {
public:
    explicit pass_times(std::size_t operations) : milliseconds_(operations) {}

    void step_begins() override {
        std::fill(milliseconds_.begin(), milliseconds_.end(), passes{});
        before_ = std::chrono::steady_clock::now();
    }
    void ran(const action_purpose& purpose, const char*, std::int64_t) override {
        const auto now = std::chrono::steady_clock::now();
        if (purpose.pass.has_value()) {
            milliseconds_[static_cast<std::size_t>(purpose.operation)][static_cast<std::size_t>(*purpose.pass)] +=
                std::chrono::duration<double, std::milli>(now - before_).count();
        }
        before_ = now;
    }
    double of(std::size_t operation, convolution_pass pass) const { return milliseconds_[operation][static_cast<std::size_t>(pass)]; }

private:
    using passes = std::array<double, convolution_passes>;
    std::vector<passes> milliseconds_;
    std::chrono::steady_clock::time_point before_{};
};

// A model of the program with random values, which trains on a batch of them.
class tuned_model {
public:
    tuned_model(const program_view& program, const options& how, std::span<const std::uint8_t> pictures,
                std::span<const std::int32_t> labels)
        : runs_(training_program(strata::program(program))),
          executor_(program, {}, how),
          seen_(runs_.view().operations.size()),
          rows_(labels.size()) {
        const random_stream random{.seed = 1, .purpose = random_purpose::user};
        for (std::size_t p = 0; p < program.parameters.size(); ++p) {
            std::vector<float> values(static_cast<std::size_t>(program.parameters[p].size()));
            for (std::size_t i = 0; i < values.size(); ++i) values[i] = (static_cast<float>(random.word(i) >> 8) * 0x1p-24f - 0.5f) * 0.05f;
            executor_.write(state::parameter, p, values);
        }
        executor_.configure(strata::optimizer{}, {});
        const auto classes = static_cast<int>(program.output_shape().size());
        data_ = executor_.load(view_of(program.input_shape(), classes, pictures, labels));
        std::iota(rows_.begin(), rows_.end(), std::int64_t{0});
        executor_.observe(&seen_);
    }

    const pass_times& step() {
        executor_.begin_epoch(*data_,
                              {.rows = rows_, .batch_size = static_cast<int>(rows_.size()), .learning_rates = std::span(&rate_, 1)});
        executor_.step();
        step_result result;
        executor_.collect(result, true);
        return seen_;
    }

private:
    strata::program runs_;
    executor executor_;
    pass_times seen_;
    std::unique_ptr<backend::resident_data> data_;
    std::vector<std::int64_t> rows_;
    float rate_ = 1e-6f;
};

// A convolution of the program in one pass, and the ways that it can be computed in; the shipped table's first.
struct candidate_case {
    std::size_t operation = 0;
    convolution_case which{};
    std::vector<convolution_way> ways{};
    std::vector<std::vector<double>> milliseconds{};  // per way
};

STRATA_INLINE std::vector<candidate_case> candidates_of(const program_view& program, int batch, const machine& here) {
    std::vector<candidate_case> result;
    for (const auto& [operation, which] : convolution_cases(program, batch, program_use::training, here.threads, here.width)) {
        candidate_case c{.operation = operation, .which = which, .ways = {convolution_choices{}.find(which)}, .milliseconds = {}};
        const auto add = [&](convolution_way way) {
            if (fits(c.which, way) && std::find(c.ways.begin(), c.ways.end(), way) == c.ways.end()) c.ways.push_back(way);
        };
        add({0});
        for (const int tile : winograd_tiles(which.rows.kernel)) add({tile});
        c.milliseconds.resize(c.ways.size());
        result.push_back(std::move(c));
    }
    return result;
}

STRATA_INLINE double median(std::vector<double> values) {
    if (values.empty()) return 0;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

// The shipped table's way unless another is at least 2 % faster.
STRATA_INLINE tuning::tuned_case decided(const candidate_case& measured) {
    tuning::tuned_case result{.which = measured.which, .way = measured.ways.front(), .times = {}};
    double best = 0;
    for (std::size_t i = 0; i < measured.ways.size(); ++i) {
        const double time = median(measured.milliseconds[i]);
        result.times.push_back({measured.ways[i], time});
        if (i == 0) best = 0.98 * time;
        if (i > 0 && time < best) {
            best = time;
            result.way = measured.ways[i];
        }
    }
    std::sort(result.times.begin(), result.times.end(), [](const auto& a, const auto& b) { return a.way.tile < b.way.tile; });
    return result;
}

}  // namespace detail

STRATA_INLINE machine this_machine(int threads) {
    return {.processor = detail::processor_name(),
            .instruction_set = onednn::instruction_set(),
            .onednn = onednn::version(),
            .strata = STRATA_VERSION_STRING,
            .width = vector_width_here(),
            .threads = threads > 0 ? threads : default_threads()};
}

STRATA_INLINE tuning tune(const program_view& program, const tune_options& options, function_ref<void(int done, int all)> on_step) {
    if (options.rounds < 1 || options.batch_sizes.empty() || options.threads < 0)
        throw invalid_input("tune: give at least one round, one batch size, and no negative number of threads");
    tuning result{.measured_on = this_machine(options.threads), .cases = {}};
    const strata::program runs = training_program(strata::program(program));
    std::size_t ranks = 1;
    std::vector<std::vector<detail::candidate_case>> all;
    for (const int batch : options.batch_sizes) {
        if (batch < 1) throw invalid_input("tune: the batch size " + std::to_string(batch) + " is not positive");
        all.push_back(detail::candidates_of(runs.view(), batch, result.measured_on));
        for (const detail::candidate_case& c : all.back()) ranks = std::max(ranks, c.ways.size());
    }
    const int steps = static_cast<int>(ranks * options.batch_sizes.size()) * (options.rounds + 1);
    int done = 0;
    for (std::size_t b = 0; b < all.size(); ++b) {
        std::vector<detail::candidate_case>& cases = all[b];
        const auto batch = static_cast<std::size_t>(options.batch_sizes[b]);
        const random_stream random{.seed = 2, .purpose = random_purpose::user};
        std::vector<std::uint8_t> pictures(batch * static_cast<std::size_t>(program.input_shape().size()));
        std::vector<std::int32_t> labels(batch);
        for (std::size_t i = 0; i < pictures.size(); ++i) pictures[i] = static_cast<std::uint8_t>(random.word(i) >> 24);
        for (std::size_t i = 0; i < batch; ++i)
            labels[i] = static_cast<std::int32_t>(i % static_cast<std::size_t>(program.output_shape().size()));

        // Rank r computes each case in its r-th way.
        std::vector<std::unique_ptr<detail::tuned_model>> models;
        for (std::size_t rank = 0; rank < ranks; ++rank) {
            cpu::options how{.threads = result.measured_on.threads, .kernels = options.kernels};
            for (const detail::candidate_case& c : cases) how.convolutions.set(c.which, c.ways[std::min(rank, c.ways.size() - 1)]);
            models.push_back(std::make_unique<detail::tuned_model>(program, how, pictures, labels));
        }
        for (int round = 0; round <= options.rounds; ++round) {
            for (std::size_t turn = 0; turn < ranks; ++turn) {
                const std::size_t rank = (turn + static_cast<std::size_t>(round)) % ranks;
                const detail::pass_times& seen = models[rank]->step();
                if (round > 0) {  // the first one makes what the others only use
                    for (detail::candidate_case& c : cases)
                        if (rank < c.ways.size()) c.milliseconds[rank].push_back(seen.of(c.operation, c.which.pass));
                }
                if (on_step) on_step(++done, steps);
            }
        }
        // Two convolutions of the same case are one entry: the times of both count.
        for (std::size_t i = 0; i < cases.size(); ++i) {
            for (std::size_t j = i + 1; j < cases.size();) {
                if (!(cases[j].which == cases[i].which)) {
                    ++j;
                    continue;
                }
                for (std::size_t way = 0; way < cases[i].ways.size(); ++way)
                    cases[i].milliseconds[way].insert(cases[i].milliseconds[way].end(), cases[j].milliseconds[way].begin(),
                                                      cases[j].milliseconds[way].end());
                cases.erase(cases.begin() + static_cast<std::ptrdiff_t>(j));
            }
            result.cases.push_back(detail::decided(cases[i]));
        }
    }
    return result;
}

}  // namespace strata::inline STRATA_ABI::cpu
