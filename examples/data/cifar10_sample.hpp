// SPDX-License-Identifier: MIT
// The bundled sample of CIFAR-10: 4,000 training and 1,000 test pictures, kept as JPEG in cifar10-sample.pack (see README.md).
//
// The file is hostile until checked: damaged, truncated or of another kind, it throws strata::invalid_input with a sentence that
// names it. Needs libjpeg, whose errors arrive as the same exception.
#pragma once

#include <strata/data/dataset.hpp>

#include <cstdint>
#include <span>
#include <string>

namespace examples {

strata::dataset load_sample_train(const std::string& path);
strata::dataset load_sample_test(const std::string& path);

enum class sample_part { train, test };

// The parser behind both: the rows of one part, from the bytes of a pack. `name` is for messages.
strata::dataset parse_sample(std::span<const std::uint8_t> pack, const std::string& name, sample_part part);

}  // namespace examples
