// SPDX-License-Identifier: MIT
// Max pooling and batch norm with their neighbours: which of them take a pass of their own, and that the numbers are the oracle's where
// neighbours have other readers, lie in blocks of channels or have windows that are too large for a byte.
#include <strata/cpu.hpp>

#include <strata/backend/cpu/executor.hpp>

#include <doctest/doctest.h>

#include <support/check_step.hpp>

#include <string>
#include <vector>

using namespace strata;
using namespace testing;

namespace {

struct names final : cpu::action_observer {
    void ran(const cpu::action_purpose&, const char* what, std::int64_t) override {
        const std::string all = what, name = all.substr(all.rfind(": ") + (all.find(": ") == std::string::npos ? 1 : 2));
        heard.push_back(name);
    }
    std::int64_t count(const std::string& part) const {
        std::int64_t found = 0;
        for (const std::string& name : heard) found += name.find(part) != std::string::npos;
        return found;
    }
    std::vector<std::string> heard;
};

// The oracle agrees, and these are the actions of the step.
template <typename Middle>
names actions_of(shape in, Middle middle) {
    program p(in);
    tensor x = build::conv2d(p, p.input(), {.filters = in.channels, .win = same(3)});
    build::dense(p, build::flatten(p, middle(p, x)), {.units = 3});
    p.check();
    const step_case c = step_case::draw(p.view(), 3, 0, 5, {});
    model m(p.view(), cpu::open({.threads = 2}), {.seed = c.settings.seed});
    names heard;
    dynamic_cast<cpu::executor&>(m.executor()).observe(&heard);
    check_step(m, c);
    return heard;
}

}  // namespace

TEST_CASE("a rectifier between pooling and batch norm takes no pass of its own, and backward the three take one") {
    for (const int channels : {3, 8, 16, 32}) {
        const names heard = actions_of({7, 6, channels}, [](program& p, tensor x) {
            return build::batch_norm(p, build::max_pool2d(p, build::relu(p, x), valid(3, 2)));
        });
        CHECK(heard.count("rectifier") == 0);
        CHECK(heard.count("max pooling forward") == 1);
        CHECK(heard.count("batch norm sums") == 1);
        CHECK(heard.count("max pooling backward") == 1);
        CHECK(heard.count("batch norm backward") == 0);
    }
}

TEST_CASE("the rectifier of a convolution before batch norm is undone by batch norm's own pass") {
    for (const int channels : {3, 8, 16, 32}) {
        const names heard =
            actions_of({4, 5, channels}, [](program& p, tensor x) { return build::batch_norm(p, build::leaky_relu(p, x, 0.125f)); });
        CHECK(heard.count("rectifier") == 0);
        CHECK(heard.count("batch norm backward") == 1);
    }
}

TEST_CASE("a rectifier, a pooling or a batch norm whose source has other readers keeps to itself") {
    for (const int channels : {5, 8}) {
        const shape in{4, 4, channels};
        names heard = actions_of(in, [](program& p, tensor x) {
            x = build::max_pool2d(p, build::relu(p, x), valid(2));
            return build::add(p, x, build::batch_norm(p, x));
        });
        CHECK(heard.count("max pooling backward") == 1);
        CHECK(heard.count("batch norm backward") == 1);
        heard = actions_of(in, [](program& p, tensor x) {
            x = build::max_pool2d(p, x, same(3, 2));
            return build::add(p, x, build::relu(p, x));
        });
        CHECK(heard.count("rectifier backward") == 1);
        heard = actions_of(in, [](program& p, tensor x) {
            const tensor y = build::relu(p, build::add(p, x, build::batch_norm(p, x)));
            return build::batch_norm(p, y);
        });
        CHECK(heard.count("rectifier backward") == 0);
    }
}

TEST_CASE("a window of more than 256 values is pooled too, its place does not fit a byte") {
    for (const window& win : {valid(16), valid(17), padded(17, 3, 8)}) {
        const names heard = actions_of(
            {17, 18, 8}, [&](program& p, tensor x) { return build::batch_norm(p, build::max_pool2d(p, build::relu(p, x), win)); });
        CHECK(heard.count("max pooling forward") == (win.height == 16 ? 1 : 0));
    }
}
