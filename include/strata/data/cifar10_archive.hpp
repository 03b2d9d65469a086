// SPDX-License-Identifier: MIT
// CIFAR-10 straight from the archive as it is published, cifar-10-binary.tar.gz, without unpacking it. Needs zlib, so it is not
// part of strata.hpp (with CMake: link strata::archive).
//
// The archive is streamed once and hostile until checked: sizes, checksums of headers, names, and the checksum of the whole.
// Whatever is wrong throws invalid_input with a sentence that names the archive. Each function takes a directory as well.
#pragma once

#include <strata/core/config.hpp>
#include <strata/data/cifar10.hpp>

#include <cstdint>
#include <span>
#include <string>

namespace strata::inline STRATA_ABI {
namespace cifar10::archive {

struct train_and_test {
    dataset train, test;
};

// `path` is cifar-10-binary.tar.gz, or a directory as for cifar10::load_train.
train_and_test load(const std::string& path);
dataset load_train(const std::string& path, std::int64_t limit = all);
dataset load_test(const std::string& path);

// The same from an archive in memory; `name` is for messages.
train_and_test parse(std::span<const std::uint8_t> bytes, const std::string& name);

}  // namespace cifar10::archive
}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/data/cifar10_archive.ipp>
#endif
