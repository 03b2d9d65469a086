// SPDX-License-Identifier: MIT
// A step that throws has changed nothing: not a bit of parameters, statistics, optimizer slots and step count, whether the loss is
// infinite or NaN, whether a user's kernel throws, whether the data do not fit. Training then goes on as if it had not been.
#include <strata/cpu.hpp>

#include <doctest/doctest.h>

#include <support/device_step.hpp>
#include <support/random_pictures.hpp>
#include <support/snapshot.hpp>

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

using namespace strata;
using namespace testing;

namespace {

bool forward_throws = false, backward_throws = false;
void copies(const cpu::custom_forward& f) {
    if (forward_throws) throw std::runtime_error("the user's forward kernel");
    std::copy(f.src.begin(), f.src.end(), f.dst.begin());
}
void copies_back(const cpu::custom_backward& b) {
    if (backward_throws) throw std::runtime_error("the user's backward kernel");
    std::copy(b.grad_dst.begin(), b.grad_dst.end(), b.grad_src.begin());
}
const custom_operation fragile{"fragile"};

program network_with_everything() {
    program p({6, 6, 2});
    tensor x = build::batch_norm(p, build::relu(p, build::conv2d(p, p.input(), {.filters = 4, .win = same(3)})));
    x = build::custom(p, x, {.operation = &fragile, .output = p.of(x)});
    x = build::dropout(p, build::flatten(p, x), 0.25f);
    x = build::batch_norm(p, build::dense(p, x, {.units = 6}));
    build::dense(p, x, {.units = 3});
    p.check();
    return p;
}
device opened() { return cpu::open({.threads = 1, .kernels = {{&fragile, copies, copies_back}}}); }

random_pictures some(int rows) { return {{6, 6, 2}, 3, rows, 31, -1, 1}; }

}  // namespace

TEST_CASE("a step whose loss is not finite throws and has changed nothing, and the next one is as if it had not been") {
    const program p = network_with_everything();
    const random_pictures good = some(8);
    for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN(), 3e38f}) {
        model m(p.view(), opened(), {}), undisturbed(p.view(), opened(), {});
        trainer t(m), u(undisturbed);
        for (int i = 0; i < 3; ++i) {
            t.train_step(good.view());
            u.train_step(good.view());
        }
        const snapshot before = snapshot::of(m);
        random_pictures wrong = good;
        for (std::size_t i = 0; i < wrong.values.size(); i += 3) wrong.values[i] = bad;
        CAPTURE(bad);
        try {
            t.train_step(wrong.view());
            FAIL("it did not throw");
        } catch (const non_finite_loss& e) {
            CHECK(e.step == 4);
            CHECK(std::string(e.what()).find("step 4") != std::string::npos);
        }
        CHECK(snapshot::of(m) == before);
        t.train_step(good.view());
        u.train_step(good.view());
        CHECK(snapshot::of(m) == snapshot::of(undisturbed));
    }
}

TEST_CASE("fit stops at the step whose loss is not finite, keeps what was trained before, and says where") {
    const program p = network_with_everything();
    random_pictures data = some(20);
    data.values[static_cast<std::size_t>(13 * 72)] = std::numeric_limits<float>::quiet_NaN();  // in the fourth batch of four
    model m(p.view(), opened(), {}), partly(p.view(), opened(), {});
    trainer t(m), u(partly);
    CHECK_THROWS_AS(t.fit(data.view(), {.epochs = 2, .batch_size = 4, .shuffle = false}), non_finite_loss);
    for (int i = 0; i < 3; ++i) u.train_step(data.view().slice(4 * i, 4));
    CHECK(m.steps() == 3);
    CHECK(snapshot::of(m) == snapshot::of(partly));
    CHECK(t.history().epochs.size() == 1);
    CHECK(t.history().epochs[0].steps == 3);
}

TEST_CASE("a step in which a user's kernel throws has changed nothing, forward or backward") {
    const program p = network_with_everything();
    const random_pictures good = some(8);
    for (bool* flag : {&forward_throws, &backward_throws}) {
        model m(p.view(), opened(), {}), undisturbed(p.view(), opened(), {});
        trainer t(m), u(undisturbed);
        t.train_step(good.view());
        u.train_step(good.view());
        const snapshot before = snapshot::of(m);
        *flag = true;
        CHECK_THROWS(t.train_step(good.view()));
        *flag = false;
        CHECK(snapshot::of(m) == before);
        t.train_step(good.view());
        u.train_step(good.view());
        CHECK(snapshot::of(m) == snapshot::of(undisturbed));
    }
}

TEST_CASE("data that do not fit are refused before anything happens") {
    const program p = network_with_everything();
    const random_pictures good = some(8);
    model m(p.view(), opened(), {});
    trainer t(m);
    t.train_step(good.view());
    const snapshot before = snapshot::of(m);
    random_pictures label = good;
    label.labels[2] = 3;
    CHECK_THROWS_AS(t.train_step(label.view()), invalid_input);
    CHECK_THROWS_AS(t.train_step(view_of({6, 6, 1}, 3, good.values, good.labels)), invalid_input);
    CHECK_THROWS_AS(t.fit(good.view(), {.epochs = -1}), invalid_input);
    CHECK_THROWS_AS(t.fit(good.view(), {.batch_size = 9}), invalid_input);
    CHECK(snapshot::of(m) == before);
}

TEST_CASE("a program with an operation that the device has no kernels for is refused, naming it") {
    const program p = network_with_everything();
    try {
        model m(p.view(), cpu::open({.threads = 1}), {});
        trainer t(m);
        t.train_step(some(4).view());
        FAIL("it did not throw");
    } catch (const unsupported& e) { CHECK(std::string(e.what()).find("fragile") != std::string::npos); }
}
