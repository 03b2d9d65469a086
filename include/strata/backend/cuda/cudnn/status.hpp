// SPDX-License-Identifier: MIT
// cuDNN's statuses as exceptions that carry the library's own text.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/error.hpp>

#include <cudnn_graph.h>

#include <source_location>
#include <string>

namespace strata::inline STRATA_ABI {
namespace cudnn {

// A call of cuDNN failed. The message names what was done, the status, and what cudnnGetLastErrorString says.
struct cudnn_error : error {
    cudnn_error(const std::string& message, cudnnStatus_t because) : error(message), status(because) {}
    cudnnStatus_t status;
};

// Throws cudnn_error unless `status` is success; `what` is what was tried: "finalizing CUDNN_BACKEND_TENSOR_DESCRIPTOR".
void check(cudnnStatus_t status, const std::string& what, std::source_location where = std::source_location::current());
void check(cudnnStatus_t status, const char* what, std::source_location where = std::source_location::current());

// "NOT_SUPPORTED (3000): the library's own text". Asking takes the text away: cuDNN keeps the last one of each thread.
std::string text_of(cudnnStatus_t status);

// cuDNN says of one engine or graph that it cannot do this; another one may.
bool is_refusal(cudnnStatus_t status);

std::string version();  // of the library that is loaded: "9.19.0"

}  // namespace cudnn
}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/cudnn/status.ipp>
#endif
