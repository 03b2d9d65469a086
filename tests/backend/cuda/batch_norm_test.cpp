// SPDX-License-Identifier: MIT
// Which way batch norm trains: cuDNN's engine where there is one, our own kernels where channels or GPU have none. Both give the oracle's
// numbers.
#include <strata/backend/cuda/lowering.hpp>
#include <strata/backend/cuda/planned_program.hpp>
#include <strata/cuda.hpp>
#include <strata/network/fusion.hpp>

#include <doctest/doctest.h>

#include <strata/layers/batch_norm.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/flatten.hpp>
#include <strata/layers/relu.hpp>
#include <strata/models/alexnet_cifar.hpp>
#include <support/check_step.hpp>
#include <virtual_gpu/cudnn/options.hpp>
#include <virtual_gpu/device.hpp>

#include <cstdint>
#include <string>
#include <vector>

using namespace strata;
using namespace testing;

namespace {

// Batch norm of the input, which needs no gradient, of pictures and of rows.
program norms_of(int channels) {
    program p({9, 9, channels});
    tensor x = build::batch_norm(p, p.input());
    x = build::conv2d(p, x, {.filters = channels, .win = same(3)});
    x = build::relu(p, build::batch_norm(p, x));
    x = build::dense(p, build::flatten(p, x), {.units = channels});
    x = build::batch_norm(p, x);
    build::dense(p, x, {.units = 4});
    p.check();
    return p;
}

struct runs_of_norm {
    std::uint64_t own = 0, cudnn = 0;
};
runs_of_norm counted() {
    runs_of_norm r;
    const vgpu::counts counts = vgpu::counters();
    for (const auto& [name, one] : counts.kernels) r.own += name.find("strata_batch_norm") == name.npos ? 0 : one.runs;
    for (const auto& [name, one] : counts.library) r.cudnn += name.find("batch_norm") == name.npos ? 0 : one.runs;
    return r;
}

runs_of_norm check(int channels, std::int64_t batch) {
    const program p = norms_of(channels);
    const step_case c = step_case::draw(p.view(), batch, 0.1, 7, {});
    model m(p.view(), cuda::open(), {.seed = c.settings.seed});
    vgpu::reset_counters();
    check_step(m, c);
    return counted();
}

class on_device {
public:
    explicit on_device(const vgpu::properties& p) : kept_(vgpu::device()) { vgpu::set_device(p); }
    ~on_device() { vgpu::set_device(kept_); }
    on_device(const on_device&) = delete;
    on_device& operator=(const on_device&) = delete;

private:
    vgpu::properties kept_;
};

struct refusals {
    explicit refusals(const std::vector<std::string>& what) {
        for (const std::string& one : what) vgpu::refuse(one);
    }
    ~refusals() { vgpu::accept_all(); }
    refusals(const refusals&) = delete;
    refusals& operator=(const refusals&) = delete;
};

}  // namespace

TEST_CASE("channels that are no multiple of 16 bytes are normalised by own kernels, with the oracle's numbers; others by cuDNN") {
    for (const int channels : {1, 2, 3, 4, 5, 6, 8, 12, 21}) {
        CAPTURE(channels);
        const runs_of_norm few = check(channels, 5), many = check(channels, 26);  // 26: enough rows for groups of parts
        for (const runs_of_norm& r : {few, many}) {
            CHECK((r.own == 0) == (channels % 4 == 0));
            CHECK((r.cudnn == 0) == (channels % 4 != 0));
        }
        CHECK((many.own > few.own) == (channels % 4 != 0));
    }
    CHECK(vgpu::misuse() == std::vector<std::string>{});
}

TEST_CASE("where cuDNN refuses one direction, own kernels take that one; or both") {
    for (const char* refused : {"batch_norm_training", "batch_norm_backward"}) {
        CAPTURE(refused);
        const refusals one({refused});
        const runs_of_norm r = check(8, 26);
        CHECK(r.own > 0);
        CHECK(r.cudnn > 0);
    }
    const refusals both({"batch_norm_training", "batch_norm_backward"});
    const runs_of_norm r = check(8, 26);
    CHECK(r.own > 0);
    CHECK(r.cudnn == 0);
}

TEST_CASE("tables of plans tell own kernels by name, and why they are taken; of a GPU without engines for norms, for any channels") {
    for (const int capability : {90, 75}) {
        const on_device described({.name = "described", .major = capability / 10, .minor = capability % 10});
        const program runs = training_program(capability == 75 ? alexnet_cifar_program() : norms_of(6));
        const cuda::stream on;
        const cudnn::handle dnn(on.get());
        const cudnn::target target = cudnn::target::of(dnn);
        int norms = 0;
        for (const cuda::action& a : cuda::lower(runs.view(), {.batch = 3, .mode = cuda::mode::training}).actions) {
            const auto calls = cuda::choose_way(a, {.target = target, .filter = {.strict_fp32 = true}});  // every action has a way
            if (a.what.find("batch norm ") == a.what.npos) continue;
            ++norms;
            REQUIRE(calls.size() > 1);
            CHECK(calls[0].describe().starts_with("own kernel strata_batch_norm_"));
            CHECK(calls[0].refused.starts_with(a.what + ": cuDNN"));
            CHECK(calls[0].refused.find("has no plan for") != std::string::npos);
            CHECK(calls[1].refused.empty());
        }
        CHECK(norms == (capability == 75 ? 10 : 6));
    }
}
