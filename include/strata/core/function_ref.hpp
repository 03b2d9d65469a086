// SPDX-License-Identifier: MIT
// A reference to a callable, type-erased without <functional>: two pointers, no ownership. For parameters only:
// the callable must outlive the call that takes it.
#pragma once

#include <strata/core/config.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace strata::inline STRATA_ABI {

template <typename Signature>
class function_ref;

template <typename Result, typename... Arguments>
class function_ref<Result(Arguments...)> {
public:
    constexpr function_ref() = default;

    template <typename Callable>
        requires(!std::is_same_v<std::remove_cvref_t<Callable>, function_ref> && std::is_invocable_r_v<Result, Callable&, Arguments...>)
    constexpr function_ref(Callable&& callable) {
        using target = std::remove_reference_t<Callable>;
        if constexpr (std::is_function_v<target>) {  // a function is no object: its address has a type of its own
            to_.function = reinterpret_cast<void (*)()>(&callable);
            call_ = [](referred to, Arguments... arguments) -> Result {
                return (*reinterpret_cast<target*>(to.function))(std::forward<Arguments>(arguments)...);
            };
        } else {
            to_.object = const_cast<void*>(static_cast<const void*>(std::addressof(callable)));
            call_ = [](referred to, Arguments... arguments) -> Result {
                return (*static_cast<target*>(to.object))(std::forward<Arguments>(arguments)...);
            };
        }
    }

    constexpr explicit operator bool() const { return call_ != nullptr; }
    Result operator()(Arguments... arguments) const { return call_(to_, std::forward<Arguments>(arguments)...); }

private:
    union referred {
        void* object = nullptr;
        void (*function)();
    };
    referred to_{};
    Result (*call_)(referred, Arguments...) = nullptr;
};

}  // namespace strata::inline STRATA_ABI
