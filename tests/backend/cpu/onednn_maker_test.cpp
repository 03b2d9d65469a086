// SPDX-License-Identifier: MIT
// Primitives made by the adapter over oneDNN compute what they say; what cannot be made is refused at once.
#include <strata/backend/cpu/onednn_maker.hpp>

#include <doctest/doctest.h>

#include <vector>

using namespace strata;
using namespace strata::cpu;
using onednn::layout;
using onednn::memory_desc;

TEST_CASE("a window of rows and columns keeps the four paddings apart") {
    const onednn::window_dims w = onednn::window_of({3, 2, 0, 1}, {5, 1, 2, 4});
    CHECK((w.kernel[0] == 3 && w.kernel[1] == 5));
    CHECK((w.strides[0] == 2 && w.strides[1] == 1));
    CHECK((w.before[0] == 0 && w.after[0] == 1 && w.before[1] == 2 && w.after[1] == 4));
}

TEST_CASE("what oneDNN cannot make is an error at making, not at running") {
    const onednn::engine engine = onednn::make_engine();
    const onednn::maker make(engine);
    const memory_desc x = memory_desc::of({2, 3, 4, 4}, layout::channels_last), y = memory_desc::of({2, 3, 9, 9}, layout::channels_last);
    CHECK_THROWS_AS(make.pool_forward(onednn::pass::inference, onednn::pooling::max, x, y, onednn::window_of({2, 1, 0, 0}, {2, 1, 0, 0})),
                    onednn_error);
}

TEST_CASE("a leaky rectifier made by the adapter computes max(x, slope * x)") {
    const onednn::engine engine = onednn::make_engine();
    const onednn::stream stream = onednn::make_stream(engine);
    const onednn::maker make(engine);
    const memory_desc last = memory_desc::of({1, 2, 2, 2}, layout::channels_last);
    const onednn::primitive_desc rectifier = make.rectifier_forward(onednn::pass::inference, last, 0.5f);
    const onednn::primitive run = rectifier.make();
    std::vector<float> in{-1, 2, -3, 4, -5, 6, 0, -8}, out(8);
    const onednn::memory from = make.make_memory(last, in.data()), to = make.make_memory(last, out.data());
    std::vector<char> scratch(rectifier.scratchpad().bytes() + 1);
    const onednn::memory pad = make.make_memory(rectifier.scratchpad(), scratch.data());
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, from.get()}, {DNNL_ARG_DST, to.get()}, {DNNL_ARG_SCRATCHPAD, pad.get()}};
    onednn::check(dnnl_primitive_execute(run.get(), stream.get(), 3, arguments), "run");
    onednn::check(dnnl_stream_wait(stream.get()), "wait");
    CHECK(out == std::vector<float>{-0.5f, 2, -1.5f, 4, -2.5f, 6, 0, -4});
}
