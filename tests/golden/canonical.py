# SPDX-License-Identifier: MIT
# What both frameworks are given: the small AlexNet, its starting state, pictures, labels, dropout masks, optimizer cases
# and tiny operation cases, all in strata's layouts: activations (N, H, W, C), convolution weights (K, R, S, C), dense
# (out, in) with `in` flattened in (H, W, C) order. Also the float64 reference that the results are held against.
import numpy as np

CONVOLUTIONS = [(4, 3, True), (6, 5, True), (8, 3, False), (8, 3, False), (6, 3, True)]  # channels, kernel, 3x3/2 max pool
DENSES = [16, 12, 10]
FLAT = (3, 3, 6)
BATCH, RATE, LEARNING_RATE = 6, 0.5, 1e-3
STORED_STEPS = (1, 2, 11)  # step numbers t, counted from 1; the steps between are taken and not stored


def numbered(stem, i):
    return stem if i == 0 else f"{stem}_{i}"


def starting_state():
    """Glorot-uniform weights; biases, gamma, beta and moving statistics away from their usual 0 and 1, so that each shows."""
    random, state, channels = np.random.default_rng(8), {}, 3

    def glorot(shape, fan_in, fan_out):
        limit = np.sqrt(6 / (fan_in + fan_out))
        return random.uniform(-limit, limit, shape)

    for i, (count, kernel, _) in enumerate(CONVOLUTIONS):
        name, area = numbered("conv2d", i), kernel * kernel
        state[f"{name}.weight"] = glorot((count, kernel, kernel, channels), area * channels, area * count)
        state[f"{name}.bias"] = random.uniform(0, 0.1, count)
        name, channels = numbered("batch_norm", i), count
        state[f"{name}.gamma"] = random.uniform(0.8, 1.2, count)
        state[f"{name}.beta"] = random.uniform(-0.2, 0.2, count)
        state[f"{name}.moving_mean"] = random.uniform(0, 0.3, count)
        state[f"{name}.moving_variance"] = random.uniform(0.3, 1.5, count)
    units = int(np.prod(FLAT))
    for i, count in enumerate(DENSES):
        state[f"{numbered('dense', i)}.weight"] = glorot((count, units), units, count)
        state[f"{numbered('dense', i)}.bias"] = random.uniform(-0.1, 0.1, count)
        units = count
    return {name: value.astype(np.float32) for name, value in state.items()}


def is_trainable(name):
    return "moving_" not in name


def batch(t):
    """Step t's pictures (bytes; blobs of colour with noise), labels, one-hot labels and dropout masks. t = 0: for inference."""
    random = np.random.default_rng(1000 + t)
    coarse = random.uniform(0, 255, (BATCH, 8, 8, 3)).repeat(4, axis=1).repeat(4, axis=2)
    pictures = np.clip(coarse + random.normal(0, 24, coarse.shape), 0, 255).astype(np.uint8)
    labels = random.permutation(10)[:BATCH].astype(np.int32)
    masks = {numbered("dropout", i): (random.random((BATCH, DENSES[i])) >= RATE).astype(np.float32) for i in range(2)}
    return pictures, labels, masks


def scaled(pictures):
    return pictures.astype(np.float32) / np.float32(255)


def optimizer_cases(framework):
    """name -> (optimizer, options, learning rate of each step); four steps with given gradients on eight parameters."""
    flat, dropping = [0.01] * 4, [0.01, 0.01, 0.002, 0.004]
    cases = {
        "adam": ("adam", {}, flat),
        "adam_weight_decay": ("adam", {"weight_decay": 0.1}, flat),
        "adam_schedule": ("adam", {}, dropping),
        "sgd": ("sgd", {}, flat),
        "sgd_weight_decay": ("sgd", {"weight_decay": 0.1}, flat),
        "sgd_momentum": ("sgd", {"momentum": 0.9}, flat),
        "sgd_momentum_schedule": ("sgd", {"momentum": 0.9}, dropping),
        "sgd_nesterov": ("sgd", {"momentum": 0.9, "nesterov": True}, flat),
        "sgd_nesterov_weight_decay": ("sgd", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}, flat),
        "sgd_nesterov_schedule": ("sgd", {"momentum": 0.9, "nesterov": True}, dropping),
    }
    if framework == "torch":
        cases["adamw_weight_decay"] = ("adamw", {"weight_decay": 0.1}, flat)
    return cases


def optimizer_start():
    """Gradients from zero over 1e-8 (where epsilon rules) to 30."""
    random = np.random.default_rng(11)
    parameters = random.uniform(-1, 1, 8).astype(np.float32)
    sizes = np.array([0, 1e-8, 1e-6, 1e-3, 0.1, 1, 5, 30])
    return parameters, (random.normal(0, 1, (4, 8)) * sizes).astype(np.float32)


def optimizer_arrays(options, rates, parameters, gradients):
    """What each optimizer case stores besides its results."""
    one = {key: np.array([options.get(key, 0)], np.float32) for key in ("momentum", "weight_decay", "nesterov")}
    return {"initial": parameters, "gradients": gradients, "learning_rate": np.array(rates, np.float32), **one}


def loss_cases():
    """name -> (logits, labels, label smoothing)."""
    random = np.random.default_rng(13)
    logits = random.normal(0, 2, (5, 10)).astype(np.float32)
    labels = np.array([3, 0, 9, 9, 5], np.int32)
    extreme = (random.normal(0, 60, (5, 10))).astype(np.float32)
    return {"plain": (logits, labels, 0.0), "label_smoothing": (logits, labels, 0.1), "extreme_logits": (extreme, labels, 0.0)}


def forward64(torch, state, pictures, masks, epsilon):
    """The training-mode forward pass on canonical tensors in float64, written from the formulas; returns logits."""
    x = torch.tensor(scaled(pictures), dtype=torch.float64).permute(0, 3, 1, 2)
    for i, (_, kernel, pool) in enumerate(CONVOLUTIONS):
        conv, norm = numbered("conv2d", i), numbered("batch_norm", i)
        weight = state[f"{conv}.weight"].permute(0, 3, 1, 2)
        x = torch.relu(torch.nn.functional.conv2d(x, weight, state[f"{conv}.bias"], padding=kernel // 2))
        x = torch.nn.functional.max_pool2d(x, 3, 2) if pool else x
        mean = x.mean((0, 2, 3), keepdim=True)
        variance = ((x - mean) ** 2).mean((0, 2, 3), keepdim=True)
        gamma, beta = (state[f"{norm}.{role}"].reshape(1, -1, 1, 1) for role in ("gamma", "beta"))
        x = (x - mean) / torch.sqrt(variance + epsilon) * gamma + beta
    x = x.permute(0, 2, 3, 1).reshape(len(pictures), -1)
    for i in range(len(DENSES)):
        name = numbered("dense", i)
        x = x @ state[f"{name}.weight"].T + state[f"{name}.bias"]
        if i + 1 < len(DENSES):
            x = torch.relu(x) * torch.tensor(masks[numbered("dropout", i)], dtype=torch.float64) / (1 - RATE)
    return x


def gradients64(state, pictures, labels, masks, epsilon):
    """Loss and every gradient in float64 from the same stored float32 state."""
    import torch

    tensors = {name: torch.tensor(value, dtype=torch.float64, requires_grad=is_trainable(name)) for name, value in state.items()}
    logits = forward64(torch, tensors, pictures, masks, epsilon)
    loss = -torch.log_softmax(logits, 1)[torch.arange(len(labels)), torch.tensor(labels, dtype=torch.int64)].mean()
    loss.backward()
    return loss.item(), {name: value.grad.numpy() for name, value in tensors.items() if value.requires_grad}
