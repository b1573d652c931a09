#!/usr/bin/env python3
"""SSE-C from the platform's own dense frame and mask (etf.json of export/): the loss trace and the end, in float64, by torch.optim.Adam."""
import json
import sys

import torch

import fedloge

e = json.load(open(sys.argv[1]))
d, classes = e["d"], e["classes"]
frame = lambda v: torch.tensor(v, dtype=torch.float64).view(classes, d).T.contiguous()  # noqa: E731 (rows are classes there)
dense, mask, trace = frame(e["dense"]), frame(e["kept"]), []
off = (dense.T @ dense)[~torch.eye(classes, dtype=torch.bool)]
print(f"norms 1 ± {(dense.norm(dim=0) - 1).abs().max():.1e}, cosines -1/(C-1) ± {(off + 1 / (classes - 1)).abs().max():.1e}, zeros {int((mask == 0).sum())} of {int(0.6 * d * classes)}")
w = fedloge.optimise_etf(dense, mask, 0.1, e["steps"][-1], trace)
trace.append(fedloge.etf_loss(w.T, 0.1).item())
for step, loss in zip(e["steps"], e["losses"]):
    print(f"step {step}: {loss:.6f} there, {trace[step]:.6f} here, difference {abs(loss - trace[step]):.1e}")
print(f"entries at the end differ by at most {(w.T - frame(e['end'])).abs().max():.1e}")
