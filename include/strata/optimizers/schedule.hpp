// SPDX-License-Identifier: MIT
// A learning rate as a function of the step, owned: fit_options{.learning_rate = [](std::int64_t step) { return 1e-3f / (1 + step); }}.
#pragma once

#include <strata/core/config.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>

namespace strata::inline STRATA_ABI {

class schedule {
public:
    schedule() = default;  // none: the optimizer's learning rate throughout

    template <typename Rate>  // float(std::int64_t step): steps counted from 0 over the model's life
        requires(!std::same_as<std::remove_cvref_t<Rate>, schedule> && std::is_invocable_r_v<float, Rate&, std::int64_t>)
    schedule(Rate&& rate) {  // implicit on purpose: a lambda becomes an option
        struct owner final : base {
            explicit owner(Rate&& r) : rate(std::forward<Rate>(r)) {}
            float at(std::int64_t step) override { return rate(step); }
            std::remove_cvref_t<Rate> rate;
        };
        rate_ = std::make_shared<owner>(std::forward<Rate>(rate));
    }

    explicit operator bool() const { return rate_ != nullptr; }
    float operator()(std::int64_t step) const { return rate_->at(step); }

private:
    struct base {
        virtual ~base() = default;
        virtual float at(std::int64_t step) = 0;
    };
    std::shared_ptr<base> rate_;
};

}  // namespace strata::inline STRATA_ABI
