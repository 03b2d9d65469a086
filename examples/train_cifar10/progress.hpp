// SPDX-License-Identifier: MIT
// How far the run is. On a terminal a line as Keras draws it, redrawn at most 20 times a second and never wider than the terminal;
// elsewhere plain lines with the time.
#pragma once

#include <strata/training/history.hpp>
#include <strata/training/trainer.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace train_cifar10 {

// One line: "45/100 ━━━━━━━━━─────────── 7s 120ms/step - accuracy: 0.2811 - loss: 2.0345".
// What does not fit is left out: figures from the end, then the bar becomes shorter.
struct progress_line {
    std::int64_t step = 0, steps = 0;
    double seconds = 0;  // elapsed when the epoch is done, left otherwise
    double step_seconds = 0;
    std::vector<std::pair<std::string, double>> figures{};

    std::string text(int columns, bool utf8) const;
};

class progress {
public:
    progress(int epochs, bool quiet);

    void batch(const strata::batch_result& result);
    void epoch(const strata::epoch_result& result);
    // A line of its own between the others: "note: " and the sentence.
    void note(const std::string& sentence);
    // Ends a line that was left open by a run that stopped inside an epoch.
    void finish();

private:
    using clock = std::chrono::steady_clock;
    void begin_epoch(int epoch);
    void draw(const progress_line& line);
    void plain(int epoch, const progress_line& line, bool done);

    int epochs_;
    bool quiet_, terminal_, utf8_;
    int current_ = -1;         // the epoch whose line is open
    std::int64_t planned_ = 0;  // its steps
    bool open_ = false;
    clock::time_point began_{}, drawn_{};
};

}  // namespace train_cifar10
