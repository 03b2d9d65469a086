// SPDX-License-Identifier: MIT
// The library without a backend: layers, networks, data, training. Add <strata/cpu.hpp> for a device; files (saving, reports) and
// the archive reader have headers of their own.
#pragma once

// IWYU pragma: begin_exports
#include <strata/backend/device.hpp>
#include <strata/core/config.hpp>
#include <strata/core/dtype.hpp>
#include <strata/core/error.hpp>
#include <strata/core/random.hpp>
#include <strata/core/shape.hpp>
#include <strata/data/cifar10.hpp>
#include <strata/data/dataset.hpp>
#include <strata/data/split.hpp>
#include <strata/layers/avg_pool2d.hpp>
#include <strata/layers/batch_norm.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/custom.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/dropout.hpp>
#include <strata/layers/flatten.hpp>
#include <strata/layers/global_avg_pool2d.hpp>
#include <strata/layers/leaky_relu.hpp>
#include <strata/layers/max_pool2d.hpp>
#include <strata/layers/named.hpp>
#include <strata/layers/relu.hpp>
#include <strata/layers/residual.hpp>
#include <strata/layers/sequence.hpp>
#include <strata/layers/softmax.hpp>
#include <strata/losses/softmax_cross_entropy.hpp>
#include <strata/models/alexnet_cifar.hpp>
#include <strata/network/conventions.hpp>
#include <strata/network/network.hpp>
#include <strata/network/summary.hpp>
#include <strata/optimizers/optimizer.hpp>
#include <strata/training/history.hpp>
#include <strata/training/model.hpp>
#include <strata/training/predictor.hpp>
#include <strata/training/trainer.hpp>
// IWYU pragma: end_exports
