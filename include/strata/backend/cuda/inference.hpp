// SPDX-License-Identifier: MIT
// Prediction on the GPU: a stream, an arena and a captured run of its own, so that predictors of one model run at the same time.
// Parameters are read from the model.
#pragma once

#include <strata/backend/cuda/executor.hpp>
#include <strata/core/config.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace strata::inline STRATA_ABI::cuda {

// STRATA_INLINE where a function is virtual: see core/config.hpp.
class inference final : public backend::inference {
public:
    STRATA_INLINE inference(std::shared_ptr<shared_state> shared, int batch);
    STRATA_INLINE ~inference() override;

    STRATA_INLINE void run(const dataset_view& pictures, std::span<float> out) override;

private:
    std::shared_ptr<shared_state> shared_;
    int batch_;
    stream on_;
    cudnn::handle dnn_;
    planned_program plans_;
    device_memory activations_, workspace_, pictures_, rows_, state_;
    captured_graph captured_;
    kernels::step_state begin_{};
    std::vector<float> padded_;  // the output, where its rows are padded
};

}  // namespace strata::inline STRATA_ABI::cuda

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/inference.ipp>
#endif
