// SPDX-License-Identifier: MIT
// Prediction on the GPU.
#pragma once

#include <strata/backend/cuda/inference.hpp>

#include <strata/backend/cuda/runtime/device.hpp>
#include <strata/backend/cuda/runtime/status.hpp>
#include <strata/core/error.hpp>

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI::cuda {

STRATA_INLINE inference::inference(std::shared_ptr<shared_state> shared, int batch)
    : shared_(std::move(shared)),
      batch_(batch),
      dnn_(on_.get()),
      plans_(shared_->plan(shared_->predicts.view(), batch, mode::prediction)),
      activations_(plans_.arena_bytes()),
      workspace_(plans_.workspace_bytes()),
      pictures_(shared_->predicts.view().input_shape().size() * batch * 4),
      rows_(std::int64_t{batch} * 8),
      state_(sizeof(kernels::step_state)) {
    std::vector<std::int64_t> all_rows(static_cast<std::size_t>(batch));
    std::iota(all_rows.begin(), all_rows.end(), std::int64_t{0});
    copy(rows_.data(), all_rows.data(), rows_.bytes(), on_.get());
    zero(pictures_.data(), pictures_.bytes(), on_.get());
    begin_.rows = reinterpret_cast<const std::int64_t*>(rows_.data());
    begin_.floats = reinterpret_cast<const float*>(pictures_.data());
    copy(state_.data(), &begin_, sizeof begin_, on_.get());
    memory_map map = shared_->memory.map();
    map.bases[static_cast<std::size_t>(area::activations)] = activations_.data();
    plans_.bind(std::move(map), workspace_.data());
    on_.wait(shared_->updated);
    const launch_context context{on_, shared_->library, reinterpret_cast<kernels::step_state*>(state_.data())};
    plans_.run(context, dnn_, shared_->products);  // loads the engines
    captured_ = captured_graph::capture(on_, [&] { plans_.run(context, dnn_, shared_->products); });
    on_.synchronize();
}

STRATA_INLINE inference::~inference() {
    try {  // what is in flight uses our memory
        const device_scope scope(shared_->device.device);
        on_.synchronize();
    } catch (const error&) {}
}

STRATA_INLINE void inference::run(const dataset_view& pictures, std::span<float> out) {
    const std::int64_t rows = pictures.rows(), classes = shared_->predicts.view().output_shape().size();
    if (rows > batch_ || static_cast<std::int64_t>(out.size()) != rows * classes)
        throw invalid_input("inference: " + std::to_string(rows) + " pictures do not fit a batch of " + std::to_string(batch_));
    if (rows == 0) return;
    const device_scope scope(shared_->device.device);
    const bool floats = !pictures.floats.empty();
    point_at(begin_, pictures, pictures_, device_memory());
    copy(state_.data(), &begin_, sizeof begin_, on_.get());
    if (floats) {
        copy(pictures_.data(), pictures.floats.data(), static_cast<std::int64_t>(pictures.floats.size_bytes()), on_.get());
    } else {
        copy(pictures_.data(), pictures.bytes.data(), static_cast<std::int64_t>(pictures.bytes.size_bytes()), on_.get());
    }
    on_.wait(shared_->updated);
    captured_.launch(on_);
    // Rows of the output may be padded.
    const std::int64_t leading = plans_.program().output_leading;
    const auto* from = plans_.memory().as<const float>(plans_.program().output);
    if (leading == classes) {
        copy(out.data(), from, static_cast<std::int64_t>(out.size_bytes()), on_.get());
        on_.synchronize();
        return;
    }
    padded_.resize(static_cast<std::size_t>(rows * leading));
    copy(padded_.data(), from, static_cast<std::int64_t>(padded_.size() * sizeof(float)), on_.get());
    on_.synchronize();
    for (std::int64_t n = 0; n < rows; ++n) {
        const auto row = padded_.begin() + n * leading;
        std::copy(row, row + classes, out.begin() + n * classes);
    }
}

STRATA_INLINE std::unique_ptr<backend::inference> executor::make_inference(int batch_size) {
    if (batch_size < 1)
        throw invalid_input("batch_size " + std::to_string(batch_size) + ": a predictor takes at least one picture at a time");
    const device_scope scope(shared_->device.device);
    return std::make_unique<inference>(shared_, batch_size);
}

}  // namespace strata::inline STRATA_ABI::cuda
