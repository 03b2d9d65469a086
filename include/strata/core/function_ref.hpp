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
    constexpr function_ref(Callable&& callable)
        : object_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))), call_([](void* object, Arguments... arguments) -> Result {
              return (*static_cast<std::remove_reference_t<Callable>*>(object))(std::forward<Arguments>(arguments)...);
          }) {}

    constexpr explicit operator bool() const { return call_ != nullptr; }
    Result operator()(Arguments... arguments) const { return call_(object_, std::forward<Arguments>(arguments)...); }

private:
    void* object_ = nullptr;
    Result (*call_)(void*, Arguments...) = nullptr;
};

}  // namespace strata::inline STRATA_ABI
