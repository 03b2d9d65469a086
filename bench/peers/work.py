# SPDX-License-Identifier: MIT
# The work that every peer is given, in one safetensors file: pictures (N, 32, 32, 3) as bytes, labels (N), and the network's initial
# weights under strata's names in canonical layouts: convolutions (K, R, S, C), dense (out, in) with `in` in (H, W, C) order.
#   python bench/peers/work.py work.safetensors --rows 640 --width 1.0 [--data DIR]
# Also what the Python peers share: reading it into their networks, and their process's memory.
import argparse
import math
import sys

import numpy as np
import tutorial


def layer_names():
    numbered = lambda kind, count: [kind if i == 0 else f"{kind}_{i}" for i in range(count)]  # noqa: E731
    return numbered("conv2d", 5), numbered("batch_norm", 5), numbered("dense", 3)


def initial_weights(width, seed):
    """Keras's: Glorot-uniform weights, zero biases; batch norm 1 and 0, moving statistics 0 and 1."""
    random, arrays = np.random.default_rng(seed), {}

    def glorot(shape, fan_in, fan_out):
        limit = math.sqrt(6 / (fan_in + fan_out))
        return random.uniform(-limit, limit, shape).astype(np.float32)

    convolutions, norms, denses = layer_names()
    channels = 3
    for name, norm, count, kernel in zip(convolutions, norms, tutorial.CONVOLUTIONS, (3, 5, 3, 3, 3)):
        count = tutorial.scaled(count, width)
        arrays[f"{name}.weight"] = glorot((count, kernel, kernel, channels), kernel * kernel * channels, kernel * kernel * count)
        arrays[f"{name}.bias"] = np.zeros(count, np.float32)
        channels = count
        for role, value in (("gamma", 1), ("beta", 0), ("moving_mean", 0), ("moving_variance", 1)):
            arrays[f"{norm}.{role}"] = np.full(count, value, np.float32)
    units = channels * 3 * 3
    for name, count in zip(denses, (*(tutorial.scaled(count, width) for count in tutorial.DENSES), 10)):
        arrays[f"{name}.weight"], arrays[f"{name}.bias"] = glorot((count, units), units, count), np.zeros(count, np.float32)
        units = count
    return arrays


def write(path, rows, width=1.0, seed=1, data=None):
    from safetensors.numpy import save_file

    if data:
        pictures, labels = tutorial.read_rows(data, limit=rows)
    else:
        random = np.random.default_rng(seed)
        pictures, labels = random.integers(0, 256, (rows, 32, 32, 3), np.uint8), random.integers(0, 10, rows)
    if len(labels) < rows:
        sys.exit(f"{data}: there are {len(labels)} rows, {rows} are wanted")
    save_file({"pictures": pictures, "labels": labels.astype(np.int32), **initial_weights(width, seed)}, str(path))


def read(path):
    from safetensors.numpy import load_file

    arrays = load_file(str(path))
    return arrays.pop("pictures"), arrays.pop("labels").astype(np.int64), arrays


def into_torch(network, arrays):
    import torch

    convolutions, norms, denses = layer_names()
    of_kind = lambda kind: [layer for layer in network if isinstance(layer, kind)]  # noqa: E731
    put = lambda target, values: target.data.copy_(torch.from_numpy(np.ascontiguousarray(values)))  # noqa: E731
    for name, layer in zip(convolutions, of_kind(torch.nn.Conv2d)):
        put(layer.weight, arrays[f"{name}.weight"].transpose(0, 3, 1, 2))
        put(layer.bias, arrays[f"{name}.bias"])
    for name, layer in zip(norms, of_kind(torch.nn.BatchNorm2d)):
        for target, role in ((layer.weight, "gamma"), (layer.bias, "beta"), (layer.running_mean, "moving_mean"),
                             (layer.running_var, "moving_variance")):  # fmt: skip
            put(target, arrays[f"{name}.{role}"])
    for number, (name, layer) in enumerate(zip(denses, of_kind(torch.nn.Linear))):
        weight = arrays[f"{name}.weight"]
        if number == 0:  # torch flattens (C, H, W)
            weight = weight.reshape(len(weight), 3, 3, -1).transpose(0, 3, 1, 2).reshape(len(weight), -1)
        put(layer.weight, weight)
        put(layer.bias, arrays[f"{name}.bias"])


def into_keras(network, arrays):
    import keras

    convolutions, norms, denses = layer_names()
    of_kind = lambda kind: [layer for layer in network.layers if isinstance(layer, kind)]  # noqa: E731
    for name, layer in zip(convolutions, of_kind(keras.layers.Conv2D)):
        layer.set_weights([arrays[f"{name}.weight"].transpose(1, 2, 3, 0), arrays[f"{name}.bias"]])
    for name, layer in zip(norms, of_kind(keras.layers.BatchNormalization)):
        layer.set_weights([arrays[f"{name}.{role}"] for role in ("gamma", "beta", "moving_mean", "moving_variance")])
    for name, layer in zip(denses, of_kind(keras.layers.Dense)):
        layer.set_weights([arrays[f"{name}.weight"].T, arrays[f"{name}.bias"]])


def megabytes(field):
    """Of /proc/self/status: "VmRSS", or "VmHWM", the most since forget_peak."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith(field + ":"))


def forget_peak():
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")


class Pace:
    """After each line that a peer prints: whether there shall be another round. run.py answers each with a line of its own. The first
    round warms up (and compiles), and its peak of memory is forgotten."""

    def __init__(self, epochs, asked):
        self.epochs, self.asked, self.done, self.baseline = epochs, asked, 0, megabytes("VmRSS")
        forget_peak()

    def memory_above_baseline(self):
        return megabytes("VmHWM") - self.baseline

    def another(self):
        self.done += 1
        if self.done == 1:
            forget_peak()
        return sys.stdin.readline() != "" if self.asked else self.done < self.epochs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--rows", type=int, default=640)
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", help="folder of the binary CIFAR-10 files; random bytes when it is not given")
    options = parser.parse_args()
    write(options.file, options.rows, options.width, options.seed, options.data)


if __name__ == "__main__":
    main()
