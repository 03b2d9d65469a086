# SPDX-License-Identifier: MIT
# Keras-like training in PyTorch, as fast as it goes on a CPU: bytes (N, H, W, C) stay in memory and each batch becomes
# floats when it is taken (permuted, they are channels-last already), fused Adam, nothing read back before an epoch ends.
import time

import torch
from torch.nn.functional import cross_entropy


def batch_of(pictures, rows, layout):
    x = pictures[rows].permute(0, 3, 1, 2)
    return x.to(torch.float32, memory_format=torch.preserve_format if layout == "channels_last" else torch.contiguous_format).div_(255)


def evaluate(network, pictures, labels, batch_size, layout="channels_last"):
    """Mean loss and accuracy in inference mode."""
    network.eval()
    loss, correct = torch.zeros(()), torch.zeros((), dtype=torch.int64)
    with torch.no_grad():
        for rows in torch.arange(len(labels)).split(batch_size):
            logits = network(batch_of(pictures, rows, layout))
            loss += cross_entropy(logits, labels[rows], reduction="sum")
            correct += (logits.argmax(1) == labels[rows]).sum()
    return loss.item() / len(labels), correct.item() / len(labels)


def epochs(network, pictures, labels, count, batch_size, validation_split=0.2, layout="channels_last", epsilon=1e-8):
    """Trains, and yields after each epoch its seconds and Keras's four figures: running means weighted by rows, from
    training-mode outputs before each update, and those of the validation rows, which are the last ones in order."""
    if layout == "channels_last":
        network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, eps=epsilon, fused=True)
    split = int(len(labels) * (1 - validation_split))
    for _ in range(count):
        began = time.perf_counter()
        network.train()
        loss_sum, correct = torch.zeros(()), torch.zeros((), dtype=torch.int64)
        for rows in torch.randperm(split).split(batch_size):
            logits = network(batch_of(pictures, rows, layout))
            loss = cross_entropy(logits, labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_sum += loss.detach() * len(rows)
            correct += (logits.detach().argmax(1) == labels[rows]).sum()
        val_loss, val_accuracy = evaluate(network, pictures[split:], labels[split:], batch_size, layout)
        yield {"seconds": time.perf_counter() - began, "loss": loss_sum.item() / split, "accuracy": correct.item() / split,
               "val_loss": val_loss, "val_accuracy": val_accuracy}  # fmt: skip
