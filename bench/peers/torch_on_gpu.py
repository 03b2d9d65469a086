# SPDX-License-Identifier: MIT
# A training step of the tutorial's network in PyTorch on a GPU, in each precision, by events: a section of Markdown for the record that
# script/verify-gpu writes. Channels-last, the data set resident on the device as bytes, fused Adam; eager and torch.compile.
import argparse

import torch
import tutorial
from torch.nn.functional import cross_entropy


def step_ms(precision, mode, batch_size, steps):
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision != "fp32"
    torch.backends.cudnn.benchmark = True
    network = tutorial.torch_network().cuda().to(memory_format=torch.channels_last).train()
    forward = torch.compile(network, mode="reduce-overhead") if mode == "compile" else network
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
    pictures = torch.randint(0, 256, (8192, 32, 32, 3), dtype=torch.uint8, device="cuda")
    labels = torch.randint(0, 10, (8192,), device="cuda")

    def step(i):
        rows = torch.arange(i * batch_size, (i + 1) * batch_size, device="cuda") % len(labels)
        x = pictures[rows].permute(0, 3, 1, 2).float().div_(255)
        with torch.autocast("cuda", torch.bfloat16, enabled=precision == "bf16"):
            loss = cross_entropy(forward(x), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    for i in range(20):
        step(i)
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    begin.record()
    for i in range(steps):
        step(i)
    end.record()
    end.synchronize()
    return begin.elapsed_time(end) / steps


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--steps", type=int, default=200)
    options = parser.parse_args()
    print(f"\n## PyTorch {torch.__version__} beside it\n\nBatch {options.batch_size}, milliseconds of a step.\n")
    print("| precision | eager | torch.compile |\n|---|---|---|")
    for precision in ("fp32", "tf32", "bf16"):
        times = [step_ms(precision, mode, options.batch_size, options.steps) for mode in ("eager", "compile")]
        print(f"| {precision} | {times[0]:.3g} | {times[1]:.3g} |", flush=True)


main()
