# SPDX-License-Identifier: MIT
# Trains the tutorial's network in Keras on the first rows of CIFAR-10 and appends one row per seed to keras.csv beside
# this file. Seeds that the file already has are left out, so a run that was cut off goes on when it is started again.
#   python bench/parity/keras_accuracy.py DIR --width 0.25 --limit 10000 --epochs 15 --batch-size 32 --seeds 5
import argparse
import os
import sys
import time
from pathlib import Path

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here.parent / "peers"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", help="folder of the binary CIFAR-10 files")
    parser.add_argument("--width", type=float, default=0.25)
    parser.add_argument("--limit", type=int, default=10000, help="the first N training rows")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--seeds", type=int, default=5, help="seeds 1 to N")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", default=str(here / "keras.csv"))
    options = parser.parse_args()

    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras
    import results
    import tensorflow as tf
    import tutorial

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    pictures, labels = tutorial.read_rows(options.directory, limit=options.limit)
    test_pictures, test_labels = tutorial.read_rows(options.directory, train=False)
    pictures, test_pictures = pictures.astype("float32") / 255, test_pictures.astype("float32") / 255
    labels, test_labels = keras.utils.to_categorical(labels, 10), keras.utils.to_categorical(test_labels, 10)

    for seed in range(1, options.seeds + 1):
        row = {"framework": "keras", "version": f"{keras.__version__} tensorflow {tf.__version__}", "seed": seed, "width": options.width,
               "rows": len(pictures), "epochs": options.epochs, "batch_size": options.batch_size}  # fmt: skip
        if results.has(options.out, row):
            print(f"seed {seed}: already in {options.out}", flush=True)
            continue
        keras.backend.clear_session()
        keras.utils.set_random_seed(seed)
        network = tutorial.keras_network(options.width)
        network.compile(optimizer=keras.optimizers.Adam(1e-3), loss="categorical_crossentropy", metrics=["accuracy"])
        began = time.time()
        history = network.fit(pictures, labels, batch_size=options.batch_size, epochs=options.epochs, validation_split=0.2, verbose=2)
        row["seconds"] = f"{time.time() - began:.1f}"
        loss, accuracy = network.evaluate(test_pictures, test_labels, batch_size=options.batch_size, verbose=0)
        row.update(test_loss=f"{loss:.5f}", test_accuracy=f"{accuracy:.5f}")
        results.append(options.out, row, {key: history.history[key] for key in ("loss", "accuracy", "val_loss", "val_accuracy")})
        print(f"seed {seed}: test accuracy {accuracy:.4f}, {row['seconds']} s", flush=True)


main()
