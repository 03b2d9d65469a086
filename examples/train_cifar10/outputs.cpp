// SPDX-License-Identifier: MIT
// The files of a run.
#include "outputs.hpp"

#include "figures.hpp"

#include <strata/core/error.hpp>
#include <strata/core/function_ref.hpp>
#include <strata/disk/atomic_file.hpp>
#include <strata/files/history_file.hpp>
#include <strata/files/json.hpp>
#include <strata/files/model_file.hpp>
#include <strata/files/report.hpp>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include <unistd.h>

namespace train_cifar10 {

namespace fs = std::filesystem;
namespace json = strata::json;

namespace {

[[noreturn]] void refuse(const std::string& path, const std::string& why) { throw strata::invalid_input("--out " + path + ": " + why); }

void check(const std::string& path, bool must_be_empty) {
    std::error_code none;
    const fs::file_status status = fs::status(path, none);
    if (fs::exists(status)) {
        if (!fs::is_directory(status)) refuse(path, "there is a file of that name; give a directory that does not exist yet");
        const bool empty = fs::is_empty(path, none);
        if (none) refuse(path, "the directory cannot be read: " + none.message());
        if (must_be_empty && !empty)
            refuse(path, "the directory is not empty, and nothing is overwritten; give one that does not exist yet");
    }
    fs::path there = fs::absolute(path);
    while (!fs::exists(there, none) && there.has_parent_path() && there != there.parent_path()) there = there.parent_path();
    if (!fs::is_directory(there, none)) refuse(path, there.string() + " is not a directory");
    if (::access(there.c_str(), W_OK | X_OK) != 0)
        refuse(path, "nothing can be written in " + there.string() + ": " + std::strerror(errno) + "; give another directory");
}

std::string command_of(const options& o) { return "train_cifar10" + (o.command.empty() ? "" : " " + o.command); }

std::string compiler() {
#if defined(__clang__)
    return "clang " __clang_version__;
#elif defined(__GNUC__)
    return "g++ " __VERSION__;
#else
    return "unknown";
#endif
}

// Writes, and says what to do where that fails.
void save(const std::string& directory, strata::function_ref<void()> write) {
    try {
        write();
    } catch (const strata::io_error& e) {
        const std::string what = e.what();
        const bool full = what.ends_with(std::strerror(ENOSPC)) || what.ends_with(std::strerror(EDQUOT));
        throw strata::io_error(
            what +
            (full ? "; free space on the file system of " + directory + ", or give another --out" : "; give another directory with --out") +
            ". What was written before is whole");
    }
}

}  // namespace

void check_directory(const options& options) { check(options.out.empty() ? "runs" : options.out, !options.out.empty()); }

std::string make_directory(const options& options) {
    std::error_code failed;
    if (!options.out.empty()) {
        fs::create_directories(options.out, failed);
        if (failed) refuse(options.out, "the directory cannot be made: " + failed.message() + "; give another");
        if (!fs::is_empty(options.out, failed)) refuse(options.out, "another run has just begun to write there; give another directory");
        return options.out;
    }
    fs::create_directories("runs", failed);
    const std::string base = "runs/" + time_stamp("%Y-%m-%d_%H-%M-%S");
    std::string path = base;
    // Of two runs in the same second only one makes it.
    for (int number = 2; !failed && !fs::create_directory(path, failed); ++number) path = base + "-" + std::to_string(number);
    if (failed) refuse(path, "the directory cannot be made: " + failed.message() + "; give another");
    return path;
}

outputs::outputs(std::string directory, const options& options, const chosen_device& device, const pictures& data, const row_counts& rows)
    : directory_(std::move(directory)), options_(options), device_(device), data_(data), rows_(rows), began_(time_stamp("%F %T %z")) {}

void outputs::save_settings(const strata::history& history, const strata::model& model, const std::optional<test_result>& test) const {
    std::vector<std::pair<std::string, std::string>> fields;
    const auto text = [&](const char* key, const std::string& value) { fields.emplace_back(key, json::quoted(value)); };
    const auto number = [&](const char* key, double value) { fields.emplace_back(key, json::number(value)); };
    const auto integer = [&](const char* key, std::int64_t value) { fields.emplace_back(key, std::to_string(value)); };
    text("command", command_of(options_));
    text("strata", STRATA_VERSION_STRING);
    text("compiler", compiler());
    text("device", device_.device.name());
    text("device_reason", device_.reason);
    text("began", began_);
    text("data", data_.source);
    integer("training_rows", rows_.training);
    integer("validation_rows", rows_.validation);
    integer("test_rows", rows_.test);
    text("network", "alexnet_cifar");
    number("width", options_.width);
    integer("epochs", options_.epochs);
    integer("batch_size", options_.batch_size);
    number("validation_split", options_.validation_split);
    text("optimizer", "adam");
    number("learning_rate", options_.learning_rate);
    text("conventions", options_.conventions);
    text("precision", strata::name_of(device_.precision));
    integer("threads", options_.threads);
    if (!options_.tuning.empty()) text("tuning", options_.tuning);
    fields.emplace_back("seed", std::to_string(options_.seed));
    integer("epochs_trained", static_cast<std::int64_t>(history.epochs.size()));
    if (const std::string kernels = model.executor().kernel_choices(); !kernels.empty()) fields.emplace_back("kernels", kernels);
    if (test) {
        number("test_accuracy", test->figures.accuracy);
        number("test_loss", test->figures.loss);
    }
    std::string page = "{";
    for (const auto& [key, value] : fields) page += (page.size() > 1 ? "," : "") + ("\n  " + json::quoted(key)) + ": " + value;
    save(directory_, [&] { strata::write_file(path("settings.json"), page + "\n}\n"); });
}

void outputs::save_progress(const strata::history& history, const strata::model& model) const {
    save(directory_, [&] {
        strata::save_history(history, directory_);
        strata::save_model(model, path("model.safetensors"), {.class_names = data_.train.class_names});
    });
}

void outputs::save_report(const strata::history& history, const strata::model& model, const std::optional<test_result>& test,
                          const std::vector<std::string>& notes) const {
    strata::report page;
    page.title = "AlexNet on CIFAR-10";
    page.subtitle = began_.substr(0, 16) + ", " + data_.source + ", " + counted(rows_.training, "training row", "training rows");
    page.history = history;
    page.class_names = data_.train.class_names;
    if (test) {
        page.test = test->figures;
        page.confusion = test->confusion;
    }
    page.notes = notes;
    const options& o = options_;
    page.settings = {
        {"epochs", std::to_string(history.epochs.size()) + " of " + std::to_string(o.epochs)},
        {"batch size", std::to_string(o.batch_size)},
        {"rows", grouped(rows_.training) + " train, " + grouped(rows_.validation) + " validate, " + grouped(rows_.test) + " test"},
        {"optimizer", "Adam, learning rate " + shortest(o.learning_rate)},
        {"width", shortest(o.width)},
        {"conventions", o.conventions},
        {"precision", strata::name_of(device_.precision)},
        {"seed", std::to_string(o.seed)},
        {"command", command_of(o)}};
    page.environment = {
        {"device", device_.device.name()}, {"chosen because", device_.reason}, {"strata", STRATA_VERSION_STRING}, {"compiler", compiler()}};
    page.network = strata::summary(model.program());
    save(directory_, [&] { strata::save_report(page, path("report.html")); });
}

std::string outputs::list() const {
    return "  " + path("report.html") + "        curves, confusion matrix, scores, settings\n" + "  " + path("model.safetensors") +
           "  the trained network; --evaluate reads it\n" + "  " + path("history.csv") + ", history.json, settings.json\n";
}

}  // namespace train_cifar10
