// SPDX-License-Identifier: MIT
// Behind each name of our own kernels the same body, on the host: what the virtual GPU runs when one is launched. Beside it the bytes
// that the kernel cannot help but read and write, for the counters; data sets count as bytes, one per value.
#include "device.hpp"

#include <strata/backend/cuda/kernels/list.hpp>

#include <cstddef>
#include <cstdint>

namespace {

using namespace strata::kernels;
using strata::cuda::arguments;

constexpr std::uint64_t bytes_of(std::int64_t count, std::size_t each) { return static_cast<std::uint64_t>(count) * each; }

// ---- the bytes of each body, for `count` indexes

vgpu::traffic traffic_of(const begin_step&, std::int64_t) { return {sizeof(step_state), sizeof(step_state)}; }
template <typename T>
vgpu::traffic traffic_of(const gather_batch<T>& body, std::int64_t count) {
    return {bytes_of(count, 1) + bytes_of(count / body.size, sizeof(std::int64_t)), bytes_of(count, sizeof(T))};
}
template <typename T>
vgpu::traffic traffic_of(const step_dropout<T>& body, std::int64_t) {
    const std::uint64_t mask = body.mask.words == nullptr ? 0 : bytes_of(body.count / body.mask.columns * body.mask.leading / 8, 1);
    return {bytes_of(body.count, sizeof(T)) + mask, bytes_of(body.count, sizeof(T)) + mask};
}
template <typename G>
vgpu::traffic traffic_of(const loss_rows<G>& body, std::int64_t count) {
    const std::uint64_t logits = bytes_of(count * body.classes, sizeof(float)), row = bytes_of(count, sizeof(float));
    const std::uint64_t grad = body.grad == nullptr ? 0 : bytes_of(count * body.leading, sizeof(G));
    return {logits + bytes_of(count, sizeof(std::int64_t)) + row, grad + 2 * row};
}
template <typename T>
vgpu::traffic traffic_of(const find_non_finite<T>& body, std::int64_t) {
    return {bytes_of(body.count, sizeof(T)), 0};
}
vgpu::traffic traffic_of(const update_statistics&, std::int64_t count) { return {4 * bytes_of(count, 4), 2 * bytes_of(count, 4)}; }
vgpu::traffic traffic_of(const adam_update& body, std::int64_t count) {
    return {4 * bytes_of(count, 4), 3 * bytes_of(count, 4) + (body.copy == nullptr ? 0 : bytes_of(count, sizeof(bf16)))};
}
vgpu::traffic traffic_of(const sgd_update& body, std::int64_t count) {
    const std::uint64_t arrays = body.velocity == nullptr ? 1 : 2;
    return {(arrays + 1) * bytes_of(count, 4), arrays * bytes_of(count, 4) + (body.copy == nullptr ? 0 : bytes_of(count, sizeof(bf16)))};
}
vgpu::traffic traffic_of(const end_step& body, std::int64_t) {
    return {2 * bytes_of(body.batch, 4) + sizeof(step_state), sizeof(step_state) + sizeof(step_report)};
}
vgpu::traffic traffic_of(const end_evaluation& body, std::int64_t) {
    return {2 * bytes_of(body.batch, 4) + sizeof(step_state), sizeof(step_state)};
}
vgpu::traffic traffic_of(const fold_batch_norm&, std::int64_t count) { return {4 * bytes_of(count, 4), 2 * bytes_of(count, 4)}; }
vgpu::traffic traffic_of(const softmax_rows& body, std::int64_t count) {
    return {bytes_of(count * body.classes, 4), bytes_of(count * body.classes, 4)};
}
// Of batch norm: arrays of the values, and what the stages hand on.
template <typename T>
vgpu::traffic traffic_of(const batch_norm_moments<T>& body, std::int64_t count) {
    return {bytes_of(body.of.values(), sizeof(T)), bytes_of(count, sizeof(channel_moments))};
}
vgpu::traffic traffic_of(const batch_norm_group_moments& body, std::int64_t count) {
    return {bytes_of(body.of.parts * body.of.channels, sizeof(channel_moments)), bytes_of(count, sizeof(channel_moments))};
}
vgpu::traffic traffic_of(const batch_norm_statistics& body, std::int64_t count) {
    return {bytes_of(body.of.groups * body.of.channels, sizeof(channel_moments)), 2 * bytes_of(count, 4)};
}
template <typename T>
vgpu::traffic traffic_of(const batch_norm_forward<T>& body, std::int64_t) {
    return {bytes_of(body.values, sizeof(T)) + 4 * bytes_of(body.channels, 4), bytes_of(body.values, sizeof(T))};
}
template <typename T>
vgpu::traffic traffic_of(const batch_norm_sums<T>& body, std::int64_t count) {
    return {2 * bytes_of(body.of.values(), sizeof(T)) + 2 * bytes_of(body.of.channels, 4), bytes_of(count, sizeof(channel_sums))};
}
vgpu::traffic traffic_of(const batch_norm_group_sums& body, std::int64_t count) {
    return {bytes_of(body.of.parts * body.of.channels, sizeof(channel_sums)), bytes_of(count, sizeof(channel_sums))};
}
vgpu::traffic traffic_of(const batch_norm_parameters& body, std::int64_t count) {
    return {bytes_of(body.of.groups * body.of.channels, sizeof(channel_sums)), 2 * bytes_of(count, 4)};
}
template <typename T>
vgpu::traffic traffic_of(const batch_norm_backward<T>& body, std::int64_t) {
    return {2 * bytes_of(body.values, sizeof(T)) + 5 * bytes_of(body.channels, 4), bytes_of(body.values, sizeof(T))};
}
vgpu::traffic traffic_of(const narrow&, std::int64_t count) { return {bytes_of(count, 4), bytes_of(count, 2)}; }
vgpu::traffic traffic_of(const widen&, std::int64_t count) { return {bytes_of(count, 2), bytes_of(count, 4)}; }

// ---- their launch

template <typename Body>
void run(void** values, dim3, dim3) {
    const auto& what = *static_cast<const arguments<Body>*>(values[0]);
    for (std::int64_t i = 0; i < what.count; ++i) what.body(static_cast<std::size_t>(i));
}

template <typename Body>
vgpu::traffic traffic(void** values, dim3, dim3) {
    const auto& what = *static_cast<const arguments<Body>*>(values[0]);
    return traffic_of(what.body, what.count);
}

template <typename Body>
void add(const char* name) {
    vgpu::register_kernel(name, run<Body>, sizeof(arguments<Body>), traffic<Body>);
}

struct registration {
    registration() {
        add<begin_step>("strata_begin_step");
        add<gather_batch<float>>("strata_gather_batch_f32");
        add<gather_batch<bf16>>("strata_gather_batch_bf16");
        add<step_dropout<float>>("strata_dropout_f32");
        add<step_dropout<bf16>>("strata_dropout_bf16");
        add<loss_rows<float>>("strata_loss_rows_f32");
        add<loss_rows<bf16>>("strata_loss_rows_bf16");
        add<find_non_finite<float>>("strata_find_non_finite_f32");
        add<find_non_finite<bf16>>("strata_find_non_finite_bf16");
        add<update_statistics>("strata_update_statistics");
        add<adam_update>("strata_adam_update");
        add<sgd_update>("strata_sgd_update");
        add<end_step>("strata_end_step");
        add<end_evaluation>("strata_end_evaluation");
        add<fold_batch_norm>("strata_fold_batch_norm");
        add<softmax_rows>("strata_softmax_rows");
        add<batch_norm_moments<float>>("strata_batch_norm_moments_f32");
        add<batch_norm_moments<bf16>>("strata_batch_norm_moments_bf16");
        add<batch_norm_group_moments>("strata_batch_norm_group_moments");
        add<batch_norm_statistics>("strata_batch_norm_statistics");
        add<batch_norm_forward<float>>("strata_batch_norm_forward_f32");
        add<batch_norm_forward<bf16>>("strata_batch_norm_forward_bf16");
        add<batch_norm_sums<float>>("strata_batch_norm_sums_f32");
        add<batch_norm_sums<bf16>>("strata_batch_norm_sums_bf16");
        add<batch_norm_group_sums>("strata_batch_norm_group_sums");
        add<batch_norm_parameters>("strata_batch_norm_parameters");
        add<batch_norm_backward<float>>("strata_batch_norm_backward_f32");
        add<batch_norm_backward<bf16>>("strata_batch_norm_backward_bf16");
        add<narrow>("strata_narrow");
        add<widen>("strata_widen");
    }
};
const registration registered;

}  // namespace
