#!/usr/bin/env python3
"""Writes the reference numbers of tests/FedPlatform.Learning.Tests/Golden: two clients of one round and GLA-FR, in float64.

Weights, images and labels come from one hash of (salt, index), so that both sides make the same inputs and the file holds results only:
losses of every step, and of every tensor of the averaged model how far it moved and a dozen of its entries. The salt is chosen so that no
value before a ReLU lies near its kink: what differs is then arithmetic and nothing else.
"""
import copy
import json

import numpy as np
import torch

import fedloge
import replay

LR, MOMENTUM, EPOCHS, BATCH, CLIENTS = 0.03, 0.5, 2, 4, [(0, 11), (11, 5)]                  # (first image, n_k)


def uniform(salt, n):
    """[0, 1), exact in double: a mix of (salt, index) in 32-bit arithmetic."""
    with np.errstate(over="ignore"):
        h = (np.arange(n, dtype=np.uint32) + np.uint32(salt) * np.uint32(1000003)) * np.uint32(2654435761)
        h = (h ^ (h >> np.uint32(15))) * np.uint32(2246822519)
        h = (h ^ (h >> np.uint32(13))) * np.uint32(3266489917)
        h ^= h >> np.uint32(16)
    return h.astype(np.float64) / 2 ** 32


def tensor(salt, shape, low, high):
    """Rounded to float32 as the platform holds it, then computed with in double."""
    values = low + (high - low) * uniform(salt, int(np.prod(shape)))
    return torch.from_numpy(values.astype(np.float32).astype(np.float64).reshape(shape))


def bounds(name, shape):
    if name.endswith(("norm.weight", "norm1.weight", "norm2.weight", "running_var")):
        return 0.5, 1.5
    if len(shape) == 4:
        b = (6 / np.prod(shape[1:])) ** 0.5
        return -b, b
    return -0.25, 0.25


def make(salt):
    """(theta, heads by name, entries: name, shape, low, high, salt)."""
    theta, entries = fedloge.ResNet8(), []
    mapping = replay.names(theta)
    state = theta.state_dict()
    for i, (mine, name) in enumerate(mapping.items()):
        low, high = (float(b) for b in bounds(name, state[mine].shape))
        state[mine] = tensor(salt + i, state[mine].shape, low, high)
        entries.append({"name": name.removeprefix("backbone."), "salt": salt + i, "low": low, "high": high})
    theta.load_state_dict(state)
    heads = {}
    for i, (name, b) in enumerate([("psi", 0.125), ("phi 0", 0.125), ("phi 1", 0.125), ("etf", 0.05), ("classifier", 0.125)]):
        heads[name] = tensor(salt + 100 + i, (10, 65), -b, b)
        entries.append({"name": name, "salt": salt + 100 + i, "low": -b, "high": b})
    heads["etf"][:, -1] = 0
    return theta, mapping, heads, entries


def describe(value, start):
    flat, moved = value.flatten(), (value - start).flatten()
    at = sorted({int(u * len(flat)) for u in uniform(7, 12)})
    return {"moved": moved.norm().item(), "largest": moved.abs().max().item(), "at": at, "values": [float(f"{flat[i].item():.9g}") for i in at]}


def round_of(salt, loge):
    theta, mapping, heads, _ = make(salt)
    x = tensor(salt + 200, (16, 1, 8, 8), -2, 2)
    y = torch.from_numpy((uniform(salt + 201, 16) * 10).astype(np.int64))
    nearest = [1.0]
    relu = torch.nn.functional.relu

    def watched(v):
        nearest[0] = min(nearest[0], v.detach().abs().min().item())
        return relu(v)

    fedloge.F.relu = watched
    clients, states = [], []
    shared = "psi" if loge else "classifier"
    for k, (first, n) in enumerate(CLIENTS):
        local, head, phi = copy.deepcopy(theta), replay.head_of(heads[shared]), replay.head_of(heads[f"phi {k}"])
        batches = [b + first for _ in range(EPOCHS) for b in torch.arange(n).split(BATCH)]
        _, _, steps = fedloge.train_client(local, [head, phi] if loge else [head], heads["etf"][:, :-1] if loge else None, x, y, batches, LR, MOMENTUM)
        client = {"losses": [[float(f"{v:.9g}") for v in s] for s in steps]}                # W_S, psi, phi_k; FedAvg: classifier
        if loge:
            client["phi"] = describe(replay.matrix_of(phi), heads[f"phi {k}"])
        clients.append(client)
        states.append((local.state_dict(), head.state_dict(), n))
    fedloge.F.relu = relu
    sizes = [n for _, _, n in states]
    mean, head = fedloge.weighted_mean([t for t, _, _ in states], sizes), fedloge.weighted_mean([h for _, h, _ in states], sizes)
    start = theta.state_dict()
    model = {name.removeprefix("backbone."): describe(mean[mine], start[mine]) for mine, name in mapping.items()}
    model[shared] = describe(torch.cat([head["weight"], head["bias"][:, None]], 1), heads[shared])
    return {"clients": clients, "model": model}, nearest[0]


def realignment(salt):
    """Logits and masked predictions of three features z under every head that GLA-FR makes."""
    _, _, heads, _ = make(salt)
    z = tensor(salt + 202, (3, 64), 0, 2)
    psi, bias = heads["psi"][:, :-1], heads["psi"][:, -1]
    logits = {"unit": z @ fedloge.generic_unit(psi).T, "generic reference": z @ fedloge.generic_reference(psi).T + bias,
              **fedloge.personal_logits(z, psi, bias, heads["phi 0"][:, :-1], heads["phi 0"][:, -1])}
    allowed = torch.tensor([c in (1, 4, 7, 8) for c in range(10)])
    return {name: {"logits": [float(f"{v:.9g}") for v in o.flatten().tolist()], "all": o.argmax(1).tolist(),
                   "masked": o.masked_fill(~allowed, -torch.inf).argmax(1).tolist()} for name, o in logits.items()}


def main():
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    best = max(range(1000, 31_000, 1000), key=lambda s: min(round_of(s, True)[1], round_of(s, False)[1]))
    (loge, a), (avg, b) = round_of(best, True), round_of(best, False)
    print(f"salt {best}: nothing nearer to a ReLU's kink than {min(a, b):.1e}")
    golden = {"learningRate": LR, "momentum": MOMENTUM, "epochs": EPOCHS, "batch": BATCH, "clients": CLIENTS, "images": best + 200, "labels": best + 201,
              "features": best + 202, "allowed": [1, 4, 7, 8], "entries": make(best)[3], "fedloge": loge, "fedavg": avg, "realignment": realignment(best)}
    target = fedloge.ROOT / "tests/FedPlatform.Learning.Tests/Golden/round.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(golden, separators=(",", ":")).replace('},"', '},\n"').replace("},{", "},\n{") + "\n")
    print(target, target.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
