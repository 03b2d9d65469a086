# SPDX-License-Identifier: MIT
# The CSV files of the accuracy comparison: one row per run. The four history columns hold one number per epoch,
# separated by spaces. Every framework writes the same columns, so that compare.py can read them all.
import csv
import os
from pathlib import Path

COLUMNS = ["framework", "version", "seed", "width", "rows", "epochs", "batch_size", "loss", "accuracy", "val_loss", "val_accuracy",
           "final_val_accuracy", "test_loss", "test_accuracy", "seconds"]  # fmt: skip
SETTING = ["framework", "width", "rows", "epochs", "batch_size"]  # what makes two runs comparable, seed apart


def read(path):
    if not Path(path).is_file():
        return []
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        missing = [column for column in COLUMNS if row.get(column) is None]
        if missing:
            raise SystemExit(f"{path}: a row lacks {', '.join(missing)}; the columns are {','.join(COLUMNS)}")
    return rows


def has(path, row):
    """Whether this seed has already been run under this setting."""
    wanted = {key: str(row[key]) for key in SETTING + ["seed"]}
    return any(all(done[key] == value for key, value in wanted.items()) for done in read(path))


def append(path, row, history):
    """`history` maps Keras's four keys to lists by epoch."""
    texts = {key: " ".join(f"{value:.5f}" for value in values) for key, values in history.items()}
    row = {**row, **texts, "final_val_accuracy": f"{history['val_accuracy'][-1]:.5f}"}
    fresh = not Path(path).is_file()
    with open(path, "a", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if fresh:
            writer.writeheader()
        writer.writerow(row)
        file.flush()
        os.fsync(file.fileno())
