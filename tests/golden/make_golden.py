# SPDX-License-Identifier: MIT
# Makes keras.safetensors and torch.safetensors beside this file with the real frameworks (requirements.txt), and checks
# every training step against a float64 computation from the same state before it writes. README.md lists the names.
#   python tests/golden/make_golden.py [keras|torch]
import json
import os
import subprocess
import sys
from pathlib import Path

import canonical
import numpy as np
from safetensors.numpy import save

os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3", OMP_NUM_THREADS="1")


def error(found, wanted):
    """Norm of the difference over the norm of what is wanted."""
    return np.linalg.norm(np.float64(found) - wanted) / np.linalg.norm(wanted)


def check_step(t, step, pictures, labels, masks, framework):
    """Loss and gradients against float64; moving statistics and Adam are held against the formulas in the tests of strata."""
    loss, gradients = canonical.gradients64(step["before"], pictures, labels, masks, framework.EPSILON)
    worst = max((error(step["grad"][name], wanted), name) for name, wanted in gradients.items())
    print(f"step {t}: loss {step['loss']:.6f}, off by {abs(step['loss'] - loss):.1e}; worst gradient {worst[1]}, relative error {worst[0]:.1e}")
    smallest = min((np.linalg.norm(g), name) for name, g in gradients.items())
    assert abs(step["loss"] - loss) < 1e-5 and worst[0] < 5e-5, "the framework and the float64 formulas disagree"
    assert smallest[0] > 1e-4, f"the gradient of {smallest[1]} is too small to test anything; choose other numbers in canonical.py"
    return gradients


def make(framework):
    steps, inference = framework.training()
    arrays = {}
    for i, t in enumerate(canonical.STORED_STEPS):
        pictures, labels, masks = canonical.batch(t)
        step = steps[t]
        reference = check_step(t, step, pictures, labels, masks, framework)
        arrays |= {f"step{i}/pictures": pictures, f"step{i}/labels": labels, f"step{i}/t": np.array([t], np.int32)}
        arrays |= {f"step{i}/mask/{name}": mask for name, mask in masks.items()}
        arrays |= {f"step{i}/loss": step["loss"].reshape(1), f"step{i}/logits": step["logits"]}
        arrays |= {f"step{i}/grad_f64ref/{name}": value.astype(np.float32) for name, value in reference.items()}
        for group in ("before", "adam_m_before", "adam_v_before", "grad", "after", "adam_m_after", "adam_v_after"):
            arrays |= {f"step{i}/{group}/{name}": value for name, value in step[group].items()}
    pictures, labels, _ = canonical.batch(0)
    arrays |= {"inference/pictures": pictures, "inference/labels": labels, "inference/logits": inference}
    arrays |= framework.optimizers() | framework.losses() | framework.operations()
    return {name: np.ascontiguousarray(value) for name, value in arrays.items()}


def with_sorted_metadata(file):
    """safetensors writes the metadata in an order that changes from run to run; sorted, the file is the same each time."""
    length = int.from_bytes(file[:8], "little")
    header = json.loads(file[8 : 8 + length])
    header = {"__metadata__": dict(sorted(header.pop("__metadata__").items())), **header}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + file[8 + length :]


def main():
    if len(sys.argv) == 1:  # a process for each: the LLVM of TensorFlow and that of PyTorch's compiler abort when they meet
        sys.exit(max(subprocess.run([sys.executable, __file__, name], check=False).returncode != 0 for name in ("keras", "torch")))
    for name in sys.argv[1:]:
        framework = __import__(f"with_{name}")
        arrays = make(framework)
        for key, value in arrays.items():
            assert value.dtype in (np.float32, np.int32, np.uint8) and np.isfinite(value).all(), key
        metadata = {**framework.VERSIONS, "numpy": np.__version__, **framework.SETTINGS,
                    "format": "strata golden vectors 1", "dropout_rate": str(canonical.RATE),
                    "learning_rate": str(canonical.LEARNING_RATE), "pictures": "bytes (N, H, W, C); the network sees byte / 255",
                    "layouts": "convolution (K, R, S, C), dense (out, in), flatten in (H, W, C) order"}  # fmt: skip
        path = Path(__file__).with_name(f"{name}.safetensors")
        path.write_bytes(with_sorted_metadata(save(arrays, metadata)))
        print(f"{path.name}: {len(arrays)} tensors, {path.stat().st_size / 1000:.0f} kB")


main()
