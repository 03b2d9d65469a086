// SPDX-License-Identifier: MIT
// Loading, and the call of script/fetch-cifar10.
#include "data.hpp"

#include "figures.hpp"
#include "interrupt.hpp"
#include "places.hpp"

#include <examples/data/cifar10_sample.hpp>
#include <strata/core/error.hpp>
#include <strata/data/cifar10.hpp>
#include <strata/data/cifar10_archive.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace train_cifar10 {

namespace {

// Runs a program, without a shell; what it prints to its standard output comes back, its standard error is ours.
struct program_result {
    int exit_code = 0;
    std::string output;
};
program_result run_program(const std::string& path) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw strata::io_error(path + ": cannot be started: " + std::strerror(errno));
    const pid_t child = ::fork();
    if (child < 0) throw strata::io_error(path + ": cannot be started: " + std::strerror(errno));
    if (child == 0) {
        std::signal(SIGPIPE, SIG_DFL);  // what we ignore would stay ignored
        std::signal(SIGXFSZ, SIG_DFL);
        ::dup2(ends[1], STDOUT_FILENO);
        ::execl(path.c_str(), path.c_str(), static_cast<char*>(nullptr));
        ::_exit(127);
    }
    ::close(ends[1]);
    program_result result;
    char part[4096];
    for (;;) {
        const ssize_t count = ::read(ends[0], part, sizeof part);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        result.output.append(part, static_cast<std::size_t>(count));
    }
    ::close(ends[0]);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
}

std::string fetched_directory() {
    const std::string script = find_in_tree("script/fetch-cifar10");
    if (script.empty())
        throw strata::invalid_input(
            "--data cifar10: script/fetch-cifar10 is not beside this program; download cifar-10-binary.tar.gz "
            "yourself and give its path with --data");
    const program_result result = run_program(script);
    stop_if_interrupted();
    if (result.exit_code == 130 || result.exit_code == 143) throw interrupted{"while the set was fetched; nothing was written"};
    if (result.exit_code == 2) throw strata::invalid_input("--data cifar10: the set could not be fetched; the reason is above");
    if (result.exit_code != 0)
        throw strata::io_error("--data cifar10: the set could not be fetched (" + script + " ended with " +
                               std::to_string(result.exit_code) + "); the reason is above. The sample needs no download: --data sample");
    std::string directory = result.output;
    while (!directory.empty() && directory.back() == '\n') directory.pop_back();
    return directory.substr(directory.rfind('\n') + 1);
}

pictures load_sample(bool test_only) {
    const std::string pack = find_in_tree("examples/data/cifar10-sample.pack");
    if (pack.empty())
        throw strata::invalid_input(
            "--data sample: examples/data/cifar10-sample.pack is not beside this program; give --data cifar10, or a "
            "directory with the binary CIFAR-10 files");
    pictures result{.kind = data_kind::sample, .source = "the bundled sample (JPEG-compressed copies)"};
    if (!test_only) result.train = examples::load_sample_train(pack);
    result.test = examples::load_sample_test(pack);
    return result;
}

// A file that was cut at the end of a row is a subset, as far as anybody can tell; so it is said, not refused.
std::string short_batches(const std::string& directory, bool test_only) {
    namespace fs = std::filesystem;
    std::error_code none;
    const fs::path inner = fs::path(directory) / "cifar-10-batches-bin";
    const fs::path folder =
        !fs::exists(fs::path(directory) / "test_batch.bin", none) && fs::exists(inner, none) ? inner : fs::path(directory);
    std::string files;
    for (const char* name :
         {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"}) {
        if (test_only && std::string(name) != "test_batch.bin") continue;
        const std::uintmax_t bytes = fs::file_size(folder / name, none);
        const auto rows = static_cast<std::int64_t>(bytes) / strata::cifar10::row_bytes;
        if (!none && rows < strata::cifar10::rows_per_batch)
            files += (files.empty() ? "" : ", ") + std::string(name) + (files.empty() ? " holds " : " ") + counted(rows, "row", "rows");
    }
    return files.empty() ? "" : files + ", not 10,000 as in the full set; if that is not meant, fetch it again with script/fetch-cifar10";
}

pictures load_from(const std::string& path, const options& options, bool test_only) {
    std::error_code none;
    if (!std::filesystem::exists(path, none))
        throw strata::invalid_input("--data " + path +
                                    ": there is no such directory or archive; give sample, cifar10, a directory with the "
                                    "binary CIFAR-10 files, or cifar-10-binary.tar.gz");
    pictures result{.source = path};
    if (std::filesystem::is_directory(path, none)) {
        // --limit is applied later, so that every row is checked and the plan can say how many there are.
        if (!test_only) result.train = strata::cifar10::load_train(path);
        result.test = strata::cifar10::load_test(path);
        result.short_batches = short_batches(path, test_only);
    } else if (test_only) {
        result.test = strata::cifar10::archive::load_test(path);
    } else {
        strata::cifar10::archive::train_and_test both = strata::cifar10::archive::load(path);
        result.train = std::move(both.train);
        result.test = std::move(both.test);
    }
    const bool whole =
        (test_only || result.train.rows() == 50'000) && result.test.rows() == 10'000 && (!options.limit || *options.limit >= 50'000);
    result.kind = whole ? data_kind::full : data_kind::part;
    return result;
}

}  // namespace

pictures load_pictures(const options& options, bool test_only) {
    pictures result = options.data == "sample"    ? load_sample(test_only)
                      : options.data == "cifar10" ? load_from(fetched_directory(), options, test_only)
                                                  : load_from(options.data, options, test_only);
    result.all_training_rows = result.train.rows();
    if (options.limit && *options.limit < result.train.rows()) {
        const auto rows = static_cast<std::size_t>(*options.limit);
        result.train.bytes.resize(rows * static_cast<std::size_t>(result.train.picture.size()));
        result.train.labels.resize(rows);
    }
    return result;
}

}  // namespace train_cifar10
