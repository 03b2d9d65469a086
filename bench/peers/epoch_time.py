# SPDX-License-Identifier: MIT
# Times whole training epochs of the tutorial's network, as fit() does them: shuffle, batches of float, forward, backward,
# Adam, running loss and accuracy, validation on the last 20 %. Prints one JSON line per epoch; the first one includes
# compilation and is not to be counted.
#   python bench/peers/epoch_time.py --framework torch|keras --batch-size 128 --rows 4000 --epochs 3 --threads 2 --width 1.0
# Modes: torch `eager` or `compile` (torch.compile, needs a C++ compiler); Keras `eager` is TensorFlow's usual graph and
# `compile` XLA (jit_compile). Keras is given floats, as its users do: turning bytes into floats is not timed there.
import argparse
import json
import os
import time

import numpy as np
import tutorial


def torch_epochs(options, pictures, labels):
    import torch
    import torch_training

    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    network = tutorial.torch_network(options.width)
    if options.layout == "channels_last":
        network.to(memory_format=torch.channels_last)
    called = torch.compile(network, dynamic=False) if options.mode == "compile" else network
    data = torch.from_numpy(pictures), torch.from_numpy(labels)
    for figures in torch_training.epochs(called, *data, options.epochs, options.batch_size, layout=options.layout):
        yield {"version": torch.__version__, **figures}


def keras_epochs(options, pictures, labels):
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    keras.utils.set_random_seed(options.seed)
    network = tutorial.keras_network(options.width)
    network.compile(keras.optimizers.Adam(1e-3), "categorical_crossentropy", metrics=["accuracy"], jit_compile=options.mode == "compile")
    found, began = [], [0.0]

    def begin(epoch, logs):
        began[0] = time.perf_counter()

    def end(epoch, logs):  # after the validation pass
        found.append({"version": f"{keras.__version__} tensorflow {tf.__version__}", "seconds": time.perf_counter() - began[0], **logs})
        report(options, len(found), found[-1])

    callback = keras.callbacks.LambdaCallback(on_epoch_begin=begin, on_epoch_end=end)
    network.fit(pictures.astype(np.float32) / 255, keras.utils.to_categorical(labels, 10), batch_size=options.batch_size,
                epochs=options.epochs, validation_split=0.2, verbose=0, callbacks=[callback])  # fmt: skip


def report(options, epoch, figures):
    setting = {"framework": options.framework, "mode": options.mode, "epoch": epoch, "rows": options.rows, "batch_size": options.batch_size,
               "threads": options.threads, "width": options.width}  # fmt: skip
    rounded = {key: round(value, 5) if isinstance(value, float) else value for key, value in figures.items()}
    print(json.dumps({**setting, **rounded}), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--framework", choices=("torch", "keras"), required=True)
    parser.add_argument("--mode", choices=("eager", "compile"), default="eager")
    parser.add_argument("--layout", choices=("channels_last", "channels_first"), default="channels_last", help="torch's memory format")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--rows", type=int, default=4000, help="before the validation split")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", help="folder of the binary CIFAR-10 files; random bytes when it is not given")
    options = parser.parse_args()

    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if options.data:
        pictures, labels = tutorial.read_rows(options.data, limit=options.rows)
        options.rows = len(labels)
    else:
        random = np.random.default_rng(options.seed)
        pictures, labels = random.integers(0, 256, (options.rows, 32, 32, 3), np.uint8), random.integers(0, 10, options.rows)
    if options.framework == "keras":
        keras_epochs(options, pictures, labels)
    else:
        for epoch, figures in enumerate(torch_epochs(options, pictures, labels), 1):
            report(options, epoch, figures)


main()
