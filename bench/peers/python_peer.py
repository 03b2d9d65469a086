# SPDX-License-Identifier: MIT
# PyTorch's and Keras's side of run.py; one JSON line per round, and the first, which includes compilation, is not to be counted.
#   train    whole epochs as fit() does them: shuffle, batches of float, forward, backward, Adam, running loss and accuracy, validation
#            on the last 20 %
#   predict  class probabilities of all rows on the host, batch by batch
#   check    the losses of the first three steps without dropout, rows in order
#   python bench/peers/python_peer.py --framework torch|keras --work FILE --batch-size 128 --epochs 3 --threads 2 --width 1.0
# Modes: torch `eager` or `compile` (torch.compile, needs a C++ compiler; for predict with its weights frozen); Keras `eager` is
# TensorFlow's usual graph and `compile` XLA (jit_compile). Keras is given floats, as its users do: turning bytes into floats is not
# timed there. Everybody begins with the weights of FILE, which work.py writes.
import argparse
import json
import os
import time

import work


def torch_network(options, arrays, tutorial):
    import torch

    network = tutorial.torch_network(options.width, dropout=0.0 if options.task == "check" else 0.5, conventions="keras")
    work.into_torch(network, arrays)
    if options.layout == "channels_last":
        network.to(memory_format=torch.channels_last)
    if options.mode == "compile" and options.task == "predict":
        torch._inductor.config.freezing = True
    return torch.compile(network, dynamic=False) if options.mode == "compile" else network


def torch_peer(options, pictures, labels, arrays):
    import torch
    import torch_training
    import tutorial

    torch.set_num_threads(options.threads)
    torch.manual_seed(1)
    if options.mode == "compile":
        import torch._inductor.config  # noqa: F401  (a part of the import's baseline)
    data = torch.from_numpy(pictures), torch.from_numpy(labels)
    pace = work.Pace(options.epochs, options.paced)
    network = torch_network(options, arrays, tutorial)
    if options.task == "train":
        for figures in torch_training.epochs(network, *data, 10**6, options.batch_size, layout=options.layout, epsilon=1e-7):
            report(options, pace, torch.__version__, **figures)
            if not pace.another():
                return
    if options.task == "predict":
        network.eval()
        for seconds in predictions(options, pictures, pace, lambda rows: torch_probabilities(network, data[0], rows, options.layout)):
            report(options, pace, torch.__version__, seconds=seconds)
    if options.task == "check":
        optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, eps=1e-7, fused=True)
        losses = []
        network.train()
        for rows in torch.arange(3 * options.batch_size).split(options.batch_size):
            loss = torch.nn.functional.cross_entropy(network(torch_training.batch_of(data[0], rows, options.layout)), data[1][rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        report(options, pace, torch.__version__, losses=losses)


def torch_probabilities(network, pictures, rows, layout):
    import torch
    import torch_training

    with torch.no_grad():
        return network(torch_training.batch_of(pictures, rows, layout)).softmax(1).numpy()


def keras_peer(options, pictures, labels, arrays):
    import keras
    import numpy as np
    import tensorflow as tf
    import tutorial

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    keras.utils.set_random_seed(1)
    x, y = pictures.astype(np.float32) / 255, keras.utils.to_categorical(labels, 10)
    version, jit = f"{keras.__version__} tensorflow {tf.__version__}", options.mode == "compile"
    pace = work.Pace(options.epochs, options.paced)
    network = tutorial.keras_network(options.width, dropout=0.0 if options.task == "check" else 0.5)
    work.into_keras(network, arrays)
    network.compile(keras.optimizers.Adam(1e-3), "categorical_crossentropy", metrics=["accuracy"], jit_compile=jit)
    if options.task == "train":
        began = [0.0]

        def begin(epoch, logs):
            began[0] = time.perf_counter()

        def end(epoch, logs):  # after the validation pass
            report(options, pace, version, seconds=time.perf_counter() - began[0], **logs)
            if not pace.another():
                network.stop_training = True

        callback = keras.callbacks.LambdaCallback(on_epoch_begin=begin, on_epoch_end=end)
        network.fit(x, y, batch_size=options.batch_size, epochs=10**6, validation_split=0.2, verbose=0, callbacks=[callback])
    if options.task == "predict":
        # Less around each batch than predict_on_batch.
        function = tf.function(lambda batch: network(batch, training=False), jit_compile=jit)
        for seconds in predictions(options, x, pace, lambda rows: function(tf.constant(x[rows])).numpy()):
            report(options, pace, version, seconds=seconds)
    if options.task == "check":
        losses = []
        for step in range(3):
            rows = slice(step * options.batch_size, (step + 1) * options.batch_size)
            network.reset_metrics()
            losses.append(float(network.train_on_batch(x[rows], y[rows], return_dict=True)["loss"]))
        report(options, pace, version, losses=losses)


def predictions(options, pictures, pace, call):
    """Yields the seconds of passes over all pictures, until no more are wanted."""
    while True:
        began = time.perf_counter()
        for first in range(0, len(pictures), options.batch_size):
            call(slice(first, first + options.batch_size))
        yield time.perf_counter() - began
        if not pace.another():
            return


def report(options, pace, version, **figures):
    setting = {"framework": options.framework, "mode": options.mode, "task": options.task, "version": version, "epoch": pace.done + 1,
               "batch_size": options.batch_size, "threads": options.threads, "width": options.width,
               "memory_mb": pace.memory_above_baseline()}  # fmt: skip
    print(json.dumps({**setting, **figures}), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--framework", choices=("torch", "keras"), required=True)
    parser.add_argument("--mode", choices=("eager", "compile"), default="eager")
    parser.add_argument("--layout", choices=("channels_last", "channels_first"), default="channels_last", help="torch's memory format")
    parser.add_argument("--task", choices=("train", "predict", "check"), default="train")
    parser.add_argument("--work", required=True, help="what work.py wrote")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--width", type=float, default=1.0)
    parser.add_argument("--paced", choices=("yes", "no"), default="no", help="wait for a line before each round but the first")
    options = parser.parse_args()
    options.paced = options.paced == "yes"

    os.environ["OMP_NUM_THREADS"] = str(options.threads)
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    (torch_peer if options.framework == "torch" else keras_peer)(options, *work.read(options.work))


main()
