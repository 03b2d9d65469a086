// SPDX-License-Identifier: MIT
// Drawing.
#include "progress.hpp"

#include "console.hpp"
#include "figures.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace train_cifar10 {

namespace {

bool speaks_utf8() {
    for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
        const char* value = std::getenv(name);
        if (value == nullptr || *value == '\0') continue;
        const std::string_view text(value);
        return text.find("UTF-8") != std::string_view::npos || text.find("utf8") != std::string_view::npos;
    }
    return false;
}

// Keras's: "7s", "2:05", "1:02:05".
std::string clock_text(double seconds) {
    const auto whole = static_cast<std::int64_t>(std::max(seconds, 0.0));
    const auto two = [](std::int64_t value) { return (value < 10 ? "0" : "") + std::to_string(value); };
    if (whole < 60) return std::to_string(whole) + "s";
    if (whole < 3600) return std::to_string(whole / 60) + ":" + two(whole % 60);
    return std::to_string(whole / 3600) + ":" + two(whole / 60 % 60) + ":" + two(whole % 60);
}

std::string step_text(double seconds) {
    if (seconds >= 1) return fixed(seconds, 1) + "s/step";
    return fixed(1000 * seconds, seconds >= 0.01 ? 0 : 1) + "ms/step";
}

std::string bar(std::int64_t done, std::int64_t all, int width, bool utf8) {
    const auto filled = static_cast<int>(all > 0 ? done * width / all : 0);
    std::string text;
    for (int i = 0; i < width; ++i) text += i < filled ? (utf8 ? "━" : "=") : (utf8 ? "─" : ".");
    return text;
}

std::vector<std::pair<std::string, double>> figures_of(const strata::epoch_result& result) {
    std::vector<std::pair<std::string, double>> figures{{"accuracy", result.accuracy}, {"loss", result.loss}};
    if (result.has_validation) {
        figures.emplace_back("val_accuracy", result.val_accuracy);
        figures.emplace_back("val_loss", result.val_loss);
    }
    return figures;
}

}  // namespace

std::string progress_line::text(int columns, bool utf8) const {
    const std::string all = std::to_string(steps);
    std::string head = std::to_string(step);
    head.insert(0, all.size() - std::min(all.size(), head.size()), ' ');
    head += "/" + all;
    const std::string times = " " + clock_text(seconds) + " " + step_text(step_seconds);
    std::vector<std::string> parts;
    std::size_t length = head.size() + times.size();
    const auto room = static_cast<std::size_t>(std::max(columns - 1, 1));  // the last column would wrap on some terminals
    for (const auto& [name, value] : figures) {
        parts.push_back(" - " + name + ": " + fixed(value, 4));
        length += parts.back().size();
    }
    while (!parts.empty() && length > room) {
        length -= parts.back().size();
        parts.pop_back();
    }
    std::string line = head;
    if (length + 1 < room) line += " " + bar(step, steps, static_cast<int>(std::min<std::size_t>(20, room - length - 1)), utf8);
    line += times;
    for (const std::string& part : parts) line += part;
    return length > room ? line.substr(0, room) : line;
}

progress::progress(int epochs, bool quiet) : epochs_(epochs), quiet_(quiet), terminal_(output_is_terminal()), utf8_(speaks_utf8()) {}

void progress::begin_epoch(int epoch) {
    current_ = epoch;
    began_ = clock::now();
    drawn_ = terminal_ ? clock::time_point{} : began_;
    if (terminal_) say("Epoch " + std::to_string(epoch + 1) + "/" + std::to_string(epochs_) + "\n");
}

void progress::draw(const progress_line& line) {
    say("\r" + line.text(terminal_columns(), utf8_) + "\x1b[K");
    open_ = true;
}

void progress::plain(int epoch, const progress_line& line, bool done) {
    std::string text = time_stamp("%F %T") + "  epoch " + std::to_string(epoch + 1) + "/" + std::to_string(epochs_) + "  step " +
                       std::to_string(line.step) + "/" + std::to_string(line.steps);
    for (const auto& [name, value] : line.figures) text += "  " + name + " " + fixed(value, 4);
    say(text + "  " + duration(line.seconds) + (done ? "" : " left") + ", " + step_text(line.step_seconds) + "\n");
}

void progress::batch(const strata::batch_result& result) {
    if (quiet_) return;
    if (result.epoch != current_) begin_epoch(result.epoch);
    planned_ = result.steps;
    const clock::time_point now = clock::now();
    const auto pause = terminal_ ? std::chrono::milliseconds(50) : std::chrono::milliseconds(30'000);
    if (now - drawn_ < pause && !(terminal_ && result.step == result.steps)) return;
    drawn_ = now;
    const double elapsed = std::chrono::duration<double>(now - began_).count();
    const double each = result.step > 1 ? elapsed / static_cast<double>(result.step - 1) : elapsed;  // began_ is the end of the first step
    const progress_line line{.step = result.step,
                             .steps = result.steps,
                             .seconds = each * static_cast<double>(result.steps - result.step),
                             .step_seconds = each,
                             .figures = {{"accuracy", result.accuracy}, {"loss", result.loss}}};
    if (terminal_) {
        draw(line);
    } else {
        plain(result.epoch, line, false);
    }
}

void progress::epoch(const strata::epoch_result& result) {
    if (quiet_) return;
    if (result.epoch != current_) begin_epoch(result.epoch);
    const progress_line line{.step = result.steps,
                             .steps = std::max(planned_, result.steps),  // a run that stops leaves some
                             .seconds = result.seconds,
                             .step_seconds = result.steps > 0 ? result.seconds / static_cast<double>(result.steps) : 0,
                             .figures = figures_of(result)};
    if (terminal_) {
        draw(line);
        finish();
    } else {
        plain(result.epoch, line, true);
    }
}

void progress::note(const std::string& sentence) {
    if (quiet_) return;
    finish();
    say("note: " + wrapped(sentence, 6) + "\n");
}

void progress::finish() {
    if (open_) say("\n");
    open_ = false;
}

}  // namespace train_cifar10
