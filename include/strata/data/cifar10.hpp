// SPDX-License-Identifier: MIT
// CIFAR-10 in its binary layout: data_batch_1.bin to data_batch_5.bin, test_batch.bin and batches.meta.txt.
//
// A batch is up to 10,000 rows of 3,073 bytes: one label byte (0 to 9), then the red, green and blue planes (C, H, W) of a 32 x 32
// picture. They become rows of (H, W, C). Files are hostile until checked: whatever is wrong throws invalid_input with a sentence
// that names the file, and nothing is returned in part.
#pragma once

#include <strata/core/config.hpp>
#include <strata/data/dataset.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace strata::inline STRATA_ABI {
namespace cifar10 {

inline constexpr shape picture{.height = 32, .width = 32, .channels = 3};
inline constexpr int classes = 10;
inline constexpr std::int64_t row_bytes = 1 + 32 * 32 * 3;
inline constexpr std::int64_t rows_per_batch = 10'000;
inline constexpr std::int64_t all = INT64_MAX;  // the limit that is none

// airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck
std::vector<std::string> class_names();

// The training rows of `directory`, or of its folder cifar-10-batches-bin: the first `limit` of them.
// A subset in the same layout is welcome: the rows may end at any batch with fewer than 10,000 rows.
dataset load_train(const std::string& directory, std::int64_t limit = all);
dataset load_test(const std::string& directory);

// The rows of one batch file, appended to `into` (its first `limit` rows; all are checked). `name` is for messages.
// Throws invalid_input, and leaves `into` as it was, for anything but 1 to 10,000 whole rows with labels from 0 to 9.
void parse_batch(std::span<const std::uint8_t> bytes, const std::string& name, dataset& into, std::int64_t limit = all);

// Where the files of the set lie: load_train and load_test above read a directory, cifar10_archive.hpp an archive.
class file_source {
public:
    virtual ~file_source() = default;
    virtual bool has(const std::string& file) const = 0;
    virtual std::vector<std::uint8_t> read(const std::string& file) = 0;  // throws for what isn't there; a batch is read once
    virtual std::string path(const std::string& file) const = 0;          // for messages
};
dataset load_train(file_source& source, std::int64_t limit = all);
dataset load_test(file_source& source);

// The ten class names in the text of batches.meta.txt, one a line; empty lines don't count.
std::vector<std::string> parse_class_names(std::span<const std::uint8_t> text, const std::string& name);

}  // namespace cifar10
}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/data/cifar10.ipp>
#endif
