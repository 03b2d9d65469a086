// SPDX-License-Identifier: MIT
// Max pooling in lanes against plain loops: windows that overlap, leave values out or lie over the edge; ties; a rectifier behind; and
// backward through a rectifier and a batch norm in the same pass.
#include <strata/kernels/max_pool_lanes.hpp>

#include <doctest/doctest.h>

#include <support/lanes.hpp>
#include <support/reference_operations.hpp>

#include <vector>

using namespace strata;
using namespace testing;

namespace {

struct some {
    extent rows, columns;
    shape in;
    int lanes;
    shape out() const { return {rows.output(in.height), columns.output(in.width), in.channels}; }
};
const extent three_by_two{3, 2}, two{2, 2}, wide{5, 1, 2, 2}, sparse{1, 3}, padded_at_the_end{3, 2, 0, 1};
const std::vector<some> cases{
    {three_by_two, three_by_two, {9, 7, 3}, 3}, {three_by_two, three_by_two, {8, 8, 32}, 8}, {two, sparse, {6, 7, 32}, 32},
    {wide, padded_at_the_end, {4, 6, 40}, 40},  {padded_at_the_end, wide, {5, 3, 16}, 16},   {wide, wide, {1, 1, 64}, 64}};

operation pooling_of(const some& c) {
    operation op;
    op.kind = op_kind::max_pool;
    op.rows = c.rows;
    op.columns = c.columns;
    return op;
}
kernels::lane_window window_of(const some& c) {
    return {c.rows.kernel, c.columns.kernel, c.rows.stride, c.columns.stride, c.rows.before, c.columns.before};
}
template <typename Kernel>
void run(std::int64_t count, const Kernel& kernel) {
    for (std::int64_t i = 0; i < count; ++i) kernel(static_cast<std::size_t>(i));
}

}  // namespace

TEST_CASE("the maximum of each window is found, rectified when asked, and its gradient goes to the first of equals") {
    dice draw(11);
    constexpr std::int64_t batch = 3;
    for (const some& c : cases) {
        const kernels::lane_pictures in = lane_pictures_of(batch, c.in, c.lanes), out = lane_pictures_of(batch, c.out(), c.lanes);
        CAPTURE(c.in.channels);
        CAPTURE(c.lanes);
        values x(static_cast<std::size_t>(in.size()));
        for (double& v : x) v = draw.between(-3, 2);  // many ties
        const values dy = draw.values(out.size(), -1, 1);
        const std::vector<std::size_t> where = first_maxima(pooling_of(c), c.in, c.out(), batch, x);
        for (const float slope : {1.0f, 0.0f, 0.5f}) {
            const auto factor = [&](double maximum) { return maximum > 0 ? 1.0 : static_cast<double>(slope); };
            values wanted(where.size()), wanted_gradient(x.size(), 0);
            for (std::size_t i = 0; i < where.size(); ++i) {
                wanted[i] = x[where[i]] * factor(x[where[i]]);
                wanted_gradient[where[i]] += dy[i] * factor(x[where[i]]);
            }
            const std::vector<float> src = to_lanes(x, in), grad = to_lanes(dy, out);
            std::vector<float> dst(where.size(), -7), inferred = dst, grad_src(x.size(), -7);
            std::vector<std::uint8_t> place(where.size());
            run(out.rows(), kernels::max_pool_lanes{src.data(), dst.data(), place.data(), in, out, window_of(c), slope});
            run(out.rows(), kernels::max_pool_lanes{src.data(), inferred.data(), nullptr, in, out, window_of(c), slope});
            CHECK(distance(from_lanes(dst, out), wanted) == 0);
            CHECK(inferred == dst);
            const kernels::lane_gradient_chain chain{.grad_dst = grad.data(), .src = slope == 1 ? nullptr : dst.data(), .slope = slope};
            run(in.pictures, kernels::max_pool_lanes_backward{chain, place.data(), in, out, window_of(c), grad_src.data()});
            CHECK(distance(from_lanes(grad_src, in), wanted_gradient) < 1e-6);
        }
    }
}

TEST_CASE("through batch norm, rectifier and pooling in one pass is the same as in three") {
    dice draw(12);
    for (const some& c : cases) {
        const kernels::lane_pictures in = lane_pictures_of(2, c.in, c.lanes), out = lane_pictures_of(2, c.out(), c.lanes);
        const std::vector<float> src = to_floats(draw.values(in.size(), -1, 1)), grad = to_floats(draw.values(out.size(), -1, 1));
        std::vector<float> dst(grad.size()), between(grad.size()), apart(src.size()), together(src.size());
        std::vector<std::uint8_t> place(grad.size());
        run(out.rows(), kernels::max_pool_lanes{src.data(), dst.data(), place.data(), in, out, window_of(c), 0.25f});
        std::vector<std::vector<float>> of_channels;
        for (int i = 0; i < 4; ++i) of_channels.push_back(to_floats(draw.values(out.channels(), 0.5, 1)));
        const kernels::lane_gradient_chain chain{.grad_dst = grad.data(),
                                                 .src = dst.data(),
                                                 .mean = of_channels[0].data(),
                                                 .factor = of_channels[1].data(),
                                                 .along = of_channels[2].data(),
                                                 .constant = of_channels[3].data(),
                                                 .slope = 0.25f};
        run(out.rows(), kernels::lane_gradient{chain, out, between.data()});
        run(in.pictures, kernels::max_pool_lanes_backward{{.grad_dst = between.data()}, place.data(), in, out, window_of(c), apart.data()});
        run(in.pictures, kernels::max_pool_lanes_backward{chain, place.data(), in, out, window_of(c), together.data()});
        CHECK(together == apart);
        CHECK(norm(together) > 0);
    }
}
