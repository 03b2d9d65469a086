// SPDX-License-Identifier: MIT
// A program as text, for files: one line per layer in the order of the program, every number resolved.
//
//   strata program 1
//   input 32 32 3
//   %1 = conv2d %0 filters=96 kernel=3x3 stride=1x1 padding=1,1,1,1 bias=on
//   %2 = max_pool2d %1 kernel=3x3 stride=2x2 padding=0,0,0,0
//   %3 = batch_norm %2 momentum=unset epsilon=unset
//   %4 = add %3 %2
//   %5 = flatten %4
//   %6 = dense %5 units=10 bias=on name="head"
//   output %6
//
// padding is top,bottom,left,right. The others: avg_pool2d as max_pool2d; relu, flatten, softmax, global_avg_pool2d with no option;
// leaky_relu slope=S; dropout rate=R; custom operation="NAME" output=HxWxC parameter=N initial=zeros attribute=A. Any line may end in
// name="...", a JSON string. Reading goes through the verbs of build::, which check each layer as they check a user's.
#pragma once

#include <strata/core/config.hpp>
#include <strata/network/builder.hpp>
#include <strata/network/program.hpp>

#include <span>
#include <string>
#include <string_view>

namespace strata::inline STRATA_ABI {

// Throws invalid_input for a program that the form cannot hold: a fused one, or a layer of several operations.
std::string program_text(const program_view& program);

// Throws invalid_input naming `name`, the line and the reason. A custom operation is looked up by its name in `operations`.
program parse_program(std::string_view text, const std::string& name, std::span<const custom_operation* const> operations = {});

}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/files/program_text.ipp>
#endif
