// SPDX-License-Identifier: MIT
// named<"head", dense<10>>: the layer's name in files, summaries and messages. Around several layers it names the first.
#pragma once

#include <strata/core/config.hpp>
#include <strata/network/builder.hpp>

#include <cstddef>

namespace strata::inline STRATA_ABI {

template <std::size_t Size>
struct literal {
    char text[Size]{};
    consteval literal(const char (&from)[Size]) {  // implicit on purpose: "head" becomes a template argument
        for (std::size_t i = 0; i < Size; ++i) text[i] = from[i];
    }
};

template <literal Name, typename Layer>
struct named {
    static constexpr std::size_t operations = Layer::operations;
    static constexpr tensor lower(auto& b, tensor x) {
        static_assert(sizeof(Name.text) > 1, "named: the name must not be empty");
        b.name_next(Name.text);
        const tensor y = Layer::lower(b, x);
        b.name_next("");  // a sequence without layers took no name
        return y;
    }
};

}  // namespace strata::inline STRATA_ABI
