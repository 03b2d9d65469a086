// SPDX-License-Identifier: MIT
// A device is a value: copies share what they refer to, and it answers for what it was made of.
#include <strata/backend/device.hpp>

#include <doctest/doctest.h>

#include <memory>

using namespace strata;

namespace {

struct plain_device final : backend::device {
    explicit plain_device(bool* gone) : gone_(gone) {}
    plain_device(const plain_device&) = delete;
    plain_device& operator=(const plain_device&) = delete;
    ~plain_device() override { *gone_ = true; }
    std::string name() const override { return "plain"; }
    std::string reason() const override { return "a test wants it"; }
    bool supports(precision value) const override { return value == precision::tf32; }
    std::unique_ptr<backend::executor> make_executor(const program_view&, const executor_options&) const override { return nullptr; }

private:
    bool* gone_;
};

}  // namespace

TEST_CASE("copies of a device share one implementation, which lives as long as the last of them") {
    bool gone = false;
    auto first = std::make_unique<device>(std::make_shared<const plain_device>(&gone));
    const device second = *first;
    CHECK(&**first == &*second);
    first.reset();
    CHECK_FALSE(gone);
    CHECK(second.name() == "plain");
    CHECK(second.reason() == "a test wants it");
    CHECK(second.supports(precision::tf32));
    CHECK_FALSE(second.supports(precision::fp32));
    {
        const device third = second;
        CHECK_FALSE(gone);
    }
    CHECK_FALSE(gone);
}

TEST_CASE("what a step and an evaluation report begins at nothing") {
    const step_result s;
    CHECK((s.step == 0 && s.rows == 0 && s.correct == 0 && s.loss == 0 && !s.non_finite));
    const evaluation e;
    CHECK((e.rows == 0 && e.loss == 0 && e.accuracy == 0));
    CHECK(executor_options{}.conventions == conventions::keras);
}
