# SPDX-License-Identifier: MIT
# Keras's side (TensorFlow backend): the training steps, the inference, the optimizer trajectories, the losses and the tiny
# operations, each as a dictionary from the names of README.md to arrays in strata's layouts. Keras's defaults throughout.
import canonical
import keras
import numpy as np
import tensorflow as tf
from canonical import numbered

EPSILON = 1e-3
VERSIONS = {"keras": keras.__version__, "tensorflow": tf.__version__}
SETTINGS = {
    "conventions": "keras", "batch_norm_momentum": "0.99", "batch_norm_epsilon": "1e-3", "moving_variance": "biased",
    "adam": "learning_rate 1e-3, beta_1 0.9, beta_2 0.999, epsilon 1e-7 beside the uncorrected root (epsilon hat)",
    "weight_decay": "decoupled in every optimizer", "leaky_relu_slope": "0.3",
}  # fmt: skip


def to_canonical(weight):
    """(R, S, C, K) to (K, R, S, C); (in, out) to (out, in); vectors as they are."""
    return np.ascontiguousarray(weight.transpose(3, 0, 1, 2) if weight.ndim == 4 else weight.T)


def from_canonical(weight):
    return weight.transpose(1, 2, 3, 0) if weight.ndim == 4 else weight.T


def build():
    layers = keras.layers
    inputs = [keras.Input((32, 32, 3)), *(keras.Input((units,)) for units in canonical.DENSES[:2])]
    x = inputs[0]
    for i, (channels, kernel, pool) in enumerate(canonical.CONVOLUTIONS):
        x = layers.Conv2D(channels, kernel, padding="same", activation="relu", name=numbered("conv2d", i))(x)
        x = layers.MaxPooling2D(3, 2)(x) if pool else x
        x = layers.BatchNormalization(name=numbered("batch_norm", i))(x)
    x = layers.Flatten()(x)
    for i, units in enumerate(canonical.DENSES[:2]):
        x = layers.Dense(units, activation="relu", name=numbered("dense", i))(x)
        x = layers.Multiply()([x, inputs[1 + i]])  # dropout with a given mask
    x = layers.Dense(canonical.DENSES[2], activation="softmax", name="dense_2")(x)
    return keras.Model(inputs, x)


def role(variable):
    return "weight" if variable.name == "kernel" else variable.name


def variables(network):
    """canonical name -> Keras variable."""
    return {f"{layer.name}.{role(v)}": v for layer in network.layers for v in layer.variables}


def snapshot(values):
    return {name: to_canonical(np.array(value)) for name, value in values.items()}


def mask_inputs(masks):
    return [tf.constant(masks[numbered("dropout", i)] / np.float32(1 - canonical.RATE)) for i in range(2)]


def training():
    network, found = build(), {}
    named = variables(network)
    for name, value in canonical.starting_state().items():
        named[name].assign(from_canonical(value))
    optimizer = keras.optimizers.Adam(canonical.LEARNING_RATE)
    trainable = {name: v for name, v in named.items() if canonical.is_trainable(name)}
    optimizer.build(list(trainable.values()))

    def moments(which):
        return snapshot(dict(zip(trainable, optimizer._momentums if which == "m" else optimizer._velocities)))

    for t in range(1, canonical.STORED_STEPS[-1] + 1):
        pictures, labels, masks = canonical.batch(t)
        before, m, v = snapshot(named), moments("m"), moments("v")
        with tf.GradientTape() as tape:
            probabilities = network([tf.constant(canonical.scaled(pictures)), *mask_inputs(masks)], training=True)
            loss = keras.losses.CategoricalCrossentropy()(tf.one_hot(labels, 10), probabilities)
        logits = probabilities._keras_logits.numpy()  # with these the TensorFlow backend computes the loss, unclipped
        gradients = tape.gradient(loss, [variable.value for variable in trainable.values()])
        optimizer.apply(gradients, list(trainable.values()))
        if t in canonical.STORED_STEPS:
            found[t] = {"before": before, "adam_m_before": m, "adam_v_before": v, "loss": loss.numpy(), "logits": logits,
                        "grad": snapshot(dict(zip(trainable, gradients))), "after": snapshot(named),
                        "adam_m_after": moments("m"), "adam_v_after": moments("v")}  # fmt: skip
    pictures = canonical.batch(0)[0]
    ones = [tf.ones((canonical.BATCH, units)) for units in canonical.DENSES[:2]]
    return found, network([tf.constant(canonical.scaled(pictures)), *ones], training=False)._keras_logits.numpy()


def optimizers():
    found = {}
    for case, (kind, options, rates) in canonical.optimizer_cases("keras").items():
        parameters, gradients = canonical.optimizer_start()
        variable = keras.Variable(parameters)
        optimizer = {"adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD}[kind](**options)
        optimizer.build([variable])
        states = {"first_moment": "_momentums", "second_moment": "_velocities"} if kind == "adam" else {"velocity": "momentums"}
        states = {} if kind == "sgd" and "momentum" not in options else states
        path = {key: [] for key in ("parameters", *states)}
        for rate, gradient in zip(rates, gradients):
            optimizer.learning_rate = rate
            optimizer.apply([tf.constant(gradient)], [variable])
            path["parameters"].append(variable.numpy())
            for key, attribute in states.items():
                path[key].append(getattr(optimizer, attribute)[0].numpy())
        arrays = {**canonical.optimizer_arrays(options, rates, parameters, gradients), **{k: np.stack(x) for k, x in path.items()}}
        found |= {f"optim/{case}/{key}": value for key, value in arrays.items()}
    return found


def losses():
    found = {}
    for case, (logits, labels, smoothing) in canonical.loss_cases().items():
        with tf.GradientTape() as tape:
            x = tf.constant(logits)
            tape.watch(x)
            probabilities = keras.activations.softmax(x)  # carries the logits, as the last layer's output does
            loss = keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)(tf.one_hot(labels, 10), probabilities)
        arrays = {"logits": logits, "labels": labels, "label_smoothing": np.array([smoothing], np.float32),
                  "loss": loss.numpy().reshape(1), "grad_logits": tape.gradient(loss, x).numpy()}  # fmt: skip
        found |= {f"loss/{case}/{key}": value for key, value in arrays.items()}
    return found


def operations():
    layers = keras.layers
    cases = {
        "conv_3x3_s2_same_odd": (layers.Conv2D(4, 3, 2, "same"), (2, 7, 7, 3)),
        "conv_3x3_s2_same_even": (layers.Conv2D(4, 3, 2, "same"), (2, 8, 8, 3)),
        "conv_3x3_s2_same_mixed": (layers.Conv2D(4, 3, 2, "same"), (2, 8, 5, 3)),
        "conv_5x5_s2_same_even": (layers.Conv2D(4, 5, 2, "same"), (2, 8, 6, 3)),
        "conv_2x2_s1_same": (layers.Conv2D(4, 2, 1, "same"), (2, 5, 6, 3)),
        "conv_3x3_s2_valid": (layers.Conv2D(4, 3, 2, "valid"), (2, 8, 7, 3)),
        "conv_3x3_s1_same_no_bias": (layers.Conv2D(4, 3, 1, "same", use_bias=False), (2, 6, 5, 3)),
        "max_pool_3x3_s2_valid": (layers.MaxPooling2D(3, 2), (2, 8, 7, 3)),
        "max_pool_3x3_s2_same_odd": (layers.MaxPooling2D(3, 2, "same"), (2, 7, 7, 3)),
        "max_pool_3x3_s2_same_even": (layers.MaxPooling2D(3, 2, "same"), (2, 8, 8, 3)),
        "max_pool_2x2_s2_same_odd": (layers.MaxPooling2D(2, 2, "same"), (2, 7, 5, 3)),
        "avg_pool_3x3_s2_valid": (layers.AveragePooling2D(3, 2), (2, 8, 7, 3)),
        "avg_pool_3x3_s2_same_odd": (layers.AveragePooling2D(3, 2, "same"), (2, 7, 7, 3)),
        "avg_pool_3x3_s2_same_even": (layers.AveragePooling2D(3, 2, "same"), (2, 8, 8, 3)),
        "avg_pool_3x3_s1_same": (layers.AveragePooling2D(3, 1, "same"), (2, 4, 5, 3)),
        "global_avg_pool": (layers.GlobalAveragePooling2D(), (2, 5, 4, 3)),
        "leaky_relu": (layers.LeakyReLU(), (3, 7)),
        "dense": (layers.Dense(4), (3, 7)),
        "softmax": (layers.Softmax(), (3, 7)),
        "batch_norm_4d": (layers.BatchNormalization(), (3, 2, 3, 4)),
        "batch_norm_2d": (layers.BatchNormalization(), (6, 4)),
    }  # fmt: skip
    found = {}
    for i, (case, (layer, shape)) in enumerate(cases.items()):
        random = np.random.default_rng(100 + i)
        layer.build(shape)
        for variable in layer.trainable_variables:
            variable.assign(random.normal(0.2, 0.5, variable.shape))
        x = tf.Variable(random.normal(0, 1, shape).astype(np.float32))
        with tf.GradientTape() as tape:
            y = layer(x, training=True) if "batch_norm" in case else layer(x)
            grad_output = random.normal(0, 1, y.shape).astype(np.float32)
            total = tf.reduce_sum(y * grad_output)
        weights = layer.trainable_variables
        grad_input, *grads = tape.gradient(total, [x, *(weight.value for weight in weights)])
        arrays = {"input": x.numpy(), "output": y.numpy(), "grad_output": grad_output, "grad_input": grad_input.numpy()}
        for weight, grad in zip(weights, grads):
            arrays[role(weight)], arrays[f"grad_{role(weight)}"] = to_canonical(weight.numpy()), to_canonical(grad.numpy())
        for moving in layer.non_trainable_variables:
            if "moving" in moving.name:  # from their initial 0 and 1
                arrays[moving.name] = moving.numpy()
        found |= {f"ops/{case}/{key}": value for key, value in arrays.items()}
    return found
