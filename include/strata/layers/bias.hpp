// SPDX-License-Identifier: MIT
// Whether a layer adds a trained bias.
#pragma once

#include <strata/core/config.hpp>

namespace strata::inline STRATA_ABI {

enum class bias : bool { off, on };

}  // namespace strata::inline STRATA_ABI
