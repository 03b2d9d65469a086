// SPDX-License-Identifier: MIT
// What max_pool2d and avg_pool2d share: how a pooling window is written and lowered.
#pragma once

#include <strata/core/config.hpp>
#include <strata/layers/window.hpp>
#include <strata/network/builder.hpp>

namespace strata::inline STRATA_ABI {

enum class padding : unsigned char { valid, same };

namespace build {

constexpr tensor pool2d(auto& b, tensor x, const char* layer, op_kind kind, window win) {
    b.layer(layer);
    if (!b.readable(x)) return {};
    const shape in = b.of(x);
    if (const refusal why = win.refused_by(in); why != refusal::none) return b.refuse(why, x);
    const extent rows = win.rows(in.height), columns = win.columns(in.width);
    // A window that lies in the padding alone has no maximum and no mean.
    if (rows.before >= rows.kernel || columns.before >= columns.kernel || rows.after >= rows.kernel || columns.after >= columns.kernel)
        return b.refuse(refusal::window_does_not_fit, x);
    return b.emit({.kind = kind, .src = {x.id, -1}, .rows = rows, .columns = columns},
                  {rows.output(in.height), columns.output(in.width), in.channels});
}

}  // namespace build

}  // namespace strata::inline STRATA_ABI
