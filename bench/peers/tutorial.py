# SPDX-License-Identifier: MIT
# The tutorial's AlexNet for CIFAR-10 (models/alexnet_cifar) in Keras and in PyTorch, and a reader for the binary
# CIFAR-10 layout. Shared by bench/peers (speed) and bench/parity (accuracy), so that both measure the same network.
# Each framework is imported only when it is asked for.
from pathlib import Path

import numpy as np

CONVOLUTIONS = (96, 256, 384, 384, 256)  # output channels; kernels 3, 5, 3, 3, 3; pooling after 1, 2 and 5
DENSES = (1024, 512)
ROW_BYTES = 1 + 3 * 32 * 32


def scaled(count, width):
    return max(1, round(count * width))


def find_batches(directory):
    """DIR or DIR/cifar-10-batches-bin, whichever holds test_batch.bin."""
    for folder in (Path(directory), Path(directory) / "cifar-10-batches-bin"):
        if (folder / "test_batch.bin").is_file():
            return folder
    raise SystemExit(f"{directory}: no test_batch.bin here or in cifar-10-batches-bin; give the folder of the binary CIFAR-10 files")


def read_rows(directory, train=True, limit=None):
    """Pictures as bytes (N, 32, 32, 3) and labels (N), in the order of the files; of the training files the first `limit` rows."""
    folder = find_batches(directory)
    names = sorted(folder.glob("data_batch_*.bin")) if train else [folder / "test_batch.bin"]
    pictures, labels, count = [], [], 0
    for name in names:
        rows = np.fromfile(name, np.uint8)
        if rows.size == 0 or rows.size % ROW_BYTES:
            raise SystemExit(f"{name}: {rows.size} bytes is no whole number of {ROW_BYTES}-byte rows; fetch the file again")
        rows = rows.reshape(-1, ROW_BYTES)
        labels.append(rows[:, 0].astype(np.int64))
        pictures.append(rows[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
        count += len(rows)
        if limit and count >= limit:
            break
    return np.ascontiguousarray(np.concatenate(pictures)[:limit]), np.concatenate(labels)[:limit]


def keras_network(width=1.0, classes=10, dropout=0.5):
    import keras

    layers = keras.layers
    network = keras.Sequential([keras.Input((32, 32, 3))])
    for channels, kernel, pool in zip(CONVOLUTIONS, (3, 5, 3, 3, 3), (True, True, False, False, True)):
        network.add(layers.Conv2D(scaled(channels, width), kernel, padding="same", activation="relu"))
        if pool:
            network.add(layers.MaxPooling2D(3, 2))
        network.add(layers.BatchNormalization())
    network.add(layers.Flatten())
    for units in DENSES:
        network.add(layers.Dense(scaled(units, width), activation="relu"))
        network.add(layers.Dropout(dropout))
    network.add(layers.Dense(classes, activation="softmax"))
    return network


def torch_network(width=1.0, classes=10, dropout=0.5, conventions="torch"):
    """Takes (N, 3, 32, 32), gives logits. PyTorch's defaults throughout (batch norm .1 and 1e-5, kaiming-uniform initialisation), or
    Keras's (.99 and 1e-3, Glorot-uniform, zero biases); the moving variance stays PyTorch's, unbiased."""
    from torch import nn

    norm = {"momentum": 0.01, "eps": 1e-3} if conventions == "keras" else {}
    layers, channels = [], 3
    for count, kernel, pool in zip(CONVOLUTIONS, (3, 5, 3, 3, 3), (True, True, False, False, True)):
        layers += [nn.Conv2d(channels, scaled(count, width), kernel, padding="same"), nn.ReLU()]
        channels = scaled(count, width)
        layers += [nn.MaxPool2d(3, 2)] if pool else []
        layers += [nn.BatchNorm2d(channels, **norm)]
    layers, units = layers + [nn.Flatten()], channels * 3 * 3
    for count in DENSES:
        layers += [nn.Linear(units, scaled(count, width)), nn.ReLU(), nn.Dropout(dropout)]
        units = scaled(count, width)
    network = nn.Sequential(*layers, nn.Linear(units, classes))
    for layer in network if conventions == "keras" else ():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return network
