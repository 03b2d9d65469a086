# SPDX-License-Identifier: MIT
# PyTorch's side: the training steps, the inference, the optimizer trajectories, the losses and the tiny operations, each as
# a dictionary from the names of README.md to arrays in strata's layouts. PyTorch's defaults throughout.
import canonical
import numpy as np
import torch
from canonical import numbered
from torch import nn

EPSILON = 1e-5
VERSIONS = {"torch": torch.__version__}
SETTINGS = {
    "conventions": "torch", "batch_norm_momentum": "0.1 (0.9 in Keras's sense)", "batch_norm_epsilon": "1e-5", "moving_variance": "unbiased",
    "adam": "learning_rate 1e-3, betas 0.9 and 0.999, epsilon 1e-8 beside the corrected root",
    "weight_decay": "L2, added to the gradient; decoupled in adamw", "leaky_relu_slope": "0.01",
}  # fmt: skip
NORM_ROLES = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}


def to_canonical(weight, name=""):
    """(K, C, R, S) to (K, R, S, C); the first dense layer's input from (C, H, W) to (H, W, C) order."""
    if weight.ndim == 4:
        return np.ascontiguousarray(weight.transpose(0, 2, 3, 1))
    if name == "dense.weight":
        height, width, channels = canonical.FLAT
        return np.ascontiguousarray(weight.reshape(-1, channels, height, width).transpose(0, 2, 3, 1)).reshape(len(weight), -1)
    return weight.copy()


def from_canonical(weight, name):
    if weight.ndim == 4:
        return weight.transpose(0, 3, 1, 2)
    if name == "dense.weight":
        return weight.reshape(-1, *canonical.FLAT).transpose(0, 3, 1, 2).reshape(len(weight), -1)
    return weight


class network(nn.Module):
    def __init__(self):
        super().__init__()
        channels = 3
        for i, (count, kernel, _) in enumerate(canonical.CONVOLUTIONS):
            self.add_module(numbered("conv2d", i), nn.Conv2d(channels, count, kernel, padding="same"))
            self.add_module(numbered("batch_norm", i), nn.BatchNorm2d(count))
            channels = count
        units = int(np.prod(canonical.FLAT))
        for i, count in enumerate(canonical.DENSES):
            self.add_module(numbered("dense", i), nn.Linear(units, count))
            units = count
        self.pool = nn.MaxPool2d(3, 2)

    def forward(self, x, masks=None):
        for i, (_, _, pool) in enumerate(canonical.CONVOLUTIONS):
            x = torch.relu(self.get_submodule(numbered("conv2d", i))(x))
            x = self.pool(x) if pool else x
            x = self.get_submodule(numbered("batch_norm", i))(x)
        x = torch.flatten(x, 1)
        for i in range(2):
            x = torch.relu(self.get_submodule(numbered("dense", i))(x))
            x = x if masks is None else x * torch.tensor(masks[numbered("dropout", i)] / np.float32(1 - canonical.RATE))
        return self.dense_2(x)


def named_tensors(net):
    """canonical name -> PyTorch tensor."""
    found = {}
    for name, tensor in [*net.named_parameters(), *net.named_buffers()]:
        layer, role = name.split(".")
        if role != "num_batches_tracked":
            found[f"{layer}.{NORM_ROLES[role] if 'norm' in layer else role}"] = tensor
    return found


def snapshot(values):
    return {name: to_canonical(value.detach().numpy(), name) for name, value in values.items()}


def pictures_in(pictures):
    return torch.tensor(canonical.scaled(pictures)).permute(0, 3, 1, 2)


def training():
    torch.set_num_threads(1)
    net, found = network(), {}
    named = named_tensors(net)
    with torch.no_grad():
        for name, value in canonical.starting_state().items():
            named[name].copy_(torch.tensor(np.ascontiguousarray(from_canonical(value, name))))
    trainable = {name: value for name, value in named.items() if canonical.is_trainable(name)}
    optimizer = torch.optim.Adam(list(trainable.values()), canonical.LEARNING_RATE)

    def moments(key):
        return snapshot({name: optimizer.state[p].get(key, torch.zeros_like(p)) for name, p in trainable.items()})

    for t in range(1, canonical.STORED_STEPS[-1] + 1):
        pictures, labels, masks = canonical.batch(t)
        before, m, v = snapshot(named), moments("exp_avg"), moments("exp_avg_sq")
        optimizer.zero_grad()
        logits = net(pictures_in(pictures), masks)
        loss = nn.functional.cross_entropy(logits, torch.tensor(labels, dtype=torch.int64))
        loss.backward()
        optimizer.step()
        if t in canonical.STORED_STEPS:
            found[t] = {"before": before, "adam_m_before": m, "adam_v_before": v, "loss": loss.detach().numpy(), "logits": logits.detach().numpy(),
                        "grad": snapshot({name: p.grad for name, p in trainable.items()}), "after": snapshot(named),
                        "adam_m_after": moments("exp_avg"), "adam_v_after": moments("exp_avg_sq")}  # fmt: skip
    net.eval()
    return found, net(pictures_in(canonical.batch(0)[0])).detach().numpy()


def optimizers():
    kinds = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}
    found = {}
    for case, (kind, options, rates) in canonical.optimizer_cases("torch").items():
        parameters, gradients = canonical.optimizer_start()
        variable = nn.Parameter(torch.tensor(parameters))
        optimizer = kinds[kind]([variable], lr=rates[0], **options)
        states = {"velocity": "momentum_buffer"} if "momentum" in options else {}
        states = {"first_moment": "exp_avg", "second_moment": "exp_avg_sq"} if "adam" in kind else states
        path = {key: [] for key in ("parameters", *states)}
        for rate, gradient in zip(rates, gradients):
            optimizer.param_groups[0]["lr"] = rate
            variable.grad = torch.tensor(gradient)
            optimizer.step()
            path["parameters"].append(variable.detach().numpy().copy())
            for key, attribute in states.items():
                path[key].append(optimizer.state[variable][attribute].numpy().copy())
        arrays = {**canonical.optimizer_arrays(options, rates, parameters, gradients), **{k: np.stack(x) for k, x in path.items()}}
        found |= {f"optim/{case}/{key}": value for key, value in arrays.items()}
    return found


def losses():
    found = {}
    for case, (logits, labels, smoothing) in canonical.loss_cases().items():
        x = torch.tensor(logits, requires_grad=True)
        loss = nn.functional.cross_entropy(x, torch.tensor(labels, dtype=torch.int64), label_smoothing=smoothing)
        loss.backward()
        arrays = {"logits": logits, "labels": labels, "label_smoothing": np.array([smoothing], np.float32),
                  "loss": loss.detach().numpy().reshape(1), "grad_logits": x.grad.numpy()}  # fmt: skip
        found |= {f"loss/{case}/{key}": value for key, value in arrays.items()}
    return found


def operations():
    cases = {
        "conv_3x3_s2_pad1": (nn.Conv2d(3, 4, 3, 2, 1), (2, 8, 7, 3)),
        "conv_5x5_s1_pad2": (nn.Conv2d(3, 4, 5, 1, 2), (2, 5, 4, 3)),
        "max_pool_3x3_s2_pad1": (nn.MaxPool2d(3, 2, 1), (2, 8, 7, 3)),
        "avg_pool_3x3_s2_valid": (nn.AvgPool2d(3, 2), (2, 8, 7, 3)),
        "global_avg_pool": (nn.AdaptiveAvgPool2d(1), (2, 5, 4, 3)),
        "leaky_relu": (nn.LeakyReLU(), (3, 7)),
        "batch_norm_4d": (nn.BatchNorm2d(4), (3, 2, 3, 4)),
        "batch_norm_2d": (nn.BatchNorm1d(4), (6, 4)),
    }  # fmt: skip
    found = {}
    for i, (case, (layer, shape)) in enumerate(cases.items()):
        random = np.random.default_rng(200 + i)
        with torch.no_grad():
            for parameter in layer.parameters():
                parameter.copy_(torch.tensor(random.normal(0.2, 0.5, tuple(parameter.shape))))
        x = torch.tensor(random.normal(0, 1, shape).astype(np.float32), requires_grad=True)
        y = layer(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1) if len(shape) == 4 else layer(x)
        y = y.reshape(shape[0], -1) if case == "global_avg_pool" else y
        grad_output = random.normal(0, 1, tuple(y.shape)).astype(np.float32)
        y.backward(torch.tensor(grad_output))
        arrays = {"input": x.detach().numpy(), "output": y.detach().numpy(), "grad_output": grad_output, "grad_input": x.grad.numpy()}
        for name, parameter in layer.named_parameters():
            role = NORM_ROLES[name] if "batch_norm" in case else name
            arrays[role], arrays[f"grad_{role}"] = to_canonical(parameter.detach().numpy()), to_canonical(parameter.grad.numpy())
        if "batch_norm" in case:  # from their initial 0 and 1
            arrays["moving_mean"], arrays["moving_variance"] = layer.running_mean.numpy(), layer.running_var.numpy()
        found |= {f"ops/{case}/{key}": np.ascontiguousarray(value) for key, value in arrays.items()}
    return found
