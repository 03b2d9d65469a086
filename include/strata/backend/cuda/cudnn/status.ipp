// SPDX-License-Identifier: MIT
// The words of an error: cuDNN's name of the status, then its explanation.
#pragma once

#include <strata/backend/cuda/cudnn/status.hpp>

#include <string_view>

namespace strata::inline STRATA_ABI::cudnn {

STRATA_INLINE std::string version() {
    const std::size_t number = cudnnGetVersion();  // 91900
    return std::to_string(number / 10000) + '.' + std::to_string(number / 100 % 100) + '.' + std::to_string(number % 100);
}

STRATA_INLINE bool is_refusal(cudnnStatus_t status) {
    return CUDNN_STATUS_CATEGORY(static_cast<int>(status)) == static_cast<int>(CUDNN_STATUS_NOT_SUPPORTED);
}

STRATA_INLINE std::string text_of(cudnnStatus_t status) {
    std::string_view name = cudnnGetErrorString(status);
    if (constexpr std::string_view prefix = "CUDNN_STATUS_"; name.starts_with(prefix)) name.remove_prefix(prefix.size());
    char message[2048] = {};
    cudnnGetLastErrorString(message, sizeof message);
    std::string text = std::string(name) + " (" + std::to_string(static_cast<int>(status)) + ')';
    std::string_view own = message;
    while (!own.empty() && (own.back() == '\n' || own.back() == ' ')) own.remove_suffix(1);
    if (!own.empty()) text += ": " + std::string(own);
    return text;
}

STRATA_INLINE void check(cudnnStatus_t status, const char* what, std::source_location where) {
    if (status == CUDNN_STATUS_SUCCESS) return;
    std::string_view file = where.file_name();
    if (const auto slash = file.find_last_of('/'); slash != file.npos) file.remove_prefix(slash + 1);
    throw cudnn_error(
        "cuDNN " + version() + ": " + what + ": " + text_of(status) + " [" + std::string(file) + ':' + std::to_string(where.line()) + ']',
        status);
}
STRATA_INLINE void check(cudnnStatus_t status, const std::string& what, std::source_location where) { check(status, what.c_str(), where); }

}  // namespace strata::inline STRATA_ABI::cudnn
