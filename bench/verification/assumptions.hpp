// SPDX-License-Identifier: MIT
// The register of assumptions: what NVIDIA's documentation does not say and strata relies on, each fact with a name and a check that
// settles it on the GPU at hand. What is new in the code and not in the documentation is to be listed here.
#pragma once

#include "checks_of_libraries.hpp"
#include "checks_of_training.hpp"
#include "steps.hpp"

#include <vector>

namespace verification {

struct assumption {
    const char* name;
    const char* what;
    outcome (*settle)(const settings&);
};

inline const std::vector<assumption>& register_of_assumptions() {
    static const std::vector<assumption> list{
        {"deviceless_plans", "a plan made for a described GPU, kept as JSON, loads on that GPU and runs with the numbers of one made there",
         deviceless_plans},
        {"by_value_scalars", "a number given by value is read when a plan is captured, and comes with the plan through JSON",
         by_value_scalars},
        {"mask_bits",
         "the bits of cuBLASLt's ReLU mask stand for one value each, in an order that repeats every 128 columns, for all shapes",
         mask_bits},
        {"masked_dropout", "bits that are cleared in the mask zero the gradient that DRELU makes, and alpha scales it", masked_dropout},
        {"pool_index", "the int8 index that max pooling writes forward is what its backward reads", pool_index},
        {"pool_index_engines", "the index is the same code for every engine: any forward engine goes with any backward engine",
         pool_index_engines},
        {"pool_ties", "where several values of a window are the largest, the gradient goes to one of them: its sum is kept", pool_ties},
        {"batch_statistics", "batch norm's inverse deviation is 1 / sqrt(biased variance + epsilon): the moving variance is made from it",
         batch_statistics},
        {"notes_strict_fp32", "convolution engines without the notes TENSOR_CORE and DOWN_CONVERT_INPUTS round no input: fp32 is not TF32",
         notes_strict_fp32},
        {"notes_without_meaning", "pooling, pointwise and reduction engines carry the note TENSOR_CORE and round nothing to TF32",
         notes_without_meaning},
        {"f32_sums", "products and convolutions of bf16 are summed in f32", f32_sums},
        {"virtual_f32", "a gradient by weights that is virtual and f32 is not rounded to bf16 on its way to memory", virtual_f32},
        {"bias_gradient", "the sums that cuBLASLt writes beside a product are those over all rows of the batch", bias_gradient},
        {"reductions_repeat", "reductions and products without the note NONDETERMINISTIC give the same bits at each run",
         reductions_repeat},
        {"nan_reaches_the_loss", "a NaN in any weight reaches the loss, a gradient or a statistic: no rectifier and no maximum swallows it",
         nan_reaches_the_loss},
        {"capture", "every chosen engine can be captured, and a captured step gives the bits of an enqueued one", capture},
        {"reports", "what a kernel writes into mapped memory is there when the event behind it is done", reports},
        {"no_allocation", "engines allocate no device memory once they were run", no_allocation},
    };
    return list;
}

}  // namespace verification
