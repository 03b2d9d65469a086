# SPDX-License-Identifier: MIT
# Trains the tutorial's network in PyTorch, with PyTorch's conventions or with Keras's, on the first rows of a folder in CIFAR-10's binary
# layout (the bundled sample: 4,000 rows to train, 1,000 to test) and appends one row per width and seed to torch.csv.
# Runs that the file already has are left out.
#   python bench/parity/torch_accuracy.py DIR --widths 1.0 0.25 --limit 4000 --epochs 15 --batch-size 32 --seeds 3
import argparse
import sys
import time
from pathlib import Path

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / "peers"))

import results  # noqa: E402
import torch  # noqa: E402
import torch_training  # noqa: E402
import tutorial  # noqa: E402


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", help="folder with data_batch_*.bin and test_batch.bin")
    parser.add_argument("--widths", type=float, nargs="+", default=[0.25, 1.0])
    parser.add_argument("--limit", type=int, default=4000, help="the first N training rows")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--seeds", type=int, default=3, help="seeds 1 to N")
    parser.add_argument("--conventions", choices=("torch", "keras"), default="torch",
                        help="of batch norm, initialisation and Adam's epsilon")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", default=str(here / "torch.csv"))
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    keras = options.conventions == "keras"
    version = torch.__version__ + (" keras conventions" if keras else "")
    pictures, labels = map(torch.from_numpy, tutorial.read_rows(options.directory, limit=options.limit))
    test_pictures, test_labels = map(torch.from_numpy, tutorial.read_rows(options.directory, train=False))
    for width in options.widths:
        for seed in range(1, options.seeds + 1):
            row = {"framework": "torch", "version": version, "seed": seed, "width": width, "rows": len(labels),
                   "epochs": options.epochs, "batch_size": options.batch_size}  # fmt: skip
            if results.has(options.out, row):
                print(f"width {width}, seed {seed}: already in {options.out}", flush=True)
                continue
            torch.manual_seed(seed)
            network, began, figures = tutorial.torch_network(width, conventions=options.conventions), time.time(), []
            for figure in torch_training.epochs(network, pictures, labels, options.epochs, options.batch_size,
                                                 epsilon=1e-7 if keras else 1e-8):  # fmt: skip
                figures.append(figure)
                shown = ", ".join(f"{k} {v:.4f}" for k, v in figure.items())
                print(f"width {width}, seed {seed}, epoch {len(figures)}: {shown}", flush=True)
            row["seconds"] = f"{time.time() - began:.1f}"
            loss, accuracy = torch_training.evaluate(network, test_pictures, test_labels, options.batch_size)
            row.update(test_loss=f"{loss:.5f}", test_accuracy=f"{accuracy:.5f}")
            results.append(options.out, row, {key: [f[key] for f in figures] for key in ("loss", "accuracy", "val_loss", "val_accuracy")})
            print(f"width {width}, seed {seed}: test accuracy {accuracy:.4f}, {row['seconds']} s", flush=True)


main()
