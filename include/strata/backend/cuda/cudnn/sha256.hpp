// SPDX-License-Identifier: MIT
// SHA-256 (FIPS 180-4), for the plan cache: whether bytes are the ones that were written.
#pragma once

#include <strata/core/config.hpp>

#include <string>
#include <string_view>

namespace strata::inline STRATA_ABI {
namespace cudnn {

std::string sha256(std::string_view bytes);  // 64 hexadecimal digits

}  // namespace cudnn
}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/cudnn/sha256.ipp>
#endif
