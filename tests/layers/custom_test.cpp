// SPDX-License-Identifier: MIT
// A user's operation in a program: any output shape, an optional parameter, its name as the layer's kind.
#include <strata/layers/custom.hpp>
#include <strata/network/network.hpp>

#include <doctest/doctest.h>

#include <support/programs.hpp>

#include <string_view>

using namespace strata;
using namespace testing;

namespace {

constexpr custom_operation swish_operation{"swish"};

struct swish {
    static constexpr std::size_t operations = 1;
    static constexpr tensor lower(auto& b, tensor x) {
        return build::custom(b, x, {.operation = &swish_operation, .output = b.of(x), .parameter_size = 2, .attribute = 1.5f});
    }
};
static_assert(network<shape{5, 4, 3}, swish>::program.view().output_shape() == shape{5, 4, 3});

program with(build::custom_options options) {
    options.operation = &swish_operation;
    return made({5, 4, 3}, [&](auto& p, auto x) { build::custom(p, x, options); });
}

}  // namespace

TEST_CASE("a custom operation carries its identity, its attribute and its parameter") {
    const program p = lowered<swish>({5, 4, 3});
    const operation& op = p.view().operations[0];
    CHECK((op.kind == op_kind::custom && op.custom == &swish_operation && op.rate == 1.5f && op.weight == 0));
    CHECK(p.view().parameters[0].size() == 2);
    CHECK(p.view().layers[0].kind == std::string_view("swish"));
    CHECK(layer_name(p.view(), 0) == "swish");
}

TEST_CASE("a custom operation may change the shape and go without a parameter") {
    const program p = with({.output = {1, 1, 9}});
    CHECK(p.view().output_shape() == shape{1, 1, 9});
    CHECK((p.view().parameters.empty() && p.view().operations[0].weight == -1));
}

TEST_CASE("a custom operation with an empty output or a negative parameter is refused") {
    CHECK(with({.output = {0, 1, 9}}).refused().why == refusal::size_is_not_positive);
    CHECK(with({.output = {1, 1, -9}}).refused().why == refusal::size_is_not_positive);
    CHECK(with({.output = {1, 1, 9}, .parameter_size = -1}).refused().why == refusal::size_is_not_positive);
}

TEST_CASE("a custom layer without an operation is refused, by the name of custom") {
    const program p = made({5, 4, 3}, [](auto& q, auto x) { build::custom(q, x, {.operation = nullptr, .output = {1, 1, 9}}); });
    CHECK(p.refused().why == refusal::operation_is_missing);
    CHECK(p.refused().kind == std::string_view("custom"));
    CHECK(p.view().operations.empty());
}
